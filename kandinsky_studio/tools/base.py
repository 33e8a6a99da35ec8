"""What a tool is, and what it is given.

To add a tool: one file with a subclass of :class:`Tool`, one line in ``TOOLS``, one command ``tool.<id>`` with its
keys, one icon of the same name.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainterPath

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.masks import Combine


@dataclass(frozen=True)
class Pointer:
    """Where the pen or mouse is, in pixels of the document, and what is held.

    ``pressure`` is 0 … 1 (1 for a mouse), ``tilt_x`` and ``tilt_y`` are degrees from upright, ``time`` is in seconds of
    any clock, ``scale`` is screen pixels per pixel of the document, ``rotation`` the view's in degrees. ``shift``,
    ``alt`` and ``control`` are the keys held.
    """

    x: float
    y: float
    pressure: float = 1.0
    tilt_x: float = 0.0
    tilt_y: float = 0.0
    time: float = 0.0
    scale: float = 1.0
    rotation: float = 0.0
    shift: bool = False
    alt: bool = False
    control: bool = False
    eraser: bool = False  # the pen's other end
    pen: bool = False

    @property
    def point(self) -> QPointF:
        return QPointF(self.x, self.y)


class Ink(enum.Enum):
    """How a piece of an overlay is drawn by the view, the same on every ground."""

    LINE = "line"  # thin, dark with a light edge
    DASHED = "dashed"
    ANTS = "ants"
    FRAME = "frame"  # of a transformation: accented, with its handles
    HANDLE = "handle"  # a small square around the path's ``currentPosition()``, of a size on the screen
    SHADE = "shade"  # what lies inside is darkened


@dataclass(frozen=True)
class Mark:
    """A piece of an overlay: a path in pixels of the document."""

    path: QPainterPath
    ink: Ink = Ink.LINE


@dataclass(frozen=True)
class Option:
    """A setting of a tool, as the bar of options shows it. ``attribute`` is the name of the tool's attribute.

    ``kind`` is one of ``number``, ``switch``, ``choice``, ``curve``, ``button`` (``attribute`` is then a method).
    ``title`` and ``choices`` (value, title) are English source texts in the context ``tools``. ``unit`` is shown behind
    a number; ``logarithmic`` numbers have a slider that gives small values more room.
    """

    attribute: str
    title: str
    kind: str = "number"
    minimum: float = 0.0
    maximum: float = 1.0
    decimals: int = 0
    unit: str = ""
    factor: float = 1.0  # shown value = value × factor, so that 0 … 1 can be shown as per cent
    logarithmic: bool = False
    choices: tuple[tuple[Any, str], ...] = ()
    folded: bool = False  # behind "more"


@dataclass(eq=False)
class Desk:
    """What tools share: the document, the colours, and a way to say something.

    ``foreground`` and ``background`` are opaque colours. ``say`` shows one sentence (an English source text in the
    context ``tools``) without interrupting; ``view`` is what tools that move the view may call.
    """

    document: Document
    foreground: QColor = field(default_factory=lambda: QColor(0, 0, 0))
    background: QColor = field(default_factory=lambda: QColor(255, 255, 255))
    colours_changed: Callable[[], None] = lambda: None
    say: Callable[[str], None] = lambda text: None
    fail: Callable[[Exception], None] = lambda error: None  # a StudioError that the user should see
    overlay_changed: Callable[[], None] = lambda: None
    options_changed: Callable[[], None] = lambda: None  # a tool gave its options other values by itself
    view: View | None = None
    quick_mask: bool = False  # painting tools paint the inpaint mask instead of the active layer
    edit_mask: bool = False  # painting tools paint the active layer's mask, if it has one, instead of its pixels


class View(ABC):
    """What the tools that move the view may do with it."""

    @abstractmethod
    def pan(self, dx: float, dy: float) -> None:
        """By pixels of the screen."""

    @abstractmethod
    def zoom_at(self, point: QPointF, factor: float) -> None:
        """Keep ``point`` (pixels of the document) where it is."""

    @abstractmethod
    def rotate_to(self, degrees: float) -> None: ...

    @abstractmethod
    def screen_point(self, point: QPointF) -> QPointF:
        """Where ``point`` of the document is on the screen."""

    @property
    @abstractmethod
    def centre(self) -> QPointF:
        """The middle of what is seen, in pixels of the screen; it stays where it is when the view is rotated."""


class Tool(ABC):
    """Edits a document by a pointer. One object per tool and window; it keeps its options while the program runs.

    A gesture is ``press``, any number of ``move``, then ``release`` or ``cancel``. Between gestures ``hover`` follows
    the pointer. ``finish`` ends what goes on across gestures (a transformation, a polygon), for good; ``abandon`` drops
    it. While a tool is ``busy`` a step may be open: whoever wants to change the document by other means, or gives the
    desk another document or the pointer another tool, calls ``finish`` first. Whatever a tool changes, it changes
    through ``desk.document.edit``. A tool that cannot work here raises a ``StudioError`` from ``press`` and has changed
    nothing.
    """

    id: ClassVar[str]
    title: ClassVar[str]  # English source text in the context ``tools``
    hint: ClassVar[str] = ""  # one sentence for the status bar: what the keys do meanwhile
    options: ClassVar[Sequence[Option]] = ()
    cursor: ClassVar[str] = "cross"  # "brush" (a circle of ``cursor_size``), "cross", "hand", "zoom", "move", "picker"
    paints: ClassVar[bool] = False  # Alt or Ctrl turns it into the colour picker while it is held

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @property
    def document(self) -> Document:
        return self.desk.document

    @property
    def cursor_size(self) -> float:
        """Diameter in pixels of the document, for the cursor ``brush``."""
        return 0.0

    @property
    def busy(self) -> bool:
        """Whether something goes on across gestures: Enter finishes it, Esc drops it."""
        return False

    @abstractmethod
    def press(self, pointer: Pointer) -> None: ...

    @abstractmethod
    def move(self, pointer: Pointer) -> None: ...

    @abstractmethod
    def release(self, pointer: Pointer) -> None: ...

    def cancel(self) -> None:
        """Take back the gesture that goes on."""

    def hover(self, pointer: Pointer) -> None:
        """The pointer moves with nothing pressed."""

    def double_click(self, pointer: Pointer) -> None:
        """Comes after the second ``press`` and ``release``."""

    def begin(self) -> None:
        """The tool was chosen: what can be shown without a gesture is shown."""

    def take_back(self) -> None:
        """Backspace: take back the last piece of what goes on across gestures."""

    def finish(self) -> None:
        """End what goes on across gestures and keep it."""

    def abandon(self) -> None:
        """Drop what goes on across gestures."""

    def overlay(self) -> Sequence[Mark]:
        """What is drawn over the picture now."""
        return ()


def combining(pointer: Pointer, otherwise: Combine) -> Combine:
    """What the held keys say about a new selection: Shift adds, Alt takes away, both intersect."""
    if pointer.shift and pointer.alt:
        return Combine.INTERSECT
    if pointer.shift:
        return Combine.ADD
    if pointer.alt:
        return Combine.SUBTRACT
    return otherwise
