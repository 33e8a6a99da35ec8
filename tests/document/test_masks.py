from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainterPath

from kandinsky_studio.document import masks
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer
from kandinsky_studio.document.masks import Combine
from kandinsky_studio.document.surface import Depth, Surface

CANVAS = Rect(-20, 10, 120, 90)


def _random(seed, shape=(90, 120)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def _on_canvas(pixels):
    return Surface.from_array(pixels, CANVAS.x, CANVAS.y)


def test_masks_combine_as_fuzzy_sets():
    a, b = _random(1), _random(2)
    expected = {
        Combine.REPLACE: b,
        Combine.ADD: np.maximum(a, b),
        Combine.SUBTRACT: np.minimum(a, 255 - b),
        Combine.INTERSECT: np.minimum(a, b),
    }
    for how, result in expected.items():
        assert (masks.combine(_on_canvas(a), _on_canvas(b), how).array(CANVAS) == result).all()
    for how in Combine:
        alone = masks.combine(None, _on_canvas(b), how).array(CANVAS)
        assert (alone == (b if how in (Combine.REPLACE, Combine.ADD) else 0)).all()
    for how in Combine:
        assert not masks.combine(Surface(Depth.MASK), Surface(Depth.MASK), how).tiles


def test_inverting_twice_is_the_canvas_part():
    mask = Surface.from_array(_random(3, (200, 200)), -50, -20)
    once = masks.inverted(mask, CANVAS)
    assert (once.array(CANVAS) == 255 - mask.array(CANVAS)).all()
    assert CANVAS.contains(once.content)
    assert (masks.inverted(once, CANVAS).array(CANVAS) == mask.array(CANVAS)).all()


@pytest.mark.parametrize("by", [1, 2, 7, 13, 30])
def test_a_point_grows_to_a_disc(by):
    mask = np.zeros((90, 120), np.uint8)
    mask[45, 60] = 255
    y, x = np.ogrid[:90, :120]
    disc = (x - 60) ** 2 + (y - 45) ** 2 <= by**2
    assert (masks.grow(mask, by) == disc * 255).all()
    assert (masks.grow(255 - mask, -by)[31:-31, 31:-31] == (~disc * 255)[31:-31, 31:-31]).all()
    assert (masks.grow(masks.grow(mask, by), -by) > 0).sum() >= 1
    soft = mask // 3
    assert (masks.grow(soft, by) == disc * 85).all()


def _brute(mask, by):
    reach = range(-by, by + 1)
    padded = np.pad(mask, by)
    result = np.zeros_like(mask)
    for dy in reach:
        for dx in reach:
            if dx * dx + dy * dy <= by * by:
                shifted = padded[by + dy : by + dy + mask.shape[0], by + dx : by + dx + mask.shape[1]]
                result = np.maximum(result, shifted)
    return result


@pytest.mark.parametrize("by", [3, 8])
def test_soft_masks_grow_at_every_value(by):
    mask = _random(4, (40, 50))
    mask[mask < 200] = 0
    assert (masks.grow(mask, by) == _brute(mask, by)).all()
    shrunk = 255 - _brute(255 - np.pad(mask, by), by)[by:-by, by:-by]
    assert (masks.grow(mask, -by) == shrunk).all()


def test_far_growing_of_soft_masks_is_off_by_a_few_values_at_most():
    y, x = np.ogrid[:90, :120]
    mask = np.clip(255 - 9 * np.hypot(x - 60, y - 45), 0, 255).astype(np.uint8)
    off = _brute(mask, 12).astype(int) - masks.grow(mask, 12)
    assert off.min() >= 0
    assert off.max() <= 40
    assert off.mean() <= 4


def test_nothing_grows_to_nothing_and_shrinking_ends():
    nothing = np.zeros((9, 9), np.uint8)
    assert not masks.grow(nothing, 3).any()
    assert not masks.grow(np.full((9, 9), 255, np.uint8), -5).any()
    assert not masks.grown(Surface(Depth.MASK), 4, CANVAS).tiles
    assert not masks.feathered(Surface(Depth.MASK), 4, CANVAS).tiles


def test_the_edge_of_the_canvas_is_no_edge_of_the_mask():
    everything = _on_canvas(np.full((90, 120), 255, np.uint8))
    assert (masks.grown(everything, -7, CANVAS).array(CANVAS) == 255).all()
    assert (masks.feathered(everything, 7, CANVAS).array(CANVAS) == 255).all()
    left = np.zeros((90, 120), np.uint8)
    left[:, :60] = 255
    shrunk = masks.grown(_on_canvas(left), -10, CANVAS).array(CANVAS)
    assert (shrunk[:, :50] == 255).all()
    assert not shrunk[:, 50:].any()
    assert CANVAS.contains(masks.grown(_on_canvas(left), 500, CANVAS).content)


def test_feathering_spreads_as_far_as_it_says_and_keeps_the_middle_of_the_edge():
    left = np.zeros((60, 120), np.uint8)
    left[:, :60] = 255
    soft = masks.feather(np.pad(left, 60, mode="edge"), 12)[60:-60, 60:-60]
    row = soft[30].astype(int)
    assert (np.diff(row) <= 0).all()
    assert (row[:47] >= 254).all()
    assert (row[73:] <= 1).all()
    assert 100 < row[59] < 155
    assert 20 < row[54] - row[65] < 250
    assert (soft == soft[30]).all()


def test_what_an_inpaint_layer_says():
    painted = np.zeros((90, 120), np.uint8)
    painted[40:50, 50:60] = 255
    pixels = _on_canvas(painted)
    layer = Layer(1, Kind.INPAINT, "Mask", pixels)
    assert (masks.effective(layer, CANVAS) == painted).all()
    inverted = Layer(1, Kind.INPAINT, "Mask", pixels, inverted=True)
    assert (masks.effective(inverted, CANVAS) == 255 - painted).all()
    grown = Layer(1, Kind.INPAINT, "Mask", pixels, grow=6)
    assert (masks.effective(grown, CANVAS) == masks.grow(painted, 6)).all()
    both = Layer(1, Kind.INPAINT, "Mask", pixels, grow=6, inverted=True)
    assert (masks.effective(both, CANVAS) == 255 - masks.grow(painted, -6)).all()
    shrunk = Layer(1, Kind.INPAINT, "Mask", pixels, grow=-3, inverted=True)
    assert (masks.effective(shrunk, CANVAS) == 255 - masks.grow(painted, 3)).all()
    soft = Layer(1, Kind.INPAINT, "Mask", pixels, grow=-3, feather=6.5, inverted=True)
    whole = masks.effective(soft, CANVAS)
    assert whole[0, 0] == 255
    assert len(np.unique(whole)) > 5
    for area in (Rect(20, 40, 30, 30), Rect(-20, 10, 7, 90), Rect(95, 90, 5, 10)):
        part = whole[area.y - CANVAS.y : area.bottom - CANVAS.y, area.x - CANVAS.x : area.right - CANVAS.x]
        assert (masks.effective(soft, CANVAS, area) == part).all()
    assert (pixels.array(CANVAS) == painted).all()


def test_far_outside_the_canvas_its_edge_goes_on():
    painted = np.zeros((90, 120), np.uint8)
    painted[:30] = 255
    layer = Layer(1, Kind.INPAINT, "Mask", _on_canvas(painted))
    assert (masks.effective(layer, CANVAS, Rect(500, 0, 10, 30)) == 255).all()
    assert not masks.effective(layer, CANVAS, Rect(500, 300, 10, 30)).any()


def test_alpha_becomes_a_mask():
    pixels = np.zeros((20, 30, 4), np.uint8)
    pixels[..., 3] = _random(5, (20, 30))
    mask = masks.from_alpha(Surface.from_array(pixels, 250, -10))
    assert mask.depth is Depth.MASK
    assert (mask.array(Rect(250, -10, 30, 20)) == pixels[..., 3]).all()


def test_paths_become_masks():
    path = QPainterPath()
    path.addRect(QRectF(10, 20, 5, 4))
    mask = masks.from_path(path)
    assert mask.content == Rect(10, 20, 5, 4)
    assert (mask.array(mask.content) == 255).all()
    half = QPainterPath()
    half.addRect(QRectF(0.5, 0, 1, 1))
    assert 100 < masks.from_path(half).pixel(0, 0)[0] < 156
    assert set(np.unique(masks.from_path(half, antialias=False).array(Rect(-2, -2, 6, 6)))) == {0, 255}
    assert not masks.from_path(QPainterPath()).tiles


@pytest.mark.parametrize("seed", range(6))
def test_an_outline_closes_and_encloses_what_is_selected(seed):
    mask = _random(seed, (14, 17))
    if seed == 5:
        mask[:] = 255
    path = masks.outline(mask)
    inside = masks.from_path(path, antialias=False).array(Rect(0, 0, 17, 14))
    assert (inside == np.where(mask >= 128, 255, 0)).all()
    loops = path.toSubpathPolygons()
    assert all(loop.isClosed() for loop in loops)
    for loop in loops:
        points = [loop.at(number) for number in range(loop.count())]
        for a, b in pairwise(points):
            assert (a.x() == b.x()) != (a.y() == b.y()), "along the edges of pixels"


def test_regions_that_touch_at_a_corner_have_an_outline_each():
    mask = np.array([[255, 0], [0, 255]], np.uint8)
    assert len(masks.outline(mask).toSubpathPolygons()) == 2
    assert len(masks.outline(255 - mask).toSubpathPolygons()) == 2
    assert masks.outline(np.zeros((5, 5), np.uint8)).isEmpty()
