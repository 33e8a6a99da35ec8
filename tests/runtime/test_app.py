"""Runtime packs in the window's program: installed, tried, chosen for the next start, fetched and removed."""

from __future__ import annotations

import hashlib
import random
import threading

import pytest

from kandinsky_studio import paths
from kandinsky_studio.app.messages import Messages, Weight
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.app.runtimes import Deed, Fit, Runtimes
from kandinsky_studio.errors import NetworkOff, PackCheckFailed, PackDamaged, PackInUse
from kandinsky_studio.runtime import attaching, card, checking
from kandinsky_studio.runtime.card import Card, Sight
from kandinsky_studio.runtime.pack import LIBRARY, Pack
from kandinsky_studio.storage.models.manifest import PublishedFile
from kandinsky_studio.storage.runtimes import offers
from kandinsky_studio.storage.runtimes.offers import Offer
from tests.hub import REVISION, FakeHub, Faults
from tests.runtime.packs import contents, listing, write_folder, write_zip

AMPERE = Sight((Card("NVIDIA GeForce RTX 3060", "580.95.05", 12 * 2**30, (8, 6)),))
HOME = "studio/runtimes"


class Workplace:
    """Runtimes with what they need, as often as a test starts the program."""

    def __init__(self, qtbot):
        self.bot = qtbot
        self.told = []
        self.open()

    def open(self):
        attaching.attach()
        self.messages = Messages()
        self.messages.connect_window(self.told.append)
        self.remembering = Remembering(self.messages)
        self.runtimes = Runtimes(self.remembering, self.messages)
        self.runtimes.look()
        self.runtimes.flush()

    def close(self):
        self.runtimes.close()
        self.remembering.close()

    def wait(self):
        self.bot.waitUntil(lambda: self.runtimes.doing is None, timeout=20_000)
        self.runtimes.flush()

    def names(self):
        return [one.name for one in self.runtimes.packs]


@pytest.fixture
def tried(monkeypatch):
    """The packs that were tried; each works until a test says otherwise."""
    names = []
    monkeypatch.setattr(checking, "check", lambda name, check_wanted: names.append(name) or "")
    return names


@pytest.fixture
def workplace(qtbot, program, tried, monkeypatch):
    monkeypatch.setattr(card, "look", lambda check_wanted: AMPERE)
    made = Workplace(qtbot)
    yield made
    made.close()


def test_what_there_is(workplace):
    runtimes = workplace.runtimes
    assert not runtimes.from_source
    assert runtimes.used.name == runtimes.next == "cpu"
    assert workplace.names() == ["cpu"]
    assert runtimes.sight == AMPERE
    assert (runtimes.advised, runtimes.idle_card, runtimes.needs_driver) == ("cu130", "NVIDIA GeForce RTX 3060", False)
    assert (runtimes.doing, runtimes.failure, workplace.told) == (None, None, [])


def test_from_source_no_card_lies_idle(qtbot, tried, monkeypatch):
    monkeypatch.setattr(card, "look", lambda check_wanted: AMPERE)
    workplace = Workplace(qtbot)
    assert workplace.runtimes.from_source
    assert workplace.runtimes.idle_card is None
    workplace.close()


def test_a_pack_is_installed_tried_and_used_from_the_next_start_on(workplace, tried, tmp_path):
    runtimes = workplace.runtimes
    deeds = []
    runtimes.changed.connect(lambda: deeds.append(runtimes.doing.deed if runtimes.doing else None))
    with workplace.bot.waitSignal(runtimes.ready, timeout=20_000) as ready:
        runtimes.install(write_zip(tmp_path / "a.zip"))
    workplace.wait()
    assert ready.args == ["cu130"]
    assert tried == ["cu130"]
    assert [deed for deed in dict.fromkeys(deeds) if deed] == [Deed.unpack, Deed.check]
    assert (runtimes.used.name, runtimes.next) == ("cpu", "cu130")
    assert workplace.names() == ["cpu", "cu130"]
    workplace.close()
    workplace.open()
    assert workplace.runtimes.used.name == "cu130"
    assert workplace.runtimes.idle_card is None


def test_one_that_does_not_work_is_not_used(workplace, monkeypatch, tmp_path):
    def check(name, check_wanted):
        raise PackCheckFailed(name=name, reason="no card")

    monkeypatch.setattr(checking, "check", check)
    workplace.runtimes.install(write_zip(tmp_path / "a.zip"))
    workplace.wait()
    assert isinstance(workplace.runtimes.failure, PackCheckFailed)
    assert workplace.runtimes.next == "cpu"
    assert workplace.names() == ["cpu", "cu130"], "it can be tried again, or removed"


def test_a_damaged_file_leaves_everything_as_it_was(workplace, tmp_path):
    files = listing()["files"]
    files[0]["sha256"] = "0" * 64
    workplace.runtimes.install(write_zip(tmp_path / "a.zip", changes={"files": files}))
    workplace.wait()
    assert isinstance(workplace.runtimes.failure, PackDamaged)
    assert workplace.names() == ["cpu"]


def test_the_shipped_one_needs_no_trying(workplace, tried):
    write_folder(paths.runtimes(), "cu130")
    attaching.choose("cu130")
    workplace.runtimes.use("cpu")
    workplace.wait()
    assert tried == []
    assert attaching.chosen() == "cpu"


