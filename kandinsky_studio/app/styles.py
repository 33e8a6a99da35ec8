"""The styles: what a handful of pictures have in common, as a direction that is added to any idea.

A style is the mean of the pictures' embeddings less that of no picture in particular, which is the mean of what the prior
was trained on. Measured with the built-in model, on 4 prompts with 2 seeds each (``python -m benchmarks ideas``): the style
of 8 pictures on yellow grounds turns every ground yellow from a strength of 1 on, and every shape and its colour stay what
the prompt says, up to 2; 8 on white grounds need 1.5, and at 2 one shape of eight is lost. With 3 pictures half of the
shapes go beyond 1. Less the prior's ideas of no words instead, grounds turn at 1.5 only, and at 2 a third of the shapes or
more are lost.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from kandinsky_studio.app import trash
from kandinsky_studio.app.editor import Sheet
from kandinsky_studio.app.errand import Errand, Reports
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.making import Maker, Means
from kandinsky_studio.app.messages import Action
from kandinsky_studio.app.mix_slots import Picture, Source, Words, without
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.app.trash import Discarded
from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot
from kandinsky_studio.engine.models import find
from kandinsky_studio.engine.request import MAX_SLOTS, GenerationRequest, Pixels, Progress
from kandinsky_studio.errors import StudioError, TooFewForStyle
from kandinsky_studio.storage import styles as storage
from kandinsky_studio.storage.styles import Style as Style

FEWEST, MOST = 2, 30  # pictures that a style is made of
WEAKEST, STRONGEST = -1.0, 2.0

_TOPIC = "style"


class Styles(Maker):
    """``shelf_changed``: other styles are kept; ``applied_changed``: others are applied, or with another strength;
    ``tray_changed``: other pictures lie ready for a new style; ``changed``: whether one is being made.

    What is applied is remembered: it is there again at the next start.
    """

    shelf_changed = Signal()
    applied_changed = Signal()
    tray_changed = Signal()
    changed = Signal()
    saved = Signal(object)  # Style that was just made

    def __init__(self, folder: Path, means: Means, remembering: Remembering, parent: QObject | None = None) -> None:
        super().__init__(means, parent)
        self.folder = folder
        self._remembering = remembering
        self._lane = Lane("styles", self)
        self._all: list[Style] = []
        self._applied: dict[Style, float] = {}
        self._tray: list[Source] = []
        self._encoders: dict[str, str] = {}  # of models, as fingerprints
        self._busy = False
        self._fraction = 0.0
        self._settings.changed.connect(self._setting_changed)
        self._editor.closed.connect(self._document_closed)

    # ------------------------------------------------------------------ the shelf

    @property
    def all(self) -> Sequence[Style]:
        """In the order of the names."""
        return tuple(self._all)

    def named(self, name: str) -> Style | None:
        """The style called ``name``."""
        return next((style for style in self._all if style.name == name), None)

    def open(self) -> None:
        """Read what there is."""

        def arrived(read: tuple[list[Style], list[StudioError]]) -> None:
            self._all = read[0]
            self._apply_remembered()
            self.shelf_changed.emit()
            for error in read[1]:
                self._messages.error(error)

        self._lane.run(lambda: storage.read_all(self.folder), arrived, self._messages.error)
        self._look_at_model()

    def flush(self) -> None:
        """Wait until all that was asked of the disk is done."""
        self._lane.flush()

    def close(self) -> None:
        """Finish what was asked for, and end the thread."""
        self._lane.close()

    def rename(self, style: Style, name: str) -> None:
        """Call it something else; a number is added to a name that is taken. Nothing but blanks leaves it as it is."""

        def done(renamed: Style) -> None:
            strength = self._applied.get(style)
            self._put(renamed, style)
            if strength is not None:
                self._applied = {renamed if one is style else one: much for one, much in self._applied.items()}
                self._remember()

        if name.strip():
            self._lane.run(lambda: storage.rename(style, name), done, self._messages.error)

    def discard(self, style: Style) -> None:
        """To the system's trash; a message offers to take that back."""

        def done(gone: list[Discarded]) -> None:
            self._all = [other for other in self._all if other is not style]
            self.shelf_changed.emit()
            text = self.tr("The style “{name}” is in the trash.").format(name=style.name)
            self._messages.note(text, Action(self.tr("Undo"), lambda: self._bring_back(gone)))

        self.put_off(style)
        self._lane.run(lambda: [trash.throw_away(path) for path in reversed(style.files)], done, self._messages.error)

    def _bring_back(self, gone: list[Discarded]) -> None:
        def work() -> Style:
            for discarded in reversed(gone):
                trash.fetch_back(discarded)
            return storage.read(gone[0].path)

        if gone:
            self._lane.run(work, self._put, self._messages.error)

    def _put(self, style: Style, before: Style | None = None) -> None:
        others = [other for other in self._all if other is not before]
        self._all = sorted([*others, style], key=lambda style: style.name.casefold())
        self.shelf_changed.emit()

    # ------------------------------------------------------------------ applying

    @property
    def applied(self) -> Sequence[tuple[Style, float]]:
        """What is added to the next pictures, and how strongly."""
        return tuple(self._applied.items())

    @property
    def able(self) -> bool:
        """Whether the chosen model has ideas that a style can be added to."""
        spec = self._models.find(self._settings.values.model)
        return spec is not None and bool(spec.prior_schedulers)

    def fits(self, style: Style) -> bool:
        """Whether ``style`` was made with an image encoder as the chosen model's, as far as that is known by now."""
        encoder = self._encoders.get(self._settings.values.model, "")
        return not encoder or style.embedding.encoder in ("", encoder)

    def apply(self, style: Style, strength: float = 1.0) -> None:
        """Add ``style`` to the next pictures, −1 … 2; below 0 they are led away from it."""
        if style in self._applied or len(self._applied) < MAX_SLOTS // 2:
            self._applied[style] = min(max(strength, WEAKEST), STRONGEST)
            self._remember()

    def put_off(self, style: Style) -> None:
        """Add it no more."""
        if self._applied.pop(style, None) is not None:
            self._remember()

    def _remember(self) -> None:
        self._remembering.set(applied_styles={style.name: much for style, much in self._applied.items()})
        self.applied_changed.emit()

    def _apply_remembered(self) -> None:
        """Those of the shelf that were applied last; the file may have been written by anybody."""
        remembered = self._remembering.values.applied_styles.items()
        usable = [
            (name, much) for name, much in remembered if isinstance(much, (int, float)) and WEAKEST <= much <= STRONGEST
        ]
        found = [(style, float(much)) for name, much in usable if (style := self.named(name)) is not None]
        self._applied = dict(found[: MAX_SLOTS // 2])
        self.applied_changed.emit()

    def completed(self, request: GenerationRequest) -> GenerationRequest:
        """``request`` with the applied styles that fit; as it is if there are none, or its model has no ideas."""
        used = [(style, much) for style, much in self._applied.items() if round(much, 4) and self.fits(style)]
        if not used or not self.able:
            return request
        slots = (Slot(embedding=style.embedding, weight=round(much, 4), added=True) for style, much in used)
        return dataclasses.replace(request, slots=(*request.slots, *slots))

    # ------------------------------------------------------------------ making one

    @property
    def tray(self) -> Sequence[Source]:
        """The pictures that the next style is made of."""
        return tuple(self._tray)

    @property
    def busy(self) -> bool:
        """Whether a style is being made."""
        return self._busy

    @property
    def fraction(self) -> float:
        """How far that is, 0 … 1."""
        return self._fraction

    def add(self, source: Source) -> None:
        """Lay a picture into the tray; words are none."""
        if not isinstance(source, Words) and len(self._tray) < MOST:
            self._tray.append(source)
            self.tray_changed.emit()

    def take_out(self, source: Source) -> None:
        """Out of the tray with it."""
        self._tray = [other for other in self._tray if other is not source]
        self.tray_changed.emit()

    def empty_tray(self) -> None:
        self._tray = []
        self.tray_changed.emit()

    def make(self, name: str) -> None:
        """Make a style of what lies in the tray and apply it; a message says why if that can't be."""
        model = self._settings.values.model
        try:
            if not FEWEST <= len(self._tray) <= MOST:
                raise TooFewForStyle(minimum=FEWEST, maximum=MOST)
            slots = [source.slot(model, 1.0, False) for source in self._tray]
        except StudioError as error:
            self._messages.error(error)
            return
        seen = [_pixels(source, slot) for source, slot in zip(self._tray, slots, strict=True)]
        self._busy, self._fraction = True, 0.0
        self.changed.emit()

        def do(engine: Any, reports: Reports) -> SavedEmbedding:
            found = []
            for number, slot in enumerate(slots):

                def on_progress(progress: Progress, number: int = number) -> None:
                    share = (number + progress.fraction) / (len(slots) + 1)
                    reports.progress(dataclasses.replace(progress, fraction=share))

                if slot.embedding is not None:
                    found.append(slot.embedding.values)
                else:
                    found.append(engine.encode_image(slot.image, model, on_progress=on_progress))
            direction = np.asarray(np.mean(found, axis=0) - engine.neutral(model), np.float32)
            return SavedEmbedding(direction, find(model).encoder())

        def done(direction: SavedEmbedding) -> None:
            self._lane.run(
                lambda: storage.save(self.folder, name, direction, seen or [_BLANK]), self._made, self._failed
            )

        self._worker.ask(Errand(_TOPIC, model, do, done, self._failed, progress=self._progressed, dropped=self._idle))

    def cancel(self) -> None:
        """Make no style, if one is being made."""
        self._worker.forget(_TOPIC)

    def _made(self, style: Style) -> None:
        self._idle()
        self._put(style)
        self.empty_tray()
        self.apply(style)
        self._messages.note(self.tr("The style “{name}” is on the shelf, and applied.").format(name=style.name))
        self.saved.emit(style)

    def _progressed(self, progress: Progress) -> None:
        self._fraction = progress.fraction
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        self._idle()
        self._messages.error(error)

    def _idle(self) -> None:
        self._busy = False
        self.changed.emit()

    def _setting_changed(self, name: str) -> None:
        if name == "model":
            self._look_at_model()

    def _look_at_model(self) -> None:
        """Find out which image encoder the chosen model has; one that is not here has none that is known."""
        model = self._settings.values.model

        def found(encoder: str) -> None:
            self._encoders[model] = encoder
            self.applied_changed.emit()
            self.shelf_changed.emit()

        if model not in self._encoders and self.able:
            self._lane.run(lambda: find(model).encoder(), found, lambda _: None)

    def _document_closed(self, sheet: Sheet) -> None:
        """What was taken from a document stays as it was last."""
        kept = [without(sheet, source) for source in self._tray]
        if any(now is not before for now, before in zip(kept, self._tray, strict=True)):
            self._tray = [source for source in kept if source is not None]
            self.tray_changed.emit()


_BLANK: Pixels = np.full((8, 8, 3), 128, np.uint8)


def _pixels(source: Source, slot: Slot) -> Pixels:
    """What is shown of a picture that goes into a style, uint8 (height, width, 3)."""
    if isinstance(source, Picture):
        return source.raster.pixels
    return slot.image.as_picture().pixels if slot.image is not None else _BLANK
