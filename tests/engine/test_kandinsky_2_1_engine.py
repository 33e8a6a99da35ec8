"""Kandinsky 2.1 in the engine: where its files are found, what it can do, and what is said where it can't."""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from kandinsky_studio import paths
from kandinsky_studio.engine import memory
from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.models import find, spec_of, version_of
from kandinsky_studio.engine.models.kandinsky_2_1 import Kandinsky21
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Progress, Stage, Task
from kandinsky_studio.errors import BrokenModel, Cancelled, ModelNotFound, UnsupportedTask
from tests.engine.kandinsky_2_1_checkpoint import (
    DECODER,
    INPAINT,
    PRIOR,
    let_be_small,
    picture,
    request_2_1,
    save_tiny_2_1,
)

Build = Callable[..., GenerationRequest]


def hole(width: int, height: int) -> Raster:
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : height // 2, width // 3 : width - 10] = 255
    return Raster(mask)


INSIDE = {"width": 100, "height": 72, "image": picture(100, 72)}
TASKS: dict[Task, dict[str, Any]] = {
    Task.text2image: {"width": 100, "height": 72},
    Task.image2image: {**INSIDE, "strength": 0.7},
    Task.inpaint: {**INSIDE, "mask": hole(100, 72), "strength": 0.8},
    Task.outpaint: {**INSIDE, "width": 124, "height": 80, "margin_left": 24, "margin_top": 8},
    Task.mix: {"prompt": "", "width": 72, "height": 100, "slots": (Slot("red"), Slot(image=picture(50, 90)))},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny 2.1, to be read only."""
    folder = tmp_path_factory.mktemp("models") / "tiny-2-1"
    folder.mkdir()
    save_tiny_2_1(folder)
    return folder


@pytest.fixture
def own(model: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(model, tmp_path / "own"))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    let_be_small(monkeypatch)


@pytest.fixture(scope="module")
def shared() -> Engine:
    """An engine whose model stays loaded from test to test."""
    return Engine("cpu")


@pytest.fixture
def build(model: Path) -> Build:
    return functools.partial(request_2_1, model)


def one(engine: Engine, request: GenerationRequest) -> np.ndarray[Any, np.dtype[np.uint8]]:
    [result] = engine.generate(request)
    return result.image


def test_every_task_of_the_spec_is_tried() -> None:
    assert set(TASKS) == Kandinsky21.spec.tasks


@pytest.mark.parametrize("task", TASKS, ids=str)
@pytest.mark.parametrize("scheduler", ["dpmpp_2m", "ddpm"])
def test_a_picture_of_several_is_the_same_alone(
    shared: Engine, engine: Engine, build: Build, task: Task, scheduler: str
) -> None:
    request = build(task=task, num_images_per_prompt=3, scheduler=scheduler, negative_prompt="blue", **TASKS[task])
    together = shared.generate(request)
    assert [result.image.shape for result in together] == [(request.height, request.width, 3)] * 3
    assert len({result.image.tobytes() for result in together}) == 3
    assert together[2].image_embeds is not None
    assert together[2].image_embeds.shape == (32,)
    assert np.array_equal(one(engine, together[2].request), together[2].image)


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "круг"},
        {"negative_prompt": "blue"},
        {"guidance_scale": 6.0},
        {"prior_guidance_scale": 3.0},
        {"scheduler": "ddpm"},
        {"seed": 8},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_setting_changes_the_picture(shared: Engine, build: Build, change: dict[str, object]) -> None:
    assert not np.array_equal(one(shared, build()), one(shared, build(**change)))


@pytest.mark.parametrize("key", Kandinsky21.spec.schedulers)
@pytest.mark.parametrize("task", [Task.text2image, Task.inpaint], ids=str)
def test_any_scheduler(shared: Engine, build: Build, task: Task, key: str) -> None:
    image = one(shared, build(task=task, scheduler=key, num_inference_steps=4, **TASKS[task]))
    assert image.shape == (72, 100, 3)
    assert image.std() > 1


@pytest.mark.parametrize("key", Kandinsky21.spec.prior_schedulers)
def test_any_scheduler_of_the_prior(shared: Engine, build: Build, key: str) -> None:
    [result] = shared.generate(build(prior_scheduler=key, prior_num_inference_steps=4))
    assert result.image_embeds is not None
    assert np.isfinite(result.image_embeds).all()


def test_what_is_not_to_be_repainted_stays(shared: Engine, build: Build) -> None:
    values = TASKS[Task.inpaint]
    image = one(shared, build(task=Task.inpaint, mask_feather=0, **values))
    outside = values["mask"].pixels == 0
    assert np.array_equal(image[outside], values["image"].pixels[outside])
    assert not np.array_equal(image, values["image"].pixels)
    image = one(shared, build(task=Task.outpaint, mask_feather=0, **TASKS[Task.outpaint]))
    assert np.array_equal(image[8:, 24:], values["image"].pixels)


def test_the_prior_pulls_a_picture_towards_the_words(shared: Engine, build: Build) -> None:
    """2.1 has no pipeline for that in diffusers, but a prior that can do it."""
    request = build(task=Task.image2image, strength=0.5, **INSIDE)
    seen = build(task=Task.mix, slots=(Slot(image=INSIDE["image"]),))

    def idea(request: GenerationRequest) -> np.ndarray[Any, Any]:
        [result] = shared.generate(request)
        assert result.image_embeds is not None
        return result.image_embeds

    held = idea(seen)
    pulled = [idea(dataclasses.replace(request, prior_strength=share)) for share in (0.4, 1.0)]
    mixed = idea(dataclasses.replace(seen, prior_strength=0.4))
    assert np.array_equal(pulled[0], mixed)
    assert len({one.tobytes() for one in (held, *pulled, idea(request))}) == 4


def test_words_in_any_language_and_none(shared: Engine, build: Build) -> None:
    images = [one(shared, build(prompt=text)) for text in ("red", "红", "a \ud800 b", "красный круг " * 60)]
    assert len({image.tobytes() for image in images}) == len(images)


def test_a_model_that_does_not_fit_in_memory_is_taken_in_stages(
    shared: Engine, engine: Engine, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = build(
        task=Task.mix, num_images_per_prompt=2, negative_prompt="blue", **{**TASKS[Task.mix], "prompt": "a"}
    )
    whole = shared.generate(request)
    monkeypatch.setattr(memory, "choose_tier", lambda *arguments: Tier.staged)
    staged = engine.generate(request)
    assert engine.tier is Tier.staged
    for a, b in zip(whole, staged, strict=True):
        assert np.array_equal(a.image, b.image)


@pytest.mark.parametrize(
    "moment", [(Stage.loading, 2), (Stage.loading, 8), (Stage.prior, 1), (Stage.decoder, 0)], ids=str
)
def test_cancelling_before_the_decoder_draws(
    shared: Engine, engine: Engine, build: Build, moment: tuple[Stage, int]
) -> None:
    assert_cancelled(engine, build(), moment)
    assert np.array_equal(one(engine, build()), one(shared, build()))


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_cancelling_at_any_step(shared: Engine, build: Build, task: Task) -> None:
    request = build(task=task, **TASKS[task])
    image = one(shared, request)
    for step in (1, 2):
        assert_cancelled(shared, request, (Stage.decoder, step))
    assert np.array_equal(one(shared, request), image)


def assert_cancelled(engine: Engine, request: GenerationRequest, moment: tuple[Stage, int]) -> None:
    def cancel(event: Progress) -> None:
        if (event.stage, event.step) == moment:
            raise Cancelled

    with pytest.raises(Cancelled):
        engine.generate(request, on_progress=cancel)


def test_depth_is_for_other_models(engine: Engine, build: Build) -> None:
    with pytest.raises(UnsupportedTask) as caught:
        engine.generate(build(task=Task.depth, hint=picture()))
    assert "Kandinsky 2.2" in caught.value.remedy
    assert "Kandinsky 2.1" not in caught.value.remedy


@pytest.mark.parametrize("task", [Task.inpaint, Task.outpaint], ids=str)
def test_without_the_decoder_for_inpainting(engine: Engine, own: Path, task: Task) -> None:
    shutil.rmtree(own / INPAINT)
    with pytest.raises(ModelNotFound) as caught:
        engine.generate(request_2_1(own, task=task, **TASKS[task]))
    assert "inpaint" in str(caught.value)
    assert one(engine, request_2_1(own)).std() > 1


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def pickled(path: Path) -> None:
    path.rename(path.with_suffix(".bin"))


def without_a_layer(path: Path) -> None:
    save_file({name: tensor for name, tensor in load_file(path).items() if "LinearTransf" not in name}, path)


def of_another_shape(path: Path) -> None:
    save_file({name: torch.zeros(3, 3) for name in load_file(path)}, path)


def garbled(path: Path) -> None:
    path.write_text('{"version": "1.0", "model": [')


def with_more_tokens(path: Path) -> None:
    content = json.loads(path.read_text())
    content["model"]["vocab"].extend([[f"▁more{k}", -20.0] for k in range(5)])
    path.write_text(json.dumps(content))


def no_object(path: Path) -> None:
    path.write_text("[]")


WORDS = f"{DECODER}/text_encoder/model.safetensors"


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        (WORDS, cut_off),
        (WORDS, pickled),
        (WORDS, without_a_layer),
        (WORDS, of_another_shape),
        (f"{DECODER}/text_encoder/config.json", no_object),
        (f"{DECODER}/tokenizer/tokenizer.json", garbled),
        (f"{DECODER}/tokenizer/tokenizer.json", with_more_tokens),
        (f"{DECODER}/scheduler/scheduler_config.json", garbled),
        (f"{DECODER}/ddpm_scheduler/scheduler_config.json", garbled),
        (f"{DECODER}/unet/diffusion_pytorch_model.safetensors", cut_off),
        (f"{INPAINT}/unet/diffusion_pytorch_model.safetensors", cut_off),
        (f"{PRIOR}/prior/diffusion_pytorch_model.safetensors", of_another_shape),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_broken_file(engine: Engine, own: Path, file: str, damage: Callable[[Path], None]) -> None:
    damage(own / file)
    task = Task.inpaint if file.startswith(INPAINT) else Task.text2image
    with pytest.raises(BrokenModel) as caught:
        engine.generate(request_2_1(own, task=task, scheduler="ddpm", **TASKS[task]))
    assert "own" in str(caught.value)


@pytest.mark.parametrize(
    "file",
    [WORDS, f"{DECODER}/tokenizer/tokenizer.json", f"{DECODER}/movq/config.json", f"{PRIOR}/tokenizer/tokenizer.json"],
)
def test_a_file_that_is_not_there(engine: Engine, own: Path, file: str) -> None:
    (own / file).unlink()
    with pytest.raises(ModelNotFound) as caught:
        engine.load(str(own))
    assert Path(file).parent.name in str(caught.value)


def test_a_folder_is_recognised(model: Path, tiny_model: str) -> None:
    assert isinstance(version_of(str(model)), Kandinsky21)
    assert not isinstance(version_of(tiny_model), Kandinsky21)
    spec = spec_of(str(model))
    assert (spec.key, spec.title, spec.tasks) == (str(model), "tiny-2-1", Kandinsky21.spec.tasks)
    assert 500_000 < spec.memory_size < spec.disk_size


def test_the_decoder_for_inpainting_is_not_taken_for_the_other(own: Path) -> None:
    (own / INPAINT).rename(own / "inpaint")  # a shorter name than the other's
    assert find(str(own)).folder("unet").parent.name == DECODER
    assert find(str(own)).folder("inpaint_unet").parent.name == "inpaint"
    shutil.rmtree(own / DECODER)
    with pytest.raises(ModelNotFound):
        Kandinsky21().find_in(own, "own", "own")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an empty Hugging Face cache."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_in_the_hub_cache(hub: Path, model: Path) -> None:
    with pytest.raises(ModelNotFound) as caught:
        find("kandinsky-2.1")
    assert str(hub) in str(caught.value)
    assert str(paths.models()) in str(caught.value)
    for name in (INPAINT, PRIOR, DECODER):
        with pytest.raises(ModelNotFound):  # of three folders, two are needed
            find("kandinsky-2.1")
        folder = hub / f"models--kandinsky-community--{name}"
        shutil.copytree(model / name, folder / "snapshots" / "abc")
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text("abc")
    files = find("kandinsky-2.1")
    files.check()
    for part, name in (("unet", DECODER), ("inpaint_unet", INPAINT), ("prior", PRIOR), ("ddpm_scheduler", DECODER)):
        assert files.folder(part).parents[2].name.endswith(name)


@pytest.mark.parametrize("inner", ["kandinsky-2.1", "."])
def test_our_own_folder_comes_first(hub: Path, model: Path, engine: Engine, inner: str) -> None:
    shutil.copytree(model, hub)
    place = paths.models() / inner
    shutil.copytree(model, place)
    assert find("kandinsky-2.1").folder("unet") == place / DECODER / "unet"
    by_name, by_folder = (one(engine, request_2_1(model, model=name)) for name in ("kandinsky-2.1", str(model)))
    assert np.array_equal(by_name, by_folder)
