"""Stage ``inpaint``: the decoder learns to draw into a hole and to continue what is around it.

The embedding says *what*, the mask says *where*: most of the time the embedding is that of another layout of the same
things, or of the one thing alone on any ground, because that is what a prior makes of a prompt for a hole. The known
latents come from a picture with something else in the hole: the codec looks further than a mask reaches, and a network
that was shown the answer's own latents would learn to read the answer off them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from diffusers import UNet2DConditionModel, VQModel

from kandinsky_studio.engine.request import Pixels
from kandinsky_studio.engine.training.code import embed, embed_scenes, scene_attributes
from kandinsky_studio.engine.training.components import DOWNSCALE, PICTURE_SIZE
from kandinsky_studio.engine.training.decoder import BATCH, GUIDANCE_SCALE, Denoising, render
from kandinsky_studio.engine.training.judge import judge
from kandinsky_studio.engine.training.latents import encode
from kandinsky_studio.engine.training.loop import Loss
from kandinsky_studio.engine.training.scenes import (
    COLOUR_NAMES,
    MAX_RADIUS,
    MIN_RADIUS,
    Floats,
    Scene,
    Shape,
    coverage,
    draw,
    random_scene,
    relaid,
)

CACHED = 8_000  # holes, two pictures each
OBJECT, NOTHING = 0.55, 0.7  # shares of holes for one shape, and for nothing (up to here); the rest is outpainting
_CELLS = PICTURE_SIZE // DOWNSCALE

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Hole:
    """A picture to arrive at, a mask (128, 128) that is true where it is to be painted, and what lies there before.

    ``shape`` is the index of the shape that the hole is for, None if it is for the ground or for the rest of the
    picture; ``outside`` says that the mask is all but a part of the canvas.
    """

    scene: Scene
    before: Scene
    mask: Mask
    shape: int | None
    outside: bool


def random_hole(rng: np.random.Generator) -> Hole:
    """A hole for one shape, one for the ground, or all that is beyond a part of the canvas."""
    choice = rng.random()
    if choice < OBJECT:
        scene = random_scene(rng, int(rng.integers(1, 3)))
        index = int(rng.integers(len(scene.shapes)))
        mask = hole_around(scene.shapes[index], rng)
        return Hole(scene, _before(scene, rng), mask, index, outside=False)
    if choice < NOTHING:
        scene = random_scene(rng, int(rng.integers(0, 2)))
        radius = float(rng.uniform(MIN_RADIUS, MAX_RADIUS))
        x, y = (float(v) for v in rng.uniform(radius, 1 - radius, 2))
        mask = hole_around(Shape(0, 0, x, y, radius, 0.0), rng)
        covered = coverage(scene.shapes, PICTURE_SIZE).sum(0) > 0
        return Hole(scene, _before(scene, rng), mask & ~covered, None, outside=False)
    scene = random_scene(rng)
    return Hole(scene, _before(scene, rng), ~canvas(rng), None, outside=True)


def _before(scene: Scene, rng: np.random.Generator) -> Scene:
    """What was in the hole: mostly something else on the same ground."""
    other = random_scene(rng)
    if rng.random() < 0.3:
        return other
    shapes = tuple(shape for shape in other.shapes if shape.colour != scene.background)
    return Scene(scene.background, shapes if rng.random() < 0.7 else ())


def hole_around(shape: Shape, rng: np.random.Generator) -> Mask:
    """A rectangle, an ellipse or a blob that has room for ``shape``: bool (128, 128)."""
    margin = shape.radius + rng.uniform(0.02, 0.14, 4)  # left, right, top, bottom
    centres = (np.arange(PICTURE_SIZE) + 0.5) / PICTURE_SIZE
    x, y = centres[None, :] - shape.x, centres[:, None] - shape.y
    kind = rng.integers(3)
    if kind == 0:
        return np.asarray((x > -margin[0]) & (x < margin[1]) & (y > -margin[2]) & (y < margin[3]))
    if kind == 1:
        width, height = margin[:2].mean() + 0.02, margin[2:].mean() + 0.02
        return np.asarray((x / width) ** 2 + (y / height) ** 2 < 1)
    around = np.arctan2(y, x)
    waves = sum(rng.uniform(0, 0.03) * np.cos(k * around + rng.uniform(0, 2 * np.pi)) for k in range(2, 6))
    return np.asarray(np.hypot(x, y) < margin.mean() + waves + 0.02)


def canvas(rng: np.random.Generator) -> Mask:
    """The part of a larger picture that is there already, often flush with an edge: bool (128, 128)."""
    known = np.zeros((PICTURE_SIZE, PICTURE_SIZE), bool)
    width, height = (int(PICTURE_SIZE * v) for v in rng.uniform(0.4, 0.85, 2))
    if rng.random() < 0.4:
        width = PICTURE_SIZE
    elif rng.random() < 0.66:
        height = PICTURE_SIZE
    right, bottom = PICTURE_SIZE - width, PICTURE_SIZE - height  # where it would end flush
    left = int(rng.choice([0, right, int(rng.integers(right + 1))]))
    top = int(rng.choice([0, bottom, int(rng.integers(bottom + 1))]))
    known[top : top + height, left : left + width] = True
    return known


def paint_holes(holes: Sequence[Hole], rng: np.random.Generator) -> Pixels:
    """The finished picture and the one before, alike outside of the mask: uint8 (holes, 2, 128, 128, 3)."""
    finished = draw([hole.scene for hole in holes], PICTURE_SIZE, rng)
    before = draw([hole.before for hole in holes], PICTURE_SIZE, rng)
    masks = np.stack([hole.mask for hole in holes])[..., None]
    return np.stack([finished, np.where(masks, before, finished)], axis=1)


def keep_mask(mask: Mask, grow: int) -> Floats:
    """The network's mask channel, float32 (16, 16): 1 where the latents are known.

    Sampled as the stock pipeline does (nearest), the hole grown by ``grow`` cells.
    """
    hole = mask[::DOWNSCALE, ::DOWNSCALE]
    for _ in range(grow):
        padded = np.pad(hole, 1)
        hole = np.any([padded[i : i + _CELLS, j : j + _CELLS] for i in range(3) for j in range(3)], axis=0)
    return np.asarray(1 - hole, np.float32)


def idea_for(hole: Hole, rng: np.random.Generator) -> Floats:
    """The attributes (ATTRIBUTES,) of what somebody might ask for who made this hole."""
    scene = hole.scene
    ground = scene.background if rng.random() < 0.6 else _any_ground(rng)
    choice = rng.random()
    if hole.shape is not None:
        if choice < 0.6:
            return scene_attributes(relaid(Scene(ground, (scene.shapes[hole.shape],)), rng))
        return scene_attributes(relaid(scene, rng) if choice < 0.85 else scene)
    if hole.outside:
        if choice < 0.75:
            return scene_attributes(relaid(scene, rng) if choice < 0.55 else scene)
        if _visible(hole) and choice < 0.9:
            return scene_attributes(Scene(ground, ()))
        return scene_attributes(scene)
    return scene_attributes(Scene(ground, ()) if choice < 0.85 else Scene(scene.background, ()))


def _any_ground(rng: np.random.Generator) -> int:
    white = COLOUR_NAMES.index("white")
    return white if rng.random() < 0.5 else int(rng.integers(len(COLOUR_NAMES)))


def _visible(hole: Hole) -> bool:
    """Whether enough of every shape shows for the rest of it to be guessed."""
    covers = coverage(hole.scene.shapes, PICTURE_SIZE)
    return all((cover * ~hole.mask).sum() > 0.4 * cover.sum() for cover in covers)


def inpaint_loss(unet: UNet2DConditionModel, holes: Sequence[Hole], latents: np.ndarray, device: str = "cpu") -> Loss:
    """The stage's loss for :class:`Trainer`; latents are (n, 2, 4, 16, 16), finished and before."""
    spread = embed_scenes(hole.scene for hole in holes).std(0)
    denoising = Denoising(unet, spread, device)

    def loss(step: int, rng: np.random.Generator) -> torch.Tensor:
        rows = rng.integers(len(holes), size=BATCH)
        chosen = [holes[row] for row in rows]
        codes = embed(np.stack([idea_for(hole, rng) for hole in chosen]))
        keep = torch.from_numpy(np.stack([keep_mask(hole.mask, int(rng.integers(2))) for hole in chosen])[:, None])
        known = torch.from_numpy(latents[rows, 1]).float()
        beside = torch.cat([known * keep, keep], dim=1).to(device)
        return denoising(latents[rows, 0], codes, denoising.timesteps(rng), rng, beside=beside)

    return loss


