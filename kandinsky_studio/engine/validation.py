"""Whether a request can be carried out, found out before anything is loaded. Imports no torch."""

from __future__ import annotations

import math

from kandinsky_studio.engine.request import MAX_PROMPT_LENGTH, MAX_SEED, GenerationRequest
from kandinsky_studio.engine.spec import Limits, ModelSpec
from kandinsky_studio.errors import (
    EmptyPrompt,
    PromptTooLong,
    SizeOutOfRange,
    UnknownScheduler,
    UnsupportedTask,
    ValueOutOfRange,
)

MAX_PICTURES = 64

_SEEDS = Limits(0, MAX_SEED, 0)
_PICTURES = Limits(1, MAX_PICTURES, 1)
_STRENGTH = Limits(0.0, 1.0, 1.0)


def check(request: GenerationRequest, spec: ModelSpec) -> None:
    """Raise the ``InvalidRequest`` that says what ``spec``'s model can't do with ``request``; return if it can all."""
    if request.task not in spec.tasks:
        raise UnsupportedTask(model=spec.title, task=str(request.task))
    if not request.prompt.strip():
        raise EmptyPrompt
    for text in (request.prompt, request.negative_prompt):
        if len(text) > MAX_PROMPT_LENGTH:
            raise PromptTooLong(length=len(text), limit=MAX_PROMPT_LENGTH)
    if not all(_is_whole(side) and side in spec.size for side in (request.width, request.height)):
        raise SizeOutOfRange(
            width=request.width, height=request.height, minimum=spec.size.minimum, maximum=spec.size.maximum
        )
    if request.scheduler not in spec.schedulers:
        raise UnknownScheduler(scheduler=request.scheduler, known=", ".join(spec.schedulers))

    _check_whole("num_inference_steps", request.num_inference_steps, spec.num_inference_steps)
    _check_whole("prior_num_inference_steps", request.prior_num_inference_steps, spec.prior_num_inference_steps)
    _check_whole("num_images_per_prompt", request.num_images_per_prompt, _PICTURES)
    _check_whole("seed", request.seed, _SEEDS)
    _check_whole("prior_seed", request.prior_seed, _SEEDS)
    _check_number("guidance_scale", request.guidance_scale, spec.guidance_scale)
    _check_number("prior_guidance_scale", request.prior_guidance_scale, spec.prior_guidance_scale)
    _check_number("strength", request.strength, _STRENGTH)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_whole(name: str, value: int, limits: Limits[int]) -> None:
    if not _is_whole(value) or value not in limits:
        raise ValueOutOfRange(name=name, value=value, minimum=limits.minimum, maximum=limits.maximum)


def _check_number(name: str, value: float, limits: Limits[float]) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value not in limits:
        raise ValueOutOfRange(name=name, value=value, minimum=limits.minimum, maximum=limits.maximum)
