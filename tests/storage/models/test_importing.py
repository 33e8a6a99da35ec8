"""Weights from folders, caches and downloads are told by what they are, and copied whole or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import save

from kandinsky_studio import paths
from kandinsky_studio.errors import Cancelled, NotEnoughRoom, WrongFile
from kandinsky_studio.storage.models import catalogue, importing, manifest
from kandinsky_studio.storage.models.delivery import is_here
from kandinsky_studio.storage.models.importing import bring, look
from kandinsky_studio.storage.models.manifest import Manifest, PublishedFile

REVISION = "a" * 40
DECODER = "kandinsky-2-2-decoder"
UNET = {"_class_name": "UNet2DConditionModel", "in_channels": 4, "encoder_hid_dim_type": "image_proj"}


def network(numbers, dtype=np.float32):
    return save({"w": np.arange(numbers, dtype=dtype)})


DECODER_FILES = {
    "unet/config.json": json.dumps(UNET).encode(),
    "unet/diffusion_pytorch_model.safetensors": network(1000),
    "movq/config.json": b'{"_class_name": "VQModel"}',
    "movq/diffusion_pytorch_model.safetensors": network(300),
    "scheduler/scheduler_config.json": b'{"_class_name": "DDPMScheduler"}',
    "README.md": b"words",
}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The catalogue, with networks as small as those of the tests."""
    values = json.loads((paths.resources() / "models" / "catalogue.json").read_text(encoding="utf-8"))
    values["repositories"][DECODER]["parts"]["unet"]["numbers"] = 1000
    for repository in (DECODER, "kandinsky-2-1"):
        values["repositories"][repository]["parts"]["movq"]["numbers"] = 300
    file = tmp_path_factory.mktemp("catalogue") / "catalogue.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    return catalogue.read(file)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "models"


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def published(files):
    return tuple(
        PublishedFile(name, len(content), "sha256", hashlib.sha256(content).hexdigest())
        for name, content in files.items()
    )


def wanted(files):
    return {name: content for name, content in files.items() if name != "README.md"}


def assert_there(folder, files):
    assert {name: (folder / name).read_bytes() for name in files} == files


def parts(shipped, *names):
    offer = shipped.offers["kandinsky-2.2"]
    return [part for part in offer.parts(offer.tasks) if part.repository.folder == DECODER and part.name in names]


def test_a_folder_of_a_repository_is_told_by_its_name(tmp_path, place, shipped):
    write(tmp_path / "stick" / "AI" / DECODER, DECODER_FILES)
    findings = look(tmp_path / "stick", shipped)
    told = []
    assert bring(findings, place, lambda done, total: told.append((done, total))) == (place / DECODER,)
    assert_there(place / DECODER, wanted(DECODER_FILES))
    assert not (place / DECODER / "README.md").exists()
    assert manifest.read(place / DECODER) is None  # nobody said which revision it is
    assert told[-1][0] == told[-1][1] == findings.size


def test_a_folder_with_its_list_is_checked_against_it(tmp_path, place, shipped):
    source = tmp_path / "stick" / "whatever"
    write(source, DECODER_FILES)
    manifest.write(source, Manifest(f"kandinsky-community/{DECODER}", REVISION, published(wanted(DECODER_FILES))))
    bring(look(tmp_path / "stick", shipped), place)
    assert manifest.read(place / DECODER).revision == REVISION
    assert manifest.damaged(place / DECODER, manifest.read(place / DECODER)) == ()
    prior_is_missing = is_here(shipped.offers["kandinsky-2.2"], ["text2image"], place)
    assert not prior_is_missing


def test_a_damaged_copy_is_refused_by_name(tmp_path, place, shipped):
    source = tmp_path / "stick" / DECODER
    write(source, DECODER_FILES)
    manifest.write(source, Manifest(f"kandinsky-community/{DECODER}", REVISION, published(wanted(DECODER_FILES))))
    rotten = source / "unet" / "diffusion_pytorch_model.safetensors"
    rotten.write_bytes(rotten.read_bytes()[:-1] + b"\xff")
    with pytest.raises(WrongFile) as raised:
        bring(look(tmp_path / "stick", shipped), place)
    assert raised.value.values["file"] == "diffusion_pytorch_model.safetensors"
    assert not (place / DECODER / "unet" / "diffusion_pytorch_model.safetensors").exists()
    assert not list(place.rglob("*.partial"))


