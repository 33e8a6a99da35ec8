"""Makes runtime packs: PyTorch and what it needs, taken out of a Python environment, beside the program that lacks them.

python packaging/pack.py make NAME --into FOLDER     the folder FOLDER/NAME, tried out in a Python of its own
python packaging/pack.py zip FOLDER/NAME --into OUT  the file to hand on, in parts where it is large
python packaging/pack.py list OUT --address URL      runtimes.json, the list of what can be downloaded from URL

``--python`` names the Python whose PyTorch is taken, if it is not this one. NAME is one of ``PACKS``.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from kandinsky_studio.runtime.card import CARD_PACKS, CardPack  # noqa: E402
from kandinsky_studio.runtime.pack import LIBRARY, LISTING, Capability, Pack, PackedFile, parse  # noqa: E402

PART_SIZE = 1_900_000_000  # bytes; those who host releases take files below 2 GiB
CATALOGUE = "runtimes.json"
_LICENCES = ".dist-info/licenses/"
_BLOCK = 2**20

DISTRIBUTIONS = ("torch", "sympy", "mpmath", "networkx", "jinja2", "markupsafe", "fsspec")
CARD_DISTRIBUTIONS = re.compile(r"nvidia[-_.].+|cuda[-_.].+")
"""What PyTorch for cards takes from distributions of their own, where it does. Triton, which only compiles, stays out."""

OF_BASE = ("numpy", "filelock", "typing_extensions")
"""What PyTorch needs of the program it is put behind; nothing else is there to import when a pack is tried."""

DROPPED = re.compile(
    r"torch/(test|include|share)/|torch/bin/(?!torch_shm_manager)|torch/lib/(libshm|libshm_windows)/"
    r"|torch/lib/lib(aoti_custom_ops|backend_with_compiler|jitbackend_test|torchbind_test)\.so"
    r"|torch/lib/(aoti_custom_ops|backend_with_compiler|jitbackend_test|torchbind_test)\.dll"
    r"|.*\.(pyi|pdb|lib|a)$|(.*/)?__pycache__/|isympy\.py|(sympy|networkx|mpmath|fsspec)/(.*/)?tests?/"
)
"""What nothing needs that draws: tests, headers, programs, stubs, what linkers want. Tests of PyTorch that it imports
itself (``torch.testing``) stay."""

SHORT = 110
"""Characters that the path of a licence takes at most, where it can be had: Windows opens no path of more than 259, and the
folder of packs takes some 85 of them."""

TRIED = ("torch", "torchgen", "functorch", "torch._dynamo", "torch.distributed.fsdp", "torch.utils.data", "sympy")
_TRY = """
import importlib, json, sys, sysconfig
from importlib.machinery import PathFinder
library, site, modules, of_base = json.loads(sys.argv[1])

class Base:
    def find_spec(name, path=None, target=None):
        return PathFinder.find_spec(name, [site]) if name in of_base else None

sys.meta_path.append(Base)
sys.path.append(library)
for name in modules:
    importlib.import_module(name)
import torch
right = float((torch.ones(64, 64) @ torch.ones(64, 64)).sum()) == 64.0**3
cuda = torch.version.cuda
flags = torch._C._cuda_getArchFlags().split() if cuda else []
files = [getattr(module, "__file__", None) for module in sys.modules.values()]
imported = sorted(file for file in files if isinstance(file, str) and file.startswith(library) and file.endswith(".py"))
said = {"torch": torch.__version__, "cuda": cuda, "flags": flags, "right": right, "imported": imported}
print(json.dumps(said))
"""


class NotPacked(Exception):
    """A pack can't be made; its text says why."""


PACKS: dict[str, CardPack | None] = {"cpu": None, **{pack.name: pack for pack in CARD_PACKS}}
"""What can be made, and for cards what the program knows of it beforehand."""


@dataclass(frozen=True)
class Environment:
    """Where a Python keeps what is installed into it, and how the names of wheels call it."""

    python: Path
    site: Path
    tag: str
    platform: str


def environment_of(python: Path) -> Environment:
    """Ask a Python what it is."""
    code = (
        "import json, sys, sysconfig; print(json.dumps([sysconfig.get_path('platlib'),"
        " f'cp{sys.version_info[0]}{sys.version_info[1]}', sysconfig.get_platform()]))"
    )
    site, tag, platform = json.loads(subprocess.check_output([python, "-c", code], text=True))
    return Environment(python, Path(site), tag, re.sub(r"[-.]", "_", platform))


