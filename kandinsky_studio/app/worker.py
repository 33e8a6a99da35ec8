"""The engine's thread: it alone imports torch, owns the loaded model, samples and frees.

Jobs wait in one queue. What the thread has to say is handed over to the thread of the window first, and all signals are
emitted there: a slot that is no QObject's could be gone when a signal from another thread arrives. Errands go before
the jobs that wait. Loading a model ahead of time (warming up) gives way to jobs of another model. Seeds travel inside the
request, never as a signal's int (which Qt cuts to 32 bits with a sign).
"""

from __future__ import annotations

import contextlib
import enum
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal, Slot

from kandinsky_studio.app.errand import Errand, Reports
from kandinsky_studio.app.messages import described
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Progress, Stage
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.errors import Cancelled, EngineFailed, OutOfMemory, StudioError

log = logging.getLogger(__name__)

NICE = 10  # of the engine's thread: a stroke goes before it, and when nobody paints it has everything
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
        on_progress: Callable[[Progress], None] = ...,
        on_result: Callable[[GenerationResult], None] = ...,
    ) -> list[GenerationResult]: ...

    def free(self) -> None: ...


def open_engine() -> EngineLike:
    """The real engine; importing it imports torch, so this runs in the engine's thread."""
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


@dataclass(frozen=True, eq=False)
class Job:
    """A request in the queue."""

    id: int
    request: GenerationRequest


