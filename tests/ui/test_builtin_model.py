"""The window says what the built-in model is, what it can draw, and how real pictures come about."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from kandinsky_studio.app import vocabulary
from kandinsky_studio.app.models import BUILTIN, REAL, Models
from kandinsky_studio.app.vocabulary import read_vocabulary
from kandinsky_studio.ui.dialogs.builtin_model import BuiltinModelDialog
from kandinsky_studio.ui.dialogs.models import ModelsDialog

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen one can't raise a window

LEFT = Qt.MouseButton.LeftButton
SPACE = Qt.Key.Key_Space


@pytest.fixture
def real_missing(window, monkeypatch):
    """Kandinsky 2.2 is not on this computer, until the test says so with ``real_missing.clear()``."""
    missing = {REAL}
    monkeypatch.setattr(Models, "installed", lambda self, model: model not in missing)
    window.studio.models.look_again()
    return missing


def opened(window, kind):
    return next((dialog for dialog in window.findChildren(kind) if dialog.isVisible()), None)


def open_words(qtbot, window):
    qtbot.mouseClick(window.prompt.form.about_model, LEFT)
    return opened(window, BuiltinModelDialog)


def open_real(qtbot, window):
    qtbot.mouseClick(window.prompt.form.real_pictures, LEFT)
    return opened(window, ModelsDialog)


def read(widget):
    """All that one reads in labels that are on the screen."""
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


# ------------------------------------------------------------------ the line below the model


def test_only_the_built_in_model_has_the_line(qtbot, window):
    form = window.prompt.form
    assert form.model_note.isVisible()
    assert form.model.accessibleDescription() == form.model_note.text()
    top = form.format.y()
    window.studio.choose_model(REAL)
    assert not form.model_note.isVisible()
    assert form.model.accessibleDescription() == ""
    qtbot.waitUntil(lambda: form.format.y() < top, timeout=1000)  # no hole is left where it was
    window.studio.choose_model(BUILTIN)
    assert form.model_note.isVisible()
    qtbot.waitUntil(lambda: form.format.y() == top, timeout=1000)


def test_the_links_follow_the_model_in_the_tab_order(qtbot, window):
    form = window.prompt.form
    order = [form.model]
    while order[-1] is not form.format:
        order.append(order[-1].nextInFocusChain())
        assert len(order) < 20
    links = [widget for widget in order if widget.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert links == [form.model, form.about_model, form.real_pictures, form.format]
    assert all(link.accessibleName() for link in links)


def test_a_focused_link_looks_another_way(qtbot, window):
    form = window.prompt.form
    window.activateWindow()
    form.prompt.setFocus()
    before = form.about_model.grab().toImage()
    form.about_model.setFocus(Qt.FocusReason.TabFocusReason)
    assert form.about_model.hasFocus()
    assert form.about_model.grab().toImage() != before


def test_links_that_do_not_fit_side_by_side_stand_one_below_the_other(qtbot, window, real_missing):
    form = window.prompt.form
    window.grab()
    assert form.about_model.y() == form.real_pictures.y()
    font = form.about_model.font()
    font.setPointSizeF(font.pointSizeF() * 1.7)
    for link in (form.about_model, form.real_pictures):
        link.setStyleSheet(f"font-size: {font.pointSizeF()}pt")
    qtbot.waitUntil(lambda: form.about_model.y() < form.real_pictures.y(), timeout=1000)
    for link in (form.about_model, form.real_pictures):
        assert link.width() >= link.minimumSizeHint().width()
        assert link.geometry().right() <= form.model_note.width()


# ------------------------------------------------------------------ what it can draw


def test_the_dialog_lists_the_words_of_the_file_in_the_language_of_the_window_and_in_others(qtbot, window):
    dialog = open_words(qtbot, window)
    assert not dialog.isModal()
    known = read_vocabulary()
    assert set(dialog.words.languages) == set(known)
    assert dialog.words.languages["en"].isChecked()
    for language, kinds in known.items():
        qtbot.mouseClick(dialog.words.languages[language], LEFT)
        shown = read(dialog)
        for words in kinds.values():
            assert ", ".join(words) in shown


def test_the_words_follow_the_language_of_the_window(qtbot, window):
    dialog = open_words(qtbot, window)
    english = dialog.examples[0].text()
    window.actions_.language_choices["ru"].trigger()
    qtbot.waitUntil(dialog.words.languages["ru"].isChecked, timeout=1000)
    assert "жёлтый" in read(dialog)
    assert "фон" in dialog.examples[0].text() != english


@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_word_of_the_dialogs_is_cut_off(qtbot, window, real_missing, language):
    window.actions_.language_choices[language].trigger()
    for dialog in (open_words(qtbot, window), open_real(qtbot, window)):
        dialog.grab()  # which lays it out
        for label in dialog.findChildren(QLabel):
            if label.isVisible():
                assert label.height() >= label.heightForWidth(label.width()), label.text()
                assert label.wordWrap() or label.width() >= label.sizeHint().width(), label.text()
        dialog.close()


def test_the_examples_use_words_that_the_model_knows(qtbot, window):
    known = {word for words in read_vocabulary()["en"].values() for phrase in words for word in phrase.split()}
    for button in open_words(qtbot, window).examples:
        assert set(button.text().split()) <= known | {"a", "an", "on", "at", "the", "to", "of", "background"}


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_click_on_an_example_puts_it_into_the_prompt(qtbot, window, fake_engine, by):
    dialog = open_words(qtbot, window)
    example = dialog.examples[1]
    if by == "mouse":
        qtbot.mouseClick(example, LEFT)
    else:
        example.setFocus()
        qtbot.keyClick(example, Qt.Key.Key_Return)
    assert window.prompt.form.prompt.toPlainText() == example.text()
    assert window.studio.settings.values.prompt == example.text()
    assert dialog.isVisible(), "one may want to try the next"
    assert fake_engine.requests == [], "it waits to be changed, or drawn"


@pytest.mark.parametrize("content", [None, b"{", b"[1]"])
def test_without_the_file_the_words_are_left_out_and_the_rest_is_there(qtbot, window, tmp_path, monkeypatch, content):
    file = tmp_path / "vocabulary.json"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setattr(vocabulary, "vocabulary_file", lambda: file)
    dialog = open_words(qtbot, window)
    assert not dialog.words.isVisible()
    qtbot.mouseClick(dialog.examples[0], LEFT)
    assert window.prompt.form.prompt.toPlainText() == dialog.examples[0].text()


def test_asked_twice_the_same_dialog_comes_and_after_closing_a_new_one(qtbot, window):
    first = open_words(qtbot, window)
    window.actions_.about_builtin.trigger()
    assert [each for each in window.findChildren(BuiltinModelDialog) if each.isVisible()] == [first]
    first.close()
    assert open_words(qtbot, window) is not None


# ------------------------------------------------------------------ real pictures


def test_weights_that_are_here_are_chosen_at_once(qtbot, window):
    assert "Kandinsky 2.2" in window.prompt.form.real_pictures.text()
    assert open_real(qtbot, window) is None
    assert window.studio.settings.values.model == REAL
    assert window.prompt.form.model.currentData() == REAL


def test_without_weights_one_is_shown_what_can_be_had(qtbot, window, real_missing):
    dialog = open_real(qtbot, window)
    assert not dialog.isModal()
    assert dialog.place.text() == str(window.studio.models.folder)
    assert "GB" in dialog.cards[REAL].get.text()
    assert not dialog.cards[REAL].use.isVisible()
    assert window.studio.settings.values.model == BUILTIN


def test_each_dialog_leads_from_the_menu_and_from_one_to_the_other(qtbot, window, real_missing):
    window.studio.choose_model(REAL)
    window.actions_.about_builtin.trigger()
    dialog = opened(window, BuiltinModelDialog)
    assert opened(window, ModelsDialog) is None
    qtbot.keyClick(dialog._real_pictures, SPACE)
    assert opened(window, ModelsDialog) is not None
