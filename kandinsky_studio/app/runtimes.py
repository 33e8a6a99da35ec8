"""Which PyTorch the program computes with, in the window: packs that are there and to be had, and the graphics card.

Everything that takes time is done in two lanes, one for packs and one for asking the card's driver. Another pack is used
from the next start on: PyTorch can't be exchanged in a program that runs.
"""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from kandinsky_studio import paths
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Messages, described
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.errors import Cancelled, NetworkOff, StudioError
from kandinsky_studio.runtime import attached, attaching, card, checking
from kandinsky_studio.runtime.card import Fit as Fit
from kandinsky_studio.runtime.card import Sight as Sight
from kandinsky_studio.runtime.pack import Pack

if TYPE_CHECKING:
    from kandinsky_studio.storage.models.transfer import Delivery
    from kandinsky_studio.storage.runtimes.installing import Installed
    from kandinsky_studio.storage.runtimes.offers import Offer, Release

_TELL_EVERY = 0.1  # seconds


class Deed(enum.Enum):
    """What is done with a pack."""

    fetch = "fetch"
    unpack = "unpack"
    check = "check"
    remove = "remove"


@dataclass(frozen=True)
class Doing:
    """What is under way. ``name`` is that of the pack, empty while nobody knows it; ``fraction`` is None where nobody
    can tell; ``delivery`` is how far the fetching is."""

    deed: Deed
    name: str
    fraction: float | None = None
    delivery: Delivery | None = None


