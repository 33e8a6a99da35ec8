"""Stage ``movq``: the picture codec, trained as a plain autoencoder with latents of unit variance.

The stock pipelines decode with ``force_not_quantize=True`` and never scale latents, so the codebook plays no part and
the decoder model wants latents that are about standard normal; a little noise on them while training makes the
decoding forgive what the diffusion leaves.
"""

from __future__ import annotations

import numpy as np
import torch
from diffusers import VQModel

from kandinsky_studio.engine.movq import speed_up
from kandinsky_studio.engine.request import Pixels
from kandinsky_studio.engine.training.components import PICTURE_SIZE
from kandinsky_studio.engine.training.judge import score
from kandinsky_studio.engine.training.loop import Loss, contiguous_norms
from kandinsky_studio.engine.training.scenes import draw, random_scene

CROP = 64
BATCH = 16
WHOLE_EVERY = 5  # steps; whole pictures show the codec what lies far from an edge
LATENT_NOISE = 0.1


def as_tensor(pictures: Pixels, device: str = "cpu") -> torch.Tensor:
    """uint8 (batch, H, W, 3) to float32 (batch, 3, H, W) in -1…1."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()


def as_pictures(tensor: torch.Tensor) -> Pixels:
    """The inverse of :func:`as_tensor`, rounded and clipped."""
    values = tensor.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(values.permute(0, 2, 3, 1).cpu().numpy())


def prepare(movq: VQModel) -> VQModel:
    """Make training fast on a CPU, in place; the parameters keep their names."""
    speed_up(movq)
    contiguous_norms(movq)
    return movq


def _edges(tensor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return tensor[..., 1:] - tensor[..., :-1], tensor[..., 1:, :] - tensor[..., :-1, :]


def reconstruction_loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """L1 and L2 on pixels, L1 on their differences: flat grounds stay flat, edges stay sharp."""
    output = output.float()
    edges = torch.stack([(a - b).abs().mean() for a, b in zip(_edges(output), _edges(target), strict=True)]).sum()
    loss: torch.Tensor = (output - target).abs().mean() + 0.5 * (output - target).square().mean() + 0.5 * edges
    return loss


def training_pictures(step: int, rng: np.random.Generator) -> Pixels:
    """Crops around shapes, now and then whole pictures: uint8 (batch, side, side, 3)."""
    if step % WHOLE_EVERY == 0:
        return draw([random_scene(rng) for _ in range(BATCH // 4)], PICTURE_SIZE, rng)
    scenes = [random_scene(rng, int(rng.integers(1, 3))) for _ in range(BATCH)]
    pictures = draw(scenes, PICTURE_SIZE, rng)
    crops = np.empty((BATCH, CROP, CROP, 3), np.uint8)
    for crop, picture, scene in zip(crops, pictures, scenes, strict=True):
        shape = scene.shapes[int(rng.integers(len(scene.shapes)))]
        centre = np.array((shape.y, shape.x)) + rng.uniform(-shape.radius, shape.radius, 2)
        top, left = np.clip(np.rint(centre * PICTURE_SIZE - CROP / 2), 0, PICTURE_SIZE - CROP).astype(int)
        crop[:] = picture[top : top + CROP, left : left + CROP]
    return crops


def movq_loss(movq: VQModel, device: str = "cpu") -> Loss:
    """The stage's loss for :class:`Trainer`."""

    def loss(step: int, rng: np.random.Generator) -> torch.Tensor:
        pictures = as_tensor(training_pictures(step, rng), device)
        latents: torch.Tensor = movq.encode(pictures).latents.float()
        mean, variance = latents.mean((0, 2, 3)), latents.var((0, 2, 3))
        centred = mean.square().mean() + variance.clamp(min=1e-4).log().square().mean()
        amount = LATENT_NOISE * torch.rand(len(latents), 1, 1, 1, device=device)
        noisy = latents + amount * torch.randn_like(latents)
        output: torch.Tensor = movq.decode(noisy, force_not_quantize=True).sample
        return reconstruction_loss(output, pictures) + 0.02 * centred

    return loss


@torch.inference_mode()
def reconstructed(movq: VQModel, pictures: Pixels) -> Pixels:
    """Pictures, uint8 (batch, 128, 128, 3), encoded and decoded again."""
    device = str(next(movq.parameters()).device)
    parts = (as_tensor(pictures[start : start + BATCH], device) for start in range(0, len(pictures), BATCH))
    return np.concatenate(
        [as_pictures(movq.decode(movq.encode(part).latents, force_not_quantize=True).sample) for part in parts]
    )


def signal_to_noise(again: Pixels, pictures: Pixels) -> float:
    """The mean peak signal-to-noise ratio in dB of pictures (batch, side, side, 3) that were made again."""
    errors = (again.astype(np.float32) - pictures) / 255
    return float(-10 * np.log10(np.square(errors).mean((1, 2, 3))).mean())


def psnr(movq: VQModel, count: int = 64, seed: int = 900) -> float:
    """Peak signal-to-noise ratio in dB over ``count`` held-out pictures."""
    rng = np.random.default_rng(seed)
    pictures = draw([random_scene(rng) for _ in range(count)], PICTURE_SIZE, rng)
    return signal_to_noise(reconstructed(movq, pictures), pictures)


def judged(movq: VQModel, count: int = 200, seed: int = 906) -> float:
    """The share of held-out pictures on which the judge sees all that is there after encoding and decoding."""
    rng = np.random.default_rng(seed)
    scenes = [random_scene(rng) for _ in range(count)]
    return score(reconstructed(movq, draw(scenes, PICTURE_SIZE, rng)), scenes)["both"]
