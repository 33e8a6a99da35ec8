"""What travels along the one road: request down, progress and result back. No torch."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kandinsky_studio.engine.arrays import Embedding as Embedding
from kandinsky_studio.engine.arrays import Pixels as Pixels
from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.raster import Raster, as_mask
from kandinsky_studio.engine.tier import Tier
from kandinsky_studio.errors import MissingInput, NewerFile, UnknownValue

REQUEST_VERSION = 3
MAX_SLOTS = 64
MAX_WORDINGS = 64
MAX_INPUT_PIXELS = 250_000_000  # of all pictures that come with a request
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
    encoding = "encoding"
    prior = "prior"
    decoder = "decoder"
    decoding = "decoding"


@dataclass(frozen=True)
class GenerationRequest:
    """Everything that decides a picture. Names are diffusers' argument names, where diffusers has them.

    Same request, same weights, same device: same bytes. ``model`` is a key of ``MODELS`` or the folder of a model;
    ``prior_seed`` is the idea seed (0…2**32-1), ``seed`` the rendering seed.

    ``image`` is the picture to start from: ``image2image`` and ``depth`` scale it to ``width`` × ``height``, for
    ``inpaint`` it has that size, for ``outpaint`` that size less the margins. ``mask`` (255 = repaint) has the size of
    ``image``. ``hint`` is a depth map, near is bright, any size. ``strength`` is the fraction changed (0…1), of no
    effect for ``text2image`` and ``mix``; ``depth`` starts from noise without an ``image``. Arrays given for them
    become rasters; one that is no picture or mask raises ``UnusableArray``.

    ``slots`` make the idea, for any task, in place of the prompt: their weighted mix, linear or ``spherical``, the
    weights divided by their sum unless ``normalised_weights`` is false. ``prior_strength`` (0…1) is how far the prior
    may pull that mix, or ``image`` if nothing is mixed, towards the prompt: 0 not at all. Slots that are ``added``
    (a style, say) make no idea of their own: at last they are added to it, whatever made it.

    Inpainting: ``mask_grow`` (pixels, negative shrinks) and ``mask_feather`` (pixels, the width of a soft edge beyond
    it) shape the mask; no pixel outside of that changes. Outpainting changes no pixel of ``image``. For both,
    ``context_padding`` (pixels) is what is seen around it at least, ``fill`` (one of ``inpainting.FILLS``) is put
    under it first, and ``match_colours`` fits what is made to its surroundings. The margins are what ``outpaint`` adds
    on each side, in pixels.

    ``wordings`` are the prompt and the negative prompt of each picture, in place of ``prompt`` and
    ``negative_prompt``, and round again where there are more pictures. ``prompt_template`` and ``negative_template`` are
    what was typed where the words were chosen from that; they decide nothing.

    ``controlnet_conditioning_scale`` (0…1) is how much the hint counts, between the fractions
    ``control_guidance_start`` and ``control_guidance_end`` of the steps.
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
    prior_guidance_scale: float = 2.0
    strength: float = 1.0
    scheduler: str = "dpmpp_2m"
    prior_seed: int = 0
    seed: int = 0
    num_images_per_prompt: int = 1
    vary_idea: bool = True
    vary_rendering: bool = True
    prior_scheduler: str = "unclip"
    image: Raster | None = None
    mask: Raster | None = None
    hint: Raster | None = None
    slots: tuple[Slot, ...] = ()
    spherical: bool = False
    normalised_weights: bool = True
    prior_strength: float = 0.0
    mask_grow: int = 0
    mask_feather: int = 8
    context_padding: int = 32
    fill: str = "keep"
    match_colours: bool = True
    margin_left: int = 0
    margin_top: int = 0
    margin_right: int = 0
    margin_bottom: int = 0
    controlnet_conditioning_scale: float = 1.0
    control_guidance_start: float = 0.0
    control_guidance_end: float = 1.0
    wordings: tuple[tuple[str, str], ...] = ()
    prompt_template: str = ""
    negative_template: str = ""

    def __post_init__(self) -> None:
        # Arrays are welcome wherever a raster is; what is kept is always a raster, which nobody can change afterwards.
        for name, kept in (("image", Raster.of), ("hint", Raster.of), ("mask", as_mask)):
            value = getattr(self, name)
            if value is not None and (name == "mask" or not isinstance(value, Raster)):
                object.__setattr__(self, name, kept(value) if not _is_absent(value) else value)
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, np.generic):  # numpy's numbers are no JSON
                object.__setattr__(self, entry.name, value.item())
        if not isinstance(self.slots, Iterable) or not all(isinstance(slot, Slot) for slot in self.slots):
            raise UnknownValue(name="slots", value=self.slots, known="Slot")
        object.__setattr__(self, "slots", tuple(self.slots))
        if isinstance(self.task, str) and self.task in Task.__members__:
            object.__setattr__(self, "task", Task(self.task))

    def pictures(self) -> Iterator[GenerationRequest]:
        """One request per picture, each of which makes the very same picture when it is run alone.

        Picture k adds k to the idea seed and to the rendering seed, unless that seed is held
        (``vary_idea``/``vary_rendering`` false).
        """
        own = self.wordings or ((self.prompt, self.negative_prompt),)
        for k in range(self.num_images_per_prompt):
            prompt, negative_prompt = own[k % len(own)]
            yield dataclasses.replace(
                self,
                prompt=prompt,
                negative_prompt=negative_prompt,
                wordings=(),
                prior_seed=(self.prior_seed + k * self.vary_idea) % (MAX_SEED + 1),
                seed=(self.seed + k * self.vary_rendering) % (MAX_SEED + 1),
                num_images_per_prompt=1,
            )

    def between(self, count: int) -> Iterator[GenerationRequest]:
        """``count`` (2 or more) requests that lead from the first of two slots to the second in even steps.

        They differ in the weights of the two only, so that nothing is encoded twice. Raises ``MissingInput`` unless
        two slots are mixed.
        """
        ends = self.mixed
        if len(ends) != 2 or count < 2:
            raise MissingInput(task=str(Task.mix), name="slots")
        others = tuple(slot for slot in self.slots if slot.negative or slot.added)
        for k in range(count):
            share = k / (count - 1)
            weighted = (dataclasses.replace(end, weight=w) for end, w in zip(ends, (1 - share, share), strict=True))
            yield dataclasses.replace(self, slots=(*weighted, *others), normalised_weights=True)

    @property
    def mixed(self) -> tuple[Slot, ...]:
        """The slots that make the idea in place of the prompt: neither negative nor added."""
        return tuple(slot for slot in self.slots if not slot.negative and not slot.added)

    @property
    def added(self) -> tuple[Slot, ...]:
        """The slots that are added to the idea."""
        return tuple(slot for slot in self.slots if slot.added)

    def rasters(self) -> list[Raster]:
        """All arrays that the request needs."""
        own = (self.image, self.mask, self.hint, *(slot.image for slot in self.slots))
        return [raster for raster in own if raster is not None]

    def to_json(self, with_pixels: bool = True) -> dict[str, Any]:
        """A dictionary of JSON values that :meth:`from_json` reads back exactly.

        What came with version 2 is left out at its default, and only what is added makes it version 3, so that older
        programs read what they can do. Without
        pixels, the arrays are absent in what is read back.
        """
        values: dict[str, Any] = {"version": 1}
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            if entry.name in _SINCE_2:
                if value == entry.default:
                    continue
                values["version"] = 2
            if isinstance(value, Raster):
                value = value.to_json(with_pixels)
            elif entry.name == "slots":
                value = [slot.to_json(with_pixels) for slot in value]
            elif entry.name == "wordings":
                value = [list(words) for words in value]
            values[entry.name] = str(value) if isinstance(value, Task) else value
        if self.added or self.wordings:
            values["version"] = REQUEST_VERSION
        return values

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
        _check_pixels(values)
        read: dict[str, Any] = {}
        for entry in dataclasses.fields(cls):
            if entry.name in values:
                kind = str if entry.name == "prompt" else type(entry.default)
                read[entry.name] = _read(entry.name, kind, values[entry.name])
        return cls(**read)._with_shared_pixels()

    def _with_shared_pixels(self) -> GenerationRequest:
        """The same with the pixels of a raster that is here once wherever it is named."""
        known = {raster.digest: raster for raster in self.rasters() if raster.present}

        def found(raster: Raster | None) -> Raster | None:
            return raster if raster is None else known.get(raster.digest, raster)

        slots = (dataclasses.replace(slot, image=found(slot.image)) for slot in self.slots)
        return dataclasses.replace(
            self, slots=tuple(slots), image=found(self.image), mask=found(self.mask), hint=found(self.hint)
        )


