"""The command ``self-test``: whether everything the program is made of works on this computer.

It needs no source tree and no display. A check that fails hides none of the others: without torch, the window is looked
at all the same.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import logging
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kandinsky_studio import __version__, paths
from kandinsky_studio.engine.models import MODELS
from kandinsky_studio.engine.request import GenerationResult, Pixels
from kandinsky_studio.errors import StudioError
from kandinsky_studio.runtime import attached
from kandinsky_studio.storage.durable import write_file
from kandinsky_studio.storage.pictures import check_writable, read_pixels, read_request, save_png

if TYPE_CHECKING:
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QApplication

MODULES = (
    "numpy",
    "PIL",
    "PySide6.QtWidgets",
    "PySide6.QtSvg",
    "cv2",
    "psd_tools",
    "httpx2",
    "safetensors",
    "tokenizers",
)
"""What the base of the program is built on."""

RUNTIME = ("torch", "diffusers", "transformers")
"""What draws; in a packaged program torch is a pack of its own."""

PROMPT = "a red circle on a blue background"
ATTEMPTS = 3
"""Seeds that are tried: the built-in model does not draw every picture right, a broken program draws none right."""

_LEAST_RED = 0.03  # share of the picture; the smallest circle the model was taught covers more
_LEAST_LEAD = 40  # of 255, by which a colour must lead the two others
_SIDE = 48  # pixels of the icons that are looked at


class NotRight(Exception):
    """A check found something wrong; its text says what."""


@dataclass(frozen=True)
class Outcome:
    """What came of one check: ``said`` is one line, ``seconds`` how long it took."""

    name: str
    right: bool
    seconds: float
    said: str

    @property
    def line(self) -> str:
        mark = "ok" if self.right else "FAILED"
        return f"{self.name:<12} {mark:<7}{self.seconds:6.1f} s  {self.said}"


def run(device: str | None = None, as_json: bool = False, file: Path | None = None) -> int:
    """Make all checks and tell each as it is made; returns 0 if all are right, else 1.

    ``as_json`` tells them as lines of JSON. In ``file`` goes the same, without names of folders and of the user, to be
    handed on. Raises ``DiskFull`` or ``FolderNotWritable``.
    """
    told: list[str] = []

    def tell(text: str, event: str, **values: object) -> None:
        told.append(json.dumps({"event": event, **values}, ensure_ascii=False) if as_json else text)
        stream = sys.stdout or io.StringIO()  # a window's program on Windows has no output
        stream.write(told[-1] + "\n")
        stream.flush()

    where = {"version": __version__, "python": platform.python_version(), "platform": platform.platform()}
    tell(f"Kandinsky Studio {__version__}, Python {where['python']}, {where['platform']}", "self-test", **where)
    failed = []
    for name, check in checks(device).items():
        outcome = _outcome(name, check)
        tell(outcome.line, "check", name=name, ok=outcome.right, seconds=round(outcome.seconds, 3), said=outcome.said)
        if not outcome.right:
            failed.append(name)
    tell(f"failed: {', '.join(failed)}" if failed else "everything works", "done", ok=not failed, failed=failed)
    if file is not None:
        from kandinsky_studio.app.scrubbing import Scrubber

        write_file(file.absolute(), (Scrubber().scrubbed("\n".join(told)) + "\n").encode("utf-8"))
    return 1 if failed else 0


def checks(device: str | None) -> dict[str, Callable[[], str]]:
    """What is looked at, in this order; each returns a line or raises."""
    return {
        "imports": check_imports,
        "runtime": check_runtime,
        "folders": check_folders,
        "resources": check_resources,
        "translations": check_translations,
        "icons": check_icons,
        "window": check_window,
        "graphics": check_graphics,
        "picture": lambda: check_picture(device),
    }


def _outcome(name: str, check: Callable[[], str]) -> Outcome:
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
    return Outcome(name, right, time.perf_counter() - start, " ".join(said.split()))


def check_imports() -> str:
    """Import what the base is built on; returns the versions."""
    return _imported(MODULES)


def check_runtime() -> str:
    """Import torch and what stands on it; returns the versions, and which runtime pack torch is from, if any."""
    _need_torch()
    pack, refused = attached().pack, attached().refused
    place = "torch of this Python" if pack is None else f"torch of the runtime pack “{pack.name}”"
    return "; ".join([_imported(RUNTIME), place, *([str(refused)] if refused is not None else [])])


def _need_torch() -> None:
    if importlib.util.find_spec("torch") is None:
        refused = attached().refused
        raise NotRight("torch is not there" if refused is None else f"torch is not there: {refused} {refused.remedy}")


def _imported(names: tuple[str, ...]) -> str:
    versions = []
    for name in names:
        importlib.import_module(name)
        top = importlib.import_module(name.partition(".")[0])
        versions.append(f"{top.__name__} {getattr(top, '__version__', '?')}")
    return ", ".join(dict.fromkeys(versions))


def check_folders() -> str:
    """Write into every folder the program writes to. Raises ``FolderNotWritable`` or ``DiskFull``."""
    for folder in (paths.config(), paths.data(), paths.library(), paths.cache(), paths.state()):
        check_writable(folder)
    return f"library in {paths.library()}"


def check_resources() -> str:
    """Look for the files that are shipped with the program."""
    resources = paths.resources()
    wanted = ("icons/*.svg", "i18n/*.qm", "builtin/*/*/config.json", "models/*.json", "keymaps/*", "handbook/*.json")
    counts = {pattern: len(list(resources.glob(pattern))) for pattern in wanted}
    missing = [pattern for pattern, count in counts.items() if not count]
    if missing:
        raise NotRight(f"missing in {resources}: {', '.join(missing)}")
    return f"{counts['icons/*.svg']} icons, the built-in model, languages: English and {counts['i18n/*.qm']} more"


def check_translations() -> str:
    """Put each language into the application and translate a text of ours and one of Qt's."""
    from PySide6.QtCore import QCoreApplication

    from kandinsky_studio.app.translation import LANGUAGES, Translation

    _application()
    translation = Translation()
    found = []
    try:
        for language, name in LANGUAGES.items():
            translation.use(language)
            ours = QCoreApplication.translate("commands", "About Kandinsky Studio")
            theirs = QCoreApplication.translate("QPlatformTheme", "Cancel")
            english = (ours == "About Kandinsky Studio", theirs == "Cancel")
            if language != "en" and any(english):
                raise NotRight(f"{name} is not there: “{ours}”, “{theirs}” of Qt")
            found.append(f"{name}: “{ours}”")
    finally:
        translation.use("en")
        translation.remove()
    return ", ".join(found)


