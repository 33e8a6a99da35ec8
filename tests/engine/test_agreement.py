"""Where the stock pipelines are right, we are the same: the anchor of all trust in the sampling loops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    KandinskyV22Pipeline,
    KandinskyV22PriorPipeline,
    PriorTransformer,
    UnCLIPScheduler,
    UNet2DConditionModel,
    VQModel,
)
from transformers import (
    CLIPImageProcessor,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionModelWithProjection,
)

from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.loaded import LoadedModel
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.request import GenerationRequest

TOLERANCE = 1e-4
CLASSES = {"ddpm": DDPMScheduler, "ddim": DDIMScheduler, "dpmpp_2m": DPMSolverMultistepScheduler}

Build = Callable[..., GenerationRequest]


@pytest.fixture(scope="module")
def stock_prior(tiny_model: str) -> KandinskyV22PriorPipeline:
    folder = Path(tiny_model) / "tiny-prior"
    pipeline = KandinskyV22PriorPipeline(
        prior=PriorTransformer.from_pretrained(folder / "prior"),
        image_encoder=CLIPVisionModelWithProjection.from_pretrained(folder / "image_encoder"),
        text_encoder=CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder"),
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        scheduler=UnCLIPScheduler.from_pretrained(folder / "scheduler"),
        image_processor=CLIPImageProcessor.from_pretrained(folder / "image_processor"),
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture(scope="module")
def stock_decoder(tiny_model: str) -> KandinskyV22Pipeline:
    folder = Path(tiny_model) / "tiny-decoder"
    pipeline = KandinskyV22Pipeline(
        unet=UNet2DConditionModel.from_pretrained(folder / "unet"),
        scheduler=DDPMScheduler.from_pretrained(folder / "scheduler"),
        movq=VQModel.from_pretrained(folder / "movq"),
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture(scope="module")
def ours(tiny_model: str) -> LoadedModel:
    return LoadedModel(spec_of(tiny_model), torch.device("cpu"), torch.float32, 64, 64)


def difference(a: torch.Tensor, b: torch.Tensor) -> float:
    assert a.shape == b.shape
    return float((a - b).abs().max())


@pytest.mark.parametrize("guidance_scale", [1.0, 4.0])
@pytest.mark.parametrize("negative_prompt", ["", "a blue square, very blurred"])
@pytest.mark.parametrize("prompt", ["red", "красный круг на синем фоне, " * 12])
def test_prior(
    stock_prior: KandinskyV22PriorPipeline,
    ours: LoadedModel,
    tiny_request: Build,
    guidance_scale: float,
    negative_prompt: str,
    prompt: str,
) -> None:
    request = tiny_request(
        prompt=prompt,
        negative_prompt=negative_prompt,
        prior_guidance_scale=guidance_scale,
        prior_num_inference_steps=7,
        guidance_scale=3.0,
    )
    stock = stock_prior(
        prompt,
        negative_prompt=negative_prompt or None,
        num_inference_steps=7,
        guidance_scale=guidance_scale,
        generator=torch.Generator().manual_seed(request.prior_seed),
    )
    idea = ours.idea(request, lambda step: None)
    negative = ours.negative(request, idea)
    assert negative is not None
    assert difference(idea[:1], stock.image_embeds) < TOLERANCE
    assert difference(negative, stock.negative_image_embeds) < TOLERANCE


@pytest.mark.parametrize("guidance_scale", [1.0, 4.0])
@pytest.mark.parametrize("size", [(64, 64), (128, 64)])
@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
@pytest.mark.parametrize(
    ("scheduler", "variance_type"),
    [("dpmpp_2m", None), ("ddim", None), ("ddpm", "fixed_small"), ("ddpm", "learned_range")],
)
def test_decoder(
    stock_decoder: KandinskyV22Pipeline,
    ours: LoadedModel,
    tiny_request: Build,
    monkeypatch: pytest.MonkeyPatch,
    scheduler: str,
    guidance_scale: float,
    size: tuple[int, int],
    prediction_type: str,
    variance_type: str | None,
) -> None:
    width, height = size
    request = tiny_request(
        scheduler=scheduler, guidance_scale=guidance_scale, num_inference_steps=20, width=width, height=height
    )
    embeds, negative = torch.randn(2, 1, 32, generator=torch.Generator().manual_seed(3))
    config = {**stock_decoder.scheduler.config, "prediction_type": prediction_type, "variance_type": variance_type}
    monkeypatch.setattr(stock_decoder, "scheduler", CLASSES[scheduler].from_config(config))
    stock = stock_decoder(
        embeds,
        negative,
        height=height,
        width=width,
        num_inference_steps=20,
        guidance_scale=guidance_scale,
        generator=torch.Generator().manual_seed(request.seed),
        output_type="latent",
    ).images

    ours.fetch(request)
    monkeypatch.setitem(ours._components._loaded, "scheduler", {**ours.files.config("scheduler"), **config})
    latents = ours.denoise(request, embeds, negative, lambda step, preview: None)
    assert difference(latents, stock) < TOLERANCE
    other = ours.denoise(request, embeds.flip(1), negative, lambda step, preview: None)
    assert difference(latents, other) > 100 * TOLERANCE  # or nothing above would notice a wrong embedding


def test_whole_picture(
    stock_prior: KandinskyV22PriorPipeline, stock_decoder: KandinskyV22Pipeline, engine: Engine, tiny_request: Build
) -> None:
    """All the way to bytes, with everything the stock pipelines can do turned on."""
    request = tiny_request(
        negative_prompt="blue",
        scheduler="ddpm",
        num_inference_steps=5,
        guidance_scale=3.0,
        prior_guidance_scale=2.0,
        width=128,
    )
    idea = stock_prior(
        request.prompt,
        negative_prompt=request.negative_prompt,
        num_inference_steps=request.prior_num_inference_steps,
        guidance_scale=request.prior_guidance_scale,
        generator=torch.Generator().manual_seed(request.prior_seed),
    )
    stock = stock_decoder(
        idea.image_embeds,
        idea.negative_image_embeds,
        height=request.height,
        width=request.width,
        num_inference_steps=request.num_inference_steps,
        guidance_scale=request.guidance_scale,
        generator=torch.Generator().manual_seed(request.seed),
    ).images[0]
    [result] = engine.generate(request)
    distance = np.abs(result.image.astype(int) - np.asarray(stock, dtype=int))
    assert distance.max() <= 1  # where a value lies on the edge between two bytes
    assert (distance > 0).mean() < 0.001


def test_movq_is_the_same_but_for_rounding(stock_decoder: KandinskyV22Pipeline, ours: LoadedModel) -> None:
    ours.fetch()
    latents = torch.randn(1, 4, 8, 12, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        stock = stock_decoder.movq.decode(latents, force_not_quantize=True).sample
        own = ours._components["movq"].decode(latents, force_not_quantize=True).sample
    assert torch.allclose(stock, own, rtol=0, atol=1e-5)
