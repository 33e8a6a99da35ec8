"""Every place on disk that the program uses; the only module that knows about freezing.

``KANDINSKY_STUDIO_HOME`` puts everything below one folder (portable use, tests).
"""

import os
import sys
from pathlib import Path

import platformdirs

APP_NAME = "KandinskyStudio"
HOME_VARIABLE = "KANDINSKY_STUDIO_HOME"

_MODELS_FILE = "models-folder"


def _home(kind: str, default: str) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    return Path(home).expanduser() / kind if home else Path(default)


def resources() -> Path:
    """The read-only files shipped with the program: icons, translations, the built-in model."""
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen is not None:
        return Path(frozen) / "resources"
    package = Path(__file__).resolve().parent
    installed = package / "resources"  # a wheel carries them inside the package
    return installed if installed.is_dir() else package.parent / "resources"


def builtin_model() -> Path:
    """The folder of the built-in model."""
    return resources() / "builtin"


def config() -> Path:
    """Preferences and window layout."""
    return _home("config", platformdirs.user_config_dir(APP_NAME, appauthor=False))


def data() -> Path:
    """What belongs to the user: library and models."""
    return _home("data", platformdirs.user_data_dir(APP_NAME, appauthor=False))


def cache() -> Path:
    """What can be made again: thumbnails."""
    return _home("cache", platformdirs.user_cache_dir(APP_NAME, appauthor=False))


def state() -> Path:
    """Log files, the lock of the running instance."""
    return _home("state", platformdirs.user_state_dir(APP_NAME, appauthor=False))


def journals() -> Path:
    """What is being painted, until it is saved."""
    return data() / "journals"


def library() -> Path:
    """Every picture that was generated."""
    return data() / "library"


def models() -> Path:
    """Downloaded and imported weights: where :func:`keep_models_in` said, if that is still a place."""
    try:
        chosen = Path((config() / _MODELS_FILE).read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return data() / "models"
    return chosen if chosen.is_absolute() else data() / "models"


def keep_models_in(folder: Path) -> None:
    """Have weights in ``folder`` from now on, such as one on a larger disk. Raises ``OSError``."""
    config().mkdir(parents=True, exist_ok=True)
    partial = config() / f"{_MODELS_FILE}.partial"
    partial.write_text(f"{folder.resolve()}\n", encoding="utf-8")
    partial.replace(config() / _MODELS_FILE)
