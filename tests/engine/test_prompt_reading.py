"""What the encoders read of a prompt, and where they stop."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kandinsky_studio.engine.attention import words_of
from kandinsky_studio.engine.components import read
from kandinsky_studio.engine.engine import Engine
from kandinsky_studio.engine.models import find
from kandinsky_studio.errors import BrokenModel
from tests.engine.kandinsky_2_1_checkpoint import save_tiny_2_1
from tests.engine.test_kandinsky_2_0 import FOLDERS

LONG = ", ".join(["a red circle above a blue square on a white background"] * 9)


@pytest.fixture
def tiny_2_1(tmp_path: Path) -> Path:
    save_tiny_2_1(tmp_path / "tiny-2-1")
    return tmp_path / "tiny-2-1"


def test_a_short_prompt_is_read_whole() -> None:
    engine = Engine("cpu")
    [reading] = engine.read_prompt("a red circle", "builtin")
    assert (reading.encoder, reading.tokens, reading.limit, reading.cut) == ("CLIP", 3, 75, None)
    [nothing] = engine.read_prompt("", "builtin")
    assert (nothing.tokens, nothing.cut) == (0, None)
    assert engine.tier is None  # no model was loaded for it


def test_the_cut_is_where_the_tokenizer_stops() -> None:
    """Before it everything counts, and nothing behind it does: the tokens that the encoder is given say so."""
    import torch

    engine = Engine("cpu")
    [reading] = engine.read_prompt(LONG, "builtin")
    assert reading.cut is not None
    assert reading.tokens > reading.limit == 75
    tokenizer = read(find("builtin"), "tokenizer", torch.float32)

    def ids(prompt: str) -> list[int]:
        return list(tokenizer(prompt, truncation=True, max_length=77).input_ids)

    assert ids(LONG[: reading.cut] + " a green ring, zzz") == ids(LONG)
    assert ids(LONG[: reading.cut - 8]) != ids(LONG)
    assert len(words_of(tokenizer, LONG[: reading.cut])) == len(words_of(tokenizer, LONG))


@pytest.mark.parametrize("tokens", [74, 75, 76])
def test_the_limit_is_exact(tokens: int) -> None:
    [reading] = Engine("cpu").read_prompt(" ".join(["red"] * tokens), "builtin")
    assert reading.tokens == tokens
    assert reading.cut == (None if tokens <= 75 else 75 * 4)


def test_kandinsky_2_1_reads_twice(tiny_2_1: Path) -> None:
    engine = Engine("cpu")
    clip, multilingual = engine.read_prompt(LONG, str(tiny_2_1))
    assert [clip.encoder, multilingual.encoder] == ["CLIP", "XLM-R"]
    assert clip.limit == multilingual.limit == 75
    for reading in (clip, multilingual):
        assert reading.cut is not None
        assert 0 < reading.cut < len(LONG)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_kandinsky_2_0_has_two_encoders(folder: Path) -> None:
    engine, model = Engine("cpu"), str(folder / "Kandinsky_2.0")
    first, second = engine.read_prompt("a cat, кот " * 40, model)
    assert [first.encoder, second.encoder] == ["XLM-R", "mT5"]
    assert (first.limit, second.limit) == (75, 76)  # mT5 puts no mark before the words
    assert first.cut is not None
    assert second.cut is not None
    assert all(reading.cut is None for reading in engine.read_prompt("a cat", model))


@pytest.mark.parametrize("prompt", ["\ud800 a", "🎨" * 200, "\x00", "<|endoftext|>", " " * 4000])
def test_no_prompt_is_too_odd(prompt: str) -> None:
    [reading] = Engine("cpu").read_prompt(prompt, "builtin")
    assert reading.tokens >= 0
    assert reading.cut is None or 0 <= reading.cut < len(prompt)


def test_a_damaged_tokenizer_is_said(tiny_2_1: Path, tmp_path: Path) -> None:
    own = shutil.copytree(tiny_2_1, tmp_path / "own")
    for path in own.rglob("tokenizer.json"):
        path.write_text("{", encoding="utf-8")
    for path in own.rglob("vocab.json"):
        path.write_text("{", encoding="utf-8")
    with pytest.raises(BrokenModel):
        Engine("cpu").read_prompt("a cat", str(own))