def make(name: str, into: Path, python: Path | None = None, *, strip: bool = True) -> Path:
    """The pack called ``name`` as a folder in ``into``, in place of one that was there; returns it.

    With ``strip``, what only debuggers read is taken out of the large libraries on Linux. Raises ``NotPacked``.
    """
    for_cards, environment = PACKS[name], environment_of(python or Path(sys.executable))
    folder = into / name
    library = folder / LIBRARY
    if folder.exists():
        shutil.rmtree(folder)
    found = dict(_distributions(environment, for_cards is not None))
    missing = [wanted for wanted in DISTRIBUTIONS if wanted not in found]
    if missing:
        raise NotPacked(f"{environment.python} lacks {', '.join(missing)}")
    for distribution in found.values():
        _copy(distribution, environment.site, library)
    if strip and environment.platform.startswith("linux"):
        _strip(library)
    told = try_out(folder, environment)
    _compile(library, told["imported"], environment.python)
    cuda = for_cards.cuda if for_cards is not None else None
    if told["cuda"] != cuda:
        raise NotPacked(f"{name} needs PyTorch for {_computing(cuda)}, and this is for {_computing(told['cuda'])}")
    version = str(told["torch"])
    pack = Pack(
        name=name,
        version=version,
        torch=version.partition("+")[0],
        python=environment.tag,
        platform=environment.platform,
        device="cpu" if for_cards is None else "cuda",
        driver=None if for_cards is None else for_cards.driver,
        capability=_capabilities(told["flags"]),
        files=tuple(_listed(folder)),
    )
    (folder / LISTING).write_text(json.dumps(pack.to_json(), indent=0) + "\n", encoding="utf-8")
    return folder


def _computing(cuda: str | None) -> str:
    return "processors" if cuda is None else f"CUDA {cuda}"


def _distributions(environment: Environment, for_cards: bool) -> Iterator[tuple[str, importlib.metadata.Distribution]]:
    for distribution in importlib.metadata.distributions(path=[str(environment.site)]):
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        if name in DISTRIBUTIONS or (for_cards and CARD_DISTRIBUTIONS.fullmatch(name)):
            yield name, distribution


def _copy(distribution: importlib.metadata.Distribution, site: Path, library: Path) -> None:
    moved = {}
    for file in distribution.files or ():
        path = file.as_posix()
        if path.startswith("../") or DROPPED.match(path):
            continue
        if (short := shortened(path)) != path:
            moved[path] = short
        target = library / short
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(site / path, target)  # what a link leads to, where the installer made links
    for before, after in moved.items():
        home, _, named = before.partition(_LICENCES)
        for told in (library / f"{home}.dist-info" / name for name in ("METADATA", "RECORD")):  # which name it
            renamed = after.partition(_LICENCES)[2]
            told.write_bytes(told.read_bytes().replace(named.encode(), renamed.encode()))


def shortened(path: str) -> str:
    """``path``, from the library on; of a licence that lies deep, as those of what PyTorch is built of, a shorter one."""
    home, licences, named = path.partition(_LICENCES)
    if not named or len(path) <= SHORT:
        return path
    mark = hashlib.sha256(named.encode()).hexdigest()[:8]  # several are called the same
    return "/".join([f"{home}{licences}{'-'.join(named.split('/')[-2:-1])}-{mark}", named.rpartition("/")[2]])


def _strip(library: Path) -> None:
    for path in (library / "torch" / "lib").glob("*.so*"):
        if subprocess.run(["strip", "--strip-unneeded", str(path)], check=False).returncode:
            raise NotPacked(f"{path} can't be stripped")


def _compile(library: Path, sources: list[str], python: Path) -> None:
    """Compile ``sources``, what is imported at every start, for programs lie where nothing can be written to.

    What was compiled is told by no time or content, which unpacking would change: the pack's listing has its digests.
    """
    code = (
        "import json, py_compile, sys\n"
        "for source in json.load(sys.stdin):\n"
        "    py_compile.compile(source, dfile=source.removeprefix(sys.argv[1]), doraise=True,\n"
        "                       invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)"
    )
    subprocess.run([python, "-c", code, f"{library}{os.sep}"], input=json.dumps(sources), text=True, check=True)


