"""What each word is worth, asked of the built-in model; and where words went, asked of small random ones that read them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from kandinsky_studio.app.explaining import Source
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.errors import EngineFailed
from tests.conftest import picture_of
from tests.engine.kandinsky_2_1_checkpoint import let_be_small, request_2_1, save_tiny_2_1
from tests.engine.test_kandinsky_2_0_engine import FOLDERS

PROMPT = "a red circle on a blue background"


@pytest.fixture(scope="module")
def real_engine():
    """The real engine; its models stay in memory from test to test."""
    from kandinsky_studio.engine.engine import Engine

    engine = Engine("cpu")
    engine.load("builtin")
    yield engine
    engine.free()


@pytest.fixture
def real(studio, fake_engine, real_engine, qtbot):
    """A studio whose errands go to the real engine."""
    for name in ("word_importance", "word_maps", "encode_image", "encode_text"):
        setattr(fake_engine, name, getattr(real_engine, name))
    return studio


@pytest.fixture
def weigh(real, qtbot):
    def run():
        real.explaining.weigh()
        qtbot.waitUntil(lambda: real.explaining.weighing is None, timeout=30_000)
        assert real.explaining.error is None
        return {}

    return run


def idea(worths, *words):
    return [next(one.idea for one in worths if one.word == word) for word in words]


def seen(worths, *words):
    return [next(one.seen for one in worths if one.word == word) for word in words]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_drawn_weighs_more_than_what_joins_it(real, weigh, seed):
    real.settings.set(prompt=PROMPT, prior_seed=seed, prior_seed_locked=True)
    assert real.explaining.worths is None
    weigh()
    worths = real.explaining.worths
    assert [one.word for one in worths] == PROMPT.split()
    assert [PROMPT[one.start : one.end] for one in worths] == PROMPT.split()
    assert all(one.seen is None for one in worths), "there is no picture"
    small = max(one.idea for one in worths if one.word in ("a", "on", "background"))
    assert min(idea(worths, "red", "circle", "blue")) > 5 * small


def test_russian_words_are_weighed_too(real, weigh):
    real.settings.set(prompt="красный круг на синем фоне", prior_seed=1, prior_seed_locked=True)
    weigh()
    worths = real.explaining.worths
    assert [one.word for one in worths] == ["красный", "круг", "на", "синем", "фоне"]
    assert min(idea(worths, "красный", "круг", "синем")) > 5 * max(idea(worths, "на", "фоне"))


def test_what_the_picture_does_not_show_weighs_below_nothing(real, weigh, real_engine):
    [result] = real_engine.generate(GenerationRequest(PROMPT, seed=1, prior_seed=1))
    explaining = real.explaining
    explaining.choose(Source.PICTURE)
    assert explaining.subject is None
    real.easel.show_pixels(result.image, result.request)
    weigh()
    assert min(seen(explaining.worths, "red", "circle", "blue")) > 0.05
    assert max(abs(worth) for worth in seen(explaining.worths, "a", "on")) < 0.02
    real.easel.show_pixels(result.image, GenerationRequest("a green circle on a blue background", prior_seed=1))
    assert explaining.worths is None
    weigh()
    [green], [circle, blue] = seen(explaining.worths, "green"), seen(explaining.worths, "circle", "blue")
    assert green < -0.05 < 0.05 < min(circle, blue)


def test_an_answer_is_remembered_as_long_as_it_is_about_the_same(real, weigh):
    explaining, settings = real.explaining, real.settings
    settings.set(prompt=PROMPT)
    weigh()
    worths = explaining.worths
    settings.set(prompt=PROMPT + " ", num_inference_steps=33, seed=99, prior_seed=77)
    assert explaining.worths is worths, "a seed that is drawn anew is no other question"
    settings.set(prompt="a red circle")
    assert explaining.worths is None
    settings.set(prompt=PROMPT)
    assert explaining.worths is worths
    settings.set(prior_guidance_scale=4.0)
    assert explaining.worths is None
    settings.set(prompt="   ")
    assert explaining.subject is None
    explaining.weigh()
    assert explaining.weighing is None


def test_its_progress_is_told_and_it_can_be_cancelled(real, qtbot, real_engine, fake_engine, monkeypatch):
    explaining, told = real.explaining, []
    real.settings.set(prompt=PROMPT)
    real.easel.show_pixels(picture_of(GenerationRequest(PROMPT)), GenerationRequest(PROMPT))
    explaining.choose(Source.PICTURE)
    explaining.changed.connect(lambda: told.append(explaining.weighing))
    explaining.weigh()
    qtbot.waitUntil(lambda: explaining.worths is not None, timeout=30_000)
    told = [fraction for fraction in told if fraction is not None]
    assert told == sorted(told)
    assert len(told) > 3
    fake_engine.hold.clear()

    def never(request, on_progress):
        from kandinsky_studio.engine.request import Progress, Stage

        while not fake_engine.hold.wait(0.01):
            on_progress(Progress(Stage.prior, 1, 2, 0, 1, 0.5))

    fake_engine.word_importance = never
    real.easel.show_pixels(picture_of(GenerationRequest("x")), GenerationRequest("a blue star"))
    explaining.weigh()
    qtbot.waitUntil(lambda: explaining.weighing == pytest.approx(0.45), timeout=3000)
    explaining.cancel()
    qtbot.waitUntil(lambda: explaining.weighing is None, timeout=3000)
    assert (explaining.worths, explaining.error) == (None, None)


def test_what_goes_wrong_is_told_and_asked_again(real, qtbot, fake_engine, real_engine):
    def broken(request, on_progress):
        raise RuntimeError("no")

    explaining = real.explaining
    fake_engine.word_importance = broken
    real.settings.set(prompt=PROMPT)
    explaining.weigh()
    qtbot.waitUntil(lambda: explaining.weighing is None, timeout=3000)
    assert isinstance(explaining.error, EngineFailed)
    fake_engine.word_importance = real_engine.word_importance
    explaining.weigh()
    assert explaining.error is None
    qtbot.waitUntil(lambda: explaining.worths is not None, timeout=30_000)


def test_the_built_in_model_reads_no_words_in_its_decoder(real):
    real.easel.show_pixels(picture_of(GenerationRequest(PROMPT)), GenerationRequest(PROMPT))
    explaining = real.explaining
    explaining.choose(Source.PICTURE)
    assert explaining.can_weigh(explaining.subject)
    assert not explaining.can_map(explaining.subject)
    explaining.map()
    assert explaining.mapping is None
    assert explaining.readers() == ["Kandinsky 2.1", "Kandinsky 2.0"]


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    """Small random models whose decoders read words, and a request to each."""
    newer, older = tmp_path_factory.mktemp("newer"), tmp_path_factory.mktemp("older") / "model"
    save_tiny_2_1(newer)
    shutil.copytree(FOLDERS[0] / "Kandinsky_2.0", older)
    small = {"width": 64, "height": 64, "num_inference_steps": 2, "guidance_scale": 5.0}
    return {
        "2.1": request_2_1(newer, prompt="a red cat", num_inference_steps=2),
        "2.0": GenerationRequest("a red cat", model=str(older), seed=7, **small),
    }


@pytest.mark.parametrize("version", ["2.1", "2.0"])
def test_where_words_went_is_known_of_a_picture_whose_decoder_reads_them(
    real, qtbot, real_engine, readers, monkeypatch, version
):
    let_be_small(monkeypatch)
    request = readers[version]
    real.models.spec(request.model)
    [result] = real_engine.generate(request)
    explaining = real.explaining
    real.easel.show_pixels(result.image, result.request)
    explaining.choose(Source.PICTURE)
    assert explaining.can_map(explaining.subject)
    assert explaining.can_weigh(explaining.subject) == (version == "2.1")
    assert explaining.heats is None
    told = []
    explaining.heat_changed.connect(lambda: told.append(explaining.heat))
    explaining.map()
    qtbot.waitUntil(lambda: explaining.mapping is None, timeout=30_000)
    assert explaining.error is None
    heats = explaining.heats
    assert [heat.word for heat in heats] == ["a", "red", "cat"]
    assert all(heat.heat.shape == result.image.shape[:2] for heat in heats)
    assert told == []
    explaining.point_at((heats[1].start, heats[1].end))
    assert explaining.heat is heats[1]
    real.easel.show_pixels(result.image, GenerationRequest("another", task=Task.text2image))
    assert explaining.heat is None, "it is not this picture's"
    real.easel.show_pixels(np.ascontiguousarray(result.image), result.request)
    assert explaining.heat is heats[1]
    explaining.point_at(None)
    assert told == [heats[1], None, heats[1], None]


def test_of_a_prompt_with_a_choice_the_words_that_are_sent_are_weighed(real, weigh):
    real.settings.set(prompt="a {red|blue} circle", prior_seed=1, prior_seed_locked=True)
    sent = real.generation.request().prompt
    weigh()
    assert [one.word for one in real.explaining.worths] == sent.split()
    real.settings.set(prompt="a __nowhere__ circle")
    assert real.explaining.subject is None, "it can't be sent"
