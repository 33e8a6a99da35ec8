"""Kandinsky 2.1 in the files it was first published in, as networks in diffusers' names.

The files are those of ``ai-forever/Kandinsky_2.1``: ``decoder_fp16.ckpt``, ``inpainting_fp16.ckpt``,
``prior_fp16.ckpt`` with ``ViT-L-14_stats.th``, ``movq_final.ckpt`` and ``text_encoder/``; the two towers of CLIP come
from OpenAI's ``ViT-L-14.pt``. How their layers are called and laid out is told by the modules they were saved from
(``kandinsky2/model`` and ``kandinsky2/vqgan`` in ai-forever/Kandinsky-2), and what diffusers calls them by its
``scripts/convert_kandinsky_to_diffusers.py``.

Widths and depths are read from the tensors' shapes; what no shape tells is as published, unless a ``config.json`` beside
the files says otherwise. Nothing is converted here: tensors keep their precision, bit by bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from diffusers import PriorTransformer, UNet2DConditionModel, VQModel
from diffusers.pipelines.kandinsky.text_encoder import MCLIPConfig, MultilingualCLIP

from kandinsky_studio.engine.checkpoints import State, read_checkpoint, read_pair
from kandinsky_studio.engine.files import read_json
from kandinsky_studio.engine.original import Numbers, Table, count, size, unet_shape, unet_table, vae_table
from kandinsky_studio.engine.original_clip import text_tower, vision_tower
from kandinsky_studio.engine.pieces import Network, Piece, built, pieces, read_as, stored_of
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
_BUFFERS = {"clip_mean", "clip_std", "causal_mask", "cf_token", "cf_mask"}  # of the prior's training, not its weights
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


def kind_of(path: Path) -> str | None:
    """What a file is by what is in it: a key of ``MARKS``, ``"inpainting"``, ``"stats"``; None if none of these.

    Reads names and shapes only. Raises ``OSError`` if the file can't be read.
    """
    try:
        state = read_scripted(path, names_only=True) if is_scripted(path) else read_checkpoint(path)
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
    state = read_scripted(path) if is_scripted(path) else read_checkpoint(path)
    if kind in ("decoder", "inpainting"):
        return [_decoder(state, numbers)]
    if kind == "movq":
        return [_movq(state, numbers)]
    if kind == "clip":
        return [text_tower(state, numbers), vision_tower(state, numbers)]
    if besides is None:
        raise ValueError(f"“{path.name}” is of no use alone")
    return [_prior(state, read_pair(besides), numbers) if kind == "prior" else _text_encoder(state, besides)]


# ---------------------------------------------------------------------- the networks


def _decoder(state: State, numbers: Numbers) -> Network:
    shape = unet_shape(state)
    config = {
        **shape.config(numbers),
        "encoder_hid_dim": size(state, "to_model_dim_n.weight", 1),
        "encoder_hid_dim_type": "text_image_proj",
        "addition_embed_type": "text_image",
    }
    plan = pieces(state, {**unet_table(shape), **_CONDITIONS}, numbers.head_dim)
    return read_as("unet", UNet2DConditionModel, config, state, plan)


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
    plan = pieces(state, table, head_dim)
    plan |= {
        "positional_embedding": Piece("model.positional_embedding"),
        "prd_embedding": Piece("model.prd_emb"),
        "clip_mean": Piece("stats.mean", _as_row),
        "clip_std": Piece("stats.std", _as_row),
    }
    kept = {name: tensor for name, tensor in state.items() if name not in _BUFFERS}
    return read_as("prior", PriorTransformer, config, {**kept, "stats.mean": stats[0], "stats.std": stats[1]}, plan)


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
    return read_as("movq", VQModel, config, state, pieces(state, _movq_table(levels, layers), numbers.head_dim))


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
        network = built(lambda: MultilingualCLIP(MCLIPConfig.from_dict(config)))
    plan = {name: Piece(name) for name in kept}
    return Network("text_encoder", config, stored_of(kept, plan, network.state_dict()))


def _as_row(tensor: torch.Tensor) -> torch.Tensor:
    return tensor[None]
