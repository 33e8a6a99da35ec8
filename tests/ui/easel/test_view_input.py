"""Pens, keys, temporary tools, lost events, and pictures that are dropped."""

from __future__ import annotations

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
    QPointingDevice,
    QPointingDeviceUniqueId,
    QTabletEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from kandinsky_studio.errors import NoPictureHere, OnlyAnAddress
from kandinsky_studio.tools.base import Desk, Tool
from kandinsky_studio.ui.easel.sight import Sight
from kandinsky_studio.ui.easel.view import DocumentView
from tests.ui.easel.stamping import BLUE, RED, at, picture, pixel

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
NONE = Qt.KeyboardModifier.NoModifier
SHIFT, ALT, CONTROL = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
)


def stylus(end=QPointingDevice.PointerType.Pen):
    return QPointingDevice(
        "test pen",
        1,
        QInputDevice.DeviceType.Stylus,
        end,
        QInputDevice.Capability.Pressure | QInputDevice.Capability.XTilt,
        1,
        2,
        "",
        QPointingDeviceUniqueId(),
    )


PEN = stylus()
ERASER = stylus(QPointingDevice.PointerType.Eraser)


def pen(view, kind, place, pressure=0.5, device=PEN, tilt=(0, 0), modifiers=NONE):
    """Send what a tablet sends."""
    pressed = kind is not QEvent.Type.TabletRelease and pressure > 0
    event = QTabletEvent(
        kind,
        device,
        QPointF(place),
        view.mapToGlobal(QPointF(place)),
        pressure,
        *tilt,
        0.0,
        0.0,
        0.0,
        modifiers,
        LEFT if kind is not QEvent.Type.TabletMove else Qt.MouseButton.NoButton,
        LEFT if pressed else Qt.MouseButton.NoButton,
    )
    QApplication.sendEvent(view, event)
    return event


def press_key(view, key, modifiers=NONE, down=True):
    kind = QEvent.Type.KeyPress if down else QEvent.Type.KeyRelease
    QApplication.sendEvent(view, QKeyEvent(kind, key, modifiers))


class Picker(Tool):
    id = "picker"
    title = "Colour picker"

    def __init__(self, desk):
        super().__init__(desk)
        self.told = []

    def press(self, pointer):
        self.told.append(pointer)

    def move(self, pointer):
        self.told.append(pointer)

    def release(self, pointer):
        self.told.append(pointer)


def test_a_pen_brings_pressure_tilt_and_places_between_pixels(make_view):
    view = make_view()
    view.actual_size()
    place = QPointF(at(view, 50, 50)) + QPointF(0.25, 0.5)
    event = pen(view, QEvent.Type.TabletPress, place, 0.3, tilt=(20, -10))
    assert event.isAccepted(), "or Qt makes a mouse event of it, too"
    pen(view, QEvent.Type.TabletMove, place + QPointF(30, 0), 0.8)
    pen(view, QEvent.Type.TabletRelease, place + QPointF(40, 0), 0.0)
    assert view.tool.names == ["press", "move", "release"]
    first = view.tool.told[0][1]
    assert (first.x, first.y) == (50.25, 50.5)
    assert (first.pressure, first.tilt_x, first.tilt_y) == pytest.approx((0.3, 20, -10))
    assert first.pen
    assert not first.eraser
    assert view.tool.told[1][1].pressure == pytest.approx(0.8)


def test_a_pen_turned_over_says_so(make_view):
    view = make_view()
    pen(view, QEvent.Type.TabletPress, at(view, 50, 50), device=ERASER)
    pen(view, QEvent.Type.TabletRelease, at(view, 50, 50), 0.0, device=ERASER)
    assert view.tool.told[0][1].eraser


def test_a_pen_that_hovers_moves_the_brush(make_view):
    view = make_view()
    points = []
    view.pointer_moved.connect(points.append)
    pen(view, QEvent.Type.TabletMove, at(view, 60, 40), 0.0)
    assert view.tool.names == ["hover"]
    assert (points[0].x(), points[0].y()) == pytest.approx((60, 40), abs=1)


