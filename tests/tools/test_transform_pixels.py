"""What becomes of the pixels that are transformed, and which those are."""

from __future__ import annotations

import numpy as np
import pytest

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.projection import Projection
from kandinsky_studio.document.surface import Surface, readable
from kandinsky_studio.tools.base import Ink
from kandinsky_studio.tools.lifting import Part
from kandinsky_studio.tools.select_rectangle import SelectRectangle
from tests.tools.framed import (
    LOWER_RIGHT,
    SIZE,
    at_place,
    make,
    noise,
    pull,
    soft,
    whole,
)
from tests.tools.gestures import drag, frozen, selected, steps


@pytest.mark.parametrize("size", [(90, 70), (91, 70), (91, 71), (300, 257)])
@pytest.mark.parametrize("turns", [1, 2, 3, 4])
def test_quarter_turns_are_exact(size, turns):
    pixels = noise(*size, opaque=False)
    document, tool = make(pixels)
    before = frozen(document)
    tool.begin()
    for _ in range(turns):
        tool.turn_right()
    tool.finish()
    content = document.active.pixels.content
    assert (document.active.pixels.array(content) == np.rot90(pixels, -turns)).all()
    assert abs(content.x + content.width / 2 - (200 + size[0] / 2)) <= 0.5
    if turns == 4:
        assert frozen(document) == before
    else:
        assert steps(document) == ["Transform"]


def test_flips_are_exact():
    pixels = noise(90, 70, opaque=False)
    document, tool = make(pixels)
    tool.flip_horizontal()
    tool.finish()
    assert (whole(document) == at_place(pixels[:, ::-1], 200, 160)).all()
    tool.flip_vertical()
    tool.finish()
    assert (whole(document) == at_place(pixels[::-1, ::-1], 200, 160)).all()
    document.undo()
    document.undo()
    assert (whole(document) == at_place(pixels, 200, 160)).all()


def test_the_result_is_made_of_the_original_pixels():
    pixels = soft(90, 70)
    document, tool = make(pixels)
    once, tool_once = make(pixels)
    tool_once.angle = 33.0
    tool_once.finish()
    tool.begin()
    for angle in (10.0, 170.0, -60.0, 33.0):
        tool.angle = angle
    for by in (0.05, 4.0, 1.0):
        tool.scale_x = by
    tool.finish()
    assert np.abs(whole(document).astype(int) - whole(once)).max() <= 1
    assert len(document.history.done) == 1


def test_smaller_takes_the_mean():
    pixels = noise(128, 64)
    document, tool = make(pixels)
    tool.begin()
    pull(tool, LOWER_RIGHT, -96, -48)
    tool.finish()
    content = document.active.pixels.content
    assert content == Rect(200, 160, 32, 16)
    mean = pixels.reshape(16, 4, 32, 4, 4).mean(axis=(1, 3))
    assert np.abs(document.active.pixels.array(content) - mean).max() <= 1


def test_a_turned_square_keeps_area_and_colour():
    pixels = np.full((100, 100, 4), 255, np.uint8)
    pixels[..., :3] = (10, 20, 200)
    document, tool = make(pixels)
    tool.angle = 30.0
    tool.finish()
    result = whole(document)
    assert result[..., 3].sum() / 255 == pytest.approx(10_000, rel=0.002)
    inside = result[result[..., 3] == 255]
    assert (inside[:, :3] == (10, 20, 200)).all()
    assert (result[..., :3] <= result[..., 3:]).all()
    assert (result[..., 3] == 0).sum() > 0.9 * SIZE[0] * SIZE[1]


def test_curves_do_not_overshoot_alpha():
    pixels = np.zeros((60, 60, 4), np.uint8)
    pixels[::2, ::2] = (255, 255, 255, 255)
    pixels[20:40, 20:40] = (100, 90, 80, 100)
    document, tool = make(pixels)
    tool.angle, tool.scale_x = 17.0, 1.7
    tool.finish()
    result = whole(document)
    assert (result[..., :3] <= result[..., 3:]).all()


def test_without_smoothing_no_new_colour_comes():
    pixels = noise(20, 20)
    document, tool = make(pixels)
    tool.smooth = False
    tool.begin()
    pull(tool, LOWER_RIGHT, 40, 40)
    tool.finish()
    assert (whole(document) == at_place(pixels.repeat(3, axis=0).repeat(3, axis=1), 200, 160)).all()
    tool.angle = 20.0
    tool.finish()
    known = {tuple(pixel) for pixel in pixels.reshape(-1, 4)} | {(0, 0, 0, 0)}
    assert {tuple(pixel) for pixel in whole(document).reshape(-1, 4)} <= known


