"""Widgets side by side, and on where a row is full."""

from __future__ import annotations

from PySide6.QtWidgets import QSizePolicy, QWidget

from kandinsky_studio.ui.sizes import TIGHT
from kandinsky_studio.ui.widgets.tool_button import FlowLayout


class FlowRow(QWidget):
    """A :class:`FlowLayout` as a widget, as high as it needs to be."""

    def __init__(self, *widgets: QWidget, gap: int = TIGHT) -> None:
        super().__init__()
        self._flow = FlowLayout(self, gap)
        for widget in widgets:
            self._flow.addWidget(widget)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
