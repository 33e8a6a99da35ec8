"""The one sampling loop of the decoders: noise in, latents out, and a look at every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from kandinsky_studio.engine.schedulers import keeps_variance, step_arguments

OnStep = Callable[[int, torch.Tensor], None]
"""Called after a step with the steps done (from 1) and the clean latents (1, C, h, w) that the model predicts."""


@torch.inference_mode()
def denoise(
    unet: Any,
    scheduler: Any,
    image_embeds: torch.Tensor,
    negative_image_embeds: torch.Tensor | None,
    *,
    width: int,
    height: int,
    num_inference_steps: int,
    guidance_scale: float,
    generator: torch.Generator,
    on_step: OnStep,
) -> torch.Tensor:
    """Latents (1, 4, ``height``, ``width``), float32 on the CPU, for one image embedding (1, D).

    ``width`` and ``height`` are in latent cells. Guidance up to 1 is none at all, and then ``negative_image_embeds``
    is not looked at. Only the network runs on its device and in its dtype: noise and solver stay on the CPU in
    float32, so that a seed means the same noise everywhere. ``on_step`` may raise to stop.
    """
    embeds = image_embeds
    guided = guidance_scale > 1
    if guided:
        assert negative_image_embeds is not None
        embeds = torch.cat([negative_image_embeds, image_embeds])
    embeds = embeds.to(unet.device, unet.dtype)

    channels = unet.config.in_channels
    scheduler.set_timesteps(num_inference_steps)
    extra = step_arguments(scheduler, generator)
    latents: torch.Tensor = torch.randn((1, channels, height, width), generator=generator) * scheduler.init_noise_sigma
    for i, t in enumerate(scheduler.timesteps):
        noisy = scheduler.scale_model_input(latents, t)
        output: torch.Tensor = unet(
            noisy.to(unet.device, unet.dtype).expand(len(embeds), -1, -1, -1),
            t.to(unet.device),
            encoder_hidden_states=None,
            added_cond_kwargs={"image_embeds": embeds},
            return_dict=False,
        )[0]
        output = output.float().cpu()
        prediction, variance = output[:, :channels], output[:, channels:]
        if guided:
            away, towards = prediction.chunk(2)
            prediction = away + guidance_scale * (towards - away)
            variance = variance.chunk(2)[1]
        clean = predicted_original(scheduler, noisy, prediction, t)
        if keeps_variance(scheduler):
            prediction = torch.cat([prediction, variance], dim=1)
        latents = scheduler.step(prediction, t, latents, **extra, return_dict=False)[0]
        on_step(i + 1, clean)
    return latents


def predicted_original(
    scheduler: Any, noisy: torch.Tensor, prediction: torch.Tensor, timestep: torch.Tensor
) -> torch.Tensor:
    """The clean latents that ``prediction`` implies for ``noisy``, what the network saw, at ``timestep``.

    Works for every scheduler: after ``scale_model_input`` all of them show the network the same variance-preserving
    mixture of picture and noise.
    """
    kind = scheduler.config.prediction_type
    if kind == "sample":
        return prediction
    alpha_bar = scheduler.alphas_cumprod[int(timestep.round())].clamp(min=1e-6)
    alpha, sigma = alpha_bar**0.5, (1 - alpha_bar) ** 0.5
    if kind == "v_prediction":
        return torch.as_tensor(alpha * noisy - sigma * prediction)
    if kind == "epsilon":
        return torch.as_tensor((noisy - sigma * prediction) / alpha)
    raise ValueError(f"unknown prediction_type {kind!r}")
