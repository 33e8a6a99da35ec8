"""Pictures, masks and depth hints that go into a request: arrays that are compared and hashed by what is in them."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from kandinsky_studio.errors import ArrayNotKept, UnusableArray

MAX_PIXELS = 80_000_000
"""The largest raster; a short text can claim to be a picture that fills the memory."""

_MODES = {1: "L", 3: "RGB"}  # Pillow's names, by number of channels
_DIGEST = re.compile(r"[0-9a-f]{64}")
_COMPRESSION = 1  # of 9; the highest takes ten times as long for a few percent
UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,  # Pillow's word for a broken PNG file
    EOFError,
    IndexError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises at a file that is no picture, or a dangerous one."""


class Raster:
    """An unchangeable array, uint8 (height, width, 3) or (height, width), equal to any other with the same content.

    A raster may be *absent*: what it held is known by size and digest only, as in an index that keeps no pixels. It
    is equal to the raster it stands for.
    """

    __slots__ = ("_channels", "_digest", "_height", "_pixels", "_width")

    _width: int
    _height: int
    _channels: int
    _digest: str
    _pixels: npt.NDArray[np.uint8] | None

    def __init__(self, pixels: npt.NDArray[np.uint8]) -> None:
        """A copy of ``pixels``. Raises ``UnusableArray`` for another dtype, shape or size."""
        if getattr(pixels, "dtype", None) != np.uint8:
            raise UnusableArray(
                reason=f"a picture is made of uint8, not of {getattr(pixels, 'dtype', type(pixels).__name__)}"
            )
        if pixels.ndim != 2 and (pixels.ndim != 3 or pixels.shape[2] != 3):
            raise UnusableArray(reason=f"a raster is (height, width, 3) or (height, width), not {tuple(pixels.shape)}")
        self._height, self._width = pixels.shape[:2]
        self._channels = 1 if pixels.ndim == 2 else 3
        _check_size(self._width, self._height)
        content = np.asarray(pixels).tobytes()
        # Over bytes, so that nobody can make it writable again.
        self._pixels = np.frombuffer(content, np.uint8).reshape(pixels.shape)
        head = f"{self._height} {self._width} {self._channels}\n".encode("ascii")
        self._digest = hashlib.sha256(head + content).hexdigest()

    @classmethod
    def absent(cls, digest: str, width: int, height: int, channels: int) -> Raster:
        """What stands for the raster with this digest. Raises ``TypeError`` or ``ValueError``."""
        for name, number in (("width", width), ("height", height), ("channels", channels)):
            if type(number) is not int:
                raise TypeError(f"{name} is {number!r}")
        if channels not in _MODES:
            raise ValueError(f"a raster of {channels} channels")
        _check_size(width, height)
        if not _DIGEST.fullmatch(digest):
            raise ValueError("not a sha256 digest")
        raster = cls.__new__(cls)
        raster._width, raster._height, raster._channels = width, height, channels
        raster._digest, raster._pixels = digest, None
        return raster

    @classmethod
    def of(cls, value: Raster | npt.NDArray[np.uint8]) -> Raster:
        """``value`` as a raster; a picture with alpha, (height, width, 4), is laid over white. Raises as the class."""
        if isinstance(value, Raster):
            return value
        if getattr(value, "dtype", None) == np.uint8 and value.ndim == 3 and value.shape[2] == 4:
            return cls(_over_white(value))
        return cls(value)

    @property
    def pixels(self) -> npt.NDArray[np.uint8]:
        """The read-only array, C-contiguous. Raises ``LookupError`` if the raster is absent."""
        if self._pixels is None:
            raise LookupError(f"{self!r} has no pixels here")
        return self._pixels

    @property
    def present(self) -> bool:
        """Whether there are pixels."""
        return self._pixels is not None

    @property
    def width(self) -> int:
        return self._width

    @property
    def height(self) -> int:
        return self._height

    @property
    def channels(self) -> int:
        """3 for a picture, 1 for a mask or a greyscale picture."""
        return self._channels

    @property
    def digest(self) -> str:
        """The sha256 of shape and bytes, 64 hex digits."""
        return self._digest

    def __eq__(self, other: object) -> bool:
        return self._digest == other._digest if isinstance(other, Raster) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        kind = "Raster" if self.present else "absent Raster"
        return f"<{kind} {self._width}×{self._height}×{self._channels} {self._digest[:8]}>"

    def __copy__(self) -> Raster:
        return self

    def __deepcopy__(self, memo: object) -> Raster:
        return self  # dataclasses.asdict copies all that it finds

    def as_picture(self) -> Raster:
        """The raster with three channels; grey becomes three times the same. Raises ``LookupError`` if absent."""
        return self if self._channels == 3 else Raster(np.repeat(self.pixels[:, :, None], 3, axis=2))

    def to_json(self, with_pixels: bool = True) -> dict[str, Any]:
        """JSON values that :meth:`from_json` reads back; absent in them if it is here, or without its pixels."""
        values: dict[str, Any] = {
            "sha256": self._digest,
            "width": self._width,
            "height": self._height,
            "channels": self._channels,
        }
        if with_pixels and self._pixels is not None:
            buffer = io.BytesIO()
            Image.fromarray(self._pixels).save(buffer, "PNG", compress_level=_COMPRESSION)
            values["png"] = base64.b64encode(buffer.getvalue()).decode("ascii")
        return values

    @classmethod
    def from_json(cls, values: Any) -> Raster:
        """What :meth:`to_json` wrote. Raises ``ValueError`` or ``TypeError`` if it is no raster, or not that one."""
        if not isinstance(values, Mapping):
            raise TypeError("not a raster")
        digest, png = values.get("sha256"), values.get("png", "")
        if not isinstance(digest, str) or not isinstance(png, str):
            raise TypeError("the digest and the PNG picture of a raster are texts")
        stated: Any = (values.get("width"), values.get("height"), values.get("channels"))
        absent = cls.absent(digest, *stated)
        if "png" not in values:
            return absent
        raster = cls(_decoded(base64.b64decode(png, validate=True), absent))
        if raster != absent:
            raise ValueError("the digest of the raster belongs to another")
        return raster


