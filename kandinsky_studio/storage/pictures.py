"""Picture files that say how they were made.

A PNG file of ours carries two texts: ``kandinsky_studio`` (JSON: the request and what it ran on; what this program
reads) and ``parameters`` (what other programs read). JPEG and WebP carry the same two in EXIF, as MakerNote and
UserComment.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, PngImagePlugin

from kandinsky_studio import __version__
from kandinsky_studio.engine.request import Embedding, GenerationRequest, GenerationResult, Pixels
from kandinsky_studio.errors import BrokenPicture, FolderNotWritable, NewerFile, NoRequestInPicture
from kandinsky_studio.storage.durable import write_file
from kandinsky_studio.storage.parameters import parameters_text

RECORD_KEY = "kandinsky_studio"
PARAMETERS_KEY = "parameters"
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
"""Suffixes of files that can be exported and read, and Pillow's names of their formats."""

MAX_PIXELS = 80_000_000
"""The largest picture that is opened; a small file can claim to be one that fills the memory."""

_MAKER_NOTE_HEAD = RECORD_KEY.encode() + b"\0"
_MAX_EXIF = 65_000  # bytes; a JPEG segment holds 65533 with its own head
_UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,  # Pillow's word for a broken PNG file
    EOFError,
    IndexError,
    OverflowError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
_NO_RECORD = (ValueError, TypeError, KeyError, binascii.Error, RecursionError)


@dataclass(frozen=True, eq=False)
class Record:
    """What a picture file says about itself; fields as in ``GenerationResult``. ``created`` is an aware time."""

    request: GenerationRequest
    created: datetime
    timings: Mapping[str, float] = field(default_factory=dict)
    device: str = ""
    dtype: str = ""
    weights: str = ""
    version: str = ""
    image_embeds: Embedding | None = None

    @classmethod
    def of(cls, result: GenerationResult, created: datetime | None = None) -> Record:
        """The record of ``result``, made at ``created`` (now, if it is not given)."""
        return cls(
            request=result.request,
            created=created or datetime.now(UTC),
            timings=dict(result.timings),
            device=result.device,
            dtype=result.dtype,
            weights=result.weights,
            version=__version__,
            image_embeds=result.image_embeds,
        )

    def to_json(self, with_embedding: bool = True) -> dict[str, Any]:
        """A dictionary of JSON values. The embedding is rounded to float16 and goes in as base64."""
        values: dict[str, Any] = {
            "request": self.request.to_json(),
            "created": self.created.astimezone(UTC).isoformat(),
            "timings": {stage: round(float(seconds), 4) for stage, seconds in self.timings.items()},
            "device": self.device,
            "dtype": self.dtype,
            "weights": self.weights,
            "version": self.version,
        }
        if with_embedding and self.image_embeds is not None:
            values["image_embeds"] = base64.b64encode(embedding_bytes(self.image_embeds)).decode("ascii")
        return values

    @classmethod
    def from_json(cls, values: Any, file: str = "") -> Record:
        """What :meth:`to_json` wrote. Raises ``NewerFile``, ``ValueError`` or ``TypeError``."""
        if not isinstance(values, dict):
            raise ValueError("not a record")
        created = datetime.fromisoformat(_text(values, "created"))
        timings = values.get("timings", {})
        embedding = values.get("image_embeds")
        if not isinstance(timings, dict) or created.tzinfo is None:
            raise ValueError("not a record")
        return cls(
            request=GenerationRequest.from_json(values.get("request", {}), file),
            created=created,
            timings={str(stage): float(seconds) for stage, seconds in timings.items()},
            device=_text(values, "device"),
            dtype=_text(values, "dtype"),
            weights=_text(values, "weights"),
            version=_text(values, "version"),
            image_embeds=None
            if embedding is None
            else embedding_from_bytes(base64.b64decode(embedding, validate=True)),
        )


def save_png(path: Path, result: GenerationResult, created: datetime | None = None) -> Record:
    """Write ``result`` to ``path`` as a lossless PNG file with its whole record; returns that record.

    The file is there whole or not at all, and survives a power cut once this returns. Raises ``DiskFull`` or
    ``FolderNotWritable``.
    """
    record = Record.of(result, created)
    texts = PngImagePlugin.PngInfo()
    # ASCII, so that even a half surrogate pasted into the prompt comes back as it was.
    texts.add_itxt(RECORD_KEY, json.dumps(record.to_json()))
    texts.add_itxt(PARAMETERS_KEY, _encodable(parameters_text(record.request, f"Kandinsky Studio {record.version}")))
    buffer = io.BytesIO()
    Image.fromarray(result.image).save(buffer, "PNG", pnginfo=texts)
    write_file(path, buffer.getvalue())
    return record


def read_request(path: Path) -> GenerationRequest:
    """The request that made the picture at ``path``. Raises as :func:`read_record` does."""
    return read_record(path)[0].request


