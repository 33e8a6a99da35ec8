"""The strip: pictures on the way from one thing to another, to be used one by one or as a film."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, Slot
from PySide6.QtGui import QEnterEvent, QImage, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout

from kandinsky_studio.app.files import OPENABLE
from kandinsky_studio.app.images import to_image
from kandinsky_studio.app.ingredients import Put
from kandinsky_studio.app.mix_slots import Source, Words
from kandinsky_studio.app.strip import FEWEST, MOST, Frame
from kandinsky_studio.app.strip_export import Pace
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.mix_drops import Drops, corner_of
from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.strip_form import StripForm
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.film_strip import Cell
from kandinsky_studio.ui.widgets.form_area import FormArea

_SMALL = 256  # pixels along the longer side of a frame in the strip


class StripPanel(Panel):
    """Shows the studio's :class:`~kandinsky_studio.app.strip.Strip`, and which of its frames is chosen."""

    key = "strip"
    area = Qt.DockWidgetArea.BottomDockWidgetArea

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__(studio, theme, actions)
        self.strip, self.export = studio.strip, studio.strip_export
        self._chosen: Frame | None = None
        self._pictures: dict[Frame, QImage] = {}
        self.form = StripForm(theme, FEWEST, MOST)
        self._scroll = FormArea(self.form)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._scroll)
        self._connect()
        self._drops = Drops(self, studio, self._mark, self._put_at)
        self.retranslate()
        self._show_ends()
        self._show_frames()

    def title(self) -> str:
        return self.tr("Strip")

    def _connect(self) -> None:
        strip, form = self.strip, self.form
        strip.ends_changed.connect(self._show_ends)
        strip.frames_changed.connect(self._show_frames)
        strip.frame_changed.connect(self._frame_changed)
        strip.changed.connect(self._show)
        self.export.changed.connect(self._show)
        self.studio.model_chosen.connect(self._show)
        for number, end in enumerate(form.ends):
            end.clicked.connect(lambda number=number: self.ask_for_picture(number))
            end.worded.connect(lambda text, number=number: self._set_words(number, text))
            end.cleared.connect(lambda number=number: strip.set_end(number, None))
        form.make.clicked.connect(self._make_or_stop)
        form.count.changed.connect(lambda count: strip.set_count(round(count)))
        form.way.activated.connect(lambda number: strip.set_spherical(number == 1))
        form.swap.clicked.connect(strip.swap)
        form.take_mix.clicked.connect(strip.take_mix)
        form.film.chosen.connect(self.choose)
        form.film.opened.connect(lambda number: self._open(number))
        form.film.refined.connect(lambda number: strip.refine(strip.frames[number]))
        for button, use in (
            (form.refine, strip.refine),
            (form.use, strip.use_on_canvas),
            (form.open, strip.open),
            (form.to_mix, strip.use_in_mix),
        ):
            button.clicked.connect(lambda _=False, use=use: self._with_chosen(use))
        form.export.clicked.connect(self._export_or_stop)
        self.theme.changed.connect(form.fit_film)

    def retranslate(self) -> None:
        self.form.retranslate_all()
        self._show()

    # ------------------------------------------------------------------ what is shown

    @Slot()
    def _show_ends(self) -> None:
        for slot, source in zip(self.form.ends, self.strip.ends, strict=True):
            words = source.text if isinstance(source, Words) else None
            slot.show_corner(corner_of(source) if source is not None and words != "" else None, words)

    @Slot()
    def _show_frames(self) -> None:
        frames = self.strip.frames
        self._pictures = {frame: image for frame, image in self._pictures.items() if frame in frames}
        if self._chosen not in frames:
            self._chosen = None
        self._show()

    @Slot(object)
    def _frame_changed(self, frame: Frame) -> None:
        if frame.result is not None and frame not in self._pictures:
            image = to_image(frame.result.image)
            if max(image.width(), image.height()) > _SMALL:
                aspect, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
                image = image.scaled(_SMALL, _SMALL, aspect, smooth)
            self._pictures[frame] = image
        self._show_film()

    def _show_film(self) -> None:
        frames = self.strip.frames
        current = frames.index(self._chosen) if self._chosen is not None else -1
        cells = [Cell(frame.share, self._pictures.get(frame), frame.progress) for frame in frames]
        self.form.film.show_cells(cells, current, bool(frames) and self.strip.can_refine(frames[0]))

    @Slot()
    def _show(self) -> None:
        strip, form, studio = self.strip, self.form, self.studio
        model = studio.models.title(studio.settings.values.model)
        form.unable.setVisible(not strip.able)
        form.unable.setText(
            self.tr("{model} can’t mix. These can: {others}.").format(
                model=model, others=", ".join(studio.mixing.able_models())
            )
        )
        form.show_film(bool(strip.frames), strip.made > 1)
        form.fit_film()
        self._show_film()
        form.make.setText(
            self.tr("Cancel ({done} of {count})").format(done=strip.made, count=len(strip.frames))
            if strip.busy
            else self.tr("Make the strip")
        )
        form.make.setEnabled(strip.busy or strip.ready)
        form.count.set_number(strip.count)
        form.way.setCurrentIndex(int(strip.spherical))
        form.take_mix.setEnabled(len([slot for slot in studio.mixing.slots if not slot.negative]) > 1)
        form.swap.setEnabled(any(end is not None for end in strip.ends))
        there = self._chosen is not None and self._chosen.result is not None
        form.refine.setEnabled(self._chosen is not None and strip.can_refine(self._chosen))
        form.use.setEnabled(there and studio.editor.sheet is not None)
        form.open.setEnabled(there)
        form.to_mix.setEnabled(self._chosen is not None)
        progress = self.export.progress
        form.export.setText(
            self.tr("Export…")
            if progress is None
            else self.tr("Cancel ({done} of {count})").format(done=progress[0], count=progress[1])
        )

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        if any(source is not None and source.sheet is not None for source in self.strip.ends):
            self._show_ends()  # layers that were painted on meanwhile

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_ends()

    # ------------------------------------------------------------------ what is done

    @Slot(int)
    def choose(self, number: int) -> None:
        """Choose a frame, and bring it into sight."""
        self._chosen = self.strip.frames[number]
        self._show()
        area = self.form.film.area_of(number)
        self.form.frames.ensureVisible(area.center().x(), area.center().y(), area.width(), 0)

    def _open(self, number: int) -> None:
        self.choose(number)
        self.strip.open(self.strip.frames[number])

    def _with_chosen(self, use: Callable[[Frame], None]) -> None:
        if self._chosen is not None:
            use(self._chosen)

    def _set_words(self, number: int, text: str) -> None:
        self.strip.set_end(number, Words(text) if text else None)

    @Slot()
    def _make_or_stop(self) -> None:
        if self.strip.busy:
            self.strip.cancel()
        else:
            self.strip.make()

    def ask_for_picture(self, number: int) -> None:
        """Let the user choose a file for an end."""
        kinds = f"{self.tr('Pictures')} ({' '.join(OPENABLE)})"
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Picture for the strip"), "", kinds)
        if name:
            self.studio.ingredients.file(Path(name), lambda source: self.strip.set_end(number, source))

    @Slot()
    def _export_or_stop(self) -> None:
        if self.export.progress is not None:
            self.export.cancel()
            return
        kind = str(self.form.kind.currentData())
        folder = Path(self.studio.remembering.values.last_folder or Path.home())
        title = self.tr("Folder for the pictures") if kind == "png" else self.tr("Save the film as")
        start = folder / (self.tr("Strip") + ("" if kind == "png" else f".{kind}"))
        kinds = "" if kind == "png" else f"{self.form.kind.currentText()} (*.{kind})"
        name, _ = QFileDialog.getSaveFileName(self, title, str(start), kinds)
        if not name:
            return
        path = Path(name)
        if kind == "png":
            self.export.frames(path)
        else:
            path = path if path.suffix.lower() == f".{kind}" else path.with_name(f"{path.name}.{kind}")
            self.export.film(path, Pace(self.form.fps.number, self.form.back.isChecked()))

    def _end_at(self, place: QPoint) -> int | None:
        for number, end in enumerate(self.form.ends):
            if end.rect().contains(end.mapFrom(self, place)):
                return number
        return None

    def _mark(self, place: QPoint | None) -> None:
        target = None if place is None else self._end_at(place)
        for number, end in enumerate(self.form.ends):
            end.picture.mark(number == target)

    def _put_at(self, place: QPoint) -> Put:
        """What puts the first piece at the end under the pointer, and others where nothing is yet."""
        targets = iter([self._end_at(place)])

        def put(source: Source) -> None:
            target = next(targets, None)
            if target is None:
                self.strip.add(source)
            else:
                self.strip.set_end(target, source)

        return put

    def focus_first(self) -> None:
        (self.form.film if self.strip.frames else self.form.ends[0].words).setFocus()

    def minimumSizeHint(self) -> QSize:
        """Never narrower than the form, which has no scroll bar to bring its right edge into sight."""
        own = super().minimumSizeHint()
        return QSize(max(own.width(), self._scroll.least_width), own.height())

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(600), self.theme.px(168))
