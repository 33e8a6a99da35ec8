"""Weights on their way to this computer, in a thread of their own: started, paused, gone on with, checked, moved, removed.

Nothing is ever fetched that the user did not start, and nothing at all with the network switched off.
"""

from __future__ import annotations

import dataclasses
import enum
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from kandinsky_studio import paths
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Messages, described
from kandinsky_studio.app.models import Models
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.errors import Cancelled, NetworkOff, StudioError
from kandinsky_studio.storage.models import catalogue, shelf
from kandinsky_studio.storage.models import manifest as manifests
from kandinsky_studio.storage.models.catalogue import Catalogue
from kandinsky_studio.storage.models.catalogue import Offer as Offer
from kandinsky_studio.storage.models.catalogue import size_of as size_of
from kandinsky_studio.storage.models.conversion import convert_folder
from kandinsky_studio.storage.models.delivery import Need, deliver, is_here, needs
from kandinsky_studio.storage.models.hub import ENDPOINT, Hub
from kandinsky_studio.storage.models.importing import Findings as Findings
from kandinsky_studio.storage.models.importing import bring, look
from kandinsky_studio.storage.models.manifest import PublishedFile
from kandinsky_studio.storage.models.shelf import Held
from kandinsky_studio.storage.models.transfer import Delivery

T = TypeVar("T")


class State(enum.Enum):
    """Where a delivery stands."""

    waiting = "waiting"  # for another one to end
    running = "running"
    paused = "paused"
    failed = "failed"


class Work(enum.Enum):
    """What is done with weights that are here, or elsewhere on this computer."""

    check = "check"
    halve = "halve"
    copy = "copy"
    move = "move"
    remove = "remove"


@dataclass(frozen=True)
class Underway:
    """A delivery that is not over. ``error`` says why it ``failed``; ``progress`` is None before the first byte."""

    model: str
    tasks: tuple[str, ...]
    state: State
    progress: Delivery | None = None
    error: StudioError | None = None


