"""The interpolation strip: pictures on the way from one thing to another, all from the same noise.

Each frame is an errand of its own, asked for when the one before is there, so that jobs and the drafts of other tools
come in between. Frames live here until they are chosen or exported: then the gallery keeps them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from kandinsky_studio.app.canvas_plan import plan
from kandinsky_studio.app.editor import Sheet
from kandinsky_studio.app.errand import Errand
from kandinsky_studio.app.gallery import Item
from kandinsky_studio.app.making import Maker, Means, picture_of
from kandinsky_studio.app.mix_slots import Source, Words, layers_in, without
from kandinsky_studio.app.mixing import Mixing
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult
from kandinsky_studio.errors import StudioError

FEWEST, MOST = 3, 31  # frames that are made at once
LONGEST = 121  # frames, with those that were put between
_TOPIC = "strip"


@dataclasses.dataclass(eq=False)
class Frame:
    """A picture of the strip, ``share`` (0 … 1) of the way. ``result`` is None until it is made, ``item`` until the
    gallery has it."""

    share: float
    request: GenerationRequest
    result: GenerationResult | None = None
    progress: float = 0.0
    kept: bool = False
    item: Item | None = None


class Strip(Maker):
    """``ends_changed``: another thing at an end; ``frames_changed``: there are others; ``frame_changed``: one of them
    is further, or finished; ``changed``: anything else."""

    ends_changed = Signal()
    frames_changed = Signal()
    frame_changed = Signal(object)  # Frame
    changed = Signal()

    def __init__(self, means: Means, mixing: Mixing, parent: QObject | None = None) -> None:
        super().__init__(means, parent)
        self._mixing = mixing
        self._ends: list[Source | None] = [None, None]
        self._made_of: tuple[Source, Source] | None = None  # the ends of the frames that are there
        self._count = 7
        self._spherical = False
        self._frames: list[Frame] = []
        self._current: Frame | None = None  # the one that is being made
        self._wanted: Frame | None = None  # to be looked at once the gallery has it
        self._gallery.added.connect(self._saved)
        self._gallery.removed.connect(self._removed)
        mixing.changed.connect(self.changed)
        self._settings.changed.connect(self.changed)
        self._editor.sheet_changed.connect(self.changed)
        self._editor.closed.connect(self._document_closed)

    # ------------------------------------------------------------------ what is there

    @property
    def ends(self) -> tuple[Source | None, Source | None]:
        return self._ends[0], self._ends[1]

    @property
    def frames(self) -> Sequence[Frame]:
        """In the order of the way, those that are still to be made among them."""
        return tuple(self._frames)

    @property
    def count(self) -> int:
        """How many are made at once."""
        return self._count

    @property
    def spherical(self) -> bool:
        return self._spherical

    @property
    def able(self) -> bool:
        """Whether the chosen model can mix."""
        return self._mixing.able

    @property
    def ready(self) -> bool:
        """Whether both ends are there, for a model that mixes."""
        return self.able and all(end is not None and not _empty(end) for end in self._ends)

    @property
    def busy(self) -> bool:
        """Whether frames are being made."""
        return self._current is not None

    @property
    def made(self) -> int:
        """How many are finished."""
        return sum(frame.result is not None for frame in self._frames)

    # ------------------------------------------------------------------ the ends

    def set_end(self, number: int, source: Source | None) -> None:
        """Put something at the beginning (0) or the end (1)."""
        self._ends[number] = source
        self.ends_changed.emit()
        self.changed.emit()

    def add(self, source: Source) -> None:
        """Put something where nothing is yet, else at the end."""
        self.set_end(0 if self._ends[0] is None else 1, source)

    def swap(self) -> None:
        """Turn the way round."""
        self._ends.reverse()
        self.ends_changed.emit()
        self.changed.emit()

    def take_mix(self) -> None:
        """The first two of the mix, mixed the way the mix is."""
        slots = [slot.source for slot in self._mixing.slots if not slot.negative and not _empty(slot.source)]
        for number, source in enumerate(slots[:2]):
            self._ends[number] = source
        self._spherical = self._mixing.spherical
        self.ends_changed.emit()
        self.changed.emit()

    def set_count(self, count: int) -> None:
        self._count = min(max(count, FEWEST), MOST)
        self.changed.emit()

    def set_spherical(self, spherical: bool) -> None:
        self._spherical = spherical
        self.changed.emit()

    # ------------------------------------------------------------------ making

    def make(self) -> None:
        """Make all frames, in place of those that are there."""
        first, last = self._ends
        if not self.ready or first is None or last is None:
            return
        self.cancel()
        try:
            request = self._request(first, last)
            self._models.check(request)
        except StudioError as error:
            self._messages.error(error)
            return
        self._made_of = (first, last)
        steps = self._count - 1
        self._frames = [Frame(step / steps, one) for step, one in enumerate(request.between(self._count))]
        self.frames_changed.emit()
        self._next()

    def can_refine(self, frame: Frame) -> bool:
        """Whether there is a neighbour after ``frame`` and room for a frame before it."""
        number = self._frames.index(frame) if frame in self._frames else len(self._frames)
        return number + 1 < len(self._frames) < LONGEST

    def refine(self, frame: Frame, count: int = 1) -> None:
        """Put ``count`` frames between ``frame`` and the one after it."""
        if not self.can_refine(frame):
            return
        number = self._frames.index(frame)
        start, end = frame.share, self._frames[number + 1].share
        shares = [start + (end - start) * step / (count + 1) for step in range(1, count + 1)]
        self._frames[number + 1 : number + 1] = [Frame(share, _at(frame.request, share)) for share in shares]
        self.frames_changed.emit()
        if self._current is None:
            self._next()

    def cancel(self) -> None:
        """Make no more of them; those that are finished stay."""
        self._current = None
        self._worker.forget(_TOPIC)
        self._frames = [frame for frame in self._frames if frame.result is not None]
        self.frames_changed.emit()
        self.changed.emit()

    def _request(self, first: Source, last: Source) -> GenerationRequest:
        """What the frames have in common, at the size of the canvas's frame if there is one. The seeds are those of
        the settings, which stay while nothing else is made. Raises ``StudioError`` if something at an end is gone."""
        settings = self._generation.worded(self._settings.request())
        words, _ = layers_in(settings.prompt)
        slots = [end.slot(settings.model, 1.0, False) for end in (first, last)]
        request = self._mixing.mixed(
            dataclasses.replace(settings, prompt=words, num_images_per_prompt=1),
            [*slots, *self._mixing.avoided(settings.model)],
        )
        request = dataclasses.replace(request, spherical=self._spherical)
        sheet = self._editor.sheet
        return request if sheet is None else plan(sheet.document, request, self._models.spec(request.model)).request

    def _next(self) -> None:
        """Ask for the frame that is farthest from all that are made: the ends, the middle, and so on."""
        made = [frame.share for frame in self._frames if frame.result is not None]
        waiting = [frame for frame in self._frames if frame.result is None]
        self._current = frame = max(
            waiting,
            key=lambda one: (min((abs(one.share - share) for share in made), default=-one.share), -one.share),
            default=None,
        )
        self.changed.emit()
        if frame is None:
            return

        def done(result: GenerationResult) -> None:
            frame.result = result
            self.frame_changed.emit(frame)
            if self._current is frame:
                self._next()

        def failed(error: StudioError) -> None:
            self._messages.error(error, passing=True)
            if self._current is frame:
                self.cancel()

        def progress(how: Any) -> None:
            frame.progress = how.fraction
            self.frame_changed.emit(frame)

        def dropped() -> None:
            if self._current is frame:
                self.cancel()

        do, model = picture_of(frame.request), frame.request.model
        self._worker.ask(Errand(_TOPIC, model, do, done, failed, progress=progress, dropped=dropped))

    # ------------------------------------------------------------------ using

    def use_on_canvas(self, frame: Frame) -> None:
        """Let it wait over the document in front as a candidate; the gallery keeps it."""
        if frame.result is not None and self._editor.sheet is not None:
            self._keep([frame])
            self._candidates.offer(frame.result)

    def open(self, frame: Frame) -> None:
        """Look at it; the gallery keeps it."""
        if frame.item is not None:
            self._easel.show(frame.item)
        elif frame.result is not None:
            self._wanted = frame
            self._easel.show_pixels(frame.result.image, frame.result.request)
            self._keep([frame])

    def use_in_mix(self, frame: Frame) -> None:
        """Mix the ends as this frame does; what the mix leads away from stays."""
        if self._made_of is not None:
            first, last = self._made_of
            self._mixing.take_over([(first, 1 - frame.share), (last, frame.share)])
            self._mixing.set_spherical(frame.request.spherical)

    def _keep(self, frames: Iterable[Frame]) -> None:
        for frame in frames:
            if frame.result is not None and not frame.kept:
                frame.kept = True
                self._gallery.keep(frame.result)

    def to_export(self) -> list[GenerationResult]:
        """What is made, in order; the gallery keeps all of it."""
        self._keep(self._frames)
        return [frame.result for frame in self._frames if frame.result is not None]

    # ------------------------------------------------------------------ what happens

    @Slot(object)
    def _saved(self, item: Item) -> None:
        for frame in self._frames:
            if frame.kept and frame.item is None and frame.request == item.request:
                frame.item = item
                if self._wanted is frame and self._easel.request == item.request:
                    self._easel.show(item)
                self._wanted = None if self._wanted is frame else self._wanted

    @Slot(object)
    def _removed(self, item: Item) -> None:
        """One that was thrown away is kept again when it is used again."""
        for frame in self._frames:
            if item.is_same(frame.item):
                frame.item, frame.kept = None, False

    @Slot(object)
    def _document_closed(self, sheet: Sheet) -> None:
        """What was taken from a document stays as it was last; what was nothing goes."""
        for number, end in enumerate(self._ends):
            if end is not None and end.sheet is sheet:
                self._ends[number] = without(sheet, end)
        if self._made_of is not None:
            first, last = (without(sheet, end) for end in self._made_of)
            self._made_of = None if first is None or last is None else (first, last)
        self.ends_changed.emit()
        self.changed.emit()


def _empty(source: Source) -> bool:
    return isinstance(source, Words) and not source.text.strip()


def _at(request: GenerationRequest, share: float) -> GenerationRequest:
    """A frame's request, as :meth:`GenerationRequest.between` makes them, for another ``share`` of the way."""
    ends = [slot for slot in request.slots if not slot.negative]
    negative = [slot for slot in request.slots if slot.negative]
    weighted = (dataclasses.replace(end, weight=w) for end, w in zip(ends, (1 - share, share), strict=True))
    return dataclasses.replace(request, slots=(*weighted, *negative))
