"""Seconds per step of a decoder of full size: what the library does by default against what the engine chooses."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.random_model import full_size
from benchmarks.table import spread, table

ROUNDS = 3
SIDE = 512  # pixels


def run() -> str:
    import torch

    from kandinsky_studio.engine import components, memory
    from kandinsky_studio.engine.models import find

    files = find(full_size())
    default = components.network_class("unet").from_pretrained(files.folder("unet"), dtype=torch.float32)
    half = components.network_class("unet").from_pretrained(files.folder("unet"), dtype=torch.bfloat16)
    networks = {
        "float32, as the library loads it by default": default,
        "bfloat16, as the library loads it": half,
        "bfloat16, channels innermost: ours": components.read(files, "unet", torch.bfloat16),
    }
    seconds: dict[str, list[float]] = {title: [] for title in networks}
    for number in range(ROUNDS + 1):
        for title, network in networks.items():
            taken = _step(network)
            if number:  # the first time the libraries get ready
                seconds[title].append(taken)
    base = seconds[next(iter(networks))]
    rows = [
        [title, spread(own), spread([a / b for a, b in zip(base, own, strict=True)])] for title, own in seconds.items()
    ]
    able = "multiplies" if memory.computes_bfloat16() else "does not multiply"
    return (
        f"One step with guidance (a batch of two) at {SIDE}², {ROUNDS} times each, by turns, in one process; this "
        f"processor {able} bfloat16 itself\n\n" + table(["weights", "seconds", "times as fast"], rows)
    )


def _step(network: Any) -> float:
    import torch

    generator = torch.Generator().manual_seed(0)
    noise = torch.randn((2, 4, SIDE // 8, SIDE // 8), generator=generator).to(network.dtype)
    ideas = torch.randn((2, 1280), generator=generator).to(network.dtype)
    start = time.perf_counter()
    with torch.inference_mode():
        network(noise, torch.tensor(500), None, added_cond_kwargs={"image_embeds": ideas})
    return time.perf_counter() - start
