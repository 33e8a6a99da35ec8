"""What a hand that moves is shown: drafts, one after the other, until the whole picture is made."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from kandinsky_studio.app.images import to_image
from kandinsky_studio.app.making import Maker, Means
from kandinsky_studio.engine.request import GenerationResult
from kandinsky_studio.errors import StudioError

SEEN = 384  # pixels along the longer side of what is shown


class Drafter(Maker):
    """Base of what makes drafts while the hand moves. ``picture_changed``: :attr:`image` is another, or none."""

    picture_changed = Signal()

    def __init__(self, means: Means, parent: QObject | None = None) -> None:
        super().__init__(means, parent)
        self._image: QImage | None = None
        self._is_draft = False
        self._refused = ""  # what was said last about drafts that can't be: once is enough for a drag

    @property
    def image(self) -> QImage | None:
        """The picture of where the hand is, or of where it was shortly before."""
        return self._image

    @property
    def is_draft(self) -> bool:
        """Whether :attr:`image` is one."""
        return self._is_draft

    def leave(self) -> None:
        """The hand is elsewhere: take a draft off the canvas."""
        self._refused = ""
        self._candidates.show_draft(None)

    def _show(self, image: QImage | None, is_draft: bool) -> None:
        self._image, self._is_draft = image, is_draft
        self.picture_changed.emit()

    def _refuse(self, error: StudioError) -> None:
        """Say once why there is no draft, not with each move."""
        if str(error) != self._refused:
            self._refused = str(error)
            self._messages.error(error, passing=True)


def small(result: GenerationResult) -> QImage:
    """The picture of ``result``, at most :data:`SEEN` pixels long."""
    image = to_image(result.image)
    if max(image.width(), image.height()) <= SEEN:
        return image
    return image.scaled(SEEN, SEEN, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
