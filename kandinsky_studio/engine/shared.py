"""Networks that keep a part of their weights in another network's file.

The built-in model's decoders for inpainting and depth grew out of its plain decoder and hear time and idea with the
very same weights. Their files hold only the tensors that differ; ``rest_in`` in the safetensors metadata names the
folder, seen from the model's own, that has the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

REST_IN = "rest_in"
WEIGHTS = "diffusion_pytorch_model.safetensors"


def read(folder: Path) -> dict[str, torch.Tensor]:
    """All weights of the network in ``folder``, in the precision they are stored in.

    Raises ``ValueError`` if the file names a place outside of the model, ``OSError`` if a file can't be read.
    """
    (path,) = sorted(folder.glob("*.safetensors"))
    with safe_open(path, framework="pt") as file:
        own = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
        rest = (file.metadata() or {}).get(REST_IN)
    if rest is None:
        return own
    place = PurePosixPath(rest)
    if place.is_absolute() or ".." in place.parts or "\\" in rest or ":" in rest:
        raise ValueError(f"{path} points out of its model, to {rest}")
    others = read(folder.parent.parent / place)
    return {**others, **own}


def load(module: Any, folder: Path) -> Any:
    """``module`` with the weights of ``folder``; raises ``ValueError`` if they do not fit."""
    state = read(folder)
    wanted = module.state_dict()
    missing = sorted(wanted.keys() - state.keys())
    unfit = sorted(name for name in wanted.keys() & state.keys() if wanted[name].shape != state[name].shape)
    if missing or unfit:
        raise ValueError(f"{folder} lacks {missing[:3]}, and does not fit in {unfit[:3]}")
    module.load_state_dict({name: state[name] for name in wanted})
    return module


def save(state: Mapping[str, torch.Tensor], folder: Path, rest_in: str) -> None:
    """Write what differs from the weights in ``rest_in`` (such as ``kandinsky-2-2-decoder/unet``) into ``folder``.

    ``state`` must be in the precision of the other file.
    """
    others = read(folder.parent.parent / rest_in)
    own = {
        name: tensor.contiguous()
        for name, tensor in state.items()
        if name not in others or others[name].shape != tensor.shape or not torch.equal(others[name], tensor)
    }
    folder.mkdir(parents=True, exist_ok=True)
    save_file(own, folder / WEIGHTS, metadata={"format": "pt", REST_IN: rest_in})
