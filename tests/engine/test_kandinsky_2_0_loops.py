"""Kandinsky 2.0's loops agree with the first release at every step: our sampling loop, its schedulers and its masks.

Every random draw is replaced by the one that the release made, in the same order. What the arrays are,
``tests/fixtures/k20_*/README.md`` says.
"""

from __future__ import annotations

import functools
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kandinsky_studio.engine.arrays import Mask
from kandinsky_studio.engine.codec import VaeCodec, to_tensor
from kandinsky_studio.engine.conditioning import Conditioning
from kandinsky_studio.engine.inpainting import shrink_known
from kandinsky_studio.engine.models.kandinsky_2_0 import Kandinsky20, dynamically_thresholded
from kandinsky_studio.engine.original import Numbers
from kandinsky_studio.engine.painting import repaint_share
from kandinsky_studio.engine.sampling import Known, begin, denoise
from kandinsky_studio.engine.schedulers import SCHEDULERS, set_steps, steps_of_the_way
from tests.engine.test_kandinsky_2_0 import FOLDERS, TOLERANCE, Case, Reference, difference, read_reference

SAMPLERS = {"ddim": "ddim", "p": "ddpm"}  # the release's name → the key of the scheduler
CASES = [(folder, name) for folder in FOLDERS for name in read_reference(folder).cases]
PICTURES = [(folder, name) for folder, name in CASES if "init_latent" in read_reference(folder).cases[name].arrays]
INPAINTING = [(folder, name) for folder, name in CASES if "mask_u8" in read_reference(folder).cases[name].arrays]
VERSION = Kandinsky20()


class Draws:
    """Stands in for ``torch.randn``: hands out what the release drew, and nothing else."""

    def __init__(self, *arrays: Any) -> None:
        self.left = [torch.as_tensor(array) for array in arrays]

    def __call__(self, shape: Any, **_: Any) -> torch.Tensor:
        drawn = self.left.pop(0)
        assert drawn.shape == tuple(shape)
        return drawn


class Model:
    """As much of a loaded model as the version asks for to build a scheduler."""

    files: tuple[str, ...] = ()

    def __init__(self, numbers: Numbers) -> None:
        self._schedule = numbers.noise_schedule()

    def part(self, name: str) -> Any:
        assert name == "scheduler"
        return self._schedule


def scheduler_of(reference: Reference, key: str) -> Any:
    request = VERSION.spec.request("", scheduler=key)
    return VERSION.scheduler(Model(reference.numbers), request)  # type: ignore[arg-type]


def watched(scheduler: Any, **arguments: Any) -> list[torch.Tensor]:
    """The latents that ``scheduler`` will have made, step by step; ``arguments`` are added to what ``step`` is given."""
    made: list[torch.Tensor] = []
    step = functools.partial(scheduler.step, **arguments)

    def watch(*args: Any, **kwargs: Any) -> Any:
        result = step(*args, **kwargs)
        made.append(result[0])
        return result

    watch.__signature__ = inspect.signature(step)  # type: ignore[attr-defined]
    scheduler.step = watch
    return made


def codec_of(reference: Reference) -> VaeCodec:
    return VaeCodec(reference.vae, reference.numbers.scaling_factor)


@torch.inference_mode()
def decoded(reference: Reference, latents: torch.Tensor) -> torch.Tensor:
    picture: torch.Tensor = reference.vae.decode(latents).sample
    return picture


def in_pixels(keep: Mask) -> Mask:
    """The release's mask of latent cells (1, 1, h, w), 1 = keep, as a mask of ours (8·h, 8·w), 255 = repaint."""
    return np.kron(1 - keep[0, 0], np.full((8, 8), 255, np.uint8))


def shown_of(reference: Reference, case: Case) -> list[Conditioning]:
    """What guidance leads to in ``case``, and away from."""
    prompts = [reference.texts()[case.settings["prompt_index"]], ""]
    context, pooled = reference.encoders.encode(prompts, reference.projection(case.settings["task"]))
    return [Conditioning(context[row : row + 1], pooled[row : row + 1]) for row in range(2)]


