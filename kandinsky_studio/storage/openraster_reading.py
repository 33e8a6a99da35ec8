"""OpenRaster files to documents, whoever wrote them and whatever is in them.

Nothing is ever unpacked to the disk: files of the archive are read by name, into memory, after their sizes are known.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import psutil
from PySide6.QtGui import QImage

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.surface import Depth, Pixels, Surface, from_rgba, to_image
from kandinsky_studio.errors import (
    DamagedPicture,
    FileNotReadable,
    OutOfMemory,
    PictureTooLarge,
    StudioError,
    UnknownFileKind,
)
from kandinsky_studio.storage import openraster as names
from kandinsky_studio.storage.image_files import MAX_SIDE, open_from_bytes

_MAX_FILES = 10_000
_MAX_LAYERS = 2_000
_MAX_DEPTH = 64  # groups in groups
_MAX_TEXT = 16 * 2**20  # bytes of stack.xml, and of what we add
_MAX_PLACE = 4 * MAX_SIDE  # how far from the canvas a layer may lie
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class OpenRaster:
    """What was read. ``active_id`` is the layer that was worked on, if the file says it."""

    state: State
    active_id: int | None


def read_openraster(path: Path) -> OpenRaster:
    """The document at ``path``.

    Raises ``FileNotReadable``, ``UnknownFileKind`` (it is no OpenRaster file), ``DamagedPicture``, ``PictureTooLarge``
    or ``OutOfMemory``, and nothing else whatever the bytes are.
    """
    try:
        with path.open("rb") as file:
            return _read(file, path.name)
    except StudioError:
        raise
    except OSError as error:
        raise FileNotReadable(file=path.name) from error
    except MemoryError as error:
        raise OutOfMemory from error
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        ET.ParseError,
        zlib.error,
        cv2.error,
        EOFError,
        ValueError,
        KeyError,
        IndexError,
        RuntimeError,  # a file of the archive has a password
        NotImplementedError,  # or is packed in a way that nobody uses
        OverflowError,
        RecursionError,
    ) as error:
        raise DamagedPicture(file=path.name) from error


def _read(file: IO[bytes], name: str) -> OpenRaster:
    if file.read(4) != b"PK\3\4":
        raise UnknownFileKind(file=name, known="OpenRaster")
    file.seek(0)
    with zipfile.ZipFile(file) as archive, ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        if len(archive.infolist()) > _MAX_FILES:
            raise DamagedPicture(file=name)
        if names.STACK not in archive.namelist():
            raise UnknownFileKind(file=name, known="OpenRaster")
        return _Reader(archive, threads, name).read()


class _Reader:
    def __init__(self, archive: zipfile.ZipFile, threads: ThreadPoolExecutor, name: str) -> None:
        self._archive = archive
        self._threads = threads
        self._name = name
        self._ours = names.Ours()
        self._number = 0  # of the next element
        self._ids = 0
        self._by_number: dict[int, int] = {}  # element to layer
        self._wanted: list[tuple[str, tuple[int, int], Surface]] = []
        self._selected: int | None = None
        self._room = psutil.virtual_memory().available * 2 // 3

    def read(self) -> OpenRaster:
        root = self._xml(self._text(names.STACK))
        width, height = int(root.get("w", "")), int(root.get("h", ""))
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise PictureTooLarge(file=self._name, width=width, height=height, limit=MAX_SIDE)
        if names.OURS in self._archive.namelist():
            self._ours = names.Ours.from_json(self._text(names.OURS)) or names.Ours()
        stack = root.find("stack")
        if stack is None:
            raise DamagedPicture(file=self._name)
        state = State(
            Rect(0, 0, width, height),
            self._layers(stack, 0),
            resolution=_number(root.get("xres"), 72.0, 1.0, 10_000.0),
            extras=self._ours.extras,
        )
        state, beside = self._with_beside(state)
        if self._ours.selection:
            selection = Surface(Depth.MASK)
            self._want(self._ours.selection, self._ours.selection_at, selection)
            state = state.changed(selection=selection)
        self._decode()
        if state.selection is not None and not state.selection.tiles:
            state = state.changed(selection=None)
        active = self._ours.active
        if active is None:
            return OpenRaster(state, self._selected)
        found = beside[-1 - active] if -len(beside) <= active < 0 else self._by_number.get(active)
        return OpenRaster(state, found if found is not None else self._selected)

    # ------------------------------------------------------------------ the stack

    def _layers(self, stack: ET.Element, depth: int) -> tuple[Layer, ...]:
        if depth > _MAX_DEPTH:
            raise DamagedPicture(file=self._name)
        found = []
        for element in stack:
            if element.tag in ("layer", "stack"):
                layer = self._element(element, depth)
                if layer is not None:
                    found.append(layer)
        return tuple(reversed(found))  # the file has the highest first

    def _element(self, element: ET.Element, depth: int) -> Layer | None:
        number = self._number
        self._number += 1
        extra = self._ours.elements.get(number, names.Extra())
        if extra.role == "mask":
            return None  # the group has read it already
        if number >= _MAX_LAYERS:
            raise DamagedPicture(file=self._name)
        self._ids += 1
        layer = Layer(
            self._ids,
            Kind.GROUP if element.tag == "stack" else Kind.PIXELS,
            element.get("name", ""),
            visible=element.get("visibility", "visible") != "hidden",
            opacity=_number(element.get("opacity"), 1.0, 0.0, 1.0),
            mode=names.MODES.get(element.get("composite-op", ""), BlendMode.NORMAL),
            locked=element.get("edit-locked", "false") == "true",
            alpha_locked=extra.alpha_locked,
            label=names.label_of(extra.label),
            origin=extra.origin,
        )
        self._by_number[number] = layer.id
        if element.get("selected") == "true":
            self._selected = layer.id
        if layer.kind is Kind.GROUP:
            return self._group(element, layer, depth)
        pixels = Surface(Depth.RGBA)
        mask = None
        if extra.pixels and extra.mask:
            self._want(extra.pixels, extra.pixels_at, pixels)
            mask = self._mask(extra)
        else:
            place = (_whole(element.get("x")), _whole(element.get("y")))
            self._want(element.get("src", ""), place, pixels)
        return replace(layer, pixels=pixels, mask=mask, mask_enabled=extra.mask_enabled)

    def _group(self, element: ET.Element, layer: Layer, depth: int) -> Layer:
        extra = self._ours.elements.get(self._number, names.Extra())  # of the first element inside
        mask = self._mask(extra) if extra.role == "mask" and extra.mask else None
        isolated = element.get("isolation", "auto") == "isolate"
        return replace(
            layer,
            children=self._layers(element, depth + 1),
            isolated=isolated,
            mask=mask,
            mask_enabled=extra.mask_enabled if mask is not None else True,
        )

    def _mask(self, extra: names.Extra) -> Surface:
        mask = Surface(Depth.MASK, extra.mask_default & 255)
        self._want(extra.mask, extra.mask_at, mask)
        return mask

    def _with_beside(self, state: State) -> tuple[State, list[int]]:
        """Put the inpaint mask and the depth map where they were; the lowest first, so that their numbers are right."""
        ids = []
        by_place = []
        for beside in self._ours.beside[:_MAX_LAYERS]:
            kind = names.kind_of(beside.kind)
            if kind is None:
                raise DamagedPicture(file=self._name)
            self._ids += 1
            ids.append(self._ids)
            pixels = Surface(Depth.MASK, beside.default & 255)
            self._want(beside.file, beside.at, pixels)
            layer = Layer(
                self._ids,
                kind,
                beside.name,
                pixels,
                visible=beside.visible,
                opacity=min(max(beside.opacity, 0.0), 1.0),
                locked=beside.locked,
                label=names.label_of(beside.label),
                grow=beside.grow,
                feather=beside.feather,
                inverted=beside.inverted,
            )
            by_place.append((beside.number, self._by_number.get(beside.parent), layer))
        for number, parent, layer in sorted(by_place, key=lambda entry: entry[0]):
            state = state.inserted(layer, parent, max(number, 0))
        return state, ids

    # ------------------------------------------------------------------ the files

    def _text(self, name: str) -> bytes:
        with self._archive.open(name) as file:
            data = file.read(_MAX_TEXT + 1)
        if len(data) > _MAX_TEXT:
            raise DamagedPicture(file=self._name)
        return data

    def _xml(self, data: bytes) -> ET.Element:
        # Entities are what bombs are made of, and no program writes them into this file.
        if b"<!DOCTYPE" in data.upper() or b"<!ENTITY" in data.upper():
            raise DamagedPicture(file=self._name)
        return ET.fromstring(data)  # noqa: S314  nothing is left in it that could be expanded

    def _want(self, name: str, place: tuple[int, int], surface: Surface) -> None:
        """Have ``surface`` filled from a file of the archive. Raises ``KeyError`` if there is none."""
        info = self._archive.getinfo(name)
        with self._archive.open(info) as file:
            head = file.read(26)
        if head[:8] != _PNG or head[12:16] != b"IHDR":
            raise DamagedPicture(file=self._name)
        width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
        if not (0 < width <= 2 * MAX_SIDE and 0 < height <= 2 * MAX_SIDE):
            raise PictureTooLarge(file=self._name, width=width, height=height, limit=MAX_SIDE)
        if max(map(abs, place)) > _MAX_PLACE:
            raise DamagedPicture(file=self._name)
        self._room -= width * height * surface.depth.bytes
        if self._room < 0 or info.file_size > 64 * 2**20 + 8 * width * height:
            raise OutOfMemory
        self._wanted.append((name, place, surface))

    def _decode(self) -> None:
        """In all threads; as many pictures are in memory beside the document as there are threads."""

        def work(wanted: tuple[str, tuple[int, int], Surface]) -> None:
            name, (x, y), surface = wanted
            with self._archive.open(name) as file:
                data = file.read()
            image = _picture(data, self._name) if surface.depth is Depth.RGBA else _grey(data, self._name)
            surface.fill_from(Rect(x, y, image.width(), image.height()), image)

        for _ in self._threads.map(work, self._wanted):
            pass  # what a thread raised is raised here


def _picture(data: bytes, name: str) -> QImage:
    """A PNG file as premultiplied sRGB."""
    pixels: Pixels | None = None
    if data[24] == 8 and data[25] == 6 and b"iCCP" not in data[:4096] and b"gAMA" not in data[:4096]:
        # Eight bits, RGBA, no profile: the way that uses all processors.
        pixels = _decoded(data, name)
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 4:
        return from_rgba(open_from_bytes(data, name).pixels)
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def _grey(data: bytes, name: str) -> QImage:
    pixels = _decoded(data, name)
    if pixels.ndim != 2:
        raise DamagedPicture(file=name)
    return to_image(pixels)


def _decoded(data: bytes, name: str) -> Pixels:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint8:
        raise DamagedPicture(file=name)
    return np.asarray(pixels, np.uint8)


def _number(text: str | None, otherwise: float, minimum: float, maximum: float) -> float:
    try:
        value = float(text or "")
    except ValueError:
        return otherwise
    return min(max(value, minimum), maximum) if value == value else otherwise


def _whole(text: str | None) -> int:
    return round(_number(text, 0.0, -1e9, 1e9))
