"""Small promises that are easily broken: what is left after a job, what tells pictures apart, whose values count."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from kandinsky_studio.engine import ideas, making
from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.loaded import LoadedModel
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import MAX_SLOTS, GenerationRequest, Progress, Stage, Task
from kandinsky_studio.errors import Cancelled, UnknownModel, ValueOutOfRange

Build = Callable[..., GenerationRequest]

INPAINT = Path("tiny-decoder-inpaint")


@pytest.fixture(scope="module")
def shared() -> Engine:
    return Engine("cpu")


def test_a_negative_slot_alone_leaves_the_prompt_its_meaning(shared: Engine, tiny_request: Build) -> None:
    minus = Slot(prompt="blue", negative=True)
    values = {"guidance_scale": 3.0, "prior_strength": spec_of("builtin").request("x", slots=(minus,)).prior_strength}
    [plain] = shared.generate(tiny_request(guidance_scale=3.0))
    [led_away] = shared.generate(tiny_request(slots=(minus,), **values))
    assert led_away.image_embeds is not None
    assert plain.image_embeds is not None
    assert np.array_equal(led_away.image_embeds, plain.image_embeds)
    assert not np.array_equal(led_away.image, plain.image)


def test_the_callbacks_of_a_job_end_with_it(tiny_request: Build) -> None:
    engine, told = Engine("cpu"), []

    def cancel(progress: Progress) -> None:
        told.append(progress)
        if progress.stage is Stage.decoder:
            raise Cancelled

    request = tiny_request()
    with pytest.raises(Cancelled):
        engine.generate(request, on_progress=cancel)
    before = len(told)
    engine.encode_image(np.zeros((64, 64, 3), np.uint8), request.model)  # loads a part that was not needed so far
    assert len(told) == before


def test_cancelling_the_load_of_one_more_part_keeps_the_others(tiny_request: Build, task_request: Build) -> None:
    engine, told = Engine("cpu"), []
    engine.generate(tiny_request())

    def cancel(progress: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        engine.generate(task_request(Task.inpaint), on_progress=cancel)
    assert engine.tier is Tier.resident
    engine.generate(tiny_request(), on_progress=told.append)
    assert Stage.loading not in {progress.stage for progress in told}


def test_memory_that_runs_out_while_an_idea_is_found_is_retried_in_every_tier(
    tiny_request: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, left = ideas.sample_prior, [2]

    def sample(*args: object, **kwargs: object) -> object:
        left[0] -= 1
        if left[0] >= 0:
            raise MemoryError
        return original(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(ideas, "sample_prior", sample)
    engine = Engine("cpu")
    assert len(engine.generate(tiny_request(num_images_per_prompt=2))) == 2
    assert engine.tier is Tier.compressed


def test_the_tensors_of_a_failed_try_are_gone_when_room_is_made(
    tiny_request: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A traceback that is still handled would hold them."""
    import sys

    handled, original, made = [], LoadedModel.step_down, making._made

    def step_down(model: LoadedModel) -> None:
        handled.append(sys.exc_info()[0])
        original(model)

    def fail_once(*args: object, **kwargs: object) -> object:
        if not handled:
            raise MemoryError
        return made(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(LoadedModel, "step_down", step_down)
    monkeypatch.setattr(making, "_made", fail_once)
    Engine("cpu").generate(tiny_request())
    assert handled == [None]


def test_the_weights_of_a_result_are_those_it_was_made_with(own_model: Path, task_request: Build) -> None:
    words = task_request(Task.text2image, model=str(own_model))
    hole = task_request(Task.inpaint, model=str(own_model))

    def weights(request: GenerationRequest) -> str:
        return Engine("cpu").generate(request)[0].weights

    before = weights(words), weights(hole)
    path = own_model / INPAINT / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    tensors["conv_out.bias"] += 1e-3
    save_file(tensors, path)
    after = weights(words), weights(hole)
    assert before[0] == after[0]
    assert len({*before, *after}) == 3


def test_a_decoders_own_scheduler_counts(own_model: Path, task_request: Build) -> None:
    """As published, the decoder for inpainting does not clip what the plain one does."""
    plain = json.loads((own_model / "tiny-decoder" / "scheduler" / "scheduler_config.json").read_text())
    folder = own_model / INPAINT / "scheduler"
    folder.mkdir(exist_ok=True)
    (folder / "scheduler_config.json").write_text(json.dumps({**plain, "clip_sample": False, "beta_end": 0.013}))
    model = LoadedModel(spec_of(str(own_model)), Engine("cpu")._device)
    for task, expected in ((Task.text2image, (True, 0.012)), (Task.inpaint, (False, 0.013))):
        request = task_request(task, model=str(own_model), scheduler="ddpm")
        model.fetch(request)
        config = model.scheduler(request).config
        assert (config.clip_sample, config.beta_end) == expected


def test_outpainting_changes_no_pixel_of_the_picture(shared: Engine, task_request: Build) -> None:
    for strength in (0.0, 0.4, 1.0):
        request = task_request(Task.outpaint, strength=strength)
        assert request.image is not None
        picture = request.image.pixels
        made = shared.generate(request)[0].image
        left, top = request.margin_left, request.margin_top
        assert np.array_equal(made[top : top + picture.shape[0], left : left + picture.shape[1]], picture)


def test_a_picture_that_is_named_often_is_read_once() -> None:
    picture = Raster(np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8))
    request = GenerationRequest("x", image=picture, slots=(Slot(image=picture), Slot(image=picture, weight=2.0)))
    values = request.to_json()
    for slot in values["slots"]:
        del slot["image"]["png"]
    read = GenerationRequest.from_json(values)
    assert read == request
    assert {id(raster) for raster in read.rasters()} == {id(read.image)}
    assert all(raster.present for raster in read.rasters())


def test_a_small_file_can_not_fill_the_memory() -> None:
    picture = Raster(np.zeros((1000, 1000, 3), np.uint8))
    slots = (Slot(image=picture),) * 60
    values = GenerationRequest("x", slots=slots).to_json()
    for slot in values["slots"]:
        slot["image"]["width"] = slot["image"]["height"] = 8000
    with pytest.raises(ValueError, match="too many pixels"):
        GenerationRequest.from_json(values)
    values["slots"] = values["slots"][:1] * (MAX_SLOTS + 1)
    with pytest.raises(ValueError, match="slots"):
        GenerationRequest.from_json(values)


def test_too_many_slots_and_too_heavy_ones(shared: Engine, tiny_request: Build) -> None:
    for slots in ((Slot(prompt="x"),) * (MAX_SLOTS + 1), (Slot(prompt="x", weight=1e30),)):
        with pytest.raises(ValueOutOfRange):
            shared.generate(tiny_request(slots=slots))


@pytest.mark.parametrize("model", [r"\\server\share", "//server/share"])
def test_a_path_to_another_computer_is_not_looked_at(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(Path, "is_dir", lambda self: looked.append(str(self)))
    with pytest.raises(UnknownModel):
        spec_of(model)
    assert looked == []


def test_numpys_numbers_are_numbers(shared: Engine, tiny_request: Build) -> None:
    request = tiny_request(width=np.int64(64), guidance_scale=np.float32(2.0), vary_idea=np.bool_(True))
    assert json.loads(json.dumps(request.to_json()))["width"] == 64
    assert shared.generate(request)[0].image.shape == (64, 64, 3)
