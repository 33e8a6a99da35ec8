"""How well the built-in model draws what it is asked: measured, and written beside it."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kandinsky_studio.engine import shared
from kandinsky_studio.engine.models import find
from kandinsky_studio.engine.training.captions import LANGUAGES, plain_caption
from kandinsky_studio.engine.training.card import REPORT_FILE, SAMPLES_FILE, write_card
from kandinsky_studio.engine.training.components import PICTURE_SIZE, make_image_processor
from kandinsky_studio.engine.training.loop import Report
from kandinsky_studio.engine.training.measures import MEASURES, Figures, prompt_for
from kandinsky_studio.engine.training.retrieval import hard_negatives
from kandinsky_studio.engine.training.scenes import random_scene
from kandinsky_studio.engine.training.studio import Studio
from kandinsky_studio.engine.training.vision import vision_accuracy

CHUNK = 25  # items measured in one go; a killed run measures at most this many again
_SAMPLES = (4, 8)  # rows and columns of the picture of samples
_GAP = 4  # pixels between two of them

_studio: Studio | None = None  # of a process that measures


@dataclass(frozen=True)
class Chunk:
    """Items ``start`` to ``start + count`` of a measure."""

    measure: str
    start: int
    count: int

    @property
    def file(self) -> str:
        """The name of the file that keeps its figures."""
        return f"{self.measure.replace('/', '-').replace(' ', '-')}-{self.start:04}-{self.count}.json"


def chunks(measures: Sequence[str], share: float = 1.0) -> Iterator[Chunk]:
    """``measures`` cut into pieces; ``share`` (0…1) of the items of each."""
    for name in measures:
        items = max(1, round(MEASURES[name].items * share))
        for start in range(0, items, CHUNK):
            yield Chunk(name, start, min(CHUNK, items - start))


def measure(
    model: Path,
    folder: Path,
    report: Report,
    *,
    measures: Sequence[str] = tuple(MEASURES),
    share: float = 1.0,
    processes: int | None = None,
) -> dict[str, Figures]:
    """The figures of ``measures`` by name, each the mean over its items.

    Pieces are measured in ``processes`` processes of one thread each (default: one a processor) and kept in ``folder``
    under the fingerprint of the weights they depend on, so that a killed run goes on where it stopped.
    """
    wanted = list(chunks(measures, share))
    places = {name: _place(model, folder, MEASURES[name].network) for name in measures}
    missing = [chunk for chunk in wanted if not (places[chunk.measure] / chunk.file).exists()]
    started = time.monotonic()
    for done, chunk in enumerate(_measured(model, places, missing, processes or os.cpu_count() or 1), 1):
        left = (time.monotonic() - started) / done * (len(missing) - done) / 60
        report(f"measure: {chunk.measure}, {done} of {len(missing)} pieces, {left:.0f} min left")
    result: dict[str, Figures] = {}
    for name in measures:
        own = [(chunk, _read(places[name] / chunk.file)) for chunk in wanted if chunk.measure == name]
        items = sum(chunk.count for chunk, _ in own)
        figures = {key: sum(values[key] * chunk.count for chunk, values in own) / items for key in own[0][1]}
        result[name] = {"items": items, **{key: round(value, 4) for key, value in figures.items()}}
    return result


def _place(model: Path, folder: Path, network: str | None) -> Path:
    """Where figures are kept: they are good as long as no weights change that they depend on."""
    name = find(str(model)).fingerprint()[:16]
    if network is not None:
        content = (model / network / "unet" / shared.WEIGHTS).read_bytes()
        name += f"-{hashlib.sha256(content).hexdigest()[:8]}"
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    return place


def _measured(model: Path, places: Mapping[str, Path], missing: Sequence[Chunk], processes: int) -> Iterator[Chunk]:
    """Measure what is missing and yield each piece when its file is there."""
    if processes == 1 or len(missing) < 2:
        for chunk in missing:
            _run(model, places[chunk.measure], chunk)
            yield chunk
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_one_thread) as pool:
        pending: dict[Future[None], Chunk] = {
            pool.submit(_run, model, places[chunk.measure], chunk): chunk for chunk in missing
        }
        for future in as_completed(pending):
            future.result()
            yield pending[future]


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _run(model: Path, kept: Path, chunk: Chunk) -> None:
    global _studio
    if _studio is None or _studio.folder != model:
        _studio = Studio(model)
    figures = MEASURES[chunk.measure].run(_studio, chunk.start, chunk.count)
    partial = kept / f"{chunk.file}.partial"
    partial.write_text(json.dumps(figures), encoding="utf-8")
    os.replace(partial, kept / chunk.file)


def _read(path: Path) -> Figures:
    values: Figures = json.loads(path.read_text(encoding="utf-8"))
    return values


def towers(studio: Studio) -> dict[str, Figures]:
    """What the CLIP towers alone are worth: probes of the vision tower, and retrieval against near misses."""
    processor = make_image_processor()
    probes = vision_accuracy(studio.vision_tower, processor)
    return {"vision": probes, "hard negatives": hard_negatives(studio.vision_tower, processor, *studio.text_tower)}


def samples(studio: Studio) -> Image.Image:
    """Pictures of the first held-out prompts, none left out: a row a language, one shape and two by turns."""
    rows, columns = _SAMPLES
    side = PICTURE_SIZE + _GAP
    sheet = Image.new("RGB", (columns * side - _GAP, rows * side - _GAP), "white")
    for k, prompt in enumerate(sample_prompts()):
        picture = studio.draw(prompt, k)
        sheet.paste(Image.fromarray(picture), (k % columns * side, k // columns * side))
    return sheet


def sample_prompts() -> list[str]:
    """The prompts of :func:`samples`."""
    rows, columns = _SAMPLES
    scenes = [random_scene(np.random.default_rng((6000, k)), 1 + k % 2) for k in range(rows * columns)]
    return [
        plain_caption(scene, LANGUAGES[k // columns].code)
        if k < columns
        else prompt_for(scene, LANGUAGES[k // columns].code, k)
        for k, scene in enumerate(scenes)
    ]


def write(model: Path, folder: Path, report: Report) -> None:
    """Measure the model in ``model`` and write the figures and the samples beside it."""
    values: dict[str, Any] = measure(model, folder, report)
    studio = Studio(model)
    values.update({name: _rounded(figures) for name, figures in towers(studio).items()})
    samples(studio).save(model / SAMPLES_FILE, optimize=True)
    (model / REPORT_FILE).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    write_card(model, sample_prompts(), SAMPLES_FILE)


def _rounded(values: Figures) -> Figures:
    return {name: round(value, 4) for name, value in values.items()}
