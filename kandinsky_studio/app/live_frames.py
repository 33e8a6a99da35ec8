"""One live picture: what is handed to the engine's thread, and what is done with it there.

Nothing of it runs in the window's thread. The document is drawn small there, tile by tile and only where it changed.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from kandinsky_studio.app.candidate import Candidate, Cutter
from kandinsky_studio.app.canvas_plan import Outlook, outlook, plan, seen_at
from kandinsky_studio.app.errand import Reports
from kandinsky_studio.app.pauses import Hold
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import State
from kandinsky_studio.document.projection import LEVELS, Projection
from kandinsky_studio.document.surface import Pixels, readable
from kandinsky_studio.engine.request import GenerationRequest, Progress, Stage
from kandinsky_studio.engine.spec import ModelSpec

_LOOKING = Progress(Stage.encoding, 0, 1, 0, 1, 0.0)


@dataclass(eq=False)
class Frame:
    """``state`` is for another thread to read; ``damage`` (None: anywhere) is where it differs from what the sketch
    saw last. ``seen`` is what the button would do, if that is known. ``serial`` counts the changes up to it. With ``again``
    a picture is made even if nothing differs."""

    state: State
    active: int | None
    damage: Rect | None
    request: GenerationRequest
    spec: ModelSpec
    seen: Outlook | None
    serial: int
    again: bool
    begun: bool = False
    stepped_down: bool = False


@dataclass(frozen=True, eq=False)
class Made:
    """What came of a frame: ``candidate`` is None if nothing differs from the picture before. ``seconds`` it took."""

    candidate: Candidate | None
    seen: Outlook
    seconds: float


class Sketch:
    """What lies under the generation frame, as small as the engine needs it; kept from one picture to the next.

    Belongs to the engine's thread.
    """

    def __init__(self) -> None:
        self._projection: Projection | None = None
        self._last: dict[str, Any] | None = None  # the request of the picture before

    def make(self, engine: Any, frame: Frame, reports: Reports, hold: Hold | None = None) -> Made:
        """The picture of ``frame``, made while ``hold`` does not hold it. Raises ``Cancelled``, and what the engine
        does."""
        frame.begun = True
        reports.part(frame)
        begin = time.perf_counter()
        document = Document(frame.state)
        self._take(frame)
        seen = frame.seen or outlook(document, frame.request, frame.spec)

        def see(document: Document, area: Rect, width: int, height: int) -> Pixels:
            return self._see(document, area, width, height, reports, hold)

        made = plan(document, frame.request, frame.spec, see=see, seen=seen)
        reports.progress(_LOOKING)
        asked = made.request.to_json(with_pixels=False)
        if asked == self._last and not frame.again:
            return Made(None, seen, 0.0)

        def on_progress(progress: Progress) -> None:
            frame.stepped_down |= progress.stepped_down
            reports.progress(dataclasses.replace(progress, preview=None))  # the picture itself comes soon enough

        self._last = None
        with _held(hold):
            [result] = engine.generate(made.request, on_progress=on_progress)
        self._last = asked
        candidate = Cutter(made).candidate(result.image, result)
        return Made(candidate, seen, time.perf_counter() - begin)

    def _take(self, frame: Frame) -> None:
        if self._projection is None:
            self._projection = Projection(frame.state)
        self._projection.set_state(frame.state, frame.active, frame.damage)

    def _see(
        self, document: Document, area: Rect, width: int, height: int, reports: Reports, hold: Hold | None
    ) -> Pixels:
        projection = self._projection
        assert projection is not None
        level = projection.level(max(width / area.width, height / area.height))
        if level == 0 or not document.state.canvas.contains(area):
            return seen_at(document, area, width, height)  # nothing is gained by looking at less

        def breathe() -> bool:
            time.sleep(0)  # whoever paints goes first
            if hold is not None:
                hold.wait()
            reports.progress(_LOOKING)
            return False

        projection.refresh(level, area, breathe)
        projection.forget(other for other in range(LEVELS) if other not in (level, 2 if level > 1 else 0))
        scale = 2**level
        corner = area.moved(-projection.area.x, -projection.area.y)
        part = Rect.around(corner.x / scale, corner.y / scale, corner.right / scale, corner.bottom / scale)
        pixels = readable(projection.image(level))[part.y : part.bottom, part.x : part.right]
        small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        ground = 255 - small[..., 3:]  # premultiplied colours never exceed their alpha
        return np.ascontiguousarray((small[..., :3] + ground)[..., ::-1])


def _held(hold: Hold | None) -> AbstractContextManager[None]:
    if hold is None or "torch" not in sys.modules:  # an engine without it has no layers to be held between
        return nullcontext()
    from kandinsky_studio.engine.holding import held

    return held(hold.wait)


def united(a: Rect | None, b: Rect | None) -> Rect | None:
    """Damage that is ``a`` and ``b``."""
    return None if a is None or b is None else a.united(b)
