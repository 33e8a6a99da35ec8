"""The built-in model means what it draws: measured on prompts, in pixels, through the real engine."""

import dataclasses
import json
import warnings

import numpy as np
import pytest
import torch
from diffusers import KandinskyV22Pipeline, KandinskyV22PriorPipeline

from kandinsky_studio import paths
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.models import find, spec_of
from kandinsky_studio.engine.request import GenerationRequest, Pixels
from kandinsky_studio.engine.training.captions import LANGUAGES, plain_caption, vocabulary
from kandinsky_studio.engine.training.card import card, editing_table, words_table
from kandinsky_studio.engine.training.depth import depth_map
from kandinsky_studio.engine.training.judge import Verdict, judge, palette_distance, score, silhouette
from kandinsky_studio.engine.training.measures import NEGATIVES, prompt_for
from kandinsky_studio.engine.training.quality import SAMPLES_FILE, sample_prompts
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES, SHAPES, Scene, Shape, coverage, draw, random_scene
from kandinsky_studio.engine.training.studio import Studio

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
    scenes = [random_scene(np.random.default_rng((8, k)), 1 + k % 2) for k in range(PROMPTS)]
    texts = [prompt_for(scene, language.code, k) for k, scene in enumerate(scenes)]
    pictures = np.stack([picture(engine, text, seed=k, prior_seed=k) for k, text in enumerate(texts)])
    result = score(pictures, scenes)
    assert result["background"] >= 0.95
    assert result["both"] >= 0.85


@pytest.mark.parametrize(
    "prompt",
    [
        "a red circle on a blue background",
        "красный круг на синем фоне",
        "ein roter Kreis auf blauem Grund",
        "un cercle rouge sur fond bleu",
        "un círculo rojo sobre fondo azul",
    ],
)
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


# ------------------------------------------------------------------ editing, through the stock pipelines


@pytest.fixture(scope="module")
def finished() -> Studio:
    return Studio(paths.builtin_model())


def scene_of(ground: str, *shapes: tuple[str, str, float, float]) -> Scene:
    placed = (Shape(SHAPES.index(kind), COLOUR_NAMES.index(colour), x, y, 0.16, 0.0) for colour, kind, x, y in shapes)
    return Scene(COLOUR_NAMES.index(ground), tuple(placed))


def drawn(scene: Scene) -> Pixels:
    return draw([scene], 128)[0]


def test_a_hole_gets_what_is_asked_for_and_the_rest_stays(finished: Studio) -> None:
    source = drawn(scene_of("blue", ("red", "circle", 0.25, 0.3), ("yellow", "square", 0.72, 0.68)))
    mask = np.zeros((128, 128), bool)
    mask[58:118, 62:122] = True
    filled = finished.fill(source, mask, finished.idea("a white star", 3), 3)
    assert seen(filled) == ("blue", ["red circle", "white star"])
    assert np.array_equal(filled[~mask], source[~mask])


def test_a_canvas_grows_into_its_ground(finished: Studio) -> None:
    source = drawn(scene_of("green", ("black", "triangle", 0.3, 0.5)))
    mask = np.zeros((128, 128), bool)
    mask[:, 76:] = True
    source[mask] = 128  # what a new part of a canvas looks like
    grown = finished.fill(source, mask, finished.idea("просто зелёный фон", 1), 1)
    assert seen(grown) == ("green", ["black triangle"])


def test_a_depth_map_says_where_and_the_prompt_which_colour(finished: Studio) -> None:
    (star,) = scene_of("white", ("red", "star", 0.35, 0.6)).shapes
    scene = Scene(COLOUR_NAMES.index("white"), (dataclasses.replace(star, radius=0.26),))
    picture = finished.obey(depth_map(scene), finished.idea("an orange star on a purple background", 2), 2)
    assert seen(picture) == ("purple", ["orange star"])
    wanted = coverage(scene.shapes, 128)[0] > 0.5
    assert (wanted & silhouette(picture)).sum() / (wanted | silhouette(picture)).sum() > 0.8


def test_a_mix_lies_between(finished: Studio) -> None:
    pair = [scene_of("yellow", ("red", "circle", 0.3, 0.5)), scene_of("black", ("white", "square", 0.7, 0.5))]
    left, right = finished.embed(np.stack([drawn(scene) for scene in pair]))
    mixed = {weight: finished.render((1 - weight) * left + weight * right, 5) for weight in (0.1, 0.5, 0.9)}
    assert seen(mixed[0.1]) == ("yellow", ["red circle"])
    assert seen(mixed[0.9]) == ("black", ["white square"])
    ground, (shape,) = seen(mixed[0.5])
    assert ground in ("yellow", "black")
    assert shape.split()[0] in ("red", "white")
    assert shape.split()[1] in ("circle", "square")
    places = [judge(mixed[weight]).shapes[0].x for weight in (0.1, 0.5, 0.9)]
    assert places == sorted(places)


