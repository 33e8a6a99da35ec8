"""What can't be done to a document."""

from kandinsky_studio.errors.base import QT_TRANSLATE_NOOP, Refusal


class SizeTooLarge(Refusal):
    """Values: ``width``, ``height``, ``maximum``."""

    message = QT_TRANSLATE_NOOP("errors", "{width} × {height} pixels are not a size that a document can have.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose a width and a height from 1 to {maximum}.")


class LayerLocked(Refusal):
    """Values: ``layer``."""

    message = QT_TRANSLATE_NOOP("errors", "{layer} is locked or hidden.")
    hint = QT_TRANSLATE_NOOP("errors", "Unlock it and show it in the list of layers, or choose another layer.")


class NoLayer(Refusal):
    message = QT_TRANSLATE_NOOP("errors", "There is no layer to work on.")
    hint = QT_TRANSLATE_NOOP("errors", "Add a layer, or choose one in the list of layers.")


class NoPixels(Refusal):
    """Values: ``layer``."""

    message = QT_TRANSLATE_NOOP("errors", "{layer} is a group and has no pixels of its own.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose one of the layers in it.")


class NoMask(Refusal):
    """Values: ``layer``."""

    message = QT_TRANSLATE_NOOP("errors", "{layer} has no mask.")
    hint = QT_TRANSLATE_NOOP("errors", "Give it one in the list of layers, or choose another layer.")


class NothingToMove(Refusal):
    """An empty layer, or a selection of nothing of it. Values: ``layer``."""

    message = QT_TRANSLATE_NOOP("errors", "There is nothing on {layer} that could be moved here.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose another layer, or select something of this one.")
