"""Runtime packs are made of what is installed, without what nothing needs; here of a PyTorch that is none."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import pack
import pytest

from kandinsky_studio import paths
from kandinsky_studio.runtime.pack import LIBRARY, check_whole, python_tag, read
from kandinsky_studio.storage.runtimes import offers
from kandinsky_studio.storage.runtimes.archive import opened
from kandinsky_studio.storage.runtimes.installing import install

TORCH = """
import sys
sys.modules.update({{f"torch.{{name}}": sys.modules[__name__] for name in ("_dynamo", "distributed", "distributed.fsdp")}})
from torch import kept
import numpy, typing_extensions
__version__ = "2.13.0+{build}"
class Ones:
    def __init__(self, *sides): self.value = 1.0
    def __matmul__(self, other): return Product()
class Product:
    def sum(self): return {sum}
ones = Ones
class version: cuda = {cuda}
class _C:
    @staticmethod
    def _cuda_getArchFlags(): return "{flags}"
"""


@pytest.fixture
def site(tmp_path):
    """Where packages are installed, with what PyTorch consists of."""
    place = tmp_path / "site-packages"

    def write(build="cpu", cuda=None, flags="", right=True, without=()):
        total = 64.0**3 if right else 1.0
        files = {
            "torch": {
                "torch/__init__.py": TORCH.format(build=build, cuda=repr(cuda), flags=flags, sum=total),
                "torch/kept.py": "",
                "torch/unused.py": "1 +",  # which is no Python, as templates are
                "torch/kept.pyi": "x: int",
                "torch/utils/data/__init__.py": "",
                "torch/utils/__init__.py": "",
                "torch/lib/libtorch.so": "library",
                "torch/lib/libtorchbind_test.so": "test",
                "torch/bin/torch_shm_manager": "#!/bin/sh",
                "torch/bin/protoc": "tool",
                "torch/include/torch.h": "header",
                "torch/test/test.bin": "test",
                "torch/testing/__init__.py": "",
                "torchgen/__init__.py": "",
                "functorch/__init__.py": "",
                "../../../bin/torchrun": "script",
            },
            **{name: {f"{name}/__init__.py": ""} for name in ("mpmath", "networkx", "jinja2", "markupsafe", "fsspec")},
            "sympy": {"sympy/__init__.py": "", "sympy/core/tests/test_x.py": "", "isympy.py": ""},
            "unrelated": {"unrelated/__init__.py": ""},
            "nvidia_cublas": {"nvidia/cublas/lib/libcublas.so": "cublas"},
        }
        for name, contents in files.items():
            if name not in without:
                _install(place, name, contents)
        for name in ("numpy", "typing_extensions", "filelock"):
            (place / f"{name}.py").write_text("")
        return place

    return write


def _install(place, name, contents):
    home = place / f"{name}-1.0.dist-info"
    home.mkdir(parents=True)
    (home / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    record = [f"{home.name}/METADATA,,", f"{home.name}/RECORD,,"]
    for path, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).decode().rstrip("=")
        record.append(f"{path},sha256={digest},{len(content)}")
        if not path.startswith(".."):
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_text(content)
            if "/bin/" in path:
                (place / path).chmod(0o755)
    (home / "RECORD").write_text("\n".join(record))


@pytest.fixture
def make(site, tmp_path, monkeypatch):
    def run(name="cpu", **said):
        found = pack.environment_of(Path(sys.executable))
        there = pack.Environment(found.python, site(**said), found.tag, found.platform)
        monkeypatch.setattr(pack, "environment_of", lambda python: there)
        return pack.make(name, tmp_path / "packs", strip=False)

    return run


DEEP = "third_party/kineto/libkineto/third_party/dynolog/third_party/prometheus-cpp/3rdparty/civetweb/{}/LICENSE.txt"


def test_licences_that_lie_deep_get_short_paths(tmp_path):
    """Or Windows would open none of them under a name of 20 letters; those of the whole pack are looked at below."""
    site, library = tmp_path / "site", tmp_path / "lib"
    named = [DEEP.format(name) for name in ("duktape-1.5.2", "duktape-1.8.0", "duktape-1.8.0/cJSON/duktape-1.8.0")]
    home = "torch-1.0.dist-info"
    _install(site, "torch", {f"{home}/licenses/{name}": name for name in [*named, "LICENSE"]})
    with (site / home / "METADATA").open("a") as metadata:
        metadata.writelines(f"License-File: {name}\n" for name in [*named, "LICENSE"])
    [distribution] = importlib.metadata.distributions(path=[str(site)])
    pack._copy(distribution, site, library)
    there = [path.relative_to(library).as_posix() for path in library.rglob("*") if path.is_file()]
    assert len(there) == 4 + len(("METADATA", "RECORD"))
    assert max(map(len, there)) <= pack.SHORT
    assert f"{home}/licenses/LICENSE" in there
    [copied] = importlib.metadata.distributions(path=[str(library)])
    assert sorted(path.as_posix() for path in copied.files) == sorted(there)
    told = copied.metadata.get_all("License-File")
    assert [(library / home / "licenses" / name).read_text() for name in told] == [*named, "LICENSE"]
    assert "duktape-1.5.2" in told[0]


def test_the_paths_of_a_pack_leave_room_for_where_it_lies():
    """What is longest in PyTorch is a licence; of what is imported, nothing comes near. Twenty letters name a user."""
    place = rf"C:\Users\{'u' * 20}\AppData\Local\KandinskyStudio\runtimes\cu130.partial\{LIBRARY}"
    torch = importlib.metadata.distribution("torch")
    packed = [file.as_posix() for file in torch.files if not pack.DROPPED.match(file.as_posix())]
    bytecode = len("__pycache__/.cpython-311.pyc") - len(".py")
    longest = max(len(pack.shortened(path)) + (bytecode if path.endswith(".py") else 0) for path in packed)
    assert len(place) + 1 + longest < 259 - 40
    assert len(place) + 1 + max(map(len, packed)) + len("+cu130") > 250, "the reason for it all"


def test_a_pack_has_what_is_needed_and_nothing_else(make):
    folder = make()
    there = {path.relative_to(folder / LIBRARY).as_posix() for path in (folder / LIBRARY).rglob("*") if path.is_file()}
    assert {
        "torch/__init__.py",
        "torch/unused.py",
        "torch/lib/libtorch.so",
        "torch/bin/torch_shm_manager",
        "torch/testing/__init__.py",
        "torch-1.0.dist-info/RECORD",
        "sympy/__init__.py",
        "fsspec/__init__.py",
    } <= there
    gone = ("unrelated", "nvidia", "torch/include", "torch/test/", "torch/bin/protoc", "isympy", "sympy/core/tests")
    assert not [path for path in there if path.startswith(gone) or path.endswith((".pyi", "_test.so", "torchrun"))]


def test_its_listing_is_that_of_what_is_there(make):
    folder = make()
    made = read(folder)
    assert (made.name, made.version, made.torch, made.device) == ("cpu", "2.13.0+cpu", "2.13.0", "cpu")
    assert (made.python, made.driver, made.capability) == (python_tag(), None, None)
    check_whole(made, folder)
    assert len(made.files) == len([path for path in folder.rglob("*") if path.is_file()]) - 1
    for file in made.files:
        assert hashlib.sha256((folder / file.path).read_bytes()).hexdigest() == file.sha256


def test_what_every_start_imports_is_compiled_and_stays_so(make):
    library = make() / LIBRARY
    (compiled,) = (library / "torch" / "__pycache__").glob("kept.*.pyc")
    assert not list((library / "torch" / "__pycache__").glob("unused.*"))
    assert compiled.read_bytes()[4:8] == b"\x01\0\0\0", "told neither by time nor by content"
    (library / "torch" / "kept.py").write_text("raise SystemExit('compiled anew')")
    code = "import sys; sys.path.append(sys.argv[1]); import kept"
    subprocess.run([sys.executable, "-I", "-c", code, str(library / "torch")], check=True)


def test_one_for_cards_has_the_libraries_of_cuda_and_knows_its_cards(make):
    made = read(make("cu130", build="cu130", cuda="13.0", flags="sm_75 sm_86 sm_120 compute_120"))
    assert any(file.path.endswith("libcublas.so") for file in made.files)
    assert (made.device, made.driver) == ("cuda", "580")
    assert made.capability == ((7, 5), (99, 9))


def test_code_for_cards_alone_runs_on_no_later_generation():
    assert pack._capabilities(["sm_50", "sm_86", "sm_90"]) == ((5, 0), (9, 9))
    assert pack._capabilities([]) is None


def test_the_build_must_be_the_one_the_name_says(make):
    with pytest.raises(pack.NotPacked, match=r"for CUDA 13\.0"):
        make("cu130")


@pytest.mark.parametrize("name", ["fsspec", "torch"])
def test_what_is_not_installed_is_named(make, name):
    with pytest.raises(pack.NotPacked, match=name):
        make(without=(name,))


def test_one_that_multiplies_wrongly_is_no_pack(make):
    with pytest.raises(pack.NotPacked, match="multiplies wrongly"):
        make(right=False)


def test_one_that_needs_more_than_the_program_has_is_no_pack(make, monkeypatch):
    monkeypatch.setattr(pack, "OF_BASE", ("numpy",))
    with pytest.raises(pack.NotPacked, match="typing_extensions"):
        make()


def test_its_file_can_be_installed(make, tmp_path, monkeypatch):
    folder = make("cu126", build="cu126", cuda="12.6", flags="sm_50 sm_90")
    (file,) = pack.zip_pack(folder, tmp_path / "out")
    assert file.name.startswith("kandinsky-studio-runtime-cu126-2.13.0+cu126-")
    assert install(file) == read(folder)
    assert read(paths.runtimes() / "cu126") == read(folder)


def test_its_file_is_the_same_whenever_it_is_made(make, tmp_path):
    folder = make()
    (first,) = pack.zip_pack(folder, tmp_path / "a")
    for path in folder.rglob("*.py"):
        os.utime(path, (1, 1))
    (second,) = pack.zip_pack(folder, tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()


def test_a_large_file_is_cut_into_parts_that_are_one_file(make, tmp_path):
    folder = make()
    (whole,) = pack.zip_pack(folder, tmp_path / "whole")
    parts = pack.zip_pack(folder, tmp_path / "parts", part_size=1000)
    assert [part.suffix for part in parts[:2]] == [".001", ".002"]
    assert all(part.stat().st_size == 1000 for part in parts[:-1])
    assert b"".join(part.read_bytes() for part in parts) == whole.read_bytes()
    with opened(parts[0]) as archive:
        assert archive.pack == read(folder)


def test_the_list_of_a_release_is_what_the_program_reads(make, tmp_path):
    folder = make("cu130", build="cu130", cuda="13.0", flags="sm_75 compute_120")
    parts = pack.zip_pack(folder, tmp_path / "out", part_size=2000)
    listed = tmp_path / "runtimes.json"
    listed.write_text(json.dumps(pack.catalogue(tmp_path / "out", "https://example.org/releases/1.0/")))
    (offer,) = offers.read(listed)
    assert offer.address == "https://example.org/releases/1.0"
    assert offer.size == read(folder).size
    assert [part.path for part in offer.parts] == [part.name for part in parts]
    assert offer.download_size == sum(part.stat().st_size for part in parts)
