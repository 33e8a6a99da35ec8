"""The words of the prompt in the real window: keys, counter, styles, alternatives, handbook."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from kandinsky_studio.app.models import Models
from kandinsky_studio.app.wording.styles import Style
from kandinsky_studio.ui.dialogs.styles import StylesDialog
from kandinsky_studio.ui.history_popup import HistoryPopup
from kandinsky_studio.ui.panels.handbook import HandbookPanel

pytestmark = [
    pytest.mark.usefixtures("steady_seeds"),
    pytest.mark.qt_log_ignore("This plugin does not support"),  # the offscreen one can't grab the keyboard
]

ALT, LEFT = Qt.KeyboardModifier.AltModifier, Qt.MouseButton.LeftButton
UP, DOWN = Qt.Key.Key_Up, Qt.Key.Key_Down


@pytest.fixture
def form(window):
    return window.prompt.form


@pytest.fixture
def words(window):
    return window.studio.words


@pytest.fixture
def panel(window):
    window.actions_.commands.action("generation.handbook").trigger()
    return next(dock.panel for dock in window.docks if isinstance(dock.panel, HandbookPanel))


def made(qtbot, window, prompt, count=1):
    """Make pictures, as the button does, and wait for them; their requests."""
    if prompt is not None:
        window.studio.settings.set(prompt=prompt)
    window.studio.settings.set(num_images_per_prompt=count)
    requests = []
    taken = window.studio.generation.picture_made.connect(lambda _, result: requests.append(result.request))
    with qtbot.waitSignal(window.studio.generation.ended, timeout=5000):
        window.actions_.generate.trigger()
    window.studio.generation.picture_made.disconnect(taken)
    return requests


def known(qtbot, words):
    """Wait until it is known what is sent and what is read of it."""
    qtbot.waitUntil(lambda: words.prospect.typed == words.typed and words.reading("prompt").exact, timeout=4000)


# ---------------------------------------------------------------------- history


def test_alt_up_and_down_go_through_what_was_made(qtbot, window, form):
    for prompt in ("one", "two", "one", "three"):
        made(qtbot, window, prompt)
    form.prompt.setFocus()
    form.prompt.setPlainText("being typed")
    seen = []
    for key in (UP, UP, UP, UP, DOWN, DOWN, DOWN, DOWN):
        QTest.keyClick(form.prompt, key, ALT)
        seen.append(form.prompt.toPlainText())
    assert seen == ["three", "one", "two", "two", "one", "three", "being typed", "being typed"]
    assert window.studio.settings.values.prompt == "being typed"
    form.prompt.undo()
    assert form.prompt.toPlainText() == "three", "a step can be taken back like typing"


def test_the_negative_prompt_has_a_history_of_its_own(qtbot, window, form):
    window.studio.settings.set(negative_prompt="grey")
    made(qtbot, window, "one")
    form.negative_fold.set_open(True)
    form.negative_prompt.setFocus()
    form.negative_prompt.setPlainText("")
    QTest.keyClick(form.negative_prompt, UP, ALT)
    assert form.negative_prompt.toPlainText() == "grey"
    assert form.prompt.toPlainText() == "one"


def test_earlier_prompts_are_searched(qtbot, window, form):
    for prompt in ("a red cat", "a blue dog", "a {red|blue} bird"):
        made(qtbot, window, prompt)
    qtbot.mouseClick(form.words.history, LEFT)
    popup = next(child for child in form.findChildren(HistoryPopup) if child.isVisible())
    assert popup.list.count() == 3
    QTest.keyClicks(popup.search, "red")
    assert [popup.list.item(row).text() for row in range(popup.list.count())] == ["a {red|blue} bird", "a red cat"]
    QTest.keyClick(popup.search, DOWN)
    QTest.keyClick(popup.search, Qt.Key.Key_Return)
    assert window.studio.settings.values.prompt == "a red cat"
    assert form.prompt.toPlainText() == "a red cat"


def test_the_history_outlives_the_program(qtbot, make_window):
    first = make_window()
    made(qtbot, first, "to be remembered")
    first.studio.words.flush()
    first.close()
    first.studio.close()
    again = make_window()
    qtbot.waitUntil(lambda: "to be remembered" in again.studio.words.history.texts("prompt"), timeout=3000)


# ---------------------------------------------------------------------- what is read


def test_the_counter_is_quiet_until_it_matters(qtbot, window, form, words, fake_engine):
    window.studio.settings.set(prompt="a red circle")
    assert form.words.count.text().startswith("≈"), "a guess at once"
    known(qtbot, words)
    assert form.words.count.text() == "3 / 75"
    assert form.words.count.objectName() == "muted"
    assert "3" in form.words.count.accessibleName()
    assert form.prompt.unread_from is None
    assert not form.words.note.isVisible()


def test_the_end_that_is_not_read_is_grey_and_said(qtbot, window, form, words, fake_engine):
    long = "🎨 " + "word " * 80 + "tail"
    fake_engine.read_prompt = lambda prompt, model: (
        SimpleNamespace(encoder="CLIP", tokens=81, limit=75, cut=len(prompt) - 4),
        SimpleNamespace(encoder="XLM-R", tokens=90, limit=75, cut=len(prompt) - 9),
    )
    window.studio.settings.set(prompt=long)
    known(qtbot, words)
    assert form.words.count.text() == "90 / 75"
    assert form.words.count.objectName() == "warning"
    [unread] = form.prompt.extraSelections()
    assert unread.cursor.selectedText() == "word tail"
    assert unread.format.fontUnderline() or unread.format.underlineStyle().value
    assert "word" in form.prompt.accessibleDescription()
    assert form.words.note.isVisible()
    assert "XLM-R: 90 / 75" in form.words.count.toolTip()
    window.studio.settings.set(prompt="short")
    fake_engine.read_prompt = lambda prompt, model: (SimpleNamespace(encoder="CLIP", tokens=1, limit=75, cut=None),)
    window.studio.settings.set(prompt="short again")
    known(qtbot, words)
    assert form.prompt.extraSelections() == []
    assert form.prompt.accessibleDescription() == ""


def test_a_style_before_the_prompt_moves_the_cut(qtbot, window, form, words, fake_engine):
    fake_engine.read_prompt = lambda prompt, model: (
        SimpleNamespace(encoder="CLIP", tokens=80, limit=75, cut=prompt.index("cat") if prompt else None),
    )
    words.styles.save(Style("Oil", "oil painting of {prompt}"))
    words.styles.put_on("Oil")
    window.studio.settings.set(prompt="a cat")
    known(qtbot, words)
    qtbot.waitUntil(lambda: form.prompt.unread_from == 2, timeout=4000)


def test_without_the_model_there_is_a_guess(qtbot, window, form, words, monkeypatch):
    monkeypatch.setattr(Models, "installed", lambda self, model: False)
    window.studio.settings.set(prompt="a red circle on a blue background")
    qtbot.wait(700)
    assert form.words.count.text() == "≈ 7 / 75"


def test_which_languages_are_read(qtbot, window, form):
    assert "English" in form.languages.text()
    assert "Russian" in form.languages.text()
    window.studio.settings.set(prompt="красный круг")
    assert not form.words.note.isVisible()
    window.studio.choose_model("kandinsky-2.2")
    assert form.languages.text() == "Reads English."
    assert "Cyrillic" in form.words.note.text()
    assert form.words.note.isVisible()
    window.studio.settings.set(prompt="a red circle")
    assert not form.words.note.isVisible()
    window.studio.choose_model("kandinsky-2.1")
    assert "more" in form.languages.text()
    assert "Korean" in form.languages.toolTip()


# ---------------------------------------------------------------------- what is sent


def test_alternatives_are_shown_before_and_kept_with_each_picture(qtbot, window, form, words, fake_engine):
    window.studio.settings.set(prompt="a {red|blue} circle")
    known(qtbot, words)
    assert form.words.sent.text() == "2 possible: a red circle · a blue circle"
    assert form.words.which.isVisible()
    requests = made(qtbot, window, None, count=8)
    assert {request.prompt for request in requests} == {"a red circle", "a blue circle"}
    assert {request.prompt_template for request in requests} == {"a {red|blue} circle"}
    assert len(fake_engine.requests) == 1, "one job, to be cancelled as a whole"
    assert window.studio.words.history.texts("prompt")[0] == "a {red|blue} circle"
    assert window.studio.settings.values.prompt == "a {red|blue} circle"
    qtbot.waitUntil(lambda: window.studio.gallery_list.rowCount() == 8, timeout=5000)


def test_all_combinations_make_as_many_pictures(qtbot, window, form, words):
    window.studio.settings.set(prompt="{red|blue} {circle|star}")
    known(qtbot, words)
    form.words.which.setCurrentIndex(1)
    form.words.which.activated.emit(1)
    assert "4" in form.words.which.currentText()
    requests = made(qtbot, window, None)
    assert [request.prompt for request in requests] == ["red circle", "red star", "blue circle", "blue star"]


def test_many_combinations_are_counted_and_cut(qtbot, window, form, words):
    window.studio.settings.set(prompt="{a|b|c}" * 6)
    known(qtbot, words)
    assert "64" in form.words.which.itemText(1)
    assert "729" in form.words.which.itemText(1)
    assert not form.words.note.isVisible()
    words.set_every(True)
    assert "64" in form.words.note.text()


def test_wildcards_of_the_users_folder(qtbot, window, form, words):
    folder = words.wildcard_folder
    window.studio.settings.set(prompt="a __animals/pets__")
    known(qtbot, words)
    assert "animals/pets" in form.words.note.text()
    assert window.studio.generation.generate() is None
    assert "animals/pets" in window.messages.text.text()
    (folder / "animals").mkdir(parents=True)
    (folder / "animals" / "pets.txt").write_bytes("кот".encode("cp1251"))
    words.read_wildcards()
    qtbot.waitUntil(lambda: len(words.refused_wildcards) == 1, timeout=3000)
    window.studio.settings.set(prompt="an __animals/pets__")
    qtbot.waitUntil(lambda: "UTF-8" in form.words.note.text(), timeout=3000)
    window.studio.settings.set(prompt="a __animals/pets__")
    (folder / "animals" / "pets.txt").write_text("cat\n# no\ndog", encoding="utf-8")
    words.read_wildcards()
    qtbot.waitUntil(lambda: words.prospect.count == 2, timeout=3000)
    assert not form.words.note.isVisible()
    requests = made(qtbot, window, None, count=10)
    assert {request.prompt for request in requests} == {"a cat", "a dog"}


def test_the_folder_of_wildcards_is_made_with_an_example(qtbot, words):
    found = []
    words.make_wildcard_folder(found.append)
    qtbot.waitUntil(lambda: bool(found), timeout=3000)
    qtbot.waitUntil(lambda: "palette" in words.wildcards, timeout=3000)
    assert len(words.wildcards["palette"]) == 4


def test_the_settings_of_a_picture_bring_back_its_words_as_they_were(qtbot, window, form, words):
    words.styles.save(Style("Oil", "oil painting of {prompt}"))
    words.styles.put_on("Oil")
    [request] = made(qtbot, window, r"a {red|red} \{cat\}")
    assert request.prompt == "oil painting of a red {cat}"
    window.studio.use_settings(request)
    assert words.styles.chosen == []
    [again] = made(qtbot, window, None)
    assert again.prompt == request.prompt


# ---------------------------------------------------------------------- styles


def test_styles_are_put_on_and_taken_off(qtbot, window, form, words):
    window.studio.choose_model("kandinsky-2.2")
    steps = window.studio.settings.values.num_inference_steps
    menu = window.prompt.wording.menu()
    named = {action.text(): action for action in menu.actions()}
    named["Watercolour page"].trigger()
    named["Careful and slow"].trigger()
    chips = form.words.chips
    assert [chip.key for chip in chips.chips] == ["Watercolour page", "Careful and slow"]
    assert window.studio.settings.values.num_inference_steps == 50
    window.studio.settings.set(prompt="a boat")
    qtbot.waitUntil(lambda: form.words.sent.text().startswith("Sent: a boat, watercolour"), timeout=3000)
    assert "Not: " in form.words.sent.text()
    chips.chips[0].setFocus()
    QTest.keyClick(chips.chips[0], Qt.Key.Key_Delete)
    chips.chips[0].click()
    assert chips.chips == []
    assert not chips.isVisible()
    assert window.studio.settings.values.num_inference_steps == steps
    menu.deleteLater()


def test_own_styles_are_written_copied_given_away_and_taken_in(qtbot, window, words, tmp_path, monkeypatch):
    action: QAction = window.actions_.commands.action("generation.edit_styles")
    action.trigger()
    dialog = window.findChild(StylesDialog)
    assert dialog.empty.isVisible()
    dialog.new.click()
    dialog.name.setText("My own")
    dialog.name.editingFinished.emit()
    dialog.text.setPlainText("{prompt} in the rain")
    window.studio.settings.set(prompt="a boat")
    dialog.negative.setText("sun")
    dialog.negative.editingFinished.emit()
    assert "a boat in the rain" in dialog.preview.text()
    assert list(words.styles.own) == [Style("My own", "{prompt} in the rain", "sun")]
    words.styles.put_on("My own")
    path = tmp_path / "mine.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    dialog.give.click()
    words.flush()
    dialog.delete.click()
    assert list(words.styles.own) == []
    assert words.styles.chosen == []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    dialog.take_in.click()
    words.flush()
    assert [style.name for style in words.styles.own] == ["My own"]
    dialog.close()


def test_styles_on_the_prompt_outlive_the_program(qtbot, make_window):
    first = make_window()
    first.studio.words.styles.save(Style("Mine", "x"))
    first.studio.words.styles.put_on("Mine")
    first.close()
    first.studio.close()
    again = make_window()
    chips = again.prompt.form.words.chips
    qtbot.waitUntil(lambda: [chip.key for chip in chips.chips] == ["Mine"], timeout=3000)


# ---------------------------------------------------------------------- the handbook


def rows(panel):
    return [panel.list.item(number).text() for number in range(panel.list.count())]


def test_a_click_puts_words_in_and_takes_them_out(qtbot, window, form, words, panel):
    form.prompt.setFocus()
    QTest.keyClicks(form.prompt, "a circle")
    form.prompt.moveCursor(QTextCursor.MoveOperation.Start)
    panel.list.open_group("colours")
    row = rows(panel).index("red")
    panel.list.setFocus()
    panel.list.setCurrentRow(row)
    QTest.keyClick(panel.list, Qt.Key.Key_Return)
    assert form.prompt.toPlainText() == "a red circle"
    assert window.studio.settings.values.prompt == "a red circle"
    QTest.keyClick(panel.list, Qt.Key.Key_Space)
    assert form.prompt.toPlainText() == "a circle"
    form.prompt.undo()
    assert form.prompt.toPlainText() == "a red circle"


def test_the_handbook_is_searched_in_both_languages(qtbot, window, panel):
    window.studio.choose_model("kandinsky-2.2")
    for query in ("golden hour", "long shadows glow", "композиция трети"):
        panel.search.setText(query)
        qtbot.waitUntil(lambda: 1 < panel.list.count() < 6, timeout=3000)
    panel.search.setText("nothing like this")
    qtbot.waitUntil(panel.nothing.isVisible, timeout=3000)


def test_words_of_ones_own(qtbot, window, words, panel):
    panel.fold.set_open(True)
    assert not panel.save.isEnabled()
    panel.own_words.setText("in my  manner")
    panel.own_about.setText("As I like it.")
    panel.save.click()
    assert "in my manner" in rows(panel)
    row = next(row for row in words.modifiers() if row.words == "in my manner")
    actions = {action.text(): action for action in panel.menu(row).actions()}
    actions["Change…"].trigger()
    assert panel.own_about.text() == "As I like it."
    panel.own_words.setText("my way")
    panel.save.click()
    assert "my way" in rows(panel)
    assert "in my manner" not in rows(panel)
    row = next(row for row in words.modifiers() if row.words == "my way")
    {action.text(): action for action in panel.menu(row).actions()}["Delete"].trigger()
    assert "my way" not in rows(panel)


def test_the_negative_prompt_takes_words_too(qtbot, window, form, words, panel):
    form.negative_fold.set_open(True)
    form.negative_prompt.setFocus()
    QTest.keyClicks(form.negative_prompt, "x")
    words.toggle(next(row for row in words.modifiers() if row.words == "green"))
    assert form.negative_prompt.toPlainText() == "x green"
    qtbot.waitUntil(panel.target.isVisible, timeout=2000)
    form.prompt.setFocus()
    qtbot.waitUntil(lambda: not panel.target.isVisible(), timeout=2000)
    assert form.prompt.toPlainText() == ""
