"""What Kandinsky 2.0 makes of words: two multilingual encoders, and the layers that bring them together.

XLM-RoBERTa and the encoder of mT5 each read 77 tokens. Their 154 hidden states are what the decoder attends to, and
one vector out of both is added to its timestep. Nothing of it depends on the timestep.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch.nn import LayerNorm, Linear, functional
from transformers import MT5Config, MT5EncoderModel, XLMRobertaConfig, XLMRobertaModel

from kandinsky_studio.engine.checkpoints import State, fill, fitted, read_checkpoint
from kandinsky_studio.engine.files import read_json
from kandinsky_studio.engine.original import PROJECTION, Numbers
from kandinsky_studio.engine.tokens import LENGTH, PADDING, mt5_tokenizer, tokenize, xlm_roberta_tokenizer

_XLM_UNUSED = ("transformer.pooler.", "transformer.embeddings.position_ids")  # 2.0 takes the mean of all tokens
_MT5_UNUSED = ("decoder.", "lm_head.")  # the file holds the whole model


@dataclass(frozen=True, eq=False)
class Tokens:
    """Prompts as numbers, each (B, 77) int64: ids and mask (1 = token, 0 = padding) for either encoder."""

    ids1: torch.Tensor
    mask1: torch.Tensor
    ids2: torch.Tensor
    mask2: torch.Tensor


@dataclass(frozen=True, eq=False)
class TextStates:
    """Prompts as the encoders understood them, on their device and in their dtype.

    ``hidden1`` (B, 77, D1) and ``pooled1`` (B, E1) come from XLM-RoBERTa, ``hidden2`` (B, 77, D2) from mT5.
    """

    hidden1: torch.Tensor
    pooled1: torch.Tensor
    hidden2: torch.Tensor


class AttentionPooling(torch.nn.Module):
    """What the first of a sequence of vectors gathers from all of them. Padding takes part, as in the release."""

    def __init__(self, width: int, pooled: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_linear, self.k_linear, self.v_linear = (Linear(width, width) for _ in range(3))
        self.out = Linear(width, pooled)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, n, width) → (B, pooled)."""
        query, keys, values = (
            project(rows).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, n, width / heads)
            for project, rows in (
                (self.q_linear, hidden[:, :1]),
                (self.k_linear, hidden),
                (self.v_linear, hidden),
            )
        )
        gathered = functional.scaled_dot_product_attention(query, keys, values)  # (B, heads, 1, width / heads)
        pooled: torch.Tensor = self.out(gathered.flatten(1))
        return pooled


class TextProjection(torch.nn.Module):
    """The last layers before the decoder; either of its checkpoints brings its own. Names as in the original."""

    def __init__(self, width1: int, pooled1: int, width2: int, context: int, pooled: int, heads: int) -> None:
        super().__init__()
        self.to_model_dim = Linear(width1, context)
        self.to_model_dim2 = Linear(width2, context)
        self.proj = Linear(pooled1, pooled)
        self.proj2 = AttentionPooling(width2, pooled, heads)
        self.ln_model1 = LayerNorm(context)
        self.ln_model2 = LayerNorm(pooled)
        self.ln_model3 = LayerNorm(pooled)

    def forward(self, states: TextStates) -> tuple[torch.Tensor, torch.Tensor]:
        """``encoder_hidden_states`` (B, 154, C), XLM-RoBERTa's 77 first, and ``class_labels`` (B, P)."""
        weight = self.proj.weight
        hidden1, pooled1, hidden2 = (t.to(weight) for t in (states.hidden1, states.pooled1, states.hidden2))
        context = torch.cat([self.to_model_dim(hidden1), self.to_model_dim2(hidden2)], dim=1)
        return self.ln_model1(context), self.ln_model2(self.proj(pooled1)) + self.ln_model3(self.proj2(hidden2))


