"""Real kills at any moment lose no picture whose saving had been reported."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kandinsky_studio.storage.library import Library
from kandinsky_studio.storage.pictures import is_whole_png, read_pixels

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")

SCRIPT = Path(__file__).with_name("killed.py")
ROOT = Path(__file__).parents[2]


def _writer(folder: Path, last: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), str(folder), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def _check(folder: Path, reported: set[Path]) -> None:
    library = Library(folder)
    entries = library.entries(limit=100_000)
    library.close()
    present = {entry.path for entry in entries}
    assert reported <= present
    assert len(present) == len(entries)
    for entry in entries:
        expected = np.random.default_rng(entry.request.seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        assert is_whole_png(entry.path)
        assert np.array_equal(read_pixels(entry.path), expected)
    assert set(folder.glob("*/*.png")) == present


def test_kills_at_random_moments(tmp_path):
    moments = random.Random(5)
    reported: set[Path] = set()
    for _ in range(8):
        with _writer(tmp_path) as writer:
            first = writer.stdout.readline()
            time.sleep(moments.uniform(0, 0.3))
            writer.kill()
            lines = [first, *writer.stdout]
        reported |= {Path(line.strip()) for line in lines if line.endswith("\n")}
        _check(tmp_path, reported)
    assert len(reported) >= 8
    assert not list(tmp_path.glob("*.damaged-*"))


@pytest.mark.parametrize("last", range(1, 8))
def test_kills_at_every_flush(tmp_path, last):
    with _writer(tmp_path, last) as writer:
        reported = {Path(line.strip()) for line in writer.stdout}
    assert writer.returncode == -9
    _check(tmp_path, reported)


def test_two_processes_fill_a_new_library_together(tmp_path):
    with _writer(tmp_path) as one, _writer(tmp_path) as two:
        firsts = [one.stdout.readline(), two.stdout.readline()]
        time.sleep(0.5)
        one.kill()
        two.kill()
        lines = [*firsts, *one.stdout, *two.stdout]
    reported = {Path(line.strip()) for line in lines if line.endswith("\n")}
    assert all(path.suffix == ".png" for path in reported)
    _check(tmp_path, reported)
