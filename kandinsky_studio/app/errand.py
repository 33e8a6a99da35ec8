"""What is asked of the engine beside pictures for the gallery: drafts, maps, what a word is worth, where things lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kandinsky_studio.engine.request import Progress
from kandinsky_studio.errors import StudioError


@dataclass(frozen=True, eq=False)
class Reports:
    """Where an errand tells how it goes: how far it is, and of what is finished before the rest.

    To be called often. Both raise ``Cancelled`` when the errand is not wanted any more, which is for the engine's thread
    to catch.
    """

    progress: Callable[[Progress], None]
    part: Callable[[Any], None]


def _ignore(_: object) -> None:
    pass


@dataclass(frozen=True, eq=False)
class Errand:
    """Something short for the engine to do, which goes before the jobs that wait.

    Of those that wait with the same ``topic`` the newest replaces the others, so a hand that moves can ask as often as
    it likes. The one that runs goes on, unless the newer one ``interrupts`` it.

    ``do`` is called in the engine's thread with the engine and :class:`Reports`; what it returns goes to ``done``, what
    it raises to ``failed``. Those, ``part`` and ``progress`` are called in the window's thread, and none of them once
    the errand was replaced or cancelled: then ``dropped`` is called, once.
    """

    topic: str
    model: str
    do: Callable[[Any, Reports], object]
    done: Callable[[Any], None]
    failed: Callable[[StudioError], None] = _ignore
    part: Callable[[Any], None] = _ignore
    progress: Callable[[Progress], None] = _ignore
    dropped: Callable[[], None] = lambda: None
    interrupts: bool = False
