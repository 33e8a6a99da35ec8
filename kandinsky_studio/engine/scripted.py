"""The weights in a TorchScript archive, as OpenAI published CLIP, without running any of the program that is in it.

Such a file is a zip with a pickle of the modules, the bytes of each tensor in a member of its own, and code. The code
is never looked at, and of the pickle nothing is made but tensors: every class it names becomes an empty record, and
whatever else it asks for is a reason to refuse the file.
"""

from __future__ import annotations

import math
import pickle
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

_KINDS = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
}
_MAX_PICKLE = 64 * 2**20  # bytes; that of CLIP has half a megabyte
_DEEP = 64  # modules inside of each other


def is_scripted(path: Path) -> bool:
    """Whether ``path`` is a TorchScript archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
    return any("/code/" in name for name in names) and any(name.endswith("/data.pkl") for name in names)


def read_scripted(path: Path, names_only: bool = False) -> dict[str, torch.Tensor]:
    """The tensors in an archive, by the names its modules have them under. On the CPU, as they are stored; with
    ``names_only`` without their values, on the meta device.

    Raises ``ValueError`` if it is damaged or asks for anything but tensors, ``OSError`` if it can't be read.
    """
    with path.open("rb"):
        pass  # a file that is not there is not damaged
    try:
        with zipfile.ZipFile(path) as archive:
            [main] = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
            if archive.getinfo(main).file_size > _MAX_PICKLE:
                raise ValueError(f"{main} is too long")
            with archive.open(main) as stream:
                root = _Reader(stream, archive, main.removesuffix("data.pkl"), names_only).load()
    except OSError:
        raise
    except Exception as error:
        raise ValueError(f"“{path.name}” is damaged, or holds more than weights") from error
    found: dict[str, torch.Tensor] = {}
    _collect(root, "", found, 0)
    if not found:
        raise ValueError(f"“{path.name}” holds no weights")
    return found


class _Record:
    """Stands for an object of any class that the archive names: only what it holds is of interest."""

    def __init__(self, *_: object) -> None:
        self.held: Any = {}

    def __setstate__(self, held: Any) -> None:
        self.held = held


class _Reader(pickle.Unpickler):
    """Makes records and tensors, and nothing else."""

    def __init__(self, stream: Any, archive: zipfile.ZipFile, folder: str, names_only: bool) -> None:
        super().__init__(stream)
        self._names_only = names_only
        self._archive = archive
        self._folder = folder

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "__torch__":
            return type("Record", (_Record,), {})  # one of its own: a pickle may set attributes of what it was given
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _KINDS:
            return _kind(name)
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch.jit._pickle" and name.startswith(("build_", "restore_")):
            return _kept
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        tag, kind, key, _, count = pid
        dtype = kind()
        if tag != "storage" or not isinstance(dtype, torch.dtype) or not isinstance(count, int) or "/" in str(key):
            raise pickle.UnpicklingError("it names something that is no tensor")
        if self._names_only:
            return torch.empty(count, dtype=dtype, device="meta")
        content = self._archive.read(f"{self._folder}data/{key}")
        if len(content) != count * dtype.itemsize:
            raise pickle.UnpicklingError("a tensor is cut off")
        if not count:
            return torch.empty(0, dtype=dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the bytes can't be written to: nobody does
            return torch.frombuffer(content, dtype=dtype)


def _kind(name: str) -> Callable[[], torch.dtype]:
    return lambda: _KINDS[name]


def _tensor(numbers: Any, offset: int, shape: Any, strides: Any, *_: Any) -> torch.Tensor:
    """A tensor that lies in ``numbers``, a flat one."""
    if (
        not isinstance(numbers, torch.Tensor)
        or len(shape) != len(strides)
        or min((*shape, *strides, offset), default=0) < 0
    ):
        raise pickle.UnpicklingError("a tensor makes no sense")
    last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    if math.prod(shape) and last >= numbers.numel():
        raise pickle.UnpicklingError("a tensor is longer than its bytes")
    return numbers.as_strided(tuple(shape), tuple(strides), offset)


def _kept(content: Any, *_: Any) -> Any:
    """A list or a dictionary that is written with its kind."""
    return content


def _collect(node: Any, name: str, found: dict[str, torch.Tensor], depth: int) -> None:
    if depth > _DEEP:
        raise ValueError("its modules lie too deep in each other")
    if isinstance(node, torch.Tensor):
        found[name] = node
    elif isinstance(node, _Record) and isinstance(node.held, dict):
        for key, inner in node.held.items():
            if isinstance(inner, _Record | torch.Tensor):
                _collect(inner, f"{name}.{key}" if name else str(key), found, depth + 1)
