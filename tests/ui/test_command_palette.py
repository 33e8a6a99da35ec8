"""The palette finds what can be done, says what its key is, and does it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QMainWindow, QVBoxLayout, QWidget

from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.app.translation import Translation
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.command_palette import CATEGORY, CHECKED, ID, KEY, CommandPalette
from kandinsky_studio.ui.theme import Theme

IDS = ("layer.new", "layer.duplicate", "edit.undo", "view.rulers", "tool.brush", "window.command_palette")


class Bench(QMainWindow):
    def __init__(self, theme: Theme, remembering: Remembering) -> None:
        super().__init__()
        self.commands = Actions(theme, self, remembering).commands
        self.palette_ = CommandPalette(self, self.commands, theme, remembering)
        self.done: list[tuple[str, QWidget | None]] = []
        self.canvas, self.field = QLabel(), QLineEdit()
        self.canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.addWidget(self.canvas)
        column.addWidget(self.field)
        self.setCentralWidget(middle)
        self.resize(800, 600)
        for id in IDS[:-1]:
            self.commands.implement(id, lambda *_, id=id: self.done.append((id, self.focusWidget())))
        self.commands.implement("window.command_palette", self.palette_.open)


@pytest.fixture
def bench(qtbot, qapp):
    theme, remembering = Theme(qapp), Remembering(Messages())
    theme.use("dark")
    bench = Bench(theme, remembering)
    bench.remembering = remembering
    qtbot.addWidget(bench)
    bench.show()
    bench.activateWindow()
    qtbot.waitUntil(bench.isActiveWindow, timeout=2000)
    bench.canvas.setFocus()
    yield bench
    bench.close()
    theme.close()
    remembering.close()


def rows(bench) -> list[str]:
    return [bench.palette_.list.item(row).data(ID) for row in range(bench.palette_.list.count())]


def open_(bench, query: str = "") -> None:
    QTest.keyClick(
        bench.focusWidget(), Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert bench.palette_.isVisible()
    bench.palette_.search.setText(query)


def test_it_opens_with_every_command_that_is_implemented(bench):
    open_(bench)
    assert set(rows(bench)) == set(IDS) - {"window.command_palette"}
    assert bench.focusWidget() is bench.palette_.search


def test_a_row_says_name_category_and_key(bench):
    bench.commands.action("view.rulers").setChecked(True)
    open_(bench, "ruler")
    item = bench.palette_.list.item(0)
    assert (item.text(), item.data(CATEGORY), item.data(KEY), item.data(CHECKED)) == (
        "Rulers",
        "View",
        "Ctrl+Alt+R",
        True,
    )
    assert item.data(Qt.ItemDataRole.AccessibleTextRole) == "Rulers, View, Ctrl+Alt+R"
    bench.commands.bindings.choose("photoshop")
    bench.palette_.close_()
    open_(bench, "ruler")
    assert bench.palette_.list.item(0).data(KEY) == "Ctrl+R"


def test_enter_runs_with_the_keyboard_back_where_it_was(bench):
    open_(bench, "dupl")
    QTest.keyClick(bench.palette_.search, Qt.Key.Key_Return)
    assert bench.done == [("layer.duplicate", bench.canvas)]
    assert not bench.palette_.isVisible()


def test_escape_closes_and_gives_the_keyboard_back(bench):
    bench.field.setFocus()
    open_(bench)
    QTest.keyClick(bench.palette_.search, Qt.Key.Key_Escape)
    assert not bench.palette_.isVisible()
    assert bench.focusWidget() is bench.field
    assert bench.done == []


def test_the_same_key_closes_it(bench):
    open_(bench)
    QTest.keyClick(
        bench.palette_.search, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert not bench.palette_.isVisible()


def test_arrows_choose_and_go_round(bench):
    open_(bench)
    count = bench.palette_.list.count()
    QTest.keyClick(bench.palette_.search, Qt.Key.Key_Up)
    assert bench.palette_.list.currentRow() == count - 1
    QTest.keyClick(bench.palette_.search, Qt.Key.Key_Down)
    QTest.keyClick(bench.palette_.search, Qt.Key.Key_Down)
    assert bench.palette_.list.currentRow() == 1
    QTest.keyClick(bench.palette_.search, Qt.Key.Key_PageDown)
    assert bench.palette_.list.currentRow() == count - 1


def test_a_letter_is_typed_and_runs_nothing(bench):
    open_(bench)
    QTest.keyClick(bench.palette_.search, Qt.Key.Key_B)
    assert bench.palette_.search.text() == "b"
    assert bench.done == []
    assert rows(bench)[0] == "tool.brush"


def test_a_disabled_command_is_grey_and_stays_undone(bench):
    bench.commands.action("edit.undo").setEnabled(False)
    open_(bench, "undo")
    item = bench.palette_.list.item(0)
    assert item.data(ID) == "edit.undo"
    assert not item.flags() & Qt.ItemFlag.ItemIsEnabled
    assert "not possible now" in item.data(Qt.ItemDataRole.AccessibleTextRole)
    QTest.keyClick(bench.palette_.search, Qt.Key.Key_Return)
    assert bench.done == []
    assert bench.palette_.isVisible()


def test_what_can_be_run_comes_first_and_the_chosen_row_shows_also_where_it_is_grey(bench):
    bench.commands.action("layer.duplicate").setEnabled(False)
    open_(bench)
    QTest.keyClick(bench.palette_.search, Qt.Key.Key_Up)
    assert rows(bench)[-1] == "layer.duplicate"
    assert bench.palette_.list.currentRow() == len(rows(bench)) - 1
    view = bench.palette_.list
    place = view.visualItemRect(view.currentItem())
    chosen = view.viewport().grab(place).toImage().pixelColor(place.width() // 2, place.height() // 2)
    QTest.keyClick(bench.palette_.search, Qt.Key.Key_Down)
    assert view.viewport().grab(place).toImage().pixelColor(place.width() // 2, place.height() // 2) != chosen


def test_a_click_runs(qtbot, bench):
    open_(bench, "new layer")
    place = bench.palette_.list.visualItemRect(bench.palette_.list.item(0)).center()
    QTest.mouseClick(bench.palette_.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert [id for id, _ in bench.done] == ["layer.new"]


def test_whatever_else_gets_the_keyboard_closes_it(bench):
    open_(bench)
    bench.field.setFocus(Qt.FocusReason.MouseFocusReason)
    assert not bench.palette_.isVisible()
    assert bench.focusWidget() is bench.field


def test_what_was_used_lately_comes_first_and_is_remembered(bench):
    for query in ("rulers", "brush", "rulers"):
        open_(bench, query)
        QTest.keyClick(bench.palette_.search, Qt.Key.Key_Return)
    assert bench.remembering.values.recent_commands == ["view.rulers", "tool.brush"]
    open_(bench)
    assert rows(bench)[:2] == ["view.rulers", "tool.brush"]


def test_nothing_found_is_said(bench):
    open_(bench, "zzzz")
    assert rows(bench) == []
    assert bench.palette_.nothing.isVisible()
    QTest.keyClick(bench.palette_.search, Qt.Key.Key_Return)
    QTest.keyClick(bench.palette_.search, Qt.Key.Key_Down)
    assert bench.palette_.isVisible()


def test_both_languages_are_understood(bench):
    translation = Translation()
    translation.use("ru")
    bench.commands.retranslate()
    bench.palette_.retranslate()
    try:
        for query in ("кисть", "brush", "rbcnm"):
            open_(bench, query)
            assert rows(bench) == ["tool.brush"]
            assert bench.palette_.list.item(0).text() == "Кисть"
            bench.palette_.close_()
    finally:
        translation.use("en")
        translation.remove()


@pytest.mark.parametrize("size", [(800, 600), (360, 260)])
def test_it_stays_inside_the_window(qtbot, bench, size):
    open_(bench)
    bench.resize(*size)
    qtbot.waitUntil(lambda: bench.rect().contains(bench.palette_.geometry()), timeout=2000)
    assert bench.palette_.grab().width() == bench.palette_.width()
