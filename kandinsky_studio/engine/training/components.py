"""The built-in model's components: exactly the classes of Kandinsky 2.2, small.

Every constructor gives freshly initialised modules that the stock ``KandinskyV22PriorPipeline`` and
``KandinskyV22Pipeline`` accept unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import torch
from diffusers import DPMSolverMultistepScheduler, PriorTransformer, UnCLIPScheduler, UNet2DConditionModel, VQModel
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessorPil,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from kandinsky_studio.engine.training.code import DIMENSIONS

PICTURE_SIZE = 128
VISION_SIZE = 64
LATENT_CHANNELS = 4
DOWNSCALE = 8  # pixels per latent
PRIOR_FOLDER, DECODER_FOLDER = "kandinsky-2-2-prior", "kandinsky-2-2-decoder"  # as they are published
INPAINT_FOLDER, DEPTH_FOLDER = "kandinsky-2-2-decoder-inpaint", "kandinsky-2-2-controlnet-depth"
VOCABULARY = 1800
START, END = "<|startoftext|>", "<|endoftext|>"


def make_tokenizer(texts: Iterable[str]) -> CLIPTokenizer:
    """A byte-level BPE tokenizer of CLIP's kind, learned from ``texts``.

    All 256 bytes are in the vocabulary, alone and as the end of a word: an unknown word must never become the
    end-of-text token, which is the position CLIP pools.
    """
    learned = Tokenizer(models.BPE(unk_token=END, end_of_word_suffix="</w>"))
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    learned.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[],
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    words = (word for text in texts for word in text.lower().split())
    learned.train_from_iterator(words, trainer)
    merges = _merges(learned)
    vocabulary: dict[str, int] = {}
    for token in [*alphabet, *(byte + "</w>" for byte in alphabet), *("".join(pair) for pair in merges), START, END]:
        vocabulary.setdefault(token, len(vocabulary))
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=77)


def _merges(learned: Tokenizer) -> list[tuple[str, str]]:
    pairs = json.loads(learned.to_str())["model"]["merges"]
    return [(first, second) for first, second in pairs]


def make_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModelWithProjection:
    """The text tower, 3.5 M parameters: (batch, 77) ids to (batch, 77, 256) states and (batch, 256) embeddings."""
    return CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=DIMENSIONS,
            intermediate_size=1024,
            projection_dim=DIMENSIONS,
            num_hidden_layers=4,
            num_attention_heads=4,
            max_position_embeddings=77,
            hidden_act="gelu",
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.eos_token_id,
            attn_implementation="eager",  # its backward pass is twice as fast on a CPU
        )
    )


def make_image_encoder() -> CLIPVisionModelWithProjection:
    """The vision tower, 1.9 M parameters: (batch, 3, 64, 64) normalised pixels to (batch, 256) embeddings."""
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=192,
            intermediate_size=768,
            projection_dim=DIMENSIONS,
            num_hidden_layers=4,
            num_attention_heads=6,
            image_size=VISION_SIZE,
            patch_size=8,
            hidden_act="gelu",
            attn_implementation="eager",
        )
    )


def make_image_processor() -> CLIPImageProcessorPil:
    """Resizes to the vision tower's input and normalises with CLIP's usual constants."""
    return CLIPImageProcessorPil(
        size={"shortest_edge": VISION_SIZE}, crop_size={"height": VISION_SIZE, "width": VISION_SIZE}
    )


def make_movq() -> VQModel:
    """The picture codec: (batch, 3, 128, 128) in -1…1 to (batch, 4, 16, 16) latents and back.

    The pipelines never quantise, so the codebook stays as it was initialised.
    """
    return VQModel(
        down_block_types=("DownEncoderBlock2D",) * 3 + ("AttnDownEncoderBlock2D",),
        up_block_types=("AttnUpDecoderBlock2D",) + ("UpDecoderBlock2D",) * 3,
        block_out_channels=(32, 32, 64, 128),  # SpatialNorm wants multiples of 32
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        num_vq_embeddings=512,
        vq_embed_dim=LATENT_CHANNELS,
        norm_type="spatial",
        sample_size=PICTURE_SIZE,
    )


def make_prior() -> PriorTransformer:
    """The prior, 4.4 M parameters: a caption's states and embedding to an image embedding, by diffusion."""
    return PriorTransformer(
        num_attention_heads=4,
        attention_head_dim=64,
        num_layers=5,
        embedding_dim=DIMENSIONS,
        num_embeddings=77,
        additional_embeddings=4,
    )


