"""The graphics card, told by programs that stand for the driver's."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from types import SimpleNamespace

import pytest

from kandinsky_studio.errors import Cancelled
from kandinsky_studio.runtime import card
from kandinsky_studio.runtime.card import CARD_PACKS, Card, Fit, Sight, advised, fit, look

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are scripts of a shell")

ASKED_LIBRARY, ON_THE_BUS = card._asked_library, card._on_the_bus
AMPERE = Card("NVIDIA GeForce RTX 3060", "580.95.05", 12288 * 2**20, (8, 6))


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch, tmp_path):
    """No library and no bus; the program is looked for in a folder of the test."""
    monkeypatch.setattr(card, "_asked_library", lambda check_wanted: [])
    monkeypatch.setattr(card, "_on_the_bus", lambda: False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}")
    (tmp_path / "bin").mkdir()


@pytest.fixture
def smi(tmp_path):
    def write(script):
        file = tmp_path / "bin" / "nvidia-smi"
        file.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        file.chmod(0o755)

    return write


def test_no_driver_no_card():
    assert look() == Sight()
    assert look().best is None


def test_a_card(smi):
    smi('echo "NVIDIA GeForce RTX 3060, 580.95.05, 12288, 8.6"')
    assert look() == Sight((AMPERE,))


def test_the_most_able_card_comes_first(smi):
    smi('echo "Old, 580.1, 24000, 6.1"; echo "Small, 580.1, 8000, 8.9"; echo "Large, 580.1, 16000, 8.9"')
    assert [one.name for one in look().cards] == ["Large", "Small", "Old"]


def test_an_old_driver_knows_no_capability(smi):
    smi('case "$1" in *compute_cap*) echo "Field is not valid"; exit 2;; esac; echo "GeForce GTX 1080, 470.82, 8119"')
    assert look() == Sight((Card("GeForce GTX 1080", "470.82", 8119 * 2**20, None),))


@pytest.mark.parametrize(
    "script",
    [
        "echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver'; exit 9",
        "exit 1",
        "kill -11 $$",
        "echo '????'",
        "echo 'Card, 580.1, [N/A], 8.6'",
        "printf '\\377\\376\\000'",
    ],
)
def test_a_driver_that_does_not_answer(smi, script):
    smi(script)
    assert look() == Sight(silent=True)


def test_a_driver_that_hangs_gets_its_time_and_no_more(smi, monkeypatch):
    monkeypatch.setattr(card, "PATIENCE", 0.4)
    smi("exec sleep 60")
    start = time.monotonic()
    assert look() == Sight(silent=True)
    assert time.monotonic() - start < 10


def test_nobody_waits_for_a_driver_that_hangs(smi):
    smi("exec sleep 60")
    start = time.monotonic()

    def gone():
        if time.monotonic() - start > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        look(gone)
    assert time.monotonic() - start < 5


def test_the_library_is_asked_where_there_is_no_program(monkeypatch):
    monkeypatch.setattr(card, "_asked_library", lambda check_wanted: [AMPERE])
    assert look() == Sight((AMPERE,))


def test_a_card_without_any_driver_is_seen_on_the_bus(tmp_path):
    for number, (vendor, kind) in enumerate([("0x8086", "0x030000"), ("0x10de", "0x040300"), ("0x10de", "0x030200")]):
        assert not ON_THE_BUS(tmp_path)
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "vendor").write_text(f"{vendor}\n")
        (tmp_path / f"{number}" / "class").write_text(f"{kind}\n")
    assert ON_THE_BUS(tmp_path)
    assert not ON_THE_BUS(tmp_path / "none")


@pytest.mark.parametrize(
    ("driver", "capability", "name"),
    [
        ("580.65.06", (7, 5), "cu130"),
        ("595.10", (12, 0), "cu130"),
        ("575.51.03", (8, 9), "cu126"),
        ("580.95.05", (6, 1), "cu126"),
        ("525.60.13", (5, 2), "cu126"),
        ("470.82", (8, 6), None),
        ("570.10", (12, 0), None),  # newer than the pack for older drivers
        ("390.1", (3, 5), None),
        ("580.1", None, "cu130"),
    ],
)
def test_the_pack_that_fits(driver, capability, name):
    found = advised(Card("Card", driver, 1, capability))
    assert (found.name if found is not None else None) == name


def test_why_one_does_not():
    newest, older = CARD_PACKS
    assert fit(AMPERE, newest.driver, newest.capability) is Fit.fits
    assert fit(Card("a", "550", 1, (8, 6)), newest.driver, newest.capability) is Fit.driver
    assert fit(Card("a", "580", 1, (6, 1)), newest.driver, newest.capability) is Fit.older
    assert fit(Card("a", "580", 1, (12, 0)), older.driver, older.capability) is Fit.newer


def test_the_library_of_the_driver(monkeypatch):
    """What is called is what the real one has; here by functions of Python in its place."""

    def told(text, size):
        text.value = b"580.95.05" if size == 96 and not called else b"NVIDIA GeForce RTX 3060"
        called.append(text)
        return 0

    def put(**values):
        for pointer, value in values.values():
            pointer._obj.value = value
        return 0

    def measured(handle, memory):
        memory._obj.total = 12288 * 2**20
        return 0

    called = []
    nvml = SimpleNamespace(
        nvmlInit_v2=lambda: 0,
        nvmlShutdown=lambda: 0,
        nvmlSystemGetDriverVersion=told,
        nvmlDeviceGetName=lambda handle, text, size: told(text, size),
        nvmlDeviceGetCount_v2=lambda count: put(count=(count, 2)),
        nvmlDeviceGetHandleByIndex_v2=lambda index, handle: index,  # the second one does not answer
        nvmlDeviceGetCudaComputeCapability=lambda _, major, minor: put(major=(major, 8), minor=(minor, 6)),
        nvmlDeviceGetMemoryInfo=measured,
    )
    monkeypatch.setattr(ctypes, "CDLL", lambda name: nvml)
    assert ASKED_LIBRARY(lambda: None) == [AMPERE]
    nvml.nvmlInit_v2 = lambda: 9
    assert ASKED_LIBRARY(lambda: None) == []


def test_a_library_that_hangs_gets_its_time_and_no_more(monkeypatch):
    monkeypatch.setattr(card, "PATIENCE", 0.3)
    over = threading.Event()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: over.wait(30))
    assert ASKED_LIBRARY(lambda: None) == []
    over.set()
