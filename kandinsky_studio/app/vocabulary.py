"""The words the built-in model was taught, for people who wonder what to ask it for.

``vocabulary.json`` lies beside the model and is made with it, so that the window promises what the model has learnt and
nothing else.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from kandinsky_studio import paths

log = logging.getLogger(__name__)

KINDS = ("colours", "shapes", "sizes", "places", "relations")
"""The kinds of words, in the order in which one reads them."""

LANGUAGE_NAMES = {"en": "English", "ru": "Русский", "de": "Deutsch", "fr": "Français", "es": "Español"}
"""What each language that a model may read calls itself."""

Words = dict[str, tuple[str, ...]]
"""The words of one language by their kind, one of ``KINDS``."""


def vocabulary_file() -> Path:
    """The file that :func:`read_vocabulary` reads."""
    return paths.builtin_model() / "vocabulary.json"


def read_vocabulary() -> dict[str, Words]:
    """The words by the code of their language, in the order of the file; kinds without words are left out.

    Never raises: the words are something to read, not something to work with. What is missing or makes no sense is
    left out, all of it if need be.
    """
    file = vocabulary_file()
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        log.warning("the words of the built-in model can't be read")
        return {}
    if not isinstance(content, dict):
        return {}
    words = {language: _words(kinds) for language, kinds in content.items() if isinstance(kinds, dict)}
    return {language: kinds for language, kinds in words.items() if kinds}


def _words(kinds: dict[str, object]) -> Words:
    found: Words = {}
    for kind in KINDS:
        entries = kinds.get(kind)
        words = tuple(word for word in entries if isinstance(word, str) and word) if isinstance(entries, list) else ()
        if words:
            found[kind] = words
    return found
