"""The world of the built-in model: abstract compositions drawn by rule, and what is true about each of them.

A scene is a plain ground with up to two flat shapes. It is drawn from signed distances, so every edge is
antialiased to the subpixel and a picture costs a fraction of a millisecond. Coordinates and radii are fractions of
the picture's side; x runs to the right, y down, angles are radians.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kandinsky_studio.engine.request import Pixels

SHAPES = ("circle", "square", "triangle", "star", "ring")
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (250, 215, 50),
    "green": (46, 160, 67),
    "blue": (38, 84, 200),
    "purple": (135, 60, 170),
    "black": (25, 25, 28),
    "white": (245, 245, 245),
}
COLOUR_NAMES = tuple(COLOURS)
PALETTE = np.array(list(COLOURS.values()), dtype=np.float32)  # (8, 3), 0…255

COLOUR_JITTER = 6.0  # each channel, so that a colour is a small region and not a point
MIN_RADIUS, MAX_RADIUS = 0.14, 0.32
MAX_ANGLE = 0.22
MARGIN = 0.03
RING_WIDTH = 0.42  # of the radius
STAR_INNER = 0.45  # of the radius

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Shape:
    """One flat shape: its kind (index into ``SHAPES``), colour (index into ``COLOUR_NAMES``), place and size."""

    kind: int
    colour: int
    x: float
    y: float
    radius: float
    angle: float


@dataclass(frozen=True)
class Scene:
    """A ground colour (index) and up to two shapes in reading order: the left one first, or the upper one where
    they stand one above the other."""

    background: int
    shapes: tuple[Shape, ...]


def random_scene(rng: np.random.Generator, shapes: int | None = None) -> Scene:
    """A scene with ``shapes`` shapes (0…2; None: mostly one, often two, seldom none). Shapes never touch."""
    if shapes is None:
        shapes = int(rng.choice(3, p=(0.03, 0.57, 0.40)))
    background = int(rng.integers(len(COLOUR_NAMES)))
    placed: list[Shape] = []
    largest = MAX_RADIUS if shapes < 2 else 0.22
    while len(placed) < shapes:
        radius = float(rng.uniform(MIN_RADIUS, largest))
        x, y = (float(v) for v in rng.uniform(radius + MARGIN, 1 - radius - MARGIN, 2))
        if any(np.hypot(x - other.x, y - other.y) < radius + other.radius + MARGIN for other in placed):
            placed = placed if rng.random() < 0.9 else []  # a first shape in the middle may leave no room
            continue
        colour = int(rng.choice([c for c in range(len(COLOUR_NAMES)) if c != background]))
        kind = int(rng.integers(len(SHAPES)))
        placed.append(Shape(kind, colour, x, y, radius, float(rng.uniform(-MAX_ANGLE, MAX_ANGLE))))
    return Scene(background, in_reading_order(placed))


def relaid(scene: Scene, rng: np.random.Generator) -> Scene:
    """The same things in other places, in the same order."""
    places = random_scene(rng, len(scene.shapes)).shapes
    shapes = (
        dataclasses.replace(place, kind=shape.kind, colour=shape.colour)
        for place, shape in zip(places, scene.shapes, strict=True)
    )
    return Scene(scene.background, tuple(shapes))


def in_reading_order(shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    """Two shapes sorted from left to right, or from top to bottom where they are further apart that way; any other
    number of them as they come."""
    if len(shapes) != 2:
        return tuple(shapes)
    first, second = shapes
    side_by_side = abs(first.x - second.x) >= abs(first.y - second.y)
    return tuple(sorted(shapes, key=lambda shape: shape.x if side_by_side else shape.y))


def signed_distance(kind: str, x: Floats, y: Floats, radius: Floats, angle: Floats) -> Floats:
    """Distance of points to the outline of a shape at the origin, negative inside, in the unit of ``x``.

    All arrays are float32 and broadcast against one another. Exact for circle and ring; for the polygons it is the
    distance to the nearest edge's line, which is right where antialiasing needs it.
    """
    if kind == "circle":
        return np.asarray(np.hypot(x, y) - radius, np.float32)
    if kind == "ring":
        band = np.abs(np.hypot(x, y) - radius * (1 - RING_WIDTH / 2)) - radius * (RING_WIDTH / 2)
        return np.asarray(band, np.float32)
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = x * cos + y * sin, y * cos - x * sin
    if kind == "square":
        return np.asarray(np.maximum(np.abs(x), np.abs(y)) - radius * np.float32(0.84), np.float32)
    if kind == "triangle":  # one corner up
        slope = np.float32(np.sqrt(3) / 2)
        return np.asarray(np.maximum(np.abs(x) * slope - y / 2, y) - radius / 2, np.float32)
    if kind == "star":  # fold the plane into a tenth of the star and measure one edge
        turn = 2 * np.pi / 5
        around = np.arctan2(x, -y)
        folded = np.abs((around + turn / 2) % turn - turn / 2)
        length = np.hypot(x, y)
        px, py = length * np.cos(folded), length * np.sin(folded)
        inner = np.array((np.cos(turn / 2), np.sin(turn / 2))) * STAR_INNER
        edge = inner - (1.0, 0.0)
        normal = np.array((edge[1], -edge[0])) / np.hypot(*edge)
        return np.asarray((px - radius) * normal[0] + py * normal[1], dtype=np.float32)
    raise ValueError(kind)


def coverage(shapes: Sequence[Shape], size: int) -> Floats:
    """How much of each pixel each shape covers: float32, (shapes, size, size), 0…1."""
    if not shapes:
        return np.zeros((0, size, size), np.float32)
    centres = (np.arange(size, dtype=np.float32) + 0.5) / size
    out = np.empty((len(shapes), size, size), np.float32)
    kinds = np.array([shape.kind for shape in shapes])
    values = np.array([(s.x, s.y, s.radius, s.angle) for s in shapes], np.float32)[:, :, None, None]
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        x, y, radius, angle = values[rows].transpose(1, 0, 2, 3)
        distance = signed_distance(SHAPES[kind], centres[None, None, :] - x, centres[None, :, None] - y, radius, angle)
        out[rows] = np.clip(0.5 - distance * size, 0, 1)
    return out


def draw(scenes: Sequence[Scene], size: int, rng: np.random.Generator | None = None) -> Pixels:
    """Pictures of scenes: uint8, (scenes, size, size, 3). With ``rng`` every colour is jittered a little."""
    shapes = [shape for scene in scenes for shape in scene.shapes]
    owners = np.repeat(np.arange(len(scenes)), [len(scene.shapes) for scene in scenes])
    colours = PALETTE[[scene.background for scene in scenes] + [shape.colour for shape in shapes]]
    if rng is not None:
        colours = colours + rng.uniform(-COLOUR_JITTER, COLOUR_JITTER, colours.shape).astype(np.float32)
    colours = np.clip(colours, 0, 255)
    pictures = np.empty((len(scenes), size, size, 3), np.float32)
    pictures[:] = colours[: len(scenes), None, None, :]
    for owner, colour, cover in zip(owners, colours[len(scenes) :], coverage(shapes, size), strict=True):
        pictures[owner] += cover[:, :, None] * (colour - pictures[owner])
    return np.rint(pictures).astype(np.uint8)
