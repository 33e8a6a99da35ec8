"""How near things in a picture are: a depth map, uint8 (height, width), near is bright.

Two ways. *Depth Anything V2 Small* (Yang and others 2024), a network trained on photographs, if its files are on this
computer; it works at its own size, and its map is brought to the picture's with a guided filter. And *figure and
ground*, which is no network and knows nothing of space: what differs in colour from the ground lies before it. That is
what depth means in the world of flat shapes that the built-in model draws, and nothing more.

Nothing here imports torch until a network is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from kandinsky_studio import paths
from kandinsky_studio.engine import weights
from kandinsky_studio.engine.arrays import MAX_SIDE
from kandinsky_studio.engine.request import Pixels, Progress
from kandinsky_studio.engine.weights import ModelFiles
from kandinsky_studio.errors import BrokenModel, ModelNotFound, UnusableArray

Floats: TypeAlias = npt.NDArray[np.float32]
Map: TypeAlias = npt.NDArray[np.uint8]
"""A depth map: uint8 (height, width), near is bright."""

_FINEST = 2048  # pixels along the longer side at which figure and ground are told apart
_DIFFERS = 14.0  # CIELAB units from the ground
_SPECK = 0.0004  # share of the picture's area below which something is no figure
_BORDER = 3  # pixels along the sides of the picture that are taken for ground
_CLEAR = 0.02  # share of a layer that must be see-through for the rest of it to be the figure

_RADIUS = 4  # pixels of the network's map that the guided filter looks at in each direction
_SMOOTH = 1e-3  # variance of the guide (0…1) below which it counts as flat
_BAND = 256  # rows that are brought to the picture's size at once


@dataclass(frozen=True)
class Published:
    """An estimator's weights as their authors publish them. ``size`` is in bytes, as their page states it."""

    key: str
    title: str
    repository: str
    files: tuple[str, ...]
    size: int
    licence: str


DEPTH_ANYTHING = Published(
    key="depth-anything-v2-small",
    title="Depth Anything V2 Small",
    repository="depth-anything/Depth-Anything-V2-Small-hf",  # no revision and no hashes: none have been verified yet
    files=("config.json", "preprocessor_config.json", "model.safetensors"),
    size=99_200_000,
    licence="Apache-2.0",
)

PART = "depth"
"""What the network is called among its ``ModelFiles``."""


def ignore(progress: Progress) -> None:
    """Take a report and do nothing."""


def find(folder: Path | None = None) -> ModelFiles:
    """The files of Depth Anything: in ``folder`` or a folder in it, else among the models, else where the Hugging Face
    libraries keep theirs.

    Looked at, not loaded. Raises ``ModelNotFound`` if they are not there, ``BrokenModel`` if they can't be what they
    should be.
    """
    name = DEPTH_ANYTHING.repository.rpartition("/")[2]
    places = (paths.models(), weights.hub_cache()) if folder is None else (folder,)
    found = folder if folder is not None and (folder / "config.json").is_file() else None
    for place in places:
        found = found or weights.folder_with(place, name, "config.json")
    if found is None:
        raise ModelNotFound(model=DEPTH_ANYTHING.title, place=", ".join(map(str, places)))
    files = ModelFiles(DEPTH_ANYTHING.key, DEPTH_ANYTHING.title, {PART: found}, (PART,))
    if files.config(PART).get("model_type") != "depth_anything":
        raise BrokenModel(model=files.title, reason=f"“{found.name}” holds another network")
    files.check()
    return files


def estimate(
    picture: Pixels,
    files: ModelFiles | None = None,
    *,
    device: str = "cpu",
    on_progress: Callable[[Progress], None] = ignore,
) -> Map:
    """The depth map (height, width) of ``picture``, uint8 (height, width, 3), or 4 with straight alpha, sides up to
    8192 pixels.

    With the network in ``files`` on ``device``, which is let go of again; without, :func:`figure_and_ground`.
    ``on_progress`` is called before, between the layers of the network, and after; it may raise ``Cancelled``. Raises
    ``UnusableArray``, ``BrokenModel``, or ``OutOfMemory``.
    """
    _check(picture)
    if files is None:
        return figure_and_ground(picture)
    from kandinsky_studio.engine.depth_anything import predict

    seen = _on_paper(picture)
    return to_map(enlarged(predict(files, seen, device, on_progress), seen))


def to_map(near: Floats) -> Map:
    """``near`` (height, width) from its least to its greatest as 0…255; where all is equally near, 0."""
    low, high = float(near.min()), float(near.max())
    if high - low < 1e-12:
        return np.zeros(near.shape, np.uint8)
    return np.asarray(np.rint((near - low) * np.float32(255 / (high - low))), np.uint8)


