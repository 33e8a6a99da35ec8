"""The keymaps that come with the program are whole, nothing in them collides, and what the user changed lies on top."""

from __future__ import annotations

import json

import pytest

from kandinsky_studio.app.command import CATEGORIES
from kandinsky_studio.app.command_table import COMMANDS
from kandinsky_studio.app.keymaps import KEYMAPS, Key, KeyBindings, collide, conflicts, keymap, parse_keys, read, write
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.errors import BrokenKeymap, FolderNotWritable, NewerFile

IDS = {command.id for command in COMMANDS}


def keys(*texts: str) -> tuple[Key, ...]:
    return tuple(Key.parse(text) for text in texts)


@pytest.fixture
def remembering(qapp):
    made = []

    def make() -> Remembering:
        made.append(Remembering(Messages()))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_every_command_has_its_own_name_and_a_category():
    assert len(IDS) == len(COMMANDS) > 150
    assert {command.category for command in COMMANDS} == CATEGORIES.keys()
    titles = [command.title for command in COMMANDS]
    assert len(set(titles)) == len(titles), "in the palette they would look alike"


def test_every_icon_of_a_command_is_drawn():
    from kandinsky_studio import paths

    drawn = {file.stem for file in (paths.resources() / "icons").glob("*.svg")}
    assert {command.icon for command in COMMANDS if command.icon} <= drawn


@pytest.mark.parametrize("name", KEYMAPS)
def test_a_keymap_names_only_commands_there_are_and_nothing_collides(name):
    own = keymap(name).keys
    assert own.keys() <= IDS
    assert conflicts(own) == []


@pytest.mark.parametrize("name", KEYMAPS)
def test_a_keymap_has_no_key_that_text_or_the_keyboard_focus_needs_everywhere(name):
    everywhere = {key.sequence for own in keymap(name).keys.values() for key in own if not key.place}
    assert everywhere.isdisjoint({"Tab", "Shift+Tab", "Space", "Enter", "Esc", "Up", "Down", "Left", "Right"})


def test_keymaps_hold_what_painters_of_each_program_expect():
    expected = {
        "studio": {
            "tool.brush": "B",
            "selection.none": "Ctrl+D",
            "layer.new": "Ctrl+Shift+N",
            "view.actual": "Ctrl+1",
            "tool.select_lasso": "L",
            "edit.redo": "Ctrl+Shift+Z",
            "layer.raise": "Ctrl+PgUp",
        },
        "krita": {
            "tool.brush": "B",
            "selection.none": "Ctrl+Shift+A",
            "layer.new": "Ins",
            "view.actual": "1",
            "view.mirror": "M",
            "brush.opacity_less": "I",
            "tool.picker": "P",
            "layer.delete": "Shift+Del",
            "view.rotate_left": "4",
        },
        "photoshop": {
            "selection.none": "Ctrl+D",
            "layer.lower": "Ctrl+[",
            "layer.previous": "Alt+[",
            "tool.rotate_view": "R",
            "edit.preferences": "Ctrl+K",
            "brush.opacity_50": "5",
            "edit.fill_foreground": "Alt+Backspace",
        },
    }
    for name, wanted in expected.items():
        own = keymap(name).keys
        assert {command: own[command][0].sequence for command in wanted} == wanted
        assert keys("Ctrl+Shift+P") == own["window.command_palette"]
    assert keymap("krita").keys["tool.select_lasso"] == ()


@pytest.mark.parametrize(
    "text", ["", "Foo", "Ctrl+", "Ctrl", "Shift+Alt", "Ctrl+Foo", "J @nowhere", " @canvas", "Ctrl+J, Foo"]
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ValueError, match="is no key"):
        Key.parse(text)


def test_a_key_is_written_one_way_only():
    assert Key.parse("shift+ctrl+n") == Key.parse("Ctrl+Shift+N") == Key("Ctrl+Shift+N")
    assert Key.parse("Ctrl+Return") == Key("Ctrl+Enter")
    assert str(Key.parse("Delete @layers")) == "Del @layers"
    assert Key.parse(str(Key.parse("Ctrl+K, Ctrl+J"))).sequence == "Ctrl+K, Ctrl+J"
    assert Key.parse("Ctrl+,").sequence == "Ctrl+,"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("J", "J", True),
        ("J", "Shift+J", False),
        ("Ctrl+K", "Ctrl+K, Ctrl+J", True),
        ("Ctrl+K, Ctrl+J", "Ctrl+K, Ctrl+L", False),
        ("Ctrl+K, J", "J", False),
        (",", ",, J", True),
        ("Del @gallery", "Del", False),
        ("Del @gallery", "Del @layers", False),
        ("Del @gallery", "Del @gallery", True),
        ("F1", "F11", False),
    ],
)
def test_which_keys_collide(one, other, expected):
    first, second = keys(one, other)
    assert collide(first, second) is expected
    assert collide(second, first) is expected
    found = conflicts({"a": [first], "b": [second]})
    assert [(conflict.first, conflict.second) for conflict in found] == ([("a", "b")] if expected else [])


def test_a_command_does_not_collide_with_itself():
    assert conflicts({"a": keys("J", "J")}) == []


def test_three_on_one_key_are_three_conflicts():
    assert len(conflicts(dict.fromkeys("abc", keys("J")))) == 3


def test_changes_lie_over_the_keymap_and_come_back(remembering):
    first = remembering()
    bindings = KeyBindings(first)
    bindings.set_keys({"layer.new": keys("F7")})
    assert bindings.keys("layer.new") == keys("F7")
    bindings.choose("krita")
    assert bindings.keys("layer.new") == keys("Ins")
    bindings.set_keys({"tool.brush": ()})
    first.close()
    again = KeyBindings(remembering())
    assert again.name == "krita"
    assert again.keys("tool.brush") == ()
    again.choose("studio")
    assert again.keys("layer.new") == keys("F7")
    assert again.keys("tool.brush") == keys("B")


