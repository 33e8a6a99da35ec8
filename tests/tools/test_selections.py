"""Selections: which pixels they take, how they meet, what cancels them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.masks import Combine
from kandinsky_studio.tools.base import Desk, Ink
from kandinsky_studio.tools.boxing import Proportion
from kandinsky_studio.tools.likeness import Sample
from kandinsky_studio.tools.select_colour_range import SelectColourRange
from kandinsky_studio.tools.select_ellipse import SelectEllipse
from kandinsky_studio.tools.select_lasso import SelectLasso
from kandinsky_studio.tools.select_polygon import SelectPolygon
from kandinsky_studio.tools.select_rectangle import SelectRectangle
from kandinsky_studio.tools.select_wand import SelectWand
from tests.tools.gestures import at, click, double_click, drag, frozen, picture, selected, steps

SHIFT, ALT, BOTH = {"shift": True}, {"alt": True}, {"shift": True, "alt": True}


def make(tool, width=300, height=280, background=None):
    document = Document.new(width, height, background=background)
    return document, tool(Desk(document))


def boxed(left, top, right, bottom, width=300, height=280):
    mask = np.zeros((height, width), np.uint8)
    mask[top:bottom, left:right] = 255
    return mask


def disc(antialias=True, radius=60):
    """Black on white, in the middle of 300 × 280."""
    image = QImage(300, 280, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, antialias)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(Qt.GlobalColor.black)
    painter.drawEllipse(150 - radius, 140 - radius, 2 * radius, 2 * radius)
    painter.end()
    return image


def test_a_rectangle_is_exact():
    document, tool = make(SelectRectangle)
    drag(tool, (20, 30), (200.2, 100), (120, 260.4))
    assert (selected(document) == boxed(20, 30, 120, 260)).all()
    drag(tool, (150, 30), (120, 10))
    assert (selected(document) == boxed(120, 10, 150, 30)).all()
    assert steps(document) == ["Select a rectangle"] * 2
    document.undo()
    assert (selected(document) == boxed(20, 30, 120, 260)).all()
    document.undo()
    assert document.state.selection is None


def test_the_canvas_bounds_a_selection():
    document, tool = make(SelectRectangle)
    drag(tool, (-5000, -4000), (50, 9000))
    assert (selected(document) == boxed(0, 0, 50, 280)).all()
    assert document.state.canvas.contains(document.state.selection.content)
    drag(tool, (500, 500), (600, 600))
    assert document.state.selection is None


def test_how_a_new_selection_meets_the_old_one():
    old, new = boxed(20, 20, 120, 120), boxed(70, 70, 200, 200)
    wanted = {
        Combine.REPLACE: new,
        Combine.ADD: old | new,
        Combine.SUBTRACT: old & ~new,
        Combine.INTERSECT: old & new,
    }
    keys = {Combine.REPLACE: {}, Combine.ADD: SHIFT, Combine.SUBTRACT: ALT, Combine.INTERSECT: BOTH}
    for how, mask in wanted.items():
        for by_keys in (False, True):
            document, tool = make(SelectRectangle)
            drag(tool, (20, 20), (120, 120))
            tool.combine = Combine.REPLACE if by_keys else how
            start = (200, 200)  # outside, or the outline would be moved
            drag(tool, start, (70, 70), pressed=keys[how] if by_keys else {})
            assert (selected(document) == mask).all(), (how, by_keys)


def test_nothing_left_is_no_selection():
    document, tool = make(SelectRectangle)
    drag(tool, (20, 20), (120, 120))
    drag(tool, (150, 150), (10, 10), pressed=ALT)
    assert document.state.selection is None
    assert len(document.history.done) == 2
    for tool.combine in (Combine.SUBTRACT, Combine.INTERSECT):
        drag(tool, (150, 150), (10, 10))
    assert document.state.selection is None
    assert len(document.history.done) == 2, "taking from nothing is no step"


def test_keys_after_the_press_shape():
    document, tool = make(SelectRectangle)
    drag(tool, (20, 30), (120, 60), pressed={}, shift=True)
    assert (selected(document) == boxed(20, 30, 120, 130)).all()
    drag(tool, (200, 200), (230, 190), pressed={}, alt=True)
    assert (selected(document) == boxed(170, 190, 230, 210)).all()
    drag(tool, (150, 140), (140, 145), pressed={}, shift=True, alt=True)
    assert (selected(document) == boxed(140, 130, 160, 150)).all()


def test_a_key_that_combined_does_not_shape_until_it_is_pressed_anew():
    document, tool = make(SelectRectangle)
    drag(tool, (0, 0), (10, 10))
    drag(tool, (20, 30), (120, 60), **SHIFT)
    assert (selected(document) == boxed(0, 0, 10, 10) | boxed(20, 30, 120, 60)).all()
    tool.press(at(200, 200, **SHIFT))
    tool.move(at(210, 205))
    tool.move(at(210, 205, **SHIFT))
    tool.release(at(210, 205, **SHIFT))
    assert selected(document)[205:210, 200:210].all(), "now it is a square"


def test_without_a_selection_held_keys_shape_at_once():
    document, tool = make(SelectRectangle)
    drag(tool, (20, 30), (120, 60), **SHIFT)
    assert (selected(document) == boxed(20, 30, 120, 130)).all()


def test_fixed_proportions():
    document, tool = make(SelectRectangle)
    tool.fixed_width, tool.fixed_height = 20, 10
    tool.proportion = Proportion.RATIO
    drag(tool, (20, 30), (120, 31))
    assert (selected(document) == boxed(20, 30, 120, 80)).all()
    tool.proportion = Proportion.SIZE
    click(tool, 200, 200)
    assert (selected(document) == boxed(200, 200, 220, 210)).all()


def test_a_circle_has_the_area_of_a_circle():
    document, tool = make(SelectEllipse)
    drag(tool, (50, 40), (250, 240))
    mask = selected(document)
    assert mask.sum() / 255 == pytest.approx(np.pi * 100**2, rel=0.002)
    assert ((mask > 0) & (mask < 255)).sum() > 200, "its edge is soft"
    assert (mask == mask[:, ::-1])[:, 1:].mean() > 0.99
    tool.antialias = False
    drag(tool, (10, 0), (210, 200))
    mask = selected(document)
    assert set(np.unique(mask)) == {0, 255}
    assert mask.sum() / 255 == pytest.approx(np.pi * 100**2, rel=0.01)


def test_a_feather_is_soft_on_both_sides_of_the_edge():
    document, tool = make(SelectRectangle)
    tool.feather = 30
    drag(tool, (-100, 100), (1000, 1000))
    profile = selected(document)[:, 150].astype(int)
    assert (np.diff(profile) >= 0).all()
    assert abs(profile[99] + profile[100] - 255) <= 2, "half at the edge"
    assert profile[68] == 0
    assert profile[132] == 255
    assert 20 < profile[88] < 60
    assert profile[279] == 255, "the canvas's own edge is not soft"
    across = selected(document)[200]
    assert (across == 255).all()


def test_a_lasso_takes_what_it_went_around():
    document, tool = make(SelectLasso)
    angles = np.linspace(0, 2 * np.pi, 200)
    drag(tool, *[(150 + 80 * np.cos(angle), 140 + 80 * np.sin(angle)) for angle in angles])
    assert selected(document).sum() / 255 == pytest.approx(np.pi * 80**2, rel=0.01)
    tool.antialias = False
    drag(tool, (10, 10), (60, 10), (60, 60), (10, 60))
    assert (selected(document) == boxed(10, 10, 60, 60)).all()


def test_a_polygon_is_clicked_and_closed():
    for close in ("enter", "double", "first"):
        document, tool = make(SelectPolygon)
        click(tool, 20, 20)
        click(tool, 220, 20)
        click(tool, 299, 299)
        tool.take_back()
        click(tool, 220, 220)
        assert tool.busy
        assert document.state.selection is None
        if close == "double":
            double_click(tool, 20, 220)
        else:
            click(tool, 20, 220)
            tool.finish() if close == "enter" else click(tool, 22, 22)
        assert not tool.busy
        assert (selected(document) == boxed(20, 20, 220, 220)).all(), close
        assert steps(document) == ["Select a polygon"]


def test_a_polygon_that_is_abandoned_leaves_nothing():
    document, tool = make(SelectPolygon)
    before = frozen(document)
    for corner in ((20, 20), (220, 20), (220, 220)):
        click(tool, *corner)
    tool.abandon()
    assert not tool.busy
    assert frozen(document) == before
    assert not tool.overlay()
    tool.finish()
    assert frozen(document) == before


def test_a_corner_whose_press_is_cancelled_is_not_there():
    document, tool = make(SelectPolygon)
    click(tool, 20, 20)
    click(tool, 220, 20)
    tool.press(at(280, 270))
    tool.cancel()
    click(tool, 220, 220)
    click(tool, 20, 220)
    tool.finish()
    assert (selected(document) == boxed(20, 20, 220, 220)).all()


def test_a_polygon_begun_inside_the_selection_and_its_lines_with_shift():
    document, tool = make(SelectPolygon)
    drag(SelectRectangle(tool.desk), (0, 0), (300, 280))
    click(tool, 20, 20)
    click(tool, 120, 23, **SHIFT)
    click(tool, 117, 120, **SHIFT)
    tool.finish()
    mask = selected(document)
    assert mask[21, 100] == 255
    assert mask[19, 100] == 0
    assert mask.sum() / 255 == pytest.approx(100 * 100 / 2, rel=0.03)


def test_dragging_inside_moves_the_outline_only():
    image = disc()
    document, tool = make(SelectRectangle, background=image)
    drag(tool, (20, 30), (120, 130))
    pixels = document.state.layers[0].pixels.array(document.state.canvas)
    tool.press(at(60, 60))
    tool.move(at(80, 67))
    assert document.state.selection is None
    assert tool.overlay()[0].ink is Ink.ANTS
    assert tool.overlay()[0].path.boundingRect().getCoords() == (40, 37, 140, 137)
    tool.release(at(90, 50))
    assert (selected(document) == boxed(50, 20, 150, 120)).all()
    assert (document.state.layers[0].pixels.array(document.state.canvas) == pixels).all()
    assert steps(document)[1:] == ["Move the selection"]
    drag(tool, (100, 100), (0, 100))
    assert (selected(document) == boxed(0, 20, 50, 120)).all()
    drag(tool, (20, 100), (120, 100))
    assert (selected(document) == boxed(50, 20, 150, 120)).all(), "what left the canvas comes back"


def test_a_click_selects_nothing():
    for place in ((60, 60), (250, 250)):
        document, tool = make(SelectRectangle)
        drag(tool, (20, 30), (120, 130))
        click(tool, *place)
        assert document.state.selection is None
        assert steps(document)[1:] == ["Deselect"]
        click(tool, *place)
        assert len(document.history.done) == 2
    document, tool = make(SelectRectangle)
    drag(tool, (20, 30), (120, 130))
    click(tool, 250, 250, **SHIFT)
    assert (selected(document) == boxed(20, 30, 120, 130)).all()


def test_a_hand_that_shakes_still_clicks():
    document, tool = make(SelectRectangle)
    drag(tool, (20, 30), (120, 130))
    drag(tool, (200, 200), (201, 201))
    assert document.state.selection is None
    drag(tool, (200, 200), (201, 201), scale=8.0)
    assert selected(document).sum() == 255, "from near it is a drag"


@pytest.mark.parametrize("all_layers", [False, True])
def test_the_wand_takes_a_disc(all_layers):
    document, tool = make(SelectWand, background=disc(antialias=False))
    tool.sample = Sample.PICTURE if all_layers else Sample.LAYER
    if all_layers:
        document.change("", document.state.inserted(document.new_layer(document.state.layers[0].kind, "empty")))
    black = np.asarray(document.state.layers[0].pixels.array(document.state.canvas)[..., 0] == 0)
    click(tool, 150, 140)
    assert ((selected(document) == 255) == black).all(), "a hard edge stays one, smooth edges or not"
    assert set(np.unique(selected(document))) == {0, 255}
    click(tool, 5, 5)
    assert ((selected(document) == 255) == ~black).all()


def test_the_wand_takes_edge_pixels_as_far_as_they_are_of_the_colour():
    document, tool = make(SelectWand, background=disc())
    tool.tolerance = 8
    click(tool, 150, 140)
    coverage = 255 - document.state.layers[0].pixels.array(document.state.canvas)[..., 0].astype(int)
    assert np.abs(selected(document).astype(int) - coverage).max() <= 60
    assert np.abs(selected(document).astype(int) - coverage).mean() < 0.1
    tool.antialias = False
    click(tool, 5, 5)
    assert set(np.unique(selected(document))) == {0, 255}


def test_the_wand_and_tolerance():
    image = QImage(300, 280, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(100, 100, 100))
    painter = QPainter(image)
    painter.fillRect(100, 0, 50, 280, QColor(100, 130, 100))
    painter.fillRect(150, 0, 150, 280, QColor(100, 100, 100))
    painter.end()
    document, tool = make(SelectWand, background=image)
    tool.tolerance = 29
    click(tool, 5, 5)
    assert (selected(document) == boxed(0, 0, 100, 280)).all()
    tool.contiguous = False
    click(tool, 5, 5)
    assert (selected(document) == boxed(0, 0, 300, 280) & ~boxed(100, 0, 150, 280)).all()
    tool.tolerance, tool.contiguous = 30, True
    click(tool, 5, 5)
    assert (selected(document) == 255).all()
    tool.tolerance, tool.grow = 29, 7
    click(tool, 5, 5)
    assert (selected(document) == boxed(0, 0, 107, 280)).all()


def test_the_wand_does_not_go_through_corners():
    image = QImage(300, 280, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.fillRect(10, 10, 10, 10, Qt.GlobalColor.black)
    painter.fillRect(20, 20, 10, 10, Qt.GlobalColor.black)
    painter.end()
    document, tool = make(SelectWand, background=image)
    click(tool, 12, 12)
    assert (selected(document) == boxed(10, 10, 20, 20)).all()


def test_a_drag_of_the_wand_takes_where_it_ends():
    document, tool = make(SelectWand, background=disc(antialias=False))
    tool.press(at(5, 5))
    assert tool.overlay()[0].path.boundingRect().getCoords() == (0, 0, 300, 280)
    tool.move(at(150, 140))
    left, top, right, bottom = tool.overlay()[0].path.boundingRect().getCoords()
    black = document.active.pixels.array(document.state.canvas)[..., 0] == 0
    assert not black[: int(top)].any()
    assert black[int(top) : int(bottom), int(left) : int(right)].sum() == black.sum() > 10000
    assert document.state.selection is None
    tool.release(at(150, 140))
    assert selected(document)[140, 150] == 255
    assert selected(document)[5, 5] == 0


def test_a_colour_range_falls_with_the_distance_in_lab():
    ramp = np.zeros((280, 300, 4), np.uint8)
    ramp[..., :3] = (np.arange(300) * 255 // 299)[None, :, None]
    ramp[..., 3] = 255
    document, tool = make(SelectColourRange)
    with document.edit("") as edit:
        from kandinsky_studio.document.surface import to_image

        edit.write(document.active.pixels, document.state.canvas, to_image(ramp))
    tool.fuzziness = 50
    click(tool, 0, 100)
    row = selected(document)[100].astype(int)
    assert row[0] == 255
    assert (np.diff(row) <= 0).all()
    # Grey 119 has a lightness of 50.0: half of the way from black to white.
    assert row[np.searchsorted(ramp[100, :, 0], 125)] == 0
    assert row[np.searchsorted(ramp[100, :, 0], 60)] == pytest.approx(255 * (1 - 25.0 / 50), abs=8)


def test_a_colour_range_counts_what_is_half_transparent_half():
    image = QImage(300, 280, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.fillRect(0, 0, 100, 280, QColor(255, 0, 0))
    painter.fillRect(100, 0, 100, 280, QColor(255, 0, 0, 128))
    painter.end()
    document, tool = make(SelectColourRange, background=image)
    click(tool, 50, 50)
    mask = selected(document)
    assert (mask[:, :100] == 255).all()
    assert np.abs(mask[:, 100:200].astype(int) - 128).max() <= 1
    assert not mask[:, 200:].any()
    click(tool, 250, 50)
    assert (selected(document)[:, 200:] == 255).all()
    assert not selected(document)[:, :100].any()


TOOLS = [SelectRectangle, SelectEllipse, SelectLasso, SelectPolygon, SelectWand, SelectColourRange]
PLACES = st.tuples(st.floats(-50, 350), st.floats(-50, 330))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(range(len(TOOLS))),
            st.lists(PLACES, min_size=1, max_size=5),
            st.sampled_from([{}, SHIFT, ALT, BOTH]),
            st.sampled_from([{}, SHIFT, ALT, BOTH]),
            st.integers(-1, 4),
            st.sampled_from([0, 0, 5.5]),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_gestures_any_cancel_and_undo(gestures):
    document, _ = make(SelectRectangle, background=disc())
    tools = [tool(Desk(document)) for tool in TOOLS]
    seen = [picture(document)]
    for number, points, pressed, held, cancelled, feather in gestures:
        tool = tools[number]
        tool.feather = feather
        before = frozen(document)
        tool.press(at(*points[0], **pressed))
        for count, point in enumerate(points[1:]):
            if count == cancelled:
                break
            tool.move(at(*point, **held))
        if cancelled >= 0:
            tool.cancel()
            assert frozen(document) == before
            continue
        tool.release(at(*points[-1], **held))
        tool.finish()
        assert not document.editing
        assert not tool.overlay()
        if len(document.history.done) > len(seen) - 1:
            seen.append(picture(document))
        selection = document.state.selection
        assert selection is None or not selection.content.is_empty
    assert len(document.history.done) == len(seen) - 1
    for expected in reversed(seen):
        assert picture(document) == expected
        document.undo()
    while document.redo():
        pass
    assert picture(document) == seen[-1]
