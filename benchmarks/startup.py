"""From the start of the process to a window on the screen, and to one that takes input, by turns with an empty one of Qt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time

from benchmarks.table import spread, table

ROUNDS = 7


def run() -> str:
    seconds: dict[str, list[float]] = {"bare": [], "seen": [], "usable": []}
    for _ in range(ROUNDS):
        seconds["bare"].append(_measured("bare")["usable"])
        ours = _measured("ours")
        for name in ("seen", "usable"):
            seconds[name].append(ours[name])
    titles = {"bare": "empty window of Qt", "seen": "Kandinsky Studio, empty", "usable": "Kandinsky Studio, usable"}
    rows = [
        [titles[name], spread(times), spread([a / b for a, b in zip(times, seconds["bare"], strict=True)])]
        for name, times in seconds.items()
    ]
    platform = _platform()
    return (
        f"{ROUNDS} starts each, by turns, Qt platform “{platform}”; torch was not imported yet when the window was usable"
        "\n\n" + table(["window", "seconds, median (min … max)", "times the empty window"], rows)
    )


def _measured(kind: str) -> dict[str, float]:
    """Start a process with an empty home; the seconds until its window is ``seen``, and until it is ``usable``."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"KANDINSKY_STUDIO_HOME": home, "QT_QPA_PLATFORM": _platform()}
        command = [sys.executable, "-m", "benchmarks.startup", kind, repr(time.time())]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    answer = json.loads(done.stdout.splitlines()[-1])
    if answer["heavy"]:
        raise AssertionError(f"imported before the window was usable: {', '.join(answer['heavy'])}")
    return {name: float(answer[name]) for name in ("seen", "usable")}


def _platform() -> str:
    displays = ("DISPLAY", "WAYLAND_DISPLAY")
    offscreen = sys.platform.startswith("linux") and not any(map(os.environ.get, displays))
    return os.environ.get("QT_QPA_PLATFORM") or ("offscreen" if offscreen else "")


def _usable(started: float, seen: float | None = None) -> None:
    """Called by the event loop after the first painting: tell, and end the process as it is."""
    now = time.time()
    heavy = sorted({"torch", "diffusers", "transformers", "accelerate"} & set(sys.modules))
    print(json.dumps({"seen": (seen or now) - started, "usable": now - started, "heavy": heavy}), flush=True)
    os._exit(0)


def _ours(started: float) -> None:
    from kandinsky_studio.ui import main
    from kandinsky_studio.ui.main_window import MainWindow

    appear, seen = MainWindow.appear, []

    def appeared(window: MainWindow) -> None:
        appear(window)
        seen.append(time.time())

    MainWindow.appear = appeared  # type: ignore[method-assign,assignment]
    # The window calls this from the event loop, after it was painted, to begin what may take long.
    MainWindow._start = lambda self: _usable(started, seen[0])  # type: ignore[method-assign]
    main.run(["kandinsky-studio"])


def _bare(started: float) -> None:
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication, QMainWindow

    application = QApplication(["bare"])
    window = QMainWindow()
    window.resize(1280, 800)
    window.show()
    application.processEvents()
    QTimer.singleShot(0, lambda: _usable(started))
    application.exec()


if __name__ == "__main__":
    {"ours": _ours, "bare": _bare}[sys.argv[1]](float(sys.argv[2]))
