"""Memory at the sizes of Kandinsky 2.0 and 2.1: what the estimate says beforehand, and what is taken."""

from __future__ import annotations

from benchmarks.fullsize import lines, measured
from benchmarks.random_older import kandinsky_2_0, kandinsky_2_1

KINDS = ("resident", "staged")
SIZES = (512,)


def run() -> str:
    rows = measured("2.1", kandinsky_2_1(), KINDS, SIZES) + measured("2.0", kandinsky_2_0(), KINDS, SIZES)
    return "As for “fullsize”; 2.0 has no prior\n\n" + lines(rows)
