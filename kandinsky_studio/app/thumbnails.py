"""Small pictures for the gallery, made in a thread of their own and kept in memory and on disk."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QSaveFile, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader, QImageWriter

from kandinsky_studio.app.lane import Lane

log = logging.getLogger(__name__)

SIDE = 256  # pixels of the longer side
KEPT = 400  # pictures in memory, at most 100 MB
WAITING = 100  # requests; more than fit on a screen, so older ones have scrolled out of sight


class Thumbnails(QObject):
    """Gives thumbnails by path; what is not there yet arrives with ``made``."""

    made = Signal(object)  # Path

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._lane = Lane("thumbnails", self)
        self._images: OrderedDict[Path, QImage] = OrderedDict()
        self._waiting: OrderedDict[Path, None] = OrderedDict()
        self._broken: set[Path] = set()

    def get(self, path: Path) -> QImage | None:
        """The thumbnail of the picture at ``path``, at most 256 pixels wide and high, or None while it is made.

        A file that can't be read gives a null image.
        """
        image = self._images.get(path)
        if image is not None:
            self._images.move_to_end(path)
            return image
        if path in self._broken:
            return QImage()
        is_new = path not in self._waiting
        self._waiting[path] = None
        self._waiting.move_to_end(path)
        if is_new:
            self._lane.run(self._next_in_line, self._keep, _report)
        while len(self._waiting) > WAITING:
            self._waiting.popitem(last=False)
        return None

    def forget(self, path: Path) -> None:
        """Drop what is known of ``path``: another file may come to stand there."""
        self._images.pop(path, None)
        self._broken.discard(path)

    def flush(self) -> None:
        """Wait until all thumbnails asked for are made."""
        self._lane.flush()

    def close(self) -> None:
        """End the thread; thumbnails not made yet are made next time."""
        self._waiting.clear()
        self._lane.close(drop=True)

    def _next_in_line(self) -> tuple[Path, QImage] | None:
        """In the lane: the newest request first, since it is the one on the screen."""
        try:
            path, _ = self._waiting.popitem(last=True)
        except KeyError:
            return None
        return path, thumbnail(path, self._folder)

    def _keep(self, made: tuple[Path, QImage] | None) -> None:
        if made is None:
            return
        path, image = made
        if image.isNull():
            self._broken.add(path)
        else:
            self._images[path] = image
        while len(self._images) > KEPT:
            self._images.popitem(last=False)
        self.made.emit(path)


def _report(error: Exception) -> None:
    log.error("a thumbnail could not be made", exc_info=error)


def thumbnail(path: Path, folder: Path) -> QImage:
    """The picture at ``path``, at most 256 pixels wide and high; a copy is kept in ``folder``. Null if unreadable."""
    try:
        stat = path.stat()
    except OSError:
        return QImage()
    key = hashlib.sha256(f"{path}\0{stat.st_mtime_ns}\0{stat.st_size}\0{SIDE}".encode()).hexdigest()
    kept = folder / key[:2] / f"{key[2:32]}.png"
    image = QImage(os.fspath(kept))
    if not image.isNull():
        return image
    reader = QImageReader(os.fspath(path))
    size = reader.size()
    if not size.isValid():
        return QImage()
    image = reader.read()
    if image.isNull():
        return image
    small = size.scaled(QSize(SIDE, SIDE), Qt.AspectRatioMode.KeepAspectRatio)
    if size.width() > small.width():
        image = image.scaled(small, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
        _write(image, kept)
    return image


def _write(image: QImage, path: Path) -> None:
    """A thumbnail that can't be written is made again next time: no reason to trouble anybody."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    file = QSaveFile(os.fspath(path))
    if file.open(QSaveFile.OpenModeFlag.WriteOnly) and QImageWriter(file, b"png").write(image):
        file.commit()
