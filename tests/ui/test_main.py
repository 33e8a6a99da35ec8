"""Starting the program, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
from PIL import Image
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


HEAVY = (
    *("torch", "diffusers", "transformers", "accelerate", "safetensors", "tokenizers", "huggingface_hub"),
    *("httpx2", "ssl", "urllib.request", "psd_tools", "keyring", "scipy", "asyncio", "unittest"),
)
"""What the window can be seen without."""


def test_the_window_is_there_before_anything_heavy_is_imported(home):
    code = (
        "import sys\n"
        "import kandinsky_studio.app.studio as studio\n"
        f"studio.Studio.start = lambda self: print([name for name in {HEAVY} if name in sys.modules], flush=True)\n"
        + START
    )
    process = python(code)
    try:
        assert process.stdout.readline() == "[]\n"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_who_comes_second_imports_no_window(home):
    """It has to be gone at once."""
    code = (
        "import sys\n"
        "from kandinsky_studio.app.instance import SingleInstance\n"
        "from kandinsky_studio.errors import AlreadyRunning\n"
        "def claim(self, call): raise AlreadyRunning\n"
        "SingleInstance.claim = claim\n"
        "from kandinsky_studio.ui.main import run\n"
        "code = run(['kandinsky-studio'])\n"
        "print([name for name in sys.modules if name.endswith(('workbench', 'app.studio', 'cv2'))], code)"
    )
    output, errors = python(code).communicate(timeout=60)
    assert output.splitlines()[-1] == "[] 0", errors


OPENING = """
import sys
from kandinsky_studio import cli
from kandinsky_studio.app.editor import Editor
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.models import Models
from kandinsky_studio.app.worker import EngineWorker
Models.installed = lambda self, model: False
EngineWorker.start = lambda self: None
real = Editor.add
def add(self, document, *arguments, **values):
    sheet = real(self, document, *arguments, **values)
    print("opened", document.source.name if document.source else document.path.name, flush=True)
    return sheet
Editor.add = add
Messages.error = lambda self, error, *rest, **more: print("said", error, flush=True)
sys.exit(cli.main(sys.argv[1:]))
"""


def test_files_open_in_the_window_and_a_second_start_adds_to_them(home, tmp_path):
    """As the file manager starts it: with paths or addresses, of whatever letters."""
    folder = tmp_path / "Мои картины & more"
    folder.mkdir()
    for name in ("кот 100%.png", "пёс.png"):
        Image.new("RGB", (8, 8), "red").save(folder / name)
    start = [sys.executable, "-c", OPENING]
    first = subprocess.Popen([*start, "кот 100%.png", "missing.png"], stdout=subprocess.PIPE, text=True, cwd=folder)
    try:
        assert [first.stdout.readline() for _ in range(2)] == [
            "opened кот 100%.png\n",
            "said missing.png can't be read.\n",
        ]
        second = subprocess.run(
            [*start, (folder / "пёс.png").as_uri()],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=tmp_path,
        )
        assert second.returncode == 0, second.stderr
        assert first.stdout.readline() == "opened пёс.png\n"
        assert first.poll() is None
    finally:
        first.terminate()
        first.communicate(timeout=30)


def test_a_first_one_that_hangs_is_told_in_a_window(qapp, home, monkeypatch, capsys):
    from PySide6.QtWidgets import QMessageBox

    from kandinsky_studio.errors import NotAnswering
    from kandinsky_studio.storage import preferences
    from kandinsky_studio.storage.preferences import Preferences
    from kandinsky_studio.ui import main

    preferences.save(Preferences(language="ru"))
    shown = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: shown.append((box.text(), box.informativeText())))
    assert main._tell(NotAnswering(seconds=10)) == 1
    ((happened, remedy),) = shown
    assert happened == "Kandinsky Studio запущена, но не отвечает уже 10 с."
    assert remedy.startswith("Подождите")
    assert "не отвечает" in capsys.readouterr().err


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
        "    print(window.isVisible(), window.has_painted, 'torch' in sys.modules, flush=True)\n"
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
