"""Stage ``editing``: the trained decoder learns what it needs beyond drawing from a true embedding.

*Mixes*: between two embeddings it draws a picture whose attributes come from the two, not their average colour.
*Pictures that contradict the embedding*, which is what image-to-image shows it: as long as noise hides the picture, the
embedding says where things are; from where the picture shows through, the picture does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import UNet2DConditionModel

from kandinsky_studio.engine.request import Pixels
from kandinsky_studio.engine.training.code import PLACE, SLOT_SIZE, SLOTS, embed, scene_attributes
from kandinsky_studio.engine.training.decoder import BATCH, Denoising
from kandinsky_studio.engine.training.latents import paint_scenes
from kandinsky_studio.engine.training.loop import Loss
from kandinsky_studio.engine.training.scenes import (
    MARGIN,
    Floats,
    Scene,
    Shape,
    random_scene,
)

CACHED = 8_000  # mixes
MIX_SHARE = 0.4
PLACE_CONFLICT = 0.6  # of pictures whose embedding has other places, where the noise is weak …
FOREIGN_SHARE = 0.03  # … and of those whose embedding is another's altogether:
WEAK, STRONG = 350, 650  # so many below the first timestep, none above the second

_PLACES = np.concatenate([np.arange((slot + 1) * SLOT_SIZE - PLACE, (slot + 1) * SLOT_SIZE) for slot in range(SLOTS)])


@dataclass(frozen=True, eq=False)
class Mix:
    """A picture that lies between two: what it shows, and the weighted mean of the two's attributes."""

    scene: Scene
    attributes: Floats


def random_mix(rng: np.random.Generator) -> Mix:
    """Two random scenes, a weight, and a scene between them.

    Places and sizes are in between, as the weight says. Kinds, colours, grounds and the number of shapes are the
    heavier one's; where both weigh the same each of these comes from the one or the other, by a rule (the first in the
    order of the names), because a small network learns a rule sooner than a toss of a coin.
    """
    first, second = random_scene(rng), random_scene(rng)
    weight = float(rng.choice([0.5, 0.5, 0.1, 0.9, rng.random(), rng.random()]))
    attributes = weight * scene_attributes(first) + (1 - weight) * scene_attributes(second)
    even = weight == 0.5
    owner, other = (first, second) if weight >= 0.5 else (second, first)
    if even and len(other.shapes) < len(owner.shapes):
        owner, other = other, owner
    shapes = list(owner.shapes)
    for slot in range(min(len(shapes), len(other.shapes))):
        own, others = shapes[slot], other.shapes[slot]
        share = max(weight, 1 - weight)
        x, y, radius, angle = (
            share * getattr(own, name) + (1 - share) * getattr(others, name) for name in ("x", "y", "radius", "angle")
        )
        kind = min(own.kind, others.kind) if even else own.kind
        colour = min(own.colour, others.colour) if even else own.colour
        shapes[slot] = Shape(kind, colour, x, y, radius, angle)
    if len(shapes) == SLOTS and _touch(shapes[0], shapes[1]):
        shapes = [_moved(shape, to) for shape, to in zip(shapes, owner.shapes, strict=True)]
    grounds = [
        min(owner.background, other.background) if even else owner.background,
        owner.background,
        other.background,
    ]
    colours = {shape.colour for shape in shapes}
    free = [ground for ground in grounds if ground not in colours]  # in the ground's colour a shape can't be seen
    return Mix(Scene(free[0], tuple(shapes)), attributes) if free else Mix(owner, attributes)


def _touch(first: Shape, second: Shape) -> bool:
    return bool(np.hypot(first.x - second.x, first.y - second.y) < first.radius + second.radius + MARGIN)


def _moved(shape: Shape, to: Shape) -> Shape:
    return Shape(shape.kind, shape.colour, to.x, to.y, to.radius, to.angle)


def paint_mixes(mixes: Sequence[Mix], rng: np.random.Generator) -> Pixels:
    """One picture a mix: uint8 (mixes, 1, 128, 128, 3)."""
    return paint_scenes([mix.scene for mix in mixes], rng)


def other_places(attributes: Floats, rng: np.random.Generator) -> Floats:
    """Attribute vectors (n, ATTRIBUTES) with the places and sizes of others that have as many shapes."""
    moved = attributes.copy()
    present = (attributes[:, [slot * SLOT_SIZE for slot in range(SLOTS)]] > 0.5).sum(1)
    for count in range(SLOTS + 1):
        rows = rng.permutation(np.flatnonzero(present == count))
        moved[np.ix_(rows, _PLACES)] = attributes[np.ix_(np.roll(rows, 1), _PLACES)]
    return moved


def editing_loss(
    unet: UNet2DConditionModel,
    scenes: Sequence[Scene],
    scene_latents: np.ndarray,
    mixes: Sequence[Mix],
    mix_latents: np.ndarray,
    device: str = "cpu",
) -> Loss:
    """The stage's loss for :class:`Trainer`; latents are (n, 4, 16, 16)."""
    plain = np.stack([scene_attributes(scene) for scene in scenes])
    mixed = np.stack([mix.attributes for mix in mixes])
    denoising = Denoising(unet, embed(plain).std(0), device)
    from_mixes = round(MIX_SHARE * BATCH)

    def loss(step: int, rng: np.random.Generator) -> torch.Tensor:
        rows, mix_rows = (
            rng.integers(len(plain), size=BATCH - from_mixes),
            rng.integers(len(mixed), size=from_mixes),
        )
        timesteps = denoising.timesteps(rng)
        attributes = plain[rows]
        # Pure noise looks a little like some ground: where the noise is strong, the embedding has to be trusted.
        visible = np.clip((STRONG - timesteps[: len(rows)]) / (STRONG - WEAK), 0, 1)
        conflicting = rng.random(len(rows)) < PLACE_CONFLICT * visible
        attributes = np.where(conflicting[:, None], other_places(attributes, rng), attributes)
        foreign = rng.random(len(rows)) < FOREIGN_SHARE * visible
        attributes[foreign] = plain[rng.integers(len(plain), size=int(foreign.sum()))]
        clean = np.concatenate([scene_latents[rows], mix_latents[mix_rows]])
        codes = embed(np.concatenate([attributes, mixed[mix_rows]]))
        return denoising(clean, codes, timesteps, rng)

    return loss
