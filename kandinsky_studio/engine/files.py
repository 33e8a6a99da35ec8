"""Small files: written whole or not at all, and JSON that is what it should be. No torch."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any


def write_whole(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path``, in place of what was there, or leave that as it was. Raises ``OSError``.

    When this returns, the bytes survive a power cut.
    """
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises ``ValueError`` if there is none, ``OSError``."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"“{path.name}” can't be read") from error
    if not isinstance(content, dict):
        raise ValueError(f"“{path.name}” can't be read")
    return content
