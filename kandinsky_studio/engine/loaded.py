"""One model in memory: its parts, its tier, and what was already computed with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch

from kandinsky_studio.engine import memory, movq, weights
from kandinsky_studio.engine.cache import Recent
from kandinsky_studio.engine.components import IDEA_PARTS, RENDERING_PARTS, Components
from kandinsky_studio.engine.memory import Tier
from kandinsky_studio.engine.preview import Preview
from kandinsky_studio.engine.prior import TextEncoding, encode_nothing, encode_text, sample_prior
from kandinsky_studio.engine.request import GenerationRequest, Pixels
from kandinsky_studio.engine.sampling import denoise
from kandinsky_studio.engine.schedulers import build_scheduler
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.engine.validation import MAX_PICTURES

_FACTOR = 8  # pixels per latent cell
_TEXTS = 32  # encodings kept; about 0.4 MB each with 2.2

OnLoaded = Callable[[str], None]


class LoadedModel:
    """The parts of one model and the two halves of making a picture with them: ``idea`` and ``render``.

    Opening reads and checks the files but loads nothing yet; what is missing is loaded when it is needed, and
    ``on_loaded`` is called after each part. Raises ``ModelNotFound`` or ``BrokenModel``.
    """

    def __init__(self, spec: ModelSpec, device: torch.device, dtype: torch.dtype, width: int, height: int) -> None:
        """``width`` and ``height`` are those of the picture that the tier is chosen for."""
        self.spec = spec
        self.files = weights.find(spec.key)
        self.files.check()
        self.fingerprint = self.files.fingerprint()
        self.tier = memory.choose_tier(memory.estimate(self.files, dtype, width, height), memory.available(device))
        self.on_loaded: OnLoaded = lambda part: None
        self._components = Components(self.files, device, dtype)
        self._preview: Preview | None = None
        self._nothing: torch.Tensor | None = None
        self._texts: Recent[str, TextEncoding] = Recent(_TEXTS)
        self._ideas: Recent[tuple[object, ...], torch.Tensor] = Recent(MAX_PICTURES)

    def missing(self, request: GenerationRequest | None = None) -> list[str]:
        """The parts that :meth:`fetch` would load for ``request``."""
        parts: tuple[str, ...] = IDEA_PARTS + RENDERING_PARTS
        if self.tier is Tier.staged:  # which is left as it is in the middle of its stages
            parts = () if self._components else IDEA_PARTS
        vision = ("image_encoder",) if self._nothing is None and _leads_from_nothing(request) else ()
        return self._components.missing(vision + parts)

    def fetch(self, request: GenerationRequest | None = None) -> None:
        """Load what ``request``, by default any, begins with: all parts, or those of the first stage."""
        parts = self.missing(request)
        if "image_encoder" in parts:
            self._encode_nothing()
            parts.remove("image_encoder")
        self._need(parts)

    def step_down(self) -> bool:
        """Go one tier down and let go of all parts; False if this is the lowest."""
        self._components.release(weights.PARTS)
        self._texts.clear()
        if self.tier is Tier.staged:
            return False
        self.tier = Tier.staged
        return True

    def idea(self, request: GenerationRequest, on_step: Callable[[int], None]) -> torch.Tensor:
        """The image embedding of ``request``, (1, D), and below it, as (2, D), that of its negative prompt if any.

        Float32, on the CPU. Kept: the same words, idea seed and prior settings run nothing a second time, and then
        ``on_step`` is not called.
        """
        negative_prompt = request.negative_prompt if request.negative_prompt.strip() else None
        key = (
            request.prompt,
            negative_prompt,
            request.prior_seed,
            request.prior_num_inference_steps,
            request.prior_guidance_scale,
        )
        return self._ideas.get(key, lambda: self._sample_idea(request, negative_prompt, on_step))

    def negative(self, request: GenerationRequest, idea: torch.Tensor) -> torch.Tensor | None:
        """What guidance leads away from, (1, D): the negative prompt's embedding, or that of an image of zeros.

        None if ``request`` has no guidance.
        """
        if request.guidance_scale <= 1:
            return None
        if len(idea) > 1:
            return idea[1:]
        return self._nothing if self._nothing is not None else self._encode_nothing()

    def denoise(
        self,
        request: GenerationRequest,
        image_embeds: torch.Tensor,
        negative_image_embeds: torch.Tensor | None,
        on_step: Callable[[int, Pixels], None],
    ) -> torch.Tensor:
        """The latents of ``request``'s picture; ``on_step`` gets the steps done and a preview."""
        self._need(RENDERING_PARTS)
        preview = self._fitted_preview()
        box = movq.crop_box(request.width, request.height, self.spec.size_multiple)
        return denoise(
            self._components["unet"],
            build_scheduler(request.scheduler, self._components["scheduler"]),
            image_embeds,
            negative_image_embeds,
            width=box[2] // _FACTOR,
            height=box[3] // _FACTOR,
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
            generator=torch.Generator().manual_seed(request.seed),
            on_step=lambda step, clean: on_step(step, preview.render(clean, box, request.width, request.height)),
        )

    def decode(self, request: GenerationRequest, latents: torch.Tensor) -> Pixels:
        """The picture of ``latents``, cropped to the size that ``request`` asks for."""
        left, top, _, _ = movq.crop_box(request.width, request.height, self.spec.size_multiple)
        image = movq.decode(self._components["movq"], latents)
        return image[top : top + request.height, left : left + request.width].copy()

    def _sample_idea(
        self, request: GenerationRequest, negative_prompt: str | None, on_step: Callable[[int], None]
    ) -> torch.Tensor:
        self._need(IDEA_PARTS)
        return sample_prior(
            self._components["prior"],
            self._components["prior_scheduler"],
            self._text(request.prompt),
            self._text("") if request.prior_guidance_scale > 1 and negative_prompt is None else None,
            self._text(negative_prompt) if negative_prompt is not None else None,
            num_inference_steps=request.prior_num_inference_steps,
            guidance_scale=request.prior_guidance_scale,
            generator=torch.Generator().manual_seed(request.prior_seed),
            on_step=on_step,
        )

    def _encode_nothing(self) -> torch.Tensor:
        # The vision tower of 2.2 is its second largest part, and this constant is all that it is needed for.
        self._need(("image_encoder",))
        self._nothing = encode_nothing(self._components["image_encoder"])
        self._components.release(("image_encoder",))
        return self._nothing

    def _text(self, prompt: str) -> TextEncoding:
        return self._texts.get(
            prompt, lambda: encode_text(self._components["tokenizer"], self._components["text_encoder"], prompt)
        )

    def _fitted_preview(self) -> Preview:
        if self._preview is None:
            self._preview = Preview(self._components["movq"])
        return self._preview

    def _need(self, parts: Iterable[str]) -> None:
        """Have ``parts`` loaded; below the highest tier nothing else stays."""
        needed = tuple(parts)
        if self.tier is not Tier.resident and self._components.missing(needed):
            self._components.release(part for part in weights.PARTS if part not in needed)
        self._components.load(needed, self._loaded)

    def _loaded(self, part: str) -> None:
        if part == "movq":
            self._fitted_preview()
        self.on_loaded(part)


def _leads_from_nothing(request: GenerationRequest | None) -> bool:
    """Whether guidance needs the embedding of an image of zeros; None is a request with guidance and no more."""
    return request is None or (request.guidance_scale > 1 and not request.negative_prompt.strip())
