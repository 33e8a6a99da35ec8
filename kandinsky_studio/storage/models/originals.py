"""Kandinsky 2.1 in the files it was first published in: told by what is in them, written anew as the program reads them.

Nothing is lost in that: every number stays as it is, only names and the kind of file change. What those files leave
out, configurations and schedulers, is as published with the same weights by ``kandinsky-community``.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kandinsky_studio.errors import BrokenModel
from kandinsky_studio.storage import durable
from kandinsky_studio.storage.models.manifest import length

MODEL, TITLE = "kandinsky-2.1", "Kandinsky 2.1"
STATS = "ViT-L-14_stats.th"

_ENDS = {".ckpt", ".pt", ".th", ".bin"}
_NAMES = {
    "decoder.ckpt": "decoder",
    "decoder_fp16.ckpt": "decoder",
    "inpainting_fp16.ckpt": "inpainting",
    "prior_fp16.ckpt": "prior",
    "movq_final.ckpt": "movq",
    "ViT-L-14.pt": "clip",
    "bpe_simple_vocab_16e6.txt.gz": "words",
    STATS: "stats",
}
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
_WEIGHTS = ".safetensors"
_CONFIGS = {"xlm-roberta", "M-CLIP"}  # what a text encoder's says it is

_DDIM: Mapping[str, Any] = {
    "_class_name": "DDIMScheduler",
    "num_train_timesteps": 1000,
    "beta_schedule": "linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "prediction_type": "epsilon",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
    "thresholding": False,
}
_DDPM: Mapping[str, Any] = {
    "_class_name": "DDPMScheduler",
    "num_train_timesteps": 1000,
    "beta_schedule": "linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "prediction_type": "epsilon",
    "variance_type": "learned_range",
    "clip_sample": False,
    "clip_sample_range": 2.0,
    "thresholding": True,
    "dynamic_thresholding_ratio": 0.995,
    "sample_max_value": 2.0,
}
_UNCLIP: Mapping[str, Any] = {
    "_class_name": "UnCLIPScheduler",
    "num_train_timesteps": 1000,
    "prediction_type": "sample",
    "variance_type": "fixed_small_log",
    "clip_sample": True,
    "clip_sample_range": 10.0,
}


@dataclass(frozen=True)
class _Made:
    """What a kind of file becomes: networks, tokenizers and schedulers in the folder of a repository."""

    folder: str
    networks: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    schedulers: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Their names, as they are without a mark for half precision; those of networks first."""
        weights = tuple(f"{part}/{_stem(part)}{_WEIGHTS}" for part in self.networks)
        configs = tuple(f"{part}/config.json" for part in self.networks)
        return (*weights, *configs, *self.others, *(f"{part}/scheduler_config.json" for part, _ in self.schedulers))


_WORDS = ("vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json")
_MADE = {
    "decoder": _Made("kandinsky-2-1", ("unet",), (), (("scheduler", _DDIM), ("ddpm_scheduler", _DDPM))),
    "inpainting": _Made("kandinsky-2-1-inpaint", ("unet",), (), (("scheduler", _DDIM),)),
    "movq": _Made("kandinsky-2-1", ("movq",)),
    "text_encoder": _Made("kandinsky-2-1", ("text_encoder",)),
    "prior": _Made("kandinsky-2-1-prior", ("prior",), (), (("scheduler", _UNCLIP),)),
    "clip": _Made("kandinsky-2-1-prior", ("text_encoder", "image_encoder")),
    "words": _Made("kandinsky-2-1-prior", (), tuple(f"tokenizer/{name}" for name in _WORDS)),
}


@dataclass(frozen=True)
class Original:
    """A file of the release. ``kind`` is what is in it, ``besides`` what it needs, ``folder`` where it goes."""

    source: Path
    kind: str
    besides: Path | None = None

    @property
    def folder(self) -> str:
        return _MADE[self.kind].folder

    @property
    def files(self) -> tuple[str, ...]:
        """What it becomes, in that folder."""
        return _MADE[self.kind].files

    @property
    def weights(self) -> tuple[str, ...]:
        """Those of them that are large, under either of the names they may have."""
        return tuple(other for name in self.files if name.endswith(_WEIGHTS) for other in (name, _half(name)))

    @property
    def copies(self) -> tuple[tuple[Path, str], ...]:
        """Files beside it that go along as they are, and what they are called there."""
        if self.kind != "text_encoder":
            return ()
        beside = ((self.source.parent / name, f"tokenizer/{name}") for name in _TOKENIZER)
        return tuple((path, name) for path, name in beside if path.is_file())

    def is_in(self, folder: Path) -> bool:
        """Whether all of that is in ``folder``, in whatever precision."""
        return all(length(folder / name) > 0 or length(folder / _half(name)) > 0 for name in self.files)


