"""Where the stock pipelines are right, we are the same: the anchor of all trust in the sampling loops.

They are right with square pictures whose sides are multiples of 64, and with the schedulers named here. Each test also
sees to it that something else would not agree.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers import (
    KandinskyV22ControlnetImg2ImgPipeline,
    KandinskyV22ControlnetPipeline,
    KandinskyV22Img2ImgPipeline,
    KandinskyV22InpaintPipeline,
    KandinskyV22Pipeline,
    KandinskyV22PriorPipeline,
)
from PIL import Image

from kandinsky_studio.engine import inpainting, painting
from kandinsky_studio.engine.conditioning import Conditioning, Conditions
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.loaded import LoadedModel
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.schedulers import SCHEDULERS
from tests.engine.agreeing import TOLERANCE, difference, embeddings, opened, picture, raster

STEPS = 6

Build = Callable[..., GenerationRequest]
Changes = Mapping[str, object]
Stock = Callable[..., Any]

PLAIN: Changes = {}
THRESHOLDED = {"thresholding": True, "sample_max_value": 1.5}
CASES: list[tuple[str, Changes, float]] = [
    *((key, {}, 4.0) for key in ("dpmpp_2m", "dpmpp_2s", "ddim", "lcm")),
    ("ddpm", {"variance_type": "fixed_small"}, 4.0),
    ("ddpm", {"variance_type": "learned_range"}, 4.0),
    ("dpmpp_2m", {}, 1.0),
    ("ddpm", {"variance_type": "learned_range"}, 1.0),
]
every_scheduler = pytest.mark.parametrize(
    ("scheduler", "says", "guidance_scale"),
    CASES,
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(value),
)


@pytest.fixture(scope="module")
def ours(tiny_model: str) -> LoadedModel:
    return opened(tiny_model)


def depth(size: int) -> Image.Image:
    return picture(size, 9).convert("L")


def seeded(request: GenerationRequest) -> dict[str, Any]:
    """What the stock decoders are called with for ``request``."""
    return {
        "height": request.height,
        "width": request.width,
        "num_inference_steps": request.num_inference_steps,
        "guidance_scale": request.guidance_scale,
        "generator": torch.Generator().manual_seed(request.seed),
    }


def swap(pipeline: Any, scheduler: str, says: Changes) -> Any:
    """``pipeline`` with another scheduler, as diffusers' documentation says it is done."""
    pipeline.scheduler = getattr(diffusers, SCHEDULERS[scheduler]).from_config({**pipeline.scheduler.config, **says})
    return pipeline


def finished(
    model: LoadedModel, request: GenerationRequest, towards: torch.Tensor, away: torch.Tensor, says: Changes = PLAIN
) -> torch.Tensor:
    """The latents that the painter finishes for ``request``; ``says`` changes the model's scheduler configuration."""
    shown = [Conditioning(added={"image_embeds": embeds}) for embeds in (towards, away)]
    denoise, made = painting.denoise, []

    def watched(*arguments: Any, **options: Any) -> torch.Tensor:
        made.append(denoise(*arguments, **options))
        return made[-1]

    model.fetch(request)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(painting, "denoise", watched)
        for name, value in says.items():
            patch.setitem(model.part("scheduler"), name, value)
        painting.paint(model, request, Conditions(shown[0], shown[1], towards), lambda step, preview: None)
    [latents] = made
    return latents


def check_same(
    model: LoadedModel, request: GenerationRequest, stock: torch.Tensor, says: Changes = PLAIN, **other: object
) -> None:
    """Our latents are the stock ones; another idea, and a request changed by ``other``, would be noticed."""
    towards, away = embeddings()
    latents = finished(model, request, towards, away, says)
    assert difference(latents, stock) < TOLERANCE
    assert difference(finished(model, request, towards.flip(1), away, says), stock) > 100 * TOLERANCE
    if other:
        changed = dataclasses.replace(request, **other)  # type: ignore[arg-type]
        assert difference(finished(model, changed, towards, away, says), stock) > 100 * TOLERANCE


def check_bytes(image: np.ndarray, stock: np.ndarray) -> None:
    distance = np.abs(image.astype(int) - np.asarray(stock, int))
    assert distance.max() <= 1  # where a value lies on the edge between two bytes
    assert (distance > 0).mean() < 0.001


# ------------------------------------------------------------------ decoders


