"""Drift: a picture is pulled towards words, or pushed away from them, in the space of ideas.

Where the hand moves, drafts of few steps are made as errands of one topic, so that the newest place is always next; where
it lets go, a whole picture is made on the one road and waits over the document. Seeds stay, so that only the idea differs.

The way is the great circle from the picture's idea to that of the words. ``python -m benchmarks ideas`` goes five ways
between scenes in eight even steps of the slider. On the great circle and on a straight line the longest step is .46 of the
way that CLIP sees (.125 would be even), and places lie .17 of the way from where they should; the prior's own pull
(``prior_strength``) has .57 and .33, a direction (words less the source's words, which one would have to know) .50 and .17,
and words less no words do not arrive: they end half way. The built-in model's scenes change their colours and shapes at
once, somewhere; that is what is left in the figures. A circle, unlike a line, keeps the length of an idea, and away from
the words it goes on to the other side.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from kandinsky_studio.app.canvas_plan import seen_at, working_size
from kandinsky_studio.app.drafting import Drafter, small
from kandinsky_studio.app.editor import Sheet
from kandinsky_studio.app.errand import Errand
from kandinsky_studio.app.ideas import DRAFT_STEPS, draft_size
from kandinsky_studio.app.making import Means, picture_of
from kandinsky_studio.app.mix_slots import Picture, Source, Words, without
from kandinsky_studio.app.styles import Styles
from kandinsky_studio.document.generation_frame import generated_area
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Pixels, Task
from kandinsky_studio.errors import StudioError

KEEPS = 0.6  # of a picture is drawn anew while its composition is kept, until the user says otherwise: of 4 scenes with
# 2 seeds each, things stay within .04 of the side (.17 at .7) and 94 % of them have the new colour (19 % at .4)

_TOPIC = "drift"
_STILL = 1e-4  # a shorter way is none


class Drift(Drafter):
    """``changed``: another picture, other words or another amount. :attr:`image` is of where it is now."""

    changed = Signal()

    def __init__(self, means: Means, styles: Styles, parent: QObject | None = None) -> None:
        super().__init__(means, parent)
        self._styles = styles
        self._source: Source | None = None
        self._slot: tuple[str, Slot] | None = None  # the source as the model it names takes it
        self._words = ""
        self._amount = 0.0
        self._keeps = True
        self._strength = KEEPS
        self._drafting = False
        self._made: GenerationRequest | None = None  # the whole picture that was asked for last
        self._jobs: set[int] = set()
        self._generation.picture_made.connect(self._picture_made)
        self._generation.ended.connect(self._ended)
        self._settings.changed.connect(self._setting_changed)
        self._editor.closed.connect(self._document_closed)

    # ------------------------------------------------------------------ what is there

    @property
    def source(self) -> Source | None:
        """The picture that drifts."""
        return self._source

    @property
    def words(self) -> str:
        return self._words

    @property
    def amount(self) -> float:
        """0 is the picture's own idea, 1 that of the words; below 0 it is away from them, down to −1."""
        return self._amount

    @property
    def keeps_composition(self) -> bool:
        """Whether the picture is what drawing starts from, so that only what the idea says changes."""
        return self._keeps

    @property
    def strength(self) -> float:
        """How much of the picture is drawn anew if its composition is kept, 0 … 1."""
        return self._strength

    @property
    def busy(self) -> bool:
        """Whether a draft or a whole picture is being made."""
        return self._drafting or bool(self._jobs)

    @property
    def ready(self) -> bool:
        """Whether there is a picture and words, for a model that mixes."""
        return self._source is not None and bool(self._words.strip()) and self.able

    @property
    def able(self) -> bool:
        """Whether the chosen model can mix."""
        spec = self._models.find(self._settings.values.model)
        return spec is not None and Task.mix in spec.tasks and bool(spec.prior_schedulers)

    # ------------------------------------------------------------------ what drifts, and where to

    def take(self, source: Source) -> None:
        """Let this picture drift; words are none."""
        if isinstance(source, Words):
            self.set_words(source.text)
            return
        self._stop()
        self._source, self._slot, self._image, self._made = source, None, None, None
        self._amount = 0.0
        self.picture_changed.emit()
        self.changed.emit()

    def take_shown(self) -> None:
        """The candidate over the canvas, else what is seen in the frame of the document, else the gallery's picture."""
        shown, sheet, easel = self._candidates.shown, self._editor.sheet, self._easel
        if sheet is not None and shown is not None and shown.result is not None:
            self.take(_picture(shown.result.image, self.tr("Candidate")))
        elif sheet is not None:
            self._editor.finish_tool()
            frame = generated_area(sheet.document.state).intersected(sheet.document.state.canvas)
            spec = self._models.find(self._settings.values.model)
            if spec is not None and not frame.is_empty:
                width, height = working_size(frame, spec)
                self.take(_picture(seen_at(sheet.document, frame, width, height), self.tr("Canvas")))
        elif easel.picture is not None:
            self.take(_picture(easel.picture, self.tr("Picture")))

    @property
    def something_shown(self) -> bool:
        """Whether :meth:`take_shown` would find a picture."""
        return self._editor.sheet is not None or self._easel.picture is not None

    def set_words(self, words: str) -> None:
        """Where it drifts to."""
        self._words = words
        self.changed.emit()

    def set_keeps_composition(self, keeps: bool) -> None:
        self._keeps = keeps
        self.changed.emit()
        self._draft()

    def set_strength(self, strength: float) -> None:
        self._strength = min(max(strength, 0.05), 1.0)
        self.changed.emit()
        self._draft()

    # ------------------------------------------------------------------ making

    def move(self, amount: float) -> None:
        """Go to ``amount``, −1 … 1, and draft what is there."""
        self._amount = min(max(amount, -1.0), 1.0)
        self.changed.emit()
        self._draft()

    def render(self) -> int | None:
        """Make the whole picture of where it is; its job, None if there is none to make, or it was made last."""
        request = self._request(self._messages.error)
        if request is None or request == self._made:
            return None
        self._stop()
        job = self._generation.submit(request)
        if job is not None:
            self._made = request
            self._jobs.add(job)
            self.changed.emit()
        return job

    def _request(self, refuse: Any) -> GenerationRequest | None:
        if not self.ready or self._source is None:
            return None
        settings = self._settings.request()
        try:
            if self._slot is None or self._slot[0] != settings.model:
                self._slot = (settings.model, self._source.slot(settings.model, 1.0, False))
            spec = self._models.spec(settings.model)
        except StudioError as error:
            refuse(error)
            return None
        own, seen = self._slot[1], _raster(self._source, self._slot[1])
        request = dataclasses.replace(
            settings,
            prompt="",
            task=Task.mix,
            slots=slots_at(own, self._words.strip(), self._amount),
            spherical=True,
            normalised_weights=True,
            prior_strength=0.0,
            strength=1.0,
            num_images_per_prompt=1,
        )
        if seen is not None:
            width, height = working_size(Rect(0, 0, seen.width, seen.height), spec)
            request = dataclasses.replace(request, width=width, height=height)
            if self._keeps:
                request = dataclasses.replace(request, task=Task.image2image, image=seen, strength=self._strength)
        return self._styles.completed(request)

    def _draft(self) -> None:
        request = self._request(self._refuse)
        if request is None:
            return
        try:
            width, height = draft_size(request.width, request.height, self._models.spec(request.model))
            steps = min(DRAFT_STEPS, request.num_inference_steps)
            draft = dataclasses.replace(request, width=width, height=height, num_inference_steps=steps)
            self._models.check(draft)
        except StudioError as error:
            self._refuse(error)
            return
        self._drafting = True

        def done(result: GenerationResult) -> None:
            self._drafting = False
            self._show(small(result), True)
            if self._editor.sheet is not None:
                self._candidates.show_draft(result.image)

        def failed(error: StudioError) -> None:
            self._drafting = False
            self._refuse(error)

        self._worker.ask(Errand(_TOPIC, draft.model, picture_of(draft), done, failed))

    def _stop(self) -> None:
        self._worker.forget(_TOPIC)
        self._drafting = False
        self.leave()

    # ------------------------------------------------------------------ what happens

    def _picture_made(self, job: int, result: GenerationResult) -> None:
        if job in self._jobs:
            self._show(small(result), False)
            self._candidates.offer(result)

    def _ended(self, job: int) -> None:
        if job in self._jobs:
            self._jobs.discard(job)
            self.changed.emit()

    def _setting_changed(self, name: str) -> None:
        if name == "model":
            self._slot = None
            self.changed.emit()

    def _document_closed(self, sheet: Sheet) -> None:
        if self._source is not None and self._source.sheet is sheet:
            self._source = without(sheet, self._source)
            self.changed.emit()


def slots_at(own: Slot, words: str, amount: float) -> tuple[Slot, ...]:
    """What the idea is made of at ``amount`` (−1 … 1) of the way from the slot ``own`` to ``words``.

    Towards them it is a spherical mix; away from them the words are taken away, which is (1 + a) · own − a · words at
    the length of ``own``.
    """
    own = dataclasses.replace(own, weight=1.0)
    if abs(amount) < _STILL:
        return (own,)
    if amount < 0:
        return (own, Slot(prompt=words, weight=round(amount / (1 - amount), 6), added=True))
    target = Slot(prompt=words, weight=round(amount, 6))
    if amount > 1 - _STILL:
        return (target,)
    return (dataclasses.replace(own, weight=round(1 - amount, 6)), target)


def _picture(pixels: Pixels, name: str) -> Picture:
    return Picture(name, Raster(np.ascontiguousarray(pixels)))


def _raster(source: Source, slot: Slot) -> Raster | None:
    """The picture that drifts; None of an idea that has none."""
    return source.raster if isinstance(source, Picture) else slot.image
