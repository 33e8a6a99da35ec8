"""Below the document: what the button will do to it, and the candidates that came of it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton, QSizePolicy, QSpacerItem, QVBoxLayout, QWidget

from kandinsky_studio.app.candidates import Candidates
from kandinsky_studio.app.canvas_plan import Outlook, Verb
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.document.layers import Kind, Layer
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.candidate_bar import CandidateBar
from kandinsky_studio.ui.depth_controls import DepthControls
from kandinsky_studio.ui.fill_popup import FillPopup
from kandinsky_studio.ui.sizes import MEDIUM, SMALL, TIGHT, em
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.status_line import StatusLine
from kandinsky_studio.ui.widgets.tool_button import IconButton
from kandinsky_studio.ui.widgets.translated import Translated

_SLIDER = 150
_SENTENCE = 12  # lines of the font: what the sentence gets at least before the candidates go below it
_READABLE = 0.4  # of the sentence; when less of it has room beside the controls, it stands above them and wraps
STRONG = (Verb.REFINE, Verb.FILL)  # the verbs that ``strength`` means something to


class TaskBar(Translated):
    """At the left the verb in a sentence and its strength; at the right the candidates, while there are any."""

    def __init__(self, studio: Studio, theme: Theme, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self._settings = studio.settings
        self.candidates: Candidates = studio.candidates
        self.sentence = StatusLine(Qt.AlignmentFlag.AlignLeft)
        self.above = paragraph("status")
        self.above.setTextFormat(Qt.TextFormat.PlainText)
        self.above.hide()
        self.strength = LabelledSlider(theme, 1, 100, 60, suffix=" %")
        self.strength.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        commands = actions.commands
        self._remove = commands.implement("generation.remove_object", lambda: self.candidates.generate(remove=True))
        self.popup = FillPopup(self._settings, theme, self._remove, self)
        self.more = IconButton(theme, "settings")
        self.more.clicked.connect(lambda: self.popup.open_above(self.more))
        self.depth_controls = DepthControls(studio, theme, actions)
        self._editor = studio.editor
        self._clear_mask = commands.action("mask.clear")
        self.part = QPushButton()  # the way into a mask, and out of it
        self.part.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.part.clicked.connect(self._mask_or_clear)
        studio.editor.tool_changed.connect(self._show)
        self.side = CandidateBar(studio, theme, actions)
        upper = QHBoxLayout()
        upper.setSpacing(SMALL)
        upper.addWidget(self.sentence, 1)
        upper.addWidget(self.part)
        upper.addWidget(self.strength)
        upper.addWidget(self.more)
        upper.addWidget(self.depth_controls)
        self.live = IconButton.of(theme, commands.action("generation.live"), "live")
        upper.addWidget(self.live)
        upper.addSpacerItem(QSpacerItem(0, 0, QSizePolicy.Policy.Expanding))  # where the sentence is not
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._layout.setSpacing(SMALL)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(MEDIUM, TIGHT, MEDIUM, TIGHT)
        rows.setSpacing(TIGHT)
        rows.addWidget(self.above)
        rows.addLayout(self._layout)
        self._layout.addLayout(upper, 1)
        self._layout.addWidget(self.side)
        self.strength.changed.connect(lambda value: self._settings.set(strength=round(value / 100, 4)))
        self._settings.changed.connect(self._setting_changed)
        self.candidates.changed.connect(self._show)
        self.candidates.verb_changed.connect(self._show)
        theme.changed.connect(self._show)
        self.retranslate()

    def retranslate(self) -> None:
        self.strength.set_words(
            self.tr("Strength"), self.tr("How much of what is there is changed; at 100 % nothing of it is left.")
        )
        self.more.set_words(self.tr("How it is filled"))
        self._show()

    @Slot(str)
    def _setting_changed(self, name: str) -> None:
        if name == "strength":
            self._show()

    @Slot()
    def _show(self) -> None:
        verb = self.candidates.verb
        sentence = self.sentence_of(self.candidates.outlook)
        self.sentence.setText(sentence)
        self.sentence.setToolTip(sentence)
        self.above.setText(sentence)
        self.more.setVisible(verb is Verb.FILL)
        self._remove.setEnabled(verb is Verb.FILL)
        self.strength.setVisible(verb in STRONG)
        self.strength.setFixedWidth(max(self._theme.px(_SLIDER), self.strength.minimumSizeHint().width()))
        self.strength.set_number(self._settings.values.strength * 100)
        masked = verb is Verb.FILL and self._mask() is not None
        unmasked = verb is Verb.REFINE and self._editor.tool.id != "mask_brush"
        self.part.setVisible((masked or unmasked) and not self.candidates.count)
        self.part.setText(self.tr("Clear the mask") if masked else self.tr("Change a part"))
        self.part.setToolTip(
            self.tr("Away with all of it; what was kept stays.")
            if masked
            else self.tr("Take the mask brush, and paint over what is to change.")
        )
        self._arrange()

    def _mask(self) -> Layer | None:
        document = self._editor.document
        return document.state.of_kind(Kind.INPAINT) if document is not None else None

    @Slot()
    def _mask_or_clear(self) -> None:
        """Take the mask brush; or, with a mask, clear that."""
        if self.candidates.verb is Verb.FILL:
            self._clear_mask.trigger()
        else:
            self._editor.take("mask_brush")

    def _arrange(self) -> None:
        """The candidates stand beside the sentence, or below it where there is no room for both.

        A sentence of which too little would be seen beside the controls stands above them.
        """
        controls = (self.part, self.strength, self.more, self.depth_controls, self.live)
        taken = sum(widget.sizeHint().width() + SMALL for widget in controls if not widget.isHidden())
        besides = 0 if self.side.isHidden() else self.side.sizeHint().width() + SMALL
        room = self.width() - 2 * MEDIUM - taken
        fits = not besides or besides + em(self, _SENTENCE) <= room
        seen = room - besides if fits else room
        crowded = seen < _READABLE * self.sentence.fontMetrics().horizontalAdvance(self.sentence.text())
        fits = fits or (crowded and besides <= room)
        self.sentence.setVisible(not crowded)
        self.above.setVisible(crowded)
        direction = QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom
        if direction is not self._layout.direction():
            self._layout.setDirection(direction)
            self.side.set_narrow(not fits)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def sentence_of(self, outlook: Outlook | None) -> str:
        """What will be sent and what will be changed, before one presses the button."""
        if outlook is None:
            return ""
        if outlook.whole:
            place = self.tr("the whole canvas, {size}")
        elif outlook.beyond:
            place = self.tr("{size}, also beyond the canvas")
        else:
            place = self.tr("{size} of the canvas")
        place = place.format(size=_size(outlook.area.width, outlook.area.height))
        words = {
            Verb.GENERATE: self.tr("Generate: {place}, worked on at {size}. A picture from the prompt."),
            Verb.REFINE: self.tr("Refine: drawn anew, as near to it as you say – {place}, worked on at {size}."),
            Verb.FILL: self.tr("Fill: only what is masked or selected changes – {place}, worked on at {size}."),
            Verb.EXPAND: self.tr("Expand: only what is empty is drawn – {place}, worked on at {size}."),
            Verb.DEPTH: self.tr("Match depth: {place}, worked on at {size}. A picture with the depth layer’s depth."),
            Verb.MIX: self.tr("Mix: {place}, worked on at {size}. A picture from what is in the mix."),
        }
        if outlook.mixes and outlook.verb is Verb.DEPTH:
            words[Verb.DEPTH] = self.tr(
                "Match depth: {place}, worked on at {size}. A picture from what is in the mix, with the depth layer’s depth."
            )
        return words[outlook.verb].format(place=place, size=_size(*outlook.size))

    def verb_words(self, verb: Verb) -> str:
        """What the button is called."""
        words = {
            Verb.GENERATE: self.tr("Generate"),
            Verb.REFINE: self.tr("Refine"),
            Verb.FILL: self.tr("Fill"),
            Verb.EXPAND: self.tr("Expand"),
            Verb.DEPTH: self.tr("Match depth"),
            Verb.MIX: self.tr("Mix"),
        }
        return words[verb]

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._show()


def _size(width: int, height: int) -> str:
    return f"{width} × {height}"
