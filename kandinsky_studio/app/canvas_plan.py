"""What the one button would do to the document in front, and the request that does it."""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass
from math import ceil, sqrt

import cv2
import numpy as np

from kandinsky_studio.document import masks
from kandinsky_studio.document.compositing import compose
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.surface import Pixels, readable, to_rgba
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.spec import ModelSpec

_MULTIPLE = 8  # pixels: sides that are worked at
_ROOM = 0.5  # of the mask's size, that is seen around it on each side
_OPAQUE = 250  # 0 … 255, from which on a pixel counts as there
_SOLID = 0.98  # of the pixels in a box that must be there for the box to be a picture with nothing around it
_GROUND = 255  # of transparent parts, as the model sees them: white paper


class Verb(enum.StrEnum):
    """What is done to the canvas."""

    GENERATE = "generate"  # nothing is there
    REFINE = "refine"  # what is there is changed by ``strength``
    FILL = "fill"  # what is masked or selected is made anew
    EXPAND = "expand"  # the picture is continued where the canvas is empty
    DEPTH = "depth"  # a picture with the depth of the depth layer


TASKS = {
    Verb.GENERATE: Task.text2image,
    Verb.REFINE: Task.image2image,
    Verb.FILL: Task.inpaint,
    Verb.EXPAND: Task.outpaint,
    Verb.DEPTH: Task.depth,
}


@dataclass(frozen=True, eq=False)
class Plan:
    """``request`` makes a picture of ``area`` (pixels of the document), at its own size; of it only what ``mask``
    (height × width of ``area``, 0 … 255) lets through is for the canvas, everything if it is None."""

    verb: Verb
    request: GenerationRequest
    area: Rect
    mask: Pixels | None = None


def verb_for(document: Document, spec: ModelSpec) -> Verb:
    """What the button does now. Cheap enough to be asked after every stroke."""
    state = document.state
    if Task.inpaint in spec.tasks and _wanted_mask(state) is not None and _has_picture(state):
        return Verb.FILL
    if Task.depth in spec.tasks and _depth(state) is not None:
        return Verb.DEPTH
    if not _has_picture(state):
        return Verb.GENERATE
    if Task.outpaint in spec.tasks and _lone_box(state) is not None:
        return Verb.EXPAND
    return Verb.REFINE if Task.image2image in spec.tasks else Verb.GENERATE


def plan(document: Document, settings: GenerationRequest, spec: ModelSpec) -> Plan:
    """The request for :func:`verb_for`; words and numbers are those of ``settings``."""
    state, verb = document.state, verb_for(document, spec)
    canvas = state.canvas
    request = dataclasses.replace(settings, task=TASKS[verb], image=None, mask=None, hint=None)
    if verb is Verb.FILL:
        return _fill(document, request, spec)
    width, height = working_size(canvas, spec)
    request = dataclasses.replace(request, width=width, height=height)
    if verb is Verb.EXPAND:
        return _expand(document, request)
    if verb is Verb.DEPTH:
        layer = _depth(state)
        assert layer is not None
        assert layer.pixels is not None
        hint = _scaled(layer.pixels.array(canvas), width, height)
        request = dataclasses.replace(request, hint=Raster(hint), strength=1.0)
    elif verb is Verb.REFINE:
        request = dataclasses.replace(request, image=Raster(_scaled(_seen(document, canvas), width, height)))
    return Plan(verb, request, canvas)


