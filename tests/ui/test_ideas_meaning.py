"""Ideas with the built-in model, in the real window: what is seen of them, and what they cost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from kandinsky_studio.app.ideas import DRAFT_STEPS
from kandinsky_studio.app.mix_slots import Picture
from kandinsky_studio.document.surface import from_rgba
from kandinsky_studio.engine.embeddings import similarity
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.training.judge import judge, lab
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, PALETTE, SHAPES, Scene, Shape, draw
from kandinsky_studio.storage.pictures import read_record
from kandinsky_studio.ui.panels.ideas import DRIFT, STYLES, IdeasPanel


@pytest.fixture
def fake_engine(built_in_engine):
    return built_in_engine


@pytest.fixture
def panel(window):
    panel = next(dock.panel for dock in window.docks if isinstance(dock.panel, IdeasPanel))
    window.studio.settings.set(num_inference_steps=12, seed=3, prior_seed=3)
    return panel


def scene(ground, colour, kind, x=0.5, y=0.5, radius=0.25):
    shape = Shape(SHAPES.index(kind), COLOUR_NAMES.index(colour), x, y, radius, 0.0)
    return Scene(COLOUR_NAMES.index(ground), (shape,))


def pictures(*scenes):
    return [Picture(f"{n}", Raster(image)) for n, image in enumerate(draw(scenes, 128))]


def yellow_ground(image):
    """How near the border is to yellow, 0 … 1 of its pixels."""
    border = np.concatenate([image[:8].reshape(-1, 3), image[-8:].reshape(-1, 3)])
    return float((np.linalg.norm(lab(border) - lab(PALETTE[COLOUR_NAMES.index("yellow")]), axis=1) < 25).mean())


def seen(image):
    verdict = judge(image)
    return COLOUR_NAMES[verdict.background], [(COLOUR_NAMES[s.colour], SHAPES[s.kind]) for s in verdict.shapes]


def drafted(window, qtbot):
    ideas = window.studio.ideas
    qtbot.waitUntil(lambda: bool(ideas.drafts) and not ideas.busy, timeout=60_000)
    return ideas.drafts


def whole(window, qtbot, begin):
    with qtbot.waitSignal(window.studio.generation.picture_made, timeout=60_000) as made:
        begin()
    qtbot.waitUntil(lambda: not window.studio.generation.busy, timeout=10_000)
    return made.args[1]


def test_ideas_of_one_prompt_say_the_same_differently_and_the_chosen_one_is_drawn(window, panel, qtbot, runs):
    studio = window.studio
    studio.settings.set(prompt="a red circle")
    studio.ideas.set_count(4)
    window.actions_.commands.action("generation.preview_ideas").trigger()
    drafts = drafted(window, qtbot)
    assert runs["CLIPTextModelWithProjection"] == 2  # the words, and what the prior leads away from: once for all
    for draft in drafts:
        assert seen(draft.result.image)[1] == [("red", "circle")]
    grounds = [draft.result.image[4, 4].astype(int) for draft in drafts]
    places = [
        np.argwhere(np.abs(d.result.image.astype(int) - g).sum(-1) > 90).mean(0)
        for d, g in zip(drafts, grounds, strict=True)
    ]
    assert max(np.abs(a - b).max() for a in places for b in places) > 8  # elsewhere, for another idea

    chosen, before = drafts[2], runs["CLIPTextModelWithProjection"]
    runs_of_prior = runs["PriorTransformer"]
    panel.preview.grid.chosen.emit(2)
    result = whole(window, qtbot, panel.preview.make.click)
    assert np.abs(result.image.astype(int) - chosen.result.image).mean() < 6  # the same idea and the same noise
    assert result.request.num_inference_steps > DRAFT_STEPS
    assert (result.image_embeds == chosen.result.image_embeds).all()
    assert (runs["CLIPTextModelWithProjection"], runs["PriorTransformer"]) == (before, runs_of_prior)
    assert studio.settings.prior_seed_locked
    assert not studio.settings.seed_locked

    again = whole(window, qtbot, window.actions_.generate.trigger)
    assert (again.image_embeds == result.image_embeds).all()
    assert again.request.seed != result.request.seed


def test_ideas_near_one_are_nearer_to_it_than_new_ones(steady_seeds, window, panel, qtbot):
    studio = window.studio
    studio.settings.set(prompt="a star")
    studio.ideas.set_count(4)
    studio.ideas.preview()
    drafts = drafted(window, qtbot)
    chosen, others = drafts[0], drafts[1:]
    far = [similarity(draft.result.image_embeds, chosen.result.image_embeds) for draft in others]
    studio.ideas.more_like(chosen)
    near = [similarity(d.result.image_embeds, chosen.result.image_embeds) for d in drafted(window, qtbot)[1:]]
    assert min(near) > max(far)

    picked = studio.ideas.drafts[1]
    result = whole(window, qtbot, lambda: panel.preview.make_whole(picked))
    assert similarity(result.image_embeds, picked.result.image_embeds) > 0.9999
    assert panel.preview.pinned.isVisibleTo(panel.preview)
    studio.settings.set(prompt="something else")  # what is pinned stays, whatever the words are
    assert similarity(whole(window, qtbot, window.actions_.generate.trigger).image_embeds, result.image_embeds) > 0.9999


def test_seeds_are_drawn_apart_by_commands(window, panel, qtbot):
    window.studio.settings.set(prompt="a red circle on a blue background")
    first = whole(window, qtbot, window.actions_.generate.trigger)
    other = whole(window, qtbot, window.actions_.commands.action("generation.new_rendering").trigger)
    assert other.request.prior_seed == first.request.prior_seed
    assert other.request.seed != first.request.seed
    assert (other.image_embeds == first.image_embeds).all()
    third = whole(window, qtbot, window.actions_.commands.action("generation.new_idea").trigger)
    assert third.request.seed == other.request.seed
    assert third.request.prior_seed != other.request.prior_seed


def test_a_picture_drifts_towards_words_over_the_document(window, panel, qtbot):
    studio, drift = window.studio, window.studio.drift
    source = draw([scene("blue", "red", "circle")], 128)[0]
    image = np.dstack([source, np.full(source.shape[:2], 255, np.uint8)])
    studio.editor.add_picture(from_rgba(image), "Sketch")
    window.actions_.commands.action("generation.drift").trigger()
    assert panel.tabs.currentIndex() == DRIFT
    panel.drift.words.setText("a yellow square on a blue background")
    panel.drift.words.textEdited.emit(panel.drift.words.text())
    drift.set_keeps_composition(False)
    assert panel.drift.amount.isEnabled()

    def at(amount):
        panel.drift.amount._choose(amount * 100)
        qtbot.waitUntil(lambda: not drift.busy and drift.is_draft, timeout=60_000)
        return whole(window, qtbot, lambda: panel.drift.amount.committed.emit(amount * 100)).image

    own, half, words = at(0.001), at(0.5), at(1.0)
    assert seen(own) == ("blue", [("red", "circle")])
    assert seen(words) == ("blue", [("yellow", "square")])
    assert (half != own).any()
    assert studio.candidates.count == 3
    assert studio.candidates.shown.result is not None

    away = at(-0.8)
    yellow = lab(PALETTE[COLOUR_NAMES.index("yellow")])
    assert (np.linalg.norm(lab(away) - yellow, axis=-1) < 25).mean() < 0.02


def test_what_keeps_its_composition_stays_where_it_is(window, panel, qtbot):
    studio, drift = window.studio, window.studio.drift
    [corner] = pictures(scene("white", "red", "square", 0.28, 0.3, 0.18))
    studio.settings.set(seed=1, prior_seed=1)
    drift.take(corner)
    drift.set_words("a blue square on a white background")
    drift.move(1.0)
    result = whole(window, qtbot, drift.render)
    there = np.linalg.norm(lab(result.image) - lab(result.image[120, 120]), axis=-1) > 30
    y, x = np.argwhere(there).mean(axis=0)
    assert abs(x / 128 - 0.28) < 0.12
    assert abs(y / 128 - 0.3) < 0.12
    blue = lab(PALETTE[COLOUR_NAMES.index("blue")])
    assert (np.linalg.norm(lab(result.image)[there] - blue, axis=-1) < 40).mean() > 0.5
    assert studio.settings.values.prompt == ""


def test_a_style_of_yellow_grounds_makes_grounds_yellow_as_strongly_as_one_says(window, panel, qtbot, built_in_engine):
    studio = window.studio
    studio.settings.set(prompt="a red circle on a blue background", prior_seed_locked=True, seed_locked=True)
    plain = whole(window, qtbot, window.actions_.generate.trigger)
    panel.show_part(STYLES)
    assert not panel.styles.make.isEnabled()
    kinds = [("blue", "square"), ("green", "star"), ("black", "circle"), ("white", "triangle"), ("red", "square")]
    kinds = [(colour, kind) for colour, kind in kinds if kind in SHAPES]
    for picture in pictures(*(scene("yellow", *k, 0.35 + 0.07 * n, 0.5, 0.2) for n, k in enumerate(kinds))):
        studio.styles.add(picture)
    panel.styles.name.setText("Sun")
    with qtbot.waitSignal(studio.styles.saved, timeout=60_000) as saved:
        panel.styles.make.click()
    [style] = studio.styles.all
    assert saved.args[0] is style
    assert style.name == "Sun"
    assert studio.styles.applied == ((style, 1.0),)
    assert panel.styles.tray == []
    row = panel.styles.rows[style]

    def made(strength):
        row.strength._choose(strength * 100)
        return whole(window, qtbot, window.actions_.generate.trigger)

    without = made(0.0)
    assert without.request == plain.request
    assert (without.image == plain.image).all()
    results = {strength: made(strength) for strength in (0.5, 1.0, 1.5)}
    share = [yellow_ground(plain.image), *(yellow_ground(result.image) for result in results.values())]
    assert all(later >= earlier - 0.02 for earlier, later in pairwise(share)), share
    assert share[0] < 0.02
    assert share[-1] > 0.9
    assert ("red", "circle") in seen(results[1.5].image)[1]

    # What is in the file makes the same picture again: the style is a part of its request.
    studio.gallery.flush()
    qtbot.waitUntil(lambda: studio.easel.item is not None and studio.easel.item.path is not None, timeout=10_000)
    record, _ = read_record(studio.easel.item.path)
    assert [slot.added for slot in record.request.slots] == [True]
    [again] = built_in_engine.generate(record.request)
    assert (again.image == results[1.5].image).all()
