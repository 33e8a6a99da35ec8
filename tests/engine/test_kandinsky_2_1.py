"""Kandinsky 2.1 agrees with diffusers' own pipelines for it, where those are right: each task, up to its latents.

The pipelines hand out pictures only, so the latents are taken where they are handed to MoVQ, on both sides.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    KandinskyImg2ImgPipeline,
    KandinskyInpaintPipeline,
    KandinskyPipeline,
    KandinskyPriorPipeline,
)
from PIL import Image

from kandinsky_studio.engine import painting
from kandinsky_studio.engine.codec import MovqCodec, to_tensor
from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.loaded import LoadedModel
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.models.kandinsky_2_1 import SPEC, Kandinsky21
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.sampling import Known, begin
from kandinsky_studio.engine.schedulers import build_scheduler
from tests.engine.kandinsky_2_1_checkpoint import (
    DECODER,
    let_be_small,
    picture,
    request_2_1,
    save_tiny_2_1,
    stock_decoder,
    stock_prior,
)

TOLERANCE = 1e-4
STEPS = 6
PROMPTS = ["red", "красный круг на синем фоне, " * 12, " a  red   circle", "圆"]

# What diffusers makes of 2.1's own noise schedule: the published configurations, or the class with 2.1's betas.
SCHEDULERS: dict[str, Callable[[Path], Any]] = {
    "ddim": lambda folder: DDIMScheduler.from_pretrained(folder / "scheduler"),
    "ddpm": lambda folder: DDPMScheduler.from_pretrained(folder / "ddpm_scheduler"),
    "dpmpp_2m": lambda folder: DPMSolverMultistepScheduler(beta_start=0.00085, beta_end=0.012, steps_offset=1),
}

Build = Callable[..., GenerationRequest]
Ours = Callable[[GenerationRequest], torch.Tensor]
Stock = Callable[..., torch.Tensor]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny-2-1"
    folder.mkdir()
    save_tiny_2_1(folder)
    return folder


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    let_be_small(monkeypatch)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("cpu")


@pytest.fixture(scope="module")
def prior(model: Path) -> KandinskyPriorPipeline:
    return stock_prior(model)


@pytest.fixture(scope="module")
def pipelines(model: Path) -> Callable[[Any], Any]:
    return functools.cache(functools.partial(stock_decoder, model))


@pytest.fixture
def ours(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Ours:
    """The latents of a request, all the way through the engine."""
    seen: list[torch.Tensor] = []

    def decode(codec: MovqCodec, latents: torch.Tensor) -> np.ndarray[Any, Any]:
        seen.append(latents)
        return np.zeros((8 * latents.shape[2], 8 * latents.shape[3], 3), np.uint8)

    def latents(request: GenerationRequest) -> torch.Tensor:
        seen.clear()
        engine.generate(request)
        [found] = seen
        return found

    monkeypatch.setattr(MovqCodec, "decode", decode)
    return latents


@pytest.fixture
def theirs(
    model: Path, prior: KandinskyPriorPipeline, pipelines: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> Stock:
    """The latents of the same request by the pipelines of diffusers, prior and decoder."""

    def latents(kind: Any, request: GenerationRequest, idea: Any = None, **values: Any) -> torch.Tensor:
        pipeline = pipelines(kind)
        seen: list[torch.Tensor] = []

        def decode(latents: torch.Tensor, force_not_quantize: bool) -> dict[str, torch.Tensor]:
            assert force_not_quantize
            seen.append(latents)
            return {"sample": torch.zeros(1, 3, 8, 8)}

        idea = idea or stock_idea(prior, request)
        monkeypatch.setattr(pipeline.movq, "decode", decode)
        monkeypatch.setattr(pipeline, "scheduler", SCHEDULERS[request.scheduler](model / DECODER))
        pipeline(
            request.prompt,
            **values,
            image_embeds=idea.image_embeds,
            negative_image_embeds=idea.negative_image_embeds,
            negative_prompt=request.negative_prompt or None,
            width=request.width,
            height=request.height,
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
            generator=torch.Generator().manual_seed(request.seed),
            output_type="pt",
        )
        [found] = seen
        return found

    return latents


@pytest.fixture
def build(model: Path) -> Build:
    return functools.partial(request_2_1, model, num_inference_steps=STEPS)


def stock_idea(prior: KandinskyPriorPipeline, request: GenerationRequest) -> Any:
    return prior(
        request.prompt,
        negative_prompt=request.negative_prompt or None,
        num_inference_steps=request.prior_num_inference_steps,
        guidance_scale=request.prior_guidance_scale,
        generator=torch.Generator().manual_seed(request.prior_seed),
    )


def difference(a: torch.Tensor, b: torch.Tensor) -> float:
    assert a.shape == b.shape
    return float((a - b).abs().max())


def hole() -> Raster:
    """Cells repainted whole or not at all, so that the stock mask, which takes one pixel of each cell, is the same."""
    mask = np.zeros((64, 64), np.uint8)
    mask[16:40, 24:48] = 255
    mask[56:, :8] = 255
    return Raster(mask)


@pytest.mark.parametrize("guidance_scale", [1.0, 4.0])
@pytest.mark.parametrize("negative_prompt", ["", "a blue square, very blurred"])
@pytest.mark.parametrize("prompt", PROMPTS[:2])
def test_the_idea(
    model: Path,
    prior: KandinskyPriorPipeline,
    build: Build,
    guidance_scale: float,
    negative_prompt: str,
    prompt: str,
) -> None:
    request = build(
        prompt=prompt,
        negative_prompt=negative_prompt,
        prior_guidance_scale=guidance_scale,
        prior_num_inference_steps=7,
    )
    stock = stock_idea(prior, request)
    found = opened(model).condition(request, lambda step: None)
    assert found.away is not None
    assert difference(found.towards.added["image_embeds"], stock.image_embeds) < TOLERANCE
    assert difference(found.away.added["image_embeds"], stock.negative_image_embeds) < TOLERANCE
    assert found.image_embeds is found.towards.added["image_embeds"]


@functools.cache
def opened(model: Path) -> LoadedModel:
    return LoadedModel(spec_of(str(model)), torch.device("cpu"))


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("negative_prompt", ["", "blurred"])
def test_the_words_that_the_decoder_reads(
    model: Path, pipelines: Callable[[Any], Any], build: Build, prompt: str, negative_prompt: str
) -> None:
    with torch.no_grad():
        pooled, hidden, _ = pipelines(KandinskyPipeline)._encode_prompt(
            prompt, torch.device("cpu"), 1, True, negative_prompt or None
        )
    found = opened(model).condition(build(prompt=prompt, negative_prompt=negative_prompt), lambda step: None)
    assert found.away is not None
    for row, shown in enumerate((found.away, found.towards)):
        assert shown.encoder_hidden_states is not None
        assert difference(shown.encoder_hidden_states, hidden[row : row + 1]) < TOLERANCE
        assert difference(shown.added["text_embeds"], pooled[row : row + 1]) < TOLERANCE


def test_a_negative_prompt_of_spaces_is_none(model: Path, build: Build) -> None:
    none, blank = (opened(model).condition(build(negative_prompt=text), lambda step: None) for text in ("", "  \n"))
    assert none.away is not None
    assert blank.away is not None
    assert torch.equal(none.away.encoder_hidden_states, blank.away.encoder_hidden_states)
    assert torch.equal(none.away.added["image_embeds"], blank.away.added["image_embeds"])


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("guidance_scale", [1.0, 4.0])
@pytest.mark.parametrize("size", [(64, 64), (128, 64)])
def test_text2image(
    prior: KandinskyPriorPipeline,
    ours: Ours,
    theirs: Stock,
    build: Build,
    scheduler: str,
    guidance_scale: float,
    size: tuple[int, int],
) -> None:
    request = build(
        scheduler=scheduler,
        guidance_scale=guidance_scale,
        width=size[0],
        height=size[1],
        negative_prompt="синий",
        prior_guidance_scale=3.0,
    )
    latents = ours(request)
    assert difference(latents, theirs(KandinskyPipeline, request)) < TOLERANCE
    idea = stock_idea(prior, request)
    for change in ({"image_embeds": idea.image_embeds.flip(1)}, {"negative_image_embeds": idea.image_embeds}):
        if guidance_scale > 1 or "image_embeds" in change:  # or nothing above would notice a wrong one
            wrong = theirs(KandinskyPipeline, request, dataclasses.replace(idea, **change))
            assert difference(latents, wrong) > 100 * TOLERANCE
    for text in ("prompt", "negative_prompt") if guidance_scale > 1 else ("prompt",):
        wrong = theirs(KandinskyPipeline, dataclasses.replace(request, **{text: "круг"}), idea)
        assert difference(latents, wrong) > 100 * TOLERANCE


def test_ddpm_limits_what_it_predicts(ours: Ours, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the agreement above would say nothing about the limits of 2.1's own configuration."""
    request = build(scheduler="ddpm", guidance_scale=8.0)
    latents = ours(request)
    own = Kandinsky21.scheduler_config
    monkeypatch.setattr(Kandinsky21, "scheduler_config", lambda *arguments: {**own(*arguments), "thresholding": False})
    assert difference(latents, ours(request)) > 100 * TOLERANCE


