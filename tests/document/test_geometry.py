from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRect, QRectF

from kandinsky_studio.document.geometry import NOTHING, TILE, Rect, united

rects = st.builds(Rect, st.integers(-900, 900), st.integers(-900, 900), st.integers(0, 700), st.integers(0, 700))


def _pixels(rect):
    return {(x, y) for x in range(rect.x, rect.right) for y in range(rect.y, rect.bottom)}


small = st.builds(Rect, st.integers(-6, 6), st.integers(-6, 6), st.integers(0, 7), st.integers(0, 7))


@settings(deadline=None)
@given(small, small)
def test_rectangles_are_sets_of_pixels(a, b):
    assert _pixels(a.intersected(b)) == _pixels(a) & _pixels(b)
    assert _pixels(a.united(b)) >= _pixels(a) | _pixels(b)
    assert a.contains(b) == (_pixels(b) <= _pixels(a))
    assert a.area == len(_pixels(a))
    assert a.is_empty == (not _pixels(a))


@settings(deadline=None)
@given(rects)
def test_tiles_cover_a_rectangle_and_no_more(rect):
    keys = list(rect.tiles())
    assert len(keys) == len(set(keys))
    assert sum(Rect.of_tile(key).intersected(rect).area for key in keys) == rect.area
    assert all(not Rect.of_tile(key).intersected(rect).is_empty for key in keys)
    whole = rect.on_tiles()
    assert list(whole.tiles()) == keys
    assert whole.contains(rect)
    assert whole.x % TILE == whole.y % TILE == whole.width % TILE == whole.height % TILE == 0


def test_the_smallest_union_and_qt():
    assert united([]) == NOTHING
    assert united([Rect(5, 5, 0, 9), Rect(1, 2, 3, 4), Rect(-1, 4, 1, 1)]) == Rect(-1, 2, 5, 4)
    assert Rect.of(QRectF(0.5, -0.5, 1, 1)) == Rect(0, -1, 2, 2)
    assert Rect.of(QRect(1, 2, 3, 4)).to_qt() == QRect(1, 2, 3, 4)
    assert Rect.around(-0.2, 0, 0.2, 0) == Rect(-1, 0, 2, 0)


@settings(deadline=None)
@given(small, st.integers(0, 3))
def test_expanding_and_shrinking(rect, by):
    if not rect.is_empty:
        assert rect.expanded(by).expanded(-by) == rect
    assert rect.moved(2, -3) == Rect(rect.x + 2, rect.y - 3, rect.width, rect.height)
    assert rect.expanded(-9).is_empty
