"""Kandinsky 2.1 in the files it was first published in, as networks in diffusers' names.

The files are those of ``ai-forever/Kandinsky_2.1``: ``decoder_fp16.ckpt``, ``inpainting_fp16.ckpt``,
``prior_fp16.ckpt`` with ``ViT-L-14_stats.th``, ``movq_final.ckpt`` and ``text_encoder/``; the two towers of CLIP come
from OpenAI's ``ViT-L-14.pt``. How their layers are called and laid out is told by the modules they were saved from
(``kandinsky2/model``, ``kandinsky2/vqgan`` in ai-forever/Kandinsky-2; ``clip/model.py`` in openai/CLIP), and what
diffusers calls them by its ``scripts/convert_kandinsky_to_diffusers.py``.

Widths and depths are read from the tensors' shapes; what no shape tells is as published, unless a ``config.json`` beside
the files says otherwise. Nothing is converted here: tensors keep their precision, bit by bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers import PriorTransformer, UNet2DConditionModel, VQModel
from diffusers.pipelines.kandinsky.text_encoder import MCLIPConfig, MultilingualCLIP
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPVisionConfig, CLIPVisionModelWithProjection

from kandinsky_studio.engine.checkpoints import State, read_checkpoint, read_pair
from kandinsky_studio.engine.converting import Stored
from kandinsky_studio.engine.files import read_json
from kandinsky_studio.engine.original import Numbers, Table, count, divide, size, unet_shape, unet_table, vae_table
from kandinsky_studio.engine.scripted import is_scripted, read_scripted

_CONDITIONS: Table = {
    "clip_to_seq": ("encoder_hid_proj.image_embeds",),
    "to_model_dim_n": ("encoder_hid_proj.text_proj",),
    "ln_model_n": ("add_embedding.text_norm",),
    "proj_n": ("add_embedding.text_proj",),
    "img_layer": ("add_embedding.image_proj",),
}
_PRIOR: Table = {
    "model.time_embed.0": ("time_embedding.linear_1",),
    "model.time_embed.2": ("time_embedding.linear_2",),
    "model.clip_img_proj": ("proj_in",),
    "model.text_emb_proj": ("embedding_proj",),
    "model.text_enc_proj": ("encoder_hidden_states_proj",),
    "model.final_ln": ("norm_out",),
    "model.out_proj": ("proj_to_clip_embeddings",),
}
_PRIOR_BLOCK: Table = {
    "attn.c_qkv": ("attn1.to_q", "attn1.to_k", "attn1.to_v"),
    "attn.c_proj": ("attn1.to_out.0",),
    "mlp.c_fc": ("ff.net.0.proj",),
    "mlp.c_proj": ("ff.net.2",),
    "ln_1": ("norm1",),
    "ln_2": ("norm3",),
}
_CLIP_BLOCK = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
_BUFFERS = {"clip_mean", "clip_std", "causal_mask", "cf_token", "cf_mask"}  # of the prior's training, not its weights
_CLIP_BESIDES = {"logit_scale", "input_resolution", "context_length", "vocab_size"}  # for comparing, and plain numbers
_POOLER = "transformer.pooler.dense."  # of XLM-RoBERTa; 2.1 takes the mean of all tokens and never asks it
_POOLED_2_0 = 640  # numbers that 2.0's text encoder, which has the same names, makes of a prompt

MARKS: Mapping[str, tuple[str, ...]] = {
    "decoder": ("clip_to_seq.weight", "to_model_dim_n.weight", "input_blocks.0.0.weight"),
    "prior": ("model.clip_img_proj.weight", "model.prd_emb"),
    "movq": ("quantize.embedding.weight", "decoder.norm_out.norm_layer.weight"),
    "text_encoder": ("LinearTransformation.weight", "transformer.embeddings.word_embeddings.weight"),
    "clip": ("visual.conv1.weight", "text_projection", "token_embedding.weight"),
}
"""What tells the kinds of files: names that each of a kind has, and none of another. An inpainting decoder is told from
the other by its input, and ``"stats"`` by having no names at all."""


@dataclass(frozen=True, eq=False)
class Network:
    """One network: the ``part`` of a model it is, its configuration, and its tensors in diffusers' names."""

    part: str
    config: dict[str, Any]
    tensors: Mapping[str, Stored]

    @property
    def size(self) -> int:
        """Bytes of its tensors."""
        return sum(math.prod(stored.shape) * stored.dtype.itemsize for stored in self.tensors.values())

    @property
    def is_half(self) -> bool:
        """Whether most of its numbers have 16 bits."""
        half = [stored for stored in self.tensors.values() if stored.dtype.itemsize == 2]
        return 2 * sum(math.prod(stored.shape) for stored in half) > sum(
            math.prod(stored.shape) for stored in self.tensors.values()
        )


