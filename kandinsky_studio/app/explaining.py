"""What each word is worth: to the idea, in the finished picture, and where in the picture it was listened to."""

from __future__ import annotations

import dataclasses
import enum
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from kandinsky_studio.app.easel import Easel
from kandinsky_studio.app.errand import Errand, Reports
from kandinsky_studio.app.generation import GenerationSettings
from kandinsky_studio.app.mix_slots import layers_in
from kandinsky_studio.app.models import Models
from kandinsky_studio.app.worker import EngineWorker
from kandinsky_studio.engine.arrays import Embedding
from kandinsky_studio.engine.request import GenerationRequest, Pixels, Progress
from kandinsky_studio.errors import StudioError

if TYPE_CHECKING:
    from kandinsky_studio.engine.explaining import WordHeat, WordMaps

_REMEMBERED = 32  # prompts and pictures
_IDEA = 0.9  # of the way, that the ideas take; the rest is to look at the picture


class Source(enum.Enum):
    """Whose words are weighed."""

    PROMPT = "prompt"
    PICTURE = "picture"  # the one that is looked at


@dataclass(frozen=True)
class WordWorth:
    """A word, characters ``start`` to ``end`` of the prompt.

    ``idea`` is how far the idea moves without it, 1 - cosine: 0…2. ``seen`` is how much less the picture and the words
    agree without it, a difference of cosines: below 0 the picture speaks against the word; None without a picture.
    """

    word: str
    start: int
    end: int
    idea: float
    seen: float | None


@dataclass(frozen=True, eq=False)
class Subject:
    """What is explained. ``request`` made ``picture``, uint8 (height, width, 3), or would be made next without one."""

    source: Source
    request: GenerationRequest
    picture: Pixels | None = None


