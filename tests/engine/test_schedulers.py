"""Every scheduler against a world where the right answer is known: pictures whose every number is Gaussian."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from kandinsky_studio.engine.conditioning import Conditioning
from kandinsky_studio.engine.sampling import begin, denoise, predicted_original
from kandinsky_studio.engine.schedulers import SCHEDULERS, build_scheduler, step_arguments

MEAN, DEVIATION = 0.7, 0.5
CONFIG = {
    "_class_name": "DDPMScheduler",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "linear",
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "steps_offset": 1,
}


class GaussianWorld:
    """The perfect denoiser for numbers with ``MEAN`` and ``DEVIATION``, called like the decoder."""

    device = torch.device("cpu")
    dtype = torch.float32
    config = SimpleNamespace(in_channels=4)

    def __init__(self, prediction_type: str) -> None:
        self.prediction_type = prediction_type
        alphas = 1 - torch.linspace(0.00085, 0.012, 1000, dtype=torch.float64)
        self.alphas_cumprod = torch.cumprod(alphas, 0)

    def levels(self, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        # Between two timesteps, where Euler's linspace also lands, the schedule is interpolated.
        low = int(t.floor().clamp(0, 998))
        bar = torch.lerp(self.alphas_cumprod[low], self.alphas_cumprod[low + 1], t.double() - low)
        return bar.sqrt(), (1 - bar).sqrt()

    def __call__(self, sample: torch.Tensor, t: torch.Tensor, **_: Any) -> tuple[torch.Tensor]:
        alpha, sigma = self.levels(t)
        x = sample.double()
        clean = MEAN + alpha * DEVIATION**2 / (alpha**2 * DEVIATION**2 + sigma**2) * (x - alpha * MEAN)
        noise = (x - alpha * clean) / sigma
        predicted = {"epsilon": noise, "sample": clean, "v_prediction": alpha * noise - sigma * clean}
        return (torch.cat([predicted[self.prediction_type].float(), torch.zeros_like(sample)], dim=1),)


def sample(
    key: str, prediction_type: str, steps: int, strength: float = 1.0, picture: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the scheduler makes of noise, or of a noised picture, and the exact solution of the flow for the same."""
    world = GaussianWorld(prediction_type)
    scheduler = build_scheduler(key, {**CONFIG, "prediction_type": prediction_type})
    generators = [torch.Generator().manual_seed(1)]
    latents, noise, timesteps = begin(scheduler, steps, strength, picture, (4, 48, 48), generators)
    started = latents.clone()
    made = denoise(
        world,
        scheduler,
        [Conditioning()],
        None,
        latents=latents,
        noise=noise,
        timesteps=timesteps,
        guidance_scale=1.0,
        generators=generators,
        on_step=lambda step, clean: None,
    )
    alpha, sigma = world.levels(torch.as_tensor(timesteps[0], dtype=torch.float64))
    seen = noise if picture is None else alpha * picture + sigma * noise
    exact = MEAN + DEVIATION * (seen - alpha * MEAN) / (alpha**2 * DEVIATION**2 + sigma**2).sqrt()
    assert torch.isfinite(started).all()
    return made, exact.float()


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
@pytest.mark.parametrize(
    ("key", "tolerance"),
    [
        ("dpmpp_2m", 0.02),
        ("dpmpp_2s", 0.02),
        ("unipc", 0.02),
        ("deis", 0.02),
        ("pndm", 0.03),
        ("ddim", 0.1),  # this and the last are of first order
        ("euler", 0.1),
    ],
)
@pytest.mark.parametrize("strength", [1.0, 0.6, 0.25])
def test_follows_the_flow(key: str, tolerance: float, prediction_type: str, strength: float) -> None:
    """From noise, and from a picture that is noised on the way: a scheduler that begins in the middle of its
    timesteps must not think that it begins at their start."""
    picture = None
    if strength < 1:
        picture = MEAN + DEVIATION * torch.randn((1, 4, 48, 48), generator=torch.Generator().manual_seed(2))
    made, exact = sample(key, prediction_type, 50, strength, picture)
    assert float((made - exact).abs().mean()) < tolerance


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
def test_lcm_jumps_to_the_mean_picture(prediction_type: str) -> None:
    """It takes the network for one that was distilled to say the clean picture at once; ours says the mean of all that
    are possible, so that the last jump, from nearly no noise, decides."""
    made, _ = sample("lcm", prediction_type, 8)
    assert float(made.mean()) == pytest.approx(MEAN, abs=0.05)
    assert 0.1 < float(made.std()) < DEVIATION + 0.05


