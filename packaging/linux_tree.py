"""What surrounds the frozen program on a Linux desktop, and the archive and the AppDir made of both.

python packaging/linux_tree.py tar|appdir|squashfs [--base FOLDER] [--packages FOLDER]
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from changes import releases, source_date
from contents import NAME, ROOT
from linux_needs import glibc, needs_of
from looks import drawn

from kandinsky_studio import __version__

COMPONENT = "studio.kandinsky.kandinsky_studio"
BASE = ROOT / "build" / "dist" / NAME
PACKAGES = ROOT / "build" / "packages"
NOTICES = "THIRD-PARTY-NOTICES.txt"
TEMPLATES = Path(__file__).resolve().parent / "linux"
ICON = ROOT / "resources" / "icons" / f"{NAME}.svg"
SIZES = (16, 22, 24, 32, 48, 64, 128, 256)  # pixels, those that menus, docks and software centres ask for

_COMPRESSIONS = {"best": ("zstd", "-19", "-T0"), "fast": ("zstd", "-3", "-T0")}


def write_share(share: Path) -> None:
    """Write the menu entry, icons, description and manual page into ``share``, as they lie in ``/usr/share``."""
    _write(share / "applications" / f"{NAME}.desktop", (TEMPLATES / f"{NAME}.desktop").read_bytes())
    for size in SIZES:
        _write(share / "icons" / "hicolor" / f"{size}x{size}" / "apps" / f"{NAME}.png", drawn(size))
    _write(share / "icons" / "hicolor" / "scalable" / "apps" / f"{NAME}.svg", ICON.read_bytes())
    _write(share / "metainfo" / f"{COMPONENT}.metainfo.xml", metainfo())
    page = (TEMPLATES / f"{NAME}.1").read_bytes()
    _write(share / "man" / "man1" / f"{NAME}.1.gz", gzip.compress(page, mtime=0))


def metainfo() -> bytes:
    """The AppStream description with the versions there have been."""
    template = ElementTree.parse(TEMPLATES / f"{COMPONENT}.metainfo.xml")  # noqa: S314  it is our own
    known = ElementTree.SubElement(template.getroot(), "releases")
    for release in releases():
        # A version in the making is not the newest of those to be had.
        kind = "development" if re.search(r"[a-z]", release.version) else "stable"
        ElementTree.SubElement(known, "release", version=release.version, date=release.day.isoformat(), type=kind)
    ElementTree.indent(template)
    text: bytes = ElementTree.tostring(template.getroot(), encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def lay(base: Path, place: Path) -> None:
    """Copy the files of ``base`` to ``place``, readable by everyone.

    Raises ``SystemExit`` if there is no program in ``base``, or nothing about the licences of others.
    """
    if not os.access(base / NAME, os.X_OK):
        raise SystemExit(f"There is no frozen program in {base}. Build it first: python packaging/build.py base")
    if not (base / NOTICES).exists():
        raise SystemExit(f"{base / NOTICES} is not there. Write it first: python packaging/build.py notices")
    shutil.copytree(base, place, symlinks=True, dirs_exist_ok=True)
    for path in walk(place):
        if not path.is_symlink():
            mode = path.stat().st_mode
            wanted = 0o755 if path.is_dir() or mode & stat.S_IXUSR else 0o644
            if stat.S_IMODE(mode) != wanted:  # the umask of whoever built it
                path.chmod(wanted)


def walk(folder: Path) -> Iterator[Path]:
    """``folder`` itself and all that is in it, links not followed, in the order of the alphabet."""
    yield folder
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            yield from walk(path)
        else:
            yield path


def make_tar(base: Path = BASE, packages: Path = PACKAGES, *, compression: str = "best") -> Path:
    """Make the archive that runs from any folder; returns it. ``compression`` is “best” or “fast”."""
    title = f"{NAME}-{__version__}"
    work = _emptied(packages / "tar")
    place = work / title
    lay(base, place)
    write_share(place / "share")
    shutil.rmtree(place / "share" / "man")
    shutil.copy2(TEMPLATES / "install-desktop-entry", place)
    told = (TEMPLATES / "README.txt").read_text(encoding="utf-8")
    _write(
        place / "README.txt", told.replace("@VERSION@", __version__).replace("@GLIBC@", glibc(needs_of(place))).encode()
    )
    archive = packages / f"{title}-linux-{os.uname().machine}.tar.zst"
    partial = archive.with_suffix(".partial")
    options = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", f"--mtime=@{source_date()}"]
    squeeze = " ".join(_COMPRESSIONS[compression])
    _run("tar", *options, f"--use-compress-program={squeeze}", "-cf", str(partial), "-C", str(work), title)
    partial.replace(archive)
    shutil.rmtree(work)
    return archive


def make_appdir(base: Path = BASE, packages: Path = PACKAGES) -> Path:
    """Make the folder that an AppImage is the image of; returns it."""
    place = _emptied(packages / f"{NAME}.AppDir")
    lay(base, place / "usr" / "lib" / NAME)
    write_share(place / "usr" / "share")
    shutil.copy2(TEMPLATES / "AppRun", place)
    share = place / "usr" / "share"
    shutil.copy2(share / "applications" / f"{NAME}.desktop", place)
    shutil.copy2(share / "icons" / "hicolor" / "256x256" / "apps" / f"{NAME}.png", place)
    (place / ".DirIcon").symlink_to(f"{NAME}.png")
    bin_folder = place / "usr" / "bin"
    bin_folder.mkdir()
    (bin_folder / NAME).symlink_to(f"../lib/{NAME}/{NAME}")
    return place


def make_squashfs(base: Path = BASE, packages: Path = PACKAGES) -> Path:
    """Make the file system an AppImage carries behind its starter; returns it. It can be mounted as it is."""
    appdir = make_appdir(base, packages)
    image = packages / f"{NAME}-{__version__}-{os.uname().machine}.squashfs"
    image.unlink(missing_ok=True)
    options = ["-root-owned", "-noappend", "-no-progress", "-quiet", "-comp", "zstd", "-Xcompression-level", "6"]
    times = ["-all-time", str(source_date()), "-mkfs-time", str(source_date())]
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    _run("mksquashfs", str(appdir), str(image), *options, *times, environment=environment)
    return image


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    try:
        subprocess.run(command, check=True, env=environment)
    except FileNotFoundError:
        raise SystemExit(f"{command[0]} is not installed.") from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{command[0]} failed with exit code {error.returncode}.") from None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=("tar", "appdir", "squashfs"))
    parser.add_argument("--base", type=Path, default=BASE, help="the frozen program")
    parser.add_argument("--packages", type=Path, default=PACKAGES, help="where to put what is made")
    parser.add_argument("--compression", choices=_COMPRESSIONS, default="best", help="of the archive")
    arguments = parser.parse_args()
    if arguments.what == "tar":
        made = make_tar(arguments.base, arguments.packages, compression=arguments.compression)
    else:
        made = {"appdir": make_appdir, "squashfs": make_squashfs}[arguments.what](arguments.base, arguments.packages)
    sys.stdout.write(f"{made}\n")


if __name__ == "__main__":
    main()
