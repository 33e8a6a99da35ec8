"""PNG files piece by piece: what Pillow should not meet is taken out, and what it can't write is written."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf", b"pHYs"}
_MAX_PROFILE = 16_000_000  # bytes; Pillow refuses the whole picture at one million


@dataclass(frozen=True)
class PngParts:
    """A PNG file that holds one picture and nothing else, and what was beside it.

    ``icc`` is the ICC profile, empty if it is broken, None if there is none.
    """

    content: bytes
    icc: bytes | None
    animated: bool


def parts(data: bytes) -> PngParts:
    """Take ``data`` apart; what comes after broken chunk lengths stays as it is, for the decoder to judge.

    Texts and private chunks may have megabytes, and are limited by Pillow in ways that have to do with texts.
    """
    view = memoryview(data)
    kept, icc, animated = [view[: len(SIGNATURE)]], None, False
    for name, start, end in _chunks(data):
        if name in _KEPT or not name:
            kept.append(view[start:end])
        elif name == b"iCCP" and icc is None:
            icc = _profile(data[start + 8 : end - 4])
        elif name == b"acTL":
            animated = True
    return PngParts(b"".join(kept), icc, animated)


def write_deep(pixels: npt.NDArray[np.uint8], level: int, chunks: bytes) -> bytes:
    """A PNG file of 16 bits a sample, which Pillow does not write.

    ``pixels`` is (height, width, 3 or 4); ``level`` is zlib's, 0…9; ``chunks`` go before the picture.
    """
    height, width, channels = pixels.shape
    packer = zlib.compressobj(level)
    packed = []
    above = np.zeros((width, channels), np.uint8)
    for row in pixels:
        # Filter 2, what changed from the row above; both bytes of a sample are the level itself, 257 times it being
        # what the level is in 16 bits.
        packed.append(packer.compress(b"\2" + np.repeat(row - above, 2).tobytes()))
        above = row
    packed.append(packer.flush())
    header = struct.pack(">IIBBBBB", width, height, 16, 2 if channels == 3 else 6, 0, 0, 0)
    return b"".join((SIGNATURE, chunk(b"IHDR", header), chunks, chunk(b"IDAT", b"".join(packed)), chunk(b"IEND", b"")))


def chunk(name: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk; a last one without a name if what is left is no chunk."""
    start = len(SIGNATURE)
    while start < len(data):
        length, name = struct.unpack_from(">I4s", data, start) if start + 8 <= len(data) else (0, b"")
        end = start + 12 + length
        if end > len(data) or not name.isalpha():
            yield b"", start, len(data)
            return
        yield name, start, end
        if name == b"IEND":
            return
        start = end


def _profile(content: bytes) -> bytes:
    """The profile in an iCCP chunk; empty if it is broken or far too large."""
    _, _, packed = content.partition(b"\0")
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(packed[1:], _MAX_PROFILE)
    except zlib.error:
        return b""
    return profile if unpacker.eof else b""
