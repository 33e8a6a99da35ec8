"""Every place on disk that the program uses; the only module that knows about freezing.

Where the program keeps its things, the first of these that applies:

1. below ``KANDINSKY_STUDIO_HOME`` (tests, and portable use of a program that is not frozen);
2. below the folder ``portable`` beside the frozen program, if there is one that can be written to: a program on a
   memory stick takes its settings, library and models along (of an AppImage, beside its file);
3. in the folders that the system has for it.
"""

import contextlib
import functools
import os
import secrets
import sys
from pathlib import Path

import platformdirs

APP_NAME = "KandinskyStudio"
HOME_VARIABLE = "KANDINSKY_STUDIO_HOME"
PORTABLE = "portable"
"""The folder beside the frozen program that makes it portable."""

_MODELS_FILE = "models-folder"


# ---------------------------------------------------------------------- the program


def frozen() -> bool:
    """Whether this is the installed program, which carries its own Python."""
    return bool(getattr(sys, "frozen", False))


def program() -> Path | None:
    """The folder that the frozen program lies in; None from source."""
    return Path(sys.executable).resolve().parent if frozen() else None


def resources() -> Path:
    """The read-only files shipped with the program: icons, translations, the built-in model."""
    inside = getattr(sys, "_MEIPASS", None)
    if inside is not None:
        return Path(inside) / "resources"
    package = Path(__file__).resolve().parent
    installed = package / "resources"  # a wheel carries them inside the package
    return installed if installed.is_dir() else package.parent / "resources"


def builtin_model() -> Path:
    """The folder of the built-in model."""
    return resources() / "builtin"


def shipped_runtimes() -> Path | None:
    """The folder of the runtime packs that came with the frozen program; None from source."""
    folder = program()
    return folder / "runtime" if folder is not None else None


# ---------------------------------------------------------------------- what is kept


def home() -> Path | None:
    """The one folder that everything is below, wherever it is carried; None if the system's are used."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen).expanduser() if chosen else portable()


def portable() -> Path | None:
    """The folder below which a portable program keeps everything; None if it is none, or may not write there."""
    folder = portable_offered()
    return folder if folder is not None and not os.environ.get(HOME_VARIABLE) and _takes_files(folder) else None


def portable_offered() -> Path | None:
    """The folder ``portable`` beside the frozen program, whether or not it can be written to; None without one."""
    beside = _beside()
    folder = beside / PORTABLE if beside is not None else None
    return folder if folder is not None and folder.is_dir() else None


def portable_refused() -> Path | None:
    """The folder ``portable`` that is not used because nothing can be written to it; None if all is well."""
    folder = portable_offered()
    return folder if folder is not None and not os.environ.get(HOME_VARIABLE) and portable() is None else None


def config() -> Path:
    """Preferences and window layout."""
    return _kept("config", platformdirs.user_config_dir(APP_NAME, appauthor=False))


def data() -> Path:
    """What belongs to the user: library and models."""
    return _kept("data", platformdirs.user_data_dir(APP_NAME, appauthor=False))


def cache() -> Path:
    """What can be made again: thumbnails."""
    return _kept("cache", platformdirs.user_cache_dir(APP_NAME, appauthor=False))


def state() -> Path:
    """Log files, the lock of the running instance."""
    return _kept("state", platformdirs.user_state_dir(APP_NAME, appauthor=False))


def journals() -> Path:
    """What is being painted, until it is saved."""
    return data() / "journals"


def library() -> Path:
    """Every picture that was generated."""
    return data() / "library"


def runtimes() -> Path:
    """Runtime packs that the user installed."""
    return data() / "runtimes"


def models() -> Path:
    """Downloaded and imported weights: where :func:`keep_models_in` said, if that is still a place."""
    try:
        chosen = Path((config() / _MODELS_FILE).read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return data() / "models"
    base = home()
    if base is not None and not chosen.is_absolute() and chosen.parts:
        return Path(os.path.normpath(base.resolve() / chosen))
    return chosen if chosen.is_absolute() else data() / "models"


def keep_models_in(folder: Path) -> None:
    """Have weights in ``folder`` from now on, such as one on a larger disk. Raises ``OSError``.

    If everything else is below one folder on the same disk, the way from there is kept: a memory stick is found again
    whatever letter or place the next computer gives it.
    """
    kept = folder.resolve()
    base = home()
    if base is not None and _on_one_disk(base.resolve(), kept):
        kept = Path(os.path.relpath(kept, base.resolve()))
    config().mkdir(parents=True, exist_ok=True)
    partial = config() / f"{_MODELS_FILE}.partial"
    partial.write_text(f"{kept}\n", encoding="utf-8")
    partial.replace(config() / _MODELS_FILE)


# ---------------------------------------------------------------------- what was typed


def of_argument(text: str) -> Path:
    """The absolute path of a file that was typed, or handed over by a file manager as a path or a ``file://`` address."""
    if text.lower().startswith("file:"):
        import urllib.parse
        import urllib.request

        address = urllib.parse.urlsplit(text)
        host = "" if address.netloc.lower() == "localhost" else address.netloc
        text = urllib.request.url2pathname(f"//{host}{address.path}" if host else address.path)
    return Path(os.path.abspath(text))


# ---------------------------------------------------------------------- how


def _kept(kind: str, default: str) -> Path:
    base = home()
    return base / kind if base is not None else Path(default)


def _beside() -> Path | None:
    """Where the user sees the frozen program lie. Of an AppImage that is its file, not what it is unpacked to."""
    folder = program()
    image, unpacked = os.environ.get("APPIMAGE"), os.environ.get("APPDIR")
    # Another program that came as an AppImage may have started this one and left its variables.
    if folder is not None and image and unpacked and folder.is_relative_to(Path(unpacked).resolve()):
        return Path(image).absolute().parent
    return folder


@functools.cache
def _takes_files(folder: Path) -> bool:
    """Whether a file can be made in ``folder``; tried once, since permissions alone don't tell on every system."""
    probe = folder / f".{secrets.token_hex(8)}.partial"
    try:
        probe.touch(exist_ok=False)
    except OSError:
        return False
    with contextlib.suppress(OSError):
        probe.unlink()
    return True


def _on_one_disk(a: Path, b: Path) -> bool:
    try:
        return _existing(a).stat().st_dev == _existing(b).stat().st_dev
    except OSError:
        return False


def _existing(folder: Path) -> Path:
    """``folder``, or the nearest one above it that is there."""
    return next((path for path in (folder, *folder.parents) if path.exists()), folder)
