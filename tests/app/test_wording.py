"""What styles, the handbook, wildcards and the history make of the words."""

from __future__ import annotations

import dataclasses
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kandinsky_studio import paths
from kandinsky_studio.app.generation import GenerationSettings
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.wording import languages
from kandinsky_studio.app.wording.handbook import GROUPS, Handbook
from kandinsky_studio.app.wording.history import PromptHistory, Stroll
from kandinsky_studio.app.wording.prospect import completed, prospect
from kandinsky_studio.app.wording.styling import Texts, holds, inserted, removed, styled
from kandinsky_studio.app.wording.templates import parse
from kandinsky_studio.engine.models import MODELS
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.errors import BrokenStyles, LayersDiffer, UnknownWildcard, WildcardsInACircle
from kandinsky_studio.storage import wording as storage
from kandinsky_studio.storage.wildcards import LONGEST_LINE, MOST_LINES, read_wildcards
from kandinsky_studio.storage.wording import Entry, Style

OIL = Style("Oil", "oil painting of {prompt}", "photograph")
NIGHT = Style("Night", "at night")


@pytest.fixture
def lane(qapp):
    lane = Lane("words")
    yield lane
    lane.close()


# ---------------------------------------------------------------------- styles


def test_styles_lie_around_the_prompt_one_in_the_other():
    assert styled(Texts("a cat", ""), [OIL, NIGHT]) == ("oil painting of a cat, at night", "photograph")
    assert styled(Texts("a cat", "dog"), [OIL]) == ("oil painting of a cat", "dog, photograph")
    assert styled(Texts("  ", ""), [NIGHT]).prompt.strip() == ""


@pytest.mark.parametrize(
    ("text", "cursor", "expected"),
    [
        ("", 0, "misty"),
        ("a cat", 5, "a cat, misty"),
        ("a cat, at night", 2, "a cat, misty, at night"),
        ("a cat, ", 7, "a cat, misty"),
        ("a cat\nat night", 3, "a cat, misty\nat night"),
    ],
)
def test_words_are_put_behind_the_part_one_is_in(text, cursor, expected):
    edit = inserted(text, cursor, "misty")
    assert edit.text == expected
    assert edit.text[: edit.cursor].endswith("misty")


def test_words_of_the_built_in_model_are_put_between_words():
    assert inserted("a circle", 1, "red", " ").text == "a red circle"
    assert removed("a red circle", "red").text == "a circle"


@given(st.text("ab, \n", max_size=30), st.integers(0, 40), st.sampled_from([", ", " "]))
def test_what_was_put_in_is_found_and_can_be_taken_out(text, cursor, separator):
    edit = inserted(text, cursor, "golden hour", separator)
    assert holds(edit.text, "golden hour")
    out = removed(edit.text, "golden hour")
    assert not holds(out.text, "golden hour")
    assert out.text.replace(",", " ").split() == text.replace(",", " ").split()
    assert 0 <= out.cursor <= len(out.text)


def test_only_whole_words_are_held():
    assert not holds("an infrared picture", "red")
    assert holds("A Red circle", "red")


def test_files_of_styles_are_read_with_care(tmp_path):
    path = tmp_path / "styles.json"
    storage.write_styles(path, [OIL, Style("Slow", "x", settings={"num_inference_steps": 50})])
    assert storage.import_styles(path) == [OIL, Style("Slow", "x", settings={"num_inference_steps": 50})]
    rows = [{"name": 3}, {"name": "a", "text": "b", "settings": {"seed": 1, "guidance_scale": True}}, None]
    path.write_text(json.dumps({"styles": rows}), encoding="utf-8")
    assert storage.import_styles(path) == [Style("a", "b")]
    for bad in ("", "[]", "{", '{"styles": []}', "[" * 100_000):
        path.write_text(bad, encoding="utf-8")
        with pytest.raises(BrokenStyles):
            storage.import_styles(path)
    assert storage.read_styles(path) == ([], [])
    assert list(tmp_path.glob("styles.json.damaged-*")), "it is set aside, not lost"


# ---------------------------------------------------------------------- what is sent


def request(prompt, count=1, **values):
    return GenerationRequest(prompt, num_images_per_prompt=count, prior_seed=5, seed=9, **values)


def test_each_picture_has_words_of_its_own_and_keeps_them():
    made = completed(request("a {red|blue} circle", 12), [], {}, every=False, has_prior=True)
    pictures = list(made.pictures())
    assert {one.prompt for one in pictures} == {"a red circle", "a blue circle"}
    assert all(one.wordings == () and one.prompt_template == "a {red|blue} circle" for one in pictures)
    again = completed(request("a {red|blue} circle", 12), [], {}, every=False, has_prior=True)
    assert list(again.pictures()) == pictures
    # The words follow from the seed of the idea: one picture alone has those that it had among others.
    alone = dataclasses.replace(request("a {red|blue} circle"), prior_seed=pictures[7].prior_seed)
    assert completed(alone, [], {}, every=False, has_prior=True).prompt == pictures[7].prompt


