"""A mix lies where its weights say."""

import math
from itertools import pairwise, permutations

import numpy as np
import pytest
import torch

from kandinsky_studio.engine.embeddings import between, mix, nearest, similarity, weights_problem
from tests.engine.vectors import some

SEEDS = range(20)


def unit(*numbers: float) -> np.ndarray:
    vector = np.array(numbers, np.float64)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """In radians; exact for small ones too, where a cosine is not."""
    a, b = (np.asarray(v, np.float64) / np.linalg.norm(np.asarray(v, np.float64)) for v in (a, b))
    return 2 * math.atan2(np.linalg.norm(a - b), np.linalg.norm(a + b))


def close(a: np.ndarray, b: np.ndarray) -> bool:
    return np.allclose(a, b, rtol=1e-5, atol=1e-5)


# --- mixing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_raw_is_diffusers_interpolate(seed):
    random = np.random.default_rng(seed)
    rows, weights = some(4, seed), random.uniform(-1, 2, 4).tolist()
    # KandinskyV22PriorPipeline.interpolate: each embedding times its weight, cat, sum(dim=0).
    theirs = torch.cat([torch.from_numpy(row)[None] * weight for row, weight in zip(rows, weights, strict=True)])
    ours = mix(rows, weights, normalised=False)
    assert ours.dtype == np.float32
    assert close(ours, theirs.sum(dim=0).numpy())


