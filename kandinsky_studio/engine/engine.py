"""The engine: requests in, pictures out."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from kandinsky_studio.engine import explaining, ideas, making, memory, painting
from kandinsky_studio.engine.codec import FACTOR, to_tensor
from kandinsky_studio.engine.explaining import WordImportance, WordMaps
from kandinsky_studio.engine.loaded import LoadedModel, still_so
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.models import MODELS, find, spec_of
from kandinsky_studio.engine.progress import TYPICAL_PACE, Meter, OnProgress
from kandinsky_studio.engine.prompt_reading import PromptReader
from kandinsky_studio.engine.raster import Raster, present
from kandinsky_studio.engine.request import (
    Embedding,
    GenerationRequest,
    GenerationResult,
    Pixels,
    Progress,
    Stage,
    Task,
)
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.engine.validation import check
from kandinsky_studio.errors import (
    Cancelled,
    EngineFailed,
    OutOfMemory,
    StudioError,
    UnsupportedTask,
    UnusableArray,
    WrongSize,
)
from kandinsky_studio.errors.base import first_line

BUILTIN = MODELS[0].key
WHOLE_TASKS = (Task.text2image, Task.image2image, Task.mix)

Latents = npt.NDArray[np.float32]
"""A codec's latents, float32, (4, height / 8, width / 8)."""

OnResult = Callable[[GenerationResult], None]
Made = TypeVar("Made")


def ignore(event: Progress | GenerationResult) -> None:
    """Take a report and do nothing."""


