"""Takes out of a text what tells whose computer it comes from: names of folders, files, people and machines."""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

from kandinsky_studio import paths

USER = "(user)"
COMPUTER = "(computer)"
ELSEWHERE = "(a folder)"
BELOW = "/…"
"""Stands for what lies below a folder: a file's name may say what is on a picture."""

_FOLDERS: dict[str, Callable[[], Path]] = {
    "(journals)": paths.journals,
    "(library)": paths.library,
    "(models)": paths.models,
    "(config)": paths.config,
    "(cache)": paths.cache,
    "(state)": paths.state,
    "(data)": paths.data,
}
_START = r"(?<![\w/\\~.)…-])"  # where a path may begin: not inside “and/or”, an address or what stands for a folder
_END = r"""(?=[.,;:)\]]*$|[.;:,] |["”’'<>|]|\n)"""  # names have spaces, so it goes on to the end of what is said
_POSIX = re.compile(rf"{_START}/[^\s/].*?{_END}", re.MULTILINE)
_WINDOWS = re.compile(rf"{_START}(?:[A-Za-z]:[\\/]|\\\\)[^\s\\/].*?{_END}", re.MULTILINE)
_REST = re.compile(rf"(\((?:{'|'.join(name[1:-1] for name in _FOLDERS)})\)|~)[\\/][^\s].*?{_END}", re.MULTILINE)
_LOGIN = re.compile(r"(?<=://)[^\s/@]+@")
_FILE_ADDRESS = re.compile(r"file://\S*")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")


class Scrubber:
    """Knows the folders and names of this computer. ``homes``, ``users`` and ``computers`` can be given instead.

    Below the program's own folders and the home nothing is named; any other absolute path is “(a folder)”.
    """

    def __init__(
        self,
        homes: Iterable[str] | None = None,
        users: Iterable[str] | None = None,
        computers: Iterable[str] | None = None,
    ) -> None:
        known = {name: {str(folder()), _resolved(folder())} for name, folder in _FOLDERS.items()}
        known["~"] = set(_homes() if homes is None else homes)
        written = {way: name for name, folders in known.items() for one in folders for way in _ways(one)}
        self._folders = _alternatives(written)
        self._names = written if sys.platform != "win32" else {way.casefold(): name for way, name in written.items()}
        people = dict.fromkeys(_users() if users is None else users, USER)
        machines = dict.fromkeys(_computers() if computers is None else computers, COMPUTER)
        self._words = {name.casefold(): instead for name, instead in {**machines, **people}.items() if name}
        self._word = _alternatives(self._words, whole=True)

    def scrubbed(self, text: str) -> str:
        """``text`` without what this object knows, and without any path, address of mail or password."""
        text = _LOGIN.sub("", text)
        text = _FILE_ADDRESS.sub(ELSEWHERE, text)
        if self._folders is not None:
            text = self._folders.sub(lambda found: self._name(found[0]), text)
        text = _REST.sub(lambda found: found[1] + BELOW, text)
        for path in (_WINDOWS, _POSIX):
            text = path.sub(ELSEWHERE, text)
        text = _MAIL.sub(USER, text)
        if self._word is not None:
            text = self._word.sub(lambda found: self._words[found[0].casefold()], text)
        return text

    def _name(self, way: str) -> str:
        return self._names[way.casefold() if sys.platform == "win32" else way]


def _alternatives(known: Mapping[str, str], whole: bool = False) -> re.Pattern[str] | None:
    """Any of ``known``, the longest first; the names of folders end where a folder's name may."""
    if not known:
        return None
    longest = sorted(known, key=len, reverse=True)
    either = "|".join(map(re.escape, longest))
    around = (r"(?<!\w)", r"(?!\w)") if whole else ("", r"(?![\w.%-])")
    ignoring = re.IGNORECASE if whole or sys.platform == "win32" else re.RegexFlag(0)
    return re.compile(f"{around[0]}(?:{either}){around[1]}", ignoring)


def _ways(folder: str) -> set[str]:
    """How a folder may be written: with either slash, as in JSON, and as in an address."""
    folder = folder.rstrip("/\\")
    if len(folder) < 2:  # “/” is everybody's
        return set()
    posix = folder.replace("\\", "/")
    return {folder, posix, folder.replace("\\", "\\\\"), quote(posix)}


def _resolved(folder: Path) -> str:
    try:
        return str(folder.resolve())
    except OSError:
        return str(folder)


def _homes() -> set[str]:
    found = {os.environ.get(name, "") for name in ("HOME", "USERPROFILE", "HOMEPATH", paths.HOME_VARIABLE)}
    with contextlib.suppress(RuntimeError):  # nobody's account has no home
        found |= {str(Path.home()), _resolved(Path.home())}
    return {folder for folder in found if folder}


def _users() -> set[str]:
    found = {os.environ.get(name, "") for name in ("USER", "USERNAME", "LOGNAME", "SUDO_USER")}
    with contextlib.suppress(OSError, KeyError, ImportError):
        found.add(getpass.getuser())
    if sys.platform != "win32":
        import pwd

        with contextlib.suppress(KeyError):
            found.add(pwd.getpwuid(os.getuid()).pw_gecos.split(",")[0])  # the full name
    with contextlib.suppress(RuntimeError):
        found.add(Path.home().name)
    return found


def _computers() -> set[str]:
    found = {platform.node(), os.environ.get("COMPUTERNAME", ""), os.environ.get("HOSTNAME", "")}
    return found | {name.split(".")[0] for name in found}
