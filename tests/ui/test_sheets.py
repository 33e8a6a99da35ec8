"""Tabs, files and the questions about what is not saved, in the real window."""

from __future__ import annotations

import signal

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QFileDialog, QLabel, QMessageBox, QPushButton

from kandinsky_studio import paths
from kandinsky_studio.document.pixel_operations import fill
from kandinsky_studio.storage import openraster_writing
from kandinsky_studio.storage.documents import read_document
from kandinsky_studio.storage.recovering import orphans
from kandinsky_studio.ui import main
from kandinsky_studio.ui.dialogs.unsaved import UnsavedDialog
from kandinsky_studio.ui.sheet_deeds import next_version
from tests.ui.test_look import ENGLISH, NAMES, words

RED, BLUE = QColor(255, 0, 0), QColor(0, 0, 255)


@pytest.fixture
def choose(monkeypatch):
    """What the user answers when asked where to save: paths, one after the other; "" is Cancel."""
    answers = []

    def ask(*_):
        path = str(answers.pop(0))
        return path, ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    return answers


def new(window, colour=None, size=(64, 48)):
    """A document, painted on if a colour is given."""
    sheet = window.studio.editor.new(*size)
    if colour is not None:
        fill(sheet.document, colour)
    return sheet


def save_to(window, sheet, path):
    window.studio.editor.save(sheet, path)
    window.studio.editor.flush()


def asked(window):
    """The question that is open."""
    found = [dialog for dialog in window.findChildren(UnsavedDialog) if dialog.isVisible()]
    assert len(found) <= 1
    return found[0] if found else None


def colour_in(file):
    pixels = read_document(file).state.layers[0].pixels.pixel(3, 3)
    return QColor(pixels[2], pixels[1], pixels[0])


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def kept():
    return orphans(paths.journals())


def test_a_window_with_nothing_to_lose_closes_without_a_question(qtbot, window, tmp_path):
    new(window)  # empty and untouched
    save_to(window, new(window, RED), tmp_path / "a.ora")
    file = tmp_path / "picture.png"
    QImage(20, 20, QImage.Format.Format_RGB32).save(str(file))
    window.studio.editor.open(file)
    window.studio.editor.flush()
    assert len(window.studio.editor.sheets) == 3
    window.close()
    assert asked(window) is None
    assert not window.isVisible()
    assert kept() == []


def test_every_unsaved_document_is_named_and_can_be_saved(qtbot, window, tmp_path, choose):
    first, second = new(window, RED), new(window, BLUE)
    new(window)
    save_to(window, first, tmp_path / "a.ora")
    fill(first.document, BLUE)
    window.close()
    dialog = asked(window)
    assert window.isVisible()
    assert [dialog.list.item(row).text() for row in range(dialog.list.count())] == ["a.ora", second.title]
    choose.append(tmp_path / "b")
    click(qtbot, dialog.save)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5000)
    assert colour_in(tmp_path / "a.ora") == BLUE
    assert colour_in(tmp_path / "b.ora") == BLUE
    assert kept() == []


def test_cancel_and_escape_leave_everything_open(qtbot, window):
    sheet = new(window, RED)
    window.close()
    click(qtbot, asked(window).stay)
    assert asked(window) is None
    window.close()
    qtbot.keyClick(asked(window), Qt.Key.Key_Escape)
    assert window.isVisible()
    assert window.studio.editor.sheets == [sheet]
    assert sheet.unsaved


def test_a_second_close_asks_the_same_question(qtbot, window):
    new(window, RED)
    window.close()
    dialog = asked(window)
    window.close()
    assert asked(window) is dialog
    click(qtbot, dialog.stay)


def test_closing_without_saving_forgets_the_documents(qtbot, window):
    new(window, RED)
    new(window, BLUE)
    window.close()
    click(qtbot, asked(window).drop)
    assert not window.isVisible()
    assert kept() == []


