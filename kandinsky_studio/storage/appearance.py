"""How the window looked last, out of the file of the preferences: what is needed before the rest of them is read.

Imports nothing large, since a window is waiting for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from kandinsky_studio import paths

FILE_NAME = "preferences.json"
THEMES = ("system", "light", "dark")
FONT_SCALES = (100, 200)
"""The least and the greatest size of the text, in percent of the desktop's."""


@dataclass(frozen=True)
class Appearance:
    """``theme`` is one of :data:`THEMES`, ``font_scale`` within :data:`FONT_SCALES`; ``geometry`` is base64 of Qt's."""

    theme: str = "system"
    font_scale: int = FONT_SCALES[0]
    geometry: str = ""


def load(file: Path | None = None) -> Appearance:
    """What ``file`` says (where the program keeps its preferences, if it is not given).

    Never fails and changes nothing: what can't be read is as at a first start. Reading the preferences themselves is
    what notices that they are damaged.
    """
    try:
        values = json.loads((file or paths.config() / FILE_NAME).read_bytes())
        theme, scale, geometry = (values.get(name) for name in ("theme", "font_scale", "window_geometry"))
    except (OSError, ValueError, RecursionError, AttributeError):
        return Appearance()
    least, greatest = FONT_SCALES
    return Appearance(
        theme if theme in THEMES else Appearance.theme,
        scale if type(scale) is int and least <= scale <= greatest else Appearance.font_scale,
        geometry if isinstance(geometry, str) else Appearance.geometry,
    )
