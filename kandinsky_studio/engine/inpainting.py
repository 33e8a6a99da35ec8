"""Everything around a model that repaints a part of a picture: masks, the part it sees, what lies under, paste-back.

A picture is uint8 (height, width, 3) RGB; a mask is uint8 (height, width): 255 is repainted, 0 is kept, between is
soft. Nothing here changes what it is given. A ``ValueError`` is a mistake of the caller: requests are checked before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from kandinsky_studio.engine.arrays import FILLS, Fill, Mask, Pixels

Known = TypeVar("Known", npt.NDArray[np.float32], npt.NDArray[np.uint8])

_ROUND = 5  # pixels; big discs are made of these: the hull of this one is a 12-gon with its corners on the circle
_RING = 16  # pixels outside a mask whose colours stand for what is around it
_COARSE = 512  # pixels, longer side of the copy a fill is worked out on
_GREY = 128  # the colour where nothing is known
_FEWEST = 16  # ring pixels below which their deviation says nothing
_NOISE = 4.0  # of 255: what varies less than this keeps its contrast
_GAIN = (0.5, 2.0)  # limits of the change of contrast
_SHIFT = 64.0  # of 255, limit of the change of mean
_OTHER = 48.0  # levels: pixels that differ by more than the others do may show something else
_ROWS = 512  # turned into floats at a time: all of 8192 × 8192 would take gigabytes
_SINGLE = 1.5  # times native size: the largest canvas made in one go


@dataclass(frozen=True)
class Box:
    """A rectangle of a picture, in its pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """What to index a picture or a mask with."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class Margins:
    """How much a picture grows on each side, pixels."""

    left: int
    top: int
    right: int
    bottom: int


def grow(mask: Mask, pixels: int) -> Mask:
    """``mask`` with every level of it moved outward by ``pixels``, inward where that is negative; corners are round.

    The edge of the picture is no edge of the mask. Nothing further than ``pixels`` away is reached; obliquely, a
    growth of more than five pixels may fall short by a twentieth.
    """
    grown = np.zeros_like(mask)
    box = _bounds(mask, abs(pixels))
    if box is None:
        return grown
    change = cv2.dilate if pixels > 0 else cv2.erode
    times, rest = divmod(abs(pixels), _ROUND)
    part = np.asarray(mask[box.slices], np.uint8)
    if times:
        part = np.asarray(change(part, _disc(_ROUND), iterations=times), np.uint8)
    if rest:
        part = np.asarray(change(part, _disc(rest)), np.uint8)
    grown[box.slices] = part
    return grown


def feather(mask: Mask, pixels: int) -> Mask:
    """``mask`` with a soft edge of ``pixels`` outside of it: nowhere less than it was, and 0 beyond.

    To be repainted whole, what the user marked must stay at 255; so the edge is moved half way out, then blurred.
    """
    if pixels < 0:
        raise ValueError(f"a feather of {pixels} pixels")
    feathered = np.zeros_like(mask)
    box = _bounds(mask, pixels)
    if box is None:
        return feathered
    part = mask[box.slices]
    outward = grow(part, pixels // 2)
    blurred = outward
    blur = pixels - pixels // 2
    for radius in (blur - blur // 2, blur // 2):  # two boxes make a tent: smooth, and as fast at every width
        blurred = np.asarray(cv2.blur(blurred, (2 * radius + 1,) * 2, borderType=cv2.BORDER_REPLICATE), np.uint8)
    # The blur is square: its corners reach further than ``pixels``.
    feathered[box.slices] = np.maximum(part, np.minimum(blurred, grow(outward, blur)))
    return feathered


def context_box(mask: Mask, native_size: int, padding: int, multiple: int) -> Box | None:
    """The part of the picture a model should see to repaint ``mask``; None where there is nothing to repaint.

    All of the mask and ``padding`` pixels around it, at least ``native_size`` square, no longer than 2:1, in the
    proportions of its ``working_size``: each as far as the picture reaches, which the box never leaves.
    """
    wanted = _bounds(mask, padding)
    if wanted is None:
        return None
    most_height, most_width = mask.shape
    width, height = max(wanted.width, native_size), max(wanted.height, native_size)
    width, height = max(width, -(-height // 2)), max(height, -(-width // 2))
    width, height = min(width, most_width), min(height, most_height)
    made_width, made_height = working_size(Box(0, 0, width, height), native_size, multiple)
    scale = max(width / made_width, height / made_height)
    width = min(max(width, round(made_width * scale)), most_width)
    height = min(max(height, round(made_height * scale)), most_height)
    left = wanted.left + wanted.width // 2 - width // 2
    top = wanted.top + wanted.height // 2 - height // 2
    return Box(min(max(left, 0), most_width - width), min(max(top, 0), most_height - height), width, height)


def working_size(box: Box, native_size: int, multiple: int) -> tuple[int, int]:
    """Width and height to make ``box`` at: multiples of ``multiple``, about ``native_size``² pixels, about its shape.

    Wrong proportions harm more than a wrong area, so a doubled area weighs as much as sides wrong by √2.
    """
    if min(box.width, box.height, native_size, multiple) < 1:
        raise ValueError(f"no working size for {box} at {native_size} pixels in steps of {multiple}")
    steps = np.log(multiple * np.arange(1, -(-2 * native_size // multiple) + 1))
    width, height = steps[:, None], steps[None, :]
    shape = np.abs(width - height - math.log(box.width / box.height))
    area = np.abs(width + height - 2 * math.log(native_size))
    best = np.unravel_index(np.argmin(shape + area / 2), shape.shape)
    return int(best[0] + 1) * multiple, int(best[1] + 1) * multiple


def cut(picture: npt.NDArray[np.uint8], box: Box, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The ``box`` of a picture or a mask, resampled to ``size`` (width, height)."""
    return _resample(picture[box.slices], size)


