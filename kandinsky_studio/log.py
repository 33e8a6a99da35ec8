"""The log file: what went wrong, for a bug report. Prompts, names of pictures and of folders stay out of it.

Of an error it has the class and where in the program it happened. The text of an error may hold what the user typed,
and the path of a module the name of a home, so neither is written: see :func:`outline`.
"""

import errno
import logging
import logging.handlers
import os
import platform
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from kandinsky_studio import __version__, paths

FILE_NAME = "kandinsky-studio.log"
ELSEWHERE = "(elsewhere)"  # where a module is that is neither ours nor of a library

LIBRARIES = (
    *("torch", "diffusers", "transformers", "accelerate", "huggingface_hub", "safetensors", "tokenizers"),
    *("numpy", "PIL", "cv2", "psd_tools", "httpx2", "httpcore2", "PySide6"),
)
"""Whose modules a frozen program names without folders before them."""

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_SIZE = 1_000_000  # bytes; then a new file is begun
_KEPT = 3  # older files
_MOST_FRAMES = 50  # of one traceback; the innermost tell most

_OURS = re.compile(
    r"(?:.*[\\/])?(?P<file>(?:kandinsky_studio|site-packages|python3\.\d+|runtime[\\/][\w-]+[\\/]lib)[\\/][\w./\\+-]+\.py)"
)
_FROZEN = re.compile(rf"(?P<file>(?:{'|'.join(LIBRARIES)})[\\/][\w./\\+-]+\.py)")
_MODULE = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)


def file() -> Path:
    """Where the log is."""
    return paths.state() / FILE_NAME


def start() -> None:
    """Write the program's log into ``paths.state()`` from now on; without a log, if nothing can be written there."""
    root = logging.getLogger("kandinsky_studio")
    if any(isinstance(handler, logging.handlers.RotatingFileHandler) for handler in root.handlers):
        return
    try:
        paths.state().mkdir(parents=True, exist_ok=True)
        handler = _Rotating(file(), maxBytes=_SIZE, backupCount=_KEPT, encoding="utf-8", errors="backslashreplace")
    except OSError:
        root.addHandler(logging.NullHandler())
        return
    handler.setFormatter(_Discreet(_FORMAT))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    root.info("version %s, Python %s, %s", __version__, sys.version.split()[0], platform.platform())


def stop() -> None:
    """Close the log file."""
    root = logging.getLogger("kandinsky_studio")
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()


class _Rotating(logging.handlers.RotatingFileHandler):
    """Leaves the file as it is while another start of the program writes into it, too, on Windows."""

    def doRollover(self) -> None:  # noqa: N802  logging calls it so
        """Begin a new file, if that can be done without losing an older one."""
        self.close_stream()
        try:
            os.rename(self.baseFilename, self.baseFilename)  # Windows refuses to rename a file that somebody has open
        except OSError:
            return  # what is written next opens it again
        super().doRollover()

    def close_stream(self) -> None:
        """Let go of the file until something is written."""
        if self.stream:
            self.stream.close()
            self.stream = None


def outline(error: BaseException) -> str:
    """``error`` and what led to it, as lines: modules, line numbers, functions and classes, and no text of anybody's.

    Of an ``OSError`` the number is told, of a database's error its name, of a module that is missing which one.
    """
    return "\n".join(_lines(error, set()))


def place_of(module: str) -> str:
    """The path of a module's source from the library on, or ``ELSEWHERE``: the folders before it may name somebody."""
    found = _OURS.fullmatch(module) or _FROZEN.fullmatch(module)
    return found["file"].replace("\\", "/") if found is not None else ELSEWHERE


def _lines(error: BaseException, told: set[int]) -> Iterator[str]:
    told.add(id(error))
    before = error.__cause__ or error.__context__
    if before is not None and id(before) not in told:
        yield from _lines(before, told)
        yield "and then"
    frames = list(traceback.walk_tb(error.__traceback__))
    if len(frames) > _MOST_FRAMES:
        yield f"  … {len(frames) - _MOST_FRAMES} more"
    for frame, line in frames[-_MOST_FRAMES:]:
        yield f'  File "{place_of(frame.f_code.co_filename)}", line {line}, in {frame.f_code.co_name}'
    yield _class_of(error)


def _class_of(error: BaseException) -> str:
    kind = type(error)
    known = kind.__module__ == "builtins" or kind.__module__.startswith("kandinsky_studio.")
    name = kind.__name__ if known else f"{kind.__module__}.{kind.__name__}"
    if isinstance(error, ModuleNotFoundError) and _MODULE.fullmatch(error.name or ""):
        return f"{name}: No module named '{error.name}'"
    if isinstance(error, OSError) and isinstance(error.errno, int):
        return f"{name}: [Errno {error.errno}] {errno.errorcode.get(error.errno, '')}".rstrip()
    if isinstance(code := getattr(error, "sqlite_errorname", None), str):  # of its own list, as SQLITE_FULL
        return f"{name}: {code}"
    return name


class _Discreet(logging.Formatter):
    """Writes of an exception its outline."""

    def format(self, record: logging.LogRecord) -> str:
        # Another handler's formatter keeps what it wrote of the exception here, and it would be taken as it is.
        kept, record.exc_text = record.exc_text, None
        try:
            return super().format(record)
        finally:
            record.exc_text = kept

    def formatException(  # noqa: N802  the name is logging's
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return outline(ei[1]) if ei[1] is not None else ""
