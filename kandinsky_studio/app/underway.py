"""What a delivery is and where it stands."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from kandinsky_studio.errors import StudioError
from kandinsky_studio.storage.models.listing import FileStand as FileStand
from kandinsky_studio.storage.models.listing import Standing as Standing
from kandinsky_studio.storage.models.transfer import Delivery


class State(enum.Enum):
    """Where a delivery stands."""

    waiting = "waiting"  # for another one to end
    running = "running"
    paused = "paused"
    failed = "failed"


class Work(enum.Enum):
    """What is done with weights that are here, or elsewhere on this computer."""

    check = "check"
    halve = "halve"
    copy = "copy"
    move = "move"
    remove = "remove"
    ask = "ask"  # the Hub, whether it has newer editions


@dataclass(frozen=True)
class Underway:
    """A delivery that is not over. ``error`` says why it ``failed``; ``progress`` is None before the first byte.

    ``files`` are told one by one, empty until it is known what they are called; ``updates`` says that a newer edition
    comes in place of the one that is here.
    """

    model: str
    tasks: tuple[str, ...]
    state: State
    progress: Delivery | None = None
    error: StudioError | None = None
    files: tuple[FileStand, ...] = ()
    updates: bool = False
