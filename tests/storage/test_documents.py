"""Which reader a file gets, by what is in it, and which writer, by its name."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kandinsky_studio.app.files import EXPORTS, OPENABLE
from kandinsky_studio.app.notes import NOTES
from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, State
from kandinsky_studio.errors import DamagedPicture, FileNotReadable, UnknownFileKind
from kandinsky_studio.storage.document_notes import DocumentNote
from kandinsky_studio.storage.documents import (
    OPENABLE_SUFFIXES,
    export_picture,
    read_document,
    read_grey,
    write_document,
    write_grey,
)
from kandinsky_studio.storage.image_files import Note
from tests.storage.documents import assert_same, everything, picture, render, soft
from tests.storage.photoshop import Sheet, built
from tests.storage.test_openraster_foreign import png, written
from tests.storage.test_psd_foreign import planes


def test_our_own_file_is_the_document(folder):
    state = everything()
    write_document(folder / "a", state, 5)  # whatever its name
    read = read_document(folder / "a")
    assert read.is_document
    assert read.notes == ()
    assert read.state.find(read.active_id).name == "Layer 5"
    assert_same(read.state, state)


def test_without_a_word_on_it_the_highest_layer_is_worked_on(folder):
    write_document(folder / "a.ora", everything())
    read = read_document(folder / "a.ora")
    assert read.active_id == read.state.layers[-1].id
    write_document(folder / "b.ora", State(Rect(0, 0, 9, 9)))
    assert read_document(folder / "b.ora").active_id is None


def test_an_openraster_file_that_would_lose_something_is_not_saved_over(folder):
    files = {"data/a.png": png(8, 6)}
    path = written(folder / "a.ora", '<layer src="data/a.png" composite-op="other:glow"/>', files)
    read = read_document(path)
    assert (read.is_document, read.notes) == (False, (DocumentNote.modes_replaced,))
    assert read_document(written(path, '<layer src="data/a.png"/>', files)).is_document


def test_photoshops_files_are_imported(folder):
    (folder / "a.png").write_bytes(built(40, 30, [Sheet(planes(), name="a"), Sheet(planes(2), name="b")]))
    read = read_document(folder / "a.png")  # the name says nothing
    assert not read.is_document
    assert [layer.name for layer in read.state.layers] == ["a", "b"]
    assert read.active_id == read.state.layers[1].id


def test_a_picture_is_a_layer(folder):
    Image.new("RGB", (20, 10), (1, 2, 3)).save(folder / "cat.png", dpi=(300, 300))
    read = read_document(folder / "cat.png")
    [layer] = read.state.layers
    assert (layer.kind, layer.name, read.is_document, read.active_id) == (Kind.PIXELS, "cat", False, layer.id)
    assert read.state.canvas == Rect(0, 0, 20, 10)
    assert read.state.resolution == pytest.approx(300, abs=0.1)
    assert (render(read.state) == (1, 2, 3, 255)).all()


def test_what_can_not_be_opened(folder):
    (folder / "a.txt").write_bytes(b"hello")
    with pytest.raises(UnknownFileKind):
        read_document(folder / "a.txt")
    for path in (folder / "none.ora", folder, Path("a\0b")):
        with pytest.raises(FileNotReadable):
            read_document(path)


@pytest.mark.parametrize("suffix", [".png", ".PSD", ".psb", ".tiff", ".webp"])
def test_a_picture_is_written_in_the_format_of_its_name(folder, suffix):
    state = State(Rect(0, 0, 64, 48), (picture(1, 64, 48), picture(2, 40, 40, mode=BlendMode.MULTIPLY)), None, 300.0)
    path = folder / f"a{suffix}"
    assert export_picture(path, state, 100) == ()
    read = read_document(path)
    assert len(read.state.layers) == (2 if suffix.lower() in (".psd", ".psb") else 1)
    assert read.state.resolution == pytest.approx(300, abs=1) or suffix == ".webp"
    assert np.abs(render(read.state)[..., 3].astype(int) - render(state)[..., 3]).max() <= 3


def test_what_was_merged_for_an_export_is_told(folder):
    state = State(Rect(0, 0, 64, 48), (picture(1, 64, 48), picture(2, 40, 40, mode=BlendMode.DESTINATION_IN)))
    assert export_picture(folder / "a.psd", state) == (DocumentNote.layers_merged,)
    assert export_picture(folder / "a.png", state) == ()


def test_every_note_has_its_words():
    assert set(NOTES) == {*Note, *DocumentNote}
    assert all("{file}" in text for text in NOTES.values())


def test_all_kinds_are_in_the_dialogs():
    assert {".ora", ".psd", ".psb", ".png"} <= set(OPENABLE_SUFFIXES)
    assert "*.psd" in OPENABLE
    assert dict(EXPORTS)["PSD"] == (".psd", ".psb")


def test_greys_come_back(folder):
    grey = soft(1, 30, 20)
    write_grey(folder / "a.png", grey)
    assert np.array_equal(read_grey(folder / "a.png"), grey)


@pytest.mark.parametrize("content", [b"", b"\x00" * 700, b"PK\3"])
def test_a_document_of_rubbish_is_damaged_and_anything_else_is_unknown(tmp_path, content):
    for suffix in (".ora", ".psd", ".ORA"):
        file = tmp_path / f"picture{suffix}"
        file.write_bytes(content)
        with pytest.raises(DamagedPicture, match="picture"):
            read_document(file)
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    with pytest.raises(UnknownFileKind) as raised:
        read_document(file)
    assert "OpenRaster, PSD, PNG" in raised.value.remedy
