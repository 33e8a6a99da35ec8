"""Below the canvas: what the picture is called, and what one does with it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QAction, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.sizes import BUTTON, SMALL, SMALL_ICON
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.status_line import StatusLine
from kandinsky_studio.ui.widgets.tool_button import IconButton
from kandinsky_studio.ui.widgets.translated import Translated


class _WordButton(QPushButton):
    """What one wants first has words beside its icon, as long as there is room; state and tooltip are a command's."""

    def __init__(self, theme: Theme, action: QAction, icon: str) -> None:
        super().__init__()
        self._theme, self._action, self._icon = theme, action, icon
        self.setObjectName("worded")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.clicked.connect(action.trigger)
        action.changed.connect(self._show)
        theme.changed.connect(self._show)
        self._show()

    def sizeHint(self) -> QSize:
        least = self.minimumSizeHint()
        return QSize(least.width() + self.fontMetrics().horizontalAdvance(self.text()) + SMALL, least.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(SMALL_ICON + 16) + 2, self._theme.px(BUTTON))

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        if self.width() < self.sizeHint().width():
            option.text = ""
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)

    @Slot()
    def _show(self) -> None:
        self.setEnabled(self._action.isEnabled())
        self.setToolTip(self._action.toolTip())
        self.setIcon(self._theme.icon(self._icon))


class PictureBar(Translated):
    """What one does with the picture at hand, its prompt, its size, and more buttons."""

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
        command = actions.commands.action
        self.paint = _WordButton(theme, command("gallery.open_as_document"), "brush")
        self.mix = _WordButton(theme, command("gallery.add_to_mix"), "mix")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 4, 12, 4)
        layout.setSpacing(4)
        layout.addWidget(self.paint)
        layout.addWidget(self.mix)
        layout.addSpacing(4)
        layout.addWidget(self.prompt, 1)
        layout.addSpacing(12)
        layout.addWidget(self.dimensions)
        layout.addSpacing(8)
        for group in (
            (actions.use_settings, actions.use_seeds),
            (actions.copy_picture, actions.save_as),
            (actions.delete,),
        ):
            for action in group:
                layout.addWidget(IconButton.of(theme, action))
            layout.addWidget(_line())
        layout.addWidget(IconButton.of(theme, actions.fit))
        layout.addWidget(IconButton.of(theme, actions.actual_size))
        layout.addWidget(self.zoom)
        self.retranslate()

    def retranslate(self) -> None:
        self.paint.setText(self.tr("Paint on it"))
        self.mix.setText(self.tr("Add to the mix"))

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
