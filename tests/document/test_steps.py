"""Edits, and the undo list they end in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QColor

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.document import Document, check_editable, check_size
from kandinsky_studio.document.geometry import NOTHING, TILE, Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.surface import Depth, Surface, Tile, new_image, readable, to_image, writable
from kandinsky_studio.errors import LayerLocked, SizeTooLarge

TILE_BYTES = TILE * TILE * 4


def _paint(document, surface, rect, value, merge=""):
    with document.edit("Brush", merge) as edit, edit.painters(surface, rect) as painters:
        for painter, part in painters:
            painter.fillRect(part.to_qt(), QColor(value, value, value))


def _pixels(surface):
    return {key: readable(tile.image).tobytes() for key, tile in surface.tiles.items()}


def _all(state):
    """Everything that a state is, to compare."""

    def layer(one):
        values = {name: getattr(one, name) for name in one.__dataclass_fields__}
        values["children"] = tuple(map(layer, one.children))
        for name in ("pixels", "mask"):
            values[name] = _pixels(values[name]) if values[name] is not None else None
        return values

    selection = None if state.selection is None else _pixels(state.selection)
    return state.canvas, selection, tuple(map(layer, state.layers)), state.resolution, state.extras


@pytest.fixture
def document():
    return Document.new(600, 400)


@pytest.fixture
def changes(document):
    changes = []
    document.watch(changes.append)
    return changes


def test_a_step_is_done_undone_and_redone(document, changes):
    pixels = document.active.pixels
    rect = Rect(250, 250, 20, 30)
    _paint(document, pixels, rect, 9)
    step = document.history.done[-1]
    assert step.name == "Brush"
    assert pixels.content == rect
    assert changes[-1].action == "done"
    assert any(change.rect == rect for change in changes)
    assert document.undo()
    assert not pixels.tiles
    assert (changes[-1].action, changes[-1].rect, changes[-1].step) == ("undone", rect, step)
    assert not document.undo()
    assert document.redo()
    assert pixels.content == rect
    assert changes[-1].action == "redone"
    assert not document.redo()
    assert document.history.names == ["Brush"]


def test_an_edit_that_changes_nothing_is_no_step(document):
    pixels = document.active.pixels
    with document.edit("Nothing"):
        pass
    with document.edit("Transparent") as edit:
        edit.tile(pixels, (0, 0))
        edit.touched(pixels, Rect(0, 0, 9, 9))
    assert not pixels.tiles
    _paint(document, pixels, Rect(0, 0, 9, 9), 9)
    tile = pixels.tiles[0, 0]
    _paint(document, pixels, Rect(0, 0, 9, 9), 9)
    assert document.history.names == ["Brush"]
    assert pixels.tiles[0, 0] is tile
    assert not document.editing


@pytest.mark.parametrize("how", ["cancel", "raise"])
def test_what_is_not_finished_is_taken_back(document, changes, how):
    pixels = document.active.pixels
    _paint(document, pixels, Rect(0, 0, 300, 300), 50)
    before = _all(document.state)
    state = document.state
    edit = document.edit("Brush")

    def work():
        with edit.painters(pixels, Rect(200, 200, 300, 100)) as painters:
            for painter, part in painters:
                painter.fillRect(part.to_qt(), QColor("red"))
        edit.write(pixels, Rect(500, 0, 4, 4), to_image(np.full((4, 4, 4), 255, np.uint8)))
        edit.set(document.state.with_layer(1, opacity=0.5), NOTHING)
        assert document.editing

    if how == "cancel":
        work()
        edit.cancel()
    else:

        def fail():
            with edit:
                work()
                writable(edit.tile(pixels, (1, 0)))[:] = 3  # not told to anybody
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert changes[-1].rect.contains(Rect.of_tile((1, 0)))
    assert document.state is state
    assert _all(document.state) == before
    assert len(document.history.done) == 1
    assert not document.editing
    assert changes[-1].rect.contains(Rect(200, 200, 300, 100))


def test_put_replace_and_write(document):
    pixels = document.active.pixels
    _paint(document, pixels, Rect(0, 0, 600, 400), 10)
    before = _all(document.state)
    other = Surface.from_array(np.full((100, 100, 4), 255, np.uint8), 300, -50)
    with document.edit("Replace") as edit:
        edit.replace(pixels, other)
    assert pixels.tiles == other.tiles
    with document.edit("Write") as edit:
        edit.write(pixels, Rect(310, 0, 20, 20), new_image(20, 20, Depth.RGBA, 128))
        assert readable(edit.before(pixels, (1, 0)))[0, 310 - 256].tolist() == [255] * 4
        assert edit.before(pixels, (5, 5)) is None
    assert pixels.pixel(310, 0) == (128,) * 4
    assert other.pixel(310, 0) == (255,) * 4, "what was shared is not painted on"
    with document.edit("Put") as edit:
        edit.put(pixels, (0, 0), Tile(new_image(TILE, TILE, Depth.RGBA, 7)))
        edit.put(pixels, (1, 0), None)
        edit.touched(pixels, Rect(0, 0, 512, 256), versions=False)
    assert list(pixels.tiles) != []
    assert (1, 0) not in pixels.tiles
    document.go_to(1)
    assert _all(document.state) == before
    document.go_to(4)
    assert pixels.pixel(0, 0) == (7,) * 4


def test_painters_paint_inside_their_rectangle_only(document):
    pixels = document.active.pixels
    rect = Rect(-5, 250, 300, 20)
    with document.edit("Brush") as edit, edit.painters(pixels, rect) as painters:
        for painter, part in painters:
            assert rect.contains(part)
            painter.fillRect(-999, -999, 9999, 9999, QColor("white"))
    assert pixels.content == rect
    assert (pixels.array(rect) == 255).all()


def test_one_edit_at_a_time(document):
    with document.edit("Brush"):
        assert not document.undo()
        with pytest.raises(AssertionError):
            document.edit("Another")


KINDS = st.sampled_from(
    [
        "paint",
        "mask",
        "selection",
        "add",
        "group",
        "remove",
        "move",
        "property",
        "canvas",
        "cancel",
        "undo",
        "redo",
        "swap",
    ]
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(KINDS, st.integers(0, 10**6)), max_size=25), st.sampled_from([2**40, 6 * TILE_BYTES, 0]))
def test_undoing_and_redoing_everything(actions, memory):
    document = Document.new(600, 400, background=to_image(np.full((400, 600, 4), 200, np.uint8)))
    document.history.memory = memory
    first = _all(document.state)
    after = [first]
    for kind, seed in actions:
        rng = np.random.default_rng(seed)
        _act(document, kind, rng)
        if kind not in ("undo", "redo"):
            del after[len(document.history.done) :]
            after.append(_all(document.state))
        assert _all(document.state) == after[len(document.history.done)]
        assert document.active is not None or not document.state.layers
    last = _all(document.state)
    done = len(document.history.done)
    document.go_to(0)
    assert _all(document.state) == first
    assert document.history.saved
    document.go_to(done)
    assert _all(document.state) == last
    document.go_to(done // 2)
    assert _all(document.state) == after[done // 2]
    document.history.close()


def _act(document, kind, rng):
    state = document.state
    layers = list(state.walk())
    layer = layers[rng.integers(len(layers))] if layers else None
    rect = Rect(*(int(v) for v in rng.integers(-200, 600, 2)), *(int(v) for v in rng.integers(1, 300, 2)))
    value = int(rng.integers(0, 256))
    if kind == "undo":
        document.undo()
    elif kind == "redo":
        document.redo()
    elif kind == "add":
        new = document.new_layer(Kind.PIXELS, "Layer", Surface.from_array(np.full((30, 40, 4), value, np.uint8)))
        document.change("Add", state.inserted(new, None, int(rng.integers(0, len(state.layers) + 1))))
    elif kind == "selection":
        document.change(
            "Select", state.changed(selection=Surface.from_array(np.full((30, 40), value, np.uint8), *rect[:2]))
        )
    elif kind == "canvas":
        document.change("Canvas", state.changed(canvas=rect))
    elif layer is None:
        return
    elif kind == "group":
        new = document.new_layer(Kind.GROUP, "Group")
        parent, number = state.place(layer.id)
        document.change("Group", state.inserted(new, parent, number).relocated(layer.id, new.id, 0))
    elif kind == "remove":
        document.change("Remove", state.without(layer.id))
    elif kind == "move":
        groups = [None, *(one.id for one in layers if one.kind is Kind.GROUP)]
        parent = groups[rng.integers(len(groups))]
        if parent not in {inside.id for inside in layer.walk()}:
            document.change("Move", state.relocated(layer.id, parent, 0))
    elif kind == "property":
        document.change(
            "Opacity", state.with_layer(layer.id, opacity=value / 255, mode=BlendMode.SCREEN), f"o{layer.id}"
        )
    elif kind == "mask":
        if layer.mask is None:
            document.change("Mask", state.with_layer(layer.id, mask=Surface(Depth.MASK, 255)))
        else:
            _paint(document, layer.mask, rect, value)
    elif layer.pixels is not None:
        if kind == "swap":
            with document.edit("Swap") as edit:
                edit.replace(layer.pixels, layer.pixels.moved(int(rng.integers(-300, 300)), 256))
        elif kind == "paint":
            _paint(document, layer.pixels, rect, value, merge="m" if value < 100 else "")
        else:
            edit = document.edit("Brush")
            edit.write(layer.pixels, rect, new_image(rect.width, rect.height, layer.pixels.depth, value))
            edit.set(document.state.without(layer.id))
            edit.cancel()


def test_steps_of_one_gesture_become_one(document):
    for opacity in (0.9, 0.5, 0.2):
        document.change("Opacity", document.state.with_layer(1, opacity=opacity), merge="opacity 1")
    assert document.history.names == ["Opacity"]
    document.change("Opacity", document.state.with_layer(1, opacity=0.1), merge="opacity 2")
    assert document.history.names == ["Opacity"] * 2
    document.undo()
    assert document.active.opacity == 0.2
    document.change("Opacity", document.state.with_layer(1, opacity=0.3), merge="opacity 1")
    assert document.history.names == ["Opacity"] * 2, "what was undone lies between the two"
    document.go_to(0)
    assert document.active.opacity == 1
    document.redo()
    assert document.active.opacity == 0.2


def test_merged_steps_do_not_swallow_the_saved_one(document):
    document.change("Opacity", document.state.with_layer(1, opacity=0.9), merge="a")
    document.history.mark_saved(document.history.mark())
    document.change("Opacity", document.state.with_layer(1, opacity=0.8), merge="a")
    assert not document.history.saved
    document.undo()
    assert document.history.saved
    assert document.active.opacity == 0.9


def test_saved_or_not(document):
    history, pixels = document.history, document.active.pixels
    assert history.saved
    _paint(document, pixels, Rect(0, 0, 5, 5), 1)
    assert not history.saved
    document.undo()
    assert history.saved
    document.redo()
    history.mark_saved(history.mark())
    assert history.saved
    _paint(document, pixels, Rect(0, 0, 5, 5), 2)
    document.undo()
    assert history.saved
    document.undo()
    assert not history.saved
    _paint(document, pixels, Rect(0, 0, 5, 5), 3)  # the saved state can't be reached any more
    document.undo()
    assert not history.saved
    history.mark_saved(history.mark())
    assert history.saved
    history.mark_unsaved()
    assert not history.saved
    history.clear()
    assert not history.saved
    assert not document.undo()


def test_what_was_saved_while_painting_went_on(document):
    history, pixels = document.history, document.active.pixels
    _paint(document, pixels, Rect(0, 0, 5, 5), 1)
    here = history.mark()
    _paint(document, pixels, Rect(0, 0, 5, 5), 2)
    history.mark_saved(here)
    assert not history.saved
    document.undo()
    assert history.saved


def test_the_active_layer_stays_or_a_near_one_takes_its_place(document):
    for name in "abc":
        new = document.new_layer(Kind.PIXELS, name)
        document.change("Add", document.state.inserted(new))
        document.activate(new.id)
    a, b = (layer for layer in document.state.layers if layer.name in "ab")
    document.activate(b.id)
    document.change("Opacity", document.state.with_layer(a.id, opacity=0.5))
    assert document.active_id == b.id
    document.change("Remove", document.state.without(b.id))
    assert document.active_id == a.id, "the one below"
    document.undo()
    assert document.active is not None
    document.go_to(0)
    assert document.active_id == 1
    document.change("Remove", document.state.without(1))
    assert document.active is None
    document.undo()
    assert document.active_id == 1


def test_numbers_of_layers_are_never_used_twice(document):
    new = document.new_layer(Kind.PIXELS, "a")
    document.change("Add", document.state.inserted(new))
    document.undo()
    assert document.new_id() > new.id
    assert Document(document.state).new_id() == 2


def test_sizes_and_locks():
    for size in ((0, 5), (5, 8193), (-1, -1)):
        with pytest.raises(SizeTooLarge):
            check_size(*size)
    check_size(8192, 1)
    document = Document.new(9, 9)
    group = document.new_layer(Kind.GROUP, "Group")
    state = document.state.inserted(group).relocated(1, group.id, 0)
    check_editable(state, state.layer(1))
    for id in (1, group.id):
        for values in ({"locked": True}, {"visible": False}):
            locked = state.with_layer(id, **values)
            with pytest.raises(LayerLocked):
                check_editable(locked, locked.layer(1))


def test_watching_ends(document, changes):
    document.activate(None)
    assert changes[-1].state
    seen = []
    document.watch(seen.append)()
    document.activate(1)
    assert not seen
    assert len(changes) == 2
