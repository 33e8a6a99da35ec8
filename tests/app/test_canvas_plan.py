"""What the button would do to a document, and the request that does it."""

import dataclasses

import numpy as np
import pytest
from PySide6.QtGui import QColor, QPainterPath

from kandinsky_studio.app.canvas_plan import Verb, context_of, plan, verb_for, working_size
from kandinsky_studio.document import layer_operations, mask_operations, masks, selection_operations
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Depth, new_image
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.request import GenerationRequest, Task

SPEC = spec_of("builtin")
SETTINGS = GenerationRequest("a red circle", strength=0.5, seed=7, mask_feather=8)


def coloured(width, height, colour="#3060a0"):
    image = new_image(width, height, Depth.RGBA)
    image.fill(QColor(colour))
    return image


def painted(width=256, height=192):
    return Document.new(width, height, "Layer 1", coloured(width, height))


def ellipse(x, y, width, height):
    path = QPainterPath()
    path.addEllipse(x, y, width, height)
    return masks.from_path(path)


def test_an_empty_canvas_is_generated():
    document = Document.new(256, 192)
    assert verb_for(document, SPEC) is Verb.GENERATE
    made = plan(document, SETTINGS, SPEC)
    assert (made.verb, made.area, made.mask) == (Verb.GENERATE, Rect(0, 0, 256, 192), None)
    assert (made.request.task, made.request.image) == (Task.text2image, None)
    assert (made.request.width / made.request.height) == pytest.approx(256 / 192, rel=0.08)
    assert made.request.prompt == "a red circle"
    assert made.request.seed == 7


def test_a_picture_is_refined_from_what_is_seen():
    document = painted(512, 512)
    assert verb_for(document, SPEC) is Verb.REFINE
    made = plan(document, SETTINGS, SPEC)
    assert (made.request.task, made.request.strength) == (Task.image2image, 0.5)
    assert made.request.image.pixels.shape == (128, 128, 3)
    assert (made.request.image.pixels == (0x30, 0x60, 0xA0)).all()


@pytest.mark.parametrize("how", ["selection", "mask"])
def test_what_is_marked_is_filled_and_nothing_else(how):
    document = painted(512, 512)
    mark = ellipse(300, 40, 100, 80)
    if how == "selection":
        selection_operations.select(document, mark, "Select")
    else:
        selection_operations.select(document, mark, "Select")
        mask_operations.from_selection(document)
        selection_operations.deselect(document)
    assert verb_for(document, SPEC) is Verb.FILL
    made = plan(document, SETTINGS, SPEC)
    assert made.request.task is Task.inpaint
    assert made.area.contains(Rect(300, 40, 100, 80))
    assert Rect(0, 0, 512, 512).contains(made.area)
    assert made.area.area < 512 * 512 / 2, "only what is around it is worked on"
    assert np.array_equal(made.mask, mark.array(made.area)), "to the pixel what is marked"
    small = made.request.mask.pixels
    assert small.shape == (made.request.height, made.request.width) == made.request.image.pixels.shape[:2]
    share = (small >= 128).mean() / (made.mask >= 128).mean()
    assert share == pytest.approx(1, abs=0.1)
    assert (made.request.mask_feather, made.request.mask_grow) == (0, 0)


def test_a_thin_line_is_not_lost_when_it_is_worked_on_small():
    document = painted(2048, 2048)
    path = QPainterPath()
    path.addRect(100, 1000, 1800, 1)
    selection_operations.select(document, masks.from_path(path), "Select")
    made = plan(document, SETTINGS, SPEC)
    assert (made.request.mask.pixels >= 128).any()


def test_a_hidden_mask_or_an_empty_one_counts_for_nothing():
    document = painted()
    mask_operations.fill(document)
    layer = document.state.of_kind(Kind.INPAINT)
    layer_operations.set_property(document, layer.id, "visible", False)
    assert verb_for(document, SPEC) is Verb.REFINE
    layer_operations.set_property(document, layer.id, "visible", True)
    assert verb_for(document, SPEC) is Verb.FILL
    mask_operations.clear(document)
    assert verb_for(document, SPEC) is Verb.REFINE


