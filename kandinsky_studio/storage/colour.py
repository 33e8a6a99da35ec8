"""Colours of picture files turned into sRGB: as an ICC profile says, or as is usual for files without one.

Eight bits go through LittleCMS. It takes no sixteen bits from us, so sixteen bits of a profile that is three curves
and a matrix, as those of cameras, displays and raw developers are, are computed here: eight bits of a linear profile
have hardly any darks.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float32]

_MAX_PROFILE = 16_000_000  # bytes; the largest printing profiles have about a quarter of it
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}  # Pillow's modes and the names in profiles
_BY_CHANNELS = {1: "L", 3: "RGB", 4: "CMYK"}
_CLASSES = {"mntr", "scnr", "prtr", "spac"}  # profiles of devices and spaces, not of effects and links
_LEVELS = 65536
_SRGB_TO_XYZ = np.array(  # relative to D50, as profiles have it
    [[0.436066, 0.385147, 0.143066], [0.222488, 0.716873, 0.060608], [0.013916, 0.097076, 0.714096]], np.float64
)
_PARAMETERS = (1, 3, 4, 5, 7)  # how many numbers the kinds 0…4 of a parametric curve have


@dataclass(frozen=True, eq=False)
class _Shaper:
    """A profile of curves (channels, 65536) to linear light, 0…1, and a matrix from there to linear sRGB."""

    curves: Floats
    matrix: Floats | None  # None for grey

    def srgb(self, samples: Words) -> Bytes:
        channels = len(self.curves)
        linear = np.stack([self.curves[channel][samples[..., channel]] for channel in range(channels)], axis=-1)
        if self.matrix is not None:
            linear = linear @ self.matrix.T
        steps = np.clip(linear * np.float32(_LEVELS - 1) + np.float32(0.5), 0, _LEVELS - 1).astype(np.uint16)
        levels = _encoding()[steps]
        return np.repeat(levels, 3, axis=-1) if channels == 1 else levels


class Conversion:
    """From the samples of one picture to sRGB.

    ``mode`` is Pillow's name of what the samples are: L, RGB, CMYK or LAB, without alpha. A profile that is broken or
    speaks of other channels counts as none; ``icc_applied`` says whether it counted. Without one, grey and RGB are
    taken for sRGB, and CMYK for ideal inks.
    """

    def __init__(self, mode: str, icc: bytes | None) -> None:
        self.mode = mode
        self.icc_applied = False
        self._transform: ImageCms.ImageCmsTransform | None = None
        self._shaper: _Shaper | None = None
        self._greys: Bytes | None = None  # (256, 3)
        self._grey_as_rgb = False
        if mode == "LAB":
            self._transform = _transform(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), "LAB")
        elif icc and len(icc) <= _MAX_PROFILE:
            self._use(icc)

    def from_bytes(self, band: Image.Image) -> Bytes:
        """uint8 (height, width, 3) of an image in ``mode``."""
        if self._grey_as_rgb:
            band = band.convert("RGB")
        if self._greys is not None:
            greys: Bytes = self._greys[np.asarray(band)]
            return greys
        if self._transform is None:
            return np.asarray(band.convert("RGB"))
        return _applied(self._transform, band)

    def from_words(self, samples: Words) -> Bytes:
        """uint8 (height, width, 3) of uint16 (height, width, channels of ``mode``), 65535 being the most."""
        if self._grey_as_rgb:
            samples = np.repeat(samples, 3, axis=-1)
        if self._shaper is not None:
            return self._shaper.srgb(samples)
        levels = rounded(samples)
        height, width, channels = levels.shape
        return self.from_bytes(Image.frombytes(_BY_CHANNELS[channels], (width, height), levels.tobytes()))

    def _use(self, icc: bytes) -> None:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            space = profile.profile.xcolor_space.strip()
            if profile.profile.device_class not in _CLASSES:
                return
            mode = "RGB" if (self.mode, space) == ("L", "RGB") else self.mode
            if _SPACES[mode] != space:
                return
            transform = _transform(profile, mode)
            if mode == "L":
                self._greys = _applied(transform, Image.frombytes("L", (256, 1), bytes(range(256))))[0]
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            return
        self.icc_applied = True
        shaper = _shaper(icc, mode)
        if shaper is not None and mode == "RGB" and _is_srgb(shaper):
            return  # what is sRGB already stays as it is to the last bit
        self._grey_as_rgb = mode != self.mode
        self._transform, self._shaper = transform, shaper


def rounded(samples: Words) -> Bytes:
    """Sixteen bits as eight, to the nearest."""
    # (samples + 128) // 257 without a division
    levels: Bytes = ((samples.astype(np.uint32) * np.uint32(255) + np.uint32(32895)) >> np.uint32(16)).astype(np.uint8)
    return levels


@cache
def srgb_profile() -> bytes:
    """A small ICC profile of sRGB, always the same bytes."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)  # LittleCMS puts the time there
    return bytes(profile)


