"""Nothing is left in English for those who read Russian."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, QTranslator

from kandinsky_studio import errors, paths
from kandinsky_studio.app.messages import sentences
from kandinsky_studio.app.translation import LANGUAGES, Translation

FOLDER = paths.resources() / "i18n"
FOREIGN = [language for language in LANGUAGES if language != "en"]


def units(language):
    """``(context, source, translation, state)`` of every text."""
    for context in ElementTree.parse(FOLDER / f"kandinsky_studio_{language}.ts").iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            yield context.findtext("name"), message.findtext("source"), translation.text or "", translation.get("type")


def placeholders(text):
    return sorted(re.findall(r"\{\w+\}", text))


def error_classes(root=errors.StudioError):
    yield root
    for cls in root.__subclasses__():
        yield from error_classes(cls)


@pytest.mark.parametrize("language", FOREIGN)
def test_every_text_is_translated_with_its_placeholders(language):
    for context, source, translation, state in units(language):
        assert translation, f"{context}: {source}"
        assert state is None, f"{context}: {source} is {state}"
        assert placeholders(source) == placeholders(translation), f"{context}: {source}"
        assert ("&" in source) == ("&" in translation), f"{context}: {source} has or lacks a menu key"


@pytest.mark.parametrize("language", FOREIGN)
def test_every_sentence_of_every_error_is_there(language):
    known = {source for context, source, *_ in units(language) if context == "errors"}
    for cls in error_classes():
        assert {cls.message, cls.hint} <= known, cls.__name__


@pytest.mark.parametrize("language", FOREIGN)
def test_the_compiled_file_says_what_the_source_says(qapp, language):
    translator = QTranslator()
    assert translator.load(f"kandinsky_studio_{language}", str(FOLDER)), "compile it with pyside6-lrelease"
    for context, source, translation, _ in units(language):
        assert translator.translate(context, source) == translation, "compile it with pyside6-lrelease"


@pytest.mark.parametrize("language", FOREIGN)
def test_no_text_of_the_code_is_missing(language):
    """As pyside6-lupdate finds them: literals in tr(), translate() and QT_TRANSLATE_NOOP()."""
    known = {source for _, source, *_ in units(language)}
    call = re.compile(r'(?:\btr\(|QT_TRANSLATE_NOOP\(\s*"\w+",)\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')
    found = 0
    for file in Path(paths.__file__).parent.rglob("*.py"):
        for match in call.finditer(file.read_text(encoding="utf-8")):
            text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match.group(1)))
            assert text in known, f"{file.name}: run pyside6-lupdate for {text!r}"
            found += 1
    assert found > 150


def test_an_error_speaks_the_language_of_the_window(qapp):
    translation = Translation()
    error = errors.SizeOutOfRange(width=1, height=2, minimum=64, maximum=512)
    english = sentences(error)
    try:
        translation.use("ru")
        russian = sentences(error)
        assert russian != english
        assert "1 × 2" in russian[0]
        assert re.search("[а-я]", russian[1])
        assert QLocale().language() is QLocale.Language.Russian
    finally:
        translation.use("en")
    assert sentences(error) == english
    assert QCoreApplication.translate("Actions", "&Quit") == "&Quit"


def test_qt_speaks_the_language_of_the_window_wherever_it_lies(qapp, monkeypatch):
    """In a folder with a comma Qt believes its own files to be elsewhere."""
    monkeypatch.setattr("kandinsky_studio.app.translation.QLibraryInfo.path", lambda place: "/opt/circles")
    translation = Translation()
    translation.use("ru")
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "Отмена"
    translation.use("en")
    translation.remove()
