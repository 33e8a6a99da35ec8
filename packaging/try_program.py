"""Tries the frozen program out on Linux as a user would meet it, and measures how large it is and how fast it starts.

python packaging/try_program.py [PROGRAM] [--rounds N] [--screenshot FILE]

From a folder with spaces and Cyrillic letters that nothing can be written to, and as a user who may write nowhere but at
home (if root runs this): its version, its self-test, a picture, its window. Fails if one of them fails, if the program
wrote beside itself, or if the window waited for PyTorch.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pwd
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from contents import NAME, ROOT
from PIL import Image
from virtual_screen import LOOKS_PAINTED, VirtualScreen

from kandinsky_studio.selftest import shows_red_on_blue

PROMPT = "a red circle on a blue background"
SEEDS = ("--prior-seed", "1", "--seed", "1")

_NOBODY = "nobody"
_STRANGE = "Мои программы, и ещё"
_TORCH = "libtorch_cpu"
_PATIENCE = 120.0  # seconds, for whatever is waited for
_LOOK_EVERY = 0.01  # seconds
_MOST = 0.5  # share of the screen that a window covers at least
_SLACK = 1.0  # seconds that a busy X server may take to show what the program has painted


@dataclass
class Starts:
    """Seconds from the start of the process, one number for each start.

    ``frame`` is the window while it is still empty, ``window`` is it with everything in it.
    """

    frame: list[float] = field(default_factory=list)
    window: list[float] = field(default_factory=list)
    torch: list[float] = field(default_factory=list)


class Tried:
    """The program in a strange folder, run by a user who may not write there, with a home of its own."""

    def __init__(self, program: Path, work: Path) -> None:
        self.folder = work / _STRANGE / NAME
        self.home = work / "home"
        self.home.mkdir()
        _link(program, self.folder)
        self.user = _NOBODY if os.geteuid() == 0 else None
        if self.user is not None:
            work.chmod(0o755)
            entry = pwd.getpwnam(_NOBODY)
            os.chown(self.home, entry.pw_uid, entry.pw_gid)
        for folder in [
            self.folder,
            *(path for path in self.folder.rglob("*") if path.is_dir() and not path.is_symlink()),
        ]:
            folder.chmod(0o555)

    def environment(self, display: str | None = None) -> dict[str, str]:
        """Nothing of ours but where home is, and the screen."""
        told = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        return told if display is None else {**told, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}

    def start(self, *words: str, display: str | None = None) -> subprocess.Popen[str]:
        """Start the program with these words; its output comes through pipes."""
        return subprocess.Popen(
            [self.folder / NAME, *words],
            env=self.environment(display),
            cwd=self.home,
            user=self.user,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> str:
        """Run it to its end; returns what it said. Raises ``SystemExit`` if it failed."""
        process = self.start(*words)
        said, _ = process.communicate(timeout=600)
        if process.returncode:
            sys.exit(f"{NAME} {' '.join(words)} ended with {process.returncode}:\n{said}")
        return said

    def free(self) -> None:
        """Let the folders be removed."""
        for folder, _, _ in os.walk(self.folder):
            Path(folder).chmod(0o755)


def try_out(tried: Tried) -> None:
    """Its version, its self-test and a picture; says how long each took. Raises ``SystemExit``."""
    for words in (("--version",), ("self-test",)):
        started = time.perf_counter()
        said = tried.run(*words)
        _say(f"{said.strip()}\n{' '.join(words)}: {time.perf_counter() - started:.2f} s\n")
    picture = tried.home / "круг.png"
    started = time.perf_counter()
    tried.run("generate", PROMPT, *SEEDS, "-o", str(picture))
    pixels = np.asarray(Image.open(picture).convert("RGB"))
    if not shows_red_on_blue(pixels):
        sys.exit(f"{picture} does not show {PROMPT}")
    _say(f"generate: {time.perf_counter() - started:.2f} s, and it is {PROMPT}\n")


def measure(tried: Tried, rounds: int, *, cold: bool) -> Starts:
    """Start the window so often, each time with nothing kept from before. Raises ``SystemExit``."""
    starts = Starts()
    for _ in range(rounds):
        _empty(tried.home)
        if cold:
            evict(tried.folder)
        with VirtualScreen() as screen:
            process = tried.start(display=screen.display)
            try:
                frame, window, torch = _first_seen(process, screen)
            finally:
                process.kill()
                process.communicate()
        if torch < window - _SLACK:
            sys.exit(f"PyTorch was loaded {window - torch:.1f} s before the window was there.")
        starts.frame.append(frame)
        starts.window.append(window)
        starts.torch.append(torch)
    return starts


def _first_seen(process: subprocess.Popen[str], screen: VirtualScreen) -> tuple[float, float, float]:
    """Seconds from now until a window is on the screen, until there is something in it, and until PyTorch is loaded."""
    started, frame, window, torch = time.perf_counter(), 0.0, 0.0, 0.0
    bare = screen.pixels()[::6, ::6]
    while not (window and torch):
        passed = time.perf_counter() - started
        if passed > _PATIENCE or process.poll() is not None:
            sys.exit(f"There was no {'PyTorch' if window else 'window'} after {passed:.0f} s.")
        if not torch and _maps(process.pid, _TORCH):
            torch = passed
        if not window:
            seen = screen.pixels()[::6, ::6]
            if not frame and np.mean(np.any(seen != bare, axis=-1)) >= _MOST:
                frame = time.perf_counter() - started
            if len(np.unique(seen.reshape(-1, 3), axis=0)) >= LOOKS_PAINTED:
                window = time.perf_counter() - started
        time.sleep(_LOOK_EVERY)
    return frame, window, torch


def take_picture(tried: Tried, file: Path) -> None:
    """Start the window and write what is on the screen into the PNG ``file`` once it stands still."""
    with VirtualScreen() as screen:
        process = tried.start(display=screen.display)
        try:
            screen.wait_for_window(process, _PATIENCE)
            Image.fromarray(screen.wait_until_still()).save(file)
            process.terminate()  # as the end of a session does
            process.wait(_PATIENCE)
        finally:
            process.kill()
            said, _ = process.communicate()
    if process.returncode or said.strip():
        sys.exit(f"The window ended with {process.returncode} and said: {said}")


def evict(folder: Path) -> None:
    """Have the system forget what it read of the files in ``folder``, as after it was started."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fdatasync(handle)  # what is not written yet is not forgotten
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(handle)


