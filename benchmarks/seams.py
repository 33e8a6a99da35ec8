"""The seam around what is filled: how steep the picture is across the mask's border, before and after a fill."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from PySide6.QtCore import QRectF
from PySide6.QtGui import QGuiApplication, QPainterPath

from benchmarks.subject import MODEL, pipelines
from benchmarks.table import spread, table
from kandinsky_studio.app.canvas_plan import Plan, plan
from kandinsky_studio.document import masks, selection_operations
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.surface import from_rgba
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Pixels, Task

FILLS = 24
SIZE = 384  # pixels of the document, three times the size that the model works at
BAND = 2  # pixels on each side of the border
GROUNDS = ("red", "blue", "green", "yellow", "orange", "purple")

Floats = npt.NDArray[np.float64]


def run() -> str:
    import torch
    from diffusers import DPMSolverMultistepScheduler, KandinskyV22InpaintPipeline

    from kandinsky_studio.engine.engine import Engine

    application = QGuiApplication.instance() or QGuiApplication([])
    engine, spec = Engine("cpu"), spec_of(MODEL)
    engine.load(MODEL)
    assert engine._model is not None
    blank = Raster(np.zeros((8, 8, 3), np.uint8))
    painting = engine._model.unet(spec.request("x", task=Task.inpaint, image=blank, mask=blank.pixels[..., 0]))
    prior, plain = pipelines(MODEL)
    painter = KandinskyV22InpaintPipeline(
        unet=painting,
        movq=plain.movq,
        scheduler=DPMSolverMultistepScheduler.from_config(plain.scheduler.config),
    )
    painter.set_progress_bar_config(disable=True)

    def stock(request: GenerationRequest) -> Pixels:
        """The same task by the stock pipeline, at the size it can: the mask is pasted by itself, hard."""
        assert request.image is not None
        assert request.mask is not None
        idea = prior(
            request.prompt,
            num_inference_steps=request.prior_num_inference_steps,
            guidance_scale=request.prior_guidance_scale,
            generator=torch.Generator().manual_seed(request.prior_seed),
        )
        side = spec.native_size
        image = cv2.resize(request.image.pixels, (side, side), interpolation=cv2.INTER_AREA)
        mask = cv2.resize(request.mask.pixels, (side, side), interpolation=cv2.INTER_AREA)
        made = painter(
            image_embeds=idea.image_embeds,
            negative_image_embeds=idea.negative_image_embeds,
            image=Image.fromarray(np.asarray(image)),
            mask_image=Image.fromarray(np.where(mask >= 128, np.uint8(255), np.uint8(0))),
            height=side,
            width=side,
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
            generator=torch.Generator().manual_seed(request.seed),
        )
        return np.asarray(made.images[0])

    ways = ("before", "stock, pasted", "ours, edge hard", "ours, edge soft over 8 px", "ours, removed")
    steepness: dict[str, list[float]] = {way: [] for way in ways}
    steps: dict[str, list[float]] = {way: [] for way in ways}
    outside: dict[str, int] = dict.fromkeys(ways, 0)
    for number in range(FILLS):
        rng = np.random.default_rng((9, number))
        picture = _picture(engine, number)
        left, top = rng.integers(40, SIZE - 200, 2)
        width, height = rng.integers(90, 160, 2)
        document = Document.new(SIZE, SIZE, "picture", from_rgba(_with_alpha(picture)))
        path = QPainterPath()
        path.addEllipse(QRectF(left, top, width, height))
        selection_operations.select(document, masks.from_path(path), "Select")
        marked = masks.from_path(path).array(document.state.canvas)
        words = f"a {GROUNDS[number % 6]} background"  # the ground goes on, or another one comes: both are asked for
        asked = spec.request(words, seed=number, prior_seed=number, mask_feather=0)
        soft = spec.request(words, seed=number, prior_seed=number, mask_feather=8)
        results = {"before": picture}
        hard_plan, soft_plan = plan(document, asked, spec), plan(document, soft, spec)
        results["stock, pasted"] = _pasted(picture, stock(hard_plan.request), hard_plan, marked)
        made = engine.generate(hard_plan.request)[0].image
        results["ours, edge hard"] = _pasted(picture, made, hard_plan)
        results["ours, edge soft over 8 px"] = _pasted(picture, made, soft_plan)
        without = plan(document, soft, spec, remove=True)
        results["ours, removed"] = _pasted(picture, engine.generate(without.request)[0].image, without)
        across = _across(marked)
        for way in ways:
            steepness[way].append(float(_gradient(results[way])[across].mean()))
            steps[way].append(_step(results[way], marked))
            outside[way] += int((results[way] != picture).any(axis=2)[marked == 0].sum())
    del application
    rows = [
        [
            way,
            spread(steepness[way], 1),
            spread([a - b for a, b in zip(steepness[way], steepness["before"], strict=True)], 1),
            spread(steps[way], 1),
            str(outside[way]),
        ]
        for way in ways
    ]
    return (
        f"{FILLS} fills of ellipses in pictures of {SIZE}²; levels (0 … 255) per pixel on {2 * BAND} pixels across the "
        "border: median (minimum … maximum). Inside against outside: how far the mean colours 10 to 14 pixels within "
        "and 2 to 6 pixels beyond it lie apart, however gently one becomes the other.\n\n"
        + table(
            (
                "way",
                "gradient across the border",
                "more than before",
                "inside against outside",
                "changed pixels outside",
            ),
            rows,
        )
    )


def _picture(engine, number: int) -> Pixels:  # type: ignore[no-untyped-def]
    """A picture of the model's own, scaled up as on a canvas."""
    words = f"a {GROUNDS[(number + 1 + number // 6) % 6]} circle on a {GROUNDS[number % 6]} background"
    made = engine.generate(spec_of(MODEL).request(words, seed=number, prior_seed=number))[0].image
    return np.asarray(cv2.resize(made, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC), np.uint8)


def _with_alpha(picture: Pixels) -> Pixels:
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])


def _pasted(picture: Pixels, made: Pixels, way: Plan, mask: Pixels | None = None) -> Pixels:
    """As the canvas shows it: scaled to the area and seen through the mask."""
    area = way.area
    box = (slice(area.y, area.bottom), slice(area.x, area.right))
    scaled = cv2.resize(made, (area.width, area.height), interpolation=cv2.INTER_CUBIC).astype(np.float64)
    through = way.mask if mask is None else mask[box]
    assert through is not None
    share = through[..., None] / 255
    result = picture.copy()
    result[box] = (scaled * share + picture[box] * (1 - share)).round().astype(np.uint8)
    return result


def _across(mask: Pixels) -> npt.NDArray[np.bool_]:
    """Where a pixel is within ``BAND`` of the mask's border."""
    inside = (mask >= 128).astype(np.uint8)
    kernel = np.ones((2 * BAND + 1,) * 2, np.uint8)
    return np.asarray(cv2.dilate(inside, kernel) != cv2.erode(inside, kernel))


def _step(picture: Pixels, mask: Pixels) -> float:
    """How far the colours on the two sides of the border lie apart."""
    inside = (mask >= 128).astype(np.uint8)
    within = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    beyond = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    rings = (within >= 10) & (within <= 14), (beyond >= 2) & (beyond <= 6)
    one, other = (picture[ring].astype(np.float64).mean(axis=0) for ring in rings)
    return float(np.abs(one - other).max())


def _gradient(picture: Pixels) -> Floats:
    """How much the colour changes from pixel to pixel, the largest of the channels."""
    values = picture.astype(np.float64)
    down, along = np.gradient(values, axis=(0, 1))
    return np.asarray(np.hypot(down, along).max(axis=2))
