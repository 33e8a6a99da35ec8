"""The mixing pad in the real window: mouse, keys, drops, and the mix."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QDragEnterEvent, QDragMoveEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from kandinsky_studio.app.mix_slots import OfLayer, Picture, Words
from kandinsky_studio.app.pad_geometry import corners_of
from kandinsky_studio.engine.models import kandinsky_2_0
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.ui.panels.pad import PadPanel
from kandinsky_studio.ui.widgets.pigment_shelf import pigment_data

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def panel(window):
    dock = next(dock for dock in window.docks if isinstance(dock.panel, PadPanel))
    window.resize(1280, 900)
    window.areas.show_dock(dock)
    QApplication.processEvents()
    return dock.panel


@pytest.fixture
def full(panel):
    for name, value in (("one", 30), ("two", 120), ("three", 220)):
        panel.pad.add(Picture(name, Raster(np.full((32, 32, 3), value, np.uint8))))
    QApplication.processEvents()
    return panel


def drag(field, *places):
    points = [field.point_of(place).toPoint() for place in places]
    QTest.mousePress(field, LEFT, NONE, points[0])
    for point in points[1:]:
        QTest.mouseMove(field, point)
    QTest.mouseRelease(field, LEFT, NONE, points[-1])


def drop(panel, data, place):
    copy = Qt.DropAction.CopyAction
    for kind in (QDragEnterEvent, QDragMoveEvent):
        event = kind(place, copy, data, LEFT, NONE)
        QApplication.sendEvent(panel, event)
        assert event.isAccepted()
    QApplication.sendEvent(panel, QDropEvent(QPointF(place), copy, data, LEFT, NONE))


def at(panel, corner):
    field = panel.field
    return field.mapTo(panel, field._points()[corner].toPoint())


def words(text):
    data = QMimeData()
    data.setText(text)
    return data


def test_an_empty_pad_says_what_to_do(panel):
    assert panel.teaching.isVisible()
    assert "Drop two to five" in panel.teaching.text()
    assert not panel.preview.isVisible()
    assert not panel.take_mix.isEnabled()
    panel.focus_first()
    QTest.keyClicks(panel.words, "a blue star")
    QTest.keyClick(panel.words, Qt.Key.Key_Return)
    assert panel.pad.corners == (Words("a blue star"),)
    assert panel.words.text() == ""
    assert panel.teaching.isVisible()
    QTest.keyClicks(panel.words, "rain")
    QTest.keyClick(panel.words, Qt.Key.Key_Return)
    assert not panel.teaching.isVisible()
    assert panel.preview.isVisible()


def test_things_are_dropped_at_corners(panel, window, qtbot):
    drop(panel, words("a  hill"), at(panel, 1))
    drop(panel, words("the sea"), panel.rect().bottomLeft())
    image = QImage(16, 16, QImage.Format.Format_RGB32)
    image.fill(QColor("#c03010"))
    data = QMimeData()
    data.setImageData(image)
    drop(panel, data, panel.rect().bottomLeft())
    assert [source.title() for source in panel.pad.corners] == ["a hill", "the sea", "Dropped"]
    drop(panel, words("a town"), at(panel, 0))  # in place of what is there
    assert [source.title() for source in panel.pad.corners] == ["a town", "the sea", "Dropped"]
    sheet = window.studio.editor.new(64, 64, QColor("red"))
    data = window.layers.tree.model().mimeData([window.layers.tree.model().index(0, 0)])
    window.areas.show_dock(next(dock for dock in window.docks if dock.panel is panel))
    QApplication.processEvents()
    drop(panel, data, at(panel, 1))
    assert isinstance(panel.pad.corners[1], OfLayer)
    assert panel.pad.corners[1].sheet is sheet
    empty = QMimeData()
    nothing = QDragEnterEvent(panel.rect().center(), Qt.DropAction.CopyAction, empty, LEFT, NONE)
    nothing.ignore()
    QApplication.sendEvent(panel, nothing)
    assert not nothing.isAccepted()
    drop(panel, pigment_data("nothing called so"), at(panel, 0))
    assert len(panel.pad.corners) == 3


def test_dragging_drafts_and_letting_go_renders(full, window, qtbot, fake_engine):
    pad, field = full.pad, full.field
    window.studio.settings.set(num_inference_steps=18)
    with qtbot.waitSignal(window.studio.gallery.added, timeout=5000):
        drag(field, (0.0, 0.0), (0.1, 0.1), (0.2, -0.1))
    assert pad.place == pytest.approx((0.2, -0.1), abs=0.02)
    steps = [request.num_inference_steps for request in fake_engine.requests]
    assert steps[-1] == 18
    assert set(steps[:-1]) <= {5}
    assert full.preview.image is pad.image
    assert full.preview.badge == ""
    drag(field, (0.2, -0.1), (-0.4, 0.4))  # the puck itself, from the place of the trail that it covers
    qtbot.waitUntil(lambda: len(pad.trail.visited) == 2 and not pad.busy, timeout=5000)


def test_a_click_on_the_trail_goes_back(full, window, qtbot):
    pad, field = full.pad, full.field
    for place in ((0.3, 0.2), (-0.3, 0.2)):
        with qtbot.waitSignal(window.studio.gallery.added, timeout=5000):
            drag(field, (0.0, 0.0), place)
    first, second = pad.trail.visited
    QTest.mouseClick(field, LEFT, NONE, field.point_of(first.place).toPoint())
    assert pad.place == first.place
    assert full.preview.image is first.image
    qtbot.waitUntil(lambda: window.studio.easel.item is first.item, timeout=3000)
    assert len(pad.trail.visited) == 2  # looking is not visiting
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_PageDown)
    assert pad.place == second.place
    assert window.studio.gallery_list.rowCount() == 2


def test_a_click_on_a_corner_is_all_of_it(full, qtbot, fake_engine):
    QTest.mouseClick(full.field, LEFT, NONE, full.field._points()[2].toPoint())
    assert full.pad.place == corners_of(3)[2]
    qtbot.waitUntil(lambda: not full.pad.busy and bool(full.pad.trail.visited), timeout=5000)
    [slot] = fake_engine.requests[-1].slots
    assert slot.image is full.pad.corners[2].raster
    assert "three: 100 %" in full.field.accessibleDescription()


def test_keys_move_the_puck_and_reach_the_corners(full, window, qtbot):
    pad, field = full.pad, full.field
    window.activateWindow()
    full.focus_first()
    QTest.keyClick(field, Qt.Key.Key_Right)
    assert pad.place == pytest.approx((0.05, 0.0))
    QTest.keyClick(field, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert pad.place == pytest.approx((0.05, -0.01))
    qtbot.waitUntil(lambda: pad.image is not None, timeout=3000)
    assert full.preview.badge == "Draft"
    assert not pad.trail.visited
    with qtbot.waitSignal(window.studio.gallery.added, timeout=5000):
        QTest.keyClick(field, Qt.Key.Key_Return)
    for _ in range(2):
        QTest.keyClick(field, Qt.Key.Key_Tab)
    assert field.hasFocus()
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert pad.place == corners_of(3)[1]
    qtbot.waitUntil(lambda: not pad.busy, timeout=5000)
    QTest.keyClick(field, Qt.Key.Key_Delete)
    assert [source.title() for source in pad.corners] == ["one", "three"]
    QTest.keyClick(field, Qt.Key.Key_Tab)
    assert not field.hasFocus()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Backtab)
    assert field.hasFocus()
    QTest.keyClick(field, Qt.Key.Key_Delete)  # the ring came back to the last corner
    assert [source.title() for source in pad.corners] == ["one"]


def test_a_menu_of_a_corner(full, monkeypatch):
    opened = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, _place: opened.append(menu))
    place = full.field._points()[0].toPoint()
    mouse = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(full.field, QContextMenuEvent(mouse, place, full.field.mapToGlobal(place)))
    [menu] = opened
    assert [action.text() for action in menu.actions()] == ["All of it", "Take it away"]
    menu.actions()[1].trigger()
    assert [source.title() for source in full.pad.corners] == ["two", "three"]


def test_the_mix_gives_and_takes(full, window):
    mixing = window.studio.mixing
    drag(full.field, (0.0, 0.0), (0.2, 0.1))
    full.use_in_mix.click()
    assert [slot.weight for slot in mixing.slots] == pytest.approx(list(full.pad.weights))
    mixing.add_words("fog")
    full.take_mix.click()
    assert len(full.pad.corners) == 4
    assert full.field.point_of(full.pad.place) != full.field.point_of((0.0, 0.0))


def test_over_the_canvas_until_the_hand_is_elsewhere(full, window, qtbot):
    studio = window.studio
    assert not full.over_canvas.isVisible()
    studio.editor.new(96, 64, QColor("white"))
    assert full.over_canvas.isVisible()
    window.activateWindow()
    full.field.setFocus()
    QTest.keyClick(full.field, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: studio.candidates.shown is not None, timeout=3000)
    window.bench.page.view.setFocus()
    assert studio.candidates.shown is None
    full.field.setFocus()
    drag(full.field, (0.0, 0.0), (0.2, 0.1))
    qtbot.waitUntil(lambda: studio.candidates.count == 1, timeout=5000)
    full.over_canvas.click()
    assert not full.pad.over_canvas


def test_five_are_enough_and_a_model_that_cant_says_so(full, window):
    for text in ("fog", "rain", "snow"):
        window.studio.ingredients.words(text, full.pad.add)
    assert len(full.pad.corners) == 5
    assert not full.words.isEnabled()
    assert not full.unable.isVisible()
    window.studio.choose_model(kandinsky_2_0.SPEC.key)
    assert full.unable.isVisible()
    assert "can’t mix" in full.unable.text()
