"""Pictures that are made together, and what is left of a batch when memory runs out in the middle of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kandinsky_studio.engine import codec, painting
from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.preview import Preview
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Progress, Stage
from kandinsky_studio.errors import Cancelled, OutOfMemory

Build = Callable[..., GenerationRequest]


@pytest.fixture(scope="module")
def alone() -> Engine:
    return Engine("cpu")


@pytest.fixture
def together() -> Engine:
    return Engine("cpu", together=4)


def furthest(results: list[GenerationResult], others: list[GenerationResult]) -> int:
    """The largest difference of any byte between pictures that should be the same."""
    return max(
        int(np.abs(a.image.astype(int) - b.image.astype(int)).max()) for a, b in zip(results, others, strict=True)
    )


@pytest.mark.parametrize("scheduler", ["ddpm", "dpmpp_2m", "euler_a", "lcm", "pndm"])
def test_pictures_made_together_are_those_made_alone(
    alone: Engine, together: Engine, tiny_request: Build, scheduler: str
) -> None:
    """But for rounding: what is added up in another order differs in the last bits."""
    request = tiny_request(num_images_per_prompt=3, scheduler=scheduler, negative_prompt="blue", num_inference_steps=5)
    made = together.generate(request)
    assert furthest(made, alone.generate(request)) <= 1
    assert len({result.image.tobytes() for result in made}) == 3
    assert [result.request.seed for result in made] == [request.seed + k for k in range(3)]


def test_without_guidance_too(alone: Engine, together: Engine, tiny_request: Build) -> None:
    request = tiny_request(num_images_per_prompt=5, guidance_scale=1.0, num_inference_steps=3)
    made = together.generate(request)
    assert len(made) == 5
    assert furthest(made, alone.generate(request)) <= 1


def test_progress_of_a_batch_never_goes_back(together: Engine, tiny_request: Build) -> None:
    reports: list[Progress] = []
    together.generate(tiny_request(num_images_per_prompt=6), on_progress=reports.append)
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1)
    drawing = [report for report in reports if report.stage is Stage.decoder and report.step]
    assert {report.picture for report in drawing} == {0, 4}


def run_out_above(most: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have the loop run out of memory for more than ``most`` pictures; returns the list of batch sizes tried."""
    original, tried = painting.denoise, []

    def denoise(unet: Any, scheduler: Any, towards: Any, *args: Any, **kwargs: Any) -> Any:
        tried.append(len(towards))
        if len(towards) > most:
            raise MemoryError
        return original(unet, scheduler, towards, *args, **kwargs)

    monkeypatch.setattr(painting, "denoise", denoise)
    return tried


def test_a_batch_is_halved_until_it_fits(
    alone: Engine, together: Engine, tiny_request: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = tiny_request(num_images_per_prompt=5)
    expected = alone.generate(request)
    tried = run_out_above(1, monkeypatch)
    assert furthest(together.generate(request), expected) == 0
    assert tried == [4, 2, 1, 1, 1, 1, 1]
    assert together.tier is Tier.resident  # fewer at a time was enough


def test_nothing_that_is_finished_is_made_again(
    alone: Engine, together: Engine, tiny_request: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory runs out while the third of four pictures is decoded."""
    request = tiny_request(num_images_per_prompt=4)
    expected = alone.generate(request)
    original, left = codec.MovqCodec.decode, [2]

    def decode(self: Any, latents: Any) -> Any:
        left[0] -= 1
        if left[0] == -1:
            raise MemoryError
        return original(self, latents)

    monkeypatch.setattr(codec.MovqCodec, "decode", decode)
    handed: list[GenerationResult] = []
    made = together.generate(request, on_result=handed.append)
    assert made == handed
    assert furthest(made, expected) <= 1
    assert [result.request.seed for result in handed] == [request.seed + k for k in range(4)]


def test_memory_runs_out_for_good(together: Engine, tiny_request: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = run_out_above(0, monkeypatch)
    with pytest.raises(OutOfMemory):
        together.generate(tiny_request(num_images_per_prompt=4))
    assert tried[:3] == [4, 2, 1]


def test_cancelling_a_batch(together: Engine, tiny_request: Build) -> None:
    def cancel(progress: Progress) -> None:
        if progress.stage is Stage.decoder and progress.step == 2:
            raise Cancelled

    request = tiny_request(num_images_per_prompt=4)
    with pytest.raises(Cancelled):
        together.generate(request, on_progress=cancel)
    assert len(together.generate(request)) == 4


@pytest.mark.parametrize(
    ("values", "steps"),
    [
        ({}, 3),
        ({"negative_prompt": "blue"}, 3),
        ({"slots": (Slot(prompt="a"), Slot(prompt="b"))}, 6),
        ({"slots": (Slot(prompt="a"), Slot(prompt="b"), Slot(prompt="c", negative=True)), "prior_strength": 0.7}, 11),
        ({"slots": (Slot(prompt="a"),), "negative_prompt": "blue"}, 6),
        ({"slots": (Slot(prompt="a", negative=True),)}, 6),
        ({"slots": (Slot(prompt="a", negative=True),), "guidance_scale": 1.0}, 3),
    ],
    ids=str,
)
def test_the_steps_of_all_runs_of_the_prior_are_counted(
    tiny_request: Build, values: dict[str, Any], steps: int
) -> None:
    reports: list[Progress] = []
    request = tiny_request(prior_num_inference_steps=3, num_inference_steps=2, **values)
    Engine("cpu").generate(request, on_progress=reports.append)
    counted = [report for report in reports if report.stage is Stage.prior]
    assert [report.step for report in counted] == list(range(steps + 1))
    assert {report.total_steps for report in counted} == {steps}


def test_previews_are_drawn_for_those_who_look(tiny_request: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    original = Preview.render
    monkeypatch.setattr(Preview, "render", lambda self, *args: (drawn.append(1), original(self, *args))[1])
    engine, request = Engine("cpu"), tiny_request(num_inference_steps=4)
    unseen = engine.generate(request)
    assert drawn == []
    seen: list[Progress] = []
    assert furthest(engine.generate(request, on_progress=seen.append), unseen) == 0
    assert len(drawn) == 4
    assert sum(report.preview is not None for report in seen) == 4
