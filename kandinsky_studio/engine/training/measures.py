"""What is measured of the finished model, each on held-out scenes and by rules that look at pixels.

A measure takes the model, the number of its first item and how many; item k is always the same, so the items can be
measured in any order and by several processes. It returns means over its items: shares (0…1) unless the name says
otherwise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from kandinsky_studio.engine.request import Pixels
from kandinsky_studio.engine.training.captions import LANGUAGES, Caption, caption, plain_caption, speaker
from kandinsky_studio.engine.training.code import embed_scenes
from kandinsky_studio.engine.training.components import DEPTH_FOLDER, INPAINT_FOLDER, PICTURE_SIZE
from kandinsky_studio.engine.training.depth import depth_map
from kandinsky_studio.engine.training.inpaint import canvas, hole_around
from kandinsky_studio.engine.training.judge import (
    DIFFERS,
    Mask,
    Verdict,
    judge,
    lab,
    overlap,
    palette_distance,
    score,
    silhouette,
)
from kandinsky_studio.engine.training.movq import reconstructed, signal_to_noise
from kandinsky_studio.engine.training.scenes import (
    COLOUR_NAMES,
    SHAPES,
    Floats,
    Scene,
    Shape,
    coverage,
    draw,
    random_scene,
)
from kandinsky_studio.engine.training.studio import Studio

Figures = dict[str, float]
Run = Callable[[Studio, int, int], Figures]

HELD_OUT_SEED = 5000  # no stage trains on it
STRENGTHS = (0.1, 0.3, 0.5, 0.7, 0.9)
SCALES = (1.0, 1.5, 2.0, 3.0, 4.0)


@dataclass(frozen=True)
class Measure:
    """What is done with how many items, and which network it looks at beside those that draw from words."""

    run: Run
    items: int
    network: str | None = None


def _rng(k: int, salt: int) -> np.random.Generator:
    return np.random.default_rng((HELD_OUT_SEED, salt, k))


def _scenes(start: int, count: int, shapes: int) -> list[Scene]:
    return [random_scene(_rng(k, shapes), shapes) for k in range(start, start + count)]


def _mean(rows: Sequence[Mapping[str, float]]) -> Figures:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def prompt_for(scene: Scene, language: str, k: int) -> str:
    """Every second one the plainest wording, the others any wording that names all colours, kinds and the ground."""
    if k % 2 == 0:
        return plain_caption(scene, language)
    rng = _rng(k, 10)
    while True:  # what isn't asked for can't be judged
        free = _caption(scene, language, rng)
        if free.background is not None and all(None not in (s.kind, s.colour) for s in free.statements):
            return free.text


def _caption(scene: Scene, language: str, rng: np.random.Generator) -> Caption:
    return caption(scene, speaker(language), rng)


def truth(studio: Studio, start: int, count: int, *, shapes: int) -> Figures:
    """What the judge says of truly drawn scenes: nothing can score above it."""
    scenes = _scenes(start, count, shapes)
    return score(draw(scenes, PICTURE_SIZE, _rng(start, 11)), scenes)


def words(studio: Studio, start: int, count: int, *, language: str, shapes: int) -> Figures:
    """From words to pixels: ground, colours, kinds, and colours and kinds together."""
    scenes = _scenes(start, count, shapes)
    prompts = [prompt_for(scene, language, start + n) for n, scene in enumerate(scenes)]
    return score(np.stack([studio.draw(prompt, start + n) for n, prompt in enumerate(prompts)]), scenes)


def places(studio: Studio, start: int, count: int, *, language: str) -> Figures:
    """Stated places and relations, half of them each: “on the left” is a centre left of 0.45, and so on; “in the
    centre” is within 0.15 of it; “to the left of” is the order of the centres."""
    right = []
    for k in range(start, start + count):
        rng = _rng(k, 12)
        while True:
            scene = random_scene(rng, 1 + k % 2)
            said = _caption(scene, language, rng)
            stated = [
                (n, *s.place[:2]) for n, s in enumerate(said.statements) if any(v is not None for v in s.place[:2])
            ]
            if stated and said.background is not None:
                break
        shapes = judge(studio.draw(said.text, k)).shapes
        right.append(len(shapes) == len(scene.shapes) and _as_stated(shapes, stated))
    return {"place": float(np.mean(right))}


def _as_stated(shapes: tuple[Shape, ...], stated: list[tuple[int, float | None, float | None]]) -> bool:
    """Whether the shapes, by their number, are where they are said to be; two that are said to be apart along an
    axis need only be in that order."""
    if len(stated) == 2:
        (_, ax, ay), (_, bx, by) = stated
        if ax is not None and bx is not None and ax != bx:
            return (shapes[0].x < shapes[1].x) == (ax < bx)
        if ay is not None and by is not None and ay != by:
            return (shapes[0].y < shapes[1].y) == (ay < by)
    return all(_there(shapes[n].x, x) and _there(shapes[n].y, y) for n, x, y in stated)


def _there(seen: float, said: float | None) -> bool:
    if said is None:
        return True
    if said == 0.5:
        return abs(seen - 0.5) < 0.15
    return seen < 0.45 if said < 0.5 else seen > 0.55


def from_embeddings(studio: Studio, start: int, count: int, *, shapes: int) -> Figures:
    """The decoder alone, from true embeddings."""
    scenes = _scenes(start, count, shapes)
    codes = embed_scenes(scenes)
    return score(np.stack([studio.render(code, start + n) for n, code in enumerate(codes)]), scenes)


def reconstruction(studio: Studio, start: int, count: int) -> Figures:
    """The codec: what the judge sees after encoding and decoding, and PSNR in dB."""
    scenes = [random_scene(_rng(k, 13)) for k in range(start, start + count)]
    pictures = draw(scenes, PICTURE_SIZE, _rng(start, 14))
    again = reconstructed(studio.movq, pictures)
    return {"both": score(again, scenes)["both"], "psnr": signal_to_noise(again, pictures)}


def inpaint(studio: Studio, start: int, count: int) -> Figures:
    """One of two shapes is masked and another asked for, with or without naming the ground; the other must stay, and
    the ground go on in the hole: at least 95 % of what the new shape leaves of it is within 18 CIELAB units."""
    rows = []
    for k in range(start, start + count):
        rng = _rng(k, 15)
        while True:
            scene = random_scene(rng, 2)
            index = int(rng.integers(2))
            mask = hole_around(scene.shapes[index], rng)
            if not (mask & (coverage([scene.shapes[1 - index]], PICTURE_SIZE)[0] > 0)).any():
                break
        colour = int(rng.choice([c for c in range(len(COLOUR_NAMES)) if c != scene.background]))
        kind = int(rng.integers(len(SHAPES)))
        asked = Scene(scene.background, (Shape(kind, colour, 0.5, 0.5, 0.2, 0.0),))
        prompt = plain_caption(asked, LANGUAGES[k % 2].code, with_ground=k % 4 < 2)
        source = draw([scene], PICTURE_SIZE, rng)[0]
        picture = studio.fill(source, mask, studio.idea(prompt, k), k)
        verdict = judge(picture)
        inside = [shape for shape in verdict.shapes if mask[_pixel(shape.y), _pixel(shape.x)]]
        drawn = len(inside) == 1 and (inside[0].kind, inside[0].colour) == (kind, colour)
        rest = mask & ~_grown(silhouette(picture)) if inside else mask
        ground = np.median(lab(source)[~mask & ~_grown(silhouette(source))], axis=0)
        continued = _goes_on(ground, picture, rest)
        stays = len(verdict.shapes) - len(inside) == 1
        rows.append({"asked": drawn, "surroundings": continued and stays and verdict.background == scene.background})
    return _mean(rows)


def _goes_on(ground: Floats, picture: Pixels, where: Mask) -> bool:
    """Whether nearly all of ``picture`` there has the CIELAB colour ``ground``."""
    return bool((np.linalg.norm(lab(picture)[where] - ground, axis=-1) < DIFFERS).mean() >= 0.95)


def _pixel(place: float) -> int:
    return min(PICTURE_SIZE - 1, max(0, int(place * PICTURE_SIZE)))


def _grown(mask: Mask, by: int = 2) -> Mask:
    grown = mask.copy()
    for _ in range(by):
        padded = np.pad(grown, 1)
        grown = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:] | grown
    return np.asarray(grown)


def outpaint(studio: Studio, start: int, count: int) -> Figures:
    """A part of a picture with one shape wholly on it: beyond the part, the ground goes on (95 % of the new pixels
    within 18 CIELAB units) and nothing else appears. With a prompt that names the ground, and with one that names the
    shape again."""
    rows = []
    for k in range(start, start + count):
        rng = _rng(k, 16)
        while True:
            scene, known = random_scene(rng, 1), canvas(rng)
            if not (~known & (coverage(scene.shapes, PICTURE_SIZE)[0] > 0)).any():
                break
        source = draw([scene], PICTURE_SIZE, rng)[0]
        ground = np.median(lab(source)[~_grown(silhouette(source))], axis=0)
        language = LANGUAGES[k % 2]
        prompts = {
            "ground named": language.none(scene.background, rng),
            "shape named": plain_caption(scene, language.code),
        }
        row: Figures = {}
        for name, prompt in prompts.items():
            picture = studio.fill(source, ~known, studio.idea(prompt, k), k)
            row[name] = _goes_on(ground, picture, ~known) and len(judge(picture).shapes) == 1
        rows.append(row)
    return _mean(rows)


def depth(studio: Studio, start: int, count: int) -> Figures:
    """The depth map of one scene and a prompt for other colours: overlap of the silhouettes (intersection over union,
    mean) and asked colours of shape and ground."""
    rows = []
    for k in range(start, start + count):
        rng = _rng(k, 17)
        scene, other = random_scene(rng, 1), random_scene(rng, 1)
        asked = dataclasses.replace(other.shapes[0], kind=scene.shapes[0].kind)
        wanted = Scene(other.background, (asked,))
        prompt = plain_caption(wanted, LANGUAGES[k % 2].code)
        picture = studio.obey(depth_map(scene), studio.idea(prompt, k), k)
        true, drawn = coverage(scene.shapes, PICTURE_SIZE)[0] > 0.5, silhouette(picture)
        verdict = judge(picture)
        colours = [shape.colour for shape in verdict.shapes] == [asked.colour]
        rows.append(
            {
                "overlap": overlap(true, drawn),
                "colour": colours and verdict.background == wanted.background,
            }
        )
    return _mean(rows)


def mix(studio: Studio, start: int, count: int) -> Figures:
    """The weighted mean of two pictures' embeddings, from the vision tower, settled by the prior. At 0.5: ground, colour
    and kind each come from one of the two, and also without settling; at 0.1 and 0.9: all three are the heavier
    one's."""
    rows = []
    for k in range(start, start + count):
        rng = _rng(k, 18)
        pair = (random_scene(rng, 1), random_scene(rng, 1))
        embeds = studio.embed(draw(pair, PICTURE_SIZE, rng))
        sets = list(zip(*(_attributes(scene) for scene in pair), strict=True))
        row: Figures = {}
        for weight in (0.1, 0.5, 0.9):
            between = (1 - weight) * embeds[0] + weight * embeds[1]
            seen = _attributes(judge(studio.render(studio.settle(between, k), k)))
            if weight == 0.5:
                plain = _attributes(judge(studio.render(between, k)))
                row["even, from the two"] = bool(seen) and all(v in s for v, s in zip(seen, sets, strict=True))
                row["even, not settled"] = bool(plain) and all(v in s for v, s in zip(plain, sets, strict=True))
            else:
                row[f"{weight}, the heavier"] = seen == _attributes(pair[int(weight > 0.5)])
        rows.append(row)
    return _mean(rows)


