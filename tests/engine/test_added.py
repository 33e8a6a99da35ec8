"""What is added to an idea: to which, by how much, and that nothing of it changes what is without it."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot, add
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.models import MODELS, find, spec_of
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.training.judge import lab
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, PALETTE, SHAPES, Scene, Shape, draw
from kandinsky_studio.engine.validation import check
from kandinsky_studio.errors import EmptyPrompt, IdeaOfAnotherModel, MissingInput, NewerFile, UnsupportedTask


@pytest.fixture(scope="module")
def builtin() -> Engine:
    return Engine("cpu")


def vector(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


def slot(values: np.ndarray, weight: float = 1.0, encoder: str = "") -> Slot:
    return Slot(embedding=SavedEmbedding(values, encoder), weight=weight, added=True)


def on_yellow() -> np.ndarray:
    """Pictures on yellow grounds, with things on them that have nothing in common."""
    things = [("circle", "blue"), ("square", "black"), ("star", "green"), ("triangle", "white"), ("ring", "red")]
    yellow = COLOUR_NAMES.index("yellow")
    scenes = [
        Scene(yellow, (Shape(SHAPES.index(kind), COLOUR_NAMES.index(colour), 0.3 + 0.1 * n, 0.5, 0.2, 0.0),))
        for n, (kind, colour) in enumerate(things)
        if kind in SHAPES
    ]
    return draw(scenes, 128)


def far_from_yellow(image: np.ndarray) -> float:
    """How far the border's colours are from yellow, in CIELAB, at the middle."""
    border = np.concatenate([image[:6].reshape(-1, 3), image[-6:].reshape(-1, 3)])
    yellow = lab(PALETTE[COLOUR_NAMES.index("yellow")])
    return float(np.median(np.linalg.norm(lab(border) - yellow, axis=1)))


def test_what_is_added_turns_an_idea_and_leaves_its_length() -> None:
    moved = add(vector(3, 4, 0), [vector(0, 0, 1), vector(1, 0, 0)], [5, -3])
    assert np.allclose(moved, vector(0, 4, 5) * 5 / np.sqrt(41))
    idea = vector(3, 4, 0)
    assert add(idea, [vector(0, 0, 1)], [0.0]) is idea
    with pytest.raises(ValueError, match="left"):
        add(idea, [idea], [-1.0])
    with pytest.raises(ValueError, match="shape"):
        add(idea, [vector(1, 2, 3)], [1.0, 2.0])


def test_a_slot_is_added_or_negative_not_both() -> None:
    with pytest.raises(ValueError, match="not both"):
        Slot(prompt="a", negative=True, added=True)
    with pytest.raises(TypeError, match="added"):
        Slot(prompt="a", added=1)  # type: ignore[arg-type]


def test_a_request_with_something_added_is_for_programs_that_know_of_it() -> None:
    plain = GenerationRequest("a circle", slots=(Slot(prompt="b"),))
    assert plain.to_json()["version"] == 2
    assert "added" not in plain.to_json()["slots"][0]
    request = dataclasses.replace(plain, slots=(*plain.slots, slot(vector(1, 2), 0.5)))
    values = request.to_json()
    assert values["version"] == 3
    assert GenerationRequest.from_json(values) == request
    with pytest.raises(NewerFile):
        GenerationRequest.from_json({**values, "version": 4})


def test_what_is_added_makes_no_idea_of_its_own() -> None:
    spec = spec_of("builtin")
    added = slot(np.ones(4, np.float32))
    with pytest.raises(EmptyPrompt):
        check(spec.request("", slots=(added,)), spec, MODELS)
    with pytest.raises(MissingInput):
        check(spec.request("a", task=Task.mix, slots=(added,)), spec, MODELS)
    check(spec.request("a", slots=(added, slot(np.ones(4, np.float32), -1.0))), spec, MODELS)  # they cancel, and may
    oldest = spec_of("kandinsky-2.0")
    with pytest.raises(UnsupportedTask) as error:
        check(oldest.request("a", slots=(added,)), oldest, MODELS)
    assert error.value.values["task"] == "style"


def test_a_style_of_another_encoder_is_refused(builtin: Engine) -> None:
    length = int(find("builtin").config("prior")["embedding_dim"])
    other = slot(np.ones(length, np.float32), encoder="of another")
    with pytest.raises(IdeaOfAnotherModel):
        builtin.generate(builtin.load("builtin").request("a circle", slots=(other,)))


@pytest.mark.parametrize("seed", [1, 2])
def test_the_more_of_yellow_grounds_is_added_the_yellower_the_ground(builtin: Engine, seed: int) -> None:
    spec = builtin.load("builtin")
    seen = np.mean([builtin.encode_image(picture) for picture in on_yellow()], axis=0)
    style = np.asarray(seen - builtin.neutral(), np.float32)
    plain = spec.request("a red circle on a blue background", num_inference_steps=12, prior_seed=seed, seed=seed)

    def made(weight: float) -> np.ndarray:
        slots = (slot(style, weight, find("builtin").encoder()),)
        return builtin.generate(dataclasses.replace(plain, slots=slots))[0].image

    [without] = builtin.generate(plain)
    assert (made(0.0) == without.image).all()
    far = [far_from_yellow(made(weight)) for weight in (0.0, 0.5, 1.0, 1.5)]
    assert all(later < earlier + 3 for earlier, later in pairwise(far)), far
    assert far[0] > 60
    assert far[-1] < 25
    red = lab(PALETTE[COLOUR_NAMES.index("red")])
    near_red = (np.linalg.norm(lab(made(1.0).reshape(-1, 3)) - red, axis=1) < 30).mean()
    assert near_red > 0.03  # it is still a red thing