def test_some_are_saved_and_others_not(qtbot, window, tmp_path, choose):
    new(window, RED)
    new(window, BLUE)
    window.close()
    dialog = asked(window)
    assert dialog.save.text() == "Save all"
    dialog.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert dialog.save.text() == "Save the marked ones"
    dialog.list.item(1).setCheckState(Qt.CheckState.Unchecked)
    assert not dialog.save.isEnabled()
    dialog.list.item(1).setCheckState(Qt.CheckState.Checked)
    choose.append(tmp_path / "b.ora")
    click(qtbot, dialog.save)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5000)
    assert colour_in(tmp_path / "b.ora") == BLUE
    assert kept() == []


def test_who_does_not_say_where_to_keeps_the_window(qtbot, window, choose):
    sheets = [new(window, RED), new(window, BLUE)]
    window.close()
    choose.append("")
    click(qtbot, asked(window).save)
    window.studio.editor.flush()
    assert window.isVisible()
    assert window.studio.editor.sheets == sheets
    assert all(sheet.unsaved for sheet in sheets)


def test_a_window_stays_if_a_document_can_not_be_saved(qtbot, window, tmp_path, choose):
    new(window, RED)
    window.close()
    choose.append(tmp_path / "gone" / "a.ora")
    click(qtbot, asked(window).save)
    window.studio.editor.flush()
    assert window.isVisible()
    assert window.studio.editor.sheets[0].unsaved
    assert "can be written" in window.messages.text.text()


def test_a_window_closed_while_a_file_is_written_waits_for_it(qtbot, window, tmp_path):
    sheet = new(window, RED)
    window.studio.editor.save(sheet, tmp_path / "a.ora")
    assert sheet.saving
    window.close()
    assert asked(window) is None
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5000)
    assert colour_in(tmp_path / "a.ora") == RED


def test_a_tab_closed_while_its_file_is_written_waits_for_it(qtbot, window, tmp_path):
    sheet = new(window, RED)
    window.studio.editor.save(sheet, tmp_path / "a.ora")
    window.sheet_deeds.close(sheet)
    assert window.studio.editor.sheets == [sheet]
    qtbot.waitUntil(lambda: window.studio.editor.sheets == [], timeout=5000)
    assert window.findChildren(QMessageBox) == []
    assert colour_in(tmp_path / "a.ora") == RED


def test_a_tab_whose_file_can_not_be_written_asks(qtbot, window, tmp_path, monkeypatch):
    sheet = new(window, RED)
    save_to(window, sheet, tmp_path / "a.ora")
    fill(sheet.document, BLUE)

    def full(*_):
        raise OSError(28, "no space left")

    monkeypatch.setattr(openraster_writing._Writer, "write", full)
    window.studio.editor.save(sheet, tmp_path / "a.ora")
    window.sheet_deeds.close(sheet)
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)), timeout=5000)
    assert window.studio.editor.sheets == [sheet]
    assert colour_in(tmp_path / "a.ora") == RED
    window.findChildren(QMessageBox)[0].reject()


@pytest.mark.parametrize("answer", ["Save", "Close without saving", "Cancel"])
def test_a_tab_asks_what_is_to_become_of_its_document(qtbot, window, tmp_path, choose, answer):
    sheet = new(window, RED)
    window.bench.close_wanted.emit(sheet)
    [question] = window.findChildren(QMessageBox)
    assert sheet.title in question.text()
    choose.append(tmp_path / "a.ora")
    click(qtbot, next(button for button in question.buttons() if button.text() == answer))
    window.studio.editor.flush()
    assert (tmp_path / "a.ora").exists() == (answer == "Save")
    assert (window.studio.editor.sheets == [sheet]) == (answer == "Cancel")


def test_the_end_of_the_session_asks_nothing_and_the_next_start_has_all(qtbot, qapp, make_window, monkeypatch):
    window = make_window()
    new(window, RED)
    signals = main._Signals(window)
    try:
        signal.raise_signal(signal.SIGTERM)
        qtbot.waitUntil(lambda: not window.isVisible(), timeout=5000)
    finally:
        signals.close()
    assert asked(window) is None
    assert len(kept()) == 1
    again = make_window()
    qtbot.waitUntil(lambda: len(again.studio.editor.sheets) == 1, timeout=5000)
    [sheet] = again.studio.editor.sheets
    assert sheet.document.active.pixels.pixel(3, 3) == (0, 0, 255, 255)
    assert sheet.unsaved
    assert again.bench.tabs.tabText(1).startswith("• ")
    qtbot.waitUntil(lambda: again.messages.isVisible(), timeout=5000)
    assert again.messages.text.text() == f"{sheet.title} is back, as it was when the program ended."