def look(path: Path) -> str | None:
    """The kind of file that ``path`` is: by what is in it, and if that can't be read, by its name.

    Reads names and shapes. Damaged files are refused by :func:`write`, which can say so.
    """
    by_name = _NAMES.get(re.sub(r" ?\(\d+\)", "", path.name))
    if by_name == "words" or not (path.suffix in _ENDS and (by_name or zipfile.is_zipfile(path))):
        return by_name
    if path.parent.name == "text_encoder1":  # 2.0's, which has the same names
        return None
    from kandinsky_studio.engine.original_2_1 import kind_of

    try:
        return kind_of(path) or by_name
    except OSError:
        return by_name


def paired(kinds: Mapping[Path, str]) -> tuple[list[Original], list[str]]:
    """The files of the release among ``kinds``, of each kind the smallest; and names of what some of them still need."""
    chosen: dict[str, Path] = {}
    for path, kind in sorted(kinds.items(), key=lambda item: length(item[0])):
        chosen.setdefault(kind, path)
    stats = chosen.pop("stats", None)
    originals, wanting = [], []
    for kind, path in chosen.items():
        besides = stats if kind == "prior" else _config_of(path) if kind == "text_encoder" else None
        if besides is None and kind in ("prior", "text_encoder"):
            wanting.append(STATS if kind == "prior" else "text_encoder/config.json")
        else:
            originals.append(Original(path, kind, besides))
    return originals, wanting


def write(original: Original, folder: Path, on_progress: Callable[[float], None] = lambda _: None) -> None:
    """Write what ``original`` becomes into ``folder``, each file whole or not at all.

    ``on_progress`` hears the fraction done and may raise ``Cancelled``. Raises ``BrokenModel`` if the file is damaged or
    hostile or does not fit: nothing that is pickled in it is run. Raises ``OSError``.
    """
    made = _MADE[original.kind]
    try:
        if original.kind == "words":
            from kandinsky_studio.engine.clip_words import words

            for name, content in words(original.source).items():
                durable.write_file(folder / "tokenizer" / name, content)
        else:
            _write_networks(original, folder, on_progress)
    except ValueError as error:
        raise BrokenModel(model=TITLE, reason=f"“{original.source.name}” is not usable ({error})") from error
    for part, config in made.schedulers:
        _write_json(folder / part / "scheduler_config.json", config)
    on_progress(1.0)


def _write_networks(original: Original, folder: Path, on_progress: Callable[[float], None]) -> None:
    from kandinsky_studio.engine.converting import write as write_tensors
    from kandinsky_studio.engine.original import read_numbers
    from kandinsky_studio.engine.original_2_1 import networks

    found = networks(original.kind, original.source, read_numbers(original.source.parent), original.besides)
    total = sum(network.size for network in found) or 1
    before = 0
    for network in found:
        name = f"{network.part}/{_stem(network.part)}{_WEIGHTS}"
        target = folder / (_half(name) if network.is_half else name)
        durable.make_folder(target.parent)
        partial = target.with_name(target.name + durable.PARTIAL_SUFFIX)
        partial.unlink(missing_ok=True)

        def tell(fraction: float, before: int = before, size: int = network.size) -> None:
            on_progress((before + fraction * size) / total)

        write_tensors(network.tensors, partial, tell)
        _write_json(target.parent / "config.json", network.config)
        partial.replace(target)
        before += network.size


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    durable.write_file(path, json.dumps(values, indent=2, ensure_ascii=False).encode())


def _config_of(encoder: Path) -> Path | None:
    """The configuration that lies beside a text encoder."""
    for path in sorted(encoder.parent.glob("config*.json")):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(told, dict) and told.get("model_type") in _CONFIGS:
            return path
    return None


def _stem(part: str) -> str:
    return "model" if part.endswith("encoder") else "diffusion_pytorch_model"


def _half(name: str) -> str:
    return name.replace(_WEIGHTS, ".fp16" + _WEIGHTS)
