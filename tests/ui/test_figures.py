"""Figures that follow the pointer move nothing else in the window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from kandinsky_studio.ui.widgets.figures import Figures


class _Layouts(QObject):
    def __init__(self):
        super().__init__()
        self.count = 0

    def eventFilter(self, watched, event):
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


def test_changing_figures_lays_nothing_out_anew(qtbot, qapp):
    window = QWidget()
    qtbot.addWidget(window)
    layout = QHBoxLayout(window)
    figures, label = Figures("00000, 00000"), QLabel()
    layout.addWidget(label)
    layout.addWidget(figures)
    window.show()
    qapp.processEvents()
    layouts = _Layouts()
    window.installEventFilter(layouts)
    empty = window.grab().toImage()
    for number in range(5):
        figures.setText(f"{number}, 4096")
        qapp.processEvents()
    assert figures.text() == "4, 4096"
    assert layouts.count == 0
    assert window.grab().toImage() != empty
    label.setText("a label does")
    qapp.processEvents()
    assert layouts.count > 0
    figures.clear()
    assert figures.text() == ""
