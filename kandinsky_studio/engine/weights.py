"""Where a model's files are, whether they are whole, and what identifies them. No torch, and never the network.

What a model consists of and how its folders are called, its file in ``models`` knows; here they are parts in places.
Weights are read from safetensors; a part that is published as a pickle only is named in ``PICKLED`` and read with
``weights_only``, which unpickles nothing but tensors.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kandinsky_studio.engine.files import read_json
from kandinsky_studio.errors import BrokenModel, BuiltinModelMissing, ModelNotFound

WHOLE_CONTENT = 64 * 2**20  # bytes; of larger files the fingerprint reads parts

_BLOCKS, _BLOCK_SIZE = 64, 2**16
_MAX_HEADER = 100_000_000  # bytes, the limit of the safetensors format
_VARIANTS = ("", ".fp16")
_CONFIG = {
    "tokenizer": "tokenizer_config.json",
    "multilingual_tokenizer": "tokenizer.json",
    "image_processor": "preprocessor_config.json",
    "prior_scheduler": "scheduler_config.json",
    "scheduler": "scheduler_config.json",
    "ddpm_scheduler": "scheduler_config.json",
    "inpaint_scheduler": "scheduler_config.json",
    "depth_scheduler": "scheduler_config.json",
}
PICKLED = ("depth_unet", "text_encoder1", "text_encoder2")
"""Parts whose weights are on the Hub as ``.bin`` only."""


@dataclass(frozen=True)
class WeightFile:
    """One safetensors file: its path, its variant (``"fp16"`` or None) and its header."""

    path: Path
    variant: str | None
    header: dict[str, Any]

    @property
    def parameter_count(self) -> int:
        if not self.header:  # a pickle, which is not opened for this: they are published in float32
            return self.path.stat().st_size // 4
        return sum(math.prod(tensor["shape"]) for name, tensor in self.header.items() if name != "__metadata__")


@dataclass(frozen=True)
class ModelFiles:
    """The files of a model. ``model`` is how a request names it, ``title`` how a message does.

    ``places`` says where each part is: its folder, or its file if it is an original checkpoint. ``required`` are the
    parts without which it is not this model; the others, such as a decoder for inpainting, may be there.
    """

    model: str
    title: str
    places: Mapping[str, Path]
    required: tuple[str, ...]

    def __contains__(self, part: str) -> bool:
        return part in self.places

    @property
    def home(self) -> Path:
        """The folder that all of it is in."""
        return Path(os.path.commonpath([path.parent for path in self.places.values()]))

    @property
    def resident(self) -> tuple[str, ...]:
        """The parts that most pictures need one or the other of; what only one task needs is not among them."""
        return (*self.required, *(part for part in ("image_encoder",) if part in self))

    def folder(self, part: str) -> Path:
        """Where a part is. Raises ``ModelNotFound`` if it isn't there."""
        if part not in self.places:
            raise self._missing(self.home / part)
        return self.places[part]

    def config(self, part: str) -> dict[str, Any]:
        """The JSON configuration of a part. Raises ``ModelNotFound`` or ``BrokenModel``."""
        path = self.folder(part) / _CONFIG.get(part, "config.json")
        if not path.is_file():
            raise self._missing(path)
        return self._json(path)

    def weight_file(self, part: str) -> WeightFile:
        """The weights of a network, their header read and compared with the file's length.

        Raises ``ModelNotFound`` if there are none, ``BrokenModel`` if they are cut off, garbled or pickled.
        """
        folder = self.folder(part)
        for variant in _VARIANTS:
            for stem in ("diffusion_pytorch_model", "model"):
                path = folder / f"{stem}{variant}.safetensors"
                if path.is_file():
                    return WeightFile(path, variant.removeprefix(".") or None, self._header(path))
        pickles = sorted((*folder.glob("*.bin"), *folder.glob("*.ckpt")))
        if pickles and part in PICKLED:
            return WeightFile(self.whole_pickle(pickles[0]), None, {})
        if pickles:
            raise BrokenModel(model=self.title, reason=f"“{part}” is only there as a .bin file; safetensors is needed")
        raise self._missing(folder)

    def whole_pickle(self, path: Path) -> Path:
        """``path``, a file that torch wrote, if it is there and its end is; raises as :meth:`weight_file` does."""
        if not path.is_file():
            raise self._missing(path)
        with path.open("rb") as file:
            before_1_6 = file.read(1) == b"\x80"  # torch then wrote bare pickles, whose end nothing tells
        if not before_1_6 and not zipfile.is_zipfile(path):  # the directory of such a file is at its end
            raise BrokenModel(model=self.title, reason=f"“{_short(path)}” is cut off or damaged")
        return path

    def check(self) -> None:
        """Raise ``ModelNotFound`` if a required file is missing, ``BrokenModel`` if one can't be what it should be."""
        for part in self.required:
            if self.folder(part).is_file():
                self.whole_pickle(self.folder(part))
                continue
            self.config(part)
            if is_network(part):
                self.weight_file(part)
            if part == "tokenizer":
                self._check_tokenizer()
        for _, path in self._files(self.required):
            if path.suffix == ".json":
                self._json(path)

    def _check_tokenizer(self) -> None:
        tokenizer = self.folder("tokenizer")
        pair = (tokenizer / "vocab.json", tokenizer / "merges.txt")
        if not (tokenizer / "tokenizer.json").is_file() and not all(path.is_file() for path in pair):
            raise self._missing(pair[0])

    def disk_size(self) -> int:
        """Bytes of all files the model is made of."""
        return sum(path.stat().st_size for _, path in self._files(tuple(self.places)))

    def parameter_count(self, parts: Sequence[str] | None = None) -> int:
        """Numbers in the networks among ``parts``, by default all that are required."""
        return sum(self.weight_file(part).parameter_count for part in parts or self.required if is_network(part))

    def fingerprint(self, besides: Sequence[str] = ()) -> str:
        """SHA-256 (hex) that tells these weights from others, wherever they lie and whatever their folder is called.

        Over names, sizes and content of all files of the required parts and of those ``besides``; a weight file from 64 MiB on enters with its header and
        with evenly spread blocks, so that gigabytes need not be read before the first picture.
        """
        digest = hashlib.sha256()
        for part, path in self._files((*self.required, *besides)):
            size = path.stat().st_size
            digest.update(f"{part}/{path.name}\0{size}\0".encode())
            with path.open("rb") as file:
                if size < WHOLE_CONTENT or path.suffix in (".json", ".txt"):
                    while block := file.read(_BLOCK_SIZE):
                        digest.update(block)
                    continue
                length = file.read(8)
                if path.suffix == ".safetensors":
                    digest.update(file.read(int.from_bytes(length, "little")))
                for k in range(_BLOCKS):
                    file.seek((size - _BLOCK_SIZE) * k // (_BLOCKS - 1))
                    digest.update(file.read(_BLOCK_SIZE))
        return digest.hexdigest()

    def state(self) -> dict[Path, tuple[int, int]]:
        """Length and time of change (ns) of the files with weights that are there now."""
        found = {}
        for place in self.places.values():
            for path in (place,) if place.is_file() else place.glob("*.safetensors"):
                about = path.stat()
                found[path] = (about.st_size, about.st_mtime_ns)
        return found

    def encoder(self) -> str:
        """What identifies the image encoder: the same in all models that share it; empty if it is not there."""
        if "image_encoder" not in self:
            return ""
        return dataclasses.replace(self, required=("image_encoder",)).fingerprint()

    def _files(self, parts: Sequence[str]) -> Iterator[tuple[str, Path]]:
        for part in parts:
            if self.folder(part).is_file():
                yield part, self.folder(part)
                continue
            if not self.folder(part).is_dir():
                raise self._missing(self.folder(part))
            used = self.weight_file(part).path if is_network(part) else None
            for path in sorted(self.folder(part).iterdir()):
                if path == used or (path.suffix in (".json", ".txt", ".model") and path.is_file()):
                    yield part, path

    def _missing(self, place: Path) -> ModelNotFound:
        return missing(self.model, self.title, place)

    def _json(self, path: Path) -> dict[str, Any]:
        try:
            return read_json(path)
        except (OSError, ValueError) as error:
            raise BrokenModel(model=self.title, reason=f"“{_short(path)}” can't be read") from error

    def _header(self, path: Path) -> dict[str, Any]:
        """The header of a safetensors file: 8 bytes of length, JSON, then the tensors' bytes."""
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
                if not 2 <= length <= min(_MAX_HEADER, size - 8):
                    raise ValueError("impossible header length")
                header = json.loads(file.read(length))
            end = max((t["data_offsets"][1] for n, t in header.items() if n != "__metadata__"), default=0)
            math.prod(math.prod(t["shape"]) for n, t in header.items() if n != "__metadata__")
        except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise BrokenModel(model=self.title, reason=f"“{_short(path)}” is damaged") from error
        if 8 + length + end > size:
            raise BrokenModel(model=self.title, reason=f"“{_short(path)}” is cut off")
        if 8 + length + end < size:
            raise BrokenModel(model=self.title, reason=f"“{_short(path)}” is damaged")
        return dict(header)


def is_network(part: str) -> bool:
    """Whether a part has weights."""
    return part not in _CONFIG


def missing(model: str, title: str, place: Path) -> ModelNotFound:
    """The error that says that the files of a model are not in ``place``."""
    kind = BuiltinModelMissing if model == "builtin" else ModelNotFound
    return kind(model=title, place=place)


def hub_cache() -> Path:
    """The folder in which the Hugging Face libraries keep what they downloaded."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(variable):
            return Path(os.environ[variable]).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(home).expanduser() / "hub"


def folder_with(place: Path, name: str, part: str, *, without: str | None = None) -> Path | None:
    """The folder below ``place`` whose name has ``name`` in it and which has the component or the file ``part``.

    The shortest name wins: the plain decoder before the ones for inpainting and depth. A name with ``without`` in it
    is passed over. Of a folder of the Hugging Face cache the revision that counts is taken.
    """
    if not place.is_dir():
        return None
    named = (p for p in place.iterdir() if name in p.name and (without is None or without not in p.name))
    found = sorted((p for p in named if p.is_dir()), key=lambda p: (len(p.name), p.name))
    for folder in map(_snapshot, found):
        if (folder / part).exists():
            return folder
    return None


def _snapshot(folder: Path) -> Path:
    """The revision that counts, if ``folder`` is one of the Hugging Face cache; else ``folder`` itself."""
    snapshots = folder / "snapshots"
    if not snapshots.is_dir():
        return folder
    main = folder / "refs" / "main"
    if main.is_file() and (chosen := snapshots / main.read_text(encoding="utf-8").strip()).is_dir():
        return chosen
    revisions = sorted((p for p in snapshots.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
    return revisions[-1] if revisions else folder


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
