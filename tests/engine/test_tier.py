"""A tier that was asked for: no more stays in memory than it says, and the picture is the same."""

from __future__ import annotations

import numpy as np
import pytest

from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.request import GenerationRequest

REQUEST = GenerationRequest("a red circle on a blue background", num_inference_steps=4, prior_num_inference_steps=4)


@pytest.fixture(scope="module")
def engine():
    engine = Engine("cpu")
    yield engine
    engine.free()


def test_without_a_wish_it_is_what_fits(engine):
    [result] = engine.generate(REQUEST)
    assert result.tier is Tier.resident


@pytest.mark.parametrize(
    ("wished", "got"),
    [
        (Tier.staged, Tier.staged),
        (Tier.compressed, Tier.compressed),
        (Tier.offloaded, Tier.compressed),  # which is as far down as a processor goes
        (Tier.resident, Tier.resident),
    ],
)
def test_a_wish_is_followed_as_far_as_the_device_goes(engine, wished, got):
    [result] = engine.generate(REQUEST, tier=wished)
    assert result.tier is engine.tier is got
    assert ("float8" in result.dtype) is (got >= Tier.compressed)


def test_the_picture_is_the_same_when_less_is_kept(engine):
    [one] = engine.generate(REQUEST)
    [other] = engine.generate(REQUEST, tier=Tier.staged)
    assert np.array_equal(one.image, other.image)
