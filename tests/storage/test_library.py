"""The library keeps what it is given, finds it again, and makes its index anew when that is lost."""

import json
import os
import shutil
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from kandinsky_studio.errors import BrokenPicture, FolderNotWritable, NewerFile, NoRequestInPicture
from kandinsky_studio.storage import index
from kandinsky_studio.storage.durable import set_aside
from kandinsky_studio.storage.library import INDEX_NAME, Library
from kandinsky_studio.storage.pictures import export, read_pixels, save_png


def _prompts(entries):
    return [entry.request.prompt for entry in entries]


def test_an_added_picture_is_a_file_and_an_entry(library, make_result):
    before = datetime.now(UTC)
    result = make_result("a red circle", negative_prompt="text", seed=3)
    entry = library.add(result)
    assert np.array_equal(read_pixels(entry.path), result.image)
    assert (entry.request, entry.width, entry.height, entry.starred) == (result.request, 24, 16, False)
    assert before <= entry.created <= datetime.now(UTC)
    assert entry.created.utcoffset() is not None
    assert library.entries() == [entry]
    assert library.get(entry.id) == entry
    assert library.count() == 1


def test_names_can_be_read_and_never_meet(library, make_result):
    entries = [library.add(make_result("Красный круг: a/b\\c?" + "x" * 300)) for _ in range(5)]
    assert len({entry.path for entry in entries}) == 5
    for entry in entries:
        assert entry.path.parent == library.folder / f"{entry.created:%Y-%m}"
        assert "красный-круг-a-b-c" in entry.path.name
        assert len(entry.path.name.encode()) < 200


@pytest.mark.parametrize("prompt", ["", "...", "../../etc/passwd", "CON", "\udc41\0", "a\nb"])
def test_a_prompt_can_not_lead_out_of_the_folder(library, make_result, prompt):
    entry = library.add(make_result(prompt))
    assert entry.path.parent.parent == library.folder
    assert entry.request.prompt == prompt
    assert library.entries()[0].request.prompt == prompt


def test_the_record_and_the_embedding_are_kept(library, make_result):
    result = make_result()
    entry = library.add(result)
    record = library.record(entry.id)
    assert record.request == result.request
    assert dict(record.timings) == dict(result.timings)
    assert record.weights == "c0ffee"
    assert np.array_equal(library.image_embeds(entry.id), result.image_embeds.astype(np.float16).astype(np.float32))
    assert library.record(99) is None
    assert library.image_embeds(99) is None


def test_the_newest_come_first_page_by_page(library, make_result):
    for number in range(7):
        library.add(make_result(f"picture {number}"))
    page = library.entries(limit=3)
    assert _prompts(page) == ["picture 6", "picture 5", "picture 4"]
    library.forget(page[-1].id)  # the page after it must not get lost with it
    page = library.entries(before_id=page[-1].id, limit=3)
    assert _prompts(page) == ["picture 3", "picture 2", "picture 1"]
    assert _prompts(library.entries(before_id=page[-1].id)) == ["picture 0"]
    assert _prompts(library.entries("picture", before_id=page[-1].id)) == ["picture 0"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", {"red", "russian", "signs"}),
        ("   ", {"red", "russian", "signs"}),
        ("red", {"red"}),
        ("circle red", {"red"}),
        ("RED CIRC", {"red"}),
        ("blurry", {"red"}),
        ("красный", {"russian"}),
        ("КРАСН", {"russian"}),
        ("елка", {"russian"}),
        ("Ёлка круг", {"russian"}),
        ("quoted", {"signs"}),
        ('"quoted"', {"signs"}),
        ("OR AND NOT", set()),
        ("red triangle", set()),
        ("*", set()),
        ("red *", {"red"}),
        ('"', set()),
        ("red:circle", {"red"}),
        ("NEAR(red circle)", set()),
        ("\0red\udc41", {"red"}),
        ("ircle", set()),
    ],
)
def test_search(library, make_result, words, found):
    library.add(make_result("a red circle", negative_prompt="blurry"))
    library.add(make_result("красный КРУГ и ёлка"))
    library.add(make_result('it\'s "quoted"; DROP TABLE entries'))
    names = {"a": "red", "к": "russian", "i": "signs"}
    assert {names[prompt[0]] for prompt in _prompts(library.entries(words))} == found


def test_a_forgotten_picture_comes_back_with_its_star_and_its_place(library, make_result, tmp_path):
    first, second, _ = (library.add(make_result(f"picture {number}")) for number in range(3))
    library.star(second.id, True)
    second.path.rename(tmp_path / "trash.png")
    library.forget(second.id)
    assert _prompts(library.entries()) == ["picture 2", "picture 0"]
    assert library.entries("1") == []
    assert library.get(second.id) is None
    assert library.count() == 2
    shutil.move(tmp_path / "trash.png", second.path)
    back = library.readopt(second.path)
    assert (back.id, back.starred, back.request) == (second.id, True, second.request)
    assert _prompts(library.entries()) == ["picture 2", "picture 1", "picture 0"]
    assert _prompts(library.entries("1")) == ["picture 1"]
    assert library.image_embeds(back.id) is not None
    assert library.entries(before_id=back.id) == [first]


