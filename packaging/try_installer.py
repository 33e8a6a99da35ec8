"""Does with an installer for Windows what its users will: installs, starts, makes a picture, updates, removes.

python packaging/try_installer.py SETUP.exe

Runs on Windows, for the user that it runs as, who must not have the program yet. Ends with 1 at the first thing that is
not as it should be, else with a table of how long each step took.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

NAME = "kandinsky-studio"
FOLDER = "Мои рисунки"  # a user's folder with letters that are not English, and a space
PATIENCE = 120.0  # seconds for the window: a virus scanner looks at every file before the first start
RUNNING = 3  # the installer's exit code if the program is open
LEFT_OVER = "uninstall.exe"  # by an uninstaller that was asked to wait for its end

_ARP = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\KandinskyStudio"


class Wrong(Exception):
    """Something is not as it should be; the text says what."""


def try_out(setup: Path, work: Path) -> dict[str, float]:
    """Go through all of it below the empty folder ``work``; returns the seconds of each step. Raises ``Wrong``."""
    folder = work / FOLDER / "Kandinsky Studio"
    kept = Path(os.environ["LOCALAPPDATA"]) / "KandinskyStudio"
    command_line = folder / f"{NAME}-cli.exe"
    picture = work / "picture.png"
    took: dict[str, float] = {}

    def step(name: str, deed: Callable[[], None]) -> None:
        began = time.monotonic()
        deed()
        took[name] = time.monotonic() - began

    def install() -> None:
        _expect(_ended(f'"{setup}" /S /DESKTOP=0 /ORA=1 /D={folder}'), 0, "installing")
        _check(_known(), "The program is not in Windows' list of programs")

    def remove() -> None:
        _expect(_ended(f'"{folder / LEFT_OVER}" /S _?={folder}'), 0, "removing")
        left = sorted(path.name for path in folder.rglob("*")) if folder.exists() else []
        _check(left == [LEFT_OVER], f"Left over in the program's folder: {left}")
        _check(not _known(), "The program is still in Windows' list of programs")

    step("install", install)
    step("self-test", lambda: _expect(_ended([command_line, "self-test"]), 0, "the self-test"))
    words = ["generate", "a red circle on a blue background", "-o", str(picture)]
    step("picture", lambda: _expect(_ended([command_line, *words]), 0, "making a picture"))
    _check(picture.read_bytes().startswith(b"\x89PNG"), "The picture is no PNG file")

    program = subprocess.Popen([folder / f"{NAME}.exe"])
    try:
        step("window", lambda: _wait_for_window(program))
        _expect(_ended(f'"{setup}" /S /D={folder}'), RUNNING, "updating while the window is open")
        _close_window(program)
        _expect(program.wait(60), 0, "closing the window")
    finally:
        if program.poll() is None:
            program.kill()
    _check(kept.is_dir(), f"The program keeps nothing in {kept}")
    step("update", install)
    step("remove", remove)
    _check(kept.is_dir(), "Removing the program took what the user had made along")
    return took


def _ended(command: str | list[Path | str]) -> int:
    """Run it and wait; as text where NSIS wants a folder without quotes at the end. Returns the exit code."""
    return subprocess.run(command, check=False, timeout=900).returncode


def _known() -> bool:
    return subprocess.run(["reg", "query", _ARP], capture_output=True, check=False).returncode == 0


def _wait_for_window(program: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while not _windows_of(program.pid):
        _check(program.poll() is None, f"The program ended with {program.returncode} and showed no window")
        _check(time.monotonic() < until, f"No window after {PATIENCE:.0f} s")
        time.sleep(0.05)


def _close_window(program: subprocess.Popen[bytes]) -> None:
    """Ask every window of the program to close, as a click on its cross would."""
    if sys.platform == "win32":
        import ctypes

        for window in _windows_of(program.pid):
            ctypes.windll.user32.PostMessageW(window, 0x0010, 0, 0)  # WM_CLOSE


def _windows_of(process: int) -> list[int]:
    """The visible windows with a title of the process with this number."""
    found: list[int] = []
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        user = ctypes.windll.user32

        @ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)
        def look(window: int, _: int) -> bool:
            owner = wintypes.DWORD()
            user.GetWindowThreadProcessId(window, ctypes.byref(owner))
            if owner.value == process and user.IsWindowVisible(window) and user.GetWindowTextLengthW(window):
                found.append(window)
            return True

        user.EnumWindows(look, 0)
    return found


def _expect(code: int, wanted: int, deed: str) -> None:
    _check(code == wanted, f"The exit code of {deed} is {code}, not {wanted}")


def _check(right: bool, sentence: str) -> None:
    if not right:
        raise Wrong(sentence)


def main() -> int:
    """What the command line asks for; returns the exit code."""
    parser = argparse.ArgumentParser(description="Try an installer for Windows.")
    parser.add_argument("setup", type=Path)
    setup = parser.parse_args().setup.resolve()
    if os.name != "nt":
        parser.error("this runs on Windows")
    if _known():
        parser.error("the program is installed here; remove it first")
    # In the user's own folder: with that for temporary files before it, the program's longest path would be too long.
    with tempfile.TemporaryDirectory(dir=Path.home(), ignore_cleanup_errors=True) as work:
        try:
            took = try_out(setup, Path(work).resolve())
        except (Wrong, OSError, subprocess.SubprocessError) as error:
            sys.stderr.write(f"{error}\n")
            return 1
    for name, seconds in took.items():
        sys.stdout.write(f"{name:<12}{seconds:8.1f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
