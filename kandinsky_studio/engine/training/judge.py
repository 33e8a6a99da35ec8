"""A judge that never saw the generator: it measures pixels and says what is on a picture.

Ground: the middle colour of the border. Shapes: connected regions that differ from the ground. A shape's colour is
the palette's nearest to its middle colour in CIELAB; its kind is the ideal shape that overlaps it best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kandinsky_studio.engine.request import Pixels
from kandinsky_studio.engine.training.scenes import (
    MAX_ANGLE,
    PALETTE,
    SHAPES,
    Floats,
    Scene,
    Shape,
    coverage,
    in_reading_order,
)

DIFFERS = 18.0  # CIELAB units from the ground
SMALLEST = 0.008  # share of the picture's area that counts as a shape
WORST_OVERLAP = 0.6  # below this a region is no shape at all

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Verdict:
    """What a picture shows: its ground (colour index) and its shapes in reading order; kind -1 is none we know."""

    background: int
    shapes: tuple[Shape, ...]


def lab(rgb: npt.NDArray[np.uint8] | Floats) -> Floats:
    """sRGB 0…255 (…, 3) to CIELAB with D65 white (…, 3)."""
    values = np.asarray(rgb, np.float32) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = linear @ matrix.T / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.asarray(np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1), dtype=np.float32)


_PALETTE_LAB = lab(PALETTE)


def colour_of(values: Floats) -> int:
    """Index of the palette colour nearest to a CIELAB value (3,)."""
    return int(np.linalg.norm(_PALETTE_LAB - values, axis=1).argmin())


def regions(mask: Mask) -> list[Mask]:
    """The 4-connected regions of a mask, largest first."""
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:  # every pixel takes the largest label around it until nothing changes
        spread = labels.copy()
        spread[1:] = np.maximum(spread[1:], labels[:-1])
        spread[:-1] = np.maximum(spread[:-1], labels[1:])
        spread[:, 1:] = np.maximum(spread[:, 1:], labels[:, :-1])
        spread[:, :-1] = np.maximum(spread[:, :-1], labels[:, 1:])
        spread[~mask] = 0
        if np.array_equal(spread, labels):
            break
        labels = spread
    names, counts = np.unique(labels[labels > 0], return_counts=True)
    return [labels == name for name in names[np.argsort(-counts)]]


def fit(region: Mask) -> tuple[Shape, float]:
    """The ideal shape (colour 0) that overlaps a region best, and the overlap (intersection over union, 0…1)."""
    size = len(region)
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    height, width = (bottom - top) / size, (right - left) / size
    x, y = (left + right) / 2 / size, (top + bottom) / 2 / size
    tries = []
    for kind, name in enumerate(SHAPES):
        for angle in (0.0,) if name in ("circle", "ring") else np.linspace(-MAX_ANGLE, MAX_ANGLE, 5):
            radius, centre_x, centre_y = _from_box(name, float(angle), x, y, width, height)
            for scale in (0.94, 1.0, 1.06):
                tries.append(Shape(kind, 0, centre_x, centre_y, radius * scale, float(angle)))
    ideals = coverage(tries, size) > 0.5
    overlaps = (ideals & region).sum((1, 2)) / np.maximum(1, (ideals | region).sum((1, 2)))
    best = int(overlaps.argmax())
    return tries[best], float(overlaps[best])


def _from_box(name: str, angle: float, x: float, y: float, width: float, height: float) -> tuple[float, float, float]:
    """Radius and centre of the shape whose bounding box has this middle and these sides."""
    corners = {
        "circle": None,
        "ring": None,
        "square": np.deg2rad([45, 135, 225, 315]),
        "triangle": np.deg2rad([-90, 30, 150]),
        "star": np.deg2rad([-90, -18, 54, 126, 198]),
    }[name]
    if corners is None:
        return (width + height) / 4, x, y
    reach = 0.84 * np.sqrt(2) if name == "square" else 1.0
    xs, ys = reach * np.cos(corners + angle), reach * np.sin(corners + angle)
    radius = (width + height) / (np.ptp(xs) + np.ptp(ys))
    return radius, x - radius * (xs.max() + xs.min()) / 2, y - radius * (ys.max() + ys.min()) / 2


def _parted(values: Floats) -> tuple[Floats, Mask]:
    """The ground's CIELAB colour, and where a picture in CIELAB (side, side, 3) differs from it."""
    border = np.concatenate([values[:3].reshape(-1, 3), values[-3:].reshape(-1, 3), values[:, :3].reshape(-1, 3)])
    ground = np.median(border, axis=0)
    return ground, np.linalg.norm(values - ground, axis=-1) > DIFFERS


def silhouette(picture: Pixels) -> Mask:
    """Where a uint8 (side, side, 3) picture is not ground: bool (side, side)."""
    return _parted(lab(picture))[1]


def overlap(first: Mask, second: Mask) -> float:
    """Intersection over union of two masks, 0…1; 0 if both are empty."""
    return float((first & second).sum() / max(1, (first | second).sum()))


def palette_distance(picture: Pixels) -> float:
    """How far the ground of a uint8 (side, side, 3) picture lies from the nearest colour of the palette, in CIELAB
    units: burnt colours are far from all of them. Truly drawn pictures come to about 2."""
    return float(np.linalg.norm(_PALETTE_LAB - _parted(lab(picture))[0], axis=1).min())


def judge(picture: Pixels, most: int = 3) -> Verdict:
    """What a square uint8 (side, side, 3) picture shows; of more than ``most`` shapes the largest."""
    values = lab(picture)
    ground, differs = _parted(values)
    shapes = []
    for region in regions(differs)[:most]:
        if region.mean() < SMALLEST:
            continue
        shape, overlap = fit(region)
        colour = colour_of(np.median(values[region], axis=0))
        kind = shape.kind if overlap >= WORST_OVERLAP else -1
        shapes.append(Shape(kind, colour, shape.x, shape.y, shape.radius, shape.angle))
    return Verdict(colour_of(ground), in_reading_order(shapes))


def score(pictures: Pixels, scenes: Sequence[Scene]) -> dict[str, float]:
    """Shares (0…1) of pictures that show what their scene says: ``background``, ``colour``, ``shape`` and ``both``.

    The shapes are compared in reading order; a picture with a missing or an extra shape counts as wrong in all three.
    """
    right = {"background": 0, "colour": 0, "shape": 0, "both": 0}
    for picture, scene in zip(pictures, scenes, strict=True):
        verdict = judge(picture)
        right["background"] += verdict.background == scene.background
        if len(verdict.shapes) != len(scene.shapes):
            continue
        pairs = list(zip(verdict.shapes, scene.shapes, strict=True))
        colour = all(seen.colour == asked.colour for seen, asked in pairs)
        kind = all(seen.kind == asked.kind for seen, asked in pairs)
        right["colour"] += colour
        right["shape"] += kind
        right["both"] += colour and kind
    return {name: count / len(scenes) for name, count in right.items()}
