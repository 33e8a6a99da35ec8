"""PNG files as layers are kept in them: packed, and unpacked some rows at a time.

That is eight bits a sample, no interlacing, and each row as it is or as what changed from the row above: it is read
several times faster than what PNG allows besides. All else, and every damage, is left to a decoder of whole files.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

import numpy as np
from isal import igzip_lib, isal_zlib

from kandinsky_studio.document.surface import Pixels
from kandinsky_studio.storage.image_png import SIGNATURE

GREY, RGBA = 0, 6
"""Kinds of colour, as the head of a file names them."""

_SAMPLES = {GREY: 1, RGBA: 4}
_HEAD = struct.Struct(">8sI4sIIBBBBB")
_BROKEN: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # its stub calls it an instance
_BAND = 2**21  # bytes of rows that are packed at a time
_LEVEL = 1  # 0 … 3
_PIECE = 2**17  # bytes that are unpacked at a time: what they become is still in the processor's memory when it is used
_AS_IT_IS, _FROM_ABOVE = 0, 2  # filters of rows
_FOLLOWS = {b"IHDR": (b"",), b"IDAT": (b"IHDR", b"IDAT"), b"IEND": (b"IDAT",)}
# Between the head and the pixels: what says nothing of them, or nothing that layers are looked at for.
_BESIDE = {b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"hIST", b"pHYs", b"tIME", b"tEXt", b"zTXt", b"iTXt", b"eXIf"}


class Unusual(Exception):
    """The file is damaged, or packed in another way: a decoder of whole files knows."""


def packed(pixels: Pixels) -> bytes:
    """A file of rows × width × 4, straight, red first, or of rows × width: as :func:`bands` reads it."""
    height, width = pixels.shape[:2]
    kind = GREY if pixels.ndim == 2 else RGBA
    lines = pixels.reshape(height, -1)
    count = max(_BAND // lines.shape[1], 1)
    rows = np.full((min(count, height), 1 + lines.shape[1]), _FROM_ABOVE, np.uint8)
    above = np.zeros((1, lines.shape[1]), np.uint8)
    packer = isal_zlib.compressobj(_LEVEL)
    contents = []
    for top in range(0, height, count):
        part = lines[top : top + count]
        np.subtract(part[:1], above, out=rows[:1, 1:])
        np.subtract(part[1:], part[:-1], out=rows[1 : len(part), 1:])
        above = part[-1:]
        contents.append(packer.compress(rows[: len(part)]))
    contents.append(packer.flush())
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    parts = [_chunk(b"IDAT", content) for content in contents if content]
    return b"".join((SIGNATURE, _chunk(b"IHDR", head), *parts, _chunk(b"IEND", b"")))


def bands(data: bytes, kind: int, width: int, height: int, heights: Iterable[int]) -> Iterator[Pixels]:
    """The picture in a PNG file of this kind and size (pixels) from its top on, band by band as high as ``heights`` say.

    Each is rows × width × 4, straight, red first, or rows × width for grey; the next one comes to lie where it was.
    Raises ``Unusual``, it may be after the last band.
    """
    line = width * _SAMPLES[kind]
    unpacker = _Unpacker(_pieces(data, kind, width, height))
    raw, rows = np.empty((0, 1 + line), np.uint8), np.empty((0, line), np.uint8)
    above = np.zeros(line, np.uint8)
    for count in heights:
        if count > len(rows):
            raw, rows = np.empty((count, 1 + line), np.uint8), np.empty((count, line), np.uint8)
        unpacker.fill(raw[:count])
        for number, how in enumerate(raw[:count, 0].tolist()):
            if how == _FROM_ABOVE:
                np.add(raw[number, 1:], above, out=rows[number])
            elif how == _AS_IT_IS:
                rows[number] = raw[number, 1:]
            else:
                raise Unusual
            above = rows[number]
        yield rows[:count] if kind == GREY else rows[:count].reshape(count, width, 4)
    unpacker.finish()


def _chunk(name: bytes, content: bytes) -> bytes:
    """As ``image_png.chunk`` makes it, with a faster checksum."""
    checksum = isal_zlib.crc32(content, isal_zlib.crc32(name))
    return b"".join((struct.pack(">I", len(content)), name, content, struct.pack(">I", checksum)))


class _Unpacker:
    """Unpacks a stream of zlib's, no more of it at a time than is asked for."""

    def __init__(self, pieces: Iterator[memoryview]) -> None:
        self._pieces = pieces
        self._stream = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_ZLIB)

    def fill(self, target: Pixels) -> None:
        memory = target.reshape(-1)
        at = 0
        while at < len(memory):
            made = self._unpack(len(memory) - at)
            memory[at : at + len(made)] = np.frombuffer(made, np.uint8)
            at += len(made)

    def finish(self) -> None:
        """Raises ``Unusual`` unless the stream ends here, with the right checksum, and the file with it."""
        while not self._stream.eof:
            if self._unpack(1):
                raise Unusual
        if self._stream.unused_data or next(self._pieces, None) is not None:
            raise Unusual

    def _unpack(self, length: int) -> bytes:
        piece: bytes | memoryview = b""
        if self._stream.needs_input:
            piece = next(self._pieces, piece)
            if not piece:
                raise Unusual
        try:
            return self._stream.decompress(piece, length)
        except (_BROKEN, EOFError) as error:
            raise Unusual from error


def _pieces(data: bytes, kind: int, width: int, height: int) -> Iterator[memoryview]:
    """What is packed, in pieces; the checksums of the file are found to be right on the way."""
    view = memoryview(data)
    if data[: _HEAD.size] != _HEAD.pack(SIGNATURE, 13, b"IHDR", width, height, 8, kind, 0, 0, 0):
        raise Unusual
    at, before = len(SIGNATURE), b""
    while before != b"IEND":
        if at + 12 > len(data):
            raise Unusual
        length, name = struct.unpack_from(">I4s", data, at)
        start, end = at + 8, at + 8 + length
        at = end + 4
        if at > len(data):
            raise Unusual
        if name in _BESIDE and before == b"IHDR":
            continue
        if before not in _FOLLOWS.get(name, ()):
            raise Unusual
        if isal_zlib.crc32(view[start - 4 : end]) != int.from_bytes(view[end:at], "big"):
            raise Unusual
        if name == b"IDAT":
            for part in range(start, end, _PIECE):
                yield view[part : min(part + _PIECE, end)]
        before = name
