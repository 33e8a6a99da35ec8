"""Kandinsky 2.0 as the rest of the program meets it: folder in, pictures out, by way of the engine.

The models are those of ``tests/fixtures/k20_*``, tiny and random. That the numbers are right, the files beside this one
say; here are the tasks, the reports, and what goes wrong.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kandinsky_studio.engine import memory
from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.models import MODELS
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Pixels, Progress, Stage, Task
from kandinsky_studio.engine.schedulers import SCHEDULERS
from kandinsky_studio.errors import Cancelled, UnsupportedTask
from kandinsky_studio.storage.pictures import read_pixels, read_record, save_png
from tests.engine.test_kandinsky_2_0 import FOLDERS, TOLERANCE, difference, read_reference

Build = Callable[..., GenerationRequest]

DRAWN = [
    (folder, name)
    for folder in FOLDERS
    for name, case in read_reference(folder).cases.items()
    if case.settings["task"] == "text2img" and not case.settings["eta"] and "image_u8" in case.arrays
]


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    """The folder of a model, to be read only."""
    return Path(request.param) / "Kandinsky_2.0"


@pytest.fixture(scope="module")
def shared(folder: Path) -> Engine:
    """An engine whose model stays loaded from test to test."""
    return Engine("cpu")


@pytest.fixture
def build(folder: Path) -> Build:
    """A request to the model that takes little time, with the given fields changed."""

    def build(**fields: Any) -> GenerationRequest:
        small = {"width": 64, "height": 64, "num_inference_steps": 2, "guidance_scale": 5.0, "seed": 7}
        return GenerationRequest(**{"prompt": "a cat, кот", "model": str(folder), **small, **fields})

    return build


def picture(width: int, height: int) -> Raster:
    return Raster(np.random.default_rng(5).integers(0, 256, (height, width, 3), np.uint8))


def left_half(width: int, height: int) -> Raster:
    """A mask of it."""
    mask = np.zeros((height, width), np.uint8)
    mask[:, : width // 2] = 255
    return Raster(mask)


HALF: dict[str, Any] = {"image": picture(64, 64), "mask": left_half(64, 64)}


def one(engine: Engine, request: GenerationRequest) -> Pixels:
    [result] = engine.generate(request)
    return result.image


class Recorder:
    """Keeps every report; cancels at the one with the number ``at``."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.reports: list[Progress] = []

    def __call__(self, progress: Progress) -> None:
        self.reports.append(progress)
        if self.at is not None and len(self.reports) > self.at:
            raise Cancelled


