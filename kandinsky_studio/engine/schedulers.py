"""The schedulers a request can name, each made with what the model's own scheduler configuration says about the model.

To add one: one line in ``SCHEDULERS``. The table imports without torch, so that a request can be checked early.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

SCHEDULERS: Mapping[str, str] = {
    "dpmpp_2m": "DPMSolverMultistepScheduler",
    "ddpm": "DDPMScheduler",
    "ddim": "DDIMScheduler",
    "unipc": "UniPCMultistepScheduler",
    "euler": "EulerDiscreteScheduler",
    "euler_a": "EulerAncestralDiscreteScheduler",
    "deis": "DEISMultistepScheduler",
}
"""Key of a scheduler → its class in diffusers. The first is the default."""

MODEL_FIELDS = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "trained_betas",
    "prediction_type",
    "thresholding",
    "dynamic_thresholding_ratio",
    "sample_max_value",
    "clip_sample",
    "clip_sample_range",
    "steps_offset",
    "rescale_betas_zero_snr",
)
"""What a scheduler configuration says about the model, and not about the way of sampling."""


def build_scheduler(key: str, config: Mapping[str, Any]) -> Any:
    """A fresh diffusers scheduler.

    ``config`` is the content of the model's ``scheduler_config.json``. A scheduler of the model's own class takes all
    of it; another class takes the model's fields and keeps its own defaults for the rest, because values such as the
    spacing of the timesteps are chosen for one class and are wrong in the next. Clipping is off where the
    configuration is silent: diffusers' default clips to -1…1, and latents go beyond. Raises ``KeyError`` for an
    unknown key.
    """
    import diffusers

    name = SCHEDULERS[key]
    cls: Any = getattr(diffusers, name)
    fields = set(inspect.signature(cls.__init__).parameters) - {"self"}
    if config.get("_class_name") != name:
        fields.intersection_update(MODEL_FIELDS)
        config = {"clip_sample": False, **config}
    return cls(**{field: value for field, value in config.items() if field in fields})


def keeps_variance(scheduler: Any) -> bool:
    """Whether ``step`` wants the model's variance channels; the others take the prediction alone."""
    return scheduler.config.get("variance_type") in ("learned", "learned_range")


def step_arguments(scheduler: Any, generator: Any) -> dict[str, Any]:
    """The keyword arguments for ``step``: the generator, for the schedulers that take one."""
    return {"generator": generator} if "generator" in inspect.signature(scheduler.step).parameters else {}
