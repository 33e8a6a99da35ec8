"""Kandinsky 2.0's networks and tokenizers agree with the first release, run with tiny random weights.

``tests/fixtures/k20_*/README.md`` says what each stored array is. More such folders can be named in
``KANDINSKY_STUDIO_K20_FIXTURES``, separated as in ``PATH``.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler, DDPMScheduler, UNet2DConditionModel

from kandinsky_studio.engine.original import Numbers, load_unet, load_vae, read_numbers
from kandinsky_studio.engine.two_encoders import (
    TextProjection,
    TwoEncoders,
    load_text_projection,
    load_two_encoders,
)

TOLERANCE = 1e-4  # the largest difference allowed anywhere
NAMED = os.environ.get("KANDINSKY_STUDIO_K20_FIXTURES", "").split(os.pathsep)
FOLDERS = [*sorted((Path(__file__).parents[1] / "fixtures").glob("k20_*")), *(Path(name) for name in NAMED if name)]
CHECKPOINTS = {"text2img": "Kandinsky-2-0.pt", "img2img": "Kandinsky-2-0.pt", "inpaint": "Kandinsky-2-0-inpainting.pt"}


@dataclass(frozen=True, eq=False)
class Case:
    """One sampling loop of the release: ``settings`` as in cases.json, ``arrays`` by their name without the case's."""

    settings: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]

    def __getitem__(self, name: str) -> torch.Tensor:
        return torch.from_numpy(self.arrays[name])


@dataclass(frozen=True, eq=False)
class Reference:
    """A fixture folder: the model's files, what the release made of them, and the model as we read it, in float32."""

    folder: Path
    arrays: Mapping[str, np.ndarray]
    cases: Mapping[str, Case]

    def __getitem__(self, name: str) -> torch.Tensor:
        return torch.from_numpy(self.arrays[name])

    def texts(self, name: str = "prompts") -> list[str]:
        return [str(text) for text in self.arrays[name]]

    @functools.cached_property
    def numbers(self) -> Numbers:
        return read_numbers(self.folder)

    @functools.cached_property
    def encoders(self) -> TwoEncoders:
        return load_two_encoders(self.folder, torch.float32)

    @functools.cached_property
    def vae(self) -> AutoencoderKL:
        return load_vae(self.folder / "vae.ckpt", self.numbers, torch.float32)

    @functools.cache  # noqa: B019 - the references live as long as the tests
    def unet(self, task: str) -> UNet2DConditionModel:
        return load_unet(self.folder / CHECKPOINTS[task], self.numbers, torch.float32)

    @functools.cache  # noqa: B019
    def projection(self, task: str) -> TextProjection:
        return load_text_projection(self.folder / CHECKPOINTS[task], self.numbers, torch.float32)


