"""The depth layer: put, turned round, brought to another range, made of a layer; one step each."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from kandinsky_studio.document import depth_operations as depth
from kandinsky_studio.document.depth_operations import Range
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Surface
from kandinsky_studio.errors import LayerLocked, NoPixels

pytestmark = pytest.mark.gui


@pytest.fixture
def document(qapp):
    return Document.new(300, 280, "Ground")


def values(document, rect=None):
    return depth.of(document).array(rect or document.state.canvas)


def ramp(width=300, height=280):
    return np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))


def test_it_is_put_where_it_was_asked_for_in_one_step(document):
    depth.put(document, ramp(), document.state.canvas)
    assert document.state.of_kind(Kind.DEPTH) is not None
    area = Rect(40, 30, 100, 90)
    assert depth.put(document, np.full((90, 100), 200, np.uint8), area)
    found = values(document)
    assert (found[30:120, 40:140] == 200).all()
    found[30:120, 40:140] = ramp()[30:120, 40:140]
    assert (found == ramp()).all()  # elsewhere nothing changed
    assert len(document.history.done) == 2
    document.undo()
    assert (values(document) == ramp()).all()
    document.undo()
    assert depth.of(document) is None


def test_the_same_again_is_no_step(document):
    depth.put(document, ramp(), document.state.canvas)
    surface = depth.of(document)
    assert not depth.adjust(document, surface.copy(), Range())
    assert len(document.history.done) == 1


def test_inverting_twice_changes_nothing(document):
    depth.put(document, ramp(), document.state.canvas)
    depth.invert(document)
    assert (values(document) == 255 - ramp()).all()
    depth.invert(document)
    assert (values(document) == ramp()).all()


def test_an_empty_layer_becomes_near_when_inverted(document):
    depth.put(document, np.zeros((280, 300), np.uint8), document.state.canvas)
    depth.invert(document)
    assert (values(document) == 255).all()


def test_a_range_stretches_and_bends(document):
    depth.put(document, ramp(), document.state.canvas)
    base = depth.of(document).copy()
    depth.adjust(document, base, Range(far=50, near=200))
    found = values(document)[0].astype(int)
    source = ramp()[0].astype(int)
    assert (found[source <= 50] == 0).all()
    assert (found[source >= 200] == 255).all()
    assert abs(found[source == 125] - 127.5).max() <= 1
    depth.adjust(document, base, Range(gamma=2.0))
    bent = values(document)[0].astype(int)
    assert (bent >= source).all()
    assert abs(bent[source == 64] - 255 * (64 / 255) ** 0.5).max() <= 1
    assert Range(far=255, near=0).table()[[0, 255]].tolist() == [255, 0]
    assert Range(far=90, near=90).table()[[89, 90, 91]].tolist() == [0, 0, 255]


def test_trying_out_is_one_step_and_nothing_adds_up(document):
    depth.put(document, ramp(), document.state.canvas)
    base = depth.of(document).copy()
    for near in (240, 200, 160):
        depth.adjust(document, base, Range(near=near), merge="trying")
    assert len(document.history.done) == 2
    assert (values(document) == Range(near=160).table()[ramp()]).all()
    document.undo()
    assert (values(document) == ramp()).all()


def test_blur_softens_an_edge_and_leaves_flat_parts(document):
    step = np.zeros((280, 300), np.uint8)
    step[:, 150:] = 200
    depth.put(document, step, document.state.canvas)
    depth.adjust(document, depth.of(document).copy(), Range(blur=12))
    found = values(document)[140].astype(int)
    assert (found[:130] == 0).all()
    assert (found[170:] == 200).all()
    assert 60 < found[150] < 140


def test_only_what_is_selected_changes(document):
    depth.put(document, ramp(), document.state.canvas)
    chosen = Surface.from_array(np.full((50, 60), 255, np.uint8), 10, 20)
    document.change("Select", document.state.changed(selection=chosen))
    depth.invert(document)
    found = values(document)
    assert (found[20:70, 10:70] == 255 - ramp()[20:70, 10:70]).all()
    found[20:70, 10:70] = ramp()[20:70, 10:70]
    assert (found == ramp()).all()


def test_a_layer_becomes_depth_by_how_light_it_is(qapp):
    image = QImage(64, 48, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(128, 128, 128))
    image.setPixelColor(3, 4, QColor(255, 255, 255))
    image.setPixelColor(5, 6, QColor(0, 0, 0, 0))
    document = Document.new(64, 48, "Ground", image)
    assert depth.from_luminance(document)
    found = values(document)
    assert (found[4, 3], found[6, 5], found[0, 0]) == (255, 0, 128)
    with pytest.raises(NoPixels):
        depth.from_luminance(document, document.state.of_kind(Kind.DEPTH).id)


def test_a_locked_layer_stays(document):
    depth.put(document, ramp(), document.state.canvas)
    layer = document.state.of_kind(Kind.DEPTH)
    document.change("", document.state.with_layer(layer.id, locked=True))
    with pytest.raises(LayerLocked):
        depth.put(document, ramp() // 2, document.state.canvas)
    with pytest.raises(LayerLocked):
        depth.invert(document)
    assert (values(document) == ramp()).all()


def test_a_map_of_another_size_is_scaled():
    assert depth.scaled(ramp(), Rect(5, 6, 30, 28)).shape == (28, 30)
    with pytest.raises(ValueError, match="size"):
        depth.put(Document.new(8, 8), ramp(), Rect(0, 0, 8, 8))
