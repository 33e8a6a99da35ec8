"""What all tools that select have in common: how a new selection meets the old one, and moving its outline."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from math import ceil, hypot

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath

from kandinsky_studio.document import masks, selection_operations
from kandinsky_studio.document.document import Document, Edit
from kandinsky_studio.document.geometry import NOTHING, Rect
from kandinsky_studio.document.masks import Combine
from kandinsky_studio.document.surface import Depth, Surface
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Desk, Ink, Mark, Option, Pointer, Tool, combining

CLICK = 3.0  # pixels of the screen that a pointer may go and still be clicking

COMBINE = Option(
    "combine",
    QT_TRANSLATE_NOOP("tools", "Mode"),
    "choice",
    choices=(
        (Combine.REPLACE, QT_TRANSLATE_NOOP("tools", "New selection")),
        (Combine.ADD, QT_TRANSLATE_NOOP("tools", "Add")),
        (Combine.SUBTRACT, QT_TRANSLATE_NOOP("tools", "Subtract")),
        (Combine.INTERSECT, QT_TRANSLATE_NOOP("tools", "Intersect")),
    ),
)
FEATHER = Option("feather", QT_TRANSLATE_NOOP("tools", "Feather"), maximum=250, unit="px", decimals=1, logarithmic=True)
ANTIALIAS = Option("antialias", QT_TRANSLATE_NOOP("tools", "Smooth edges"), "switch")


def select(document: Document, name: str, mask: Surface, how: Combine = Combine.REPLACE) -> bool:
    """Let what of ``mask`` is on the canvas meet the selection, as one step. False if that changes nothing."""
    canvas = document.state.canvas
    if not canvas.contains(mask.bounds):
        area = mask.bounds.intersected(canvas)
        mask = Surface(Depth.MASK) if area.is_empty else Surface.from_array(mask.array(area), area.x, area.y)
    return selection_operations.select(document, mask, name, how)


def filled(path: QPainterPath, canvas: Rect, antialias: bool = True, feather: float = 0.0) -> Surface:
    """A mask of what lies inside ``path`` (pixels of the document), soft over ``feather`` pixels; cut at the canvas.

    A shape that goes on beyond the canvas does not fade at the canvas's edge.
    """
    limit = canvas.expanded(ceil(feather) + 1 if feather > 0 else 0)
    return masks.feathered(masks.from_path(path, antialias, limit), feather, canvas)


def outline(mask: Surface) -> QPainterPath:
    """The border of what is at least half selected, in pixels of the document."""
    area = mask.content
    return masks.outline(mask.array(area)).translated(area.x, area.y)


def went(start: Pointer, now: Pointer) -> bool:
    """Whether the pointer was dragged: a hand is never quite still when it clicks."""
    return hypot(now.x - start.x, now.y - start.y) * now.scale >= CLICK


class HeldKeys:
    """Shift and Alt after the press. A key that chose how to combine means nothing else until it was let go once."""

    def __init__(self, pointer: Pointer, spent: bool) -> None:
        self._shift_spent = spent and pointer.shift
        self._alt_spent = spent and pointer.alt

    def read(self, pointer: Pointer) -> tuple[bool, bool]:
        """Whether the shape shall be as wide as high, and whether it shall lie around where it began."""
        self._shift_spent &= pointer.shift
        self._alt_spent &= pointer.alt
        return pointer.shift and not self._shift_spent, pointer.alt and not self._alt_spent


class SelectionTool(Tool):
    """Begins a selection at a press, or moves the outline of the one that is there.

    A subclass says what it does with ``started``, ``dragged``, ``ended`` (the pointer was dragged), ``clicked`` (it was
    not) and ``dropped``.
    """

    combine: Combine = Combine.REPLACE
    feather: float = 0.0
    antialias: bool = True

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._pressed: Pointer | None = None
        self._went = False
        self._how = Combine.REPLACE
        self._keys: HeldKeys | None = None
        self._carried: _Carried | None = None
        self._carrying = False

    @abstractmethod
    def started(self, pointer: Pointer) -> None:
        """A gesture began that is not about the outline."""

    @abstractmethod
    def dragged(self, pointer: Pointer, square: bool, centred: bool) -> None:
        """The pointer goes on; ``square`` and ``centred`` are what the held keys ask for."""

    @abstractmethod
    def ended(self, pointer: Pointer) -> None:
        """The drag is over: make the selection."""

    @abstractmethod
    def dropped(self) -> None:
        """Forget the gesture."""

    def clicked(self, pointer: Pointer) -> None:
        """The pointer was pressed and let go at one place. Without keys and modes that means: select nothing."""
        self.dropped()
        if self._how is Combine.REPLACE:
            selection_operations.deselect(self.document)

    def finish_with(self, name: str, mask: Surface) -> None:
        """Let ``mask`` meet the selection in the way that was chosen at the press."""
        select(self.document, name, mask, self._how)

    def press(self, pointer: Pointer) -> None:
        selection = self.document.state.selection
        self._how = self.combine if selection is None else combining(pointer, self.combine)
        self._pressed, self._went = pointer, False
        self._keys = HeldKeys(pointer, selection is not None)
        self._carrying = (
            selection is not None
            and self._how is Combine.REPLACE
            and not self.busy
            and selection.pixel(int(pointer.x // 1), int(pointer.y // 1))[0] >= 128
        )
        if not self._carrying:
            self.started(pointer)
        self.desk.overlay_changed()

    def move(self, pointer: Pointer) -> None:
        if self._pressed is None or self._keys is None:
            return
        square, centred = self._keys.read(pointer)
        self._went = self._went or went(self._pressed, pointer)
        if not self._carrying:
            self.dragged(pointer, square, centred)
        elif self._went:
            if self._carried is None:
                self._carried = _Carried(self.document)
            self._carried.to(pointer.x - self._pressed.x, pointer.y - self._pressed.y, square)
        self.desk.overlay_changed()

    def release(self, pointer: Pointer) -> None:
        if self._pressed is None:
            return
        self.move(pointer)
        carried, carrying, self._carried, self._carrying = self._carried, self._carrying, None, False
        self._pressed = None
        if carried is not None:
            carried.land()
        elif self._went and not carrying:
            self.ended(pointer)
        else:
            self.clicked(pointer)
        self.desk.overlay_changed()

    def cancel(self) -> None:
        if self._carried is not None:
            self._carried.cancel()
        self._carried, self._carrying, self._pressed = None, False, None
        self.dropped()
        self.desk.overlay_changed()

    def shape(self) -> QPainterPath | None:
        """What is being selected."""
        return None

    def overlay(self) -> Sequence[Mark]:
        if self._carried is not None:
            return [Mark(self._carried.path, Ink.ANTS)]
        shape = self.shape()
        return [Mark(shape, Ink.ANTS)] if shape is not None else []


class _Carried:
    """A selection whose outline is being moved. Nothing is selected meanwhile, so that it is not seen twice."""

    def __init__(self, document: Document) -> None:
        assert document.state.selection is not None
        self._selection = document.state.selection
        self._outline = outline(self._selection)
        self._by = (0, 0)
        self._edit: Edit = document.edit(QT_TRANSLATE_NOOP("steps", "Move the selection"))
        self._before = self._edit.state
        self._edit.set(self._before.changed(selection=None), NOTHING)

    @property
    def path(self) -> QPainterPath:
        return self._outline.translated(QPointF(*self._by))

    def to(self, dx: float, dy: float, straight: bool) -> None:
        if straight:
            dx, dy = (dx, 0.0) if abs(dx) >= abs(dy) else (0.0, dy)
        self._by = round(dx), round(dy)

    def land(self) -> None:
        if self._by == (0, 0):
            self._edit.cancel()
        else:
            self._edit.set(self._before.changed(selection=self._selection.moved(*self._by)), NOTHING)
            self._edit.commit()

    def cancel(self) -> None:
        self._edit.cancel()
