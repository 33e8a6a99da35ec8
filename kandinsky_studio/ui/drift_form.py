"""The part of the ideas panel where a picture is pulled towards words."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from kandinsky_studio.app.drift import KEEPS
from kandinsky_studio.app.files import OPENABLE
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.flow_row import FlowRow
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.picture_box import PictureBox
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.slot import SmallPicture
from kandinsky_studio.ui.widgets.status_line import StatusLine
from kandinsky_studio.ui.widgets.translated import Translated

_PREVIEW = 200  # pixels


class DriftForm(Translated):
    """Shows the studio's :class:`~kandinsky_studio.app.drift.Drift`; it keeps nothing of its own."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("formBody")
        self._studio = studio
        self.drift = studio.drift
        self.unable, self.teaching = paragraph("warning"), paragraph("muted")
        self.picture = SmallPicture(theme, "image")
        self.name = StatusLine(Qt.AlignmentFlag.AlignLeft)
        self._source = QWidget()
        row = QHBoxLayout(self._source)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SMALL)
        row.addWidget(self.picture)
        row.addWidget(self.name, 1)
        self.shown, self.layer, self.selection, self.file = (QPushButton() for _ in range(4))
        self.words = QLineEdit()
        self.words.setMaxLength(4000)
        self.amount = LabelledSlider(theme, -100, 100, 0, suffix=" %")
        self.preview = PictureBox(theme, _PREVIEW)
        self.keeps = QCheckBox()
        self.strength = LabelledSlider(theme, 5, 100, KEEPS * 100, suffix=" %")
        column = QVBoxLayout(self)
        column.setContentsMargins(LARGE, MEDIUM, LARGE, MEDIUM)
        column.setSpacing(MEDIUM)
        taking = FlowRow(self.shown, self.layer, self.selection, self.file)
        for part in (self.unable, self.teaching, self._source, taking, self.words, self.amount, self.preview):
            column.addWidget(part)
        column.addWidget(self.keeps)
        column.addWidget(self.strength)
        column.addStretch(1)
        self._connect()
        self.retranslate()

    def _connect(self) -> None:
        drift, studio = self.drift, self._studio
        drift.changed.connect(self._show)
        drift.picture_changed.connect(self._show_picture)
        self.shown.clicked.connect(lambda: drift.take_shown())
        self.layer.clicked.connect(lambda: studio.ingredients.layers(None, drift.take))
        self.selection.clicked.connect(lambda: studio.ingredients.selection(drift.take))
        self.file.clicked.connect(self.ask_for_picture)
        self.words.textEdited.connect(drift.set_words)
        self.words.returnPressed.connect(lambda: drift.render())
        self.amount.changed.connect(lambda percent: drift.move(percent / 100))
        self.amount.committed.connect(lambda _: drift.render())
        self.keeps.clicked.connect(drift.set_keeps_composition)
        self.strength.changed.connect(lambda percent: drift.set_strength(percent / 100))
        self.strength.committed.connect(lambda _: drift.render())
        studio.model_chosen.connect(self._show)
        studio.easel.changed.connect(self._show_sources)
        studio.editor.sheet_changed.connect(self._show_sources)
        studio.editor.document_changed.connect(lambda _: self._show_sources())

    def retranslate(self) -> None:
        self.teaching.setText(
            self.tr(
                "Take a picture, say where it should go, and pull: at 0 it is itself, at 100 it is what the words say, "
                "below 0 it goes the other way. Where you let go, the whole picture is made and kept."
            )
        )
        self.shown.setText(self.tr("Take what is shown"))
        self.layer.setText(self.tr("The layer"))
        self.selection.setText(self.tr("The selection"))
        self.file.setText(self.tr("Picture…"))
        self.words.setPlaceholderText(self.tr("Where to, such as “a yellow star”"))
        self.words.setAccessibleName(self.tr("Words that it drifts towards"))
        self.amount.set_words(
            self.tr("Drift"),
            self.tr("From the picture’s own idea to that of the words; below 0 away from them."),
        )
        self.preview.set_words(self.tr("The picture follows the slider."))
        self.preview.setAccessibleName(self.tr("Picture of the drift"))
        self.keeps.setText(self.tr("Keep the composition"))
        self.keeps.setToolTip(
            self.tr(
                "Drawing starts from the picture, so that things stay where they are and only what they are changes"
            )
        )
        self.strength.set_words(
            self.tr("Drawn anew"), self.tr("How much of the picture may change; at 100 % nothing of it is left.")
        )
        self._show()
        self._show_picture()

    @Slot()
    def _show(self) -> None:
        drift, studio = self.drift, self._studio
        self.unable.setVisible(not drift.able)
        self.unable.setText(
            self.tr("{model} can’t mix ideas. These can: {others}.").format(
                model=studio.models.title(studio.settings.values.model), others=", ".join(studio.mixing.able_models())
            )
        )
        source = drift.source
        self.teaching.setVisible(drift.able and (source is None or not drift.words.strip()))
        self._source.setVisible(source is not None)
        if source is not None:
            self.name.setText(source.title())
        if self.words.text() != drift.words:
            self.words.setText(drift.words)
        for widget in (self.words, self.keeps):
            widget.setEnabled(drift.able)
        self.amount.setEnabled(drift.ready)
        self.amount.set_number(drift.amount * 100)
        self.preview.setVisible(source is not None)
        self.keeps.setChecked(drift.keeps_composition)
        self.strength.setVisible(drift.keeps_composition)
        self.strength.setEnabled(drift.able)
        self.strength.set_number(drift.strength * 100)
        self._show_sources()

    @Slot()
    def _show_sources(self) -> None:
        document = self._studio.editor.document
        able = self.drift.able
        self.shown.setEnabled(able and self.drift.something_shown)
        self.layer.setEnabled(able and document is not None and document.active_id is not None)
        self.selection.setEnabled(able and document is not None and document.state.selection is not None)
        self.file.setEnabled(able)

    @Slot()
    def _show_picture(self) -> None:
        drift = self.drift
        own = drift.source.picture() if drift.source is not None else None
        self.picture.show_image(own, "image")
        shown = drift.image if drift.image is not None else own
        self.preview.show_image(shown, self.tr("Draft") if drift.is_draft and drift.image is not None else "")

    @Slot()
    def ask_for_picture(self) -> None:
        """Let the user choose a file."""
        kinds = f"{self.tr('Pictures')} ({' '.join(OPENABLE)})"
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Let a picture drift"), "", kinds)
        if name:
            self._studio.ingredients.file(Path(name), self.drift.take)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.drift.leave()
