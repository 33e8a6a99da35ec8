"""A message that waits at the edge of the canvas until it is read; nothing else waits for it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.messages import Action, Message, Weight
from kandinsky_studio.ui.sizes import SMALL, WIDE, em
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.translated import Translated

_ICON = 18  # pixels at the ordinary font
_WORDS = 22  # lines of the font: how wide the words are at least
NOTE_TIME = 12_000  # milliseconds; long enough to change one's mind about a deleted picture


class MessageBar(Translated):
    """Shows the newest message. A note leaves by itself, an error stays until it is closed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.message: Message | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._icon = QLabel()
        self.text = self._label("text")
        self.hint = self._label("hint")
        self.copy = QPushButton()
        self.close_button = QToolButton()
        self._buttons: list[QPushButton] = []
        self._actions = QHBoxLayout()
        self._actions.setSpacing(SMALL)
        deeds = QHBoxLayout()
        deeds.setSpacing(SMALL)
        deeds.addLayout(self._actions)
        deeds.addWidget(self.copy)
        deeds.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.text)
        words.addWidget(self.hint)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 10, 8, 10)
        layout.setSpacing(10)
        layout.addWidget(self._icon)
        self._middle = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._middle.setSpacing(SMALL)
        self._middle.addLayout(words, 1)
        self._middle.addLayout(deeds)
        layout.addLayout(self._middle, 1)
        layout.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(NOTE_TIME)
        self._timer.timeout.connect(self.dismiss)
        self.copy.clicked.connect(self._copy_details)
        self.close_button.clicked.connect(self.dismiss)
        self.retranslate()
        self.hide()

    def retranslate(self) -> None:
        """The words of a message stay as they were said; the buttons change."""
        self.copy.setText(self.tr("Copy details"))
        self.close_button.setToolTip(self.tr("Close"))
        self.close_button.setAccessibleName(self.tr("Close"))

    def heightForWidth(self, width: int) -> int:
        """Of the words and the buttons, which stand below the words where beside them these would be a column."""
        shown = [button for button in (*self._buttons, self.copy) if not button.isHidden()]
        taken = sum(button.sizeHint().width() + SMALL for button in shown)
        around = self._icon.sizeHint().width() + self.close_button.sizeHint().width() + 2 * WIDE
        below = bool(shown) and width - around - taken < em(self, _WORDS)
        direction = QBoxLayout.Direction.TopToBottom if below else QBoxLayout.Direction.LeftToRight
        if direction is not self._middle.direction():
            self._middle.setDirection(direction)
        return super().heightForWidth(width)

    @Slot(object)
    def show_message(self, message: Message) -> None:
        """Show ``message`` instead of the one before."""
        self.message = message
        self.setProperty("weight", message.weight.value)
        for widget in (self, self.text, self.hint, self.close_button):
            widget.style().unpolish(widget)
            widget.style().polish(widget)
        is_error, is_note = message.weight is Weight.error, message.weight is Weight.note
        colour = "error_text" if is_error else "note_text"
        side = self._theme.px(_ICON)
        self._icon.setPixmap(self._theme.icon("check" if is_note else "warning", colour).pixmap(side, side))
        self.close_button.setIcon(self._theme.icon("close", colour))
        self.text.setText(message.text)
        self.hint.setText(message.hint)
        self.hint.setVisible(bool(message.hint))
        self.copy.setVisible(bool(message.details))
        self._fill_actions(message.actions)
        self.setAccessibleName(f"{message.text} {message.hint}".strip())
        self.show()
        if is_error:
            self._timer.stop()
        else:
            self._timer.start()

    @Slot()
    def dismiss_passing(self) -> None:
        """Something that can be done was asked for since."""
        if self.message is not None and self.message.passing:
            self.dismiss()

    @Slot()
    def dismiss(self) -> None:
        """Take the message away."""
        self._timer.stop()
        self.message = None
        self.hide()

    def action_buttons(self) -> list[QPushButton]:
        """The buttons of the message at hand."""
        return list(self._buttons)

    def _fill_actions(self, actions: tuple[Action, ...]) -> None:
        for button in self._buttons:
            self._actions.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = []
        for action in actions:
            button = QPushButton(action.title)
            button.clicked.connect(lambda _=False, action=action: self._act(action))
            self._actions.addWidget(button)
            self._buttons.append(button)

    def _act(self, action: Action) -> None:
        self.dismiss()
        action.run()

    @Slot()
    def _copy_details(self) -> None:
        if self.message is not None:
            QGuiApplication.clipboard().setText(self.message.details)

    def _label(self, name: str) -> QLabel:
        label = QLabel()
        label.setObjectName(name)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        return label
