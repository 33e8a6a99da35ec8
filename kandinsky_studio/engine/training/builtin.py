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
from typing import Any, TypeVar

import numpy as np
import torch
from diffusers import PriorTransformer, UNet2DConditionModel, VQModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextModelWithProjection, CLIPTokenizer, CLIPVisionModelWithProjection

from kandinsky_studio.engine import shared
from kandinsky_studio.engine.training import (
    components,
    decoder,
    depth,
    editing,
    inpaint,
    latents,
    movq,
    prior,
    quality,
    retrieval,
    text,
    vision,
)
from kandinsky_studio.engine.training.captions import LANGUAGES, vocabulary
from kandinsky_studio.engine.training.card import VOCABULARY_FILE
from kandinsky_studio.engine.training.code import embed_scenes
from kandinsky_studio.engine.training.command import STAGES
from kandinsky_studio.engine.training.components import DECODER_FOLDER, DEPTH_FOLDER, INPAINT_FOLDER, PRIOR_FOLDER
from kandinsky_studio.engine.training.judge import score
from kandinsky_studio.engine.training.loop import Recipe, Report, Trainer
from kandinsky_studio.engine.training.scenes import Scene, random_scene
from kandinsky_studio.errors import TrainingGateMissed

RECIPES: Mapping[str, Recipe] = {
    "text": Recipe(steps=2600, learning_rate=6e-4, seed=2, cooldown=0.4),
    "vision": Recipe(steps=3000, learning_rate=1e-3, seed=3, cooldown=0.4),
    "prior": Recipe(steps=2600, learning_rate=8e-4, seed=4, cooldown=0.4),
    "movq": Recipe(steps=2600, learning_rate=1.5e-3, seed=1, cooldown=0.35),
    "decoder": Recipe(steps=8000, learning_rate=1.2e-3, seed=5, cooldown=0.35),
    "editing": Recipe(steps=4800, learning_rate=6e-4, seed=6, cooldown=0.5),
    "inpaint": Recipe(steps=2000, learning_rate=8e-4, seed=10, cooldown=0.5),
    "depth": Recipe(steps=700, learning_rate=8e-4, seed=11, cooldown=0.5),
}
GATES: Mapping[str, Mapping[str, float]] = {
    "text": {"worst language": 0.97},
    "vision": {"shape": 0.97, "hard negatives": 0.95},
    "movq": {"psnr": 31.0, "judge": 0.97},
    "decoder": {"both": 0.95},
    "editing": {"both": 0.95},
    "inpaint": {"shape": 0.85, "ground": 0.95},
    "depth": {"overlap": 0.9, "colour": 0.9},
}
"""What a stage must reach on held-out scenes: shares (0…1), and decibels for ``psnr``."""

_SEED = 22

FOLDERS: Mapping[str, str] = {
    "text": f"{PRIOR_FOLDER}/text_encoder",
    "vision": f"{PRIOR_FOLDER}/image_encoder",
    "prior": f"{PRIOR_FOLDER}/prior",
    "movq": f"{DECODER_FOLDER}/movq",
    "decoder": f"{DECODER_FOLDER}/unet",
    "editing": f"{DECODER_FOLDER}/unet",
    "inpaint": f"{INPAINT_FOLDER}/unet",
    "depth": f"{DEPTH_FOLDER}/unet",
}
"""Where the finished model keeps what a stage has trained."""

