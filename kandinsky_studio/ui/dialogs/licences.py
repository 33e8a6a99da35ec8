"""The licences of the software that the program is made of: a list to search, and the texts beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.messages import sentences
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.errors import StudioError
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL, WIDE
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.search_field import SearchField
from kandinsky_studio.ui.widgets.translated import TranslatedDialog

if TYPE_CHECKING:
    from kandinsky_studio.app.notices import Notice

SIZE = (840, 620)  # pixels at the ordinary font
_LIST = 260  # width of the list
_SHARE = 0.35  # of the window that the list takes at most: the licences are what is read
_RULE = "–" * 24


class LicencesDialog(TranslatedDialog):
    """Reads the notices when it opens. ``shown`` names what to begin with, the first one if there is no such."""

    def __init__(self, studio: Studio, theme: Theme, parent: QWidget, shown: str = "") -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._wanted = shown
        self._notices: tuple[Notice, ...] = ()
        self._built = False
        self._failed: StudioError | None = None
        self.search = SearchField(theme)
        self.list = QListWidget()
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.origin = paragraph("muted")
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SMALL)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        halves = QSplitter()
        halves.setChildrenCollapsible(False)
        halves.addWidget(left)
        halves.addWidget(self.text)
        halves.setStretchFactor(1, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)  # Enter is the search field's
        layout = QVBoxLayout(self)
        layout.setContentsMargins(WIDE, WIDE, WIDE, LARGE)
        layout.setSpacing(MEDIUM)
        layout.addWidget(halves, 1)
        layout.addWidget(self.origin)
        layout.addWidget(buttons)
        self.search.textChanged.connect(self._filter)
        self.list.currentRowChanged.connect(self._show)
        studio.notices.read.connect(self._fill)
        studio.notices.refused.connect(self._refuse)
        self.retranslate()
        size = QSize(theme.px(SIZE[0]), theme.px(SIZE[1])).boundedTo(self.screen().availableSize())
        self.resize(size)
        names = min(theme.px(_LIST), round(size.width() * _SHARE))
        halves.setSizes([names, size.width() - names])
        self.search.setFocus()
        studio.notices.ask()

    def retranslate(self) -> None:
        """Set every text anew, but for the licences: they are as their authors wrote them."""
        self.setWindowTitle(self.tr("Licences of other software"))
        self.search.setPlaceholderText(self.tr("A name or a licence"))
        self.search.setAccessibleName(self.tr("Search the licences"))
        self.list.setAccessibleName(self.tr("Software that the program is made of"))
        self.text.setAccessibleName(self.tr("The licence"))
        self.text.setPlaceholderText(self.tr("Reading…") if not self._notices else self.tr("Nothing is called that."))
        self._tell_origin()
        self._show(self.list.currentRow())

    @Slot(object, bool)
    def _fill(self, notices: tuple[Notice, ...], built: bool) -> None:
        self._notices, self._built = notices, built
        self.list.clear()
        for notice in notices:
            part = f" ({notice.part})" if notice.part else ""
            self.list.addItem(QListWidgetItem(f"{notice.name} {notice.version}{part}"))
        self.text.setPlaceholderText(self.tr("Nothing is called that."))
        self._tell_origin()
        self._filter()

    @Slot(object)
    def _refuse(self, error: StudioError) -> None:
        self._failed = error
        self._tell_origin()

    def _tell_origin(self) -> None:
        self.origin.setVisible(self._failed is not None or bool(self._notices))  # an empty one would leave a gap
        if self._failed is not None:
            self.origin.setText(" ".join(sentences(self._failed)))
        elif not self._notices:
            self.origin.clear()
        elif self._built:
            self.origin.setText(self.tr("As it was collected when this program was built."))
        else:
            self.origin.setText(
                self.tr(
                    "The program runs from its source: this is what is installed beside it now, as each part tells of "
                    "itself. A packaged program carries a list of its own."
                )
            )

    @Slot()
    def _filter(self) -> None:
        """Only what has the words in its name or in its licence; the first of them is chosen if none was."""
        asked = self.search.text().strip().casefold().split()
        for row, notice in enumerate(self._notices):
            told = f"{notice.name} {notice.licence} {notice.part}".casefold()
            self.list.item(row).setHidden(not all(word in told for word in asked))
        seen = [row for row in range(self.list.count()) if not self.list.item(row).isHidden()]
        if self._wanted:
            wanted, self._wanted = self._wanted.casefold(), ""
            seen.sort(key=lambda row: not self._notices[row].name.casefold().startswith(wanted))
            self.list.setCurrentRow(seen[0] if seen else -1)
            self.list.scrollToItem(self.list.currentItem(), QListWidget.ScrollHint.PositionAtCenter)
        elif self.list.currentRow() not in seen:
            self.list.setCurrentRow(seen[0] if seen else -1)

    @Slot(int)
    def _show(self, row: int) -> None:
        if not 0 <= row < len(self._notices):
            self.text.clear()
            return
        notice = self._notices[row]
        head = [f"{notice.name} {notice.version}", self.tr("Licence: {licence}").format(licence=notice.licence)]
        head += [notice.homepage] if notice.homepage else []
        head += [self.tr("In the runtime pack {name}").format(name=notice.part)] if notice.part else []
        parts = ["\n".join(head), *([notice.note] if notice.note else [])]
        parts += [f"{_RULE}\n{name}\n\n{text}" for name, text in notice.texts]
        self.text.setPlainText("\n\n".join(parts))
