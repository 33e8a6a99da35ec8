"""Free transformation: where pixels go, how exactly they come back, what nobody may see change."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.projection import Projection
from kandinsky_studio.document.surface import Surface, readable
from kandinsky_studio.errors import LayerLocked, NoLayer, NoMask, NothingToMove
from kandinsky_studio.tools.base import Desk, Ink
from kandinsky_studio.tools.lifting import Part
from kandinsky_studio.tools.select_rectangle import SelectRectangle
from kandinsky_studio.tools.transform import Transform
from kandinsky_studio.tools.transforming import Pose
from tests.tools.gestures import at, drag, frozen, picture, selected, steps

SIZE = 600, 500


def noise(width, height, seed=0, opaque=True):
    """Premultiplied."""
    pixels = np.random.default_rng(seed).integers(1, 256, (height, width, 4), np.uint8)
    if opaque:
        pixels[..., 3] = 255
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
    return pixels


def soft(width, height):
    """Opaque, without anything that is as fine as a pixel."""
    pixels = cv2.GaussianBlur(noise(width, height), (0, 0), 3)
    pixels[..., :3] = cv2.normalize(pixels[..., :3], None, 0, 255, cv2.NORM_MINMAX)
    pixels[..., 3] = 255
    return pixels


def make(pixels=None, x=200, y=160):
    document = Document.new(*SIZE)
    pixels = noise(90, 70) if pixels is None else pixels
    layer = document.new_layer(Kind.PIXELS, "object", Surface.from_array(pixels, x, y))
    document.state = document.state.inserted(layer)
    document.activate(layer.id)
    return document, Transform(Desk(document))


def at_place(pixels, x, y):
    whole = np.zeros((SIZE[1], SIZE[0], *pixels.shape[2:]), np.uint8)
    whole[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
    return whole


def whole(document):
    return document.active.pixels.array(document.state.canvas)


def handles(tool):
    """The eight handles and the pivot, as they are drawn."""
    marks = [mark.path.currentPosition() for mark in tool.overlay() if mark.ink is Ink.HANDLE]
    return [(point.x(), point.y()) for point in marks]


UPPER_LEFT, UPPER_RIGHT, LOWER_RIGHT, LOWER_LEFT, UPPER, RIGHT, LOWER, LEFT, PIVOT = range(9)


def pull(tool, handle, dx, dy, **held):
    x, y = handles(tool)[handle]
    drag(tool, (x, y), (x + dx / 2, y + dy / 3), (x + dx, y + dy), **held)


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


def test_a_frame_that_was_only_looked_at_is_no_step():
    document, tool = make(noise(90, 70, opaque=False))
    before = frozen(document)
    tool.begin()
    assert tool.busy
    assert len(handles(tool)) == 9
    tool.finish()
    assert frozen(document) == before
    tool.begin()
    pull(tool, RIGHT, 40, 0)
    assert document.editing
    pull(tool, RIGHT, -40, 0)
    assert not document.editing
    tool.finish()
    assert frozen(document) == before
    assert not tool.busy
    assert not tool.overlay()


def test_dragging_inside_moves():
    pixels = noise(90, 70)
    document, tool = make(pixels)
    tool.begin()
    drag(tool, (220, 175), (320.4, 275.2))
    tool.finish()
    assert (whole(document) == at_place(pixels, 300, 260)).all()


def test_twice_as_large_and_back():
    pixels = soft(90, 70)
    document, tool = make(pixels)
    tool.begin()
    pull(tool, LOWER_RIGHT, 90, 70)
    tool.finish()
    assert document.active.pixels.content == Rect(200, 160, 180, 140)
    assert (document.active.pixels.array(Rect(200, 160, 180, 140))[..., 3] == 255).all(), "edges stay sharp"
    tool.begin()
    pull(tool, LOWER_RIGHT, -90, -70)
    tool.finish()
    back = document.active.pixels
    assert back.content == Rect(200, 160, 90, 70)
    assert np.abs(back.array(back.content).astype(int) - pixels).max() <= 8
    assert np.abs(back.array(back.content).astype(int) - pixels).mean() < 1


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


def box_of(tool):
    points = handles(tool)
    (left, top), (right, bottom) = points[UPPER_LEFT], points[LOWER_RIGHT]
    return left, top, right, bottom


def test_keys_at_handles():
    document, tool = make()
    tool.begin()
    pull(tool, LOWER_RIGHT, 90, 0, shift=True)
    left, top, right, bottom = box_of(tool)
    assert (left, top) == (200, 160)
    assert (right - left) / (bottom - top) == pytest.approx(90 / 70, rel=0.02)
    tool.abandon()
    tool.begin()
    pull(tool, RIGHT, 20, 33, alt=True)
    assert box_of(tool) == (180, 160, 310, 230)
    tool.abandon()
    tool.begin()
    pull(tool, LEFT, 190, 0)
    assert box_of(tool) == pytest.approx((390, 160, 290, 230)), "flipped over the other side"
    assert tool.scale_x == pytest.approx(-100 / 90)
    tool.abandon()
    tool.begin()
    x, y = handles(tool)[UPPER_RIGHT]
    tool.press(at(x + 50, y))
    tool.move(at(x + 50, y + 30, shift=True))
    assert tool.angle % 15 == pytest.approx(0, abs=1e-9)
    assert tool.angle > 0
    tool.cancel()
    assert tool.angle == 0
    assert not document.editing


def test_a_pulled_corner_makes_a_perspective():
    pixels = np.full((100, 100, 4), 255, np.uint8)
    pixels[:50] = (0, 0, 255, 255)
    document, tool = make(pixels)
    tool.begin()
    pull(tool, UPPER_LEFT, 40, 0, control=True)
    pull(tool, UPPER_RIGHT, -40, 0, control=True)
    points = handles(tool)
    assert points[UPPER_LEFT] == pytest.approx((240, 160))
    assert points[LOWER_RIGHT] == pytest.approx((300, 260))
    tool.finish()
    result = whole(document)
    assert result[..., 3].sum() / 255 == pytest.approx(100 * (100 + 20) / 2, rel=0.005)
    column = result[160:260, 250]
    border = int(np.argmin((column == (0, 0, 255, 255)).all(axis=1)))
    # The middle of a square whose far edge is a fifth as long lies at 1 / (1 + 5) of its height.
    assert border == pytest.approx(100 / 6, abs=1.5)


def test_a_pulled_side_skews():
    pixels = noise(50, 40)
    document, tool = make(pixels)
    tool.begin()
    pull(tool, UPPER, 20, 17, control=True, shift=True)
    points = handles(tool)
    assert points[UPPER_LEFT] == pytest.approx((220, 160))
    assert points[UPPER_RIGHT] == pytest.approx((270, 160))
    assert points[LOWER_LEFT] == pytest.approx((200, 200))
    tool.finish()
    assert whole(document)[..., 3].sum() / 255 == pytest.approx(50 * 40, rel=0.005)


def test_corners_that_make_no_box_are_not_followed():
    document, tool = make()
    tool.begin()
    pull(tool, UPPER_LEFT, 20, 20, control=True)
    before = handles(tool)
    tool.press(at(*before[UPPER_LEFT]))
    tool.move(at(400, 400, control=True))
    assert handles(tool) == before
    tool.cancel()
    tool.abandon()
    assert not document.editing


def test_numbers():
    pixels = soft(90, 70)
    document, tool = make(pixels)
    assert (tool.x, tool.y, tool.scale_x, tool.angle) == (0, 0, 1, 0)
    tool.begin()
    assert (tool.x, tool.y) == (245, 195)
    tool.x, tool.y = 345, 95
    tool.proportional = True
    tool.scale_x = 2.0
    assert tool.scale_y == 2.0
    tool.scale_y = -1.0
    assert (tool.scale_x, tool.scale_y) == (1.0, -1.0)
    tool.finish()
    assert (whole(document) == at_place(pixels[::-1], 300, 60)).all()


def test_the_pivot_is_what_turns_and_scales_keep():
    document, tool = make(np.full((40, 40, 4), 255, np.uint8), 200, 160)
    tool.begin()
    pull(tool, PIVOT, -20, -20)
    assert handles(tool)[PIVOT] == (200, 160)
    tool.angle = 180.0
    tool.finish()
    assert document.active.pixels.content == Rect(160, 120, 40, 40)


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


def test_what_can_not_be_transformed_is_refused_and_unchanged():
    document, tool = make()
    drag(SelectRectangle(tool.desk), (0, 0), (20, 20))
    tool.begin()
    assert not tool.busy
    with pytest.raises(NothingToMove):
        tool.press(at(210, 170))
    document.undo()
    tool.part = Part.MASK
    with pytest.raises(NoMask):
        tool.press(at(210, 170))
    tool.part = Part.CONTENT
    document.state = document.state.with_layer(2, locked=True)
    before = frozen(document)
    told = []
    tool.desk.fail = told.append
    tool.flip_vertical()
    tool.angle = 5.0
    assert [type(error) for error in told] == [LayerLocked, LayerLocked]
    assert tool.angle == 0
    document.activate(None)
    with pytest.raises(NoLayer):
        tool.press(at(210, 170))
    document.activate(2)
    assert frozen(document) == before


def test_the_frame_follows_what_others_do():
    document, tool = make()
    tool.begin()
    assert box_of(tool) == (200, 160, 290, 230)
    with document.edit("other") as edit:
        edit.replace(document.active.pixels, document.active.pixels.moved(50, 0))
    document.change("", document.state.with_layer(2, opacity=0.5))
    assert box_of(tool) == (250, 160, 340, 230)


NUMBERS = st.floats(-300, 300)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["drag", "turn", "move", "pull"]), st.integers(0, 7), NUMBERS, NUMBERS), max_size=6
    )
)
def test_poses_put_their_parts_where_they_say(changes):
    pose = Pose.of(Rect(20, 30, 90, 70))
    parts = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5)]
    for what, number, a, b in changes:
        handle = parts[number]
        still = 1 - handle[0], 1 - handle[1]
        before = pose
        if what == "drag":
            pose = pose.dragged(handle, a, b, still, proportional=a > 0)
            assert pose.exactly(*still) == pytest.approx(before.exactly(*still), abs=1e-6)
        elif what == "turn":
            pose = pose.turned(a, (b, a))
        elif what == "move":
            pose = pose.moved(a, b)
        else:
            pulled = pose.pulled(handle, a / 10, b / 10)
            pose = pulled if pulled.is_possible else pose
        for part, corner in zip(parts[:4], pose.corners, strict=True):
            assert pose.place(*part) == pytest.approx(pose.exactly(*corner), abs=0.51)
        assert pose.local(*pose.exactly(0.3, 0.8)) == pytest.approx((0.3, 0.8), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-1, 8),
            st.lists(st.tuples(st.floats(-150, 150), st.floats(-150, 150)), min_size=1, max_size=3),
            st.sampled_from([{}, {"shift": True}, {"alt": True}, {"control": True}, {"control": True, "shift": True}]),
            st.booleans(),
        ),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
    st.sampled_from(["finish", "abandon"]),
)
def test_any_gestures_and_their_end(gestures, selecting, end):
    document, tool = make(noise(60, 50, opaque=False))
    if selecting:
        select = SelectRectangle(tool.desk)
        select.feather = 6
        drag(select, (190, 150), (240, 190))
    before, was = frozen(document), picture(document)
    tool.begin()
    for handle, points, held, cancelled in gestures:
        seen, x, y = handles(tool), 0.0, 0.0
        x, y = (seen[PIVOT][0] + 10, seen[PIVOT][1] + 5) if handle < 0 else seen[handle]
        tool.press(at(x, y, **held))
        for dx, dy in points:
            tool.move(at(x + dx, y + dy, **held))
        if cancelled:
            tool.cancel()
            assert np.allclose(handles(tool), seen)
        else:
            tool.release(at(x + points[-1][0], y + points[-1][1], **held))
    tool.finish() if end == "finish" else tool.abandon()
    assert not document.editing
    if end == "abandon":
        assert frozen(document) == before
    done = len(document.history.done) - before[2]
    assert done in (0, 1)
    pixels = document.active.pixels.array(document.active.pixels.bounds)
    assert (pixels[..., :3] <= pixels[..., 3:]).all()
    now = picture(document)
    if done:
        document.undo()
        assert picture(document) == was
        document.redo()
        assert picture(document) == now
    else:
        assert now == was
