"""What is wrong with the words of a prompt."""

from kandinsky_studio.errors.base import QT_TRANSLATE_NOOP, StudioError
from kandinsky_studio.errors.requests import InvalidRequest


class UnknownWildcard(InvalidRequest):
    """Values: ``name``."""

    message = QT_TRANSLATE_NOOP("errors", "There is no wildcard called “{name}”.")
    hint = QT_TRANSLATE_NOOP(
        "errors", "Make a text file of that name in the folder of wildcards, one choice per line, or take it out."
    )


class WildcardsInACircle(InvalidRequest):
    """Values: ``name``."""

    message = QT_TRANSLATE_NOOP("errors", "The wildcard “{name}” leads back to itself.")
    hint = QT_TRANSLATE_NOOP("errors", "Take its name out of the files that it draws its lines from.")


class LayersDiffer(InvalidRequest):
    message = QT_TRANSLATE_NOOP("errors", "The alternatives in the prompt name different layers.")
    hint = QT_TRANSLATE_NOOP("errors", "Make one picture at a time, or name the layers outside of the braces.")


class BrokenStyles(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} holds no styles that can be read.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose a file that was exported from here.")
