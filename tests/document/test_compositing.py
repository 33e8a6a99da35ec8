import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.compositing import compose
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.projection import Projection
from kandinsky_studio.document.surface import Depth, Surface, readable, writable

CANVAS = Rect(0, 0, 256, 256)
RED, GREEN, BLUE = (0, 0, 255, 255), (0, 255, 0, 255), (255, 0, 0, 255)
MODES = [*BlendMode]


def _plain(colour, rect=CANVAS):
    return Surface.from_array(np.full((rect.height, rect.width, 4), colour, np.uint8), rect.x, rect.y)


def _mask(value, rect, default=0):
    return Surface.from_array(np.full((rect.height, rect.width), value, np.uint8), rect.x, rect.y, default)


def _layer(id, colour, rect=CANVAS, **values):
    return Layer(id, Kind.PIXELS, str(id), _plain(colour, rect), **values)


def _group(id, *children, **values):
    return Layer(id, Kind.GROUP, str(id), None, children, **values)


def _at(layers, x, y):
    return tuple(readable(compose(layers, (0, 0)))[y, x])


LEFT, TOP = Rect(0, 0, 100, 256), Rect(0, 0, 256, 100)


def test_higher_layers_cover_lower_ones_and_hidden_ones_nothing():
    layers = (_layer(1, RED), _layer(2, GREEN, LEFT), _layer(3, BLUE, TOP, visible=False), _layer(4, BLUE, opacity=0))
    assert _at(layers, 10, 10) == GREEN
    assert _at(layers, 110, 10) == RED


def test_masks_for_painting_anew_and_depth_are_no_part_of_the_picture():
    layers = (
        _layer(1, RED),
        Layer(2, Kind.INPAINT, "m", _mask(255, CANVAS)),
        Layer(3, Kind.DEPTH, "d", _mask(9, CANVAS)),
    )
    assert _at(layers, 10, 10) == RED


def test_opacity():
    assert np.abs(np.array(_at((_layer(1, RED), _layer(2, GREEN, opacity=0.5)), 1, 1)) - (0, 128, 127, 255)).max() <= 1


def test_a_mask_shows_and_hides():
    layers = (_layer(1, RED), _layer(2, GREEN, mask=_mask(255, LEFT)))
    assert _at(layers, 10, 200) == GREEN
    assert _at(layers, 110, 200) == RED
    hiding = _layer(2, GREEN, mask=_mask(0, LEFT, default=255))
    assert _at((_layer(1, RED), hiding), 10, 200) == RED
    assert _at((_layer(1, RED), hiding), 110, 200) == GREEN
    half = _at((_layer(2, GREEN, mask=_mask(51, LEFT)),), 10, 10)
    assert half == (0, 51, 0, 51)
    off = _layer(2, GREEN, mask=_mask(0, CANVAS), mask_enabled=False)
    assert _at((off,), 10, 10) == GREEN
    assert _at((_group(3, _layer(2, GREEN), mask=_mask(255, LEFT)),), 110, 10) == (0, 0, 0, 0)
    assert _at((_layer(1, RED), _layer(2, GREEN, mask=Surface(Depth.MASK))), 5, 5) == RED
    assert _at((_layer(1, RED), _layer(2, GREEN, mask=Surface(Depth.MASK, 255))), 5, 5) == GREEN


def test_an_isolated_group_blends_by_itself_and_one_that_passes_through_does_not():
    multiply = _layer(2, GREEN, LEFT, mode=BlendMode.MULTIPLY)
    assert _at((_layer(1, RED), _group(3, multiply)), 10, 10) == GREEN
    assert _at((_layer(1, RED), _group(3, multiply, isolated=False)), 10, 10) == (0, 0, 0, 255)
    # With a mask, an opacity or a mode of its own a group has to be one picture first.
    assert _at((_layer(1, RED), _group(3, multiply, isolated=False, mask=_mask(255, CANVAS))), 10, 10) == GREEN
    assert _at((_layer(1, RED), _group(3, multiply, visible=False)), 10, 10) == RED
    assert _at((_layer(1, RED), _group(3)), 10, 10) == RED
    nested = _group(4, _group(3, multiply, isolated=False), isolated=False)
    assert _at((_layer(1, RED), nested), 10, 10) == (0, 0, 0, 255)
    halved = _group(3, _layer(1, RED), _layer(2, GREEN), opacity=0.5)
    assert _at((halved,), 5, 5)[2] == 0, "one picture, then half of it"


