"""The licences of what the program is made of and of what it fetches, read off the window's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import described
from kandinsky_studio.app.models import BUILTIN
from kandinsky_studio.errors import StudioError
from kandinsky_studio.storage.models import catalogue

if TYPE_CHECKING:
    from kandinsky_studio.storage.notices import Notice as Notice


@dataclass(frozen=True)
class ModelLicence:
    """Under which ``licences`` (of SPDX, in lower case) the weights of ``model``, a key, are published, and where:
    ``places`` are names of repositories. Without places it comes with the program."""

    model: str
    licences: tuple[str, ...]
    places: tuple[str, ...] = ()


def model_licences() -> tuple[ModelLicence, ...]:
    """Of all models there are; if the list of those to fetch is broken, of the built-in one alone."""
    found = [ModelLicence(BUILTIN, ("apache-2.0",))]
    try:
        offers = catalogue.read().offers
    except StudioError:
        return tuple(found)
    for model, offer in offers.items():
        licences = tuple(dict.fromkeys(repository.licence for repository in offer.repositories))
        found.append(ModelLicence(model, licences, tuple(repository.repository for repository in offer.repositories)))
    return tuple(found)


class Notices(QObject):
    """``read`` carries the notices, the program's own first, and whether they were written when it was built."""

    read = Signal(object, bool)
    refused = Signal(object)  # StudioError

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lane = Lane("notices", self)

    def ask(self) -> None:
        """Read them; ``read`` or ``refused`` comes soon."""

        def look() -> tuple[tuple[Notice, ...], bool]:
            from kandinsky_studio.storage import notices  # nobody needs it to open the window

            found, built = notices.shown()
            return (notices.own(), *found), built

        self._lane.run(look, lambda found: self.read.emit(*found), lambda error: self.refused.emit(described(error)))

    def close(self) -> None:
        """End the thread."""
        self._lane.close(drop=True)
