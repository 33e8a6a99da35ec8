"""Generating on the canvas: what is made for a document waits over it as candidates, until it is kept or dropped."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from time import monotonic

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kandinsky_studio.app.candidate import Candidate, Cutter, pixels_of
from kandinsky_studio.app.canvas_plan import Outlook, Plan, Verb, outlook, plan
from kandinsky_studio.app.editor import Editor, Sheet
from kandinsky_studio.app.generation import Generation
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.models import Models
from kandinsky_studio.document.document import Change, check_size
from kandinsky_studio.document.generation_frame import generated_area
from kandinsky_studio.document.layer_operations import above_active
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Pixels, Surface
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Progress
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, StudioError

_QUIET = 150  # milliseconds after a change until the verb is looked for again
_APART = 66  # milliseconds between two previews that are shown, at least
_NAME = 40
_OVER = 32  # jobs that are over, of which it is known where their pictures belong


@dataclass
class _Stage:
    """What waits over one document."""

    candidates: list[Candidate] = field(default_factory=list)
    shown: int = 0
    marked: set[Candidate] = field(default_factory=set)
    preview: Candidate | None = None
    jobs: dict[int, Cutter] = field(default_factory=dict)


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
        self._over: dict[int, tuple[_Stage, Cutter]] = {}  # jobs that may be tried again
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
        generation.retried.connect(self._retried)

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
    def waiting(self) -> tuple[Candidate, ...]:
        """Those that are finished, in the order in which they came."""
        return tuple(self._stage.candidates)

    @property
    def preview(self) -> Candidate | None:
        """What is being made, as far as it is."""
        return self._stage.preview

    @property
    def marked(self) -> tuple[Candidate, ...]:
        """Those that are to be kept together, in the order in which they came."""
        stage = self._stage
        return tuple(candidate for candidate in stage.candidates if candidate in stage.marked)

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
            request = settings.request() if remove else self._generation.request()
        except StudioError as error:
            self._messages.error(error)
            return None
        return self.make(request, remove)

    def make(self, request: GenerationRequest, remove: bool = False) -> int | None:
        """As :meth:`generate`, of a request that has its seeds, and the mix if it is to have one."""
        sheet = self._editor.sheet
        if sheet is None:
            return None
        self._editor.finish_tool()
        try:
            made = plan(sheet.document, request, self._models.spec(request.model), remove)
        except (StudioError, MemoryError) as error:
            self._messages.error(error)
            return None
        job = self._generation.submit(made.request)
        if job is not None:
            self._stages.setdefault(sheet, _Stage()).jobs[job] = Cutter(made)
            self._hidden = False
            self.changed.emit()
        return job

    def offer(self, result: GenerationResult) -> None:
        """Let a picture that was made elsewhere wait over the document in front, in its frame, undistorted."""
        sheet = self._editor.sheet
        if sheet is not None:
            frame = generated_area(sheet.document.state)
            area = frame.fitted(result.image.shape[1], result.image.shape[0])
            stage = self._stage
            found = Plan(Verb.MIX, result.request, area, grows=not sheet.document.state.canvas.contains(area))
            stage.candidates.append(Cutter(found).candidate(result.image, result))
            stage.shown = len(stage.candidates) - 1
            self._hidden = False
            self.changed.emit()

    def show_draft(self, image: Pixels | None) -> None:
        """Lay a picture over the frame of the document in front that can't be kept, until one comes that can, or None."""
        sheet, stage = self._editor.sheet, self._stage
        if sheet is None or (image is None and (stage.preview is None or stage.jobs)):
            return
        made = Plan(Verb.MIX, GenerationRequest(""), generated_area(sheet.document.state), grows=True)
        stage.preview = None if image is None else Cutter(made).candidate(image)
        self.changed.emit()

    def step(self, by: int) -> None:
        """To the next candidate, or the one before, and round."""
        stage = self._stage
        if stage.candidates:
            stage.shown = (stage.shown + by) % len(stage.candidates)
            self.changed.emit()

    def choose(self, number: int) -> None:
        """Show candidate ``number``, from 0."""
        stage = self._stage
        if 0 <= number < len(stage.candidates) and number != stage.shown:
            stage.shown = number
            self.changed.emit()

    def mark(self, number: int | None = None) -> None:
        """Put a candidate (from 0; the shown one if not given) among those that are kept together, or take it out."""
        stage = self._stage
        number = stage.shown if number is None else number
        if 0 <= number < len(stage.candidates):
            stage.marked ^= {stage.candidates[number]}
            self.changed.emit()

    def compare(self, hidden: bool) -> None:
        """Show the canvas without them for a moment."""
        if hidden != self._hidden:
            self._hidden = hidden
            self.changed.emit()

    def keep(self) -> None:
        """Make those that are marked layers above the active one, the first at the bottom, or else the shown one; the
        others are dropped. One step."""
        stage = self._stage
        if stage.candidates:
            self._keep(list(self.marked) or [stage.candidates[stage.shown]])

    def keep_all(self) -> None:
        """Make each candidate a layer, the first at the bottom. One step."""
        self._keep(list(self._stage.candidates))

    def drop(self) -> None:
        """Take them off the canvas; the gallery keeps them."""
        stage = self._stage
        stage.candidates.clear()
        stage.marked.clear()
        stage.shown = 0
        self.changed.emit()

    def _keep(self, kept: list[Candidate]) -> None:
        if self.make_layers(kept):
            self.drop()

    def make_layers(self, kept: list[Candidate]) -> bool:
        """Make each a layer above the active one, whether it waits here or not. One step; False, and a message, if
        that can't be."""
        document = self._editor.document
        if document is None or not kept:
            return False
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
            return False
        return True

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
        if name in ("model", "mask_grow", "context_padding"):
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
            self._over[job] = stage, stage.jobs.pop(job)
            self._over = dict(list(self._over.items())[-_OVER:])
            stage.preview = None
            self.changed.emit()

    @Slot(int, int)
    def _retried(self, job: int, new: int) -> None:
        """What was to come of ``job`` comes of ``new``, and to the same place."""
        stage = self._of_job(job)
        found = self._over.pop(job, None) or (None if stage is None else (stage, stage.jobs[job]))
        if found is not None:
            found[0].jobs[new] = found[1]
            self.changed.emit()

    def _forget_news(self, job: int) -> None:
        if self._news is not None and self._news[0] == job:
            self._news = None
            self._soon.stop()
