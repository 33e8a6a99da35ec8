"""No bar of tabs lies over the window where there are no panels below it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QTabBar


def lying_about(window):
    """The bars of tabs in the window that stand on none of their panels."""
    found = []
    for bar in window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
        place = bar.geometry()
        if not bar.isVisible() or not window.rect().intersects(place) or not bar.count():
            continue
        own = [dock for dock in window.docks if dock.isVisible() and dock.windowTitle() in bar_titles(bar)]
        if not any(dock.x() == place.x() and abs(dock.y() - place.bottom() - 1) < 4 for dock in own):
            found.append((place, bar_titles(bar)))
    return found


def bar_titles(bar):
    return [bar.tabText(number) for number in range(bar.count())]


@pytest.mark.parametrize("command", ["generation.handbook", "window.reset_layout"])
def test_no_tabs_lie_about(qtbot, window, command):
    qtbot.waitUntil(lambda: not lying_about(window), timeout=2000)
    window.actions_.commands.action(command).trigger()
    QApplication.processEvents()
    qtbot.waitUntil(lambda: not lying_about(window), timeout=2000)
    window.studio.editor.new(64, 64)
    QApplication.processEvents()
    qtbot.waitUntil(lambda: not lying_about(window), timeout=2000)
