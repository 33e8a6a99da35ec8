"""Freezes the base: makes the environment, runs PyInstaller, checks the outcome and puts it in its place."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import checking
from contents import NAME, ROOT

from kandinsky_studio import __version__

BUILD = ROOT / "build"
PROGRAM = BUILD / "dist" / NAME
"""The frozen program, whole: it appears here when it has passed the check."""

ENVIRONMENT = BUILD / "environment"

LOCKS = {"linux": ROOT / "packaging/locked/linux.txt", "win32": ROOT / "packaging/locked/windows.txt"}
"""What is built with on each system: versions and the hashes of their files."""

_WORK = BUILD / "work"
_STAMP = "installed.txt"
_KEPT = "runtime"  # the packs in the program's folder outlive the base


class BuildFailed(Exception):
    """A step of building went wrong; its text says what."""


def environment() -> Path:
    """Make an environment with just what the program needs, if it is not there; returns its Python.

    It is of the files that the system's lock names, each compared with its hash before it is unpacked; torch is the
    build without CUDA. Nothing else is fetched: the program itself is built with what came. Raises ``BuildFailed``.
    """
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    basis = _basis()
    stamp = ENVIRONMENT / _STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == basis:
        return python
    venv.create(ENVIRONMENT, clear=True, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-compile", "--no-deps"]
    _run([*pip, "--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCKS[sys.platform])])
    _run([*pip, "--no-index", "--no-build-isolation", "--editable", str(ROOT)])
    _run([str(python), "-m", "pip", "check"])  # the lock may be older than what the program asks for
    stamp.write_text(basis, encoding="utf-8")
    return python


def freeze(*, accept: bool = False) -> Path:
    """Build the base with this Python and check it; returns its folder. Raises ``BuildFailed``."""
    made = _WORK / "made"
    made.mkdir(parents=True, exist_ok=True)
    outcome = _WORK / "dist" / NAME
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    places = ["--distpath", str(outcome.parent), "--workpath", str(_WORK)]
    spec = str(ROOT / "packaging" / f"{NAME}.spec")
    # One order of sets and dictionaries, so that the same sources make the same archive.
    _run([*command, *places, spec], KANDINSKY_STUDIO_MADE=str(made), PYTHONHASHSEED="0")
    shutil.copy2(ROOT / "LICENSE", outcome / "LICENSE.txt")
    _strip(outcome)
    if not checking.check(outcome, accept=accept):
        raise BuildFailed(f"What was collected in {outcome} is not what was expected.")
    _try(outcome)
    _put_in_place(outcome)
    return PROGRAM


def _basis() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for file in (ROOT / "pyproject.toml", LOCKS[sys.platform]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _strip(program: Path) -> None:
    """Take the symbols for debuggers out of Python's own libraries; wheels come without theirs."""
    tool = shutil.which("strip")
    if tool is None or not sys.platform.startswith("linux"):
        return
    libraries = program / "_internal"
    loose = [path for path in libraries.glob("lib*.so*") if not path.is_symlink()]
    _run([tool, "--strip-unneeded", *map(str, loose), *map(str, libraries.glob("*/lib-dynload/*.so"))])


def _try(program: Path) -> None:
    """Start the frozen program once: it must tell the version of the sources."""
    name = f"{NAME}-cli.exe" if sys.platform == "win32" else NAME
    done = subprocess.run([program / name, "--version"], capture_output=True, text=True, check=False)
    if __version__ not in done.stdout:
        raise BuildFailed(f"The program does not start: {done.stdout}{done.stderr}")


def _put_in_place(outcome: Path) -> None:
    packs = PROGRAM / _KEPT
    if packs.is_dir():
        packs.rename(outcome / _KEPT)
    if PROGRAM.exists():
        shutil.rmtree(PROGRAM)
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    outcome.rename(PROGRAM)


def _run(command: list[str], **variables: str) -> None:
    done = subprocess.run(command, check=False, env={**os.environ, **variables})
    if done.returncode:
        raise BuildFailed(f"{Path(command[0]).name} ended with {done.returncode}.")
