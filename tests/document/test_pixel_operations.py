import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from kandinsky_studio.document import layer_operations as layers
from kandinsky_studio.document import mask_operations as inpaint
from kandinsky_studio.document import pixel_operations as pixels
from kandinsky_studio.document import selection_operations as selection
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.masks import Combine
from kandinsky_studio.document.surface import Surface, readable, to_image
from kandinsky_studio.errors import LayerLocked, NoLayer, NoPixels, WrongSize

CANVAS = Rect(0, 0, 400, 300)
AROUND = Rect(-100, -100, 700, 600)


def _noise(height=300, width=400, seed=0):
    rng = np.random.default_rng(seed)
    alpha = rng.integers(0, 256, (height, width, 1), dtype=np.uint8)
    alpha[: height // 2] = 255
    colour = rng.integers(0, 256, (height, width, 3))
    return np.concatenate([np.rint(colour * (alpha / 255)).astype(np.uint8), alpha], 2)


@pytest.fixture
def document():
    return Document.new(400, 300, background=to_image(_noise()))


def _soft():
    """A selection with every strength, over the border of tiles."""
    mask = np.tile(np.arange(256, dtype=np.uint8), (120, 1))
    mask[:20] = 0
    return Surface.from_array(mask, 100, 150)


def _select(document, mask):
    document.change("Select", document.state.changed(selection=mask))
    return mask.array(AROUND)


def _of_active(document):
    return document.active.pixels.array(AROUND)


def test_clearing(document):
    before = _of_active(document)
    mask = _select(document, _soft())
    assert pixels.clear(document)
    after = _of_active(document)
    assert (after[mask == 0] == before[mask == 0]).all(), "outside not one bit changes"
    assert not after[mask == 255].any()
    expected = before * (1 - mask[..., None] / 255)
    assert np.abs(after - expected).max() <= 0.51
    assert (after[..., :3] <= after[..., 3:]).all()
    selection.deselect(document)
    assert pixels.clear(document)
    assert not document.active.pixels.tiles
    assert not pixels.clear(document)
    document.go_to(0)
    assert (_of_active(document) == before).all()


@pytest.mark.parametrize("alpha", [255, 100])
def test_filling(document, alpha):
    before = _of_active(document)
    mask = _select(document, _soft())
    colour = QColor(200, 100, 50, alpha)
    assert pixels.fill(document, colour)
    after = _of_active(document)
    assert (after[mask == 0] == before[mask == 0]).all()
    source = np.array((50, 100, 200, 255)) * alpha / 255
    full = source + before * (1 - alpha / 255)
    strength = mask[..., None] / 255
    assert np.abs(after - (before + (full - before) * strength)).max() <= 1.6
    assert (after[..., :3] <= after[..., 3:]).all()


def test_filling_everything_fills_the_canvas_and_shares_tiles():
    document = Document.new(600, 600)
    assert pixels.fill(document, QColor(10, 20, 30))
    surface = document.active.pixels
    assert surface.content == Rect(0, 0, 600, 600)
    assert (surface.array(Rect(0, 0, 600, 600)) == (30, 20, 10, 255)).all()
    assert len({id(tile) for tile in surface.tiles.values()}) == 6
    assert not pixels.fill(document, QColor(10, 20, 30)), "it is so already"
    document.undo()
    assert not surface.tiles


@pytest.mark.parametrize("alpha", [255, 90])
def test_locked_transparent_pixels_stay_transparent(document, alpha):
    before = _of_active(document)
    layers.set_property(document, 1, "alpha_locked", True)
    assert pixels.fill(document, QColor(255, 255, 255, alpha))
    after = _of_active(document)
    assert (after[..., 3] == before[..., 3]).all()
    share = alpha / 255
    assert np.abs(after[..., 0] - (before[..., 0] * (1 - share) + before[..., 3] * share)).max() <= 1.1
    with pytest.raises(LayerLocked):
        pixels.clear(document)


@pytest.mark.parametrize("values", [{"locked": True}, {"visible": False}])
def test_locked_and_hidden_layers_are_not_painted_on(document, values):
    for name, value in values.items():
        layers.set_property(document, 1, name, value)
    before, done = _of_active(document), len(document.history.done)
    for work in (
        lambda: pixels.clear(document),
        lambda: pixels.fill(document, QColor("red")),
        lambda: pixels.cut(document),
        lambda: pixels.flip_layer(document, 1),
    ):
        with pytest.raises(LayerLocked):
            work()
    assert (_of_active(document) == before).all()
    assert len(document.history.done) == done
    assert pixels.copy(document) is not None, "but copied"


def test_groups_have_no_pixels_and_nothing_has_none(document):
    group = layers.group(document, [1])
    with pytest.raises(NoPixels):
        pixels.fill(document, QColor("red"))
    clip = pixels.copy(document)
    assert clip.rect == CANVAS
    layers.remove(document, [group])
    for work in (pixels.clear, pixels.copy, pixels.cut, selection.from_alpha, inpaint.from_alpha):
        with pytest.raises(NoLayer):
            work(document)


def test_copying_what_is_selected(document):
    mask = _soft()
    _select(document, mask)
    clip = pixels.copy(document)
    assert clip.rect == Rect(101, 170, 255, 100)
    found = readable(clip.image)
    expected = _noise()[170:270, 101:356] * (mask.array(clip.rect)[..., None] / 255)
    assert np.abs(found - expected).max() <= 0.51
    assert len(document.history.done) == 1, "copying is no step"


def test_copying_what_is_seen(document):
    layers.add_layer(document)
    pixels.fill(document, QColor(0, 0, 255))
    layers.set_property(document, document.active_id, "opacity", 0.5)
    layers.add_layer(document)
    assert pixels.copy(document) is None
    clip = pixels.copy(document, merged=True)
    assert (readable(clip.image) == readable(document.render())).all()
    assert pixels.copy(document, id=1).rect.width == 400


def test_cutting_and_pasting_back(document):
    before = _of_active(document)
    _select(document, masks_of(Rect(30, 40, 100, 51)))
    clip = pixels.cut(document)
    assert document.history.names[-1] == "Cut"
    assert not _of_active(document)[140:191, 130:230].any()
    centre = (clip.x + clip.rect.width / 2, clip.y + clip.rect.height / 2)
    id = pixels.paste(document, clip.image, centre)
    assert document.active_id == id
    assert document.state.place(id) == (None, 1)
    document.change("Deselect", document.state.changed(selection=None))
    assert (readable(document.render(AROUND)) == before).all()


def masks_of(rect):
    return Surface.from_array(np.full((rect.height, rect.width), 255, np.uint8), rect.x, rect.y)


def test_pasting_pictures_of_any_format_in_the_middle(document):
    image = QImage(11, 20, QImage.Format.Format_RGB888)
    image.fill(QColor(1, 2, 3))
    id = pixels.paste(document, image, (200, 150), "leaf")
    layer = document.state.layer(id)
    assert layer.name == "leaf"
    assert layer.pixels.content in (Rect(194, 140, 11, 20), Rect(195, 140, 11, 20))
    assert layer.pixels.pixel(200, 150) == (3, 2, 1, 255)
    assert document.history.names == ["Paste"]


@pytest.mark.parametrize("vertically", [False, True])
def test_flipping_a_layer_twice_gives_it_back(document, vertically):
    pixels.paste(document, to_image(_noise(41, 30, 2)), (380, 20))
    before = _of_active(document)
    content = document.active.pixels.content
    assert pixels.flip_layer(document, document.active_id, vertically)
    once = _of_active(document)
    assert document.active.pixels.content == content
    y, x = content.y + 100, content.x + 100
    part = (slice(y, y + content.height), slice(x, x + content.width))
    assert (once[part] == (before[part][::-1] if vertically else before[part][:, ::-1])).all()
    pixels.flip_layer(document, document.active_id, vertically)
    assert (_of_active(document) == before).all()
    assert not pixels.flip_layer(document, layers.add_layer(document))


def test_masks_are_filled_with_what_they_mean(document):
    layers.add_layer(document, Kind.DEPTH)
    pixels.fill(document, QColor(128, 128, 128))
    assert document.active.pixels.pixel(5, 5) == (128,)
    layers.add_layer(document, Kind.INPAINT)
    pixels.fill(document, QColor(0, 0, 0))
    assert document.active.pixels.pixel(5, 5) == (255,)
    assert document.active.pixels.content == CANVAS


def test_selecting_all_nothing_and_again(document):
    assert selection.select_all(document)
    assert document.state.selection.content == CANVAS
    assert (document.state.selection.array(CANVAS) == 255).all()
    assert not selection.select_all(document)
    assert selection.deselect(document)
    assert not selection.deselect(document)
    assert document.state.selection is None
    assert selection.reselect(document)
    assert document.state.selection.content == CANVAS
    assert not selection.reselect(document)
    assert document.history.names == ["Select all", "Deselect", "Reselect"]


def test_inverting_growing_shrinking_and_feathering(document):
    for work in (selection.grow, selection.shrink, selection.feather):
        assert not work(document, 3)
    assert selection.invert(document)
    assert document.state.selection.content == CANVAS
    selection.select(document, masks_of(Rect(100, 100, 50, 40)), "Rectangle")
    assert selection.grow(document, 10)
    assert document.state.selection.content == Rect(90, 90, 70, 60)
    assert document.state.selection.pixel(90, 90) == (0,), "round corners"
    assert selection.shrink(document, 20)
    assert document.state.selection.content == Rect(110, 110, 30, 20)
    assert selection.feather(document, 6)
    assert document.state.selection.content.width > 30
    assert selection.invert(document)
    assert document.state.selection.pixel(0, 0) == (255,)
    assert selection.shrink(document, 400)
    assert document.state.selection is None, "what selects nothing deselects"


def test_selecting_by_alpha_and_by_mask(document):
    assert selection.from_alpha(document)
    assert (document.state.selection.array(CANVAS) == _noise()[..., 3]).all()
    assert selection.select(document, masks_of(Rect(0, 140, 50, 50)), "Rectangle")
    assert selection.from_alpha(document, how=Combine.INTERSECT)
    assert (document.state.selection.array(Rect(0, 140, 50, 50)) == _noise()[140:190, :50, 3]).all()
    assert CANVAS.contains(document.state.selection.content)
    assert not selection.from_inpaint_mask(document)
    selection.select(document, masks_of(Rect(0, 0, 50, 50)), "Rectangle")
    inpaint.from_selection(document)
    layers.set_property(document, document.state.of_kind(Kind.INPAINT).id, "grow", 4)
    assert selection.from_inpaint_mask(document)
    assert document.state.selection.content == Rect(0, 0, 54, 54)
    group = layers.group(document, [1])
    assert selection.from_alpha(document, group)
    assert (document.state.selection.array(CANVAS) == _noise()[..., 3]).all()


def _mask(document):
    return document.state.of_kind(Kind.INPAINT).pixels.array(CANVAS)


def test_the_inpaint_mask_is_made_when_it_is_needed(document):
    assert not inpaint.clear(document)
    _select(document, _soft())
    assert inpaint.from_selection(document)
    assert (_mask(document) == _soft().array(CANVAS)).all()
    assert document.active_id == 1
    assert document.history.names == ["Select", "Inpaint mask from selection"]
    document.undo()
    assert document.state.of_kind(Kind.INPAINT) is None
    document.redo()
    selection.select(document, masks_of(Rect(0, 0, 20, 20)), "Rectangle")
    assert inpaint.from_selection(document, Combine.ADD)
    assert (_mask(document)[:20, :20] == 255).all()
    assert _mask(document)[200, 300] == 200
    assert len([layer for layer in document.state.walk() if layer.kind is Kind.INPAINT]) == 1


def test_filling_inverting_and_clearing_the_inpaint_mask_within_the_selection(document):
    assert inpaint.fill(document)
    assert (_mask(document) == 255).all()
    assert not inpaint.fill(document)
    _select(document, masks_of(Rect(10, 10, 30, 30)))
    assert inpaint.invert(document)
    assert not _mask(document)[10:40, 10:40].any()
    assert (_mask(document) == 255).sum() == 400 * 300 - 900
    assert inpaint.invert(document)
    assert inpaint.clear(document)
    assert (_mask(document) == 255).sum() == 400 * 300 - 900
    selection.deselect(document)
    assert inpaint.clear(document)
    assert not _mask(document).any()
    layer = document.state.of_kind(Kind.INPAINT)
    layers.set_property(document, layer.id, "inverted", True)
    layers.set_property(document, layer.id, "locked", True)
    with pytest.raises(LayerLocked):
        inpaint.fill(document)
    assert not document.editing


def test_the_inpaint_mask_from_a_layer_a_colour_and_a_file(document):
    assert inpaint.from_alpha(document)
    assert (_mask(document) == _noise()[..., 3]).all()
    layers.add_layer(document)
    pixels.fill(document, QColor(10, 20, 30))
    selection.select(document, masks_of(Rect(7, 8, 9, 10)), "Rectangle")
    pixels.fill(document, QColor(15, 20, 25))
    assert inpaint.from_colour(document, QColor(15, 20, 25), 4)
    assert (_mask(document) == 255).sum() == 90
    assert (_mask(document)[8:18, 7:16] == 255).all()
    assert inpaint.from_colour(document, QColor(15, 20, 25), 5)
    assert (_mask(document) == 255).all()
    file = np.random.default_rng(5).integers(0, 256, (300, 400), np.uint8)
    assert inpaint.from_pixels(document, file)
    assert (_mask(document) == file).all()
    with pytest.raises(WrongSize):
        inpaint.from_pixels(document, file[:-1])


def test_a_depth_layer_from_pixels(document):
    depth = np.random.default_rng(6).integers(0, 256, (300, 400), np.uint8)
    picture = readable(document.render()).copy()
    assert inpaint.set_depth(document, depth)
    assert inpaint.set_depth(document, 255 - depth)
    assert not inpaint.set_depth(document, 255 - depth)
    assert (document.state.of_kind(Kind.DEPTH).pixels.array(CANVAS) == 255 - depth).all()
    assert (readable(document.render()) == picture).all()
    layers.set_property(document, document.state.of_kind(Kind.DEPTH).id, "visible", False)
    assert inpaint.set_depth(document, depth)
    assert document.state.of_kind(Kind.DEPTH).visible
