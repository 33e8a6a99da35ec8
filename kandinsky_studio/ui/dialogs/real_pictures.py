"""How the weights of Kandinsky 2.2 come into the program."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialogButtonBox, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from kandinsky_studio.app.messages import sentences
from kandinsky_studio.app.models import BUILTIN, REAL, REAL_FOLDERS
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.errors import StudioError
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.widgets.reading import ReadingDialog, paragraph


class RealPicturesDialog(ReadingDialog):
    """Looks for the weights whenever one comes back to it, from the file manager for example, and offers to use them."""

    def __init__(self, studio: Studio, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self._about, self._how = paragraph(), paragraph()
        self.folder = _path(studio.models.folder)
        self.open_folder = QPushButton()
        self.open_folder.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)  # as tall as the field
        self.open_folder.clicked.connect(self._open_folder)
        self.shared_folder = _path(studio.models.shared_folder)
        self.open_model = QPushButton()
        self.open_model.clicked.connect(actions.open_model.trigger)
        self._titles = [paragraph("heading") for _ in range(3)]
        self._hints = [paragraph() for _ in range(3)]
        self.state = paragraph("muted")
        self.state.setTextFormat(Qt.TextFormat.PlainText)  # it may name a folder
        self.use = QPushButton()
        self.use.clicked.connect(lambda: studio.choose_model(REAL))
        self.buttons.addButton(self.use, QDialogButtonBox.ButtonRole.ActionRole)
        self._build()
        studio.models.changed.connect(self._show_state)
        studio.model_chosen.connect(self._model_chosen)
        self.retranslate()
        self.get_ready(self.use if self.use.isDefault() else self.close_button)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(8)
        layout.addWidget(self._about)
        layout.addWidget(self._how)
        places: list[list[QWidget]] = [[self.folder, self.open_folder], [self.shared_folder], []]
        for title, hint, row in zip(self._titles, self._hints, places, strict=True):
            layout.addSpacing(8)
            layout.addWidget(title)
            line = QHBoxLayout()
            line.setSpacing(8)
            if row:
                layout.addWidget(hint)
                for widget in row:
                    line.addWidget(widget)
            else:
                line.addWidget(hint, 1)
                line.addWidget(self.open_model)
            layout.addLayout(line)
        foot = QHBoxLayout()
        foot.setSpacing(16)
        foot.addWidget(self.state, 1)
        foot.addWidget(self.buttons)
        layout.addStretch(1)
        layout.addSpacing(16)
        layout.addLayout(foot)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowActivate:
            self._studio.models.look_again()
        return super().event(event)

    def retranslate(self) -> None:
        models = self._studio.models
        title = models.title(REAL)
        self.setWindowTitle(self.tr("Real pictures with {model}").format(model=title))
        size = round(models.spec(REAL).disk_size / 1e9)
        self._about.setText(
            self.tr(
                "{model} draws what you describe: people, animals, landscapes. It reads English prompts, needs about "
                "{size} GB on the disk and wants a graphics card; without one it takes long."
            ).format(model=title, size=size)
        )
        prior, decoder = REAL_FOLDERS
        self._how.setText(
            self.tr(
                "This program never goes to the network, so you bring the weights: the folders {prior} and {decoder} "
                "in safetensors form, as kandinsky-community publishes them on Hugging Face. "
                "Any of these places will do:"
            ).format(prior=f"<b>{prior}</b>", decoder=f"<b>{decoder}</b>")
        )
        titles = (
            self.tr("The models folder"),
            self.tr("The cache of the Hugging Face libraries"),
            self.tr("Any other folder"),
        )
        hints = (
            self.tr("Put both folders in here:"),
            self.tr("What other programs have fetched into it is found:"),
            self.tr("Show the program the folder that holds both."),
        )
        for label, text in zip((*self._titles, *self._hints), (*titles, *hints), strict=True):
            label.setText(text)
        self.folder.setAccessibleName(titles[0])
        self.shared_folder.setAccessibleName(titles[1])
        self.open_folder.setText(self.tr("Open this folder"))
        self.open_model.setText(self.tr("Open a model folder…"))
        self.use.setText(self.tr("Use {model}").format(model=title))
        self._show_state()

    @Slot()
    def _show_state(self) -> None:
        models = self._studio.models
        installed = models.installed(REAL)
        flaw = None if installed else models.flaw(REAL)
        if installed:
            text = self.tr("{model} is on this computer.").format(model=models.title(REAL))
        elif flaw is not None:
            text = sentences(flaw)[0]
        else:
            text = self.tr("Not found yet. This window looks again whenever you come back to it.")
        self.state.setText(text)
        if installed and self.use.isHidden():
            self.use.show()
            self.use.setFocus()  # the weights have just come: this is what one waits for
        self.use.setVisible(installed)
        (self.use if installed else self.close_button).setDefault(True)

    @Slot()
    def _model_chosen(self) -> None:
        """With another model than the built-in one, this dialog has done what it is for."""
        if self._studio.settings.values.model != BUILTIN:
            self.accept()

    @Slot()
    def _open_folder(self) -> None:
        try:
            folder = self._studio.models.make_folder()
        except StudioError as error:
            self._studio.messages.error(error)
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(os.fspath(folder)))


def _path(path: Path) -> QLineEdit:
    field = QLineEdit(os.fspath(path))
    field.setReadOnly(True)
    field.setCursorPosition(0)  # a long path is cut at its end, not at its beginning
    field.setToolTip(os.fspath(path))
    return field