def test_each_scheduler_has_the_betas_of_2_1(model: Path) -> None:
    betas = torch.linspace(0.00085, 0.012, 1000)
    opened(model).need(["scheduler"])
    for key in SPEC.schedulers:
        scheduler = opened(model).scheduler(SPEC.request("", scheduler=key))
        assert torch.allclose(scheduler.betas, betas, rtol=1e-6, atol=0), key
        assert key != "ddpm" or scheduler.config.variance_type == "learned_range"


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_image2image(
    model: Path,
    ours: Ours,
    theirs: Stock,
    build: Build,
    pipelines: Callable[[Any], Any],
    monkeypatch: pytest.MonkeyPatch,
    scheduler: str,
    strength: float,
) -> None:
    """But for the noise that the stock pipeline begins with, which is none that its scheduler knows."""
    request = build(task=Task.image2image, image=picture(), strength=strength, scheduler=scheduler)
    own = SCHEDULERS[scheduler](model / DECODER)
    own.set_timesteps(STEPS)
    first = own.timesteps[STEPS - int(STEPS * strength) :][:1]
    noised = lambda original, noise, timesteps: own.add_noise(original, noise, first)  # noqa: E731
    monkeypatch.setattr(pipelines(KandinskyImg2ImgPipeline), "add_noise", noised)
    image = Image.fromarray(picture().pixels)
    stock = theirs(KandinskyImg2ImgPipeline, request, image=image, strength=strength)
    latents = ours(request)
    assert difference(latents, stock) < TOLERANCE
    assert difference(latents, ours(dataclasses.replace(request, image=picture(seed=1)))) > 100 * TOLERANCE


