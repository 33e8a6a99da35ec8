"""What lies over the picture: the selection's ants, masks, the depth map, marks of tools, rulers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainterPath

from kandinsky_studio.document import masks
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Depth, Surface
from kandinsky_studio.tools.base import Ink, Mark
from kandinsky_studio.ui.easel.rulers import WIDTH
from kandinsky_studio.ui.easel.veils import Look
from tests.ui.easel.stamping import BLUE, RED, at, pixel, shot

GREY = QColor(128, 128, 128)


def box(x, y, width, height):
    path = QPainterPath()
    path.addRect(QRectF(x, y, width, height))
    return masks.from_path(path, antialias=False)


def add(view, kind, surface, **values):
    layer = replace(view.document.new_layer(kind, kind.value, surface), **values)
    view.document.change("Add", view.document.state.inserted(layer))
    return layer


def select(view, surface):
    view.document.change("Select", view.document.state.changed(selection=surface))


def settled(qtbot, view):
    view.grab()
    qtbot.waitUntil(lambda: not view.unfinished)
    return shot(view)


def ants(image, x, y, length=40, across=True):
    """Whether there are black and white pixels along a line, and nothing else."""
    line = [image.pixelColor(x + i if across else x, y if across else y + i).name() for i in range(length)]
    return set(line) == {"#000000", "#ffffff"}


def test_ants_walk_on_the_edge_of_the_selection(qtbot, make_view):
    view = make_view(200, 200, GREY)
    view.actual_size()
    select(view, box(50, 60, 80, 40))
    seen = settled(qtbot, view)
    corner = at(view, 50, 60)
    assert ants(seen, corner.x() + 5, corner.y())
    assert ants(seen, corner.x(), corner.y() + 2, 30, across=False)
    assert seen.pixelColor(corner.x() + 30, corner.y() + 20) == GREY
    assert view._march.isActive()
    before = seen.copy(corner.x(), corner.y(), 40, 1)
    qtbot.waitUntil(lambda: view.grab().toImage().copy(corner.x(), corner.y(), 40, 1) != before, timeout=5000)
    view.hide()
    assert not view._march.isActive()
    view.show()
    select(view, None)
    assert not view._march.isActive()
    assert settled(qtbot, view).pixelColor(corner.x() + 5, corner.y()) == GREY


def test_ants_follow_a_turned_and_mirrored_view(qtbot, make_view):
    view = make_view(200, 200, GREY)
    select(view, box(0, 0, 100, 200))
    view.rotate_to(90)
    view.set_mirrored(True)
    seen = settled(qtbot, view)
    middle = view.widget_point(QPointF(100, 100)).toPoint()
    found = [y for y in range(middle.y() - 3, middle.y() + 4) if ants(seen, middle.x() - 20, y)]
    assert len(found) == 1


def test_a_huge_ragged_selection_costs_only_what_is_seen(qtbot, make_view):
    view = make_view(8192, 8192, None)
    random = np.random.default_rng(0)
    noise = random.integers(0, 2, (512, 512), dtype=np.uint8) * 255
    surface = Surface.from_array(np.kron(noise, np.ones((16, 16), np.uint8)))
    select(view, surface)
    settled(qtbot, view)
    [(_, found)] = view._ants
    assert found.box.width() <= 400
    assert len(found._points[0]) <= 400 * 300


def test_what_is_not_selected_can_be_tinted_instead(qtbot, make_view):
    view = make_view(200, 200, BLUE)
    view.actual_size()
    view.veils.selection_look = Look.COLOUR
    view.veils_changed()
    select(view, box(50, 50, 100, 100))
    seen = settled(qtbot, view)
    assert seen.pixelColor(at(view, 100, 100)) == BLUE
    outside = seen.pixelColor(at(view, 20, 20))
    assert (outside.red(), outside.blue()) == pytest.approx((127, 128), abs=2)


def test_the_inpaint_mask_lies_red_over_the_picture_while_it_is_painted(qtbot, make_view):
    view = make_view(200, 200, BLUE)
    view.actual_size()
    layer = add(view, Kind.INPAINT, box(50, 50, 100, 100))
    red = settled(qtbot, view).pixelColor(at(view, 100, 100))
    assert (red.red(), red.blue()) == pytest.approx((127, 128), abs=2)
    assert settled(qtbot, view).pixelColor(at(view, 20, 20)) == BLUE
    edit = view.document.edit("Mask")
    with edit.painters(layer.pixels, Rect(10, 10, 20, 20)) as painters:
        for painter, part in painters:
            painter.fillRect(part.to_qt(), QColor(0, 0, 0, 255))
    assert settled(qtbot, view).pixelColor(at(view, 20, 20)) == red
    edit.cancel()
    assert settled(qtbot, view).pixelColor(at(view, 20, 20)) == BLUE


def test_a_mask_is_shown_as_it_is_used(qtbot, make_view):
    view = make_view(200, 200, BLUE)
    view.actual_size()
    layer = add(view, Kind.INPAINT, box(50, 50, 100, 100), grow=20)
    assert settled(qtbot, view).pixelColor(at(view, 35, 100)) != BLUE
    assert settled(qtbot, view).pixelColor(at(view, 20, 100)) == BLUE
    view.document.change("Invert", view.document.state.with_layer(layer.id, inverted=True, grow=0))
    assert settled(qtbot, view).pixelColor(at(view, 100, 100)) == BLUE
    assert settled(qtbot, view).pixelColor(at(view, 20, 100)) != BLUE
    view.document.change("Hide", view.document.state.with_layer(layer.id, visible=False))
    assert settled(qtbot, view).pixelColor(at(view, 20, 100)) == BLUE


def test_a_mask_can_have_another_colour_ants_or_nothing(qtbot, make_view):
    view = make_view(200, 200, GREY)
    view.actual_size()
    add(view, Kind.INPAINT, box(50, 50, 100, 100))
    view.veils.colour, view.veils.opacity = QColor(0, 255, 0), 1.0
    view.veils_changed()
    assert settled(qtbot, view).pixelColor(at(view, 100, 100)) == QColor(0, 255, 0)
    view.veils.mask_look = Look.ANTS
    view.veils_changed()
    seen = settled(qtbot, view)
    assert seen.pixelColor(at(view, 100, 100)) == GREY
    corner = at(view, 50, 50)
    assert ants(seen, corner.x() + 5, corner.y())
    view.veils.mask_look = Look.HIDDEN
    view.veils_changed()
    assert settled(qtbot, view).pixelColor(corner.x() + 5, corner.y()) == GREY


def test_a_mask_ends_at_the_canvas(qtbot, make_view):
    view = make_view(200, 200, BLUE)
    view.set_zoom(0.5)
    everything = Surface(Depth.MASK, 255)
    add(view, Kind.INPAINT, everything)
    seen = settled(qtbot, view)
    outside = at(view, 210, 100)
    assert seen.pixelColor(outside.x() + 2, outside.y()) == view._frame.background
    select(view, everything)
    assert settled(qtbot, view).pixelColor(outside.x() + 2, outside.y()) == view._frame.background


def test_the_depth_map_is_a_grey_picture_while_its_layer_is_active(qtbot, make_view):
    view = make_view(200, 200, BLUE)
    view.actual_size()
    layer = add(view, Kind.DEPTH, Surface.from_array(np.full((200, 200), 90, np.uint8)))
    first = view.document.state.layers[0].id
    view.document.activate(first)
    assert settled(qtbot, view).pixelColor(at(view, 100, 100)) == BLUE
    view.document.activate(layer.id)
    assert settled(qtbot, view).pixelColor(at(view, 100, 100)) == QColor(90, 90, 90)
    view.document.activate(first)
    view.veils.depth_shown = True
    view.veils_changed()
    assert settled(qtbot, view).pixelColor(at(view, 100, 100)) == QColor(90, 90, 90)


@pytest.mark.parametrize("ground", [QColor(0, 0, 0), QColor(255, 255, 255)])
def test_marks_are_seen_on_black_and_on_white_as_wide_at_every_zoom(qtbot, make_view, ground):
    view = make_view(200, 200, ground)
    path = QPainterPath()
    path.addRect(QRectF(80, 80, 40, 40))
    view.tool.overlay = lambda: [Mark(path, Ink.LINE)]
    for zoom in (0.5, 1, 4):
        view.set_zoom(zoom)
        seen = settled(qtbot, view)
        edge = at(view, 80, 100)
        strip = [seen.pixelColor(edge.x() + x, edge.y()).lightness() for x in range(-6, 7)]
        assert max(strip) - min(strip) > 150
        assert sum(abs(value - ground.lightness()) > 60 for value in strip) <= 4
        assert abs(strip[0] - ground.lightness()) < 30
        assert abs(strip[-1] - ground.lightness()) < 30


def test_marks_that_went_leave_nothing_behind(qtbot, make_view):
    view = make_view(200, 200, BLUE)
    before = settled(qtbot, view)
    handle = QPainterPath(QPointF(100, 100))
    view.tool.overlay = lambda: [Mark(handle, Ink.HANDLE)]
    view.desk.overlay_changed()
    assert settled(qtbot, view) != before
    view.tool.overlay = list
    view.desk.overlay_changed()
    assert settled(qtbot, view) == before


def test_rulers_stand_at_the_edges_and_count_pixels(qtbot, make_view):
    view = make_view(200, 200, RED)
    view.actual_size()
    ground, ink = QColor("#d6d6d6"), QColor("#111111")
    view.set_rulers(True, ground, ink)
    seen = settled(qtbot, view)
    zero = round(view.widget_point(QPointF(0, 0)).x())
    assert seen.pixelColor(zero, WIDTH - 2).lightness() < 100, "a mark at 0"
    assert seen.pixelColor(zero + 7, WIDTH - 2) == ground
    assert pixel(view, 2, 2) == ground
    view.fit()
    assert view.widget_point(QPointF(0, 0)).y() >= WIDTH, "the picture is not hidden"
    view.set_rulers(False)
    assert pixel(view, 2, 2) == view._frame.background


def test_a_grid_of_pixels_is_drawn_from_eight_times_on(make_view):
    view = make_view(20, 20, QColor(255, 255, 255))
    view.set_zoom(7.9)
    assert {shot(view).pixelColor(at(view, 10, 10).x() + x, 150).name() for x in range(9)} == {"#ffffff"}
    view.set_zoom(16)
    start = at(view, 5, 5)
    row = [shot(view).pixelColor(start.x() + x, start.y() + 7).name() for x in range(32)]
    assert len({colour for colour in row if colour != "#ffffff"}) == 1
    assert sum(colour != "#ffffff" for colour in row) == 2
