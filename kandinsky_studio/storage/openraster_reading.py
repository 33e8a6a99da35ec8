"""OpenRaster files to documents, whoever wrote them and whatever is in them."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree as ET

import cv2

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.surface import Depth, Surface, from_rgba
from kandinsky_studio.errors import (
    DamagedPicture,
    FileNotReadable,
    OutOfMemory,
    PictureTooLarge,
    StudioError,
)
from kandinsky_studio.storage import openraster as names
from kandinsky_studio.storage.document_notes import DocumentNote
from kandinsky_studio.storage.image_files import MAX_SIDE, open_from_bytes
from kandinsky_studio.storage.openraster_archive import Archive
from kandinsky_studio.storage.openraster_pictures import PNG, fill
from kandinsky_studio.storage.reading import Reading

_MAX_DEPTH = 64  # groups in groups
_MAX_BESIDE = 64  # inpaint masks and depth maps
_MAX_THUMBNAIL = 2**22  # bytes
_MAX_PLACE = 10**6  # how far from the canvas a layer may lie
_MAX_WAITING = 2**30  # bytes of pictures that are decoded at a time, but for one larger than that
_PIECE = re.compile(r"(-?\d{1,7})_(-?\d{1,7})\.png")


@dataclass(frozen=True)
class OpenRaster:
    """What was read. ``active_id`` is the layer that was worked on, if the file says it."""

    state: State
    active_id: int | None
    notes: tuple[DocumentNote, ...] = ()


@dataclass(frozen=True)
class _Wanted:
    """A file of the archive, and where its pixels go."""

    file: str
    rect: Rect
    surface: Surface


def read_openraster(path: Path, reading: Reading | None = None) -> OpenRaster:
    """The document at ``path``. ``reading`` hears of it; ``Cancelled`` is raised once nobody waits for it.

    Raises ``FileNotReadable``, ``UnknownFileKind`` (it is no OpenRaster file), ``DamagedPicture``, ``PictureTooLarge``,
    ``UnreadableVariant`` (it has a password, or is packed as nobody does) or ``OutOfMemory``, and nothing else whatever
    the bytes are.
    """
    try:
        with path.open("rb") as file:
            return _Reader(Archive(file, path.name), reading or Reading()).read()
    except StudioError:
        raise
    except OSError as error:
        if error.errno in (None, errno.EINVAL):  # a place before the beginning of the file
            raise DamagedPicture(file=path.name) from error
        raise FileNotReadable(file=path.name) from error
    except MemoryError as error:
        raise OutOfMemory(device="cpu") from error
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
        RuntimeError,
        NotImplementedError,
        OverflowError,
        RecursionError,
    ) as error:
        if isinstance(error, cv2.error) and "Insufficient memory" in str(error):
            raise OutOfMemory(device="cpu") from error
        raise DamagedPicture(file=path.name) from error


class _Reader:
    def __init__(self, archive: Archive, reading: Reading) -> None:
        self._archive = archive
        self._reading = reading
        self._name = archive.name
        self._ours = names.Ours()
        self._number = 0  # of the next element
        self._ids = 0
        self._by_number: dict[int, int] = {}  # element to layer
        self._groups: set[int] = set()
        self._wanted: list[_Wanted] = []
        self._selected: int | None = None
        self._notes: set[DocumentNote] = set()
        import psutil  # which a start of the program has no use for

        self._room = psutil.virtual_memory().available * 2 // 3

    def read(self) -> OpenRaster:
        root = self._xml(self._archive.text(names.STACK))
        width, height = int(root.get("w", "")), int(root.get("h", ""))
        if width < 1 or height < 1:
            raise DamagedPicture(file=self._name)
        if width > MAX_SIDE or height > MAX_SIDE:
            raise PictureTooLarge(file=self._name, width=width, height=height, limit=MAX_SIDE)
        self._ours = self._read_ours()
        stack = root.find("stack")
        if stack is None:
            raise DamagedPicture(file=self._name)
        state = State(
            Rect(0, 0, width, height),
            self._layers(stack, 0),
            resolution=self._ours.resolution or _number(root.get("xres"), 72.0, 1.0, 100_000.0),
            extras=self._ours.extras,
        )
        state, beside = self._with_beside(state)
        if self._ours.selection:
            selection = Surface(Depth.MASK, self._ours.selection_default)
            self._want(self._ours.selection, self._ours.selection_at, selection)
            state = state.changed(selection=selection)
        self._show()
        self._decode()
        if state.selection is not None and not state.selection.tiles and not state.selection.default:
            state = state.changed(selection=None)
        return OpenRaster(state, self._active(beside), tuple(sorted(self._notes)))

    def _read_ours(self) -> names.Ours:
        if names.OURS not in self._archive:
            return names.Ours()
        text = ""
        with contextlib.suppress(UnicodeDecodeError):
            text = self._archive.text(names.OURS)
        ours = names.Ours.from_json(text)
        if ours is None:
            self._notes.add(DocumentNote.newer_version if names.is_newer(text) else DocumentNote.extras_ignored)
        return ours or names.Ours()

    def _active(self, beside: list[int]) -> int | None:
        active = self._ours.active
        if active is None:
            return self._selected
        found = beside[-1 - active] if -len(beside) <= active < 0 else self._by_number.get(active)
        return found if found is not None else self._selected

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
        if number >= 2 * names.MAX_LAYERS or self._ids >= names.MAX_LAYERS:
            raise DamagedPicture(file=self._name)
        self._ids += 1
        layer = Layer(
            self._ids,
            Kind.GROUP if element.tag == "stack" else Kind.PIXELS,
            extra.name or element.get("name", ""),
            visible=element.get("visibility", "visible") != "hidden",
            opacity=_number(element.get("opacity"), 1.0, 0.0, 1.0),
            mode=self._mode(element.get("composite-op")),
            locked=element.get("edit-locked", "false") == "true",
            alpha_locked=extra.alpha_locked,
            label=names.label_of(extra.label),
            origin=extra.origin,
        )
        self._by_number[number] = layer.id
        if element.get("selected") == "true":
            self._selected = layer.id
        if layer.kind is Kind.GROUP:
            self._groups.add(layer.id)
            return self._group(element, layer, depth, number)
        return self._pixels(element, layer, extra)

    def _mode(self, name: str | None) -> BlendMode:
        if name is not None and (name not in names.MODES or name in names.NEAR):
            self._notes.add(DocumentNote.modes_replaced)
        return names.MODES.get(name or "", BlendMode.NORMAL)

    def _pixels(self, element: ET.Element, layer: Layer, extra: names.Extra) -> Layer:
        pixels = Surface(Depth.RGBA)
        if extra.pixels:
            self._want(extra.pixels, extra.pixels_at, pixels)
        else:
            source = element.get("src")
            if source is not None and self._is_png(source):
                self._want(source, (_whole(element.get("x")), _whole(element.get("y"))), pixels)
            else:
                self._notes.add(DocumentNote.layers_left_out)
        mask = self._mask(extra) if extra.mask else None
        return replace(layer, pixels=pixels, mask=mask, mask_enabled=extra.mask_enabled)

    def _is_png(self, source: str) -> bool:
        """Raises ``KeyError`` if there is no such file in the archive."""
        return self._archive.head(source, len(PNG)) == PNG

    def _group(self, element: ET.Element, layer: Layer, depth: int, number: int) -> Layer:
        extra = self._ours.elements.get(self._number, names.Extra())  # of the first element inside
        mask = self._mask(extra) if extra.role == "mask" and extra.mask else None
        isolated = element.get("isolation", "auto") == "isolate"
        if mask is not None and number in self._ours.elements:
            isolated = self._ours.elements[number].isolated
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
        if len(self._ours.beside) > _MAX_BESIDE:
            raise DamagedPicture(file=self._name)
        for beside in self._ours.beside:
            kind = names.kind_of(beside.kind)
            parent = self._by_number.get(beside.parent)
            if kind is None or (parent is not None and parent not in self._groups):
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
                grow=min(max(beside.grow, -names.MAX_GROW), names.MAX_GROW),
                feather=min(max(beside.feather, 0.0), float(names.MAX_GROW)),
                inverted=beside.inverted,
            )
            by_place.append((beside.number, parent, layer))
        for number, parent, layer in sorted(by_place, key=lambda entry: entry[0]):
            state = state.inserted(layer, parent, max(number, 0))
        return state, ids

    def _xml(self, text: str) -> ET.Element:
        # Entities are what bombs are made of, and no program writes them into this file. It is text already, and text
        # of two bytes a letter has zeros in it, so that no other encoding can hide them.
        if "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper() or "\0" in text:
            raise DamagedPicture(file=self._name)
        return ET.fromstring(text)  # noqa: S314  nothing is left in it that could be expanded

    # ------------------------------------------------------------------ the pictures

    def _want(self, name: str, place: tuple[int, int], surface: Surface) -> None:
        """Have ``surface`` filled from a file of the archive, or from a folder of it. Raises ``KeyError``."""
        if not name.endswith("/"):
            self._want_one(name, place, surface)
            return
        for file in self._archive.inside(name):
            found = _PIECE.fullmatch(file.removeprefix(name))
            if found is not None:
                self._want_one(file, (place[0] + int(found[1]), place[1] + int(found[2])), surface)

    def _want_one(self, name: str, place: tuple[int, int], surface: Surface) -> None:
        head = self._archive.head(name, 26)
        if head[:8] != PNG or head[12:16] != b"IHDR":
            raise DamagedPicture(file=self._name)
        width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
        if width < 1 or height < 1 or max(map(abs, place)) > _MAX_PLACE:
            raise DamagedPicture(file=self._name)
        if max(width, height) > names.MAX_REACH or width * height > names.MAX_PICTURE:
            raise PictureTooLarge(file=self._name, width=width, height=height, limit=MAX_SIDE)
        if self._archive.size(name) > 16 * 2**20 + 9 * width * height:  # more than any picture of this size
            raise DamagedPicture(file=self._name)
        self._room -= width * height * surface.depth.bytes
        if self._room < 0:
            raise OutOfMemory(device="cpu")
        self._wanted.append(_Wanted(name, Rect(*place, width, height), surface))

    def _show(self) -> None:
        """Let who waits see the small picture of the document; nobody misses one that is none."""
        name = names.THUMBNAIL
        if name not in self._archive or self._archive.size(name) > _MAX_THUMBNAIL:
            return
        with contextlib.suppress(StudioError, zipfile.BadZipFile, zlib.error, EOFError):
            data = self._archive.read(name)
            if max(int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")) <= names.PIECE:
                self._reading.picture(from_rgba(open_from_bytes(data, self._name).pixels))

    def _decode(self) -> None:
        """In all threads, as far as what is decoded beside the document takes little memory."""

        def work(wanted: _Wanted) -> None:
            self._reading.check()
            fill(wanted.surface, wanted.rect, self._archive.read(wanted.file), self._name)
            self._reading.advance(wanted.rect.area)

        self._reading.begin(sum(wanted.rect.area for wanted in self._wanted))
        largest = max((wanted.rect.area for wanted in self._wanted), default=1)
        together = max(min(_MAX_WAITING // (9 * largest), os.cpu_count() or 1, 16), 1)
        # Files of one surface follow one another in one thread: its tiles are put into one dictionary.
        by_surface: dict[int, list[_Wanted]] = {}
        for wanted in self._wanted:
            by_surface.setdefault(id(wanted.surface), []).append(wanted)

        def work_all(several: list[_Wanted]) -> None:
            for wanted in several:
                work(wanted)

        with ThreadPoolExecutor(together) as threads:
            futures = [threads.submit(work_all, several) for several in by_surface.values()]
            try:
                for future in futures:
                    future.result()
            finally:
                for future in futures:
                    future.cancel()


def _number(text: str | None, otherwise: float, minimum: float, maximum: float) -> float:
    try:
        value = float(text or "")
    except ValueError:
        return otherwise
    return min(max(value, minimum), maximum) if value == value else otherwise


def _whole(text: str | None) -> int:
    return round(_number(text, 0.0, -1e9, 1e9))