@pytest.mark.parametrize("other", [{"prediction_type": "epsilon"}, {"prediction_type": "v_prediction"}, THRESHOLDED])
@every_scheduler
def test_text2image(
    stock: Stock,
    ours: LoadedModel,
    tiny_request: Build,
    scheduler: str,
    says: Changes,
    guidance_scale: float,
    other: Changes,
) -> None:
    request = tiny_request(scheduler=scheduler, guidance_scale=guidance_scale, num_inference_steps=STEPS)
    says = {**says, **other}
    pipeline = swap(stock(KandinskyV22Pipeline), scheduler, says)
    made = pipeline(*embeddings(), **seeded(request), output_type="latent").images
    check_same(ours, request, made, says, seed=8)


@pytest.mark.parametrize("size", [(128, 64), (64, 192), (128, 128)])
def test_text2image_of_other_sizes(stock: Stock, ours: LoadedModel, tiny_request: Build, size: tuple[int, int]) -> None:
    request = tiny_request(width=size[0], height=size[1], scheduler="ddim", guidance_scale=3.0)
    pipeline = swap(stock(KandinskyV22Pipeline), "ddim", {})
    made = pipeline(*embeddings(), **seeded(request), output_type="latent").images
    check_same(ours, request, made)
    towards, away = embeddings()
    assert difference(finished(ours, request, towards, away.flip(1)), made) > 100 * TOLERANCE


@pytest.mark.parametrize("strength", [0.35, 0.7, 1.0])
@every_scheduler
def test_image2image(
    stock: Stock,
    ours: LoadedModel,
    tiny_request: Build,
    scheduler: str,
    says: Changes,
    guidance_scale: float,
    strength: float,
) -> None:
    request = tiny_request(
        task=Task.image2image,
        image=raster(picture(64)),
        strength=strength,
        scheduler=scheduler,
        guidance_scale=guidance_scale,
        num_inference_steps=STEPS,
    )
    pipeline = swap(stock(KandinskyV22Img2ImgPipeline), scheduler, says)
    towards, away = embeddings()
    made = pipeline(towards, picture(64), away, strength=strength, **seeded(request), output_type="latent").images
    check_same(ours, request, made, says, image=raster(picture(64, 1)))


