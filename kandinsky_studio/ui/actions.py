"""Everything that can be done from a menu or with a key, in one place.

To add one: an attribute in ``__init__``, its words in ``retranslate``, a line in a menu of the window.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QIcon, QKeySequence

from kandinsky_studio.app.translation import LANGUAGES
from kandinsky_studio.ui.theme import THEMES, Theme

Keys = QKeySequence.StandardKey | str


class Actions(QObject):
    """The actions, without what they do: the window connects them."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons: dict[QAction, str] = {}
        # File
        self.save_as = self._action("save", "Ctrl+S", "Ctrl+Shift+S")
        self.open_folder = self._action("folder", "Ctrl+Shift+E")
        self.open_model = self._action(None)
        self.get_real_pictures = self._action(None)
        self.quit = self._action(None, "Ctrl+Q")
        self.quit.setMenuRole(QAction.MenuRole.QuitRole)
        # Edit
        self.undo_delete = self._action("undo", "Ctrl+Z")
        self.copy_picture = self._action("copy", "Ctrl+Shift+C")
        self.copy_prompt = self._action(None, "Ctrl+Alt+C")
        self.delete = self._action("trash", "Del")
        self.delete.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)  # not while something is being typed
        self.use_settings = self._action("settings", "Ctrl+U")
        self.use_seeds = self._action("lock", "Ctrl+Shift+U")
        self.preferences = self._action(None, "Ctrl+,")
        self.preferences.setMenuRole(QAction.MenuRole.PreferencesRole)
        # Picture
        self.generate = self._action(None, "Ctrl+Enter", "Ctrl+Return")
        self.cancel = self._action(None, "Shift+X")
        self.cancel_all = self._action(None, "Ctrl+Shift+X")
        self.draw_seeds = self._action("dice", "Ctrl+R")
        self.go_to_prompt = self._action(None, "Ctrl+L")
        self.go_to_search = self._action("search", "Ctrl+F")
        # View
        self.zoom_in = self._action(None, "Ctrl++", "Ctrl+=")
        self.zoom_out = self._action(None, "Ctrl+-")
        self.fit = self._action("fit", "Ctrl+0")
        self.actual_size = self._action("actual_size", "Ctrl+1")
        self.themes = QActionGroup(self)
        self.theme_choices = {name: self._choice(self.themes, name) for name in THEMES}
        self.languages = QActionGroup(self)
        self.language_choices = {name: self._choice(self.languages, name) for name in ("system", *LANGUAGES)}
        # Help
        self.keys = self._action(None, "F1")
        self.about_builtin = self._action(None)
        self.about = self._action(None)
        self.about.setMenuRole(QAction.MenuRole.AboutRole)
        self.retranslate()
        self.set_icons()
        theme.changed.connect(self.set_icons)

    def retranslate(self) -> None:
        """Set every text anew, and the tooltips with their keys."""
        self.save_as.setText(self.tr("&Save as…"))
        self.open_folder.setText(self.tr("Open &folder"))
        self.open_model.setText(self.tr("Open a &model folder…"))
        self.get_real_pictures.setText(self.tr("Get &real pictures…"))
        self.quit.setText(self.tr("&Quit"))
        self.undo_delete.setText(self.tr("&Undo delete"))
        self.copy_picture.setText(self.tr("&Copy picture"))
        self.copy_prompt.setText(self.tr("Copy &prompt"))
        self.delete.setText(self.tr("&Move to the trash"))
        self.use_settings.setText(self.tr("Use its &settings"))
        self.use_seeds.setText(self.tr("Use its s&eeds"))
        self.preferences.setText(self.tr("P&references…"))
        self.generate.setText(self.tr("&Generate"))
        self.cancel.setText(self.tr("&Cancel"))
        self.cancel_all.setText(self.tr("Cancel &all"))
        self.draw_seeds.setText(self.tr("&Draw new seeds"))
        self.go_to_prompt.setText(self.tr("Go to the &prompt"))
        self.go_to_search.setText(self.tr("S&earch the gallery"))
        self.zoom_in.setText(self.tr("Zoom &in"))
        self.zoom_out.setText(self.tr("Zoom &out"))
        self.fit.setText(self.tr("&Fit in the window"))
        self.actual_size.setText(self.tr("&Actual size (100 %)"))
        self.theme_choices["system"].setText(self.tr("As on the &desktop"))
        self.theme_choices["light"].setText(self.tr("&Light"))
        self.theme_choices["dark"].setText(self.tr("D&ark"))
        self.language_choices["system"].setText(self.tr("As on the &desktop"))
        for code, name in LANGUAGES.items():
            self.language_choices[code].setText(name)
        self.keys.setText(self.tr("&Keys"))
        self.about_builtin.setText(self.tr("&What the built-in model draws"))
        self.about.setText(self.tr("&About Kandinsky Studio"))
        for action in self.findChildren(QAction):
            action.setToolTip(hint(action))

    def set_icons(self) -> None:
        for action, name in self._icons.items():
            action.setIcon(self._theme.icon(name))

    def _action(self, icon: str | None, *keys: Keys) -> QAction:
        action = QAction(self)
        action.setShortcuts([QKeySequence(key) for key in keys])
        if icon is not None:
            self._icons[action] = icon
        return action

    def _choice(self, group: QActionGroup, data: str) -> QAction:
        action = QAction(self)
        action.setCheckable(True)
        action.setData(data)
        action.setIcon(QIcon())
        group.addAction(action)
        return action


def plain(action: QAction) -> str:
    """The text of ``action`` without the sign of its menu key and without dots."""
    return action.text().replace("&", "").rstrip("…")


def hint(action: QAction) -> str:
    """The tooltip of ``action``: what it does, and its key."""
    return f"{plain(action)}  ({keys(action)})" if keys(action) else plain(action)


def keys(action: QAction) -> str:
    """The key of ``action`` as the desktop writes it, or nothing."""
    return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
