"""The list of layers, with the mouse and the keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QDropEvent
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QLabel, QLineEdit

from kandinsky_studio.document.layers import Kind
from kandinsky_studio.ui.layer_rows import ID, Part
from kandinsky_studio.ui.widgets.slider import LabelledSlider

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
Where = QAbstractItemView.DropIndicatorPosition


@pytest.fixture
def panel(qtbot, window):
    """The panel with three layers: “Layer 1” at the bottom, “Layer 3” at the top and active."""
    window.activateWindow()
    window.studio.editor.new(128, 128, QColor("white"))
    for _ in range(2):
        window.actions_.commands.action("layer.new").trigger()
    # The docks take a pass or two of the event loop to find their places.
    qtbot.waitUntil(lambda: window.layers.tree.viewport().height() > 150, timeout=2000)
    return window.layers


def document(window):
    return window.studio.editor.document


def names(window):
    """All layers from the top, those in groups behind a dash."""
    return [item.text(0) if item.parent() is None else f"- {item.text(0)}" for item in window.layers.tree.items()]


def place_of(panel, name, part):
    tree = panel.tree
    item = next(item for item in tree.items() if item.text(0) == name)
    layer = panel._document.state.layer(item.data(0, ID))
    return tree.rows._places(layer, tree.visualItemRect(item))[part].center()


def click(qtbot, panel, name, part, modifier=NONE):
    qtbot.mouseClick(panel.tree.viewport(), LEFT, modifier, place_of(panel, name, part))


def active(window):
    return document(window).active.name


def test_a_click_chooses_the_layer_that_is_painted_on(qtbot, window, panel):
    assert names(window) == ["Layer 3", "Layer 2", "Layer 1"]
    click(qtbot, panel, "Layer 1", Part.NAME)
    qtbot.waitUntil(lambda: active(window) == "Layer 1", timeout=1000)
    window.actions_.commands.action("edit.fill_foreground").trigger()
    assert not document(window).state.layers[2].pixels.tiles
    view = window.bench.page.view
    corner = view.widget_point(QPointF(20, 20)).toPoint()
    assert view.grab().toImage().pixelColor(corner) == window.studio.editor.desk.foreground


def test_the_eye_hides_without_choosing_and_undo_brings_it_back(qtbot, window, panel):
    click(qtbot, panel, "Layer 1", Part.EYE)
    assert [layer.visible for layer in document(window).state.layers] == [False, True, True]
    assert active(window) == "Layer 3"
    qtbot.keyClick(panel.tree, Qt.Key.Key_Z, CONTROL)
    assert document(window).state.layers[0].visible
    click(qtbot, panel, "Layer 2", Part.EYE, Qt.KeyboardModifier.AltModifier)
    assert [layer.visible for layer in document(window).state.layers] == [False, True, False]
    click(qtbot, panel, "Layer 2", Part.EYE, Qt.KeyboardModifier.AltModifier)
    assert all(layer.visible for layer in document(window).state.layers)


def test_a_double_click_renames_even_a_layer_that_was_not_active(qtbot, window, panel):
    place = place_of(panel, "Layer 1", Part.NAME)
    qtbot.mouseClick(panel.tree.viewport(), LEFT, NONE, place)
    qtbot.waitUntil(lambda: active(window) == "Layer 1", timeout=1000)
    qtbot.mouseDClick(panel.tree.viewport(), LEFT, NONE, place)
    qtbot.waitUntil(lambda: panel.tree.findChild(QLineEdit) is not None, timeout=1000)
    editor = panel.tree.findChild(QLineEdit)
    editor.selectAll()
    qtbot.keyClicks(editor, "bs")  # letters are letters here, not tools
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names(window) == ["Layer 3", "Layer 2", "bs"], timeout=1000)
    assert window.studio.editor.tool.id == "brush"
    qtbot.waitUntil(lambda: document(window).history.names[-1] == "Rename layer", timeout=1000)


def test_a_name_of_nothing_is_not_taken(qtbot, window, panel):
    panel.tree.rename(document(window).active_id)
    editor = panel.tree.findChild(QLineEdit)
    editor.clear()
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names(window)[0] == "Layer 3", timeout=1000)


def drop(window, name, target, where, monkeypatch):
    tree = window.layers.tree
    items = {item.text(0): item for item in tree.items()}
    tree.setCurrentItem(items[name])
    monkeypatch.setattr(tree, "dropIndicatorPosition", lambda: where)
    at = QPointF(tree.visualItemRect(items[target]).center())
    tree.dropEvent(QDropEvent(at, Qt.DropAction.MoveAction, QMimeData(), LEFT, NONE))


def test_rows_are_dragged_above_below_and_into_groups(qtbot, window, panel, monkeypatch):
    window.actions_.commands.action("layer.group").trigger()
    assert names(window) == ["Group 1", "- Layer 3", "Layer 2", "Layer 1"]
    drop(window, "Layer 1", "Layer 2", Where.AboveItem, monkeypatch)
    assert names(window) == ["Group 1", "- Layer 3", "Layer 1", "Layer 2"]
    drop(window, "Layer 2", "Group 1", Where.OnItem, monkeypatch)
    assert names(window) == ["Group 1", "- Layer 2", "- Layer 3", "Layer 1"]
    drop(window, "Layer 3", "Layer 1", Where.BelowItem, monkeypatch)
    assert names(window) == ["Group 1", "- Layer 2", "Layer 1", "Layer 3"]
    for _ in range(3):
        document(window).undo()
    assert names(window) == ["Group 1", "- Layer 3", "Layer 2", "Layer 1"]


def test_marked_layers_are_grouped_and_deleted_together(qtbot, window, panel):
    click(qtbot, panel, "Layer 1", Part.NAME)
    qtbot.waitUntil(lambda: active(window) == "Layer 1", timeout=1000)
    click(qtbot, panel, "Layer 2", Part.NAME, CONTROL)
    qtbot.waitUntil(lambda: active(window) == "Layer 2", timeout=1000)
    assert len(panel.selected()) == 2
    window.actions_.commands.action("layer.group").trigger()
    assert names(window) == ["Layer 3", "Group 1", "- Layer 2", "- Layer 1"]
    document(window).undo()
    panel.tree.selectAll()
    panel.tree.setFocus()
    qtbot.keyClick(panel.tree, Qt.Key.Key_Delete)
    assert document(window).state.layers == ()


def test_a_drag_of_the_opacity_is_one_step(qtbot, window, panel):
    slider = panel.opacity
    y = slider.height() // 2
    qtbot.mousePress(slider, LEFT, pos=QPoint(slider.width() - 2, y))
    for x in range(slider.width() - 10, slider.width() // 2, -10):
        qtbot.mouseMove(slider, QPoint(x, y))
    qtbot.mouseRelease(slider, LEFT, pos=QPoint(slider.width() // 2, y))
    assert document(window).active.opacity == pytest.approx(0.5, abs=0.06)
    document(window).undo()
    assert document(window).active.opacity == 1


def test_a_layer_mask_is_made_of_the_selection_and_painted_on(qtbot, window, panel):
    click(qtbot, panel, "Layer 1", Part.NAME)
    qtbot.waitUntil(lambda: active(window) == "Layer 1", timeout=1000)
    action = window.actions_.commands.action
    action("layer.add_mask").trigger()
    layer = document(window).active
    assert layer.mask is not None
    assert not action("layer.add_mask").isEnabled()
    click(qtbot, panel, "Layer 1", Part.MASK)
    assert window.studio.editor.desk.edit_mask
    window.studio.editor.set_colours(QColor("black"))
    view = window.bench.page.view
    middle = view.widget_point(QPointF(64, 64)).toPoint()
    qtbot.mouseClick(view, LEFT, NONE, middle)
    assert document(window).active.pixels.tiles == layer.pixels.tiles, "the pixels are as they were"
    seen = view.grab().toImage()
    ratio = seen.width() / view.width()
    colours = {
        seen.pixelColor(round((middle.x() + by) * ratio), round(middle.y() * ratio)).name() for by in range(-9, 10)
    }
    assert len(colours) == 2, "the checkerboard where the mask is black"
    click(qtbot, panel, "Layer 1", Part.MASK, Qt.KeyboardModifier.ShiftModifier)
    assert not document(window).active.mask_enabled
    click(qtbot, panel, "Layer 1", Part.PIXELS)
    assert not window.studio.editor.desk.edit_mask


def test_grow_feather_and_invert_change_the_inpaint_mask_live(qtbot, window, panel):
    window.studio.editor.take("mask_brush")
    window.studio.editor.set_option("size", 20.0)
    view = window.bench.page.view
    qtbot.mouseClick(view, LEFT, NONE, view.widget_point(QPointF(64, 64)).toPoint())
    mask = document(window).state.of_kind(Kind.INPAINT)
    document(window).activate(mask.id)
    assert panel.grow.isVisible()
    assert not panel.mode.isVisible()
    painted = dict(mask.pixels.tiles)

    def red():
        image = view.grab().toImage()
        at = view.widget_point(QPointF(64 + 40, 64)) * (image.width() / view.width())
        colour = image.pixelColor(at.toPoint())
        return colour.red() - colour.green() > 40

    assert not red()
    qtbot.mouseClick(panel.inverted, LEFT)
    assert red()
    qtbot.mouseClick(panel.inverted, LEFT)
    assert not red()
    panel.grow.set_number(40)
    panel.grow.changed.emit(40.0)
    assert red()
    panel.grow.changed.emit(0.0)
    assert not red()
    now = document(window).state.of_kind(Kind.INPAINT)
    assert now.pixels.tiles == painted, "what was painted stays"


def test_modes_and_locks(qtbot, window, panel):
    mode = panel.mode
    number = next(row for row in range(mode.count()) if mode.itemText(row) == "Multiply")
    mode.setCurrentIndex(number)
    mode.activated.emit(number)
    assert document(window).active.mode is mode.itemData(number)
    qtbot.mouseClick(panel.locked, LEFT)
    assert document(window).active.locked
    view = window.bench.page.view
    steps = len(document(window).history.done)
    qtbot.mouseClick(view, LEFT, NONE, view.widget_point(QPointF(64, 64)).toPoint())
    assert len(document(window).history.done) == steps
    assert "Layer 3" in window.messages.text.text(), "why nothing was painted is told"
    click(qtbot, panel, "Layer 3", Part.LOCK)
    assert not document(window).active.locked


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("font_scale", [100, 200])
def test_nothing_is_clipped_in_the_panels_of_documents(qtbot, qapp, window, panel, theme, language, font_scale):
    window.studio.remembering.set(theme=theme, language=language, font_scale=font_scale)
    window.resize(1280, 1000)
    for dock in window.docks:
        if not dock.panel.of_document:
            continue
        window.areas.show_dock(dock)
        qapp.processEvents()
        window.grab()
        for kind in (QLabel, QComboBox, LabelledSlider):
            for widget in dock.panel.findChildren(kind):
                if widget.isVisible() and not widget.visibleRegion().isEmpty():
                    name = f"{dock.panel.key}: {widget.accessibleName() or widget.text()}"
                    wraps = isinstance(widget, QLabel) and widget.wordWrap()
                    assert wraps or widget.width() >= widget.minimumSizeHint().width(), name
    row = window.layers.tree.visualItemRect(window.layers.tree.items()[0])
    assert row.height() >= window.fontMetrics().height()
    bar = window.layers.bar
    for button in bar.buttons:
        assert bar.rect().contains(button.geometry()), button.accessibleName() or button.toolTip()
