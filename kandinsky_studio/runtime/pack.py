"""A runtime pack: a folder with PyTorch and what belongs to it, and ``pack.json``, which says what that is.

    NAME/pack.json
    NAME/lib/…          what is put behind the program's own modules

The program is built without PyTorch, so that one build serves processors and every graphics card. A pack is made by
``packaging/pack.py``.
"""

from __future__ import annotations

import json
import re
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from kandinsky_studio.errors import BrokenPack, PackForAnotherSystem, PackForAnotherVersion, PackNotFound

FORMAT = 1
LISTING = "pack.json"
LIBRARY = "lib"
TORCH = "2.13"
"""The PyTorch that the program is tested with; a pack with any patch of it goes with the program."""

DEVICES = ("cpu", "cuda")
MAX_LISTING = 32 * 2**20  # bytes; PyTorch has some ten thousand files
LARGE = 2**20
"""Bytes; files of this size are looked for at every start. They are few, and nothing works without them."""

_WORDS = ("name", "version", "torch", "python", "platform", "device")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}

Capability = tuple[int, int]


@dataclass(frozen=True)
class PackedFile:
    """``path`` is relative to the pack's folder, with slashes; ``size`` in bytes; ``sha256`` in hexadecimal digits."""

    path: str
    size: int
    sha256: str

    def __post_init__(self) -> None:
        if not is_inside(self.path) or not self.path.startswith(f"{LIBRARY}/"):
            raise ValueError(f"{self.path!r} is no path inside of a pack")
        if not isinstance(self.size, int) or self.size < 0:
            raise ValueError(f"{self.size!r} is no size")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"{self.sha256!r} is no digest")


@dataclass(frozen=True)
class Pack:
    """What ``pack.json`` says.

    ``version`` names the build of PyTorch (``"2.13.0+cu130"``), ``torch`` its version alone; ``python`` and ``platform``
    are written as in the names of wheels (``"cp311"``, ``"linux_x86_64"``). ``device`` is what it computes on. For
    cards, ``driver`` is the oldest driver, and ``capability`` the least and the most that a card may have.
    """

    name: str
    version: str
    torch: str
    python: str
    platform: str
    device: str
    driver: str | None
    capability: tuple[Capability, Capability] | None
    files: tuple[PackedFile, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise ValueError(f"{self.name!r} is no name of a pack")
        for value in (self.version, self.torch, self.python, self.platform, self.driver or "0"):
            if not re.fullmatch(r"[\w.+]{1,64}", value, re.ASCII):
                raise ValueError(f"{value!r} is neither a version nor a platform")
        if self.device not in DEVICES:
            raise ValueError(f"{self.device!r} is no device")
        if len({file.path.casefold() for file in self.files}) != len(self.files):
            raise ValueError("a file is there twice")  # which it is for Windows, too, if only its letters differ

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """What :meth:`from_json` reads."""
        capability = None if self.capability is None else [list(one) for one in self.capability]
        return {
            "format": FORMAT,
            **{name: getattr(self, name) for name in _WORDS},
            "driver": self.driver,
            "capability": capability,
            "files": [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in self.files],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], least: int = 0) -> Pack:
        """With its files of at least so many bytes. Raises ``ValueError`` for anything but what :meth:`to_json` gives."""
        try:
            if values["format"] != FORMAT:
                raise ValueError(f"format {values['format']!r}")
            told: dict[str, Any] = {name: values[name] for name in _WORDS}
            if not all(isinstance(value, str) for value in (*told.values(), values["driver"] or "")):
                raise ValueError("a word is missing")
            files = tuple(
                PackedFile(file["path"], file["size"], file["sha256"])
                for file in values["files"]
                if file["size"] >= least
            )
            limits = values["capability"]
            capability = None if limits is None else (_capability(limits[0]), _capability(limits[1]))
            return cls(**told, driver=values["driver"], capability=capability, files=files)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise ValueError("no listing of a pack") from error


def is_name(name: str) -> bool:
    """Whether a pack, and so its folder, may be called that."""
    return _NAME.fullmatch(name) is not None and name not in _RESERVED


def is_inside(path: str) -> bool:
    """Whether ``path`` leads to a file inside of the folder it is relative to, on every system."""
    parts = path.split("/")
    return not set('\\:*?"<>|') & set(path) and all(_is_file_name(part) for part in parts)


def _is_file_name(part: str) -> bool:
    plain = part.isprintable() and part.strip() == part and not part.endswith(".")
    return bool(part) and plain and PurePosixPath(part).stem.casefold() not in _RESERVED


def _capability(value: Iterable[Any]) -> Capability:
    major, minor = value
    return int(major), int(minor)


def read(folder: Path, least: int = 0) -> Pack:
    """The pack in ``folder``, with its files of at least so many bytes.

    Raises ``PackNotFound`` if there is none, ``BrokenPack`` if it can't be read.
    """
    path = folder / LISTING
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_LISTING + 1)
    except OSError as error:
        if folder.is_dir():
            raise BrokenPack(name=folder.name, file=LISTING) from error
        raise PackNotFound(name=folder.name) from error
    try:
        return parse(content, least)
    except ValueError as error:
        raise BrokenPack(name=folder.name, file=LISTING) from error


def parse(content: bytes, least: int = 0) -> Pack:
    """The pack that a listing of this content describes, with its files of at least so many bytes.

    Raises ``ValueError``.
    """
    if len(content) > MAX_LISTING:
        raise ValueError("too long")
    try:
        return Pack.from_json(json.loads(content), least)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def check_fits(pack: Pack) -> None:
    """Raise the ``PackError`` that says why ``pack`` does not go with this program, if it does not."""
    if pack.platform != platform_tag():
        raise PackForAnotherSystem(name=pack.name, platform=pack.platform, here=platform_tag())
    if pack.python != python_tag():
        raise PackForAnotherVersion(name=pack.name, has=f"Python {pack.python}", wants=f"Python {python_tag()}")
    if pack.torch.split(".")[:2] != TORCH.split("."):
        raise PackForAnotherVersion(name=pack.name, has=f"PyTorch {pack.torch}", wants=f"PyTorch {TORCH}")


def check_whole(pack: Pack, folder: Path) -> None:
    """Raise ``BrokenPack`` if a file of ``pack`` is not in ``folder`` with its size; reads none."""
    for file in pack.files:
        try:
            size = (folder / file.path).stat().st_size
        except OSError:
            size = -1
        if size != file.size:
            raise BrokenPack(name=pack.name, file=file.path)


def python_tag() -> str:
    """How the names of wheels call this Python, such as ``"cp311"``."""
    return f"cp{sys.version_info.major}{sys.version_info.minor}"


def platform_tag() -> str:
    """How they call this system, such as ``"linux_x86_64"`` or ``"win_amd64"``."""
    return re.sub(r"[-.]", "_", sysconfig.get_platform())
