"""TIFF files: what Pillow leaves open about them, and writing them.

Pillow reads the high bytes of 16-bit colour; asked again with the bytes of each sample swapped, it reads the low ones.
What it does not know at all, OpenCV reads: colour as floating numbers.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

from kandinsky_studio.storage.image_samples import LOW_BYTES, Samples, eight_bits

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, ORIENTATION, SAMPLES_PER_PIXEL, ROWS_PER_STRIP, STRIP_SIZES, PLANAR = 273, 274, 277, 278, 279, 284
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, PREDICTOR = 282, 283, 296, 317
TILE_WIDTH, TILE_HEIGHT, EXTRA_SAMPLES, SAMPLE_FORMAT, ICC_PROFILE = 322, 323, 338, 339, 34675

_SHORT, _LONG, _RATIONAL, _UNDEFINED = 3, 4, 5, 7  # types of values
_FLOATING = 3  # a sample format
_PREMULTIPLIED = 1  # an extra sample
_HEAD = b"II*\0\x08\0\0\0"  # bytes from the low to the high; the tags follow at once
_STRIP = 1 << 20  # bytes before compression


def check_tiles(tags: TiffImagePlugin.ImageFileDirectory_v2, limit: int) -> bool:
    """Whether no tile is wider or higher than ``limit``; decoders make room for a whole tile of any picture."""
    return all(0 < _number(tags, tag, 1) <= limit for tag in (TILE_WIDTH, TILE_HEIGHT))


def directory(data: bytes) -> TiffImagePlugin.ImageFileDirectory_v2:
    """The tags of the first picture, whether or not Pillow can decode it. Raises what Pillow does."""
    file = io.BytesIO(data)
    head = file.read(8)
    tags = TiffImagePlugin.ImageFileDirectory_v2(head + (file.read(8) if head[2] == 43 else b""))
    file.seek(tags.next)
    tags.load(file)
    return tags


def size_of(tags: TiffImagePlugin.ImageFileDirectory_v2) -> tuple[int, int]:
    """Width and height as the tags have them."""
    return _number(tags, WIDTH, 0), _number(tags, HEIGHT, 0)


def bits_of(tags: TiffImagePlugin.ImageFileDirectory_v2) -> int:
    """Bits of the deepest sample."""
    bits = tags.get(BITS, 1)
    return max(bits, default=1) if isinstance(bits, tuple) else int(bits)


def orientation_of(tags: TiffImagePlugin.ImageFileDirectory_v2) -> int:
    """As in EXIF, 1…8."""
    value = _number(tags, ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1


def is_deep_planes(tags: TiffImagePlugin.ImageFileDirectory_v2) -> bool:
    """Whether it is one plane after another of 16 bits, not compressed, which Pillow takes for eight bits."""
    return (_number(tags, PLANAR, 1), _number(tags, COMPRESSION, 1), bits_of(tags)) == (2, 1, 16)


def is_floating(tags: TiffImagePlugin.ImageFileDirectory_v2) -> bool:
    """Whether the samples are floating numbers of several channels, which is what :func:`read_floating` reads."""
    return _number(tags, SAMPLE_FORMAT, 1) == _FLOATING and _number(tags, SAMPLES_PER_PIXEL, 1) in (3, 4)


def read(open_again: Callable[[], Image.Image], image: TiffImagePlugin.TiffImageFile) -> Samples:
    """The samples of ``image``, not loaded yet, which ``open_again`` opens once more. Raises what Pillow does."""
    tags = image.tag_v2
    bits, raw = bits_of(tags), _raw_mode(image)
    inverted = tags.get(PHOTOMETRIC) == 0 and not raw.endswith("I")
    end = raw[-4:]
    if image.mode in ("RGB", "RGBA", "CMYK") and end in LOW_BYTES:
        low = open_again()
        _change_raw_mode(image, "RGBa", "RGBA")
        _change_raw_mode(low, "RGBa", "RGBA")
        _change_raw_mode(low, end, LOW_BYTES[end])
        image.load()
        low.load()
        return Samples(image=image, low=low, mode=image.mode, premultiplied="RGBa" in raw)
    image.load()
    if image.mode.startswith("I;16"):
        return Samples(image=image, mode="L", most=(1 << bits) - 1, inverted=inverted)
    if image.mode in ("I", "F"):
        return Samples(image=image, mode="L", inverted=inverted)
    return eight_bits(image)


def read_deep_planes(data: bytes, tags: TiffImagePlugin.ImageFileDirectory_v2) -> Samples | None:
    """What :func:`is_deep_planes` is about; None if there are other channels than those of grey or RGB, or tiles."""
    (width, height), channels = size_of(tags), _number(tags, SAMPLES_PER_PIXEL, 1)
    mode = {(1, 1): "L", (1, 2): "LA", (2, 3): "RGB", (2, 4): "RGBA"}.get((_number(tags, PHOTOMETRIC, 0), channels))
    if mode is None or STRIP_OFFSETS not in tags or _number(tags, SAMPLE_FORMAT, 1) != 1:
        return None
    strips = zip(_numbers(tags, STRIP_OFFSETS), _numbers(tags, STRIP_SIZES), strict=True)
    view = memoryview(data)
    size = width * height * channels * 2
    content = bytearray()
    for start, length in strips:
        content += view[start : start + length]
        if len(content) > size:
            return None
    planes = np.frombuffer(content, ">u2" if data[:2] == b"MM" else "<u2").reshape(channels, height, width)
    premultiplied = _number(tags, EXTRA_SAMPLES, 0) == _PREMULTIPLIED
    return Samples(numbers=planes.transpose(1, 2, 0), mode=mode, premultiplied=premultiplied)


def read_floating(data: bytes, tags: TiffImagePlugin.ImageFileDirectory_v2) -> Samples | None:
    """Colour as floating numbers, turned upright; None if OpenCV can't read it."""
    if _number(tags, PLANAR, 1) != 1:
        return None  # OpenCV mistakes planes for pixels
    import cv2

    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.dtype.kind != "f":
        return None
    order = [2, 1, 0, 3][: pixels.shape[2]]
    return Samples(numbers=pixels[..., order].astype(np.float32, copy=False), mode="RGB" if len(order) == 3 else "RGBA")