def test_removing(workplace):
    write_folder(paths.runtimes(), "cu130")
    workplace.runtimes.look()
    workplace.runtimes.flush()
    assert workplace.names() == ["cpu", "cu130"]
    workplace.runtimes.remove("cu130")
    workplace.wait()
    assert workplace.names() == ["cpu"]


def test_what_is_used_is_not_removed(workplace):
    write_folder(paths.runtimes(), "cu130")
    attaching.choose("cu130")
    workplace.close()
    workplace.open()
    workplace.runtimes.remove("cu130")
    workplace.wait()
    assert isinstance(workplace.runtimes.failure, PackInUse)
    assert workplace.names() == ["cpu", "cu130"]


def test_stopping_ends_it_at_once(workplace, monkeypatch, tmp_path):
    begun = threading.Event()

    def check(name, check_wanted):
        begun.set()
        while True:
            check_wanted()

    monkeypatch.setattr(checking, "check", check)
    workplace.runtimes.install(write_zip(tmp_path / "a.zip"))
    workplace.bot.waitUntil(begun.is_set, timeout=20_000)
    workplace.runtimes.stop()
    workplace.wait()
    assert workplace.runtimes.failure is None
    assert workplace.runtimes.next == "cpu"


def test_closing_waits_for_no_driver_that_hangs(qtbot, program, monkeypatch):
    looked = threading.Event()

    def look(check_wanted):
        looked.set()
        while True:
            check_wanted()

    monkeypatch.setattr(card, "look", look)
    attaching.attach()
    messages = Messages()
    remembering = Remembering(messages)
    runtimes = Runtimes(remembering, messages)
    runtimes.look()
    assert looked.wait(20)
    runtimes.close()
    remembering.close()
    assert runtimes.sight is None


def test_a_choice_that_can_not_be_used_is_told_in_a_sentence(qtbot, program, monkeypatch):
    monkeypatch.setattr(card, "look", lambda check_wanted: Sight())
    write_folder(paths.runtimes(), "cu130", changes={"torch": "2.4.0"})
    attaching.choose("cu130")
    workplace = Workplace(qtbot)
    (message,) = workplace.told
    assert message.weight is Weight.error
    assert "PyTorch 2.4.0" in message.text
    assert workplace.runtimes.used.name == workplace.runtimes.next == "cpu"
    workplace.close()


def test_a_card_whose_driver_is_too_old(qtbot, program, monkeypatch):
    monkeypatch.setattr(card, "look", lambda check_wanted: Sight((Card("GTX 1080", "470.82", 2**33, (6, 1)),)))
    workplace = Workplace(qtbot)
    runtimes = workplace.runtimes
    assert (runtimes.advised, runtimes.idle_card, runtimes.needs_driver) == (None, None, True)
    said = Pack.from_json(listing())
    assert runtimes.fit(said) is Fit.older
    workplace.close()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    files = contents() | {f"{LIBRARY}/random": random.Random(1).randbytes(400_000)}
    content = write_zip(tmp_path / "cu130.zip", files=files).read_bytes()
    made = FakeHub({HOME: {"cu130.zip": content}})
    said = listing(files=files)
    size = sum(file["size"] for file in said["files"])
    part = PublishedFile("cu130.zip", len(content), "sha256", hashlib.sha256(content).hexdigest())
    address = f"{made.endpoint}/{HOME}/resolve/{REVISION}"
    offer = Offer(Pack.from_json({**said, "files": []}), size, address, (part,))
    monkeypatch.setattr(offers, "read", lambda: (offer,))
    yield made
    made.close()


def test_a_pack_is_fetched_and_used(hub, workplace, tried):
    assert [offer.pack.name for offer in workplace.runtimes.offers] == ["cu130"]
    assert hub.requests() == [], "nothing is asked for until somebody wants it"
    workplace.runtimes.download("cu130")
    workplace.wait()
    assert workplace.runtimes.failure is None
    assert workplace.names() == ["cpu", "cu130"]
    assert (tried, workplace.runtimes.next) == (["cu130"], "cu130")


def test_without_leave_to_use_the_network_nothing_is_fetched(hub, workplace):
    workplace.remembering.set(network=False)
    workplace.runtimes.download("cu130")
    workplace.wait()
    assert isinstance(workplace.runtimes.failure, NetworkOff)
    assert hub.requests() == []


def test_a_download_is_stopped_and_gone_on_with(hub, workplace):
    hub.faults = Faults(rate=300_000)
    runtimes = workplace.runtimes
    runtimes.download("cu130")
    workplace.bot.waitUntil(
        lambda: runtimes.doing is not None and runtimes.doing.delivery is not None and runtimes.doing.delivery.done > 0,
        timeout=20_000,
    )
    runtimes.stop()
    workplace.wait()
    assert runtimes.failure is None
    assert workplace.names() == ["cpu"]
    assert runtimes.offers[0].left < runtimes.offers[0].download_size
    hub.faults = Faults()
    runtimes.download("cu130")
    workplace.wait()
    assert workplace.names() == ["cpu", "cu130"]
