"""Several layers at once: shown alone, and dropped somewhere else in the list."""

import pytest

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layer_list import BOTTOM, TOP, drop, solo
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.surface import Depth, Surface
from kandinsky_studio.errors import LayerLocked


def leaf(id, **values):
    return Layer(id, Kind.PIXELS, str(id), Surface(Depth.RGBA), **values)


@pytest.fixture
def document():
    group = Layer(4, Kind.GROUP, "4", children=(leaf(2), leaf(3)))
    mask = Layer(6, Kind.INPAINT, "6", Surface(Depth.MASK))
    return Document(State(Rect(0, 0, 9, 9), (leaf(1), group, leaf(5, visible=False), mask)))


def shown(document):
    return {layer.id for layer in document.state.walk() if layer.visible}


def listed(document):
    return [(layer.id, document.state.place(layer.id)[0]) for layer in document.state.walk()]


def test_one_layer_alone_and_back(document):
    before = shown(document)
    assert solo(document, 2)
    assert shown(document) == {2, 4, 6}
    assert solo(document, 2)
    assert shown(document) == before
    solo(document, 5)
    assert shown(document) == {5, 6}
    solo(document, 4)
    assert shown(document) == {4, 2, 3, 6} & shown(document) | {4, 6}


def test_alone_from_the_start_shows_all():
    document = Document(State(Rect(0, 0, 9, 9), (leaf(1), leaf(2, visible=False))))
    assert solo(document, 1)
    assert shown(document) == {1, 2}
    assert len(document.history.done) == 1


@pytest.mark.parametrize(
    ("ids", "parent", "below", "expected"),
    [
        ([1], 4, TOP, [(2, 4), (3, 4), (1, 4), (4, None), (5, None), (6, None)]),
        ([1], 4, BOTTOM, [(1, 4), (2, 4), (3, 4), (4, None), (5, None), (6, None)]),
        ([1], 4, 2, [(2, 4), (1, 4), (3, 4), (4, None), (5, None), (6, None)]),
        ([3, 1], None, 5, [(2, 4), (4, None), (5, None), (1, None), (3, None), (6, None)]),
        ([4, 3], None, BOTTOM, [(2, 4), (3, 4), (4, None), (1, None), (5, None), (6, None)]),
        ([5], None, 4, None),
    ],
)
def test_layers_are_dropped(document, ids, parent, below, expected):
    before = listed(document)
    assert drop(document, ids, parent, below) == (expected is not None)
    assert listed(document) == (expected or before)
    if expected:
        assert document.undo()
        assert listed(document) == before


def test_what_can_not_be_dropped(document):
    with pytest.raises(ValueError, match="itself"):
        drop(document, [4], 4, TOP)
    document.change("Lock", document.state.with_layer(1, locked=True))
    with pytest.raises(LayerLocked):
        drop(document, [1], 4, TOP)
