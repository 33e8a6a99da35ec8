"""Whether a request can be carried out, found out before anything is loaded. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Iterable

from kandinsky_studio.engine.arrays import FILLS, MAX_SIDE
from kandinsky_studio.engine.embeddings import weights_problem
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import MAX_PROMPT_LENGTH, MAX_SEED, MAX_SLOTS, GenerationRequest, Task
from kandinsky_studio.engine.spec import Limits, ModelSpec
from kandinsky_studio.errors import (
    ArrayNotKept,
    EmptyPrompt,
    MissingInput,
    PromptTooLong,
    SizeOutOfRange,
    UnknownScheduler,
    UnknownValue,
    UnsupportedTask,
    ValueOutOfRange,
    WeightsCancelOut,
    WrongSize,
)

MAX_PICTURES = 64

_SEEDS = Limits(0, MAX_SEED, 0)
_PICTURES = Limits(1, MAX_PICTURES, 1)
_SHARE = Limits(0.0, 1.0, 1.0)
_PIXELS = Limits(0, 1024, 0)
_GROWTH = Limits(-1024, 1024, 0)
_WEIGHT = Limits(-1e6, 1e6, 1.0)
_MARGIN = Limits(0, MAX_SIDE, 0)

_NEEDED: dict[Task, tuple[str, ...]] = {
    Task.image2image: ("image",),
    Task.inpaint: ("image", "mask"),
    Task.outpaint: ("image",),
    Task.mix: ("slots",),
    Task.depth: ("hint",),
}


def check(request: GenerationRequest, spec: ModelSpec, others: Iterable[ModelSpec] = ()) -> None:
    """Raise the ``InvalidRequest`` that says what ``spec``'s model can't do with ``request``; return if it can all.

    ``others`` are named in its place if the model can't do the task at all.
    """
    if request.task not in spec.tasks or (request.slots and not spec.prior_schedulers):
        task = request.task if request.task not in spec.tasks else Task.mix
        able = [other.title for other in others if task in other.tasks]
        styled = task is Task.mix and len(request.added) == len(request.slots)
        raise UnsupportedTask(model=spec.title, task="style" if styled else str(task), instead=", ".join(able) or "—")
    for name in ("prompt", "negative_prompt", "scheduler", "prior_scheduler", "fill"):
        if not isinstance(getattr(request, name), str):
            raise UnknownValue(name=name, value=getattr(request, name), known="text")
    if not request.prompt.strip() and not request.mixed:
        raise EmptyPrompt
    if not request.mixed and not all(prompt.strip() for prompt, _ in request.wordings):
        raise EmptyPrompt
    texts = [request.prompt, request.negative_prompt, *(slot.prompt or "" for slot in request.slots)]
    texts += [text for wording in request.wordings for text in wording]
    for text in texts:
        if len(text) > MAX_PROMPT_LENGTH:
            raise PromptTooLong(length=len(text), limit=MAX_PROMPT_LENGTH)
    if request.scheduler not in spec.schedulers:
        raise UnknownScheduler(scheduler=request.scheduler, known=", ".join(spec.schedulers))
    if spec.prior_schedulers and request.prior_scheduler not in spec.prior_schedulers:
        raise UnknownScheduler(scheduler=request.prior_scheduler, known=", ".join(spec.prior_schedulers))
    if request.fill not in FILLS:
        raise UnknownValue(name="fill", value=request.fill, known=", ".join(FILLS))
    _check_numbers(request, spec)
    _check_inputs(request, spec)
    _check_slots(request)


def _check_numbers(request: GenerationRequest, spec: ModelSpec) -> None:
    _check_whole("num_inference_steps", request.num_inference_steps, spec.num_inference_steps)
    _check_whole("num_images_per_prompt", request.num_images_per_prompt, _PICTURES)
    _check_whole("seed", request.seed, _SEEDS)
    _check_whole("prior_seed", request.prior_seed, _SEEDS)
    _check_number("guidance_scale", request.guidance_scale, spec.guidance_scale)
    if spec.prior_schedulers:
        _check_whole("prior_num_inference_steps", request.prior_num_inference_steps, spec.prior_num_inference_steps)
        _check_number("prior_guidance_scale", request.prior_guidance_scale, spec.prior_guidance_scale)
    for name in (
        "strength",
        "prior_strength",
        "controlnet_conditioning_scale",
        "control_guidance_start",
        "control_guidance_end",
    ):
        _check_number(name, getattr(request, name), _SHARE)
    _check_whole("mask_grow", request.mask_grow, _GROWTH)
    _check_whole("mask_feather", request.mask_feather, _PIXELS)
    _check_whole("context_padding", request.context_padding, _PIXELS)
    for name in ("margin_left", "margin_top", "margin_right", "margin_bottom"):
        _check_whole(name, getattr(request, name), _MARGIN)


def _check_inputs(request: GenerationRequest, spec: ModelSpec) -> None:
    """The arrays the task needs are there and have sizes that go together."""
    for name in _NEEDED.get(request.task, ()):
        if not (request.mixed if name == "slots" else getattr(request, name)):
            raise MissingInput(task=str(request.task), name=name)
    for raster in request.rasters():
        if not raster.present:
            raise ArrayNotKept
    # Of a picture that is repainted in part only that part is made, so it may be as large as a picture can be.
    in_part = request.task in (Task.inpaint, Task.outpaint)
    size = Limits(1, MAX_SIDE, spec.native_size) if in_part else spec.size
    if not all(_is_whole(side) and side in size for side in (request.width, request.height)):
        raise SizeOutOfRange(width=request.width, height=request.height, minimum=size.minimum, maximum=size.maximum)
    if not in_part or request.image is None:
        return
    width, height = request.width, request.height
    if request.task is Task.outpaint:
        width -= request.margin_left + request.margin_right
        height -= request.margin_top + request.margin_bottom
    _check_size("image", request.image, width, height)
    if request.task is Task.inpaint and request.mask is not None:
        _check_size("mask", request.mask, width, height)


def _check_slots(request: GenerationRequest) -> None:
    if len(request.slots) > MAX_SLOTS:
        raise ValueOutOfRange(name="slots", value=len(request.slots), minimum=0, maximum=MAX_SLOTS)
    for slot in request.slots:
        _check_number("weight", slot.weight, _WEIGHT)
    if not request.slots:
        return
    for slots in (request.mixed, [slot for slot in request.slots if slot.negative]):
        weights = [slot.weight for slot in slots]
        if weights and weights_problem(weights, spherical=request.spherical, normalised=request.normalised_weights):
            raise WeightsCancelOut


def _check_size(name: str, raster: Raster, width: int, height: int) -> None:
    if (raster.width, raster.height) != (width, height):
        raise WrongSize(name=name, width=raster.width, height=raster.height, needed_width=width, needed_height=height)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_whole(name: str, value: int, limits: Limits[int]) -> None:
    if not _is_whole(value) or value not in limits:
        raise ValueOutOfRange(name=name, value=value, minimum=limits.minimum, maximum=limits.maximum)


def _check_number(name: str, value: float, limits: Limits[float]) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value not in limits:
        raise ValueOutOfRange(name=name, value=value, minimum=limits.minimum, maximum=limits.maximum)
