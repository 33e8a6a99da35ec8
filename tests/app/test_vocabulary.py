"""The words of the built-in model, and files that are none."""

from __future__ import annotations

import json

import pytest

from kandinsky_studio.app import vocabulary
from kandinsky_studio.app.vocabulary import KINDS, LANGUAGE_NAMES, read_vocabulary


@pytest.fixture
def file(tmp_path, monkeypatch):
    file = tmp_path / "vocabulary.json"
    monkeypatch.setattr(vocabulary, "vocabulary_file", lambda: file)
    return file


def test_the_shipped_words_are_there_in_languages_that_have_a_name():
    words = read_vocabulary()
    assert {"en", "ru"} <= set(words) <= set(LANGUAGE_NAMES)
    for kinds in words.values():
        assert set(kinds) == set(KINDS)
    assert "red" in words["en"]["colours"]
    assert "круг" in words["ru"]["shapes"]


def test_kinds_come_in_reading_order_whatever_the_order_of_the_file(file):
    file.write_text(json.dumps({"de": {"shapes": ["Kreis"], "colours": ["rot"]}}), encoding="utf-8")
    assert list(read_vocabulary()["de"].items()) == [("colours", ("rot",)), ("shapes", ("Kreis",))]


def test_a_missing_file_means_no_words(file):
    assert read_vocabulary() == {}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"en": ["red"]}', b'{"en": {}}'])
def test_a_broken_file_means_no_words(file, content):
    file.write_bytes(content)
    assert read_vocabulary() == {}


def test_what_makes_no_sense_is_left_out_and_the_rest_is_read(file):
    kinds = {"colours": ["red", 7, "", None], "shapes": "circle", "moods": ["sad"], "sizes": []}
    file.write_text(json.dumps({"en": kinds, "ru": None}), encoding="utf-8")
    assert read_vocabulary() == {"en": {"colours": ("red",)}}
