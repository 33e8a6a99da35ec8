"""Models with random weights in the layout of Kandinsky 2.2: one of its size, and one that is tiny.

2.0 and 2.1 are in ``random_older``.

What they draw is noise; what they cost is what the real one costs.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENVIRONMENT = "KANDINSKY_RANDOM_MODELS"
"""Names the folder of the models, which take 7 to 10 GB each; by default one among the temporary files."""

_POOL = 2**26  # random numbers that the weights are cut from, over and over
_SPREAD = 0.02  # of a random weight


DECODER: Mapping[str, Any] = {
    "sample_size": 64,
    "out_channels": 8,
    "down_block_types": ("ResnetDownsampleBlock2D", *("SimpleCrossAttnDownBlock2D",) * 3),
    "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
    "up_block_types": (*("SimpleCrossAttnUpBlock2D",) * 3, "ResnetUpsampleBlock2D"),
    "resnet_time_scale_shift": "scale_shift",
}
CODEC: Mapping[str, Any] = {
    "down_block_types": (*("DownEncoderBlock2D",) * 3, "AttnDownEncoderBlock2D"),
    "up_block_types": ("AttnUpDecoderBlock2D", *("UpDecoderBlock2D",) * 3),
    "latent_channels": 4,
    "vq_embed_dim": 4,
    "norm_type": "spatial",
}
"""What is the same in all sizes."""


@dataclass(frozen=True)
class Size:
    """Layers, widths and heads of the networks."""

    text: Mapping[str, int]
    vision: Mapping[str, int]
    prior: Mapping[str, int]
    decoder: Mapping[str, Any]
    codec: Mapping[str, Any]


FULL = Size(
    text={"num_hidden_layers": 32, "hidden_size": 1280, "intermediate_size": 5120, "num_attention_heads": 20},
    vision={"num_hidden_layers": 48, "hidden_size": 1664, "intermediate_size": 8192, "num_attention_heads": 16},
    prior={"num_attention_heads": 32, "attention_head_dim": 64, "num_layers": 20},
    decoder={"block_out_channels": (384, 768, 1152, 1536), "layers_per_block": 3, "cross_attention_dim": 768},
    codec={"block_out_channels": (128, 256, 256, 512), "layers_per_block": 2, "num_vq_embeddings": 16384},
)
_TINY = Size(
    text={"num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4},
    vision={"num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4},
    prior={"num_attention_heads": 2, "attention_head_dim": 32, "num_layers": 2},
    decoder={"block_out_channels": (32, 64, 64, 64), "layers_per_block": 1, "cross_attention_dim": 32},
    codec={"block_out_channels": (32, 32, 64, 64), "layers_per_block": 1, "num_vq_embeddings": 16},
)


def full_size() -> str:
    """The folder of the model of full size, written if it is not there."""
    return written("full", lambda folder: _write(folder, _networks(FULL, 1280)))


def tiny() -> str:
    """The folder of the tiny model, written if it is not there."""
    return written("tiny", lambda folder: _write(folder, _networks(_TINY, 64)))


def written(name: str, write: Callable[[Path], None]) -> str:
    """The folder of the model ``name``, which ``write`` writes unless it is there as a whole."""
    place = os.environ.get(ENVIRONMENT) or Path(tempfile.gettempdir()) / "kandinsky-random-models"
    folder = Path(place) / name
    if not (folder / "whole").exists():
        write(folder)
        (folder / "whole").touch()
    return str(folder)


def _networks(size: Size, dimensions: int) -> dict[str, Any]:
    """The networks without weights, by the path of their file; ``dimensions`` of the embedding between them."""
    from accelerate import init_empty_weights
    from diffusers import PriorTransformer, UNet2DConditionModel, VQModel
    from transformers import (
        CLIPTextConfig,
        CLIPTextModelWithProjection,
        CLIPVisionConfig,
        CLIPVisionModelWithProjection,
    )

    text = CLIPTextConfig(vocab_size=49408, projection_dim=dimensions, hidden_act="gelu", **size.text)
    vision = CLIPVisionConfig(
        image_size=224, patch_size=14, projection_dim=dimensions, hidden_act="gelu", **size.vision
    )
    with init_empty_weights(include_buffers=False):
        return {
            "prior/text_encoder/model": CLIPTextModelWithProjection(text),
            "prior/image_encoder/model": CLIPVisionModelWithProjection(vision),
            "prior/prior/diffusion_pytorch_model": PriorTransformer(embedding_dim=dimensions, **size.prior),
            "decoder/unet/diffusion_pytorch_model": UNet2DConditionModel(
                attention_head_dim=min(64, size.decoder["block_out_channels"][0]),
                encoder_hid_dim=dimensions,
                encoder_hid_dim_type="image_proj",
                addition_embed_type="image",
                **DECODER,
                **size.decoder,
            ),
            "decoder/movq/diffusion_pytorch_model": VQModel(**CODEC, **size.codec),
        }


def _write(folder: Path, networks: Mapping[str, Any]) -> None:
    """A model with ``networks``, both schedulers and a tokenizer that knows letters only."""
    from diffusers import DDPMScheduler

    for place, module in networks.items():
        write_network(folder / f"{place}.safetensors", module)
    write_beside_prior(folder / "prior")
    after = DDPMScheduler(beta_start=0.00085, beta_end=0.012, steps_offset=1)
    after.save_pretrained(folder / "decoder" / "scheduler")


def write_beside_prior(folder: Path) -> None:
    """Tokenizer, image processor and scheduler in the folder of a prior."""
    from diffusers import UnCLIPScheduler
    from transformers import CLIPImageProcessor, CLIPTokenizer
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = sorted(bytes_to_unicode().values())
    vocabulary = {token: number for number, token in enumerate([*letters, *(f"{letter}</w>" for letter in letters)])}
    vocabulary |= {"<|startoftext|>": 49406, "<|endoftext|>": 49407}
    CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77).save_pretrained(folder / "tokenizer")
    CLIPImageProcessor().save_pretrained(folder / "image_processor")
    UnCLIPScheduler(prediction_type="sample", clip_sample_range=10.0).save_pretrained(folder / "scheduler")


def write_network(path: Path, module: Any) -> None:
    """The configuration of ``module``, which has no weights, and its weights at ``path``."""
    save = module.save_config if hasattr(module, "save_config") else module.config.save_pretrained
    save(path.parent)
    _write_weights(path, {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()})


def pool() -> Any:
    """The random numbers, float32."""
    import torch

    return torch.randn(_POOL, generator=torch.Generator().manual_seed(0)).mul_(_SPREAD)


def _write_weights(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """A safetensors file in bfloat16, written piece by piece."""
    import torch

    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * torch.Size(shape).numel()
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    random = pool().bfloat16()
    with path.open("wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        for name, shape in shapes.items():
            for piece in numbers(name, torch.Size(shape), random):
                file.write(piece.view(torch.uint8).numpy().tobytes())


def numbers(name: str, shape: Any, random: Any) -> Iterator[Any]:
    """Weights as they are before a training: ones that leave things as they are, zeros that add nothing, and noise."""
    import torch

    scales = name == "clip_std" or ("norm" in name and name.endswith(".weight") and len(shape) == 1)
    if scales or name.endswith("bias"):
        yield torch.full((shape.numel(),), float(scales), dtype=random.dtype)
        return
    for begin in range(0, shape.numel(), len(random)):
        yield random[: shape.numel() - begin]