def test_a_request_with_wordings_survives_a_file():
    made = completed(request("a {red|blue} circle", 12, negative_prompt="{x|y}"), [OIL], {}, False, True)
    back = GenerationRequest.from_json(json.loads(json.dumps(made.to_json())))
    assert back == made
    for bad in ("x", [["a"]], [["a", 1]], [["a", "b"]] * 65):
        with pytest.raises(ValueError, match="wordings"):
            GenerationRequest.from_json({**made.to_json(), "wordings": bad})


def test_all_combinations():
    made = completed(request("{red|blue} {circle|star}"), [], {}, every=True, has_prior=True)
    prompts = [one.prompt for one in made.pictures()]
    assert prompts == ["red circle", "red star", "blue circle", "blue star"]
    many = completed(request("{a|b}" * 12), [], {}, every=True, has_prior=True)
    assert many.num_images_per_prompt == len(set(many.pictures())) == 64


def test_plain_words_are_sent_as_they_are():
    plain = request("a cat,  at night")
    assert completed(plain, [], {}, every=True, has_prior=True) == plain
    assert prospect(Texts("a cat ", ""), [], {}, 0).tidy


def test_layers_stay_for_the_mix():
    made = completed(request("{red|blue} <layer:Sky>", 6), [], {}, every=False, has_prior=True)
    assert made.prompt.endswith(" <layer:Sky>")
    assert {prompt for prompt, _ in made.wordings} == {"red", "blue"}
    with pytest.raises(LayersDiffer):
        completed(request("<layer:{Sky|Sea}>", 8), [], {}, every=False, has_prior=True)


def test_what_is_missing_is_refused_with_its_name():
    with pytest.raises(UnknownWildcard, match="animal"):
        completed(request("a __animal__"), [], {}, every=False, has_prior=True)
    with pytest.raises(WildcardsInACircle):
        completed(request("__a__"), [], {"a": ["__a__"]}, every=False, has_prior=True)
    assert prospect(Texts("a __animal__", ""), [], {}, 0).missing == ("animal",)
    assert prospect(Texts("__a__", ""), [], {"a": ["__a__"]}, 0).circle == "a"


# ---------------------------------------------------------------------- wildcards


def test_wildcards_are_lines_of_files(tmp_path):
    (tmp_path / "art").mkdir()
    (tmp_path / "art" / "Old Masters.txt").write_text("# who\nRubens\n\n  Goya \n", encoding="utf-8-sig")
    (tmp_path / "notes.md").write_text("x", encoding="utf-8")
    assert read_wildcards(tmp_path) == ({"art/old masters": ("Rubens", "Goya")}, [])
    assert read_wildcards(tmp_path / "nowhere") == ({}, [])


def test_hostile_wildcards_are_bounded(tmp_path):
    (tmp_path / "long.txt").write_text("x" * 3000 + "\n" + "y\n" * 9000, encoding="utf-8")
    (tmp_path / "huge.txt").write_bytes(b"line\n" * 400_000)
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)))
    (tmp_path / "zero.txt").write_bytes(b"a\0b")
    deep = tmp_path
    for _ in range(20):
        deep = deep / "d"
        deep.mkdir()
        (deep / "w.txt").write_text("a", encoding="utf-8")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.txt")
        (tmp_path / "link.txt").symlink_to("/dev/zero")
        (tmp_path / "round").symlink_to(tmp_path)
    found, refused = read_wildcards(tmp_path)
    assert set(refused) >= {"binary", "zero"}
    assert not {"pipe", "link", "binary", "zero"} & found.keys()
    assert len(found["long"]) == MOST_LINES
    assert len(found["long"][0]) == LONGEST_LINE
    assert set(found["huge"]) == {"line"}
    assert not any(name.startswith("round") for name in found)
    assert max(name.count("/") for name in found) <= 8


# ---------------------------------------------------------------------- history


def test_the_history_is_kept_without_doubles(qapp, lane, tmp_path):
    path = tmp_path / "prompts.json"
    history = PromptHistory(path, lane, Messages())
    for prompt in ("one", "two", "one"):
        history.add(GenerationRequest(prompt, negative_prompt="grey"))
    history.add(GenerationRequest("a red cat", prompt_template="a {red|blue} cat"))
    assert history.texts("prompt") == ("a {red|blue} cat", "one", "two")
    assert history.texts("negative_prompt") == ("grey",)
    lane.flush()
    again = PromptHistory(path, lane, Messages())
    again.open()
    again.add(GenerationRequest("made before it was read"))
    lane.flush()
    lane.flush()
    assert again.texts("prompt") == ("made before it was read", "a {red|blue} cat", "one", "two")
    assert storage.read_prompts(path)["prompt"] == list(again.texts("prompt"))
    again.forget("prompt", "one")
    for number in range(storage.MOST_PROMPTS + 20):
        again.add(GenerationRequest(f"number {number}"))
    lane.flush()
    assert len(storage.read_prompts(path)["prompt"]) == storage.MOST_PROMPTS


