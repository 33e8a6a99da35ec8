"""Generating on the canvas: what is made for a document waits over it as candidates, until it is kept or dropped."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import cv2
import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from kandinsky_studio.app.canvas_plan import Plan, Verb, plan, verb_for
from kandinsky_studio.app.editor import Editor, Sheet
from kandinsky_studio.app.generation import Generation
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.models import Models
from kandinsky_studio.document.document import Change
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layer_operations import above_active
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Pixels, Surface, from_rgba
from kandinsky_studio.engine.request import GenerationResult, Progress
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, StudioError

_QUIET = 150  # milliseconds after a change until the verb is looked for again
_NAME = 40


@dataclass(frozen=True, eq=False)
class Candidate:
    """A picture over the canvas. ``image`` is premultiplied, at the size it was made at, transparent where the plan's
    mask hides it; ``area`` is where it lies."""

    image: QImage
    area: Rect
    plan: Plan
    result: GenerationResult | None  # None while it is being made


@dataclass
class _Stage:
    """What waits over one document."""

    candidates: list[Candidate] = field(default_factory=list)
    shown: int = 0
    preview: Candidate | None = None
    jobs: dict[int, Plan] = field(default_factory=dict)


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
        self._generation = generation
        self._models = models
        self._messages = messages
        self._stages: dict[Sheet, _Stage] = {}
        self._verb: Verb | None = None
        self._hidden = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_QUIET)
        self._later.timeout.connect(self._find_verb)
        editor.opened.connect(lambda sheet: sheet.changed.connect(self._document_changed))
        editor.sheet_changed.connect(self._sheet_changed)
        editor.closed.connect(self._closed)
        generation.settings.changed.connect(self._setting_changed)
        generation.progressed.connect(self._progressed)
        generation.picture_made.connect(self._made)
        generation.ended.connect(self._ended)

    # ------------------------------------------------------------------ what is there

    @property
    def verb(self) -> Verb | None:
        """What the button does to the document in front; None if there is none."""
        return self._verb

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

    def generate(self) -> int | None:
        """Do what :attr:`verb` says; the id of the job, None if it was refused."""
        sheet = self._editor.sheet
        if sheet is None:
            return None
        self._editor.finish_tool()
        settings = self._generation.settings
        settings.draw_seeds()
        try:
            spec = self._models.spec(settings.values.model)
            made = plan(sheet.document, settings.request(), spec)
        except (StudioError, MemoryError) as error:
            self._messages.error(error)
            return None
        job = self._generation.submit(made.request)
        if job is not None:
            self._stages.setdefault(sheet, _Stage()).jobs[job] = made
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
                layer = document.new_layer(Kind.PIXELS, _name(candidate), pixels_of(candidate))
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
        if name == "model":
            self._later.start()

    @Slot()
    def _find_verb(self) -> None:
        document, before = self._editor.document, self._verb
        spec = self._models.find(self._generation.settings.values.model)
        if document is not None and document.editing:
            self._later.start()
            return
        self._verb = verb_for(document, spec) if document is not None and spec is not None else None
        if self._verb is not before:
            self.verb_changed.emit()

    @Slot(object)
    def _closed(self, sheet: Sheet) -> None:
        self._stages.pop(sheet, None)

    def _of_job(self, job: int) -> _Stage | None:
        return next((stage for stage in self._stages.values() if job in stage.jobs), None)

    @Slot(int, object)
    def _progressed(self, job: int, progress: Progress) -> None:
        stage = self._of_job(job)
        if stage is not None and progress.preview is not None:
            made = stage.jobs[job]
            stage.preview = Candidate(_shown_through(progress.preview, made), made.area, made, None)
            self.changed.emit()

    @Slot(int, object)
    def _made(self, job: int, result: GenerationResult) -> None:
        stage = self._of_job(job)
        if stage is None:
            return
        made = stage.jobs[job]
        stage.preview = None
        stage.candidates.append(Candidate(_shown_through(result.image, made), made.area, made, result))
        stage.shown = len(stage.candidates) - 1
        self.changed.emit()

    @Slot(int)
    def _ended(self, job: int) -> None:
        stage = self._of_job(job)
        if stage is not None:
            del stage.jobs[job]
            stage.preview = None
            self.changed.emit()


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


def _shown_through(image: Pixels, made: Plan) -> QImage:
    """``image`` (height × width × 3, RGB), transparent where the plan's mask hides it."""
    height, width = image.shape[:2]
    alpha = np.full((height, width), 255, np.uint8)
    if made.mask is not None:
        alpha = np.asarray(cv2.resize(made.mask, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        if not ((made.mask > 0) & (made.mask < 255)).any():
            alpha = np.where(alpha > 0, np.uint8(255), alpha)  # a half pixel at a hard edge would be seen as a line
    return from_rgba(np.dstack([image, alpha]))


def _name(candidate: Candidate) -> str:
    assert candidate.result is not None
    words = " ".join(candidate.result.request.prompt.split())
    return words if len(words) <= _NAME else words[: _NAME - 1].rstrip() + "…"
