"""Live in the real window with the built-in model: the picture follows the strokes, and nothing waits for it."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from kandinsky_studio.app.canvas_plan import Verb
from kandinsky_studio.app.live_settings import Status, When
from kandinsky_studio.document.generation_frame import set_frame
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import to_rgba

SIZE = 128
GREATEST = 12.0  # milliseconds of the processor that live may add to the slowest of a hundred events


@pytest.fixture
def fake_engine(built_in_engine):
    return built_in_engine


class Painter:
    """Somebody who paints with live on."""

    def __init__(self, window, qtbot, size=SIZE, ground="#2040d0"):
        self.window, self.qtbot, self.studio, self.live = window, qtbot, window.studio, window.studio.live
        self.view, self.bar = window.bench.page.view, window.bench.page.live_bar
        self.studio.settings.set(
            prompt="a red circle on a blue background", seed=7, prior_seed=7, seed_locked=True, prior_seed_locked=True
        )
        self.document = self.studio.editor.new(size, size, QColor(ground)).document
        qtbot.waitUntil(lambda: self.studio.candidates.verb is Verb.REFINE, timeout=3000)
        editor = self.studio.editor
        editor.take("brush")
        for attribute, value in {"size": 34.0, "pressure_size": False, "hardness": 1.0}.items():
            editor.set_option(attribute, value)
        self.live.set(strength=0.35, steps=8, when=When.PAINTING)
        self.toggle = window.actions_.commands.action("generation.live")

    def turn_on(self):
        self.toggle.trigger()
        self.qtbot.waitUntil(lambda: self.live.shown is not None, timeout=30_000)
        self.settled()

    def settled(self):
        self.qtbot.wait(250)
        self.qtbot.waitUntil(lambda: self.live.status is Status.REST, timeout=30_000)

    def stroke(self, colour, *points):
        self.studio.editor.set_colours(QColor(colour))
        places = [self.view.widget_point(QPointF(*point)).toPoint() for point in points]
        QTest.mousePress(self.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, places[0])
        for place in places[1:]:
            QTest.mouseMove(self.view, place)
        QTest.mouseRelease(self.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, places[-1])

    def pixels(self):
        return to_rgba(self.document.render())

    def screen(self):
        """The colours in the middles of the document's pixels, as the window shows them."""
        self.qtbot.waitUntil(lambda: not self.view.unfinished, timeout=3000)
        shown = self.view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(shown.constBits(), np.uint8).reshape(shown.height(), shown.bytesPerLine())
        rgb = rows[:, : shown.width() * 3].reshape(shown.height(), shown.width(), 3)
        side = self.document.state.canvas.width
        places = [self.view.widget_point(QPointF(k + 0.5, k + 0.5)) for k in range(side)]
        return rgb[np.ix_([int(p.y()) for p in places], [int(p.x()) for p in places])].astype(int)


@pytest.fixture
def painter(window, qtbot):
    return Painter(window, qtbot)


def red(pixels):
    r, g, b = (pixels[..., channel].astype(int) for channel in range(3))
    return (r > 140) & (g < 110) & (b < 120)


def middle(shape):
    rows, columns = np.nonzero(shape)
    return columns.mean(), rows.mean()


def test_the_picture_follows_the_strokes_and_is_kept_as_it_is(painter):
    bar, before = painter.bar, painter.pixels()
    assert not painter.toggle.icon().isNull()
    assert not bar.isVisible()
    painter.turn_on()
    assert bar.isVisible()
    assert painter.toggle.isChecked()
    assert " s a picture" in bar.sentence.text()
    painter.stroke("#e02020", (36, 40), (44, 44), (38, 46))
    painter.settled()
    first = painter.live.shown.result.image
    x, y = middle(red(first))
    assert abs(x - 40) < 12
    assert abs(y - 43) < 12
    painter.qtbot.wait(150)
    assert np.abs(painter.screen() - first).mean() < 6, "it is what is seen over the canvas"
    painter.stroke("#2040d0", (20, 30), (60, 30), (60, 50), (20, 50), (20, 30), (40, 42))
    painter.stroke("#e02020", (90, 88), (84, 92), (90, 92))
    painter.settled()
    second = painter.live.shown.result.image
    x, y = middle(red(second))
    assert abs(x - 88) < 12
    assert abs(y - 90) < 12
    assert (painter.pixels() != before).any()
    sketch, steps = painter.pixels(), len(painter.document.history.done)
    bar.keep.click()
    assert len(painter.document.history.done) == steps + 1
    assert (painter.pixels()[..., :3] == second).all()
    painter.qtbot.waitUntil(lambda: painter.studio.gallery_list.rowCount() == 1, timeout=5000)
    painter.document.undo()
    assert (painter.pixels() == sketch).all()
    painter.toggle.trigger()
    assert not bar.isVisible()
    assert not painter.toggle.isChecked()


