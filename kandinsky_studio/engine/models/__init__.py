"""The model versions.

To add one: a file here with its ``SPEC``, and one line in ``MODELS``. Window, command line and checks read the rest
from the ``ModelSpec``. Nothing here imports torch.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from kandinsky_studio.engine import weights
from kandinsky_studio.engine.models import builtin, kandinsky_2_2
from kandinsky_studio.engine.spec import Limits, ModelSpec
from kandinsky_studio.errors import BrokenModel, UnknownModel

MODELS: tuple[ModelSpec, ...] = (
    builtin.SPEC,
    kandinsky_2_2.SPEC,
)

_LATENT_FACTOR = 8  # pixels per latent cell in every Kandinsky 2 decoder
_BIGG_DIMENSIONS = 1280  # of a CLIP bigG embedding: what 2.2 was trained on, and nothing else here


def spec_of(model: str) -> ModelSpec:
    """The spec of a model: of a key of ``MODELS``, or of a folder that holds one.

    A folder's spec is made from its JSON configurations only. Raises ``UnknownModel`` if ``model`` is neither,
    ``ModelNotFound`` if files are missing in the folder, ``BrokenModel`` if they can't be read.
    """
    for spec in MODELS:
        if spec.key == model:
            return spec
    if not model or not Path(model).expanduser().is_dir():
        raise UnknownModel(model=model, known=", ".join(spec.key for spec in MODELS))
    return _spec_of_folder(weights.find(model))


def _spec_of_folder(files: weights.ModelFiles) -> ModelSpec:
    unet = files.config("unet")
    embedding_dim, sample_size = unet.get("encoder_hid_dim"), unet.get("sample_size")
    if unet.get("encoder_hid_dim_type") != "image_proj" or not isinstance(embedding_dim, int):
        raise BrokenModel(model=files.title, reason="its decoder is not one of Kandinsky 2.2")
    if not isinstance(sample_size, int) or sample_size < 1:
        raise BrokenModel(model=files.title, reason="its decoder does not say which size it draws")
    real = embedding_dim == _BIGG_DIMENSIONS
    own = dataclasses.replace(
        kandinsky_2_2.SPEC if real else builtin.SPEC,
        key=files.model,
        title=files.title,
        disk_size=files.disk_size(),
        memory_size=2 * files.parameter_count(),
    )
    if real:
        return own  # its configuration states 512 pixels, although it draws best at 768
    native_size = min(max(sample_size * _LATENT_FACTOR, own.size.minimum), kandinsky_2_2.SPEC.size.maximum)
    maximum = min(4 * native_size, kandinsky_2_2.SPEC.size.maximum)
    return dataclasses.replace(own, native_size=native_size, size=Limits(own.size.minimum, maximum, native_size))
