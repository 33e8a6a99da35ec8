"""The commands of one window: an action for each, shared by menus, toolbars and the palette, with the keys that count.

Whoever carries a command out says ``commands.implement("layer.duplicate", self.duplicate)``; whoever shows one asks for
``commands.action("layer.duplicate")``. An action nobody implements is invisible, wherever it was put.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication, QKeyEvent, QKeySequence, QShortcut
from shiboken6 import isValid

from kandinsky_studio.app.command import Command
from kandinsky_studio.app.command_search import on_latin_keys
from kandinsky_studio.app.command_table import COMMANDS
from kandinsky_studio.app.keymaps import EVERYWHERE, PLACES, Key, KeyBindings, collide

_ROLES = {
    "file.quit": QAction.MenuRole.QuitRole,
    "edit.preferences": QAction.MenuRole.PreferencesRole,
    "help.about": QAction.MenuRole.AboutRole,
}
EXCLUSIVE = {"tool": "tool.", "theme": "window.theme_", "language": "window.language_"}
"""Groups of which one is on at a time, and how the ids of their commands begin."""

REPEATING = re.compile(
    r"edit\.(undo|redo)|brush\.(smaller|larger|softer|harder|opacity_less|opacity_more)|view\.(zoom|rotate)_(in|out|left|right)"
    r"|layer\.(next|previous)"
)
"""Commands that go on while their key is held down. The others would start a dozen pictures, or flicker."""


class Commands(QObject):
    """All commands of the table, and those that are adopted while the program runs.

    ``changed`` says that keys or words are others, or that a command was implemented; who shows keys asks again.
    """

    changed = Signal()

    def __init__(self, bindings: KeyBindings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bindings = bindings
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}
        self._adopted: set[str] = set()
        self._implemented: set[str] = set()
        self._places: list[tuple[str, QObject]] = []
        self._shortcuts: dict[str, list[QShortcut]] = {}
        self._place = EVERYWHERE
        self._here: set[Key] = set()
        self.groups = {name: QActionGroup(self) for name in EXCLUSIVE}
        for command in COMMANDS:
            self._add(command)
        self._told = QTimer(self)  # dozens are implemented one after another when a window is built
        self._told.setSingleShot(True)
        self._told.setInterval(0)
        self._told.timeout.connect(self.changed)
        bindings.changed.connect(self._keys_changed)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.focusObjectChanged.connect(self._focus_changed)
        self.retranslate()

    # ------------------------------------------------------------------ what others ask for

    def action(self, id: str) -> QAction:
        """The action of a command, the same one every time. Raises ``KeyError`` if there is no such command."""
        return self._actions[id]

    def actions(self) -> list[QAction]:
        """The actions of all commands."""
        return list(self._actions.values())

    def implement(self, id: str, *slots: Callable[..., Any]) -> QAction:
        """From now on the command is there; ``slots`` are called when it is triggered.

        Enabled and checked are the action's own: ``implement("edit.undo", history.undo).setEnabled(False)``.
        """
        action = self._actions[id]
        for slot in slots:
            action.triggered.connect(slot)
        self._implemented.add(id)
        action.setVisible(True)
        self._place_keys(id)
        self._told.start()
        return action

    def adopt(self, id: str, action: QAction, keywords: str = "") -> None:
        """Take in an action that somebody else made, such as the one that shows a panel; it keeps its own words."""
        self._commands[id] = Command(id, action.text(), keywords)
        self._actions[id] = action
        self._adopted.add(id)
        self._implemented.add(id)
        action.destroyed.connect(lambda: self._forget(id))
        self._place_keys(id)
        self._told.start()

    def implemented(self) -> list[Command]:
        """Every command that can be shown, in the order of the table."""
        return [command for id, command in self._commands.items() if id in self._implemented]

    def command(self, id: str) -> Command:
        """Raises ``KeyError`` if there is no such command."""
        return self._commands[id]

    def title(self, id: str) -> str:
        """What the command is called in the language of the window, without dots."""
        return plain(self._actions[id])

    def english(self, id: str) -> str:
        """What the command is called in English."""
        return self._commands[id].title.replace("&", "").rstrip("…")

    def keys(self, id: str) -> tuple[Key, ...]:
        """All keys of a command, the one to show first."""
        return self.bindings.keys(id)

    def key_text(self, id: str) -> str:
        """The key to show for a command, as the desktop writes it, or nothing."""
        keys = self.keys(id)
        return keys[0].native if keys else ""

    def hint(self, id: str) -> str:
        """The tooltip of a command: ``Brush (B)``."""
        key = self.key_text(id)
        return f"{self.title(id)} ({key})" if key else self.title(id)

    def icons(self) -> dict[str, str]:
        """The names of the icons, by command, for those who can draw them."""
        return {id: command.icon for id, command in self._commands.items() if command.icon is not None}

    def add_place(self, place: str, widget: QObject) -> None:
        """Say that ``widget`` and what is in it are the place ``place`` (a key of :data:`PLACES`)."""
        if place not in PLACES:
            raise ValueError(f"no place is called {place!r}")
        entry = (place, widget)
        self._places.append(entry)
        widget.destroyed.connect(lambda: self._places.remove(entry))
        for id in self._actions:
            if any(key.place == place for key in self.bindings.keys(id)):
                self._place_keys(id)

    def run_typed(self, event: QKeyEvent) -> bool:
        """Carry out what a key means that no shortcut heard because the keyboard has its Russian layout on.

        A painter who writes Russian prompts has it on all day; B must stay the brush. Where Ctrl is held the systems
        see to it. Returns whether there was something to carry out.
        """
        shift = Qt.KeyboardModifier.ShiftModifier
        signs = on_latin_keys(event.text()) if event.modifiers() in (shift, Qt.KeyboardModifier.NoModifier) else ()
        typed = [
            f"Shift+{sign.upper()}" if sign.isalpha() and event.modifiers() == shift else sign.upper() for sign in signs
        ]
        for place in dict.fromkeys((self._place, EVERYWHERE)):
            for id in self._implemented:
                action = self._actions[id]
                if any(Key(sequence, place) in self.bindings.keys(id) for sequence in typed) and action.isEnabled():
                    if action.autoRepeat() or not event.isAutoRepeat():
                        action.trigger()
                    return True
        return False

    def retranslate(self) -> None:
        """Set every text anew, with the keys in the tooltips."""
        for id, command in self._commands.items():
            if id not in self._adopted:
                self._actions[id].setText(QCoreApplication.translate("commands", command.title))
        self._keys_changed()

    # ------------------------------------------------------------------ inside

    def _add(self, command: Command) -> None:
        action = QAction(self)
        action.setObjectName(command.id)
        action.setCheckable(command.checkable)
        action.setVisible(False)
        action.setAutoRepeat(REPEATING.fullmatch(command.id) is not None)
        action.setMenuRole(_ROLES.get(command.id, QAction.MenuRole.NoRole))
        for name, beginning in EXCLUSIVE.items():
            if command.id.startswith(beginning):
                self.groups[name].addAction(action)
                action.setData(command.id.removeprefix(beginning))
        action.changed.connect(lambda: self._enabled_changed(command.id))
        self._commands[command.id] = command
        self._actions[command.id] = action

    @Slot()
    def _keys_changed(self) -> None:
        self._look_here()
        for id in self._actions:
            self._place_keys(id)
        self.changed.emit()

    def _place_keys(self, id: str) -> None:
        """Give the action its keys: those without a place itself, the others to the places."""
        action, keys = self._actions[id], self.bindings.keys(id)
        action.setToolTip(self.hint(id))
        for old in self._shortcuts.pop(id, []):
            if isValid(old):  # else it went with its place
                old.setEnabled(False)
                old.deleteLater()
        self._place_own_keys(id)
        if id not in self._implemented:
            return
        made = []
        for key in keys:
            for place, widget in self._places:
                if key.place == place:
                    for sequence in _sequences([key]):
                        shortcut = QShortcut(widget)
                        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                        shortcut.setKey(sequence)
                        shortcut.setAutoRepeat(action.autoRepeat())
                        shortcut.setEnabled(action.isEnabled())
                        shortcut.activated.connect(action.trigger)
                        made.append(shortcut)
        if made:
            self._shortcuts[id] = made

    def _place_own_keys(self, id: str) -> None:
        """The keys without a place, less those that mean something else where the keyboard is: Qt would carry out
        neither of the two."""
        own = [key for key in self.bindings.keys(id) if key.place == EVERYWHERE]
        own = [key for key in own if not any(collide(Key(key.sequence, self._place), theirs) for theirs in self._here)]
        sequences = _sequences(own)
        action = self._actions[id]
        # The keyboard moves on while a dock is taken down, before its adopted action has said farewell.
        if isValid(action) and action.shortcuts() != sequences:
            action.setShortcuts(sequences)

    def _look_here(self) -> None:
        """Note the keys of the place that has the keyboard."""
        here = (key for id in self._implemented for key in self.bindings.keys(id)) if self._place else ()
        self._here = {key for key in here if key.place == self._place}

    def _enabled_changed(self, id: str) -> None:
        for shortcut in self._shortcuts.get(id, ()):
            if isValid(shortcut):
                shortcut.setEnabled(self._actions[id].isEnabled())

    @Slot(QObject)
    def _focus_changed(self, focus: QObject | None) -> None:
        place = self._place_of(focus)
        if place != self._place:
            self._place = place
            self._look_here()
            for id in self._actions:
                self._place_own_keys(id)

    def _place_of(self, widget: QObject | None) -> str:
        while widget is not None:
            for place, root in self._places:
                if root is widget:
                    return place
            widget = widget.parent()
        return EVERYWHERE

    def _forget(self, id: str) -> None:
        """An adopted action has gone with the widget it belongs to."""
        for known in (self._commands, self._actions, self._shortcuts):
            known.pop(id, None)
        self._implemented.discard(id)
        self._adopted.discard(id)


def plain(action: QAction) -> str:
    """The text of ``action`` without the sign of its menu key and without dots."""
    return action.text().partition("\t")[0].replace("&", "").rstrip("…")


def _sequences(keys: Iterable[Key]) -> list[QKeySequence]:
    """What Qt has to listen for: the keys, and with the Enter of the number pad the large one."""
    sequences = [key.sequence for key in keys]
    sequences += [
        sequence.removesuffix("Enter") + "Return" for sequence in sequences if re.search(r"(^|\+)Enter$", sequence)
    ]
    return [QKeySequence(sequence) for sequence in dict.fromkeys(sequences)]
