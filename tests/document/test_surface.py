import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import TILE, Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Depth, Surface, Tile, new_image, readable, to_image, writable


@pytest.fixture
def noise():
    """600 × 300 pixels, premultiplied."""
    rng = np.random.default_rng(0)
    alpha = rng.integers(1, 256, (300, 600, 1), dtype=np.uint8)
    return np.concatenate([alpha // 2, alpha // 3, alpha, alpha], 2)


@pytest.mark.parametrize("at", [(0, 0), (-37, 411), (255, -257), (256, 512)])
def test_what_is_put_in_is_read_back(noise, at):
    x, y = at
    surface = Surface.from_array(noise, x, y)
    assert (surface.array(Rect(x, y, 600, 300)) == noise).all()
    around = surface.array(Rect(x - 20, y - 10, 640, 320))
    assert (around[10:-10, 20:-20] == noise).all()
    around[10:-10, 20:-20] = 0
    assert not around.any()
    assert surface.content == Rect(x, y, 600, 300)
    assert surface.bounds == Rect(x, y, 600, 300).on_tiles()
    assert surface.pixel(x + 5, y + 7) == tuple(noise[7, 5])
    assert surface.pixel(x - 1, y) == (0, 0, 0, 0)


def test_masks_have_one_byte_and_a_value_beyond():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    surface = Surface.from_array(pixels, -2, -1, default=255)
    assert surface.depth is Depth.MASK
    assert (surface.array(Rect(-2, -1, 4, 3)) == pixels).all()
    assert surface.pixel(-3, 0) == (255,)
    assert surface.pixel(99, 99) == (255,)
    assert surface.content == Rect(-2, -1, 4, 3)


def test_empty_tiles_are_not_kept():
    pixels = np.zeros((300, 600, 4), np.uint8)
    pixels[290, 590] = 255
    surface = Surface.from_array(pixels)
    assert list(surface.tiles) == [(2, 1)]
    assert surface.content == Rect(590, 290, 1, 1)
    assert Surface.from_array(np.full((256, 256), 255, np.uint8), default=255).tiles == {}


def test_nothing_is_read_where_nothing_is():
    surface = Surface(Depth.RGBA)
    assert surface.content.is_empty
    assert surface.bounds.is_empty
    assert surface.size == 0
    assert surface.array(Rect(3, 3, 0, 5)).shape == (5, 0, 4)
    assert Surface(Depth.MASK).array(Rect(0, 0, 0, 0)).shape == (0, 0)
    assert not Surface.from_array(np.zeros((0, 0), np.uint8)).tiles


@pytest.mark.parametrize("by", [(256, -512), (3, 0), (-300, 77)])
def test_moved(noise, by):
    surface = Surface.from_array(noise, 10, 20)
    moved = surface.moved(*by)
    assert (moved.array(Rect(10 + by[0], 20 + by[1], 600, 300)) == noise).all()
    assert moved.content == surface.content.moved(*by)
    assert (surface.array(Rect(10, 20, 600, 300)) == noise).all()


def test_moving_by_whole_tiles_shares_them(noise):
    surface = Surface.from_array(noise)
    assert {id(tile) for tile in surface.moved(256, 0).tiles.values()} == {id(tile) for tile in surface.tiles.values()}


def test_mapped():
    surface = Surface.from_array(np.arange(256, dtype=np.uint8).reshape(16, 16))
    inverted = surface.mapped(lambda pixels: 255 - pixels)
    assert inverted.default == 255
    assert (inverted.array(Rect(0, 0, 16, 16)) == 255 - np.arange(256).reshape(16, 16)).all()
    assert inverted.pixel(700, 700) == (255,)
    assert (
        inverted.mapped(lambda pixels: 255 - pixels).array(Rect(0, 0, 16, 16)) == surface.array(Rect(0, 0, 16, 16))
    ).all()


def test_shared_tiles_stay_shared_when_mapped_and_count_once(noise):
    tile = Tile(to_image(noise[:TILE, :TILE]))
    surface = Surface(Depth.RGBA)
    surface.tiles = {(0, 0): tile, (5, 5): tile}
    mapped = surface.mapped(lambda pixels: pixels // 2)
    assert mapped.tiles[0, 0] is mapped.tiles[5, 5]
    assert surface.size == mapped.size == TILE * TILE * 4


def test_images_of_other_formats_are_converted():
    image = QImage(3, 2, QImage.Format.Format_RGBA8888)
    image.fill(QColor(200, 100, 50, 128))
    surface = Surface.from_image(image, 1, 1)
    assert surface.pixel(2, 2) == (25, 50, 100, 128)


def test_an_edit_never_changes_a_tile_that_somebody_else_has(noise):
    document = Document.new(600, 300, background=to_image(noise))
    pixels = document.active.pixels
    before = {key: readable(tile.image).copy() for key, tile in pixels.tiles.items()}
    kept = dict(pixels.tiles)
    copied = pixels.copy()
    read = pixels.read(Rect(0, 0, 600, 300))
    with document.edit("Brush") as edit, edit.painters(pixels, Rect(0, 0, 600, 300)) as painters:
        for painter, part in painters:
            painter.fillRect(part.to_qt(), QColor(1, 2, 3))
    assert pixels.pixel(5, 5) == (3, 2, 1, 255)
    assert (copied.array(Rect(0, 0, 600, 300)) == noise).all()
    assert (readable(read) == noise).all()
    for key, tile in kept.items():
        assert (readable(tile.image) == before[key]).all()
    assert copied.tiles == kept


def test_a_tile_that_was_put_is_copied_before_it_is_painted_on(noise):
    document = Document.new(600, 300)
    pixels = document.active.pixels
    tile = Tile(to_image(noise[:TILE, :TILE]))
    with document.edit("Fill") as edit:
        edit.put(pixels, (0, 0), tile)
        edit.put(pixels, (1, 0), tile)
        writable(edit.tile(pixels, (0, 0)))[:] = 9
        edit.put(pixels, (0, 1), tile)
        edit.put(pixels, (0, 1), None)
        writable(edit.tile(pixels, (0, 1)))[:] = 7
        edit.touched(pixels, Rect(0, 0, 600, 300))
    assert pixels.pixel(0, 0) == (9, 9, 9, 9)
    assert pixels.pixel(0, 256) == (7, 7, 7, 7)
    assert (readable(tile.image) == noise[:TILE, :TILE]).all()
    assert pixels.tiles[1, 0] is tile
    document.undo()
    assert not pixels.tiles


def test_the_small_copy_is_the_mean_and_follows_painting(noise):
    document = Document.new(256, 256, background=to_image(noise[:256, :256]))
    pixels = document.active.pixels
    small = readable(pixels.tiles[0, 0].quarter)
    means = noise[:256, :256].reshape(64, 4, 64, 4, 4).mean(axis=(1, 3))
    assert np.abs(small - means).max() <= 0.51
    with document.edit("Brush") as edit:
        writable(edit.tile(pixels, (0, 0)))[:] = 8
        edit.touched(pixels, Rect(0, 0, 1, 1))
        assert (readable(pixels.tiles[0, 0].quarter) == 8).all()


def test_a_new_image_is_all_of_one_value():
    assert (readable(new_image(5, 3, Depth.MASK, 77)) == 77).all()
    assert (readable(new_image(5, 3, Depth.RGBA, 77)) == 77).all()
    assert Surface(Depth.MASK).depth.format is QImage.Format.Format_Alpha8
    with pytest.raises(MemoryError):
        new_image(2**20, 2**20, Depth.RGBA)


def test_layers_begin_empty():
    document = Document.new(10, 10)
    assert document.new_layer(Kind.INPAINT, "Mask").pixels.depth is Depth.MASK
    assert document.new_layer(Kind.PIXELS, "Layer").pixels.depth is Depth.RGBA
    assert document.new_layer(Kind.GROUP, "Group").pixels is None
