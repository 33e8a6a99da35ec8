"""A journal brings a document back as it was, with its steps, whatever happened to the program."""

import contextlib
import os
import random
import threading
import time

import numpy as np
import pytest

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Surface, readable
from kandinsky_studio.errors import DamagedPicture, DiskFull
from kandinsky_studio.storage import journal as journals
from kandinsky_studio.storage import recovering
from kandinsky_studio.storage.documents import read_document, write_document
from kandinsky_studio.storage.journal import Journal
from kandinsky_studio.storage.records import BASE, RECORDS, stamp_of
from kandinsky_studio.storage.recovering import (
    discard,
    give_up,
    orphans,
    recover,
    survived,
    sweep,
    tried,
)

# Before the first thread: Qt takes the thread that uses it first for the main one, and other tests would suffer.
pytestmark = pytest.mark.usefixtures("qapp")


def noise(width, height, seed=0, channels=4):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    if channels == 1:
        return pixels[..., 0]
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
    return pixels


def looks(document):
    """Everything that is seen of a document, to be compared."""

    def layer(one):
        area = Rect(-200, -200, 800, 800)
        return (
            one.id,
            one.kind,
            one.name,
            one.visible,
            one.opacity,
            one.mode,
            one.grow,
            one.feather,
            one.inverted,
            one.pixels and one.pixels.array(area).tobytes(),
            one.mask and one.mask.array(area).tobytes(),
            tuple(layer(child) for child in one.children),
        )

    state = document.state
    selection = state.selection and state.selection.array(state.canvas).tobytes()
    return state.canvas, tuple(layer(one) for one in state.layers), selection


class Painter:
    """Does to a document what a seed says."""

    def __init__(self, document, seed):
        self.document = document
        self.random = random.Random(seed)

    def act(self):
        document, chance = self.document, self.random
        layers = [layer for layer in document.state.walk() if layer.pixels is not None]
        layer = chance.choice(layers) if layers else None
        deed = chance.choice(
            ["paint"] * 6 + ["add", "group", "remove", "change", "select", "undo", "undo", "redo", "crop"]
        )
        if deed == "paint" and layer is not None:
            x, y = chance.randrange(-200, 500), chance.randrange(-200, 500)
            size = chance.randrange(1, 300)
            channels = 4 if layer.kind is Kind.PIXELS else 1
            image = Surface.from_array(noise(size, size, chance.randrange(99), channels)).read(Rect(0, 0, size, size))
            with document.edit("Brush stroke") as edit:
                edit.write(layer.pixels, Rect(x, y, size, size), image)
            document.activate(layer.id)
        elif deed == "add":
            new = document.new_layer(chance.choice([Kind.PIXELS, Kind.INPAINT]), "новый слой \udc80")
            document.change("Add a layer", document.state.inserted(new))
        elif deed == "group" and layer is not None:
            group = document.new_layer(Kind.GROUP, "group")
            state = document.state.inserted(group)
            document.change("Group", state.relocated(layer.id, group.id, 0))
        elif deed == "remove" and layer is not None and len(layers) > 1:
            document.change("Remove", document.state.without(layer.id))
        elif deed == "change" and layer is not None:
            values = {
                "opacity": chance.random(),
                "mode": chance.choice(list(BlendMode)),
                "visible": chance.random() < 0.5,
            }
            document.change("Opacity", document.state.with_layer(layer.id, **values), merge=f"opacity {layer.id}")
        elif deed == "select":
            mask = Surface.from_array(noise(50, 40, chance.randrange(99), 1), chance.randrange(100), 5)
            document.change("Select", document.state.changed(selection=chance.choice([None, mask])))
        elif deed == "undo":
            document.undo()
        elif deed == "redo":
            document.redo()
        elif deed == "crop":
            document.change("Crop", document.state.changed(canvas=Rect(chance.randrange(50), 0, 400, 300)))


def save(document, journal, path):
    """As the editor does, all at once."""
    mark, number = document.history.mark(), journal.mark()
    write_document(path, document.state, document.active_id)
    document.path = path
    document.history.mark_saved(mark)
    journal.saved(path, number)