@pytest.mark.parametrize("canvas", [Rect(-128, 0, 384, 192), Rect(0, 0, 256, 320), Rect(-64, -40, 400, 300)])
def test_a_picture_with_nothing_around_it_is_expanded(canvas):
    document = painted()
    document.change("Canvas size", document.state.changed(canvas=canvas))
    assert verb_for(document, SPEC) is Verb.EXPAND
    made = plan(document, SETTINGS, SPEC)
    request = made.request
    assert request.task is Task.outpaint
    height, width = request.image.pixels.shape[:2]
    assert width + request.margin_left + request.margin_right == request.width
    assert height + request.margin_top + request.margin_bottom == request.height
    assert request.margin_left == pytest.approx(-canvas.x * request.width / canvas.width, abs=1)
    picture = Rect(0, 0, 256, 192)
    inside = made.mask[-canvas.y : 192 - canvas.y, -canvas.x : 256 - canvas.x]
    assert not inside.any(), "no pixel of the picture is touched"
    assert (made.mask == 0).sum() == picture.area
    assert (request.image.pixels == (0x30, 0x60, 0xA0)).all()


def test_a_few_strokes_on_an_empty_canvas_are_no_picture_to_expand():
    document = Document.new(512, 512)
    with (
        document.edit("Brush stroke") as edit,
        edit.painters(document.active.pixels, Rect(20, 20, 400, 300)) as painters,
    ):
        for painter, _ in painters:
            painter.drawLine(20, 20, 400, 300)
    assert verb_for(document, SPEC) is Verb.REFINE


def test_a_depth_layer_asks_for_its_depth():
    document = painted()
    depth = np.tile(np.arange(256, dtype=np.uint8), (192, 1))
    mask_operations.set_depth(document, depth)
    assert verb_for(document, SPEC) is Verb.DEPTH
    made = plan(document, SETTINGS, SPEC)
    hint = made.request.hint.pixels
    assert hint.shape[:2] == (made.request.height, made.request.width)
    assert hint[0, 0].max() < 10
    assert hint[0, -1].min() > 245


def test_a_model_that_can_not_is_not_asked():
    document = painted()
    mask_operations.fill(document)
    poor = dataclasses.replace(SPEC, tasks=frozenset({Task.text2image, Task.image2image}))
    assert verb_for(document, poor) is Verb.REFINE
    assert verb_for(document, dataclasses.replace(SPEC, tasks=frozenset({Task.text2image}))) is Verb.GENERATE


@pytest.mark.parametrize("size", [(64, 64), (128, 128), (1024, 768), (768, 1024), (8192, 8192), (4000, 300), (3, 3)])
def test_the_size_that_is_worked_at(size):
    width, height = working_size(Rect(0, 0, *size), SPEC)
    assert width % 8 == height % 8 == 0
    assert SPEC.size.minimum <= min(width, height) <= max(width, height) <= SPEC.size.maximum
    if max(size) / min(size) < 4:
        assert width / height == pytest.approx(size[0] / size[1], rel=0.1)
        assert 0.4 < width * height / SPEC.native_size**2 < 1.7


@pytest.mark.parametrize(
    "bounds", [Rect(0, 0, 5, 5), Rect(500, 300, 12, 100), Rect(10, 10, 600, 30), Rect(0, 0, 640, 400)]
)
def test_the_context_holds_what_is_marked_and_stays_on_the_canvas(bounds):
    canvas = Rect(0, 0, 640, 400)
    area = context_of(bounds, canvas, 128)
    assert area.contains(bounds)
    assert canvas.contains(area)
    assert min(area.width, area.height) >= min(128, canvas.height)


def test_transparent_parts_are_white_paper_to_the_model():
    document = Document.new(128, 128, "half", coloured(64, 128, "#000000"))
    selection_operations.select(document, ellipse(40, 40, 50, 50), "Select")
    image = plan(document, SETTINGS, SPEC).request.image.pixels
    assert (image[:, :60] < 5).all()
    assert (image[:, 70:] == 255).all()
