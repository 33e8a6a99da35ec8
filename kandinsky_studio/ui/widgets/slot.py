"""A row of the mix: what it is, how much it counts, and whether the picture is led to it or away from it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QSizePolicy, QStackedWidget, QWidget

from kandinsky_studio.ui.sizes import RADIUS, SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.status_line import StatusLine
from kandinsky_studio.ui.widgets.tool_button import IconButton
from kandinsky_studio.ui.widgets.translated import Translated

_SIDE = 56  # pixels of the small picture


class SmallPicture(QWidget):
    """The middle of a picture in a square, as a model sees it, or an icon where there is none.

    ``marked`` shows that something would be dropped into it.
    """

    def __init__(self, theme: Theme, icon: str) -> None:
        super().__init__()
        self._theme = theme
        self._icon = icon
        self._image: QImage | None = None
        self._pixmap = QPixmap()
        self._marked = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)

    @property
    def image(self) -> QImage | None:
        return self._image

    def show_image(self, image: QImage | None, icon: str) -> None:
        """Show ``image``, or ``icon`` if it is None."""
        self._image, self._icon = image, icon
        self._pixmap = QPixmap()
        self.update()

    def mark(self, marked: bool) -> None:
        if marked != self._marked:
            self._marked = marked
            self.update()

    def sizeHint(self) -> QSize:
        side = self._theme.px(_SIDE)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        shape = QPainterPath()
        shape.addRoundedRect(area, self._theme.px(RADIUS), self._theme.px(RADIUS))
        painter.fillPath(shape, self._theme.colour("field"))
        if self._image is not None:
            painter.save()
            painter.setClipPath(shape)
            painter.drawPixmap(self.rect(), self._fitting(self._image))
            painter.restore()
        else:
            side = self._theme.px(24)
            place = self.rect().center()
            icon = self._theme.icon(self._icon, "muted")
            icon.paint(painter, place.x() - side // 2 + 1, place.y() - side // 2 + 1, side, side)
        painter.setPen(self._theme.colour("accent_line" if self._marked else "field_line"))
        painter.drawPath(shape)
        if self._marked:
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))

    def _fitting(self, image: QImage) -> QPixmap:
        side = round(self.width() * self.devicePixelRatioF())
        if self._pixmap.width() != side:
            small = image.scaled(
                side, side, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
            )
            self._pixmap = QPixmap.fromImage(
                small.copy((small.width() - side) // 2, (small.height() - side) // 2, side, side)
            )
        return self._pixmap


def lay_out(row: QWidget, picture: SmallPicture, above: Sequence[QWidget], slider: LabelledSlider) -> None:
    """Put ``picture`` at the left of ``row`` and ``slider`` beside it; ``above`` that is a name with its buttons."""
    name, *buttons = above
    line = QHBoxLayout()
    line.setSpacing(TIGHT)
    line.addWidget(name, 1)
    for button in buttons:
        line.addWidget(button)
    grid = QGridLayout(row)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(SMALL)
    grid.setVerticalSpacing(TIGHT)
    grid.addWidget(picture, 0, 0, 2, 1)
    grid.addLayout(line, 0, 1)
    grid.addWidget(slider, 1, 1)
    grid.setColumnStretch(1, 1)


class SlotRow(Translated):
    """``weighed`` carries the share (0 … 1) that the user chose, ``worded`` words that were typed; the others what a
    button was switched to."""

    weighed = Signal(float)
    worded = Signal(str)
    locked = Signal(bool)
    negated = Signal(bool)
    removed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.picture = SmallPicture(theme, "words")
        self.name = StatusLine(Qt.AlignmentFlag.AlignLeft)
        self.words = QLineEdit()
        self.words.setMaxLength(4000)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.weight = LabelledSlider(theme, 0, 100, 50, suffix=" %")
        self.negative = IconButton(theme, "negative", small=True)
        self.lock = IconButton(theme, "unlock", small=True)
        for button in (self.negative, self.lock):
            button.setCheckable(True)
        self.remove = IconButton(theme, "close", small=True)
        self._title = QStackedWidget()
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._title.addWidget(self.name)
        self._title.addWidget(self.words)
        lay_out(self, self.picture, (self._title, self.negative, self.lock, self.remove), self.weight)
        self.weight.changed.connect(lambda percent: self.weighed.emit(percent / 100))
        self.words.textEdited.connect(self.worded)
        self.lock.clicked.connect(self.locked)
        self.negative.clicked.connect(self.negated)
        self.remove.clicked.connect(self.removed)
        self.retranslate()

    def show_name(self, name: str, editable: bool) -> None:
        """What it is called; ``editable`` words are typed here."""
        self._title.setCurrentIndex(1 if editable else 0)
        if editable and self.words.text() != name:
            self.words.setText(name)
        elif not editable:
            self.name.setText(name)
            self.name.setToolTip(name)
        self.picture.setAccessibleName(name)
        self._name_weight()

    def show_values(self, weight: float, locked: bool, negative: bool) -> None:
        """``weight`` is 0 … 1."""
        self.weight.set_number(weight * 100)
        self.lock.setChecked(locked)
        self.lock.set_icon("lock" if locked else "unlock")
        self.negative.setChecked(negative)
        self._name_weight()

    def retranslate(self) -> None:
        self.words.setPlaceholderText(self.tr("Words, such as “a blue star”"))
        self.words.setAccessibleName(self.tr("Words of the mix"))
        self.lock.set_words(self.tr("Lock its weight: it stays when others change"))
        self.negative.set_words(self.tr("Lead the picture away from it"))
        self.remove.set_words(self.tr("Take it out of the mix"))
        self._name_weight()

    def _name_weight(self) -> None:
        if self.negative.isChecked():
            self.weight.set_words(self.tr("Away from it"), self.tr("How much it counts among what is avoided."))
        else:
            self.weight.set_words(self.tr("Weight"), self.tr("How much of the mix it is."))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.picture.show_image(self.picture.image, self.picture._icon)
