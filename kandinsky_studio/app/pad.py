"""The mixing pad: two to five things at its corners, and a puck between them that says how much each counts.

While the puck moves, drafts of few steps are made as errands of one topic, so that the newest place is always next.
They keep their seeds: nothing but the mix changes. What lies at the corners is looked at once and not again until it is
something else, and the engine remembers pictures by content, so that a draft encodes nothing. Where the puck comes to rest
a whole picture is made and kept in the gallery, and the place joins the trail.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot

from kandinsky_studio.app.canvas_plan import plan
from kandinsky_studio.app.drafting import Drafter, small
from kandinsky_studio.app.editor import Sheet
from kandinsky_studio.app.errand import Errand
from kandinsky_studio.app.generation import random_seed
from kandinsky_studio.app.making import Means, picture_of
from kandinsky_studio.app.mix_slots import Source, Words, layers_in, without
from kandinsky_studio.app.mixing import Mixing
from kandinsky_studio.app.pad_geometry import Place, corners_of, nearest_place, place_of, weights_at
from kandinsky_studio.app.pad_trail import Trail, Visited
from kandinsky_studio.engine.embeddings import Slot as Ingredient
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult
from kandinsky_studio.errors import StudioError

FEWEST, MOST = 2, 5  # corners
DRAFT_STEPS = 5  # of DPM++ 2M: the fewest that show the shapes and colours of the whole picture, as measured
_TOPIC = "pad"
_NOTHING = 1e-6  # a weight below it


class MixingPad(Drafter):
    """``corners_changed``: other things lie there; ``moved``: the puck is elsewhere; ``changed``: anything else, such as
    whether something is being made. :attr:`image` is of where the puck is."""

    corners_changed = Signal()
    moved = Signal()
    changed = Signal()

    def __init__(self, means: Means, mixing: Mixing, parent: QObject | None = None) -> None:
        super().__init__(means, parent)
        self._mixing = mixing
        self._corners: list[Source] = []
        self._place: Place = (0.0, 0.0)
        self._seeds: tuple[int, int] | None = None
        self._slots: list[Ingredient] | None = None  # what lies at the corners, as it was looked at last
        self._steps = DRAFT_STEPS
        self._over_canvas = True
        self._drafting: tuple[Place, tuple[int, int]] | None = None  # what the draft is of that is asked for
        self._drafted: tuple[Place, tuple[int, int]] | None = None  # and what the picture is of
        self._jobs: dict[int, Visited] = {}
        self.trail = Trail(self._gallery, self)
        self._generation.picture_made.connect(self._made)
        self._generation.ended.connect(self._ended)
        self._settings.changed.connect(self._setting_changed)
        mixing.changed.connect(self.changed)
        self._editor.document_changed.connect(self._document_changed)
        self._editor.sheet_changed.connect(self.changed)
        self._editor.closed.connect(self._document_closed)

    # ------------------------------------------------------------------ what is there

    @property
    def corners(self) -> Sequence[Source]:
        return tuple(self._corners)

    @property
    def place(self) -> Place:
        """Where the puck is, in the plane of :mod:`~kandinsky_studio.app.pad_geometry`."""
        return self._place

    @property
    def weights(self) -> tuple[float, ...]:
        """What each corner counts, 0 … 1, together 1."""
        return weights_at(self._place, corners_of(len(self._corners)))

    @property
    def here(self) -> Visited | None:
        """The place of the trail where the puck is."""
        return self.trail.at(self._place, self._held())

    @property
    def steps(self) -> int:
        """Of a draft."""
        return self._steps

    @property
    def over_canvas(self) -> bool:
        """Whether drafts and pictures are laid over the document, if there is one."""
        return self._over_canvas

    @property
    def ready(self) -> bool:
        """Whether there is enough at the corners, for a model that mixes."""
        return len(self._corners) >= FEWEST and self._mixing.able

    @property
    def busy(self) -> bool:
        """Whether a whole picture is being made."""
        return bool(self._jobs)

    # ------------------------------------------------------------------ the corners

    def add(self, source: Source, corner: int | None = None) -> None:
        """Put something at a corner in place of what is there, or at a new one while there is room."""
        if isinstance(source, Words) and not source.text.strip():
            return
        if corner is not None and corner < len(self._corners):
            self._corners[corner] = source
        elif len(self._corners) < MOST:
            self._corners.append(source)
            self._place = (0.0, 0.0)
        else:
            return
        self._begin_anew()

    def remove(self, corner: int) -> None:
        """Take away what lies at a corner."""
        del self._corners[corner]
        self._place = (0.0, 0.0)
        self._begin_anew()

    def take_mix(self) -> None:
        """The first of the mix at the corners, and the puck where it makes their weights, as nearly as it can."""
        slots = [slot for slot in self._mixing.slots if not slot.negative]
        slots = [slot for slot in slots if not isinstance(slot.source, Words) or slot.source.text.strip()][:MOST]
        self._corners = [slot.source for slot in slots]
        self._place = place_of([slot.weight for slot in slots], corners_of(len(slots)))
        self._begin_anew()

    def use_in_mix(self) -> None:
        """Mix what lies at the corners with the weights of now; what the mix leads away from stays."""
        self._mixing.take_over(list(zip(self._corners, self.weights, strict=True)))

    def _begin_anew(self) -> None:
        self._stop()
        self._slots, self._image, self._drafted = None, None, None
        self.trail.clear()
        self.corners_changed.emit()
        self.moved.emit()
        self.picture_changed.emit()

    # ------------------------------------------------------------------ the puck

    def move(self, place: Place) -> None:
        """Bring the puck as near to ``place`` as the corners allow, and draft what is there."""
        place = nearest_place(place, corners_of(len(self._corners)))
        if place != self._place or self._image is None:
            self._place = place
            self.moved.emit()
            self._draft()

    def go_to(self, corner: int) -> None:
        """All of one corner and nothing of the others."""
        self.move(corners_of(len(self._corners))[corner])

    def render(self) -> None:
        """Make the whole picture of where the puck is; it is kept, and the place joins the trail."""
        if not self.ready:
            return
        try:
            request = self._request()
        except StudioError as error:
            self._messages.error(error)
            return
        here = self.here
        if here is not None and here.request == request and here.finished:
            return
        self._stop()
        job = self._candidates.make(request) if self._covering else self._generation.submit(request)
        if job is None:
            return
        seeds = self._held()
        image = self._image if self._drafted == (self._place, seeds) else None
        visited = Visited(self._place, seeds, image)
        self.trail.add(visited)
        self._jobs[job] = visited
        self.changed.emit()

    def visit(self, visited: Visited) -> None:
        """Bring the puck back to a place of the trail, with its picture."""
        self._stop()
        self._seeds = visited.seeds
        self._place = visited.place
        self._show(visited.image, not visited.finished)
        self._drafted = (visited.place, visited.seeds)
        self.moved.emit()
        if visited.item is not None:
            self._easel.show(visited.item)

    def step(self, by: int) -> None:
        """To the next place of the trail, or the one before; from elsewhere to the newest."""
        visited, here = self.trail.visited, self.here
        if visited:
            number = visited.index(here) + by if here is not None else len(visited) - 1
            self.visit(visited[min(max(number, 0), len(visited) - 1)])

    def draw_noise(self) -> None:
        """Another noise for what is made from now on."""
        self._seeds = (random_seed(), random_seed())
        self._draft()

    def set_steps(self, steps: int) -> None:
        """How many steps a draft has."""
        self._steps = steps
        self.changed.emit()

    def set_over_canvas(self, over: bool) -> None:
        self._over_canvas = over
        if not over:
            self._candidates.show_draft(None)
        self.changed.emit()

    # ------------------------------------------------------------------ making

    @property
    def _covering(self) -> bool:
        return self._over_canvas and self._editor.sheet is not None

    def _held(self) -> tuple[int, int]:
        """The seeds that stay: those that are locked in the settings, else the pad's own: what the settings had when
        the first picture was asked for."""
        settings, values = self._settings, self._settings.values
        idea, rendering = self._seeds or (values.prior_seed, values.seed)
        return (
            values.prior_seed if settings.prior_seed_locked else idea,
            values.seed if settings.seed_locked else rendering,
        )

    def _request(self) -> GenerationRequest:
        """The whole picture of where the puck is. Raises ``StudioError`` if something at a corner is gone."""
        settings = self._generation.worded(self._settings.request())
        if self._slots is None:
            self._slots = [source.slot(settings.model, 1.0, False) for source in self._corners]
        slots = [
            dataclasses.replace(slot, weight=weight)
            for slot, weight in zip(self._slots, self.weights, strict=True)
            if weight > _NOTHING
        ]
        self._seeds = idea, rendering = self._held()
        words, _ = layers_in(settings.prompt)
        one = dataclasses.replace(settings, prompt=words, num_images_per_prompt=1, prior_seed=idea, seed=rendering)
        request = self._mixing.mixed(one, [*slots, *self._mixing.avoided(settings.model)])
        sheet = self._editor.sheet
        if sheet is None or not self._covering:
            return request
        return plan(sheet.document, request, self._models.spec(request.model)).request

    def _draft(self) -> None:
        if not self.ready:
            return
        self._cancel_jobs()
        try:
            request = self._request()
            draft = dataclasses.replace(request, num_inference_steps=min(self._steps, request.num_inference_steps))
            self._models.check(draft)
        except StudioError as error:
            self._refuse(error)
            return
        of = (self._place, self._held())
        self._drafting = of

        def done(result: GenerationResult) -> None:
            if self._drafting is None:
                return  # a whole picture is on its way, or other things lie at the corners
            self._drafted = of
            self._show(small(result), True)
            if self._covering:
                self._candidates.show_draft(result.image)

        self._worker.ask(Errand(_TOPIC, draft.model, picture_of(draft), done, failed=self._refuse))

    def _stop(self) -> None:
        """Want no draft any more, and no picture of another place."""
        self._drafting = None
        self._worker.forget(_TOPIC)
        self._cancel_jobs()

    def _cancel_jobs(self) -> None:
        for job in list(self._jobs):
            self._worker.cancel(job)

    # ------------------------------------------------------------------ what happens

    @Slot(int, object)
    def _made(self, job: int, result: GenerationResult) -> None:
        visited = self._jobs.get(job)
        if visited is None:
            return
        visited.image, visited.finished, visited.request = small(result), True, result.request
        self.trail.changed.emit()
        if (self._place, self._held()) == (visited.place, visited.seeds):
            self._drafted = (visited.place, visited.seeds)
            self._show(visited.image, False)

    @Slot(int)
    def _ended(self, job: int) -> None:
        visited = self._jobs.pop(job, None)
        if visited is None:
            return
        if visited.image is None:  # cancelled before anything could be seen
            self.trail.remove(visited)
        self.changed.emit()

    @Slot(str)
    def _setting_changed(self, name: str) -> None:
        if name == "model":
            self._slots = None
        if name in ("model", "prior_seed_locked", "seed_locked"):
            self._refused = ""
            self.changed.emit()

    @Slot(object)
    def _document_changed(self, _change: object) -> None:
        if any(source.sheet is not None for source in self._corners):
            self._slots = None

    @Slot(object)
    def _document_closed(self, sheet: Sheet) -> None:
        """What was taken from a document stays as it was last; what was nothing goes."""
        if not any(source.sheet is sheet for source in self._corners):
            return
        self._corners = [found for source in self._corners if (found := without(sheet, source)) is not None]
        self._place = nearest_place(self._place, corners_of(len(self._corners)))
        self._begin_anew()
