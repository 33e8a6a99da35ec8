"""A model comes from several repositories as one delivery: only what tasks need, asked for once, gone on with."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from kandinsky_studio.errors import Cancelled, HubFailed, NetworkOff, NotThere
from kandinsky_studio.storage.models import catalogue, delivery, manifest
from kandinsky_studio.storage.models.delivery import deliver, is_here, needs
from kandinsky_studio.storage.models.hub import Hub
from tests.hub import FakeHub, Faults

COMMUNITY = "kandinsky-community/kandinsky-2-2-"


def network(folder, size, seed, stem="diffusion_pytorch_model"):
    weights = np.random.default_rng(seed).bytes(size)
    return {
        f"{folder}/config.json": b'{"_class_name": "' + folder.encode() + b'"}',
        f"{folder}/{stem}.safetensors": weights,
        f"{folder}/{stem}.bin": b"a pickle nobody wants" * 1000,
    }


@pytest.fixture(scope="module")
def repositories():
    scheduler = {"scheduler/scheduler_config.json": b"{}"}
    tokenizer = {f"tokenizer/{name}": b"{}" for name in ("tokenizer_config.json", "vocab.json", "merges.txt")}
    readme = {"README.md": b"x" * 20_000, ".gitattributes": b""}
    prior = network("prior", 400_000, 1) | network("text_encoder", 300_000, 2, "model")
    prior |= network("image_encoder", 500_000, 3, "model") | tokenizer | scheduler | readme
    decoder = network("unet", 600_000, 4) | network("movq", 100_000, 5) | scheduler | readme
    inpaint = network("unet", 600_000, 6) | network("movq", 100_000, 5) | scheduler | readme
    return {COMMUNITY + "prior": prior, COMMUNITY + "decoder": decoder, COMMUNITY + "decoder-inpaint": inpaint}


@pytest.fixture
def fake_hub(repositories):
    hub = FakeHub(repositories)
    yield hub
    hub.close()


@pytest.fixture(scope="module")
def offer():
    return catalogue.read().offers["kandinsky-2.2"]


def quick(_seconds):
    pass


def test_only_what_the_task_needs_comes(tmp_path, offer, hub, fake_hub):
    deliver(offer, ["text2image"], tmp_path, hub, sleep=quick)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert "kandinsky-2-2-prior/prior/diffusion_pytorch_model.safetensors" in files
    assert "kandinsky-2-2-decoder/movq/config.json" in files
    assert not any("image_encoder" in name or name.endswith((".bin", ".md")) for name in files)
    assert is_here(offer, ["text2image"], tmp_path)
    assert not is_here(offer, ["text2image", "mix"], tmp_path)
    for need in needs(offer, ["text2image"], tmp_path):
        assert manifest.damaged(need.folder, need.manifest) == ()


def test_sizes_are_told_before_the_first_byte_and_counted_to_the_last(tmp_path, offer, hub, fake_hub):
    told, sent_before = [], []

    def on_needs(found):
        sent_before.append(fake_hub.sent)
        told.append(sum(need.left for need in found))

    progress = []
    deliver(offer, ["text2image"], tmp_path, hub, on_needs=on_needs, on_progress=progress.append, sleep=quick)
    assert sent_before == [0]
    assert told == [fake_hub.sent]
    assert progress[-1].done == progress[-1].total == fake_hub.sent
    assert all(before.done <= after.done for before, after in itertools.pairwise(progress))
    assert {delivery.total for delivery in progress} == {fake_hub.sent}


def test_another_task_later_fetches_the_difference(tmp_path, offer, hub, fake_hub):
    deliver(offer, ["text2image"], tmp_path, hub, sleep=quick)
    sent = fake_hub.sent
    deliver(offer, ["text2image", "mix", "inpaint"], tmp_path, hub, sleep=quick)
    assert is_here(offer, ["mix", "inpaint", "outpaint"], tmp_path)
    assert 1_100_000 <= fake_hub.sent - sent < 1_110_000  # the vision tower and the other decoder


def test_what_is_here_asks_nobody(tmp_path, offer, hub, fake_hub):
    deliver(offer, ["text2image"], tmp_path, hub, sleep=quick)
    asked = len(fake_hub.log)
    deliver(offer, ["text2image"], tmp_path, hub, sleep=quick)
    deliver(offer, ["text2image"], tmp_path, None, sleep=quick)
    assert len(fake_hub.log) == asked


def test_without_the_network_what_is_missing_is_said(tmp_path, offer):
    with pytest.raises(NetworkOff):
        deliver(offer, ["text2image"], tmp_path / "models", None)
    assert not (tmp_path / "models").exists()


def test_cancelled_between_repositories_it_goes_on_there(tmp_path, offer, hub, fake_hub):
    def stop():
        if (tmp_path / "kandinsky-2-2-decoder").exists():
            raise Cancelled

    with pytest.raises(Cancelled):
        deliver(offer, ["text2image"], tmp_path, hub, check_wanted=stop, sleep=quick)
    deliver(offer, ["text2image"], tmp_path, hub, sleep=quick)
    total = sum(need.size for need in needs(offer, ["text2image"], tmp_path))
    assert fake_hub.sent == total


def test_an_api_that_is_busy_is_asked_again_and_in_the_end_believed(tmp_path, offer, hub, fake_hub):
    fake_hub.api_faults = Faults(status=503, times=2)
    deliver(offer, ["text2image"], tmp_path / "a", hub, sleep=quick)
    fake_hub.api_faults = Faults(status=503)
    with pytest.raises(HubFailed):
        deliver(offer, ["text2image"], tmp_path / "b", hub, sleep=quick)


def test_a_repository_that_lost_a_part_is_said_so(tmp_path, offer, repositories):
    less = {name: dict(files) for name, files in repositories.items()}
    del less[COMMUNITY + "decoder"]["movq/diffusion_pytorch_model.safetensors"]
    poor = FakeHub(less)
    hub = Hub(poor.endpoint)
    with pytest.raises(NotThere) as raised:
        deliver(offer, ["text2image"], tmp_path, hub, sleep=quick)
    hub.close()
    poor.close()
    assert "movq" in raised.value.values["file"]
    assert poor.sent == 0


def test_a_new_revision_upstream_is_not_mixed_with_the_old(tmp_path, offer, hub, fake_hub, monkeypatch):
    deliver(offer, ["text2image"], tmp_path, hub, sleep=quick)
    monkeypatch.setattr("tests.hub.REVISION", "f" * 40)  # somebody published something else since
    with pytest.raises(NotThere):  # the hub of the tests forgets old revisions
        deliver(offer, ["text2image", "mix"], tmp_path, hub, sleep=quick)
    assert is_here(offer, ["text2image"], tmp_path)
    assert {need.manifest.revision for need in needs(offer, ["text2image"], tmp_path)} == {
        "0123456789abcdef" * 2 + "01234567"
    }


def test_a_damaged_list_of_files_is_asked_for_again(tmp_path, offer, hub, fake_hub):
    deliver(offer, ["text2image"], tmp_path, hub, sleep=quick)
    sent = fake_hub.sent
    (tmp_path / "kandinsky-2-2-prior" / manifest.NAME).write_bytes(b"rubbish")
    assert not is_here(offer, ["text2image"], tmp_path)
    deliver(offer, ["text2image"], tmp_path, hub, sleep=quick)
    assert fake_hub.sent == sent
    assert is_here(offer, ["text2image"], tmp_path)
    assert delivery.needs(offer, ["text2image"], tmp_path)[0].left == 0
