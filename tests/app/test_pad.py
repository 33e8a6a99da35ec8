"""The mixing pad: corners, puck, drafts, trail, and what it has to do with the mix."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QPainter

from kandinsky_studio.app.mix_slots import OfLayer, Picture, Words
from kandinsky_studio.app.pad_geometry import corners_of
from kandinsky_studio.document.surface import Depth, new_image
from kandinsky_studio.engine.models import kandinsky_2_0
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import Task


def picture(name, value):
    return Picture(name, Raster(np.full((64, 64, 3), value, np.uint8)))


@pytest.fixture
def pad(studio):
    pad = studio.pad
    studio.settings.set(prior_seed=5, seed=6, num_inference_steps=20)
    for source in (picture("one", 10), picture("two", 90), Words("a star")):
        pad.add(source)
    return pad


def drafted(pad, qtbot):
    qtbot.waitUntil(lambda: pad.image is not None, timeout=3000)


def rendered(pad, qtbot):
    pad.render()
    assert pad.busy
    qtbot.waitUntil(lambda: not pad.busy, timeout=3000)


def test_one_to_five_things(studio):
    pad = studio.pad
    for number in range(1, 7):
        pad.add(picture(str(number), number))
        assert len(pad.corners) == min(number, 5)
        assert pad.ready == (number > 1)
    pad.add(Words("  "))
    other = picture("other", 99)
    pad.add(other, 2)
    assert pad.corners[2] is other
    pad.remove(0)
    assert [source.title() for source in pad.corners] == ["2", "other", "4", "5"]


def test_the_puck_drafts_with_few_steps_and_the_same_noise(pad, fake_engine, qtbot, studio):
    pad.move((0.1, 0.2))
    drafted(pad, qtbot)
    pad.set_steps(3)
    pad.move((0.2, -0.1))
    qtbot.waitUntil(lambda: len(fake_engine.requests) == 2, timeout=3000)
    first, second = fake_engine.requests
    assert (first.num_inference_steps, second.num_inference_steps) == (5, 3)
    assert {(one.prior_seed, one.seed) for one in (first, second)} == {(5, 6)}
    assert first.task is Task.mix
    assert sum(slot.weight for slot in first.slots) == pytest.approx(1.0)
    assert [slot.weight for slot in first.slots] != [slot.weight for slot in second.slots]
    assert first.slots[0].image is second.slots[0].image  # looked at once
    assert pad.is_draft
    assert studio.gallery_list.rowCount() == 0


def test_settings_that_draw_new_seeds_leave_those_of_the_pad(pad, fake_engine, qtbot, studio):
    pad.move((0.1, 0.2))
    drafted(pad, qtbot)
    studio.settings.draw_seeds()
    pad.move((0.2, 0.2))
    qtbot.waitUntil(lambda: len(fake_engine.requests) == 2, timeout=3000)
    assert fake_engine.requests[1].seed == 6
    pad.draw_noise()
    qtbot.waitUntil(lambda: len(fake_engine.requests) == 3, timeout=3000)
    assert fake_engine.requests[2].seed != 6
    studio.settings.set(seed=77, seed_locked=True)
    pad.move((0.3, 0.2))
    qtbot.waitUntil(lambda: len(fake_engine.requests) == 4, timeout=3000)
    assert fake_engine.requests[3].seed == 77  # locked is locked everywhere


def test_of_many_moves_only_the_newest_waits(pad, fake_engine, qtbot):
    fake_engine.hold.clear()
    for step in range(20):
        pad.move((step / 40, 0.0))
    fake_engine.hold.set()
    drafted(pad, qtbot)
    qtbot.waitUntil(lambda: pad._drafted[0] == pad.place, timeout=3000)
    assert len(fake_engine.requests) <= 2


def test_the_whole_picture_is_kept_and_joins_the_trail(pad, fake_engine, qtbot, studio):
    pad.move((0.1, 0.2))
    drafted(pad, qtbot)
    with qtbot.waitSignal(studio.gallery.added, timeout=3000):
        pad.render()
    [visited] = pad.trail.visited
    assert visited.finished
    assert visited.item is not None
    assert fake_engine.requests[-1].num_inference_steps == 20
    assert not pad.is_draft
    pad.render()  # nothing would be different
    assert not pad.busy
    studio.settings.set(num_inference_steps=12)
    rendered(pad, qtbot)
    assert len(pad.trail.visited) == 1


def test_a_place_of_the_trail_is_visited_again(pad, qtbot, studio):
    places = [(0.1, 0.2), (-0.2, 0.1), (0.0, -0.3)]
    for place in places:
        pad.move(place)
        with qtbot.waitSignal(studio.gallery.added, timeout=3000):
            pad.render()
    assert [one.place for one in pad.trail.visited] == places
    pad.move((0.4, 0.0))
    first = pad.trail.visited[0]
    pad.visit(first)
    assert pad.place == first.place
    assert pad.image is first.image
    assert not pad.is_draft
    qtbot.waitUntil(lambda: studio.easel.item is first.item, timeout=3000)
    pad.step(1)
    assert pad.place == places[1]
    pad.step(9)
    assert pad.place == places[2]
    pad.remove(0)
    assert not pad.trail.visited  # other corners, other places
    assert studio.gallery_list.rowCount() == 3


def test_moving_on_gives_up_the_picture_of_the_place_before(pad, fake_engine, qtbot):
    pad.move((0.1, 0.2))
    drafted(pad, qtbot)
    fake_engine.hold.clear()
    pad.render()
    pad.move((0.3, 0.0))
    qtbot.waitUntil(lambda: not pad.busy, timeout=3000)
    fake_engine.hold.set()
    [visited] = pad.trail.visited
    assert not visited.finished
    assert visited.image is not None  # its draft


def test_the_mix_and_the_pad_agree(pad, qtbot, studio):
    mixing = studio.mixing
    mixing.add_words("rain")
    mixing.set_negative(mixing.slots[0], True)
    pad.move((0.3, 0.1))
    pad.use_in_mix()
    *positive, negative = mixing.slots
    assert [slot.source for slot in positive] == list(pad.corners)
    assert [slot.weight for slot in positive] == pytest.approx(list(pad.weights))
    assert negative.source == Words("rain")
    assert mixing.total == pytest.approx(1.0)
    studio.settings.set(prior_seed_locked=True, seed_locked=True)
    assert studio.generation.request().slots == pad._request().slots
    mixing.set_weight(positive[0], 0.5)
    pad.take_mix()
    assert pad.weights == pytest.approx([slot.weight for slot in positive])  # three have a place for any weights


def test_a_corner_is_all_of_it(pad, fake_engine, qtbot):
    pad.go_to(1)
    drafted(pad, qtbot)
    assert pad.place == corners_of(3)[1]
    [slot] = fake_engine.requests[-1].slots
    assert slot.weight == 1.0
    assert slot.image is pad.corners[1].raster


def test_over_the_canvas_it_has_the_size_of_the_frame(pad, fake_engine, qtbot, studio):
    studio.editor.new(160, 96, QColor("white"))
    pad.move((0.1, 0.2))
    qtbot.waitUntil(lambda: studio.candidates.shown is not None, timeout=3000)
    request = fake_engine.requests[-1]
    assert request.width / request.height == pytest.approx(160 / 96, rel=0.1)
    assert studio.candidates.shown.result is None
    pad.leave()
    assert studio.candidates.shown is None
    rendered(pad, qtbot)
    assert studio.candidates.count == 1
    pad.set_over_canvas(False)
    pad.move((0.3, 0.1))
    qtbot.waitUntil(lambda: (fake_engine.requests[-1].width, pad.is_draft) == (128, True), timeout=3000)
    assert studio.candidates.shown.result is not None


def test_what_is_painted_on_is_looked_at_anew(studio, fake_engine, qtbot):
    pad = studio.pad
    document = studio.editor.new(64, 64, QColor("red")).document
    pad.set_over_canvas(False)
    pad.add(OfLayer(studio.editor.sheet, document.active_id))
    pad.add(Words("a star"))
    pad.move((-0.5, 0.0))
    drafted(pad, qtbot)
    before = fake_engine.requests[-1].slots[0].image
    studio.editor.document.change("Nothing", document.state)
    pad.move((-0.4, 0.0))
    qtbot.waitUntil(lambda: len(fake_engine.requests) == 2, timeout=3000)
    assert fake_engine.requests[-1].slots[0].image is not before
    studio.editor.close_sheet(studio.editor.sheet)
    assert isinstance(pad.corners[0], Picture)


def test_a_model_that_cant_mix_is_not_asked(pad, studio, fake_engine):
    studio.choose_model(kandinsky_2_0.SPEC.key)
    assert not pad.ready
    pad.move((0.2, 0.2))
    pad.render()
    assert not pad.busy
    assert not fake_engine.requests


def test_what_cant_be_drafted_is_said_once(pad, studio, fake_engine, qtbot):
    said = []
    studio.messages.connect_window(said.append)
    studio.settings.set(guidance_scale=1e9)
    for step in range(4):
        pad.move((step / 10, 0.1))
    assert len(said) == 1
    assert not fake_engine.requests


def test_a_large_layer_is_looked_at_through_its_small_copies(studio):
    """The window's thread waits for it, and a model sees 224 pixels of it."""
    image = new_image(2100, 600, Depth.RGBA)
    image.fill(QColor("#2040c0"))
    painter = QPainter(image)
    painter.fillRect(0, 0, 1048, 600, QColor("#c04020"))
    painter.end()
    sheet = studio.editor.add_picture(image, "Large")
    pixels = OfLayer(sheet, sheet.document.active_id).pixels()
    assert pixels.shape == (150, 525, 3)
    assert (pixels[:, :260] == (0xC0, 0x40, 0x20)).all()
    assert (pixels[:, 264:-1] == (0x20, 0x40, 0xC0)).all()