def write(pixels: npt.NDArray[np.uint8], deep: bool, level: int, icc: bytes | None, resolution: float | None) -> bytes:
    """A TIFF file, compressed with deflate, of ``pixels`` (height, width, 3 or 4), alpha not multiplied in.

    ``deep`` is for 16 bits a sample, ``level`` zlib's, 0…9, ``resolution`` in dots per inch.
    """
    height, width, channels = pixels.shape
    rows = max(1, _STRIP // (width * channels * (2 if deep else 1)))
    strips = [_strip(pixels[top : top + rows], deep, level) for top in range(0, height, rows)]
    tags = TiffImagePlugin.ImageFileDirectory_v2(_HEAD)

    def put(tag: int, kind: int, value: object) -> None:
        tags.tagtype[tag] = kind
        tags[tag] = value

    put(WIDTH, _LONG, width)
    put(HEIGHT, _LONG, height)
    put(BITS, _SHORT, (16 if deep else 8,) * channels)
    put(COMPRESSION, _SHORT, 8)
    put(PHOTOMETRIC, _SHORT, 2)
    put(SAMPLES_PER_PIXEL, _SHORT, channels)
    put(ROWS_PER_STRIP, _LONG, rows)
    put(STRIP_SIZES, _LONG, tuple(map(len, strips)))
    put(PREDICTOR, _SHORT, 2)
    if channels == 4:
        put(EXTRA_SAMPLES, _SHORT, (2,))
    if icc:
        put(ICC_PROFILE, _UNDEFINED, icc)
    if resolution:
        put(X_RESOLUTION, _RATIONAL, resolution)
        put(Y_RESOLUTION, _RATIONAL, resolution)
        put(RESOLUTION_UNIT, _SHORT, 2)
    # Counted from the end of the tags, which is where Pillow takes them to lie.
    put(STRIP_OFFSETS, _LONG, tuple(np.cumsum([0, *map(len, strips[:-1])]).tolist()))
    return b"".join((_HEAD, tags.tobytes(len(_HEAD)), *strips))


def _strip(pixels: npt.NDArray[np.uint8], deep: bool, level: int) -> bytes:
    samples = pixels.astype("<u2") * 257 if deep else pixels
    changes = samples.copy()
    changes[:, 1:] -= samples[:, :-1]  # modulo the size of a sample, as predictor 2 has it
    return zlib.compress(changes.astype("<u2" if deep else np.uint8).tobytes(), level)


def _raw_mode(image: TiffImagePlugin.TiffImageFile) -> str:
    arguments = image.tile[0].args if image.tile else ""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _change_raw_mode(image: Image.Image, old: str, new: str) -> None:
    assert isinstance(image, TiffImagePlugin.TiffImageFile)
    image.tile = [
        tile._replace(args=(str(tile.args[0]).replace(old, new), *tile.args[1:]))
        if isinstance(tile.args, tuple)
        else tile
        for tile in image.tile
    ]


def _numbers(tags: TiffImagePlugin.ImageFileDirectory_v2, tag: int) -> tuple[int, ...]:
    value = tags[tag]
    return value if isinstance(value, tuple) else (value,)


def _number(tags: TiffImagePlugin.ImageFileDirectory_v2, tag: int, default: int) -> int:
    value = tags.get(tag, default)
    if isinstance(value, tuple):
        value = value[0] if value else default
    return value if isinstance(value, int) else 0
