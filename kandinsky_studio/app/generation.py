"""What is being chosen, and the jobs that come of it.

``GenerationSettings`` is what the prompt panel shows and changes; :meth:`Generation.generate` freezes it into a
:class:`GenerationRequest`, which is all that travels further.
"""

from __future__ import annotations

import contextlib
import dataclasses
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from kandinsky_studio.app.messages import Action, Messages
from kandinsky_studio.app.worker import EngineWorker, Job
from kandinsky_studio.engine.request import MAX_SEED, GenerationRequest, GenerationResult, Progress, Task
from kandinsky_studio.engine.spec import Limits, ModelSpec
from kandinsky_studio.engine.tier import Tier
from kandinsky_studio.errors import StudioError

SEED_FIELDS = ("prior_seed", "seed")
_SETTINGS = (
    "prompt",
    "negative_prompt",
    "model",
    "width",
    "height",
    "num_inference_steps",
    "guidance_scale",
    "prior_num_inference_steps",
    "prior_guidance_scale",
    "strength",
    "scheduler",
    "prior_scheduler",
    "controlnet_conditioning_scale",
    "control_guidance_start",
    "control_guidance_end",
)
_FILLING = (
    "mask_grow",
    "mask_feather",
    "context_padding",
    "fill",
    "match_colours",
)  # of how it is filled on the canvas, not of a picture
LOCKS = {"prior_seed": "prior_seed_locked", "seed": "seed_locked"}


def random_seed() -> int:
    """A seed nobody chose, 0…2**32-1."""
    return random.randint(0, MAX_SEED)


