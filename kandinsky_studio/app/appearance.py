"""How the window looked last: for the window that is on the screen before the preferences are read."""

from kandinsky_studio.storage.appearance import THEMES, Appearance, load

__all__ = ["THEMES", "Appearance", "load"]
