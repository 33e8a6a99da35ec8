"""The frame: the part of the plane that is generated. It is kept with the document, and may reach beyond the canvas."""

from __future__ import annotations

from kandinsky_studio.document.document import Document, check_size
from kandinsky_studio.document.geometry import NOTHING, Rect
from kandinsky_studio.document.layers import State
from kandinsky_studio.errors import QT_TRANSLATE_NOOP

_KEY = "generation_frame"  # in the document's extras: "x y width height"


def frame_of(state: State) -> Rect | None:
    """The frame in pixels of the document; None if it is the whole canvas, wherever that lies."""
    try:
        x, y, width, height = map(int, state.extras.get(_KEY, "").split())
    except ValueError:
        return None
    frame = Rect(x, y, width, height)
    if frame == state.canvas or frame.intersected(state.canvas).is_empty:
        return None  # the canvas may have been cropped since, or moved
    return frame


def generated_area(state: State) -> Rect:
    """What is generated: the frame, else the canvas."""
    return frame_of(state) or state.canvas


def set_frame(document: Document, frame: Rect | None, merge: str = "") -> bool:
    """Generate in ``frame``, or on the whole canvas. A step; False if nothing changes. Raises ``SizeTooLarge``."""
    state = document.state
    if frame is not None:
        whole = frame.united(state.canvas)
        check_size(whole.width, whole.height)
        if frame.intersected(state.canvas).is_empty or frame == state.canvas:
            frame = None
    if frame == frame_of(state):
        return False
    extras = {key: value for key, value in state.extras.items() if key != _KEY}
    if frame is not None:
        extras[_KEY] = " ".join(map(str, frame))
    document.change(QT_TRANSLATE_NOOP("steps", "Generation frame"), state.changed(extras=extras), merge, NOTHING)
    return True