@pytest.mark.parametrize("steps", [1, 2, 3, 51])
@pytest.mark.parametrize("key", list(SCHEDULERS))
def test_any_number_of_steps(key: str, steps: int) -> None:
    made, _ = sample(key, "epsilon", steps)
    assert torch.isfinite(made).all()


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("key", ["ddpm", "euler_a"])
def test_keeps_the_distribution(key: str, prediction_type: str) -> None:
    """With fresh noise at each step there is no one answer, but there is one distribution."""
    made, exact = sample(key, prediction_type, 100)
    assert float(made.mean()) == pytest.approx(MEAN, abs=0.03)
    assert float(made.std()) == pytest.approx(DEVIATION, abs=0.05)
    assert float((made - exact).abs().mean()) > 0.1  # or the noise is never drawn


def test_every_scheduler_is_tested_here() -> None:
    flow, chance = {"dpmpp_2m", "dpmpp_2s", "unipc", "deis", "pndm", "ddim", "euler"}, {"ddpm", "euler_a", "lcm"}
    assert set(SCHEDULERS) == flow | chance


def test_fresh_noise_comes_from_the_generator() -> None:
    first, _ = sample("ddpm", "epsilon", 5)
    torch.randn(7)  # the global stream must not matter
    second, _ = sample("ddpm", "epsilon", 5)
    assert torch.equal(first, second)
    assert step_arguments(build_scheduler("unipc", CONFIG), torch.Generator()) == {}


def test_own_class_takes_the_whole_configuration() -> None:
    config = {**CONFIG, "variance_type": "learned_range", "timestep_spacing": "trailing"}
    own = build_scheduler("ddpm", config)
    assert (own.config.variance_type, own.config.timestep_spacing) == ("learned_range", "trailing")


def test_another_class_takes_what_is_said_of_the_model_only() -> None:
    config = {**CONFIG, "variance_type": "learned_range", "timestep_spacing": "trailing", "thresholding": True}
    other = build_scheduler("dpmpp_2m", config)
    assert (other.config.beta_end, other.config.thresholding) == (0.012, True)
    assert (other.config.variance_type, other.config.timestep_spacing) == (None, "linspace")


def test_latents_are_not_clipped_unless_the_model_says_so() -> None:
    silent = {key: value for key, value in CONFIG.items() if key != "clip_sample"} | {"_class_name": "Other"}
    assert build_scheduler("ddim", silent).config.clip_sample is False
    assert build_scheduler("ddim", {**silent, "clip_sample": True, "clip_sample_range": 2.0}).config.clip_sample


@pytest.mark.parametrize("key", list(SCHEDULERS))
@pytest.mark.parametrize("prediction_type", ["epsilon", "sample", "v_prediction"])
def test_predicted_original(key: str, prediction_type: str) -> None:
    """The picture behind the noise comes out again, whatever the network predicts."""
    scheduler = build_scheduler(key, {**CONFIG, "prediction_type": prediction_type})
    generator = torch.Generator().manual_seed(0)
    clean, noise = torch.randn((2, 1, 4, 8, 8), generator=generator)
    alpha = scheduler.alphas_cumprod[600].sqrt()
    sigma = (1 - scheduler.alphas_cumprod[600]).sqrt()
    says = {"epsilon": noise, "sample": clean, "v_prediction": alpha * noise - sigma * clean}[prediction_type]
    found = predicted_original(scheduler, alpha * clean + sigma * noise, says, torch.tensor(600.2))
    assert torch.allclose(found, clean, atol=1e-4)
