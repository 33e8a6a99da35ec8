"""Brushes that are set up already: a name, the tool and all of its settings.

To add one: an entry in ``PRESETS`` with what differs from ``ORDINARY``, its name in ``resources/i18n``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Tool
from kandinsky_studio.tools.curves import STRAIGHT

ORDINARY: Mapping[str, Any] = {
    "hardness": 0.8,
    "opacity": 1.0,
    "flow": 1.0,
    "spacing": 0.1,
    "smoothing": 0.0,
    "roundness": 1.0,
    "angle": 0.0,
    "pressure_size": False,
    "pressure_opacity": False,
    "pressure_flow": False,
    "tilt_roundness": False,
    "pressure_curve": STRAIGHT,
}
_FIRM = ((0.0, 0.0), (0.5, 0.3), (1.0, 1.0))  # light lines stay thin for long


@dataclass(frozen=True, eq=False)
class Preset:
    """``title`` is an English source text in the context ``tools``, ``tool`` the id of a painting tool."""

    title: str
    tool: str
    size: float
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        """Every setting of the tool, by its attribute."""
        return {**ORDINARY, "size": self.size, **self.settings}


PRESETS: tuple[Preset, ...] = (
    Preset(QT_TRANSLATE_NOOP("tools", "Hard round"), "brush", 20.0, {"hardness": 0.95, "pressure_size": True}),
    Preset(QT_TRANSLATE_NOOP("tools", "Soft round"), "brush", 80.0, {"hardness": 0.1, "pressure_opacity": True}),
    Preset(
        QT_TRANSLATE_NOOP("tools", "Ink"),
        "brush",
        12.0,
        {"hardness": 1.0, "spacing": 0.04, "smoothing": 0.35, "pressure_size": True, "pressure_curve": _FIRM},
    ),
    Preset(
        QT_TRANSLATE_NOOP("tools", "Soft pencil"),
        "brush",
        5.0,
        {"hardness": 0.6, "flow": 0.7, "pressure_size": True, "pressure_opacity": True, "tilt_roundness": True},
    ),
    Preset(
        QT_TRANSLATE_NOOP("tools", "Airbrush"),
        "brush",
        200.0,
        {"hardness": 0.0, "flow": 0.08, "spacing": 0.06, "pressure_flow": True},
    ),
    Preset(
        QT_TRANSLATE_NOOP("tools", "Flat brush"),
        "brush",
        48.0,
        {"hardness": 0.85, "roundness": 0.25, "angle": 45.0, "spacing": 0.03, "pressure_opacity": True},
    ),
    Preset(QT_TRANSLATE_NOOP("tools", "Single pixels"), "pencil", 1.0, {"hardness": 1.0}),
    Preset(QT_TRANSLATE_NOOP("tools", "Hard eraser"), "eraser", 40.0, {"hardness": 0.95, "pressure_size": True}),
    Preset(QT_TRANSLATE_NOOP("tools", "Soft eraser"), "eraser", 100.0, {"hardness": 0.0, "pressure_opacity": True}),
)


def apply(preset: Preset, tool: Tool) -> None:
    """Give ``tool``, the one that ``preset`` is for, all its settings."""
    for attribute, value in preset.values.items():
        setattr(tool, attribute, value)


def current(tool: Tool) -> Preset | None:
    """The preset whose settings ``tool`` has, but for the size, which one changes all the time."""
    for preset in PRESETS:
        values = {attribute: value for attribute, value in preset.values.items() if attribute != "size"}
        if preset.tool == tool.id and all(getattr(tool, attribute) == value for attribute, value in values.items()):
            return preset
    return None


def step(tool: Tool, by: int) -> Preset:
    """The preset that comes after the one ``tool`` has, or before it; from none, the first that is for ``tool``."""
    here = current(tool)
    if here is None:
        return next((preset for preset in PRESETS if preset.tool == tool.id), PRESETS[0])
    return PRESETS[(PRESETS.index(here) + by) % len(PRESETS)]
