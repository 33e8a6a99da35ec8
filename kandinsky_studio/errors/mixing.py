"""What can't go into a mix."""

from kandinsky_studio.errors.base import QT_TRANSLATE_NOOP, StudioError
from kandinsky_studio.errors.requests import InvalidRequest


class UnknownLayer(InvalidRequest):
    """Values: ``layer``."""

    message = QT_TRANSLATE_NOOP("errors", "There is no layer called “{layer}” to mix.")
    hint = QT_TRANSLATE_NOOP("errors", "Write its name as the list of layers shows it, or take it out of the mix.")


class NothingOnLayer(InvalidRequest):
    """Values: ``layer``."""

    message = QT_TRANSLATE_NOOP("errors", "There is nothing on {layer} that could be mixed.")
    hint = QT_TRANSLATE_NOOP("errors", "Paint something on it, or choose another layer.")


class NothingSelected(InvalidRequest):
    message = QT_TRANSLATE_NOOP("errors", "There is nothing in the selection that could be mixed.")
    hint = QT_TRANSLATE_NOOP("errors", "Select a part of the picture, then add it to the mix.")


class NoIdea(InvalidRequest):
    message = QT_TRANSLATE_NOOP("errors", "This picture has no idea that could be kept as a pigment.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose one that was made here, with a model that finds an idea first.")


class BrokenStyle(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} can't be read as a style.")
    hint = QT_TRANSLATE_NOOP("errors", "Delete it, or put a whole copy in its place.")


class TooFewForStyle(InvalidRequest):
    """Values: ``minimum``, ``maximum``."""

    message = QT_TRANSLATE_NOOP("errors", "A style is made of {minimum} to {maximum} pictures.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose pictures that have nothing in common but their style.")


class BrokenPigment(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} can't be read as a pigment.")
    hint = QT_TRANSLATE_NOOP("errors", "Delete it, or put a whole copy in its place.")
