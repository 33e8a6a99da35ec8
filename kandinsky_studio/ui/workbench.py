"""The middle of the window: tabs, and below them the pictures of the gallery or a document."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget

from kandinsky_studio.app.editor import Editor, Sheet
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.document_page import DocumentPage
from kandinsky_studio.ui.heat_view import HeatView
from kandinsky_studio.ui.message_bar import MessageBar
from kandinsky_studio.ui.opening_card import OpeningCard
from kandinsky_studio.ui.picture_bar import PictureBar
from kandinsky_studio.ui.stage import Stage
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.translated import Translated

_MESSAGE_WIDTH = 760  # pixels at the ordinary font
_MARGIN = 12
_TITLE = 28  # characters of a file's name in its tab


class Workbench(Translated):
    """``front_changed`` tells that another page is in front; ``close_wanted`` carries the sheet whose tab was closed.

    The first tab shows the gallery's picture and can't be closed. As long as no document is open there are no tabs.
    """

    front_changed = Signal()
    close_wanted = Signal(object)

    def __init__(self, studio: Studio, theme: Theme, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor: Editor = studio.editor
        self._theme = theme
        self.stage = Stage(studio.easel, theme)
        self._heat = HeatView(studio.explaining, self.stage)
        self.picture_bar = PictureBar(theme, actions)
        self.page = DocumentPage(studio, theme, actions)
        self.tabs = QTabBar()
        self.tabs.setTabsClosable(True)
        self.tabs.setMovable(False)
        self.tabs.setExpanding(False)
        self.tabs.setElideMode(self.tabs.elideMode().ElideMiddle)
        self.tabs.addTab("")
        for side in (QTabBar.ButtonPosition.LeftSide, QTabBar.ButtonPosition.RightSide):
            if (button := self.tabs.tabButton(0, side)) is not None:
                button.deleteLater()
            self.tabs.setTabButton(0, side, None)
        self.tabs.hide()
        pictures = QWidget()
        column = QVBoxLayout(pictures)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.stage, 1)
        column.addWidget(self.picture_bar)
        self._pages = QStackedWidget()
        self._pages.addWidget(pictures)
        self._pages.addWidget(self.page)
        self.messages = MessageBar(theme, self._pages)
        self.opening = OpeningCard(studio.editor, theme, self._pages)
        self.messages.installEventFilter(self)
        self._pages.installEventFilter(self)
        self.page.options.installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tabs)
        layout.addWidget(self._pages, 1)
        self.tabs.currentChanged.connect(self._tab_chosen)
        self.tabs.tabCloseRequested.connect(self._close_wanted)
        editor = studio.editor
        editor.opened.connect(self._opened)
        editor.closed.connect(self._closed)
        editor.sheet_changed.connect(self._sheet_changed)
        self.retranslate()

    @property
    def shows_document(self) -> bool:
        """Whether a document is in front, and not the gallery's picture."""
        return self._pages.currentIndex() == 1

    def show_pictures(self) -> None:
        """Bring the gallery's picture to the front."""
        self.tabs.setCurrentIndex(0)

    def show_document(self) -> None:
        """Bring the document that was in front last to the front again."""
        self._sheet_changed()

    def step(self, by: int) -> None:
        """To the next tab, or the previous one, and round."""
        self.tabs.setCurrentIndex((self.tabs.currentIndex() + by) % self.tabs.count())

    def retranslate(self) -> None:
        self.tabs.setTabText(0, self.tr("Pictures"))
        self.tabs.setAccessibleName(self.tr("Open documents"))
        self.stage.setAccessibleName(self.tr("Canvas"))
        self.page.view.setAccessibleName(self.tr("Document"))
        for number, sheet in enumerate(self._editor.sheets, 1):
            self._title(number, sheet)

    def _title(self, number: int, sheet: Sheet) -> None:
        title = sheet_title(sheet)
        short = title if len(title) <= _TITLE else f"{title[: _TITLE // 2]}…{title[-_TITLE // 2 :]}"
        self.tabs.setTabText(number, f"• {short}" if sheet.unsaved else short)
        self.tabs.setTabToolTip(number, str(sheet.path) if sheet.path else title)

    @Slot(object)
    def _opened(self, sheet: Sheet) -> None:
        number = self.tabs.addTab("")
        self._title(number, sheet)
        sheet.named.connect(lambda: self._rename(sheet))
        sheet.changed.connect(lambda change: self._changed(sheet, change.state))
        self.tabs.show()

    def _rename(self, sheet: Sheet) -> None:
        if sheet in self._editor.sheets:
            self._title(self._editor.sheets.index(sheet) + 1, sheet)

    def _changed(self, sheet: Sheet, state: bool) -> None:
        if state and sheet is self._editor.sheet:
            self.page.bar.show_size()

    @Slot(object)
    def _closed(self, _sheet: Sheet) -> None:
        """Tabs follow ``Editor.sheets``: the one too many goes, the others get their names anew."""
        blocked = self.tabs.blockSignals(True)
        self.tabs.removeTab(self.tabs.count() - 1)
        self.tabs.blockSignals(blocked)
        self.retranslate()
        self.tabs.setVisible(bool(self._editor.sheets))
        self._sheet_changed()

    @Slot()
    def _sheet_changed(self) -> None:
        sheet = self._editor.sheet
        number = self._editor.sheets.index(sheet) + 1 if sheet in self._editor.sheets else 0
        if self.tabs.currentIndex() != number and number < self.tabs.count():
            self.tabs.setCurrentIndex(number)
        self._show_page(number)

    @Slot(int)
    def _tab_chosen(self, number: int) -> None:
        if number > 0:
            self._editor.show(self._editor.sheets[number - 1])
        self._show_page(number)

    def _show_page(self, number: int) -> None:
        self._pages.setCurrentIndex(1 if number > 0 else 0)
        self._place_message()
        if number > 0:
            self.page.view.setFocus()
        self.front_changed.emit()

    @Slot(int)
    def _close_wanted(self, number: int) -> None:
        if number > 0:
            self.close_wanted.emit(self._editor.sheets[number - 1])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_message()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        resized = (QEvent.Type.Resize,)
        kinds = {
            self.messages: (QEvent.Type.LayoutRequest, QEvent.Type.Show),
            self._pages: resized,
            self.page.options: resized,
        }
        if event.type() in kinds.get(watched, ()):  # type: ignore[call-overload]
            self._place_message()
        return super().eventFilter(watched, event)

    def _place_message(self) -> None:
        width = min(self._pages.width() - 2 * _MARGIN, self._theme.px(_MESSAGE_WIDTH))
        height = max(self.messages.heightForWidth(width), self.messages.minimumSizeHint().height())
        above = self.page.options.mapTo(self._pages, self.page.options.rect().bottomLeft()).y()
        top = _MARGIN + (max(above, 0) if self.shows_document and self.page.options.isVisible() else 0)
        self.messages.setGeometry((self._pages.width() - width) // 2, top, width, height)
        self.messages.raise_()


def sheet_title(sheet: Sheet) -> str:
    """The name of its file; of one that has none, what it was made from, or a number."""
    return sheet.title
