"""The generation frame: how it is dragged, what it snaps to, and that the document keeps it."""

from __future__ import annotations

import pytest

from kandinsky_studio.document import image_operations
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.generation_frame import frame_of, generated_area, set_frame
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.errors import SizeTooLarge
from kandinsky_studio.storage.documents import read_document, write_document
from kandinsky_studio.tools.base import Desk, Ink
from kandinsky_studio.tools.frame import Frame, standing
from kandinsky_studio.tools.framing import Ratio
from tests.tools.gestures import at, click, double_click, drag, steps

CANVAS = Rect(0, 0, 600, 400)


@pytest.fixture
def document():
    return Document.new(CANVAS.width, CANVAS.height)


@pytest.fixture
def tool(document):
    return Frame(Desk(document))


def test_a_frame_is_drawn_on_the_grid_and_is_one_step(document, tool):
    assert (tool.frame, frame_of(document.state)) == (CANVAS, None)
    drag(tool, (101, 50), (200, 100), (421, 347))
    assert frame_of(document.state) == generated_area(document.state) == Rect(104, 48, 320, 296)
    assert steps(document) == ["Generation frame"]
    assert not tool.busy
    document.undo()
    assert frame_of(document.state) is None
    assert tool.frame == CANVAS


def test_control_leaves_the_grid(document, tool):
    drag(tool, (101, 50), (421, 347), control=True)
    assert tool.frame == Rect(101, 50, 320, 297)
    drag(tool, (200, 200), (213, 207), control=True)
    assert tool.frame == Rect(114, 57, 320, 297)


def test_edges_go_to_the_canvas_and_its_middle(document, tool):
    drag(tool, (104, 48), (424, 344))
    drag(tool, (424, 344), (594, 396))
    assert tool.frame == Rect(104, 48, 496, 352), "to the corner of the canvas"
    drag(tool, (104, 48), (297, 204))
    assert tool.frame == Rect(300, 200, 300, 200), "to its middle, which is off the grid"
    drag(tool, (400, 300), (107, 104))
    assert tool.frame == Rect(0, 0, 300, 200)
    drag(tool, (100, 100), (251, 203))
    assert tool.frame == Rect(150, 100, 300, 200), "middle on middle"


def test_beyond_the_canvas(document, tool):
    drag(tool, (400, 200), (800, 600))
    assert tool.frame == Rect(400, 200, 400, 400)
    assert document.state.canvas == CANVAS


def test_a_handle_with_the_ratio_kept(document, tool):
    drag(tool, (104, 48), (424, 240))
    drag(tool, (424, 240), (504, 240), shift=True)
    assert tool.frame == Rect(104, 48, 400, 240)
    drag(tool, (304, 148), (330, 204), shift=True)
    assert tool.frame == Rect(104, 104, 400, 240), "moved down only"


def test_numbers_and_ratios(document, tool):
    tool.width, tool.height, tool.x, tool.y = 320, 240, 33, 17
    assert tool.frame == Rect(33, 17, 320, 240)
    assert (tool.x, tool.y, tool.width, tool.height) == (33, 17, 320, 240)
    tool.ratio = Ratio.SQUARE
    assert tool.frame == Rect(73, 17, 240, 240)
    tool.width = 128
    assert tool.frame == Rect(73, 17, 128, 128)
    tool.width = 130
    tool.width = 132
    assert steps(document)[-2:] == ["Generation frame", "Generation frame"], "dragging a number is one step"
    before = len(steps(document))
    tool.width = 140
    assert len(steps(document)) == before


def test_back_to_the_whole_canvas(document, tool):
    drag(tool, (104, 48), (424, 240))
    tool.take_whole()
    assert frame_of(document.state) is None
    drag(tool, (104, 48), (424, 240))
    double_click(tool, 200, 100)
    assert frame_of(document.state) is None


def test_a_click_a_tiny_drag_and_a_cancel_change_nothing(document, tool):
    drag(tool, (104, 48), (424, 240))
    click(tool, 20, 20)
    drag(tool, (500, 300), (508, 308))
    tool.press(at(424, 240))
    tool.move(at(300, 300))
    tool.cancel()
    assert tool.frame == Rect(104, 48, 320, 192)
    assert steps(document) == ["Generation frame"]


def test_what_is_too_large_is_told_and_changes_nothing():
    document = Document.new(8000, 64)
    told = []
    tool = Frame(Desk(document, fail=told.append))
    drag(tool, (7000, 0), (9000, 64))
    assert [type(error) for error in told] == [SizeTooLarge]
    assert frame_of(document.state) is None


def test_a_frame_that_the_canvas_has_left_is_none(document):
    set_frame(document, Rect(0, 0, 100, 100))
    image_operations.crop(document, Rect(300, 200, 200, 200))
    assert generated_area(document.state) == Rect(300, 200, 200, 200)
    document.undo()
    assert generated_area(document.state) == Rect(0, 0, 100, 100)


@pytest.mark.parametrize("kept", ["", "1 2 3", "a b c d", "0 0 -5 10", "0 0 0 0"])
def test_a_damaged_frame_is_the_whole_canvas(document, kept):
    document.state = document.state.changed(extras={"generation_frame": kept})
    assert generated_area(document.state) == CANVAS


def test_it_is_saved_with_the_document(document, tmp_path):
    set_frame(document, Rect(-40, 16, 320, 240))
    write_document(tmp_path / "a.ora", document.state, document.active_id)
    assert frame_of(read_document(tmp_path / "a.ora").state) == Rect(-40, 16, 320, 240)


def test_what_is_seen(document, tool):
    assert standing(document) == ()
    drag(tool, (104, 48), (424, 240))
    assert [mark.ink for mark in standing(document)] == [Ink.DASHED]
    inks = [mark.ink for mark in tool.overlay()]
    assert (inks.count(Ink.FRAME), inks.count(Ink.HANDLE), inks.count(Ink.SHADE)) == (1, 8, 1)
