"""The form of the mix panel: what stands in it, and its words. It knows nothing of the program."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.pigment_shelf import PigmentShelf
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.tool_button import FlowLayout, IconButton


class MixForm(QWidget):
    """From the top: the slots (``rows``), how they are mixed (``controls``), what adds slots, the pigments."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("formBody")
        self.used = QCheckBox()
        self.unable = paragraph("warning")
        self.empty = paragraph("muted")
        self.rows = QVBoxLayout()
        self.rows.setSpacing(MEDIUM)
        self.add_picture, self.add_words, self.add_layer, self.add_selection = (QPushButton() for _ in range(4))
        adding = _Flow()
        for button in (self.add_picture, self.add_words, self.add_layer, self.add_selection):
            adding.layout_.addWidget(button)
        self.linked = IconButton(theme, "link")
        self.linked.setCheckable(True)
        self.total = QLabel()
        self.total.setObjectName("muted")
        self.even = QPushButton()
        self.normalise = QPushButton()
        weights = _Flow()
        for pair in ((self.linked, self.total), (self.even, self.normalise)):
            together = QWidget()
            row = QHBoxLayout(together)
            row.setContentsMargins(0, 0, SMALL, 0)
            row.setSpacing(TIGHT)
            for widget in pair:
                row.addWidget(widget)
            weights.layout_.addWidget(together)
        self.way = QComboBox()
        self.way.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.pull = LabelledSlider(theme, 0, 100, 0, suffix=" %")
        self.controls = QWidget()
        controls = QVBoxLayout(self.controls)
        controls.setContentsMargins(0, 0, 0, 0)
        controls.setSpacing(SMALL)
        controls.addWidget(weights)
        controls.addWidget(self.way)
        controls.addWidget(self.pull)
        self._heading = QLabel()
        self._heading.setObjectName("heading")
        self.shelf = PigmentShelf(theme)
        self.no_pigments = paragraph("muted")
        self.save = QPushButton()
        column = QVBoxLayout(self)
        column.setContentsMargins(LARGE, MEDIUM, LARGE, MEDIUM)
        column.setSpacing(MEDIUM)
        column.addWidget(self.used)
        column.addWidget(self.unable)
        column.addWidget(self.empty)
        column.addLayout(self.rows)
        column.addWidget(self.controls)
        column.addWidget(adding)
        column.addSpacing(SMALL)
        column.addWidget(self._heading)
        column.addWidget(self.no_pigments)
        column.addWidget(self.shelf)
        column.addWidget(self.save)
        column.addStretch(1)

    def retranslate_all(self) -> None:
        """Set every text anew, but those that say how things stand."""
        self.used.setText(self.tr("Make the next picture from the mix"))
        self.empty.setText(
            self.tr(
                "Drag pictures here from the gallery, or layers, pigments and words. The next picture is what lies "
                "between them, and the weights say how much of each."
            )
        )
        self.add_picture.setText(self.tr("Add a file…"))
        self.add_selection.setText(self.tr("Add the selection"))
        self.add_layer.setText(self.tr("Add the layer"))
        self.add_words.setText(self.tr("Add words"))
        self.add_selection.setToolTip(self.tr("What is seen in it goes in, as it is when the picture is made"))
        self.add_layer.setToolTip(
            self.tr("It goes in as it is when the picture is made. In the prompt, <layer:name> does the same.")
        )
        self.linked.set_words(self.tr("Keep the total at 100 %: the other weights give way"))
        self.even.setText(self.tr("Even out"))
        self.even.setToolTip(self.tr("The same for all that are not locked"))
        self.normalise.setText(self.tr("To 100 %"))
        self.normalise.setToolTip(self.tr("Make the total 100 %, in the same proportions"))
        with QSignalBlocker(self.way):
            self.way.clear()
            self.way.addItems([self.tr("Mix linearly"), self.tr("Mix spherically")])
        self.way.setAccessibleName(self.tr("How it is mixed"))
        self.way.setToolTip(
            self.tr("Linear is calmer in the middle; spherical keeps ideas that are far apart as strong as they are.")
        )
        self.pull.set_words(
            self.tr("Pull towards the prompt"),
            self.tr("How far the words of the prompt pull the mix; a double click gives what suits the model."),
        )
        self._heading.setText(self.tr("Pigments"))
        self.no_pigments.setText(self.tr("A pigment is the idea of a finished picture, kept to be mixed again."))
        self.save.setText(self.tr("Save as a pigment"))
        self.save.setToolTip(self.tr("Keep the idea of the picture that is shown"))


class _Flow(QWidget):
    """Buttons side by side, and on where a row is full."""

    def __init__(self) -> None:
        super().__init__()
        self.layout_ = FlowLayout(self, TIGHT)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
