"""The model versions.

To add one: a file here with its ``Version``, and one line in ``VERSIONS``. Window, command line and checks read the
rest from the ``ModelSpec``. Nothing here imports torch.
"""

from __future__ import annotations

import json
from pathlib import Path

from kandinsky_studio.engine.models import builtin, kandinsky_2_0, kandinsky_2_1, kandinsky_2_2
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.engine.version import Version
from kandinsky_studio.engine.weights import ModelFiles, missing
from kandinsky_studio.errors import BrokenModel, UnknownModel

VERSIONS: tuple[Version, ...] = (
    builtin.Builtin(),
    kandinsky_2_2.Kandinsky22(),
    kandinsky_2_1.Kandinsky21(),
    kandinsky_2_0.Kandinsky20(),
)

MODELS: tuple[ModelSpec, ...] = tuple(version.spec for version in VERSIONS)


def version_of(model: str) -> Version:
    """The version of a model: of a key of ``MODELS``, or of a folder that holds one.

    Raises ``UnknownModel`` if ``model`` is neither, ``ModelNotFound`` if there is no model in the folder,
    ``BrokenModel`` if its configurations can't be read.
    """
    for version in VERSIONS:
        if version.spec.key == model:
            return version
    # A request may come out of a file that anybody wrote; a path to another computer is not even looked at.
    sound = isinstance(model, str) and model and not model.startswith(("\\\\", "//"))
    folder = Path(model).expanduser() if sound else None
    if folder is None or not folder.is_dir():
        raise UnknownModel(model=model, known=", ".join(version.spec.key for version in VERSIONS))
    for version in VERSIONS:
        if version.recognises(folder):
            return version
    if any(map(_is_foreign, folder.glob("*/unet/config.json"))):
        raise BrokenModel(model=folder.name, reason="its decoder is not one of Kandinsky 2")
    raise missing(model, folder.name, folder)


def _is_foreign(config: Path) -> bool:
    """Whether a decoder's configuration is readable and of no version here; a part of one is not foreign."""
    try:
        values = json.loads(config.read_text(encoding="utf-8"))
        kind, width = values.get("encoder_hid_dim_type"), values.get("encoder_hid_dim")
    except (OSError, ValueError, AttributeError):
        return True
    return kind not in ("image_proj", "text_image_proj") or not isinstance(width, int)


def find(model: str) -> ModelFiles:
    """The files of a model: of a key of ``MODELS``, or of a folder. Raises as :func:`version_of` does."""
    version = version_of(model)
    if version.spec.key == model:
        return version.find()
    folder = Path(model).expanduser()
    return version.find_in(folder, model, folder.name)


def spec_of(model: str) -> ModelSpec:
    """The spec of a model: of a key of ``MODELS``, or of a folder that holds one.

    A folder's spec is made from its JSON configurations and the heads of its files only. Raises as
    :func:`version_of` does.
    """
    version = version_of(model)
    return version.spec if version.spec.key == model else version.spec_in(find(model))