@dataclass(frozen=True, eq=False)
class _Piece:
    """Where a tensor comes from, and what is taken of that."""

    source: str
    taken: Callable[[torch.Tensor], torch.Tensor] = lambda tensor: tensor


_Plan = dict[str, _Piece]


def kind_of(path: Path) -> str | None:
    """What a file is by what is in it: a key of ``MARKS``, ``"inpainting"``, ``"stats"``; None if none of these.

    Reads names and shapes only. Raises ``OSError`` if the file can't be read.
    """
    try:
        state = _read(path)
    except ValueError:
        try:
            mean, deviation = read_pair(path)
        except ValueError:
            return None
        return "stats" if mean.dim() == 1 and mean.shape == deviation.shape else None
    for kind, names in MARKS.items():
        if all(name in state for name in names):
            if kind == "text_encoder" and state[names[0]].shape[:1] == (_POOLED_2_0,):
                return None
            wide = kind == "decoder" and state["input_blocks.0.0.weight"].dim() == 4
            return "inpainting" if wide and state["input_blocks.0.0.weight"].shape[1] == 9 else kind
    return None


def networks(kind: str, path: Path, numbers: Numbers, besides: Path | None = None) -> list[Network]:
    """What a file of ``kind`` holds.

    ``besides`` is what it needs: the statistics of a prior, or the ``config.json`` of a text encoder. Tensors are read
    when they are asked for. Raises ``ValueError`` if the file is damaged or hostile, or if a weight is missing, too
    many or of another shape; ``OSError`` if it can't be read.
    """
    state = _read(path)
    if kind in ("decoder", "inpainting"):
        return [_decoder(state, numbers)]
    if kind == "movq":
        return [_movq(state, numbers)]
    if kind == "clip":
        return [_clip_text(state, numbers), _clip_vision(state, numbers)]
    if besides is None:
        raise ValueError(f"“{path.name}” is of no use alone")
    return [_prior(state, read_pair(besides), numbers) if kind == "prior" else _text_encoder(state, besides)]


def _read(path: Path) -> dict[str, torch.Tensor]:
    return read_scripted(path) if is_scripted(path) else read_checkpoint(path)


# ---------------------------------------------------------------------- the networks


def _decoder(state: State, numbers: Numbers) -> Network:
    shape = unet_shape(state)
    config = {
        **shape.config(numbers),
        "encoder_hid_dim": size(state, "to_model_dim_n.weight", 1),
        "encoder_hid_dim_type": "text_image_proj",
        "addition_embed_type": "text_image",
    }
    plan = _pieces(state, {**unet_table(shape), **_CONDITIONS}, numbers.head_dim)
    return _network("unet", UNet2DConditionModel, config, state, plan)


def _prior(state: State, stats: tuple[torch.Tensor, torch.Tensor], numbers: Numbers) -> Network:
    layers, head_dim = count(state, "model.transformer.resblocks"), numbers.prior_head_dim
    places, width = size(state, "model.positional_embedding", 1), size(state, "model.positional_embedding", 2)
    if not layers or width % head_dim or places <= 4:
        raise ValueError(f"it is not a prior of Kandinsky 2.1 with heads of {head_dim}")
    config = {
        "num_attention_heads": width // head_dim,
        "attention_head_dim": head_dim,
        "num_layers": layers,
        "embedding_dim": size(state, "model.clip_img_proj.weight", 1),
        "num_embeddings": places - 4,  # the other four are no words: their mean, the time, the idea, the answer
        "additional_embeddings": 4,
    }
    table = dict(_PRIOR)
    for layer in range(layers):
        for old, names in _PRIOR_BLOCK.items():
            new = tuple(f"transformer_blocks.{layer}.{name}" for name in names)
            table[f"model.transformer.resblocks.{layer}.{old}"] = new
    plan = _pieces(state, table, head_dim)
    plan |= {
        "positional_embedding": _Piece("model.positional_embedding"),
        "prd_embedding": _Piece("model.prd_emb"),
        "clip_mean": _Piece("stats.mean", _as_row),
        "clip_std": _Piece("stats.std", _as_row),
    }
    kept = {name: tensor for name, tensor in state.items() if name not in _BUFFERS}
    return _network("prior", PriorTransformer, config, {**kept, "stats.mean": stats[0], "stats.std": stats[1]}, plan)


