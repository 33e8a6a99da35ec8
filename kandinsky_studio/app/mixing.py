"""The mix: what goes into it, how much each counts, and the request that it comes to.

Parts of a document are taken as pictures when a request is made, so painting on changes the mix. Pictures are encoded
by their content: another weight alone encodes nothing again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from kandinsky_studio.app.editor import Editor, Sheet
from kandinsky_studio.app.generation import GenerationSettings
from kandinsky_studio.app.ingredients import Ingredients
from kandinsky_studio.app.mix_slots import OfLayer, Source, Words, layer_called, layers_in, without
from kandinsky_studio.app.models import Models
from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.request import MAX_SLOTS, GenerationRequest, Task

_ALIKE = 1e-6  # weights that differ by less are the same


@dataclasses.dataclass(eq=False)
class MixSlot:
    """A row of the mix. ``weight`` is 0 … 1; a ``locked`` one keeps it when those of others change. What is
    ``negative`` is what the picture is led away from."""

    source: Source
    weight: float = 1.0
    negative: bool = False
    locked: bool = False


class Mixing(QObject):
    """``slots_changed`` tells that there are others now, ``changed`` that anything about the mix is something else."""

    changed = Signal()
    slots_changed = Signal()
    source_changed = Signal(object)  # MixSlot that holds something else now

    def __init__(
        self,
        settings: GenerationSettings,
        editor: Editor,
        models: Models,
        ingredients: Ingredients,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._editor = editor
        self._models = models
        self._ingredients = ingredients
        self._slots: list[MixSlot] = []
        self._used = True
        self._linked = True
        self._spherical = False
        self._pull: float | None = None
        settings.changed.connect(self._setting_changed)
        editor.closed.connect(self._document_closed)

    def flush(self) -> None:
        """Wait until files that were added are read."""
        self._ingredients.flush()

    # ------------------------------------------------------------------ what is there

    @property
    def slots(self) -> Sequence[MixSlot]:
        return tuple(self._slots)

    @property
    def used(self) -> bool:
        """Whether the next picture is made from the mix."""
        return self._used

    @property
    def linked(self) -> bool:
        """Whether the other weights give way, so that the total stays what it is: 100 %."""
        return self._linked

    @property
    def spherical(self) -> bool:
        """Whether the mix keeps to the sphere that ideas lie on, or goes straight."""
        return self._spherical

    @property
    def pull(self) -> float:
        """How far the prompt pulls the mix, 0 … 1; what suits the model, until it is chosen."""
        if self._pull is not None:
            return self._pull
        spec = self._models.find(self._settings.values.model)
        return spec.mix_prior_strength if spec is not None else 0.0

    @property
    def total(self) -> float:
        """The sum of the weights that are not negative."""
        return sum(slot.weight for slot in self._slots if not slot.negative)

    @property
    def able(self) -> bool:
        """Whether the chosen model can mix."""
        spec = self._models.find(self._settings.values.model)
        return spec is not None and Task.mix in spec.tasks

    def able_models(self) -> list[str]:
        """The names of those that can."""
        specs = [choice.spec for choice in self._models.choices()]
        return [self._models.title(spec.key) for spec in specs if Task.mix in spec.tasks]

    @property
    def active(self) -> bool:
        """Whether the button mixes: something counts, or a layer is named in the prompt."""
        if not self.able:
            return False
        return bool(layers_in(self._settings.values.prompt)[1]) or (self._used and bool(self._counting(False)))

    def _counting(self, negative: bool) -> list[MixSlot]:
        """What has an effect: words that are nothing yet have none, and neither has what counts for nothing."""
        return [
            slot
            for slot in self._slots
            if slot.negative is negative
            and slot.weight > _ALIKE
            and not (isinstance(slot.source, Words) and not slot.source.text.strip())
        ]

    # ------------------------------------------------------------------ the request

    def completed(self, request: GenerationRequest) -> GenerationRequest:
        """``request`` with the mix in it, if there is one; as it is otherwise.

        One that follows a depth map goes on doing so. Layers named in the prompt as ``<layer:name>`` are taken out of the
        words and count as much as one slot does on average. Raises ``UnknownLayer``, ``NothingOnLayer`` or ``NothingSelected``.
        """
        words, names = layers_in(request.prompt)
        used = self._used and self.able
        positive = self._counting(False) if used else []
        if not positive and not names:
            return request
        negative = self._counting(True) if used else []
        slots = [slot.source.slot(request.model, slot.weight, slot.negative) for slot in (*positive, *negative)]
        weight = sum(slot.weight for slot in positive) / len(positive) if positive else 1.0
        for name in names:
            layer = layer_called(self._editor.document.state if self._editor.document else None, name)
            assert self._editor.sheet is not None
            slots.append(OfLayer(self._editor.sheet, layer.id).slot(request.model, weight, False))
        mixed = self.mixed(dataclasses.replace(request, prompt=words), slots)
        follows = request.task is Task.depth and request.hint is not None
        return dataclasses.replace(mixed, task=Task.depth) if follows else mixed

    def mixed(self, request: GenerationRequest, slots: Sequence[Slot]) -> GenerationRequest:
        """``request`` as a mix of ``slots`` in the way that is chosen here."""
        return dataclasses.replace(
            request,
            task=Task.mix,
            slots=tuple(slots),
            spherical=self._spherical,
            normalised_weights=True,
            prior_strength=self.pull,
            strength=1.0,
        )

    def avoided(self, model: str) -> list[Slot]:
        """What ``model`` leads pictures away from, while the mix is used. Raises what taking it raises."""
        return [slot.source.slot(model, slot.weight, True) for slot in self._counting(True)] if self._used else []

    # ------------------------------------------------------------------ putting in and taking out

    def add(self, source: Source, in_place_of: MixSlot | None = None) -> None:
        """Put something into the mix, or into a slot that is there. Weights that were even stay even."""
        if in_place_of is not None and in_place_of in self._slots:
            in_place_of.source = source
            self.source_changed.emit(in_place_of)
            self.changed.emit()
            return
        if len(self._slots) >= MAX_SLOTS:
            return
        others, slot = self._free(), MixSlot(source)
        if not self._linked:
            slot.weight = sum(other.weight for other in others) / len(others) if others else 1.0
        elif others:
            slot.weight = self._room() / (len(others) + 1)
            self._share(others, self._room() - slot.weight)
        else:
            slot.weight = self._room()
        self._slots.append(slot)
        self.slots_changed.emit()
        self.changed.emit()

    def add_words(self, text: str = "", in_place_of: MixSlot | None = None) -> None:
        """Words as an ingredient of their own."""
        self._ingredients.words(text, self.into(in_place_of))

    def add_image(self, image: QImage, name: str, in_place_of: MixSlot | None = None) -> None:
        """A picture that came from another program."""
        self._ingredients.image(image, name, self.into(in_place_of))

    def add_file(self, path: Path, in_place_of: MixSlot | None = None) -> None:
        """A picture file, or the file of a saved idea; a picture of the library brings the idea it was made from."""
        self._ingredients.file(path, self.into(in_place_of))

    def add_pigment(self, name: str, in_place_of: MixSlot | None = None) -> None:
        """A pigment of the palette by its name."""
        self._ingredients.pigment(name, self.into(in_place_of))

    def add_layers(self, ids: Sequence[int] | None = None, in_place_of: MixSlot | None = None) -> None:
        """Layers of the document in front, by default the active one; a message says why if one can't be mixed."""
        self._ingredients.layers(ids, self.into(in_place_of))

    def add_selection(self) -> None:
        """What is seen in the selection of the document in front; a message says why if that is nothing."""
        self._ingredients.selection(self.add)

    def into(self, slot: MixSlot | None) -> Callable[[Source], None]:
        """What puts the first source into ``slot``, if there is one, and each further one into one of its own."""
        targets = iter([slot])
        return lambda source: self.add(source, next(targets, None))

    def take_over(self, shares: Sequence[tuple[Source, float]]) -> None:
        """Mix ``shares``, sources with weights of 0 … 1, in place of what was mixed; what is led away from stays."""
        kept = {slot.source: slot for slot in self._slots if not slot.negative}
        negative = [slot for slot in self._slots if slot.negative]
        slots = [kept.pop(source) if source in kept else MixSlot(source) for source, _ in shares]
        for slot, (_, weight) in zip(slots, shares, strict=True):
            slot.weight, slot.locked = weight, False
        self._slots, self._used = [*slots, *negative], True
        self.slots_changed.emit()
        self.changed.emit()

    def remove(self, slot: MixSlot) -> None:
        """Take a slot out; the others share what it counted."""
        self._slots.remove(slot)
        self._settle()
        self.slots_changed.emit()
        self.changed.emit()

    def set_words(self, slot: MixSlot, text: str) -> None:
        """What the words of a slot are now."""
        slot.source = Words(text)
        self.changed.emit()

    # ------------------------------------------------------------------ weights

    def set_weight(self, slot: MixSlot, weight: float) -> None:
        """How much a slot counts, 0 … 1; with linked weights what is left goes to those that are not locked."""
        others = [other for other in self._free() if other is not slot]
        if self._linked and not slot.negative and others:
            room = self._room(besides=slot)
            slot.weight = min(max(weight, 0.0), room)
            self._share(others, room - slot.weight)
        else:
            slot.weight = min(max(weight, 0.0), 1.0)
        self.changed.emit()

    def set_locked(self, slot: MixSlot, locked: bool) -> None:
        """Keep its weight when others change."""
        slot.locked = locked
        self.changed.emit()

    def set_negative(self, slot: MixSlot, negative: bool) -> None:
        """Lead the picture away from it."""
        slot.negative = negative
        self._settle()
        self.changed.emit()

    def even_out(self) -> None:
        """The same for all that are not locked."""
        free = self._free()
        for slot in free:
            slot.weight = self._room() / len(free)
        self.changed.emit()

    def normalise(self) -> None:
        """Make the total 100 %, in the same proportions."""
        self._share(self._free(), self._room())
        self.changed.emit()

    def set_linked(self, linked: bool) -> None:
        self._linked = linked
        self._settle()
        self.changed.emit()

    def _free(self) -> list[MixSlot]:
        return [slot for slot in self._slots if not slot.negative and not slot.locked]

    def _room(self, besides: MixSlot | None = None) -> float:
        """What the locked ones leave of 100 %."""
        return max(
            1.0 - sum(s.weight for s in self._slots if s.locked and not s.negative and s is not besides),
            0.0,
        )

    def _settle(self) -> None:
        if self._linked:
            self._share(self._free(), self._room())

    @staticmethod
    def _share(slots: Sequence[MixSlot], amount: float) -> None:
        """Divide ``amount`` among ``slots`` as their weights are to each other, evenly if they are all nothing."""
        whole = sum(slot.weight for slot in slots)
        for slot in slots:
            share = slot.weight / whole if whole > _ALIKE else 1 / len(slots)
            slot.weight = min(amount * share, 1.0)

    # ------------------------------------------------------------------ how it is mixed

    def set_used(self, used: bool) -> None:
        self._used = used
        self.changed.emit()

    def set_spherical(self, spherical: bool) -> None:
        self._spherical = spherical
        self.changed.emit()

    def set_pull(self, pull: float | None) -> None:
        """0 … 1, or None for what suits the model."""
        self._pull = pull
        self.changed.emit()

    # ------------------------------------------------------------------ what happens elsewhere

    def _setting_changed(self, name: str) -> None:
        if name in ("model", "prompt"):
            self.changed.emit()

    def _document_closed(self, sheet: Sheet) -> None:
        """What was taken from a document stays as it was last; what was nothing goes."""
        for slot in [slot for slot in self._slots if slot.source.sheet is sheet]:
            source = without(sheet, slot.source)
            if source is None:
                self.remove(slot)
            else:
                self.add(source, slot)
