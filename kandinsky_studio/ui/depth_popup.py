"""Opens above a button: how depth counts, what becomes of the depth layer's values, and where they come from."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from kandinsky_studio.app.depth_maps import ESTIMATOR
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.document import depth_operations as operations
from kandinsky_studio.document.depth_operations import Range
from kandinsky_studio.document.surface import Surface
from kandinsky_studio.errors import StudioError
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.popup import Popup
from kandinsky_studio.ui.sizes import SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.note import Note
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.slider import LabelledSlider

_WIDTH = 300
_WHOLE = 100  # percent
_BLUR = 200  # pixels at most
_FOLLOWS = 2048**2  # pixels of a canvas up to which trying out follows the pointer


class DepthPopup(Popup):
    """All that is tried at the range of the depth layer while it is open is one step."""

    def __init__(self, studio: Studio, theme: Theme, actions: Actions, parent: QWidget) -> None:
        super().__init__(theme, _WIDTH, parent)
        self._studio = studio
        self._actions = actions
        self._base: Surface | None = None  # what the layer held when the popup was opened
        self._opened = 0
        self._titles = [_title() for _ in range(3)]
        self.obstacle = paragraph()
        self.scale = LabelledSlider(theme, 0, _WHOLE, _WHOLE, suffix=" %")
        self.start = LabelledSlider(theme, 0, _WHOLE, 0, suffix=" %")
        self.end = LabelledSlider(theme, 0, _WHOLE, _WHOLE, suffix=" %")
        self.far = LabelledSlider(theme, 0, 255, 0)
        self.near = LabelledSlider(theme, 0, 255, 255)
        self.gamma = LabelledSlider(theme, 0.1, 10, 1, decimals=2, logarithmic=True)
        self.blur = LabelledSlider(theme, 0, _BLUR, 0, suffix=" px", logarithmic=True)
        self.invert, self.estimate, self.layer = QPushButton(), QPushButton(), QPushButton()
        self.offer = QPushButton()
        self.way = Note(self.offer)
        self._build()
        self._connect()
        self.retranslate()

    @property
    def _counting(self) -> tuple[tuple[LabelledSlider, str], ...]:
        return (
            (self.scale, "controlnet_conditioning_scale"),
            (self.start, "control_guidance_start"),
            (self.end, "control_guidance_end"),
        )

    @property
    def _ranging(self) -> tuple[LabelledSlider, ...]:
        return self.far, self.near, self.gamma, self.blur

    def _build(self) -> None:
        self.column.setSpacing(TIGHT)
        parts: tuple[tuple[QWidget, ...], ...] = (
            (self.obstacle, self.scale, self.start, self.end),
            (*self._ranging, self.invert),
            (self.estimate, self.layer, self.way),
        )
        for title, widgets in zip(self._titles, parts, strict=True):
            if title is not self._titles[0]:
                self.column.addSpacing(SMALL)
            for widget in (title, *widgets):
                self.column.addWidget(widget)

    def _connect(self) -> None:
        settings = self._studio.settings
        for slider, name in self._counting:
            slider.changed.connect(lambda value, name=name: self._count(name, round(value / _WHOLE, 4)))
        for slider in self._ranging:
            slider.changed.connect(lambda _: self._try() if self._is_quick() else None)
            slider.committed.connect(lambda _: self._try())
        for button, id in (
            (self.invert, "depth.invert"),
            (self.estimate, "depth.estimate"),
            (self.layer, "depth.estimate_layer"),
            (self.offer, "depth.get_estimator"),
        ):
            button.clicked.connect(lambda _=False, id=id: self._trigger(id))
        settings.changed.connect(self._show)
        self._studio.depth.changed.connect(self._show)

    def retranslate(self) -> None:
        self.setAccessibleName(self.tr("Depth"))
        for title, text in zip(
            self._titles,
            (self.tr("How it counts"), self.tr("The depth layer"), self.tr("Where it comes from")),
            strict=True,
        ):
            title.setText(text)
        self.scale.set_words(self.tr("Strength"), self.tr("How closely the picture keeps to the depth layer."))
        self.start.set_words(self.tr("From"), self.tr("The part of the drawing from which on depth counts."))
        self.end.set_words(
            self.tr("Until"), self.tr("The part of the drawing up to which depth counts; then it is drawn freely.")
        )
        self.far.set_words(self.tr("Far point"), self.tr("What is as dark as this, or darker, becomes farthest."))
        self.near.set_words(self.tr("Near point"), self.tr("What is as light as this, or lighter, becomes nearest."))
        self.gamma.set_words(
            self.tr("Middle"), self.tr("Above 1 what lies in the middle comes nearer, below 1 it goes away.")
        )
        self.blur.set_words(self.tr("Blur"), self.tr("How far a step in depth is spread to either side."))
        self.invert.setText(self.tr("Invert: near becomes far"))
        self.estimate.setText(self.tr("Estimate from the picture"))
        self.layer.setText(self.tr("Estimate from the active layer"))
        self.offer.setText(self.tr("For photographs…"))
        self._show()

    @Slot()
    def _show(self) -> None:
        depth, values = self._studio.depth, self._studio.settings.values
        obstacle = depth.obstacle()
        self.obstacle.setText(obstacle)
        self.obstacle.setVisible(bool(obstacle))
        for slider, name in self._counting:
            slider.setEnabled(not obstacle)
            slider.set_number(getattr(values, name) * _WHOLE)
        document = self._studio.editor.document
        there = document is not None and operations.of(document) is not None
        for widget in (*self._ranging, self.invert):
            widget.setEnabled(there)
        self.layer.setEnabled(self._actions.commands.action("depth.estimate_layer").isEnabled())
        self.offer.setVisible(not depth.installed)
        self.way.set_text(
            self.tr("With {model}, which sees depth in photographs.").format(model=ESTIMATOR.title)
            if depth.installed
            else self.tr(
                "By colour: what differs from the ground counts as near. Right for flat shapes, not for photographs."
            )
        )

    def _count(self, name: str, value: float) -> None:
        """Each end of the part in which depth counts pushes the other one before it."""
        settings = self._studio.settings
        settings.set(**{name: value})
        values = settings.values
        if values.control_guidance_start > values.control_guidance_end:
            other = "control_guidance_end" if name == "control_guidance_start" else "control_guidance_start"
            settings.set(**{other: value})

    def _is_quick(self) -> bool:
        """Whether it can follow the pointer; of what is larger the result comes when one lets go."""
        document = self._studio.editor.document
        return document is not None and document.state.canvas.area <= _FOLLOWS

    def _try(self) -> None:
        """Make the layer what the sliders say of what it was when the popup was opened."""
        document = self._studio.editor.document
        if document is None or self._base is None or document.editing:
            return
        far, near, gamma, blur = (slider.number for slider in self._ranging)
        values = Range(round(far), round(near), gamma, blur)
        try:
            operations.adjust(document, self._base, values, merge=f"depth {id(self)} {self._opened}")
        except (StudioError, MemoryError) as error:
            self._studio.messages.error(error)

    def _trigger(self, id: str) -> None:
        self.close()
        self._actions.commands.action(id).trigger()

    def prepare(self) -> None:
        self._studio.editor.finish_tool()
        document = self._studio.editor.document
        surface = operations.of(document) if document is not None else None
        self._base = surface.copy() if surface is not None else None
        self._opened += 1
        for slider, number in zip(self._ranging, (0, 255, 1, 0), strict=True):
            slider.set_number(number)
        self._show()


def _title() -> QLabel:
    label = QLabel()
    label.setObjectName("heading")
    return label
