"""What the layers panel has in place of blending while the depth layer is chosen."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.document.layers import Layer
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.depth_popup import DepthPopup
from kandinsky_studio.ui.sizes import TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.tool_button import IconButton
from kandinsky_studio.ui.widgets.translated import Translated


class DepthRow(Translated):
    """Estimates, or gives it up; inverts; opens all else. ``opacity_changed`` carries how much of it is to be seen over
    the picture, 0…1."""

    opacity_changed = Signal(float)

    def __init__(self, studio: Studio, theme: Theme, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._depth = studio.depth
        self.estimate = QPushButton()
        self.estimate.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        action = actions.commands.action
        self.estimate.clicked.connect(
            lambda: self._depth.cancel() if self._depth.going is not None else action("depth.estimate").trigger()
        )
        self.invert = IconButton.of(theme, action("depth.invert"), "invert")
        self.more = IconButton(theme, "settings")
        self.popup = DepthPopup(studio, theme, actions, self)
        self.more.clicked.connect(lambda: self.popup.open_above(self.more))
        self.opacity = LabelledSlider(theme, 0, 100, 100, suffix=" %")
        self.opacity.changed.connect(lambda value: self.opacity_changed.emit(value / 100))
        self.note = paragraph("muted")
        row = QHBoxLayout()
        row.setSpacing(TIGHT)
        row.addWidget(self.estimate, 1)
        row.addWidget(self.invert)
        row.addWidget(self.more)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(TIGHT)
        column.addLayout(row)
        column.addWidget(self.opacity)
        column.addWidget(self.note)
        self._depth.changed.connect(self._show)
        studio.settings.changed.connect(self._setting_changed)
        self.retranslate()

    def show_layer(self, layer: Layer) -> None:
        """Show how much is seen of ``layer``."""
        self.opacity.set_number(layer.opacity * 100)

    def retranslate(self) -> None:
        self.more.set_words(self.tr("Depth: how it counts, its range, where it comes from"))
        self.opacity.set_words(
            self.tr("Shown at"), self.tr("How much the depth layer covers the picture while you look at it.")
        )
        self._show()

    @Slot(str)
    def _setting_changed(self, name: str) -> None:
        if name == "model":
            self._show()

    @Slot()
    def _show(self) -> None:
        going = self._depth.going
        words = self.tr("Estimate depth")
        if going is not None:
            words = self.tr("Cancel ({percent} %)").format(percent=round(going.fraction * 100))
        self.estimate.setText(words)
        self.estimate.setToolTip(self.tr("Make the depth layer from what is seen in the generation frame"))
        obstacle = self._depth.obstacle()
        self.note.setText(obstacle)
        self.note.setVisible(bool(obstacle))
