"""Weights in half precision are the same weights; hostile files are refused and nothing of them runs."""

from __future__ import annotations

import os
import pickle
import zipfile

import pytest
import torch
from safetensors.torch import load_file, save_file

from kandinsky_studio.engine.converting import convert, is_wide
from kandinsky_studio.errors import Cancelled


@pytest.fixture
def weights():
    generator = torch.Generator().manual_seed(0)
    return {
        "b.weight": torch.randn(300, 200, generator=generator),
        "a.weight": torch.randn(7, 3, 5, generator=generator).to(torch.bfloat16),
        "a.scalar": torch.tensor(3.0),
        "positions": torch.arange(50),
        "none": torch.zeros(0, 4),
        "flags": torch.tensor([True, False]),
    }


def assert_half(made, weights):
    assert made.keys() == weights.keys()
    for name, before in weights.items():
        wide = before.dtype in (torch.float32, torch.float64)
        assert torch.equal(made[name], before.half() if wide else before)
        assert made[name].shape == before.shape


def test_tensors_of_32_bits_become_16_and_others_stay(tmp_path, weights):
    save_file(weights, tmp_path / "model.safetensors")
    told = []
    made = convert(tmp_path / "model.safetensors", tmp_path / "half.safetensors", on_progress=told.append)
    assert_half(load_file(tmp_path / "half.safetensors"), weights)
    assert (tmp_path / "half.safetensors").stat().st_size == made.size
    assert made.kept == ()
    assert told[-1] == 1
    assert is_wide(tmp_path / "model.safetensors")
    assert not is_wide(tmp_path / "half.safetensors")


def test_the_digest_is_that_of_the_file(tmp_path, weights):
    import hashlib

    save_file(weights, tmp_path / "model.safetensors")
    made = convert(tmp_path / "model.safetensors", tmp_path / "half.safetensors")
    assert made.sha256 == hashlib.sha256((tmp_path / "half.safetensors").read_bytes()).hexdigest()


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_pickle_of_plain_weights_becomes_safetensors(tmp_path, weights, wrapped):
    torch.save({"state_dict": weights} if wrapped else weights, tmp_path / "model.bin")
    convert(tmp_path / "model.bin", tmp_path / "half.safetensors")
    assert_half(load_file(tmp_path / "half.safetensors"), weights)


def test_what_would_become_infinite_stays(tmp_path, weights):
    weights["large"] = torch.tensor([1.0, 1e6])
    save_file(weights, tmp_path / "model.safetensors")
    made = convert(tmp_path / "model.safetensors", tmp_path / "half.safetensors")
    assert made.kept == ("large",)
    assert torch.equal(load_file(tmp_path / "half.safetensors")["large"], weights["large"])
    made = convert(tmp_path / "model.safetensors", tmp_path / "bf.safetensors", "bfloat16")
    assert made.kept == ()


class Evil:
    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return os.mkdir, (str(self.place),)


def test_a_hostile_pickle_is_refused_and_does_not_run(tmp_path):
    trap = tmp_path / "trap"
    torch.save({"weight": torch.zeros(3), "other": Evil(trap)}, tmp_path / "new.bin")
    (tmp_path / "old.bin").write_bytes(pickle.dumps(Evil(trap)))
    with zipfile.ZipFile(tmp_path / "made.bin", "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(Evil(trap)))
        file.writestr("archive/version", "3")
    for name in ("new.bin", "old.bin", "made.bin"):
        with pytest.raises(ValueError, match="damaged, or holds more than weights"):
            convert(tmp_path / name, tmp_path / "half.safetensors")
    assert not trap.exists()
    assert not (tmp_path / "half.safetensors").exists()


@pytest.mark.parametrize(
    "content", [b"", b"rubbish" * 100, b"\xff" * 8 + b"{}", (10).to_bytes(8, "little") + b"not json.."]
)
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        convert(tmp_path / "model.safetensors", tmp_path / "half.safetensors")
    with pytest.raises(FileNotFoundError):
        convert(tmp_path / "nothing.safetensors", tmp_path / "half.safetensors")


def test_cancelled_it_leaves_nothing_behind(tmp_path, weights):
    save_file(weights, tmp_path / "model.safetensors")

    def stop(fraction):
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        convert(tmp_path / "model.safetensors", tmp_path / "half.safetensors", on_progress=stop)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["model.safetensors"]
