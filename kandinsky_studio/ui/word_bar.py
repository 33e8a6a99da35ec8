"""What stands below the prompt: its tools, how much of it is read, its styles, and what will be sent."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from kandinsky_studio.app.wording.words import Reading
from kandinsky_studio.ui.sizes import TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.chips import ChipRow
from kandinsky_studio.ui.widgets.status_line import StatusLine
from kandinsky_studio.ui.widgets.tool_button import IconButton

NEAR = 0.85  # of the room, from where on the counter is not quiet any more
_LONGEST = 180  # characters of what will be sent that are shown


class TokenCount(StatusLine):
    """How many tokens of how many; quiet until there is hardly any room left."""

    def __init__(self) -> None:
        super().__init__(Qt.AlignmentFlag.AlignRight)
        self._weight = "muted"
        self.setObjectName(self._weight)

    def show_reading(self, reading: Reading) -> None:
        """Show the counts of ``reading``, nothing for an empty text."""
        near = reading.tokens >= NEAR * reading.limit
        weight = "warning" if reading.too_long else "text" if near else "muted"
        about = "" if reading.exact else "≈ "
        self.setText(f"{about}{reading.tokens} / {reading.limit}" if reading.tokens else "")
        said = self.tr("{tokens} of {limit} tokens").format(tokens=reading.tokens, limit=reading.limit)
        self.setAccessibleName(said if reading.exact else self.tr("about {count}").format(count=said))
        lines = [self.tr("Tokens are words and pieces of words. What has no room is not read.")]
        if len(reading.encoders) > 1:
            lines += [f"{name}: {tokens} / {limit}" for name, tokens, limit in reading.encoders]
        if not reading.exact:
            lines.append(self.tr("A guess, until the model’s own tokenizer has counted."))
        self.setToolTip("\n".join(lines))
        if weight != self._weight:
            self._weight = weight
            self.setObjectName(weight)
            self.style().unpolish(self)
            self.style().polish(self)


class WordBar(QWidget):
    """Tools and counter in a row; below it only what there is something to say about."""

    def __init__(self) -> None:
        super().__init__()
        self.tools = QHBoxLayout()
        self.tools.setSpacing(TIGHT)
        self.count = TokenCount()
        self.styles: IconButton | None = None
        self.handbook: IconButton | None = None
        self.history: IconButton | None = None
        self.chips: ChipRow | None = None
        self.note = _words("warning")
        self.sent = _words("muted")
        self.sent.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.which = QComboBox()
        self.which.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.which.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(TIGHT)
        self._column.addLayout(self.tools)
        self._column.addWidget(self.note)
        self._column.addWidget(self.sent)
        self._column.addWidget(self.which)

    def furnish(self, theme: Theme) -> None:
        """Put the buttons in, which need the icons of ``theme``."""
        self.styles, self.handbook, self.history = (
            IconButton(theme, icon, colour="muted", small=True) for icon in ("style", "book", "history")
        )
        for button in (self.styles, self.handbook, self.history):
            self.tools.addWidget(button)
        self.tools.addWidget(self.count, 1)
        self.chips = ChipRow(theme)
        self._column.insertWidget(1, self.chips)
        self.retranslate()

    def retranslate(self) -> None:
        """Set every text anew, but those that say how things stand."""
        for button, text in (
            (self.styles, self.tr("Styles: words around the prompt")),
            (self.handbook, self.tr("Prompt handbook: what words do to a picture")),
            (self.history, self.tr("Prompts that were used before (Alt+Up, Alt+Down)")),
        ):
            if button is not None:
                button.set_words(text)
        self.which.setAccessibleName(self.tr("Which of the possible texts"))

    def show_note(self, text: str) -> None:
        """Say what is odd about the words, or nothing."""
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def show_sent(self, text: str, whole: str = "") -> None:
        """Say what will be sent, or nothing where that is what one sees anyway."""
        lines = [line if len(line) <= _LONGEST else line[: _LONGEST - 1].rstrip() + "…" for line in text.split("\n")]
        self.sent.setText("\n".join(lines))
        self.sent.setToolTip(whole or text)
        self.sent.setAccessibleName(whole or text)
        self.sent.setVisible(bool(text))

    def show_choices(self, titles: tuple[str, str] | None, every: bool) -> None:
        """Offer the two ways to choose among the possible texts; nothing if there is only one."""
        with QSignalBlocker(self.which):
            self.which.clear()
            if titles is not None:
                self.which.addItems(titles)
                self.which.setCurrentIndex(int(every))
                self.which.setToolTip(titles[int(every)])
        self.which.setVisible(titles is not None)

    def on_chosen(self, do: Callable[[bool], None]) -> None:
        """Call ``do`` with whether all combinations are wanted."""
        self.which.activated.connect(lambda index: do(index == 1))


def _words(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    label.hide()
    return label
