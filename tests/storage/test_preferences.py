"""What the program remembers comes back, and nothing that is wrong in the file keeps it from starting."""

import dataclasses
import json

import pytest

from kandinsky_studio import paths
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.errors import FolderNotWritable
from kandinsky_studio.storage import preferences
from kandinsky_studio.storage.preferences import Preferences


@pytest.fixture
def file(tmp_path):
    return tmp_path / "config" / "preferences.json"


def test_a_first_start_has_defaults_and_writes_nothing(file):
    assert preferences.load(file) == Preferences()
    assert not file.parent.exists()


def test_what_was_saved_comes_back(file):
    saved = Preferences(theme="dark", last_request=GenerationRequest("круг", seed=2**32 - 1), window_state="AAAA")
    preferences.save(saved, file)
    assert preferences.load(file) == saved


def test_they_live_in_the_folder_for_configuration(tmp_path, monkeypatch):
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / "home"))
    preferences.save(Preferences(language="ru"))
    assert (tmp_path / "home" / "config" / "preferences.json").exists()
    assert preferences.load().language == "ru"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe\x00", b"[" * 100_000, b"null"])
def test_a_damaged_file_is_set_aside(file, content):
    file.parent.mkdir()
    file.write_bytes(content)
    assert preferences.load(file) == Preferences()
    (aside,) = file.parent.iterdir()
    assert aside.name.startswith("preferences.json.damaged-")
    assert aside.read_bytes() == content


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("language", "xx"),
        ("language", 5),
        ("language", ["en"]),
        ("theme", None),
        ("export_quality", 0),
        ("export_quality", 101),
        ("export_quality", "90"),
        ("export_quality", True),
        ("hold_idea_seed", 1),
        ("keymap", "emacs"),
        ("key_changes", []),
        ("recent_commands", [5]),
        ("recent_commands", "tool.brush"),
        ("last_request", {}),
        ("last_request", "a"),
        ("last_request", {"version": 99}),
        ("last_request", {"version": 1, "prompt": 5}),
    ],
)
def test_one_value_that_makes_no_sense_costs_only_itself(file, name, value):
    file.parent.mkdir()
    file.write_text(json.dumps({name: value, "model": "mine"}))
    assert preferences.load(file) == Preferences(model="mine")


def test_values_of_a_newer_program_are_kept(file):
    file.parent.mkdir()
    file.write_text(json.dumps({"zen": {"mode": [1]}, "theme": "dark"}))
    loaded = preferences.load(file)
    loaded.set("theme", "light")
    preferences.save(loaded, file)
    values = json.loads(file.read_text())
    assert values["zen"] == {"mode": [1]}
    assert values["theme"] == "light"
    assert "others" not in values


def test_set_refuses_what_a_preference_can_not_be():
    chosen = Preferences()
    chosen.set("export_quality", 80)
    assert chosen.export_quality == 80
    for name, value in (("export_quality", 0), ("theme", "pink"), ("others", {}), ("nothing", 1)):
        with pytest.raises(ValueError, match=name):
            chosen.set(name, value)


def test_each_shown_preference_is_described():
    names = {field.name for field in dataclasses.fields(Preferences)} - {"others", "version"}
    shown = {name for name in names if preferences.about(name).title}
    assert {"language", "theme", "model"} <= shown
    for name in shown:
        about = preferences.about(name)
        assert about.help.endswith(".")
        assert about.allows(getattr(Preferences(), name))


def test_a_folder_that_can_not_be_written_says_so(file):
    file.parent.write_text("in the way")
    with pytest.raises(FolderNotWritable):
        preferences.save(Preferences(), file)
    assert preferences.load(file) == Preferences()
