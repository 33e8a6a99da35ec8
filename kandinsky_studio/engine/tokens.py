"""Words to token numbers: the two tokenizers of Kandinsky 2.0 as it was released.

They are built from the published files with the library ``tokenizers`` alone. The classes of transformers make a
tokenizer of their own after the file's vocabulary, and lose what the release did with a space at the end.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import torch
from tokenizers import Regex, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import Normalizer, Precompiled, Replace, Sequence
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing

LENGTH = 77  # tokens per encoder, padding and special tokens included

PADDING = "<pad>"  # named alike in both, as are these two
_END, _UNKNOWN = "</s>", "<unk>"

_MODEL_PIECES, _MODEL_TRAINER, _MODEL_NORMALIZER = 1, 2, 3  # numbers of fields in sentencepiece_model.proto
_PIECE_TEXT, _PIECE_SCORE, _PIECE_KIND = 1, 2, 3
_TRAINER_KIND = 3
_NORMALIZER_CHARACTERS = 2
_TRAINER_UNIGRAM, _PIECE_UNKNOWN = 1, 2  # values of the two kinds


def xlm_roberta_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer in a ``tokenizer.json``. Raises ``ValueError`` if it can't be read."""
    content = path.read_bytes()
    with _damage_noticed(path.name):
        tokenizer = Tokenizer.from_buffer(content)
    return _padded(tokenizer, path)


def mt5_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer made from a SentencePiece model of the unigram kind. Raises ``ValueError`` if it can't be read.

    A run of characters it does not know is one unknown token, although the model has pieces for single bytes: so it
    was with the release's fast tokenizer.
    """
    content = path.read_bytes()
    with _damage_noticed(path.name):
        pieces, unknown, characters = _read_pieces(content)
        tokenizer = Tokenizer(Unigram(pieces, unk_id=unknown, byte_fallback=False))
        normalizers: list[Normalizer] = [Precompiled(characters)] if characters else []
        tokenizer.normalizer = Sequence([*normalizers, Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="always", split=True)
    special = [_END, _UNKNOWN, PADDING]
    if any(tokenizer.token_to_id(token) is None for token in special):
        raise ValueError(f"“{path.name}” lacks one of {', '.join(special)}")
    tokenizer.add_special_tokens(special)
    tokenizer.post_processor = TemplateProcessing(
        single=f"$A {_END}", special_tokens=[(_END, tokenizer.token_to_id(_END))]
    )
    return _padded(tokenizer, path)


def tokenize(tokenizer: Tokenizer, prompts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask (1 = token, 0 = padding), both int64 (B, 77), of prompts padded or cut to 77 tokens."""
    with _damage_noticed("tokenizer"):
        # A lone surrogate from a terminal would stop the tokenizer.
        rows = [tokenizer.encode(prompt.encode("utf-8", "replace").decode()) for prompt in prompts]
    ids = torch.tensor([row.ids for row in rows], dtype=torch.int64).view(len(rows), LENGTH)
    mask = torch.tensor([row.attention_mask for row in rows], dtype=torch.int64).view(len(rows), LENGTH)
    return ids, mask


@contextlib.contextmanager
def _damage_noticed(name: str) -> Iterator[None]:
    """Turn whatever comes of a damaged file into ``ValueError``: the library's own panics are no ``Exception``."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise ValueError(f"“{name}” is damaged") from error
        raise


def _padded(tokenizer: Tokenizer, path: Path) -> Tokenizer:
    padding = tokenizer.token_to_id(PADDING)
    if padding is None:
        raise ValueError(f"“{path.name}” lacks {PADDING}")
    tokenizer.enable_truncation(LENGTH)
    tokenizer.enable_padding(length=LENGTH, pad_id=padding, pad_token=PADDING)
    return tokenizer


def _read_pieces(model: bytes) -> tuple[list[tuple[str, float]], int, bytes]:
    """Pieces with their scores, the number of the unknown one, and the map that characters are normalised with.

    Reads what it needs of the protocol buffer itself: three of its messages, in place of two more libraries.
    """
    pieces: list[tuple[str, float]] = []
    unknown: int | None = None
    characters = b""
    for number, value in _fields(model):
        if number == _MODEL_PIECES:
            piece = dict(_fields(cast("bytes", value)))
            text, score = cast("bytes", piece[_PIECE_TEXT]), cast("bytes", piece.get(_PIECE_SCORE, bytes(4)))
            if piece.get(_PIECE_KIND) == _PIECE_UNKNOWN:
                unknown = len(pieces)
            pieces.append((text.decode(), struct.unpack("<f", score)[0]))
        elif number == _MODEL_TRAINER:
            if dict(_fields(cast("bytes", value))).get(_TRAINER_KIND, _TRAINER_UNIGRAM) != _TRAINER_UNIGRAM:
                raise ValueError("not of the unigram kind")
        elif number == _MODEL_NORMALIZER:
            characters = cast("bytes", dict(_fields(cast("bytes", value))).get(_NORMALIZER_CHARACTERS, b""))
    if unknown is None:
        raise ValueError("no piece for what is unknown")
    return pieces, unknown, characters


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a protocol buffer's message; a number of fixed size comes as its bytes."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            if at >= len(message) or shift > 63:
                raise ValueError("cut off")
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(message):
        number, kind = divmod(varint(), 8)
        if kind == 0:
            yield number, varint()
            continue
        length = varint() if kind == 2 else {1: 8, 5: 4}[kind]
        if at + length > len(message):
            raise ValueError("cut off")
        yield number, message[at : at + length]
        at += length
