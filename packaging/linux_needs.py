"""What a frozen program takes from the Linux it runs on: which libraries, of which packages, and how new a glibc.

python packaging/linux_needs.py [FOLDER]

The bundle carries most libraries; the rest is read from the files themselves, so that a package can't forget one.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Library: the package of Debian and Ubuntu that has it. Those of the C library are counted by their symbols' version.
PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libbrotlicommon.so.1": "libbrotli1",
    "libbrotlidec.so.1": "libbrotli1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libdrm.so.2": "libdrm2",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libgbm.so.1": "libgbm1",
    "libgcc_s.so.1": "libgcc-s1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libstdc++.so.6": "libstdc++6",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
# Opened by name while the program runs, so no file says that it needs them. Qt draws nothing without fonts, and those
# come with fontconfig's settings.
OPENED = ("libegl1", "libgl1", "libfontconfig1")
GLIBC_LIBRARIES = re.compile(r"(ld-linux[-\w]*|libBrokenLocale|lib(c|m|dl|rt|pthread|util|resolv|anl))\.so\.\d")
# The first GCC whose libstdc++ has the symbols, https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html
STDCXX = {(3, 4, 26): "9", (3, 4, 28): "10", (3, 4, 29): "11", (3, 4, 30): "12", (3, 4, 32): "13", (3, 4, 33): "14"}

_BATCH = 200
_ELF = b"\x7fELF"
_FILE = re.compile(r"^(.+):\s+file format ")
_NEEDED = re.compile(r"^\s+NEEDED\s+(\S+)")
_REQUIRED = re.compile(r"^\s+required from (\S+):")
_SYMBOL = re.compile(r"^\s+0x\w+ 0x\w+ \d+ ([A-Z]+)_([\d.]+)$")


@dataclass
class Needs:
    """``libraries``: the name of each, and a file that needs it. ``versions``: the newest asked for, by kind of symbol."""

    libraries: dict[str, Path] = field(default_factory=dict)
    versions: dict[str, tuple[int, ...]] = field(default_factory=dict)


def needs_of(folder: Path) -> Needs:
    """What the programs and libraries in ``folder`` need that is not in it. Raises ``SystemExit`` without objdump."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink() and _is_elf(path)]
    inside = {path.name for path in folder.rglob("*.so*")}
    needs = Needs()
    for start in range(0, len(files), _BATCH):
        read(_dumped(files[start : start + _BATCH]), inside, needs)
    return needs


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ELF)) == _ELF


def _dumped(files: list[Path]) -> Iterator[str]:
    try:
        done = subprocess.run(["objdump", "-p", *map(str, files)], capture_output=True, text=True, env={"LC_ALL": "C"})
    except FileNotFoundError:
        raise SystemExit("objdump is not installed; it is in the package binutils.") from None
    if done.returncode:
        raise SystemExit(f"objdump failed: {done.stderr.strip()}")
    yield from done.stdout.splitlines()


def read(lines: Iterator[str], inside: set[str], needs: Needs) -> None:
    """Add to ``needs`` what ``lines`` of objdump tell of files, but for the libraries that are ``inside``."""
    file, supplier = Path(), ""
    for line in lines:
        if found := _FILE.match(line):
            file, supplier = Path(found[1]), ""
        elif found := _NEEDED.match(line):
            if found[1] not in inside:
                needs.libraries.setdefault(found[1], file)
        elif found := _REQUIRED.match(line):
            supplier = found[1]
        elif (found := _SYMBOL.match(line)) and supplier and supplier not in inside:
            version = tuple(map(int, found[2].split(".")))
            needs.versions[found[1]] = max(version, needs.versions.get(found[1], ()))


def glibc(needs: Needs) -> str:
    """The oldest version of the C library that will do, such as “2.34”."""
    return ".".join(map(str, needs.versions.get("GLIBC", (2, 0))))


def debian(needs: Needs) -> list[str]:
    """The packages to depend on, as in ``Depends``. Raises ``SystemExit`` if it is not known who has a library."""
    packages = set(OPENED)
    unknown = []
    for library, file in needs.libraries.items():
        if library in PACKAGES:
            packages.add(PACKAGES[library])
        elif not GLIBC_LIBRARIES.fullmatch(library):
            unknown.append(f"{library}, which {file} needs")
    if unknown:
        known = Path(__file__).name
        raise SystemExit(f"Neither in the bundle nor among the system's libraries in {known}:\n" + "\n".join(unknown))
    if "libstdc++6" in packages:
        asked = needs.versions.get("GLIBCXX", ())
        least = next((gcc for symbols, gcc in STDCXX.items() if symbols >= asked), None)
        if least is None:
            raise SystemExit(f"No known libstdc++ has GLIBCXX_{'.'.join(map(str, asked))}.")
        packages = packages - {"libstdc++6"} | {f"libstdc++6 (>= {least})"}
    return [f"libc6 (>= {glibc(needs)})", *sorted(packages)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    default = Path(__file__).resolve().parents[1] / "build" / "dist" / "kandinsky-studio"
    parser.add_argument("folder", type=Path, nargs="?", default=default)
    needs = needs_of(parser.parse_args().folder)
    for library, file in sorted(needs.libraries.items()):
        sys.stdout.write(f"{library}\t{file}\n")
    sys.stdout.write(f"{', '.join(debian(needs))}\n")


if __name__ == "__main__":
    main()