def _movq(state: State, numbers: Numbers) -> Network:
    levels, layers = count(state, "encoder.down"), count(state, "encoder.down.0.block")
    if not levels or not layers:
        raise ValueError("it is not a MoVQ of Kandinsky 2.1")
    widths = [size(state, f"encoder.down.{level}.block.0.conv1.weight", 0) for level in range(levels)]
    if any(width % numbers.vae_groups for width in widths):
        raise ValueError(f"{numbers.vae_groups} groups do not divide the widths {widths}")
    attending = [f"encoder.down.{level}.attn.0.q.weight" in state for level in range(levels)]
    down = ["AttnDownEncoderBlock2D" if attends else "DownEncoderBlock2D" for attends in attending]
    up = ["AttnUpDecoderBlock2D" if attends else "UpDecoderBlock2D" for attends in reversed(attending)]
    config = {
        "in_channels": size(state, "encoder.conv_in.weight", 1),
        "out_channels": size(state, "decoder.conv_out.weight", 0),
        "down_block_types": down,
        "up_block_types": up,
        "block_out_channels": widths,
        "layers_per_block": layers,
        "latent_channels": size(state, "post_quant_conv.weight", 0),
        "norm_num_groups": numbers.vae_groups,
        "num_vq_embeddings": size(state, "quantize.embedding.weight", 0),
        "vq_embed_dim": size(state, "quantize.embedding.weight", 1),
        "norm_type": "spatial",
    }
    return _network("movq", VQModel, config, state, _pieces(state, _movq_table(levels, layers), numbers.head_dim))


def _movq_table(levels: int, layers: int) -> Table:
    """The layers of 2.0's VAE, attention beside those of a level, and norms in the decoder that look at the latent."""
    table = vae_table(levels, layers)
    middle = {
        old.rpartition(".")[2]: new[0].rpartition("attentions.0.")[2] for old, new in table.items() if "attn_1" in old
    }
    for level in range(levels):
        for side, new, depth in (
            (f"encoder.down.{level}", f"encoder.down_blocks.{level}", layers),
            (f"decoder.up.{level}", f"decoder.up_blocks.{levels - 1 - level}", layers + 1),
        ):
            for k in range(depth):
                names = {f"{side}.attn.{k}.{o}": (f"{new}.attentions.{k}.{n}",) for o, n in middle.items()}
                table |= names
    for old, (new,) in list(table.items()):
        if old.startswith("decoder.") and "norm" in old.rpartition(".")[2]:
            for inner in ("norm_layer", "conv_y", "conv_b"):
                table[f"{old}.{inner}"] = (f"{new.replace('group_norm', 'spatial_norm')}.{inner}",)
            del table[old]
    return {**table, "quantize.embedding": ("quantize.embedding",)}


def _text_encoder(state: State, config_file: Path) -> Network:
    config = {
        **read_json(config_file),
        "numDims": size(state, "LinearTransformation.weight", 0),
        "transformerDimensions": size(state, "LinearTransformation.weight", 1),
    }
    layers = count(state, "transformer.encoder.layer")
    if config.get("num_hidden_layers", 12) != layers:  # before a network is built: a wrong number could be any size
        raise ValueError(f"config.json says {config.get('num_hidden_layers')} layers, the weights say {layers}")
    kept = {name: tensor for name, tensor in state.items() if not name.endswith("position_ids")}
    if not any(name.startswith(_POOLER) for name in kept):
        width = config["transformerDimensions"]
        nothing = torch.zeros((), dtype=kept["LinearTransformation.weight"].dtype)
        kept |= {f"{_POOLER}weight": nothing.expand(width, width), f"{_POOLER}bias": nothing.expand(width)}
    with torch.device("meta"):
        network = _built(lambda: MultilingualCLIP(MCLIPConfig.from_dict(config)))
    plan = {name: _Piece(name) for name in kept}
    return Network("text_encoder", config, _stored(kept, plan, network.state_dict()))


