"""Each file of a delivery is told of: waiting, coming, checked, damaged and fetched again, here."""

from __future__ import annotations

import numpy as np
import pytest

from kandinsky_studio.errors import Cancelled
from kandinsky_studio.storage.models import catalogue
from kandinsky_studio.storage.models.delivery import deliver, is_by_hand, needs, stands
from kandinsky_studio.storage.models.listing import Standing, followed, listed
from tests.hub import FakeHub, Faults

REPOSITORY = "depth-anything/Depth-Anything-V2-Small-hf"
FILES = {
    "config.json": b'{"model_type": "depth_anything"}',
    "preprocessor_config.json": b"{}",
    "model.safetensors": np.random.default_rng(0).bytes(1_000_000),
}


@pytest.fixture
def fake_hub():
    made = FakeHub({REPOSITORY: FILES})
    yield made
    made.close()


@pytest.fixture(scope="module")
def offer():
    return catalogue.read().offers["depth-anything-v2-small"]


class Watcher:
    """Follows the files as the window does."""

    def __init__(self):
        self.files = ()
        self.told = []

    def needs(self, found):
        self.files = listed(found)

    def progress(self, delivery):
        self.files = followed(self.files, delivery)
        self.told.append({one.path: one.standing for one in self.files})

    def fetch(self, offer, place, hub, **values):
        given = {"on_needs": self.needs, "on_progress": self.progress, "sleep": lambda _: None}
        deliver(offer, ["depth_map"], place, hub, **given, **values)


def test_from_the_first_byte_to_the_last(tmp_path, offer, hub, fake_hub):
    fake_hub.faults = Faults(rate=2_000_000, only=".safetensors")
    watcher = Watcher()
    watcher.fetch(offer, tmp_path, hub)
    assert {one.path: one.size for one in watcher.files} == {name: len(content) for name, content in FILES.items()}
    assert {one.standing for one in watcher.files} == {Standing.done}
    assert all(one.done == one.size for one in watcher.files)
    assert any(told["model.safetensors"] is Standing.fetching for told in watcher.told)
    assert not any(
        told["model.safetensors"] is Standing.fetching and told["config.json"] is not Standing.done
        for told in watcher.told
    )
    watcher.needs(needs(offer, ["depth_map"], tmp_path))
    assert {one.standing for one in watcher.files} == {Standing.done}


def test_what_came_damaged_is_told_to_come_again(tmp_path, offer, hub, fake_hub):
    fake_hub.faults = Faults(flip=500_000, only=".safetensors", times=1)
    watcher = Watcher()
    slow = iter(range(10**6))

    def dawdle():
        if next(slow) % 3 == 0:
            import time

            time.sleep(0.05)

    watcher.fetch(offer, tmp_path, hub, check_wanted=dawdle)
    assert any(told["model.safetensors"] is Standing.again for told in watcher.told)
    assert {one.standing for one in watcher.files} == {Standing.done}


def test_what_an_earlier_run_left_counts(tmp_path, offer, hub, fake_hub):
    fake_hub.faults = Faults(rate=1_000_000, only=".safetensors")
    watcher = Watcher()

    def stop():
        if any(one.done > 200_000 for one in watcher.files):
            raise Cancelled

    with pytest.raises(Cancelled):
        watcher.fetch(offer, tmp_path, hub, check_wanted=stop)
    [weights] = [one for one in listed(needs(offer, ["depth_map"], tmp_path)) if one.path == "model.safetensors"]
    assert 0 < weights.done < weights.size
    assert weights.standing is Standing.waiting


def test_parts_put_there_by_hand_are_here_and_not_fetched_again(tmp_path, offer):
    [part] = offer.tasks["depth_map"]
    assert not stands([part], tmp_path)[part].here
    folder = tmp_path / "Depth-Anything-V2-Small-hf"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    assert is_by_hand(part, tmp_path)
    assert stands([part], tmp_path)[part].here
    assert needs(offer, ["depth_map"], tmp_path) == []
    (folder / "model.safetensors").unlink()
    assert not stands([part], tmp_path)[part].here
