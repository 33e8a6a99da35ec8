"""The mixing pad: a puck between two to five things, and the picture of where it is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, QSize, Qt, Slot
from PySide6.QtGui import QEnterEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.files import OPENABLE
from kandinsky_studio.app.ingredients import Put
from kandinsky_studio.app.pad import DRAFT_STEPS, MOST
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.mix_drops import Drops, corner_of
from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.flow_row import FlowRow
from kandinsky_studio.ui.widgets.form_area import FormArea
from kandinsky_studio.ui.widgets.pad_field import PadField
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.picture_box import PictureBox
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.tool_button import IconButton

_MOST_STEPS = 30
_PREVIEW = 168  # pixels


class PadPanel(Panel):
    """Shows the studio's :class:`~kandinsky_studio.app.pad.MixingPad` and moves its puck; it keeps nothing of its own.

    What is dropped on a corner goes there, what is dropped elsewhere to a new one.
    """

    key = "pad"
    area = Qt.DockWidgetArea.RightDockWidgetArea

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__(studio, theme, actions)
        self.pad = studio.pad
        self.unable = paragraph("warning")
        self.teaching = paragraph("muted")
        self.field = PadField(theme)
        self.preview = PictureBox(theme, _PREVIEW)
        self.words = QLineEdit()
        self.words.setMaxLength(4000)
        self.add_picture, self.take_mix, self.use_in_mix = QPushButton(), QPushButton(), QPushButton()
        self.noise = IconButton(theme, "dice")
        self.steps = LabelledSlider(theme, 1, _MOST_STEPS, DRAFT_STEPS)
        self.over_canvas = QCheckBox()
        self._build()
        self._connect()
        self._drops = Drops(self, studio, self._mark, self._put_at)
        self.retranslate()
        self._show_corners()
        self._show_picture()

    def title(self) -> str:
        return self.tr("Pad")

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        body = QWidget()
        body.setObjectName("formBody")
        adding, using = FlowRow(self.add_picture, self.take_mix), FlowRow(self.use_in_mix, self.noise)
        column = QVBoxLayout(body)
        column.setContentsMargins(LARGE, MEDIUM, LARGE, MEDIUM)
        column.setSpacing(SMALL)
        for widget in (self.unable, self.teaching, self.field, self.preview, using, self.steps, self.over_canvas):
            column.addWidget(widget)
        column.addSpacing(TIGHT)
        column.addWidget(self.words)
        column.addWidget(adding)
        column.addStretch(1)
        self._using = using
        self._scroll = FormArea(body)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._scroll)

    def _connect(self) -> None:
        pad, field = self.pad, self.field
        pad.corners_changed.connect(self._show_corners)
        pad.moved.connect(self._show_place)
        pad.picture_changed.connect(self._show_picture)
        pad.trail.changed.connect(self._show_trail)
        pad.changed.connect(self._show)
        self.studio.model_chosen.connect(self._show)
        field.moved.connect(pad.move)
        field.rested.connect(pad.render)
        field.corner_chosen.connect(self._all_of)
        field.corner_removed.connect(pad.remove)
        field.empty.connect(self.ask_for_pictures)
        field.visited.connect(lambda number: pad.visit(pad.trail.visited[number]))
        field.stepped.connect(pad.step)
        field.left.connect(pad.leave)
        field.menu_wanted.connect(self._open_menu)
        self.words.returnPressed.connect(self._add_words)
        self.add_picture.clicked.connect(self.ask_for_pictures)
        self.take_mix.clicked.connect(pad.take_mix)
        self.use_in_mix.clicked.connect(pad.use_in_mix)
        self.noise.clicked.connect(pad.draw_noise)
        self.steps.changed.connect(lambda steps: pad.set_steps(round(steps)))
        self.over_canvas.clicked.connect(pad.set_over_canvas)

    def retranslate(self) -> None:
        self.teaching.setText(
            self.tr(
                "Drop two to five pictures, layers, pigments or words here. Drag the point between them: the picture "
                "follows, and where you let go it is made whole and kept."
            )
        )
        self.preview.set_words(self.tr("Drag the point between the corners, or click one of them."))
        self.preview.setAccessibleName(self.tr("Picture of the mix"))
        self.words.setPlaceholderText(self.tr("Words for a corner, then Enter"))
        self.words.setAccessibleName(self.tr("Words for a corner"))
        self.add_picture.setText(self.tr("Add picture…"))
        self.take_mix.setText(self.tr("Take those of the mix"))
        self.use_in_mix.setText(self.tr("Use in the mix"))
        self.use_in_mix.setToolTip(self.tr("The corners go into the mix, with the weights of now"))
        self.noise.set_words(self.tr("Other noise: the same mix, drawn differently"))
        self.steps.set_words(
            self.tr("Draft steps"),
            self.tr("Of the picture while you drag. Fewer are faster; a double click gives what shows the right mix."),
        )
        self.over_canvas.setText(self.tr("Over the canvas"))
        self.over_canvas.setToolTip(
            self.tr("Drafts are laid over the frame of the document, and whole pictures wait there as candidates")
        )
        self._show()

    # ------------------------------------------------------------------ what is shown

    @Slot()
    def _show_corners(self) -> None:
        self.field.show_corners([corner_of(source) for source in self.pad.corners])
        self._show()

    @Slot()
    def _show_place(self) -> None:
        self.field.show_place(self.pad.place)
        self._show_trail()

    @Slot()
    def _show_trail(self) -> None:
        visited, here = self.pad.trail.visited, self.pad.here
        chosen = visited.index(here) if here is not None else None
        self.field.show_trail([(one.place, one.image, one.finished) for one in visited], chosen)

    @Slot()
    def _show_picture(self) -> None:
        self.preview.show_image(self.pad.image, self.tr("Draft") if self.pad.is_draft else "")
        self._show_trail()

    @Slot()
    def _show(self) -> None:
        pad, studio = self.pad, self.studio
        model = studio.models.title(studio.settings.values.model)
        self.unable.setVisible(not studio.mixing.able)
        self.unable.setText(
            self.tr("{model} can’t mix. These can: {others}.").format(
                model=model, others=", ".join(studio.mixing.able_models())
            )
        )
        enough = len(pad.corners) > 1
        self.teaching.setVisible(not enough)
        self.preview.setVisible(enough)
        self._using.setVisible(enough)
        self.steps.setVisible(enough)
        self.steps.set_number(pad.steps)
        self.over_canvas.setVisible(enough and studio.editor.sheet is not None)
        self.over_canvas.setChecked(pad.over_canvas)
        full = len(pad.corners) >= MOST
        self.words.setEnabled(not full)
        self.add_picture.setEnabled(not full)
        self.take_mix.setEnabled(any(not slot.negative for slot in studio.mixing.slots))

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        if any(source.sheet is not None for source in self.pad.corners):
            self._show_corners()  # layers that were painted on meanwhile

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_corners()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.pad.leave()

    # ------------------------------------------------------------------ what is done

    @Slot(int)
    def _all_of(self, corner: int) -> None:
        self.pad.go_to(corner)
        self.pad.render()

    @Slot()
    def _add_words(self) -> None:
        self.studio.ingredients.words(self.words.text(), self.pad.add)
        self.words.clear()

    @Slot()
    def ask_for_pictures(self) -> None:
        """Let the user choose files."""
        kinds = f"{self.tr('Pictures')} ({' '.join(OPENABLE)})"
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Add to the mixing pad"), "", kinds)
        for name in names:
            self.studio.ingredients.file(Path(name), self.pad.add)

    @Slot(int, object)
    def _open_menu(self, corner: int, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("All of it"), lambda: self._all_of(corner))
        menu.addAction(self.tr("Take it away"), lambda: self.pad.remove(corner))
        menu.popup(place)

    def _mark(self, place: QPoint | None) -> None:
        self.field.mark(None if place is None else self.field.mapFrom(self, place))

    def _put_at(self, place: QPoint) -> Put:
        """What puts the first piece at the corner under the pointer, and each further one at a new one."""
        targets = iter([self.field.corner_at(QPointF(self.field.mapFrom(self, place)))])
        return lambda source: self.pad.add(source, next(targets, None))

    def focus_first(self) -> None:
        (self.field if len(self.pad.corners) > 1 else self.words).setFocus()

    def minimumSizeHint(self) -> QSize:
        """Never narrower than what stands in it, which has no scroll bar to bring its right edge into sight."""
        own = super().minimumSizeHint()
        return QSize(max(own.width(), self._scroll.least_width), own.height())

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(300), self.theme.px(320))
