"""Whatever comes in: it works, or a sentence says why not, before anything is loaded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.models import MODELS, find, spec_of
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.validation import check
from kandinsky_studio.errors import (
    EmptyPrompt,
    IdeaOfAnotherModel,
    MissingInput,
    OtherEncoder,
    PromptTooLong,
    SizeOutOfRange,
    StudioError,
    UnknownScheduler,
    UnknownValue,
    UnusableArray,
    ValueOutOfRange,
    WeightsCancelOut,
    WrongSize,
)

Build = Callable[..., GenerationRequest]

PICTURE = Raster(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
MASK = Raster(np.pad(np.full((32, 32), 255, np.uint8), 16))
SETTINGS = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("cpu")


@pytest.mark.parametrize(
    "prompt",
    [
        "🦙🎨👩‍🎨",
        "دائرة حمراء على خلفية زرقاء",
        "\u202eright to left\u202c",
        "a\0b",
        "\ud83d half of a surrogate pair",
        "   spaces   ",
        "\n\t",
        "красный круг " * 300,
        "<|startoftext|> </s> <pad> ▁",
    ],
    ids=lambda prompt: ascii(prompt)[:16],
)
def test_any_text(engine: Engine, tiny_request: Build, prompt: str) -> None:
    request = tiny_request(prompt=prompt, negative_prompt=prompt, num_inference_steps=2, prior_num_inference_steps=2)
    if prompt.strip():
        assert engine.generate(request)[0].image.shape == (64, 64, 3)
    else:
        with pytest.raises(StudioError, match="prompt"):
            engine.generate(request)


def test_a_prompt_of_ten_thousand_characters(engine: Engine, tiny_request: Build) -> None:
    for place in ({"prompt": "x" * 10_000}, {"negative_prompt": "x" * 10_000}, {"slots": (Slot(prompt="x" * 10_000),)}):
        with pytest.raises(PromptTooLong, match="10000"):
            engine.generate(tiny_request(**place))


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"task": Task.image2image}, MissingInput),
        ({"task": Task.inpaint, "image": PICTURE}, MissingInput),
        ({"task": Task.inpaint, "mask": MASK}, MissingInput),
        ({"task": Task.outpaint}, MissingInput),
        ({"task": Task.depth}, MissingInput),
        ({"task": Task.mix}, MissingInput),
        ({"task": Task.inpaint, "image": PICTURE, "mask": Raster(np.zeros((63, 64), np.uint8))}, WrongSize),
        ({"task": Task.inpaint, "image": PICTURE, "mask": MASK, "width": 128}, WrongSize),
        ({"task": Task.outpaint, "image": PICTURE, "margin_left": 7}, WrongSize),
        ({"task": Task.outpaint, "image": PICTURE, "margin_top": -64, "height": 0}, ValueOutOfRange),
        ({"slots": (Slot(prompt="a", weight=1.0), Slot(prompt="b", weight=-1.0))}, WeightsCancelOut),
        ({"slots": (Slot(prompt="a", weight=0.0),)}, WeightsCancelOut),
        ({"slots": (Slot(prompt="a"), Slot(prompt="b", weight=-0.5)), "spherical": True}, WeightsCancelOut),
        ({"slots": (Slot(prompt="a", negative=True, weight=0.0),)}, WeightsCancelOut),
        ({"slots": (Slot(prompt="a", negative=True),), "prompt": " "}, EmptyPrompt),
        ({"num_inference_steps": 0}, ValueOutOfRange),
        ({"num_inference_steps": 10_000}, ValueOutOfRange),
        ({"prior_num_inference_steps": 1}, ValueOutOfRange),
        ({"strength": 1.01}, ValueOutOfRange),
        ({"strength": -0.01}, ValueOutOfRange),
        ({"strength": float("nan")}, ValueOutOfRange),
        ({"prior_strength": 2.0}, ValueOutOfRange),
        ({"controlnet_conditioning_scale": -1.0}, ValueOutOfRange),
        ({"mask_feather": -1}, ValueOutOfRange),
        ({"mask_grow": 10**9}, ValueOutOfRange),
        ({"fill": "magic"}, UnknownValue),
        ({"prior_scheduler": "euler"}, UnknownScheduler),
        ({"width": 63}, SizeOutOfRange),
        ({"width": 10**6}, SizeOutOfRange),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_told(
    engine: Engine, tiny_request: Build, values: dict[str, Any], error: type[StudioError]
) -> None:
    with pytest.raises(error) as caught:
        engine.generate(tiny_request(**values))
    assert caught.value.remedy


@pytest.mark.parametrize(
    "array",
    [
        np.full((64, 64, 3), np.nan),
        np.zeros((64, 64, 3), np.float32),
        np.zeros((0, 64, 3), np.uint8),
        np.zeros((64, 64, 5), np.uint8),
        np.zeros((64,), np.uint8),
        np.zeros((64, 64, 3), np.int64),
        np.zeros((64, 64, 3), bool),
        "picture.png",
        [[1, 2], [3, 4]],
    ],
    ids=lambda array: f"{type(array).__name__}{getattr(array, 'shape', '')}{getattr(array, 'dtype', '')}",
)
def test_what_is_no_picture_is_refused(engine: Engine, tiny_request: Build, array: Any) -> None:
    for name in ("image", "hint"):
        with pytest.raises(UnusableArray):
            tiny_request(**{name: array})
    with pytest.raises(UnusableArray):
        engine.encode_image(array)


@pytest.mark.parametrize(
    "mask",
    [np.full((64, 64), np.nan), np.full((64, 64), 2.0), np.zeros((64, 64), np.int32), np.zeros(64, bool), "mask.png"],
    ids=lambda mask: f"{type(mask).__name__}{getattr(mask, 'dtype', '')}",
)
def test_what_is_no_mask_is_refused(tiny_request: Build, mask: Any) -> None:
    with pytest.raises(UnusableArray):
        tiny_request(mask=mask)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1), (1, 200, 3), (300, 2, 4), (64, 64)], ids=str)
@pytest.mark.parametrize("task", [Task.image2image, Task.depth, Task.mix])
def test_pictures_of_any_shape(engine: Engine, tiny_request: Build, shape: tuple[int, ...], task: Task) -> None:
    picture = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    values: dict[str, Any] = {"image": picture, "hint": picture, "strength": 0.5}
    if task is Task.mix:
        values = {"slots": (Slot(image=Raster.of(picture)), Slot(prompt="red"))}
    [result] = engine.generate(tiny_request(task=task, num_inference_steps=2, **values))
    assert result.image.shape == (64, 64, 3)


@pytest.mark.parametrize("size", [(1, 1), (3, 90), (65, 64)], ids=str)
def test_inpainting_and_outpainting_of_any_size(engine: Engine, tiny_request: Build, size: tuple[int, int]) -> None:
    width, height = size
    picture = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    common: dict[str, Any] = {"image": picture, "num_inference_steps": 2, "mask_feather": 0}
    mask = np.full((height, width), 255, np.uint8)
    inpainted = tiny_request(task=Task.inpaint, mask=mask, width=width, height=height, **common)
    assert engine.generate(inpainted)[0].image.shape == picture.shape
    outpainted = tiny_request(task=Task.outpaint, margin_right=5, width=width + 5, height=height, **common)
    made = engine.generate(outpainted)[0].image
    assert np.array_equal(made[:, :width], picture)


def test_an_idea_of_another_encoder(engine: Engine, tiny_request: Build) -> None:
    idea = SavedEmbedding(np.ones(7, np.float32), "")
    with pytest.raises(OtherEncoder, match="7"):
        engine.generate(tiny_request(slots=(Slot(embedding=idea),)))


@pytest.mark.parametrize("negative", [False, True])
def test_an_idea_of_another_encoder_with_as_many_numbers(tiny_request: Build, negative: bool) -> None:
    """It is refused before anything is loaded; one that does not say whose it is, is taken."""
    engine, values = Engine("cpu"), np.linspace(-1, 1, 32, dtype=np.float32)
    own = find(tiny_request().model).encoder()

    def asked(encoder: str) -> GenerationRequest:
        slots = (Slot(prompt="red"), Slot(embedding=SavedEmbedding(values, encoder), negative=negative))
        return tiny_request(task=Task.mix, slots=slots, guidance_scale=2.0)

    with pytest.raises(IdeaOfAnotherModel, match="sees pictures differently"):
        engine.generate(asked("elsewhere"))
    assert engine.tier is None
    taken = [engine.generate(asked(encoder))[0].image for encoder in (own, "")]
    assert np.array_equal(*taken)


def test_a_request_without_its_pictures(engine: Engine, tiny_request: Build) -> None:
    whole = tiny_request(task=Task.image2image, image=PICTURE, slots=(Slot(image=PICTURE),))
    kept = GenerationRequest.from_json(whole.to_json(with_pixels=False))
    assert kept == whole
    with pytest.raises(StudioError, match="does not hold"):
        engine.generate(kept)


_ANY_NUMBER = st.one_of(st.integers(-10, 300), st.floats(-3, 30), st.just(float("nan")), st.booleans(), st.text())


@SETTINGS
@given(st.dictionaries(st.sampled_from([f.name for f in dataclasses.fields(GenerationRequest)]), _ANY_NUMBER))
def test_the_check_never_fails_in_another_way(values: dict[str, Any]) -> None:
    for spec in MODELS:
        try:
            check(dataclasses.replace(spec.request("red"), **values), spec, MODELS)
        except StudioError:
            continue


@SETTINGS
@given(
    width=st.integers(64, 140),
    height=st.integers(64, 140),
    steps=st.integers(2, 4),
    guidance=st.floats(1, 9),
    strength=st.floats(0, 1),
    scheduler=st.sampled_from(spec_of("builtin").schedulers),
    prior_scheduler=st.sampled_from(spec_of("builtin").prior_schedulers),
    task=st.sampled_from([Task.text2image, Task.image2image, Task.inpaint, Task.depth]),
    fill=st.sampled_from(["keep", "neutral", "blur", "border"]),
    grow=st.integers(-20, 20),
    feather=st.integers(0, 30),
)
def test_what_passes_the_check_works(
    engine: Engine, tiny_request: Build, width: int, height: int, task: Task, **values: Any
) -> None:
    rng = np.random.default_rng(width)
    picture = rng.integers(0, 256, (height, width, 3), np.uint8)
    request = tiny_request(
        width=width,
        height=height,
        task=task,
        image=picture,
        hint=picture,
        mask=rng.integers(0, 2, (height, width)).astype(bool),
        num_inference_steps=values["steps"],
        prior_num_inference_steps=2,
        guidance_scale=values["guidance"],
        strength=values["strength"],
        scheduler=values["scheduler"],
        prior_scheduler=values["prior_scheduler"],
        fill=values["fill"],
        mask_grow=values["grow"],
        mask_feather=values["feather"],
    )
    [result] = engine.generate(request)
    assert result.image.shape == (height, width, 3)
