"""Where the engine computes, in which precision, and what it keeps in memory meanwhile.

The engine changes no global setting of torch: not the number of threads, not the default type, not the
deterministic mode. Window and command line therefore compute alike, and the same request gives the same bytes in
both. Nothing else may change them either: the last bits of a convolution depend on the number of threads.
"""

from __future__ import annotations

import contextlib
import ctypes
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from kandinsky_studio.engine import mapping
from kandinsky_studio.engine import tier as tiers
from kandinsky_studio.engine.tier import Tier as Tier
from kandinsky_studio.errors import UnknownValue

LARGE = 300_000_000  # numbers in a decoder; a smaller one is quick and small enough in float32

_HEADROOM = 0.9  # of what is free; the rest is for the other programs and for fragmentation

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""What can be computed in, by name."""


@dataclass(frozen=True)
class Device:
    """Something to compute on: ``key`` is what :func:`choose_device` takes, ``title`` what its maker calls it, ``free``
    and ``total`` are bytes of its memory."""

    key: str
    title: str
    free: int
    total: int


def devices() -> tuple[Device, ...]:
    """What there is to compute on: every CUDA device, Apple's GPU, the CPU."""
    return tuple(_device(key) for key in _keys())


def choose_device(device: str | None) -> torch.device:
    """The device called ``device`` (``"cpu"``, ``"cuda:1"``, ``"mps"``); of ``"cuda"``, the one with most free memory.

    None stands for CUDA if there is any, else for Apple's GPU, else for the CPU. Raises ``UnknownValue`` for one that
    is not there.
    """
    keys = _keys()
    kind = keys[0].partition(":")[0] if device is None else device
    found = [key for key in keys if kind in (key, key.partition(":")[0])]
    if not found:
        raise UnknownValue(name="device", value=device, known=", ".join(keys))
    return torch.device(found[0] if len(found) == 1 else max(map(_device, found), key=lambda device: device.free).key)


def choose_dtype(device: torch.device, wanted: str | None, parameters: int) -> torch.dtype:
    """The dtype called ``wanted``, or the fastest that is right for a decoder of so many ``parameters``.

    Small ones compute in float32 everywhere. Large ones compute in half precision on CUDA, which is how the authors
    ran them, and in bfloat16 on processors with instructions for it (AMX, AVX512-BF16), where that is several times
    as fast. Everywhere else in float32: on Apple's GPU nobody has shown yet that these models stay whole in less.

    Raises ``UnknownValue`` for one that is none of ``DTYPES``.
    """
    if wanted is not None:
        if wanted not in DTYPES:
            raise UnknownValue(name="dtype", value=wanted, known=", ".join(DTYPES))
        return DTYPES[wanted]
    if parameters < LARGE:
        return torch.float32
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if device.type == "cpu" and computes_bfloat16() else torch.float32


def computes_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself."""
    asked = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")  # absent on some systems
    return any(getattr(torch.cpu, name, bool)() for name in asked)


def lowest_tier(device: torch.device) -> Tier:
    """How far down it goes on ``device``."""
    return tiers.lowest_tier(device.type)


def available(device: torch.device) -> int:
    """Bytes that are free on ``device``."""
    return _device(str(device)).free


def give_back(device: torch.device) -> None:
    """Give memory that nothing uses any more back to the system.

    Allocators keep it for the next tensors. glibc's keeps what lies between tensors that are still there: after a
    stage of 3.3 GB, 0.6 GB, measured.
    """
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
    _trim()


class Leftovers:
    """Counts what is let go of piece by piece, and gives it back before it becomes much."""

    PIECE = 32 * 2**20
    """Bytes that may lie unused between the pieces that are kept."""

    def __init__(self) -> None:
        self._bytes = 0

    def add(self, tensor: torch.Tensor) -> None:
        """Note that ``tensor`` is let go of now."""
        if tensor.device.type == "cpu":
            self._bytes += tensor.nbytes
        if self._bytes > self.PIECE:
            self._bytes = 0
            _trim()


def _trim() -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library has no such function
            ctypes.CDLL(None).malloc_trim(0)


def fits(needed: int, free: int) -> bool:
    """Whether there is room for ``needed`` bytes while ``free`` are available."""
    return needed <= _HEADROOM * free


def choose_tier(needed: Callable[[Tier], int], free: int, highest: Tier, lowest: Tier) -> Tier:
    """The first tier from ``highest`` down that needs no more bytes than there is room for, else ``lowest``."""
    between = [tier for tier in Tier if highest <= tier < lowest]
    return next((tier for tier in between if fits(needed(tier), free)), lowest)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` is one of the ways in which torch and Python say that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and ("can't allocate memory" in text or "out of memory" in text)


def _keys() -> list[str]:
    """The names of all devices, the fastest kind first."""
    cuda = [f"cuda:{number}" for number in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return [*cuda, *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]


def _device(key: str) -> Device:
    import psutil

    memory = psutil.virtual_memory()
    if key.startswith("cuda"):
        free, total = torch.cuda.mem_get_info(torch.device(key))
        return Device(key, torch.cuda.get_device_name(torch.device(key)), int(free), int(total))
    if key.startswith("mps"):  # its memory is the computer's, of which it may take a part
        most = int(torch.mps.recommended_max_memory())
        free = min(most - int(torch.mps.driver_allocated_memory()), int(memory.available))
        return Device(key, platform.machine(), max(free, 0), most)
    return Device(key, _processor(), max(int(memory.available) - mapping.in_use(), 0), int(memory.total))


def _processor() -> str:
    """What the processor calls itself, as far as torch knows, or its architecture."""
    capabilities: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return str(capabilities.get("cpu_name") or platform.machine())
