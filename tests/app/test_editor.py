"""Open documents and their files: saving while one paints, failures, and what comes back after a crash."""

from __future__ import annotations

import errno
import os
import threading

import numpy as np
import pytest

from kandinsky_studio import paths
from kandinsky_studio.app import recovery
from kandinsky_studio.app.editor import Editor
from kandinsky_studio.app.messages import Messages, Weight
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import Surface
from kandinsky_studio.storage import journal as journals
from kandinsky_studio.storage import openraster_writing, recovering
from kandinsky_studio.storage.documents import read_document, write_document
from kandinsky_studio.storage.durable import previous_path
from kandinsky_studio.storage.journal import Journal
from kandinsky_studio.storage.records import RECORDS


class Desk:
    """An editor, and what it told the user."""

    def __init__(self, folder):
        self.messages = Messages()
        self.told = []
        self.messages.connect_window(self.told.append)
        self.editor = Editor(self.messages, folder)

    def texts(self):
        return [message.text for message in self.told]

    def crash(self):
        """End as a kill would: journals stay, nothing is asked or saved."""
        for sheet in tuple(self.editor.sheets):
            sheet.journal.flush()
            self.editor.close_sheet(sheet, keep_journal=True)


@pytest.fixture
def make_desk(qapp):
    desks = []

    def make():
        desks.append(Desk(paths.journals()))
        return desks[-1]

    yield make
    for desk in desks:
        desk.editor.close()
        desk.messages.deleteLater()
        desk.editor.deleteLater()


@pytest.fixture
def desk(make_desk):
    return make_desk()


def stroke(document, value=200):
    pixels = np.full((20, 20, 4), value, np.uint8)
    with document.edit("Brush stroke") as edit:
        edit.write(document.active.pixels, Rect(0, 0, 20, 20), Surface.from_array(pixels).read(Rect(0, 0, 20, 20)))


def value_in(file):
    return read_document(file).state.layers[0].pixels.pixel(5, 5)[0]


def value_of(sheet):
    return sheet.document.active.pixels.pixel(5, 5)[0]


def hold_writing(monkeypatch):
    """Keep every saving waiting until the event that is returned is set."""
    gate = threading.Event()
    write = openraster_writing._Writer.write

    def held(self, active):
        gate.wait()
        write(self, active)

    monkeypatch.setattr(openraster_writing._Writer, "write", held)
    return gate


def test_painting_goes_on_while_a_file_is_written(desk, tmp_path, monkeypatch):
    gate = hold_writing(monkeypatch)
    sheet = desk.editor.new(300, 200)
    stroke(sheet.document, 10)
    desk.editor.save(sheet, tmp_path / "a.ora")
    stroke(sheet.document, 90)
    assert sheet.saving
    gate.set()
    desk.editor.flush()
    assert not sheet.saving
    assert value_in(tmp_path / "a.ora") == 10
    assert sheet.unsaved
    sheet.document.undo()
    assert not sheet.unsaved
    assert sheet.title == "a.ora"


def test_two_savings_in_a_row_keep_their_order(desk, tmp_path, monkeypatch):
    gate = hold_writing(monkeypatch)
    sheet = desk.editor.new(300, 200)
    settled = []
    sheet.settled.connect(lambda: settled.append(True))
    for value in (10, 20):
        stroke(sheet.document, value)
        desk.editor.save(sheet, tmp_path / "a.ora")
    gate.set()
    desk.editor.flush()
    assert value_in(tmp_path / "a.ora") == 20
    assert value_in(previous_path(tmp_path / "a.ora")) == 10
    assert not sheet.unsaved
    assert settled == [True]


def test_a_full_disk_leaves_the_old_file_whole_and_says_so(desk, tmp_path, monkeypatch):
    sheet = desk.editor.new(300, 200)
    file = tmp_path / "a.ora"
    stroke(sheet.document, 10)
    desk.editor.save(sheet, file)
    desk.editor.flush()
    whole = file.read_bytes()
    stroke(sheet.document, 20)
    store = openraster_writing._Writer._write_first
    count = iter(range(99))

    def full(self, waiting):
        if next(count) == 1:  # in the middle of it
            raise OSError(errno.ENOSPC, "no space left")
        store(self, waiting)

    monkeypatch.setattr(openraster_writing._Writer, "_write_first", full)
    then = []
    desk.editor.save(sheet, file, lambda: then.append(True))
    desk.editor.flush()
    assert file.read_bytes() == whole
    assert sheet.unsaved
    assert not sheet.saving
    assert then == []
    assert desk.told[-1].weight is Weight.error
    assert "full" in desk.texts()[-1]
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".partial")] == []
    desk.editor.save(sheet, file, lambda: then.append(True))
    desk.editor.flush()
    assert value_in(file) == 20
    assert then == [True]


