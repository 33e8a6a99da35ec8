"""From the menu and from the window of the models one comes to the graphics card."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from kandinsky_studio.app.runtimes import Runtimes
from kandinsky_studio.runtime import card
from kandinsky_studio.runtime.card import Card, Sight
from kandinsky_studio.ui.dialogs.models import ModelsDialog
from kandinsky_studio.ui.dialogs.runtimes import RuntimesDialog

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen one can't raise a window


@pytest.fixture(autouse=True)
def seen(monkeypatch):
    sight = Sight((Card("NVIDIA GeForce RTX 3060", "580.95.05", 12 * 2**30, (8, 6)),))
    monkeypatch.setattr(card, "look", lambda check_wanted: sight)


def test_a_command_opens_the_window_once(qtbot, window):
    command = window.actions_.commands.action("model.runtimes")
    command.trigger()
    command.trigger()
    (dialog,) = window.findChildren(RuntimesDialog)
    qtbot.waitUntil(lambda: "RTX 3060" in dialog.card.text())


def test_a_card_that_lies_idle_is_told_where_models_are(qtbot, window, monkeypatch):
    window.actions_.get_real_pictures.trigger()
    (models,) = window.findChildren(ModelsDialog)
    window.studio.runtimes.flush()
    assert not models.idle_card.isVisible(), "from source there is nothing to install"
    monkeypatch.setattr(Runtimes, "from_source", property(lambda self: False))
    window.studio.runtimes.changed.emit()
    qtbot.waitUntil(models.use_card.isVisible)
    assert models.idle_card.text() == "NVIDIA GeForce RTX 3060 is not used yet: pictures are made on the processor."
    qtbot.mouseClick(models.use_card, Qt.MouseButton.LeftButton)
    assert len(window.findChildren(RuntimesDialog)) == 1
