"""One action for each command, its keys where they belong, and none of them while something is being typed."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.keymaps import Key
from kandinsky_studio.app.translation import Translation
from kandinsky_studio.ui.actions import Actions, dress, keep_hint
from kandinsky_studio.ui.theme import Theme

CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


class Bench(QMainWindow):
    """A window with a canvas, a list and fields; what was carried out is in ``done``."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.actions_ = Actions(theme, self)
        self.commands = self.actions_.commands
        self.done: list[str] = []
        self.canvas, self.layers = QWidget(), QWidget()
        self.fields = {
            "line": QLineEdit("ab cd"),
            "prompt": QPlainTextEdit("ab cd"),
            "number": QSpinBox(),
            "editable": QComboBox(),
            "read": QLineEdit("ab cd"),
        }
        self.fields["editable"].setEditable(True)
        self.fields["read"].setReadOnly(True)
        middle = QWidget()
        column = QVBoxLayout(middle)
        for widget in (self.canvas, self.layers, *self.fields.values()):
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            column.addWidget(widget)
        self.setCentralWidget(middle)
        self.commands.add_place("canvas", self.canvas)
        self.commands.add_place("layers", self.layers)

    def offer(self, *ids: str) -> None:
        for id in ids:
            self.commands.implement(id, lambda *_, id=id: self.done.append(id))


@pytest.fixture
def bench(qtbot, qapp):
    theme = Theme(qapp)
    theme.use("light")
    bench = Bench(theme)
    qtbot.addWidget(bench)
    bench.show()
    bench.activateWindow()
    qtbot.waitUntil(bench.isActiveWindow, timeout=2000)
    yield bench
    bench.close()
    theme.close()


def press(bench: Bench, widget: QWidget, key: Qt.Key, modifiers=Qt.KeyboardModifier.NoModifier) -> list[str]:
    """What is carried out when ``key`` is pressed in ``widget``."""
    widget.setFocus()
    bench.done.clear()
    QTest.keyClick(widget, key, modifiers)
    return list(bench.done)


def type_russian(widget: QWidget, letter: str, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    """As a keyboard with its Russian layout on: first the question to shortcuts, then the key."""
    widget.setFocus()
    for kind in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        event = QKeyEvent(kind, ord(letter.upper()), modifiers, letter)
        event.ignore()
        QApplication.sendEvent(widget, event)


def test_a_command_has_one_action(bench):
    assert bench.commands.action("tool.brush") is bench.commands.action("tool.brush")
    with pytest.raises(KeyError):
        bench.commands.action("tool.none")
    with pytest.raises(KeyError):
        bench.commands.implement("tool.none")


def test_what_nobody_implements_is_shown_nowhere_and_has_no_key(qtbot, bench):
    menu = QMenu(bench)
    menu.addActions([bench.commands.action("layer.new"), bench.commands.action("layer.duplicate")])
    bench.offer("layer.new")
    assert [action.objectName() for action in menu.actions() if action.isVisible()] == ["layer.new"]
    assert [command.id for command in bench.commands.implemented()] == ["layer.new"]
    assert press(bench, bench.canvas, Qt.Key.Key_N, CTRL | SHIFT) == ["layer.new"]
    bench.commands.action("layer.duplicate").triggered.connect(lambda: bench.done.append("never"))
    assert press(bench, bench.canvas, Qt.Key.Key_J, CTRL) == []


def test_a_disabled_command_hears_no_key(bench):
    bench.offer("layer.new", "view.canvas_only")
    for id, key, modifiers in (
        ("layer.new", Qt.Key.Key_N, CTRL | SHIFT),
        ("view.canvas_only", Qt.Key.Key_Tab, Qt.KeyboardModifier.NoModifier),
    ):
        bench.commands.action(id).setEnabled(False)
        assert press(bench, bench.canvas, key, modifiers) == []
        bench.commands.action(id).setEnabled(True)
        assert press(bench, bench.canvas, key, modifiers) == [id]


LETTERS = [
    "tool.brush",
    "brush.smaller",
    "brush.opacity_50",
    "layer.next",
    "tool.mask_eraser",
    "edit.delete",
    "layer.new",
]


@pytest.mark.parametrize("field", ["line", "prompt", "number", "editable", "read"])
def test_keys_that_write_or_move_the_cursor_wait_while_one_types(bench, field):
    bench.offer(*LETTERS, "help.keys", "edit.fill_foreground", "edit.undo")
    bench.commands.bindings.set_keys({"layer.new": [Key("Ins")], "layer.previous": [Key("PgDown")]})
    widget = bench.fields[field]
    for key, modifiers in (
        (Qt.Key.Key_B, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_BracketLeft, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_5, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_PageUp, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_K, SHIFT),
        (Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Insert, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Backspace, SHIFT),
    ):
        assert press(bench, widget, key, modifiers) == [], (key, modifiers)
    assert press(bench, widget, Qt.Key.Key_F1) == ["help.keys"]
    for key, expected in (
        (Qt.Key.Key_B, "tool.brush"),
        (Qt.Key.Key_PageUp, "layer.next"),
        (Qt.Key.Key_Delete, "edit.delete"),
        (Qt.Key.Key_Insert, "layer.new"),
        (Qt.Key.Key_5, "brush.opacity_50"),
    ):
        assert press(bench, bench.canvas, key) == [expected]


def test_what_is_typed_arrives(bench):
    bench.offer(*LETTERS)
    line = bench.fields["line"]
    line.clear()
    for key in (Qt.Key.Key_B, Qt.Key.Key_5, Qt.Key.Key_BracketLeft):
        press(bench, line, key)
    assert line.text() == "b5["
    press(bench, line, Qt.Key.Key_Tab)
    assert bench.focusWidget() is bench.fields["prompt"], "a key that means something on the canvas moves on elsewhere"


def test_undo_in_a_field_is_the_fields_own(bench):
    bench.offer("edit.undo")
    line = bench.fields["line"]
    press(bench, line, Qt.Key.Key_E)
    assert press(bench, line, Qt.Key.Key_Z, CTRL) == []
    assert line.text() == "ab cd"
    assert press(bench, bench.canvas, Qt.Key.Key_Z, CTRL) == ["edit.undo"]


def test_alt_gr_writes_where_it_makes_a_letter(bench):
    bench.offer("file.save_incremental")

    def override(text: str) -> bool:
        event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_S, CTRL | ALT, text)
        event.ignore()
        QApplication.sendEvent(bench.fields["line"], event)
        return event.isAccepted()

    bench.fields["line"].setFocus()
    assert override("ś")
    assert not override("\x13")
    assert press(bench, bench.fields["line"], Qt.Key.Key_S, CTRL | ALT) == ["file.save_incremental"]


