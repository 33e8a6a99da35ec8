"""Stage ``decoder``: the diffusion model that draws a picture's latents from its embedding."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel, VQModel
from diffusers.models.attention_processor import AttnAddedKVProcessor

from kandinsky_studio.engine.request import Pixels
from kandinsky_studio.engine.training.code import embed, scene_attributes
from kandinsky_studio.engine.training.components import (
    DOWNSCALE,
    LATENT_CHANNELS,
    PICTURE_SIZE,
    make_decoder_scheduler,
)
from kandinsky_studio.engine.training.loop import Loss, Report, contiguous_norms
from kandinsky_studio.engine.training.movq import as_pictures, as_tensor
from kandinsky_studio.engine.training.scenes import Floats, Scene, draw, random_scene

BATCH = 48
CACHED = 16_000  # pictures; encoding them once costs a few minutes, encoding them every time would cost hours
EMPTY_SHARE = 0.1
EMBED_NOISE = 0.15  # in standard deviations: a prior and a vision tower are never exact
_ENCODING_BATCH = 16


def cache_latents(movq: VQModel, path: Path, report: Report, count: int, seed: int = 9) -> None:
    """Draw and encode the training pictures into ``path`` (npz: latents float16 (n, 4, 16, 16), codes float32)."""
    if path.exists():
        return
    rng = np.random.default_rng(seed)
    side = PICTURE_SIZE // DOWNSCALE
    latents = np.empty((count, LATENT_CHANNELS, side, side), np.float16)
    scenes = [random_scene(rng) for _ in range(count)]
    for start in range(0, count, _ENCODING_BATCH):
        part = draw(scenes[start : start + _ENCODING_BATCH], PICTURE_SIZE, rng)
        latents[start : start + len(part)] = encode(movq, part).cpu().numpy()
        if start % (_ENCODING_BATCH * 100) == 0:
            report(f"decoder: encoded {start}/{count} pictures")
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, latents=latents, codes=embed(np.stack([scene_attributes(scene) for scene in scenes])))
    os.replace(partial, path)


@torch.inference_mode()
def encode(movq: VQModel, pictures: Pixels) -> torch.Tensor:
    """Latents (batch, 4, 16, 16) float32 of uint8 (batch, 128, 128, 3) pictures, good to 0.02: in bfloat16."""
    device = next(movq.parameters()).device
    with torch.autocast(device.type, torch.bfloat16):
        latents: torch.Tensor = movq.encode(as_tensor(pictures, str(device))).latents
    return latents.float()


def prepare(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """Make the backward pass fast on a CPU, in place: plain attention, and NCHW memory before every GroupNorm."""
    unet.set_attn_processor(AttnAddedKVProcessor())
    contiguous_norms(unet)
    with torch.no_grad():  # the variance half is never asked for; at zero it means the middle of learned_range
        unet.conv_out.weight[LATENT_CHANNELS:] = 0
        unet.conv_out.bias[LATENT_CHANNELS:] = 0
    return unet


def decoder_loss(unet: UNet2DConditionModel, latents: np.ndarray, codes: Floats, device: str = "cpu") -> Loss:
    """Squared error of the predicted v = √ᾱ·ε − √(1−ᾱ)·x₀ (Salimans & Ho 2022, arXiv 2202.00512)."""
    alphas = make_decoder_scheduler().alphas_cumprod.to(device)
    spread = torch.from_numpy(codes.std(0)).to(device)

    def loss(step: int, rng: np.random.Generator) -> torch.Tensor:
        rows = rng.integers(len(latents), size=BATCH)
        clean = torch.from_numpy(latents[rows]).to(device).float()
        embeds = torch.from_numpy(codes[rows]).to(device)
        empty = torch.from_numpy(rng.random(BATCH) < EMPTY_SHARE).to(device)
        embeds = embeds.masked_fill(empty[:, None], 0)
        amount = EMBED_NOISE * torch.rand(BATCH, 1, device=device)
        embeds = embeds + amount * spread * torch.randn_like(embeds)
        timesteps = torch.randint(0, 1000, (BATCH,), device=device)
        alpha = alphas[timesteps][:, None, None, None]
        noise = torch.randn_like(clean)
        noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * noise
        output = unet(noisy, timesteps, encoder_hidden_states=None, added_cond_kwargs={"image_embeds": embeds}).sample
        target = alpha.sqrt() * noise - (1 - alpha).sqrt() * clean
        return torch.nn.functional.mse_loss(output[:, :LATENT_CHANNELS].float(), target)

    return loss


@torch.inference_mode()
def render(
    unet: UNet2DConditionModel,
    movq: VQModel,
    codes: Floats,
    *,
    steps: int = 20,
    guidance_scale: float = 1.0,
    seed: int = 0,
) -> Pixels:
    """Pictures uint8 (batch, 128, 128, 3) of embeddings (batch, 256), for measuring while training."""
    device = next(unet.parameters()).device
    scheduler = make_decoder_scheduler()
    scheduler.set_timesteps(steps, device=device)
    embeds = torch.from_numpy(codes).to(device)
    side = PICTURE_SIZE // DOWNSCALE
    noise = torch.Generator().manual_seed(seed)
    x = torch.randn((len(embeds), LATENT_CHANNELS, side, side), generator=noise).to(device)
    for timestep in scheduler.timesteps:
        output = unet(x, timestep, None, added_cond_kwargs={"image_embeds": embeds}).sample[:, :LATENT_CHANNELS]
        if guidance_scale > 1:
            blank = {"image_embeds": torch.zeros_like(embeds)}
            without = unet(x, timestep, None, added_cond_kwargs=blank).sample[:, :LATENT_CHANNELS]
            output = without + guidance_scale * (output - without)
        x = scheduler.step(output, timestep, x).prev_sample
    return as_pictures(movq.decode(x, force_not_quantize=True).sample)


def held_out(count: int, shapes: int, seed: int) -> list[Scene]:
    """Scenes no stage has trained on."""
    rng = np.random.default_rng(seed)
    return [random_scene(rng, shapes) for _ in range(count)]
