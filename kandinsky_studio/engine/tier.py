"""How much of a model stays in memory. Without torch, so that the window can name it before torch is there."""

from __future__ import annotations

import enum


class Tier(enum.IntEnum):
    """How much stays in memory; a higher one is slower and smaller."""

    resident = 0
    """Everything that text2image needs, once loaded."""

    staged = 1
    """Only what the stage at hand needs; the rest is read from disk again when its turn comes."""

    compressed = 2
    """As staged, and the weights wait in eight bits for the layer that computes with them."""

    offloaded = 3
    """As compressed, but the decoder waits in the computer's memory and visits the graphics card layer by layer."""


def lowest_tier(kind: str) -> Tier:
    """How far down it goes on a ``kind`` of device (``"cuda"``, ``"mps"``, ``"cpu"``).

    Apple's GPU knows no numbers of eight bits.
    """
    return {"cuda": Tier.offloaded, "cpu": Tier.compressed}.get(kind, Tier.staged)