def read_record(path: Path) -> tuple[Record, tuple[int, int]]:
    """What the picture at ``path`` says about itself, and its width and height. Decodes no pixels.

    Raises ``BrokenPicture`` if it is no picture, ``NoRequestInPicture`` if another program wrote it, ``NewerFile``
    if a newer version of this one did.
    """
    with _opened(path) as image:
        size = image.size
        text = _record_text(image)
    if text is None:
        raise NoRequestInPicture(file=path.name)
    try:
        return _parsed(text, path.name), size
    except _NO_RECORD as error:
        raise NoRequestInPicture(file=path.name) from error


def read_pixels(path: Path) -> Pixels:
    """The pixels of the PNG, JPEG or WebP file at ``path``, uint8 (height, width, 3). Raises ``BrokenPicture``."""
    with _opened(path) as image:
        return np.array(image.convert("RGB"))


def is_whole_png(path: Path) -> bool:
    """Whether the file begins as a PNG file and ends as one; a copy that was cut short does not."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
            file.seek(-8, os.SEEK_END)
            return head == b"\x89PNG\r\n\x1a\n" and file.read(4) == b"IEND"
    except OSError:
        return False


def export(source_png: Path, path: Path, quality: int = 95) -> None:
    """Write the picture at ``source_png`` to ``path`` as PNG, JPEG or WebP, as the suffix of ``path`` says.

    All three keep the request. ``quality`` (1…100) is for JPEG and WebP. Raises ``BrokenPicture``, ``DiskFull``,
    ``FolderNotWritable``; ``ValueError`` for another suffix.
    """
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise ValueError(f"no format ends in {path.suffix!r}")
    with _opened(source_png) as image:
        if form == image.format == "PNG":
            content = source_png.read_bytes()
        else:
            buffer = io.BytesIO()
            image.convert("RGB").save(buffer, form, quality=quality, exif=_exif(_record_text(image)))
            content = buffer.getvalue()
    write_file(path, content)


def check_writable(folder: Path) -> None:
    """Raise ``FolderNotWritable`` or ``DiskFull`` unless a file can be written into ``folder``."""
    probe = folder / ".writable"
    write_file(probe, b"1")
    try:
        probe.unlink()
    except OSError as error:
        raise FolderNotWritable(folder=folder) from error


def embedding_bytes(embedding: Embedding) -> bytes:
    """``embedding`` as little-endian float16."""
    return embedding.astype("<f2").tobytes()


def embedding_from_bytes(content: bytes) -> Embedding:
    """What :func:`embedding_bytes` made, as float32 (dimensions,)."""
    return np.frombuffer(content, dtype="<f2").astype(np.float32)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The picture at ``path``, its size checked; whatever Pillow raises becomes ``BrokenPicture``."""
    try:
        with Image.open(path, formats=sorted(set(FORMATS.values()))) as image:
            if image.width * image.height > MAX_PIXELS:
                raise BrokenPicture(file=path.name)
            yield image
    except _UNREADABLE as error:
        raise BrokenPicture(file=path.name) from error


def _record_text(image: Image.Image) -> str | None:
    if image.format == "PNG":
        text = image.info.get(RECORD_KEY)
        return str(text) if isinstance(text, str) else None
    note = image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.MakerNote)
    if isinstance(note, bytes) and note.startswith(_MAKER_NOTE_HEAD):
        return note.removeprefix(_MAKER_NOTE_HEAD).decode("utf-8")
    return None


def _parsed(text: str, file: str) -> Record:
    return Record.from_json(json.loads(text), file)


def _exif(record_text: str | None) -> bytes:
    """The EXIF block of a picture with this record; as much of it as fits, empty if there is no record."""
    try:
        record = _parsed(record_text or "", "")
    except (*_NO_RECORD, NewerFile):
        return b""
    compact = json.dumps(record.to_json(with_embedding=False), ensure_ascii=False)
    parameters = parameters_text(record.request, f"Kandinsky Studio {record.version}")
    note: dict[int, bytes] = {ExifTags.Base.MakerNote: _MAKER_NOTE_HEAD + _encodable(compact).encode("utf-8")}
    comment: dict[int, bytes] = {ExifTags.Base.UserComment: b"UNICODE\0" + _encodable(parameters).encode("utf-16-be")}
    for texts in (note | comment, note):
        exif = Image.Exif()
        exif[ExifTags.Base.Software] = f"Kandinsky Studio {__version__}"
        exif.get_ifd(ExifTags.IFD.Exif).update(texts)
        if len(block := exif.tobytes()) <= _MAX_EXIF:
            return block
    return b""


def _encodable(text: str) -> str:
    """``text`` without the half surrogates that UTF-8 can't write."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key, "")
    if not isinstance(value, str):
        raise TypeError(f"{key} is {value!r}")
    return value
