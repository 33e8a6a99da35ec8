"""Seconds per picture: ours and stock by turns, so that what else the machine does hits both alike."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from benchmarks.subject import Maker, ours, request, stock
from benchmarks.table import spread, table
from kandinsky_studio.engine.request import GenerationRequest

ROUNDS = 15


def run() -> str:
    makers = (ours(), stock())
    differing = _compare(makers)
    whole = [_pair(makers, request(number)) for number in range(ROUNDS)]
    again = []
    for number in range(ROUNDS):
        makers[0](request(number))  # the words are known from here on, as after a first picture
        again.append(_pair(makers, dataclasses.replace(request(number), seed=10_000 + number)))
    rows = [
        _row("new words, new seeds", whole),
        _row("same idea, new rendering seed", again),
    ]
    return f"{ROUNDS} pairs each, median (min … max); {differing}\n\n" + table(
        ["picture", "ours, s", "stock, s", "stock / ours"], rows
    )


def _pair(makers: tuple[Maker, Maker], asked: GenerationRequest) -> tuple[float, float]:
    seconds = [0.0, 0.0]
    first = asked.seed % 2
    for k in (first, 1 - first):
        start = time.perf_counter()
        makers[k](asked)
        seconds[k] = time.perf_counter() - start
    return seconds[0], seconds[1]


def _row(title: str, pairs: list[tuple[float, float]]) -> list[str]:
    own, other = zip(*pairs, strict=True)
    return [title, spread(own), spread(other), spread([b / a for a, b in pairs])]


def _compare(makers: tuple[Maker, Maker]) -> str:
    """Warm both up, and say whether they make the same picture: a faster wrong one would be no gain."""
    first, second = (make(request(ROUNDS)).astype(int) for make in makers)
    return f"largest difference between the two pictures: {np.abs(first - second).max()} of 255"
