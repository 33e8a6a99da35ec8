"""The words panel in the window: bars under the words of a real prompt, and the heat of a word over the picture."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from kandinsky_studio.app.explaining import Source
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.ui.heat_view import veil
from kandinsky_studio.ui.panels.words import WordsPanel
from kandinsky_studio.ui.widgets.word_bars import WordBar, WordBars
from tests.engine.kandinsky_2_1_checkpoint import let_be_small, request_2_1, save_tiny_2_1

PROMPT = "a red circle on a blue background"


@pytest.fixture
def fake_engine(built_in_engine):
    return built_in_engine


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A request to a small random model whose decoder reads words."""
    folder = tmp_path_factory.mktemp("reader")
    save_tiny_2_1(folder)
    return request_2_1(folder, prompt="a red cat", num_inference_steps=2)


@pytest.fixture
def panel(window):
    return next(dock.panel for dock in window.docks if isinstance(dock.panel, WordsPanel))


@pytest.fixture
def weigh(window, panel, qtbot):
    def run():
        qtbot.mouseClick(panel.weigh, Qt.MouseButton.LeftButton)
        assert panel.explaining.weighing is not None
        qtbot.waitUntil(lambda: panel.explaining.weighing is None, timeout=30_000)
        assert panel.error.isHidden()

    return run


def colours(image, rect):
    """The colours in ``rect`` of a widget's picture."""
    part = image.copy(rect).convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(part.constBits(), np.uint8).reshape(part.height(), part.bytesPerLine())
    return rows[:, : part.width() * 3].reshape(part.height(), part.width(), 3).copy()


def test_the_command_weighs_the_prompt_and_bars_stand_under_its_words(window, panel, qtbot):
    window.studio.settings.set(prompt=PROMPT, prior_seed=1, prior_seed_locked=True)
    assert not panel.isVisible()
    window.actions_.commands.action("generation.weigh_words").trigger()
    assert panel.isVisible()
    assert panel.explaining.source is Source.PROMPT
    qtbot.waitUntil(lambda: panel.bars.isVisible(), timeout=30_000)
    bars = panel.bars
    assert [bar.word for bar in bars.bars] == PROMPT.split()
    high = {bar.word: bars.bar_rect(number).height() for number, bar in enumerate(bars.bars)}
    assert min(high["red"], high["circle"], high["blue"]) > 4 * max(high["a"], high["on"], high["background"])
    places = bars.cells(bars.width())
    reading = [(places[number].y(), places[number].x()) for number in range(len(bars.bars))]
    assert reading == sorted(reading), "line by line, as one reads"
    accent = window.theme.colour("accent").getRgb()[:3]
    qtbot.waitUntil(lambda: bars.height() >= bars.heightForWidth(bars.width()), timeout=2000)
    image = bars.grab().toImage()
    blue = bars.bars.index(next(bar for bar in bars.bars if bar.word == "blue"))
    assert (colours(image, bars.bar_rect(blue).toRect().adjusted(2, 2, -2, -2)) == accent).all()
    assert not panel.map.isEnabled()
    assert "Kandinsky 2.1, Kandinsky 2.0" in panel.unmapped.text()
    window.studio.settings.set(prompt="a yellow star")
    assert not bars.isVisible()
    assert panel.weigh.isEnabled()


def test_words_are_sorted_by_worth_and_those_the_picture_contradicts_go_left(
    window, panel, weigh, built_in_engine, qtbot
):
    [result] = built_in_engine.generate(GenerationRequest(PROMPT, seed=1, prior_seed=1))
    window.studio.easel.show_pixels(
        result.image, GenerationRequest("a green circle on a blue background", prior_seed=1)
    )
    window._go_to_key("words")
    panel.source.setCurrentIndex(1)
    panel.source.activated.emit(1)
    weigh()
    for choice, row in ((panel.measure, 1), (panel.order, 1)):
        choice.setCurrentIndex(row)
        choice.activated.emit(row)
    bars = panel.bars
    order = [bars.bars[number].word for number in bars.order()]
    assert set(order[:2]) == {"circle", "blue"}
    assert order[-1] == "green"
    green, circle = (next(n for n, bar in enumerate(bars.bars) if bar.word == word) for word in ("green", "circle"))
    assert bars.bar_rect(green).right() <= bars.bar_rect(circle).left() + 1.5
    danger = window.theme.colour("danger").getRgb()[:3]
    qtbot.waitUntil(lambda: bars.height() >= bars.heightForWidth(bars.width()), timeout=2000)
    image = bars.grab().toImage()
    assert (colours(image, bars.bar_rect(green).toRect().adjusted(2, 2, -2, -2)) == danger).all()