def test_a_key_with_a_place_counts_there_only_and_comes_first_there(bench):
    bench.offer("edit.delete", "layer.delete", "view.canvas_only")
    assert press(bench, bench.canvas, Qt.Key.Key_Delete) == ["edit.delete"]
    assert press(bench, bench.layers, Qt.Key.Key_Delete) == ["layer.delete"]
    assert press(bench, bench.canvas, Qt.Key.Key_Delete) == ["edit.delete"]
    assert press(bench, bench.layers, Qt.Key.Key_Tab) == []
    assert press(bench, bench.canvas, Qt.Key.Key_Tab) == ["view.canvas_only"]


def test_a_place_that_is_gone_is_forgotten(qtbot, bench):
    bench.offer("edit.delete", "layer.delete")
    bench.layers.setFocus()
    bench.layers.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    bench.commands.bindings.choose("krita")
    assert press(bench, bench.canvas, Qt.Key.Key_Delete, SHIFT) == ["layer.delete"]
    assert press(bench, bench.canvas, Qt.Key.Key_Delete) == ["edit.delete"]


def test_there_is_no_place_of_any_other_name(bench):
    with pytest.raises(ValueError, match="nowhere"):
        bench.commands.add_place("nowhere", bench.canvas)


def test_another_keymap_counts_at_once(bench):
    bench.offer("selection.none", "layer.new", "view.actual")
    bench.commands.bindings.choose("krita")
    assert press(bench, bench.canvas, Qt.Key.Key_D, CTRL) == []
    assert press(bench, bench.canvas, Qt.Key.Key_A, CTRL | SHIFT) == ["selection.none"]
    assert press(bench, bench.canvas, Qt.Key.Key_Insert) == ["layer.new"]
    assert press(bench, bench.canvas, Qt.Key.Key_1) == ["view.actual"]
    bench.commands.bindings.choose("photoshop")
    assert press(bench, bench.canvas, Qt.Key.Key_D, CTRL) == ["selection.none"]
    assert press(bench, bench.canvas, Qt.Key.Key_1) == []


def test_both_enter_keys_are_one(bench):
    bench.offer("generation.generate")
    assert press(bench, bench.canvas, Qt.Key.Key_Return, CTRL) == ["generation.generate"]
    assert press(bench, bench.canvas, Qt.Key.Key_Enter, CTRL) == ["generation.generate"]
    assert press(bench, bench.fields["prompt"], Qt.Key.Key_Return, CTRL) == ["generation.generate"]


