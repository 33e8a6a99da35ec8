"""The command ``models``, from the first byte to the last."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from kandinsky_studio import cli, log, paths
from kandinsky_studio.storage import preferences
from kandinsky_studio.storage.models import manifest
from kandinsky_studio.storage.preferences import Preferences
from tests.hub import REVISION, FakeHub, Faults

MODEL = "depth-anything-v2-small"
REPOSITORY = "depth-anything/Depth-Anything-V2-Small-hf"
FOLDER = "Depth-Anything-V2-Small-hf"
NEWER = b'{"model_type": "depth_anything", "better": 1}'
WEIGHTS = save({"w": np.random.default_rng(0).standard_normal(100_000).astype(np.float32)})
FILES = {
    "config.json": b'{"model_type": "depth_anything"}',
    "preprocessor_config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "README.md": b"nobody needs this",
}


@pytest.fixture(autouse=True)
def no_log_left():
    """The commands write a log, where this test has its home."""
    yield
    log.stop()


@pytest.fixture
def hub():
    made = FakeHub({REPOSITORY: FILES})
    yield made
    made.close()


def told(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_model_is_fetched_checked_made_smaller_moved_and_removed(tmp_path, capsys, hub):
    assert cli.main(["models", "download", MODEL, "--from", hub.endpoint]) == 0
    out = capsys.readouterr().out
    assert "to fetch" in out
    assert f"{MODEL} is here." in out
    folder = paths.models() / FOLDER
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert not (folder / "README.md").exists()
    assert cli.main(["models", "verify", MODEL]) == 0
    assert "whole" in capsys.readouterr().out
    assert cli.main(["models", "convert", MODEL]) == 0
    assert "200 kB given back" in capsys.readouterr().out
    [half] = load_file(folder / "model.fp16.safetensors").values()
    assert half.dtype == np.float16
    assert cli.main(["models", "verify"]) == 0
    assert cli.main(["models", "move", str(tmp_path / "disk")]) == 0
    assert paths.models() == tmp_path / "disk"
    assert cli.main(["models", "verify", MODEL]) == 0
    assert cli.main(["models", "remove", MODEL]) == 0
    assert list(paths.models().iterdir()) == []
    assert cli.main(["models", "remove", MODEL]) == 1


def test_machines_get_one_object_a_line(capsys, hub):
    assert cli.main(["models", "download", MODEL, "--from", hub.endpoint, "--json"]) == 0
    events = told(capsys)
    assert [event["event"] for event in events if event["event"] != "progress"] == ["need", "total", "done"]
    size = sum(len(content) for name, content in FILES.items() if name != "README.md")
    assert events[0] == {
        "event": "need",
        "repository": REPOSITORY,
        "revision": "0123456789abcdef0123456789abcdef01234567",
        "size": size,
        "left": size,
        "exact": True,
    }
    [last] = [event for event in events if event["event"] == "progress" and event["done"] == event["total"]]
    assert last["total"] == size
    assert cli.main(["models", "list", "--json"]) == 0
    assert {event["model"]: event["here"] for event in told(capsys)}["builtin"] is True


def test_what_would_be_fetched_is_said_without_asking(capsys, hub):
    assert cli.main(["models", "download", "kandinsky-2.2", "--task", "text2image", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "about" in out
    assert "inpaint" not in out
    assert hub.log == []


def test_a_cut_download_says_so_and_goes_on(capsys, hub, monkeypatch):
    monkeypatch.setattr("kandinsky_studio.storage.models.transfer._TRIES", 1)
    hub.faults = Faults(status=503, only="model.safetensors")
    assert cli.main(["models", "download", MODEL, "--from", hub.endpoint]) == 1
    assert "Go on later" in capsys.readouterr().err
    hub.faults = Faults()
    assert cli.main(["models", "download", MODEL, "--from", hub.endpoint]) == 0
    assert cli.main(["models", "download", MODEL, "--from", "http://127.0.0.1:9"]) == 0  # nothing is left to ask for


def delivered(hub, capsys):
    """Have the model, then let the Hub have a newer edition of it, of which one small file differs."""
    assert cli.main(["models", "download", MODEL, "--from", hub.endpoint]) == 0
    folder = paths.models() / FOLDER
    manifest.write(folder, dataclasses.replace(manifest.read(folder), revision="a" * 40))
    hub.files[REPOSITORY] = {**FILES, "config.json": NEWER}
    hub.sent = 0
    hub.log.clear()
    capsys.readouterr()
    return folder


def test_a_newer_edition_is_told_and_nothing_is_fetched(capsys, hub):
    folder = delivered(hub, capsys)
    assert cli.main(["models", "update", "--check", "--from", hub.endpoint]) == 0
    assert capsys.readouterr().out == f"{MODEL} has a newer edition: 45 B to fetch of 400 kB\n"
    assert hub.sent == 0
    assert manifest.read(folder).revision == "a" * 40
    assert not (paths.models() / ".newer").exists()


def test_of_a_newer_edition_what_differs_is_fetched(capsys, hub):
    folder = delivered(hub, capsys)
    assert cli.main(["models", "update", MODEL, "--from", hub.endpoint]) == 0
    assert f"{MODEL} is up to date now." in capsys.readouterr().out
    assert hub.sent == len(NEWER)
    assert (folder / "config.json").read_bytes() == NEWER
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert manifest.read(folder).revision == REVISION
    assert cli.main(["models", "verify", MODEL]) == 0
    capsys.readouterr()
    assert cli.main(["models", "update", "--from", hub.endpoint]) == 0
    assert capsys.readouterr().out == f"{MODEL} is up to date.\n"


def test_machines_hear_of_editions(capsys, hub):
    delivered(hub, capsys)
    size = sum(map(len, FILES.values())) - len(FILES["README.md"]) - len(FILES["config.json"]) + len(NEWER)
    newer = {"event": "newer", "model": MODEL, "left": len(NEWER), "size": size, "revisions": {REPOSITORY: REVISION}}
    assert cli.main(["models", "update", "--check", "--json", "--from", hub.endpoint]) == 0
    assert told(capsys) == [newer]
    assert cli.main(["models", "update", "--json", "--from", hub.endpoint]) == 0
    first, *progress, last = told(capsys)
    assert first == newer
    assert {event["event"] for event in progress} == {"progress"}
    assert last == {"event": "updated", "model": MODEL}
    assert cli.main(["models", "update", MODEL, "--json", "--from", hub.endpoint]) == 0
    assert told(capsys) == [{"event": "current", "model": MODEL}]


def test_an_edition_that_lacks_what_is_here_is_left_alone(capsys, hub):
    folder = delivered(hub, capsys)
    del hub.files[REPOSITORY]["model.safetensors"]
    assert cli.main(["models", "update", "--from", hub.endpoint]) == 1
    assert "the newer edition lacks what is here" in capsys.readouterr().out
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert manifest.read(folder).revision == "a" * 40


def test_an_update_that_is_cut_leaves_the_old_edition_and_goes_on(capsys, hub, monkeypatch):
    monkeypatch.setattr("kandinsky_studio.storage.models.transfer._TRIES", 1)
    folder = delivered(hub, capsys)
    hub.faults = Faults(status=503, only="config.json")
    assert cli.main(["models", "update", "--from", hub.endpoint]) == 1
    assert "Go on later" in capsys.readouterr().err
    assert (folder / "config.json").read_bytes() == FILES["config.json"]
    hub.faults = Faults()
    assert cli.main(["models", "update", "--from", hub.endpoint]) == 0
    assert (folder / "config.json").read_bytes() == NEWER


def test_what_is_not_here_or_not_allowed_is_not_asked_for(capsys, hub):
    assert cli.main(["models", "update", MODEL, "--from", hub.endpoint]) == 1
    assert MODEL in capsys.readouterr().err
    assert cli.main(["models", "update", "nonsense"]) == 2
    delivered(hub, capsys)
    preferences.save(Preferences(network=False, hub_address=hub.endpoint))
    assert cli.main(["models", "update", "--check"]) == 1
    assert "not allowed to use the network" in capsys.readouterr().err
    assert hub.log == []


def test_a_damaged_file_is_named(capsys, hub):
    cli.main(["models", "download", MODEL, "--from", hub.endpoint])
    weights = paths.models() / FOLDER / "model.safetensors"
    weights.write_bytes(b"\0" * len(WEIGHTS))
    capsys.readouterr()
    assert cli.main(["models", "verify", MODEL]) == 1
    assert "damaged or missing: model.safetensors" in capsys.readouterr().out


def test_weights_are_imported_from_a_folder(tmp_path, capsys, hub):
    source = tmp_path / "stick" / FOLDER
    source.mkdir(parents=True)
    for name, content in FILES.items():
        (source / name).write_bytes(content)
    assert cli.main(["models", "import", str(tmp_path / "stick")]) == 0
    assert str(paths.models() / FOLDER) in capsys.readouterr().out
    assert (paths.models() / FOLDER / "model.safetensors").read_bytes() == WEIGHTS
    shutil.rmtree(paths.models() / FOLDER)
    (source / "model.safetensors").unlink()
    assert cli.main(["models", "import", str(tmp_path / "stick")]) == 0
    assert f"{MODEL} still lacks {FOLDER}/model.safetensors" in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    assert cli.main(["models", "import", str(tmp_path / "empty")]) == 1


@pytest.mark.parametrize(
    "arguments",
    [["download", "kandinsky-9"], ["download", "kandinsky-2.0", "--task", "mix"], ["verify", "x"], ["remove", "x"]],
)
def test_what_makes_no_sense_is_said(capsys, arguments):
    assert cli.main(["models", *arguments]) == 2
    assert "kandinsky-studio: " in capsys.readouterr().err


def test_the_original_files_stay_as_they_are(capsys):
    (paths.models() / "Kandinsky_2.0").mkdir(parents=True)
    (paths.models() / "Kandinsky_2.0" / "Kandinsky-2-0.pt").write_bytes(b"x")
    assert cli.main(["models", "convert", "kandinsky-2.0"]) == 1
    assert cli.main(["models", "convert"]) == 0
    assert (paths.models() / "Kandinsky_2.0" / "Kandinsky-2-0.pt").exists()
