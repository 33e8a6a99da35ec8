"""The keymap editor: every key can be changed, taken, given back, written to a file and read from one."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLineEdit, QMainWindow, QPushButton, QTreeWidget

from kandinsky_studio.app.keymaps import Key
from kandinsky_studio.app.translation import Translation
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.dialogs.keys import KeysDialog
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.key_recorder import sequence_of

CTRL, SHIFT, NONE = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.NoModifier,
)


class Bench(QMainWindow):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.actions_ = Actions(theme, self)
        self.commands, self.bindings = self.actions_.commands, self.actions_.commands.bindings
        for id in ("layer.new", "layer.duplicate", "layer.delete", "tool.brush", "view.fit", "view.mirror"):
            self.commands.implement(id)

    def open(self) -> KeysDialog:
        dialog = KeysDialog(self.actions_, self.theme, self)
        dialog.show()
        return dialog


@pytest.fixture
def bench(qtbot, qapp):
    theme = Theme(qapp)
    theme.use("light")
    bench = Bench(theme)
    qtbot.addWidget(bench)
    bench.show()
    yield bench
    bench.close()
    theme.close()


@pytest.fixture
def dialog(qtbot, bench):
    dialog = bench.open()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow, timeout=2000)
    yield dialog
    dialog.close()


def choose(dialog: KeysDialog, id: str) -> None:
    dialog.tree.setCurrentItem(dialog._items[id])


def record(dialog: KeysDialog, key: Qt.Key, modifiers=NONE) -> None:
    QTest.mouseClick(dialog.recorder, Qt.MouseButton.LeftButton)
    assert dialog.recorder.waiting
    QTest.keyClick(dialog.recorder, key, modifiers)


def sequences(bench: Bench, id: str) -> list[str]:
    return [str(key) for key in bench.bindings.keys(id)]


def rows(dialog: KeysDialog) -> list[str]:
    return [id for id, item in dialog._items.items() if not item.isHidden()]


def test_only_what_is_implemented_is_listed_by_category(dialog):
    assert set(rows(dialog)) == {
        "layer.new",
        "layer.duplicate",
        "layer.delete",
        "tool.brush",
        "view.fit",
        "view.mirror",
    }
    titles = [dialog.tree.topLevelItem(row).text(0) for row in range(dialog.tree.topLevelItemCount())]
    assert titles == ["Layer", "Tools", "View", "Mouse and pen"]
    assert dialog._items["layer.delete"].text(1) == "Del (in the layers)"


def test_a_key_is_recorded_by_pressing_it(bench, dialog):
    choose(dialog, "view.mirror")
    record(dialog, Qt.Key.Key_F9, CTRL)
    assert sequences(bench, "view.mirror") == ["Shift+H", "Ctrl+F9"]
    assert dialog._items["view.mirror"].text(1) == "Shift+H, Ctrl+F9"
    assert bench.commands.action("view.mirror").shortcuts() == [QKeySequence("Shift+H"), QKeySequence("Ctrl+F9")]


@pytest.mark.parametrize(
    ("key", "modifiers", "expected"),
    [
        (Qt.Key.Key_Tab, NONE, "Tab"),
        (Qt.Key.Key_Backtab, SHIFT, "Shift+Tab"),
        (Qt.Key.Key_Return, NONE, "Enter"),
        (Qt.Key.Key_Space, SHIFT, "Shift+Space"),
        (Qt.Key.Key_J, NONE, "J"),
    ],
)
def test_keys_that_move_the_focus_or_press_buttons_are_recorded_too(bench, dialog, key, modifiers, expected):
    choose(dialog, "view.mirror")
    record(dialog, key, modifiers)
    assert sequences(bench, "view.mirror") == ["Shift+H", expected]
    assert dialog.isVisible()


def test_escape_and_going_elsewhere_end_the_recording(bench, dialog):
    choose(dialog, "view.mirror")
    record(dialog, Qt.Key.Key_Escape)
    assert not dialog.recorder.waiting
    assert dialog.isVisible()
    QTest.mouseClick(dialog.recorder, Qt.MouseButton.LeftButton)
    dialog.search.setFocus()
    assert not dialog.recorder.waiting
    QTest.mouseClick(dialog.recorder, Qt.MouseButton.LeftButton)
    QTest.keyClick(dialog.recorder, Qt.Key.Key_Shift, SHIFT)
    assert dialog.recorder.waiting, "a modifier alone is no key yet"
    assert sequences(bench, "view.mirror") == ["Shift+H"]


@pytest.mark.parametrize(
    ("key", "modifiers", "text", "expected"),
    [
        (Qt.Key.Key_BraceLeft, SHIFT, "{", "{"),
        (Qt.Key.Key_A, SHIFT, "A", "Shift+A"),
        (ord("И"), NONE, "и", "B"),
        (ord("Х"), SHIFT, "Х", "{"),
        (ord("Х"), NONE, "х", "["),
        (ord("Я"), CTRL, "\x1a", "Ctrl+Z"),
        (Qt.Key.Key_Plus, CTRL | Qt.KeyboardModifier.KeypadModifier, "+", "Ctrl++"),
        (Qt.Key.Key_Space, SHIFT, " ", "Shift+Space"),
    ],
)
def test_a_key_is_written_as_keymaps_write_it(key, modifiers, text, expected):
    event = QKeyEvent(QEvent.Type.KeyPress, key, modifiers, text)
    assert sequence_of(event).toString(QKeySequence.SequenceFormat.PortableText) == expected


def test_a_key_that_is_taken_is_offered_and_taken_only_when_one_says_so(bench, dialog):
    choose(dialog, "view.mirror")
    record(dialog, Qt.Key.Key_J, CTRL)
    assert sequences(bench, "view.mirror") == ["Shift+H"]
    assert dialog.notice.text() == "Ctrl+J belongs to “Duplicate the layer”."
    assert dialog.accept_offer.isVisible()
    assert dialog.focusWidget() is dialog.accept_offer
    QTest.keyClick(dialog.accept_offer, Qt.Key.Key_Space)
    assert sequences(bench, "view.mirror") == ["Shift+H", "Ctrl+J"]
    assert sequences(bench, "layer.duplicate") == []
    assert not dialog.accept_offer.isVisible()


def test_an_offer_is_gone_once_one_looks_elsewhere(bench, dialog):
    choose(dialog, "view.mirror")
    record(dialog, Qt.Key.Key_J, CTRL)
    choose(dialog, "tool.brush")
    assert not dialog.accept_offer.isVisible()
    assert dialog.notice.text() == ""


def test_the_same_key_in_another_place_is_no_conflict(bench, dialog):
    choose(dialog, "view.mirror")
    dialog.place.setCurrentIndex(dialog.place.findData("canvas"))
    record(dialog, Qt.Key.Key_J, CTRL)
    assert sequences(bench, "view.mirror") == ["Shift+H", "Ctrl+J @canvas"]


def test_a_conflict_that_is_there_is_shown_and_can_be_ended(bench, dialog):
    bench.bindings.set_keys({"layer.new": [Key("F7")], "layer.duplicate": [Key("F7"), Key("F8")]})
    assert not dialog._items["layer.new"].icon(1).isNull()
    assert not dialog._items["layer.duplicate"].icon(1).isNull()
    assert dialog._items["view.fit"].icon(1).isNull()
    choose(dialog, "layer.new")
    assert dialog.notice.text() == "“Duplicate the layer” has the same key; neither works."
    QTest.mouseClick(dialog.accept_offer, Qt.MouseButton.LeftButton)
    assert sequences(bench, "layer.new") == ["F7"]
    assert sequences(bench, "layer.duplicate") == ["F8"]
    assert dialog._items["layer.new"].icon(1).isNull()


def test_a_key_is_taken_away_and_given_back(bench, dialog):
    choose(dialog, "view.fit")
    assert not dialog.reset.isEnabled()
    QTest.mouseClick(dialog.key_buttons[0], Qt.MouseButton.LeftButton)
    assert sequences(bench, "view.fit") == []
    assert dialog._items["view.fit"].font(1).bold()
    QTest.mouseClick(dialog.reset, Qt.MouseButton.LeftButton)
    assert sequences(bench, "view.fit") == ["Ctrl+0"]
    assert not dialog._items["view.fit"].font(1).bold()


def test_reset_all_has_a_way_back(bench, dialog):
    bench.bindings.set_keys({"view.fit": [Key("F7")]})
    QTest.mouseClick(dialog.reset_all, Qt.MouseButton.LeftButton)
    assert sequences(bench, "view.fit") == ["Ctrl+0"]
    QTest.mouseClick(dialog.accept_offer, Qt.MouseButton.LeftButton)
    assert sequences(bench, "view.fit") == ["F7"]


def test_another_keymap_is_shown_at_once(bench, dialog):
    dialog.keymap.setCurrentIndex(dialog.keymap.findData("krita"))
    dialog.keymap.activated.emit(dialog.keymap.currentIndex())
    assert bench.bindings.name == "krita"
    assert dialog._items["view.mirror"].text(1) == "M"


def test_search_by_name_and_by_key(dialog):
    dialog.search.setText("mirror")
    assert rows(dialog) == ["view.mirror"]
    assert dialog.tree.currentItem() is dialog._items["view.mirror"]
    dialog.search.setText("ctrl+j")
    assert rows(dialog) == ["layer.duplicate"]
    visible = [
        dialog.tree.topLevelItem(row).text(0)
        for row in range(dialog.tree.topLevelItemCount())
        if not dialog.tree.topLevelItem(row).isHidden()
    ]
    assert visible == ["Layer"]
    dialog.search.clear()
    assert len(rows(dialog)) == 6


def test_enter_in_the_search_closes_nothing_and_enter_in_the_tree_records(bench, dialog):
    dialog.search.setFocus()
    QTest.keyClick(dialog.search, Qt.Key.Key_Return)
    assert dialog.isVisible()
    choose(dialog, "view.mirror")
    dialog.tree.setFocus()
    QTest.keyClick(dialog.tree, Qt.Key.Key_Return)
    assert dialog.recorder.waiting
    QTest.keyClick(dialog.recorder, Qt.Key.Key_F9)
    assert sequences(bench, "view.mirror") == ["Shift+H", "F9"]


def test_keys_go_out_to_a_file_and_come_in_with_a_way_back(bench, dialog, tmp_path, monkeypatch):
    file = tmp_path / "mine.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "mine"), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    bench.bindings.set_keys({"view.fit": [Key("F7")]})
    QTest.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    assert json.loads(file.read_text(encoding="utf-8"))["keys"] == {"view.fit": ["F7"]}
    assert dialog.notice.text() == "Written to mine.json."
    bench.bindings.set_keys({"view.fit": [Key("F8")]})
    QTest.mouseClick(dialog.import_, Qt.MouseButton.LeftButton)
    assert sequences(bench, "view.fit") == ["F7"]
    QTest.mouseClick(dialog.accept_offer, Qt.MouseButton.LeftButton)
    assert sequences(bench, "view.fit") == ["F8"]


def test_rubbish_is_refused_in_words_and_changes_nothing(bench, dialog, tmp_path, monkeypatch):
    file = tmp_path / "rubbish.json"
    file.write_bytes(b"\x00rubbish")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    before = {id: sequences(bench, id) for id in dialog._items}
    QTest.mouseClick(dialog.import_, Qt.MouseButton.LeftButton)
    assert "rubbish.json is not a keymap" in dialog.notice.text()
    assert {id: sequences(bench, id) for id in dialog._items} == before
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file / "no.json"), ""))
    QTest.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    assert "can be written" in dialog.notice.text()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_everything_has_a_name_is_reached_by_tab_and_fits(qtbot, bench, language):
    translation = Translation()
    translation.use(language)
    bench.commands.retranslate()
    dialog = bench.open()
    try:
        choose(dialog, "layer.delete")
        bench.bindings.set_keys({"layer.new": [Key("F7")], "layer.delete": [Key("F7"), Key("Del", "layers")]})
        QApplication.processEvents()
        visible = [w for kind in (QPushButton, QComboBox, QLineEdit, QTreeWidget) for w in dialog.findChildren(kind)]
        visible = [widget for widget in visible if widget.isVisible()]
        assert len(visible) >= 11
        for widget in visible:
            name = widget.accessibleName() or (widget.text() if isinstance(widget, QPushButton) else "")
            assert name, widget
            assert widget.width() >= widget.minimumSizeHint().width(), name
            if widget.isEnabled():
                assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, name
        assert dialog.notice.height() >= dialog.notice.heightForWidth(dialog.notice.width())
        assert dialog.sizeHint().width() <= 720
    finally:
        dialog.close()
        translation.use("en")
        translation.remove()
