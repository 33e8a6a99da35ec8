"""Kandinsky 2.0: two multilingual text encoders, and a decoder that draws straight from the words.

Read in its original layout: it was never published in another. There is no prior and no image embedding, so there
is nothing to mix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kandinsky_studio import paths
from kandinsky_studio.engine import weights
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.schedulers import SCHEDULERS
from kandinsky_studio.engine.spec import Limits, ModelSpec
from kandinsky_studio.engine.version import OnStep, Version
from kandinsky_studio.engine.weights import ModelFiles

if TYPE_CHECKING:
    import torch

    from kandinsky_studio.engine.codec import Codec
    from kandinsky_studio.engine.conditioning import Conditioning, Conditions
    from kandinsky_studio.engine.explaining import WordsShown
    from kandinsky_studio.engine.loaded import LoadedModel

SPEC = ModelSpec(
    key="kandinsky-2.0",
    title="Kandinsky 2.0",
    tasks=frozenset({Task.text2image, Task.image2image, Task.inpaint, Task.outpaint}),
    native_size=512,
    size=Limits(64, 4096, 512),
    size_multiple=64,
    num_inference_steps=Limits(2, 200, 25),
    guidance_scale=Limits(1.0, 20.0, 10.0),
    prior_num_inference_steps=Limits(2, 200, 25),
    prior_guidance_scale=Limits(1.0, 20.0, 4.0),
    schedulers=tuple(SCHEDULERS),
    prior_schedulers=(),
    mix_prior_strength=0.0,
    reads_words=True,
    languages=("en", "ru", "de", "fr", "es", "it", "pt", "pl", "uk", "tr", "zh", "ja", "ko", "ar"),
    disk_size=9_900_000_000,
    memory_size=4_030_000_000,
)

DYNAMIC_THRESHOLD = 0.995
"""The quantile of the predicted clean latents that becomes their limit, and part of how the release draws."""

_TIMESTEPS = 1000  # that it was trained with
_FILES = {"unet": "Kandinsky-2-0.pt", "inpaint_unet": "Kandinsky-2-0-inpainting.pt", "vae": "vae.ckpt"}
_ENCODERS = ("text_encoder1", "text_encoder2")
_TOKENIZERS = ("text_encoder1/tokenizer.json", "text_encoder2/spiece.model")
_REQUIRED = ("unet", "vae", *_ENCODERS)
_BYTES_PER_NUMBER = {
    "unet": 2.184,  # convolutions in half precision, the rest in single
    "inpaint_unet": 2.184,
    "vae": 13.1,  # the file holds the training's state, too
    "text_encoder1": 4.0,
    "text_encoder2": 8.2,  # the file holds the whole mT5, of which the encoder is used
}


class Kandinsky20(Version):
    """The files of ``ai-forever/Kandinsky_2.0``: two checkpoints, a VAE, and the folders of two encoders."""

    spec: ClassVar[ModelSpec] = SPEC
    codec_part: ClassVar[str] = "vae"
    holds_clean: ClassVar[bool] = True

    def find(self) -> ModelFiles:
        places = (paths.models(), weights.hub_cache())
        for place in places:
            for name in (self.spec.key, "Kandinsky_2.0"):
                folder = weights.folder_with(place, name, _FILES["unet"])
                if folder is not None:
                    return self.find_in(folder, self.spec.key, self.spec.title)
        raise weights.missing(self.spec.key, self.spec.title, Path(", ".join(str(place) for place in places)))

    def find_in(self, folder: Path, model: str, title: str) -> ModelFiles:
        for name in (_FILES["unet"], *_TOKENIZERS):
            if not (folder / name).is_file():
                raise weights.missing(model, title, folder / name)
        places = {part: folder / name for part, name in _FILES.items()} | {name: folder / name for name in _ENCODERS}
        if not places["inpaint_unet"].is_file():
            del places["inpaint_unet"]
        return ModelFiles(model, title, places, _REQUIRED)

    def recognises(self, folder: Path) -> bool:
        return (folder / _FILES["unet"]).is_file()

    def parameter_count(self, files: ModelFiles, parts: tuple[str, ...]) -> int:
        stored = {"text_encoders": _ENCODERS}
        total = 0.0
        for part in [name for wanted in parts for name in stored.get(wanted, (wanted,)) if name in files]:
            path = files.folder(part)
            size = path.stat().st_size if path.is_file() else files.weight_file(part).path.stat().st_size
            total += size / _BYTES_PER_NUMBER[part]
        return int(total)

    def idea_parts(self, request: GenerationRequest | None) -> tuple[str, ...]:
        return (_projection_part(request), "text_encoders")  # in this order: if it is missing, that shows at once

    def read(self, files: ModelFiles, part: str, dtype: torch.dtype, compress: bool = False) -> Any:
        from kandinsky_studio.engine import original, two_encoders

        root = files.folder("unet").parent
        if part.startswith("inpaint_") and "inpaint_unet" not in files:
            raise weights.missing(files.model, files.title, root / _FILES["inpaint_unet"])
        numbers = original.read_numbers(root)
        if part == "text_encoders":
            return two_encoders.load_two_encoders(root, dtype)
        if part in ("projection", "inpaint_projection"):
            path = files.folder("unet" if part == "projection" else "inpaint_unet")
            return two_encoders.load_text_projection(path, numbers, dtype)
        if part == "vae":
            return original.load_vae(files.folder(part), numbers, dtype)
        if part == "scheduler":
            return numbers.noise_schedule()
        return original.load_unet(files.folder(part), numbers, dtype)

    def scheduler_config(self, model: LoadedModel, request: GenerationRequest) -> Mapping[str, Any]:
        return {**model.part("scheduler"), "steps_offset": 1, "clip_sample": False, "thresholding": False}

    def scheduler(self, model: LoadedModel, request: GenerationRequest) -> Any:
        from kandinsky_studio.engine.released import build_released

        released = build_released(request.scheduler, model.part("scheduler"))
        return super().scheduler(model, request) if released is None else released

    def steps_made(self, scheduler: str, num_inference_steps: int) -> int:
        if scheduler != "ddim":
            return num_inference_steps
        return len(range(1, _TIMESTEPS, _TIMESTEPS // num_inference_steps))  # as ``EveryNth`` takes them

    def clean_rule(self, model: LoadedModel) -> Callable[[torch.Tensor], torch.Tensor] | None:
        return dynamically_thresholded

    def condition(self, model: LoadedModel, request: GenerationRequest, on_step: OnStep) -> Conditions:
        from kandinsky_studio.engine.conditioning import Conditions

        towards = _shown(model, request, request.prompt)
        negative = request.negative_prompt if request.negative_prompt.strip() else ""
        away = _shown(model, request, negative) if request.guidance_scale > 1 else None
        return Conditions(towards, away, None)

    def words_shown(self, model: LoadedModel, prompt: str) -> WordsShown | None:
        from kandinsky_studio.engine.attention import words_of
        from kandinsky_studio.engine.explaining import WordsShown
        from kandinsky_studio.engine.tokens import LENGTH

        model.need(self.idea_parts(None))
        words = [words_of(tokenizer, prompt) for tokenizer in model.part("text_encoders").tokenizers]
        return WordsShown(range(2 * LENGTH), words, (0, LENGTH))

    def tokenizers(self, files: ModelFiles) -> Mapping[str, Any]:
        from kandinsky_studio.engine.tokens import mt5_tokenizer, xlm_roberta_tokenizer

        first, second = (files.folder("unet").parent / name for name in _TOKENIZERS)
        return {"XLM-R": xlm_roberta_tokenizer(first), "mT5": mt5_tokenizer(second)}

    def codec(self, model: LoadedModel) -> Codec:
        from kandinsky_studio.engine.codec import VaeCodec

        vae = model.part("vae")
        return VaeCodec(vae, float(vae.config.scaling_factor))


def dynamically_thresholded(clean: torch.Tensor) -> torch.Tensor:
    """Predicted clean latents (B, C, h, w) limited to a quantile of their size and divided by it, if that is over 1.

    Each row by its own, so that a picture does not depend on what else is in the batch (Saharia et al. 2022).
    """
    import torch

    limit = torch.quantile(clean.abs().flatten(1), DYNAMIC_THRESHOLD, dim=1).clamp(min=1).view(-1, 1, 1, 1)
    return clean.clamp(-limit, limit) / limit


def _projection_part(request: GenerationRequest | None) -> str:
    inpainting = request is not None and request.task in (Task.inpaint, Task.outpaint)
    return "inpaint_projection" if inpainting else "projection"


def _shown(model: LoadedModel, request: GenerationRequest, prompt: str) -> Conditioning:
    """What the decoder is shown of ``prompt``, each checkpoint by its own layers; kept."""
    from kandinsky_studio.engine.conditioning import Conditioning

    projection = _projection_part(request)

    def encode() -> Conditioning:
        model.need((projection, "text_encoders"))
        context, pooled = model.part("text_encoders").encode([prompt], model.part(projection))
        return Conditioning(encoder_hidden_states=context, class_labels=pooled)

    shown: Conditioning = model.texts.get((projection, prompt), encode)
    return shown
