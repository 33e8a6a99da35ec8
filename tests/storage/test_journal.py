"""A journal brings a document back as it was, with its steps, whatever happened to the program."""

import contextlib
import random

import pytest

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.errors import DamagedPicture
from kandinsky_studio.storage.documents import read_document, write_document
from kandinsky_studio.storage.journal import Journal
from kandinsky_studio.storage.records import BASE, RECORDS, stamp_of
from kandinsky_studio.storage.recovering import discard, orphans, recover
from tests.storage.painter import Painter, looks, save, stroke

# Before the first thread: Qt takes the thread that uses it first for the main one, and other tests would suffer.
pytestmark = pytest.mark.usefixtures("qapp")


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
