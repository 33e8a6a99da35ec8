"""Making the weights in a folder smaller, once: half precision in safetensors in place of what was published."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

from kandinsky_studio.errors import BrokenModel, NotEnoughRoom
from kandinsky_studio.storage import durable
from kandinsky_studio.storage.models import manifest as manifests
from kandinsky_studio.storage.models.manifest import PublishedFile
from kandinsky_studio.storage.models.transfer import MARGIN, in_units

_STEMS = ("diffusion_pytorch_model", "model", "pytorch_model")
_HALF = ".fp16.safetensors"


def convertible(folder: Path) -> list[Path]:
    """The files in ``folder`` that would get smaller. Reads their headers; what can't be read is passed over."""
    from kandinsky_studio.engine.converting import is_wide

    found = []
    for path in sorted(folder.rglob("*")):
        if path.name in [f"{stem}{end}" for stem in _STEMS for end in (".safetensors", ".bin")]:
            try:
                if path.is_file() and is_wide(path):
                    found.append(path)
            except (OSError, ValueError):
                continue
    return found


def convert_folder(folder: Path, on_progress: Callable[[float], None] = lambda _: None) -> int:
    """Convert every such file in ``folder``; how many bytes of the disk that gave back.

    Each original goes when its successor is on the disk and the manifest names it, so the folder is whole whenever
    this ends. ``on_progress`` hears the fraction done and may raise ``Cancelled``. Raises ``BrokenModel`` for a file
    that is damaged or hostile, ``NotEnoughRoom``, ``DiskFull`` or ``FolderNotWritable``.
    """
    from kandinsky_studio.engine.converting import convert

    files = convertible(folder)
    total, before, saved = sum(path.stat().st_size for path in files) or 1, 0, 0
    for path in files:
        size = path.stat().st_size
        free = shutil.disk_usage(folder).free
        if size + MARGIN > free:
            raise NotEnoughRoom(folder=folder, needed=in_units(size + MARGIN - free), free=in_units(free))
        target = path.with_name(path.name.partition(".")[0].removeprefix("pytorch_") + _HALF)
        partial = path.with_name(target.name + durable.PARTIAL_SUFFIX)
        partial.unlink(missing_ok=True)

        def tell(fraction: float, before: int = before, size: int = size) -> None:
            on_progress((before + size * fraction) / total)

        try:
            made = convert(path, partial, on_progress=tell)
            partial.replace(target)
        except ValueError as error:
            raise BrokenModel(model=folder.name, reason=str(error)) from error
        except OSError as error:
            raise durable.cause_of(error, folder) from error
        _replace_in_manifest(folder, path, target, made.size, made.sha256)
        path.unlink(missing_ok=True)
        before += size
        saved += size - made.size
    return saved


def _replace_in_manifest(folder: Path, old: Path, new: Path, size: int, sha256: str) -> None:
    manifest = manifests.find(folder)
    if manifest is None:
        return
    gone = old.relative_to(folder).as_posix()
    came = PublishedFile(new.relative_to(folder).as_posix(), size, "sha256", sha256)
    files = tuple(file for file in manifest.files if file.path not in (gone, came.path))
    manifests.write(folder, dataclasses.replace(manifest, files=(*files, came)))
