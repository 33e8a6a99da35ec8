"""What keeps the program from telling whether there is a new version."""

from kandinsky_studio.errors.base import QT_TRANSLATE_NOOP, StudioError


class NoNewsAddress(StudioError):
    message = QT_TRANSLATE_NOOP("errors", "This copy of Kandinsky Studio names no place that tells of new versions.")
    hint = QT_TRANSLATE_NOOP("errors", "Fill in the address that you were given, or ask whoever gave you the program.")


class NewsNotReached(StudioError):
    """Values: ``host``."""

    message = QT_TRANSLATE_NOOP("errors", "{host} could not be asked for new versions.")
    hint = QT_TRANSLATE_NOOP(
        "errors", "See whether this computer is online and the address is right, or try again later."
    )


class NoNews(StudioError):
    """Values: ``host``."""

    message = QT_TRANSLATE_NOOP("errors", "What {host} sent does not tell of versions of Kandinsky Studio.")
    hint = QT_TRANSLATE_NOOP(
        "errors", "See whether the address is right, and whether this network wants a login first."
    )
