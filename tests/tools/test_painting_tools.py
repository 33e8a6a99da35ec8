"""Eraser, pencil, the tools of the inpaint mask, and smudge: what they leave, in pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QColor

from kandinsky_studio.document.geometry import NOTHING
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Surface
from kandinsky_studio.errors import LayerLocked
from kandinsky_studio.tools.brush import Brush
from kandinsky_studio.tools.eraser import Eraser
from kandinsky_studio.tools.mask_brush import MaskBrush
from kandinsky_studio.tools.mask_eraser import MaskEraser
from kandinsky_studio.tools.pencil import Pencil
from kandinsky_studio.tools.smudge import Smudge
from tests.tools.painter import RED_BYTES, alpha, desk, pixels, stroke

PAINTERS = (Brush, Eraser, Pencil, MaskBrush, MaskEraser, Smudge)


def make(tool, table, **options):
    made = tool(table)
    for name, value in {"pressure_size": False, **options}.items():
        assert hasattr(made, name)
        setattr(made, name, value)
    return made


def everything(document):
    return {layer.id: pixels(document, layer.pixels) for layer in document.state.walk() if layer.pixels}


def test_the_eraser_wipes_out():
    table = desk(background=QColor(10, 20, 30))
    stroke(make(Eraser, table, size=40, hardness=1.0, opacity=0.5), [(100, 150), (200, 150)])
    assert alpha(table.document)[150, 150] == pytest.approx(127, abs=1)
    stroke(make(Eraser, table, size=40, hardness=1.0), [(100, 150), (200, 150)])
    assert (pixels(table.document)[150, 150] == 0).all()
    assert (pixels(table.document)[100, 150] == (30, 20, 10, 255)).all()


def test_where_alpha_is_locked_the_eraser_paints_the_background():
    table = desk(background=QColor(10, 20, 30))
    table.document.change("lock", table.document.state.with_layer(1, alpha_locked=True))
    table.background = QColor(200, 210, 220)
    stroke(make(Eraser, table, size=40, hardness=1.0), [(150, 150)])
    assert tuple(pixels(table.document)[150, 150]) == (220, 210, 200, 255)


@pytest.mark.parametrize(("size", "count"), [(1, 1), (2, 4), (3, 9), (4, 12), (5, 21)])
def test_the_pencil_has_hard_pixels(size, count):
    table = desk()
    stroke(make(Pencil, table, size=size), [(100.3, 100.7)])
    covered = alpha(table.document)
    assert set(np.unique(covered)) == {0, 255}
    assert np.count_nonzero(covered) == count


@pytest.mark.parametrize("end", [(260, 40), (40, 260), (260, 130), (90, 260), (20, 20), (260, 41)])
def test_a_pencil_line_has_no_gap_and_no_step_too_many(end):
    table = desk()
    stroke(
        make(Pencil, table),
        [(30.5, 30.5), ((end[0] + 30) / 2 + 0.5, (end[1] + 30) / 2 + 0.5), (end[0] + 0.5, end[1] + 0.5)],
    )
    rows, columns = np.nonzero(alpha(table.document))
    wide = abs(end[0] - 30) >= abs(end[1] - 30)
    along, beside = (columns, rows) if wide else (rows, columns)
    order = np.argsort(along)
    assert (np.unique(along) == np.arange(along.min(), along.max() + 1)).all()
    assert len(along) <= 1.45 * (np.ptp(along) + 1)
    assert np.abs(np.diff(beside[order])).max() <= 1


def test_the_mask_brush_makes_the_mask_and_shows_it():
    table = desk()
    document = table.document
    before = pixels(document)
    stroke(make(MaskBrush, table, size=40), [(150, 150)])
    mask = document.state.of_kind(Kind.INPAINT)
    assert (mask.name, mask.visible) == ("Inpaint mask", True)
    assert mask.pixels.pixel(150, 150) == (255,)
    assert mask.pixels.pixel(10, 10) == (0,)
    assert (pixels(document) == before).all()
    assert document.active_id == 1
    assert [step.name for step in document.history.done] == ["Mask stroke"]
    document.change("hide", document.state.with_layer(mask.id, visible=False), "")
    stroke(make(MaskBrush, table, size=40), [(50, 50)])
    shown = document.state.of_kind(Kind.INPAINT)
    assert shown.id == mask.id
    assert shown.visible
    assert len([layer for layer in document.state.walk() if layer.kind is Kind.INPAINT]) == 1
    document.undo()
    assert not document.state.of_kind(Kind.INPAINT).visible
    document.undo()
    document.undo()
    assert document.state.of_kind(Kind.INPAINT) is None


def test_a_cancelled_first_stroke_makes_no_mask():
    from kandinsky_studio.tools.base import Pointer

    table = desk()
    tool = make(MaskBrush, table)
    tool.press(Pointer(50, 50))
    assert table.document.state.of_kind(Kind.INPAINT) is not None
    tool.cancel()
    assert table.document.state.of_kind(Kind.INPAINT) is None


def test_the_mask_eraser_takes_away_softly():
    table = desk()
    stroke(make(MaskBrush, table, size=120), [(150, 150)])
    stroke(make(MaskEraser, table, size=60, hardness=0.0), [(150, 150)])
    mask = pixels(table.document, table.document.state.of_kind(Kind.INPAINT).pixels)
    assert mask[150, 150] <= 2
    row = mask[150, 150:200]
    assert (np.diff(row) >= 0).all()
    assert row[-1] == 255
    assert len(np.unique(row)) > 12


def test_a_locked_mask_stays_as_it_is():
    table = desk()
    stroke(make(MaskBrush, table), [(150, 150)])
    document = table.document
    mask = document.state.of_kind(Kind.INPAINT)
    document.change("lock", document.state.with_layer(mask.id, locked=True))
    with pytest.raises(LayerLocked):
        stroke(make(MaskEraser, table), [(150, 150)])
    assert not document.editing


def test_with_the_quick_mask_the_brush_paints_the_inpaint_mask_whatever_its_colour():
    table = desk()
    table.quick_mask = True
    table.foreground = QColor(0, 0, 0)
    stroke(make(Brush, table, size=40, hardness=1.0), [(150, 150)])
    mask = table.document.state.of_kind(Kind.INPAINT)
    assert mask.pixels.pixel(150, 150) == (255,)
    stroke(make(Eraser, table, size=40, hardness=1.0), [(150, 150)])
    assert mask.pixels.pixel(150, 150) == (0,)
    assert alpha(table.document).max() == 0


def test_a_depth_layer_takes_the_colours_lightness():
    table = desk()
    document = table.document
    depth = document.new_layer(Kind.DEPTH, "Depth")
    document.change("depth", document.state.inserted(depth))
    document.activate(depth.id)
    table.foreground = QColor(0, 255, 0)
    stroke(make(Brush, table, size=40, hardness=1.0), [(150, 150)])
    assert depth.pixels.pixel(150, 150) == (182,)


def striped():
    table = desk(300, 200, QColor(255, 255, 255))
    stroke(make(Brush, table, size=60, hardness=1.0), [(60, 20), (60, 180)])
    return table


def test_smudge_drags_colour_along_and_less_with_less_strength():
    def reach(strength):
        table = striped()
        stroke(make(Smudge, table, size=40, strength=strength), [(60, 100), (150, 100), (260, 100)])
        return np.count_nonzero(pixels(table.document)[100, :, 1] < 200), table

    weak, _ = reach(0.2)
    strong, table = reach(0.9)
    assert strong > weak + 40
    picture = pixels(table.document)
    assert (picture[40, 130:] == 255).all(), "only where it went"
    assert (picture[..., 3] == 255).all()


def test_smudge_leaves_one_colour_exactly_as_it_is():
    table = desk(300, 200, QColor(13, 77, 201, 180))
    before = pixels(table.document)
    stroke(make(Smudge, table, size=70), [(40, 100), (150, 60), (299, 199), (5, 5)])
    assert (pixels(table.document) == before).all()


def test_smudge_keeps_to_the_selection_and_to_locked_alpha():
    table = striped()
    document = table.document
    mask = np.zeros((200, 300), np.uint8)
    mask[:100] = 255
    document.change("select", document.state.changed(selection=Surface.from_array(mask)))
    before = pixels(document)
    stroke(make(Smudge, table, size=80, strength=0.9), [(60, 100), (250, 100)])
    after = pixels(document)
    assert (after[100:] == before[100:]).all()
    assert (after[:100] != before[:100]).any()
    table = desk(300, 200)
    stroke(make(Brush, table, size=60, hardness=0.5), [(60, 100)])
    table.document.change("lock", table.document.state.with_layer(1, alpha_locked=True))
    held = alpha(table.document)
    stroke(make(Smudge, table, size=60, strength=0.9), [(60, 100), (200, 100)])
    assert (alpha(table.document) == held).all()


def test_smudge_moves_masks_too():
    table = desk()
    stroke(make(MaskBrush, table, size=40), [(60, 150)])
    mask = table.document.state.of_kind(Kind.INPAINT)
    table.document.activate(mask.id)
    stroke(make(Smudge, table, size=40, strength=0.9), [(60, 150), (200, 150)])
    assert mask.pixels.pixel(120, 150)[0] > 40


PLACES = st.lists(
    st.tuples(st.floats(-50, 350), st.floats(-50, 350), st.floats(0, 1)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(
    tool=st.sampled_from(PAINTERS),
    places=PLACES,
    size=st.floats(1, 300),
    hardness=st.floats(0, 1),
    flow=st.floats(0.01, 1),
    opacity=st.floats(0.01, 1),
    spacing=st.floats(0.01, 2),
    smoothing=st.floats(0, 1),
    roundness=st.floats(0.05, 1),
    driven=st.booleans(),
    chosen=st.booleans(),
)
def test_any_stroke_keeps_to_its_rules(
    tool, places, size, hardness, flow, opacity, spacing, smoothing, roundness, driven, chosen
):
    table = desk(300, 300, QColor(120, 60, 30, 140))
    document = table.document
    mask = np.zeros((300, 300), np.uint8)
    mask[50:200, 30:260] = np.arange(230, dtype=np.uint8)
    if chosen:
        document.change("select", document.state.changed(selection=Surface.from_array(mask)))
    start = everything(document)
    steps = len(document.history.done)
    made = make(
        tool,
        table,
        size=size,
        hardness=hardness,
        flow=flow,
        opacity=opacity,
        spacing=spacing,
        smoothing=smoothing,
        roundness=roundness,
        pressure_size=driven,
        pressure_opacity=driven,
    )
    stroke(made, places)
    after = everything(document)
    assert len(document.history.done) <= steps + 1
    layer = after[1]
    assert (layer[..., :3] <= layer[..., 3:]).all(), "colours stay premultiplied"
    if chosen:
        assert (layer[mask == 0] == start[1][mask == 0]).all()
        inpaint = document.state.of_kind(Kind.INPAINT)
        if inpaint is not None:
            assert (after[inpaint.id][mask == 0] == 0).all()
    if tool in (Brush, Pencil):
        change = (layer[..., 3] - start[1][..., 3]) / (255 - start[1][..., 3])
        assert change.max() <= opacity + 0.02
        assert (layer[..., 3] >= start[1][..., 3]).all()
    while len(document.history.done) > steps:
        document.undo()
    for id, before in everything(document).items():
        assert (before == start[id]).all()
    document.go_to(steps + 1)
    for id, again in everything(document).items():
        assert (again == after[id]).all()


def test_a_broken_stroke_leaves_nothing_behind(monkeypatch):
    from kandinsky_studio.tools.base import Pointer
    from kandinsky_studio.tools.target import Paint

    table = desk(background=QColor(1, 2, 3))
    before = pixels(table.document)
    tool = make(Brush, table)
    tool.press(Pointer(50, 50))
    tool.move(Pointer(100, 50))

    def full(*arguments):
        raise MemoryError

    monkeypatch.setattr(Paint, "cover", full)
    with pytest.raises(MemoryError):
        tool.release(Pointer(200, 50))
    monkeypatch.undo()
    assert not table.document.editing
    assert (pixels(table.document) == before).all()
    stroke(tool, [(50, 50)])
    assert len(table.document.history.done) == 1


def test_the_colour_is_whole_even_on_a_tile_that_was_not_there():
    table = desk(600, 600)
    stroke(make(Brush, table, size=100, hardness=1.0), [(256, 256), (500, 500)])
    assert tuple(pixels(table.document)[256, 256]) == RED_BYTES
    assert table.document.active.pixels.bounds != NOTHING
