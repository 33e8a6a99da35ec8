import cv2
import numpy as np
import pytest

from kandinsky_studio.document import image_operations as images
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.surface import Depth, Surface, readable
from kandinsky_studio.document.turning import Resampling
from kandinsky_studio.errors import SizeTooLarge

CANVAS = Rect(-30, 40, 300, 200)


def _noise(height, width, seed):
    rng = np.random.default_rng(seed)
    alpha = cv2.resize(rng.integers(0, 256, (height // 20 + 2, width // 20 + 2), np.uint8), (width, height))
    return np.stack([alpha // 2, alpha // 3, alpha, alpha], 2)


@pytest.fixture
def document():
    """One layer that reaches beyond the canvas, one inside it with a mask, an inpaint mask, a selection."""
    inside = Surface.from_array(_noise(60, 70, 1), 20, 60)
    mask = Surface.from_array(_noise(30, 40, 2)[..., 3], 30, 70, 255)
    layers = (
        Layer(1, Kind.PIXELS, "beyond", Surface.from_array(_noise(400, 500, 3), -130, -60)),
        Layer(4, Kind.GROUP, "group", None, (Layer(2, Kind.PIXELS, "inside", inside, mask=mask, locked=True),)),
        Layer(3, Kind.INPAINT, "mask", Surface.from_array(_noise(50, 50, 4)[..., 3], 0, 50)),
    )
    return Document(State(CANVAS, layers, Surface.from_array(np.full((80, 90), 255, np.uint8), 10, 60)))


def _everything(document):
    """The picture, each mask and the selection on the canvas."""
    state = document.state
    surfaces = [*state.surfaces()]
    return [readable(document.render()).copy(), *(surface.array(state.canvas) for surface in surfaces)]


def _same(a, b):
    return all(np.array_equal(one, other) for one, other in zip(a, b, strict=True))


def test_another_canvas_keeps_every_pixel(document):
    before = _everything(document)
    rect = images.anchored(CANVAS, 500, 150, 0.0, 1.0)
    assert rect == Rect(-30, 90, 500, 150)
    assert images.anchored(CANVAS, 310, 180) == Rect(-35, 50, 310, 180)
    assert images.canvas_size(document, rect)
    assert document.state.canvas == rect
    assert not images.canvas_size(document, rect)
    assert images.canvas_size(document, CANVAS)
    assert _same(_everything(document), before)
    for size in ((0, 0, 0, 5), (0, 0, 8193, 5)):
        with pytest.raises(SizeTooLarge):
            images.canvas_size(document, Rect(*size))


def test_cropping_drops_what_is_beyond(document):
    rect = Rect(0, 60, 100, 90)
    before = document.render(rect)
    assert images.crop(document, rect)
    assert document.state.canvas == rect
    assert (readable(document.render()) == readable(before)).all()
    assert all(rect.contains(surface.content) for surface in document.state.surfaces())
    assert not images.crop(document, rect)
    assert document.history.names == ["Crop"]
    document.undo()
    assert document.state.canvas == CANVAS
    assert document.state.layers[0].pixels.content == Rect(-130, -60, 500, 400)
    assert images.crop(document, rect, keep_beyond=True)
    assert document.state.layers[0].pixels.content == Rect(-130, -60, 500, 400)


def test_cropping_to_the_selection(document):
    assert images.crop_to_selection(document)
    assert document.state.canvas == Rect(10, 60, 90, 80)
    document.change("Deselect", document.state.changed(selection=None))
    assert not images.crop_to_selection(document)
    far = Surface.from_array(np.full((5, 5), 255, np.uint8), 900, 900)
    document.change("Select", document.state.changed(selection=far))
    assert not images.crop_to_selection(document)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotating(document, degrees):
    before, start = _everything(document), document.state
    assert images.rotate(document, degrees)
    expected = [np.rot90(part, -degrees // 90) for part in before]
    assert _same(_everything(document), expected)
    assert images.rotate(document, 360 - degrees)
    assert _same(_everything(document), before)
    assert document.state.canvas == CANVAS
    for one, other in zip(document.state.surfaces(), start.surfaces(), strict=True):
        assert one.content == other.content, "also beyond the canvas"
    assert not images.rotate(document, 360)


@pytest.mark.parametrize("vertically", [False, True])
def test_flipping(document, vertically):
    before = _everything(document)
    assert images.flip(document, vertically)
    assert _same(_everything(document), [part[::-1] if vertically else part[:, ::-1] for part in before])
    images.flip(document, vertically)
    assert _same(_everything(document), before)
    assert len(document.history.done) == 2


@pytest.mark.parametrize("resampling", Resampling)
@pytest.mark.parametrize("size", [(600, 400), (150, 100), (299, 201), (451, 77)])
def test_scaling(document, resampling, size):
    before = [surface.array(CANVAS) for surface in document.state.surfaces()]
    assert images.image_size(document, *size, resampling)
    canvas = document.state.canvas
    assert canvas == Rect(CANVAS.x, CANVAS.y, *size)
    for old, surface in zip(before, document.state.surfaces(), strict=True):
        new = surface.array(canvas)
        expected = cv2.resize(old, size, interpolation=cv2.INTER_LINEAR)
        if surface is not document.state.selection and resampling is not Resampling.NEAREST:
            assert np.abs(new.astype(int) - expected).mean() < 1.5
        assert abs(float(new.mean()) - old.mean()) < 1.5
        if new.ndim == 3:
            assert (new[..., :3] <= new[..., 3:]).all()
    if resampling is Resampling.NEAREST:
        colours = {tuple(pixel) for pixel in before[0].reshape(-1, 4)}
        assert {tuple(pixel) for pixel in document.state.layers[0].pixels.array(canvas).reshape(-1, 4)} <= colours
    assert not images.image_size(document, *size)


def test_scaling_keeps_what_is_beyond_the_canvas_and_cuts_it_only_where_it_would_be_too_much(document):
    images.image_size(document, 600, 400)
    content = document.state.layers[0].pixels.content
    assert abs(content.x - (-30 - 200)) <= 4
    assert abs(content.right - (-30 + 800)) <= 4
    assert document.state.layers[1].children[0].mask.pixel(900, 900) == (255,)
    with pytest.raises(SizeTooLarge):
        images.image_size(document, 9000, 5)


def test_an_empty_document_can_be_turned_and_scaled():
    document = Document.new(50, 40)
    assert images.rotate(document, 90)
    assert images.flip(document)
    assert images.image_size(document, 80, 100)
    assert document.state.canvas == Rect(0, 0, 80, 100)
    assert document.active.pixels.depth is Depth.RGBA
    assert not document.active.pixels.tiles
