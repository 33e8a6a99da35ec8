"""How far a job is, as one fraction that never goes back, and how long the rest will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from kandinsky_studio.engine.request import Pixels, Progress, Stage

OnProgress = Callable[[Progress], None]

TYPICAL_PACE: Mapping[Stage, float] = {
    Stage.loading: 0.15,
    Stage.encoding: 0.05,
    Stage.prior: 0.01,
    Stage.decoder: 0.05,
    Stage.decoding: 0.1,
}
"""Seconds per step before anything was measured: of a part that is loaded, of something that is looked at, of a
sampling step, of a picture."""

_MEMORY = 0.7  # share of the old pace when a new step is measured


class Meter:
    """Counts the steps of one job and reports each.

    ``steps`` is how many steps each stage has per picture (``loading``: in the whole job). ``pace``, seconds per
    step, is read for the estimate and improved by what is measured, so that the next job estimates better. Unless it
    is ``watched``, nobody looks at what is reported, and nothing need be drawn for it.
    """

    def __init__(
        self,
        steps: Mapping[Stage, int],
        pictures: int,
        pace: dict[Stage, float],
        on_progress: OnProgress,
        watched: bool = True,
    ) -> None:
        self.watched = watched
        self._steps = dict(steps)
        self._pictures = pictures
        self._pace = pace
        self._cost = dict(pace)  # held for the job: a fraction must not jump when the pace is corrected
        self._report = on_progress
        self._total = {s: n if s is Stage.loading else n * pictures for s, n in self._steps.items()}
        self._done = dict.fromkeys(self._steps, 0)
        self._fraction = 0.0
        self._stepped_at = time.perf_counter()
        self._measured: set[Stage] = set()
        self._parts = 0
        self._stepped_down = False

    def loaded(self, part: str) -> None:
        """Report that one more part of the model is loaded."""
        self._parts += 1
        self.step(Stage.loading, 0, self._parts)

    def stepped_down(self) -> None:
        """Report with the next step, and from then on, that less of the model is kept in memory."""
        self._stepped_down = True

    def step(self, stage: Stage, picture: int, step: int, preview: Pixels | None = None, together: int = 1) -> None:
        """Report that ``step`` steps of ``stage`` are done for ``picture``, the first of ``together`` pictures that
        are made at once. What the receiver raises passes through."""
        now = time.perf_counter()
        if step:
            self._measure(stage, (now - self._stepped_at) / together)
        self.skip(stage, picture, step * together)
        progress = Progress(
            stage=stage,
            step=step,
            total_steps=max(self._steps[stage], step),
            picture=picture,
            pictures=self._pictures,
            fraction=self._fraction,
            seconds_left=self._seconds_left() if Stage.decoder in self._measured else None,
            preview=preview,
            stepped_down=self._stepped_down,
        )
        self._report(progress)
        self._stepped_at = time.perf_counter()

    def skip(self, stage: Stage, picture: int, step: int) -> None:
        """Count ``step`` steps as done without a report: they were computed earlier."""
        before = 0 if stage is Stage.loading else picture * self._steps[stage]
        self._done[stage] = min(max(self._done[stage], before + step), self._total[stage])
        whole = sum(self._total[s] * self._cost[s] for s in self._total)
        done = sum(self._done[s] * self._cost[s] for s in self._total)
        self._fraction = max(self._fraction, min(done / whole, 1.0) if whole else 1.0)

    def _measure(self, stage: Stage, seconds: float) -> None:
        """Correct the pace: replaced by a job's first step, whose size may be another, and smoothed by the next."""
        old = self._pace[stage] if stage in self._measured else seconds
        self._pace[stage] = _MEMORY * old + (1 - _MEMORY) * seconds
        self._measured.add(stage)

    def _seconds_left(self) -> float:
        return sum((self._total[s] - self._done[s]) * self._pace[s] for s in self._total)
