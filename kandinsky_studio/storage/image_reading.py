"""Opening picture files of other programs, whatever is in them.

The size is known before anything is decoded, one picture is decoded at a time, and whatever a decoder raises becomes
an error that says what is wrong with the file.
"""

from __future__ import annotations

import io
import math
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from kandinsky_studio.errors import (
    DamagedPicture,
    FileNotReadable,
    FileTooLarge,
    OutOfMemory,
    PictureCutShort,
    PictureTooLarge,
    StudioError,
    UnknownFileKind,
    UnreadableVariant,
)
from kandinsky_studio.storage import image_png, image_tiff
from kandinsky_studio.storage.colour import Conversion
from kandinsky_studio.storage.image_samples import LOW_BYTES, Samples, eight_bits

MAX_SIDE = 8192
"""The longest side of a document, in pixels."""

MAX_FILE = 1 << 30
"""The largest file that is opened, in bytes; a picture of the largest size in 32-bit floating numbers has that."""

_MAX_SCANS = 256  # of a progressive JPEG file; real ones have about ten, and each takes the time of a whole decoding
_AVIF_HEAD = 1 << 16  # bytes within which the sizes lie
_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}
READABLE = tuple(_PLUGINS)
"""Names of the formats that are read, by what is in a file, whatever its suffix says."""

_UNSUPPORTED = ("unknown pixel mode", "cannot handle", "unsupported", "not supported", "unknown data organization")
_PATIENCE = threading.Lock()  # one picture at a time; also, the filters of warnings belong to all threads


class Note(StrEnum):
    """What the user should know about a picture that was opened."""

    profile_ignored = "profile_ignored"  # its ICC profile is broken or speaks of other channels
    first_of_several = "first_of_several"  # it has more frames or pages


@dataclass(frozen=True, eq=False)
class ReadImage:
    """A picture file as the studio works with it.

    ``pixels`` is uint8 (height, width, 4), sRGB, alpha not multiplied in, upright. ``icc_applied`` says whether the
    colours are what the ICC profile of the file makes of them. ``bits`` are those of a sample in the file.
    ``resolution_dpi`` is across and down, in dots per inch. ``format`` is a name of ``READABLE``.
    """

    pixels: npt.NDArray[np.uint8]
    format: str
    icc_applied: bool = False
    had_alpha: bool = False
    bits: int = 8
    resolution_dpi: tuple[float, float] | None = None
    notes: tuple[Note, ...] = ()


@dataclass
class _Opened:
    """A picture that is not decoded yet, and what was found beside it."""

    image: ImageFile.ImageFile
    icc: bytes | None
    several: bool = False