@pytest.mark.parametrize("spherical", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_only_the_ratio_of_the_weights_counts(seed, spherical):
    random = np.random.default_rng(seed)
    rows, weights = some(3, seed), random.uniform(0.1, 1, 3)
    made = mix(rows, weights, spherical=spherical)
    assert close(made, mix(rows, weights * random.uniform(1e-3, 1e3), spherical=spherical))
    assert close(made * weights.sum(), mix(rows, weights, spherical=spherical, normalised=False))


@pytest.mark.parametrize("spherical", [False, True])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_the_order_of_the_slots_does_not_matter(count, spherical):
    rows, weights = some(count), np.linspace(0.2, 1, count)
    made = mix(rows, weights, spherical=spherical)
    for order in permutations(range(count)):
        assert close(made, mix([rows[k] for k in order], weights[list(order)], spherical=spherical))


@pytest.mark.parametrize("spherical", [False, True])
@pytest.mark.parametrize("normalised", [False, True])
def test_one_alone_is_itself(spherical, normalised):
    rows = some(3)
    assert np.array_equal(mix(rows[:1], [1], spherical=spherical, normalised=normalised), rows[0])
    assert np.array_equal(mix(rows, [0, 1, 0], spherical=spherical, normalised=normalised), rows[1])
    assert np.array_equal(mix(rows[:1], [0.3], spherical=spherical), rows[0])


@pytest.mark.parametrize("spherical", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_two_halves_of_one_are_that_one(seed, spherical):
    a, b = some(2, seed)
    together = mix([a, b], [0.5, 0.5], spherical=spherical)
    apart = mix([a, a, b, b], [0.1, 0.4, 0.25, 0.25], spherical=spherical)
    assert close(together, apart)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_linear_mix_lies_between(seed):
    rows = some(3, seed)
    made = mix(rows, np.random.default_rng(seed).uniform(0, 1, 3))
    assert (made <= np.max(rows, axis=0) + 1e-5).all()
    assert (made >= np.min(rows, axis=0) - 1e-5).all()


def test_a_negative_weight_leads_away():
    a, b = some(2)
    assert close(mix([a, b], [2, -1]), 2 * a - b)
    assert similarity(mix([a, b], [2, -1]), b) < similarity(a, b)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_spherical_mix_keeps_the_length(seed):
    rows, weights = some(5, seed), np.random.default_rng(seed).uniform(0.1, 1, 5)
    lengths = [np.linalg.norm(row) for row in rows]
    made = mix(rows, weights, spherical=True)
    assert np.linalg.norm(made) == pytest.approx(np.average(lengths, weights=weights), rel=1e-5)
    assert np.linalg.norm(made) > 1.2 * np.linalg.norm(mix(rows, weights)), "which a linear mix loses"


@pytest.mark.parametrize("seed", SEEDS)
def test_no_direction_is_nearer_to_all_than_the_spherical_mean(seed):
    random = np.random.default_rng(seed)
    rows = [row + 1 for row in some(4, seed, dimensions=8)]
    weights = random.uniform(0.1, 1, 4)
    made = mix(rows, weights, spherical=True)

    def spread(direction: np.ndarray) -> float:
        return sum(weight * angle(direction, row) ** 2 for row, weight in zip(rows, weights, strict=True))

    for _ in range(20):
        assert spread(made) <= spread(made + random.normal(0, 0.02, 8) * np.linalg.norm(made)) + 1e-9


def test_the_spherical_mean_of_the_axes():
    axes = [unit(1, 0, 0), unit(0, 1, 0), unit(0, 0, 1)]
    assert close(mix(axes, [1, 1, 1], spherical=True), unit(1, 1, 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_three_on_one_circle_mix_by_angle(seed):
    turns = np.random.default_rng(seed).uniform(-0.7, 0.7, 3)
    weights = np.random.default_rng(seed).uniform(0.1, 1, 3)
    made = mix([unit(math.cos(turn), math.sin(turn), 0) for turn in turns], weights, spherical=True)
    assert math.atan2(made[1], made[0]) == pytest.approx(np.average(turns, weights=weights), abs=1e-5)


@pytest.mark.parametrize(
    "rows",
    [
        [unit(1, 0, 0), -unit(1, 0, 0)],
        [unit(1, 0, 0), -unit(1, 1e-5, 0)],
        [unit(1, 0, 0), np.zeros(3, np.float32)],
        [np.zeros(3, np.float32), np.zeros(3, np.float32)],
        [unit(1, 0, 0), unit(-1, 1.7320508, 0), unit(-1, -1.7320508, 0)],
        [unit(1, 0, 0), -unit(1, 0, 0), unit(1, 0, 0)],
        [unit(1, 0, 0), -unit(1, 0, 0), unit(0, 1, 0), -unit(0, 1, 0)],
        [unit(1, 0, 0), unit(0, 1, 0), np.full(3, 1e-9, np.float32)],
    ],
    ids=["opposite", "nearly opposite", "zero", "zeros", "all round", "back and forth", "cross", "nearly zero"],
)
def test_where_directions_have_no_mean_the_mix_is_linear(rows):
    weights = [1.0] * len(rows)
    assert np.array_equal(mix(rows, weights, spherical=True), mix(rows, weights))


def test_equal_directions_have_a_mean():
    rows = [unit(1, 2, 3), unit(1, 2, 3) * np.float32(2), unit(1, 2, 3 + 1e-6)]
    assert close(mix(rows[:2], [1, 1], spherical=True), 1.5 * unit(1, 2, 3))
    assert close(mix(rows, [1, 1, 1], spherical=True), 4 / 3 * unit(1, 2, 3))


@pytest.mark.parametrize(
    ("weights", "options", "reason"),
    [
        ([], {}, "nothing to mix"),
        ([math.nan, 1], {}, "finite"),
        ([math.inf, 1], {}, "finite"),
        ([1e308, 1e308], {}, "finite"),
        ([0, 0], {}, "add up"),
        ([1, -1], {}, "add up"),
        ([0.1, 0.2, -0.3], {}, "add up"),
        ([1, -1e-9, -1], {}, "add up"),
        ([2, -1], {"spherical": True}, "negative"),
        ([0, 0], {"spherical": True, "normalised": False}, "add up"),
    ],
    ids=str,
)
def test_weights_that_can_not_be_used(weights, options, reason):
    assert reason in weights_problem(weights, **options)
    with pytest.raises(ValueError, match=reason):
        mix(some(len(weights), dimensions=4), weights, **options)


@pytest.mark.parametrize(
    ("weights", "options"),
    [([1], {}), ([1e-9, 1e-9], {}), ([2, -1], {}), ([0, 1], {"spherical": True}), ([1, -1], {"normalised": False})],
    ids=str,
)
def test_weights_that_can_be_used(weights, options):
    assert weights_problem(weights, **options) is None
    assert weights_problem(np.array(weights), **options) is None
    assert mix(some(len(weights), dimensions=4), weights, **options).shape == (4,)


@pytest.mark.parametrize(
    ("rows", "weights"),
    [
        (some(2), [1]),
        (some(1), [1, 1]),
        ([*some(1), np.zeros(768, np.float32)], [1, 1]),
        ([np.zeros((1, 4), np.float32)] * 2, [1, 1]),
        ([unit(1, 2), np.array([math.nan, 1], np.float32)], [1, 1]),
        ([unit(1, 2), np.array([math.inf, 1], np.float32)], [1, 1]),
    ],
    ids=["more embeddings", "more weights", "two models", "not flat", "not a number", "infinite"],
)
def test_embeddings_that_do_not_fit(rows, weights):
    for spherical in (False, True):
        with pytest.raises(ValueError, match=r"."):
            mix(rows, weights, spherical=spherical)


def test_what_no_float_can_hold_is_refused():
    with pytest.raises(ValueError, match="finite"):
        mix([np.full(4, 3e38, np.float32)], [10], normalised=False)


# --- interpolation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_spherical_steps_are_equal_angles(seed):
    a, b = some(2, seed)
    steps = [angle(one, other) for one, other in pairwise(between(a, b, 9, spherical=True))]
    assert np.allclose(steps, angle(a, b) / 8, rtol=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_linear_steps_are_equal_lengths(seed):
    a, b = some(2, seed)
    for one, other in pairwise(between(a, b, 9, spherical=False)):
        assert close(other - one, (b - a) / 8)


@pytest.mark.parametrize("spherical", [False, True])
def test_both_ends_are_included_exactly(spherical):
    a, b = some(2)
    a[:2] = 0.0, -0.0
    for count in (2, 3, 10):
        made = between(a, b, count, spherical)
        assert len(made) == count
        assert (made[0].tobytes(), made[-1].tobytes()) == (a.tobytes(), b.tobytes())
        assert all(one.dtype == np.float32 for one in made)
    made[0][:] = 0
    assert a.any(), "the ends are copies"


@pytest.mark.parametrize("spherical", [False, True])
def test_the_way_back_is_the_same_way(spherical):
    a, b = some(2)
    for there, back in zip(between(a, b, 7, spherical), between(b, a, 7, spherical)[::-1], strict=True):
        assert close(there, back)


@pytest.mark.parametrize("count", [1, 0, -3])
def test_fewer_than_two_can_not_include_both_ends(count):
    with pytest.raises(ValueError, match="both ends"):
        between(*some(2), count, False)


# --- likeness ---------------------------------------------------------------------------------------------------------


def test_similarity():
    a, b = some(2)
    assert similarity(a, a) == pytest.approx(1)
    assert similarity(a, -2 * a) == pytest.approx(-1)
    assert similarity(a, b) == similarity(b, a) == pytest.approx(math.cos(angle(a, b)))
    assert similarity(unit(1, 0), unit(1, 1)) == pytest.approx(math.sqrt(0.5))
    assert similarity(a, np.zeros_like(a)) == 0
    assert all(-1 <= similarity(row, row * np.float32(3)) <= 1 for row in some(50))


@pytest.mark.parametrize("seed", SEEDS)
def test_nearest_are_those_of_highest_similarity(seed):
    query, *rows = some(40, seed, dimensions=16)
    indices, cosines = nearest(query, np.stack(rows), 7)
    by_hand = sorted(range(len(rows)), key=lambda k: -similarity(query, rows[k]))[:7]
    assert indices.tolist() == by_hand
    assert cosines.dtype == np.float32
    assert np.allclose(cosines, [similarity(query, rows[k]) for k in by_hand], atol=1e-6)


def test_equally_near_ones_keep_their_order():
    matrix = np.stack([unit(0, 1), unit(1, 0), unit(1, 0) * 2, unit(1, 0)])
    indices, cosines = nearest(unit(1, 0), matrix, 10)
    assert indices.tolist() == [1, 2, 3, 0]
    assert cosines.tolist() == [1, 1, 1, 0]
    many = np.tile(matrix[:2], (500, 1))
    assert nearest(unit(1, 0), many, 500)[0].tolist() == list(range(1, 1000, 2))


def test_rows_without_a_direction_count_as_unlike():
    matrix = np.stack([np.zeros(2), [math.nan, 1], [math.inf, 1], unit(-1, 0), unit(1, 1), [3e38, 0]])
    indices, cosines = nearest(unit(1, 0), matrix.astype(np.float32), 6)
    assert indices[0] == 4
    assert indices[-1] == 3
    assert cosines[1:-1].tolist() == [0, 0, 0, 0]


def test_nearest_of_nothing():
    indices, cosines = nearest(unit(1, 0), np.zeros((0, 2), np.float32), 3)
    assert len(indices) == len(cosines) == 0
    assert len(nearest(unit(1, 0), np.ones((3, 2), np.float32), 0)[0]) == 0
    with pytest.raises(ValueError, match="shape"):
        nearest(unit(1, 0), np.zeros((3, 4), np.float32), 3)
    with pytest.raises(ValueError, match="shape"):
        nearest(unit(1, 0), unit(1, 0), 3)