def test_a_mouse_event_made_from_the_pens_is_not_heard(make_view):
    view = make_view()
    place = QPointF(at(view, 50, 50))
    pen(view, QEvent.Type.TabletPress, place)
    copy = QMouseEvent(
        QEvent.Type.MouseButtonPress,
        place,
        place,
        view.mapToGlobal(place),
        LEFT,
        LEFT,
        NONE,
        Qt.MouseEventSource.MouseEventSynthesizedByQt,
    )
    QApplication.sendEvent(view, copy)
    pen(view, QEvent.Type.TabletRelease, place, 0.0)
    QApplication.sendEvent(view, copy)
    assert view.tool.names == ["press", "release"]


@pytest.mark.parametrize("key", [ALT, CONTROL])
def test_a_held_key_picks_colours_while_painting(qtbot, make_view, key):
    view = make_view()
    picker = Picker(view.desk)
    view.set_picker(picker)
    qtbot.mouseClick(view, LEFT, key, at(view, 50, 50))
    assert view.tool.names == []
    assert len(picker.told) == 2
    assert not picker.told[0].alt
    assert not picker.told[0].control
    view.tool.__class__.paints = False
    try:
        qtbot.mouseClick(view, LEFT, key, at(view, 50, 50))
    finally:
        view.tool.__class__.paints = True
    assert view.tool.names == ["press", "release"], "another tool keeps the key for itself"


def test_space_and_a_drag_move_the_picture(qtbot, make_view):
    view = make_view(600, 600)
    view.actual_size()
    before = view.widget_point(QPointF(0, 0))
    press_key(view, Qt.Key.Key_Space)
    assert view.cursor().shape() is Qt.CursorShape.OpenHandCursor
    qtbot.mousePress(view, LEFT, pos=QPoint(100, 100))
    qtbot.mouseMove(view, QPoint(60, 80))
    press_key(view, Qt.Key.Key_Space, down=False)
    qtbot.mouseMove(view, QPoint(50, 70))
    qtbot.mouseRelease(view, LEFT, pos=QPoint(50, 70))
    assert view.widget_point(QPointF(0, 0)) - before == QPointF(-50, -30)
    assert view.tool.names == []


def test_the_middle_button_moves_turns_and_zooms(qtbot, make_view):
    view = make_view(600, 600)
    view.actual_size()
    before = view.widget_point(QPointF(0, 0))
    for modifiers in (NONE, SHIFT, CONTROL):
        qtbot.mousePress(view, MIDDLE, modifiers, QPoint(300, 150))
        place = QPointF(200, 250)
        event = QMouseEvent(
            QEvent.Type.MouseMove, place, view.mapToGlobal(place), Qt.MouseButton.NoButton, MIDDLE, modifiers
        )
        QApplication.sendEvent(view, event)
        qtbot.mouseRelease(view, MIDDLE, modifiers, QPoint(200, 250))
        if modifiers == NONE:
            assert view.widget_point(QPointF(0, 0)) - before == QPointF(-100, 100)
        elif modifiers == SHIFT:
            assert view.angle == pytest.approx(90), "from the right of the middle to below it"
    assert view.zoom < 0.5


def test_shift_and_a_drag_resize_the_brush_and_a_click_does_not(qtbot, make_view):
    view = make_view()
    view.set_zoom(2)
    told = []
    view.desk.options_changed = lambda: told.append(view.tool.size)
    qtbot.mousePress(view, LEFT, SHIFT, QPoint(100, 100))
    qtbot.mouseMove(view, QPoint(120, 100))
    qtbot.mouseMove(view, QPoint(140, 60))
    qtbot.mouseRelease(view, LEFT, SHIFT, QPoint(140, 60))
    assert view.tool.size == 10 + 2 * 40 / 2
    assert view.tool.hardness == pytest.approx(0.7)
    assert told[-1] == view.tool.size
    assert view.tool.names == []
    qtbot.mouseClick(view, LEFT, SHIFT, QPoint(100, 100))
    assert view.tool.names == ["press", "release"]
    assert view.tool.told[0][1].shift


def test_alt_and_the_right_button_resize_too_and_escape_takes_it_back(qtbot, make_view):
    view = make_view()
    view.set_zoom(1)
    qtbot.mousePress(view, RIGHT, ALT, QPoint(100, 100))
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(130, 100),
        view.mapToGlobal(QPointF(130, 100)),
        Qt.MouseButton.NoButton,
        RIGHT,
        ALT,
    )
    QApplication.sendEvent(view, event)
    assert view.tool.size == 70
    press_key(view, Qt.Key.Key_Escape)
    assert view.tool.size == 10
    qtbot.mouseRelease(view, RIGHT, ALT, QPoint(130, 100))
    assert view.tool.names == []


