"""What the button would do to a document, and the request that does it."""

import dataclasses

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QColor, QPainterPath

from kandinsky_studio.app.canvas_plan import Verb, context_of, outlook, plan, shaped, verb_for, working_size
from kandinsky_studio.document import layer_operations, mask_operations, masks, selection_operations
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.generation_frame import set_frame
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Depth, Surface, new_image
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.request import GenerationRequest, Task
from kandinsky_studio.engine.validation import check
from kandinsky_studio.errors import SizeTooLarge

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


def mask_of(surface, size):
    return surface.array(Rect(0, 0, size, size))


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
    marked = mark.array(made.area)
    assert (made.mask <= marked).all(), "nothing beyond what is marked"
    assert (made.mask[70:90, 80:120] == 255).all(), "soft at its edge only"
    hard = plan(document, dataclasses.replace(SETTINGS, mask_feather=0), SPEC)
    assert np.array_equal(hard.mask, marked), "to the pixel what is marked"
    small = made.request.mask.pixels
    assert small.shape == (made.request.height, made.request.width) == made.request.image.pixels.shape[:2]
    share = (small >= 128).mean() / (marked >= 128).mean()
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


def test_an_old_picture_is_kept_to_its_last_pixel_when_it_is_expanded():
    """Its edges need not lie where the small copies of tiles can tell."""
    document = painted(253, 187)
    document.change("Canvas size", document.state.changed(canvas=Rect(-61, -30, 400, 300)))
    made = plan(document, SETTINGS, SPEC)
    assert (made.verb, made.request.task) == (Verb.EXPAND, Task.outpaint)
    assert (made.mask[30 : 30 + 187, 61 : 61 + 253] == 0).all()
    assert (made.mask == 0).sum() == 253 * 187


def test_the_frame_is_generated_and_nothing_else():
    document = painted(512, 512)
    set_frame(document, Rect(64, 128, 320, 240))
    seen = outlook(document, SETTINGS, SPEC)
    made = plan(document, SETTINGS, SPEC)
    assert (seen.verb, seen.area, seen.whole, seen.beyond) == (Verb.REFINE, Rect(64, 128, 320, 240), False, False)
    assert (made.area, made.grows) == (seen.area, False)
    assert (made.request.width, made.request.height) == seen.size == working_size(seen.area, SPEC)
    assert made.request.image.pixels.shape == (seen.size[1], seen.size[0], 3)


def test_what_is_marked_is_filled_within_the_frame():
    document = painted(1024, 1024)
    selection_operations.select(document, ellipse(200, 200, 400, 400), "Select")
    set_frame(document, Rect(400, 100, 500, 600))
    made = plan(document, dataclasses.replace(SETTINGS, mask_feather=0), SPEC)
    assert made.verb is Verb.FILL
    assert Rect(400, 100, 500, 600).contains(made.area)
    assert made.mask.any()
    set_frame(document, Rect(700, 700, 200, 200))
    assert verb_for(document, SPEC) is Verb.REFINE, "nothing is marked in the frame"


def test_a_frame_beyond_the_canvas_expands_the_picture():
    document = painted(512, 512)
    set_frame(document, Rect(256, 128, 384, 256))
    made = plan(document, SETTINGS, SPEC)
    assert (made.verb, made.area, made.grows) == (Verb.EXPAND, Rect(256, 128, 384, 256), True)
    assert (made.mask[:, :256] == 0).all()
    assert (made.mask[:, 256:] == 255).all()
    assert made.request.margin_left == 0
    assert made.request.margin_right == pytest.approx(made.request.width / 3, abs=2)


