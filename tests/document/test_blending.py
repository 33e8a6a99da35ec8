"""Blend modes against their definitions, computed pixel by pixel in double precision."""

import numpy as np
import pytest

from kandinsky_studio.document.blending import QT_MODES, BlendMode, blend, draw
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import readable, to_image

COUNT = 300


def _multiply(b, s):
    return b * s


def _screen(b, s):
    return b + s - b * s


def _hard_light(b, s):
    return _multiply(b, 2 * s) if s <= 0.5 else _screen(b, 2 * s - 1)


def _color_dodge(b, s):
    if b == 0:
        return 0.0
    return 1.0 if s == 1 else min(1.0, b / (1 - s))


def _color_burn(b, s):
    if b == 1:
        return 1.0
    return 0.0 if s == 0 else 1 - min(1.0, (1 - b) / s)


def _soft_light(b, s):
    if s <= 0.5:
        return b - (1 - 2 * s) * b * (1 - b)
    d = ((16 * b - 12) * b + 4) * b if b <= 0.25 else b**0.5
    return b + (2 * s - 1) * (d - b)


def _vivid_light(b, s):
    if s <= 0.5:
        return 1.0 if b == 1 else 0.0 if s == 0 else 1 - min(1.0, (1 - b) / (2 * s))
    return 0.0 if b == 0 else 1.0 if s == 1 else min(1.0, b / (2 * (1 - s)))


SEPARABLE = {
    BlendMode.NORMAL: lambda b, s: s,
    BlendMode.MULTIPLY: _multiply,
    BlendMode.SCREEN: _screen,
    BlendMode.OVERLAY: lambda b, s: _hard_light(s, b),
    BlendMode.DARKEN: min,
    BlendMode.LIGHTEN: max,
    BlendMode.COLOR_DODGE: _color_dodge,
    BlendMode.COLOR_BURN: _color_burn,
    BlendMode.HARD_LIGHT: _hard_light,
    BlendMode.SOFT_LIGHT: _soft_light,
    BlendMode.DIFFERENCE: lambda b, s: abs(b - s),
    BlendMode.EXCLUSION: lambda b, s: b + s - 2 * b * s,
    BlendMode.LINEAR_BURN: lambda b, s: max(0.0, b + s - 1),
    BlendMode.LINEAR_LIGHT: lambda b, s: min(1.0, max(0.0, b + 2 * s - 1)),
    BlendMode.VIVID_LIGHT: _vivid_light,
    BlendMode.PIN_LIGHT: lambda b, s: min(b, 2 * s) if s <= 0.5 else max(b, 2 * s - 1),
    BlendMode.HARD_MIX: lambda b, s: float(b + s >= 1 - 1e-9),
    BlendMode.SUBTRACT: lambda b, s: max(0.0, b - s),
    BlendMode.DIVIDE: lambda b, s: 0.0 if b == 0 else 1.0 if b >= s else b / s,
}


def _lum(c):
    return 0.11 * c[0] + 0.59 * c[1] + 0.3 * c[2]


def _clip_color(c):
    lum, n, x = _lum(c), min(c), max(c)
    if n < 0:
        c = [lum + (v - lum) * lum / (lum - n) for v in c]
    if x > 1:
        c = [lum + (v - lum) * (1 - lum) / (x - lum) for v in c]
    return c


def _set_lum(c, lum):
    return _clip_color([v + lum - _lum(c) for v in c])


def _sat(c):
    return max(c) - min(c)


def _set_sat(c, sat):
    low, high = min(c), max(c)
    return [(v - low) * sat / (high - low) if high > low else 0.0 for v in c]


WHOLE = {
    BlendMode.HUE: lambda b, s: _set_lum(_set_sat(s, _sat(b)), _lum(b)),
    BlendMode.SATURATION: lambda b, s: _set_lum(_set_sat(b, _sat(s)), _lum(b)),
    BlendMode.COLOR: lambda b, s: _set_lum(s, _lum(b)),
    BlendMode.LUMINOSITY: lambda b, s: _set_lum(b, _lum(s)),
    BlendMode.DARKER_COLOR: lambda b, s: s if _lum(s) < _lum(b) else b,
    BlendMode.LIGHTER_COLOR: lambda b, s: s if _lum(s) > _lum(b) else b,
}

# Porter and Duff's operators: what of the source and of the backdrop stays, by their alphas.
OPERATORS = {
    BlendMode.ADD: lambda a_s, a_b: (1, 1),
    BlendMode.DESTINATION_IN: lambda a_s, a_b: (0, a_s),
    BlendMode.DESTINATION_OUT: lambda a_s, a_b: (0, 1 - a_s),
    BlendMode.SOURCE_ATOP: lambda a_s, a_b: (a_b, 1 - a_s),
    BlendMode.DESTINATION_ATOP: lambda a_s, a_b: (1 - a_b, a_s),
}


def _expected(backdrop, source, mode, opacity):
    b, s = [v / 255 for v in backdrop], [v / 255 * opacity for v in source]
    a_b, a_s = b[3], s[3]
    if mode in OPERATORS:
        f_s, f_b = OPERATORS[mode](a_s, a_b)
        return [min(1.0, f_s * vs + f_b * vb) * 255 for vb, vs in zip(b, s, strict=True)]
    straight_b = [v / a_b if a_b else 0.0 for v in b[:3]]
    straight_s = [v / a_s if a_s else 0.0 for v in s[:3]]
    if mode in WHOLE:
        mixed = WHOLE[mode](straight_b, straight_s)
    else:
        mixed = [SEPARABLE[mode](vb, vs) for vb, vs in zip(straight_b, straight_s, strict=True)]
    colours = [(1 - a_b) * vs + (1 - a_s) * vb + a_s * a_b * m for vb, vs, m in zip(b[:3], s[:3], mixed, strict=True)]
    return [v * 255 for v in (*colours, a_s + a_b - a_s * a_b)]


