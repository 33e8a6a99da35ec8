"""The languages of the window, switched while it runs.

To add a language: one line in ``LANGUAGES``, one ``resources/i18n/kandinsky_studio_xx.ts`` with its ``.qm``.
"""

from __future__ import annotations

import os
from pathlib import Path

from PySide6 import QtCore
from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QObject, QTranslator

from kandinsky_studio import paths

LANGUAGES = {"en": "English", "ru": "Русский"}
"""Codes and what each language calls itself."""

SYSTEM = ""


def system_language() -> str:
    """The language of the desktop if we speak it, else English."""
    for name in QLocale.system().uiLanguages():
        code = name.replace("_", "-").split("-")[0]
        if code in LANGUAGES:
            return code
    return "en"


class Translation(QObject):
    """Puts one language at a time into the application; widgets hear of it through ``LanguageChange``."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._installed: list[QTranslator] = []
        self.language = "en"

    def use(self, language: str) -> None:
        """Switch to ``language`` (a key of :data:`LANGUAGES`, or "" for the desktop's)."""
        self.language = language if language in LANGUAGES else system_language()
        self.remove()
        QLocale.setDefault(QLocale(self.language))
        folder = os.fspath(paths.resources() / "i18n")
        for name, place in (
            (f"qtbase_{self.language}", _folder_of_qt()),
            (f"kandinsky_studio_{self.language}", folder),
        ):
            translator = QTranslator(self)
            if translator.load(name, place):
                self._installed.append(translator)
                QCoreApplication.installTranslator(translator)

    def remove(self) -> None:
        """Take the language out again; the source texts are English, and so are numbers beside them."""
        QLocale.setDefault(QLocale("en"))
        for translator in self._installed:
            QCoreApplication.removeTranslator(translator)
            translator.deleteLater()
        self._installed.clear()


def _folder_of_qt() -> str:
    """Where Qt's own translations are. In a folder with a comma Qt gets that wrong: it reads it as it reads settings."""
    said = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
    package = Path(QtCore.__file__).parent
    there = (place for place in (said, package / "Qt" / "translations", package / "translations") if place.is_dir())
    return os.fspath(next(there, said))
