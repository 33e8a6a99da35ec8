"""Networks in the layout they were first published in: Kandinsky 2.0's decoders and VAE; 2.1's decoders share the body.

Their tensors get the names that diffusers gives them. Widths and depths are read from the tensors' shapes; what no
shape tells comes from a ``config.json`` beside them, or is as in the published model, which has no such file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

from kandinsky_studio.engine.checkpoints import State, fill, read_checkpoint
from kandinsky_studio.engine.files import read_json

Table = dict[str, tuple[str, ...]]
"""The original's name of a layer → diffusers' name, or the names of those it is to be divided into."""

PROJECTION = ("to_model_dim", "to_model_dim2", "proj", "proj2", "ln_model1", "ln_model2", "ln_model3")
"""The layers in 2.0's decoder checkpoint that turn the encoders' output into the decoder's input."""

_RESBLOCK = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
_ATTENTION = {
    "norm": ("group_norm",),
    "qkv": ("to_q", "to_k", "to_v"),
    "encoder_kv": ("add_k_proj", "add_v_proj"),
    "proj_out": ("to_out.0",),
}
_VAE_RESBLOCK = {name: name for name in ("norm1", "conv1", "norm2", "conv2")} | {"nin_shortcut": "conv_shortcut"}
_VAE_ATTENTION = {"norm": "group_norm", "q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0"}
_VAE_PARTS = ("encoder", "decoder", "quant_conv", "post_quant_conv")  # the rest of the file is the training's
_VAE_EPSILON = 1e-6  # fixed in AutoencoderKL
_HUGE = 2**31  # no number of a model
_SAMPLE_SIZE = 64  # latent cells per side of the pictures 2.0 was trained on


@dataclass(frozen=True)
class Numbers:
    """What no tensor's shape tells; the defaults are the published model's.

    ``declared`` is the whole ``config.json``: what it says about shapes must agree with the tensors.
    """

    head_dim: int = 64
    groups: int = 32
    norm_eps: float = 1e-5
    pooling_heads: int = 8
    vae_groups: int = 32
    prior_head_dim: int = 64
    clip_head_dim: int = 64
    scaling_factor: float = 0.0512
    num_train_timesteps: int = 1000
    beta_start: float = 0.0001
    beta_end: float = 0.02
    declared: Mapping[str, Any] = field(default_factory=dict)

    def check(self, section: str, found: Mapping[str, Any]) -> None:
        """Raise ``ValueError`` if ``section`` of the file declares one of ``found`` differently."""
        declared = _section(self.declared, section)
        for name, value in found.items():
            if name in declared and declared[name] != value:
                raise ValueError(f"config.json says {section}.{name} is {declared[name]}, the weights say {value}")

    def noise_schedule(self) -> dict[str, Any]:
        """The model's fields of a scheduler configuration; the way of sampling is left open."""
        return {
            "num_train_timesteps": self.num_train_timesteps,
            "beta_start": self.beta_start,
            "beta_end": self.beta_end,
            "beta_schedule": "linear",
            "prediction_type": "epsilon",
        }


def read_numbers(folder: Path) -> Numbers:
    """The numbers of the model in ``folder``. Raises ``ValueError`` if its ``config.json`` makes no sense."""
    path = folder / "config.json"
    if not path.is_file():
        return Numbers()
    config = read_json(path)
    diffusion, eps = _section(config, "diffusion"), _positive(config, "vae", "norm_eps", _VAE_EPSILON)
    known = {"noise_schedule": "linear", "prediction": "epsilon", "variance": "learned_range"}
    if eps != _VAE_EPSILON or any(diffusion.get(name, value) != value for name, value in known.items()):
        raise ValueError("config.json describes another kind of model")
    return Numbers(
        head_dim=_positive(config, "unet", "num_head_channels", Numbers.head_dim),
        groups=_positive(config, "unet", "norm_num_groups", Numbers.groups),
        norm_eps=_positive(config, "unet", "norm_eps", Numbers.norm_eps),
        pooling_heads=_positive(config, "text_projection", "attention_pooling_heads", Numbers.pooling_heads),
        vae_groups=_positive(config, "vae", "norm_num_groups", Numbers.vae_groups),
        prior_head_dim=_positive(config, "prior", "num_head_channels", Numbers.prior_head_dim),
        clip_head_dim=_positive(config, "clip", "num_head_channels", Numbers.clip_head_dim),
        scaling_factor=_positive(config, "vae", "scaling_factor", Numbers.scaling_factor),
        num_train_timesteps=_positive(config, "diffusion", "steps", Numbers.num_train_timesteps),
        beta_start=_positive(config, "diffusion", "beta_start", Numbers.beta_start),
        beta_end=_positive(config, "diffusion", "beta_end", Numbers.beta_end),
        declared=config,
    )


