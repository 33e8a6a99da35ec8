"""What is being opened, for those who wait for it: its small picture, how far it has got, and a way out."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from kandinsky_studio.app.editor import Editor
from kandinsky_studio.ui.sizes import MEDIUM, SMALL, WIDE
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.picture_box import PictureBox
from kandinsky_studio.ui.widgets.translated import Translated

PATIENCE = 250  # milliseconds: what is there sooner needs no card
_WIDTH, _PICTURE = 280, 200  # pixels at the ordinary font
_BELOW = 96  # what stands below a document, with some room


class OpeningCard(Translated):
    """Lies over ``parent``: in the middle as long as no document is open, else small in a corner, beside what is painted."""

    def __init__(self, editor: Editor, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._editor = editor
        self._theme = theme
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.picture = PictureBox(theme, _PICTURE)
        self.title = QLabel()
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(theme.px(SMALL))
        self.cancel = QPushButton()
        self.cancel.clicked.connect(editor.opening.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MEDIUM, MEDIUM, MEDIUM, MEDIUM)
        layout.setSpacing(SMALL)
        for widget in (self.picture, self.title, self.bar, self.cancel):
            layout.addWidget(widget)
        self._patience = QTimer(self, interval=PATIENCE, singleShot=True)
        self._patience.timeout.connect(self._appear)
        editor.opening.changed.connect(self._follow)
        parent.installEventFilter(self)
        self.retranslate()
        self.hide()

    def retranslate(self) -> None:
        self.cancel.setText(self.tr("Cancel"))
        self.setAccessibleName(self.tr("Opening a document"))
        self._fill()

    @Slot()
    def _follow(self) -> None:
        if not self._editor.opening.waited:
            self._patience.stop()
            self.hide()
        elif self.isVisible():
            self._fill()
        elif not self._patience.isActive():
            self._patience.start()

    @Slot()
    def _appear(self) -> None:
        self._fill()
        self._place()
        self.show()
        self.raise_()

    def _fill(self) -> None:
        if not self._editor.opening.waited:
            return
        one = self._editor.opening.waited[0]
        self.picture.show_image(one.picture)
        self.picture.setVisible(one.picture is not None and not self._editor.sheets)
        text = self.tr("Opening “{file}”…").format(file=one.path.name)
        room = self._theme.px(_WIDTH) - 2 * MEDIUM
        self.title.setText(self.title.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, room))
        self.title.setToolTip(str(one.path))
        self.bar.setRange(0, 1000 if one.share else 0)  # without an end for whoever does not tell how far it is
        self.bar.setValue(round(1000 * one.share))
        self.bar.setAccessibleName(text)
        self._place()

    def _place(self) -> None:
        around = self.parentWidget()
        if around is None:
            return
        width = self._theme.px(_WIDTH)
        self.setFixedWidth(width)
        self.adjustSize()
        free = around.width() - width, around.height() - self.height()
        if self._editor.sheets:
            self.move(free[0] - WIDE, free[1] - self._theme.px(_BELOW))
        else:
            self.move(free[0] // 2, free[1] // 2)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)
