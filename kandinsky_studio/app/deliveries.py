"""Weights on their way to this computer, in a thread of their own: started, paused, gone on with, brought up to date,
checked, moved, removed.

Nothing is ever fetched that the user did not start, and nothing at all with the network switched off.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from kandinsky_studio import paths
from kandinsky_studio.app import shelf_work
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Messages, described
from kandinsky_studio.app.models import Models
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.app.stock import Seen, Stock
from kandinsky_studio.app.token import Token
from kandinsky_studio.app.underway import State, Underway, Work
from kandinsky_studio.errors import Cancelled, NetworkOff, StudioError
from kandinsky_studio.storage.models import catalogue, shelf, updating
from kandinsky_studio.storage.models.catalogue import Catalogue
from kandinsky_studio.storage.models.catalogue import Offer as Offer
from kandinsky_studio.storage.models.catalogue import size_of as size_of
from kandinsky_studio.storage.models.delivery import Need, deliver, is_here, needs
from kandinsky_studio.storage.models.hub import ENDPOINT, Hub
from kandinsky_studio.storage.models.importing import Findings as Findings
from kandinsky_studio.storage.models.importing import bring, look
from kandinsky_studio.storage.models.listing import FileStand, followed, listed
from kandinsky_studio.storage.models.manifest import Manifest
from kandinsky_studio.storage.models.transfer import Delivery

T = TypeVar("T")


class Deliveries(QObject):
    """``changed`` tells that there is another delivery, or one in another state; ``progressed`` names the model."""

    changed = Signal()
    progressed = Signal(str)
    delivered = Signal(str)  # model
    checked = Signal(str, object)  # model, the files of it that are damaged
    moved, removed = Signal(), Signal()
    found = Signal(object)  # Findings, in a folder that was looked into
    imported = Signal(object)  # Findings that were copied
    halved = Signal(str, object)  # model, bytes that were given back
    looked = Signal(object)  # the keys of models that the Hub has newer editions of
    worked = Signal(object, object)  # Work, and the fraction of it that is done; None for both when it is over

    _news = Signal(object)  # a function to call in the thread this object belongs to

    def __init__(
        self,
        models: Models,
        remembering: Remembering,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._models = models
        self._remembering = remembering
        self._messages = messages
        self.token = Token(remembering, messages, self)
        self.stock = Stock(models, lambda: self.catalogue, self)
        self._lane = Lane("deliveries", self)
        self._catalogue: Catalogue | None = None
        self._underway: dict[str, Underway] = {}
        self._guard = threading.Lock()
        self._hub: Hub | None = None  # of the delivery that runs
        self._unwanted = False  # whether what runs is to stop
        self._news.connect(self._call)
        for model, tasks in remembering.values.deliveries.items():
            if model in self.catalogue.offers and isinstance(tasks, list):
                known = tuple(task for task in tasks if task in self.catalogue.offers[model].tasks)
                if known and not is_here(self.catalogue.offers[model], known, self.place):
                    self._underway[model] = Underway(model, known, State.paused)
                    self._list(model, known)
        models.changed.connect(self.stock.look_again)

    def close(self) -> None:
        """Stop what runs; it goes on where it was when the program is started again and the user wants it to."""
        self._stop()
        self._lane.close(drop=True)
        self.stock.close()
        self.token.close()

    # ------------------------------------------------------------------ what is there

    @property
    def catalogue(self) -> Catalogue:
        """What can be had."""
        if self._catalogue is None:
            try:
                self._catalogue = catalogue.read()
            except StudioError as error:  # a damaged program still paints
                self._catalogue = Catalogue({})
                self._messages.error(error)
        return self._catalogue

    @property
    def place(self) -> Path:
        """The folder that models are kept in."""
        return paths.models()

    @property
    def underway(self) -> Sequence[Underway]:
        """All deliveries that are not over, in the order they were asked for."""
        return tuple(self._underway.values())

    def of(self, model: str) -> Underway | None:
        """The delivery of a model, if there is one."""
        return self._underway.get(model)

    def offer(self, model: str) -> Offer | None:
        """What can be had of a model; None for those that nobody publishes, such as a folder of the user's."""
        return self.catalogue.offers.get(model)

    def is_here(self, model: str, tasks: Iterable[str]) -> bool:
        """Whether all that these tasks of a model need was delivered, as the disk says now."""
        return is_here(self.catalogue.offers[model], tasks, self.place)

    # ------------------------------------------------------------------ fetching

    def start(self, model: str, tasks: Iterable[str]) -> None:
        """Fetch what is missing of these tasks, when what runs is over. Asked again, it goes on; other tasks join."""
        before = self._underway.get(model)
        if self._is_off() or (before is not None and before.state is State.running):
            return
        if before is not None and before.updates:
            self._begin(dataclasses.replace(before, state=State.waiting, error=None))
            return
        wanted = tuple(dict.fromkeys((*(before.tasks if before else ()), *tasks)))
        self._begin(Underway(model, wanted, State.waiting, files=before.files if before else ()))

    def update(self, model: str) -> None:
        """Fetch what differs in the newer edition of a model; the one that is here stays until that is whole."""
        if not self._is_off() and model not in self._underway:
            self._begin(Underway(model, (), State.waiting, updates=True))

    def look_for_updates(self) -> None:
        """Ask the Hub whether it has newer editions of what is here; ``looked`` tells. Asks for nothing else."""
        if self._is_off():
            return

        def work(tell: Callable[[float], None]) -> dict[str, Manifest]:
            tell(0.0)
            with self._connected() as hub:
                return updating.newest(self.catalogue.repositories, self.place, hub, self._check_wanted)

        def done(editions: dict[str, Manifest]) -> None:
            self.stock.know(editions)
            offers = self.catalogue.offers.values()
            self.looked.emit([o.model for o in offers if any(r.folder in editions for r in o.repositories)])

        self._work(Work.ask, work, done)

    def _begin(self, one: Underway) -> None:
        self._set(one)
        self._lane.run(lambda: self._deliver(one.model), lambda _: None, lambda error: self._failed(one.model, error))

    def _is_off(self) -> bool:
        """Whether nothing may be fetched; says so."""
        if not self._remembering.values.network:
            self._messages.error(NetworkOff())
        return not self._remembering.values.network

    def pause(self, model: str) -> None:
        """Stop at once; :meth:`start` goes on to the byte."""
        one = self._underway.get(model)
        if one is None:
            return
        if one.state is State.running:
            self._stop()
        self._set(dataclasses.replace(one, state=State.paused, error=None))

    def cancel(self, model: str) -> None:
        """Stop at once and throw away what came of files that are not whole."""
        one = self._underway.pop(model, None)
        if one is None:
            return
        folders = [repository.folder for repository in self.catalogue.offers[model].repositories]
        if one.state is State.running:
            self._stop()

        def sweep() -> None:
            if one.updates:
                updating.sweep(self.place, folders)
            else:
                shelf.sweep([self.place / folder for folder in folders])

        self._lane.run(sweep, lambda _: self._shelf_changed(), self._messages.error)
        self._remember()

    # ------------------------------------------------------------------ checking, moving, removing

    def check(self, model: str) -> None:
        """Read every file that was delivered of a model and compare it with what was published; offline.

        What is damaged is put aside, so that it is fetched again when the model is.
        """
        work = partial(shelf_work.check, self._folders(model))
        self._work(Work.check, work, lambda wrong: self.checked.emit(model, wrong))

    def halve(self, model: str) -> None:
        """Write the weights of a model in half precision, in place of what was published."""
        work = partial(shelf_work.halve, self._folders(model))
        self._work(Work.halve, work, lambda saved: self.halved.emit(model, saved))

    def remove(self, model: str, tasks: Iterable[str] | None = None) -> None:
        """Delete what was delivered of a model: all of it, or what no task but these needs."""
        self.cancel(model)
        offer = self.catalogue.offers[model]
        work = partial(shelf_work.remove, offer, offer.tasks if tasks is None else tuple(tasks), self.place)
        self._work(Work.remove, work, lambda _: self.removed.emit())

    def move_to(self, folder: Path) -> None:
        """Keep the models in ``folder`` from now on, and take along what is there."""

        def work(tell: Callable[[float], None]) -> None:
            shelf.move(self.place, folder, lambda done, total: tell(done / max(total, 1)))
            paths.keep_models_in(folder)

        self._work(Work.move, work, lambda _: self.moved.emit())

    def look_into(self, folder: Path) -> None:
        """See which weights are in a folder and below it; ``found`` tells."""
        self._work(Work.copy, lambda _: look(folder, self.catalogue, self._check_wanted), self.found.emit)

    def bring(self, findings: Findings) -> None:
        """Copy what :meth:`look_into` found to where models are kept."""

        def work(tell: Callable[[float], None]) -> None:
            bring(findings, self.place, lambda done, total: tell(done / max(total, 1)))

        self._work(Work.copy, work, lambda _: self.imported.emit(findings))

    def stop_work(self) -> None:
        """End what is done with weights that are here; what is finished of it stays."""
        self._stop()

    def flush(self) -> None:
        """Wait until everything asked for so far is done."""
        self._lane.flush()
        self.stock.flush()

    def _folders(self, model: str) -> list[Path]:
        return [self.place / repository.folder for repository in self.catalogue.offers[model].repositories]

    def _work(self, kind: Work, work: Callable[[Callable[[float], None]], T], done: Callable[[T], object]) -> None:
        def tell(share: float) -> None:
            self._check_wanted()
            self._news.emit(lambda: self.worked.emit(kind, share))

        def run() -> tuple[T, Seen]:
            self._unwanted = False
            return work(tell), self.stock.read(self.catalogue)

        def over(outcome: tuple[T, Seen]) -> None:
            self.worked.emit(None, None)
            self.stock.put(outcome[1])
            self._shelf_changed()
            done(outcome[0])

        def failed(error: Exception) -> None:
            self.worked.emit(None, None)
            self._shelf_changed()
            if not isinstance(error, Cancelled):
                self._messages.error(error)

        self._lane.run(run, over, failed)

    # ------------------------------------------------------------------ in the lane

    def _deliver(self, model: str) -> None:
        with self._guard:
            one = self._underway.get(model)
            if one is None or one.state is not State.waiting:
                return  # paused before its turn came
            self._unwanted = False
        self._news.emit(lambda: self._running(model))
        offer = self.catalogue.offers[model]
        with self._connected() as hub:
            if one.updates:
                found = updating.needs(offer, self.place, self.stock.seen.newer)
                self._tell_files(model, found)
                updating.update(
                    found,
                    self.place,
                    hub,
                    on_progress=lambda delivery: self._news.emit(lambda: self._progressed(model, delivery)),
                    check_wanted=self._check_wanted,
                )
            else:
                deliver(
                    offer,
                    one.tasks,
                    self.place,
                    hub,
                    on_needs=lambda found: self._tell_files(model, found),
                    on_progress=lambda delivery: self._news.emit(lambda: self._progressed(model, delivery)),
                    check_wanted=self._check_wanted,
                )
        seen = self.stock.read(self.catalogue)
        self._news.emit(lambda: self._done(model, seen))

    @contextmanager
    def _connected(self) -> Iterator[Hub]:
        """The Hub as the preferences say, for as long as it takes; :meth:`_stop` ends it."""
        values = self._remembering.values
        hub = Hub(values.hub_address or ENDPOINT, proxy=values.proxy or None, token=self.token.for_use() or None)
        with self._guard:
            self._hub = hub
        try:
            self._check_wanted()
            yield hub
        finally:
            with self._guard:
                self._hub = None
            hub.close()

    def _tell_files(self, model: str, found: Sequence[Need]) -> None:
        files = listed(found)
        self._news.emit(lambda: self._listed(model, files))

    def _list(self, model: str, tasks: Iterable[str]) -> None:
        """See how far the files of a delivery are that begins where an earlier run of the program left it."""
        offer, place = self.catalogue.offers[model], self.place
        self._lane.run(
            lambda: listed(needs(offer, tasks, place)), lambda files: self._listed(model, files), lambda _: None
        )

    def _check_wanted(self) -> None:
        if self._unwanted:
            raise Cancelled

    # ------------------------------------------------------------------ back in the window's thread

    @Slot(object)
    def _call(self, outcome: Callable[[], None]) -> None:
        outcome()

    def _stop(self) -> None:
        with self._guard:
            self._unwanted = True
            if self._hub is not None:
                self._hub.abort()

    def _running(self, model: str) -> None:
        one = self._underway.get(model)
        if one is not None and one.state is State.waiting:
            self._set(dataclasses.replace(one, state=State.running))

    def _progressed(self, model: str, delivery: Delivery) -> None:
        one = self._underway.get(model)
        if one is not None and one.state is State.running:
            files = followed(one.files, delivery)
            self._underway[model] = dataclasses.replace(one, progress=delivery, files=files)
            self.progressed.emit(model)
            self.stock.look_now_and_then()

    def _listed(self, model: str, files: tuple[FileStand, ...]) -> None:
        one = self._underway.get(model)
        if one is not None and files:
            self._underway[model] = dataclasses.replace(one, files=files)
            self.progressed.emit(model)

    def _done(self, model: str, seen: Seen) -> None:
        self.stock.put(seen)
        if self._underway.pop(model, None) is not None:
            self._remember()
            self._shelf_changed()
            self.delivered.emit(model)

    def _failed(self, model: str, error: Exception) -> None:
        one = self._underway.get(model)
        if isinstance(error, Cancelled) or one is None:
            return
        shown = described(error)
        self._set(dataclasses.replace(one, state=State.failed, error=shown))
        self._messages.error(shown)

    def _shelf_changed(self) -> None:
        self._models.look_again()
        self.changed.emit()

    def _set(self, one: Underway) -> None:
        self._underway[one.model] = one
        self._remember()

    def _remember(self) -> None:
        self._remembering.set(deliveries={one.model: list(one.tasks) for one in self._underway.values() if one.tasks})
        self.changed.emit()
