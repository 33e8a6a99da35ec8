"""HOW PICTURES ARE MADE: torch, diffusers, transformers. No Qt, no documents: arrays in, arrays out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kandinsky_studio.engine.engine import Engine as Engine


def __getattr__(name: str) -> Any:
    # Whoever imports only a request or a spec must not wait for torch.
    if name == "Engine":
        from kandinsky_studio.engine.engine import Engine

        return Engine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
