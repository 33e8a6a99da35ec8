"""Pictures that come onto the canvas: dropped, pasted, imported, or taken from the gallery."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QPointF, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from kandinsky_studio.app.files import OPENABLE
from kandinsky_studio.app.images import to_image
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.document.surface import Pixels
from kandinsky_studio.errors import StudioError
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.easel import dropping
from kandinsky_studio.ui.easel.dropping import Dropped
from kandinsky_studio.ui.workbench import Workbench

PLACE = "application/x-kandinsky-studio-place"
"""With a picture in the clipboard: where on the plane it was copied from, “x y width height”."""

_NAME = 40  # characters of a prompt that become the name of a layer


class Arrivals(QObject):
    """On a document a picture becomes a layer; on the page of pictures it opens as a document."""

    def __init__(self, studio: Studio, actions: Actions, bench: Workbench, window: QWidget) -> None:
        super().__init__(window)
        self._studio = studio
        self._editor = studio.editor
        self._bench = bench
        self._window = window
        self._view = bench.page.view
        commands = actions.commands
        self._on_document = [
            commands.implement("edit.paste", self.paste),
            commands.implement("layer.from_clipboard", self.paste),
            commands.implement("file.import_as_layer", self._import),
        ]
        self._of_gallery = [
            commands.implement("gallery.open_as_document", self._open_picture),
            commands.implement("gallery.place_on_document", self._place_picture),
        ]
        self._view.dropped.connect(self._arrived)
        bench.stage.setAcceptDrops(True)
        bench.stage.installEventFilter(self)
        bench.front_changed.connect(self.update_enabled)
        studio.easel.changed.connect(self.update_enabled)
        self._editor.opened.connect(lambda _: self.update_enabled())
        self._editor.closed.connect(lambda _: self.update_enabled())
        self.update_enabled()

    @Slot()
    def update_enabled(self) -> None:
        for action in self._on_document:
            action.setEnabled(self._bench.shows_document)
        easel = self._studio.easel
        there = easel.item is not None and not easel.is_preview
        for action, possible in zip(self._of_gallery, (there, there and bool(self._editor.sheets)), strict=True):
            action.setEnabled(possible)

    # ------------------------------------------------------------------ from outside

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent) and dropping.takes(event.mimeData()):
            event.acceptProposedAction()
            return True
        if isinstance(event, QDropEvent) and event.type() is QEvent.Type.Drop:
            try:
                for one in dropping.pictures(event.mimeData()):
                    self._open(one)
            except StudioError as error:
                self._studio.messages.error(error)
            event.acceptProposedAction()
            return True
        return False

    def _open(self, one: Dropped) -> None:
        if one.path is not None:
            self._editor.open(one.path)
        elif one.image is not None:
            self._editor.add_picture(one.image, self.tr("Dropped"))

    @Slot(list)
    def _arrived(self, found: list[Dropped]) -> None:
        for one in found:
            at = one.at or self._middle()
            if one.path is not None and one.path.suffix.lower() in (".ora", ".psd", ".psb"):
                self._editor.open(one.path)  # a document is not squeezed into one layer
            elif one.path is not None:
                self._editor.place_file(one.path, (at.x(), at.y()))
            elif one.image is not None:
                self._editor.place(one.image, (at.x(), at.y()))

    @Slot()
    def _import(self) -> None:
        """Ask for pictures and put each on a layer in the middle of what is seen."""
        kinds = f"{self.tr('Pictures')} ({' '.join(OPENABLE)})"
        names, _ = QFileDialog.getOpenFileNames(self._window, self.tr("Import as a layer"), "", kinds)
        for name in names:
            at = self._middle()
            self._editor.place_file(Path(name), (at.x(), at.y()))

    # ------------------------------------------------------------------ from the clipboard

    @Slot()
    def paste(self) -> None:
        """As a layer, where it was copied if that can be seen, else in the middle of what is seen."""
        data = QGuiApplication.clipboard().mimeData()
        image = data.imageData() if data.hasImage() else None
        if isinstance(image, QImage) and (place := self._place_of(image, data)) is not None:
            self._editor.place(image, place)
        else:
            self._view.take(data)

    def _place_of(self, image: QImage, data: QMimeData) -> tuple[float, float] | None:
        parts = bytes(data.data(PLACE).data()).decode("ascii", "replace").split()
        if len(parts) != 4 or not all(part.lstrip("-").isdigit() for part in parts):
            return None
        x, y, width, height = map(int, parts)
        corners = self._corners()
        xs, ys = [point.x() for point in corners], [point.y() for point in corners]
        seen = x < max(xs) and x + width > min(xs) and y < max(ys) and y + height > min(ys)
        if not seen or (width, height) != (image.width(), image.height()):
            return None
        return x + width / 2, y + height / 2

    def _corners(self) -> list[QPointF]:
        view = self._view
        return [view.document_point(QPointF(x, y)) for x in (0, view.width()) for y in (0, view.height())]

    def _middle(self) -> QPointF:
        return self._view.document_point(QPointF(self._view.width() / 2, self._view.height() / 2))

    # ------------------------------------------------------------------ from the gallery

    @Slot()
    def _open_picture(self) -> None:
        """The gallery's picture as a document of its own; the gallery keeps it as it is."""
        item = self._studio.easel.item
        if item is not None:
            title = layer_name(item.request.prompt)

            def arrived(pixels: Pixels) -> None:
                self._editor.add_picture(to_image(pixels), title or self.tr("Picture"), title)

            self._studio.gallery.read(item, arrived)

    @Slot()
    def _place_picture(self) -> None:
        """The gallery's picture as a layer of the document that was in front last."""
        item = self._studio.easel.item
        if item is None or self._editor.sheet is None:
            return
        name = layer_name(item.request.prompt)

        def arrived(pixels: Pixels) -> None:
            document = self._editor.document
            if document is not None:
                canvas = document.state.canvas
                middle = (canvas.x + canvas.width / 2, canvas.y + canvas.height / 2)
                self._editor.place(to_image(pixels), middle, name)
                self._bench.show_document()

        self._studio.gallery.read(item, arrived)


def layer_name(prompt: str) -> str:
    """A prompt, cut to what a list of layers has room for."""
    words = " ".join(prompt.split())
    return words if len(words) <= _NAME else words[: _NAME - 1].rstrip() + "…"
