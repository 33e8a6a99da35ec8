"""Which part of a picture listens to which word, and how much each word counts for the idea.

Heatmaps (2.0 and 2.1, whose decoders read words) follow DAAM (Tang et al. 2022, "What the DAAM: interpreting Stable
Diffusion using cross attention"): the attention that the cells of the latent pay to a word, averaged over heads, layers
and steps. 2.2's decoder reads no words; for it, as for 2.1, the prior tells how much each word counts.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from diffusers.models.attention_processor import Attention
from tokenizers import Tokenizer
from torch.nn import functional

from kandinsky_studio.engine.prior import TextEncoding

Heat = npt.NDArray[np.float32]
"""A map (h, w)."""

PRIOR_TIMESTEPS = (900, 700, 500, 300, 100)  # of 1000: spread over the prior's way from noise to the idea

_ALIGNMENT = 8  # what the fused attention kernels want head sizes to be a multiple of
_JOINERS = frozenset("'’-‑_")  # inside a word they belong to it
_ZERO_WIDTH_JOINERS = frozenset("\u200c\u200d")
_UNSPACED = re.compile(  # Thai, Lao; Burmese; Khmer; kana and Han: written without spaces between words
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_WORD = re.compile(r"c[cm]*|[wd][wdm]*(?:(?:-|(?<=d)\.(?=d))[wd][wdm]*)*|s[sm]*")  # in letters of _kind


@dataclass(frozen=True)
class Word:
    """A word of a prompt: its characters ``start`` to ``end``, and where its pieces stand among the prompt's tokens."""

    text: str
    start: int
    end: int
    positions: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class WordMap:
    """Where in the picture a word is listened to: ``heat`` (h, w), 0 where least and 1 where most; flat is all 0.

    ``level`` is the mean before stretching, 0…1, for comparing words: how much the whole picture listens.
    """

    word: Word
    heat: Heat
    level: float


def words_of(tokenizer: Any, prompt: str, max_length: int = 77) -> tuple[Word, ...]:
    """The words of ``prompt`` that the tokenizer leaves within ``max_length`` tokens, in their order.

    ``tokenizer`` is a fast one of transformers, or one of the library tokenizers, which knows itself where to cut. A
    word is letters, digits and marks, with apostrophes and hyphens inside it; a run of emoji is a word too. Other
    punctuation belongs to no word, nor do start, end and padding tokens. Where a script has no spaces, every piece of
    the tokenizer is a word. A piece that reaches over several words counts for each, a piece of space for the word
    behind it. A word cut off by truncation keeps the pieces that are left.
    """
    readable = prompt.encode("utf-8", "replace").decode()  # as the encoders read it, with the same length
    if isinstance(tokenizer, Tokenizer):
        backend, read = tokenizer, tokenizer.encode(readable)
    else:
        backend = tokenizer.backend_tokenizer
        read = tokenizer(readable, truncation=True, max_length=max_length).encodings[0]
    # Special tokens that were put in have no characters; those spelled out in the prompt have.
    special = {number for number, token in backend.get_added_tokens_decoder().items() if token.special}
    special.discard(backend.token_to_id("<unk>"))
    pieces = []
    for position, (token, (start, end)) in enumerate(zip(read.ids, read.offsets, strict=True)):
        if token not in special:
            while end < len(readable) and readable[start:end].isspace():
                end += 1
            pieces.append((position, start, end))
    words = []
    kinds = "".join(map(_kind, readable))
    for match in _WORD.finditer(kinds):
        cuts = set(match.span())
        if kinds[match.start()] == "c":
            cuts |= {start for _, start, _ in pieces if match.start() < start < match.end() and kinds[start] == "c"}
        for first, last in itertools.pairwise(sorted(cuts)):
            positions = tuple(position for position, start, end in pieces if start < last and first < end)
            if positions:
                words.append(Word(readable[first:last], first, last, positions))
    return tuple(words)


