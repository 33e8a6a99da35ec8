"""A newer edition: only what changed is fetched, and the old one is whole and in its place until the new one is."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil

import numpy as np
import pytest

from kandinsky_studio.errors import Cancelled, HubFailed, NotThere
from kandinsky_studio.storage.models import catalogue, manifest, shelf, updating
from kandinsky_studio.storage.models.catalogue import Catalogue, Offer
from kandinsky_studio.storage.models.manifest import Manifest, PublishedFile
from tests.hub import REVISION, FakeHub, Faults

REPOSITORY = "depth-anything/Depth-Anything-V2-Small-hf"
FOLDER = "Depth-Anything-V2-Small-hf"
OLD = "a" * 40
WEIGHTS = np.random.default_rng(0).bytes(400_000)
BEFORE = {"config.json": b'{"model_type": "depth_anything"}', "preprocessor_config.json": b"{}"}
NOW = {**BEFORE, "config.json": b'{"model_type": "depth_anything", "better": 1}', "model.safetensors": WEIGHTS}


def published(files):
    return tuple(
        PublishedFile(name, len(content), "sha256", hashlib.sha256(content).hexdigest())
        if len(content) >= 10_000
        else PublishedFile(
            name, len(content), "git-sha1", hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
        )
        for name, content in files.items()
    )


@pytest.fixture
def fake_hub():
    made = FakeHub({REPOSITORY: NOW})
    yield made
    made.close()


@pytest.fixture(params=["same weights", "other weights"])
def old(request):
    """What is here: an older edition, whose weights are the same or not."""
    weights = WEIGHTS if request.param == "same weights" else WEIGHTS[::-1]
    return {**BEFORE, "model.safetensors": weights}


@pytest.fixture
def place(tmp_path, old):
    folder = tmp_path / "models" / FOLDER
    folder.mkdir(parents=True)
    for name, content in old.items():
        (folder / name).write_bytes(content)
    manifest.write(folder, Manifest(REPOSITORY, OLD, published(old)))
    return folder.parent


@pytest.fixture(scope="module")
def offer():
    return catalogue.read().offers["depth-anything-v2-small"]


def pinned(offer):
    """A catalogue that names the newer edition."""
    [part] = offer.tasks["depth_map"]
    repository = dataclasses.replace(part.repository, revision=REVISION, files=published(NOW), verified=True)
    return Catalogue(
        {offer.model: Offer(offer.model, {"depth_map": (dataclasses.replace(part, repository=repository),)})}
    )


def assert_is(place, files, revision):
    folder = place / FOLDER
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != manifest.NAME} == files
    assert manifest.read(folder).revision == revision
    assert [path.name for path in place.iterdir()] == [FOLDER]


def quick(_):
    pass


def test_the_catalogue_tells_of_newer_editions_without_asking(place, offer, fake_hub):
    assert {name: one.revision for name, one in updating.listed(pinned(offer), place).items()} == {FOLDER: REVISION}
    assert updating.listed(catalogue.read(), place) == {}, "the shipped one names none that nobody has seen"
    assert fake_hub.log == []


def test_the_hub_is_asked_for_the_newest_when_somebody_wants_to_know(place, offer, hub, fake_hub):
    [(name, edition)] = updating.newest(catalogue.read().repositories, place, hub).items()
    assert (name, edition.revision, edition.newest) == (FOLDER, REVISION, True)
    assert [entry[1].partition("?")[0] for entry in fake_hub.log] == [f"/api/models/{REPOSITORY}/revision/main"]
    needed = updating.needs(offer, place, {name: edition})
    updating.update(needed, place, hub, sleep=quick)
    assert updating.newest(catalogue.read().repositories, place, hub) == {}
    elsewhere = dataclasses.replace(pinned(offer).offers[offer.model].repositories[0], revision="b" * 40)
    [part] = offer.tasks["depth_map"]
    other = Offer(offer.model, {"depth_map": (dataclasses.replace(part, repository=elsewhere),)})
    assert updating.listed(Catalogue({offer.model: other}), place) == {}, "what was asked for may be newer than that"


def test_only_what_changed_is_fetched(place, offer, old, hub, fake_hub):
    needed = updating.needs(offer, place, updating.listed(pinned(offer), place))
    changed = {name: content for name, content in NOW.items() if old[name] != content}
    assert updating.to_fetch(needed, place) == sum(len(content) for content in changed.values())
    updating.update(needed, place, hub, sleep=quick)
    assert_is(place, NOW, REVISION)
    assert fake_hub.sent == sum(len(content) for content in changed.values())


def test_until_it_is_whole_the_old_one_stays(place, offer, old, hub, fake_hub, monkeypatch):
    monkeypatch.setattr("kandinsky_studio.storage.models.transfer._TRIES", 1)
    needed = updating.needs(offer, place, updating.listed(pinned(offer), place))
    fake_hub.faults = Faults(status=503, only="config.json")
    with pytest.raises(HubFailed):
        updating.update(needed, place, hub, sleep=quick)
    folder = place / FOLDER
    assert {name: (folder / name).read_bytes() for name in old} == old
    assert manifest.damaged(folder, manifest.read(folder)) == ()
    assert [one.folder.name for one in shelf.held(place)] == [FOLDER], "what waits is nobody's model"
    fake_hub.faults = Faults()
    sent = fake_hub.sent
    updating.update(needed, place, hub, sleep=quick)
    assert fake_hub.sent - sent <= sum(len(content) for name, content in NOW.items() if old[name] != content)
    assert_is(place, NOW, REVISION)


def test_cancelled_and_thrown_away_nothing_of_it_stays(place, offer, old, hub):
    def stop():
        if (place / ".newer").exists():
            raise Cancelled

    needed = updating.needs(offer, place, updating.listed(pinned(offer), place))
    with pytest.raises(Cancelled):
        updating.update(needed, place, hub, check_wanted=stop, sleep=quick)
    updating.sweep(place, [FOLDER])
    assert_is(place, old, OLD)


def test_a_disk_that_can_not_link_holds_copies(place, offer, hub, monkeypatch):
    monkeypatch.setattr(updating.os, "link", lambda *_: (_ for _ in ()).throw(OSError("no links here")))
    updating.update(updating.needs(offer, place, updating.listed(pinned(offer), place)), place, hub, sleep=quick)
    assert_is(place, NOW, REVISION)


def test_killed_between_the_two_the_old_one_comes_back(place, old):
    stage = place / ".newer"
    stage.mkdir()
    (place / FOLDER).rename(stage / f"{FOLDER}.before")
    updating.mend(place)
    updating.sweep(place, [])
    assert_is(place, old, OLD)


def test_killed_after_it_only_the_old_one_goes(place, old):
    shutil.copytree(place / FOLDER, place / ".newer" / f"{FOLDER}.before")
    updating.sweep(place, [])
    assert_is(place, old, OLD)


def test_what_came_of_yet_another_edition_is_not_mixed_in(place, offer, hub):
    stage = place / ".newer" / FOLDER
    stage.mkdir(parents=True)
    (stage / "model.safetensors").write_bytes(bytes(len(WEIGHTS)))
    manifest.write(stage, Manifest(REPOSITORY, "c" * 40, published(NOW)))
    updating.update(updating.needs(offer, place, updating.listed(pinned(offer), place)), place, hub, sleep=quick)
    assert_is(place, NOW, REVISION)


def test_an_edition_that_lacks_what_is_here_is_refused(place, offer):
    poorer = Manifest(REPOSITORY, REVISION, published(BEFORE))
    with pytest.raises(NotThere):
        updating.needs(offer, place, {FOLDER: poorer})
