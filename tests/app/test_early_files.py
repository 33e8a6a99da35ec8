"""Files that the program is started with, beside what comes back from before it died."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor

from kandinsky_studio.document import pixel_operations
from kandinsky_studio.document.document import Document
from kandinsky_studio.storage import documents


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "Кот.ora"
    documents.write_document(path, Document.new(20, 10).state)
    return path


def settle(editor, qtbot, count):
    qtbot.waitUntil(lambda: len(editor.sheets) == count and editor.sheet is not None, timeout=5000)
    editor.flush()
    editor.flush()  # journals are read once they were found, files after them
    return editor.sheets


def test_a_file_that_comes_back_is_not_opened_twice(qtbot, make_studio, file):
    """Two tabs of one file would overwrite one another."""
    before = make_studio()
    before.start()
    before.editor.open_when_ready(file)
    (sheet,) = settle(before.editor, qtbot, 1)
    pixel_operations.fill(sheet.document, QColor("red"))
    before.close()
    after = make_studio()
    after.editor.open_when_ready(file)
    assert after.editor.sheets == []
    after.start()
    (sheet,) = settle(after.editor, qtbot, 1)
    assert sheet.path == file
    assert sheet.unsaved, "it is the one that was painted on"


def test_files_come_in_their_order_behind_what_comes_back(qtbot, make_studio, file, tmp_path):
    before = make_studio()
    before.start()
    before.editor.flush()
    lost = before.editor.new(30, 30)
    pixel_operations.fill(lost.document, QColor("red"))
    before.close()
    other = tmp_path / "other.ora"
    documents.write_document(other, Document.new(5, 5).state)
    after = make_studio()
    for path in (file, other):
        after.editor.open_when_ready(path)
    after.start()
    sheets = settle(after.editor, qtbot, 3)
    assert [sheet.path for sheet in sheets] == [None, file, other]
    assert after.editor.sheet is sheets[-1]


def test_once_the_program_runs_they_come_at_once(qtbot, studio, file):
    studio.editor.flush()
    studio.editor.open_when_ready(file)
    (sheet,) = settle(studio.editor, qtbot, 1)
    assert sheet.path == file
