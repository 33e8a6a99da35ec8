"""The model that is measured, and the two ways of making a picture with it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kandinsky_studio.engine import weights
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.request import GenerationRequest, Pixels
from kandinsky_studio.errors import ModelNotFound

Maker = Callable[[GenerationRequest], Pixels]


@dataclass(frozen=True)
class Subject:
    """``model`` is the key or folder of the model, ``title`` says which it is."""

    model: str
    title: str

    def request(self, number: int) -> GenerationRequest:
        """The ``number``-th of different requests of the same size: words and seeds are all new."""
        spec = spec_of(self.model)
        return GenerationRequest(
            prompt=f"a red circle and {number} blue squares on a yellow background",
            model=self.model,
            width=spec.native_size,
            height=spec.native_size,
            num_inference_steps=spec.num_inference_steps.default,
            guidance_scale=spec.guidance_scale.default,
            prior_num_inference_steps=spec.prior_num_inference_steps.default,
            prior_guidance_scale=spec.prior_guidance_scale.default,
            prior_seed=number,
            seed=number,
        )


@contextlib.contextmanager
def subject() -> Iterator[Subject]:
    """The built-in model; where it is not there, one of the same configuration with random weights."""
    try:
        weights.find("builtin").check()
        yield Subject("builtin", "the built-in model")
    except ModelNotFound:
        with tempfile.TemporaryDirectory() as folder:
            # In a process of its own: the benchmarks must meet libraries that are not imported yet.
            subprocess.run([sys.executable, "-m", "benchmarks.subject", folder], capture_output=True, check=True)
            yield Subject(folder, "random weights in the built-in model's configuration")


def save_random_model(folder: Path) -> None:
    """Write a model with the built-in model's classes and sizes, and weights from a fixed seed."""
    import torch
    from diffusers import KandinskyV22Pipeline, KandinskyV22PriorPipeline

    from kandinsky_studio.engine.training import components as c

    torch.manual_seed(0)
    tokenizer = c.make_tokenizer(["a red circle and blue squares on a yellow background"])
    prior = KandinskyV22PriorPipeline(
        prior=c.make_prior(),
        image_encoder=c.make_image_encoder(),
        text_encoder=c.make_text_encoder(tokenizer),
        tokenizer=tokenizer,
        scheduler=c.make_prior_scheduler(),
        image_processor=c.make_image_processor(),
    )
    torch.nn.init.ones_(prior.prior.clip_std)
    prior.save_pretrained(folder / "kandinsky-2-2-prior")
    decoder = KandinskyV22Pipeline(unet=c.make_unet(), scheduler=c.make_decoder_scheduler(), movq=c.make_movq())
    decoder.save_pretrained(folder / "kandinsky-2-2-decoder")


def ours(model: str) -> Maker:
    """A maker of pictures with our engine, its model loaded."""
    from kandinsky_studio.engine.engine import Engine

    engine = Engine("cpu")
    engine.load(model)
    return lambda request: engine.generate(request)[0].image


def stock(model: str) -> Maker:
    """A maker of pictures with the stock pipelines, the model loaded, with the same scheduler as ours."""
    import torch
    from diffusers import (
        DPMSolverMultistepScheduler,
        KandinskyV22Pipeline,
        KandinskyV22PriorPipeline,
    )

    files = weights.find(model)
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


if __name__ == "__main__":
    save_random_model(Path(sys.argv[1]))