def test_only_selected_pixels_are_transformed():
    pixels = noise(90, 70)
    document, tool = make(pixels)
    drag(SelectRectangle(tool.desk), (210, 170), (230, 180))
    tool.begin()
    tool.turn_right()
    tool.x = 320
    assert document.state.selection is None, "the frame shows it meanwhile"
    assert any(mark.ink is Ink.ANTS for mark in tool.overlay())
    tool.finish()
    wanted = at_place(pixels, 200, 160)
    cut = wanted[170:180, 210:230].copy()
    wanted[170:180, 210:230] = 0
    wanted[165:185, 315:325] = np.rot90(cut, -1)
    assert (whole(document) == wanted).all()
    assert (selected(document) == at_place(np.full((20, 10), 255, np.uint8), 315, 165)).all()
    document.undo()
    assert (whole(document) == at_place(pixels, 200, 160)).all()
    assert selected(document)[175, 220] == 255


def test_a_group_is_transformed_as_one():
    document, tool = make(noise(40, 40), 200, 160)
    group = document.new_layer(Kind.GROUP, "group")
    state = document.state.inserted(group).relocated(document.active_id, group.id, 0)
    other = document.new_layer(Kind.PIXELS, "other", Surface.from_array(noise(40, 40, 3), 260, 200))
    document.state = state.inserted(other, group.id)
    document.activate(group.id)
    before = readable(document.render()).copy()
    tool.turn_right()
    tool.turn_right()
    tool.finish()
    after = readable(document.render())
    assert (after[160:240, 200:300] == before[160:240, 200:300][::-1, ::-1]).all()
    assert len(document.history.done) == 1
    document.undo()
    assert (readable(document.render()) == before).all()


def test_a_mask_alone_and_a_mask_along():
    pixels = noise(90, 70)
    values = np.random.default_rng(1).integers(0, 250, (20, 30), np.uint8)
    document, tool = make(pixels)
    mask = Surface.from_array(values, 210, 170, default=255)
    document.state = document.state.with_layer(2, mask=mask)
    tool.part = Part.MASK
    tool.flip_horizontal()
    tool.finish()
    mask = document.active.mask
    assert (mask.array(Rect(210, 170, 30, 20)) == values[:, ::-1]).all()
    assert mask.default == 255
    assert (whole(document) == at_place(pixels, 200, 160)).all()
    document.undo()
    tool.part = Part.CONTENT
    tool.flip_horizontal()
    tool.finish()
    mask = document.active.mask
    assert (mask.array(Rect(250, 170, 30, 20)) == values[:, ::-1]).all(), "it lies in its layer as it did"
    assert mask.pixel(249, 170) == (255,)
    document.undo()
    tool.desk.edit_mask = True
    tool.flip_horizontal()
    tool.finish()
    assert (whole(document) == at_place(pixels, 200, 160)).all()
    tool.desk.edit_mask = False
    tool.part = Part.MASK
    tool.angle = 45.0
    tool.finish()
    assert document.active.mask.pixel(100, 100) == (255,), "around a turned mask everything is shown"


def test_inpaint_mask_depth_and_outline():
    document, tool = make()
    for kind in (Kind.INPAINT, Kind.DEPTH):
        values = np.random.default_rng(1).integers(1, 250, (20, 30), np.uint8)
        layer = document.new_layer(kind, "mask", Surface.from_array(values, 210, 170))
        document.state = document.state.inserted(layer)
        document.activate(layer.id)
        tool.turn_left()
        tool.finish()
        content = document.active.pixels.content
        assert (document.active.pixels.array(content) == np.rot90(values)).all()
    document.activate(2)
    tool.desk.quick_mask = True
    tool.begin()
    assert document.state.of_kind(Kind.INPAINT).pixels.content == Rect(215, 165, 20, 30)
    assert (tool.x, tool.y) == (225, 180)
    tool.abandon()
    tool.desk.quick_mask = False
    before = whole(document)
    drag(SelectRectangle(tool.desk), (210, 170), (230, 180))
    tool.part = Part.SELECTION
    tool.scale_x = 2.0
    tool.finish()
    assert (selected(document) == at_place(np.full((10, 40), 255, np.uint8), 200, 170)).all()
    assert (whole(document) == before).all()


@pytest.mark.parametrize("zoom", [1.0, 0.25])
def test_the_draft_looks_like_the_result(zoom):
    document, tool = make(soft(300, 200), 130, 120)
    projection = Projection(document.state)
    document.watch(lambda change: projection.set_state(document.state, document.active_id, change.rect))
    level = projection.level(zoom)

    def shown():
        projection.refresh(level, projection.area)
        return readable(projection.image(level)).astype(int)

    before = shown()
    tool.begin()
    tool.angle, tool.scale_x = 25.0, 0.6
    draft = shown()
    assert np.abs(draft - before).mean() > 10
    tool.finish()
    assert np.abs(shown() - draft).mean() < 0.5
    document.undo()
    assert (shown() == before).all()
    tool.begin()
    tool.angle = 25.0
    tool.abandon()
    assert (shown() == before).all()
