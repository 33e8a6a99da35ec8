"""A document on the screen: where it lies, how its pixels look, and what a pen and a mouse do to it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.errors import LayerLocked
from kandinsky_studio.ui.easel.camera import FIT_MAXIMUM, MARGIN, MAXIMUM, MINIMUM
from kandinsky_studio.ui.easel.view import DocumentView
from tests.ui.easel.stamping import BLUE, GROUND, RED, at, picture, pixel, shot, turn_wheel


def test_nothing_is_the_ground(qtbot):
    view = DocumentView()
    qtbot.addWidget(view)
    view.set_background(GROUND)
    view.resize(300, 200)
    assert pixel(view, 150, 100) == GROUND


def test_a_document_is_fitted_into_the_middle_with_room_around(make_view):
    view = make_view(800, 800)
    assert view.zoom == pytest.approx((300 - 2 * MARGIN) / 800)
    assert pixel(view, 200, 150) == RED
    assert pixel(view, 200, MARGIN - 3) == GROUND
    assert pixel(view, 200, MARGIN + 3) == RED


def test_what_is_fitted_follows_the_window_until_somebody_zooms(make_view):
    view = make_view(800, 800)
    view.resize(400, 200)
    assert view.zoom == pytest.approx((200 - 2 * MARGIN) / 800)
    view.actual_size()
    view.resize(400, 300)
    assert view.zoom == 1.0
    assert make_view(8, 8).zoom == FIT_MAXIMUM


def test_the_wheel_keeps_what_is_under_the_pointer(make_view):
    view = make_view(300, 300)
    place = QPoint(170, 90)
    before = view.document_point(QPointF(place))
    for _ in range(4):
        turn_wheel(view, place, 1)
    after = view.document_point(QPointF(place))
    assert view.zoom > 1.5
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=0.6 / view.zoom)


def test_zoom_has_ends_and_stops_at_100_percent(make_view):
    view = make_view(290, 290)
    assert 0.9 < view.zoom < 1
    view.zoom_in()
    assert view.zoom == 1.0
    for _ in range(100):
        view.zoom_in()
    assert view.zoom == MAXIMUM
    for _ in range(200):
        view.zoom_out()
    assert view.zoom == MINIMUM


def test_a_stroke_of_the_mouse_paints_where_it_went(qtbot, make_view):
    view = make_view()
    view.actual_size()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=at(view, 50, 50))
    qtbot.mouseMove(view, at(view, 150, 50))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at(view, 150, 50))
    assert view.tool.names[0] == "press"
    assert view.tool.names[-1] == "release"
    point = view.tool.told[0][1]
    assert (point.x, point.y, point.pressure, point.pen) == (50, 50, 1.0, False)
    place = at(view, 150, 50)
    assert pixel(view, place.x(), place.y()) == BLUE
    assert pixel(view, place.x() + 20, place.y()) == RED
    assert [step.name for step in view.document.history.done] == ["Stamp"]


def test_undo_is_seen(qtbot, make_view):
    view = make_view()
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=at(view, 50, 50))
    place = at(view, 50, 50)
    assert pixel(view, place.x(), place.y()) == BLUE
    view.document.undo()
    assert pixel(view, place.x(), place.y()) == RED


def test_a_checkerboard_is_seen_through_what_is_transparent(make_view):
    view = make_view(colour=None)
    view.actual_size()
    seen = shot(view)
    corner = at(view, 0, 0)
    colours = [seen.pixelColor(corner.x() + x, corner.y() + 4).name() for x in (4, 12, 20)]
    assert colours == ["#ffffff", "#cfcfcf", "#ffffff"]


def test_near_by_every_pixel_is_a_square_of_one_colour(make_view):
    view = make_view(2, 1, QColor(0, 0, 0))
    with view.document.edit("White") as edit:
        edit.write(view.document.active.pixels, Rect(1, 0, 1, 1), picture(1, 1, QColor(255, 255, 255)))
    view.set_grid(False)
    for zoom in (2, 3.3, 20):
        view.set_zoom(zoom)
        seen = shot(view)
        colours = {seen.pixelColor(x, 150).name() for x in range(400)}
        border = {seen.pixelColor(round(view.widget_point(QPointF(0, 0)).x()) - 1, 150).name()}
        border |= {seen.pixelColor(round(view.widget_point(QPointF(2, 0)).x()), 150).name()}
        assert colours - border == {"#000000", "#ffffff", GROUND.name()}, zoom


def test_panning_draws_what_comes_into_sight(qtbot, make_view):
    view = make_view(600, 600)
    with view.document.edit("Half") as edit, edit.painters(view.document.active.pixels, Rect(300, 0, 300, 600)) as all_:
        for painter, part in all_:
            painter.fillRect(part.to_qt(), BLUE)
    view.set_zoom(1.3)
    view.grab()
    for step in range(1, 12):
        view.viewport.pan(-17 * (step % 3), 5 * step - 30)
        moved = shot(view)
        view._frame.invalidate()
        assert moved == view.grab().toImage(), step


def test_a_refusing_tool_changes_nothing_and_the_user_hears_of_it(qtbot, make_view):
    view = make_view()
    failures = []
    view.desk.fail = failures.append
    view.tool.refuses = True
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=at(view, 50, 50))
    qtbot.mouseMove(view, at(view, 70, 50))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at(view, 70, 50))
    assert [type(error) for error in failures] == [LayerLocked]
    assert view.tool.names == ["press"]
    view.tool.refuses = False
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=at(view, 50, 50))
    assert view.tool.names[-2:] == ["press", "release"]


def test_an_error_in_a_stroke_takes_it_back(qtbot, make_view):
    view = make_view()
    failures = []
    view.desk.fail = failures.append
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=at(view, 50, 50))
    view.tool.breaks = True
    qtbot.mouseMove(view, at(view, 70, 50))
    qtbot.mouseMove(view, at(view, 90, 50))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at(view, 90, 50))
    assert view.tool.names == ["press", "move", "cancel"]
    assert len(failures) == 1
    assert not view.document.editing
    place = at(view, 50, 50)
    assert pixel(view, place.x(), place.y()) == RED


def test_a_turned_view_shows_and_paints_the_same_place(qtbot, make_view):
    view = make_view(400, 400)
    view.rotate_to(30)
    view.set_mirrored(True)
    place = at(view, 120, 200)
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
    pointer = view.tool.told[-1][1]
    assert (pointer.x, pointer.y) == pytest.approx((120, 200), abs=2)
    assert pointer.rotation == 30
    assert pixel(view, place.x(), place.y()) == BLUE


def test_the_circle_of_the_brush_is_as_large_as_it_paints(qtbot, make_view):
    view = make_view(400, 400, QColor(128, 128, 128))
    view.actual_size()
    view.tool.size = 100.0
    middle = at(view, 200, 200)
    qtbot.mouseMove(view, middle)
    seen = view.grab().toImage()
    row = [seen.pixelColor(middle.x() + x, middle.y()).lightness() for x in range(40, 60)]
    assert min(row[8:11]) < 90, "a dark ring"
    assert max(row[9:12]) > 170, "in a light one"
    assert set(row[:7]) == {128}
    assert set(row[13:]) == {128}
    assert view.cursor().shape() is Qt.CursorShape.BlankCursor


def test_another_canvas_is_seen_at_once_and_nothing_beyond_it(qtbot, make_view):
    view = make_view(600, 600)
    view.actual_size()
    with view.document.edit("Half") as edit, edit.painters(view.document.active.pixels, Rect(0, 0, 300, 600)) as all_:
        for painter, part in all_:
            painter.fillRect(part.to_qt(), BLUE)
    for canvas in (Rect(230, 270, 101, 77), Rect(-300, -40, 700, 500)):
        view.document.change("Crop", view.document.state.changed(canvas=canvas))
        view.fit()
        qtbot.waitUntil(lambda: view.grab() and not view.unfinished)
        seen = shot(view)
        box = view.camera.transform.mapRect(canvas.to_qt())
        middle = box.center().y()
        assert seen.pixelColor(box.left() - 2, middle) == GROUND
        assert seen.pixelColor(box.right() + 3, middle) == GROUND
        assert seen.pixelColor(at(view, 290, 300)) == BLUE
        assert seen.pixelColor(at(view, 310, 300)) == RED
    assert seen.pixelColor(at(view, -200, 300)).name() in ("#ffffff", "#cfcfcf"), "nothing was painted there"


@pytest.mark.parametrize("zoom", [0.1, 0.3, 0.8])
def test_a_level_that_is_not_ready_shows_another_one_meanwhile(make_view, monkeypatch, zoom):
    view = make_view(2000, 2000, BLUE)
    view.set_zoom(0.2)
    shot(view)
    monkeypatch.setattr("kandinsky_studio.ui.easel.sight.WORK", -1.0)  # no time at all
    monkeypatch.setattr("kandinsky_studio.ui.easel.sight.WORK_MOVING", -1.0)
    view.set_zoom(zoom)
    seen = shot(view)
    wrong = [
        (x, y)
        for x in range(0, 400, 20)
        for y in range(0, 300, 20)
        if seen.pixelColor(x, y) not in (BLUE, GROUND)
        and view.camera.canvas.intersected(Rect.around(*2 * view.document_point(QPointF(x, y)).toTuple())).area
    ]
    assert not wrong
    assert view.unfinished
    view._catch_up.stop()


def test_large_levels_are_given_back(qtbot, make_view):
    view = make_view(2000, 2000)
    view.actual_size()
    shot(view)
    assert 0 in view._frame._projection._images
    view.set_zoom(0.2)
    assert view._forget.isActive()
    view._forget.timeout.emit()
    assert set(view._frame._projection._images) == {2}
    view._forget.stop()
    view.actual_size()
    place = at(view, 1000, 1000)
    qtbot.waitUntil(lambda: view.grab() and not view.unfinished)
    assert pixel(view, place.x(), place.y()) == RED
