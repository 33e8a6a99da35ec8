"""Hand, zoom and rotation of the view, on a camera that is only arithmetic."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QTransform

from kandinsky_studio.document.document import Document
from kandinsky_studio.tools.base import Desk, Pointer, View
from kandinsky_studio.tools.hand import Hand
from kandinsky_studio.tools.rotate_view import RotateView
from kandinsky_studio.tools.zoom import Zoom
from tests.tools.gestures import frozen


class Camera(View):
    """Screen = rotation around the middle × scale × document + shift."""

    def __init__(self) -> None:
        self.zoom, self.angle, self.shift = 2.0, 0.0, QPointF(30, 40)

    @property
    def transform(self) -> QTransform:
        middle = self.centre
        back = QTransform.fromTranslate(-middle.x(), -middle.y())
        turn = QTransform().rotate(self.angle)
        there = QTransform.fromTranslate(middle.x(), middle.y())
        plain = QTransform.fromScale(self.zoom, self.zoom) * QTransform.fromTranslate(self.shift.x(), self.shift.y())
        return plain * back * turn * there

    def pan(self, dx: float, dy: float) -> None:
        turn = QTransform().rotate(-self.angle)
        self.shift += turn.map(QPointF(dx, dy))

    def zoom_at(self, point: QPointF, factor: float) -> None:
        before = self.screen_point(point)
        self.zoom *= factor
        by = before - self.screen_point(point)
        self.pan(by.x(), by.y())

    def rotate_to(self, degrees: float) -> None:
        self.angle = degrees

    def screen_point(self, point: QPointF) -> QPointF:
        return self.transform.map(point)

    @property
    def centre(self) -> QPointF:
        return QPointF(400, 300)

    def pointer(self, x: float, y: float, **held: bool) -> Pointer:
        """A place of the screen as tools are told of it now."""
        point = self.transform.inverted()[0].map(QPointF(x, y))
        return Pointer(point.x(), point.y(), scale=self.zoom, rotation=self.angle, **held)


def gesture(tool, camera, *points, end="release", **held):
    tool.press(camera.pointer(*points[0], **held))
    for point in points[1:]:
        tool.move(camera.pointer(*point, **held))
    if end == "release":
        tool.release(camera.pointer(*points[-1], **held))
    else:
        tool.cancel()


@pytest.fixture
def camera():
    return Camera()


@pytest.fixture
def desk(camera):
    return Desk(Document.new(100, 80), view=camera)


def near(a: QPointF, b: QPointF) -> bool:
    return (a - b).manhattanLength() < 1e-6


@pytest.mark.parametrize("angle", [0.0, 33.0])
def test_the_hand_keeps_what_it_holds_under_the_pointer(camera, desk, angle):
    camera.rotate_to(angle)
    held = camera.pointer(100, 100).point
    gesture(Hand(desk), camera, (100, 100), (150, 90), (175, 260))
    assert near(camera.screen_point(held), QPointF(175, 260))
    assert camera.zoom == 2


def test_a_cancelled_hand_leaves_the_view_where_it_was(camera, desk):
    gesture(Hand(desk), camera, (100, 100), (150, 90), (175, 260), end="cancel")
    assert near(camera.shift, QPointF(30, 40))


def test_a_click_doubles_and_with_alt_halves_around_itself(camera, desk):
    tool, held = Zoom(desk), camera.pointer(120, 200).point
    gesture(tool, camera, (120, 200))
    assert camera.zoom == 4
    assert near(camera.screen_point(held), QPointF(120, 200))
    gesture(tool, camera, (120, 200), alt=True)
    assert camera.zoom == 2
    tool.out = True
    gesture(tool, camera, (120, 200))
    assert camera.zoom == 1


def test_a_drag_zooms_around_where_it_began(camera, desk):
    held = camera.pointer(120, 200).point
    gesture(Zoom(desk), camera, (120, 200), (150, 210), (270, 190))
    assert camera.zoom == pytest.approx(2 * 2.718281828)
    assert near(camera.screen_point(held), QPointF(120, 200))
    gesture(Zoom(desk), camera, (120, 200), (20, 200), end="cancel")
    assert camera.zoom == pytest.approx(2 * 2.718281828)


def test_the_view_turns_with_the_pointer(camera, desk):
    tool = RotateView(desk)
    gesture(tool, camera, (600, 300), (600, 400), (400, 500))
    assert camera.angle == pytest.approx(90)
    gesture(tool, camera, (600, 300), (600, 370), shift=True)
    assert camera.angle == 105, "19.3° more, in steps of 15°"
    gesture(tool, camera, (600, 300), (200, 310), end="cancel")
    assert camera.angle == 105
    tool.reset()
    assert camera.angle == 0


def test_the_view_does_not_spin_when_the_pointer_passes_its_middle(camera, desk):
    gesture(RotateView(desk), camera, (402, 300), (401, 301), (600, 300), (600, 301))
    assert abs(camera.angle) < 1


def test_none_of_them_touches_the_document(camera, desk):
    before = frozen(desk.document)
    for tool in (Hand(desk), Zoom(desk), RotateView(desk)):
        gesture(tool, camera, (600, 300), (200, 310))
        desk.view = None
        gesture(tool, camera, (600, 300), (200, 310))
        desk.view = camera
    assert frozen(desk.document) == before
