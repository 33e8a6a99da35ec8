"""Which tensors of a file become which of a network, checked by their shapes and read when they are written anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from kandinsky_studio.engine.checkpoints import State
from kandinsky_studio.engine.converting import Stored
from kandinsky_studio.engine.original import Table, divide


@dataclass(frozen=True, eq=False)
class Network:
    """One network: the ``part`` of a model it is, its configuration, and its tensors in diffusers' names."""

    part: str
    config: dict[str, Any]
    tensors: Mapping[str, Stored]

    @property
    def size(self) -> int:
        """Bytes of its tensors."""
        return sum(math.prod(stored.shape) * stored.dtype.itemsize for stored in self.tensors.values())

    @property
    def is_half(self) -> bool:
        """Whether most of its numbers have 16 bits."""
        half = [stored for stored in self.tensors.values() if stored.dtype.itemsize == 2]
        return 2 * sum(math.prod(stored.shape) for stored in half) > sum(
            math.prod(stored.shape) for stored in self.tensors.values()
        )


@dataclass(frozen=True, eq=False)
class Piece:
    """Where a tensor comes from, and what is taken of that."""

    source: str
    taken: Callable[[torch.Tensor], torch.Tensor] = lambda tensor: tensor


Plan = dict[str, Piece]
"""By the name of a tensor in diffusers or transformers where it comes from."""


def pieces(state: State, table: Table, head_dim: int) -> Plan:
    """Where the tensors of the layers in ``table`` come from."""
    plan: Plan = {}
    for name in state:
        layer, _, kind = name.rpartition(".")
        targets = table.get(layer, ())
        for number, target in enumerate(targets):
            whole = len(targets) == 1
            piece = Piece(name) if whole else Piece(name, partial(_share, name, number, len(targets), head_dim))
            plan[f"{target}.{kind}"] = piece
    return plan


def _share(name: str, number: int, parts: int, head_dim: int, tensor: torch.Tensor) -> torch.Tensor:
    return divide(name, tensor, parts, head_dim)[number]


def read_as(part: str, network: Any, config: dict[str, Any], state: State, plan: Plan) -> Network:
    """A network as a ``part`` of a model, out of a file's tensors.

    ``network`` is a class of diffusers, or a function that builds a network of transformers. Raises ``ValueError``
    unless names and shapes are those of that network.
    """
    own = isinstance(network, type)
    with torch.device("meta"):
        module = built(lambda: network(**config) if own else network())
    told = {"_class_name": network.__name__, **config} if own else config
    return Network(part, told, stored_of(state, plan, module.state_dict()))


def built(build: Callable[[], Any]) -> Any:
    """What ``build`` makes; ``ValueError`` for whatever the libraries say about numbers that fit nothing."""
    try:
        return build()
    except Exception as error:
        raise ValueError("its shapes fit no network of Kandinsky 2.1") from error


def stored_of(state: State, plan: Plan, wanted: State) -> dict[str, Stored]:
    """The tensors of a network whose ``state_dict()`` is ``wanted``. Raises ``ValueError`` unless all of it fits."""
    plan = {name: piece for name, piece in plan.items() if piece.source in state}
    if missing := sorted(wanted.keys() - plan.keys()):
        raise ValueError(f"{len(missing)} weights are missing, such as {missing[0]}")
    used = {plan[name].source for name in wanted}
    if extra := sorted(state.keys() - used):
        raise ValueError(f"{len(extra)} weights are too many, such as {extra[0]}")
    stored = {}
    for name, target in wanted.items():
        piece = plan[name]
        tensor = state[piece.source]
        if not tensor.is_floating_point():
            raise ValueError(f"{piece.source} is not made of real numbers")
        shape = tuple(target.shape)
        if not _fits(piece, tensor, shape):
            raise ValueError(f"{piece.source} has the shape {tuple(tensor.shape)}, which does not fit {name}")
        stored[name] = Stored(tensor.dtype, shape, partial(_values, piece, tensor, shape))
    return stored


def _fits(piece: Piece, tensor: torch.Tensor, wanted: tuple[int, ...]) -> bool:
    """Whether what is taken has the shape ``wanted``; a linear layer may be written as a convolution of size 1."""
    try:
        found = tuple(piece.taken(torch.empty_like(tensor, device="meta")).shape)
    except (ValueError, RuntimeError, IndexError):
        return False
    return found[: len(wanted)] == wanted and set(found[len(wanted) :]) <= {1}


def _values(piece: Piece, tensor: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    return piece.taken(tensor).reshape(shape)
