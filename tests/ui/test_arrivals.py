"""Pictures that come onto the canvas: dropped, pasted, and from the gallery."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication

CONTROL = Qt.KeyboardModifier.ControlModifier
GREEN = QColor(10, 160, 60)


def picture(width=40, height=30, colour=GREEN):
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(colour)
    return image


@pytest.fixture
def document(window):
    window.activateWindow()
    return window.studio.editor.new(256, 256, QColor("white")).document


def drop(window, data, x, y, target=None):
    view = target or window.bench.page.view
    at = window.bench.page.view.widget_point(QPointF(x, y)) if target is None else QPointF(20, 20)
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at.toPoint(), Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(view, enter)
    assert enter.isAccepted()
    event = QDropEvent(at, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(view, event)


def seen(window, x, y):
    view = window.bench.page.view
    image = view.grab().toImage()
    return image.pixelColor((view.widget_point(QPointF(x, y)) * (image.width() / view.width())).toPoint())


def test_a_file_becomes_a_layer_where_it_was_dropped(qtbot, window, document, tmp_path):
    file = tmp_path / "leaf.png"
    picture().save(str(file))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    drop(window, data, 200, 100)
    qtbot.waitUntil(lambda: len(document.state.layers) == 2, timeout=3000)
    assert document.active.name == "leaf"
    assert seen(window, 200, 100) == GREEN
    assert seen(window, 100, 100) == QColor("white")
    document.undo()
    assert len(document.state.layers) == 1


def test_what_is_no_picture_is_refused_with_a_reason(qtbot, window, document, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/cat.png")])
    drop(window, data, 100, 100)
    assert "address" in window.messages.text.text()
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nno")
    data.setUrls([QUrl.fromLocalFile(str(broken))])
    drop(window, data, 100, 100)
    qtbot.waitUntil(lambda: "broken.png" in window.messages.text.text(), timeout=3000)
    assert document.history.names == []


def test_a_picture_dropped_on_the_page_of_pictures_opens_as_a_document(qtbot, window):
    data = QMimeData()
    data.setImageData(picture(50, 20))
    drop(window, data, 0, 0, window.stage)
    qtbot.waitUntil(lambda: len(window.studio.editor.sheets) == 1, timeout=2000)
    canvas = window.studio.editor.document.state.canvas
    assert (canvas.width, canvas.height) == (50, 20)
    assert window.bench.shows_document
    assert window.studio.editor.sheet.unsaved


def test_copy_and_paste_by_keys_keep_the_place(qtbot, window, document):
    view, action = window.bench.page.view, window.actions_.commands.action
    drop(window, _of(picture()), 60, 60)
    qtbot.waitUntil(lambda: len(document.state.layers) == 2, timeout=2000)
    qtbot.keyClick(view, Qt.Key.Key_A, CONTROL)
    qtbot.keyClick(view, Qt.Key.Key_X, CONTROL)
    assert seen(window, 60, 60) == QColor("white")
    qtbot.keyClick(view, Qt.Key.Key_V, CONTROL)
    assert len(document.state.layers) == 3
    assert seen(window, 60, 60) == GREEN
    action("edit.paste_into_new").trigger()
    assert window.studio.editor.document is not document


def _of(image):
    data = QMimeData()
    data.setImageData(image)
    return data


def test_a_picture_from_another_program_is_pasted_in_the_middle(qtbot, window, document):
    QGuiApplication.clipboard().setImage(picture())
    qtbot.keyClick(window.bench.page.view, Qt.Key.Key_V, CONTROL)
    assert seen(window, 128, 128) == GREEN
    assert seen(window, 60, 60) == QColor("white")


def test_a_picture_of_the_gallery_becomes_a_layer_and_a_document(qtbot, window, fake_engine):
    studio, action = window.studio, window.actions_.commands.action
    assert not action("gallery.open_as_document").isEnabled()
    studio.settings.set(prompt="a red circle", width=64, height=64)
    with qtbot.waitSignal(studio.generation.ended, timeout=3000):
        window.actions_.generate.trigger()
    qtbot.waitUntil(lambda: studio.easel.item is not None, timeout=3000)
    assert not action("gallery.place_on_document").isEnabled(), "there is no document yet"
    action("gallery.open_as_document").trigger()
    qtbot.waitUntil(lambda: len(studio.editor.sheets) == 1, timeout=3000)
    made = np.asarray(studio.easel.picture)
    assert seen(window, 32, 32) == QColor(*map(int, made[32, 32]))
    assert window.bench.tabs.tabText(1) == "• a red circle", "it has no file yet, but it says what it is"
    other = studio.editor.new(256, 256, QColor("white")).document
    window.bench.show_pictures()
    action("gallery.place_on_document").trigger()
    qtbot.waitUntil(lambda: len(other.state.layers) == 2, timeout=3000)
    assert window.bench.shows_document
    assert other.active.name == "a red circle"
    assert seen(window, 128, 128) == QColor(*map(int, made[32, 32]))
    assert seen(window, 20, 20) == QColor("white")
