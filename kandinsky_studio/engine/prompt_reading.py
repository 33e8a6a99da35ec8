"""How much of a prompt a model's text encoders read: each has room for 77 tokens, and what is behind them is cut off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from kandinsky_studio.engine.models import find, version_of
from kandinsky_studio.errors import BrokenModel, StudioError


@dataclass(frozen=True)
class EncoderReading:
    """What one encoder reads: ``tokens`` are those of all the words, ``limit`` how many it has room for, both without
    the marks it puts around them. ``cut`` is the character from which on it reads nothing, None if it reads all."""

    encoder: str
    tokens: int
    limit: int
    cut: int | None


class PromptReader:
    """Counts tokens with the model's own tokenizers, and loads nothing else. Those of the model asked last are kept."""

    def __init__(self) -> None:
        self._model = ""
        self._tokenizers: Mapping[str, Any] = {}

    def read(self, prompt: str, model: str) -> tuple[EncoderReading, ...]:
        """What each encoder of ``model`` reads of ``prompt``, in the order in which the version names them.

        Raises ``UnknownModel``, ``ModelNotFound``, or ``BrokenModel`` for files that can't be used.
        """
        if model != self._model:
            self._model, self._tokenizers = "", {}
            files = find(model)
            try:
                self._tokenizers = version_of(model).tokenizers(files)
            except StudioError:
                raise
            except Exception as error:
                raise BrokenModel(model=files.title, reason="its tokenizer can't be read") from error
            self._model = model
        return tuple(reading(name, tokenizer, prompt) for name, tokenizer in self._tokenizers.items())


def reading(encoder: str, tokenizer: Any, prompt: str) -> EncoderReading:
    """What ``tokenizer``, a fast one of transformers or one that cuts off by itself, leaves of ``prompt``."""
    readable = prompt.encode("utf-8", "replace").decode()  # as the encoders read it, with the same length
    if isinstance(tokenizer, Tokenizer):
        first = tokenizer.encode(readable)
        room = len(first)
        marks = tokenizer.num_special_tokens_to_add(False)
    else:
        room = int(tokenizer.model_max_length)
        first = tokenizer(readable, truncation=True, max_length=room).encodings[0]
        marks = tokenizer.num_special_tokens_to_add()
    kept, lost = _words(first), [span for rest in first.overflowing for span in _words(rest)]
    cut = min((start for start, _ in lost), default=None)
    return EncoderReading(encoder, len(kept) + len(lost), room - marks, cut)


def _words(encoding: Any) -> list[tuple[int, int]]:
    """Where the tokens lie in the text that are no marks and no padding."""
    return [span for span, special in zip(encoding.offsets, encoding.special_tokens_mask, strict=True) if not special]
