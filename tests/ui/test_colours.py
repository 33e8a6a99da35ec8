"""Swatches, the pair of colours one paints with, the wheel and the picker."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtGui import QColor

from kandinsky_studio.app.translation import Translation
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.colour_picker import RECENT, ColourPicker, parse_colour
from kandinsky_studio.ui.widgets.colour_wheel import ColourWheel
from kandinsky_studio.ui.widgets.colours import ColourButton, ColourPair, colour_text

LEFT = Qt.MouseButton.LeftButton
RED, BLUE = QColor("#ff0000"), QColor("#0000ff")


@pytest.fixture
def theme(qapp):
    theme = Theme(qapp)
    theme.use("dark", 100)
    yield theme
    theme.close()


@pytest.fixture
def pair(qtbot, theme):
    pair = ColourPair(theme)
    qtbot.addWidget(pair)
    pair.show()
    return pair


@pytest.fixture
def wheel(qtbot, theme):
    wheel = ColourWheel(theme)
    qtbot.addWidget(wheel)
    wheel.resize(220, 220)
    wheel.show()
    return wheel


@pytest.fixture
def picker(qtbot, theme):
    picker = ColourPicker(theme)
    qtbot.addWidget(picker)
    picker.resize(picker.sizeHint())
    picker.show()
    picker.activateWindow()
    return picker


def test_a_swatch_shows_and_tells_its_colour(qtbot, theme):
    swatch = ColourButton(theme, RED)
    qtbot.addWidget(swatch)
    swatch.set_words("Foreground")
    swatch.resize(swatch.sizeHint())
    assert swatch.grab().toImage().pixelColor(16, 16) == RED
    assert swatch.accessibleName() == "Foreground: #FF0000"
    swatch.set_colour(QColor(0, 0, 255, 51))
    assert swatch.accessibleName() == "Foreground: #0000FF 20 %"
    drawn = swatch.grab().toImage()
    assert len({drawn.pixel(x, 16) for x in range(6, 26)}) > 1  # chequers show through


def test_swapping_and_resetting(qtbot, pair):
    pair.set_colours(RED, BLUE)
    with qtbot.waitSignal(pair.changed) as told:
        qtbot.mouseClick(pair.swap_button, LEFT)
    assert pair.colours == (BLUE, RED) == tuple(told.args)
    with qtbot.waitSignal(pair.changed) as told:
        qtbot.mouseClick(pair.reset_button, LEFT)
    assert [colour_text(colour) for colour in pair.colours] == ["#000000", "#FFFFFF"]


def test_a_press_on_a_swatch_asks_for_a_place_to_choose(qtbot, pair):
    with qtbot.waitSignal(pair.foreground_pressed):
        qtbot.mouseClick(pair.front, LEFT)
    with qtbot.waitSignal(pair.background_pressed):
        qtbot.mouseClick(pair.back, LEFT, pos=QPoint(pair.back.width() - 4, pair.back.height() - 4))


def test_the_pair_grows_with_the_font(pair, theme):
    before = pair.sizeHint().width()
    theme.use("dark", 200)
    pair.layout().activate()
    assert pair.sizeHint().width() > 1.7 * before
    assert pair.front.geometry().intersects(pair.back.geometry())


def test_the_words_of_the_pair_are_translated(pair):
    pair.set_keys("X", "D")
    translation = Translation()
    translation.use("ru")
    QCoreApplication.processEvents()
    assert pair.front.accessibleName() == "Основной цвет: #000000"
    assert pair.swap_button.toolTip() == "Поменять цвета местами  (X)"
    translation.use("en")
    QCoreApplication.processEvents()
    assert pair.swap_button.toolTip() == "Swap the colours  (X)"
    translation.remove()


def test_what_the_wheel_shows_is_what_it_gives(qtbot, wheel):
    for hue in (0.0, 0.25, 0.6):
        point = wheel.point_of_hue(hue).toPoint()
        qtbot.mouseClick(wheel, LEFT, pos=point)
        assert abs(wheel.hsv[0] - hue) < 0.01 or abs(wheel.hsv[0] - hue) > 0.99
    wheel.set_hsv(1 / 3, 0, 0)
    qtbot.mouseClick(wheel, LEFT, pos=wheel.point_of(0.5, 0.75).toPoint())
    _, saturation, value = wheel.hsv
    assert saturation == pytest.approx(0.5, abs=0.01)
    assert value == pytest.approx(0.75, abs=0.01)
    wheel.set_hsv(0.6, 0.1, 0.1)
    shown = wheel.grab().toImage().pixelColor(wheel.point_of(0.8, 0.9).toPoint())
    meant = QColor.fromHsvF(0.6, 0.8, 0.9)
    assert max(abs(shown.red() - meant.red()), abs(shown.green() - meant.green()), abs(shown.blue() - meant.blue())) < 8
    ring = wheel.grab().toImage().pixelColor(wheel.point_of_hue(1 / 3).toPoint())
    assert ring.green() > 240
    assert ring.red() < 30


def test_a_drag_that_leaves_the_square_stays_at_its_edge(qtbot, wheel):
    heard = []
    wheel.committed.connect(lambda: heard.append(wheel.hsv))
    qtbot.mousePress(wheel, LEFT, pos=wheel.point_of(0.5, 0.5).toPoint())
    qtbot.mouseMove(wheel, QPoint(219, 0))
    qtbot.mouseRelease(wheel, LEFT, pos=QPoint(219, 0))
    assert heard == [(0.0, 1.0, 1.0)]


def test_the_wheel_by_the_keyboard(qtbot, wheel):
    wheel.set_hsv(0.5, 0.5, 0.5)
    qtbot.keyClick(wheel, Qt.Key.Key_Right)
    qtbot.keyClick(wheel, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(wheel, Qt.Key.Key_PageUp)
    assert wheel.hsv == pytest.approx((0.5 + 1 / 360, 0.51, 0.6))


@pytest.mark.parametrize(
    ("text", "name"),
    [("#ff8000", "#ff8000"), ("F80", "#ff8800"), (" #ABCDEF ", "#abcdef"), ("12345", None), ("", None), ("red", None)],
)
def test_colours_are_read(text, name):
    colour = parse_colour(text)
    assert (colour.name() if colour else None) == name


def test_all_of_the_picker_shows_the_same_colour(picker):
    picker.set_colour(QColor("#3366cc"))
    assert [slider.number for slider in picker.rgb] == [0x33, 0x66, 0xCC]
    assert [slider.number for slider in picker.hsv] == [220, 75, 80]
    assert picker.hex.text() == "#3366CC"
    assert picker.wheel.hsv == pytest.approx((220 / 360, 0.75, 0.8), abs=0.005)


def test_each_way_of_choosing_tells_the_colour(qtbot, picker):
    changed, chosen = [], []
    picker.changed.connect(changed.append)
    picker.chosen.connect(chosen.append)
    picker.set_colour(QColor("#000000"))
    assert changed == []
    picker.hex.setFocus()
    picker.hex.selectAll()
    qtbot.keyClicks(picker.hex, "3366cc")
    qtbot.keyClick(picker.hex, Qt.Key.Key_Return)
    assert [colour.name() for colour in chosen] == ["#3366cc"]
    qtbot.keyClick(picker.rgb[0], Qt.Key.Key_Home)
    assert chosen[-1].name() == "#0066cc"
    qtbot.keyClick(picker.hsv[2], Qt.Key.Key_End)
    assert chosen[-1].name() == "#0080ff"
    qtbot.mouseClick(picker.wheel, LEFT, pos=picker.wheel.point_of_hue(0).toPoint())
    assert picker.colour.red() == 255
    assert picker.colour.green() < 12
    picker.set_recent([BLUE])
    qtbot.mouseClick(picker.findChildren(ColourButton)[0], LEFT)
    assert chosen[-1] == BLUE == picker.colour
    assert len(changed) == len(chosen)


def test_nonsense_is_put_back(qtbot, picker):
    heard = []
    picker.chosen.connect(heard.append)
    picker.set_colour(RED)
    picker.hex.setFocus()
    picker.hex.selectAll()
    qtbot.keyClicks(picker.hex, "zz")
    qtbot.keyClick(picker.hex, Qt.Key.Key_Return)
    assert picker.hex.text() == "#FF0000"
    assert heard == []


def test_grey_and_black_keep_the_hue(picker):
    picker.set_colour(QColor("#3366cc"))
    hue, saturation, _ = picker.wheel.hsv
    picker.set_colour(QColor("#000000"))
    assert picker.wheel.hsv == (hue, saturation, 0)
    picker.set_colour(QColor("#808080"))
    assert picker.wheel.hsv[:2] == (hue, 0)


def test_recent_colours_come_once_and_newest_first(picker):
    for number in range(RECENT + 4):
        picker.add_recent(QColor(number, 0, 0))
    picker.add_recent(QColor(10, 0, 0))
    assert len(picker.recent) == RECENT
    assert [colour.red() for colour in picker.recent[:3]] == [10, RECENT + 3, RECENT + 2]


def test_every_part_of_the_picker_is_reached_by_tab(qtbot, picker):
    picker.set_recent([RED, BLUE])
    picker.wheel.setFocus()
    qtbot.waitUntil(picker.wheel.hasFocus)
    reached = []
    for _ in range(12):
        reached.append(picker.focusWidget())
        qtbot.keyClick(picker.focusWidget(), Qt.Key.Key_Tab)
    assert {picker.wheel, picker.hex, *picker.hsv, *picker.findChildren(ColourButton)} <= set(reached)
    assert all(widget.accessibleName() for widget in reached)


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("scale", [100, 200])
def test_nothing_is_clipped_in_the_picker(qtbot, picker, theme, language, scale):
    translation = Translation()
    translation.use(language)
    theme.use("light", scale)
    QCoreApplication.processEvents()
    picker.resize(picker.minimumSizeHint())
    QCoreApplication.processEvents()
    for slider in picker.hsv:
        assert slider.width() >= slider.minimumSizeHint().width()
        assert slider.height() >= slider.fontMetrics().height()
    assert picker.hex.width() > picker.hex.fontMetrics().horizontalAdvance("#DDDDDD") + 2 * theme.px(8)
    for button in picker.kinds.values():
        assert button.width() >= button.sizeHint().width()
    translation.use("en")
    translation.remove()