@dataclass(frozen=True)
class UnetShape:
    """What the tensors of a decoder tell. ``widths`` and ``attention`` have one entry per level, the widest last."""

    in_channels: int
    out_channels: int
    widths: tuple[int, ...]
    layers: int
    attention: tuple[bool, ...]
    context_dim: int

    def config(self, numbers: Numbers) -> dict[str, Any]:
        """Arguments of ``UNet2DConditionModel``, without what the versions do differently with text and image.

        Raises ``ValueError`` if heads or groups do not divide the widths.
        """
        attending = {width for width, attends in zip(self.widths, self.attention, strict=True) if attends}
        if any(width % numbers.head_dim for width in attending | {self.widths[-1]}):
            raise ValueError(f"heads of {numbers.head_dim} do not divide the widths {self.widths}")
        if any(width % numbers.groups for width in self.widths):
            raise ValueError(f"{numbers.groups} groups do not divide the widths {self.widths}")
        down = ["SimpleCrossAttnDownBlock2D" if a else "ResnetDownsampleBlock2D" for a in self.attention]
        up = ["SimpleCrossAttnUpBlock2D" if a else "ResnetUpsampleBlock2D" for a in reversed(self.attention)]
        return {
            "sample_size": _SAMPLE_SIZE,
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "down_block_types": tuple(down),
            "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
            "up_block_types": tuple(up),
            "block_out_channels": self.widths,
            "layers_per_block": self.layers,
            "norm_num_groups": numbers.groups,
            "norm_eps": numbers.norm_eps,
            "cross_attention_dim": self.context_dim,
            "attention_head_dim": numbers.head_dim,
            "resnet_time_scale_shift": "scale_shift",
        }


def unet_shape(state: State) -> UnetShape:
    """The shape of the decoder in ``state``; raises ``ValueError`` if it is none of Kandinsky 2.0 or 2.1."""
    blocks = count(state, "input_blocks")
    upsamplers = sum(any(f"output_blocks.{i}.{k}.in_layers.0.weight" in state for k in (1, 2)) for i in range(blocks))
    # In levels of r layers, r + 1 blocks go down (the first convolution counts) and as many up again.
    levels = 1 + upsamplers
    layers = blocks // levels - 1
    if layers < 1 or blocks % levels or blocks != count(state, "output_blocks"):
        raise ValueError("it is not a decoder of Kandinsky 2")
    first = [1 + level * (layers + 1) for level in range(levels)]
    return UnetShape(
        in_channels=size(state, "input_blocks.0.0.weight", 1),
        out_channels=size(state, "out.2.weight", 0),
        widths=tuple(size(state, f"input_blocks.{i}.0.in_layers.2.weight", 0) for i in first),
        layers=layers,
        attention=tuple(f"input_blocks.{i}.1.qkv.weight" in state for i in first),
        context_dim=size(state, "middle_block.1.encoder_kv.weight", 1),
    )


