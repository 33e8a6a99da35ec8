"""How a language speaks of shapes, and the frame of a sentence that German, French and Spanish share."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from kandinsky_studio.engine.training.scenes import Scene

Case = Literal["nominative", "accusative", "dative"]
Word = tuple[str, ...]  # a word's forms, the one in the dictionary first; a single form never changes
Words = dict[str, tuple[str, ...]]
Spellings = tuple[dict[int, str], ...]


@dataclass(frozen=True)
class Mention:
    """A shape as it is spoken of: indices of kind and colour, the words for size and place; None is not said."""

    kind: int | None
    colour: int | None
    size: str | None = None  # small, big
    place: str | None = None  # left, right, top, bottom, centre


class Language(Protocol):
    """How one language speaks of shapes."""

    code: str
    spellings: Spellings  # what people type for letters that their keyboard lacks: one table for each habit

    def one(self, mention: Mention, background: int | None, rng: np.random.Generator) -> str:
        """A text about one shape."""

    def two(
        self, first: Mention, second: Mention, relation: str | None, background: int | None, rng: np.random.Generator
    ) -> str:
        """A text about two shapes; ``relation`` is beside, above or None, and holds of ``first`` to ``second``."""

    def none(self, background: int, rng: np.random.Generator) -> str:
        """A text about an empty ground."""

    def plain(self, scene: Scene, with_ground: bool = True) -> str:
        """The plainest full text about a scene, without places; ``with_ground`` names its ground."""

    def words(self) -> Words:
        """The words known, as a dictionary lists them: colours, shapes, sizes, places, relations."""


def pick(rng: np.random.Generator, *choices: str) -> str:
    return choices[int(rng.integers(len(choices)))]


def usually(rng: np.random.Generator, words: Sequence[Word]) -> Word:
    """The first word, now and then one of the others."""
    if len(words) == 1 or rng.random() < 0.65:
        return words[0]
    return words[1 + int(rng.integers(len(words) - 1))]


def listed(words: Iterable[str]) -> tuple[str, ...]:
    """Each word once, in order."""
    return tuple(dict.fromkeys(words))


def joints(patterns: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The words that stand between the shapes in patterns such as ``{a} above {b}``."""
    parts = (re.split(r"\{\w+\}|,", pattern) for group in patterns.values() for pattern in group)
    return listed(part.strip() for each in parts for part in each if part.strip())


@dataclass(frozen=True)
class Frame:
    """How a sentence begins and what that asks of the rest."""

    opening: str = ""
    case: Case = "nominative"
    bare: bool = False  # nouns go without articles
    free: bool = True  # anything may come first, be it a place or the ground


