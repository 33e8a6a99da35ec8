"""Documents to OpenRaster files."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree as ET

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter

from kandinsky_studio.document.compositing import compose
from kandinsky_studio.document.geometry import NOTHING, TILE, Key, Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.surface import Depth, Surface, new_image, readable
from kandinsky_studio.storage import openraster as names
from kandinsky_studio.storage import png_rows
from kandinsky_studio.storage.durable import replacing


def write_openraster(path: Path, state: State, active_id: int | None = None) -> None:
    """Save a document at ``path``; what was there stays until all of it is written, and is kept beside it.

    ``state`` is not changed; from another thread it must be a snapshot. Raises ``DiskFull`` or ``FolderNotWritable``.
    """
    with (
        replacing(path.resolve(), keep_previous=True) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
        ThreadPoolExecutor(os.cpu_count() or 1) as threads,
    ):
        _Writer(archive, threads, state).write(active_id)


class _Writer:
    def __init__(self, archive: zipfile.ZipFile, threads: ThreadPoolExecutor, state: State) -> None:
        self._archive = archive
        self._threads = threads
        self._state = state
        self._ours = names.Ours(extras=dict(state.extras))
        self._files: list[tuple[str, Callable[[], bytes]]] = []
        self._number = 0
        self._active: int | None = None

    def write(self, active_id: int | None) -> None:
        state, canvas = self._state, self._state.canvas
        self._archive.writestr(_entry("mimetype"), names.MIMETYPE)
        self._active = active_id
        root = ET.Element("image", version=names.VERSION, w=str(canvas.width), h=str(canvas.height))
        for side in ("xres", "yres"):
            root.set(side, str(max(round(state.resolution), 1)))
        self._ours.resolution = state.resolution
        self._stack(ET.SubElement(root, "stack"), state.layers, -1)
        if state.selection is not None:
            self._ours.selection, self._ours.selection_at = self._keep("selection", state.selection)
            self._ours.selection_default = state.selection.default
        ET.indent(root)
        self._store(names.STACK, ET.tostring(root, "utf-8", xml_declaration=True))
        self._store(names.OURS, self._ours.to_json())
        merged = _merged(state)
        self._files.append((names.MERGED, lambda: _png(merged)))
        self._files.append((names.THUMBNAIL, lambda: _png(_thumbnail(merged))))
        self._write_files()

    def _stack(self, parent: ET.Element, layers: Iterable[Layer], parent_number: int) -> None:
        """The file has the highest layer first."""
        listed = tuple(layers)
        for number in range(len(listed) - 1, -1, -1):
            layer = listed[number]
            if not layer.in_picture:
                self._put_beside(layer, parent_number, number)
            elif layer.kind is Kind.GROUP:
                self._group(parent, layer)
            else:
                self._layer(parent, layer)

    def _element(self, parent: ET.Element, tag: str, layer: Layer) -> tuple[ET.Element, int]:
        element = ET.SubElement(parent, tag, name=_text(layer.name), opacity=repr(float(layer.opacity)))
        element.set("visibility", "visible" if layer.visible else "hidden")
        element.set("composite-op", names.MODE_NAMES[layer.mode])
        if layer.locked:
            element.set("edit-locked", "true")
        number = self._number
        if layer.id == self._active and self._ours.active is None:  # the mask of a group comes after it
            element.set("selected", "true")
            self._ours.active = number
        self._number += 1
        extra = self._ours.elements[number] = names.extra_of(layer)
        if element.get("name") != layer.name:
            extra.name = layer.name
        return element, number

    def _group(self, parent: ET.Element, layer: Layer) -> None:
        element, number = self._element(parent, "stack", layer)
        cut = layer.mask is not None and layer.mask_enabled  # else what is below the group would be cut, too
        element.set("isolation", "isolate" if layer.isolated or cut else "auto")
        if layer.mask is not None:
            self._group_mask(element, layer)
        self._stack(element, layer.children, number)

    def _group_mask(self, parent: ET.Element, layer: Layer) -> None:
        """Above all that the group holds: what others understand, from which we read it again."""
        assert layer.mask is not None
        self._element(parent, "layer", layer)
        element, number = parent[-1], self._number - 1
        element.set("name", _text(f"{layer.name} – mask"))
        element.set("opacity", "1")
        element.set("visibility", "visible" if layer.mask_enabled else "hidden")
        element.set("composite-op", "svg:dst-in")
        name = f"data/layer-{number:03}.png"
        area = self._state.canvas.united(layer.mask.bounds)
        if not _fits(area, self._state.canvas):
            area = self._state.canvas
        mask = layer.mask
        self._files.append((name, lambda: _png(_as_alpha(mask, area))))
        element.set("src", name)
        self._place(element, area)
        extra = self._ours.elements[number]
        extra.role = "mask"
        extra.mask, extra.mask_at = self._keep(f"mask-{number:03}", layer.mask)

    def _layer(self, parent: ET.Element, layer: Layer) -> None:
        assert layer.pixels is not None
        element, number = self._element(parent, "layer", layer)
        name = f"data/layer-{number:03}.png"
        element.set("src", name)
        pixels, mask = layer.pixels, layer.mask
        area = _area(pixels)
        whole = _fits(area, self._state.canvas)
        if not whole:  # to others, what can be seen of it
            area = area.intersected(self._state.canvas)
            area = Rect(*self._state.canvas[:2], 1, 1) if area.is_empty else area
        self._place(element, area)
        self._files.append((name, lambda: _png(pixels.read(area) if mask is None else _masked(layer, area))))
        extra = self._ours.elements[number]
        if mask is not None:
            extra.mask, extra.mask_at = self._keep(f"mask-{number:03}", mask)
        if mask is not None or not whole:
            extra.pixels, extra.pixels_at = self._keep(f"pixels-{number:03}", pixels)

    def _put_beside(self, layer: Layer, parent: int, number: int) -> None:
        assert layer.pixels is not None
        count = len(self._ours.beside)
        file, at = self._keep(f"{layer.kind.value}-{count:03}", layer.pixels)
        if layer.id == self._active:
            self._ours.active = -1 - count
        self._ours.beside.append(
            names.Beside(
                layer.kind.value,
                layer.name,
                file,
                at,
                parent,
                number,
                layer.visible,
                layer.opacity,
                layer.locked,
                layer.label.value,
                layer.grow,
                layer.feather,
                layer.inverted,
                layer.pixels.default,
            )
        )

    def _keep(self, name: str, surface: Surface) -> tuple[str, tuple[int, int]]:
        """Add a file with all of ``surface``; returns its name and the place of its corner on the canvas."""
        canvas, area = self._state.canvas, _area(surface)
        if _fits(area, canvas):
            file = f"kandinsky-studio/{name}.png"
            self._files.append((file, lambda: _png(surface.read(area))))
            return file, (area.x - canvas.x, area.y - canvas.y)
        side = names.PIECE // TILE
        pieces: dict[Key, Rect] = {}
        for key in surface.tiles:
            block = key[0] // side, key[1] // side
            pieces[block] = Rect.of_tile(key).united(pieces.get(block, NOTHING))
        for piece in sorted(pieces.values()):
            self._files.append((f"kandinsky-studio/{name}/{piece.x}_{piece.y}.png", _piece(surface, piece)))
        return f"kandinsky-studio/{name}/", (-canvas.x, -canvas.y)

    def _place(self, element: ET.Element, area: Rect) -> None:
        element.set("x", str(area.x - self._state.canvas.x))
        element.set("y", str(area.y - self._state.canvas.y))

    def _store(self, name: str, content: bytes) -> None:
        self._archive.writestr(_entry(name), content, zipfile.ZIP_DEFLATED)

    def _write_files(self) -> None:
        """Packed in all threads, written in order; only a few pictures are in memory at a time."""
        waiting: list[tuple[str, Future[bytes]]] = []
        for name, make in self._files:
            waiting.append((name, self._threads.submit(make)))
            if len(waiting) > (os.cpu_count() or 1):
                self._write_first(waiting)
        while waiting:
            self._write_first(waiting)

    def _write_first(self, waiting: list[tuple[str, Future[bytes]]]) -> None:
        name, future = waiting.pop(0)
        self._archive.writestr(_entry(name), future.result(), zipfile.ZIP_STORED)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o644 << 16  # who unpacks it may read it
    return entry


def _text(name: str) -> str:
    """Without what XML has no way to write."""
    return "".join(c for c in name if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c < "\ufffe"))


def _fits(area: Rect, canvas: Rect) -> bool:
    """Whether this is neither too large for one picture nor further from the canvas than other programs look."""
    far = max(abs(area.x - canvas.x), abs(area.y - canvas.y))
    return area.area <= names.MAX_PICTURE and max(far, area.width, area.height) <= names.MAX_REACH


def _piece(surface: Surface, area: Rect) -> Callable[[], bytes]:
    return lambda: _png(surface.read(area))


def _area(surface: Surface) -> Rect:
    """What has to be stored; one pixel at least, since no PNG file is empty."""
    content = surface.content
    return Rect(0, 0, 1, 1) if content.is_empty else content


def _png(image: QImage) -> bytes:
    """As straight RGBA, or grey for masks. Eight bits come back the same after the way there and back."""
    if image.format() == QImage.Format.Format_ARGB32_Premultiplied:
        image = image.convertToFormat(QImage.Format.Format_RGBA8888)
        if image.isNull():
            raise MemoryError
    return png_rows.packed(readable(image))


def _masked(layer: Layer, area: Rect) -> QImage:
    """The pixels as they look through the layer's mask."""
    assert layer.pixels is not None
    assert layer.mask is not None
    image = layer.pixels.read(area)
    if layer.mask_enabled:
        painter = QPainter(image)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
        painter.drawImage(0, 0, layer.mask.read(area))
        painter.end()
    return image


def _as_alpha(mask: Surface, area: Rect) -> QImage:
    """Black, as opaque as the mask shows."""
    image = new_image(area.width, area.height, Depth.RGBA)
    painter = QPainter(image)
    painter.fillRect(image.rect(), Qt.GlobalColor.black)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
    painter.drawImage(0, 0, mask.read(area))
    painter.end()
    return image


def _merged(state: State) -> QImage:
    canvas = state.canvas
    image = new_image(canvas.width, canvas.height, Depth.RGBA)
    painter = QPainter(image)
    for key in canvas.tiles():
        place = Rect.of_tile(key)
        painter.drawImage(place.x - canvas.x, place.y - canvas.y, compose(state.layers, key))
    painter.end()
    return image


def _thumbnail(image: QImage) -> QImage:
    side = names.THUMBNAIL_SIDE
    if max(image.width(), image.height()) <= side:
        return image
    return image.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
