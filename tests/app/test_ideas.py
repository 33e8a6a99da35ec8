"""Ideas, drift and styles with the engine double: what is asked of the engine, what is pinned, what is sent."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from kandinsky_studio.app.drift import slots_at
from kandinsky_studio.app.ideas import DRAFT_SIDE, DRAFT_STEPS, Kind, draft_size
from kandinsky_studio.app.mix_slots import Picture
from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot, add, take_off
from kandinsky_studio.engine.models import kandinsky_2_0, kandinsky_2_2, spec_of
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import Task
from kandinsky_studio.errors import BrokenPigment, BrokenStyle
from kandinsky_studio.storage import pigments, styles


def drafted(studio, qtbot, count=None):
    """Wait until all drafts are there."""
    qtbot.waitUntil(lambda: studio.ideas.drafts and not studio.ideas.busy, timeout=10_000)
    if count is not None:
        assert len(studio.ideas.drafts) == count
    return studio.ideas.drafts


def picture(value=90):
    return Picture("Painting", Raster(np.full((64, 96, 3), value, np.uint8)))


def style_of(studio, qtbot, name="Ink"):
    """A style on the shelf, made of nothing in particular."""
    direction = SavedEmbedding(np.linspace(-1, 1, 8, dtype=np.float32), "")
    kept = styles.save(studio.styles.folder, name, direction, [np.zeros((10, 20, 3), np.uint8)])
    studio.styles.open()
    studio.styles.flush()
    return studio.styles.named(kept.name)


def test_drafts_differ_in_their_ideas_and_in_nothing_else(studio, qtbot, fake_engine):
    studio.settings.set(prompt="a red circle", prior_seed=7, prior_seed_locked=True, seed=3)
    studio.ideas.set_count(4)
    studio.ideas.preview()
    drafts = drafted(studio, qtbot, 4)
    assert [draft.request.prior_seed for draft in drafts] == [7, 8, 9, 10]
    assert len({dataclasses.replace(draft.request, prior_seed=0) for draft in drafts}) == 1
    assert {draft.request.seed for draft in drafts} == {3}
    assert {draft.request.num_inference_steps for draft in drafts} == {DRAFT_STEPS}
    assert studio.gallery_list.rowCount() == 0  # a draft is nothing to keep
    studio.ideas.preview()
    again = drafted(studio, qtbot, 4)
    assert not {draft.request.prior_seed for draft in again} & {7, 8, 9, 10}


def test_a_chosen_idea_is_held_by_its_seed(studio, qtbot):
    studio.settings.set(prompt="a red circle", prior_seed=7, prior_seed_locked=True, seed=3)
    studio.ideas.preview()
    chosen = drafted(studio, qtbot)[2]
    studio.settings.set(prior_seed_locked=False, seed=99)
    assert studio.ideas.pin_down(chosen)
    values = studio.settings.values
    assert (values.prior_seed, values.seed) == (9, 3)
    assert studio.settings.prior_seed_locked
    assert not studio.settings.seed_locked
    with studio.settings.held():
        studio.settings.draw_seeds()
        request = studio.generation.request()
    assert (request.prior_seed, request.seed, request.num_images_per_prompt) == (9, 3, 1)
    assert request.slots == ()
    studio.ideas.unpin()
    assert not studio.settings.prior_seed_locked


def test_ideas_near_one_are_mixed_with_it_and_pinned_as_themselves(studio, qtbot):
    studio.settings.set(prompt="a red circle", seed=3)
    studio.ideas.set_count(3)
    studio.ideas.preview()
    chosen = drafted(studio, qtbot)[1]
    studio.ideas.more_like(chosen)
    drafts = drafted(studio, qtbot, 3)
    assert drafts[0] is chosen
    assert studio.ideas.kind is Kind.NEAR
    near = drafts[1].request
    assert [slot.prompt for slot in near.slots] == [None, "a red circle"]
    assert near.slots[0].weight > near.slots[1].weight
    assert drafts[1].request.prior_seed != drafts[2].request.prior_seed
    assert near.seed == 3
    studio.ideas.pin_down(drafts[1])
    request = studio.generation.request()
    assert request.slots[0].embedding is not None
    assert request.task is Task.text2image
    told = []
    studio.messages.connect_window(told.append)
    studio.settings.set(prompt="a red circ")
    studio.settings.set(prompt="a red cir")
    [message] = told  # once is enough to know that words have no effect now
    assert len(message.actions) == 1
    studio.mixing.add(picture())
    assert studio.generation.request().slots[0].image is not None  # a mix goes before it
    studio.ideas.new_idea(None)
    assert studio.ideas.pin is None


def test_one_idea_is_drawn_several_times(studio, qtbot):
    studio.settings.set(prompt="a red circle", seed=3, prior_seed=7)
    studio.ideas.set_count(3)
    studio.ideas.preview()
    chosen = drafted(studio, qtbot)[0]
    studio.ideas.renderings(chosen)
    drafts = drafted(studio, qtbot, 3)
    assert {draft.request.prior_seed for draft in drafts} == {chosen.request.prior_seed}
    assert [draft.request.seed for draft in drafts] == [3, 4, 5]
    studio.ideas.pin_down(drafts[2])
    assert studio.settings.values.seed == 5
    assert studio.settings.seed_locked


def test_a_cancelled_preview_keeps_what_is_there(studio, qtbot, fake_engine):
    studio.settings.set(prompt="a red circle")
    studio.ideas.set_count(3)
    fake_engine.hold.clear()
    studio.ideas.preview()
    qtbot.waitUntil(lambda: bool(fake_engine.requests), timeout=5000)
    assert studio.ideas.busy
    studio.ideas.cancel()
    qtbot.waitUntil(lambda: not studio.ideas.busy, timeout=5000)
    assert studio.ideas.drafts == ()


def test_a_new_preview_takes_the_place_of_one_that_runs(studio, qtbot, fake_engine):
    studio.settings.set(prompt="a red circle")
    fake_engine.hold.clear()
    studio.ideas.preview()
    qtbot.waitUntil(lambda: bool(fake_engine.requests), timeout=5000)
    first = studio.ideas.drafts
    studio.ideas.preview()
    fake_engine.hold.set()
    drafts = drafted(studio, qtbot, studio.ideas.count)
    assert not set(first) & set(drafts)


def test_seeds_are_drawn_apart(studio):
    studio.settings.set(prompt="a", prior_seed=1, seed=2)
    seen = dataclasses.replace(studio.settings.values, prior_seed=5, seed=6)
    studio.ideas.new_idea(seen)
    assert studio.settings.values.seed == 6
    assert studio.settings.values.prior_seed not in (1, 5)
    studio.ideas.new_rendering(seen)
    assert studio.settings.values.prior_seed == 5
    assert studio.settings.values.seed not in (2, 6)


def test_drafts_are_as_small_as_the_model_allows():
    assert draft_size(128, 128, spec_of("builtin")) == (128, 128)
    width, height = draft_size(1024, 512, kandinsky_2_2.SPEC)
    assert abs(width / height - 2) < 0.05
    assert 0.8 < width * height / DRAFT_SIDE**2 < 1.2


def test_a_model_without_ideas_previews_none(studio):
    studio.settings.choose_model(kandinsky_2_0.SPEC)
    assert not studio.ideas.able
    assert not studio.drift.able
    assert not studio.styles.able


# --- styles -----------------------------------------------------------------------------------------------------------


def test_what_was_added_can_be_taken_off_again():
    random = np.random.default_rng(0)
    idea = random.standard_normal(64).astype(np.float32)
    directions = [random.standard_normal(64).astype(np.float32) * 0.4 for _ in range(2)]
    moved = add(idea, directions, [1.2, -0.7])
    assert np.allclose(take_off(moved, directions, [1.2, -0.7]), idea, atol=1e-4)
    assert take_off(moved, [], []) is moved


def test_an_applied_style_is_in_the_request_and_a_strength_of_nothing_is_not(studio, qtbot):
    style = style_of(studio, qtbot)
    studio.settings.set(prompt="a red circle")
    plain = studio.generation.request()
    studio.styles.apply(style, 0.5)
    [slot] = studio.generation.request().slots
    assert (slot.added, slot.weight, slot.embedding) == (True, 0.5, style.embedding)
    studio.mixing.add(picture())
    assert [slot.added for slot in studio.generation.request().slots] == [False, True]
    studio.mixing.set_used(False)
    studio.styles.apply(style, 0.0)
    assert studio.generation.request() == plain
    studio.styles.apply(style, 7.0)
    assert studio.styles.applied == ((style, 2.0),)
    studio.settings.choose_model(kandinsky_2_0.SPEC)
    assert studio.generation.request().slots == ()


def test_a_renamed_style_stays_applied_and_one_in_the_trash_does_not(studio, qtbot):
    told = []
    studio.messages.connect_window(told.append)
    style = style_of(studio, qtbot)
    studio.styles.apply(style, 0.5)
    studio.styles.rename(style, "Charcoal")
    studio.styles.flush()
    [(renamed, strength)] = studio.styles.applied
    assert (renamed.name, strength) == ("Charcoal", 0.5)
    studio.styles.discard(renamed)
    studio.styles.flush()
    assert studio.styles.applied == ()
    assert studio.styles.all == ()
    told[-1].actions[0].run()
    studio.styles.flush()
    assert [style.name for style in studio.styles.all] == ["Charcoal"]


def test_what_is_applied_is_applied_at_the_next_start(studio, make_studio, qtbot):
    ink, chalk = style_of(studio, qtbot), style_of(studio, qtbot, "Chalk")
    studio.styles.apply(ink, 0.5)
    studio.styles.apply(chalk, -1.0)
    studio.styles.put_off(chalk)
    studio.close()
    later = make_studio()
    later.styles.open()
    later.styles.flush()
    assert [(style.name, strength) for style, strength in later.styles.applied] == [("Ink", 0.5)]
    [slot] = later.styles.completed(later.settings.values).slots
    assert (slot.weight, slot.added) == (0.5, True)


@pytest.mark.parametrize("remembered", [{"Ink": "much"}, {"Ink": 9}, {"Ink": float("nan")}, {"Gone": 1.0}])
def test_what_makes_no_sense_is_not_applied(studio, qtbot, remembered):
    style_of(studio, qtbot)
    studio.remembering.values.applied_styles = remembered
    studio.styles.open()
    studio.styles.flush()
    assert studio.styles.applied == ()


def test_a_style_is_no_pigment_and_a_pigment_no_style(tmp_path):
    direction = SavedEmbedding(np.ones(8, np.float32), "encoder")
    style = styles.save(tmp_path / "s", "Ink", direction, [np.zeros((9, 9, 3), np.uint8)] * 3)
    assert styles.read(style.path).embedding == direction
    with pytest.raises(BrokenPigment):
        pigments.read(style.path)
    pigment = pigments.save(tmp_path / "p", "Red", direction, np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(BrokenStyle):
        styles.read(pigment.path)
    found, broken = styles.read_all(tmp_path / "p")
    assert found == []
    assert [type(error) for error in broken] == [BrokenStyle]


def test_one_picture_is_no_style(studio):
    told = []
    studio.messages.connect_window(told.append)
    studio.styles.add(picture())
    studio.styles.make("Ink")
    assert not studio.styles.busy
    assert "2" in told[-1].text


# --- drift ------------------------------------------------------------------------------------------------------------


def test_the_way_leads_from_the_picture_to_the_words_and_away_from_them():
    own = Slot(image=Raster(np.zeros((8, 8, 3), np.uint8)), weight=0.3)
    assert slots_at(own, "rain", 0.0) == (dataclasses.replace(own, weight=1.0),)
    assert [slot.weight for slot in slots_at(own, "rain", 0.25)] == [0.75, 0.25]
    assert slots_at(own, "rain", 1.0) == (Slot(prompt="rain", weight=1.0),)
    [kept, away] = slots_at(own, "rain", -1.0)
    assert kept.weight == 1.0
    assert (away.prompt, away.weight, away.added) == ("rain", -0.5, True)


def test_drafts_follow_the_hand_and_the_whole_picture_is_kept(studio, qtbot, fake_engine):
    drift = studio.drift
    drift.take(picture())
    drift.move(0.5)
    assert not fake_engine.requests  # towards nothing
    drift.set_words("rain")
    drift.move(0.5)
    qtbot.waitUntil(lambda: drift.image is not None and not drift.busy, timeout=5000)
    assert drift.is_draft
    draft = fake_engine.requests[-1]
    assert draft.task is Task.image2image
    assert draft.strength == drift.strength
    assert draft.num_inference_steps == DRAFT_STEPS
    with qtbot.waitSignal(studio.generation.picture_made, timeout=5000):
        assert drift.render() is not None
    assert not drift.is_draft
    whole = fake_engine.requests[-1]
    assert whole.num_inference_steps > DRAFT_STEPS
    assert dataclasses.replace(whole, num_inference_steps=0, width=0, height=0) == dataclasses.replace(
        draft, num_inference_steps=0, width=0, height=0
    )
    qtbot.waitUntil(lambda: not drift.busy, timeout=5000)
    assert drift.render() is None  # it is there already
    drift.set_keeps_composition(False)
    assert drift.render() is not None
    qtbot.waitUntil(lambda: not drift.busy and not studio.generation.busy, timeout=5000)
    assert fake_engine.requests[-1].task is Task.mix


def test_a_style_of_another_encoder_is_left_out(studio, qtbot):
    direction = SavedEmbedding(np.ones(8, np.float32), "of another")
    other = styles.save(studio.styles.folder, "Other", direction, [np.zeros((9, 9, 3), np.uint8)])
    studio.styles.open()
    studio.styles.flush()
    style = studio.styles.named(other.name)
    studio.styles.apply(style)
    assert not studio.styles.fits(style)
    assert studio.generation.request().slots == ()