def test_the_weighing_is_cancelled_by_the_same_button(window, panel, qtbot):
    window.studio.settings.set(prompt=" ".join(["a red circle and a blue square"] * 4), prior_num_inference_steps=50)
    window._go_to_key("words")
    qtbot.mouseClick(panel.weigh, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: (panel.explaining.weighing or 0) > 0.01, timeout=10_000)
    assert panel.weigh.text().startswith("Cancel")
    assert "%" in panel.weigh.text()
    qtbot.mouseClick(panel.weigh, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.explaining.weighing is None, timeout=10_000)
    assert panel.weigh.text() == "Weigh the words"
    assert not panel.bars.isVisible()


def test_the_word_under_the_pointer_shows_where_it_was_heard(
    window, panel, qtbot, built_in_engine, reader, monkeypatch
):
    let_be_small(monkeypatch)
    studio, stage = window.studio, window.stage
    studio.models.spec(reader.model)
    [result] = built_in_engine.generate(reader)
    studio.easel.show_pixels(result.image, result.request)
    window._go_to_key("words")
    panel.explaining.choose(Source.PICTURE)
    qtbot.mouseClick(panel.map, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.bars.isVisible(), timeout=30_000)
    before = stage.grab().toImage()
    heat = panel.explaining.heats[1].heat
    assert np.ptp(heat) > 0.5
    cell = panel.bars.cells(panel.bars.width())[1]
    QTest.mouseMove(panel.bars, cell.center())
    assert panel.explaining.heat is panel.explaining.heats[1]
    over = stage.grab().toImage()

    def brightness(image, row, column):
        origin = stage.picture_point(QPointF(0, 0))
        at = (QPointF(column + 0.5, row + 0.5) - origin) * stage.zoom
        return QColor(image.pixelColor(at.toPoint())).lightnessF()

    hottest, coldest = np.unravel_index(heat.argmax(), heat.shape), np.unravel_index(heat.argmin(), heat.shape)
    kept, lost = (brightness(over, *place) / max(brightness(before, *place), 1 / 255) for place in (hottest, coldest))
    assert kept > 0.6
    assert lost < 0.5
    QTest.mouseMove(panel.bars, QPoint(panel.bars.width() - 1, panel.bars.height() - 1))
    QApplication.sendEvent(panel.bars, QEvent(QEvent.Type.Leave))
    assert stage.grab().toImage() == before
    panel.bars.setFocus()
    QTest.keyClick(panel.bars, Qt.Key.Key_Right)
    QTest.keyClick(panel.bars, Qt.Key.Key_Right)
    assert panel.explaining.heat is panel.explaining.heats[1], "the keyboard points, too"
    studio.easel.clear()
    assert panel.explaining.heat is None
    assert panel.empty.isVisible()


def test_the_veil_is_dark_where_nothing_was_heard():
    image = veil(np.array([[0.0, 1.0]], np.float32))
    assert image.pixelColor(0, 0).alphaF() == pytest.approx(0.72, abs=0.01)
    assert image.pixelColor(0, 0).lightness() == 0
    assert image.pixelColor(1, 0).alphaF() == pytest.approx(0.28, abs=0.01)
    assert image.pixelColor(1, 0).red() > 200 > image.pixelColor(1, 0).blue()


@pytest.mark.parametrize("width", [60, 200, 800])
@pytest.mark.parametrize("by_worth", [False, True])
def test_bars_stay_within_their_widget(qtbot, theme_of_now, width, by_worth):
    bars = WordBars(theme_of_now)
    qtbot.addWidget(bars)
    worths = {"достопримечательность": 0.5, "a": -0.31, "": 0.0, "🎨": 1.9, "red": 0.004}
    bars.show_bars([WordBar(word, worth) for word, worth in worths.items()], by_worth)
    bars.resize(width, bars.heightForWidth(width))
    bars.grab()
    for number in range(5):
        assert bars.rect().adjusted(0, 0, 1, 1).contains(bars.cells(width)[number])
        assert bars.rect().contains(bars.bar_rect(number).toRect().adjusted(1, 1, -1, -1))
    assert "red 0" in bars.accessibleDescription()


@pytest.fixture
def theme_of_now(qapp):
    from kandinsky_studio.ui.theme import Theme

    theme = Theme(qapp)
    theme.use("dark")
    yield theme
    theme.close()