def sizes(program: Path) -> list[tuple[str, int]]:
    """The largest parts of the program in bytes, the largest first, and the whole of it at the end."""
    parts: Counter[str] = Counter()
    for path in program.rglob("*"):
        if path.is_file() and not path.is_symlink():
            parts[_part(path.relative_to(program).parts)] += path.stat().st_size
    return [*parts.most_common(16), ("all of it", parts.total())]


def _part(names: tuple[str, ...]) -> str:
    if names[0] == "runtime":
        return "/".join(names[:2])
    if names[0] != "_internal":
        return names[0]
    return names[1] if len(names) > 2 else "single libraries"


def _link(source: Path, target: Path) -> None:
    """A copy that takes no room, where the disk can have one file in two places."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copytree(source, target, symlinks=True, copy_function=os.link)
    except (OSError, shutil.Error):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, symlinks=True)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _maps(pid: int, name: str) -> bool:
    with contextlib.suppress(OSError):
        return name in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
    return False


def _state(folder: Path) -> dict[str, Any]:
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.rglob("*")}


@contextlib.contextmanager
def _untouched(folder: Path) -> Iterator[None]:
    before = _state(folder)
    yield
    changed = {*before.items()} ^ {*_state(folder).items()}
    if changed:
        sys.exit(f"The program wrote beside itself: {', '.join(sorted({path for path, _ in changed}))}")


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f} … {max(seconds):.2f})"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Do what the first lines of this file say; returns the exit code."""
    parser = argparse.ArgumentParser(description="Try the frozen program out.")
    parser.add_argument("program", type=Path, nargs="?", default=ROOT / "build" / "dist" / NAME)
    parser.add_argument("--rounds", type=int, default=7, help="how often the window is started, cold and warm")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help="a PNG file for a picture of the window")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.program.parent) as work:  # on one disk, so that links can be made
        tried = Tried(options.program.resolve(), Path(work))
        try:
            with _untouched(tried.folder):
                try_out(tried)
                if options.screenshot:
                    take_picture(tried, options.screenshot)
                rows = [(name, measure(tried, options.rounds, cold=name == "cold")) for name in ("cold", "warm")]
        finally:
            tried.free()
    _say("| part | MB |\n| --- | --- |")
    for name, size in sizes(options.program):
        _say(f"| {name} | {size / 1e6:.1f} |")
    _say("\n| start | empty window, s, median (min … max) | all in it, s | PyTorch begins to load, s |")
    _say("| --- | --- | --- | --- |")
    for name, starts in rows:
        _say(f"| {name} | {_spread(starts.frame)} | {_spread(starts.window)} | {_spread(starts.torch)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
