"""Builds the program for people without Python: one command for each step, and one for all of them.

python packaging/build.py base     the program, frozen, without PyTorch, in build/dist/kandinsky-studio
python packaging/build.py pack     the runtime pack for processors, beside it
python packaging/build.py STEP …   one of the later steps; what follows goes to its own program
python packaging/build.py all      everything for the system that this is run on, into build/packages

Each step builds with the Python that ``--python`` names, or in an environment made for it in build/environment.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import checking
import freezing

HERE = Path(__file__).resolve().parent

STEPS: dict[str, tuple[str, ...]] = {
    "pack": ("pack.py", "make", "cpu", "--into", str(freezing.PROGRAM / "runtime")),
    "notices": ("notices.py",),
    "tar": ("linux_tree.py", "tar"),
    "appdir": ("linux_tree.py", "appdir"),
    "deb": ("debian.py",),
    "nsis": ("nsis.py",),
    "zip": ("nsis.py", "zip"),
    "lists": ("runtime_lists.py",),
}
"""What comes after the base: the program beside this one that does it, and what it is told first."""

ALL = {"linux": ("pack", "notices", "tar", "deb", "appdir"), "win32": ("pack", "notices", "nsis", "zip")}


def main(argv: list[str] | None = None) -> int:
    """Do the step that is asked for; returns the exit code."""
    parser = argparse.ArgumentParser(description="Build the packages of Kandinsky Studio.")
    parser.add_argument("step", choices=("base", *STEPS, "all"))
    parser.add_argument("--python", type=Path, help="build with what is installed there")
    parser.add_argument("--accept", action="store_true", help="have the list of what is collected say what is there")
    options, rest = parser.parse_known_args(argv)
    if rest and options.step in ("base", "all"):
        parser.error(f"{options.step} takes no {' '.join(rest)}")
    try:
        python = options.python.absolute() if options.python else freezing.environment()
        if python != Path(sys.executable).absolute():
            # The steps import what they pack, so they run where that is installed.
            words = [options.step, "--python", python, *(["--accept"] if options.accept else []), *rest]
            return subprocess.call([python, HERE / "build.py", *words])
        if options.step in ("base", "all"):
            freezing.freeze(accept=options.accept)
        for step in ALL[sys.platform] if options.step == "all" else [options.step] if options.step in STEPS else []:
            program, *words = STEPS[step]
            if code := subprocess.call([python, HERE / program, *words, *rest]):
                return code
    except freezing.BuildFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    if sys.platform not in checking.SYSTEMS:
        sys.exit("Packages are built on Linux and on Windows.")
    sys.exit(main())
