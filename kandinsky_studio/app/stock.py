"""What lies where models are kept, as it was seen a moment ago: looked at in a thread of its own, asked by the window."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from kandinsky_studio import paths
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.models import Models
from kandinsky_studio.errors import StudioError
from kandinsky_studio.storage.models import shelf, updating
from kandinsky_studio.storage.models.catalogue import Catalogue, Offer, Part
from kandinsky_studio.storage.models.delivery import Stand, stands
from kandinsky_studio.storage.models.manifest import Manifest

_APART = 2.0  # seconds between looks while a delivery runs


@dataclass(frozen=True)
class Seen:
    """One look. ``sizes`` are bytes by folder, ``used`` and ``free`` bytes of the disk, what is on its way included.

    ``flaws`` say by model why files that are here can't be used; ``newer`` are editions that differ from those here, by
    the folder of their repository, and ``changes`` bytes that would come of them, by model.
    """

    place: Path
    stands: Mapping[Part, Stand] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    used: int = 0
    free: int = 0
    flaws: Mapping[str, StudioError] = field(default_factory=dict)
    newer: Mapping[str, Manifest] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)


class Stock(QObject):
    """``changed`` tells that something was seen to be different. To be asked from the window's thread; it never waits."""

    changed = Signal()

    def __init__(self, models: Models, catalogue: Callable[[], Catalogue], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._models = models
        self._catalogue = catalogue
        self._lane = Lane("stock", self)
        self._guard = threading.Lock()
        self._due = False  # whether a look is asked for that has not begun
        self._wanted = False
        self._looked = 0.0
        self._asked: Mapping[str, Manifest] = {}
        self.seen = Seen(paths.models())

    def close(self) -> None:
        """Look no more."""
        self._lane.close(drop=True)

    def flush(self) -> None:
        """Wait until what was asked for is seen."""
        self._lane.flush()

    def look(self) -> None:
        """Look at the disk; ``changed`` follows if it is not as it was."""
        self._wanted = True
        self._looked = time.monotonic()
        with self._guard:
            if self._due:
                return
            self._due = True
        catalogue = self._catalogue()
        self._lane.run(lambda: self._look(catalogue), self.put, lambda _: None)

    def look_now_and_then(self) -> None:
        """More of it comes: look, but not at every byte."""
        if time.monotonic() - self._looked > _APART:
            self.look()

    def look_again(self) -> None:
        """The files may have come or gone; looks if anybody ever wanted to know."""
        if self._wanted:
            self.look()

    def put(self, seen: Seen) -> None:
        """Take note of a look somebody took in another thread."""
        if seen != self.seen:
            self.seen = seen
            self.changed.emit()

    def know(self, editions: Mapping[str, Manifest]) -> None:
        """Take note of editions that the Hub named."""
        self._asked = editions
        self.look()

    def read(self, catalogue: Catalogue) -> Seen:
        """Look now, in the thread this is called from."""
        place = paths.models()
        held = shelf.held(place)
        newer = updating.listed(catalogue, place)
        newer |= {name: new for name, new in self._asked.items() if _differs(new, held)}
        flaws, changes = {}, {}
        for model, offer in catalogue.offers.items():
            flaw = self._models.flaw(model) if self._models.find(model) is not None else None
            if flaw is not None:
                flaws[model] = flaw
            if any(repository.folder in newer for repository in offer.repositories):
                try:
                    changes[model] = updating.to_fetch(updating.needs(offer, place, newer), place)
                except StudioError:  # an edition that lacks what is here is of no use
                    continue
        return Seen(
            place,
            stands({part: None for offer in catalogue.offers.values() for part in offer.parts(offer.tasks)}, place),
            {one.folder.name: one.size for one in held},
            sum(one.size + one.partial for one in held),
            shelf.free(place),
            flaws,
            newer,
            changes,
        )

    def _look(self, catalogue: Catalogue) -> Seen:
        with self._guard:
            self._due = False
        return self.read(catalogue)

    # ------------------------------------------------------------------ what was seen

    def stand(self, part: Part) -> Stand:
        """How much of a part is here."""
        return self.seen.stands.get(part) or Stand(part.size, part.size, known=False)

    def is_here(self, offer: Offer, tasks: Iterable[str]) -> bool:
        """Whether all that ``tasks`` need was delivered."""
        return all(self.stand(part).here for part in offer.parts(tasks))

    def size(self, offer: Offer, tasks: Iterable[str]) -> int:
        """Bytes that ``tasks`` need in all."""
        return sum(self.stand(part).size for part in offer.parts(tasks))

    def left(self, offer: Offer, tasks: Iterable[str]) -> int:
        """Bytes of that which are still to be fetched."""
        return sum(self.stand(part).left for part in offer.parts(tasks))

    def size_here(self, offer: Offer) -> int:
        """Bytes of the disk that the folders of a model take."""
        return sum(self.seen.sizes.get(repository.folder, 0) for repository in offer.repositories)


def _differs(edition: Manifest, held: Iterable[shelf.Held]) -> bool:
    """Whether an edition is another one than the one that is here."""
    there = [one.manifest for one in held if one.manifest is not None]
    return any(one.repository == edition.repository and one.revision != edition.revision for one in there)
