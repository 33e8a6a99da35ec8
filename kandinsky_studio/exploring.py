"""The commands that look into ideas: ``embed`` keeps and compares them, ``explain`` says what words are worth."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import io
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kandinsky_studio.asking import ingredient, model_of, numbered, repeated
from kandinsky_studio.engine import embeddings
from kandinsky_studio.engine.embeddings import SavedEmbedding
from kandinsky_studio.engine.models import MODELS, find, spec_of
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import MAX_SEED, Embedding, GenerationRequest, Progress
from kandinsky_studio.engine.validation import check
from kandinsky_studio.errors import EmptyPrompt, IdeaOfAnotherModel, MissingInput, OtherEncoder, UnsupportedTask
from kandinsky_studio.reporting import Report, report_for
from kandinsky_studio.storage.durable import cause_of, write_file
from kandinsky_studio.storage.pictures import FORMATS, check_writable, save

_DARK = 0.2  # how bright the parts of a picture stay where a word is not seen at all


def embed(arguments: argparse.Namespace) -> int:
    """Compare and keep the ideas that the parsed ``arguments`` name; returns the exit code. Raises ``StudioError``."""
    things = [ingredient(text) for text in arguments.given]
    if not things:
        raise MissingInput(task="embed", name="a picture, words or a saved idea")
    pictures = [number for number, thing in enumerate(things) if isinstance(thing, Raster)]
    spec = spec_of(model_of(arguments.model))
    if not spec.prior_schedulers:
        able = [other.title for other in MODELS if other.prior_schedulers]
        raise UnsupportedTask(model=spec.title, task="embed", instead=", ".join(able))
    if arguments.output is not None:
        if not pictures:
            raise MissingInput(task="embed -o", name="a picture")
        check_writable(arguments.output.absolute().parent)
    encoder = find(spec.key).encoder()
    if any(isinstance(thing, SavedEmbedding) and thing.encoder not in ("", encoder) for thing in things):
        raise IdeaOfAnotherModel(model=spec.title)
    report = report_for(arguments)
    found = _embedded(things, spec.key, arguments.device, report)
    for values in found:
        if values.shape != found[-1].shape:
            raise OtherEncoder(model=spec.title, length=len(values), needed=len(found[-1]))
    if len(things) > 1:
        _tell_similarities(report, arguments.given, found)
    if arguments.output is not None:
        for path, number in zip(numbered(arguments.output, len(pictures)), pictures, strict=True):
            try:
                embeddings.save(path, SavedEmbedding(found[number], encoder))
            except OSError as error:
                raise cause_of(error, path.absolute().parent) from error
            given = arguments.given[number]
            text = str(path) if len(pictures) == 1 else f"{path}  {given}"
            report.told("saved", {"file": str(path), "given": given}, text)
    return 0


def explain(arguments: argparse.Namespace) -> int:
    """Say what the words of a prompt are worth; returns the exit code. Raises ``StudioError``."""
    request = _explained(arguments)
    if not request.prompt.strip():  # as that of a mix
        raise EmptyPrompt
    spec = spec_of(request.model)
    check(request, spec, MODELS)
    if arguments.output is not None:
        if not spec.reads_words:
            able = [other.title for other in MODELS if other.reads_words]
            raise UnsupportedTask(model=spec.title, task="explain -o", instead=", ".join(able))
        check_writable(arguments.output.absolute().parent)
    report = report_for(arguments)

    from kandinsky_studio.engine.engine import Engine

    engine = Engine(arguments.device)
    try:
        if spec.prior_schedulers:
            words = engine.word_importance(request, on_progress=report.progress)
            rows = [f"{word.attention:9.0%} {word.ablation:9.3f}  {word.word}" for word in words]
            text = "\n".join(["looked at   changes  word", *rows])
            report.told("words", {"words": [dataclasses.asdict(word) for word in words]}, text)
        if spec.reads_words and (arguments.output is not None or not spec.prior_schedulers):
            _tell_maps(report, engine.word_maps(request, on_progress=report.progress), arguments.output)
    finally:
        report.end()
    return 0


def _embedded(
    things: Sequence[str | Raster | SavedEmbedding], model: str, device: str | None, report: Report
) -> list[Embedding]:
    """The embedding of each thing; nothing heavy is loaded for saved ones."""
    if all(isinstance(thing, SavedEmbedding) for thing in things):
        return [thing.values for thing in things if isinstance(thing, SavedEmbedding)]
    from kandinsky_studio.engine.engine import Engine

    engine = Engine(device)
    found: list[Embedding] = []
    try:
        for number, thing in enumerate(things):
            on_progress = functools.partial(_tell_part, report, number, len(things))
            if isinstance(thing, SavedEmbedding):
                found.append(thing.values)
            elif isinstance(thing, Raster):
                found.append(engine.encode_image(thing, model, on_progress=on_progress))
            else:
                found.append(engine.encode_text(thing, model, on_progress=on_progress))
    finally:
        report.end()
    return found


def _tell_part(report: Report, number: int, count: int, own: Progress) -> None:
    """Tell the progress of thing ``number`` as that of all ``count`` of them."""
    report.progress(dataclasses.replace(own, fraction=(number + own.fraction) / count, seconds_left=None))


def _tell_similarities(report: Report, names: Sequence[str], found: Sequence[Embedding]) -> None:
    table = [[round(embeddings.similarity(one, other), 4) for other in found] for one in found]
    head = "    " + " ".join(f"{number:6}" for number in range(1, len(found) + 1))
    rows = [
        f"{number:3} " + " ".join(f"{value:6.3f}" for value in row) + f"  {name}"
        for number, (name, row) in enumerate(zip(names, table, strict=True), 1)
    ]
    report.told("similarities", {"given": list(names), "similarities": table}, "\n".join([head, *rows]))


def _explained(arguments: argparse.Namespace) -> GenerationRequest:
    given: dict[str, Any] = {
        name: getattr(arguments, name) for name in ("prior_seed", "seed") if getattr(arguments, name) is not None
    }
    if arguments.given:
        given["prompt"] = arguments.given[0]
    if arguments.source is not None:
        request = dataclasses.replace(repeated(arguments.source), num_images_per_prompt=1)
        if arguments.model is not None:
            given["model"] = model_of(arguments.model)
        return dataclasses.replace(request, **given)
    seeds = {name: secrets.randbelow(MAX_SEED + 1) for name in ("prior_seed", "seed")}
    return spec_of(model_of(arguments.model)).request(**{"prompt": "", **seeds, **given})


def _tell_maps(report: Report, maps: Any, output: Path | None) -> None:
    """Tell where each word is seen, and write the picture and, for each word, the picture lit where that is."""
    levels = [{"word": seen.word, "start": seen.start, "end": seen.end, "level": seen.level} for seen in maps.words]
    text = "\n".join(["seen in  word", *(f"{seen.level:7.1%}  {seen.word}" for seen in maps.words)])
    report.told("seen", {"words": levels}, text)
    if output is None:
        return
    save(output, maps.result)
    report.result(maps.result, output)
    digits = len(str(len(maps.words)))
    for number, seen in enumerate(maps.words, 1):
        name = re.sub(r"[\W_]+", "", seen.word)[:40]
        path = output.with_stem(f"{output.stem}-{number:0{digits}}-{name}".rstrip("-"))
        light = _DARK + (1 - _DARK) * np.asarray(seen.heat, np.float32)[:, :, None]
        buffer = io.BytesIO()
        Image.fromarray((maps.result.image * light).round().astype(np.uint8)).save(buffer, FORMATS[path.suffix.lower()])
        write_file(path, buffer.getvalue())
        report.told("map", {"word": seen.word, "file": str(path)}, str(path))
