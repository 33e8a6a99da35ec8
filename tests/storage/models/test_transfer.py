"""Fetching against a hub of the tests' own: whole files or none, resumed to the byte, whatever the network does."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from kandinsky_studio.errors import (
    AccessDenied,
    Cancelled,
    ConnectionLost,
    DiskFull,
    FolderNotWritable,
    HubFailed,
    LoginPage,
    NoConnection,
    NotAHub,
    NotEnoughRoom,
    NotThere,
    ProxyRefused,
    TokenRefused,
    TooManyRequests,
    WrongFile,
)
from kandinsky_studio.storage.models import hub as hubs
from kandinsky_studio.storage.models import manifest, transfer
from kandinsky_studio.storage.models.hub import Hub, Interrupted
from kandinsky_studio.storage.models.transfer import PART, fetch, left_to_fetch
from tests.hub import REVISION, TOKEN, Faults
from tests.storage.models.conftest import REPOSITORY

WEIGHTS = "prior/weights.safetensors"
PORTAL = b"<html><body>Please log in</body></html>"


@pytest.fixture
def wanted(hub):
    return hub.manifest(REPOSITORY)


def bring(wanted, folder, hub, **values):
    fetch(wanted, folder, hub, sleep=values.pop("sleep", lambda _: None), **values)


def assert_whole(folder: Path, content: dict[str, bytes]) -> None:
    there = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for name in (manifest.NAME, transfer.LOCK):
        there.pop(name, None)
    assert there.keys() == content.keys()
    assert all(there[name] == content[name] for name in content)


def test_what_the_api_says_becomes_a_pinned_manifest(wanted, content):
    assert (wanted.repository, wanted.revision) == (REPOSITORY, REVISION)
    assert {file.path: file.size for file in wanted.files} == {name: len(data) for name, data in content.items()}
    assert [file.algorithm for file in wanted.files] == ["git-sha1", "git-sha1", "sha256"]
    assert wanted.size == sum(map(len, content.values()))


def test_everything_comes_and_a_second_time_nothing_is_asked_for(tmp_path, hub, wanted, content, fake_hub):
    told = []
    bring(wanted, tmp_path / "prior", hub, on_progress=told.append)
    assert_whole(tmp_path / "prior", content)
    assert manifest.read(tmp_path / "prior") == wanted
    assert told[-1].done == told[-1].total == wanted.size
    assert all(before.done <= after.done for before, after in itertools.pairwise(told))
    asked = len(fake_hub.log)
    bring(wanted, tmp_path / "prior", hub)
    assert len(fake_hub.log) == asked


def test_only_what_is_wanted_comes_and_the_rest_joins_it(tmp_path, hub, wanted, content, fake_hub):
    folder = tmp_path / "prior"
    bring(wanted.only(["model_index.json"]), folder, hub)
    assert_whole(folder, {"model_index.json": content["model_index.json"]})
    bring(wanted.only([WEIGHTS]), folder, hub)
    assert {file.path for file in manifest.read(folder).files} == {"model_index.json", WEIGHTS}
    assert len(fake_hub.requests("model_index.json")) == 1


@pytest.mark.parametrize(
    "faults",
    [
        Faults(close_after=1_000_000, times=1),
        Faults(close_after=1_000_000, times=2),
        Faults(reset_after=1_000_000, times=2),
        Faults(close_after=300_000, only=".safetensors"),  # again and again, and yet a little more each time
        Faults(close_after=1_000_000, times=1, ignores_range=True),
        Faults(status=503, times=3),
        Faults(status=429, headers={"Retry-After": "2"}, times=2),
        Faults(status=403, times=1, only=".safetensors"),  # the store's address has expired
        Faults(flip=2_000_000, only=".safetensors", times=1),
        Faults(flip=3, only="config.json", times=1),
        Faults(headers={"Content-Encoding": "identity"}),
    ],
    ids=lambda faults: ",".join(f"{k}={v}" for k, v in vars(faults).items() if v not in (None, {}, "", 0, False)),
)
def test_what_passes_is_got_over(tmp_path, hub, wanted, content, fake_hub, faults):
    fake_hub.faults = faults
    waits = []
    bring(wanted, tmp_path / "prior", hub, sleep=waits.append)
    assert_whole(tmp_path / "prior", content)


def test_a_broken_connection_costs_no_byte(tmp_path, hub, wanted, content, fake_hub):
    fake_hub.faults = Faults(reset_after=1_000_000, only=".safetensors", times=1)
    bring(wanted, tmp_path / "prior", hub)
    again = [entry[2] for entry in fake_hub.requests(WEIGHTS) if entry[0] == "store"]
    assert again == ["", "bytes=1000000-"]
    assert fake_hub.sent == wanted.size


def test_silence_ends_and_the_rest_is_asked_for(tmp_path, wanted, content, fake_hub, monkeypatch):
    monkeypatch.setattr(hubs, "_SILENCE", 0.3)
    impatient = Hub(fake_hub.endpoint)
    fake_hub.faults = Faults(stall_after=1_000_000, only=".safetensors", times=1)
    bring(wanted, tmp_path / "prior", impatient)
    impatient.close()
    assert_whole(tmp_path / "prior", content)
    assert fake_hub.sent == wanted.size


def test_the_other_side_is_given_the_time_it_asks_for(tmp_path, hub, wanted, fake_hub):
    fake_hub.faults = Faults(status=429, headers={"Retry-After": "3"}, times=1)
    waits, told = [], []
    bring(wanted, tmp_path / "prior", hub, sleep=waits.append, on_progress=told.append)
    assert sum(waits) == pytest.approx(3)
    assert any(delivery.waiting > 2 for delivery in told)


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        (Faults(status=404), NotThere),
        (Faults(status=410), NotThere),
        (Faults(status=451), NotThere),
        (Faults(status=500), HubFailed),
        (Faults(status=429), TooManyRequests),
        (Faults(status=429, headers={"Retry-After": "3000"}, times=1), TooManyRequests),
        (Faults(status=407), ProxyRefused),
        (Faults(status=418), HubFailed),
        (Faults(send=PORTAL, headers={"Content-Type": "text/html; charset=utf-8"}), LoginPage),
        (Faults(flip=2_000_000, only=".safetensors"), WrongFile),
        (Faults(flip=3, only="config.json"), WrongFile),
        (Faults(send=b"something else", only=".safetensors"), WrongFile),
        (Faults(shorter=1000, only=".safetensors"), WrongFile),
        (Faults(close_after=0), ConnectionLost),
        (Faults(reset_after=0), ConnectionLost),
    ],
    ids=lambda value: getattr(value, "__name__", "") or str(value.status or value.send or value.flip or "cut"),
)
def test_what_does_not_pass_is_told_and_nothing_is_half_there(tmp_path, hub, wanted, content, fake_hub, faults, error):
    fake_hub.faults = faults
    folder = tmp_path / "prior"
    with pytest.raises(error) as raised:
        bring(wanted, folder, hub)
    assert raised.value.remedy
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        known = name.endswith(PART) or name in (manifest.NAME, transfer.LOCK)
        assert path.is_dir() or known or path.read_bytes() == content[name]
    fake_hub.faults = Faults()
    bring(wanted, folder, hub)
    assert_whole(folder, content)


def test_a_wrong_file_is_fetched_twice_and_then_no_more(tmp_path, hub, wanted, fake_hub):
    fake_hub.faults = Faults(flip=2_000_000, only=".safetensors")
    with pytest.raises(WrongFile):
        bring(wanted, tmp_path / "prior", hub)
    assert len([entry for entry in fake_hub.requests(WEIGHTS) if entry[0] == "store"]) == 2
    assert not list((tmp_path / "prior" / "prior").glob("weights*"))


def test_the_token_stays_with_the_hub(tmp_path, fake_hub, wanted, content):
    fake_hub.gated = True
    stranger = Hub(fake_hub.endpoint)
    with pytest.raises(AccessDenied):
        bring(wanted, tmp_path / "prior", stranger)
    stranger.close()
    known = Hub(fake_hub.endpoint, token=TOKEN)
    bring(wanted, tmp_path / "prior", known)
    known.close()
    assert_whole(tmp_path / "prior", content)
    assert {entry[4] for entry in fake_hub.log if entry[0] == "store"} == {""}


def test_a_token_nobody_knows(tmp_path, fake_hub, wanted):
    fake_hub.private = True
    hub = Hub(fake_hub.endpoint, token="hf_old")
    with pytest.raises(TokenRefused):
        bring(wanted, tmp_path / "prior", hub)
    hub.close()


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        (Faults(send=PORTAL), NotAHub),
        (Faults(send=b"[" * 100_000), NotAHub),
        (Faults(send=b'{"id": 3}'), NotAHub),
        (Faults(send=b'{"id": "a/b", "sha": "main", "siblings": []}'), NotAHub),
        (
            Faults(
                send=b'{"id": "a/b", "sha": "' + b"0" * 40 + b'", "siblings": '
                b'[{"rfilename": "../../evil", "size": 1, "blobId": "' + b"0" * 40 + b'"}]}'
            ),
            NotAHub,
        ),
        (Faults(status=401), TokenRefused),
        (Faults(status=403), AccessDenied),
        (Faults(status=404), NotThere),
    ],
)
def test_an_api_that_says_something_else(hub, fake_hub, faults, error):
    fake_hub.api_faults = faults
    with pytest.raises(error):
        hub.manifest(REPOSITORY)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_api_that_is_busy_may_be_asked_again(hub, fake_hub, status):
    fake_hub.api_faults = Faults(status=status, times=1)
    with pytest.raises(Interrupted):
        hub.manifest(REPOSITORY)
    assert hub.manifest(REPOSITORY).revision == REVISION


def test_nobody_there(tmp_path, wanted):
    hub = Hub("http://127.0.0.1:9")
    with pytest.raises(NoConnection):
        bring(wanted, tmp_path / "prior", hub)
    hub.close()


@pytest.mark.parametrize("endpoint", ["", "ftp://somewhere", "no address at all", "http://"])
def test_an_address_that_is_none(endpoint):
    with pytest.raises(NotAHub):
        Hub(endpoint)


def test_redirects_without_an_end(tmp_path, hub, wanted, fake_hub):
    fake_hub.loops = True
    with pytest.raises(NotAHub):
        bring(wanted, tmp_path / "prior", hub)


def test_a_mirror_below_a_path_is_asked_there(fake_hub):
    hub = Hub(fake_hub.endpoint + "/mirror/")
    with pytest.raises((NotThere, HubFailed, Interrupted)):
        hub.manifest(REPOSITORY)
    hub.close()
    assert hub.host == fake_hub.endpoint.removeprefix("http://")


def test_cancelling_is_at_once_and_costs_nothing(tmp_path, wanted, content, fake_hub):
    fake_hub.faults = Faults(stall_after=1_000_000, only=".safetensors", times=1)
    hub = Hub(fake_hub.endpoint)
    outcome = []

    def run():
        try:
            bring(wanted, tmp_path / "prior", hub)
        except BaseException as error:  # noqa: BLE001  it is what the test is about
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    part = tmp_path / "prior" / (WEIGHTS + PART)
    deadline = time.monotonic() + 10
    while fake_hub.sent < 1_000_000 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    before = time.monotonic()
    hub.abort()
    thread.join(10)
    assert time.monotonic() - before < 2
    assert isinstance(outcome[0], Cancelled)
    assert part.stat().st_size == 1_000_000
    hub.close()
    again = Hub(fake_hub.endpoint)
    bring(wanted, tmp_path / "prior", again)
    again.close()
    assert_whole(tmp_path / "prior", content)
    assert fake_hub.sent == wanted.size


def test_cancelling_between_blocks_and_while_waiting(tmp_path, hub, wanted, content, fake_hub):
    told = []

    def stop():
        if told and told[-1].waiting:
            raise Cancelled

    fake_hub.faults = Faults(close_after=1_000_000, only=".safetensors", times=1)
    with pytest.raises(Cancelled):
        bring(wanted, tmp_path / "prior", hub, on_progress=told.append, check_wanted=stop)
    assert left_to_fetch(wanted, tmp_path / "prior") == 2_000_000
    bring(wanted, tmp_path / "prior", hub)
    assert_whole(tmp_path / "prior", content)
    assert fake_hub.sent == wanted.size


def test_too_little_room_is_told_before_anything_is_asked_for(tmp_path, hub, wanted, fake_hub, monkeypatch):
    usage = transfer.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    asked = len(fake_hub.log)
    with pytest.raises(NotEnoughRoom) as raised:
        bring(wanted, tmp_path / "prior", hub)
    assert raised.value.values["free"] == "1 MB"
    assert len(fake_hub.log) == asked


@pytest.mark.skipif(not Path("/dev/full").exists() or os.name == "nt", reason="needs a small disk")
def test_a_disk_that_gets_full_keeps_what_came(tmp_path, hub, wanted, content, fake_hub):
    disk = tmp_path / "small"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("may not mount a small disk here")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(transfer, "_check_disk", lambda *_: None)  # as if another program filled it meanwhile
            with pytest.raises(DiskFull):
                bring(wanted, disk, hub)
        part = disk / (WEIGHTS + PART)
        kept = part.stat().st_size
        assert kept > 1_000_000
        assert part.read_bytes() == content[WEIGHTS][:kept]
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        bring(wanted, disk, hub)
        assert_whole(disk, content)
        assert fake_hub.requests(WEIGHTS)[-1][2] == f"bytes={kept}-"
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_folder_that_takes_nothing(tmp_path, hub, wanted):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FolderNotWritable):
        bring(wanted, tmp_path / "file", hub)


def program(endpoint: str, folder: Path) -> str:
    return textwrap.dedent(
        f"""
        from pathlib import Path
        from kandinsky_studio.storage.models.hub import Hub
        from kandinsky_studio.storage.models.transfer import fetch
        hub = Hub({endpoint!r})
        fetch(hub.manifest({REPOSITORY!r}), Path({os.fspath(folder)!r}), hub)
        hub.close()
        """
    )


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_killed_in_the_middle_it_goes_on_to_the_byte(tmp_path, hub, wanted, content, fake_hub):
    folder = tmp_path / "prior"
    fake_hub.faults = Faults(rate=1_000_000, only=".safetensors", times=1)
    victim = subprocess.Popen([sys.executable, "-c", program(fake_hub.endpoint, folder)])
    part, deadline = folder / (WEIGHTS + PART), time.monotonic() + 20
    while (part.stat().st_size if part.exists() else 0) < 1_000_000 and time.monotonic() < deadline:
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    kept = part.stat().st_size
    assert 1_000_000 <= kept < 3_000_000
    bring(wanted, folder, hub)
    assert_whole(folder, content)
    assert fake_hub.requests(WEIGHTS)[-1][2] == f"bytes={kept}-"


def test_two_programs_at_once_fetch_it_once(tmp_path, wanted, content, fake_hub):
    folder = tmp_path / "prior"
    fake_hub.faults = Faults(rate=3_000_000, only=".safetensors")
    command = [sys.executable, "-c", program(fake_hub.endpoint, folder)]
    both = [subprocess.Popen(command), subprocess.Popen(command)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert_whole(folder, content)
    assert fake_hub.sent == wanted.size


def test_a_file_that_rots_on_the_disk_is_found_without_the_network(tmp_path, hub, wanted, content, fake_hub):
    folder = tmp_path / "prior"
    bring(wanted, folder, hub)
    assert manifest.damaged(folder, wanted) == ()
    rotten = bytearray(content[WEIGHTS])
    rotten[1_500_000] ^= 1
    (folder / WEIGHTS).write_bytes(rotten)
    asked, read = len(fake_hub.log), []
    assert [file.path for file in manifest.damaged(folder, wanted, read.append)] == [WEIGHTS]
    assert sum(read) == wanted.size
    assert len(fake_hub.log) == asked


@pytest.mark.parametrize(
    "path", ["../evil", "/etc/passwd", "a/../../b", "", ".", "a//b", "C:evil", "a\\b", "a\0b", manifest.NAME]
)
def test_a_path_that_leads_elsewhere_is_refused(path):
    with pytest.raises(ValueError, match="path"):
        manifest.PublishedFile(path, 1, "sha256", "0" * 64)


@pytest.mark.skipif(os.name == "nt", reason="needs a disk that is read-only")
def test_a_disk_that_is_read_only_gives_what_it_has_and_takes_nothing(tmp_path, hub, wanted, content, fake_hub):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", disk], capture_output=True, check=False
    ).returncode:
        pytest.skip("may not mount a disk here")
    try:
        bring(wanted.only(["model_index.json"]), disk / "prior", hub)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert manifest.damaged(disk / "prior", manifest.read(disk / "prior")) == ()
        with pytest.raises(FolderNotWritable):
            bring(wanted, disk / "prior", hub)
        assert (disk / "prior" / "model_index.json").read_bytes() == content["model_index.json"]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_store_with_missing_pieces_fetches_those_only(tmp_path, hub, wanted, content, fake_hub):
    folder = tmp_path / "prior"
    bring(wanted, folder, hub)
    (folder / "prior" / "config.json").unlink()
    before = fake_hub.sent
    bring(wanted, folder, hub)
    assert_whole(folder, content)
    assert fake_hub.sent - before == len(content["prior/config.json"])
