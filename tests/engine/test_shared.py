"""A network that keeps a part of its weights in another's file is read whole, or not at all."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from kandinsky_studio.engine import shared


@pytest.fixture
def model(tmp_path: Path) -> Path:
    base = tmp_path / "plain" / "unet"
    base.mkdir(parents=True)
    save_file({"a": torch.ones(3), "b": torch.zeros(2, 2)}, base / shared.WEIGHTS)
    return tmp_path


def test_only_what_differs_is_kept(model: Path) -> None:
    folder = model / "inpaint" / "unet"
    state = {"a": torch.ones(3), "b": torch.full((2, 2), 5.0), "c": torch.arange(4.0)}
    shared.save(state, folder, rest_in="plain/unet")
    assert load_file(folder / shared.WEIGHTS).keys() == {"b", "c"}
    read = shared.read(folder)
    assert read.keys() == state.keys()
    assert all(torch.equal(read[name], state[name]) for name in state)


def test_another_shape_is_another_tensor(model: Path) -> None:
    folder = model / "inpaint" / "unet"
    shared.save({"a": torch.ones(3), "b": torch.zeros(2, 3)}, folder, rest_in="plain/unet")
    assert shared.read(folder)["b"].shape == (2, 3)


def test_a_whole_file_needs_no_other(model: Path) -> None:
    assert shared.read(model / "plain" / "unet").keys() == {"a", "b"}


def test_what_does_not_fit_is_refused(model: Path) -> None:
    with pytest.raises(ValueError, match="lacks"):
        shared.load(torch.nn.Linear(3, 1), model / "plain" / "unet")


@pytest.mark.parametrize("place", ["../../etc", "/etc", "a/../../b", "C:\\weights", "c:/weights"])
def test_no_place_outside_of_the_model_is_read(model: Path, place: str) -> None:
    folder = model / "hostile" / "unet"
    folder.mkdir(parents=True)
    save_file({"c": torch.ones(1)}, folder / shared.WEIGHTS, metadata={shared.REST_IN: place})
    with pytest.raises(ValueError, match="out of its model"):
        shared.read(folder)
