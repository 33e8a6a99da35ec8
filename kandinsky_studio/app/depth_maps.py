"""The depth layer of the document in front: estimated from what is seen, read from a file, written to one."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kandinsky_studio.app.editor import Sheet
from kandinsky_studio.app.errand import Errand, Reports
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.making import Maker, Means
from kandinsky_studio.app.messages import Action
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.document import depth_operations as operations
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.generation_frame import generated_area
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Pixels, to_rgba
from kandinsky_studio.engine import depth
from kandinsky_studio.engine.models import find as find_model
from kandinsky_studio.engine.request import Progress, Stage, Task
from kandinsky_studio.engine.weights import ModelFiles
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, BrokenModel, StudioError
from kandinsky_studio.storage.depth_files import write_depth
from kandinsky_studio.storage.documents import read_grey

TOPIC = "depth"
ESTIMATOR = depth.DEPTH_ANYTHING
"""What sees depth in photographs, as it is published."""

_AGAIN = 100  # milliseconds until it is seen once more whether a stroke has ended


@dataclass(eq=False)
class Going:
    """An estimate that is being made for ``sheet``; ``fraction`` of it, 0…1, is done."""

    sheet: Sheet
    fraction: float = 0.0


class DepthMaps(Maker):
    """``changed`` tells that an estimate goes on, began or ended, or that another way of making one can be used.

    ``offered`` tells that somebody wants to hear how to come by the estimator for photographs.
    """

    changed = Signal()
    offered = Signal()

    def __init__(self, means: Means, remembering: Remembering, parent: QObject | None = None) -> None:
        super().__init__(means, parent)
        self._remembering = remembering
        self._lane = Lane("depth", self)
        self._files: ModelFiles | None = None
        self._flaw: StudioError | None = None
        self._looked = False
        self._matching: dict[str, bool] = {}  # models by key, and whether the part that matches depth is here
        self._told = False  # what the built-in way is, once while the program runs
        self._closed = False
        self.going: Going | None = None
        self._models.changed.connect(self.look_again)
        self._editor.closed.connect(self._sheet_closed)

    # ------------------------------------------------------------------ with what

    @property
    def installed(self) -> bool:
        """Whether the estimator's files are here and whole; looked up once, until :meth:`look_again`."""
        if not self._looked:
            self._looked = True
            folder = self._remembering.values.depth_folder
            self._files, self._flaw = None, None
            for place in (Path(folder) if folder else None, None):
                try:
                    self._files = depth.find(place)
                except StudioError as error:
                    self._flaw = error
                else:
                    break
        return self._files is not None

    @property
    def flaw(self) -> StudioError | None:
        """Why files that are here can't be used; None if they are whole, or not here."""
        return None if self.installed or not isinstance(self._flaw, BrokenModel) else self._flaw

    @Slot()
    def look_again(self) -> None:
        """The files may have come or gone."""
        before = self._files is not None if self._looked else None
        self._matching.clear()
        self._looked = False
        if self.installed != before:
            self.changed.emit()

    def open_folder(self, folder: Path) -> None:
        """Use the estimator in ``folder`` from now on; a message says why if there is none."""
        try:
            depth.find(folder)
        except StudioError as error:
            self._messages.error(error)
            return
        self._remembering.set(depth_folder=os.fspath(folder))
        self._looked = False
        self._messages.note(self.tr("Depth is estimated with {model} now.").format(model=ESTIMATOR.title))
        self.changed.emit()

    def offer(self) -> None:
        """Tell how to come by the estimator."""
        self.offered.emit()

    def obstacle(self) -> str:
        """Why the chosen model can't match depth, in the language of the window; empty if it can."""
        spec = self._models.find(self._settings.values.model)
        if spec is None:
            return ""
        title = self._models.title(spec.key)
        if Task.depth not in spec.tasks:
            able = [choice.spec.key for choice in self._models.choices() if Task.depth in choice.spec.tasks]
            names = ", ".join(self._models.title(key) for key in able)
            return self.tr("{model} can’t match depth. These can: {names}.").format(model=title, names=names)
        if spec.key not in self._matching:
            try:
                self._matching[spec.key] = "depth_unet" in find_model(spec.key)
            except StudioError:
                return ""  # nothing of it is here, which is told elsewhere
        return (
            ""
            if self._matching[spec.key]
            else self.tr("The part of {model} that matches depth is not here.").format(model=title)
        )

    # ------------------------------------------------------------------ estimating

    def estimate(self, layer: int | None = None) -> None:
        """Make the depth layer of the document in front from what is seen in the generation frame, or from one layer
        alone; one step, once it is done. One that goes on is given up for it."""
        sheet = self._editor.sheet
        if sheet is None:
            return
        self._editor.finish_tool()
        document = sheet.document
        if document.editing:
            return  # a stroke is being drawn
        area = generated_area(document.state).intersected(document.state.canvas)
        going = self.going = Going(sheet)
        state, files = document.state.snapshot(), self._files if self.installed else None
        only = None if layer is None else operations.alone(state.layer(layer))

        def do(engine: Any, reports: Reports) -> Pixels:
            reports.progress(Progress(Stage.encoding, 0, 1, 0, 1, 0.0))
            picture = to_rgba(Document(state).render(area, only))
            return depth.estimate(picture, files, device=str(engine.device), on_progress=reports.progress)

        def dropped() -> None:
            if self.going is going:
                self._end()

        def progressed(progress: Progress) -> None:
            if self.going is going:
                going.fraction = progress.fraction
                self.changed.emit()

        def failed(error: StudioError) -> None:
            dropped()
            self._messages.error(error)

        def done(found: Pixels) -> None:
            if self.going is going:
                self._put_when_idle(sheet, lambda: self._arrived(sheet, found, area, files is None))

        self.changed.emit()
        model = self._settings.values.model
        self._worker.ask(Errand(TOPIC, model, do, done, failed, progress=progressed, dropped=dropped, interrupts=True))

    @Slot()
    def cancel(self) -> None:
        """Give up the estimate that is being made."""
        self._worker.forget(TOPIC)
        self._end()

    def _end(self) -> None:
        if self.going is not None:
            self.going = None
            self.changed.emit()

    def _arrived(self, sheet: Sheet, found: Pixels, area: Rect, by_colour: bool) -> None:
        was_put = self._put(sheet.document, found, area, QT_TRANSLATE_NOOP("steps", "Estimate depth"))
        self._end()
        if was_put and by_colour and not self._told:
            self._told = True
            how = Action(self.tr("For photographs…"), self.offer)
            self._messages.note(
                self.tr("Told apart by colour: what differs from the ground is near. That suits flat shapes."), how
            )

    def _put(self, document: Document, found: Pixels, area: Rect, name: str) -> bool:
        """False, and a message, if the layer can't be changed."""
        is_new = document.state.of_kind(Kind.DEPTH) is None
        try:
            operations.put(document, found, area, name)
        except (StudioError, MemoryError) as error:
            self._messages.error(error)
            return False
        layer = document.state.of_kind(Kind.DEPTH)
        if is_new and layer is not None:
            document.activate(layer.id)  # so that it is seen
        return True

    def _put_when_idle(self, sheet: Sheet, put: Callable[[], object]) -> None:
        """``put``, after the stroke that is being drawn."""
        if self._closed or sheet not in self._editor.sheets:
            self._end()
        elif sheet.document.editing:
            QTimer.singleShot(_AGAIN, self, lambda: self._put_when_idle(sheet, put))
        else:
            put()

    @Slot(object)
    def _sheet_closed(self, sheet: Sheet) -> None:
        if self.going is not None and self.going.sheet is sheet:
            self.cancel()

    # ------------------------------------------------------------------ files

    def import_map(self, path: Path) -> None:
        """Make the picture in ``path``, of any size, the depth of the whole canvas; white is near."""
        sheet = self._editor.sheet
        if sheet is None:
            return
        canvas = sheet.document.state.canvas

        def arrived(found: Pixels) -> None:
            name = QT_TRANSLATE_NOOP("steps", "Import depth")
            self._put_when_idle(sheet, lambda: self._put(sheet.document, found, canvas, name))

        self._lane.run(lambda: operations.scaled(read_grey(path), canvas), arrived, self._messages.error)

    def export_map(self, path: Path, sixteen: bool = False) -> None:
        """Write the depth of the canvas as a grey PNG of 8 or ``sixteen`` bits."""
        document = self._editor.document
        surface = operations.of(document) if document is not None else None
        if document is None or surface is None:
            return
        values, canvas = surface.copy(), document.state.canvas

        def done(_: None) -> None:
            self._messages.note(self.tr("{file} is written.").format(file=path.name))

        self._lane.run(lambda: write_depth(path, values.array(canvas), sixteen), done, self._messages.error)

    def flush(self) -> None:
        """Wait until what is being read and written is done."""
        self._lane.flush()

    def close(self) -> None:
        """End the work on files."""
        self._closed = True
        self._lane.close()