def working_size(area: Rect, spec: ModelSpec) -> tuple[int, int]:
    """The size at which a model works on ``area``: its proportions, about as many pixels as the model was trained on.

    What is a little larger or smaller than that is left as it is; sides are multiples of 8 within the model's range.
    """
    native = spec.native_size**2
    scale = 1.0 if native / 2 <= area.area <= native * 1.5 else sqrt(native / area.area)
    low, high = spec.size.minimum, spec.size.maximum
    longest, shortest = max(area.width, area.height), min(area.width, area.height)
    scale = min(max(scale, low / shortest), high / longest)

    def side(length: int) -> int:
        return min(max(round(length * scale / _MULTIPLE) * _MULTIPLE, low), high // _MULTIPLE * _MULTIPLE)

    return side(area.width), side(area.height)


def context_of(bounds: Rect, canvas: Rect, native: int) -> Rect:
    """The part of the canvas that a model should see to fill ``bounds``: room around it, about square, not too small."""
    room = ceil(max(bounds.width, bounds.height) * _ROOM)
    width, height = bounds.width + 2 * room, bounds.height + 2 * room
    width, height = max(width, height // 2, native), max(height, width // 2, native)
    width, height = min(width, canvas.width), min(height, canvas.height)
    x = min(max(bounds.x + bounds.width // 2 - width // 2, canvas.x), canvas.right - width)
    y = min(max(bounds.y + bounds.height // 2 - height // 2, canvas.y), canvas.bottom - height)
    return Rect(x, y, width, height)


def _fill(document: Document, request: GenerationRequest, spec: ModelSpec) -> Plan:
    state = document.state
    mask = _wanted_mask(state)
    assert mask is not None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = state.canvas.x + int(columns[0]), state.canvas.y + int(rows[0])
    bounds = Rect(x, y, int(columns[-1] - columns[0]) + 1, int(rows[-1] - rows[0]) + 1)
    area = context_of(bounds, state.canvas, spec.native_size)
    x, y = area.x - state.canvas.x, area.y - state.canvas.y
    part = np.ascontiguousarray(mask[y : y + area.height, x : x + area.width])
    width, height = working_size(area, spec)
    small = _scaled(part, width, height)
    if not (small >= 128).any():  # a thin line must not vanish when it is made smaller
        small = np.where(small > 0, np.uint8(255), np.uint8(0))
    request = dataclasses.replace(
        request,
        width=width,
        height=height,
        image=Raster(_scaled(_seen(document, area), width, height)),
        mask=Raster(small),
        # The mask on the canvas says where the result shows, to the pixel; one that reached further would be cut there.
        mask_grow=0,
        mask_feather=0,
    )
    return Plan(Verb.FILL, request, area, part)


def _expand(document: Document, request: GenerationRequest) -> Plan:
    canvas = document.state.canvas
    box = _lone_box(document.state)
    assert box is not None
    across, down = request.width / canvas.width, request.height / canvas.height
    left, top = round((box.x - canvas.x) * across), round((box.y - canvas.y) * down)
    width = min(max(round(box.width * across), 1), request.width - left)
    height = min(max(round(box.height * down), 1), request.height - top)
    mask = np.full((canvas.height, canvas.width), 255, np.uint8)
    mask[box.y - canvas.y : box.bottom - canvas.y, box.x - canvas.x : box.right - canvas.x] = 0
    request = dataclasses.replace(
        request,
        image=Raster(_scaled(_seen(document, box), width, height)),
        margin_left=left,
        margin_top=top,
        margin_right=request.width - left - width,
        margin_bottom=request.height - top - height,
        strength=1.0,
    )
    return Plan(Verb.EXPAND, request, canvas, mask)


def _wanted_mask(state: State) -> Pixels | None:
    """What is selected, else what the inpaint mask says; None if that is nothing."""
    canvas = state.canvas
    if state.selection is not None:
        mask = state.selection.array(canvas)
    else:
        layer = state.of_kind(Kind.INPAINT)
        if layer is None or not layer.visible or (not layer.pixels and not layer.inverted):
            return None
        assert layer.pixels is not None
        if not layer.pixels.tiles and not layer.inverted:
            return None
        mask = masks.effective(layer, canvas)
    return mask if mask.any() else None


def _depth(state: State) -> Layer | None:
    layer = state.of_kind(Kind.DEPTH)
    if layer is None or not layer.visible or layer.pixels is None or not layer.pixels.tiles:
        return None
    return layer


def _has_picture(state: State) -> bool:
    """Whether anything can be seen on the canvas."""
    return any(
        layer.pixels is not None
        and layer.visible
        and layer.kind is Kind.PIXELS
        and not layer.pixels.bounds.intersected(state.canvas).is_empty
        for layer in state.walk()
    )


def _lone_box(state: State) -> Rect | None:
    """The rectangle that a picture fills on a canvas that is empty around it; None if it is not like that.

    Looked for in the small copies of tiles: its edges are right to the pixel only if the document is, below.
    """
    canvas = state.canvas
    alpha = np.zeros((ceil(canvas.on_tiles().height / 4), ceil(canvas.on_tiles().width / 4)), np.uint8)
    whole = canvas.on_tiles()
    for key in canvas.tiles():
        place = Rect.of_tile(key)
        x, y = (place.x - whole.x) // 4, (place.y - whole.y) // 4
        alpha[y : y + 64, x : x + 64] = readable(compose(state.layers, key, quarter=True))[..., 3]
    x, y = canvas.x - whole.x, canvas.y - whole.y
    alpha = alpha[y // 4 : ceil((y + canvas.height) / 4), x // 4 : ceil((x + canvas.width) / 4)]
    there = alpha >= _OPAQUE
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    if not len(rows):
        return None
    inside = there[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    fills = inside.shape[0] >= alpha.shape[0] - 1 and inside.shape[1] >= alpha.shape[1] - 1
    stray = int((alpha > 8).sum()) - int((alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] > 8).sum())
    if fills or inside.mean() < _SOLID or min(inside.shape) < 8 or stray > there.sum() * (1 - _SOLID):
        return None
    first = Rect(
        canvas.x // 4 * 4 + int(columns[0]) * 4,
        canvas.y // 4 * 4 + int(rows[0]) * 4,
        inside.shape[1] * 4,
        inside.shape[0] * 4,
    )
    return first.intersected(canvas)


def _seen(document: Document, area: Rect) -> Pixels:
    """The picture at ``area`` on white, height × width × 3, RGB."""
    pixels = to_rgba(document.render(area)).astype(np.uint16)
    alpha = pixels[..., 3:]
    return np.asarray((pixels[..., :3] * alpha + _GROUND * (255 - alpha) + 127) // 255, np.uint8)


def _scaled(pixels: Pixels, width: int, height: int) -> Pixels:
    if pixels.shape[:2] == (height, width):
        return pixels
    smaller = width * height < pixels.shape[0] * pixels.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=way), np.uint8)
