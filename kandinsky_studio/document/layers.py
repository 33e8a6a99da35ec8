"""What a document is at one moment: values that are never changed, only replaced.

A step of the undo list holds the state before it and the one after it; everything that did not change is shared.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Self

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import Depth, Surface


class Kind(enum.Enum):
    """What a layer is."""

    PIXELS = "pixels"
    GROUP = "group"
    INPAINT = "inpaint"  # what is to be painted anew; never part of the picture
    DEPTH = "depth"  # near is white; never part of the picture


class Label(enum.Enum):
    """The colour that a layer is marked with in the list."""

    NONE = "none"
    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    GREEN = "green"
    BLUE = "blue"
    VIOLET = "violet"
    GREY = "grey"


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer. ``pixels`` is None for groups only; ``children`` are the layers of a group, the lowest first.

    ``mask`` shows where it is 255 and hides where it is 0. ``grow`` (pixels, negative shrinks), ``feather`` (pixels,
    the radius of a soft edge) and ``inverted`` say how an inpaint mask is used; what was painted stays as it is.
    ``origin`` is the request that made the pixels, as JSON, or empty.
    """

    id: int
    kind: Kind
    name: str
    pixels: Surface | None = None
    children: tuple[Layer, ...] = ()
    visible: bool = True
    opacity: float = 1.0
    mode: BlendMode = BlendMode.NORMAL
    isolated: bool = True
    locked: bool = False
    alpha_locked: bool = False
    label: Label = Label.NONE
    mask: Surface | None = None
    mask_enabled: bool = True
    grow: int = 0
    feather: float = 0.0
    inverted: bool = False
    origin: str = ""

    @property
    def in_picture(self) -> bool:
        return self.kind in (Kind.PIXELS, Kind.GROUP)

    def walk(self) -> Iterator[Layer]:
        """This layer and all below it, the lowest first."""
        for child in self.children:
            yield from child.walk()
        yield self

    def surfaces(self) -> Iterator[Surface]:
        for layer in self.walk():
            if layer.pixels is not None:
                yield layer.pixels
            if layer.mask is not None:
                yield layer.mask

    @property
    def bounds(self) -> Rect:
        """Of all tiles of it and of what it holds."""
        whole = self.pixels.bounds if self.pixels else Rect(0, 0, 0, 0)
        for child in self.children:
            whole = whole.united(child.bounds)
        return whole


def new_surface(kind: Kind) -> Surface:
    """An empty one for a layer of this kind."""
    return Surface(Depth.RGBA if kind is Kind.PIXELS else Depth.MASK)


@dataclass(frozen=True, eq=False)
class State:
    """``canvas`` is the part of the plane that is the picture; layers may reach beyond it.

    ``layers`` has the lowest first. ``selection`` is None if nothing is selected, that is, everything may be painted
    on. ``resolution`` is in pixels per inch.
    """

    canvas: Rect
    layers: tuple[Layer, ...] = ()
    selection: Surface | None = None
    resolution: float = 72.0
    extras: dict[str, str] = field(default_factory=dict)  # kept in the file for others; never changed in place

    def walk(self) -> Iterator[Layer]:
        """All layers, the lowest first, what a group holds before the group."""
        for layer in self.layers:
            yield from layer.walk()

    def find(self, id: int) -> Layer | None:
        return next((layer for layer in self.walk() if layer.id == id), None)

    def layer(self, id: int) -> Layer:
        """Raises ``KeyError`` if there is none."""
        found = self.find(id)
        if found is None:
            raise KeyError(id)
        return found

    def of_kind(self, kind: Kind) -> Layer | None:
        """The highest layer of this kind."""
        found = [layer for layer in self.walk() if layer.kind is kind]
        return found[-1] if found else None

    def siblings(self, id: int | None) -> tuple[Layer, ...]:
        """The layers in the group ``id``; on the lowest floor for None."""
        return self.layers if id is None else self.layer(id).children

    def place(self, id: int) -> tuple[int | None, int]:
        """The group that the layer ``id`` is in (None: none) and its number in it. Raises ``KeyError``."""

        def look(layers: tuple[Layer, ...], parent: int | None) -> tuple[int | None, int] | None:
            for number, layer in enumerate(layers):
                if layer.id == id:
                    return parent, number
                if found := look(layer.children, layer.id):
                    return found
            return None

        found = look(self.layers, None)
        if found is None:
            raise KeyError(id)
        return found

    def parents(self, id: int) -> list[int]:
        """The groups around the layer ``id``, the innermost first."""
        around = []
        parent = self.place(id)[0]
        while parent is not None:
            around.append(parent)
            parent = self.place(parent)[0]
        return around

    def changed(self, **values: object) -> Self:
        """A state with other values for some fields."""
        return replace(self, **values)  # type: ignore[arg-type]

    def with_layer(self, id: int, **values: object) -> Self:
        """A state whose layer ``id`` has other values. Raises ``KeyError``."""
        self.layer(id)
        return self._mapped(lambda layer: replace(layer, **values) if layer.id == id else layer)  # type: ignore[arg-type]

    def inserted(self, layer: Layer, parent: int | None = None, number: int | None = None) -> Self:
        """A state with ``layer`` as number ``number`` (on top if not given) in the group ``parent``."""

        def put(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
            at = len(layers) if number is None else number
            return (*layers[:at], layer, *layers[at:])

        if parent is None:
            return replace(self, layers=put(self.layers))
        return self.with_layer(parent, children=put(self.layer(parent).children))

    def without(self, id: int) -> Self:
        """A state without the layer ``id`` and what it holds. Raises ``KeyError``."""
        self.layer(id)

        def drop(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
            kept = []
            for layer in layers:
                if layer.id != id:
                    children = drop(layer.children)
                    same = len(children) == len(layer.children) and all(map(_is, children, layer.children))
                    kept.append(layer if same else replace(layer, children=children))
            return tuple(kept)

        return replace(self, layers=drop(self.layers))

    def relocated(self, id: int, parent: int | None, number: int) -> Self:
        """A state where the layer ``id`` is number ``number`` in ``parent``, counted without the layer itself.

        Raises ``ValueError`` if a group would come to lie in itself.
        """
        layer = self.layer(id)
        if parent is not None and any(inside.id == parent for inside in layer.walk()):
            raise ValueError("a group can't lie in itself")
        return self.without(id).inserted(layer, parent, number)

    def snapshot(self) -> Self:
        """The same layers over surfaces of their own, which share their tiles: for another thread to read.

        No edit may be open: its tiles are still being painted on; see ``Document.snapshot``.
        """
        copies = self._mapped(
            lambda layer: replace(
                layer, pixels=layer.pixels and layer.pixels.copy(), mask=layer.mask and layer.mask.copy()
            )
        )
        return replace(copies, selection=self.selection and self.selection.copy())

    def surfaces(self) -> Iterator[Surface]:
        for layer in self.layers:
            yield from layer.surfaces()
        if self.selection is not None:
            yield self.selection

    def _mapped(self, change: Callable[[Layer], Layer]) -> Self:
        def walk(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
            done = []
            for layer in layers:
                children = walk(layer.children)
                if not all(map(_is, children, layer.children)):
                    layer = replace(layer, children=children)
                done.append(change(layer))
            return tuple(done)

        return replace(self, layers=walk(self.layers))


def _is(a: object, b: object) -> bool:
    return a is b
