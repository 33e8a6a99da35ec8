"""Live: while one paints, the engine makes quick pictures of what is under the generation frame, one after the other.

Each is an errand, so it goes before the jobs that wait and never into the gallery, unless it is kept or recorded. What
is asked of the window's thread is a copy of a few lists; everything else is done in the engine's, and only the newest
state of the document is ever looked at.
"""

from __future__ import annotations

import dataclasses
from time import monotonic
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kandinsky_studio.app.candidate import Candidate
from kandinsky_studio.app.canvas_plan import Outlook, Verb
from kandinsky_studio.app.editor import Sheet
from kandinsky_studio.app.errand import Errand
from kandinsky_studio.app.generation import LOCKS, SEED_FIELDS, random_seed
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.live_frames import Frame, Made, Sketch, united
from kandinsky_studio.app.live_settings import LiveSettings, Status, When
from kandinsky_studio.app.making import Maker, Means
from kandinsky_studio.app.pauses import SHORTEST, Hold, Pauses
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.app.worker import ModelState
from kandinsky_studio.document.document import Change
from kandinsky_studio.document.generation_frame import generated_area
from kandinsky_studio.document.geometry import NOTHING, Rect
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.errors import OutOfMemory, StudioError

TOPIC = "live"
_OWN = ("width", "height", "num_inference_steps", "strength", "num_images_per_prompt")  # settings that live has itself
_WAITING = 0.25  # seconds between two states that are sent while another job has the engine
_LARGE = 0.3  # of the frame: from there on what is being made is of no use any more
_SLOW = 1.0  # seconds a picture takes from which on it is worth breaking off
_REMEMBERED = 256  # strokes since the picture that is shown
_STEADY = (Verb.REFINE, Verb.FILL, Verb.DEPTH, Verb.MIX)  # verbs that a stroke seldom changes; who does is told


