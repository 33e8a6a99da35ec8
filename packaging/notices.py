"""Writes the notices of the software of others, from what is really in the frozen program and its runtime packs.

python packaging/notices.py [--program FOLDER]

Every file and every module in the archive is traced to whom it is from: a distribution by its own record, Python, a
package of the system that a loose library was taken from. One that nobody owns up to, or an owner without a text of its
licence, ends the build. ``THIRD-PARTY-NOTICES.txt`` and ``.json`` are put into the program's folder.
"""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath

import checking
import freezing
from contents import NAME

from kandinsky_studio import __version__
from kandinsky_studio.storage import notices as licences
from kandinsky_studio.storage.notices import Notice

OURS = "Kandinsky Studio"
PYTHON = "Python"
PYINSTALLER = "PyInstaller"
MICROSOFT = "Microsoft Visual C++ Runtime"

_LIBRARIES = "_internal/"
_RULE = "=" * 78
_MODULES_OF_PYINSTALLER = re.compile(r"(pyi_rth_|pyi_splash|pyimod\d|pyiboot\d|_pyi_|PyInstaller(\.|$))")
_FILES_OF_PYTHON = re.compile(
    r"(base_library\.zip|(lib)?python3[\d.]*\.(dll|so)[\d.]*|python3[\d.]*/lib-dynload/.+"
    r"|(_\w+|pyexpat|select|unicodedata|winsound)\.pyd|(libcrypto|libssl|libffi|sqlite3|zlib1)[\w-]*\.dll)"
)
_FILES_OF_MICROSOFT = re.compile(r"(vcruntime|msvcp|concrt|ucrtbase|api-ms-win-|vcomp)[\w.-]*\.dll", re.IGNORECASE)
_BYTECODE = re.compile(r"__pycache__/([^/.]+)\.[\w.-]+\.pyc$")

# What may be used here only by those who publish all of their program under it.
_UNSHIPPABLE = re.compile(r"(?<!L)(?<!Lesser )\bA?GPL|Affero|SSPL|non-?commercial", re.IGNORECASE)
_EXCEPTED = re.compile(r"\bLGPL|exception|\bOR (?!A?GPL)", re.IGNORECASE)


class Untraced(Exception):
    """Something in the program is nobody's, or its licence is not there; its text says what."""


class Owners:
    """Who put what into a folder of libraries: by the records of the distributions in ``places``."""

    def __init__(self, places: list[str] | None = None) -> None:
        found = importlib.metadata.distributions() if places is None else importlib.metadata.distributions(path=places)
        self._by_path: dict[str, Distribution] = {}
        for distribution in found:
            for path in distribution.files or ():
                self._by_path.setdefault(PurePosixPath(path.as_posix()).as_posix().casefold(), distribution)

    def of_file(self, place: str) -> Distribution | None:
        """Of a file, by its path below the folder of libraries; of bytecode, that of the source."""
        place = _BYTECODE.sub(r"\1.py", place)
        owner = self._by_path.get(place.casefold())
        if owner is None and ".dist-info/" in place:  # what a build adds to it, such as a mark of who installed it
            folder = place.partition(".dist-info/")[0] + ".dist-info"
            owner = self._by_path.get(f"{folder}/METADATA".casefold())
        return owner

    def of_module(self, name: str) -> Distribution | None:
        """Of a module in the archive."""
        way = name.replace(".", "/").casefold()
        return self._by_path.get(f"{way}/__init__.py") or self._by_path.get(f"{way}.py") or self._namespace(way)

    def _namespace(self, way: str) -> Distribution | None:
        """A package without a file of its own is of whoever has files below it."""
        return next((owner for path, owner in self._by_path.items() if path.startswith(f"{way}/")), None)


def collect(program: Path, system: SystemPackages | None = None, places: list[str] | None = None) -> list[Notice]:
    """The notices of all that is in the folder ``program``, built from what is installed in ``places`` (those of this
    Python, if they are not given). Raises ``Untraced``."""
    found: dict[tuple[str, str], Notice] = {}
    lost = []
    for place, owner in _owned(program, system or SystemPackages(), Owners(places)):
        if owner is None:
            lost.append(place)
        elif isinstance(owner, Notice):
            found.setdefault(owner.key, owner)
    for pack in sorted(folder for folder in (program / "runtime").glob("*") if folder.is_dir()):
        for place, owner in _owned_of_pack(pack):
            if owner is None:
                lost.append(place)
            else:
                found.setdefault(owner.key, owner)
    if lost:
        raise Untraced("These are of nobody that is known:\n" + "\n".join(f"  {place}" for place in lost))
    bare = [notice.name for notice in found.values() if not notice.texts]
    if bare:
        raise Untraced(f"These have no text of their licence: {', '.join(sorted(bare))}.")
    refused = [f"{notice.name} ({notice.licence})" for notice in found.values() if not shippable(notice.licence)]
    if refused:
        raise Untraced(f"These are under licences that this program can't be handed on with: {', '.join(refused)}.")
    return sorted(found.values(), key=lambda notice: notice.key)


