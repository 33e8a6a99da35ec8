"""What this program is, and under which licences it and what it works with are."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, qVersion
from PySide6.QtWidgets import QDialogButtonBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from kandinsky_studio import __version__, paths
from kandinsky_studio.app.notices import model_licences
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.dialogs.licences import LicencesDialog
from kandinsky_studio.ui.model_card import TITLES
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL, WIDE
from kandinsky_studio.ui.theme import Theme, application_icon
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.reading import ReadingDialog

_ICON = 72  # pixels at the ordinary font


class AboutDialog(ReadingDialog):
    """Name, version and licence; the licences of the models; the way to those of the software inside."""

    def __init__(self, studio: Studio, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio, self._theme = studio, theme
        side = theme.px(_ICON)
        icon = QLabel()
        icon.setPixmap(application_icon().pixmap(side, side))
        name, version = paragraph("welcomeTitle"), QLabel(__version__)
        name.setText("Kandinsky Studio")
        version.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text, self._licence, self._qt = paragraph(), paragraph("muted"), paragraph("muted")
        self.portable = paragraph("muted")
        self.portable.setVisible(paths.portable() is not None)
        self._heading = paragraph("heading")
        self._models = model_licences()
        self._titles = [QLabel() for _ in self._models]
        self.licences = [QLabel() for _ in self._models]
        self.others, self.qt_licence = QPushButton(), QPushButton()
        self.others.clicked.connect(lambda: self._open(""))
        self.qt_licence.clicked.connect(lambda: self._open("PySide6"))
        for button in (self.others, self.qt_licence):
            self.buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        words = QVBoxLayout()
        words.setSpacing(MEDIUM)
        for widget in (name, version, self._text, self._licence, self.portable):
            words.addWidget(widget)
        row = QHBoxLayout()
        row.setSpacing(WIDE)
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        grid = QGridLayout()
        grid.setHorizontalSpacing(WIDE)
        grid.setVerticalSpacing(SMALL)
        grid.setColumnStretch(1, 1)
        for number, (title, licence) in enumerate(zip(self._titles, self.licences, strict=True)):
            licence.setObjectName("muted")
            licence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(title, number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(licence, number, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(WIDE, WIDE, WIDE, LARGE)
        layout.setSpacing(LARGE)
        layout.addLayout(row)
        layout.addWidget(self._heading)
        layout.addLayout(grid)
        layout.addWidget(self._qt)
        layout.addWidget(self.buttons)
        self.retranslate()
        self.get_ready(self.close_button)

    def retranslate(self) -> None:
        """Set every text anew."""
        self.setWindowTitle(self.tr("About Kandinsky Studio"))
        self._text.setText(
            self.tr(
                "Pictures from words with the Kandinsky 2 models, on your own computer. "
                "Nothing is sent anywhere: the program works without a network."
            )
        )
        self._licence.setText(self.tr("Free software under the Apache License 2.0."))
        self.portable.setText(self.tr("Portable: settings, library and models are kept beside the program."))
        self._heading.setText(self.tr("Licences of the models"))
        for told, title, licence in zip(self._models, self._titles, self.licences, strict=True):
            spec = self._studio.models.find(told.model)
            known = TITLES.get(told.model) or (spec.title if spec is not None else told.model)
            title.setText(QCoreApplication.translate("models", known))
            names = ", ".join(one.replace("apache", "Apache") for one in told.licences)
            publishers = ", ".join(dict.fromkeys(place.partition("/")[0] for place in told.places))
            published = self.tr("{licences}, published by {publishers}").format(licences=names, publishers=publishers)
            licence.setText(published if told.places else self.tr("part of this program"))
            licence.setToolTip("\n".join(told.places))
        self._qt.setText(
            self.tr(
                "The window is made with Qt {version}, which is used under the GNU Lesser General Public License 3 and "
                "may be replaced by another Qt: how is told beside its licence."
            ).format(version=qVersion())
        )
        self.others.setText(self.tr("Licences of other software…"))
        self.qt_licence.setText(self.tr("Licence of Qt…"))

    def _open(self, shown: str) -> None:
        LicencesDialog(self._studio, self._theme, self, shown).open()
