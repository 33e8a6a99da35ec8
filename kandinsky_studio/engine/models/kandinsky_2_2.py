"""Kandinsky 2.2: a prior from English words to a CLIP bigG embedding, and a decoder from the embedding to a picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kandinsky_studio import paths
from kandinsky_studio.engine import weights
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.schedulers import PRIOR_SCHEDULERS, SCHEDULERS
from kandinsky_studio.engine.spec import Limits, ModelSpec
from kandinsky_studio.engine.version import OnStep, Version
from kandinsky_studio.engine.weights import ModelFiles
from kandinsky_studio.errors import BrokenModel, ModelNotFound

if TYPE_CHECKING:
    import torch

    from kandinsky_studio.engine.codec import Codec
    from kandinsky_studio.engine.conditioning import Conditions
    from kandinsky_studio.engine.loaded import LoadedModel

SPEC = ModelSpec(
    key="kandinsky-2.2",
    title="Kandinsky 2.2",
    tasks=frozenset(Task),
    native_size=768,
    size=Limits(64, 4096, 768),
    size_multiple=64,
    num_inference_steps=Limits(2, 200, 25),
    guidance_scale=Limits(1.0, 20.0, 4.0),
    prior_num_inference_steps=Limits(2, 200, 25),  # UnCLIPScheduler divides by zero with one step
    prior_guidance_scale=Limits(1.0, 20.0, 4.0),
    schedulers=tuple(SCHEDULERS),
    prior_schedulers=tuple(PRIOR_SCHEDULERS),
    mix_prior_strength=0.0,
    reads_words=False,
    languages=("en",),
    disk_size=15_900_000_000,  # as published: float32, but for the image encoder
    memory_size=9_780_000_000,
)

DIMENSIONS = 1280
"""Of a CLIP bigG embedding: what 2.2 was trained on, and nothing else here."""

BEFORE = ("tokenizer", "text_encoder", "image_encoder", "prior")
"""The parts beside the prior; its scheduler is in the folder ``scheduler``, like the decoder's."""

IDEA_PARTS = ("tokenizer", "text_encoder", "prior_scheduler", "prior")
"""What makes an image embedding from words."""

VISION_PARTS = ("image_encoder", "image_processor")
"""What makes one from a picture."""

REQUIRED = ("prior", "text_encoder", "tokenizer", "prior_scheduler", "unet", "movq", "scheduler")
"""What words need. The vision tower is there for pictures, and may be absent: see ``ideas.is_blind``."""


def two_folders(place: Path, family: str, model: str, title: str) -> ModelFiles:
    """A model in the layout of ``kandinsky-community``'s 2.2: a prior, a decoder, and perhaps decoders for inpainting
    and depth, each in a folder below ``place`` whose name has ``family`` and that in it. Raises ``ModelNotFound``."""
    prior = weights.folder_with(place, f"{family}prior", "prior")
    decoder = weights.folder_with(place, f"{family}decoder", "unet", without="inpaint")
    if prior is None or decoder is None:
        raise weights.missing(model, title, place)
    places = {part: prior / part for part in BEFORE if part in REQUIRED or (prior / part).is_dir()}
    places["prior_scheduler"] = prior / "scheduler"
    places |= {part: decoder / part for part in ("unet", "movq", "scheduler")}
    if (prior / "image_processor").is_dir():
        places["image_processor"] = prior / "image_processor"
    for part, name in (("inpaint_unet", "inpaint"), ("depth_unet", "controlnet-depth")):
        folder = weights.folder_with(place, name, "unet")
        if folder is not None:
            places[part] = folder / "unet"
            if (folder / "scheduler").is_dir():
                places[part.replace("unet", "scheduler")] = folder / "scheduler"
    return ModelFiles(model, title, places, REQUIRED)


