"""Memory at the size of Kandinsky 2.2: what the estimate says beforehand, what is taken, and what stock takes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks.memory import Watch
from benchmarks.random_model import full_size
from benchmarks.table import table

KINDS = ("resident", "staged", "compressed", "stock")
SIZES = (512, 768)
MIB = 2**20


def run() -> str:
    rows = measured("2.2", full_size(), KINDS, SIZES)
    return (
        "One picture with guidance, 2 steps of the prior and 2 of the decoder, in bfloat16, the libraries imported "
        "before; the embedding of nothing known, as after the first picture of a checkpoint\n\n" + lines(rows)
    )


def measured(title: str, folder: str, kinds: Sequence[str], sizes: Sequence[int]) -> list[list[str]]:
    """A row for each of ``kinds`` and ``sizes`` of the model in ``folder``, each in a process of its own."""
    rows = []
    for kind in kinds:
        for size in sizes:
            command = [sys.executable, "-m", "benchmarks.fullsize", kind, str(size), folder]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rows.append(_row(title, kind, size, json.loads(done.stdout.splitlines()[-1])))
            print("| " + " | ".join(rows[-1]) + " |", file=sys.stderr, flush=True)
    return rows


def lines(rows: Sequence[Sequence[str]]) -> str:
    """The table of :func:`measured` rows."""
    return table(["model", "kept in memory", "size", "estimate, MiB", "peak, MiB", "estimate / peak", "seconds"], rows)


def _row(title: str, kind: str, size: int, told: dict[str, float]) -> list[str]:
    peak, estimate = told["peak"], told.get("estimate")
    return [
        title,
        kind,
        f"{size}²",
        "" if estimate is None else f"{estimate:.0f}",
        f"{peak:.0f}",
        "" if estimate is None else f"{estimate / peak:.2f}",
        f"{told['seconds']:.0f}",
    ]


def _ours(tier: str, size: int, folder: str) -> dict[str, float]:
    import torch

    from kandinsky_studio.engine import memory
    from kandinsky_studio.engine.engine import Engine
    from kandinsky_studio.engine.memory import Tier
    from kandinsky_studio.engine.models import spec_of

    memory.choose_tier = lambda *arguments: Tier[tier]
    request = spec_of(folder).request(
        "a red circle", width=size, height=size, num_inference_steps=2, prior_num_inference_steps=2
    )
    engine = Engine("cpu", "bfloat16")
    model = engine._open(spec_of(folder), request)
    if "prior" in model.files:
        model._constants["nothing"] = torch.zeros(1, model.files.config("prior")["embedding_dim"])
    estimate = model.estimate(request).bytes(Tier[tier]) / MIB
    start = time.perf_counter()
    with Watch() as watch:
        engine.generate(request)
    return {"peak": watch.peak, "estimate": estimate, "seconds": time.perf_counter() - start}


def _stock(size: int, folder: str) -> dict[str, float]:
    import transformers  # noqa: F401 - before the memory is looked at
    from diffusers import KandinskyV22Pipeline  # noqa: F401

    from benchmarks.subject import pipelines

    start = time.perf_counter()
    with Watch() as watch:
        prior, decoder = pipelines(folder, "bfloat16")
        idea = prior("a red circle", num_inference_steps=2, guidance_scale=4.0)
        decoder(
            idea.image_embeds,
            idea.negative_image_embeds,
            height=size,
            width=size,
            num_inference_steps=2,
            guidance_scale=4.0,
        )
    return {"peak": watch.peak, "seconds": time.perf_counter() - start}


if __name__ == "__main__":
    kind, size, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    print(json.dumps(_stock(size, folder) if kind == "stock" else _ours(kind, size, folder)))
