"""The page of the first start and the tour, in the real window."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QLabel, QPushButton

from kandinsky_studio.ui.tour import STEPS

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(make_window):
    return make_window(welcomed=False)


@pytest.fixture
def tour(window):
    window.first.start_tour()
    return window.first.tour


def shown(tour):
    return tour.bubble.title.text()


def on_window(widget, window):
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


# ---------------------------------------------------------------------- the page


def test_skipping_stays_skipped(window, make_window, qtbot):
    page = window.first.page
    assert page.isVisible()
    qtbot.mouseClick(page.skip, LEFT)
    assert not page.isVisible()
    assert window.stage.empty.isVisible()
    window.close()
    again = make_window(welcomed=False)
    assert again.first.page is None
    again.actions_.commands.action("help.welcome").trigger()
    assert again.first.page.isVisible()
    assert again.focusWidget() is again.first.page.examples[0]


def test_the_page_comes_again_as_long_as_nobody_skipped_it(window, make_window):
    window.close()
    assert make_window(welcomed=False).first.page.isVisible()


def test_a_picture_ends_it_for_ever(window, make_window, qtbot, fake_engine):
    with qtbot.waitSignal(window.studio.gallery.added, timeout=5000):
        qtbot.mouseClick(window.first.page.examples[1], LEFT)
    assert fake_engine.requests[0].prompt == window.first.page.examples[1].text()
    assert not window.first.page.isVisible()
    assert window.picture_bar.isVisible()
    window.close()
    assert make_window(welcomed=False).first.page is None


def test_the_empty_stage_says_that_a_picture_is_on_its_way(window, qtbot, fake_engine):
    invites = window.stage.empty.words
    fake_engine.hold.clear()
    prompt = window.first.page.examples[0].text()
    qtbot.mouseClick(window.first.page.examples[0], LEFT)
    qtbot.waitUntil(lambda: window.stage.empty.words != invites, timeout=3000)
    assert prompt in window.stage.empty.words[1]
    window.studio.generation.cancel_all()
    qtbot.waitUntil(lambda: window.stage.empty.words == invites, timeout=5000)


def test_language_and_theme_are_at_hand(window, qtbot):
    page = window.first.page
    page.language.setCurrentIndex(page.language.findData("ru"))
    page.language.activated.emit(page.language.currentIndex())
    assert window.studio.remembering.values.language == "ru"
    qtbot.waitUntil(lambda: page.skip.text() == "Пропустить", timeout=3000)
    page.theme_choice.setCurrentIndex(page.theme_choice.findData("light"))
    page.theme_choice.activated.emit(page.theme_choice.currentIndex())
    assert window.theme.name == "light"
    found = [widget.text() for kind in (QLabel, QPushButton) for widget in page.findChildren(kind)]
    names = r"Kandinsky|Studio|Apache|GB"
    assert [text for text in found if re.search(r"[A-Za-z]{3,}", re.sub(names, "", text))] == []


def test_the_cards_say_what_each_needs_and_fetch_nothing(window):
    for card in window.first.page.cards.values():
        assert card.isVisibleTo(window)
        assert re.search(r"\d", card._facts.text())
    assert window.studio.deliveries.underway == ()


@pytest.mark.parametrize(("language", "scale"), [("en", 100), ("ru", 100), ("ru", 200)])
def test_nothing_on_the_page_is_cut_off(window, qtbot, language, scale):
    window.studio.remembering.set(language=language, font_scale=scale)
    page = window.first.page
    qtbot.wait(300)  # until everything has found its place
    assert page.area.widget().width() <= page.area.viewport().width()

    def cut():
        buttons = [button for button in page.findChildren(QPushButton) if button.isVisibleTo(page)]
        return [button.text() for button in buttons if button.width() < button.sizeHint().width()]

    qtbot.waitUntil(lambda: cut() == [], timeout=3000)


# ---------------------------------------------------------------------- the tour


def test_it_goes_on_when_the_thing_is_done(tour, window, qtbot):
    studio = window.studio
    assert not window.first.page.isVisible()
    assert shown(tour) == STEPS[0].title
    qtbot.mouseClick(window.prompt.form.prompt.viewport(), LEFT)
    qtbot.keyClicks(window.prompt.form.prompt, "a star")
    assert shown(tour) == STEPS[0].title, "not at the first letter"
    qtbot.waitUntil(lambda: shown(tour) == STEPS[1].title, timeout=6000)
    qtbot.mouseClick(window.prompt.button, LEFT)
    qtbot.waitUntil(lambda: shown(tour) == STEPS[2].title, timeout=6000)
    qtbot.waitUntil(window.picture_bar.paint.isEnabled, timeout=5000)
    qtbot.mouseClick(window.picture_bar.paint, LEFT)
    qtbot.waitUntil(lambda: shown(tour) == STEPS[3].title, timeout=6000)
    studio.editor.take("mask_brush")
    view = window.bench.page.view
    qtbot.mouseClick(view, LEFT, pos=view.rect().center())
    qtbot.waitUntil(lambda: shown(tour) == STEPS[4].title, timeout=6000)
    qtbot.mouseClick(window.prompt.button, LEFT)
    qtbot.waitUntil(lambda: shown(tour) == STEPS[5].title, timeout=6000)
    studio.mixing.add_words("one")
    studio.mixing.add_words("two")
    qtbot.waitUntil(lambda: shown(tour) == STEPS[6].title, timeout=6000)
    qtbot.mouseClick(tour.bubble.next, LEFT)
    assert not tour.running
    assert not tour.bubble.isVisible()


def test_next_back_and_esc(tour, window, qtbot):
    assert tour.bubble.next.hasFocus(), "the keyboard can go through it at once"
    for number in range(1, len(STEPS)):
        qtbot.keyClick(tour.bubble.next, Qt.Key.Key_Space)
        assert shown(tour) == STEPS[number].title
        assert tour.bubble.accessibleName().endswith(STEPS[number].title)
        assert tour.bubble.accessibleDescription()
    assert tour.bubble.next.text() == "Done"
    qtbot.mouseClick(tour.bubble.back, LEFT)
    assert shown(tour) == STEPS[-2].title
    qtbot.keyClick(tour.bubble.back, Qt.Key.Key_Escape)
    assert not tour.running
    assert not tour.ring.isVisible()
    assert window.first.page.isVisible(), "who only looked finds the page where it was"
    window.actions_.commands.action("help.tour").trigger()
    assert tour.running
    window.prompt.form.prompt.setFocus()
    qtbot.keyClick(window.prompt.form.prompt, Qt.Key.Key_Escape)
    assert not tour.running


@pytest.mark.parametrize(("language", "scale"), [("en", 100), ("ru", 100), ("ru", 200)])
def test_each_step_points_at_something_that_is_seen(tour, window, qtbot, language, scale):
    window.studio.remembering.set(language=language, font_scale=scale)
    window.studio.editor.new(128, 128)
    for number in range(len(STEPS)):
        tour._go(number)
        qtbot.wait(250)
        tour.look()
        place = STEPS[number].find(window)
        assert place.widget.isVisible(), number
        assert window.rect().contains(tour.bubble.geometry()), number
        target = tour._target()
        assert target is not None
        assert tour.ring.isVisible()
        assert tour.ring.geometry().intersects(target)
        assert not tour.bubble.geometry().adjusted(9, 9, -9, -9).intersects(target), number
        assert tour.bubble.words.height() >= tour.bubble.words.heightForWidth(tour.bubble.words.width())


def test_a_panel_that_is_closed_is_brought_out_and_one_closed_meanwhile_is_missed_kindly(tour, window, qtbot):
    mix = next(dock for dock in window.docks if dock.panel.key == "mix")
    mix.close()
    tour._go(5)
    qtbot.waitUntil(lambda: tour.ring.isVisible(), timeout=2000)
    assert mix.isVisible()
    mix.close()
    tour.look()
    assert not tour.ring.isVisible()
    assert tour.bubble.isVisible()
    assert "Put the panels back" in tour.bubble.words.text()
    assert window.rect().contains(tour.bubble.geometry())


def test_without_a_document_it_says_so(tour, window):
    tour._go(3)
    assert "no document" in tour.bubble.words.text()
    assert not tour.ring.isVisible()


def test_it_follows_a_dock_to_where_it_is_moved(tour, window, qtbot):
    prompt = next(dock for dock in window.docks if dock.panel.key == "prompt")
    before = tour.ring.geometry()
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, prompt)
    qtbot.waitUntil(lambda: tour.ring.geometry() != before, timeout=3000)
    qtbot.waitUntil(lambda: tour.ring.geometry().contains(on_window(window.prompt.form.prompt, window)), timeout=3000)


# ---------------------------------------------------------------------- pictures on their way


def test_a_double_click_paints_on_a_picture(window, qtbot):
    window.studio.settings.set(prompt="a star")
    window.actions_.generate.trigger()
    qtbot.waitUntil(lambda: window.picture_bar.paint.isEnabled(), timeout=5000)
    view = window.gallery.view
    place = view.visualRect(view.model().index(0, 0)).center()
    qtbot.mouseClick(view.viewport(), LEFT, pos=place)
    qtbot.mouseDClick(view.viewport(), LEFT, pos=place)
    qtbot.waitUntil(lambda: len(window.studio.editor.sheets) == 1, timeout=3000)
    window.bench.show_pictures()
    qtbot.mouseDClick(window.stage, LEFT)
    qtbot.waitUntil(lambda: len(window.studio.editor.sheets) == 2, timeout=3000)