class Runtimes(QObject):
    """``changed`` tells that there is something else to see; ``progressed`` that what is under way is further."""

    changed = Signal()
    progressed = Signal()
    ready = Signal(str)  # the name of a pack that will be used from the next start on

    _news = Signal(object)  # a function to call in the thread this object belongs to

    def __init__(self, remembering: Remembering, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._remembering = remembering
        self._lane, self._glance = Lane("runtimes", self), Lane("card", self)
        self._guard = threading.Lock()
        self._release: Release | None = None  # that something is fetched from
        self._unwanted = self._closed = self._looked = False
        self._news.connect(self._call)
        self.packs: tuple[Installed, ...] = ()
        self.offers: tuple[Offer, ...] = ()
        self.sight: Sight | None = None
        self.doing: Doing | None = None
        self.failure: StudioError | None = None
        """Why the last thing that was asked for was not done."""
        if self.refused is not None:
            messages.error(self.refused)

    def close(self) -> None:
        """Stop what runs; a download goes on where it was when it is asked for again."""
        self._closed = True
        self.stop()
        self._glance.close(drop=True)
        self._lane.close(drop=True)

    # ------------------------------------------------------------------ what is there

    @property
    def from_source(self) -> bool:
        """Whether the program runs from its source, where PyTorch is that of its environment."""
        return paths.program() is None

    @property
    def environment(self) -> str:
        """The version of PyTorch in the environment of the program; empty if there is none."""
        from importlib import metadata  # which a start of the program has no use for

        try:
            return metadata.version("torch")
        except metadata.PackageNotFoundError:
            return ""

    @property
    def used(self) -> Pack | None:
        """The pack that the program computes with."""
        return attached().pack

    @property
    def refused(self) -> StudioError | None:
        """Why it is not the one that was chosen."""
        return attached().refused

    @property
    def next(self) -> str:
        """The name of the pack that is used from the next start on: the chosen one, if it can be."""
        name = attaching.chosen()
        usable = {one.name for one in self.packs if one.flaw is None}
        return name if name in usable or not self.packs else attaching.SHIPPED

    @property
    def advised(self) -> str | None:
        """The name of the pack for the card that was found; None if there is none that fits."""
        best = self.sight.best if self.sight is not None else None
        pack = card.advised(best) if best is not None else None
        return pack.name if pack is not None else None

    @property
    def needs_driver(self) -> bool:
        """Whether a newer driver would help the card that was found to a pack."""
        best = self.sight.best if self.sight is not None else None
        return (
            best is not None and card.advised(best) is None and card.advised(replace(best, driver="9999")) is not None
        )

    @property
    def idle_card(self) -> str | None:
        """The name of a card that could be computed on, and isn't."""
        on_card = self.used is not None and self.used.device != "cpu"
        if self.from_source or on_card or self.advised is None or self.sight is None or self.sight.best is None:
            return None
        return self.sight.best.name

    def fit(self, pack: Pack) -> Fit:
        """How a pack goes together with the card that was found; every pack does with none, if it needs none."""
        best = self.sight.best if self.sight is not None else None
        return Fit.fits if best is None or pack.device == "cpu" else card.fit(best, pack.driver, pack.capability)

    def look(self) -> None:
        """See what there is; for the card once, for packs anew."""
        if not self._looked:
            self._looked = True
            self._glance.run(lambda: card.look(self._check_open), self._seen, lambda _: None)
        self._lane.run(_found, self._listed, self._failed)

    # ------------------------------------------------------------------ what is done

    def install(self, file: Path) -> None:
        """Install the pack in ``file``, try it, and use it from the next start on."""

        def work() -> str:
            from kandinsky_studio.storage.runtimes.installing import install

            pack = install(file, on_progress=self._unpacked(""), check_wanted=self._check_wanted)
            return self._tried(pack.name)

        self._do(Doing(Deed.unpack, ""), work)

    def download(self, name: str) -> None:
        """Fetch a pack, or go on with it; then as with :meth:`install`."""
        if not self._remembering.values.network:
            self._failed(NetworkOff())
            return

        def work() -> str:
            from kandinsky_studio.storage.runtimes import offers

            offer = offers.find(name, offers.read())
            release = offers.Release(offer.address, proxy=self._remembering.values.proxy or None)
            with self._guard:
                self._release = release
            try:
                offers.download(
                    offer,
                    release,
                    on_delivery=lambda delivery: self._tell(
                        Doing(Deed.fetch, name, delivery.done / max(delivery.total, 1), delivery)
                    ),
                    on_progress=self._unpacked(name),
                    check_wanted=self._check_wanted,
                )
            finally:
                with self._guard:
                    self._release = None
                release.close()
            return self._tried(name)

        self._do(Doing(Deed.fetch, name), work)

    def use(self, name: str) -> None:
        """Try a pack, and use it from the next start on."""
        self._do(Doing(Deed.check, name), lambda: self._tried(name))

    def remove(self, name: str) -> None:
        """Delete a pack that was installed."""

        def work() -> str:
            from kandinsky_studio.storage.runtimes import installing

            installing.remove(name)
            return ""

        self._do(Doing(Deed.remove, name), work)

    def stop(self) -> None:
        """End what is under way; the packs are as they were."""
        with self._guard:
            self._unwanted = True
            if self._release is not None:
                self._release.abort()

    def flush(self) -> None:
        """Wait until everything asked for so far is done."""
        self._glance.flush()
        self._lane.flush()

    def _do(self, doing: Doing, work: Callable[[], str]) -> None:
        if self.doing is not None:
            return  # one after another: what is asked for next may depend on how this ends
        self._unwanted = False
        self.failure, self.doing = None, doing
        self.changed.emit()

        def over(name: str) -> None:
            self.doing = None
            self.look()
            if name:
                self.ready.emit(name)

        self._lane.run(work, over, self._failed)

    # ------------------------------------------------------------------ in the lane

    def _tried(self, name: str) -> str:
        """Choose a pack if it works; the one that came with the program is known to."""
        from kandinsky_studio.storage.runtimes import installing

        if name != attaching.SHIPPED:
            self._tell(Doing(Deed.check, name))
            checking.check(name, self._check_wanted)
        installing.choose(name)
        return name

    def _unpacked(self, name: str) -> Callable[[int, int], None]:
        last = 0.0

        def tell(done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last < _TELL_EVERY:
                return  # of some ten thousand small files
            last = time.monotonic()
            self._tell(Doing(Deed.unpack, name, done / max(total, 1)))

        return tell

    def _tell(self, doing: Doing) -> None:
        self._news.emit(lambda: self._further(doing))

    def _check_wanted(self) -> None:
        if self._unwanted:
            raise Cancelled

    def _check_open(self) -> None:
        if self._closed:
            raise Cancelled

    # ------------------------------------------------------------------ back in the window's thread

    @Slot(object)
    def _call(self, outcome: Callable[[], None]) -> None:
        outcome()

    def _further(self, doing: Doing) -> None:
        before = self.doing
        if before is None:
            return
        self.doing = doing
        if replace(before, fraction=None, delivery=None) != replace(doing, fraction=None, delivery=None):
            self.changed.emit()
        else:
            self.progressed.emit()

    def _seen(self, sight: Sight) -> None:
        self.sight = sight
        self.changed.emit()

    def _listed(self, found: tuple[tuple[Installed, ...], tuple[Offer, ...], StudioError | None]) -> None:
        self.packs, self.offers, flaw = found
        self.failure = self.failure or flaw
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        self.doing = None
        if not isinstance(error, Cancelled):
            self.failure = described(error)
        self._lane.run(_found, self._listed, lambda _: None)
        self.changed.emit()


def _found() -> tuple[tuple[Installed, ...], tuple[Offer, ...], StudioError | None]:
    """The packs there are, those that can be fetched, and why nobody knows these, if so."""
    from kandinsky_studio.storage.runtimes import installing, offers

    installing.sweep()
    try:
        return tuple(installing.installed()), offers.read(), None
    except StudioError as error:
        return tuple(installing.installed()), (), error
