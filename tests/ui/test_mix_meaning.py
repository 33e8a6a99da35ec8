"""The mix with the built-in model, in the real window: what comes of it, and what it costs."""

from __future__ import annotations

import pytest

from kandinsky_studio.app.canvas_plan import Verb
from kandinsky_studio.document.surface import Surface
from tests.ui.seen import colour_of, disc


@pytest.fixture
def fake_engine(built_in_engine):
    return built_in_engine


def test_the_weights_say_what_is_seen_and_nothing_is_encoded_twice(make_window, qtbot, runs):
    window = make_window()
    studio, mixing = window.studio, window.studio.mixing
    studio.settings.set(
        prompt="", num_inference_steps=12, seed=3, prior_seed=3, seed_locked=True, prior_seed_locked=True
    )
    mixing.add_image(disc("#e02020"), "red")
    mixing.add_image(disc("#2030e0"), "blue")
    blue = mixing.slots[1]

    def mixed(weight):
        mixing.set_weight(blue, weight)
        with qtbot.waitSignal(studio.generation.picture_made, timeout=60_000) as made:
            window.actions_.generate.trigger()
        qtbot.waitUntil(lambda: not studio.generation.busy, timeout=10_000)
        return made.args[1].image

    middle = mixed(0.5)
    encoders, decoder = ("CLIPVisionModelWithProjection", "CLIPTextModelWithProjection"), "UNet2DConditionModel"
    encoded, drawn = [runs[kind] for kind in encoders], runs[decoder]
    assert encoded[0] >= 2
    assert drawn > 0
    only_red, only_blue = mixed(0.0), mixed(1.0)
    assert colour_of(only_red) == "red"
    assert colour_of(only_blue) == "blue"
    assert (middle != only_red).any()
    assert (middle != only_blue).any()
    assert [runs[kind] for kind in encoders] == encoded  # another weight alone encodes nothing
    assert runs[decoder] == 3 * drawn


def test_painting_on_changes_the_mix_over_the_canvas(make_window, qtbot):
    window = make_window()
    studio = window.studio
    studio.settings.set(
        prompt="", num_inference_steps=12, seed=3, prior_seed=3, seed_locked=True, prior_seed_locked=True
    )
    document = studio.editor.add_picture(disc("#e02020"), "Sketch").document
    studio.settings.set(prompt="<layer:Sketch>")
    qtbot.waitUntil(lambda: studio.candidates.verb is Verb.MIX, timeout=3000)

    def candidate(count):
        window.actions_.generate.trigger()
        qtbot.waitUntil(lambda: studio.candidates.count == count and not studio.candidates.busy, timeout=60_000)
        return studio.candidates.shown.result

    assert colour_of(candidate(1).image) == "red"
    document.change("Paint", document.state.with_layer(document.active_id, pixels=Surface.from_image(disc("#2030e0"))))
    blue = candidate(2)
    assert colour_of(blue.image) == "blue"

    # The idea of what was made is a pigment, and alone in the mix it makes the very same picture again.
    with qtbot.waitSignal(studio.pigments.saved, timeout=10_000) as saved:
        studio.pigments.save_result(blue)
    studio.settings.set(prompt="")
    studio.mixing.add_pigment(saved.args[0].name)
    studio.mixing.set_pull(0.0)
    again = candidate(3)
    assert (again.image == blue.image).all()
