"""The packs of a release are put into the program's list before it is frozen."""

import json

import pytest
import runtime_lists

from kandinsky_studio.errors import BrokenCatalogue
from kandinsky_studio.runtime.pack import Pack, platform_tag, python_tag
from kandinsky_studio.storage.runtimes import offers

ADDRESS = "https://example.invalid/releases/v1.2.3"


def _list(folder, name, platform, *, address=ADDRESS, **changed):
    pack = Pack(name, "2.13.0+cu126", "2.13.0", python_tag(), platform, "cuda", "525.60.13", ((5, 0), (9, 0)), ())
    part = {"name": f"kandinsky-studio-runtime-{name}.zip", "size": 5, "sha256": "0" * 64}
    told = pack.to_json() | {"size": 7, "parts": [part]} | changed
    told.pop("files")
    folder.mkdir(exist_ok=True)
    content = {"version": 1, "address": address, "packs": [told]}
    (folder / f"{name}-{platform}.json").write_text(json.dumps(content), encoding="utf-8")


def test_lists_are_joined_and_the_program_reads_the_outcome(tmp_path):
    _list(tmp_path / "lists", "cu130", platform_tag())
    _list(tmp_path / "lists", "cu126", platform_tag())
    _list(tmp_path / "lists", "cu126", "another_system")
    catalogue = tmp_path / "runtimes.json"
    assert runtime_lists.fill(tmp_path / "lists", catalogue) == 3
    found = offers.read(catalogue)
    assert [(offer.pack.name, offer.address) for offer in found] == [("cu126", ADDRESS), ("cu130", ADDRESS)]
    assert not list(tmp_path.glob("*.partial"))


def test_nothing_to_list_is_an_error(tmp_path):
    with pytest.raises(runtime_lists.NoLists, match="missing or empty"):
        runtime_lists.joined(tmp_path)
    (tmp_path / "empty.json").write_text('{"version": 1, "address": null, "packs": []}', encoding="utf-8")
    with pytest.raises(runtime_lists.NoLists, match="missing or empty"):
        runtime_lists.joined(tmp_path)


def test_lists_of_two_releases_are_not_joined(tmp_path):
    _list(tmp_path / "lists", "cu126", "a")
    _list(tmp_path / "lists", "cu130", "a", address="https://example.invalid/releases/v1.2.4")
    with pytest.raises(runtime_lists.NoLists, match="different releases"):
        runtime_lists.joined(tmp_path / "lists")


def test_what_the_program_could_not_read_replaces_nothing(tmp_path):
    _list(tmp_path / "lists", "cu126", "a", parts=[{"name": "../elsewhere", "size": 1, "sha256": "0" * 64}])
    catalogue = tmp_path / "runtimes.json"
    catalogue.write_text("before", encoding="utf-8")
    with pytest.raises(BrokenCatalogue):
        runtime_lists.fill(tmp_path / "lists", catalogue)
    assert catalogue.read_text(encoding="utf-8") == "before"
    assert not list(tmp_path.glob("*.partial"))