class Deliveries(QObject):
    """``changed`` tells that there is another delivery, or one in another state; ``progressed`` names the model."""

    changed = Signal()
    progressed = Signal(str)
    delivered = Signal(str)  # model
    checked = Signal(str, object)  # model, the files of it that are damaged
    moved = Signal()
    found = Signal(object)  # Findings, in a folder that was looked into
    imported = Signal(object)  # Findings that were copied
    halved = Signal(str, object)  # model, bytes that were given back
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
        self.token = os.environ.get("HF_TOKEN", "")
        """For repositories that are not given to everybody; kept until the program ends, and nowhere on the disk."""
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

    def close(self) -> None:
        """Stop what runs; it goes on where it was when the program is started again and the user wants it to."""
        self._stop()
        self._lane.close(drop=True)

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

    def needs(self, model: str, tasks: Iterable[str]) -> list[Need]:
        """What these tasks of a model consist of and what of it is missing, without asking anybody."""
        return needs(self.catalogue.offers[model], tasks, self.place)

    def is_here(self, model: str, tasks: Iterable[str]) -> bool:
        """Whether all of that was delivered."""
        return is_here(self.catalogue.offers[model], tasks, self.place)

    def held(self) -> list[Held]:
        """The folders with weights that are there. Reads names and sizes."""
        return shelf.held(self.place)

    # ------------------------------------------------------------------ fetching

    def start(self, model: str, tasks: Iterable[str]) -> None:
        """Fetch what is missing of these tasks, when what runs is over. Asked again, it goes on; other tasks join."""
        if not self._remembering.values.network:
            self._messages.error(NetworkOff())
            return
        before = self._underway.get(model)
        if before is not None and before.state is State.running:
            return
        wanted = tuple(dict.fromkeys((*(before.tasks if before else ()), *tasks)))
        self._set(Underway(model, wanted, State.waiting))
        self._lane.run(lambda: self._deliver(model), lambda _: None, lambda error: self._failed(model, error))

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
        folders = [need.folder for need in self.needs(model, one.tasks)]
        if one.state is State.running:
            self._stop()
        self._lane.run(lambda: shelf.sweep(folders), lambda _: self.changed.emit(), self._messages.error)
        self._remember()

    # ------------------------------------------------------------------ checking, moving, removing

    def check(self, model: str) -> None:
        """Read every file that was delivered of a model and compare it with what was published; offline.

        What is damaged is put aside, so that it is fetched again when the model is.
        """
        folders = self._folders(model)

        def work(tell: Callable[[float], None]) -> list[PublishedFile]:
            pairs = [(folder, manifests.read(folder)) for folder in folders]
            whole = [(folder, manifest) for folder, manifest in pairs if manifest is not None]
            total, done, wrong = sum(manifest.size for _, manifest in whole), 0, []

            def on_bytes(count: int) -> None:
                nonlocal done
                done += count
                tell(done / max(total, 1))

            for folder, manifest in whole:
                for file in manifests.damaged(folder, manifest, on_bytes):
                    shelf.put_aside(folder, file)
                    wrong.append(file)
            return wrong

        self._work(Work.check, work, lambda wrong: self.checked.emit(model, wrong))

    def halve(self, model: str) -> None:
        """Write the weights of a model in half precision, in place of what was published."""
        folders = [folder for folder in self._folders(model) if folder.is_dir()]

        def work(tell: Callable[[float], None]) -> int:
            saved = 0
            for number, folder in enumerate(folders):
                saved += convert_folder(
                    folder,
                    lambda share, number=number: tell((number + share) / len(folders)),  # type: ignore[misc]
                )
            return saved

        self._work(Work.halve, work, lambda saved: self.halved.emit(model, saved))

    def remove(self, model: str, tasks: Iterable[str] | None = None) -> None:
        """Delete what was delivered of a model: all of it, or what no task but these needs."""
        self.cancel(model)
        offer = self.catalogue.offers[model]
        gone = set(offer.parts(offer.tasks if tasks is None else tasks))
        if tasks is not None:
            gone -= set(offer.parts(task for task in offer.tasks if task not in set(tasks)))
        folders = {part.repository.folder for part in gone}
        kept = {part.repository.folder for part in offer.parts(offer.tasks) if part not in gone}

        def work(_: Callable[[float], None]) -> None:
            for folder in sorted(folders - kept):
                if (self.place / folder).exists():
                    shelf.remove(self.place / folder)
            for folder in sorted(folders & kept):
                parts = [part for part in gone if part.repository.folder == folder]
                shelf.remove_parts(self.place / folder, parts)

        self._work(Work.remove, work, lambda _: None)

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

    def _folders(self, model: str) -> list[Path]:
        return [self.place / repository.folder for repository in self.catalogue.offers[model].repositories]

    def _work(self, kind: Work, work: Callable[[Callable[[float], None]], T], done: Callable[[T], object]) -> None:
        def tell(share: float) -> None:
            self._check_wanted()
            self._news.emit(lambda: self.worked.emit(kind, share))

        def run() -> T:
            self._unwanted = False
            return work(tell)

        def over(value: T) -> None:
            self.worked.emit(None, None)
            self._shelf_changed()
            done(value)

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
        values = self._remembering.values
        hub = Hub(values.hub_address or ENDPOINT, proxy=values.proxy or None, token=self.token or None)
        with self._guard:
            self._hub = hub
        self._news.emit(lambda: self._running(model))
        try:
            deliver(
                self.catalogue.offers[model],
                one.tasks,
                self.place,
                hub,
                on_progress=lambda delivery: self._news.emit(lambda: self._progressed(model, delivery)),
                check_wanted=self._check_wanted,
            )
        finally:
            with self._guard:
                self._hub = None
            hub.close()
        self._news.emit(lambda: self._done(model))

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
            self._underway[model] = dataclasses.replace(one, progress=delivery)
            self.progressed.emit(model)

    def _done(self, model: str) -> None:
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
        self._remembering.set(deliveries={one.model: list(one.tasks) for one in self._underway.values()})
        self.changed.emit()
