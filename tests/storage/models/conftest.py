from __future__ import annotations

import numpy as np
import pytest

from kandinsky_studio.storage.models.hub import Hub
from tests.hub import FakeHub

REPOSITORY = "kandinsky-community/kandinsky-2-2-prior"


@pytest.fixture
def content() -> dict[str, bytes]:
    """A repository with weights of 3 MB and small files."""
    weights = np.random.default_rng(0).bytes(3_000_000)
    return {"model_index.json": b"{}", "prior/config.json": b'{"a": 1}', "prior/weights.safetensors": weights}


@pytest.fixture
def fake_hub(content):
    hub = FakeHub({REPOSITORY: content})
    yield hub
    hub.close()


@pytest.fixture
def hub(fake_hub):
    made = Hub(fake_hub.endpoint)
    yield made
    made.close()
