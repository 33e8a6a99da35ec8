"""What a report for whoever helps says of this computer and this program; nothing of what is made with it.

Every line is put in here one by one: preferences and models by name, folders as what they are for, the log through
:mod:`kandinsky_studio.app.log_excerpt`. What is written in the end goes through a :class:`Scrubber` all the same.
Reports are in English, for those who read them.
"""

from __future__ import annotations

import importlib.metadata
import locale
import os
import platform
import re
import shutil
import struct
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from kandinsky_studio import __version__, paths
from kandinsky_studio.app import log_excerpt
from kandinsky_studio.app.scrubbing import Scrubber
from kandinsky_studio.engine.models import MODELS, find
from kandinsky_studio.errors import ModelNotFound, StudioError
from kandinsky_studio.runtime import attached, card
from kandinsky_studio.storage import notices
from kandinsky_studio.storage.models import catalogue, shelf
from kandinsky_studio.storage.preferences import Preferences

Row = tuple[str, str]

LIBRARIES = (
    *("torch", "diffusers", "transformers", "accelerate", "safetensors", "tokenizers"),
    *("numpy", "pillow", "opencv-python-headless", "PySide6-Essentials", "psd-tools", "httpx2"),
)
VARIABLES = {
    "CUDA_VISIBLE_DEVICES": r"[\d,]*",
    "OMP_NUM_THREADS": r"\d*",
    "QT_QPA_PLATFORM": r"[a-z]*",
    "QT_SCALE_FACTOR": r"[\d.]*",
    "QT_FONT_DPI": r"\d*",
    "XDG_SESSION_TYPE": r"[a-z0-9]*",
    "XDG_CURRENT_DESKTOP": r"[A-Za-z:_-]*",
    "WAYLAND_DISPLAY": "",
}
"""Variables of the environment that change how the program runs, and which values are told; of others, that they are set."""

NO_ANSWER = "the engine has not answered yet; it is starting, busy, or has stopped"


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it: names with values, or ``lines`` as they are."""

    title: str
    rows: tuple[Row, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What only a running window knows. ``devices`` are those of the engine, None while it has not answered."""

    preferences: Preferences
    screens: tuple[Row, ...] = ()
    engine: tuple[Row, ...] = ()
    devices: tuple[Row, ...] | None = field(default=None)


@dataclass(frozen=True)
class Diagnosis:
    """The report; ``complete`` if the engine has had its say."""

    sections: tuple[Section, ...]
    complete: bool = False

    @property
    def text(self) -> str:
        """For people: a paragraph for each section."""
        return Scrubber().scrubbed("\n\n".join(map(_written, self.sections))) + "\n"

    def to_json(self) -> dict[str, Any]:
        """For machines: a dictionary or a list for each section, by its heading."""
        scrubbed = Scrubber().scrubbed
        return {
            section.title: {scrubbed(name): scrubbed(value) for name, value in section.rows}
            if section.rows
            else [scrubbed(line) for line in section.lines]
            for section in self.sections
        }


def _written(section: Section) -> str:
    width = max((len(name) for name, _ in section.rows), default=0)
    rows = [f"  {name:<{width}}  {value}" for name, value in section.rows]
    return "\n".join([section.title, *rows, *(f"  {line}" for line in section.lines)])


def diagnose(seen: Seen, check_wanted: Callable[[], None] = lambda: None) -> Diagnosis:
    """Look at everything. Takes some seconds where a disk or a driver is slow; what can't be told says so.

    ``check_wanted`` is called often meanwhile and may raise ``Cancelled``, which ends the waiting for a driver.
    """
    parts: dict[str, Callable[[], Iterable[Row]]] = {
        "Program": _program,
        "System": _system,
        "Screens": lambda: seen.screens or (("screens", "no window is open"),),
        "Graphics and engine": lambda: [*_engine(seen), *_cards(check_wanted), *_runtime()],
        "Memory and disks": lambda: [*_memory(), *_disks()],
        "Models": _models,
        "Preferences": lambda: _preferences(seen.preferences),
        "Libraries": _libraries,
    }
    sections = [Section(title, tuple(_told(look))) for title, look in parts.items()]
    lines = tuple(log_excerpt.excerpt()) or ("there is no log",)
    return Diagnosis((*sections, Section("Log, its last lines", lines=lines)), seen.devices is not None)


def _told(look: Callable[[], Iterable[Row]]) -> list[Row]:
    try:
        return list(look())
    except Exception as error:  # noqa: BLE001  a report with a hole is worth more than none
        return [("could not be looked at", type(error).__name__)]


def _program() -> Iterable[Row]:
    yield "version", __version__
    yield "kind", "installed program" if paths.frozen() else "from source or a package of Python"
    yield "portable", "yes" if paths.portable() else "refused" if paths.portable_refused() else "no"
    home = "beside the program" if paths.portable() else "the system's folders"
    yield "home", "set by a variable" if os.environ.get(paths.HOME_VARIABLE) else home
    yield "Python", f"{platform.python_version()}, {struct.calcsize('P') * 8} bits, {platform.python_implementation()}"


