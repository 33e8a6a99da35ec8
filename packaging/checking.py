"""Whether the frozen program is what it should be: nothing unexpected in it, nothing missing, nothing of this computer.

The expectation is a sorted list of all files and of all modules in the archive, committed in ``collected``, one for
each system. Versions and the numbers that wheels give to their libraries are left out of it. So is what is the
project's own: of that all must be there, as it is in the sources.
"""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contents import EXCLUDED, NAME, ROOT, is_below, modules_of, resources, wanted

EXPECTATIONS = Path(__file__).parent / "collected"
SYSTEMS = {"linux": "linux", "win32": "windows"}

_LIBRARIES = "_internal"  # the folder beside the program
_PACKAGE = "kandinsky_studio"
_APART = ("runtime/", "THIRD-PARTY")  # put in by later steps, checked by them

_FORBIDDEN = re.compile(
    r"""
      (^|/)lib(cuda|cudart|cudnn|cublas|nv\w*|nccl)[\w-]*\.
    | (^|/)(lib)?(gtk|gdk|pango|cairo|atk|gdk_pixbuf|rsvg|tcl|tk|readline|ncurses\w*|tinfo|gdbm\w*)[-.\d]*\.(so|dll)
    | ^(torch|torchgen|functorch|sympy|mpmath|triton|nvidia|setuptools|pip|pytest|_pytest|mypy)/
    | (^|/)(lib)?torch[\w-]*\.(so|dll|pyd)
    | (^|/)(\.git|\.venv|__pycache__|\.DS_Store|Thumbs\.db)(/|$)
    | \.(pdb|ilk|lib|a|la|swp|partial|orig)$
    """,
    re.VERBOSE,
)

# Builders without a person: what they call home stands in libraries that were made by such builders elsewhere.
_NOBODY = {"root", "runner", "runneradmin", "qt"}

_VOLATILE = (
    (re.compile(r"(?<=-)[0-9][\w.+]*(?=\.dist-info)"), "*"),
    (re.compile(r"\.(cpython-\d+|cp\d+|abi3)[\w-]*(?=\.(so|pyd)$)"), ""),
    (re.compile(r"-[0-9a-f]{8}(?=[.-])"), "-*"),  # given by auditwheel
    (re.compile(r"-[0-9a-f]{32}(?=\.dll$)"), "-*"),  # given by delvewheel
    (re.compile(r"(?<=\.so\.)(\d+)(\.\d+)+$"), r"\1"),
    (re.compile(r"(lib)?python3\.?\d+"), r"\1python3"),
)


@dataclass(frozen=True)
class Difference:
    """How what was collected differs from what was expected; lines of the list."""

    unexpected: tuple[str, ...]
    missing: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.unexpected or self.missing)


def expectation(system: str = sys.platform) -> Path:
    """The list for ``system``, as ``sys.platform`` calls it."""
    return EXPECTATIONS / f"{SYSTEMS[system]}.txt"


def listing(program: Path) -> list[str]:
    """What is in the folder ``program``, sorted: a line for each file, and one for each module in the archive."""
    modules = set(modules_in(program / _executable()))
    resources_of_ours = f"{_LIBRARIES}/resources/"
    files = {
        f"file {_plain(place)}"
        for place in files_in(program)
        if not place.startswith(resources_of_ours) and not _is_source_of(place, modules)
    }
    told_apart = {*sys.stdlib_module_names, _PACKAGE}
    return sorted(files | {f"module {name}" for name in modules if name.partition(".")[0] not in told_apart})


def incomplete(program: Path) -> list[str]:
    """What of the project's own is not in ``program`` as it is in the sources, a sentence for each."""
    modules = set(modules_in(program / _executable()))
    found = [f"the module {name} is missing" for name in modules_of(_PACKAGE) if name not in modules]
    there = {place for place in files_in(program) if place.startswith(f"{_LIBRARIES}/resources/")}
    for path, folder in resources():
        place = f"{_LIBRARIES}/{folder}/{path.name}"
        if place not in there or (program / place).read_bytes() != path.read_bytes():
            found.append(f"{place} is not what is in the sources")
        there.discard(place)
    return [*found, *(f"{place} is not in the sources" for place in sorted(there))]


