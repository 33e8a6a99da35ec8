"""Makes what Windows users get: the installer, and the archive of a portable program.

python packaging/nsis.py             the installer, in build/packages
python packaging/nsis.py zip         the archive: unpack it anywhere, it keeps everything in its own folder
python packaging/nsis.py uninstaller only what will remove the program, to be signed before the installer is made

``--payload`` is the folder of the frozen program, whole, as it is to be installed. Runs wherever ``makensis`` is.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from contents import NAME, ROOT

from kandinsky_studio import __version__

TITLE = "Kandinsky Studio"
BUILD = ROOT / "build"
PAYLOAD = BUILD / "dist" / NAME
PACKAGES = BUILD / "packages"
SCRIPT = Path(__file__).resolve().parent / "windows" / "installer.nsi"
SIDE = (246, 471)  # pixels of the picture beside the first and the last page: one and a half times what they show

# Characters below the program's folder. Windows takes 259 in all; a user's name has up to 20, so the usual folder 69.
LONGEST_PATH = 259 - 69 - 1
# The NSIS that can be had for Windows only makes installers for 32 bits, which every Windows runs; Debian's makes the
# others, which Wine runs without its 32-bit half.
TARGET = "x86-unicode" if os.name == "nt" else "amd64-unicode"
LARGEST = 2**31 - 1  # bytes that one file and the whole installer may have

_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]|[ .]$')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_WILD = re.compile(r"[\[\]`]")  # “makensis” would look for several files, or end its string


class BadPayload(Exception):
    """The frozen program can't be installed on Windows as it is; the text says why."""


@dataclass(frozen=True)
class Payload:
    """What is to be installed. ``files`` and ``folders`` are paths below ``root``, with slashes; folders deepest first."""

    root: Path
    files: tuple[str, ...]
    folders: tuple[str, ...]
    size: int  # bytes

    @property
    def longest(self) -> int:
        """Characters of the longest path."""
        return max(map(len, self.files), default=0)


def collect(root: Path) -> Payload:
    """Look what is in ``root``. Raises ``BadPayload`` for what Windows, or an installer for it, could not hold."""
    if not root.is_dir():
        raise BadPayload(f"There is no frozen program in {root}. Build it first: python packaging/build.py base")
    files, size = [], 0
    for path in sorted(root.rglob("*")):
        place = path.relative_to(root).as_posix()
        if path.is_symlink():
            raise BadPayload(f"{place} is a link; Windows users without special rights can't have those")
        if path.is_dir():
            continue
        _check_name(place)
        length = path.stat().st_size
        if length > LARGEST:
            raise BadPayload(f"{place} is too large for an installer ({length} bytes)")
        files.append(place)
        size += length
    seen: dict[str, str] = {}
    for place in files:
        if other := seen.get(place.casefold()):
            raise BadPayload(f"{other} and {place} would be one file on Windows")
        seen[place.casefold()] = place
    if f"{NAME}.exe" not in files:
        raise BadPayload(f"{NAME}.exe is missing in {root}")
    folders = {str(folder) for place in files for folder in PurePosixPath(place).parents if str(folder) != "."}
    deepest_first = sorted(folders, key=lambda folder: (-folder.count("/"), folder))
    return Payload(root, tuple(files), tuple(deepest_first), size)


def _check_name(place: str) -> None:
    if len(place) > LONGEST_PATH:
        raise BadPayload(f"{place} is {len(place)} characters long; {LONGEST_PATH} are allowed")
    for part in place.split("/"):
        if _FORBIDDEN.search(part) or _RESERVED.fullmatch(part) or _WILD.search(part):
            raise BadPayload(f"{place} has a name that Windows or its installer does not take")


def listing(payload: Payload) -> bytes:
    """The list that is installed with the files: what an update or the uninstaller may remove, in that order."""
    lines = [*(f"F {place}" for place in payload.files), *(f"D {folder}" for folder in payload.folders)]
    text = "".join(f"{line}\r\n" for line in lines).replace("/", "\\")
    return b"\xff\xfe" + text.encode("utf-16-le")  # which the installer's language reads without loss


def extraction(payload: Payload) -> str:
    """The part of the script that puts every file in its place, folder by folder."""
    lines, here = [], None
    for place in sorted(payload.files, key=lambda place: (str(PurePosixPath(place).parent), place)):
        folder = str(PurePosixPath(place).parent)
        if folder != here:
            below = "" if folder == "." else "\\" + folder.replace("/", "\\")
            lines.append(f'SetOutPath "$INSTDIR{below.replace("$", "$$")}"')  # a single one begins a variable
            here = folder
        lines.append(f'File "{payload.root / place}"')
    return "".join(f"{line}\n" for line in lines)