def _clip_text(state: State, numbers: Numbers) -> Network:
    words, width = size(state, "token_embedding.weight", 0), size(state, "token_embedding.weight", 1)
    if width % numbers.clip_head_dim:
        raise ValueError(f"heads of {numbers.clip_head_dim} do not divide the width {width}")
    config: dict[str, Any] = {
        "vocab_size": words,
        "hidden_size": width,
        "intermediate_size": size(state, "transformer.resblocks.0.mlp.c_fc.weight", 0),
        "projection_dim": size(state, "text_projection", 1),
        "num_hidden_layers": count(state, "transformer.resblocks"),
        "num_attention_heads": width // numbers.clip_head_dim,
        "max_position_embeddings": size(state, "positional_embedding", 0),
        "hidden_act": "quick_gelu",
        "bos_token_id": words - 2,
        "eos_token_id": words - 1,
        "pad_token_id": words - 1,
    }
    plan = _clip_pieces(state, "transformer", "text_model", config["num_hidden_layers"])
    plan |= {
        "text_model.embeddings.token_embedding.weight": _Piece("token_embedding.weight"),
        "text_model.embeddings.position_embedding.weight": _Piece("positional_embedding"),
        "text_projection.weight": _Piece("text_projection", _turned),
    }
    plan |= _pieces(state, {"ln_final": ("text_model.final_layer_norm",)}, 1)
    own = {name: t for name, t in state.items() if not name.startswith("visual.") and name not in _CLIP_BESIDES}
    built = partial(CLIPTextModelWithProjection, CLIPTextConfig(**config))
    return _network("text_encoder", built, {**config, "model_type": "clip_text_model"}, own, plan)


def _clip_vision(state: State, numbers: Numbers) -> Network:
    width, patch = size(state, "visual.conv1.weight", 0), size(state, "visual.conv1.weight", 2)
    side = round((size(state, "visual.positional_embedding", 0) - 1) ** 0.5)
    if width % numbers.clip_head_dim:
        raise ValueError(f"heads of {numbers.clip_head_dim} do not divide the width {width}")
    config: dict[str, Any] = {
        "hidden_size": width,
        "intermediate_size": size(state, "visual.transformer.resblocks.0.mlp.c_fc.weight", 0),
        "projection_dim": size(state, "visual.proj", 1),
        "num_hidden_layers": count(state, "visual.transformer.resblocks"),
        "num_attention_heads": width // numbers.clip_head_dim,
        "image_size": side * patch,
        "patch_size": patch,
        "hidden_act": "quick_gelu",
    }
    plan = _clip_pieces(state, "visual.transformer", "vision_model", config["num_hidden_layers"])
    table: Table = {
        "visual.conv1": ("vision_model.embeddings.patch_embedding",),
        "visual.ln_pre": ("vision_model.pre_layrnorm",),  # as it is called there
        "visual.ln_post": ("vision_model.post_layernorm",),
    }
    plan |= _pieces(state, table, 1)
    plan |= {
        "vision_model.embeddings.class_embedding": _Piece("visual.class_embedding"),
        "vision_model.embeddings.position_embedding.weight": _Piece("visual.positional_embedding"),
        "visual_projection.weight": _Piece("visual.proj", _turned),
    }
    own = {name: tensor for name, tensor in state.items() if name.startswith("visual.")}
    own = {name: tensor for name, tensor in own.items() if name.removeprefix("visual.") not in _CLIP_BESIDES}
    built = partial(CLIPVisionModelWithProjection, CLIPVisionConfig(**config))
    return _network("image_encoder", built, {**config, "model_type": "clip_vision_model"}, own, plan)


