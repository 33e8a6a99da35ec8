"""The icons of ``resources/icons``, coloured.

They are drawn on a grid of 24 with strokes of 1.5 in ``currentColor``; Qt's SVG engine paints them at whatever size and
screen scale is asked for, so they are as sharp at 125 % as at 200 %. To add one: a file; its name is the icon's name.
"""

from __future__ import annotations

import tempfile
from functools import cache, lru_cache
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon

from kandinsky_studio import paths

PROGRAM = "kandinsky-studio"
"""The icon of the program itself, which has colours of its own."""


def names() -> frozenset[str]:
    """What :meth:`IconFiles.icon` can draw."""
    return frozenset(file.stem for file in _folder().glob("*.svg")) - {PROGRAM}


def application_icon() -> QIcon:
    """The icon of the program."""
    return QIcon((_folder() / f"{PROGRAM}.svg").as_posix())


@lru_cache(maxsize=512)
def drawing(name: str) -> str:
    """The SVG text of the icon ``name``, in ``currentColor``. Raises ``FileNotFoundError`` if there is none."""
    return (_folder() / f"{name}.svg").read_text(encoding="utf-8")


def coloured(name: str, colour: str) -> bytes:
    """The SVG of the icon ``name`` in ``colour`` (``#rrggbb``)."""
    return drawing(name).replace("currentColor", colour).encode()


class IconFiles:
    """One file per icon and colour: style sheets and Qt's SVG engine take pictures from files.

    They lie in one folder for all of the process, and stay until :func:`remove_files`: a widget that outlives its theme
    by a moment still finds them.
    """

    def __init__(self) -> None:
        self._icons: dict[tuple[str, str, str, str], QIcon] = {}

    def file(self, name: str, colour: str) -> str:
        """The path of the icon ``name`` in ``colour`` (``#rrggbb``), with forward slashes."""
        return _written(name, colour)

    def icon(self, name: str, colour: str, disabled: str, checked: str) -> QIcon:
        """The icon ``name`` in ``colour``, and in those it takes where it can't be used and where it is switched on."""
        known = self._icons.get((name, colour, disabled, checked))
        if known is None:
            known = self._icons[name, colour, disabled, checked] = self._made(name, colour, disabled, checked)
        return known

    def _made(self, name: str, colour: str, disabled: str, checked: str) -> QIcon:
        icon = QIcon()
        for state, shown in ((QIcon.State.Off, colour), (QIcon.State.On, checked)):
            for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):  # under the pointer Qt shows it as ever
                icon.addFile(self.file(name, shown), QSize(), mode, state)
            icon.addFile(self.file(name, disabled), QSize(), QIcon.Mode.Disabled, state)
        return icon


def remove_files() -> None:
    """Delete what :class:`IconFiles` wrote, at the end of the program. Python does so too, if it ends in order."""
    _written.cache_clear()
    _files().cleanup()
    _files.cache_clear()


@cache
def _written(name: str, colour: str) -> str:
    path = Path(_files().name, f"{name}-{colour.removeprefix('#')}.svg")
    path.write_bytes(coloured(name, colour))
    return path.as_posix()


@lru_cache(maxsize=1)
def _files() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="kandinsky-studio-")


def _folder() -> Path:
    return paths.resources() / "icons"
