"""What we need of the installed Qt for Python."""

from __future__ import annotations

import sys

import PySide6
from PySide6.QtCore import QObject, Signal


class _Sender(QObject):
    sent = Signal()


def test_emitting_a_signal_takes_no_reference_from_true():
    """PySide6 6.12.0 does before Python 3.12: after some thousand signals the program dies in ``bool_dealloc``."""
    sender = _Sender()
    before = sys.getrefcount(True)
    for _ in range(100):
        sender.sent.emit()
    lost = before - sys.getrefcount(True)
    assert lost < 50, f"PySide6 {PySide6.__version__} loses references on this Python; 6.11.3 does not"
