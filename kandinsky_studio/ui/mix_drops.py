"""What is dropped to be mixed: layers, pigments, pictures and words; and how such things are shown."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QObject, QPoint, Qt
from PySide6.QtGui import QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from kandinsky_studio.app.ingredients import Put
from kandinsky_studio.app.mix_slots import OfLayer, Source, Words
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, StudioError
from kandinsky_studio.ui.easel import dropping
from kandinsky_studio.ui.layer_tree import LAYERS, layer_ids
from kandinsky_studio.ui.widgets.pad_drawing import Corner
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


class Drops(QObject):
    """Lets what can be mixed be dropped on ``widget``.

    ``mark`` is called with where something is held over it, and with None when it is gone; ``put_at`` gives what takes
    the pieces of what is dropped there.
    """

    def __init__(
        self,
        widget: QWidget,
        studio: Studio,
        mark: Callable[[QPoint | None], None],
        put_at: Callable[[QPoint], Put],
    ) -> None:
        super().__init__(widget)
        self._studio = studio
        self._mark = mark
        self._put_at = put_at
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragMoveEvent) and event.type() in (QEvent.Type.DragEnter, QEvent.Type.DragMove):
            if not takes(event.mimeData()):
                return False
            self._mark(event.position().toPoint())
            event.acceptProposedAction()
        elif isinstance(event, QDragLeaveEvent):
            self._mark(None)
        elif isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            self._mark(None)
            take(event.mimeData(), self._studio, self._put_at(event.position().toPoint()))
            accept(event)
        else:
            return False
        return True


def corner_of(source: Source) -> Corner:
    """How ``source`` is shown on the pad and the strip."""
    if isinstance(source, Words):
        return Corner(source.title())
    return Corner(source.title(), source.picture(), "layers" if isinstance(source, OfLayer) else "style")
