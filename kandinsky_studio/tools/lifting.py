"""Taking pixels up from a document, showing them elsewhere, and letting them down there as one step."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from kandinsky_studio.document.document import Document, Edit, check_editable
from kandinsky_studio.document.geometry import NOTHING, Key, Rect, united
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.surface import Pixels, Surface, Tile, readable, to_image
from kandinsky_studio.errors import LayerLocked, NoLayer, NoMask, NothingToMove
from kandinsky_studio.tools.base import Desk
from kandinsky_studio.tools.pieces import DraftTile, Piece, Placement, over


class Part(enum.Enum):
    """What of a layer is taken up."""

    CONTENT = "content"  # its pixels with its mask; of what is selected only the pixels, and the selection
    MASK = "mask"
    SELECTION = "selection"  # the outline alone


@dataclass(eq=False)
class Held:
    """A surface of the document, what of it moves, and what stays (None: nothing)."""

    layer: int
    field: str  # of the layer: "pixels" or "mask"
    surface: Surface
    piece: Piece
    left: Surface | None = None
    cover: Piece | None = None

    def landed(self, placement: Placement) -> Surface:
        moved = placement.placed(self.piece)
        if self.left is None:
            return moved
        result = self.left.copy()
        covers = moved if self.cover is None else placement.placed(self.cover)
        for key in covers.tiles:
            under, tile, cover = self.left.tiles.get(key), moved.tiles.get(key), covers.tiles[key]
            if under is None:
                if tile is not None:
                    result.tiles[key] = tile
                continue
            piece = tile.image if tile is not None else placement.tile(self.piece, key)
            image = over(under.image, piece, cover.image if self.cover else None)
            result.tiles[key] = Tile(image)
        return result

    def draft(self, placement: Placement) -> dict[Key, Tile]:
        tiles = dict(self.left.tiles) if self.left else {}
        for key in placement.bounds(self.cover or self.piece).tiles():
            tiles[key] = self._draft_tile(placement, key, tiles.get(key))
        return tiles

    def _draft_tile(self, placement: Placement, key: Key, under: Tile | None) -> Tile:
        piece, cover = self.piece, self.cover
        if under is None:
            return DraftTile(
                self.surface.depth,
                lambda: placement.draft(piece, key),
                lambda: placement.small_draft(piece, key),
            )
        below = under
        return DraftTile(
            self.surface.depth,
            lambda: over(below.image, placement.draft(piece, key), placement.draft(cover, key) if cover else None),
            lambda: over(
                below.quarter, placement.small_draft(piece, key), placement.small_draft(cover, key) if cover else None
            ),
        )


class Lift:
    """What was taken up from ``document``. ``draft`` shows it elsewhere; ``land`` or ``cancel`` ends that."""

    def __init__(self, document: Document, held: list[Held], selection: Piece | None) -> None:
        self.document = document
        self.held = held
        self.selection = selection
        self._edit: Edit | None = None
        self._before: State = document.state
        self._drafts: list[Surface] = []

    @property
    def box(self) -> Rect:
        """What the user sees move; for something that only a mask is taken of, its mask."""
        pixels = [held.piece for held in self.held if held.field == "pixels"]
        whole = united(piece.content for piece in pixels or [held.piece for held in self.held])
        if whole.is_empty and self.selection is not None:
            return self.selection.content
        return whole

    @property
    def is_open(self) -> bool:
        return self._edit is not None

    def open(self, name: str, merge: str = "") -> None:
        """Begin the step; nothing is seen to move yet."""
        self._edit = self.document.edit(name, merge)
        self._before = state = self._edit.state
        self._drafts = [held.surface.copy() for held in self.held]
        for held, draft in zip(self.held, self._drafts, strict=True):
            state = state.with_layer(held.layer, **{held.field: draft})
        if self.selection is not None:
            state = state.changed(selection=None)
        self._seen = [held.piece.content for held in self.held]
        self._edit.set(state, NOTHING)

    def draft(self, placement: Placement) -> None:
        """Show what was taken up at ``placement``; only what somebody looks at is made."""
        assert self._edit is not None
        for number, (held, draft) in enumerate(zip(self.held, self._drafts, strict=True)):
            draft.tiles = held.draft(placement)
            now = placement.bounds(held.cover or held.piece)
            self._edit.touched(draft, self._seen[number].united(now), versions=False)
            self._seen[number] = now

    def land(self, placement: Placement) -> None:
        """Let everything down at ``placement`` and end the step."""
        edit, self._edit = self._edit, None
        assert edit is not None
        with edit:
            state = self._before
            if self.selection is not None:
                moved = placement.placed(self.selection)
                state = state.changed(selection=moved if moved.tiles else None)
            results = [held.landed(placement) for held in self.held]
            edit.set(state, NOTHING)
            for held, result in zip(self.held, results, strict=True):
                edit.replace(held.surface, result)

    def cancel(self) -> None:
        edit, self._edit = self._edit, None
        if edit is not None:
            edit.cancel()


def subject(desk: Desk, part: Part = Part.CONTENT) -> tuple[Layer, Part]:
    """The layer that is meant, and what of it: with the quick mask on the inpaint mask, while masks are edited the
    active layer's mask. Raises ``NoLayer``."""
    layer = desk.document.active
    if desk.quick_mask and part is not Part.SELECTION:
        layer = desk.document.state.of_kind(Kind.INPAINT)
    if layer is None:
        raise NoLayer
    if part is Part.CONTENT and desk.edit_mask and layer.mask is not None:
        part = Part.MASK
    return layer, part


