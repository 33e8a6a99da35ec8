"""The controls of the prompt panel and where they stand; what they mean is the panel's business."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.engine.spec import Limits, ModelSpec
from kandinsky_studio.ui.size_presets import presets
from kandinsky_studio.ui.widgets.fold import Fold
from kandinsky_studio.ui.widgets.note import Note
from kandinsky_studio.ui.widgets.number import Number, WholeBox
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.prompt_editor import PromptEditor
from kandinsky_studio.ui.widgets.seed import SeedField
from kandinsky_studio.ui.word_bar import TokenCount, WordBar

SCHEDULER_TITLES = {  # names, not words: never translated
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2s": "DPM++ 2S",
    "ddpm": "DDPM",
    "ddim": "DDIM",
    "unipc": "UniPC",
    "euler": "Euler",
    "euler_a": "Euler a",
    "deis": "DEIS",
    "pndm": "PNDM",
    "lcm": "LCM",
}
SIDE_FRAME = 14  # pixels around four digits and the unit; what Qt asks for would make the panel much wider
_STEPS = Limits(1, 100, 20)
_GUIDANCE = Limits(1.0, 20.0, 4.0)


class PromptForm(QWidget):
    """Labels in the left column, controls in the right one, so that everything stands in line."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("formBody")
        self.prompt = PromptEditor(5)
        self.negative_prompt = PromptEditor(2)
        self.words, self.negative_count = WordBar(), TokenCount()
        self.negative_fold = Fold(_stacked(self.negative_prompt, self.negative_count))
        self.model = _combo()
        self.about_model, self.real_pictures = QPushButton(), QPushButton()
        self.model_note = Note(self.about_model, self.real_pictures)
        self.languages = paragraph("muted")
        self.format = _combo()
        self.width_box, self.height_box, self.swap = WholeBox(), WholeBox(), QToolButton()
        self.numbers = {
            "num_images_per_prompt": Number(Limits(1, 64, 1)),
            "num_inference_steps": Number(_STEPS),
            "guidance_scale": Number(_GUIDANCE),
            "strength": Number(Limits(0.0, 1.0, 1.0)),
            "prior_num_inference_steps": Number(_STEPS),
            "prior_guidance_scale": Number(_GUIDANCE),
        }
        self.prior_seed, self.seed = SeedField(), SeedField()
        self.scheduler = _combo()
        self._labels: dict[str, QLabel] = {}
        self._advanced = QWidget()
        self.advanced_fold = Fold(self._advanced)
        self._seed_heading = QLabel()
        self._seed_heading.setObjectName("heading")
        self._build()

    def _build(self) -> None:
        main = QGridLayout()
        rows: list[tuple[str, QWidget]] = [
            ("model", self.model),
            ("", self.model_note),
            ("", self.languages),
            ("format", self.format),
            ("sides", self._sides()),
            ("num_images_per_prompt", self.numbers["num_images_per_prompt"]),
            ("num_inference_steps", self.numbers["num_inference_steps"]),
            ("guidance_scale", self.numbers["guidance_scale"]),
            ("strength", self.numbers["strength"]),
        ]
        self._fill(main, rows)
        seeds = QGridLayout()
        self._fill(seeds, [("prior_seed", self.prior_seed), ("seed", self.seed)])
        advanced = QGridLayout(self._advanced)
        advanced.setContentsMargins(0, 0, 0, 0)
        names = ("prior_num_inference_steps", "prior_guidance_scale")
        self._fill(advanced, [*((name, self.numbers[name]) for name in names), ("scheduler", self.scheduler)])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 4, 16, 16)
        layout.setSpacing(8)
        layout.addWidget(_stacked(self.prompt, self.words))
        layout.addWidget(self.negative_fold)
        layout.addSpacing(8)
        layout.addLayout(main)
        layout.addSpacing(8)
        layout.addWidget(self._seed_heading)
        layout.addLayout(seeds)
        layout.addSpacing(4)
        layout.addWidget(self.advanced_fold)
        layout.addStretch(1)
        self._grids = (main, seeds, advanced)

    def _fill(self, grid: QGridLayout, rows: Sequence[tuple[str, QWidget]]) -> None:
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for row, (name, widget) in enumerate(rows):
            if not name:  # belongs to the row above
                grid.addWidget(widget, row, 0, 1, 2)
                continue
            label = QLabel()
            label.setBuddy(widget)
            self._labels[name] = label
            grid.addWidget(label, row, 0)
            grid.addWidget(widget, row, 1)

    def _sides(self) -> QWidget:
        sides = QWidget()
        row = QHBoxLayout(sides)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.width_box, 1)
        row.addWidget(self.swap)
        row.addWidget(self.height_box, 1)
        sides.setFocusProxy(self.width_box)
        return sides

    def commit(self) -> None:
        """Take what is typed in a field that still has the focus: a key that starts the job does not leave it."""
        for box in self.findChildren(QAbstractSpinBox):
            box.interpretText()
        for field in (self.prior_seed, self.seed):
            field.commit()

    # ------------------------------------------------------------------ words

    def retranslate_all(self) -> None:
        """Called by the panel, which must fill its lists after this."""
        self.prompt.setPlaceholderText(self.tr("Describe a picture…"))
        self._name(self.prompt, self.tr("Prompt"), self.tr("What the picture shows"))
        self.negative_prompt.setPlaceholderText(self.tr("What should not be in it"))
        self._name(self.negative_prompt, self.tr("Negative prompt"), self.tr("What the picture should not show"))
        self.negative_fold.set_title(self.tr("Negative prompt"))
        self.words.retranslate()
        self._row("model", self.tr("Model"), self.model, self.tr("The model that makes the picture"))
        self.model_note.set_text(self.tr("Built-in model: shapes and colours."))
        self.about_model.setText(self.tr("What can it draw?"))
        self.about_model.setAccessibleName(self.tr("What can the built-in model draw?"))
        self._row("format", self.tr("Format"), self.format, self.tr("Sizes the model draws best"))
        self._labels["sides"].setText(self.tr("Size"))
        self._name(self.width_box, self.tr("Width"), self.tr("Width in pixels"))
        self._name(self.height_box, self.tr("Height"), self.tr("Height in pixels"))
        for box in (self.width_box, self.height_box):
            box.setSuffix(self.tr(" px"))
            box.keep_room(f"2048{box.suffix()}", SIDE_FRAME)
        self._name(self.swap, self.tr("Swap width and height"), self.tr("Swap width and height"))
        self._number("num_images_per_prompt", self.tr("Pictures"), self.tr("How many pictures to make"))
        self._number("num_inference_steps", self.tr("Steps"), self.tr("More steps: finer, and slower"))
        self._number("guidance_scale", self.tr("Guidance"), self.tr("How closely the picture keeps to the idea"))
        self._number("strength", self.tr("Strength"), self.tr("How much of the picture may change"))
        self._seed_heading.setText(self.tr("Seeds"))
        idea = self.tr("What is in the picture. Lock it to keep the idea and draw it another way.")
        rendering = self.tr("How the idea is drawn. Lock it to keep the drawing and change the idea.")
        self._seed("prior_seed", self.tr("Idea"), self.prior_seed, idea)
        self._seed("seed", self.tr("Rendering"), self.seed, rendering)
        self.advanced_fold.set_title(self.tr("Advanced"))
        self._number("prior_num_inference_steps", self.tr("Idea steps"), self.tr("Steps from the words to the idea"))
        self._number(
            "prior_guidance_scale", self.tr("Idea guidance"), self.tr("How closely the idea keeps to the words")
        )
        self._row("scheduler", self.tr("Sampler"), self.scheduler, self.tr("The way from noise to the picture"))
        self._align()

    def _align(self) -> None:
        """One width for the labels of all groups, whatever the language."""
        width = max(label.sizeHint().width() for label in self._labels.values())
        for grid in self._grids:
            grid.setColumnMinimumWidth(0, width)

    def _row(self, name: str, title: str, widget: QWidget, hint: str) -> None:
        self._labels[name].setText(title)
        self._name(widget, title, hint)

    def _number(self, name: str, title: str, hint: str) -> None:
        self._labels[name].setText(title)
        self._labels[name].setToolTip(hint)
        self.numbers[name].set_name(title, hint)

    def _seed(self, name: str, title: str, field: SeedField, hint: str) -> None:
        self._labels[name].setText(title)
        self._labels[name].setToolTip(hint)
        self._name(field.edit, self.tr("{name} seed").format(name=title), hint)
        self._name(field.dice, self.tr("Draw a new seed: {name}").format(name=title), self.tr("Draw a new seed"))
        self._name(field.lock, self.tr("Lock the seed: {name}").format(name=title), self.tr("Keep this seed"))

    @staticmethod
    def _name(widget: QWidget, name: str, hint: str) -> None:
        widget.setAccessibleName(name)
        widget.setToolTip(hint)

    # ------------------------------------------------------------------ what is on offer

    def fill_sizes(self, spec: ModelSpec) -> None:
        """The formats that suit ``spec``, and an empty line for sizes of one's own."""
        names = {(1, 1): self.tr("Square")}
        self.format.clear()
        for (across, down), size in presets(spec):
            kind = self.tr("Landscape") if across > down else self.tr("Portrait")
            name = names.get((across, down)) or f"{kind} {across} : {down}"
            self.format.addItem(name, size)
        self.format.addItem(self.tr("My own"), None)

    def fill_schedulers(self, keys: Sequence[str]) -> None:
        self.scheduler.clear()
        for key in keys:
            self.scheduler.addItem(SCHEDULER_TITLES.get(key, key), key)

    def show_size(self, width: int, height: int) -> None:
        with QSignalBlocker(self.width_box), QSignalBlocker(self.height_box), QSignalBlocker(self.format):
            self.width_box.setValue(width)
            self.height_box.setValue(height)
            sizes = [self.format.itemData(row) for row in range(self.format.count())]
            match = next((row for row, size in enumerate(sizes) if size and tuple(size) == (width, height)), -1)
            self.format.setCurrentIndex(match if match >= 0 else self.format.count() - 1)

    def show_model_note(self, shown: bool, real: str, installed: bool) -> None:
        """Say what the built-in model is, and offer ``real``: to use it, or to learn how it comes into the program."""
        self.model_note.setVisible(shown)
        self.model.setAccessibleDescription(self.model_note.text() if shown else "")
        offer = self.tr("Use {model}").format(model=real) if installed else self.tr("Get real pictures…")
        self.real_pictures.setText(offer)
        self.real_pictures.setAccessibleName(offer.rstrip("…"))

    def show_strength(self, shown: bool) -> None:
        """The row means something only when a picture is changed, not when one is made from nothing."""
        self._labels["strength"].setVisible(shown)
        self.numbers["strength"].setVisible(shown)

    def show_prior(self, shown: bool) -> None:
        """A model that draws straight from the words has no idea to seed, to step or to guide."""
        for name, widget in (
            ("prior_seed", self.prior_seed),
            *((name, self.numbers[name]) for name in ("prior_num_inference_steps", "prior_guidance_scale")),
        ):
            self._labels[name].setVisible(shown)
            widget.setVisible(shown)

    def allow_several(self, allowed: bool) -> None:
        """With both seeds locked, several pictures would be the same one."""
        number = self.numbers["num_images_per_prompt"]
        number.setEnabled(allowed)
        hint = self.tr("How many pictures to make") if allowed else self.tr("Both seeds are locked: all would be alike")
        number.setToolTip(hint)


def _stacked(*widgets: QWidget) -> QWidget:
    """One below the other, close together."""
    whole = QWidget()
    column = QVBoxLayout(whole)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    for widget in widgets:
        column.addWidget(widget)
    return whole


def _combo() -> QComboBox:
    combo = QComboBox()
    combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return combo
