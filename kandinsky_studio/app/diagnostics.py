"""Collects what a report for whoever helps needs, while the window works on: see :mod:`kandinsky_studio.app.diagnosis`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot, qVersion
from PySide6.QtGui import QGuiApplication

from kandinsky_studio.app.errand import Errand, Reports
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Messages, described
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.app.worker import EngineWorker, ModelState
from kandinsky_studio.engine.models import MODELS
from kandinsky_studio.errors import Cancelled, StudioError
from kandinsky_studio.storage.durable import write_file

if TYPE_CHECKING:
    from kandinsky_studio.app.diagnosis import Diagnosis, Row

FILE_NAME = "kandinsky-studio-diagnostics.txt"
"""What the file is called if nobody says otherwise."""

_TOPIC = "diagnostics"


def _devices(engine: Any, reports: Reports) -> tuple[Row, ...]:
    return device_rows(str(engine.device))


def device_rows(chosen: str = "") -> tuple[Row, ...]:
    """What the engine sees to compute on; imports torch."""
    from kandinsky_studio.engine.memory import devices

    found = devices()
    rows = [(one.key, f"{one.title}, {one.free / 1e9:.1f} GB free of {one.total / 1e9:.1f} GB") for one in found]
    if all(one.key == "cpu" for one in found):
        rows.insert(0, ("graphics card", "none that can compute"))
    return (*rows, *([("computes on", chosen)] if chosen else []))


class Diagnostics(QObject):
    """``told`` carries a :class:`Diagnosis`: soon what can be had without the engine, then all once it has answered.

    The engine's thread may be dead or busy for minutes; nothing waits for it.
    """

    told = Signal(object)
    saved = Signal(object)  # Path
    refused = Signal(object)  # StudioError: why a report was not saved

    def __init__(
        self, worker: EngineWorker, remembering: Remembering, messages: Messages, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._worker, self._remembering, self._messages = worker, remembering, messages
        self._lane = Lane("diagnostics", self)
        self._closed = False
        self._state: ModelState | None = None
        self._devices: tuple[Row, ...] | None = None
        worker.model_state.connect(self._keep_state)

    def collect(self) -> None:
        """Look at everything anew."""
        self._devices = None
        self._look()
        self._worker.ask(Errand(_TOPIC, "", _devices, self._answered, self._failed))

    def forget(self) -> None:
        """Nobody waits for the engine's answer any more."""
        self._worker.forget(_TOPIC)

    def save(self, text: str, file: Path) -> None:
        """Write a report into ``file``; ``saved`` or ``refused`` tells how that went."""

        def write() -> Path:
            write_file(file, text.encode("utf-8"))
            return file

        self._lane.run(write, self.saved.emit, lambda error: self.refused.emit(described(error)))

    def close(self) -> None:
        """End the thread."""
        self._closed = True
        self._lane.close(drop=True)

    def _look(self) -> None:
        values = dataclasses.replace(self._remembering.values)
        shown, engine, devices = screens(), tuple(self._engine_rows()), self._devices

        def look() -> Diagnosis:
            from kandinsky_studio.app.diagnosis import Seen, diagnose  # nobody needs it to open the window

            return diagnose(Seen(values, shown, engine, devices), self._check_wanted)

        self._lane.run(look, self.told.emit, self._messages.error)

    def _check_wanted(self) -> None:
        if self._closed:
            raise Cancelled

    def _engine_rows(self) -> list[Row]:
        state = self._state
        if state is None:
            return [("engine", "not started")]
        model = state.model if state.model in {spec.key for spec in MODELS} else "a model from a folder"
        return [("engine", f"{state.stage.value}, {model if state.model else 'no model'}, on {state.device or '–'}")]

    def _answered(self, devices: tuple[Row, ...]) -> None:
        self._devices = devices
        self._look()

    def _failed(self, error: StudioError) -> None:
        self._answered((("devices", f"could not be looked at: {type(error).__name__}"),))

    @Slot(object)
    def _keep_state(self, state: ModelState) -> None:
        self._state = state


def screens() -> tuple[Row, ...]:
    """Qt, and the screens without the names that their makers gave them. None without an application."""
    application = QGuiApplication.instance()
    rows: list[Row] = [("Qt", qVersion() or "not told")]
    if not isinstance(application, QGuiApplication):
        return tuple(rows)
    rows.append(("platform", QGuiApplication.platformName()))
    for number, screen in enumerate(QGuiApplication.screens(), 1):
        size = screen.geometry().size()
        scale = f"scale {screen.devicePixelRatio():g}, {screen.logicalDotsPerInch():.0f} dpi"
        told = f"{size.width()} × {size.height()}, {scale}, {screen.depth()} bits, {screen.refreshRate():.0f} Hz"
        rows.append((f"screen {number}", told))
    return tuple(rows)
