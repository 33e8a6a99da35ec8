"""The version before is started again: what a newer one left is told, and not a byte of it changes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from kandinsky_studio import paths
from kandinsky_studio.document.document import Document
from kandinsky_studio.engine import embeddings
from kandinsky_studio.engine.embeddings import SavedEmbedding
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult
from kandinsky_studio.errors import DiskFull, NewerFile
from kandinsky_studio.storage import documents, index, openraster, pictures, records
from kandinsky_studio.storage.durable import write_file
from kandinsky_studio.storage.library import INDEX_NAME, Library
from kandinsky_studio.storage.models import manifest
from kandinsky_studio.storage.models.manifest import Manifest, PublishedFile
from kandinsky_studio.storage.wording import Style

RESULT = GenerationResult(np.zeros((64, 64, 3), np.uint8), GenerationRequest("a circle"), np.zeros(8, np.float32))


def put(path, values):
    write_file(path, values if isinstance(values, bytes) else json.dumps(values).encode())


def plant_library():
    library = Library(paths.library())
    library.add(RESULT)
    library.close()
    with closing(sqlite3.connect(paths.library() / INDEX_NAME)) as connection, connection:
        connection.execute("CREATE TABLE boards (id INTEGER)")
        connection.execute(f"PRAGMA user_version = {index.SCHEMA_VERSION + 1}")


def plant_journal():
    folder = paths.journals() / "20990101-120000-0123abcd"
    folder.mkdir(parents=True)
    head = {"version": records.VERSION + 1, "path": "/home/me/Cat.ora", "strokes": []}
    with (folder / records.RECORDS).open("wb", buffering=0) as file:
        records.write_record(file, head, [])


def plant_idea(folder, kind):
    folder.mkdir(parents=True)
    newer = f"{kind.rpartition(' ')[0]} 2"
    embeddings.save(folder / "Sunset.safetensors", SavedEmbedding(np.zeros(8, np.float32), "clip"), newer)


STORES = {
    "preferences": lambda: put(paths.config() / "preferences.json", {"version": 2, "theme": "dark", "keymap": ["new"]}),
    "library": plant_library,
    "journal": plant_journal,
    "queue": lambda: put(paths.data() / "queue" / "1.json", {"version": 99, "request": {}}),
    "pigment": lambda: plant_idea(paths.data() / "pigments", embeddings.FORMAT),
    "style": lambda: plant_idea(paths.data() / "styles", embeddings.DIRECTION),
    "prompts": lambda: put(paths.data() / "prompts.json", {"version": 2, "prompt": [{"text": "a cat"}]}),
    "prompt styles": lambda: put(paths.data() / "styles.json", {"version": 2, "styles": {"a": "b"}}),
    "handbook": lambda: put(paths.data() / "handbook.json", {"version": 2, "entries": 5}),
}


def everything_in(folder):
    """All files, but for the log, the lock and what can be made again."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in ("cache", "state")
    }


def live_a_little(studio):
    """Start, change something of everything that is kept, and end."""
    said = []
    studio.messages.connect_window(lambda message: said.append(message.text))
    studio.start()
    for service in (studio.gallery, studio.editor, studio.queue, studio.pigments, studio.styles, studio.words):
        service.flush()
    studio.editor.flush()  # journals are read after they were found
    studio.remembering.set(theme="light", export_quality=42)
    studio.words.history.add(GenerationRequest("a red circle"))
    studio.words.styles.save(Style("Mine", "a {prompt}"))
    studio.words.flush()
    studio.close()
    return said


@pytest.mark.parametrize("store", STORES)
def test_each_store_says_so_once_and_stays_as_it_is(make_studio, home, store):
    STORES[store]()
    before = everything_in(home)
    assert before
    said = live_a_little(make_studio())
    assert [text for text in said if "newer version of Kandinsky Studio" in text] == said[:1]
    after = everything_in(home)
    assert {name: after.get(name) for name in before} == before
    assert not [name for name in after if "damaged" in name.name]


def test_what_was_learned_of_times_is_left_as_it_is(make_studio, home):
    file = paths.state() / "paces.json"
    put(file, {"version": 2, "paces": {}})
    studio = make_studio()
    studio.start()
    studio.queue.flush()
    studio.generation.submit(GenerationRequest("a circle", width=64, height=64, num_inference_steps=1))
    studio.close()
    assert json.loads(file.read_bytes()) == {"version": 2, "paces": {}}


