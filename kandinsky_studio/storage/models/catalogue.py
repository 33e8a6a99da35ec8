"""Which weights there are to be had: repositories, their parts, and which parts a task of a model needs.

All of it is data, in ``resources/models/catalogue.json``. What could not be verified when that was written is absent
there and learned from the Hub: revisions and digests are never invented.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kandinsky_studio import paths
from kandinsky_studio.errors import BrokenCatalogue, NotThere
from kandinsky_studio.storage.models.manifest import Manifest, PublishedFile

VERSION = 1
OPTIONAL = "?"
"""Stands among the names of a file that a repository may lack."""


@dataclass(frozen=True)
class Repository:
    """Where parts are published. ``folder`` is what its folder is called here.

    ``revision`` (40 hexadecimal digits) and ``files`` are known only for what was ``verified``; ``licence`` is the
    identifier of SPDX in lower case.
    """

    folder: str
    repository: str
    revision: str | None
    licence: str
    verified: bool
    files: tuple[PublishedFile, ...] = ()

    @property
    def page(self) -> str:
        """The address a person can look at."""
        return f"https://huggingface.co/{self.repository}"

    def pinned(self) -> Manifest | None:
        """All that is known of it without asking anybody; None if that is not enough to fetch it."""
        if self.revision is None or not self.files:
            return None
        return Manifest(self.repository, self.revision, self.files)


@dataclass(frozen=True)
class Part:
    """Files that belong together, such as a network and its configuration.

    Each file is given as the names it may have, the best first; ``size`` is about how many bytes all of them have.
    What is known without its name it is told by: ``numbers``, how many there are in its network, and ``marks``, what its
    configuration says.
    """

    name: str
    repository: Repository
    size: int
    files: tuple[tuple[str, ...], ...] = field(repr=False)
    numbers: int | None = field(default=None, compare=False)
    marks: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def chosen(self, there: Iterable[str], host: str = "") -> list[str]:
        """Which of ``there`` it consists of. Raises ``NotThere`` if a file is there under none of its names."""
        known = set(there)
        chosen = []
        for names in self.files:
            found = next((name for name in names if name in known), None)
            if found is not None:
                chosen.append(found)
            elif OPTIONAL not in names:
                raise NotThere(file=names[0], host=host or self.repository.repository)
        return list(dict.fromkeys(chosen))


@dataclass(frozen=True)
class Offer:
    """A model that can be fetched: its key, and the parts that each task needs.

    ``work`` is about how many operations one of its pictures takes; None if nobody counted.
    """

    model: str
    tasks: Mapping[str, tuple[Part, ...]]
    work: float | None = None

    def parts(self, tasks: Iterable[str]) -> tuple[Part, ...]:
        """All that ``tasks`` need, each part once."""
        return tuple(dict.fromkeys(part for task in tasks for part in self.tasks[task]))

    @property
    def repositories(self) -> tuple[Repository, ...]:
        """All that any task needs something of."""
        return tuple(dict.fromkeys(part.repository for part in self.parts(self.tasks)))


@dataclass(frozen=True)
class Catalogue:
    """All offers, by the key of the model."""

    offers: Mapping[str, Offer]

    @property
    def repositories(self) -> tuple[Repository, ...]:
        return tuple(dict.fromkeys(repository for offer in self.offers.values() for repository in offer.repositories))


def size_of(parts: Iterable[Part]) -> int:
    """About how many bytes they have."""
    return sum(part.size for part in parts)


def by_repository(parts: Sequence[Part]) -> dict[Repository, list[Part]]:
    """The same, sorted by where they come from."""
    found: dict[Repository, list[Part]] = {}
    for part in parts:
        found.setdefault(part.repository, []).append(part)
    return found


def wanted_of(manifest: Manifest, parts: Iterable[Part], host: str = "") -> Manifest:
    """Of all files of a repository those that ``parts`` consist of. Raises ``NotThere``."""
    there = [file.path for file in manifest.files]
    return manifest.only(name for part in parts for name in part.chosen(there, host))


def read(path: Path | None = None) -> Catalogue:
    """The catalogue that comes with the program, or another. Raises ``BrokenCatalogue``."""
    path = path or paths.resources() / "models" / "catalogue.json"
    try:
        return _catalogue(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BrokenCatalogue(file=path, reason=str(error) or type(error).__name__) from error


def _catalogue(values: Mapping[str, Any]) -> Catalogue:
    if values["version"] != VERSION:
        raise ValueError(f"version {values['version']!r}")
    parts: dict[str, Part] = {}
    for folder, told in values["repositories"].items():
        files = tuple(PublishedFile(f["path"], f["size"], f["algorithm"], f["digest"]) for f in told.get("files", ()))
        repository = Repository(
            folder, told["repository"], told["revision"], told["licence"], bool(told["verified"]), files
        )
        if files and repository.pinned() is None:
            raise ValueError(f"{folder} has digests but no revision")
        for name, part in told["parts"].items():
            names = tuple(tuple(file) for file in part["files"])
            told_by = (part.get("numbers"), part.get("marks", {}))
            parts[f"{folder}:{name}"] = Part(name, repository, int(part["size"]), names, *told_by)
    offers = {}
    for model, tasks in values["models"].items():
        needed: dict[str, tuple[Part, ...]] = {}
        for task, names in tasks.items():  # “@other” stands for all that another task, named before, needs
            found = [needed[name[1:]] if name.startswith("@") else (parts[name],) for name in names]
            needed[task] = tuple(dict.fromkeys(part for group in found for part in group))
        work = values.get("work", {}).get(model)
        offers[model] = Offer(model, needed, None if work is None else float(work) * 1e12)
    return Catalogue(offers)