def check_icons() -> str:
    """Draw the icon of the program and every other, and look whether something is on them."""
    from kandinsky_studio.ui import icons

    _application()
    if _is_blank(icons.application_icon()):
        raise NotRight("the icon of the program is empty")
    files, names = icons.IconFiles(), sorted(icons.names())
    blank = [name for name in names if _is_blank(files.icon(name, "#808080", "#404040", "#ffffff"))]
    if blank or not names:
        raise NotRight(f"icons that are empty: {', '.join(blank) or 'there are none'}")
    return f"the program's and {len(names)} others"


def _is_blank(icon: QIcon) -> bool:
    from PySide6.QtGui import QImage

    image = icon.pixmap(_SIDE, _SIDE).toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    return image.isNull() or not np.frombuffer(image.constBits(), np.uint8)[3::4].any()


def _application() -> QApplication:
    """The application, without a display if there is none yet."""
    from PySide6.QtWidgets import QApplication

    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return QApplication(["kandinsky-studio"])


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


def check_graphics() -> str:
    """Ask the engine what there is to compute on."""
    _need_torch()
    from kandinsky_studio.engine.memory import devices

    found = devices()
    cards = [f"{device.title} ({device.key}, {device.total / 1e9:.1f} GB)" for device in found if device.key != "cpu"]
    processor = next(device.title for device in found if device.key == "cpu")
    return ", ".join(cards) if cards else f"none; pictures are made on the processor ({processor})"


def check_picture(device: str | None) -> str:
    """Make a picture with the built-in model and look at it; save it and read it again."""
    _need_torch()
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
