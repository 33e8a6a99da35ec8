"""A tiny Kandinsky 2.1 with random weights, in the folders it is published in, and diffusers' own pipelines for it."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    KandinskyInpaintPipeline,
    KandinskyPriorPipeline,
    PriorTransformer,
    UnCLIPScheduler,
    UNet2DConditionModel,
    VQModel,
)
from diffusers.pipelines.kandinsky.text_encoder import MCLIPConfig, MultilingualCLIP
from diffusers.utils import logging as diffusers_logging
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import (
    CLIPImageProcessor,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionModelWithProjection,
    XLMRobertaTokenizer,
)
from transformers.utils import logging as transformers_logging

from kandinsky_studio.engine.models.kandinsky_2_1 import SPEC, Kandinsky21
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.engine.spec import Limits
from tests.engine.conftest import WIDTH, save_tiny_model, tiny_unet

PRIOR, DECODER, INPAINT = "kandinsky-2-1-prior", "kandinsky-2-1", "kandinsky-2-1-inpaint"
TOKENIZER = Path(__file__).parents[1] / "fixtures" / "k20_A" / "Kandinsky_2.0" / "text_encoder1"
HIDDEN = 24  # of the multilingual encoder; another number than the embeddings', to tell them apart

# As published. What they leave out, such as the spacing of the timesteps, a library default decides.
DDIM = {
    "_class_name": "DDIMScheduler",
    "beta_end": 0.012,
    "beta_schedule": "linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "set_alpha_to_one": False,
    "steps_offset": 1,
    "thresholding": False,
}
DDPM = {
    "_class_name": "DDPMScheduler",
    "_diffusers_version": "0.17.0.dev0",
    "beta_end": 0.012,
    "beta_schedule": "linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "clip_sample_range": 2.0,
    "dynamic_thresholding_ratio": 0.995,
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "sample_max_value": 2.0,
    "thresholding": True,
    "trained_betas": None,
    "variance_type": "learned_range",
}


def save_tiny_2_1(folder: Path) -> None:
    """Write prior, decoder and inpainting decoder into ``folder``; the parts that 2.2 has as well are the tiny 2.2's."""
    scratch = folder / "scratch"
    save_tiny_model(scratch)
    shutil.move(scratch / "tiny-prior", folder / PRIOR)
    torch.manual_seed(4321)
    own = {"encoder_hid_dim": HIDDEN, "encoder_hid_dim_type": "text_image_proj", "addition_embed_type": "text_image"}
    words = MultilingualCLIP(
        MCLIPConfig(
            transformerDimSize=HIDDEN,
            imageDimSize=WIDTH,
            vocab_size=316,
            hidden_size=HIDDEN,
            intermediate_size=40,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=514,
            bos_token_id=0,
            eos_token_id=2,
            pad_token_id=1,
            type_vocab_size=1,
            initializer_range=0.3,  # or all words would mean nearly the same
        )
    )
    for name, channels in ((DECODER, 4), (INPAINT, 9)):
        place = folder / name
        unet = tiny_unet(in_channels=channels, **own)
        with torch.no_grad():
            for layers in (unet.encoder_hid_proj, unet.add_embedding):
                for layer in layers.children():
                    layer.weight *= 4  # or a wrong idea would hardly show
        unet.save_pretrained(place / "unet")
        shutil.copytree(scratch / "tiny-decoder" / "movq", place / "movq")
        words.save_pretrained(place / "text_encoder")
        config = place / "text_encoder" / "config.json"
        config.write_text(json.dumps({**json.loads(config.read_text()), "model_type": "xlm-roberta"}))
        (place / "tokenizer").mkdir()
        for file in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
            shutil.copy(TOKENIZER / file, place / "tokenizer")
        _write(place / "scheduler", DDIM)
    _write(folder / DECODER / "ddpm_scheduler", DDPM)
    for encoder, name in (
        (folder / DECODER / "text_encoder", "transformer.embeddings.position_ids"),
        (folder / PRIOR / "text_encoder", "text_model.embeddings.position_ids"),
        (folder / PRIOR / "image_encoder", "vision_model.embeddings.position_ids"),
    ):
        _add_positions(encoder / "model.safetensors", name)
    shutil.rmtree(scratch)


def _add_positions(path: Path, name: str) -> None:
    """Add the numbers 0, 1, 2… under ``name``, as in the published files, which are older than the library here."""
    tensors = load_file(path)
    save_file({**tensors, name: torch.arange(77)[None]}, path, metadata={"format": "pt"})


def _write(folder: Path, config: dict[str, Any]) -> None:
    folder.mkdir()
    (folder / "scheduler_config.json").write_text(json.dumps(config, indent=2))


def request_2_1(folder: Path, **fields: Any) -> GenerationRequest:
    """A request to the model in ``folder`` that takes little time, with the given fields changed."""
    small: dict[str, Any] = {
        "prompt": "красный круг",
        "model": str(folder),
        "width": 64,
        "height": 64,
        "num_inference_steps": 3,
        "prior_num_inference_steps": 3,
        "guidance_scale": 4.0,
        "prior_seed": 5,
        "seed": 7,
        "scheduler": "ddim",
    }
    return GenerationRequest(**{**small, **fields})


def let_be_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let parts of a picture be painted at 64 pixels; at the native size of 2.1 it would take minutes."""
    monkeypatch.setattr(Kandinsky21, "spec", dataclasses.replace(SPEC, native_size=64, size=Limits(64, 4096, 64)))


def picture(width: int = 64, height: int = 64, seed: int = 0) -> Raster:
    """Soft colours and some noise."""
    draw = np.random.default_rng(seed)
    soft = Image.fromarray(draw.integers(0, 256, (4, 4, 3), np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    return Raster((np.asarray(soft) // 2 + draw.integers(0, 128, (height, width, 3))).astype(np.uint8))


def stock_prior(model: Path) -> KandinskyPriorPipeline:
    """The prior's pipeline of diffusers."""
    folder = model / PRIOR
    pipeline = KandinskyPriorPipeline(
        prior=PriorTransformer.from_pretrained(folder / "prior"),
        image_encoder=CLIPVisionModelWithProjection.from_pretrained(folder / "image_encoder"),
        text_encoder=CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder"),
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        scheduler=UnCLIPScheduler.from_pretrained(folder / "scheduler"),
        image_processor=CLIPImageProcessor.from_pretrained(folder / "image_processor"),
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def stock_decoder(model: Path, kind: Any, scheduler: Any = None) -> Any:
    """A decoder's pipeline of diffusers, of class ``kind``, with ``scheduler`` or its own DDIM."""
    folder = model / (INPAINT if kind is KandinskyInpaintPipeline else DECODER)
    with silent():
        encoder = MultilingualCLIP.from_pretrained(folder / "text_encoder")
        tokenizer = XLMRobertaTokenizer.from_pretrained(folder / "tokenizer")
    pipeline = kind(
        text_encoder=encoder.eval(),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel.from_pretrained(folder / "unet"),
        scheduler=scheduler or DDIMScheduler.from_pretrained(folder / "scheduler"),
        movq=VQModel.from_pretrained(folder / "movq"),
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@contextmanager
def silent() -> Iterator[None]:
    """Without what the libraries log; the published configuration's model_type is not the class's."""
    libraries = (diffusers_logging, transformers_logging)
    levels = [library.get_verbosity() for library in libraries]
    for library in libraries:
        library.set_verbosity_error()
    yield
    for library, level in zip(libraries, levels, strict=True):
        library.set_verbosity(level)
