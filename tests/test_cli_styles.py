"""A picture that was made with a style is repeated, and changed, from its file alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from kandinsky_studio import asking, cli
from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult
from kandinsky_studio.storage.parameters import parameters_text
from kandinsky_studio.storage.pictures import save_png

STYLE = Slot(embedding=SavedEmbedding(np.linspace(-1, 1, 8, dtype=np.float32), "encoder"), weight=-0.5, added=True)


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The request of a picture ``made.png`` with a style."""
    monkeypatch.chdir(tmp_path)
    request = dataclasses.replace(spec_of("builtin").request("a red circle", prior_seed=1, seed=2), slots=(STYLE,))
    image = np.zeros((request.height, request.width, 3), np.uint8)
    save_png(tmp_path / "made.png", GenerationResult(image, request, np.ones(8, np.float32)))
    return request


def asked(*arguments: str) -> GenerationRequest:
    [request] = asking.asked_for(cli._parsed(arguments))
    return request


def test_it_is_repeated(made):
    assert asked("generate", "--from", "made.png") == made


def test_its_style_stays_when_something_else_changes(made):
    assert asked("generate", "a star", "--from", "made.png").slots == (STYLE,)
    mixed = asked("mix", "sun", "moon:0.5", "--from", "made.png")
    assert mixed.slots == (Slot(prompt="sun"), Slot(prompt="moon", weight=0.5), STYLE)
    assert mixed.prior_strength == spec_of("builtin").mix_prior_strength
    assert len(list(mixed.between(3))) == 3


def test_other_programs_are_told_of_it_in_words(made):
    text = parameters_text(made, "1")
    assert text.startswith("a red circle\n")
    assert "Added: saved idea: -0.5" in text or 'Added: "saved idea: -0.5"' in text
    assert "Mix" not in text