@pytest.mark.parametrize("content", ["", "{", "[]", '{"prompt": 3}', '{"prompt": [1, "", null]}', "\udcff"])
def test_a_damaged_history_is_no_history(tmp_path, content):
    path = tmp_path / "prompts.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert storage.read_prompts(path) == {"prompt": [], "negative_prompt": []}


def test_a_walk_through_the_history_leads_back(qapp, lane):
    history = PromptHistory(None, lane, Messages())
    for prompt in ("one", "two", "three"):
        history.add(GenerationRequest(prompt))
    stroll = Stroll(history, "prompt")
    assert stroll.step("being typed", older=False) is None
    seen = ["being typed"]
    for older in (True, True, True, True, False, False, False, False):
        text = stroll.step(seen[-1], older)
        if text is not None:
            seen.append(text)
    assert seen == ["being typed", "three", "two", "one", "two", "three", "being typed"]
    assert stroll.step("two", older=True) == "three"  # what is in the field is not offered again


# ---------------------------------------------------------------------- handbook and languages


def test_the_handbook_is_whole():
    content = json.loads((paths.resources() / "handbook" / "handbook.json").read_text(encoding="utf-8"))
    entries = storage.entries_in(content)
    assert len(entries) == len(content["entries"]) >= 120
    assert {entry.group for entry in entries} <= GROUPS.keys()
    for entry in entries:
        assert entry.words.keys() == entry.about.keys() == {"en", "ru"}
        assert all(text.endswith(".") and len(text) <= 120 for text in entry.about.values())
        assert parse(entry.words["en"]).plain
        assert languages.script_of(entry.words["ru"]) == languages.script_of(entry.about["ru"]) == "CYRILLIC"
    for language in ("en", "ru"):
        assert len({entry.words[language] for entry in entries}) == len(entries)


def test_the_shipped_styles_are_whole():
    content = json.loads((paths.resources() / "handbook" / "styles.json").read_text(encoding="utf-8"))
    for language in ("en", "ru"):
        assert len(storage.styles_in(content, language)) == len(content["styles"])


def test_the_handbook_speaks_the_language_of_the_model(qapp, lane):
    handbook = Handbook(None, lane, Messages())
    english = handbook.modifiers("ru", ("en",), builtin=False)
    assert all(row.words.isascii() and not row.title.isascii() for row in english)
    both = handbook.modifiers("ru", ("en", "ru"), builtin=False)
    assert all(not row.words.isascii() for row in both)
    found = [row for row in english if row.matches("golden час")]
    assert [row.words for row in found] == ["golden hour"]


def test_own_entries_are_kept_changed_and_deleted(qapp, lane, tmp_path):
    path = tmp_path / "handbook.json"
    handbook = Handbook(path, lane, Messages())
    handbook.save(Entry("own", {"en": "by my hand"}, {"en": "As I do it."}))
    [kept] = handbook.own
    handbook.save(Entry("light", {"en": "by my lamp"}, {}), kept)
    lane.flush()
    again = Handbook(path, lane, Messages())
    again.open()
    lane.flush()
    assert [entry.words["en"] for entry in again.own] == ["by my lamp"]
    assert "by my lamp" in [row.words for row in again.modifiers("en", ("en",), builtin=False)]
    again.delete(again.own[0])
    lane.flush()
    assert storage.read_entries(path) == []


def test_every_click_means_something_to_the_built_in_model(qapp, lane):
    handbook = Handbook(None, lane, Messages())
    words = {row.words for row in handbook.modifiers("en", ("en", "ru"), builtin=True)}
    assert {"red", "circle", "small", "on the left", "to the left of"} <= words
    assert "oil painting" not in words
    assert "красный" in {row.words for row in handbook.modifiers("ru", ("en", "ru"), builtin=True)}


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("a cat", "LATIN"),
        ("кот и cat", "CYRILLIC"),
        ("猫", "CJK"),
        ("赤い猫", "HIRAGANA"),
        ("고양이", "HANGUL"),
        ("قطة", "ARABIC"),
        ("12 !", ""),
    ],
)
def test_what_a_prompt_is_written_in(text, script):
    assert languages.script_of(text) == script


def test_what_a_model_reads():
    assert not languages.reads(("en",), "CYRILLIC")
    assert languages.reads(("en", "ru"), "CYRILLIC")
    assert languages.reads((), "CYRILLIC")
    for spec in MODELS:
        assert all(code in languages.NAMES for code in spec.languages)
        assert languages.reads(spec.languages, "LATIN")


def test_settings_are_free_of_choices(qapp):
    """What is typed stays as it is; only the request that is sent has the chosen words."""
    settings = GenerationSettings()
    settings.set(prompt="a {red|blue} cat")
    assert settings.request().prompt == "a {red|blue} cat"
