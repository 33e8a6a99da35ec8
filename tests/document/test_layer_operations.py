import numpy as np
import pytest
from PySide6.QtGui import QColor

from kandinsky_studio.document import layer_operations as layers
from kandinsky_studio.document import merging
from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Label
from kandinsky_studio.document.projection import Projection
from kandinsky_studio.document.surface import Depth, Surface, readable
from kandinsky_studio.errors import LayerLocked, NoLayer


def _plain(colour, rect):
    return Surface.from_array(np.full((rect.height, rect.width, 4), colour, np.uint8), rect.x, rect.y)


@pytest.fixture
def document():
    """Three layers, from the lowest: red everywhere, green at the left, blue at the top."""
    document = Document.new(300, 200)
    layers.set_property(document, 1, "name", "red")
    document.active.pixels.tiles.update(_plain((0, 0, 255, 255), Rect(0, 0, 300, 200)).tiles)
    layers.add_layer(document, name="green", pixels=_plain((0, 255, 0, 255), Rect(0, 0, 100, 200)))
    layers.add_layer(document, name="blue", pixels=_plain((128, 0, 0, 128), Rect(-50, 0, 350, 90)))
    document.history.clear()
    return document


@pytest.fixture(autouse=True)
def every_step_is_seen(document):
    """Whoever watches the changes and their places has the right picture at the end, also after undoing everything."""
    projection = Projection(document.state)
    projection.refresh(0, projection.area)

    def follow(change):
        if change.state:
            projection.set_state(document.state, document.active_id, change.rect)
        elif change.rect is not None:
            projection.damage(change.rect)

    document.watch(follow)
    yield
    count = len(document.history.done)
    for number in (count, 0, count):
        document.go_to(number)
        projection.refresh(0, projection.area)
        assert (readable(projection.image(0)) == readable(document.render(projection.area))).all()


def _names(document, id=None):
    return [layer.name for layer in document.state.siblings(id)]


def _id(document, name):
    return next(layer.id for layer in document.state.walk() if layer.name == name)


def _picture(document):
    return readable(document.render()).copy()


def test_adding(document):
    document.activate(_id(document, "green"))
    new = layers.add_layer(document)
    assert _names(document) == ["red", "green", "Layer 1", "blue"]
    assert document.active_id == new
    group = layers.add_layer(document, Kind.GROUP)
    inside = layers.add_layer(document)
    layers.relocate(document, inside, group, 0)
    layers.add_layer(document)
    assert _names(document, group) == ["Layer 2", "Layer 3"], "into the group of the active one"
    assert len(document.history.done) == 5


@pytest.mark.parametrize("kind", [Kind.INPAINT, Kind.DEPTH])
def test_there_is_one_inpaint_mask_and_one_depth_layer(document, kind):
    document.activate(1)
    id = layers.add_layer(document, kind)
    assert document.state.layers[-1].id == id
    document.activate(1)
    assert layers.add_layer(document, kind) == id
    assert layers.duplicate(document, id) == id
    assert document.active_id == id
    assert len(document.history.done) == 1


def test_a_copy_has_its_own_pixels(document):
    id = _id(document, "green")
    layers.add_mask(document, id)
    group = layers.group(document, [id])
    copy = layers.duplicate(document, group)
    original, twin = document.state.layer(group).children[0], document.state.layer(copy).children[0]
    assert twin.id != original.id
    assert twin.pixels is not original.pixels
    assert twin.mask is not original.mask
    assert twin.pixels.tiles == original.pixels.tiles
    assert document.active_id == copy


def test_removing(document):
    assert layers.remove(document, [_id(document, "red"), _id(document, "blue")])
    assert _names(document) == ["green"]
    assert not layers.remove(document, [99])
    assert document.history.names == ["Remove layer"]


