"""Square buttons with an icon, and bars of them that wrap where they don't fit side by side."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QToolButton, QWidget

from kandinsky_studio.ui.sizes import BUTTON, ICON, TIGHT
from kandinsky_studio.ui.theme import Theme


class IconButton(QToolButton):
    """Flat and square, as large as the font asks for. The mouse leaves the keyboard where it is; Tab goes to it.

    ``icon`` is a name in ``resources/icons``, ``colour`` and ``checked`` are colours of the theme. With an action
    (:meth:`of`) words, keys and state are those of the action, and the icon too unless one is given.
    """

    def __init__(
        self,
        theme: Theme,
        icon: str = "",
        parent: QWidget | None = None,
        *,
        colour: str = "text",
        checked: str = "accent_line",
        small: bool = False,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon = icon
        self._colours = (colour, checked)
        self._share = 0.75 if small else 1.0
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        theme.changed.connect(self._dress)
        self._dress()

    @classmethod
    def of(cls, theme: Theme, action: QAction, icon: str = "", parent: QWidget | None = None) -> IconButton:
        """The button of ``action``."""
        button = cls(theme, icon, parent)
        button.setDefaultAction(action)
        button._dress()
        return button

    def set_icon(self, icon: str) -> None:
        """Show another icon of ``resources/icons``."""
        self._icon = icon
        self._dress()

    def set_words(self, name: str, keys: str = "") -> None:
        """What it does, for its tooltip and for screen readers, and the key that does the same."""
        self.setToolTip(f"{name}  ({keys})" if keys else name)
        self.setAccessibleName(name)

    def sizeHint(self) -> QSize:
        side = self._theme.px(BUTTON * self._share)
        return QSize(side, side)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _dress(self) -> None:
        side = self._theme.px(ICON * self._share)
        self.setIconSize(QSize(side, side))
        if self._icon:
            self.setIcon(self._theme.icon(self._icon, *self._colours))
        self.updateGeometry()


class FlowLayout(QLayout):
    """Lays widgets out like words: side by side, and on where a row is full. ``gap`` pixels lie between them."""

    def __init__(self, parent: QWidget | None = None, gap: int = TIGHT) -> None:
        super().__init__(parent)
        self._gap = gap
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:  # noqa: N802
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:  # noqa: N802
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, area: QRect) -> None:  # noqa: N802
        super().setGeometry(area)
        self._arrange(area, move=True)

    def sizeHint(self) -> QSize:
        shown = self._shown()
        margins = self.contentsMargins()
        width = sum(item.sizeHint().width() for item in shown) + self._gap * max(len(shown) - 1, 0)
        height = max((item.sizeHint().height() for item in shown), default=0)
        return QSize(width + margins.left() + margins.right(), height + margins.top() + margins.bottom())

    def minimumSize(self) -> QSize:  # noqa: N802
        margins = self.contentsMargins()
        size = QSize(0, 0)
        for item in self._shown():
            size = size.expandedTo(item.minimumSize())
        return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom())

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _arrange(self, area: QRect, move: bool) -> int:
        """Place the items within the width of ``area`` (or only see how it would go); the height they need."""
        margins = self.contentsMargins()
        left, right = area.x() + margins.left(), area.x() + area.width() - margins.right()
        x, y, row = left, area.y() + margins.top(), 0
        for item in self._shown():
            size = item.sizeHint()
            if x > left and x + size.width() > right:
                x, y, row = left, y + row + self._gap, 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), size))
            x += size.width() + self._gap
            row = max(row, size.height())
        return y + row + margins.bottom() - area.y()


class FlowToolBar(QWidget):
    """Icon buttons in rows as wide as there is room. The arrow keys go from one to the next, Tab leaves."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._buttons: list[QToolButton] = []
        self._flow = FlowLayout(self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def buttons(self) -> tuple[QToolButton, ...]:
        """In the order they stand in."""
        return tuple(self._buttons)

    def add_action(self, action: QAction, icon: str = "") -> IconButton:
        """A button for ``action`` at the end."""
        button = IconButton.of(self._theme, action, icon, self)
        self.add(button)
        return button

    def add(self, *buttons: QToolButton) -> None:
        """Put buttons at the end."""
        for button in buttons:
            self._buttons.append(button)
            self._flow.addWidget(button)
            button.installEventFilter(self)

    def add_actions(self, actions: Iterable[QAction]) -> None:
        """Buttons for ``actions``, in their order."""
        for action in actions:
            self.add_action(action)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and watched in self._buttons:
            step = steps.get(Qt.Key(event.key()))
            if step is not None:
                self._go(next(number for number, button in enumerate(self._buttons) if button is watched), step)
                return True
        return False

    def _go(self, start: int, step: int) -> None:
        """The keyboard to the next button that can be used."""
        count = len(self._buttons)
        for offset in range(1, count + 1):
            button = self._buttons[(start + step * offset) % count]
            if button.isEnabled() and button.isVisible():
                button.setFocus(Qt.FocusReason.TabFocusReason)
                return
