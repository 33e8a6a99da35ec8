"""The strip in the real window: ends, frames, what is done with them, and films."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QTabBar

from kandinsky_studio.app.mix_slots import Picture, Words
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.ui.panels.strip import StripPanel

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def panel(window):
    dock = next(dock for dock in window.docks if isinstance(dock.panel, StripPanel))
    window.resize(1280, 900)
    window.areas.show_dock(dock)
    QApplication.processEvents()
    return dock.panel


@pytest.fixture
def made(panel, qtbot):
    panel.strip.set_end(0, Picture("dark", Raster(np.full((32, 32, 3), 20, np.uint8))))
    QTest.keyClicks(panel.form.ends[1].words, "a star")
    panel.strip.set_count(5)
    panel.form.make.click()
    qtbot.waitUntil(lambda: panel.strip.made == 5 and not panel.strip.busy, timeout=5000)
    QApplication.processEvents()
    return panel


def click(panel, number):
    QTest.mouseClick(panel.form.film, LEFT, NONE, panel.form.film.area_of(number).center())


def test_an_empty_strip_says_what_to_do(panel):
    form = panel.form
    assert form.teaching.isVisible()
    assert not form.make.isEnabled()
    assert not form.using.isVisible()
    assert not form.writing.isVisible()
    panel.focus_first()
    QTest.keyClicks(form.ends[0].words, "a hill")
    assert panel.strip.ends == (Words("a hill"), None)
    QTest.keyClicks(form.ends[1].words, "s")
    assert form.make.isEnabled()
    QTest.keyClick(form.ends[1].words, Qt.Key.Key_Backspace)
    assert panel.strip.ends[1] is None
    assert not form.make.isEnabled()


def test_ends_are_dropped_swapped_and_cleared(panel):
    def drop(text, widget):
        data = QMimeData()
        data.setText(text)
        place = widget.mapTo(panel, widget.rect().center())
        for kind in (QDragEnterEvent, QDropEvent):
            where = place if kind is QDragEnterEvent else QPointF(place)
            QApplication.sendEvent(panel, kind(where, Qt.DropAction.CopyAction, data, LEFT, NONE))

    form = panel.form
    drop("sea", form.ends[1].picture)
    drop("hill", form.middle)  # where nothing is yet
    assert panel.strip.ends == (Words("hill"), Words("sea"))
    form.swap.click()
    assert [end.words.text() for end in form.ends] == ["sea", "hill"]
    form.ends[0].picture.setFocus()
    QTest.keyClick(form.ends[0].picture, Qt.Key.Key_Delete)
    assert panel.strip.ends == (None, Words("hill"))
    assert form.ends[0].words.text() == ""


def test_a_frame_is_chosen_and_used(made, window, qtbot):
    form, studio = made.form, window.studio
    assert not form.open.isEnabled()
    click(made, 1)
    assert form.film.current == 1
    assert form.open.isEnabled()
    assert not form.use.isEnabled()
    with qtbot.waitSignal(studio.gallery.added, timeout=3000):
        form.open.click()
    assert studio.easel.item is made.strip.frames[1].item
    studio.editor.new(64, 64, QColor("white"))
    form.use.click()
    assert studio.candidates.count == 1
    form.to_mix.click()
    assert [slot.weight for slot in studio.mixing.slots] == [0.75, 0.25]
    form.take_mix.click()
    assert made.strip.ends[1] == Words("a star")


def test_keys_go_along_the_frames(made, window, qtbot):
    film = made.form.film
    film.setFocus()
    QTest.keyClick(film, Qt.Key.Key_End)
    assert film.current == 4
    QTest.keyClick(film, Qt.Key.Key_Insert)  # nothing comes after the last
    assert len(made.strip.frames) == 5
    QTest.keyClick(film, Qt.Key.Key_Left)
    QTest.keyClick(film, Qt.Key.Key_Insert)
    qtbot.waitUntil(lambda: made.strip.made == 6, timeout=3000)
    assert film.current == 3
    with qtbot.waitSignal(window.studio.gallery.added, timeout=3000):
        QTest.keyClick(film, Qt.Key.Key_Return)


def test_the_plus_refines_again_and_again(made, qtbot):
    film = made.form.film
    QTest.mouseClick(film, LEFT, NONE, film.gap_at(1).toPoint())
    qtbot.waitUntil(lambda: made.strip.made == 6, timeout=3000)
    QTest.mouseClick(film, LEFT, NONE, film.gap_at(1).toPoint())
    qtbot.waitUntil(lambda: made.strip.made == 7, timeout=3000)
    assert [frame.share for frame in made.strip.frames] == [0, 0.25, 0.3125, 0.375, 0.5, 0.75, 1]
    click(made, 0)
    made.form.refine.click()
    qtbot.waitUntil(lambda: made.strip.made == 8, timeout=3000)


def test_frames_appear_as_they_are_made_and_it_can_be_stopped(panel, fake_engine, qtbot):
    for end, text in zip(panel.form.ends, ("hill", "sea"), strict=True):
        QTest.keyClicks(end.words, text)
    panel.strip.set_count(31)
    done = []
    panel.strip.frame_changed.connect(lambda frame: frame.result and done.append(frame))
    panel.form.make.click()
    qtbot.waitUntil(lambda: len(done) >= 3, timeout=5000)
    fake_engine.hold.clear()
    assert panel.form.make.text().startswith("Cancel (")
    panel.form.make.click()
    assert panel.form.make.text() == "Make the strip"
    assert all(frame.result is not None for frame in panel.strip.frames)
    fake_engine.hold.set()


@pytest.mark.parametrize("kind", ["gif", "webp", "mp4", "png"])
def test_a_film_is_written(made, window, qtbot, tmp_path, monkeypatch, kind):
    form, target = made.form, tmp_path / "film"
    for number, frame in enumerate(made.strip.frames):  # frames that are alike become one
        frame.result = dataclasses.replace(frame.result, image=np.full((64, 64, 3), 40 * number, np.uint8))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    form.kind.setCurrentIndex(form.kind.findData(kind))
    form.fps.set_number(20)
    form.back.setChecked(True)
    with qtbot.waitSignal(made.export.written, timeout=20_000) as written:
        form.export.click()
        assert form.export.text().startswith("Cancel (")
    assert form.export.text() == "Export…"
    [path] = written.args
    assert path == (target if kind == "png" else target.with_suffix(f".{kind}"))
    if kind == "png":
        assert len(list(path.iterdir())) == 5
    elif kind != "mp4":
        with Image.open(path) as film:
            film.load()
            assert film.info["duration"] == 50
    window.studio.gallery.flush()
    assert window.studio.gallery_list.rowCount() == 5


def test_a_picture_is_asked_for_an_end(panel, tmp_path, monkeypatch):
    Image.new("RGB", (20, 20), "red").save(tmp_path / "red.png")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "red.png"), ""))
    QTest.mouseClick(panel.form.ends[1].picture, LEFT)
    panel.studio.ingredients.flush()
    assert isinstance(panel.strip.ends[1], Picture)
    assert panel.strip.ends[0] is None


def test_a_drag_opens_the_panel_behind_a_tab(panel, window):
    bars = [bar for bar in window.findChildren(QTabBar) if bar.parent() is window]
    titles = {bar.tabText(number) for bar in bars for number in range(bar.count())}
    assert {"Strip", "Gallery", "Pad", "Mix"} <= titles
    assert all(bar.changeCurrentOnDrag() for bar in bars)
