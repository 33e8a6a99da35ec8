"""The records of a journal: what one says, as JSON, and the tiles that come with it; whole or not there."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from kandinsky_studio.document.layers import Layer, State
from kandinsky_studio.document.scratch import packs_well
from kandinsky_studio.document.surface import Surface, Tile

VERSION = 1
RECORDS = "records"
BASE = "base"

Tiles = list[tuple[int, Tile]]
Stamp = tuple[int, int] | None  # bytes and time of a file's last change; None if it is not there

_MAGIC = b"KSJ1"
_FRONT = 24  # bytes before a record: the magic, two lengths and the checksum
_PACKED_UP_TO = 64  # tiles of one record that are packed; more are written as they are, which is faster
_LONGEST_HEAD = 2**28


class Place(NamedTuple):
    """Where the bytes of a tile are in the file."""

    offset: int
    length: int
    packed: bool
    depth: int  # bytes of a pixel


def write_record(file: BinaryIO, head: dict[str, Any], tiles: Tiles, hurry: bool = False) -> int:
    """Write one record; returns its length. ``file`` is not buffered: what is written survives the process.

    In a ``hurry``, because others wait, only tiles of one colour are packed.
    """
    packs = len(tiles) <= _PACKED_UP_TO and not hurry
    listed, parts = [], []
    for number, tile in tiles:
        data = tile.read()
        pack = (packs and packs_well(data)) or data[:4] * (len(data) // 4) == data
        if pack:
            data = zlib.compress(data, 1)
        listed.append([number, len(data), pack, tile.depth.bytes])
        parts.append(data)
    text = json.dumps({**head, "blobs": listed}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    size = len(text) + sum(map(len, parts))
    checksum = zlib.crc32(text)
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    front = _MAGIC + len(text).to_bytes(8, "little") + size.to_bytes(8, "little") + checksum.to_bytes(4, "little")
    for piece in (front + text, *parts):
        view = memoryview(piece)
        while view:
            view = view[file.write(view) :]
    return len(front) + size


def read_records(file: BinaryIO) -> Iterator[tuple[dict[str, Any], dict[int, Place]]]:
    """The records that are whole, each with the places of its tiles. Ends with ``file`` behind the last of them.

    Raises ``ValueError``, ``KeyError`` or ``TypeError`` for what can't be a record of ours.
    """
    while True:
        start = file.tell()
        front = file.read(_FRONT)
        if len(front) < _FRONT or front[:4] != _MAGIC:
            file.seek(start)
            return
        length, size = int.from_bytes(front[4:12], "little"), int.from_bytes(front[12:20], "little")
        text = file.read(min(length, size, _LONGEST_HEAD))
        checksum, left = zlib.crc32(text), size - length
        while left > 0 and (piece := file.read(min(left, 2**22))):
            checksum = zlib.crc32(piece, checksum)
            left -= len(piece)
        if left != 0 or len(text) != length or checksum != int.from_bytes(front[20:24], "little"):
            file.seek(start)
            return
        head = json.loads(text.decode("utf-8", "surrogatepass"))
        places, offset = {}, start + _FRONT + length
        for number, count, packed, depth in head.pop("blobs"):
            places[number] = Place(offset, count, packed, depth)
            offset += count
        end = file.tell()
        yield head, places
        file.seek(end)


def read_first_head(file: BinaryIO) -> dict[str, Any]:
    """What the first record says; whether its tiles are whole is not looked at. Raises as :func:`read_records`."""
    front = file.read(_FRONT)
    if front[:4] != _MAGIC:
        raise ValueError
    text = file.read(min(int.from_bytes(front[4:12], "little"), _LONGEST_HEAD))
    head: dict[str, Any] = json.loads(text.decode("utf-8", "surrogatepass"))
    return head


def stamp_of(file: Path | None) -> Stamp:
    """What tells whether a file was changed since."""
    if file is None:
        return None
    try:
        found = file.stat()
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns


def surfaces_of(state: State) -> list[Surface]:
    """Each once, in the order of ``State.surfaces``."""
    return list(dict.fromkeys(state.surfaces()))


def described(state: State, numbers: Mapping[Surface, int]) -> dict[str, Any]:
    """A state as a record says it; ``numbers`` are those of its surfaces."""
    return {
        "canvas": list(state.canvas),
        "layers": [_layer(layer, numbers) for layer in state.layers],
        "selection": None if state.selection is None else numbers[state.selection],
        "resolution": state.resolution,
        "extras": state.extras,
    }


def _layer(layer: Layer, numbers: Mapping[Surface, int]) -> dict[str, Any]:
    return {
        "id": layer.id,
        "kind": layer.kind.value,
        "name": layer.name,
        "pixels": None if layer.pixels is None else numbers[layer.pixels],
        "mask": None if layer.mask is None else numbers[layer.mask],
        "children": [_layer(child, numbers) for child in layer.children],
        "visible": layer.visible,
        "opacity": layer.opacity,
        "mode": layer.mode.value,
        "isolated": layer.isolated,
        "locked": layer.locked,
        "alpha_locked": layer.alpha_locked,
        "label": layer.label.value,
        "mask_enabled": layer.mask_enabled,
        "grow": layer.grow,
        "feather": layer.feather,
        "inverted": layer.inverted,
        "origin": layer.origin,
    }
