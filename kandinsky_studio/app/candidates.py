"""Generating on the canvas: what is made for a document waits over it as candidates, until it is kept or dropped."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from time import monotonic

import cv2
import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from kandinsky_studio.app.canvas_plan import Outlook, Plan, Verb, outlook, plan
from kandinsky_studio.app.editor import Editor, Sheet
from kandinsky_studio.app.generation import Generation
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.models import Models
from kandinsky_studio.document.document import Change, check_size
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layer_operations import above_active
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Pixels, Surface, from_rgba
from kandinsky_studio.engine.request import GenerationResult, Progress
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, StudioError

_QUIET = 150  # milliseconds after a change until the verb is looked for again
_APART = 66  # milliseconds between two previews that are shown, at least
_FINEST = 1024  # pixels along the longer side of a mask, while a candidate waits
_NAME = 40


@dataclass(frozen=True, eq=False)
class Candidate:
    """A picture over the canvas. ``image`` is premultiplied, at the size it was made at, transparent where the plan's
    mask hides it; ``area`` is where it lies."""

    image: QImage
    area: Rect
    plan: Plan
    result: GenerationResult | None  # None while it is being made


class _Job:
    """What is being made, and how its pictures are cut out: worked out once, as masks can be large."""

    def __init__(self, made: Plan) -> None:
        self.plan = made
        self._alphas: dict[tuple[int, int], Pixels] = {}
        self._mask = made.mask
        if made.mask is not None:
            self._hard = not ((made.mask > 0) & (made.mask < 255)).any()
            height, width = made.mask.shape
            share = _FINEST / max(height, width)
            if share < 1:  # now, when the button was pressed, and not when the first preview comes under a stroke
                size = max(round(width * share), 1), max(round(height * share), 1)
                self._mask = np.asarray(cv2.resize(made.mask, size, interpolation=cv2.INTER_AREA), np.uint8)

    def alpha(self, width: int, height: int) -> Pixels:
        """How opaque a picture of this size is, where the plan's mask lies on it."""
        size = (width, height)
        if size not in self._alphas:
            alpha = np.full((height, width), 255, np.uint8)
            if self._mask is not None:
                alpha = np.asarray(cv2.resize(self._mask, size, interpolation=cv2.INTER_AREA), np.uint8)
                if self._hard:
                    alpha = np.where(alpha > 0, np.uint8(255), alpha)  # a half pixel at a hard edge would be seen
            self._alphas[size] = alpha
        return self._alphas[size]

    def candidate(self, image: Pixels, result: GenerationResult | None = None) -> Candidate:
        """``image`` (height × width × 3, RGB), transparent where the plan's mask hides it."""
        height, width = image.shape[:2]
        shown = from_rgba(np.dstack([image, self.alpha(width, height)]))
        return Candidate(shown, self.plan.area, self.plan, result)


@dataclass
class _Stage:
    """What waits over one document."""

    candidates: list[Candidate] = field(default_factory=list)
    shown: int = 0
    preview: Candidate | None = None
    jobs: dict[int, _Job] = field(default_factory=dict)


