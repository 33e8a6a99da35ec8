"""Photoshop's files as we write them: what comes back, and what another reader makes of them."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Label, Layer, State
from kandinsky_studio.document.surface import Depth, Surface, from_rgba
from kandinsky_studio.errors import DiskFull, FolderNotWritable, TooLargeForPsd
from kandinsky_studio.storage import psd as names
from kandinsky_studio.storage import psd_writing
from kandinsky_studio.storage.document_notes import DocumentNote
from kandinsky_studio.storage.psd_reading import read_psd
from kandinsky_studio.storage.psd_writing import write_psd
from tests.storage.documents import everything, group, noise, picture, render, soft

CANVAS = Rect(0, 0, 64, 48)
CUTTING = [mode for mode in BlendMode if mode not in names.MODE_KEYS]
# psd-tools computes these by formulas of its own, or differently where both layers are see-through.
OTHERWISE = {BlendMode.ADD, BlendMode.HARD_MIX}


@pytest.fixture(params=[".psd", ".psb"])
def path(folder: Path, request: pytest.FixtureRequest) -> Path:
    return folder / f"a{request.param}"


def flat(*layers: Layer, canvas: Rect = CANVAS) -> State:
    return State(canvas, layers)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """The most that two pictures of straight RGBA differ, as levels of what is seen on black, and of alpha."""
    return np.abs(on_black(a) - on_black(b)).max()


def on_black(pixels: np.ndarray) -> np.ndarray:
    """Colours as seen on black, and alpha."""
    values = pixels.astype(float)
    values[..., :3] *= values[..., 3:] / 255
    return values


def theirs(path: Path) -> np.ndarray:
    """The layers as psd-tools puts them together."""
    return np.asarray(PSDImage.open(path).composite(force=True).convert("RGBA"))


def smooth(id: int, width: int = 64, height: int = 48, x: int = 0, y: int = 0, **values: object) -> Layer:
    """A layer whose colours and alpha go over into one another."""
    planes = [soft(10 * id + number, width, height) for number in range(4)]
    planes[3] = np.maximum(planes[3], 60)
    pixels = Surface.from_image(from_rgba(np.dstack(planes)), x, y)
    return Layer(id, Kind.PIXELS, f"Layer {id}", pixels, **values)


def test_everything_that_photoshop_has_comes_back(path):
    state = everything()
    assert write_psd(path, state) == ()
    read = read_psd(path)
    assert read.notes == ()
    assert not read.profile_ignored
    assert read.state.canvas == Rect(0, 0, state.canvas.width, state.canvas.height)
    assert read.state.resolution == pytest.approx(state.resolution, abs=1e-4)
    written = [layer for layer in state.walk() if layer.in_picture]
    for a, b in zip(read.state.walk(), written, strict=True):
        assert a.name.rstrip("?") == b.name.rstrip("\ud800")
        assert abs(a.opacity - b.opacity) <= 0.002
        for name in ("kind", "visible", "mode", "locked", "label", "mask_enabled"):
            assert getattr(a, name) == getattr(b, name), (b.name, name)
        assert (a.mask is None) == (b.mask is None)
        assert a.alpha_locked == b.alpha_locked
        for one, other in ((a.pixels, b.pixels), (a.mask, b.mask)):
            if one is not None and other is not None and not other.content.is_empty:
                assert one.default == other.default
                assert np.array_equal(one.array(one.content), other.array(other.content)), b.name
                assert one.content.moved(*state.canvas[:2]) == other.content
    assert difference(render(read.state), render(state)) == 0


@pytest.mark.parametrize("mode", names.MODE_KEYS)
def test_every_mode_makes_the_same_picture(folder, mode):
    path = folder / "a.psd"
    state = flat(smooth(1), smooth(2, 50, 40, 5, 5, mode=mode), group(3, smooth(4, 30, 30), mode=mode))
    assert write_psd(path, state) == ()
    read = read_psd(path)
    assert [layer.mode for layer in read.state.layers] == [BlendMode.NORMAL, mode, mode]
    assert difference(render(read.state), render(state)) <= 1
    if mode not in OTHERWISE:
        # Some formulas are steep, or jump: what was rounded differently before is far apart after them.
        differences = np.abs(on_black(theirs(path)) - on_black(render(state)))
        assert np.percentile(differences, 99) <= 3
        assert differences.mean() < 1


def test_another_reader_sees_our_picture(path):
    state = everything()
    for layer in tuple(state.walk()):
        state = state.with_layer(layer.id, mode=BlendMode.NORMAL)
    write_psd(path, state)
    assert difference(theirs(path), render(state)) <= 3
    merged = np.asarray(PSDImage.open(path).topil().convert("RGBA"))
    # The eight bits of a colour with white behind it do not tell more of it.
    assert difference(merged, render(state)) <= 3
    if path.suffix == ".psd":
        with Image.open(path) as image:
            assert image.size == (300, 220)


def test_an_opaque_picture_has_no_alpha(path):
    ground = Layer(1, Kind.PIXELS, "a", Surface.from_array(np.full((48, 64, 4), 255, np.uint8)))
    write_psd(path, flat(ground))
    psd = PSDImage.open(path)
    assert psd.channels == 3
    assert psd.topil().mode == "RGB"
    assert difference(render(read_psd(path).state), render(flat(ground))) == 0


@pytest.mark.parametrize("state", [flat(), flat(group(1)), flat(Layer(1, Kind.PIXELS, "", Surface(Depth.RGBA)))])
def test_hardly_anything(path, state):
    write_psd(path, state)
    read = read_psd(path)
    assert not render(read.state).any()
    if read.notes:  # a file without layers that hold pixels has a picture all the same
        assert read.notes == (DocumentNote.merged_picture,)
        assert not any(layer.kind is Kind.PIXELS for layer in state.walk())


@pytest.mark.parametrize("label", Label)
def test_labels(path, label):
    write_psd(path, flat(picture(1, 9, 9, label=label)))
    assert read_psd(path).state.layers[0].label is label


@pytest.mark.parametrize("default", [0, 100, 255])
def test_masks_beyond_their_pixels(path, default):
    mask = Surface.from_array(soft(1, 20, 20), 10, 10, default)
    state = flat(picture(1, 64, 48, mask=mask), group(2, picture(3, 30, 30), mask=mask))
    write_psd(path, state)
    assert difference(render(read_psd(path).state), render(state)) == 0
    assert difference(theirs(path), render(state)) <= 3


@pytest.mark.parametrize("mode", CUTTING)
def test_layers_that_cut_others_out_become_one(path, mode):
    cutter = picture(3, 40, 40, 9, 9, mode=mode)
    state = flat(picture(1, 64, 48), picture(2, 30, 30), cutter, picture(4, 20, 20), canvas=Rect(5, 6, 50, 40))
    assert write_psd(path, state) == (DocumentNote.layers_merged,)
    assert difference(render(read_psd(path).state), render(state)) == 0
    assert [layer.name for layer in read_psd(path).state.layers] == ["Layer 3", "Layer 4"]


@pytest.mark.parametrize("mode", CUTTING)
def test_groups_with_layers_that_cut_others_out(path, mode):
    inside = group(2, picture(3, 30, 30), picture(4, 64, 48, mode=mode), mode=BlendMode.MULTIPLY)
    through = group(5, picture(6, 30, 30), picture(7, 64, 48, mode=mode), isolated=False)
    for layers in ((picture(1, 64, 48), inside), (picture(1, 64, 48), through), (picture(1, 50, 40), through, inside)):
        write_psd(path, flat(*layers))
        assert difference(render(read_psd(path).state), render(flat(*layers))) <= 1


def test_layers_atop_of_one_are_clipped_to_it(path):
    base = noise(2, 40, 40)
    base[..., 3] = 255  # where it is half there, psd-tools lets more of what is clipped through
    base[20:] = 0
    lowest = Layer(2, Kind.PIXELS, "base", Surface.from_array(base))
    atop = [picture(number, 50, 40, number, 3, mode=BlendMode.SOURCE_ATOP, opacity=0.8) for number in (3, 4)]
    state = flat(picture(1, 64, 48), group(9, lowest, *atop, mode=BlendMode.MULTIPLY))
    assert write_psd(path, state) == ()
    assert [layer.clipping for layer in PSDImage.open(path).descendants()] == [False, False, False, True, True]
    assert difference(render(read_psd(path).state), render(state)) <= 2
    assert difference(theirs(path), render(state)) <= 3


def test_masks_for_painting_anew_are_not_written(path):
    state = flat(picture(1, 64, 48), Layer(2, Kind.INPAINT, "m", Surface.from_array(soft(1, 64, 48))))
    assert write_psd(path, state) == ()
    assert [layer.name for layer in PSDImage.open(path)] == ["Layer 1"]


def test_the_previous_version_is_kept_and_a_failure_changes_nothing(path, monkeypatch):
    write_psd(path, flat(picture(1, 64, 48)))
    first = path.read_bytes()
    write_psd(path, flat(picture(2, 64, 48)))
    second = path.read_bytes()
    there = {path.name: second, f"a~{path.suffix}": first}
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == there

    def fail(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(psd_writing._Writer, "_write_merged", fail)
    with pytest.raises(DiskFull):
        write_psd(path, flat(picture(3, 64, 48)))
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == there
    with pytest.raises(FolderNotWritable):
        write_psd(path / path.name, flat())


def test_what_is_too_large_for_the_format_is_said(folder, monkeypatch):
    monkeypatch.setattr(names, "MAX_PSD", 10_000)
    with pytest.raises(TooLargeForPsd):
        write_psd(folder / "a.psd", flat(picture(1, 64, 48)))
    assert not list(folder.iterdir())
    write_psd(folder / "a.psb", flat(picture(1, 64, 48)))


def test_the_state_is_not_changed(path):
    state = everything()
    before = [(layer.id, layer.mode, layer.pixels and dict(layer.pixels.tiles)) for layer in state.walk()]
    write_psd(path, replace(state))
    assert [(layer.id, layer.mode, layer.pixels and dict(layer.pixels.tiles)) for layer in state.walk()] == before