def present(image: Raster | npt.NDArray[np.uint8]) -> Raster:
    """``image`` as a raster. Raises ``ArrayNotKept`` if it has no pixels, and what :meth:`Raster.of` raises."""
    raster = Raster.of(image)
    if not raster.present:
        raise ArrayNotKept
    return raster


def as_mask(values: Raster | npt.NDArray[Any]) -> Raster:
    """A mask of one channel, 255 = repaint.

    From bool, uint8 or floating numbers (0…1), (height, width), which is taken as it is; (height, width, 3), of which
    the luminance counts (ITU-R 601); or (height, width, 4), of which alpha counts unless it is opaque throughout, as
    in a black and white picture that was saved with alpha: then the luminance does. Raises ``UnusableArray`` for
    another dtype or shape and for numbers outside 0…1, not-a-number among them.
    """
    if isinstance(values, Raster):
        if values.channels == 1:
            return values
        values = values.pixels
    levels = _levels(values)
    if levels.ndim == 3 and levels.shape[2] == 4 and (levels[:, :, 3] < 255).any():
        levels = levels[:, :, 3]
    elif levels.ndim == 3 and levels.shape[2] in (3, 4):
        red, green, blue = (levels[:, :, channel].astype(np.uint32) for channel in range(3))
        levels = ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16).astype(np.uint8)  # as Pillow's "L"
    elif levels.ndim != 2:
        raise UnusableArray(reason=f"a mask is (height, width), not {tuple(levels.shape)}")
    return Raster(levels)


def _levels(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """``values`` at 0…255."""
    kind = getattr(getattr(values, "dtype", None), "kind", "")
    if kind == "f":
        if not ((values >= 0) & (values <= 1)).all():  # not-a-number is neither
            raise UnusableArray(reason="the numbers of a mask go from 0 to 1")
        return np.rint(values.astype(np.float64) * 255).astype(np.uint8)
    if kind == "b":
        return values.astype(np.uint8) * np.uint8(255)
    if getattr(values, "dtype", None) != np.uint8:
        raise UnusableArray(reason=f"a mask can't be made of {getattr(values, 'dtype', type(values).__name__)}")
    return values


def _over_white(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """What (height, width, 4), its colours not multiplied by alpha, looks like on white paper."""
    alpha = pixels[:, :, 3:].astype(np.uint16)
    colour = pixels[:, :, :3] * alpha + 255 * (255 - alpha)  # at most 255², so uint16 does
    return ((colour + 127) // 255).astype(np.uint8)


def _decoded(content: bytes, stated: Raster) -> npt.NDArray[np.uint8]:
    """The pixels of a PNG picture, which must have the size and the channels of ``stated``. Raises ``ValueError``."""
    try:
        # The size lies at a fixed place, so a bomb is known before Pillow sees it.
        if content[16:24] != struct.pack(">II", stated.width, stated.height):
            raise ValueError("another size")
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if (image.mode, image.size) != (_MODES[stated.channels], (stated.width, stated.height)):
                raise ValueError("another kind of picture")
            return np.asarray(image)
    except UNREADABLE as error:
        raise ValueError(f"not the PNG picture of {stated!r}: {error}") from error


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise UnusableArray(reason=f"it has {width} × {height} pixels")
