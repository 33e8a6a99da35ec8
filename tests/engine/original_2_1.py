"""A tiny Kandinsky 2.1 written in the files of its first release: names and shapes as its own modules have them.

The way back from diffusers' names, written down apart from what the program reads them with.
"""

from __future__ import annotations

import json
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from tests.engine.kandinsky_2_1_checkpoint import DECODER, INPAINT, PRIOR

State = dict[str, torch.Tensor]

_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_SINGLE = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "encoder_hid_proj.image_embeds": "clip_to_seq",
    "encoder_hid_proj.text_proj": "to_model_dim_n",
    "add_embedding.text_norm": "ln_model_n",
    "add_embedding.text_proj": "proj_n",
    "add_embedding.image_proj": "img_layer",
}
_PRIOR = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "proj_in": "clip_img_proj",
    "embedding_proj": "text_emb_proj",
    "encoder_hidden_states_proj": "text_enc_proj",
    "norm_out": "final_ln",
    "proj_to_clip_embeddings": "out_proj",
}
_PRIOR_BLOCK = {
    "attn1.to_out.0": "attn.c_proj",
    "ff.net.0.proj": "mlp.c_fc",
    "ff.net.2": "mlp.c_proj",
    "norm1": "ln_1",
    "norm3": "ln_2",
}