def read_image(path: Path) -> ReadImage:
    """The picture at ``path``.

    Raises ``FileNotReadable``, ``UnknownFileKind``, ``FileTooLarge``, ``PictureTooLarge``, ``UnreadableVariant``,
    ``DamagedPicture``, ``PictureCutShort`` or ``OutOfMemory``, and nothing else whatever the bytes are.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
            size = max(file.seek(0, io.SEEK_END), len(data))
    except (OSError, ValueError) as error:  # a name with a zero in it is a ValueError
        raise FileNotReadable(file=path.name) from error
    _check_length(size, path.name)
    return open_from_bytes(data, path.name)


def open_from_bytes(data: bytes, name: str) -> ReadImage:
    """The picture in ``data``, as it comes from the clipboard or is dropped; ``name`` is what messages call it.

    Raises as :func:`read_image` does, but for ``FileNotReadable``.
    """
    _check_length(len(data), name)
    form = _format_of(data)
    if not form:
        raise UnknownFileKind(file=name, known=", ".join(READABLE))
    with _PATIENCE, _named_errors(name, form, data), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # at what is odd in a file; what can't be read raises
        return _read_tiff(data, name) if form == "TIFF" else _read(data, form, name)


def _read(data: bytes, form: str, name: str) -> ReadImage:
    if form == "WebP":
        _check_size(_webp_size(data), name)  # its decoder makes room for two pictures before one can ask
    elif form == "AVIF":
        _check_size(_avif_size(data), name)  # its decoder does not say why it refuses one
    elif form == "JPEG" and data.count(b"\xff\xda") > _MAX_SCANS:
        raise DamagedPicture(file=name)
    icc, several, bits = None, False, 8
    if form == "PNG":
        parts = image_png.parts(data)
        data, icc, several = parts.content, parts.icc, parts.animated
    image = _PLUGINS[form](io.BytesIO(data))
    _check_size(image.size, name)
    if form == "PNG":
        bits = data[24]
    else:
        icc = image.info.get("icc_profile")
        several = bool(getattr(image, "is_animated", False))
    samples = _deep_png(data, image) if form == "PNG" and bits == 16 else _loaded(image)
    _check_size(samples.size, name)
    return _finished(samples, form, icc, bits, _resolution(image), several, _orientation(image))


def _read_tiff(data: bytes, name: str) -> ReadImage:
    tags = image_tiff.directory(data)
    _check_size(image_tiff.size_of(tags), name)
    if not image_tiff.check_tiles(tags, MAX_SIDE):
        raise DamagedPicture(file=name)
    icc = tags.get(image_tiff.ICC_PROFILE)
    resolution, orientation = None, 1  # for what was turned by who read it
    if image_tiff.is_floating(tags):
        samples = image_tiff.read_floating(data, tags)
    elif image_tiff.is_deep_planes(tags):
        samples = image_tiff.read_deep_planes(data, tags)
        orientation = image_tiff.orientation_of(tags)
    else:
        image = TiffImagePlugin.TiffImageFile(io.BytesIO(data))
        _check_size(image.size, name)
        resolution = _resolution(image)
        samples = image_tiff.read(lambda: TiffImagePlugin.TiffImageFile(io.BytesIO(data)), image)
    if samples is None:
        raise UnreadableVariant(file=name, format="TIFF")
    _check_size(samples.size, name)
    return _finished(
        samples,
        "TIFF",
        icc if isinstance(icc, bytes) else None,
        image_tiff.bits_of(tags),
        resolution,
        bool(tags.next),
        orientation,
    )


def _finished(
    samples: Samples,
    form: str,
    icc: bytes | None,
    bits: int,
    resolution: tuple[float, float] | None,
    several: bool,
    orientation: int,
) -> ReadImage:
    conversion = Conversion(samples.colour_mode, icc)
    pixels = _upright(samples.to_srgb(conversion), orientation)
    notes = [Note.profile_ignored] if icc is not None and not conversion.icc_applied else []
    return ReadImage(
        pixels=pixels,
        format=form,
        icc_applied=conversion.icc_applied,
        had_alpha=samples.has_alpha,
        bits=bits,
        resolution_dpi=resolution[::-1] if resolution and orientation >= 5 else resolution,
        notes=tuple([*notes, Note.first_of_several] if several else notes),
    )


def _loaded(image: ImageFile.ImageFile) -> Samples:
    image.load()
    return eight_bits(image)


def _deep_png(data: bytes, image: ImageFile.ImageFile) -> Samples:
    """A PNG file of 16 bits: Pillow keeps the high bytes of colour, so it is asked for the low ones, too."""
    raw = str(image.tile[0].args) if image.tile else ""
    key = image.info.get("transparency")
    keys = key if isinstance(key, tuple) else (key,) if isinstance(key, int) else None
    if image.mode.startswith("I"):
        image.load()
        return Samples(image=image, mode="L", key=keys)
    if raw.startswith("LA"):
        # Grey, alpha, two bytes each: as many as four samples of eight bits.
        _set_raw_mode(image, "RGBA")
        image.load()
        return Samples(image=_bands(image, 0, 2), low=_bands(image, 1, 3), mode="LA")
    low = PngImagePlugin.PngImageFile(io.BytesIO(data))
    _set_raw_mode(low, raw.replace(raw[-4:], LOW_BYTES[raw[-4:]]))
    image.load()
    low.load()
    return Samples(image=image, low=low, mode=image.mode, key=keys)


def _set_raw_mode(image: ImageFile.ImageFile, raw: str) -> None:
    image.tile = [tile._replace(args=raw) for tile in image.tile]


def _bands(image: Image.Image, grey: int, alpha: int) -> Image.Image:
    return Image.merge("LA", (image.getchannel(grey), image.getchannel(alpha)))


def _format_of(data: bytes) -> str:
    """The name of the format that ``data`` begins as; empty for others."""
    if data.startswith(image_png.SIGNATURE):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis", b"mif1", b"msf1"):
        return "AVIF"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    return "BMP" if data[:2] == b"BM" else ""


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height as the first chunk says; (0, 0) if it does not."""
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return 0, 0
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        packed = int.from_bytes(body[1:5], "little")
        return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", body, 6)
    return (width & 0x3FFF, height & 0x3FFF) if kind == b"VP8 " else (0, 0)


