"""The training loop goes the same way whether it was killed or not."""

from pathlib import Path

import numpy as np
import torch

from kandinsky_studio.engine.training.loop import Recipe, Trainer

RECIPE = Recipe(steps=12, learning_rate=0.05, seed=1, warmup=2, checkpoint_every=4)


def train(folder: Path, stop_at: int | None = None) -> torch.Tensor:
    torch.manual_seed(0)
    module = torch.nn.Linear(3, 1)

    def loss(step: int, rng: np.random.Generator) -> torch.Tensor:
        if step == stop_at:
            raise KeyboardInterrupt
        inputs = torch.from_numpy(rng.standard_normal((8, 3)).astype(np.float32))
        return (module(inputs + 0.1 * torch.randn_like(inputs)).squeeze() - inputs.sum(1)).square().mean()

    trainer = Trainer("line", module, RECIPE, folder, autocast=False, report=lambda line: None)
    return trainer.run(loss).weight.detach().clone()  # type: ignore[union-attr, operator]


def test_a_killed_run_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    unbroken = train(tmp_path / "unbroken")
    for stop_at in (6, 9):
        try:
            train(tmp_path / "broken", stop_at)
        except KeyboardInterrupt:
            continue
        raise AssertionError("the run was not broken off")
    assert torch.equal(train(tmp_path / "broken"), unbroken)


def test_training_gets_nearer(tmp_path: Path) -> None:
    torch.manual_seed(0)
    start = torch.nn.Linear(3, 1).weight.detach()
    end = train(tmp_path)
    assert (end - 1).abs().mean() < (start - 1).abs().mean()


def test_a_half_written_checkpoint_is_not_taken(tmp_path: Path) -> None:
    whole = train(tmp_path)
    (tmp_path / "line.partial").write_bytes(b"half of it")
    assert torch.equal(train(tmp_path), whole)


def test_the_rate_rises_stays_and_falls() -> None:
    recipe = Recipe(steps=1000, learning_rate=1.0, seed=0, warmup=100, cooldown=0.3)
    assert recipe.rate(0) < recipe.rate(50) < recipe.rate(100) == recipe.rate(600) == 1.0
    assert recipe.rate(999) == 0.01
