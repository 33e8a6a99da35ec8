"""A write that fails says why and leaves everything as it was."""

import contextlib
import errno
import os
from pathlib import Path

import pytest

from kandinsky_studio.errors import DiskFull, FolderNotWritable
from kandinsky_studio.storage.durable import previous_path, replace_keeping_previous, replacing, set_aside, write_file
from kandinsky_studio.storage.library import Library
from kandinsky_studio.storage.pictures import check_writable, read_request, save_png


def test_a_file_is_written_with_its_folder(folder):
    write_file(folder / "a" / "b" / "c", b"content")
    assert (folder / "a" / "b" / "c").read_bytes() == b"content"
    assert len(list(folder.rglob("*"))) == 3


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EFBIG, DiskFull),
        (errno.EACCES, FolderNotWritable),
        (errno.EROFS, FolderNotWritable),
        (errno.EIO, FolderNotWritable),
    ],
)
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_what_a_failure_means(folder, monkeypatch, code, meaning, call):
    (folder / "a").write_bytes(b"before")

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[call], fail)
    with pytest.raises(meaning) as caught:
        write_file(folder / "a", b"after")
    assert caught.value.values == {"folder": folder}
    assert (folder / "a").read_bytes() == b"before"
    assert len(list(folder.iterdir())) == 1


def test_folders_that_can_not_be(tmp_path, make_result):
    (tmp_path / "file").write_text("in the way")
    system = [] if os.name == "nt" else [Path("/proc/none/a.png")]
    for path in (tmp_path / "file" / "a.png", tmp_path / "file" / "folder" / "a.png", *system):
        with pytest.raises(FolderNotWritable):
            save_png(path, make_result())
        with pytest.raises(FolderNotWritable):
            check_writable(path.parent)


def test_a_folder_in_the_place_of_the_file(folder, make_result):
    (folder / "a.png").mkdir()
    with pytest.raises(FolderNotWritable):
        save_png(folder / "a.png", make_result())
    assert [path.name for path in folder.iterdir()] == ["a.png"]


def test_set_aside_keeps_the_content_and_frees_the_place(tmp_path):
    (tmp_path / "a.json").write_text("precious")
    assert set_aside(tmp_path / "a.json").read_text() == "precious"
    assert not (tmp_path / "a.json").exists()


def test_a_full_disk_loses_nothing_that_was_saved(small_disk, make_result):
    library = Library(small_disk / "library")
    saved = []

    def fill() -> None:
        for number in range(100):
            saved.append(library.add(make_result(f"picture {number}", width=160, height=160)))

    with pytest.raises(DiskFull) as caught:
        fill()
    assert str(small_disk) in str(caught.value)
    assert 1 <= len(saved) < 100
    assert not list(small_disk.rglob("*.partial"))
    whole = list(small_disk.rglob("*.png"))
    assert {entry.path for entry in saved} <= set(whole)
    for entry in saved:
        assert read_request(entry.path) == entry.request
    assert library.count() >= len(saved)
    library.forget(saved[0].id)
    saved[0].path.unlink()
    saved[1].path.unlink()
    library.add(make_result("there is room again", width=160, height=160))
    library.close()


def test_a_full_disk_is_called_that(small_disk, make_result):
    Library(small_disk / "library").close()
    _fill_to_the_last_byte(small_disk / "fill")
    with pytest.raises(DiskFull):
        save_png(small_disk / "a.png", make_result())
    with pytest.raises(DiskFull):
        check_writable(small_disk)
    with pytest.raises(DiskFull):
        Library(small_disk / "library")
    (small_disk / "fill").unlink()
    Library(small_disk / "library").close()


def _fill_to_the_last_byte(path: Path) -> None:
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_the_previous_version_is_kept_beside(folder):
    path = folder / "a.b.png"
    assert replace_keeping_previous(path, b"first") is None
    assert [file.name for file in folder.iterdir()] == ["a.b.png"]
    assert replace_keeping_previous(path, b"second") == folder / "a.b~.png" == previous_path(path)
    assert replace_keeping_previous(path, b"third") == previous_path(path)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {"a.b.png": b"third", "a.b~.png": b"second"}


def test_the_previous_version_is_kept_where_a_file_can_not_have_two_names(folder, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    (folder / "a.png").write_bytes(b"first")
    replace_keeping_previous(folder / "a.png", b"second")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {"a.png": b"second", "a~.png": b"first"}


def test_a_link_goes_on_pointing_to_the_file(tmp_path, folder):
    (folder / "a.png").write_bytes(b"first")
    (tmp_path / "link.png").symlink_to(folder / "a.png")
    assert replace_keeping_previous(tmp_path / "link.png", b"second") == folder / "a~.png"
    assert (tmp_path / "link.png").is_symlink()
    assert (folder / "a.png").read_bytes() == b"second"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_private_file_stays_private(folder):
    (folder / "a.png").write_bytes(b"first")
    (folder / "a.png").chmod(0o600)
    replace_keeping_previous(folder / "a.png", b"second")
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_a_folder_that_vanished_is_not_made_again(tmp_path):
    with pytest.raises(FolderNotWritable):
        replace_keeping_previous(tmp_path / "stick" / "a.png", b"content")
    assert not (tmp_path / "stick").exists()


@pytest.mark.parametrize("link", [True, False])
def test_a_full_disk_changes_neither_version(small_disk, monkeypatch, link):
    if not link:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "")))
    path = small_disk / "a.png"
    path.write_bytes(b"1" * 200_000)
    previous_path(path).write_bytes(b"0" * 100_000)
    with pytest.raises(DiskFull):
        replace_keeping_previous(path, b"2" * (400_000 if link else 150_000))
    assert {file.name: file.read_bytes()[:1] for file in small_disk.iterdir()} == {"a.png": b"1", "a~.png": b"0"}


def test_what_fails_while_it_is_written_leaves_nothing_behind(folder):
    (folder / "a.png").write_bytes(b"first")
    with pytest.raises(ZeroDivisionError), replacing(folder / "a.png", keep_previous=True) as file:
        raise ZeroDivisionError(file.write(b"second"))
    assert [(file.name, file.read_bytes()) for file in folder.iterdir()] == [("a.png", b"first")]