def take_up(document: Document, layer: Layer, part: Part = Part.CONTENT) -> Lift:
    """Take up ``part`` of ``layer``: of a group everything in it, where something is selected only that.

    Changes nothing yet. Raises ``LayerLocked``, ``NothingToMove`` and ``NoMask``.
    """
    state, selection = document.state, document.state.selection
    if part is Part.SELECTION:
        if selection is None:
            raise NothingToMove(layer=layer.name)
        return Lift(document, [], Piece(selection))
    check_editable(state, layer)
    for inside in layer.walk():
        if inside.locked:
            raise LayerLocked(layer=inside.name)
    if part is Part.MASK:
        if layer.mask is None:
            raise NoMask(layer=layer.name)
        held = [Held(layer.id, "mask", layer.mask, Piece(layer.mask.copy()))]
    elif selection is None:
        held = list(_wholes(layer))
    else:
        held = list(_selected(layer, selection))
    if not any(one.piece.surface.tiles for one in held):
        raise NothingToMove(layer=layer.name)
    return Lift(document, held, Piece(selection) if selection is not None and part is Part.CONTENT else None)


def _wholes(layer: Layer) -> Iterator[Held]:
    for inside in layer.walk():
        for field, surface in (("pixels", inside.pixels), ("mask", inside.mask)):
            if surface is not None:
                yield Held(inside.id, field, surface, Piece(surface.copy()))


def _selected(layer: Layer, selection: Surface) -> Iterator[Held]:
    for inside in layer.walk():
        if inside.pixels is not None and inside.visible:
            taken, left = _split(inside.pixels, selection)
            cover = Piece(selection) if inside.kind is Kind.DEPTH else None
            if taken.tiles:
                yield Held(inside.id, "pixels", inside.pixels, Piece(taken), left, cover)


def _split(surface: Surface, selection: Surface) -> tuple[Surface, Surface]:
    """What is selected, and the rest; both together are every bit of ``surface``."""
    taken, left = Surface(surface.depth, surface.default), surface.copy()
    for key, mask in selection.tiles.items():
        tile = surface.tiles.get(key)
        if tile is None:
            continue
        share = readable(mask.image)
        if share.all() and (share == 255).all():
            taken.tiles[key] = tile
            del left.tiles[key]
            continue
        pixels = readable(tile.image)
        part = _times(pixels, share)
        if part.any():
            taken.tiles[key] = Tile(to_image(part))
            left.tiles[key] = Tile(to_image(pixels - part))
    return taken, left


def _times(pixels: Pixels, share: Pixels) -> Pixels:
    if pixels.ndim == 3:
        share = np.asarray(cv2.merge((share, share, share, share)), np.uint8)
    return np.asarray(cv2.multiply(pixels, share, scale=1 / 255), np.uint8)
