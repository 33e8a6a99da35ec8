"""The mixing pad and the strip with the built-in model, in the real window: what comes of them, and what it costs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from kandinsky_studio.app.mix_slots import Words
from kandinsky_studio.app.pad_geometry import corners_of
from kandinsky_studio.engine.embeddings import similarity
from kandinsky_studio.ui.panels.pad import PadPanel
from tests.ui.seen import colour_of, disc

STEPS = 12
ENCODERS = ("CLIPVisionModelWithProjection", "CLIPTextModelWithProjection")
DECODER = "UNet2DConditionModel"


@pytest.fixture
def fake_engine(built_in_engine):
    return built_in_engine


@pytest.fixture
def studio_(make_window):
    window = make_window()
    window.resize(1280, 900)
    studio = window.studio
    studio.settings.set(prompt="", num_inference_steps=STEPS, seed=3, prior_seed=3)
    studio.window = window
    return studio


def array(image):
    image = image.convertToFormat(image.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def test_the_puck_says_what_is_seen_and_a_second_draft_encodes_nothing(studio_, qtbot, runs, built_in_engine):
    window, pad = studio_.window, studio_.pad
    dock = next(dock for dock in window.docks if isinstance(dock.panel, PadPanel))
    window.areas.show_dock(dock)
    field = dock.panel.field
    for colour, name in (("#e02020", "red"), ("#2030e0", "blue"), ("#20a040", "green")):
        studio_.ingredients.image(disc(colour), name, pad.add)

    def at(place):
        before = pad.image
        QTest.mouseMove(field, field.point_of(place).toPoint())
        qtbot.waitUntil(lambda: pad.image is not before and pad._drafted[0] == pad.place, timeout=60_000)
        return array(pad.image)

    def rendered():
        with qtbot.waitSignal(studio_.generation.picture_made, timeout=60_000) as made:
            QTest.mouseRelease(field, Qt.MouseButton.LeftButton, pos=field.point_of(pad.place).toPoint())
        qtbot.waitUntil(lambda: not pad.busy, timeout=10_000)
        return made.args[1]

    red, blue, _ = corners_of(3)
    QTest.mousePress(field, Qt.MouseButton.LeftButton, pos=field.point_of((0.0, 0.0)).toPoint())
    qtbot.waitUntil(lambda: pad.image is not None, timeout=60_000)
    encoded, drawn = [runs[kind] for kind in ENCODERS], runs[DECODER]
    assert encoded[0] >= 3
    assert drawn == pad.steps
    assert colour_of(at(red)) == "red"
    assert pad.weights[0] > 0.99
    assert colour_of(at(blue)) == "blue"
    assert [runs[kind] for kind in ENCODERS] == encoded
    assert runs[DECODER] == 3 * drawn
    draft = array(pad.image)
    image = rendered().image
    assert colour_of(image) == "blue"
    assert [runs[kind] for kind in ENCODERS] == encoded
    assert similarity(built_in_engine.encode_image(draft), built_in_engine.encode_image(image)) > 0.9


def whole(studio, qtbot, place):
    """The whole picture of a place of the pad."""
    studio.pad.move(place)
    with qtbot.waitSignal(studio.generation.picture_made, timeout=60_000) as made:
        studio.pad.render()
    qtbot.waitUntil(lambda: not studio.pad.busy, timeout=10_000)
    return made.args[1]


def test_in_the_middle_the_idea_lies_between(studio_, qtbot):
    studio_.mixing.set_pull(0.0)
    studio_.ingredients.image(disc("#e02020"), "red", studio_.pad.add)
    studio_.ingredients.image(disc("#f0d020", "#2030e0"), "yellow", studio_.pad.add)
    first, middle, last = (whole(studio_, qtbot, place).image_embeds for place in ((-1, 0), (0, 0), (1, 0)))
    apart = similarity(first, last)
    assert apart < 0.9
    for end in (first, last):
        assert similarity(middle, end) > apart + 0.5 * (1 - apart) / 2
    quarter = whole(studio_, qtbot, (-0.5, 0)).image_embeds
    assert similarity(quarter, first) > similarity(middle, first) > similarity(last, first)


def test_what_the_pad_shows_the_mix_makes_bit_for_bit(studio_, qtbot):
    for text in ("a red circle on a white background", "a blue triangle on a yellow background"):
        studio_.ingredients.words(text, studio_.pad.add)
    made = whole(studio_, qtbot, (-0.4, 0.0))
    studio_.pad.use_in_mix()
    studio_.settings.set(prior_seed_locked=True, seed_locked=True)
    with qtbot.waitSignal(studio_.generation.picture_made, timeout=60_000) as mixed:
        studio_.generation.generate()
    assert (mixed.args[1].image == made.image).all()
    qtbot.waitUntil(lambda: not studio_.generation.busy, timeout=10_000)


def strip_of(studio, qtbot, count):
    studio.strip.set_count(count)
    studio.strip.make()
    qtbot.waitUntil(lambda: studio.strip.made == count and not studio.strip.busy, timeout=120_000)
    return [frame.result for frame in studio.strip.frames]


def test_the_ends_of_a_strip_are_the_plain_pictures_and_what_is_between_goes_evenly(studio_, qtbot, runs):
    strip, mixing = studio_.strip, studio_.mixing
    mixing.set_pull(0.0)
    ends = (Words("a red circle on a white background"), Words("a blue triangle on a yellow background"))
    for number, end in enumerate(ends):
        strip.set_end(number, end)
    results = strip_of(studio_, qtbot, 5)
    encoded = runs[ENCODERS[1]]
    ideas = [result.image_embeds for result in results]
    to_first = [similarity(idea, ideas[0]) for idea in ideas]
    to_last = [similarity(idea, ideas[-1]) for idea in ideas]
    assert all(before > after for before, after in pairwise(to_first))
    assert all(before < after for before, after in pairwise(to_last))
    for result, colour in ((results[0], "red"), (results[-1], "blue")):
        assert colour_of(result.image) == colour

    # Steady noise: what is put between later, or made again with other neighbours, is the very same picture.
    strip.refine(strip.frames[1])
    qtbot.waitUntil(lambda: strip.made == 6, timeout=60_000)
    assert similarity(strip.frames[2].result.image_embeds, ideas[0]) < to_first[1]
    again = strip_of(studio_, qtbot, 3)
    assert (again[1].image == results[2].image).all()
    assert runs[ENCODERS[1]] == encoded

    studio_.settings.set(prior_seed_locked=True, seed_locked=True)
    for end, result in zip(ends, (results[0], results[-1]), strict=True):
        mixing.take_over([(end, 1.0)])
        with qtbot.waitSignal(studio_.generation.picture_made, timeout=60_000) as plain:
            studio_.generation.generate()
        assert (plain.args[1].image == result.image).all()
    qtbot.waitUntil(lambda: not studio_.generation.busy, timeout=10_000)
