"""How long it takes until a large document is seen: one that we saved, and the same saved as other programs do.

The document of :mod:`benchmarks.canvas` in the real window, each opening in a process of its own. What other programs
save differs in how layers are packed: a filter is chosen for each row of pixels, and packed harder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks.startup import _platform
from benchmarks.table import spread, table
from benchmarks.window import opening, shown, write

ROUNDS = 5
_LEVEL = 6  # of zlib, 0 … 9


def run() -> str:
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours.ora", Path(folder) / "theirs.ora"
        write(ours)
        _pack_as_others_do(ours, theirs)
        found: dict[Path, list[dict[str, float]]] = {ours: [], theirs: []}
        for _ in range(ROUNDS):
            for file, each in found.items():
                each.append(_opened(file, Path(folder)))
        rows = [
            [
                title,
                f"{file.stat().st_size / 2**20:.0f}",
                *(spread([each[key] for each in found[file]]) for key in ("seen", "there", "processors", "peak")),
                f"{max(each['busy'] for each in found[file]) * 1000:.0f}",
            ]
            for title, file in (("saved by us", ours), ("packed as other programs do", theirs))
        ]
    header = ["file", "MiB", "seen, s", "a document, s", "processors, s", "peak of memory, × raw pixels", "busy, ms"]
    return (
        f"{ROUNDS} openings of each by turns, median (min … max): seconds until all of it is seen and until there is a "
        "document, seconds of the processors, the most memory meanwhile beyond what the window had, and for how long "
        f"the window's thread was busy at a time at the most; Qt platform “{_platform()}”\n\n" + table(header, rows)
    )


def _pack_as_others_do(file: Path, target: Path) -> None:
    import cv2
    import numpy as np

    how = (cv2.IMWRITE_PNG_COMPRESSION, _LEVEL, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_ALL_FILTERS)
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(target, "w") as other:
        for name in archive.namelist():
            if name.startswith("kandinsky-studio/"):
                continue
            content = archive.read(name)
            if name.endswith(".png"):
                pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
                assert pixels is not None
                content = cv2.imencode(".png", pixels, how)[1].tobytes()
            other.writestr(name, content)


def _opened(file: Path, folder: Path) -> dict[str, float]:
    """What a process that opens ``file`` says of it."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        environment = os.environ | {"KANDINSKY_STUDIO_HOME": home, "QT_QPA_PLATFORM": _platform()}
        command = [sys.executable, "-m", "benchmarks.opening", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _open(file: Path) -> None:
    from benchmarks.memory import Watch

    studio, theme, window = shown()
    with Watch() as memory:
        found = opening(studio, window, file)
    document = window.bench.page.view.document
    assert document is not None
    raw = sum(surface.size for surface in document.state.surfaces())
    print(json.dumps(vars(found) | {"peak": memory.peak * 2**20 / raw}), flush=True)
    studio.editor.close_sheet(studio.editor.sheets[0])
    window.close()
    theme.close()


if __name__ == "__main__":
    _open(Path(sys.argv[1]))
