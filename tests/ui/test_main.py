"""Starting the program, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
from PySide6.QtGui import QImage

from kandinsky_studio.engine.request import GenerationRequest, GenerationResult
from kandinsky_studio.storage.pictures import save_png
from kandinsky_studio.ui.main import picture_of_window

START = "import sys; from kandinsky_studio.ui.main import run; sys.exit(run(['kandinsky-studio']))"


def python(code, **options):
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def test_a_second_start_says_so_and_leaves(home):
    first = python(
        "import sys; from PySide6.QtCore import QTimer; from kandinsky_studio.app.studio import Studio\n"
        "Studio.start = lambda self: print('ready', flush=True)\n" + START
    )
    try:
        assert first.stdout.readline() == "ready\n"
        second = python(START)
        output, errors = second.communicate(timeout=30)
        assert second.returncode == 0, errors
        assert "already running" in output
        assert output.count(".") == 2, "what happened, and what was done"
        assert first.poll() is None
    finally:
        first.terminate()
        first.communicate(timeout=30)


def test_importing_the_window_imports_no_torch():
    code = (
        "import sys, kandinsky_studio.ui.main\n"
        "print([name for name in ('torch', 'diffusers', 'transformers', 'accelerate') if name in sys.modules])"
    )
    output, errors = python(code).communicate(timeout=60)
    assert output.strip() == "[]", errors


def test_the_window_is_there_before_torch_is_asked_for(home):
    """The engine is opened only once something was painted."""
    code = (
        "import sys, time\n"
        "from kandinsky_studio.app.models import Models\n"
        "Models.installed = lambda self, model: True\n"
        "import kandinsky_studio.app.studio as studio\n"
        "from PySide6.QtWidgets import QApplication\n"
        "def opened():\n"
        "    window = next(w for w in QApplication.topLevelWidgets() if type(w).__name__ == 'MainWindow')\n"
        "    print(window.isVisible(), window.stage._has_painted, 'torch' in sys.modules, flush=True)\n"
        "    raise RuntimeError('enough')\n"
        "real = studio.Studio.__init__\n"
        "studio.Studio.__init__ = lambda self, *a, **k: real(self, opened)\n" + START
    )
    process = python(code)
    try:
        assert process.stdout.readline() == "True True False\n"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_terminating_closes_the_window_in_order(home):
    process = python(
        "from kandinsky_studio.app.studio import Studio\n"
        "Studio.start = lambda self: print('ready', flush=True)\n" + START
    )
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert (home / "config" / "preferences.json").is_file(), "the layout was remembered"


def test_a_picture_of_the_window_shows_the_picture(qapp, tmp_path, home):
    request = GenerationRequest(prompt="a star", seed=3)
    image = np.zeros((128, 128, 3), np.uint8)
    image[:] = (250, 10, 130)
    save_png(tmp_path / "star.png", GenerationResult(image, request, np.zeros(8, np.float32)))
    picture_of_window(tmp_path / "window.png", tmp_path / "star.png")
    shot = QImage(os.fspath(tmp_path / "window.png"))
    assert shot.width() >= 1280
    pink = sum(shot.pixelColor(x, 300).getRgb()[:3] == (250, 10, 130) for x in range(shot.width()))
    assert pink > 200
    assert not (home / "config").exists(), "looking changes no preferences"
