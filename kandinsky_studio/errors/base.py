"""What every error is."""

from __future__ import annotations


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:
    """Mark ``text`` for Qt Linguist without importing Qt; returns it unchanged."""
    return text


class StudioError(Exception):
    """Base of all errors that are shown to the user.

    ``message`` and ``hint`` are templates for :meth:`str.format`; ``values`` fills both. ``str(error)`` gives the
    English message, ``error.remedy`` the English hint.
    """

    message = QT_TRANSLATE_NOOP("errors", "Something went wrong.")
    hint = QT_TRANSLATE_NOOP("errors", "Try again; if it happens again, copy the details and report it.")

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.message.format(**values))

    @property
    def remedy(self) -> str:
        """The English sentence that says what to do."""
        return self.hint.format(**self.values)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.values)


class Refusal(StudioError):
    """What was asked for can't be done as things stand. Nothing is broken, and nothing was changed."""


def _rebuild(cls: type[StudioError], values: dict[str, object]) -> StudioError:
    return cls(**values)


class Cancelled(Exception):
    """The user cancelled the job."""


def first_line(error: BaseException) -> str:
    """The first line of what ``error`` says, short enough for a sentence."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")[:200]
