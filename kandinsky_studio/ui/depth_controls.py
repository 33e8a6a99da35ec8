"""Beside the verb “Match depth”: how much depth counts, and the button with all else about it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from kandinsky_studio.app.canvas_plan import Verb
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.depth_popup import DepthPopup
from kandinsky_studio.ui.sizes import SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.tool_button import IconButton
from kandinsky_studio.ui.widgets.translated import Translated

_SLIDER = 150
_WHOLE = 100  # percent


class DepthControls(Translated):
    """Hidden while nothing matches depth. With a depth layer and a model that can't match it, grey with the reason."""

    def __init__(self, studio: Studio, theme: Theme, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._theme = theme
        self.scale = LabelledSlider(theme, 0, _WHOLE, _WHOLE, suffix=" %")
        self.scale.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.more = IconButton(theme, "depth")
        self.popup = DepthPopup(studio, theme, actions, self)
        self.more.clicked.connect(lambda: self.popup.open_above(self.more))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SMALL)
        row.addWidget(self.scale)
        row.addWidget(self.more)
        self.scale.changed.connect(
            lambda value: studio.settings.set(controlnet_conditioning_scale=round(value / _WHOLE, 4))
        )
        studio.settings.changed.connect(self._setting_changed)
        studio.candidates.verb_changed.connect(self._show)
        studio.editor.document_changed.connect(self._document_changed)
        studio.editor.sheet_changed.connect(self._show)
        studio.depth.changed.connect(self._show)
        theme.changed.connect(self._show)
        self.retranslate()

    def retranslate(self) -> None:
        self.more.set_words(self.tr("Depth: how it counts, its range, where it comes from"))
        self._show()

    @Slot(str)
    def _setting_changed(self, name: str) -> None:
        if name in ("controlnet_conditioning_scale", "model"):
            self._show()

    @Slot(object)
    def _document_changed(self, change: object) -> None:
        if getattr(change, "state", False):
            self._show()

    @Slot()
    def _show(self) -> None:
        document = self._studio.editor.document
        layer = document.state.of_kind(Kind.DEPTH) if document is not None else None
        there = layer is not None and layer.visible and layer.pixels is not None and bool(layer.pixels.tiles)
        obstacle = self._studio.depth.obstacle() if there else ""
        self.setVisible(self._studio.candidates.verb is Verb.DEPTH or bool(obstacle))
        self.scale.setEnabled(not obstacle)
        help = obstacle or self.tr("How closely the picture keeps to the depth layer.")
        self.scale.set_words(self.tr("Depth"), help)
        self.scale.setFixedWidth(max(self._theme.px(_SLIDER), self.scale.minimumSizeHint().width()))
        self.scale.set_number(self._studio.settings.values.controlnet_conditioning_scale * _WHOLE)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._show()
