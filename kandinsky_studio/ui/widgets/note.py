"""A quiet line about the control above it, with links below."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

APART = 16  # pixels between two links: they read as two


class Note(QWidget):
    """The links stand side by side, or one below the other where they don't fit."""

    def __init__(self, *links: QPushButton) -> None:
        super().__init__()
        self._text = QLabel()
        self._text.setObjectName("muted")
        self._text.setWordWrap(True)
        self._links = _Links(links)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.setSpacing(2)
        layout.addWidget(self._text)
        layout.addWidget(self._links)

    def text(self) -> str:
        return self._text.text()

    def set_text(self, text: str) -> None:
        self._text.setText(text)


class _Links(QWidget):
    """Buttons that look like links."""

    def __init__(self, links: tuple[QPushButton, ...]) -> None:
        super().__init__()
        self._links = links
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(APART)
        for link in links:
            link.setObjectName("link")
            link.setCursor(Qt.CursorShape.PointingHandCursor)
            link.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            self._layout.addWidget(link)
        self._layout.addStretch(1)

    def minimumSizeHint(self) -> QSize:
        """As narrow as the widest link, whichever way they stand now."""
        hint = super().minimumSizeHint()
        return QSize(max(link.sizeHint().width() for link in self._links), hint.height())

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):  # another width, or other words
            self._arrange()
        return super().event(event)

    def _arrange(self) -> None:
        needed = sum(link.sizeHint().width() for link in self._links) + APART * (len(self._links) - 1)
        fits = needed <= self.width()
        direction = QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom
        if direction is not self._layout.direction():
            self._layout.setDirection(direction)
            self._layout.setSpacing(APART if fits else 0)