class Candidates(QObject):
    """The candidates of the document in front. ``changed`` tells that others are shown, ``verb_changed`` that the
    button does something else now."""

    changed = Signal()
    verb_changed = Signal()

    def __init__(
        self,
        editor: Editor,
        generation: Generation,
        models: Models,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._editor = editor
        self._strengths: dict[Verb | None, float] = {Verb.REFINE: 0.6, Verb.FILL: 1.0}
        self._generation = generation
        self._models = models
        self._messages = messages
        self._stages: dict[Sheet, _Stage] = {}
        self._outlook: Outlook | None = None
        self._hidden = False
        self._news: tuple[int, Pixels] | None = None  # a job and its newest preview that is not shown yet
        self._last_news = 0.0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._show_news)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_QUIET)
        self._later.timeout.connect(self._find_verb)
        editor.document_changed.connect(self._document_changed)
        editor.sheet_changed.connect(self._sheet_changed)
        editor.closed.connect(self._closed)
        generation.settings.changed.connect(self._setting_changed)
        generation.mix_changed.connect(self._later.start)
        generation.progressed.connect(self._progressed)
        generation.picture_made.connect(self._made)
        generation.ended.connect(self._ended)

    # ------------------------------------------------------------------ what is there

    @property
    def verb(self) -> Verb | None:
        """What the button does to the document in front; None if there is none."""
        return self._outlook.verb if self._outlook is not None else None

    @property
    def outlook(self) -> Outlook | None:
        """The same, and where; ``verb_changed`` tells of it, too."""
        return self._outlook

    @property
    def count(self) -> int:
        """How many wait over the document in front."""
        return len(self._stage.candidates)

    @property
    def number(self) -> int:
        """Which of them is shown, from 0."""
        return self._stage.shown

    @property
    def shown(self) -> Candidate | None:
        """What lies over the canvas now: the picture that is being made, else the chosen candidate."""
        stage = self._stage
        if self._hidden:
            return None
        if stage.preview is not None:
            return stage.preview
        return stage.candidates[stage.shown] if stage.candidates else None

    @property
    def busy(self) -> bool:
        """Whether something is being made for the document in front."""
        return bool(self._stage.jobs)

    @property
    def _stage(self) -> _Stage:
        sheet = self._editor.sheet
        return self._stages.setdefault(sheet, _Stage()) if sheet is not None else _Stage()

    # ------------------------------------------------------------------ what is done

    def generate(self, remove: bool = False) -> int | None:
        """Do what :attr:`verb` says; the id of the job, None if it was refused.

        With ``remove`` what is marked is filled with what is around it, whatever the words are.
        """
        sheet = self._editor.sheet
        if sheet is None:
            return None
        self._editor.finish_tool()
        settings = self._generation.settings
        settings.draw_seeds()
        try:
            spec = self._models.spec(settings.values.model)
            request = settings.request() if remove else self._generation.request()
            made = plan(sheet.document, request, spec, remove)
        except (StudioError, MemoryError) as error:
            self._messages.error(error)
            return None
        job = self._generation.submit(made.request)
        if job is not None:
            self._stages.setdefault(sheet, _Stage()).jobs[job] = _Job(made)
            self._hidden = False
            self.changed.emit()
        return job

    def step(self, by: int) -> None:
        """To the next candidate, or the one before, and round."""
        stage = self._stage
        if stage.candidates:
            stage.shown = (stage.shown + by) % len(stage.candidates)
            self.changed.emit()

    def compare(self, hidden: bool) -> None:
        """Show the canvas without them for a moment."""
        if hidden != self._hidden:
            self._hidden = hidden
            self.changed.emit()

    def keep(self) -> None:
        """Make the shown candidate a layer above the active one; the others are dropped. One step."""
        stage = self._stage
        if stage.candidates:
            self._keep([stage.candidates[stage.shown]])

    def keep_all(self) -> None:
        """Make each candidate a layer, the first at the bottom. One step."""
        self._keep(list(self._stage.candidates))

    def drop(self) -> None:
        """Take them off the canvas; the gallery keeps them."""
        stage = self._stage
        stage.candidates.clear()
        stage.shown = 0
        self.changed.emit()

    def _keep(self, kept: list[Candidate]) -> None:
        document = self._editor.document
        if document is None or not kept:
            return
        self._editor.finish_tool()
        try:
            parent, number = above_active(document)
            state, last = document.state, document.active_id
            for offset, candidate in enumerate(kept):
                assert candidate.result is not None
                if candidate.plan.grows:
                    canvas = state.canvas.united(candidate.area)
                    check_size(canvas.width, canvas.height)
                    state = state.changed(canvas=canvas)
                layer = document.new_layer(Kind.PIXELS, self._name(candidate), pixels_of(candidate))
                state = state.inserted(layer, parent, None if number is None else number + offset)
                values: dict[str, object] = {"origin": json.dumps(candidate.result.request.to_json(with_pixels=False))}
                if candidate.plan.mask is not None:
                    values["mask"] = Surface.from_array(candidate.plan.mask, candidate.area.x, candidate.area.y)
                state = state.with_layer(layer.id, **values)
                last = layer.id
            document.change(QT_TRANSLATE_NOOP("steps", "Keep candidate"), state)
            document.activate(last)
        except (StudioError, MemoryError) as error:
            self._messages.error(error)
            return
        self.drop()

    def _name(self, candidate: Candidate) -> str:
        assert candidate.result is not None
        unnamed = self.tr("Mix") if candidate.plan.verb is Verb.MIX else self.tr("Removed")
        words = " ".join(candidate.result.request.prompt.split()) or unnamed
        return words if len(words) <= _NAME else words[: _NAME - 1].rstrip() + "…"

    # ------------------------------------------------------------------ what happens

    @Slot(object)
    def _document_changed(self, change: Change) -> None:
        if change.action or change.state:
            self._later.start()

    @Slot()
    def _sheet_changed(self) -> None:
        self._hidden = False
        self._find_verb()
        self.changed.emit()

    @Slot(str)
    def _setting_changed(self, name: str) -> None:
        if name in ("model", "mask_grow"):
            self._later.start()

    @Slot()
    def _find_verb(self) -> None:
        document, before = self._editor.document, self._outlook
        values = self._generation.outline
        spec = self._models.find(values.model)
        if document is not None and document.editing:
            self._later.start()
            return
        self._outlook = outlook(document, values, spec) if document is not None and spec is not None else None
        if self._outlook != before:
            self._choose_strength(before.verb if before is not None else None)
            self.verb_changed.emit()

    def _choose_strength(self, before: Verb | None) -> None:
        """Each verb has a strength of its own: what fills a hole well leaves nothing of a picture to refine."""
        verb, settings = self.verb, self._generation.settings
        if verb is not before:
            if before in self._strengths:
                self._strengths[before] = settings.values.strength
            if verb in self._strengths:
                settings.set(strength=self._strengths[verb])

    @Slot(object)
    def _closed(self, sheet: Sheet) -> None:
        self._stages.pop(sheet, None)

    def _of_job(self, job: int) -> _Stage | None:
        return next((stage for stage in self._stages.values() if job in stage.jobs), None)

    @Slot(int, object)
    def _progressed(self, job: int, progress: Progress) -> None:
        if progress.preview is None or self._of_job(job) is None:
            return
        self._news = (job, progress.preview)
        if not self._soon.isActive():
            # A small model makes more of them than a screen can show, and whoever paints needs the time.
            self._soon.start(max(round(_APART - (monotonic() - self._last_news) * 1000), 0))

    @Slot()
    def _show_news(self) -> None:
        if self._news is None:
            return
        (job, image), self._news = self._news, None
        stage = self._of_job(job)
        if stage is not None:
            stage.preview = stage.jobs[job].candidate(image)
            self._last_news = monotonic()
            self.changed.emit()

    @Slot(int, object)
    def _made(self, job: int, result: GenerationResult) -> None:
        stage = self._of_job(job)
        if stage is None:
            return
        self._forget_news(job)
        stage.preview = None
        stage.candidates.append(stage.jobs[job].candidate(result.image, result))
        stage.shown = len(stage.candidates) - 1
        self.changed.emit()

    @Slot(int)
    def _ended(self, job: int) -> None:
        stage = self._of_job(job)
        self._forget_news(job)
        if stage is not None:
            del stage.jobs[job]
            stage.preview = None
            self.changed.emit()

    def _forget_news(self, job: int) -> None:
        if self._news is not None and self._news[0] == job:
            self._news = None
            self._soon.stop()


def pixels_of(candidate: Candidate) -> Surface:
    """The whole picture of a candidate at the size of its area, for a layer; its mask is not applied."""
    assert candidate.result is not None
    area, image = candidate.area, candidate.result.image
    if image.shape[:2] != (area.height, area.width):
        larger = area.area > image.shape[0] * image.shape[1]
        way = cv2.INTER_CUBIC if larger else cv2.INTER_AREA
        image = np.asarray(cv2.resize(image, (area.width, area.height), interpolation=way), np.uint8)
    opaque = np.full((*image.shape[:2], 1), 255, np.uint8)
    return Surface.from_image(from_rgba(np.concatenate([image, opaque], axis=2)), area.x, area.y)
