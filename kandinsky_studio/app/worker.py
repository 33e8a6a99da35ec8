"""The engine's thread: it alone imports torch, owns the loaded model, samples and frees.

What waits for it is in a :class:`WorkQueue`. What the thread has to say is handed over to the thread of the window first, and all signals are
emitted there: a slot that is no QObject's could be gone when a signal from another thread arrives. Loading a model
ahead of time (warming up) gives way to jobs of another model. Seeds travel inside the request, never as a signal's int
(which Qt cuts to 32 bits with a sign).
"""

from __future__ import annotations

import enum
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal, Slot

from kandinsky_studio import runtime
from kandinsky_studio.app.errand import Errand, Reports
from kandinsky_studio.app.messages import described
from kandinsky_studio.app.work_queue import Job as Job
from kandinsky_studio.app.work_queue import Warming, WorkQueue
from kandinsky_studio.document.giving_way import give_way
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Progress, Stage
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.engine.tier import Tier
from kandinsky_studio.errors import Cancelled, EngineFailed, OutOfMemory, StudioError

log = logging.getLogger(__name__)

PATIENCE = 30.0  # seconds that closing waits for what runs
PROGRESS_INTERVAL = 0.04  # seconds; a tiny model steps faster than a screen needs to hear of it


class EngineLike(Protocol):
    """What the thread needs of :class:`kandinsky_studio.engine.engine.Engine`; the tests bring their own."""

    @property
    def device(self) -> object: ...

    def load(self, model: str, on_progress: Callable[[Progress], None] = ...) -> ModelSpec: ...

    def generate(
        self,
        request: GenerationRequest,
        *,
        tier: Tier = ...,
        on_progress: Callable[[Progress], None] = ...,
        on_result: Callable[[GenerationResult], None] = ...,
    ) -> list[GenerationResult]: ...

    def free(self) -> None: ...


def open_engine() -> EngineLike:
    """The real engine; importing it imports torch, so this runs in the engine's thread."""
    runtime.check_there()
    from kandinsky_studio.engine.engine import Engine

    return Engine()


class ModelStage(enum.Enum):
    """What the thread does with a model."""

    starting = "starting"  # torch is being imported
    loading = "loading"
    ready = "ready"
    failed = "failed"
    freed = "freed"


@dataclass(frozen=True)
class ModelState:
    """For the status bar. ``fraction`` (0…1) is of the loading, ``device`` empty until the engine is there."""

    stage: ModelStage
    model: str
    device: str = ""
    fraction: float = 0.0