def _kind(character: str) -> str:
    """A letter for what ``character`` is in a word.

    ``w`` letter or number, ``d`` decimal digit, ``c`` letter of a script without spaces, ``m`` mark on the character
    before, ``s`` emoji or other picture, ``-`` joins letters, ``.`` joins digits, a space: no part of a word.
    """
    if character in _JOINERS:
        return "-"
    if character in ".,":
        return "."
    category = unicodedata.category(character)
    if category[0] == "M" or character in _ZERO_WIDTH_JOINERS:
        return "m"
    if category[0] in "LN":
        if _UNSPACED.match(character):
            return "c"
        return "d" if category == "Nd" else "w"
    if category == "So" or "\U0001f3fb" <= character <= "\U0001f3ff":  # the latter: skin tones
        return "s"
    return " "


class Capture:
    """The attention that the cells of a picture paid to ``tokens`` so far; see ``captured``."""

    def __init__(self, tokens: range, rows: slice) -> None:
        self.tokens = tokens
        self._rows = rows
        self._sums: dict[tuple[int, int], torch.Tensor] = {}  # (rows, columns) of a layer → (cells, tokens), float32
        self._seen = 0

    def mass(self, width: int, height: int) -> torch.Tensor:
        """Attention (tokens, ``height``, ``width``), float32 on the CPU, in latent cells; mean of heads, layers, steps.

        The rest of each cell's attention, up to 1, goes to tokens that are not captured and to the cells themselves.
        Layers see the picture at several sizes, enlarged here. ValueError if nothing was captured.
        """
        if not self._seen:
            raise ValueError("no attention was captured")
        mass = torch.zeros(len(self.tokens), height, width)
        for (rows, columns), total in self._sums.items():
            grid = total.cpu().T.reshape(1, -1, rows, columns)
            mass += functional.interpolate(grid, (height, width), mode="bilinear")[0]
        return mass / self._seen

    def share(self, width: int, height: int) -> torch.Tensor:
        """As ``mass``, as shares of the captured tokens, which sum to 1 in every cell.

        Shares of the averaged mass, not averaged shares: a head or layer that looks past all words has no say.
        """
        mass = self.mass(width, height)
        return mass / mass.sum(0).clamp(min=torch.finfo(mass.dtype).tiny)

    @torch.inference_mode()
    def _see(self, attention: Any, hidden_states: torch.Tensor, encoded: torch.Tensor | None, mask: Any) -> None:
        """Add what one layer pays for ``hidden_states`` (B, C, h, w) and ``encoded`` tokens (B, n, D)."""
        assert encoded is not None
        assert mask is None  # padding takes part in Kandinsky's decoders
        assert not attention.only_cross_attention
        assert attention.norm_cross is None
        if self.tokens.stop > encoded.shape[1]:
            raise ValueError(f"tokens up to {self.tokens.stop} of {encoded.shape[1]}")
        hidden_states, encoded = hidden_states[self._rows], encoded[self._rows]
        size = (hidden_states.shape[2], hidden_states.shape[3])
        cells = attention.group_norm(hidden_states.flatten(2)).transpose(1, 2)  # (B, h·w, C)
        keys = torch.cat([attention.add_k_proj(encoded), attention.to_k(cells)], dim=1)  # one softmax over both
        paid = _paid(attention, attention.to_q(cells), keys, self.tokens)  # (h·w, tokens)
        self._sums[size] = self._sums[size].add_(paid) if size in self._sums else paid
        self._seen += 1


@contextlib.contextmanager
def captured(unet: Any, tokens: range, rows: slice = slice(-1, None)) -> Iterator[Capture]:
    """Within it, every run of ``unet`` adds to the ``Capture``; what the network computes stays the same to the bit.

    ``tokens`` are places in the sequence that the attention layers read: of 2.0's 154, or of 2.1's 87, of which the
    first ten are the image embedding's. ``rows`` of the batch count, averaged: by default the last, which is the
    conditional one of [unconditional ‖ conditional] as well as without guidance. Nested, for the pictures of a batch,
    each capture has its own rows.
    """
    capture = Capture(tokens, rows)
    layers = [module for module in unet.modules() if isinstance(module, Attention) and module.added_kv_proj_dim]
    with _watched(layers, capture._see):
        yield capture


