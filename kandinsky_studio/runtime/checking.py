"""Trying a runtime pack in a process of its own, before anything depends on it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

from kandinsky_studio import paths
from kandinsky_studio.errors import PackCheckFailed
from kandinsky_studio.runtime.attaching import VARIABLE

PATIENCE = 600.0  # seconds; a slow disk reads gigabytes for the first time
_CONSOLE = "kandinsky-studio-cli.exe"


def command() -> list[str]:
    """What starts this program once more, the one that has an output on Windows; its arguments go behind."""
    folder = paths.program()
    if folder is None:
        return [sys.executable, "-m", "kandinsky_studio"]
    console = folder / _CONSOLE
    return [str(console) if console.is_file() else sys.executable]


def check(name: str, check_wanted: Callable[[], None] = lambda: None, program: list[str] | None = None) -> str:
    """Compute with the pack called ``name``: import it, multiply, draw a little picture. What it said.

    ``check_wanted`` is called often and may raise ``Cancelled``. Raises ``PackCheckFailed`` with the reason; a pack
    that takes its process down, or never ends, fails too.
    """
    environment = {**os.environ, VARIABLE: name, "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(
        [*(program or command()), "runtime", "check", name, "--json"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        errors="replace",
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        said = _heard(process, name, check_wanted)
    finally:
        process.kill()
        process.communicate()
    for line in reversed(said.splitlines()):
        with contextlib.suppress(ValueError, TypeError, KeyError):
            told = json.loads(line)
            if told["event"] == "checked":
                return str(told["said"])
            if told["event"] == "error":
                raise PackCheckFailed(name=name, reason=told.get("reason") or str(told["message"]).rstrip("."))
    raise PackCheckFailed(name=name, reason=_end(process.returncode))


def _heard(process: subprocess.Popen[str], name: str, check_wanted: Callable[[], None]) -> str:
    end = time.monotonic() + PATIENCE
    while True:
        check_wanted()
        try:
            return process.communicate(timeout=0.2)[0]
        except subprocess.TimeoutExpired:
            if time.monotonic() > end:
                raise PackCheckFailed(name=name, reason=f"it did not answer within {PATIENCE:.0f} s") from None


def _end(code: int) -> str:
    return f"it was ended by signal {-code}" if code < 0 else f"it ended with code {code:#x}"