class Question:
    """One kind of thing that is asked of the engine, and the answers it gave, by what they are about."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.about: object = None
        self.fraction = 0.0
        self.errors: dict[object, StudioError] = {}
        self.known: OrderedDict[object, Any] = OrderedDict()

    def learn(self, about: object, answer: object) -> None:
        """Keep an answer; the oldest of too many goes."""
        self.known[about] = answer
        self.known.move_to_end(about)
        while len(self.known) > _REMEMBERED:
            self.known.popitem(last=False)


class Explaining(QObject):
    """Asks the engine about the words of the prompt, or of the picture on the easel, when the user wants to know.

    ``changed`` tells that there is another subject, progress or an answer; ``heat_changed`` that :attr:`heat` is another.
    """

    changed = Signal()
    heat_changed = Signal()

    def __init__(
        self,
        settings: GenerationSettings,
        easel: Easel,
        models: Models,
        worker: EngineWorker,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings, self._easel, self._models, self._worker = settings, easel, models, worker
        self.worded: Callable[[GenerationRequest], GenerationRequest] = lambda request: request  # puts sent words in
        self._source = Source.PROMPT
        self._pointed: tuple[int, int] | None = None  # characters of the prompt
        self._heat: WordHeat | None = None
        self._digest: tuple[Pixels | None, int] = (None, 0)
        self._worth = Question("word worth")
        self._maps = Question("word maps")
        settings.changed.connect(self.look_again)
        easel.changed.connect(self._picture_changed)

    # ------------------------------------------------------------------ what it is about

    @property
    def source(self) -> Source:
        return self._source

    def choose(self, source: Source) -> None:
        """Explain the prompt, or the picture that is looked at."""
        if source is not self._source:
            self._source = source
            self._tell()

    @property
    def subject(self) -> Subject | None:
        """What would be explained; None if it has no words, or there is no picture."""
        if self._source is Source.PROMPT:
            try:
                request = self.worded(self._settings.request())
            except StudioError:  # said below the prompt
                return None
            request = dataclasses.replace(request, prompt=layers_in(request.prompt)[0].strip())
            return Subject(Source.PROMPT, request) if request.prompt else None
        request_of, picture = self._easel.request, self._easel.picture
        if request_of is None or picture is None or not request_of.prompt.strip():
            return None
        return Subject(Source.PICTURE, request_of, picture)

    def can_weigh(self, subject: Subject) -> bool:
        """Whether the model has a prior, whose ideas words are worth something to."""
        spec = self._models.find(subject.request.model)
        return spec is not None and bool(spec.prior_schedulers)

    def can_map(self, subject: Subject) -> bool:
        """Whether the model's decoder reads the words itself."""
        spec = self._models.find(subject.request.model)
        return spec is not None and spec.reads_words

    def readers(self) -> list[str]:
        """The models whose decoders read words, by name."""
        return [choice.spec.title for choice in self._models.choices() if choice.spec.reads_words]

    # ------------------------------------------------------------------ what is known

    @property
    def worths(self) -> tuple[WordWorth, ...] | None:
        """Of the subject's words in reading order; None if not asked yet."""
        found: tuple[WordWorth, ...] | None = self._worth.known.get(self._about())
        return found

    @property
    def heats(self) -> tuple[WordHeat, ...] | None:
        """Where each of the subject's words had its say; None if not asked yet."""
        maps: WordMaps | None = self._maps.known.get(self._about())
        return None if maps is None else maps.words

    @property
    def heat(self) -> WordHeat | None:
        """That of the word that is pointed at."""
        return self._heat

    @property
    def weighing(self) -> float | None:
        """How far the weighing of the subject is, 0…1; None if it does not go on."""
        return self._fraction(self._worth)

    @property
    def mapping(self) -> float | None:
        """How far the maps are."""
        return self._fraction(self._maps)

    @property
    def error(self) -> StudioError | None:
        """Why there is no answer about the subject."""
        about = self._about()
        return self._worth.errors.get(about) or self._maps.errors.get(about)

    def _fraction(self, question: Question) -> float | None:
        about = self._about()
        return question.fraction if about is not None and question.about == about else None

    # ------------------------------------------------------------------ what is done

    def weigh(self) -> None:
        """Ask what the subject's words are worth."""
        subject, about = self.subject, self._about()
        if subject is None or about is None or not self.can_weigh(subject):
            return
        request, picture = self._plain(subject.request), subject.picture
        self._ask(self._worth, about, request.model, lambda engine, reports: weighed(engine, request, picture, reports))

    def map(self) -> None:
        """Make the picture once more and watch where its words go."""
        subject, about = self.subject, self._about()
        if subject is None or about is None or subject.picture is None or not self.can_map(subject):
            return
        request = subject.request

        def do(engine: Any, reports: Reports) -> object:
            return engine.word_maps(request, on_progress=reports.progress)

        self._ask(self._maps, about, request.model, do)

    def cancel(self) -> None:
        """Stop both."""
        for question in (self._worth, self._maps):
            self._worker.forget(question.topic)

    def point_at(self, place: tuple[int, int] | None) -> None:
        """Show the heat of the word at these characters of the prompt, or none."""
        self._pointed = place
        self._find_heat()

    def _ask(self, question: Question, about: object, model: str, do: Callable[[Any, Reports], object]) -> None:
        question.errors.pop(about, None)
        question.about, question.fraction = about, 0.0

        def over() -> None:
            if question.about == about:
                question.about = None
            self._tell()

        def done(answer: object) -> None:
            question.learn(about, answer)
            over()

        def failed(error: StudioError) -> None:
            question.errors = {about: error}
            over()

        def progressed(progress: Progress) -> None:
            if question.about == about:
                question.fraction = progress.fraction
                self.changed.emit()

        self._worker.ask(
            Errand(
                question.topic, model, do, done=done, failed=failed, progress=progressed, dropped=over, interrupts=True
            )
        )
        self.changed.emit()

    # ------------------------------------------------------------------ what happens

    @Slot()
    def look_again(self) -> None:
        """The words that would be sent for the prompt may be others now."""
        if self._source is Source.PROMPT:
            self._tell()

    @Slot()
    def _picture_changed(self) -> None:
        if self._source is Source.PICTURE:
            self._tell()

    def _tell(self) -> None:
        self._find_heat()
        self.changed.emit()

    def _find_heat(self) -> None:
        found = None
        if self._pointed is not None and self._source is Source.PICTURE:
            start, end = self._pointed
            found = next((heat for heat in self.heats or () if heat.start < end and start < heat.end), None)
        if found is not self._heat:
            self._heat = found
            self.heat_changed.emit()

    def _about(self) -> object:
        """By which answers are known: all that decides them. None if there is no subject."""
        subject = self.subject
        if subject is None or self._models.find(subject.request.model) is None:
            return None
        plain = self._plain(subject.request)
        if subject.picture is None:
            # A seed that is drawn anew for each picture would make each answer an old one.
            return plain if self._settings.prior_seed_locked else dataclasses.replace(plain, prior_seed=0)
        if self._digest[0] is not subject.picture:
            self._digest = subject.picture, zlib.crc32(subject.picture.tobytes())
        return plain, self._digest[1]

    def _plain(self, request: GenerationRequest) -> GenerationRequest:
        """Of ``request`` only what its idea comes from."""
        names = ("prior_num_inference_steps", "prior_guidance_scale", "prior_seed", "prior_scheduler")
        values = {name: getattr(request, name) for name in names}
        return self._models.spec(request.model).request(request.prompt.strip(), **values)


def weighed(engine: Any, request: GenerationRequest, picture: Pixels | None, reports: Reports) -> tuple[WordWorth, ...]:
    """What each word of ``request``'s prompt is worth to its idea, and in ``picture`` if there is one.

    The first by leaving each word out of the idea, the second by leaving it out of what CLIP compares the picture with.
    In the engine's thread.
    """
    share = 1.0 if picture is None else _IDEA

    def ideas(progress: Progress) -> None:
        reports.progress(dataclasses.replace(progress, fraction=progress.fraction * share))

    worths = engine.word_importance(request, on_progress=ideas)
    if picture is None:
        return tuple(WordWorth(one.word, one.start, one.end, one.ablation, None) for one in worths)
    done = 0

    def looking(progress: Progress) -> None:
        reports.progress(dataclasses.replace(progress, fraction=share + (1 - share) * done / (len(worths) + 2)))

    eye = _unit(engine.encode_image(picture, request.model, on_progress=looking))

    def agreement(words: str) -> float:
        nonlocal done
        done += 1
        return float(eye @ _unit(engine.encode_text(words, request.model, on_progress=looking)))

    whole, found = agreement(request.prompt), []
    for one in worths:
        without = " ".join((request.prompt[: one.start] + request.prompt[one.end :]).split())
        found.append(WordWorth(one.word, one.start, one.end, one.ablation, whole - agreement(without)))
    return tuple(found)


def _unit(embedding: Embedding) -> Embedding:
    return np.asarray(embedding / max(float(np.linalg.norm(embedding)), 1e-12), np.float32)
