"""What a decoder is shown beside its latents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch


@dataclass(frozen=True, eq=False)
class Conditioning:
    """One row of it, in the names of ``UNet2DConditionModel``'s arguments.

    ``encoder_hidden_states`` (1, n, C), ``class_labels`` (1, C), ``added`` the ``added_cond_kwargs``: ``image_embeds``
    and ``text_embeds`` (1, D). Any dtype and device; the loop moves them.
    """

    encoder_hidden_states: torch.Tensor | None = None
    class_labels: torch.Tensor | None = None
    added: Mapping[str, torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Conditions:
    """What guidance leads to and away from; without guidance there is no ``away``.

    ``image_embeds`` (1, D) is the picture's idea, None in a version that has none.
    """

    towards: Conditioning
    away: Conditioning | None
    image_embeds: torch.Tensor | None


def stacked(rows: Sequence[Conditioning], device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """The arguments of ``UNet2DConditionModel`` for a batch of ``rows``, all of the same kind."""

    def together(tensors: Sequence[torch.Tensor | None]) -> torch.Tensor | None:
        given = [tensor.to(device, dtype) for tensor in tensors if tensor is not None]
        return torch.cat(given) if given else None

    arguments: dict[str, Any] = {
        "encoder_hidden_states": together([row.encoder_hidden_states for row in rows]),
        "class_labels": together([row.class_labels for row in rows]),
    }
    if rows[0].added:
        arguments["added_cond_kwargs"] = {name: together([row.added[name] for row in rows]) for name in rows[0].added}
    return arguments