def test_the_cache_of_the_hub_says_revision_and_digests(tmp_path, place, shipped):
    cache = tmp_path / "hub" / f"models--kandinsky-community--{DECODER}"
    for name, content in DECODER_FILES.items():
        blob = cache / "blobs" / hashlib.sha256(content).hexdigest()
        link = cache / "snapshots" / REVISION / name
        blob.parent.mkdir(parents=True, exist_ok=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(content)
        link.symlink_to(blob)
    write(cache, {"refs/main": REVISION.encode()})
    bring(look(tmp_path / "hub", shipped), place)
    assert_there(place / DECODER, wanted(DECODER_FILES))
    assert not any(path.is_symlink() for path in place.rglob("*"))
    assert manifest.read(place / DECODER).revision == REVISION


def test_downloads_of_a_browser_are_told_by_what_is_in_them(tmp_path, place, shipped):
    downloads = {
        "diffusion_pytorch_model (1).safetensors": DECODER_FILES["unet/diffusion_pytorch_model.safetensors"],
        "diffusion_pytorch_model.safetensors": DECODER_FILES["movq/diffusion_pytorch_model.safetensors"],
        "config.json": DECODER_FILES["unet/config.json"],
        "config(2).json": DECODER_FILES["movq/config.json"],
        "holiday.jpg": b"\xff\xd8",
        "invoice.json": b'{"total": 3}',
        "half.safetensors": DECODER_FILES["unet/diffusion_pytorch_model.safetensors"][:-100],
    }
    write(tmp_path / "Downloads", downloads)
    findings = look(tmp_path / "Downloads", shipped)
    [unet] = parts(shipped, "unet")
    [movq] = parts(shipped, "movq")
    [scheduler] = parts(shipped, "scheduler")
    assert findings.lacks(unet, place) == findings.lacks(movq, place) == []
    assert findings.lacks(scheduler, place) == ["scheduler/scheduler_config.json"]
    bring(findings, place)
    for name in ("unet", "movq"):
        for file in ("config.json", "diffusion_pytorch_model.safetensors"):
            assert (place / DECODER / name / file).read_bytes() == DECODER_FILES[f"{name}/{file}"]
    assert "holiday.jpg" not in {file.source.name for file in findings.files}
    assert findings.lacks(unet, place) == []


def test_half_precision_keeps_its_name(tmp_path, place, shipped):
    write(tmp_path / "d", {"x.safetensors": network(1000, np.float16), "c.json": DECODER_FILES["unet/config.json"]})
    bring(look(tmp_path / "d", shipped), place)
    assert (place / DECODER / "unet" / "diffusion_pytorch_model.fp16.safetensors").is_file()


def test_what_is_there_is_not_copied_again(tmp_path, place, shipped):
    write(tmp_path / "stick" / DECODER, DECODER_FILES)
    findings = look(tmp_path / "stick", shipped)
    bring(findings, place)
    told = []
    bring(findings, place, lambda done, total: told.append(done))
    assert told == []


def test_cancelled_it_keeps_what_is_whole(tmp_path, place, shipped):
    write(tmp_path / "stick" / DECODER, DECODER_FILES)
    findings = look(tmp_path / "stick", shipped)

    def stop(done, total):
        if done > total * 0.8:
            raise Cancelled

    with pytest.raises(Cancelled):
        bring(findings, place, stop)
    for path in place.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == DECODER_FILES[path.relative_to(place / DECODER).as_posix()]
    bring(findings, place)
    assert_there(place / DECODER, wanted(DECODER_FILES))


def test_too_little_room_is_told_first(tmp_path, place, shipped, monkeypatch):
    write(tmp_path / "stick" / DECODER, DECODER_FILES)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(importing.shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(NotEnoughRoom):
        bring(look(tmp_path / "stick", shipped), place)


def test_an_empty_folder_and_one_that_is_gone_hold_nothing(tmp_path, shipped):
    assert look(tmp_path / "nowhere", shipped).files == ()
    (tmp_path / "empty").mkdir()
    assert look(tmp_path / "empty", shipped).files == ()


def test_a_list_that_leads_out_of_its_folder_is_no_list(tmp_path, shipped):
    source = tmp_path / "stick" / DECODER
    write(source, {"unet/config.json": DECODER_FILES["unet/config.json"]})
    values = Manifest(f"kandinsky-community/{DECODER}", REVISION, ()).to_json()
    values["files"] = [{"path": "../../evil", "size": 1, "algorithm": "sha256", "digest": "0" * 64}]
    (source / manifest.NAME).write_text(json.dumps(values))
    findings = look(tmp_path / "stick", shipped)
    assert [file.path for file in findings.files] == ["unet/config.json"]
    assert findings.revisions == {}


def test_a_known_digest_tells_a_file_by_name_and_size(tmp_path, shipped):
    content = b"a tokenizer"
    write(tmp_path / "Downloads", {"merges.txt": content})
    file = published({"tokenizer/merges.txt": content})
    offer = shipped.offers["kandinsky-2.2"]
    [tokenizer] = [p for p in offer.parts(["text2image"]) if p.name == "tokenizer"]
    known = dataclasses.replace(tokenizer.repository, revision=REVISION, files=file, verified=True)
    part = dataclasses.replace(tokenizer, repository=known)
    small = catalogue.Catalogue({"kandinsky-2.2": catalogue.Offer("kandinsky-2.2", {"text2image": (part,)})})
    [found] = look(tmp_path / "Downloads", small).files
    assert (found.path, found.known) == ("tokenizer/merges.txt", file[0])
