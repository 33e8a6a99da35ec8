"""What can be chosen about live pictures, and what goes on with them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

FEWEST, MOST = 2, 30  # steps


class When(enum.StrEnum):
    """When the next picture is begun."""

    PAINTING = "painting"  # whenever something changed and the engine is free
    PAUSE = "pause"  # when the hand rests; what is being made waits while it moves


class Status(enum.Enum):
    """What goes on."""

    OFF = "off"
    WORDS = "words"  # there is no prompt yet
    REST = "rest"  # what is shown is of what is there, or somebody is painting
    MAKING = "making"
    QUEUED = "queued"  # a job has the engine; live goes on after it


@dataclass(frozen=True)
class LiveSettings:
    """``strength`` (0…1) and ``steps`` are those of the live pictures; ``opacity`` (0…1) is how they are shown.

    ``when`` None is as it suits the device: a graphics card draws while one paints, a processor, which the pen needs as
    well, when the hand rests. With ``beside`` they are shown in a corner of the view, else over the canvas; with ``record`` each of them goes to
    the gallery.
    """

    strength: float = 0.4
    steps: int = 8
    when: When | None = None
    opacity: float = 1.0
    beside: bool = False
    record: bool = False

    @classmethod
    def restored(cls, values: Mapping[str, object]) -> LiveSettings:
        """What was remembered; what makes no sense is left at its default."""
        plain = cls()
        strength, steps, opacity = values.get("strength"), values.get("steps"), values.get("opacity")
        when = values.get("when")
        return cls(
            strength=strength if isinstance(strength, float) and 0 < strength <= 1 else plain.strength,
            steps=steps if isinstance(steps, int) and FEWEST <= steps <= MOST else plain.steps,
            when=When(when) if isinstance(when, str) and when in tuple(When) else plain.when,
            opacity=opacity if isinstance(opacity, float) and 0 < opacity <= 1 else plain.opacity,
            beside=values.get("beside") is True,
        )
