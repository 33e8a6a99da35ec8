"""What diffusers' pipelines for 2.2 get wrong, by the numbers of ``facts/kandinsky.md`` §2.2, is right here.

Each test ends by looking whether diffusers still does it wrong. Once it does not, the test is skipped with a word about
that; nothing of ours depends on it.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers import (
    KandinskyV22ControlnetPipeline,
    KandinskyV22Img2ImgPipeline,
    KandinskyV22InpaintPipeline,
    KandinskyV22Pipeline,
    KandinskyV22PriorEmb2EmbPipeline,
    KandinskyV22PriorPipeline,
)
from PIL import Image

from kandinsky_studio.engine import ideas, painting
from kandinsky_studio.engine.conditioning import Conditioning, Conditions
from kandinsky_studio.engine.embeddings import Slot
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.loaded import LoadedModel
from kandinsky_studio.engine.prior import Drift, sample_prior
from kandinsky_studio.engine.raster import Raster, as_mask
from kandinsky_studio.engine.request import GenerationRequest, Pixels, Progress, Stage, Task
from kandinsky_studio.engine.sampling import Known, begin, denoise
from kandinsky_studio.engine.schedulers import SCHEDULERS, build_prior_scheduler, build_scheduler
from kandinsky_studio.errors import Cancelled, ValueOutOfRange, WrongSize

Build = Callable[..., GenerationRequest]
Stock = Callable[..., Any]

every_task = pytest.mark.parametrize("task", list(Task), ids=str)
every_scheduler = pytest.mark.parametrize("key", list(SCHEDULERS))


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine whose model stays loaded from test to test."""
    return Engine("cpu")


@pytest.fixture
def ours(engine: Engine, tiny_model: str) -> LoadedModel:
    engine.load(tiny_model)
    assert engine._model is not None
    return engine._model


def images(engine: Engine, request: GenerationRequest) -> list[Pixels]:
    return [result.image for result in engine.generate(request)]


def embeddings() -> tuple[torch.Tensor, torch.Tensor]:
    towards, away = torch.randn((2, 1, 32), generator=torch.Generator().manual_seed(3))
    return towards, away


