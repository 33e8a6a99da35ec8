"""Files that become documents, and documents that become files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.surface import Pixels, Surface, from_rgba, to_rgba
from kandinsky_studio.errors import DamagedPicture, FileNotReadable, UnknownFileKind
from kandinsky_studio.storage.document_notes import DocumentNote
from kandinsky_studio.storage.image_files import ImageOptions, Note, ReadImage, formats, read_image, write_image
from kandinsky_studio.storage.openraster_reading import read_openraster
from kandinsky_studio.storage.openraster_writing import write_openraster
from kandinsky_studio.storage.psd import SIGNATURE, SUFFIXES
from kandinsky_studio.storage.psd_reading import read_psd
from kandinsky_studio.storage.psd_writing import write_psd
from kandinsky_studio.storage.reading import Reading

NATIVE = ".ora"
LAYERED = (("PSD", SUFFIXES),)
"""Names and suffixes of the formats, beside the native one, that pictures are exported to with their layers."""

OPENABLE_SUFFIXES = (NATIVE, *SUFFIXES, *(suffix for form in formats() if form.readable for suffix in form.suffixes))
"""What the names of files end with that can be opened, in lower case."""


@dataclass(frozen=True)
class ReadDocument:
    """``is_document`` tells whether saving goes back to the same file without losing anything; a flat picture, or a
    file with something that is not in the document, is imported: it is saved under a new name. ``notes`` is what the
    user should know."""

    state: State
    active_id: int | None
    is_document: bool
    notes: tuple[Note | DocumentNote, ...] = ()


def read_document(path: Path, reading: Reading | None = None) -> ReadDocument:
    """Any file that can be opened. Raises the errors of its reader, all of them ``StudioError``.

    ``reading`` hears of a document in the native format, whose reading it can stop with ``Cancelled``.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except (OSError, ValueError) as error:
        raise FileNotReadable(file=path.name) from error
    if head == b"PK\3\4":
        read = read_openraster(path, reading)
        active = read.active_id if read.active_id is not None else _top(read.state)
        return ReadDocument(read.state, active, not read.notes, read.notes)
    if head == SIGNATURE:
        psd = read_psd(path)
        ignored = (Note.profile_ignored,) if psd.profile_ignored else ()
        return ReadDocument(psd.state, _top(psd.state), False, (*ignored, *psd.notes))
    picture = _read_picture(path)
    height, width = picture.pixels.shape[:2]
    surface = Surface.from_image(from_rgba(picture.pixels))
    state = State(Rect(0, 0, width, height), (Layer(1, Kind.PIXELS, path.stem, surface),))
    if picture.resolution_dpi:
        state = state.changed(resolution=picture.resolution_dpi[0])
    return ReadDocument(state, 1, False, picture.notes)


def _read_picture(path: Path) -> ReadImage:
    """As ``read_image``; what is called a document and holds nothing that is known is a damaged one."""
    try:
        return read_image(path)
    except UnknownFileKind as error:
        if path.suffix.lower() in (NATIVE, *SUFFIXES):
            raise DamagedPicture(file=path.name) from error
        raise UnknownFileKind(**{**error.values, "known": f"OpenRaster, PSD, {error.values['known']}"}) from error


def write_document(path: Path, state: State, active_id: int | None = None) -> None:
    """Save in the native format. Raises ``DiskFull`` or ``FolderNotWritable``."""
    write_openraster(path, state, active_id)


def _top(state: State) -> int | None:
    return state.layers[-1].id if state.layers else None


def export_picture(path: Path, state: State, quality: int = 95) -> tuple[DocumentNote, ...]:
    """Write the canvas as it is seen, in the format that the suffix of ``path`` names; ``quality`` is 1 … 100.

    Formats of ``LAYERED`` also get the layers. Returns what the user should know. Raises what ``write_image`` and
    ``write_psd`` raise.
    """
    if path.suffix.lower() in SUFFIXES:
        return write_psd(path, state)
    pixels = to_rgba(Document(state).render())
    write_image(path, pixels, ImageOptions(quality=quality, resolution=state.resolution))
    return ()


def read_grey(path: Path) -> Pixels:
    """How light a picture is, height × width, 0 … 255; transparent is black. Raises what ``read_image`` raises."""
    straight = read_image(path).pixels.astype(np.float32)
    light = straight[..., :3] @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    return np.asarray(np.rint(light * straight[..., 3] / 255), np.uint8)


def write_grey(path: Path, pixels: Pixels) -> None:
    """Write height × width values as a picture. Raises what ``write_image`` raises."""
    write_image(path, np.dstack([pixels, pixels, pixels, np.full_like(pixels, 255)]))
