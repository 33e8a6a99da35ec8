"""Live pictures with the engine double: when they are made, of what, what becomes of them, and how it ends."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor

from kandinsky_studio.app.canvas_plan import Verb
from kandinsky_studio.app.live_frames import Made
from kandinsky_studio.app.live_settings import LiveSettings, Status, When
from kandinsky_studio.app.worker import ModelStage, ModelState
from kandinsky_studio.document import masks, selection_operations
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Depth, Surface, new_image, to_rgba
from kandinsky_studio.engine.request import Task
from kandinsky_studio.errors import OutOfMemory

SIZE = 128


@pytest.fixture
def live(studio):
    studio.settings.set(prompt="a red circle", seed=7, prior_seed=5)
    studio.editor.new(SIZE, SIZE, QColor("#2040d0"))
    return studio.live


@pytest.fixture
def told(studio):
    messages = []
    studio.messages.connect_window(messages.append)
    return messages


HERE = Rect(20, 20, 30, 30)


def paint(studio, rect=HERE, colour="#e02020"):
    document = studio.editor.document
    image = new_image(rect.width, rect.height, Depth.RGBA)
    image.fill(QColor(colour))
    with document.edit("Paint") as edit:
        edit.write(document.active.pixels, rect, image)


def begin(qtbot, live, when=When.PAINTING):
    live.set(when=when)
    live.set_on(True)
    qtbot.waitUntil(lambda: live.shown is not None, timeout=3000)


def settled(qtbot, live):
    qtbot.wait(250)  # what is to be done is looked for again after a change
    qtbot.waitUntil(lambda: live.status is Status.REST, timeout=3000)


def test_a_stroke_makes_the_next_picture_and_nothing_else_does(qtbot, studio, live, fake_engine):
    begin(qtbot, live)
    settled(qtbot, live)
    count = len(fake_engine.requests)
    qtbot.wait(200)
    assert len(fake_engine.requests) == count, "nothing has changed"
    studio.editor.document.activate(None)
    settled(qtbot, live)
    assert len(fake_engine.requests) == count, "what is seen has not changed"
    studio.editor.document.activate(1)
    paint(studio)
    assert [rect for _, rect in live.fresh] == [HERE]
    settled(qtbot, live)
    assert len(fake_engine.requests) == count + 1
    request = fake_engine.requests[-1]
    assert request.task is Task.image2image
    assert (request.num_inference_steps, request.strength) == (live.settings.steps, live.settings.strength)
    sent = request.image.pixels
    assert tuple(sent[30, 30]) == (0xE0, 0x20, 0x20)
    assert tuple(sent[10, 10]) == (0x20, 0x40, 0xD0)
    assert live.fresh == []
    assert studio.gallery_list.rowCount() == 0


def test_what_is_painted_is_seen_while_the_pen_is_down(qtbot, studio, live, fake_engine):
    begin(qtbot, live)
    settled(qtbot, live)
    document = studio.editor.document
    edit = document.edit("Stroke")
    image = new_image(20, 20, Depth.RGBA)
    for number, colour in enumerate(("#e02020", "#20e020")):
        image.fill(QColor(colour))
        edit.write(document.active.pixels, Rect(10 + 40 * number, 10, 20, 20), image)
        count = len(fake_engine.requests)
        qtbot.waitUntil(lambda count=count: len(fake_engine.requests) > count, timeout=3000)
        qtbot.waitUntil(lambda: live.status is Status.REST, timeout=3000)
    sent = fake_engine.requests[-1].image.pixels
    assert tuple(sent[20, 20]) == (0xE0, 0x20, 0x20)
    assert tuple(sent[20, 60]) == (0x20, 0xE0, 0x20)
    before = fake_engine.requests[-2].image.pixels
    assert tuple(before[20, 60]) == (0x20, 0x40, 0xD0), "what was sent stays as it was"
    edit.commit()


def test_a_snapshot_of_an_open_step_does_not_change_with_it(qapp, studio, live):
    document = studio.editor.document
    pixels = document.active.pixels
    image = new_image(SIZE, SIZE, Depth.RGBA)
    edit = document.edit("Stroke")
    image.fill(QColor("#ff0000"))
    edit.write(pixels, Rect(0, 0, SIZE, SIZE), image)
    state = document.snapshot()
    image.fill(QColor("#00ff00"))
    edit.write(pixels, Rect(0, 0, SIZE, SIZE), image)
    assert state.layers[0].pixels.pixel(5, 5) == (0, 0, 255, 255)
    assert pixels.pixel(5, 5) == (0, 255, 0, 255)
    edit.cancel()
    assert pixels.pixel(5, 5) == (0xD0, 0x40, 0x20, 255)


def test_seeds_stay_and_can_be_drawn(qtbot, studio, live, fake_engine):
    begin(qtbot, live)
    for number in range(3):
        paint(studio, Rect(10 * number, 5, 20, 20))
        settled(qtbot, live)
    assert {(one.seed, one.prior_seed) for one in fake_engine.requests} == {(7, 5)}
    studio.settings.draw_seeds()
    count = len(fake_engine.requests)
    studio.settings.set(prompt="a red circle, softly")
    settled(qtbot, live)
    assert len(fake_engine.requests) == count + 1
    assert fake_engine.requests[-1].seed == 7, "those of jobs are others"
    live.draw_seeds()
    settled(qtbot, live)
    assert fake_engine.requests[-1].seed != 7
    studio.settings.set(seed_locked=True, seed=99)
    settled(qtbot, live)
    assert fake_engine.requests[-1].seed == 99


def test_words_make_another_picture_and_without_any_it_waits(qtbot, studio, live, fake_engine):
    studio.settings.set(prompt="  ")
    live.set_on(True)
    qtbot.wait(150)
    assert live.status is Status.WORDS
    assert fake_engine.requests == []
    studio.settings.set(prompt="a blue square")
    qtbot.waitUntil(lambda: live.shown is not None, timeout=3000)
    assert fake_engine.requests[-1].prompt == "a blue square"


def test_words_that_are_drawn_by_lot_stay_while_one_paints(qtbot, studio, live, fake_engine):
    studio.settings.set(prompt="a {red|blue|green|yellow|black} circle", num_images_per_prompt=4)
    begin(qtbot, live)
    for number in range(5):
        studio.settings.draw_seeds()
        live.set(strength=0.3 + number / 100)
        settled(qtbot, live)
    assert len(fake_engine.requests) >= 5
    assert len({request.prompt for request in fake_engine.requests}) == 1
    assert "{" not in fake_engine.requests[0].prompt
    assert all(request.num_images_per_prompt == 1 and not request.wordings for request in fake_engine.requests)


def test_what_is_selected_is_filled(qtbot, studio, live, fake_engine):
    begin(qtbot, live)
    settled(qtbot, live)
    selection_operations.select(studio.editor.document, masks.everything(Rect(30, 30, 40, 40)), "Select")
    qtbot.waitUntil(lambda: live.shown is not None and live.shown.plan.verb is Verb.FILL, timeout=3000)
    request = fake_engine.requests[-1]
    assert request.task is Task.inpaint
    assert request.strength == live.settings.strength
    assert live.shown.plan.mask.max() == 255
    selection_operations.deselect(studio.editor.document)
    qtbot.waitUntil(lambda: live.shown.plan.verb is Verb.REFINE, timeout=3000)


def test_the_depth_layer_is_followed(qtbot, studio, live, fake_engine):
    document = studio.editor.document
    depth = document.new_layer(Kind.DEPTH, "Depth", Surface.from_array(np.full((SIZE, SIZE), 200, np.uint8)))
    document.change("Depth", document.state.inserted(depth))
    begin(qtbot, live)
    settled(qtbot, live)
    assert fake_engine.requests[-1].task is Task.depth
    assert (fake_engine.requests[-1].hint.pixels[..., 0] == 200).all()
    with document.edit("Paint") as edit:
        edit.write(depth.pixels, Rect(0, 0, 64, SIZE), new_image(64, SIZE, Depth.MASK, 90))
    settled(qtbot, live)
    assert (fake_engine.requests[-1].hint.pixels[:, :64].reshape(-1) == 90).all()


def test_only_the_newest_is_made_when_the_hand_is_faster(qtbot, studio, live, fake_engine):
    begin(qtbot, live)
    settled(qtbot, live)
    count = len(fake_engine.requests)
    fake_engine.hold.clear()
    paint(studio, Rect(0, 0, 10, 10))
    qtbot.waitUntil(lambda: len(fake_engine.requests) == count + 1, timeout=3000)
    for number in range(8):
        paint(studio, Rect(12 * number, 40, 10, 10))
        qtbot.wait(15)
    fake_engine.hold.set()
    settled(qtbot, live)
    assert len(fake_engine.requests) == count + 2
    assert tuple(fake_engine.requests[-1].image.pixels[45, 88]) == (0xE0, 0x20, 0x20)


def test_when_i_pause_waits_for_the_hand_to_rest(qtbot, studio, live, fake_engine):
    begin(qtbot, live, When.PAUSE)
    settled(qtbot, live)
    count = len(fake_engine.requests)
    for number in range(12):
        paint(studio, Rect(8 * number, 40, 10, 10))
        qtbot.wait(10)
    assert len(fake_engine.requests) == count
    qtbot.waitUntil(lambda: len(fake_engine.requests) == count + 1, timeout=2000)


def test_who_draws_decides_when_unless_it_was_chosen(studio, live):
    assert live.when is When.PAUSE, "nobody knows yet"
    told = []
    live.settings_changed.connect(lambda: told.append(live.when))
    studio.worker.model_state.emit(ModelState(ModelStage.ready, "builtin", "cuda:0"))
    studio.worker.model_state.emit(ModelState(ModelStage.freed, ""))
    assert live.when is When.PAINTING
    studio.worker.model_state.emit(ModelState(ModelStage.ready, "builtin", "cpu"))
    assert live.when is When.PAUSE
    assert told == [When.PAINTING, When.PAUSE]
    live.set(when=When.PAINTING)
    assert live.when is When.PAINTING


def test_jobs_go_on_and_live_says_that_it_waits(qtbot, studio, live, fake_engine):
    begin(qtbot, live)
    settled(qtbot, live)
    fake_engine.hold.clear()
    count = len(fake_engine.requests)
    for _ in range(2):
        studio.generation.generate()
    qtbot.waitUntil(lambda: len(fake_engine.requests) == count + 1, timeout=3000)
    paint(studio)
    qtbot.waitUntil(lambda: live.status is Status.QUEUED, timeout=3000)
    fake_engine.hold.set()
    qtbot.waitUntil(lambda: not studio.generation.busy, timeout=5000)
    settled(qtbot, live)
    tasks = [request.num_inference_steps == live.settings.steps for request in fake_engine.requests[count:]]
    assert tasks == [False, True, False], "between the two"


def test_a_large_change_breaks_off_a_slow_picture(qtbot, studio, live, fake_engine):
    begin(qtbot, live)
    settled(qtbot, live)
    live._pace = 5.0
    fake_engine.hold.clear()
    count = len(fake_engine.requests)
    paint(studio, Rect(0, 0, 5, 5))
    qtbot.waitUntil(lambda: len(fake_engine.requests) == count + 1, timeout=3000)
    paint(studio, Rect(0, 0, 5, 5), "#20e020")
    qtbot.wait(100)
    assert len(fake_engine.requests) == count + 1
    paint(studio, Rect(0, 0, SIZE, 100), "#e0e020")
    qtbot.waitUntil(lambda: len(fake_engine.requests) == count + 2, timeout=3000)
    fake_engine.hold.set()
    settled(qtbot, live)
    assert tuple(fake_engine.requests[-1].image.pixels[50, 50]) == (0xE0, 0xE0, 0x20)


def test_keeping_is_one_step_with_the_very_pixels_and_saves_the_picture(qtbot, studio, live, fake_engine):
    begin(qtbot, live)
    settled(qtbot, live)
    document = studio.editor.document
    steps, made = len(document.history.done), live.shown.result
    live.keep()
    assert len(document.history.done) == steps + 1
    assert (to_rgba(document.render())[..., :3] == made.image).all()
    assert live.shown is None
    qtbot.waitUntil(lambda: studio.gallery_list.rowCount() == 1, timeout=3000)
    count = len(fake_engine.requests)
    qtbot.wait(400)
    assert len(fake_engine.requests) == count, "what was kept is what is to be seen, until somebody paints on"
    document.undo()
    qtbot.waitUntil(lambda: live.shown is not None, timeout=3000)
    assert (live.shown.result.image == made.image).all()


def test_recording_saves_every_picture_once(qtbot, studio, live):
    live.set(record=True)
    begin(qtbot, live)
    settled(qtbot, live)
    paint(studio)
    settled(qtbot, live)
    qtbot.waitUntil(lambda: studio.gallery_list.rowCount() == 2, timeout=3000)
    live.keep()
    qtbot.wait(200)
    assert studio.gallery_list.rowCount() == 2


@pytest.mark.parametrize("how", ["off", "model", "close"])
def test_nothing_comes_after_the_end(qtbot, studio, live, fake_engine, told, how):
    begin(qtbot, live)
    settled(qtbot, live)
    fake_engine.hold.clear()
    count = len(fake_engine.requests)
    paint(studio)
    qtbot.waitUntil(lambda: len(fake_engine.requests) == count + 1, timeout=3000)
    frame, made = live._frame, Made(live.shown, None, 0.1)
    if how == "off":
        live.set_on(False)
    elif how == "model":
        studio.settings.set(model="kandinsky-2.2")
    else:
        studio.editor.close_sheet(studio.editor.sheet)
    assert live.status is Status.OFF
    assert live.shown is None
    live._made(frame, made)  # it was on its way
    assert live.shown is None
    fake_engine.hold.set()
    qtbot.wait(150)
    assert live.shown is None
    assert len(fake_engine.requests) == count + 1
    assert len(told) == (how == "model")


def test_another_document_in_front_is_followed(qtbot, studio, live, fake_engine):
    begin(qtbot, live)
    settled(qtbot, live)
    count = len(fake_engine.requests)
    studio.editor.new(SIZE, SIZE, QColor("#d0d020"))
    assert live.shown is None
    qtbot.waitUntil(lambda: live.shown is not None, timeout=3000)
    assert live.on
    assert tuple(fake_engine.requests[count].image.pixels[5, 5]) == (0xD0, 0xD0, 0x20)


def test_a_failure_is_told_once_and_ends_it(qtbot, studio, live, fake_engine, told):
    begin(qtbot, live)
    settled(qtbot, live)
    fake_engine.error = RuntimeError("the disk is on fire")
    paint(studio)
    qtbot.waitUntil(lambda: not live.on, timeout=3000)
    assert len(told) == 1
    live.set_on(True)
    qtbot.waitUntil(lambda: live.shown is not None, timeout=3000)


def test_without_memory_it_goes_on_smaller_and_says_so(qtbot, studio, live, fake_engine, told):
    begin(qtbot, live)
    settled(qtbot, live)
    assert (fake_engine.requests[-1].width, fake_engine.requests[-1].height) == (128, 128)
    fake_engine.error = OutOfMemory(device="cpu")
    paint(studio)
    qtbot.waitUntil(lambda: bool(told), timeout=3000)
    settled(qtbot, live)
    assert live.on
    assert (fake_engine.requests[-1].width, fake_engine.requests[-1].height) == (64, 64)
    fake_engine.steps_down_at = 1
    for colour in ("#20e020", "#e0e020"):
        paint(studio, colour=colour)
        settled(qtbot, live)
    assert len(told) == 2, "that less of the model stays in memory, once"


def test_what_was_chosen_is_remembered(qtbot, studio, live):
    live.set(strength=0.3, steps=5, when=When.PAUSE, opacity=0.6)
    assert LiveSettings.restored(studio.remembering.values.live) == live.settings
    nonsense = {"strength": 7.0, "steps": "many", "when": None, "opacity": True}
    assert LiveSettings.restored(nonsense) == LiveSettings()


def test_a_large_document_is_seen_small_and_as_it_is(qtbot, studio, fake_engine):
    studio.settings.set(prompt="a red circle")
    studio.editor.new(1024, 1024, QColor("#2040d0"))
    begin(qtbot, studio.live)
    settled(qtbot, studio.live)
    paint(studio, Rect(512, 256, 256, 256))
    settled(qtbot, studio.live)
    request = fake_engine.requests[-1]
    assert (request.width, request.height) == (128, 128)
    sent = request.image.pixels
    red = np.all(sent == (0xE0, 0x20, 0x20), axis=2)
    assert red[32:64, 64:96].all()
    assert red.sum() == 32 * 32
    assert tuple(sent[0, 0]) == (0x20, 0x40, 0xD0)


def test_nothing_that_was_painted_while_it_waited_is_forgotten(qtbot, studio, fake_engine):
    studio.settings.set(prompt="a red circle")
    studio.editor.new(1024, 1024, QColor("#2040d0"))
    begin(qtbot, studio.live)
    settled(qtbot, studio.live)
    fake_engine.hold.clear()
    count = len(fake_engine.requests)
    studio.generation.generate()
    qtbot.waitUntil(lambda: len(fake_engine.requests) == count + 1, timeout=3000)
    for x in (0, 256, 512):
        paint(studio, Rect(x, 0, 128, 128))
        frame = studio.live._frame
        qtbot.waitUntil(lambda frame=frame: studio.live._frame not in (frame, None), timeout=3000)
    fake_engine.hold.set()
    settled(qtbot, studio.live)
    sent = fake_engine.requests[-1].image.pixels
    assert [tuple(sent[8, x]) for x in (8, 40, 72)] == [(0xE0, 0x20, 0x20)] * 3
    assert len(fake_engine.requests) == count + 2
