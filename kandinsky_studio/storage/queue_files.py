"""The jobs of the queue on the disk: each a small file, and beside them the pictures that go into them, each once.

    queue/
      1732…-….json      a request without its pixels, the tier it wishes for, what it failed with
      order.json        the names of the jobs in their order; those it doesn't name come last, by name
      rasters/          <sha256>.json, a raster as a request holds it

A job is there once its file is: the pictures come before it, and go after it.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kandinsky_studio import errors
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.engine.tier import Tier
from kandinsky_studio.errors import BrokenJob, FileNotReadable, NewerFile, StudioError
from kandinsky_studio.storage.durable import set_aside, sweep_partials, write_file

VERSION = 1
MAX_FILE = 4_000_000  # bytes of a job: its words and numbers, and 64 slots with ideas

_ORDER = "order.json"
_RASTERS = "rasters"
_MAX_RASTER = 350_000_000  # bytes; the largest there can be, as base64


@dataclass(frozen=True, eq=False)
class KeptJob:
    """A job as it lies on the disk. ``error`` is what it failed with, None of one that waits."""

    name: str
    request: GenerationRequest
    tier: Tier = Tier.resident
    error: StudioError | None = None


class QueueFiles:
    """Reads and writes ``folder``. From one thread at a time; nothing here is quick."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._needed: dict[str, frozenset[str]] = {}  # by the name of a job: the digests of its rasters

    def keep(self, job: KeptJob) -> None:
        """Write ``job``, in place of one of the same name; it is there when this returns.

        Raises ``DiskFull`` or ``FolderNotWritable``.
        """
        rasters = {raster.digest: raster for raster in job.request.rasters() if raster.present}
        for digest, raster in rasters.items():
            path = self._raster(digest)
            if not path.exists():
                write_file(path, json.dumps(raster.to_json()).encode("ascii"))
        before = self._needed.get(job.name, frozenset())
        self._needed[job.name] = frozenset(rasters)
        values = {
            "version": VERSION,
            "request": job.request.to_json(with_pixels=False),
            "tier": job.tier.name,
            "error": None if job.error is None else _error_to_json(job.error),
        }
        write_file(self._job(job.name), json.dumps(values).encode("ascii"))
        self._drop_rasters(before)

    def drop(self, name: str) -> None:
        """Forget a job. One that can't be deleted comes back at the next start, which harms nobody."""
        with suppress(OSError):
            self._job(name).unlink(missing_ok=True)
        self._drop_rasters(self._needed.pop(name, frozenset()))

    def put_in_order(self, names: Sequence[str]) -> None:
        """Write the order of the jobs. Raises ``DiskFull`` or ``FolderNotWritable``."""
        write_file(self.folder / _ORDER, json.dumps(list(names)).encode("ascii"))

    def read_all(self) -> tuple[list[KeptJob], list[StudioError]]:
        """The jobs in their order, and what is said of files that are none, which are put aside."""
        sweep_partials(self.folder, float("inf"))
        sweep_partials(self.folder / _RASTERS, float("inf"))
        known: dict[str, Raster] = {}
        found: list[KeptJob] = []
        broken: list[StudioError] = []
        place = {name: number for number, name in enumerate(self._order())}
        paths = sorted(self.folder.glob("*.json"), key=lambda path: (place.get(path.stem, len(place)), path.stem))
        for path in paths:
            if path.name == _ORDER:
                continue
            try:
                found.append(self._read(path, known))
            except NewerFile as error:  # it is whole: the newer program finds it where it was
                broken.append(error)
            except OSError:
                broken.append(FileNotReadable(file=path.name))
            except (ValueError, TypeError, LookupError, RecursionError, StudioError):
                broken.append(BrokenJob(file=self._put_aside(path)))
        self._sweep(found)
        return found, broken

    # ------------------------------------------------------------------ reading

    def _read(self, path: Path, known: dict[str, Raster]) -> KeptJob:
        values = _json(path, MAX_FILE)
        if not isinstance(values, dict) or not isinstance(values.get("version"), int):
            raise ValueError("not a job")
        if values["version"] > VERSION:
            raise NewerFile(file=path.name)
        request = GenerationRequest.from_json(values["request"], path.name)
        request = _filled(request, lambda raster: self._found(raster, known))
        self._needed[path.stem] = frozenset(raster.digest for raster in request.rasters())
        error = values.get("error")
        return KeptJob(path.stem, request, Tier[values["tier"]], None if error is None else _error_from_json(error))

    def _found(self, raster: Raster, known: dict[str, Raster]) -> Raster:
        """``raster`` with its pixels, the same object wherever it is asked for."""
        if raster.digest not in known:
            read = Raster.from_json(_json(self._raster(raster.digest), _MAX_RASTER))
            if read != raster or not read.present:
                raise ValueError("another raster")
            known[raster.digest] = read
        return known[raster.digest]

    def _order(self) -> list[str]:
        """The names in their order, as far as they are known: without them the order is that of the names."""
        try:
            order = _json(self.folder / _ORDER, MAX_FILE)
        except (OSError, ValueError, RecursionError):
            return []
        return [name for name in order if isinstance(name, str)] if isinstance(order, list) else []

    def _put_aside(self, path: Path) -> str:
        try:
            return set_aside(path).name
        except OSError:
            logging.getLogger(__name__).warning("a damaged job can't be put aside")
            return path.name

    # ------------------------------------------------------------------ rasters

    def _drop_rasters(self, digests: Iterable[str]) -> None:
        needed = frozenset(itertools.chain.from_iterable(self._needed.values()))
        for digest in set(digests) - needed:
            with suppress(OSError):
                self._raster(digest).unlink(missing_ok=True)

    def _sweep(self, jobs: list[KeptJob]) -> None:
        """Delete rasters that no job needs, unless there are jobs that can't be read: they may need them."""
        readable = {job.name for job in jobs}
        others = [path for path in self.folder.glob("*.json*") if path.stem not in readable and path.name != _ORDER]
        if not others:
            self._drop_rasters(path.stem for path in (self.folder / _RASTERS).glob("*.json"))

    def _job(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _raster(self, digest: str) -> Path:
        return self.folder / _RASTERS / f"{digest}.json"


def new_name() -> str:
    """A name for a job, behind the names given before."""
    return f"{time.time_ns() // 1000:016d}-{secrets.token_hex(4)}"


def _json(path: Path, largest: int) -> Any:
    if path.stat().st_size > largest:
        raise ValueError("too large")
    return json.loads(path.read_bytes())


def _filled(request: GenerationRequest, found: Callable[[Raster], Raster]) -> GenerationRequest:
    """``request`` with ``found`` of each of its rasters in their place."""

    def one(raster: Raster | None) -> Raster | None:
        return None if raster is None else found(raster)

    slots = tuple(dataclasses.replace(slot, image=one(slot.image)) for slot in request.slots)
    return dataclasses.replace(
        request, image=one(request.image), mask=one(request.mask), hint=one(request.hint), slots=slots
    )


def _error_to_json(error: StudioError) -> dict[str, Any]:
    values = {
        name: value if isinstance(value, str | int | float) else str(value) for name, value in error.values.items()
    }
    return {"kind": type(error).__name__, "values": values}


def _error_from_json(values: Any) -> StudioError:
    """What :func:`_error_to_json` wrote; an error of which nothing else is known if that makes no sense any more."""
    if not isinstance(values, dict):
        raise TypeError("not an error")
    kind = getattr(errors, str(values.get("kind")), None)
    if isinstance(kind, type) and issubclass(kind, StudioError) and isinstance(values.get("values"), dict):
        with suppress(LookupError, ValueError, TypeError):
            error = kind(**values["values"])
            _ = error.remedy  # which has values to be filled in too
            return error
    return StudioError()
