"""What users rely on in every task: what is not asked for stays, byte by byte; all settings count; steps add up."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from kandinsky_studio.engine import ideas, inpainting, painting
from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.inpainting import Box, Margins
from kandinsky_studio.engine.models import find
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Pixels, Progress, Stage, Task
from kandinsky_studio.engine.schedulers import SCHEDULERS

Build = Callable[..., GenerationRequest]

every_task = pytest.mark.parametrize("task", list(Task), ids=str)


@pytest.fixture(scope="module")
def shared() -> Engine:
    """An engine whose model stays loaded from test to test."""
    return Engine("cpu")


@pytest.fixture(scope="module")
def other() -> Engine:
    """Another one, which has not computed what the first one has."""
    return Engine("cpu")


def one(engine: Engine, request: GenerationRequest) -> Pixels:
    [result] = engine.generate(request)
    return result.image


def pixels(request: GenerationRequest) -> Pixels:
    assert request.image is not None
    return request.image.pixels


# ------------------------------------------------------------------ what stays


def test_what_is_not_repainted_stays_through_twenty_passes(shared: Engine, task_request: Build) -> None:
    """Mask after mask, wherever it lies, at sizes that are scaled for the model and back."""
    random = np.random.default_rng(3)
    request = task_request(Task.inpaint, num_inference_steps=2, mask_feather=6)
    first = pixels(request)
    ever = np.zeros(first.shape[:2], bool)
    for k in range(20):
        mask = np.zeros(first.shape[:2], np.uint8)
        left, top = random.integers(0, 40, 2)
        mask[top : top + 12, left : left + 15] = random.integers(100, 256, (12, 15))
        before, grow = pixels(request), (-3, 0, 5)[k % 3]
        request = dataclasses.replace(request, mask=Raster(mask), mask_grow=grow, seed=k, fill=inpainting.FILLS[k % 4])
        image = one(shared, request)
        free = inpainting.feather(inpainting.grow(mask, grow), 6) > 0
        assert np.array_equal(image[~free], before[~free])
        assert (image[free] != before[free]).mean() > 0.5
        ever |= free
        request = dataclasses.replace(request, image=Raster(image))
    assert ever.mean() < 0.9
    assert np.array_equal(pixels(request)[~ever], first[~ever])


@pytest.mark.parametrize(
    ("margins", "passes"),
    [
        (Margins(24, 0, 0, 0), 1),
        (Margins(0, 24, 0, 0), 1),
        (Margins(0, 0, 24, 0), 1),
        (Margins(0, 0, 0, 24), 1),
        (Margins(9, 17, 3, 1), 1),
        (Margins(0, 0, 160, 0), 2),
        (Margins(60, 70, 80, 50), 4),
    ],
    ids=str,
)
def test_a_picture_grows_around_its_own_bytes(
    shared: Engine, task_request: Build, margins: Margins, passes: int
) -> None:
    inside = pixels(task_request(Task.outpaint))
    height, width = inside.shape[:2]
    request = task_request(
        Task.outpaint,
        width=width + margins.left + margins.right,
        height=height + margins.top + margins.bottom,
        margin_left=margins.left,
        margin_top=margins.top,
        margin_right=margins.right,
        margin_bottom=margins.bottom,
        num_inference_steps=2,
        mask_feather=5,
        context_padding=16,
    )
    assert shared.load(request.model).native_size == 128
    assert len(painting.canvas(request, shared.load(request.model)).passes) >= passes
    image = one(shared, request)
    assert image.shape == (request.height, request.width, 3)
    canvas, new = inpainting.expand(inside, margins)
    kept = inpainting.feather(new, 5) == 0
    assert kept.sum() > 0.5 * width * height
    assert np.array_equal(image[kept], canvas[kept])
    assert (image[new > 0] != canvas[new > 0]).mean() > 0.8  # also in the last corner something is made


def test_passes_share_a_soft_band_and_no_more(
    shared: Engine, task_request: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one has made, the next one knows, but for a band whose hold grows with the distance: no hard cut."""
    masks: list[Pixels] = []
    part = painting._Painter.part

    def watched(self: Any, pictures: Any, mask: Any, step: Any) -> Any:
        masks.append(mask)
        return part(self, pictures, mask, step)

    monkeypatch.setattr(painting._Painter, "part", watched)
    request = task_request(Task.outpaint, margin_right=200, margin_left=90, width=386, num_inference_steps=2)
    shared.generate(request)
    assert len(masks) >= 3
    whole = painting.canvas(request, shared.load(request.model)).mask
    assert whole is not None
    assert np.array_equal(np.any(masks, axis=0), whole > 0)
    assert np.sum([mask == 255 for mask in masks], axis=0).max() == 1
    again = np.sum([mask > 0 for mask in masks], axis=0) > 1
    assert 0 < again.mean() < 0.4
    for mask in masks[1:]:
        steps = np.abs(np.diff(mask.astype(int), axis=1))
        inside = (whole[:, 1:] > 0) & (whole[:, :-1] > 0)
        assert steps[inside & again[:, 1:] & again[:, :-1]].max() < 64


