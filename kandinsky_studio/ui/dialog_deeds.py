"""The commands that open a dialog. A dialog is read from the disk when it is asked for first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.theme import Theme

if TYPE_CHECKING:
    from kandinsky_studio.ui.dialogs.builtin_model import BuiltinModelDialog
    from kandinsky_studio.ui.dialogs.models import ModelsDialog
    from kandinsky_studio.ui.dialogs.runtimes import RuntimesDialog
    from kandinsky_studio.ui.main_window import MainWindow


class DialogDeeds(QObject):
    """Carries the commands out for ``window``, which the dialogs lie above."""

    def __init__(self, studio: Studio, theme: Theme, actions: Actions, window: MainWindow) -> None:
        super().__init__(window)
        self._studio = studio
        self._theme = theme
        self._actions = actions
        self._window = window
        implement = actions.commands.implement
        implement("edit.preferences", self._preferences)
        implement("generation.edit_styles", self._styles)
        implement("model.get_real_pictures", self._models)
        implement("model.runtimes", self._runtimes)
        implement("help.about_builtin", self._builtin)
        implement("help.keys", self._keys)
        implement("help.tablet_tester", self._tablet)
        implement("help.diagnostics", self._diagnostics)
        implement("help.updates", self._updates)
        implement("help.about", self._about)

    def _preferences(self) -> None:
        from kandinsky_studio.ui.dialogs.preferences import PreferencesDialog

        PreferencesDialog(self._studio, self._window).open()

    def _styles(self) -> None:
        from kandinsky_studio.ui.dialogs.styles import StylesDialog

        StylesDialog(self._studio, self._theme, self._window).show()

    def _models(self) -> None:
        from kandinsky_studio.ui.dialogs.models import ModelsDialog

        self._open_beside(ModelsDialog)

    def _runtimes(self) -> None:
        from kandinsky_studio.ui.dialogs.runtimes import RuntimesDialog

        self._open_beside(RuntimesDialog)

    def _builtin(self) -> None:
        from kandinsky_studio.ui.dialogs.builtin_model import BuiltinModelDialog

        self._open_beside(BuiltinModelDialog)

    def _keys(self) -> None:
        from kandinsky_studio.ui.dialogs.keys import KeysDialog

        KeysDialog(self._actions, self._theme, self._window).open()

    def _tablet(self) -> None:
        from kandinsky_studio.ui.dialogs.tablet_tester import TabletTester

        TabletTester(self._window).open()

    def _diagnostics(self) -> None:
        from kandinsky_studio.ui.dialogs.diagnostics import DiagnosticsDialog

        DiagnosticsDialog(self._studio, self._theme, self._window).open()

    def _updates(self) -> None:
        from kandinsky_studio.ui.dialogs.updates import UpdatesDialog

        UpdatesDialog(self._studio, self._theme, self._window).open()

    def _about(self) -> None:
        from kandinsky_studio.ui.dialogs.about import AboutDialog

        AboutDialog(self._studio, self._theme, self._window).open()

    def _open_beside(self, kind: type[BuiltinModelDialog | ModelsDialog | RuntimesDialog]) -> None:
        """Open a dialog beside the work; asked for twice, the one that is open comes to the front."""
        opened = next((dialog for dialog in self._window.findChildren(kind) if dialog.isVisible()), None)
        if opened is None:
            kind(self._studio, self._theme, self._actions, self._window).show()
        else:
            opened.raise_()
            opened.activateWindow()
