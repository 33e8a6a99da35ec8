"""The engine: requests in, pictures out."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from kandinsky_studio.engine import memory
from kandinsky_studio.engine.loaded import LoadedModel
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.progress import TYPICAL_PACE, Meter, OnProgress
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Pixels, Progress, Stage
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.engine.validation import check
from kandinsky_studio.errors import Cancelled, EngineFailed, OutOfMemory, StudioError

if TYPE_CHECKING:
    import torch

OnResult = Callable[[GenerationResult], None]
Made = TypeVar("Made")


def ignore(event: Progress | GenerationResult) -> None:
    """Take a report and do nothing."""


class Engine:
    """Loads one model at a time and makes pictures with it.

    To be used from one thread. Callbacks are called in that thread and may raise ``Cancelled``; the engine is then
    ready for the next request. Nothing but ``StudioError`` and ``Cancelled`` ever leaves it.
    """

    def __init__(self, device: str | None = None) -> None:
        """An engine without a model, on ``device`` (``"cpu"``, ``"cuda"``), by default on CUDA if there is one.

        Raises ``EngineFailed`` if the device is not there.
        """
        self._device = memory.choose_device(device)
        self._dtype = memory.choose_dtype(self._device)
        self._pace = dict(TYPICAL_PACE)
        self._model: LoadedModel | None = None

    @property
    def device(self) -> str:
        """What it computes on: ``"cpu"`` or ``"cuda"``."""
        return str(self._device)

    @property
    def tier(self) -> Tier | None:
        """How much of the loaded model stays in memory; None without a model."""
        return self._model.tier if self._model else None

    def load(self, model: str, on_progress: OnProgress = ignore) -> ModelSpec:
        """Load ``model``, a key of ``MODELS`` or a folder, unless it is the loaded one; return its spec.

        ``on_progress`` is called after each part. Raises ``UnknownModel``, ``ModelNotFound``, ``BrokenModel``,
        ``OutOfMemory``; after any of them, and after ``Cancelled``, no model is loaded.
        """
        with self._translated():
            spec = spec_of(model)
            loaded = self._open(spec, spec.native_size, spec.native_size)
            meter = Meter({Stage.loading: len(loaded.missing())}, 1, self._pace, on_progress)
            self._fetch(loaded, meter, None)
            return spec

    def generate(
        self, request: GenerationRequest, *, on_progress: OnProgress = ignore, on_result: OnResult = ignore
    ) -> list[GenerationResult]:
        """Make the pictures of ``request``, one after the other, loading its model if it is not the loaded one.

        ``on_progress`` is called after each part that is loaded and around each step, ``on_result`` with every picture
        the moment it is finished. When memory runs out, the picture at hand is tried once more with less of the model
        kept in memory.

        Raises ``InvalidRequest`` before anything is touched, what :meth:`load` raises, ``OutOfMemory``, or
        ``EngineFailed`` for what nobody foresaw; the pictures finished until then were handed to ``on_result``.
        """
        with self._translated():
            spec = spec_of(request.model)
            check(request, spec)
            model = self._open(spec, request.width, request.height)
            meter = Meter(
                {
                    Stage.loading: len(model.missing(request)),
                    Stage.prior: request.prior_num_inference_steps,
                    Stage.decoder: request.num_inference_steps,
                    Stage.decoding: 1,
                },
                request.num_images_per_prompt,
                self._pace,
                on_progress,
            )
            self._fetch(model, meter, request)
            pictures = list(request.pictures())
            if model.tier is Tier.staged:  # all ideas first, so that the stages change once and not once per picture
                for k, picture in enumerate(pictures):
                    _idea(model, picture, meter, k)
            results = []
            for k, picture in enumerate(pictures):
                result = self._retried(model, functools.partial(self._make, model, picture, meter, k))
                results.append(result)
                on_result(result)
                meter.step(Stage.decoding, k, 1)
            return results

    def free(self) -> None:
        """Let go of the model and of everything that was computed with it."""
        if self._model is not None:
            self._model.step_down()
            self._model = None

    def _open(self, spec: ModelSpec, width: int, height: int) -> LoadedModel:
        """The loaded model if it is that of ``spec``, else that one opened in its place."""
        if self._model is None or self._model.spec.key != spec.key:
            self.free()
            self._model = LoadedModel(spec, self._device, self._dtype, width, height)
        return self._model

    def _fetch(self, model: LoadedModel, meter: Meter, request: GenerationRequest | None) -> None:
        """Load what is missing; a model that can't be loaded wholly is let go of."""
        model.on_loaded = meter.loaded
        try:
            self._retried(model, functools.partial(model.fetch, request))
        except BaseException:
            self.free()
            raise

    def _make(self, model: LoadedModel, request: GenerationRequest, meter: Meter, k: int) -> GenerationResult:
        """Picture ``k``, whose own request is ``request``."""
        clock = _Clock()
        idea = _idea(model, request, meter, k)
        negative = model.negative(request, idea)
        clock.lap(Stage.prior)

        def on_step(step: int, preview: Pixels) -> None:
            meter.step(Stage.decoder, k, step, preview)

        meter.step(Stage.decoder, k, 0)
        latents = model.denoise(request, idea[:1], negative, on_step)
        clock.lap(Stage.decoder)
        meter.step(Stage.decoding, k, 0)
        image = model.decode(request, latents)
        clock.lap(Stage.decoding)
        return GenerationResult(
            image=image,
            request=request,
            image_embeds=idea[0].numpy().copy(),
            timings=clock.laps,
            device=self.device,
            dtype=str(self._dtype).removeprefix("torch."),
            weights=model.fingerprint,
        )

    def _retried(self, model: LoadedModel, make: Callable[[], Made]) -> Made:
        """``make()``, and when memory runs out once more with the model one tier down."""
        try:
            return make()
        except Exception as error:
            if not memory.is_out_of_memory(error) or not model.step_down():
                raise
        return make()  # outside of the handler: there the traceback still holds the tensors of the first try

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
            raise EngineFailed(reason=_reason(error)) from error


class _Clock:
    """Seconds per stage of one picture."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, stage: Stage) -> None:
        now = time.perf_counter()
        self.laps[str(stage)] = now - self._since
        self._since = now


def _idea(model: LoadedModel, request: GenerationRequest, meter: Meter, k: int) -> torch.Tensor:
    """The embeddings of picture ``k``'s idea, computed or remembered."""
    meter.step(Stage.prior, k, 0)
    idea = model.idea(request, lambda step: meter.step(Stage.prior, k, step))
    meter.skip(Stage.prior, k, request.prior_num_inference_steps)
    return idea


def _reason(error: BaseException) -> str:
    """The first line of what ``error`` says, short enough for a sentence."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")[:200]
