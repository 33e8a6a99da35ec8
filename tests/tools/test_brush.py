"""What the brush leaves on the canvas, in pixels."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage

from kandinsky_studio.document.geometry import Rect, united
from kandinsky_studio.document.surface import Depth, Surface
from kandinsky_studio.errors import LayerLocked, NoLayer, NoPixels
from kandinsky_studio.tools.brush import Brush
from kandinsky_studio.tools.dabs import Coverage, Dab, Stamps
from tests.tools.painter import RED_BYTES, alpha, desk, pixels, stroke


def brush(table, **options) -> Brush:
    tool = Brush(table)
    for name, value in {"hardness": 1.0, "pressure_size": False, **options}.items():
        assert hasattr(tool, name)
        setattr(tool, name, value)
    return tool


def distances(shape, x, y):
    rows, columns = np.indices(shape)
    return np.hypot(columns + 0.5 - x, rows + 0.5 - y)


@pytest.mark.parametrize("size", [7.0, 40.0, 41.5, 201.0])
@pytest.mark.parametrize(("x", "y"), [(150.0, 150.0), (149.25, 150.75)])
def test_a_hard_dab_is_a_disc_of_its_size(size, x, y):
    table = desk()
    stroke(brush(table, size=size), [(x, y)])
    covered = alpha(table.document)
    distance = distances(covered.shape, x, y)
    assert (covered[distance < size / 2 - 0.8] == 255).all()
    assert (covered[distance > size / 2 + 0.8] == 0).all()
    assert covered.sum() / 255 == pytest.approx(np.pi * size**2 / 4, rel=0.03)


def test_full_opacity_gives_exactly_the_colour():
    table = desk()
    stroke(brush(table, size=30), [(100, 100), (200, 180)])
    covered = alpha(table.document) == 255
    assert covered.any()
    assert (pixels(table.document)[covered] == RED_BYTES).all()


@pytest.mark.parametrize("hardness", [0.0, 0.3, 0.6, 0.9])
def test_a_dab_is_full_up_to_its_hardness_and_falls_off_smoothly(hardness):
    table = desk()
    stroke(brush(table, size=200, hardness=hardness), [(150.5, 150.5)])
    row = alpha(table.document)[150, 150:]
    assert (row[: max(int(hardness * 100), 1)] >= 254).all()
    assert (row[101:] == 0).all()
    assert (np.diff(row) <= 0).all()
    edge = (1 - hardness) * 100
    half = int(np.argmax(row < 128))
    assert hardness * 100 + 0.35 * edge <= half <= hardness * 100 + 0.6 * edge
    assert np.abs(np.diff(row)).max() <= 255 * 2 / edge + 1


def test_one_stroke_never_covers_more_than_its_opacity():
    table = desk()
    places = [(50 + 100 * (number % 2), 100 + number) for number in range(60)]
    stroke(brush(table, size=40, opacity=0.4), places)
    covered = alpha(table.document)
    assert covered.max() == round(0.4 * 255)
    assert (covered[110:150, 60:140] == round(0.4 * 255)).all()


def test_two_strokes_do():
    table = desk()
    tool = brush(table, size=40, opacity=0.5)
    stroke(tool, [(150, 150)])
    stroke(tool, [(150, 150)])
    assert alpha(table.document)[150, 150] == pytest.approx(0.75 * 255, abs=1.5)


def test_flow_builds_up_within_a_stroke():
    table = desk()
    tool = brush(table, size=40, flow=0.2)
    stroke(tool, [(60, 60)])
    assert alpha(table.document)[60, 60] == pytest.approx(0.2 * 255, abs=1)
    stroke(tool, [(60, 200), (240, 200)])
    middle = alpha(table.document)[200, 150]
    assert middle == pytest.approx(255 * (1 - 0.8**10), abs=12), "ten dabs lie on each place at a tenth of spacing"


@pytest.mark.parametrize("size", [1.0, 2.0, 5.0, 30.0, 120.0])
@pytest.mark.parametrize("hardness", [0.0, 0.7, 1.0])
def test_fast_strokes_have_no_gaps(size, hardness):
    table = desk(400, 300)
    stroke(brush(table, size=size, hardness=hardness), [(20, 150.5), (200, 150.5), (380, 150.5)])
    row = alpha(table.document)[150, 25:375]
    assert row.min() >= 250


def test_a_line_of_one_pixel_is_crisp():
    table = desk()
    stroke(brush(table, size=1.0), [(20, 150.5), (100, 150.5), (200, 150.5)])
    covered = alpha(table.document)
    assert (covered[150, 21:199] == 255).all()
    assert covered[149].max() == 0
    assert covered[151].max() == 0


@pytest.mark.parametrize("hardness", [0.0, 0.5, 0.8, 1.0])
def test_the_rim_of_a_stroke_does_not_wave(hardness):
    table = desk(500, 300)
    stroke(brush(table, size=120, hardness=hardness), [(60, 150.3), (250, 150.3), (440, 150.3)])
    middle = alpha(table.document)[:, 150:350]
    assert (middle.max(axis=1) - middle.min(axis=1)).max() <= (6 if hardness < 1 else 26)


def test_spacing_can_leave_gaps_where_it_is_asked_to():
    table = desk(400, 100)
    stroke(brush(table, size=20, spacing=2.0), [(20, 50), (200, 50), (380, 50)])
    row = alpha(table.document)[50] > 128
    assert np.count_nonzero(np.diff(row.astype(int)) == 1) == 10


def test_curves_are_round_between_far_events():
    table = desk(400, 400)
    angles = np.linspace(0, 2 * np.pi, 13)
    places = [(200 + 150 * np.cos(a), 200 + 150 * np.sin(a)) for a in angles]
    stroke(brush(table, size=6), places)
    rows, columns = np.nonzero(alpha(table.document) > 128)
    radius = np.hypot(columns + 0.5 - 200, rows + 0.5 - 200)
    inner = (np.arctan2(rows - 200, columns - 200) % (2 * np.pi) > 0.7) & (
        np.arctan2(rows - 200, columns - 200) % (2 * np.pi) < 5.5
    )
    assert np.abs(radius[inner] - 150).max() < 5, "straight segments would be 5 pixels further in"


def test_pressure_makes_the_stroke_wider_by_its_curve():
    def widths(curve):
        table = desk(400, 200)
        tool = brush(table, size=100, pressure_size=True)
        tool.pressure_curve = curve
        stroke(tool, [(x, 100, x / 400) for x in range(0, 401, 10)])
        return np.count_nonzero(alpha(table.document) > 128, axis=0)

    linear, strong = widths([(0, 0), (1, 1)]), widths([(0, 0), (0.5, 0.9), (1, 1)])
    assert linear[100] == pytest.approx(25, abs=3)
    assert linear[200] == pytest.approx(50, abs=3)
    assert linear[300] == pytest.approx(75, abs=3)
    assert strong[200] == pytest.approx(90, abs=4)
    assert (np.diff(linear[:390]) >= -1).all()


def test_pressure_sets_how_much_is_covered():
    table = desk(400, 200)
    stroke(brush(table, size=40, pressure_opacity=True), [(x, 100, x / 400) for x in range(0, 401, 10)])
    row = alpha(table.document)[100]
    for x in (100, 200, 300):
        assert row[x] == pytest.approx(255 * (x + 20) / 400, abs=12), "the strongest of the dabs that reach here"


def test_a_pen_that_only_presses_grows_its_dot():
    table = desk()
    stroke(brush(table, size=100, pressure_size=True), [(150, 150, 0.1), (150, 150, 0.5), (150, 150, 0.8)])
    assert np.count_nonzero(alpha(table.document)[150] > 128) == pytest.approx(80, abs=2)


def test_smoothing_calms_a_trembling_line_and_still_ends_at_the_pen():
    def wave(smoothing):
        table = desk(600, 200)
        places = [(30 + 5 * number, 100 + 6 * (-1) ** number) for number in range(100)]
        stroke(brush(table, size=4, smoothing=smoothing), [*places, (560, 100)])
        rows, columns = np.nonzero(alpha(table.document) > 128)
        middle = (columns > 200) & (columns < 400)
        return np.ptp(rows[middle]), columns.max()

    free, calm = wave(0.0), wave(0.7)
    assert free[0] >= 12
    assert calm[0] <= 8
    assert abs(calm[1] - 561) <= 2


def test_smoothing_does_not_depend_on_how_many_events_come():
    def covered(count):
        table = desk(600, 300)
        xs = np.linspace(50, 550, count)
        stroke(brush(table, size=10, smoothing=0.5), [(x, 150 + 60 * np.sin(x / 80)) for x in xs])
        return alpha(table.document) > 128

    few, many = covered(60), covered(600)
    assert np.count_nonzero(few != many) < 0.12 * np.count_nonzero(many)


def test_shift_draws_a_straight_line_from_where_the_last_stroke_ended():
    table = desk()
    tool = brush(table, size=6)
    stroke(tool, [(40, 40), (60, 40)])
    stroke(tool, [(260, 240)], shift=True)
    covered = alpha(table.document)
    for share in np.linspace(0, 1, 30):
        assert covered[int(40 + 200 * share), int(60 + 200 * share)] == 255
    assert len(table.document.history.done) == 2
    stroke(tool, [(40, 240)])
    assert alpha(table.document)[240, 150] == 0


def test_the_straight_line_is_shown_before():
    table = desk()
    tool = brush(table)
    stroke(tool, [(40, 40), (60, 50)])
    told = []
    table.overlay_changed = lambda: told.append(True)
    from kandinsky_studio.tools.base import Pointer

    tool.hover(Pointer(200, 200, shift=True))
    [mark] = tool.overlay()
    assert mark.path.boundingRect().getCoords() == (60, 50, 200, 200)
    tool.hover(Pointer(210, 200))
    assert tool.overlay() == ()
    assert len(told) == 2


def test_what_is_not_selected_keeps_every_bit():
    table = desk(300, 300, QColor(17, 130, 201))
    rng = np.random.default_rng(0)
    mask = rng.integers(0, 256, (300, 300)).astype(np.uint8)
    mask[:, :150] = 0
    table.document.change("select", table.document.state.changed(selection=Surface.from_array(mask)))
    before = pixels(table.document)
    stroke(brush(table, size=90), [(60, 60), (240, 240), (60, 240)])
    after = pixels(table.document)
    assert (after[mask == 0] == before[mask == 0]).all()
    assert (after[mask == 255] != before[mask == 255]).any()
    inside = (distances(mask.shape, 150, 150) < 30) & (mask > 0)
    share = mask[inside].astype(float) / 255
    for channel in range(3):
        expected = before[inside][:, channel] * (1 - share) + RED_BYTES[channel] * share
        assert np.abs(after[inside][:, channel] - expected).max() <= 1.5


def test_alpha_lock_paints_only_where_something_is():
    table = desk()
    tool = brush(table, size=40)
    stroke(tool, [(100, 150)])
    before = alpha(table.document)
    table.document.change("lock", table.document.state.with_layer(1, alpha_locked=True))
    table.foreground = QColor(0, 255, 0)
    stroke(tool, [(110, 150), (200, 150)])
    assert (alpha(table.document) == before).all()
    assert tuple(pixels(table.document)[150, 110]) == (0, 255, 0, 255)


def test_a_stroke_is_one_step_and_undo_gives_every_bit_back():
    table = desk(600, 600, QColor(120, 130, 140, 90))
    before = pixels(table.document)
    stroke(brush(table, size=150, hardness=0.2), [(100, 100), (400, 500), (550, 90)])
    after = pixels(table.document)
    assert [step.name for step in table.document.history.done] == ["Brush stroke"]
    assert table.document.undo()
    assert (pixels(table.document) == before).all()
    assert table.document.redo()
    assert (pixels(table.document) == after).all()


def test_cancel_takes_the_stroke_back():
    from kandinsky_studio.tools.base import Pointer

    table = desk(background=QColor(9, 8, 7))
    tool = brush(table)
    before = pixels(table.document)
    tool.press(Pointer(50, 50))
    tool.move(Pointer(150, 50))
    tool.move(Pointer(250, 50))
    assert (pixels(table.document) != before).any()
    tool.cancel()
    assert (pixels(table.document) == before).all()
    assert not table.document.history.done
    tool.move(Pointer(20, 20))
    tool.release(Pointer(20, 20))
    assert (pixels(table.document) == before).all()


def test_the_pens_other_end_erases():
    table = desk(background=QColor(9, 8, 7))
    stroke(brush(table, size=40), [(150, 150)], eraser=True)
    assert alpha(table.document)[150, 150] == 0


def test_nothing_is_painted_beyond_the_canvas():
    table = desk(100, 100)
    stroke(brush(table, size=60), [(-20, 50), (120, 50)])
    layer = table.document.active
    assert layer.pixels.content == Rect(0, 20, 100, 60)
    stroke(brush(table, size=60), [(-200, -200)])
    assert len(table.document.history.done) == 1


def test_a_stroke_outside_changes_nothing_and_is_no_step():
    table = desk(100, 100)
    stroke(brush(table, size=10), [(300, 300), (400, 300), (500, 350)])
    assert not table.document.history.done


def test_what_can_not_be_painted_on_says_so():
    from kandinsky_studio.document.layers import Kind

    table = desk()
    document = table.document
    group = document.new_layer(Kind.GROUP, "Group")
    document.change("group", document.state.inserted(group))
    document.activate(group.id)
    with pytest.raises(NoPixels):
        stroke(brush(table), [(10, 10)])
    document.activate(None)
    with pytest.raises(NoLayer):
        stroke(brush(table), [(10, 10)])
    document.activate(1)
    document.change("lock", document.state.with_layer(1, locked=True))
    with pytest.raises(LayerLocked):
        stroke(brush(table), [(10, 10)])
    assert not document.editing


def test_a_layer_mask_takes_the_colours_grey():
    table = desk(background=QColor(9, 8, 7))
    document = table.document
    document.change("mask", document.state.with_layer(1, mask=Surface(Depth.MASK, default=255)))
    table.edit_mask = True
    table.foreground = QColor(77, 77, 77)
    before = pixels(document)
    stroke(brush(table, size=40), [(150, 150)])
    mask = document.active.mask
    assert mask.pixel(150, 150) == (77,)
    assert mask.pixel(10, 10) == (255,)
    assert (pixels(document) == before).all()
    stroke(brush(table, size=40), [(150, 150)], eraser=True)
    assert mask.pixel(150, 150) == (0,)


def test_keys_change_size_hardness_and_opacity_and_come_back():
    tool = brush(desk(), size=1.0, hardness=0.5)
    sizes = [tool.size]
    while tool.size < 2000:
        tool.larger()
        sizes.append(tool.size)
    assert sizes == sorted(set(sizes))
    assert len(sizes) < 70
    while tool.size > 1:
        assert tool.size == sizes.pop()
        tool.smaller()
    tool.larger()
    assert tool.size == 2
    for _ in range(20):
        tool.harder()
    assert tool.hardness == 1
    for _ in range(20):
        tool.less_opacity()
    assert tool.opacity == 0.01


def test_the_picture_is_told_where_it_changed():
    table = desk(1000, 1000)
    changes = []
    table.document.watch(changes.append)
    stroke(brush(table, size=50), [(200, 200), (300, 220), (400, 200)])
    damage = united(change.rect for change in changes if change.rect)
    assert damage.contains(table.document.active.pixels.content)
    assert damage.area < 300 * 100
    image = QImage(table.document.render())
    assert image.copy(QRect(0, 0, 1000, 150)).allGray()


def test_a_pen_far_from_the_canvas_costs_nothing(monkeypatch):
    from kandinsky_studio.tools.dabs import Stamps

    table = desk()
    laid = []
    at = Stamps.at
    monkeypatch.setattr(Stamps, "at", lambda self, dab, x, y: (laid.append(x), at(self, dab, x, y))[1])
    stroke(brush(table, size=12, flow=0.5), [(150, 150), (80_000, 150), (-90_000, 150), (150, 160)])
    assert len(laid) < 5000
    assert (alpha(table.document)[150, 5:295] > 100).all()


def test_a_stroke_outside_the_selection_says_so():
    table = desk()
    mask = np.zeros((300, 300), np.uint8)
    mask[:20] = 255
    table.document.change("select", table.document.state.changed(selection=Surface.from_array(mask)))
    said = []
    table.say = said.append
    stroke(brush(table), [(150, 150), (200, 200)])
    assert said == ["Nothing was painted: this is outside the selection."]
    stroke(brush(table), [(150, 10)])
    assert len(said) == 1
    assert len(table.document.history.done) == 2


def test_pieces_of_a_stroke_told_one_after_the_other_are_the_whole_of_it():
    """What :meth:`Coverage.news` leaves out had been told before."""
    random = np.random.default_rng(5)
    area = Rect(-100, 30, 900, 700)
    coverage, seen = Coverage(area), np.zeros((700, 900), np.uint8)
    stamps = Stamps()
    told = 0
    for number in range(60):
        dab = Dab(float(random.integers(2, 260)), random.random(), 1.0, random.random())
        x, y = random.integers(-150, 850), random.integers(-20, 760)
        rect = coverage.lay(*stamps.at(dab, float(x), float(y)), dab)
        if number % 3 == 0 or rect.is_empty:
            rect = area
        pieces = coverage.news(rect, 0.7)
        for piece, covered in pieces:
            assert rect.contains(piece)
            seen[piece.y - 30 : piece.bottom - 30, piece.x + 100 : piece.right + 100] = covered
            told += piece.area
        if rect == area:
            np.testing.assert_array_equal(seen, coverage.alpha(area, 0.7))
    assert coverage.news(area, 0.7) == []
    assert 0 < told < 20 * area.area
