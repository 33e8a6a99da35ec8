"""Networks filled from a safetensors file tensor by tensor, so that no weight is in memory twice.

The libraries map the file into memory, where its pages count beside the weights that are made of them, or copy all
of it once more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from accelerate import init_empty_weights

from kandinsky_studio.engine import compressed
from kandinsky_studio.engine.memory import Leftovers
from kandinsky_studio.engine.weights import WeightFile

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
}
"""Names in the header of a file; none of the models has others."""


def filled(
    build: Callable[[], Any],
    file: WeightFile,
    dtype: torch.dtype,
    memory_format: torch.memory_format,
    compress: bool = False,
) -> Any:
    """The network that ``build`` makes, with the weights of ``file`` in ``dtype``; None if some are missing there.

    Weights with four dimensions are laid out in ``memory_format``. With ``compress`` the large ones are put away in
    eight bits as soon as each is read. Raises ``RuntimeError`` if shapes differ, ``KeyError`` for numbers of a kind
    that no model has, ``ValueError`` if the file contradicts itself.
    """
    with init_empty_weights(include_buffers=False):
        module = build()
    wanted = set(module.state_dict())
    leaves = {f"{name}.weight": leaf for name, leaf in module.named_modules() if compressed.can_wait(leaf)}
    state: dict[str, torch.Tensor] = {}
    scales: dict[str, float] = {}
    leftovers = Leftovers()
    for name, tensor in _tensors(file, dtype, memory_format):
        if compress and name in leaves and compressed.is_compressed(name, tensor.shape):
            state[name], scales[name] = compressed.packed(tensor)
            leftovers.add(tensor)
        elif name in wanted:
            state[name] = tensor
    if wanted - set(state):
        return None
    module.load_state_dict(state, assign=True)
    for name, scale in scales.items():
        compressed.wait(leaves[name], scale, dtype)
    return module.eval()


def _tensors(
    file: WeightFile, dtype: torch.dtype, memory_format: torch.memory_format
) -> Iterator[tuple[str, torch.Tensor]]:
    """Names and tensors in the order of the file, each in memory of its own."""
    entries = [(name, entry) for name, entry in file.header.items() if name != "__metadata__"]
    with file.path.open("rb") as stream:
        start = 8 + int.from_bytes(stream.read(8), "little")
        for name, entry in sorted(entries, key=lambda item: item[1]["data_offsets"]):
            shape, kind, (begin, end) = entry["shape"], _DTYPES[entry["dtype"]], entry["data_offsets"]
            if end - begin != math.prod(shape) * kind.itemsize:
                raise ValueError(f"{name} does not have the size that the file says")
            stored = torch.empty(shape, dtype=kind)
            stream.seek(start + begin)
            stream.readinto(stored.reshape(-1).view(torch.uint8).numpy())  # type: ignore[arg-type]
            laid_out = memory_format if len(shape) == 4 else torch.preserve_format
            yield name, stored.to(dtype if kind.is_floating_point else kind, memory_format=laid_out)
