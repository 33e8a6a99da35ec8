"""Whether Windows opens the files of a pack by their paths, which it does up to a length unless it is told otherwise.

Where it does not, a pack is refused before anything of it is unpacked. Writing the files by paths of the other kind,
which know no length (``\\\\?\\``), would not help: Python's import, the loader of libraries and PyTorch itself open
them by plain ones.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kandinsky_studio.errors import PackLiesTooDeep
from kandinsky_studio.runtime.pack import Pack

LONGEST_FILE = 259  # of what Windows counts, halves of UTF-16; one more ends the text
LONGEST_FOLDER = 247  # leaves room for a name of its oldest kind


def check_lengths(folder: Path, pack: Pack) -> None:
    """Raise ``PackLiesTooDeep`` if a file of ``pack``, unpacked into ``folder``, could not be opened."""
    if not limited():
        return
    files = {folder / file.path for file in pack.files}
    folders = {file.parent for file in files}
    if max(map(_length, files)) > LONGEST_FILE or max(map(_length, folders)) > LONGEST_FOLDER:
        raise PackLiesTooDeep(name=pack.name, folder=folder.parent, longest=LONGEST_FILE)


def limited() -> bool:
    """Whether this system limits paths: Windows does, where its settings and the program's manifest do not lift it."""
    limits = False
    if sys.platform == "win32":
        import ctypes

        try:
            limits = not ctypes.WinDLL("ntdll").RtlAreLongPathsEnabled()
        except (OSError, AttributeError):  # before Windows 10
            limits = True
    return limits


def _length(path: Path) -> int:
    return len(str(path).encode("utf-16-le", "surrogatepass")) // 2
