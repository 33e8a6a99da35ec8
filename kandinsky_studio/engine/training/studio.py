"""The finished model as those use it who measure it: words through the engine, editing through the stock pipelines.

The stock pipelines of diffusers are a second pair of eyes: they know nothing of how the model was trained.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import (
    KandinskyV22ControlnetPipeline,
    KandinskyV22Img2ImgPipeline,
    KandinskyV22InpaintPipeline,
    KandinskyV22Pipeline,
    KandinskyV22PriorEmb2EmbPipeline,
    UNet2DConditionModel,
    VQModel,
)
from diffusers.utils import logging as diffusers_logging
from PIL import Image
from transformers import CLIPTextModelWithProjection, CLIPTokenizer, CLIPVisionModelWithProjection
from transformers.utils import logging as transformers_logging

from kandinsky_studio.engine import shared
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.movq import speed_up
from kandinsky_studio.engine.request import Pixels
from kandinsky_studio.engine.training import vision
from kandinsky_studio.engine.training.components import (
    DECODER_FOLDER,
    DEPTH_FOLDER,
    INPAINT_FOLDER,
    PICTURE_SIZE,
    PRIOR_FOLDER,
    VISION_SIZE,
    make_decoder_scheduler,
    make_depth_unet,
    make_image_processor,
    make_inpaint_unet,
)
from kandinsky_studio.engine.training.decoder import GUIDANCE_SCALE
from kandinsky_studio.engine.training.scenes import Floats

STEPS = 20  # the model's default
SETTLING = 0.3  # the strength with which a mix is put right


class Studio:
    """The model in ``folder``. Everything is loaded when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        for library in (diffusers_logging, transformers_logging):
            library.disable_progress_bar()  # whoever measures reports by the piece
        self.folder = folder
        self._prior, self._decoder = folder / PRIOR_FOLDER, folder / DECODER_FOLDER
        self._engine = Engine("cpu")
        self._spec = self._engine.load(str(folder))

    def draw(self, prompt: str, seed: int, **values: Any) -> Pixels:
        """A picture (128, 128, 3) with the default settings but for ``values``; ``seed`` is both seeds."""
        return self._engine.generate(self._request(prompt, seed, **values))[0].image

    def idea(self, prompt: str, seed: int, **values: Any) -> Floats:
        """The prior's embedding (256,) of a prompt."""
        request = self._request(prompt, seed, num_inference_steps=2, **values)  # the picture is not looked at
        embeds = self._engine.generate(request)[0].image_embeds
        assert embeds is not None
        return embeds

    def _request(self, prompt: str, seed: int, **values: Any) -> Any:
        return self._spec.request(prompt, **{"prior_seed": seed, "seed": seed, **values})

    @functools.cached_property
    def text_tower(self) -> tuple[CLIPTextModelWithProjection, CLIPTokenizer]:
        tower = CLIPTextModelWithProjection.from_pretrained(self._prior / "text_encoder", dtype=torch.float32)
        return tower.eval(), CLIPTokenizer.from_pretrained(self._prior / "tokenizer")

    @functools.cached_property
    def vision_tower(self) -> CLIPVisionModelWithProjection:
        tower = CLIPVisionModelWithProjection.from_pretrained(self._prior / "image_encoder", dtype=torch.float32)
        return tower.eval()

    @functools.cached_property
    def movq(self) -> VQModel:
        codec = VQModel.from_pretrained(self._decoder / "movq", torch_dtype=torch.float32).eval()
        speed_up(codec)
        return codec

    @functools.cached_property
    def unet(self) -> UNet2DConditionModel:
        return UNet2DConditionModel.from_pretrained(self._decoder / "unet", torch_dtype=torch.float32).eval()

    def embed(self, pictures: Pixels) -> Floats:
        """The vision tower's embeddings (n, 256) of pictures (n, 128, 128, 3)."""
        small = (Image.fromarray(picture).resize((VISION_SIZE,) * 2, Image.Resampling.BICUBIC) for picture in pictures)
        return vision.embed_pictures(
            self.vision_tower, make_image_processor(), np.stack([np.asarray(image) for image in small])
        )

    def settle(self, embeds: Floats, seed: int) -> Floats:
        """An embedding (256,) that lies between pictures as the prior would have it: a little noise on it, and the
        prior's last steps without words. It decides where a mean of two leaves things open."""
        pipeline = self._settling
        settled = pipeline(
            prompt="",
            image=torch.from_numpy(np.asarray(embeds, np.float32))[None],
            strength=SETTLING,
            num_inference_steps=STEPS,
            guidance_scale=1.0,
            generator=torch.Generator().manual_seed(seed),
        )
        return np.asarray(settled.image_embeds[0].float().numpy())

    @functools.cached_property
    def _settling(self) -> Any:
        pipeline = KandinskyV22PriorEmb2EmbPipeline.from_pretrained(self._prior, dtype=torch.float32)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def render(self, embeds: Floats, seed: int) -> Pixels:
        """A picture of one embedding (256,)."""
        return self._run(self._pipeline(KandinskyV22Pipeline, "plain"), embeds, seed)

    def change(self, picture: Pixels, embeds: Floats, strength: float, seed: int) -> Pixels:
        """Image-to-image: ``picture`` (128, 128, 3) drawn towards one embedding; ``strength`` is what changes, 0…1."""
        pipeline = self._pipeline(KandinskyV22Img2ImgPipeline, "plain")
        return self._run(pipeline, embeds, seed, image=Image.fromarray(picture), strength=strength)

    def fill(self, picture: Pixels, mask: np.ndarray, embeds: Floats, seed: int) -> Pixels:
        """Inpainting of ``picture`` (128, 128, 3) where ``mask`` (128, 128) is true; the rest stays as it is."""
        pipeline = self._pipeline(KandinskyV22InpaintPipeline, "inpaint")
        hole = mask.astype(np.float32)
        filled = self._run(pipeline, embeds, seed, image=Image.fromarray(picture), mask_image=hole)
        return np.where(mask[..., None], filled, picture)

    def obey(self, hint: Floats, embeds: Floats, seed: int) -> Pixels:
        """A picture that has the depths of ``hint`` (3, 128, 128), 0…1."""
        pipeline = self._pipeline(KandinskyV22ControlnetPipeline, "depth")
        return self._run(pipeline, embeds, seed, hint=torch.from_numpy(hint)[None])

    @functools.cache  # noqa: B019 - there is one studio a process
    def _pipeline(self, cls: Any, which: str) -> Any:
        unet = {
            "plain": lambda: self.unet,
            "inpaint": lambda: shared.load(make_inpaint_unet(), self.folder / INPAINT_FOLDER / "unet"),
            "depth": lambda: shared.load(make_depth_unet(), self.folder / DEPTH_FOLDER / "unet"),
        }[which]()
        pipeline = cls(unet=unet.eval(), scheduler=make_decoder_scheduler(), movq=self.movq)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def _run(self, pipeline: Any, embeds: Floats, seed: int, **values: Any) -> Pixels:
        image_embeds = torch.from_numpy(np.asarray(embeds, np.float32))[None]
        picture = pipeline(
            image_embeds=image_embeds,
            negative_image_embeds=torch.zeros_like(image_embeds),
            guidance_scale=GUIDANCE_SCALE,
            num_inference_steps=STEPS,
            height=PICTURE_SIZE,
            width=PICTURE_SIZE,
            generator=torch.Generator().manual_seed(seed),
            **values,
        ).images[0]
        return np.asarray(picture)