def try_out(folder: Path, environment: Environment) -> dict[str, Any]:
    """Import the pack in ``folder`` in a Python of its own and multiply with it; what it is. Raises ``NotPacked``."""
    arguments = [str(folder / LIBRARY), str(environment.site), TRIED, OF_BASE]
    command = [str(environment.python), "-I", "-S", "-B", "-c", _TRY, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPacked(f"{folder} can't be imported: {done.stderr.strip().rpartition(chr(10))[2]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if not told["right"]:
        raise NotPacked(f"{folder} multiplies wrongly")
    return told


def _capabilities(flags: Iterable[str]) -> tuple[Capability, Capability] | None:
    """Which cards a build is for, from the names of what it was compiled for (``"sm_75"``, ``"compute_120"``).

    Code for a card runs on later ones of the same generation; what is left to the driver to compile runs on all later.
    """
    known = [(kind, divmod(int(number), 10)) for kind, number in re.findall(r"(sm|compute)_(\d+)", " ".join(flags))]
    if not known:
        return None
    latest = max(one for _, one in known)
    open_ended = any(kind == "compute" and one == latest for kind, one in known)
    return min(one for _, one in known), (99 if open_ended else latest[0], 9)


def _listed(folder: Path) -> Iterator[PackedFile]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            yield PackedFile(path.relative_to(folder).as_posix(), path.stat().st_size, digest)


# ---------------------------------------------------------------------- the file to hand on


def file_name(pack: Pack) -> str:
    """What the file of a pack is called."""
    return f"kandinsky-studio-runtime-{pack.name}-{pack.version}-{pack.python}-{pack.platform}.zip"


def zip_pack(folder: Path, into: Path, part_size: int = PART_SIZE) -> list[Path]:
    """The file of the pack in ``folder``, the same bytes whenever it is made; in parts where it is larger than one."""
    pack = parse((folder / LISTING).read_bytes())
    into.mkdir(parents=True, exist_ok=True)
    for old in into.glob(f"{file_name(pack)}*"):
        old.unlink()
    out = _Parts(into / file_name(pack), part_size)
    with zipfile.ZipFile(io.BufferedWriter(out, _BLOCK), "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (LISTING, *(file.path for file in pack.files)):
            entry = zipfile.ZipInfo(f"{pack.name}/{path}", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if os.access(folder / path, os.X_OK) else 0o644) << 16
            entry.file_size = (folder / path).stat().st_size  # so that it is written as a large one, if it is
            with archive.open(entry, "w") as target, (folder / path).open("rb") as source:
                shutil.copyfileobj(source, target, _BLOCK)
        archive.fp.flush()  # type: ignore[union-attr]
    return out.finish()


class _Parts(io.RawIOBase):
    """A file that goes on in the next one where it gets too large; only ever written to its end."""

    def __init__(self, path: Path, part_size: int) -> None:
        self._path, self._size = path, part_size
        self._files: list[Path] = []
        self._left = 0
        self._stream: Any = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view, count = memoryview(data), len(data)
        while view:
            if not self._left:
                self._next()
            taken = view[: self._left]
            self._stream.write(taken)
            self._left -= len(taken)
            view = view[len(taken) :]
        return count

    def _next(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._files.append(self._path.with_name(f"{self._path.name}.{len(self._files) + 1:03}"))
        self._stream, self._left = self._files[-1].open("xb"), self._size

    def finish(self) -> list[Path]:
        """The files that were written; one alone has no number."""
        self._stream.close()
        return self._files if len(self._files) > 1 else [self._files[0].rename(self._path)]


# ---------------------------------------------------------------------- what can be downloaded


def catalogue(files: Path, address: str) -> dict[str, Any]:
    """What ``runtimes.json`` says of the packs whose files are in ``files`` and are published below ``address``."""
    packs = []
    for first in sorted([*files.glob("kandinsky-studio-runtime-*.zip"), *files.glob("*.zip.001")]):
        parts = [first] if first.suffix == ".zip" else sorted(files.glob(f"{first.stem}.[0-9][0-9][0-9]"))
        told = _head(parts)
        told["size"] = sum(file["size"] for file in told.pop("files"))
        told["parts"] = []
        for part in parts:
            with part.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            told["parts"].append({"name": part.name, "size": part.stat().st_size, "sha256": digest})
        packs.append(told)
    return {"version": 1, "address": address.rstrip("/"), "packs": packs}


def _head(parts: list[Path]) -> dict[str, Any]:
    from kandinsky_studio.storage.runtimes.archive import opened

    with opened(parts[0]) as archive:
        return archive.pack.to_json()


def main() -> int:
    """What the command line asks for; returns the exit code."""
    parser = argparse.ArgumentParser(description="Make runtime packs.")
    deeds = parser.add_subparsers(dest="deed", required=True)
    one = deeds.add_parser("make")
    one.add_argument("name", choices=PACKS)
    one.add_argument("--into", type=Path, required=True)
    one.add_argument("--python", type=Path)
    one.add_argument("--no-strip", dest="strip", action="store_false", help="keep what only debuggers read")
    one = deeds.add_parser("zip")
    one.add_argument("folder", type=Path)
    one.add_argument("--into", type=Path, required=True)
    one = deeds.add_parser("list")
    one.add_argument("files", type=Path)
    one.add_argument("--address", required=True)
    one.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    try:
        if arguments.deed == "make":
            told = str(make(arguments.name, arguments.into, arguments.python, strip=arguments.strip))
        elif arguments.deed == "zip":
            told = "\n".join(map(str, zip_pack(arguments.folder, arguments.into)))
        else:
            told = json.dumps(catalogue(arguments.files, arguments.address), indent=2)
            if arguments.output:
                arguments.output.write_text(told + "\n", encoding="utf-8")
    except NotPacked as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
