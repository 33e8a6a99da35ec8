"""The window that tells of a new version, and does nothing about it."""

from __future__ import annotations

from datetime import date

import pytest
from PySide6.QtCore import QDate, QLocale
from PySide6.QtGui import QDesktopServices, QGuiApplication

from kandinsky_studio.app.updates import News
from kandinsky_studio.errors import NewsNotReached
from kandinsky_studio.storage.news import Package
from kandinsky_studio.ui.dialogs.updates import UpdatesDialog

NEWS = News(
    "9.0.1",
    date(2027, 2, 3),
    "https://example.org/9.0.1",
    {"en": "Faster brushes.", "ru": "Кисти быстрее."},
    (Package("a.deb", "0" * 64), Package("b.exe", "1" * 64)),
)


@pytest.fixture
def dialog(make_window):
    window = make_window()
    window.actions_.commands.action("help.updates").trigger()
    return window.findChild(UpdatesDialog)


def tell(dialog, news=None, error=None):
    updates = dialog._updates
    updates.news, updates.error = news, error
    updates.changed.emit()


def test_without_an_address_it_says_what_to_do(dialog):
    assert not dialog.outcome.isVisible()
    assert "Fill in the one you were given" in dialog.remedy.text(), "before anything is pressed"
    assert dialog.height() <= dialog.heightForWidth(dialog.width()) + 1, "as tall as its words"
    dialog.look_button.click()
    dialog._updates.flush()
    assert "names no place" in dialog.outcome.text()
    assert dialog.remedy.isVisible()
    assert not dialog.page_button.isVisible()


def test_what_is_typed_is_where_to_look(dialog):
    dialog.address.setFocus()
    dialog.address.setText("")
    dialog.address.insert(" http://127.0.0.1:9/news.json")
    dialog.address.textEdited.emit(dialog.address.text())
    assert dialog._updates.address == "http://127.0.0.1:9/news.json"


def test_a_newer_version_with_notes_page_and_checksums(dialog, monkeypatch):
    tell(dialog, NEWS)
    day = QLocale().toString(QDate(2027, 2, 3), "d MMMM yyyy")
    assert dialog.outcome.text() == f"Version 9.0.1 of {day} is there."
    assert dialog.notes.toPlainText() == "Faster brushes."
    assert dialog.files.toPlainText() == f"{'0' * 64}  a.deb\n{'1' * 64}  b.exe"
    dialog.copy_button.click()
    assert QGuiApplication.clipboard().text() == dialog.files.toPlainText() + "\n"
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    dialog.page_button.click()
    assert opened == ["https://example.org/9.0.1"]


def test_in_russian(qapp, dialog):
    dialog.parent().studio.remembering.set(language="ru")
    qapp.processEvents()
    tell(dialog, NEWS)
    assert dialog.outcome.text() == "Вышла версия 9.0.1 от 3 февраля 2027 года."
    assert dialog.notes.toPlainText() == "Кисти быстрее."
    assert dialog.windowTitle() == "Новая версия"


def test_an_older_version_is_no_news(dialog):
    tell(dialog, News("0.0.1", date(2020, 1, 1), "https://example.org/", {"en": "Old."}))
    assert dialog.outcome.text() == "This is the newest version."
    assert not any(part.isVisible() for part in (dialog.notes, dialog.files, dialog.page_button, dialog.copy_button))


def test_a_failure_says_what_happened_and_what_to_do(dialog):
    tell(dialog, NEWS)
    tell(dialog, error=NewsNotReached(host="example.org"))
    assert dialog.outcome.text() == "example.org could not be asked for new versions."
    assert dialog.remedy.text()
    assert not dialog.notes.isVisible()


def test_closing_it_stops_the_look(dialog):
    updates = dialog._updates
    updates.looking = True
    updates.changed.emit()
    assert dialog.look_button.text() == "Stop"
    dialog.reject()
    assert not updates.looking
