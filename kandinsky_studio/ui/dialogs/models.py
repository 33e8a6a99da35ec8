"""The window of the models: what is here, what can be had, where it is kept."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.deliveries import Findings
from kandinsky_studio.app.models import BUILTIN
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.app.underway import Work
from kandinsky_studio.errors import StudioError
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.model_card import ModelCard
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.amounts import data_size
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.translated import TranslatedDialog

_SIZE = 720, 760  # pixels at first
CARDS = (BUILTIN, "kandinsky-2.2", "kandinsky-2.1", "kandinsky-2.0", "depth-anything-v2-small")


class ModelsDialog(TranslatedDialog):
    """A card for each model, above them where they are kept; open beside the work as long as one likes."""

    def __init__(self, studio: Studio, theme: Theme, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._studio = studio
        self.cards = {model: ModelCard(studio, theme, model) for model in CARDS}
        self.place = QLineEdit()
        self.place.setReadOnly(True)
        self.open_folder, self.move_models, self.take = QPushButton(), QPushButton(), QPushButton()
        self._own, self.open_model = paragraph("muted"), QPushButton()
        self.open_model.clicked.connect(actions.open_model.trigger)
        self._kept, self._room = QLabel(), paragraph("muted")
        self.idle_card, self.use_card = paragraph("warning"), QPushButton()
        self.use_card.clicked.connect(actions.commands.action("model.runtimes").trigger)
        self.network, self.look = QCheckBox(), QPushButton()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setFixedHeight(theme.px(SMALL))
        self._doing, self.stop = QLabel(), QPushButton()
        self._work = QWidget()
        self._build()
        self._connect()
        self.retranslate()
        self.resize(QSize(theme.px(_SIZE[0]), theme.px(_SIZE[1])).boundedTo(self.screen().availableSize()))
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # Return in a window with many buttons should press none by chance
        self.cards["kandinsky-2.2"].focus_first()
        studio.looking.look()
        studio.deliveries.stock.look()
        studio.runtimes.look()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(SMALL)
        row.addWidget(self._kept)
        row.addWidget(self.place, 1)
        for button in (self.open_folder, self.move_models, self.take):
            row.addWidget(button)
        below = QHBoxLayout()
        below.addWidget(self._room, 1)
        below.addWidget(self.look)
        below.addWidget(self.network)
        work = QHBoxLayout(self._work)
        work.setContentsMargins(0, 0, 0, 0)
        work.setSpacing(MEDIUM)
        work.addWidget(self._doing)
        work.addWidget(self.bar, 1)
        work.addWidget(self.stop)
        self._work.hide()
        head = QVBoxLayout()
        head.setContentsMargins(LARGE, LARGE, LARGE, SMALL)
        head.setSpacing(SMALL)
        head.addLayout(row)
        head.addLayout(below)
        graphics = QHBoxLayout()
        graphics.addWidget(self.idle_card, 1)
        graphics.addWidget(self.use_card)
        head.addLayout(graphics)
        head.addWidget(self._work)
        body = QWidget()
        body.setObjectName("cards")
        cards = QVBoxLayout(body)
        cards.setContentsMargins(LARGE, SMALL, LARGE, LARGE)
        cards.setSpacing(MEDIUM)
        for card in self.cards.values():
            cards.addWidget(card)
        own = QHBoxLayout()
        own.setContentsMargins(LARGE, SMALL, LARGE, 0)
        own.addWidget(self._own, 1)
        own.addWidget(self.open_model)
        cards.addLayout(own)
        cards.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(scroll, 1)

    def _connect(self) -> None:
        deliveries, remembering = self._studio.deliveries, self._studio.remembering
        self.open_folder.clicked.connect(self._open)
        self.move_models.clicked.connect(self._move)
        self.take.clicked.connect(self._import)
        self.stop.clicked.connect(deliveries.stop_work)
        self.network.toggled.connect(lambda on: remembering.set(network=on))
        remembering.changed.connect(self._preference_changed)
        deliveries.changed.connect(self._show)
        self._studio.runtimes.changed.connect(self._show)
        deliveries.worked.connect(self._worked)
        deliveries.found.connect(self._found)
        deliveries.imported.connect(self._imported)
        deliveries.checked.connect(self._checked)
        deliveries.halved.connect(self._halved)
        deliveries.looked.connect(self._looked)
        deliveries.stock.changed.connect(self._show)
        self.look.clicked.connect(deliveries.look_for_updates)
        for card in self.cards.values():
            card.removal_wanted.connect(self._remove)

    # ------------------------------------------------------------------ words

    def event(self, event: QEvent) -> bool:
        """Whoever comes back from the file manager may have put weights where they belong."""
        if event.type() == QEvent.Type.WindowActivate:
            self._studio.models.look_again()
        return super().event(event)

    def retranslate(self) -> None:
        self.setWindowTitle(self.tr("Models"))
        self._kept.setText(self.tr("Kept in"))
        self.place.setAccessibleName(self.tr("Folder of the models"))
        self.open_folder.setText(self.tr("Open"))
        self.move_models.setText(self.tr("Move…"))
        self.take.setText(self.tr("Import…"))
        self.take.setToolTip(
            self.tr("From a folder, a memory stick, another program's cache or a browser's downloads.")
        )
        self.network.setText(self.tr("Downloads are allowed"))
        self.network.setToolTip(self.tr("Only what you ask for is fetched, and nothing else ever goes to the network."))
        self.look.setText(self.tr("Look for updates"))
        self.look.setToolTip(self.tr("Asks the Hub whether it has newer editions of what is here, and nothing else."))
        self.stop.setText(self.tr("Stop"))
        self._own.setText(
            self.tr(
                "Weights that other programs fetched with the Hugging Face libraries are found where they are, in {folder}; "
                "a model anywhere else can be opened."
            ).format(folder=self._studio.models.shared_folder)
        )
        self.open_model.setText(self.tr("Open a model folder…"))
        self.use_card.setText(self.tr("Use the card…"))
        self._show()

    @Slot()
    def _show(self) -> None:
        seen = self._studio.deliveries.stock.seen
        if self.place.text() != str(seen.place):
            self.place.setText(str(seen.place))
            self.place.setCursorPosition(0)
        self._room.setText(
            self.tr("{used} used, {free} free on this disk").format(
                used=data_size(seen.used), free=data_size(seen.free)
            )
        )
        self.look.setEnabled(bool(seen.sizes))
        self.network.setChecked(self._studio.remembering.values.network)
        card = self._studio.runtimes.idle_card
        self.idle_card.setText(self.tr("{card} is not used yet: pictures are made on the processor.").format(card=card))
        for widget in (self.idle_card, self.use_card):
            widget.setVisible(card is not None)

    @Slot(str)
    def _preference_changed(self, name: str) -> None:
        if name == "network":
            self._show()

    # ------------------------------------------------------------------ what is done

    @Slot()
    def _open(self) -> None:
        try:
            folder = self._studio.models.make_folder()
        except StudioError as error:
            self._studio.messages.error(error)
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(os.fspath(folder)))

    @Slot()
    def _move(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Keep the models in"), self.place.text())
        if name:
            self._studio.deliveries.move_to(Path(name))

    @Slot()
    def _import(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Import models from"), str(Path.home()))
        if name:
            self._studio.deliveries.look_into(Path(name))

    @Slot(object)
    def _found(self, findings: Findings) -> None:
        if not findings.files and findings.wanting:
            self._say(self.tr("What is in this folder is of no use without these files:"), list(findings.wanting))
            return
        if not findings.files:
            self._say(self.tr("There are no weights in this folder that the program knows."))
            return
        names = "\n".join(repository.folder for repository in findings.repositories)
        question = QMessageBox(self)
        question.setWindowTitle(self.tr("Import models"))
        question.setText(self.tr("Copy {size} of weights?").format(size=data_size(findings.size)))
        question.setInformativeText(names)
        copy = question.addButton(self.tr("Copy"), QMessageBox.ButtonRole.AcceptRole)
        question.addButton(QMessageBox.StandardButton.Cancel)
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copy.clicked.connect(lambda: self._studio.deliveries.bring(findings))
        question.open()

    @Slot(object)
    def _imported(self, findings: Findings) -> None:
        deliveries = self._studio.deliveries
        lacking = [
            file for files in findings.lacking(deliveries.catalogue, deliveries.place).values() for file in files
        ]
        if lacking:
            self._say(self.tr("Copied. Some parts are not whole yet; they lack these files:"), sorted(set(lacking)))

    @Slot(str, object)
    def _checked(self, model: str, wrong: list[object]) -> None:
        title = self.cards[model].title()
        if not wrong:
            self._say(self.tr("All files of {model} are as they were published.").format(model=title))
            return
        names = [str(getattr(file, "path", file)) for file in wrong]
        self._say(
            self.tr("Some files of {model} are damaged or missing. Get it again: only these are fetched.").format(
                model=title
            ),
            names,
        )

    @Slot(str, object)
    def _halved(self, model: str, saved: int) -> None:
        if saved:
            self._say(self.tr("{size} of the disk are free again.").format(size=data_size(saved)))
        else:
            self._say(self.tr("These files are as small as they get."))

    @Slot(object)
    def _looked(self, models: list[str]) -> None:
        titles = ", ".join(self.cards[model].title() for model in models if model in self.cards)
        if titles:
            self._say(self.tr("There are newer editions of: {models}.").format(models=titles))
        else:
            self._say(self.tr("What is here is the newest there is."))

    @Slot(str)
    def _remove(self, model: str) -> None:
        question = QMessageBox(self)
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        question.setIcon(QMessageBox.Icon.Warning)
        question.setWindowTitle(self.tr("Remove a model"))
        title = self.cards[model].title()
        question.setText(self.tr("Delete the files of {model}?").format(model=title))
        question.setInformativeText(self.tr("Your pictures stay. To use the model again, it has to be fetched again."))
        remove = question.addButton(self.tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        question.addButton(QMessageBox.StandardButton.Cancel)
        remove.clicked.connect(lambda: self._studio.deliveries.remove(model))
        question.open()

    def _say(self, text: str, details: list[str] | None = None) -> None:
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("Models"))
        box.setText(text)
        box.setInformativeText("\n".join(details or ()))
        box.open()

    @Slot(object, object)
    def _worked(self, work: Work | None, share: float | None) -> None:
        self._work.setVisible(work is not None)
        if work is None:
            return
        words = {
            Work.check: self.tr("Reading the files…"),
            Work.halve: self.tr("Making the files smaller…"),
            Work.copy: self.tr("Copying…"),
            Work.move: self.tr("Moving…"),
            Work.remove: self.tr("Deleting…"),
            Work.ask: self.tr("Asking for newer editions…"),
        }
        self._doing.setText(words[work])
        self.bar.setValue(round((share or 0.0) * 1000))
