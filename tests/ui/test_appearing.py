"""The window that is on the screen before the program is read, and how it is furnished then."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from kandinsky_studio import paths
from kandinsky_studio.app import appearance
from kandinsky_studio.ui.main_window import START_SIZE, MainWindow
from kandinsky_studio.ui.theme import Theme

EARLY = """
import json, os, sys
from PySide6.QtGui import QGuiApplication
from kandinsky_studio.ui import main
from kandinsky_studio.ui.main_window import MainWindow
appear = MainWindow.appear
def told(window):
    appear(window)
    seen = QGuiApplication.primaryScreen().grabWindow(0).toImage()
    middle = window.geometry().center()
    print(json.dumps({
        "heavy": [name for name in sys.modules if name in ("numpy", "cv2", "PIL", "kandinsky_studio.app.studio")],
        "colour": seen.pixelColor(middle).name(),
        "size": [window.width(), window.height()],
        "title": window.windowTitle(),
    }), flush=True)
    os._exit(0)
MainWindow.appear = told
main.run(["kandinsky-studio"])
"""


def wait_for_layout():
    """Docks find their places in several turns of the event loop."""
    QTest.qWait(50)


def first_seen():
    done = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout.splitlines()[-1])


def test_an_empty_window_is_on_the_screen_before_the_program_is_read(home):
    seen = first_seen()
    assert seen["heavy"] == []
    assert seen["size"] == list(START_SIZE)
    assert seen["title"] == "Kandinsky Studio"


def test_it_has_the_colours_and_the_size_of_the_last_time(home, make_window):
    window = make_window()
    window.studio.remembering.set(theme="dark")
    window.resize(790, 640)  # within the screen of the tests
    expected = window.theme.colour("window")
    window.close()
    seen = first_seen()
    assert seen["size"] == [790, 640]
    assert QColor(seen["colour"]) == expected


def test_what_is_remembered_is_there_as_soon_as_the_preferences_themselves(home):
    assert appearance.load() == appearance.Appearance("system", 100, "")
    file = paths.config() / "preferences.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"theme": "dark", "font_scale": 150, "window_geometry": "AAAA"}')
    assert appearance.load() == appearance.Appearance("dark", 150, "AAAA")


def test_rubbish_is_as_at_a_first_start_and_stays_where_it_is(home):
    file = paths.config() / "preferences.json"
    file.parent.mkdir(parents=True)
    for rubbish in (
        b"",
        b"\xff\xfe",
        b"[]",
        b"[" * 100_000,
        b'{"theme": ["dark"], "font_scale": true, "window_geometry": 7}',
        b'{"theme": "pink", "font_scale": 4000, "window_geometry": null}',
    ):
        file.write_bytes(rubbish)
        assert appearance.load() == appearance.Appearance()
        assert file.read_bytes() == rubbish


def test_closed_while_it_is_empty_it_closes_when_it_can(qtbot, qapp, make_studio, fake_engine):
    """The answer to an impatient hand comes late, but it comes; nothing is half built or left behind."""
    theme = Theme(qapp)
    theme.begin("light", 100)
    window = MainWindow(theme)
    QTimer.singleShot(0, window.close)
    window.appear()
    window.furnish(make_studio())
    window.show()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5000)
    assert window.closed_cleanly
    window.deleteLater()
    theme.close()


def test_who_calls_while_it_is_empty_is_answered_when_it_is_furnished(home, tmp_path):
    """A double click on a second file right after the first one."""
    code = f"""
import os, sys
from pathlib import Path
from kandinsky_studio.app.instance import Call
from kandinsky_studio.ui import main
from kandinsky_studio.ui.main_window import MainWindow
from kandinsky_studio.app.instance import SingleInstance
claim = SingleInstance.claim
def claimed(self, call):
    claim(self, call)
    self.called.emit(Call((Path({os.fspath(tmp_path / "second.png")!r}),)))
SingleInstance.claim = claimed
def opened(files, studio):
    print(*[file.name for file in files], flush=True)
main._open = opened
MainWindow.start_anyway = lambda self: None
main.QApplication.exec = lambda self: 0
main.run(["kandinsky-studio"], [Path({os.fspath(tmp_path / "first.png")!r})])
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["first.png", "second.png"]


def test_a_maximized_window_comes_back_maximized(make_window, qtbot):
    window = make_window()
    window.resize(790, 640)  # within the screen of the tests
    normal = window.size()
    window.showMaximized()
    qtbot.waitUntil(window.isMaximized)
    window.close()
    again = make_window()
    assert again.isMaximized()
    again.showNormal()
    qtbot.waitUntil(lambda: again.size() == normal)


def sizes(window):
    return {dock.panel.key: (dock.size(), dock.wanted) for dock in window.docks if dock.isVisible()}


def test_the_panels_are_as_large_as_they_were(make_window):
    """Qt gives the panels of a window that is on the screen other sizes than those it was told to restore."""
    window = make_window()
    window.show_panel("queue")
    window.show_panel("handbook")
    window.resize(790, 760)  # within the screen of the tests
    prompt, queue = (next(dock for dock in window.docks if dock.panel.key == key) for key in ("prompt", "queue"))
    window.resizeDocks([prompt], [340], Qt.Orientation.Horizontal)
    window.resizeDocks([queue], [230], Qt.Orientation.Vertical)
    wait_for_layout()
    before = sizes(window)
    assert before["prompt"][0].width() == 340
    assert before["queue"][0].height() > 171, "more than at first"
    window.close()
    again = make_window()
    wait_for_layout()
    assert {key: sizes(again)[key] for key in ("prompt", "queue", "handbook")} == {
        key: before[key] for key in ("prompt", "queue", "handbook")
    }


def test_a_first_start_has_panels_of_the_size_they_are_meant_to_have(make_window):
    window = make_window()
    wait_for_layout()
    assert window.prompt.parentWidget().width() == 352


def test_the_first_thing_to_do_has_the_keyboard(home):
    code = """
import os
from PySide6.QtWidgets import QApplication
from kandinsky_studio.ui import main
from kandinsky_studio.ui.main_window import MainWindow
def started(window):
    prompt = window.prompt.form.prompt
    print(window.isActiveWindow(), QApplication.focusWidget() is prompt, flush=True)
    os._exit(0)
MainWindow._start = started
main.run(["kandinsky-studio"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "True True\n"


def test_the_screen_keeps_the_empty_window_while_it_is_furnished(home):
    code = """
import os
from PySide6.QtGui import QGuiApplication
from kandinsky_studio.ui import main
from kandinsky_studio.ui.main_window import MainWindow
furnish = MainWindow.furnish
def furnished(window, studio):
    furnish(window, studio)
    seen = QGuiApplication.primaryScreen().grabWindow(0).toImage().pixelColor(window.geometry().center())
    print(window.windowHandle().isVisible(), seen == window.theme.colour("window"), flush=True)
def started(window):
    seen = QGuiApplication.primaryScreen().grabWindow(0).toImage()
    print(len({seen.pixel(x, y) for x in range(0, seen.width(), 5) for y in range(0, seen.height(), 5)}) > 16, flush=True)
    os._exit(0)
MainWindow.furnish = furnished
MainWindow._start = started
main.run(["kandinsky-studio"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == ["True True", "True"], "then all of it at once"
