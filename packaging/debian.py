"""The Debian package: the frozen program in /usr/lib, a command in /usr/bin, the menu entry, and nothing that runs at install.

python packaging/debian.py [--base FOLDER] [--packages FOLDER] [--compression best|fast]

What it depends on is read from the files it holds (linux_needs.py). The same source makes the same package.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import textwrap
from email.utils import format_datetime
from pathlib import Path

from changes import releases, source_date
from contents import NAME
from linux_needs import debian as packages_for
from linux_needs import needs_of
from linux_tree import BASE, PACKAGES, TEMPLATES, lay, walk, write_share

from kandinsky_studio import __version__

MAINTAINER = f"The authors of Kandinsky Studio <{NAME}@noreply.invalid>"
PROGRAM_FOLDER = f"usr/lib/{NAME}"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
COMPRESSIONS = {"best": ("-Zxz", "-z6"), "fast": ("-Zzstd", "-z3")}
DESCRIPTION = """\
paint, and have pictures made from words
 Kandinsky Studio is a desktop program for illustrators: write what you want to
 see, in English or Russian, and get pictures, on your own computer and without
 a network. It runs the Kandinsky 2 image models; a small one is built in and
 needs no graphics card.
 .
 Layers, masks, selections and brushes are there for the work around a picture.
 Documents are OpenRaster files; PSD, PNG, JPEG, WebP, TIFF and AVIF come in and
 go out."""


def package_version(version: str = __version__) -> str:
    """The version as dpkg compares it: a release candidate comes before its release."""
    return re.sub(r"\.?(a|b|rc|dev)(?=\d)", r"~\1", version)


def stage(base: Path, root: Path, architecture: str) -> None:
    """Write everything the package holds into the empty folder ``root``, its ``DEBIAN`` folder included."""
    lay(base, root / PROGRAM_FOLDER)
    commands = root / "usr" / "bin"
    commands.mkdir()
    (commands / NAME).symlink_to(f"../lib/{NAME}/{NAME}")
    write_share(root / "usr" / "share")
    papers = root / "usr" / "share" / "doc" / NAME
    papers.mkdir(parents=True)
    told = (TEMPLATES / "copyright").read_text(encoding="utf-8")
    (papers / "copyright").write_text(told.replace("@FOLDER@", f"/{PROGRAM_FOLDER}"), encoding="utf-8")
    (papers / "changelog.gz").write_bytes(gzip.compress(changelog().encode(), mtime=0))
    for path in walk(root / "usr"):
        if not path.is_symlink() and not path.is_relative_to(root / PROGRAM_FOLDER):
            path.chmod(0o755 if path.is_dir() else 0o644)
    kept = [path for path in walk(root / "usr") if path.is_file() and not path.is_symlink()]
    about = root / "DEBIAN"
    about.mkdir()
    control = _control(
        architecture, sum(_blocks(path) for path in walk(root / "usr")), needed=packages_for(needs_of(root))
    )
    (about / "control").write_text(control, encoding="utf-8")
    # What “dpkg --verify” compares the installed files with.
    sums = [f"{_md5(path)}  {path.relative_to(root).as_posix()}\n" for path in kept]
    (about / "md5sums").write_text("".join(sums), encoding="utf-8")
    for path in walk(about):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _control(architecture: str, kibibytes: int, needed: list[str]) -> str:
    return (
        f"Package: {NAME}\n"
        f"Version: {package_version()}\n"
        f"Architecture: {architecture}\n"
        f"Maintainer: {MAINTAINER}\n"
        f"Installed-Size: {kibibytes}\n"
        f"Depends: {', '.join(needed)}\n"
        "Section: graphics\n"
        "Priority: optional\n"
        f"Description: {DESCRIPTION}\n"
    )


def changelog() -> str:
    """The changelog in the form Debian reads."""
    sections = []
    for release in releases():
        when = datetime.datetime.combine(release.day, datetime.time(), datetime.UTC)
        notes = release.notes or ("See the changelog of the program.",)
        text = "\n".join(textwrap.fill(note, 78, initial_indent="  * ", subsequent_indent="    ") for note in notes)
        head = f"{NAME} ({package_version(release.version)}) stable; urgency=medium"
        sections.append(f"{head}\n\n{text}\n\n -- {MAINTAINER}  {format_datetime(when)}\n")
    return "\n".join(sections)


def _blocks(path: Path) -> int:
    """Kibibytes as dpkg-gencontrol counts them: files rounded up, everything else as one."""
    return -(-path.stat().st_size // 1024) if path.is_file() and not path.is_symlink() else 1


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def make_deb(base: Path = BASE, packages: Path = PACKAGES, *, compression: str = "best") -> Path:
    """Make the package; returns it. ``compression`` “best” is small, “fast” is made in seconds.

    Raises ``SystemExit`` if something is missing that it is made of or with.
    """
    architecture = ARCHITECTURES[os.uname().machine]
    root = packages / "deb"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True, mode=0o755)
    stage(base, root, architecture)
    package = packages / f"{NAME}_{package_version()}_{architecture}.deb"
    partial = package.with_suffix(".partial")
    command = ["dpkg-deb", "--root-owner-group", *COMPRESSIONS[compression], "--build", str(root), str(partial)]
    try:
        subprocess.run(
            command, check=True, env=os.environ | {"SOURCE_DATE_EPOCH": str(source_date())}, stdout=sys.stderr
        )
    except FileNotFoundError:
        raise SystemExit("dpkg-deb is not installed; only Debian and its relatives make Debian packages.") from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"dpkg-deb failed with exit code {error.returncode}.") from None
    partial.replace(package)
    shutil.rmtree(root)
    return package


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--base", type=Path, default=BASE, help="the frozen program")
    parser.add_argument("--packages", type=Path, default=PACKAGES, help="where to put what is made")
    parser.add_argument("--compression", choices=COMPRESSIONS, default="best")
    arguments = parser.parse_args()
    sys.stdout.write(f"{make_deb(arguments.base, arguments.packages, compression=arguments.compression)}\n")


if __name__ == "__main__":
    main()
