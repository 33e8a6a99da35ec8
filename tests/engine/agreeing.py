"""What the tests of agreement with the stock pipelines share: pictures, embeddings, and how far two results are apart."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.loaded import LoadedModel
from kandinsky_studio.engine.raster import Raster

TOLERANCE = 1e-4


def opened(model: str) -> LoadedModel:
    engine = Engine("cpu")
    engine.load(model)
    assert engine._model is not None
    return engine._model


def picture(size: int, seed: int = 0) -> Image.Image:
    """Soft colours with noise on them."""
    random = np.random.default_rng(seed)
    soft = Image.fromarray(random.integers(0, 256, (4, 4, 3), np.uint8)).resize((size, size), Image.Resampling.BICUBIC)
    noisy = np.asarray(soft, np.int16) + random.integers(-20, 21, (size, size, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def raster(image: Image.Image) -> Raster:
    return Raster(np.asarray(image))


def embeddings(seed: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    towards, away = torch.randn((2, 1, 32), generator=torch.Generator().manual_seed(seed))
    return towards, away


def difference(a: torch.Tensor, b: torch.Tensor) -> float:
    assert a.shape == b.shape
    return float((a - b).abs().max())
