"""Pictures encoded once: the decoders train on latents, and encoding them at every step would cost hours.

What is encoded is drawn from a seed, in shards of a thousand. Only the latents are kept on disk, one file a shard, so
a killed run encodes at most one shard again; the scenes behind them are drawn again from the same seed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from diffusers import VQModel

from kandinsky_studio.engine.request import Pixels
from kandinsky_studio.engine.training.components import PICTURE_SIZE
from kandinsky_studio.engine.training.loop import Report
from kandinsky_studio.engine.training.movq import as_tensor
from kandinsky_studio.engine.training.scenes import Scene, draw

SHARD = 1000  # items
_BATCH = 16

Item = TypeVar("Item")
Build = Callable[[np.random.Generator], Item]
"""Draws one item, such as a scene, from a random generator."""

Paint = Callable[[Sequence[Item], np.random.Generator], Pixels]
"""The pictures of items: uint8 (items, pictures an item, side, side, 3)."""


def paint_scenes(scenes: Sequence[Scene], rng: np.random.Generator) -> Pixels:
    """One picture a scene: uint8 (scenes, 1, 128, 128, 3)."""
    return draw(scenes, PICTURE_SIZE, rng)[:, None]


def cached(
    movq: VQModel,
    folder: Path,
    name: str,
    build: Build[Item],
    paint: Paint[Item],
    *,
    count: int,
    seed: int,
    report: Report,
) -> tuple[list[Item], np.ndarray]:
    """``count`` items and their latents, float16 (items, pictures an item, 4, 16, 16), kept in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    items: list[Item] = []
    latents: list[np.ndarray] = []
    for shard, start in enumerate(range(0, count, SHARD)):
        rng = np.random.default_rng((seed, shard))
        drawn = [build(rng) for _ in range(min(SHARD, count - start))]
        path = folder / f"{name}-{shard:03}.npy"
        if not path.exists():
            partial = path.with_suffix(".partial.npy")
            np.save(partial, _encoded(movq, drawn, paint, rng))
            os.replace(partial, path)
            report(f"{name}: encoded {start + len(drawn)} of {count}")
        found = np.load(path)
        if len(found) != len(drawn):
            raise ValueError(f"{path} holds {len(found)} items where {len(drawn)} are expected")
        items += drawn
        latents.append(found)
    return items, np.concatenate(latents)


def _encoded(movq: VQModel, items: Sequence[Item], paint: Paint[Item], rng: np.random.Generator) -> np.ndarray:
    parts = []
    for start in range(0, len(items), _BATCH):
        pictures = paint(items[start : start + _BATCH], rng)
        encoded = encode(movq, pictures.reshape(-1, *pictures.shape[2:])).cpu().numpy().astype(np.float16)
        parts.append(encoded.reshape(*pictures.shape[:2], *encoded.shape[1:]))
    return np.concatenate(parts)


@torch.inference_mode()
def encode(movq: VQModel, pictures: Pixels) -> torch.Tensor:
    """Latents (batch, 4, 16, 16) float32 of uint8 (batch, 128, 128, 3) pictures, good to 0.02: in bfloat16."""
    device = next(movq.parameters()).device
    with torch.autocast(device.type, torch.bfloat16):
        latents: torch.Tensor = movq.encode(as_tensor(pictures, str(device))).latents
    return latents.float()
