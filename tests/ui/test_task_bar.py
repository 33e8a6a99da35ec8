"""What will be sent can be read before the button is pressed, in every language and size of the text."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor

from kandinsky_studio.app.canvas_plan import Verb


@pytest.fixture
def bar(qtbot, window):
    window.studio.editor.new(256, 256, QColor("white"))
    qtbot.waitUntil(lambda: window.studio.candidates.verb is Verb.REFINE, timeout=3000)
    yield window.bench.page.task_bar
    window.studio.remembering.set(font_scale=100, language="en")


def test_a_sentence_with_room_stands_beside_the_controls(qtbot, window, bar):
    window.resize(1440, 900)
    qtbot.waitUntil(bar.sentence.isVisible, timeout=3000)
    assert not bar.above.isVisible()
    height = bar.height()
    window.studio.remembering.set(language="ru", font_scale=200)
    window.resize(1900, 1200)
    qtbot.waitUntil(bar.above.isVisible, timeout=3000)
    qtbot.waitUntil(lambda: bar.height() > 2 * height, timeout=3000)
    assert not bar.sentence.isVisible(), "it is said once"
    assert bar.above.text() == bar.sentence.text()
    assert "256 × 256" in bar.above.text()
    qtbot.waitUntil(lambda: bar.above.height() >= bar.above.heightForWidth(bar.above.width()), timeout=3000)
    assert bar.above.geometry().bottom() < bar.strength.geometry().top(), "above the controls"
    window.studio.remembering.set(language="en", font_scale=100)
    qtbot.waitUntil(bar.sentence.isVisible, timeout=3000)
    assert not bar.above.isVisible()
