"""Kandinsky 2.1: a prior from English words to a CLIP L embedding, and a decoder that reads the words, too.

The decoder's own text encoder understands many languages; the prior, English.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kandinsky_studio.engine import weights
from kandinsky_studio.engine.models.kandinsky_2_2 import BEFORE, IDEA_PARTS, Kandinsky22
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.schedulers import PRIOR_SCHEDULERS, SCHEDULERS
from kandinsky_studio.engine.spec import Limits, ModelSpec
from kandinsky_studio.engine.version import OnStep, Version
from kandinsky_studio.engine.weights import ModelFiles

if TYPE_CHECKING:
    import torch

    from kandinsky_studio.engine.conditioning import Conditioning, Conditions
    from kandinsky_studio.engine.explaining import WordsShown
    from kandinsky_studio.engine.loaded import LoadedModel

SPEC = ModelSpec(
    key="kandinsky-2.1",
    title="Kandinsky 2.1",
    tasks=frozenset(Task) - {Task.depth},
    native_size=768,
    size=Limits(64, 4096, 768),
    size_multiple=64,
    num_inference_steps=Limits(2, 200, 25),
    guidance_scale=Limits(1.0, 20.0, 4.0),
    prior_num_inference_steps=Limits(2, 200, 25),
    prior_guidance_scale=Limits(1.0, 20.0, 4.0),
    schedulers=tuple(SCHEDULERS),
    prior_schedulers=tuple(PRIOR_SCHEDULERS),
    mix_prior_strength=0.0,
    reads_words=True,
    languages=("en", "ru", "de", "fr", "es", "it", "pt", "pl", "uk", "tr", "zh", "ja", "ko", "ar"),
    disk_size=13_330_000_000,
    memory_size=6_610_000_000,
)

_DECODER = {
    "unet": "unet",
    "movq": "movq",
    "scheduler": "scheduler",
    "multilingual_text_encoder": "text_encoder",
    "multilingual_tokenizer": "tokenizer",
}
_REQUIRED = ("prior", "text_encoder", "tokenizer", "prior_scheduler", *_DECODER)
_WORDS = ("multilingual_tokenizer", "multilingual_text_encoder")


class Kandinsky21(Kandinsky22):
    """The component classes of diffusers, as published by ``kandinsky-community``.

    It shares with 2.2 how an idea is found, and MoVQ. Its prior is the same network, and so ``prior_strength`` works
    here as well, although diffusers has a pipeline for it with 2.2 only.
    """

    spec: ClassVar[ModelSpec] = SPEC

    family: ClassVar[str] = "kandinsky-2-1"

    def _folders(self, place: Path, family: str, model: str, title: str) -> ModelFiles:
        return _folders(place, family, model, title)

    def _is_own(self, files: ModelFiles) -> bool:
        return files.config("unet").get("encoder_hid_dim_type") == "text_image_proj"

    def idea_parts(self, request: GenerationRequest | None) -> tuple[str, ...]:
        return (*IDEA_PARTS, *_WORDS)

    def unet_part(self, task: Task) -> str:
        return Version.unet_part(self, task)

    def scheduler_config(self, model: LoadedModel, request: GenerationRequest) -> Mapping[str, Any]:
        # The network has learned its variance and says so in a configuration of its own for DDPM.
        if request.scheduler == "ddpm" and "ddpm_scheduler" in model.files:
            return model.files.config("ddpm_scheduler")
        return super().scheduler_config(model, request)

    def read(self, files: ModelFiles, part: str, dtype: torch.dtype, compress: bool = False) -> Any:
        if part != "multilingual_tokenizer":
            return super().read(files, part, dtype, compress)
        from kandinsky_studio.engine.tokens import xlm_roberta_tokenizer

        tokenizer = xlm_roberta_tokenizer(files.folder(part) / "tokenizer.json")
        tokens, rows = tokenizer.get_vocab_size(), files.config("multilingual_text_encoder").get("vocab_size")
        if not isinstance(rows, int) or tokens > rows:
            raise ValueError(f"it has {tokens} tokens, its encoder {rows}")
        return tokenizer

    def condition(self, model: LoadedModel, request: GenerationRequest, on_step: OnStep) -> Conditions:
        from kandinsky_studio.engine import ideas
        from kandinsky_studio.engine.conditioning import Conditions

        towards, away = ideas.idea(model, request, on_step)
        negative_prompt = request.negative_prompt if request.negative_prompt.strip() else ""  # as for the prior
        return Conditions(
            _shown(model, request.prompt, towards),
            None if away is None else _shown(model, negative_prompt, away),
            towards,
        )

    def words_shown(self, model: LoadedModel, prompt: str) -> WordsShown | None:
        from kandinsky_studio.engine.attention import words_of
        from kandinsky_studio.engine.explaining import WordsShown

        model.need(self.idea_parts(None))
        words = words_of(model.part("multilingual_tokenizer"), prompt)
        # The decoder puts ten tokens that it makes of the image embedding before those of the words.
        return WordsShown(range(10, 10 + 77), [words], (10,))

    def tokenizers(self, files: ModelFiles) -> Mapping[str, Any]:
        import torch

        return {**super().tokenizers(files), "XLM-R": self.read(files, "multilingual_tokenizer", torch.float32)}


def _shown(model: LoadedModel, prompt: str, image_embeds: torch.Tensor) -> Conditioning:
    """What the decoder is shown: the image embedding and, of ``prompt``, each token (1, 77, C) and their mean (1, D).

    Padding is not masked for the decoder, as it was not in training; the mean leaves it out. What the words became is
    kept.
    """
    import torch

    from kandinsky_studio.engine.conditioning import Conditioning
    from kandinsky_studio.engine.tokens import tokenize

    def encode() -> Conditioning:
        model.need(_WORDS)
        tokenizer, encoder = (model.part(part) for part in _WORDS)
        ids, mask = tokenize(tokenizer, [prompt])
        with torch.inference_mode():
            pooled, hidden = encoder(ids.to(encoder.device), mask.to(encoder.device))
        return Conditioning(encoder_hidden_states=hidden, added={"text_embeds": pooled})

    words: Conditioning = model.texts.get(("multilingual", prompt), encode)
    return Conditioning(words.encoder_hidden_states, added={**words.added, "image_embeds": image_embeds})


def _folders(place: Path, family: str, model: str, title: str) -> ModelFiles:
    """A model in the layout of ``kandinsky-community``'s 2.1: a prior, a decoder, and perhaps one for inpainting, each
    in a folder below ``place`` whose name has ``family`` in it. Raises ``ModelNotFound``."""
    prior = weights.folder_with(place, f"{family}-prior" if family else "prior", "prior")
    decoder = weights.folder_with(place, family, "unet", without="inpaint")
    if prior is None or decoder is None:
        raise weights.missing(model, title, place)
    places = {part: prior / part for part in BEFORE if part in _REQUIRED or (prior / part).is_dir()}
    places["prior_scheduler"] = prior / "scheduler"
    places |= {part: decoder / name for part, name in _DECODER.items()}
    if (decoder / "ddpm_scheduler").is_dir():
        places["ddpm_scheduler"] = decoder / "ddpm_scheduler"
    if (prior / "image_processor").is_dir():
        places["image_processor"] = prior / "image_processor"
    inpaint = weights.folder_with(place, f"{family}-inpaint" if family else "inpaint", "unet")
    if inpaint is not None:
        places["inpaint_unet"] = inpaint / "unet"
    return ModelFiles(model, title, places, _REQUIRED)
