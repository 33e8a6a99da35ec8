"""The model that is measured, and the two ways of making a picture with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kandinsky_studio.engine.models import find, spec_of
from kandinsky_studio.engine.request import GenerationRequest, Pixels

Maker = Callable[[GenerationRequest], Pixels]


MODEL = "builtin"


def request(number: int, model: str = MODEL, **values: Any) -> GenerationRequest:
    """The ``number``-th of different requests of the same size: words and seeds are all new."""
    prompt = f"a red circle and {number} blue squares on a yellow background"
    return spec_of(model).request(prompt, prior_seed=number, seed=number, **values)


def ours(model: str = MODEL, dtype: str | None = None) -> Maker:
    """A maker of pictures with our engine, its model loaded."""
    from kandinsky_studio.engine.engine import Engine

    engine = Engine("cpu", dtype)
    engine.load(model)
    return lambda request: engine.generate(request)[0].image


def stock(model: str = MODEL, dtype: str = "float32") -> Maker:
    """A maker of pictures with the stock pipelines, the model loaded, with the same scheduler as ours."""
    import torch
    from diffusers import DPMSolverMultistepScheduler

    prior, decoder = pipelines(model, dtype)
    decoder.scheduler = DPMSolverMultistepScheduler.from_config(decoder.scheduler.config)

    def make(request: GenerationRequest) -> Pixels:
        idea = prior(
            request.prompt,
            num_inference_steps=request.prior_num_inference_steps,
            guidance_scale=request.prior_guidance_scale,
            generator=torch.Generator().manual_seed(request.prior_seed),
        )
        image = decoder(
            idea.image_embeds,
            idea.negative_image_embeds,
            height=request.height,
            width=request.width,
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
            generator=torch.Generator().manual_seed(request.seed),
        ).images[0]
        return np.asarray(image)

    return make


def pipelines(model: str, dtype: str = "float32") -> tuple[Any, Any]:
    """The stock pipelines of prior and decoder with all their parts, as the library makes them."""
    import diffusers
    import torch
    import transformers

    files = find(model)

    def part(name: str, kind: Any) -> Any:
        return kind.from_pretrained(files.folder(name), dtype=getattr(torch, dtype))

    prior = diffusers.KandinskyV22PriorPipeline(
        prior=part("prior", diffusers.PriorTransformer),
        image_encoder=part("image_encoder", transformers.CLIPVisionModelWithProjection),
        text_encoder=part("text_encoder", transformers.CLIPTextModelWithProjection),
        tokenizer=transformers.CLIPTokenizer.from_pretrained(files.folder("tokenizer")),
        scheduler=diffusers.UnCLIPScheduler.from_pretrained(files.folder("prior_scheduler")),
        image_processor=transformers.CLIPImageProcessor.from_pretrained(files.folder("image_processor")),
    )
    decoder = diffusers.KandinskyV22Pipeline(
        unet=part("unet", diffusers.UNet2DConditionModel),
        movq=part("movq", diffusers.VQModel),
        scheduler=diffusers.DDPMScheduler.from_pretrained(files.folder("scheduler")),
    )
    for pipeline in (prior, decoder):
        pipeline.set_progress_bar_config(disable=True)
    return prior, decoder
