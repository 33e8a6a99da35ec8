"""A small picture of unfinished latents, cheap enough for every step: a linear map from latent channels to RGB."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from kandinsky_studio.engine.codec import Codec
from kandinsky_studio.engine.request import Pixels

_FACTOR = 8  # pixels per latent cell
_SCALE = 4  # preview pixels per latent cell
_SIZE = 128  # pixels, side of the synthetic pictures
_RIDGE = 1e-3  # keeps the map tame where a latent channel hardly varies


class Preview:
    """The map of one model."""

    def __init__(self, fitted: torch.Tensor) -> None:
        """``fitted`` (C + 1, 3) is what :func:`fit` gives."""
        self._map, self._offset = fitted[:-1], fitted[-1]

    def render(self, latents: torch.Tensor, corner: tuple[int, int], width: int, height: int) -> Pixels:
        """What ``latents`` (1, C, h, w) show, uint8 (about height / 2, about width / 2, 3).

        ``corner`` (left, top) is where the picture of ``width`` × ``height`` pixels lies in them.
        """
        colours = latents[0].double().permute(1, 2, 0) @ self._map + self._offset
        image = colours.permute(2, 0, 1).float()[None].mul(0.5).add(0.5).clamp(0, 1)
        image = functional.interpolate(image, scale_factor=_SCALE, mode="bilinear")[0]
        left, top, right, bottom = (
            edge * _SCALE // _FACTOR for edge in (*corner, corner[0] + width, corner[1] + height)
        )
        image = image[:, top:bottom, left:right].mul(255).round().to(torch.uint8)
        return np.ascontiguousarray(image.permute(1, 2, 0).numpy())


def fit(codec: Codec) -> torch.Tensor:
    """A row for each latent channel and one for none, float64 (C + 1, 3): what each adds to a colour in -1…1.

    By least squares: encoded synthetic pictures against the same pictures shrunk to latent size.
    """
    pictures = _synthetic_pictures()
    latents = torch.cat([codec.encode(picture[None]) for picture in pictures])  # one by one: less memory
    cells = functional.avg_pool2d(pictures, _FACTOR)
    samples = latents.permute(0, 2, 3, 1).flatten(0, 2).double()  # (n, C)
    colours = cells.permute(0, 2, 3, 1).flatten(0, 2).double()  # (n, 3)
    mean, colour = samples.mean(0), colours.mean(0)
    centred = samples - mean
    gram = centred.T @ centred
    ridge = _RIDGE * gram.diagonal().mean().clamp(min=1e-12) * torch.eye(len(gram), dtype=gram.dtype)
    fitted = torch.linalg.solve(gram + ridge, centred.T @ (colours - colour))  # (C, 3)
    return torch.cat([fitted, (colour - mean @ fitted)[None]])


def _synthetic_pictures() -> torch.Tensor:
    """Four pictures of random colours, (4, 3, 128, 128) in -1…1: flat fields, and soft ones at two scales."""
    generator = torch.Generator().manual_seed(0)
    fields = torch.rand((2, 3, 8, 8), generator=generator)
    soft = torch.rand((1, 3, 8, 8), generator=generator)
    softer = torch.rand((1, 3, 4, 4), generator=generator)
    size = (_SIZE, _SIZE)
    return (
        torch.cat(
            [
                functional.interpolate(fields, size, mode="nearest"),
                functional.interpolate(soft, size, mode="bicubic").clamp(0, 1),
                functional.interpolate(softer, size, mode="bicubic").clamp(0, 1),
            ]
        )
        * 2
        - 1
    )