def accuracy(unet: UNet2DConditionModel, movq: VQModel, count: int = 100, seed: int = 904) -> dict[str, float]:
    """Shares of held-out holes that show the asked shape on the continued ground, and of continued grounds."""
    rng = np.random.default_rng(seed)
    scenes = [random_scene(rng, 1) for _ in range(count)]
    holes = [Hole(scene, _before(scene, rng), hole_around(scene.shapes[0], rng), 0, False) for scene in scenes]
    verdicts = [judge(picture) for picture in _filled(unet, movq, holes, rng)]
    drawn = [
        len(verdict.shapes) == 1
        and (verdict.shapes[0].kind, verdict.shapes[0].colour) == (scene.shapes[0].kind, scene.shapes[0].colour)
        for verdict, scene in zip(verdicts, scenes, strict=True)
    ]
    empty = [Hole(Scene(scene.background, ()), scene, ~canvas(rng), None, True) for scene in scenes]
    grounds = _filled(unet, movq, empty, rng)
    continued = [
        judge(picture).background == hole.scene.background and not judge(picture).shapes
        for picture, hole in zip(grounds, empty, strict=True)
    ]
    return {"shape": float(np.mean(drawn)), "ground": float(np.mean(continued))}


def _filled(unet: UNet2DConditionModel, movq: VQModel, holes: Sequence[Hole], rng: np.random.Generator) -> Pixels:
    known = encode(movq, paint_holes(holes, rng)[:, 1])
    keep = torch.from_numpy(np.stack([keep_mask(hole.mask, grow=1) for hole in holes])[:, None]).to(known.device)
    codes = embed(np.stack([idea_for(hole, rng) for hole in holes]))
    return render(unet, movq, codes, known=known, keep=keep, guidance_scale=GUIDANCE_SCALE)