def _avif_size(data: bytes) -> tuple[int, int]:
    """The largest width and height that the head of the file speaks of, for a whole picture or a part of it."""
    width = height = 1
    at = data.find(b"\0\0\0\x14ispe", 0, _AVIF_HEAD)
    while at >= 0 and at + 20 <= len(data):
        across, down = struct.unpack_from(">II", data, at + 12)
        width, height = max(width, across), max(height, down)
        at = data.find(b"\0\0\0\x14ispe", at + 8, _AVIF_HEAD)
    return width, height


def _ends_early(data: bytes, form: str) -> bool:
    """Whether ``data`` is shorter than it says it is."""
    if form == "PNG":
        return b"IEND" not in data
    if form == "JPEG":
        return b"\xff\xd9" not in data
    if form == "WebP":
        return 8 + int.from_bytes(data[4:8], "little") > len(data)
    if form == "BMP":
        return int.from_bytes(data[2:6], "little") > len(data)
    at = 0
    while form == "AVIF" and at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length < 8:  # up to the end, a long one, or nonsense
            return False
        at += length
    return at > len(data)


def _check_length(length: int, name: str) -> None:
    if length > MAX_FILE:
        raise FileTooLarge(file=name, size=length >> 20, limit=MAX_FILE >> 20)


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise DamagedPicture(file=name)
    if width > MAX_SIDE or height > MAX_SIDE:
        raise PictureTooLarge(file=name, width=width, height=height, limit=MAX_SIDE)


def _orientation(image: Image.Image) -> int:
    """The orientation in EXIF, 1…8; 1 if there is none."""
    value = image.getexif().get(ExifTags.Base.Orientation, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright(pixels: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """``pixels`` turned and mirrored from the way ``orientation`` says they lie."""
    if orientation >= 5:  # rows and columns are exchanged
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _resolution(image: Image.Image) -> tuple[float, float] | None:
    """Dots per inch across and down as they lie in the file; None if it says nothing sensible."""
    value = image.info.get("dpi")
    if not value:
        exif = image.getexif()
        across, down = exif.get(ExifTags.Base.XResolution), exif.get(ExifTags.Base.YResolution)
        scale = 2.54 if exif.get(ExifTags.Base.ResolutionUnit) == 3 else 1.0
        value = (across * scale, down * scale) if across and down else None
    try:
        x, y = (float(number) for number in value or ())
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if all(math.isfinite(number) and 1 <= number <= 100_000 for number in (x, y)) else None


@contextmanager
def _named_errors(name: str, form: str, data: bytes) -> Iterator[None]:
    """Whatever a decoder raises, said so that the user can do something."""
    try:
        yield
    except StudioError:
        raise
    except MemoryError as error:
        raise OutOfMemory(device="cpu") from error
    except Exception as error:
        text = str(error).lower()
        if any(words in text for words in _UNSUPPORTED):
            raise UnreadableVariant(file=name, format=form) from error
        if isinstance(error, EOFError) or "truncated" in text or "incomplete" in text or _ends_early(data, form):
            raise PictureCutShort(file=name) from error
        raise DamagedPicture(file=name) from error
