"""What goes into a journal, and when: while somebody paints, on disks that are slow or full, and how it goes away."""

import os
import threading
import time

import numpy as np
import pytest

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import Surface, readable
from kandinsky_studio.errors import DiskFull
from kandinsky_studio.storage import journal as journals
from kandinsky_studio.storage import recovering
from kandinsky_studio.storage.documents import write_document
from kandinsky_studio.storage.journal import Journal
from kandinsky_studio.storage.records import RECORDS
from kandinsky_studio.storage.recovering import discard, give_up, orphans, recover, survived, sweep, tried
from tests.storage.painter import Painter, looks, save, stroke

# Before the first thread: Qt takes the thread that uses it first for the main one, and other tests would suffer.
pytestmark = pytest.mark.usefixtures("qapp")


def test_a_full_disk_is_told_once_and_painting_goes_on(tmp_path, monkeypatch):
    document = Document.new(300, 200)
    told = []
    journal = Journal(tmp_path, document, failed=told.append)
    journal.flush()

    def full(*_, **__):
        raise OSError(28, "no space left")

    monkeypatch.setattr(journals, "write_record", full)
    painter = Painter(document, 6)
    for _ in range(20):
        painter.act()
    journal.flush()
    assert [type(error) for error in told] == [DiskFull]
    monkeypatch.undo()
    assert looks(recover(journal.folder).document) == looks(Document.new(300, 200))
    journal.close()


def test_the_pixels_are_those_of_the_step_not_of_what_came_after(tmp_path):
    document = Document.new(256, 256)
    journal = Journal(tmp_path, document)
    for value in range(1, 6):
        with document.edit("Brush stroke") as edit:
            pixels = np.full((256, 256, 4), value, np.uint8)
            edit.write(
                document.active.pixels, document.state.canvas, Surface.from_array(pixels).read(Rect(0, 0, 256, 256))
            )
    journal.flush()
    back = recover(journal.folder).document
    for value in range(5, 0, -1):
        assert (readable(back.render()) == value).all()
        back.undo()
    journal.close()


def test_what_was_painted_while_a_file_was_written_is_not_saved(tmp_path):
    document = Document.new(300, 200)
    journal = Journal(tmp_path / "j", document)
    stroke(document, 10)
    step, number = document.history.mark(), journal.mark()
    state = document.state.snapshot()
    stroke(document, 90)
    path = tmp_path / "a.ora"
    write_document(path, state)
    document.path = path
    document.history.mark_saved(step)
    journal.saved(path, number)
    journal.flush()
    back = recover(journal.folder).document
    assert not back.history.saved
    assert back.undo()
    assert back.history.saved
    journal.close()


def test_a_journal_resumes_when_there_is_room_again(tmp_path, monkeypatch):
    document = Document.new(300, 200)
    told = []
    journal = Journal(tmp_path / "j", document, failed=told.append)
    stroke(document, 1)
    journal.flush()
    before = looks(document)
    write = journals.write_record

    def torn(file, head, tiles, **_):
        file.write(b"KSJ1 half of a record")
        raise OSError(28, "no space left")

    for round in range(2):
        monkeypatch.setattr(journals, "write_record", torn)
        for value in range(2, 9):
            stroke(document, 10 * round + value)
        journal.flush()
        assert journal.broken
        assert len(told) == round + 1
        assert looks(recover(journal.folder).document) == before
        monkeypatch.setattr(journals, "write_record", write)
        if round == 0:
            save(document, journal, tmp_path / "a.ora")
        else:
            monkeypatch.setattr(journals, "RETRY", 0.0)
            monkeypatch.setattr(journal, "_retry_at", 0.0)
            stroke(document, 99)
        journal.flush()
        assert not journal.broken
        before = looks(document)
        assert looks(recover(journal.folder).document) == before
        assert recover(journal.folder).document.history.saved == (round == 0)
    stroke(document, 50)
    journal.flush()
    assert recover(journal.folder).document.undo()
    assert {file.name for file in journal.folder.iterdir()} == {RECORDS}
    journal.close()


