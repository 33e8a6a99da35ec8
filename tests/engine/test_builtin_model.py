"""The built-in model means what it draws: measured on prompts, in pixels, through the real engine."""

import json
import warnings

import numpy as np
import pytest
import torch
from diffusers import KandinskyV22Pipeline, KandinskyV22PriorPipeline

from kandinsky_studio import paths
from kandinsky_studio.engine import weights
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.request import GenerationRequest, Pixels
from kandinsky_studio.engine.training.captions import LANGUAGES
from kandinsky_studio.engine.training.judge import Verdict, judge, score
from kandinsky_studio.engine.training.quality import prompts, table
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, SHAPES, Shape

PROMPTS = 24


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("cpu")


def request_for(prompt: str, **values: object) -> GenerationRequest:
    return spec_of("builtin").request(prompt, **values)


def picture(engine: Engine, prompt: str, **values: object) -> Pixels:
    return engine.generate(request_for(prompt, **values))[0].image


def seen(image: Pixels) -> tuple[str, list[str]]:
    """The ground's colour, and each shape as “colour kind”."""
    verdict: Verdict = judge(image)
    shapes = [f"{COLOUR_NAMES[shape.colour]} {SHAPES[shape.kind]}" for shape in verdict.shapes]
    return COLOUR_NAMES[verdict.background], shapes


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_pictures_show_what_the_prompt_says(engine: Engine, language) -> None:  # type: ignore[no-untyped-def]
    scenes, texts = prompts(language, PROMPTS, 1)
    pictures = np.stack([picture(engine, text, seed=k, prior_seed=k) for k, text in enumerate(texts)])
    result = score(pictures, scenes)
    assert result["background"] >= 0.9
    assert result["colour"] >= 0.9
    assert result["shape"] >= 0.6


@pytest.mark.parametrize("prompt", ["a red circle on a blue background", "красный круг на синем фоне"])
def test_the_first_thing_everybody_tries(engine: Engine, prompt: str) -> None:
    assert seen(picture(engine, prompt)) == ("blue", ["red circle"])


def test_both_languages_mean_the_same_picture(engine: Engine) -> None:
    english = engine.generate(request_for("a yellow star on a purple background"))[0]
    russian = engine.generate(request_for("жёлтая звезда на фиолетовом фоне"))[0]
    other = engine.generate(request_for("чёрный квадрат на белом фоне"))[0]

    def nearness(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert nearness(english.image_embeds, russian.image_embeds) > 0.8
    assert nearness(english.image_embeds, other.image_embeds) < 0.4


def test_the_idea_seed_moves_the_shape_and_the_rendering_seed_does_not(engine: Engine) -> None:
    def place(**seeds: int) -> np.ndarray:
        (shape,) = judge(picture(engine, "a white circle on a black background", **seeds)).shapes
        return np.array((shape.x, shape.y, shape.radius))

    first = place(prior_seed=1, seed=1)
    assert np.abs(first - place(prior_seed=1, seed=2)).max() < 0.04
    assert max(np.abs(first - place(prior_seed=seed, seed=1)).max() for seed in (2, 3, 4)) > 0.08


def test_places_and_sizes_are_mostly_obeyed(engine: Engine) -> None:
    def shapes(prompt: str) -> list[Shape]:
        verdicts = [judge(picture(engine, prompt, prior_seed=seed, seed=seed)) for seed in range(8)]
        return [verdict.shapes[0] for verdict in verdicts]

    left, right = shapes("a red circle on the left, white background"), shapes("красный круг справа на белом фоне")
    assert sum(shape.x < 0.45 for shape in left) >= 7
    assert sum(shape.x > 0.5 for shape in right) >= 7
    small, big = shapes("a small blue circle on a white background"), shapes("большой синий круг на белом фоне")
    assert np.mean([shape.radius for shape in small]) + 0.05 < np.mean([shape.radius for shape in big])


def test_steps_and_schedulers_agree_on_the_meaning(engine: Engine) -> None:
    for scheduler in spec_of("builtin").schedulers:
        image = picture(engine, "a green square on a white background", scheduler=scheduler, num_inference_steps=25)
        assert seen(image)[0] == "white", scheduler
        assert COLOUR_NAMES[judge(image).shapes[0].colour] == "green", scheduler


def test_the_stock_pipelines_draw_the_same_meaning(engine: Engine) -> None:
    folder = paths.builtin_model()
    with warnings.catch_warnings():  # diffusers' own deprecations
        warnings.simplefilter("ignore")
        options = {"local_files_only": True, "use_safetensors": True, "dtype": torch.float32}
        first = KandinskyV22PriorPipeline.from_pretrained(folder / "kandinsky-2-2-prior", **options)
        second = KandinskyV22Pipeline.from_pretrained(folder / "kandinsky-2-2-decoder", **options)
        first.set_progress_bar_config(disable=True)
        second.set_progress_bar_config(disable=True)
        random = torch.Generator().manual_seed(0)
        idea = first("жёлтый круг на зелёном фоне", num_inference_steps=15, guidance_scale=1.0, generator=random)
        image = second(
            image_embeds=idea.image_embeds,
            negative_image_embeds=idea.negative_image_embeds,
            height=128,
            width=128,
            num_inference_steps=20,
            guidance_scale=2.0,
            generator=random,
        ).images[0]
    assert seen(np.asarray(image)) == ("green", ["yellow circle"])


def test_the_published_figures_pass() -> None:
    figures = json.loads((paths.builtin_model() / "quality.json").read_text(encoding="utf-8"))
    for language in ("en", "ru"):
        assert figures[language]["one"]["background"] >= 0.9
        assert figures[language]["one"]["colour"] >= 0.9
        assert figures[language]["one"]["shape"] >= 0.6


def test_readme_shows_the_published_figures() -> None:
    figures = json.loads((paths.builtin_model() / "quality.json").read_text(encoding="utf-8"))
    readme = (paths.resources().parent / "README.md").read_text(encoding="utf-8")
    assert table(figures) in readme


def test_the_spec_knows_the_size_of_its_files() -> None:
    files, spec = weights.find("builtin"), spec_of("builtin")
    assert spec.disk_size == files.disk_size()
    assert spec.memory_size == 2 * files.parameter_count()
