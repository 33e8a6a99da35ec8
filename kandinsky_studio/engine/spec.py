"""What the rest of the program may know about a model version, without importing torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from kandinsky_studio.engine.request import GenerationRequest, Task

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Limits(Generic[Number]):
    """The range of a parameter, both ends included, and where it starts."""

    minimum: Number
    maximum: Number
    default: Number

    def __contains__(self, value: Number) -> bool:
        return self.minimum <= value <= self.maximum


@dataclass(frozen=True)
class ModelSpec:
    """One model version: what it can do, its ranges, its sizes. ``title`` is a name, never translated.

    ``native_size`` is the side length in pixels it was trained at; widths and heights are snapped up to
    ``size_multiple`` inside and cropped back. ``languages`` are ISO 639-1 codes of prompts it understands.
    ``prior_schedulers`` is empty if there is no prior, and then no mixing. ``mix_prior_strength`` is how far its prior
    has to settle a mix to make a picture of it. ``reads_words`` says whether the decoder itself does, and can show where. ``disk_size`` in bytes, ``memory_size`` in bytes at half precision with all components resident.
    """

    key: str
    title: str
    tasks: frozenset[Task]
    native_size: int
    size: Limits[int]
    size_multiple: int
    num_inference_steps: Limits[int]
    guidance_scale: Limits[float]
    prior_num_inference_steps: Limits[int]
    prior_guidance_scale: Limits[float]
    schedulers: tuple[str, ...]
    prior_schedulers: tuple[str, ...]
    mix_prior_strength: float
    reads_words: bool
    languages: tuple[str, ...]
    disk_size: int
    memory_size: int

    def request(self, prompt: str, **values: Any) -> GenerationRequest:
        """A request with this model's own defaults at its native size; ``values`` replace single fields."""
        own = GenerationRequest(
            prompt=prompt,
            model=self.key,
            width=self.native_size,
            height=self.native_size,
            num_inference_steps=self.num_inference_steps.default,
            guidance_scale=self.guidance_scale.default,
            prior_num_inference_steps=self.prior_num_inference_steps.default,
            prior_guidance_scale=self.prior_guidance_scale.default,
            scheduler=self.schedulers[0],
        )
        if any(not slot.negative and not slot.added for slot in values.get("slots", ())):
            own = dataclasses.replace(own, prior_strength=self.mix_prior_strength)
        return dataclasses.replace(own, **values)
