"""The words of CLIP as OpenAI published them, in the files that tokenizers are read from. No torch."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

START, END = "<|startoftext|>", "<|endoftext|>"

_MERGES = 49_152 - 256 - 2  # of those in the file; the others were never used
_MAX_TEXT = 64 * 2**20  # bytes


def words(path: Path) -> dict[str, bytes]:
    """What ``bpe_simple_vocab_16e6.txt.gz`` becomes: names of files and their content.

    Numbers go to the 256 bytes, to the bytes at the end of a word, to the pairs in the order of the file, and to start
    and end, as in ``clip/simple_tokenizer.py``. Raises ``ValueError`` if it is another file, ``OSError``.
    """
    try:
        with gzip.open(path) as file:
            lines = file.read(_MAX_TEXT).decode("utf-8").split("\n")
    except (gzip.BadGzipFile, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ValueError(f"“{path.name}” is damaged") from error
    merges = [line for line in lines[1 : _MERGES + 1] if line]
    if not merges or any(len(line.split()) != 2 for line in merges):
        raise ValueError(f"“{path.name}” does not hold the words of CLIP")
    letters = _letters()
    tokens = [
        *letters,
        *(letter + "</w>" for letter in letters),
        *(line.replace(" ", "") for line in merges),
        START,
        END,
    ]
    if len(set(tokens)) != len(tokens):
        raise ValueError(f"“{path.name}” has a word twice")
    special = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True, **special}
    return {
        "vocab.json": json.dumps({token: number for number, token in enumerate(tokens)}, ensure_ascii=False).encode(),
        "merges.txt": "\n".join(["#version: 0.2", *merges, ""]).encode(),
        "tokenizer_config.json": json.dumps(config, indent=2).encode(),
        "special_tokens_map.json": json.dumps(special, indent=2).encode(),
    }


def _letters() -> list[str]:
    """A letter for each byte: itself where it can be seen, else one from behind the Latin alphabets."""
    seen = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in seen]
    return [chr(byte) for byte in seen] + [chr(256 + number) for number in range(len(hidden))]
