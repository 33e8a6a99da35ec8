"""Peak memory of a process that makes one picture: ours, stock, and one that only imports the libraries."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from benchmarks.subject import ours, request, stock
from benchmarks.table import spread, table
from kandinsky_studio.engine import mapping

ROUNDS = 3
_PAUSE = 0.005  # seconds

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


class Watch:
    """Looks, for as long as it lasts, how much memory this process has beyond what it had at the beginning.

    ``peak`` is the most, MiB. Where the system tells, without the pages of files, which it can drop when it needs
    the room, and which come and go by chance; but our weights that are used where they lie in their files count.
    ``own`` is the most without those, ``resident`` the most with all pages of files.
    """

    def __init__(self) -> None:
        self.peak = self.own = self.resident = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._before, self._resident_before = own_memory(), _resident()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_PAUSE):
            own = own_memory() - self._before
            self.own = max(self.own, own)
            self.peak = max(self.peak, own + mapping.in_use() / 2**20)
            self.resident = max(self.resident, _resident() - self._resident_before)


def own_memory() -> float:
    """The memory that this process has now, MiB; without the pages of files, where the system tells."""
    if _STATUS.is_file() and "RssAnon" in _STATUS.read_text():
        return _status("RssAnon")
    return _resident()


def _resident() -> float:
    """The memory that this process has now, MiB, with the pages of files."""
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20


def _status(name: str) -> float:
    [line] = [line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:")]
    return float(line.split()[1]) / 2**10


if __name__ == "__main__":
    _child(sys.argv[1])
