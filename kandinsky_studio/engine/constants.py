"""Tensors that a checkpoint determines and that are dear to compute, kept on disk between runs."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from kandinsky_studio import paths
from kandinsky_studio.engine.files import write_whole

_NAME = "constant"


def find(key: str) -> torch.Tensor | None:
    """The tensor kept as ``key``; None if there is none, or none that can be read."""
    path = _path(key)
    if not path.is_file():
        return None
    try:
        return load_file(path)[_NAME]
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
        logging.getLogger(__name__).warning("a constant can't be read", exc_info=error)
        return None


def keep(key: str, tensor: torch.Tensor) -> None:
    """Keep ``tensor`` as ``key``. A disk that can't be written only costs time later."""
    path = _path(key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, save({_NAME: tensor.contiguous()}))
    except (OSError, SafetensorError) as error:
        logging.getLogger(__name__).warning("a constant can't be kept", exc_info=error)


def _path(key: str) -> Path:
    return paths.cache() / "constants" / f"{key}.safetensors"
