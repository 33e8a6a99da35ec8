"""Putting a runtime pack behind the program's own modules; which one that is, and why it is no other."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from kandinsky_studio import paths
from kandinsky_studio.errors import BrokenPack, NoRuntime, PackNotFound, StudioError
from kandinsky_studio.runtime.pack import LARGE, LIBRARY, LISTING, Pack, check_fits, check_whole, is_name, read

VARIABLE = "KANDINSKY_STUDIO_RUNTIME"
"""Names the pack to attach in place of the chosen one, for trying one out."""

SHIPPED = "cpu"
"""The pack that comes with the program."""

_CHOICE = "runtime"


@dataclass(frozen=True)
class Attached:
    """What :func:`attach` did. ``pack`` is None if there is none to have, and when the program runs from its source.

    ``refused`` says why the pack that was chosen is not the one, or why there is none.
    """

    pack: Pack | None = None
    refused: StudioError | None = None


_attached = Attached()
_kept: list[object] = []  # what Windows was told about, for as long as the program runs


def attach() -> Attached:
    """Make the chosen pack's modules importable, or those of the pack that was shipped if that can't be had.

    Imports none of them, and reads no file but the listing: the sizes of the large ones have to do. Does nothing when
    the program runs from its source. Never raises.
    """
    global _attached
    if paths.program() is None:
        return _attached
    refused: StudioError | None = None
    for name in dict.fromkeys((chosen(), SHIPPED)):
        try:
            folder = folder_of(name)
            pack = usable(folder)
            _put_behind(folder / LIBRARY)
            _hold(folder)
        except StudioError as error:
            refused = refused or error
        except OSError:
            refused = refused or BrokenPack(name=name, file=LIBRARY)
        else:
            _attached = Attached(pack, refused)
            return _attached
    _attached = Attached(None, NoRuntime() if isinstance(refused, PackNotFound) else refused)
    return _attached


def attached() -> Attached:
    """What the program computes with, since it was started."""
    return _attached


def check_there() -> None:
    """Raise the ``StudioError`` that says why there is no PyTorch, if a built program found no pack to attach."""
    if paths.program() is not None and _attached.pack is None:
        raise _attached.refused or NoRuntime()


def usable(folder: Path) -> Pack:
    """The pack in ``folder`` with its large files, which goes with this program and looks whole.

    Raises a ``PackError``.
    """
    pack = read(folder, LARGE)
    if pack.name != folder.name:
        raise BrokenPack(name=folder.name, file=f"{pack.name}")
    check_fits(pack)
    check_whole(pack, folder)
    return pack


def folder_of(name: str) -> Path:
    """Where the pack called ``name`` is: among those that were installed, or shipped. Raises ``PackNotFound``."""
    if is_name(name):
        for place in places():
            if (place / name).is_dir():
                return place / name
    raise PackNotFound(name=name)


def places() -> tuple[Path, ...]:
    """The folders that packs are in. What was shipped comes first, so that nothing can take its place."""
    shipped = paths.shipped_runtimes()
    return (paths.runtimes(),) if shipped is None else (shipped, paths.runtimes())


def is_shipped(folder: Path) -> bool:
    """Whether the pack in ``folder`` came with the program."""
    return folder.parent == paths.shipped_runtimes()


def chosen() -> str:
    """The name of the pack to use from the next start on."""
    named = os.environ.get(VARIABLE)
    if named:
        return named
    try:
        name = (paths.config() / _CHOICE).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return SHIPPED
    return name if is_name(name) else SHIPPED


def choose(name: str) -> None:
    """Use the pack called ``name`` from the next start on. Raises ``OSError``."""
    paths.config().mkdir(parents=True, exist_ok=True)
    partial = paths.config() / f"{_CHOICE}.partial"
    partial.write_text(f"{name}\n", encoding="utf-8")
    partial.replace(paths.config() / _CHOICE)


def is_held(folder: Path) -> bool:
    """Whether a program that runs uses the pack in ``folder``, this one or another. Windows refuses to rename it then."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        with (folder / LISTING).open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _hold(folder: Path) -> None:
    """Let other programs see that the pack in ``folder`` is in use, until this one ends."""
    with contextlib.suppress(OSError):  # a file system that knows no locks
        stream = (folder / LISTING).open("rb")
        _kept.append(stream)
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)


def _put_behind(library: Path) -> None:
    # At the end: what the program was built with wins over whatever else a pack brings along.
    os.listdir(library)
    sys.path.append(str(library))
    importlib.invalidate_caches()
    if sys.platform == "win32":
        for folder in (library / "torch" / "lib", library / "torch" / "bin"):
            if folder.is_dir():
                _kept.append(os.add_dll_directory(str(folder)))
