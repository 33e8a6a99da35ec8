"""One picture, from what its decoder is shown to its pixels: what each task puts in and takes out of the loop."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch

from kandinsky_studio.engine import inpainting
from kandinsky_studio.engine.arrays import FILLS, Fill, Mask, Pixels
from kandinsky_studio.engine.codec import FACTOR, to_tensor
from kandinsky_studio.engine.conditioning import Conditions
from kandinsky_studio.engine.inpainting import Box, Margins
from kandinsky_studio.engine.loaded import LoadedModel
from kandinsky_studio.engine.movq import crop_box
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.sampling import Hint, Known, begin, denoise
from kandinsky_studio.engine.schedulers import evaluations, steps_of_the_way
from kandinsky_studio.engine.spec import ModelSpec

_SEAM = 32  # pixels of what is made that the next pass of an outpainting may change again

OnPreview = Callable[[int, Pixels], None]
"""Called with the steps done, over all passes, and a small picture of what there is."""

OnPreviews = Callable[[int, Callable[[], Pixels]], None]
"""The same for pictures that are made together, with what draws the first one's small picture, should anybody look."""

Finish = Callable[[], Pixels]
"""What decodes a picture whose latents are finished."""

Watching = Callable[[Any], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Pass:
    """One run of the loop: the ``box`` of the canvas that it looks at, and the ``size`` it is made at (width, height)."""

    box: Box
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Canvas:
    """What a task begins with: the picture it changes, if any, what of it is to be repainted, and in which passes."""

    picture: Pixels | None
    mask: Mask | None
    passes: Sequence[Pass]


def canvas(request: GenerationRequest, spec: ModelSpec) -> Canvas:
    """The canvas of ``request``. Without anything to repaint there is no pass: the picture stays."""
    if request.task is Task.inpaint:
        assert request.image is not None
        assert request.mask is not None
        picture = request.image.as_picture().pixels
        mask = inpainting.feather(inpainting.grow(request.mask.pixels, request.mask_grow), request.mask_feather)
        box = inpainting.context_box(mask, spec.native_size, request.context_padding, spec.size_multiple)
        passes = [] if box is None else [_pass(box, spec)]
        return Canvas(picture, mask, passes if request.strength > 0 else [])
    if request.task is Task.outpaint:
        assert request.image is not None
        margins = Margins(request.margin_left, request.margin_top, request.margin_right, request.margin_bottom)
        picture, mask = inpainting.expand(request.image.as_picture().pixels, margins, _fill(request))
        overlap = min(max(request.context_padding, spec.native_size // 4), spec.native_size // 2)
        boxes = inpainting.tiles(mask, spec.native_size, overlap) if request.strength > 0 else []
        return Canvas(picture, mask, [_pass(box, spec) for box in boxes])
    width, height = request.width, request.height
    whole = Pass(Box(0, 0, width, height), (width, height))
    starts_from_picture = request.task in (Task.image2image, Task.depth) and request.image is not None
    if not starts_from_picture:
        return Canvas(None, None, [whole])
    assert request.image is not None
    picture = _resized(request.image.as_picture().pixels, width, height)
    return Canvas(picture, None, [whole] if request.strength > 0 else [])


def _pass(box: Box, spec: ModelSpec) -> Pass:
    return Pass(box, inpainting.working_size(box, spec.native_size, spec.size_multiple))


def step_count(model: LoadedModel, request: GenerationRequest) -> int:
    """The steps of the decoder for one picture of ``request``."""
    own = canvas(request, model.spec)
    whole = model.version.steps_made(request.scheduler, request.num_inference_steps)
    steps = whole if own.picture is None else steps_of_the_way(whole, request.strength)
    return len(own.passes) * evaluations(request.scheduler, steps)


def paint(
    model: LoadedModel,
    request: GenerationRequest,
    conditions: Conditions,
    on_preview: OnPreview,
    watch: Watching = contextlib.nullcontext,
) -> Finish:
    """Run the loop for ``request``; what is returned makes the pixels (height, width, 3) of the finished latents.

    The loop runs inside the context that ``watch`` makes for the decoder.
    """

    def on_previews(step: int, first: Callable[[], Pixels]) -> None:
        on_preview(step, first())

    return paint_together(model, [request], [conditions], on_previews, watch)[0]


def paint_together(
    model: LoadedModel,
    requests: Sequence[GenerationRequest],
    conditions: Sequence[Conditions],
    on_previews: OnPreviews,
    watch: Watching = contextlib.nullcontext,
) -> list[Finish]:
    """As :func:`paint`, several pictures in one loop: ``requests`` that differ in nothing but words and seeds."""
    own = canvas(requests[0], model.spec)
    generators = [torch.Generator().manual_seed(request.seed) for request in requests]
    if own.picture is not None and not own.passes:
        return [own.picture.copy for _ in requests]
    if own.mask is None:
        painter = _Painter(model, requests[0], conditions, generators, on_previews, watch, 0)
        return painter.whole(own.picture)
    assert own.picture is not None
    pictures = [own.picture] * len(requests)
    left, made = own.mask.copy(), np.zeros_like(own.mask)
    for number, step in enumerate(own.passes):
        inside = np.zeros_like(left)
        inside[step.box.slices] = left[step.box.slices]
        # What one pass has made, the next one knows, but for a soft band along it: else it would cut things off.
        band = np.minimum(inpainting.feather(inside, _SEAM), made)
        inside[step.box.slices] = np.maximum(inside, band)[step.box.slices]
        made[step.box.slices] = own.mask[step.box.slices]
        left[step.box.slices] = 0
        painter = _Painter(model, requests[0], conditions, generators, on_previews, watch, number)
        finishes = painter.part(pictures, inside, step)
        if number + 1 < len(own.passes):
            pictures = [finish() for finish in finishes]
    return finishes


class _Painter:
    """One pass over pictures that differ in words and seeds only."""

    def __init__(
        self,
        model: LoadedModel,
        request: GenerationRequest,
        conditions: Sequence[Conditions],
        generators: Sequence[torch.Generator],
        on_previews: OnPreviews,
        watch: Watching,
        number: int,
    ) -> None:
        self._model = model
        self._request = request
        self._conditions = conditions
        self._generators = generators
        self._on_previews = on_previews
        self._watch = watch
        self._number = number

    def whole(self, picture: Pixels | None) -> list[Finish]:
        """Pictures of their own, or all of ``picture`` anew."""
        request = self._request
        left, top, width, height = crop_box(request.width, request.height, self._model.spec.size_multiple)
        padded = None if picture is None else [_padded(picture, left, top, width, height)]
        latents = self._latents(padded, None, (width, height), (left, top, request.width, request.height))

        def finish(row: torch.Tensor) -> Pixels:
            image = self._model.codec().decode(row)
            return image[top : top + request.height, left : left + request.width].copy()

        return [partial(finish, row) for row in rows_of(latents)]

    def part(self, pictures: Sequence[Pixels], mask: Mask, step: Pass) -> list[Finish]:
        """What ``mask`` covers of ``pictures``, all of it in the box of ``step``; the rest stays, byte for byte."""
        request = self._request
        hole = inpainting.cut(mask, step.box, step.size)
        # A grey mask frees cells for a part of the steps; were it the opacity as well, two pictures would show.
        opacity = np.minimum(mask, 127) * np.uint8(2) + np.uint8(1) * (mask > 127)
        seen = []
        for picture in pictures:
            one = inpainting.cut(picture, step.box, step.size)
            if request.task is Task.inpaint:
                one = inpainting.fill(one, hole, _fill(request))
            seen.append(one)
        share = repaint_share(hole)
        latents = self._latents(seen, share, step.size, (0, 0, *step.size))
        # Colours are compared outside of all cells that were free to change, where both pictures show the same.
        cells = np.where(share[0, 0].numpy() > 0, np.uint8(255), np.uint8(0))
        free = cells.repeat(FACTOR, axis=0).repeat(FACTOR, axis=1)

        def finish(row: torch.Tensor, picture: Pixels, one: Pixels) -> Pixels:
            made = self._model.codec().decode(row)
            if request.match_colours:
                made = inpainting.match_colours(made, one, free)
            return inpainting.paste(picture, inpainting.put_back(picture, made, step.box), opacity)

        return [partial(finish, *of_row) for of_row in zip(rows_of(latents), pictures, seen, strict=True)]

    def _latents(
        self,
        pictures: Sequence[Pixels] | None,
        share: torch.Tensor | None,
        size: tuple[int, int],
        shown: tuple[int, int, int, int],
    ) -> torch.Tensor:
        """The finished latents (B, 4, h, w) of pictures of ``size``, of which the preview shows ``shown`` (left, top,
        width, height). ``pictures`` are those they start from, one for all or one for each; of cells, ``share`` may
        change."""
        model, request = self._model, self._request
        unet = model.unet(request)
        hint = self._hint(size, shown)
        scheduler = model.scheduler(request)
        preview = model.preview()
        original = None
        if pictures is not None:
            encoded = [model.codec().encode(to_tensor(picture)) for picture in pictures]
            original = torch.cat(encoded).expand(len(self._generators), -1, -1, -1)
        known = None
        if share is not None:
            assert original is not None
            known = Known(original, share, clean=model.version.holds_clean)
        fresh = original is None or (share is not None and request.strength >= 1)
        latents, noise, timesteps = begin(
            scheduler,
            request.num_inference_steps,
            request.strength,
            None if fresh else original,
            (unet.config.out_channels // 2, size[1] // FACTOR, size[0] // FACTOR),
            self._generators,
        )
        before = self._number * len(timesteps)

        def on_step(step: int, clean: torch.Tensor) -> None:
            self._on_previews(before + step, lambda: preview.render(clean[:1], shown[:2], shown[2], shown[3]))

        away = [one.away for one in self._conditions if one.away is not None]
        with self._watch(unet):
            return denoise(
                unet,
                scheduler,
                [one.towards for one in self._conditions],
                away or None,
                latents=latents,
                noise=noise,
                timesteps=timesteps,
                guidance_scale=request.guidance_scale,
                generators=self._generators,
                on_step=on_step,
                known=known,
                hint=hint,
                clean_rule=model.version.clean_rule(model),
            )

    def _hint(self, size: tuple[int, int], shown: tuple[int, int, int, int]) -> Hint | None:
        request = self._request
        if request.task is not Task.depth:
            return None
        assert request.hint is not None
        depth = _resized(request.hint.as_picture().pixels, request.width, request.height)
        depth = _padded(depth, shown[0], shown[1], *size)
        return Hint(
            torch.from_numpy(depth).permute(2, 0, 1)[None].float() / 255,
            request.controlnet_conditioning_scale,
            request.control_guidance_start,
            request.control_guidance_end,
            self._model.plain_unet(request),
        )


def _fill(request: GenerationRequest) -> Fill:
    return next(fill for fill in FILLS if fill == request.fill)


def rows_of(batch: torch.Tensor) -> list[torch.Tensor]:
    """The rows of ``batch`` (B, …) as B batches of one."""
    return [batch[k : k + 1] for k in range(len(batch))]


def repaint_share(mask: Mask) -> torch.Tensor:
    """How freely each latent cell may change, (1, 1, h, w) in 0…1, for a mask (8·h, 8·w).

    What is known is shrunk as the inpainting networks were trained to see it; a cell that is let go of for that takes
    the share of its freest neighbour, so that a soft edge stays soft.
    """
    share = inpainting.latent_mask(mask, FACTOR)
    keep = inpainting.shrink_known((share == 0).astype(np.float32))
    let_go = (share == 0) & (keep == 0)
    widest = np.asarray(cv2.dilate(share, np.ones((3, 3), np.uint8)), np.float32)
    return torch.from_numpy(np.where(let_go, widest, share).astype(np.float32))[None, None]


def _resized(picture: Pixels, width: int, height: int) -> Pixels:
    if picture.shape[:2] == (height, width):
        return picture
    return inpainting.cut(picture, Box(0, 0, picture.shape[1], picture.shape[0]), (width, height))


def _padded(picture: Pixels, left: int, top: int, width: int, height: int) -> Pixels:
    """``picture`` in the middle of ``width`` × ``height``, its edges repeated outward."""
    right, bottom = width - picture.shape[1] - left, height - picture.shape[0] - top
    return np.pad(picture, ((top, bottom), (left, right), (0, 0)), mode="edge")
