"""Whether the PyTorch at hand computes on this computer: multiplied and drawn with in a few seconds."""

from __future__ import annotations

import numpy as np
import torch

from kandinsky_studio.engine import machine, memory
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.models import MODELS

PROMPT = "a red circle on a blue background"
STEPS = 2
_SIDE = 512  # of the matrices; whole numbers of this size are exact in every precision cards compute in


def try_out(device: str) -> str:
    """Compute on ``device`` (``"cpu"`` or ``"cuda"``); what on, how fast, and how long a little picture took.

    Raises ``LookupError`` if there is no such device, ``ArithmeticError`` if a result is wrong, and what PyTorch does
    or an ``Engine``.
    """
    try:
        key = str(memory.choose_device(device))
    except Exception as error:
        raise LookupError(f"PyTorch {torch.__version__} sees no {device.upper()} device here") from error
    numbers = torch.arange(_SIDE * _SIDE, dtype=torch.float32).reshape(_SIDE, _SIDE) % 7
    there = (numbers.to(key) @ numbers.to(key).T).cpu()
    if not torch.equal(there, numbers @ numbers.T):
        raise ArithmeticError(f"matrices are multiplied wrongly on {key}")
    seen = machine.look(key)
    request = MODELS[0].request(
        PROMPT, num_inference_steps=STEPS, prior_num_inference_steps=STEPS, prior_seed=1, seed=1
    )
    (result,) = Engine(key).generate(request)
    if len(np.unique(result.image.reshape(-1, 3), axis=0)) < STEPS:
        raise ArithmeticError(f"the picture that was drawn on {key} is of one colour")
    seconds = sum(result.timings.values())
    return f"PyTorch {torch.__version__} on {seen.device.title}: {seen.speed / 1e12:.2g} TFLOPS, a picture in {seconds:.1f} s"