def test_readopt_refuses_what_it_can_not_take(library, make_result, tmp_path):
    entry = library.add(make_result())
    save_png(tmp_path / "elsewhere.png", make_result())
    with pytest.raises(ValueError, match="not in the subpath"):
        library.readopt(tmp_path / "elsewhere.png")
    with pytest.raises(BrokenPicture):
        library.readopt(entry.path.with_name("none.png"))
    Image.new("RGB", (4, 4)).save(entry.path.with_name("foreign.png"))
    with pytest.raises(NoRequestInPicture):
        library.readopt(entry.path.with_name("foreign.png"))
    assert library.count() == 1


def test_stars_stay(library, make_result):
    entry = library.add(make_result())
    library.star(entry.id, True)
    library.close()
    assert library.get(entry.id).starred
    library.star(entry.id, False)
    assert not library.get(entry.id).starred


def test_synchronise_makes_the_index_say_what_is_there(library, make_result):
    kept, deleted, gone = (library.add(make_result(f"picture {number}")) for number in range(3))
    deleted.path.unlink()
    old = library.folder / "2020-01"
    save_png(old / "old.png", make_result("old"), datetime(2020, 1, 5, tzinfo=UTC))
    (old / "text.png").write_text("no picture")
    gone.path.rename(old / "moved.png")
    assert library.synchronise() == 4
    assert _prompts(library.entries()) == ["picture 2", "picture 0", "old"]
    assert library.entries("old")[0].created == datetime(2020, 1, 5, tzinfo=UTC)
    assert library.get(kept.id) == kept
    assert library.synchronise() == 0
    shutil.rmtree(old)
    assert library.synchronise() == 2
    assert library.entries() == [kept]
    assert (old / "text.png").exists() is False


def test_the_start_finds_a_new_picture_without_a_row_and_misses_none(library, make_result):
    entry = library.add(make_result("in the index"))
    save_png(entry.path.with_name("orphan.png"), make_result("only a file"))
    library.close()
    again = Library(library.folder)
    assert set(_prompts(again.entries())) == {"in the index", "only a file"}
    again.close()


def test_files_that_are_being_written_are_no_pictures_and_old_ones_are_cleared(library, make_result):
    entry = library.add(make_result())
    fresh, stale = entry.path.with_name(".fresh.partial"), entry.path.with_name(".stale.partial")
    for path in (fresh, stale):
        shutil.copy(entry.path, path)
    two_hours_ago = time.time() - 7200
    os.utime(stale, (two_hours_ago, two_hours_ago))
    assert library.synchronise() == 0
    assert library.count() == 1
    assert fresh.exists()
    assert not stale.exists()


def _garble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for start in range(100, len(content), 512):
        content[start : start + 256] = b"\xa5" * 256
    path.write_bytes(content)


def _foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE entries (id)")
    connection.close()


def _without_a_table(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE records")
    connection.close()


def _rows_nobody_wrote(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE entries SET request = '{}'")
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [
        _garble,
        _foreign,
        _without_a_table,
        _rows_nobody_wrote,
        lambda path: path.write_bytes(b"no index at all" * 999),
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    ],
    ids=["garbled", "foreign", "table missing", "rows garbled", "text", "cut short"],
)
def test_a_damaged_index_is_set_aside_and_made_anew(library, make_result, damage):
    made = [library.add(make_result(f"picture {number}")) for number in range(40)]
    library.close()
    damage(library.folder / INDEX_NAME)
    again = Library(library.folder)
    assert [entry.path for entry in again.entries()] == [entry.path for entry in reversed(made)]
    assert [entry.request for entry in again.entries("picture")] == [entry.request for entry in reversed(made)]
    assert again.record(again.entries()[0].id).timings
    assert np.array_equal(again.image_embeds(again.entries()[-1].id), library.image_embeds(made[0].id))
    assert len(list(library.folder.glob(f"{INDEX_NAME}.damaged-????????"))) == 1
    again.add(make_result("new"))
    assert again.count() == 41
    again.close()


def test_nothing_holds_a_damaged_index_open_when_it_is_set_aside(library, make_result, monkeypatch):
    for _ in range(3):  # the last row would end the reading
        library.add(make_result())
    library.close()
    _rows_nobody_wrote(library.folder / INDEX_NAME)
    held = []

    def look(path: Path) -> Path:  # Windows renames no open file
        held.append([file.path for file in psutil.Process().open_files() if path.name in file.path])
        return set_aside(path)

    monkeypatch.setattr(index, "set_aside", look)
    again = Library(library.folder)
    assert len(again.entries()) == 3
    again.close()
    assert held == [[]]


def test_damage_while_the_library_is_open_is_mended_for_every_thread(library, make_result):
    for number in range(40):
        library.add(make_result(f"picture {number}"))
    library.star(library.entries()[0].id, True)
    library.close()
    _without_a_table(library.folder / INDEX_NAME)
    counts: list[int] = []
    errors: list[Exception] = []
    start = threading.Barrier(4)

    def use() -> None:
        start.wait()
        try:
            for _ in range(5):
                library.record(library.entries()[0].id)
                counts.append(library.count())
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert set(counts) == {40}
    assert library.entries()[0].starred
    assert len(list(library.folder.glob(f"{INDEX_NAME}.damaged-????????"))) == 1


def test_a_deleted_index_is_made_anew(library, make_result):
    library.add(make_result("still there"))
    library.close()
    shutil.move(library.add(make_result("old")).path, _folder(library.folder / "2001-01"))
    shutil.move(library.add(make_result("older")).path, _folder(library.folder / "2000-01"))
    library.close()
    for path in library.folder.glob(f"{INDEX_NAME}*"):
        path.unlink()
    again = Library(library.folder)
    assert set(_prompts(again.entries())) == {"still there", "old", "older"}
    again.close()


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_an_index_of_a_newer_program_is_left_alone(library, make_result):
    library.add(make_result())
    library.close()
    with sqlite3.connect(library.folder / INDEX_NAME) as connection:
        connection.execute(f"PRAGMA user_version = {index.SCHEMA_VERSION + 1}")
    connection.close()
    content = (library.folder / INDEX_NAME).read_bytes()
    with pytest.raises(NewerFile, match=INDEX_NAME):
        Library(library.folder)
    assert (library.folder / INDEX_NAME).read_bytes() == content


def test_an_index_of_an_older_program_is_closed_to_it_from_now_on(library, make_result):
    library.add(make_result())
    library.close()
    with sqlite3.connect(library.folder / INDEX_NAME) as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    again = Library(library.folder)
    assert len(list(again.entries())) == 1
    again.close()
    with sqlite3.connect(library.folder / INDEX_NAME) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (index.SCHEMA_VERSION,)
    connection.close()


def test_a_library_that_can_not_be_there(tmp_path, make_result):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FolderNotWritable, match="file"):
        Library(tmp_path / "file")
    with pytest.raises(FolderNotWritable):
        Library(tmp_path / "file" / "below")


