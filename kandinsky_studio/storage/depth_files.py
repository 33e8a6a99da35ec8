"""Depth maps as files: grey pictures, near is white."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from kandinsky_studio.storage import durable


def write_depth(path: Path, near: npt.NDArray[np.uint8], sixteen: bool = False) -> None:
    """Write ``near`` (height × width, 255 is near) as a grey PNG of 8 bits, or of ``sixteen``.

    With sixteen bits 255 becomes 65535, for programs that want them: there is nothing finer in it than in eight.
    Raises ``DiskFull`` or ``FolderNotWritable``.
    """
    values = near.astype(np.uint16) * np.uint16(257) if sixteen else near
    content = io.BytesIO()
    Image.fromarray(values).save(content, "PNG")
    durable.write_file(path, content.getvalue())
