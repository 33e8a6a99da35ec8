"""Pictures to latents and back, the same for every version."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import torch

from kandinsky_studio.engine import memory, movq
from kandinsky_studio.engine.request import Pixels

FACTOR = 8  # pixels per latent cell in every version
_LARGE = 48 * 48  # cells


class Codec(Protocol):
    """``encode`` and ``decode``; latents are (B, 4, h, w), float32 on the CPU, in the decoder's own units."""

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """Latents of pictures (B, 3, 8·h, 8·w) in -1…1."""

    def decode(self, latents: torch.Tensor) -> Pixels:
        """The picture of one row of latents: uint8 (8·h, 8·w, 3)."""


class MovqCodec:
    """The codec of 2.1 and 2.2. Latents are not scaled, and not quantised."""

    def __init__(self, module: Any) -> None:
        self._movq = module

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        return movq.encode(self._movq, images)

    def decode(self, latents: torch.Tensor) -> Pixels:
        with _given_back(self._movq.decoder, latents):
            return movq.decode(self._movq, latents)


class VaeCodec:
    """The codec of 2.0: an ``AutoencoderKL`` whose latents are scaled.

    ``encode`` gives the mean of the posterior and not a draw from it: the latents of a picture are then always the
    same, and the difference is far below what the decoder changes.
    """

    def __init__(self, module: Any, scale: float) -> None:
        self._vae = module
        self._scale = scale

    @torch.inference_mode()
    def encode(self, images: torch.Tensor) -> torch.Tensor:
        posterior = self._vae.encode(images.to(self._vae.device, self._vae.dtype), return_dict=False)[0]
        latents: torch.Tensor = posterior.mode() * self._scale
        return latents.float().cpu()

    @torch.inference_mode()
    def decode(self, latents: torch.Tensor) -> Pixels:
        scaled = latents.to(self._vae.device, self._vae.dtype) / self._scale
        with _given_back(self._vae.decoder, latents):
            image: torch.Tensor = self._vae.decode(scaled, return_dict=False)[0][0]
        return movq.to_pixels(image)


@contextlib.contextmanager
def _given_back(decoder: Any, latents: torch.Tensor) -> Iterator[None]:
    """Within it, what a block of ``decoder`` is done with is given back to the system before the next, larger one.

    glibc keeps what lies below what is still there: at 768 × 768 up to a fifth of the peak, more or less of it by
    chance, measured. Small pictures leave too little to look for.
    """
    device = next(decoder.parameters()).device
    if device.type != "cpu" or latents.shape[-1] * latents.shape[-2] < _LARGE:
        yield
        return
    hooks = [block.register_forward_pre_hook(lambda *_: memory.give_back(device)) for block in decoder.up_blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def to_tensor(image: Pixels) -> torch.Tensor:
    """A picture (H, W, 3) as a batch of one, (1, 3, H, W), float32 in -1…1."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 127.5 - 1