class Engine:
    """Loads models and makes pictures with them. As many stay loaded as fit; the one used longest ago goes first.

    To be used from one thread. Callbacks are called in that thread and may raise ``Cancelled``; the engine is then
    ready for the next request. Nothing but ``StudioError`` and ``Cancelled`` ever leaves it.
    """

    def __init__(self, device: str | None = None, dtype: str | None = None, together: int = 1) -> None:
        """An engine without a model, on ``device`` (the key of one of ``memory.devices()``), by default on the best.

        It computes in ``dtype`` (``"float32"``, ``"bfloat16"``, ``"float16"``), by default what is best there for the
        model at hand. Raises ``UnknownValue`` if there is no such device or dtype.

        Up to ``together`` pictures of a request are made at once. One by one, a picture has the same bytes whatever
        else is asked for; together they may differ in the last bits, and are made faster on a graphics card.
        """
        self._device = memory.choose_device(device)
        memory.choose_dtype(self._device, dtype, 0)  # which knows whether there is one of that name
        self._dtype = dtype
        self._together = max(together, 1)
        self._pace = dict(TYPICAL_PACE)
        self._models: dict[str, LoadedModel] = {}  # by key; the one used last is last
        self.read_prompt = PromptReader().read  # which loads tokenizers and no more

    @property
    def device(self) -> str:
        """What it computes on, such as ``"cpu"`` or ``"cuda:0"``."""
        return str(self._device)

    @property
    def tier(self) -> Tier | None:
        """How much of the model used last stays in memory; None without a model."""
        return self._model.tier if self._model else None

    @property
    def _model(self) -> LoadedModel | None:
        """The model used last."""
        return next(reversed(self._models.values()), None)

    def load(self, model: str, on_progress: OnProgress = ignore) -> ModelSpec:
        """Load ``model``, a key of ``MODELS`` or a folder, unless it is loaded; return its spec.

        ``on_progress`` is called after each part. Raises ``UnknownModel``, ``ModelNotFound``, ``BrokenModel``,
        ``OutOfMemory``; after any of them, and after ``Cancelled``, it is not loaded.
        """
        with self._translated():
            spec = spec_of(model)
            loaded = self._open(spec)
            meter = Meter({Stage.loading: len(loaded.missing())}, 1, self._pace, on_progress)
            with self._telling(loaded, meter):
                self._fetch(loaded, None)
            return spec

    def generate(
        self,
        request: GenerationRequest,
        *,
        tier: Tier = Tier.resident,
        on_progress: OnProgress = ignore,
        on_result: OnResult = ignore,
    ) -> list[GenerationResult]:
        """Make the pictures of ``request``, loading its model if it is not the loaded one.

        No more of the model stays in memory than ``tier`` says, as far as the device goes down, and less if need be.

        ``on_progress`` is called after each part that is loaded and around each step, ``on_result`` with every picture
        the moment it is finished. When memory runs out, fewer are made together, and at last the picture at hand is
        tried once more with less of the model kept in memory.

        Raises ``InvalidRequest`` before anything is touched, what :meth:`load` raises, ``OutOfMemory``, or
        ``EngineFailed`` for what nobody foresaw; the pictures finished until then were handed to ``on_result``.
        """
        with self._translated():
            spec = spec_of(request.model)
            self._check(request, spec)
            model = self._open(spec, request, tier)
            meter = self._meter(model, request, on_progress)
            results = []
            with self._telling(model, meter):
                self._fetch(model, request)
                for result in making.pictures(model, list(request.pictures()), meter, self._together):
                    results.append(result)
                    on_result(result)
            return results

    def encode_image(
        self, image: Pixels | Raster, model: str = BUILTIN, *, on_progress: OnProgress = ignore
    ) -> Embedding:
        """CLIP's embedding (D,) of a picture (H, W, 3), as it is mixed and compared: what ``model``'s decoder draws.

        ``on_progress`` is called before, after each part that is loaded, and after the network. Raises
        ``UnsupportedTask`` for a version without image embeddings, and what :meth:`load` raises.
        """
        picture = present(image)
        with self._translated():
            opened = self._with_embeddings(model)
            parts = ideas.VISION_PARTS
            return _row(self._seen(opened, parts, on_progress, lambda: ideas.image_embedding(opened, picture)))

    def encode_text(self, words: str, model: str = BUILTIN, *, on_progress: OnProgress = ignore) -> Embedding:
        """CLIP's embedding (D,) of words, to be compared with those of pictures. Not an idea: the prior makes those.

        Reports and raises as :meth:`encode_image` does.
        """
        with self._translated():
            opened = self._with_embeddings(model)
            parts = opened.version.idea_parts(None)
            return _row(self._seen(opened, parts, on_progress, lambda: ideas.text_embedding(opened, words)))

    def neutral(self, model: str = BUILTIN, *, on_progress: OnProgress = ignore) -> Embedding:
        """The embedding (D,) of no picture in particular: the mean of those that the prior of ``model`` was trained on.

        Reports and raises as :meth:`encode_image` does.
        """
        with self._translated():
            opened = self._with_embeddings(model)
            return _row(self._seen(opened, ("prior",), on_progress, lambda: ideas.neutral(opened)))

    def agreement(
        self, image: Pixels | Raster, prompt: str, model: str = BUILTIN, *, on_progress: OnProgress = ignore
    ) -> float:
        """How well a picture (H, W, 3) and a prompt agree: the cosine of their CLIP embeddings, -1…1.

        Reports and raises as :meth:`encode_image` does.
        """
        picture = present(image)
        with self._translated():
            opened = self._with_embeddings(model)
            parts = (*ideas.VISION_PARTS, *opened.version.idea_parts(None))
            with self._reporting(opened, parts, Stage.encoding, 2, on_progress) as on_step:
                return self._retried(opened, lambda: explaining.agreement(opened, picture, prompt, on_step))

    def encode_latents(
        self, image: Pixels | Raster, model: str = BUILTIN, *, on_progress: OnProgress = ignore
    ) -> Latents:
        """The codec's latents (4, h, w), float32, of a picture (8·h, 8·w, 3).

        Reports as :meth:`encode_image` does. Raises ``WrongSize`` for sides that are no multiples of 8, and what
        :meth:`load` raises.
        """
        picture = present(image)
        height, width = (side // FACTOR * FACTOR for side in (picture.height, picture.width))
        if (width, height) != (picture.width, picture.height) or 0 in (width, height):
            needed = {"needed_width": max(width, FACTOR), "needed_height": max(height, FACTOR)}
            raise WrongSize(name="image", width=picture.width, height=picture.height, **needed)
        with self._translated():
            opened = self._open_for(model, width, height)
            pixels = to_tensor(picture.as_picture().pixels)
            parts = (opened.version.codec_part,)
            return _row(self._seen(opened, parts, on_progress, lambda: opened.codec().encode(pixels)))

    def decode_latents(self, latents: Latents, model: str = BUILTIN, *, on_progress: OnProgress = ignore) -> Pixels:
        """The picture, uint8 (8·h, 8·w, 3), of latents (4, h, w).

        Reports as :meth:`encode_image` does. Raises what :meth:`load` raises, or ``UnusableArray`` for other arrays.
        """
        if latents.ndim != 3 or latents.shape[0] != 4 or 0 in latents.shape or not np.isfinite(latents).all():
            raise UnusableArray(reason=f"latents are finite and (4, height, width), not {latents.shape}")
        with self._translated():
            opened = self._open_for(model, latents.shape[2] * FACTOR, latents.shape[1] * FACTOR)
            rows = torch.tensor(latents, dtype=torch.float32)[None]
            parts = (opened.version.codec_part,)
            return self._seen(opened, parts, on_progress, lambda: opened.codec().decode(rows), Stage.decoding)

    def word_maps(self, request: GenerationRequest, on_progress: OnProgress = ignore) -> WordMaps:
        """The picture of ``request`` and where in it each word of the prompt had its say.

        The picture is the one that :meth:`generate` makes, byte for byte. For versions whose decoder reads the words,
        and tasks that make a whole picture; others raise ``UnsupportedTask``.
        """
        with self._translated():
            spec = spec_of(request.model)
            self._check(request, spec)
            unmade = request.task is Task.image2image and request.strength == 0
            if not spec.reads_words or request.task not in WHOLE_TASKS or unmade:
                able = [other.title for other in MODELS if other.reads_words]
                raise UnsupportedTask(model=spec.title, task="explain", instead=", ".join(able))
            model = self._open(spec, request)
            alone = next(request.pictures())
            meter = self._meter(model, alone, on_progress)
            with self._telling(model, meter):
                self._fetch(model, alone)
                watch = explaining.Watch(model, alone)
                [result] = making.pictures(model, [alone], meter, watch=watch)
            return WordMaps(result, watch.heats())

    def word_importance(
        self, request: GenerationRequest, on_progress: OnProgress = ignore
    ) -> tuple[WordImportance, ...]:
        """What each word of ``request``'s prompt is worth to the idea that the prior makes of it.

        ``on_progress`` is called after each part that is loaded and after each step of the prior. Raises
        ``UnsupportedTask`` for a version without a prior.
        """
        with self._translated():
            spec = spec_of(request.model)
            self._check(request, spec)
            opened = self._with_embeddings(request.model)
            words = explaining.words_read(opened, request.prompt)
            parts, steps = opened.version.idea_parts(None), explaining.importance_steps(words, request)
            with self._reporting(opened, parts, Stage.prior, steps, on_progress) as on_step:
                return self._retried(opened, lambda: explaining.word_importance(opened, request, words, on_step))

    def free(self) -> None:
        """Let go of all models and of everything that was computed with them."""
        for key in list(self._models):
            self._free(key)

    def _check(self, request: GenerationRequest, spec: ModelSpec) -> None:
        """Raise the ``InvalidRequest`` that says what ``spec``'s model can't do with ``request``."""
        check(request, spec, MODELS)
        ideas.check_saved(find(spec.key), request)

    def _free(self, key: str) -> None:
        if (model := self._models.pop(key, None)) is not None:
            model.let_go()

    def _open(
        self, spec: ModelSpec, request: GenerationRequest | None = None, highest: Tier = Tier.resident
    ) -> LoadedModel:
        """The model of ``spec`` with its tier chosen for ``request``.

        Others that are loaded make room for it before it makes do with less. Without a request it stays as it is, or
        gets ready for any.
        """
        model = still_so(self._models.pop(spec.key, None)) or LoadedModel(spec, self._device, self._dtype)
        self._models[spec.key] = model
        held = model.held
        if request is None and held:
            return model
        needed = model.estimate(request, self._together).bytes(Tier.resident)
        while len(self._models) > 1 and not memory.fits(needed, memory.available(self._device) + held):
            self._free(next(iter(self._models)))
        model.fit(request, self._together, memory.available(self._device) + held, highest)
        return model

    def _open_for(self, model: str, width: int, height: int) -> LoadedModel:
        """``model``, opened for pictures of that size."""
        spec = spec_of(model)
        return self._open(spec, spec.request("", width=width, height=height))

    def _with_embeddings(self, model: str) -> LoadedModel:
        """``model``, opened; raises ``UnsupportedTask`` if it has no image embeddings."""
        spec = spec_of(model)
        if not spec.prior_schedulers:
            able = [other.title for other in MODELS if other.prior_schedulers]
            raise UnsupportedTask(model=spec.title, task="embed", instead=", ".join(able))
        return self._open(spec)

    def _meter(self, model: LoadedModel, request: GenerationRequest, on_progress: OnProgress) -> Meter:
        """What counts the steps of ``request``."""
        steps = {
            Stage.loading: len(model.missing(request)),
            Stage.prior: ideas.step_count(request, ideas.is_blind(model)) if model.spec.prior_schedulers else 0,
            Stage.decoder: painting.step_count(model, request),
            Stage.decoding: 1,
        }
        return Meter(steps, request.num_images_per_prompt, self._pace, on_progress, on_progress is not ignore)

    def _seen(
        self,
        model: LoadedModel,
        parts: Sequence[str],
        on_progress: OnProgress,
        see: Callable[[], Made],
        stage: Stage = Stage.encoding,
    ) -> Made:
        """``see()``, which takes ``parts`` of ``model`` and one step of a network, told as ``stage``."""
        with self._reporting(model, parts, stage, 1, on_progress) as on_step:
            made = self._retried(model, see)
            on_step(1)
            return made

    @contextlib.contextmanager
    def _reporting(
        self, model: LoadedModel, parts: Sequence[str], stage: Stage, steps: int, on_progress: OnProgress
    ) -> Iterator[Callable[[int], None]]:
        """What is called with the ``steps`` of ``stage`` that are done, for something that is no picture.

        Tells at once that nothing is done yet, so that it can be cancelled before anything is, and tells of the
        ``parts`` that are loaded meanwhile; what is remembered may need none of them.
        """
        loading = len(model.absent(parts))
        meter = Meter({Stage.loading: loading, stage: steps}, 1, self._pace, on_progress)

        def on_step(done: int) -> None:
            if done == steps:
                meter.skip(Stage.loading, 0, loading)
            meter.step(stage, 0, done)

        with self._telling(model, meter):
            on_step(0)
            yield on_step

    @contextlib.contextmanager
    def _telling(self, model: LoadedModel, meter: Meter) -> Iterator[None]:
        """Report to ``meter`` what is loaded, and make room when memory runs out, for as long as this lasts."""

        def step_down() -> None:
            for key in [key for key, other in self._models.items() if other is not model]:
                self._free(key)
            meter.stepped_down()

        with model.telling(meter.loaded, step_down):
            yield

    def _fetch(self, model: LoadedModel, request: GenerationRequest | None) -> None:
        """Load what is missing; a model of which nothing was loaded before is let go of if that fails."""
        fresh = model.held == 0
        try:
            self._retried(model, functools.partial(model.fetch, request))
        except BaseException:
            if fresh:
                self._free(model.spec.key)
            raise

    def _retried(self, model: LoadedModel, make: Callable[[], Made]) -> Made:
        """``make()``, and when memory runs out once more with the model one tier down, and so on."""
        while True:
            try:
                return make()
            except Exception as error:
                if not memory.is_out_of_memory(error) or model.lowest:
                    raise
            model.step_down()  # outside of the handler: there the traceback still holds the tensors of the try

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Let only ``StudioError`` and ``Cancelled`` out."""
        try:
            yield
        except (StudioError, Cancelled):
            raise
        except Exception as error:
            if memory.is_out_of_memory(error):
                raise OutOfMemory(device=self.device) from error
            raise EngineFailed(reason=first_line(error)) from error


def _row(found: torch.Tensor) -> npt.NDArray[np.float32]:
    """The first row of ``found``, as an array of its own."""
    return np.array(found[0].numpy(), np.float32)