def _pixels(seed):
    """Premultiplied, random; many of them opaque, transparent, grey, black or white."""
    rng = np.random.default_rng(seed)
    alpha = rng.integers(0, 256, (COUNT, 1))
    alpha[: COUNT // 3] = 255
    alpha[COUNT // 3 : COUNT // 3 + 10] = 0
    colour = rng.integers(0, 256, (COUNT, 3))
    colour[::11] = colour[::11, :1]
    colour[::13, rng.integers(0, 3)] = 0
    colour[::17, rng.integers(0, 3)] = 255
    pixels = np.concatenate([np.rint(colour * alpha / 255), alpha], 1).astype(np.uint8)
    return rng.permutation(pixels)[None]


def test_every_mode_has_a_definition_here():
    assert set(BlendMode) == set(SEPARABLE) | set(WHOLE) | set(OPERATORS)


@pytest.mark.parametrize("opacity", [1.0, 0.6, 0.2])
@pytest.mark.parametrize("mode", BlendMode)
def test_a_mode_is_what_its_definition_says(mode, opacity):
    backdrop, source = _pixels(1), _pixels(2)
    image = to_image(backdrop)
    draw(image, to_image(source), mode, opacity, Rect(0, 0, COUNT, 1))
    found = readable(image)
    expected = np.array([_expected(b, s, mode, opacity) for b, s in zip(backdrop[0], source[0], strict=True)])
    off = np.abs(found[0] - expected).max(axis=1)
    allowed = 2.5 if mode is BlendMode.SOFT_LIGHT else 2  # QPainter's root is a rough one
    assert off.max() <= allowed, f"{off.argmax()}: {backdrop[0, off.argmax()]} under {source[0, off.argmax()]}"
    assert (found[..., :3] <= found[..., 3:]).all(), "not premultiplied any more"


@pytest.mark.parametrize("mode", BlendMode)
def test_nothing_outside_the_area_changes_nor_the_source(mode):
    rng = np.random.default_rng(3)
    alpha = rng.integers(0, 256, (40, 50, 1), dtype=np.uint8)
    backdrop = np.concatenate([alpha // 2, alpha // 3, alpha // 4, alpha], 2)
    source = backdrop[::-1, ::-1]
    image, over = to_image(backdrop), to_image(source)
    draw(image, over, mode, 0.7, Rect(10, 5, 20, 30))
    found = readable(image).copy()
    assert (readable(over) == source).all()
    assert (found[5:35, 10:30] != backdrop[5:35, 10:30]).any()
    found[5:35, 10:30] = backdrop[5:35, 10:30]
    assert (found == backdrop).all()


@pytest.mark.parametrize("mode", BlendMode)
def test_a_mode_that_clears_is_one_where_nothing_over_something_is_another(mode):
    backdrop = np.full((4, 4, 4), 200, np.uint8)
    image = to_image(backdrop)
    draw(image, to_image(np.zeros_like(backdrop)), mode, 1.0, Rect(0, 0, 4, 4))
    assert (readable(image) != backdrop).any() == mode.clears


def test_large_areas_are_blended_as_small_ones():
    rng = np.random.default_rng(4)
    alpha = rng.integers(0, 256, (300, 70, 1), dtype=np.uint8)
    backdrop = np.concatenate([alpha // 2, alpha // 3, alpha, alpha], 2)
    source = np.concatenate([alpha, alpha // 5, alpha // 4, alpha], 2)[::-1]
    for mode in set(BlendMode) - set(QT_MODES):
        whole, parts = to_image(backdrop), to_image(backdrop)
        draw(whole, to_image(source), mode, 0.9, Rect(0, 0, 70, 300))
        for y in range(0, 300, 7):
            draw(parts, to_image(source), mode, 0.9, Rect(0, y, 70, min(7, 300 - y)))
        assert (readable(whole) == readable(parts)).all()


@pytest.mark.parametrize("mode", [mode for mode in BlendMode if mode not in QT_MODES])
@pytest.mark.parametrize("opacity", [1.0, 0.37])
def test_a_piece_is_blended_as_it_is_within_the_whole(mode, opacity):
    random = np.random.default_rng(3)
    under, over = (random.integers(0, 256, (256, 256, 4), dtype=np.uint8) for _ in range(2))
    under[:90, :, 3] = 255  # pieces of it are opaque, and pieces of the other are empty
    over[200:] = 0
    for pixels in (under, over):
        np.minimum(pixels[..., :3], pixels[..., 3:], out=pixels[..., :3])
    whole = blend(under, over, mode, opacity)
    for rows, columns in (((0, 256), (0, 256)), ((3, 4), (5, 6)), ((80, 250), (17, 98)), ((199, 256), (0, 255))):
        piece = np.s_[rows[0] : rows[1], columns[0] : columns[1]]
        np.testing.assert_array_equal(blend(under[piece], over[piece], mode, opacity), whole[piece])
