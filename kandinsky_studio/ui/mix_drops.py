"""What is dropped to be mixed: layers, pigments, pictures and words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QMimeData, Qt
from PySide6.QtGui import QDropEvent

from kandinsky_studio.app.ingredients import Put
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, StudioError
from kandinsky_studio.ui.easel import dropping
from kandinsky_studio.ui.layer_tree import LAYERS, layer_ids
from kandinsky_studio.ui.widgets.pigment_shelf import PIGMENT

_DROPPED = QT_TRANSLATE_NOOP("MixPanel", "Dropped")


def takes(data: QMimeData) -> bool:
    """Whether there may be something in ``data`` that can be mixed."""
    return dropping.takes(data) or data.hasText() or data.hasFormat(LAYERS) or data.hasFormat(PIGMENT)


def take(data: QMimeData, studio: Studio, put: Put) -> None:
    """Give ``put`` what is in ``data``, piece by piece; a message says why if there is nothing."""
    ingredients = studio.ingredients
    if data.hasFormat(LAYERS):
        ingredients.layers(layer_ids(data), put)
    elif data.hasFormat(PIGMENT):
        ingredients.pigment(bytes(data.data(PIGMENT).data()).decode("utf-8", "replace"), put)
    elif not dropping.takes(data):
        ingredients.words(data.text(), put)
    else:
        try:
            found = dropping.pictures(data)
        except StudioError as error:
            studio.messages.error(error)
            return
        for one in found:
            if one.path is not None:
                ingredients.file(one.path, put)
            elif one.image is not None:
                ingredients.image(one.image, QCoreApplication.translate("MixPanel", _DROPPED), put)


def accept(event: QDropEvent) -> None:
    """Tell where it came from that it was taken, and stays there, too."""
    if event.mimeData().hasFormat(LAYERS):
        event.setDropAction(Qt.DropAction.IgnoreAction)  # else the list of layers would take them out of itself
        event.accept()
    else:
        event.acceptProposedAction()
