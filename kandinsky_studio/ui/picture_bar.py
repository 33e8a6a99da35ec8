"""Below the canvas: what the picture is called, and what one does with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.status_line import StatusLine
from kandinsky_studio.ui.widgets.tool_button import IconButton


class PictureBar(QWidget):
    """The prompt of the picture at hand, its size, and buttons."""

    def __init__(self, theme: Theme, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.prompt = StatusLine(Qt.AlignmentFlag.AlignLeft)
        self.dimensions = QLabel()
        self.dimensions.setObjectName("muted")
        self.zoom = QLabel()
        self.zoom.setObjectName("muted")
        self.zoom.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.zoom.setMinimumWidth(self.zoom.fontMetrics().horizontalAdvance("6400 %"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 4, 12, 4)
        layout.setSpacing(4)
        layout.addWidget(self.prompt, 1)
        layout.addSpacing(12)
        layout.addWidget(self.dimensions)
        layout.addSpacing(8)
        for group in (
            (actions.use_settings, actions.use_seeds),
            (actions.copy_picture, actions.save_as, actions.open_folder),
            (actions.delete,),
        ):
            for action in group:
                layout.addWidget(IconButton.of(theme, action))
            layout.addWidget(_line())
        layout.addWidget(IconButton.of(theme, actions.fit))
        layout.addWidget(IconButton.of(theme, actions.actual_size))
        layout.addWidget(self.zoom)

    @Slot(float)
    def show_zoom(self, zoom: float) -> None:
        percent = zoom * 100
        self.zoom.setText(f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %")

    def show_picture(self, prompt: str, size: tuple[int, int] | None) -> None:
        self.prompt.setText(" ".join(prompt.split()))
        self.prompt.setToolTip(prompt)
        self.dimensions.setText(f"{size[0]} × {size[1]}" if size else "")
        self.zoom.setVisible(size is not None)


def _line() -> QFrame:
    line = QFrame()
    line.setFixedSize(9, 16)
    return line
