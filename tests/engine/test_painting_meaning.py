"""Masks and hints mean the right way round: with the built-in model, through the engine."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Pixels, Task
from kandinsky_studio.engine.training.depth import depth_map
from kandinsky_studio.engine.training.judge import judge, silhouette
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, SHAPES, Scene, Shape, coverage, draw


def made(engine: Engine, request: GenerationRequest) -> Pixels:
    [result] = engine.generate(request)
    return result.image


def scene_of(ground: str, colour: str, kind: str, x: float, y: float, radius: float) -> Scene:
    shape = Shape(SHAPES.index(kind), COLOUR_NAMES.index(colour), x, y, radius, 0.0)
    return Scene(COLOUR_NAMES.index(ground), (shape,))


def seen(image: Pixels) -> tuple[str, list[str]]:
    """The ground's colour, and each shape as “colour kind”."""
    verdict = judge(image)
    shapes = [f"{COLOUR_NAMES[shape.colour]} {SHAPES[shape.kind]}" for shape in verdict.shapes]
    return COLOUR_NAMES[verdict.background], shapes


@pytest.fixture(scope="module")
def builtin() -> Engine:
    return Engine("cpu")


def test_white_of_a_mask_is_repainted_with_what_is_asked_for(builtin: Engine) -> None:
    source = draw([scene_of("blue", "red", "circle", 0.25, 0.3, 0.16)], 128)[0]
    mask = np.zeros((128, 128), np.uint8)
    mask[58:118, 62:122] = 255
    spec = builtin.load("builtin")
    request = spec.request(
        "a white star on a blue background", task=Task.inpaint, image=Raster(source), mask=Raster(mask), prior_seed=3
    )
    assert seen(made(builtin, request)) == ("blue", ["red circle", "white star"])


def test_bright_of_a_hint_is_near(builtin: Engine) -> None:
    scene = scene_of("white", "red", "star", 0.35, 0.6, 0.26)
    hint = Raster((depth_map(scene)[0] * 255).astype(np.uint8))
    spec = builtin.load("builtin")
    image = made(
        builtin, spec.request("an orange star on a purple background", task=Task.depth, hint=hint, prior_seed=2)
    )
    assert seen(image) == ("purple", ["orange star"])
    wanted = coverage(scene.shapes, 128)[0] > 0.5
    assert (wanted & silhouette(image)).sum() / (wanted | silhouette(image)).sum() > 0.8


@pytest.mark.parametrize("scheduler", spec_of("builtin").prior_schedulers)
def test_every_scheduler_of_the_prior_finds_the_idea(builtin: Engine, scheduler: str) -> None:
    request = spec_of("builtin").request("a red circle on a blue background", prior_scheduler=scheduler, seed=3)
    [result] = builtin.generate(request)
    assert seen(result.image) == ("blue", ["red circle"])
    [hasty] = builtin.generate(dataclasses.replace(request, prior_num_inference_steps=2))
    assert hasty.image_embeds is not None
    assert np.isfinite(hasty.image_embeds).all()