@functools.cache
def read_reference(folder: Path) -> Reference:
    with np.load(folder / "expected.npz", allow_pickle=False) as file:
        arrays = dict(file)
    cases = {}
    for settings in json.loads((folder / "cases.json").read_text(encoding="utf-8"))["cases"]:
        start = settings["name"] + "."
        own = {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
        cases[settings["name"]] = Case(settings, own)
    return Reference(folder / "Kandinsky_2.0", arrays, cases)


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def reference(request: pytest.FixtureRequest) -> Reference:
    return read_reference(request.param)


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def difference(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    assert ours.shape == theirs.shape
    return float((ours.double() - theirs.double()).abs().max())


def test_there_is_a_reference() -> None:
    assert FOLDERS


@pytest.mark.parametrize("texts", ["prompts", "edge_texts"])
def test_the_token_numbers_are_those_of_the_release(reference: Reference, texts: str) -> None:
    tokens = reference.encoders.tokenize(reference.texts(texts))
    kind = "prompt" if texts == "prompts" else "edge"
    for name in ("ids1", "mask1", "ids2", "mask2"):
        ours, theirs = getattr(tokens, name), reference[f"{kind}_{name}"]
        unequal = [
            text for text, same in zip(reference.texts(texts), (ours == theirs).all(dim=1), strict=True) if not same
        ]
        assert not unequal, name


def test_a_lone_surrogate_is_read_as_a_question_mark(reference: Reference) -> None:
    torn, plain = (reference.encoders.tokenize([text]) for text in ("a \ud800 b", "a ? b"))
    assert torch.equal(torn.ids1, plain.ids1)
    assert torch.equal(torn.ids2, plain.ids2)


def test_the_encoders_agree(reference: Reference) -> None:
    states = reference.encoders.hidden_states(reference.encoders.tokenize(reference.texts()))
    assert difference(states.hidden1, reference["text1_hidden"]) <= TOLERANCE
    assert difference(states.pooled1, reference["text1_pooled"]) <= TOLERANCE
    assert difference(states.hidden2, reference["text2_hidden"]) <= TOLERANCE


@pytest.mark.parametrize("task", ["text2img", "inpaint"])
def test_the_text_projection_agrees(reference: Reference, task: str) -> None:
    texts = reference.texts()
    name, prompts = ("t2i", texts) if task == "text2img" else ("inpaint", [*texts[:2], ""])
    context, pooled = reference.encoders.encode(prompts, reference.projection(task))
    assert difference(context, reference[f"{name}_context"]) <= TOLERANCE
    assert difference(pooled, reference[f"{name}_cls"]) <= TOLERANCE


@pytest.mark.parametrize("call", ["unet_square", "unet_oblong", "inpaint_unet_square", "inpaint_unet_oblong"])
def test_a_call_of_the_decoder_agrees(reference: Reference, call: str) -> None:
    task, sample = "text2img", reference[f"{call}.x"]
    if call.startswith("inpaint"):
        task, mask = "inpaint", reference[f"{call}.mask"]
        sample = torch.cat([sample, reference[f"{call}.image_latent"] * mask, mask], dim=1)
    prompt = reference.texts()[int(reference[f"{call}.prompt"])]
    context, pooled = reference.encoders.encode([prompt, ""], reference.projection(task))
    unet = reference.unet(task)
    for timestep, expected in zip(reference[f"{call}.t"], reference[f"{call}.out"], strict=True):
        predicted = unet(sample, timestep, encoder_hidden_states=context, class_labels=pooled).sample
        assert difference(predicted, expected) <= TOLERANCE


def test_the_vae_encodes_alike(reference: Reference) -> None:
    image = reference["vae.image_u8"].permute(2, 0, 1)[None] / 127.5 - 1
    posterior = reference.vae.encode(image).latent_dist
    assert difference(posterior.mean, reference["vae.mean"]) <= TOLERANCE
    assert difference(posterior.logvar, reference["vae.logvar"]) <= TOLERANCE
    drawn = posterior.mean + posterior.std * reference["vae.posterior_noise"]
    assert difference(drawn, reference["vae.sample"]) <= TOLERANCE


def test_the_vae_decodes_alike(reference: Reference) -> None:
    assert difference(reference.vae.decode(reference["vae.z"]).sample, reference["vae.decoded"]) <= TOLERANCE


def test_the_noise_schedule_is_that_of_the_release(reference: Reference) -> None:
    scheduler = DDPMScheduler(**reference.numbers.noise_schedule())
    assert difference(scheduler.betas, reference["schedule.betas"]) <= 1e-8
    assert difference(scheduler.alphas_cumprod, reference["schedule.alphas_cumprod"]) <= 1e-6


def test_the_timesteps_are_those_of_the_release(reference: Reference) -> None:
    """But for the steps that its ddim sampler adds where their number does not divide 1000."""
    noise = reference.numbers.noise_schedule()
    ddim = DDIMScheduler(**noise, timestep_spacing="leading", steps_offset=1)
    ddpm = DDPMScheduler(**noise, timestep_spacing="linspace")
    compared = 0
    for name, array in reference.arrays.items():
        for start, scheduler in (("schedule.ddim", ddim), ("schedule.p", ddpm)):
            if name.startswith(start):
                asked = int(name.removeprefix(start))
                scheduler.set_timesteps(asked)
                assert scheduler.timesteps.tolist()[::-1] == array[:asked].tolist(), name
                assert len(array) == asked or noise["num_train_timesteps"] % asked, name
                compared += 1
    assert compared


def test_every_case_has_its_arrays(reference: Reference) -> None:
    for case in reference.cases.values():
        settings = case.settings
        assert case["x_T"].shape == case["latent"].shape == (1, 4, settings["latent_height"], settings["latent_width"])
        assert len(case["timesteps"]) == settings["executed_steps"]
        assert settings["task"] in CHECKPOINTS
        assert 0 <= settings["prompt_index"] < len(reference.texts())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_near(reference: Reference, dtype: torch.dtype) -> None:
    """Whether it runs at all, and nothing is left in another dtype; the release used float16 on CUDA."""
    encoders = load_two_encoders(reference.folder, dtype)
    projection = load_text_projection(reference.folder / CHECKPOINTS["text2img"], reference.numbers, dtype)
    unet = load_unet(reference.folder / CHECKPOINTS["text2img"], reference.numbers, dtype)
    vae = load_vae(reference.folder / "vae.ckpt", reference.numbers, dtype)
    assert {p.dtype for module in (projection, unet, vae) for p in module.parameters()} == {dtype}
    context, pooled = encoders.encode(reference.texts(), projection)
    assert (context.dtype, pooled.dtype) == (dtype, dtype)
    for ours, theirs in ((context, reference["t2i_context"]), (pooled, reference["t2i_cls"])):
        assert difference(ours, theirs) < 0.05 * float(theirs.abs().max())
