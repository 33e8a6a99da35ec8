"""The queue: what was asked of the engine, in the order the user wants it, until it is made.

Each job is on the disk from the moment it is asked for until its pictures are saved. What had been waiting when the
program ended, however it ended, is there again at the next start, and waits until the user says so.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from kandinsky_studio.app.forecast import Forecast
from kandinsky_studio.app.gallery import Gallery
from kandinsky_studio.app.generation import Generation
from kandinsky_studio.app.messages import Action, Messages
from kandinsky_studio.app.queue_keeping import QueueKeeping
from kandinsky_studio.app.queue_list import QueueList, Row, Standing, left_of
from kandinsky_studio.app.queue_pictures import picture_of, small_picture
from kandinsky_studio.app.worker import EngineWorker
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Progress
from kandinsky_studio.engine.tier import Tier, lowest_tier
from kandinsky_studio.errors import StudioError
from kandinsky_studio.storage.paces import Paces
from kandinsky_studio.storage.queue_files import KeptJob, new_name

_DONE = 20  # finished jobs that stay in the list
_LATER = 200  # milliseconds until the time that is left is counted anew: many jobs may come or end at once
_PREVIEW = 0.2  # seconds between two previews of a row


class Queue(QObject):
    """The jobs in :attr:`list`, what can be done with them, and how long they will take.

    ``changed`` tells that there are more or fewer, or that they pause or not; ``times_changed`` that :meth:`left` and
    :attr:`seconds_left` may say something else.
    """

    changed = Signal()
    times_changed = Signal()

    def __init__(
        self,
        generation: Generation,
        worker: EngineWorker,
        gallery: Gallery,
        messages: Messages,
        check: Callable[[GenerationRequest], None],
        places: tuple[Path | None, Path | None],
        parent: QObject | None = None,
    ) -> None:
        """``places`` are the folder of the jobs and the file of times; without them nothing outlives the program."""
        super().__init__(parent)
        self.list = QueueList(self)
        self._generation = generation
        self._gallery = gallery
        self._messages = messages
        self._check = check
        self._keeping = QueueKeeping(*places, messages, self)
        self._forecast = Forecast()
        self._numbers = itertools.count(-1, -1)  # of rows that never were jobs in this run
        self._name: str | None = None  # of the file that the next job has already
        self._made_now: list[Row] = []  # whose pictures are on their way to the disk
        self._seen: set[str] = set()  # names of all jobs since the start
        self._resting = False
        self._previewed = 0.0
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_LATER)
        self._later.timeout.connect(self.times_changed)
        generation.remedies = lambda id: (Action(self.tr("Try again"), lambda: self.retry([id])),)
        gallery.removed.connect(self._left_gallery)
        generation.submitted.connect(self._submitted)
        generation.started.connect(self._started)
        generation.progressed.connect(self._progressed)
        generation.picture_made.connect(self._made)
        generation.queue_changed.connect(self._changed)
        worker.finished.connect(self._finished)
        worker.failed.connect(self._failed)
        worker.cancelled.connect(self._cancelled)
        worker.model_state.connect(self._forecast.model_changed)

    def open(self) -> None:
        """Bring back what had been waiting when the program ended; it waits until :meth:`go_on`."""
        self._keeping.open(self._opened)

    def rest(self) -> None:
        """The program ends: what is cancelled from now on is kept for the next start."""
        self._resting = True
        self._later.stop()

    def flush(self) -> None:
        """Wait until everything so far is on the disk."""
        self._keeping.flush()

    def close(self) -> None:
        """Write what is to be written."""
        self.rest()
        self._keeping.close()

    # ------------------------------------------------------------------ what the user does

    @property
    def paused(self) -> bool:
        """Whether jobs wait for :meth:`go_on`."""
        return self._generation.paused

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self.list.of(Standing.waiting))

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """Those that the engine's device knows, from the quickest to the smallest."""
        lowest = lowest_tier(self._forecast.device.partition(":")[0] or "cpu")
        return tuple(tier for tier in Tier if tier <= lowest)

    def holds(self, row: Row) -> bool:
        """Whether a job waits for :meth:`go_on`."""
        return self._generation.holds(row.id)

    def pause(self) -> None:
        """Let no other job start; the one that runs goes on."""
        self._generation.pause()

    def go_on(self) -> None:
        """Let the jobs that wait have their turn."""
        self._generation.go_on()

    def move(self, ids: Sequence[int], before: int | None) -> None:
        """Put jobs that wait before another one, or at the end if ``before`` is none that waits."""
        waiting = [row.id for row in self.list.of(Standing.waiting)]
        moved = [id for id in waiting if id in set(ids)]
        at = waiting.index(before) if before in waiting else 0 if self._runs(before) else len(waiting)
        head = [id for id in waiting[:at] if id not in moved]
        tail = [id for id in waiting[at:] if id not in moved]
        self._put_in_order([*head, *moved, *tail])

    def shift(self, ids: Iterable[int], by: int) -> None:
        """Put jobs that wait one place up (-1) or down (1), each past one that is not among them."""
        chosen = set(ids)
        order = [row.id for row in self.list.of(Standing.waiting)][::-by]
        for place in range(1, len(order)):
            if order[place] in chosen and order[place - 1] not in chosen:
                order[place - 1], order[place] = order[place], order[place - 1]
        self._put_in_order(order[::-by])

    def cancel(self, ids: Iterable[int]) -> None:
        """Cancel jobs that run or wait, and take others out of the list; a message offers to take that back."""
        chosen = set(ids)
        order = [row.id for row in self.list.of(Standing.waiting)]
        rows = [row for row in self.list if row.id in chosen]
        given_up = [row for row in rows if row.standing in (Standing.running, Standing.waiting)]
        for row in reversed(given_up):
            self._generation.cancel_job(row.id)
        for row in rows:
            if row not in given_up:
                self._forget(row)
        if given_up:
            text = self.tr("Jobs cancelled: {count}.").format(count=len(given_up))
            self._messages.note(text, Action(self.tr("Undo"), lambda: self._bring_back(given_up, order)))
        self.changed.emit()

    def cancel_all(self) -> None:
        """Cancel the job that runs and all that wait; a message offers to take that back."""
        self.cancel([row.id for row in self.list.of(Standing.running, Standing.waiting)])

    def retry(self, ids: Iterable[int], tier: Tier | None = None) -> None:
        """Ask again for what is left to be made of jobs that failed; ``tier`` is another wish for them."""
        for row in [self.list.find(id) for id in ids]:
            if row is not None and row.standing is Standing.failed:
                self._again(row, row.tier if tier is None else tier)

    def clear(self) -> None:
        """Take what is over out of the list: what failed, and what is done."""
        for row in self.list.of(Standing.failed, Standing.done):
            self._forget(row)
        self.changed.emit()

    def _again(self, row: Row, tier: Tier, held: bool = False) -> int | None:
        new = self._generation.submit(left_of(row.request, row.made), tier, held)
        if new is not None:
            self._generation.retried.emit(row.id, new)
            if self.list.find(row.id) is row:
                self._forget(row)
        return new

    def _bring_back(self, rows: Sequence[Row], order: Sequence[int]) -> None:
        """Into the places they had, as far as what they stood between still waits."""
        held = self.paused and not self._generation.starts_nothing
        ids = {row.id: self._again(row, row.tier, held) for row in rows}
        known = {row.id for row in self.list.of(Standing.waiting)}
        back = [new for id, new in ids.items() if id not in order and new is not None]  # one that had been running
        back += [id for old in order if (id := ids.get(old, old)) is not None and id in known]
        self._put_in_order([*back, *sorted(known.difference(back))])

    def _put_in_order(self, ids: Sequence[int]) -> None:
        if list(ids) == [row.id for row in self.list.of(Standing.waiting)]:
            return
        self.list.put_in_order(ids)
        self._generation.reorder([row.id for row in self.list.of(Standing.running, Standing.waiting)])
        self._keep_order()

    def _runs(self, id: int | None) -> bool:
        return any(row.id == id for row in self.list.of(Standing.running))

    # ------------------------------------------------------------------ time

    def left(self, row: Row) -> float | None:
        """Seconds until ``row`` is made once it has begun; None if nothing is known of such pictures."""
        return self._forecast.of(row)

    @property
    def seconds_left(self) -> tuple[float, bool]:
        """Until all is made, and whether there are jobs of which nothing is known, so that it takes longer."""
        return self._forecast.in_all(self.list.of(Standing.running, Standing.waiting))

    # ------------------------------------------------------------------ what happens

    @Slot(int)
    def _submitted(self, id: int) -> None:
        job = self._generation.job(id)
        if job is None:
            return
        name, self._name = self._name, None
        row = Row(id, job.request, job.tier, name or new_name())
        self._seen.add(row.name)
        self.list.insert(row)
        if name is None:
            self._keeping.keep(_kept(row, 0))
            if self._generation.starts_nothing:
                self._messages.note(
                    self.tr("The queue is paused: this waits in it."), Action(self.tr("Go on"), self.go_on)
                )
        self._draw(row)

    def _draw(self, row: Row) -> None:
        def drawn(picture: QImage | None) -> None:
            if picture is not None and row.picture is None and self.list.find(row.id) is row:
                row.picture = picture
                self.list.tell(row)

        if row.request.rasters():
            self._keeping.run(lambda: picture_of(row.request), drawn)

    @Slot(int)
    def _started(self, id: int) -> None:
        row = self.list.find(id)
        if row is not None:
            row.began = time.monotonic()
            self.list.stand(row, Standing.running)

    @Slot(int, object)
    def _progressed(self, id: int, progress: Progress) -> None:
        row = self.list.find(id)
        if row is None:
            return
        row.progress, now = progress, time.monotonic()
        self._forecast.progressed(row, progress)
        if progress.preview is not None and now - self._previewed > _PREVIEW:
            self._previewed = now
            row.picture = small_picture(progress.preview)
        if progress.picture > row.kept:
            row.kept = progress.picture  # those before it were given to the gallery
            self._keep_rest(row, row.kept)
        self.list.tell(row)
        self._count_anew()

    def _keep_rest(self, row: Row, made: int) -> None:
        """Once the first ``made`` pictures are saved, only the others are worth to be kept."""
        self._gallery.afterwards(lambda: self._keeping.keep(_kept(row, made)) if self._lists(row) else None)

    def _lists(self, row: Row) -> bool:
        return self.list.find(row.id) is row and row.standing is not Standing.done

    @Slot(int, object)
    def _made(self, id: int, result: GenerationResult) -> None:
        row = self.list.find(id)
        if row is not None:
            row.made += 1
            row.picture = small_picture(result.image)
            self.list.tell(row)
            self._forecast.made(result, row.tier)
            self._count_anew()

    @Slot(int)
    def _finished(self, id: int) -> None:
        row = self.list.find(id)
        if row is None:
            return
        self._forecast.ended()
        row.took, row.progress = time.monotonic() - row.began, None
        self.list.stand(row, Standing.done)
        self._made_now.append(row)
        self._gallery.afterwards(self._drop_saved)
        self._keeping.keep_paces(self._forecast.paces)
        for old in self.list.of(Standing.done)[_DONE:]:
            self.list.remove(old)
        self.changed.emit()

    @Slot()
    def _drop_saved(self) -> None:
        """A picture that could not be saved would be gone with the program, so its job stays on the disk till then."""
        unsaved = [item.request for item in self._gallery.unsaved]
        for row in list(self._made_now):
            if not unsaved or not any(one in unsaved for one in row.request.pictures()):
                self._made_now.remove(row)
                self._keeping.drop(row.name)

    @Slot(object)
    def _left_gallery(self, _item: object) -> None:
        if self._made_now:  # to be saved in a second try, which is asked for now
            QTimer.singleShot(0, self, lambda: self._gallery.afterwards(self._drop_saved))

    @Slot(int, object)
    def _failed(self, id: int, error: StudioError) -> None:
        row = self.list.find(id)
        if row is None:
            return
        self._forecast.ended()
        row.error, row.progress = error, None
        self.list.stand(row, Standing.failed)
        self._keep_rest(row, row.made)
        self.changed.emit()

    @Slot(int)
    def _cancelled(self, id: int) -> None:
        row = self.list.find(id)
        if row is not None:
            self._forecast.ended()
            self._forget(row)
            self.changed.emit()

    def _forget(self, row: Row) -> None:
        self.list.remove(row)
        if not self._resting and row.standing is not Standing.done:
            self._keeping.drop(row.name)

    @Slot()
    def _changed(self) -> None:
        self.changed.emit()
        self._count_anew()

    def _count_anew(self) -> None:
        if not self._resting and not self._later.isActive():
            self._later.start()

    # ------------------------------------------------------------------ after a start

    def _opened(self, learned: Paces, jobs: list[KeptJob], broken: list[StudioError]) -> None:
        self._forecast.paces = learned
        jobs = [kept for kept in jobs if kept.name not in self._seen]  # else one was asked for before this was read
        for kept in jobs:
            error = kept.error or self._refusal(kept.request)
            if error is None:
                self._name = kept.name
                self._generation.submit(kept.request, kept.tier, held=True)
                self._name = None
            else:
                row = Row(next(self._numbers), kept.request, kept.tier, kept.name, Standing.failed, error=error)
                self.list.insert(row)
                self._draw(row)
        if jobs:
            self._keep_order()
        if count := self.waiting:
            text = self.tr("Jobs that were waiting when the program ended: {count}.").format(count=count)
            self._messages.note(text, Action(self.tr("Go on"), self.go_on))
        for problem in broken:
            self._messages.error(problem)
        self._changed()

    def _refusal(self, request: GenerationRequest) -> StudioError | None:
        """Why it can't be made any more: its model may be gone."""
        try:
            self._check(request)
        except StudioError as error:
            return error
        return None

    def _keep_order(self) -> None:
        self._keeping.put_in_order([row.name for row in self.list if row.standing is not Standing.done])


def _kept(row: Row, made: int) -> KeptJob:
    return KeptJob(row.name, left_of(row.request, made), row.tier, row.error)
