"""What the one button would do to the document in front, and the request that does it."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import TypeAlias

import cv2
import numpy as np

from kandinsky_studio.app.canvas_sizes import MULTIPLE, bounds_of, context_of, shaped
from kandinsky_studio.app.canvas_sizes import working_size as working_size
from kandinsky_studio.document import masks
from kandinsky_studio.document.compositing import compose
from kandinsky_studio.document.document import Document, check_size
from kandinsky_studio.document.generation_frame import generated_area
from kandinsky_studio.document.geometry import TILE, Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.surface import Pixels, readable, to_rgba
from kandinsky_studio.engine import inpainting
from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.spec import ModelSpec

_OPAQUE = 250  # 0 … 255, from which on a pixel counts as there
_SOLID = 0.98  # of the pixels in a box that must be there for the box to be a picture with nothing around it
_BEYOND = 6  # pixels of the working size around what is removed that may still show some of it
_RIM, _RIM_SHARE = 4, 0.03  # pixels, and share of its size, that are taken with what is removed: nobody marks all of it
_MOST_GROWTH = 1024  # that a request can have, of growth as of context
_RING = 12  # and around those, that are the ground
_REMOVING = 0.6  # of the way from the continued ground: from pure noise the model invents something new
_GROUND = 255  # of transparent parts, as the model sees them: white paper


See: TypeAlias = Callable[[Document, Rect, int, int], Pixels]
"""The picture of a document at a rectangle of it, on white, at a width and height: height × width × 3, RGB."""


class Verb(enum.StrEnum):
    """What is done to the canvas."""

    GENERATE = "generate"  # nothing is there
    REFINE = "refine"  # what is there is changed by ``strength``
    FILL = "fill"  # what is masked or selected is made anew
    EXPAND = "expand"  # the picture is continued where the canvas is empty
    DEPTH = "depth"  # a picture with the depth of the depth layer
    MIX = "mix"  # a picture from what is in the mix


TASKS = {
    Verb.GENERATE: Task.text2image,
    Verb.REFINE: Task.image2image,
    Verb.FILL: Task.inpaint,
    Verb.EXPAND: Task.outpaint,
    Verb.DEPTH: Task.depth,
    Verb.MIX: Task.mix,
}


@dataclass(frozen=True)
class Outlook:
    """What the button would do in ``frame``: make ``area`` (both pixels of the document) at ``size`` (width, height).
    The area is the whole canvas (``whole``) or a part of it, or reaches beyond it (``beyond``); ``mixes`` tells whether
    the picture comes from what is in the mix."""

    verb: Verb
    frame: Rect
    area: Rect
    size: tuple[int, int]
    whole: bool
    beyond: bool
    mixes: bool = False


@dataclass(frozen=True, eq=False)
class Plan:
    """``request`` makes a picture of ``area`` (pixels of the document), at its own size; of it only what ``mask``
    (height × width of ``area``, 0 … 255) lets through is for the canvas, everything if it is None. If it ``grows``, the
    area reaches beyond the canvas, which becomes as much larger when the picture is kept."""

    verb: Verb
    request: GenerationRequest
    area: Rect
    mask: Pixels | None = None
    grows: bool = False


def outlook(document: Document, settings: GenerationRequest, spec: ModelSpec) -> Outlook:
    """What the button does now, in the generation frame. Cheap enough to be asked after every stroke."""
    state = document.state
    frame, canvas = generated_area(state), state.canvas
    limits = frame.intersected(canvas)
    if settings.task is Task.mix:
        follows = Task.depth in spec.tasks and _depth(state) is not None
        verb, area = (Verb.DEPTH, limits) if follows else (Verb.MIX, frame)
        return Outlook(verb, frame, area, working_size(area, spec), area == canvas, not canvas.contains(area), True)
    mask = _marked(state, limits)
    if Task.inpaint in spec.tasks and mask is not None and _has_picture(state, limits):
        area = _fill_area(mask, limits, settings, spec)
        return Outlook(Verb.FILL, frame, area, working_size(area, spec), area == canvas, False)
    verb, area = Verb.GENERATE, frame
    if Task.depth in spec.tasks and _depth(state) is not None:
        verb, area = Verb.DEPTH, limits
    elif _has_picture(state, limits):
        if Task.outpaint in spec.tasks and (_lone_box(state, frame) is not None or not canvas.contains(frame)):
            verb = Verb.EXPAND
        else:
            verb, area = (Verb.REFINE if Task.image2image in spec.tasks else Verb.GENERATE), limits
    return Outlook(verb, frame, area, working_size(area, spec), area == canvas, not canvas.contains(area))


def verb_for(document: Document, spec: ModelSpec) -> Verb:
    """What the button does now."""
    return outlook(document, GenerationRequest(""), spec).verb


def seen_at(document: Document, area: Rect, width: int, height: int) -> Pixels:
    """See :data:`See`: exactly, whatever it costs."""
    return _scaled(_seen(document, area), width, height)


def plan(
    document: Document,
    settings: GenerationRequest,
    spec: ModelSpec,
    remove: bool = False,
    see: See = seen_at,
    seen: Outlook | None = None,
) -> Plan:
    """The request for :func:`outlook`, or for ``seen``, which it said before; words and numbers are those of
    ``settings``, the picture what ``see`` sees.

    To ``remove`` what is marked, the idea is taken from its surroundings in place of the words. Raises
    ``SizeTooLarge`` if the canvas could not become as large.
    """
    state, seen = document.state, seen or outlook(document, settings, spec)
    if remove and seen.verb is Verb.FILL:
        marked = bounds_of(_marked(state, seen.area))
        more = max(_RIM, round(max(marked.width, marked.height) * _RIM_SHARE)) if marked is not None else 0
        settings = dataclasses.replace(settings, mask_grow=min(settings.mask_grow + more, _MOST_GROWTH))
        seen = outlook(document, settings, spec)
    verb, area = seen.verb, seen.area
    request = dataclasses.replace(settings, task=TASKS[verb], image=None, mask=None, hint=None)
    if verb is Verb.FILL:
        return _fill(document, request, seen, remove, see)
    if seen.beyond:
        larger = area.united(state.canvas)
        check_size(larger.width, larger.height)
    width, height = seen.size
    request = dataclasses.replace(request, width=width, height=height)
    if verb is Verb.EXPAND:
        return _expand(document, request, seen, see)
    if verb is Verb.DEPTH:
        layer = _depth(state)
        assert layer is not None
        assert layer.pixels is not None
        hint = _scaled(layer.pixels.array(area), width, height)
        request = dataclasses.replace(request, hint=Raster(hint), strength=1.0)
    elif verb is Verb.REFINE:
        request = dataclasses.replace(request, image=Raster(see(document, area, width, height)))
    return Plan(verb, request, area, grows=seen.beyond)


def _fill_area(mask: Pixels, limits: Rect, settings: GenerationRequest, spec: ModelSpec) -> Rect:
    bounds = bounds_of(mask)
    assert bounds is not None
    bounds = bounds.moved(limits.x, limits.y).expanded(max(settings.mask_grow, 0)).intersected(limits)
    return context_of(bounds, limits, spec.native_size, settings.context_padding)


def _fill(document: Document, request: GenerationRequest, seen: Outlook, remove: bool, see: See) -> Plan:
    state, area = document.state, seen.area
    mask = _marked(state, area)
    assert mask is not None
    grow, feather = request.mask_grow, request.mask_feather
    grown = shaped(mask, grow, 0)
    width, height = seen.size
    small = _scaled(grown, width, height)
    if not (small >= 128).any():  # a thin line must not vanish when it is made smaller
        small = np.where(small > 0, np.uint8(255), np.uint8(0))
    image = see(document, area, width, height)
    request = dataclasses.replace(
        request,
        width=width,
        height=height,
        image=Raster(image),
        mask=Raster(small),
        # The mask on the canvas says where the result shows, to the pixel; one that reached further would be cut there.
        mask_grow=0,
        mask_feather=0,
        context_padding=min(round(request.context_padding * width / area.width), _MOST_GROWTH),
    )
    if remove:
        request = _without_it(request, image, small)
    return Plan(Verb.FILL, request, area, shaped(mask, grow, feather))


def _without_it(request: GenerationRequest, image: Pixels, mask: Pixels) -> GenerationRequest:
    """What lies just around ``mask`` goes on in it: as the idea, and as what the denoising starts from.

    The idea of the whole picture would have the things in it drawn once more.
    """
    within = inpainting.grow(mask, _BEYOND)
    ring = (within == 0) & (inpainting.grow(within, _RING) > 0)
    ground = image
    if ring.any():
        ground = inpainting.fill(image, np.where(ring, np.uint8(0), np.uint8(255)), "border")
    return dataclasses.replace(
        request,
        prompt="",
        negative_prompt="",
        slots=(Slot(image=Raster(ground)),),
        fill="border",
        strength=_REMOVING,
    )


def _expand(document: Document, request: GenerationRequest, seen: Outlook, see: See) -> Plan:
    area, canvas = seen.area, document.state.canvas
    alpha = np.zeros((area.height, area.width), np.uint8)
    limits = area.intersected(canvas)
    inner = limits.moved(-area.x, -area.y)
    alpha[inner.y : inner.bottom, inner.x : inner.right] = to_rgba(document.render(limits))[..., 3]
    mask = np.where(alpha >= _OPAQUE, np.uint8(0), np.uint8(255))
    request = dataclasses.replace(request, strength=1.0)
    box = _lone_box(document.state, area)
    if box is None:  # a picture with holes and frayed edges
        request = dataclasses.replace(
            request,
            task=Task.inpaint,
            image=Raster(see(document, area, request.width, request.height)),
            mask=Raster(np.where(_scaled(mask, request.width, request.height) > 0, np.uint8(255), np.uint8(0))),
            mask_grow=0,
            mask_feather=0,
            fill="border",
        )
        return Plan(Verb.EXPAND, request, area, mask, seen.beyond)
    across, down = request.width / area.width, request.height / area.height
    left, top = round((box.x - area.x) * across), round((box.y - area.y) * down)
    width = min(max(round(box.width * across), 1), request.width - left)
    height = min(max(round(box.height * down), 1), request.height - top)
    request = dataclasses.replace(
        request,
        image=Raster(see(document, box, width, height)),
        margin_left=left,
        margin_top=top,
        margin_right=request.width - left - width,
        margin_bottom=request.height - top - height,
    )
    return Plan(Verb.EXPAND, request, area, mask, seen.beyond)


def _marked(state: State, area: Rect) -> Pixels | None:
    """What is selected at ``area``, else what the inpaint mask says there; None if that is nothing."""
    if state.selection is not None:
        mask = state.selection.array(area)
    else:
        layer = state.of_kind(Kind.INPAINT)
        if layer is None or not layer.visible or layer.pixels is None:
            return None
        if not layer.pixels.tiles and not layer.inverted:
            return None
        mask = masks.effective(layer, state.canvas, area)
    return mask if mask.any() else None


def _depth(state: State) -> Layer | None:
    layer = state.of_kind(Kind.DEPTH)
    if layer is None or not layer.visible or layer.pixels is None or not layer.pixels.tiles:
        return None
    return layer


def _has_picture(state: State, area: Rect) -> bool:
    """Whether anything can be seen at ``area``."""
    return any(
        layer.pixels is not None
        and layer.visible
        and layer.kind is Kind.PIXELS
        and not layer.pixels.bounds.intersected(area).is_empty
        for layer in state.walk()
    )


def _lone_box(state: State, area: Rect) -> Rect | None:
    """The rectangle that a picture fills in an ``area`` that is empty around it; None if it is not like that.

    What lies beyond the canvas counts as empty. Looked for in the small copies of tiles: the rectangle is up to 3 pixels
    too small on each side.
    """
    limits = area.intersected(state.canvas)
    whole = limits.on_tiles()
    if limits == area and _corners_are_there(state, area):
        return None  # then it reaches everywhere, and nobody need look at the rest
    alpha = np.zeros((ceil(whole.height / 4), ceil(whole.width / 4)), np.uint8)
    for key in limits.tiles():
        place = Rect.of_tile(key)
        x, y = (place.x - whole.x) // 4, (place.y - whole.y) // 4
        alpha[y : y + 64, x : x + 64] = readable(compose(state.layers, key, quarter=True))[..., 3]
    x, y = limits.x - whole.x, limits.y - whole.y
    alpha = alpha[y // 4 : ceil((y + limits.height) / 4), x // 4 : ceil((x + limits.width) / 4)]
    there = alpha >= _OPAQUE
    found = bounds_of(there)
    if found is None:
        return None
    inside = (slice(found.y, found.bottom), slice(found.x, found.right))
    around = (slice(max(found.y - 1, 0), found.bottom + 1), slice(max(found.x - 1, 0), found.right + 1))
    stray = int((alpha > 8).sum()) - int((alpha[around] > 8).sum())  # its edges may go through pixels of small copies
    if there[inside].mean() < _SOLID or min(found.width, found.height) < 8 or stray > there.sum() * (1 - _SOLID):
        return None
    x, y = limits.x // 4 * 4 + found.x * 4, limits.y // 4 * 4 + found.y * 4
    box = Rect(x, y, found.width * 4, found.height * 4).intersected(limits)
    fills = area.width - box.width < 2 * MULTIPLE and area.height - box.height < 2 * MULTIPLE
    return None if fills else box


def _corners_are_there(state: State, area: Rect) -> bool:
    for x in (area.x, area.right - 1):
        for y in (area.y, area.bottom - 1):
            key = (x // TILE, y // TILE)
            small = readable(compose(state.layers, key, quarter=True))
            if small[(y - key[1] * TILE) // 4, (x - key[0] * TILE) // 4, 3] < _OPAQUE:
                return False
    return True


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
