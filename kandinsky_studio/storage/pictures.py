"""Picture files that say how they were made.

A PNG file of ours carries two texts: ``kandinsky_studio`` (JSON: the request and what it ran on; what this program
reads) and ``parameters`` (what other programs read). JPEG and WebP carry the same two in EXIF, as MakerNote and
UserComment.

The pictures that a request was made from lie in a PNG file beside those texts, in chunks ``ksIn`` of their own, each as
a PNG file: the 32 bytes of the raster's digest and a piece of the file, in order. A text of megabytes would be read by
every program that shows the picture, and refused by some. EXIF has no room for them.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, PngImagePlugin

from kandinsky_studio import __version__
from kandinsky_studio.engine.raster import MAX_PIXELS, UNREADABLE, Raster
from kandinsky_studio.engine.request import Embedding, GenerationRequest, GenerationResult, Pixels
from kandinsky_studio.errors import BrokenPicture, FolderNotWritable, NewerFile, NoRequestInPicture
from kandinsky_studio.storage.durable import write_file
from kandinsky_studio.storage.parameters import parameters_text

RECORD_KEY = "kandinsky_studio"
PARAMETERS_KEY = "parameters"
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
"""Suffixes of files that can be exported and read, and Pillow's names of their formats."""

_INPUTS = b"ksIn"  # by the cases of its letters: can be skipped, private, safe to copy
_DIGEST_SIZE = 32  # bytes
_PIECE = 4_000_000  # bytes; libpng, by default, complains about chunks of twice that
_MAKER_NOTE_HEAD = RECORD_KEY.encode() + b"\0"
_MAX_EXIF = 65_000  # bytes; a JPEG segment holds 65533 with its own head
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

    def to_json(self, with_embedding: bool = True, with_pixels: bool = True) -> dict[str, Any]:
        """A dictionary of JSON values. The embedding is rounded to float16 and goes in as base64.

        Without pixels, the arrays of the request are absent in what is read back.
        """
        values: dict[str, Any] = {
            "request": self.request.to_json(with_pixels),
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
    """Write ``result`` to ``path`` as a lossless PNG file with its whole record, inputs too; returns that record.

    The file is there whole or not at all, and survives a power cut once this returns. Raises ``DiskFull`` or
    ``FolderNotWritable``.
    """
    record = Record.of(result, created)
    texts = PngImagePlugin.PngInfo()
    # ASCII, so that even a half surrogate pasted into the prompt comes back as it was.
    texts.add_itxt(RECORD_KEY, json.dumps(record.to_json(with_pixels=False)))
    texts.add_itxt(PARAMETERS_KEY, _encodable(parameters_text(record.request, f"Kandinsky Studio {record.version}")))
    for raster in dict.fromkeys(raster for raster in record.request.rasters() if raster.present):
        _add_input(texts, raster)
    buffer = io.BytesIO()
    Image.fromarray(result.image).save(buffer, "PNG", pnginfo=texts)
    write_file(path, buffer.getvalue())
    return record


def save(path: Path, result: GenerationResult, quality: int = 95) -> None:
    """Write ``result`` to ``path`` in the format of its suffix. Raises as :func:`save_png` and :func:`export` do."""
    if path.suffix.lower() == ".png":
        save_png(path, result)
        return
    with tempfile.TemporaryDirectory() as folder:
        lossless = Path(folder) / "picture.png"
        save_png(lossless, result)
        export(lossless, path, quality)


def read_request(path: Path) -> GenerationRequest:
    """The request that made the picture at ``path``, with its pictures as far as the file holds them.

    Raises as :func:`read_record` does.
    """
    return read_record(path, with_pixels=True)[0].request


def read_record(path: Path, with_pixels: bool = False) -> tuple[Record, tuple[int, int]]:
    """What the picture at ``path`` says about itself, and its width and height. Decodes no pixels of its own.

    ``with_pixels`` brings the pictures of the request, which are absent otherwise, and in files that do not hold them.
    Raises ``BrokenPicture`` if it is no picture, ``NoRequestInPicture`` if another program wrote it, ``NewerFile``
    if a newer version of this one did.
    """
    with _opened(path) as image:
        size = image.size
        text = _record_text(image)
        inputs = _inputs(image) if with_pixels else {}
    if text is None:
        raise NoRequestInPicture(file=path.name)
    try:
        return _parsed(text, path.name, inputs), size
    except _NO_RECORD as error:
        raise NoRequestInPicture(file=path.name) from error


def read_pixels(path: Path) -> Pixels:
    """The pixels of the PNG, JPEG or WebP file at ``path``, uint8 (height, width, 3). Raises ``BrokenPicture``."""
    with _opened(path) as image:
        return np.array(image.convert("RGB"))


def read_array(path: Path) -> npt.NDArray[np.uint8]:
    """The PNG, JPEG or WebP file at ``path`` with the channels it has, for what alpha or grey mean something.

    uint8, (height, width) if it is grey or black and white, (height, width, 4) if it has any transparency, else
    (height, width, 3); turned upright if a camera says that it lies on its side. Raises ``BrokenPicture``.
    """
    with _opened(path) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I"):  # 16 bits a pixel; Pillow would cut off what is brighter than 255
            levels = np.clip(np.asarray(upright, np.int64), 0, 65535)
            return ((levels + 128) // 257).astype(np.uint8)
        if upright.has_transparency_data:
            return np.array(upright.convert("RGBA"))
        return np.array(upright.convert("L" if upright.mode in ("1", "L") else "RGB"))


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
    except UNREADABLE as error:
        raise BrokenPicture(file=path.name) from error


def _record_text(image: Image.Image) -> str | None:
    if image.format == "PNG":
        text = image.info.get(RECORD_KEY)
        return str(text) if isinstance(text, str) else None
    note = image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.MakerNote)
    if isinstance(note, bytes) and note.startswith(_MAKER_NOTE_HEAD):
        return note.removeprefix(_MAKER_NOTE_HEAD).decode("utf-8")
    return None


def _parsed(text: str, file: str, inputs: Mapping[str, bytes] | None = None) -> Record:
    """The record in ``text``; its rasters are absent unless the text or ``inputs``, by digest, hold their PNG files."""
    values = json.loads(text)
    request = values.get("request") if isinstance(values, dict) else None
    if inputs and isinstance(request, dict):
        left = dict(inputs)  # each goes in once, wherever it is named: a request shares what it holds
        slots = request.get("slots")
        for holder in (request, *(slots if isinstance(slots, list) else ())):
            for raster in holder.values() if isinstance(holder, dict) else ():
                if isinstance(raster, dict) and (content := left.pop(str(raster.get("sha256")), None)) is not None:
                    raster["png"] = base64.b64encode(content).decode("ascii")
    return Record.from_json(values, file)


def _add_input(chunks: PngImagePlugin.PngInfo, raster: Raster) -> None:
    """Put the PNG file of ``raster`` among ``chunks``."""
    content = base64.b64decode(raster.to_json()["png"])
    for start in range(0, len(content), _PIECE):
        chunks.add(_INPUTS, bytes.fromhex(raster.digest) + content[start : start + _PIECE])


def _inputs(image: Image.Image) -> dict[str, bytes]:
    """The PNG files of the rasters that came with a picture, by digest."""
    pieces: dict[str, list[bytes]] = {}
    for kind, content, *_ in getattr(image, "private_chunks", ()):
        if kind == _INPUTS:
            pieces.setdefault(content[:_DIGEST_SIZE].hex(), []).append(content[_DIGEST_SIZE:])
    return {digest: b"".join(parts) for digest, parts in pieces.items()}


def _exif(record_text: str | None) -> bytes:
    """The EXIF block of a picture with this record; as much of it as fits, empty if there is no record."""
    try:
        record = _parsed(record_text or "", "")
    except (*_NO_RECORD, NewerFile):
        return b""
    compact = json.dumps(record.to_json(with_embedding=False, with_pixels=False), ensure_ascii=False)
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
