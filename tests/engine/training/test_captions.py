"""Captions say what is true, in grammatical English and Russian, and state exactly what they say."""

import numpy as np
import pytest

from kandinsky_studio.engine.training.captions import LANGUAGES, caption, plain_caption
from kandinsky_studio.engine.training.code import scene_attributes
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, SHAPES, Scene, Shape, random_scene


def scene_of(*shapes: tuple[str, str], background: str) -> Scene:
    placed = [
        Shape(SHAPES.index(kind), COLOUR_NAMES.index(colour), 0.25 + 0.5 * n, 0.5, 0.15, 0.0)
        for n, (colour, kind) in enumerate(shapes)
    ]
    return Scene(COLOUR_NAMES.index(background), tuple(placed))


def test_plain_captions() -> None:
    scene = scene_of(("orange", "star"), ("blue", "ring"), background="yellow")
    assert plain_caption(scene, "en") == "an orange star and a blue ring on a yellow background"
    assert plain_caption(scene, "ru") == "оранжевая звезда и синее кольцо на жёлтом фоне"
    assert plain_caption(scene_of(("black", "square"), background="blue"), "ru") == "чёрный квадрат на синем фоне"


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_a_caption_states_nothing_untrue(language) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    for _ in range(300):
        scene = random_scene(rng)
        said, true = caption(scene, language, rng).attributes(), scene_attributes(scene)
        from kandinsky_studio.engine.training.code import PLACE, SLOT_SIZE

        for slot in range(2):
            exact = slice(slot * SLOT_SIZE, (slot + 1) * SLOT_SIZE - PLACE)
            stated = said[exact] != 0
            assert np.allclose(said[exact][stated], true[exact][stated])
            x = slot * SLOT_SIZE + SLOT_SIZE - PLACE
            if said[x] and len(scene.shapes) == 1 and abs(said[x]) > 0.1:
                assert np.sign(said[x]) == np.sign(true[x])  # left is left
        ground = slice(-len(COLOUR_NAMES), None)
        assert not said[ground].any() or np.allclose(said[ground], true[ground])


def test_a_caption_names_what_it_states() -> None:
    rng = np.random.default_rng(1)
    english = LANGUAGES[0]
    for _ in range(200):
        scene = random_scene(rng, 1)
        spoken = caption(scene, english, rng)
        (statement,) = spoken.statements
        words = spoken.text.lower()
        if statement.kind is not None:
            assert any(word in words for word in english.kinds[statement.kind])  # type: ignore[attr-defined]
        else:
            assert "shape" in words
        if spoken.background is not None:
            assert any(word in words for word in english.colours[spoken.background])  # type: ignore[attr-defined]


def test_russian_adjectives_agree() -> None:
    rng = np.random.default_rng(2)
    feminine = {"красный звезда", "синий звезда", "красное звезда", "красный кольцо", "большой звезда", "большая круг"}
    texts = [caption(random_scene(rng, 1), LANGUAGES[1], rng).text.lower() for _ in range(600)]
    assert not any(wrong in text for text in texts for wrong in feminine)
    assert any("красная звезда" in text for text in texts)
    assert any("красное кольцо" in text for text in texts)