def test_only_what_differs_is_kept(remembering):
    kept = remembering()
    bindings = KeyBindings(kept)
    bindings.set_keys({"layer.new": keys("F7"), "tool.brush": keys("B")})
    assert kept.values.key_changes == {"studio": {"layer.new": ["F7"]}}
    assert bindings.is_changed("layer.new")
    assert not bindings.is_changed("tool.brush")
    bindings.reset("layer.new")
    assert kept.values.key_changes == {}
    assert not bindings.is_changed()
    assert bindings.keys("layer.new") == bindings.default("layer.new")


@pytest.mark.parametrize(
    "rubbish", [{"studio": 5}, {"studio": {"tool.brush": "B"}}, {"studio": {"a": ["Foo"]}}, {"x": 1}]
)
def test_rubbish_in_the_preferences_leaves_the_keymap_as_it_comes(remembering, rubbish):
    kept = remembering()
    kept.set(key_changes=rubbish)
    assert KeyBindings(kept).keys("tool.brush") == keys("B")


def test_a_key_can_be_taken_from_another_command():
    bindings = KeyBindings()
    assert bindings.rivals("layer.rename", Key("Ctrl+J"), IDS) == ["layer.duplicate"]
    assert bindings.rivals("layer.duplicate", Key("Ctrl+J"), IDS) == []
    assert bindings.rivals("layer.rename", Key("Ctrl+J", "canvas"), IDS) == []
    bindings.take("layer.rename", Key("Ctrl+J"), IDS)
    assert bindings.keys("layer.rename") == keys("F2", "Ctrl+J")
    assert bindings.keys("layer.duplicate") == ()
    assert bindings.conflicts(IDS) == []


def test_what_the_user_chose_wins_over_a_key_that_a_newer_keymap_gives_out():
    bindings = KeyBindings()
    bindings.set_keys({"window.panel_mine": keys("B")})
    assert bindings.keys("tool.brush") == ()
    assert bindings.conflicts([*IDS, "window.panel_mine"]) == []


def test_two_choices_of_the_user_on_one_key_are_told(qapp):
    bindings = KeyBindings()
    bindings.set_keys({"layer.new": keys("F7"), "layer.delete": keys("F7")})
    (conflict,) = bindings.conflicts(IDS)
    assert {conflict.first, conflict.second} == {"layer.new", "layer.delete"}
    assert conflict.key == Key("F7")


def test_reset_all_is_for_the_chosen_keymap(qtbot):
    bindings = KeyBindings()
    bindings.set_keys({"layer.new": keys("F7")})
    bindings.choose("photoshop")
    bindings.set_keys({"layer.new": keys("F8")})
    with qtbot.waitSignal(bindings.changed, timeout=1000):
        bindings.reset_all()
    assert bindings.keys("layer.new") == keys("Ctrl+Shift+N")
    bindings.choose("studio")
    assert bindings.keys("layer.new") == keys("F7")


def test_a_keymap_goes_through_a_file(tmp_path):
    file = tmp_path / "моя.json"
    bindings = KeyBindings()
    bindings.choose("krita")
    bindings.set_keys({"layer.new": keys("F7", "Del @canvas"), "tool.brush": ()})
    write(bindings, file)
    other = KeyBindings()
    other.set_keys({"help.keys": keys("F12")})
    other.use(read(file))
    for id in IDS:
        assert other.keys(id) == bindings.keys(id), id
    assert other.name == "studio"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b" " * 1_000_001,
        b"{}",
        b'{"format": "kandinsky-studio-keymap"}',
        b'{"format": "kandinsky-studio-keymap", "version": true, "title": "a", "keys": {}}',
        b'{"format": "kandinsky-studio-keymap", "version": 1, "title": 5, "keys": {}}',
        b'{"format": "kandinsky-studio-keymap", "version": 1, "title": "a", "keys": []}',
        b'{"format": "kandinsky-studio-keymap", "version": 1, "title": "a", "keys": {"tool.brush": "B"}}',
        b'{"format": "kandinsky-studio-keymap", "version": 1, "title": "a", "keys": {"tool.brush": ["Foo"]}}',
        b'{"format": "kandinsky-studio-keymap", "version": 1, "title": "a", "keys": {"tool.brush": [5]}}',
        b'{"format": "kandinsky-studio-keymap", "version": 1, "title": "a", "over": "../x", "keys": {}}',
        b'{"format": "kandinsky-studio-keymap", "version": 1, "title": "a", "over": [], "keys": {}}',
    ],
    ids=lambda content: f"{len(content)} bytes",
)
def test_rubbish_is_refused(tmp_path, content):
    file = tmp_path / "rubbish.json"
    file.write_bytes(content)
    with pytest.raises(BrokenKeymap, match=r"rubbish\.json"):
        read(file)


def test_a_file_that_is_not_there_and_one_of_a_newer_program(tmp_path):
    with pytest.raises(BrokenKeymap):
        read(tmp_path / "none.json")
    file = tmp_path / "newer.json"
    file.write_text(json.dumps({"format": "kandinsky-studio-keymap", "version": 2, "title": "a", "keys": 7}))
    with pytest.raises(NewerFile):
        read(file)


def test_a_keymap_that_cant_be_written_says_why(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderNotWritable):
        write(KeyBindings(), tmp_path / "file" / "keys.json")


def test_a_key_listed_twice_counts_once():
    assert parse_keys({"a": ["J", "j"]}) == {"a": keys("J")}
