"""Pictures are kept, found, thrown away and fetched back; none is lost."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from kandinsky_studio.app.gallery import PAGE, Gallery
from kandinsky_studio.app.gallery_list import GalleryList
from kandinsky_studio.app.messages import Messages, Weight
from kandinsky_studio.app.thumbnails import Thumbnails
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult
from kandinsky_studio.storage.library import Library
from kandinsky_studio.storage.pictures import read_pixels, read_request


def result(seed=1, prompt="a red circle", size=(16, 24)):
    height, width = size
    request = GenerationRequest(prompt=prompt, seed=seed, width=width, height=height)
    image = np.full((height, width, 3), seed % 256, np.uint8)
    return GenerationResult(image, request, np.zeros(8, np.float32), device="cpu", weights="00")


class Room:
    """A gallery with all that belongs to it, and the messages it sent."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.shown = []
        self.messages = Messages()
        self.messages.connect_window(self.shown.append)
        self.gallery = Gallery(folder, self.messages)
        self.thumbnails = Thumbnails(cache)
        self.list = GalleryList(self.gallery, self.thumbnails)
        self.gallery.open()
        self.flush()

    def flush(self) -> None:
        for _ in range(3):  # an answer may ask the next question
            self.gallery.flush()

    def prompts(self) -> list[str]:
        return [self.list.data(self.list.index(row)) for row in range(self.list.rowCount())]

    def item(self, row: int):
        return self.list.item(self.list.index(row))

    def close(self) -> None:
        self.gallery.close()
        self.thumbnails.close()


@pytest.fixture
def make_room(qapp, tmp_path):
    rooms = []

    def make() -> Room:
        rooms.append(Room(tmp_path / "library", tmp_path / "thumbnails"))
        return rooms[-1]

    yield make
    for room in rooms:
        room.close()


@pytest.fixture
def room(qtbot, make_room):
    return make_room()


def test_a_kept_picture_is_a_file_and_the_first_row(room):
    room.gallery.keep(result(1, "first"))
    room.gallery.keep(result(2, "second"))
    room.flush()
    assert room.prompts() == ["second", "first"]
    assert (read_pixels(room.item(0).path) == 2).all()
    assert read_request(room.item(0).path).seed == 2


def test_the_gallery_survives_a_restart(room, make_room):
    room.gallery.keep(result(1, "kept"))
    room.close()
    again = make_room()
    assert again.prompts() == ["kept"]


def test_pages_come_one_after_the_other_and_no_row_twice(room, tmp_path):
    library = Library(tmp_path / "library")
    for number in range(PAGE + 30):
        library.add(result(number, f"number {number}", size=(2, 2)))
    library.close()
    room.list.reload()
    room.flush()
    assert room.list.rowCount() == PAGE
    assert room.list.canFetchMore(room.list.index(-1))
    room.list.fetchMore(room.list.index(-1))
    room.flush()
    assert len(set(room.prompts())) == PAGE + 30
    assert not room.list.canFetchMore(room.list.index(-1))
    assert room.prompts()[0] == f"number {PAGE + 29}"


def test_search_shows_only_what_matches(room):
    for prompt in ("красный круг", "a red star", "a blue star"):
        room.gallery.keep(result(1, prompt))
    room.flush()
    room.list.search("star")
    room.flush()
    assert room.prompts() == ["a blue star", "a red star"]
    room.list.search("красн")
    room.flush()
    assert room.prompts() == ["красный круг"]
    room.gallery.keep(result(2, "another star"))
    room.flush()
    assert room.prompts() == ["красный круг"], "a new picture that does not match stays out"


def test_thrown_away_and_fetched_back(room, tmp_path):
    room.gallery.keep(result(1, "first"))
    room.gallery.keep(result(2, "second"))
    room.flush()
    path = room.item(0).path
    content = path.read_bytes()
    room.gallery.discard([room.item(0)])
    room.flush()
    assert room.prompts() == ["first"]
    assert not path.exists()
    assert [file.name for file in (tmp_path / "xdg" / "Trash" / "files").iterdir()] == [path.name]
    assert room.shown[-1].weight is Weight.note
    room.shown[-1].actions[0].run()
    room.flush()
    assert room.prompts() == ["second", "first"]
    assert path.read_bytes() == content
    assert list((tmp_path / "xdg" / "Trash" / "info").iterdir()) == []
    assert not room.gallery.can_undo
    assert room.shown[-1].weight is Weight.note
    assert room.shown[-1].actions == (), "what was taken back can not be taken back once more"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system has a trash from the start")