def test_a_little_strength_keeps_the_layout_and_a_lot_lets_go(finished: Studio) -> None:
    scene = scene_of("white", ("red", "circle", 0.28, 0.28))
    target = scene_of("white", ("blue", "circle", 0.72, 0.72))
    (idea,) = finished.embed(drawn(target)[None])
    old = silhouette(drawn(scene))

    def kept(strength: float) -> float:
        new = silhouette(finished.change(drawn(scene), idea, strength, 4))
        return float((old & new).sum() / (old | new).sum())

    assert kept(0.3) > 0.7
    assert kept(0.9) < 0.2


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_negative_prompt_removes_what_it_names(engine: Engine, language: str) -> None:
    scene = scene_of("white", ("blue", "square", 0.5, 0.5))
    prompt = plain_caption(scene, language, with_ground=False)
    plain = [picture(engine, prompt, seed=k, prior_seed=k) for k in range(8)]
    values = {"negative_prompt": NEGATIVES[language]}
    without = [picture(engine, prompt, seed=k, prior_seed=k, **values) for k in range(8)]
    assert sum(seen(image)[0] == "white" for image in plain) >= 5
    assert sum(seen(image)[0] == "white" for image in without) <= 1
    assert sum(seen(image)[1] == ["blue square"] for image in without) >= 7
    assert np.median([palette_distance(image) for image in without]) < 8  # the colours are not burnt


# ------------------------------------------------------------------ what is said about it


def figures() -> dict[str, dict[str, float]]:
    return json.loads((paths.builtin_model() / "quality.json").read_text(encoding="utf-8"))


def test_the_published_figures_pass() -> None:
    values = figures()
    english = {count: values[f"words/en/{count}"]["both"] for count in ("one", "two")}
    assert english["one"] >= 0.95
    assert english["two"] >= 0.8
    for language in LANGUAGES:
        margin = 0.03 if language.code == "ru" else 0.1
        for count in ("one", "two"):
            measured = values[f"words/{language.code}/{count}"]
            assert measured["items"] >= 500
            assert measured["background"] >= 0.95
            assert measured["both"] >= english[count] - margin
    for code in ("en", "ru"):
        assert values[f"places/{code}"]["items"] >= 500
        assert values[f"places/{code}"]["place"] >= 0.9
    assert values["inpaint"]["asked"] >= 0.85
    assert values["inpaint"]["surroundings"] >= 0.95
    assert values["outpaint"]["ground named"] >= 0.95
    assert values["depth"]["overlap"] >= 0.9
    assert values["depth"]["colour"] >= 0.9
    assert values["mix"]["even, from the two"] >= 0.95
    assert min(values["mix"][f"{weight}, the heavier"] for weight in (0.1, 0.9)) >= 0.9
    for code in ("en", "ru"):
        assert values[f"negative/{code}"]["white before"] >= 0.6
        assert values[f"negative/{code}"]["white after"] <= 0.1
    assert values["movq"]["psnr"] >= 31
    assert values["movq"]["both"] >= 0.97
    assert values["decoder/one"]["both"] >= 0.95
    assert values["vision"]["shape"] >= 0.97
    assert min(values["hard negatives"].values()) >= 0.95


def test_readme_shows_the_published_figures() -> None:
    readme = (paths.resources().parent / "README.md").read_text(encoding="utf-8")
    assert words_table(figures()) in readme
    assert editing_table(figures()) in readme


def test_the_card_is_made_from_the_figures_and_the_words() -> None:
    folder = paths.builtin_model()
    written = (folder / "README.md").read_text(encoding="utf-8")
    assert written == card(folder, sample_prompts(), SAMPLES_FILE)
    assert (folder / SAMPLES_FILE).is_file()
    assert json.loads((folder / "vocabulary.json").read_text(encoding="utf-8")) == {
        language.code: {kind: list(entries) for kind, entries in vocabulary(language.code).items()}
        for language in LANGUAGES
    }


def test_it_stays_small() -> None:
    weights_alone = sum(path.stat().st_size for path in paths.builtin_model().rglob("*.safetensors"))
    assert weights_alone <= 60_000_000


def test_the_spec_knows_the_size_of_its_files() -> None:
    files, spec = find("builtin"), spec_of("builtin")
    assert spec.disk_size == files.disk_size()
    assert spec.memory_size == 2 * files.parameter_count(files.resident)
