"""Russian: three genders and three cases, hard and soft endings."""

from __future__ import annotations

import numpy as np

from kandinsky_studio.engine.training.captions.language import Mention, Spellings, Words, joints, listed, pick
from kandinsky_studio.engine.training.scenes import Scene


class Russian:
    code = "ru"
    spellings: Spellings = (str.maketrans({"ё": "е"}),)
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
    relations = {  # noqa: RUF012 - under and over are instrumental
        "beside": ("{a} слева, {b} справа", "слева {a}, справа {b}", "справа {b}, слева {a}"),
        "above": ("{a} над {under}", "{b} под {over}", "сверху {a}, снизу {b}"),
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
        place = pick(rng, *self.places[mention.place])
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
        return text if rng.random() < 0.75 else pick(rng, "картинка: ", "рисунок: ", "абстрактная композиция: ") + text

    def one(self, mention: Mention, background: int | None, rng: np.random.Generator) -> str:
        if rng.random() < 0.15:
            asked = self._ground(self._placed(mention, "accusative", rng), background, rng)
            return pick(rng, "нарисуй ", "пожалуйста, нарисуй ") + asked
        return self._opened(self._ground(self._placed(mention, "nominative", rng), background, rng), rng)

    def two(
        self, first: Mention, second: Mention, relation: str | None, background: int | None, rng: np.random.Generator
    ) -> str:
        if relation is None:
            case = "nominative" if rng.random() < 0.85 else "accusative"
            text = self._placed(first, case, rng) + pick(rng, " и ", " и ", ", ") + self._placed(second, case, rng)
            text = self._ground(text, background, rng)
            return f"нарисуй {text}" if case == "accusative" else self._opened(text, rng)
        a, b = self._phrase(first, "nominative", rng), self._phrase(second, "nominative", rng)
        under = over = ""
        if relation == "above":
            under, over = self._phrase(second, "instrumental", rng), self._phrase(first, "instrumental", rng)
        text = pick(rng, *self.relations[relation]).format(a=a, b=b, under=under, over=over)
        return self._opened(self._ground(text, background, rng), rng)

    def none(self, background: int, rng: np.random.Generator) -> str:
        colour = self._colour(background, "nominative", "m")
        return pick(rng, f"{colour} фон", f"просто {colour} фон", f"пустой {colour} фон")

    def plain(self, scene: Scene, with_ground: bool = True) -> str:
        stem, soft = self.colours[scene.background]
        nouns = []
        for shape in scene.shapes:
            noun = self.kinds[shape.kind][0]
            nouns.append(f"{self._colour(shape.colour, 'nominative', noun[3])} {noun[0]}")
        text = " и ".join(nouns)
        return f"{text} на {stem}{'ем' if soft else 'ом'} фоне" if with_ground else text

    def words(self) -> Words:
        return {
            "colours": tuple(self._colour(index, "nominative", "m") for index in range(len(self.colours))),
            "shapes": listed([*(noun[0] for group in self.kinds for noun in group), self.figure[0]]),
            "sizes": tuple(self._size(size, "nominative", "m") for size in self._sizes),
            "places": listed(place for group in self.places.values() for place in group),
            "relations": joints(self.relations),
        }
