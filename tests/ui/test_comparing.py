"""Candidates with a divider over the canvas, and side by side: what is seen, what mouse, pen and keys do."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from kandinsky_studio.app.comparing import Way
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import to_rgba
from tests.ui.easel.test_view_input import pen

BLUE = (0x30, 0x60, 0xA0)
LEFT = Qt.MouseButton.LeftButton
PLAIN, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


class Judge:
    """Somebody at the window with a blue document of 256 × 192 and candidates over it, each of one colour."""

    def __init__(self, window, qtbot):
        self.window, self.qtbot, self.studio = window, qtbot, window.studio
        self.page = window.bench.page
        self.view, self.grid, self.bar = self.page.view, self.page.candidate_views.grid, self.page.task_bar.side
        self.candidates, self.comparing = self.studio.candidates, self.studio.comparing
        self.document = self.studio.editor.new(256, 192, QColor(*BLUE)).document
        self.studio.settings.set(prompt="a red circle", num_inference_steps=2, strength=0.5, mask_feather=0)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=2000)
        self.view.setFocus()

    def make(self, count):
        before = self.candidates.count
        self.studio.settings.set(num_images_per_prompt=count)
        assert self.candidates.generate() is not None
        self.qtbot.waitUntil(
            lambda: self.candidates.count == before + count and not self.studio.generation.busy, timeout=5000
        )

    def key(self, key, modifiers=PLAIN):
        QTest.keyClick(self.window.focusWidget(), key, modifiers)

    def colour(self, number):
        return tuple(int(value) for value in to_rgba(self.candidates.waiting[number].image)[0, 0, :3])

    def seen(self, x, y):
        """The colour that the view shows where the point of the document is."""
        self.qtbot.waitUntil(lambda: not self.view.unfinished, timeout=3000)
        at = self.view.widget_point(QPointF(x, y)).toPoint()
        return QColor(self.view.grab().toImage().pixelColor(at)).getRgb()[:3]

    def on_screen(self, x, y):
        """The colour at a place of the view."""
        self.qtbot.waitUntil(lambda: not self.view.unfinished, timeout=3000)
        return QColor(self.view.grab().toImage().pixelColor(round(x), round(y))).getRgb()[:3]

    def divider(self):
        line = self.view.wipe.line()
        return round(line.x1() / self.view.camera.ratio), round(line.center().y() / self.view.camera.ratio)

    def drag(self, start, end):
        self.qtbot.mousePress(self.view, LEFT, pos=QPoint(*start))
        self.qtbot.mouseMove(self.view, QPoint((start[0] + end[0]) // 2, (start[1] + end[1]) // 2))
        self.qtbot.mouseMove(self.view, QPoint(*end))
        self.qtbot.mouseRelease(self.view, LEFT, pos=QPoint(*end))

    def cell(self, index, across=0.5, down=0.5):
        """The colour in a cell of the grid."""
        self.qtbot.waitUntil(lambda: not self.grid.unfinished, timeout=3000)
        place = self.grid.cell_rect(index)
        at = place.topLeft() + QPoint(round(place.width() * across), round(place.height() * down))
        return QColor(self.grid.grab().toImage().pixelColor(at)).getRgb()[:3]

    def names(self):
        return [step.name for step in self.document.history.done]


@pytest.fixture
def judge(window, qtbot):
    return Judge(window, qtbot)


def test_left_of_the_divider_is_the_canvas_and_the_mouse_moves_it(judge):
    judge.key(Qt.Key.Key_Y)
    assert judge.comparing.way is Way.ALONE, "there is nothing to compare"
    judge.make(2)
    colour = judge.colour(1)
    assert judge.seen(64, 96) == colour
    judge.key(Qt.Key.Key_Y)
    assert judge.bar.wipe.isChecked()
    assert (judge.seen(64, 60), judge.seen(192, 60)) == (BLUE, colour)
    x, y = judge.divider()
    left = round(judge.view.widget_point(QPointF(64, 0)).x())
    judge.drag((x, y - 40), (left, y - 40))
    assert judge.divider()[0] == pytest.approx(left, abs=1)
    assert (judge.seen(40, 60), judge.seen(100, 60)) == (BLUE, colour)
    assert judge.comparing.share == pytest.approx(0.25, abs=0.01)
    judge.drag((left, y), (left - 5000, y))
    assert judge.comparing.share == 0
    assert judge.names() == [], "it was no stroke"
    judge.key(Qt.Key.Key_Right, SHIFT)
    judge.key(Qt.Key.Key_Right, SHIFT)
    assert judge.comparing.share == pytest.approx(0.1)
    judge.key(Qt.Key.Key_End, SHIFT)
    assert judge.seen(200, 60) == BLUE
    judge.key(Qt.Key.Key_Left)
    assert judge.candidates.number == 0, "the arrows alone go through candidates, as ever"
    judge.key(Qt.Key.Key_Escape)
    assert judge.comparing.way is Way.ALONE
    assert judge.seen(64, 60) == judge.colour(0)
    assert judge.candidates.count == 2


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angle", [0, 30, -120])
def test_the_divider_stands_upright_however_the_view_is(judge, angle, mirrored):
    judge.make(1)
    judge.view.rotate_to(angle)
    judge.view.set_mirrored(mirrored)
    judge.key(Qt.Key.Key_Y)
    x, _ = judge.divider()
    middle = judge.view.widget_point(QPointF(128, 96))
    assert x == pytest.approx(middle.x(), abs=1.5)
    assert judge.on_screen(x - 20, middle.y() - 30) == BLUE
    assert judge.on_screen(x + 20, middle.y() - 30) == judge.colour(0)
    judge.view.set_zoom(12)
    judge.view.camera.show(QPointF(128, 20))
    judge.view.camera_moved()
    x, y = judge.divider()
    assert judge.view.rect().adjusted(9, 9, -9, -9).contains(x, y), "it can still be caught"
    judge.view.camera.show(QPointF(10, 10))
    judge.view.camera_moved()
    x, y = judge.divider()
    assert judge.view.rect().adjusted(9, 9, -9, -9).contains(x, y)
    before = judge.comparing.share
    judge.drag((x, y), (x + (30 if x < judge.view.width() / 2 else -30), y))
    assert judge.comparing.share != before
    assert judge.names() == []


def test_one_paints_beside_the_divider_with_a_pen_that_also_moves_it(judge):
    judge.make(1)
    judge.key(Qt.Key.Key_Y)
    x, y = judge.divider()
    at = judge.view.widget_point(QPointF(30, 150)).toPoint()
    judge.studio.editor.set_colours(QColor("red"))
    judge.drag((at.x(), at.y()), (at.x() + 40, at.y()))
    assert judge.names() == ["Brush stroke"]
    assert judge.seen(34, 150) == (255, 0, 0), "the left is the canvas as it is now"
    press, move, release = QEvent.Type.TabletPress, QEvent.Type.TabletMove, QEvent.Type.TabletRelease
    pen(judge.view, press, QPointF(x, y))
    pen(judge.view, move, QPointF(x + 30, y))
    pen(judge.view, move, QPointF(x + 60, y))
    pen(judge.view, release, QPointF(x + 60, y))
    assert judge.divider()[0] == x + 60
    assert judge.names() == ["Brush stroke"]


def test_at_the_left_may_be_another_candidate(judge, qtbot):
    judge.make(3)
    judge.bar.wipe.click()
    judge.bar.against.setFocus()
    judge.key(Qt.Key.Key_Down)
    judge.key(Qt.Key.Key_Down)
    assert judge.bar.against.currentText() == "Left: 2"
    assert judge.comparing.against is judge.candidates.waiting[1]
    assert (judge.seen(64, 60), judge.seen(192, 60)) == (judge.colour(1), judge.colour(2))
    judge.bar.against.setCurrentIndex(0)
    judge.bar.against.activated.emit(0)
    assert judge.seen(64, 60) == BLUE
    judge.comparing.set_against(0)
    judge.candidates.drop()
    assert (judge.comparing.way, judge.comparing.against) == (Way.ALONE, None)
    assert judge.seen(64, 60) == BLUE
    assert not judge.bar.isVisible()


def test_another_document_in_front_is_not_compared(judge):
    judge.make(1)
    judge.key(Qt.Key.Key_Y)
    judge.studio.editor.new(64, 64, QColor("white"))
    assert judge.comparing.way is Way.ALONE
    assert judge.view.wipe.line() is None


def test_side_by_side_each_is_seen_and_a_click_chooses(judge, qtbot):
    judge.make(4)
    judge.key(Qt.Key.Key_N)
    assert judge.page.stack.currentWidget() is judge.grid
    assert judge.window.focusWidget() is judge.grid
    assert len(judge.grid.cells) == 5
    assert judge.cell(0) == BLUE
    for number in range(4):
        assert judge.cell(number + 1) == judge.colour(number)
    qtbot.mouseClick(judge.grid, LEFT, pos=judge.grid.cell_rect(2).center())
    assert judge.candidates.number == 1
    assert judge.page.stack.currentWidget() is judge.grid, "one goes on comparing"
    judge.key(Qt.Key.Key_Right)
    assert judge.candidates.number == 2
    judge.key(Qt.Key.Key_1)
    assert judge.candidates.number == 0
    qtbot.mouseClick(judge.grid, LEFT, pos=judge.grid.cell_rect(0).center())
    assert judge.candidates.number == 0, "the canvas is no candidate"
    judge.key(Qt.Key.Key_Escape)
    assert judge.page.stack.currentWidget() is judge.view
    assert judge.window.focusWidget() is judge.view
    assert judge.seen(64, 60) == judge.colour(0)
    judge.key(Qt.Key.Key_N)
    judge.key(Qt.Key.Key_3)
    judge.key(Qt.Key.Key_Return)
    assert judge.names() == ["Keep candidate"]
    assert judge.page.stack.currentWidget() is judge.view
    assert judge.candidates.count == 0


def test_those_that_are_marked_are_kept_in_one_step(judge, qtbot):
    judge.make(4)
    colours = [judge.colour(number) for number in range(4)]
    judge.key(Qt.Key.Key_N)
    qtbot.mouseClick(judge.grid, LEFT, pos=judge.grid.mark_rect(2).center())
    assert judge.candidates.number == 3, "a mark is no choice"
    qtbot.mouseClick(judge.grid, LEFT, pos=judge.grid.mark_rect(3).center())
    qtbot.mouseClick(judge.grid, LEFT, pos=judge.grid.mark_rect(3).center())
    judge.key(Qt.Key.Key_Space)
    assert [judge.candidates.waiting.index(one) for one in judge.candidates.marked] == [1, 3]
    assert judge.bar.keep.text() == "Keep the 2 marked"
    judge.key(Qt.Key.Key_Return)
    assert judge.names() == ["Keep candidate"]
    layers = list(judge.document.state.walk())
    assert len(layers) == 3
    kept = [tuple(layer.pixels.array(Rect(9, 9, 1, 1))[0, 0, 2::-1]) for layer in layers[1:]]
    assert kept == [colours[1], colours[3]]
    judge.document.undo()
    assert len(list(judge.document.state.walk())) == 1


def test_all_are_zoomed_and_moved_together(judge, qtbot):
    judge.make(1)
    painted = judge.view.widget_point(QPointF(128, 96)).toPoint()
    judge.studio.editor.set_colours(QColor("red"))
    judge.studio.editor.set_option("size", 20.0)
    judge.drag((painted.x(), painted.y()), (painted.x() + 1, painted.y()))
    judge.view.rotate_to(90)
    judge.key(Qt.Key.Key_N)
    assert judge.grid.camera.angle == 90, "it is turned as it was"
    qtbot.waitUntil(lambda: judge.cell(0) == (255, 0, 0), timeout=3000)
    assert judge.cell(0, 0.5, 0.4) == BLUE
    zoom, place = judge.grid.camera.zoom, judge.grid.cell_rect(1)
    for _ in range(8):
        at = QPointF(place.center())
        wheel = QWheelEvent(
            *(at, QPointF(judge.grid.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton),
            *(PLAIN, Qt.ScrollPhase.NoScrollPhase, False),
        )
        QApplication.sendEvent(judge.grid, wheel)
    assert judge.grid.camera.zoom > 5 * zoom
    assert judge.cell(0, 0.5, 0.4) == (255, 0, 0), "in the other cell, too"
    start = place.center()
    qtbot.mousePress(judge.grid, LEFT, pos=start)
    qtbot.mouseMove(judge.grid, start + QPoint(0, 60))
    qtbot.mouseMove(judge.grid, start + QPoint(0, place.height()))
    qtbot.mouseRelease(judge.grid, LEFT, pos=start + QPoint(0, place.height()))
    assert judge.candidates.number == 0
    assert judge.cell(0, 0.5, 0.1) == BLUE
    judge.key(Qt.Key.Key_0)
    assert judge.grid.camera.zoom == pytest.approx(zoom)


def test_what_comes_meanwhile_is_seen_side_by_side_too(judge, qtbot, fake_engine):
    judge.make(2)
    judge.bar.beside.click()
    fake_engine.hold.clear()
    judge.candidates.generate()
    qtbot.waitUntil(lambda: len(judge.grid.cells) == 4, timeout=3000)
    assert (judge.grid.cells[3].number, judge.grid.cells[3].title) == (None, "Being made…")
    fake_engine.hold.set()
    qtbot.waitUntil(lambda: not judge.studio.generation.busy, timeout=5000)
    assert [cell.number for cell in judge.grid.cells] == [None, 0, 1, 2, 3]
    judge.document.undo()
    judge.candidates.drop()
    assert judge.page.stack.currentWidget() is judge.view
    assert judge.grid.cells == ()


def test_what_changes_on_the_canvas_is_seen_side_by_side(judge, qtbot):
    judge.make(1)
    judge.bar.beside.click()
    assert judge.cell(0) == BLUE
    with (
        judge.document.edit("Brush stroke") as edit,
        edit.painters(judge.document.active.pixels, Rect(0, 0, 256, 192)) as painters,
    ):
        for painter, part in painters:
            painter.fillRect(part.to_qt(), QColor("red"))
    qtbot.waitUntil(lambda: judge.cell(0) == (255, 0, 0), timeout=3000)
    assert judge.cell(1) == judge.colour(0)


def test_where_text_is_large_the_bar_wraps_and_keeping_comes_first(judge, qtbot):
    judge.make(2)
    ends, looks = judge.bar.keep, judge.bar.beside
    judge.window.resize(1700, 900)
    qtbot.waitUntil(lambda: ends.mapTo(judge.page, QPoint()).x() > looks.mapTo(judge.page, QPoint()).x(), timeout=3000)
    judge.studio.remembering.set(font_scale=200)
    judge.window.resize(1100, 900)
    qtbot.waitUntil(lambda: ends.mapTo(judge.page, QPoint()).y() < looks.mapTo(judge.page, QPoint()).y(), timeout=3000)
    assert ends.visibleRegion().boundingRect().height() > ends.height() * 0.9
    judge.studio.remembering.set(font_scale=100)