def _attributes(scene: Scene | Verdict) -> tuple[int, ...]:
    """Ground, colour, kind of a scene or verdict with one shape; empty for any other."""
    shapes, background = scene.shapes, scene.background
    return (background, shapes[0].colour, shapes[0].kind) if len(shapes) == 1 else ()


NEGATIVES = {"en": "white background", "ru": "белый фон"}


def negative(studio: Studio, start: int, count: int, *, language: str) -> Figures:
    """Prompts that leave the ground open, which mostly means white paper, without and with white named in the negative
    prompt; and how far the ground's colour lies from the nearest of the palette, in CIELAB units."""
    rows = []
    for k in range(start, start + count):
        rng = _rng(k, 19)
        scene = random_scene(rng, 1)
        asked = scene.shapes[0]
        while COLOUR_NAMES[asked.colour] == "white":
            asked = random_scene(rng, 1).shapes[0]
        prompt = plain_caption(Scene(scene.background, (asked,)), language, with_ground=False)
        row: Figures = {}
        for name, text in (("before", ""), ("after", NEGATIVES[language])):
            picture = studio.draw(prompt, k, negative_prompt=text)
            verdict = judge(picture)
            row[f"white {name}"] = COLOUR_NAMES[verdict.background] == "white"
            drawn = [(shape.kind, shape.colour) for shape in verdict.shapes]
            row[f"asked {name}"] = drawn == [(asked.kind, asked.colour)]
            row[f"palette distance {name}"] = palette_distance(picture)
        rows.append(row)
    return _mean(rows)


