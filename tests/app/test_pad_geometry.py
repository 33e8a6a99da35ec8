"""Weights from a place between corners."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kandinsky_studio.app.pad_geometry import corners_of, nearest_place, place_of, weights_at

COUNTS = (2, 3, 4, 5)


@pytest.mark.parametrize("count", COUNTS)
def test_a_corner_is_all_of_its_own(count):
    corners = corners_of(count)
    for number, corner in enumerate(corners):
        assert weights_at(corner, corners) == tuple(float(other == number) for other in range(count))


@pytest.mark.parametrize("count", COUNTS)
def test_the_middle_is_the_same_of_each(count):
    assert weights_at((0.0, 0.0), corners_of(count)) == pytest.approx([1 / count] * count)


@pytest.mark.parametrize("count", [3, 4, 5])
def test_an_edge_is_linear_and_knows_its_two_ends_only(count):
    corners = corners_of(count)
    place = tuple(0.75 * a + 0.25 * b for a, b in zip(corners[0], corners[1], strict=True))
    assert weights_at(place, corners) == pytest.approx([0.75, 0.25, *[0.0] * (count - 2)])


@given(st.sampled_from(COUNTS), st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))
def test_weights_add_up_and_lead_back(count, x, y):
    corners = corners_of(count)
    place = nearest_place((x, y), corners)
    weights = weights_at(place, corners)
    assert all(0 <= weight <= 1 + 1e-9 for weight in weights)
    assert sum(weights) == pytest.approx(1.0)
    assert math.dist(place_of(weights, corners), place) < 1e-6


@given(st.sampled_from((3, 4, 5)), st.floats(-0.99, 0.99), st.floats(-0.99, 0.99))
def test_a_small_step_changes_little(count, x, y):
    corners = corners_of(count)
    one, other = (weights_at(nearest_place((x + by, y), corners), corners) for by in (0.0, 1e-6))
    assert max(abs(a - b) for a, b in zip(one, other, strict=True)) < 1e-4


@pytest.mark.parametrize("count", COUNTS)
def test_what_is_outside_comes_to_the_border(count):
    corners = corners_of(count)
    assert nearest_place(corners[1], corners) == pytest.approx(corners[1])
    far = tuple(10 * side for side in corners[0])
    assert nearest_place(far, corners) == pytest.approx(corners[0])
    assert nearest_place((0.1, 0.0), corners)[0] == pytest.approx(0.1)


def test_fewer_than_two():
    assert weights_at((0.3, 0.3), corners_of(1)) == (1.0,)
    assert corners_of(0) == weights_at((0.0, 0.0), ()) == ()
    assert place_of([0.0, 0.0], corners_of(2)) == (0.0, 0.0)
