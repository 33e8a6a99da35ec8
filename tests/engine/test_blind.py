"""Without the vision tower words still become pictures; what needs it says that it is missing."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.ideas import step_count
from kandinsky_studio.engine.models import find
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import Stage, Task
from kandinsky_studio.errors import ModelNotFound


@pytest.fixture
def blind(own_model, tiny_request):
    """A request of a model whose vision tower was not fetched."""
    [tower] = Path(own_model).rglob("image_encoder")
    shutil.rmtree(tower)
    return dataclasses.replace(tiny_request(), model=str(own_model))


def test_the_model_is_whole_without_it(blind):
    files = find(blind.model)
    files.check()
    assert "image_encoder" not in files
    assert files.encoder() == ""


def test_guidance_leads_away_from_no_words(blind):
    """The very picture that a negative prompt of nothing would make, which the stock pipelines agree about."""
    engine = Engine("cpu")
    [plain] = engine.generate(blind)
    [again] = engine.generate(blind)
    assert np.array_equal(plain.image, again.image)
    [free] = engine.generate(dataclasses.replace(blind, guidance_scale=1.0))
    assert not np.array_equal(plain.image, free.image)


def test_a_negative_prompt_makes_the_same_picture_with_and_without_it(blind, tiny_model):
    named = dataclasses.replace(blind, negative_prompt="green")
    [without] = Engine("cpu").generate(named)
    [with_it] = Engine("cpu").generate(dataclasses.replace(named, model=tiny_model))
    assert np.array_equal(without.image, with_it.image)


def test_every_step_is_counted(blind):
    mixed = dataclasses.replace(
        blind, task=Task.mix, slots=(Slot(prompt="a circle"), Slot(prompt="a star")), prior_strength=0.0
    )
    for request in (blind, mixed):
        told = []
        Engine("cpu").generate(request, on_progress=told.append)
        steps = [progress.step for progress in told if progress.stage is Stage.prior]
        assert max(steps) == step_count(request, blind=True)


def test_pictures_need_it_and_say_so(blind):
    request = dataclasses.replace(
        blind, task=Task.mix, slots=(Slot(image=Raster(np.zeros((64, 64, 3), np.uint8))),), prior_strength=0.0
    )
    with pytest.raises(ModelNotFound) as raised:
        Engine("cpu").generate(request)
    assert "image_encoder" in str(raised.value.values["place"])
    assert len(Engine("cpu").generate(blind)) == 1


def test_saved_ideas_go_on_working(blind, tiny_model):
    [made] = Engine("cpu").generate(dataclasses.replace(blind, model=tiny_model))
    saved = SavedEmbedding(made.image_embeds, find(tiny_model).encoder())
    request = dataclasses.replace(
        blind, task=Task.mix, slots=(Slot(embedding=saved),), prior_strength=0.0, negative_prompt="x"
    )
    [drawn] = Engine("cpu").generate(request)
    assert drawn.image.shape == made.image.shape