class TwoEncoders(torch.nn.Module):
    """Both text encoders with their tokenizers; ``linear`` stands behind the mean of XLM-RoBERTa's hidden states."""

    def __init__(self, tokenizers: tuple[Tokenizer, Tokenizer], xlm_roberta: Any, linear: Linear, mt5: Any) -> None:
        super().__init__()
        self.tokenizers = tokenizers
        self.xlm_roberta = xlm_roberta
        self.linear = linear
        self.mt5 = mt5

    def tokenize(self, prompts: list[str]) -> Tokens:
        """``prompts`` padded or cut to 77 tokens, on the CPU."""
        first, second = (tokenize(tokenizer, prompts) for tokenizer in self.tokenizers)
        return Tokens(*first, *second)

    @torch.inference_mode()
    def hidden_states(self, tokens: Tokens) -> TextStates:
        """What the encoders make of ``tokens``; neither attends to padding."""
        device = self.linear.weight.device
        ids1, mask1, ids2, mask2 = (t.to(device) for t in (tokens.ids1, tokens.mask1, tokens.ids2, tokens.mask2))
        hidden1 = self.xlm_roberta(input_ids=ids1, attention_mask=mask1).last_hidden_state
        real = mask1[:, :, None].to(hidden1)
        mean = (hidden1 * real).sum(dim=1) / real.sum(dim=1)
        hidden2 = self.mt5(input_ids=ids2, attention_mask=mask2).last_hidden_state
        return TextStates(hidden1, self.linear(mean), hidden2)

    @torch.inference_mode()
    def encode(self, prompts: list[str], projection: TextProjection) -> tuple[torch.Tensor, torch.Tensor]:
        """``encoder_hidden_states`` (B, 154, C) and ``class_labels`` (B, P), on the device of ``projection``."""
        encoded: tuple[torch.Tensor, torch.Tensor] = projection(self.hidden_states(self.tokenize(prompts)))
        return encoded


def load_text_projection(path: Path, numbers: Numbers, dtype: torch.dtype) -> TextProjection:
    """The text projection in one of 2.0's two .pt files, on the CPU.

    Raises ``ValueError`` if a weight is missing, too many or of another shape.
    """
    return build_text_projection(read_checkpoint(path), numbers, dtype)


def build_text_projection(stored: State, numbers: Numbers, dtype: torch.dtype) -> TextProjection:
    """2.0's text projection with copies of the tensors of a decoder's checkpoint, on the device they are on."""
    state = {name: tensor for name, tensor in stored.items() if name.split(".")[0] in PROJECTION}
    context, width1 = _matrix(state, "to_model_dim.weight")
    _, width2 = _matrix(state, "to_model_dim2.weight")
    pooled, pooled1 = _matrix(state, "proj.weight")
    if width2 % numbers.pooling_heads:
        raise ValueError(f"{numbers.pooling_heads} heads do not divide the width {width2}")
    numbers.check("text_projection", {"text_encoder1_dim": width1, "text_encoder1_pooled_dim": pooled1})
    numbers.check("text_projection", {"text_encoder2_dim": width2})
    numbers.check("unet", {"model_dim": context, "pooled_dim": pooled})
    with torch.device("meta"):
        projection = TextProjection(width1, pooled1, width2, context, pooled, numbers.pooling_heads)
    filled: TextProjection = fill(projection, state, dtype)
    return filled


def load_two_encoders(folder: Path, dtype: torch.dtype) -> TwoEncoders:
    """The encoders in ``text_encoder1`` and ``text_encoder2`` of ``folder``, on the CPU.

    In float16 a part of mT5 stays in float32, as transformers wants it. Raises ``ValueError`` if a weight is missing,
    too many or of another shape, or if a tokenizer has tokens that its encoder does not know.
    """
    first, second = folder / "text_encoder1", folder / "text_encoder2"
    tokenizers = xlm_roberta_tokenizer(first / "tokenizer.json"), mt5_tokenizer(second / "spiece.model")
    xlm_roberta, linear = _xlm_roberta(first, tokenizers[0], dtype)
    return TwoEncoders(tokenizers, xlm_roberta, linear, _mt5(second, tokenizers[1], dtype)).eval()