def known_of(case: Case) -> Known | None:
    if case.settings["task"] != "inpaint":
        return None
    return Known(case["init_latent"], repaint_share(in_pixels(case.arrays["mask_latent"])), clean=VERSION.holds_clean)


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def reference(request: pytest.FixtureRequest) -> Reference:
    return read_reference(request.param)


@pytest.mark.parametrize(("folder", "name"), CASES, ids=[f"{folder.name}-{name}" for folder, name in CASES])
def test_a_loop_agrees(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first noise to the picture, by way of every step that was kept."""
    reference = read_reference(folder)
    case = reference.cases[name]
    settings = case.settings
    height, width = settings["latent_height"], settings["latent_width"]
    scheduler = scheduler_of(reference, SAMPLERS[settings["sampler"]])
    made = watched(scheduler, **({"eta": settings["eta"]} if settings["eta"] else {}))
    draws = Draws(case["q_noise" if settings["task"] == "img2img" else "x_T"], *case.arrays.get("noise", ()))
    monkeypatch.setattr(torch, "randn", draws)
    generators = [torch.Generator()]
    picture = case["init_latent"] if settings["task"] == "img2img" else None
    strength = 1 - settings.get("strength_kept", 0.0)  # the release's is the share that is kept
    latents, noise, timesteps = begin(
        scheduler, settings["num_steps"], strength, picture, (4, height, width), generators
    )
    assert timesteps.tolist() == case["timesteps"].tolist()
    assert difference(latents, case["x_T"]) <= TOLERANCE
    shown = shown_of(reference, case)
    latents = denoise(
        reference.unet(settings["task"]),
        scheduler,
        shown[:1],
        shown[1:],
        latents=latents,
        noise=noise,
        timesteps=timesteps,
        guidance_scale=settings["guidance_scale"],
        generators=generators,
        on_step=lambda step, clean: None,
        known=known_of(case),
        clean_rule=dynamically_thresholded,
    )
    assert len(made) == settings["executed_steps"]
    for step, theirs in enumerate(case.arrays.get("steps", ())):
        assert difference(made[step], torch.from_numpy(theirs)) <= TOLERANCE, f"step {step + 1}"
    assert difference(latents, case["latent"]) <= TOLERANCE
    assert len(draws.left) == (settings["sampler"] == "p")  # the last of its draws has no effect, and we make none
    if "decoded" in case.arrays:
        scaled = latents / reference.numbers.scaling_factor
        assert difference(decoded(reference, scaled), case["decoded"]) <= TOLERANCE
    if "image_u8" in case.arrays:
        image = codec_of(reference).decode(latents)[: settings["height"], : settings["width"]]
        assert np.abs(image.astype(int) - case.arrays["image_u8"]).max() <= 1


def test_every_way_of_sampling_is_compared() -> None:
    for folder in FOLDERS:
        settings = [case.settings for case in read_reference(folder).cases.values()]
        compared = {(one["task"], one["sampler"], bool(one["eta"])) for one in settings}
        assert compared >= {
            ("text2img", "ddim", False),
            ("text2img", "ddim", True),
            ("text2img", "p", False),
            ("img2img", "ddim", False),
            ("inpaint", "ddim", False),
            ("inpaint", "p", False),
        }
        assert any(one["height"] != one["width"] for one in settings)


def test_the_timesteps_are_those_of_the_release(reference: Reference) -> None:
    """All of them, where their number does not divide 1000: 75 steps asked for are 77."""
    compared = 0
    for name, array in reference.arrays.items():
        for start, key in (("schedule.ddim", "ddim"), ("schedule.p", "ddpm")):
            if name.startswith(start):
                asked = int(name.removeprefix(start))
                scheduler = scheduler_of(reference, key)
                scheduler.set_timesteps(asked)
                assert scheduler.timesteps.tolist()[::-1] == array.tolist(), name
                assert VERSION.steps_made(key, asked) == len(array), name
                compared += 1
    assert compared > 2


@pytest.mark.parametrize("key", list(SCHEDULERS))
def test_the_version_knows_how_many_steps_there_will_be(reference: Reference, key: str) -> None:
    scheduler = scheduler_of(reference, key)
    limits = VERSION.spec.num_inference_steps
    for asked in range(limits.minimum, limits.maximum + 1):
        set_steps(scheduler, asked)
        assert VERSION.steps_made(key, asked) == len(scheduler.timesteps.unique()), asked


def test_the_noise_schedule_is_kept_in_double_precision(reference: Reference) -> None:
    for key in SAMPLERS.values():
        scheduler = scheduler_of(reference, key)
        assert difference(scheduler.betas, reference["schedule.betas"]) <= 1e-15
        assert difference(scheduler.alphas_cumprod, reference["schedule.alphas_cumprod"]) <= 1e-14


def test_as_many_steps_of_a_picture_are_made(reference: Reference) -> None:
    """Given the share that changes, what the release keeps taken from 1. But where it makes no step, we make one."""
    table = [reference.arrays[f"strength.{name}"].tolist() for name in ("num_steps", "kept_percent", "executed")]
    generators = [torch.Generator()]
    for asked, kept, executed in zip(*table, strict=True):
        strength = 1 - kept / 100
        assert steps_of_the_way(VERSION.steps_made("ddim", asked), strength) == max(executed, 1), (asked, kept)
        scheduler = scheduler_of(reference, "ddim")
        _, _, timesteps = begin(scheduler, asked, strength, torch.zeros(1, 4, 1, 1), (4, 1, 1), generators)
        assert timesteps.tolist() == scheduler.timesteps.tolist()[-max(executed, 1) :], (asked, kept)


@pytest.mark.parametrize(("folder", "name"), INPAINTING, ids=[f"{folder.name}-{name}" for folder, name in INPAINTING])
def test_a_mask_is_shrunk_alike(folder: Path, name: str) -> None:
    """Of a mask in pixels the release looks at one in 64; we keep a cell only if all of its pixels are to stay."""
    case = read_reference(folder).cases[name]
    keep = case.arrays["mask_eroded"]
    cells = case.arrays["mask_latent"]
    assert np.array_equal(shrink_known(cells[0, 0].astype(np.float32)), keep[0, 0])
    assert torch.equal(repaint_share(in_pixels(cells)), torch.from_numpy(1 - keep.astype(np.float32)))
    mask = (1 - case.arrays["mask_u8"]) * np.uint8(255)
    if mask.shape == (8 * keep.shape[2], 8 * keep.shape[3]):
        kept = (repaint_share(mask) == 0).numpy()
        assert not (kept & (keep == 0)).any()


@pytest.mark.parametrize(("folder", "name"), PICTURES, ids=[f"{folder.name}-{name}" for folder, name in PICTURES])
def test_a_picture_is_encoded_alike(folder: Path, name: str) -> None:
    """But for the draw from the posterior: ours is its mean."""
    reference = read_reference(folder)
    case = reference.cases[name]
    image = to_tensor(case.arrays["prepared_u8"])
    scale = reference.numbers.scaling_factor
    latents = codec_of(reference).encode(image)
    assert latents.dtype == torch.float32
    with torch.no_grad():
        deviation = reference.vae.encode(image).latent_dist.std
    assert difference(latents + deviation * case["posterior_noise"] * scale, case["init_latent"]) <= TOLERANCE


def test_a_picture_decodes_to_the_levels_of_the_release(reference: Reference) -> None:
    latents = reference["vae.z"] * reference.numbers.scaling_factor
    theirs = ((reference["vae.decoded"] + 1) * 127.5).round().clamp(0, 255)[0].permute(1, 2, 0)
    image = codec_of(reference).decode(latents)
    assert np.abs(image.astype(int) - theirs.numpy().astype(int)).max() <= 1


def test_the_threshold() -> None:
    """Each row by its own quantile, and not at all where that is no more than 1."""
    generator = torch.Generator().manual_seed(3)
    small, large = torch.rand((1, 4, 8, 8), generator=generator), 7 * torch.randn((1, 4, 8, 8), generator=generator)
    assert torch.equal(dynamically_thresholded(small), small)
    limit = float(np.percentile(np.abs(large.numpy()), 99.5))
    assert limit > 7
    expected = torch.from_numpy(np.clip(large.numpy(), -limit, limit) / limit)
    assert difference(dynamically_thresholded(large), expected) <= 1e-6
    together = dynamically_thresholded(torch.cat([small, large]))
    assert torch.equal(together, torch.cat([small, dynamically_thresholded(large)]))
