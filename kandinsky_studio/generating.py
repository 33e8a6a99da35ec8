"""The command ``generate``: pictures without the window, from the same request and with the same bytes."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kandinsky_studio import paths
from kandinsky_studio.engine.models import MODELS, spec_of
from kandinsky_studio.engine.request import MAX_SEED, GenerationRequest, GenerationResult, Progress, Stage
from kandinsky_studio.engine.validation import check
from kandinsky_studio.storage.library import Library
from kandinsky_studio.storage.pictures import check_writable, export, read_request, save_png

Keep = Callable[[GenerationResult], Path]

_STAGES = {
    Stage.loading: "loading the model",
    Stage.prior: "finding the idea",
    Stage.decoder: "drawing",
    Stage.decoding: "finishing",
}
_VALUES = [field.name for field in dataclasses.fields(GenerationRequest)]
_PATIENCE = 5.0  # seconds between two lines of progress where lines can't be overwritten


def run(arguments: argparse.Namespace) -> int:
    """Make what the parsed ``arguments`` ask for; returns the exit code. Raises ``StudioError``."""
    request = asked_for(arguments)
    check(request, spec_of(request.model))
    report = _JsonReport() if arguments.json else _Report()
    with _keeping(arguments.output, request.num_images_per_prompt) as keep:
        from kandinsky_studio.engine.engine import Engine

        engine = Engine(arguments.device)
        try:
            engine.generate(
                request,
                on_progress=report.progress,
                on_result=lambda result: report.result(result, keep(result)),
            )
        finally:
            report.end()
    return 0


def asked_for(arguments: argparse.Namespace) -> GenerationRequest:
    """The request that the parsed ``arguments`` describe.

    It starts from that of the picture given with ``--from``, else from the model's own values and seeds by chance.
    """
    given: dict[str, Any] = {name: value for name in _VALUES if (value := getattr(arguments, name, None)) is not None}
    if given.get("model", "builtin") not in (spec.key for spec in MODELS):
        # The picture must find the folder of its model again, wherever it is repeated.
        folder = Path(given["model"]).expanduser()
        given["model"] = str(folder.absolute()) if folder.is_dir() else given["model"]
    if arguments.source is not None:
        return dataclasses.replace(read_request(arguments.source), **given)
    seeds = {name: secrets.randbelow(MAX_SEED + 1) for name in ("prior_seed", "seed")}
    return spec_of(given.get("model", "builtin")).request(**{"prompt": "", **seeds, **given})


@contextlib.contextmanager
def _keeping(output: Path | None, pictures: int) -> Iterator[Keep]:
    """What puts a finished picture where it belongs; finds out before the work whether anything can be put there."""
    if output is None:
        library = Library(paths.library())
        try:
            yield lambda result: library.add(result).path
        finally:
            library.close()
        return
    check_writable(output.absolute().parent)
    files = iter([output] if pictures == 1 else numbered(output, pictures))
    yield lambda result: _write(next(files), result)


def numbered(output: Path, pictures: int) -> list[Path]:
    """``output`` with a number before its suffix, once for each picture."""
    digits = len(str(pictures))
    return [output.with_stem(f"{output.stem}-{number:0{digits}}") for number in range(1, pictures + 1)]


def _write(path: Path, result: GenerationResult) -> Path:
    if path.suffix.lower() == ".png":
        save_png(path, result)
        return path
    with tempfile.TemporaryDirectory() as folder:
        lossless = Path(folder) / "picture.png"
        save_png(lossless, result)
        export(lossless, path)
    return path


class _Report:
    """Progress on one line of the error stream, results as paths on the output stream."""

    def __init__(self) -> None:
        self._alive = sys.stderr.isatty()
        self._width = 0
        self._last = time.monotonic()

    def progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if not self._alive and now - self._last < _PATIENCE:
            return
        self._last = now
        which = f"picture {progress.picture + 1} of {progress.pictures}, " if progress.pictures > 1 else ""
        left = "" if progress.seconds_left is None else f", {_duration(progress.seconds_left)} left"
        self._line(f"{progress.fraction:4.0%}  {which}{_STAGES[progress.stage]}{left}")

    def result(self, result: GenerationResult, path: Path) -> None:
        self.end()
        sys.stdout.write(f"{path}\n")
        sys.stdout.flush()
        seeds = f"--prior-seed {result.request.prior_seed} --seed {result.request.seed}"
        sys.stderr.write(f"      made in {_duration(sum(result.timings.values()))} on {result.device}; {seeds}\n")

    def end(self) -> None:
        """Leave the line of progress empty."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._width = 0

    def _line(self, text: str) -> None:
        if self._alive:
            sys.stderr.write("\r" + text.ljust(self._width))
            self._width = len(text)
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()


class _JsonReport(_Report):
    """One JSON object per line of the output stream: ``event`` is ``progress`` or ``result``."""

    def progress(self, progress: Progress) -> None:
        values = dataclasses.asdict(dataclasses.replace(progress, preview=None))
        del values["preview"]
        self._write({"event": "progress", **values})

    def result(self, result: GenerationResult, path: Path) -> None:
        timings = {str(stage): seconds for stage, seconds in result.timings.items()}
        self._write({"event": "result", "file": str(path), "request": result.request.to_json(), "timings": timings})

    def _write(self, values: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(values) + "\n")
        sys.stdout.flush()


def _duration(seconds: float) -> str:
    if seconds < 9.5:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
