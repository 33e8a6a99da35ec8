"""Whole OpenRaster and Photoshop files to be damaged, and what opens them."""

from __future__ import annotations

import io
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from psd_tools.constants import ColorMode, Compression
from psd_tools.psd import PSD

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.surface import Surface
from kandinsky_studio.storage.openraster_reading import read_openraster
from kandinsky_studio.storage.openraster_writing import write_openraster
from kandinsky_studio.storage.psd_reading import read_psd
from kandinsky_studio.storage.psd_writing import write_psd

_LOCAL, _CENTRAL = b"PK\3\4", b"PK\1\2"


def openrasters() -> list[bytes]:
    """As we write them, and with everything stored, so that damage reaches the texts."""
    files = [_written(write_openraster, state, ".ora") for state in _states()]
    return files + [_repacked(file, zipfile.ZIP_STORED) for file in files]


def photoshops() -> list[bytes]:
    """PSD and PSB as we write them, and other packings, depths and colour modes."""
    ours = [_written(write_psd, state, suffix) for state in _states() for suffix in (".psd", ".psb")]
    return ours + [_remade(ours[0], *kind) for kind in _KINDS]


def open_openraster(data: bytes) -> object:
    return read_openraster(_on_disk(data))


def open_photoshop(data: bytes) -> object:
    return read_psd(_on_disk(data))


def right_archive(data: bytes) -> bytes:
    """A ZIP file whose stored files have the right checksums, and so have the PNG files among them."""
    from benchmarks.fuzzing import right_crcs

    whole = bytearray(data)
    at = whole.find(_CENTRAL)
    while 0 <= at <= len(whole) - 46:
        packing, size, start = (
            struct.unpack_from("<H", whole, at + 10)[0],
            struct.unpack_from("<I", whole, at + 20)[0],
            struct.unpack_from("<I", whole, at + 42)[0],
        )
        if packing == 0 and whole[start : start + 4] == _LOCAL and start + 30 <= len(whole):
            begin = start + 30 + sum(struct.unpack_from("<HH", whole, start + 26))
            content = bytes(whole[begin : begin + size])
            if len(content) == size:
                content = right_crcs(content) if content[:4] == b"\x89PNG" else content
                whole[begin : begin + size] = content
                struct.pack_into("<I", whole, start + 14, zlib.crc32(content))
                struct.pack_into("<I", whole, at + 16, zlib.crc32(content))
        at = whole.find(_CENTRAL, at + 46)
    return bytes(whole)


def _states() -> list[State]:
    """Small documents with everything in them that files can have."""
    layers = (
        _layer(1, 40, 30),
        _layer(2, 20, 20, 30, -5, opacity=0.5, mode=BlendMode.MULTIPLY),
        Layer(3, Kind.INPAINT, "anew", _mask(40, 30), grow=3),
        Layer(
            4,
            Kind.GROUP,
            "group",
            None,
            (_layer(5, 12, 12, mask=_mask(10, 10)), _layer(6, 10, 10, 4, 4, mode=BlendMode.SOURCE_ATOP)),
            mask=_mask(30, 20),
            isolated=False,
        ),
    )
    whole = State(Rect(0, 0, 40, 30), layers, _mask(20, 20), 300, {"a": "b"})
    far = State(Rect(3, 4, 16, 16), (_layer(1, 300, 4, -100, 0), _layer(2, 4, 4, 50_000, 0)))
    return [whole, far]


def _layer(id: int, width: int, height: int, x: int = 0, y: int = 0, **values: object) -> Layer:
    generator = np.random.default_rng(id)
    alpha = generator.integers(0, 256, (height, width, 1))
    colour = generator.integers(0, 256, (height, width, 3)) * alpha // 255
    pixels = np.concatenate([colour, alpha], -1).astype(np.uint8)
    return Layer(id, Kind.PIXELS, f"layer {id}", Surface.from_array(pixels, x, y), **values)  # type: ignore[arg-type]


def _mask(width: int, height: int) -> Surface:
    y, x = np.mgrid[:height, :width]
    return Surface.from_array(((x * 9 + y * 5) % 256).astype(np.uint8))


_KINDS = (
    (8, ColorMode.RGB, Compression.ZIP),
    (8, ColorMode.CMYK, Compression.ZIP_WITH_PREDICTION),
    (8, ColorMode.GRAYSCALE, Compression.RAW),
    (16, ColorMode.RGB, Compression.ZIP_WITH_PREDICTION),
    (16, ColorMode.LAB, Compression.RLE),
    (32, ColorMode.RGB, Compression.ZIP),
)


def _remade(data: bytes, depth: int, mode: ColorMode, packing: Compression) -> bytes:
    """The file with the same layers in another form; their colours get a meaning of their own."""
    psd = PSD.read(io.BytesIO(data))
    width, height = psd.header.width, psd.header.height
    psd.header.depth, psd.header.color_mode = depth, mode
    psd.header.channels = ColorMode.channels(mode)
    info = psd.layer_and_mask_information.layer_info
    assert info is not None
    for record, channels in zip(info.layer_records, info.channel_image_data, strict=True):
        for channel, (across, down) in zip(channels, record.channel_sizes, strict=True):
            if channel.data:
                content = channel.get_data(across, down, 8)
                channel.compression = packing
                channel.set_data(_deeper(content, depth), across, down, depth)
    psd.image_data.compression = packing
    psd.image_data.set_data([_deeper(bytes(width * height), depth)] * psd.header.channels, psd.header)
    file = io.BytesIO()
    psd.write(file)
    return file.getvalue()


def _deeper(content: bytes, depth: int) -> bytes:
    levels = np.frombuffer(content, np.uint8)
    if depth == 16:
        return (levels.astype(">u2") * 257).tobytes()
    return (levels.astype(">f4") / 255).astype(">f4").tobytes() if depth == 32 else content


def _repacked(data: bytes, packing: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", packing) as new:
        for info in old.infolist():
            new.writestr(zipfile.ZipInfo(info.filename), old.read(info), packing)
    return file.getvalue()


def _written(write: Callable[[Path, State], object], state: State, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        write(path, state)
        return path.read_bytes()


@cache
def _folder(process: int) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fuzzing-")


def _on_disk(data: bytes) -> Path:
    path = Path(_folder(os.getpid()).name) / "fuzzed"
    path.write_bytes(data)
    return path
