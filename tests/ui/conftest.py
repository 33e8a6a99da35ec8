"""The real window, with the engine double behind it."""

from __future__ import annotations

import itertools
import threading
from collections import Counter

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QMessageBox

from kandinsky_studio.app import appearance
from kandinsky_studio.ui.main_window import MainWindow
from kandinsky_studio.ui.theme import Theme


@pytest.fixture(scope="module")
def built_in_engine():
    """The real engine for a module's windows; the model stays in memory from test to test."""
    from kandinsky_studio.engine.engine import Engine

    class KeptEngine(Engine):
        def __init__(self):
            super().__init__("cpu")
            self.loaded = []
            self.hold = threading.Event()  # the studio's fixture lets a waiting double go on

        def load(self, model, on_progress=lambda _: None):
            spec = super().load(model, on_progress)
            self.loaded.append(model)
            return spec

        def free(self):
            pass

    engine = KeptEngine()
    engine.load("builtin")
    yield engine
    Engine.free(engine)


@pytest.fixture
def runs():
    """How often each kind of network is run."""
    from torch.nn.modules.module import register_module_forward_pre_hook

    counted = Counter()
    hook = register_module_forward_pre_hook(lambda module, _: counted.update([type(module).__name__]))
    yield counted
    hook.remove()


@pytest.fixture
def steady_seeds(monkeypatch):
    """Seeds that are the same in each run of the tests."""
    numbers = itertools.count(11)
    monkeypatch.setattr("kandinsky_studio.app.generation.random_seed", lambda: next(numbers))


@pytest.fixture
def make_window(qtbot, qapp, make_studio, fake_engine, monkeypatch):
    """Opens windows as a start of the program does; the engine runs once they are painted."""
    themes = []

    def refuse(box):
        raise AssertionError(f"a modal question would block the test: {box.text()}")

    monkeypatch.setattr(QMessageBox, "exec", refuse)

    def leave(window):
        window.studio.generation.cancel_all()
        window.end_session()  # nobody is there to answer what is to become of documents

    def make(welcomed=True):
        studio = make_studio()
        studio.remembering.values.welcomed |= welcomed  # most tests begin where the first minutes are over
        theme = Theme(qapp)
        themes.append(theme)
        last = appearance.load()
        theme.begin(last.theme, last.font_scale)
        window = MainWindow(theme, last.geometry)
        window.appear()
        window.furnish(studio)
        qtbot.addWidget(window, before_close_func=leave)
        window.show()
        qtbot.waitExposed(window)
        window.grab()
        qtbot.waitUntil(lambda: studio._started, timeout=3000)  # an engine that is kept has loaded its model before
        qtbot.waitUntil(lambda: bool(fake_engine.loaded), timeout=3000)
        return window

    yield make
    # Widgets that are gone need no other style sheet; the rest would each be dressed anew.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    for theme in themes:
        theme.close()


@pytest.fixture
def window(make_window):
    return make_window()
