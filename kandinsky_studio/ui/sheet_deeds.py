"""What the commands do with documents as files: make, open, save, export, close."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Qt, Slot
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

from kandinsky_studio.app.editor import Sheet
from kandinsky_studio.app.files import EXPORTS, NATIVE, OPENABLE
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.deeds import file_name
from kandinsky_studio.ui.dialogs.new_document import NewDocumentDialog
from kandinsky_studio.ui.dialogs.unsaved import UnsavedDialog
from kandinsky_studio.ui.workbench import Workbench, sheet_title


class SheetDeeds(QObject):
    """Connects the commands of files and tabs with the editor."""

    def __init__(self, studio: Studio, actions: Actions, bench: Workbench, window: QWidget) -> None:
        super().__init__(window)
        self._studio = studio
        self._editor = studio.editor
        self._bench = bench
        self._window = window
        commands = actions.commands
        self.recent = QMenu(window)
        self.recent.aboutToShow.connect(self._fill_recent)
        commands.implement("file.new", self.new)
        commands.implement("file.open", self.open)
        commands.implement("file.open_recent", self._open_last)
        self._of_document = [
            commands.implement("file.save", self.save),
            commands.implement("file.save_as", self.save_as),
            commands.implement("file.save_incremental", self.save_next),
            commands.implement("file.export", self.export),
            commands.implement("file.close_tab", self._close_front),
        ]
        commands.implement("file.next_tab", lambda: bench.step(1))
        commands.implement("file.previous_tab", lambda: bench.step(-1))
        commands.implement("edit.paste_into_new", self.paste_into_new)
        self._question: UnsavedDialog | None = None
        bench.close_wanted.connect(self.close)
        bench.front_changed.connect(self.update_enabled)
        self.update_enabled()

    @Slot()
    def update_enabled(self) -> None:
        """Without a document in front there is nothing to save."""
        for action in self._of_document:
            action.setEnabled(self._front() is not None)

    def _front(self) -> Sheet | None:
        return self._editor.sheet if self._bench.shows_document else None

    @Slot()
    def new(self) -> None:
        """Ask for a size, then begin an empty document."""
        image = QGuiApplication.clipboard().image()
        copied = (image.width(), image.height()) if not image.isNull() else None
        spec = self._studio.models.find(self._studio.settings.values.model)
        dialog = NewDocumentDialog(
            spec.native_size * 4 if spec and spec.native_size < 256 else 1024, copied, self._window
        )
        dialog.wanted.connect(self._begin)
        dialog.open()

    @Slot(int, int, object)
    def _begin(self, width: int, height: int, ground: QColor | None) -> None:
        self._editor.new(width, height, ground)

    @Slot()
    def open(self) -> None:
        """Ask for files and open each."""
        kinds = f"{self.tr('Documents and pictures')} ({' '.join(OPENABLE)});;{self.tr('All files')} (*)"
        names, _ = QFileDialog.getOpenFileNames(self._window, self.tr("Open"), str(self._folder()), kinds)
        for name in names:
            self._editor.open(Path(name))

    def _fill_recent(self) -> None:
        self.recent.clear()
        for name in self._studio.remembering.values.recent_files:
            path = Path(name)
            action = self.recent.addAction(f"{path.name}    {path.parent}".replace("&", "&&"))
            action.triggered.connect(lambda _=False, path=path: self._editor.open(path))
        if self.recent.isEmpty():
            self.recent.addAction(self.tr("Nothing yet")).setEnabled(False)

    @Slot()
    def _open_last(self) -> None:
        """From the palette or by a key: the newest file that is not open now."""
        opened = {str(sheet.path) for sheet in self._editor.sheets}
        name = next((name for name in self._studio.remembering.values.recent_files if name not in opened), None)
        if name is not None:
            self._editor.open(Path(name))

    @Slot()
    def paste_into_new(self) -> None:
        """The picture in the clipboard as a document of its size."""
        image = QGuiApplication.clipboard().image()
        if not image.isNull():
            self._editor.add_picture(image, self.tr("Pasted"))

    @Slot()
    def save(self) -> None:
        """To its file; one without a file is asked for a name."""
        sheet = self._front()
        if sheet is not None:
            self.save_sheet(sheet)

    def save_sheet(self, sheet: Sheet, then: Callable[[], None] = lambda: None) -> bool:
        """Save; False if the user did not want to say where to."""
        path = sheet.path
        if path is None:
            path = self._ask_path(sheet)
        if path is None:
            return False
        self._editor.save(sheet, path, then)
        return True

    @Slot()
    def save_as(self) -> None:
        sheet = self._front()
        if sheet is not None and (path := self._ask_path(sheet)) is not None:
            self._editor.save(sheet, path)

    @Slot()
    def save_next(self) -> None:
        """Beside the file, under its name with the next free number: picture-001, picture-002 …"""
        sheet = self._front()
        if sheet is None:
            return
        if sheet.path is None:
            self.save_sheet(sheet)
            return
        self._editor.save(sheet, next_version(sheet.path))

    def _ask_path(self, sheet: Sheet) -> Path | None:
        source = sheet.path or sheet.document.source
        name = (source.stem if source else file_name(sheet_title(sheet))) + NATIVE
        folder = source.parent if source is not None and source.parent.is_dir() else self._folder()
        kinds = f"OpenRaster (*{NATIVE})"
        chosen, _ = QFileDialog.getSaveFileName(self._window, self.tr("Save the document"), str(folder / name), kinds)
        if not chosen:
            return None
        path = Path(chosen)
        return path if path.suffix.lower() == NATIVE else path.with_name(path.name + NATIVE)

    @Slot()
    def export(self) -> None:
        """The picture as it is seen, in a format that others read."""
        sheet = self._front()
        if sheet is None:
            return
        source = sheet.path or sheet.document.source
        name = (source.stem if source else file_name(sheet_title(sheet))) + ".png"
        kinds = ";;".join(f"{title} ({' '.join(f'*{suffix}' for suffix in suffixes)})" for title, suffixes in EXPORTS)
        proposal = str(self._folder() / name)
        chosen, kind = QFileDialog.getSaveFileName(self._window, self.tr("Export the picture"), proposal, kinds)
        if not chosen:
            return
        path = Path(chosen)
        if not path.suffix and (suffix := re.search(r"\*(\.\w+)", kind)):
            path = path.with_suffix(suffix.group(1))
        self._studio.remembering.set(last_folder=str(path.parent))
        self._editor.export(sheet, path, self._studio.remembering.values.export_quality)

    # ------------------------------------------------------------------ closing

    @Slot()
    def _close_front(self) -> None:
        sheet = self._front()
        if sheet is not None:
            self.close(sheet)

    @Slot(object)
    def close(self, sheet: Sheet) -> None:
        """Ask what is to become of what is not saved; then close."""
        if sheet not in self._editor.sheets:
            return
        self._editor.show(sheet)
        self._editor.finish_tool()
        if sheet.saving:
            self._when_settled(lambda: self.close(sheet))
            return
        if not sheet.unsaved:
            self._editor.close_sheet(sheet)
            return
        question = QMessageBox(self._window)
        question.setIcon(QMessageBox.Icon.Warning)
        question.setWindowTitle("Kandinsky Studio")
        question.setText(self.tr("{document} is not saved.").format(document=sheet_title(sheet)))
        question.setInformativeText(self.tr("Without saving, what you changed is lost."))
        save = question.addButton(self.tr("Save"), QMessageBox.ButtonRole.AcceptRole)
        drop = question.addButton(self.tr("Close without saving"), QMessageBox.ButtonRole.DestructiveRole)
        stay = question.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        question.setDefaultButton(save)
        question.setEscapeButton(stay)
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def answered() -> None:
            if question.clickedButton() is save:
                self.save_sheet(sheet, lambda: self._close_if_open(sheet))
            elif question.clickedButton() is drop:
                self._close_if_open(sheet)

        question.finished.connect(answered)
        question.open()

    def may_close_all(self, then: Callable[[], None]) -> bool:
        """Whether nothing is lost when the window closes. If not, the user is asked about each document.

        ``then`` is called later, once everything is saved or given up; never if the user, or a disk, does not let it.
        """
        self._editor.finish_tool()
        if self._question is not None:
            self._question.activateWindow()
            return False
        if any(sheet.saving for sheet in self._editor.sheets):
            self._when_settled(then)
            return False
        unsaved = [sheet for sheet in self._editor.sheets if sheet.unsaved]
        if not unsaved:
            return True
        question = self._question = UnsavedDialog(unsaved, self._window)

        def over() -> None:
            self._question = None

        def answered(save: list[Sheet], drop: list[Sheet]) -> None:
            self._save_each(save, lambda: self._drop_and(drop, then))

        question.finished.connect(over)
        question.answered.connect(answered)
        question.open()
        return False

    def _save_each(self, sheets: list[Sheet], then: Callable[[], None]) -> None:
        """Save all, ``then`` go on if every one could be. Who does not want to say where to wants none of it."""
        places: list[tuple[Sheet, Path]] = []
        for sheet in sheets:
            self._editor.show(sheet)
            path = sheet.path or self._ask_path(sheet)
            if path is None:
                return
            places.append((sheet, path))
        if not places:
            then()
        left = [sheet for sheet, _ in places]

        def saved(sheet: Sheet) -> None:
            left.remove(sheet)
            if not left:
                then()

        for sheet, path in places:
            self._editor.save(sheet, path, lambda sheet=sheet: saved(sheet))  # type: ignore[misc]

    def _drop_and(self, sheets: list[Sheet], then: Callable[[], None]) -> None:
        for sheet in sheets:
            self._close_if_open(sheet)
        then()

    def _when_settled(self, then: Callable[[], None]) -> None:
        """Go on when nothing is being saved any more."""
        sheet = next((sheet for sheet in self._editor.sheets if sheet.saving), None)
        if sheet is None:
            then()
        else:
            sheet.settled.connect(
                lambda: self._when_settled(then),
                Qt.ConnectionType(
                    Qt.ConnectionType.QueuedConnection.value | Qt.ConnectionType.SingleShotConnection.value
                ),
            )

    def _close_if_open(self, sheet: Sheet) -> None:
        if sheet in self._editor.sheets:
            self._editor.close_sheet(sheet)

    def _folder(self) -> Path:
        pictures = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
        places = [Path(place) for place in (self._studio.remembering.values.last_folder, pictures) if place]
        return next((place for place in places if place.is_dir()), Path.home())


def next_version(path: Path) -> Path:
    """``path`` with the next number at the end of its name that no file has."""
    found = re.fullmatch(r"(.*?)-(\d+)", path.stem)
    stem, number, digits = (found[1], int(found[2]), len(found[2])) if found else (path.stem, 0, 3)
    while True:
        number += 1
        candidate = path.with_name(f"{stem}-{number:0{digits}}{path.suffix}")
        if not candidate.exists():
            return candidate
