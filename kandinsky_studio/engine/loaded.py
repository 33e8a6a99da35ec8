"""One model in memory: its parts, its tier, and what was already computed with it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch

from kandinsky_studio.engine import constants, memory
from kandinsky_studio.engine.cache import Recent
from kandinsky_studio.engine.codec import Codec
from kandinsky_studio.engine.components import Components
from kandinsky_studio.engine.conditioning import Conditions
from kandinsky_studio.engine.estimate import Estimate
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.models import find, version_of
from kandinsky_studio.engine.preview import Preview, fit
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.engine.validation import MAX_PICTURES

_TEXTS = 32  # encodings kept; about 0.4 MB each with 2.2
_IMAGES = 256  # embeddings kept, 5 kB each
_IDEAS = 8 * MAX_PICTURES  # each picture of a large mix has several
_RISE = 0.9  # of the share at which memory ran out: what is free goes up and down a little by itself

OnLoaded = Callable[[str], None]


def _tell_nobody(part: str) -> None: ...


def _step_in_silence() -> None: ...


class LoadedModel:
    """The parts of one model, loaded when they are needed and let go of when there is no room for them.

    Opening reads and checks the files but loads nothing yet; ``on_loaded`` is called after each part, and
    ``on_step_down`` when memory ran out and less of it is kept from now on. Raises ``ModelNotFound``, ``BrokenModel``,
    or ``UnknownValue`` for a dtype that there is not.
    """

    def __init__(self, spec: ModelSpec, device: torch.device, dtype: str | None = None) -> None:
        """The model of ``spec``, computed in ``dtype`` (a key of ``memory.DTYPES``), by default in what is best."""
        self.spec = spec
        self.version = version_of(spec.key)
        self.files = find(spec.key)
        self.files.check()
        self._state = self.files.state()
        self.fingerprint = self.files.fingerprint()
        self.on_loaded: OnLoaded = _tell_nobody
        self.on_step_down: Callable[[], None] = _step_in_silence
        self.texts: Recent[tuple[str, str], Any] = Recent(_TEXTS)
        self.images: Recent[str, torch.Tensor] = Recent(_IMAGES)
        self.ideas: Recent[tuple[object, ...], torch.Tensor] = Recent(_IDEAS)
        chosen = memory.choose_dtype(device, dtype, self.version.parameter_count(self.files, ("unet",)))
        self._components = Components(self.files, self.version.read, device, chosen)
        self._fitted: tuple[Estimate, int] | None = None  # what the tier was chosen for, and bytes that were free
        self._ran_out: dict[Tier, float] = {}  # the share of what was free that was needed when memory ran out there
        self._fingerprints: Recent[str, str] = Recent(4)
        self._constants: dict[str, torch.Tensor] = {}
        self._preview: Preview | None = None

    @property
    def device(self) -> torch.device:
        """What it computes on."""
        return self._components.device

    @property
    def dtype(self) -> torch.dtype:
        """What it computes in."""
        return self._components.dtype

    @property
    def precision(self) -> str:
        """What it computes in and how its weights wait for that, such as ``"bfloat16, weights float8"``."""
        name = str(self.dtype).removeprefix("torch.")
        return f"{name}, weights float8" if self.tier >= Tier.compressed else name

    @property
    def tier(self) -> Tier:
        """How much of it stays in memory."""
        return self._components.tier

    @property
    def replaced(self) -> bool:
        """Whether a file of it was overwritten or gave way to another one since it was opened.

        One that is gone is no reason to do without what is in memory.
        """
        now = self.files.state()
        return any(now.get(path, before) != before for path, before in self._state.items())

    @property
    def held(self) -> int:
        """Bytes that its loaded parts take."""
        return self._components.held()

    def estimate(self, request: GenerationRequest | None, together: int = 1) -> Estimate:
        """What ``request`` needs, by default text2image at the native size, ``together`` pictures at a time."""
        before = self.version.parts_before(self, request)
        wanted = request or self.spec.request("")
        return Estimate.of(self.version, self.files, self.dtype, wanted, before, together)

    def fit(self, request: GenerationRequest | None, together: int, free: int, highest: Tier = Tier.resident) -> None:
        """Choose the tier for ``request`` while ``free`` bytes are available to this model, what it holds included.

        It is ``highest`` or one below, as far as the device goes down.

        A tier in which memory ran out before is tried again once there is clearly more room in proportion to what is
        needed; below it, not before. What it holds is kept as far as the tier allows.
        """
        estimate = self.estimate(request, together)
        self._fitted = estimate, free
        barred = [tier for tier, share in self._ran_out.items() if estimate.bytes(tier) > _RISE * share * free]
        lowest = memory.lowest_tier(self.device)
        highest = min(max([highest, *(Tier(tier + 1) for tier in barred if tier < lowest)]), lowest)
        self._change(memory.choose_tier(estimate.bytes, free, highest, lowest))

    def fingerprint_for(self, request: GenerationRequest) -> str:
        """What identifies all weights that ``request`` is made with."""
        decoder = self.version.unet_part(request.task)
        if decoder in self.files.required:
            return self.fingerprint
        return self._fingerprints.get(decoder, lambda: self.files.fingerprint((decoder,)))

    def missing(self, request: GenerationRequest | None = None) -> list[str]:
        """The parts that :meth:`fetch` would load for ``request``."""
        before = self.version.parts_before(self, request)
        first, then = self.version.idea_parts(request), self.version.rendering_parts(request)
        if self.tier is not Tier.resident:  # then it is left as it is in the middle of its stages
            return self._components.missing(before + (() if self._components else first))
        return self._components.missing(before + first + then)

    def absent(self, parts: Iterable[str]) -> list[str]:
        """Those of ``parts`` that are not loaded."""
        return self._components.missing(parts)

    def fetch(self, request: GenerationRequest | None = None) -> None:
        """Load what ``request``, by default any, begins with: all parts, or those of the first stage."""
        before = self.version.parts_before(self, request)
        parts = [part for part in self.missing(request) if part not in before]
        if before:
            self.version.prepare(self)
        self.need(parts)

    @property
    def lowest(self) -> bool:
        """Whether there is no tier below."""
        return self.tier >= memory.lowest_tier(self.device)

    def step_down(self) -> None:
        """Go one tier down, unless this is the lowest, and let go of all parts."""
        self._components.keep(())
        self.texts.clear()
        if not self.lowest:
            self._ran_out[self.tier] = self._share()
            self._change(Tier(self.tier + 1))
            self.on_step_down()

    def _share(self) -> float:
        """The share of the free memory that was needed when it ran out: of what was free at the beginning, or, if
        another program has taken of it since, of what is free now that all parts are let go of."""
        if self._fitted is None:
            return 0.0  # nothing is known, and so no room is enough
        estimate, free = self._fitted
        return estimate.bytes(self.tier) / max(min(free, memory.available(self.device)), 1)

    @contextlib.contextmanager
    def telling(self, on_loaded: OnLoaded, on_step_down: Callable[[], None]) -> Iterator[None]:
        """Have ``on_loaded`` and ``on_step_down`` called for as long as this lasts."""
        self.on_loaded, self.on_step_down = on_loaded, on_step_down
        try:
            yield
        finally:
            self.on_loaded, self.on_step_down = _tell_nobody, _step_in_silence

    def let_go(self) -> None:
        """Let go of all parts; what was computed with them is kept."""
        self._components.keep(())

    def _change(self, tier: Tier) -> None:
        if tier is self.tier:
            return
        if max(tier, self.tier) >= Tier.compressed:  # other weights: nothing that was computed with them holds
            self._components.keep(())
            self._preview = None
            for cache in (self.texts, self.images, self.ideas):
                cache.clear()
            self._constants.clear()
        elif tier > self.tier:
            self._components.keep(())
        self._components.tier = tier

    def condition(self, request: GenerationRequest, on_step: Callable[[int], None]) -> Conditions:
        """What the decoder is shown; ``on_step`` counts the prior's steps, if it has to run."""
        return self.version.condition(self, request, on_step)

    def unet(self, request: GenerationRequest) -> Any:
        """The decoder that does ``request``'s task."""
        self.need(self.version.rendering_parts(request))
        return self.part(self.version.unet_part(request.task))

    def plain_unet(self, request: GenerationRequest) -> Any:
        """The decoder without hints, if ``request`` needs it beside its own; else None."""
        needed = "unet" in self.version.rendering_parts(request)
        return self.part("unet") if needed else None

    def scheduler(self, request: GenerationRequest) -> Any:
        """A fresh scheduler with the values of the version and of the decoder that does ``request``'s task."""
        return self.version.scheduler(self, request)

    def codec(self) -> Codec:
        """Pictures to latents and back."""
        if self._components.missing((self.version.codec_part,)):
            self.need((self.version.codec_part,))
        return self.version.codec(self)

    def preview(self) -> Preview:
        """The map from latents to small pictures, fitted when the codec is loaded for the first time."""
        if self._preview is None:
            self._preview = Preview(self.constant("preview", lambda: fit(self.codec())))
        return self._preview

    def constant(self, name: str, compute: Callable[[], torch.Tensor]) -> torch.Tensor:
        """A tensor that is the same as long as the weights are; kept in memory and on disk."""
        if not self.knows(name):
            self._constants[name] = compute()
            constants.keep(self._key(name), self._constants[name])
        return self._constants[name]

    def knows(self, name: str) -> bool:
        """Whether :meth:`constant` has that tensor without computing it."""
        if name not in self._constants:
            found = constants.find(self._key(name))
            if found is None:
                return False
            self._constants[name] = found
        return True

    def _key(self, name: str) -> str:
        return f"{self.fingerprint}-{name}-{self.device.type}-{self.precision}".replace(", weights ", "-")

    def part(self, name: str) -> Any:
        """A part that :meth:`need` has loaded."""
        return self._components[name]

    def need(self, parts: Iterable[str]) -> None:
        """Have ``parts`` loaded. Nothing else stays below the highest tier, nor where there is no room beside it."""
        needed = tuple(parts)
        missing = self._components.missing(needed)
        if missing and (self.tier is not Tier.resident or not self._has_room(missing)):
            self._components.keep(needed)
        self._components.load(needed, self._loaded)

    def _has_room(self, parts: Iterable[str]) -> bool:
        size = self.version.parameter_count(self.files, tuple(parts)) * self.dtype.itemsize
        return memory.fits(size, memory.available(self.device))

    def release(self, parts: Iterable[str]) -> None:
        """Let go of ``parts``; their memory is free again."""
        self._components.release(parts)

    def _loaded(self, part: str) -> None:
        if part == self.version.codec_part:
            self.preview()
        self.on_loaded(part)


def still_so(model: LoadedModel | None) -> LoadedModel | None:
    """``model``, or None, and it lets go of all, if its files are not those that it was opened with."""
    if model is not None and model.replaced:
        model.let_go()
        return None
    return model
