"""What commands about the document in front have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.document.document import Document
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.workbench import Workbench


class FrontDeeds(QObject):
    """Connects commands of the document in front. They are grey while the gallery's picture is in front.

    A subclass calls :meth:`watch` once all its commands are connected.
    """

    def __init__(self, studio: Studio, actions: Actions, bench: Workbench, window: QWidget) -> None:
        super().__init__(window)
        self._studio = studio
        self._editor = studio.editor
        self._actions = actions
        self._bench = bench
        self._window = window
        self._ids: list[str] = []

    def _do(self, id: str, deed: Callable[[Document], Any]) -> None:
        """``deed`` is done with the document in front, after what the tool had begun; errors are told."""
        self._ids.append(id)

        def run() -> None:
            document = self._editor.document
            if document is None or not self._bench.shows_document:
                return
            self._editor.finish_tool()
            if document.editing:
                return  # a stroke is being drawn
            try:
                deed(document)
            except Exception as error:  # noqa: BLE001
                self._studio.messages.error(error)

        self._actions.commands.implement(id, run)

    def watch(self) -> None:
        """From now on what can do nothing is grey."""
        self._bench.front_changed.connect(self.update_enabled)
        self._editor.document_changed.connect(self._changed)
        self.update_enabled()

    @Slot(object)
    def _changed(self, change: Any) -> None:
        if change.state or change.action:
            self.update_enabled()

    @Slot()
    def update_enabled(self) -> None:
        """What can do nothing now is grey."""
        document = self._editor.document if self._bench.shows_document else None
        for id in self._ids:
            self._actions.commands.action(id).setEnabled(document is not None)
        if document is not None:
            self.show_possible(document)

    def show_possible(self, document: Document) -> None:
        """Grey those of the commands that can do nothing with ``document`` as it is now."""
        raise NotImplementedError
