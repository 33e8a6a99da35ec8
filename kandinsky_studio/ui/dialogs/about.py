"""What this program is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from kandinsky_studio import __version__
from kandinsky_studio.ui.theme import application_icon


class AboutDialog(QDialog):
    """Name, version, licence."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("About Kandinsky Studio"))
        icon = QLabel()
        icon.setPixmap(application_icon().pixmap(72, 72))
        name = QLabel(f"<span style='font-size:16pt;font-weight:600'>Kandinsky Studio</span><br>{__version__}")
        text = QLabel(
            self.tr(
                "Pictures from words with the Kandinsky 2 models, on your own computer. "
                "Nothing is sent anywhere: the program works without a network."
            )
        )
        text.setWordWrap(True)
        licence = QLabel(self.tr("Free software under the Apache License 2.0."))
        licence.setObjectName("muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        words = QVBoxLayout()
        words.setSpacing(12)
        for label in (name, text, licence):
            words.addWidget(label)
        words.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(24)
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(16)
        layout.addLayout(row)
        layout.addWidget(buttons)
        self.setMinimumWidth(460)