def test_a_picture_is_noised_as_the_scheduler_says(model: Path, pipelines: Callable[[Any], Any]) -> None:
    """And not by the other schedule at another timestep that the stock pipeline has in it."""
    original = torch.full((1, 4, 8, 8), 2.0)
    scheduler = build_scheduler("ddim", opened(model).files.config("scheduler"))
    noisy, noise, timesteps = begin(scheduler, 10, 0.3, original, (4, 8, 8), [torch.Generator().manual_seed(0)])
    assert timesteps.tolist() == [201, 101, 1]
    alpha_bar = torch.cumprod(1 - torch.linspace(0.00085, 0.012, 1000), 0)[201]
    assert difference(noisy, alpha_bar**0.5 * original + (1 - alpha_bar) ** 0.5 * noise) < 1e-5
    stock = pipelines(KandinskyImg2ImgPipeline).add_noise(original, noise, torch.tensor([298]))
    assert difference(noisy, stock) > 0.1


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("guidance_scale", [1.0, 4.0])
def test_inpaint(
    ours: Ours,
    theirs: Stock,
    build: Build,
    monkeypatch: pytest.MonkeyPatch,
    scheduler: str,
    guidance_scale: float,
) -> None:
    """What the stock pipeline does: the network sees what is known, and nothing holds it there."""
    request = inpainting(build, scheduler=scheduler, guidance_scale=guidance_scale)
    image, mask = to_tensor(picture().pixels), torch.from_numpy(hole().pixels / np.float32(255))[None, None]
    stock = theirs(KandinskyInpaintPipeline, request, image=image, mask_image=mask)
    monkeypatch.setattr(painting, "Known", functools.partial(Known, held=False))
    latents = ours(request)
    assert difference(latents, stock) < TOLERANCE
    for change in ({"image": picture(seed=1)}, {"mask_grow": 8}):
        assert difference(latents, ours(dataclasses.replace(request, **change))) > 100 * TOLERANCE


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_inpaint_leaves_what_is_known(model: Path, ours: Ours, build: Build, scheduler: str) -> None:
    """What we do: the known latents come out exactly as they went in."""
    latents = ours(inpainting(build, scheduler=scheduler))
    original = opened(model).codec().encode(to_tensor(picture().pixels))
    known = (painting.repaint_share(hole().pixels) == 0).expand_as(latents)
    assert 0.3 < known.float().mean() < 0.8
    assert torch.equal(latents[known], original[known])
    assert (latents[~known] - original[~known]).abs().mean() > 0.1


def inpainting(build: Build, **values: Any) -> GenerationRequest:
    return build(
        task=Task.inpaint,
        image=picture(),
        mask=hole(),
        mask_feather=0,
        context_padding=0,
        match_colours=False,
        **values,
    )


def test_mix(prior: KandinskyPriorPipeline, ours: Ours, theirs: Stock, build: Build) -> None:
    """Of words and a picture, with weights that are no shares; the decoder reads no words."""
    slots = (Slot("red", weight=0.9), Slot(image=picture(80, 56), weight=0.4))
    request = build(prompt="", task=Task.mix, slots=slots, normalised_weights=False, prior_guidance_scale=2.0)
    idea = prior.interpolate(
        ["red", Image.fromarray(picture(80, 56).pixels)],
        [0.9, 0.4],
        num_inference_steps=3,
        guidance_scale=2.0,
        generator=torch.Generator().manual_seed(request.prior_seed),
    )
    latents = ours(request)
    assert difference(latents, theirs(KandinskyPipeline, request, idea)) < TOLERANCE
    other = dataclasses.replace(request, slots=(slots[0], Slot(image=picture(80, 56), weight=0.5)))
    assert difference(latents, ours(other)) > 10 * TOLERANCE
