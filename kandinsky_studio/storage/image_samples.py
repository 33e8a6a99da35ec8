"""From what a decoder gives, in eight bits or more, to straight RGBA of sRGB, a band of rows at a time.

A picture of 8192 × 8192 pixels is 268 MB in each form; bands keep the forms in between small.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from kandinsky_studio.storage.colour import Conversion, Words, rounded

_BAND = 1 << 20  # pixels
_WORDS = 65535
LOW_BYTES = {";16B": ";16L", ";16L": ";16B", ";16N": ";16B" if sys.byteorder == "little" else ";16L"}
"""By the end of Pillow's name of a 16-bit raw mode, of which it keeps the high bytes, the one that keeps the low."""


@dataclass(frozen=True, eq=False)
class Samples:
    """What is in a picture file.

    ``image`` has Pillow's modes L, LA, RGB, RGBA, CMYK, LAB; for more than eight bits it holds the high bytes and
    ``low`` the low ones, or it has the modes I;16, I, F. ``numbers`` is there in place of them for what Pillow can't
    hold: (height, width, channels of ``mode``) of floating numbers, 0…1, or of uint16. ``most`` is the number that means white in I;16. ``key`` is
    the colour that stands for transparency in a file of 16 bits. ``premultiplied`` is for 16 bits only.
    """

    image: Image.Image | None = None
    low: Image.Image | None = None
    numbers: npt.NDArray[np.floating] | Words | None = None
    mode: str = ""
    most: int = _WORDS
    inverted: bool = False
    key: tuple[int, ...] | None = None
    premultiplied: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        if self.numbers is not None:
            return self.numbers.shape[1], self.numbers.shape[0]
        assert self.image is not None
        return self.image.size

    @property
    def colour_mode(self) -> str:
        """Pillow's name of what the samples are without alpha: L, RGB, CMYK or LAB."""
        return self.mode.removesuffix("A") if self.mode in ("LA", "RGBA") else self.mode

    @property
    def has_alpha(self) -> bool:
        """Whether any of the picture can be transparent."""
        return self.mode in ("LA", "RGBA") or self.key is not None

    @property
    def is_deep(self) -> bool:
        """Whether a sample has more than eight bits."""
        return self.low is not None or self.image is None or self.image.mode[0] in "IF"

    def to_srgb(self, conversion: Conversion) -> npt.NDArray[np.uint8]:
        """uint8 (height, width, 4), alpha not multiplied in. ``conversion`` is for ``colour_mode``."""
        width, height = self.size
        pixels = np.empty((height, width, 4), np.uint8)
        for top, bottom in _bands(width, height):
            band = pixels[top:bottom]
            if self.is_deep:
                words = self._words(top, bottom)
                alpha = self._alpha(words)
                if self.mode in ("LA", "RGBA"):
                    words = words[..., :-1]
                band[..., :3] = conversion.from_words(words)
                band[..., 3] = 255 if alpha is None else rounded(alpha)
            else:
                assert self.image is not None
                part = self.image.crop((0, top, width, bottom))
                band[..., 3] = np.asarray(part.getchannel("A")) if self.has_alpha else 255
                band[..., :3] = conversion.from_bytes(part.convert(self.colour_mode) if self.has_alpha else part)
        return pixels

    def _alpha(self, words: Words) -> Words | None:
        """The alpha of ``words``; colours that it was multiplied into are divided by it, in place."""
        if self.key is not None:
            seen = (words != np.array(self.key, np.uint16)).any(axis=-1)
            opacity: Words = seen.astype(np.uint16) * np.uint16(_WORDS)
            return opacity
        if self.mode not in ("LA", "RGBA"):
            return None
        alpha: Words = words[..., -1]
        if self.premultiplied:
            divisor = np.maximum(alpha, 1)[..., None].astype(np.float64)
            words[..., :-1] = np.minimum(np.rint(words[..., :-1] * (_WORDS / divisor)), _WORDS).astype(np.uint16)
        return alpha

    def _words(self, top: int, bottom: int) -> Words:
        """uint16 (rows, width, channels of ``mode``)."""
        if self.numbers is not None:
            return _from_numbers(self.numbers[top:bottom])
        assert self.image is not None
        box = (0, top, self.image.width, bottom)
        high = np.asarray(self.image.crop(box))
        if self.low is not None:
            deep: Words = high.astype(np.uint16) << np.uint16(8) | np.asarray(self.low.crop(box))
            return deep
        high = high[..., None]
        if self.image.mode == "F":
            words = _from_numbers(high)
        elif self.image.mode == "I":
            # Pillow holds unsigned numbers of 32 bits in signed ones.
            words = (high.astype(np.int32).view(np.uint32) >> np.uint32(16)).astype(np.uint16)
        else:
            words = high.astype(np.uint16)
            if self.most != _WORDS:
                scaled = (words.astype(np.uint32) * _WORDS + self.most // 2) // self.most
                words = np.minimum(scaled, _WORDS).astype(np.uint16)
        return _WORDS - words if self.inverted else words


def eight_bits(image: Image.Image) -> Samples:
    """The samples of a decoded image of eight bits or fewer, palettes and colour keys resolved."""
    if image.mode in ("1", "L") and image.has_transparency_data:
        image = image.convert("LA")
    elif image.mode in ("1", "La"):
        image = image.convert({"1": "L", "La": "LA"}[image.mode])
    elif image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK", "LAB") or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return Samples(image=image, mode=image.mode)


def _bands(width: int, height: int) -> Iterator[tuple[int, int]]:
    rows = max(1, _BAND // width)
    return ((top, min(top + rows, height)) for top in range(0, height, rows))


def _from_numbers(numbers: npt.NDArray[np.floating] | Words) -> Words:
    if numbers.dtype.kind == "u":
        return numbers.astype(np.uint16)
    clipped = np.clip(np.nan_to_num(numbers, nan=0, posinf=1, neginf=0).astype(np.float64), 0, 1)
    words: Words = np.rint(clipped * _WORDS).astype(np.uint16)
    return words
