"""The words of the next picture: what is typed, what is sent, how much of it is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication

from kandinsky_studio.app.errand import Errand
from kandinsky_studio.app.generation import GenerationSettings
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.models import BUILTIN, Models
from kandinsky_studio.app.translation import Translation
from kandinsky_studio.app.wording import prospect as prospects
from kandinsky_studio.app.wording import styling, templates
from kandinsky_studio.app.wording.handbook import Handbook, Modifier
from kandinsky_studio.app.wording.history import FIELDS, PromptHistory
from kandinsky_studio.app.wording.languages import reads, script_of
from kandinsky_studio.app.wording.prospect import Prospect
from kandinsky_studio.app.wording.styles import Styles
from kandinsky_studio.app.wording.styling import Edit, Texts
from kandinsky_studio.app.worker import EngineWorker
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult
from kandinsky_studio.storage.durable import write_file
from kandinsky_studio.storage.wildcards import Wildcards, read_wildcards

TOPIC = "tokens"
ROOM = 75  # tokens of words that CLIP reads
_PAUSE = 400  # milliseconds without a key until tokens are counted
_GUESSED = 20_000  # characters
_SOON = 120  # until it is said what will be sent


@dataclass(frozen=True)
class Reading:
    """How much of a field is read: ``tokens`` of all the words that are sent, ``limit`` of those that are read, by the
    encoder that reads least. ``exact`` unless it is a guess. ``encoders`` are (name, tokens, limit) of each. Nothing is
    read of the text in the field from the character ``cut`` on, None if all is or it can't be said."""

    tokens: int
    limit: int = ROOM
    exact: bool = False
    cut: int | None = None
    encoders: tuple[tuple[str, int, int], ...] = ()

    @property
    def too_long(self) -> bool:
        return self.tokens > self.limit