Item = TypeVar("Item")


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
            "editing": self.train_editing,
            "inpaint": self.train_inpaint,
            "depth": self.train_depth,
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

    def _gate(self, stage: str, measured: Mapping[str, float]) -> None:
        self.report(f"{stage}: " + ", ".join(f"{name} {value:.3f}" for name, value in measured.items()))
        for name, needed in GATES[stage].items():
            if self.gated and measured[name] < needed:
                raise TrainingGateMissed(stage=f"{stage}, {name}", measured=round(measured[name], 3), needed=needed)

    def _fresh(self, make: Callable[[], Any]) -> Any:
        torch.manual_seed(_SEED)
        return make()

    def _trained(self, name: str, module: torch.nn.Module) -> Any:
        """``module`` with the averaged weights of a finished stage, or those of the finished model in the target.

        So a single stage can be trained again without the checkpoints of all that stand before it.
        """
        path = self.folder / f"{name}.pt"
        if path.exists():
            module.load_state_dict(torch.load(path, map_location=self.device, weights_only=True)["average"])
        else:
            finished = self.target / FOLDERS[name]
            self.report(f"{name}: taken from {finished}, there is no {path}")
            shared.load(module, finished)
        return module.to(self.device).eval().requires_grad_(False)

    def make_tokenizer(self) -> None:
        """Stage ``tokenizer``."""
        made = self.folder / "tokenizer"
        if not made.exists():
            partial = made.with_suffix(".partial")
            components.make_tokenizer(text.training_texts()).save_pretrained(partial)
            partial.rename(made)

    def tokenizer(self) -> CLIPTokenizer:
        """The tokenizer that was made, or that of the finished model in the target."""
        made = self.folder / "tokenizer"
        return CLIPTokenizer.from_pretrained(made if made.exists() else self.target / PRIOR_FOLDER / "tokenizer")

    def train_text(self) -> None:
        """Stage ``text``."""
        tokenizer = self.tokenizer()
        model = self._fresh(lambda: components.make_text_encoder(tokenizer))
        self._trainer("text", model).run(text.text_loss(model, tokenizer, self.device))
        accuracy = text.text_accuracy(model, tokenizer)
        self._gate("text", {**accuracy, "worst language": min(accuracy.values())})

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
        found = retrieval.hard_negatives(model, processor, self.text_encoder(), self.tokenizer())
        self._gate("vision", {**accuracy, "hard negatives": min(found.values())})

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
        self._gate("movq", {"psnr": movq.psnr(model), "judge": movq.judged(model)})

    def movq(self) -> VQModel:
        """The trained codec, in its plain form."""
        return self._trained("movq", components.make_movq())

    def _cached(
        self, codec: VQModel, name: str, build: latents.Build[Item], paint: latents.Paint[Item], count: int, seed: int
    ) -> tuple[list[Item], np.ndarray]:
        folder = self.folder / "latents"
        return latents.cached(codec, folder, name, build, paint, count=count, seed=seed, report=self.report)

    def _scenes(self, codec: VQModel) -> tuple[list[Scene], np.ndarray]:
        """The scenes that all decoders train on, and their latents (n, 4, 16, 16)."""
        scenes, encoded = self._cached(codec, "scenes", random_scene, latents.paint_scenes, decoder.CACHED, seed=9)
        return scenes, encoded[:, 0]

    def train_decoder(self) -> None:
        """Stage ``decoder``."""
        codec = movq.prepare(self.movq())
        scenes, encoded = self._scenes(codec)
        codes = embed_scenes(scenes)
        model: UNet2DConditionModel = decoder.prepare(self._fresh(components.make_unet))
        self._trainer("decoder", model).run(decoder.decoder_loss(model, encoded, codes, self.device))
        self._measure_drawing("decoder", model, codec)

    def train_editing(self) -> None:
        """Stage ``editing``: goes on from the decoder."""
        codec = movq.prepare(self.movq())
        scenes, encoded = self._scenes(codec)
        mixes, mixed = self._cached(codec, "mixes", editing.random_mix, editing.paint_mixes, editing.CACHED, seed=12)
        model = decoder.prepare(self._trained("decoder", components.make_unet())).requires_grad_(True)
        loss = editing.editing_loss(model, scenes, encoded, mixes, mixed[:, 0], self.device)
        self._trainer("editing", model).run(loss)
        self._measure_drawing("editing", model, codec)

    def _measure_drawing(self, stage: str, model: UNet2DConditionModel, codec: VQModel) -> None:
        """The gate of the decoder: one shape, from true embeddings of held-out scenes."""
        scenes = decoder.held_out(200, 1, seed=903)
        pictures = decoder.render(model, codec, embed_scenes(scenes))
        self._gate(stage, score(pictures, scenes))

    def unet(self) -> UNet2DConditionModel:
        """The trained decoder."""
        return self._trained("editing", components.make_unet())

    def train_inpaint(self) -> None:
        """Stage ``inpaint``: goes on from ``editing``, with nine channels."""
        codec = movq.prepare(self.movq())
        holes, encoded = self._cached(codec, "holes", inpaint.random_hole, inpaint.paint_holes, inpaint.CACHED, seed=13)
        model = decoder.prepare(components.grown(self.unet(), components.make_inpaint_unet()))
        components.freeze_conditioning(model)
        self._trainer("inpaint", model).run(inpaint.inpaint_loss(model, holes, encoded, self.device))
        self._gate("inpaint", inpaint.accuracy(model, codec))

    def train_depth(self) -> None:
        """Stage ``depth``: goes on from ``editing``, with a depth map as a hint."""
        codec = movq.prepare(self.movq())
        scenes, encoded = self._scenes(codec)
        model = decoder.prepare(components.grown(self.unet(), components.make_depth_unet()))
        components.freeze_conditioning(model)
        self._trainer("depth", model).run(depth.depth_loss(model, scenes, encoded, self.device))
        self._gate("depth", depth.accuracy(model, codec))

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
        for name, make, folder, pipeline in (
            ("inpaint", components.make_inpaint_unet, INPAINT_FOLDER, "KandinskyV22InpaintPipeline"),
            ("depth", components.make_depth_unet, DEPTH_FOLDER, "KandinskyV22ControlnetPipeline"),
        ):
            place = partial / FOLDERS[name]
            network = self._trained(name, make()).half()
            network.save_config(place)
            shared.save(network.state_dict(), place, rest_in=FOLDERS["decoder"])
            _write_index(partial / folder, pipeline, {"unet": ("diffusers", "UNet2DConditionModel")})
        _write_vocabulary(partial / VOCABULARY_FILE)
        shutil.rmtree(self.target, ignore_errors=True)
        partial.rename(self.target)
        size = sum(file.stat().st_size for file in self.target.rglob("*") if file.is_file())
        self.report(f"assemble: {size / 1e6:.1f} MB in {self.target}")

    def measure(self) -> None:
        """Stage ``measure``: from words to pixels on held-out prompts, written beside the model."""
        quality.write(self.target, self.folder / "measured", self.report)


def _save_image_processor(folder: Path) -> None:
    """Under the class's public name: without torchvision a stand-in would write its own, which others can't read."""
    components.make_image_processor().save_pretrained(folder)
    path = folder / "preprocessor_config.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values["image_processor_type"] = "CLIPImageProcessor"
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _write_vocabulary(path: Path) -> None:
    words = {language.code: vocabulary(language.code) for language in LANGUAGES}
    path.write_text(json.dumps(words, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_index(folder: Path, pipeline: str, parts: Mapping[str, tuple[str, str]]) -> None:
    index = {
        "_class_name": pipeline,
        "_diffusers_version": "0.42.1",
        **{name: list(part) for name, part in parts.items()},
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
