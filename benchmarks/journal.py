"""How long the journal holds up whoever paints, and what it takes on disk and of memory.

4096 × 4096 pixels, ten layers of noise; one step that changes all pixels of one layer, or of all ten, while a brush
goes on painting.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from benchmarks.memory import own_memory
from benchmarks.table import percentile, table

if TYPE_CHECKING:
    from kandinsky_studio.document.document import Document
    from kandinsky_studio.document.surface import Surface
    from kandinsky_studio.storage.records import Tiles

SIDE = 4096
LAYERS = 10
STROKES = 60
PAUSE = 0.1  # seconds between strokes: faster than anybody paints


def run() -> str:
    with tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder))


def _measure(folder: Path) -> str:
    import numpy as np

    from kandinsky_studio.document.document import Change
    from kandinsky_studio.storage.journal import Journal
    from kandinsky_studio.storage.recovering import recover

    random = np.random.default_rng(0)
    document = _document(random)
    journal = Journal(folder, document)
    journal.flush()
    times: dict[str, list[float]] = {"a stroke": [], "all of one layer": [], "all of ten layers": []}
    told, written = [], []
    watch, write, kind = journal._changed, journal._write_next, "a stroke"

    def timed(change: Change) -> None:
        start = time.perf_counter()
        watch(change)
        if change.action:
            told.append(time.perf_counter())
            times[kind].append(1000 * (told[-1] - start))

    def noted(file: BinaryIO | None, head: dict[str, Any], tiles: Tiles) -> BinaryIO:
        opened = write(file, head, tiles)
        written.append(time.perf_counter())
        return opened

    document._watchers[document._watchers.index(watch)] = timed
    journal._unwatch = lambda: document._watchers.remove(timed)
    journal._write_next = noted  # type: ignore[method-assign]
    before = own_memory()
    most, steps = 0.0, {}
    for number in range(STROKES):
        kind = {20: "all of one layer", 40: "all of ten layers"}.get(number, "a stroke")
        surfaces = [_noise(random) for _ in range({20: 1, 40: LAYERS}.get(number, 0))]
        start = time.perf_counter()
        if surfaces:
            _replace(document, surfaces)
        else:
            _stroke(document, random)
        steps[kind] = time.perf_counter() - start
        del surfaces
        most = max(most, own_memory() - before)
        time.sleep(PAUSE)
    journal.flush()
    lags = [1000 * (there - said) for said, there in zip(told, written, strict=True)]
    size = (journal.folder / "records").stat().st_size / 1e6
    start = time.perf_counter()
    recovered = recover(journal.folder)
    took = time.perf_counter() - start
    assert [s.pixel(99, 99) for s in recovered.document.state.surfaces()] == [
        s.pixel(99, 99) for s in document.state.surfaces()
    ]
    recovered.document.history.close()
    start = time.perf_counter()
    journal._begin_anew()
    anew = 1000 * (time.perf_counter() - start)
    journal.close()
    document.history.close()
    places = {"a stroke": lags[:20] + lags[21:40], "all of one layer": lags[20:21], "all of ten layers": lags[40:41]}
    rows = [
        [name, str(len(those)), f"{percentile(those, 0.5):.2f}", f"{max(those):.2f}", f"{max(places[name]):.0f}"]
        for name, those in times.items()
    ]
    return (
        f"{SIDE} × {SIDE} pixels, {LAYERS} layers, a step every {PAUSE:.1f} s, all of noise, which nothing packs.\n\n"
        + table(["step", "steps", "held up, median, ms", "longest, ms", "written after, longest, ms"], rows)
        + f"\n\nTo begin a journal anew holds painting up for {anew:.1f} ms. Strokes in the wake of the largest step were "
        f"written up to {max(lags[41:]):.0f} ms later. The journal took {size:.0f} MB, memory grew by {most:.0f} MiB, with "
        f"the steps themselves; reading it took {took:.1f} s. The largest step itself took "
        f"{steps['all of ten layers']:.1f} s."
    )


def _noise(random: object) -> Surface:
    import numpy as np

    from kandinsky_studio.document.surface import Surface

    assert isinstance(random, np.random.Generator)
    pixels = random.integers(0, 256, (SIDE, SIDE, 4), np.uint8)
    pixels[..., 3] = 255
    return Surface.from_array(pixels)


def _document(random: object) -> Document:
    from kandinsky_studio.document.document import Document
    from kandinsky_studio.document.geometry import Rect
    from kandinsky_studio.document.layers import Kind, Layer, State

    layers = tuple(Layer(number, Kind.PIXELS, f"{number}", _noise(random)) for number in range(1, LAYERS + 1))
    return Document(State(Rect(0, 0, SIDE, SIDE), layers))


def _stroke(document: Document, random: object) -> None:
    import numpy as np

    from kandinsky_studio.document.geometry import TILE, Rect
    from kandinsky_studio.document.surface import to_image

    assert isinstance(random, np.random.Generator)
    active = document.active
    assert active is not None
    assert active.pixels is not None
    x, y = (int(value) for value in random.integers(0, SIDE - TILE, 2))
    pixels = random.integers(0, 256, (TILE, TILE, 4), np.uint8)
    pixels[..., 3] = 255
    with document.edit("Brush stroke") as edit:
        edit.write(active.pixels, Rect(x, y, TILE, TILE), to_image(pixels))


def _replace(document: Document, surfaces: list[Surface]) -> None:
    with document.edit("Filter") as edit:
        for layer, surface in zip(document.state.layers, surfaces, strict=False):
            assert layer.pixels is not None
            edit.replace(layer.pixels, surface)


if __name__ == "__main__":
    print(run())
