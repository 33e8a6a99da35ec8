"""The real window and Krita on one screen without a monitor (Xvfb), one after the other, driven and seen from outside.

Needs ``Xvfb``, ``krita`` and ``xdotool``; says so where they are missing. Both open the same file. Then a pointer draws
straight strokes, one event every 8 ms, while the row of the screen's pixels under it is read about every millisecond:
how far the paint that is seen lies behind the pointer is the time from an event until its paint is on the screen.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

from benchmarks.pointer import TICK
from benchmarks.screen import Pixels, Screen
from benchmarks.table import percentile, table
from benchmarks.window import write

WIDTH, HEIGHT = 1600, 1000
EYE = (700, 400, 200, 200)  # where both show the picture: left, top, width, height
STILL = 4.0  # seconds without a change after which nothing more is expected
PATIENCE = 300.0
STROKES = 12
SIZE = 200  # pixels of the brush that are wished for
SPEED = 8  # pixels from one event to the next
PROGRAMS = ("Xvfb", "krita", "xdotool")


def run() -> str:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"Not measured: {', '.join(missing)} is not installed."
    with tempfile.TemporaryDirectory() as folder, _display() as name, Screen(name) as screen:
        home = Path(folder)
        file = home / "ten layers.ora"
        write(file)
        environment = {
            **{key: value for key, value in os.environ.items() if key != "QT_QPA_PLATFORM"},
            "DISPLAY": name,
            "HOME": folder,
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_RUNTIME_DIR": folder,
            "KANDINSKY_STUDIO_HOME": str(home / "studio"),
            "PYTHONPATH": os.getcwd(),
        }
        krita = ["krita", "--nosplash", "--canvasonly"]
        with _running(krita, environment):  # the first start ever makes a library of brushes
            _window_seen(screen)
        rows, strokes = [], []
        with _running(krita, environment) as empty:
            bare = _window_seen(screen)
            nothing = empty.memory_info().rss
        with _running([*krita, str(file)], environment) as process:
            seconds = _picture_seen(screen)
            rows.append(["Krita 5", f"{seconds:.1f}", f"{seconds - bare:.1f}", _memory(process, nothing)])
            screen.move(800, 500)
            time.sleep(STILL)
            _focus(screen, environment)
            screen.key("1")
            time.sleep(STILL)
            size = _grow(screen)
            strokes.append(["Krita 5", str(size), *_draw(screen, size)])
        ours = [sys.executable, "-m", "benchmarks.peer"]
        with _running([*ours, "", "0"], environment) as empty:
            bare = _window_seen(screen)
            nothing = empty.memory_info().rss
        with _running([*ours, str(file), str(size)], environment) as process:
            seconds = _picture_seen(screen)
            rows.append(["Kandinsky Studio", f"{seconds:.1f}", f"{seconds - bare:.1f}", _memory(process, nothing)])
            _focus(screen, environment)
            _go(file).touch()
            time.sleep(STILL)
            strokes.append(["Kandinsky Studio", str(size), *_draw(screen, size)])
    return "\n\n".join(
        [
            "Ten layers of 4096 × 4096 pixels in one OpenRaster file, as they are opened from the command line; seconds from "
            "the start of the process until the picture is seen and changes no more, the same less a start without a "
            "file, and what the process takes of memory more than without a file, as a multiple of the raw pixels",
            table(["program", "start to picture, s", "less the start, s", "memory"], rows),
            f"{STROKES} straight strokes of a hard brush on the sixth layer at 100 %, an event every {TICK * 1000:.0f} ms; "
            "milliseconds that the paint on the screen is behind the pointer, and from the last event until nothing "
            "changes any more",
            table(["program", "brush, px", "p50", "p99", "max", "after the end, median"], strokes),
        ]
    )


@contextmanager
def _display() -> Iterator[str]:
    """A screen without a monitor; its name."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as said:
            yield f":{int(said.readline())}"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[psutil.Process]:
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdin=silent, stdout=silent, stderr=silent)
    try:
        yield psutil.Process(process.pid)
        assert process.poll() is None, f"{command[0]} ended by itself"
    finally:
        process.kill()
        process.wait()


def _picture_seen(screen: Screen) -> float:
    """Seconds from now, when the process began, until the picture is there and still."""
    begin = time.perf_counter()
    while not _is_noisy(screen.look(*EYE)):
        assert time.perf_counter() - begin < PATIENCE, "no picture came"
        time.sleep(0.01)
    return screen.still(*EYE, STILL, PATIENCE) - begin


def _window_seen(screen: Screen) -> float:
    """Seconds from now, when the process began on an empty screen, until its window is there and still."""
    begin = time.perf_counter()
    while not screen.look(*EYE)[..., :3].any():
        assert time.perf_counter() - begin < PATIENCE, "no window came"
        time.sleep(0.01)
    return screen.still(*EYE, STILL, PATIENCE) - begin


def _is_noisy(pixels: Pixels) -> bool:
    """Whether this is the picture: panels and empty pages are smooth."""
    return bool((np.abs(np.diff(pixels[..., 1].astype(np.int16), axis=1)) > 3).mean() > 0.2)


def _memory(process: psutil.Process, nothing: int) -> str:
    return f"{(process.memory_info().rss - nothing) / (10 * 4096 * 4096 * 4):.2f}"


def _focus(screen: Screen, environment: dict[str, str]) -> None:
    command = ["xdotool", "search", "--onlyvisible", "--name", "."]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    screen.focus(int(found[-1]))


