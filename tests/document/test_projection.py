"""The projection shows what the document renders, whatever was done and undone in between."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from kandinsky_studio.document import projection as module
from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import TILE, Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.projection import Projection
from kandinsky_studio.document.surface import Depth, Surface, Tile, new_image, readable

SIDE = 600
MODES = (BlendMode.NORMAL, BlendMode.MULTIPLY, BlendMode.COLOR)


@pytest.fixture
def document(qapp):
    random = np.random.default_rng(0)
    layers = []
    for number, mode in enumerate(MODES, start=1):
        pixels = random.integers(0, 256, (SIDE, SIDE, 4), dtype=np.uint8)
        np.minimum(pixels[..., :3], pixels[..., 3:], out=pixels[..., :3])
        layers.append(Layer(number, Kind.PIXELS, str(number), Surface.from_array(pixels), mode=mode))
    document = Document(State(Rect(0, 0, SIDE, SIDE), tuple(layers)))
    document.activate(2)
    return document


def projected(document):
    shown = Projection(document.state)
    shown.set_state(document.state, document.active_id)

    def watch(change):
        if change.state or change.rect is None:
            shown.set_state(document.state, document.active_id, change.rect)
        else:
            shown.damage(change.rect)

    document.watch(watch)
    return shown


def fill(document, colour):
    image = new_image(TILE, TILE, Depth.RGBA)
    image.fill(colour)
    tile = Tile(image)
    with document.edit("Fill") as edit:
        for key in document.state.canvas.tiles():
            edit.put(document.active.pixels, key, tile)
        edit.touched(document.active.pixels, document.state.canvas, versions=False)


def dab(document, rect):
    with document.edit("Dab") as edit, edit.painters(document.active.pixels, rect) as painters:
        for painter, part in painters:
            painter.fillRect(part.to_qt(), QColor(1, 200, 3))


def pixels(shown, level):
    shown.refresh(level, shown.area)
    return readable(shown.image(level)).copy()


def same_as_new(document, shown, level):
    return np.array_equal(pixels(shown, level), pixels(projected(document), level))


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_it_shows_what_was_done_and_undone(document, level):
    shown = projected(document)
    assert same_as_new(document, shown, level)
    dab(document, Rect(200, 100, 150, 300))
    assert same_as_new(document, shown, level)
    fill(document, QColor(200, 30, 30))
    assert same_as_new(document, shown, level)
    document.undo()
    assert same_as_new(document, shown, level)
    dab(document, Rect(0, 0, 700, 700))
    document.change("Mode", document.state.with_layer(3, opacity=0.5))
    assert same_as_new(document, shown, level)
    while document.undo():
        assert same_as_new(document, shown, level)
    while document.redo():
        assert same_as_new(document, shown, level)


@pytest.mark.parametrize("level", [0, 2])
def test_undo_of_a_fill_blends_nothing_anew(document, level, monkeypatch):
    shown = projected(document)
    pixels(shown, level)
    fill(document, QColor(200, 30, 30))
    pixels(shown, level)
    blended = []
    compose = module.compose

    def counted(*arguments):
        blended.append(arguments)
        return compose(*arguments)

    monkeypatch.setattr(module, "compose", counted)
    document.undo()
    before = pixels(shown, level)
    document.redo()
    pixels(shown, level)
    assert blended == []
    document.undo()
    assert np.array_equal(pixels(shown, level), before)


def test_what_is_kept_for_undo_is_bounded(document, monkeypatch):
    monkeypatch.setattr(module, "_EARLIER", 5 * 64 * 64 * 4)
    shown = projected(document)
    pixels(shown, 2)
    for shade in range(4):
        fill(document, QColor(shade, shade, shade))
        pixels(shown, 2)
    assert sum(image.sizeInBytes() for image in shown._earlier.values()) == shown._earlier_size <= 5 * 64 * 64 * 4
    while document.undo():
        assert same_as_new(document, shown, 2)


def test_forgotten_levels_come_back(document):
    shown = projected(document)
    pixels(shown, 0)
    shown.forget((0, 1))
    fill(document, QColor(9, 9, 9))
    assert same_as_new(document, shown, 1)


def test_a_large_image_is_empty_until_it_is_refreshed(qapp):
    document = Document.new(8192, 8192, background=QImage(300, 300, QImage.Format.Format_RGB32))
    shown = projected(document)
    assert not readable(shown.image(0))[4000:4100, 4000:4100].any()
    assert len(shown.stale(0, Rect(0, 0, 512, 512))) == 4


def test_what_lies_below_the_active_layer_is_blended_once(document, monkeypatch):
    shown = projected(document)
    document.activate(3)
    shown.set_state(document.state, document.active_id)
    pixels(shown, 0)
    assert shown.warm(0, shown.area, lambda: False)
    blended = []
    compose = module.compose
    monkeypatch.setattr(module, "compose", lambda layers, *rest: blended.append(layers) or compose(layers, *rest))
    dab(document, Rect(200, 100, 150, 300))
    pixels(shown, 0)
    assert {tuple(layer.id for layer in layers) for layers in blended} == {(3,)}
    assert same_as_new(document, shown, 0)


def test_warming_stops_when_there_is_no_time(document):
    shown = projected(document)
    document.activate(3)
    shown.set_state(document.state, document.active_id)
    assert not shown.warm(0, shown.area, lambda: True)
