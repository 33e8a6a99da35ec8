"""How well the built-in model draws what it is asked: from words to pixels through the engine, judged by pixel rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.request import Pixels
from kandinsky_studio.engine.training.captions import LANGUAGES, Language, caption, plain_caption
from kandinsky_studio.engine.training.components import PICTURE_SIZE
from kandinsky_studio.engine.training.decoder import held_out
from kandinsky_studio.engine.training.judge import score
from kandinsky_studio.engine.training.loop import Report
from kandinsky_studio.engine.training.scenes import Scene, draw

HELD_OUT_SEED = 5000  # no stage trains on it
REPORT_FILE = "quality.json"


def prompts(language: Language, count: int, shapes: int) -> tuple[list[Scene], list[str]]:
    """Held-out scenes and one prompt for each: half of them the plainest wording, half of them any."""
    scenes = held_out(count, shapes, HELD_OUT_SEED + shapes)
    rng = np.random.default_rng(HELD_OUT_SEED)
    texts = []
    for k, scene in enumerate(scenes):
        free = caption(scene, language, rng)
        while not _complete(free.background, [(s.kind, s.colour) for s in free.statements]):
            free = caption(scene, language, rng)  # what isn't asked for can't be judged
        texts.append(free.text if k % 2 else plain_caption(scene, language.code))
    return scenes, texts


def _complete(background: int | None, shapes: list[tuple[int | None, int | None]]) -> bool:
    return background is not None and all(None not in shape for shape in shapes)


def measure(model: str, *, singles: int, pairs: int, report: Report) -> dict[str, Any]:
    """The shares (0…1) of pictures that show what they were asked for, by language and number of shapes.

    ``judge`` is what the judge itself says of truly drawn held-out scenes: nothing can score above it.
    """
    engine = Engine()
    spec = engine.load(model)
    result: dict[str, Any] = {"prompts": {"one": singles, "two": pairs}, "judge": {}}

    def picture(text: str, seed: int) -> Pixels:
        request = spec.request(text, prior_seed=seed, seed=seed)
        return engine.generate(request)[0].image

    for name, count, shapes in (("one", singles, 1), ("two", pairs, 2)):
        scenes = held_out(count, shapes, HELD_OUT_SEED + shapes)
        truth = draw(scenes, PICTURE_SIZE, np.random.default_rng(HELD_OUT_SEED))
        result["judge"][name] = _rounded(score(truth, scenes))
        for language in LANGUAGES:
            scenes, texts = prompts(language, count, shapes)
            pictures = np.stack([picture(text, seed) for seed, text in enumerate(texts)])
            result.setdefault(language.code, {})[name] = _rounded(score(pictures, scenes))
            report(f"measure: {language.code}, {name}: {result[language.code][name]}")
    engine.free()
    return result


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def write(model: Path, report: Report, *, singles: int = 200, pairs: int = 100) -> None:
    """Measure the model in a folder and write the figures beside it."""
    values = measure(str(model), singles=singles, pairs=pairs, report=report)
    (model / REPORT_FILE).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def table(values: dict[str, Any]) -> str:
    """The figures of :func:`measure` as the Markdown table that README shows."""
    rows = [
        f"| {values['prompts'][count]} prompts, {words} | Ground | Colours | Shapes | Colours and shapes |"
        for count, words in (("one", "one shape"), ("two", "two shapes"))
    ]
    lines = []
    for head, count in zip(rows, ("one", "two"), strict=True):
        lines += [head, "|---|---|---|---|---|"]
        for key, name in (("en", "English"), ("ru", "Russian"), ("judge", "(the judge, on true pictures)")):
            shares = values[key][count]
            cells = (f"{100 * shares[each]:.1f} %" for each in ("background", "colour", "shape", "both"))
            lines.append(f"| {name} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines).strip()
