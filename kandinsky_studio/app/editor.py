"""What is being painted on: the open documents, the tool in hand, the colours, and the files they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot
from PySide6.QtGui import QColor, QImage

from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.notes import NOTES
from kandinsky_studio.app.opening import Opening
from kandinsky_studio.app.recovery import Recovery
from kandinsky_studio.app.sheet import Sheet
from kandinsky_studio.document import mask_operations, masks, naming, pixel_operations
from kandinsky_studio.document.document import Change, Document, check_size
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Pixels, from_rgba
from kandinsky_studio.errors import NameTaken, NotKept, StudioError
from kandinsky_studio.storage.document_notes import DocumentNote
from kandinsky_studio.storage.documents import (
    ReadDocument,
    export_picture,
    read_document,
    read_grey,
    write_document,
    write_grey,
)
from kandinsky_studio.storage.image_files import Note, ReadImage, read_image
from kandinsky_studio.storage.journal import Journal
from kandinsky_studio.storage.records import Stamp, stamp_of
from kandinsky_studio.storage.recovering import Recovered
from kandinsky_studio.tools import TOOLS
from kandinsky_studio.tools.base import Desk, Tool

__all__ = ["Editor", "Sheet"]


class Editor(QObject):
    """Everything that works on documents. Files are read and written in a lane of their own; nothing here waits.

    ``sheets`` are the open documents in the order of their tabs, ``sheet`` the one in front, None if none is open.
    In ``folder`` every document has a journal while it is open; without a folder there are none.
    """

    opened = Signal(object)  # Sheet
    closed = Signal(object)  # Sheet
    sheet_changed = Signal()  # another document is in front
    document_changed = Signal(object)  # Change, of the document in front
    tool_changed = Signal()
    options_changed = Signal()  # a setting of the tool in hand, by a key or a gesture
    colours_changed = Signal()
    colour_wanted = Signal(bool)  # the user wants to choose the foreground colour, or the background
    overlay_changed = Signal()
    said = Signal(str)  # a source text in the context ``tools``
    file_used = Signal(object)  # Path: it was opened or saved

    def __init__(self, messages: Messages, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        naming.translate = QCoreApplication.translate
        self._messages = messages
        self._journals = folder
        self._lane = Lane("documents", self)
        self.opening = Opening(self._lane, self)
        self.sheets: list[Sheet] = []
        self._asked_early: list[Path] | None = []  # None once :meth:`recover` is through
        self._recovery: Recovery | None = None
        if folder is not None:

            def bring_back(recovered: Recovered) -> Sheet:
                return self.add(recovered.document, recovered=recovered)

            def own() -> set[Path]:
                return {sheet.journal.folder for sheet in self.sheets if sheet.journal is not None}

            self._recovery = Recovery(folder, self._lane, messages, bring_back, own, self)
            self._recovery.ended.connect(self._ready)
        self.sheet: Sheet | None = None
        self._nothing = Document.new(1, 1)
        self.desk = Desk(
            self._nothing,
            colours_changed=self.colours_changed.emit,
            say=self.said.emit,
            fail=messages.error,
            overlay_changed=self.overlay_changed.emit,
        )
        self.tools: dict[str, Tool] = {tool.id: tool(self.desk) for tool in TOOLS}
        self.tool: Tool = self.tools["brush"]

    # ------------------------------------------------------------------ documents

    @property
    def document(self) -> Document | None:
        return self.sheet.document if self.sheet else None

    @property
    def paints_grey(self) -> bool:
        """Whether of a colour only how light it is comes onto the active layer."""
        layer = self.document.active if self.document is not None else None
        return layer is not None and layer.kind is Kind.DEPTH

    def new(self, width: int, height: int, background: QColor | None = None) -> Sheet | None:
        """An empty document, or one filled with ``background``; None, and a message, if it can't have this size."""
        try:
            check_size(width, height)
            image = None
            if background is not None:
                image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
                image.fill(background)
            document = Document.new(width, height, self.tr("Layer 1"), image)
        except Exception as error:  # noqa: BLE001  no memory for it, or no such size
            self._messages.error(error)
            return None
        return self.add(document)

    def add_picture(self, image: QImage, name: str, title: str = "") -> Sheet | None:
        """A document with ``image`` as its one layer ``name``. There is no file of it yet; its tab says ``title``."""
        try:
            document = Document.new(image.width(), image.height(), name, image)
        except Exception as error:  # noqa: BLE001
            self._messages.error(error)
            return None
        document.title = title
        document.history.mark_unsaved()
        return self.add(document)

    def add(
        self, document: Document, file: Path | None = None, stamp: Stamp = None, recovered: Recovered | None = None
    ) -> Sheet:
        """Show a document in a tab of its own, in front.

        ``file`` is what it was read from, ``stamp`` what ``stamp_of`` said before; ``recovered`` is its own journal.
        """
        journal = None
        if self._journals is not None:
            journal = Journal(self._journals, document, file, self._not_kept, stamp=stamp, recovered=recovered)
        sheet = Sheet(document, journal, self)
        sheet.changed.connect(lambda change: self._pass_on(sheet, change))
        self.sheets.append(sheet)
        self.opened.emit(sheet)
        self.show(sheet)
        return sheet

    def _not_kept(self, cause: StudioError) -> None:
        error = NotKept(folder=self._journals)
        error.__cause__ = cause
        self._messages.error(error)

    def _pass_on(self, sheet: Sheet, change: Change) -> None:
        if sheet is self.sheet:
            self.document_changed.emit(change)

    def show(self, sheet: Sheet | None) -> None:
        """Bring a document to the front; what a tool had begun on another one is finished there."""
        if sheet is self.sheet:
            return
        self.finish_tool()
        self.sheet = sheet
        self.desk.document = sheet.document if sheet else self._nothing
        self.sheet_changed.emit()

    def recover(self) -> None:
        """Open what was open when the program ended without being asked to, as it was."""
        if self._recovery is not None:
            self._recovery.start()
        else:
            self._ready()

    @Slot()
    def _ready(self) -> None:
        asked, self._asked_early = self._asked_early or [], None
        for path in asked:
            self.open(path)

    def open_when_ready(self, path: Path) -> None:
        """As :meth:`open`, once :meth:`recover` is through: what comes back may be of the same file."""
        if self._asked_early is None:
            self.open(path)
        else:
            self._asked_early.append(path)

    def close_sheet(self, sheet: Sheet, keep_journal: bool = False) -> None:
        """Let go of a document, saved or not. With ``keep_journal`` the next start brings it back."""
        if sheet is self.sheet:
            self.finish_tool()
        number = self.sheets.index(sheet)
        self.sheets.remove(sheet)
        if sheet is self.sheet:
            self.show(self.sheets[min(number, len(self.sheets) - 1)] if self.sheets else None)
        self.closed.emit(sheet)
        sheet.close(keep_journal)
        sheet.deleteLater()

    def open(self, path: Path) -> None:
        """Read a file; it comes in a tab of its own. One that is open already comes to the front."""
        if self._show_open(path):
            return

        def arrived(found: tuple[Stamp, ReadDocument]) -> None:
            stamp, read = found
            if read.is_document and self._show_open(path):
                return  # it was asked for twice
            document = Document(read.state, path=path if read.is_document else None)
            document.activate(read.active_id)
            if not read.is_document:
                document.source = path
            self.add(document, path, stamp)
            self._tell_notes(read.notes, path)
            self.file_used.emit(path)

        self.opening.read(path, arrived, self._messages.error)

    def open_copy(self, path: Path, names: Mapping[str, str], then: Callable[[Sheet], None] = lambda _: None) -> None:
        """Read a document; it comes as one that has no file yet, and ``then`` gets it.

        Layers that are called as in ``names`` get the names given there.
        """

        def arrived(read: ReadDocument) -> None:
            state = read.state
            for layer in read.state.layers:
                state = state.with_layer(layer.id, name=names.get(layer.name, layer.name))
            document = Document(state)
            document.activate(read.active_id)
            document.history.mark_unsaved()
            then(self.add(document))

        self._lane.run(lambda: read_document(path), arrived, self._messages.error)

    def _show_open(self, path: Path) -> bool:
        known = self._opened_from(path)
        if known is not None:
            self.show(known)
        return known is not None

    def _opened_from(self, path: Path) -> Sheet | None:
        return next((sheet for sheet in self.sheets if sheet.path is not None and _same(sheet.path, path)), None)

    def save(self, sheet: Sheet, path: Path, then: Callable[[], None] = lambda: None) -> None:
        """Write the document to ``path``; ``then`` is called if that went well. What was there is kept beside it.

        The file gets what the document is now, whatever is painted meanwhile. If it can't be written a message says
        why, the file is as it was, and the document stays unsaved.
        """
        if sheet is self.sheet:
            self.finish_tool()
        if path.is_dir() or self._opened_from(path) not in (None, sheet):
            self._messages.error(NameTaken(file=path.name))
            return
        document, journal = sheet.document, sheet.journal
        state, active, mark = document.state.snapshot(), document.active_id, document.history.mark()
        number = journal.mark(path) if journal is not None else 0
        sheet.begin_saving()

        def work() -> Stamp:
            write_document(path, state, active)
            return stamp_of(path)

        def done(stamp: Stamp) -> None:
            self.file_used.emit(path)
            if sheet not in self.sheets:
                return  # closed without waiting for it
            document.path = path
            document.history.mark_saved(mark)
            if journal is not None:
                journal.saved(path, number, stamp)
            sheet.named.emit()
            sheet.end_saving()
            then()

        def failed(error: Exception) -> None:
            self._messages.error(error)
            if sheet in self.sheets:
                sheet.end_saving()

        self._lane.run(work, done, failed)

    def export(self, sheet: Sheet, path: Path, quality: int) -> None:
        """Write the picture as it is seen, in the format that the name says."""
        if sheet is self.sheet:
            self.finish_tool()
        state = sheet.document.state.snapshot()

        def done(notes: tuple[DocumentNote, ...]) -> None:
            self._messages.note(self.tr("{file} is written.").format(file=path.name))
            self._tell_notes(notes, path)

        self._lane.run(lambda: export_picture(path, state, quality), done, self._messages.error)

    def place(self, image: QImage, centre: tuple[float, float], name: str = "") -> None:
        """Put ``image`` on a new layer of the document in front, its middle at ``centre`` (pixels of the document)."""
        document = self.document
        if document is None:
            return
        self.finish_tool()
        try:
            pixel_operations.paste(document, image, centre, name)
        except (StudioError, MemoryError) as error:
            self._messages.error(error)

    def place_file(self, path: Path, centre: tuple[float, float]) -> None:
        """Read a picture and put it on a new layer of the document that is in front now."""
        sheet = self.sheet

        def arrived(picture: ReadImage) -> None:
            if sheet is self.sheet:
                self.place(from_rgba(picture.pixels), centre, path.stem)

        self._lane.run(lambda: read_image(path), arrived, self._messages.error)

    def _tell_notes(self, notes: Iterable[Note | DocumentNote], path: Path) -> None:
        for note in notes:
            self._messages.note(QCoreApplication.translate("documents", NOTES[note]).format(file=path.name))

    def import_mask(self, document: Document, path: Path) -> None:
        """Make the inpaint mask what is light in a picture of the document's size."""

        def arrived(grey: Pixels) -> None:
            try:
                mask_operations.from_pixels(document, grey)
            except StudioError as error:
                self._messages.error(error)

        self._lane.run(lambda: read_grey(path), arrived, self._messages.error)

    def export_mask(self, document: Document, path: Path) -> None:
        """Write the inpaint mask as it is used: grown, feathered, inverted; white is painted anew."""
        layer = document.state.of_kind(Kind.INPAINT)
        if layer is not None:
            grey = masks.effective(layer, document.state.canvas)
            self._lane.run(lambda: write_grey(path, grey), lambda _: None, self._messages.error)

    def flush(self) -> None:
        """Wait until what is being read and written is done."""
        self._lane.flush()

    def close(self) -> None:
        """End the work on files, then let go of everything. What is not saved comes back at the next start."""
        self.opening.cancel_all()
        self._lane.close()
        if self._recovery is not None:
            self._recovery.close()
        for sheet in tuple(self.sheets):
            self.close_sheet(sheet, keep_journal=sheet.unsaved)

    # ------------------------------------------------------------------ the tool in hand

    def take(self, id: str) -> None:
        """Take a tool in hand; what the one before had begun is finished. Raises ``KeyError``."""
        tool = self.tools[id]
        if tool is not self.tool:
            self.finish_tool()
            self.tool = tool
            self.tool_changed.emit()
            self.overlay_changed.emit()

    def finish_tool(self) -> None:
        """End what the tool has begun and keep it; what can't be kept is told."""
        try:
            self.tool.finish()
        except Exception as error:  # noqa: BLE001
            self.tool.abandon()
            self._messages.error(error)

    def set_option(self, attribute: str, value: object) -> None:
        """Change a setting of the tool in hand."""
        setattr(self.tool, attribute, value)
        self.options_changed.emit()

    def set_colours(self, foreground: QColor | None = None, background: QColor | None = None) -> None:
        self.desk.foreground = foreground or self.desk.foreground
        self.desk.background = background or self.desk.background
        self.colours_changed.emit()

    def swap_colours(self) -> None:
        self.set_colours(self.desk.background, self.desk.foreground)

    def reset_colours(self) -> None:
        self.set_colours(QColor(0, 0, 0), QColor(255, 255, 255))


def _same(a: Path, b: Path) -> bool:
    try:
        return a.samefile(b)
    except OSError:
        return a == b
