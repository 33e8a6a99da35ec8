"""The slider with its name and its number in it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QLocale, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QScrollArea, QVBoxLayout, QWidget

from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.slider import LabelledSlider

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def theme(qapp):
    theme = Theme(qapp)
    theme.use("dark", 100)
    yield theme
    theme.close()


class Heard:
    """What a slider told."""

    def __init__(self, slider: LabelledSlider) -> None:
        self.changed: list[float] = []
        self.committed: list[float] = []
        slider.changed.connect(self.changed.append)
        slider.committed.connect(self.committed.append)


@pytest.fixture
def make(qtbot, theme):
    def make(*args, **options):
        slider = LabelledSlider(theme, *args, **options)
        qtbot.addWidget(slider)
        slider.resize(200, slider.sizeHint().height())
        slider.show()
        slider.activateWindow()
        slider.setFocus()
        qtbot.waitUntil(slider.hasFocus)
        return slider, Heard(slider)

    return make


def drag(qtbot, slider, start, *xs, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.mousePress(slider, LEFT, modifier, QPoint(start, 10))
    for x in xs:
        qtbot.mouseMove(slider, QPoint(x, 10))
    qtbot.mouseRelease(slider, LEFT, modifier, QPoint(xs[-1] if xs else start, 10))


def wheel(slider, notches, modifier=Qt.KeyboardModifier.NoModifier):
    middle = QPointF(slider.rect().center())
    event = QWheelEvent(
        middle,
        QPointF(slider.mapToGlobal(middle.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    event.ignore()
    slider.wheelEvent(event)
    return event.isAccepted()


def test_a_drag_tells_each_value_and_ends_once(qtbot, make):
    slider, heard = make(0, 100, 50)
    drag(qtbot, slider, 20, 60, 100, 150)
    assert heard.changed == [30, 50, 75]
    assert heard.committed == [75]
    assert slider.number == 75
    drag(qtbot, slider, 100, 900)
    assert slider.number == 100  # no further than its end


def test_a_click_goes_there(qtbot, make):
    slider, heard = make(0, 100, 0)
    drag(qtbot, slider, 50)
    assert slider.number == 25
    assert heard.committed == [25]


def test_a_double_click_gives_back_the_default(qtbot, make):
    slider, heard = make(0, 100, 40)
    slider.set_number(90)
    assert heard.changed == []
    qtbot.mouseDClick(slider, LEFT, pos=QPoint(60, 10))
    assert slider.number == 40
    assert heard.committed == [40]


def test_small_and_large_brushes_have_as_much_room(qtbot, make):
    slider, _ = make(1, 2000, 20, logarithmic=True)
    numbers = []
    for x in (50, 100, 150):
        drag(qtbot, slider, 5, x)
        numbers.append(slider.number)
    assert numbers == [7, 45, 299]  # 2000 to the power of ¼, ½ and ¾
    slider.set_number(1)
    seen = {slider.number}
    for _ in range(60):
        qtbot.keyClick(slider, Qt.Key.Key_Right)
        seen.add(slider.number)
    assert len(seen) == 61  # each press shows, the small ones too
    assert set(range(1, 14)) <= seen


def test_a_scale_from_nothing_gives_small_numbers_room(qtbot, make):
    slider, _ = make(0, 250, 0, decimals=1, logarithmic=True)
    numbers = []
    for x in (50, 100, 150, 200):
        drag(qtbot, slider, 5, x)
        numbers.append(slider.number)
    assert numbers[0] < 5 < numbers[1] < 20 < numbers[2] < 80
    assert numbers[3] == 250
    drag(qtbot, slider, 100, -20)
    assert slider.number == 0
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert 0 < slider.number <= 0.2


@pytest.mark.parametrize("bounds", [(-1, 100), (5, 5), (9, 2)])
def test_no_scale_without_room(theme, bounds):
    with pytest.raises(ValueError, match="scale"):
        LabelledSlider(theme, *bounds, 1, logarithmic=True)


def test_keys(qtbot, make):
    slider, heard = make(0, 100, 50)
    for key, number in (
        (Qt.Key.Key_Right, 51),
        (Qt.Key.Key_Left, 50),
        (Qt.Key.Key_PageUp, 60),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Down, 0),
        (Qt.Key.Key_End, 100),
    ):
        qtbot.keyClick(slider, key)
        assert slider.number == number
    assert heard.changed == [51, 50, 60, 0, 100]


@pytest.mark.parametrize(
    ("typed", "number"), [("72", 72), ("7,6", 7.6), ("7.6", 7.6), (".5", 0.5), ("900", 100), ("-3", 0)]
)
def test_a_number_is_typed(qtbot, make, typed, number):
    slider, heard = make(0, 100, 50, decimals=1, suffix=" %")
    qtbot.keyClicks(slider, typed[0])
    edit = slider.field
    qtbot.keyClicks(edit, typed[1:])
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert slider.number == number
    assert heard.committed == [number]
    assert slider.hasFocus()


def test_escape_and_nonsense_change_nothing(qtbot, make):
    slider, heard = make(0, 100, 50)
    for typed, key in (("9", Qt.Key.Key_Escape), ("-", Qt.Key.Key_Return), ("", Qt.Key.Key_Return)):
        slider.type_number(typed)
        edit = slider.field
        if not typed:
            edit.setText("many")
        qtbot.keyClick(edit, key)
        assert slider.field is None
        assert not edit.isVisible()
    assert slider.number == 50
    assert heard.committed == []


def test_a_click_on_the_number_opens_the_field(qtbot, make):
    slider, heard = make(0, 100, 50)
    drag(qtbot, slider, 195)
    edit = slider.field
    assert edit.text() == "50"
    assert edit.selectedText() == "50"
    assert heard.changed == []


def test_leaving_the_field_keeps_what_was_typed(qtbot, make):
    slider, heard = make(0, 100, 50)
    slider.type_number("33")
    slider.field.clearFocus()
    assert slider.number == 33
    assert heard.committed == [33]


def test_the_wheel(qtbot, make):
    slider, heard = make(0, 100, 50)
    assert wheel(slider, 1)
    assert slider.number == 55
    wheel(slider, -1, Qt.KeyboardModifier.ShiftModifier)
    assert slider.number == 54
    assert heard.committed == [55, 54]


def test_the_wheel_scrolls_a_panel_that_scrolls(qtbot, theme):
    area, content = QScrollArea(), QWidget()
    qtbot.addWidget(area)
    layout = QVBoxLayout(content)
    slider = LabelledSlider(theme, 0, 100, 50)
    layout.addWidget(slider)
    content.setMinimumHeight(2000)
    area.setWidget(content)
    area.resize(200, 200)
    area.show()
    area.activateWindow()
    area.setFocus()
    qtbot.waitUntil(area.hasFocus)
    assert not wheel(slider, 1)
    assert slider.number == 50
    slider.setFocus()
    assert wheel(slider, 1)
    assert slider.number == 55


def test_shift_drags_finely(qtbot, make):
    slider, _ = make(0, 1000, 500)
    qtbot.mousePress(slider, LEFT, Qt.KeyboardModifier.ShiftModifier, QPoint(20, 10))
    for x in (30, 40):
        point = QPointF(x, 10)
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            point,
            slider.mapToGlobal(point),
            Qt.MouseButton.NoButton,
            LEFT,
            Qt.KeyboardModifier.ShiftModifier,
        )
        QApplication.sendEvent(slider, event)
    qtbot.mouseRelease(slider, LEFT, Qt.KeyboardModifier.ShiftModifier, QPoint(40, 10))
    assert slider.number == 510  # a tenth of the way, from where it was


def test_it_tells_screen_readers_its_name_and_value(qtbot, make):
    slider, _ = make(0, 1, 0.25, decimals=2)
    slider.set_words("Hardness", "How sharp the edge is")
    assert slider.accessibleName() == "Hardness"
    assert (slider.minimum(), slider.value(), slider.maximum()) == (0, 25, 100)


@pytest.mark.parametrize("scale", [100, 150, 200])
@pytest.mark.parametrize("label", ["Size", "Непрозрачность"])
def test_name_and_number_fit_side_by_side(qtbot, theme, make, scale, label):
    slider, _ = make(1, 2000, 1250, suffix=" px", logarithmic=True)
    slider.set_words(label)
    theme.use("light", scale)
    slider.resize(slider.minimumSizeHint())
    metrics = slider.fontMetrics()
    assert metrics.horizontalAdvance(label) + metrics.horizontalAdvance(slider.text()) < slider.width()
    assert slider.height() >= metrics.height()
    drawn = slider.grab().toImage()
    slider.set_words(label + " and much more")
    assert slider.grab().toImage() != drawn  # an ellipsis tells that more was meant
    slider.set_words(label)
    assert slider.grab().toImage() == drawn


def test_the_number_is_written_as_in_the_language(qtbot, make):
    slider, _ = make(0, 1, 0.5, decimals=2)
    slider.setLocale(QLocale("ru"))
    assert slider.text() == "0,50"
    slider.setLocale(QLocale("en"))
    assert slider.text() == "0.50"
