"""From the start of the process to a painted window that takes input, by turns with an empty window of Qt."""

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
    ours, bare = [], []
    for _ in range(ROUNDS):
        bare.append(_seconds("bare"))
        ours.append(_seconds("ours"))
    rows = [
        ["empty window of Qt", spread(bare), "1"],
        ["Kandinsky Studio", spread(ours), spread([a / b for a, b in zip(ours, bare, strict=True)])],
    ]
    platform = _platform()
    return (
        f"{ROUNDS} starts each, by turns, Qt platform “{platform}”; torch was not imported yet when the window was usable"
        "\n\n" + table(["window", "seconds, median (min … max)", "times the empty window"], rows)
    )


def _seconds(kind: str) -> float:
    """Start a process with an empty home; the seconds until its window is usable."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"KANDINSKY_STUDIO_HOME": home, "QT_QPA_PLATFORM": _platform()}
        command = [sys.executable, "-m", "benchmarks.startup", kind, repr(time.time())]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    answer = json.loads(done.stdout.splitlines()[-1])
    if answer["heavy"]:
        raise AssertionError(f"imported before the window was usable: {', '.join(answer['heavy'])}")
    return float(answer["seconds"])


def _platform() -> str:
    displays = ("DISPLAY", "WAYLAND_DISPLAY")
    offscreen = sys.platform.startswith("linux") and not any(map(os.environ.get, displays))
    return os.environ.get("QT_QPA_PLATFORM") or ("offscreen" if offscreen else "")


def _usable(started: float) -> None:
    """Called by the event loop after the first painting: tell, and end the process as it is."""
    heavy = sorted({"torch", "diffusers", "transformers", "accelerate"} & set(sys.modules))
    print(json.dumps({"seconds": time.time() - started, "heavy": heavy}), flush=True)
    os._exit(0)


def _ours(started: float) -> None:
    from kandinsky_studio.ui import main
    from kandinsky_studio.ui.main_window import MainWindow

    # The window calls this from the event loop, after it was painted, to begin what may take long.
    MainWindow._start = lambda self: _usable(started)  # type: ignore[method-assign]
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
