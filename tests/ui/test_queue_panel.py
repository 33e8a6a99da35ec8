"""The queue in the real window: what one sees of the jobs, and what mouse and keys do with them."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QDropEvent
from PySide6.QtWidgets import QMenu

from kandinsky_studio.app.queue_list import Standing
from kandinsky_studio.app.queue_words import about, in_all
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.tier import Tier
from kandinsky_studio.errors import OutOfMemory
from kandinsky_studio.ui.queue_view import Part

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
ALT = Qt.KeyboardModifier.AltModifier


def request(prompt, **values):
    return GenerationRequest(prompt, **{"width": 64, "height": 64, "num_inference_steps": 2, **values})


class Hands:
    def __init__(self, window, engine, qtbot):
        self.window, self.engine, self.qtbot = window, engine, qtbot
        self.studio = window.studio
        self.queue = window.studio.queue
        self.dock = next(dock for dock in window.docks if dock.panel.key == "queue")
        self.panel = self.dock.panel
        self.view = self.panel.view
        window.actions_.commands.action("generation.show_queue").trigger()
        qtbot.waitUntil(self.panel.isVisible, timeout=1000)
        window.resizeDocks([self.dock], [420], Qt.Orientation.Vertical)

    def hold(self, *prompts):
        """Jobs of which the first one runs."""
        self.engine.hold.clear()
        for prompt in prompts:
            self.studio.generation.submit(request(prompt))
        self.qtbot.waitUntil(lambda: self.running == prompts[0], timeout=3000)
        self.qtbot.waitUntil(self.view.isVisible, timeout=1000)
        self.view.grab()

    @property
    def running(self):
        return "".join(row.request.prompt for row in self.queue.list.of(Standing.running))

    @property
    def waiting(self):
        return "".join(row.request.prompt for row in self.queue.list.of(Standing.waiting))

    def id(self, prompt):
        return next(row.id for row in self.queue.list if row.request.prompt == prompt)

    def place(self, prompt):
        return self.view.visualRect(self.queue.list.index_of(self.id(prompt))).center()

    def choose(self, *prompts):
        for number, prompt in enumerate(prompts):
            keys = Qt.KeyboardModifier.ControlModifier if number else NONE
            self.qtbot.mouseClick(self.view.viewport(), LEFT, keys, self.place(prompt))

    def button(self, prompt, part):
        self.qtbot.mouseClick(self.view.viewport(), LEFT, NONE, self.view.button_place(self.id(prompt), part))

    def key(self, key, modifiers=NONE):
        self.qtbot.keyClick(self.view, key, modifiers)


@pytest.fixture
def hands(window, fake_engine, qtbot):
    return Hands(window, fake_engine, qtbot)


def test_an_empty_queue_says_what_it_is_for(hands):
    assert not hands.view.isVisible()
    assert "Nothing waits" in hands.panel._empty.text()
    assert hands.panel.total.text() == ""
    assert not hands.window.status.queue.isVisible()


def test_keys_move_and_cancel_the_marked_rows(hands):
    hands.hold(*"abcd")
    hands.choose("c")
    hands.key(Qt.Key.Key_Up, ALT)
    assert hands.waiting == "cbd"
    hands.key(Qt.Key.Key_Down, ALT)
    hands.key(Qt.Key.Key_Down, ALT)
    assert hands.waiting == "bdc"
    hands.key(Qt.Key.Key_Delete)
    assert hands.waiting == "bd"
    assert hands.view.currentIndex().isValid(), "the keyboard goes on from the next row"
    hands.choose("b", "d")
    hands.key(Qt.Key.Key_Delete)
    assert hands.waiting == ""


def test_the_keys_of_the_rows_are_theirs_and_not_the_commands(hands):
    """Delete throws pictures away elsewhere."""
    hands.studio.generation.submit(request("kept"))
    hands.qtbot.waitUntil(lambda: hands.studio.easel.item is not None, timeout=3000)
    hands.hold(*"ab")
    hands.choose("b")
    hands.key(Qt.Key.Key_Delete)
    hands.studio.gallery.flush()
    assert hands.waiting == ""
    assert not hands.studio.gallery.can_undo


def test_buttons_of_a_row_move_and_cancel_it(hands):
    hands.hold(*"abcd")
    hands.button("d", Part.UP)
    assert hands.waiting == "bdc"
    hands.button("b", Part.DOWN)
    assert hands.waiting == "dbc"
    hands.button("b", Part.REMOVE)
    assert hands.waiting == "dc"
    hands.button("a", Part.REMOVE)
    hands.qtbot.waitUntil(lambda: hands.studio.generation.current != 1, timeout=3000)
    assert "a" not in [row.request.prompt for row in hands.queue.list]


@pytest.mark.parametrize(
    ("onto", "half", "order"), [("b", -6, "dbc"), ("b", 6, "bdc"), ("a", -6, "dbc"), (None, 0, "bcd")]
)
def test_rows_are_dragged_to_where_they_are_dropped(hands, onto, half, order):
    hands.hold(*"abcd")
    hands.choose("d")
    at = (
        QPointF(20, hands.view.viewport().height() - 2)
        if onto is None
        else QPointF(hands.place(onto) + QPoint(0, half))
    )
    data = hands.queue.list.mimeData(hands.view.selectionModel().selectedIndexes())
    assert isinstance(data, QMimeData)
    hands.view.dropEvent(QDropEvent(at, Qt.DropAction.MoveAction, data, LEFT, NONE))
    assert hands.waiting == order
    assert len(hands.queue.list) == 4, "no row is lost or doubled by the drag"


def test_the_queue_pauses_and_goes_on_and_says_so(hands):
    hands.hold(*"ab")
    pause = hands.window.actions_.commands.action("generation.pause_queue")
    hands.panel.pause.click()
    assert hands.queue.paused
    assert pause.isChecked()
    hands.engine.hold.set()
    hands.qtbot.waitUntil(lambda: hands.studio.generation.current is None, timeout=3000)
    assert hands.waiting == "b"
    hands.qtbot.waitUntil(lambda: "Paused" in hands.window.status.queue.text(), timeout=2000)
    assert "Generate" in hands.window.prompt.button.text(), "one can still ask for pictures"
    hands.panel.pause.click()
    hands.qtbot.waitUntil(lambda: hands.waiting == "", timeout=3000)
    assert not pause.isChecked()


def test_cancel_all_and_undo(hands):
    hands.hold(*"abc")
    hands.panel.cancel_all.click()
    hands.qtbot.waitUntil(lambda: not hands.studio.generation.order, timeout=3000)
    assert hands.window.messages.isVisible()
    assert "3" in hands.window.messages.message.text
    next(action for action in hands.window.messages.message.actions).run()
    hands.qtbot.waitUntil(lambda: hands.studio.generation.current is not None, timeout=3000)
    assert hands.waiting == "bc"


def test_what_failed_says_why_and_is_tried_again_with_less_memory(hands, monkeypatch):
    hands.engine.error = OutOfMemory(device="cpu")
    hands.studio.generation.submit(request("large"))
    hands.qtbot.waitUntil(lambda: bool(hands.queue.list.of(Standing.failed)), timeout=3000)
    [row] = hands.queue.list.of(Standing.failed)
    assert "memory" in hands.panel.words_of(row)
    hands.engine.hold.clear()
    hands.view.grab()
    hands.choose("large")
    opened = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, place: opened.append(menu))
    hands.view.menu_wanted.emit(QPoint(0, 0))
    tiers = next(action.menu() for action in opened[0].actions() if action.menu() is not None)
    assert len(tiers.actions()) == 3, "a processor has no fourth one"
    tiers.actions()[2].trigger()
    hands.qtbot.waitUntil(lambda: hands.studio.generation.current is not None, timeout=3000)
    [row] = hands.queue.list.of(Standing.running)
    assert row.tier is Tier.compressed
    assert "Compressed weights" in hands.panel.words_of(row)
    opened[0].close()


def test_rows_show_what_goes_in_and_what_comes_out(hands):
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:] = (200, 30, 30)
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 32:] = 255
    hands.hold("a")
    hands.studio.generation.submit(request("changed", task=Task.inpaint, image=picture, mask=mask))
    row = hands.queue.list.find(hands.id("changed"))
    hands.qtbot.waitUntil(lambda: row.picture is not None, timeout=2000)
    plain, marked = row.picture.pixelColor(8, 32), row.picture.pixelColor(56, 32)
    assert plain == QColor(200, 30, 30)
    assert marked != plain
    hands.engine.hold.set()
    hands.qtbot.waitUntil(lambda: row.standing is Standing.done, timeout=3000)
    made = next(r for r in hands.queue.list if r.request.prompt == "a").picture.pixelColor(8, 8)
    from tests.conftest import picture_of

    assert made.getRgb()[:3] == tuple(picture_of(request("a"))[0, 0])


def test_the_status_bar_tells_of_the_queue_and_opens_it(hands):
    hands.studio.generation.submit(request("first"))
    hands.qtbot.waitUntil(lambda: bool(hands.queue.list.of(Standing.done)), timeout=3000)
    hands.hold(*"abc")
    hands.qtbot.waitUntil(lambda: "Waiting: 2" in hands.window.status.queue.text(), timeout=2000)
    assert "a few seconds" in hands.window.status.queue.text()
    hands.dock.hide()
    hands.window.status.queue.click()
    hands.qtbot.waitUntil(hands.panel.isVisible, timeout=1000)


def test_generate_to_front_goes_before_what_waits(hands):
    hands.hold(*"abc")
    hands.studio.settings.set(prompt="x")
    hands.window.actions_.commands.action("generation.generate_to_front").trigger()
    assert hands.waiting == "xbc"


def test_a_thousand_jobs_hold_nobody_up(hands):
    hands.hold("a")
    hands.engine.burn = 0.0
    began = time.perf_counter()
    for number in range(1000):
        hands.studio.generation.submit(request(f"job {number}"))
    each = (time.perf_counter() - began) / 1000
    began = time.perf_counter()
    hands.view.grab()
    hands.queue.shift([hands.id("job 500")], -1)
    hands.view.scrollToBottom()
    hands.view.grab()
    seen = time.perf_counter() - began
    assert each < 0.02
    assert seen < 2.0
    hands.queue.cancel_all()
    hands.qtbot.waitUntil(lambda: not hands.studio.generation.order, timeout=20_000)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "a few seconds"),
        (42, "about 40 s"),
        (58, "about 1 min"),
        (170, "about 3 min"),
        (3600, "about 1 h"),
        (5400, "about 1 h 30 min"),
        (40_000, "about 11 h"),
    ],
)
def test_times_are_said_as_people_say_them(qapp, seconds, words):
    assert about(seconds) == words
    assert in_all(2, seconds, True) == f"Waiting: 2 · {words} or more"
