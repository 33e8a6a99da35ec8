"""The look of the program, light and dark: colours, the style sheet, the size of the font.

``resources/theme/light.json`` and ``dark.json`` name the colours. ``studio.qss`` uses them as ``@name``, icons as
``@icon(name, colour)``, and lengths that grow with the font as ``12u``, or ``12u-1`` where a pixel of border is taken off.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from kandinsky_studio import paths
from kandinsky_studio.app.appearance import THEMES
from kandinsky_studio.ui.icons import IconFiles, application_icon

__all__ = ["THEMES", "Theme", "application_icon"]

_LARGE_FONT = 20  # pixels of line height from which a desktop's own font counts as large

_ROLES = {
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


class Theme(QObject):
    """The look of the application. ``changed`` tells those who draw by themselves, or hold icons or sizes."""

    changed = Signal()

    def __init__(self, application: QApplication, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._application = application
        self._choice = "system"
        self._font_scale = 100
        self._base_font = QFont(application.font())
        self._files = IconFiles()
        self.closed = False
        self._colours: dict[str, str] = {}
        application.setStyle("Fusion")
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    def use(self, choice: str, font_scale: int | None = None) -> None:
        """Put on a theme (``light``, ``dark`` or ``system``), with the font at ``font_scale`` percent of the desktop's.

        Without ``font_scale`` the font stays as it is.
        """
        self.begin(choice, self._font_scale if font_scale is None else font_scale)
        self.dress()
        self.changed.emit()

    def begin(self, choice: str, font_scale: int) -> None:
        """Put on colours and font only: for a window that is still being built, which :meth:`dress` then finishes.

        With a style sheet on, Qt looks through it again for each widget that finds its place in another one.
        """
        self._choice = choice if choice in THEMES else "system"
        self._font_scale = font_scale
        self._colours = _colours(self.name)
        self._application.setFont(self._font())
        self._application.setPalette(self._palette())

    def dress(self) -> None:
        """Put on the style sheet that goes with what :meth:`begin` chose."""
        self._application.setStyleSheet(self._style_sheet())

    def close(self) -> None:
        """Take it all off again."""
        QGuiApplication.styleHints().colorSchemeChanged.disconnect(self._system_changed)
        self._application.setStyleSheet("")
        self._application.setFont(self._base_font)
        self.closed = True

    @property
    def name(self) -> str:
        """``light`` or ``dark``: what is on now."""
        if self._choice != "system":
            return self._choice
        dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return "dark" if dark else "light"

    @property
    def scale(self) -> float:
        """How much larger than usual what goes with the font has to be: 1.0 at an ordinary font, 2.0 at 200 %."""
        height = QFontMetrics(self._base_font).height()
        return self._font_scale / 100 * max(1.0, height / _LARGE_FONT)

    def px(self, length: float) -> int:
        """A length of :mod:`kandinsky_studio.ui.sizes` in pixels at the font of now."""
        return round(length * self.scale)

    def colour(self, name: str) -> QColor:
        """A colour of the theme by its name in the JSON file. Raises ``KeyError`` if there is none."""
        return QColor(self._colours[name])

    def icon(self, name: str, colour: str = "text", checked: str = "accent_line") -> QIcon:
        """The icon ``name`` of ``resources/icons`` in a colour of the theme, in ``checked`` where it is switched on.

        Sharp at every size and screen scale. Ask again after ``changed``.
        """
        found = self._colours
        return self._files.icon(name, found[colour], found["disabled"], found[checked])

    def _system_changed(self) -> None:
        if self._choice == "system":
            self.use("system")

    def _font(self) -> QFont:
        font = QFont(self._base_font)
        if font.pointSizeF() > 0:
            font.setPointSizeF(font.pointSizeF() * self._font_scale / 100)
        else:  # a desktop that gives its font in pixels
            font.setPixelSize(round(font.pixelSize() * self._font_scale / 100))
        return font

    def _palette(self) -> QPalette:
        palette = QPalette()
        for role, name in _ROLES.items():
            palette.setColor(role, self.colour(name))
        for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.colour("disabled"))
        return palette

    def _style_sheet(self) -> str:
        text = (paths.resources() / "theme" / "studio.qss").read_text(encoding="utf-8")
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        text = re.sub(r"\b(\d+)u([+-]\d+)?\b", lambda m: f"{self.px(int(m[1])) + int(m[2] or 0)}px", text)
        text = re.sub(r"@(?!icon\()([a-z_]+)", lambda m: self._colours[m[1]], text)
        return re.sub(r"@icon\((\w+), (\w+)\)", lambda m: f'url("{self._files.file(m[1], self._colours[m[2]])}")', text)


@lru_cache(maxsize=2)
def _colours(name: str) -> dict[str, str]:
    values = json.loads((paths.resources() / "theme" / f"{name}.json").read_text(encoding="utf-8"))
    return {str(key): str(value) for key, value in values.items()}
