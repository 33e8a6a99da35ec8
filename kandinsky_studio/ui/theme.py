"""Colours, the style sheet and icons, light and dark.

``resources/theme/light.json`` and ``dark.json`` name the colours, ``studio.qss`` uses them as ``@name``; the icons in
``resources/icons`` are drawn in ``currentColor``.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from kandinsky_studio import paths

THEMES = ("system", "light", "dark")
_ICON_SIDES = (16, 24, 32, 48)  # device pixels: 16 and 24 at scales of 1, 1.5 and 2


class Theme(QObject):
    """The look of the application. ``changed`` tells those who draw by themselves, or hold icons."""

    changed = Signal()

    def __init__(self, application: QApplication, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._application = application
        self._choice = "system"
        self._files = tempfile.TemporaryDirectory(prefix="kandinsky-studio-")  # for the icons in the style sheet
        self._colours: dict[str, str] = {}
        application.setStyle("Fusion")
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    def use(self, choice: str) -> None:
        """Put on a theme: ``light``, ``dark`` or ``system``."""
        self._choice = choice if choice in THEMES else "system"
        self._colours = _colours(self.name)
        self._application.setPalette(self._palette())
        self._application.setStyleSheet(self._style_sheet())
        self.changed.emit()

    def close(self) -> None:
        """Delete the files the style sheet needed."""
        QGuiApplication.styleHints().colorSchemeChanged.disconnect(self._system_changed)
        self._application.setStyleSheet("")
        self._files.cleanup()

    @property
    def name(self) -> str:
        """``light`` or ``dark``: what is on now."""
        if self._choice != "system":
            return self._choice
        dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return "dark" if dark else "light"

    def colour(self, name: str) -> QColor:
        """A colour of the theme by its name in the JSON file."""
        return QColor(self._colours[name])

    def icon(self, name: str, colour: str = "text") -> QIcon:
        """The icon ``name`` of ``resources/icons`` in a colour of the theme."""
        icon = QIcon()
        for side in _ICON_SIDES:
            icon.addPixmap(_pixmap(name, self._colours[colour], side))
            icon.addPixmap(_pixmap(name, self._colours["disabled"], side), QIcon.Mode.Disabled)
        return icon

    def _system_changed(self) -> None:
        if self._choice == "system":
            self.use("system")

    def _palette(self) -> QPalette:
        palette = QPalette()
        roles = {
            QPalette.ColorRole.Window: "panel",
            QPalette.ColorRole.WindowText: "text",
            QPalette.ColorRole.Base: "field",
            QPalette.ColorRole.AlternateBase: "panel",
            QPalette.ColorRole.Text: "text",
            QPalette.ColorRole.Button: "raised",
            QPalette.ColorRole.ButtonText: "text",
            QPalette.ColorRole.BrightText: "accent_text",
            QPalette.ColorRole.Highlight: "selection",
            QPalette.ColorRole.HighlightedText: "accent_text",
            QPalette.ColorRole.PlaceholderText: "muted",
            QPalette.ColorRole.ToolTipBase: "canvas_chip",
            QPalette.ColorRole.ToolTipText: "text",
            QPalette.ColorRole.Link: "accent_line",
            QPalette.ColorRole.Accent: "accent",
        }
        for role, name in roles.items():
            palette.setColor(role, self.colour(name))
        for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.colour("disabled"))
        return palette

    def _style_sheet(self) -> str:
        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            return self._icon_file(name[5:]) if name.startswith("icon-") else self._colours[name]

        text = (paths.resources() / "theme" / "studio.qss").read_text(encoding="utf-8")
        return re.sub(r"@([a-z][a-z_-]*[a-z])", value, re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))

    def _icon_file(self, name: str) -> str:
        """A style sheet takes its pictures from files: one per icon and colour."""
        svg = _svg(name, self._colours["muted"])
        file = Path(self._files.name) / f"{name}-{hashlib.sha256(svg).hexdigest()[:8]}.svg"
        if not file.exists():
            file.write_bytes(svg)
        return file.as_posix()


def application_icon() -> QIcon:
    """The icon of the program."""
    return QIcon((paths.resources() / "icons" / "kandinsky-studio.svg").as_posix())


@lru_cache(maxsize=2)
def _colours(name: str) -> dict[str, str]:
    values = json.loads((paths.resources() / "theme" / f"{name}.json").read_text(encoding="utf-8"))
    return {str(key): str(value) for key, value in values.items()}


def _svg(name: str, colour: str) -> bytes:
    return _drawing(name).replace("currentColor", colour).encode()


@lru_cache(maxsize=64)
def _drawing(name: str) -> str:
    return (paths.resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=1024)
def _pixmap(name: str, colour: str, side: int) -> QPixmap:
    pixmap = QPixmap(QSize(side, side))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(_svg(name, colour))).render(painter, QRectF(0, 0, side, side))
    painter.end()
    return pixmap