class _Thread(QThread):
    """Runs ``serve`` until it returns."""

    def __init__(self, serve: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName("engine")
        self._serve = serve

    def run(self) -> None:
        give_way()
        self._serve()


class EngineWorker(QObject):
    """The thread that works a queue off. All methods return at once, but :meth:`close`.

    ``keep`` is called in the engine's thread with each finished picture, so that a busy window can't hold up saving it.
    ``opening_patience`` is how many seconds closing waits while torch is being imported, which nothing can interrupt.
    """

    started = Signal(int)  # job id
    progressed = Signal(int, object)  # job id, Progress
    picture_made = Signal(int, object)  # job id, GenerationResult
    finished = Signal(int)  # job id
    failed = Signal(int, object)  # job id, StudioError
    cancelled = Signal(int)  # job id
    model_state = Signal(object)  # ModelState
    model_failed = Signal(object)  # StudioError, of a model loaded ahead of time

    _news = Signal(object)  # a function that emits one of the signals above

    def __init__(
        self,
        open_engine: Callable[[], EngineLike] = open_engine,
        keep: Callable[[GenerationResult], None] = lambda _: None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._keep = keep
        self._news.connect(self._announce)
        self._open_engine = open_engine
        self._engine: EngineLike | None = None
        self._opening = False
        self.opening_patience = PATIENCE
        self._queue = WorkQueue()
        self._thread = _Thread(self._serve, self)

    def start(self) -> None:
        """Start the thread. It imports nothing until there is something to do."""
        self._thread.start()

    def submit(self, job: Job, held: bool = False) -> None:
        """Put ``job`` at the end of the queue. One that is ``held`` waits until :meth:`release`."""
        self._queue.add(job, held)

    def release(self) -> None:
        """Let the jobs that were held have their turn."""
        self._queue.release()

    def cancel(self, job_id: int) -> None:
        """Take a queued job out of the queue, or make a running one stop at its next step."""
        if self._queue.withdraw(job_id):
            self.cancelled.emit(job_id)

    def reorder(self, job_ids: Sequence[int]) -> None:
        """Let the jobs that wait go in this order; those that it doesn't name come behind."""
        self._queue.reorder(job_ids)

    def pause(self, paused: bool) -> None:
        """Whether no other job is to start; the one that runs goes on."""
        self._queue.pause(paused)

    def ask(self, errand: Errand) -> None:
        """Do ``errand`` before the jobs that wait; one that waits with the same topic is dropped."""
        for replaced in self._queue.ask(errand):
            replaced.dropped()

    def forget(self, topic: str) -> None:
        """Drop the errand of ``topic`` that waits, and make one that runs stop at its next step."""
        for forgotten in self._queue.forget(topic):
            forgotten.dropped()

    def warm_up(self, model: str) -> None:
        """Load ``model`` when nothing else is to be done; a model asked for earlier and not yet loaded is dropped."""
        self._queue.warm_up(model)

    def free(self) -> None:
        """Give the memory of the loaded model back once the queue is empty."""
        self._queue.free()

    def close(self, timeout: float = PATIENCE) -> bool:
        """Cancel everything and end the thread; False if it is still busy after ``timeout`` seconds.

        A running job ends at its next step. Importing torch can't be interrupted, so that is waited for, though no longer
        than :attr:`opening_patience`.
        """
        jobs, errands = self._queue.close()
        for errand in errands:
            errand.dropped()
        for job in jobs:
            self.cancelled.emit(job.id)
        patience = min(timeout, self.opening_patience) if self._opening else timeout
        ended = bool(self._thread.wait(round(patience * 1000)))
        QCoreApplication.sendPostedEvents(self)
        return ended

    @Slot(object)
    def _announce(self, emit: Callable[[], None]) -> None:
        emit()

    # ---------------------------------------------------------------- in the engine's thread from here on

    def _serve(self) -> None:
        while (work := self._queue.next()) is not None:
            if isinstance(work, Errand):
                self._run_errand(work)
            elif isinstance(work, Job):
                self._run(work)
            elif isinstance(work, Warming):
                self._load_ahead(work.model)
            else:
                self._give_memory_back()
        self._give_memory_back()

    def _run(self, job: Job) -> None:
        self._news.emit(lambda: self.started.emit(job.id))
        throttled = _Throttle()
        model, stage = job.request.model, ModelStage.freed

        def on_progress(progress: Progress) -> None:
            nonlocal stage
            self._check_wanted()
            if progress.stage is not Stage.loading and stage is not ModelStage.ready:
                stage = ModelStage.ready
                self._tell(stage, model, 1.0)
            if throttled.lets_through(progress):
                self._news.emit(lambda: self.progressed.emit(job.id, progress))

        def on_result(result: GenerationResult) -> None:
            # In this order, so that the window knows the picture by the time it hears that it was saved.
            self._news.emit(lambda: self.picture_made.emit(job.id, result))
            self._keep(result)

        try:
            engine = self._open(model)
            self._tell(ModelStage.loading, model)
            engine.generate(job.request, tier=job.tier, on_progress=on_progress, on_result=on_result)
        except Cancelled:
            self._queue.done()
            self._tell(stage, model)
            self._news.emit(lambda: self.cancelled.emit(job.id))
        except Exception as error:  # noqa: BLE001  the thread must outlive every failure of a job
            self._queue.done()
            self._tell(stage if stage is ModelStage.ready else ModelStage.failed, model)
            shown = self._as_studio_error(error)
            self._news.emit(lambda: self.failed.emit(job.id, shown))
        else:
            self._queue.done()
            self._news.emit(lambda: self.finished.emit(job.id))

    def _run_errand(self, errand: Errand) -> None:
        stage: ModelStage | None = None  # of the model, as far as this errand told of it
        throttled = _Throttle()

        def on_progress(progress: Progress) -> None:
            nonlocal stage
            self._check_wanted()
            if progress.stage is Stage.loading:
                stage = ModelStage.loading
                self._tell(stage, errand.model, progress.fraction)
            elif stage is ModelStage.loading:
                stage = ModelStage.ready
                self._tell(stage, errand.model, 1.0)
            if throttled.lets_through(progress):
                self._news.emit(lambda: errand.progress(progress))

        def on_part(value: object) -> None:
            self._check_wanted()
            self._news.emit(lambda: errand.part(value))

        try:
            if self._engine is None:
                stage = ModelStage.loading
            value = errand.do(self._open(errand.model), Reports(on_progress, on_part))
            self._check_wanted()
        except Cancelled:
            outcome = errand.dropped
        except Exception as error:  # noqa: BLE001  the thread must outlive every failure of an errand
            shown = self._as_studio_error(error)

            def outcome() -> None:
                errand.failed(shown)
        else:

            def outcome() -> None:
                errand.done(value)

        unwanted = self._queue.done()
        if stage is ModelStage.loading:
            self._tell(ModelStage.freed, errand.model)
        self._news.emit(errand.dropped if unwanted else outcome)

    def _load_ahead(self, model: str) -> None:
        def on_progress(progress: Progress) -> None:
            if self._queue.gives_way(model):
                raise Cancelled
            if throttled.lets_through(progress):
                self._tell(ModelStage.loading, model, progress.fraction)

        throttled = _Throttle()
        try:
            engine = self._open(model)
            self._tell(ModelStage.loading, model)
            engine.load(model, on_progress=on_progress)
        except Cancelled:
            self._tell(ModelStage.freed, model)
        except Exception as error:  # noqa: BLE001  a model that can't be loaded must not take the thread with it
            self._tell(ModelStage.failed, model)
            shown = self._as_studio_error(error)
            self._news.emit(lambda: self.model_failed.emit(shown))
        else:
            self._tell(ModelStage.ready, model, 1.0)

    def _open(self, model: str) -> EngineLike:
        if self._engine is None:
            self._tell(ModelStage.starting, model)
            self._opening = True
            try:
                self._engine = self._open_engine()
            finally:
                self._opening = False
            self._check_wanted()
        return self._engine

    def _tell(self, stage: ModelStage, model: str, fraction: float = 0.0) -> None:
        device = "" if self._engine is None else str(self._engine.device)
        state = ModelState(stage, model, device, fraction)
        self._news.emit(lambda: self.model_state.emit(state))

    def _give_memory_back(self) -> None:
        if self._engine is None:
            return
        try:
            self._engine.free()
        except Exception:
            log.exception("the engine did not free its memory")
        self._tell(ModelStage.freed, "")

    def _check_wanted(self) -> None:
        if self._queue.stops:
            raise Cancelled

    def _as_studio_error(self, error: Exception) -> StudioError:
        if isinstance(error, StudioError):
            return described(error)
        foreseen: StudioError
        if isinstance(error, MemoryError):
            foreseen = OutOfMemory(device=str(self._engine.device) if self._engine else "cpu")
        else:
            reason = str(error).strip().splitlines()
            foreseen = EngineFailed(reason=(reason[0] if reason else type(error).__name__).rstrip("."))
        foreseen.__cause__ = error
        return described(foreseen)


class _Throttle:
    """Lets progress through when it is new enough to be worth a repaint."""

    def __init__(self) -> None:
        self._last = 0.0
        self._stage: object = None

    def lets_through(self, progress: Progress) -> bool:
        now = time.monotonic()
        turning = (progress.stage, progress.picture)
        if turning == self._stage and now - self._last < PROGRESS_INTERVAL and progress.step < progress.total_steps:
            return False
        self._last, self._stage = now, turning
        return True
