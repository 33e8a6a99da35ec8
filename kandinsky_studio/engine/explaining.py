"""Why a picture looks as it does: where the words went, what each was worth, and how well picture and prompt agree."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kandinsky_studio.engine import attention, ideas
from kandinsky_studio.engine.attention import Word
from kandinsky_studio.engine.codec import FACTOR
from kandinsky_studio.engine.embeddings import similarity
from kandinsky_studio.engine.loaded import LoadedModel
from kandinsky_studio.engine.movq import crop_box
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult


@dataclass(frozen=True, eq=False)
class WordHeat:
    """Where in a picture a word had its say.

    ``heat`` float32 (height, width) of the picture, 0…1, the word's own maximum is 1; ``level`` (0…1) is how much of
    the picture's attention it had on the whole. ``start`` and ``end`` are characters of the prompt.
    """

    word: str
    start: int
    end: int
    heat: npt.NDArray[np.float32]
    level: float


@dataclass(frozen=True, eq=False)
class WordMaps:
    """A picture, and the heat of each word of its prompt."""

    result: GenerationResult
    words: tuple[WordHeat, ...]


@dataclass(frozen=True)
class WordImportance:
    """What a word was worth to the idea.

    ``attention`` is its share of the prior's attention, 1 in sum over all words; ``ablation`` is 1 - cosine of the
    ideas with the word and without it, 0 if it changes nothing.
    """

    word: str
    start: int
    end: int
    attention: float
    ablation: float


class Watch:
    """Captures the attention of one picture's decoder while it is made."""

    def __init__(self, model: LoadedModel, request: GenerationRequest) -> None:
        shown = model.version.words_shown(model, request.prompt)
        assert shown is not None
        self._tokens, self._words, self._offsets = shown.tokens, shown.words, shown.offsets
        self._box = crop_box(request.width, request.height, model.spec.size_multiple)
        self._size = request.width, request.height
        self._capture: attention.Capture | None = None

    @contextlib.contextmanager
    def __call__(self, unet: Any) -> Iterator[None]:
        """A context in which ``unet`` is watched."""
        with attention.captured(unet, self._tokens) as self._capture:
            yield

    def heats(self) -> tuple[WordHeat, ...]:
        """What was seen, in the picture's size."""
        assert self._capture is not None
        width, height = self._box[2] // FACTOR, self._box[3] // FACTOR
        maps = attention.word_maps(self._capture, self._words, self._offsets, width, height)
        return tuple(
            WordHeat(
                seen.word.text,
                seen.word.start,
                seen.word.end,
                attention.enlarge(seen.heat, *self._size, self._box),
                seen.level,
            )
            for seen in maps
        )


def words_read(model: LoadedModel, prompt: str) -> tuple[Word, ...]:
    """The words of ``prompt`` that the prior reads."""
    model.need(("tokenizer",))
    return attention.words_of(model.part("tokenizer"), prompt)


def importance_steps(words: Sequence[Word], request: GenerationRequest) -> int:
    """The steps of :func:`word_importance`: an idea of the whole prompt, one without each of ``words``, and one look."""
    return (1 + len(words)) * request.prior_num_inference_steps + 1


def word_importance(
    model: LoadedModel, request: GenerationRequest, words: Sequence[Word], on_step: Callable[[int], None]
) -> tuple[WordImportance, ...]:
    """What each of ``words``, those of ``request``'s prompt, is worth to its idea, by attention and by leaving it out.

    The ideas are those of ``request``'s own seed and prior settings, without slots and negative prompt. ``on_step`` is
    called with the steps done so far, and may raise to stop.
    """
    own = dataclasses.replace(request, slots=(), prior_strength=0.0, negative_prompt="", guidance_scale=1.0)
    done = 0

    def sample(prompt: str) -> torch.Tensor:
        nonlocal done
        before = done
        idea = ideas.idea(model, dataclasses.replace(own, prompt=prompt), lambda step: on_step(before + step))[0]
        done = before + own.prior_num_inference_steps
        on_step(done)  # also if it was remembered
        return idea

    idea = sample(own.prompt)
    model.need(model.version.idea_parts(None))
    looked = attention.prior_importance(
        model.part("prior"),
        model.part("prior_scheduler"),
        ideas.text_encoding(model, own.prompt),
        idea,
        words,
        generator=torch.Generator().manual_seed(own.prior_seed),
    )
    done += 1
    on_step(done)
    without = attention.ablation(own.prompt, idea, words, sample)
    return tuple(
        WordImportance(word.text, word.start, word.end, share, change)
        for word, share, change in zip(words, looked, without, strict=True)
    )


def agreement(model: LoadedModel, picture: Raster, prompt: str, on_step: Callable[[int], None]) -> float:
    """The cosine, -1…1, of CLIP's embeddings of ``picture`` and of ``prompt``; ``on_step`` is called after either."""
    seen = ideas.image_embedding(model, picture)[0].numpy()
    on_step(1)
    said = ideas.text_embedding(model, prompt)[0].numpy()
    on_step(2)
    return similarity(seen, said)


@dataclass(frozen=True, eq=False)
class WordsShown:
    """Which of the tokens that a decoder attends to are words.

    ``tokens`` are those of text; ``words`` holds the prompt's words once for each tokenizer, ``offsets`` where that
    tokenizer's first token is.
    """

    tokens: range
    words: Sequence[Sequence[Word]]
    offsets: Sequence[int]
