"""The prompt handbook: what words do to a picture, to be clicked into the prompt and out of it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QTimer, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.app.vocabulary import KINDS
from kandinsky_studio.app.wording.handbook import GROUPS, OWN, Entry, Modifier, group_title
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.sizes import MEDIUM, SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.fold import Fold
from kandinsky_studio.ui.widgets.handbook_list import HandbookList
from kandinsky_studio.ui.widgets.search_field import SearchField


class HandbookPanel(Panel):
    """Groups by outcome; a search looks through all of them in both languages. The user's own entries are written here."""

    key = "handbook"
    area = Qt.DockWidgetArea.RightDockWidgetArea
    open_at_first = False

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__(studio, theme, actions)
        self.words = studio.words
        self.search = SearchField(theme)
        self.list = HandbookList(theme)
        self.nothing = QLabel()
        self.nothing.setObjectName("muted")
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.target = QLabel()
        self.target.setObjectName("muted")
        self.target.setWordWrap(True)
        self.own_words, self.own_about, self.own_group = QLineEdit(), QLineEdit(), QComboBox()
        self.save, self.leave = QPushButton(), QPushButton()
        self._editor = self._build_editor()
        self.fold = Fold(self._editor)
        self._edited: Entry | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(MEDIUM, SMALL, MEDIUM, SMALL)
        column.setSpacing(SMALL)
        for widget, share in ((self.search, 0), (self.target, 0), (self.list, 1), (self.nothing, 1), (self.fold, 0)):
            column.addWidget(widget, share)
        self._later = QTimer(self)  # while one types, the ticks need not follow each key
        self._later.setSingleShot(True)
        self._later.setInterval(150)
        self._later.timeout.connect(self._fill)
        self.search.textChanged.connect(self._later.start)
        self.list.toggled.connect(self._toggle)
        self.list.menu_wanted.connect(self._show_menu)
        self.save.clicked.connect(self._save)
        self.leave.clicked.connect(self._leave)
        self.own_words.textChanged.connect(lambda text: self.save.setEnabled(bool(text.strip())))
        self.own_words.returnPressed.connect(self._save)
        self.own_about.returnPressed.connect(self._save)
        self.words.handbook.changed.connect(self._fill)
        self.words.field_changed.connect(self._later.start)
        studio.settings.changed.connect(self._setting_changed)
        studio.model_chosen.connect(self._fill)
        theme.changed.connect(self._dress)
        self._dress()
        self.retranslate()

    def _build_editor(self) -> QWidget:
        whole, buttons = QWidget(), QHBoxLayout()
        self.save.setEnabled(False)
        buttons.addWidget(self.save)
        buttons.addWidget(self.leave)
        buttons.addStretch(1)
        self.leave.hide()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SMALL)
        for widget in (self.own_words, self.own_about, self.own_group):
            column.addWidget(widget)
        column.addLayout(buttons)
        return whole

    def title(self) -> str:
        return self.tr("Handbook")

    def focus_first(self) -> None:
        self.search.setFocus()

    def _dress(self) -> None:
        self.fold.set_icons(self.theme.icon("chevron_right", "muted"), self.theme.icon("chevron_down", "muted"))

    def retranslate(self) -> None:
        self.search.setPlaceholderText(self.tr("Search: light, calm, paper…"))
        self.search.setAccessibleName(self.tr("Search the handbook"))
        self.list.setAccessibleName(self.tr("Handbook"))
        self.nothing.setText(self.tr("Nothing in the handbook has these words. You can add your own below."))
        self.fold.set_title(self.tr("Change your entry") if self._edited else self.tr("Add your own"))
        for field, text in (
            (self.own_words, self.tr("Words for the prompt")),
            (self.own_about, self.tr("What they do, in a sentence")),
        ):
            field.setPlaceholderText(text)
            field.setAccessibleName(text)
        self.own_group.setAccessibleName(self.tr("Group"))
        self.own_group.setToolTip(self.tr("Group"))
        chosen = self.own_group.currentData() or OWN
        self.own_group.clear()
        for group in (OWN, *(name for name in GROUPS if name != OWN and name not in KINDS)):
            self.own_group.addItem(group_title(group), group)
        self.own_group.setCurrentIndex(self.own_group.findData(chosen))
        self.save.setText(self.tr("Save"))
        self.leave.setText(self.tr("Leave it"))
        self._fill()

    # ------------------------------------------------------------------ what there is

    @Slot()
    def _fill(self) -> None:
        query = self.search.text().strip()
        rows = [row for row in self.words.modifiers() if not query or row.matches(query)]
        held = {row.words for row in rows if self.words.holds(row)}
        self.list.show_rows(rows, held, bool(query))
        self.list.setVisible(bool(rows))
        self.nothing.setVisible(not rows)
        negative = self.words.field == "negative_prompt"
        self.target.setText(self.tr("A click puts words into the negative prompt.") if negative else "")
        self.target.setVisible(negative)

    @Slot(str)
    def _setting_changed(self, name: str) -> None:
        if name in ("prompt", "negative_prompt", "model"):
            self._later.start()

    @Slot(object)
    def _toggle(self, row: Modifier) -> None:
        self.words.toggle(row)
        self._fill()

    # ------------------------------------------------------------------ one's own

    def menu(self, row: Modifier) -> QMenu:
        """What can be done with a row."""
        menu = QMenu(self)
        held = self.words.holds(row)
        menu.addAction(self.tr("Take out") if held else self.tr("Put in"), lambda: self._toggle(row))
        if row.entry is not None and self.words.handbook.is_own(row.entry):
            entry = row.entry
            menu.addSeparator()
            menu.addAction(self.tr("Change…"), lambda: self._edit(entry))
            menu.addAction(self.tr("Delete"), lambda: self.words.handbook.delete(entry))
        return menu

    @Slot(object, object)
    def _show_menu(self, row: Modifier, place: QPoint) -> None:
        menu = self.menu(row)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def _edit(self, entry: Entry) -> None:
        language = self.studio.translation.language
        words, about = entry.in_language(language)
        self._edited = entry
        self.own_words.setText(words)
        self.own_about.setText(about)
        self.own_group.setCurrentIndex(max(self.own_group.findData(entry.group), 0))
        self.leave.show()
        self.fold.set_title(self.tr("Change your entry"))
        self.fold.set_open(True)
        self.own_words.setFocus()

    @Slot()
    def _save(self) -> None:
        words, about = (" ".join(field.text().split()) for field in (self.own_words, self.own_about))
        if not words:
            return
        language = self.studio.translation.language
        before = self._edited
        texts = {**(before.words if before else {}), language: words}
        told = {**(before.about if before else {}), language: about}
        entry = Entry(self.own_group.currentData() or OWN, texts, {code: text for code, text in told.items() if text})
        self._leave()
        self.words.handbook.save(entry, before)
        self.list.open_group(entry.group)

    @Slot()
    def _leave(self) -> None:
        self._edited = None
        self.own_words.clear()
        self.own_about.clear()
        self.leave.hide()
        self.fold.set_title(self.tr("Add your own"))
