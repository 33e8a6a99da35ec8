"""The bar above the document: every setting of every tool, and the brushes that are set up already."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton

from kandinsky_studio.tools import TOOLS, presets
from kandinsky_studio.ui.widgets.slider import LabelledSlider

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def bar(window):
    window.studio.editor.new(128, 128, QColor("white"))
    return window.bench.page.options


def controls(bar, kind):
    return [widget for widget in bar.findChildren(kind) if widget.isVisible()]


def test_a_drag_in_the_bar_changes_the_tool_and_a_key_changes_the_bar(qtbot, window, bar):
    tool = window.studio.editor.tool
    opacity = next(slider for slider in controls(bar, LabelledSlider) if slider.accessibleName() == "Opacity")
    y = opacity.height() // 2
    qtbot.mousePress(opacity, LEFT, pos=QPoint(opacity.width() - 2, y))
    qtbot.mouseMove(opacity, QPoint(opacity.width() // 2, y))
    qtbot.mouseRelease(opacity, LEFT, pos=QPoint(opacity.width() // 2, y))
    assert tool.opacity == pytest.approx(0.5, abs=0.03)
    qtbot.keyClick(window.bench.page.view, Qt.Key.Key_3)
    assert tool.opacity == pytest.approx(0.3)
    assert opacity.number == 30
    box = next(box for box in controls(bar, QCheckBox) if "opacity" in box.text())
    qtbot.mouseClick(box, LEFT, pos=QPoint(8, box.height() // 2))
    assert tool.pressure_opacity


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("font_scale", [100, 200])
def test_nothing_is_clipped_in_the_bar_of_any_tool(qtbot, qapp, window, bar, language, font_scale):
    window.studio.remembering.set(language=language, font_scale=font_scale)
    window.resize(1280, 800)
    for tool in TOOLS:
        window.studio.editor.take(tool.id)
        qapp.processEvents()
        window.grab()
        for kind in (QLabel, QCheckBox, QPushButton, QComboBox, LabelledSlider):
            for widget in controls(bar, kind):
                name = f"{tool.id}: {widget.accessibleName() or widget.text()}"
                assert widget.width() >= widget.minimumSizeHint().width(), name
                assert widget.height() >= min(widget.minimumSizeHint().height(), widget.sizeHint().height()), name
                assert bar.rect().contains(widget.mapTo(bar, widget.rect().bottomRight())), name
        page = window.bench.page
        assert bar.geometry().bottom() < page.view.mapTo(page, page.view.rect().topLeft()).y() + 1


def test_presets_are_whole_and_differ(window):
    tools = window.studio.editor.tools
    for preset in presets.PRESETS:
        tool = tools[preset.tool]
        presets.apply(preset, tool)
        assert presets.current(tool) is preset, "no other has the same settings"
        assert {attribute: getattr(tool, attribute) for attribute in preset.values} == preset.values
        assert tool.settings.size == preset.size
    assert 6 <= len(presets.PRESETS) <= 12


def test_a_preset_is_chosen_in_the_bar(qtbot, window, bar):
    editor = window.studio.editor
    titles = [bar.presets.itemText(number) for number in range(bar.presets.count())]
    number = titles.index("Soft eraser")
    bar.presets.setCurrentIndex(number)
    bar.presets.activated.emit(number)
    assert editor.tool.id == "eraser"
    assert (editor.tool.hardness, editor.tool.size) == (0.0, 100.0)
    assert bar.presets.currentText() == "Soft eraser"
    editor.set_option("size", 30.0)
    assert bar.presets.currentText() == "Soft eraser", "the size is not what makes a brush"
    editor.set_option("hardness", 0.5)
    assert bar.presets.currentIndex() == -1
    editor.take("fill")
    assert bar.presets is None


def test_keys_go_from_preset_to_preset_and_round(qtbot, window, bar):
    editor, view = window.studio.editor, window.bench.page.view
    visited = []
    for _ in range(len(presets.PRESETS) + 1):
        qtbot.keyClick(view, Qt.Key.Key_Period)
        visited.append(presets.current(editor.tool))
    assert visited[0] is visited[-1]
    assert set(visited) == set(presets.PRESETS)
    qtbot.keyClick(view, Qt.Key.Key_Comma)
    assert presets.current(editor.tool) is visited[-2]
