"""Below the document while live is on: what it does, how strongly, and the button that keeps its picture."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLocale, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from kandinsky_studio.app.live_settings import LiveSettings, Status
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.easel.view import DocumentView
from kandinsky_studio.ui.live_corner import LiveCorner
from kandinsky_studio.ui.live_overlay import LiveOverlay
from kandinsky_studio.ui.live_popup import LivePopup
from kandinsky_studio.ui.sizes import ICON, MEDIUM, SMALL, TIGHT, em
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.status_line import StatusLine
from kandinsky_studio.ui.widgets.tool_button import IconButton
from kandinsky_studio.ui.widgets.translated import Translated

_SLIDER = 170
_SENTENCE = 14  # lines of the font: what the sentence gets at least before the rest goes below it


class LiveBar(Translated):
    """Shows nothing while live is off. The picture itself lies over ``view``."""

    def __init__(
        self, studio: Studio, theme: Theme, actions: Actions, view: DocumentView, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        live = self._live = studio.live
        self._candidates = studio.candidates
        self._held = False
        self.overlay = LiveOverlay(live, view, studio.messages)
        self.corner = LiveCorner(live, view, studio.messages, theme)
        commands = actions.commands
        self._toggle = commands.implement("generation.live", live.set_on)
        self._toggle.setIcon(
            theme.icon("live")
        )  # its button is seen at once, and may be pressed before others have theirs
        self._keep = commands.implement("generation.keep_live", live.keep)
        self._editor = studio.editor
        self.icon = QLabel()
        self.sentence = StatusLine(Qt.AlignmentFlag.AlignLeft)
        self.strength = LabelledSlider(theme, 1, 100, LiveSettings().strength * 100, suffix=" %")
        self.strength.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.compare = IconButton(theme, "compare")
        self.compare.pressed.connect(lambda: self._hold(True))
        self.compare.released.connect(lambda: self._hold(False))
        self.popup = LivePopup(live, theme, self)
        self.more = IconButton(theme, "settings")
        self.more.clicked.connect(lambda: self.popup.open_above(self.more))
        self.keep = QPushButton()
        self.keep.clicked.connect(self._keep.trigger)
        first, second = QHBoxLayout(), QHBoxLayout()
        for row, widgets in ((first, (self.icon,)), (second, (self.strength, self.compare, self.more, self.keep))):
            row.setSpacing(SMALL)
            for widget in widgets:
                row.addWidget(widget)
        first.addWidget(self.sentence, 1)
        self._side = QWidget()
        second.setContentsMargins(0, 0, 0, 0)
        self._side.setLayout(second)
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._layout.setContentsMargins(MEDIUM, TIGHT, MEDIUM, TIGHT)
        self._layout.setSpacing(SMALL)
        self._layout.addLayout(first, 1)
        self._layout.addWidget(self._side, 0, Qt.AlignmentFlag.AlignLeft)
        self.strength.changed.connect(lambda value: live.set(strength=round(value / 100, 4)))
        live.status_changed.connect(self._show)
        live.settings_changed.connect(self._show)
        live.changed.connect(self._show)
        self._candidates.changed.connect(self._show_overlay)
        self._editor.sheet_changed.connect(self._show)
        theme.changed.connect(self._show)
        self.retranslate()

    def retranslate(self) -> None:
        self.strength.set_words(
            self.tr("Live strength"), self.tr("How far the live picture goes from what is painted; 100 % ignores it.")
        )
        self.compare.set_words(self.tr("Hold to see the canvas without it"))
        self.more.set_words(self.tr("How live pictures are made"))
        self.keep.setText(self.tr("Keep as a layer"))
        self.corner.setAccessibleName(self.tr("Live picture"))
        self.corner.setToolTip(self.tr("Live picture: a click takes it to another corner"))
        self._show()

    @Slot()
    def _show(self) -> None:
        live = self._live
        self._toggle.setChecked(live.on)
        self._toggle.setEnabled(self._editor.sheet is not None)
        self._keep.setEnabled(live.shown is not None)
        self.keep.setEnabled(live.shown is not None)
        self.compare.setEnabled(live.shown is not None and not live.settings.beside)
        self.setVisible(live.on)
        if not live.on:
            self.popup.close()
            return
        self.icon.setPixmap(self._theme.icon("live", "accent_line").pixmap(self._theme.px(ICON)))
        self.sentence.setText(self._words(live.status, live.pace))
        self.sentence.setToolTip(self.sentence.text())
        self.strength.set_number(live.settings.strength * 100)
        self.strength.setFixedWidth(max(self._theme.px(_SLIDER), self.strength.minimumSizeHint().width()))
        self._arrange()

    def _words(self, status: Status, pace: float | None) -> str:
        if status is Status.WORDS:
            return self.tr("Live: write a prompt, and it begins.")
        if status is Status.QUEUED:
            return self.tr("Live: waits for the job that runs.")
        if pace is not None:
            seconds = QLocale().toString(max(pace, 0.1), "f", 1)
            return self.tr("Live: {seconds} s a picture").format(seconds=seconds)
        if status is Status.MAKING:
            return self.tr("Live: the first picture is being made…")
        return self.tr("Live: paint, and the picture follows.")

    @Slot()
    def _show_overlay(self) -> None:
        self.overlay.set_hidden(self._held or self._candidates.shown is not None)

    def _hold(self, held: bool) -> None:
        self._held = held
        self._show_overlay()

    def _arrange(self) -> None:
        """In one row, or in two where there is no room for that."""
        needed = self._side.sizeHint().width() + em(self, _SENTENCE) + 2 * MEDIUM
        fits = needed <= self.width()
        direction = QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom
        if direction is not self._layout.direction():
            self._layout.setDirection(direction)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._show()
