"""The model that is shipped with the program: the component classes of 2.2, small, drawing coloured shapes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

from kandinsky_studio import paths
from kandinsky_studio.engine.models import kandinsky_2_2
from kandinsky_studio.engine.models.kandinsky_2_2 import Kandinsky22, spec_of_shapes, two_folders
from kandinsky_studio.engine.spec import Limits, ModelSpec
from kandinsky_studio.engine.weights import ModelFiles
from kandinsky_studio.errors import BrokenModel

if TYPE_CHECKING:
    import torch

SPEC = dataclasses.replace(
    kandinsky_2_2.SPEC,
    key="builtin",
    title="Built-in",
    native_size=128,
    size=Limits(64, 512, 128),
    num_inference_steps=Limits(2, 100, 20),
    guidance_scale=Limits(1.0, 10.0, 2.0),
    prior_num_inference_steps=Limits(2, 100, 15),
    prior_guidance_scale=Limits(1.0, 10.0, 2.0),
    mix_prior_strength=0.3,
    languages=("en", "ru", "de", "fr", "es"),
    disk_size=58_247_236,
    memory_size=39_260_590,
)


class Builtin(Kandinsky22):
    """The layout of 2.2; its decoders for inpainting and depth share weights with the plain one."""

    spec: ClassVar[ModelSpec] = SPEC

    def find(self) -> ModelFiles:
        return two_folders(paths.builtin_model(), "", self.spec.key, "the built-in model")

    def _is_own(self, files: ModelFiles) -> bool:
        unet = files.config("unet")
        dimensions = unet.get("encoder_hid_dim")
        return (
            unet.get("encoder_hid_dim_type") == "image_proj"
            and isinstance(dimensions, int)
            and dimensions != kandinsky_2_2.DIMENSIONS
        )

    def spec_in(self, files: ModelFiles) -> ModelSpec:
        config = files.config("unet")
        if not isinstance(config.get("sample_size"), int):
            raise BrokenModel(model=files.title, reason="its decoder does not say which size it draws")
        return spec_of_shapes(super().spec_in(files), config, files.title)

    def read(self, files: ModelFiles, part: str, dtype: torch.dtype, compress: bool = False) -> Any:
        if part not in ("inpaint_unet", "depth_unet"):
            return super().read(files, part, dtype, compress)
        from kandinsky_studio.engine import shared
        from kandinsky_studio.engine.components import empty

        return shared.load(empty(files, part), files.folder(part)).to(dtype)