VAGUE = ("a red shape", "a circle on a blue background", "two shapes", "синяя фигура", "звезда на чёрном фоне")


def guidance(studio: Studio, start: int, count: int, *, which: str) -> Figures:
    """Agreement and variety over ``which`` guidance scale. Agreement: prompts for two shapes, all of it right; variety: of three pictures of an open prompt, the mean CIELAB difference of their pixels."""
    rows = []
    for k in range(start, start + count):
        rng = _rng(k, 20)
        scene = random_scene(rng, 2)
        prompt = prompt_for(scene, LANGUAGES[k % len(LANGUAGES)].code, k)
        row: Figures = {}
        for scale in SCALES:
            values = {which: scale, "num_inference_steps": 8, "prior_num_inference_steps": 4}
            row[f"agreement at {scale}"] = score(studio.draw(prompt, k, **values)[None], [scene])["both"]
            pictures = [lab(studio.draw(VAGUE[k % len(VAGUE)], 7 * k + n, **values)) for n in range(3)]
            pairs = ((0, 1), (0, 2), (1, 2))
            row[f"variety at {scale}"] = float(
                np.mean([np.linalg.norm(pictures[a] - pictures[b], axis=-1).mean() for a, b in pairs])
            )
        rows.append(row)
    return _mean(rows)