def put_back(picture: Pixels, made: Pixels, box: Box) -> Pixels:
    """``picture`` with its ``box`` taken up by ``made``, of any size."""
    whole = picture.copy()
    whole[box.slices] = _resample(made, (box.width, box.height))
    return whole


def fill(picture: Pixels, mask: Mask, how: Fill) -> Pixels:
    """``picture`` with something else under ``mask`` for the denoising to start from.

    ``keep``: what is there; ``neutral``: the mean colour around the mask; ``blur``: the colours around it, run
    together; ``border``: what touches it, continued inward. Where the mask is above 0 nothing is looked at, but a
    soft mask keeps its share. Grey where nothing is known.
    """
    _same_size(picture, mask)
    if how not in FILLS:
        raise ValueError(f"no fill is called {how!r}")
    box = _bounds(mask, 0)
    if how == "keep" or box is None:
        return picture.copy()
    if not (mask == 0).any():
        return paste(picture, np.full_like(picture, _GREY), mask)
    if how == "neutral":
        colour = picture[_ring(mask, _RING)].mean(axis=0).round().astype(np.uint8)
        return paste(picture, np.broadcast_to(colour, picture.shape), mask)
    colours, known = _surroundings(picture, mask)
    if how == "blur":
        colours = _spread(colours, known)
    else:
        unknown = (known == 0).astype(np.uint8)
        # Telea's rounding adds up: a flat colour drifts by 85 levels over 500 pixels.
        colours = np.asarray(cv2.inpaint(_to_bytes(colours), unknown, 3, cv2.INPAINT_NS), np.float32)
    filled = _to_bytes(np.asarray(cv2.resize(colours, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)))
    return paste(picture, filled, mask)


def match_colours(made: Pixels, original: Pixels, mask: Mask, ring: int = _RING) -> Pixels:
    """``made`` with the mean and the covariance of its colours brought to those of ``original``.

    Both are measured where both show the same: on the ``ring`` pixels just outside ``mask``, without those that differ
    in another way than most of them. What may change is limited, and too small a ring changes nothing. The map is the linear Monge-Kantorovitch one (Pitié & Kokaram,
    2007): of all that do it the one that moves colours least. It undoes casts and faded colours that deviations per
    channel do not, and unlike a least squares fit it does not fade what is noisy.
    """
    _same_size(made, original, mask)
    around = _ring(mask, ring)
    ours, theirs = (picture[around].astype(np.float64) for picture in (made, original))
    if len(ours) >= _FEWEST:
        same = _same_content(ours, theirs)
        ours, theirs = ours[same], theirs[same]
    if len(ours) < _FEWEST:
        return made.copy()
    noise = _NOISE**2 * np.eye(3)
    half, half_back = _powers(np.cov(ours.T) + noise, 0.5, -0.5)
    [middle] = _powers(half @ (np.cov(theirs.T) + noise) @ half, 0.5)
    gains, axes = np.linalg.eigh(half_back @ middle @ half_back)
    change = (axes * gains.clip(*_GAIN)) @ axes.T  # symmetric
    mean = ours.mean(axis=0)
    offset = mean + (theirs.mean(axis=0) - mean).clip(-_SHIFT, _SHIFT) - mean @ change
    matched = np.empty_like(made)
    for top in range(0, len(made), _ROWS):
        rows = made[top : top + _ROWS].astype(np.float32)
        matched[top : top + _ROWS] = _to_bytes(rows @ change.astype(np.float32) + offset.astype(np.float32))
    return matched


