"""Networks filled from a safetensors file tensor by tensor, so that no weight is in memory twice.

What can be used as it lies in the file stays there, if that is on a disk that nobody pulls out; the rest is read or
copied one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

import torch
from accelerate import init_empty_weights

from kandinsky_studio.engine import compressed, mapping
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

    def waits(name: str, shape: Sequence[int]) -> bool:
        return compress and name in leaves and compressed.is_compressed(name, shape)

    def lasts(name: str, shape: Sequence[int]) -> bool:
        return name in wanted and not waits(name, shape)

    for name, tensor in _tensors(file, dtype, memory_format, lasts):
        if waits(name, tensor.shape):
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
    file: WeightFile,
    dtype: torch.dtype,
    memory_format: torch.memory_format,
    lasts: Callable[[str, Sequence[int]], bool],
) -> Iterator[tuple[str, torch.Tensor]]:
    """Names and tensors in the order of the file. Those of a name and shape that ``lasts`` are used for long."""
    entries = [(name, entry) for name, entry in file.header.items() if name != "__metadata__"]
    mapped = mapping.mapped(file.path)
    with file.path.open("rb") as stream:
        start = 8 + int.from_bytes(stream.read(8), "little")
        for name, entry in sorted(entries, key=lambda item: item[1]["data_offsets"]):
            shape, kind, (begin, end) = entry["shape"], _DTYPES[entry["dtype"]], entry["data_offsets"]
            if end - begin != math.prod(shape) * kind.itemsize:
                raise ValueError(f"{name} does not have the size that the file says")
            wanted = dtype if kind.is_floating_point else kind
            laid_out = memory_format if len(shape) == 4 else torch.preserve_format
            strides = _strides(shape, laid_out) if wanted is kind else None
            if mapped is None or (start + begin) % kind.itemsize:
                stored = _read(stream, start + begin, shape, kind)
            elif strides is not None and lasts(name, shape):
                stored = mapped.lent(start + begin, shape, kind)
            else:
                stored = mapped.seen(start + begin, shape, kind)
            if strides is not None:
                yield name, stored.as_strided(tuple(shape), strides)
            else:
                yield name, stored.to(wanted, memory_format=laid_out)


def _read(stream: BinaryIO, begin: int, shape: Sequence[int], kind: torch.dtype) -> torch.Tensor:
    stored = torch.empty(tuple(shape), dtype=kind)
    content = stored.reshape(-1).view(torch.uint8).numpy()
    stream.seek(begin)
    if stream.readinto(content) != len(content):  # type: ignore[attr-defined]
        raise ValueError("the file ends too early")
    return stored


def _strides(shape: Sequence[int], memory_format: torch.memory_format) -> tuple[int, ...] | None:
    """Those of a tensor in ``memory_format`` whose numbers lie there as they do in a file; None if they lie otherwise."""
    if memory_format is torch.preserve_format:
        memory_format = torch.contiguous_format
    laid_out = torch.empty(tuple(shape), device="meta", memory_format=memory_format)
    return laid_out.stride() if laid_out.is_contiguous() else None
