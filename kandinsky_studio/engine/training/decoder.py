"""Stage ``decoder``: the diffusion model that draws a picture's latents from its embedding."""

from __future__ import annotations

import numpy as np
import torch
from diffusers import UNet2DConditionModel, VQModel
from diffusers.models.attention_processor import AttnAddedKVProcessor

from kandinsky_studio.engine.request import Pixels
from kandinsky_studio.engine.training.components import (
    DOWNSCALE,
    LATENT_CHANNELS,
    PICTURE_SIZE,
    make_decoder_scheduler,
)
from kandinsky_studio.engine.training.loop import Loss, contiguous_norms
from kandinsky_studio.engine.training.movq import as_pictures
from kandinsky_studio.engine.training.scenes import Floats, Scene, random_scene

BATCH = 48
CACHED = 16_000  # pictures
EMPTY_SHARE = 0.1
GUIDANCE_SCALE = 2.0  # the model's default, with which it is measured
EMBED_NOISE = 0.15  # in standard deviations: a prior and a vision tower are never exact


def prepare(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """Make the backward pass fast on a CPU, in place: plain attention, and NCHW memory before every GroupNorm."""
    unet.set_attn_processor(AttnAddedKVProcessor())
    contiguous_norms(unet)
    with torch.no_grad():  # the variance half is never asked for; at zero it means the middle of learned_range
        unet.conv_out.weight[LATENT_CHANNELS:] = 0
        unet.conv_out.bias[LATENT_CHANNELS:] = 0
    return unet


class Denoising:
    """Squared error of the predicted v = √ᾱ·ε − √(1−ᾱ)·x₀ (Salimans & Ho 2022, arXiv 2202.00512).

    What all decoder stages share: the noise, the share of embeddings left empty for guidance, and a little noise on
    the others. ``spread`` is the embeddings' standard deviation, (256,).
    """

    def __init__(self, unet: UNet2DConditionModel, spread: Floats, device: str = "cpu") -> None:
        self.unet = unet
        self.device = device
        self._alphas = make_decoder_scheduler().alphas_cumprod.to(device)
        self._spread = torch.from_numpy(spread).to(device)

    def timesteps(self, rng: np.random.Generator) -> np.ndarray:
        """One for each picture of a batch, int64 (BATCH,), 0…999."""
        return rng.integers(1000, size=BATCH)

    def __call__(
        self,
        clean: np.ndarray,
        codes: Floats,
        timesteps: np.ndarray,
        rng: np.random.Generator,
        *,
        beside: torch.Tensor | None = None,
        hint: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The loss for latents (BATCH, 4, 16, 16), embeddings (BATCH, 256) and timesteps (BATCH,).

        ``beside`` are channels that the network sees beside the noisy latents, ``hint`` a depth map (BATCH, 3, 128,
        128).
        """
        target_latents = torch.from_numpy(clean).to(self.device).float()
        embeds = torch.from_numpy(codes).to(self.device)
        empty = torch.from_numpy(rng.random(len(codes)) < EMPTY_SHARE).to(self.device)
        embeds = embeds.masked_fill(empty[:, None], 0)
        amount = EMBED_NOISE * torch.rand(len(codes), 1, device=self.device)
        embeds = embeds + amount * self._spread * torch.randn_like(embeds)
        times = torch.from_numpy(timesteps).to(self.device)
        alpha = self._alphas[times][:, None, None, None]
        noise = torch.randn_like(target_latents)
        noisy = alpha.sqrt() * target_latents + (1 - alpha).sqrt() * noise
        seen = noisy if beside is None else torch.cat([noisy, beside], dim=1)
        conditions = {"image_embeds": embeds} if hint is None else {"image_embeds": embeds, "hint": hint}
        output = self.unet(seen, times, encoder_hidden_states=None, added_cond_kwargs=conditions).sample
        target = alpha.sqrt() * noise - (1 - alpha).sqrt() * target_latents
        return torch.nn.functional.mse_loss(output[:, :LATENT_CHANNELS].float(), target)


def decoder_loss(unet: UNet2DConditionModel, latents: np.ndarray, codes: Floats, device: str = "cpu") -> Loss:
    """The stage's loss for :class:`Trainer`, over latents (n, 4, 16, 16) and their embeddings (n, 256)."""
    denoising = Denoising(unet, codes.std(0), device)

    def loss(step: int, rng: np.random.Generator) -> torch.Tensor:
        rows = rng.integers(len(latents), size=BATCH)
        return denoising(latents[rows], codes[rows], denoising.timesteps(rng), rng)

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
    known: torch.Tensor | None = None,
    keep: torch.Tensor | None = None,
    hint: torch.Tensor | None = None,
) -> Pixels:
    """Pictures uint8 (batch, 128, 128, 3) of embeddings (batch, 256), for measuring while training.

    ``known`` latents (batch, 4, 16, 16) stay where ``keep`` (batch, 1, 16, 16) is 1 and are continued where it is 0,
    by a network with 9 channels; ``hint`` is a depth map (batch, 3, 128, 128) for one that takes it.
    """
    device = next(unet.parameters()).device
    scheduler = make_decoder_scheduler()
    scheduler.set_timesteps(steps, device=device)
    embeds = torch.from_numpy(codes).to(device)
    side = PICTURE_SIZE // DOWNSCALE
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn((len(embeds), LATENT_CHANNELS, side, side), generator=generator).to(device)

    def predict(latents: torch.Tensor, timestep: torch.Tensor, embeds: torch.Tensor) -> torch.Tensor:
        seen = latents if known is None or keep is None else torch.cat([latents, known * keep, keep], dim=1)
        conditions = {"image_embeds": embeds} if hint is None else {"image_embeds": embeds, "hint": hint}
        output: torch.Tensor = unet(seen, timestep, None, added_cond_kwargs=conditions).sample
        return output[:, :LATENT_CHANNELS].float()

    x = noise
    for k, timestep in enumerate(scheduler.timesteps):
        output = predict(x, timestep, embeds)
        if guidance_scale > 1:
            without = predict(x, timestep, torch.zeros_like(embeds))
            output = without + guidance_scale * (output - without)
        x = scheduler.step(output, timestep, x).prev_sample
        if known is not None and keep is not None:
            last = k + 1 == len(scheduler.timesteps)
            there = known if last else scheduler.add_noise(known, noise, scheduler.timesteps[k + 1 : k + 2])
            x = keep * there + (1 - keep) * x
    return as_pictures(movq.decode(x, force_not_quantize=True).sample)


def held_out(count: int, shapes: int, seed: int) -> list[Scene]:
    """Scenes no stage has trained on."""
    rng = np.random.default_rng(seed)
    return [random_scene(rng, shapes) for _ in range(count)]
