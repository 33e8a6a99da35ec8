"""Free transformation: its frame, its handles, its numbers, and what nobody may see change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.errors import LayerLocked, NoLayer, NoMask, NothingToMove
from kandinsky_studio.tools.lifting import Part
from kandinsky_studio.tools.select_rectangle import SelectRectangle
from kandinsky_studio.tools.transforming import Pose
from tests.tools.framed import (
    LEFT,
    LOWER_LEFT,
    LOWER_RIGHT,
    PIVOT,
    RIGHT,
    UPPER,
    UPPER_LEFT,
    UPPER_RIGHT,
    at_place,
    handles,
    make,
    noise,
    pull,
    soft,
    whole,
)
from tests.tools.gestures import at, drag, frozen, picture


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
