from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers.pipelines.kandinsky2_2.pipeline_kandinsky2_2_inpainting import prepare_mask
from hypothesis import given, settings
from hypothesis import strategies as st

from kandinsky_studio.engine import inpainting
from kandinsky_studio.engine.inpainting import Box, Fill, Margins, Mask
from kandinsky_studio.engine.request import Pixels

SIZES = [(1, 1), (1, 9), (9, 1), (40, 27)]  # (height, width)


def noise(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def smooth(height: int, width: int) -> Pixels:
    """A picture of slow changes, none of its channels clipped."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 23 + y / 41), np.cos(x / 37 - y / 19), np.sin(x / 53) * np.cos(y / 29)]
    return np.rint(128 + 60 * np.stack(waves, axis=-1)).astype(np.uint8)


def rectangle(height: int, width: int, box: Box, value: int = 255) -> Mask:
    mask = np.zeros((height, width), np.uint8)
    mask[box.slices] = value
    return mask


def distance_from(mask: Mask) -> np.ndarray:
    """Pixels to the nearest one above 0, worked out the slow way."""
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    return np.min([np.hypot(y - row, x - column) for row, column in np.argwhere(mask)], axis=0)


def mask_with_two_spots() -> Mask:
    mask = rectangle(96, 128, Box(40, 30, 20, 12))
    mask[5, 120] = 255
    mask[70:75, 10:14] = 90
    return mask


# --- masks


def test_pixels_beyond_grow_and_feather_survive_twenty_passes() -> None:
    mask = mask_with_two_spots()
    soft = inpainting.feather(inpainting.grow(mask, 7), 9)
    original = noise(*mask.shape)
    picture = original
    for seed in range(20):
        picture = inpainting.paste(picture, noise(*mask.shape, seed=seed + 1), soft)
    outside = distance_from(mask) > 7 + 9
    assert outside.any()
    np.testing.assert_array_equal(picture[outside], original[outside])
    assert (picture[mask == 255] == noise(*mask.shape, seed=20)[mask == 255]).all()


@pytest.mark.parametrize("pixels", [1, 3, 5, 8, 23])
def test_growth_is_round_and_never_further_than_asked(pixels: int) -> None:
    dot = rectangle(61, 61, Box(30, 30, 1, 1))
    distance = distance_from(dot)
    grown = inpainting.grow(dot, pixels) == 255
    assert not grown[distance > pixels].any()
    assert grown[distance <= 0.94 * pixels].all()
    assert grown[30, 30 + pixels]
    assert grown[30 - pixels, 30]


def test_growth_keeps_the_levels_of_a_soft_mask() -> None:
    mask = rectangle(20, 40, Box(5, 8, 4, 4), 90) + rectangle(20, 40, Box(25, 8, 4, 4), 255)
    assert set(np.unique(inpainting.grow(mask, 3))) == {0, 90, 255}


def test_shrinking_undoes_growing() -> None:
    mask = rectangle(60, 60, Box(20, 22, 17, 11))
    np.testing.assert_array_equal(inpainting.grow(inpainting.grow(mask, 9), -9), mask)
    assert not inpainting.grow(mask, -6).any()


def test_shrinking_leaves_the_edge_of_the_picture() -> None:
    whole = np.full((20, 30), 255, np.uint8)
    np.testing.assert_array_equal(inpainting.grow(whole, -7), whole)


@pytest.mark.parametrize("pixels", [0, 1, 2, 3, 8, 31])
def test_feather_falls_from_the_mask_to_nothing(pixels: int) -> None:
    mask = rectangle(80, 120, Box(0, 0, 60, 80))
    profile = inpainting.feather(mask, pixels)[40].astype(int)
    assert (profile[:60] == 255).all()
    assert (np.diff(profile) <= 0).all()
    assert (profile[60 + pixels :] == 0).all()
    edge = profile[60 : 60 + pixels]
    assert ((edge > 0) & (edge <= 255)).sum() >= 0.75 * pixels
    assert np.abs(np.diff(profile)).max() <= (255 if pixels == 0 else 255 * 4 / (pixels + 2))


def test_feather_keeps_what_is_marked() -> None:
    mask = mask_with_two_spots()
    assert (inpainting.feather(mask, 12) >= mask).all()
    assert not inpainting.feather(mask, 12)[distance_from(mask) > 12].any()


def test_a_wider_feather_covers_more() -> None:
    mask = rectangle(80, 120, Box(0, 0, 60, 80))
    covered = [int(inpainting.feather(mask, pixels).sum()) for pixels in (0, 1, 2, 4, 9, 20, 40)]
    assert covered == sorted(set(covered))


def test_a_negative_feather_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        inpainting.feather(np.zeros((4, 4), np.uint8), -1)


# --- what the model sees


@st.composite
def masks(draw: st.DrawFn, longest: int = 300) -> Mask:
    """Masks with one or two rectangles in them, of any proportions."""
    height, width = draw(st.integers(1, longest)), draw(st.integers(1, longest))
    mask = np.zeros((height, width), np.uint8)
    for _ in range(draw(st.integers(1, 2))):
        left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        box = Box(left, top, draw(st.integers(1, width - left)), draw(st.integers(1, height - top)))
        mask[box.slices] = draw(st.integers(1, 255))
    return mask


@settings(max_examples=200, deadline=None, derandomize=True)
@given(masks(), st.sampled_from([(32, 8), (64, 16), (48, 32), (64, 64)]), st.integers(0, 40))
def test_a_context_box_holds_the_mask_and_stays_inside(mask: Mask, native: tuple[int, int], padding: int) -> None:
    native_size, multiple = native
    height, width = mask.shape
    box = inpainting.context_box(mask, native_size, padding, multiple)
    assert box is not None
    assert box.left >= 0
    assert box.top >= 0
    assert box.left + box.width <= width
    assert box.top + box.height <= height
    rows, columns = np.nonzero(mask)
    assert box.left <= max(columns.min() - padding, 0)
    assert box.top <= max(rows.min() - padding, 0)
    assert box.left + box.width >= min(columns.max() + 1 + padding, width)
    assert box.top + box.height >= min(rows.max() + 1 + padding, height)
    assert box.width >= min(native_size, width)
    assert box.height >= min(native_size, height)
    if box.width < width and box.height < height:
        assert 0.49 <= box.width / box.height <= 2.05

    made = inpainting.working_size(box, native_size, multiple)
    assert made[0] % multiple == made[1] % multiple == 0
    assert min(made) >= multiple
    if box.width < width and box.height < height:
        assert 0.5 <= made[0] * made[1] / native_size**2 <= 2
        assert made[0] / made[1] == pytest.approx(box.width / box.height, rel=0.04)


def test_nothing_to_repaint_has_no_context() -> None:
    assert inpainting.context_box(np.zeros((50, 60), np.uint8), 32, 8, 8) is None


def test_a_small_spot_is_seen_at_native_size() -> None:
    box = inpainting.context_box(rectangle(2000, 3000, Box(1500, 900, 40, 30)), 768, 64, 64)
    assert box == Box(1500 + 20 - 384, 900 + 15 - 384, 768, 768)
    assert inpainting.working_size(box, 768, 64) == (768, 768)


def test_the_context_of_a_corner_is_moved_inside() -> None:
    assert inpainting.context_box(rectangle(2000, 3000, Box(2995, 0, 5, 5)), 512, 100, 64) == Box(2488, 0, 512, 512)


def test_a_small_picture_is_seen_whole() -> None:
    assert inpainting.context_box(rectangle(100, 200, Box(3, 3, 5, 5)), 512, 100, 64) == Box(0, 0, 200, 100)


def test_a_soft_pixel_counts_as_part_of_the_mask() -> None:
    mask = rectangle(500, 500, Box(10, 10, 5, 5))
    mask[490, 480] = 1
    box = inpainting.context_box(mask, 64, 0, 16)
    assert box is not None
    assert (box.left + box.width, box.top + box.height) > (480, 490)


@pytest.mark.parametrize("size", [(20, 10), (80, 40), (33, 95), (40, 20), (90, 12)])
def test_cut_and_put_back_change_little(size: tuple[int, int]) -> None:
    picture = smooth(60, 90)
    box = Box(30, 20, 40, 20)
    part = inpainting.cut(picture, box, size)
    assert part.shape == (size[1], size[0], 3)
    whole = inpainting.put_back(picture, part, box)
    assert np.abs(whole.astype(int) - picture).mean() < 1
    outside = rectangle(60, 90, box) == 0
    np.testing.assert_array_equal(whole[outside], picture[outside])


@pytest.mark.parametrize("size", [(16, 16), (16, 64), (16, 128)])
def test_shrinking_a_picture_averages_it(size: tuple[int, int]) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, ::4] = 200
    part = inpainting.cut(picture, Box(0, 0, 64, 64), size)
    assert np.abs(part.astype(int) - 50).max() <= 1


def test_an_enlarged_mask_is_empty_where_it_was() -> None:
    mask = rectangle(40, 40, Box(20, 0, 20, 40))
    enlarged = inpainting.cut(mask, Box(0, 0, 40, 40), (320, 320))
    assert enlarged.shape == (320, 320)
    assert not enlarged[:, : 19 * 8].any()
    assert (enlarged[:, 21 * 8 :] == 255).all()


# --- what lies under the mask


@pytest.mark.parametrize("how", ["neutral", "blur", "border"])
@pytest.mark.parametrize(
    "mask",
    [
        rectangle(90, 120, Box(30, 20, 50, 40)),
        rectangle(90, 120, Box(0, 0, 118, 90)),
        rectangle(90, 120, Box(0, 5, 1, 1)),
        rectangle(90, 120, Box(0, 0, 120, 90)),
        rectangle(700, 600, Box(50, 60, 400, 501)),
    ],
)
def test_nothing_leaks_from_under_the_mask(how: Fill, mask: Mask) -> None:
    picture = noise(*mask.shape)
    other = inpainting.paste(picture, np.full_like(picture, 255), mask)
    filled = inpainting.fill(picture, mask, how)
    np.testing.assert_array_equal(inpainting.fill(other, mask, how), filled)
    np.testing.assert_array_equal(filled[mask == 0], picture[mask == 0])
    assert (filled != picture)[mask == 255].any()


@pytest.mark.parametrize("how", ["neutral", "blur", "border"])
@pytest.mark.parametrize("box", [Box(20, 30, 40, 25), Box(0, 0, 99, 80), Box(0, 10, 100, 70), Box(0, 0, 3, 3)])
def test_the_hole_in_a_flat_picture_closes(how: Fill, box: Box) -> None:
    flat = np.full((80, 100, 3), (200, 90, 30), np.uint8)
    mask = rectangle(80, 100, box)
    holed = inpainting.paste(flat, noise(80, 100), mask)
    assert np.abs(inpainting.fill(holed, mask, how).astype(int) - flat).max() <= 1


@pytest.mark.parametrize("how", ["blur", "border"])
@pytest.mark.parametrize("scale", [1, 12])
def test_a_fill_follows_what_is_on_either_side(how: Fill, scale: int) -> None:
    picture = np.zeros((60 * scale, 100 * scale, 3), np.uint8)
    picture[:, 50 * scale :] = (240, 120, 60)
    mask = rectangle(60 * scale, 100 * scale, Box(10 * scale, 10 * scale, 80 * scale, 40 * scale))
    filled = inpainting.fill(picture, mask, how).astype(int)
    assert filled[30 * scale, 12 * scale].max() < 40
    assert np.abs(filled[30 * scale, 88 * scale] - (240, 120, 60)).max() < 40


def test_a_blur_starts_from_what_it_touches() -> None:
    picture = np.zeros((128, 128, 3), np.uint8)
    picture[np.arange(128) // 16 % 2 == 1] = 200
    filled = inpainting.fill(picture, rectangle(128, 128, Box(32, 16, 64, 96)), "blur").astype(int)
    assert np.abs(filled[20:108, 32] - filled[20:108, 31]).mean() < 60  # the mean of everything would be 100 off
    assert np.abs(filled[20:108, 64] - 100).mean() < 50  # and deep inside the stripes have run together


def test_neutral_is_the_mean_of_the_ring() -> None:
    picture = np.full((100, 100, 3), 250, np.uint8)
    picture[25:75, 25:75] = (10, 20, 30)  # the ring of 16 around the mask lies inside this
    picture[45:55, 45:55] = 255
    filled = inpainting.fill(picture, rectangle(100, 100, Box(45, 45, 10, 10)), "neutral")
    assert (filled[45:55, 45:55] == (10, 20, 30)).all()


def test_keep_keeps() -> None:
    picture = noise(20, 30)
    np.testing.assert_array_equal(inpainting.fill(picture, np.full((20, 30), 255, np.uint8), "keep"), picture)


def test_a_soft_mask_keeps_its_share() -> None:
    picture = np.full((64, 64, 3), 200, np.uint8)
    picture[20:40, 20:40] = 0
    filled = inpainting.fill(picture, rectangle(64, 64, Box(20, 20, 20, 20), 51), "neutral")
    assert (filled[20:40, 20:40] == 40).all()  # a fifth of 200


def test_an_unknown_fill_is_refused() -> None:
    with pytest.raises(ValueError, match="tartan"):
        inpainting.fill(noise(4, 4), np.zeros((4, 4), np.uint8), "tartan")  # type: ignore[arg-type]


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="sizes"):
        inpainting.fill(noise(4, 5), np.zeros((5, 4), np.uint8), "blur")


# --- after the model


def mean_error(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize(
    "tint",
    [
        np.diag([0.85, 0.95, 0.8]),
        np.diag([1.1, 1.05, 0.9]),
        0.7 * np.eye(3) + 0.1,  # faded
        np.array([[0.9, 0.1, 0], [0.1, 0.9, 0], [0, 0, 0.8]]),
    ],
)
@pytest.mark.parametrize("cast", [(0, 0, 0), (22, -8, 14)])
def test_a_tinted_copy_comes_back(tint: np.ndarray, cast: tuple[int, int, int]) -> None:
    original = smooth(120, 160)
    mask = rectangle(120, 160, Box(50, 40, 60, 40))
    tinted = np.clip(np.rint(original @ tint + cast), 0, 255).astype(np.uint8)
    matched = inpainting.match_colours(tinted, original, mask)
    assert mean_error(matched, original) * 5 <= mean_error(tinted, original)


def test_matching_colours_to_itself_changes_nothing() -> None:
    original = noise(600, 70)
    matched = inpainting.match_colours(original, original, rectangle(600, 70, Box(20, 20, 30, 500)))
    assert np.abs(matched.astype(int) - original).max() <= 1


def test_only_the_ring_decides() -> None:
    original = smooth(120, 160)
    mask = rectangle(120, 160, Box(50, 40, 60, 40))
    tinted = np.clip(original * 0.8, 0, 255).astype(np.uint8)
    elsewhere = (inpainting.grow(mask, 20) == 0) | (mask > 0)
    other = np.where(elsewhere[..., None], noise(120, 160), original)
    near = mask > 0
    np.testing.assert_array_equal(
        inpainting.match_colours(tinted, other, mask)[near], inpainting.match_colours(tinted, original, mask)[near]
    )


def test_a_mad_ring_changes_only_so_much() -> None:
    made = np.full((60, 60, 3), 128, np.uint8)
    made[::2] = 130
    original = np.where(np.indices((60, 60)).sum(axis=0)[..., None] % 2, 255, 0).astype(np.uint8).repeat(3, axis=2)
    matched = inpainting.match_colours(made, original, rectangle(60, 60, Box(20, 20, 20, 20)))
    spread = matched[20:40, 20:40].astype(int).max() - matched[20:40, 20:40].min()
    assert spread <= 5  # twice 2, and rounding
    white = np.full((60, 60, 3), 255, np.uint8)
    black = np.zeros((60, 60, 3), np.uint8)
    shifted = inpainting.match_colours(black, white, rectangle(60, 60, Box(20, 20, 20, 20)))
    assert (shifted == 64).all()


@pytest.mark.parametrize("box", [Box(0, 0, 30, 20), Box(1, 0, 29, 10), Box(0, 0, 0, 0)])
def test_an_empty_ring_changes_nothing(box: Box) -> None:
    made, mask = noise(20, 30), rectangle(20, 30, box)
    ring = 0 if box.left else 16
    np.testing.assert_array_equal(inpainting.match_colours(made, noise(20, 30, seed=1), mask, ring), made)


def test_paste_honours_a_soft_mask() -> None:
    original, made = noise(16, 256), noise(16, 256, seed=1)
    mask = np.arange(256, dtype=np.uint8)[None].repeat(16, axis=0)
    alpha = mask[..., None] / 255
    exact = made * alpha + original * (1 - alpha)
    pasted = inpainting.paste(original, made, mask)
    assert np.abs(pasted - exact).max() <= 0.5 + 1e-9
    np.testing.assert_array_equal(pasted[:, 0], original[:, 0])
    np.testing.assert_array_equal(pasted[:, 255], made[:, 255])


# --- masks in latent cells


def test_a_latent_cell_holds_the_share_to_repaint() -> None:
    mask = np.zeros((16, 24), np.uint8)
    mask[:8, :8] = 255
    mask[:4, 8:16] = 255
    mask[8:, 16:] = 51
    cells = inpainting.latent_mask(mask)
    assert cells.dtype == np.float32
    np.testing.assert_allclose(cells, [[1, 0.5, 0], [0, 0, 0.2]], atol=1e-7)
    assert cells[0, 0] == 1  # exactly: a cell a little less would count as known


def test_half_a_latent_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="cells of 8"):
        inpainting.latent_mask(np.zeros((16, 20), np.uint8))


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (2, 2), (16, 16), (13, 29)])
@pytest.mark.parametrize("levels", [(0, 1), (0, 0.5, 1), (0.25,)])
def test_known_cells_shrink_as_in_diffusers(size: tuple[int, int], levels: tuple[float, ...]) -> None:
    generator = np.random.default_rng(size[0])
    for known_share in (0.5, 0.9, 0.98):
        keep = np.where(generator.random(size) < known_share, 1, generator.choice(levels, size)).astype(np.float32)
        theirs = prepare_mask(torch.from_numpy(keep.copy())[None, None])[0, 0].numpy()
        before = keep.copy()
        ours = inpainting.shrink_known(keep)
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(keep, before)
        assert ours.dtype == np.float32
        whole = (keep == 1).astype(np.uint8)
        assert inpainting.shrink_known(whole).dtype == np.uint8
        np.testing.assert_array_equal(inpainting.shrink_known(whole) == 1, theirs == 1)


# --- outpainting


@pytest.mark.parametrize("how", inpainting.FILLS)
@pytest.mark.parametrize("margins", [Margins(0, 0, 0, 0), Margins(5, 0, 40, 3), Margins(300, 300, 300, 300)])
def test_a_picture_lies_unchanged_on_its_canvas(how: Fill, margins: Margins) -> None:
    picture = noise(50, 70)
    canvas, mask = inpainting.expand(picture, margins, how)
    inside = Box(margins.left, margins.top, 70, 50).slices
    assert canvas.shape[:2] == mask.shape == (50 + margins.top + margins.bottom, 70 + margins.left + margins.right)
    np.testing.assert_array_equal(canvas[inside], picture)
    assert not mask[inside].any()
    assert (mask == 255).sum() == mask.size - 50 * 70


@pytest.mark.parametrize("how", inpainting.FILLS)
def test_a_flat_picture_goes_on_flat(how: Fill) -> None:
    picture = np.full((40, 50, 3), (12, 200, 90), np.uint8)
    canvas, _ = inpainting.expand(picture, Margins(30, 7, 0, 90), how)
    assert np.abs(canvas.astype(int) - (12, 200, 90)).max() <= 1


def test_a_border_is_continued_and_blurred() -> None:
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[::2] = 200
    canvas, _ = inpainting.expand(picture, Margins(0, 0, 40, 0))
    np.testing.assert_allclose(canvas[10:30, 40:42].mean(axis=1), picture[10:30, 39], atol=40)  # no seam
    assert np.abs(canvas[10:30, 60].astype(int) - 100).max() < 15


def test_a_negative_margin_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        inpainting.expand(noise(4, 4), Margins(0, -1, 0, 0))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.tuples(*[st.integers(1, 220)] * 2),
    st.tuples(*[st.integers(0, 260)] * 4),
    st.sampled_from([(32, 8), (64, 16), (50, 0), (50, 35)]),
)
def test_tiles_cover_what_is_new_from_the_picture_outward(
    size: tuple[int, int], sides: tuple[int, int, int, int], native: tuple[int, int]
) -> None:
    native_size, overlap = native
    margins = Margins(*sides)
    height, width = size[0] + margins.top + margins.bottom, size[1] + margins.left + margins.right
    made = rectangle(height, width, Box(margins.left, margins.top, size[1], size[0])) > 0
    mask = np.where(made, 0, 255).astype(np.uint8)
    boxes = inpainting.tiles(mask, native_size, overlap)
    if max(width, height) <= 1.5 * native_size:
        assert boxes == ([Box(0, 0, width, height)] if mask.any() else [])
        return
    for number, box in enumerate(boxes):
        assert min(box.left, box.top) >= 0
        assert box.left + box.width <= width
        assert box.top + box.height <= height
        assert (box.width, box.height) == (min(native_size, width), min(native_size, height))
        assert mask[box.slices].any()
        seen = int(made[box.slices].sum())
        if number == 0:
            assert seen >= min(overlap, size[0], box.height) * min(overlap, size[1], box.width)
        else:
            assert seen >= overlap * min(box.width, box.height)
        made[box.slices] = True
    assert made.all()


def test_a_small_picture_lies_whole_in_the_first_tile() -> None:
    mask = np.full((1000, 1000), 255, np.uint8)
    mask[500:600, 500:600] = 0  # where two tiles of an even grid would each see a part
    first = inpainting.tiles(mask, 128, 32)[0]
    assert max(first.left, first.top) <= 500
    assert min(first.left + first.width, first.top + first.height) >= 600


def test_a_canvas_little_larger_than_native_is_one_tile() -> None:
    assert len(inpainting.tiles(np.full((96, 96), 255, np.uint8), 64, 16)) == 1
    assert len(inpainting.tiles(np.full((96, 97), 255, np.uint8), 64, 16)) > 1


def test_a_canvas_of_nothing_known_is_tiled_too() -> None:
    boxes = inpainting.tiles(np.full((100, 300), 255, np.uint8), 64, 16)
    covered = np.zeros((100, 300), bool)
    for box in boxes:
        covered[box.slices] = True
    assert covered.all()


def test_a_known_canvas_needs_no_tiles() -> None:
    assert inpainting.tiles(np.zeros((500, 500), np.uint8), 64, 16) == []


def test_tiles_that_would_stand_still_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        inpainting.tiles(np.zeros((500, 500), np.uint8), 64, 64)


# --- any size, and nothing given is changed


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("level", [0, 100, 255])
def test_works_at_any_size_and_leaves_its_arguments_alone(size: tuple[int, int], level: int) -> None:
    picture, made = noise(*size), noise(*size, seed=1)
    mask = np.zeros(size, np.uint8)
    mask[:1, :] = level
    for array in (picture, made, mask):
        array.flags.writeable = False
    for pixels in (-20, -1, 0, 1, 20):
        assert inpainting.grow(mask, pixels).shape == size
    assert inpainting.feather(mask, 20).shape == size
    box = inpainting.context_box(mask, 64, 10, 32)
    if box is not None:
        part = inpainting.cut(picture, box, inpainting.working_size(box, 64, 32))
        assert inpainting.put_back(picture, part, box).shape == picture.shape
    for how in inpainting.FILLS:
        assert inpainting.fill(picture, mask, how).shape == picture.shape
        assert inpainting.expand(picture, Margins(0, 1, 2, 0), how)[0].shape == (size[0] + 1, size[1] + 2, 3)
    assert inpainting.match_colours(made, picture, mask).shape == picture.shape
    assert inpainting.paste(picture, made, mask).shape == picture.shape
    assert inpainting.latent_mask(mask, 1).shape == size
    assert inpainting.tiles(mask, 8, 2) or not level


@pytest.mark.parametrize("how", inpainting.FILLS)
def test_what_is_returned_is_new(how: Fill) -> None:
    picture, mask = noise(16, 16), np.zeros((16, 16), np.uint8)
    whole = Box(0, 0, 16, 16)
    for made in (
        inpainting.fill(picture, mask, how),
        inpainting.cut(picture, whole, (16, 16)),
        inpainting.put_back(picture, picture, whole),
        inpainting.paste(picture, picture, mask),
        inpainting.match_colours(picture, picture, mask),
        inpainting.expand(picture, Margins(0, 0, 0, 0), how)[0],
    ):
        assert not np.shares_memory(made, picture)
    assert not np.shares_memory(inpainting.grow(mask, 0), mask)
    assert not np.shares_memory(inpainting.feather(mask, 0), mask)


def test_a_ring_that_shows_something_else_in_part_does_not_lead_astray():
    """What the mask cuts in two is gone from the new picture, also a little outside of the mask."""
    original = np.full((128, 128, 3), (40, 80, 200), np.uint8)
    made = original.copy()
    original[88:, 20:70] = (220, 40, 40)
    made[40:80, 40:80] = (240, 220, 50)
    matched = inpainting.match_colours(made, original, rectangle(128, 128, Box(32, 32, 56, 56)))
    assert np.abs(matched.astype(int) - made).max() <= 3
