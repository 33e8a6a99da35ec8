"""Fill, gradient and the colour picker."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPainter

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Surface
from kandinsky_studio.tools.base import Desk, Pointer
from kandinsky_studio.tools.fill import Fill, grown
from kandinsky_studio.tools.gradient import Ends, Gradient, Shape
from kandinsky_studio.tools.likeness import Sample
from kandinsky_studio.tools.picker import Picker
from tests.tools.painter import RED_BYTES, desk, pixels, stroke


def rings() -> Desk:
    """White, with a black frame 3 pixels wide around (100 … 200)²."""
    image = QImage(300, 300, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(255, 255, 255))
    painter = QPainter(image)
    painter.fillRect(100, 100, 100, 100, QColor(0, 0, 0))
    painter.fillRect(103, 103, 94, 94, QColor(255, 255, 255))
    painter.end()
    return Desk(Document.new(300, 300, background=image), foreground=QColor(200, 30, 60))


def is_red(document):
    return (pixels(document) == RED_BYTES).all(axis=2)


def test_fill_stays_within_its_outline():
    table = rings()
    stroke(Fill(table), [(150.5, 150.5)])
    red = is_red(table.document)
    assert red[103:197, 103:197].all()
    assert np.count_nonzero(red) == 94 * 94
    assert [step.name for step in table.document.history.done] == ["Fill"]


def test_fill_everywhere():
    table = rings()
    tool = Fill(table)
    tool.contiguous = False
    stroke(tool, [(150.5, 150.5)])
    red = is_red(table.document)
    assert red[0, 0]
    assert red[150, 150]
    assert (pixels(table.document)[101, 150] == (0, 0, 0, 255)).all()


def test_fill_takes_what_is_near_enough():
    image = QImage(256, 1, QImage.Format.Format_ARGB32_Premultiplied)
    for x in range(256):
        image.setPixelColor(x, 0, QColor(x, x, x))
    table = Desk(Document.new(256, 1, background=image), foreground=QColor(200, 30, 60))
    tool = Fill(table)
    tool.tolerance, tool.antialias = 40, False
    stroke(tool, [(100.5, 0.5)])
    red = np.flatnonzero(is_red(table.document)[0])
    assert (red[0], red[-1], len(red)) == (60, 140, 81)


@pytest.mark.parametrize("by", [-4, 3, 12])
@pytest.mark.parametrize("soft", [False, True])
def test_fill_grows_and_shrinks(by, soft):
    table = rings()
    tool = Fill(table)
    tool.grow, tool.antialias = by, soft
    stroke(tool, [(150.5, 150.5)])
    red = is_red(table.document)
    assert np.count_nonzero(red[150]) == 94 + 2 * by
    assert np.count_nonzero(red[:, 150]) == 94 + 2 * by


def test_grown_corners_are_round():
    mask = np.zeros((100, 100), np.uint8)
    mask[40:60, 40:60] = 255
    larger = grown(mask, 20, True)
    rows, columns = np.nonzero(larger > 127)
    corner = (rows < 40) & (columns < 40)
    assert np.hypot(rows[corner] - 40, columns[corner] - 40).max() == pytest.approx(20, abs=1.2)


def test_fill_keeps_to_the_selection():
    table = rings()
    document = table.document
    rng = np.random.default_rng(0)
    mask = rng.integers(0, 256, (300, 300)).astype(np.uint8)
    mask[mask < 90] = 0
    document.change("select", document.state.changed(selection=Surface.from_array(mask)))
    before = pixels(document)
    stroke(Fill(table), [(150.5, 150.5)])
    after = pixels(document)
    assert (after[mask == 0] == before[mask == 0]).all()
    share = mask[110:190, 110:190].astype(float) / 255
    expected = 255 + (np.array(RED_BYTES[:3]) - 255) * share[..., np.newaxis]
    assert np.abs(after[110:190, 110:190, :3] - expected).max() <= 1.5


def test_fill_keeps_locked_alpha_and_looks_at_all_layers_if_told():
    table = rings()
    document = table.document
    layer = document.new_layer(Kind.PIXELS, "Colour")
    document.change("layer", document.state.inserted(layer))
    document.activate(layer.id)
    tool = Fill(table)
    tool.sample = Sample.PICTURE
    stroke(tool, [(150.5, 150.5)])
    assert np.count_nonzero(is_red(document)) == 94 * 94
    document.undo()
    document.change("lock", document.state.with_layer(layer.id, alpha_locked=True))
    stroke(tool, [(150.5, 150.5)])
    assert (pixels(document) == 0).all()


def test_fill_paints_the_inpaint_mask():
    table = rings()
    table.quick_mask = True
    stroke(Fill(table), [(150.5, 150.5)])
    mask = pixels(table.document, table.document.state.of_kind(Kind.INPAINT).pixels)
    assert np.count_nonzero(mask == 255) == 94 * 94


def test_fill_beyond_the_canvas_does_nothing():
    table = rings()
    stroke(Fill(table), [(-1, 10)])
    stroke(Fill(table), [(10, 300)])
    assert not table.document.history.done


def gradient(table, begin, end, shift=False, **options):
    tool = Gradient(table)
    for name, value in options.items():
        assert hasattr(tool, name)
        setattr(tool, name, value)
    stroke(tool, [begin, end], shift=shift)


def test_a_linear_gradient_goes_evenly_from_one_colour_to_the_other():
    table = desk(400, 60)
    table.foreground, table.background = QColor(0, 0, 0), QColor(200, 100, 50)
    gradient(table, (100, 30), (300, 30))
    picture = pixels(table.document)
    assert (picture[:, :100] == (0, 0, 0, 255)).all()
    assert (picture[:, 300:] == (50, 100, 200, 255)).all()
    expected = (np.arange(100, 300) + 0.5 - 100) / 200
    for channel, span in ((0, 50), (1, 100), (2, 200)):
        assert np.abs(picture[:, 100:300, channel] - span * expected).max() <= 1.01
        assert np.abs(picture[:, 100:300, channel].mean(axis=0) - span * expected).max() <= 0.5


def test_a_slow_gradient_has_no_bands():
    table = desk(1000, 256)
    table.foreground, table.background = QColor(100, 100, 100), QColor(110, 110, 110)
    gradient(table, (0, 10), (1000, 10))
    columns = pixels(table.document)[..., 0]
    mixed = [x for x in range(1000) if len(np.unique(columns[:, x])) > 1]
    assert len(mixed) > 900, "between two values both are found"
    assert np.abs(columns.mean(axis=0) - (100 + 10 * (np.arange(1000) + 0.5) / 1000)).max() < 0.2


def test_a_radial_gradient_to_nothing():
    table = desk(300, 300)
    gradient(table, (150, 150), (250, 150), shape=Shape.RADIAL, ends=Ends.TRANSPARENT)
    covered = pixels(table.document)[..., 3]
    rows, columns = np.indices(covered.shape)
    expected = 255 * np.clip(1 - np.hypot(columns + 0.5 - 150, rows + 0.5 - 150) / 100, 0, 1)
    assert np.abs(covered - expected).max() <= 1.6
    assert (pixels(table.document)[..., :3] <= covered[..., np.newaxis]).all()


def test_shift_holds_the_gradient_to_steps_of_15_degrees():
    table = desk(300, 300)
    gradient(table, (10, 150), (290, 160), shift=True)
    picture = pixels(table.document)
    assert np.abs(picture[0].astype(int) - picture[299]).max() <= 1


def test_a_gradient_is_seen_while_it_is_dragged_and_can_be_dropped():
    table = desk(300, 300)
    tool = Gradient(table)
    tool.press(Pointer(0, 0))
    tool.move(Pointer(300, 0))
    assert pixels(table.document)[..., 3].all()
    assert len(tool.overlay()) == 3
    tool.cancel()
    assert (pixels(table.document) == 0).all()
    assert not table.document.history.done
    stroke(tool, [(5, 5)])
    assert not table.document.history.done, "a click is no gradient"


def test_a_gradient_keeps_to_the_selection():
    table = desk(300, 300, QColor(9, 99, 199))
    document = table.document
    mask = np.zeros((300, 300), np.uint8)
    mask[50:100, 50:100] = 255
    mask[100:150, 50:100] = 128
    document.change("select", document.state.changed(selection=Surface.from_array(mask)))
    before = pixels(document)
    gradient(table, (0, 0), (300, 300), reverse=True)
    after = pixels(document)
    assert (after[mask == 0] == before[mask == 0]).all()
    assert (after[mask > 0] != before[mask > 0]).any(axis=1).mean() > 0.9
    document.undo()
    assert (pixels(document) == before).all()


def test_gradients_on_masks_and_depth():
    table = desk(256, 20)
    document = table.document
    depth = document.new_layer(Kind.DEPTH, "Depth")
    document.change("depth", document.state.inserted(depth))
    document.activate(depth.id)
    table.foreground, table.background = QColor(0, 0, 0), QColor(255, 255, 255)
    gradient(table, (0, 10), (256, 10))
    assert np.abs(pixels(document)[5] - np.arange(256)).max() <= 2
    table.quick_mask = True
    gradient(table, (0, 10), (256, 10))
    mask = pixels(document, document.state.of_kind(Kind.INPAINT).pixels)
    assert np.abs(mask[5] - np.arange(255, -1, -1)).max() <= 2


def test_the_picker_takes_the_mean_of_what_is_there():
    table = rings()
    told = []
    table.colours_changed = lambda: told.append(True)
    tool = Picker(table)
    stroke(tool, [(101, 150)])
    assert table.foreground == QColor(0, 0, 0)
    stroke(tool, [(150, 150)], alt=True)
    assert table.background == QColor(255, 255, 255)
    assert table.foreground == QColor(0, 0, 0)
    tool.mean = 3
    stroke(tool, [(102.5, 150)])
    assert table.foreground == QColor(85, 85, 85), "one column of three is white"
    stroke(tool, [(103.5, 150)])
    assert table.foreground == QColor(170, 170, 170)
    assert len(told) >= 4


def test_the_picker_looks_at_one_layer_or_at_all():
    table = rings()
    document = table.document
    layer = document.new_layer(Kind.PIXELS, "Empty")
    document.change("layer", document.state.inserted(layer))
    document.activate(layer.id)
    tool = Picker(table)
    tool.sample = Sample.LAYER
    assert tool.colour_at(150, 150) is None
    tool.sample = Sample.PICTURE
    assert tool.colour_at(150, 150) == QColor(255, 255, 255)
    assert tool.colour_at(-1, 5) is None
    assert tool.colour_at(0, 0) is not None


def test_the_picker_gives_half_transparent_colours_whole():
    table = desk(50, 50, QColor(200, 100, 50, 128))
    table.document.activate(1)
    colour = Picker(table).colour_at(20, 20)
    assert abs(colour.red() - 200) <= 1
    assert abs(colour.green() - 100) <= 1
    assert colour.alpha() == 255