def make_unet() -> UNet2DConditionModel:
    """The decoder, 6.7 M parameters: noisy (batch, 4, 16, 16) latents and an embedding to (batch, 8, 16, 16)."""
    return _make_unet(in_channels=LATENT_CHANNELS, addition_embed_type="image")


def make_inpaint_unet() -> UNet2DConditionModel:
    """The decoder with nine channels: noisy latents, known latents, and a mask that is 1 where they are known."""
    return _make_unet(in_channels=2 * LATENT_CHANNELS + 1, addition_embed_type="image")


def make_depth_unet() -> UNet2DConditionModel:
    """The decoder that takes a ``hint`` (batch, 3, 128, 128), a depth map in 0…1 with near things bright."""
    return _make_unet(in_channels=2 * LATENT_CHANNELS, addition_embed_type="image_hint")


def _make_unet(in_channels: int, addition_embed_type: str) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=PICTURE_SIZE // DOWNSCALE,
        in_channels=in_channels,
        out_channels=2 * LATENT_CHANNELS,
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        block_out_channels=(96, 160),
        layers_per_block=1,
        attention_head_dim=32,
        cross_attention_dim=96,
        encoder_hid_dim=DIMENSIONS,
        encoder_hid_dim_type="image_proj",
        addition_embed_type=addition_embed_type,
        resnet_time_scale_shift="scale_shift",
    )


def grown(unet: UNet2DConditionModel, larger: UNet2DConditionModel) -> UNet2DConditionModel:
    """``larger`` with the weights of ``unet``; what it sees in its further channels counts nothing yet."""
    state = dict(unet.state_dict())
    first = torch.zeros_like(larger.conv_in.weight)
    first[:, :LATENT_CHANNELS] = state["conv_in.weight"]
    state["conv_in.weight"] = first
    missing, unexpected = larger.load_state_dict(state, strict=False)
    if unexpected or any("hint" not in name for name in missing):
        raise ValueError(f"{missing} and {unexpected} do not fit")
    return larger


def is_conditioning(name: str) -> bool:
    """Whether a decoder's parameter only carries time and embedding to where they are used."""
    parts = name.split(".")
    return (
        parts[0] in ("time_embedding", "encoder_hid_proj")
        or name.startswith("add_embedding.image_")
        or not {"time_emb_proj", "add_k_proj", "add_v_proj"}.isdisjoint(parts)
    )


def freeze_conditioning(unet: UNet2DConditionModel) -> None:
    """Train all but the conditioning: the decoders then hear time and idea with the same third of their weights,
    which is stored once."""
    for name, parameter in unet.named_parameters():
        parameter.requires_grad_(not is_conditioning(name))


def make_prior_scheduler() -> UnCLIPScheduler:
    """As in kandinsky-2-2-prior."""
    return UnCLIPScheduler(
        variance_type="fixed_small_log",
        num_train_timesteps=1000,
        clip_sample=True,
        clip_sample_range=10.0,
        prediction_type="sample",
        beta_schedule="squaredcos_cap_v2",
    )


def make_decoder_scheduler() -> DPMSolverMultistepScheduler:
    """DPM++ 2M over the betas of kandinsky-2-2-decoder, predicting v: flat colours are right from the first steps."""
    return DPMSolverMultistepScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="linear",
        prediction_type="v_prediction",
        solver_order=2,
        timestep_spacing="linspace",
    )
