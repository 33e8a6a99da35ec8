"""Captions say what is true, grammatically in every language, and state exactly what they say."""

import re
import unicodedata

import numpy as np
import pytest

from kandinsky_studio.engine.training.captions import LANGUAGES, caption, captions_of, plain_caption, vocabulary
from kandinsky_studio.engine.training.code import scene_attributes
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, SHAPES, Scene, Shape, random_scene


def scene_of(*shapes: tuple[str, str], background: str) -> Scene:
    placed = [
        Shape(SHAPES.index(kind), COLOUR_NAMES.index(colour), 0.25 + 0.5 * n, 0.5, 0.15, 0.0)
        for n, (colour, kind) in enumerate(shapes)
    ]
    return Scene(COLOUR_NAMES.index(background), tuple(placed))


def test_plain_captions() -> None:
    scene = scene_of(("orange", "star"), ("blue", "ring"), background="yellow")
    assert plain_caption(scene, "en") == "an orange star and a blue ring on a yellow background"
    assert plain_caption(scene, "ru") == "оранжевая звезда и синее кольцо на жёлтом фоне"
    assert plain_caption(scene_of(("black", "square"), background="blue"), "ru") == "чёрный квадрат на синем фоне"
    scene = scene_of(("red", "circle"), ("blue", "triangle"), background="yellow")
    assert plain_caption(scene, "de") == "ein roter Kreis und ein blaues Dreieck auf gelbem Hintergrund"
    assert plain_caption(scene, "fr") == "un cercle rouge et un triangle bleu sur fond jaune"
    assert plain_caption(scene, "es") == "un círculo rojo y un triángulo azul sobre fondo amarillo"
    scene = scene_of(("white", "star"), ("orange", "ring"), background="purple")
    assert plain_caption(scene, "de") == "ein weißer Stern und ein orangefarbener Ring auf lila Hintergrund"
    assert plain_caption(scene, "fr") == "une étoile blanche et un anneau orange sur fond violet"
    assert plain_caption(scene, "es") == "una estrella blanca y un anillo naranja sobre fondo morado"


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_a_caption_states_nothing_untrue(language) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    for _ in range(300):
        scene = random_scene(rng)
        said, true = caption(scene, language, rng).attributes(), scene_attributes(scene)
        from kandinsky_studio.engine.training.code import PLACE, SLOT_SIZE

        for slot in range(2):
            exact = slice(slot * SLOT_SIZE, (slot + 1) * SLOT_SIZE - PLACE)
            stated = said[exact] != 0
            assert np.allclose(said[exact][stated], true[exact][stated])
            x = slot * SLOT_SIZE + SLOT_SIZE - PLACE
            if said[x] and len(scene.shapes) == 1 and abs(said[x]) > 0.1:
                assert np.sign(said[x]) == np.sign(true[x])  # left is left
        ground = slice(-len(COLOUR_NAMES), None)
        assert not said[ground].any() or np.allclose(said[ground], true[ground])


def test_a_caption_names_what_it_states() -> None:
    rng = np.random.default_rng(1)
    english = LANGUAGES[0]
    for _ in range(200):
        scene = random_scene(rng, 1)
        spoken = caption(scene, english, rng)
        (statement,) = spoken.statements
        words = spoken.text.lower()
        if statement.kind is not None:
            assert any(word in words for word in english.kinds[statement.kind])  # type: ignore[attr-defined]
        else:
            assert "shape" in words
        if spoken.background is not None:
            assert any(word in words for word in english.colours[spoken.background])  # type: ignore[attr-defined]


def test_russian_adjectives_agree() -> None:
    rng = np.random.default_rng(2)
    feminine = {"красный звезда", "синий звезда", "красное звезда", "красный кольцо", "большой звезда", "большая круг"}
    texts = [caption(random_scene(rng, 1), LANGUAGES[1], rng).text.lower() for _ in range(600)]
    assert not any(wrong in text for text in texts for wrong in feminine)
    assert any("красная звезда" in text for text in texts)
    assert any("красное кольцо" in text for text in texts)


