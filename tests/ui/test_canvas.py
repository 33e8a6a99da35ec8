"""Zoom, pan and pixels of the canvas."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent

from kandinsky_studio.ui.canvas import FIT_MAXIMUM, MARGIN, Canvas

GROUND = QColor(120, 120, 120)


@pytest.fixture
def canvas(qtbot):
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.set_background(GROUND)
    canvas.resize(400, 300)
    canvas.show()
    return canvas


def image(width, height, colour=Qt.GlobalColor.red):
    picture = QImage(width, height, QImage.Format.Format_RGB32)
    picture.fill(colour)
    return picture


def turn_wheel(canvas, place, notches, modifiers=Qt.KeyboardModifier.NoModifier):
    event = QWheelEvent(
        QPointF(place),
        QPointF(canvas.mapToGlobal(place)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    canvas.wheelEvent(event)


def pixel(canvas, x, y):
    return canvas.grab().toImage().pixelColor(x, y)


def test_an_empty_canvas_is_its_ground(canvas):
    assert pixel(canvas, 200, 150) == GROUND


def test_a_picture_is_fitted_into_the_middle_with_room_around(canvas):
    canvas.set_image(image(800, 800))
    assert canvas.zoom == pytest.approx((300 - 2 * MARGIN) / 800)
    assert pixel(canvas, 200, 150) == QColor(Qt.GlobalColor.red)
    assert pixel(canvas, 200, MARGIN - 3) == GROUND
    assert pixel(canvas, 200, MARGIN + 3) == QColor(Qt.GlobalColor.red)


def test_a_small_picture_does_not_become_a_wall(canvas):
    canvas.set_image(image(8, 8))
    assert canvas.zoom == FIT_MAXIMUM


def test_a_fitted_picture_follows_the_window(canvas):
    canvas.set_image(image(800, 800))
    canvas.resize(400, 200)
    assert canvas.zoom == pytest.approx((200 - 2 * MARGIN) / 800)
    canvas.actual_size()
    canvas.resize(400, 300)
    assert canvas.zoom == 1.0


def test_the_wheel_keeps_what_is_under_the_pointer(canvas):
    canvas.set_image(image(300, 300))
    place = QPoint(170, 90)
    before = canvas.picture_point(QPointF(place))
    zoom = canvas.zoom
    turn_wheel(canvas, place, 3)
    assert canvas.zoom > zoom
    after = canvas.picture_point(QPointF(place))
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=0.01)


def test_zooming_stops_at_100_percent_on_the_way(canvas):
    canvas.set_image(image(290, 290))
    assert 0.9 < canvas.zoom < 1
    canvas.zoom_in()
    assert canvas.zoom == 1.0
    canvas.zoom_in()
    canvas.zoom_out()
    assert canvas.zoom == 1.0


def test_zoom_has_ends(canvas):
    canvas.set_image(image(300, 300))
    for _ in range(100):
        canvas.zoom_in()
    assert canvas.zoom == 64
    for _ in range(200):
        canvas.zoom_out()
    assert canvas.zoom == 1 / 64


def test_far_in_every_pixel_is_a_square_of_one_colour(canvas):
    picture = image(2, 1, Qt.GlobalColor.black)
    picture.setPixelColor(1, 0, QColor(255, 255, 255))
    canvas.set_image(picture)
    turn_wheel(canvas, QPoint(200, 150), 8)
    assert canvas.zoom > 16
    shot = canvas.grab().toImage()
    colours = {shot.pixelColor(x, 150).name() for x in range(400)}
    assert colours == {"#000000", "#ffffff", GROUND.name()}, "no grey in between"


def test_near_100_percent_edges_are_smooth(canvas):
    picture = image(100, 10, Qt.GlobalColor.black)
    for y in range(10):
        for x in range(50, 100):
            picture.setPixelColor(x, y, QColor(255, 255, 255))
    canvas.set_image(picture)
    assert 1 < canvas.zoom < 8
    shot = canvas.grab().toImage()
    colours = {shot.pixelColor(x, 150).red() for x in range(400)}
    assert any(10 < colour < 110 or 130 < colour < 245 for colour in colours)


def test_at_100_percent_pixels_are_exact(canvas):
    picture = image(64, 64, Qt.GlobalColor.black)
    for x in range(0, 64, 2):
        for y in range(64):
            picture.setPixelColor(x, y, QColor(255, 255, 255))
    canvas.set_image(picture)
    canvas.actual_size()
    row = [canvas.grab().toImage().pixelColor(x, 150).name() for x in range(400)]
    inside = [name for name in row if name != GROUND.name()]
    assert inside in (["#ffffff", "#000000"] * 32, ["#000000", "#ffffff"] * 32)


def test_dragging_and_arrows_move_the_picture_but_not_out_of_sight(qtbot, canvas):
    canvas.set_image(image(300, 300))
    before = canvas.picture_point(QPointF(200, 150))
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    qtbot.mouseMove(canvas, QPoint(230, 160))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(230, 160))
    after = canvas.picture_point(QPointF(230, 160))
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=0.01)
    for _ in range(100):
        qtbot.keyClick(canvas, Qt.Key.Key_Right)
    shot = canvas.grab().toImage()
    assert any(shot.pixelColor(x, 150) == QColor(Qt.GlobalColor.red) for x in range(400))


def test_a_preview_is_shown_as_large_as_the_picture_will_be(canvas):
    canvas.set_image(image(16, 16), (128, 128))
    zoom = canvas.zoom
    left = canvas.picture_point(QPointF(0, 0))
    canvas.set_image(image(128, 128), (128, 128))
    assert canvas.zoom == zoom
    assert canvas.picture_point(QPointF(0, 0)) == left


def test_the_place_stays_when_the_next_picture_has_the_same_size(canvas):
    canvas.set_image(image(300, 300))
    turn_wheel(canvas, QPoint(50, 60), 4)
    zoom, place = canvas.zoom, canvas.picture_point(QPointF(10, 10))
    canvas.set_image(image(300, 300, Qt.GlobalColor.blue))
    assert (canvas.zoom, canvas.picture_point(QPointF(10, 10))) == (zoom, place)
    canvas.set_image(image(300, 200))
    assert canvas.fitted
