"""What goes wrong while a model is opened or draws."""

from kandinsky_studio.errors.base import QT_TRANSLATE_NOOP, StudioError


class ModelNotFound(StudioError):
    """Values: ``model``, ``place``."""

    message = QT_TRANSLATE_NOOP("errors", "The files of {model} are not on this computer (looked in {place}).")
    hint = QT_TRANSLATE_NOOP("errors", "Choose the folder that holds them, or use the built-in model.")


class BuiltinModelMissing(ModelNotFound):
    """Values: ``place``."""

    message = QT_TRANSLATE_NOOP("errors", "The built-in model is missing (looked in {place}).")
    hint = QT_TRANSLATE_NOOP("errors", "It belongs to the program: install Kandinsky Studio again.")


class BrokenModel(StudioError):
    """Values: ``model``, ``reason``."""

    message = QT_TRANSLATE_NOOP("errors", "{model} can't be opened: {reason}.")
    hint = QT_TRANSLATE_NOOP("errors", "Put its files there again, or use the built-in model.")


class OutOfMemory(StudioError):
    """Values: ``device``."""

    message = QT_TRANSLATE_NOOP("errors", "There is not enough memory on {device} for this picture.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose a smaller size, or close other programs.")


class EngineFailed(StudioError):
    """An error nobody foresaw inside the engine. Values: ``reason``."""

    message = QT_TRANSLATE_NOOP("errors", "The picture could not be made: {reason}.")
    hint = QT_TRANSLATE_NOOP("errors", "Try again; if it happens again, copy the details and report it.")


class TrainingGateMissed(StudioError):
    """Values: ``stage``, ``measured``, ``needed``."""

    message = QT_TRANSLATE_NOOP("errors", "The stage “{stage}” reached {measured}; it needs {needed}.")
    hint = QT_TRANSLATE_NOOP("errors", "Give it more steps and start the command again; it goes on where it stopped.")