_NAMES = [entry.name for entry in dataclasses.fields(GenerationRequest)]
_SINCE_2 = frozenset(_NAMES[_NAMES.index("prior_scheduler") :])


def _check_pixels(values: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` if the pictures in ``values`` would fill the memory: a small file can hold large ones."""
    slots = values.get("slots")
    if isinstance(slots, list) and len(slots) > MAX_SLOTS:
        raise ValueError(f"{len(slots)} slots")
    holders = [values, *(slots if isinstance(slots, list) else ())]
    rasters = [raster for holder in holders if isinstance(holder, Mapping) for raster in holder.values()]
    held = [raster for raster in rasters if isinstance(raster, Mapping) and "png" in raster]
    stated = [(raster.get("width"), raster.get("height")) for raster in held]
    if sum(w * h for w, h in stated if isinstance(w, int) and isinstance(h, int)) > MAX_INPUT_PIXELS:
        raise ValueError("too many pixels")


def _is_absent(value: object) -> bool:
    return isinstance(value, Raster) and not value.present


def _read(name: str, kind: type, value: Any) -> Any:
    """One value of a request from its JSON form. Raises ``ValueError`` or ``TypeError``."""
    if name in ("image", "mask", "hint"):
        return None if value is None else Raster.from_json(value)
    if name == "slots":
        if not isinstance(value, list):
            raise TypeError(f"slots is {value!r}")
        return tuple(Slot.from_json(slot) for slot in value)
    if name == "wordings":
        return _read_wordings(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if kind is Task:
        value = Task(value)
    if type(value) is not kind:
        raise TypeError(f"{name} is {value!r}")
    return value


def _read_wordings(value: Any) -> tuple[tuple[str, str], ...]:
    pairs = [tuple(pair) if isinstance(pair, list) else () for pair in value] if isinstance(value, list) else [()]
    if len(pairs) > MAX_WORDINGS or any(len(pair) != 2 or not all(isinstance(t, str) for t in pair) for pair in pairs):
        raise ValueError("wordings are pairs of texts")
    return tuple((prompt, negative_prompt) for prompt, negative_prompt in pairs)


@dataclass(frozen=True, eq=False)
class Progress:
    """Where a job stands. ``seconds_left`` is None while nothing is known yet.

    ``step`` steps of ``total_steps`` are done in this ``stage`` of picture ``picture`` (from 0) of ``pictures``;
    ``fraction`` (0…1) spans the whole job. ``preview`` is a small uint8 RGB picture or None. ``stepped_down`` says
    from then on that memory ran out in this job, and that it goes on with less of the model kept in memory.
    """

    stage: Stage
    step: int
    total_steps: int
    picture: int
    pictures: int
    fraction: float
    seconds_left: float | None = None
    preview: Pixels | None = None
    stepped_down: bool = False


@dataclass(frozen=True, eq=False)
class GenerationResult:
    """One finished picture and all that made it.

    ``request`` makes exactly this picture (``num_images_per_prompt`` is 1). ``timings`` are seconds per stage,
    ``weights`` the fingerprint of the model's files (hex), ``device`` and ``dtype`` what it ran on and in (such as
    ``"bfloat16"``, or ``"bfloat16, weights float8"`` where the weights were compressed) and ``tier`` how much of the
    model stayed in memory. ``image_embeds`` is the picture's idea, None for a version that has none.
    """

    image: Pixels
    request: GenerationRequest
    image_embeds: Embedding | None
    timings: Mapping[str, float] = field(default_factory=dict)
    device: str = "cpu"
    dtype: str = "float32"
    weights: str = ""
    tier: Tier = Tier.resident
