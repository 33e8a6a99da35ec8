"""The ideas panel in the real window: the grid, the keyboard, what is dropped, what is grey."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from kandinsky_studio.app.mix_slots import Picture
from kandinsky_studio.engine.models import kandinsky_2_0
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.ui.panels.ideas import DRIFT, PREVIEW, STYLES, IdeasPanel
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.draft_grid import Cell, DraftGrid


@pytest.fixture
def panel(window):
    dock = next(dock for dock in window.docks if isinstance(dock.panel, IdeasPanel))
    window.resize(1280, 900)
    window.areas.show_dock(dock)
    QApplication.processEvents()
    return dock.panel


@pytest.fixture
def grid(qtbot, qapp):
    theme = Theme(qapp)
    theme.use("dark", 100)
    grid = DraftGrid(theme)
    qtbot.addWidget(grid)
    grid.resize(300, 220)
    image = QImage(32, 32, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    grid.show_cells([Cell(image, name=str(n)) if n != 4 else Cell(None, 0.5) for n in range(6)], None)
    grid.show()
    yield grid
    theme.close()


def press(widget, key):
    QTest.keyClick(widget, key)


def test_the_arrows_go_from_picture_to_picture_and_enter_picks(grid):
    chosen, picked = [], []
    cells = grid._cells
    grid.chosen.connect(lambda number: (chosen.append(number), grid.show_cells(cells, number)))
    grid.picked.connect(picked.append)
    press(grid, Qt.Key.Key_Return)
    assert picked == []  # nothing is chosen yet
    right = Qt.Key.Key_Right
    for key in (right, right, Qt.Key.Key_Down, right, Qt.Key.Key_Down, Qt.Key.Key_Left):
        press(grid, key)
    assert chosen == [0, 1, 2, 5, 3]  # 4 is not made: nothing is there below 1, and left goes over it
    press(grid, Qt.Key.Key_Return)
    assert picked == [3]


def test_a_click_chooses_and_a_double_click_picks(grid):
    chosen, picked = [], []
    grid.chosen.connect(chosen.append)
    grid.picked.connect(picked.append)
    place = grid.place_of(2).center().toPoint()
    QTest.mouseClick(grid, Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(grid, Qt.MouseButton.LeftButton, pos=place)
    assert chosen[0] == 2
    assert picked == [2]
    QTest.mouseDClick(grid, Qt.MouseButton.LeftButton, pos=grid.place_of(4).center().toPoint())
    assert picked == [2]  # what is not made can't be picked


def test_the_grid_is_as_even_as_it_goes(grid):
    assert grid.heightForWidth(300) < grid.heightForWidth(200) < grid.heightForWidth(90)
    rows = {round(grid.place_of(n).top()) for n in range(6)}
    assert len(rows) == 2


def test_a_preview_from_the_key_to_the_whole_picture(window, panel, qtbot):
    studio = window.studio
    studio.settings.set(prompt="a red circle")
    assert panel.preview.teaching.isVisibleTo(panel.preview)
    window.actions_.commands.action("generation.preview_ideas").trigger()
    qtbot.waitUntil(lambda: bool(studio.ideas.drafts) and not studio.ideas.busy, timeout=10_000)
    assert not panel.preview.teaching.isVisibleTo(panel.preview)
    assert not panel.preview.make.isEnabled()
    panel.preview.grid.setFocus()
    press(panel.preview.grid, Qt.Key.Key_Right)
    assert studio.ideas.chosen is studio.ideas.drafts[0]
    with qtbot.waitSignal(studio.generation.picture_made, timeout=10_000) as made:
        press(panel.preview.grid, Qt.Key.Key_Return)
    chosen = studio.ideas.chosen.request
    assert (made.args[1].request.prior_seed, made.args[1].request.seed) == (chosen.prior_seed, chosen.seed)
    assert panel.preview.pinned.isVisibleTo(panel.preview)
    panel.preview.unpin.click()
    assert not panel.preview.pinned.isVisibleTo(panel.preview)


def test_without_words_nothing_is_previewed(window, panel, qtbot):
    window.studio.settings.set(prompt="")
    panel.preview.preview.click()
    assert window.studio.ideas.drafts == ()
    assert not window.studio.ideas.busy


def test_a_model_without_ideas_is_told_in_each_part(window, panel):
    window.studio.settings.choose_model(kandinsky_2_0.SPEC)
    window.studio.model_chosen.emit()
    for part in (panel.preview, panel.drift, panel.styles):
        assert part.unable.isVisibleTo(part)
        assert "Kandinsky 2.0" in part.unable.text()
    assert not panel.preview.preview.isEnabled()
    assert not panel.drift.words.isEnabled()
    assert not panel.styles.make.isEnabled()
    assert not window.actions_.commands.action("generation.new_idea").isEnabled()


def drop(panel, path):
    """Bring a file over the panel and let it go, as the window system does."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place, copy = panel.rect().center(), Qt.DropAction.CopyAction
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for kind in (QDragEnterEvent, QDragMoveEvent):
        event = kind(place, copy, data, left, none)
        QApplication.sendEvent(panel, event)
        assert event.isAccepted()
    QApplication.sendEvent(panel, QDropEvent(QPointF(place), copy, data, left, none))
    panel.studio.ingredients.flush()


def test_a_dropped_picture_drifts_or_goes_to_the_tray(panel, tmp_path):
    path = tmp_path / "sketch.png"
    QImage(40, 30, QImage.Format.Format_RGB32).save(str(path))
    panel.show_part(PREVIEW)
    drop(panel, path)
    assert panel.tabs.currentIndex() == DRIFT
    assert panel.studio.drift.source.title() == "sketch"
    panel.show_part(STYLES)
    drop(panel, path)
    assert [picture.name for picture in panel.styles.tray] == ["sketch"]
    panel.styles.tray[0].setFocus()
    press(panel.styles.tray[0], Qt.Key.Key_Delete)
    assert panel.studio.styles.tray == ()


def test_the_slider_waits_for_a_picture_and_words(panel):
    panel.show_part(DRIFT)
    assert not panel.drift.amount.isEnabled()
    panel.studio.drift.take(Picture("a", Raster(np.zeros((20, 30, 3), np.uint8))))
    assert not panel.drift.amount.isEnabled()
    QTest.keyClicks(panel.drift.words, "rain")
    assert panel.drift.amount.isEnabled()
    assert not panel.drift.teaching.isVisibleTo(panel.drift)


def test_every_part_can_be_reached_and_left_by_keyboard(panel):
    for part in (PREVIEW, DRIFT, STYLES):
        panel.show_part(part)
        panel.focus_first()
        assert panel.isAncestorOf(QApplication.focusWidget()) or not panel.isActiveWindow()
    panel.tabs.setFocus()
    panel.show_part(PREVIEW)
    press(panel.tabs, Qt.Key.Key_Right)
    assert panel.tabs.currentIndex() == DRIFT
