"""How long the jobs of the queue will take, by what was learned of pictures like theirs."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable

from kandinsky_studio.app.queue_list import Row
from kandinsky_studio.app.worker import ModelStage, ModelState
from kandinsky_studio.engine.request import GenerationResult, Progress, Stage
from kandinsky_studio.engine.tier import Tier
from kandinsky_studio.storage.paces import Paces

_WORTH = 0.2  # seconds of loading from which on they are learned of


class Forecast:
    """Listens to the engine and says how long the rest takes. ``paces`` is what was learned."""

    def __init__(self) -> None:
        self._paces = Paces()
        self._known: dict[tuple[object, ...], float | None] = {}
        self._model, self._device = "", ""  # what is loaded, and where
        self._loads_since: float | None = None

    @property
    def device(self) -> str:
        """What the engine computes on; empty until that is known."""
        return self._device

    @property
    def paces(self) -> Paces:
        return self._paces

    @paces.setter
    def paces(self, paces: Paces) -> None:
        self._paces = paces
        self._known.clear()

    def of(self, row: Row) -> float | None:
        """Seconds until ``row`` is made once it has begun; None if nothing is known of such pictures."""
        progress, request = row.progress, row.request
        if progress is not None and progress.seconds_left is not None:
            return progress.seconds_left
        kind: tuple[object, ...] = (request.model, request.task, request.width, request.height, request.strength)
        kind += (request.num_inference_steps, request.prior_num_inference_steps, row.tier, request.image is None)
        if kind not in self._known:
            one = dataclasses.replace(request, num_images_per_prompt=1, wordings=())
            self._known[kind] = self._paces.seconds(one, row.tier, self._device)
        each = self._known[kind]
        if each is None:
            return None
        pictures = request.num_images_per_prompt
        return each * (pictures * (1 - progress.fraction) if progress is not None else pictures - row.made)

    def in_all(self, rows: Iterable[Row]) -> tuple[float, bool]:
        """Seconds until all of ``rows`` are made, and whether it takes longer: nothing is known of some of them."""
        seconds, longer, model = 0.0, False, self._model
        for row in rows:
            left = self.of(row)
            seconds, longer = seconds + (left or 0.0), longer or left is None
            if row.request.model != model:
                model = row.request.model
                seconds += self._paces.loading(model, self._device)
        return seconds, longer

    # ------------------------------------------------------------------ what it hears of

    def made(self, result: GenerationResult, tier: Tier) -> None:
        """A picture was made of a job that wished for ``tier``."""
        self._paces.learn(result, tier)
        self._known.clear()

    def progressed(self, row: Row, progress: Progress) -> None:
        """A job is on its way."""
        if progress.stage is Stage.loading:
            self._loads_since = self._loads_since or time.monotonic()
            return
        if self._loads_since is not None:
            took, self._loads_since = time.monotonic() - self._loads_since, None
            if took > _WORTH:
                self._paces.learn_loading(row.request.model, self._device, took)
        self._model = row.request.model

    def ended(self) -> None:
        """A job is over; if it was while its model was loaded, nothing can be learned of that."""
        self._loads_since = None

    def model_changed(self, state: ModelState) -> None:
        """Another model is in memory, or none."""
        if state.device and state.device != self._device:
            self._device = state.device
            self._known.clear()
        if state.stage is ModelStage.ready:
            self._model = state.model
        elif state.stage in (ModelStage.freed, ModelStage.failed):
            self._model = ""