@pytest.mark.parametrize(
    ("task", "fields"),
    [(Task.image2image, {}), (Task.inpaint, {}), (Task.depth, {"image": True})],
    ids=lambda value: str(value) if isinstance(value, Task) else "",
)
def test_no_strength_changes_nothing(
    shared: Engine, task_request: Build, task: Task, fields: dict[str, object]
) -> None:
    picture = task_request(Task.image2image).image
    request = task_request(task, **dict.fromkeys(fields, picture), strength=0.0)
    assert np.array_equal(one(shared, request), pixels(request))
    little = dataclasses.replace(request, strength=0.01)
    assert not np.array_equal(one(shared, little), pixels(request))


def test_an_empty_mask_changes_nothing(shared: Engine, task_request: Build) -> None:
    request = task_request(Task.inpaint, mask=Raster(np.zeros((80, 96), np.uint8)))
    assert np.array_equal(one(shared, request), pixels(request))


def test_no_input_is_modified_and_no_output_is_an_input(shared: Engine, task_request: Build) -> None:
    for task in Task:
        request = task_request(task)
        before = [(raster, raster.pixels.copy()) for raster in request.rasters()]
        image = one(shared, request)
        image[:] = 0  # a result may be painted on
        assert all(np.array_equal(raster.pixels, copy) for raster, copy in before)
        assert not np.array_equal(one(shared, request), image)


# ------------------------------------------------------------------ what counts


@pytest.mark.parametrize("size", [(64, 128), (100, 70), (192, 64)])
def test_the_picture_to_change_is_scaled(shared: Engine, task_request: Build, size: tuple[int, int]) -> None:
    request = task_request(Task.image2image, width=size[0], height=size[1])
    scaled = inpainting.cut(pixels(request), Box(0, 0, 96, 80), size)
    image = one(shared, request)
    assert image.shape == (size[1], size[0], 3)
    assert np.array_equal(image, one(shared, dataclasses.replace(request, image=Raster(scaled))))


def test_more_strength_changes_more(shared: Engine, task_request: Build) -> None:
    """In MoVQ's own terms: what it makes of the picture lies at no change."""
    request = task_request(Task.image2image, num_inference_steps=10, width=128, height=128)
    images = [
        one(shared, dataclasses.replace(request, strength=strength)).astype(int) for strength in (0.1, 0.3, 0.6, 1.0)
    ]
    changes = [np.abs(image - images[0]).mean() for image in images]
    assert changes == sorted(changes)
    assert changes[1] > 0


