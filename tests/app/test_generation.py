"""From choices to a request, and the queue of jobs."""

from __future__ import annotations

import numpy as np
import pytest

from kandinsky_studio.app.generation import GenerationSettings
from kandinsky_studio.app.messages import Weight
from kandinsky_studio.app.translation import Translation
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.request import GenerationRequest, Task


@pytest.fixture
def settings(qapp):
    return GenerationSettings()


def test_only_fields_that_differ_are_told_of(settings):
    told = []
    settings.changed.connect(told.append)
    settings.set(prompt="x", seed=0, num_inference_steps=7)
    assert told == ["prompt", "num_inference_steps"]


def test_open_seeds_are_drawn_and_locked_ones_stay(settings):
    settings.set(prior_seed=11, seed=12, prior_seed_locked=True)
    seen = set()
    for _ in range(5):
        settings.draw_seeds()
        assert settings.values.prior_seed == 11
        seen.add(settings.values.seed)
    assert len(seen) >= 4


def test_a_locked_seed_is_the_same_for_all_pictures_of_a_job(settings):
    settings.set(prompt="x", prior_seed=5, seed=9, prior_seed_locked=True, num_images_per_prompt=3)
    pictures = list(settings.request().pictures())
    assert [picture.prior_seed for picture in pictures] == [5, 5, 5]
    assert [picture.seed for picture in pictures] == [9, 10, 11]


def test_both_locked_make_one_picture(settings):
    settings.set(prompt="x", prior_seed_locked=True, seed_locked=True, num_images_per_prompt=3)
    assert settings.all_alike
    assert settings.request().num_images_per_prompt == 1
    assert settings.values.num_images_per_prompt == 3, "the choice comes back with the open lock"


def test_spaces_around_a_prompt_do_not_make_another_picture(settings):
    settings.set(prompt="  a circle\n", negative_prompt=" red ")
    assert settings.request().prompt == "a circle"
    assert settings.request().negative_prompt == "red"


def test_another_model_takes_what_was_left_at_the_default_to_its_own(settings):
    small, large = spec_of("builtin"), spec_of("kandinsky-2.2")
    settings.choose_model(small)
    settings.set(num_inference_steps=33)
    settings.choose_model(large, small)
    assert settings.values.model == large.key
    assert (settings.values.width, settings.values.height) == (large.native_size, large.native_size)
    assert settings.values.guidance_scale == large.guidance_scale.default
    assert settings.values.num_inference_steps == 33, "this was chosen by hand"


def test_a_size_the_new_model_can_not_make_becomes_its_own(settings):
    small, large = spec_of("builtin"), spec_of("kandinsky-2.2")
    settings.choose_model(large)
    settings.set(width=2048, height=300)
    settings.choose_model(small, large)
    assert settings.values.width == small.native_size
    assert settings.values.height == 300


def test_settings_and_seeds_are_taken_apart(settings):
    settings.set(prior_seed=1, seed=2, num_images_per_prompt=4)
    other = GenerationRequest(prompt="y", seed=77, prior_seed=88, num_inference_steps=9)
    settings.use_settings(other)
    values = settings.values
    assert (values.prompt, values.num_inference_steps) == ("y", 9)
    assert (values.prior_seed, values.seed, values.num_images_per_prompt) == (1, 2, 4)
    settings.use_seeds(other)
    assert (settings.values.prior_seed, settings.values.seed) == (88, 77)
    assert settings.prior_seed_locked
    assert settings.seed_locked


def test_of_a_picture_made_from_another_one_the_words_and_numbers_are_taken(settings):
    picture = np.zeros((64, 64, 3), np.uint8)
    other = GenerationRequest(prompt="y", task=Task.image2image, image=picture, strength=0.4, guidance_scale=3.0)
    settings.use_settings(other)
    values = settings.values
    assert (values.prompt, values.guidance_scale, values.strength) == ("y", 3.0, 0.4)
    assert (values.task, values.image) == (Task.text2image, None)


def test_a_picture_can_be_made_again(qtbot, studio, fake_engine):
    """Its settings and its seeds give the request that made it."""
    results = []
    studio.worker.picture_made.connect(lambda _, result: results.append(result))
    studio.settings.set(prompt="a circle", num_images_per_prompt=3, num_inference_steps=2)
    with qtbot.waitSignal(studio.generation.ended, timeout=2000):
        studio.generation.generate()
    third = results[2]
    studio.settings.set(prompt="something else")
    studio.use_settings(third.request)
    studio.settings.use_seeds(third.request)
    with qtbot.waitSignal(studio.generation.ended, timeout=2000):
        studio.generation.generate()
    assert (results[3].image == third.image).all()
    assert (results[3].request.prior_seed, results[3].request.seed) == (third.request.prior_seed, third.request.seed)


def test_an_empty_prompt_starts_nothing(qtbot, studio, fake_engine):
    messages = []
    studio.messages.connect_window(messages.append)
    studio.settings.set(prompt="  \n")
    assert studio.generation.generate() is None
    assert not studio.generation.busy
    assert len(messages) == 1
    assert messages[0].text
    assert messages[0].hint
    assert fake_engine.requests == []


def test_jobs_wait_for_one_another(qtbot, studio, fake_engine):
    fake_engine.hold.clear()
    studio.settings.set(prompt="a", num_inference_steps=2)
    with qtbot.waitSignal(studio.generation.started, timeout=2000):
        studio.generation.generate()
    studio.generation.generate()
    studio.generation.generate()
    assert studio.generation.waiting == 2
    with qtbot.waitSignals([studio.generation.ended] * 3, timeout=2000):
        studio.generation.cancel_all()
    assert not studio.generation.busy
    assert len(fake_engine.requests) <= 1


@pytest.mark.parametrize("language", ["en", "ru"])
def test_once_in_a_job_it_is_said_that_memory_ran_out(qtbot, studio, fake_engine, language):
    said = {
        "en": "Memory ran out, so less of the model stays in it; pictures take longer.",
        "ru": "Памяти не хватило, поэтому модель остаётся в ней не целиком; картины займут больше времени.",
    }
    messages = []
    studio.messages.connect_window(messages.append)
    studio.settings.set(prompt="a", num_inference_steps=3, num_images_per_prompt=2)
    translation = Translation()
    translation.use(language)
    try:
        for steps_down_at, count in ((None, 0), (2, 1), (2, 2)):
            fake_engine.steps_down_at = steps_down_at
            with qtbot.waitSignal(studio.generation.ended, timeout=2000):
                studio.generation.generate()
            assert [message.text for message in messages] == [said[language]] * count
    finally:
        translation.remove()
    assert {message.weight for message in messages} == {Weight.note}
