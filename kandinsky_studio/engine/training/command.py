"""The command ``train``; importing it loads nothing heavy."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kandinsky_studio import paths

STAGES = (
    "tokenizer",
    "text",
    "vision",
    "prior",
    "movq",
    "decoder",
    "editing",
    "inpaint",
    "depth",
    "assemble",
    "measure",
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register ``train builtin``."""
    train = subparsers.add_parser("train", help="train a model")
    kinds = train.add_subparsers(dest="what", required=True)
    builtin = kinds.add_parser(
        "builtin",
        help="make the built-in model from a fixed seed; goes on where it was stopped",
        description="Make every component of the built-in model. A killed run goes on where it stopped.",
    )
    builtin.add_argument("--stage", choices=STAGES, action="append", help="only this stage (may be repeated)")
    builtin.add_argument("--steps", metavar="STAGE=N", action="append", default=[], help="steps of a stage")
    builtin.add_argument("--folder", type=Path, default=Path("training"), help="where checkpoints are kept")
    builtin.add_argument("--target", type=Path, default=None, help="where the finished model goes")
    builtin.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, …")
    builtin.add_argument("--threads", type=int, default=None, help="processor threads")
    builtin.add_argument("--no-gates", action="store_true", help="go on when a stage misses its gate")
    builtin.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train the built-in model; returns the exit code."""
    import torch

    from kandinsky_studio.engine.training.builtin import BuiltinTraining

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    steps = {}
    for each in arguments.steps:
        stage, _, count = each.partition("=")
        if stage not in STAGES or not count.isdigit():
            sys.stderr.write(f"--steps wants STAGE=N with one of {', '.join(STAGES)}, not “{each}”.\n")
            return 2
        steps[stage] = int(count)
    training = BuiltinTraining(
        arguments.folder,
        arguments.target or paths.builtin_model(),
        device=arguments.device,
        steps=steps,
        report=_say,
        gated=not arguments.no_gates,
    )
    training.run(tuple(arguments.stage or STAGES))
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
