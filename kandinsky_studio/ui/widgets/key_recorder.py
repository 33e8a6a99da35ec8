"""A button that takes down the next key that is pressed, whichever it is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QKeyCombination, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QPushButton, QWidget

from kandinsky_studio.app.command_search import on_latin_keys

_MODIFIERS = {
    *(Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_Meta),
    *(Qt.Key.Key_CapsLock, Qt.Key.Key_NumLock, Qt.Key.Key_unknown, Qt.Key(0)),
}


class KeyRecorder(QPushButton):
    """``recorded`` tells the key; Esc, or going elsewhere, ends the waiting without one."""

    recorded = Signal(QKeySequence)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setAutoDefault(False)
        self.toggled.connect(self._show)
        self._show()

    @property
    def waiting(self) -> bool:
        """Whether the next key is taken down."""
        return self.isChecked()

    def event(self, event: QEvent) -> bool:
        if self.waiting and isinstance(event, QKeyEvent):
            if event.type() is QEvent.Type.ShortcutOverride:
                event.accept()  # a key that means something already is what is asked about
                return True
            if event.type() is QEvent.Type.KeyPress:
                self._key(event)
                return True
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.setChecked(False)
        super().focusOutEvent(event)

    def _key(self, event: QKeyEvent) -> None:
        if Qt.Key(event.key()) in _MODIFIERS:
            return
        self.setChecked(False)
        if event.key() != Qt.Key.Key_Escape or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            self.recorded.emit(sequence_of(event))

    @Slot()
    def _show(self) -> None:
        self.setText(self.tr("Press a key… (Esc: none)") if self.waiting else self.tr("Add a key"))


def sequence_of(event: QKeyEvent) -> QKeySequence:
    """What was pressed, as a keymap writes it: ``{`` and not ``Shift+{``, ``B`` also where the layout is Russian."""
    key, text = Qt.Key(event.key()), event.text()
    shift, keypad = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.KeypadModifier
    modifiers = event.modifiers() & ~keypad & ~Qt.KeyboardModifier.GroupSwitchModifier
    typed = text if text.isprintable() and text else chr(key).lower() if key < 0x110000 else ""
    latin = on_latin_keys(typed)
    if key == Qt.Key.Key_Backtab:
        key = Qt.Key.Key_Tab
    elif latin:
        key = Qt.Key(ord(latin[0].upper()))
        if latin[0] in "{}":
            modifiers &= ~shift
    elif text and text.isprintable() and not text.isalnum() and not text.isspace():
        modifiers &= ~shift  # the sign itself asks for Shift
    return QKeySequence(QKeyCombination(modifiers, key))
