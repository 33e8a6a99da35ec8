"""What this computer can do, measured in a fraction of a second: how much memory there is, how fast it multiplies."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil
import torch

from kandinsky_studio.engine.memory import LARGE, Device, choose_dtype, devices

_SIDE = {"cpu": 1024}  # of the matrices; graphics cards need larger ones to be busy
_LARGE_SIDE = 4096
_ENOUGH = 0.12  # seconds of multiplying
_USED = 0.45
"""The share of what matrices reach that a whole picture does, from full-size runs on processors."""


@dataclass(frozen=True)
class Machine:
    """``device`` is what models run on here, ``memory`` all there is beside it, in bytes; ``speed`` is in floating-point
    operations a second that a picture gets, in ``dtype``."""

    device: Device
    memory: int
    speed: float
    dtype: str

    def seconds(self, work: float) -> float:
        """How long ``work`` (operations) takes, about."""
        return work / self.speed


def look(key: str) -> Machine:
    """This computer, with models on the device ``key`` (such as ``"cpu"`` or ``"cuda:0"``)."""
    device = next(one for one in devices() if one.key == key)
    on = torch.device(key)
    dtype = choose_dtype(on, None, LARGE)
    return Machine(device, psutil.virtual_memory().total, _USED * _multiplied(on, dtype), str(dtype).split(".")[-1])


def _multiplied(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of multiplying matrices."""
    side = _SIDE.get(device.type, _LARGE_SIDE)
    one = torch.randn(side, side, device=device).to(dtype)
    other = torch.randn(side, side, device=device).to(dtype)
    with torch.inference_mode():
        (one @ other).sum().item()  # whatever is made once is made now
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < _ENOUGH:
            (one @ other)[0, 0].item()  # which waits for it
            count += 1
        return 2 * side**3 * count / (time.perf_counter() - start)