def test_grouping_keeps_order_and_picture(document):
    before = _picture(document)
    group = layers.group(document, [_id(document, "blue"), _id(document, "red"), _id(document, "green")])
    assert _names(document, group) == ["red", "green", "blue"]
    assert (_picture(document) == before).all()
    assert layers.ungroup(document, group)
    assert _names(document) == ["red", "green", "blue"]
    assert not layers.ungroup(document, 1)
    with pytest.raises(NoLayer):
        layers.group(document, [])
    inner = layers.group(document, [_id(document, "green")])
    outer = layers.group(document, [inner, _id(document, "green"), 1])
    assert _names(document, outer) == ["red", "Group 1"], "what is in a chosen group stays in it"
    assert _names(document) == ["Group 2", "blue"]


def test_up_and_down_into_the_open(document):
    red = _id(document, "red")
    assert layers.raise_layer(document, red)
    assert _names(document) == ["green", "red", "blue"]
    group = layers.group(document, [red])
    assert layers.raise_layer(document, red)
    assert _names(document) == ["green", "Group 1", "red", "blue"]
    assert layers.relocate(document, red, group, 0)
    assert layers.lower_layer(document, red)
    assert _names(document) == ["green", "red", "Group 1", "blue"]
    assert layers.lower_layer(document, red)
    assert not layers.lower_layer(document, red)
    assert not layers.raise_layer(document, _id(document, "blue"))
    assert not layers.relocate(document, red, None, 0)
    with pytest.raises(ValueError, match="itself"):
        layers.relocate(document, group, group, 0)


def test_properties_and_dragging(document):
    for opacity in (0.9, 0.6, 0.3):
        assert layers.set_property(document, 1, "opacity", opacity, dragging=True)
    assert document.history.names == ["Layer opacity"]
    assert not layers.set_property(document, 1, "opacity", 0.3)
    layers.set_property(document, 1, "opacity", 0.2)
    layers.set_property(document, 1, "mode", BlendMode.DESTINATION_IN)
    layers.set_property(document, 1, "mode", BlendMode.MULTIPLY)
    layers.set_property(document, 1, "visible", False)
    layers.set_property(document, 1, "locked", True)
    layers.set_property(document, 1, "label", Label.RED)
    assert layers.rename(document, 1, " sky ")
    assert not layers.rename(document, 1, " ")
    assert document.state.layer(1).name == "sky"
    assert len(document.history.done) == 8
    with pytest.raises(KeyError):
        layers.set_property(document, 1, "pixels", None)


def test_a_layer_mask_from_the_selection(document):
    red = _id(document, "red")
    selection = Surface.from_array(np.full((50, 60), 128, np.uint8), 10, 20)
    document.change("Select", document.state.changed(selection=selection))
    assert layers.add_mask(document, red)
    assert not layers.add_mask(document, red)
    mask = document.state.layer(red).mask
    assert mask is not selection
    assert mask.pixel(11, 21) == (128,)
    assert mask.default == 0
    assert layers.remove_mask(document, red)
    assert not layers.remove_mask(document, red)
    before = _picture(document)
    assert layers.add_mask(document, red, from_selection=False)
    assert (_picture(document) == before).all()


def test_applying_a_mask_looks_the_same(document):
    blue = _id(document, "blue")
    selection = Surface.from_array(np.arange(200, dtype=np.uint8).repeat(300).reshape(200, 300))
    document.change("Select", document.state.changed(selection=selection))
    layers.set_property(document, blue, "opacity", 0.5)
    layers.set_property(document, blue, "mode", BlendMode.SCREEN)
    layers.add_mask(document, blue)
    before = _picture(document)
    assert merging.apply_mask(document, blue)
    assert document.state.layer(blue).mask is None
    assert np.abs(_picture(document).astype(int) - before).max() <= 1
    assert document.state.layer(blue).pixels.pixel(-10, 5) == (0, 0, 0, 0), "the mask hides beyond the selection"
    assert not merging.apply_mask(document, blue)
    layers.add_mask(document, blue)
    layers.set_property(document, blue, "mask_enabled", False)
    before = _picture(document)
    assert merging.apply_mask(document, blue)
    assert (_picture(document) == before).all()


