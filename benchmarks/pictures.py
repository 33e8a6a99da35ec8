"""Seconds per picture: ours and stock by turns, so that what else the machine does hits both alike."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.subject import MODEL, Maker, ours, request, stock
from benchmarks.table import spread, table
from kandinsky_studio.engine.request import GenerationRequest

ROUNDS = 15


@dataclass(frozen=True)
class Subject:
    """What is measured: a model (its key or folder), in which dtype, how often, and what is asked of it."""

    title: str
    model: str
    dtype: str
    rounds: int
    values: Mapping[str, int]


def run() -> str:
    return measured(Subject("the built-in model", MODEL, "float32", ROUNDS, {}))


def measured(subject: Subject) -> str:
    makers = (ours(subject.model, subject.dtype), stock(subject.model, subject.dtype))
    differing = _compare(makers, _request(subject, subject.rounds))
    whole = [_pair(makers, _request(subject, number)) for number in range(subject.rounds)]
    again = []
    for number in range(subject.rounds):
        makers[0](_request(subject, number))  # the words are known from here on, as after a first picture
        again.append(_pair(makers, dataclasses.replace(_request(subject, number), seed=10_000 + number)))
    rows = [
        _row("new words, new seeds", whole),
        _row("same idea, new rendering seed", again),
    ]
    return f"{subject.title}: {subject.rounds} pairs each, median (min … max); {differing}\n\n" + table(
        ["picture", "ours, s", "stock, s", "stock / ours"], rows
    )


def _request(subject: Subject, number: int) -> GenerationRequest:
    return request(number, subject.model, **subject.values)


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


def _compare(makers: tuple[Maker, Maker], asked: GenerationRequest) -> str:
    """Warm both up, and say whether they make the same picture: a faster wrong one would be no gain."""
    first, second = (make(asked).astype(int) for make in makers)
    return f"largest difference between the two pictures: {np.abs(first - second).max()} of 255"
