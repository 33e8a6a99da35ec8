"""The log file: what went wrong, for a bug report. Prompts and names of pictures stay out of it."""

import logging
import logging.handlers
import platform
import sys
from pathlib import Path

from kandinsky_studio import __version__, paths

FILE_NAME = "kandinsky-studio.log"

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_SIZE = 1_000_000  # bytes; then a new file is begun
_KEPT = 3  # older files


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
        handler = logging.handlers.RotatingFileHandler(
            file(), maxBytes=_SIZE, backupCount=_KEPT, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        root.addHandler(logging.NullHandler())
        return
    handler.setFormatter(logging.Formatter(_FORMAT))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    root.info("version %s, Python %s, %s", __version__, sys.version.split()[0], platform.platform())


def stop() -> None:
    """Close the log file."""
    root = logging.getLogger("kandinsky_studio")
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
