"""The two towers of CLIP as OpenAI published them (``clip/model.py`` in openai/CLIP), in transformers' names."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPVisionConfig, CLIPVisionModelWithProjection

from kandinsky_studio.engine.checkpoints import State
from kandinsky_studio.engine.original import Numbers, Table, count, size
from kandinsky_studio.engine.pieces import Network, Piece, Plan, pieces, read_as

_BLOCK = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
_BESIDES = {"logit_scale", "input_resolution", "context_length", "vocab_size"}  # for comparing, and plain numbers


def text_tower(state: State, numbers: Numbers) -> Network:
    """What reads words. Raises ``ValueError`` if a weight is missing, too many or of another shape."""
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
    plan = _clippieces(state, "transformer", "text_model", config["num_hidden_layers"])
    plan |= {
        "text_model.embeddings.token_embedding.weight": Piece("token_embedding.weight"),
        "text_model.embeddings.position_embedding.weight": Piece("positional_embedding"),
        "text_projection.weight": Piece("text_projection", _turned),
    }
    plan |= pieces(state, {"ln_final": ("text_model.final_layer_norm",)}, 1)
    own = {name: t for name, t in state.items() if not name.startswith("visual.") and name not in _BESIDES}
    built = partial(CLIPTextModelWithProjection, CLIPTextConfig(**config))
    return read_as("text_encoder", built, {**config, "model_type": "clip_text_model"}, own, plan)


def vision_tower(state: State, numbers: Numbers) -> Network:
    """What looks at pictures; raises as above."""
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
    plan = _clippieces(state, "visual.transformer", "vision_model", config["num_hidden_layers"])
    table: Table = {
        "visual.conv1": ("vision_model.embeddings.patch_embedding",),
        "visual.ln_pre": ("vision_model.pre_layrnorm",),  # as it is called there
        "visual.ln_post": ("vision_model.post_layernorm",),
    }
    plan |= pieces(state, table, 1)
    plan |= {
        "vision_model.embeddings.class_embedding": Piece("visual.class_embedding"),
        "vision_model.embeddings.position_embedding.weight": Piece("visual.positional_embedding"),
        "visual_projection.weight": Piece("visual.proj", _turned),
    }
    own = {name: tensor for name, tensor in state.items() if name.startswith("visual.")}
    own = {name: tensor for name, tensor in own.items() if name.removeprefix("visual.") not in _BESIDES}
    built = partial(CLIPVisionModelWithProjection, CLIPVisionConfig(**config))
    return read_as("image_encoder", built, {**config, "model_type": "clip_vision_model"}, own, plan)


def _clippieces(state: State, old: str, new: str, layers: int) -> Plan:
    """The blocks of one of CLIP's towers, whose queries, keys and values lie one below the other."""
    table: Table = {}
    plan: Plan = {}
    for layer in range(layers):
        block, target = f"{old}.resblocks.{layer}", f"{new}.encoder.layers.{layer}"
        table |= {f"{block}.{o}": (f"{target}.{n}",) for o, n in _BLOCK.items()}
        for kind in ("weight", "bias"):
            for third, name in enumerate(("q_proj", "k_proj", "v_proj")):
                taken = partial(_third, third)
                plan[f"{target}.self_attn.{name}.{kind}"] = Piece(f"{block}.attn.in_proj_{kind}", taken)
    return plan | pieces(state, table, 1)


def _third(number: int, tensor: torch.Tensor) -> torch.Tensor:
    return tensor.chunk(3)[number]


def _turned(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.t()
