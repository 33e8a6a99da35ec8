"""The embedding space of the built-in model: a picture's attributes, stated linearly.

Contrastive training on few pictures finds colours and misses shapes, and a decoder can't draw what its embedding
does not hold. So the space is laid down first: an orthonormal projection of a scene's attributes (per shape: there
or not, colour, kind, place, size, angle; and the ground's colour). The vision tower learns to read the code off a
picture, the text tower to write down what a caption fixes and leave the rest at zero, the prior to fill in that
rest, and the decoder to draw from it. Attributes are centred, so the zero vector says nothing about a picture and
serves as the unconditional embedding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kandinsky_studio.engine.training.scenes import (
    COLOUR_NAMES,
    MAX_ANGLE,
    MAX_RADIUS,
    MIN_RADIUS,
    SHAPES,
    Floats,
    Scene,
)

DIMENSIONS = 256
SLOTS = 2
PLACE = 4  # x, y, radius, angle
SLOT_SIZE = 1 + len(COLOUR_NAMES) + len(SHAPES) + PLACE
ATTRIBUTES = SLOTS * SLOT_SIZE + len(COLOUR_NAMES)
_PROJECTION_SEED = 22


@dataclass(frozen=True)
class Statement:
    """What is known about one shape; None is unknown. ``place`` is (x, y, radius, angle), any of them None."""

    kind: int | None
    colour: int | None
    place: tuple[float | None, float | None, float | None, float | None] = (None, None, None, None)


def _one_hot(index: int, count: int) -> Floats:
    """Centred, and scaled so that every choice has length 1.5: kinds and colours outweigh the place."""
    values = np.full(count, -1 / count, np.float32)
    values[index] += 1
    return values * np.float32(1.5 / np.sqrt(1 - 1 / count))


def _scaled_place(place: tuple[float | None, ...]) -> Floats:
    """Place, size and angle, each to about unit variance, unknown ones to zero."""
    x, y, radius, angle = place
    middle = (MIN_RADIUS + MAX_RADIUS) / 2
    return np.array(
        [
            0.0 if x is None else (x - 0.5) / 0.2,
            0.0 if y is None else (y - 0.5) / 0.2,
            0.0 if radius is None else (radius - middle) / 0.06,
            0.0 if angle is None else angle / MAX_ANGLE,
        ],
        np.float32,
    )


def attributes(background: int | None, statements: Sequence[Statement], count_known: bool = True) -> Floats:
    """The attribute vector, float32, (ATTRIBUTES,). With ``count_known`` slots beyond the statements are empty."""
    values = np.zeros(ATTRIBUTES, np.float32)
    for slot in range(SLOTS):
        part = values[slot * SLOT_SIZE : (slot + 1) * SLOT_SIZE]
        if slot >= len(statements):
            part[0] = -1.0 if count_known else 0.0
            continue
        statement = statements[slot]
        part[0] = 1.0
        colours, kinds = part[1 : 1 + len(COLOUR_NAMES)], part[1 + len(COLOUR_NAMES) : -PLACE]
        if statement.colour is not None:
            colours[:] = _one_hot(statement.colour, len(COLOUR_NAMES))
        if statement.kind is not None:
            kinds[:] = _one_hot(statement.kind, len(SHAPES))
        part[-PLACE:] = _scaled_place(statement.place)
    if background is not None:
        values[-len(COLOUR_NAMES) :] = _one_hot(background, len(COLOUR_NAMES))
    return values


def scene_attributes(scene: Scene) -> Floats:
    """The complete attribute vector of a scene, float32, (ATTRIBUTES,)."""
    statements = [Statement(s.kind, s.colour, (s.x, s.y, s.radius, s.angle)) for s in scene.shapes]
    return attributes(scene.background, statements)


def _projection() -> Floats:
    noise = np.random.default_rng(_PROJECTION_SEED).standard_normal((DIMENSIONS, ATTRIBUTES))
    basis, _ = np.linalg.qr(noise)
    return np.asarray(basis.T * np.sqrt(DIMENSIONS / ATTRIBUTES), dtype=np.float32)


PROJECTION = _projection()  # (ATTRIBUTES, DIMENSIONS), rows orthogonal, each value of a code about unit variance


def embed(attribute_vectors: Floats) -> Floats:
    """Attribute vectors (…, ATTRIBUTES) as embeddings (…, DIMENSIONS), float32."""
    return np.asarray(attribute_vectors @ PROJECTION, dtype=np.float32)


def embed_scenes(scenes: Iterable[Scene]) -> Floats:
    """The embeddings of whole scenes, float32, (scenes, DIMENSIONS)."""
    return embed(np.stack([scene_attributes(scene) for scene in scenes]))


def read(embeddings: Floats) -> Floats:
    """The inverse of :func:`embed`: attribute vectors (…, ATTRIBUTES) out of embeddings (…, DIMENSIONS)."""
    return np.asarray(embeddings @ PROJECTION.T * (ATTRIBUTES / DIMENSIONS), dtype=np.float32)


def first_slot(attribute_vectors: Floats) -> tuple[Floats, Floats]:
    """Colour scores (…, colours) and kind scores (…, kinds) of the first shape."""
    colours = attribute_vectors[..., 1 : 1 + len(COLOUR_NAMES)]
    kinds = attribute_vectors[..., 1 + len(COLOUR_NAMES) : SLOT_SIZE - PLACE]
    return colours, kinds
