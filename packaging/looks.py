"""What Windows shows of the program: its icon, and the words about it in the properties of the file."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

from contents import NAME, ROOT

from kandinsky_studio import __version__

SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)
"""Widths of the icon's pictures, in pixels: those of the task bar, lists and folders at all usual scales."""

_TITLE = "Kandinsky Studio"

_FILE = """VSVersionInfo(
  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0x0, OS=0x40004, fileType=0x1),
  kids=[
    StringFileInfo([StringTable("040904B0", [
      StringStruct("FileDescription", "{title}"),
      StringStruct("FileVersion", "{version}"),
      StringStruct("InternalName", "{name}"),
      StringStruct("LegalCopyright", "Apache-2.0"),
      StringStruct("OriginalFilename", "{name}.exe"),
      StringStruct("ProductName", "{title}"),
      StringStruct("ProductVersion", "{version}"),
    ])]),
    VarFileInfo([VarStruct("Translation", [0x0409, 1200])]),
  ],
)
"""


def version(folder: Path) -> Path:
    """Write the file of the version's resource into ``folder``, as PyInstaller reads it; returns its path."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", __version__)[:3])
    text = _FILE.format(numbers=(*numbers, *[0] * (4 - len(numbers))), version=__version__, name=NAME, title=_TITLE)
    path = folder / "version.txt"
    path.write_text(text, encoding="utf-8")
    return path


def icon(folder: Path) -> Path:
    """Draw the icon at all sizes into an .ico file in ``folder``; returns its path."""
    from PIL import Image

    pictures = [Image.open(io.BytesIO(drawn(size))) for size in SIZES]
    path = folder / f"{NAME}.ico"
    pictures[-1].save(path, sizes=[(size, size) for size in SIZES], append_images=pictures[:-1])
    return path


def drawn(size: int) -> bytes:
    """The icon as a PNG file, ``size`` pixels wide and high, its ground transparent."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice
    from PySide6.QtGui import QGuiApplication, QImage, QImageWriter, QPainter
    from PySide6.QtSvg import QSvgRenderer

    application = QGuiApplication.instance() or QGuiApplication([NAME])
    picture = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(0)
    painter = QPainter(picture)
    QSvgRenderer(str(ROOT / "resources" / "icons" / f"{NAME}.svg")).render(painter)
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, b"png").write(picture)
    del application
    return bytes(data.data())
