"""Where what is mixed comes from: layers, selections, pictures of other programs, files, pigments and words.

Each way hands the :class:`~kandinsky_studio.app.mix_slots.Source` that it comes to, to whoever asked; a message says why
if there is none. Files are read in a lane, so theirs arrive later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from kandinsky_studio.app import mix_pictures
from kandinsky_studio.app.editor import Editor
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.mix_slots import OfLayer, OfPalette, OfSelection, Picture, Source, Words, name_of
from kandinsky_studio.app.pigments import Pigments, stored_idea
from kandinsky_studio.document.surface import from_rgba, to_rgba
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.errors import NoLayer, NothingOnLayer, NothingSelected, StudioError
from kandinsky_studio.storage.image_files import read_image
from kandinsky_studio.storage.pictures import read_record
from kandinsky_studio.storage.pigments import SUFFIX as PIGMENT_SUFFIX
from kandinsky_studio.storage.pigments import read as read_pigment

Put = Callable[[Source], None]


class Ingredients(QObject):
    """Makes sources of what is given to it; ``put`` takes them."""

    def __init__(
        self, editor: Editor, pigments: Pigments, messages: Messages, library: Path, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._editor = editor
        self._pigments = pigments
        self._messages = messages
        self._library = library
        self._lane = Lane("mix", self)

    def close(self) -> None:
        """End the thread that reads files."""
        self._lane.close(drop=True)

    def flush(self) -> None:
        """Wait until files that were added are read."""
        self._lane.flush()

    def words(self, text: str, put: Put) -> None:
        """Words as an ingredient of their own."""
        put(Words(" ".join(text.split())))

    def image(self, image: QImage, name: str, put: Put) -> None:
        """A picture that came from another program."""
        rgba = to_rgba(image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied))
        put(Picture(name, Raster(mix_pictures.fitted(Raster.of(rgba).pixels))))

    def file(self, path: Path, put: Put) -> None:
        """A picture file, or the file of a saved idea; a picture of the library brings the idea it was made from."""
        kept = path.is_relative_to(self._library)

        def work() -> Source:
            if path.suffix.lower() == PIGMENT_SUFFIX:
                return OfPalette(read_pigment(path))
            image = from_rgba(read_image(path).pixels)
            raster = Raster(mix_pictures.fitted(Raster.of(to_rgba(image)).pixels))
            idea, model = (stored_idea(path) if kept else None) or (None, "")
            return Picture((_prompt_of(path) if kept else "") or path.stem, raster, idea, model)

        self._lane.run(work, put, self._messages.error)

    def pigment(self, name: str, put: Put) -> None:
        """A pigment of the palette by its name."""
        pigment = self._pigments.named(name)
        if pigment is not None:
            put(OfPalette(pigment))

    def layers(self, ids: Sequence[int] | None, put: Put) -> None:
        """Layers of the document in front, by default the active one."""
        sheet = self._editor.sheet
        if ids is None and sheet is not None and sheet.document.active_id is not None:
            ids = [sheet.document.active_id]
        try:
            if sheet is None or not ids:
                raise NoLayer
            self._editor.finish_tool()
            for id in ids:
                source, layer = OfLayer(sheet, id), sheet.document.state.layer(id)
                if mix_pictures.of_layer(sheet.document, layer) is None:
                    raise NothingOnLayer(layer=name_of(layer))
                put(source)
        except StudioError as error:
            self._messages.error(error)

    def selection(self, put: Put) -> None:
        """What is seen in the selection of the document in front."""
        sheet = self._editor.sheet
        mask = mix_pictures.selected(sheet.document) if sheet is not None else None
        try:
            if sheet is None or mask is None or mix_pictures.of_selection(sheet.document, mask) is None:
                raise NothingSelected
            put(OfSelection(sheet, mask))
        except StudioError as error:
            self._messages.error(error)


def _prompt_of(path: Path) -> str:
    """What a picture of the library is called in a mix; nothing if it does not say. Waits on the disk."""
    try:
        return " ".join(read_record(path)[0].request.prompt.split())
    except StudioError:
        return ""
