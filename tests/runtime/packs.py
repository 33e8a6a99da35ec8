"""Stand-in packs: a few small files that look like PyTorch to whoever only lists, unpacks and imports them."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from pathlib import Path

from kandinsky_studio.runtime.pack import LIBRARY, LISTING, TORCH, platform_tag, python_tag

LARGE = 3 * 2**20  # bytes of what stands for the library
TORCH_CODE = b"import sys\nsys.torch_came_from = __file__\n__version__ = '" + TORCH.encode() + b".0'\n"


def contents(large: int = LARGE) -> dict[str, bytes]:
    """The files of a pack by their paths."""
    return {
        f"{LIBRARY}/torch/__init__.py": TORCH_CODE,
        f"{LIBRARY}/torch/lib/libtorch_cpu.so": hashlib.sha256(b"torch").digest() * (large // 32),
        f"{LIBRARY}/torch/bin/torch_shm_manager": b"#!/bin/sh\n",
        f"{LIBRARY}/torch-{TORCH}.0.dist-info/METADATA": f"Name: torch\nVersion: {TORCH}.0\n".encode(),
    }


Changes = dict[str, object]  # of what the listing says


def listing(name: str = "cu130", files: dict[str, bytes] | None = None, changes: Changes | None = None) -> Changes:
    """What ``pack.json`` says of them."""
    told = contents() if files is None else files
    return {
        "format": 1,
        "name": name,
        "version": f"{TORCH}.0+{name}",
        "torch": f"{TORCH}.0",
        "python": python_tag(),
        "platform": platform_tag(),
        "device": "cpu" if name == "cpu" else "cuda",
        "driver": None if name == "cpu" else "580.65.06",
        "capability": None if name == "cpu" else [[7, 5], [12, 9]],
        "files": [
            {"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for path, content in told.items()
        ],
        **(changes or {}),
    }


def write_folder(
    place: Path, name: str = "cu130", files: dict[str, bytes] | None = None, changes: Changes | None = None
) -> Path:
    """The pack as a folder in ``place``."""
    told = contents() if files is None else files
    for path, content in told.items():
        (place / name / path).parent.mkdir(parents=True, exist_ok=True)
        (place / name / path).write_bytes(content)
    (place / name / LISTING).write_text(json.dumps(listing(name, told, changes)))
    return place / name


def write_zip(
    file: Path,
    name: str = "cu130",
    files: dict[str, bytes] | None = None,
    *,
    changes: Changes | None = None,
    more: dict[str, bytes] | None = None,
    links: tuple[str, ...] = (),
) -> Path:
    """The pack as a file. ``more`` comes besides what is listed, ``links`` are some of them."""
    told = contents() if files is None else files
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/{LISTING}", json.dumps(listing(name, told, changes)))
        for path, content in told.items():
            entry = zipfile.ZipInfo(f"{name}/{path}")
            entry.compress_type = zipfile.ZIP_DEFLATED
            kind = stat.S_IFLNK if path in links else stat.S_IFREG
            entry.external_attr = (kind | (0o755 if "/bin/" in path else 0o644)) << 16
            archive.writestr(entry, content)
        for path, content in (more or {}).items():
            archive.writestr(path, content)
    return file


def split(file: Path, size: int) -> list[Path]:
    """Cut a file into parts and delete it."""
    content = file.read_bytes()
    parts = []
    for number, begin in enumerate(range(0, len(content), size), 1):
        parts.append(file.with_name(f"{file.name}.{number:03}"))
        parts[-1].write_bytes(content[begin : begin + size])
    file.unlink()
    return parts
