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
from kandinsky_studio.engine.training.components import PICTURE_SIZE
from kandinsky_studio.engine.training.decoder import BATCH, Denoising
from kandinsky_studio.engine.training.loop import Loss
from kandinsky_studio.engine.training.scenes import (
    MARGIN,
    Floats,
    Scene,
    Shape,
    draw,
    random_scene,
)

CACHED = 8_000  # mixes
MIX_SHARE = 0.3
FOREIGN_SHARE = 0.03  # of pictures whose embedding is another's altogether
PLACE_CONFLICT = 0.6  # of pictures whose embedding has other places, where the noise is weak …
WEAK, STRONG = 350, 650  # … below the first timestep; none above the second
SHARPNESS = 4.0  # how fast the heavier of two pictures decides alone

_PLACES = np.concatenate([np.arange((slot + 1) * SLOT_SIZE - PLACE, (slot + 1) * SLOT_SIZE) for slot in range(SLOTS)])


@dataclass(frozen=True, eq=False)
class Mix:
    """A picture that lies between two: what it shows, and the weighted mean of the two's attributes."""

    scene: Scene
    attributes: Floats


def random_mix(rng: np.random.Generator) -> Mix:
    """Two random scenes, a weight, and a scene between them.

    Kinds, colours and grounds come from the one or the other, from the heavier one more often than its weight says,
    so that at 0.9 it is as good as alone; places and sizes are in between, as the weight says.
    """
    first, second = random_scene(rng), random_scene(rng)
    weight = float(rng.choice([0.5, 0.1, 0.9, rng.random(), rng.random()]))
    attributes = weight * scene_attributes(first) + (1 - weight) * scene_attributes(second)
    chance = weight**SHARPNESS / (weight**SHARPNESS + (1 - weight) ** SHARPNESS)

    def either() -> int:
        return 0 if rng.random() < chance else 1

    both = (first, second)
    owner = both[either()]
    shapes = list(owner.shapes)
    for slot in range(min(len(first.shapes), len(second.shapes))):
        pair = (first.shapes[slot], second.shapes[slot])
        x, y, radius, angle = (
            weight * getattr(pair[0], name) + (1 - weight) * getattr(pair[1], name)
            for name in ("x", "y", "radius", "angle")
        )
        shapes[slot] = Shape(pair[either()].kind, pair[either()].colour, x, y, radius, angle)
    if len(shapes) == SLOTS and _touch(shapes[0], shapes[1]):
        shapes = [_moved(shape, to) for shape, to in zip(shapes, owner.shapes, strict=True)]
    background = both[either()].background
    colours = {shape.colour for shape in shapes}
    if background in colours:  # a shape in the ground's colour can't be seen
        background = next((scene.background for scene in both if scene.background not in colours), owner.background)
    if background in colours:
        return Mix(owner, attributes)
    return Mix(Scene(background, tuple(shapes)), attributes)


def _touch(first: Shape, second: Shape) -> bool:
    return bool(np.hypot(first.x - second.x, first.y - second.y) < first.radius + second.radius + MARGIN)


def _moved(shape: Shape, to: Shape) -> Shape:
    return Shape(shape.kind, shape.colour, to.x, to.y, to.radius, to.angle)


def paint_mixes(mixes: Sequence[Mix], rng: np.random.Generator) -> Pixels:
    """One picture a mix: uint8 (mixes, 1, 128, 128, 3)."""
    return draw([mix.scene for mix in mixes], PICTURE_SIZE, rng)[:, None]


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
        chance = PLACE_CONFLICT * np.clip((STRONG - timesteps[: len(rows)]) / (STRONG - WEAK), 0, 1)
        conflicting = rng.random(len(rows)) < chance
        attributes = np.where(conflicting[:, None], other_places(attributes, rng), attributes)
        foreign = rng.random(len(rows)) < FOREIGN_SHARE
        attributes[foreign] = plain[rng.integers(len(plain), size=int(foreign.sum()))]
        clean = np.concatenate([scene_latents[rows], mix_latents[mix_rows]])
        codes = embed(np.concatenate([attributes, mixed[mix_rows]]))
        return denoising(clean, codes, timesteps, rng)

    return loss
