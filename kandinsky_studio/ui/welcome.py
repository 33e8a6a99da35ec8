"""The page of the first start, in the place of the empty stage: what this is, a first picture, real pictures."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.empty_state import EXAMPLES, example_prompts
from kandinsky_studio.ui.model_card import ModelCard
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL, WIDE
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.flow_row import FlowRow
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.translated import Translated

MODELS = ("kandinsky-2.2", "kandinsky-2.1", "kandinsky-2.0")
_WIDEST = 900  # pixels of the column that is read
_CARD = 232  # pixels of a card at the least, for three to stand side by side


class WelcomePage(Translated):
    """``chosen`` carries the prompt of an example, ``skipped`` says that the page is not wanted any more.

    It asks nobody anything: what the cards say follows from the catalogue and from a look at this computer.
    """

    chosen = Signal(str)
    skipped = Signal()

    def __init__(self, studio: Studio, theme: Theme, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("cards")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._studio = studio
        self._theme = theme
        self._actions = actions
        self._title, self._about = paragraph("welcomeTitle"), paragraph()
        self.language, self.theme_choice, self.skip = QComboBox(), QComboBox(), QPushButton()
        self._ready, self._draws, self._first = paragraph("cardTitle"), paragraph(), paragraph("heading")
        self.examples = [QPushButton() for _ in range(EXAMPLES)]
        self.tour, self.sample = QPushButton(), QPushButton()
        self._real, self._real_about = paragraph("cardTitle"), paragraph("muted")
        self.cards = {model: ModelCard(studio, theme, model, brief=True) for model in MODELS}
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        choices = FlowRow(self.language, self.theme_choice, self.skip, gap=SMALL)
        builtin = QWidget()
        builtin.setObjectName("card")
        builtin.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        for button in self.examples:
            button.setObjectName("example")
            button.setCursor(Qt.CursorShape.PointingHandCursor)
        rows = QVBoxLayout(builtin)
        rows.setContentsMargins(LARGE, LARGE, LARGE, LARGE)
        rows.setSpacing(SMALL)
        for part in (self._ready, self._draws, self._first, FlowRow(*self.examples, gap=SMALL)):
            rows.addWidget(part)
        rows.addSpacing(SMALL)
        rows.addWidget(FlowRow(self.tour, self.sample, gap=SMALL))
        body = QWidget()
        body.setObjectName("cards")
        body.setMaximumWidth(self._theme.px(_WIDEST))
        self._body = body
        column = QVBoxLayout(body)
        column.setContentsMargins(WIDE, LARGE, WIDE, WIDE)
        column.setSpacing(MEDIUM)
        column.addWidget(choices)
        for widget in (self._title, self._about, builtin):
            column.addWidget(widget)
        column.addSpacing(SMALL)
        column.addWidget(self._real)
        column.addWidget(self._real_about)
        self._row = _Cards(self._theme, list(self.cards.values()))
        column.addWidget(self._row)
        column.addStretch(1)
        holder = QWidget()
        holder.setObjectName("cards")
        middle = QHBoxLayout(holder)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.addStretch(1)
        middle.addWidget(body, 1000)
        middle.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(holder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.area)

    def _connect(self) -> None:
        command = self._actions.commands.action
        for button in self.examples:
            button.clicked.connect(lambda _=False, button=button: self.chosen.emit(button.text()))
        self.skip.clicked.connect(self.skipped)
        self.tour.clicked.connect(lambda: command("help.tour").trigger())
        self.sample.clicked.connect(lambda: command("help.sample").trigger())
        self.language.activated.connect(lambda number: self._choose("language", self.language.itemData(number)))
        self.theme_choice.activated.connect(lambda number: self._choose("theme", self.theme_choice.itemData(number)))
        self._studio.remembering.changed.connect(self._preference_changed)
        self._theme.changed.connect(self._fit)

    def _choose(self, name: str, value: str) -> None:
        self._studio.remembering.set(**{name: value})

    @Slot(str)
    def _preference_changed(self, name: str) -> None:
        if name in ("language", "theme"):
            self._show_choices()

    def _fit(self) -> None:
        self._body.setMaximumWidth(self._theme.px(_WIDEST))
        self._row.arrange()
        self.skip.setMinimumHeight(self.language.sizeHint().height())

    def _show_choices(self) -> None:
        values, actions = self._studio.remembering.values, self._actions
        for box, choices, chosen in (
            (self.language, actions.language_choices, values.language),
            (self.theme_choice, actions.theme_choices, values.theme),
        ):
            with QSignalBlocker(box):
                box.clear()
                for name, action in choices.items():
                    box.addItem(action.text().replace("&", ""), name)
                box.setCurrentIndex(box.findData(chosen))

    def retranslate(self) -> None:
        self._title.setText(self.tr("Welcome to Kandinsky Studio"))
        self._about.setText(
            self.tr(
                "A canvas for the Kandinsky models: describe pictures, paint over them, change parts of them, mix them. "
                "All of it happens on this computer."
            )
        )
        self.language.setAccessibleName(self.tr("Language"))
        self.theme_choice.setAccessibleName(self.tr("Theme"))
        self.skip.setText(self.tr("Skip this page"))
        self.skip.setToolTip(self.tr("It does not come again by itself; the Help menu has it."))
        self._ready.setText(self.tr("Ready now: the built-in model"))
        self._draws.setText(
            self.tr(
                "It knows flat shapes and plain colours only, and is quick on any computer: enough to try everything."
            )
        )
        self._first.setText(self.tr("Make a first picture"))
        for button, prompt in zip(self.examples, example_prompts(), strict=True):
            button.setText(prompt)
        self.tour.setText(self.tr("Take the tour"))
        self.sample.setText(self.tr("Open the sample"))
        self._real.setText(self.tr("Real pictures"))
        self._real_about.setText(
            self.tr("Each of these is fetched once, when you ask for it, and needs no network from then on.")
        )
        self._show_choices()
        self.skip.setMinimumHeight(self.language.sizeHint().height())

    def focus_first(self) -> None:
        """Give the keyboard to the first example."""
        self.examples[0].setFocus()


class _Cards(QWidget):
    """Side by side, or one below the other where there is no room for that."""

    def __init__(self, theme: Theme, cards: list[ModelCard]) -> None:
        super().__init__()
        self._theme = theme
        self._cards = cards
        self._layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(MEDIUM)
        for card in cards:
            self._layout.addWidget(card, 1)
            card.installEventFilter(self)

    def arrange(self) -> None:
        """Stand as there is room."""
        widest = max(max(card.minimumSizeHint().width() for card in self._cards), self._theme.px(_CARD))
        fits = len(self._cards) * widest + (len(self._cards) - 1) * MEDIUM <= self.width()
        way = QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom
        if way is not self._layout.direction():
            self._layout.setDirection(way)

    def minimumSizeHint(self) -> QSize:
        """As narrow as one card: the direction follows the width, not the other way round."""
        hint = super().minimumSizeHint()
        hint.setWidth(max(card.minimumSizeHint().width() for card in self._cards))
        return hint

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.arrange()
        return False
