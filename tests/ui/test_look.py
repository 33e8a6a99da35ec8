"""Themes and languages, changed while the window is open."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QDesktopServices, QFont
from PySide6.QtWidgets import QLabel, QLineEdit, QMenu, QPushButton

from kandinsky_studio import paths
from kandinsky_studio.ui.dialogs.preferences import PreferencesDialog
from kandinsky_studio.ui.theme import Theme, _colours


def luminance(colour: QColor) -> float:
    parts = [colour.redF(), colour.greenF(), colour.blueF()]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(QColor(one)), luminance(QColor(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("text", "window"),
        ("text", "panel"),
        ("text", "field"),
        ("text", "raised"),
        ("text", "raised_hover"),
        ("text", "canvas_chip"),
        ("muted", "window"),
        ("muted", "panel"),
        ("muted", "field"),
        ("muted", "raised_hover"),
        ("text", "accent_soft"),
        ("text", "slider_fill"),
        ("accent_line", "panel"),
        ("accent_line", "accent_soft"),
        ("danger", "panel"),
        ("danger", "window"),
        ("warning", "panel"),
        ("warning", "window"),
        ("success", "panel"),
        ("success", "window"),
        ("accent_text", "accent"),
        ("accent_text", "accent_hover"),
        ("accent_text", "accent_press"),
        ("canvas_text", "canvas"),
        ("note_text", "note"),
        ("error_text", "error"),
    ],
)
def test_words_can_be_read(theme, text, ground):
    colours = _colours(theme)
    assert contrast(colours[text], colours[ground]) >= 4.5


def test_the_surround_of_the_picture_is_neutral():
    for theme in ("light", "dark"):
        canvas = QColor(_colours(theme)["canvas"])
        assert canvas.red() == canvas.green() == canvas.blue()


def test_both_themes_name_the_same_colours():
    assert _colours("light").keys() == _colours("dark").keys()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["window", "panel", "field", "raised", "canvas"])
def test_the_ring_of_the_keyboard_stands_out(theme, ground):
    colours = _colours(theme)
    assert contrast(colours["accent_line"], colours[ground]) >= 3


def test_the_style_sheet_uses_only_what_there_is():
    text = (paths.resources() / "theme" / "studio.qss").read_text(encoding="utf-8").split("*/", 1)[1]
    icons = re.findall(r"@icon\((\w+), (\w+)\)", text)
    named = set(re.findall(r"@(?!icon\()([a-z_]+)", text)) | {colour for _, colour in icons}
    assert len(named) > 20
    assert named <= _colours("light").keys()


@pytest.mark.parametrize("font", ["points", "pixels"])
def test_the_text_grows_from_the_size_of_the_desktop_and_back(qapp, font):
    before = qapp.font()
    desktop = QFont(before)
    desktop.setPointSizeF(11) if font == "points" else desktop.setPixelSize(15)
    qapp.setFont(desktop)
    theme = Theme(qapp)
    try:
        theme.use("dark", 150)
        grown = qapp.font()
        assert grown.pointSizeF() == 16.5 if font == "points" else grown.pixelSize() == 22
        assert theme.px(20) == 30
        theme.use("light")  # the size stays when only the colours change
        assert qapp.font() == grown
        theme.close()
        assert qapp.font() == desktop
    finally:
        qapp.setFont(before)


def ground_of(window) -> QColor:
    return window.grab().toImage().pixelColor(window.width() - 4, 4)  # beside the menus, where nothing else is


def test_the_theme_changes_at_once_and_back(qtbot, window):
    window.actions_.theme_choices["light"].trigger()
    light = ground_of(window)
    canvas_light = window.stage.grab().toImage().pixelColor(2, 2)
    window.actions_.theme_choices["dark"].trigger()
    dark = ground_of(window)
    assert light.lightness() > 200
    assert dark.lightness() < 70
    assert canvas_light == QColor(_colours("light")["canvas"])
    assert window.stage.grab().toImage().pixelColor(2, 2) == QColor(_colours("dark")["canvas"])
    assert window.studio.remembering.values.theme == "dark"


def words(window) -> list[str]:
    """Everything one reads in the window."""
    found = [label.text() for label in window.findChildren(QLabel)]
    found += [button.text() for button in window.findChildren(QPushButton)]
    found += [menu.title() for menu in window.findChildren(QMenu)]
    found += [field.placeholderText() for field in window.findChildren(QLineEdit)]
    found += [action.text() for menu in window.findChildren(QMenu) for action in menu.actions()]
    found += [dock.windowTitle() for dock in window.docks]
    found.append(window.prompt.form.prompt.placeholderText())
    found += [window.prompt.form.format.itemText(row) for row in range(window.prompt.form.format.count())]
    return [text for text in found if text]


ENGLISH = re.compile(r"[A-Za-z]{3,}")
NAMES = re.compile(r"Kandinsky Studio|Ctrl|English|Enter|Shift|Apple|PyTorch|Kandinsky 2\.\d")


def test_the_language_changes_at_once_and_leaves_no_english(qtbot, window):
    english = words(window)
    window.actions_.language_choices["ru"].trigger()
    qtbot.waitUntil(lambda: window.prompt.button.text() == "Создать", timeout=1000)
    left = [text for text in words(window) if ENGLISH.search(NAMES.sub("", text))]
    assert left == []
    assert window.prompt.form.numbers["guidance_scale"].box.text() == "2,0"
    assert window.prompt.form.width_box.text() == "128 пикс."
    assert window.prompt.form.model.itemText(0) == "Встроенная (нет файлов)" or (
        window.prompt.form.model.itemText(0) == "Встроенная"
    )
    window.actions_.language_choices["en"].trigger()
    qtbot.waitUntil(lambda: window.prompt.button.text() == "Generate", timeout=1000)
    assert words(window) == english


def test_what_was_typed_survives_the_change_of_language(qtbot, window):
    qtbot.keyClicks(window.prompt.form.prompt, "a star")
    window.studio.settings.set(scheduler="ddpm", num_inference_steps=9)
    window.actions_.language_choices["ru"].trigger()
    assert window.prompt.form.prompt.toPlainText() == "a star"
    assert window.prompt.form.scheduler.currentData() == "ddpm"
    assert window.prompt.form.numbers["num_inference_steps"].box.value() == 9


def test_the_folder_of_the_gallery_can_be_shown(qtbot, window, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    dialog = PreferencesDialog(window.studio, window)
    qtbot.addWidget(dialog)
    dialog.open_folder.click()
    assert opened == [str(window.studio.gallery.folder)]


def test_the_size_of_the_text_changes_at_once(qtbot, window):
    dialog = PreferencesDialog(window.studio, window)
    qtbot.addWidget(dialog)
    height, side = window.fontMetrics().height(), window.prompt.form.swap.sizeHint().width()
    dialog.font_scale.setCurrentIndex(dialog.font_scale.findData(200))
    dialog.font_scale.activated.emit(dialog.font_scale.currentIndex())
    assert window.studio.remembering.values.font_scale == 200
    assert window.fontMetrics().height() >= 2 * height - 2
    assert window.prompt.form.swap.sizeHint().width() > 1.7 * side
    window.studio.remembering.set(font_scale=100)
    assert window.fontMetrics().height() == height
    assert window.prompt.form.swap.sizeHint().width() == side


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("panel", ["as it comes", "narrowest"])
@pytest.mark.parametrize("font_scale", [100, 200])
def test_nothing_is_clipped_in_the_form(qtbot, qapp, window, language, panel, font_scale):
    window.actions_.language_choices[language].trigger()
    window.studio.remembering.set(font_scale=font_scale)
    window.prompt.form.advanced_fold.set_open(True)
    window.resize(800, 780)
    if panel == "narrowest":
        window.resizeDocks([window.docks[0]], [1], Qt.Orientation.Horizontal)
    form = window.prompt.form
    # The dock takes a pass or two of the event loop to follow its contents; a form that is cut off stays so.
    qtbot.waitUntil(lambda: form.width() <= form.parentWidget().width(), timeout=3000)
    window.grab()
    for box in (form.width_box, form.height_box):
        assert box.fontMetrics().horizontalAdvance(f"2048{box.suffix()}") < box.width() - 12
    for label in window.prompt.form.findChildren(QLabel):
        if label.isVisible():
            assert label.width() >= label.sizeHint().width(), label.text()

    def clipped():
        buttons = [button for button in window.findChildren(QPushButton) if button.isVisible()]
        return [button.text() for button in buttons if button.width() < button.minimumSizeHint().width()]

    qtbot.waitUntil(lambda: clipped() == [], timeout=3000)  # panels behind a tab are laid out last
