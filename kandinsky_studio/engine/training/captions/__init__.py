"""What people might say about a scene, in five languages, and what exactly they have said with it.

A caption states a part of what is true about its scene; :class:`Caption` carries that part along, so the text tower
learns to leave open what was left open. To add a language: a file with a class that has the methods of
:class:`Language`, one line in ``LANGUAGES``.

Two shapes without words for their places stand in reading order, the way people mention them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kandinsky_studio.engine.training.captions.english import English
from kandinsky_studio.engine.training.captions.french import French
from kandinsky_studio.engine.training.captions.german import German
from kandinsky_studio.engine.training.captions.language import Language, Mention, Words
from kandinsky_studio.engine.training.captions.russian import Russian
from kandinsky_studio.engine.training.captions.spanish import Spanish
from kandinsky_studio.engine.training.code import Statement, attributes
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, Floats, Scene, Shape

__all__ = ["LANGUAGES", "Caption", "Language", "caption", "captions_of", "plain_caption", "speaker", "vocabulary"]

LEFT, RIGHT = 0.4, 0.6  # beyond these a place has a name
SMALL, BIG = 0.19, 0.26  # radii
_NEAR, _MIDDLE, _FAR = 0.28, 0.5, 0.72  # what a place word means on average
_SMALL_RADIUS, _BIG_RADIUS = 0.165, 0.29
# How often a caption says its ground. White paper often goes without saying, other grounds hardly ever, so that a
# prompt without a ground mostly means white paper: four times in five, where all grounds are drawn equally often.
WHITE_SAID, GROUND_SAID = 0.4, 0.98


@dataclass(frozen=True)
class Caption:
    """A text and what it states."""

    text: str
    background: int | None
    statements: tuple[Statement, ...]

    def attributes(self) -> Floats:
        """The stated attributes, the rest zero: float32, (ATTRIBUTES,)."""
        return attributes(self.background, self.statements)


LANGUAGES: tuple[Language, ...] = (English(), Russian(), German(), French(), Spanish())


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
    said = WHITE_SAID if COLOUR_NAMES[scene.background] == "white" else GROUND_SAID
    background: int | None = scene.background if rng.random() < said or not scene.shapes else None
    if not scene.shapes:
        text = language.none(scene.background, rng)
        return Caption(_spelled(text, language, rng), background, ())
    if len(scene.shapes) == 1:
        mention, statement = _mention(scene.shapes[0], rng, place_chance=0.35)
        return Caption(_spelled(language.one(mention, background, rng), language, rng), background, (statement,))
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
    return Caption(_spelled(text, language, rng), background, (first_states, second_states))


def _at(statement: Statement, axis: int, value: float) -> Statement:
    place = list(statement.place)
    place[axis] = value
    x, y, radius, angle = place
    return dataclasses.replace(statement, place=(x, y, radius, angle))


def _spelled(text: str, language: Language, rng: np.random.Generator) -> str:
    """The text as people type it: capital or not, full stop or not, ё or е, ü or ue, é or e."""
    if rng.random() < 0.4 and language.spellings:
        text = text.translate(language.spellings[int(rng.integers(len(language.spellings)))])
    if rng.random() < 0.4:
        text = text[0].upper() + text[1:]
    return text + "." if rng.random() < 0.15 else text


def captions_of(scenes: Sequence[Scene], rng: np.random.Generator) -> list[Caption]:
    """One caption per scene, in languages drawn evenly."""
    return [caption(scene, LANGUAGES[int(rng.integers(len(LANGUAGES)))], rng) for scene in scenes]


def plain_caption(scene: Scene, language: str, with_ground: bool = True) -> str:
    """The plainest full caption: every colour and kind, no places, the ground if wanted. For measuring."""
    return speaker(language).plain(scene, with_ground)


def vocabulary(code: str) -> Words:
    """The words a language knows, in their base forms: colours, shapes, sizes, places, relations. For model cards."""
    return speaker(code).words()


def speaker(code: str) -> Language:
    """The language with an ISO 639-1 code, one of ``LANGUAGES``."""
    return next(each for each in LANGUAGES if each.code == code)
