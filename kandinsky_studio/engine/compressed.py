"""Weights that wait in eight bits and are computed with in the model's own dtype.

What the library does to the same end (``apply_layerwise_casting``) rounds the weights without scaling them, though
most are so small that float8 has only a handful of steps for them, and rounds them anew after every use. Here each
weight is scaled to the middle of what float8 holds, by a power of two, which costs no digit; and what waits in eight
bits stays as it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import torch

from kandinsky_studio.engine.memory import Leftovers

STORED = torch.float8_e4m3fn

_LEAVES = (torch.nn.Linear, torch.nn.Conv2d)
_SMALLEST = 2**16  # numbers in a weight; below that there is nothing to win
_LARGEST = 256.0  # what the largest number of a weight is scaled to, at most; float8 ends at 448

_WHOLE = re.compile(r"norm|embed|^proj\.|\bconv_in\b|\bconv_out\b|encoder_hid_proj|\bwo\b")
"""Names of what is not compressed: where a network begins and ends, which the libraries leave whole, too; and layers
whose weight's dtype decides what their input is rounded to, in 2.2's decoder, 2.0's projection and mT5."""


_WHOLE_PARTS = ("movq", "vae", "projection")
"""Parts so small that eight bits save less than unpacking them takes, beside the largest pictures of all."""

_LEFTOVERS = Leftovers()


def pays(part: str) -> bool:
    """Whether compressing that part of a model saves memory."""
    return part not in _WHOLE_PARTS


def is_compressed(name: str, shape: Sequence[int]) -> bool:
    """Whether the tensor ``name`` (``mid_block.resnets.0.conv1.weight``) of that shape waits in eight bits."""
    matrix = len(shape) in (2, 4) and name.endswith(".weight")
    return matrix and math.prod(shape) >= _SMALLEST and not _WHOLE.search(name)


def packed(weight: torch.Tensor) -> tuple[torch.Tensor, float]:
    """``weight`` in eight bits, and what it has to be multiplied by."""
    largest = float(weight.abs().max())
    scale = 2.0 ** math.ceil(math.log2(largest / _LARGEST)) if 0 < largest < math.inf else 1.0
    return (weight / scale).to(STORED), scale


def can_wait(leaf: Any) -> bool:
    """Whether ``leaf`` is one of those that compute with their weight as it is, and only while they are called."""
    return isinstance(leaf, _LEAVES)


def compress(module: Any) -> Any:
    """``module`` with its large weights in eight bits until they are needed, unless they are already."""
    for name, leaf in module.named_modules():
        if can_wait(leaf) and leaf.weight.dtype is not STORED and is_compressed(f"{name}.weight", leaf.weight.shape):
            dtype = leaf.weight.dtype
            stored, scale = packed(leaf.weight.detach())
            leaf.weight = torch.nn.Parameter(stored, requires_grad=False)
            wait(leaf, scale, dtype)
    return module


def wait(leaf: Any, scale: float, dtype: torch.dtype) -> None:
    """Have ``leaf`` compute in ``dtype`` with its weight, which is in eight bits, times ``scale``."""
    waiting = _Waiting(leaf.weight, scale, dtype)
    leaf.register_forward_pre_hook(waiting.unpack)
    leaf.register_forward_hook(waiting.pack, always_call=True)


class _Waiting:
    """The weight of one layer: eight bits at rest, the layer's dtype while it computes."""

    def __init__(self, stored: torch.nn.Parameter, scale: float, dtype: torch.dtype) -> None:
        self._stored = stored
        self._scale = scale
        self._dtype = dtype

    def unpack(self, leaf: Any, inputs: Any) -> None:
        self._stored = leaf.weight  # which may have been moved to another device
        weight = leaf.weight.detach().to(self._dtype).mul_(self._scale)
        leaf.weight = torch.nn.Parameter(weight, requires_grad=False)

    def pack(self, leaf: Any, inputs: Any, output: Any) -> None:
        _LEFTOVERS.add(leaf.weight)
        leaf.weight = self._stored
