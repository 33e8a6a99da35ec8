"""What the rest of the program relies on: the same bytes for the same request, cancelling, caches, sizes, errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from kandinsky_studio.engine import ideas, memory, painting
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Progress, Stage, Task
from kandinsky_studio.errors import (
    Cancelled,
    EmptyPrompt,
    EngineFailed,
    MissingInput,
    OutOfMemory,
    StudioError,
    UnknownModel,
    UnknownValue,
)

Build = Callable[..., GenerationRequest]


@pytest.fixture(scope="module")
def shared() -> Engine:
    """An engine whose model stays loaded from test to test."""
    return Engine("cpu")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the expensive functions, in the order they are called."""
    seen: list[str] = []

    def count(module: Any, name: str) -> None:
        original = getattr(module, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            seen.append(name)
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, counted)

    for name in ("encode_text", "encode_nothing", "sample_prior"):
        count(ideas, name)
    count(painting, "denoise")
    return seen


def one(engine: Engine, request: GenerationRequest) -> np.ndarray[Any, np.dtype[np.uint8]]:
    [result] = engine.generate(request)
    return result.image


def test_a_result_tells_all_that_made_it(shared: Engine, tiny_request: Build) -> None:
    request = tiny_request(num_images_per_prompt=1, negative_prompt="blue")
    [result] = shared.generate(request)
    assert result.image.dtype == np.uint8
    assert result.image.shape == (64, 64, 3)
    assert result.image.flags.c_contiguous
    assert result.image.std() > 1
    assert result.request == request
    assert (result.image_embeds.dtype, result.image_embeds.shape) == (np.float32, (32,))
    assert (result.device, result.dtype) == ("cpu", "float32")
    assert len(result.weights) == 64
    assert set(result.timings) == {"prior", "decoder", "decoding"}
    assert all(seconds >= 0 for seconds in result.timings.values())


