"""A message can be read wherever it stands: beside its buttons, or above them where there is little room."""

from __future__ import annotations

import pytest

from kandinsky_studio.app.messages import Action, Message, Weight
from kandinsky_studio.ui.message_bar import MessageBar
from kandinsky_studio.ui.theme import Theme

LONG = "Nothing can be written to /media/stick/portable, so settings and pictures are kept on this computer."


@pytest.fixture
def bar(qtbot, qapp):
    theme = Theme(qapp)
    theme.use("light", 100)
    bar = MessageBar(theme)
    qtbot.addWidget(bar)
    bar.show_message(Message(Weight.error, LONG, "Allow writing to it.", "details", (Action("Try again", print),)))
    yield bar
    theme.close()


def lay(bar, width):
    """As whoever shows it does: as tall as it asks for; laid out again when its buttons have found another place."""
    for _ in range(2):
        bar.resize(width, bar.heightForWidth(width))
        bar.layout().activate()


def test_the_words_are_never_a_narrow_column(bar):
    for width, below in ((900, False), (500, True), (900, False)):
        lay(bar, width)
        [button] = bar.action_buttons()
        assert (button.geometry().top() > bar.hint.geometry().bottom()) is below
        assert bar.copy.geometry().top() == button.geometry().top()
        assert bar.text.width() > 22 * bar.fontMetrics().height()
        assert bar.text.height() >= bar.text.heightForWidth(bar.text.width()), "all of it is seen"
        assert bar.rect().contains(bar.copy.geometry())
