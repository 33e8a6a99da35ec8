"""What the program remembers: one JSON file, each value described where it is declared.

The file names the program that wrote it. Before another one writes, a copy is kept for that program to go back to:
``preferences-0.1.0.json`` is what 0.1.0 left.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kandinsky_studio import __version__, paths
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, NewerFile, NewerPreferences
from kandinsky_studio.storage.appearance import FILE_NAME, FONT_SCALES, THEMES
from kandinsky_studio.storage.durable import set_aside, write_file

VERSION = 1
"""Of the file. Rises when an older program would take its values for others; what it merely does not know, it keeps."""

_FIRST = "0.1.0"  # it did not say yet who wrote the file


@dataclass(frozen=True)
class About:
    """What a preference is, for the dialog that shows it: its name, one sentence of help, and what it may be.

    ``choices`` are the values it can take, ``minimum`` and ``maximum`` the ends of its range; a preference without
    a title is kept for the program's own use and shown nowhere.
    """

    title: str = ""
    help: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    def allows(self, value: Any) -> bool:
        """Whether ``value`` is one of the choices and within the range."""
        if self.choices and value not in self.choices:
            return False
        above = self.minimum is None or value >= self.minimum
        return above and (self.maximum is None or value <= self.maximum)


@dataclass
class Preferences:
    """The preferences, with the values of a first start. To add one: a field here.

    ``last_request`` holds the settings to start with (None: the model's own), without the pictures that went into it;
    ``window_geometry`` and ``window_state`` what Qt saved, as base64. ``key_changes`` are the user's keys by keymap and
    command, ``recent_commands`` the last ones of the command
    palette and ``recent_files`` the last documents, newest first, ``welcomed`` whether the page of the first start was skipped or is over, ``depth_folder`` where the estimator of depth lies if that was shown; ``live`` what is chosen about live pictures; ``applied_styles`` how strongly which styles are applied, by their names; ``news_address`` where to look for new versions if not where the program says; ``deliveries``
    the tasks, by model, whose weights were asked for and have not all come; ``token_kept`` whether the system's key store has a token for the Hub. ``others`` are values of a newer version of the program, kept for it; ``version`` is that of the file that was read.
    """

    language: str = field(
        default="system",
        metadata={
            "about": About(
                QT_TRANSLATE_NOOP("preferences", "Language"),
                QT_TRANSLATE_NOOP(
                    "preferences", "The language of menus and messages; it changes nothing about prompts."
                ),
                choices=("system", "en", "ru"),
            )
        },
    )
    theme: str = field(
        default="system",
        metadata={
            "about": About(
                QT_TRANSLATE_NOOP("preferences", "Theme"),
                QT_TRANSLATE_NOOP("preferences", "Light or dark; “system” follows your desktop."),
                choices=THEMES,
            )
        },
    )
    font_scale: int = field(
        default=100,
        metadata={
            "about": About(
                QT_TRANSLATE_NOOP("preferences", "Size of the text"),
                QT_TRANSLATE_NOOP("preferences", "In percent of the text on your desktop; icons and buttons follow."),
                minimum=FONT_SCALES[0],
                maximum=FONT_SCALES[1],
            )
        },
    )
    model: str = field(
        default="builtin",
        metadata={
            "about": About(
                QT_TRANSLATE_NOOP("preferences", "Model"),
                QT_TRANSLATE_NOOP("preferences", "The model that is chosen when the program starts."),
            )
        },
    )
    export_quality: int = field(
        default=95,
        metadata={
            "about": About(
                QT_TRANSLATE_NOOP("preferences", "Quality of JPEG and WebP"),
                QT_TRANSLATE_NOOP("preferences", "Higher keeps more detail and makes larger files."),
                minimum=1,
                maximum=100,
            )
        },
    )
    keymap: str = field(default="studio", metadata={"about": About(choices=("studio", "krita", "photoshop"))})
    key_changes: dict[str, Any] = field(default_factory=dict)
    recent_commands: list[str] = field(default_factory=list)
    recent_files: list[str] = field(default_factory=list)
    welcomed: bool = False
    last_folder: str = ""
    depth_folder: str = ""
    live: dict[str, Any] = field(default_factory=dict)
    applied_styles: dict[str, Any] = field(default_factory=dict)
    network: bool = field(
        default=True,
        metadata={
            "about": About(
                QT_TRANSLATE_NOOP("preferences", "Downloads"),
                QT_TRANSLATE_NOOP(
                    "preferences",
                    "Whether models, and news of new versions, may be fetched when you ask for them; nothing else ever is.",
                ),
            )
        },
    )
    hub_address: str = field(
        default="",
        metadata={
            "about": About(
                QT_TRANSLATE_NOOP("preferences", "Address for downloads"),
                QT_TRANSLATE_NOOP("preferences", "A mirror of the Hugging Face Hub; empty for the Hub itself."),
            )
        },
    )
    proxy: str = field(
        default="",
        metadata={
            "about": About(
                QT_TRANSLATE_NOOP("preferences", "Proxy"),
                QT_TRANSLATE_NOOP(
                    "preferences",
                    "Such as http://name:password@host:port or socks5://host:port; empty for the system's.",
                ),
            )
        },
    )
    news_address: str = ""
    token_kept: bool = False
    deliveries: dict[str, Any] = field(default_factory=dict)
    hold_idea_seed: bool = False
    hold_rendering_seed: bool = False
    last_request: GenerationRequest | None = None
    window_geometry: str = ""
    window_state: str = ""
    others: dict[str, Any] = field(default_factory=dict, repr=False)
    version: int = field(default=VERSION, repr=False)

    @property
    def newer(self) -> bool:
        """Whether a newer program wrote them: they can be read as far as they make sense, and not be saved."""
        return self.version > VERSION

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Preferences:
        """The preferences that :meth:`to_json` wrote; a value that makes no sense is left at its default."""
        preferences = cls(others={name: value for name, value in values.items() if name not in (*_NAMES, *_FRONT)})
        preferences.version = _version(values)
        for name in _NAMES & values.keys():
            try:
                preferences.set(name, _read(name, values[name]))
            except (ValueError, TypeError, NewerFile):
                logging.getLogger(__name__).warning("the preference %s is back at its default", name)
        return preferences

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON values."""
        values = {name: getattr(self, name) for name in sorted(_NAMES)}
        values["last_request"] = self.last_request.to_json(with_pixels=False) if self.last_request else None
        return {"version": VERSION, "program": __version__, **self.others, **values}

    def set(self, name: str, value: object) -> None:
        """Change the preference ``name``. Raises ``ValueError`` if there is no such or it can't have this value."""
        if name not in _NAMES:
            raise ValueError(f"no preference is called {name!r}")
        kinds = (GenerationRequest, type(None)) if name == "last_request" else (type(_DEFAULTS[name]),)
        words = name != "recent_commands" or (isinstance(value, list) and all(isinstance(one, str) for one in value))
        if type(value) not in kinds or not words or not about(name).allows(value):
            raise ValueError(f"{name} can't be {value!r}")
        setattr(self, name, value)


_DEFAULTS: dict[str, Any] = {
    f.name: f.default if f.default_factory is dataclasses.MISSING else f.default_factory()
    for f in dataclasses.fields(Preferences)
    if f.name not in ("others", "version")
}
_NAMES = _DEFAULTS.keys()
_FRONT = ("version", "program")
_ABOUT: dict[str, About] = {
    f.name: f.metadata.get("about", About()) for f in dataclasses.fields(Preferences) if f.name in _NAMES
}


def about(name: str) -> About:
    """What the preference ``name`` is. Raises ``KeyError`` if there is none."""
    return _ABOUT[name]


def load(file: Path | None = None) -> Preferences:
    """The preferences in ``file`` (where the program keeps them, if it is not given).

    Never fails: without a file they are those of a first start, and a damaged file is set aside.
    """
    file = file or paths.config() / FILE_NAME
    try:
        values = json.loads(file.read_bytes())
        if not isinstance(values, dict):
            raise ValueError("not an object")
    except FileNotFoundError:
        return Preferences()
    except (OSError, ValueError, RecursionError):
        _set_aside(file)
        return Preferences()
    return Preferences.from_json(values)


def save(preferences: Preferences, file: Path | None = None) -> None:
    """Write ``preferences`` to ``file`` in one piece. What another version of the program wrote is kept beside it.

    Raises ``DiskFull`` or ``FolderNotWritable``; ``NewerPreferences`` if what is there is of a newer program.
    """
    file = file or paths.config() / FILE_NAME
    _keep_copy(file)
    write_file(file, json.dumps(preferences.to_json(), indent=2).encode("ascii") + b"\n")


def _keep_copy(file: Path) -> None:
    """Keep what is in ``file`` for the program that wrote it, if that is another one."""
    try:
        content = file.read_bytes()
        values = json.loads(content)
    except (OSError, ValueError, RecursionError):
        return
    if not isinstance(values, dict):
        return
    if _version(values) > VERSION:
        raise NewerPreferences(file=file.name)
    program = values.get("program", _FIRST)
    if (
        program != __version__
        and isinstance(program, str)
        and re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,39}", program)
    ):
        write_file(file.with_name(f"{file.stem}-{program}{file.suffix}"), content)


def _version(values: Mapping[str, Any]) -> int:
    version = values.get("version", VERSION)
    return version if type(version) is int else VERSION


def _read(name: str, value: Any) -> Any:
    if name == "last_request" and value is not None:
        return GenerationRequest.from_json(value)
    return value


def _set_aside(file: Path) -> None:
    logger = logging.getLogger(__name__)
    try:
        set_aside(file)
        logger.warning("the preferences could not be read and are set aside")
    except OSError as error:
        logger.warning("the preferences could not be read", exc_info=error)
