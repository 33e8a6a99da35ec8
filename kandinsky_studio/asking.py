"""From the parsed command line to requests: what is given, what a picture is repeated from, and the rest."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import math
import re
import secrets
from pathlib import Path
from typing import Any

from kandinsky_studio.engine import depth, embeddings
from kandinsky_studio.engine.arrays import MAX_SIDE
from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot
from kandinsky_studio.engine.models import MODELS, spec_of
from kandinsky_studio.engine.raster import Raster, as_mask
from kandinsky_studio.engine.request import MAX_SEED, GenerationRequest, Task
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.errors import FileMissing, MissingInput, ModelNotFound, UnknownValue, ValueOutOfRange
from kandinsky_studio.options import INPUTS
from kandinsky_studio.storage.pictures import FORMATS, read_array, read_request

REMIX_STRENGTH = 0.5
"""How much of a picture is changed if nothing is said about it: what it is stays, what it looks like does not."""

MAX_SEQUENCE = 1000
"""Pictures of a sequence."""

_TASKS = {
    "remix": Task.image2image,
    "inpaint": Task.inpaint,
    "outpaint": Task.outpaint,
    "mix": Task.mix,
    "depth": Task.depth,
}
_ARRAYS = {
    Task.image2image: ("image",),
    Task.inpaint: ("image", "mask"),
    Task.outpaint: ("image",),
    Task.mix: (),
    Task.depth: ("hint", "image"),
}
_CALLED = {"image": "picture", "mask": "mask", "hint": "hint"}
_VALUES = [field.name for field in dataclasses.fields(GenerationRequest)]
_SIDES = {"width": ("left", "right"), "height": ("top", "bottom")}
_WEIGHT = re.compile(r"(.*):([+-]?(?:\d+\.?\d*|\.\d+))", re.DOTALL)


def asked_for(arguments: argparse.Namespace) -> list[GenerationRequest]:
    """The requests that the parsed ``arguments`` describe, one after the other.

    They start from that of the picture given with ``--from``, else from the model's own values and seeds by chance.
    Raises ``StudioError``.
    """
    asking = _Asking(arguments)
    prompts = arguments.given if arguments.command == "generate" else []
    requests = [asking.request(prompt) for prompt in prompts] or [asking.request(None)]
    count = getattr(arguments, "sequence", None)
    if count is None:
        return requests
    if not 2 <= count <= MAX_SEQUENCE:
        raise ValueOutOfRange(name="--sequence", value=count, minimum=2, maximum=MAX_SEQUENCE)
    if any(len(request.mixed) != 2 for request in requests):
        raise MissingInput(task="mix --sequence", name="one SLOT to begin with and one to end with, no more")
    return [step for request in requests for step in request.between(count)]


def numbered(output: Path, count: int) -> list[Path]:
    """The files for ``count`` results: ``output``, or if there are several, each with a number before its suffix."""
    if count == 1:
        return [output]
    digits = len(str(count))
    return [output.with_stem(f"{output.stem}-{number:0{digits}}") for number in range(1, count + 1)]


def model_of(given: str | None) -> str:
    """The model that is ``given`` by key or folder, else the first there is.

    A folder is made whole, so that a picture finds its model from anywhere.
    """
    given = given or MODELS[0].key
    folder = Path(given).expanduser()
    if given not in (spec.key for spec in MODELS) and folder.is_dir():
        return str(folder.absolute())
    return given


def raster(path: Path) -> Raster:
    """The picture file at ``path``, as a request takes it; transparency becomes white.

    Raises ``FileMissing`` or ``BrokenPicture``.
    """
    return Raster.of(read_array(_existing(path)))


def estimated(picture: Raster) -> Raster:
    """The depth map of ``picture``: with Depth Anything if its files are here, else by colour. Raises ``BrokenModel``."""
    try:
        files = depth.find()
    except ModelNotFound:
        files = None
    return Raster(depth.estimate(picture.as_picture().pixels, files))


def _existing(path: Path) -> Path:
    """``path``. Raises ``FileMissing`` if nothing is there."""
    if not path.exists():
        raise FileMissing(file=path)
    return path


def repeated(path: Path) -> GenerationRequest:
    """The request that made the picture at ``path``. Raises ``FileMissing``, and what ``read_request`` does."""
    return read_request(_existing(path.expanduser()))


def ingredient(text: str) -> str | Raster | SavedEmbedding:
    """What ``text`` stands for: words, or the picture or the saved idea in the file that it names.

    Raises ``FileMissing``, ``BrokenPicture``, or ``UnknownValue`` if there is no idea in the file.
    """
    path = Path(text).expanduser()
    if path.suffix.lower() in FORMATS:
        return raster(path)
    if path.suffix.lower() != ".safetensors":
        return text
    try:
        return embeddings.load(_existing(path))
    except (ValueError, OSError) as error:
        known = "a picture, words in quotes, or a file that “embed” wrote"
        raise UnknownValue(name="An idea", value=path.name, known=known) from error


def slot(text: str, negative: bool = False) -> Slot:
    """The slot that ``text``, such as ``circle.png:0.5``, describes. Raises as :func:`ingredient` does."""
    found = _WEIGHT.fullmatch(text)
    weight = 1.0
    if found and not Path(text).is_file():  # a file may well be called so
        text, weight = found[1], float(found[2])
    if not text.strip():
        raise MissingInput(task=str(Task.mix), name="slot")
    value = ingredient(text)
    if isinstance(value, Raster):
        return Slot(image=value, weight=weight, negative=negative)
    if isinstance(value, SavedEmbedding):
        return Slot(embedding=value, weight=weight, negative=negative)
    return Slot(prompt=value, weight=weight, negative=negative)


def fitted(size: tuple[int, int], spec: ModelSpec, width: int | None, height: int | None) -> tuple[int, int]:
    """The size (width, height) at which ``spec``'s model makes a picture in the proportions of ``size``.

    About as many pixels as it was trained at, each side within its limits; a side that is given stays as it is, and
    the other follows it.
    """
    if width is not None and height is not None:
        return width, height
    scale = spec.native_size / math.sqrt(size[0] * size[1])
    if width is not None:
        scale = width / size[0]
    if height is not None:
        scale = height / size[1]
    sides = [min(max(round(side * scale), spec.size.minimum), spec.size.maximum) for side in size]
    return width if width is not None else sides[0], height if height is not None else sides[1]


class _Asking:
    """One command line, put together."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._base = None if arguments.source is None else repeated(arguments.source)
        self._given = {name: value for name in _VALUES if (value := getattr(arguments, name, None)) is not None}
        if "model" in self._given:
            self._given["model"] = model_of(self._given["model"])
        inputs = dict(zip(INPUTS.get(arguments.command, ()), arguments.given, strict=False))
        self._paths = {name: Path(text).expanduser() for name, text in inputs.items() if name != "prompt"}
        if getattr(arguments, "picture", None) is not None:
            self._paths["picture"] = arguments.picture.expanduser()
        if "prompt" in inputs:
            self._given["prompt"] = inputs["prompt"]
        has_words = "prompt" in self._given or (arguments.command == "generate" and arguments.given)
        if self._base is not None and _is_own_idea(self._base) and has_words:
            self._base = dataclasses.replace(self._base, slots=(), prior_strength=0.0)
        task = _TASKS.get(arguments.command)
        self._values = {**self._given, **(self._of_task(task) if task else {})}

    @functools.cached_property
    def _spec(self) -> ModelSpec:
        return spec_of(self._given.get("model", self._base.model if self._base else MODELS[0].key))

    def request(self, prompt: str | None) -> GenerationRequest:
        """The request, its prompt this one if it is given."""
        values = self._values if prompt is None else {**self._values, "prompt": prompt}
        if self._base is not None:
            if any(not s.negative and not s.added for s in values.get("slots", ())) and not self._base.mixed:
                values = {"prior_strength": self._spec.mix_prior_strength, **values}
            return dataclasses.replace(self._base, **values)
        seeds = {name: secrets.randbelow(MAX_SEED + 1) for name in ("prior_seed", "seed")}
        return self._spec.request(**{"prompt": "", **seeds, **values})

    def _of_task(self, task: Task) -> dict[str, Any]:
        """What a command brings besides the values that are given by name."""
        before = self._base or GenerationRequest("")
        values: dict[str, Any] = {"task": task}
        values |= {name: None for name in ("image", "mask", "hint") if name not in _ARRAYS[task]}
        if "picture" in self._paths:
            values["image"] = raster(self._paths["picture"])
        if "mask" in self._paths:
            values["mask"] = as_mask(read_array(_existing(self._paths["mask"])))
        if "hint" in self._paths:
            hint = raster(self._paths["hint"])
            values["hint"] = estimated(hint) if self._arguments.estimate else hint
        after = dataclasses.replace(before, **values)
        for name in _ARRAYS[task][:1] if task is Task.depth else _ARRAYS[task]:
            if getattr(after, name) is None:
                raise MissingInput(task=self._arguments.command, name=_CALLED[name])
        values["slots"] = self._slots(before, after)
        if task in (Task.image2image, Task.depth):
            if after.image is not None and before.image is None and "strength" not in self._given:
                values["strength"] = REMIX_STRENGTH
            new = values.get("image") or values.get("hint")
            if new is not None:
                size = self._given.get("width"), self._given.get("height")
                values["width"], values["height"] = fitted((new.width, new.height), self._spec, *size)
        elif after.image is not None and task is Task.inpaint:
            values["width"], values["height"] = after.image.width, after.image.height
        elif after.image is not None and task is Task.outpaint:
            values |= self._margins(before, after.image)
        return values

    def _slots(self, before: GenerationRequest, after: GenerationRequest) -> tuple[Slot, ...]:
        """The slots that are given, else those of the picture that is repeated.

        Without any and without words, a picture that is remixed or enlarged is its own idea.
        """
        arguments = self._arguments
        texts = arguments.given if after.task is Task.mix else arguments.plus
        kept = () if _is_own_idea(before) else before.slots
        plus = tuple(map(slot, texts)) or tuple(old for old in kept if not old.negative and not old.added)
        if after.task is Task.mix and not plus:
            raise MissingInput(task=str(Task.mix), name="slot")
        minus = tuple(slot(text, negative=True) for text in arguments.minus) or tuple(
            old for old in kept if old.negative
        )
        wordless = not self._given.get("prompt", before.prompt).strip()
        if wordless and not plus and after.image is not None and after.task is not Task.inpaint:
            plus = (Slot(image=after.image),) if self._spec.prior_schedulers else ()
        return plus + minus + before.added

    def _margins(self, before: GenerationRequest, image: Raster) -> dict[str, Any]:
        """The margins and the size of an outpainting of ``image``."""
        values: dict[str, Any] = {}
        for (name, sides), own, wanted in zip(
            _SIDES.items(), (image.width, image.height), self._arguments.to or (None, None), strict=True
        ):
            margins = [self._given.get(f"margin_{side}") for side in sides]
            if wanted is not None:
                margins = _spread(name, own, wanted, sides, margins)
            for side, margin in zip(sides, margins, strict=True):
                values[f"margin_{side}"] = getattr(before, f"margin_{side}") if margin is None else margin
            values[name] = own + values[f"margin_{sides[0]}"] + values[f"margin_{sides[1]}"]
        if not any(values[f"margin_{side}"] for sides in _SIDES.values() for side in sides):
            raise MissingInput(task=str(Task.outpaint), name="--left, --top, --right, --bottom or --to")
        return values


def _spread(name: str, own: int, wanted: int, sides: tuple[str, str], margins: list[int | None]) -> list[int | None]:
    """The two margins that make ``own`` pixels ``wanted`` ones; those that are given stay, the rest is shared evenly."""
    spare = wanted - own
    if spare < 0:
        raise ValueOutOfRange(name=f"The {name} of --to", value=wanted, minimum=own, maximum=MAX_SIDE)
    first, last = margins
    if first is None:
        first = spare // 2 if last is None else spare - last
    for side, margin in zip(sides, (first, last), strict=True):
        if margin is not None and not 0 <= margin <= spare:
            raise ValueOutOfRange(name=f"--{side}", value=margin, minimum=0, maximum=spare)
    if last is not None and first + last != spare:
        raise ValueOutOfRange(name=f"--{sides[1]}", value=last, minimum=spare - first, maximum=spare - first)
    return [first, spare - first]


def _is_own_idea(request: GenerationRequest) -> bool:
    """Whether a picture without words was made from, which is its own idea then."""
    return request.image is not None and request.slots == (Slot(image=request.image), *request.added)
