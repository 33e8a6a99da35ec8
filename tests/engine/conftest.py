"""A tiny checkpoint with random weights in the layout of the real one, so that every test goes through the loader."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler, PriorTransformer, UnCLIPScheduler, UNet2DConditionModel, VQModel
from transformers import (
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Task

WIDTH = 32  # of every embedding in the tiny model
START, END = "<|startoftext|>", "<|endoftext|>"


def tiny_tokenizer() -> CLIPTokenizer:
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    alphabet = sorted(bytes_to_unicode().values())
    tokens = [*alphabet, *(byte + "</w>" for byte in alphabet), "re", "red</w>", START, END]
    merges = [("r", "e"), ("re", "d</w>")]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=77)


def tiny_unet(**changes: Any) -> UNet2DConditionModel:
    """A decoder with random weights; ``changes`` make it one for inpainting or depth."""
    config: dict[str, Any] = {
        "sample_size": 16,
        "in_channels": 4,
        "out_channels": 8,
        "down_block_types": ("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
        "up_block_types": ("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        "block_out_channels": (32, 64),
        "layers_per_block": 1,
        "attention_head_dim": 4,
        "cross_attention_dim": 32,
        "encoder_hid_dim": WIDTH,
        "encoder_hid_dim_type": "image_proj",
        "addition_embed_type": "image",
        "resnet_time_scale_shift": "scale_shift",
    }
    unet = UNet2DConditionModel(**{**config, **changes})
    with torch.no_grad():
        # A trained network leads noise to a picture; a random one leads two nearly equal noises apart, step by step,
        # until rounding shows. Quieter output keeps the steps as stable as those of a trained one.
        unet.conv_out.weight *= 0.1
        if unet.config.addition_embed_type == "image_hint":  # whose eight layers would swallow the hint
            for layer in unet.add_embedding.input_hint_block:
                if isinstance(layer, torch.nn.Conv2d):
                    layer.weight *= 2.7
    return unet


def save_tiny_model(folder: Path) -> None:
    """Write a model with random weights from a fixed seed: decoders of some 300,000 numbers for text2image, inpainting
    and depth, a picture in well under a second."""
    torch.manual_seed(1234)
    tokenizer = tiny_tokenizer()
    text_encoder = CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=37,
            projection_dim=WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=77,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.eos_token_id,
        )
    )
    image_encoder = CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=WIDTH,
            intermediate_size=37,
            projection_dim=WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=56,
            patch_size=14,
        )
    )
    prior = PriorTransformer(num_attention_heads=2, attention_head_dim=12, embedding_dim=WIDTH, num_layers=2)
    for name, parameter in prior.named_parameters():
        if name in ("clip_mean", "positional_embedding", "prd_embedding"):
            torch.nn.init.normal_(parameter, std=0.5)  # zero at first, which would hide a wrong position
        if name == "clip_std":
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    unet = tiny_unet()
    movq = VQModel(
        down_block_types=("DownEncoderBlock2D",) * 3 + ("AttnDownEncoderBlock2D",),
        up_block_types=("AttnUpDecoderBlock2D",) + ("UpDecoderBlock2D",) * 3,
        block_out_channels=(32, 32, 64, 64),
        layers_per_block=1,
        norm_num_groups=8,
        num_vq_embeddings=12,
        latent_channels=4,
        vq_embed_dim=4,
        norm_type="spatial",
    )
    before, after = folder / "tiny-prior", folder / "tiny-decoder"
    tokenizer.save_pretrained(before / "tokenizer")
    text_encoder.save_pretrained(before / "text_encoder")
    image_encoder.save_pretrained(before / "image_encoder")
    CLIPImageProcessor(size={"shortest_edge": 56}, crop_size=56).save_pretrained(before / "image_processor")
    prior.save_pretrained(before / "prior")
    UnCLIPScheduler(prediction_type="sample", clip_sample_range=10.0).save_pretrained(before / "scheduler")
    unet.save_pretrained(after / "unet")
    tiny_unet(in_channels=9).save_pretrained(folder / "tiny-decoder-inpaint" / "unet")
    depth = tiny_unet(in_channels=8, addition_embed_type="image_hint")
    depth.save_pretrained(folder / "tiny-controlnet-depth" / "unet")
    movq.save_pretrained(after / "movq")
    DDPMScheduler(beta_start=0.00085, beta_end=0.012, steps_offset=1, clip_sample_range=3.0).save_pretrained(
        after / "scheduler"
    )
    _forget_spacing(after / "scheduler" / "scheduler_config.json")


def _forget_spacing(path: Path) -> None:
    """Leave out what the published scheduler file leaves out; a library default decides it."""
    config = json.loads(path.read_text())
    del config["timestep_spacing"]
    path.write_text(json.dumps(config))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of the tiny model, to be read only."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny_model(folder)
    return str(folder)


@pytest.fixture(scope="session")
def stock(tiny_model: str) -> Callable[..., Any]:
    """``stock(KandinskyV22Pipeline, …)``: a pipeline of diffusers with the tiny model's parts, or with those given.

    Each call makes one of its own, whose scheduler nobody else has changed; the networks are shared.
    """
    import diffusers
    import transformers

    before, after = Path(tiny_model) / "tiny-prior", Path(tiny_model) / "tiny-decoder"
    decoders = {"Inpaint": "tiny-decoder-inpaint", "Controlnet": "tiny-controlnet-depth"}
    read: dict[Path, Any] = {}

    def part(kind: Any, place: Path) -> Any:
        if place not in read:
            read[place] = kind.from_pretrained(place)
        return read[place]

    def build(pipeline: Any, **parts: Any) -> Any:
        name = pipeline.__name__
        if "Prior" in name:
            own = {
                "prior": part(diffusers.PriorTransformer, before / "prior"),
                "image_encoder": part(transformers.CLIPVisionModelWithProjection, before / "image_encoder"),
                "text_encoder": part(transformers.CLIPTextModelWithProjection, before / "text_encoder"),
                "tokenizer": part(transformers.CLIPTokenizer, before / "tokenizer"),
                "image_processor": part(transformers.CLIPImageProcessor, before / "image_processor"),
                "scheduler": diffusers.UnCLIPScheduler.from_pretrained(before / "scheduler"),
            }
        else:
            folder = next((place for kind, place in decoders.items() if kind in name), "tiny-decoder")
            own = {
                "unet": part(diffusers.UNet2DConditionModel, Path(tiny_model) / folder / "unet"),
                "movq": part(diffusers.VQModel, after / "movq"),
                "scheduler": diffusers.DDPMScheduler.from_pretrained(after / "scheduler"),
            }
        built = pipeline(**{**own, **parts})
        built.set_progress_bar_config(disable=True)
        return built

    return build


@pytest.fixture
def own_model(tiny_model: str, tmp_path: Path) -> Path:
    """A copy of the tiny model that a test may damage."""
    return Path(shutil.copytree(tiny_model, tmp_path / "own"))


@pytest.fixture(scope="session")
def tiny_request(tiny_model: str) -> Callable[..., GenerationRequest]:
    """A request to the tiny model that takes little time, with the given fields changed."""

    def build(**fields: object) -> GenerationRequest:
        small: dict[str, object] = {
            "prompt": "a red circle",
            "model": tiny_model,
            "width": 64,
            "height": 64,
            "num_inference_steps": 3,
            "prior_num_inference_steps": 3,
            "prior_seed": 5,
            "seed": 7,
        }
        return GenerationRequest(**{**small, **fields})  # type: ignore[arg-type]

    return build


@pytest.fixture(scope="session")
def task_request(tiny_request: Callable[..., GenerationRequest]) -> Callable[..., GenerationRequest]:
    """A request for a task, with pictures of 96 × 80 pixels and all that the task needs, the given fields changed."""
    random = np.random.default_rng(1)
    width, height = 96, 80
    image, other = (Raster(random.integers(0, 256, (height, width, 3), np.uint8)) for _ in range(2))
    mask = np.zeros((height, width), np.uint8)
    mask[20:50, 40:81] = 255
    hint = Raster(np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1)))
    margins = {"margin_left": 8, "margin_right": 24, "margin_top": 16, "width": width + 32, "height": height + 16}
    needs: dict[Task, dict[str, object]] = {
        Task.text2image: {},
        Task.image2image: {"image": image, "strength": 0.7},
        Task.inpaint: {"image": image, "mask": Raster(mask), "mask_feather": 4},
        Task.outpaint: {"image": image, "mask_feather": 4, **margins},
        Task.mix: {"slots": (Slot("red"), Slot(image=other, weight=2.0), Slot("blue", negative=True))},
        Task.depth: {"hint": hint},
    }

    def build(task: Task, **fields: object) -> GenerationRequest:
        return tiny_request(**{"task": task, "width": width, "height": height, **needs[task], **fields})

    return build


@pytest.fixture
def engine() -> Engine:
    return Engine("cpu")
