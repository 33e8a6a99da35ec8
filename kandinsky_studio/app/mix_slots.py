"""What a slot of a mix can hold: words, a picture, a pigment, or a part of a document that is still painted on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QImage

from kandinsky_studio.app import mix_pictures
from kandinsky_studio.app.images import to_image
from kandinsky_studio.app.sheet import Sheet
from kandinsky_studio.document.layers import Layer, State
from kandinsky_studio.document.naming import kind_name
from kandinsky_studio.document.surface import Pixels, Surface
from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, NothingOnLayer, NothingSelected, UnknownLayer
from kandinsky_studio.storage.pigments import Pigment

_LAYER = re.compile(r"\s*<layer:([^<>]*)>", re.IGNORECASE)
_SELECTION = QT_TRANSLATE_NOOP("Mixing", "Selection")


class Source(Protocol):
    """``sheet`` is the document that it is taken from when a picture is made, None if it needs none."""

    @property
    def sheet(self) -> Sheet | None: ...

    def title(self) -> str:
        """What it is called, in the language of the window."""

    def picture(self) -> QImage | None:
        """What it looks like now; None if it is words, or gone."""

    def slot(self, model: str, weight: float, negative: bool) -> Slot:
        """It as an ingredient for ``model``. Raises ``InvalidRequest`` if there is nothing of it any more."""


@dataclass(frozen=True)
class Words:
    """A prompt of its own."""

    text: str
    sheet: None = None

    def title(self) -> str:
        return self.text

    def picture(self) -> QImage | None:
        return None

    def slot(self, model: str, weight: float, negative: bool) -> Slot:
        return Slot(prompt=self.text.strip(), weight=weight, negative=negative)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that does not change. ``idea`` is what it was drawn from by ``drawn_by``, if that is known: the model
    that drew it takes its idea in place of looking at the picture."""

    name: str
    raster: Raster
    idea: SavedEmbedding | None = None
    drawn_by: str = ""
    sheet: None = None

    def title(self) -> str:
        return self.name

    def picture(self) -> QImage | None:
        return to_image(self.raster.pixels)

    def slot(self, model: str, weight: float, negative: bool) -> Slot:
        if self.idea is not None and self.drawn_by == model:
            return Slot(embedding=self.idea, weight=weight, negative=negative)
        return Slot(image=self.raster, weight=weight, negative=negative)


@dataclass(frozen=True, eq=False)
class OfPalette:
    """A pigment; it stays what it is here when it is renamed or thrown away."""

    pigment: Pigment
    sheet: None = None

    def title(self) -> str:
        return self.pigment.name

    def picture(self) -> QImage | None:
        return None if self.pigment.picture is None else to_image(self.pigment.picture)

    def slot(self, model: str, weight: float, negative: bool) -> Slot:
        return Slot(embedding=self.pigment.embedding, weight=weight, negative=negative)


@dataclass(frozen=True, eq=False)
class OfLayer:
    """What is on a layer when the picture is made."""

    sheet: Sheet
    id: int

    def title(self) -> str:
        layer = self.sheet.document.state.find(self.id)
        return "—" if layer is None else name_of(layer)

    def pixels(self) -> Pixels | None:
        """Uint8 (height, width, 3); None if there is nothing on it, or it is gone."""
        layer = self.sheet.document.state.find(self.id)
        return None if layer is None else mix_pictures.of_layer(self.sheet.document, layer)

    def picture(self) -> QImage | None:
        layer = self.sheet.document.state.find(self.id)
        pixels = None if layer is None else mix_pictures.of_layer(self.sheet.document, layer, small=True)
        return None if pixels is None else to_image(pixels)

    def slot(self, model: str, weight: float, negative: bool) -> Slot:
        if self.sheet.document.state.find(self.id) is None:
            raise UnknownLayer(layer=self.title())
        pixels = self.pixels()
        if pixels is None:
            raise NothingOnLayer(layer=self.title())
        return Slot(image=Raster(pixels), weight=weight, negative=negative)


@dataclass(frozen=True, eq=False)
class OfSelection:
    """What is seen in a part of the canvas when the picture is made; the part is what was selected once."""

    sheet: Sheet
    mask: Surface

    def title(self) -> str:
        return QCoreApplication.translate("Mixing", _SELECTION)

    def pixels(self) -> Pixels | None:
        """Uint8 (height, width, 3); None if nothing can be seen there."""
        return mix_pictures.of_selection(self.sheet.document, self.mask)

    def picture(self) -> QImage | None:
        pixels = mix_pictures.of_selection(self.sheet.document, self.mask, small=True)
        return None if pixels is None else to_image(pixels)

    def slot(self, model: str, weight: float, negative: bool) -> Slot:
        pixels = self.pixels()
        if pixels is None:
            raise NothingSelected
        return Slot(image=Raster(pixels), weight=weight, negative=negative)


def without(sheet: Sheet, source: Source) -> Source | None:
    """``source`` as it stays when ``sheet`` is closed: a picture of what it was last; None if that was nothing."""
    if source.sheet is not sheet:
        return source
    pixels = source.pixels() if isinstance(source, (OfLayer, OfSelection)) else None
    return None if pixels is None else Picture(source.title(), Raster(pixels))


def name_of(layer: Layer) -> str:
    """What a layer is called."""
    return layer.name or kind_name(layer.kind)


def layers_in(prompt: str) -> tuple[str, list[str]]:
    """The words of ``prompt`` without its ``<layer:name>``, and the names."""
    names = [match[1].strip() for match in _LAYER.finditer(prompt)]
    return (_LAYER.sub("", prompt).strip(), names) if names else (prompt, [])


def layer_called(state: State | None, name: str) -> Layer:
    """The highest layer called ``name``, first as it is written, then whatever the case. Raises ``UnknownLayer``."""
    layers = [layer for layer in state.walk() if layer.in_picture] if state is not None else []
    for called in (name.__eq__, lambda other: other.casefold() == name.casefold()):
        found = [layer for layer in layers if called(name_of(layer))]
        if found:
            return found[-1]
    raise UnknownLayer(layer=name)
