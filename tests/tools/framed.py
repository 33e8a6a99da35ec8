"""A layer in the frame of the transform tool, and the handles to pull it by."""

from __future__ import annotations

import cv2
import numpy as np

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Surface
from kandinsky_studio.tools.base import Desk, Ink
from kandinsky_studio.tools.transform import Transform
from tests.tools.gestures import drag

SIZE = 600, 500


def noise(width, height, seed=0, opaque=True):
    """Premultiplied."""
    pixels = np.random.default_rng(seed).integers(1, 256, (height, width, 4), np.uint8)
    if opaque:
        pixels[..., 3] = 255
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
    return pixels


def soft(width, height):
    """Opaque, without anything that is as fine as a pixel."""
    pixels = cv2.GaussianBlur(noise(width, height), (0, 0), 3)
    pixels[..., :3] = cv2.normalize(pixels[..., :3], None, 0, 255, cv2.NORM_MINMAX)
    pixels[..., 3] = 255
    return pixels


def make(pixels=None, x=200, y=160):
    document = Document.new(*SIZE)
    pixels = noise(90, 70) if pixels is None else pixels
    layer = document.new_layer(Kind.PIXELS, "object", Surface.from_array(pixels, x, y))
    document.state = document.state.inserted(layer)
    document.activate(layer.id)
    return document, Transform(Desk(document))


def at_place(pixels, x, y):
    whole = np.zeros((SIZE[1], SIZE[0], *pixels.shape[2:]), np.uint8)
    whole[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
    return whole


def whole(document):
    return document.active.pixels.array(document.state.canvas)


def handles(tool):
    """The eight handles and the pivot, as they are drawn."""
    marks = [mark.path.currentPosition() for mark in tool.overlay() if mark.ink is Ink.HANDLE]
    return [(point.x(), point.y()) for point in marks]


UPPER_LEFT, UPPER_RIGHT, LOWER_RIGHT, LOWER_LEFT, UPPER, RIGHT, LOWER, LEFT, PIVOT = range(9)


def pull(tool, handle, dx, dy, **held):
    x, y = handles(tool)[handle]
    drag(tool, (x, y), (x + dx / 2, y + dy / 3), (x + dx, y + dy), **held)
