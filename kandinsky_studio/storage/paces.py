"""How long pictures took on this computer, and how long others will take therefore."""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import statistics
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Stage, Task
from kandinsky_studio.engine.tier import Tier
from kandinsky_studio.storage.durable import set_aside, write_file

FILE_NAME = "paces.json"
VERSION = 1
LAST = 7  # measurements kept of each, of which the middle one counts: one slow picture changes nothing
MOST = 400  # kinds of pictures remembered
FARTHEST = math.log(64)  # of the areas of two pictures, above which one says nothing about the other

_MAX_FILE = 4_000_000
_STARTED_FROM_PICTURE = (Task.image2image, Task.inpaint, Task.outpaint, Task.depth)


@dataclass(frozen=True)
class Kind:
    """What decides how fast it goes. ``wished`` is the highest tier asked for, ``tier`` what it came to."""

    model: str
    task: Task
    width: int
    height: int
    device: str
    wished: Tier
    tier: Tier


@dataclass
class Pace:
    """The last measurements of a kind: seconds per step of prior and decoder, and per picture in the codec."""

    prior: list[float] = field(default_factory=list)
    decoder: list[float] = field(default_factory=list)
    decoding: list[float] = field(default_factory=list)


class Paces:
    """What was learned. Not for several threads at once."""

    def __init__(self) -> None:
        self._paces: dict[Kind, Pace] = {}  # the one learned of last is last
        self._loading: dict[tuple[str, str], list[float]] = {}  # by model and device: seconds

    def learn(self, result: GenerationResult, wished: Tier = Tier.resident) -> None:
        """Take note of a picture that was made."""
        request = result.request
        kind = Kind(
            request.model, request.task, request.width, request.height, result.device, wished, Tier(result.tier)
        )
        pace = self._paces.pop(kind, None) or Pace()
        self._paces[kind] = pace
        for name, steps in _steps(request).items():
            seconds = result.timings.get(name)
            if seconds is not None and math.isfinite(seconds) and seconds >= 0 and steps:
                measured = getattr(pace, name)
                measured.append(seconds / steps)
                del measured[:-LAST]
        while len(self._paces) > MOST:
            del self._paces[next(iter(self._paces))]

    def learn_loading(self, model: str, device: str, seconds: float) -> None:
        """Take note of how long it took to load ``model``."""
        measured = self._loading.setdefault((model, device), [])
        measured.append(seconds)
        del measured[:-LAST]

    def seconds(self, request: GenerationRequest, tier: Tier = Tier.resident, device: str = "") -> float | None:
        """How long ``request`` will take once its model is loaded; None if nothing like it was made yet.

        Learned from the pictures most like it: of the same model and, if ``device`` is known, on it; if possible with
        the same wish for a ``tier``, of the same task and size. Other sizes count by their area.
        """
        area = request.width * request.height

        def unlike(kind: Kind) -> tuple[bool, bool, float]:
            return kind.wished != tier, kind.task != request.task, abs(math.log(kind.width * kind.height / area))

        known = [kind for kind in reversed(self._paces) if kind.model == request.model and device in ("", kind.device)]
        best = min(known, key=unlike, default=None)
        if best is None or unlike(best)[2] > FARTHEST:
            return None
        pace, larger = self._paces[best], area / (best.width * best.height)
        steps = _steps(request)
        each = (
            _middle(pace.prior) * steps["prior"]
            + _middle(pace.decoder) * steps["decoder"] * larger
            + _middle(pace.decoding) * larger
        )
        return each * request.num_images_per_prompt

    def loading(self, model: str, device: str = "") -> float:
        """How long ``model`` takes to load; 0 if that is not known."""
        found = [times for (name, where), times in self._loading.items() if name == model and device in ("", where)]
        return _middle(found[-1]) if found else 0.0

    # ------------------------------------------------------------------ on the disk

    def to_json(self) -> dict[str, Any]:
        """JSON values that :meth:`from_json` reads back."""
        paces = [
            {**dataclasses.asdict(kind), **dataclasses.asdict(pace), "wished": kind.wished.name, "tier": kind.tier.name}
            for kind, pace in self._paces.items()
        ]
        loading = [{"model": model, "device": device, "seconds": s} for (model, device), s in self._loading.items()]
        return {"version": VERSION, "paces": paces, "loading": loading}

    @classmethod
    def from_json(cls, values: Any) -> Paces:
        """What :meth:`to_json` wrote. Raises ``ValueError``, ``TypeError`` or ``LookupError``."""
        paces = cls()
        for entry in values["paces"][-MOST:]:
            width, height = entry["width"], entry["height"]
            if type(width) is not int or type(height) is not int or min(width, height) < 1:
                raise ValueError("not a size")
            where = str(entry["model"]), Task(entry["task"]), width, height, str(entry["device"])
            kind = Kind(*where, Tier[entry["wished"]], Tier[entry["tier"]])
            paces._paces[kind] = Pace(*(_seconds(entry[name]) for name in ("prior", "decoder", "decoding")))
        for entry in values["loading"][-MOST:]:
            paces._loading[str(entry["model"]), str(entry["device"])] = _seconds(entry["seconds"])
        return paces


def load(file: Path) -> Paces:
    """What ``file`` has learned. Never fails: nothing is known without a file, and a damaged one is put aside."""
    try:
        if file.stat().st_size > _MAX_FILE:
            raise ValueError("too large")
        values = json.loads(file.read_bytes())
        return Paces() if _is_newer(values) else Paces.from_json(values)
    except FileNotFoundError:
        return Paces()
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        try:
            set_aside(file)
        except OSError:
            logging.getLogger(__name__).warning("what was learned of times can't be read")
        return Paces()


def save(values: Mapping[str, Any], file: Path) -> None:
    """Write what :meth:`Paces.to_json` gave, unless a newer program keeps the file: it needs what is in it more.

    Raises ``DiskFull`` or ``FolderNotWritable``.
    """
    with suppress(OSError, ValueError, RecursionError):
        if file.stat().st_size <= _MAX_FILE and _is_newer(json.loads(file.read_bytes())):
            return
    write_file(file, json.dumps(values).encode("ascii"))


def _is_newer(values: Any) -> bool:
    version = values.get("version") if isinstance(values, dict) else None
    return type(version) is int and version > VERSION


def _steps(request: GenerationRequest) -> dict[str, float]:
    """Of one picture, by stage. Of a picture that is changed, the share of the steps that is gone."""
    changed = request.image is not None and request.task in _STARTED_FROM_PICTURE
    decoder = max(request.num_inference_steps * (request.strength if changed else 1.0), 1.0)
    return {
        str(Stage.prior): max(request.prior_num_inference_steps, 1),
        str(Stage.decoder): decoder,
        str(Stage.decoding): 1.0,
    }


def _seconds(values: Any) -> list[float]:
    """Measurements out of a file. Raises ``ValueError`` or ``TypeError``."""
    read = [float(value) for value in values][-LAST:]
    if not all(math.isfinite(value) and value >= 0 for value in read):
        raise ValueError("no times")
    return read


def _middle(values: list[float]) -> float:
    return statistics.median(values) if values else 0.0
