"""Models of the size of Kandinsky 2.0 and 2.1 with random weights, in the files that those are published in."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.random_model import (
    CODEC,
    DECODER,
    FULL,
    numbers,
    pool,
    write_beside_prior,
    write_network,
    written,
)

_CLIP_TEXT = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
_CLIP_VISION = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
_XLM_ROBERTA = {
    "vocab_size": 250_002,
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "pad_token_id": 1,
}
_MT5 = {
    "vocab_size": 250_112,
    "d_model": 512,
    "d_kv": 64,
    "d_ff": 1024,
    "num_layers": 8,
    "num_decoder_layers": 8,
    "num_heads": 6,
    "feed_forward_proj": "gated-gelu",
    "tie_word_embeddings": False,
}
_VAE_FILE = 1_100_000_000  # bytes; the training's state is in it, too
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_LETTERS = [chr(letter) for letter in range(ord("a"), ord("z") + 1)]

Dtype = Callable[[str, Any], Any]


def kandinsky_2_1() -> str:
    """The folder of a model of 2.1's size, in diffusers' layout, in bfloat16; written if it is not there."""
    return written("full-2.1", _write_2_1)


def kandinsky_2_0() -> str:
    """The folder of a model of 2.0's size, in the original layout and precision; written if it is not there."""
    return written("full-2.0", _write_2_0)


def _write_2_1(folder: Path) -> None:
    from accelerate import init_empty_weights
    from diffusers import DDIMScheduler, PriorTransformer, UNet2DConditionModel, VQModel
    from diffusers.pipelines.kandinsky.text_encoder import MCLIPConfig, MultilingualCLIP
    from transformers import (
        CLIPTextConfig,
        CLIPTextModelWithProjection,
        CLIPVisionConfig,
        CLIPVisionModelWithProjection,
    )

    text = CLIPTextConfig(vocab_size=49408, projection_dim=768, **_CLIP_TEXT)
    vision = CLIPVisionConfig(image_size=224, patch_size=14, projection_dim=768, **_CLIP_VISION)
    with init_empty_weights(include_buffers=False):
        networks = {
            "prior/text_encoder/model": CLIPTextModelWithProjection(text),
            "prior/image_encoder/model": CLIPVisionModelWithProjection(vision),
            "prior/prior/diffusion_pytorch_model": PriorTransformer(embedding_dim=768, **FULL.prior),
            "decoder/text_encoder/model": MultilingualCLIP(
                MCLIPConfig(transformerDimSize=1024, imageDimSize=768, **_XLM_ROBERTA)
            ),
            "decoder/unet/diffusion_pytorch_model": UNet2DConditionModel(
                attention_head_dim=64,
                encoder_hid_dim=1024,
                encoder_hid_dim_type="text_image_proj",
                addition_embed_type="text_image",
                **DECODER,
                **FULL.decoder,
            ),
            "decoder/movq/diffusion_pytorch_model": VQModel(**CODEC, **FULL.codec),
        }
    for place, module in networks.items():
        write_network(folder / f"{place}.safetensors", module)
    write_beside_prior(folder / "prior")
    _write_tokenizer(folder / "decoder" / "tokenizer")
    scheduler = DDIMScheduler(beta_start=0.00085, beta_end=0.012, steps_offset=1, clip_sample=False)
    scheduler.save_pretrained(folder / "decoder" / "scheduler")


