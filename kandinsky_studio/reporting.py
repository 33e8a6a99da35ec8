"""What the commands say while they work: for people on two streams, for machines as lines of JSON."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

from kandinsky_studio.engine.request import GenerationResult, Progress, Stage

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


def _duration(seconds: float) -> str:
    if seconds < 9.5:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