def masks(size: int) -> dict[str, Image.Image]:
    """Masks that follow the grid of the latents."""
    box = np.zeros((size // 8, size // 8), np.uint8)
    box[3:9, 5:14] = 255
    ragged = (np.random.default_rng(4).random(box.shape) < 0.06).astype(np.uint8) * np.uint8(255)
    ragged[:, :2] = 255
    cells = {"box": box, "ragged": ragged, "all": np.full_like(box, 255)}
    return {name: Image.fromarray(np.kron(mask, np.ones((8, 8), np.uint8))) for name, mask in cells.items()}


def inpaint_request(tiny_request: Build, mask: str, **fields: object) -> GenerationRequest:
    """Of native size, so that nothing is scaled, with everything turned off that the stock pipeline lacks."""
    return tiny_request(
        task=Task.inpaint,
        image=raster(picture(128)),
        mask=raster(masks(128)[mask]),
        width=128,
        height=128,
        mask_feather=0,
        match_colours=False,
        **{"num_inference_steps": STEPS, **fields},
    )


@every_scheduler
def test_inpaint(
    stock: Stock,
    ours: LoadedModel,
    tiny_request: Build,
    scheduler: str,
    says: Changes,
    guidance_scale: float,
) -> None:
    request = inpaint_request(tiny_request, "ragged", scheduler=scheduler, guidance_scale=guidance_scale)
    pipeline = swap(stock(KandinskyV22InpaintPipeline), scheduler, says)
    towards, away = embeddings()
    made = pipeline(towards, picture(128), masks(128)["ragged"], away, **seeded(request), output_type="latent").images
    check_same(ours, request, made, says, mask=raster(masks(128)["all"]))


@pytest.mark.parametrize("mask", ["box", "ragged", "all"])
def test_what_is_known_is_shrunk_as_in_training(mask: str) -> None:
    from diffusers.pipelines.kandinsky2_2.pipeline_kandinsky2_2_inpainting import prepare_mask

    repaint = np.asarray(masks(128)[mask])
    keep = torch.from_numpy(1 - inpainting.latent_mask(repaint))[None, None]
    assert torch.equal(1 - painting.repaint_share(repaint), prepare_mask(keep.clone()))
    assert mask == "all" or not torch.equal(prepare_mask(keep.clone()), keep)


@pytest.mark.parametrize("strength", [None, 0.35, 1.0])
@every_scheduler
def test_depth(
    stock: Stock,
    ours: LoadedModel,
    tiny_request: Build,
    scheduler: str,
    says: Changes,
    guidance_scale: float,
    strength: float | None,
) -> None:
    """From noise, and from a picture. The stock pipelines show their latents to a callback only."""
    fields: dict[str, Any] = {} if strength is None else {"image": raster(picture(64)), "strength": strength}
    request = tiny_request(
        task=Task.depth,
        hint=raster(depth(64)),
        scheduler=scheduler,
        guidance_scale=guidance_scale,
        num_inference_steps=STEPS,
        **fields,
    )
    towards, away = embeddings()
    hint = torch.from_numpy(np.array(depth(64))).float().expand(1, 3, -1, -1) / 255
    latents: list[torch.Tensor] = []
    options = {**seeded(request), "callback": lambda step, t, made: latents.append(made), "output_type": "pt"}
    if strength is None:
        swap(stock(KandinskyV22ControlnetPipeline), scheduler, says)(towards, away, hint, **options)
    else:
        pipeline = swap(stock(KandinskyV22ControlnetImg2ImgPipeline), scheduler, says)
        pipeline(towards, picture(64), away, hint, strength=strength, **options)
    inverted = Raster(255 - request.hint.pixels) if request.hint else None
    check_same(ours, request, latents[-1], says, hint=inverted)


# ------------------------------------------------------------------ all the way to bytes


def idea_of(stock: Stock, request: GenerationRequest) -> tuple[torch.Tensor, torch.Tensor]:
    made = stock(KandinskyV22PriorPipeline)(
        request.prompt,
        negative_prompt=request.negative_prompt,
        num_inference_steps=request.prior_num_inference_steps,
        guidance_scale=request.prior_guidance_scale,
        generator=torch.Generator().manual_seed(request.prior_seed),
    )
    return made.image_embeds, made.negative_image_embeds


FULL = {"negative_prompt": "blue", "scheduler": "ddpm", "guidance_scale": 3.0, "prior_guidance_scale": 2.0}


def test_whole_picture(stock: Stock, engine: Engine, tiny_request: Build) -> None:
    """With everything the stock pipelines can do turned on."""
    request = tiny_request(num_inference_steps=5, width=128, **FULL)
    [made] = stock(KandinskyV22Pipeline)(*idea_of(stock, request), **seeded(request)).images
    check_bytes(engine.generate(request)[0].image, np.asarray(made))


def test_whole_changed_picture(stock: Stock, engine: Engine, tiny_request: Build) -> None:
    request = tiny_request(
        task=Task.image2image, image=raster(picture(64)), strength=0.7, num_inference_steps=STEPS, **FULL
    )
    towards, away = idea_of(stock, request)
    pipeline = stock(KandinskyV22Img2ImgPipeline)
    [made] = pipeline(towards, picture(64), away, strength=0.7, **seeded(request)).images
    check_bytes(engine.generate(request)[0].image, np.asarray(made))


def test_whole_repainted_picture(stock: Stock, engine: Engine, tiny_request: Build) -> None:
    """Where it is repainted: what is known the stock pipeline sends through MoVQ, and we do not."""
    request = inpaint_request(tiny_request, "box", **FULL)
    towards, away = idea_of(stock, request)
    mask = masks(128)["box"]
    [made] = stock(KandinskyV22InpaintPipeline)(towards, picture(128), mask, away, **seeded(request)).images
    inside = np.asarray(mask) == 255
    image = engine.generate(request)[0].image
    check_bytes(image[inside], np.asarray(made)[inside])
    assert np.array_equal(image[~inside], np.asarray(picture(128))[~inside])
    assert not np.array_equal(np.asarray(made)[~inside], np.asarray(picture(128))[~inside])


def test_whole_picture_from_depth(stock: Stock, engine: Engine, tiny_request: Build) -> None:
    request = tiny_request(task=Task.depth, hint=raster(depth(64)), **FULL)
    hint = torch.from_numpy(np.array(depth(64))).float().expand(1, 3, -1, -1) / 255
    pipeline = stock(KandinskyV22ControlnetPipeline)
    [made] = pipeline(*idea_of(stock, request), hint, **seeded(request)).images
    check_bytes(engine.generate(request)[0].image, np.asarray(made))


def test_movq_is_the_same_but_for_rounding(stock: Stock, ours: LoadedModel) -> None:
    ours.fetch()
    latents = torch.randn(1, 4, 8, 12, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = stock(KandinskyV22Pipeline).movq.decode(latents, force_not_quantize=True).sample
        own = ours.part("movq").decode(latents, force_not_quantize=True).sample
    assert torch.allclose(expected, own, rtol=0, atol=1e-5)
    assert float(expected.std()) > 0.01
