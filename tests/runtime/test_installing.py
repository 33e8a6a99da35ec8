"""Packs from files: whole and right, or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from kandinsky_studio import paths, runtime
from kandinsky_studio.errors import (
    Cancelled,
    FileMissing,
    NoRoomForPack,
    NotAPack,
    PackBelongsToProgram,
    PackCutShort,
    PackDamaged,
    PackForAnotherSystem,
    PackForAnotherVersion,
    PackInUse,
    PackLiesTooDeep,
    PackNotFound,
)
from kandinsky_studio.runtime import attaching
from kandinsky_studio.runtime.pack import LIBRARY, LISTING, check_whole, read
from kandinsky_studio.storage.runtimes import installing, path_lengths
from kandinsky_studio.storage.runtimes.installing import install, installed, remove, sweep
from tests.runtime.packs import contents, listing, split, write_folder, write_zip

ROOT = Path(__file__).parents[2]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def file(tmp_path):
    return write_zip(tmp_path / "Пакет вычислений.zip")


def left():
    """What is where packs are, but the lock."""
    place = paths.runtimes()
    return sorted(path.name for path in place.iterdir() if path.name != installing.LOCK) if place.is_dir() else []


def check_right(name="cu130"):
    folder = paths.runtimes() / name
    pack = read(folder)
    check_whole(pack, folder)
    assert {file.path for file in pack.files} | {LISTING} == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    }
    for path, content in contents().items():
        assert (folder / path).read_bytes() == content


def test_a_pack_is_installed_as_it_is(file):
    told = []
    pack = install(file, on_progress=lambda done, total: told.append((done, total)))
    assert pack.name == "cu130"
    check_right()
    assert left() == ["cu130"]
    assert told == sorted(told)
    assert told[-1] == (pack.size, pack.size)
    assert attaching.chosen() == "cpu", "it is not used before it was tried"


@pytest.mark.skipif(os.name == "nt", reason="Windows knows programs by their names")
def test_programs_stay_programs(file):
    install(file)
    library = paths.runtimes() / "cu130" / LIBRARY / "torch"
    assert (library / "bin/torch_shm_manager").stat().st_mode & stat.S_IXUSR
    assert not (library / "__init__.py").stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize("which", [0, 1, -1])
def test_any_of_its_parts_names_it(file, which):
    parts = split(file, 1500)
    assert len(parts) > 3
    install(parts[which])
    check_right()


def test_a_part_that_is_missing_is_named(file):
    parts = split(file, 1500)
    parts[1].unlink()
    with pytest.raises(PackCutShort, match=r"\.zip\.002"):
        install(parts[0])
    assert left() == []


@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_part_that_is_cut_short(file, which):
    parts = split(file, 1500)
    os.truncate(parts[which], 100)
    with pytest.raises((PackCutShort, PackDamaged, NotAPack)):
        install(parts[0])
    assert left() == []


def test_the_last_part_is_missing(file):
    parts = split(file, 1500)
    parts[-1].unlink()
    with pytest.raises(PackCutShort):
        install(parts[0])
    assert left() == []


def test_a_flipped_bit_is_found(file):
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        place = archive.getinfo(f"cu130/{LIBRARY}/torch/lib/libtorch_cpu.so").header_offset
    content[place + 200] ^= 1
    file.write_bytes(content)
    with pytest.raises(PackDamaged, match=r"libtorch_cpu\.so"):
        install(file)
    assert left() == []


def test_other_bytes_of_the_same_length_are_found(tmp_path):
    said = contents()
    given = said | {f"{LIBRARY}/torch/__init__.py": b"x" * len(said[f"{LIBRARY}/torch/__init__.py"])}
    file = write_zip(tmp_path / "a.zip", files=given, changes={"files": listing(files=said)["files"]})
    with pytest.raises(PackDamaged, match=r"torch/__init__\.py"):
        install(file)
    assert left() == []


@pytest.mark.parametrize(
    "path", ["../evil", "/evil", "cu130/../../evil", "cu130/lib/evil.py", "evil/lib/x", "cu130/lib/torch/__init__.py"]
)
def test_what_is_not_listed_is_refused(tmp_path, path):
    twice = path.endswith("__init__.py")
    with pytest.warns(UserWarning, match="Duplicate") if twice else contextlib.nullcontext():
        file = write_zip(tmp_path / "a.zip", more={path: b"evil"})
    with pytest.raises((NotAPack, PackDamaged)):
        install(file)
    assert left() == []
    assert not list(tmp_path.rglob("evil*"))


def test_a_listing_can_not_lead_outside(tmp_path):
    files = [{"path": "lib/../../../evil", "size": 4, "sha256": "0" * 64}]
    with pytest.raises(NotAPack):
        install(write_zip(tmp_path / "a.zip", changes={"files": files}))
    assert left() == []


def test_links_are_refused(tmp_path):
    files = contents() | {f"{LIBRARY}/torch/link": b"/etc/passwd"}
    with pytest.raises(PackDamaged, match="torch/link"):
        install(write_zip(tmp_path / "a.zip", files=files, links=(f"{LIBRARY}/torch/link",)))
    assert left() == []


def test_no_more_is_unpacked_than_is_listed(tmp_path):
    bomb = contents() | {f"{LIBRARY}/bomb": b"\0" * 50_000_000}
    files = [dict(file) for file in listing(files=bomb)["files"]]
    files[-1]["size"] = 10
    file = write_zip(tmp_path / "a.zip", files=bomb, changes={"files": files})
    with pytest.raises(PackDamaged, match="bomb"):
        install(file)
    _lie_about_size(file, 50_000_000, 10)
    written = []
    with pytest.raises(PackDamaged, match="bomb"):
        install(file, on_progress=lambda done, _: written.append(done))
    assert max(written) < 10_000_000
    assert left() == []


def _lie_about_size(file, real, said):
    content = file.read_bytes()
    assert content.count(real.to_bytes(4, "little")) == 2  # before the bytes, and in the list at the end
    file.write_bytes(content.replace(real.to_bytes(4, "little"), said.to_bytes(4, "little")))


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"not a zip at all", b"PK\x05\x06" + b"\0" * 18, b"PK\x03\x04" + b"\0" * 500, b"\x7fELF"]
)
def test_what_is_no_pack(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises((NotAPack, PackCutShort)):
        install(tmp_path / "a.zip")
    assert left() == []


def test_a_zip_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("holiday/picture.png", b"x")
    with pytest.raises(NotAPack):
        install(tmp_path / "a.zip")


def test_no_file_at_all(tmp_path):
    for name in ("a.zip", "a.zip.001"):
        with pytest.raises(FileMissing):
            install(tmp_path / name)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"python": "cp313"}, PackForAnotherVersion),
        ({"torch": "3.0.0"}, PackForAnotherVersion),
        ({"platform": "macosx_14_0_arm64"}, PackForAnotherSystem),
    ],
)
def test_one_that_does_not_fit_is_not_even_unpacked(tmp_path, changes, error):
    with pytest.raises(error):
        install(write_zip(tmp_path / "a.zip", changes=changes))
    assert left() == []


def test_the_shipped_one_can_not_be_replaced(tmp_path, program):
    with pytest.raises(PackBelongsToProgram):
        install(write_zip(tmp_path / "a.zip", "cpu"))
    with pytest.raises(PackBelongsToProgram):
        remove("cpu")


def test_the_one_in_use_stays(file, program):
    install(file)
    attaching.choose("cu130")
    assert runtime.attach().pack.name == "cu130"
    with pytest.raises(PackInUse):
        remove("cu130")
    with pytest.raises(PackInUse):
        install(file)
    check_right()


def test_another_takes_its_place_whole(file, tmp_path):
    write_folder(paths.runtimes(), "cu130", {f"{LIBRARY}/old.py": b"old"})
    install(file)
    check_right()
    assert left() == ["cu130"]


def test_removing_gives_back_what_it_took(file, program):
    pack = install(file)
    attaching.choose("cu130")
    assert remove("cu130") == pack.size
    assert left() == []
    assert attaching.chosen() == "cpu"
    with pytest.raises(PackNotFound):
        remove("cu130")
    with pytest.raises(PackNotFound):
        remove("../program")


def test_cancelling_leaves_nothing(file):
    def stop():
        if (paths.runtimes() / "cu130.partial").exists():
            raise Cancelled

    with pytest.raises(Cancelled):
        install(file, check_wanted=stop)
    assert left() == []


def test_the_disk_is_looked_at_before_anything_is_written(file, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**30, 2**30, 2**20))
    with pytest.raises(NoRoomForPack, match="1 MB"):
        install(file)
    assert left() == []


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs a small disk of its own")
def _deep(tmp_path, monkeypatch, longest, name):
    """A pack whose longest path is of so many characters, where it is unpacked on a system with a limit."""
    monkeypatch.setenv("KANDINSKY_STUDIO_HOME", str(tmp_path / "h"))
    monkeypatch.setattr(path_lengths, "limited", lambda: True)
    left = longest - len(str(paths.runtimes() / "cu130.partial" / LIBRARY / "torch")) - len(f"//{name}")
    assert 0 < left < 250
    return write_zip(tmp_path / "deep.zip", files={**contents(), f"{LIBRARY}/torch/{'f' * left}/{name}": b""})


LONG = "a" * 20 + ".py"


def test_what_windows_opens_by_its_path_is_installed(tmp_path, monkeypatch):
    assert install(_deep(tmp_path, monkeypatch, path_lengths.LONGEST_FILE, LONG)).name == "cu130"


@pytest.mark.parametrize(
    ("longest", "name"),
    [
        (path_lengths.LONGEST_FILE + 1, LONG),
        (path_lengths.LONGEST_FILE, f"𝒶{LONG}"),  # it counts the first of these letters twice
        (path_lengths.LONGEST_FOLDER + 3, "a"),  # the folder is too long, the file is not
    ],
)
def test_what_windows_does_not_is_refused_before_anything_is_unpacked(tmp_path, monkeypatch, longest, name):
    file = _deep(tmp_path, monkeypatch, longest, name)
    with pytest.raises(PackLiesTooDeep) as caught:
        install(file)
    assert str(paths.runtimes()) in str(caught.value)
    assert "partial" not in str(caught.value)
    assert left() == []
    if sys.platform != "win32":
        monkeypatch.setattr(path_lengths, "limited", lambda: False)
        install(file)


def test_only_windows_limits_paths():
    assert sys.platform == "win32" or not path_lengths.limited()


def test_a_disk_that_gets_full_meanwhile(file, monkeypatch, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)], check=False).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        monkeypatch.setattr(paths, "runtimes", lambda: disk / "runtimes")
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 0, 2**40))
        with pytest.raises(NoRoomForPack):
            install(file)
        assert left() == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


KILLED = """
import sys, time
from pathlib import Path
from kandinsky_studio.storage.runtimes import installing
place, file, slow = sys.argv[1:]
def told(done, total):
    print(done, flush=True)
    time.sleep(float(slow))
