"""The crop frame: how it is drawn and bound, and what Enter does to the document."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Surface
from kandinsky_studio.errors import SizeTooLarge
from kandinsky_studio.tools.base import Desk, Ink
from kandinsky_studio.tools.crop import Crop
from kandinsky_studio.tools.framing import Ratio
from kandinsky_studio.tools.select_rectangle import SelectRectangle
from tests.tools.gestures import at, drag, frozen, picture, steps

CANVAS = Rect(0, 0, 600, 400)


def noise(width, height, seed=0):
    pixels = np.random.default_rng(seed).integers(1, 256, (height, width, 4), np.uint8)
    pixels[..., 3] = 255
    return pixels


def make():
    """A full layer under one that reaches beyond the canvas, and a mask."""
    document = Document.new(CANVAS.width, CANVAS.height)
    beyond = document.new_layer(Kind.PIXELS, "beyond", Surface.from_array(noise(300, 300), 450, 250))
    mask = document.new_layer(Kind.INPAINT, "mask", Surface.from_array(noise(700, 500)[..., 0], -50, -50))
    document.state = (
        document.state.with_layer(1, pixels=Surface.from_array(noise(600, 400), 0, 0)).inserted(beyond).inserted(mask)
    )
    return document, Crop(Desk(document))


def layer(document, id, rect):
    return document.state.layer(id).pixels.array(rect)


def test_a_frame_becomes_the_canvas_and_pixels_stay():
    document, tool = make()
    pixels = [layer(document, id, Rect(-100, -100, 900, 700)) for id in (1, 2, 3)]
    before = picture(document)
    drag(tool, (100, 50), (300, 200), (420.3, 349.6))
    assert tool.busy
    assert document.state.canvas == CANVAS
    assert not document.editing
    tool.finish()
    assert document.state.canvas == Rect(100, 50, 320, 300)
    for id in (1, 2, 3):
        assert (layer(document, id, Rect(-100, -100, 900, 700)) == pixels[id - 1]).all()
    assert steps(document) == ["Crop"]
    assert not tool.busy
    document.undo()
    assert picture(document) == before


def test_what_is_cut_off_can_be_deleted():
    document, tool = make()
    drag(SelectRectangle(tool.desk), (0, 0), (200, 100))
    before = picture(document)
    tool.delete = True
    drag(tool, (100, 50), (500, 350))
    kept = [layer(document, id, Rect(100, 50, 400, 300)) for id in (1, 2, 3)]
    tool.finish()
    frame = Rect(100, 50, 400, 300)
    for id in (1, 2, 3):
        assert (layer(document, id, frame) == kept[id - 1]).all()
        assert frame.contains(document.state.layer(id).pixels.content)
    assert document.state.selection.content == Rect(100, 50, 100, 50)
    document.undo()
    assert picture(document) == before


def test_beyond_the_canvas_the_picture_becomes_larger():
    document, tool = make()
    drag(tool, (-40, -30), (700, 500))
    tool.finish()
    assert document.state.canvas == Rect(-40, -30, 740, 530)


def test_the_frame_of_the_whole_canvas_is_no_step():
    document, tool = make()
    before = frozen(document)
    tool.begin()
    assert tool.frame == CANVAS
    tool.finish()
    assert frozen(document) == before


def test_handles_sides_and_moving():
    document, tool = make()
    drag(tool, (100, 100), (300, 200))
    drag(tool, (300, 200), (350, 260))
    assert tool.frame == Rect(100, 100, 250, 160)
    drag(tool, (100, 180), (50, 300))
    assert tool.frame == Rect(50, 100, 300, 160), "a side moves across only"
    drag(tool, (200, 100), (999, 80))
    assert tool.frame == Rect(50, 80, 300, 180)
    drag(tool, (150, 150), (160, 130))
    assert tool.frame == Rect(60, 60, 300, 180)
    drag(tool, (360, 240), (340, 230), alt=True)
    assert tool.frame == Rect(80, 70, 260, 160)
    drag(tool, (80, 70), (440, 330))
    assert tool.frame == Rect(340, 230, 100, 100), "over the other side it turns over"
    drag(tool, (10, 10), (40, 30))
    assert tool.frame == Rect(10, 10, 30, 20), "outside a new one begins"
    tool.abandon()
    assert not document.history.done


def test_shift_and_ratios():
    _, tool = make()
    drag(tool, (100, 100), (200, 120), shift=True)
    assert tool.frame == Rect(100, 100, 100, 100)
    drag(tool, (200, 200), (260, 200), shift=True)
    assert tool.frame == Rect(100, 100, 160, 160)
    tool.ratio = Ratio.SIXTEEN_NINE
    assert tool.frame == Rect(100, 135, 160, 90)
    drag(tool, (260, 180), (420, 180))
    assert tool.frame == Rect(100, 90, 320, 180), "a side keeps the ratio around its middle"
    tool.width = 160
    assert (tool.width, tool.height) == (160, 90)
    tool.height = 180
    assert (tool.width, tool.height) == (320, 180)
    tool.ratio = Ratio.CANVAS
    assert tool.frame.width / tool.frame.height == pytest.approx(1.5, abs=0.01)
    tool.abandon()
    drag(tool, (500, 300), (200, 290))
    assert tool.frame == Rect(200, 100, 300, 200)


def test_numbers():
    document, tool = make()
    assert (tool.x, tool.y, tool.width, tool.height) == CANVAS
    tool.x, tool.y, tool.width, tool.height = -10, 20, 512, 384
    assert tool.busy
    assert tool.frame == Rect(-10, 20, 512, 384)
    tool.finish()
    assert document.state.canvas == Rect(-10, 20, 512, 384)


def test_a_size_that_no_document_may_have():
    document, tool = make()
    before = frozen(document)
    drag(tool, (-5000, 0), (5000, 100))
    with pytest.raises(SizeTooLarge):
        tool.finish()
    assert frozen(document) == before
    assert tool.busy, "the frame can still be made smaller"


def test_a_click_and_a_cancel_change_no_frame():
    _, tool = make()
    drag(tool, (300, 300), (301, 300))
    assert not tool.busy
    drag(tool, (100, 100), (300, 200))
    tool.press(at(100, 100))
    tool.move(at(0, 0))
    tool.cancel()
    assert tool.frame == Rect(100, 100, 200, 100)
    drag(tool, (20, 20), (21, 20))
    assert tool.frame == Rect(100, 100, 200, 100)
    tool.double_click(at(200, 150))
    assert tool.document.state.canvas == Rect(100, 100, 200, 100)


def test_what_is_seen():
    _, tool = make()
    assert not tool.overlay()
    drag(tool, (100, 100), (400, 250))
    marks = {mark.ink: mark.path for mark in tool.overlay()}
    shade, lines = marks[Ink.SHADE], marks[Ink.LINE]
    assert marks[Ink.FRAME].boundingRect().getCoords() == (100, 100, 400, 250)
    assert shade.contains(QPointF(50, 50))
    assert not shade.contains(QPointF(200, 200))
    xs = sorted({round(lines.elementAt(number).x) for number in range(lines.elementCount())})
    assert xs == [100, 200, 300, 400]
    assert sum(mark.ink is Ink.HANDLE for mark in tool.overlay()) == 8
    tool.thirds = False
    assert Ink.LINE not in {mark.ink for mark in tool.overlay()}


PLACES = st.tuples(st.floats(-300, 900), st.floats(-300, 700))
KEYS = st.sampled_from([{}, {"shift": True}, {"alt": True}, {"shift": True, "alt": True}])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.lists(PLACES, min_size=2, max_size=4), KEYS, st.sampled_from(Ratio), st.booleans())),
    st.booleans(),
    st.booleans(),
)
def test_any_gestures_leave_a_whole_document(gestures, delete, finish):
    document, tool = make()
    tool.delete = delete
    before, was = frozen(document), picture(document)
    for points, held, ratio, cancelled in gestures:
        tool.ratio = ratio
        frame = tool.frame
        tool.press(at(*points[0], **held))
        for point in points[1:]:
            tool.move(at(*point, **held))
        if cancelled:
            tool.cancel()
            assert tool.frame == frame
        else:
            tool.release(at(*points[-1], **held))
        assert tool.frame.width >= 1
        assert tool.frame.height >= 1
        assert frozen(document) == before
    frame = tool.frame
    tool.finish() if finish else tool.abandon()
    assert document.state.canvas == (frame if finish else CANVAS)
    assert not document.editing
    document.undo()
    assert picture(document) == was
