"""What the commands say while they work: for people on two streams, for machines as lines of JSON."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kandinsky_studio.engine.request import GenerationResult, Progress, Stage

if TYPE_CHECKING:
    from kandinsky_studio.storage.models.transfer import Delivery

_STAGES = {
    Stage.loading: "loading the model",
    Stage.encoding: "looking at it",
    Stage.prior: "finding the idea",
    Stage.decoder: "drawing",
    Stage.decoding: "finishing",
}
_PATIENCE = 5.0  # seconds between two lines of progress where lines can't be overwritten


class Report:
    """Progress on one line of the error stream, results on the output stream."""

    def __init__(self) -> None:
        self._alive = sys.stderr.isatty()
        self._width = 0
        self._last = time.monotonic()

    def progress(self, progress: Progress) -> None:
        """Tell how far the work is."""
        now = time.monotonic()
        # What is finished is told as a result.
        if not self._alive and (now - self._last < _PATIENCE or progress.fraction >= 1):
            return
        self._last = now
        which = f"picture {progress.picture + 1} of {progress.pictures}, " if progress.pictures > 1 else ""
        left = "" if progress.seconds_left is None else f", {_duration(progress.seconds_left)} left"
        self.line(f"{progress.fraction:4.0%}  {which}{_STAGES[progress.stage]}{left}")

    def result(self, result: GenerationResult, path: Path) -> None:
        """Tell that a picture is at ``path``."""
        self.told("result", {}, str(path))
        seeds = f"--prior-seed {result.request.prior_seed} --seed {result.request.seed}"
        sys.stderr.write(f"      made in {_duration(sum(result.timings.values()))} on {result.device}; {seeds}\n")

    def told(self, event: str, values: dict[str, Any], text: str) -> None:
        """Tell a finding: ``text`` to people; ``event`` and ``values`` to machines."""
        self.end()
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def end(self) -> None:
        """Leave the line of progress empty."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._width = 0

    def line(self, text: str) -> None:
        """Write ``text`` over the line of progress; a line of its own where that can't be."""
        if self._alive:
            sys.stderr.write("\r" + text.ljust(self._width))
            self._width = len(text)
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()


class JsonReport(Report):
    """One JSON object per line of the output stream; ``event`` says what it is: ``progress``, ``result``, …"""

    def progress(self, progress: Progress) -> None:
        values = dataclasses.asdict(dataclasses.replace(progress, preview=None))
        del values["preview"]
        self.told("progress", values, "")

    def result(self, result: GenerationResult, path: Path) -> None:
        timings = {str(stage): seconds for stage, seconds in result.timings.items()}
        # The file holds the pictures that the request was made from; here they are named by their digests.
        request = result.request.to_json(with_pixels=False)
        self.told("result", {"file": str(path), "request": request, "timings": timings}, "")

    def told(self, event: str, values: dict[str, Any], text: str) -> None:
        sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
        sys.stdout.flush()


def report_for(arguments: argparse.Namespace) -> Report:
    """The report that the parsed ``arguments`` ask for."""
    return JsonReport() if arguments.json else Report()


class Line:
    """How far something is, on one line that is written over; lines of JSON for machines."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.report = report_for(arguments)
        self._json = bool(arguments.json)
        self._alive = sys.stderr.isatty()
        self._last = 0.0

    def delivery(self, delivery: Delivery) -> None:
        """Tell of a delivery."""
        from kandinsky_studio.storage.models.transfer import in_units

        share = delivery.done / max(delivery.total, 1)
        if self._json:
            values = {name: getattr(delivery, name) for name in ("done", "total", "file", "speed", "seconds_left")}
            self._seldom(lambda: self.report.told("progress", values, ""), delivery.done == delivery.total)
            return
        left = f", {delivery.seconds_left / 60:.0f} min left" if delivery.seconds_left else ""
        state = (
            f"waiting {delivery.waiting:.0f} s" if delivery.waiting else f"{in_units(round(delivery.speed))}/s{left}"
        )
        self._show(share, f"{in_units(delivery.done)} of {in_units(delivery.total)}, {state}  {delivery.file}")

    def fraction(self, share: float, doing: str) -> None:
        """Tell how much of something is done."""
        if self._json:
            self._seldom(lambda: self.report.told("progress", {"fraction": share}, ""), share >= 1)
        else:
            self._show(share, doing)

    def _show(self, share: float, text: str) -> None:
        if not self._alive:
            self._seldom(lambda: sys.stderr.write(f"{share:4.0%}  {text}\n"), False, 5.0)
            return
        width = 24
        bar = "█" * round(share * width) + "░" * (width - round(share * width))
        columns = shutil.get_terminal_size().columns - 1
        line = f"{bar} {share:4.0%}  {text}"[:columns]
        self._seldom(lambda: self.report.line(line), False, 0.1)

    def _seldom(self, tell: Callable[[], object], now: bool, apart: float = 0.5) -> None:
        if now or time.monotonic() - self._last >= apart:
            self._last = time.monotonic()
            tell()


def _duration(seconds: float) -> str:
    if seconds < 9.5:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
