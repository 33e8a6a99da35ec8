"""How near things are: figure and ground on scenes that were drawn by rule, and Depth Anything beside transformers."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from kandinsky_studio import paths
from kandinsky_studio.engine import depth, depth_anything
from kandinsky_studio.engine.request import Stage
from kandinsky_studio.engine.training.scenes import Scene, Shape, coverage, draw, random_scene
from kandinsky_studio.errors import BrokenModel, Cancelled, ModelNotFound, OutOfMemory, UnusableArray
from tests.engine.depth_checkpoint import write


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return write(tmp_path_factory.mktemp("published"))


@pytest.fixture
def files(checkpoint):
    return depth.find(checkpoint)


def picture(height, width, seed=0):
    """Soft blotches of colour, uint8 (height, width, 3)."""
    blotches = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return cv2.resize(blotches, (width, height), interpolation=cv2.INTER_CUBIC)


# ---------------------------------------------------------------- figure and ground


def test_held_out_scenes_keep_their_silhouettes():
    rng = np.random.default_rng(90210)
    scenes = [random_scene(rng, int(rng.integers(1, 3))) for _ in range(40)]
    for scene, drawn in zip(scenes, draw(scenes, 128, rng), strict=True):
        wanted = coverage(scene.shapes, 128).max(axis=0)
        found = depth.figure_and_ground(drawn).astype(np.float32) / 255
        inside, seen = wanted > 0.5, found > 0.5
        assert (inside & seen).sum() / (inside | seen).sum() > 0.98
        assert np.abs(wanted - found).mean() < 0.005  # soft edges are as soft as they were drawn


def test_noise_of_a_codec_is_no_figure():
    rng = np.random.default_rng(3)
    scene = Scene(4, (Shape(0, 2, 0.4, 0.5, 0.2, 0.0),))
    noisy = np.clip(draw([scene], 128)[0] + rng.normal(0, 3, (128, 128, 3)), 0, 255).astype(np.uint8)
    wanted = coverage(scene.shapes, 128)[0] > 0.5
    found = depth.figure_and_ground(noisy) > 127
    assert (wanted & found).sum() / (wanted | found).sum() > 0.97


def test_an_empty_picture_has_no_figure():
    assert not depth.figure_and_ground(np.full((50, 70, 3), 200, np.uint8)).any()


def test_what_is_opaque_on_a_layer_is_the_figure():
    layer = np.full((40, 60, 4), 255, np.uint8)
    layer[..., 3] = 0
    layer[10:30, 20:40, 3] = 255  # white, as the paper would be
    found = depth.figure_and_ground(layer)
    assert (found[10:30, 20:40] == 255).all()
    assert found.sum() == 20 * 20 * 255


def test_one_corner_of_another_colour_does_not_make_the_ground():
    drawn = np.full((64, 64, 3), (40, 80, 200), np.uint8)
    drawn[:20, :20] = (230, 30, 30)
    found = depth.figure_and_ground(drawn)
    assert (found[:18, :18] == 255).all()
    assert not found[24:, 24:].any()


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (2500, 31)])
def test_any_size_will_do(shape):
    assert depth.figure_and_ground(picture(*shape)).shape == shape


@pytest.mark.parametrize(
    "wrong", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32), np.zeros((0, 8, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(wrong):
    with pytest.raises(UnusableArray):
        depth.estimate(wrong)


# ---------------------------------------------------------------- Depth Anything


@pytest.fixture(scope="module")
def stock(checkpoint):
    """The pipeline of transformers with the processor that needs no torchvision."""
    from transformers import DepthAnythingForDepthEstimation, pipeline
    from transformers.models.dpt.image_processing_pil_dpt import DPTImageProcessorPil

    return pipeline(
        "depth-estimation",
        model=DepthAnythingForDepthEstimation.from_pretrained(checkpoint),
        image_processor=DPTImageProcessorPil.from_pretrained(checkpoint),
    )


@pytest.mark.parametrize("size", [(70, 70), (97, 131), (301, 75), (64, 200), (33, 34), (513, 129)])
def test_it_agrees_with_the_stock_pipeline(files, stock, size):
    seen = picture(*size)
    theirs = stock(Image.fromarray(seen))["predicted_depth"].numpy()
    near = depth_anything.predict(files, seen, "cpu", depth.ignore)
    ours = torch.nn.functional.interpolate(torch.from_numpy(near)[None, None], size, mode="bicubic")[0, 0].numpy()
    assert np.ptp(theirs) > 0.5  # else nothing would be compared
    assert np.abs(ours - theirs).max() < 1e-4


def test_the_map_has_the_size_of_the_picture_and_the_whole_range(files):
    found = depth.estimate(picture(150, 233), files)
    assert (found.shape, found.dtype) == ((150, 233), np.uint8)
    assert (found.min(), found.max()) == (0, 255)


def test_a_long_strip_is_made_smaller(files):
    assert depth_anything.working_size(500, 5000, {}) == (210, 2072)
    assert depth_anything.working_size(8192, 100, {}) == (518, 14)  # as published
    assert depth_anything.working_size(640, 480, {}) == (686, 518)
    assert depth.estimate(picture(9, 900), files).shape == (9, 900)


def test_edges_come_back_where_the_picture_has_them():
    sharp = np.zeros((400, 400, 3), np.uint8)
    sharp[:, 203:] = 220
    small = np.zeros((40, 40), np.float32)
    small[:, 20:] = 1  # 3 pixels beside the edge, as the small map can't tell
    found = depth.enlarged(small, sharp)
    plain = cv2.resize(small, (400, 400), interpolation=cv2.INTER_CUBIC)
    wanted = (sharp[..., 0] > 0).astype(np.float32)
    assert np.abs(found - wanted).mean() < np.abs(plain - wanted).mean() / 2


def test_it_reports_and_can_be_cancelled_between_layers(files):
    told = []
    depth.estimate(picture(70, 70), files, on_progress=told.append)
    assert [progress.fraction for progress in told] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert {progress.stage for progress in told} == {Stage.encoding}  # never “loading”: it is not the chosen model

    def stop(progress):
        if progress.step == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        depth.estimate(picture(70, 70), files, on_progress=stop)
    assert depth.estimate(picture(70, 70), files).any()


def test_nothing_of_it_stays_in_memory(files, monkeypatch):
    import gc
    import weakref

    kept = []
    load = depth_anything._load
    monkeypatch.setattr(
        depth_anything, "_load", lambda files: kept.append(weakref.ref(network := load(files))) or network
    )
    depth.estimate(picture(70, 70), files)
    gc.collect()
    assert kept[0]() is None


@pytest.mark.parametrize("failure", [torch.OutOfMemoryError, NotImplementedError])
def test_what_the_card_can_not_do_the_processor_does(files, monkeypatch, failure):
    plain, places = depth_anything._predicted, []

    def predicted(files, seen, device, on_progress):
        places.append(device.type)
        if device.type != "cpu":
            raise failure
        return plain(files, seen, device, on_progress)

    monkeypatch.setattr(depth_anything, "_predicted", predicted)
    monkeypatch.setattr(depth_anything.memory, "give_back", lambda device: None)
    assert depth.estimate(picture(70, 70), files, device="cuda:0").any()
    assert places == ["cuda", "cpu"]


def test_no_room_at_all_is_said(files, monkeypatch):
    def predicted(*_):
        raise MemoryError

    monkeypatch.setattr(depth_anything, "_predicted", predicted)
    with pytest.raises(OutOfMemory):
        depth.estimate(picture(70, 70), files)


# ---------------------------------------------------------------- its files


def test_it_is_found_among_the_models(checkpoint, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(ModelNotFound):
        depth.find()
    shutil.copytree(checkpoint, paths.models() / checkpoint.name)
    assert depth.find().folder(depth.PART) == paths.models() / checkpoint.name


def test_it_is_found_in_the_cache_of_the_hub_and_in_a_folder_around_it(checkpoint, monkeypatch, tmp_path):
    snapshot = tmp_path / "hub" / f"models--{depth.DEPTH_ANYTHING.repository.replace('/', '--')}" / "snapshots" / "main"
    shutil.copytree(checkpoint, snapshot)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert depth.find().folder(depth.PART) == snapshot
    assert depth.find(checkpoint.parent).folder(depth.PART) == checkpoint


def test_damaged_files_are_refused(checkpoint, tmp_path):
    broken = tmp_path / checkpoint.name
    shutil.copytree(checkpoint, broken)
    weights = broken / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-100])
    with pytest.raises(BrokenModel, match="cut off"):
        depth.find(broken)
    weights.unlink()
    (broken / "pytorch_model.bin").write_bytes(b"\x80")
    with pytest.raises(BrokenModel, match="safetensors"):
        depth.find(broken)
    weights.write_bytes(whole)
    (broken / "preprocessor_config.json").write_text("{", encoding="utf-8")
    with pytest.raises(BrokenModel, match="preprocessor_config"):
        depth.find(broken)


def test_another_network_is_refused(checkpoint, tmp_path):
    other = tmp_path / checkpoint.name
    shutil.copytree(checkpoint, other)
    config = json.loads((other / "config.json").read_text(encoding="utf-8"))
    (other / "config.json").write_text(json.dumps({**config, "model_type": "dpt"}), encoding="utf-8")
    with pytest.raises(BrokenModel, match="another network"):
        depth.find(other)


def test_missing_weights_are_not_made_up(checkpoint, tmp_path):
    from safetensors.torch import load_file, save_file

    poor = tmp_path / checkpoint.name
    shutil.copytree(checkpoint, poor)
    weights = load_file(poor / "model.safetensors")
    weights.pop(next(name for name in weights if name.endswith("head.conv2.weight")))
    save_file(weights, poor / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BrokenModel, match="conv2"):
        depth.estimate(picture(70, 70), depth.find(poor))