def test_a_right_click_asks_for_the_pop_up(qtbot, make_view):
    view = make_view()
    with qtbot.waitSignal(view.popup_wanted) as asked:
        qtbot.mouseClick(view, RIGHT, pos=QPoint(40, 30))
    assert asked.args == [view.mapToGlobal(QPoint(40, 30))]


def test_escape_takes_a_stroke_back_while_the_button_is_held(qtbot, make_view):
    view = make_view()
    place = at(view, 50, 50)
    qtbot.mousePress(view, LEFT, pos=place)
    press_key(view, Qt.Key.Key_Escape)
    qtbot.mouseMove(view, at(view, 90, 50))
    qtbot.mouseRelease(view, LEFT, pos=at(view, 90, 50))
    assert view.tool.names == ["press", "cancel"]
    assert pixel(view, place.x(), place.y()) == RED
    qtbot.mouseClick(view, LEFT, pos=place)
    assert view.tool.names[-2:] == ["press", "release"]


def test_keys_end_what_a_tool_is_busy_with(make_view):
    view = make_view()
    view.tool.going_on = True
    press_key(view, Qt.Key.Key_Backspace)
    press_key(view, Qt.Key.Key_Return)
    press_key(view, Qt.Key.Key_Return)
    view.tool.going_on = True
    press_key(view, Qt.Key.Key_Escape)
    assert view.tool.names == ["take back", "finish", "abandon"]


def test_keys_of_a_busy_tool_are_no_shortcuts(make_view):
    view = make_view()

    def takes(key):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, NONE)
        event.ignore()
        QApplication.sendEvent(view, event)
        return event.isAccepted()

    assert takes(Qt.Key.Key_Space)
    assert not takes(Qt.Key.Key_Escape)
    view.tool.going_on = True
    assert takes(Qt.Key.Key_Escape)
    assert takes(Qt.Key.Key_Return)


@pytest.mark.parametrize("lost", ["focus", "window", "hidden", "button", "tool"])
def test_a_stroke_whose_end_is_never_told_is_ended(qtbot, make_view, lost):
    view = make_view()
    tool = view.tool
    qtbot.mousePress(view, LEFT, pos=at(view, 50, 50))
    if lost == "focus":
        QApplication.sendEvent(view, QFocusEvent(QEvent.Type.FocusOut))
    elif lost == "window":
        QApplication.sendEvent(view, QEvent(QEvent.Type.WindowDeactivate))
    elif lost == "hidden":
        view.hide()
    elif lost == "tool":
        view.set_tool(Picker(view.desk))
    else:
        place = QPointF(at(view, 90, 50))
        nothing = Qt.MouseButton.NoButton
        QApplication.sendEvent(
            view, QMouseEvent(QEvent.Type.MouseMove, place, view.mapToGlobal(place), nothing, nothing, NONE)
        )
    assert tool.names[:2] == ["press", "release"]
    assert not view.document.editing
    assert len(view.document.history.done) == 1


def test_a_double_click_comes_after_the_second_release(qtbot, make_view):
    view = make_view()
    place = QPointF(at(view, 50, 50))
    for kind, moment in (
        (QEvent.Type.MouseButtonPress, 1000),
        (QEvent.Type.MouseButtonRelease, 1050),
        (QEvent.Type.MouseButtonDblClick, 1150),
        (QEvent.Type.MouseButtonRelease, 1200),
    ):
        event = QMouseEvent(kind, place, view.mapToGlobal(place), LEFT, LEFT, NONE)
        event.setTimestamp(moment)
        QApplication.sendEvent(view, event)
    assert view.tool.names == ["press", "release", "press", "release", "double"]


def test_an_exception_nobody_foresaw_takes_the_stroke_back_and_is_not_hidden(qtbot, make_view):
    view = make_view()
    qtbot.mousePress(view, LEFT, pos=at(view, 50, 50))

    def broken(pointer):
        raise ZeroDivisionError

    view.tool.move = broken
    place = QPointF(at(view, 90, 50))
    with pytest.raises(ZeroDivisionError):
        view.mouseMoveEvent(
            QMouseEvent(QEvent.Type.MouseMove, place, view.mapToGlobal(place), Qt.MouseButton.NoButton, LEFT, NONE)
        )
    assert view.tool.names == ["press", "cancel"]
    assert not view.document.editing