@pytest.mark.parametrize(
    ("letter", "modifiers", "expected"),
    [
        ("и", None, "tool.brush"),
        ("х", None, "brush.smaller"),
        ("Х", SHIFT, "brush.softer"),
        ("И", SHIFT, "tool.pencil"),
        ("Ч", SHIFT, "generation.cancel"),
        ("ч", None, "edit.swap_colours"),
        ("б", None, "brush.previous_preset"),
    ],
)
def test_keys_work_with_the_russian_layout_on(bench, letter, modifiers, expected):
    bench.offer(
        *("tool.brush", "tool.pencil", "brush.smaller", "brush.softer"),
        *("generation.cancel", "edit.swap_colours", "brush.previous_preset"),
    )
    modifiers = modifiers or Qt.KeyboardModifier.NoModifier
    type_russian(bench.canvas, letter, modifiers)
    assert bench.done == [expected]
    bench.done.clear()
    type_russian(bench.fields["line"], letter, modifiers)
    assert bench.done == []
    assert letter in bench.fields["line"].text()
    type_russian(bench.canvas, letter, CTRL)
    assert bench.done == [], "with Ctrl the systems tell the Latin letter"


def test_a_held_key_repeats_only_what_one_wants_repeated(bench):
    assert bench.commands.action("brush.larger").autoRepeat()
    assert bench.commands.action("edit.undo").autoRepeat()
    for id in ("generation.generate", "view.canvas_only", "layer.new", "gallery.delete", "tool.brush"):
        assert not bench.commands.action(id).autoRepeat()


def test_one_tool_at_a_time(bench):
    bench.offer("tool.brush", "tool.eraser", "view.mirror")
    press(bench, bench.canvas, Qt.Key.Key_B)
    press(bench, bench.canvas, Qt.Key.Key_E)
    assert bench.commands.groups["tool"].checkedAction() is bench.commands.action("tool.eraser")
    assert not bench.commands.action("tool.brush").isChecked()
    press(bench, bench.canvas, Qt.Key.Key_H, SHIFT)
    assert bench.commands.action("view.mirror").isChecked()


def test_tooltips_show_the_key_and_follow_keymap_and_language(qtbot, bench):
    button, own = QToolButton(bench), QToolButton(bench)
    button.setDefaultAction(bench.commands.action("layer.new"))
    keep_hint(own, bench.commands, "layer.new")
    translation = Translation()
    try:
        assert button.toolTip() == own.toolTip() == "New layer (Ctrl+Shift+N)"
        bench.commands.bindings.choose("krita")
        assert button.toolTip() == own.toolTip() == "New layer (Ins)"
        translation.use("ru")
        bench.commands.retranslate()
        assert button.toolTip() == own.toolTip() == "Новый слой (Ins)"
        bench.commands.bindings.set_keys({"layer.new": []})
        assert button.toolTip() == own.toolTip() == "Новый слой"
    finally:
        translation.use("en")
        translation.remove()
    bench.commands.retranslate()
    own.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    bench.commands.bindings.choose("photoshop")
    assert button.toolTip() == "New layer (Ctrl+Shift+N)"


def test_a_key_with_a_place_is_in_the_tooltip_too(bench):
    assert bench.commands.hint("gallery.delete") == "Move the picture to the trash (Del)"


def test_an_open_menu_has_a_letter_for_every_entry_and_shows_the_keys_of_places(qtbot, bench):
    ids = [command.id for command in bench.commands._commands.values() if command.category == "layer"]
    bench.offer(*ids)
    menu = dress(QMenu(bench), bench.commands)
    menu.addActions([bench.commands.action(id) for id in ids])
    translation = Translation()
    for language in ("en", "ru"):
        translation.use(language)
        bench.commands.retranslate()
        menu.aboutToShow.emit()
        texts = [action.text().split("\t") for action in menu.actions()]
        menu.aboutToHide.emit()
        assert not any("\t" in action.text() for action in menu.actions())
        letters = [text[0][text[0].index("&") + 1].casefold() for text in texts if "&" in text[0]]
        assert len(set(letters)) == len(letters)
        assert len(letters) >= 20
        assert texts[ids.index("layer.delete")][1] == "Del"
        assert len(texts[ids.index("layer.new")]) == 1, "Qt shows that key itself"
    translation.use("en")
    translation.remove()
    assert bench.commands.title("layer.delete") == "Удалить слой"
    bench.commands.retranslate()
    assert bench.commands.title("layer.delete") == "Delete the layer"
    assert bench.commands.hint("layer.delete") == "Delete the layer (Del)"