def figure_and_ground(picture: Pixels) -> Map:
    """What lies before the ground: 255 on the figures, 0 on the ground, between them at soft edges.

    ``picture`` is uint8 (height, width, 3), or 4 with straight alpha; of a layer with much that is see-through, what
    is not is the figure. Else the ground is the most common colour along the sides of the picture, and a figure what
    is connected and differs from it. At an edge the value is how much of the figure's colour is mixed into the
    ground's, which is exact for flat shapes. This measures colours, not space: of a photograph it makes a silhouette
    at best.
    """
    _check(picture)
    height, width = picture.shape[:2]
    scale = min(_FINEST / max(height, width), 1.0)
    if scale < 1:
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    if picture.shape[2] == 4 and (picture[..., 3] < 128).mean() > _CLEAR:
        near = picture[..., 3]
    else:
        near = np.asarray(np.rint(_before_the_ground(_on_paper(picture)) * 255), np.uint8)
    if scale < 1:
        near = np.asarray(cv2.resize(near, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    return np.ascontiguousarray(near)


def _before_the_ground(picture: Pixels) -> Floats:
    """How much of each pixel is figure, float32 (height, width), 0…1."""
    colours = picture.astype(np.float32) / 255
    lab = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB)
    is_ground = np.zeros(picture.shape[:2], bool)
    for side in (np.s_[:_BORDER], np.s_[-_BORDER:], np.s_[:, :_BORDER], np.s_[:, -_BORDER:]):
        is_ground[side] = True
    tones, alike = lab[is_ground], np.zeros(0, bool)
    for tone in tones[:: max(len(tones) // 256, 1)]:  # the one that most others are like
        near = np.linalg.norm(tones - tone, axis=1) < _DIFFERS
        alike = near if near.sum() > alike.sum() else alike
    ground, ground_colour = tones[alike].mean(axis=0), colours[is_ground][alike].mean(axis=0)
    figure = (np.linalg.norm(lab - ground, axis=2) > _DIFFERS).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(figure, connectivity=8)
    specks = stats[:, cv2.CC_STAT_AREA] < _SPECK * figure.size
    figure[specks[labels]] = 0
    if not figure.any():
        return np.zeros(figure.shape, np.float32)
    around = np.ones((5, 5), np.uint8)
    core = cv2.erode(figure, around, borderValue=1)
    has_core = np.zeros(len(stats), bool)
    has_core[np.unique(labels[core > 0])] = True
    core = np.where(has_core[labels], core, figure)  # what is too thin to have an inside is its own
    edge = (cv2.dilate(figure, around) > 0) & (core == 0)
    _, nearest = cv2.distanceTransformWithLabels(1 - core, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    colour_of = np.zeros((int(nearest.max()) + 1, 3), np.float32)
    colour_of[nearest[core > 0]] = colours[core > 0]
    way = colour_of[nearest[edge]] - ground_colour
    share = ((colours[edge] - ground_colour) * way).sum(axis=1) / np.maximum((way * way).sum(axis=1), 1e-6)
    result = core.astype(np.float32)
    result[edge] = np.clip(share, 0, 1)
    return result


def enlarged(near: Floats, picture: Pixels) -> Floats:
    """``near`` (h, w) at the size of ``picture`` (height, width, 3), its edges where the picture has them.

    A fast guided filter (He and Sun 2015): what is near is, around each place, a linear function of how light the
    picture is; its coefficients are found at the small size and used at the large one.
    """
    height, width = picture.shape[:2]
    h, w = near.shape
    if height <= h and width <= w:
        return np.asarray(cv2.resize(near, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    low, high = float(near.min()), float(near.max())
    scaled = np.asarray((near - low) / max(high - low, 1e-12), np.float32)
    guide = _light(np.asarray(cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA), np.uint8))
    side = (2 * _RADIUS + 1, 2 * _RADIUS + 1)

    def mean(values: Floats) -> Floats:
        return np.asarray(cv2.blur(values, side), np.float32)

    middle, nearness = mean(guide), mean(scaled)
    spread = np.asarray(mean(guide * guide) - middle * middle + _SMOOTH, np.float32)
    steep = np.asarray((mean(guide * scaled) - middle * nearness) / spread, np.float32)
    slope, offset = mean(steep), mean(nearness - steep * middle)
    result = np.empty((height, width), np.float32)
    across, along = w / width, h / height
    for top in range(0, height, _BAND):
        rows = min(_BAND, height - top)
        place = np.array(
            [[across, 0, (across - 1) / 2], [0, along, (top + 0.5) * along - 0.5]],
            np.float64,
        )
        a, b = (
            cv2.warpAffine(
                values,
                place,
                (width, rows),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
            for values in (slope, offset)
        )
        result[top : top + rows] = np.clip(a * _light(picture[top : top + rows]) + b, 0, 1)
    return np.asarray(result * np.float32(high - low) + np.float32(low), np.float32)


def _light(picture: Pixels) -> Floats:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32) / np.float32(255)


def _on_paper(picture: Pixels) -> Pixels:
    """``picture`` without its alpha, on white."""
    if picture.shape[2] == 3:
        return picture
    result = np.empty((*picture.shape[:2], 3), np.uint8)
    for top in range(0, len(picture), _BAND):
        part = picture[top : top + _BAND].astype(np.uint16)
        alpha = part[..., 3:]
        result[top : top + _BAND] = (part[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return result


def _check(picture: Pixels) -> None:
    if getattr(picture, "dtype", None) != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (3, 4):
        raise UnusableArray(reason="a picture is uint8 (height, width, 3) or (height, width, 4)")
    if not 0 < min(picture.shape[:2]) <= max(picture.shape[:2]) <= MAX_SIDE:
        raise UnusableArray(reason=f"its sides are {picture.shape[1]} × {picture.shape[0]} pixels")