def _clip_pieces(state: State, old: str, new: str, layers: int) -> _Plan:
    """The blocks of one of CLIP's towers, whose queries, keys and values lie one below the other."""
    table: Table = {}
    plan: _Plan = {}
    for layer in range(layers):
        block, target = f"{old}.resblocks.{layer}", f"{new}.encoder.layers.{layer}"
        table |= {f"{block}.{o}": (f"{target}.{n}",) for o, n in _CLIP_BLOCK.items()}
        for kind in ("weight", "bias"):
            for third, name in enumerate(("q_proj", "k_proj", "v_proj")):
                taken = partial(_third, third)
                plan[f"{target}.self_attn.{name}.{kind}"] = _Piece(f"{block}.attn.in_proj_{kind}", taken)
    return plan | _pieces(state, table, 1)


# ---------------------------------------------------------------------- from names to tensors


def _pieces(state: State, table: Table, head_dim: int) -> _Plan:
    """Where the tensors of the layers in ``table`` come from."""
    plan: _Plan = {}
    for name in state:
        layer, _, kind = name.rpartition(".")
        targets = table.get(layer, ())
        for number, target in enumerate(targets):
            whole = len(targets) == 1
            piece = _Piece(name) if whole else _Piece(name, partial(_share, name, number, len(targets), head_dim))
            plan[f"{target}.{kind}"] = piece
    return plan


def _share(name: str, number: int, parts: int, head_dim: int, tensor: torch.Tensor) -> torch.Tensor:
    return divide(name, tensor, parts, head_dim)[number]


def _third(number: int, tensor: torch.Tensor) -> torch.Tensor:
    return tensor.chunk(3)[number]


def _turned(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.t()


def _as_row(tensor: torch.Tensor) -> torch.Tensor:
    return tensor[None]


def _network(part: str, network: Any, config: dict[str, Any], state: State, plan: _Plan) -> Network:
    """``network`` is a class of diffusers, or something that builds one of transformers."""
    own = isinstance(network, type)
    with torch.device("meta"):
        module = _built(lambda: network(**config) if own else network())
    told = {"_class_name": network.__name__, **config} if own else config
    return Network(part, told, _stored(state, plan, module.state_dict()))


def _built(build: Callable[[], Any]) -> Any:
    try:
        return build()
    except Exception as error:  # whatever the libraries say about numbers that fit nothing
        raise ValueError("its shapes fit no network of Kandinsky 2.1") from error


def _stored(state: State, plan: _Plan, wanted: State) -> dict[str, Stored]:
    """The tensors of a network whose ``state_dict()`` is ``wanted``. Raises ``ValueError`` unless all of it fits."""
    plan = {name: piece for name, piece in plan.items() if piece.source in state}
    if missing := sorted(wanted.keys() - plan.keys()):
        raise ValueError(f"{len(missing)} weights are missing, such as {missing[0]}")
    used = {plan[name].source for name in wanted}
    if extra := sorted(state.keys() - used):
        raise ValueError(f"{len(extra)} weights are too many, such as {extra[0]}")
    stored = {}
    for name, target in wanted.items():
        piece = plan[name]
        tensor = state[piece.source]
        if not tensor.is_floating_point():
            raise ValueError(f"{piece.source} is not made of real numbers")
        shape = tuple(target.shape)
        if not _fits(piece, tensor, shape):
            raise ValueError(f"{piece.source} has the shape {tuple(tensor.shape)}, which does not fit {name}")
        stored[name] = Stored(tensor.dtype, shape, partial(_values, piece, tensor, shape))
    return stored


def _fits(piece: _Piece, tensor: torch.Tensor, wanted: tuple[int, ...]) -> bool:
    """Whether what is taken has the shape ``wanted``; a linear layer may be written as a convolution of size 1."""
    try:
        found = tuple(piece.taken(torch.empty_like(tensor, device="meta")).shape)
    except (ValueError, RuntimeError, IndexError):
        return False
    return found[: len(wanted)] == wanted and set(found[len(wanted) :]) <= {1}


def _values(piece: _Piece, tensor: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    return piece.taken(tensor).reshape(shape)