def picture(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def still(defect: str, use: Callable[[], object]) -> None:
    """Skip the test, which has passed, if ``use`` of a stock pipeline has become right: neither false nor an error."""
    try:
        wrong = not use()
    except Exception:  # noqa: BLE001 - whatever the defect raises
        wrong = True
    if not wrong:
        pytest.skip(f"diffusers {diffusers.__version__} has repaired {defect}")


def test_1_a_changed_picture_keeps_its_orientation(
    stock: Stock, engine: Engine, ours: LoadedModel, tiny_request: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is what the stock pipeline makes once its width and height are given the wrong way round."""
    image = picture(128, 64)
    request = tiny_request(task=Task.image2image, image=Raster(np.asarray(image)), width=128, strength=0.7)
    assert images(engine, request)[0].shape == (64, 128, 3)

    towards, away = embeddings()
    made: list[torch.Tensor] = []
    monkeypatch.setattr(painting, "denoise", lambda *args, **options: made.append(denoise(*args, **options)) or made[0])
    shown = [Conditioning(added={"image_embeds": embeds}) for embeds in (towards, away)]
    painting.paint(ours, dataclasses.replace(request, scheduler="ddim"), Conditions(*shown, towards), lambda *_: None)
    pipeline = stock(KandinskyV22Img2ImgPipeline)
    pipeline.scheduler = diffusers.DDIMScheduler.from_config(pipeline.scheduler.config)

    def stock_made(width: int, height: int) -> torch.Tensor:
        return pipeline(
            towards,
            image,
            away,
            width=width,
            height=height,
            strength=0.7,
            num_inference_steps=3,
            guidance_scale=request.guidance_scale,
            generator=torch.Generator().manual_seed(request.seed),
            output_type="latent",
        ).images

    expected = next(latents for latents in (stock_made(64, 128), stock_made(128, 64)) if latents.shape[2] == 8)
    assert float((made[0] - expected).abs().max()) < 1e-4
    still("#1", lambda: stock_made(128, 64).shape[2:] == (8, 16))


def test_2_the_prior_starts_from_an_embedding_in_its_own_space(ours: LoadedModel, stock: Stock) -> None:
    """Whatever the mean and the deviation of the embeddings are: they are no more than a change of units."""
    ours.fetch()
    ours.need(ours.version.idea_parts(None))
    words = ideas.text_encoding(ours, "red")
    start = embeddings()[0]
    priors = [copy.deepcopy(ours.part("prior")) for _ in range(2)]
    mean, deviation = priors[0].clip_mean.data, priors[0].clip_std.data
    priors[1].clip_mean.data, priors[1].clip_std.data = torch.zeros_like(mean), torch.ones_like(deviation)
    plain, units = (
        sample_prior(
            prior,
            build_prior_scheduler("unclip", ours.part("prior_scheduler")),
            words,
            words,
            None,
            num_inference_steps=5,
            guidance_scale=2.0,
            generator=torch.Generator().manual_seed(0),
            on_step=lambda step: None,
            drift=Drift(embeds, 0.4),
        )
        for prior, embeds in zip(priors, (start, (start - mean) / deviation), strict=True)
    )
    assert torch.allclose(plain, units * deviation + mean, atol=1e-5)
    assert float(mean.abs().mean() + (deviation - 1).abs().mean()) > 0.1
    still("#2, a tiny strength", lambda: len(stock(KandinskyV22PriorEmb2EmbPipeline)("", start, 0.01).image_embeds))


def test_2_a_tiny_strength_of_the_prior_is_one_step(engine: Engine, task_request: Build) -> None:
    results = engine.generate(task_request(Task.mix, prior_strength=0.01))
    assert results[0].image_embeds is not None
    assert results[0].image_embeds.shape == (32,)
    assert np.isfinite(results[0].image_embeds).all()


def test_2_a_mix_and_what_it_leads_away_from_are_no_chance(
    engine: Engine, ours: LoadedModel, task_request: Build, stock: Stock
) -> None:
    for fields in (
        {},
        {"prior_strength": 0.5},
        {"slots": (Slot("red"), Slot(image=Raster(np.asarray(picture(9, 9)))))},
    ):
        request = task_request(Task.mix, guidance_scale=3.0, **fields)
        first = ideas.idea(ours, request, lambda step: None)
        torch.manual_seed(99)
        ours.ideas.clear()
        again = ideas.idea(ours, request, lambda step: None)
        assert all(a is not None and b is not None and torch.equal(a, b) for a, b in zip(first, again, strict=True))
    pipeline = stock(KandinskyV22PriorEmb2EmbPipeline)
    still("#2, interpolate", lambda: pipeline.interpolate(["red", picture(64, 64)], [0.5, 0.5]))


def test_3_a_mix_of_several_pictures_is_one_embedding_for_each(engine: Engine, task_request: Build) -> None:
    request = task_request(Task.mix, num_images_per_prompt=3)
    results = engine.generate(request)
    alone = [engine.generate(result.request)[0].image_embeds for result in results]
    assert all(np.array_equal(result.image_embeds, embeds) for result, embeds in zip(results, alone, strict=True))
    assert len({result.image_embeds.tobytes() for result in results if result.image_embeds is not None}) == 3
    # What adds them up is the stock pipeline of 2.1.


def test_4_one_step_of_the_prior_is_refused_and_two_work(engine: Engine, tiny_request: Build, stock: Stock) -> None:
    with pytest.raises(ValueOutOfRange, match="prior_num_inference_steps"):
        engine.generate(tiny_request(prior_num_inference_steps=1))
    assert np.isfinite(engine.generate(tiny_request(prior_num_inference_steps=2))[0].image_embeds).all()
    still("#4", lambda: stock(KandinskyV22PriorPipeline)("red", num_inference_steps=1))


@every_task
@pytest.mark.parametrize("size", [(72, 100), (100, 72), (65, 127)])
def test_5_any_size_comes_out_as_asked_for(
    engine: Engine, task_request: Build, stock: Stock, task: Task, size: tuple[int, int]
) -> None:
    width, height = size
    fields: dict[str, Any] = {"width": width, "height": height}
    if task is Task.inpaint:
        fields |= {"image": Raster(np.asarray(picture(*size))), "mask": as_mask(np.eye(height, width) > 0)}
    if task is Task.outpaint:
        fields["image"] = Raster(np.asarray(picture(width - 32, height - 16)))
    assert images(engine, task_request(task, num_inference_steps=2, **fields))[0].shape == (height, width, 3)
    towards, away = embeddings()
    options = {"width": 72, "height": 72, "num_inference_steps": 3}
    decoder, changer = stock(KandinskyV22Pipeline), stock(KandinskyV22Img2ImgPipeline)
    if task is Task.text2image:
        still("#5, text2image", lambda: decoder(towards, away, **options).images[0].size == (72, 72))
    if task is Task.image2image:
        still("#5, image2image", lambda: changer(towards, picture(72, 72), away, strength=0.7, **options))


@pytest.mark.parametrize("task", [Task.image2image, Task.inpaint, Task.outpaint, Task.depth], ids=str)
def test_6_the_smallest_strength_is_one_step(engine: Engine, task_request: Build, stock: Stock, task: Task) -> None:
    reports: list[Progress] = []
    fields = {"image": Raster(np.asarray(picture(64, 64)))} if task is Task.depth else {}
    engine.generate(task_request(task, strength=0.001, num_inference_steps=10, **fields), on_progress=reports.append)
    assert [report.step for report in reports if report.stage is Stage.decoder] == [0, 1]
    towards, away = embeddings()
    options = {"width": 64, "height": 64, "num_inference_steps": 10, "strength": 0.05}
    still("#6", lambda: stock(KandinskyV22Img2ImgPipeline)(towards, picture(64, 64), away, **options))


@every_task
def test_7_without_guidance_there_are_as_many_pictures_as_asked_for(
    engine: Engine, task_request: Build, stock: Stock, task: Task
) -> None:
    made = images(engine, task_request(task, guidance_scale=1.0, num_images_per_prompt=2, num_inference_steps=2))
    assert len({image.tobytes() for image in made}) == 2
    options = {"width": 64, "height": 64, "num_inference_steps": 2, "guidance_scale": 1.0, "num_images_per_prompt": 2}
    still("#7", lambda: stock(KandinskyV22Pipeline)(*embeddings(), **options))


def test_8_several_ideas_fill_the_same_hole(engine: Engine, task_request: Build, stock: Stock) -> None:
    request = task_request(Task.inpaint, num_images_per_prompt=3, vary_rendering=False)
    results = engine.generate(request)
    assert len({result.image.tobytes() for result in results}) == 3
    assert len({result.image_embeds.tobytes() for result in results if result.image_embeds is not None}) == 3
    two = [embeds.repeat(2, 1) for embeds in embeddings()]
    mask = Image.fromarray(np.eye(64, dtype=np.uint8) * 255)
    options = {"width": 64, "height": 64, "num_inference_steps": 2}
    still("#8", lambda: stock(KandinskyV22InpaintPipeline)(two[0], picture(64, 64), mask, two[1], **options))


def test_9_masks_of_any_kind_are_the_same_mask_and_stay_as_they_are(
    engine: Engine, task_request: Build, stock: Stock
) -> None:
    marked = np.zeros((80, 96), bool)
    marked[30:60, 20:70] = True
    grey = marked.astype(np.uint8) * np.uint8(255)
    opaque = np.full_like(grey, 255)
    kinds = [
        marked,
        grey,
        marked.astype(np.float32),
        marked.astype(np.float64),
        np.dstack([grey] * 3),
        np.dstack([grey, grey, grey, opaque]),
        np.dstack([opaque, opaque, opaque, grey]),
        Raster(grey),
    ]
    before = copy.deepcopy(kinds)
    request = task_request(Task.inpaint)
    made = [images(engine, dataclasses.replace(request, mask=as_mask(kind)))[0] for kind in kinds]
    assert all(np.array_equal(image, made[0]) for image in made)
    for kind, kept in zip(kinds, before, strict=True):
        assert kind == kept if isinstance(kind, Raster) else np.array_equal(kind, kept)
    soft = dataclasses.replace(request, mask=as_mask(marked * 0.5))
    assert not np.array_equal(images(engine, soft)[0], made[0])
    assert not np.array_equal(images(engine, soft)[0], pixels_of(request))
    with pytest.raises(WrongSize):
        images(engine, dataclasses.replace(request, mask=as_mask(marked[:40])))

    tensor = torch.full((1, 1, 64, 64), 0.7)
    options = {"width": 64, "height": 64, "num_inference_steps": 2}
    pipeline = stock(KandinskyV22InpaintPipeline)
    towards, away = embeddings()
    pipeline(towards, torch.zeros(1, 3, 64, 64), tensor, away, **options)
    still("#9", lambda: bool((tensor == 0.7).all()))


def pixels_of(request: GenerationRequest) -> Pixels:
    assert request.image is not None
    return request.image.pixels


@every_task
def test_10_cancelling_at_every_step_of_every_task_leaves_a_ready_engine(
    engine: Engine, task_request: Build, task: Task
) -> None:
    small = {"num_inference_steps": 2, "prior_num_inference_steps": 2, "num_images_per_prompt": 2}
    request = task_request(task, seed=100, **small)
    reports: list[Progress] = []
    expected = [result.image for result in engine.generate(request, on_progress=reports.append)]
    assert {report.stage for report in reports} >= {Stage.prior, Stage.decoder, Stage.decoding}
    steps = [report for report in reports if report.stage is not Stage.loading]
    for at in range(len(steps)):
        left = at

        def cancel(progress: Progress) -> None:
            nonlocal left
            left -= progress.stage is not Stage.loading
            if left < 0:
                raise Cancelled

        with pytest.raises(Cancelled):  # of another idea seed, so that the prior has to run
            engine.generate(dataclasses.replace(request, prior_seed=1000 * (at + 1)), on_progress=cancel)
    assert all(np.array_equal(a, b) for a, b in zip(images(engine, request), expected, strict=True))


def test_10_the_stock_pipelines_for_depth_can_only_be_watched() -> None:
    assert "on_progress" in inspect.signature(Engine.generate).parameters
    call = inspect.signature(KandinskyV22ControlnetPipeline.__call__)
    still("#10", lambda: "callback_on_step_end" in call.parameters)


@every_scheduler
@pytest.mark.parametrize("task", [Task.image2image, Task.inpaint, Task.depth], ids=str)
def test_11_every_scheduler_works_in_every_task(engine: Engine, task_request: Build, task: Task, key: str) -> None:
    fields = {"image": Raster(np.asarray(picture(64, 64))), "strength": 0.7} if task is Task.depth else {}
    first, second = (images(engine, task_request(task, scheduler=key, seed=seed, **fields))[0] for seed in (1, 2))
    assert not np.array_equal(first, second)
    assert first.std() > 1


class Watcher:
    """A decoder that keeps what it is shown, and knows no better than that the picture is the mean one."""

    device = torch.device("cpu")
    dtype = torch.float32
    config = SimpleNamespace(in_channels=4)

    def __init__(self) -> None:
        self.shown: list[tuple[float, torch.Tensor]] = []

    def __call__(self, sample: torch.Tensor, t: torch.Tensor, **_: Any) -> tuple[torch.Tensor]:
        self.shown.append((float(t), sample.clone()))
        bar = alpha_bar(float(t))
        return (torch.cat([sample * (1 - bar) ** 0.5, torch.zeros_like(sample)], dim=1),)


def alpha_bar(t: float) -> float:
    """The share of the picture in the variance at ``t``, which Euler puts between two timesteps."""
    products = torch.cumprod(1 - torch.linspace(0.00085, 0.012, 1000, dtype=torch.float64), 0)
    return float(np.interp(t, np.arange(1000), products.numpy()))


@every_scheduler
@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_11_the_decoder_is_shown_as_much_noise_as_it_was_trained_with(key: str, strength: float) -> None:
    """At each step, where the picture is known; and at the first, where it is not."""
    config = {"_class_name": "", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "linear", "steps_offset": 1}
    scheduler = build_scheduler(key, {**config, "num_train_timesteps": 1000, "prediction_type": "epsilon"})
    picture = 3 * torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(5))
    generators = [torch.Generator().manual_seed(6)]
    latents, noise, timesteps = begin(scheduler, 8, strength, picture if strength < 1 else None, (4, 8, 8), generators)
    repaint = torch.zeros(1, 1, 8, 8)
    repaint[..., 4:] = 1
    watcher = Watcher()
    made = denoise(
        watcher,
        scheduler,
        [Conditioning()],
        None,
        latents=latents,
        noise=noise,
        timesteps=timesteps,
        guidance_scale=1.0,
        generators=generators,
        on_step=lambda step, clean: None,
        known=Known(picture, repaint),
    )
    assert torch.equal(made[..., :4], picture[..., :4])
    assert torch.isfinite(made).all()
    assert len(watcher.shown) == len(timesteps)
    for number, (t, sample) in enumerate(watcher.shown):
        bar = alpha_bar(t)
        expected = bar**0.5 * picture + (1 - bar) ** 0.5 * noise
        if number:
            assert torch.allclose(sample[..., :4], expected[..., :4], atol=0.03), (number, t)
        else:
            assert torch.allclose(sample, expected if strength < 1 else noise, atol=0.03)


@pytest.mark.parametrize("key", ["euler", "unipc"])
def test_11_what_the_stock_pipelines_do_with_other_schedulers(stock: Stock, key: str) -> None:
    pipeline = stock(KandinskyV22Pipeline)
    pipeline.scheduler = getattr(diffusers, SCHEDULERS[key]).from_config(pipeline.scheduler.config)
    shown: list[float] = []
    hook = pipeline.unet.register_forward_pre_hook(
        lambda module, inputs, options: shown.append(float(options["sample"].std())), with_kwargs=True
    )

    def use() -> bool:
        pipeline(*embeddings(), width=64, height=64, num_inference_steps=3)
        return max(shown) < 2

    try:
        assert hasattr(build_scheduler(key, pipeline.scheduler.config), "scale_model_input")
        still(f"#11, {key}", use)
    finally:
        hook.remove()
