"""Where a model's files are, whether they are whole, and what identifies them. No torch, and never the network.

A model is two folders, laid out as ``kandinsky-community/kandinsky-2-2-prior`` and ``…-2-2-decoder`` are on the
Hugging Face Hub. Weights are read from safetensors only: nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kandinsky_studio import paths
from kandinsky_studio.errors import BrokenModel, BuiltinModelMissing, ModelNotFound

HUB_ORGANISATION = "kandinsky-community"
WHOLE_CONTENT = 64 * 2**20  # bytes; of larger files the fingerprint reads parts

_BLOCKS, _BLOCK_SIZE = 64, 2**16
_MAX_HEADER = 100_000_000  # bytes, the limit of the safetensors format
_VARIANTS = ("", ".fp16")
_SIDES = {
    "prior": "prior",
    "text_encoder": "prior",
    "image_encoder": "prior",
    "tokenizer": "prior",
    "prior_scheduler": "prior",
    "unet": "decoder",
    "movq": "decoder",
    "scheduler": "decoder",
}
PARTS = tuple(_SIDES)
"""The components of a model; ``prior_scheduler`` is the folder ``scheduler`` beside the prior."""

NETWORKS = ("prior", "text_encoder", "image_encoder", "unet", "movq")
"""The parts that have weights."""

_CONFIG = {"tokenizer": "tokenizer_config.json", "prior_scheduler": "scheduler_config.json"}
_CONFIG["scheduler"] = _CONFIG["prior_scheduler"]


@dataclass(frozen=True)
class WeightFile:
    """One safetensors file: its path, its variant (``"fp16"`` or None) and its header."""

    path: Path
    variant: str | None
    header: dict[str, Any]

    @property
    def parameter_count(self) -> int:
        return sum(math.prod(tensor["shape"]) for name, tensor in self.header.items() if name != "__metadata__")


@dataclass(frozen=True)
class ModelFiles:
    """The two folders of a model. ``model`` is how a request names it, ``title`` how a message does."""

    model: str
    title: str
    prior: Path
    decoder: Path

    def folder(self, part: str) -> Path:
        """The folder of one of ``PARTS``."""
        side = self.prior if _SIDES[part] == "prior" else self.decoder
        return side / ("scheduler" if part == "prior_scheduler" else part)

    def config(self, part: str) -> dict[str, Any]:
        """The JSON configuration of one of ``PARTS``. Raises ``ModelNotFound`` or ``BrokenModel``."""
        path = self.folder(part) / _CONFIG.get(part, "config.json")
        if not path.is_file():
            raise self._missing(path)
        return self._json(path)

    def weight_file(self, part: str) -> WeightFile:
        """The weights of one of ``NETWORKS``, their header read and compared with the file's length.

        Raises ``ModelNotFound`` if there are none, ``BrokenModel`` if they are cut off, garbled or pickled.
        """
        folder = self.folder(part)
        for variant in _VARIANTS:
            for stem in ("diffusion_pytorch_model", "model"):
                path = folder / f"{stem}{variant}.safetensors"
                if path.is_file():
                    return WeightFile(path, variant.removeprefix(".") or None, self._header(path))
        if any(folder.glob("*.bin")) or any(folder.glob("*.ckpt")):
            raise BrokenModel(model=self.title, reason=f"“{part}” is only there as a .bin file; safetensors is needed")
        raise self._missing(folder)

    def check(self) -> None:
        """Raise ``ModelNotFound`` if a file is missing, ``BrokenModel`` if one can't be what it should be."""
        for part in PARTS:
            self.config(part)
            if part in NETWORKS:
                self.weight_file(part)
        tokenizer = self.folder("tokenizer")
        pair = (tokenizer / "vocab.json", tokenizer / "merges.txt")
        if not (tokenizer / "tokenizer.json").is_file() and not all(path.is_file() for path in pair):
            raise self._missing(pair[0])
        for _, path in self._files():
            if path.suffix == ".json":
                self._json(path)

    def disk_size(self) -> int:
        """Bytes of all files the model is made of."""
        return sum(path.stat().st_size for _, path in self._files())

    def parameter_count(self) -> int:
        """Numbers in all of ``NETWORKS``."""
        return sum(self.weight_file(part).parameter_count for part in NETWORKS)

    def fingerprint(self) -> str:
        """SHA-256 (hex) that tells these weights from others, wherever they lie and whatever their folder is called.

        Over names, sizes and content of all files; a weight file from 64 MiB on enters with its header and with
        evenly spread blocks, so that gigabytes need not be read before the first picture.
        """
        digest = hashlib.sha256()
        for part, path in self._files():
            size = path.stat().st_size
            digest.update(f"{part}/{path.name}\0{size}\0".encode())
            with path.open("rb") as file:
                if size < WHOLE_CONTENT or path.suffix != ".safetensors":
                    while block := file.read(_BLOCK_SIZE):
                        digest.update(block)
                    continue
                length = file.read(8)
                digest.update(file.read(int.from_bytes(length, "little")))
                for k in range(_BLOCKS):
                    file.seek((size - _BLOCK_SIZE) * k // (_BLOCKS - 1))
                    digest.update(file.read(_BLOCK_SIZE))
        return digest.hexdigest()

    def _files(self) -> Iterator[tuple[str, Path]]:
        for part in PARTS:
            used = self.weight_file(part).path if part in NETWORKS else None
            for path in sorted(self.folder(part).iterdir()):
                if path == used or (path.suffix in (".json", ".txt") and path.is_file()):
                    yield part, path

    def _missing(self, place: Path) -> ModelNotFound:
        return _missing(self.model, self.title, place)

    def _json(self, path: Path) -> dict[str, Any]:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BrokenModel(model=self.title, reason=f"“{_short(path)}” can't be read") from error
        if not isinstance(content, dict):
            raise BrokenModel(model=self.title, reason=f"“{_short(path)}” can't be read")
        return content

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


def find(model: str) -> ModelFiles:
    """The folders of ``model``: ``"builtin"``, ``"kandinsky-2.2"`` or the path of a folder that holds a model.

    2.2 is looked for in ``paths.models()`` first, then in the Hugging Face cache. Raises ``ModelNotFound``.
    """
    if model == "builtin":
        return _pair(model, "the built-in model", paths.builtin_model())
    if model != "kandinsky-2.2":
        folder = Path(model).expanduser()
        return _pair(model, folder.name, folder)
    places = (paths.models() / model, paths.models(), hub_cache())
    for place in places:
        try:
            return _pair(model, "Kandinsky 2.2", place, "kandinsky-2-2-")
        except ModelNotFound:
            continue
    raise ModelNotFound(model="Kandinsky 2.2", place=", ".join(str(place) for place in places[1:]))


def hub_cache() -> Path:
    """The folder in which the Hugging Face libraries keep what they downloaded."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(variable):
            return Path(os.environ[variable]).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(home).expanduser() / "hub"


def _pair(model: str, title: str, place: Path, family: str = "") -> ModelFiles:
    prior = _side(place, f"{family}prior", "prior")
    decoder = _side(place, f"{family}decoder", "unet")
    if prior is None or decoder is None:
        raise _missing(model, title, place)
    return ModelFiles(model, title, prior, decoder)


def _missing(model: str, title: str, place: Path) -> ModelNotFound:
    kind = BuiltinModelMissing if model == "builtin" else ModelNotFound
    return kind(model=title, place=place)


def _side(place: Path, name: str, part: str) -> Path | None:
    """The folder below ``place`` whose name has ``name`` in it and which has the component ``part``.

    The shortest name wins: the plain decoder before the ones for inpainting and depth.
    """
    if not place.is_dir():
        return None
    found = sorted((p for p in place.iterdir() if p.is_dir() and name in p.name), key=lambda p: (len(p.name), p.name))
    for folder in map(_snapshot, found):
        if (folder / part).is_dir():
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
