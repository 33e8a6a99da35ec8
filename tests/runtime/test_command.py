"""The command ``runtime``, with packs that are none and a program that is not built."""

from __future__ import annotations

import hashlib
import json

import pytest

from kandinsky_studio import cli, log, paths
from kandinsky_studio.engine import trying
from kandinsky_studio.errors import PackCheckFailed
from kandinsky_studio.runtime import attaching, card, checking
from kandinsky_studio.runtime.card import Card, Sight
from kandinsky_studio.runtime.pack import Pack
from kandinsky_studio.storage.models.manifest import PublishedFile
from kandinsky_studio.storage.runtimes import offers
from tests.hub import REVISION, FakeHub
from tests.runtime.packs import listing, write_folder, write_zip

HOME = "studio/runtimes"


@pytest.fixture(autouse=True)
def no_log_left():
    """The commands write a log, where this test has its home."""
    yield
    log.stop()


@pytest.fixture
def works(monkeypatch):
    monkeypatch.setattr(checking, "check", lambda name: "it multiplies")
    monkeypatch.setattr(card, "look", lambda: Sight((Card("RTX 3060", "580.95", 12 * 2**30, (8, 6)),)))


def told(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_from_source_there_is_nothing_to_choose(capsys, works, tmp_path):
    assert cli.main(["runtime"]) == 0
    assert "runs from its source" in capsys.readouterr().out
    for words in (["use", "cpu"], ["remove", "x"], ["install", str(tmp_path)], ["download", "x"], ["check", "cpu"]):
        assert cli.main(["runtime", *words]) == 1
        assert "runs from its source" in capsys.readouterr().err


def test_a_pack_is_installed_chosen_listed_and_removed(capsys, works, program, tmp_path):
    assert cli.main(["runtime", "install", str(write_zip(tmp_path / "a.zip"))]) == 0
    out = capsys.readouterr().out
    assert "cu130 is installed." in out
    assert "it multiplies" in out
    assert "cu130 is used from the next start on." in out
    assert attaching.chosen() == "cu130"
    assert cli.main(["runtime", "use", "cpu"]) == 0
    capsys.readouterr()
    assert cli.main(["runtime", "list", "--json"]) == 0
    packs = {one["name"]: one for one in told(capsys) if one["event"] == "pack"}
    assert packs["cpu"]["states"] == ["in use", "came with the program"]
    assert packs["cu130"]["states"] == []
    while attaching._kept:  # held by the starts before, which would have ended by now
        attaching._kept.pop().close()
    assert cli.main(["runtime", "remove", "cu130"]) == 0
    assert "3 MB given back" in capsys.readouterr().out
    assert not (paths.runtimes() / "cu130").exists()


def test_the_list_says_which_card_there_is_and_what_fits_it(capsys, works, program):
    write_folder(paths.runtimes(), "cu126", changes={"torch": "2.1.0"})
    attaching.choose("cu126")
    assert cli.main(["runtime", "list"]) == 0
    out = capsys.readouterr().out
    assert "RTX 3060, 12.9 GB, driver 580.95: the pack cu130 fits it" in out
    assert out.count("does not go with this version") == 2  # at the head, and in its row


@pytest.mark.parametrize(
    ("sight", "words"),
    [
        (Sight(), "There is no NVIDIA card here."),
        (Sight(silent=True), "The driver of the NVIDIA card does not answer."),
        (Sight((Card("GTX", "390.1", 2**30, (6, 1)),)), "the oldest driver for one is 525"),
    ],
)
def test_without_a_card_that_can_be_used(capsys, program, monkeypatch, sight, words):
    monkeypatch.setattr(card, "look", lambda: sight)
    assert cli.main(["runtime", "list"]) == 0
    assert words in capsys.readouterr().out


def test_one_that_does_not_work_is_not_chosen(capsys, program, monkeypatch, tmp_path):
    def check(name):
        raise PackCheckFailed(name=name, reason="no card")

    monkeypatch.setattr(checking, "check", check)
    assert cli.main(["runtime", "install", str(write_zip(tmp_path / "a.zip"))]) == 1
    assert "does not work on this computer: no card" in capsys.readouterr().err
    assert attaching.chosen() == "cpu"
    assert (paths.runtimes() / "cu130").is_dir()


def test_it_can_be_installed_without_being_used(capsys, program, monkeypatch, tmp_path):
    monkeypatch.setattr(checking, "check", lambda name: pytest.fail("nobody wants it tried"))
    assert cli.main(["runtime", "install", str(write_zip(tmp_path / "a.zip")), "--no-use"]) == 0
    assert attaching.chosen() == "cpu"


@pytest.mark.parametrize("name", ["cu130", "../x", ""])
def test_what_is_not_there(capsys, program, name):
    for deed in ("use", "remove", "check"):
        assert cli.main(["runtime", deed, name]) == 1
        assert "There is no runtime pack called" in capsys.readouterr().err


def test_a_build_that_lists_none(capsys, program):
    assert cli.main(["runtime", "download", "cu130"]) == 1
    assert "This build lists no runtime packs to download. Install one from a file." in capsys.readouterr().err


def test_a_pack_is_downloaded(capsys, works, program, monkeypatch, tmp_path):
    content = write_zip(tmp_path / "cu130.zip").read_bytes()
    hub = FakeHub({HOME: {"cu130.zip": content}})
    said = listing()
    part = PublishedFile("cu130.zip", len(content), "sha256", hashlib.sha256(content).hexdigest())
    size = sum(file["size"] for file in said["files"])
    offer = offers.Offer(Pack.from_json({**said, "files": []}), size, "http://127.0.0.1:1", (part,))
    monkeypatch.setattr(offers, "read", lambda: (offer,))
    try:
        address = f"{hub.endpoint}/{HOME}/resolve/{REVISION}"
        assert cli.main(["runtime", "download", "cu130", "--from", address, "--json"]) == 0
    finally:
        hub.close()
    events = [one["event"] for one in told(capsys)]
    assert [event for event in events if event != "progress"] == ["installed", "checking", "checked", "chosen"]
    assert attaching.chosen() == "cu130"


def test_without_any_torch_it_is_said_in_a_sentence(capsys, program):
    (program / "runtime" / "cpu").rename(program / "gone")
    for words in (["generate", "a circle"], ["embed", "a circle"], ["explain", "a circle"]):
        assert cli.main(words) == 1
        err = capsys.readouterr().err
        assert "PyTorch is missing, which every picture is made with. Install Kandinsky Studio again" in err


def test_trying_one_computes_with_it(capsys, program, monkeypatch):
    write_folder(paths.runtimes(), "cu130")
    monkeypatch.setenv(attaching.VARIABLE, "cu130")
    monkeypatch.setattr(trying, "try_out", lambda device: f"on {device}")
    assert cli.main(["runtime", "check", "cu130", "--json"]) == 0
    assert told(capsys) == [{"event": "checked", "name": "cu130", "said": "on cuda"}]


def test_trying_one_that_fails_says_why(capsys, program, monkeypatch):
    def fail(device):
        raise LookupError("PyTorch sees no CUDA device here")

    write_folder(paths.runtimes(), "cu130")
    monkeypatch.setenv(attaching.VARIABLE, "cu130")
    monkeypatch.setattr(trying, "try_out", fail)
    assert cli.main(["runtime", "check", "cu130", "--json"]) == 1
    assert told(capsys) == [{"event": "error", "reason": "PyTorch sees no CUDA device here"}]


def test_trying_one_that_is_refused_says_why(capsys, program, monkeypatch):
    write_folder(paths.runtimes(), "cu130", changes={"torch": "2.1.0"})
    monkeypatch.setenv(attaching.VARIABLE, "cu130")
    assert cli.main(["runtime", "check", "cu130", "--json"]) == 1
    assert "PyTorch 2.1.0" in told(capsys)[0]["reason"]


def test_the_torch_at_hand_computes():
    assert "TFLOPS, a picture in" in trying.try_out("cpu")


def test_a_device_that_is_not_there():
    with pytest.raises(LookupError, match="sees no NONESUCH device"):
        trying.try_out("nonesuch")