installing.install(Path(file), on_progress=told)
print("installed", flush=True)
"""


def _installing(file, slow):
    command = [sys.executable, "-c", KILLED, "x", str(file), str(slow)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("older", [False, True])
def test_killed_at_any_time_there_is_no_half_pack(file, older):
    if older:
        write_folder(paths.runtimes(), "cu130", {f"{LIBRARY}/old.py": b"old"})
    for lines in (1, 3, 5):
        process = _installing(file, 0.05)
        for _ in range(lines):
            assert process.stdout.readline()
        process.kill()
        process.wait()
        process.stdout.close()
        assert [one.name for one in installed()] == (["cu130"] if older else [])
        assert "cu130.partial" in left()
    sweep()
    assert left() == (["cu130"] if older else [])
    if older:
        assert (paths.runtimes() / "cu130" / LIBRARY / "old.py").read_bytes() == b"old"
    install(file)
    check_right()


def test_killed_between_the_old_and_the_new_one_the_old_one_is_back(file):
    write_folder(paths.runtimes(), "cu130").rename(paths.runtimes() / "cu130.before")
    sweep()
    check_right()


def test_what_is_under_way_is_not_swept(file):
    process = _installing(file, 0.1)
    try:
        assert process.stdout.readline()
        sweep()
        assert "cu130.partial" in left()
        process.stdout.read()
    finally:
        process.stdout.close()
        assert process.wait() == 0
    check_right()


def test_a_second_one_waits_for_the_first(file):
    first = _installing(file, 0.05)
    assert first.stdout.readline()
    start = time.monotonic()
    install(file)
    assert time.monotonic() > start
    assert "installed" in first.stdout.read()
    first.stdout.close()
    assert first.wait() == 0
    check_right()


def test_the_list_tells_what_is_wrong_with_each(file, program):
    install(file)
    write_folder(paths.runtimes(), "cu126", changes={"torch": "2.1.0"})
    (paths.runtimes() / "broken").mkdir()
    (paths.runtimes() / "not a name").mkdir()
    found = {one.name: one for one in installed()}
    assert list(found) == ["cpu", "broken", "cu126", "cu130"]
    assert found["cpu"].shipped
    assert found["cpu"].flaw is None
    assert found["cu130"].size == read(paths.runtimes() / "cu130").size
    assert isinstance(found["cu126"].flaw, PackForAnotherVersion)
    assert found["broken"].pack is None
    assert found["broken"].flaw is not None
