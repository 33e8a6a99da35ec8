"""The schedulers a request can name, each made with what the model's own scheduler configuration says about the model.

To add one: one line in ``SCHEDULERS``. The table imports without torch, so that a request can be checked early.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

SCHEDULERS: Mapping[str, str] = {
    "dpmpp_2m": "DPMSolverMultistepScheduler",
    "dpmpp_2s": "DPMSolverSinglestepScheduler",
    "ddpm": "DDPMScheduler",
    "ddim": "DDIMScheduler",
    "unipc": "UniPCMultistepScheduler",
    "euler": "EulerDiscreteScheduler",
    "euler_a": "EulerAncestralDiscreteScheduler",
    "deis": "DEISMultistepScheduler",
    "pndm": "PNDMScheduler",
    "lcm": "LCMScheduler",
}
"""Key of a scheduler → its class in diffusers. The first is the default."""

_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "dpmpp_2s": {"lower_order_final": True},  # which it sets by itself, with a warning
    "pndm": {"skip_prk_steps": True},  # its Runge-Kutta start costs twelve evaluations; PLMS is what the authors ran
}
"""What is set for a scheduler beside what its model says."""

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
    config = {**config, **_SETTINGS.get(key, {})}
    fields.update(_SETTINGS.get(key, {}))
    return cls(**{field: value for field, value in config.items() if field in fields})


PRIOR_SCHEDULERS: Mapping[str, str] = {
    "unclip": "UnCLIPScheduler",
    **{key: SCHEDULERS[key] for key in ("dpmpp_2m", "ddim", "ddpm", "unipc")},
}
"""Those the prior can be sampled with. The first is the default."""


def build_prior_scheduler(key: str, config: Mapping[str, Any]) -> Any:
    """A fresh scheduler for the prior, which predicts the clean embedding.

    ``config`` is the content of the prior's ``scheduler_config.json``, an UnCLIPScheduler's. Raises ``KeyError`` for
    an unknown key.
    """
    import diffusers

    cls: Any = getattr(diffusers, PRIOR_SCHEDULERS[key])
    if key == "unclip":
        return cls.from_config(dict(config))
    fields = set(inspect.signature(cls.__init__).parameters) - {"self"}
    own = {
        "num_train_timesteps": config.get("num_train_timesteps", 1000),
        "beta_schedule": "squaredcos_cap_v2",
        "prediction_type": "sample",
        "clip_sample": config.get("clip_sample", True),
        "clip_sample_range": config.get("clip_sample_range", 1.0),
        "lambda_min_clipped": -5.1,  # the cosine schedule ends in nothing but noise, where solvers divide by zero
    }
    return cls(**{name: value for name, value in own.items() if name in fields})


def set_steps(scheduler: Any, num_inference_steps: int) -> None:
    """Have ``scheduler`` make ``num_inference_steps`` steps."""
    if type(scheduler).__name__ == "LCMScheduler":
        # It picks its steps from those that the distillation is said to have had, and can't pick more than there are.
        original = max(num_inference_steps, scheduler.config.original_inference_steps)
        scheduler.set_timesteps(num_inference_steps, original_inference_steps=original)
    else:
        scheduler.set_timesteps(num_inference_steps)


def keeps_variance(scheduler: Any) -> bool:
    """Whether ``step`` wants the model's variance channels; the others take the prediction alone."""
    return scheduler.config.get("variance_type") in ("learned", "learned_range")


def step_arguments(scheduler: Any, generators: Any) -> dict[str, Any]:
    """The keyword arguments for ``step``: a generator or the rows' generators, for the schedulers that take them."""
    return {"generator": generators} if "generator" in inspect.signature(scheduler.step).parameters else {}


def steps_of_the_way(num_inference_steps: int, strength: float) -> int:
    """How many of the steps are made when the share ``strength`` (0…1) of a picture shall change: at least one."""
    return max(min(int(num_inference_steps * strength), num_inference_steps), 1)


def evaluations(key: str, steps: int) -> int:
    """How often the network is asked for ``steps`` steps of the scheduler ``key``."""
    return steps + 1 if key == "pndm" and steps > 1 else steps  # which asks twice to start its multistep formula


def part_of_the_way(scheduler: Any, strength: float) -> Any:
    """The last ``strength`` of ``scheduler``'s timesteps, and the scheduler told that it begins there."""
    timesteps = scheduler.timesteps
    own = timesteps.unique(sorted=True).flip(0)  # which may be more than were asked for
    first = len(own) - steps_of_the_way(len(own), strength)
    if type(scheduler).__name__ == "PNDMScheduler":
        # It goes over its second timestep twice to start its multistep formula, and has to wherever it starts.
        own = own[first:]
        timesteps = own[[0, 1, *range(1, len(own))]] if len(own) > 1 else own
        scheduler.timesteps = timesteps
        return timesteps
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    return timesteps[first:]
