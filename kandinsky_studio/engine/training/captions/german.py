"""German: three genders and three cases, endings that depend on the article before them."""

from __future__ import annotations

import numpy as np

from kandinsky_studio.engine.training.captions.language import Case, Framed, Mention, Spellings, Word, pick, usually
from kandinsky_studio.engine.training.scenes import Scene


class German(Framed):
    code = "de"
    spellings: Spellings = (
        str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}),
        str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"}),
        str.maketrans({"ß": "ss"}),
    )
    #          the word, what its endings are put to; words without the latter take no endings
    colours = (
        (("rot", "rot"),),
        (("orangefarben", "orangefarben"), ("orange",), ("orange", "orang")),
        (("gelb", "gelb"),),
        (("grün", "grün"),),
        (("blau", "blau"),),
        (("lila",), ("violett", "violett")),
        (("schwarz", "schwarz"),),
        (("weiß", "weiß"),),
    )
    kinds = (
        (("Kreis", "m"), ("Scheibe", "f")),
        (("Quadrat", "n"),),
        (("Dreieck", "n"),),
        (("Stern", "m"), ("Sternchen", "n")),
        (("Ring", "m"),),
    )
    figures = (("Form", "f"), ("Figur", "f"))
    sizes = {  # noqa: RUF012 - a table, never changed
        "small": (("klein", "klein"), ("winzig", "winzig")),
        "big": (("groß", "groß"), ("riesig", "riesig")),
    }
    places = {  # noqa: RUF012
        "left": ("links", "auf der linken Seite"),
        "right": ("rechts", "auf der rechten Seite"),
        "top": ("oben", "im oberen Teil"),
        "bottom": ("unten", "im unteren Teil"),
        "centre": ("in der Mitte", "im Zentrum", "mittig"),
    }
    relations = {  # noqa: RUF012
        "beside": (
            "{a} links von {to_b}",
            "{b} rechts von {to_a}",
            "{a} links neben {to_b}",
            "{b} rechts neben {to_a}",
        ),
        "above": ("{a} über {to_b}", "{b} unter {to_a}", "{a} oberhalb von {to_b}", "{b} unterhalb von {to_a}"),
    }
    sides = {  # noqa: RUF012
        "beside": ("links {a}, rechts {b}", "rechts {b}, links {a}", "{a} links, {b} rechts"),
        "above": ("oben {a}, unten {b}", "unten {b}, oben {a}", "{a} oben, {b} unten"),
    }
    requests = ("zeichne ", "bitte zeichne ", "zeichne mir ", "male ")
    pictures = ("ein Bild von ", "ein Bild mit ", "eine Zeichnung von ", "Bild von ")
    only = "nur "
    labels = ("Bild: ", "Zeichnung: ", "abstrakte Komposition: ")
    and_, with_, after_ground = "und", "mit", " "
    _articles = {  # noqa: RUF012 - case and gender to article
        ("nominative", "m"): "ein",
        ("nominative", "f"): "eine",
        ("nominative", "n"): "ein",
        ("accusative", "m"): "einen",
        ("accusative", "f"): "eine",
        ("accusative", "n"): "ein",
        ("dative", "m"): "einem",
        ("dative", "f"): "einer",
        ("dative", "n"): "einem",
    }
    _endings = {  # noqa: RUF012 - the dative's after an article; without one it takes the article's own ending
        ("nominative", "m"): "er",
        ("nominative", "f"): "e",
        ("nominative", "n"): "es",
        ("accusative", "m"): "en",
        ("accusative", "f"): "e",
        ("accusative", "n"): "es",
        ("dative", "m"): "en",
        ("dative", "f"): "en",
        ("dative", "n"): "en",
    }

    def _adjective(self, word: Word, case: Case, gender: str, bare: bool) -> str:
        if len(word) == 1:
            return word[0]
        ending = self._endings[case, gender]
        if bare and case == "dative":
            ending = self._articles[case, gender].removeprefix("ein")
        return word[1] + ending

    def _phrase(self, mention: Mention, case: Case, bare: bool, rng: np.random.Generator) -> str:
        noun, gender = self._noun(mention.kind, rng)
        words = [] if bare else [self._articles[case, gender]]
        if mention.size:
            words.append(self._adjective(usually(rng, self.sizes[mention.size]), case, gender, bare))
        if mention.colour is not None:
            words.append(self._adjective(usually(rng, self.colours[mention.colour]), case, gender, bare))
        return " ".join([*words, noun])

    def _on(self, background: int, rng: np.random.Generator) -> str:
        colour = usually(rng, self.colours[background])
        bare, after_article = (self._adjective(colour, "dative", "m", each) for each in (True, False))
        return pick(
            rng,
            f"auf {bare} Hintergrund",
            f"auf {bare} Hintergrund",
            f"auf einem {after_article} Hintergrund",
            f"vor {bare} Hintergrund",
            f"auf {bare} Grund",
        )

    def _ground(self, background: int, rng: np.random.Generator) -> str:
        return f"{self._adjective(usually(rng, self.colours[background]), 'nominative', 'm', True)} Hintergrund"

    def none(self, background: int, rng: np.random.Generator) -> str:
        colour = usually(rng, self.colours[background])
        masculine, feminine = (self._adjective(colour, "nominative", gender, True) for gender in "mf")
        return pick(
            rng,
            f"{masculine} Hintergrund",
            f"nur ein {masculine} Hintergrund",
            f"ein leerer {masculine} Hintergrund",
            f"eine leere {feminine} Fläche",
            f"alles {colour[0]}",
        )

    def plain(self, scene: Scene, with_ground: bool = True) -> str:
        nouns = []
        for shape in scene.shapes:
            noun, gender = self.kinds[shape.kind][0]
            colour = self._adjective(self.colours[shape.colour][0], "nominative", gender, False)
            nouns.append(f"{self._articles['nominative', gender]} {colour} {noun}")
        ground = self._adjective(self.colours[scene.background][0], "dative", "m", True)
        text = " und ".join(nouns)
        return f"{text} auf {ground} Hintergrund" if with_ground else text