class Words(QObject):
    """Styles, handbook, history and wildcards of the prompt, and what comes of them.

    ``prospect_changed`` tells that something else would be sent, ``reading_changed`` that it is known better how much
    of it is read, ``field_changed`` that another field is typed in. ``edited`` carries the name of a field and an :class:`Edit` for whoever shows it.
    """

    prospect_changed = Signal()
    reading_changed = Signal()
    field_changed = Signal()
    edited = Signal(str, object)

    def __init__(
        self,
        folder: Path,
        settings: GenerationSettings,
        models: Models,
        worker: EngineWorker,
        translation: Translation,
        messages: Messages,
        parent: QObject | None = None,
        keeps: bool = True,
    ) -> None:
        """What the user has is in ``folder``; it is not written to unless this ``keeps``."""
        super().__init__(parent)
        self._settings, self._models, self._worker = settings, models, worker
        self._translation, self._messages = translation, messages
        self._lane = Lane("words", self)
        self.wildcard_folder = folder / "wildcards"
        own = {name: folder / f"{name}.json" if keeps else None for name in ("prompts", "styles", "handbook")}
        self.history = PromptHistory(own["prompts"], self._lane, messages, self)
        self.styles = Styles(own["styles"], self._lane, settings, models, translation, messages, self)
        self.handbook = Handbook(own["handbook"], self._lane, messages, self)
        self.field = FIELDS[0]  # that was typed in last
        self.cursors = dict.fromkeys(FIELDS, -1)  # characters from the beginning; -1 is the end
        self.wildcards: Wildcards = {}
        self.refused_wildcards: Sequence[str] = ()
        self._every = False
        self._prospect = Prospect(Texts("", ""), Texts("", ""))
        self._readings = dict.fromkeys(FIELDS, Reading(0))
        self._asked = 0
        self._opened = self._closed = False
        self._soon, self._pause = QTimer(self), QTimer(self)
        for timer, interval, do in ((self._soon, _SOON, self._look), (self._pause, _PAUSE, self._count)):
            timer.setSingleShot(True)
            timer.setInterval(interval)
            timer.timeout.connect(do)
        settings.changed.connect(self._setting_changed)
        self.styles.chosen_changed.connect(self._look)

    def open(self) -> None:
        """Read what the user has, and the wildcards again whenever the user comes back from another program."""
        self._opened = True
        application = QCoreApplication.instance()
        if isinstance(application, QGuiApplication):
            application.applicationStateChanged.connect(self._came_back)
        self.history.open()
        self.styles.open()
        self.handbook.open()
        self.read_wildcards()

    def flush(self) -> None:
        """Wait until all that was asked for is done."""
        self._lane.flush()

    def close(self) -> None:
        """Finish what was asked for, and end the thread."""
        self._closed = True
        self._soon.stop()
        self._pause.stop()
        self._worker.forget(TOPIC)
        self._lane.close()

    # ------------------------------------------------------------------ what will be sent

    @property
    def typed(self) -> Texts:
        """What is in the fields."""
        return Texts(self._settings.values.prompt, self._settings.values.negative_prompt)

    @property
    def prospect(self) -> Prospect:
        """What would be sent for it, as it was worked out last."""
        return self._prospect

    @property
    def every(self) -> bool:
        """Whether a picture of each combination is made, and not as many as are asked for."""
        return self._every

    def set_every(self, every: bool) -> None:
        if every is not self._every:
            self._every = every
            self.prospect_changed.emit()

    def completed(self, request: GenerationRequest) -> GenerationRequest:
        """``request`` with the words that are sent. Raises as :func:`prospect.completed` does."""
        spec = self._models.find(request.model)
        has_prior = spec is None or bool(spec.prior_schedulers)
        return prospects.completed(request, self.styles.chosen, self.wildcards, self._every, has_prior)

    def read_wildcards(self) -> None:
        """Look into the folder of wildcards again."""

        def arrived(found: tuple[Wildcards, list[str]]) -> None:
            before = self.wildcards
            self.wildcards, self.refused_wildcards = found
            if self.wildcards != before:
                self._look()

        if self._opened:
            self._lane.run(lambda: read_wildcards(self.wildcard_folder), arrived, self._messages.error)

    def make_wildcard_folder(self, done: Callable[[Path], object]) -> None:
        """Make the folder of wildcards, with an example in it, unless it is there; then call ``done`` with it."""
        example = self.tr("# One choice per line. In a prompt, __palette__ stands for one of them.")
        choices = self.tr("warm palette, cool palette, muted colours, black and white").split(", ")

        def work() -> Path:
            if not self.wildcard_folder.is_dir():
                text = "\n".join([example, *choices, ""])
                write_file(self.wildcard_folder / "palette.txt", text.encode("utf-8"))
            return self.wildcard_folder

        def made(folder: Path) -> None:
            self.read_wildcards()
            done(folder)

        self._lane.run(work, made, self._messages.error)

    @Slot(Qt.ApplicationState)
    def _came_back(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationActive:
            self.read_wildcards()

    @Slot(str)
    def _setting_changed(self, name: str) -> None:
        if self._closed:
            return
        if name in FIELDS:
            self._guess()
            self._soon.start()
        elif name in ("model", "prior_seed", "seed"):
            self._soon.start()
            if name == "model":
                self._pause.start()

    @Slot()
    def _look(self) -> None:
        if self._closed:
            return
        typed, styles, lines = self.typed, tuple(self.styles.chosen), self.wildcards
        seed = self._settings.values.prior_seed
        self._asked += 1
        asked = self._asked

        def arrived(found: Prospect) -> None:
            if asked == self._asked and found != self._prospect and not self._closed:
                self._prospect = found
                self._guess()
                self.prospect_changed.emit()

        self._lane.run(lambda: prospects.prospect(typed, styles, lines, seed), arrived, self._messages.error)

    # ------------------------------------------------------------------ how much of it is read

    def reading(self, field: str) -> Reading:
        """How much is read of what is sent from ``field``."""
        return self._readings[field]

    @property
    def foreign_script(self) -> str:
        """How the prompt is written, if the chosen model reads nothing written so; else empty."""
        spec = self._models.find(self._settings.values.model)
        script = script_of(self.typed.prompt)
        return script if spec is not None and not reads(spec.languages, script) else ""

    def _guess(self) -> None:
        """Say roughly how much it is, until it is known."""
        sent = self._sent_examples()
        guessed = {field: Reading(max(map(_rough, texts), default=0)) for field, texts in sent.items()}
        for field in FIELDS:
            known = self._readings[field]
            if known.exact:  # the room stays what it is
                guess = guessed[field]
                guessed[field] = Reading(guess.tokens, known.limit)
        self._readings = guessed
        self._pause.start()
        self.reading_changed.emit()

    def _sent_examples(self) -> dict[str, tuple[str, ...]]:
        """What may be sent of each field."""
        found = self._prospect
        if found.typed != self.typed:  # not worked out yet
            return {"prompt": (self.typed.prompt,), "negative_prompt": (self.typed.negative,)}
        prompts = found.examples if found.chooses else (found.sent.prompt,)
        return {"prompt": prompts, "negative_prompt": (found.sent.negative,)}

    @Slot()
    def _count(self) -> None:
        """Have the model's own tokenizers count, in the engine's thread."""
        model = self._settings.values.model
        if not self._opened or not self._models.installed(model):
            return
        sent, typed = self._sent_examples(), self.typed

        def do(engine: Any, _: object) -> dict[str, list[Any]]:
            return {field: [engine.read_prompt(text, model) for text in texts] for field, texts in sent.items()}

        def done(found: dict[str, list[Any]]) -> None:
            if typed != self.typed or model != self._settings.values.model:
                return
            fields = dict(zip(FIELDS, typed, strict=True))
            self._readings = {field: _reading(fields[field], sent[field], found[field]) for field in FIELDS}
            self.reading_changed.emit()

        self._worker.ask(Errand(TOPIC, model, do, done))

    # ------------------------------------------------------------------ the handbook and the fields

    def modifiers(self) -> list[Modifier]:
        """The handbook for the chosen model, in the language of the window."""
        model = self._settings.values.model
        spec = self._models.find(model)
        languages = spec.languages if spec is not None else ()
        return self.handbook.modifiers(self._translation.language, languages, model == BUILTIN)

    def go_to(self, field: str) -> None:
        """``field`` is typed in now."""
        if field != self.field:
            self.field = field
            self.field_changed.emit()

    def holds(self, modifier: Modifier) -> bool:
        """Whether the field that was typed in last has the words of ``modifier``."""
        return styling.holds(getattr(self._settings.values, self.field), modifier.words)

    def toggle(self, modifier: Modifier) -> None:
        """Put the words of ``modifier`` into the field that was typed in last, at the cursor, or take them out."""
        text, cursor = getattr(self._settings.values, self.field), self.cursors[self.field]
        if self.holds(modifier):
            edit = styling.removed(text, modifier.words)
        else:
            edit = styling.inserted(text, len(text) if cursor < 0 else cursor, modifier.words, modifier.separator)
        self.edit(self.field, edit)

    def edit(self, field: str, edit: Edit) -> None:
        """Change the text of ``field`` so that it can be taken back there."""
        self.edited.emit(field, edit)
        self._settings.set(**{field: edit.text})
        self.cursors[field] = edit.cursor

    # ------------------------------------------------------------------ pictures

    @Slot(int, object)
    def remember(self, _job: int, result: GenerationResult) -> None:
        """Take what was typed for a picture into the history."""
        self.history.add(result.request)

    def take(self, request: GenerationRequest) -> None:
        """Have the words of a picture in the fields just as they were sent; the styles are in them."""
        self.styles.clear()
        self._settings.set(
            prompt=templates.literal(request.prompt), negative_prompt=templates.literal(request.negative_prompt)
        )


def _rough(text: str) -> int:
    """About how many tokens ``text`` is, without a tokenizer: words and marks, more for what is no English."""
    pieces = re.findall(r"[a-zA-Z]+|\w+|[^\w\s]", text[:_GUESSED])
    return sum(max(1, round(len(piece) / 7)) if piece.isascii() else max(1, (len(piece) + 1) // 2) for piece in pieces)


def _reading(typed: str, sent: Sequence[str], found: Sequence[Any]) -> Reading:
    """What the encoders said of the texts that may be ``sent``, for a field in which ``typed`` stands."""
    names = [one.encoder for one in found[0]] if found else []
    columns = list(zip(*found, strict=True)) if found else []
    if not columns:
        return Reading(0)
    encoders = tuple(
        (name, max(one.tokens for one in column), column[0].limit) for name, column in zip(names, columns, strict=True)
    )
    _, tokens, limit = max(encoders, key=lambda encoder: encoder[1] - encoder[2])
    cut = None
    start = sent[0].find(typed.strip()) if len(sent) == 1 else -1
    if start >= 0:
        stops = [one.cut for one in found[0] if one.cut is not None]
        if stops:
            before = len(typed) - len(typed.lstrip())
            cut = min(stops) - start + before
            cut = max(cut, 0) if cut < len(typed) else None
    return Reading(tokens, limit, True, cut, encoders)
