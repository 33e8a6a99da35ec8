"""Finding a command by a few of its letters, in either language, even with the keyboard in the wrong layout."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,."
_RUSSIAN = "йцукенгшщзхъфывапролджэячсмитьбю"
_TO_RUSSIAN = str.maketrans(_LATIN, _RUSSIAN)
_TO_LATIN = str.maketrans(_RUSSIAN, _LATIN)
_BRACKETS = {"Х": "{", "Ъ": "}"}  # what Shift makes of [ and ]


def on_latin_keys(letter: str) -> tuple[str, ...]:
    """What the key that types ``letter`` in the Russian layout types in the Latin one; nothing for any other sign."""
    sign = letter.lower().translate(_TO_LATIN) if len(letter) == 1 else letter
    if sign == letter.lower():
        return ()
    return (_BRACKETS[letter],) if letter in _BRACKETS else (sign,)


@dataclass(frozen=True)
class Text:
    """What one may type to find one thing: its ``names`` first of all, and further ``words``."""

    names: tuple[str, ...]
    words: tuple[str, ...] = ()


def score(query: str, text: Text) -> float:
    """How well ``text`` answers ``query``: 0 for not at all, more is better, below 2.

    Letters must come in their order; those that begin words or follow one another count more, a name more than other
    words. Neither case nor ``ё`` matters.
    """
    asked = _folded(query)
    if not asked:
        return 1.0
    best = 0.0
    for attempt, worth in ((asked, 1.0), (asked.translate(_TO_RUSSIAN), 0.9), (asked.translate(_TO_LATIN), 0.9)):
        if attempt == asked and worth < 1.0:
            continue
        named = max((_fits(attempt, _folded(name)) for name in text.names), default=0.0)
        by_word = max((_begins(attempt, _folded(word)) for word in text.words), default=0.0)
        best = max(best, worth * named, worth * by_word)
    return best


def _folded(text: str) -> str:
    return re.sub(r"\s+", " ", text.casefold().replace("ё", "е")).strip()


def _begins(asked: str, words: str) -> float:
    """Whether every word of ``asked`` begins one of ``words``, which are not shown: nobody would see why."""
    known = words.split()
    return 0.5 if all(any(word.startswith(part) for word in known) for part in asked.split()) else 0.0


def _fits(asked: str, name: str) -> float:
    """How well ``asked`` fits ``name``, 0 to 2."""
    if name == asked:
        return 2.0
    if name.startswith(asked):
        return 1.8 + 0.1 * len(asked) / len(name)
    if f" {asked}" in f" {name}":
        return 1.6 + 0.1 * len(asked) / len(name)
    parts = asked.split()
    words = re.findall(r"\w+", name)
    if len(parts) > 1 and all(any(word.startswith(part) for word in words) for part in parts):
        return 1.4 + 0.1 * len(asked) / len(name)
    if asked in name:
        return 1.2
    return _scattered(asked.replace(" ", ""), name)


def _scattered(asked: str, name: str) -> float:
    """The letters of ``asked`` in their order somewhere in ``name``, from 0 to 1; most must begin words or stand
    together, else everything would be found."""
    starts = [place == 0 or not name[place - 1].isalnum() for place in range(len(name))]
    # good[i] is the most letters in a good place when the first letters of `asked` end at name[i].
    good: list[int | None] = [
        int(start) if letter == asked[:1] else None for letter, start in zip(name, starts, strict=True)
    ]
    for letter in asked[1:]:
        best: int | None = None
        following: list[int | None] = []
        for place, other in enumerate(name):
            here: int | None = None
            if other == letter:
                if best is not None:
                    here = best + starts[place]
                beside = good[place - 1] if place else None
                if beside is not None:
                    here = max(here or 0, beside + 1)
            following.append(here)
            if good[place] is not None:
                best = max(best or 0, good[place] or 0)
        good = following
    found = max((count for count in good if count is not None), default=0)
    share = found / len(asked)
    return share if share >= 0.75 else 0.0


def ranked(query: str, texts: Iterable[tuple[str, Text]], recent: Iterable[str] = ()) -> list[str]:
    """The names in ``texts`` that answer ``query``, the best first; those used lately come before their equals."""
    order = {id: number for number, id in enumerate(recent)}
    found = [(score(query, text), id) for id, text in texts]
    late = len(order)
    kept = [(points, id) for points, id in found if points > 0]
    kept.sort(key=lambda pair: (-int(pair[0] * 10), order.get(pair[1], late), -pair[0]))
    return [id for _, id in kept]
