"""Scenes are drawn as they say, and the judge reads them back."""

import dataclasses

import numpy as np
import pytest

from kandinsky_studio.engine.training.code import attributes, embed, read, scene_attributes
from kandinsky_studio.engine.training.judge import judge, score
from kandinsky_studio.engine.training.scenes import (
    COLOUR_NAMES,
    PALETTE,
    SHAPES,
    Scene,
    Shape,
    coverage,
    draw,
    in_reading_order,
    random_scene,
)

AREAS = {  # of a shape with radius 1, by geometry
    "circle": np.pi,
    "square": (2 * 0.84) ** 2,
    "triangle": 3 * np.sqrt(3) / 4,
    "star": 10 * 0.5 * 0.45 * np.sin(np.pi / 5),
    "ring": np.pi * (1 - (1 - 0.42) ** 2),
}


@pytest.mark.parametrize("kind", range(len(SHAPES)), ids=SHAPES)
@pytest.mark.parametrize("angle", [0.0, 0.2])
def test_a_shape_covers_its_area(kind: int, angle: float) -> None:
    cover = coverage([Shape(kind, 0, 0.5, 0.5, 0.3, angle)], 256)[0]
    assert cover.mean() == pytest.approx(AREAS[SHAPES[kind]] * 0.3**2, rel=0.01)


def test_colours_and_places_are_as_stated() -> None:
    scene = Scene(COLOUR_NAMES.index("blue"), (Shape(0, COLOUR_NAMES.index("red"), 0.25, 0.75, 0.15, 0.0),))
    picture = draw([scene], 128)[0]
    assert (picture[96, 32] == PALETTE[COLOUR_NAMES.index("red")]).all()
    assert (picture[32, 96] == PALETTE[COLOUR_NAMES.index("blue")]).all()


def test_the_same_seed_draws_the_same_picture() -> None:
    first, second = (
        draw([random_scene(rng) for _ in range(8)], 64, rng)
        for rng in (np.random.default_rng(5), np.random.default_rng(5))
    )
    assert np.array_equal(first, second)


def test_shapes_of_a_scene_never_touch() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        first, second = random_scene(rng, 2).shapes
        assert (coverage([first, second], 128).sum(0) <= 1.001).all()


def test_reading_order_is_left_to_right_or_top_to_bottom() -> None:
    left, right = Shape(0, 0, 0.2, 0.6, 0.1, 0), Shape(1, 1, 0.8, 0.4, 0.1, 0)
    assert in_reading_order([right, left]) == (left, right)
    upper, lower = Shape(0, 0, 0.6, 0.2, 0.1, 0), Shape(1, 1, 0.5, 0.8, 0.1, 0)
    assert in_reading_order([lower, upper]) == (upper, lower)


def test_a_code_holds_every_attribute() -> None:
    rng = np.random.default_rng(2)
    vectors = np.stack([scene_attributes(random_scene(rng)) for _ in range(50)])
    assert np.abs(read(embed(vectors)) - vectors).max() < 1e-4


def test_saying_nothing_is_the_zero_vector() -> None:
    assert not attributes(None, (), count_known=False).any()


@pytest.mark.parametrize(("shapes", "needed"), [(1, 0.99), (2, 0.96)])
def test_the_judge_is_right_about_real_pictures(shapes: int, needed: float) -> None:
    rng = np.random.default_rng(3)
    scenes = [random_scene(rng, shapes) for _ in range(60)]
    assert score(draw(scenes, 128, rng), scenes)["both"] >= needed


def test_the_judge_denies_what_is_not_there() -> None:
    rng = np.random.default_rng(4)
    scenes = [random_scene(rng, 1) for _ in range(30)]
    pictures = draw(scenes, 128, rng)

    def changed(**values: int) -> list[Scene]:
        return [dataclasses.replace(s, shapes=(dataclasses.replace(s.shapes[0], **values),)) for s in scenes]

    kinds = [scene.shapes[0].kind for scene in scenes]
    stars = SHAPES.index("star")
    assert score(pictures, changed(kind=stars))["shape"] == pytest.approx(kinds.count(stars) / 30)
    other = [dataclasses.replace(scene, background=(scene.background + 1) % 8) for scene in scenes]
    assert score(pictures, other)["background"] == 0
    assert score(pictures, [dataclasses.replace(scene, shapes=()) for scene in scenes])["both"] == 0


def test_a_bar_is_no_shape_we_know() -> None:
    picture = draw([Scene(0, ())], 128)
    picture[0, 60:68, 20:110] = 255
    (shape,) = judge(picture[0]).shapes
    assert shape.kind == -1
    assert COLOUR_NAMES[shape.colour] == "white"