NEVER_SAID = {
    "de": (
        r"\b(eine|einen|einer) \w+ (quadrat|dreieck|sternchen)\b",
        r"\b(eine|einer) \w+ (kreis|stern|ring)\b",
        r"\bein (?!orange )\w+(e|es|en|em) (kreis|stern|ring)\b",
        r"\bein (?!orange )\w+(e|er|en|em) (quadrat|dreieck|sternchen)\b",
        r"\b(ein|einem) \w+ (form|figur|scheibe)\b",
        r"(zeichne|zeichne mir|male) ein \w+er\b",
        r"(von|mit|neben|über|unter) (ein|eine|einen)\b",
        r"\beine (?!lila )\w+(?<!e) (form|figur|scheibe)\b",
        r"\b(einen|einem|einer) (?!lila |orange )\w+(?<!en) (kreis|quadrat|dreieck|stern|ring|hintergrund|form|figur)\b",
        r"\b(auf|vor) \w+(er|es|en) (hintergrund|grund)\b",
        r"\blila(e|er|es|en|em)\b",
        r"\b(ein|auf) (rot|grün|blau|gelb|schwarz|klein|groß)\b",
    ),
    "fr": (
        r"\bun (\w+ )?(étoile|forme|figure)\b",
        r"\bune (\w+ )?(cercle|disque|rond|carré|triangle|anneau)\b",
        r"\b(étoile|forme|figure) (vert|bleu|violet|noir|blanc)\b",
        r"\b(cercle|disque|rond|carré|triangle|anneau|fond) (verte|bleue|violette|noire|blanche)\b",
        r"\b(petit|grand|gros) (étoile|forme|figure)\b",
        r"\b(petite|grande|grosse) (cercle|disque|rond|carré|triangle|anneau)\b",
        r"\bde (un|une|étoile|anneau|orange|énorme)\b",
        r"\bd'[^aeiouéê]",
        r"image d'[^,]* et une?\b",
        r"\bde couleur (vert|bleu|violet|noir|blanc)\b",
    ),
    "es": (
        r"\bun (\w+ )?(estrella|estrellita|forma|figura)\b",
        r"\buna (\w+ )?(círculo|disco|cuadrado|triángulo|anillo|aro)\b",
        r"\b(estrella|estrellita|forma|figura) (rojo|amarillo|morado|negro|blanco|pequeño|diminuto)\b",
        r"\b(círculo|cuadrado|triángulo|anillo|fondo) (roja|amarilla|morada|negra|blanca|pequeña|diminuta)\b",
        r"\bgrande (círculo|cuadrado|triángulo|estrella|anillo|forma|figura)\b",
        r"\bgran\b(?! (círculo|disco|cuadrado|triángulo|estrella|estrellita|anillo|aro|forma|figura))",
        r"\bnaranjo\b",
        r"\bde color \w*(roja|amarilla|morada|negra|blanca)\b",
    ),
}
SAID = {
    "de": (
        "ein roter kreis",
        "zeichne einen",
        "ein bild von einem",
        "auf blauem hintergrund",
        "auf einem blauen hintergrund",
        "eine rote form",
        "links von einem",
        "kleines",
    ),
    "fr": (
        "une étoile verte",
        "un cercle rouge",
        "sur fond bleu",
        "dessine un",
        "une image d'un",
        "à gauche d'un",
        "petite",
    ),
    "es": ("una estrella roja", "un círculo rojo", "sobre fondo azul", "dibuja un", "una imagen de un", "una gran "),
}


def without_accents(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.lower()).replace("’", "'")
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@pytest.mark.parametrize("code", NEVER_SAID)
def test_articles_and_adjectives_agree(code: str) -> None:
    rng = np.random.default_rng(3)
    language = next(each for each in LANGUAGES if each.code == code)
    texts = [without_accents(caption(random_scene(rng), language, rng).text) for _ in range(2000)]
    for wrong in NEVER_SAID[code]:
        assert [text for text in texts if re.search(without_accents(wrong), text)] == []
    for right in SAID[code]:
        assert any(without_accents(right) in text for text in texts), right


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_captions_are_neatly_spaced(language) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(4)
    for _ in range(600):
        text = caption(random_scene(rng), language, rng).text
        assert "  " not in text
        assert " ," not in text
        assert text == text.strip()
        assert "{" not in text


@pytest.mark.parametrize("code", ["ru", "de", "fr", "es"])
def test_letters_beyond_the_alphabet_are_sometimes_left_out(code: str) -> None:
    rng = np.random.default_rng(5)
    language = next(each for each in LANGUAGES if each.code == code)
    texts = {caption(random_scene(rng, 1), language, rng).text.lower() for _ in range(600)}
    with_and_without = {
        "ru": ("жёлт", "желт"),
        "de": ("grün", "gruen", "grun", "weiß", "weiss"),
        "fr": ("étoile", "etoile", "d'un", "d’un"),
        "es": ("círculo", "circulo", "pequeñ", "pequen"),
    }
    for spelling in with_and_without[code]:
        assert any(spelling in text for text in texts), spelling


def test_an_unsaid_ground_is_mostly_white() -> None:
    rng = np.random.default_rng(6)
    white, unsaid = COLOUR_NAMES.index("white"), []
    while len(unsaid) < 2000:
        scene = random_scene(rng)
        (spoken,) = captions_of([scene], rng)
        if spoken.background is None:
            unsaid.append(scene.background)
    assert np.mean(np.array(unsaid) == white) >= 0.7


def test_vocabulary() -> None:
    for language in LANGUAGES:
        words = vocabulary(language.code)
        assert list(words) == ["colours", "shapes", "sizes", "places", "relations"]
        assert all(words.values())
        assert len(words["colours"]) >= len(COLOUR_NAMES)
        assert len(words["shapes"]) > len(SHAPES)
    assert "красный" in vocabulary("ru")["colours"]
    assert "weiß" in vocabulary("de")["colours"]
    assert "au-dessus de" in vocabulary("fr")["relations"]
    assert "estrella" in vocabulary("es")["shapes"]
