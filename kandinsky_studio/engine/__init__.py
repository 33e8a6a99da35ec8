"""HOW PICTURES ARE MADE: torch, diffusers, transformers. No Qt, no documents: arrays in, arrays out."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kandinsky_studio.engine.engine import Engine as Engine

# The libraries below could ask the Hub and tell it of us. Files are opened from folders only, so neither ever helps.
for _switch in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_XET", "DO_NOT_TRACK"):
    os.environ.setdefault(_switch, "1")

# When it is imported, PyTorch makes a folder for what it compiles. Nothing is compiled: it gets one that is there.
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", tempfile.gettempdir())


def __getattr__(name: str) -> Any:
    # Whoever imports only a request or a spec must not wait for torch.
    if name == "Engine":
        from kandinsky_studio.engine.engine import Engine

        return Engine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
