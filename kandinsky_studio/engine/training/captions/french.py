"""French: two genders, colours behind the noun and sizes before it, de and its elision."""

from __future__ import annotations

import re

import numpy as np

from kandinsky_studio.engine.training.captions.language import (
    Case,
    Frame,
    Mention,
    Romance,
    Spellings,
    pick,
    usually,
)


class French(Romance):
    code = "fr"
    spellings: Spellings = (
        str.maketrans({"é": "e", "è": "e", "ê": "e", "à": "a", "â": "a", "î": "i", "ô": "o", "-": " "}),
        str.maketrans({"'": "’"}),
    )
    #          masculine, feminine
    colours = (
        (("rouge",),),
        (("orange",),),
        (("jaune",),),
        (("vert", "verte"),),
        (("bleu", "bleue"),),
        (("violet", "violette"), ("mauve",)),
        (("noir", "noire"),),
        (("blanc", "blanche"),),
    )
    kinds = (
        (("cercle", "m"), ("disque", "m"), ("rond", "m")),
        (("carré", "m"),),
        (("triangle", "m"),),
        (("étoile", "f"),),
        (("anneau", "m"),),
    )
    figures = (("forme", "f"), ("figure", "f"))
    sizes = {  # noqa: RUF012 - a table, never changed
        "small": (("petit", "petite"), ("minuscule",)),
        "big": (("grand", "grande"), ("gros", "grosse"), ("énorme",)),
    }
    places = {  # noqa: RUF012
        "left": ("à gauche", "sur la gauche", "du côté gauche"),
        "right": ("à droite", "sur la droite", "du côté droit"),
        "top": ("en haut", "dans le haut"),
        "bottom": ("en bas", "dans le bas"),
        "centre": ("au centre", "au milieu"),
    }
    relations = {  # noqa: RUF012
        "beside": ("{a} à gauche de {to_b}", "{b} à droite de {to_a}", "{a} à la gauche de {to_b}"),
        "above": (
            "{a} au-dessus de {to_b}",
            "{b} au-dessous de {to_a}",
            "{b} en dessous de {to_a}",
            "{b} sous {to_a}",
        ),
    }
    sides = {  # noqa: RUF012
        "beside": ("à gauche {a}, à droite {b}", "à droite {b}, à gauche {a}", "{a} à gauche, {b} à droite"),
        "above": ("en haut {a}, en bas {b}", "en bas {b}, en haut {a}", "{a} en haut, {b} en bas"),
    }
    requests = ("dessine ", "dessine-moi ", "s'il te plaît, dessine ", "dessinez ")
    pictures = ("une image de ", "un dessin de ", "une image avec ", "image de ")
    only = "juste "
    labels = ("image : ", "dessin : ", "composition abstraite : ")
    articles, on = ("un", "une"), "sur fond"
    and_, with_, after_ground = "et", "avec", ", "

    def _phrase(self, mention: Mention, case: Case, bare: bool, rng: np.random.Generator) -> str:
        noun, gender = self._noun(mention.kind, rng)
        words = [] if bare else [self._article(gender)]
        if mention.size:
            words.append(self._adjective(usually(rng, self.sizes[mention.size]), gender))
        words.append(noun)
        if mention.colour is not None:
            colour = usually(rng, self.colours[mention.colour])
            by_name = rng.random() < 0.05
            words.append(f"de couleur {self._adjective(colour, 'f')}" if by_name else self._adjective(colour, gender))
        return " ".join(words)

    def _and(self, frame: Frame) -> str:
        return " et de " if frame.opening.endswith(" de ") else " et "

    def _on(self, background: int, rng: np.random.Generator) -> str:
        ground = self._ground(background, rng)
        return pick(rng, f"sur {ground}", f"sur {ground}", f"sur un {ground}", f"avec un {ground}")

    def _ground(self, background: int, rng: np.random.Generator) -> str:
        colour = self._adjective(usually(rng, self.colours[background]), "m")
        return f"{'fond' if rng.random() < 0.9 else 'arrière-plan'} {colour}"

    def one(self, mention: Mention, background: int | None, rng: np.random.Generator) -> str:
        return _elided(super().one(mention, background, rng))

    def two(
        self, first: Mention, second: Mention, relation: str | None, background: int | None, rng: np.random.Generator
    ) -> str:
        return _elided(super().two(first, second, relation, background, rng))

    def none(self, background: int, rng: np.random.Generator) -> str:
        ground = f"fond {self._adjective(usually(rng, self.colours[background]), 'm')}"
        return pick(rng, ground, f"un {ground} uni", f"un {ground} vide", f"juste un {ground}", f"rien qu'un {ground}")


def _elided(text: str) -> str:
    """The text with de as d' before a vowel."""
    return re.sub(r"\bde (?=[aeiouéê])", "d'", text)
