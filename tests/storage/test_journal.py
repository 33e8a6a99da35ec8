"""A journal brings a document back as it was, with its steps, whatever happened to the program."""

import contextlib
import random

import numpy as np
import pytest

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Surface, readable
from kandinsky_studio.errors import DamagedPicture, DiskFull
from kandinsky_studio.storage import journal as journals
from kandinsky_studio.storage.documents import read_document, write_document
from kandinsky_studio.storage.journal import BASE, RECORDS, Journal, discard, orphans, recover


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
    if from_file:
        file.unlink()  # the journal has a name of its own for it
    journal.flush()
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
    for rubbish in (b"", b"KSJ1", b"x" * 1000):
        records.write_bytes(rubbish)
        with pytest.raises(DamagedPicture):
            recover(journal.folder)
        assert orphans(tmp_path) == []
    discard(journal.folder)


def test_saving_is_remembered(tmp_path):
    document = Document.new(300, 200)
    journal = Journal(tmp_path / "j", document)
    Painter(document, 1).act()
    path = tmp_path / "a.ora"
    document.path = path
    document.history.mark_saved(document.history.mark())
    journal.saved(path)
    journal.flush()
    back = recover(journal.folder).document
    assert back.path == path
    assert back.history.saved
    with document.edit("Brush stroke") as edit:
        edit.write(document.active.pixels, Rect(0, 0, 9, 9), Surface.from_array(noise(9, 9)).read(Rect(0, 0, 9, 9)))
    journal.flush()
    assert not recover(journal.folder).document.history.saved
    journal.close()


def test_a_journal_that_grew_begins_anew(tmp_path):
    document = Document.new(600, 400)
    journal = Journal(tmp_path, document, largest=300_000)
    painter = Painter(document, 5)
    largest = 0
    for _ in range(40):
        painter.act()
        journal.flush()
        largest = max(largest, (journal.folder / RECORDS).stat().st_size)
    assert looks(recover(journal.folder).document) == looks(document)
    assert {file.name for file in journal.folder.iterdir()} <= {RECORDS, BASE}
    journal.close()


def test_a_full_disk_is_told_once_and_painting_goes_on(tmp_path, monkeypatch):
    document = Document.new(300, 200)
    told = []
    journal = Journal(tmp_path, document, failed=told.append)
    journal.flush()

    def full(*_):
        raise OSError(28, "no space left")

    monkeypatch.setattr(journals, "_write", full)
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
