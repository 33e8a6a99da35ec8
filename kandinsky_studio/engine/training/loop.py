"""One training loop for every stage: seeded per step, resumable after a kill at any moment, cancellable.

The batch of step n depends on the stage's seed and on n alone, so a run that was killed and resumed goes the same
way as one that was not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

Loss = Callable[[int, np.random.Generator], torch.Tensor]
"""Given the step and its random generator, the loss to minimise."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Recipe:
    """How a stage is trained. The learning rate rises over ``warmup`` steps, stays, and falls to a hundredth over the
    last ``cooldown`` (a fraction) of ``steps``; so a run may be cut short by asking for fewer steps."""

    steps: int
    learning_rate: float
    seed: int
    warmup: int = 100
    cooldown: float = 0.3
    ema_decay: float = 0.998
    weight_decay: float = 0.01
    checkpoint_every: int = 100

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        rise = min(1.0, (step + 1) / self.warmup)
        left = (self.steps - step) / max(1.0, self.steps * self.cooldown)
        return self.learning_rate * rise * max(0.01, min(1.0, left))


def contiguous_norms(module: torch.nn.Module) -> None:
    """Give every GroupNorm below ``module`` NCHW memory: its backward pass over channels-last bfloat16, which 1 × 1
    convolutions leave behind on a CPU, is ten times slower."""
    for each in module.modules():
        if isinstance(each, torch.nn.GroupNorm):
            each.register_forward_pre_hook(lambda _, inputs: (inputs[0].contiguous(),))


class Trainer:
    """Trains ``module`` by ``recipe`` and keeps its state in ``folder/name.pt``.

    ``heads`` are trained along but are no part of the result. The result is the exponential moving average of
    ``module``'s weights. ``autocast`` runs the forward pass in bfloat16.
    """

    def __init__(
        self,
        name: str,
        module: torch.nn.Module,
        recipe: Recipe,
        folder: Path,
        *,
        heads: torch.nn.Module | None = None,
        device: str = "cpu",
        autocast: bool = True,
        report: Report = print,
    ) -> None:
        self.name = name
        self.module = module.to(device)
        self.heads = (heads or torch.nn.Identity()).to(device)
        self.recipe = recipe
        self.path = folder / f"{name}.pt"
        self.device = device
        self.autocast = autocast
        self.report = report
        self.step = 0
        trained = [*self.module.parameters(), *self.heads.parameters()]
        self.parameters = [parameter for parameter in trained if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=recipe.learning_rate, betas=(0.9, 0.99), weight_decay=recipe.weight_decay
        )
        self.average = {name: tensor.detach().clone() for name, tensor in self.module.state_dict().items()}
        if self.path.exists():
            self._resume()

    def _resume(self) -> None:
        state: dict[str, Any] = torch.load(self.path, map_location=self.device, weights_only=True)
        self.module.load_state_dict(state["module"])
        self.heads.load_state_dict(state["heads"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = state["average"]
        self.step = int(state["step"])

    def save(self) -> None:
        """Write the whole state beside the old one and move it into its place."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        torch.save(
            {
                "step": self.step,
                "module": self.module.state_dict(),
                "heads": self.heads.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "average": self.average,
            },
            partial,
        )
        os.replace(partial, self.path)

    def run(self, loss: Loss) -> torch.nn.Module:
        """Train to the end and return the averaged module in evaluation mode."""
        if self.step < self.recipe.steps:
            self._train(loss)
        return self.averaged()

    def _train(self, loss: Loss) -> None:
        self.module.train()
        started, first, running = time.monotonic(), self.step, float("nan")
        while self.step < self.recipe.steps:
            rng = np.random.default_rng((self.recipe.seed, self.step))
            torch.manual_seed((self.recipe.seed << 24) + self.step)
            for group in self.optimizer.param_groups:
                group["lr"] = self.recipe.rate(self.step)
            with torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.autocast):
                value = loss(self.step, rng)
            self.optimizer.zero_grad(set_to_none=True)
            value.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
            self.optimizer.step()
            self._follow()
            self.step += 1
            running = float(value.detach()) if running != running else 0.98 * running + 0.02 * float(value.detach())
            if self.step % self.recipe.checkpoint_every == 0 or self.step == self.recipe.steps:
                self.save()
                pace = (time.monotonic() - started) / (self.step - first)
                left = pace * (self.recipe.steps - self.step) / 60
                self.report(
                    f"{self.name}: step {self.step}/{self.recipe.steps}, loss {running:.5f}, "
                    f"{pace:.3f} s a step, {left:.0f} min left"
                )

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self.recipe.ema_decay, (1 + self.step) / (10 + self.step))
        for name, tensor in self.module.state_dict().items():
            if tensor.is_floating_point():
                self.average[name].lerp_(tensor, 1 - decay)
            else:
                self.average[name].copy_(tensor)

    def averaged(self) -> torch.nn.Module:
        """The module with its averaged weights, in evaluation mode. Training can't go on with it."""
        self.module.load_state_dict(self.average)
        return self.module.eval().requires_grad_(False)