def test_a_frayed_picture_is_expanded_too():
    document = Document.new(256, 256)
    stain = np.zeros((256, 256, 4), np.uint8)
    stain[mask_of(ellipse(30, 40, 180, 150), 256) > 0] = (160, 96, 48, 255)
    document.state = document.state.with_layer(1, pixels=Surface.from_array(stain, 0, 0))
    set_frame(document, Rect(128, 0, 256, 256))
    made = plan(document, SETTINGS, SPEC)
    assert (made.verb, made.request.task, made.grows) == (Verb.EXPAND, Task.inpaint, True)
    alpha = stain[:, 128:, 3]
    assert ((made.mask[:, :128] == 0) == (alpha == 255)).all()
    assert (made.mask[:, 128:] == 255).all()


def test_an_empty_frame_beyond_the_canvas_is_generated_whole():
    document = Document.new(256, 256)
    set_frame(document, Rect(128, 0, 256, 256))
    made = plan(document, SETTINGS, SPEC)
    assert (made.verb, made.area, made.grows, made.mask) == (Verb.GENERATE, Rect(128, 0, 256, 256), True, None)


def test_a_canvas_that_would_be_too_large_is_refused_before_anything_is_made():
    document = Document.new(8192, 64)
    with pytest.raises(SizeTooLarge):
        set_frame(document, Rect(8000, 0, 400, 64))


@pytest.mark.parametrize(("grow", "feather"), [(0, 0), (0, 12), (20, 0), (20, 12), (-10, 12)])
def test_a_mask_grows_and_is_soft_inward_only(grow, feather):
    mask = mask_of(ellipse(60, 60, 100, 80), 256)
    made = shaped(mask, grow, feather)
    far = cv2.distanceTransform((mask == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert not made[far > max(grow, 0) + 1].any(), "nothing beyond"
    assert made.max() == 255
    soft = ((made > 20) & (made < 235)).sum()
    assert (soft > 600) == (feather > 0)


def test_what_is_too_narrow_to_be_softened_does_not_vanish():
    mask = np.zeros((64, 64), np.uint8)
    mask[30:33, 5:60] = 255
    assert (shaped(mask, 0, 40)[31, 10:50] == 255).all()
    assert shaped(mask, -30, 0).any()


def test_to_remove_something_takes_the_idea_from_around_it():
    document = painted(512, 512)
    mark = ellipse(300, 40, 100, 80)
    selection_operations.select(document, mark, "Select")
    made = plan(document, dataclasses.replace(SETTINGS, prompt="", mask_feather=0), SPEC, remove=True)
    check(made.request, SPEC)
    [slot] = made.request.slots
    assert (slot.image.pixels == (0x30, 0x60, 0xA0)).all()
    assert (made.request.prompt, made.request.fill, made.request.strength) == ("", "border", 0.6)
    marked = mark.array(made.area)
    assert (made.mask[marked > 0] > 0).all()
    assert (made.mask > 0).sum() > (marked > 0).sum(), "a rim of it, too"


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


def test_as_much_is_seen_around_what_is_filled_as_one_asks_for():
    def planned(padding, canvas=900):
        document = painted(canvas, canvas)
        path = QPainterPath()
        path.addRect(400, 400, 100, 60)
        selection_operations.select(document, masks.from_path(path), "Select")
        request = dataclasses.replace(SETTINGS, context_padding=padding)
        return plan(document, request, SPEC)

    usual, wide = planned(SETTINGS.context_padding), planned(200)
    assert usual.area.width == 200, "half its size on each side"
    assert wide.area.contains(Rect(200, 200, 500, 460)), "on each side"
    assert wide.area.width < 520
    assert planned(1024).area == Rect(0, 0, 900, 900)
    assert wide.request.context_padding == round(200 * wide.request.width / wide.area.width)
    assert (wide.mask > 0).sum() == (usual.mask > 0).sum() > 0, "what changes is the same"


def test_transparent_parts_are_white_paper_to_the_model():
    document = Document.new(128, 128, "half", coloured(64, 128, "#000000"))
    selection_operations.select(document, ellipse(40, 40, 50, 50), "Select")
    image = plan(document, SETTINGS, SPEC).request.image.pixels
    assert (image[:, :60] < 5).all()
    assert (image[:, 70:] == 255).all()
