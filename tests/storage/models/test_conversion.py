"""A folder of weights gets smaller, stays whole at every moment, and goes on making the same pictures."""

from __future__ import annotations

import hashlib
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from kandinsky_studio import paths
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.models import find
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.errors import BrokenModel, Cancelled, NotEnoughRoom
from kandinsky_studio.storage.models import conversion, manifest
from kandinsky_studio.storage.models.conversion import convert_folder, convertible
from kandinsky_studio.storage.models.manifest import Manifest, PublishedFile


@pytest.fixture
def folder(tmp_path):
    """A repository of two networks in single precision, one of them a pickle, with its manifest."""
    folder = tmp_path / "repository"
    for name in ("unet", "text_encoder"):
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text("{}")
    save_file({"w": torch.randn(100, 100)}, folder / "unet" / "diffusion_pytorch_model.safetensors")
    torch.save({"w": torch.randn(100, 100)}, folder / "text_encoder" / "pytorch_model.bin")
    files = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        files.append(PublishedFile(path.relative_to(folder).as_posix(), path.stat().st_size, "sha256", digest))
    manifest.write(folder, Manifest("a/b", "0" * 40, tuple(files)))
    return folder


def names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.suffix in (".safetensors", ".bin"))


def test_both_networks_become_half_as_large(folder):
    told = []
    # A copy: what is read is the file itself, which Windows does not delete then.
    before = load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")["w"].clone()
    saved = convert_folder(folder, told.append)
    assert names(folder) == ["diffusion_pytorch_model.fp16.safetensors", "model.fp16.safetensors"]
    assert saved > 35_000
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)
    assert torch.equal(load_file(folder / "unet" / "diffusion_pytorch_model.fp16.safetensors")["w"], before.half())
    now = manifest.read(folder)
    assert manifest.damaged(folder, now) == ()
    assert {file.path for file in now.files if not file.path.endswith(".json")} == {
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "text_encoder/model.fp16.safetensors",
    }
    assert convertible(folder) == []
    assert convert_folder(folder) == 0


def test_cancelled_between_two_files_the_folder_is_whole(folder):
    def stop(fraction):
        if fraction > 0.7:
            raise Cancelled

    with pytest.raises(Cancelled):
        convert_folder(folder, stop)
    assert manifest.damaged(folder, manifest.read(folder)) == ()
    assert len(convertible(folder)) == 1
    convert_folder(folder)
    assert manifest.damaged(folder, manifest.read(folder)) == ()


def test_too_little_room_is_told_first(folder, monkeypatch):
    usage = shutil.disk_usage(folder)
    monkeypatch.setattr(conversion.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(NotEnoughRoom):
        convert_folder(folder)
    assert manifest.damaged(folder, manifest.read(folder)) == ()


def test_a_damaged_network_is_named(folder):
    (folder / "text_encoder" / "pytorch_model.bin").write_bytes(b"rubbish")
    with pytest.raises(BrokenModel) as raised:
        convert_folder(folder)
    assert "pytorch_model.bin" in str(raised.value)


def test_a_model_draws_from_what_was_converted(tmp_path):
    model = tmp_path / "model"
    shutil.copytree(paths.builtin_model(), model)
    widened = 0
    for path in model.rglob("*.safetensors"):
        wide = {name: values.float() for name, values in load_file(path).items()}
        path.unlink()
        save_file(wide, path.with_name(path.name.replace(".fp16", "")))
        widened += 1
    assert widened > 3
    request = GenerationRequest("a red circle on a blue background", model=str(model), num_inference_steps=8)
    [before] = Engine("cpu", "float32").generate(request)
    convert_folder(model)
    find(str(model)).check()
    assert all(path.name.endswith(".fp16.safetensors") for path in model.rglob("*.safetensors"))
    [after] = Engine("cpu", "float32").generate(request)
    assert np.abs(before.image.astype(int) - after.image.astype(int)).max() <= 2