def _xlm_roberta(folder: Path, tokenizer: Tokenizer, dtype: torch.dtype) -> tuple[Any, Linear]:
    state = _used(_weights(folder), _XLM_UNUSED)
    linear = {name.split(".")[-1]: state.pop(name) for name in list(state) if name.startswith("LinearTransformation.")}
    state = {name.removeprefix("transformer."): tensor for name, tensor in state.items()}
    pooled, width = _matrix(linear, "weight")
    with torch.device("meta"):
        last = Linear(width, pooled)
    config = _config(XLMRobertaConfig, folder)
    _check_depth(state, "encoder.layer.", config.num_hidden_layers)
    _check_vocabulary(state, "embeddings.word_embeddings.weight", tokenizer)
    padding = tokenizer.token_to_id(PADDING)
    if padding is None or config.pad_token_id != padding:  # positions are counted from it
        raise ValueError(f"the encoder's padding is {config.pad_token_id}, its tokenizer's {padding}")
    if _matrix(state, "embeddings.position_embeddings.weight")[0] <= padding + LENGTH:
        raise ValueError(f"the encoder has no places for {LENGTH} tokens")
    return _transformer(XLMRobertaModel, config, state, dtype, add_pooling_layer=False), fill(last, linear, dtype)


def _mt5(folder: Path, tokenizer: Tokenizer, dtype: torch.dtype) -> Any:
    state = _used(_weights(folder), _MT5_UNUSED)
    # One table under two names, either of which a safetensors file leaves out.
    shared, embed = "shared.weight", "encoder.embed_tokens.weight"
    table = state.get(embed, state.get(shared))
    if table is not None:
        state[shared] = state[embed] = table
    config = _config(MT5Config, folder)
    _check_depth(state, "encoder.block.", config.num_layers)
    _check_vocabulary(state, shared, tokenizer)
    return _transformer(MT5EncoderModel, config, state, dtype)


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    safe = folder / "model.safetensors"
    return read_checkpoint(safe if safe.is_file() else folder / "pytorch_model.bin")


def _used(state: State, unused: tuple[str, ...]) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.startswith(unused)}


def _config(cls: Any, folder: Path) -> Any:
    content = read_json(folder / "config.json")
    try:
        return cls.from_dict(content)
    except Exception as error:  # whatever transformers says about a value of the wrong kind
        raise ValueError(f"“{folder.name}/config.json” makes no sense") from error


def _check_depth(state: State, prefix: str, layers: int) -> None:
    """Compare before a module is built: a wrong number could be any size."""
    found = {name[len(prefix) :].split(".")[0] for name in state if name.startswith(prefix)}
    if len(found) != layers:
        raise ValueError(f"the encoder's config.json says {layers} layers, the weights say {len(found)}")


def _check_vocabulary(state: State, name: str, tokenizer: Tokenizer) -> None:
    rows, tokens = _matrix(state, name)[0], tokenizer.get_vocab_size()
    if tokens > rows:
        raise ValueError(f"the tokenizer has {tokens} tokens, its encoder {rows}")


def _transformer(cls: Any, config: Any, state: State, dtype: torch.dtype, **arguments: Any) -> Any:
    """A text encoder out of ``state``; its class sets up what is not in the file, such as the table of positions."""
    try:
        with torch.device("meta"):
            wanted = cls(config, **arguments).state_dict()
    except Exception as error:  # whatever torch and transformers say about a number that fits nothing
        raise ValueError("the encoder's config.json makes no sense") from error
    state = fitted(state, wanted, dtype)
    module = cls.from_pretrained(None, config=config, state_dict=state, dtype=dtype, **arguments)
    return module.eval().requires_grad_(False)


def _matrix(state: State, name: str) -> tuple[int, int]:
    if name not in state or state[name].dim() != 2 or not state[name].numel():
        raise ValueError(f"{name} is missing or empty")
    rows, columns = state[name].shape
    return rows, columns
