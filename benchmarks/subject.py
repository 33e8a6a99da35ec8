"""The model that is measured, and the two ways of making a picture with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kandinsky_studio.engine import weights
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.request import GenerationRequest, Pixels

Maker = Callable[[GenerationRequest], Pixels]


MODEL = "builtin"


def request(number: int) -> GenerationRequest:
    """The ``number``-th of different requests of the same size: words and seeds are all new."""
    prompt = f"a red circle and {number} blue squares on a yellow background"
    return spec_of(MODEL).request(prompt, prior_seed=number, seed=number)


def ours() -> Maker:
    """A maker of pictures with our engine, its model loaded."""
    from kandinsky_studio.engine.engine import Engine

    engine = Engine("cpu")
    engine.load(MODEL)
    return lambda request: engine.generate(request)[0].image


def stock() -> Maker:
    """A maker of pictures with the stock pipelines, the model loaded, with the same scheduler as ours."""
    import torch
    from diffusers import (
        DPMSolverMultistepScheduler,
        KandinskyV22Pipeline,
        KandinskyV22PriorPipeline,
    )

    files = weights.find(MODEL)
    prior: Any = KandinskyV22PriorPipeline.from_pretrained(files.prior, dtype=torch.float32)
    decoder: Any = KandinskyV22Pipeline.from_pretrained(files.decoder, dtype=torch.float32)
    decoder.scheduler = DPMSolverMultistepScheduler.from_config(decoder.scheduler.config)
    for pipeline in (prior, decoder):
        pipeline.set_progress_bar_config(disable=True)

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
