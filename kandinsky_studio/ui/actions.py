"""The commands of the window as widgets meet them: icons, tooltips, menu keys, and keys that wait while one types."""

from __future__ import annotations

import itertools
import sys

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLineEdit, QMenu, QPlainTextEdit, QTextEdit, QWidget
from shiboken6 import isValid

from kandinsky_studio.app.commands import Commands
from kandinsky_studio.app.keymaps import KeyBindings
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.app.translation import LANGUAGES
from kandinsky_studio.ui.theme import THEMES, Theme

_AT_A_TIME = 6  # icons: some milliseconds


class Actions(QObject):
    """Holds :class:`Commands`; the attributes are the actions that the window's oldest parts call by name."""

    def __init__(self, theme: Theme, parent: QWidget | None = None, remembering: Remembering | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.commands = Commands(KeyBindings(remembering, self), self)
        action = self.commands.action
        self.save_as = action("gallery.save_as")
        self.open_folder = action("gallery.open_folder")
        self.undo_delete = action("gallery.undo_delete")
        self.copy_picture = action("gallery.copy_picture")
        self.copy_prompt = action("gallery.copy_prompt")
        self.delete = action("gallery.delete")
        self.use_settings = action("gallery.use_settings")
        self.use_seeds = action("gallery.use_seeds")
        self.go_to_search = action("gallery.search")
        self.open_model = action("model.open_folder")
        self.get_real_pictures = action("model.get_real_pictures")
        self.quit = action("file.quit")
        self.preferences = action("edit.preferences")
        self.generate = action("generation.generate")
        self.cancel = action("generation.cancel")
        self.cancel_all = action("generation.cancel_all")
        self.draw_seeds = action("generation.draw_seeds")
        self.go_to_prompt = action("generation.go_to_prompt")
        self.zoom_in = action("view.zoom_in")
        self.zoom_out = action("view.zoom_out")
        self.fit = action("view.fit")
        self.actual_size = action("view.actual")
        self.themes: QActionGroup = self.commands.groups["theme"]
        self.theme_choices = {name: action(f"window.theme_{name}") for name in THEMES}
        self.languages: QActionGroup = self.commands.groups["language"]
        self.language_choices = {name: action(f"window.language_{name}") for name in ("system", *LANGUAGES)}
        self.keys = action("help.keys")
        self.about_builtin = action("help.about_builtin")
        self.about = action("help.about")
        self._typing = TypingGuard(self)
        if parent is not None:
            parent.addActions(self.commands.actions())  # keys count, in a menu or not
            parent.installEventFilter(self)  # hears the keys that nobody wanted
        self._without_icons: list[tuple[str, str]] = []
        self._idle = QTimer(self)
        self._idle.setInterval(0)
        self._idle.timeout.connect(self._set_some_icons)
        self.set_icons()
        theme.changed.connect(self.set_icons)

    def retranslate(self) -> None:
        """Set every text anew, and the tooltips with their keys."""
        self.commands.retranslate()

    @Slot()
    def set_icons(self) -> None:
        """The icons in the colours of the theme, a few at a time: a window must not wait for its menus."""
        self._without_icons = list(self.commands.icons().items())[::-1]
        self._idle.start()

    @Slot()
    def _set_some_icons(self) -> None:
        for _ in range(_AT_A_TIME):
            if not self._without_icons or self._theme.closed:
                self._idle.stop()
                return
            id, icon = self._without_icons.pop()
            self.commands.action(id).setIcon(self._theme.icon(icon))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            return self.commands.run_typed(event)
        return False


class TypingGuard(QObject):
    """Keeps the keys that write or move a cursor away from the commands while a field has the keyboard.

    Qt's own fields do most of it, but not for PgUp in a line, AltGr and a letter, or text that is only read.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._guarded: QObject | None = None
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.focusObjectChanged.connect(self._focus_changed)

    @Slot(QObject)
    def _focus_changed(self, focus: QObject | None) -> None:
        # Only the field that has the keyboard is listened to: a filter for everything would cost the pen time.
        if self._guarded is not None and isValid(self._guarded):  # the keyboard leaves a field that is being deleted
            self._guarded.removeEventFilter(self)
            self._guarded.destroyed.disconnect(self._forget)
        self._guarded = focus if focus is not None and takes_text(focus) else None
        if self._guarded is not None:
            self._guarded.installEventFilter(self)
            self._guarded.destroyed.connect(self._forget)

    @Slot()
    def _forget(self) -> None:
        self._guarded = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride and _writes(event):
            event.accept()
            return True
        return False


def takes_text(widget: QObject) -> bool:
    """Whether one types into ``widget``."""
    if isinstance(widget, QComboBox):
        return widget.isEditable()
    return isinstance(widget, (QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox))


def _writes(event: QKeyEvent) -> bool:
    """Whether a key writes something, or moves the cursor, rather than asks for a command."""
    modifiers = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.GroupSwitchModifier)
    if modifiers in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
        return not (Qt.Key.Key_F1 <= event.key() <= Qt.Key.Key_F35 or event.key() == Qt.Key.Key_Escape)
    alt_gr = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier  # as Windows tells it
    text = event.text()
    letter = text.isprintable() and text != "" and not (text.isascii() and text.isalnum())
    return letter and modifiers & alt_gr == alt_gr and sys.platform != "darwin"


def keep_hint(widget: QWidget, commands: Commands, id: str) -> None:
    """Make the tooltip of ``widget`` that of a command, ``Brush (B)``, now and after every change of keys or language."""
    _Hint(widget, commands, id)


class _Hint(QObject):
    """Lives as long as its widget."""

    def __init__(self, widget: QWidget, commands: Commands, id: str) -> None:
        super().__init__(widget)
        self._widget, self._commands, self._id = widget, commands, id
        commands.changed.connect(self._show)
        self._show()

    @Slot()
    def _show(self) -> None:
        self._widget.setToolTip(self._commands.hint(self._id))


def dress(menu: QMenu, commands: Commands) -> QMenu:
    """Give the entries of ``menu`` their menu keys whenever it opens, and show keys that count in one place only.

    The letters follow from the words, so that they fit every language and nobody has to keep them apart by hand.
    """
    menu.aboutToShow.connect(lambda: _dress(menu, commands))
    menu.aboutToHide.connect(lambda: _undress(menu))
    return menu


def _dress(menu: QMenu, commands: Commands) -> None:
    taken: set[str] = set()
    for action in menu.actions():
        words = action.text().split("\t")[0].replace("&", "")
        at = _letter(words, taken)
        text = f"{words[:at]}&{words[at:]}" if at is not None else words
        if action.shortcut().isEmpty() and (key := commands.key_text(action.objectName())):
            text += f"\t{key}"
        action.setText(text)


def _undress(menu: QMenu) -> None:
    """Buttons that show the same action have no column for keys."""
    for action in menu.actions():
        if "\t" in action.text():
            action.setText(action.text().partition("\t")[0])


def _letter(words: str, taken: set[str]) -> int | None:
    """Where in ``words`` the menu key is: the first letter of a word if it is free, else any that is."""
    initials = [at for at, sign in enumerate(words) if sign.isalnum() and (at == 0 or not words[at - 1].isalnum())]
    for at in itertools.chain(initials, range(len(words))):
        if words[at].isalnum() and words[at].casefold() not in taken:
            taken.add(words[at].casefold())
            return at
    return None


def hint(action: QAction) -> str:
    """The tooltip of ``action``: what it does, and its key."""
    return action.toolTip()


def keys(action: QAction) -> str:
    """The key of ``action`` as the desktop writes it, or nothing."""
    commands = action.parent()
    return commands.key_text(action.objectName()) if isinstance(commands, Commands) else ""