@pytest.mark.parametrize(("fixture", "name"), DRAWN, ids=[f"{fixture.name}-{name}" for fixture, name in DRAWN])
def test_a_picture_of_the_release(fixture: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the folder and the words to the pixels; only the noise is not our own."""
    reference = read_reference(fixture)
    case = reference.cases[name]
    settings = case.settings
    drawn = [case["x_T"], *(torch.from_numpy(noise) for noise in case.arrays.get("noise", ()))]
    monkeypatch.setattr(torch, "randn", lambda *_, **__: drawn.pop(0))
    request = GenerationRequest(
        reference.texts()[settings["prompt_index"]],
        model=str(reference.folder),
        width=8 * settings["latent_width"],
        height=8 * settings["latent_height"],
        num_inference_steps=settings["num_steps"],
        guidance_scale=float(settings["guidance_scale"]),
        scheduler={"ddim": "ddim", "p": "ddpm"}[settings["sampler"]],
    )
    image = one(Engine("cpu"), request)[: settings["height"], : settings["width"]]
    assert np.abs(image.astype(int) - case.arrays["image_u8"]).max() <= 1


def test_a_result_has_no_idea_and_can_be_kept(shared: Engine, build: Build, tmp_path: Path) -> None:
    request = build(negative_prompt="blue")
    [result] = shared.generate(request)
    assert result.image_embeds is None
    assert result.request == request
    assert result.image.dtype == np.uint8
    assert result.image.std() > 1
    assert set(result.timings) == {"prior", "decoder", "decoding"}
    save_png(tmp_path / "a.png", result)
    record, size = read_record(tmp_path / "a.png")
    assert record.request == request
    assert record.image_embeds is None
    assert record.weights == result.weights
    assert size == (64, 64)
    assert np.array_equal(read_pixels(tmp_path / "a.png"), result.image)


@pytest.mark.parametrize(("width", "height"), [(128, 64), (64, 128), (65, 100)])
def test_any_size(shared: Engine, build: Build, width: int, height: int) -> None:
    assert one(shared, build(width=width, height=height)).shape == (height, width, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "a dog"},
        {"negative_prompt": "blue"},
        {"seed": 8},
        {"guidance_scale": 8.0},
        {"guidance_scale": 1.0},
        {"num_inference_steps": 3},
    ],
    ids=str,
)
def test_a_setting_changes_the_picture(shared: Engine, build: Build, change: dict[str, Any]) -> None:
    assert not np.array_equal(one(shared, build()), one(shared, build(**change)))


@pytest.mark.parametrize(
    "change",
    [{"negative_prompt": " \n"}, {"prior_seed": 3}, {"prior_num_inference_steps": 9}, {"prior_guidance_scale": 2.0}],
    ids=str,
)
def test_a_setting_that_means_nothing_changes_nothing(shared: Engine, build: Build, change: dict[str, Any]) -> None:
    assert np.array_equal(one(shared, build()), one(shared, build(**change)))


def test_a_prompt_of_any_kind_and_length(shared: Engine, build: Build) -> None:
    for prompt in ("word " * 700, "赤い円 🔴", "\ud800 lone surrogate", "a\0b"):
        assert one(shared, build(prompt=prompt)).shape == (64, 64, 3)


@pytest.mark.parametrize("scheduler", list(SCHEDULERS))
@pytest.mark.parametrize("task", [Task.text2image, Task.image2image])
def test_every_scheduler(shared: Engine, build: Build, scheduler: str, task: Task) -> None:
    image = picture(64, 64) if task is Task.image2image else None
    request = build(scheduler=scheduler, task=task, image=image, strength=0.5, num_inference_steps=6)
    assert one(shared, request).std() > 1


def test_a_picture_is_changed_as_far_as_asked(shared: Engine, build: Build) -> None:
    """At strength 0 not at all, and then less and less like itself."""
    image = picture(64, 64)
    change: dict[str, Any] = {"task": Task.image2image, "image": image, "scheduler": "ddim", "num_inference_steps": 10}
    made = [one(shared, build(**change, strength=strength)).astype(int) for strength in (0.0, 0.1, 0.5, 1.0)]
    away = [float(np.abs(made[0] - other).mean()) for other in made]
    assert np.array_equal(made[0], image.pixels)
    assert away[1] > 0
    assert len({pixels.tobytes() for pixels in made}) == 4


def test_inpainting_leaves_the_rest_byte_for_byte(shared: Engine, build: Build) -> None:
    image, mask = picture(128, 64), left_half(128, 64)
    request = build(width=128, task=Task.inpaint, image=image, mask=mask, mask_feather=0)
    made = one(shared, request)
    assert made.shape == (64, 128, 3)
    assert np.array_equal(made[:, 64:], image.pixels[:, 64:])
    assert not np.array_equal(made[:, :64], image.pixels[:, :64])
    for change in ({"strength": 0.5}, {"prompt": "a dog"}):
        assert not np.array_equal(made, one(shared, dataclasses.replace(request, **change)))


def test_each_checkpoint_reads_the_words_by_its_own_last_layers(shared: Engine, folder: Path, build: Build) -> None:
    reference = read_reference(folder.parent)
    shared.load(str(folder))
    assert shared._model is not None
    for task, name in ((Task.text2image, "t2i"), (Task.inpaint, "inpaint"), (Task.outpaint, "inpaint")):
        request = build(prompt=reference.texts()[0], task=task)
        shown = shared._model.condition(request, lambda step: None)
        assert shown.away is not None
        for ours, row in ((shown.towards, 0), (shown.away, -1)):
            for tensor, kind in ((ours.encoder_hidden_states, "context"), (ours.class_labels, "cls")):
                assert tensor is not None
                assert difference(tensor[0], reference[f"{name}_{kind}"][row]) <= TOLERANCE


def test_outpainting_leaves_the_picture_byte_for_byte(shared: Engine, build: Build) -> None:
    image = picture(64, 64)
    request = build(
        width=100, height=80, task=Task.outpaint, image=image, margin_left=36, margin_top=16, mask_feather=0
    )
    made = one(shared, request)
    assert made.shape == (80, 100, 3)
    assert np.array_equal(made[16:, 36:], image.pixels)
    assert made[:, :36].std() > 1


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"task": Task.mix, "slots": (Slot(prompt="a cat"),)}, "mix"),
        ({"slots": (Slot(prompt="a cat"),)}, "mix"),
        ({"task": Task.depth, "hint": picture(64, 64)}, "depth"),
    ],
    ids=["mix", "slots", "depth"],
)
def test_what_it_can_not_do(shared: Engine, build: Build, change: dict[str, Any], missing: str) -> None:
    able = [spec.title for spec in MODELS if Task(missing) in spec.tasks]
    with pytest.raises(UnsupportedTask) as caught:
        shared.generate(build(**change))
    assert caught.value.values["task"] == missing
    assert len(able) > 1
    assert all(title in caught.value.remedy for title in able)


@pytest.mark.parametrize(("scheduler", "task"), [("ddim", Task.text2image), ("ddpm", Task.inpaint)])
def test_a_picture_of_several_is_the_same_alone(shared: Engine, build: Build, scheduler: str, task: Task) -> None:
    inputs = HALF if task is Task.inpaint else {}
    first, second = shared.generate(build(num_images_per_prompt=2, scheduler=scheduler, task=task, **inputs))
    assert not np.array_equal(first.image, second.image)
    assert np.array_equal(one(Engine("cpu"), second.request), second.image)


def test_pictures_made_in_one_loop_are_nearly_the_same(shared: Engine, build: Build) -> None:
    """Each row is limited by its own quantile, whatever else is in the batch."""
    request = build(num_images_per_prompt=3, guidance_scale=10.0, num_inference_steps=5, scheduler="ddpm")
    alone = shared.generate(request)
    for result, other in zip(Engine("cpu", together=3).generate(request), alone, strict=True):
        assert np.abs(result.image.astype(int) - other.image).max() <= 1


def test_half_precision(shared: Engine, build: Build) -> None:
    result, other = (engine.generate(build())[0] for engine in (Engine("cpu", "bfloat16"), shared))
    assert result.dtype == "bfloat16"
    assert np.abs(result.image.astype(int) - other.image).mean() < 20


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        ({"num_inference_steps": 6}, 7),  # every 166th timestep of 1000
        ({"num_inference_steps": 6, "scheduler": "dpmpp_2m"}, 6),
        ({"num_inference_steps": 6, "task": Task.image2image, "image": picture(64, 64), "strength": 0.6}, 4),
        ({"num_inference_steps": 6, "task": Task.inpaint, "strength": 0.3, **HALF}, 2),
    ],
    ids=["text2image", "dpmpp_2m", "image2image", "inpaint"],
)
def test_progress(build: Build, change: dict[str, Any], steps: int) -> None:
    recorder = Recorder()
    request = build(**{"scheduler": "ddim", "num_images_per_prompt": 2, **change})
    Engine("cpu").generate(request, on_progress=recorder)
    reports = recorder.reports
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert all(fraction < 1 for fraction in fractions[:-1])
    for number in (0, 1):
        drawing = [one for one in reports if one.stage is Stage.decoder and one.picture == number]
        assert [report.step for report in drawing] == list(range(steps + 1))
        assert {report.total_steps for report in drawing} == {steps}
        for report in drawing[1:]:
            assert report.preview is not None
            assert report.preview.dtype == np.uint8
            assert report.preview.ndim == 3
            assert min(report.preview.shape[:2]) >= 32
    assert drawing[-1].preview is not None
    assert drawing[-1].preview.std() > 0


def test_cancelling_at_every_report_leaves_a_ready_engine(shared: Engine, build: Build) -> None:
    request = build(scheduler="ddpm")
    expected = one(shared, request)
    engine, whole = Engine("cpu"), Recorder()
    engine.generate(request, on_progress=whole)
    assert {report.stage for report in whole.reports} == set(Stage) - {Stage.encoding}
    loading = [report for report in whole.reports if report.stage is Stage.loading]
    for at in range(len(loading)):
        engine = Engine("cpu")
        with pytest.raises(Cancelled):
            engine.generate(request, on_progress=Recorder(at))
        assert engine.tier is None
    assert np.array_equal(one(engine, request), expected)
    for at in range(len(whole.reports) - len(loading)):  # with the model loaded
        with pytest.raises(Cancelled):
            engine.generate(request, on_progress=Recorder(at))
        assert np.array_equal(one(engine, request), expected), f"after {whole.reports[at + len(loading)]}"


def test_stage_by_stage_gives_the_same_bytes(shared: Engine, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    request = build(num_images_per_prompt=2, negative_prompt="blue")
    expected = [result.image for result in shared.generate(request)]
    monkeypatch.setattr(memory, "choose_tier", lambda *_: Tier.staged)
    engine, recorder = Engine("cpu"), Recorder()
    most: list[int] = []

    def on_progress(progress: Progress) -> None:
        assert engine._model is not None
        most.append(len(engine._model._components))
        recorder(progress)

    results = engine.generate(request, on_progress=on_progress)
    assert engine.tier is Tier.staged
    assert max(most) == 3
    assert all(np.array_equal(result.image, image) for result, image in zip(results, expected, strict=True))
    assert recorder.reports[-1].fraction == 1