def stroke(document, value=200):
    """A step that changes pixels of the active layer."""
    pixels = np.full((20, 20, 4), value, np.uint8)
    with document.edit("Brush stroke") as edit:
        edit.write(document.active.pixels, Rect(0, 0, 20, 20), Surface.from_array(pixels).read(Rect(0, 0, 20, 20)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("from_file", [False, True], ids=["new", "opened"])
def test_a_document_comes_back_with_its_steps(tmp_path, seed, from_file):
    document = Document.new(500, 400)
    file = None
    if from_file:
        Painter(document, 100 + seed).act()
        file = tmp_path / "a.ora"
        write_document(file, document.state, document.active_id)
        read = read_document(file)
        document = Document(read.state, path=file)
        document.activate(read.active_id)
    journal = Journal(tmp_path / "journals", document, file)
    painter = Painter(document, seed)
    for _ in range(30):
        painter.act()
    journal.flush()
    if from_file:
        file.unlink()  # the journal has a name of its own for it
    (orphan,) = orphans(tmp_path / "journals")
    assert orphan.path == file
    recovered = recover(orphan.folder)
    assert recovered.complete
    back = recovered.document
    assert looks(back) == looks(document)
    assert (back.active_id, back.history.names, len(back.history.done)) == (
        document.active_id,
        document.history.names,
        len(document.history.done),
    )
    assert back.history.saved == document.history.saved == (from_file and not document.history.done)
    while document.undo():
        assert back.undo()
        assert looks(back) == looks(document)
    while document.redo():
        assert back.redo()
    assert looks(back) == looks(document)
    journal.close()
    assert orphans(tmp_path / "journals") == []
    assert not journal.folder.exists()


def test_new_layers_do_not_take_numbers_that_were_taken(tmp_path):
    document = Document.new(50, 40)
    journal = Journal(tmp_path, document)
    document.change("Add a layer", document.state.inserted(document.new_layer(Kind.PIXELS, "a")))
    journal.flush()
    back = recover(journal.folder).document
    assert back.new_id() not in {layer.id for layer in document.state.walk()}
    journal.close()


def test_a_torn_record_ends_it_and_what_came_before_stays(tmp_path):
    document = Document.new(300, 200)
    journal = Journal(tmp_path, document)
    painter = Painter(document, 3)
    seen, sizes = [looks(document)], []
    records = journal.folder / RECORDS
    journal.flush()
    sizes.append(records.stat().st_size)
    for _ in range(12):
        painter.act()
        journal.flush()
        if records.stat().st_size != sizes[-1]:
            seen.append(looks(document))
            sizes.append(records.stat().st_size)
    assert len(sizes) > 6
    journal.close(keep=True)
    whole = records.read_bytes()
    chance = random.Random(0)
    for cut in [*(chance.randrange(sizes[0], sizes[-1] + 1) for _ in range(25)), sizes[0], sizes[-1]]:
        records.write_bytes(whole[:cut])
        recovered = recover(journal.folder)
        number = max(n for n, size in enumerate(sizes) if size <= cut)
        assert looks(recovered.document) == seen[number]
        assert recovered.complete == (cut in sizes)


def test_rubbish_is_refused_and_never_believed(tmp_path):
    document = Document.new(300, 200)
    journal = Journal(tmp_path, document)
    painter = Painter(document, 4)
    for _ in range(10):
        painter.act()
    journal.close(keep=True)
    records = journal.folder / RECORDS
    whole = records.read_bytes()
    chance = random.Random(1)
    for _ in range(40):
        broken = bytearray(whole)
        for _ in range(chance.randrange(1, 5)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        records.write_bytes(broken)
        with contextlib.suppress(DamagedPicture):
            recover(journal.folder)
        orphans(tmp_path)
    for rubbish in (b"", b"KSJ1", b"x" * 1000, whole[:30] + b"{}" * 5000):
        records.write_bytes(rubbish)
        with pytest.raises(DamagedPicture):
            recover(journal.folder)
        assert [orphan.path for orphan in orphans(tmp_path)] == [None]
    discard(journal.folder)


def test_saving_is_remembered(tmp_path):
    document = Document.new(300, 200)
    journal = Journal(tmp_path / "j", document)
    Painter(document, 1).act()
    path = tmp_path / "a.ora"
    save(document, journal, path)
    journal.flush()
    back = recover(journal.folder).document
    assert back.path == path
    assert back.history.saved
    stroke(document)
    journal.flush()
    assert not recover(journal.folder).document.history.saved
    journal.close()


def test_what_a_document_without_a_file_is_called_comes_back(tmp_path):
    document = Document.new(40, 30)
    document.title = "a red circle"
    document.history.mark_unsaved()
    journal = Journal(tmp_path / "j", document)
    journal.flush()
    assert recover(journal.folder).document.title == "a red circle"
    journal.close()


@pytest.mark.parametrize("seed", range(5, 10))
def test_a_journal_that_grew_begins_anew(tmp_path, seed):
    document = Document.new(600, 400)
    journal = Journal(tmp_path, document, largest=300_000)
    painter = Painter(document, seed)
    largest, anew = 0, 0
    for number in range(40):
        painter.act()
        journal.flush()
        size = (journal.folder / RECORDS).stat().st_size
        anew += size < largest
        largest = size
        if number % 5 == 4:
            assert looks(recover(journal.folder).document) == looks(document)
    assert anew
    assert {file.name for file in journal.folder.iterdir()} <= {RECORDS, BASE}
    journal.close()


def test_changes_that_became_one_step_are_taken_back_as_one_after_a_new_beginning(tmp_path):
    document = Document.new(300, 200)
    journal = Journal(tmp_path, document, largest=1)
    layer = document.active_id
    stroke(document)
    journal.flush()
    for opacity in (0.5, 0.4, 0.3, 0.2):
        document.change("Opacity", document.state.with_layer(layer, opacity=opacity), merge="opacity")
        journal.flush()
        assert looks(recover(journal.folder).document) == looks(document)
    document.undo()
    journal.flush()
    assert looks(recover(journal.folder).document) == looks(document)
    journal.close()


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


@pytest.mark.parametrize("change", ["changed", "gone"])
def test_a_file_that_is_another_now_does_not_count_as_saved(tmp_path, change):
    document = Document.new(300, 200)
    journal = Journal(tmp_path / "j", document)
    stroke(document)
    path = tmp_path / "a.ora"
    save(document, journal, path)
    journal.flush()
    path.unlink() if change == "gone" else path.write_bytes(b"another")
    back = recover(journal.folder).document
    assert back.path == path
    assert not back.history.saved
    journal.close()


def test_a_journal_begun_anew_knows_that_the_document_is_not_saved(tmp_path):
    document = Document.new(300, 200)
    journal = Journal(tmp_path / "j", document, largest=1)
    path = tmp_path / "a.ora"
    save(document, journal, path)
    number = journal.mark()
    step = document.history.mark()
    for value in range(1, 5):
        stroke(document, value)
        journal.flush()
    assert recover(journal.folder).document.path == path
    assert not recover(journal.folder).document.history.saved
    document.history.mark_saved(step)  # the mark is older than what the journal has now
    journal.saved(path, number)
    journal.flush()
    assert not recover(journal.folder).document.history.saved
    save(document, journal, path)
    journal.flush()
    assert recover(journal.folder).document.history.saved
    journal.close()


def test_a_recovered_document_goes_on_in_its_journal(tmp_path):
    """Three crashes, the last records torn each time; every step can still be taken back."""
    document = Document.new(500, 400)
    journal = Journal(tmp_path, document)
    for round in range(3):
        painter = Painter(document, 20 + round)
        for _ in range(15):
            painter.act()
        journal.close(keep=True)
        with (journal.folder / RECORDS).open("ab") as records:
            records.write(b"KSJ1 torn")
        recovered = recover(journal.folder)
        assert not recovered.complete
        assert looks(recovered.document) == looks(document)
        assert recovered.document.history.names == document.history.names
        folder, document = journal.folder, recovered.document
        journal = Journal(tmp_path, document, recovered=recovered)
        assert journal.folder == folder
    journal.flush()
    assert len(orphans(tmp_path)) == 1
    back = recover(folder)
    assert back.complete
    while document.undo():
        assert back.document.undo()
        assert looks(back.document) == looks(document)
    assert not back.document.undo()
    journal.close()


@pytest.mark.parametrize("how", ["replaced", "written into", "gone"])
def test_a_base_that_changed_before_it_was_kept_is_not_believed(tmp_path, how):
    first = Document.new(300, 200)
    stroke(first)
    file = tmp_path / "a.ora"
    write_document(file, first.state)
    stamp = stamp_of(file)
    document = Document(read_document(file).state, path=file)
    other = Document.new(300, 200)
    stroke(other, 77)
    if how == "replaced":
        write_document(file, other.state)
    elif how == "written into":
        file.write_bytes(b"PK" + bytes(500))
    else:
        file.unlink()
    journal = Journal(tmp_path / "j", document, file, stamp=stamp)
    stroke(document, 33)
    with document.edit("Move") as edit:  # a tile of the file at another place
        surface = document.active.pixels
        edit.put(surface, (3, 3), surface.tiles[0, 0])
        edit.touched(surface, Rect.of_tile((3, 3)))
    journal.flush()
    back = recover(journal.folder).document
    assert looks(back) == looks(document)
    assert back.undo()
    assert back.undo()
    assert looks(back) == looks(first)
    assert not back.history.saved
    journal.close()


def test_programs_that_write_into_the_file_do_not_change_what_is_kept(tmp_path):
    first = Document.new(300, 200)
    stroke(first)
    file = tmp_path / "a.ora"
    write_document(file, first.state)
    document = Document(read_document(file).state, path=file)
    journal = Journal(tmp_path / "j", document, file)
    journal.flush()
    with file.open("r+b") as opened:
        opened.write(bytes(300))
    stroke(document, 33)
    journal.flush()
    assert looks(recover(journal.folder).document) == looks(document)
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
