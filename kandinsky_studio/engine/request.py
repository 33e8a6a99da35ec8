"""What travels along the one road: request down, progress and result back. Standard library and numpy only."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from kandinsky_studio.errors import NewerFile

Pixels = npt.NDArray[np.uint8]
"""A picture, uint8, (height, width, 3), RGB, 0…255."""

Embedding = npt.NDArray[np.float32]
"""A CLIP image embedding, float32, (dimensions,)."""

REQUEST_VERSION = 1
MAX_SEED = 2**32 - 1
MAX_PROMPT_LENGTH = 4000  # characters; the models read 77 tokens, the rest is a paste by mistake


class Task(enum.StrEnum):
    """What is asked of a model."""

    text2image = "text2image"
    image2image = "image2image"
    inpaint = "inpaint"
    outpaint = "outpaint"
    mix = "mix"
    depth = "depth"


class Stage(enum.StrEnum):
    """What the engine is doing, in the order a job goes through."""

    loading = "loading"
    prior = "prior"
    decoder = "decoder"
    decoding = "decoding"


@dataclass(frozen=True)
class GenerationRequest:
    """Everything that decides a picture. Names are diffusers' argument names.

    Same request, same weights, same device: same bytes. ``prior_seed`` is the idea seed (0…2**32-1), ``seed`` the
    rendering seed. ``strength`` is the fraction changed (0…1), of no effect for ``text2image``. ``model`` is a key
    of ``MODELS`` or the folder of a model.
    """

    prompt: str
    negative_prompt: str = ""
    model: str = "builtin"
    task: Task = Task.text2image
    width: int = 128
    height: int = 128
    num_inference_steps: int = 20
    guidance_scale: float = 2.0
    prior_num_inference_steps: int = 15
    prior_guidance_scale: float = 1.0
    strength: float = 1.0
    scheduler: str = "dpmpp_2m"
    prior_seed: int = 0
    seed: int = 0
    num_images_per_prompt: int = 1
    vary_idea: bool = True
    vary_rendering: bool = True

    def pictures(self) -> Iterator[GenerationRequest]:
        """One request per picture, each of which makes the very same picture when it is run alone.

        Picture k adds k to the idea seed and to the rendering seed, unless that seed is held
        (``vary_idea``/``vary_rendering`` false).
        """
        for k in range(self.num_images_per_prompt):
            yield dataclasses.replace(
                self,
                prior_seed=(self.prior_seed + k * self.vary_idea) % (MAX_SEED + 1),
                seed=(self.seed + k * self.vary_rendering) % (MAX_SEED + 1),
                num_images_per_prompt=1,
            )

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON values that :meth:`from_json` reads back exactly."""
        return {"version": REQUEST_VERSION, **dataclasses.asdict(self), "task": str(self.task)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], file: str = "") -> GenerationRequest:
        """The request that :meth:`to_json` wrote.

        ``file`` names the place it comes from in errors. Raises ``NewerFile`` if a newer program wrote it,
        ``ValueError`` or ``TypeError`` if it is no request.
        """
        if not isinstance(values, Mapping) or not isinstance(values.get("version"), int):
            raise ValueError("not a request")
        if values["version"] > REQUEST_VERSION:
            raise NewerFile(file=file)
        kinds: dict[str, type] = {f.name: type(f.default) for f in dataclasses.fields(cls) if f.name != "prompt"}
        kinds["prompt"] = str
        read: dict[str, Any] = {}
        for name, kind in kinds.items():
            if name not in values:
                continue
            value = values[name]
            if kind is float and isinstance(value, int) and not isinstance(value, bool):
                value = float(value)
            if kind is Task:
                value = Task(value)
            if type(value) is not kind:
                raise TypeError(f"{name} is {value!r}")
            read[name] = value
        return cls(**read)


@dataclass(frozen=True, eq=False)
class Progress:
    """Where a job stands. ``seconds_left`` is None while nothing is known yet.

    ``step`` steps of ``total_steps`` are done in this ``stage`` of picture ``picture`` (from 0) of ``pictures``;
    ``fraction`` (0…1) spans the whole job. ``preview`` is a small uint8 RGB picture or None.
    """

    stage: Stage
    step: int
    total_steps: int
    picture: int
    pictures: int
    fraction: float
    seconds_left: float | None = None
    preview: Pixels | None = None


@dataclass(frozen=True, eq=False)
class GenerationResult:
    """One finished picture and all that made it.

    ``request`` makes exactly this picture (``num_images_per_prompt`` is 1). ``timings`` are seconds per stage,
    ``weights`` the fingerprint of the model's files (hex), ``device`` and ``dtype`` what it ran on.
    """

    image: Pixels
    request: GenerationRequest
    image_embeds: Embedding
    timings: Mapping[str, float] = field(default_factory=dict)
    device: str = "cpu"
    dtype: str = "float32"
    weights: str = ""