@pytest.mark.parametrize("place", ["a folder", "gone", "another document"])
def test_a_place_that_can_not_be_written_is_told(desk, tmp_path, place):
    sheet = desk.editor.new(300, 200)
    stroke(sheet.document)
    path = tmp_path / "a.ora"
    if place == "a folder":
        path.mkdir()
    elif place == "gone":
        path = tmp_path / "pulled out" / "a.ora"
    else:
        other = desk.editor.new(30, 20)
        desk.editor.save(other, path)
        desk.editor.flush()
        before = path.read_bytes()
    desk.editor.save(sheet, path)
    desk.editor.flush()
    assert len(desk.told) == 1
    assert desk.told[0].weight is Weight.error
    assert sheet.unsaved
    assert sheet.path is None
    assert not sheet.saving
    if place == "another document":
        assert path.read_bytes() == before


def test_a_document_closed_while_it_is_written_is_written(desk, tmp_path, monkeypatch):
    gate = hold_writing(monkeypatch)
    sheet = desk.editor.new(300, 200)
    stroke(sheet.document, 10)
    desk.editor.save(sheet, tmp_path / "a.ora")
    desk.editor.close_sheet(sheet)
    gate.set()
    desk.editor.flush()
    assert value_in(tmp_path / "a.ora") == 10
    assert desk.told == []


def test_a_file_opened_twice_is_open_once(desk, tmp_path):
    document = Document.new(300, 200)
    stroke(document, 10)
    write_document(tmp_path / "a.ora", document.state)
    (tmp_path / "link.ora").symlink_to(tmp_path / "a.ora")
    for name in ("a.ora", "a.ora", "link.ora"):
        desk.editor.open(tmp_path / name)
    desk.editor.flush()
    assert len(desk.editor.sheets) == 1
    first = desk.editor.sheets[0]
    desk.editor.new(30, 20)
    desk.editor.open(tmp_path / "a.ora")
    desk.editor.flush()
    assert desk.editor.sheet is first
    assert not first.unsaved


def test_a_file_that_can_not_be_opened_is_told_and_changes_nothing(desk, tmp_path):
    (tmp_path / "a.ora").write_bytes(b"PK\3\4 rubbish")
    for name in ("a.ora", "gone.ora"):
        desk.editor.open(tmp_path / name)
    desk.editor.flush()
    assert [message.weight for message in desk.told] == [Weight.error] * 2
    assert desk.editor.sheets == []


# ---------------------------------------------------------------------- after a crash


def test_what_was_open_comes_back_with_one_message(make_desk, tmp_path):
    desk = make_desk()
    named = desk.editor.new(300, 200)
    stroke(named.document, 10)
    desk.editor.save(named, tmp_path / "a.ora")
    desk.editor.flush()
    stroke(named.document, 20)
    other = desk.editor.new(60, 40)
    stroke(other.document, 30)
    stroke(other.document, 40)
    other.document.undo()
    saved = desk.editor.new(60, 40)
    stroke(saved.document, 50)
    desk.editor.save(saved, tmp_path / "b.ora")
    desk.editor.flush()
    desk.editor.new(70, 50)  # nothing is in it
    desk.crash()

    again = make_desk()
    again.editor.recover()
    again.editor.flush()
    again.editor.flush()
    sheets = {sheet.path and sheet.path.name: sheet for sheet in again.editor.sheets}
    assert set(sheets) == {"a.ora", None, "b.ora"}
    assert [value_of(sheets[name]) for name in ("a.ora", None, "b.ora")] == [20, 30, 50]
    assert sheets["a.ora"].unsaved
    assert sheets[None].unsaved
    assert not sheets["b.ora"].unsaved
    assert len(again.texts()) == 1
    assert "2 documents" in again.texts()[0]
    assert "a.ora" in again.texts()[0]
    assert sheets["a.ora"].document.undo()
    assert value_of(sheets["a.ora"]) == 10
    assert not sheets["a.ora"].unsaved
    assert sheets[None].document.redo()
    assert value_of(sheets[None]) == 40


def test_steps_from_before_two_crashes_can_be_taken_back(make_desk):
    desk = make_desk()
    stroke(desk.editor.new(60, 40).document, 10)
    for value in (20, 30):
        desk.crash()
        desk = make_desk()
        desk.editor.recover()
        desk.editor.flush()
        desk.editor.flush()
        assert desk.texts() == [f"{desk.editor.sheet.title} is back, as it was when the program ended."]
        stroke(desk.editor.sheet.document, value)
    document = desk.editor.sheet.document
    values = []
    while document.undo():
        values.append(document.active.pixels.pixel(5, 5)[0])
    assert values == [20, 10, 0]


