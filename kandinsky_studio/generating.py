"""The commands that make pictures without the window, from the same requests and with the same bytes."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kandinsky_studio import paths
from kandinsky_studio.asking import asked_for, numbered
from kandinsky_studio.engine.models import MODELS, spec_of
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Progress
from kandinsky_studio.engine.validation import check
from kandinsky_studio.reporting import report_for
from kandinsky_studio.storage.library import Library
from kandinsky_studio.storage.pictures import check_writable, save

Keep = Callable[[GenerationResult], Path]


def run(arguments: argparse.Namespace) -> int:
    """Make what the parsed ``arguments`` ask for; returns the exit code. Raises ``StudioError``."""
    requests = asked_for(arguments)
    for request in requests:  # all of them before the first picture takes its time
        check(request, spec_of(request.model), MODELS)
    report = report_for(arguments)
    with _keeping(arguments.output, sum(request.num_images_per_prompt for request in requests)) as keep:
        from kandinsky_studio.engine.engine import Engine

        engine = Engine(arguments.device)
        try:
            for number, request in enumerate(requests):
                engine.generate(
                    request,
                    on_progress=among_all(requests, number, report.progress),
                    on_result=lambda result: report.result(result, keep(result)),
                )
        finally:
            report.end()
    return 0


def among_all(
    requests: Sequence[GenerationRequest], number: int, tell: Callable[[Progress], None]
) -> Callable[[Progress], None]:
    """What turns the progress of request ``number`` into that of all ``requests``, and tells it."""
    before = sum(request.num_images_per_prompt for request in requests[:number])
    pictures = sum(request.num_images_per_prompt for request in requests)

    def progress(own: Progress) -> None:
        last = number + 1 == len(requests)
        told = dataclasses.replace(
            own,
            picture=before + own.picture,
            pictures=pictures,
            fraction=(before + own.fraction * own.pictures) / pictures,
            seconds_left=own.seconds_left if last else None,  # of this request only
        )
        tell(told)

    return progress


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
    files = iter(numbered(output, pictures))

    def keep(result: GenerationResult) -> Path:
        file = next(files)
        save(file, result)
        return file

    yield keep
