"""What keeps a start of the program from being the one that runs, or from being portable."""

from kandinsky_studio.errors.base import QT_TRANSLATE_NOOP, StudioError


class AlreadyRunning(StudioError):
    message = QT_TRANSLATE_NOOP("errors", "Kandinsky Studio is already running.")
    hint = QT_TRANSLATE_NOOP("errors", "Its window was brought to the front.")


class FilesHandedOver(AlreadyRunning):
    message = AlreadyRunning.message
    hint = QT_TRANSLATE_NOOP("errors", "The files are opened in its window, which was brought to the front.")


class NotAnswering(StudioError):
    """Values: ``seconds``."""

    message = QT_TRANSLATE_NOOP("errors", "Kandinsky Studio is running, but has not answered for {seconds} s.")
    hint = QT_TRANSLATE_NOOP(
        "errors",
        "Give it a moment. If its window stays as it is, end it and start again: what was painted comes back.",
    )


class AnotherVersionRunning(StudioError):
    """It speaks another language with its second starts."""

    message = QT_TRANSLATE_NOOP("errors", "Another version of Kandinsky Studio is running.")
    hint = QT_TRANSLATE_NOOP("errors", "Close its window, which is in front now, and start again.")


class RunningElsewhere(StudioError):
    """Values: ``computer``, ``file``."""

    message = QT_TRANSLATE_NOOP(
        "errors", "Kandinsky Studio is running on the computer {computer}, with the same library."
    )
    hint = QT_TRANSLATE_NOOP("errors", "Close it there. If it does not run there any more, delete {file}.")


class PortableNotWritable(StudioError):
    """Values: ``folder``."""

    message = QT_TRANSLATE_NOOP(
        "errors", "Nothing can be written to {folder}, so settings and pictures are kept on this computer."
    )
    hint = QT_TRANSLATE_NOOP("errors", "Allow writing to it and start again, or delete it.")
