"""How the built-in model is made: every component from a fixed seed, stage by stage.

Each stage keeps its state in the working folder, can be killed and goes on where it stopped, and must pass its gate
before the next one starts. ``assemble`` writes the components in the layout of ``kandinsky-community/kandinsky-2-2-*``,
which the stock pipelines open unchanged.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import PriorTransformer, UNet2DConditionModel, VQModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextModelWithProjection, CLIPTokenizer, CLIPVisionModelWithProjection

from kandinsky_studio.engine.training import components, decoder, movq, prior, quality, text, vision
from kandinsky_studio.engine.training.code import embed, scene_attributes
from kandinsky_studio.engine.training.command import STAGES
from kandinsky_studio.engine.training.judge import score
from kandinsky_studio.engine.training.loop import Recipe, Report, Trainer
from kandinsky_studio.errors import TrainingGateMissed

RECIPES: Mapping[str, Recipe] = {
    "text": Recipe(steps=1200, learning_rate=6e-4, seed=2, cooldown=0.35),
    "vision": Recipe(steps=3000, learning_rate=1e-3, seed=3, cooldown=0.4),
    "prior": Recipe(steps=2000, learning_rate=8e-4, seed=4),
    "movq": Recipe(steps=2600, learning_rate=1.5e-3, seed=1, cooldown=0.35),
    "decoder": Recipe(steps=8000, learning_rate=1.2e-3, seed=5, cooldown=0.35),
}
GATES: Mapping[str, float] = {"text": 0.97, "vision": 0.9, "movq": 27.0, "decoder": 0.8}
_SEED = 22

PRIOR_FOLDER, DECODER_FOLDER = "kandinsky-2-2-prior", "kandinsky-2-2-decoder"


class BuiltinTraining:
    """The stages over one working folder.

    ``steps`` replaces the number of steps of single stages; ``report`` gets a line now and then. A stage whose
    measurement stays below its gate raises ``TrainingGateMissed``; ``gated=False`` only reports it.
    """

    def __init__(
        self,
        folder: Path,
        target: Path,
        *,
        device: str = "cpu",
        steps: Mapping[str, int] | None = None,
        report: Report = print,
        gated: bool = True,
    ) -> None:
        self.folder = folder
        self.target = target
        self.device = device
        self.report = report
        self.gated = gated
        wanted = steps or {}
        self.recipes = {
            name: dataclasses.replace(recipe, steps=wanted.get(name, recipe.steps)) for name, recipe in RECIPES.items()
        }

    def run(self, stages: tuple[str, ...] = STAGES) -> None:
        """Run ``stages`` in their order."""
        self.folder.mkdir(parents=True, exist_ok=True)
        work: Mapping[str, Callable[[], None]] = {
            "tokenizer": self.make_tokenizer,
            "text": self.train_text,
            "vision": self.train_vision,
            "prior": self.train_prior,
            "movq": self.train_movq,
            "decoder": self.train_decoder,
            "assemble": self.assemble,
            "measure": self.measure,
        }
        for stage in STAGES:
            if stage in stages:
                work[stage]()

    def _trainer(self, name: str, module: torch.nn.Module, heads: torch.nn.Module | None = None) -> Trainer:
        return Trainer(
            name, module, self.recipes[name], self.folder, heads=heads, device=self.device, report=self.report
        )

    def _gate(self, stage: str, measured: float, details: object = "") -> None:
        needed = GATES[stage]
        self.report(f"{stage}: measured {measured:.3f}, gate {needed} {details}".rstrip())
        if self.gated and measured < needed:
            raise TrainingGateMissed(stage=stage, measured=round(measured, 3), needed=needed)

    def _fresh(self, make: Callable[[], Any]) -> Any:
        torch.manual_seed(_SEED)
        return make()

    def _trained(self, name: str, module: torch.nn.Module) -> Any:
        """``module`` with the averaged weights of a finished stage."""
        state = torch.load(self.folder / f"{name}.pt", map_location=self.device, weights_only=True)
        module.load_state_dict(state["average"])
        return module.to(self.device).eval().requires_grad_(False)

    def make_tokenizer(self) -> None:
        """Stage ``tokenizer``."""
        if not (self.folder / "tokenizer").exists():
            components.make_tokenizer(text.training_texts()).save_pretrained(self.folder / "tokenizer")

    def tokenizer(self) -> CLIPTokenizer:
        """The tokenizer that was made."""
        return CLIPTokenizer.from_pretrained(self.folder / "tokenizer")

    def train_text(self) -> None:
        """Stage ``text``."""
        tokenizer = self.tokenizer()
        model = self._fresh(lambda: components.make_text_encoder(tokenizer))
        self._trainer("text", model).run(text.text_loss(model, tokenizer, self.device))
        accuracy = text.text_accuracy(model, tokenizer)
        self._gate("text", min(accuracy.values()), accuracy)

    def text_encoder(self) -> CLIPTextModelWithProjection:
        """The trained text tower."""
        return self._trained("text", components.make_text_encoder(self.tokenizer()))

    def train_vision(self) -> None:
        """Stage ``vision``."""
        processor = components.make_image_processor()
        model, head = self._fresh(lambda: (components.make_image_encoder(), vision.make_dense_head()))
        trainer = self._trainer("vision", model, head)
        trainer.run(vision.vision_loss(model, head, processor, self.device))
        accuracy = vision.vision_accuracy(model, processor)
        self._gate("vision", accuracy["shape"], accuracy)

    def image_encoder(self) -> CLIPVisionModelWithProjection:
        """The trained vision tower."""
        return self._trained("vision", components.make_image_encoder())

    def train_prior(self) -> None:
        """Stage ``prior``; it is measured from end to end, with the decoder."""
        model: PriorTransformer = self._fresh(components.make_prior)
        model.set_attn_processor(AttnProcessor())  # its backward pass is faster on a CPU
        model.clip_mean.requires_grad_(False)
        model.clip_std.requires_grad_(False)
        prior.measure_statistics(model)
        trainer = self._trainer("prior", model)
        trainer.run(prior.prior_loss(model, self.text_encoder(), self.tokenizer(), self.device))

    def train_movq(self) -> None:
        """Stage ``movq``."""
        model: VQModel = movq.prepare(self._fresh(components.make_movq))
        self._trainer("movq", model).run(movq.movq_loss(model, self.device))
        self._gate("movq", movq.psnr(model))

    def movq(self) -> VQModel:
        """The trained codec, in its plain form."""
        return self._trained("movq", components.make_movq())

    def train_decoder(self) -> None:
        """Stage ``decoder``."""
        codec = movq.prepare(self.movq())
        cache = self.folder / "latents.npz"
        decoder.cache_latents(codec, cache, self.report, count=decoder.CACHED)
        with np.load(cache) as arrays:
            latents, codes = arrays["latents"], arrays["codes"]
        model: UNet2DConditionModel = decoder.prepare(self._fresh(components.make_unet))
        self._trainer("decoder", model).run(decoder.decoder_loss(model, latents, codes, self.device))
        scenes = decoder.held_out(96, 1, seed=903)
        pictures = decoder.render(model, codec, embed(np.stack([scene_attributes(scene) for scene in scenes])))
        result = score(pictures, scenes)
        self._gate("decoder", result["both"], result)

    def unet(self) -> UNet2DConditionModel:
        """The trained decoder."""
        return self._trained("decoder", components.make_unet())

    def assemble(self) -> None:
        """Stage ``assemble``: write all components, half precision, and put them in the target's place in one move."""
        partial = self.target.with_name(self.target.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        first, second = partial / PRIOR_FOLDER, partial / DECODER_FOLDER
        self.tokenizer().save_pretrained(first / "tokenizer")
        self.text_encoder().half().save_pretrained(first / "text_encoder")
        self.image_encoder().half().save_pretrained(first / "image_encoder")
        self._trained("prior", components.make_prior()).half().save_pretrained(first / "prior")
        components.make_prior_scheduler().save_pretrained(first / "scheduler")
        _save_image_processor(first / "image_processor")
        self.movq().half().save_pretrained(second / "movq")
        self.unet().half().save_pretrained(second / "unet")
        components.make_decoder_scheduler().save_pretrained(second / "scheduler")
        _write_index(
            first,
            "KandinskyV22PriorPipeline",
            {
                "prior": ("diffusers", "PriorTransformer"),
                "text_encoder": ("transformers", "CLIPTextModelWithProjection"),
                "image_encoder": ("transformers", "CLIPVisionModelWithProjection"),
                "tokenizer": ("transformers", "CLIPTokenizer"),
                "image_processor": ("transformers", "CLIPImageProcessor"),
                "scheduler": ("diffusers", "UnCLIPScheduler"),
            },
        )
        _write_index(
            second,
            "KandinskyV22Pipeline",
            {
                "unet": ("diffusers", "UNet2DConditionModel"),
                "movq": ("diffusers", "VQModel"),
                "scheduler": ("diffusers", "DPMSolverMultistepScheduler"),
            },
        )
        shutil.rmtree(self.target, ignore_errors=True)
        partial.rename(self.target)
        size = sum(file.stat().st_size for file in self.target.rglob("*") if file.is_file())
        self.report(f"assemble: {size / 1e6:.1f} MB in {self.target}")

    def measure(self) -> None:
        """Stage ``measure``: from words to pixels on held-out prompts, written beside the model."""
        quality.write(self.target, self.report)


def _save_image_processor(folder: Path) -> None:
    """Under the class's public name: without torchvision a stand-in would write its own, which others can't read."""
    components.make_image_processor().save_pretrained(folder)
    path = folder / "preprocessor_config.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values["image_processor_type"] = "CLIPImageProcessor"
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _write_index(folder: Path, pipeline: str, parts: Mapping[str, tuple[str, str]]) -> None:
    index = {
        "_class_name": pipeline,
        "_diffusers_version": "0.42.1",
        **{name: list(part) for name, part in parts.items()},
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