def _applied(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Bytes:
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # it is not done in place
    return np.asarray(converted)


def _transform(profile: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    # Relative with black point compensation: what is in both gamuts stays as it is, and no shadows drown.
    return ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        # The tables that LittleCMS prepares are up to ten levels off for linear greys and saturated Lab.
        ImageCms.Flags.BLACKPOINTCOMPENSATION
        | (ImageCms.Flags.NOOPTIMIZE if mode in ("L", "LAB") else ImageCms.Flags.HIGHRESPRECALC),
    )


@cache
def _encoding() -> Bytes:
    """sRGB levels of linear light in 65536 steps."""
    linear = np.arange(_LEVELS) / (_LEVELS - 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    levels: Bytes = np.rint(encoded * 255).astype(np.uint8)
    return levels


def _is_srgb(shaper: _Shaper) -> bool:
    """Whether no colour on a grid moves by more than a level."""
    steps = np.linspace(0, 255, 18).astype(np.uint16)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    moved = shaper.srgb(grid * np.uint16(257)).astype(np.int16) - grid.astype(np.int16)
    return bool(np.abs(moved).max() <= 1)


def _shaper(icc: bytes, mode: str) -> _Shaper | None:
    """The curves and the matrix of a profile that consists of them; None for others, and for broken ones."""
    try:
        tags = _tags(icc)
        if icc[20:24] != b"XYZ " or any(name.startswith(b"A2B") for name in tags):
            return None
        if mode == "L":
            return _Shaper(_curve(tags[b"kTRC"])[None], None)
        if mode != "RGB":
            return None
        curves = np.stack([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")])
        columns = [_fixed(tags[name][8:20]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
        matrix = np.linalg.inv(_SRGB_TO_XYZ) @ np.array(columns).T
    except (KeyError, ValueError, struct.error):
        return None
    return _Shaper(curves, matrix.astype(np.float32))


def _tags(icc: bytes) -> dict[bytes, bytes]:
    [count] = struct.unpack_from(">I", icc, 128)
    if count > 100:
        raise ValueError("no profile has so many tags")
    entries = (struct.unpack_from(">4sII", icc, 132 + 12 * number) for number in range(count))
    return {name: icc[start : start + length] for name, start, length in entries}


def _curve(tag: bytes) -> Floats:
    """The 65536 values, 0…1, of a curve. Raises ``ValueError`` or ``struct.error`` if it is none."""
    x = np.arange(_LEVELS) / (_LEVELS - 1)
    with np.errstate(all="ignore"):
        if tag[:4] == b"curv":
            [count] = struct.unpack_from(">I", tag, 8)
            table = np.frombuffer(tag[12 : 12 + 2 * count], ">u2")
            if len(table) != count:
                raise ValueError("the curve is cut short")
            if count == 0:
                y = x
            elif count == 1:
                y = x ** (float(table[0]) / 256)
            else:
                y = np.interp(x, np.linspace(0, 1, count), table / (_LEVELS - 1))
        elif tag[:4] == b"para":
            y = _parametric(x, tag)
        else:
            raise ValueError("no curve")
    return np.clip(np.nan_to_num(y), 0, 1).astype(np.float32)


def _parametric(x: npt.NDArray[np.float64], tag: bytes) -> npt.NDArray[np.float64]:
    [kind] = struct.unpack_from(">H", tag, 8)
    if kind >= len(_PARAMETERS):
        raise ValueError("an unknown kind of curve")
    gamma, a, b, c, d, e, f = [*_fixed(tag[12 : 12 + 4 * _PARAMETERS[kind]]), *[0.0] * (7 - _PARAMETERS[kind])]
    if kind == 0:
        return x**gamma
    if kind in (1, 2):  # c is added on both sides; kind 1 has none
        return np.where(x >= (-b / a if a else 0), (a * x + b) ** gamma, 0) + c
    return np.where(x >= d, (a * x + b) ** gamma + e, c * x + f)  # kind 3 has neither e nor f


def _fixed(content: bytes) -> list[float]:
    """Signed numbers of 16 bits before the point and 16 after it."""
    return [value / 65536 for (value,) in struct.iter_unpack(">i", content)]
