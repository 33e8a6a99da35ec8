"""Spanish: two genders, adjectives behind the noun, a few of them also before it."""

from __future__ import annotations

import numpy as np

from kandinsky_studio.engine.training.captions.language import Case, Mention, Romance, Spellings, pick, usually


class Spanish(Romance):
    code = "es"
    spellings: Spellings = (str.maketrans({"á": "a", "é": "e", "í": "i", "ó": "o", "ú": "u", "ñ": "n"}),)
    #          masculine, feminine
    colours = (
        (("rojo", "roja"),),
        (("naranja",), ("anaranjado", "anaranjada")),
        (("amarillo", "amarilla"),),
        (("verde",),),
        (("azul",),),
        (("morado", "morada"), ("violeta",), ("púrpura",), ("lila",)),
        (("negro", "negra"),),
        (("blanco", "blanca"),),
    )
    kinds = (
        (("círculo", "m"), ("disco", "m")),
        (("cuadrado", "m"),),
        (("triángulo", "m"),),
        (("estrella", "f"), ("estrellita", "f")),
        (("anillo", "m"), ("aro", "m")),
    )
    figures = (("forma", "f"), ("figura", "f"))
    sizes = {  # noqa: RUF012 - a table, never changed
        "small": (("pequeño", "pequeña"), ("diminuto", "diminuta")),
        "big": (("grande",), ("enorme",)),
    }
    places = {  # noqa: RUF012
        "left": ("a la izquierda", "en el lado izquierdo"),
        "right": ("a la derecha", "en el lado derecho"),
        "top": ("arriba", "en la parte superior", "en la parte de arriba"),
        "bottom": ("abajo", "en la parte inferior", "en la parte de abajo"),
        "centre": ("en el centro", "en el medio"),
    }
    relations = {  # noqa: RUF012
        "beside": ("{a} a la izquierda de {to_b}", "{b} a la derecha de {to_a}"),
        "above": (
            "{a} encima de {to_b}",
            "{b} debajo de {to_a}",
            "{a} por encima de {to_b}",
            "{b} por debajo de {to_a}",
            "{b} bajo {to_a}",
        ),
    }
    sides = {  # noqa: RUF012
        "beside": (
            "a la izquierda {a}, a la derecha {b}",
            "a la derecha {b}, a la izquierda {a}",
            "{a} a la izquierda, {b} a la derecha",
        ),
        "above": ("arriba {a}, abajo {b}", "abajo {b}, arriba {a}", "{a} arriba, {b} abajo"),
    }
    requests = ("dibuja ", "dibújame ", "por favor, dibuja ", "pinta ")
    pictures = ("una imagen de ", "un dibujo de ", "una imagen con ", "imagen de ")
    only = "solo "
    labels = ("imagen: ", "dibujo: ", "composición abstracta: ")
    articles, on = ("un", "una"), "sobre fondo"
    and_, with_, after_ground = "y", "con", ", "

    def _phrase(self, mention: Mention, case: Case, bare: bool, rng: np.random.Generator) -> str:
        noun, gender = self._noun(mention.kind, rng)
        before, after = [] if bare else [self._article(gender)], []
        by_name = rng.random() < 0.08
        if mention.colour is not None:
            colour = usually(rng, self.colours[mention.colour])
            after.append(f"de color {colour[0]}" if by_name else self._adjective(colour, gender))
        if mention.size:
            size = self._adjective(usually(rng, self.sizes[mention.size]), gender)
            if rng.random() < 0.4:
                before.append("gran" if size == "grande" else size)
            else:
                after.insert(0 if by_name else len(after), size)
        return " ".join([*before, noun, *after])

    def _on(self, background: int, rng: np.random.Generator) -> str:
        ground = self._ground(background, rng)
        return pick(
            rng,
            f"sobre {ground}",
            f"sobre {ground}",
            f"sobre un {ground}",
            f"en un {ground}",
            f"con {ground}",
            f"con un {ground}",
        )

    def _ground(self, background: int, rng: np.random.Generator) -> str:
        return f"fondo {self._adjective(usually(rng, self.colours[background]), 'm')}"

    def none(self, background: int, rng: np.random.Generator) -> str:
        ground = self._ground(background, rng)
        return pick(
            rng, ground, f"un {ground} liso", f"un {ground} vacío", f"solo un {ground}", f"nada más que un {ground}"
        )
