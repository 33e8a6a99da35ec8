"""Makes the sample document with the built-in model: ``python -m benchmarks.sample``.

Two pictures side by side, each on a layer, over a ground; the frame around the left one and a mask over its middle.
Same program, same bytes of pixels: the seeds are fixed.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

SIDE = 128
PICTURES = (
    ("Circle", "a red circle on a blue background", 8, 15),
    ("Triangle", "a yellow triangle on a blue background", 3, 4),
)
MASK = (58, 42, 44)  # middle and radius, in the left picture
SAMPLE = Path(__file__).parent.parent / "resources" / "samples" / "sample.ora"


def main() -> None:
    """Write ``resources/samples/sample.ora``."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as home:
        os.environ["KANDINSKY_STUDIO_HOME"] = home
        from PySide6.QtGui import QColor, QGuiApplication, QImage

        from kandinsky_studio.app.images import to_image
        from kandinsky_studio.document import layer_operations, mask_operations, pixel_operations
        from kandinsky_studio.document.document import Document
        from kandinsky_studio.document.generation_frame import set_frame
        from kandinsky_studio.document.geometry import Rect
        from kandinsky_studio.engine.engine import Engine
        from kandinsky_studio.engine.request import GenerationRequest
        from kandinsky_studio.storage.documents import write_document

        application = QGuiApplication([])  # pictures need one
        ground = QImage(2 * SIDE, SIDE, QImage.Format.Format_ARGB32_Premultiplied)
        ground.fill(QColor("#2353c4"))
        document = Document.new(2 * SIDE, SIDE, "Ground", ground)
        engine = Engine("cpu")
        for number, (name, prompt, idea, rendering) in enumerate(PICTURES):
            request = GenerationRequest(prompt, prior_seed=idea, seed=rendering, num_inference_steps=30)
            [result] = engine.generate(request)
            pixel_operations.paste(document, to_image(result.image), (SIDE * (number + 0.5), SIDE / 2), name)
        engine.free()
        y, x = np.mgrid[:SIDE, : 2 * SIDE]
        inside = (x - MASK[0]) ** 2 + (y - MASK[1]) ** 2 <= MASK[2] ** 2
        mask_operations.from_pixels(document, np.where(inside, 255, 0).astype(np.uint8))
        set_frame(document, Rect(0, 0, SIDE, SIDE))
        circle = next(layer.id for layer in document.state.layers if layer.name == PICTURES[0][0])
        layer_operations.set_property(document, document.state.layers[0].id, "locked", True)
        SAMPLE.parent.mkdir(parents=True, exist_ok=True)
        SAMPLE.unlink(missing_ok=True)  # saving would keep the old one beside it
        write_document(SAMPLE, document.state, circle)
        application.quit()


if __name__ == "__main__":
    main()