def _same_content(ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which of the pixels (n, 3) differ as most do, as by a cast, and not because something else is seen there."""
    difference = theirs - ours
    away = np.abs(difference - np.median(difference, axis=0)).max(axis=1)
    return np.asarray(away <= max(_OTHER, 3 * float(np.median(away))))


def paste(original: Pixels, made: Pixels, mask: Mask) -> Pixels:
    """``made`` over ``original`` with ``mask`` as opacity: where it is 0 or 255 the very bytes of either."""
    _same_size(original, made, mask)
    pasted = original.copy()
    box = _bounds(mask, 0)
    if box is not None:
        opacity = mask[box.slices][..., None].astype(np.uint16)
        # At most 255 · 255 + 127, which 16 bits hold: exact, and rounded to the nearest.
        mixed = made[box.slices] * opacity + original[box.slices] * (255 - opacity) + np.uint16(127)
        pasted[box.slices] = mixed // 255
    return pasted


def latent_mask(mask: Mask, factor: int = 8) -> npt.NDArray[np.float32]:
    """How much of each latent cell is to be repainted, float32 (height / factor, width / factor), 0…1."""
    height, width = mask.shape
    if height % factor or width % factor:
        raise ValueError(f"{width} × {height} pixels are no whole cells of {factor}")
    cells = mask.reshape(height // factor, factor, width // factor, factor)
    share = cells.sum(axis=(1, 3), dtype=np.uint32) / (255 * factor * factor)
    return np.asarray(share, np.float32)


def shrink_known(keep: Known) -> Known:
    """``keep`` (height, width), 1 = known, as the inpainting models were trained to see it: 0 beside every other cell.

    Beside means the four neighbours and two of the diagonal ones, up-left and down-right; a cell of its own is
    left as it is. The same as ``prepare_mask`` of diffusers' ``pipeline_kandinsky2_2_inpainting.py``.
    """
    unknown = keep != 1
    beside = np.zeros_like(unknown)
    beside[:-1] |= unknown[1:]
    beside[1:] |= unknown[:-1]
    beside[:, :-1] |= unknown[:, 1:]
    beside[:, 1:] |= unknown[:, :-1]
    beside[:-1, :-1] |= unknown[1:, 1:]
    beside[1:, 1:] |= unknown[:-1, :-1]
    shrunk = keep.copy()
    shrunk[beside] = 0
    return shrunk


def expand(picture: Pixels, margins: Margins, how: Fill = "border") -> tuple[Pixels, Mask]:
    """A canvas larger than ``picture`` by ``margins``, and the mask (255) of what is new on it.

    The new part is filled: ``keep``: the outermost pixels repeated; ``border``: the same, ever more blurred; else as ``fill``.
    """
    sides = (margins.top, margins.bottom, margins.left, margins.right)
    if min(sides) < 0:
        raise ValueError(f"negative margins: {margins}")
    canvas = np.asarray(cv2.copyMakeBorder(picture, *sides, cv2.BORDER_REPLICATE), np.uint8)
    known = np.zeros(picture.shape[:2], np.uint8)
    mask = np.asarray(cv2.copyMakeBorder(known, *sides, cv2.BORDER_CONSTANT, value=(255,)), np.uint8)
    if how != "border":
        return fill(canvas, mask, how), mask
    radius = min(max(sides) // 4, _COARSE)  # a box of a few thousand pixels would overflow its sums
    blurred = np.asarray(cv2.blur(canvas, (2 * radius + 1,) * 2, borderType=cv2.BORDER_REPLICATE), np.uint8)
    away = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Blurred more and more on the way out: at once, there would be a seam for the model to make an edge of.
    return paste(canvas, blurred, _to_bytes(np.asarray(away * (255 / (radius + 1))))), mask


def tiles(mask: Mask, native_size: int, overlap: int) -> list[Box]:
    """The boxes to make one after the other, from the known picture outward, until all of ``mask`` is made.

    Each is ``native_size`` square or as large as the canvas, and shares at least ``overlap`` pixels of a side with
    its neighbours, made or known. A canvas of up to one and a half times ``native_size`` is one box.
    """
    if not 0 <= overlap < native_size:
        raise ValueError(f"tiles of {native_size} pixels cannot overlap by {overlap}")
    height, width = mask.shape
    if not mask.any():
        return []
    if max(width, height) <= _SINGLE * native_size:
        return [Box(0, 0, width, height)]
    known = _bounds(np.asarray(mask == 0, np.uint8), 0) or Box(0, 0, width, height)
    boxes = [
        Box(left, top, min(native_size, width), min(native_size, height))
        for top in _starts(height, known.top, known.height, native_size, overlap)
        for left in _starts(width, known.left, known.width, native_size, overlap)
    ]
    away = cv2.distanceTransform(np.asarray(mask > 0, np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return sorted(
        (box for box in boxes if mask[box.slices].any()), key=lambda box: float(away[box.slices].mean(dtype=np.float64))
    )


def _starts(length: int, known: int, known_length: int, size: int, overlap: int) -> list[int]:
    """Where tiles of ``size`` begin along a side of ``length``; something known that is smaller lies whole in one."""
    if known_length >= size or size >= length:
        return _evenly(0, length, size, overlap)
    middle = min(max(known + (known_length - size) // 2, 0), length - size)
    before = _evenly(0, middle + overlap, size, overlap) if middle > 0 else []
    after = _evenly(middle + size - overlap, length, size, overlap) if middle + size < length else []
    return sorted({*before, middle, *(min(start, length - size) for start in after)})


def _evenly(begin: int, end: int, size: int, overlap: int) -> list[int]:
    """The fewest starts of tiles of ``size`` that cover ``begin``…``end`` and overlap."""
    gaps = max(-(-(end - begin - size) // (size - overlap)), 0)
    return [begin + (end - begin - size) * gap // gaps for gap in range(gaps + 1)] if gaps else [begin]


def _bounds(mask: Mask, padding: int) -> Box | None:
    """The smallest box around everything above 0, ``padding`` pixels wider on each side of it but inside ``mask``."""
    left, top, width, height = cv2.boundingRect(mask)
    if width == 0:
        return None
    right, bottom = min(left + width + padding, mask.shape[1]), min(top + height + padding, mask.shape[0])
    left, top = max(left - padding, 0), max(top - padding, 0)
    return Box(left, top, right - left, bottom - top)


def _disc(radius: int) -> Mask:
    """The pixels no further than ``radius`` from the middle one, as a kernel."""
    away = np.arange(-radius, radius + 1) ** 2
    return (away[:, None] + away <= radius**2).astype(np.uint8)


def _ring(mask: Mask, pixels: int) -> npt.NDArray[np.bool_]:
    """Which pixels outside ``mask`` are no further than about ``pixels`` from it."""
    inside = np.asarray(mask > 0, np.uint8)
    return np.asarray(grow(inside, pixels) > inside)


def _same_size(first: npt.NDArray[np.uint8], *others: npt.NDArray[np.uint8]) -> None:
    if any(other.shape[:2] != first.shape[:2] for other in others):
        raise ValueError(f"of different sizes: {[array.shape for array in (first, *others)]}")


def _resample(picture: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """A copy of ``size`` (width, height). What shrinks is averaged first: OpenCV's averaging cannot enlarge."""
    smaller = min(size[0], picture.shape[1]), min(size[1], picture.shape[0])
    larger = cv2.INTER_LINEAR if picture.ndim == 2 else cv2.INTER_LANCZOS4  # a mask must not overshoot
    if picture.shape[1::-1] != smaller:
        picture = np.asarray(cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    if size != smaller:
        picture = np.asarray(cv2.resize(picture, size, interpolation=larger), np.uint8)
    return picture.copy()


def _surroundings(picture: Pixels, mask: Mask) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """What is known, small: colours (h, w, 3) 0…255, black where unknown, and the known share of each (h, w)."""
    height, width = mask.shape
    scale = min(_COARSE / max(height, width), 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    outside = np.asarray(mask == 0, np.uint8)
    colours = (picture * outside[..., None]).astype(np.float32)
    return _known_mean(colours, outside.astype(np.float32), size)


def _known_mean(
    colours: npt.NDArray[np.float32], known: npt.NDArray[np.float32], size: tuple[int, int]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """``colours``, 0 where ``known`` is 0 and weighed by it, shrunk to ``size`` as a mean of the known ones alone."""
    sums = np.asarray(cv2.resize(colours, size, interpolation=cv2.INTER_AREA), np.float32)
    share = np.asarray(cv2.resize(known, size, interpolation=cv2.INTER_AREA), np.float32)
    return sums / share.clip(1e-6)[..., None], share


def _spread(colours: npt.NDArray[np.float32], known: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """``colours`` (h, w, 3) with the unknown ones taken from ever smaller copies of the known: smooth, and no seams."""
    if colours.shape[:2] == (1, 1) or (known > 0).all():
        return colours
    height, width = known.shape
    certain = (known > 0).astype(np.float32)
    smaller = _spread(*_known_mean(colours, certain, (-(-width // 2), -(-height // 2))))
    wide = np.asarray(cv2.resize(smaller, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.where(certain[..., None] > 0, colours, wide)


def _powers(matrix: npt.NDArray[np.float64], *exponents: float) -> list[npt.NDArray[np.float64]]:
    """Powers of a symmetric positive matrix."""
    values, axes = np.linalg.eigh(matrix)
    return [(axes * values.clip(1e-9) ** exponent) @ axes.T for exponent in exponents]


def _to_bytes(colours: npt.NDArray[np.floating]) -> Pixels:
    return np.asarray(np.rint(colours).clip(0, 255), np.uint8)
