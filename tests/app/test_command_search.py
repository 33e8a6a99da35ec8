"""A few letters find a command, in either language and in either keyboard layout."""

from __future__ import annotations

import pytest

from kandinsky_studio.app.command_search import Text, on_latin_keys, ranked, score

TEXTS = [
    ("layer.duplicate", Text(("Дублировать слой", "Duplicate the layer"), ("copy clone копия Layer Слой",))),
    ("layer.new", Text(("Новый слой", "New layer"), ("add create добавить Layer Слой",))),
    ("layer.merge_down", Text(("Объединить с нижним", "Merge down"), ("layer combine слой Layer Слой",))),
    ("selection.none", Text(("Снять выделение", "Deselect"), ("none nothing Selection Выделение",))),
    ("tool.brush", Text(("Кисть", "Brush"), ("paint рисовать Tools Инструменты",))),
    ("tool.fill", Text(("Заливка", "Fill"), ("bucket ведро Tools Инструменты",))),
    ("help.about", Text(("О программе Kandinsky Studio", "About Kandinsky Studio"), ("Help Справка",))),
]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("brush", "tool.brush"),
        ("BRUSH", "tool.brush"),
        ("кисть", "tool.brush"),
        ("  new   layer ", "layer.new"),
        ("lay new", "layer.new"),
        ("dup", "layer.duplicate"),
        ("dtl", "layer.duplicate"),
        ("mdown", "layer.merge_down"),
        ("desel", "selection.none"),
        ("clone", "layer.duplicate"),
        ("ведро", "tool.fill"),
        ("ыуду", "selection.none"),
        ("rbcnm", "tool.brush"),
        ("икгыр", "tool.brush"),
        ("обьединить", None),
        ("abks", "help.about"),
    ],
)
def test_what_is_found_first(query, first):
    found = ranked(query, TEXTS)
    assert (found[0] if found else None) == first


def test_a_yo_may_be_written_without_its_dots():
    text = Text(("Чёрный цвет",))
    assert score("черн", text) == score("чёрн", text) > 0


@pytest.mark.parametrize("query", ["zzz", "layerx", "qqqqqqqqqqqqqqqq", "ooo", "rsl"])
def test_what_has_not_these_letters_is_not_found(query):
    assert ranked(query, TEXTS) == []


def test_letters_of_hidden_words_must_begin_them():
    assert score("lone", Text(("x",), ("clone",))) == 0
    assert score("clo", Text(("x",), ("clone",))) > 0


def test_the_better_the_fit_the_higher():
    texts = [Text((name,)) for name in ("Fill", "Fill the mask", "Refill", "Mask fill", "Frail idol")]
    whole, begins, inside, word, scattered = (score("fill", text) for text in texts)
    assert 2 >= whole > begins > word > inside > scattered


def test_without_letters_all_are_there_and_those_used_lately_come_first():
    assert ranked("", TEXTS, ["tool.fill", "layer.new"])[:3] == ["tool.fill", "layer.new", "layer.duplicate"]
    assert len(ranked(" ", TEXTS)) == len(TEXTS)


def test_of_two_that_fit_alike_the_one_used_lately_comes_first():
    assert ranked("layer", TEXTS)[0] == "layer.new"
    assert ranked("layer", TEXTS, ["layer.duplicate"])[0] == "layer.duplicate"
    assert ranked("brush", TEXTS, ["layer.duplicate"]) == ["tool.brush"]


@pytest.mark.parametrize(
    ("letter", "latin"),
    [
        ("и", ("b",)),
        ("И", ("b",)),
        ("х", ("[",)),
        ("Х", ("{",)),
        ("ю", (".",)),
        ("b", ()),
        ("1", ()),
        ("", ()),
        ("ё", ()),
    ],
)
def test_the_same_key_in_the_other_layout(letter, latin):
    assert on_latin_keys(letter) == latin
