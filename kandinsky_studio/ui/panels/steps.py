"""The undo list: every step of the document in front, to go back to any of them."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Slot
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QVBoxLayout

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.document.document import Change
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.sizes import MEDIUM, SMALL
from kandinsky_studio.ui.theme import Theme


class StepsPanel(Panel):
    """The newest step is at the bottom; those that were undone are grey below it."""

    key = "steps"
    area = Qt.DockWidgetArea.RightDockWidgetArea
    of_document = True

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__(studio, theme, actions)
        self._editor = studio.editor
        self.list = QListWidget()
        self.list.setUniformItemSizes(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MEDIUM, 0, MEDIUM, SMALL)
        layout.addWidget(self.list)
        self.nothing = QLabel()
        self.nothing.setObjectName("muted")
        self.nothing.setWordWrap(True)
        layout.addWidget(self.nothing)
        self._later = QTimer(self)  # a list is not made anew at each of many undos in a row
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._fill)
        self._editor.sheet_changed.connect(self._fill)
        self._editor.document_changed.connect(self._changed)
        self.list.itemClicked.connect(self._go)
        self.list.itemActivated.connect(self._go)
        self.retranslate()

    def title(self) -> str:
        return self.tr("Steps")

    def focus_first(self) -> None:
        self.list.setFocus()

    def retranslate(self) -> None:
        self.list.setAccessibleName(self.tr("Steps"))
        self.nothing.setText(
            self.tr("Every stroke and every change becomes a line here. A click on one goes back to it.")
        )
        self._fill()

    @Slot(object)
    def _changed(self, change: Change) -> None:
        if change.action:
            self._later.start()

    @Slot()
    def _fill(self) -> None:
        document = self._editor.document
        history = document.history if document is not None else None
        self.nothing.setVisible(history is not None and not history.names)
        names = [self.tr("Beginning"), *(self._words(name) for name in history.names)] if history else []
        while self.list.count() > len(names):
            self.list.takeItem(self.list.count() - 1)
        for number, name in enumerate(names):
            if number == self.list.count():
                self.list.addItem(QListWidgetItem())
            item = self.list.item(number)
            undone = history is not None and number > len(history.done)
            if item.text() != name:
                item.setText(name)
            item.setForeground(self.theme.colour("disabled" if undone else "text"))
        if history is not None:
            self.list.setCurrentRow(len(history.done))

    @staticmethod
    def _words(name: str) -> str:
        """In the language of the window."""
        return QCoreApplication.translate("steps", name)

    @Slot(QListWidgetItem)
    def _go(self, item: QListWidgetItem) -> None:
        document = self._editor.document
        if document is not None:
            self._editor.finish_tool()
            document.go_to(self.list.row(item))
