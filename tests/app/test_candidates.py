"""What is made for a document waits over it: shown while it is made, gone through, kept or dropped."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtGui import QColor, QPainterPath

from kandinsky_studio.app.canvas_plan import Verb
from kandinsky_studio.app.messages import sentences
from kandinsky_studio.document import image_operations, layer_operations, masks, selection_operations
from kandinsky_studio.document.generation_frame import set_frame
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import from_rgba, to_rgba
from kandinsky_studio.engine.request import GenerationRequest, Progress, Stage
from kandinsky_studio.errors import SizeTooLarge
from tests.conftest import picture_of

BLUE = (0x30, 0x60, 0xA0)


@pytest.fixture
def sheet(studio):
    """A blue document of 256 × 192 in front, and words."""
    studio.settings.set(prompt="a red circle", num_inference_steps=4, strength=0.5, mask_feather=0)
    return studio.editor.new(256, 192, QColor(*BLUE))


@pytest.fixture
def make(studio, qtbot):
    """Make pictures for the document in front, as the button does."""

    def run(count=1, **settings):
        before = studio.candidates.count
        studio.settings.set(num_images_per_prompt=count, **settings)
        assert studio.candidates.generate() is not None
        qtbot.waitUntil(lambda: studio.candidates.count == before + count and not studio.generation.busy, timeout=5000)

    return run


@pytest.fixture
def verb(studio, qtbot):
    def becomes(wanted):
        qtbot.waitUntil(lambda: studio.candidates.verb is wanted, timeout=3000)

    return becomes


def select(document, x, y, width, height):
    path = QPainterPath()
    path.addRect(x, y, width, height)
    selection_operations.select(document, masks.from_path(path), "Select")


def seen(document, rect=None):
    return to_rgba(document.render(rect))


def colour_of(candidate):
    return to_rgba(candidate.image)[0, 0, :3]


def names(document):
    return [step.name for step in document.history.done]


def test_the_newest_preview_is_shown_while_a_picture_is_made(studio, sheet, qtbot, fake_engine):
    fake_engine.hold.clear()
    studio.candidates.generate()
    assert studio.candidates.busy
    qtbot.waitUntil(lambda: studio.candidates.shown is not None, timeout=3000)
    shown = studio.candidates.shown
    assert shown.result is None
    assert shown.area == Rect(0, 0, 256, 192)
    made = picture_of(fake_engine.requests[0])
    assert shown.image.width() < made.shape[1], "previews are small"
    assert (colour_of(shown) == made[0, 0]).all()
    assert studio.candidates.count == 0
    assert names(sheet.document) == [], "nothing is changed by that"
    fake_engine.hold.set()
    qtbot.waitUntil(lambda: studio.candidates.count == 1 and not studio.candidates.busy, timeout=3000)
    assert studio.candidates.shown.result is not None


def test_previews_do_not_come_faster_than_one_can_see(studio, sheet, qtbot, fake_engine):
    fake_engine.hold.clear()
    job = studio.candidates.generate()
    qtbot.waitUntil(lambda: studio.candidates.shown is not None, timeout=3000)
    told = []
    studio.candidates.changed.connect(lambda: told.append(studio.candidates.shown))
    for level in range(60):
        preview = np.full((16, 16, 3), level, np.uint8)
        studio.generation.progressed.emit(job, Progress(Stage.decoder, level, 60, 0, 1, level / 60, preview=preview))
    assert told == [], "they wait for their time, and each takes the place of the one before"
    qtbot.waitUntil(lambda: bool(told), timeout=3000)


def test_several_pictures_are_gone_through_and_round(studio, sheet, make):
    make(3)
    candidates = studio.candidates
    assert (candidates.count, candidates.number) == (3, 2), "the newest is shown"
    colours = []
    for _ in range(3):
        candidates.step(1)
        colours.append(tuple(colour_of(candidates.shown)))
    assert candidates.number == 2
    assert len(set(colours)) == 3
    candidates.step(-1)
    assert candidates.number == 1
    make(2)
    assert (candidates.count, candidates.number) == (5, 4), "another job adds to them"


def test_to_compare_they_are_hidden_for_a_moment(studio, sheet, make):
    make()
    shown = studio.candidates.shown
    studio.candidates.compare(True)
    assert studio.candidates.shown is None
    studio.candidates.compare(False)
    assert studio.candidates.shown is shown


def test_kept_it_is_a_layer_with_its_name_and_origin_in_one_step(studio, sheet, make):
    make(3)
    studio.candidates.step(-1)
    colour = colour_of(studio.candidates.shown)
    wanted = studio.candidates.shown.result.request
    before = seen(sheet.document)
    studio.candidates.keep()
    document = sheet.document
    assert names(document) == ["Keep candidate"]
    layer = document.active
    assert (layer.name, layer.kind, layer.mask) == ("a red circle", Kind.PIXELS, None)
    kept = GenerationRequest.from_json(json.loads(layer.origin))
    assert (kept.prompt, kept.seed, kept.prior_seed, kept.task) == (
        wanted.prompt,
        wanted.seed,
        wanted.prior_seed,
        wanted.task,
    )
    assert (seen(document)[..., :3] == colour).all()
    assert studio.candidates.count == 0, "the others are dropped"
    document.undo()
    assert (seen(document) == before).all()
    assert len(list(document.state.walk())) == 1


def test_of_a_fill_the_mask_is_kept_and_nothing_outside_changes(studio, sheet, make, verb):
    document = sheet.document
    select(document, 100, 60, 80, 50)
    verb(Verb.FILL)
    before = seen(document)
    make()
    shown = to_rgba(studio.candidates.shown.image)
    assert set(np.unique(shown[..., 3])) == {0, 255}, "seen through the mask"
    studio.candidates.keep()
    layer = document.active
    inside = (slice(60, 110), slice(100, 180))
    mask = layer.mask.array(Rect(0, 0, 256, 192))
    assert (mask[inside] == 255).all()
    assert mask.sum() == 255 * 80 * 50
    after = seen(document)
    assert (after[inside] != before[inside]).any(axis=2).all()
    outside = np.ones((192, 256), bool)
    outside[inside] = False
    assert (after[outside] == before[outside]).all()
    assert layer.pixels.content.area > 80 * 50, "what the mask hides is there, to be painted in"


def test_all_are_kept_in_one_step_the_first_at_the_bottom(studio, sheet, make):
    make(3)
    colours = []
    for _ in range(3):
        studio.candidates.step(1)
        colours.append(colour_of(studio.candidates.shown))
    studio.candidates.keep_all()
    document = sheet.document
    assert names(document) == ["Keep candidate"]
    layers = list(document.state.walk())
    assert len(layers) == 4
    for layer, colour in zip(layers[1:], colours, strict=True):
        assert (layer.pixels.array(Rect(9, 9, 1, 1))[0, 0, 2::-1] == colour).all()
    assert document.active is layers[-1]
    assert studio.candidates.count == 0
    document.undo()
    assert len(list(document.state.walk())) == 1


def test_dropped_they_stay_in_the_gallery_only(studio, sheet, make, qtbot):
    make(2)
    studio.candidates.drop()
    assert (studio.candidates.count, studio.candidates.shown) == (0, None)
    assert names(sheet.document) == []
    qtbot.waitUntil(lambda: studio.gallery_list.rowCount() == 2, timeout=3000)
    studio.candidates.keep()
    studio.candidates.keep_all()
    studio.candidates.step(1)
    assert names(sheet.document) == [], "there is nothing to keep"


def test_a_document_that_is_closed_meanwhile_takes_its_candidates_with_it(studio, sheet, qtbot, fake_engine):
    fake_engine.hold.clear()
    studio.candidates.generate()
    qtbot.waitUntil(lambda: studio.candidates.shown is not None, timeout=3000)
    studio.editor.close_sheet(sheet)
    assert studio.candidates.shown is None
    fake_engine.hold.set()
    qtbot.waitUntil(lambda: not studio.generation.busy, timeout=3000)
    assert (studio.candidates.count, studio.candidates.verb) == (0, None)
    qtbot.waitUntil(lambda: studio.gallery_list.rowCount() == 1, timeout=3000)


def test_of_a_job_that_fails_nothing_is_left(studio, sheet, qtbot, fake_engine, make):
    make()
    fake_engine.error = RuntimeError("the device went away")
    studio.candidates.generate()
    qtbot.waitUntil(lambda: not studio.generation.busy, timeout=3000)
    assert not studio.candidates.busy
    assert studio.candidates.count == 1, "those from before wait on"
    assert studio.candidates.shown.result is not None


def test_of_a_job_that_is_cancelled_the_preview_goes(studio, sheet, qtbot, fake_engine):
    fake_engine.hold.clear()
    studio.candidates.generate()
    qtbot.waitUntil(lambda: studio.candidates.shown is not None, timeout=3000)
    studio.generation.cancel()
    qtbot.waitUntil(lambda: not studio.generation.busy, timeout=3000)
    assert (studio.candidates.shown, studio.candidates.busy) == (None, False)


def test_without_words_nothing_is_queued(studio, sheet):
    studio.settings.set(prompt="  ")
    assert studio.candidates.generate() is None
    assert not studio.candidates.busy


def test_each_document_has_its_own(studio, sheet, make, qtbot, fake_engine):
    make(2)
    other = studio.editor.new(128, 128, QColor("white"))
    assert (studio.candidates.count, studio.candidates.shown) == (0, None)
    fake_engine.hold.clear()
    studio.settings.set(num_images_per_prompt=1)
    studio.candidates.generate()
    studio.editor.show(sheet)
    qtbot.waitUntil(lambda: len(fake_engine.requests) == 2, timeout=3000)
    fake_engine.hold.set()
    qtbot.waitUntil(lambda: not studio.generation.busy, timeout=3000)
    assert studio.candidates.count == 2, "what is made for another document does not come here"
    studio.candidates.keep()
    assert (names(sheet.document), names(other.document)) == (["Keep candidate"], [])
    studio.editor.show(other)
    assert studio.candidates.count == 1
    assert studio.candidates.shown.area == Rect(0, 0, 128, 128)


def test_painting_goes_on_while_a_picture_is_made(studio, sheet, qtbot, fake_engine):
    document = sheet.document
    fake_engine.hold.clear()
    studio.candidates.generate()
    qtbot.waitUntil(lambda: studio.candidates.shown is not None, timeout=3000)
    with (
        document.edit("Brush stroke") as edit,
        edit.painters(document.active.pixels, Rect(10, 10, 20, 20)) as painters,
    ):
        fake_engine.hold.set()
        qtbot.waitUntil(lambda: studio.candidates.count == 1, timeout=3000)
        for painter, part in painters:
            painter.fillRect(part.to_qt(), QColor("red"))
    assert (fake_engine.requests[0].image.pixels == BLUE).all(), "the request was frozen before"
    studio.candidates.keep()
    assert names(document) == ["Brush stroke", "Keep candidate"]
    document.undo()
    assert (seen(document, Rect(10, 10, 20, 20))[..., :3] == (255, 0, 0)).all()


def test_the_verb_follows_the_document(studio, qtbot, verb):
    studio.settings.set(prompt="x")
    sheet = studio.editor.new(256, 256)
    told = []
    studio.candidates.verb_changed.connect(lambda: told.append(studio.candidates.verb))
    document = sheet.document
    verb(Verb.GENERATE)
    layer_operations.set_property(document, document.active.id, "name", "ground")
    picture = np.full((256, 256, 4), 255, np.uint8)
    studio.editor.place(from_rgba(picture), (128, 128))
    verb(Verb.REFINE)
    select(document, 30, 30, 60, 60)
    verb(Verb.FILL)
    selection_operations.deselect(document)
    verb(Verb.REFINE)
    image_operations.canvas_size(document, Rect(0, 0, 400, 256))
    verb(Verb.EXPAND)
    set_frame(document, Rect(0, 0, 128, 128))
    verb(Verb.REFINE)
    assert studio.candidates.outlook.area == Rect(0, 0, 128, 128)
    assert told[-1] is Verb.REFINE
    studio.editor.close_sheet(sheet)
    verb(None)


@pytest.mark.parametrize("change", ["cropped", "larger", "moved"])
def test_a_candidate_lands_where_it_was_made_for(studio, sheet, make, verb, change):
    document = sheet.document
    select(document, 100, 60, 80, 50)
    verb(Verb.FILL)
    make()
    selection_operations.deselect(document)
    canvas = {"cropped": Rect(90, 50, 60, 40), "larger": Rect(-50, -70, 400, 300), "moved": Rect(60, 20, 256, 192)}
    image_operations.crop(document, canvas[change], keep_beyond=True)
    before = seen(document, Rect(0, 0, 256, 192))
    studio.candidates.keep()
    assert document.state.canvas == canvas[change]
    after = seen(document, Rect(0, 0, 256, 192))
    changed = (after != before).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (60, 110, 100, 180)
    assert changed.sum() == 80 * 50


def test_a_frame_beyond_the_canvas_makes_it_larger_in_the_same_step(studio, sheet, make, verb):
    document = sheet.document
    set_frame(document, Rect(128, 64, 256, 128))
    verb(Verb.EXPAND)
    before = seen(document)
    make()
    assert studio.candidates.shown.plan.grows
    assert document.state.canvas == Rect(0, 0, 256, 192), "not before it is kept"
    studio.candidates.keep()
    assert document.state.canvas == Rect(0, 0, 384, 192)
    assert names(document) == ["Generation frame", "Keep candidate"]
    assert (seen(document, Rect(0, 0, 256, 192)) == before).all()
    assert (seen(document, Rect(256, 64, 128, 128))[..., 3] == 255).all()
    assert not seen(document, Rect(256, 0, 128, 64)).any()
    document.undo()
    assert document.state.canvas == Rect(0, 0, 256, 192)
    assert (seen(document) == before).all()


def test_a_canvas_that_became_too_large_meanwhile_is_told_and_stays(studio, sheet, make, verb, qtbot):
    document = sheet.document
    set_frame(document, Rect(128, 64, 256, 128))
    verb(Verb.EXPAND)
    make()
    image_operations.canvas_size(document, Rect(-8000, 0, 8192, 192))
    told = []
    studio.messages.connect_window(told.append)
    before = names(document)
    studio.candidates.keep()
    assert names(document) == before
    qtbot.waitUntil(lambda: bool(told), timeout=3000)
    assert [message.text for message in told] == [sentences(SizeTooLarge(width=8384, height=192, maximum=8192))[0]]
    assert studio.candidates.count == 1, "it can still be kept"


def test_what_is_removed_asks_for_no_words(studio, sheet, qtbot, verb, fake_engine):
    select(sheet.document, 100, 60, 80, 50)
    verb(Verb.FILL)
    studio.settings.set(prompt="")
    assert studio.candidates.generate(remove=True) is not None
    qtbot.waitUntil(lambda: studio.candidates.count == 1 and not studio.generation.busy, timeout=3000)
    assert [slot.image is not None for slot in fake_engine.requests[0].slots] == [True]
    studio.candidates.keep()
    assert sheet.document.active.name == "Removed"


def test_each_verb_keeps_its_strength(studio, verb):
    sheet = studio.editor.new(256, 192, QColor(*BLUE))
    settings = studio.settings
    verb(Verb.REFINE)
    assert settings.values.strength < 1, "a picture that is refined is still there afterwards"
    settings.set(strength=0.35)
    select(sheet.document, 20, 20, 60, 60)
    verb(Verb.FILL)
    assert settings.values.strength == 1
    settings.set(strength=0.9)
    selection_operations.deselect(sheet.document)
    verb(Verb.REFINE)
    assert settings.values.strength == 0.35
    select(sheet.document, 20, 20, 60, 60)
    verb(Verb.FILL)
    assert settings.values.strength == 0.9


def test_those_that_are_marked_are_kept_together_in_one_step(studio, sheet, make):
    make(4)
    candidates = studio.candidates
    colours = [colour_of(one) for one in candidates.waiting]
    candidates.mark(2)
    candidates.mark(0)
    candidates.mark()
    candidates.mark(3)
    candidates.mark(99)
    assert list(candidates.marked) == [candidates.waiting[0], candidates.waiting[2]]
    candidates.keep()
    document = sheet.document
    assert names(document) == ["Keep candidate"]
    layers = list(document.state.walk())[1:]
    for layer, colour in zip(layers, (colours[0], colours[2]), strict=True):
        assert (layer.pixels.array(Rect(9, 9, 1, 1))[0, 0, 2::-1] == colour).all()
    assert (candidates.count, candidates.marked) == (0, ())
    document.undo()
    assert len(list(document.state.walk())) == 1


def test_marked_fills_are_kept_with_their_masks(studio, sheet, make, verb):
    document = sheet.document
    select(document, 100, 60, 80, 50)
    verb(Verb.FILL)
    before = seen(document)
    make(3)
    studio.candidates.mark(0)
    studio.candidates.mark(1)
    studio.candidates.keep()
    masks_kept = [layer.mask for layer in list(document.state.walk())[1:]]
    assert [mask.array(Rect(0, 0, 256, 192)).sum() for mask in masks_kept] == [255 * 80 * 50] * 2
    outside = np.ones((192, 256), bool)
    outside[60:110, 100:180] = False
    assert (seen(document)[outside] == before[outside]).all()


def test_one_is_chosen_by_its_number(studio, sheet, make):
    make(3)
    told = []
    studio.candidates.changed.connect(lambda: told.append(studio.candidates.number))
    studio.candidates.choose(0)
    studio.candidates.choose(0)
    studio.candidates.choose(7)
    assert told == [0]
    assert studio.candidates.shown is studio.candidates.waiting[0]
