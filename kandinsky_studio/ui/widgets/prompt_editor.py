"""A field for a prompt: plain words, what won't be read of them, and the keys to what was typed before."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QTextEdit


class PromptEditor(QPlainTextEdit):
    """Plain words; Tab goes on to the next control, Alt+Up and Alt+Down ask for what was typed before (``stepped``,
    true for older). ``entered`` tells that it has the keyboard now."""

    stepped = Signal(bool)
    entered = Signal()

    def __init__(self, lines: int) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._lines = lines
        self._cut: int | None = None
        self._colours = (QColor("gray"), QColor("orange"))
        self._fit()

    @property
    def unread_from(self) -> int | None:
        """From which character on nothing is read, as it is shown."""
        return self._cut

    def set_colours(self, unread: QColor, line: QColor) -> None:
        """Of the words that won't be read, and of the line under them."""
        self._colours = (unread, line)
        self.show_cut(self._cut)

    def show_cut(self, cut: int | None) -> None:
        """Grey and underline what won't be read: the text from the character ``cut`` on."""
        self._cut = cut
        selections = []
        if cut is not None:
            unread = QTextEdit.ExtraSelection()
            look = QTextCharFormat()
            look.setForeground(self._colours[0])
            look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DashUnderline)
            look.setUnderlineColor(self._colours[1])
            cursor = QTextCursor(self.document())
            cursor.setPosition(utf16(self.toPlainText(), cut))
            cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            unread.cursor, unread.format = cursor, look
            selections.append(unread)
        self.setExtraSelections(selections)

    def place(self) -> int:
        """The character the cursor is before, from the beginning."""
        before = QTextCursor(self.document())
        before.setPosition(self.textCursor().position(), QTextCursor.MoveMode.KeepAnchor)
        return len(before.selectedText())

    def put(self, text: str, cursor: int) -> None:
        """Change the whole text in one step, which can be taken back, and go to a place in it."""
        editing = self.textCursor()
        editing.beginEditBlock()
        editing.select(QTextCursor.SelectionType.Document)
        editing.insertText(text)
        editing.endEditBlock()
        editing.setPosition(utf16(text, cursor))
        self.setTextCursor(editing)
        self.ensureCursorVisible()

    def event(self, event: QEvent) -> bool:
        """Its two keys may be those of a command elsewhere; here they are its own."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride and _is_step(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_step(event):
            self.stepped.emit(event.key() == Qt.Key.Key_Up)
            event.accept()
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.entered.emit()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()
        super().changeEvent(event)

    def _fit(self) -> None:
        """As tall as its lines are, in the font of now."""
        margins = self.contentsMargins()
        self.setFixedHeight(self.fontMetrics().lineSpacing() * self._lines + 22 + margins.top() + margins.bottom())


def utf16(text: str, place: int) -> int:
    """Where Qt has the character ``place`` of ``text``: it counts those beyond 16 bits twice."""
    return place + sum(character > "\uffff" for character in text[:place])


def _is_step(event: QKeyEvent) -> bool:
    keys = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return keys == Qt.KeyboardModifier.AltModifier and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)
