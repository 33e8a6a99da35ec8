"""Documents to be written to files, and how two of them are compared."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Label, Layer, State
from kandinsky_studio.document.surface import Pixels, Surface, to_rgba

PLAIN = (
    "name",
    "kind",
    "visible",
    "opacity",
    "mode",
    "isolated",
    "locked",
    "alpha_locked",
    "label",
    "mask_enabled",
    "grow",
    "feather",
    "inverted",
    "origin",
)


def noise(seed: int, width: int, height: int) -> Pixels:
    """Premultiplied, blue first; each alpha, and each colour that it allows, is there sometimes."""
    generator = np.random.default_rng(seed)
    alpha = generator.integers(0, 256, (height, width, 1))
    alpha[generator.random((height, width, 1)) < 0.2] = 255
    colour = generator.integers(0, 256, (height, width, 3))
    return np.concatenate([(colour * alpha + 127) // 255, alpha], -1).astype(np.uint8)


def soft(seed: int, width: int, height: int) -> Pixels:
    """A mask or a map without edges."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    wave = np.sin(x / generator.uniform(5, 40)) * np.cos(y / generator.uniform(5, 40))
    return ((wave + 1) * 127.5).astype(np.uint8)


def picture(id: int, width: int, height: int, x: int = 0, y: int = 0, **values: object) -> Layer:
    pixels = Surface.from_array(noise(id, width, height), x, y)
    return Layer(id, Kind.PIXELS, str(values.pop("name", f"Layer {id}")), pixels, **values)  # type: ignore[arg-type]


def group(id: int, *children: Layer, **values: object) -> Layer:
    return Layer(id, Kind.GROUP, str(values.pop("name", f"Group {id}")), None, children, **values)  # type: ignore[arg-type]


def everything() -> State:
    """A state with everything that a state can have, its canvas somewhere on the plane."""
    canvas = Rect(70, -40, 300, 220)
    x, y = canvas[:2]
    layers = (
        picture(1, 300, 220, x, y, name="Ground", locked=True, label=Label.BLUE),
        picture(2, 90, 80, x - 50, y - 60, name="Beyond", opacity=1 / 3, mode=BlendMode.MULTIPLY, origin='{"a": "я"}'),
        Layer(3, Kind.DEPTH, "Near", Surface.from_array(soft(3, 300, 220), x, y), visible=False, label=Label.RED),
        group(
            4,
            picture(5, 120, 100, x + 10, y + 10, mask=Surface.from_array(soft(5, 130, 90), x, y), alpha_locked=True),
            picture(6, 60, 60, x + 90, y + 30, mask=Surface.from_array(soft(6, 50, 50), x + 99, y + 9, 255)),
            group(7, picture(8, 40, 40, x + 200, y + 100, visible=False), opacity=0.5, isolated=False),
            picture(9, 80, 90, x + 30, y, mask=Surface.from_array(soft(9, 30, 30), x, y), mask_enabled=False),
            Layer(10, Kind.INPAINT, "Anew", Surface.from_array(soft(10, 90, 90), x - 9, y), grow=-7, feather=2.5),
            name="Group <&\"'>",
            mode=BlendMode.SCREEN,
            mask=Surface.from_array(soft(4, 200, 150), x + 20, y, 255),
            isolated=False,
        ),
        group(11, name="", mask=Surface.from_array(soft(11, 20, 20), x, y), mask_enabled=False, isolated=False),
        group(12, picture(13, 50, 50, x, y), isolated=False, label=Label.GREY),
        Layer(14, Kind.PIXELS, "Empty", Surface.from_array(np.zeros((1, 1, 4), np.uint8))),
        picture(15, 1, 1, x + 299, y + 219, name="Слой 漢字 🎨\n\t\x01 \ud800"),
    )
    selection = Surface.from_array(soft(99, 200, 100), x + 5, y + 7)
    return State(canvas, layers, selection, 299.99, {"requests": '["é"]', "о": "\udc80\0"})


def render(state: State) -> Pixels:
    """Straight RGBA of the canvas."""
    return to_rgba(Document(state).render())


def assert_same(read: State, written: State) -> None:
    """Everything is the same, to the last bit, as seen from the corner of the canvas."""
    dx, dy = written.canvas.x - read.canvas.x, written.canvas.y - read.canvas.y
    assert read.canvas.moved(dx, dy) == written.canvas
    assert read.resolution == written.resolution
    assert read.extras == written.extras
    _same_surface(read.selection, written.selection, dx, dy, "selection")
    _same_layers(read.layers, written.layers, dx, dy)
    assert np.array_equal(render(read), render(written))


def _same_layers(read: Iterable[Layer], written: Iterable[Layer], dx: int, dy: int) -> None:
    ours, theirs = tuple(read), tuple(written)
    assert [layer.name for layer in ours] == [layer.name for layer in theirs]
    for a, b in zip(ours, theirs, strict=True):
        for name in PLAIN:
            assert getattr(a, name) == getattr(b, name), (b.name, name)
        _same_surface(a.pixels, b.pixels, dx, dy, b.name)
        _same_surface(a.mask, b.mask, dx, dy, f"mask of {b.name}")
        _same_layers(a.children, b.children, dx, dy)


def _same_surface(read: Surface | None, written: Surface | None, dx: int, dy: int, what: str) -> None:
    assert (read is None) == (written is None), what
    if read is None or written is None:
        return
    assert (read.depth, read.default) == (written.depth, written.default), what
    assert written.content.is_empty == read.content.is_empty, what
    assert read.content.moved(dx, dy) == written.content or read.content.is_empty, what
    for key in written.tiles:
        place = Rect.of_tile(key)
        assert np.array_equal(read.array(place.moved(-dx, -dy)), written.array(place)), what
