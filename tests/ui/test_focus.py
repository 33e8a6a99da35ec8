"""What has the keyboard can be seen to have it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QSlider,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.colour_wheel import ColourWheel
from kandinsky_studio.ui.widgets.colours import ColourButton
from kandinsky_studio.ui.widgets.number import DecimalBox, WholeBox
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.tool_button import IconButton


def tabs(theme: Theme) -> QTabBar:
    bar = QTabBar()
    bar.addTab("Untitled")
    return bar


def names(theme: Theme) -> QListWidget:
    view = QListWidget()
    view.addItems(["Layer", "Group"])
    view.setCurrentRow(0)
    return view


KINDS = {
    "button": lambda theme: QPushButton("Cancel"),
    "tool": lambda theme: QToolButton(),
    "line": lambda theme: QLineEdit("a star"),
    "text": lambda theme: QPlainTextEdit("a star"),
    "list": lambda theme: QComboBox(),
    "whole": lambda theme: WholeBox(),
    "decimal": lambda theme: DecimalBox(),
    "check": lambda theme: QCheckBox("Soft edge"),
    "radio": lambda theme: QRadioButton("Soft edge"),
    "slider": lambda theme: QSlider(Qt.Orientation.Horizontal),
    "tabs": tabs,
    "names": names,
    "icon": lambda theme: IconButton(theme, "brush"),
    "value": lambda theme: LabelledSlider(theme, 0, 100, 0),
    "swatch": lambda theme: ColourButton(theme),
    "wheel": lambda theme: ColourWheel(theme),
}


@pytest.fixture(params=["light", "dark"])
def theme(qapp, request):
    theme = Theme(qapp)
    theme.use(request.param, 100)
    yield theme
    theme.close()


@pytest.mark.parametrize("kind", KINDS)
def test_the_keyboard_can_be_seen(qtbot, theme, kind):
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    widget, other = KINDS[kind](theme), QPushButton("other")
    layout.addWidget(widget)
    layout.addWidget(other)
    window.show()
    window.activateWindow()
    ring = theme.colour("accent_line").rgb()

    def rings() -> int:
        image = widget.grab().toImage()
        return sum(image.pixel(x, y) == ring for x in range(image.width()) for y in range(image.height()))

    other.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(other.hasFocus)
    without, size = rings(), widget.sizeHint()
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(widget.hasFocus)
    assert rings() >= without + 20  # pixels
    assert widget.sizeHint() == size  # and nothing moves for it
