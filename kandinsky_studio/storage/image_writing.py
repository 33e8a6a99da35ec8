"""Pictures as files of other programs' formats."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, PngImagePlugin

from kandinsky_studio import __version__
from kandinsky_studio.errors import FolderNotWritable, PictureTooLarge, UnknownFileKind, UnusableArray
from kandinsky_studio.storage import image_png, image_tiff
from kandinsky_studio.storage.colour import srgb_profile
from kandinsky_studio.storage.durable import replace_keeping_previous, write_file
from kandinsky_studio.storage.image_reading import MAX_SIDE

Bytes = npt.NDArray[np.uint8]

_INCH = 0.0254  # metres
_FINE = 90  # the quality from which on colour keeps the resolution of light


@dataclass(frozen=True)
class ImageFormat:
    """A format for the file dialogs, and what it can hold.

    The first of ``suffixes``, which are in lower case with a dot, is the usual one. ``alpha``: transparency;
    ``lossless``, ``lossy``: ways to write it; ``deep``: 16 bits a sample.
    """

    name: str
    suffixes: tuple[str, ...]
    readable: bool = True
    writable: bool = True
    alpha: bool = True
    lossless: bool = True
    lossy: bool = False
    deep: bool = False


FORMATS = (
    ImageFormat("PNG", (".png", ".apng"), deep=True),
    ImageFormat("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), alpha=False, lossless=False, lossy=True),
    ImageFormat("WebP", (".webp",), lossy=True),
    ImageFormat("TIFF", (".tif", ".tiff"), deep=True),
    ImageFormat("AVIF", (".avif",), lossless=False, lossy=True),
    ImageFormat("GIF", (".gif",), writable=False),
    ImageFormat("BMP", (".bmp", ".dib"), writable=False),
)


@dataclass(frozen=True)
class ImageOptions:
    """How a picture is written; a format takes what concerns it.

    ``quality``: 1…100, for JPEG, WebP and AVIF. ``lossless``: for WebP. ``compression``: 0…9, more takes longer, for
    PNG and TIFF. ``bits``: 8 or 16 a sample, for PNG and TIFF. ``embed_srgb``: say in the file that its colours are
    sRGB. ``background``: what a picture is laid on in a format without alpha. ``resolution``: dots per inch.
    """

    quality: int = 95
    lossless: bool = False
    compression: int = 6
    bits: int = 8
    embed_srgb: bool = True
    background: tuple[int, int, int] = (255, 255, 255)
    resolution: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.quality <= 100 or not 0 <= self.compression <= 9 or self.bits not in (8, 16):
            raise ValueError(f"{self} can't be")
        if self.resolution is not None and not 1 <= self.resolution <= 100_000:
            raise ValueError(f"{self} can't be")


def formats() -> tuple[ImageFormat, ...]:
    """The formats for the file dialogs, in the order in which to offer them."""
    return FORMATS


def format_for(path: Path) -> ImageFormat | None:
    """The format that the suffix of ``path`` names; None if it names none of ours."""
    return next((form for form in FORMATS if path.suffix.lower() in form.suffixes), None)


def write_image(
    path: Path, pixels: Bytes, options: ImageOptions | None = None, keep_previous: bool = True
) -> Path | None:
    """Write ``pixels``, uint8 (height, width, 4), sRGB, alpha not multiplied in, to ``path`` as its suffix says.

    The file is there whole or not at all. Returns where the previous version is, which is kept unless
    ``keep_previous`` is False, and None if there is none. Raises ``UnknownFileKind``, ``UnusableArray``,
    ``PictureTooLarge``, ``DiskFull`` or ``FolderNotWritable``; what was at ``path`` is unchanged then.
    """
    form = format_for(path)
    if form is None or not form.writable:
        raise UnknownFileKind(file=path.name, known=", ".join(form.name for form in FORMATS if form.writable))
    content = encoded(pixels, form.name, options or ImageOptions(), path.name)
    if not path.parent.is_dir():  # a folder that is gone may be a disk that was pulled out
        raise FolderNotWritable(folder=path.parent)
    if keep_previous:
        return replace_keeping_previous(path, content)
    write_file(path.resolve(), content)
    return None


def encoded(pixels: Bytes, form: str, options: ImageOptions, name: str = "picture") -> bytes:
    """The file that :func:`write_image` would write, of the format called ``form``. Raises as it does."""
    if getattr(pixels, "dtype", None) != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 4 or not pixels.size:
        raise UnusableArray(reason="a picture is uint8 of (height, width, 4)")
    height, width = pixels.shape[:2]
    if max(height, width) > MAX_SIDE:
        raise PictureTooLarge(file=name, width=width, height=height, limit=MAX_SIDE)
    if form == "JPEG":
        pixels = flattened(pixels, options.background)
    elif (pixels[..., 3] == 255).all():
        pixels = pixels[..., :3]
    pixels = np.ascontiguousarray(pixels)
    if form == "TIFF":
        icc = srgb_profile() if options.embed_srgb else None
        return image_tiff.write(pixels, options.bits == 16, options.compression, icc, options.resolution)
    return _png(pixels, options) if form == "PNG" else _by_pillow(pixels, form, options)


def flattened(pixels: Bytes, background: tuple[int, int, int]) -> Bytes:
    """``pixels`` (height, width, 4) laid on a colour: uint8 (height, width, 3)."""
    laid = np.empty((*pixels.shape[:2], 3), np.uint8)
    ground = np.array(background, np.uint16)
    for row, target in zip(pixels, laid, strict=True):
        alpha = row[:, 3:].astype(np.uint16)
        # At most 255² and a half of 255, so uint16 holds it.
        target[:] = (row[:, :3] * alpha + ground * (255 - alpha) + 127) // 255
    return laid


def _png(pixels: Bytes, options: ImageOptions) -> bytes:
    srgb = (b"sRGB", b"\0")  # its colours are sRGB, to be shown perceptually
    if options.bits == 16:
        chunks = image_png.chunk(*srgb) if options.embed_srgb else b""
        if options.resolution:
            per_metre = round(options.resolution / _INCH)
            chunks += image_png.chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1))
        return image_png.write_deep(pixels, options.compression, chunks)
    info = PngImagePlugin.PngInfo()
    if options.embed_srgb:
        info.add(*srgb)
    values = {"dpi": (options.resolution, options.resolution)} if options.resolution else {}
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=options.compression, pnginfo=info, **values)
    return buffer.getvalue()


def _by_pillow(pixels: Bytes, form: str, options: ImageOptions) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = f"Kandinsky Studio {__version__}"
    if options.resolution:
        exif[ExifTags.Base.XResolution] = exif[ExifTags.Base.YResolution] = options.resolution
        exif[ExifTags.Base.ResolutionUnit] = 2
    values: dict[str, object] = {"exif": exif, "quality": options.quality}
    if options.embed_srgb:
        values["icc_profile"] = srgb_profile()
    fine = options.quality >= _FINE
    if form == "JPEG":
        values |= {"subsampling": "4:4:4" if fine else "4:2:0", "optimize": True}
        if options.resolution:
            values["dpi"] = (options.resolution, options.resolution)
    elif form == "AVIF":
        values["subsampling"] = "4:4:4" if fine else "4:2:0"
    else:
        # exact: colours stay even where nobody sees them
        values |= {"lossless": options.lossless, "exact": options.lossless, "method": 4}
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form.upper(), **values)
    return buffer.getvalue()
