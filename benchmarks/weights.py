"""Loading at the size of Kandinsky 2.2: seconds until it is in memory, seconds to its first steps, and the memory taken."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.memory import Watch
from benchmarks.random_model import full_size
from benchmarks.table import spread, table

ROUNDS = 3
KINDS = ("ours", "stock")
CACHES = ("warm", "cold")
MIB = 2**20
STEPS = 3
"""Of the decoder, of which two are waited for; the same number for both, so that neither is the last."""


def run() -> str:
    folder = full_size()
    told: dict[tuple[str, str], list[dict[str, float]]] = {(cache, kind): [] for cache in CACHES for kind in KINDS}
    for kind in KINDS:
        _measured(kind, folder)  # reads all files once, and keeps what is computed once for each checkpoint
    for cache in CACHES:
        for _ in range(ROUNDS):
            for kind in KINDS:
                if cache == "cold":
                    _forget(folder)
                told[cache, kind].append(_measured(kind, folder))
                print(cache, kind, told[cache, kind][-1], file=sys.stderr, flush=True)
    names = ("seconds", "first_step", "second_step", "processor", "peak", "own", "resident", "weights")
    rows = [
        [cache, kind, *(spread([one[name] for one in told[cache, kind]]) for name in names)] for cache, kind in told
    ]
    ratio = [one["peak"] / one["weights"] for one in told["warm", "ours"]]
    return (
        f"{ROUNDS} times each, by turns, in bfloat16 on the processor, the libraries imported before and what is kept "
        "for each checkpoint known; the files in the page cache (warm) or thrown out of it before (cold); median "
        "(min … max). The steps are the decoder's, after words that are new.\n\n"
        + table(
            [
                "files",
                "loaded by",
                "seconds",
                "to the first step, s",
                "to the second step, s",
                "of the processor to the first step, s",
                "peak, MiB",
                "own memory, MiB",
                "with pages of files, MiB",
                "weights, MiB",
            ],
            rows,
        )
        + f"\n\nOurs takes {spread(ratio)} times its weights while it loads."
        + "".join(f"\n{_compared(told, cache)}" for cache in CACHES)
    )


def _compared(told: dict[tuple[str, str], list[dict[str, float]]], cache: str) -> str:
    pairs = zip(told[cache, "ours"], told[cache, "stock"], strict=True)
    ratios = spread([ours["first_step"] / stock["first_step"] for ours, stock in pairs])
    return f"Until the first step, ours takes {ratios} times as long as stock ({cache})."


def _forget(folder: str) -> None:
    """Have the system drop the pages of all files in ``folder``, so that they are read from the disk again."""
    for path in Path(folder).rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _measured(kind: str, folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.weights", kind, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


class _Over(Exception):
    """The decoder has made its second step."""


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
    request = spec.request(
        "a red circle", width=512, height=512, num_inference_steps=STEPS, prior_num_inference_steps=2
    )
    engine = Engine("cpu", "bfloat16")
    model = engine._open(spec, request)
    model._constants["nothing"] = torch.zeros(1, model.files.config("prior")["embedding_dim"])
    start, spent = time.perf_counter(), time.process_time()
    with Watch() as watch:
        engine.load(folder)
    loaded = time.perf_counter() - start

    steps: list[float] = []
    processor: list[float] = []

    def until_the_second_step(progress: Progress) -> None:
        if progress.stage is Stage.decoder and progress.step > len(steps):
            steps.append(time.perf_counter() - start)
            processor.append(time.process_time() - spent)
        if len(steps) == 2:
            raise Cancelled

    with contextlib.suppress(Cancelled):
        engine.generate(request, on_progress=until_the_second_step)
    return _told(loaded, steps, processor, watch, model.held)


def _stock(folder: str) -> dict[str, float]:
    import transformers  # noqa: F401 - before the memory is looked at
    from diffusers import KandinskyV22Pipeline  # noqa: F401

    from benchmarks.subject import pipelines

    start, spent = time.perf_counter(), time.process_time()
    with Watch() as watch:
        prior, decoder = pipelines(folder, "bfloat16")
    loaded = time.perf_counter() - start
    networks = [part for pipe in (prior, decoder) for part in pipe.components.values() if hasattr(part, "parameters")]
    weights = sum(p.numel() * p.element_size() for network in networks for p in network.parameters())
    idea = prior("a red circle", num_inference_steps=2, guidance_scale=4.0)

    steps: list[float] = []
    processor: list[float] = []

    def until_the_second_step(*_: Any) -> Any:
        steps.append(time.perf_counter() - start)
        processor.append(time.process_time() - spent)
        if len(steps) == 2:
            raise _Over
        return {}

    with contextlib.suppress(_Over):
        decoder(
            idea.image_embeds,
            idea.negative_image_embeds,
            height=512,
            width=512,
            num_inference_steps=STEPS,
            guidance_scale=4.0,
            callback_on_step_end=until_the_second_step,
        )
    return _told(loaded, steps, processor, watch, weights)


def _told(loaded: float, steps: list[float], processor: list[float], watch: Watch, weights: int) -> dict[str, float]:
    return {
        "seconds": loaded,
        "first_step": steps[0],
        "second_step": steps[1],
        "processor": processor[0],
        "peak": watch.peak,
        "own": watch.own,
        "resident": watch.resident,
        "weights": weights / MIB,
    }


if __name__ == "__main__":
    print(json.dumps((_ours if sys.argv[1] == "ours" else _stock)(sys.argv[2])))
