"""The queue after the program was killed: what was asked for is waiting or made, and nothing is broken."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from kandinsky_studio.storage.library import Library
from kandinsky_studio.storage.queue_files import QueueFiles

PROGRAM = """
import sys
import numpy as np
from PySide6.QtGui import QGuiApplication
from kandinsky_studio import paths
from kandinsky_studio.app.models import Models
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.engine.request import GenerationRequest, Task
from tests.conftest import FakeEngine

application = QGuiApplication([])
Models.installed = lambda self, model: True
engine = FakeEngine()
studio = Studio(lambda: engine)
studio.start()
studio.queue.flush()
names = {}

def say(*words):
    print(*words, flush=True)

def tell_of_files():
    for id, (number, name) in list(names.items()):
        if studio.generation.job(id) is None and not (paths.data() / "queue" / f"{name}.json").exists():
            say("gone", number)
            del names[id]

number = int(sys.argv[1])
while True:
    picture = np.full((40, 60, 3), number % 7, np.uint8)
    request = GenerationRequest(
        f"job {number}", task=Task.image2image, image=picture, strength=0.5, width=64, height=64, num_inference_steps=2
    )
    id = studio.generation.submit(request)
    names[id] = number, studio.queue.list.find(id).name
    studio.queue.flush()
    say("asked", number)
    number += 1
    application.processEvents()
    tell_of_files()
"""


def numbers(lines, word):
    return {int(line.split()[1]) for line in lines if line.startswith(word) and line.endswith("\n")}


@pytest.mark.parametrize("seed", range(2))
def test_what_was_asked_for_is_waiting_or_made(home, tmp_path, seed):
    chance = random.Random(seed)
    asked, gone = set(), set()
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "QT_QPA_PLATFORM": "offscreen"}
    for start in (0, 10_000):
        command = [sys.executable, str(script), str(start)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            first = program.stdout.readline()
            assert first == f"asked {start}\n"
            time.sleep(chance.uniform(0.05, 0.8))
            program.kill()
            lines = [first, *program.stdout.readlines()]
        asked |= numbers(lines, "asked")
        gone |= numbers(lines, "gone")
    assert len(asked) > 5

    jobs, broken = QueueFiles(home / "data" / "queue").read_all()
    waiting = {int(job.request.prompt.split()[1]): job.request for job in jobs}
    with closing(Library(home / "data" / "library")) as library:
        library.synchronise()
        made = {int(entry.request.prompt.split()[1]) for entry in library.entries("", None, 100_000)}
    assert broken == []
    assert asked <= waiting.keys() | made, "nothing is lost"
    assert not gone & waiting.keys(), "what was finished does not come back"
    assert gone <= made
    for number, request in waiting.items():
        assert np.array_equal(request.image.pixels, np.full((40, 60, 3), number % 7, np.uint8))
