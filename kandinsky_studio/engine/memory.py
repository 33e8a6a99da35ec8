"""Where the engine computes, in which precision, and what it keeps in memory meanwhile.

The engine changes no global setting of torch: not the number of threads, not the default type, not the
deterministic mode. Window and command line therefore compute alike, and the same request gives the same bytes in
both. Nothing else may change them either: the last bits of a convolution depend on the number of threads.
"""

from __future__ import annotations

import enum

import torch

from kandinsky_studio.engine.weights import ModelFiles
from kandinsky_studio.errors import EngineFailed

_HEADROOM = 0.9  # of what is free; the rest is for the other programs and for fragmentation
_FULL_SIZE_TENSORS = 3  # that MoVQ holds at once at the picture's full size: input, normed, output of a layer


class Tier(enum.IntEnum):
    """How much stays in memory; a higher one is slower and smaller."""

    resident = 0
    """Everything that text2image needs, once loaded."""

    staged = 1
    """Only what the stage at hand needs; the rest is read from disk again when its turn comes."""


def choose_device(device: str | None) -> torch.device:
    """The device named, or CUDA if there is one, or the CPU. Raises ``EngineFailed`` for one that is not there."""
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise EngineFailed(reason=f"there is no device called “{device}”") from error
    if chosen.type not in ("cpu", "cuda") or (chosen.type == "cuda" and not torch.cuda.is_available()):
        raise EngineFailed(reason=f"the device “{device}” can't be used here")
    return chosen


def choose_dtype(device: torch.device) -> torch.dtype:
    """Half precision on CUDA, which is how the authors ran the models; float32 on the CPU."""
    return torch.float16 if device.type == "cuda" else torch.float32


def estimate(files: ModelFiles, dtype: torch.dtype, width: int, height: int) -> int:
    """Bytes needed to make a picture of ``width`` × ``height`` with everything resident.

    The weights, and the activations of MoVQ's last layers, which are far larger than any of the decoder's.
    """
    parameters = sum(files.weight_file(part).parameter_count for part in ("text_encoder", "prior", "unet", "movq"))
    channels: int = max(files.config("movq").get("block_out_channels", [128, 256])[:2])
    return dtype.itemsize * (parameters + _FULL_SIZE_TENSORS * channels * width * height)


def available(device: torch.device) -> int:
    """Bytes that are free on ``device``."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    import psutil  # comes with accelerate

    return int(psutil.virtual_memory().available)


def choose_tier(needed: int, free: int) -> Tier:
    """The tier for a picture that needs ``needed`` bytes while ``free`` are available."""
    return Tier.resident if needed <= _HEADROOM * free else Tier.staged


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` is one of the ways in which torch and Python say that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and ("can't allocate memory" in text or "out of memory" in text)
