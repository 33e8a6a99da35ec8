"""Every error a user can meet has two sentences, in every language."""

import pickle
import re
import string
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from kandinsky_studio import errors
from kandinsky_studio.errors import StudioError

TRANSLATIONS = sorted((Path(__file__).parents[2] / "resources" / "i18n").glob("*.ts"))


def _all(cls: type[StudioError]) -> list[type[StudioError]]:
    return [cls, *(error for below in cls.__subclasses__() for error in _all(below))]


ERRORS = [error for error in _all(StudioError) if error.__module__.startswith(f"{errors.__name__}.")]
SPOKEN = [error for error in ERRORS if error not in (errors.InvalidRequest, errors.Refusal)]  # names for several


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def _documented(error: type[StudioError]) -> set[str]:
    text = error.__dict__.get("__doc__") or ""
    values = re.search(r"Values: (.+?)(?:\.|$)", text, re.DOTALL)
    return set(re.findall(r"``(\w+)``", values[1])) if values else set()


@pytest.mark.parametrize("error", SPOKEN, ids=lambda error: error.__name__)
def test_the_two_sentences(error):
    values = {name: f"<{name}>" for name in _documented(error)}
    raised = error(**values)
    for sentence in (str(raised), raised.remedy):
        assert re.fullmatch(r"[A-Z{<].+[.]", sentence, re.DOTALL)
        assert "{" not in sentence
    for value in values.values():
        assert value in str(raised) + raised.remedy, "a documented value is told"
    assert _fields(error.message) | _fields(error.hint) == _documented(error)
    if error is not StudioError:
        assert "message" in error.__dict__
        assert "hint" in error.__dict__


@pytest.mark.parametrize("error", SPOKEN, ids=lambda error: error.__name__)
def test_an_error_can_travel_between_processes(error):
    raised = error(**dict.fromkeys(_documented(error), "x"))
    back = pickle.loads(pickle.dumps(raised))
    assert type(back) is error
    assert (str(back), back.remedy, back.values) == (str(raised), raised.remedy, raised.values)


def test_the_tree_is_drawn_as_it_is():
    drawn = re.findall(r"^    [│ ]*[├└]── (\w+)$", errors.__doc__, re.MULTILINE)
    assert sorted(drawn) == sorted(error.__name__ for error in ERRORS if error is not StudioError)


@pytest.mark.parametrize("file", TRANSLATIONS, ids=lambda file: file.name)
def test_both_sentences_are_translated(file):
    translations = {}
    for context in ET.parse(file).getroot().iter("context"):
        if context.findtext("name") == "errors":
            for message in context.iter("message"):
                translations[message.findtext("source")] = message.find("translation")
    for error in SPOKEN:
        for template in (error.message, error.hint):
            assert template in translations, f"{error.__name__} is not in {file.name}"
            translated = translations[template]
            assert translated.text, template
            assert translated.get("type") is None, template
            assert _fields(translated.text) == _fields(template), template


def test_there_is_a_translation():
    assert TRANSLATIONS