def test_the_same_request_gives_the_same_bytes_in_another_engine(
    shared: Engine, engine: Engine, tiny_request: Build
) -> None:
    request = tiny_request(scheduler="ddpm", prior_guidance_scale=2.0)
    torch.manual_seed(99)  # nobody else's random numbers matter
    assert np.array_equal(one(shared, request), one(engine, request))


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "a red square"},
        {"negative_prompt": "blue"},
        {"prior_seed": 6},
        {"seed": 8},
        {"prior_num_inference_steps": 4},
        {"prior_guidance_scale": 3.0},
        {"guidance_scale": 6.0},
        {"num_inference_steps": 4},
        {"scheduler": "ddim"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_setting_changes_the_picture(shared: Engine, tiny_request: Build, change: dict[str, object]) -> None:
    assert not np.array_equal(one(shared, tiny_request()), one(shared, tiny_request(**change)))


@pytest.mark.parametrize("held", [{}, {"vary_idea": False}, {"vary_rendering": False}], ids=str)
@pytest.mark.parametrize("scheduler", ["ddpm", "euler_a"])
def test_a_picture_of_several_is_the_same_alone(
    shared: Engine, engine: Engine, tiny_request: Build, held: dict[str, object], scheduler: str
) -> None:
    request = tiny_request(num_images_per_prompt=3, scheduler=scheduler, negative_prompt="blue", **held)
    together = shared.generate(request)
    assert len(together) == 3
    assert len({result.image.tobytes() for result in together}) == 3
    assert together[0].request == dataclasses.replace(request, num_images_per_prompt=1)
    last = together[2]
    assert np.array_equal(one(engine, last.request), last.image)


@pytest.mark.parametrize(("width", "height"), [(128, 64), (64, 192), (65, 64), (100, 130), (127, 129)])
def test_any_size(shared: Engine, tiny_request: Build, width: int, height: int) -> None:
    image = one(shared, tiny_request(width=width, height=height))
    assert image.shape == (height, width, 3)


def test_a_size_off_the_grid_is_the_middle_of_the_next_on_it(shared: Engine, tiny_request: Build) -> None:
    whole = one(shared, tiny_request(width=128, height=64))
    part = one(shared, tiny_request(width=101, height=64))
    assert np.array_equal(part, whole[:, 13 : 13 + 101])


def test_no_guidance_needs_no_second_half(shared: Engine, tiny_request: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is right for any number of pictures, which the stock pipeline is not."""
    batches: set[int] = set()

    def watch(unet: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
        hook = unet.register_forward_pre_hook(lambda module, inputs: batches.add(inputs[0].shape[0]))
        try:
            return denoise(unet, *args, **kwargs)
        finally:
            hook.remove()

    denoise = painting.denoise
    monkeypatch.setattr(painting, "denoise", watch)
    results = shared.generate(tiny_request(guidance_scale=1.0, num_images_per_prompt=2))
    assert batches == {1}
    assert [result.image.shape for result in results] == [(64, 64, 3)] * 2
    shared.generate(tiny_request(guidance_scale=1.5))
    assert batches == {1, 2}


def test_a_negative_prompt_of_spaces_is_none(shared: Engine, tiny_request: Build) -> None:
    assert np.array_equal(one(shared, tiny_request(negative_prompt="  \n")), one(shared, tiny_request()))


def test_a_prompt_of_any_kind_and_length(shared: Engine, tiny_request: Build) -> None:
    for prompt in ("красный круг", "赤い円 🔴", "word " * 700, "\ud800 lone surrogate", "a\0b"):
        assert one(shared, tiny_request(prompt=prompt)).shape == (64, 64, 3)


def test_what_is_known_is_not_computed_again(engine: Engine, tiny_request: Build, calls: list[str]) -> None:
    request = tiny_request(prior_guidance_scale=2.0)
    engine.generate(request)
    assert sorted(calls) == ["denoise", "encode_nothing", "encode_text", "encode_text", "sample_prior"]

    calls.clear()
    for change in (
        {"seed": 1},
        {"guidance_scale": 3.0},
        {"num_inference_steps": 2},
        {"width": 128},
        {"scheduler": "ddim"},
    ):
        engine.generate(dataclasses.replace(request, **change))  # type: ignore[arg-type]
    assert calls == ["denoise"] * 5

    calls.clear()
    for change in ({"prior_seed": 1}, {"prior_num_inference_steps": 2}, {"prior_guidance_scale": 3.0}):
        engine.generate(dataclasses.replace(request, **change))  # type: ignore[arg-type]
    assert calls == ["sample_prior", "denoise"] * 3

    calls.clear()
    engine.generate(dataclasses.replace(request, negative_prompt="blue"))
    assert calls == ["encode_text", "sample_prior", "denoise"]

    calls.clear()
    engine.generate(dataclasses.replace(request, num_images_per_prompt=3, vary_idea=False))
    assert calls == ["denoise"] * 3


def test_a_remembered_idea_gives_the_same_bytes(engine: Engine, shared: Engine, tiny_request: Build) -> None:
    request = tiny_request(seed=21)
    first = one(engine, tiny_request(seed=20))
    assert not np.array_equal(first, one(engine, request))
    assert np.array_equal(one(engine, request), one(shared, request))


def test_the_vision_tower_is_let_go_of(engine: Engine, tiny_request: Build) -> None:
    engine.generate(tiny_request())
    assert engine._model is not None
    assert engine._model._components.missing(("image_encoder",)) == ["image_encoder"]


class Recorder:
    """Keeps every report; cancels at the one with the number ``at``."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.reports: list[Progress] = []

    def __call__(self, progress: Progress) -> None:
        self.reports.append(progress)
        if self.at is not None and len(self.reports) > self.at:
            raise Cancelled


def test_progress(engine: Engine, tiny_request: Build) -> None:
    recorder = Recorder()
    engine.generate(tiny_request(num_images_per_prompt=2), on_progress=recorder)
    reports = recorder.reports
    stages = list(dict.fromkeys((report.stage, report.picture) for report in reports))
    assert stages == [
        (Stage.loading, 0),
        *((stage, picture) for picture in (0, 1) for stage in (Stage.prior, Stage.decoder, Stage.decoding)),
    ]
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < fractions[-1] == 1
    assert all(0 <= report.step <= report.total_steps for report in reports)
    assert {report.pictures for report in reports} == {2}
    loading = [report for report in reports if report.stage is Stage.loading]
    assert [report.step for report in loading] == list(range(1, loading[-1].total_steps + 1))
    assert reports[0].seconds_left is None
    assert reports[-1].seconds_left == 0
    drawing = [report for report in reports if report.stage is Stage.decoder and report.step > 0]
    assert len(drawing) == 6
    for report in drawing:
        assert report.preview is not None
        assert report.preview.dtype == np.uint8
        assert report.preview.shape == (32, 32, 3)
        assert report.seconds_left is not None
        assert report.seconds_left > 0


def test_progress_of_loading(engine: Engine, tiny_model: str) -> None:
    recorder = Recorder()
    spec = engine.load(tiny_model, on_progress=recorder)
    assert spec.key == tiny_model
    assert [report.stage for report in recorder.reports] == [Stage.loading] * len(recorder.reports)
    assert recorder.reports[-1].fraction == 1
    again = Recorder()
    engine.load(tiny_model, on_progress=again)
    assert again.reports == []


def test_results_come_one_by_one(shared: Engine, tiny_request: Build) -> None:
    events: list[str] = []
    results: list[GenerationResult] = []

    def on_progress(progress: Progress) -> None:
        if progress.stage is Stage.decoder and progress.step == 1:
            events.append(f"drawing {progress.picture}")

    def on_result(result: GenerationResult) -> None:
        events.append(f"finished {len(results)}")
        results.append(result)

    returned = shared.generate(tiny_request(num_images_per_prompt=2), on_progress=on_progress, on_result=on_result)
    assert events == ["drawing 0", "finished 0", "drawing 1", "finished 1"]
    assert returned == results


def test_cancelling_at_every_report_leaves_a_ready_engine(tiny_request: Build) -> None:
    """At every part that is loaded and at every step: the next picture is none the worse."""
    request = tiny_request(scheduler="ddpm", num_inference_steps=2, prior_num_inference_steps=2)
    expected = one(Engine("cpu"), request)  # after which the constants of the checkpoint are on disk
    whole = Recorder()
    Engine("cpu").generate(request, on_progress=whole)
    assert {report.stage for report in whole.reports} == {Stage.loading, Stage.prior, Stage.decoder, Stage.decoding}
    for at in range(len(whole.reports)):
        engine = Engine("cpu")
        with pytest.raises(Cancelled):
            engine.generate(request, on_progress=Recorder(at))
        assert np.array_equal(one(engine, request), expected), f"after {whole.reports[at]}"


def test_cancelling_while_a_model_is_loaded(engine: Engine, tiny_model: str) -> None:
    with pytest.raises(Cancelled):
        engine.load(tiny_model, on_progress=Recorder(2))
    assert engine.tier is None
    assert engine.load(tiny_model).key == tiny_model
    assert engine.tier is Tier.resident


def test_a_picture_finished_before_cancelling_was_handed_over(shared: Engine, tiny_request: Build) -> None:
    results: list[GenerationResult] = []

    def on_progress(progress: Progress) -> None:
        if progress.picture == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        shared.generate(tiny_request(num_images_per_prompt=2), on_progress=on_progress, on_result=results.append)
    assert len(results) == 1


def test_freeing(engine: Engine, tiny_request: Build) -> None:
    engine.free()  # without a model
    first = one(engine, tiny_request())
    engine.free()
    assert engine.tier is None
    assert np.array_equal(one(engine, tiny_request()), first)


def test_stage_by_stage_gives_the_same_bytes(
    engine: Engine, shared: Engine, tiny_request: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = tiny_request(num_images_per_prompt=2, prior_guidance_scale=2.0)
    expected = [result.image for result in shared.generate(request)]
    monkeypatch.setattr(memory, "choose_tier", lambda *arguments: Tier.staged)
    most: list[int] = []

    def on_progress(progress: Progress) -> None:
        assert engine._model is not None
        most.append(len(engine._model._components))

    recorder = Recorder()
    results = engine.generate(request, on_progress=lambda report: (on_progress(report), recorder(report))[0])
    assert engine.tier is Tier.staged
    assert max(most) <= 4
    assert all(np.array_equal(result.image, image) for result, image in zip(results, expected, strict=True))
    fractions = [report.fraction for report in recorder.reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1

    again = Recorder()
    engine.load(request.model, on_progress=again)  # as the worker does before every job
    assert again.reports == []


def run_out(times: int, error: Exception) -> Callable[..., Any]:
    """A ``denoise`` that runs out of memory ``times`` times and then works."""
    original, left = painting.denoise, [times]

    def denoise(*args: Any, **kwargs: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise error
        return original(*args, **kwargs)

    return denoise


OUT = [
    torch.OutOfMemoryError("CUDA out of memory."),
    MemoryError(),
    RuntimeError("DefaultCPUAllocator: can't allocate memory"),
]


@pytest.mark.parametrize("error", OUT, ids=lambda error: type(error).__name__)
def test_out_of_memory_once(
    engine: Engine, shared: Engine, tiny_request: Build, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    expected = one(shared, tiny_request())
    monkeypatch.setattr(painting, "denoise", run_out(1, error))
    recorder = Recorder()
    [result] = engine.generate(tiny_request(), on_progress=recorder)
    assert np.array_equal(result.image, expected)
    assert engine.tier is Tier.staged
    fractions = [report.fraction for report in recorder.reports]
    assert fractions == sorted(fractions)


def test_out_of_memory_for_good(engine: Engine, tiny_request: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as short:
        short.setattr(painting, "denoise", run_out(9, MemoryError()))
        with pytest.raises(OutOfMemory, match="cpu") as caught:
            engine.generate(tiny_request())
    assert isinstance(caught.value.__cause__, MemoryError)
    assert one(engine, tiny_request()).shape == (64, 64, 3)


def test_what_nobody_foresaw(engine: Engine, tiny_request: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(painting, "denoise", run_out(1, ZeroDivisionError("something odd.\nand long")))
        with pytest.raises(EngineFailed, match=r"something odd\.$") as caught:
            engine.generate(tiny_request())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert one(engine, tiny_request()).shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("change", "error"),
    [({"prompt": " "}, EmptyPrompt), ({"model": "nothing"}, UnknownModel), ({"task": Task.depth}, MissingInput)],
    ids=str,
)
def test_a_bad_request_touches_nothing(
    shared: Engine, tiny_request: Build, calls: list[str], change: dict[str, object], error: type[StudioError]
) -> None:
    shared.generate(tiny_request())
    before = shared._model
    calls.clear()
    recorder = Recorder()
    with pytest.raises(error):
        shared.generate(tiny_request(**change), on_progress=recorder)
    assert (calls, recorder.reports) == ([], [])
    assert shared._model is before


@pytest.mark.parametrize("device", ["cpu:x", "toaster", "meta", "cuda" if not torch.cuda.is_available() else "cuda:99"])
def test_a_device_that_is_not_there(device: str) -> None:
    with pytest.raises(UnknownValue, match=device):
        Engine(device)


def test_no_global_setting_of_torch_changes(engine: Engine, tiny_request: Build) -> None:
    def settings() -> tuple[object, ...]:
        return (
            torch.get_num_threads(),
            torch.get_default_dtype(),
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            torch.are_deterministic_algorithms_enabled(),
            torch.get_rng_state().sum().item(),
        )

    before = settings()
    with pytest.raises(Cancelled):
        engine.generate(tiny_request(), on_progress=Recorder(12))
    engine.generate(tiny_request())
    assert settings() == before
