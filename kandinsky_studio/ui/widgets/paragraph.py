"""Words of several lines."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel


def paragraph(name: str = "") -> QLabel:
    """Words that wrap; ``name`` is their look in the style sheet."""
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    return label
