"""What waits for the engine's thread, in the order in which it is done. Knows no thread and no engine: only whose turn it is.

Errands go first, then jobs in their order unless they pause, then a model to load ahead of time, then giving memory back.
Everything here may be called from any thread.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from kandinsky_studio.app.errand import Errand
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.engine.tier import Tier


@dataclass(frozen=True, eq=False)
class Job:
    """A request in the queue, and how it is to be made."""

    id: int
    request: GenerationRequest
    tier: Tier = Tier.resident  # no more of the model stays in memory than this says


@dataclass(frozen=True)
class Warming:
    """A model to load when nothing else is to be done."""

    model: str


@dataclass(frozen=True)
class Freeing:
    """Memory to give back when nothing else is to be done."""


Work = Job | Errand | Warming | Freeing


class WorkQueue:
    """One thing runs, the others wait. :meth:`next` is for the thread that does them, the rest for all others."""

    def __init__(self) -> None:
        self._wake = threading.Condition()  # guards everything below
        self._jobs: deque[Job] = deque()
        self._errands: deque[Errand] = deque()
        self._running: Job | Errand | None = None
        self._unwanted = False  # whether that one is to stop
        self._warm: str | None = None
        self._free = False
        self._paused = False
        self._held: set[int] = set()  # jobs that pause while others go on
        self._closing = False

    def add(self, job: Job, held: bool = False) -> None:
        """Put ``job`` at the end. One that is ``held`` waits until :meth:`release`."""
        with self._wake:
            self._jobs.append(job)
            if held:
                self._held.add(job.id)
            self._wake.notify()

    def withdraw(self, job_id: int) -> bool:
        """Take a job that waits out, or say to the one that runs that it is to stop; whether it had been waiting."""
        with self._wake:
            waiting = next((job for job in self._jobs if job.id == job_id), None)
            if waiting is not None:
                self._jobs.remove(waiting)
            elif isinstance(self._running, Job) and self._running.id == job_id:
                self._unwanted = True
        return waiting is not None

    def reorder(self, job_ids: Sequence[int]) -> None:
        """Let the jobs that wait go in the order of ``job_ids``; those that it doesn't name come behind, as they were."""
        with self._wake:
            place = {job_id: number for number, job_id in enumerate(job_ids)}
            self._jobs = deque(sorted(self._jobs, key=lambda job: place.get(job.id, len(place))))

    def pause(self, paused: bool) -> None:
        """Whether no other job is to start. The one that runs goes on, and errands are done as ever."""
        with self._wake:
            self._paused = paused
            self._wake.notify()

    def release(self) -> None:
        """Let the jobs that were held have their turn."""
        with self._wake:
            self._held.clear()
            self._wake.notify()

    def ask(self, errand: Errand) -> list[Errand]:
        """Put ``errand`` before the jobs, in place of those that wait with its topic, which are returned."""
        with self._wake:
            replaced = self._take_out(errand.topic)
            if errand.interrupts:
                self._stop(errand.topic)
            self._errands.append(errand)
            self._wake.notify()
        return replaced

    def forget(self, topic: str) -> list[Errand]:
        """Take the errands of ``topic`` that wait out, and return them; the one that runs is to stop."""
        with self._wake:
            self._stop(topic)
            return self._take_out(topic)

    def warm_up(self, model: str) -> None:
        """Load ``model`` when nothing else is to be done, in place of one that was asked for earlier."""
        with self._wake:
            self._warm = model
            self._wake.notify()

    def free(self) -> None:
        """Give memory back when nothing else is to be done."""
        with self._wake:
            self._free = True
            self._wake.notify()

    def close(self) -> tuple[list[Job], list[Errand]]:
        """Let nothing start any more, and what runs stop; what had been waiting."""
        with self._wake:
            self._closing = True
            jobs, errands = list(self._jobs), list(self._errands)
            self._jobs.clear()
            self._errands.clear()
            self._wake.notify()
        return jobs, errands

    def next(self) -> Work | None:
        """Wait for something to do; it runs from now on. None once the queue is closed."""
        with self._wake:
            while not (self._closing or self._errands or self._due or self._warm is not None or self._free):
                self._wake.wait()
            self._running, self._unwanted = None, False
            if self._closing:
                return None
            if self._errands:
                self._running = self._errands.popleft()
                return self._running
            if (due := next(iter(self._due), None)) is not None:
                self._jobs.remove(due)
                self._running = due
                return self._running
            if self._warm is not None:
                model, self._warm = self._warm, None
                return Warming(model)
            self._free = False
            return Freeing()

    def done(self) -> bool:
        """What ran does so no more; whether it had been said that it was to stop."""
        with self._wake:
            unwanted, self._running, self._unwanted = self._unwanted, None, False
        return unwanted

    @property
    def stops(self) -> bool:
        """Whether what runs is to stop."""
        with self._wake:
            return self._closing or self._unwanted

    def gives_way(self, model: str) -> bool:
        """Whether loading ``model`` ahead of time is to stop: for another one, or for work with another one."""
        with self._wake:
            waiting = [*(job.request.model for job in self._due), *(errand.model for errand in self._errands)]
            return self._closing or self._warm is not None or any(other != model for other in waiting)

    @property
    def _due(self) -> list[Job]:
        return [] if self._paused else [job for job in self._jobs if job.id not in self._held]

    def _take_out(self, topic: str) -> list[Errand]:
        taken = [waiting for waiting in self._errands if waiting.topic == topic]
        self._errands = deque(waiting for waiting in self._errands if waiting.topic != topic)
        return taken

    def _stop(self, topic: str) -> None:
        if isinstance(self._running, Errand) and self._running.topic == topic:
            self._unwanted = True
