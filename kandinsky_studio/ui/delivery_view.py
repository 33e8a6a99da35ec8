"""How far a delivery is: a bar, speed and time left, what went wrong, and every file of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from kandinsky_studio.app.messages import sentences
from kandinsky_studio.app.underway import FileStand, Standing, State, Underway
from kandinsky_studio.ui.sizes import MEDIUM, SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.amounts import data_size
from kandinsky_studio.ui.widgets.fold import Fold
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.status_line import StatusLine
from kandinsky_studio.ui.widgets.translated import Translated


class DeliveryView(Translated):
    """Shows a delivery, or hides. ``brief`` leaves the files out."""

    def __init__(self, theme: Theme, brief: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._brief = brief
        self._shown: Underway | None = None
        self._share = 0.0
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setFixedHeight(theme.px(SMALL))
        self.progress, self.error = paragraph("muted"), paragraph("danger")
        self.files = FileList()
        self.fold = Fold(self.files)
        self.fold.toggled.connect(self._unfolded)
        theme.changed.connect(self._set_icons)
        self._set_icons()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        for widget in (self.bar, self.progress, self.error, self.fold):
            layout.addWidget(widget)
        self.retranslate()

    def show_delivery(self, one: Underway | None, share: float, flaw: str) -> None:
        """``share`` of it is here as long as it does not tell itself; ``flaw`` stands there if there is none."""
        self._shown, self._share = one, share
        self.bar.setVisible(one is not None)
        self.progress.setVisible(one is not None)
        self.fold.setVisible(one is not None and bool(one.files) and not self._brief)
        words = flaw if one is None else " ".join(sentences(one.error)) if one.error is not None else ""
        self.error.setVisible(bool(words))
        self.error.setText(words)
        self.setVisible(one is not None or bool(words))
        if one is None:
            self.fold.set_open(False)
            return
        progress = one.progress
        self.progress.setText(self._progress_text(one))
        self.bar.setValue(round(1000 * (share if progress is None else progress.done / max(progress.total, 1))))
        self.bar.setAccessibleName(self.progress.text())
        if self.fold.is_open:
            self.files.show_files(one.files)

    def retranslate(self) -> None:
        self.fold.set_title(self.tr("Files"))
        self.files.retranslate()
        if self._shown is not None:
            self.show_delivery(self._shown, self._share, "")

    @Slot()
    def _set_icons(self) -> None:
        self.fold.set_icons(self._theme.icon("chevron_right", "muted"), self._theme.icon("chevron_down", "muted"))

    @Slot(bool)
    def _unfolded(self, opened: bool) -> None:
        if opened and self._shown is not None:
            self.files.show_files(self._shown.files)

    def _progress_text(self, one: Underway) -> str:
        if one.state is State.waiting:
            return self.tr("Waits until the other model is here.")
        progress = one.progress
        if progress is None:
            return self.tr("Asking what there is…") if one.state is State.running else self.tr("Paused")
        counted = self.tr("{done} of {total}").format(done=data_size(progress.done), total=data_size(progress.total))
        if one.state is State.paused:
            return counted + " · " + self.tr("paused")
        if one.state is State.failed:
            return counted
        if progress.waiting > 0:
            return counted + " · " + self.tr("tries again in {seconds} s").format(seconds=round(progress.waiting))
        if progress.checking:
            return counted + " · " + self.tr("looking at what is here already")
        parts = [counted, self.tr("{speed} a second").format(speed=data_size(round(progress.speed)))]
        if progress.seconds_left is not None:
            parts.append(self.tr("{time} left").format(time=duration(progress.seconds_left)))
        return " · ".join(parts)


class FileList(Translated):
    """A line for each file below the name of its repository's folder: what it is called, how much is here, its state.

    Lines are made once and written to where something changed: a delivery tells ten times a second how far it is.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[tuple[str, str], tuple[QWidget, QLabel, QLabel]] = {}
        self._shown: dict[tuple[str, str], FileStand] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(MEDIUM)
        self._grid.setVerticalSpacing(TIGHT)
        self._grid.setColumnStretch(0, 1)

    def show_files(self, files: Sequence[FileStand]) -> None:
        """Show how far each of ``files`` is."""
        if [(one.folder, one.path) for one in files] != list(self._lines):
            self._lay_out(files)
        for one in files:
            key = one.folder, one.path
            if self._shown.get(key) != one:
                self._shown[key] = one
                self._write(one)

    def words(self, path: str) -> tuple[str, str]:
        """What is written about a file: how much of it is here, and its state."""
        [(_, counted, state)] = [line for (_, own), line in self._lines.items() if own == path]
        return counted.text(), state.text()

    def retranslate(self) -> None:
        for one in self._shown.values():
            self._write(one)

    def _lay_out(self, files: Sequence[FileStand]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.deleteLater()
        self._lines, self._shown = {}, {}
        folder, row = "", 0
        for one in files:
            if one.folder != folder:
                folder = one.folder
                heading = QLabel(folder)
                heading.setContentsMargins(0, TIGHT if row else 0, 0, 0)
                self._grid.addWidget(heading, row, 0, 1, 3)
                row += 1
            name = StatusLine(Qt.AlignmentFlag.AlignLeft)
            name.setText(one.path)
            name.setToolTip(one.path)
            counted, state = QLabel(), QLabel()
            counted.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for column, label in enumerate((name, counted, state)):
                label.setObjectName("muted")
                self._grid.addWidget(label, row, column)
            self._lines[one.folder, one.path] = name, counted, state
            row += 1

    def _write(self, one: FileStand) -> None:
        name, counted, state = self._lines[one.folder, one.path]
        size = data_size(one.size)
        whole = one.standing is Standing.done or not one.done
        words = size if whole else self.tr("{done} of {total}").format(done=data_size(one.done), total=size)
        told = {
            Standing.waiting: self.tr("waiting") if not one.done else self.tr("begun"),
            Standing.fetching: self.tr("coming"),
            Standing.checking: self.tr("being checked"),
            Standing.again: self.tr("was damaged, comes again"),
            Standing.done: self.tr("here and checked"),
        }[one.standing]
        counted.setText(words)
        state.setText(told)
        look = {Standing.done: "success", Standing.again: "danger"}.get(one.standing, "muted")
        if state.objectName() != look:
            state.setObjectName(look)
            state.style().polish(state)
        name.setAccessibleName(f"{one.path}, {words}, {told}")


def duration(seconds: float) -> str:
    """For people, in the language of the window."""
    if seconds < 90:
        return QCoreApplication.translate("models", "{count} s").format(count=max(round(seconds), 1))
    if seconds < 5400:
        return QCoreApplication.translate("models", "{count} min").format(count=round(seconds / 60))
    return QCoreApplication.translate("models", "{count} h").format(count=round(seconds / 3600))
