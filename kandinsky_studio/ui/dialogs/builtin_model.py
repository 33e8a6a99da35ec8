"""What the built-in model can draw, told honestly, and the words it knows."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.app.vocabulary import KINDS, LANGUAGE_NAMES, Words, read_vocabulary
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.reading import ReadingDialog

EXAMPLES = 4


class BuiltinModelDialog(ReadingDialog):
    """Stays open beside the window: a click on an example puts it into the prompt, to be changed or drawn."""

    def __init__(self, studio: Studio, theme: Theme, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self._about, self._heading = paragraph(), paragraph("heading")
        self.words = WordsByLanguage(read_vocabulary())
        self.examples = [QPushButton() for _ in range(EXAMPLES)]
        self._real_pictures = QPushButton()
        self._real_pictures.clicked.connect(actions.get_real_pictures.trigger)
        self.buttons.addButton(self._real_pictures, QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(8)
        layout.addWidget(self._about)
        layout.addSpacing(8)
        layout.addWidget(self._heading)
        for button in self.examples:
            button.setObjectName("example")
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _=False, button=button: studio.settings.set(prompt=button.text()))
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addSpacing(8)
        layout.addWidget(self.words)
        layout.addStretch(1)
        layout.addSpacing(16)
        layout.addWidget(self.buttons)
        self.retranslate()
        self.get_ready(self.close_button)

    def retranslate(self) -> None:
        self.setWindowTitle(self.tr("The built-in model"))
        self._about.setText(
            self.tr(
                "A tiny model with the parts of Kandinsky 2.2, trained only on drawn flat shapes on plain grounds. "
                "It knows no cats, no faces and no landscapes. "
                "With it you can try everything at once, on any computer."
            )
        )
        self._heading.setText(self.tr("Click an example to put it into the prompt"))
        prompts = (
            self.tr("an orange ring on a black background"),
            self.tr("a big yellow star on a purple background"),
            self.tr("a small green triangle at the top on a white background"),
            self.tr("a red square to the left of a white circle on a blue background"),
        )
        for button, prompt in zip(self.examples, prompts, strict=True):
            button.setText(prompt)
        self._real_pictures.setText(self.tr("Get real pictures…"))
        self.words.retranslate()
        self.words.choose(self._studio.translation.language)


class WordsByLanguage(QWidget):
    """The words of one language at a time, and a button for each language. Not there at all if there are none."""

    def __init__(self, vocabulary: dict[str, Words]) -> None:
        super().__init__()
        self._heading = paragraph("heading")
        self.languages: dict[str, QToolButton] = {}
        self._kinds: list[tuple[str, QLabel]] = []
        self._pages = QStackedWidget()  # as tall as the longest page, so that nothing jumps
        self._group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(2)
        for language, words in vocabulary.items():
            page = self._pages.addWidget(self._page(words))
            button = self.languages[language] = QToolButton()
            button.setText(LANGUAGE_NAMES.get(language, language))
            button.setCheckable(True)
            button.setVisible(len(vocabulary) > 1)
            button.clicked.connect(lambda _=False, page=page: self._pages.setCurrentIndex(page))
            self._group.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._heading)
        layout.addLayout(row)
        layout.addWidget(self._pages)
        self.setVisible(bool(vocabulary))

    def choose(self, language: str) -> None:
        """Show the words of ``language``, or of the first one if there are none in it."""
        button = self.languages.get(language) or next(iter(self.languages.values()), None)
        if button is not None:
            button.click()

    def retranslate(self) -> None:
        titles = {
            "colours": self.tr("Colours"),
            "shapes": self.tr("Shapes"),
            "sizes": self.tr("Sizes"),
            "places": self.tr("Places"),
            "relations": self.tr("Two shapes"),
        }
        self._heading.setText(self.tr("Languages it reads, and words it knows"))
        for kind, label in self._kinds:
            label.setText(titles[kind])
        for language, button in self.languages.items():
            name = LANGUAGE_NAMES.get(language, language)
            button.setAccessibleName(self.tr("Words it knows: {language}").format(language=name))

    def _page(self, words: Words) -> QWidget:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        top = Qt.AlignmentFlag.AlignTop
        for row, kind in enumerate(kind for kind in KINDS if kind in words):
            title = QLabel()
            title.setObjectName("muted")
            self._kinds.append((kind, title))
            text = paragraph()
            text.setText(", ".join(words[kind]))
            text.setTextFormat(Qt.TextFormat.PlainText)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(title, row, 0, top)
            grid.addWidget(text, row, 1)
        grid.setRowStretch(len(words), 1)
        return page
