"""Documents to Photoshop's files: eight bits of RGB with layers, groups, masks and the merged picture."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.compositing import compose
from kandinsky_studio.document.geometry import NOTHING, Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.merging import blended
from kandinsky_studio.document.surface import Pixels, Surface, to_rgba
from kandinsky_studio.errors import TooLargeForPsd
from kandinsky_studio.storage import psd as names
from kandinsky_studio.storage.colour import srgb_profile
from kandinsky_studio.storage.document_notes import DocumentNote
from kandinsky_studio.storage.durable import replacing

_RLE = 1
_RGB = 3
_ATOP = BlendMode.SOURCE_ATOP


@dataclass
class _Record:
    """A layer as the file has it: one for a layer, two around what a group holds."""

    layer: Layer
    divider: int = 0
    clipped: bool = False
    area: Rect = NOTHING
    mask_area: Rect = NOTHING
    channels: list[int] = field(default_factory=lambda: [names.ALPHA, 0, 1, 2])
    lengths_at: int = 0  # where in the file the lengths of the channels go


def write_psd(path: Path, state: State) -> tuple[DocumentNote, ...]:
    """Write the picture with its layers at ``path``, as PSB if the suffix says so; what was there is kept beside it.

    Where layers cut one another out in ways that Photoshop has not, they become one: the picture stays, and a note
    says it. Masks for painting anew, depth maps and the selection are not written. ``state`` is not changed; from
    another thread it must be a snapshot. Raises ``TooLargeForPsd``, ``DiskFull`` or ``FolderNotWritable``.
    """
    layers = expressible(state.layers)
    merged = len(list(_all(layers))) != len([layer for layer in state.walk() if layer.in_picture])
    with replacing(path.resolve(), keep_previous=True) as file:
        _Writer(file, replace(state, layers=layers), path).write()
    return (DocumentNote.layers_merged,) if merged else ()


def expressible(layers: Sequence[Layer], isolated: bool = True) -> tuple[Layer, ...]:
    """The same picture by modes that Photoshop has, and by layers that are cut out by the lowest of a group."""
    seen = [layer for layer in layers if layer.in_picture]
    if isolated and _is_clipping(seen):
        return tuple(seen)
    done: list[Layer] = []
    for number, layer in enumerate(seen):
        if _cuts(layer):
            one = Layer(layer.id, Kind.PIXELS, layer.name, blended(seen[: number + 1]))
            done = [one]
        elif layer.kind is Kind.GROUP:
            done.append(replace(layer, children=expressible(layer.children, not _passes_through(layer))))
        else:
            done.append(layer)
    return tuple(done)


def _is_clipping(layers: Sequence[Layer]) -> bool:
    """Whether these are one layer and others that show only upon it."""
    return (
        len(layers) > 1
        and layers[0].mode is BlendMode.NORMAL
        and layers[0].visible
        and layers[0].opacity >= 1
        and all(layer.mode is _ATOP for layer in layers[1:])
        and all(layer.kind is Kind.PIXELS for layer in layers)
    )


def _cuts(layer: Layer) -> bool:
    """Whether the layer, or one in a group that is none to what lies below, has a mode that Photoshop lacks."""
    if layer.kind is Kind.GROUP and _passes_through(layer):
        return any(_cuts(child) for child in layer.children if child.in_picture)
    return layer.mode not in names.MODE_KEYS


def _passes_through(group: Layer) -> bool:
    return (
        not group.isolated
        and group.mode is BlendMode.NORMAL
        and group.opacity >= 1
        and (group.mask is None or not group.mask_enabled)
    )


def _all(layers: Sequence[Layer]) -> Iterator[Layer]:
    for layer in layers:
        yield layer
        yield from _all(layer.children)


class _Writer:
    def __init__(self, file: BinaryIO, state: State, path: Path) -> None:
        self._file = file
        self._state = state
        self._path = path
        self._version = names.PSB if path.suffix.lower() == names.SUFFIXES[1] else names.PSD
        self._length = ">Q" if self._version == names.PSB else ">I"

    def write(self) -> None:
        merged = self._merged()
        opaque = bool((merged[..., 3] == 255).all())
        canvas = self._state.canvas
        channels = 3 if opaque else 4
        head = (names.SIGNATURE, self._version, channels, canvas.height, canvas.width, 8, _RGB)
        self._file.write(struct.pack(">4sH6xHIIHH", *head))
        self._file.write(struct.pack(">I", 0))  # no table of colours
        self._file.write(_block(self._resources()))
        section = self._begin()
        info = self._begin()
        nothing = Layer(0, Kind.PIXELS, "")  # without layers, nothing could say that the picture is see-through
        records = list(self._records(self._state.layers)) or [_Record(nothing)]
        # A negative number says that the first channel after the colours is how opaque the picture is.
        self._file.write(struct.pack(">h", len(records) if opaque else -len(records)))
        for record in records:
            self._write_record(record)
        for record in records:
            self._write_channels(record)
        if self._file.tell() % 2:
            self._file.write(b"\0")
        self._end(info)
        self._file.write(struct.pack(">I", 0))  # no global mask
        self._end(section)
        self._write_merged(merged, channels)
        if self._version == names.PSD and self._file.tell() > names.MAX_PSD:
            raise TooLargeForPsd(file=self._path.name)

    def _begin(self) -> int:
        """Leave room for a length that is not known yet."""
        at = self._file.tell()
        self._file.write(struct.pack(self._length, 0))
        return at

    def _end(self, at: int) -> None:
        self._patch(at, [self._file.tell() - at - struct.calcsize(self._length)])

    def _patch(self, at: int, lengths: list[int]) -> None:
        """Write lengths where room was left for them, the room between them being that of a channel's number."""
        end = self._file.tell()
        for length in lengths:
            if self._version == names.PSD and length >= 1 << 32:
                raise TooLargeForPsd(file=self._path.name)
            self._file.seek(at)
            self._file.write(struct.pack(self._length, length))
            at = self._file.tell() + 2
        self._file.seek(end)

    def _resources(self) -> bytes:
        resolution = round(min(max(self._state.resolution, 1.0), 30_000.0) * 65536)
        texts = b"".join(struct.pack(">I", len(text)) + text.encode("utf-16-be") for text in ("Kandinsky Studio",) * 2)
        return b"".join(
            (
                _resource(names.RESOLUTION, struct.pack(">IHHIHH", resolution, 1, 1, resolution, 1, 1)),
                _resource(names.ICC_PROFILE, srgb_profile()),
                _resource(names.VERSION_INFO, struct.pack(">IB", 1, 1) + texts + struct.pack(">I", 1)),
            )
        )

    # ------------------------------------------------------------------ layers

    def _records(self, layers: Sequence[Layer]) -> Iterator[_Record]:
        for layer in layers:
            if layer.kind is Kind.GROUP:
                end = Layer(0, Kind.GROUP, "</Layer group>")
                yield _Record(end, names.LOWER_END)
                yield from self._records(layer.children)
                yield self._record(layer, names.OPEN_FOLDER)
            else:
                yield self._record(layer)

    def _record(self, layer: Layer, divider: int = 0) -> _Record:
        record = _Record(layer, divider, clipped=layer.mode is _ATOP)
        if layer.pixels is not None:
            record.area = layer.pixels.content
        if layer.mask is not None:
            record.channels.append(names.MASK)
            record.mask_area = layer.mask.content
            if layer.mask.default not in (0, 255):  # Photoshop's masks are one of these beyond their pixels
                record.mask_area = record.mask_area.united(record.area).united(self._state.canvas)
        return record

    def _edges(self, area: Rect) -> tuple[int, int, int, int]:
        x, y = (area.x - self._state.canvas.x, area.y - self._state.canvas.y) if not area.is_empty else (0, 0)
        return y, x, y + area.height, x + area.width

    def _write_record(self, record: _Record) -> None:
        layer = record.layer
        self._file.write(struct.pack(">4iH", *self._edges(record.area), len(record.channels)))
        record.lengths_at = self._file.tell() + 2
        for channel in record.channels:
            self._file.write(struct.pack(">h", channel) + struct.pack(self._length, 0))
        mode = names.PASS_THROUGH if _passes_through(layer) and record.divider == names.OPEN_FOLDER else None
        key = mode or names.MODE_KEYS[BlendMode.NORMAL if record.clipped else layer.mode]
        flags = layer.alpha_locked | (not layer.visible) << 1 | 8 | (record.divider != 0) << 4
        opacity = round(layer.opacity * 255)
        self._file.write(struct.pack(">4s4sBBBx", b"8BIM", key, opacity, record.clipped, flags))
        self._file.write(_block(self._extra(record, key), 2))

    def _extra(self, record: _Record, key: bytes) -> bytes:
        layer = record.layer
        mask = b""
        if layer.mask is not None:
            default = 255 if layer.mask.default == 255 else 0
            flags = 0 if layer.mask_enabled else 2
            mask = struct.pack(">4iBBxx", *self._edges(record.mask_area), default, flags)
        short = layer.name.encode("mac-roman", "replace")[:255]
        short = bytes([len(short)]) + short
        blocks = [(names.NAME, _unicode(layer.name))]
        if record.divider == names.LOWER_END:
            blocks.append((names.DIVIDER, struct.pack(">I", record.divider)))
        elif record.divider:
            blocks.append((names.DIVIDER, struct.pack(">I4s4s", record.divider, b"8BIM", key)))
        locks = names.LOCK_ALL if layer.locked else names.LOCK_TRANSPARENCY if layer.alpha_locked else 0
        blocks.append((names.PROTECTED, struct.pack(">I", locks)))
        blocks.append((names.COLOUR_LABEL, struct.pack(">H6x", names.LABELS.index(layer.label))))
        packed = [b"8BIM" + name + _block(content, 2) for name, content in blocks]
        return b"".join((_block(mask), _block(b""), short + bytes(-len(short) % 4), *packed))

    def _write_channels(self, record: _Record) -> None:
        layer = record.layer
        straight = None
        if layer.pixels is not None and not record.area.is_empty:
            straight = to_rgba(layer.pixels.read(record.area))
        lengths = []
        for channel in record.channels:
            start = self._file.tell()
            if channel == names.MASK:
                assert layer.mask is not None
                plane = _plane(layer.mask, record.mask_area)
            else:
                plane = np.zeros((0, 0), np.uint8) if straight is None else straight[..., channel % 4]
            counts, rows = self._packed(plane)
            self._file.write(struct.pack(">H", _RLE if plane.size else 0) + counts)
            self._file.write(rows)
            lengths.append(self._file.tell() - start)
        self._patch(record.lengths_at, lengths)

    # ------------------------------------------------------------------ the picture

    def _merged(self) -> Pixels:
        """Straight RGBA of the canvas."""
        canvas = self._state.canvas
        picture = np.zeros((canvas.height, canvas.width, 4), np.uint8)
        for key in canvas.tiles():
            place = Rect.of_tile(key)
            part = place.intersected(canvas)
            tile = to_rgba(compose(self._state.layers, key))
            rows, columns = (
                slice(part.y - canvas.y, part.bottom - canvas.y),
                slice(part.x - canvas.x, part.right - canvas.x),
            )
            picture[rows, columns] = tile[
                part.y - place.y : part.bottom - place.y, part.x - place.x : part.right - place.x
            ]
        return picture

    def _write_merged(self, merged: Pixels, channels: int) -> None:
        """As Photoshop does, with white behind what is not opaque."""
        alpha = merged[..., 3]
        counts, rows = io.BytesIO(), io.BytesIO()
        for channel in range(channels):
            plane = merged[..., channel]
            if channel < 3 and channels == 4:
                white = np.uint16(255) * (np.uint16(255) - alpha)
                plane = ((plane.astype(np.uint16) * alpha + white + 127) // 255).astype(np.uint8)
            packed = self._packed(plane)
            counts.write(packed[0])
            rows.write(packed[1])
        self._file.write(struct.pack(">H", _RLE) + counts.getvalue())
        self._file.write(rows.getbuffer())

    def _packed(self, plane: Pixels) -> tuple[bytes, bytes]:
        """The lengths of the packed rows, and the rows."""
        if not plane.size:
            return b"", b""
        from psd_tools.compression import encode_rle

        height, width = plane.shape
        packed = encode_rle(np.ascontiguousarray(plane).tobytes(), width, height, 8, self._version)
        counts = height * 2 * self._version
        return packed[:counts], packed[counts:]


def _plane(mask: Surface, area: Rect) -> Pixels:
    return np.zeros((0, 0), np.uint8) if area.is_empty else mask.array(area)


def _unicode(text: str) -> bytes:
    encoded = text.encode("utf-16-be", "replace")
    return struct.pack(">I", len(encoded) // 2) + encoded


def _block(content: bytes, multiple: int = 1) -> bytes:
    """With its length before it, filled up to a multiple of some bytes."""
    content += bytes(-len(content) % multiple)
    return struct.pack(">I", len(content)) + content


def _resource(number: int, content: bytes) -> bytes:
    return b"8BIM" + struct.pack(">HHI", number, 0, len(content)) + content + bytes(len(content) % 2)
