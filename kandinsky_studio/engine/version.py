"""What a model version tells the engine about itself. Imports no torch: the window reads the specs."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.schedulers import build_scheduler
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.engine.weights import ModelFiles

if TYPE_CHECKING:
    import torch

    from kandinsky_studio.engine.codec import Codec
    from kandinsky_studio.engine.conditioning import Conditions
    from kandinsky_studio.engine.explaining import WordsShown
    from kandinsky_studio.engine.loaded import LoadedModel

OnStep = Callable[[int], None]


class Version(ABC):
    """One version of Kandinsky: where its parts lie, how they are read, and what its decoder is shown.

    All that differs between versions is in their subclasses; the engine knows none of them by name.
    """

    spec: ClassVar[ModelSpec]

    codec_part: ClassVar[str] = "movq"

    holds_clean: ClassVar[bool] = False
    """Whether its inpainting puts the known picture into the predicted clean latents, not into the noisy ones."""

    @abstractmethod
    def find(self) -> ModelFiles:
        """The files, where they are looked for. Raises ``ModelNotFound``."""

    @abstractmethod
    def find_in(self, folder: Path, model: str, title: str) -> ModelFiles:
        """The files in ``folder``, for a model called ``model``. Raises ``ModelNotFound``."""

    @abstractmethod
    def recognises(self, folder: Path) -> bool:
        """Whether ``folder`` holds a model of this version, as far as its files' names and configurations tell."""

    def spec_in(self, files: ModelFiles) -> ModelSpec:
        """The spec of the model whose files are ``files``. Raises ``ModelNotFound`` or ``BrokenModel``."""
        return dataclasses.replace(
            self.spec,
            key=files.model,
            title=files.title,
            disk_size=files.disk_size(),
            memory_size=2 * self.parameter_count(files, files.resident),
        )

    def parameter_count(self, files: ModelFiles, parts: tuple[str, ...]) -> int:
        """Numbers in the networks among ``parts``."""
        return files.parameter_count(parts)

    def unet_part(self, task: Task) -> str:
        """The decoder that does ``task``."""
        return "inpaint_unet" if task in (Task.inpaint, Task.outpaint) else "unet"

    @abstractmethod
    def idea_parts(self, request: GenerationRequest | None) -> tuple[str, ...]:
        """What turns words into what the decoder is shown; None stands for text2image."""

    def looking_parts(self, request: GenerationRequest) -> tuple[str, ...]:
        """What looks at the pictures that ``request``'s idea is made of, if there are any."""
        return ()

    def rendering_parts(self, request: GenerationRequest | None) -> tuple[str, ...]:
        """What turns that into a picture."""
        task = Task.text2image if request is None else request.task
        return ("scheduler", self.codec_part, self.unet_part(task))

    @abstractmethod
    def read(self, files: ModelFiles, part: str, dtype: torch.dtype, compress: bool = False) -> Any:
        """A part from its files: a module in ``dtype``, a tokenizer, or the configuration of a scheduler.

        ``compress`` says that large weights will wait in eight bits, and may do so as soon as they are read.
        """

    def parts_before(self, model: LoadedModel, request: GenerationRequest | None) -> tuple[str, ...]:
        """What :meth:`prepare` loads for ``request`` (None: one with guidance and no more) and lets go of again."""
        return ()

    def prepare(self, model: LoadedModel) -> None:  # noqa: B027 - most have nothing to prepare
        """Compute what is always the same, before anything else is loaded."""

    def scheduler_config(self, model: LoadedModel, request: GenerationRequest) -> Mapping[str, Any]:
        """The configuration that ``request``'s scheduler is made with: that of its decoder, if it has one of its own."""
        own = self.unet_part(request.task).replace("unet", "scheduler")
        if own != "scheduler" and own in model.files:
            return model.files.config(own)
        config: Mapping[str, Any] = model.part("scheduler")
        return config

    def scheduler(self, model: LoadedModel, request: GenerationRequest) -> Any:
        """A fresh scheduler."""
        return build_scheduler(request.scheduler, self.scheduler_config(model, request))

    def steps_made(self, scheduler: str, num_inference_steps: int) -> int:
        """How many steps ``scheduler`` makes if it is asked for ``num_inference_steps``."""
        return num_inference_steps

    def clean_rule(self, model: LoadedModel) -> Callable[[torch.Tensor], torch.Tensor] | None:
        """What is done to the predicted clean latents (B, 4, h, w) at every step, if anything."""
        return None

    @abstractmethod
    def condition(self, model: LoadedModel, request: GenerationRequest, on_step: OnStep) -> Conditions:
        """What the decoder is shown of ``request``'s words and slots; ``on_step`` counts the prior's steps."""

    def words_shown(self, model: LoadedModel, prompt: str) -> WordsShown | None:
        """Where the decoder reads which word of ``prompt``; None if it reads no words."""
        return None

    def tokenizers(self, files: ModelFiles) -> Mapping[str, Any]:
        """The tokenizers of what reads the prompt, by the names of the encoders, read from ``files``."""
        return {}

    @abstractmethod
    def codec(self, model: LoadedModel) -> Codec:
        """Pictures to latents and back."""