def _write_2_0(folder: Path) -> None:
    import torch
    from accelerate import init_empty_weights
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import MT5Config, MT5ForConditionalGeneration, XLMRobertaConfig, XLMRobertaModel

    from kandinsky_studio.engine import original
    from kandinsky_studio.engine.two_encoders import TextProjection

    shape = original.UnetShape(4, 8, tuple(FULL.decoder["block_out_channels"]), 3, (False, True, True, True), 768)
    mt5, xlm_roberta = MT5Config(**_MT5), XLMRobertaConfig(**_XLM_ROBERTA)
    widths = (128, 256, 512, 512)
    with init_empty_weights(include_buffers=False):
        unet = UNet2DConditionModel(**shape.config(original.Numbers()), class_embed_type="identity")
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=widths,
            layers_per_block=2,
        )
        projection = TextProjection(1024, 640, 512, 768, 1536, 8)
        encoders = XLMRobertaModel(xlm_roberta, add_pooling_layer=False), MT5ForConditionalGeneration(mt5)

    def half(name: str, shape: Any) -> Any:  # convolutions and the text projection, as published
        return torch.float16 if len(shape) == 4 or name.split(".")[0] in original.PROJECTION else torch.float32

    def single(name: str, shape: Any) -> Any:
        return torch.float32

    decoder = {**_originally(unet, original.unet_table(shape)), **_shapes(projection)}
    _save(folder / "Kandinsky-2-0.pt", decoder, half)
    codec = _originally(vae, original.vae_table(4, 2))
    codec["loss.discriminator"] = ((_VAE_FILE - 4 * sum(torch.Size(size).numel() for size in codec.values())) // 4,)
    _save(folder / "vae.ckpt", codec, single, "state_dict")
    words = {f"transformer.{name}": size for name, size in _shapes(encoders[0]).items()}
    words |= {"LinearTransformation.weight": (640, 1024), "LinearTransformation.bias": (640,)}
    for name, config, shapes in (("text_encoder1", xlm_roberta, words), ("text_encoder2", mt5, _shapes(encoders[1]))):
        config.save_pretrained(folder / name)
        _save(folder / name / "pytorch_model.bin", shapes, single)
    _write_tokenizer(folder / "text_encoder1")
    (folder / "text_encoder2" / "spiece.model").write_bytes(b"".join(_pieces()))


def _shapes(module: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


def _originally(module: Any, table: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[int, ...]]:
    """The shapes of ``module``'s weights under their original names, by the ``table`` that they are read with."""
    shapes, found = _shapes(module), {}
    for name, parts in table.items():
        for kind in ("weight", "bias"):
            sizes = [shapes[f"{part}.{kind}"] for part in parts if f"{part}.{kind}" in shapes]
            if sizes:
                found[f"{name}.{kind}"] = (sum(size[0] for size in sizes), *sizes[0][1:])
    return found


def _save(path: Path, shapes: Mapping[str, tuple[int, ...]], dtype: Dtype, key: str | None = None) -> None:
    """Random weights of ``shapes`` as torch writes them, perhaps below a ``key``."""
    import torch

    random, state = pool(), {}
    for name, shape in shapes.items():
        pieces = [piece.to(dtype(name, shape)) for piece in numbers(name, torch.Size(shape), random)]
        state[name] = torch.cat(pieces).view(shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state if key is None else {key: state}, path)


def _write_tokenizer(folder: Path) -> None:
    """One in the manner of XLM-RoBERTa that knows letters only."""
    from tokenizers import Tokenizer
    from tokenizers.models import Unigram
    from tokenizers.pre_tokenizers import Metaspace
    from tokenizers.processors import TemplateProcessing

    tokenizer = Tokenizer(Unigram([(token, 0.0) for token in (*_SPECIAL, "▁", *_LETTERS)], unk_id=3))
    tokenizer.pre_tokenizer = Metaspace()
    tokenizer.add_special_tokens(list(_SPECIAL))
    tokenizer.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))


def _pieces() -> Iterator[bytes]:
    """The pieces of a SentencePiece model that knows letters only, as fields of its protocol buffer."""
    unknown = "<unk>"
    for piece_text in ("<pad>", "</s>", unknown, "▁", *_LETTERS):
        text = piece_text.encode()
        piece = b"\x0a" + bytes([len(text)]) + text + b"\x15" + struct.pack("<f", -1.0)
        piece += b"\x18\x02" if piece_text == unknown else b""  # its kind: what is unknown
        yield b"\x0a" + bytes([len(piece)]) + piece
