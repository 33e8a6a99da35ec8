"""What the commands of the first minutes do: the welcome page, the tour, the sample, and pictures on their way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Slot
from PySide6.QtGui import QMouseEvent

from kandinsky_studio import paths
from kandinsky_studio.app.images import to_image
from kandinsky_studio.app.mix_slots import OfLayer
from kandinsky_studio.app.sheet import Sheet
from kandinsky_studio.app.worker import ModelState
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.tools.mask_brush import MaskBrush
from kandinsky_studio.ui.tour import Tour
from kandinsky_studio.ui.welcome import WelcomePage

if TYPE_CHECKING:
    from kandinsky_studio.ui.main_window import MainWindow

SAMPLE = "sample.ora"


class WelcomeDeeds(QObject):
    """``page`` is there from the first time it is wanted; it stands over the stage while nothing else does."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._studio = studio = window.studio
        self._stage = window.stage
        self.page: WelcomePage | None = None
        self._engine_is_there = False  # it told of a model: before, there is nobody to look at this computer
        self._asked = False  # for the page, by the command: it stays over a picture, too
        self.tour = Tour(window)
        self.tour.ended.connect(self._tour_ended)
        implement = window.actions_.commands.implement
        implement("help.welcome", self.show_page)
        implement("help.tour", self.start_tour)
        implement("help.sample", self.open_sample)
        self._add = implement("gallery.add_to_mix", self.add_to_mix)
        self._stage.installEventFilter(self)
        window.gallery.view.doubleClicked.connect(lambda _: self._open_picture())
        studio.easel.changed.connect(self._picture_changed)
        studio.editor.opened.connect(self._document_opened)
        studio.generation.submitted.connect(self._submitted)
        studio.generation.queue_changed.connect(self._show_drawn)
        studio.worker.model_state.connect(self._engine_told)
        if not studio.remembering.values.welcomed:
            self._show()
        self._picture_changed()

    # ------------------------------------------------------------------ the page

    @Slot()
    def show_page(self) -> None:
        """Again, because somebody asked for it; over whatever picture is on the stage."""
        self._asked = True
        self._window.bench.show_pictures()
        self._show()
        if self.page is not None:
            self.page.focus_first()

    def _show(self) -> None:
        if self.page is None:
            self.page = WelcomePage(self._studio, self._window.theme, self._window.actions_, self._stage)
            self.page.chosen.connect(self._window.use_example)
            self.page.skipped.connect(self.skip)
        self.page.setGeometry(self._stage.rect())
        self.page.show()
        self.page.raise_()
        self._stage.set_covered(True)
        self._window.picture_bar.hide()
        if self._engine_is_there:
            self._studio.looking.look()

    @Slot(object)
    def _engine_told(self, state: ModelState) -> None:
        self._engine_is_there |= bool(state.device)
        if self._engine_is_there and self.page is not None and not self.page.isHidden():
            self._studio.looking.look()

    def _hide(self) -> None:
        if self.page is not None and not self.page.isHidden():
            self.page.hide()
            self._stage.set_covered(False)
            self._window.picture_bar.show()
        self._asked = False

    @Slot()
    def skip(self) -> None:
        """For ever, but for the command."""
        self._studio.remembering.set(welcomed=True)
        self._hide()
        self._window.prompt.focus_first()

    @Slot(int)
    def _submitted(self, _job_id: int) -> None:
        """Who makes a picture has begun."""
        if not self._window.bench.shows_document:
            self._studio.remembering.set(welcomed=True)
            self._hide()

    @Slot(object)
    def _document_opened(self, sheet: Sheet) -> None:
        self._studio.remembering.set(welcomed=True)
        self._hide()
        brush = self._studio.editor.tools["mask_brush"]
        canvas = sheet.document.state.canvas
        shorter = min(canvas.width, canvas.height)
        if isinstance(brush, MaskBrush) and brush.size > shorter / 2:  # one dab would mask all of it
            brush.size = max(round(shorter / 4), 1)
            self._studio.editor.options_changed.emit()

    @Slot()
    def _picture_changed(self) -> None:
        easel = self._studio.easel
        self._add.setEnabled(easel.item is not None and not easel.is_preview)
        if easel.pixels is not None and not self._asked:
            self._hide()

    @Slot()
    def _show_drawn(self) -> None:
        """The empty stage says that something is being made, until there is something to see of it."""
        job = self._studio.generation.current
        order = self._studio.generation.order
        request = self._studio.generation.request_of(job if job is not None else order[0]) if order else None
        self._stage.empty.show_drawn(request.prompt if request is not None else None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize and watched is self._stage and self.page is not None:
            self.page.setGeometry(self._stage.rect())
        elif isinstance(event, QMouseEvent) and event.type() is QEvent.Type.MouseButtonDblClick:
            self._open_picture()
        return False

    # ------------------------------------------------------------------ the tour, the sample

    @Slot()
    def start_tour(self) -> None:
        """From its beginning; the page makes room for it."""
        self._hide()
        self.tour.start()

    @Slot()
    def _tour_ended(self) -> None:
        """Who only looked finds the page where it was."""
        nothing = self._studio.easel.pixels is None and not self._studio.generation.busy
        if nothing and not self._studio.remembering.values.welcomed:
            self._show()

    @Slot()
    def open_sample(self) -> None:
        """A copy without a file; its two pictures stand ready to be mixed."""
        names = {"Ground": self.tr("Ground"), "Circle": self.tr("Circle"), "Triangle": self.tr("Triangle")}
        self._studio.editor.open_copy(paths.resources() / "samples" / SAMPLE, names, self._sample_opened)

    def _sample_opened(self, sheet: Sheet) -> None:
        studio, mixing = self._studio, self._studio.mixing
        if not mixing.slots:
            pictures = [layer for layer in sheet.document.state.layers if layer.kind is Kind.PIXELS][-2:]
            mixing.take_over([(OfLayer(sheet, layer.id), 0.5) for layer in pictures])
            mixing.set_used(False)
        if not studio.settings.values.prompt.strip():
            studio.settings.set(prompt=self.tr("a green star on a blue background"))
        studio.messages.note(self.tr("The sample: Fill draws the red part anew, and Mix has both pictures ready."))

    # ------------------------------------------------------------------ the picture at hand

    def _open_picture(self) -> None:
        action = self._window.actions_.commands.action("gallery.open_as_document")
        if action.isEnabled():
            action.trigger()

    @Slot()
    def add_to_mix(self) -> None:
        """The gallery's picture with the idea it was made from; the panel comes to the front, to show it."""
        item = self._studio.easel.item
        if item is None:
            return
        if item.path is not None:
            self._studio.mixing.add_file(item.path)
        elif item.unsaved is not None:
            self._studio.mixing.add_image(to_image(item.unsaved.image), item.request.prompt)
        self._window.show_panel("mix")