def test_modes_that_clear_do_so_where_they_have_nothing():
    keep = _layer(2, GREEN, LEFT, mode=BlendMode.DESTINATION_IN)
    assert _at((_layer(1, RED), keep), 10, 10) == RED
    assert _at((_layer(1, RED), keep), 110, 10) == (0, 0, 0, 0)
    far = _layer(2, GREEN, Rect(600, 600, 10, 10), mode=BlendMode.DESTINATION_IN)
    assert _at((_layer(1, RED), far), 10, 10) == (0, 0, 0, 0)
    masked = _layer(2, GREEN, mode=BlendMode.DESTINATION_IN, mask=_mask(255, Rect(600, 600, 10, 10)))
    assert _at((_layer(1, RED), masked), 10, 10) == (0, 0, 0, 0)
    empty = _group(2, mode=BlendMode.DESTINATION_IN)
    assert _at((_layer(1, RED), empty), 10, 10) == (0, 0, 0, 0)
    inside = _group(5, _layer(1, RED, TOP), keep)
    assert _at((_layer(9, BLUE), inside), 110, 10) == BLUE, "nothing outside the group is cleared"


def _random_surface(rng, depth=Depth.RGBA):
    height, width = rng.integers(1, 400, 2)
    x, y = (int(v) for v in rng.integers(-350, 300, 2))
    if depth is Depth.MASK:
        return Surface.from_array(rng.integers(0, 256, (height, width), np.uint8), x, y, int(rng.choice([0, 255])))
    # Coarse, so that halving and blending is nearly blending and halving.
    alpha = np.kron(
        rng.integers(0, 256, (height // 64 + 1, width // 64 + 1, 1), np.uint8), np.ones((64, 64, 1), np.uint8)
    )
    pixels = np.concatenate([alpha // 2, alpha // 3, alpha, alpha], 2)[:height, :width]
    return Surface.from_array(np.ascontiguousarray(pixels), x, y)


def _random_layers(rng, ids, depth=0):
    layers = []
    for _ in range(int(rng.integers(1, 4))):
        values = {
            "mode": MODES[rng.integers(len(MODES))] if rng.random() < 0.5 else BlendMode.NORMAL,
            "opacity": float(rng.choice([1, 0.5])),
            "visible": bool(rng.random() < 0.9),
            "mask": _random_surface(rng, Depth.MASK) if rng.random() < 0.2 else None,
        }
        if depth < 2 and rng.random() < 0.3:
            layers.append(
                Layer(
                    next(ids),
                    Kind.GROUP,
                    "",
                    None,
                    _random_layers(rng, ids, depth + 1),
                    isolated=bool(rng.integers(2)),
                    **values,
                )
            )
        else:
            layers.append(Layer(next(ids), Kind.PIXELS, "", _random_surface(rng), **values))
    return tuple(layers)


def _random_document(seed):
    rng = np.random.default_rng(seed)
    canvas = Rect(*(int(v) for v in rng.integers(-300, 200, 2)), *(int(v) for v in rng.integers(1, 600, 2)))
    return Document(State(canvas, _random_layers(rng, iter(range(1, 99))))), rng


def _full(document):
    """The picture at all tiles of the canvas."""
    return readable(document.render(document.state.canvas.on_tiles())).copy()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6))
def test_parts_are_composed_as_the_whole(seed):
    document, rng = _random_document(seed)
    whole, area = _full(document), document.state.canvas.on_tiles()
    x, y = (int(v) for v in rng.integers(0, 200, 2))
    part = Rect(area.x + x, area.y + y, 55, 43)
    assert (readable(document.render(part)) == whole[y : y + 43, x : x + 55]).all()
    inside = Rect(x, y, 56, 56).intersected(Rect(0, 0, 256, 256))
    key = next(area.tiles())
    tile = readable(compose(document.state.layers, key, area=inside))
    rows, columns = slice(inside.y, inside.bottom), slice(inside.x, inside.right)
    assert (tile[rows, columns] == whole[rows, columns]).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6))
