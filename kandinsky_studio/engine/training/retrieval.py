"""Whether picture and text meet in the embedding space: of nearly equal captions, is the true one the nearest?"""

from __future__ import annotations

import dataclasses

import numpy as np
from transformers import (
    CLIPImageProcessorPil,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionModelWithProjection,
)

from kandinsky_studio.engine.training.captions import LANGUAGES, plain_caption
from kandinsky_studio.engine.training.components import VISION_SIZE
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, SHAPES, Floats, Scene, draw, random_scene
from kandinsky_studio.engine.training.text import embed_texts
from kandinsky_studio.engine.training.vision import embed_pictures


def near_misses(scene: Scene, rng: np.random.Generator) -> list[Scene]:
    """Scenes that differ from ``scene`` in one thing each: a colour, a kind, the ground; and, if there are two shapes
    of different colours, one in which these have traded their colours."""
    shapes = scene.shapes
    k = int(rng.integers(len(shapes)))
    free = [c for c in range(len(COLOUR_NAMES)) if c not in (scene.background, *(shape.colour for shape in shapes))]
    colour, ground = (int(c) for c in rng.choice(free, 2, replace=False))
    kind = (shapes[k].kind + int(rng.integers(1, len(SHAPES)))) % len(SHAPES)

    def changed(values: dict[int, dict[str, int]]) -> Scene:
        return Scene(
            scene.background,
            tuple(dataclasses.replace(shape, **values.get(n, {})) for n, shape in enumerate(shapes)),
        )

    misses = [changed({k: {"colour": colour}}), changed({k: {"kind": kind}}), Scene(ground, shapes)]
    if len(shapes) == 2 and shapes[0].colour != shapes[1].colour and shapes[0].kind != shapes[1].kind:
        misses.append(changed({0: {"colour": shapes[1].colour}, 1: {"colour": shapes[0].colour}}))
    return misses


def hard_negatives(
    image_encoder: CLIPVisionModelWithProjection,
    processor: CLIPImageProcessorPil,
    text_encoder: CLIPTextModelWithProjection,
    tokenizer: CLIPTokenizer,
    count: int = 500,
    seed: int = 907,
) -> dict[str, float]:
    """By language, the share of held-out pictures (half of them with two shapes) that are nearest, by cosine, to their
    own plain caption and not to one of its near misses."""
    rng = np.random.default_rng(seed)
    scenes = [random_scene(rng, 1 + k % 2) for k in range(count)]
    choices = [[scene, *near_misses(scene, rng)] for scene in scenes]
    seen = _unit(embed_pictures(image_encoder, processor, draw(scenes, VISION_SIZE, rng)))
    result = {}
    for language in LANGUAGES:
        texts = [plain_caption(scene, language.code) for group in choices for scene in group]
        said = _unit(embed_texts(text_encoder, tokenizer, texts))
        ends = np.cumsum([len(group) for group in choices])
        groups = np.split(said, ends[:-1])
        right = [int((group @ picture).argmax()) == 0 for group, picture in zip(groups, seen, strict=True)]
        result[language.code] = float(np.mean(right))
    return result


def _unit(embeds: Floats) -> Floats:
    return np.asarray(embeds / np.linalg.norm(embeds, axis=-1, keepdims=True), np.float32)