def test_merging_a_mode_down_on_an_opaque_layer_looks_the_same(document):
    blue = _id(document, "blue")
    layers.set_property(document, blue, "mode", BlendMode.DIFFERENCE)
    layers.set_property(document, _id(document, "red"), "opacity", 0.5)
    layers.remove(document, [_id(document, "green")])
    layers.set_property(document, _id(document, "red"), "opacity", 1.0)
    before = _picture(document)
    assert merging.merge_down(document, blue)
    assert (_picture(document) == before).all()


def test_merging_down_looks_the_same_and_keeps_what_is_beyond_the_canvas(document):
    blue = _id(document, "blue")
    layers.set_property(document, blue, "opacity", 0.7)
    before = _picture(document)
    assert merging.merge_down(document, blue)
    assert _names(document) == ["red", "green"]
    assert np.abs(_picture(document).astype(int) - before).max() <= 1
    assert document.active.name == "green"
    assert document.active.pixels.content == Rect(-50, 0, 350, 200), "nothing is cut off"
    assert not merging.merge_down(document, 1)
    assert document.history.names[-1] == "Merge down"
    document.undo()
    assert _names(document) == ["red", "green", "blue"]


@pytest.mark.parametrize("merge", [merging.merge_visible, merging.flatten])
def test_merging_everything(document, merge):
    layers.set_property(document, _id(document, "green"), "visible", False)
    layers.add_layer(document, Kind.INPAINT)
    layers.add_layer(document, Kind.DEPTH)
    before = _picture(document)
    assert merge(document)
    assert (_picture(document) == before).all()
    hidden = ["green"] if merge is merging.merge_visible else []
    assert _names(document) == ["red", *hidden, "Inpaint mask", "Depth"]
    assert not merge(document)


def test_merging_a_group(document):
    group = layers.group(document, [_id(document, "red"), _id(document, "blue")])
    layers.set_property(document, group, "opacity", 0.5)
    before = _picture(document)
    assert merging.merge_group(document, group)
    assert (_picture(document) == before).all()
    assert document.active.kind is Kind.PIXELS
    assert not merging.merge_group(document, document.active_id)


@pytest.mark.parametrize("by", ["layer", "group"])
def test_locked_layers_stay_as_they_are(document, by):
    red, green, blue = (_id(document, name) for name in ("red", "green", "blue"))
    group = layers.group(document, [green])
    layers.set_property(document, green if by == "layer" else group, "locked", True)
    done = len(document.history.done)
    for work in (
        lambda: layers.remove(document, [red, green]),
        lambda: layers.remove(document, [group]),
        lambda: layers.relocate(document, green, None, 0),
        lambda: layers.add_mask(document, green),
        lambda: layers.ungroup(document, group),
        lambda: layers.group(document, [green, red]),
        lambda: merging.merge_down(document, blue),
        lambda: merging.merge_visible(document),
        lambda: merging.flatten(document),
        lambda: merging.merge_group(document, group),
    ):
        with pytest.raises(LayerLocked):
            work()
    assert len(document.history.done) == done
    assert not document.editing


def test_a_hidden_layer_is_not_merged(document):
    blue = _id(document, "blue")
    layers.set_property(document, blue, "visible", False)
    with pytest.raises(LayerLocked):
        merging.merge_down(document, blue)
    assert layers.remove(document, [blue]), "but it may be taken out"


def test_nothing_is_painted_on_what_was_merged(document):
    red = document.state.layer(_id(document, "red")).pixels
    kept = dict(red.tiles)
    merging.flatten(document)
    with document.edit("Brush") as edit, edit.painters(document.active.pixels, Rect(0, 0, 9, 9)) as painters:
        for painter, part in painters:
            painter.fillRect(part.to_qt(), QColor("white"))
    assert red.tiles == kept
    assert Surface(Depth.RGBA).tiles == {}