def image2image(studio: Studio, start: int, count: int) -> Figures:
    """A picture drawn towards a prompt for the same thing in another colour: overlap of the new silhouette with the
    old one (1 is the same layout), and whether colour and kind are the asked ones."""
    rows = []
    for k in range(start, start + count):
        rng = _rng(k, 21)
        scene = random_scene(rng, 1)
        shape = scene.shapes[0]
        free = [c for c in range(len(COLOUR_NAMES)) if c not in (shape.colour, scene.background)]
        asked = Scene(scene.background, (dataclasses.replace(shape, colour=int(rng.choice(free))),))
        embeds = studio.idea(plain_caption(asked, LANGUAGES[k % 2].code), k)
        source = draw([scene], PICTURE_SIZE, rng)[0]
        old = silhouette(source)
        row: Figures = {}
        for strength in STRENGTHS:
            picture = studio.change(source, embeds, strength, k)
            row[f"overlap at {strength}"] = overlap(old, silhouette(picture))
            row[f"asked at {strength}"] = _attributes(judge(picture)) == _attributes(asked)
        rows.append(row)
    return _mean(rows)


_THOROUGHLY = ("en", "ru")  # the languages of the window


def _language_measures() -> dict[str, Measure]:
    measures: dict[str, Measure] = {}
    for language in LANGUAGES:
        for shapes, name in ((1, "one"), (2, "two")):
            run = partial(words, language=language.code, shapes=shapes)
            measures[f"words/{language.code}/{name}"] = Measure(run, 500)
    for code in _THOROUGHLY:
        measures[f"places/{code}"] = Measure(partial(places, language=code), 500)
        measures[f"negative/{code}"] = Measure(partial(negative, language=code), 50)
    return measures


MEASURES: Mapping[str, Measure] = {
    "judge/one": Measure(partial(truth, shapes=1), 500),
    "judge/two": Measure(partial(truth, shapes=2), 500),
    "movq": Measure(reconstruction, 500),
    "decoder/one": Measure(partial(from_embeddings, shapes=1), 200),
    "decoder/two": Measure(partial(from_embeddings, shapes=2), 200),
    "inpaint": Measure(inpaint, 100, INPAINT_FOLDER),
    "outpaint": Measure(outpaint, 100, INPAINT_FOLDER),
    "depth": Measure(depth, 125, DEPTH_FOLDER),
    "mix": Measure(mix, 100),
    "image2image": Measure(image2image, 50),
    "guidance": Measure(partial(guidance, which="guidance_scale"), 25),
    "prior guidance": Measure(partial(guidance, which="prior_guidance_scale"), 25),
    **_language_measures(),
}
"""Name of a measure → what is done."""