class Live(Maker):
    """``changed`` tells that another picture is shown or none, ``status_changed`` that :attr:`status` or :attr:`pace`
    is another, ``settings_changed`` that :attr:`settings` are, ``painted`` (a Rect) that the picture shown is out of
    date there."""

    changed = Signal()
    status_changed = Signal()
    settings_changed = Signal()
    painted = Signal(object)

    def __init__(self, means: Means, remembering: Remembering, parent: QObject | None = None) -> None:
        super().__init__(means, parent)
        self._remembering = remembering
        self.settings = LiveSettings.restored(remembering.values.live)
        self.lane = Lane("live", self)  # for what is done to live pictures before they are seen
        self._on = False
        self._sheet: Sheet | None = None
        self._seeds: dict[str, int] = {}
        self._spec: ModelSpec | None = None
        self._pauses = Pauses()
        self._hold = Hold()
        self._device = ""  # of the engine, once it is there
        self._sketch = Sketch()
        self._request: GenerationRequest | None = None  # the words and numbers, until some are others
        self._serial = 0  # of changes
        self._dirty = False
        self._damage: Rect | None = None
        self._seen: Outlook | None = None
        self._shaped = 0  # the last change that may have made it another
        self._frame: Frame | None = None  # what was asked for
        self._large = False  # whether what was painted since is much
        self._broken_off = False
        self._shown: Candidate | None = None
        self._fresh: list[tuple[int, Rect]] = []
        self._pace: float | None = None
        self._warned = False
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._go_on)
        self._editor.document_changed.connect(self._document_changed)
        self._editor.sheet_changed.connect(self._sheet_changed)
        self._editor.closed.connect(self._closed)
        self._settings.changed.connect(self._setting_changed)
        self._generation.mix_changed.connect(self.words_changed)
        self._generation.queue_changed.connect(self._tell)
        self._worker.model_state.connect(self._model_state_changed)
        self._candidates.verb_changed.connect(self._verb_changed)

    def close(self) -> None:
        """End it, and the thread of :attr:`lane`."""
        self.set_on(False)
        self.lane.close(drop=True)

    # ------------------------------------------------------------------ what is there

    @property
    def on(self) -> bool:
        return self._on

    @property
    def shown(self) -> Candidate | None:
        """The newest picture; None if there is none, or it was kept."""
        return self._shown

    @property
    def fresh(self) -> list[tuple[int, Rect]]:
        """Where the document was painted on since the picture that is shown, each behind the number of its change."""
        return list(self._fresh)

    @property
    def pace(self) -> float | None:
        """Seconds that a picture takes; None if none was made yet."""
        return self._pace

    @property
    def when(self) -> When:
        """When the next picture is begun: as it was chosen, or as it suits the engine's device."""
        apart = self._device not in ("", "cpu")
        return self.settings.when or (When.PAINTING if apart else When.PAUSE)

    @property
    def status(self) -> Status:
        if not self._on:
            return Status.OFF
        if self._frame is not None:
            waits = not self._frame.begun and self._generation.current is not None
            return Status.QUEUED if waits else Status.MAKING
        return Status.REST if self._has_words() else Status.WORDS

    # ------------------------------------------------------------------ what is done

    def set_on(self, on: bool) -> None:
        """Begin, or end at once: nothing comes afterwards."""
        if on == self._on or (on and self._editor.sheet is None):
            self.status_changed.emit()
            return
        self._on = on
        if on:
            values = self._settings.values
            self._seeds = {name: getattr(values, name) for name in SEED_FIELDS}
            self._pace, self._warned = None, False
            self._spec = self._models.find(values.model)
            self._begin_anew()
        else:
            self._next.stop()
            self._stop()
            self._sheet = None
            self._sketch = Sketch()
        self._tell()

    def set(self, **values: object) -> None:
        """Change some of :attr:`settings`."""
        before, self.settings = self.settings, dataclasses.replace(self.settings, **values)  # type: ignore[arg-type]
        if self.settings != before:
            kept = {name: value for name, value in dataclasses.asdict(self.settings).items() if name != "record"}
            self._remembering.set(live=kept)
            self.settings_changed.emit()
            if (before.strength, before.steps) != (self.settings.strength, self.settings.steps):
                self.words_changed()
            if self.when is not When.PAUSE:
                self._hold.release()
            self._schedule()

    def draw_seeds(self) -> None:
        """Another picture of the same: seeds that are not locked are drawn anew, and then stay."""
        self._seeds = {name: random_seed() for name in SEED_FIELDS}
        self.words_changed()

    def keep(self) -> None:
        """Make the picture that is shown a layer, in one step, and save it in the gallery."""
        candidate = self._shown
        if candidate is None:
            return
        self._stop()
        if self._candidates.make_layers([candidate]):
            if candidate.result is not None and not self.settings.record:
                self._gallery.keep(candidate.result)
            self._dirty = False  # what was kept is what is to be seen, until somebody paints on
            self._next.stop()
        self._tell()

    # ------------------------------------------------------------------ what happens

    @Slot(object)
    def _document_changed(self, change: Change) -> None:
        document = self._editor.document
        if not self._on or document is None:
            return
        self._serial += 1
        if change.action == "done" and not change.state:
            if self._dirty:
                self._schedule()
            return  # a stroke is over: all of it was told before
        if change.state or change.mask:
            self._seen, self._shaped = None, self._serial
        self._damage = united(self._damage, change.rect)
        frame = generated_area(document.state)
        rect = frame if change.rect is None else change.rect.intersected(frame)
        if rect.is_empty and not change.state and not change.mask:
            return
        self._moved()
        self._dirty = True
        self._large |= rect.area > _LARGE * frame.area
        if not rect.is_empty and change.rect is not None and not change.mask and change.action != "done":
            self._fresh.append((self._serial, rect))
            del self._fresh[:-_REMEMBERED]
            self.painted.emit(rect)
        self._schedule()

    @Slot()
    def _sheet_changed(self) -> None:
        if self._on and self._editor.sheet is None:
            self.set_on(False)
        elif self._on and self._editor.sheet is not self._sheet:
            self._begin_anew()

    @Slot(object)
    def _closed(self, sheet: Sheet) -> None:
        if self._on and sheet is self._sheet:
            self.set_on(False)

    @Slot(str)
    def _setting_changed(self, name: str) -> None:
        if not self._on:
            return
        if name == "model":
            self.set_on(False)
            self._messages.note(self.tr("Live is off: another model was chosen."))
        elif name not in _OWN and (name not in LOCKS or getattr(self._settings, LOCKS[name])):
            self.words_changed()

    @Slot()
    def words_changed(self) -> None:
        """Something else would be asked for now."""
        if self._on:
            self._request = None
            self._dirty = True
            self._moved()
            self._schedule()
            self._tell()

    @Slot()
    def _verb_changed(self) -> None:
        self._seen, self._shaped = None, self._serial + 1
        if self._shown is not None or self._frame is not None:
            self._dirty = True
            self._schedule()

    @Slot(object)
    def _model_state_changed(self, state: ModelState) -> None:
        if state.device and state.device != self._device:
            self._device = state.device
            self.settings_changed.emit()

    def _moved(self) -> None:
        """The hand moves; what is being made waits for it, if that is wanted."""
        now = monotonic()
        self._pauses.beat(now)
        if self.when is When.PAUSE:
            self._hold.moved(now, SHORTEST)

    # ------------------------------------------------------------------ one picture after the other

    def _schedule(self) -> None:
        """Look again when it is time to."""
        if not self._on or not self._dirty:
            return
        if self.when is When.PAUSE:
            self._next.start(round(self._pauses.rest * 1000))
        elif not self._next.isActive():
            waits = self._frame is not None and not self._frame.begun
            self._next.start(round(_WAITING * 1000) if waits else 0)

    @Slot()
    def _go_on(self) -> None:
        document, running = self._editor.document, self._frame
        if not self._on or not self._dirty or document is None or not self._has_words():
            return
        if self._generation.mixes() and document.editing:
            self._next.start(round(_WAITING * 1000))  # what is mixed may be layers, which have to be drawn first
            return
        begun = running is not None and running.begun
        break_off = begun and self._large and not self._broken_off and (self._pace or 0.0) > _SLOW
        if begun and not break_off:
            return  # its end brings us here again
        try:
            request = self._asked()
            spec = self._spec or self._models.spec(request.model)
        except StudioError as error:
            self._fail(error)
            return
        damage = self._damage
        if running is not None:  # it may never be drawn
            damage = united(damage, running.damage)
        again = self._shown is None
        frame = Frame(document.snapshot(), document.active_id, damage, request, spec, self._seen, self._serial, again)
        self._frame = frame
        self._dirty, self._large, self._damage = False, False, NOTHING
        self._broken_off = break_off
        sketch, hold = self._sketch, self._hold if self.when is When.PAUSE else None
        self._worker.ask(
            Errand(
                TOPIC,
                request.model,
                lambda engine, reports: sketch.make(engine, frame, reports, hold),
                done=lambda made: self._made(frame, made),
                failed=lambda error: self._failed(frame, error),
                part=lambda _: self._tell(),
                dropped=lambda: self._dropped(frame),
                interrupts=break_off,
            )
        )
        self._tell()

    def _asked(self) -> GenerationRequest:
        """The words and numbers as they are now, with the seeds and steps of live."""
        settings, own = self._settings, self.settings
        if self._request is None or self._generation.mixes():
            locked = {name for name in SEED_FIELDS if getattr(settings, LOCKS[name])}
            seeds: dict[str, Any] = {name: value for name, value in self._seeds.items() if name not in locked}
            asked = dataclasses.replace(settings.request(), num_images_per_prompt=1, **seeds)
            first = next(self._generation.complete(asked).pictures())
            self._request = dataclasses.replace(first, num_inference_steps=own.steps, strength=own.strength)
        return self._request

    def _made(self, frame: Frame, made: Made) -> None:
        if frame is not self._frame:
            return
        self._frame = None
        if frame.serial >= self._shaped and made.seen.verb in _STEADY:
            self._seen = made.seen
        if made.candidate is not None:
            self._pace = made.seconds if self._pace is None else 0.5 * (self._pace + made.seconds)
            self._shown = made.candidate
            if self.settings.record and made.candidate.result is not None:
                self._gallery.keep(made.candidate.result)
        if frame.stepped_down and not self._warned:
            self._warned = True
            self._messages.note(self.tr("Memory ran out, so less of the model stays in it; live pictures take longer."))
        self._fresh = [(serial, rect) for serial, rect in self._fresh if serial > frame.serial]
        self.changed.emit()
        self._schedule()
        self._tell()

    def _dropped(self, frame: Frame) -> None:
        if frame is self._frame:
            self._frame = None
            self._dirty = True
            self._damage = united(self._damage, frame.damage)
            self._tell()

    def _failed(self, frame: Frame, error: StudioError) -> None:
        if frame is not self._frame:
            return
        self._frame = None
        if isinstance(error, OutOfMemory) and (smaller := frame.spec.native_size // 2) >= frame.spec.size.minimum:
            self._spec = dataclasses.replace(frame.spec, native_size=smaller)
            self._messages.note(self.tr("Memory ran out: live pictures are made at half the size now."))
            self._seen, self._dirty = None, True
            self._schedule()
            self._tell()
        else:
            self._fail(error)

    def _fail(self, error: StudioError) -> None:
        """Say it once, and do not try again."""
        self.set_on(False)
        self._messages.error(error)

    def _begin_anew(self) -> None:
        """For the document in front."""
        self._stop()
        self._sheet = self._editor.sheet
        self._sketch = Sketch()
        self._request, self._damage, self._seen = None, None, None
        self._dirty = True
        self._schedule()

    def _stop(self) -> None:
        """Nothing is being made any more, and nothing shown."""
        self._hold.release()
        frame, self._frame = self._frame, None
        if frame is not None:
            self._damage = united(self._damage, frame.damage)
            self._worker.forget(TOPIC)
        self._shown = None
        self._fresh.clear()
        self.changed.emit()

    def _has_words(self) -> bool:
        return bool(self._settings.values.prompt.strip()) or self._generation.mixes()

    @Slot()
    def _tell(self) -> None:
        self.status_changed.emit()
