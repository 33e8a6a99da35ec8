"""What people might say about a scene, in English and Russian, and what exactly they have said with it.

A caption states a part of what is true about its scene; :class:`Caption` carries that part along, so the text tower
learns to leave open what was left open. To add a language: a class with the methods of :class:`English`, one line
in ``LANGUAGES``.

Two shapes without words for their places stand in reading order, the way people mention them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kandinsky_studio.engine.training.code import Statement, attributes
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, Floats, Scene, Shape

LEFT, RIGHT = 0.4, 0.6  # beyond these a place has a name
SMALL, BIG = 0.19, 0.26  # radii
_NEAR, _MIDDLE, _FAR = 0.28, 0.5, 0.72  # what a place word means on average
_SMALL_RADIUS, _BIG_RADIUS = 0.165, 0.29


@dataclass(frozen=True)
class Mention:
    """A shape as it is spoken of: indices of kind and colour, the words for size and place; None is not said."""

    kind: int | None
    colour: int | None
    size: str | None = None  # small, big
    place: str | None = None  # left, right, top, bottom, centre


@dataclass(frozen=True)
class Caption:
    """A text and what it states."""

    text: str
    background: int | None
    statements: tuple[Statement, ...]

    def attributes(self) -> Floats:
        """The stated attributes, the rest zero: float32, (ATTRIBUTES,)."""
        return attributes(self.background, self.statements)


class Language(Protocol):
    """How one language speaks of shapes."""

    code: str

    def one(self, mention: Mention, background: int | None, rng: np.random.Generator) -> str:
        """A text about one shape."""

    def two(
        self, first: Mention, second: Mention, relation: str | None, background: int | None, rng: np.random.Generator
    ) -> str:
        """A text about two shapes; ``relation`` is beside, above or None, and holds of ``first`` to ``second``."""

    def none(self, background: int, rng: np.random.Generator) -> str:
        """A text about an empty ground."""

    def plain(self, scene: Scene) -> str:
        """The plainest full text about a scene, without places."""


def _pick(rng: np.random.Generator, *choices: str) -> str:
    return choices[int(rng.integers(len(choices)))]


class English:
    code = "en"
    colours = (("red",), ("orange",), ("yellow",), ("green",), ("blue",), ("purple", "violet"), ("black",), ("white",))
    kinds = (("circle", "disc"), ("square",), ("triangle",), ("star",), ("ring",))
    sizes = {"small": ("small", "little", "tiny"), "big": ("big", "large")}  # noqa: RUF012 - a table, never changed
    places = {  # noqa: RUF012
        "left": ("on the left", "at the left"),
        "right": ("on the right", "at the right"),
        "top": ("at the top", "above"),
        "bottom": ("at the bottom", "below"),
        "centre": ("in the centre", "in the middle", "in the center"),
    }

    def _phrase(self, mention: Mention, rng: np.random.Generator) -> str:
        words = []
        if mention.size:
            words.append(_pick(rng, *self.sizes[mention.size]))
        if mention.colour is not None:
            words.append(_pick(rng, *self.colours[mention.colour]))
        words.append("shape" if mention.kind is None else _pick(rng, *self.kinds[mention.kind]))
        text = " ".join(words)
        article = "an" if text[0] in "aeiou" else "a"
        return text if rng.random() < 0.2 else f"{article} {text}"

    def _placed(self, mention: Mention, rng: np.random.Generator) -> str:
        phrase = self._phrase(mention, rng)
        return f"{phrase} {_pick(rng, *self.places[mention.place])}" if mention.place else phrase

    def _ground(self, text: str, background: int | None, rng: np.random.Generator) -> str:
        if background is None:
            return text
        colour = _pick(rng, *self.colours[background])
        article = "an" if colour[0] in "aeiou" else "a"
        word = _pick(rng, "background", "background", "background", "ground", "backdrop")
        choice = rng.random()
        if choice < 0.65:
            return f"{text} on {article} {colour} {word}"
        if choice < 0.8:
            return f"{text}, {colour} {word}"
        return f"{colour} {word}, {text}" if choice < 0.9 else f"on {article} {colour} {word} {text}"

    def _opened(self, text: str, rng: np.random.Generator) -> str:
        if rng.random() < 0.7:
            return text
        return (
            _pick(rng, "a picture of ", "a drawing of ", "draw ", "please draw ", "an abstract composition: ", "just ")
            + text
        )

    def one(self, mention: Mention, background: int | None, rng: np.random.Generator) -> str:
        return self._opened(self._ground(self._placed(mention, rng), background, rng), rng)

    def two(
        self, first: Mention, second: Mention, relation: str | None, background: int | None, rng: np.random.Generator
    ) -> str:
        if relation is None:
            text = self._placed(first, rng) + _pick(rng, " and ", " and ", ", ", " with ") + self._placed(second, rng)
        else:
            a, b = self._phrase(first, rng), self._phrase(second, rng)
            if relation == "beside":
                text = _pick(rng, f"{a} to the left of {b}", f"{b} to the right of {a}", f"{a} left of {b}")
            else:
                text = _pick(rng, f"{a} above {b}", f"{b} below {a}", f"{b} under {a}", f"{a} over {b}")
        return self._opened(self._ground(text, background, rng), rng)

    def none(self, background: int, rng: np.random.Generator) -> str:
        colour = _pick(rng, *self.colours[background])
        return _pick(
            rng, f"{colour} background", f"plain {colour}", f"an empty {colour} ground", f"nothing but {colour}"
        )

    def plain(self, scene: Scene) -> str:
        nouns = [_article(f"{COLOUR_NAMES[shape.colour]} {self.kinds[shape.kind][0]}") for shape in scene.shapes]
        return f"{' and '.join(nouns)} on {_article(COLOUR_NAMES[scene.background])} background"


class Russian:
    code = "ru"
    #          stem, soft ending
    colours = (
        ("красн", False),
        ("оранжев", False),
        ("жёлт", False),
        ("зелён", False),
        ("син", True),
        ("фиолетов", False),
        ("чёрн", False),
        ("бел", False),
    )
    #        nominative, accusative, instrumental, gender
    kinds = (
        (("круг", "круг", "кругом", "m"), ("кружок", "кружок", "кружком", "m")),
        (("квадрат", "квадрат", "квадратом", "m"),),
        (("треугольник", "треугольник", "треугольником", "m"),),
        (("звезда", "звезду", "звездой", "f"), ("звёздочка", "звёздочку", "звёздочкой", "f")),
        (("кольцо", "кольцо", "кольцом", "n"), ("колечко", "колечко", "колечком", "n")),
    )
    figure = ("фигура", "фигуру", "фигурой", "f")
    _hard = {  # noqa: RUF012 - case and gender to ending
        ("nominative", "m"): "ый",
        ("nominative", "f"): "ая",
        ("nominative", "n"): "ое",
        ("accusative", "m"): "ый",
        ("accusative", "f"): "ую",
        ("accusative", "n"): "ое",
        ("instrumental", "m"): "ым",
        ("instrumental", "f"): "ой",
        ("instrumental", "n"): "ым",
    }
    _to_soft = {"ый": "ий", "ая": "яя", "ое": "ее", "ую": "юю", "ым": "им", "ой": "ей"}  # noqa: RUF012
    _sizes = {  # noqa: RUF012 - stem and the ending of the masculine nominative
        "small": ("маленьк", "ий"),
        "big": ("больш", "ой"),
    }
    places = {  # noqa: RUF012
        "left": ("слева", "с левой стороны"),
        "right": ("справа", "с правой стороны"),
        "top": ("сверху", "вверху"),
        "bottom": ("снизу", "внизу"),
        "centre": ("в центре", "посередине"),
    }

    def _colour(self, index: int, case: str, gender: str) -> str:
        stem, soft = self.colours[index]
        ending = self._hard[case, gender]
        return stem + (self._to_soft[ending] if soft else ending)

    def _size(self, size: str, case: str, gender: str) -> str:
        stem, masculine = self._sizes[size]
        ending = self._hard[case, gender]
        if ending == "ый":
            ending = masculine
        elif ending == "ым":
            ending = "им"
        return stem + ending

    def _phrase(self, mention: Mention, case: str, rng: np.random.Generator) -> str:
        if mention.kind is None:
            noun = self.figure
        else:
            nouns = self.kinds[mention.kind]
            noun = nouns[0] if rng.random() < 0.85 else nouns[-1]
        gender = noun[3]
        words = []
        if mention.size:
            words.append(self._size(mention.size, case, gender))
        if mention.colour is not None:
            words.append(self._colour(mention.colour, case, gender))
        words.append(noun[("nominative", "accusative", "instrumental").index(case)])
        return " ".join(words)

    def _placed(self, mention: Mention, case: str, rng: np.random.Generator) -> str:
        phrase = self._phrase(mention, case, rng)
        if not mention.place:
            return phrase
        place = _pick(rng, *self.places[mention.place])
        return f"{phrase} {place}" if rng.random() < 0.7 else f"{place} {phrase}"

    def _ground(self, text: str, background: int | None, rng: np.random.Generator) -> str:
        if background is None:
            return text
        stem, soft = self.colours[background]
        on = f"на {stem}{'ем' if soft else 'ом'} фоне"
        plain = f"{self._colour(background, 'nominative', 'm')} фон"
        choice = rng.random()
        if choice < 0.65:
            return f"{text} {on}"
        if choice < 0.8:
            return f"{on} {text}"
        return f"{text}, {plain}" if choice < 0.9 else f"{plain}, {text}"

    def _opened(self, text: str, rng: np.random.Generator) -> str:
        return text if rng.random() < 0.75 else _pick(rng, "картинка: ", "рисунок: ", "абстрактная композиция: ") + text

    def one(self, mention: Mention, background: int | None, rng: np.random.Generator) -> str:
        if rng.random() < 0.15:
            asked = self._ground(self._placed(mention, "accusative", rng), background, rng)
            return _pick(rng, "нарисуй ", "пожалуйста, нарисуй ") + asked
        return self._opened(self._ground(self._placed(mention, "nominative", rng), background, rng), rng)

    def two(
        self, first: Mention, second: Mention, relation: str | None, background: int | None, rng: np.random.Generator
    ) -> str:
        if relation is None:
            case = "nominative" if rng.random() < 0.85 else "accusative"
            text = self._placed(first, case, rng) + _pick(rng, " и ", " и ", ", ") + self._placed(second, case, rng)
            text = self._ground(text, background, rng)
            return f"нарисуй {text}" if case == "accusative" else self._opened(text, rng)
        a, b = self._phrase(first, "nominative", rng), self._phrase(second, "nominative", rng)
        if relation == "beside":
            text = _pick(rng, f"{a} слева, {b} справа", f"слева {a}, справа {b}", f"справа {b}, слева {a}")
        else:
            under, over = self._phrase(second, "instrumental", rng), self._phrase(first, "instrumental", rng)
            text = _pick(rng, f"{a} над {under}", f"{b} под {over}", f"сверху {a}, снизу {b}")
        return self._opened(self._ground(text, background, rng), rng)

    def none(self, background: int, rng: np.random.Generator) -> str:
        colour = self._colour(background, "nominative", "m")
        return _pick(rng, f"{colour} фон", f"просто {colour} фон", f"пустой {colour} фон")

    def plain(self, scene: Scene) -> str:
        stem, soft = self.colours[scene.background]
        nouns = []
        for shape in scene.shapes:
            noun = self.kinds[shape.kind][0]
            nouns.append(f"{self._colour(shape.colour, 'nominative', noun[3])} {noun[0]}")
        return f"{' и '.join(nouns)} на {stem}{'ем' if soft else 'ом'} фоне"


LANGUAGES: tuple[Language, ...] = (English(), Russian())


def _mention(shape: Shape, rng: np.random.Generator, place_chance: float) -> tuple[Mention, Statement]:
    """How one shape is spoken of and what that states about it."""
    kind: int | None = shape.kind
    colour: int | None = shape.colour
    left_out = rng.random()
    if left_out < 0.06:
        kind = None
    elif left_out < 0.12:
        colour = None
    size = place = None
    radius = x = y = None
    if rng.random() < 0.35:
        if shape.radius < SMALL:
            size, radius = "small", _SMALL_RADIUS
        elif shape.radius > BIG:
            size, radius = "big", _BIG_RADIUS
    if rng.random() < place_chance:
        fitting = []
        if shape.x < LEFT or shape.x > RIGHT:
            fitting.append("left" if shape.x < LEFT else "right")
        if shape.y < LEFT or shape.y > RIGHT:
            fitting.append("top" if shape.y < LEFT else "bottom")
        place = str(rng.choice(fitting)) if fitting else "centre"
        x = {"left": _NEAR, "right": _FAR, "centre": _MIDDLE}.get(place)
        y = {"top": _NEAR, "bottom": _FAR, "centre": _MIDDLE}.get(place)
    return Mention(kind, colour, size, place), Statement(kind, colour, (x, y, radius, None))


def caption(scene: Scene, language: Language, rng: np.random.Generator) -> Caption:
    """Something true about a scene, seldom everything."""
    background: int | None = scene.background if rng.random() < 0.85 or not scene.shapes else None
    if not scene.shapes:
        text = language.none(scene.background, rng)
        return Caption(_spelled(text, rng), background, ())
    if len(scene.shapes) == 1:
        mention, statement = _mention(scene.shapes[0], rng, place_chance=0.35)
        return Caption(_spelled(language.one(mention, background, rng), rng), background, (statement,))
    relation: str | None = None
    places_named = rng.random()
    spoken = [_mention(shape, rng, place_chance=1.0 if places_named < 0.2 else 0.0) for shape in scene.shapes]
    (first, first_states), (second, second_states) = spoken
    if places_named > 0.6:
        a, b = scene.shapes
        relation = "beside" if abs(a.x - b.x) >= abs(a.y - b.y) else "above"
        axis = 0 if relation == "beside" else 1
        first_states, second_states = _at(first_states, axis, _NEAR), _at(second_states, axis, _FAR)
    text = language.two(first, second, relation, background, rng)
    return Caption(_spelled(text, rng), background, (first_states, second_states))


def _at(statement: Statement, axis: int, value: float) -> Statement:
    place = list(statement.place)
    place[axis] = value
    x, y, radius, angle = place
    return dataclasses.replace(statement, place=(x, y, radius, angle))


def _spelled(text: str, rng: np.random.Generator) -> str:
    """The text as people type it: capital or not, full stop or not, ё or е."""
    if rng.random() < 0.4:
        text = text.replace("ё", "е")
    if rng.random() < 0.4:
        text = text[0].upper() + text[1:]
    return text + "." if rng.random() < 0.15 else text


def captions_of(scenes: Sequence[Scene], rng: np.random.Generator) -> list[Caption]:
    """One caption per scene, in languages drawn evenly."""
    return [caption(scene, LANGUAGES[int(rng.integers(len(LANGUAGES)))], rng) for scene in scenes]


def plain_caption(scene: Scene, language: str) -> str:
    """The plainest full caption: every colour and kind, the ground, no places. For measuring."""
    speaker = next(each for each in LANGUAGES if each.code == language)
    return speaker.plain(scene)


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
