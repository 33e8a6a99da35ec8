"""The report in the window: read, copied and saved, whatever the engine does."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from kandinsky_studio.app.diagnosis import NO_ANSWER
from kandinsky_studio.ui.dialogs.diagnostics import DiagnosticsDialog


@pytest.fixture
def dialog(make_window, qtbot, fake_engine):
    """Opened from the menu while the engine is busy."""
    window = make_window()
    fake_engine.hold.clear()
    window.studio.settings.set(prompt="a fox")
    window.actions_.generate.trigger()
    qtbot.waitUntil(lambda: bool(fake_engine.requests))
    window.actions_.commands.action("help.diagnostics").trigger()
    dialog = window.findChild(DiagnosticsDialog)
    assert not dialog.copy_button.isEnabled()
    qtbot.waitUntil(lambda: bool(dialog.report.toPlainText()))
    return dialog


def test_it_tells_what_it_has_while_the_engine_is_busy(dialog, qtbot, fake_engine):
    assert NO_ANSWER in dialog.report.toPlainText()
    assert "not answered" in dialog.notice.text()
    assert dialog.copy_button.isEnabled()
    fake_engine.hold.set()
    qtbot.waitUntil(lambda: "computes on" in dialog.report.toPlainText(), timeout=20_000)
    assert not dialog.notice.text()


def test_it_is_copied(dialog):
    QGuiApplication.clipboard().clear()
    dialog.copy_button.click()
    assert QGuiApplication.clipboard().text() == dialog.report.toPlainText()
    assert "clipboard" in dialog.notice.text()


def test_it_is_saved_as_it_is_shown(dialog, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "for them"), ""))
    dialog.save_button.click()
    qtbot.waitUntil(lambda: dialog.notice.text() == "Written to for them.txt.")
    assert (tmp_path / "for them.txt").read_text(encoding="utf-8") == dialog.report.toPlainText()


def test_a_disk_that_refuses_is_told(dialog, qtbot, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "file" / "a.txt"), ""))
    dialog.save_button.click()
    qtbot.waitUntil(lambda: "Nothing can be written" in dialog.notice.text())


def test_it_changes_its_language_and_keeps_the_report(dialog, qtbot):
    told = dialog.report.toPlainText()
    dialog.parent().studio.remembering.set(language="ru")
    qtbot.waitUntil(lambda: dialog.windowTitle() == "Диагностика")
    assert "Движок ещё не ответил" in dialog.notice.text()
    assert dialog.report.toPlainText() == told
    dialog.parent().studio.remembering.set(language="en")


def test_closed_it_wants_no_answer(dialog, qtbot, fake_engine):
    studio, reports = dialog.parent().studio, []
    studio.diagnostics.told.connect(reports.append)
    dialog.reject()
    with qtbot.waitSignal(studio.worker.finished):
        fake_engine.hold.set()
    qtbot.wait(100)
    assert not reports
