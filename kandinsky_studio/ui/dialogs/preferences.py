"""The preferences; each takes effect at once."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.app.translation import LANGUAGES
from kandinsky_studio.ui.sizes import SMALL, em
from kandinsky_studio.ui.widgets.number import WholeBox
from kandinsky_studio.ui.widgets.translated import TranslatedDialog

FONT_SCALES = (100, 110, 125, 150, 175, 200)  # percent


class PreferencesDialog(TranslatedDialog):
    """Rows for the preferences that have a title; their words come from where they are declared."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.language = self._choice("language")
        self.theme = self._choice("theme")
        self.font_scale = QComboBox()
        for percent in FONT_SCALES:
            self.font_scale.addItem("", percent)
        at = min(range(len(FONT_SCALES)), key=lambda row: abs(FONT_SCALES[row] - studio.remembering.values.font_scale))
        self.font_scale.setCurrentIndex(at)
        self.font_scale.activated.connect(lambda _: studio.remembering.set(font_scale=self.font_scale.currentData()))
        self.quality = WholeBox()
        self.quality.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        about = studio.remembering.about("export_quality")
        self.quality.setRange(int(about.minimum or 1), int(about.maximum or 100))
        self.quality.setValue(studio.remembering.values.export_quality)
        self.quality.valueChanged.connect(lambda value: studio.remembering.set(export_quality=value))
        values = studio.remembering.values
        self.network = QCheckBox()
        self.network.setChecked(values.network)
        self.network.toggled.connect(lambda on: studio.remembering.set(network=on))
        self.hub_address, self.proxy = QLineEdit(values.hub_address), QLineEdit(values.proxy)
        self.hub_address.setPlaceholderText("https://huggingface.co")
        for line, name in ((self.hub_address, "hub_address"), (self.proxy, "proxy")):
            line.textEdited.connect(
                lambda _, line=line, name=name: studio.remembering.set(**{name: line.text().strip()})
            )
        token = studio.deliveries.token
        self._token_label, self.token, self.keep_token = QLabel(), QLineEdit(token.value), QCheckBox()
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.textEdited.connect(lambda _: setattr(token, "value", self.token.text().strip()))
        self.token.editingFinished.connect(token.settle)
        self.keep_token.clicked.connect(token.keep)
        token.changed.connect(self._show_token)
        token.look()
        self._folder_label = QLabel()
        self.folder = QLineEdit(str(studio.gallery.folder))
        self.folder.setReadOnly(True)
        self.open_folder = QPushButton()
        self.open_folder.setAutoDefault(False)
        self.open_folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(self.folder.text())))
        kept = QHBoxLayout()
        kept.setSpacing(SMALL)
        kept.addWidget(self.folder, 1)
        kept.addWidget(self.open_folder)
        self._rows: dict[str, tuple[QLabel, QWidget]] = {}
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(12)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        for name, widget in (
            ("language", self.language),
            ("theme", self.theme),
            ("font_scale", self.font_scale),
            ("export_quality", self.quality),
            ("network", self.network),
            ("hub_address", self.hub_address),
            ("proxy", self.proxy),
        ):
            self._rows[name] = (QLabel(), widget)
            form.addRow(*self._rows[name])
        form.addRow(self._token_label, self.token)
        form.addRow("", self.keep_token)
        form.addRow(self._folder_label, kept)
        for label, field in (
            *self._rows.values(),
            (self._token_label, self.token),
            (self._folder_label, self.folder),
        ):
            label.setMinimumHeight(field.sizeHint().height())  # else the words stand above the middle of their field
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(24)
        layout.addLayout(form)
        layout.addWidget(buttons)
        self.setMinimumWidth(max(520, em(self, 28)))
        self.retranslate()

    def retranslate(self) -> None:
        self.setWindowTitle(self.tr("Preferences"))
        for name, (label, widget) in self._rows.items():
            about = self._studio.remembering.about(name)
            title = QCoreApplication.translate("preferences", about.title)
            label.setText(title)
            label.setBuddy(widget)
            widget.setAccessibleName(title)
            widget.setToolTip(QCoreApplication.translate("preferences", about.help))
        titles = {
            "system": self.tr("As on the desktop"),
            "light": self.tr("Light"),
            "dark": self.tr("Dark"),
            **LANGUAGES,
        }
        for combo in (self.language, self.theme):
            for row in range(combo.count()):
                combo.setItemText(row, titles[combo.itemData(row)])
        for row, percent in enumerate(FONT_SCALES):
            self.font_scale.setItemText(row, self.tr("{percent} %").format(percent=percent))
        self.network.setText(self.tr("Allowed when I ask for them"))
        self.proxy.setPlaceholderText(self.tr("The system’s"))
        self._token_label.setText(self.tr("Token"))
        self.token.setPlaceholderText(self.tr("Usually not needed"))
        self._token_label.setBuddy(self.token)
        self.token.setAccessibleName(self.tr("Token"))
        self.token.setToolTip(
            self.tr(
                "For models whose licence one has to agree to on the Hub. It is kept until the program ends, and nowhere "
                "on the disk."
            )
        )
        self.keep_token.setText(self.tr("Keep it in the system's key store"))
        self._show_token()
        self._folder_label.setText(self.tr("Gallery folder"))
        self._folder_label.setBuddy(self.folder)
        self.folder.setAccessibleName(self.tr("Gallery folder"))
        self.folder.setToolTip(self.tr("Every picture is a file in here, also those that are in no document."))
        self.open_folder.setText(self.tr("Open"))
        self.open_folder.setToolTip(self.tr("Show the pictures in the file manager."))

    @Slot()
    def _show_token(self) -> None:
        """The box is there only where a key store is."""
        token = self._studio.deliveries.token
        self.keep_token.setVisible(token.can_keep)
        self.keep_token.setChecked(token.kept)
        if not self.token.hasFocus():
            self.token.setText(token.value)

    def _choice(self, name: str) -> QComboBox:
        combo = QComboBox()
        for choice in self._studio.remembering.about(name).choices:
            combo.addItem("", choice)
        combo.setCurrentIndex(combo.findData(getattr(self._studio.remembering.values, name)))
        combo.activated.connect(lambda _: self._studio.remembering.set(**{name: combo.currentData()}))
        return combo
