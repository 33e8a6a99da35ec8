"""Sizes worth a name, for the model at hand."""

from __future__ import annotations

from kandinsky_studio.engine.spec import ModelSpec

RATIOS = ((1, 1), (4, 3), (3, 4), (3, 2), (2, 3), (16, 9), (9, 16))


def presets(spec: ModelSpec) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """``(ratio, (width, height))`` for each ratio: about as many pixels as the model was trained on.

    Sides are multiples of 8 and within the range of the model; a model draws what has its native area best.
    """
    sizes = []
    for across, down in RATIOS:
        width = spec.native_size * (across / down) ** 0.5
        height = spec.native_size * (down / across) ** 0.5
        sides = tuple(min(max(round(side / 8) * 8, spec.size.minimum), spec.size.maximum) for side in (width, height))
        sizes.append(((across, down), (sides[0], sides[1])))
    return sizes