def _grow(screen: Screen) -> int:
    """Make Krita's brush larger by its key, until a dot is ``SIZE`` pixels high; how high it is."""
    width = 0
    for number in range(60):
        x, y = 520 + 40 * (number % 14), 400
        if number % 4 == 0:
            before = screen.look(*_column(x, y))
            screen.move(x, y)
            screen.button(True)
            screen.button(False)
            screen.move(350, 760)  # its outline is no paint
            time.sleep(1.0)
            changed = np.flatnonzero(_differs(before, screen.look(*_column(x, y)))[:, 0])
            width = int(changed[-1] - changed[0] + 1) if len(changed) else 0
            if width >= SIZE:
                break
        screen.move(x, y)
        screen.key("bracketright")
        time.sleep(0.1)
    return width


def _column(x: int, y: int) -> tuple[int, int, int, int]:
    return x, y - 180, 1, 360


def _differs(before: Pixels, after: Pixels) -> Pixels:
    difference = np.abs(before.astype(np.int16) - after)[..., :3].max(axis=2)
    return np.asarray(difference > 2, np.uint8)


def _draw(screen: Screen, size: int) -> list[str]:
    """Straight strokes from left to right; how far the paint is behind, p50, p99 and the most, and how long it goes on."""
    behind: list[float] = []
    after: list[float] = []
    left, right = 480 + size // 2, 1080 - size // 2
    for number in range(STROKES):
        y = 330 + 31 * number
        row = (left - size // 2, y, right - left + size, 1)
        before = screen.look(*row)  # without the outline of the brush
        screen.move(left, y)
        time.sleep(0.7)
        found, ended = _stroke(screen, row, left, right)
        screen.move(350, 760)
        time.sleep(0.7)
        final = screen.look(*row)
        screen.key("z", control=True)
        time.sleep(1.0)
        assert not _differs(before, screen.look(*row)).any(), "the stroke was not taken back"
        lags, still = _lags(found, before, final, ended, row[0])
        behind += lags
        after.append(still)
    assert len(behind) > 3 * STROKES, "hardly any paint was seen"
    return [*(f"{percentile(behind, share):.0f}" for share in (0.5, 0.99, 1.0)), f"{percentile(after, 0.5):.0f}"]


def _stroke(
    screen: Screen, row: tuple[int, int, int, int], left: int, right: int
) -> tuple[list[tuple[float, float, Pixels]], float]:
    """Draws; what was seen when: seconds, where the pointer was, pixels. And when the pointer came to its end."""
    found = [(time.perf_counter(), float(left), screen.look(*row))]
    screen.button(True)
    x, due, moments = left, time.perf_counter() + TICK, [(time.perf_counter(), left)]
    while x < right:
        now = time.perf_counter()
        if now >= due:
            x = min(x + SPEED, right)
            screen.move(x, row[1])
            moments.append((time.perf_counter(), x))
            due += TICK
        else:
            found.append((now, float(x), screen.look(*row)))
            time.sleep(0.0005)
    ended = time.perf_counter()
    screen.button(False)
    while (now := time.perf_counter()) < ended + 0.6:
        found.append((now, float(x), screen.look(*row)))
        time.sleep(0.001)
    _MOMENTS[:] = moments
    return found, ended


_MOMENTS: list[tuple[float, int]] = []  # when the pointer of the last stroke came where


def _lags(
    found: list[tuple[float, float, Pixels]], before: Pixels, final: Pixels, ended: float, begin: int
) -> tuple[list[float], float]:
    """Milliseconds behind, once for each advance of the paint; milliseconds from the end until it is as it stays."""
    columns = np.flatnonzero(_differs(before, final)[0])
    if len(columns) < 50:
        return [], 0.0
    ahead = begin + int(columns[-1]) - _MOMENTS[-1][1]  # how far the paint reaches beyond the pointer when all is drawn
    lags, furthest, last = [], -1, ended
    for moment, _, pixels in found:
        done = int((_differs(pixels, final)[0][columns] == 0).sum())
        if done <= furthest:
            continue
        furthest, last = done, moment
        place = begin + int(columns[min(done, len(columns)) - 1]) - ahead if done else 0
        came = next((when for when, x in _MOMENTS if x >= place), None)
        if came is not None and place > _MOMENTS[0][1] + 2 * SPEED and moment <= ended:
            lags.append(max(moment - came, 0.0) * 1000)
    return lags, max(last - ended, 0.0) * 1000


def _go(file: Path) -> Path:
    """What is there once the program shall show 100 %."""
    return file.with_suffix(".go")


def _ours(file: str, size: int) -> int:
    """The program itself, which opens ``file`` at once, takes a brush, and shows 100 % when it is told to."""
    from PySide6.QtCore import QTimer

    from kandinsky_studio.ui import main as program
    from kandinsky_studio.ui.main_window import MainWindow

    start: Callable[[MainWindow], None] = MainWindow._start
    windows: list[MainWindow] = []

    def started(window: MainWindow) -> None:
        if not windows and file:
            windows.append(window)
            editor = window.studio.editor
            editor.open(Path(file))
            editor.take("brush")
            editor.set_option("size", float(size))
            editor.set_option("hardness", 1.0)
            told = QTimer(window, interval=100)

            def look() -> None:
                if _go(Path(file)).exists():
                    told.stop()
                    window.bench.page.view.actual_size()

            told.timeout.connect(look)
            told.start()
            window.setGeometry(0, 0, WIDTH, HEIGHT)
        start(window)

    MainWindow._start = started  # type: ignore[method-assign,assignment]
    return program.run(["kandinsky-studio"])


if __name__ == "__main__":
    sys.exit(_ours(sys.argv[1], int(sys.argv[2])))
