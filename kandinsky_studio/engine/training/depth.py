"""Stage ``depth``: the decoder learns to obey a depth map, whatever its embedding says about places.

The map says *where* and which outline, the embedding says *which colours*: most of the time the embedding is that of
another layout, now and then one with other kinds of shapes or with its shapes in the other order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from diffusers import UNet2DConditionModel, VQModel

from kandinsky_studio.engine.training.code import embed, embed_scenes, scene_attributes
from kandinsky_studio.engine.training.components import PICTURE_SIZE
from kandinsky_studio.engine.training.decoder import BATCH, GUIDANCE_SCALE, Denoising, held_out, render
from kandinsky_studio.engine.training.judge import judge, overlap, silhouette
from kandinsky_studio.engine.training.loop import Loss
from kandinsky_studio.engine.training.scenes import SHAPES, Floats, Scene, coverage, relaid

OTHER_LAYOUT, OTHER_ORDER, OTHER_KIND = 0.75, 0.15, 0.2


def depth_map(scene: Scene, rng: np.random.Generator | None = None) -> Floats:
    """Near is bright: float32 (3, 128, 128), 0…1.

    The shapes lie before the ground. With ``rng`` at any distance, and the ground may be tilted.
    """
    ground, shapes = 0.0, np.full(len(scene.shapes), 1.0, np.float32)
    depth = np.full((PICTURE_SIZE, PICTURE_SIZE), ground, np.float32)
    if rng is not None:
        depth += float(rng.choice([0.0, rng.uniform(0, 0.4)]))
        if rng.random() < 0.4:
            along = np.linspace(-0.5, 0.5, PICTURE_SIZE, dtype=np.float32)
            across, down = rng.uniform(-0.2, 0.2, 2)
            depth = depth + np.float32(across) * along[None, :] + np.float32(down) * along[:, None]
        shapes = depth.max() + rng.uniform(0.25, 1.0, len(scene.shapes)).astype(np.float32)
    for cover, near in zip(coverage(scene.shapes, PICTURE_SIZE), shapes, strict=True):
        depth = depth + cover * (near - depth)
    depth = np.clip(depth, 0, 1)
    return np.repeat(depth[None], 3, axis=0)


def idea_for(scene: Scene, rng: np.random.Generator) -> Floats:
    """The attributes (ATTRIBUTES,) of what somebody might ask for who shows this scene's depth map."""
    asked = relaid(scene, rng) if rng.random() < OTHER_LAYOUT else scene
    shapes = asked.shapes
    kinds = {shape.kind for shape in shapes}
    if len(kinds) == 2 and rng.random() < OTHER_ORDER:
        first, second = shapes
        shapes = (
            dataclasses.replace(first, kind=second.kind, colour=second.colour),
            dataclasses.replace(second, kind=first.kind, colour=first.colour),
        )
    elif rng.random() < OTHER_KIND:
        shapes = tuple(dataclasses.replace(shape, kind=int(rng.integers(len(SHAPES)))) for shape in shapes)
    return scene_attributes(Scene(asked.background, shapes))


def depth_loss(unet: UNet2DConditionModel, scenes: Sequence[Scene], latents: np.ndarray, device: str = "cpu") -> Loss:
    """The stage's loss for :class:`Trainer`; latents are (n, 4, 16, 16)."""
    denoising = Denoising(unet, embed_scenes(scenes).std(0), device)

    def loss(step: int, rng: np.random.Generator) -> torch.Tensor:
        rows = rng.integers(len(scenes), size=BATCH)
        chosen = [scenes[row] for row in rows]
        codes = embed(np.stack([idea_for(scene, rng) for scene in chosen]))
        hint = torch.from_numpy(np.stack([depth_map(scene, rng) for scene in chosen])).to(device)
        return denoising(latents[rows], codes, denoising.timesteps(rng), rng, hint=hint)

    return loss


def accuracy(unet: UNet2DConditionModel, movq: VQModel, count: int = 100, seed: int = 905) -> dict[str, float]:
    """Over held-out maps with another layout's embedding: the mean overlap of the drawn silhouette with the map's
    (intersection over union), and the share of pictures in the asked colours."""
    rng = np.random.default_rng(seed)
    scenes = held_out(count, 1, seed)
    codes = embed_scenes(relaid(scene, rng) for scene in scenes)
    hint = torch.from_numpy(np.stack([depth_map(scene) for scene in scenes])).to(next(unet.parameters()).device)
    overlaps, colours = [], []
    for picture, scene in zip(render(unet, movq, codes, hint=hint, guidance_scale=GUIDANCE_SCALE), scenes, strict=True):
        wanted, drawn = coverage(scene.shapes, PICTURE_SIZE).sum(0) > 0.5, silhouette(picture)
        overlaps.append(overlap(wanted, drawn))
        verdict = judge(picture)
        seen = [shape.colour for shape in verdict.shapes]
        colours.append(verdict.background == scene.background and seen == [shape.colour for shape in scene.shapes])
    return {"overlap": float(np.mean(overlaps)), "colour": float(np.mean(colours))}