def compare(expected: list[str], found: list[str]) -> Difference:
    """The difference between two such lists."""
    return Difference(tuple(sorted({*found} - {*expected})), tuple(sorted({*expected} - {*found})))


def files_in(program: Path) -> Iterator[str]:
    """The paths of all files below ``program`` that the base is made of, written with slashes, in order."""
    for path in sorted(program.rglob("*")):
        place = path.relative_to(program).as_posix()
        if (path.is_file() or path.is_symlink()) and not place.startswith(_APART):
            yield place


def modules_in(executable: Path) -> Iterator[str]:
    """The names of all modules in the archive of a frozen program."""
    yield from _archive(executable).toc


def leaks(program: Path) -> list[str]:
    """What must not be in ``program``, a sentence for each: libraries of others, and traces of who built it."""
    found = []
    traces = _traces()
    for place in files_in(program):
        below = place.removeprefix(f"{_LIBRARIES}/")
        if _FORBIDDEN.search(below) or not wanted(below):
            found.append(f"{place} does not belong in the program")
        path = program / place
        if path.is_symlink():
            if not path.exists():
                found.append(f"{place} leads to nothing")
            continue
        content = path.read_bytes()
        found += [f"{place} has {trace.decode()} in it" for trace in traces if trace in content]
    return found


def leaks_of_modules(executable: Path) -> list[str]:
    """The same for the modules in the archive of ``executable``."""
    archive, found, traces = _archive(executable), [], _traces()
    for name in sorted(archive.toc):
        if is_below(name, EXCLUDED):
            found.append(f"the module {name} does not belong in the program")
        code = archive.extract(name, raw=True) or b""
        found += [f"the module {name} has {trace.decode()} in it" for trace in traces if trace in code]
    return found


def check(program: Path, *, accept: bool = False) -> bool:
    """Check the frozen ``program`` and say what is wrong; whether all is right.

    ``accept`` makes what is there the new expectation; what must not be there is refused all the same.
    """
    wrong = [*leaks(program), *leaks_of_modules(program / _executable()), *incomplete(program)]
    found, path = listing(program), expectation()
    if accept and not wrong:
        path.write_text("".join(f"{line}\n" for line in found), encoding="utf-8", newline="\n")
        _say(f"{path.name} lists {len(found)} files and modules now")
    elif path.is_file():
        difference = compare(path.read_text(encoding="utf-8").splitlines(), found)
        wrong += [f"unexpected: {line}" for line in difference.unexpected]
        wrong += [f"missing: {line}" for line in difference.missing]
        if difference:
            wrong.append("If that is meant: build.py base --accept, and commit the list.")
    else:
        _say(f"There is no expectation for this system yet ({path.name}); only what is forbidden was looked for.")
    for sentence in wrong:
        _say(sentence)
    return not wrong


def _traces() -> list[bytes]:
    """Paths of this computer that must be in no file: where the project and its environment lie, and whose they are."""
    places = {str(ROOT), sys.prefix}
    user = getpass.getuser()
    if user not in _NOBODY:
        places |= {f"/home/{user}/", f"\\Users\\{user}\\"}
    return [place.encode() for place in sorted(places) if len(place) > len("/usr")]


def _plain(place: str) -> str:
    for pattern, replacement in _VOLATILE:
        place = pattern.sub(replacement, place)
    return place


def _is_source_of(place: str, modules: set[str]) -> bool:
    """Whether the file is the source of a module that is in the archive as well, or of Python's own."""
    name = place.removeprefix(f"{_LIBRARIES}/")
    if not name.endswith(".py"):
        return False
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") in modules


def _executable() -> str:
    return f"{NAME}.exe" if sys.platform == "win32" else NAME


def _archive(executable: Path):  # type: ignore[no-untyped-def]  # PyInstaller has no types
    from PyInstaller.archive.readers import CArchiveReader

    return CArchiveReader(str(executable)).open_embedded_archive("PYZ.pyz")


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
