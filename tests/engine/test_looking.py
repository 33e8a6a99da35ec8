"""What makes no picture, embeddings, latents and explanations, tells how far it is and can be cancelled, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kandinsky_studio.engine import prior
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.request import GenerationRequest, Progress, Stage
from kandinsky_studio.errors import Cancelled

Build = Callable[..., GenerationRequest]
Look = Callable[..., Any]

PICTURE = np.random.default_rng(1).integers(0, 256, (64, 72, 3), np.uint8)
LATENTS = np.random.default_rng(2).normal(size=(4, 8, 9)).astype(np.float32)

LOOKS: dict[str, tuple[Look, Stage, int]] = {
    "encode_image": (lambda e, r, told: e.encode_image(PICTURE, r.model, on_progress=told), Stage.encoding, 1),
    "encode_text": (lambda e, r, told: e.encode_text("red", r.model, on_progress=told), Stage.encoding, 1),
    "agreement": (lambda e, r, told: e.agreement(PICTURE, "red", r.model, on_progress=told), Stage.encoding, 2),
    "encode_latents": (lambda e, r, told: e.encode_latents(PICTURE, r.model, on_progress=told), Stage.encoding, 1),
    "decode_latents": (lambda e, r, told: e.decode_latents(LATENTS, r.model, on_progress=told), Stage.decoding, 1),
    "word_importance": (lambda e, r, told: e.word_importance(r, on_progress=told), Stage.prior, 4 * 3 + 1),
}
"""How each is called, what it does, and in how many steps: for three words, four ideas of three steps and a look."""


@pytest.mark.parametrize("name", LOOKS)
def test_progress_goes_from_nothing_to_all(tiny_request: Build, name: str) -> None:
    look, stage, steps = LOOKS[name]
    engine, request, told = Engine("cpu"), tiny_request(), list[Progress]()
    first = look(engine, request, told.append)
    assert (told[0].stage, told[0].step, told[0].fraction) == (stage, 0, 0)
    assert (told[-1].stage, told[-1].step, told[-1].total_steps) == (stage, steps, steps)
    fractions = [report.fraction for report in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert {report.step for report in told if report.stage is stage} == set(range(steps + 1))
    parts = [report.step for report in told if report.stage is Stage.loading]
    assert parts == list(range(1, len(parts) + 1))
    assert parts

    told.clear()
    again = look(engine, request, told.append)  # remembered, or made with what is loaded
    assert np.array_equal(first, again)
    assert Stage.loading not in {report.stage for report in told}
    assert told[-1].fraction == 1


@pytest.mark.parametrize("name", LOOKS)
def test_cancelled_at_any_report_the_engine_is_ready(tiny_request: Build, name: str) -> None:
    look, _, _ = LOOKS[name]
    reports: list[Progress] = []
    request = tiny_request()
    expected = look(Engine("cpu"), request, reports.append)
    engine = Engine("cpu")
    for number in range(len(reports)):
        left = [number]

        def cancel(progress: Progress, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Cancelled

        engine.free()
        with pytest.raises(Cancelled):
            look(engine, request, cancel)
        assert left == [-1], "nothing was done after it"
    assert np.array_equal(look(engine, request, lambda progress: None), expected)


def test_every_step_of_every_word_can_be_cancelled(tiny_request: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """No two runs of the prior's network lie between two reports."""
    runs, original = [0], prior._Context.predict

    def predict(self: Any, *args: Any) -> Any:
        runs[0] += 1
        return original(self, *args)

    monkeypatch.setattr(prior._Context, "predict", predict)
    between: list[int] = []

    def told(progress: Progress) -> None:
        between.append(runs[0])
        runs[0] = 0

    Engine("cpu").word_importance(tiny_request(), on_progress=told)
    assert sum(between) == 4 * 3
    assert max(between) == 1
