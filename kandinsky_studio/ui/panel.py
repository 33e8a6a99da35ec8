"""What every panel is: a widget with a key, a title and a place in the window."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QWidget

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.translated import Translated


class Panel(Translated):
    """Base of the panels. ``key`` names it in the saved layout, ``area`` is where it stands at first.

    One ``of_document`` is in the window only while a document is in front; one that is not ``open_at_first`` waits
    until it is asked for.
    """

    key: ClassVar[str]
    area: ClassVar[Qt.DockWidgetArea]
    of_document: ClassVar[bool] = False
    open_at_first: ClassVar[bool] = True

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__()
        self.studio = studio
        self.theme = theme
        self.actions_ = actions
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def title(self) -> str:
        """In the language of the window."""
        raise NotImplementedError

    def header(self) -> QWidget | None:
        """What stands in the title bar beside the title."""
        return None

    def focus_first(self) -> None:
        """Give the keyboard to the control one wants first."""
        self.setFocus()


class DockTitle(QWidget):
    """A title bar that does not shout; the dock is still dragged by it."""

    def __init__(self, header: QWidget | None) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.label = QLabel()
        self._has_more = header is not None
        layout = QHBoxLayout(self)
        layout.addWidget(self.label)
        layout.addStretch(1)
        if header is not None:
            layout.addWidget(header)
        self.show_label(True)

    def show_label(self, shown: bool) -> None:
        """With the title, or only as a strip to drag the dock by."""
        self.label.setVisible(shown)
        self.layout().setContentsMargins(16, *((8, 16, 4) if shown or self._has_more else (4, 16, 4)))  # type: ignore[union-attr]


class PanelDock(QDockWidget):
    """A panel in the window."""

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self.setObjectName(panel.key)
        self.panel = panel
        self.wanted = panel.open_at_first  # shown when a document is in front, if the panel is one of documents
        self.toggleViewAction().triggered.connect(self._remember)
        self._title = DockTitle(panel.header())
        self.setTitleBarWidget(self._title)
        self.setWidget(panel)
        self.retitle()

    def _remember(self, shown: bool) -> None:
        self.wanted = shown

    def show_title(self, shown: bool) -> None:
        """Not where a tab says the same."""
        self._title.show_label(shown)

    def retitle(self) -> None:
        self.setWindowTitle(self.panel.title())
        self._title.label.setText(self.panel.title())

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.retitle()
        super().changeEvent(event)
