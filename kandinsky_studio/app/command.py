"""What a command is, and the kinds of commands there are."""

from __future__ import annotations

from dataclasses import dataclass

from kandinsky_studio.errors import QT_TRANSLATE_NOOP

CATEGORIES: dict[str, str] = {
    "file": QT_TRANSLATE_NOOP("commands", "File"),
    "edit": QT_TRANSLATE_NOOP("commands", "Edit"),
    "image": QT_TRANSLATE_NOOP("commands", "Image"),
    "layer": QT_TRANSLATE_NOOP("commands", "Layer"),
    "selection": QT_TRANSLATE_NOOP("commands", "Selection"),
    "mask": QT_TRANSLATE_NOOP("commands", "Inpaint mask"),
    "depth": QT_TRANSLATE_NOOP("commands", "Depth"),
    "tool": QT_TRANSLATE_NOOP("commands", "Tools"),
    "brush": QT_TRANSLATE_NOOP("commands", "Brush"),
    "view": QT_TRANSLATE_NOOP("commands", "View"),
    "generation": QT_TRANSLATE_NOOP("commands", "Generation"),
    "gallery": QT_TRANSLATE_NOOP("commands", "Gallery"),
    "model": QT_TRANSLATE_NOOP("commands", "Models"),
    "window": QT_TRANSLATE_NOOP("commands", "Window"),
    "help": QT_TRANSLATE_NOOP("commands", "Help"),
}
"""The word before the dot of a command's id, and its title; in the order of the menus."""


@dataclass(frozen=True)
class Command:
    """Something the user can ask for.

    ``id`` is ``category.name`` and never changes: keymaps on users' disks hold it. ``title`` is English, translated in
    the context ``commands``; it says everything by itself, because the palette and tooltips show no menu around it.
    ``keywords`` are further words one may search for, in any language, shown nowhere. ``icon`` is the name of a file in
    ``resources/icons``. ``checkable`` commands switch something on and off.
    """

    id: str
    title: str
    keywords: str = ""
    icon: str | None = None
    checkable: bool = False

    @property
    def category(self) -> str:
        """A key of :data:`CATEGORIES`."""
        return self.id.partition(".")[0]
