"""A built program that is none: its folder, and a Python that takes itself for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kandinsky_studio.runtime import attaching
from tests.runtime.packs import write_folder


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a built program with the pack it comes with; nothing is attached yet."""
    folder = tmp_path / "program"
    write_folder(folder / "runtime", "cpu")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(folder / "kandinsky-studio"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(attaching, "_attached", attaching.Attached())
    kept: list[Any] = []
    monkeypatch.setattr(attaching, "_kept", kept)
    monkeypatch.delenv(attaching.VARIABLE, raising=False)
    yield folder
    for one in kept:
        one.close()