def word_maps(
    capture: Capture,
    words: Sequence[Sequence[Word]],
    offsets: Sequence[int],
    width: int,
    height: int,
    *,
    raw: bool = False,
) -> tuple[WordMap, ...]:
    """The maps of all words in their order, at ``width`` × ``height`` latent cells.

    ``words`` holds the words of one prompt as each tokenizer of the model sees them, ``offsets`` where each one's
    tokens start in the sequence: 0 and 77 in 2.0, 10 in 2.1. A word's map is the sum over its pieces and the mean over
    the tokenizers that have it; the same characters are the same word. ``raw`` takes ``Capture.mass`` instead of
    ``Capture.share``. ValueError for a word whose tokens were not captured.
    """
    attention = capture.mass(width, height) if raw else capture.share(width, height)
    all_words: list[Word] = []
    for read in words:
        # Truncation and scripts without spaces can make one tokenizer see words that another does not.
        all_words += [word for word in read if not any(_overlap(word, other) for other in all_words)]
    maps = []
    for word in sorted(all_words, key=lambda word: word.start):
        heats = []
        for read, offset in zip(words, offsets, strict=True):
            same = {position for other in read if _overlap(word, other) for position in other.positions}
            if same:
                heats.append(attention[[capture.tokens.index(offset + position) for position in same]].sum(0))
        heat = torch.stack(heats).mean(0)
        low, high = heat.min(), heat.max()
        stretched = (heat - low) / (high - low) if high - low > 1e-6 * high else torch.zeros_like(heat)
        maps.append(WordMap(word, stretched.numpy(), heat.mean().item()))
    return tuple(maps)


def enlarge(heat: Heat, width: int, height: int, box: tuple[int, int, int, int] | None = None) -> Heat:
    """``heat`` at the size of the picture, (``height``, ``width``), without new highs and lows.

    ``box`` is the ``crop_box`` of a picture that was cut out of a larger one.
    """
    left, top, made_width, made_height = box or (0, 0, width, height)
    image = torch.from_numpy(heat)[None, None]
    enlarged = functional.interpolate(image, (made_height, made_width), mode="bilinear")[0, 0]
    return np.ascontiguousarray(enlarged[top : top + height, left : left + width].numpy())


@torch.inference_mode()
def prior_importance(
    prior: Any,
    scheduler_config: Mapping[str, Any],
    prompt: TextEncoding,
    image_embeds: torch.Tensor,
    words: Sequence[Word],
    *,
    generator: torch.Generator,
    timesteps: Sequence[int] = PRIOR_TIMESTEPS,
) -> tuple[float, ...]:
    """How much the prior looked at each word for the ideas ``image_embeds`` (k, D); the numbers sum to 1.

    The attention of the token that the prediction is read from to the pieces of a word, mean of heads, layers,
    ``timesteps`` and ideas. Not taken out of the sampling loop, which stays as fast as it is: the finished idea gets
    as much noise again as it had at a few timesteps, and the stock prior runs once over all of these. The text
    encoder is causal, so that later words also carry the earlier ones; ``ablation`` is not misled by that.
    """
    from diffusers import UnCLIPScheduler

    rows = [(embeds, timestep) for embeds in image_embeds.float().cpu() for timestep in timesteps]
    times = torch.tensor([timestep for _, timestep in rows])
    clean = torch.stack([embeds for embeds, _ in rows])
    clean = (clean - prior.clip_mean.float().cpu()) / prior.clip_std.float().cpu()
    noise = torch.randn(clean.shape, generator=generator)
    latents = UnCLIPScheduler.from_config(dict(scheduler_config)).add_noise(clean, noise, times)

    length, padded = prompt.hidden_states.shape[1], prior.config.num_embeddings
    hidden = functional.pad(prompt.hidden_states, (0, 0, 0, padded - length))
    real = (torch.arange(padded, device=hidden.device) < length)[None]
    paid: list[torch.Tensor] = []

    def see(attention: Any, hidden_states: torch.Tensor, _encoded: Any, mask: torch.Tensor) -> None:
        mask = mask.reshape(len(rows), attention.heads, *mask.shape[1:])[:, :, -1:]  # what the last token must not see
        query, keys = attention.to_q(hidden_states[:, -1:]), attention.to_k(hidden_states)
        paid.append(_paid(attention, query, keys, range(length), mask)[0])

    with _watched([block.attn1 for block in prior.transformer_blocks], see):
        prior(
            latents.to(prior.device, prior.dtype),
            times.to(prior.device),
            proj_embedding=prompt.text_embeds.expand(len(rows), -1),
            encoder_hidden_states=hidden.expand(len(rows), -1, -1),
            attention_mask=real.expand(len(rows), -1),
        )
    attention = torch.stack(paid).mean(0).cpu()
    scores = [attention[list(word.positions)].sum().item() for word in words]
    total = sum(scores)
    return tuple(score / total for score in scores)


