"""Icon buttons and the bars they stand in."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from kandinsky_studio.ui.sizes import BUTTON, TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.tool_button import FlowToolBar, IconButton


@pytest.fixture
def theme(qapp):
    theme = Theme(qapp)
    theme.use("dark", 100)
    yield theme
    theme.close()


def ink(button: IconButton) -> float:
    """How light the icon of the button is, 0…1: the mean of what is opaque."""
    image = button.icon().pixmap(button.iconSize()).toImage()
    colours = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    opaque = [colour.lightnessF() for colour in colours if colour.alpha() > 200]
    return sum(opaque) / len(opaque)


def test_a_button_says_what_it_does(qtbot, theme):
    button = IconButton(theme, "brush")
    qtbot.addWidget(button)
    button.set_words("Brush", "B")
    assert button.accessibleName() == "Brush"
    assert button.toolTip() == "Brush  (B)"
    button.set_words("Brush")
    assert button.toolTip() == "Brush"


def test_a_button_grows_with_the_font_and_follows_the_theme(qtbot, theme):
    button = IconButton(theme, "grid")
    qtbot.addWidget(button)
    button.resize(button.sizeHint())
    side = theme.px(BUTTON)
    assert button.sizeHint() == QSize(side, side)
    assert ink(button) > 0.8
    icon = button.iconSize().width()
    theme.use("light", 200)
    assert button.sizeHint() == QSize(2 * side, 2 * side)
    assert button.iconSize().width() == 2 * icon
    assert ink(button) < 0.2
    small = IconButton(theme, "grid", small=True)
    qtbot.addWidget(small)
    assert small.sizeHint().width() < button.sizeHint().width()


def test_a_button_shows_that_it_is_on(qtbot, theme):
    button = IconButton(theme, "brush")
    qtbot.addWidget(button)
    button.setCheckable(True)
    button.resize(button.sizeHint())
    off = button.grab().toImage().pixelColor(4, 16)
    button.setChecked(True)
    assert button.grab().toImage().pixelColor(4, 16) == theme.colour("accent_soft") != off


def test_the_mouse_leaves_the_keyboard_where_it_is(qtbot, theme):
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    edit, button = QLineEdit(), IconButton(theme, "brush")
    layout.addWidget(edit)
    layout.addWidget(button)
    window.show()
    window.activateWindow()
    edit.setFocus()
    qtbot.waitUntil(edit.hasFocus)
    with qtbot.waitSignal(button.clicked):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert edit.hasFocus()
    qtbot.keyClick(edit, Qt.Key.Key_Tab)
    assert button.hasFocus()
    with qtbot.waitSignal(button.clicked):
        qtbot.keyClick(button, Qt.Key.Key_Space)


def test_the_button_of_an_action(qtbot, theme):
    action = QAction("&Brush")
    action.setCheckable(True)
    button = IconButton.of(theme, action, "brush")
    qtbot.addWidget(button)
    assert not button.icon().isNull()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert action.isChecked()
    action.setEnabled(False)
    assert not button.isEnabled()
    theme.use("light")
    assert not button.icon().isNull()


@pytest.fixture
def bar(qtbot, theme):
    bar = FlowToolBar(theme)
    qtbot.addWidget(bar)
    for name in ("move", "brush", "eraser", "fill", "hand"):
        bar.add(IconButton(theme, name))
    bar.show()
    return bar


def test_a_bar_wraps_where_it_is_narrow(qapp, theme, bar):
    side = theme.px(BUTTON)
    for across, down in ((5, 1), (2, 3), (1, 5)):
        width = across * side + (across - 1) * TIGHT
        assert bar.layout().heightForWidth(width) == down * side + (down - 1) * TIGHT
        bar.resize(width, 400)
        qapp.processEvents()
        places = [button.geometry() for button in bar.buttons]
        assert len({place.x() for place in places}) == across
        assert len({place.y() for place in places}) == down
        assert all(QRect(0, 0, width, 400).contains(place) for place in places)
    assert bar.minimumSizeHint().width() == side


def test_what_is_hidden_takes_no_place(qapp, theme, bar):
    bar.resize(400, 100)
    bar.buttons[0].hide()
    qapp.processEvents()
    assert bar.buttons[1].x() == 0


def test_the_arrows_go_from_button_to_button(qtbot, bar):
    bar.activateWindow()
    bar.buttons[2].setEnabled(False)
    bar.buttons[1].setFocus()
    qtbot.waitUntil(bar.buttons[1].hasFocus)
    qtbot.keyClick(bar.buttons[1], Qt.Key.Key_Right)
    assert bar.buttons[3].hasFocus()  # over the one that can't be used
    qtbot.keyClick(bar.buttons[3], Qt.Key.Key_Up)
    assert bar.buttons[1].hasFocus()
    bar.buttons[0].setFocus()
    qtbot.keyClick(bar.buttons[0], Qt.Key.Key_Left)
    assert bar.buttons[4].hasFocus()
