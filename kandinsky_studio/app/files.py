"""Which files can be opened and written, in words for the dialogs that ask for them."""

from __future__ import annotations

from kandinsky_studio.storage.documents import LAYERED, NATIVE, OPENABLE_SUFFIXES
from kandinsky_studio.storage.image_files import formats

__all__ = ["EXPORTS", "NATIVE", "OPENABLE"]

OPENABLE: tuple[str, ...] = tuple(f"*{suffix}" for suffix in OPENABLE_SUFFIXES)
"""Patterns of the names of files that can be opened."""

EXPORTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    *((format.name, tuple(format.suffixes)) for format in formats() if format.writable),
    *LAYERED,
)
"""Names and suffixes of the formats that a picture is exported to."""