SETTINGS: dict[str, tuple[Task, dict[str, object]]] = {
    "image": (Task.image2image, {"image": Raster(np.zeros((80, 96, 3), np.uint8))}),
    "strength": (Task.image2image, {"strength": 0.4}),
    "mask": (Task.inpaint, {"mask": Raster(np.full((80, 96), 255, np.uint8))}),
    "mask_grow": (Task.inpaint, {"mask_grow": 9}),
    "mask_feather": (Task.inpaint, {"mask_feather": 20}),
    "fill": (Task.inpaint, {"fill": "neutral", "strength": 0.5}),
    "match_colours": (Task.inpaint, {"match_colours": False}),
    "strength of inpainting": (Task.inpaint, {"strength": 0.5}),
    "hint": (Task.depth, {"hint": Raster(np.zeros((80, 96), np.uint8))}),
    "depth on a picture": (Task.depth, {"image": Raster(np.zeros((8, 8, 3), np.uint8)), "strength": 0.5}),
    "weight": (Task.mix, {"slots": (Slot("red"), Slot("green", weight=0.1))}),
    "spherical": (Task.mix, {"spherical": True}),
    "normalised_weights": (Task.mix, {"normalised_weights": False}),
    "prior_strength": (Task.mix, {"prior_strength": 0.5}),
    "prior_scheduler": (Task.text2image, {"prior_scheduler": "dpmpp_2m"}),
    "fill of a margin": (Task.outpaint, {"fill": "neutral", "strength": 0.5}),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_changes_the_picture(shared: Engine, task_request: Build, name: str) -> None:
    task, change = SETTINGS[name]
    request = task_request(task, **({"strength": 0.5} if "fill" in change else {}))
    changed = dataclasses.replace(request, **change)  # type: ignore[arg-type]
    assert not np.array_equal(one(shared, request), one(shared, changed))


def test_context_is_what_is_seen_around_the_mask(shared: Engine, task_request: Build) -> None:
    """Of a large picture: what is further away does not matter, what is nearer does."""
    random = np.random.default_rng(5)
    large = random.integers(0, 256, (400, 500, 3), np.uint8)
    mask = np.zeros((400, 500), np.uint8)
    mask[180:220, 230:270] = 255
    request = task_request(Task.inpaint, image=Raster(large), mask=Raster(mask), width=500, height=400)
    image = one(shared, request)
    for distance, matters in ((150, False), (12, True)):
        elsewhere = large.copy()
        elsewhere[: 180 - distance] = 0
        other = one(shared, dataclasses.replace(request, image=Raster(elsewhere)))
        assert np.array_equal(other[mask > 0], image[mask > 0]) is not matters


@contextmanager
def counted(engine: Engine, *parts: str) -> Iterator[dict[str, int]]:
    """How often each of ``parts`` is called."""
    calls = dict.fromkeys(parts, 0)
    assert engine._model is not None

    def count(part: str) -> Callable[..., None]:
        def called(*_: Any) -> None:
            calls[part] += 1

        return called

    hooks = [engine._model.part(part).register_forward_pre_hook(count(part)) for part in parts]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


@pytest.mark.parametrize(
    ("fields", "hinted", "plain"),
    [
        ({}, 4, 0),
        ({"controlnet_conditioning_scale": 0.5}, 4, 4),
        ({"controlnet_conditioning_scale": 0.0}, 0, 4),
        ({"control_guidance_end": 0.5}, 2, 2),
        ({"control_guidance_start": 0.25}, 3, 1),
        ({"control_guidance_start": 0.25, "control_guidance_end": 0.75, "controlnet_conditioning_scale": 0.3}, 2, 4),
        ({"control_guidance_start": 0.5, "control_guidance_end": 0.5}, 0, 4),
    ],
    ids=lambda value: "-".join(f"{v}" for v in value.values()) if isinstance(value, dict) else None,
)
@pytest.mark.parametrize("on_a_picture", [False, True])
def test_the_hint_counts_when_and_as_much_as_it_is_told(
    shared: Engine, task_request: Build, fields: dict[str, float], hinted: int, plain: int, on_a_picture: bool
) -> None:
    picture = {"image": task_request(Task.image2image).image, "strength": 0.5} if on_a_picture else {}
    steps = {"num_inference_steps": 8 if on_a_picture else 4}
    request = task_request(Task.depth, **fields, **picture, **steps)
    one(shared, task_request(Task.depth, controlnet_conditioning_scale=0.5))  # both decoders are loaded
    with counted(shared, "depth_unet", "unet") as calls:
        image = one(shared, request)
    assert calls == {"depth_unet": hinted, "unet": plain}
    without = task_request(Task.image2image if on_a_picture else Task.text2image, **picture, **steps)
    assert np.array_equal(image, one(shared, without)) is (hinted == 0)


def test_the_plain_decoder_is_not_loaded_for_a_hint_that_counts_wholly(engine: Engine, task_request: Build) -> None:
    engine.generate(task_request(Task.depth))
    assert engine._model is not None
    assert engine._model._components.missing(("unet", "depth_unet")) == ["unet"]


def test_what_negative_slots_make_is_led_away_from(shared: Engine, tiny_request: Build) -> None:
    request = tiny_request()
    plain = one(shared, request)
    assert shared._model is not None
    nothing = SavedEmbedding(ideas.nothing(shared._model)[0].numpy(), "")

    def away(*slots: Slot, **fields: object) -> Pixels:
        mixed = (Slot(request.prompt), *slots)
        return one(shared, dataclasses.replace(request, slots=mixed, **fields))  # type: ignore[arg-type]

    assert np.array_equal(away(Slot(embedding=nothing, negative=True)), plain)  # the default, said aloud
    assert not np.array_equal(away(Slot("blue", negative=True)), plain)
    split = (Slot(embedding=nothing, weight=3, negative=True), Slot(embedding=nothing, weight=1, negative=True))
    assert np.abs(away(*split).astype(int) - plain).max() <= 1
    unguided = one(shared, dataclasses.replace(request, guidance_scale=1.0))
    assert np.array_equal(away(Slot("blue", negative=True), guidance_scale=1.0), unguided)


def test_one_positive_slot_is_the_prompt(shared: Engine, tiny_request: Build) -> None:
    words = one(shared, tiny_request())
    slot = tiny_request(task=Task.mix, prompt="something else", slots=(Slot("a red circle", weight=0.3),))
    assert np.array_equal(one(shared, slot), words)


def test_a_saved_idea_makes_its_picture_again(shared: Engine, tiny_request: Build) -> None:
    [result] = shared.generate(tiny_request(guidance_scale=3.0))
    assert result.image_embeds is not None
    saved = Slot(embedding=SavedEmbedding(result.image_embeds, find(result.request.model).encoder()))
    again = tiny_request(task=Task.mix, prompt="", slots=(saved,), guidance_scale=3.0)
    assert np.array_equal(one(shared, again), result.image)


# ------------------------------------------------------------------ the same request, the same bytes


@every_task
def test_a_request_survives_its_file(shared: Engine, other: Engine, task_request: Build, task: Task) -> None:
    request = task_request(task, mask_grow=2, prior_strength=0.4, negative_prompt="blue")
    read = GenerationRequest.from_json(json.loads(json.dumps(request.to_json())))
    assert read == request
    assert np.array_equal(one(other, read), one(shared, request))


@every_task
def test_a_picture_of_several_is_the_same_alone(shared: Engine, other: Engine, task_request: Build, task: Task) -> None:
    request = task_request(task, num_images_per_prompt=3, scheduler="ddpm")
    together = shared.generate(request)
    assert len({result.image.tobytes() for result in together}) == 3
    assert np.array_equal(one(other, together[2].request), together[2].image)
    assert np.array_equal(one(other, dataclasses.replace(request, num_images_per_prompt=1)), together[0].image)


@every_task
@pytest.mark.parametrize("scheduler", ["dpmpp_2m", "pndm"])
def test_steps_add_up(shared: Engine, task_request: Build, task: Task, scheduler: str) -> None:
    """What is announced is what is done: of a task in several passes, too, and of a scheduler that adds a step."""
    wide = {"margin_right": 180, "width": 284} if task is Task.outpaint else {}
    request = task_request(task, num_images_per_prompt=2, num_inference_steps=4, scheduler=scheduler, seed=33, **wide)
    reports: list[Progress] = []
    shared.generate(request, on_progress=reports.append)
    drawing = [report for report in reports if report.stage is Stage.decoder]
    [total] = {report.total_steps for report in drawing}
    assert [(report.picture, report.step) for report in drawing] == [(k, n) for k in (0, 1) for n in range(total + 1)]
    previews = [report.preview for report in drawing if report.preview is not None]
    assert len(previews) == 2 * total
    assert all(preview.dtype == np.uint8 and preview.std() > 1 for preview in previews)
    passes = len(painting.canvas(request, shared.load(request.model)).passes)
    changed = request.strength < 1
    assert total == passes * ((2 if changed else 4) + (scheduler == "pndm"))
    assert passes == (3 if task is Task.outpaint else 1)
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    before_last = next(report for report in reversed(reports) if report.stage is Stage.decoder)
    assert before_last.fraction < 1


@pytest.mark.parametrize("key", list(SCHEDULERS))
@pytest.mark.parametrize("strength", [0.01, 0.5])
def test_any_scheduler_says_how_many_steps_it_makes(
    shared: Engine, task_request: Build, key: str, strength: float
) -> None:
    reports: list[Progress] = []
    request = task_request(Task.image2image, scheduler=key, strength=strength, num_inference_steps=8)
    shared.generate(request, on_progress=reports.append)
    drawing = [report for report in reports if report.stage is Stage.decoder]
    assert {report.total_steps for report in drawing} == {drawing[-1].step}


def test_softness_of_a_mask_is_softness_of_the_change() -> None:
    """A cell is free for as large a share of the steps as it is marked; beside a hard edge it is free at once."""
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 32:40] = 64
    mask[:, 40:] = 255
    share = painting.repaint_share(mask)[0, 0]
    assert share.shape == (8, 8)
    assert torch.equal(share[:, :3], torch.zeros(8, 3))
    assert share[:, 3].tolist() == pytest.approx([64 / 255] * 8)  # let go of, as soft as what it is beside
    assert share[:, 4].tolist() == pytest.approx([64 / 255] * 8)
    assert torch.equal(share[:, 5:], torch.ones(8, 3))
