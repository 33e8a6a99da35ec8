"""A tiny Depth Anything with weights by chance, in a folder laid out exactly like the published one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from kandinsky_studio.engine.components import quiet
from kandinsky_studio.engine.depth import DEPTH_ANYTHING

PREPROCESSOR = {
    "do_normalize": True,
    "do_pad": False,
    "do_rescale": True,
    "do_resize": True,
    "ensure_multiple_of": 14,
    "image_mean": [0.485, 0.456, 0.406],
    "image_processor_type": "DPTImageProcessor",
    "image_std": [0.229, 0.224, 0.225],
    "keep_aspect_ratio": True,
    "resample": 3,
    "rescale_factor": 0.00392156862745098,
    "size": {"height": 518, "width": 518},
    "size_divisor": None,
}
_TINY = {"hidden_size": 24, "num_attention_heads": 2, "num_hidden_layers": 4, "image_size": 70}
_REAL = {"hidden_size": 384, "num_attention_heads": 6, "num_hidden_layers": 12, "image_size": 518}


def config(real: bool = False) -> Any:
    """The configuration: with ``real`` that of the published weights, else a tiny one of the same layout."""
    from transformers import DepthAnythingConfig

    stages = [3, 6, 9, 12] if real else [1, 2, 3, 4]
    return DepthAnythingConfig(
        backbone_config={
            "model_type": "dinov2",
            **(_REAL if real else _TINY),
            "out_indices": stages,
            "out_features": [f"stage{number}" for number in stages],
            "reshape_hidden_states": False,
        },
        reassemble_hidden_size=384 if real else 24,
        neck_hidden_sizes=[48, 96, 192, 384] if real else [8, 12, 16, 20],
        fusion_hidden_size=64 if real else 16,
        head_hidden_size=32 if real else 8,
    )


def write(place: Path, size: int = 70, real: bool = False) -> Path:
    """Write the folder into ``place``; its pictures are worked at ``size`` pixels. Returns it."""
    from transformers import DepthAnythingForDepthEstimation

    folder = place / DEPTH_ANYTHING.repository.rpartition("/")[2]
    torch.manual_seed(1)
    network = DepthAnythingForDepthEstimation(config(real)).eval()
    with torch.no_grad():
        for name, weight in network.named_parameters():  # the library's own are so small that every map would be flat
            if weight.dim() > 1 and "embeddings" not in name:
                weight.normal_(std=weight[0].numel() ** -0.5)
        network.head.conv3.bias.fill_(2.0)  # the last layer keeps what is above 0
    with quiet():
        network.save_pretrained(folder)
    values = {**PREPROCESSOR, "size": {"height": size, "width": size}}
    (folder / "preprocessor_config.json").write_text(json.dumps(values, indent=2), encoding="utf-8")
    return folder
