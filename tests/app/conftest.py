"""The engine's thread, with the engine double in it."""

from __future__ import annotations

import pytest

from kandinsky_studio.app.worker import EngineWorker


@pytest.fixture
def worker(qtbot, fake_engine):
    worker = EngineWorker(lambda: fake_engine)
    worker.start()
    yield worker
    fake_engine.hold.set()
    assert worker.close()
