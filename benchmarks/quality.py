"""Time to equal quality: our default against the stock pipelines' default, and a judge that looks at both."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.subject import MODEL, pipelines
from benchmarks.table import spread, table
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.request import Pixels

PROMPTS, SHAPES = 50, 2
STOCK_STEPS = 100  # the default of the stock pipelines, with the scheduler that is shipped with the model


def run() -> str:
    import torch

    from kandinsky_studio.engine.engine import Engine
    from kandinsky_studio.engine.training.judge import score
    from kandinsky_studio.engine.training.measures import HELD_OUT_SEED, prompt_for
    from kandinsky_studio.engine.training.scenes import random_scene

    engine, spec = Engine("cpu"), spec_of(MODEL)
    prior, decoder = pipelines(MODEL)

    def ours(prompt: str, seed: int) -> Pixels:
        return engine.generate(spec.request(prompt, seed=seed, prior_seed=seed))[0].image

    def stock(prompt: str, seed: int) -> Pixels:
        asked = spec.request(prompt)
        idea = prior(
            prompt,
            num_inference_steps=asked.prior_num_inference_steps,
            guidance_scale=asked.prior_guidance_scale,
            generator=torch.Generator().manual_seed(seed),
        )
        image = decoder(
            idea.image_embeds,
            idea.negative_image_embeds,
            height=asked.height,
            width=asked.width,
            num_inference_steps=STOCK_STEPS,
            guidance_scale=asked.guidance_scale,
            generator=torch.Generator().manual_seed(seed),
        ).images[0]
        return np.asarray(image)

    scenes = [random_scene(np.random.default_rng((HELD_OUT_SEED, SHAPES, k)), SHAPES) for k in range(PROMPTS)]
    prompts = [prompt_for(scene, "en", k) for k, scene in enumerate(scenes)]
    pictures: tuple[list[Pixels], list[Pixels]] = ([], [])
    seconds: tuple[list[float], list[float]] = ([], [])
    for make in (ours, stock):
        make("a red circle", 0)
    for number, prompt in enumerate(prompts):
        for k, make in enumerate((ours, stock)):
            start = time.perf_counter()
            pictures[k].append(make(prompt, number))
            seconds[k].append(time.perf_counter() - start)
    titles = (f"ours: {spec.num_inference_steps.default} steps of DPM++ 2M", f"stock: {STOCK_STEPS} steps of DDPM")
    rows = []
    for title, made, taken in zip(titles, pictures, seconds, strict=True):
        right = score(np.stack(made), scenes)
        rows.append([title, spread(taken), *(f"{100 * right[name]:.0f} %" for name in ("background", "both"))])
    ratio = spread([b / a for a, b in zip(*seconds, strict=True)])
    return (
        f"{PROMPTS} prompts for two shapes on a ground, by turns; from words to pixels, median (min … max); stock / ours "
        f"{ratio}\n\n" + table(["picture", "seconds", "ground right", "all colours and kinds right"], rows)
    )