def _system() -> Iterable[Row]:
    yield "system", platform.platform()
    if sys.platform == "linux":
        yield "distribution", _distribution()
        yield "C library", " ".join(platform.libc_ver())
    yield "processor", f"{platform.machine()}, {psutil.cpu_count(logical=False)} cores, {os.cpu_count()} threads"
    yield "language", locale.getlocale()[0] or "C"
    for name, told in VARIABLES.items():
        value = os.environ.get(name)
        if value is not None:
            yield name, value if told and re.fullmatch(told, value) else "set"


def _distribution() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "not told"
    return release.get("PRETTY_NAME", release["NAME"])


def _engine(seen: Seen) -> Iterable[Row]:
    yield from seen.engine
    yield from seen.devices if seen.devices is not None else (("devices", NO_ANSWER),)


def _cards(check_wanted: Callable[[], None]) -> Iterable[Row]:
    """What NVIDIA's driver says, which torch need not be able to use."""
    sight = card.look(check_wanted)
    for one in sight.cards:
        capability = "" if one.capability is None else f", capability {'.'.join(map(str, one.capability))}"
        yield "NVIDIA card", f"{one.name}, driver {one.driver}, {_gigabytes(one.memory)}{capability}"
    if not sight.cards:
        yield "NVIDIA card", "there is one, but its driver does not answer" if sight.silent else "none"


def _runtime() -> Iterable[Row]:
    pack, refused = attached().pack, attached().refused
    if not paths.frozen():
        yield "runtime pack", "none; torch is the environment's own"
    elif pack is None:
        yield "runtime pack", "none could be attached"
    else:
        capability = f", capability {pack.capability}" if pack.capability else ""
        yield "runtime pack", f"{pack.name}, torch {pack.version}, {pack.python}, {pack.platform}{capability}"
    if refused is not None:
        yield "runtime refused", f"{type(refused).__name__}: {refused}"


def _memory() -> Iterable[Row]:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    yield "memory", f"{_gigabytes(memory.available)} free of {_gigabytes(memory.total)}"
    yield "swap", f"{_gigabytes(swap.free)} free of {_gigabytes(swap.total)}"
    yield "this program", _gigabytes(psutil.Process().memory_info().rss)


def _disks() -> Iterable[Row]:
    for name, folder in {
        "library": paths.library(),
        "models": paths.models(),
        "settings": paths.config(),
        "temporary files": Path(tempfile.gettempdir()),
    }.items():
        there = next((above for above in (folder, *folder.parents) if above.exists()), None)
        if there is None:
            yield f"disk of {name}", "not there"
        else:
            disk = shutil.disk_usage(there)
            yield f"disk of {name}", f"{_gigabytes(disk.free)} free of {_gigabytes(disk.total)}"


def _models() -> Iterable[Row]:
    for spec in MODELS:
        try:
            files = find(spec.key)
            files.check()
            yield spec.key, f"here, {_gigabytes(files.disk_size())}"
        except ModelNotFound:
            yield spec.key, "not here"
        except StudioError as error:
            yield spec.key, type(error).__name__
    known = {repository.folder for repository in catalogue.read().repositories}
    others = 0
    for held in shelf.held(paths.models()):
        if held.folder.name not in known:
            others += 1
            continue
        lacking = "" if held.whole else f", {len(held.missing)} files missing"
        partial = f", {_gigabytes(held.partial)} on the way" if held.partial else ""
        yield f"folder {held.folder.name}", f"{_gigabytes(held.size)}{lacking}{partial}"
    yield "other folders of models", str(others)
    yield "place of the models", "the usual one" if paths.models() == paths.data() / "models" else "one that was chosen"


def _preferences(values: Preferences) -> Iterable[Row]:
    """Only those that change how the program runs; never what was asked for or opened."""
    for name in ("language", "theme", "font_scale", "keymap", "export_quality", "network"):
        yield name, str(getattr(values, name))
    known = {spec.key for spec in MODELS}
    yield "model", values.model if values.model in known else "one from a folder"
    for name in ("hub_address", "proxy", "depth_folder"):
        yield name, "set" if getattr(values, name) else "not set"
    yield "changed keys", str(len(values.key_changes))
    yield "waiting downloads", ", ".join(sorted(known & values.deliveries.keys())) or "none"


def _libraries() -> Iterable[Row]:
    built = {notices.canonical(one.name): one.version for one in notices.shown()[0]} if paths.frozen() else {}
    for name in LIBRARIES:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # a packaged program carries few descriptions
            yield name, built.get(notices.canonical(name), "not told")


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB"
