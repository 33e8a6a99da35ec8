"""From latents to pixels, and a faster way to the same pixels than diffusers' own."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from diffusers.models.attention_processor import SpatialNorm

from kandinsky_studio.engine.request import Pixels


class LatentSpatialNorm(torch.nn.Module):
    """MoVQ's spatial norm with its 1×1 convolutions done at latent size.

    The stock one enlarges the latent to the size of its input (up to 64 times the area) and convolves that; a 1×1
    convolution commutes with nearest enlargement, so this is the same but for rounding. The weights keep their names.
    """

    def __init__(self, stock: SpatialNorm) -> None:
        super().__init__()
        self.norm_layer = stock.norm_layer
        self.conv_y = stock.conv_y
        self.conv_b = stock.conv_b

    def forward(self, f: torch.Tensor, zq: torch.Tensor) -> torch.Tensor:
        """``f`` (B, C, h·s, w·s) normed and modulated by ``zq`` (B, 4, h, w)."""
        scale = f.shape[-1] // zq.shape[-1]
        y = self.conv_y(zq).repeat_interleave(scale, dim=3).unsqueeze(3)  # (B, C, h, 1, w·s): rows are broadcast
        b = self.conv_b(zq).repeat_interleave(scale, dim=3).unsqueeze(3)
        normed: torch.Tensor = self.norm_layer(f)
        batch, channels, height, width = f.shape
        rows = normed.view(batch, channels, height // scale, scale, width)
        modulated: torch.Tensor = (rows * y).add_(b)
        return modulated.view(f.shape)


def speed_up(movq: Any) -> None:
    """Put ``LatentSpatialNorm`` in the place of every spatial norm of ``movq``'s decoder."""
    for module in list(movq.decoder.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, SpatialNorm):
                setattr(module, name, LatentSpatialNorm(child))


@torch.inference_mode()
def decode(movq: Any, latents: torch.Tensor) -> Pixels:
    """One picture from latents (1, 4, h, w), float32, on any device: uint8 (8·h, 8·w, 3)."""
    latents = latents.to(movq.device, movq.dtype)
    image: torch.Tensor = movq.decode(latents, force_not_quantize=True, return_dict=False)[0][0]
    return to_pixels(image)


def to_pixels(image: torch.Tensor) -> Pixels:
    """A picture (3, H, W) in -1…1 as uint8 (H, W, 3)."""
    image = (image.float() * 0.5 + 0.5).clamp(0, 1).mul(255).round().to(torch.uint8)
    return np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy())


@torch.inference_mode()
def encode(movq: Any, images: torch.Tensor) -> torch.Tensor:
    """Latents (B, 4, h, w), float32 on the CPU, of pictures (B, 3, 8·h, 8·w) in -1…1."""
    latents: torch.Tensor = movq.encode(images.to(movq.device, movq.dtype), return_dict=False)[0]
    return latents.float().cpu()


def crop_box(width: int, height: int, multiple: int) -> tuple[int, int, int, int]:
    """How a picture of any size lies in the one that is made: (left, top, made width, made height), pixels.

    Both sides are rounded up to ``multiple``; the picture is the middle of what is made, so that what the model
    puts in the centre stays there.
    """
    made_width, made_height = (-(-side // multiple) * multiple for side in (width, height))
    return (made_width - width) // 2, (made_height - height) // 2, made_width, made_height
