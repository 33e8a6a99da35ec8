"""Moving layers and what is selected of them: which pixels go, what stays, what snaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.projection import Projection
from kandinsky_studio.document.surface import Surface, readable
from kandinsky_studio.errors import LayerLocked, NoLayer, NothingToMove
from kandinsky_studio.tools.base import Desk, Ink
from kandinsky_studio.tools.move import Move
from kandinsky_studio.tools.select_rectangle import SelectRectangle
from tests.tools.gestures import at, click, drag, frozen, picture, selected, steps

SIZE = 600, 500


def noise(width, height, seed=0, opaque=True):
    """Premultiplied."""
    pixels = np.random.default_rng(seed).integers(1, 256, (height, width, 4), np.uint8)
    if opaque:
        pixels[..., 3] = 255
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
    return pixels


def make(pixels=None, x=100, y=120):
    """A layer with ``pixels`` at (x, y) over an empty one."""
    document = Document.new(*SIZE)
    pixels = noise(90, 70) if pixels is None else pixels
    layer = document.new_layer(Kind.PIXELS, "object", Surface.from_array(pixels, x, y))
    document.state = document.state.inserted(layer)
    document.activate(layer.id)
    tool = Move(Desk(document))
    tool.snapping = False
    return document, tool


def at_place(pixels, x, y):
    whole = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    whole[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
    return whole


def whole(document, layer=None):
    layer = layer or document.active
    return layer.pixels.array(document.state.canvas)


def test_a_layer_moves_by_whole_pixels_as_it_is():
    pixels = noise(90, 70, opaque=False)
    document, tool = make(pixels)
    before = picture(document)
    drag(tool, (110, 130), (150.4, 90.3), (321.3, 144.8))
    assert (whole(document) == at_place(pixels, 100 + 211, 120 + 15)).all()
    assert steps(document) == ["Move"]
    document.undo()
    assert picture(document) == before


def test_what_leaves_the_canvas_is_kept():
    pixels = noise(90, 70)
    document, tool = make(pixels)
    drag(tool, (110, 130), (-400, 130))
    assert not whole(document).any()
    drag(tool, (0, 0), (510, 0))
    assert (whole(document) == at_place(pixels, 100, 120)).all()


def test_a_move_by_whole_tiles_copies_nothing():
    document, tool = make(noise(300, 300))
    tiles = set(document.active.pixels.tiles.values())
    drag(tool, (0, 0), (256, -512))
    assert set(document.active.pixels.tiles.values()) == tiles


def test_while_it_is_dragged_the_picture_shows_it_there():
    pixels = noise(90, 70)
    document, tool = make(pixels)
    tool.press(at(110, 130))
    for x, y in ((200, 200), (390, 330)):
        tool.move(at(x, y))
        shown = readable(document.render())
        assert (shown == at_place(pixels, 100 + x - 110, 120 + y - 130)).all()
    assert document.editing
    tool.cancel()
    assert not document.editing
    assert (readable(document.render()) == at_place(pixels, 100, 120)).all()


@pytest.mark.parametrize("zoom", [1.0, 0.5, 0.25])
def test_a_view_follows_a_drag_and_its_cancel(zoom):
    document, tool = make(noise(90, 70))
    projection = Projection(document.state)
    document.watch(lambda change: projection.set_state(document.state, document.active_id, change.rect))
    level = projection.level(zoom)

    def shown():
        projection.refresh(level, projection.area)
        return readable(projection.image(level)).copy()

    before = shown()
    tool.press(at(0, 0))
    tool.move(at(60, 40))
    there = shown()
    fresh = Projection(document.state)
    fresh.refresh(level, fresh.area)
    assert (there == readable(fresh.image(level))).all()
    assert (there[: int(160 * zoom)] == 0).all()
    assert there[int(160 * zoom) : int(230 * zoom), int(160 * zoom) : int(250 * zoom)].all()
    tool.cancel()
    assert (shown() == before).all()


def test_a_click_and_a_drag_back_are_no_steps():
    document, tool = make()
    before = frozen(document)
    click(tool, 120, 130)
    drag(tool, (120, 130), (160, 130), (120, 130))
    assert frozen(document) == before


def test_only_selected_pixels_move_and_take_the_selection_along():
    pixels = noise(90, 70)
    document, tool = make(pixels)
    drag(SelectRectangle(tool.desk), (120, 140), (150, 160))
    drag(tool, (0, 0), (200, 100))
    wanted = at_place(pixels, 100, 120)
    cut = wanted[140:160, 120:150].copy()
    wanted[140:160, 120:150] = 0
    wanted[240:260, 320:350] = cut
    assert (whole(document) == wanted).all()
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[240:260, 320:350] = 255
    assert (selected(document) == mask).all()
    assert steps(document) == ["Select a rectangle", "Move"]
    document.undo()
    assert (whole(document) == at_place(pixels, 100, 120)).all()
    assert selected(document)[150, 130] == 255


def test_what_was_moved_floats_until_it_is_touched():
    pixels = noise(90, 70)
    document, tool = make(pixels)
    drag(SelectRectangle(tool.desk), (100, 120), (120, 140))
    drag(tool, (0, 0), (30, 20))
    drag(tool, (0, 0), (300, 200))
    wanted = at_place(pixels, 100, 120)
    wanted[120:140, 100:120] = 0
    wanted[340:360, 430:450] = pixels[:20, :20]
    assert (whole(document) == wanted).all(), "what it covered for a moment is there again"
    document.undo()
    drag(tool, (0, 0), (-100, -100))
    wanted = at_place(pixels, 100, 120)
    wanted[120:140, 100:120] = 0
    wanted[140:160, 130:150] = 0
    wanted[40:60, 30:50] = pixels[:20, :20]
    assert (whole(document) == wanted).all(), "after an undo it is part of the layer"


def test_a_soft_selection_splits_pixels_without_loss():
    pixels = noise(90, 70)
    document, tool = make(pixels)
    select = SelectRectangle(tool.desk)
    select.feather = 12
    drag(select, (120, 140), (170, 180))
    share = selected(document)[120:190, 100:190]
    drag(tool, (0, 0), (300, 0))
    there, here = whole(document)[120:190, 400:490], whole(document)[120:190, 100:190]
    assert (there.astype(int) + here == pixels).all()
    assert (there[..., 3] == share).all()
    assert (there[..., :3] <= there[..., 3:]).all()


def test_moved_pixels_are_drawn_over_what_lies_below():
    document, tool = make()
    base = np.zeros((200, 200, 4), np.uint8)
    base[..., 0] = base[..., 3] = 255
    base[:50, :50] = (0, 64, 64, 128)
    layer = document.active
    document.state = document.state.with_layer(layer.id, pixels=Surface.from_array(base, 0, 0))
    drag(SelectRectangle(tool.desk), (0, 0), (50, 50))
    drag(tool, (10, 10), (110, 110))
    pixel = document.active.pixels.pixel(120, 120)
    assert pixel[3] == 255
    assert np.abs(np.array(pixel[:3], int) - (127, 64, 64)).max() <= 1
    assert document.active.pixels.pixel(20, 20) == (0, 0, 0, 0)


def test_a_group_moves_with_all_that_is_in_it():
    document, tool = make()
    inner = document.active
    mask = Surface.from_array(np.full((40, 40), 9, np.uint8), 110, 130, default=255)
    document.state = document.state.with_layer(inner.id, mask=mask)
    group = document.new_layer(Kind.GROUP, "group")
    state = document.state.inserted(group)
    state = state.relocated(inner.id, group.id, 0)
    document.state = state.inserted(
        document.new_layer(Kind.PIXELS, "other", Surface.from_array(noise(20, 20, 3), 300, 300)), group.id
    )
    document.activate(group.id)
    before = readable(document.render()).copy()
    drag(tool, (0, 0), (-70, 33))
    after = readable(document.render())
    assert (after[33:, : SIZE[0] - 70] == before[: SIZE[1] - 33, 70:]).all()
    moved = document.state.layer(inner.id).mask
    assert moved.default == 255
    assert moved.pixel(110 - 70, 130 + 33) == (9,)
    assert moved.pixel(109 - 70, 130 + 33) == (255,)


@pytest.mark.parametrize("kind", [Kind.INPAINT, Kind.DEPTH])
def test_masks_and_depth_move_too(kind):
    document, tool = make()
    values = np.zeros((50, 50), np.uint8)
    values[:, 20:] = 200
    layer = document.new_layer(kind, "mask", Surface.from_array(values, 10, 10))
    document.state = document.state.inserted(layer)
    document.activate(layer.id)
    drag(tool, (0, 0), (5, 6))
    wanted = np.zeros(SIZE[::-1], np.uint8)
    wanted[16:66, 35:65] = 200
    assert (whole(document) == wanted).all()
    drag(SelectRectangle(tool.desk), (15, 16), (65, 40))
    drag(tool, (0, 0), (0, 20))
    wanted[16:36, 35:65] = 0
    wanted[36:60, 35:65] = 200
    assert (whole(document) == wanted).all()
    drag(tool, (0, 0), (30, 0))
    row = whole(document)[50]
    if kind is Kind.DEPTH:
        assert (row[45:65] == 0).all(), "a depth that is 0 is a depth"
    else:
        assert (row[65:95] == 200).all()
    assert row[94] == 200


def test_the_layer_under_the_pointer():
    document, tool = make()
    tool.choose_layer = True
    top = document.new_layer(Kind.PIXELS, "top", Surface.from_array(noise(20, 20, 5), 300, 300))
    document.state = document.state.inserted(top)
    click(tool, 310, 310)
    assert document.active_id == top.id
    drag(tool, (110, 130), (120, 130))
    assert document.active_id == 2
    assert document.active.pixels.content == Rect(110, 120, 90, 70)
    tool.press(at(310, 310))
    tool.move(at(350, 350))
    tool.cancel()
    assert document.active_id == 2
    assert document.state.layer(top.id).pixels.content == Rect(300, 300, 20, 20)


def test_arrow_keys_make_one_step():
    pixels = noise(90, 70)
    document, tool = make(pixels)
    for _ in range(5):
        tool.nudge(1, 0)
    tool.nudge(0, -10)
    assert (whole(document) == at_place(pixels, 105, 110)).all()
    assert steps(document) == ["Move"]
    document.undo()
    assert (whole(document) == at_place(pixels, 100, 120)).all()
    drag(SelectRectangle(tool.desk), (100, 120), (110, 130))
    for _ in range(30):
        tool.nudge(10, 0)
    wanted = at_place(pixels, 100, 120)
    wanted[120:130, 100:110] = 0
    wanted[120:130, 400:410] = pixels[:10, :10]
    assert (whole(document) == wanted).all(), "it floats over what it passes"
    assert steps(document) == ["Select a rectangle", "Move"]


def test_snapping_to_the_canvas():
    document, tool = make()
    tool.snapping = True
    tool.press(at(110, 130))
    tool.move(at(17, 140))
    assert document.state.layer(2).pixels.content.x == 0, "7 pixels from the edge"
    lines = [mark for mark in tool.overlay() if mark.ink is Ink.LINE]
    assert lines[0].path.boundingRect().getCoords() == (0, 0, 0, 500)
    tool.move(at(17, 140, scale=2.0))
    assert document.state.layer(2).pixels.content.x == 7, "14 pixels on the screen"
    tool.move(at(17, 140, control=True))
    assert document.state.layer(2).pixels.content.x == 7
    tool.move(at(110 + 155 - 4, 130 + 100))
    assert document.state.layer(2).pixels.content == Rect(255, 215, 90, 70), "its middle on the canvas's"
    tool.cancel()


def test_shift_moves_straight():
    document, tool = make()
    drag(tool, (0, 0), (90, 20), shift=True)
    assert document.active.pixels.content == Rect(190, 120, 90, 70)
    drag(tool, (0, 0), (10, -20), shift=True)
    assert document.active.pixels.content == Rect(190, 100, 90, 70)


def test_what_can_not_be_moved_is_refused_and_unchanged():
    document, tool = make()
    document.state = document.state.with_layer(2, locked=True)
    before = frozen(document)
    with pytest.raises(LayerLocked):
        tool.press(at(110, 130))
    assert frozen(document) == before
    document.state = document.state.with_layer(2, locked=False)
    document.activate(1)
    with pytest.raises(NothingToMove):
        tool.press(at(110, 130))
    with pytest.raises(NothingToMove):
        tool.nudge(1, 0)
    document.activate(2)
    drag(SelectRectangle(tool.desk), (0, 0), (20, 20))
    with pytest.raises(NothingToMove):
        tool.press(at(110, 130))
    document.activate(None)
    with pytest.raises(NoLayer):
        tool.press(at(110, 130))
    assert not document.editing


PLACES = st.tuples(st.integers(-300, 900), st.integers(-300, 800))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["select", "move", "nudge", "undo", "cancel"]),
            st.lists(PLACES, min_size=2, max_size=4),
            st.sampled_from([0.0, 7.0]),
        ),
        max_size=7,
    )
)
def test_any_gestures_and_undo(gestures):
    document, tool = make(noise(150, 130, opaque=False))
    select = SelectRectangle(tool.desk)
    seen = [picture(document)]
    for what, points, feather in gestures:
        before = frozen(document)
        try:
            if what == "select":
                select.feather = feather
                drag(select, *points)
            elif what == "move":
                drag(tool, *points)
            elif what == "nudge":
                tool.nudge(*points[0])
            elif what == "undo" and document.undo():
                seen.pop()
                assert picture(document) == seen[-1]
            elif what == "cancel":
                tool.press(at(*points[0]))
                for point in points[1:]:
                    tool.move(at(*point))
                tool.cancel()
                assert frozen(document) == before
        except NothingToMove:
            assert frozen(document) == before
        if len(document.history.done) == len(seen):
            seen.append(picture(document))
        elif len(document.history.done) == len(seen) - 1:
            seen[-1] = picture(document) if what == "nudge" else seen[-1]
        assert not document.editing
        pixels = document.active.pixels.array(document.active.pixels.bounds)
        assert (pixels[..., :3] <= pixels[..., 3:]).all()
    for expected in reversed(seen):
        assert picture(document) == expected
        document.undo()


def test_masks_move_alone_while_masks_are_edited():
    pixels = noise(90, 70)
    document, tool = make(pixels)
    mask = Surface.from_array(np.full((40, 40), 9, np.uint8), 110, 130, default=255)
    inpaint = document.new_layer(Kind.INPAINT, "mask", Surface.from_array(np.full((5, 5), 255, np.uint8), 10, 10))
    document.state = document.state.with_layer(2, mask=mask).inserted(inpaint)
    tool.desk.edit_mask = True
    drag(tool, (0, 0), (20, 10))
    assert (whole(document) == at_place(pixels, 100, 120)).all()
    assert document.active.mask.content == Rect(130, 140, 40, 40)
    tool.desk.quick_mask = True
    drag(tool, (0, 0), (20, 10))
    assert document.state.layer(inpaint.id).pixels.content == Rect(30, 20, 5, 5)
    assert document.active.mask.content == Rect(130, 140, 40, 40)
