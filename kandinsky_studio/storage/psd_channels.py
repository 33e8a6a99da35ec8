"""The channels of Photoshop's files, turned into pixels of sRGB."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from kandinsky_studio.storage.colour import Bytes, Conversion, Words, rounded
from kandinsky_studio.storage.image_samples import Samples

BITMAP, GREY, INDEXED, RGB, CMYK, DUOTONE, LAB = 0, 1, 2, 3, 4, 8, 9
PILLOW_MODES = {BITMAP: "L", GREY: "L", INDEXED: "RGB", RGB: "RGB", CMYK: "CMYK", DUOTONE: "L", LAB: "LAB"}
_RAW, _RLE, _ZIP, _ZIP_PREDICTED = range(4)
_WORDS = 65535

Plane = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float32]


@dataclass(frozen=True)
class Colours:
    """What the numbers in a file mean. ``mode`` is Photoshop's, ``depth`` the bits of a sample, ``palette`` (256, 3),
    for indexed colours only, ``transparent`` the index that is none."""

    mode: int
    depth: int
    version: int
    conversion: Conversion
    palette: Bytes | None = None
    transparent: int = -1

    @property
    def count(self) -> int:
        """Channels of colour that a layer has."""
        return {RGB: 3, CMYK: 4, LAB: 3}.get(self.mode, 1)

    def to_rgba(self, planes: Mapping[int, Plane], alpha: Plane | None, shape: tuple[int, int]) -> Bytes:
        """Straight sRGB, height × width × 4, of channels by their number; those that are missing are black."""
        colours = [planes.get(number, np.zeros(shape, self._dtype)) for number in range(self.count)]
        pixels = self._samples(colours).to_srgb(self.conversion)
        if self.depth == 32 and not self.conversion.icc_applied:
            pixels[..., :3] = _encoding()[pixels[..., :3]]  # such numbers are in linear light
        if alpha is not None:
            pixels[..., 3] = levels(alpha)
        elif self.mode == INDEXED and self.transparent >= 0:
            pixels[..., 3] = np.where(colours[0] == self.transparent, 0, 255)
        return pixels

    @property
    def _dtype(self) -> npt.DTypeLike:
        return {16: np.uint16, 32: np.float32}.get(self.depth, np.uint8)

    def _samples(self, colours: list[Plane]) -> Samples:
        name = PILLOW_MODES[self.mode]
        if self.mode == INDEXED:
            assert self.palette is not None
            return Samples(image=Image.fromarray(self.palette[colours[0]]), mode=name)
        if self.depth <= 8 or self.mode == LAB:
            stacked = np.stack([levels(plane) for plane in colours], -1)
            if self.mode == CMYK:
                stacked = 255 - stacked  # here, all is no ink
            elif self.mode == LAB:
                stacked[..., 1:] ^= 128  # Pillow takes these for signed
            height, width = stacked.shape[:2]
            return Samples(image=Image.frombytes(name, (width, height), stacked.tobytes()), mode=name)
        words = np.stack([_words(plane) for plane in colours], -1)
        return Samples(numbers=_WORDS - words if self.mode == CMYK else words, mode=name)


def unpacked(data: bytes, packing: int, width: int, height: int, depth: int, version: int) -> Plane:
    """A channel, height × width: bytes, 16-bit or floating numbers. One bit a sample becomes 0 and 255.

    Raises ``ValueError`` or ``zlib.error`` if the data is not that of a channel of this size.
    """
    row = (width * depth + 7) // 8
    length = row * height
    if packing == _RLE:
        from psd_tools.compression import decode_rle

        data = decode_rle(data, width, height, depth, version)
    elif packing in (_ZIP, _ZIP_PREDICTED):
        data = _inflated(data, length)
    elif packing != _RAW:
        raise ValueError("an unknown packing")
    if len(data) < length:
        raise ValueError("the channel is too short")
    if packing == _ZIP_PREDICTED:
        from psd_tools.compression import decode_prediction

        data = decode_prediction(data, width, height, depth)
    if depth == 1:
        bits = np.unpackbits(np.frombuffer(data, np.uint8, length).reshape(height, row), axis=1)[:, :width]
        return (1 - bits) * np.uint8(255)  # ink is one
    dtype = {8: ">u1", 16: ">u2", 32: ">f4"}[depth]
    plane = np.frombuffer(data, dtype, width * height).reshape(height, width)
    return plane.astype(dtype[1:])


def levels(plane: Plane) -> Bytes:
    """As bytes."""
    if plane.dtype == np.uint8:
        return np.asarray(plane, np.uint8)
    return rounded(_words(plane))


def _words(plane: Plane) -> Words:
    if plane.dtype == np.uint16:
        return np.asarray(plane, np.uint16)
    clipped = np.clip(np.nan_to_num(plane, nan=0, posinf=1, neginf=0), 0, 1)
    words: Words = np.rint(clipped * np.float32(_WORDS)).astype(np.uint16)
    return words


def _inflated(data: bytes, length: int) -> bytes:
    """At most ``length`` bytes, whatever is in it."""
    return zlib.decompressobj().decompress(data, length)


def _encoding() -> Bytes:
    """sRGB levels of levels in linear light."""
    linear = np.arange(256) / 255
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    encoding: Bytes = np.rint(encoded * 255).astype(np.uint8)
    return encoding
