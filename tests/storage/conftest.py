"""Pictures to keep: what the engine would hand over, made without it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kandinsky_studio.engine.request import GenerationRequest, GenerationResult
from kandinsky_studio.storage.library import Library

MakeResult = Callable[..., GenerationResult]


@pytest.fixture
def make_result() -> MakeResult:
    """Make a result of noise for a prompt and, if given, other values of its request."""
    generator = np.random.default_rng(7)

    def make(prompt: str = "a red circle on a blue background", **values: Any) -> GenerationResult:
        request = GenerationRequest(prompt=prompt, **{"width": 24, "height": 16, **values})
        return GenerationResult(
            image=generator.integers(0, 256, (request.height, request.width, 3), dtype=np.uint8),
            request=request,
            image_embeds=generator.standard_normal(64).astype(np.float32),
            timings={"prior": 1.25, "decoder": 3.5},
            device="cpu",
            dtype="float32",
            weights="c0ffee",
        )

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder; other things may lie beside it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path / "library")
    yield library
    library.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for half a megabyte."""
    place = tmp_path / "small disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", place]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)
