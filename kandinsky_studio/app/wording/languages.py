"""Which languages a model reads, and whether a prompt is written in one of them, as far as its letters tell."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication

from kandinsky_studio.errors import QT_TRANSLATE_NOOP

NAMES = {
    "en": QT_TRANSLATE_NOOP("languages", "English"),
    "ru": QT_TRANSLATE_NOOP("languages", "Russian"),
    "de": QT_TRANSLATE_NOOP("languages", "German"),
    "fr": QT_TRANSLATE_NOOP("languages", "French"),
    "es": QT_TRANSLATE_NOOP("languages", "Spanish"),
    "it": QT_TRANSLATE_NOOP("languages", "Italian"),
    "pt": QT_TRANSLATE_NOOP("languages", "Portuguese"),
    "pl": QT_TRANSLATE_NOOP("languages", "Polish"),
    "uk": QT_TRANSLATE_NOOP("languages", "Ukrainian"),
    "tr": QT_TRANSLATE_NOOP("languages", "Turkish"),
    "zh": QT_TRANSLATE_NOOP("languages", "Chinese"),
    "ja": QT_TRANSLATE_NOOP("languages", "Japanese"),
    "ko": QT_TRANSLATE_NOOP("languages", "Korean"),
    "ar": QT_TRANSLATE_NOOP("languages", "Arabic"),
}
"""What the languages of prompts are called; source texts in the context ``languages``."""

SCRIPTS = {
    "CYRILLIC": QT_TRANSLATE_NOOP("languages", "Cyrillic"),
    "CJK": QT_TRANSLATE_NOOP("languages", "Chinese characters"),
    "HIRAGANA": QT_TRANSLATE_NOOP("languages", "Japanese"),
    "HANGUL": QT_TRANSLATE_NOOP("languages", "Korean"),
    "ARABIC": QT_TRANSLATE_NOOP("languages", "Arabic"),
    "GREEK": QT_TRANSLATE_NOOP("languages", "Greek"),
    "HEBREW": QT_TRANSLATE_NOOP("languages", "Hebrew"),
    "DEVANAGARI": QT_TRANSLATE_NOOP("languages", "Devanagari"),
    "LATIN": QT_TRANSLATE_NOOP("languages", "Latin letters"),
}
"""What the ways of writing are called; keys as in the names of Unicode's characters."""

_SAME = {"KATAKANA": "HIRAGANA", "KATAKANA-HIRAGANA": "HIRAGANA", "HALFWIDTH": "HIRAGANA", "FULLWIDTH": "LATIN"}
_WRITTEN_IN = {
    "ru": {"CYRILLIC"},
    "uk": {"CYRILLIC"},
    "zh": {"CJK"},
    "ja": {"CJK", "HIRAGANA"},
    "ko": {"HANGUL", "CJK"},
    "ar": {"ARABIC"},
}
_FEW = 4  # languages that are named one by one


def script_of(text: str) -> str:
    """What most letters of ``text`` are, a key of ``SCRIPTS``; empty for one that has none, or of another kind."""
    found: Counter[str] = Counter()
    for character in text[:1000]:
        if character.isalpha():
            kind = unicodedata.name(character, "").split(" ")[0]
            found[_SAME.get(kind, kind)] += 1
    if not found:
        return ""
    kind = found.most_common(1)[0][0]
    if kind == "CJK" and found["HIRAGANA"]:
        kind = "HIRAGANA"
    return kind if kind in SCRIPTS else ""


def reads(languages: Iterable[str], script: str) -> bool:
    """Whether one of ``languages`` is written in ``script``. Nothing is said against what is not known."""
    if not script:
        return True
    known = [_WRITTEN_IN.get(code, {"LATIN"}) for code in languages]
    return not known or any(script in scripts for scripts in known)


def name_of(code: str) -> str:
    """What a language is called in the language of the window."""
    return QCoreApplication.translate("languages", NAMES[code]) if code in NAMES else code


def script_name(script: str) -> str:
    """What a way of writing is called in the language of the window."""
    return QCoreApplication.translate("languages", SCRIPTS[script])


def listed(languages: Iterable[str]) -> tuple[str, int]:
    """The first languages by name, and how many more there are."""
    names = [name_of(code) for code in languages]
    shown = names if len(names) <= _FEW + 1 else names[:_FEW]
    return ", ".join(shown), len(names) - len(shown)