class Framed(ABC):
    """German, French and Spanish: articles, genders, and openings that rule what follows them.

    In patterns ``{a}`` and ``{b}`` are the shapes as the sentence wants them, ``{to_a}`` and ``{to_b}`` as they stand
    after a preposition.
    """

    colours: tuple[tuple[Word, ...], ...]
    kinds: tuple[tuple[Word, ...], ...]  # a noun and its gender
    figures: tuple[Word, ...]  # a shape of any kind
    sizes: dict[str, tuple[Word, ...]]
    places: dict[str, tuple[str, ...]]
    relations: dict[str, tuple[str, ...]]
    sides: dict[str, tuple[str, ...]]  # the same with words for places
    requests: tuple[str, ...]  # accusative
    pictures: tuple[str, ...]  # dative
    only: str
    labels: tuple[str, ...]
    and_: str
    with_: str
    after_ground: str  # between the ground and what stands on it

    @abstractmethod
    def _phrase(self, mention: Mention, case: Case, bare: bool, rng: np.random.Generator) -> str:
        """A shape with its adjectives and, unless bare, its article."""

    @abstractmethod
    def _on(self, background: int, rng: np.random.Generator) -> str:
        """On a ground."""

    @abstractmethod
    def _ground(self, background: int, rng: np.random.Generator) -> str:
        """The ground by itself, without an article."""

    def _frame(self, rng: np.random.Generator) -> Frame:
        choice = rng.random()
        if choice < 0.14:
            return Frame(pick(rng, *self.requests), "accusative", free=False)
        if choice < 0.24:
            return Frame(pick(rng, *self.pictures), "dative", free=False)
        if choice < 0.28:
            return Frame(self.only, free=False)
        label = pick(rng, *self.labels) if choice < 0.34 else ""
        return Frame(label, bare=rng.random() < 0.25)

    def _noun(self, kind: int | None, rng: np.random.Generator) -> Word:
        return usually(rng, self.figures if kind is None else self.kinds[kind])

    def _placed(self, mention: Mention, frame: Frame, first: bool, rng: np.random.Generator) -> str:
        phrase = self._phrase(mention, frame.case, frame.bare, rng)
        return self._at(phrase, mention, first, rng)

    def _at(self, phrase: str, mention: Mention, first: bool, rng: np.random.Generator) -> str:
        if not mention.place:
            return phrase
        place = pick(rng, *self.places[mention.place])
        return f"{place} {phrase}" if first else f"{phrase} {place}"

    def _whole(self, text: str, frame: Frame, background: int | None, rng: np.random.Generator) -> str:
        if background is None:
            return frame.opening + text
        choice = rng.random() if frame.free else 0.0
        if choice < 0.65 or (frame.bare and choice >= 0.85):
            text = f"{text} {self._on(background, rng)}"
        elif choice < 0.75:
            text = f"{text}, {self._ground(background, rng)}"
        elif choice < 0.85:
            text = f"{self._ground(background, rng)}, {text}"
        else:
            text = f"{self._on(background, rng)}{self.after_ground}{text}"
        return frame.opening + text

    def _and(self, frame: Frame) -> str:
        return f" {self.and_} "

    def _together(self, first: Mention, second: Mention, frame: Frame, rng: np.random.Generator) -> str:
        places_first = frame.free and not frame.bare and rng.random() < 0.3
        text = self._placed(first, frame, places_first, rng)
        choice = rng.random() if frame.free else 0.0
        if choice > 0.8 and not places_first:
            after = self._phrase(second, "dative", False, rng)
            return f"{text} {self.with_} {self._at(after, second, False, rng)}"
        return text + (self._and(frame) if choice < 0.6 else ", ") + self._placed(second, frame, places_first, rng)

    def one(self, mention: Mention, background: int | None, rng: np.random.Generator) -> str:
        frame = self._frame(rng)
        places_first = frame.free and not frame.bare and rng.random() < 0.3
        return self._whole(self._placed(mention, frame, places_first, rng), frame, background, rng)

    def two(
        self, first: Mention, second: Mention, relation: str | None, background: int | None, rng: np.random.Generator
    ) -> str:
        frame = self._frame(rng)
        if relation is None:
            return self._whole(self._together(first, second, frame, rng), frame, background, rng)
        patterns = self.sides if frame.free and rng.random() < 0.3 else self.relations
        text = pick(rng, *patterns[relation]).format(
            a=self._phrase(first, frame.case, frame.bare, rng),
            b=self._phrase(second, frame.case, frame.bare, rng),
            to_a=self._phrase(first, "dative", False, rng),
            to_b=self._phrase(second, "dative", False, rng),
        )
        return self._whole(text, frame, background, rng)

    def words(self) -> Words:
        return {
            "colours": listed(word[0] for group in self.colours for word in group),
            "shapes": listed(word[0] for group in (*self.kinds, self.figures) for word in group),
            "sizes": listed(word[0] for group in self.sizes.values() for word in group),
            "places": listed(place for group in self.places.values() for place in group),
            "relations": joints(self.relations),
        }


class Romance(Framed):
    """French and Spanish: two genders, colours after the noun."""

    articles: tuple[str, str]  # masculine, feminine
    on: str  # on what ground, in the plainest words

    def _adjective(self, word: Word, gender: str) -> str:
        return word[0] if gender == "m" else word[-1]

    def _article(self, gender: str) -> str:
        return self.articles[0 if gender == "m" else 1]

    def plain(self, scene: Scene, with_ground: bool = True) -> str:
        nouns = []
        for shape in scene.shapes:
            noun, gender = self.kinds[shape.kind][0]
            colour = self._adjective(self.colours[shape.colour][0], gender)
            nouns.append(f"{self._article(gender)} {noun} {colour}")
        text = f" {self.and_} ".join(nouns)
        return f"{text} {self.on} {self.colours[scene.background][0][0]}" if with_ground else text
