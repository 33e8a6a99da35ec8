"""What is being looked at: a picture of the gallery, or the one that is just being made."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from kandinsky_studio.app.gallery import Gallery, Item
from kandinsky_studio.app.generation import Generation
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Pixels, Progress


class Easel(QObject):
    """The picture on the canvas. It follows the jobs until the user looks at something else."""

    changed = Signal()

    def __init__(self, generation: Generation, gallery: Gallery, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._generation = generation
        self._gallery = gallery
        self._following = True
        self._wanted: Item | None = None
        self._preview: Pixels | None = None
        self._preview_of: GenerationRequest | None = None
        self.item: Item | None = None
        self.request: GenerationRequest | None = None
        self._picture: Pixels | None = None
        generation.submitted.connect(self._follow)
        generation.progressed.connect(self._progressed)
        generation.picture_made.connect(self._made)
        generation.ended.connect(self._ended)
        gallery.added.connect(self._saved)
        gallery.removed.connect(self._removed)
        gallery.returned.connect(self.show)

    @property
    def pixels(self) -> Pixels | None:
        """What to show, uint8 (height, width, 3); a preview is smaller than the picture it will be."""
        return self._picture if self._preview is None else self._preview

    @property
    def picture(self) -> Pixels | None:
        """The finished picture, uint8 (height, width, 3), whatever preview may be in front of it."""
        return self._picture

    @property
    def is_preview(self) -> bool:
        return self._preview is not None

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels of what is shown, of a preview those of the picture it will be."""
        if self._preview is not None and self._preview_of is not None:
            return self._preview_of.width, self._preview_of.height
        if self._picture is not None:
            return self._picture.shape[1], self._picture.shape[0]
        return None

    def show(self, item: Item) -> None:
        """Look at ``item``; the jobs go on unseen."""
        self._following = False
        self._wanted = item
        self.item, self.request = item, item.request
        self._preview = None

        def arrived(pixels: Pixels) -> None:
            if self._wanted is item:
                self._set(item, item.request, pixels)

        self._gallery.read(item, arrived)

    def show_pixels(self, pixels: Pixels, request: GenerationRequest | None = None) -> None:
        """Look at pixels that are in no gallery, uint8 (height, width, 3)."""
        self._set(None, request, pixels)

    def clear(self) -> None:
        """Look at nothing."""
        self._set(None, None, None)

    def _set(self, item: Item | None, request: GenerationRequest | None, pixels: Pixels | None) -> None:
        self.item, self.request, self._picture, self._preview = item, request, pixels, None
        self._wanted = item
        self.changed.emit()

    @Slot(int)
    def _follow(self, _job_id: int) -> None:
        self._following = True

    @Slot(int, object)
    def _progressed(self, job_id: int, progress: Progress) -> None:
        if self._following and progress.preview is not None:
            self._preview = progress.preview
            self._preview_of = self._generation.request_of(job_id)
            self.changed.emit()

    @Slot(int, object)
    def _made(self, _job_id: int, result: GenerationResult) -> None:
        if self._following:
            self._set(None, result.request, result.image)

    @Slot(int)
    def _ended(self, _job_id: int) -> None:
        if self._preview is not None:
            self._preview = None
            self.changed.emit()

    @Slot(object)
    def _saved(self, item: Item) -> None:
        """The picture on the canvas has a place in the gallery now; both seeds are in its request, so it is known."""
        if self.item is None and self.request is not None and self.request == item.request:
            self.item = self._wanted = item
            self.changed.emit()

    @Slot(object)
    def _removed(self, item: Item) -> None:
        """A picture that is being saved again comes back in a moment, so an unsaved one stays on the canvas."""
        if item.is_same(self.item):
            if item.unsaved is not None:
                self.item = None
            else:
                self.clear()
