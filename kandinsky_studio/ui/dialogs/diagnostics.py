"""The report for whoever helps, to be read before it is handed on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.diagnostics import FILE_NAME
from kandinsky_studio.app.messages import sentences
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.errors import StudioError
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, WIDE
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.translated import TranslatedDialog

if TYPE_CHECKING:
    from kandinsky_studio.app.diagnosis import Diagnosis

SIZE = (760, 640)  # pixels at the ordinary font


class DiagnosticsDialog(TranslatedDialog):
    """Shows what can be told at once; what the engine has to say is added when it answers, be that never."""

    def __init__(self, studio: Studio, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._diagnostics = studio.diagnostics
        self._complete = False
        self._said = ""
        self._about = paragraph()
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.font().pointSizeF())
        self.report.setFont(font)
        self._label = QLabel()
        self._label.setObjectName("heading")
        self._label.setBuddy(self.report)
        self.notice = paragraph("muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.copy_button, self.save_button = QPushButton(), QPushButton()
        for button, deed in ((self.copy_button, self._copy), (self.save_button, self._save)):
            button.setEnabled(False)
            button.clicked.connect(deed)
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(WIDE, WIDE, WIDE, LARGE)
        layout.setSpacing(MEDIUM)
        for widget in (self._about, self._label):
            layout.addWidget(widget)
        layout.addWidget(self.report, 1)
        layout.addWidget(self.notice)
        layout.addWidget(buttons)
        self.retranslate()
        self.resize(QSize(theme.px(SIZE[0]), theme.px(SIZE[1])).boundedTo(self.screen().availableSize()))
        self._diagnostics.told.connect(self._show)
        self._diagnostics.saved.connect(self._saved)
        self._diagnostics.refused.connect(self._refused)
        self.finished.connect(self._diagnostics.forget)
        self._diagnostics.collect()

    def retranslate(self) -> None:
        """Set every text anew; the report stays in English, for those who read it."""
        self.setWindowTitle(self.tr("Diagnostics"))
        self._about.setText(
            self.tr(
                "What helps others to find a fault: versions, devices, memory, models and the end of the log. No prompts, "
                "no pictures, no names of files, folders or people are in it, and nothing is sent: copy it, or save it, "
                "and read what you hand on."
            )
        )
        self._label.setText(self.tr("Report, in English"))
        self.report.setAccessibleName(self.tr("Report, in English"))
        self.report.setPlaceholderText(self.tr("Looking at this computer…"))
        self.copy_button.setText(self.tr("Copy"))
        self.save_button.setText(self.tr("Save…"))
        self._tell(self._said)

    @Slot(object)
    def _show(self, diagnosis: Diagnosis) -> None:
        bar = self.report.verticalScrollBar()
        place = bar.value()
        self._complete = diagnosis.complete
        self.report.setPlainText(diagnosis.text)
        bar.setValue(place)  # whoever has begun to read goes on there
        self.copy_button.setEnabled(True)
        self.save_button.setEnabled(True)
        self._tell(self._said)

    def _tell(self, said: str) -> None:
        """Show ``said`` below the report, or else what is still awaited."""
        self._said = said
        waiting = self.tr("The engine has not answered yet. Its part is added when it does; the rest can be used now.")
        self.notice.setText(said or ("" if self._complete else waiting))
        self.notice.setVisible(bool(self.notice.text()))  # an empty one would leave a gap

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.report.toPlainText())
        self._tell(self.tr("The report is in the clipboard."))

    @Slot()
    def _save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save the report"), FILE_NAME, self.tr("Text (*.txt)"))
        if name:
            file = Path(name) if Path(name).suffix else Path(name).with_suffix(".txt")
            self._diagnostics.save(self.report.toPlainText(), file)

    @Slot(object)
    def _saved(self, file: Path) -> None:
        self._tell(self.tr("Written to {file}.").format(file=file.name))

    @Slot(object)
    def _refused(self, error: StudioError) -> None:
        self._tell(" ".join(sentences(error)))
