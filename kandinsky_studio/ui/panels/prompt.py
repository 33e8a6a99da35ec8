"""What is to be made: the words, the model, the numbers, the seeds, and the button that starts it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Slot
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kandinsky_studio.app.generation import limits_of, random_seed
from kandinsky_studio.app.machine import Fit
from kandinsky_studio.app.models import BUILTIN, REAL, ModelChoice
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.engine.request import Progress, Stage, Task
from kandinsky_studio.engine.spec import Limits
from kandinsky_studio.ui.actions import Actions, hint, keys
from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.prompt_form import PromptForm
from kandinsky_studio.ui.prompt_words import PromptWords
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.form_area import FormArea
from kandinsky_studio.ui.widgets.generate_button import GenerateButton
from kandinsky_studio.ui.widgets.number import Number
from kandinsky_studio.ui.widgets.status_line import StatusLine

COUNT = Limits(1, 64, 1)
COUNT_ON_SLIDER = 8
STRENGTH = Limits(0.0, 1.0, 1.0)
GET = "?"  # stands in the list of models for where others come from
NARROWEST = 320  # pixels


class PromptPanel(Panel):
    """Shows the :class:`GenerationSettings` and changes them; it keeps no values of its own."""

    key = "prompt"
    area = Qt.DockWidgetArea.RightDockWidgetArea

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__(studio, theme, actions)
        self.form = PromptForm()
        self.button = GenerateButton(theme)
        self.status = StatusLine()
        self.wording = PromptWords(studio, theme, actions, self.form)
        self._verb = ""
        self._numbers: dict[str, Number] = self.form.numbers
        self._build()
        self._connect()
        self.retranslate()
        self._set_icons()
        self._models_changed()
        self._model_chosen()
        for name in ("prompt", "negative_prompt", *self._numbers, "width", "prior_seed", "seed", "task"):
            self._show(name)
        self._show_locks()
        self.form.negative_fold.set_open(bool(studio.settings.values.negative_prompt))

    def title(self) -> str:
        return self.tr("Prompt")

    def set_verb(self, verb: str) -> None:
        """What the button does to the document in front, in the language of the window; empty without one."""
        self._verb = verb
        self._queue_changed()

    def minimumSizeHint(self) -> QSize:
        """Never narrower than the form, which has no scroll bar to bring its right edge into sight."""
        own = super().minimumSizeHint()
        return QSize(max(NARROWEST, own.width(), self._scroll.least_width), own.height())

    def focus_first(self) -> None:
        self._scroll.ensureWidgetVisible(self.form.prompt)
        self.form.prompt.setFocus()

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        self._scroll = FormArea(self.form)
        foot = QWidget()
        below = QVBoxLayout(foot)
        below.setContentsMargins(16, 8, 16, 12)
        below.setSpacing(6)
        below.addWidget(self.button)
        below.addWidget(self.status)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(foot)

    def _connect(self) -> None:
        form, settings = self.form, self.studio.settings
        form.prompt.textChanged.connect(lambda: settings.set(prompt=form.prompt.toPlainText()))
        form.negative_prompt.textChanged.connect(
            lambda: settings.set(negative_prompt=form.negative_prompt.toPlainText())
        )
        for name, number in self._numbers.items():
            number.changed.connect(lambda value, name=name: settings.set(**{name: value}))
        form.width_box.valueChanged.connect(lambda value: settings.set(width=value))
        form.height_box.valueChanged.connect(lambda value: settings.set(height=value))
        form.format.activated.connect(self._size_chosen)
        form.swap.clicked.connect(lambda: settings.set(width=settings.values.height, height=settings.values.width))
        form.advanced_fold.toggled.connect(self._bring_into_sight, Qt.ConnectionType.QueuedConnection)
        form.model.activated.connect(self._model_activated)
        form.about_model.clicked.connect(self.actions_.about_builtin.trigger)
        form.real_pictures.clicked.connect(self._want_real_pictures)
        form.scheduler.activated.connect(lambda _: settings.set(scheduler=form.scheduler.currentData()))
        for field, seed, lock in (
            (form.prior_seed, "prior_seed", "prior_seed_locked"),
            (form.seed, "seed", "seed_locked"),
        ):
            field.typed.connect(lambda value, seed=seed: settings.set(**{seed: value}))
            field.drawn.connect(lambda seed=seed: settings.set(**{seed: random_seed()}))
            field.locked.connect(lambda value, lock=lock: settings.set(**{lock: value}))
        settings.changed.connect(self._show)
        self.studio.model_chosen.connect(self._model_chosen)
        self.studio.models.changed.connect(self._models_changed)
        self.button.clicked.connect(self._start_or_stop)
        generation = self.studio.generation
        generation.queue_changed.connect(self._queue_changed)
        generation.progressed.connect(self._progressed)
        self.theme.changed.connect(self._set_icons)

    # ------------------------------------------------------------------ words and icons

    def retranslate(self) -> None:
        self.form.retranslate_all()
        self.wording.retranslate()
        self._fill_models()
        self._fill_sizes()
        self._queue_changed()
        self.button.setAccessibleDescription(hint(self.actions_.generate))
        self.updateGeometry()

    def _set_icons(self) -> None:
        icon = self.theme.icon
        folds = (icon("chevron_right", "muted"), icon("chevron_down", "muted"))
        self.form.negative_fold.set_icons(*folds)
        self.form.advanced_fold.set_icons(*folds)
        self.form.swap.setIcon(icon("swap"))
        for field in (self.form.prior_seed, self.form.seed):
            field.set_icons(icon("dice"), icon("unlock", "muted"), icon("lock", "accent_line"))

    # ------------------------------------------------------------------ the model and what follows from it

    def _fill_models(self) -> None:
        with QSignalBlocker(self.form.model):
            self.form.model.clear()
            for choice in self.studio.models.choices():
                title = self.studio.models.title(choice.spec.key)
                if not choice.installed:
                    title = self.tr("{model} (not installed)").format(model=title)
                self.form.model.addItem(title, choice.spec.key)
                reason = self._reason_against(choice)
                row = self.form.model.count() - 1
                self.form.model.setItemData(row, reason, Qt.ItemDataRole.ToolTipRole)
                self.form.model.setItemData(row, reason, Qt.ItemDataRole.AccessibleDescriptionRole)
                if reason:  # the way of QComboBox to grey a row
                    self.form.model.setItemData(row, 0, Qt.ItemDataRole.UserRole - 1)
            self.form.model.insertSeparator(self.form.model.count())
            self.form.model.addItem(self.tr("Get models…"), GET)
            self.form.model.addItem(self.tr("Open a model folder…"), None)
            self.form.model.setCurrentIndex(self.form.model.findData(self.studio.settings.values.model))
        self._show_model_note()

    def _reason_against(self, choice: ModelChoice) -> str:
        """Why a model can't be chosen; empty if it can."""
        if choice.installed:
            return ""
        if self.studio.looking.fit(choice.spec) is Fit.no:
            return self.tr("Not on this computer, which has too little memory for it.")
        return self.tr("Not on this computer. “Get models…” below brings it.")

    def _show_model_note(self) -> None:
        models = self.studio.models
        shown = self.studio.settings.values.model == BUILTIN
        self.form.show_model_note(shown, models.title(REAL), models.installed(REAL))

    @Slot()
    def _models_changed(self) -> None:
        self._fill_models()

    @Slot(int)
    def _model_activated(self, _index: int) -> None:
        model = self.form.model.currentData()
        if model is None:
            self.actions_.open_model.trigger()
        elif model == GET:
            self.actions_.get_real_pictures.trigger()
        else:
            self.studio.choose_model(model)
        self._fill_models()

    @Slot()
    def _want_real_pictures(self) -> None:
        """Weights that are here are used at once; for others there is something to read."""
        if not self.studio.models.installed(REAL):
            self.actions_.get_real_pictures.trigger()
            return
        self.form.model.setFocus()  # the button that has it goes away
        self.studio.choose_model(REAL)

    @Slot()
    def _model_chosen(self) -> None:
        spec = self.studio.models.find(self.studio.settings.values.model)
        if spec is None:
            return
        limits = limits_of(spec)
        for name, number in self._numbers.items():
            if name in limits:
                number.set_limits(limits[name])
            self._show(name)
        self._numbers["num_images_per_prompt"].set_limits(COUNT, COUNT_ON_SLIDER)
        for box in (self.form.width_box, self.form.height_box):
            with QSignalBlocker(box):
                box.setRange(spec.size.minimum, spec.size.maximum)
                box.setSingleStep(8)
        with QSignalBlocker(self.form.scheduler):
            self.form.fill_schedulers(spec.schedulers)
        self.form.show_prior(bool(spec.prior_schedulers))
        self._fill_models()
        self._fill_sizes()
        for name in ("width", "scheduler"):
            self._show(name)

    def _fill_sizes(self) -> None:
        spec = self.studio.models.find(self.studio.settings.values.model)
        if spec is not None:
            with QSignalBlocker(self.form.format):
                self.form.fill_sizes(spec)
            self._show("width")

    @Slot(int)
    def _size_chosen(self, _index: int) -> None:
        size = self.form.format.currentData()
        if size is not None:
            self.studio.settings.set(width=size[0], height=size[1])

    # ------------------------------------------------------------------ settings → widgets

    @Slot(str)
    def _show(self, name: str) -> None:
        form, settings = self.form, self.studio.settings
        values = settings.values
        if name in ("prompt", "negative_prompt"):
            editor = form.prompt if name == "prompt" else form.negative_prompt
            text = getattr(values, name)
            if editor.toPlainText() != text:  # typing must not move the cursor
                editor.setPlainText(text)
                editor.moveCursor(QTextCursor.MoveOperation.End)
                if name == "negative_prompt" and text:
                    form.negative_fold.set_open(True)
        elif name == "num_images_per_prompt":
            self._numbers[name].set_value(1 if settings.all_alike else values.num_images_per_prompt)
        elif name in self._numbers:
            self._numbers[name].set_value(getattr(values, name))
        elif name in ("width", "height"):
            form.show_size(values.width, values.height)
        elif name == "prior_seed":
            form.prior_seed.set_seed(values.prior_seed)
        elif name == "seed":
            form.seed.set_seed(values.seed)
        elif name in ("prior_seed_locked", "seed_locked"):
            self._show_locks()
        elif name == "scheduler":
            form.scheduler.setCurrentIndex(form.scheduler.findData(values.scheduler))
        elif name == "model":
            self._fill_models()
        elif name == "task":
            form.show_strength(values.task is not Task.text2image)

    @Slot(bool)
    def _bring_into_sight(self, opened: bool) -> None:
        """What was just opened is below the edge of a small window."""
        if opened:
            self.form.adjustSize()
            self._scroll.ensureWidgetVisible(self.form.advanced_fold, 0, 0)

    def _show_locks(self) -> None:
        settings = self.studio.settings
        self.form.prior_seed.set_locked(settings.prior_seed_locked)
        self.form.seed.set_locked(settings.seed_locked)
        self.form.allow_several(not settings.all_alike)
        self._show("num_images_per_prompt")

    # ------------------------------------------------------------------ the job

    @Slot()
    def _start_or_stop(self) -> None:
        if self.studio.generation.busy:
            self.actions_.cancel.trigger()
        else:
            self.actions_.generate.trigger()

    @Slot()
    def _queue_changed(self) -> None:
        if self.studio.generation.busy:
            self.button.setText(self.tr("Cancel"))
            self.button.setToolTip(hint(self.actions_.cancel))
            self.button.set_keys(keys(self.actions_.cancel))
            if self.button.fraction is None:
                self.button.set_fraction(0.0)
                self.status.setText(self.tr("Starting…"))
        else:
            self.button.setText(self._verb or self.tr("Generate"))
            self.button.setToolTip(hint(self.actions_.generate))
            self.button.set_keys(keys(self.actions_.generate))
            self.button.set_fraction(None)
            self.status.setText("")

    @Slot(int, object)
    def _progressed(self, _job_id: int, progress: Progress) -> None:
        if self.studio.generation.busy:
            self.button.set_fraction(progress.fraction)
            self.status.setText(self._progress_text(progress))

    def _progress_text(self, progress: Progress) -> str:
        parts = []
        if progress.stage is Stage.loading:
            parts.append(self.tr("Loading the model…"))
        else:
            if progress.pictures > 1:
                parts.append(
                    self.tr("Picture {number} of {count}").format(number=progress.picture + 1, count=progress.pictures)
                )
            if progress.stage is Stage.prior:
                parts.append(self.tr("finding the idea"))
            elif progress.stage is Stage.decoder:
                parts.append(self.tr("step {step} of {count}").format(step=progress.step, count=progress.total_steps))
            else:
                parts.append(self.tr("finishing"))
        if progress.seconds_left is not None:
            parts.append(self._time_left(progress.seconds_left))
        text = " · ".join(parts)
        return text[:1].upper() + text[1:]

    def _time_left(self, seconds: float) -> str:
        if seconds < 90:
            return self.tr("{seconds} s left").format(seconds=max(1, round(seconds)))
        return self.tr("{minutes} min left").format(minutes=round(seconds / 60))