def shippable(licence: str) -> bool:
    """Whether a program under the Apache License can carry something under ``licence`` along."""
    return not _UNSHIPPABLE.search(licence) or bool(_EXCEPTED.search(licence))


def _owned(program: Path, system: SystemPackages, owners: Owners) -> Iterator[tuple[str, Notice | str | None]]:
    """Each thing in the base, and the notice of whom it is from; a name if it is our own, None if nobody knows."""
    known: dict[str, Notice] = {}
    for place in checking.files_in(program):
        below = _really(program, place)
        if not below.startswith(_LIBRARIES):
            own = below.split("/")[0] in {f"{NAME}{end}" for end in ("", ".exe", "-cli.exe")} | {"LICENSE.txt"}
            yield place, OURS if own else None
            continue
        below = below.removeprefix(_LIBRARIES)
        if below.startswith(("resources/", "kandinsky_studio")):
            yield place, OURS
        elif owner := owners.of_file(below):
            yield place, _notice_of(owner, known)
        elif _FILES_OF_PYTHON.fullmatch(below):
            yield place, licences.python()
        elif _FILES_OF_MICROSOFT.fullmatch(below):
            yield place, microsoft()
        else:
            yield place, system.notice(below) if "/" not in below else None
    yield "the program itself", pyinstaller()
    for name in checking.modules_in(program / _executable()):
        if name.partition(".")[0] == "kandinsky_studio":
            continue
        if owner := owners.of_module(name):
            yield f"module {name}", _notice_of(owner, known)
        elif name.partition(".")[0] in sys.stdlib_module_names or name.startswith("_sysconfigdata"):
            yield f"module {name}", licences.python()
        elif _MODULES_OF_PYINSTALLER.match(name):
            yield f"module {name}", pyinstaller()
        else:
            yield f"module {name}", None


def _owned_of_pack(pack: Path) -> Iterator[tuple[str, Notice | None]]:
    owners, known = Owners([str(pack / "lib")]), dict[str, Notice]()
    for path in sorted((pack / "lib").rglob("*")):
        if path.is_dir():
            continue
        place = path.relative_to(pack / "lib").as_posix()
        owner = owners.of_file(place)
        yield (
            f"{pack.name}: {place}",
            replace(_notice_of(owner, known), part=pack.name) if owner is not None else None,
        )


def _notice_of(owner: Distribution, known: dict[str, Notice]) -> Notice:
    name = str(owner.metadata["Name"])
    if name not in known:
        known[name] = licences.of_distribution(owner)
    return known[name]


def _really(program: Path, place: str) -> str:
    """The path of what a link leads to, else ``place``."""
    path = program / place
    if not path.is_symlink():
        return place
    return path.resolve().relative_to(program.resolve()).as_posix()


def _executable() -> str:
    return f"{NAME}.exe" if sys.platform == "win32" else NAME


# ---------------------------------------------------------------------- owners that are no distributions in it


@functools.cache
def pyinstaller() -> Notice:
    """Of the small program that starts Python, and of what prepares it. It is built with zlib.

    The distribution is in the building environment, not in the program.
    """
    try:
        notice = licences.of_distribution(importlib.metadata.distribution("pyinstaller"))
    except importlib.metadata.PackageNotFoundError as error:
        raise Untraced("PyInstaller is not installed here, so the text of its licence can't be had.") from error
    note = "The start of this program is PyInstaller's bootloader. Its licence lets programs that it starts have any other."
    return replace(notice, licence="GPL-2.0-or-later WITH Bootloader-exception", note=note)


def microsoft() -> Notice:
    """Of the libraries of the C and C++ compiler that Python for Windows comes with. They are no free software."""
    text = (
        "These libraries are “Distributable Code” of Microsoft Visual Studio, © Microsoft Corporation. They may be "
        "handed on with a program, unchanged, under the terms at "
        "https://visualstudio.microsoft.com/license-terms/vs2022-cruntime/."
    )
    return Notice(MICROSOFT, "14", "Microsoft Software License Terms", texts=(("Terms", text),))


