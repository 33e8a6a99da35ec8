"""Alternatives and wildcards in a prompt."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kandinsky_studio.app.wording.templates import (
    MANY,
    TooManyTurns,
    choose,
    count,
    every,
    literal,
    missing,
    parse,
)

LINES = {"colour": ["red", "{dark |}blue", "__metal__"], "metal": ["gold", "silver"], "loop": ["a __loop__"]}


def test_each_seed_has_its_text_and_keeps_it():
    template = parse("a {red|green|blue} circle")
    texts = [choose(template, {}, seed) for seed in range(60)]
    assert texts == [choose(template, {}, seed) for seed in range(60)]
    assert set(texts) == {"a red circle", "a green circle", "a blue circle"}


def test_all_combinations_in_their_order():
    assert every(parse("{a|b} {1|2}"), {}, 64) == ["a 1", "a 2", "b 1", "b 2"]
    assert every(parse("{a|b} {1|2}"), {}, 3) == ["a 1", "a 2", "b 1"]


def test_alternatives_in_alternatives():
    assert every(parse("{a {x|y}|b}!"), {}, 64) == ["a x!", "a y!", "b!"]


def test_weights():
    template = parse("{9::a|b|0::c}")
    found = Counter(choose(template, {}, seed) for seed in range(2000))
    assert found["c"] == 0
    assert 0.86 < found["a"] / 2000 < 0.94
    assert every(template, {}, 64) == ["a", "b"]
    assert count(template, {}) == 2


def test_wildcards_with_choices_in_their_lines():
    template = parse("a __Colour__ vase")
    texts = ["a red vase", "a dark blue vase", "a blue vase", "a gold vase", "a silver vase"]
    assert every(template, LINES, 64) == texts
    assert count(template, LINES) == 5
    assert {choose(template, LINES, seed) for seed in range(200)} == set(texts)


def test_a_wildcard_in_a_folder():
    assert every(parse("__art/old masters__"), {"art/old masters": ["oil"]}, 9) == ["oil"]


def test_missing_wildcards_are_named_once():
    template = parse("__nothing__ __colour__ {__nothing__|__empty__}")
    assert missing(template, {**LINES, "empty": []}) == ["nothing", "empty"]
    assert missing(parse("__a__"), {"a": ["__b__"]}) == ["b"]


def test_a_circle_of_wildcards_ends():
    template = parse("__loop__")
    for lead in (lambda: choose(template, LINES, 0), lambda: count(template, LINES), lambda: every(template, LINES, 3)):
        with pytest.raises(TooManyTurns):
            lead()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r"\{a|b\}", "{a|b}"),
        (r"\__name__", "__name__"),
        (r"a \\ b", r"a \ b"),
        (r"C:\new", r"C:\new"),
        ("a | b", "a | b"),
        ("a } b", "a } b"),
        ("a { b", "a { b"),
        ("snake_case", "snake_case"),
        ("____", "____"),
        ("{a", "{a"),
    ],
)
def test_what_is_no_choice_stays(text, read):
    assert every(parse(text), {}, 9) == [read]
    assert choose(parse(text), {}, 1) == read


def test_what_an_empty_choice_leaves_is_tidied():
    assert choose(parse("a cat, {}, at night"), {}, 0) == "a cat, at night"
    assert every(parse("{very |}big cat"), {}, 9) == ["very big cat", "big cat"]
    assert choose(parse("a  cat,, "), {}, 0) == "a  cat,, "  # typed so


def test_too_many_are_not_counted():
    assert count(parse("{a|b}" * 60), {}) == MANY
    assert len(every(parse("{a|b}" * 60), {}, 64)) == 64
    assert every(parse("{a|a|a}" * 40), {}, 64) == ["a" * 40]


def test_alternatives_may_name_layers():
    assert every(parse("{<layer:Sky>|<layer:Sea>} at night"), {}, 9) == ["<layer:Sky> at night", "<layer:Sea> at night"]


# ---------------------------------------------------------------------- any text at all

ODD = st.text(st.sampled_from(list("{}|\\_:2.a, é\n")), max_size=80)


@settings(max_examples=400, deadline=None)
@given(ODD, st.integers(0, 2**32 - 1))
def test_no_text_is_too_odd(text, seed):
    template = parse(text)
    lines = {"a": ["x", text[:20]]}
    try:
        chosen, texts, number = choose(template, lines, seed), every(template, lines, 8), count(template, lines)
    except TooManyTurns:
        assert "__a__" in text
        return
    assert len(texts) <= 8
    assert len(texts) <= number <= MANY
    if number <= 8:
        assert chosen in texts


@settings(max_examples=300, deadline=None)
@given(st.one_of(ODD, st.text(max_size=60)))
def test_a_literal_text_comes_out_as_it_was(text):
    template = parse(literal(text))
    assert template.plain
    assert choose(template, {}, 0) == text


@settings(max_examples=30, deadline=1000)
@given(st.sampled_from(["{", "}", "|", "{a|", "__", "\\", "{2::", "{a|b}", "__a__"]), st.integers(100, 4000))
def test_long_odd_texts_take_no_long(piece, times):
    template = parse(piece * times)
    assert len(choose(template, {"a": ["b" * 100]}, 3)) <= 4001
    assert len(every(template, {"a": ["b" * 100]}, 4)) <= 4
    assert count(template, {"a": ["b" * 100]}) >= 1


def test_the_deepest_nesting():
    text = "{" * 2000 + "a|b" + "}" * 2000
    assert len(every(parse(text), {}, 4)) <= 4
