"""Seconds until the model is in memory, with the libraries imported: ours and stock by turns."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.subject import Maker, ours, stock
from benchmarks.table import spread, table

ROUNDS = 7


def run() -> str:
    for load in (ours, stock):  # imports everything and reads all files once
        load()
    pairs = [(_seconds(ours), _seconds(stock)) for _ in range(ROUNDS)]
    own, other = zip(*pairs, strict=True)
    row = ["the built-in model", spread(own), spread(other), spread([b / a for a, b in pairs])]
    return f"{ROUNDS} times each, by turns, median (min … max)\n\n" + table(
        ["loaded", "ours, s", "stock, s", "stock / ours"], [row]
    )


def _seconds(load: Callable[[], Maker]) -> float:
    start = time.perf_counter()
    load()
    return time.perf_counter() - start
