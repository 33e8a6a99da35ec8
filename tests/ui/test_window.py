"""The road from typed words to a picture, walked with keyboard and mouse."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit

from kandinsky_studio.app.messages import Weight
from kandinsky_studio.errors import DiskFull

LEFT = Qt.MouseButton.LeftButton


def click(qtbot, widget):
    qtbot.mouseClick(widget, LEFT)


def generate(qtbot, window, prompt):
    """Type ``prompt`` and press the button; waits until the picture is in the gallery."""
    before = window.studio.gallery_list.rowCount()
    editor = window.prompt.form.prompt
    editor.selectAll()
    if prompt.isascii():
        qtbot.keyClicks(editor, prompt)
    else:  # QTest has no keys for these; an input method sends them like this
        words = QInputMethodEvent()
        words.setCommitString(prompt)
        QCoreApplication.sendEvent(editor, words)
    with qtbot.waitSignal(window.studio.generation.ended, timeout=3000):
        click(qtbot, window.prompt.button)
    count = window.studio.settings.request().num_images_per_prompt
    qtbot.waitUntil(lambda: window.studio.gallery_list.rowCount() == before + count, timeout=3000)


def colour_in_the_middle(window):
    stage = window.stage
    return stage.grab().toImage().pixelColor(stage.rect().center()).getRgb()[:3]


def row(window, number):
    return window.studio.gallery_list.item(window.studio.gallery_list.index(number))


def click_row(qtbot, window, number):
    view = window.gallery.view
    place = view.visualRect(window.studio.gallery_list.index(number)).center()
    qtbot.mouseClick(view.viewport(), LEFT, pos=place)


def test_typed_words_become_a_picture_on_the_canvas_and_in_the_gallery(qtbot, window, fake_engine):
    generate(qtbot, window, "a red circle on a blue background")
    (request,) = fake_engine.requests
    assert request.prompt == "a red circle on a blue background"
    shown = window.studio.easel.picture
    assert shown.shape == (request.height, request.width, 3)
    assert colour_in_the_middle(window) == tuple(shown[0, 0])
    assert row(window, 0).request.prompt == request.prompt
    assert window.picture_bar.prompt.text() == request.prompt
    assert not window.stage.empty.isVisible()


def test_a_russian_prompt_arrives_as_typed(qtbot, window, fake_engine):
    generate(qtbot, window, "жёлтый круг на чёрном фоне")
    assert fake_engine.requests[0].prompt == "жёлтый круг на чёрном фоне"


def test_every_number_of_the_form_reaches_the_request(qtbot, window, fake_engine):
    form = window.prompt.form
    form.negative_fold.button.click()
    qtbot.keyClicks(form.negative_prompt, "red")
    for box, value in (
        (form.width_box, "192"),
        (form.height_box, "96"),
        (form.numbers["num_images_per_prompt"].box, "2"),
        (form.numbers["num_inference_steps"].box, "5"),
        (form.numbers["prior_num_inference_steps"].box, "7"),
    ):
        box.selectAll()
        qtbot.keyClicks(box, value)
        qtbot.keyClick(box, Qt.Key.Key_Return)
    form.numbers["guidance_scale"].slider.setValue(35)
    form.numbers["prior_guidance_scale"].slider.setValue(21)
    form.scheduler.setCurrentIndex(form.scheduler.findData("ddpm"))
    form.scheduler.activated.emit(form.scheduler.currentIndex())
    generate(qtbot, window, "a star")
    (request,) = fake_engine.requests
    assert (request.negative_prompt, request.width, request.height) == ("red", 192, 96)
    assert (request.num_images_per_prompt, request.num_inference_steps, request.prior_num_inference_steps) == (2, 5, 7)
    assert (request.guidance_scale, request.prior_guidance_scale, request.scheduler) == (3.5, 2.1, "ddpm")


def test_formats_and_swap(qtbot, window):
    form, settings = window.prompt.form, window.studio.settings
    form.format.setCurrentIndex(1)
    form.format.activated.emit(1)
    wide = (settings.values.width, settings.values.height)
    assert wide[0] > wide[1]
    click(qtbot, form.swap)
    assert (settings.values.width, settings.values.height) == wide[::-1]
    assert form.format.currentData() == wide[::-1], "the format that has this size is shown"
    settings.set(width=77)
    assert form.format.currentData() is None


def test_locked_seeds_stay_and_typed_ones_lock_themselves(qtbot, window, fake_engine):
    form = window.prompt.form
    form.prior_seed.edit.selectAll()
    qtbot.keyClicks(form.prior_seed.edit, "4294967295")
    qtbot.keyClick(form.prior_seed.edit, Qt.Key.Key_Return)
    assert form.prior_seed.lock.isChecked()
    generate(qtbot, window, "a star")
    generate(qtbot, window, "a ring")
    first, second = fake_engine.requests
    assert first.prior_seed == second.prior_seed == 4294967295
    assert first.seed != second.seed
    click(qtbot, form.seed.lock)
    generate(qtbot, window, "a square")
    assert fake_engine.requests[2].seed == second.seed
    assert not form.numbers["num_images_per_prompt"].isEnabled(), "several would be the same picture"
    click(qtbot, form.seed.dice)
    assert int(form.seed.edit.text()) != second.seed
    assert form.seed.lock.isChecked()


def test_a_seed_too_large_is_cut_to_the_largest(qtbot, window):
    edit = window.prompt.form.seed.edit
    edit.selectAll()
    qtbot.keyClicks(edit, "9999999999")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert window.studio.settings.values.seed == 2**32 - 1
    assert edit.text() == "4294967295"


def test_generating_from_the_keyboard(qtbot, window, fake_engine):
    editor = window.prompt.form.prompt
    window.actions_.go_to_prompt.trigger()
    qtbot.keyClicks(editor, "a star")
    with qtbot.waitSignal(window.studio.generation.ended, timeout=3000):
        qtbot.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert editor.toPlainText() == "a star", "the key makes no new line"
    assert len(fake_engine.requests) == 1


@pytest.mark.parametrize("name", ["num_images_per_prompt", "seed"])
def test_what_is_still_being_typed_counts_when_a_key_starts_the_job(qtbot, window, fake_engine, name):
    qtbot.keyClicks(window.prompt.form.prompt, "a star")
    field = window.prompt.form.seed.edit if name == "seed" else window.prompt.form.numbers[name].box
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "3")
    with qtbot.waitSignal(window.studio.generation.ended, timeout=3000):
        qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert getattr(fake_engine.requests[0], name) == 3


@pytest.mark.parametrize(
    ("name", "typed", "taken"),
    [
        ("width_box", "99999", 512),
        ("width_box", "5", 64),
        ("guidance_scale", "99", 10.0),
        ("guidance_scale", "3.5", 3.5),
        ("guidance_scale", "3,5", 3.5),
    ],
)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_number_out_of_range_becomes_the_nearest(qtbot, window, language, name, typed, taken):
    window.actions_.language_choices[language].trigger()
    form = window.prompt.form
    box = form.width_box if name == "width_box" else form.numbers[name].box
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, typed)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == taken
    assert getattr(window.studio.settings.values, "width" if name == "width_box" else name) == taken


def test_with_both_seeds_locked_the_form_says_that_one_picture_is_made(qtbot, window):
    form = window.prompt.form
    window.studio.settings.set(num_images_per_prompt=4)
    form.prior_seed.lock.click()
    form.seed.lock.click()
    assert form.numbers["num_images_per_prompt"].box.value() == 1
    form.seed.lock.click()
    assert form.numbers["num_images_per_prompt"].box.value() == 4


def test_an_example_fills_the_empty_studio(qtbot, window, fake_engine):
    assert window.stage.empty.isVisible()
    button = window.stage.empty.examples[0]
    with qtbot.waitSignal(window.studio.generation.ended, timeout=3000):
        click(qtbot, button)
    assert fake_engine.requests[0].prompt == button.text() == window.prompt.form.prompt.toPlainText()
    assert window.prompt.form.prompt.hasFocus(), (
        "the focus goes where one writes on, not to a button that happens to be next"
    )


def test_while_it_works_the_button_cancels_and_shows_how_far_it_is(qtbot, window, fake_engine):
    fake_engine.hold.clear()
    button = window.prompt.button
    idle = button.text()
    qtbot.keyClicks(window.prompt.form.prompt, "a star")
    with qtbot.waitSignal(window.studio.generation.progressed, timeout=3000):
        click(qtbot, button)
    assert button.text() != idle
    assert button.fraction is not None
    assert window.prompt.status.text()
    with qtbot.waitSignal(window.studio.generation.ended, timeout=3000):
        click(qtbot, button)
    assert button.text() == idle
    assert button.fraction is None
    assert window.prompt.status.text() == ""
    assert window.messages.isHidden(), "who cancels is told nothing"


def test_the_preview_is_on_the_canvas_and_gone_when_cancelled(qtbot, window, fake_engine):
    generate(qtbot, window, "first")
    first = colour_in_the_middle(window)
    fake_engine.hold.clear()
    window.actions_.generate.trigger()
    # The double waits once when it loads and once after each step.
    qtbot.waitUntil(lambda: window.studio.generation.current is not None, timeout=3000)
    fake_engine.hold.set()
    fake_engine.burn = 0.02
    qtbot.waitUntil(lambda: window.studio.easel.is_preview, timeout=3000)
    preview = colour_in_the_middle(window)
    assert preview != first
    for action in (window.actions_.delete, window.actions_.save_as, window.actions_.use_settings):
        assert not action.isEnabled(), "it would act on the picture that is hidden by the preview"
    with qtbot.waitSignal(window.studio.generation.ended, timeout=3000):
        window.actions_.cancel.trigger()
    assert not window.studio.easel.is_preview
    assert colour_in_the_middle(window) == first


def test_looking_at_another_picture_is_not_interrupted_by_the_job(qtbot, window, fake_engine):
    generate(qtbot, window, "first")
    generate(qtbot, window, "second")
    fake_engine.burn = 0.02
    window.actions_.generate.trigger()
    qtbot.waitUntil(lambda: window.studio.easel.is_preview, timeout=3000)
    with qtbot.waitSignal(window.studio.easel.changed, timeout=3000):
        click_row(qtbot, window, 1)
    qtbot.waitUntil(lambda: not window.studio.generation.busy, timeout=5000)
    assert window.studio.easel.request.prompt == "first"
    qtbot.waitUntil(lambda: window.studio.gallery_list.rowCount() == 3, timeout=3000)
    assert window.studio.easel.request.prompt == "first"


def test_an_empty_prompt_is_said_and_goes_when_something_is_asked_for(qtbot, window, fake_engine):
    click(qtbot, window.prompt.button)
    bar = window.messages
    assert bar.isVisible()
    assert bar.text.text()
    assert bar.hint.text()
    assert bar.copy.isHidden()
    generate(qtbot, window, "a star")
    assert bar.isHidden()


def test_an_error_is_a_sentence_a_remedy_and_details(qtbot, window, fake_engine):
    fake_engine.error = RuntimeError("the device has gone away")
    qtbot.keyClicks(window.prompt.form.prompt, "a star")
    with qtbot.waitSignal(window.studio.generation.ended, timeout=3000):
        click(qtbot, window.prompt.button)
    bar = window.messages
    assert bar.isVisible()
    assert "the device has gone away" in bar.text.text()
    assert bar.hint.text()
    click(qtbot, bar.copy)
    assert "Traceback" in QGuiApplication.clipboard().text()
    generate(qtbot, window, "again")
    assert row(window, 0).request.prompt == "again"
    assert bar.isHidden(), "what it told of is over"


def test_a_full_disk_leaves_the_picture_in_the_window(qtbot, window, fake_engine, monkeypatch):
    from kandinsky_studio.storage.library import Library

    def full(self, result):
        raise DiskFull(folder=self.folder)

    real = Library.add
    monkeypatch.setattr(Library, "add", full)
    generate(qtbot, window, "dear to me")
    bar = window.messages
    qtbot.waitUntil(bar.isVisible, timeout=2000)
    assert bar.message.weight is Weight.error
    assert bar.hint.text()
    colour = colour_in_the_middle(window)
    assert colour == tuple(window.studio.easel.picture[0, 0])
    assert window.actions_.save_as.isEnabled()
    monkeypatch.setattr(Library, "add", real)
    click(qtbot, bar.action_buttons()[0])
    qtbot.waitUntil(lambda: not window.studio.gallery.unsaved and row(window, 0) is not None, timeout=3000)
    assert row(window, 0).path.is_file()
    assert colour_in_the_middle(window) == colour


def test_an_unsaved_picture_is_still_told_of_when_the_next_job_starts(qtbot, window, monkeypatch):
    from kandinsky_studio.storage.library import Library

    def full(self, result):
        raise DiskFull(folder=self.folder)

    real = Library.add
    monkeypatch.setattr(Library, "add", full)
    generate(qtbot, window, "dear to me")
    qtbot.waitUntil(window.messages.isVisible, timeout=2000)
    monkeypatch.setattr(Library, "add", real)
    generate(qtbot, window, "the next")
    assert window.messages.isVisible()
    assert window.messages.message.weight is Weight.error
    click(qtbot, window.messages.close_button)
    assert window.messages.isHidden()
    window.studio.gallery.save_again()
    qtbot.waitUntil(lambda: not window.studio.gallery.unsaved, timeout=3000)


def test_the_gallery_survives_a_restart_and_shows_the_newest(qtbot, make_window):
    first = make_window()
    generate(qtbot, first, "one")
    generate(qtbot, first, "two")
    colour = colour_in_the_middle(first)
    first.close()
    again = make_window()
    qtbot.waitUntil(lambda: again.studio.gallery_list.rowCount() == 2, timeout=3000)
    qtbot.waitUntil(lambda: again.studio.easel.picture is not None, timeout=3000)
    assert again.studio.easel.request.prompt == "two"
    assert colour_in_the_middle(again) == colour


def test_delete_shows_the_neighbour_and_undo_brings_it_back(qtbot, window):
    for prompt in ("one", "two", "three"):
        generate(qtbot, window, prompt)
    click_row(qtbot, window, 1)
    qtbot.waitUntil(lambda: window.studio.easel.request.prompt == "two", timeout=2000)
    assert [item.request.prompt for item in window.gallery.selected()] == ["two"]
    path = row(window, 1).path
    window.gallery.view.setFocus()
    qtbot.keyClick(window.gallery.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: window.studio.gallery_list.rowCount() == 2, timeout=3000)
    assert not path.exists()
    qtbot.waitUntil(lambda: window.studio.easel.picture is not None, timeout=2000)
    assert window.studio.easel.request.prompt in ("one", "three")
    assert [item.is_same(window.studio.easel.item) for item in window.gallery.selected()] == [True]
    click(qtbot, window.messages.action_buttons()[0])
    qtbot.waitUntil(lambda: window.studio.gallery_list.rowCount() == 3, timeout=3000)
    assert path.exists()
    assert [row(window, number).request.prompt for number in range(3)] == ["three", "two", "one"]
    qtbot.waitUntil(lambda: window.studio.easel.request.prompt == "two", timeout=2000)
    qtbot.waitUntil(lambda: [item.path for item in window.gallery.selected()] == [path], timeout=2000)


def test_delete_does_nothing_to_pictures_while_words_are_deleted(qtbot, window):
    generate(qtbot, window, "one")
    editor = window.prompt.form.prompt
    editor.moveCursor(editor.textCursor().MoveOperation.Start)
    qtbot.keyClick(editor, Qt.Key.Key_Delete)
    window.studio.gallery.flush()
    assert editor.toPlainText() == "ne"
    assert window.studio.gallery_list.rowCount() == 1


def test_settings_and_seeds_of_a_picture_are_used_again(qtbot, window, fake_engine):
    window.studio.settings.set(num_inference_steps=4)
    generate(qtbot, window, "one")
    window.studio.settings.set(num_inference_steps=9)
    generate(qtbot, window, "two")
    click_row(qtbot, window, 1)
    qtbot.waitUntil(lambda: window.studio.easel.request.prompt == "one", timeout=2000)
    window.actions_.use_settings.trigger()
    assert window.prompt.form.prompt.toPlainText() == "one"
    assert window.prompt.form.numbers["num_inference_steps"].box.value() == 4
    window.actions_.use_seeds.trigger()
    assert window.prompt.form.seed.lock.isChecked()
    with qtbot.waitSignal(window.studio.generation.ended, timeout=3000):
        window.actions_.generate.trigger()
    first, _, third = fake_engine.requests
    assert (third.prior_seed, third.seed, third.prompt) == (first.prior_seed, first.seed, "one")
    assert (third.num_inference_steps, third.width) == (4, first.width)


def test_search_narrows_the_gallery(qtbot, window):
    generate(qtbot, window, "a red star")
    generate(qtbot, window, "a blue ring")
    qtbot.keyClicks(window.gallery.search, "star")
    qtbot.waitUntil(lambda: window.studio.gallery_list.rowCount() == 1, timeout=3000)
    assert row(window, 0).request.prompt == "a red star"
    window.gallery.search.clear()
    qtbot.waitUntil(lambda: window.studio.gallery_list.rowCount() == 2, timeout=3000)


def test_save_as_writes_what_the_name_says(qtbot, window, tmp_path, monkeypatch):
    from PySide6.QtWidgets import QFileDialog

    from kandinsky_studio.storage.pictures import read_request

    generate(qtbot, window, "a star: big / small?")
    proposed = []

    def choose(parent, title, name, formats):
        proposed.append(name)
        return str(tmp_path / "out"), "JPEG (*.jpg *.jpeg)"

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    window.actions_.save_as.trigger()
    qtbot.waitUntil((tmp_path / "out.jpg").is_file, timeout=3000)
    qtbot.waitUntil(window.messages.isVisible, timeout=2000)
    assert read_request(tmp_path / "out.jpg").prompt == "a star: big / small?"
    assert proposed[0].endswith("a star big  small.png")


def test_save_as_starts_in_a_folder_that_exists(qtbot, window, tmp_path, monkeypatch):
    from PySide6.QtCore import QStandardPaths
    from PySide6.QtWidgets import QFileDialog

    generate(qtbot, window, "a star")
    window.studio.remembering.set(last_folder=str(tmp_path / "unplugged"))
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda _: str(tmp_path / "nowhere"))
    proposed = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *words: (proposed.append(words[2]) or "", ""))
    window.actions_.save_as.trigger()
    assert Path(proposed[0]).parent == Path.home()


def test_copy_puts_picture_and_prompt_on_the_clipboard(qtbot, window):
    generate(qtbot, window, "a star")
    window.actions_.copy_picture.trigger()
    window.studio.gallery.flush()
    image = QGuiApplication.clipboard().image()
    picture = window.studio.easel.picture
    assert (image.width(), image.height()) == (picture.shape[1], picture.shape[0])
    assert image.pixelColor(3, 3).getRgb()[:3] == tuple(picture[0, 0])
    window.actions_.copy_prompt.trigger()
    assert QGuiApplication.clipboard().text() == "a star"


def test_settings_are_remembered(qtbot, make_window):
    first = make_window()
    form = first.prompt.form
    qtbot.keyClicks(form.prompt, "not forgotten")
    form.numbers["guidance_scale"].slider.setValue(44)
    click(qtbot, form.prior_seed.lock)
    first.studio.remembering.set(theme="light", language="ru")
    first.resize(790, 640)
    first.close()
    again = make_window()
    assert again.prompt.form.prompt.toPlainText() == "not forgotten"
    assert again.prompt.form.numbers["guidance_scale"].box.value() == pytest.approx(4.4)
    assert again.prompt.form.prior_seed.lock.isChecked()
    assert not again.prompt.form.seed.lock.isChecked()
    assert again.theme.name == "light"
    assert again.studio.translation.language == "ru"
    assert (again.width(), again.height()) == (790, 640)


def test_closing_during_a_job_is_quick_and_keeps_finished_pictures(qtbot, window, fake_engine, home):
    fake_engine.burn = 0.03
    window.studio.settings.set(prompt="a star", num_images_per_prompt=50, num_inference_steps=2)
    with qtbot.waitSignal(window.studio.generation.picture_made, timeout=3000):
        window.actions_.generate.trigger()
    window.close()
    assert window.closed_cleanly
    assert not window.studio.worker._thread.isRunning()
    assert 1 <= len(list((home / "data" / "library").rglob("*.png"))) < 50


def test_the_event_loop_stays_quick_while_a_job_runs(qtbot, window, fake_engine):
    """A timer of 5 ms stands for a pen. The bounds are generous: test machines are shared."""
    fake_engine.burn = 0.05
    window.studio.settings.set(prompt="a star", num_inference_steps=20)
    times = []
    pen = QTimer()
    pen.setTimerType(Qt.TimerType.PreciseTimer)
    pen.setInterval(5)
    pen.timeout.connect(lambda: times.append(time.perf_counter()))
    with qtbot.waitSignal(window.studio.generation.started, timeout=3000):
        window.actions_.generate.trigger()
    pen.start()
    with qtbot.waitSignal(window.studio.generation.ended, timeout=20_000):
        pass
    pen.stop()
    gaps = np.diff(times)
    assert times[-1] - times[0] > 0.5, "the job was over before anything could be measured"
    assert np.median(gaps) < 0.03
    assert gaps.max() < 0.5


def test_every_control_has_a_name_and_can_be_reached_by_keyboard(qtbot, window):
    window.prompt.form.advanced_fold.set_open(True)
    window.prompt.form.negative_fold.set_open(True)
    kinds = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit)
    controls = [
        widget
        for kind in kinds
        for widget in window.findChildren(kind)
        if widget.isVisible()
        and not widget.objectName().startswith("qt_")
        and not isinstance(widget.parent(), (QAbstractSpinBox, QLineEdit))
        and type(widget).__name__ != "QScrollBar"
    ]
    assert len(controls) > 25
    for widget in controls:
        name = widget.accessibleName() or getattr(widget, "text", str)()
        assert name, f"{type(widget).__name__} {widget.objectName()} has no name"
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, f"{name} can't be reached"


def test_the_canvas_shows_the_focus_that_came_by_keyboard(qtbot, window):
    def edge():
        return window.stage.grab().toImage().pixelColor(0, 40).name()

    window.activateWindow()
    window.stage.setFocus(Qt.FocusReason.MouseFocusReason)
    surround = edge()
    window.prompt.form.prompt.setFocus()
    window.stage.setFocus(Qt.FocusReason.TabFocusReason)
    assert window.stage.hasFocus()
    assert edge() != surround
    window.prompt.form.prompt.setFocus()
    assert edge() == surround


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_call_from_another_start_brings_the_window_back(qtbot, window):
    window.showMinimized()
    window.come_to_front()
    assert not window.isMinimized()
    assert window.isVisible()


def test_the_canvas_takes_no_clicks_meant_for_the_message(qtbot, window):
    window.studio.messages.note("done")
    bar = window.messages
    assert window.stage.rect().contains(bar.geometry())
    assert window.stage.childAt(bar.geometry().center()) is not None


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_the_menu_of_a_thumbnail(qtbot, window, qapp):
    generate(qtbot, window, "a star")
    place = window.gallery.view.visualRect(window.studio.gallery_list.index(0)).center()
    window.gallery.view.menu_wanted.emit(window.gallery.view.viewport().mapToGlobal(place))
    menu = qapp.activePopupWidget()
    assert window.actions_.use_seeds in menu.actions()
    assert window.actions_.delete in menu.actions()
    menu.close()