def make_installer(
    root: Path = PAYLOAD,
    packages: Path = PACKAGES,
    *,
    version: str = __version__,
    uninstaller: Path | None = None,
    defines: Iterable[str] = (),
) -> Path:
    """Make the installer of the program in ``root``; returns it.

    ``uninstaller`` is one that :func:`make_uninstaller` made of the same program, signed since then. ``defines`` are
    further ones for the script, as “NAME=VALUE”. Raises ``BadPayload``, and ``SystemExit`` if the compiler fails.
    """
    payload = collect(root)
    packages.mkdir(parents=True, exist_ok=True)
    output = packages / f"{NAME}-{version}-windows-x86_64-setup.exe"
    partial = output.with_suffix(".partial")
    given = [*defines, *([f"UNINSTALLER={uninstaller.resolve()}"] if uninstaller else [])]
    _compile(payload, extraction(payload), partial, version, given)
    if partial.stat().st_size > LARGEST:
        raise BadPayload(f"The installer has {partial.stat().st_size} bytes; Windows starts none above {LARGEST}")
    partial.replace(output)
    return output


def make_uninstaller(root: Path = PAYLOAD, packages: Path = PACKAGES, *, version: str = __version__) -> Path:
    """Make the uninstaller alone, so that it can be signed before it is packed; returns it."""
    payload = collect(root)
    packages.mkdir(parents=True, exist_ok=True)
    output = packages / "uninstall.exe"
    # The compiler hands it to a command while it makes an installer; that one has nothing to install and is thrown away.
    copier = f'"{sys.executable}" "{Path(__file__).resolve()}" keep "%1" "{output.resolve()}"'
    hollow = packages / "hollow.partial"
    _compile(payload, "", hollow, version, [f"KEEP_UNINSTALLER={copier}"])
    hollow.unlink()
    return output


def make_zip(root: Path = PAYLOAD, packages: Path = PACKAGES, *, version: str = __version__) -> Path:
    """Make the archive of the portable program; returns it.

    The empty folder “portable” beside the program has it keep settings, pictures and models there.
    """
    payload = collect(root)
    packages.mkdir(parents=True, exist_ok=True)
    output = packages / f"{NAME}-{version}-windows-x86_64-portable.zip"
    partial = output.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        archive.mkdir(f"{TITLE}/portable")
        for place in payload.files:
            archive.write(root / place, f"{TITLE}/{place}")
    partial.replace(output)
    return output


def _compile(payload: Payload, files: str, output: Path, version: str, defines: Iterable[str]) -> None:
    """Have ``makensis`` make ``output``. Raises ``SystemExit``."""
    from looks import icon

    numbers = (re.findall(r"\d+", version) + ["0"] * 4)[:4]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "payload.nsh").write_text(files, encoding="utf-8")
        (work / "listing.txt").write_bytes(listing(payload))
        given = {
            "VERSION": version,
            "VERSION_QUAD": ".".join(numbers),
            "SIZE_KB": -(-payload.size // 1024),
            "LONGEST": payload.longest,
            "ICON": icon(work),
            "SIDE": _side(work),
            "PAYLOAD": work / "payload.nsh",
            "LISTING": work / "listing.txt",
            "OUTPUT": output.resolve(),
            "TARGET": TARGET,
        }
        dash = "/" if os.name == "nt" else "-"
        words = [f"{dash}D{name}={value}" for name, value in given.items()] + [f"{dash}D{define}" for define in defines]
        command = [_makensis(), f"{dash}V2", f"{dash}WX", f"{dash}INPUTCHARSET", "UTF8", *words, str(SCRIPT)]
        if subprocess.call(command, cwd=SCRIPT.parent):
            raise SystemExit("makensis failed.")


def _makensis() -> str:
    usual = Path(os.environ.get("PROGRAMFILES(X86)", "")) / "NSIS" / "makensis.exe"  # where its own installer puts it
    found = shutil.which("makensis") or (str(usual) if usual.is_file() else None)
    if found is None:
        raise SystemExit("makensis is not installed: it is in the package nsis of Debian, and at nsis.sourceforge.io.")
    return found


def _side(folder: Path) -> Path:
    """Draw the picture beside the first and the last page: the icon on the dark of the window; returns its path."""
    import io

    from looks import drawn
    from PIL import Image

    picture = Image.new("RGB", SIDE, "#242424")
    icon = Image.open(io.BytesIO(drawn(SIDE[0] * 2 // 3)))
    picture.paste(icon, ((SIDE[0] - icon.width) // 2, (SIDE[1] - icon.height) // 2), icon)
    path = folder / "side.bmp"
    picture.save(path)
    return path


MAKERS: dict[str, Callable[..., Path]] = {
    "installer": make_installer,
    "uninstaller": make_uninstaller,
    "zip": make_zip,
}


def main(argv: list[str] | None = None) -> int:
    """Make what is asked for; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["keep"]:  # called back by the compiler
        shutil.copyfile(words[1], words[2])
        return 0
    parser = argparse.ArgumentParser(description="Make the packages for Windows.")
    parser.add_argument("what", nargs="?", choices=MAKERS, default="installer")
    parser.add_argument("--payload", type=Path, default=PAYLOAD, help="the frozen program")
    parser.add_argument("--packages", type=Path, default=PACKAGES, help="where to put what is made")
    parser.add_argument("--version", default=__version__)
    parser.add_argument("--uninstaller", type=Path, help="the signed uninstaller to pack")
    options = parser.parse_args(words)
    given = {"version": options.version}
    if options.uninstaller:
        if options.what != "installer":
            parser.error("only the installer takes an uninstaller")
        given["uninstaller"] = options.uninstaller
    try:
        made = MAKERS[options.what](options.payload, options.packages, **given)
    except BadPayload as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{made}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
