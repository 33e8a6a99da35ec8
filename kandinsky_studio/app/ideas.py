"""Idea preview: several ideas of one prompt as small drafts, to choose from before a whole picture is made.

An idea is what the prior makes of the words with an idea seed. All drafts have the same rendering seed, so that nothing
but the idea differs; for the reverse, one idea is drafted with several rendering seeds. A draft is a request like any
other, only smaller and with fewer steps: the prompt is encoded once, the prior runs once for each idea, and the whole
picture of a draft finds its idea in the engine's memory.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from kandinsky_studio.app.canvas_plan import working_size
from kandinsky_studio.app.errand import Errand, Reports
from kandinsky_studio.app.generation import random_seed
from kandinsky_studio.app.making import Maker, Means
from kandinsky_studio.app.messages import Action
from kandinsky_studio.app.mix_slots import layers_in
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot, take_off
from kandinsky_studio.engine.models import find
from kandinsky_studio.engine.request import MAX_SEED, GenerationRequest, GenerationResult, Progress, Task
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.errors import StudioError

FEWEST, MOST = 2, 16  # drafts at once
DRAFT_STEPS = 6  # of DPM++ 2M: of 12 prompts all 12 are right, on the average 1.6 of 255 from the whole pictures
DRAFT_SIDE = 384  # pixels, about, of a draft's side; a model made for less draws it at its own size
NEAR = 0.65  # how much of the chosen idea is in what is near it; the rest is new

_TOPIC = "ideas"


class Kind(enum.Enum):
    """What differs among the drafts."""

    IDEAS = "ideas"
    NEAR = "near"  # ideas near the chosen one, which is the first
    RENDERINGS = "renderings"


@dataclasses.dataclass(eq=False)
class Draft:
    """``request`` makes it, small; ``result`` is None until it is made, and so is its ``idea``, which is without the
    styles that were added. ``progress`` is 0 … 1."""

    request: GenerationRequest
    result: GenerationResult | None = None
    idea: SavedEmbedding | None = None
    progress: float = 0.0


@dataclasses.dataclass(frozen=True, eq=False)
class Pin:
    """An idea that the next pictures are made from in place of the words, and a picture of it."""

    idea: SavedEmbedding
    result: GenerationResult


class Ideas(Maker):
    """``drafts_changed``: there are others; ``draft_changed``: one is further, or finished; ``changed``: anything else,
    such as which is chosen, or what is pinned."""

    drafts_changed = Signal()
    draft_changed = Signal(object)  # Draft
    changed = Signal()

    def __init__(
        self, means: Means, complete: Callable[[GenerationRequest], GenerationRequest], parent: QObject | None = None
    ) -> None:
        """``complete`` gives a request what it has besides the idea: alternatives of its words, styles."""
        super().__init__(means, parent)
        self._complete = complete
        self._drafts: list[Draft] = []
        self._kind = Kind.IDEAS
        self._count = 6
        self._chosen: Draft | None = None
        self._pin: Pin | None = None
        self._warned = False  # that the words that were changed have no effect
        self._making: list[Draft] | None = None  # the drafts that are not all there yet
        self._settings.changed.connect(self._setting_changed)

    # ------------------------------------------------------------------ what is there

    @property
    def drafts(self) -> Sequence[Draft]:
        return tuple(self._drafts)

    @property
    def kind(self) -> Kind:
        return self._kind

    @property
    def count(self) -> int:
        """How many drafts are made at once."""
        return self._count

    @property
    def chosen(self) -> Draft | None:
        return self._chosen

    @property
    def pin(self) -> Pin | None:
        """The idea that pictures are made from now, if it is not that of the words and the idea seed."""
        return self._pin

    @property
    def busy(self) -> bool:
        """Whether drafts are being made."""
        return self._making is not None

    @property
    def able(self) -> bool:
        """Whether the chosen model finds an idea before it draws."""
        spec = self._spec
        return spec is not None and bool(spec.prior_schedulers)

    def able_models(self) -> list[str]:
        """The names of those that do."""
        specs = [choice.spec for choice in self._models.choices()]
        return [self._models.title(spec.key) for spec in specs if spec.prior_schedulers]

    @property
    def _spec(self) -> ModelSpec | None:
        return self._models.find(self._settings.values.model)

    def set_count(self, count: int) -> None:
        """How many drafts the next preview has."""
        self._count = min(max(count, FEWEST), MOST)
        self.changed.emit()

    # ------------------------------------------------------------------ drafting

    def preview(self) -> None:
        """Draft ideas of the words: the idea of the idea seed and those behind it, or others if they are there."""
        first = self._settings.values.prior_seed
        shown = [draft.request.prior_seed for draft in self._drafts] if self._kind is Kind.IDEAS else []
        if first in shown or not self._settings.prior_seed_locked:
            first = random_seed()
        ideas = [(first + k) % (MAX_SEED + 1) for k in range(self._count)]
        self._make(Kind.IDEAS, lambda base: [dataclasses.replace(base, prior_seed=idea) for idea in ideas])

    def more_like(self, draft: Draft) -> None:
        """Keep ``draft`` and make ideas near it: its own mixed with new ones of the words."""
        idea = draft.idea
        if idea is None:
            return

        def near(base: GenerationRequest) -> list[GenerationRequest]:
            slots = (Slot(embedding=idea, weight=NEAR), Slot(prompt=base.prompt, weight=1 - NEAR))
            mixed = dataclasses.replace(base, slots=(*slots, *base.slots), spherical=True, task=Task.mix)
            mixed = dataclasses.replace(mixed, seed=draft.request.seed)
            return [dataclasses.replace(mixed, prior_seed=random_seed()) for _ in range(self._count - 1)]

        self._make(Kind.NEAR, near, draft)

    def renderings(self, draft: Draft) -> None:
        """Keep ``draft`` and draw its idea with other rendering seeds."""
        one = draft.request

        def drawn(_: GenerationRequest) -> list[GenerationRequest]:
            seeds = [(one.seed + k) % (MAX_SEED + 1) for k in range(1, self._count)]
            return [dataclasses.replace(one, seed=seed) for seed in seeds]

        self._make(Kind.RENDERINGS, drawn, draft)

    def cancel(self) -> None:
        """Make no more drafts; those that are there stay."""
        self._worker.forget(_TOPIC)

    def clear(self) -> None:
        """Put the drafts away."""
        self.cancel()
        self._drafts, self._chosen = [], None
        self.drafts_changed.emit()
        self.changed.emit()

    def _make(
        self,
        kind: Kind,
        requests: Callable[[GenerationRequest], list[GenerationRequest]],
        kept: Draft | None = None,
    ) -> None:
        try:
            base = self._base()
            drafts = [Draft(request) for request in requests(base)]
            for draft in drafts[:1]:
                self._models.check(draft.request)
        except StudioError as error:
            self._messages.error(error)
            return
        self._kind, self._chosen = kind, kept
        self._drafts = ([kept] if kept is not None else []) + drafts
        self._making = drafts
        self.drafts_changed.emit()
        self.changed.emit()
        waiting = iter(drafts)
        current = [next(waiting)]

        def do(engine: Any, reports: Reports) -> None:
            encoder = find(base.model).encoder()  # reads files, so here and not in the window's thread
            for draft in drafts:
                [result] = engine.generate(draft.request, on_progress=reports.progress)
                reports.part((result, _idea_of(result, encoder)))

        def part(made: tuple[GenerationResult, SavedEmbedding | None]) -> None:
            draft = current[0]
            (draft.result, draft.idea), draft.progress = made, 1.0
            current[:] = [next(waiting, draft)]
            self.draft_changed.emit(draft)

        def progress(told: Progress) -> None:
            if current[0].result is None:
                current[0].progress = told.fraction
                self.draft_changed.emit(current[0])

        ended = functools.partial(self._ended, drafts)

        def failed(error: StudioError) -> None:
            ended()
            self._messages.error(error)

        self._worker.ask(
            Errand(_TOPIC, base.model, do, lambda _: ended(), failed, part, progress, ended, interrupts=True)
        )

    def _ended(self, drafts: list[Draft]) -> None:
        """Those that were not made are taken away, unless others are shown by now."""
        if self._making is not drafts:
            return
        self._making = None
        self._drafts = [draft for draft in self._drafts if draft.result is not None]
        self.drafts_changed.emit()
        self.changed.emit()

    def _base(self) -> GenerationRequest:
        """A small picture of the words with the settings of now. Raises ``StudioError``."""
        spec = self._models.spec(self._settings.values.model)
        request = self._complete(self._settings.request())
        words, _ = layers_in(request.prompt)
        width, height = draft_size(request.width, request.height, spec)
        return dataclasses.replace(
            request,
            prompt=words,
            task=Task.text2image,
            image=None,
            mask=None,
            hint=None,
            strength=1.0,
            width=width,
            height=height,
            num_inference_steps=min(request.num_inference_steps, DRAFT_STEPS),
            num_images_per_prompt=1,
            vary_idea=True,
            vary_rendering=True,
        )

    # ------------------------------------------------------------------ choosing

    def choose(self, draft: Draft | None) -> None:
        """Mark ``draft``; nothing is made of it yet."""
        self._chosen = draft
        self.changed.emit()

    def pin_down(self, draft: Draft) -> bool:
        """Let the next pictures have the idea of ``draft``, and its rendering seed; False if it is not made yet.

        An idea of the words is held by its seed, which is locked; any other one is kept itself.
        """
        if draft.result is None:
            return False
        self._chosen = draft
        request = draft.request
        self._settings.set(seed=request.seed)
        if self._kind is Kind.RENDERINGS and draft is not self._drafts[0]:
            self._settings.set(seed_locked=True)
        if request.mixed:
            assert draft.idea is not None
            self._pin, self._warned = Pin(draft.idea, draft.result), False
        else:
            self._pin = None
            self._settings.set(prior_seed=request.prior_seed, prior_seed_locked=True)
        self.changed.emit()
        return True

    def unpin(self) -> None:
        """Make pictures from the words again; the idea seed is free, too."""
        self._pin = None
        self._settings.set(prior_seed_locked=False)
        self.changed.emit()

    def completed(self, request: GenerationRequest) -> GenerationRequest:
        """``request`` with the pinned idea in place of its words, if one is pinned and nothing is mixed."""
        if self._pin is None or request.mixed or not self.able:
            return request
        return dataclasses.replace(request, slots=(Slot(embedding=self._pin.idea), *request.slots), prior_strength=0.0)

    def new_idea(self, seen: GenerationRequest | None) -> None:
        """Draw another idea seed for the words; the rendering seed is that of the picture ``seen``."""
        self._pin = None
        self._settings.set(prior_seed=random_seed(), **({"seed": seen.seed} if seen is not None else {}))
        self.changed.emit()

    def new_rendering(self, seen: GenerationRequest | None) -> None:
        """Draw another rendering seed; the idea seed is that of the picture ``seen``."""
        idea = {"prior_seed": seen.prior_seed} if seen is not None and self._pin is None else {}
        self._settings.set(seed=random_seed(), **idea)

    def _setting_changed(self, name: str) -> None:
        if name == "model":
            self.clear()
            self._pin = None
        if name == "prompt" and self._pin is not None and not self._warned:
            self._warned = True
            text = self.tr("A pinned idea is used in place of the words.")
            self._messages.note(text, Action(self.tr("Use the words"), self.unpin))
        if name in ("model", "prior_seed", "prior_seed_locked", "prompt"):
            self.changed.emit()


def _idea_of(result: GenerationResult, encoder: str) -> SavedEmbedding | None:
    """The idea of a picture without the styles that were added to it: those are added anew."""
    if result.image_embeds is None:
        return None
    styles = [(slot.embedding.values, slot.weight) for slot in result.request.added if slot.embedding is not None]
    values = take_off(result.image_embeds, [values for values, _ in styles], [weight for _, weight in styles])
    return SavedEmbedding(values, encoder)


def draft_size(width: int, height: int, spec: ModelSpec) -> tuple[int, int]:
    """The size of a draft of a picture of that size: its proportions, about ``DRAFT_SIDE`` a side if the model was
    trained on more, in what the model can draw."""
    small = dataclasses.replace(spec, native_size=min(spec.native_size, DRAFT_SIDE))
    scale = small.native_size / (width * height) ** 0.5
    return working_size(Rect(0, 0, max(round(width * scale), 1), max(round(height * scale), 1)), small)
