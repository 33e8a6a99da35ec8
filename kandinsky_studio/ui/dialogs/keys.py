"""Which key does what, and how to have it otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QModelIndex, QPersistentModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QIcon, QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app import keymaps
from kandinsky_studio.app.command import CATEGORIES
from kandinsky_studio.app.command_search import Text, score
from kandinsky_studio.app.keymaps import KEYMAPS, PLACES, Key, keymap
from kandinsky_studio.app.messages import sentences
from kandinsky_studio.errors import StudioError
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.key_recorder import KeyRecorder

ID = Qt.ItemDataRole.UserRole
SIZE = (720, 640)  # pixels at an ordinary font
MOST_SHOWN = 4  # keys of one command that have a button; more come from a file only


class KeysDialog(QDialog):
    """The keymap editor. Every change counts at once; ``gestures`` are pairs of what the mouse does and how."""

    def __init__(
        self, actions: Actions, theme: Theme, parent: QWidget, gestures: Sequence[tuple[str, str]] | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._commands, self._bindings, self._theme = actions.commands, actions.commands.bindings, theme
        self._gestures = self._canvas_gestures() if gestures is None else gestures
        self._items: dict[str, QTreeWidgetItem] = {}
        self._others: list[QTreeWidgetItem] = []
        self._branches: list[tuple[QTreeWidgetItem, list[QTreeWidgetItem]]] = []
        self._offer: Callable[[], None] | None = None
        self.keymap = QComboBox()
        self.search = QLineEdit()
        self.tree = QTreeWidget()
        self.name = QLabel()
        self.name.setObjectName("heading")
        self.key_buttons = [QPushButton() for _ in range(MOST_SHOWN)]
        self.recorder = KeyRecorder()
        self.place = QComboBox()
        self.reset = QPushButton()
        self.notice = QLabel()
        self.notice.setWordWrap(True)
        self.accept_offer = QPushButton()
        self.import_, self.export, self.reset_all = QPushButton(), QPushButton(), QPushButton()
        self._build()
        self._fill()
        self._connect()
        self._show_all()
        if self._items:
            self.tree.setCurrentItem(next(iter(self._items.values())))
        self.search.setFocus()

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        self.setWindowTitle(self.tr("Keys"))
        for name in KEYMAPS:
            self.keymap.addItem(keymap(name).title, name)
        self.keymap.setAccessibleName(self.tr("Keymap"))
        self.search.setPlaceholderText(self.tr("A command or a key"))
        self.search.setAccessibleName(self.tr("Search commands and keys"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(self._theme.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.tree.setHeaderLabels([self.tr("Command"), self.tr("Keys")])
        self.tree.setAccessibleName(self.tr("Commands and their keys"))
        self.tree.setUniformRowHeights(True)
        self.tree.setItemDelegate(_Roomy(self._theme, self.tree))
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(False)
        for place, title in PLACES.items():
            self.place.addItem(QCoreApplication.translate("commands", title), place)
        self.place.setAccessibleName(self.tr("Where a new key counts"))
        self.place.setToolTip(self.tr("Where a new key counts"))
        self.reset.setText(self.tr("Reset"))
        self.reset.setToolTip(self.tr("Give this command the keys of the keymap again"))
        self.import_.setText(self.tr("Import…"))
        self.export.setText(self.tr("Export…"))
        self.reset_all.setText(self.tr("Reset all"))
        self.reset_all.setToolTip(self.tr("Give every command the keys of the keymap again"))
        self.accept_offer.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        label = QLabel(self.tr("Keymap"))
        label.setBuddy(self.keymap)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(_row(label, self.keymap, self.search, stretch=2))
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.name)
        layout.addLayout(_row(*self.key_buttons, self.recorder, self.place, None, self.reset))
        layout.addLayout(_row(self.notice, self.accept_offer, stretch=0))
        layout.addLayout(_row(self.import_, self.export, self.reset_all, None, close))
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # Enter in the search field must not close the dialog
        room = self.accept_offer.sizeHint().height()
        self.notice.setMinimumHeight(max(room, 2 * self.notice.fontMetrics().lineSpacing()))
        wanted = QSize(self._theme.px(SIZE[0]), self._theme.px(SIZE[1]))
        self.resize(wanted.boundedTo(self.screen().availableSize()))

    def _fill(self) -> None:
        """A branch for each category, a row for each command."""
        commands = self._commands.implemented()
        for category, title in CATEGORIES.items():
            own = {command.id: self._commands.title(command.id) for command in commands if command.category == category}
            rows = self._branch(QCoreApplication.translate("commands", title), [(words, "") for words in own.values()])
            for name, item in zip(own, rows, strict=True):
                item.setData(0, ID, name)
                self._items[name] = item
        self._others = self._branch(self.tr("Mouse and pen"), self._gestures)
        self.tree.expandAll()

    def _branch(self, title: str, rows: Sequence[tuple[str, str]]) -> list[QTreeWidgetItem]:
        branch = QTreeWidgetItem([title, ""])
        font = self.font()
        font.setBold(True)
        branch.setFont(0, font)
        branch.setFlags(Qt.ItemFlag.ItemIsEnabled)
        items = [QTreeWidgetItem(branch, list(row)) for row in rows]
        if items:
            self.tree.addTopLevelItem(branch)
            self._branches.append((branch, items))
        return items

    def _connect(self) -> None:
        self.keymap.activated.connect(lambda _: self._bindings.choose(self.keymap.currentData()))
        self.search.textChanged.connect(self._filter)
        self.tree.currentItemChanged.connect(lambda *_: self._chosen())
        self.tree.itemActivated.connect(lambda *_: self._record())
        for number, button in enumerate(self.key_buttons):
            button.clicked.connect(lambda _=False, number=number: self._take_away(number))
        self.recorder.recorded.connect(self._recorded)
        self.reset.clicked.connect(lambda: self._bindings.reset(self._id))
        self.accept_offer.clicked.connect(self._accept)
        self.import_.clicked.connect(self._import)
        self.export.clicked.connect(self._export)
        self.reset_all.clicked.connect(self._reset_all)
        self._bindings.changed.connect(self._show_all)

    def _canvas_gestures(self) -> list[tuple[str, str]]:
        return [
            (self.tr("Zoom where the pointer is"), self.tr("Wheel, or Ctrl + Space + drag")),
            (self.tr("Move the picture"), self.tr("Space + drag, middle button, arrow keys")),
            (self.tr("Rotate the view"), self.tr("Shift + Space + drag")),
            (self.tr("Move, zoom and rotate by hand"), self.tr("One or two fingers")),
            (self.tr("Take a colour while painting"), self.tr("Alt + click, Ctrl + click")),
            (self.tr("Size and hardness of the brush"), self.tr("Shift + drag, Alt + right button")),
            (self.tr("Straight line from the last point"), self.tr("Shift + click")),
            (self.tr("Brushes and colours at the pointer"), self.tr("Right button")),
            (self.tr("Add to the selection"), self.tr("Shift + drag")),
            (self.tr("Take from the selection"), self.tr("Alt + drag")),
            (self.tr("Keep what is in both selections"), self.tr("Shift + Alt + drag")),
        ]

    # ------------------------------------------------------------------ showing

    @property
    def _id(self) -> str:
        """The command that is chosen, or nothing."""
        item = self.tree.currentItem()
        return str(item.data(0, ID) or "") if item is not None else ""

    @Slot()
    def _show_all(self) -> None:
        self.keymap.setCurrentIndex(self.keymap.findData(self._bindings.name))
        fighting = self._fighting()
        for id, item in self._items.items():
            keys, changed = self._bindings.keys(id), self._bindings.is_changed(id)
            item.setText(1, ", ".join(self._written(key) for key in keys))
            font = self.font()
            font.setBold(changed)
            item.setFont(1, font)
            item.setIcon(1, self._theme.icon("warning", "warning", "warning") if id in fighting else QIcon())
            words = [item.text(0), item.text(1) or self.tr("no key")]
            words += [self.tr("changed")] if changed else []
            words += [self.tr("in conflict")] if id in fighting else []
            item.setData(0, Qt.ItemDataRole.AccessibleTextRole, ", ".join(words))
        self.reset_all.setEnabled(self._bindings.is_changed())
        self._chosen()

    @Slot()
    def _chosen(self) -> None:
        """What can be done about the command that is chosen."""
        id = self._id
        self.name.setText(self._commands.title(id) if id else " ")
        keys = self._bindings.keys(id)
        close = self._theme.icon("close", "muted")
        for button, key in zip(self.key_buttons, [*keys, *[None] * MOST_SHOWN], strict=False):
            button.setVisible(key is not None)
            if key is not None:
                button.setText(self._written(key))
                button.setIcon(close)
                away = self.tr("Take {key} away from this command").format(key=self._written(key))
                button.setToolTip(away)
                button.setAccessibleName(away)
        self.recorder.setEnabled(bool(id) and len(keys) < MOST_SHOWN)
        self.place.setEnabled(bool(id))
        self.reset.setEnabled(bool(id) and self._bindings.is_changed(id))
        self._tell("")
        if id in (fighting := self._fighting()):
            self._tell(
                self.tr("“{other}” has the same key; neither works.").format(
                    other=self._commands.title(fighting[id][0])
                ),
                self.tr("Keep it here only"),
                lambda: self._bindings.take(id, fighting[id][1], self._items),
            )

    def _fighting(self) -> dict[str, tuple[str, Key]]:
        """For each command in a conflict, the other one and the key."""
        found: dict[str, tuple[str, Key]] = {}
        for conflict in self._bindings.conflicts(self._items):
            found.setdefault(conflict.first, (conflict.second, conflict.key))
            found.setdefault(conflict.second, (conflict.first, conflict.key))
        return found

    def _written(self, key: Key) -> str:
        place = QCoreApplication.translate("commands", PLACES[key.place]).lower()
        return f"{key.native} ({place})" if key.place else key.native

    def _tell(self, text: str, button: str = "", offer: Callable[[], None] | None = None) -> None:
        self.notice.setText(text)
        self._offer = offer
        self.accept_offer.setText(button)
        self.accept_offer.setVisible(offer is not None)

    @Slot(str)
    def _filter(self, query: str) -> None:
        """Only what has the words in its name, or the letters in its keys."""
        asked = query.strip().casefold()
        for name, item in self._items.items():
            text = Text((item.text(0), self._commands.english(name)), (self._commands.command(name).keywords,))
            item.setHidden(not (asked in item.text(1).casefold() or score(query, text) > 0))
        for row in self._others:
            row.setHidden(asked not in f"{row.text(0)} {row.text(1)}".casefold())
        shown = [item for item in self._items.values() if not item.isHidden()]
        for branch, rows in self._branches:
            branch.setHidden(all(row.isHidden() for row in rows))
        current = self.tree.currentItem()
        if shown and (current is None or current.isHidden()):
            self.tree.setCurrentItem(shown[0])

    # ------------------------------------------------------------------ changing

    def _record(self) -> None:
        if self.recorder.isEnabled():
            self.recorder.setFocus()
            self.recorder.setChecked(True)

    @Slot(QKeySequence)
    def _recorded(self, sequence: QKeySequence) -> None:
        id, key = self._id, Key.of(sequence, str(self.place.currentData()))
        rivals = self._bindings.rivals(id, key, self._items)
        if not rivals:
            self._bindings.set_keys({id: [*self._bindings.keys(id), key]})
            return
        self._tell(
            self.tr("{key} belongs to “{other}”.").format(key=key.native, other=self._commands.title(rivals[0])),
            self.tr("Take it from there"),
            lambda: self._bindings.take(id, key, self._items),
        )
        self.accept_offer.setFocus()

    def _take_away(self, number: int) -> None:
        keys = list(self._bindings.keys(self._id))
        del keys[number]
        self._bindings.set_keys({self._id: keys})
        self.recorder.setFocus()

    @Slot()
    def _accept(self) -> None:
        if self._offer is not None:
            self._offer()
            self.tree.setFocus()

    @Slot()
    def _reset_all(self) -> None:
        self._with_way_back(self._bindings.reset_all, self.tr("Every key is as the keymap has it."))

    def _with_way_back(self, change: Callable[[], None], text: str) -> None:
        before = self._bindings.changes()
        change()
        self._tell(text, self.tr("Bring my keys back"), lambda: self._bindings.restore(before))

    @Slot()
    def _import(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Import keys"), "", self.tr("Keymaps (*.json)"))
        if name:
            try:
                imported = keymaps.read(Path(name))
            except StudioError as error:
                self._tell(" ".join(sentences(error)))
                return
            told = self.tr("The keys of {file} count now.").format(file=Path(name).name)
            self._with_way_back(lambda: self._bindings.use(imported), told)

    @Slot()
    def _export(self) -> None:
        proposal = f"{self._bindings.name}-keys.json"
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Export keys"), proposal, self.tr("Keymaps (*.json)"))
        if name:
            file = Path(name) if Path(name).suffix else Path(name).with_suffix(".json")
            try:
                keymaps.write(self._bindings, file)
            except StudioError as error:
                self._tell(" ".join(sentences(error)))
                return
            self._tell(self.tr("Written to {file}.").format(file=file.name))


class _Roomy(QStyledItemDelegate):
    """Rows one can tell apart, and hit with a pen."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return super().sizeHint(option, index).expandedTo(QSize(0, option.fontMetrics.height() + self._theme.px(10)))


def _row(*widgets: QWidget | None, stretch: int | None = None) -> QHBoxLayout:
    """Side by side; None is a gap that grows, ``stretch`` the number of the widget that does."""
    row = QHBoxLayout()
    row.setSpacing(8)
    for number, widget in enumerate(widgets):
        if widget is None:
            row.addStretch(1)
        else:
            row.addWidget(widget, 1 if number == stretch else 0)
    return row
