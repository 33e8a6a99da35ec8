"""What a folder of weights consists of: which repository at which revision, and each file with its size and digest."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from kandinsky_studio.errors import BrokenManifest, NewerFile
from kandinsky_studio.storage import durable

NAME = ".kandinsky-studio.json"
"""The file in the folder of a repository that says what belongs there."""

VERSION = 1
BLOCK = 2**18  # bytes read at once; small enough to stop promptly

_DIGESTS = {"sha256": 64, "git-sha1": 40}  # hexadecimal digits
_REVISION = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class PublishedFile:
    """One file of a repository. ``path`` is relative, with slashes; ``size`` in bytes.

    ``digest`` is lower-case hexadecimal, of the ``algorithm`` ``"sha256"``, or ``"git-sha1"`` as git names its blobs,
    which is all that is published of small files.
    """

    path: str
    size: int
    algorithm: str
    digest: str

    def __post_init__(self) -> None:
        path = PurePosixPath(self.path)
        inside = self.path and not path.is_absolute() and ".." not in path.parts and not set("\\:\0") & set(self.path)
        if not inside or path.as_posix() != self.path or path.name in ("", NAME):
            raise ValueError(f"{self.path!r} is no path inside of a repository")
        if not isinstance(self.size, int) or self.size < 0:
            raise ValueError(f"{self.size!r} is no size")
        digits = _DIGESTS.get(self.algorithm)
        if digits is None or not re.fullmatch(f"[0-9a-f]{{{digits}}}", self.digest):
            raise ValueError(f"{self.digest!r} is no {self.algorithm}")

    def hasher(self) -> Hasher:
        """Something to feed the file's bytes to."""
        return Hasher(self)


class Hasher:
    """Computes a file's digest while its bytes come."""

    def __init__(self, file: PublishedFile) -> None:
        self._expected = file
        self.count = 0
        if file.algorithm == "sha256":
            self._hash = hashlib.sha256()
        else:
            self._hash = hashlib.sha1(usedforsecurity=False)
            self._hash.update(f"blob {file.size}\0".encode())

    def update(self, block: bytes) -> None:
        self._hash.update(block)
        self.count += len(block)

    @property
    def right(self) -> bool:
        """Whether what came so far is the whole file, unchanged."""
        return self.count == self._expected.size and self._hash.hexdigest() == self._expected.digest


@dataclass(frozen=True)
class Manifest:
    """A repository (``owner/name``) at a revision (40 hexadecimal digits), and the files of it that are wanted.

    ``newest`` says that it was the newest one when somebody asked the Hub for that.
    """

    repository: str
    revision: str
    files: tuple[PublishedFile, ...]
    newest: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", self.repository):
            raise ValueError(f"{self.repository!r} is no repository")
        if not _REVISION.fullmatch(self.revision):
            raise ValueError(f"{self.revision!r} is no revision")
        if len({file.path for file in self.files}) != len(self.files):
            raise ValueError("a file is there twice")

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def only(self, paths: Iterable[str]) -> Manifest:
        """The same with those files only, in their order here."""
        wanted = set(paths)
        return dataclasses.replace(self, files=tuple(file for file in self.files if file.path in wanted))

    def joined(self, other: Manifest) -> Manifest:
        """Files of both, those of ``other`` where both have one. Raises ``ValueError`` for another revision."""
        if (self.repository, self.revision) != (other.repository, other.revision):
            raise ValueError("not the same revision of the same repository")
        files = {file.path: file for file in (*self.files, *other.files)}
        return dataclasses.replace(self, files=tuple(files.values()))

    def missing(self, folder: Path) -> tuple[PublishedFile, ...]:
        """Those that are not in ``folder`` in full length. Files get their name only after their digest was found
        right, so what is there was right once; :func:`damaged` looks whether it still is."""
        return tuple(file for file in self.files if length(folder / file.path) != file.size)

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON values that :meth:`from_json` reads back."""
        files = [{"path": f.path, "size": f.size, "algorithm": f.algorithm, "digest": f.digest} for f in self.files]
        values = {"version": VERSION, "repository": self.repository, "revision": self.revision, "files": files}
        return {**values, "newest": True} if self.newest else values

    @classmethod
    def from_json(cls, values: Any) -> Manifest:
        """What :meth:`to_json` wrote. Raises ``ValueError`` for anything else."""
        try:
            if values["version"] != VERSION:
                raise ValueError(f"version {values['version']!r}")
            files = tuple(PublishedFile(f["path"], f["size"], f["algorithm"], f["digest"]) for f in values["files"])
            return cls(values["repository"], values["revision"], files, values.get("newest") is True)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("no manifest") from error


def write(folder: Path, manifest: Manifest) -> None:
    """Keep ``manifest`` in ``folder``.

    Raises ``DiskFull`` or ``FolderNotWritable``; ``NewerFile`` if a newer program keeps one there.
    """
    with contextlib.suppress(BrokenManifest):
        read(folder)
    content = json.dumps(manifest.to_json(), indent=1, ensure_ascii=False)
    durable.write_file(folder / NAME, content.encode())


def read(folder: Path) -> Manifest | None:
    """What :func:`write` left in ``folder``, None if nothing. Raises ``BrokenManifest`` or ``NewerFile``."""
    try:
        content = (folder / NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise BrokenManifest(folder=folder) from error
    try:
        values = json.loads(content)
        version = values.get("version") if isinstance(values, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise NewerFile(file=f"{folder.name}/{NAME}")
        return Manifest.from_json(values)
    except (ValueError, RecursionError) as error:
        raise BrokenManifest(folder=folder) from error


def find(folder: Path) -> Manifest | None:
    """What :func:`write` left in ``folder``; None if nothing, or nothing that can be read."""
    try:
        return read(folder)
    except (BrokenManifest, NewerFile):
        return None


def is_right(path: Path, file: PublishedFile, on_bytes: Callable[[int], None] = lambda _: None) -> bool:
    """Whether the bytes at ``path`` are those of ``file``. ``on_bytes`` hears how many more were read, and may raise.

    Raises ``OSError`` if they can't be read; what is not there is not right.
    """
    if length(path) != file.size:
        return False
    hasher = file.hasher()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            hasher.update(block)
            on_bytes(len(block))
    return hasher.right


def damaged(
    folder: Path, manifest: Manifest, on_bytes: Callable[[int], None] = lambda _: None
) -> tuple[PublishedFile, ...]:
    """The files of ``manifest`` that are not in ``folder`` as they were published. Reads all of them, offline."""
    wrong = []
    for file in manifest.files:
        try:
            right = is_right(folder / file.path, file, on_bytes)
        except OSError:  # a disk that gives no bytes is no better than wrong ones
            right = False
        if not right:
            wrong.append(file)
    return tuple(wrong)


def of_metadata(values: Mapping[str, Any]) -> Manifest:
    """The manifest of everything in a repository, from what the Hub's API says of a model with its blobs.

    Raises ``ValueError`` if that is not what it is.
    """
    try:
        files = []
        for sibling in values["siblings"]:
            lfs = sibling.get("lfs")
            if lfs is not None:
                digest = lfs.get("sha256") or lfs["oid"]
                files.append(PublishedFile(sibling["rfilename"], lfs["size"], "sha256", digest))
            else:
                files.append(PublishedFile(sibling["rfilename"], sibling["size"], "git-sha1", sibling["blobId"]))
        return Manifest(values["id"], values["sha"], tuple(files))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("no metadata of a model") from error


def length(path: Path) -> int:
    """Bytes of the file at ``path``; -1 if there is none."""
    try:
        return path.stat().st_size if path.is_file() else -1
    except OSError:
        return -1
