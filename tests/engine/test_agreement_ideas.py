"""The ideas are those of the stock prior pipelines, where these are right."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import KandinskyV22PriorEmb2EmbPipeline, KandinskyV22PriorPipeline, PriorTransformer
from safetensors.torch import load_file, save_file

from kandinsky_studio.engine import ideas
from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot
from kandinsky_studio.engine.loaded import LoadedModel
from kandinsky_studio.engine.request import GenerationRequest, Task
from tests.engine.agreeing import TOLERANCE, difference, embeddings, opened, picture, raster

Build = Callable[..., GenerationRequest]
Stock = Callable[..., Any]


@pytest.fixture(scope="module")
def ours(tiny_model: str) -> LoadedModel:
    return opened(tiny_model)


@pytest.mark.parametrize("guidance_scale", [1.0, 4.0])
@pytest.mark.parametrize("negative_prompt", ["", "a blue square, very blurred"])
@pytest.mark.parametrize("prompt", ["red", "красный круг на синем фоне, " * 12])
def test_prior(
    stock: Stock, ours: LoadedModel, tiny_request: Build, guidance_scale: float, negative_prompt: str, prompt: str
) -> None:
    request = tiny_request(
        prompt=prompt,
        negative_prompt=negative_prompt,
        prior_guidance_scale=guidance_scale,
        prior_num_inference_steps=7,
        guidance_scale=3.0,
    )
    made = stock(KandinskyV22PriorPipeline)(
        prompt,
        negative_prompt=negative_prompt or None,
        num_inference_steps=7,
        guidance_scale=guidance_scale,
        generator=torch.Generator().manual_seed(request.prior_seed),
    )
    towards, away = ideas.idea(ours, request, lambda step: None)
    assert away is not None
    assert difference(towards, made.image_embeds) < TOLERANCE
    assert difference(away, made.negative_image_embeds) < TOLERANCE
    other, _ = ideas.idea(ours, dataclasses.replace(request, prompt=prompt[1:]), lambda step: None)
    assert difference(other, made.image_embeds) > 100 * TOLERANCE


@pytest.fixture(scope="module")
def raw(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prior whose normalised space is that of the embeddings, where the stock emb2emb is right."""
    folder = Path(shutil.copytree(tiny_model, tmp_path_factory.mktemp("raw") / "tiny"))
    path = folder / "tiny-prior" / "prior" / "diffusion_pytorch_model.safetensors"
    state = load_file(path)
    state["clip_mean"].zero_()
    state["clip_std"].fill_(1)
    for name in state:  # by chance it hardly hears where it starts
        if name.startswith("proj_in") or "attn1.to_v.weight" in name:
            state[name] *= 8
    save_file(state, path, metadata={"format": "pt"})
    return folder


@pytest.mark.parametrize("guidance_scale", [1.0, 4.0])
@pytest.mark.parametrize("strength", [0.1, 0.2, 0.6, 1.0])
@pytest.mark.parametrize("start", ["picture", "embedding"])
def test_emb2emb(
    stock: Stock, raw: Path, tiny_request: Build, strength: float, guidance_scale: float, start: str
) -> None:
    ours = opened(str(raw))
    embedding, elsewhere = (Slot(embedding=SavedEmbedding(embeds[0].numpy(), "")) for embeds in embeddings())
    request = tiny_request(
        image=raster(picture(64)),
        slots=(embedding,) if start == "embedding" else (),
        prior_strength=strength,
        prior_guidance_scale=guidance_scale,
        prior_num_inference_steps=10,
    )
    prior = PriorTransformer.from_pretrained(raw / "tiny-prior" / "prior")
    made = stock(KandinskyV22PriorEmb2EmbPipeline, prior=prior)(
        request.prompt,
        picture(64) if start == "picture" else embeddings()[0],
        strength,
        num_inference_steps=10,
        guidance_scale=guidance_scale,
        generator=torch.Generator().manual_seed(request.prior_seed),
    )
    towards, away = ideas.idea(ours, request, lambda step: None)
    assert away is not None
    assert difference(towards, made.image_embeds) < TOLERANCE
    assert difference(away, made.negative_image_embeds) < TOLERANCE
    others: list[dict[str, Any]] = [{"prompt": "blue"}]
    if strength <= 0.2:  # more noise leaves little of where it starts
        others.append({"slots": (elsewhere,)})
    for other in others:
        found, _ = ideas.idea(ours, dataclasses.replace(request, **other), lambda step: None)
        assert difference(found, made.image_embeds) > 100 * TOLERANCE


@pytest.mark.parametrize("size", [(64, 64), (56, 56), (200, 90), (33, 77)])
def test_the_embedding_of_a_picture(stock: Stock, ours: LoadedModel, size: tuple[int, int]) -> None:
    image = picture(256).resize(size)
    encode = stock(KandinskyV22PriorEmb2EmbPipeline)._encode_image
    with torch.inference_mode():
        expected, other = (encode(one, "cpu", 1) for one in (image, picture(256, 1).resize(size)))
    assert difference(ideas.image_embedding(ours, raster(image)), expected) < TOLERANCE
    assert difference(expected, other) > 100 * TOLERANCE


@pytest.mark.parametrize("negative", [None, "blue"])
def test_mix(stock: Stock, ours: LoadedModel, tiny_request: Build, negative: str | None) -> None:
    """With weights that are not normalised, interpolate's own way; what to lead away from is a prior's sample."""
    saved = embeddings()[0][0]
    slots = [Slot(image=raster(picture(64)), weight=0.7), Slot(image=raster(picture(64, 1)), weight=-0.4)]
    things: list[Any] = [picture(64), picture(64, 1)]
    if negative is None:
        slots.append(Slot("red", weight=0.9))
        things.append("red")
    else:
        slots.append(Slot(negative, weight=1.0, negative=True))
    request = tiny_request(
        task=Task.mix, slots=tuple(slots), normalised_weights=False, prior_guidance_scale=2.0, guidance_scale=3.0
    )
    made = stock(KandinskyV22PriorPipeline).interpolate(
        things,
        [0.7, -0.4, 0.9][: len(things)],
        num_inference_steps=request.prior_num_inference_steps,
        generator=torch.Generator().manual_seed(request.prior_seed),
        negative_prompt=negative or "",
        guidance_scale=2.0,
    )
    towards, away = ideas.idea(ours, request, lambda step: None)
    assert away is not None
    assert difference(towards, made.image_embeds) < TOLERANCE
    assert difference(away, made.negative_image_embeds) < TOLERANCE
    more = (*slots, Slot(embedding=SavedEmbedding(saved.numpy(), "")))
    other, _ = ideas.idea(ours, dataclasses.replace(request, slots=more), lambda step: None)
    assert difference(other, made.image_embeds + saved) < TOLERANCE
    assert difference(other, made.image_embeds) > 100 * TOLERANCE