class Kandinsky22(Version):
    """The component classes of diffusers, as published by ``kandinsky-community``."""

    spec: ClassVar[ModelSpec] = SPEC

    family: ClassVar[str] = "kandinsky-2-2-"
    """What the names of its published folders begin with."""

    def find(self) -> ModelFiles:
        places = (paths.models() / self.spec.key, paths.models(), weights.hub_cache())
        for place in places:
            try:
                return self._folders(place, self.family, self.spec.key, self.spec.title)
            except ModelNotFound:
                continue
        raise weights.missing(self.spec.key, self.spec.title, Path(", ".join(str(place) for place in places[1:])))

    def find_in(self, folder: Path, model: str, title: str) -> ModelFiles:
        return self._folders(folder, "", model, title)

    def _folders(self, place: Path, family: str, model: str, title: str) -> ModelFiles:
        """The model in folders below ``place`` whose names begin with ``family``. Raises ``ModelNotFound``."""
        return two_folders(place, family, model, title)

    def recognises(self, folder: Path) -> bool:
        try:
            files = self.find_in(folder, str(folder), folder.name)
        except ModelNotFound:
            return False
        return self._is_own(files)

    def _is_own(self, files: ModelFiles) -> bool:
        unet = files.config("unet")
        return unet.get("encoder_hid_dim_type") == "image_proj" and unet.get("encoder_hid_dim") == DIMENSIONS

    def idea_parts(self, request: GenerationRequest | None) -> tuple[str, ...]:
        return IDEA_PARTS

    def looking_parts(self, request: GenerationRequest) -> tuple[str, ...]:
        drifts = request.prior_strength > 0 and request.image is not None and not request.mixed
        return VISION_PARTS if drifts or any(slot.image is not None for slot in request.slots) else ()

    def unet_part(self, task: Task) -> str:
        return "depth_unet" if task is Task.depth else super().unet_part(task)

    def rendering_parts(self, request: GenerationRequest | None) -> tuple[str, ...]:
        parts = super().rendering_parts(request)
        return (*parts, "unet") if request is not None and needs_plain(request) else parts

    def parts_before(self, model: LoadedModel, request: GenerationRequest | None) -> tuple[str, ...]:
        if model.knows("nothing") or "image_encoder" not in model.files or not _leads_from_nothing(request):
            return ()
        return ("image_encoder",)

    def prepare(self, model: LoadedModel) -> None:
        from kandinsky_studio.engine import ideas

        ideas.nothing(model)

    def read(self, files: ModelFiles, part: str, dtype: torch.dtype, compress: bool = False) -> Any:
        from kandinsky_studio.engine.components import read

        return read(files, part, dtype, compress)

    def condition(self, model: LoadedModel, request: GenerationRequest, on_step: OnStep) -> Conditions:
        from kandinsky_studio.engine import ideas
        from kandinsky_studio.engine.conditioning import Conditioning, Conditions

        towards, away = ideas.idea(model, request, on_step)
        return Conditions(
            Conditioning(added={"image_embeds": towards}),
            None if away is None else Conditioning(added={"image_embeds": away}),
            towards,
        )

    def tokenizers(self, files: ModelFiles) -> Mapping[str, Any]:
        import torch

        return {"CLIP": self.read(files, "tokenizer", torch.float32)}

    def codec(self, model: LoadedModel) -> Codec:
        from kandinsky_studio.engine.codec import MovqCodec

        return MovqCodec(model.part("movq"))


def needs_plain(request: GenerationRequest) -> bool:
    """Whether ``request`` has steps that do not, or not wholly, follow its hint."""
    whole = (
        request.controlnet_conditioning_scale >= 1
        and request.control_guidance_start <= 0
        and request.control_guidance_end >= 1
    )
    return request.task is Task.depth and not whole


def _leads_from_nothing(request: GenerationRequest | None) -> bool:
    """Whether guidance needs the embedding of an image of zeros; None is a request with guidance and no more."""
    if request is None:
        return True
    named = bool(request.negative_prompt.strip()) or any(slot.negative for slot in request.slots)
    return request.guidance_scale > 1 and not named


def spec_of_shapes(spec: ModelSpec, config: Mapping[str, Any], title: str) -> ModelSpec:
    """``spec`` with the sizes that a decoder's configuration states. Raises ``BrokenModel``."""
    sample_size = config.get("sample_size")
    if not isinstance(sample_size, int) or sample_size < 1:
        raise BrokenModel(model=title, reason="its decoder does not say which size it draws")
    native_size = min(max(sample_size * 8, spec.size.minimum), SPEC.size.maximum)
    maximum = min(4 * native_size, SPEC.size.maximum)
    return dataclasses.replace(spec, native_size=native_size, size=Limits(spec.size.minimum, maximum, native_size))
