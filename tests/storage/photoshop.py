"""Photoshop's files put together by hand, as other programs write them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from psd_tools.compression import compress
from psd_tools.constants import Compression

from kandinsky_studio.document.geometry import Rect

RAW, RLE, ZIP, PREDICTED = range(4)
TYPES = {8: ">u1", 16: ">u2", 32: ">f4"}


@dataclass
class Sheet:
    """A layer; ``planes`` by the number of their channel. ``divider`` 1 ends a group, 3 begins one."""

    planes: Mapping[int, np.ndarray] = field(default_factory=dict)
    x: int = 0
    y: int = 0
    name: str = "a"
    mode: bytes = b"norm"
    opacity: int = 255
    clips: bool = False
    flags: int = 8
    mask: bytes = b""
    masks: Mapping[int, np.ndarray] = field(default_factory=dict)
    blocks: Sequence[tuple[bytes, bytes]] = ()
    divider: int = 0
    ranges: bytes = b""


def built(
    width: int,
    height: int,
    sheets: Sequence[Sheet] = (),
    merged: Sequence[np.ndarray] | None = None,
    mode: int = 3,
    depth: int = 8,
    packing: int = RAW,
    resources: Sequence[tuple[int, bytes]] = (),
    table: bytes = b"",
    version: int = 1,
    in_block: bool = False,
    transparent: bool = False,
) -> bytes:
    """A file. ``in_block`` puts the layers where Photoshop does for more than eight bits."""
    size = {1: ">I", 2: ">Q"}[version]
    merged = merged if merged is not None else [np.zeros((height, width), _type(depth))] * 3
    head = struct.pack(">4sH6xHIIHH", b"8BPS", version, len(merged), height, width, depth, mode)
    res = b"".join(b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + _even(data) for number, data in resources)
    records, pixels = b"", b""
    for sheet in sheets:
        record, content = _sheet(sheet, depth, packing, version, size)
        records, pixels = records + record, pixels + content
    info = struct.pack(">h", -len(sheets) if transparent else len(sheets)) + records + pixels if sheets else b""
    if in_block:
        name = {16: b"Lr16", 32: b"Lr32"}[depth]
        info += bytes(-len(info) % 4)
        section = struct.pack(size, 0) + struct.pack(">I", 0) + b"8BIM" + name + struct.pack(size, len(info)) + info
    else:
        section = struct.pack(size, len(_even(info))) + _even(info) + struct.pack(">I", 0) if sheets else b""
    stacked = np.concatenate([plane.astype(_type(depth)) for plane in merged]) if depth > 1 else merged[0]
    image = compress(stacked.tobytes(), Compression(packing), width, height * len(merged), depth, version)
    parts = (struct.pack(">I", len(table)) + table, struct.pack(">I", len(res)) + res, struct.pack(size, len(section)))
    return b"".join((head, *parts, section, struct.pack(">H", packing), image))


def block(key: bytes, content: bytes) -> bytes:
    return b"8BIM" + key + struct.pack(">I", len(_even(content))) + _even(content)


def unicode(text: str) -> bytes:
    return struct.pack(">I", len(text)) + text.encode("utf-16-be")


def mask_data(area: Rect, default: int = 0, flags: int = 0, more: bytes = b"\0\0") -> bytes:
    return struct.pack(">4iBB", area.y, area.x, area.bottom, area.right, default, flags) + more


def _sheet(sheet: Sheet, depth: int, packing: int, version: int, size: str) -> tuple[bytes, bytes]:
    planes = [*sheet.planes.items(), *sheet.masks.items()]
    height, width = next(iter(sheet.planes.values())).shape if sheet.planes else (0, 0)
    channels, content = b"", b""
    for number, plane in planes:
        if plane.size:
            data = plane.astype(_type(depth)).tobytes()
            packed = compress(data, Compression(packing), plane.shape[1], plane.shape[0], depth, version)
            packed = struct.pack(">H", packing) + packed
        else:
            packed = b"\0\0"
        channels += struct.pack(">h", number) + struct.pack(size, len(packed))
        content += packed
    blocks = list(sheet.blocks)
    if sheet.divider:
        kind = struct.pack(">I", sheet.divider)
        blocks.append((b"lsct", kind if sheet.divider == 3 else kind + b"8BIM" + sheet.mode))
    short = sheet.name.encode("mac-roman", "replace")
    name = bytes([len(short)]) + short
    extra = (
        struct.pack(">I", len(sheet.mask))
        + sheet.mask
        + struct.pack(">I", len(sheet.ranges))
        + sheet.ranges
        + name
        + bytes(-len(name) % 4)
    )
    extra += b"".join(block(*one) for one in blocks)
    edges = struct.pack(">4iH", sheet.y, sheet.x, sheet.y + height, sheet.x + width, len(planes))
    rest = struct.pack(">4s4sBBBxI", b"8BIM", sheet.mode, sheet.opacity, sheet.clips, sheet.flags, len(extra))
    return edges + channels + rest + extra, content


def _type(depth: int) -> str:
    return TYPES.get(depth, ">u1")


def _even(data: bytes) -> bytes:
    return data + bytes(len(data) % 2)
