"""How long pictures will take, by how long others took."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Task
from kandinsky_studio.engine.tier import Tier
from kandinsky_studio.storage import paces
from kandinsky_studio.storage.paces import Paces

REQUEST = GenerationRequest(
    "x", model="kandinsky-2.2", width=512, height=512, num_inference_steps=20, prior_num_inference_steps=10
)


def result(request=REQUEST, decoder=40.0, prior=5.0, decoding=1.0, device="cuda:0", tier=Tier.resident):
    timings = {"prior": prior, "decoder": decoder, "decoding": decoding}
    return GenerationResult(np.zeros((1, 1, 3), np.uint8), request, None, timings, device, tier=tier)


@pytest.fixture
def learned():
    learned = Paces()
    learned.learn(result())
    return learned


def changed(**values):
    return dataclasses.replace(REQUEST, **values)


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ({}, 46),
        ({"num_inference_steps": 40}, 86),
        ({"prior_num_inference_steps": 20}, 51),
        ({"num_images_per_prompt": 3}, 138),
        ({"width": 1024}, 5 + 80 + 2),
        ({"task": Task.image2image, "image": np.zeros((8, 8, 3), np.uint8), "strength": 0.5}, 26),
        ({"task": Task.mix}, 46),
    ],
)
def test_steps_pictures_area_and_strength_count(learned, values, seconds):
    assert learned.seconds(changed(**values)) == pytest.approx(seconds)


def test_nothing_is_said_of_what_is_too_different(learned):
    assert Paces().seconds(REQUEST) is None
    assert learned.seconds(changed(model="kandinsky-2.1")) is None
    assert learned.seconds(REQUEST, device="cpu") is None
    assert learned.seconds(changed(width=32, height=64)) is None


def test_what_is_most_like_it_counts(learned):
    learned.learn(result(changed(task=Task.inpaint), decoder=100.0))
    learned.learn(result(changed(width=256, height=256), decoder=4.0))
    learned.learn(result(decoder=400.0, tier=Tier.offloaded), Tier.offloaded)
    learned.learn(result(decoder=4000.0, device="cpu"))
    assert learned.seconds(REQUEST, device="cuda:0") == pytest.approx(46)
    assert learned.seconds(changed(task=Task.inpaint), device="cuda:0") == pytest.approx(106)
    assert learned.seconds(changed(width=256, height=256), device="cuda:0") == pytest.approx(10)
    assert learned.seconds(REQUEST, Tier.offloaded, "cuda:0") == pytest.approx(406)
    assert learned.seconds(REQUEST, Tier.compressed, "cuda:0") is not None
    assert learned.seconds(REQUEST, device="cpu") == pytest.approx(4006)


def test_the_tier_it_came_to_last_counts(learned):
    """Without a wish it is what there was room for."""
    learned.learn(result(decoder=80.0, tier=Tier.compressed))
    assert learned.seconds(REQUEST) == pytest.approx(86)


def test_one_slow_picture_changes_nothing_and_a_lasting_change_is_learned(learned):
    for _ in range(4):
        learned.learn(result())
    learned.learn(result(decoder=900.0))
    assert learned.seconds(REQUEST) == pytest.approx(46)
    for _ in range(4):
        learned.learn(result(decoder=80.0))
    assert learned.seconds(REQUEST) == pytest.approx(86)


def test_only_the_latest_kinds_are_remembered(learned):
    for width in range(64, 64 + paces.MOST):
        learned.learn(result(changed(width=width, model="other")))
    assert learned.seconds(REQUEST) is None
    assert len(learned.to_json()["paces"]) == paces.MOST


def test_it_is_kept_in_a_file(learned, tmp_path):
    learned.learn_loading("kandinsky-2.2", "cuda:0", 30.0)
    file = tmp_path / "state" / "paces.json"
    paces.save(learned.to_json(), file)
    read = paces.load(file)
    assert read.seconds(changed(num_inference_steps=30)) == learned.seconds(changed(num_inference_steps=30))
    assert read.loading("kandinsky-2.2") == 30.0
    assert read.loading("kandinsky-2.1") == 0.0
    assert read.to_json() == learned.to_json()


@pytest.mark.parametrize(
    "change",
    [
        lambda values: b"",
        lambda values: b"[]",
        lambda values: b'{"version": 1}',
        lambda values: values.replace(b'"decoder": [2.0]', b'"decoder": ["x"]'),
        lambda values: values.replace(b'"decoder": [2.0]', b'"decoder": [NaN]'),
        lambda values: values.replace(b'"width": 512', b'"width": 0'),
        lambda values: values.replace(b'"resident"', b'"gone"'),
        lambda values: values[:-20],
    ],
)
def test_a_damaged_file_is_put_aside(learned, tmp_path, change):
    file = tmp_path / "paces.json"
    content = change(json.dumps(learned.to_json()).encode())
    file.write_bytes(content)
    assert paces.load(file).seconds(REQUEST) is None
    [aside] = tmp_path.glob("paces.json.damaged-*")
    assert aside.read_bytes() == content