def test_what_is_given_up_does_not_come_back_and_what_is_not_does(make_desk):
    desk = make_desk()
    stroke(desk.editor.new(60, 40).document, 10)
    stroke(desk.editor.new(61, 40).document, 20)
    desk.editor.close_sheet(desk.editor.sheets[1])
    desk.editor.close()  # the session ends: nobody is asked

    again = make_desk()
    again.editor.recover()
    again.editor.flush()
    again.editor.flush()
    assert [value_of(sheet) for sheet in again.editor.sheets] == [10]
    again.editor.close_sheet(again.editor.sheets[0])
    assert list(paths.journals().iterdir()) == []


@pytest.mark.parametrize("answer", ["Try again", "Throw it away"])
def test_a_journal_at_which_the_program_dies_waits_for_the_user(make_desk, monkeypatch, answer):
    desk = make_desk()
    stroke(desk.editor.new(60, 40).document, 10)
    desk.crash()

    class Dies(BaseException):
        pass

    def die(folder):
        raise Dies

    for _ in range(recovering.ATTEMPTS):  # what a process that dies leaves behind: it did not come further than this
        again = make_desk()
        [orphan] = recovering.orphans(paths.journals())
        with monkeypatch.context() as patch:
            patch.setattr(recovery, "recover", die)
            with pytest.raises(Dies):
                again.editor._recovery._read(orphan)
    for _ in range(2):  # every start offers it
        last = make_desk()
        last.editor.recover()
        last.editor.flush()
        last.editor.flush()
        assert last.editor.sheets == []
        assert [message.weight for message in last.told] == [Weight.error]
        assert str(orphan.folder) in last.told[0].hint
    next(action for action in last.told[0].actions if action.title == answer).run()
    last.editor.flush()
    last.editor.flush()
    assert [value_of(sheet) for sheet in last.editor.sheets] == ([10] if answer == "Try again" else [])
    last.editor.close()
    assert orphan.folder.exists() == (answer == "Try again")
    if answer == "Try again":
        assert not (orphan.folder / "tried").exists()


def test_a_damaged_journal_is_put_aside(make_desk):
    desk = make_desk()
    sheet = desk.editor.new(60, 40)
    stroke(sheet.document)
    records = sheet.journal.folder / RECORDS
    desk.crash()
    content = bytearray(records.read_bytes())
    content[40:60] = bytes(20)
    records.write_bytes(content)
    for count in (1, 0):
        again = make_desk()
        again.editor.recover()
        again.editor.flush()
        again.editor.flush()
        assert [message.weight for message in again.told] == [Weight.error] * count
    assert [place.name for place in paths.journals().iterdir()] == [f"{records.parent.name}.damaged"]


def test_a_disk_that_takes_no_journal_is_told_once_and_saving_resumes_it(make_desk, tmp_path, monkeypatch, qapp):
    desk = make_desk()
    sheet = desk.editor.new(60, 40)
    sheet.journal.flush()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr(journals, "write_record", full)
        for value in range(1, 5):
            stroke(sheet.document, value)
        sheet.journal.flush()
    qapp.processEvents()
    assert len(desk.told) == 1
    assert str(paths.journals()) in desk.texts()[0]
    desk.editor.save(sheet, tmp_path / "a.ora")
    desk.editor.flush()
    stroke(sheet.document, 77)
    desk.crash()
    again = make_desk()
    again.editor.recover()
    again.editor.flush()
    again.editor.flush()
    assert value_of(again.editor.sheet) == 77
    assert again.editor.sheet.unsaved


def test_a_journal_is_a_journal_of_one_document(desk):
    """Journals of documents that are open now are not taken for those of a program that died."""
    stroke(desk.editor.new(60, 40).document)
    desk.editor.sheet.journal.flush()
    assert isinstance(desk.editor.sheet.journal, Journal)
    desk.editor.recover()
    desk.editor.flush()
    desk.editor.flush()
    assert len(desk.editor.sheets) == 1
    assert desk.told == []


def test_what_a_kill_left_of_a_file_is_deleted(make_desk, tmp_path):
    desk = make_desk()
    sheet = desk.editor.new(60, 40)
    stroke(sheet.document)
    sheet.journal.mark(tmp_path / "a.ora")
    desk.crash()
    left, other, later = (tmp_path / name for name in (f".{16 * 'a'}.partial", "mine.partial", f".{16 * 'b'}.partial"))
    for path in (left, other, later):
        path.write_bytes(b"half")
    os.utime(later, (4e9, 4e9))  # another program of ours is writing it
    again = make_desk()
    again.editor.recover()
    again.editor.flush()
    again.editor.flush()
    assert len(again.editor.sheets) == 1
    assert not left.exists()
    assert other.exists()
    assert later.exists()
