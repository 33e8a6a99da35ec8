"""The form of the strip panel: what stands in it, and its words. It knows nothing of the program."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.ui.sizes import MEDIUM, SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.end_slot import EndSlot
from kandinsky_studio.ui.widgets.film_strip import FilmStrip
from kandinsky_studio.ui.widgets.flow_row import FlowRow
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.tool_button import IconButton

KINDS = ("mp4", "webp", "gif", "png")


class StripForm(QWidget):
    """The ends with the frames between them; below what makes them, what is done with one, and how they are written."""

    def __init__(self, theme: Theme, fewest: int, most: int) -> None:
        super().__init__()
        self.setObjectName("formBody")
        self.unable = paragraph("warning")
        self.swap, self.take_mix = IconButton(theme, "swap", small=True), IconButton(theme, "mix", small=True)
        self.ends = (EndSlot(theme, self.take_mix, self.swap), EndSlot(theme))
        self.film = FilmStrip(theme)
        self.teaching = paragraph("muted")
        self.teaching.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.frames = QScrollArea()
        self.frames.setFrameShape(QFrame.Shape.NoFrame)
        self.frames.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.frames.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.frames.setWidget(self.film)
        self.middle = QWidget()
        between = QVBoxLayout(self.middle)
        between.setContentsMargins(0, 0, 0, 0)
        between.addWidget(self.teaching)
        between.addWidget(self.frames)
        self.count = LabelledSlider(theme, fewest, most, 7)
        self.way = QComboBox()
        self.make = QPushButton()
        self.make.setObjectName("primary")
        self.to_mix = QPushButton()
        self.refine, self.use, self.open = (IconButton(theme, icon) for icon in ("plus", "frame", "image"))
        self.fps = LabelledSlider(theme, 1, 60, 12)
        self.back = IconButton(theme, "retry")
        self.back.setCheckable(True)
        self.kind = QComboBox()
        self.export = QPushButton()
        self.using = _beside(self.refine, self.use, self.open, self.to_mix)
        self.pace, self.writing = _beside(self.fps, self.back), _beside(self.kind, self.export)
        above = QHBoxLayout()
        above.setSpacing(SMALL)
        above.addWidget(self.ends[0], 0, Qt.AlignmentFlag.AlignTop)
        above.addWidget(self.middle, 1)
        above.addWidget(self.ends[1], 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(MEDIUM, TIGHT, MEDIUM, TIGHT)
        column.setSpacing(TIGHT)
        column.addWidget(self.unable)
        column.addLayout(above)
        column.addWidget(FlowRow(_beside(self.make, self.count), self.way, self.using, self.pace, self.writing))
        column.addStretch(1)

    def fit_film(self) -> None:
        """As high as the frames and their scroll bar."""
        bar = self.frames.horizontalScrollBar().sizeHint().height()
        self.frames.setFixedHeight(self.film.sizeHint().height() + bar)

    def show_film(self, shown: bool, finished: bool) -> None:
        """The frames, or what there is to know before there are any; if ``finished``, what writes them, too."""
        self.teaching.setVisible(not shown)
        self.frames.setVisible(shown)
        self.using.setVisible(shown)
        self.pace.setVisible(finished)
        self.writing.setVisible(finished)

    def retranslate_all(self) -> None:
        """Set every text anew, but those that say how things stand."""
        hint = self.tr("Drop a picture, a layer or a pigment here, click to choose a file, or type words below")
        for end, name in zip(self.ends, (self.tr("Beginning"), self.tr("End")), strict=True):
            end.set_words(name, hint, self.tr("or words"))
        self.teaching.setText(
            self.tr(
                "Put something at both ends: the strip shows what lies between them, frame by frame, drawn from the same "
                "noise. Any frame can be used, and all of them make a film."
            )
        )
        self.count.set_words(self.tr("Frames"), self.tr("How many are made, with both ends"))
        with QSignalBlocker(self.way):
            chosen = max(self.way.currentIndex(), 0)
            self.way.clear()
            self.way.addItems([self.tr("Straight"), self.tr("On the sphere")])
            self.way.setCurrentIndex(chosen)
        self.way.setAccessibleName(self.tr("How it goes from one end to the other"))
        self.way.setToolTip(
            self.tr(
                "Straight is calmer in the middle; on the sphere ideas that are far apart stay as strong as they are."
            )
        )
        self.swap.set_words(self.tr("Swap the ends"))
        self.take_mix.set_words(self.tr("Put the first two of the mix at the ends"))
        self.refine.set_words(self.tr("Make another frame between the chosen one and the next"), "Ins")
        self.use.set_words(self.tr("Lay the chosen frame over the document as a candidate"))
        self.open.set_words(self.tr("Keep the chosen frame in the gallery and look at it"), "Enter")
        self.to_mix.setText(self.tr("To the mix"))
        self.to_mix.setToolTip(self.tr("Mix both ends as the chosen frame does"))
        self.fps.set_words(self.tr("Pace"), self.tr("Frames a second"))
        self.fps.set_suffix(self.tr(" fps"))
        self.back.set_words(self.tr("There and back: the film has no jump when it is played over and over"))
        with QSignalBlocker(self.kind):
            chosen = max(self.kind.currentIndex(), 0)
            self.kind.clear()
            for kind, words in zip(
                KINDS,
                (self.tr("MP4 video"), self.tr("WebP"), self.tr("GIF"), self.tr("PNG pictures")),
                strict=True,
            ):
                self.kind.addItem(words, kind)
            self.kind.setCurrentIndex(chosen)
        self.kind.setAccessibleName(self.tr("Kind of file"))


def _beside(*widgets: QWidget) -> QWidget:
    """Widgets that stay in one row."""
    together = QWidget()
    row = QHBoxLayout(together)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(TIGHT)
    for widget in widgets:
        row.addWidget(widget)
    return together
