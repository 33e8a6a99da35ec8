"""What is dropped on the view or pasted: which pictures there are in it. Nothing is decoded here, nothing fetched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF
from PySide6.QtGui import QImage

from kandinsky_studio.errors import NoPictureHere, OnlyAnAddress


@dataclass(frozen=True)
class Dropped:
    """A picture that came from outside: either a file, still to be read, or an image.

    ``at`` is the point of the document that it was dropped on; None if it was pasted.
    """

    path: Path | None = None
    image: QImage | None = None
    at: QPointF | None = None


def takes(data: QMimeData) -> bool:
    """Whether there may be a picture in ``data``, or an address that is worth a refusal with a reason."""
    return data.hasImage() or data.hasUrls()


def pictures(data: QMimeData, at: QPointF | None = None) -> list[Dropped]:
    """The pictures in ``data``, from a file browser, a web browser, the gallery, another program or the clipboard.

    Files come before image data, which programs often give along with them, scaled or without transparency. Raises
    ``OnlyAnAddress`` if there is nothing but a web address, and ``NoPictureHere`` if there is nothing at all.
    """
    urls = data.urls() if data.hasUrls() else []
    files = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
    if found := [Dropped(path=file, at=at) for file in files if file.is_file()]:
        return found
    if data.hasImage():
        image = data.imageData()
        if isinstance(image, QImage) and not image.isNull():
            return [Dropped(image=image, at=at)]
    if any(url.scheme() in ("http", "https", "ftp") for url in urls):
        raise OnlyAnAddress
    raise NoPictureHere
