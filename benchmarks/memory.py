"""Peak memory of a process that makes one picture: ours, stock, and one that only imports the libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.subject import ours, request, stock
from benchmarks.table import spread, table

ROUNDS = 3


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
    return float(json.loads(done.stdout.splitlines()[-1])) / 1024


def _child(kind: str) -> None:
    """Make the picture in this process and print the peak of its resident memory in KiB."""
    if kind == "libraries":
        from diffusers import KandinskyV22Pipeline  # noqa: F401
        from transformers import CLIPTextModelWithProjection  # noqa: F401
    else:
        make = ours() if kind == "ours" else stock()
        make(request(0))
    print(json.dumps(_own_peak()))


def _own_peak() -> float:
    status = Path("/proc/self/status")
    if status.is_file():  # where ru_maxrss would be that of the parent, if it was larger before this process began
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return float(line.split()[1])
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)


if __name__ == "__main__":
    _child(sys.argv[1])
