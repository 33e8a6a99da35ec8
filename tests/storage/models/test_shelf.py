"""What lies in the folder of the models is seen, moved and removed, and never half."""

from __future__ import annotations

import pytest

from kandinsky_studio.errors import Cancelled, DiskFull, FolderNotWritable
from kandinsky_studio.storage.models import manifest, shelf
from kandinsky_studio.storage.models.hub import Hub
from kandinsky_studio.storage.models.transfer import PART, fetch
from tests.storage.models.conftest import REPOSITORY

WEIGHTS = "prior/weights.safetensors"


@pytest.fixture
def place(tmp_path, fake_hub):
    """A folder of models with one repository in it."""
    hub = Hub(fake_hub.endpoint)
    fetch(hub.manifest(REPOSITORY), tmp_path / "models" / "prior", hub)
    hub.close()
    return tmp_path / "models"


@pytest.fixture
def other_disk(monkeypatch):
    """As if a rename would have to go to another disk."""

    def refused(self, goal):
        if goal.name.endswith("prior") and "moving" not in self.name:
            raise OSError(18, "Invalid cross-device link")
        return rename(self, goal)

    rename = shelf.Path.rename
    monkeypatch.setattr(shelf.Path, "rename", refused)


def test_what_is_there_and_what_is_missing(place, content):
    [one] = shelf.held(place)
    assert one.whole
    assert one.manifest.repository == REPOSITORY
    assert one.size >= sum(map(len, content.values()))
    (one.folder / WEIGHTS).rename(one.folder / (WEIGHTS + PART))
    [one] = shelf.held(place)
    assert [file.path for file in one.missing] == [WEIGHTS]
    assert one.partial == len(content[WEIGHTS])
    assert not one.whole


def test_a_folder_put_there_by_hand_is_seen(place):
    (place / "own" / "unet").mkdir(parents=True)
    (place / "own" / "unet" / "model.safetensors").write_bytes(bytes(1000))
    own = shelf.held(place)[0]
    assert (own.folder.name, own.manifest, own.size, own.whole) == ("own", None, 1000, True)


def test_no_folder_holds_nothing(tmp_path):
    assert shelf.held(tmp_path / "nowhere") == []


def test_removing_gives_the_bytes_back(place, content):
    assert shelf.remove(place / "prior") >= sum(map(len, content.values()))
    assert list(place.iterdir()) == []


def test_a_link_is_removed_and_not_what_it_leads_to(place, tmp_path):
    (place / "linked").symlink_to(place / "prior", target_is_directory=True)
    assert shelf.remove(place / "linked") == 0
    assert shelf.look(place / "prior").whole


def test_moving_on_the_same_disk_and_to_where_it_is(place, tmp_path):
    told = []
    assert shelf.move(place, place) == (place / "prior",)
    [goal] = shelf.move(place, tmp_path / "new", lambda done, total: told.append((done, total)))
    assert shelf.look(goal).whole
    assert list(place.iterdir()) == []
    assert told[-1][0] == told[-1][1]


@pytest.mark.usefixtures("other_disk")
def test_moving_to_another_disk_copies_and_checks(place, tmp_path, content):
    told = []
    [goal] = shelf.move(place, tmp_path / "new", lambda done, total: told.append(done))
    assert manifest.damaged(goal, manifest.read(goal)) == ()
    assert list(place.iterdir()) == []
    assert len(told) > 5


@pytest.mark.usefixtures("other_disk")
def test_moving_that_is_cancelled_leaves_everything_where_it_was(place, tmp_path):
    def stop(done, total):
        if done > total / 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        shelf.move(place, tmp_path / "new", stop)
    assert shelf.look(place / "prior").whole
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.usefixtures("other_disk")
def test_moving_to_a_full_disk_is_refused_before_it_begins(place, tmp_path, monkeypatch):
    usage = shelf.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shelf.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(DiskFull):
        shelf.move(place, tmp_path / "new")
    assert shelf.look(place / "prior").whole


def test_moving_overwrites_nothing(place, tmp_path):
    (tmp_path / "new" / "prior").mkdir(parents=True)
    with pytest.raises(FolderNotWritable):
        shelf.move(place, tmp_path / "new")
    assert shelf.look(place / "prior").whole