def test_arrows_and_control_plus_move_and_zoom(make_view):
    view = make_view(600, 600)
    view.actual_size()
    before = view.widget_point(QPointF(0, 0))
    press_key(view, Qt.Key.Key_Right)
    assert view.widget_point(QPointF(0, 0)).x() < before.x()
    press_key(view, Qt.Key.Key_Plus, CONTROL)
    assert view.zoom == 1.25
    press_key(view, Qt.Key.Key_Minus, CONTROL)
    assert view.zoom == 1.0


def test_one_finger_moves_and_two_zoom(make_view):
    view = make_view(600, 600)
    view.actual_size()
    before = view.widget_point(QPointF(0, 0))
    screen = QTest.createTouchDevice()
    QTest.touchEvent(view, screen).press(0, QPoint(100, 100), view).commit()
    QTest.touchEvent(view, screen).move(0, QPoint(130, 80), view).commit()
    QTest.touchEvent(view, screen).release(0, QPoint(130, 80), view).commit()
    assert view.widget_point(QPointF(0, 0)) - before == QPointF(30, -20)
    under = view.document_point(QPointF(200, 150))
    QTest.touchEvent(view, screen).press(0, QPoint(150, 150), view).press(1, QPoint(250, 150), view).commit()
    QTest.touchEvent(view, screen).move(0, QPoint(100, 150), view).move(1, QPoint(300, 150), view).commit()
    QTest.touchEvent(view, screen).release(0, QPoint(100, 150), view).release(1, QPoint(300, 150), view).commit()
    assert view.zoom == pytest.approx(2)
    after = view.document_point(QPointF(200, 150))
    assert (after.x(), after.y()) == pytest.approx((under.x(), under.y()), abs=1)
    assert view.tool.names == []


def test_a_document_outlives_its_view(make_view):
    document = make_view().document
    view = DocumentView(Desk(document))
    shiboken6.delete(view)
    document.change("Rename", document.state.with_layer(1, name="Sky"))
    assert document.state.layer(1).name == "Sky"


def drop(view, data, place):
    QApplication.sendEvent(view, QDragEnterEvent(place, Qt.DropAction.CopyAction, data, LEFT, NONE))
    QApplication.sendEvent(view, QDropEvent(QPointF(place), Qt.DropAction.CopyAction, data, LEFT, NONE))


def test_files_and_images_are_told_with_where_they_were_dropped(qtbot, make_view, tmp_path):
    view = make_view()
    file = tmp_path / "cat.png"
    picture(3, 3).save(str(file))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)), QUrl("https://example.org/cat.png")])
    data.setImageData(picture(2, 2))
    with qtbot.waitSignal(view.dropped) as told:
        drop(view, data, at(view, 20, 30))
    [one] = told.args[0]
    assert one.path == file
    assert (one.at.x(), one.at.y()) == pytest.approx((20, 30), abs=1)
    pasted = QMimeData()
    pasted.setUrls([QUrl("https://example.org/cat.png")])
    pasted.setImageData(picture(2, 2, BLUE))
    with qtbot.waitSignal(view.dropped) as told:
        assert view.take(pasted)
    [one] = told.args[0]
    assert one.image.pixelColor(0, 0) == QColor(BLUE)
    assert one.at is None


def test_an_address_is_refused_with_a_reason_and_so_is_nothing(qtbot, make_view, tmp_path):
    view = make_view()
    failures = []
    view.desk.fail = failures.append
    address = QMimeData()
    address.setUrls([QUrl("https://example.org/cat.png")])
    gone = QMimeData()
    gone.setUrls([QUrl.fromLocalFile(str(tmp_path / "gone.png"))])
    with qtbot.assertNotEmitted(view.dropped):
        drop(view, address, QPoint(100, 100))
        drop(view, gone, QPoint(100, 100))
    assert [type(error) for error in failures] == [OnlyAnAddress, NoPictureHere]


def test_a_view_without_a_document_hears_of_nothing(qtbot):
    view = Sight()
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.show()
    view.set_zoom(2)
    assert not view.unfinished
