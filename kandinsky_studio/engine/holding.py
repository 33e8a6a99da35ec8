"""A network that waits in the midst of a step while somebody needs the processor more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch.nn.modules.module import register_module_forward_pre_hook


@contextmanager
def held(wait: Callable[[], None]) -> Iterator[None]:
    """Have ``wait`` called before every layer that this thread computes until the block ends.

    A layer of a small network takes some milliseconds at most, so whoever makes ``wait`` wait has the processor soon.
    What is computed is the same. What ``wait`` raises ends the computation.
    """
    thread = threading.get_ident()

    def before(module: Any, arguments: Any) -> None:
        if threading.get_ident() == thread:
            wait()

    handle = register_module_forward_pre_hook(before)
    try:
        yield
    finally:
        handle.remove()