def save_original(model: Path, folder: Path) -> None:
    """Write the tiny 2.1 in ``model`` to ``folder`` as ``ai-forever/Kandinsky_2.1`` is, with CLIP's file beside it."""
    (folder / "text_encoder").mkdir(parents=True)
    unet = json.loads((model / DECODER / "unet" / "config.json").read_text())
    prior = json.loads((model / PRIOR / "prior" / "config.json").read_text())
    movq = json.loads((model / DECODER / "movq" / "config.json").read_text())
    clip = json.loads((model / PRIOR / "text_encoder" / "config.json").read_text())
    for name, part in (("decoder_fp16.ckpt", DECODER), ("inpainting_fp16.ckpt", INPAINT)):
        state = load_file(model / part / "unet" / "diffusion_pytorch_model.safetensors")
        torch.save(decoder(state, unet["layers_per_block"], unet["attention_head_dim"]), folder / name)
    state = load_file(model / PRIOR / "prior" / "diffusion_pytorch_model.safetensors")
    torch.save((state.pop("clip_mean")[0], state.pop("clip_std")[0]), folder / "ViT-L-14_stats.th")
    torch.save(prior_of(state, prior["attention_head_dim"]), folder / "prior_fp16.ckpt")
    state = load_file(model / DECODER / "movq" / "diffusion_pytorch_model.safetensors")
    torch.save(movq_of(state, len(movq["block_out_channels"])), folder / "movq_final.ckpt")
    words = load_file(model / DECODER / "text_encoder" / "model.safetensors")
    torch.save(words, folder / "text_encoder" / "pytorch_model.bin")
    config = json.loads((model / DECODER / "text_encoder" / "config.json").read_text())
    plain = {name: value for name, value in config.items() if name not in ("numDims", "transformerDimensions")}
    (folder / "text_encoder" / "config.json").write_text(json.dumps(plain))
    for file in (model / DECODER / "tokenizer").iterdir():
        shutil.copy(file, folder / "text_encoder")
    text = load_file(model / PRIOR / "text_encoder" / "model.safetensors")
    vision = load_file(model / PRIOR / "image_encoder" / "model.safetensors")
    save_scripted(clip_of(text, vision), folder / "ViT-L-14.pt")
    numbers = {
        "unet": {"num_head_channels": unet["attention_head_dim"], "norm_num_groups": unet["norm_num_groups"]},
        "prior": {"num_head_channels": prior["attention_head_dim"]},
        "clip": {"num_head_channels": clip["hidden_size"] // clip["num_attention_heads"]},
        "vae": {"norm_num_groups": movq["norm_num_groups"]},
    }
    (folder / "config.json").write_text(json.dumps(numbers))  # the tiny one is no ViT-L/14


def decoder(state: State, layers: int, head_dim: int) -> State:
    """A decoder in the names of ``kandinsky2/model/text2im_model2_1.py`` and ``unet.py``."""
    attending = {name.split(".")[1] for name in state if name.startswith("up_blocks") and "attentions" in name}

    def block(name: str) -> str:
        side, level, kind, number = re.match(r"(\w+)_blocks\.(\d+)\.(\w+)\.(\d+)", name).groups()  # type: ignore[union-attr]
        first = int(level) * (layers + 1)
        if side == "down":
            index = first + layers + 1 if kind == "downsamplers" else 1 + first + int(number)
            return f"input_blocks.{index}.{int(kind == 'attentions')}"
        if kind == "upsamplers":
            return f"output_blocks.{first + layers}.{2 if level in attending else 1}"
        return f"output_blocks.{first + int(number)}.{int(kind == 'attentions')}"

    written: State = {}
    for name, tensor in state.items():
        layer, _, kind = name.rpartition(".")
        if layer in _SINGLE:
            written[f"{_SINGLE[layer]}.{kind}"] = tensor
            continue
        if layer.startswith("mid_block"):
            place = {"resnets.0": 0, "attentions.0": 1, "resnets.1": 2}
            prefix = f"middle_block.{place[re.search(r'(resnets|attentions).[01]', layer).group()]}"  # type: ignore[union-attr]
        else:
            prefix = block(name)
        last = re.sub(r"^.*(resnets|attentions|downsamplers|upsamplers)\.\d+\.", "", layer)
        if last in _RESNET:
            written[f"{prefix}.{_RESNET[last]}.{kind}"] = tensor
        elif last == "group_norm":
            written[f"{prefix}.norm.{kind}"] = tensor
        elif last == "to_out.0":
            written[f"{prefix}.proj_out.{kind}"] = _as_conv(tensor)
        elif last in ("to_q", "add_k_proj"):
            names = ("to_q", "to_k", "to_v") if last == "to_q" else ("add_k_proj", "add_v_proj")
            parts = [state[f"{layer.removesuffix(last)}{other}.{kind}"] for other in names]
            target = "qkv" if last == "to_q" else "encoder_kv"
            written[f"{prefix}.{target}.{kind}"] = _as_conv(_by_head(parts, head_dim))
        else:
            assert last in ("to_k", "to_v", "add_v_proj"), name
    return written


def prior_of(state: State, head_dim: int) -> State:
    """A prior in the names of ``kandinsky2/model/prior.py``, with a buffer of its training."""
    written: State = {"causal_mask": torch.zeros(1, 81, 81)}
    for name, tensor in state.items():
        layer, _, kind = name.rpartition(".")
        if name in ("positional_embedding", "prd_embedding"):
            written["model." + name.replace("prd_embedding", "prd_emb")] = tensor
        elif layer in _PRIOR:
            written[f"model.{_PRIOR[layer]}.{kind}"] = tensor
        elif name.startswith("transformer_blocks"):
            _, number, last = layer.split(".", 2)
            prefix = f"model.transformer.resblocks.{number}"
            if last in _PRIOR_BLOCK:
                written[f"{prefix}.{_PRIOR_BLOCK[last]}.{kind}"] = tensor
            elif last == "attn1.to_q":
                parts = [state[f"{layer.removesuffix('to_q')}{other}.{kind}"] for other in ("to_q", "to_k", "to_v")]
                written[f"{prefix}.attn.c_qkv.{kind}"] = _by_head(parts, head_dim)
            else:
                assert last in ("attn1.to_k", "attn1.to_v"), name
        else:
            assert name == "clip_mean" or name == "clip_std", name
    return written


def movq_of(state: State, levels: int) -> State:
    """MoVQ in the names of ``kandinsky2/vqgan``."""
    written: State = {}
    for name, tensor in state.items():
        new = name
        if found := re.match(r"decoder\.up_blocks\.(\d+)\.", name):
            new = name.replace(found.group(), f"decoder.up.{levels - 1 - int(found[1])}.")
        new = re.sub(r"encoder\.down_blocks\.(\d+)\.", r"encoder.down.\1.", new)
        new = new.replace("downsamplers.0", "downsample").replace("upsamplers.0", "upsample")
        new = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", new)
        new = new.replace("mid_block.attentions.0", "mid.attn_1")
        new = new.replace(".resnets.", ".block.").replace(".attentions.", ".attn.")
        new = new.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
        new = new.replace("spatial_norm", "norm").replace("group_norm", "norm")
        if attention := re.search(r"\.(to_q|to_k|to_v|to_out\.0)\.(weight|bias)$", new):
            short = {"to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}[attention[1]]
            new = new.replace(attention.group(), f".{short}.{attention[2]}")
            tensor = tensor[:, :, None, None] if attention[2] == "weight" else tensor
        written[new] = tensor.contiguous()
    return written


def clip_of(text: State, vision: State) -> State:
    """Both towers of CLIP in the names of ``clip/model.py``."""
    written: State = {"logit_scale": torch.tensor(4.6), "context_length": torch.tensor(77)}
    for state, prefix, tower in ((text, "", "text_model."), (vision, "visual.", "vision_model.")):
        for name, tensor in state.items():
            short = name.removeprefix(tower)
            if found := re.match(r"encoder\.layers\.(\d+)\.(.*)", short):
                block, last = f"{prefix}transformer.resblocks.{found[1]}.", found[2]
                for old, new in (
                    ("layer_norm1", "ln_1"),
                    ("layer_norm2", "ln_2"),
                    ("mlp.fc1", "mlp.c_fc"),
                    ("mlp.fc2", "mlp.c_proj"),
                    ("self_attn.out_proj", "attn.out_proj"),
                ):
                    if last.startswith(old):
                        written[block + last.replace(old, new)] = tensor
                if last.startswith("self_attn.q_proj"):
                    others = [state[name.replace("q_proj", f"{letter}_proj")] for letter in "qkv"]
                    written[f"{block}attn.in_proj_{last.rpartition('.')[2]}"] = torch.cat(others)
                continue
            names = {
                "embeddings.token_embedding.weight": "token_embedding.weight",
                "embeddings.position_embedding.weight": "positional_embedding",
                "embeddings.class_embedding": "class_embedding",
                "embeddings.patch_embedding.weight": "conv1.weight",
                "text_projection.weight": "text_projection",
                "visual_projection.weight": "proj",
                **{f"final_layer_norm.{kind}": f"ln_final.{kind}" for kind in ("weight", "bias")},
                **{f"pre_layrnorm.{kind}": f"ln_pre.{kind}" for kind in ("weight", "bias")},
                **{f"post_layernorm.{kind}": f"ln_post.{kind}" for kind in ("weight", "bias")},
            }
            if not short.endswith("position_ids"):
                turned = "projection" in short
                written[prefix + names[short]] = tensor.t().contiguous() if turned else tensor
    return written


class _Holder(torch.nn.Module):
    """Modules inside of each other that hold tensors and do nothing."""


def save_scripted(state: State, path: Path) -> None:
    """Write ``state`` as OpenAI wrote CLIP: the program of a network with its weights."""
    root = _Holder()
    for name, tensor in state.items():
        *above, last = name.split(".")
        node: Any = root
        for part in above:
            if part not in dict(node.named_children()):
                node.add_module(part, _Holder())
            node = node.get_submodule(part)
        node.register_buffer(last, tensor.clone())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # nobody writes such files any more; CLIP's is one
        torch.jit.script(root).save(str(path))


def _by_head(parts: list[torch.Tensor], head_dim: int) -> torch.Tensor:
    """Queries, keys and values of one head after those of another."""
    heads = [part.reshape(-1, head_dim, *part.shape[1:]) for part in parts]
    return torch.cat(heads, dim=1).flatten(0, 1).contiguous()


def _as_conv(tensor: torch.Tensor) -> torch.Tensor:
    return tensor[..., None].contiguous() if tensor.dim() == 2 else tensor
