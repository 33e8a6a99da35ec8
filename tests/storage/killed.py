"""Run by ``test_kill``: adds pictures to a library until it is killed, and tells which are in it.

Arguments: the folder, and the number of the flush to the disk at which to die (0: never).
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np

from kandinsky_studio.engine.request import GenerationRequest, GenerationResult
from kandinsky_studio.storage.library import Library

folder, last = Path(sys.argv[1]), int(sys.argv[2])
flush = os.fsync
flushes = 0


def dying_flush(descriptor: int) -> None:
    global flushes
    flushes += 1
    if flushes == last:
        os.kill(os.getpid(), signal.SIGKILL)
    flush(descriptor)


library = Library(folder)
os.fsync = dying_flush
number = 0
while True:
    noise = np.random.default_rng(number).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    result = GenerationResult(noise, GenerationRequest(f"picture {number}", seed=number), np.zeros(8, np.float32))
    sys.stdout.write(f"{library.add(result).path}\n")
    sys.stdout.flush()
    number += 1
