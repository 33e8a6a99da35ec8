"""Our loop against the stock pipelines at both ends: a model so small that only the loop costs, and one of full size."""

from __future__ import annotations

from benchmarks.pictures import ROUNDS, Subject, measured
from benchmarks.random_model import full_size, tiny


def run() -> str:
    few = {"width": 512, "height": 512, "num_inference_steps": 3, "prior_num_inference_steps": 3}
    small = Subject("a tiny model with random weights", tiny(), "float32", ROUNDS, {"width": 128, "height": 128})
    large = Subject(
        "a model of full size with random weights, in bfloat16, 512², 3 steps", full_size(), "bfloat16", 2, few
    )
    return "\n\n".join(measured(subject) for subject in (small, large))
