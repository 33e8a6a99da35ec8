"""Loading at the size of Kandinsky 2.2: seconds until it is in memory, seconds to its first step, and the memory taken."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from typing import Any

from benchmarks.memory import Watch
from benchmarks.random_model import full_size
from benchmarks.table import spread, table

ROUNDS = 3
KINDS = ("ours", "stock")
MIB = 2**20


def run() -> str:
    folder = full_size()
    told: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    for kind in KINDS:
        _measured(kind, folder)  # reads all files once, so that no row is about the disk
    for _ in range(ROUNDS):
        for kind in KINDS:
            told[kind].append(_measured(kind, folder))
            print(kind, told[kind][-1], file=sys.stderr, flush=True)
    rows = [
        [kind, *(spread([one[name] for one in told[kind]]) for name in ("seconds", "first_step", "peak", "weights"))]
        for kind in KINDS
    ]
    ratio = [one["peak"] / one["weights"] for one in told["ours"]]
    return (
        f"{ROUNDS} times each, by turns, in bfloat16 on the processor, the libraries imported before and the files in the "
        "page cache; median (min … max). The first step is the decoder's, after words that are new.\n\n"
        + table(["loaded by", "seconds", "to the first step, s", "peak, MiB", "weights, MiB"], rows)
        + f"\n\nOurs takes {spread(ratio)} times its weights while it loads."
    )


def _measured(kind: str, folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.weights", kind, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


class _Begun(Exception):
    """The decoder has made a step."""


def _ours(folder: str) -> dict[str, float]:
    import torch

    from kandinsky_studio.engine import memory
    from kandinsky_studio.engine.engine import Engine
    from kandinsky_studio.engine.memory import Tier
    from kandinsky_studio.engine.models import spec_of
    from kandinsky_studio.engine.request import Progress, Stage
    from kandinsky_studio.errors import Cancelled

    memory.choose_tier = lambda *arguments: Tier.resident
    spec = spec_of(folder)
    request = spec.request("a red circle", width=512, height=512, num_inference_steps=2, prior_num_inference_steps=2)
    engine = Engine("cpu", "bfloat16")
    model = engine._open(spec, request)
    model._constants["nothing"] = torch.zeros(1, model.files.config("prior")["embedding_dim"])
    start = time.perf_counter()
    with Watch() as watch:
        engine.load(folder)
    loaded = time.perf_counter() - start

    def until_the_first_step(progress: Progress) -> None:
        if progress.stage is Stage.decoder and progress.step:
            raise Cancelled

    with contextlib.suppress(Cancelled):
        engine.generate(request, on_progress=until_the_first_step)
    first = time.perf_counter() - start
    return {"seconds": loaded, "first_step": first, "peak": watch.peak, "weights": model.held / MIB}


def _stock(folder: str) -> dict[str, float]:
    import transformers  # noqa: F401 - before the memory is looked at
    from diffusers import KandinskyV22Pipeline  # noqa: F401

    from benchmarks.subject import pipelines

    start = time.perf_counter()
    with Watch() as watch:
        prior, decoder = pipelines(folder, "bfloat16")
    loaded = time.perf_counter() - start
    networks = [part for pipe in (prior, decoder) for part in pipe.components.values() if hasattr(part, "parameters")]
    weights = sum(p.numel() * p.element_size() for network in networks for p in network.parameters())
    idea = prior("a red circle", num_inference_steps=2, guidance_scale=4.0)

    def stop(*_: Any) -> None:
        raise _Begun

    try:
        embeds = (idea.image_embeds, idea.negative_image_embeds)
        decoder(*embeds, height=512, width=512, num_inference_steps=2, guidance_scale=4.0, callback_on_step_end=stop)
    except _Begun:
        pass
    first = time.perf_counter() - start
    return {"seconds": loaded, "first_step": first, "peak": watch.peak, "weights": weights / MIB}


if __name__ == "__main__":
    print(json.dumps((_ours if sys.argv[1] == "ours" else _stock)(sys.argv[2])))
