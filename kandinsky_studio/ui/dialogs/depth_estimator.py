"""How the estimator that sees depth in photographs comes into the program."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QEvent, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialogButtonBox, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from kandinsky_studio.app.depth_maps import ESTIMATOR
from kandinsky_studio.app.messages import sentences
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.errors import StudioError
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.reading import ReadingDialog


class DepthEstimatorDialog(ReadingDialog):
    """Looks for the files whenever one comes back to it, from the file manager for example."""

    def __init__(self, studio: Studio, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self._about, self._fetch, self._how, self._other = (paragraph() for _ in range(4))
        self.state = paragraph("muted")
        self.folder = QLineEdit(os.fspath(studio.models.folder))
        self.folder.setReadOnly(True)
        self.folder.setCursorPosition(0)
        self.open_models = QPushButton()
        self.open_models.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.open_models.clicked.connect(self._open_models)
        self.fetch = QPushButton()
        self.fetch.clicked.connect(actions.get_real_pictures.trigger)
        self.open_folder = QPushButton()
        self.open_folder.clicked.connect(actions.commands.action("depth.open_folder").trigger)
        self.estimate = QPushButton()
        self.estimate.clicked.connect(self._estimate)
        self.buttons.addButton(self.estimate, QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(8)
        layout.addWidget(self._about)
        rows: tuple[tuple[QWidget, QWidget], ...] = (
            (self._fetch, self.fetch),
            (self.folder, self.open_models),
            (self._other, self.open_folder),
        )
        for first, second in rows:
            if first is self.folder:
                layout.addSpacing(8)
                layout.addWidget(self._how)
            line = QHBoxLayout()
            line.setSpacing(8)
            line.addWidget(first, 1)
            line.addWidget(second)
            layout.addLayout(line)
        foot = QHBoxLayout()
        foot.setSpacing(16)
        foot.addWidget(self.state, 1)
        foot.addWidget(self.buttons)
        layout.addStretch(1)
        layout.addSpacing(16)
        layout.addLayout(foot)
        studio.depth.changed.connect(self._show_state)
        self.retranslate()
        self.get_ready(self.close_button)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowActivate:
            self._studio.depth.look_again()
        return super().event(event)

    def retranslate(self) -> None:
        folder = ESTIMATOR.repository.rpartition("/")[2]
        self.setWindowTitle(self.tr("Depth of photographs"))
        self._about.setText(
            self.tr(
                "{model} sees how near things are in photographs and paintings of them. It takes {size} MB, also runs "
                "without a graphics card, and is free under {licence}. Until it is here, depth is told by colour: what "
                "differs from the ground counts as near, which suits flat shapes only."
            ).format(model=ESTIMATOR.title, size=round(ESTIMATOR.size / 1e6), licence=ESTIMATOR.licence)
        )
        self._fetch.setText(self.tr("Among the models it can be fetched from Hugging Face:"))
        self._how.setText(
            self.tr(
                "If you have its files already, the folder {folder} with {files}, as {repository} publishes them, put "
                "that folder into the models folder:"
            ).format(
                folder=f"<b>{folder}</b>",
                files=", ".join(ESTIMATOR.files),
                repository=ESTIMATOR.repository,
            )
        )
        self._other.setText(self.tr("Or show the program where it is:"))
        self.folder.setAccessibleName(self.tr("The models folder"))
        self.fetch.setText(self.tr("Models…"))
        self.open_models.setText(self.tr("Open this folder"))
        self.open_folder.setText(self.tr("Open a folder…"))
        self.estimate.setText(self.tr("Estimate depth"))
        self._show_state()

    @Slot()
    def _show_state(self) -> None:
        depth = self._studio.depth
        flaw = depth.flaw
        if depth.installed:
            text = self.tr("{model} is on this computer.").format(model=ESTIMATOR.title)
        elif flaw is not None:
            text = sentences(flaw)[0]
        else:
            text = self.tr("Not found yet. This window looks again whenever you come back to it.")
        self.state.setText(text)
        self.estimate.setVisible(depth.installed)
        self.estimate.setEnabled(self._studio.editor.document is not None)
        (self.estimate if depth.installed else self.close_button).setDefault(True)

    @Slot()
    def _estimate(self) -> None:
        self._studio.depth.estimate()
        self.accept()

    @Slot()
    def _open_models(self) -> None:
        try:
            folder: Path = self._studio.models.make_folder()
        except StudioError as error:
            self._studio.messages.error(error)
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(os.fspath(folder)))
