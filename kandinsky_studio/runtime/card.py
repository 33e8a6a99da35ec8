"""Which graphics card of NVIDIA is in this computer and which runtime pack fits it, found out without PyTorch.

The driver's own program is asked, then its library. Either may take seconds, or for ever with a driver that is broken:
both get their time and no more, and a window asks in a thread.
"""

from __future__ import annotations

import contextlib
import ctypes
import enum
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kandinsky_studio.runtime.pack import Capability

PATIENCE = 10.0  # seconds
_GLANCE = 0.1  # seconds between two looks at whether somebody still waits
_VENDOR = "0x10de"  # of NVIDIA, among the devices of the PCI bus
_DISPLAY = "0x03"  # begins the class of what can show pictures
_FIELDS = ("name,driver_version,memory.total,compute_cap", "name,driver_version,memory.total")  # older ones know less


class Fit(enum.Enum):
    """How a pack and a card go together."""

    fits = "fits"
    driver = "driver"  # its driver is too old
    older = "older"  # the card is older than what the pack is for
    newer = "newer"


@dataclass(frozen=True)
class Card:
    """A card whose driver answered. ``memory`` in bytes; ``capability`` is what it can compute, None if not told."""

    name: str
    driver: str
    memory: int
    capability: Capability | None = None


@dataclass(frozen=True)
class Sight:
    """What there is to see: the cards, the most able first. ``silent`` says that there is one whose driver is missing or
    does not answer."""

    cards: tuple[Card, ...] = ()
    silent: bool = False

    @property
    def best(self) -> Card | None:
        return self.cards[0] if self.cards else None


@dataclass(frozen=True)
class CardPack:
    """What is known of a pack for cards before anybody has it."""

    name: str
    cuda: str
    driver: str
    capability: tuple[Capability, Capability]


CARD_PACKS = (
    CardPack("cu130", "13.0", "580", ((7, 5), (99, 9))),
    CardPack("cu126", "12.6", "525", ((5, 0), (9, 9))),
)
"""The better one first. The newer CUDA left out cards before Turing, and wants a driver of 2025."""


def fit(card: Card, driver: str | None, capability: tuple[Capability, Capability] | None) -> Fit:
    """How ``card`` goes together with a pack that needs such a driver and is for cards between these capabilities."""
    if capability is not None and card.capability is not None:
        if card.capability < capability[0]:
            return Fit.older
        if card.capability > capability[1]:
            return Fit.newer
    return Fit.driver if driver is not None and _numbers(card.driver) < _numbers(driver) else Fit.fits


def advised(card: Card) -> CardPack | None:
    """The pack to install for ``card``; None if none fits it as it is."""
    return next((pack for pack in CARD_PACKS if fit(card, pack.driver, pack.capability) is Fit.fits), None)


def look(check_wanted: Callable[[], None] = lambda: None) -> Sight:
    """Find the cards. Takes a fraction of a second, and at worst twice :data:`PATIENCE`.

    ``check_wanted`` is called often and may raise ``Cancelled``; nothing else is ever raised.
    """
    cards, silent = _asked_program(check_wanted)
    if not cards:
        cards = _asked_library(check_wanted)
    order = sorted(cards, key=lambda card: (card.capability or (0, 0), card.memory), reverse=True)
    return Sight(tuple(order), not cards and (silent or _on_the_bus()))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


# ---------------------------------------------------------------------- the driver's program


def _program() -> str | None:
    if sys.platform == "win32":  # looked for where it belongs, not in the folder the program was started from
        system = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "nvidia-smi.exe"
        return str(system) if system.is_file() else None
    return shutil.which("nvidia-smi")


def _asked_program(check_wanted: Callable[[], None]) -> tuple[list[Card], bool]:
    """The cards that the driver's program tells of; whether it is there and could tell nothing."""
    program = _program()
    if program is None:
        return [], False
    for fields in _FIELDS:
        said = _said([program, f"--query-gpu={fields}", "--format=csv,noheader,nounits"], check_wanted)
        cards = [card for line in said.splitlines() if (card := _of_line(line)) is not None]
        if cards:
            return cards, False
    return [], True


def _said(command: list[str], check_wanted: Callable[[], None]) -> str:
    """What a program says; nothing if it fails or takes too long."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        return ""
    end = time.monotonic() + PATIENCE
    said = ""
    try:
        while not said and process.returncode is None and time.monotonic() < end:
            check_wanted()
            with contextlib.suppress(subprocess.TimeoutExpired):
                said = process.communicate(timeout=_GLANCE)[0]
    finally:
        if process.returncode is None:
            process.kill()
            process.communicate()
    return said if process.returncode == 0 else ""


def _of_line(line: str) -> Card | None:
    found = re.fullmatch(r"(.+?), ([\d.]+), (\d+)(?:, (?:(\d+)\.(\d+)|.*))?", line.strip())
    if found is None:
        return None
    capability = (int(found[4]), int(found[5])) if found[4] else None
    return Card(found[1][:100], found[2], int(found[3]) * 2**20, capability)


# ---------------------------------------------------------------------- its library


def _asked_library(check_wanted: Callable[[], None]) -> list[Card]:
    """The cards that NVML tells of, which some systems have without the program."""
    found: list[Card] = []

    def ask() -> None:
        try:
            found.extend(_of_library(ctypes.CDLL("nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1")))
        except (OSError, AttributeError):
            found.clear()

    thread = threading.Thread(target=ask, name="nvml", daemon=True)  # a driver that hangs must hold up no exit
    thread.start()
    end = time.monotonic() + PATIENCE
    while thread.is_alive() and time.monotonic() < end:
        thread.join(_GLANCE)
        check_wanted()
    return [] if thread.is_alive() else found


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def _of_library(nvml: ctypes.CDLL) -> list[Card]:
    if nvml.nvmlInit_v2():
        return []
    cards = []
    text, count = ctypes.create_string_buffer(96), ctypes.c_uint()
    driver = "" if nvml.nvmlSystemGetDriverVersion(text, 96) else text.value.decode(errors="replace")
    for index in range(0 if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) else count.value):
        card, memory, major, minor = ctypes.c_void_p(), _Memory(), ctypes.c_int(), ctypes.c_int()
        if nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(card)):
            continue
        name = "" if nvml.nvmlDeviceGetName(card, text, 96) else text.value.decode(errors="replace")
        unknown = nvml.nvmlDeviceGetCudaComputeCapability(card, ctypes.byref(major), ctypes.byref(minor))
        nvml.nvmlDeviceGetMemoryInfo(card, ctypes.byref(memory))
        capability = None if unknown else (major.value, minor.value)
        cards.append(Card(name or "NVIDIA", driver, memory.total, capability))
    nvml.nvmlShutdown()
    return cards


# ---------------------------------------------------------------------- without any driver


def _on_the_bus(devices: Path = Path("/sys/bus/pci/devices")) -> bool:
    """Whether Linux sees a card, whatever its driver. Elsewhere nobody is asked."""
    return any(
        _read(device / "vendor").strip() == _VENDOR and _read(device / "class").startswith(_DISPLAY)
        for device in devices.glob("*")
    )


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, ValueError):
        return ""
