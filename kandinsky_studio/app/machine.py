"""Whether this computer can run a model, and about how fast: looked at once, in the engine's thread."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from kandinsky_studio.app.errand import Errand, Reports
from kandinsky_studio.app.worker import EngineWorker
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.storage.models.catalogue import Offer

if TYPE_CHECKING:
    from kandinsky_studio.engine.machine import Machine

_STAGED = 0.55  # of a model's memory that is needed at least, with parts waiting where there is room
_SINGLE = 2  # times as much in single precision


class Fit(enum.Enum):
    """How a model and this computer go together."""

    unknown = "unknown"  # nobody looked yet
    card = "card"  # it runs on the graphics card
    tight = "tight"  # it does, and parts of it wait in the main memory
    processor = "processor"  # it runs without one, and that takes long
    no = "no"


def _look(engine: Any, reports: Reports) -> Machine:
    from kandinsky_studio.engine import machine

    return machine.look(str(engine.device))


class Looking(QObject):
    """``changed`` tells that the computer was looked at."""

    changed = Signal()

    def __init__(self, worker: EngineWorker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._asked = False
        self.machine: Machine | None = None

    def look(self) -> None:
        """Look at the computer, once."""
        if not self._asked:
            self._asked = True
            self._worker.ask(Errand("machine", "", _look, self._seen))

    def _seen(self, machine: Machine) -> None:
        self.machine = machine
        self.changed.emit()

    def fit(self, spec: ModelSpec) -> Fit:
        """How ``spec`` goes together with what there is."""
        machine = self.machine
        if machine is None:
            return Fit.unknown
        if machine.device.key != "cpu":
            if machine.device.total >= spec.memory_size:
                return Fit.card
            least = spec.memory_size * _STAGED / 2
            return Fit.tight if machine.device.total >= least and machine.memory >= spec.memory_size else Fit.no
        needed = spec.memory_size * _STAGED * (_SINGLE if machine.dtype == "float32" else 1)
        return Fit.processor if machine.memory >= needed else Fit.no

    def seconds(self, offer: Offer) -> float | None:
        """About how long one of its pictures takes here; None while nobody can tell."""
        if self.machine is None or offer.work is None:
            return None
        return self.machine.seconds(offer.work)
