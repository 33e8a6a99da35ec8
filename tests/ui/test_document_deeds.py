"""What the commands do to the document in front, and when they are grey."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor

from kandinsky_studio.document.layers import Kind

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def document(window):
    window.activateWindow()
    return window.studio.editor.new(128, 96, QColor("white")).document


def run(window, id):
    action = window.actions_.commands.action(id)
    assert action.isEnabled(), id
    action.trigger()


def enabled(window, id):
    return window.actions_.commands.action(id).isEnabled()


def test_what_can_do_nothing_is_grey(qtbot, window, document):
    for id in ("edit.undo", "edit.redo", "selection.none", "mask.clear", "layer.apply_mask", "layer.ungroup"):
        assert not enabled(window, id), id
    run(window, "selection.all")
    assert enabled(window, "selection.none")
    assert enabled(window, "edit.undo")
    run(window, "mask.from_selection")
    assert enabled(window, "mask.clear")
    run(window, "edit.undo")
    assert enabled(window, "edit.redo")
    assert not enabled(window, "mask.clear")


def test_undo_drops_first_what_a_tool_has_begun(qtbot, window, document):
    run(window, "edit.fill_foreground")
    window.studio.editor.take("transform")
    view = window.bench.page.view
    qtbot.mousePress(view, LEFT, pos=view.widget_point(QPointF(60, 40)).toPoint())
    qtbot.mouseMove(view, view.widget_point(QPointF(90, 70)).toPoint())
    qtbot.mouseRelease(view, LEFT, pos=view.widget_point(QPointF(90, 70)).toPoint())
    assert window.studio.editor.tool.busy
    qtbot.keyClick(view, Qt.Key.Key_Z, CONTROL)
    assert document.history.names == ["Fill"]
    assert len(document.history.done) == 1
    qtbot.keyClick(view, Qt.Key.Key_Z, CONTROL)
    assert not document.history.done


def test_the_image_is_turned_flipped_and_cropped(qtbot, window, document):
    run(window, "image.rotate_90")
    assert (document.state.canvas.width, document.state.canvas.height) == (96, 128)
    run(window, "image.flip_horizontal")
    window.studio.editor.take("select_rectangle")
    view = window.bench.page.view
    canvas = document.state.canvas
    first, last = QPointF(canvas.x + 10, canvas.y + 10), QPointF(canvas.x + 60, canvas.y + 90)
    qtbot.mousePress(view, LEFT, pos=view.widget_point(first).toPoint())
    qtbot.mouseMove(view, view.widget_point(last).toPoint())
    qtbot.mouseRelease(view, LEFT, pos=view.widget_point(last).toPoint())
    run(window, "image.crop_to_selection")
    assert abs(document.state.canvas.width - 50) <= 1
    assert abs(document.state.canvas.height - 80) <= 1


def test_a_step_of_the_list_is_gone_back_to(qtbot, window, document):
    for id in ("edit.fill_foreground", "layer.new", "image.flip_vertical"):
        run(window, id)
    steps = next(dock for dock in window.docks if dock.panel.key == "steps")
    window.areas.show_dock(steps)
    listed = steps.panel.list
    qtbot.waitUntil(lambda: listed.count() == 4, timeout=1000)
    assert listed.item(0).text() == "Beginning"
    qtbot.mouseClick(listed.viewport(), LEFT, pos=listed.visualItemRect(listed.item(1)).center())
    assert len(document.history.done) == 1
    assert len(document.state.layers) == 1
    qtbot.mouseClick(listed.viewport(), LEFT, pos=listed.visualItemRect(listed.item(3)).center())
    assert len(document.history.done) == 3


def test_colours_are_chosen_swapped_and_picked_from_the_canvas(qtbot, window, document):
    editor, view = window.studio.editor, window.bench.page.view
    editor.set_colours(QColor(200, 40, 30), QColor(30, 40, 200))
    qtbot.keyClick(view, Qt.Key.Key_X)
    assert editor.desk.foreground == QColor(30, 40, 200)
    run(window, "edit.fill_background")
    place = view.widget_point(QPointF(60, 40)).toPoint()
    qtbot.mouseClick(view, LEFT, Qt.KeyboardModifier.AltModifier, place)
    assert editor.desk.foreground == QColor(200, 40, 30)
    assert editor.tool.id == "brush", "the picker is in hand only while Alt is held"
    assert document.history.names == ["Fill"]


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_right_click_opens_brush_and_colour_at_the_pen(qtbot, qapp, window, document):
    view = window.bench.page.view
    qtbot.mouseClick(view, Qt.MouseButton.RightButton, pos=QPoint(50, 50))
    popup = qapp.activePopupWidget()
    popup.picker.changed.emit(QColor(1, 2, 3))
    assert window.studio.editor.desk.foreground == QColor(1, 2, 3)
    qtbot.keyClick(popup, Qt.Key.Key_Escape)
    assert qapp.activePopupWidget() is None


def test_the_mask_follows_its_commands(qtbot, window, document):
    run(window, "mask.fill")
    mask = document.state.of_kind(Kind.INPAINT)
    assert mask is not None
    run(window, "mask.invert")
    assert document.state.of_kind(Kind.INPAINT).inverted != mask.inverted or document.history.names[-1]
    run(window, "selection.from_mask")
    run(window, "mask.clear")
    assert not document.state.of_kind(Kind.INPAINT).pixels.tiles
