"""English."""

from __future__ import annotations

import numpy as np

from kandinsky_studio.engine.training.captions.language import Mention, Spellings, Words, joints, listed, pick
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, Scene


class English:
    code = "en"
    spellings: Spellings = ()
    colours = (("red",), ("orange",), ("yellow",), ("green",), ("blue",), ("purple", "violet"), ("black",), ("white",))
    kinds = (("circle", "disc"), ("square",), ("triangle",), ("star",), ("ring",))
    shape = "shape"
    sizes = {"small": ("small", "little", "tiny"), "big": ("big", "large")}  # noqa: RUF012 - a table, never changed
    places = {  # noqa: RUF012
        "left": ("on the left", "at the left"),
        "right": ("on the right", "at the right"),
        "top": ("at the top", "above"),
        "bottom": ("at the bottom", "below"),
        "centre": ("in the centre", "in the middle", "in the center"),
    }
    relations = {  # noqa: RUF012
        "beside": ("{a} to the left of {b}", "{b} to the right of {a}", "{a} left of {b}"),
        "above": ("{a} above {b}", "{b} below {a}", "{b} under {a}", "{a} over {b}"),
    }

    def _phrase(self, mention: Mention, rng: np.random.Generator) -> str:
        words = []
        if mention.size:
            words.append(pick(rng, *self.sizes[mention.size]))
        if mention.colour is not None:
            words.append(pick(rng, *self.colours[mention.colour]))
        words.append(self.shape if mention.kind is None else pick(rng, *self.kinds[mention.kind]))
        text = " ".join(words)
        article = "an" if text[0] in "aeiou" else "a"
        return text if rng.random() < 0.2 else f"{article} {text}"

    def _placed(self, mention: Mention, rng: np.random.Generator) -> str:
        phrase = self._phrase(mention, rng)
        return f"{phrase} {pick(rng, *self.places[mention.place])}" if mention.place else phrase

    def _ground(self, text: str, background: int | None, rng: np.random.Generator) -> str:
        if background is None:
            return text
        colour = pick(rng, *self.colours[background])
        article = "an" if colour[0] in "aeiou" else "a"
        word = pick(rng, "background", "background", "background", "ground", "backdrop")
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
            pick(rng, "a picture of ", "a drawing of ", "draw ", "please draw ", "an abstract composition: ", "just ")
            + text
        )

    def one(self, mention: Mention, background: int | None, rng: np.random.Generator) -> str:
        return self._opened(self._ground(self._placed(mention, rng), background, rng), rng)

    def two(
        self, first: Mention, second: Mention, relation: str | None, background: int | None, rng: np.random.Generator
    ) -> str:
        if relation is None:
            text = self._placed(first, rng) + pick(rng, " and ", " and ", ", ", " with ") + self._placed(second, rng)
        else:
            a, b = self._phrase(first, rng), self._phrase(second, rng)
            text = pick(rng, *self.relations[relation]).format(a=a, b=b)
        return self._opened(self._ground(text, background, rng), rng)

    def none(self, background: int, rng: np.random.Generator) -> str:
        colour = pick(rng, *self.colours[background])
        return pick(
            rng, f"{colour} background", f"plain {colour}", f"an empty {colour} ground", f"nothing but {colour}"
        )

    def plain(self, scene: Scene, with_ground: bool = True) -> str:
        nouns = [_article(f"{COLOUR_NAMES[shape.colour]} {self.kinds[shape.kind][0]}") for shape in scene.shapes]
        text = " and ".join(nouns)
        return f"{text} on {_article(COLOUR_NAMES[scene.background])} background" if with_ground else text

    def words(self) -> Words:
        return {
            "colours": listed(word for group in self.colours for word in group),
            "shapes": listed([*(word for group in self.kinds for word in group), self.shape]),
            "sizes": listed(word for group in self.sizes.values() for word in group),
            "places": listed(place for group in self.places.values() for place in group),
            "relations": joints(self.relations),
        }


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
