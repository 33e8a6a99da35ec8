"""The field to search with."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor

from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.search_field import SearchField


@pytest.fixture
def theme(qapp):
    theme = Theme(qapp)
    theme.use("light", 100)
    yield theme
    theme.close()


def inked(field: SearchField) -> list[tuple[int, int]]:
    """Where the field is darker than its ground, but for its frame."""
    image = field.grab().toImage()
    places = [(x, y) for x in range(4, image.width() - 4) for y in range(4, image.height() - 4)]
    return [place for place in places if QColor(image.pixel(*place)).lightness() < 180]


@pytest.mark.parametrize("scale", [100, 200])
def test_the_magnifier_grows_and_the_text_keeps_clear_of_it(qtbot, theme, scale):
    theme.use("light", scale)
    field = SearchField(theme, 200)
    qtbot.addWidget(field)
    field.resize(field.sizeHint())
    assert field.width() == theme.px(200)
    icon = inked(field)
    wide = max(x for x, _ in icon) - min(x for x, _ in icon)
    assert theme.px(16) * 0.6 <= wide <= theme.px(16)
    field.setText("Искать")
    text = [x for x, _ in set(inked(field)) - set(icon)]
    assert min(text) > max(x for x, _ in icon)


def test_it_follows_the_size_of_the_text(qtbot, theme):
    field = SearchField(theme, 200)
    qtbot.addWidget(field)
    before = field.width()
    theme.use("light", 200)
    assert field.width() == 2 * before
    free = SearchField(theme)
    qtbot.addWidget(free)
    free.resize(500, 40)
    theme.use("dark", 100)
    assert free.width() == 500