def test_a_document_of_a_newer_program_is_shown_and_saved_under_another_name(qtbot, make_studio, tmp_path, monkeypatch):
    monkeypatch.setattr(openraster, "OWN_VERSION", openraster.OWN_VERSION + 1)
    path = tmp_path / "new.ora"
    documents.write_document(path, Document.new(20, 10).state)
    monkeypatch.undo()
    content = path.read_bytes()
    studio = make_studio()
    said = []
    studio.messages.connect_window(lambda message: said.append(message.text))
    studio.editor.open(path)
    studio.editor.flush()
    (sheet,) = studio.editor.sheets
    assert sheet.path is None, "saving asks for another name"
    assert sheet.document.state.canvas[2:] == (20, 10)
    assert said[0].startswith("new.ora was written by a newer version of Kandinsky Studio.")
    studio.editor.close_sheet(sheet)
    assert path.read_bytes() == content


def test_a_picture_of_a_newer_program_is_refused_with_that_reason(tmp_path, monkeypatch):
    real = GenerationRequest.to_json
    monkeypatch.setattr(GenerationRequest, "to_json", lambda self, *a, **k: {**real(self, *a, **k), "version": 99})
    pictures.save_png(tmp_path / "a.png", RESULT)
    with pytest.raises(NewerFile, match=r"a\.png"):
        pictures.read_request(tmp_path / "a.png")


def test_the_list_of_a_models_files_of_a_newer_program_is_left_as_it_is(tmp_path):
    put(tmp_path / "model" / manifest.NAME, {"version": 2, "shards": []})
    content = (tmp_path / "model" / manifest.NAME).read_bytes()
    ours = Manifest("a/b", "0" * 40, (PublishedFile("c.bin", 3, "sha256", "1" * 64),))
    for deed in (lambda: manifest.read(tmp_path / "model"), lambda: manifest.write(tmp_path / "model", ours)):
        with pytest.raises(NewerFile, match="model/"):
            deed()
    assert manifest.find(tmp_path / "model") is None
    assert (tmp_path / "model" / manifest.NAME).read_bytes() == content


# ---------------------------------------------------------------------- what a newer one leaves for the one before


def test_the_index_of_the_version_before_is_kept_for_it():
    library = Library(paths.library())
    starred = library.add(RESULT)
    library.star(starred.id, True)
    library.close()
    file = paths.library() / INDEX_NAME
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA user_version = 1")
    again = Library(paths.library())
    again.add(RESULT)
    again.close()
    kept = index.previous_index(file, 1)
    assert kept.name == "library-1.sqlite3"
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT starred FROM entries").fetchall() == [(1,)]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not list(paths.library().glob(".*.partial"))
    kept.replace(file)  # as the README says
    back = Library(paths.library())
    back.synchronise()
    assert [entry.starred for entry in back.entries()] == [False, True], "what was made since is there as well"
    back.close()


def test_an_index_that_can_not_be_copied_is_not_changed(monkeypatch):
    library = Library(paths.library())
    library.add(RESULT)
    library.close()
    file = paths.library() / INDEX_NAME
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA user_version = 1")
    content = file.read_bytes()

    def full(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(index, "flush", full)
    with pytest.raises(DiskFull):
        Library(paths.library())
    assert file.read_bytes() == content
    assert [path.name for path in paths.library().glob("*sqlite3")] == [INDEX_NAME]


def test_the_preferences_of_the_version_before_are_kept_for_it(make_studio, monkeypatch):
    file = paths.config() / "preferences.json"
    put(file, {"version": 1, "program": "0.0.9", "theme": "dark", "export_quality": 70})
    content = file.read_bytes()
    studio = make_studio()
    studio.remembering.set(theme="light")
    studio.remembering.set(export_quality=80)
    studio.close()
    assert (paths.config() / "preferences-0.0.9.json").read_bytes() == content
    assert json.loads(file.read_bytes())["theme"] == "light"
    again = make_studio()
    again.remembering.set(theme="dark")
    again.close()
    assert sorted(path.name for path in paths.config().iterdir()) == ["preferences-0.0.9.json", "preferences.json"]


@pytest.mark.parametrize("name", ["../../evil", "", "a" * 99, 5, None, ["0.1"]])
def test_no_name_of_a_program_leads_out_of_the_folder(make_studio, name):
    put(paths.config() / "preferences.json", {"program": name})
    studio = make_studio()
    studio.remembering.set(theme="light")
    studio.close()
    assert [path.name for path in paths.config().iterdir()] == ["preferences.json"]