def test_the_trash_of_a_new_account_is_made(room, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "nobody" / "was" / "here"))
    room.gallery.keep(result(1, "first"))
    room.flush()
    path = room.item(0).path
    room.gallery.discard([room.item(0)])
    room.flush()
    assert room.shown[-1].weight is Weight.note
    assert not path.exists()
    room.shown[-1].actions[0].run()
    room.flush()
    assert path.is_file()


def test_what_the_trash_lost_is_said_and_the_rest_comes_back(room, tmp_path):
    for number in (1, 2):
        room.gallery.keep(result(number, f"number {number}"))
    room.flush()
    paths = [room.item(row).path for row in (0, 1)]
    room.gallery.discard([room.item(0), room.item(1)])
    room.flush()
    (tmp_path / "xdg" / "Trash" / "files" / paths[0].name).unlink()
    room.gallery.undo_discard()
    room.flush()
    assert room.prompts() == ["number 1"]
    assert paths[0].name in room.shown[-1].text
    assert room.shown[-1].weight is Weight.error


def test_a_picture_that_can_not_be_saved_is_not_lost(qapp, tmp_path, make_room):
    (tmp_path / "library").write_text("in the way")
    room = make_room()
    room.shown.clear()
    room.gallery.keep(result(7, "dear to me"))
    room.flush()
    assert room.prompts() == ["dear to me"]
    (item,) = room.gallery.unsaved
    message = room.shown[-1]
    assert message.weight is Weight.error
    assert message.hint
    pixels = []
    room.gallery.read(item, pixels.append)
    assert (pixels[0] == 7).all()

    (tmp_path / "library").unlink()
    message.actions[0].run()  # save again
    room.flush()
    assert room.gallery.unsaved == ()
    assert room.prompts() == ["dear to me"]
    assert (read_pixels(room.item(0).path) == 7).all()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_an_unsaved_picture_can_be_saved_elsewhere(qapp, tmp_path, make_room, suffix):
    (tmp_path / "library").write_text("in the way")
    room = make_room()
    room.gallery.keep(result(200, "dear to me"))
    room.flush()
    target = tmp_path / f"elsewhere{suffix}"
    room.gallery.export(room.gallery.unsaved[0], target)
    room.flush()
    assert read_request(target).prompt == "dear to me"
    assert np.abs(read_pixels(target).astype(int) - 200).max() <= 3
    assert room.gallery.unsaved == ()
    assert room.prompts() == []


@pytest.mark.parametrize(
    ("name", "written"), [("a.png", "a.png"), ("a.jpg", "a.jpg"), ("a.tiff", "a.tiff.png"), ("a", "a.png")]
)
def test_the_name_chooses_the_format(room, tmp_path, name, written):
    room.gallery.keep(result(90))
    room.flush()
    room.gallery.export(room.item(0), tmp_path / name)
    room.flush()
    assert read_request(tmp_path / written).prompt == "a red circle"
    assert str(tmp_path / written) in room.shown[-1].text


def test_exporting_to_where_nothing_can_be_written_says_so(room, tmp_path):
    room.gallery.keep(result(90))
    room.flush()
    (tmp_path / "file").write_text("")
    room.gallery.export(room.item(0), tmp_path / "file" / "a.png")
    room.flush()
    assert room.shown[-1].weight is Weight.error
    assert room.prompts() == ["a red circle"]


def test_thumbnails_are_small_and_kept(qtbot, room, tmp_path):
    room.gallery.keep(result(50, size=(300, 600)))
    room.flush()
    path = room.item(0).path
    with qtbot.waitSignal(room.thumbnails.made, timeout=3000):
        assert room.thumbnails.get(path) is None
    image = room.thumbnails.get(path)
    assert (image.width(), image.height()) == (256, 128)
    assert image.pixelColor(3, 3).red() == 50
    kept = list((tmp_path / "thumbnails").rglob("*.png"))
    assert len(kept) == 1


def test_a_broken_file_has_a_null_thumbnail(qtbot, room, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    with qtbot.waitSignal(room.thumbnails.made, timeout=3000):
        room.thumbnails.get(broken)
    assert room.thumbnails.get(broken).isNull()