def test_a_stroke_shows_at_once_over_the_picture(painter):
    painter.turn_on()
    painter.qtbot.wait(150)
    painter.live.set(when=When.PAUSE)
    painter.studio.editor.set_colours(QColor("#20e020"))
    place = painter.view.widget_point(QPointF(64, 64)).toPoint()
    QTest.mousePress(painter.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    seen = painter.screen()
    assert tuple(seen[64, 64]) == (0x20, 0xE0, 0x20)
    picture = painter.live.shown.result.image.astype(int)
    assert np.abs(seen[5:30, 5:30] - picture[5:30, 5:30]).mean() < 6, "elsewhere the picture stays"
    QTest.mouseRelease(painter.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    painter.settled()
    painter.bar.compare.pressed.emit()
    assert tuple(painter.screen()[64, 64]) == (0x20, 0xE0, 0x20)
    assert tuple(painter.screen()[10, 10]) == (0x20, 0x40, 0xD0), "the canvas alone, as long as it is held"
    painter.bar.compare.released.emit()


def test_a_hand_that_moves_on_holds_the_picture_that_is_being_made(painter):
    painter.turn_on()
    painter.live.set(when=When.PAUSE)
    painter.stroke("#e02020", (36, 40), (44, 44))
    painter.qtbot.waitUntil(lambda: painter.live.status is Status.MAKING, timeout=10_000)
    before, end = painter.live.shown, time.monotonic() + 2.0
    while time.monotonic() < end:
        painter.stroke("#20e020", (100, 20), (104, 24))
    assert painter.live.shown is before, "it would have been done by now"
    painter.qtbot.waitUntil(lambda: painter.live.shown is not before, timeout=10_000)
    painter.stroke("#e02020", (36, 40), (44, 44))
    painter.qtbot.waitUntil(lambda: painter.live.status is Status.MAKING, timeout=10_000)
    painter.stroke("#20e020", (100, 20), (104, 24))
    painter.toggle.trigger()
    painter.qtbot.waitUntil(lambda: painter.studio.generation.current is None, timeout=5000)


def test_the_picture_can_stand_in_a_corner_with_the_canvas_as_it_is(painter):
    painter.turn_on()
    painter.live.set(beside=True)
    painter.stroke("#e02020", (90, 40), (84, 44), (90, 44))
    painter.settled()
    corner = painter.bar.corner
    painter.qtbot.waitUntil(corner.isVisible, timeout=3000)
    assert not painter.bar.compare.isEnabled()
    painter.qtbot.wait(150)
    seen = corner.grab().toImage().scaled(SIZE, SIZE).convertToFormat(QImage.Format.Format_RGB888)
    pixels = np.frombuffer(seen.constBits(), np.uint8).reshape(SIZE, seen.bytesPerLine())[:, : 3 * SIZE]
    x, y = middle(red(pixels.reshape(SIZE, SIZE, 3)))
    assert abs(x - 88) < 12
    assert abs(y - 43) < 12
    places = [corner.pos()]
    for _ in range(3):
        QTest.mouseClick(corner, Qt.MouseButton.LeftButton)
        places.append(corner.pos())
    assert len({(place.x(), place.y()) for place in places}) == 4
    painter.live.set_on(False)
    assert not corner.isVisible()
    assert (painter.screen() == painter.pixels()[..., :3]).mean() > 0.99


def test_nothing_beside_the_frame_changes(make_window, qtbot):
    painter = Painter(make_window(), qtbot, 256)
    set_frame(painter.document, Rect(64, 64, 128, 128))
    painter.stroke("#e0e020", (10, 10), (30, 20))
    before = painter.pixels()
    painter.turn_on()
    assert painter.live.shown.area == Rect(64, 64, 128, 128)
    painter.qtbot.wait(150)
    outside = np.ones((256, 256), bool)
    outside[64:192, 64:192] = False
    shown = painter.screen()
    far = outside.copy()
    far[60:196, 60:196] = False  # the line of the frame is drawn there
    assert (shown[far] == before[..., :3][far]).mean() > 0.98
    painter.bar.keep.click()
    after = painter.pixels()
    assert (after[outside] == before[outside]).all()
    assert (after[~outside] != before[~outside]).any()


def test_a_message_of_the_engine_ends_it_and_the_button_says_so(painter, monkeypatch):
    painter.turn_on()
    told = []
    painter.studio.messages.shown.connect(told.append)

    def broken(*_, **__):
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(painter.studio.worker._engine, "generate", broken)
    painter.stroke("#e02020", (36, 40), (44, 44))
    painter.qtbot.waitUntil(lambda: not painter.live.on, timeout=10_000)
    assert len(told) == 1
    assert not painter.toggle.isChecked()
    assert not painter.bar.isVisible()


def test_the_settings_are_those_of_the_window(painter):
    painter.turn_on()
    popup, live = painter.bar.popup, painter.live
    popup.steps.changed.emit(5.0)
    popup.opacity.changed.emit(40.0)
    popup.when.setCurrentIndex(1)
    popup.when.activated.emit(1)
    popup.record.click()
    painter.bar.strength.changed.emit(20.0)
    settings = live.settings
    assert (settings.steps, settings.opacity, settings.when) == (5, 0.4, When.PAUSE)
    assert (settings.record, settings.strength) == (True, 0.2)
    painter.qtbot.waitUntil(lambda: live.shown.result.request.strength == 0.2, timeout=10_000)
    assert live.shown.result.request.num_inference_steps == 5


def test_events_cost_hardly_more_of_the_window_with_it_on(make_window, qtbot):
    painter = Painter(make_window(), qtbot, 512)

    def events():
        """Milliseconds of the processor in this thread for each event, until what it changed is painted."""
        found = []
        start = painter.view.widget_point(QPointF(100, 250)).toPoint()
        QTest.mousePress(painter.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
        for number in range(200):
            angle = number / 15
            place = QPointF(256 + 150 * np.cos(angle), 256 + 150 * np.sin(angle))
            begin = time.thread_time()
            QTest.mouseMove(painter.view, painter.view.widget_point(place).toPoint())
            painter.view.repaint(0, 0, 1, 1)
            qtbot.wait(1)
            found.append((time.thread_time() - begin) * 1000)
        QTest.mouseRelease(painter.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
        return np.percentile(found, 99)

    events()
    off = events()
    painter.turn_on()
    pictures = []
    painter.live.changed.connect(lambda: pictures.append(1))
    on = events()
    painter.settled()
    assert pictures
    assert on < off + GREATEST
