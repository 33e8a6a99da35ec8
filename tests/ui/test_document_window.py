"""The window with documents in it, used as a painter does: mouse, pen, keys, tabs and panels."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QEnterEvent, QInputDevice, QPointingDevice, QTabletEvent
from PySide6.QtWidgets import QApplication, QLabel

from kandinsky_studio.errors import LayerLocked
from kandinsky_studio.tools import TOOLS

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
RED = QColor(200, 40, 30)


@pytest.fixture
def document(window):
    """A white document of 256 × 256 in front of ``window``, shown at 100 %, with a hard brush in hand."""
    window.activateWindow()
    sheet = window.studio.editor.new(256, 256, QColor("white"))
    window.bench.page.view.actual_size()
    editor = window.studio.editor
    for attribute, value in (("size", 20.0), ("hardness", 1.0), ("pressure_size", False)):
        setattr(editor.tools["brush"], attribute, value)
    editor.set_colours(RED)
    editor.options_changed.emit()
    return sheet.document


def at(window, x, y):
    """Where a point of the document lies in the view."""
    return window.bench.page.view.widget_point(QPointF(x, y)).toPoint()


def drag(qtbot, window, *points, modifier=Qt.KeyboardModifier.NoModifier):
    view = window.bench.page.view
    qtbot.mousePress(view, LEFT, modifier, at(window, *points[0]))
    for (x, y), (to_x, to_y) in pairwise(points):
        for step in range(1, 5):
            qtbot.mouseMove(view, at(window, x + (to_x - x) * step / 4, y + (to_y - y) * step / 4))
    qtbot.mouseRelease(view, LEFT, modifier, at(window, *points[-1]))


def seen(window, x, y):
    """The colour that the view shows at a point of the document."""
    view = window.bench.page.view
    image = view.grab().toImage()
    ratio = image.width() / view.width()
    return image.pixelColor((QPointF(at(window, x, y)) * ratio).toPoint())


def press(qtbot, window, key, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.keyClick(window.bench.page.view, key, modifier)


def dock(window, key):
    return next(dock for dock in window.docks if dock.panel.key == key)


def close_saved(window):
    """Close the window without a question about documents."""
    for sheet in window.studio.editor.sheets:
        sheet.document.history.mark_saved(sheet.document.history.mark())
    window.close()


# ---------------------------------------------------------------- painting


def test_a_stroke_is_seen_undone_and_done_again(qtbot, window, document):
    drag(qtbot, window, (60, 60), (160, 60))
    assert seen(window, 110, 60) == RED
    press(qtbot, window, Qt.Key.Key_Z, CONTROL)
    assert seen(window, 110, 60) == QColor("white")
    press(qtbot, window, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert seen(window, 110, 60) == RED
    assert document.history.names == ["Brush stroke"]


def test_a_pen_that_presses_harder_draws_thicker(qtbot, window, document):
    window.studio.editor.set_option("pressure_size", True)
    window.studio.editor.set_option("size", 60.0)
    view, device = window.bench.page.view, QPointingDevice.primaryPointingDevice()
    pen = QPointingDevice(
        "pen",
        7,
        QInputDevice.DeviceType.Stylus,
        QPointingDevice.PointerType.Pen,
        QInputDevice.Capability.Position | QInputDevice.Capability.Pressure,
        1,
        3,
    )
    assert device is not None

    def tell(kind, x, y, pressure, button=LEFT):
        place = QPointF(at(window, x, y))
        held = Qt.MouseButton.NoButton if kind is QEvent.Type.TabletRelease else LEFT
        none = Qt.KeyboardModifier.NoModifier
        event = QTabletEvent(
            kind, pen, place, QPointF(view.mapToGlobal(place)), pressure, 0, 0, 0, 0, 0, none, button, held
        )
        QApplication.sendEvent(view, event)

    for y, pressure in ((60, 0.2), (180, 1.0)):
        tell(QEvent.Type.TabletPress, 60, y, pressure)
        for x in range(70, 201, 10):
            tell(QEvent.Type.TabletMove, x, y, pressure, Qt.MouseButton.NoButton)
        tell(QEvent.Type.TabletRelease, 200, y, 0)
    assert len(document.history.names) == 2
    assert seen(window, 130, 60) == RED
    assert seen(window, 130, 80) == QColor("white")
    assert seen(window, 130, 200) == RED


def test_every_tool_shows_its_options_and_leaves_nothing_open(qtbot, window, document):
    editor, view = window.studio.editor, window.bench.page.view
    for tool in TOOLS:
        sheet = editor.new(256, 256, QColor("white"))
        document = sheet.document
        editor.set_colours(RED)
        editor.take("brush")
        drag(qtbot, window, (40, 40), (200, 200))
        editor.take(tool.id)
        shown = {option.attribute for option in tool.options if option.kind != "button"}
        assert set(window.bench.page.options._shown) == shown, f"{tool.id}: every setting has a control"
        drag(qtbot, window, (60, 60), (120, 160), (180, 90))
        press(qtbot, window, Qt.Key.Key_Escape)
        assert not document.editing, tool.id
        editor.take("brush")
        assert not document.editing, tool.id
        view.rotate_to(0)
        view.fit()
        editor.set_colours(RED)  # the picker may have taken another
        drag(qtbot, window, (20, 230), (230, 230))
        assert document.history.names[-1:] == ["Brush stroke"] or document.state.selection is not None, tool.id
        while document.history.done:
            document.undo()
        assert document.state.canvas.width == 256, tool.id
        assert seen(window, 120, 120) == QColor("white"), tool.id
        editor.close_sheet(sheet)


def test_a_frame_is_drawn_on_the_canvas_and_crops_it(qtbot, window, document):
    press(qtbot, window, Qt.Key.Key_C)
    drag(qtbot, window, (50, 60), (150, 200))
    press(qtbot, window, Qt.Key.Key_Return)
    canvas = document.state.canvas
    assert (canvas.x, canvas.y, canvas.width, canvas.height) == (50, 60, 100, 140)


def test_quick_mask_paints_the_inpaint_mask_until_it_is_switched_off(qtbot, window, document):
    press(qtbot, window, Qt.Key.Key_Q)
    drag(qtbot, window, (60, 60), (160, 60))
    press(qtbot, window, Qt.Key.Key_Q)
    drag(qtbot, window, (60, 160), (160, 160))
    assert document.state.layers[0].kind.value == "pixels"
    assert [layer.kind.value for layer in document.state.layers].count("inpaint") == 1
    veiled = seen(window, 110, 60)
    assert veiled.red() > veiled.green() + 50, "red where it is masked"
    assert veiled != RED
    assert seen(window, 110, 160) == RED


# ---------------------------------------------------------------- tabs


def test_each_document_is_seen_as_it_was_left(qtbot, window, document):
    view, commands = window.bench.page.view, window.actions_.commands
    view.set_zoom(3.0)
    view.rotate_to(30)
    commands.action("view.mirror").trigger()
    place = view.document_point(QPointF(view.rect().center()))
    window.studio.editor.new(300, 200, QColor("white"))
    assert (view.angle, view.camera.mirrored, view.fitted) == (0, False, True)
    assert not commands.action("view.mirror").isChecked()
    qtbot.keyClick(view, Qt.Key.Key_Tab, CONTROL | SHIFT)
    assert view.document is document
    assert (view.zoom, view.angle, view.camera.mirrored) == (3.0, 30, True)
    assert commands.action("view.mirror").isChecked()
    assert (view.document_point(QPointF(view.rect().center())) - place).manhattanLength() < 2


def test_what_a_tool_had_begun_is_finished_when_another_tab_comes(qtbot, window, document):
    drag(qtbot, window, (60, 60), (160, 60))
    press(qtbot, window, Qt.Key.Key_T, CONTROL)
    drag(qtbot, window, (110, 60), (110, 120))
    assert window.studio.editor.tool.busy
    window.studio.editor.new(64, 64)
    assert not window.studio.editor.tool.busy or window.studio.editor.tool.document is not document
    assert not document.editing
    assert document.history.names[-1] == "Transform"
    window.bench.tabs.setCurrentIndex(1)
    window.bench.page.view.actual_size()
    window.studio.editor.take("brush")
    assert seen(window, 110, 120) == RED


def test_commands_of_documents_are_grey_on_the_page_of_pictures(qtbot, window, document):
    action = window.actions_.commands.action
    for id in ("view.fit", "view.actual", "layer.new", "edit.paste"):
        assert action(id).isEnabled(), id
    window.bench.tabs.setCurrentIndex(0)
    for id in ("view.fit", "view.actual", "layer.new", "edit.paste"):
        assert not action(id).isEnabled(), id


# ---------------------------------------------------------------- panels and the window


def test_tab_leaves_nothing_but_the_canvas_and_brings_all_back(qtbot, window, document):
    before = {dock.panel.key: dock.isVisible() for dock in window.docks}
    press(qtbot, window, Qt.Key.Key_Tab)
    view = window.bench.page.view
    assert not any(dock.isVisible() for dock in window.docks)
    for part in (window.menuBar(), window.statusBar(), window.bench.tabs, window.bench.page.tools):
        assert not part.isVisible()
    qtbot.waitUntil(lambda: view.size() == window.size(), timeout=1000)
    drag(qtbot, window, (60, 60), (160, 60))
    assert seen(window, 110, 60) == RED
    press(qtbot, window, Qt.Key.Key_Tab)
    assert {dock.panel.key: dock.isVisible() for dock in window.docks} == before
    assert window.menuBar().isVisible()
    assert window.bench.tabs.isVisible()


def test_what_comes_in_front_while_only_the_canvas_is_shown_brings_no_panels(qtbot, window, document):
    press(qtbot, window, Qt.Key.Key_Tab)
    window.studio.editor.new(64, 64)
    assert not any(dock.isVisible() for dock in window.docks)
    window.actions_.go_to_prompt.trigger()
    assert window.prompt.isVisible(), "a command for a panel ends it"
    assert dock(window, "layers").isVisible()


def test_f6_goes_through_the_parts_of_the_window(qtbot, window, document):
    view = window.bench.page.view
    view.setFocus()
    visited = []
    for _ in range(len(window.areas.areas())):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_F6)
        visited.append(QApplication.focusWidget())
    assert visited[-1] is view, "and round"
    places = (window.bench.page.options, window.bench.page.tools, window.prompt, window.layers, window.gallery)
    for place in (*places[:4], dock(window, "gallery")):
        assert any(place.isAncestorOf(widget) for widget in visited), place


def test_a_panel_of_documents_that_was_closed_stays_closed(qtbot, make_window):
    window = make_window()
    window.studio.editor.new(64, 64)
    dock(window, "layers").toggleViewAction().trigger()
    assert not dock(window, "layers").isVisible()
    window.bench.tabs.setCurrentIndex(0)
    assert not dock(window, "steps").isVisible()
    window.bench.tabs.setCurrentIndex(1)
    assert not dock(window, "layers").isVisible()
    assert not dock(window, "steps").isHidden()
    window.bench.tabs.setCurrentIndex(0)
    close_saved(window)
    again = make_window()
    again.studio.editor.new(64, 64)
    assert dock(again, "layers").isHidden()
    assert not dock(again, "steps").isHidden()
    again.actions_.commands.action("window.reset_layout").trigger()
    assert dock(again, "layers").isVisible()


def test_prompt_and_layers_share_the_column_at_a_first_start(qtbot, window):
    window.studio.editor.new(64, 64)
    qtbot.waitUntil(lambda: dock(window, "layers").height() > 250, timeout=2000)
    assert dock(window, "prompt").height() > 250


def test_a_panel_with_a_tab_has_no_second_title(qtbot, window):
    def titles(key):
        return [
            label.text() for label in dock(window, key).titleBarWidget().findChildren(QLabel) if not label.isHidden()
        ]

    window.studio.editor.new(64, 64)
    qtbot.waitUntil(lambda: titles("prompt") == [], timeout=2000)
    assert titles("layers") == ["Layers"]
    for key in ("mix", "ideas", "pad", "colours", "steps"):
        dock(window, key).toggleViewAction().trigger()
    qtbot.waitUntil(lambda: titles("prompt") == ["Prompt"], timeout=2000)


def test_the_window_can_be_narrow(qtbot, window, document):
    window.studio.remembering.set(language="ru")
    for tool in TOOLS:
        window.studio.editor.take(tool.id)
        assert window.minimumSizeHint().width() <= 790, tool.id


def test_a_message_lies_on_the_document_and_not_on_the_options(qtbot, window, document):
    window.studio.messages.error(LayerLocked(layer="Sky"))
    messages, page = window.messages, window.bench.page
    qtbot.waitUntil(messages.isVisible, timeout=1000)
    top = messages.mapTo(window, QPoint(0, 0)).y()
    assert top > page.options.mapTo(window, page.options.rect().bottomLeft()).y()
    assert top < page.view.mapTo(window, page.view.rect().center()).y()
    qtbot.mouseClick(messages.close_button, LEFT)
    assert not messages.isVisible()


def test_the_pointer_brings_the_keyboard_to_the_canvas_but_not_from_a_text(qtbot, window, document):
    view = window.bench.page.view

    def enter():
        middle = QPointF(view.rect().center())
        QApplication.sendEvent(view, QEnterEvent(middle, middle, QPointF(view.mapToGlobal(middle))))

    window.layers.tree.setFocus()
    enter()
    assert view.hasFocus()
    window.prompt.form.prompt.setFocus()
    enter()
    assert not view.hasFocus(), "who writes goes on writing"
