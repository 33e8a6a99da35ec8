"""Whether there is a newer version, when the user asks. It tells; fetching and installing is left to the user."""

from __future__ import annotations

from PySide6.QtCore import QDate, QLocale, QSize, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio import __version__
from kandinsky_studio.app.messages import sentences
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL, WIDE
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.translated import TranslatedDialog

WIDTH = 620  # pixels at the ordinary font; as tall as the words need
WITH_NEWS = (800, 560)


class UpdatesDialog(TranslatedDialog):
    """The address, a button, and what came of it: version, day, notes, the page, and the SHA-256 of the files."""

    def __init__(self, studio: Studio, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._updates = studio.updates
        self._translation = studio.translation
        self._theme = theme
        self._about = paragraph()
        self._address_label = QLabel()
        self.address = QLineEdit(studio.remembering.values.news_address)
        self.address.setPlaceholderText(self._updates.shipped or "https://")
        self.address.textEdited.connect(self._updates.use_address)
        self.address.textEdited.connect(self._show)
        self._address_label.setBuddy(self.address)
        self.look_button = QPushButton()
        self.look_button.setDefault(True)
        self.look_button.clicked.connect(self._look)
        row = QHBoxLayout()
        row.setSpacing(SMALL)
        row.addWidget(self.address, 1)
        row.addWidget(self.look_button)
        self.outcome = QLabel()
        self.outcome.setObjectName("heading")
        self.outcome.setWordWrap(True)
        self.remedy = paragraph("muted")
        self._notes_label, self.notes = QLabel(), _text()
        self._files_label, self.files = QLabel(), _text()
        self.files.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.files.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        for label, field in ((self._notes_label, self.notes), (self._files_label, self.files)):
            label.setBuddy(field)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        self.page_button, self.copy_button = QPushButton(), QPushButton()
        for button, deed in ((self.page_button, self._open_page), (self.copy_button, self._copy)):
            button.setAutoDefault(False)
            button.clicked.connect(deed)
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(WIDE, WIDE, WIDE, LARGE)
        layout.setSpacing(MEDIUM)
        for widget in (self._about, self._address_label):
            layout.addWidget(widget)
        layout.addLayout(row)
        for widget in (self.outcome, self.remedy, self._notes_label):
            layout.addWidget(widget)
        layout.addWidget(self.notes, 3)
        layout.addWidget(self._files_label)
        layout.addWidget(self.files, 2)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self._updates.changed.connect(self._show)
        self.finished.connect(lambda _: self._updates.stop())
        self.retranslate()
        self.look_button.setFocus()

    def retranslate(self) -> None:
        self.setWindowTitle(self.tr("Look for a new version"))
        self._about.setText(
            self.tr(
                "This is Kandinsky Studio {version}. The program looks for a newer one only when you ask for it here, and "
                "fetches nothing but the news of it: what you install, and when, is up to you."
            ).format(version=__version__)
        )
        self._address_label.setText(self.tr("Address of the news"))
        self.address.setAccessibleName(self.tr("Address of the news"))
        self.page_button.setText(self.tr("Open its page"))
        self.copy_button.setText(self.tr("Copy the checksums"))
        self._notes_label.setText(self.tr("What is new"))
        self._files_label.setText(self.tr("SHA-256 of the files, to compare after the download"))
        self._show()

    @Slot()
    def _look(self) -> None:
        if self._updates.looking:
            self._updates.stop()
        else:
            self._updates.look()

    @Slot()
    def _show(self) -> None:
        updates = self._updates
        news = updates.news if not updates.is_newest else None
        self.look_button.setText(self.tr("Stop") if updates.looking else self.tr("Look"))
        self.remedy.clear()
        if updates.looking:
            self.outcome.setText(self.tr("Looking…"))
        elif updates.error is not None:
            happened, remedy = sentences(updates.error)
            self.outcome.setText(happened)
            self.remedy.setText(remedy)
        elif news is not None:
            day = QLocale().toString(QDate(news.day.year, news.day.month, news.day.day), "d MMMM yyyy")
            self.outcome.setText(self.tr("Version {version} of {day} is there.").format(version=news.version, day=day))
            self.remedy.setText(news.page)
            self.notes.setPlainText(news.notes_in(self._translation.language))
            self.files.setPlainText("\n".join(f"{package.sha256}  {package.name}" for package in news.packages))
        elif updates.is_newest:
            self.outcome.setText(self.tr("This is the newest version."))
        else:
            self.outcome.clear()
            if not updates.address:
                self.remedy.setText(
                    self.tr(
                        "This copy names none. Fill in the one you were given, or ask whoever gave you the program."
                    )
                )
        noted = news is not None and bool(news.notes)
        listed = news is not None and bool(news.packages)
        for widget, seen in (
            (self.outcome, bool(self.outcome.text())),
            (self.remedy, bool(self.remedy.text())),
            (self._notes_label, noted),
            (self.notes, noted),
            (self._files_label, listed),
            (self.files, listed),
            (self.copy_button, listed),
            (self.page_button, news is not None),
        ):
            widget.setVisible(seen)
        self._fit(news is not None)

    def _fit(self, full: bool) -> None:
        """As large as what there is to read."""
        width, height = self._theme.px(WITH_NEWS[0]), self._theme.px(WITH_NEWS[1])
        if not full:
            width = min(self._theme.px(WIDTH), self.screen().availableSize().width())
            self.ensurePolished()
            height = self.heightForWidth(width)
        size = QSize(width, height).boundedTo(self.screen().availableSize())
        self.resize(size.expandedTo(self.size() if full and self.isVisible() else size))

    @Slot()
    def _open_page(self) -> None:
        if self._updates.news is not None:
            QDesktopServices.openUrl(QUrl(self._updates.news.page))

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.files.toPlainText() + "\n")


def _text() -> QPlainTextEdit:
    field = QPlainTextEdit()
    field.setReadOnly(True)
    field.setTabChangesFocus(True)
    return field
