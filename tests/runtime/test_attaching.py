"""Which PyTorch comes behind the program's own modules, and what is said where it is not the chosen one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import platformdirs
import pytest

from kandinsky_studio import paths, runtime
from kandinsky_studio.errors import (
    BrokenPack,
    NoRuntime,
    PackForAnotherSystem,
    PackForAnotherVersion,
    PackNotFound,
)
from kandinsky_studio.runtime import attaching
from kandinsky_studio.runtime.pack import LIBRARY, LISTING, TORCH, Pack, is_inside, parse, read
from tests.runtime.packs import contents, listing, write_folder

ROOT = Path(__file__).parents[2]


def test_the_program_is_built_for_the_torch_it_is_tested_with():
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    (version,) = (line.partition("==")[2] for line in pins if line.startswith("torch=="))
    assert version.rpartition(".")[0] == TORCH


def test_from_source_nothing_is_attached(monkeypatch):
    before = list(sys.path)
    write_folder(paths.runtimes(), "cu130")
    attaching.choose("cu130")
    assert runtime.attach() == runtime.Attached(None, None)
    assert sys.path == before


def test_the_shipped_pack_is_behind_everything_else(program):
    before = list(sys.path)
    attached = runtime.attach()
    assert attached.pack is not None
    assert (attached.pack.name, attached.refused) == ("cpu", None)
    assert sys.path == [*before, str(program / "runtime" / "cpu" / LIBRARY)]
    assert runtime.attached() is attached


def test_the_chosen_one_takes_its_place(program):
    write_folder(paths.runtimes(), "cu130")
    attaching.choose("cu130")
    attached = runtime.attach()
    assert attached.pack is not None
    assert attached.pack.name == "cu130"
    assert sys.path[-1] == str(paths.runtimes() / "cu130" / LIBRARY)
    assert not any("cpu" in Path(entry).parts for entry in sys.path)


def test_a_variable_tries_one_out(program, monkeypatch):
    write_folder(paths.runtimes(), "cu126")
    monkeypatch.setenv(attaching.VARIABLE, "cu126")
    assert runtime.attach().pack.name == "cu126"


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"python": "cp39"}, PackForAnotherVersion, "Python cp39"),
        ({"platform": "win_arm64"}, PackForAnotherSystem, "win_arm64"),
        ({"torch": "2.4.1"}, PackForAnotherVersion, "PyTorch 2.4.1"),
        ({"format": 2}, BrokenPack, LISTING),
        ({"name": "cu999"}, BrokenPack, "cu999"),
        ({"files": [{"path": "lib/../../x", "size": 2**20, "sha256": "0" * 64}]}, BrokenPack, LISTING),
    ],
)
def test_one_that_does_not_fit_is_refused_and_the_shipped_one_used(program, changes, error, words):
    write_folder(paths.runtimes(), "cu130", changes=changes)
    attaching.choose("cu130")
    attached = runtime.attach()
    assert attached.pack.name == "cpu"
    assert type(attached.refused) is error
    assert words in str(attached.refused)
    assert str(paths.runtimes()) not in "".join(sys.path)


def test_a_large_file_that_is_gone_or_cut_is_seen(program):
    large = write_folder(paths.runtimes(), "cu130") / LIBRARY / "torch/lib/libtorch_cpu.so"
    attaching.choose("cu130")
    os.truncate(large, 100)
    assert isinstance(runtime.attach().refused, BrokenPack)
    large.unlink()
    refused = runtime.attach().refused
    assert isinstance(refused, BrokenPack)
    assert "libtorch_cpu.so" in str(refused)


def test_one_that_was_taken_away_is_told(program):
    attaching.choose("cu130")
    attached = runtime.attach()
    assert attached.pack.name == "cpu"
    assert isinstance(attached.refused, PackNotFound)


def test_without_any_pack_the_program_starts_and_knows_why(program):
    (program / "runtime" / "cpu").rename(program / "gone")
    attached = runtime.attach()
    assert attached.pack is None
    assert isinstance(attached.refused, NoRuntime)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"../../etc", b"", b"a\0b"])
def test_a_damaged_choice_is_none(program, content):
    attaching.choose("cu130")
    (paths.config() / "runtime").write_bytes(content)
    assert attaching.chosen() == "cpu"
    assert runtime.attach().pack.name == "cpu"


def test_no_installed_pack_stands_in_for_the_shipped_one(program):
    write_folder(paths.runtimes(), "cpu", {f"{LIBRARY}/torch/__init__.py": b"raise SystemExit\n"})
    runtime.attach()
    assert sys.path[-1] == str(program / "runtime" / "cpu" / LIBRARY)


def test_torch_comes_from_the_pack_but_is_not_imported_by_attaching(program):
    code = (
        "import sys; sys.frozen, sys.executable = True, sys.argv[1]\n"
        "sys.path[:] = [path for path in sys.path if 'site-packages' not in path or not path]\n"
        "sys.path.insert(0, sys.argv[2]); sys.path.insert(1, sys.argv[3])\n"
        "from kandinsky_studio import runtime\n"
        "runtime.attach(); print('torch' in sys.modules); import torch; print(sys.torch_came_from)"
    )
    borrowed = program / "borrowed"
    borrowed.mkdir()
    (borrowed / "platformdirs").symlink_to(Path(platformdirs.__file__).parent)
    python = Path(sys.prefix) / "bin" / "python" if os.name != "nt" else Path(sys.prefix) / "Scripts" / "python.exe"
    command = [str(python), "-I", "-c", code, sys.executable, str(ROOT), str(borrowed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ})
    imported, place = done.stdout.splitlines()
    assert imported == "False"
    assert Path(place) == program / "runtime" / "cpu" / LIBRARY / "torch" / "__init__.py"


def test_a_listing_as_long_as_that_of_cuda_is_read_in_no_time(program):
    files = contents() | {f"{LIBRARY}/torch/module_{number}.py": b"" for number in range(12_000)}
    folder = program / "runtime" / "cpu"
    (folder / LISTING).write_text(json.dumps(listing("cpu", files)))
    start = time.perf_counter()
    assert runtime.attach().pack.name == "cpu"
    assert time.perf_counter() - start < 2.0  # 0.15 s on two cores; a machine that is busy gets its time


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "lib/../x",
        "lib//x",
        "lib/./x",
        "C:/x",
        "lib\\x",
        "lib/x\0",
        "lib/con.py",
        "lib/NUL",
        "lib/x.",
        "lib/x ",
        "lib/a:b",
        "lib/\u202ex",
    ],
)
def test_paths_that_lead_elsewhere_on_some_system(path):
    assert not is_inside(path)


def test_what_is_said_can_be_read_again(tmp_path):
    pack = read(write_folder(tmp_path))
    assert Pack.from_json(pack.to_json()) == pack
    assert pack.capability == ((7, 5), (12, 9))
    assert pack.size == sum(map(len, contents().values()))


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"null", b"[" * 100_000, b"{" + b'"a":' * 5000, b"\xff", b'{"format": 1}']
)
def test_what_is_no_listing(content):
    with pytest.raises(ValueError, match=r"."):
        parse(content)


def test_files_that_differ_only_in_their_letters_are_one_on_windows():
    files = {f"{LIBRARY}/a.py": b"1", f"{LIBRARY}/A.py": b"2"}
    with pytest.raises(ValueError, match="twice"):
        Pack.from_json(listing("cu130", files))
