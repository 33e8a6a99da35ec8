"""The command ``self-test``: whether everything the program is made of works on this computer."""

from __future__ import annotations

import importlib
import logging
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kandinsky_studio import __version__, paths
from kandinsky_studio.engine.models import MODELS
from kandinsky_studio.engine.request import GenerationResult, Pixels
from kandinsky_studio.errors import StudioError
from kandinsky_studio.storage.pictures import check_writable, read_pixels, read_request, save_png

MODULES = ("numpy", "PIL", "PySide6.QtWidgets", "safetensors", "torch", "diffusers", "transformers")
PROMPT = "a red circle on a blue background"
ATTEMPTS = 3
"""Seeds that are tried: the built-in model does not draw every picture right, a broken program draws none right."""

_LEAST_RED = 0.03  # share of the picture; the smallest circle the model was taught covers more
_LEAST_LEAD = 40  # of 255, by which a colour must lead the two others


class NotRight(Exception):
    """A check found something wrong; its text says what."""


def run(device: str | None = None) -> int:
    """Make all checks and print a line for each; returns 0 if all are right, else 1."""
    sys.stdout.write(f"Kandinsky Studio {__version__}, Python {platform.python_version()}, {platform.platform()}\n")
    checks: dict[str, Callable[[], str]] = {
        "imports": check_imports,
        "folders": check_folders,
        "resources": check_resources,
        "window": check_window,
        "picture": lambda: check_picture(device),
    }
    failed = [name for name, check in checks.items() if not _made(name, check)]
    sys.stdout.write(f"failed: {', '.join(failed)}\n" if failed else "everything works\n")
    return 1 if failed else 0


def _made(name: str, check: Callable[[], str]) -> bool:
    start = time.perf_counter()
    try:
        said, right = check(), True
    except NotRight as error:
        said, right = str(error), False
    except StudioError as error:
        said, right = f"{error} {error.remedy}", False
    except Exception as error:
        logging.getLogger(__name__).exception("self-test: %s", name)
        said, right = f"{type(error).__name__}: {error}", False
    mark = "ok" if right else "FAILED"
    sys.stdout.write(f"{name:<10} {mark:<7}{time.perf_counter() - start:6.1f} s  {said}\n")
    sys.stdout.flush()
    return right


def check_imports() -> str:
    """Import what the program is built on; returns the versions."""
    versions = []
    for name in MODULES:
        importlib.import_module(name)
        top = importlib.import_module(name.partition(".")[0])
        versions.append(f"{top.__name__} {top.__version__}")
    return ", ".join(versions)


def check_folders() -> str:
    """Write into every folder the program writes to. Raises ``FolderNotWritable`` or ``DiskFull``."""
    for folder in (paths.config(), paths.data(), paths.library(), paths.cache(), paths.state()):
        check_writable(folder)
    return f"library in {paths.library()}"


def check_resources() -> str:
    """Look for the files that are shipped with the program."""
    resources = paths.resources()
    wanted = ("icons/*.svg", "i18n/*.ts", "builtin/*/*/config.json")
    counts = {pattern: len(list(resources.glob(pattern))) for pattern in wanted}
    missing = [pattern for pattern, count in counts.items() if not count]
    if missing:
        raise NotRight(f"missing in {resources}: {', '.join(missing)}")
    return f"{counts['icons/*.svg']} icons, {counts['i18n/*.ts']} translations"


def check_window() -> str:
    """Build the real window without a display and look whether something is on it."""
    from kandinsky_studio.ui.main import picture_of_window

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "window.png"
        picture_of_window(file, None)
        pixels = read_pixels(file)
    height, width = pixels.shape[:2]
    colours = len(np.unique(pixels.reshape(-1, 3), axis=0))
    if min(height, width) < 300 or colours < 16:
        raise NotRight(f"the window is {width} × {height} pixels with {colours} colours")
    return f"{width} × {height} pixels"


def check_picture(device: str | None) -> str:
    """Make a picture with the built-in model and look at it; save it and read it again."""
    from kandinsky_studio.engine.engine import Engine

    engine = Engine(device)
    spec = MODELS[0]
    for seed in range(ATTEMPTS):
        request = spec.request(PROMPT, prior_seed=seed, seed=seed)
        (result,) = engine.generate(request)
        if shows_red_on_blue(result.image):
            _check_file(result)
            seconds = sum(result.timings.values())
            return f"“{PROMPT}” on {result.device} ({result.dtype}) in {seconds:.1f} s, attempt {seed + 1}"
    raise NotRight(f"“{PROMPT}” was not drawn in {ATTEMPTS} attempts")


def _check_file(result: GenerationResult) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "picture.png"
        save_png(file, result)
        if not np.array_equal(read_pixels(file), result.image) or read_request(file) != result.request:
            raise NotRight("the saved picture is not the one that was made")


def shows_red_on_blue(image: Pixels) -> bool:
    """Whether the corners of ``image`` are blue and something red is inside."""
    height, width = image.shape[:2]
    y, x = height // 8, width // 8
    corners = (image[:y, :x], image[:y, -x:], image[-y:, :x], image[-y:, -x:])
    blue = sum(bool(_leads(np.median(corner, axis=(0, 1), keepdims=True), 2)) for corner in corners)
    red = np.mean(_leads(image[y:-y, x:-x], 0))
    return blue >= 3 and float(red) >= _LEAST_RED


def _leads(colours: npt.NDArray[Any], channel: int) -> npt.NDArray[np.bool_]:
    """For each colour of (height, width, 3), whether ``channel`` is clearly the strongest: (height, width)."""
    values = colours.astype(np.int16)
    lead: npt.NDArray[np.bool_] = values[..., channel] - np.delete(values, channel, axis=2).max(axis=2) >= _LEAST_LEAD
    return lead