def test_a_journal_never_begins_anew_in_the_middle_of_a_stroke(tmp_path, monkeypatch):
    document = Document.new(300, 200)
    journal = Journal(tmp_path / "j", document)
    stroke(document, 1)

    def full(*_, **__):
        raise OSError(28, "full")

    monkeypatch.setattr(journals, "write_record", full)
    stroke(document, 2)
    journal.flush()
    monkeypatch.undo()
    step, number = document.history.mark(), journal.mark()
    edit = document.edit("Brush stroke")
    grey = Surface.from_array(np.full((20, 20, 4), 80, np.uint8)).read(Rect(0, 0, 20, 20))
    edit.write(document.active.pixels, Rect(0, 0, 20, 20), grey)
    document.path = tmp_path / "a.ora"
    document.history.mark_saved(step)
    journal.saved(document.path, number)  # tries again, but what is being painted is no step yet
    journal.flush()
    edit.write(document.active.pixels, Rect(9, 9, 20, 20), grey)
    edit.commit()
    journal.flush()
    assert looks(recover(journal.folder).document) == looks(document)
    stroke(document, 3)
    journal.flush()
    back = recover(journal.folder).document
    assert back.undo()
    document.undo()
    assert looks(back) == looks(document)
    journal.close()


def test_a_slow_disk_does_not_fill_the_memory(tmp_path, monkeypatch):
    document = Document.new(256, 256)
    gate, waiting = threading.Event(), []
    write = journals.write_record

    def slow(*said, **how):
        waiting.append(said)
        gate.wait()
        return write(*said, **how)

    journal = Journal(tmp_path, document, backlog=5 * 2**18)
    journal.flush()
    monkeypatch.setattr(journals, "write_record", slow)
    for value in range(1, 40):
        stroke(document, value)
    assert journal._waiting.qsize() <= 7
    gate.set()
    journal.flush()
    assert len(waiting) < 20
    assert looks(recover(journal.folder).document) == looks(document)
    journal.close()


def test_a_journal_is_not_tried_for_ever(tmp_path):
    document = Document.new(30, 20)
    journal = Journal(tmp_path, document)
    journal.close(keep=True)
    assert [tried(journal.folder) for _ in range(3)] == [1, 2, 3]
    survived(journal.folder)
    assert tried(journal.folder) == 1
    aside = give_up(journal.folder)
    assert (aside / RECORDS).is_file()
    assert orphans(tmp_path) == []


def test_what_kills_left_of_discarded_journals_is_swept_away(tmp_path, monkeypatch):
    document = Document.new(30, 20)
    journal = Journal(tmp_path, document)
    journal.flush()
    journal.close(keep=True)
    removed = []
    monkeypatch.setattr(recovering.shutil, "rmtree", lambda folder, **_: removed.append(folder))
    discard(journal.folder)  # killed in the middle of it
    monkeypatch.undo()
    assert orphans(tmp_path) == []
    assert removed[0].exists()
    old = tmp_path / "20200101-000000-00000000"
    new = tmp_path / "20200101-000000-00000001"
    foreign = tmp_path / "something"
    for place in (old, new, foreign):
        place.mkdir()
    for place in (old, foreign):
        os.utime(place, (0, 0))
    sweep(tmp_path)
    assert {place.name for place in tmp_path.iterdir()} >= {new.name, foreign.name}
    assert not removed[0].exists()
    assert not old.exists()


def test_writing_does_not_bring_back_what_the_undo_list_put_on_disk(tmp_path, monkeypatch):
    document = Document.new(256, 256)
    gate, write = threading.Event(), journals.write_record

    def slow(*said, **how):
        gate.wait()
        return write(*said, **how)

    monkeypatch.setattr(journals, "write_record", slow)
    journal = Journal(tmp_path, document)
    for value in range(1, 9):
        stroke(document, value)
    document.history.memory = 2 * 2**18
    document.history.trim(document.state)
    tiles = [tile for step in document.history.done for tile in step.changed_tiles(after=True)]
    before = [tile.in_memory for tile in tiles]
    assert before.count(False) >= 4
    gate.set()
    journal.flush()
    assert [tile.in_memory for tile in tiles] == before
    back = recover(journal.folder).document
    while document.undo():
        assert back.undo()
        assert looks(back) == looks(document)
    journal.close()
    document.history.close()
    back.history.close()


def test_what_is_written_is_flushed_to_the_disk_when_nothing_waits(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(journals.os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_size))
    document = Document.new(300, 200)
    journal = Journal(tmp_path, document)
    journal.flush()
    begun = (journal.folder / RECORDS).stat().st_size
    document.change("Crop", document.state.changed(canvas=Rect(0, 0, 100, 100)))
    until = time.monotonic() + 10
    while flushed[-1] <= begun and time.monotonic() < until:
        time.sleep(0.01)
    assert flushed[-1] == (journal.folder / RECORDS).stat().st_size > begun
    journal.close()
