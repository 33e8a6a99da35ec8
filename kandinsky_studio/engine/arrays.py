"""The arrays that go in and out of the engine."""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""A picture, uint8, (height, width, 3), RGB, 0…255."""

Mask = npt.NDArray[np.uint8]
"""What is to be repainted, uint8, (height, width): 255 wholly, 0 not at all, between softly."""

Embedding = npt.NDArray[np.float32]
"""A CLIP image embedding, float32, (dimensions,)."""

MAX_SIDE = 8192
"""Pixels, the longest side of a picture that is worked on."""

Fill = Literal["keep", "neutral", "blur", "border"]
FILLS: tuple[Fill, ...] = get_args(Fill)
"""What can be put under a mask before it is repainted."""