def test_several_threads_add_and_read_at_once(library, make_result):
    results = [make_result(f"picture {number}") for number in range(40)]
    errors: list[Exception] = []

    def work(part: int) -> None:
        try:
            for result in results[part::4]:
                entry = library.add(result)
                assert entry in library.entries(limit=1000)
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert library.count() == 40
    assert len(list(library.folder.glob("*/*.png"))) == 40


def test_a_library_can_be_moved(library, make_result, tmp_path):
    library.add(make_result("moved"))
    library.close()
    library.folder.rename(tmp_path / "elsewhere")
    moved = Library(tmp_path / "elsewhere")
    (entry,) = moved.entries()
    assert entry.path.parent.parent == tmp_path / "elsewhere"
    export(entry.path, tmp_path / "a.png")
    moved.close()


def test_work_does_not_grow_with_the_number_of_pictures(library, make_result):
    """Counted in steps of SQLite's machine, which are the same on every computer, not in seconds."""
    entry = library.add(make_result("a red circle, the very first"))
    request = json.dumps(library.record(entry.id).to_json()["request"])

    def fill(numbers: range) -> None:
        library._index.run(
            lambda connection: connection.executemany(
                "INSERT INTO entries (path, created, width, height, prompt, negative_prompt, request)"
                " VALUES (?, ?, 24, 16, ?, '', ?)",
                (
                    (f"{2010 + n // 1_200}-{n // 100 % 12 + 1:02}/{n}.png", n, f"a blue square {n}", request)
                    for n in numbers
                ),
            )
        )

    def steps(work) -> int:
        taken = []
        library._index.run(lambda connection: connection.set_progress_handler(lambda: taken.append(1), 10))
        try:
            work()
        finally:
            library._index.run(lambda connection: connection.set_progress_handler(None, 0))
        return len(taken)

    def measure() -> list[int]:
        assert len(library.entries()) == 200
        middle = library.entries("499")[0].id
        return [
            steps(lambda: library.entries()),
            steps(lambda: library.entries(before_id=middle)),
            steps(lambda: library.entries("very fir")),
            steps(lambda: library.add(make_result())),
            steps(lambda: library.record(entry.id)),
        ]

    fill(range(1_000))
    few = measure()
    fill(range(1_000, 20_000))
    many = measure()
    assert min(few) > 0
    assert all(after < 1.5 * before + 10 for before, after in zip(few, many, strict=True)), (few, many)
    assert len(library.entries("blue squ")) == 200
    assert library.count() == 20_003
    assert timedelta(0) <= datetime.now(UTC) - library.entries(limit=1)[0].created < timedelta(minutes=1)


def test_a_new_library_can_be_opened_many_times_at_once(tmp_path):
    start = threading.Barrier(8)
    errors: list[Exception] = []

    def work(folder: Path) -> None:
        start.wait()
        try:
            Library(folder).close()
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    for number in range(10):
        threads = [threading.Thread(target=work, args=(tmp_path / str(number),)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
