"""Weights out of files that anybody may have written.

Nothing that is pickled in them is ever run: of a pickle only plain data and tensors are read, and whatever else it
asks for is a reason to refuse it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from kandinsky_studio.engine.memory import is_out_of_memory

State = Mapping[str, torch.Tensor]


class _ModelCheckpoint:
    """Stands for the class of Lightning's that vae.ckpt names; nothing of it is used."""


_LIGHTNING = (_ModelCheckpoint, "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint")


def read_checkpoint(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a .pt, .bin, .ckpt or .safetensors file, on the CPU, as they are stored.

    They lie in the file itself where its kind allows that, and are read when they are used. Raises ``ValueError`` if
    the file is damaged or holds anything that is no plain data, ``OSError`` if it can't be read.
    """
    content = _content(path)
    if isinstance(content, Mapping):
        content = content.get("state_dict", content)
    if not isinstance(content, Mapping) or not content:
        raise ValueError(f"“{path.name}” holds no weights")
    if not all(isinstance(name, str) and _is_plain(tensor) for name, tensor in content.items()):
        raise ValueError(f"“{path.name}” holds something that is no weights")
    return dict(content)


def read_pair(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """The two tensors of a file that holds them without names, as ViT-L-14_stats.th does; raises as above."""
    content = _content(path)
    if not isinstance(content, list | tuple) or len(content) != 2 or not all(map(_is_plain, content)):
        raise ValueError(f"“{path.name}” does not hold two tensors")
    return content[0], content[1]


def _content(path: Path) -> Any:
    """What a file holds, read as plain data."""
    with path.open("rb"):
        pass  # a file that is not there is not damaged, whatever the libraries would say
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with torch.serialization.safe_globals([_LIGHTNING]):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise ValueError(f"“{path.name}” is damaged, or holds more than weights") from error


def _is_plain(tensor: object) -> bool:
    return isinstance(tensor, torch.Tensor) and tensor.layout == torch.strided and not tensor.is_quantized


def fitted(state: State, wanted: State, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """A copy of ``state`` in ``dtype``, for a module whose ``state_dict()`` is ``wanted``.

    Raises ``ValueError`` unless names and shapes are the same. A linear layer may be written as a convolution of
    size 1, as it is in the originals.
    """
    if missing := sorted(wanted.keys() - state.keys()):
        raise ValueError(f"{len(missing)} weights are missing, such as {missing[0]}")
    if extra := sorted(state.keys() - wanted.keys()):
        raise ValueError(f"{len(extra)} weights are too many, such as {extra[0]}")
    copies: dict[str, torch.Tensor] = {}
    made: dict[int, torch.Tensor] = {}  # a tensor under two names is copied once
    for name, tensor in state.items():
        if tensor.dim() > 2 == wanted[name].dim() and set(tensor.shape[2:]) == {1}:
            tensor = tensor.flatten(1)
        if tensor.shape != wanted[name].shape:
            raise ValueError(f"{name} has the shape {tuple(tensor.shape)} and not {tuple(wanted[name].shape)}")
        if not tensor.is_floating_point():
            raise ValueError(f"{name} is not made of real numbers")
        if id(state[name]) not in made:
            made[id(state[name])] = tensor.to(dtype, copy=True).contiguous()
        copies[name] = made[id(state[name])]
    return copies


def fill(module: Any, state: State, dtype: torch.dtype) -> Any:
    """``module``, built on the meta device, with a copy of ``state`` in ``dtype``; raises ``ValueError`` as above."""
    module.load_state_dict(fitted(state, module.state_dict(), dtype), assign=True)
    return module.eval().requires_grad_(False)