class _Thread(QThread):
    """Runs ``serve`` until it returns."""

    def __init__(self, serve: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName("engine")
        self._serve = serve

    def run(self) -> None:
        give_way()
        self._serve()


def give_way() -> None:
    """Let this thread, and those it will start, have what processor time the pen leaves.

    On Linux a thread has a nice value of its own, which torch's threads inherit. Elsewhere Qt knows how.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, max(NICE, os.getpriority(os.PRIO_PROCESS, thread)))
    else:
        QThread.currentThread().setPriority(QThread.Priority.LowPriority)


class EngineWorker(QObject):
    """The queue of jobs and the thread that works it off. All methods return at once, but :meth:`close`.

    ``keep`` is called in the engine's thread with each finished picture, so that a busy window can't hold up saving it.
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
        self._wake = threading.Condition()  # guards everything below
        self._jobs: deque[Job] = deque()
        self._errands: deque[Errand] = deque()
        self._errand: Errand | None = None  # the one that runs
        self._unwanted = False  # whether that one is to stop
        self._running: int | None = None
        self._cancelled: set[int] = set()
        self._warm: str | None = None
        self._free = False
        self._closing = False
        self._thread = _Thread(self._serve, self)

    def start(self) -> None:
        """Start the thread. It imports nothing until there is something to do."""
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Put ``job`` at the end of the queue."""
        with self._wake:
            self._jobs.append(job)
            self._wake.notify()

    def cancel(self, job_id: int) -> None:
        """Take a queued job out of the queue, or make a running one stop at its next step."""
        with self._wake:
            waiting = next((job for job in self._jobs if job.id == job_id), None)
            if waiting is not None:
                self._jobs.remove(waiting)
            elif self._running == job_id:
                self._cancelled.add(job_id)
        if waiting is not None:
            self.cancelled.emit(job_id)

    def ask(self, errand: Errand) -> None:
        """Do ``errand`` before the jobs that wait; one that waits with the same topic is dropped."""
        with self._wake:
            replaced = [waiting for waiting in self._errands if waiting.topic == errand.topic]
            for waiting in replaced:
                self._errands.remove(waiting)
            if errand.interrupts and self._errand is not None and self._errand.topic == errand.topic:
                self._unwanted = True
            self._errands.append(errand)
            self._wake.notify()
        for waiting in replaced:
            waiting.dropped()

    def forget(self, topic: str) -> None:
        """Drop the errand of ``topic`` that waits, and make one that runs stop at its next step."""
        with self._wake:
            dropped = [waiting for waiting in self._errands if waiting.topic == topic]
            for waiting in dropped:
                self._errands.remove(waiting)
            if self._errand is not None and self._errand.topic == topic:
                self._unwanted = True
        for waiting in dropped:
            waiting.dropped()

    def warm_up(self, model: str) -> None:
        """Load ``model`` when nothing else is to be done; a model asked for earlier and not yet loaded is dropped."""
        with self._wake:
            self._warm = model
            self._wake.notify()

    def free(self) -> None:
        """Give the memory of the loaded model back once the queue is empty."""
        with self._wake:
            self._free = True
            self._wake.notify()

    def close(self, timeout: float = 30.0) -> bool:
        """Cancel everything and end the thread; False if it is still busy after ``timeout`` seconds.

        A running job ends at its next step. Importing torch can't be interrupted, so that is waited for.
        """
        with self._wake:
            self._closing = True
            dropped = [job.id for job in self._jobs]
            self._jobs.clear()
            errands = list(self._errands)
            self._errands.clear()
            self._wake.notify()
        for errand in errands:
            errand.dropped()
        for job_id in dropped:
            self.cancelled.emit(job_id)
        ended = bool(self._thread.wait(round(timeout * 1000)))
        QCoreApplication.sendPostedEvents(self)
        return ended

    @Slot(object)
    def _announce(self, emit: Callable[[], None]) -> None:
        emit()

    # ---------------------------------------------------------------- in the engine's thread from here on

    def _serve(self) -> None:
        while True:
            with self._wake:
                while not (self._closing or self._errands or self._jobs or self._warm is not None or self._free):
                    self._wake.wait()
                if self._closing:
                    break
                job, warm = None, None
                errand = self._errand = self._errands.popleft() if self._errands else None
                self._unwanted = False
                if errand is not None:
                    pass
                elif self._jobs:
                    job = self._jobs.popleft()
                    self._running = job.id
                elif self._warm is not None:
                    warm, self._warm = self._warm, None
                else:
                    self._free = False
            if errand is not None:
                self._run_errand(errand)
            elif job is not None:
                self._run(job)
            elif warm is not None:
                self._load_ahead(warm)
            else:
                self._give_memory_back()
        self._give_memory_back()

    def _run(self, job: Job) -> None:
        self._news.emit(lambda: self.started.emit(job.id))
        throttled = _Throttle()
        model, stage = job.request.model, ModelStage.freed

        def on_progress(progress: Progress) -> None:
            nonlocal stage
            with self._wake:
                if self._closing or job.id in self._cancelled:
                    raise Cancelled
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
            engine.generate(job.request, on_progress=on_progress, on_result=on_result)
        except Cancelled:
            self._forget(job)
            self._tell(stage, model)
            self._news.emit(lambda: self.cancelled.emit(job.id))
        except Exception as error:  # noqa: BLE001  the thread must outlive every failure of a job
            self._forget(job)
            self._tell(stage if stage is ModelStage.ready else ModelStage.failed, model)
            shown = self._as_studio_error(error)
            self._news.emit(lambda: self.failed.emit(job.id, shown))
        else:
            self._forget(job)
            self._news.emit(lambda: self.finished.emit(job.id))

    def _run_errand(self, errand: Errand) -> None:
        stage: ModelStage | None = None  # of the model, as far as this errand told of it
        throttled = _Throttle()

        def check_wanted() -> None:
            with self._wake:
                if self._closing or self._unwanted:
                    raise Cancelled

        def on_progress(progress: Progress) -> None:
            nonlocal stage
            check_wanted()
            if progress.stage is Stage.loading:
                stage = ModelStage.loading
                self._tell(stage, errand.model, progress.fraction)
            elif stage is ModelStage.loading:
                stage = ModelStage.ready
                self._tell(stage, errand.model, 1.0)
            if throttled.lets_through(progress):
                self._news.emit(lambda: errand.progress(progress))

        def on_part(value: object) -> None:
            check_wanted()
            self._news.emit(lambda: errand.part(value))

        try:
            if self._engine is None:
                stage = ModelStage.loading
            value = errand.do(self._open(errand.model), Reports(on_progress, on_part))
            check_wanted()
        except Cancelled:
            outcome = errand.dropped
        except Exception as error:  # noqa: BLE001  the thread must outlive every failure of an errand
            shown = self._as_studio_error(error)

            def outcome() -> None:
                errand.failed(shown)
        else:

            def outcome() -> None:
                errand.done(value)

        with self._wake:
            unwanted, self._errand = self._unwanted, None
        if stage is ModelStage.loading:
            self._tell(ModelStage.freed, errand.model)
        self._news.emit(errand.dropped if unwanted else outcome)

    def _load_ahead(self, model: str) -> None:
        def on_progress(progress: Progress) -> None:
            with self._wake:
                waiting = [*(job.request.model for job in self._jobs), *(errand.model for errand in self._errands)]
                if self._closing or self._warm is not None or any(other != model for other in waiting):
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
            self._engine = self._open_engine()
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

    def _forget(self, job: Job) -> None:
        with self._wake:
            self._running = None
            self._cancelled.discard(job.id)

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