class SystemPackages:
    """The packages of Debian and its kin that loose libraries of the base were taken from."""

    PLACES = ("/lib", "/usr/lib", "/usr/local/lib")
    DOCUMENTS = Path("/usr/share/doc")

    def __init__(self) -> None:
        self._notices: dict[str, Notice | None] = {}

    def notice(self, library: str) -> Notice | None:
        """Of the package that ``library``, the name of a file, comes from; None if there is none that says so."""
        package = self.package_of(library)
        if package is None:
            return None
        if package not in self._notices:
            self._notices[package] = self._of_package(package)
        return self._notices[package]

    def package_of(self, library: str) -> str | None:
        """The name of a package, without its architecture."""
        if shutil.which("dpkg-query") is None:
            return None
        for place in self._files(library):
            # On systems whose /lib is a link into /usr, packages name either.
            for way in dict.fromkeys((str(place), str(place.resolve()), str(place.resolve()).removeprefix("/usr"))):
                done = subprocess.run(["dpkg-query", "--search", way], capture_output=True, text=True, check=False)
                owner = done.stdout.partition(":")[0].partition(",")[0].strip()
                if done.returncode == 0 and owner and not owner.startswith("diversion"):
                    return owner
        return None

    def _files(self, library: str) -> Iterator[Path]:
        for top in map(Path, self.PLACES):
            for folder in (top, *sorted(top.glob("*-linux-gnu*"))):
                if (folder / library).exists():
                    yield folder / library

    def _of_package(self, package: str) -> Notice | None:
        try:
            text = (self.DOCUMENTS / package / "copyright").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        asked = ["dpkg-query", "--show", "--showformat", "${Version}\t${Homepage}", package]
        told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
        version, _, homepage = told.splitlines()[0].partition("\t") if told else ("", "", "")
        common = [("common licence", named) for named in self._common(text)]
        texts = (("copyright", text.strip("\n")), *common)
        return Notice(package, version, _of_files(text, package), homepage, texts=texts)

    def _common(self, text: str) -> Iterator[str]:
        """The full texts that a package's file only refers to."""
        for name in sorted(set(re.findall(r"/usr/share/common-licenses/([\w.-]*\w)", text))):
            try:
                yield (Path("/usr/share/common-licenses") / name).read_text(encoding="utf-8").strip("\n")
            except OSError:
                continue


def _of_files(text: str, package: str) -> str:
    """The licence that a package's file gives for the folder that is called as it is, else for what has no other.

    Those of its building and its tests don't count: nothing of them is in a library.
    """
    found = {}
    for paragraph in re.split(r"\n\s*\n", text):
        files = re.search(r"^Files: *((?:.+\n?)(?:[ \t].+\n?)*)", paragraph, re.MULTILINE)
        named = re.search(r"^License: *(\S.*)$", paragraph, re.MULTILINE)
        if files and named:
            found.update(dict.fromkeys(files[1].split(), named[1].strip()))
    return found.get(f"{package.rstrip('0123456789.-')}/*") or found.get("*") or "see the text"


# ---------------------------------------------------------------------- the files


def write(program: Path, notices: Iterable[Notice]) -> None:
    """Put both files into the folder ``program``."""
    listed = list(notices)
    (program / licences.FILE_NAME).write_bytes(licences.written(listed))
    text = "\n".join(_lines(listed)) + "\n"
    (program / licences.FILE_NAME).with_suffix(".txt").write_text(text, encoding="utf-8", newline="\n")


def _lines(notices: list[Notice]) -> Iterator[str]:
    """For people: what there is, then what is to be said of each, then each text once."""
    yield f"{OURS} {__version__} is free software under the Apache License 2.0. With it comes software of others:"
    yield ""
    numbers: dict[str, int] = {}
    for notice in notices:
        for _, text in notice.texts:
            numbers.setdefault(text, len(numbers) + 1)
    for notice in notices:
        part = f", in the runtime pack {notice.part}" if notice.part else ""
        yield f"{notice.name} {notice.version}{part}"
        yield f"    licence: {notice.licence}"
        if notice.homepage:
            yield f"    {notice.homepage}"
        texts = dict.fromkeys(f"{name} [{numbers[text]}]" for name, text in notice.texts)
        yield f"    texts: {', '.join(texts)}"
        if notice.note:
            yield ""
            yield from (f"    {line}".rstrip() for line in notice.note.splitlines())
        yield ""
    for text, number in numbers.items():
        yield from (_RULE, f"[{number}]", "", text, "")


def main(argv: list[str] | None = None) -> int:
    """Collect and write; returns the exit code."""
    parser = argparse.ArgumentParser(description="Write the notices of the software of others into a frozen program.")
    parser.add_argument("--program", type=Path, default=freezing.PROGRAM)
    program: Path = parser.parse_args(argv).program
    try:
        found = collect(program)
    except Untraced as error:
        sys.stderr.write(f"{error}\n")
        return 1
    write(program, found)
    sys.stdout.write(f"{len(found)} notices in {program / licences.FILE_NAME}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
