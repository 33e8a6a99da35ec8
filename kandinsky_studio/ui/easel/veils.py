"""What lies over the picture without being part of it: the inpaint mask, the depth map, what is not selected."""

from __future__ import annotations

import enum
from collections.abc import Callable

from PySide6.QtGui import QColor

from kandinsky_studio.document.document import Change, Document
from kandinsky_studio.document.geometry import NOTHING, Key, Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.ui.easel.coverage import Coverage, greys, tint


class Look(enum.Enum):
    """How a mask or a selection is shown."""

    HIDDEN = "hidden"
    COLOUR = "colour"  # a tint: of the mask where it is, of a selection where it is not
    ANTS = "ants"  # an edge that walks


class Veils:
    """Keeps the masks of one document at the scale of the view.

    ``mask_look``, ``selection_look``, ``colour`` and ``opacity`` (0 … 1) may be set at any time; call
    :meth:`set_document` afterwards. The depth map is shown while its layer is the active one, with ``depth_shown``
    always; how opaque that layer is says how much of the picture is seen through it. While the mask is ``resting`` it is
    not shown, so that one sees what came of it; painting on it shows it again.
    """

    def __init__(self) -> None:
        self.mask_look = Look.COLOUR
        self.selection_look = Look.ANTS
        self.colour = QColor(255, 0, 0)
        self.opacity = 0.5
        self.depth_shown = False
        self.resting = False
        self._depth_opacity = 1.0
        self.mask: Coverage | None = None
        self.depth: Coverage | None = None
        self.selection: Coverage | None = None
        self._made_of: dict[str, tuple[object, ...]] = {}

    def set_document(self, document: Document | None) -> None:
        """Take what ``document`` has now. What is still the same is kept."""
        if document is None:
            self.mask = self.depth = self.selection = None
            self._made_of.clear()
            return
        state = document.state
        layer = _shown(state, Kind.INPAINT) if self.mask_look is not Look.HIDDEN else None
        self.mask = self._coverage("mask", self.mask, state.canvas, layer)
        depth = _shown(state, Kind.DEPTH)
        if depth is not None and not self.depth_shown and depth.id != document.active_id:
            depth = None
        self._depth_opacity = depth.opacity if depth is not None else 1.0
        self.depth = self._coverage("depth", self.depth, state.canvas, depth)
        self.selection = self._selection(state) if self.selection_look is not Look.HIDDEN else None

    def change(self, document: Document, change: Change) -> Rect | None:
        """The document changed; where that shows, None for anywhere."""
        before = (*self._all(), self._depth_opacity)
        if self.resting and change.mask:
            self.resting = False
            self.set_document(document)
            return None
        if change.state:
            self.set_document(document)
        if (*self._all(), self._depth_opacity) != before:
            return None
        if not change.mask or change.rect is None:
            return NOTHING if not change.mask else self._damage(document.state.canvas)
        return self._damage(change.rect)

    def refresh(self, level: int, visible: Rect, part: Rect, enough: Callable[[], bool]) -> set[Key]:
        """Bring everything up to date at ``part`` of what is ``visible``; the tiles that changed."""
        done: set[Key] = set()
        for coverage in self._all():
            if coverage is not None:
                coverage.show_at(level, visible)
                if not enough():
                    done |= set(coverage.refresh(part, enough))
        return done

    def stale(self, rect: Rect) -> set[Key]:
        """The tiles at ``rect`` where anything is not up to date."""
        return {key for coverage in self._all() if coverage is not None for key in coverage.stale(rect)}

    def tinted(self) -> list[tuple[Coverage, list[int]]]:
        """What is drawn over the picture, the lowest first, each with its table of colours."""
        found: list[tuple[Coverage, list[int]]] = []
        if self.depth is not None:
            found.append((self.depth, greys(self._depth_opacity)))
        if self.selection is not None and self.selection_look is Look.COLOUR:
            found.append((self.selection, tint(self.colour, self.opacity, inverted=True)))
        if self.mask is not None and self.mask_look is Look.COLOUR and not self.resting and not self.mask.is_empty:
            found.append((self.mask, tint(self.colour, self.opacity)))
        return found

    def walking(self) -> list[Coverage]:
        """What has an edge of marching ants."""
        looks = ((self.selection, self.selection_look), (self.mask, Look.HIDDEN if self.resting else self.mask_look))
        return [coverage for coverage, look in looks if coverage is not None and look is Look.ANTS]

    def _all(self) -> tuple[Coverage | None, Coverage | None, Coverage | None]:
        return self.depth, self.selection, self.mask

    def _damage(self, rect: Rect) -> Rect:
        whole = NOTHING
        for coverage in self._all():
            if coverage is not None:
                whole = whole.united(coverage.damage(rect))
        return whole

    def _coverage(self, name: str, old: Coverage | None, canvas: Rect, layer: Layer | None) -> Coverage | None:
        if layer is None or layer.pixels is None:
            return None
        inpaint = layer.kind is Kind.INPAINT
        made_of = (layer.pixels, canvas, layer.grow, layer.feather, layer.inverted)
        if old is not None and self._made_of.get(name) == made_of:
            return old
        self._made_of[name] = made_of
        return Coverage(layer.pixels, canvas, layer if inpaint else None, old)

    def _selection(self, state: State) -> Coverage | None:
        if state.selection is None:
            return None
        old = self.selection
        if old is not None and old.surface is state.selection and old.canvas == state.canvas:
            return old
        return Coverage(state.selection, state.canvas, None, old)


def _shown(state: State, kind: Kind) -> Layer | None:
    layer = state.of_kind(kind)
    if layer is None or not layer.visible or not all(state.layer(id).visible for id in state.parents(layer.id)):
        return None
    return layer