def test_every_level_is_the_picture(seed):
    document, _ = _random_document(seed)
    projection = Projection(document.state)
    whole = _full(document)
    area = document.state.canvas.on_tiles()
    assert projection.area == area
    for level in (3, 1, 0, 2):
        assert projection.refresh(level, area)
        assert projection.stale(level, area) == []
    assert (readable(projection.image(0)) == whole).all()
    height, width = whole.shape[:2]
    half = whole.reshape(height // 2, 2, width // 2, 2, 4).astype(np.uint16).sum(axis=(1, 3))
    assert (np.abs(readable(projection.image(1)) * 4.0 - half) <= 2).all(), "the nearest to the mean of four"
    quarter, eighth = readable(projection.image(2)), readable(projection.image(3)).astype(float)
    assert quarter.shape == (height // 4, width // 4, 4)
    halves = quarter.reshape(height // 8, 2, width // 8, 2, 4).mean(axis=(1, 3))
    assert np.abs(eighth - halves).max() <= 0.75


def test_far_levels_are_close_to_the_small_picture():
    rng = np.random.default_rng(3)
    layers = tuple(
        Layer(number, Kind.PIXELS, "", _random_surface(rng), mode=mode, opacity=0.7)
        for number, mode in enumerate([BlendMode.NORMAL, BlendMode.MULTIPLY, BlendMode.NORMAL, BlendMode.COLOR], 1)
    )
    document = Document(State(Rect(-100, -100, 500, 500), layers))
    projection = Projection(document.state)
    projection.refresh(2, projection.area)
    whole = _full(document)
    small = whole.reshape(whole.shape[0] // 4, 4, whole.shape[1] // 4, 4, 4).mean(axis=(1, 3))
    off = np.abs(readable(projection.image(2)) - small).max(axis=2)
    assert (off > 3).mean() < 0.02, "but for the edges"


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6))
def test_partial_damage_leads_to_the_same_as_a_fresh_projection(seed):
    document, rng = _random_document(seed)
    projection = Projection(document.state)
    layers = [layer for layer in document.state.walk() if layer.kind is Kind.PIXELS]
    projection.set_state(document.state, layers[0].id)
    document.watch(lambda change: projection.damage(change.rect) if change.rect else None)
    levels = [0, 1, 2, 3]
    for level in levels:
        projection.refresh(level, projection.area)
    for _ in range(6):
        layer = layers[rng.integers(len(layers))]
        if rng.random() < 0.5:
            document.activate(layer.id)
            projection.set_state(document.state, layer.id, Rect(0, 0, 0, 0))
        x, y, width, height = (int(v) for v in (*rng.integers(-350, 300, 2), *rng.integers(1, 90, 2)))
        rect = Rect(x, y, width, height)
        with document.edit("Brush") as edit:
            for key in rect.tiles():
                part = Rect.of_tile(key).intersected(rect).moved(-key[0] * 256, -key[1] * 256)
                pixels = writable(edit.tile(layer.pixels, key))
                pixels[part.y : part.bottom, part.x : part.right] = int(rng.integers(0, 256))
            edit.touched(layer.pixels, rect)
            projection.refresh(levels[rng.integers(4)], rect)
        if rng.random() < 0.3:
            document.undo()
    fresh = Projection(document.state)
    for level in levels:
        projection.refresh(level, projection.area)
        fresh.refresh(level, fresh.area)
        assert (readable(projection.image(level)) == readable(fresh.image(level))).all(), level


def test_another_canvas_and_other_layers():
    document = Document.new(300, 300)
    projection = Projection(document.state)
    projection.refresh(0, projection.area)
    document.change("Add layer", document.state.inserted(_layer(7, RED)))
    projection.set_state(document.state, 7, CANVAS)
    assert set(projection.stale(0, projection.area)) == set(CANVAS.tiles())
    projection.refresh(0, projection.area)
    assert tuple(readable(projection.image(0))[5, 5]) == RED
    document.change("Opacity", document.state.with_layer(7, opacity=0.0))
    projection.set_state(document.state, 7)
    assert len(projection.stale(0, projection.area)) == 4
    projection.refresh(0, projection.area)
    assert not readable(projection.image(0)).any()
    document.change("Canvas size", document.state.changed(canvas=Rect(-300, -10, 300, 10)))
    projection.set_state(document.state, 7)
    assert projection.area == Rect(-512, -256, 512, 256)
    assert projection.image(0).width() == 512
    assert len(projection.stale(0, projection.area)) == 2


def test_levels_exist_only_when_asked_for_and_end_when_enough():
    document = Document.new(1000, 1000)
    projection = Projection(document.state)
    assert projection.level(1.0) == 0
    assert projection.level(0.5) == 1
    assert projection.level(0.26) == 1
    assert projection.level(0.001) == 5
    assert projection.refresh(2, projection.area, enough=lambda: True) is False
    assert len(projection.stale(2, projection.area)) == 15
    assert projection.refresh(2, projection.area) is True
    projection.forget([2])
    assert len(projection.stale(2, projection.area)) == 16


@pytest.mark.parametrize("depth", Depth)
def test_the_picture_of_some_layers(depth):
    red, green = _layer(1, RED), _layer(2, GREEN)
    document = Document(State(CANVAS, (red, green, Layer(3, Kind.INPAINT, "m", Surface(depth)))))
    assert tuple(readable(document.render(only=(red,)))[0, 0]) == RED
    assert tuple(readable(document.render())[0, 0]) == GREEN
    assert document.render(Rect(-5, 3, 7, 9)).width() == 7


def _count(projection, monkeypatch):
    """How many tiles are blended while ``projection`` becomes up to date."""
    calls = []
    with monkeypatch.context() as patch:
        patch.setattr(
            "kandinsky_studio.document.projection.compose", lambda *a, **k: calls.append(1) or compose(*a, **k)
        )
        projection.refresh(2, projection.area)
    return len(calls)


def test_what_was_blended_before_is_found_again(monkeypatch):
    document = Document(State(Rect(0, 0, 512, 512), (_layer(1, RED, Rect(0, 0, 512, 512)), _layer(2, GREEN))))
    projection = Projection(document.state)

    def follow(change):
        if change.state or change.step:
            projection.set_state(document.state, document.active_id, change.rect)

    document.watch(follow)
    assert _count(projection, monkeypatch) == 4
    document.change("Hide", document.state.with_layer(2, visible=False))
    assert _count(projection, monkeypatch) > 0
    hidden = readable(projection.image(2)).copy()
    document.undo()
    assert _count(projection, monkeypatch) == 0
    assert tuple(readable(projection.image(2))[0, 0]) == GREEN
    document.redo()
    assert _count(projection, monkeypatch) == 0
    assert (readable(projection.image(2)) == hidden).all()


def test_nothing_that_the_undo_list_forgot_is_kept_in_memory():
    document = Document(State(Rect(0, 0, 512, 512), (_layer(1, RED, Rect(0, 0, 512, 512)),)))
    projection = Projection(document.state)
    document.watch(lambda change: projection.set_state(document.state, document.active_id, change.rect))
    projection.refresh(2, projection.area)
    with document.edit("Replace") as edit:
        edit.replace(document.active.pixels, _plain(GREEN, Rect(0, 0, 512, 512)))
    projection.refresh(2, projection.area)
    tile = weakref.ref(document.active.pixels.tiles[0, 0])
    document.undo()
    projection.refresh(2, projection.area)
    document.history.clear()
    gc.collect()
    assert tile() is None
