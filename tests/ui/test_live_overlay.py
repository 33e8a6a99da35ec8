"""Holes in the live picture, where somebody has painted since."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF
from PySide6.QtGui import QColor, QImage, QTransform

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import Depth, new_image
from kandinsky_studio.ui.live_overlay import _Cut, _open

WIDTH, HEIGHT = 320, 240


def cut(transform: QTransform, corner: QPoint) -> _Cut:
    image: QImage = new_image(WIDTH, HEIGHT, Depth.RGBA)
    image.fill(QColor("#e08040"))
    return _Cut(None, image, corner, transform, QRectF())


@pytest.mark.parametrize("angle", [0, 30, 90])
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_hole_is_what_was_painted_with_round_corners(qapp, angle, scale, mirrored):
    transform = QTransform().translate(150, 110).rotate(angle).scale(-scale if mirrored else scale, scale)
    one, rects = cut(transform, QPoint(7, 5)), [Rect(-20, -10, 40, 24), Rect(30, 10, 20, 20)]
    _open(one, rects)
    back, _ = transform.inverted()
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    points = np.stack([columns + 7.5, rows + 5.5], axis=-1)
    points = points @ [[back.m11(), back.m12()], [back.m21(), back.m22()]] + (back.dx(), back.dy())
    distances = []  # to the outline, in pixels of the screen; negative inside
    for rect in rects:
        radius = 0.4 * min(rect.width, rect.height)
        middle = np.array([rect.x + rect.width / 2, rect.y + rect.height / 2])
        beyond = np.abs(points - middle) - (np.array([rect.width, rect.height]) / 2 - radius)
        outside = np.linalg.norm(np.maximum(beyond, 0), axis=-1) + np.minimum(beyond.max(axis=-1), 0)
        distances.append((outside - radius) * scale)
    distance = np.minimum(*distances)
    assert (one.pixels[distance < -1.5] == 0).all()
    assert (one.pixels[distance > 2.2] == (0x40, 0x80, 0xE0, 0xFF)).all()
    assert (distance < -1.5).sum() > 100


def test_what_lies_beside_the_picture_opens_nothing(qapp):
    one = cut(QTransform(), QPoint(0, 0))
    _open(one, [Rect(-50, -50, 40, 40), Rect(WIDTH + 5, 0, 20, 20)])
    assert (one.pixels[..., 3] == 255).all()
    _open(one, [Rect(-20, -20, 40, 40)])
    assert (one.pixels[:14, :14] == 0).all()
    assert one.image.pixelColor(5, 5).alpha() == 0
