"""Packs that are downloaded: from a server of the tests' own, to the byte, whatever goes wrong."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import namedtuple

import pytest

from kandinsky_studio import paths
from kandinsky_studio.errors import (
    BrokenCatalogue,
    Cancelled,
    LoginPage,
    NetworkOff,
    NoRoomForPack,
    PackInUse,
    PackNotFound,
    WrongFile,
)
from kandinsky_studio.runtime import attaching
from kandinsky_studio.runtime.pack import read as read_pack
from kandinsky_studio.storage.runtimes import offers
from kandinsky_studio.storage.runtimes.offers import Release, download, find, read
from tests.hub import REVISION, FakeHub, Faults
from tests.runtime.packs import listing, split, write_folder, write_zip

Usage = namedtuple("Usage", "total used free")
HOME = "studio/runtimes"


def told_of(parts, address, changes=None):
    said = listing("cu130")
    size = sum(file["size"] for file in said.pop("files"))
    told = [
        {"name": part.name, "size": part.stat().st_size, "sha256": hashlib.sha256(part.read_bytes()).hexdigest()}
        for part in parts
    ]
    return {"version": 1, "address": address, "packs": [{**said, "size": size, "parts": told, **(changes or {})}]}


@pytest.fixture
def parts(tmp_path):
    return split(write_zip(tmp_path / "kandinsky-studio-runtime-cu130.zip"), 1500)


@pytest.fixture
def server(parts):
    made = FakeHub({HOME: {part.name: part.read_bytes() for part in parts}})
    yield made
    made.close()


@pytest.fixture
def listed(tmp_path, parts, server):
    file = tmp_path / "runtimes.json"
    file.write_text(json.dumps(told_of(parts, f"{server.endpoint}/{HOME}/resolve/{REVISION}")))
    return file


@pytest.fixture
def release(server):
    made = Release(f"{server.endpoint}/{HOME}/resolve/{REVISION}")
    yield made
    made.close()


def left():
    place = paths.runtimes()
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*.zip*"))


def test_the_list_that_comes_with_the_program_is_right_and_invents_nothing():
    assert read() == ()
    said = json.loads((paths.resources() / "models" / "runtimes.json").read_text(encoding="utf-8"))
    assert said["address"] is None
    assert "A release fills this list" in said["note"]


def test_a_pack_is_fetched_in_parts_and_installed(listed, release, server):
    (offer,) = read(listed)
    deliveries, unpacked = [], []
    pack = download(
        offer, release, on_delivery=deliveries.append, on_progress=lambda done, total: unpacked.append((done, total))
    )
    assert pack.name == "cu130"
    assert read_pack(paths.runtimes() / "cu130") == pack
    assert deliveries[-1].done == deliveries[-1].total == offer.download_size
    assert unpacked[-1] == (pack.size, pack.size)
    assert left() == [], "what was fetched is not kept twice"
    assert len(server.requests()) == len(offer.parts)


def test_it_goes_on_to_the_byte(listed, release, server):
    (offer,) = read(listed)
    server.faults = Faults(close_after=500, only="002", times=1)

    def stop(delivery):
        if delivery.waiting:
            raise Cancelled

    with pytest.raises(Cancelled):
        download(offer, release, on_delivery=stop, sleep=lambda _: None)
    assert offer.left == offer.download_size - 1500 - 500
    server.faults, before = Faults(), server.sent
    download(offer, release)
    assert server.sent - before == offer.download_size - 1500 - 500
    assert left() == []


def test_a_part_that_was_changed_is_refused(listed, release, server):
    server.faults = Faults(flip=100, only="002")
    with pytest.raises(WrongFile, match="002"):
        download(read(listed)[0], release, sleep=lambda _: None)
    assert not (paths.runtimes() / "cu130").exists()


def test_a_login_page_is_no_pack(listed, release, server):
    server.faults = Faults(send=b"<html>", headers={"Content-Type": "text/html"})
    with pytest.raises(LoginPage):
        download(read(listed)[0], release)
    assert not (paths.runtimes() / "cu130").exists()


def test_without_the_network_nothing_is_asked(listed, server):
    with pytest.raises(NetworkOff):
        download(read(listed)[0], None)
    assert server.requests() == []


def test_what_can_not_be_replaced_is_not_even_fetched(listed, release, server, program):
    write_folder(paths.runtimes(), "cu130")
    attaching.choose("cu130")
    assert attaching.attach().pack.name == "cu130"
    with pytest.raises(PackInUse):
        download(read(listed)[0], release)
    assert server.requests() == []


def test_there_must_be_room_for_the_parts_and_what_is_in_them(listed, release, server, monkeypatch):
    (offer,) = read(listed)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 0, offer.size + offers.MARGIN))
    with pytest.raises(NoRoomForPack):
        download(offer, release)
    assert server.requests() == []


def test_what_came_of_an_older_one_is_thrown_away(listed, release):
    older = paths.runtimes() / ".delivery" / "cu130-000000000000"
    older.mkdir(parents=True)
    (older / "x.zip.001").write_bytes(b"x")
    download(read(listed)[0], release)
    assert left() == []


@pytest.mark.parametrize("changes", [{"python": "cp39"}, {"platform": "win_arm64"}, {"torch": "1.0.0"}])
def test_what_does_not_go_with_this_program_is_not_offered(tmp_path, parts, changes):
    file = tmp_path / "runtimes.json"
    file.write_text(json.dumps(told_of(parts, "https://example.org", changes)))
    assert read(file) == ()
    with pytest.raises(PackNotFound):
        find("cu130", read(file))


@pytest.mark.parametrize(
    "changes",
    [
        {"parts": []},
        {"parts": [{"name": "../evil.zip", "size": 1, "sha256": "0" * 64}]},
        {"parts": [{"name": "a.exe", "size": 1, "sha256": "0" * 64}]},
        {"parts": [{"name": "a.zip", "size": 1, "sha256": "0"}]},
        {"name": "../x"},
        {"size": "much"},
    ],
)
def test_a_list_that_can_not_be_right(tmp_path, parts, changes):
    file = tmp_path / "runtimes.json"
    file.write_text(json.dumps(told_of(parts, "https://example.org", changes)))
    with pytest.raises(BrokenCatalogue):
        read(file)


@pytest.mark.parametrize("address", [None, "", "file:///etc", "javascript:x", "example.org"])
def test_a_list_without_an_address(tmp_path, parts, address):
    file = tmp_path / "runtimes.json"
    file.write_text(json.dumps(told_of(parts, address)))
    with pytest.raises(BrokenCatalogue):
        read(file)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 2, "packs": []}', "\x00"])
def test_a_damaged_list(tmp_path, content):
    file = tmp_path / "runtimes.json"
    file.write_text(content)
    with pytest.raises(BrokenCatalogue):
        read(file)
