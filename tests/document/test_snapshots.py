"""What another thread sees of a document that is being painted on."""

from __future__ import annotations

import threading
from queue import SimpleQueue

import numpy as np
from PySide6.QtGui import QColor, QPainter

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.surface import Surface, readable

SIDE = 700
SNAPSHOTS = 60


def noise(random):
    pixels = random.integers(0, 256, (SIDE, SIDE, 4), dtype=np.uint8)
    np.minimum(pixels[..., :3], pixels[..., 3:], out=pixels[..., :3])
    return Surface.from_array(pixels)


def test_a_snapshot_stays_what_it_was_while_the_same_stroke_goes_on(qapp):
    random = np.random.default_rng(0)
    layers = [
        Layer(number + 1, Kind.PIXELS, str(number), noise(random), mode=mode)
        for number, mode in enumerate((BlendMode.NORMAL, BlendMode.MULTIPLY, BlendMode.LUMINOSITY))
    ]
    document = Document(State(Rect(0, 0, SIDE, SIDE), tuple(layers)))
    waiting: SimpleQueue = SimpleQueue()
    seen = []

    def look():
        while (taken := waiting.get()) is not None:
            seen.append((taken, [readable(Document(taken[0]).render()).copy() for _ in range(2)]))

    thread = threading.Thread(target=look)
    thread.start()
    edit = document.edit("Stroke")
    pixels = document.state.layers[1].pixels
    try:
        for number in range(SNAPSHOTS):
            rect = Rect(*(int(place) for place in random.integers(0, SIDE - 90, 2)), 90, 90)
            with edit.painters(pixels, rect) as painters:
                for painter, _ in painters:
                    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                    painter.setBrush(QColor.fromHsv(number * 5, 200, 255, 180))
                    painter.drawEllipse(rect.to_qt())
            waiting.put((document.snapshot(), readable(document.render()).copy()))
    finally:
        waiting.put(None)
        thread.join()
    edit.commit()
    assert len(seen) == SNAPSHOTS
    for (_, then), pictures in seen:
        assert all((picture == then).all() for picture in pictures)
    assert (seen[0][0][1] != seen[-1][0][1]).any()