class GenerationSettings(QObject):
    """The choices for the next picture. ``changed`` names the field that has another value now.

    Fields are those of :class:`GenerationRequest`, and two locks: a locked seed stays when the next job starts and is
    the same for all pictures of a job; an open one is drawn anew.
    """

    changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._request = GenerationRequest(prompt="")
        self._locks = dict.fromkeys(LOCKS.values(), False)

    @property
    def values(self) -> GenerationRequest:
        """The choices as they are typed: :meth:`request` is what they come to."""
        return self._request

    @property
    def prior_seed_locked(self) -> bool:
        return self._locks["prior_seed_locked"]

    @property
    def seed_locked(self) -> bool:
        return self._locks["seed_locked"]

    def set(self, **values: Any) -> None:
        """Change some fields and tell of those that differ."""
        locks = {name: bool(values.pop(name)) for name in list(values) if name in self._locks}
        before, locks_before = self._request, dict(self._locks)
        self._request = dataclasses.replace(before, **values)
        self._locks.update(locks)
        for name in values:
            if getattr(before, name) != getattr(self._request, name):
                self.changed.emit(name)
        for name in locks:
            if locks_before[name] != self._locks[name]:
                self.changed.emit(name)

    @property
    def all_alike(self) -> bool:
        """Both seeds are locked: several pictures of one job would be the same one."""
        return all(self._locks.values())

    def request(self) -> GenerationRequest:
        """The choices as they stand, frozen."""
        alike = self.all_alike
        return dataclasses.replace(
            self._request,
            prompt=self._request.prompt.strip(),
            negative_prompt=self._request.negative_prompt.strip(),
            num_images_per_prompt=1 if alike else self._request.num_images_per_prompt,
            vary_idea=not self._locks["prior_seed_locked"],
            vary_rendering=not self._locks["seed_locked"],
        )

    def draw_seeds(self) -> None:
        """Draw the seeds that are not locked."""
        self.set(**{name: random_seed() for name in SEED_FIELDS if not self._locks[LOCKS[name]]})

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Both seeds as if they were locked: what is frozen meanwhile is one picture, with the seeds as they are."""
        locks, self._locks = self._locks, dict.fromkeys(LOCKS.values(), True)
        try:
            yield
        finally:
            self._locks = locks

    def use_settings(self, request: GenerationRequest) -> None:
        """Take everything from ``request`` that the window can show, but its seeds and their locks; the count stays.

        Of a picture that was made from another one, the words and numbers.
        """
        self.set(**{name: getattr(request, name) for name in _SETTINGS})

    def use_seeds(self, request: GenerationRequest) -> None:
        """Take both seeds from ``request`` and lock them, so that the next job keeps them."""
        self.set(prior_seed=request.prior_seed, seed=request.seed, prior_seed_locked=True, seed_locked=True)

    def choose_model(self, spec: ModelSpec, before: ModelSpec | None = None) -> None:
        """Change to the model ``spec``.

        What was left at the default of the model ``before``, or does not fit the new one, becomes the new default.
        """
        new, old = defaults(spec), defaults(before) if before else {}
        limits = limits_of(spec)
        stay = {
            name
            for name in new
            if getattr(self._request, name) != old.get(name) and getattr(self._request, name) in limits[name]
        }
        scheduler = self._request.scheduler if self._request.scheduler in spec.schedulers else spec.schedulers[0]
        fresh = {name: value for name, value in new.items() if name not in stay}
        self.set(model=spec.key, scheduler=scheduler, **fresh)

    def restore(self, request: GenerationRequest, prior_seed_locked: bool, seed_locked: bool) -> None:
        """Take back what was chosen when the program ran last."""
        names = (*_SETTINGS, *SEED_FIELDS, "num_images_per_prompt", "vary_idea", "vary_rendering", *_FILLING)
        self.set(**{name: getattr(request, name) for name in names})
        self.set(prior_seed_locked=prior_seed_locked, seed_locked=seed_locked)


def limits_of(spec: ModelSpec) -> dict[str, Limits[int] | Limits[float]]:
    """The range of each number that a model has a say in, by the name of its field."""
    return {
        "width": spec.size,
        "height": spec.size,
        "num_inference_steps": spec.num_inference_steps,
        "guidance_scale": spec.guidance_scale,
        "prior_num_inference_steps": spec.prior_num_inference_steps,
        "prior_guidance_scale": spec.prior_guidance_scale,
    }


def defaults(spec: ModelSpec) -> dict[str, int | float]:
    """The values a model starts with; width and height are what it was trained at."""
    values = {name: limits.default for name, limits in limits_of(spec).items()}
    return {**values, "width": spec.native_size, "height": spec.native_size}


class Generation(QObject):
    """The jobs: one runs, the others wait. Results and progress of every job pass through here."""

    submitted = Signal(int)  # job id
    started = Signal(int)  # job id
    progressed = Signal(int, object)  # job id, Progress
    picture_made = Signal(int, object)  # job id, GenerationResult
    ended = Signal(int)  # job id, however it ended
    queue_changed = Signal()
    retried = Signal(int, int)  # the id of a job that is over, and of the one that makes what is left of it
    mix_changed = Signal()  # what is mixed, or whether

    def __init__(
        self,
        settings: GenerationSettings,
        worker: EngineWorker,
        messages: Messages,
        check: Callable[[GenerationRequest], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.settings = settings
        self._worker = worker
        self._messages = messages
        self._check = check
        self.worded: Callable[[GenerationRequest], GenerationRequest] = lambda request: request  # puts sent words in
        self.mixes: Callable[[], bool] = lambda: False  # whether the next picture is made from a mix
        self.complete: Callable[[GenerationRequest], GenerationRequest] = lambda request: request  # puts the mix in
        self.remedies: Callable[[int], tuple[Action, ...]] = lambda _: ()  # what can be done when a job failed
        self._jobs: dict[int, Job] = {}  # queued and running, in order
        self._held: set[int] = set()  # of those, the ones that wait until :meth:`go_on`
        self._paused = False
        self._current: int | None = None
        self._stepped_down: int | None = None  # the last job of which it was said that memory ran out
        self._next_id = 1
        worker.started.connect(self._on_started)
        worker.progressed.connect(self._on_progressed)
        worker.picture_made.connect(self._on_picture_made)
        worker.finished.connect(self._on_ended)
        worker.cancelled.connect(self._on_ended)
        worker.failed.connect(self._on_failed)

    @property
    def current(self) -> int | None:
        """The id of the running job."""
        return self._current

    @property
    def busy(self) -> bool:
        """Whether a job runs, or waits for nothing but its turn."""
        return self._current is not None or (not self._paused and any(job not in self._held for job in self._jobs))

    @property
    def order(self) -> list[int]:
        """The ids of the jobs that run or wait, in their order."""
        return list(self._jobs)

    @property
    def paused(self) -> bool:
        """Whether jobs wait for :meth:`go_on`."""
        return self._paused or bool(self._held)

    def holds(self, job_id: int) -> bool:
        """Whether a job waits for :meth:`go_on`."""
        return job_id != self._current and (self._paused or job_id in self._held)

    @property
    def starts_nothing(self) -> bool:
        """Whether a new job would wait for :meth:`go_on` too."""
        return self._paused

    @property
    def waiting(self) -> int:
        """How many jobs wait behind the running one."""
        return len(self._jobs) - (self._current is not None)

    def request_of(self, job_id: int) -> GenerationRequest | None:
        """The request of a job that runs or waits."""
        job = self._jobs.get(job_id)
        return None if job is None else job.request

    def job(self, job_id: int) -> Job | None:
        """A job that runs or waits."""
        return self._jobs.get(job_id)

    @property
    def outline(self) -> GenerationRequest:
        """The choices as they are typed, and whether they are to mix; without what the mix is made of."""
        values = self.settings.values
        return dataclasses.replace(values, task=Task.mix) if self.mixes() else values

    def request(self) -> GenerationRequest:
        """The choices as they stand and the mix, frozen. Raises ``StudioError`` if something of the mix is gone."""
        return self.complete(self.settings.request())

    def generate(self) -> int | None:
        """Freeze the settings into a request and queue it; its job id, or None if the request was refused."""
        self.settings.draw_seeds()
        try:
            request = self.request()
        except StudioError as error:
            self._messages.error(error)
            return None
        return self.submit(request)

    def submit(self, request: GenerationRequest, tier: Tier = Tier.resident, held: bool = False) -> int | None:
        """Queue a request; its job id, or None, and a message, if it was refused.

        No more of the model stays in memory than ``tier`` says. A job that is ``held`` waits until :meth:`go_on`.
        """
        try:
            self._check(request)
        except StudioError as error:
            self._messages.error(error)
            return None
        job = Job(self._next_id, request, tier)
        self._next_id += 1
        self._jobs[job.id] = job
        if held:
            self._held.add(job.id)
        self.submitted.emit(job.id)
        self._worker.submit(job, held)
        self.queue_changed.emit()
        return job.id

    def cancel(self) -> None:
        """Cancel the running job, or the next one if none has started yet."""
        due = (job_id for job_id in self._jobs if not self._paused and job_id not in self._held)
        job_id = self._current if self._current is not None else next(due, None)
        if job_id is not None:
            self._worker.cancel(job_id)

    def cancel_job(self, job_id: int) -> None:
        """Cancel a job that runs or waits."""
        self._worker.cancel(job_id)

    def cancel_all(self) -> None:
        """Cancel the running job and empty the queue."""
        for job_id in reversed(list(self._jobs)):
            self._worker.cancel(job_id)

    def reorder(self, job_ids: Sequence[int]) -> None:
        """Let the jobs that wait go in this order; those that it doesn't name come behind."""
        place = {job_id: number for number, job_id in enumerate(job_ids)}
        ordered = sorted(self._jobs, key=lambda job_id: place.get(job_id, len(place)))
        self._jobs = {job_id: self._jobs[job_id] for job_id in ordered}
        self._worker.reorder(ordered)
        self.queue_changed.emit()

    def pause(self) -> None:
        """Let no other job start; the one that runs goes on."""
        self._paused = True
        self._worker.pause(True)
        self.queue_changed.emit()

    def go_on(self) -> None:
        """Let the jobs that wait have their turn."""
        self._paused = False
        self._held.clear()
        self._worker.pause(False)
        self._worker.release()
        self.queue_changed.emit()

    @Slot(int)
    def _on_started(self, job_id: int) -> None:
        self._current = job_id
        self._held.discard(job_id)
        self.started.emit(job_id)
        self.queue_changed.emit()

    @Slot(int, object)
    def _on_progressed(self, job_id: int, progress: Progress) -> None:
        if job_id not in self._jobs:
            return
        if progress.stepped_down and self._stepped_down != job_id:
            self._stepped_down = job_id
            self._messages.note(self.tr("Memory ran out, so less of the model stays in it; pictures take longer."))
        self.progressed.emit(job_id, progress)

    @Slot(int, object)
    def _on_picture_made(self, job_id: int, result: GenerationResult) -> None:
        self.picture_made.emit(job_id, result)

    @Slot(int, object)
    def _on_failed(self, job_id: int, error: StudioError) -> None:
        self._messages.error(error, *self.remedies(job_id), passing=True)
        self._on_ended(job_id)

    @Slot(int)
    def _on_ended(self, job_id: int) -> None:
        self._jobs.pop(job_id, None)
        self._held.discard(job_id)
        if self._current == job_id:
            self._current = None
        self.ended.emit(job_id)
        self.queue_changed.emit()
