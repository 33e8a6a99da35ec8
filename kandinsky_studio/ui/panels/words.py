"""What each word of the prompt, or of the picture that is looked at, is worth, and where in the picture it was heard."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.explaining import Source, Subject
from kandinsky_studio.app.messages import sentences
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.form_area import FormArea
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.word_bars import WordBar, WordBars

_SOURCES = (Source.PROMPT, Source.PICTURE)
_MEASURES = ("idea", "seen", "heard")


class _Row(NamedTuple):
    """A word with its place in the prompt."""

    bar: WordBar
    start: int
    end: int


class WordsPanel(Panel):
    """Shows what :class:`Explaining` knows and asks it for more; it keeps nothing of its own."""

    key = "words"
    area = Qt.DockWidgetArea.RightDockWidgetArea
    open_at_first = False

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__(studio, theme, actions)
        self.explaining = studio.explaining
        self._rows: tuple[_Row, ...] = ()
        self.source, self.measure, self.order = QComboBox(), QComboBox(), QComboBox()
        for choice in (self.source, self.measure, self.order):
            choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.weigh, self.map = QPushButton(), QPushButton()
        self.bars = WordBars(theme)
        self.empty, self.unable, self.note, self.unmapped = (paragraph("muted") for _ in range(4))
        self.error = paragraph("danger")
        self._heading = QLabel()
        self._heading.setObjectName("heading")
        self._choices = QWidget()
        row = QHBoxLayout(self._choices)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SMALL)
        row.addWidget(self.measure)
        row.addWidget(self.order)
        body = QWidget()
        body.setObjectName("formBody")
        column = QVBoxLayout(body)
        column.setContentsMargins(LARGE, MEDIUM, LARGE, MEDIUM)
        column.setSpacing(MEDIUM)
        for widget in (
            *(self.source, self.empty, self.weigh, self.unable, self._choices, self.bars, self.note, self.error),
            *(self._heading, self.map, self.unmapped),
        ):
            column.addWidget(widget)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(FormArea(body))
        self.source.activated.connect(lambda number: self.explaining.choose(_SOURCES[number]))
        self.measure.activated.connect(self._show)
        self.order.activated.connect(self._show)
        self.weigh.clicked.connect(self._weigh_or_stop)
        self.map.clicked.connect(self._map_or_stop)
        self.bars.pointed.connect(self._point_at)
        self.explaining.changed.connect(self._show)
        self.retranslate()

    def title(self) -> str:
        return self.tr("Words")

    def focus_first(self) -> None:
        (self.weigh if self.weigh.isVisible() and self.weigh.isEnabled() else self.source).setFocus()

    def retranslate(self) -> None:
        for choice, name, words in (
            (self.source, self.tr("Whose words"), (self.tr("Of the prompt"), self.tr("Of the picture shown"))),
            (
                self.measure,
                self.tr("Worth of what kind"),
                (self.tr("For the idea"), self.tr("In the picture"), self.tr("Heard")),
            ),
            (self.order, self.tr("Order of the words"), (self.tr("As they are read"), self.tr("By worth"))),
        ):
            chosen = max(choice.currentIndex(), 0)
            with QSignalBlocker(choice):
                choice.clear()
                choice.addItems(list(words))
                choice.setCurrentIndex(chosen)
            choice.setAccessibleName(name)
            choice.setToolTip(name)
        self.bars.setAccessibleName(self.tr("What each word is worth"))
        self._heading.setText(self.tr("Where in the picture"))
        self._show()

    # ------------------------------------------------------------------ what is shown

    @Slot()
    def _show(self) -> None:
        explaining = self.explaining
        subject = explaining.subject
        with QSignalBlocker(self.source):
            self.source.setCurrentIndex(_SOURCES.index(explaining.source))
        self.empty.setVisible(subject is None)
        self.empty.setText(
            self.tr("Write a prompt to see what its words are worth.")
            if explaining.source is Source.PROMPT
            else self.tr("There is no picture with words. Make one, or click one in the gallery.")
        )
        self._show_worth(subject)
        self._show_bars(subject)
        self._show_maps(subject)
        error = explaining.error
        self.error.setVisible(error is not None)
        if error is not None:
            self.error.setText(" ".join(sentences(error)).strip())

    def _show_worth(self, subject: Subject | None) -> None:
        explaining, progress = self.explaining, self.explaining.weighing
        can = subject is not None and explaining.can_weigh(subject)
        self.weigh.setVisible(subject is not None and (explaining.worths is None or progress is not None))
        self.weigh.setEnabled(can)
        self.weigh.setText(self.tr("Weigh the words") if progress is None else self._cancel(progress))
        self.unable.setVisible(subject is not None and not can)
        if subject is not None:
            model = self.studio.models.title(subject.request.model)
            self.unable.setText(
                self.tr("{model} draws straight from the words: there is no idea to weigh them for.").format(
                    model=model
                )
            )

    def _show_bars(self, subject: Subject | None) -> None:
        able = self._able(subject)
        for number, measure in enumerate(_MEASURES):
            self.measure.model().item(number).setEnabled(measure in able)  # type: ignore[attr-defined]
        measure = _MEASURES[self.measure.currentIndex()]
        if able and measure not in able:
            measure = able[0]
            with QSignalBlocker(self.measure):
                self.measure.setCurrentIndex(_MEASURES.index(measure))
        self._rows = self._worths(measure) if able else ()
        for widget in (self._choices, self.bars, self.note):
            widget.setVisible(bool(self._rows))
        self.bars.show_bars([row.bar for row in self._rows], self.order.currentIndex() == 1)
        self.note.setText(
            {
                "idea": self.tr("How far the idea moves when the word is left out: 0 is not at all."),
                "seen": self.tr(
                    "How much better picture and words agree with the word than without it; below 0 the picture speaks "
                    "against it."
                ),
                "heard": self.tr("How much of the picture’s attention went to the word while it was drawn."),
            }[measure]
        )

    def _able(self, subject: Subject | None) -> list[str]:
        """The kinds of worth that are known."""
        worths, heats = self.explaining.worths, self.explaining.heats
        known = ["idea"] if worths else []
        if worths and worths[0].seen is not None:
            known.append("seen")
        return [*known, "heard"] if heats else known

    def _worths(self, measure: str) -> tuple[_Row, ...]:
        explaining = self.explaining
        if measure == "heard":
            return tuple(_Row(WordBar(one.word, one.level), one.start, one.end) for one in explaining.heats or ())
        return tuple(
            _Row(WordBar(one.word, one.idea if measure == "idea" else one.seen or 0.0), one.start, one.end)
            for one in explaining.worths or ()
        )

    def _show_maps(self, subject: Subject | None) -> None:
        explaining, progress = self.explaining, self.explaining.mapping
        can, mapped = subject is not None and explaining.can_map(subject), explaining.heats is not None
        for widget in (self._heading, self.map, self.unmapped):
            widget.setVisible(subject is not None)
        self.map.setVisible(subject is not None and (not mapped or progress is not None))
        self.map.setEnabled(can and (subject is not None and subject.picture is not None))
        self.map.setText(self.tr("Find where words went") if progress is None else self._cancel(progress))
        if subject is None:
            return
        if not can:
            words = self.tr(
                "{model}’s decoder never reads the words, only the idea that was made of them, so they have no place in "
                "the picture. These read them: {others}."
            )
            model = self.studio.models.title(subject.request.model)
            self.unmapped.setText(words.format(model=model, others=", ".join(explaining.readers())))
        elif subject.picture is None:
            self.unmapped.setText(self.tr("That is known of a picture only: make one, and choose the picture above."))
        elif mapped:
            self.unmapped.setText(self.tr("Point at a word: where the picture stays bright, it was heard."))
        else:
            self.unmapped.setText(self.tr("The picture is made once more, and it is watched where each word goes."))

    def _cancel(self, progress: float) -> str:
        return self.tr("Cancel – {percent} %").format(percent=self.locale().toString(round(progress * 100)))

    # ------------------------------------------------------------------ what is done

    @Slot()
    def _weigh_or_stop(self) -> None:
        (self.explaining.weigh if self.explaining.weighing is None else self.explaining.cancel)()

    @Slot()
    def _map_or_stop(self) -> None:
        (self.explaining.map if self.explaining.mapping is None else self.explaining.cancel)()

    @Slot(int)
    def _point_at(self, number: int) -> None:
        row = self._rows[number] if 0 <= number < len(self._rows) else None
        self.explaining.point_at(None if row is None else (row.start, row.end))

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(300), self.theme.px(320))