def ablation(
    prompt: str, idea: torch.Tensor, words: Sequence[Word], sample: Callable[[str], torch.Tensor]
) -> tuple[float, ...]:
    """How far ``idea``, the image embedding (1, D) of ``prompt``, moves when a word is left out: 1 − cosine, 0…2.

    ``sample`` makes the image embedding of a prompt, always from ``idea``'s seed; it is called once for each of
    ``words``, in their order, and may raise to stop.
    """
    whole = idea.float()
    moved = []
    for word in words:
        without = " ".join((prompt[: word.start] + prompt[word.end :]).split())
        moved.append(1 - functional.cosine_similarity(whole, sample(without).float()).item())
    return tuple(moved)


_See = Callable[[Any, torch.Tensor, Any, Any], None]
"""Looks at an attention layer, its hidden states, encoder tokens (or None) and mask (or None), and changes nothing."""


class _Watching:
    """An attention processor that shows ``see`` what comes in and leaves the work to the one it stands for."""

    def __init__(self, stock: Any, see: _See) -> None:
        self._stock = stock
        self._see = see

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
    ) -> Any:
        self._see(attn, hidden_states, encoder_hidden_states, attention_mask)
        return self._stock(
            attn, hidden_states, encoder_hidden_states=encoder_hidden_states, attention_mask=attention_mask
        )


@contextlib.contextmanager
def _watched(layers: Sequence[Any], see: _See) -> Iterator[None]:
    """Within it, ``see`` is shown every run of the attention ``layers``."""
    stock = [layer.processor for layer in layers]
    try:
        for layer, processor in zip(layers, stock, strict=True):
            layer.set_processor(_Watching(processor, see))
        yield
    finally:
        for layer, processor in zip(layers, stock, strict=True):
            layer.set_processor(processor)


def _paid(
    attention: Any, query: torch.Tensor, keys: torch.Tensor, tokens: range, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """The attention (q, tokens), float32, of ``query`` (B, q, C) to ``tokens`` among ``keys`` (B, n, C).

    Mean of batch and heads; ``mask`` (B, heads, q, n) is added to the scores. The values of ``tokens`` are the rows of
    an identity, so that what is attended to is the attention itself, and the fused kernels never hold all q · n
    scores: 85 million per head of one layer at 1536 × 1536 pixels.
    """
    size = query.shape[-1] // attention.heads
    room = -(-max(size, len(tokens)) // _ALIGNMENT) * _ALIGNMENT  # the kernels want all three of one size
    query, keys = (  # single precision: half would show in the mean of many layers
        functional.pad(x.reshape(*x.shape[:2], attention.heads, size).transpose(1, 2).float(), (0, room - size))
        for x in (query, keys)
    )
    values = torch.zeros(keys.shape[2], room, device=keys.device)
    values[list(tokens), range(len(tokens))] = 1
    mask = None if mask is None else mask.float()
    paid = functional.scaled_dot_product_attention(query, keys, values.expand_as(keys), mask, scale=size**-0.5)
    return paid[..., : len(tokens)].mean((0, 1))


def _overlap(one: Word, other: Word) -> bool:
    """Whether two words of one prompt, perhaps seen by two tokenizers, share a character."""
    return one.start < other.end and other.start < one.end
