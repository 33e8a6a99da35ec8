"""What the commands do to the depth layer of the document in front."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.document import depth_operations as operations
from kandinsky_studio.document.document import Document
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.dialogs.depth_estimator import DepthEstimatorDialog
from kandinsky_studio.ui.front_deeds import FrontDeeds
from kandinsky_studio.ui.workbench import Workbench

_WITH_DEPTH = ("depth.invert", "depth.adjust", "depth.export_png", "depth.export_png_16")
_WITH_LAYER = ("depth.estimate_layer", "depth.from_luminance")


class DepthDeeds(FrontDeeds):
    """Connects the commands about depth."""

    def __init__(self, studio: Studio, actions: Actions, bench: Workbench, window: QWidget) -> None:
        super().__init__(studio, actions, bench, window)
        controls = bench.page.task_bar.depth_controls
        self._do("depth.estimate", lambda _: studio.depth.estimate())
        self._do("depth.estimate_layer", lambda document: studio.depth.estimate(document.active_id))
        self._do("depth.from_luminance", operations.from_luminance)
        self._do("depth.invert", operations.invert)
        self._do("depth.adjust", lambda _: controls.popup.open_above(bench.page.task_bar))
        self._do("depth.import_png", lambda _: self._import())
        self._do("depth.export_png", lambda _: self._export(False))
        self._do("depth.export_png_16", lambda _: self._export(True))
        show = actions.commands.implement("depth.show", self._show)
        show.setCheckable(True)
        self._ids.append("depth.show")
        actions.commands.implement("depth.get_estimator", self._offer)
        actions.commands.implement("depth.open_folder", self._open_folder)
        studio.depth.offered.connect(self._offer)
        self.watch()

    def show_possible(self, document: Document) -> None:
        action = self._actions.commands.action
        there = operations.of(document) is not None
        for id in _WITH_DEPTH:
            action(id).setEnabled(there)
        active = document.active
        for id in _WITH_LAYER:
            action(id).setEnabled(active is not None and active.in_picture)

    @Slot(bool)
    def _show(self, on: bool) -> None:
        """Over the picture, whichever layer one paints on."""
        view = self._bench.page.view
        view.veils.depth_shown = on
        view.veils_changed()

    def _import(self) -> None:
        kinds = self.tr("Pictures (*.png *.jpg *.jpeg *.webp *.tif *.tiff)")
        name, _ = QFileDialog.getOpenFileName(self._window, self.tr("Import a depth map"), "", kinds)
        if name:
            self._studio.depth.import_map(Path(name))

    def _export(self, sixteen: bool) -> None:
        title = self.tr("Export the depth map")
        name, _ = QFileDialog.getSaveFileName(self._window, title, "depth.png", "PNG (*.png)")
        if name:
            path = Path(name)
            path = path if path.suffix.lower() == ".png" else path.with_name(f"{path.name}.png")
            self._studio.depth.export_map(path, sixteen)

    @Slot()
    def _open_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self._window, self.tr("Open the folder of the depth estimator"))
        if name:
            self._studio.depth.open_folder(Path(name))

    @Slot()
    def _offer(self) -> None:
        """A dialog to read while one works; asked for twice, the one that is open comes to the front."""
        opened = next((one for one in self._window.findChildren(DepthEstimatorDialog) if one.isVisible()), None)
        if opened is None:
            DepthEstimatorDialog(self._studio, self._actions, self._window).show()
        else:
            opened.raise_()
            opened.activateWindow()
