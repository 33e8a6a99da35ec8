"""The command ``diagnostics``: a report for whoever helps, without prompts, pictures or names."""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kandinsky_studio.app.diagnosis import Row

_PATIENCE = 90.0  # seconds; importing torch from a slow disk takes some


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``diagnostics``."""
    parser = commands.add_parser(
        "diagnostics", help="tell versions, devices and the log's end for a bug report; no prompts, no names"
    )
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write it there, and not on the screen")
    parser.add_argument("--devices", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from kandinsky_studio.app.diagnosis import Seen, diagnose
    from kandinsky_studio.app.diagnostics import device_rows, screens
    from kandinsky_studio.storage import preferences
    from kandinsky_studio.storage.durable import write_file

    if arguments.devices:
        _write(json.dumps(device_rows()))
        return 0
    diagnosis = diagnose(Seen(preferences.load(), screens(), devices=_devices()))
    text = json.dumps(diagnosis.to_json(), indent=2, ensure_ascii=False) + "\n" if arguments.json else diagnosis.text
    if arguments.report is None:
        _write(text)
    else:
        write_file(arguments.report.absolute(), text.encode("utf-8"))
        _write(f"{arguments.report}\n")
    return 0


def _devices() -> tuple[Row, ...]:
    """What the engine sees, asked of a process of its own: a torch that crashes is what reports are wanted for."""
    import subprocess

    from kandinsky_studio import paths

    if importlib.util.find_spec("torch") is None:
        return (("devices", "torch is not there"),)
    itself = [sys.executable] if paths.frozen() else [sys.executable, "-m", "kandinsky_studio"]
    try:
        done = subprocess.run(
            [*itself, "diagnostics", "--devices"],
            capture_output=True,
            timeout=_PATIENCE,
            stdin=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        rows = json.loads(done.stdout) if done.returncode == 0 else None
    except subprocess.TimeoutExpired:
        return (("devices", f"no answer in {_PATIENCE:.0f} s"),)
    except (OSError, ValueError):
        return (("devices", "could not be looked at"),)
    if rows is None:
        return (("devices", f"the engine ended with {done.returncode}"),)
    return tuple((str(name), str(value)) for name, value in rows)


def _write(text: str) -> None:
    (sys.stdout or io.StringIO()).write(text)
