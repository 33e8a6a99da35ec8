"""The parts of a model as torch modules, read from its folders one by one and let go of one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from kandinsky_studio.engine.memory import is_out_of_memory
from kandinsky_studio.engine.movq import speed_up
from kandinsky_studio.engine.weights import NETWORKS, ModelFiles
from kandinsky_studio.errors import BrokenModel, Cancelled, StudioError

IDEA_PARTS = ("tokenizer", "text_encoder", "prior_scheduler", "prior")
"""What makes an image embedding from words."""

RENDERING_PARTS = ("scheduler", "movq", "unet")
"""What makes a picture from an image embedding."""


class Components:
    """The loaded parts of one model, on ``device`` and in ``dtype``.

    ``components["unet"]`` is the module; the schedulers are their configurations (dictionaries), because each
    picture gets a scheduler of its own. Asking for a part that is not loaded raises ``KeyError``.
    """

    def __init__(self, files: ModelFiles, device: torch.device, dtype: torch.dtype) -> None:
        self.files = files
        self.device = device
        self.dtype = dtype
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, part: str) -> Any:
        return self._loaded[part]

    def __len__(self) -> int:
        """How many parts are loaded."""
        return len(self._loaded)

    def missing(self, parts: Iterable[str]) -> list[str]:
        """Those of ``parts`` that are not loaded."""
        return [part for part in parts if part not in self._loaded]

    def load(self, parts: Iterable[str], on_loaded: Callable[[str], None] = lambda part: None) -> None:
        """Load what is missing of ``parts``; ``on_loaded`` is called after each and may raise ``Cancelled``.

        Raises ``ModelNotFound`` or ``BrokenModel``; what was loaded before stays.
        """
        for part in self.missing(parts):
            with _reasons(self.files.title, part):
                self._loaded[part] = self._read(part)
            on_loaded(part)

    def release(self, parts: Iterable[str]) -> None:
        """Let go of ``parts``; their memory is free again."""
        for part in parts:
            self._loaded.pop(part, None)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _read(self, part: str) -> Any:
        if part in ("scheduler", "prior_scheduler"):
            return self.files.config(part)
        if part == "tokenizer":
            from transformers import CLIPTokenizer

            return CLIPTokenizer.from_pretrained(self.files.folder(part), local_files_only=True)
        module = self._network(part)
        if part == "prior":
            _check_prior(module.config)
        if part == "movq":
            speed_up(module)
        module.eval().requires_grad_(False)
        # Convolutions are most of the decoder's work, and they are faster with the channels innermost.
        memory_format = torch.channels_last if part == "unet" else torch.preserve_format
        return module.to(device=self.device, memory_format=memory_format)

    def _network(self, part: str) -> Any:
        import diffusers
        import transformers

        cls = {
            "prior": diffusers.PriorTransformer,
            "text_encoder": transformers.CLIPTextModelWithProjection,
            "image_encoder": transformers.CLIPVisionModelWithProjection,
            "unet": diffusers.UNet2DConditionModel,
            "movq": diffusers.VQModel,
        }[part]
        module, report = cls.from_pretrained(
            self.files.folder(part),
            variant=self.files.weight_file(part).variant,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            dtype=self.dtype,
        )
        if missing := list(report["missing_keys"]):  # the libraries would fill them with noise
            raise BrokenModel(model=self.files.title, reason=f"“{part}” lacks weights, such as {missing[0]}")
        return module


def _check_prior(config: Any) -> None:
    plain = (config.added_emb_type, config.encoder_hid_proj_type, config.embedding_proj_norm_type, config.norm_in_type)
    if plain != ("prd", "linear", None, None):
        raise ValueError("its prior is not one of Kandinsky 2")


@contextlib.contextmanager
def _reasons(title: str, part: str) -> Iterator[None]:
    """Turn whatever a library says about a file into ``BrokenModel``, and keep it from writing on the terminal."""
    assert part in NETWORKS or part in ("tokenizer", "scheduler", "prior_scheduler")
    with _quiet():
        try:
            yield
        except (StudioError, Cancelled):
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            raise BrokenModel(model=title, reason=f"“{part}” does not fit ({reason})") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    libraries = (diffusers_logging, transformers_logging)
    verbosity = [library.get_verbosity() for library in libraries]
    bars = transformers_logging.is_progress_bar_enabled()
    for library in libraries:
        library.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        for library, level in zip(libraries, verbosity, strict=True):
            library.set_verbosity(level)
        if bars:
            transformers_logging.enable_progress_bar()