def rename_unet(
    state: State, shape: UnetShape, head_dim: int
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """What of ``state`` belongs to the decoder's body, in diffusers' names, and the rest of it as it was.

    The rest is the text projection in 2.0, and text and image projection in 2.1.
    """
    return _rename(state, unet_table(shape), head_dim)


def load_unet(path: Path, numbers: Numbers, dtype: torch.dtype) -> UNet2DConditionModel:
    """The decoder in one of 2.0's two .pt files, on the CPU.

    ``unet(sample (B, 4 or 9, h, w), timestep, encoder_hidden_states (B, n, C), class_labels (B, P))`` gives noise and
    variance (B, 8, h, w). Raises ``ValueError`` if a weight is missing, too many or of another shape.
    """
    return build_unet(read_checkpoint(path), numbers, dtype)


def build_unet(state: State, numbers: Numbers, dtype: torch.dtype) -> UNet2DConditionModel:
    """2.0's decoder with copies of the tensors of its checkpoint, on the device they are on."""
    shape = unet_shape(state)
    widths = list(shape.widths)
    numbers.check("unet", {"out_channels": shape.out_channels, "block_out_channels": widths})
    numbers.check("unet", {"num_res_blocks": shape.layers, "model_dim": shape.context_dim})
    body, rest = rename_unet(state, shape, numbers.head_dim)
    if extra := sorted(name for name in rest if name.split(".")[0] not in PROJECTION):
        raise ValueError(f"{len(extra)} weights are too many, such as {extra[0]}")
    with torch.device("meta"):
        unet = UNet2DConditionModel(**shape.config(numbers), class_embed_type="identity")
    filled: UNet2DConditionModel = fill(unet, body, dtype)
    return filled


def load_vae(path: Path, numbers: Numbers, dtype: torch.dtype) -> AutoencoderKL:
    """The VAE of 2.0 in its training checkpoint, on the CPU; raises ``ValueError`` as ``load_unet`` does."""
    return build_vae(read_checkpoint(path), numbers, dtype)


def build_vae(stored: State, numbers: Numbers, dtype: torch.dtype) -> AutoencoderKL:
    """2.0's VAE with copies of the tensors of its checkpoint, on the device they are on."""
    state = {name: tensor for name, tensor in stored.items() if name.split(".")[0] in _VAE_PARTS}
    levels, layers = count(state, "encoder.down"), count(state, "encoder.down.0.block")
    if not levels or not layers:
        raise ValueError("it is not a VAE of Kandinsky 2")
    widths = [size(state, f"encoder.down.{level}.block.0.conv1.weight", 0) for level in range(levels)]
    if any(width % numbers.vae_groups for width in widths):
        raise ValueError(f"{numbers.vae_groups} groups do not divide the VAE's widths {widths}")
    channels, latent = size(state, "encoder.conv_in.weight", 1), size(state, "post_quant_conv.weight", 0)
    numbers.check("vae", {"block_out_channels": widths, "num_res_blocks": layers})
    numbers.check("vae", {"in_channels": channels, "latent_channels": latent})
    body, rest = _rename(state, vae_table(levels, layers), numbers.head_dim)
    if rest:
        raise ValueError(f"{len(rest)} weights are too many, such as {min(rest)}")
    with torch.device("meta"):
        vae = AutoencoderKL(
            in_channels=channels,
            out_channels=channels,
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
            block_out_channels=tuple(widths),
            layers_per_block=layers,
            latent_channels=latent,
            norm_num_groups=numbers.vae_groups,
            scaling_factor=numbers.scaling_factor,
        )
    filled: AutoencoderKL = fill(vae, body, dtype)
    return filled


def unet_table(shape: UnetShape) -> Table:
    """The layers of a decoder's body, the same in 2.0 and 2.1."""
    levels, per_level = len(shape.widths), shape.layers + 1
    resblocks = {"middle_block.0": "mid_block.resnets.0", "middle_block.2": "mid_block.resnets.1"}
    attentions = {"middle_block.1": "mid_block.attentions.0"}
    for level in range(levels):
        for layer in range(shape.layers):
            block = f"input_blocks.{1 + level * per_level + layer}"
            resblocks[f"{block}.0"] = f"down_blocks.{level}.resnets.{layer}"
            attentions[f"{block}.1"] = f"down_blocks.{level}.attentions.{layer}"
        if level < levels - 1:
            resblocks[f"input_blocks.{(level + 1) * per_level}.0"] = f"down_blocks.{level}.downsamplers.0"
        for layer in range(per_level):  # upwards, the widest level comes first
            block = f"output_blocks.{level * per_level + layer}"
            resblocks[f"{block}.0"] = f"up_blocks.{level}.resnets.{layer}"
            attentions[f"{block}.1"] = f"up_blocks.{level}.attentions.{layer}"
        if level < levels - 1:
            place = 2 if shape.attention[-1 - level] else 1
            resblocks[f"{block}.{place}"] = f"up_blocks.{level}.upsamplers.0"
    table: Table = {
        "time_embed.0": ("time_embedding.linear_1",),
        "time_embed.2": ("time_embedding.linear_2",),
        "input_blocks.0.0": ("conv_in",),
        "out.0": ("conv_norm_out",),
        "out.2": ("conv_out",),
    }
    for old, new in resblocks.items():
        table |= {f"{old}.{part}": (f"{new}.{name}",) for part, name in _RESBLOCK.items()}
    for old, new in attentions.items():
        table |= {f"{old}.{part}": tuple(f"{new}.{name}" for name in names) for part, names in _ATTENTION.items()}
    return table


def vae_table(levels: int, layers: int) -> Table:
    """The layers of 2.0's VAE, most of which 2.1's MoVQ has as well."""
    resblocks = {}
    table: Table = {name: (name,) for name in ("quant_conv", "post_quant_conv")}
    for side in ("encoder", "decoder"):
        for old, new in (("conv_in", "conv_in"), ("norm_out", "conv_norm_out"), ("conv_out", "conv_out")):
            table[f"{side}.{old}"] = (f"{side}.{new}",)
        for k in (1, 2):
            resblocks[f"{side}.mid.block_{k}"] = f"{side}.mid_block.resnets.{k - 1}"
        for part, name in _VAE_ATTENTION.items():
            table[f"{side}.mid.attn_1.{part}"] = (f"{side}.mid_block.attentions.0.{name}",)
    for level in range(levels):
        down, up = f"encoder.down_blocks.{level}", f"decoder.up_blocks.{levels - 1 - level}"
        resblocks |= {f"encoder.down.{level}.block.{k}": f"{down}.resnets.{k}" for k in range(layers)}
        resblocks |= {f"decoder.up.{level}.block.{k}": f"{up}.resnets.{k}" for k in range(layers + 1)}
        table[f"encoder.down.{level}.downsample.conv"] = (f"{down}.downsamplers.0.conv",)
        table[f"decoder.up.{level}.upsample.conv"] = (f"{up}.upsamplers.0.conv",)
    for old, new in resblocks.items():
        table |= {f"{old}.{part}": (f"{new}.{name}",) for part, name in _VAE_RESBLOCK.items()}
    return table


def _rename(state: State, table: Table, head_dim: int) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    renamed: dict[str, torch.Tensor] = {}
    rest: dict[str, torch.Tensor] = {}
    for name, tensor in state.items():
        layer, _, kind = name.rpartition(".")
        targets = table.get(layer)
        if targets is None:
            rest[name] = tensor
            continue
        parts = [tensor] if len(targets) == 1 else divide(name, tensor, len(targets), head_dim)
        renamed |= {f"{target}.{kind}": part for target, part in zip(targets, parts, strict=True)}
    return renamed, rest


def divide(name: str, tensor: torch.Tensor, parts: int, head_dim: int) -> list[torch.Tensor]:
    """Keys, values and perhaps queries out of one tensor, in which each head has its own next to each other."""
    if not tensor.dim() or tensor.shape[0] % (parts * head_dim):
        raise ValueError(f"{name} can't be divided into heads of {head_dim}")
    by_head = tensor.reshape(-1, parts, head_dim, *tensor.shape[1:])
    return [part.flatten(0, 1) for part in by_head.unbind(1)]


def count(state: State, prefix: str) -> int:
    """How many different numbers follow ``prefix`` in the names."""
    start = len(prefix) + 1
    return len({name[start:].split(".")[0] for name in state if name.startswith(f"{prefix}.")})


def size(state: State, name: str, dim: int) -> int:
    """How long a tensor is in one direction. Raises ``ValueError`` if there is none of this name."""
    if name not in state or state[name].dim() <= dim or not state[name].numel():
        raise ValueError(f"{name} is missing or empty")
    return state[name].shape[dim]


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = config.get(name, {})
    if not isinstance(section, Mapping):
        raise ValueError(f"config.json: “{name}” is no list of values")
    return section


def _positive(config: Mapping[str, Any], section: str, name: str, default: Any) -> Any:
    """A value of the kind of ``default``, above zero."""
    value = _section(config, section).get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | type(default)) or not 0 < value < _HUGE:
        raise ValueError(f"config.json: “{section}.{name}” can't be {value}")
    return value
