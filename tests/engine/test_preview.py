from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from kandinsky_studio.engine.codec import MovqCodec
from kandinsky_studio.engine.preview import Preview, fit


class LinearMoVQ:
    """A picture codec that is linear per 8 × 8 cell, so that a linear preview can be exact."""

    device = torch.device("cpu")
    dtype = torch.float32

    def __init__(self) -> None:
        self.mix = torch.randn(4, 3, generator=torch.Generator().manual_seed(2))

    def encode(self, images: torch.Tensor, return_dict: bool) -> tuple[torch.Tensor]:
        return (torch.einsum("dc,bchw->bdhw", self.mix, functional.avg_pool2d(images, 8)) + 0.3,)


def flat(*colours: tuple[float, float, float]) -> torch.Tensor:
    """A row of 64 × 64 fields of these colours (-1…1), as a picture."""
    return torch.cat(
        [torch.tensor(colour, dtype=torch.float32).view(1, 3, 1, 1).expand(1, 3, 64, 64) for colour in colours], dim=3
    )


def test_shows_the_colours_of_the_picture() -> None:
    movq: Any = LinearMoVQ()
    [latents] = movq.encode(flat((1, -1, -1), (-1, 0, 1)), False)
    image = Preview(fit(MovqCodec(movq))).render(latents, (0, 0), 128, 64)
    assert image.shape == (32, 64, 3)
    assert np.abs(image[:, :24].astype(int) - (255, 0, 0)).max() <= 3
    assert np.abs(image[:, 40:].astype(int) - (0, 128, 255)).max() <= 3


def test_is_cropped_like_the_picture() -> None:
    movq: Any = LinearMoVQ()
    [latents] = movq.encode(flat((1, 1, 1), (-1, -1, -1)), False)
    image = Preview(fit(MovqCodec(movq))).render(latents, (16, 0), 96, 64)
    assert image.shape == (32, 48, 3)
    assert image[:, :20].min() > 240
    assert image[:, 28:].max() < 15


def test_a_codec_that_says_nothing_does_no_harm() -> None:
    constant: Any = SimpleNamespace(
        device=torch.device("cpu"),
        dtype=torch.float32,
        encode=lambda images, return_dict: (torch.zeros(len(images), 4, 16, 16),),
    )
    image = Preview(fit(MovqCodec(constant))).render(torch.randn(1, 4, 8, 8), (0, 0), 64, 64)
    assert image.shape == (32, 32, 3)
