"""Depth Anything V2 (Yang and others 2024) as transformers has it: a DINOv2 backbone and a head that tells nearness."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from PIL import Image

from kandinsky_studio.engine import memory
from kandinsky_studio.engine.components import quiet
from kandinsky_studio.engine.depth import PART, Floats
from kandinsky_studio.engine.progress import TYPICAL_PACE, Meter
from kandinsky_studio.engine.request import Pixels, Progress, Stage
from kandinsky_studio.engine.weights import ModelFiles
from kandinsky_studio.errors import BrokenModel, Cancelled, EngineFailed, OutOfMemory, StudioError

_LONGEST = 4  # times its size is the longer side at most; beyond that the time grows with the square of it
_LAYER = "Dinov2Layer"
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as published


def predict(files: ModelFiles, picture: Pixels, device: str, on_progress: Callable[[Progress], None]) -> Floats:
    """How near things in ``picture``, uint8 (height, width, 3), are: float32 (h, w) at the size that the network works
    at, larger is nearer, in no unit.

    On ``device``, or on the CPU if there is no room on that one, or something that it can't compute; the network is
    let go of again. Raises ``BrokenModel``, ``OutOfMemory``, ``EngineFailed``, and what ``on_progress`` raises.
    """
    try:
        return _predicted(files, picture, torch.device(device), on_progress)
    except (StudioError, Cancelled):
        raise
    except Exception as error:
        if device == "cpu":
            if memory.is_out_of_memory(error):
                raise OutOfMemory(device=device) from error
            raise EngineFailed(reason=(str(error).splitlines() or [type(error).__name__])[0][:200]) from error
    memory.give_back(torch.device(device))  # outside of the handler, which still holds the tensors of the try
    return predict(files, picture, "cpu", on_progress)


@torch.inference_mode()
def _predicted(
    files: ModelFiles, picture: Pixels, device: torch.device, on_progress: Callable[[Progress], None]
) -> Floats:
    network = _load(files)
    try:
        layers = [module for module in network.modules() if type(module).__name__ == _LAYER]
        meter = Meter({Stage.encoding: len(layers) + 1}, 1, dict(TYPICAL_PACE), on_progress)
        meter.step(Stage.encoding, 0, 0)
        pixels = prepared(picture, files.folder(PART)).to(device)
        network = network.to(device)
        with _counted(layers, lambda done: meter.step(Stage.encoding, 0, done)):
            near: torch.Tensor = network(pixels).predicted_depth[0]
        found = np.ascontiguousarray(near.float().cpu().numpy())
        meter.step(Stage.encoding, 0, len(layers) + 1)
    finally:
        del network
        memory.give_back(device)
    if not np.isfinite(found).all():
        raise BrokenModel(model=files.title, reason="it makes no numbers")
    return found


def _load(files: ModelFiles) -> Any:
    """The network in float32. Raises ``BrokenModel``."""
    from transformers import DepthAnythingForDepthEstimation

    try:
        with quiet():
            network, report = DepthAnythingForDepthEstimation.from_pretrained(  # it knows names of earlier years
                files.folder(PART),
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                dtype=torch.float32,
            )
    except Exception as error:
        if memory.is_out_of_memory(error):
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise BrokenModel(model=files.title, reason=f"its files do not fit ({reason})") from error
    if missing := list(report["missing_keys"]):  # the library would fill them with noise
        raise BrokenModel(model=files.title, reason=f"it lacks weights, such as {missing[0]}")
    return network.eval().requires_grad_(False)


@contextlib.contextmanager
def _counted(layers: list[Any], on_done: Callable[[int], None]) -> Iterator[None]:
    """Have ``on_done`` called after each of ``layers`` with how many are done."""
    hooks = [
        layer.register_forward_hook(lambda *_, number=number: on_done(number)) for number, layer in enumerate(layers, 1)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def prepared(picture: Pixels, folder: Any) -> torch.Tensor:
    """``picture`` as the network sees it, float32 (1, 3, h, w).

    What the ``DPTImageProcessor`` of transformers does, written out: the library's own needs torchvision, or changes
    its name with the release. ``folder`` holds its ``preprocessor_config.json``.
    """
    from kandinsky_studio.engine.files import read_json

    path = folder / "preprocessor_config.json"
    values: Mapping[str, Any] = read_json(path) if path.is_file() else {}
    width, height = working_size(picture.shape[1], picture.shape[0], values)
    image = Image.fromarray(picture).resize((width, height), Image.Resampling(values.get("resample", 3)))
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255
    mean, deviation = (
        torch.tensor(values.get(name, own)).view(1, 3, 1, 1)
        for name, own in (("image_mean", _MEAN), ("image_std", _DEVIATION))
    )
    return (pixels - mean) / deviation


def working_size(width: int, height: int, values: Mapping[str, Any]) -> tuple[int, int]:
    """The size (width, height) that a picture is scaled to: the side that has to change least as published, 518
    pixels, the other in proportion, both in whole patches. A strip that would become longer than four times that is
    made smaller."""
    size = values.get("size", {})
    across, down = int(size.get("width", 518)), int(size.get("height", 518))
    patch = int(values.get("ensure_multiple_of", 14))
    scale_x, scale_y = across / width, down / height
    if values.get("keep_aspect_ratio", True):
        most = _LONGEST * max(across, down) / max(width, height)
        scale_x = scale_y = min(scale_x if abs(1 - scale_x) < abs(1 - scale_y) else scale_y, most)

    def side(length: float) -> int:
        return max(round(length / patch), 1) * patch

    return side(scale_x * width), side(scale_y * height)
