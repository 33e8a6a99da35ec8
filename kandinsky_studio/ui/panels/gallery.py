"""Every picture that was made, newest first, to be found and used again."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QTimer, Slot
from PySide6.QtWidgets import QLabel, QMenu, QStackedLayout, QVBoxLayout, QWidget

from kandinsky_studio.app.gallery import Item
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions, hint
from kandinsky_studio.ui.gallery_view import GalleryView
from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.search_field import SearchField

TYPING = 200  # milliseconds without a key before the search begins
SEARCH_WIDTH = 240  # at the ordinary font


class GalleryPanel(Panel):
    """A strip of thumbnails with a search field in its title bar."""

    key = "gallery"
    area = Qt.DockWidgetArea.BottomDockWidgetArea

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__(studio, theme, actions)
        self.list = studio.gallery_list
        self.view = GalleryView(theme, self.list)
        actions.commands.add_place("gallery", self.view)
        self.search = SearchField(theme, SEARCH_WIDTH)
        self._empty = QLabel()
        self._empty.setObjectName("galleryEmpty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING)
        self._loaded = False
        holder = QWidget()
        self._stack = QStackedLayout(holder)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 0, 12, 4)
        layout.addWidget(holder)
        self.search.textChanged.connect(lambda _: self._typing.start())
        self.search.returnPressed.connect(self._search_now)
        self._typing.timeout.connect(self._search_now)
        self.view.looked_at.connect(studio.easel.show)
        self.view.menu_wanted.connect(self._open_menu)
        studio.easel.changed.connect(self._mark)
        for signal in (self.list.modelReset, self.list.rowsInserted, self.list.rowsRemoved, self.list.loaded):
            signal.connect(self._rows_changed)
        self.list.loaded.connect(self._first_page)
        self.retranslate()
        self._rows_changed()

    def title(self) -> str:
        return self.tr("Gallery")

    def header(self) -> QWidget:
        return self.search

    def focus_first(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def retranslate(self) -> None:
        self.search.setPlaceholderText(self.tr("Search prompts"))
        self.search.setAccessibleName(self.tr("Search the gallery"))
        self.search.setToolTip(hint(self.actions_.go_to_search))
        self.view.setAccessibleName(self.tr("Gallery"))
        self._rows_changed()

    @Slot()
    def _search_now(self) -> None:
        self._typing.stop()
        self.list.search(self.search.text())

    @Slot()
    def _first_page(self) -> None:
        """A start shows the newest picture, so that one goes on where one stopped."""
        if not self._loaded:
            self._loaded = True
            first = self.list.item(self.list.index(0))
            if first is not None and self.studio.easel.pixels is None and not self.studio.generation.busy:
                self.studio.easel.show(first)

    @Slot()
    def _rows_changed(self) -> None:
        empty = self.list.rowCount() == 0
        if empty:
            self._empty.setText(
                self.tr("No prompt has these words.")
                if self.list.words.strip()
                else self.tr(
                    "Every picture you make is kept here. A double click paints on it; drag it into the mix or onto a canvas."
                )
            )
        self._stack.setCurrentIndex(1 if empty else 0)
        self._mark()

    @Slot()
    def _mark(self) -> None:
        item = self.studio.easel.item
        if item is not None:
            self.view.choose(item)

    @Slot(object)
    def _open_menu(self, place: QPoint) -> None:
        actions, selected = self.actions_, self.view.selected()
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if len(selected) == 1:
            command = actions.commands.action
            menu.addActions([command("gallery.open_as_document"), command("gallery.place_on_document")])
            menu.addAction(command("gallery.add_to_mix"))
            menu.addSeparator()
            menu.addActions([actions.use_settings, actions.use_seeds, actions.copy_prompt])
            menu.addSeparator()
            menu.addActions([actions.copy_picture, actions.save_as, actions.open_folder])
            if selected[0].unsaved is not None:
                menu.addAction(self.tr("Save again"), self.studio.gallery.save_again)
            menu.addSeparator()
        if selected:
            menu.addAction(actions.commands.action("generation.style_from_marked"))
            menu.addSeparator()
        menu.addAction(actions.delete)
        menu.popup(place)

    def selected(self) -> list[Item]:
        """The pictures that are marked, for actions on several."""
        return self.view.selected()
