"""What is seen while a document is opened, and that its opening can be called off."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.surface import Surface, to_image
from kandinsky_studio.errors import DamagedPicture
from kandinsky_studio.storage import openraster_reading
from kandinsky_studio.storage.documents import write_document


@pytest.fixture
def held(monkeypatch):
    """Lets one layer be read for each ``release()``."""
    gate, fill = threading.Semaphore(0), openraster_reading.fill

    def wait(*arguments):
        assert gate.acquire(timeout=20)
        fill(*arguments)

    monkeypatch.setattr(openraster_reading, "fill", wait)
    yield gate
    gate.release(100)


@pytest.fixture
def file(tmp_path):
    """A document of four layers, red all over."""
    image = QImage(300, 200, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(255, 0, 0))
    layers = tuple(Layer(number, Kind.PIXELS, str(number), Surface.from_image(image)) for number in range(1, 5))
    path = tmp_path / "a “document” with a name that is much too long for a card of this width.ora"
    write_document(path, State(Rect(0, 0, 300, 200), layers))
    return path


def shown(qtbot, window):
    card = window.bench.opening
    qtbot.waitUntil(card.isVisible, timeout=20000)
    return card


def test_the_picture_is_seen_and_how_far_it_has_got(qtbot, window, held, file):
    editor = window.studio.editor
    editor.open(file)
    card = shown(qtbot, window)
    qtbot.waitUntil(lambda: card.picture.image is not None, timeout=20000)
    assert card.picture.image.pixelColor(9, 9) == QColor(255, 0, 0)
    assert card.picture.isVisible()
    assert card.bar.maximum() == 0  # nothing is known yet
    seen = []
    for number in range(1, 4):
        held.release()
        qtbot.waitUntil(lambda number=number: card.bar.value() == 250 * number, timeout=20000)
        seen.append(card.bar.value())
    assert card.isVisible()
    assert editor.sheets == []
    held.release()
    qtbot.waitUntil(lambda: len(editor.sheets) == 1, timeout=20000)
    assert not card.isVisible()
    assert editor.opening.waited == []
    assert len(editor.document.state.layers) == 4


def test_it_can_be_called_off_and_opened_again(qtbot, window, held, file):
    editor = window.studio.editor
    editor.open(file)
    card = shown(qtbot, window)
    qtbot.mouseClick(card.cancel, Qt.MouseButton.LeftButton)
    assert not card.isVisible()
    held.release(100)
    editor.flush()
    assert editor.sheets == []
    assert not window.bench.messages.isVisible(), "nobody is told of what they asked for"
    editor.open(file)
    editor.flush()
    assert len(editor.sheets) == 1


def test_what_is_called_off_stops_before_the_next_layer(window, held, file, qtbot, monkeypatch):
    read, fill = [], openraster_reading.fill
    monkeypatch.setattr(openraster_reading, "fill", lambda *arguments: (read.append(1), fill(*arguments)))
    monkeypatch.setattr(openraster_reading.os, "cpu_count", lambda: 1)
    window.studio.editor.open(file)
    qtbot.waitUntil(lambda: len(read) == 1, timeout=20000)
    window.studio.editor.opening.cancel()
    held.release(100)
    window.studio.editor.flush()
    assert len(read) == 1


def test_the_next_one_is_shown_when_the_first_is_called_off(qtbot, window, held, file, tmp_path):
    other = tmp_path / "b.ora"
    other.write_bytes(file.read_bytes())
    window.studio.editor.open(file)
    window.studio.editor.open(other)
    card = shown(qtbot, window)
    assert "…" in card.title.text()
    card.cancel.click()
    assert card.isVisible()
    assert "b.ora" in card.title.text()
    held.release(100)
    window.studio.editor.flush()
    assert [sheet.path for sheet in window.studio.editor.sheets] == [other]


def test_what_is_there_at_once_shows_no_card(qtbot, window, file):
    window.studio.editor.open(file)
    window.studio.editor.flush()
    assert len(window.studio.editor.sheets) == 1
    qtbot.wait(400)
    assert not window.bench.opening.isVisible()


def test_a_file_that_is_damaged_is_told_as_ever(qtbot, window, held, file, monkeypatch):
    def refuse(*_):
        raise DamagedPicture(file="a")

    window.studio.editor.open(file)
    card = shown(qtbot, window)
    monkeypatch.setattr(openraster_reading, "fill", refuse)
    held.release(100)
    qtbot.waitUntil(window.bench.messages.isVisible, timeout=20000)
    assert not card.isVisible()


def test_a_window_that_closes_waits_for_no_document(qtbot, window, held, file):
    editor = window.studio.editor
    editor.open(file)
    shown(qtbot, window)
    editor.opening.cancel_all()
    held.release(100)
    editor.flush()
    assert editor.sheets == []


def test_it_lies_beside_the_document_that_is_painted_on(qtbot, window, held, file):
    window.studio.editor.add_picture(to_image(np.zeros((90, 90, 4), np.uint8)), "a")
    window.studio.editor.open(file)
    card = shown(qtbot, window)
    around = card.parentWidget().rect()
    assert around.contains(card.geometry())
    assert not card.geometry().contains(around.center())
    held.release(100)
    window.studio.editor.flush()
    assert len(window.studio.editor.sheets) == 2
    QApplication.processEvents()
