"""Ways through the space of ideas: drifting to words, adding a style, and how near a draft is to its whole picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from benchmarks.subject import MODEL
from benchmarks.table import table
from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot, similarity
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.models import find, spec_of
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Task
from kandinsky_studio.engine.training.judge import judge
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, SHAPES, Scene, Shape, draw

PAIRS = (
    ("a red circle on a blue background", "a yellow square on a green background"),
    ("a green star on a white background", "a red star on a black background"),
    ("a blue square on a yellow background", "a blue circle on a yellow background"),
    ("a white triangle on a red background", "a black circle on a white background"),
    ("a red square on a white background", "a blue star on a yellow background"),
)
PROMPTS = (
    "a red circle",
    "a red circle on a blue background",
    "a green star on a red background",
    "a blue square on a black background",
)
SEEDS = (1, 2)
WAY = tuple(step / 8 for step in range(9))
STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0)
STEPS = 12

Floats = npt.NDArray[np.float64]
Way = Callable[[GenerationRequest, Slot, str, str, float], GenerationRequest]


def run() -> str:
    engine = Engine("cpu")
    engine.load(MODEL)
    return "\n\n".join([_drift(engine), _styles(engine), _drafts(engine)])


def _request(prompt: str, seed: int, **values: object) -> GenerationRequest:
    return spec_of(MODEL).request(prompt, num_inference_steps=STEPS, prior_seed=seed, seed=seed, **values)


def _made(engine: Engine, request: GenerationRequest) -> GenerationResult:
    [result] = engine.generate(request)
    return result


def _mixed(plain: GenerationRequest, *slots: Slot, **values: object) -> GenerationRequest:
    return dataclasses.replace(plain, task=Task.mix, slots=slots, **{"prior_strength": 0.0, **values})  # type: ignore[arg-type]


def _prior(plain: GenerationRequest, own: Slot, _: str, words: str, share: float) -> GenerationRequest:
    return _mixed(plain, own, prompt=words, prior_strength=share)


def _straight(plain: GenerationRequest, own: Slot, _: str, words: str, share: float) -> GenerationRequest:
    return _mixed(plain, dataclasses.replace(own, weight=1 - share), Slot(prompt=words, weight=share))


def _circle(plain: GenerationRequest, own: Slot, source: str, words: str, share: float) -> GenerationRequest:
    return dataclasses.replace(_straight(plain, own, source, words, share), spherical=True)


def _direction(plain: GenerationRequest, own: Slot, source: str, words: str, share: float) -> GenerationRequest:
    there, back = Slot(prompt=words, weight=share, added=True), Slot(prompt=source, weight=-share, added=True)
    return _mixed(plain, own, there, back)


def _from_nothing(plain: GenerationRequest, own: Slot, _: str, words: str, share: float) -> GenerationRequest:
    return _direction(plain, own, "", words, share)


WAYS: dict[str, Way] = {
    "great circle (ours)": _circle,
    "straight mix": _straight,
    "the prior's pull": _prior,
    "words less the source's words": _direction,
    "words less no words": _from_nothing,
}


def _drift(engine: Engine) -> str:
    """Of the way that CLIP sees the pictures go: its longest step, how far places are off, where it ends."""
    rows = []
    for name, way in WAYS.items():
        longest, off, reach = [], [], []
        for (source, words), seed in ((pair, seed) for pair in PAIRS for seed in SEEDS):
            own = Slot(image=Raster(_made(engine, _request(source, seed)).image))
            seen = [_seen(engine, way(_request("", seed), own, source, words, share)) for share in WAY]
            target = _seen(engine, _request(words, seed))
            steps = [float(np.linalg.norm(b - a)) for a, b in pairwise(seen)]
            whole = target - seen[0]
            gone = np.array([(one - seen[0]) @ whole / (whole @ whole) for one in seen])
            longest.append(max(steps) / sum(steps))
            off.append(float(np.abs(gone - np.array(WAY)).mean()))
            reach.append(float(gone[-1]))
        rows.append([name, f"{np.mean(longest):.2f}", f"{np.mean(off):.2f}", f"{np.mean(reach):.2f}"])
    head = ["from a picture to words", "longest of 8 steps (even: 0.13)", "places are off by", "end (words: 1)"]
    return table(head, rows)


def _seen(engine: Engine, request: GenerationRequest) -> Floats:
    embeds = engine.encode_image(_made(engine, request).image, MODEL).astype(np.float64)
    return embeds / np.linalg.norm(embeds)


def _styles(engine: Engine) -> str:
    """How many grounds have the colour of the style, and how many shapes stay what the prompt says."""
    encoder, rows = find(MODEL).encoder(), []
    for ground, count in (("yellow", 3), ("yellow", 8), ("white", 8)):
        scenes = _on(ground, count)
        mean = np.mean([engine.encode_image(picture, MODEL) for picture in draw(scenes, 128)], axis=0)
        nothing = np.mean([_idea(engine, "", seed) for seed in range(12)], axis=0)
        for name, reference in (("the prior's mean (ours)", engine.neutral(MODEL)), ("ideas of no words", nothing)):
            style = SavedEmbedding(np.asarray(mean - reference, np.float32), encoder)
            row = [f"{count} on {ground}, less {name}"]
            for strength in STRENGTHS:
                grounds, shapes = [], []
                for prompt, seed in ((prompt, seed) for prompt in PROMPTS for seed in SEEDS):
                    slot = Slot(embedding=style, weight=strength, added=True)
                    verdict = judge(_made(engine, _request(prompt, seed, slots=(slot,))).image)
                    _, colour, kind = prompt.split()[:3]
                    grounds.append(COLOUR_NAMES[verdict.background] == ground)
                    shapes.append(
                        [(COLOUR_NAMES[s.colour], SHAPES[s.kind]) for s in verdict.shapes] == [(colour, kind)]
                    )
                row.append(f"{np.mean(grounds):.0%}, {np.mean(shapes):.0%}")
            rows.append(row)
    return table(["style: grounds, shapes", *(f"{strength:.0%}" for strength in STRENGTHS)], rows)


def _idea(engine: Engine, words: str, seed: int) -> Floats:
    small = dataclasses.replace(_request("", seed), width=64, height=64, num_inference_steps=2)
    embeds = _made(engine, _mixed(small, Slot(prompt=words))).image_embeds
    assert embeds is not None
    return embeds.astype(np.float64)


def _on(ground: str, count: int) -> list[Scene]:
    random = np.random.default_rng(5)
    others = [number for number, name in enumerate(COLOUR_NAMES) if name != ground]
    scenes = []
    for _ in range(count):
        kind, colour = int(random.integers(len(SHAPES))), int(random.choice(others))
        x, y, radius = (float(random.uniform(low, high)) for low, high in ((0.3, 0.7), (0.3, 0.7), (0.16, 0.26)))
        scenes.append(Scene(COLOUR_NAMES.index(ground), (Shape(kind, colour, x, y, radius, 0.0),)))
    return scenes


def _drafts(engine: Engine) -> str:
    """How far drafts are from whole pictures: the same size with fewer steps, and smaller ones."""
    wholes = {
        (prompt, seed): _made(engine, dataclasses.replace(_request(prompt, seed), num_inference_steps=20))
        for prompt in PROMPTS
        for seed in SEEDS
    }
    rows = []
    for steps in (4, 6, 8):
        apart, same = [], []
        for (prompt, seed), whole in wholes.items():
            draft = _made(engine, dataclasses.replace(_request(prompt, seed), num_inference_steps=steps))
            apart.append(np.abs(draft.image.astype(float) - whole.image).mean())
            assert draft.image_embeds is not None
            assert whole.image_embeds is not None
            same.append(similarity(draft.image_embeds, whole.image_embeds))
        rows.append([str(steps), f"{np.mean(apart):.1f}", f"{np.min(same):.3f}"])
    return table(["steps of a draft", "from the whole picture, of 255", "cosine of their ideas"], rows)
