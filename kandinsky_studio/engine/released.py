"""The two ways of sampling that Kandinsky 2.0 was released with, made of diffusers' schedulers.

They keep the noise schedule in double precision, as the release did: where there is next to no picture left in the
noise, the rounding of single precision is seen in the fourth or fifth digit of a step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from diffusers import DDIMScheduler, DDPMScheduler


class EveryNth(DDIMScheduler):  # type: ignore[misc]
    """DDIM over every n-th timestep from 1 on, all of them.

    Where the number of steps asked for does not divide the schedule, there are more; diffusers' own stops at that
    number, and leaves out those that are nearest to noise.
    """

    def set_timesteps(self, num_inference_steps: int, device: Any = None) -> None:
        """Have ``num_inference_steps`` timesteps, or as many more as there are at their distance."""
        super().set_timesteps(num_inference_steps, device)
        every = self.config.num_train_timesteps // num_inference_steps
        self.timesteps = torch.arange(1, self.config.num_train_timesteps, every).flip(0)


_RELEASED: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "ddim": (EveryNth, {"timestep_spacing": "leading", "steps_offset": 1, "set_alpha_to_one": True}),
    "ddpm": (DDPMScheduler, {"timestep_spacing": "linspace", "variance_type": "learned_range"}),
}
"""Key of a scheduler → its class, and what that is given beside the noise schedule."""


def build_released(key: str, noise_schedule: Mapping[str, Any]) -> Any:
    """A fresh scheduler with what ``Numbers.noise_schedule`` says; None if ``key`` is not one of the release's two."""
    if key not in _RELEASED:
        return None
    cls, settings = _RELEASED[key]
    scheduler = cls(**noise_schedule, **settings, clip_sample=False)
    scheduler.betas = torch.linspace(
        noise_schedule["beta_start"],
        noise_schedule["beta_end"],
        noise_schedule["num_train_timesteps"],
        dtype=torch.float64,
    )
    scheduler.alphas = 1 - scheduler.betas
    scheduler.alphas_cumprod = scheduler.alphas.cumprod(0)
    return scheduler