def test_a_document_that_was_saved_anew_after_a_crash_leaves_nothing(qtbot, make_window, tmp_path):
    window = make_window()
    save_to(window, new(window, RED), tmp_path / "a.ora")
    fill(window.studio.editor.sheets[0].document, BLUE)
    window.end_session()
    again = make_window()
    qtbot.waitUntil(lambda: len(again.studio.editor.sheets) == 1, timeout=5000)
    [sheet] = again.studio.editor.sheets
    assert sheet.title == "a.ora"
    save_to(again, sheet, sheet.path)
    assert colour_in(tmp_path / "a.ora") == BLUE
    again.close()
    assert not again.isVisible()
    assert kept() == []


def test_commands_of_files(qtbot, window, tmp_path, choose):
    trigger = window.actions_.commands.action
    assert not trigger("file.save").isEnabled()
    sheet = new(window, RED)
    assert trigger("file.save").isEnabled()
    choose.append(tmp_path / "a")
    trigger("file.save").trigger()
    window.studio.editor.flush()
    assert sheet.path == tmp_path / "a.ora"
    fill(sheet.document, BLUE)
    trigger("file.save").trigger()
    trigger("file.save_incremental").trigger()
    window.studio.editor.flush()
    assert colour_in(tmp_path / "a.ora") == BLUE
    assert sheet.path == tmp_path / "a-001.ora"
    choose.append(tmp_path / "b.ora")
    trigger("file.save_as").trigger()
    window.studio.editor.flush()
    assert sheet.title == "b.ora"
    assert window.studio.remembering.values.recent_files[:2] == [str(tmp_path / "b.ora"), str(tmp_path / "a-001.ora")]
    choose.append("")
    trigger("file.save_as").trigger()
    assert sheet.title == "b.ora"
    choose.append(tmp_path / "seen.png")
    trigger("file.export").trigger()
    window.studio.editor.flush()
    assert QImage(str(tmp_path / "seen.png")).pixelColor(3, 3) == BLUE
    trigger("file.close_tab").trigger()
    assert window.studio.editor.sheets == []
    trigger("file.open_recent").trigger()
    window.studio.editor.flush()
    assert window.studio.editor.sheet.title == "b.ora"


def test_next_versions(tmp_path):
    assert next_version(tmp_path / "a.ora").name == "a-001.ora"
    (tmp_path / "a-001.ora").touch()
    assert next_version(tmp_path / "a.ora").name == "a-002.ora"
    (tmp_path / "b-09.ora").touch()
    assert next_version(tmp_path / "b-09.ora").name == "b-10.ora"


def test_a_document_that_is_open_speaks_russian(qtbot, window):
    new(window, RED)
    qtbot.waitUntil(lambda: any(text.startswith("Refine") for text in words(window)), timeout=3000)  # it looks first
    english = words(window)
    window.actions_.language_choices["ru"].trigger()
    qtbot.waitUntil(lambda: window.bench.tabs.tabText(0) == "Картины", timeout=3000)
    left = [text for text in words(window) if ENGLISH.search(NAMES.sub("", text))]
    assert left == []
    assert window.bench.tabs.tabText(1).startswith("• Без имени")
    window.close()
    dialog = asked(window)
    said = [*(label.text() for label in dialog.findChildren(QLabel))]
    said += [button.text() for button in dialog.findChildren(QPushButton)]
    assert [text for text in said if ENGLISH.search(text)] == []
    for button in dialog.findChildren(QPushButton):
        assert button.width() >= button.sizeHint().width()
    assert QRect(0, 0, dialog.width(), dialog.height()).contains(dialog.list.geometry())
    click(qtbot, dialog.stay)
    window.actions_.language_choices["en"].trigger()
    qtbot.waitUntil(lambda: window.bench.tabs.tabText(0) == "Pictures", timeout=3000)
    assert words(window) == english
