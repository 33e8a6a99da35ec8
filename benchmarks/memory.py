"""Peak memory of a process that makes one picture: ours, stock, and one that only imports the libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.subject import ours, request, stock
from benchmarks.table import spread, table

ROUNDS = 3

_STATUS = Path("/proc/self/status")


def run() -> str:
    peaks = {kind: [_peak(kind) for _ in range(ROUNDS)] for kind in _TITLES}
    rows = [[title, spread(peaks[kind], 0)] for kind, title in _TITLES.items()]
    return f"{ROUNDS} processes each, median (min … max)\n\n" + table(["process", "peak, MiB"], rows)


_TITLES = {
    "libraries": "torch, diffusers and transformers imported, no picture",
    "ours": "one picture, ours",
    "stock": "one picture, stock",
}


def _peak(kind: str) -> float:
    command = [sys.executable, "-m", "benchmarks.memory", kind]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def _child(kind: str) -> None:
    """Make the picture in this process and print the peak of its resident memory in MiB."""
    if kind == "libraries":
        from diffusers import KandinskyV22Pipeline  # noqa: F401
        from transformers import CLIPTextModelWithProjection  # noqa: F401
    else:
        make = ours() if kind == "ours" else stock()
        make(request(0))
    print(json.dumps(own_peak()))


def own_peak() -> float:
    """The most memory that this process had at once, MiB."""
    if _STATUS.is_file():  # where ru_maxrss would be that of the parent, if it was larger before this process began
        return _status("VmHWM")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def own_resident() -> float:
    """The memory that this process has now, MiB."""
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20


def _status(name: str) -> float:
    [line] = [line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:")]
    return float(line.split()[1]) / 2**10


if __name__ == "__main__":
    _child(sys.argv[1])
