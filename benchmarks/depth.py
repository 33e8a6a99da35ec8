"""Estimating depth: seconds of a network of the size of Depth Anything V2 Small, and how well figure and ground is told."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation

from benchmarks.table import spread, table
from kandinsky_studio.engine import depth
from kandinsky_studio.engine.arrays import Pixels
from kandinsky_studio.engine.training.scenes import coverage, draw, random_scene

ROUNDS = 5
SIZES = ((518, 518), (1024, 768), (8192, 8192))
SCENES, SEED = 200, 4711


def run() -> str:
    return f"{_network()}\n\n{_figure_and_ground()}"


def _network() -> str:
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        DepthAnythingForDepthEstimation(_config()).save_pretrained(folder)
        files = depth.find(folder)
        size = (folder / "model.safetensors").stat().st_size
        depth.estimate(_picture(518, 518), files)
        for width, height in SIZES:
            picture, wall, work = _picture(width, height), [], []
            for _ in range(ROUNDS):
                began, used = time.perf_counter(), time.process_time()
                depth.estimate(picture, files)
                wall.append(time.perf_counter() - began)
                work.append(time.process_time() - used)
            rows.append([f"{width} × {height}", spread(wall), spread(work)])
    said = f"Random weights, {size / 1e6:.1f} MB, {torch.get_num_threads()} torch threads, {ROUNDS} times each."
    return f"{said}\n\n" + table(["picture", "seconds", "seconds of the processor"], rows)


def _config() -> DepthAnythingConfig:
    stages = [3, 6, 9, 12]
    backbone = {"model_type": "dinov2", "hidden_size": 384, "num_attention_heads": 6, "num_hidden_layers": 12}
    named = {"out_indices": stages, "out_features": [f"stage{n}" for n in stages]}
    return DepthAnythingConfig(backbone_config={**backbone, **named, "image_size": 518, "reshape_hidden_states": False})


def _picture(width: int, height: int) -> Pixels:
    blotches = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(blotches, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _figure_and_ground() -> str:
    rng = np.random.default_rng(SEED)
    scenes = [random_scene(rng, int(rng.integers(1, 3))) for _ in range(SCENES)]
    overlaps = []
    for scene, drawn in zip(scenes, draw(scenes, 128, rng), strict=True):
        wanted, found = coverage(scene.shapes, 128).max(axis=0) > 0.5, depth.figure_and_ground(drawn) > 127
        overlaps.append(float((wanted & found).sum() / (wanted | found).sum()))
    mean, least = float(np.mean(overlaps)), min(overlaps)
    return (
        f"Figure and ground on {SCENES} held-out scenes of one and two shapes: intersection over union of the "
        f"silhouettes {mean:.4f} in the mean, {least:.4f} at least."
    )
