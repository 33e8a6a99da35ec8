"""Bombs, cut and damaged files: refused with a reason, in little memory, and never by another error."""

import io
import json
import os
import struct
import subprocess
import sys
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from benchmarks.fuzzing import KINDS, mutation, try_one
from kandinsky_studio.errors import (
    BrokenPicture,
    DamagedPicture,
    FileTooLarge,
    PictureCutShort,
    PictureTooLarge,
    StudioError,
    UnknownFileKind,
)
from kandinsky_studio.storage import image_png, image_reading
from kandinsky_studio.storage.image_files import MAX_SIDE, ImageOptions, open_from_bytes, read_image
from kandinsky_studio.storage.image_writing import encoded
from tests.storage.test_image_reading import tiff

SIZES = [(MAX_SIDE + 1, 1), (1, MAX_SIDE + 1), (30_000, 30_000), (16_383, 16_383)]
FORMATS = ["PNG", "JPEG", "WebP", "TIFF", "AVIF"]


def small(form: str) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 4), dtype=np.uint8)
    return encoded(pixels, form, ImageOptions(lossless=True))


def claiming(form: str, width: int, height: int) -> bytes:
    """A small file that says it is a picture of this size."""
    data = bytearray(small("WebP" if form.startswith("WebP") else form))
    if form == "PNG":
        data[16:24] = struct.pack(">II", width, height)
        data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    elif form == "JPEG":
        at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
        data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    elif form == "TIFF":
        for tag, value in ((256, width), (257, height)):
            at = data.index(struct.pack("<HHI", tag, 4, 1))
            data[at + 8 : at + 12] = value.to_bytes(4, "little")
    elif form == "AVIF":
        at = data.index(b"ispe")
        while at >= 0:  # of the colour, and of the alpha
            data[at + 8 : at + 16] = struct.pack(">II", width, height)
            at = data.find(b"ispe", at + 4)
    elif form == "BMP":
        data[:] = (
            b"BM"
            + struct.pack("<IHHI", 100, 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, *[0] * 6)
        )
    elif form == "GIF":
        data[:] = b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
    else:  # the first chunk of a WebP file: extended or lossless
        at = data.index(b"VP8X" if b"VP8X" in data else b"VP8L")
        if data[at : at + 4] == b"VP8X":
            data[at + 12 : at + 15] = (width - 1).to_bytes(3, "little")
            data[at + 15 : at + 18] = (height - 1).to_bytes(3, "little")
    return bytes(data)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", [*FORMATS, "GIF", "BMP"])
def test_a_picture_larger_than_a_document_is_refused_by_its_size(form, size):
    with pytest.raises(PictureTooLarge) as caught:
        open_from_bytes(claiming(form, *size), "bomb.png")
    assert caught.value.values == {"file": "bomb.png", "width": size[0], "height": size[1], "limit": MAX_SIDE}
    assert f"{size[0]} × {size[1]}" in str(caught.value)


@pytest.mark.parametrize("kind", [b"VP8L", b"VP8 "])
def test_a_plain_webp_file_larger_than_a_document(kind):
    body = (
        b"\x2f" + (16382 | 16382 << 14).to_bytes(4, "little")
        if kind == b"VP8L"
        else b"\0\0\0\x9d\1\x2a\xff\x3f\xff\x3f"
    )
    data = b"RIFF" + struct.pack("<I", 40) + b"WEBP" + kind + struct.pack("<I", len(body)) + body + bytes(20)
    with pytest.raises(PictureTooLarge, match="16383 × 16383"):
        open_from_bytes(data, "a")


@pytest.mark.parametrize("form", FORMATS)
def test_a_size_of_nothing(form):
    with pytest.raises(BrokenPicture):
        open_from_bytes(claiming(form, 0, 0) if form != "WebP" else small(form)[:20], "a")


@pytest.mark.parametrize("form", FORMATS)
def test_every_cut_is_refused(form):
    data = small(form)
    for length in [0, 1, 7, 11, *range(12, len(data) - 60, max(1, len(data) // 60))]:
        with pytest.raises(StudioError) as caught:
            open_from_bytes(data[:length], "a")
        assert isinstance(caught.value, (DamagedPicture, UnknownFileKind)), length


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WebP", "AVIF"])
def test_a_file_cut_in_the_middle_is_called_that(form):
    data = small(form)
    with pytest.raises(PictureCutShort, match="ends before the picture does"):
        open_from_bytes(data[: len(data) // 2], "a.png")


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.7", b"PK\3\4", bytes(1000), b"<svg/>", b"8BPS\0\1"])
def test_what_is_no_picture(data):
    with pytest.raises(UnknownFileKind) as caught:
        open_from_bytes(data, "a.png")
    assert caught.value.values["file"] == "a.png"
    assert "PNG, JPEG" in caught.value.remedy


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff", "avif", "gif", "bmp"])
def test_damaged_files_are_opened_or_refused(kind):
    seeds = KINDS[kind].seeds()
    outcomes = [try_one(KINDS[kind], mutation(seeds, number, KINDS[kind].repair)) for number in range(150)]
    assert not [outcome for outcome in outcomes if outcome[0] == "escaped"]
    assert {outcome[0] for outcome in outcomes} == {"opened", "refused"}


def test_the_fuzzer_sees_what_escapes():
    def fail(data: bytes) -> None:
        raise ZeroDivisionError

    assert try_one(type(KINDS["png"])(list, fail), b"")[0] == "escaped"


def test_a_long_file_is_refused_by_its_length(tmp_path, monkeypatch):
    monkeypatch.setattr(image_reading, "MAX_FILE", 3 << 20)
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(10 << 20)
    with pytest.raises(FileTooLarge) as caught:
        read_image(tmp_path / "a.png")
    assert caught.value.values == {"file": "a.png", "size": 10, "limit": 3}


def test_a_jpeg_file_of_endless_scans_is_refused():
    buffer = io.BytesIO()
    Image.new("L", (64, 64)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    last = data.rindex(b"\xff\xda")
    endless = data[:last] + data[last:-2] * 5000 + b"\xff\xd9"
    with pytest.raises(DamagedPicture):
        open_from_bytes(endless, "a")


def test_a_tiff_file_of_enormous_tiles_is_refused():
    with pytest.raises(DamagedPicture):
        open_from_bytes(tiff(np.zeros((4, 4, 3), np.uint8), {322: 1 << 20, 323: 16}), "a")


def test_two_at_a_time_do_not_mix(tmp_path):
    results: list[object] = []

    def read(colour: int) -> None:
        for _ in range(10):
            data = encoded(np.full((64, 64, 4), (colour, 0, 0, 255), np.uint8), "PNG", ImageOptions())
            results.append((open_from_bytes(data, "a").pixels == (colour, 0, 0, 255)).all())

    threads = [threading.Thread(target=read, args=(colour,)) for colour in (10, 20, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 30


MEMORY = """
import json, sys
from pathlib import Path
from kandinsky_studio.errors import StudioError
from kandinsky_studio.storage.image_files import open_from_bytes
import cv2

def peak():  # KB; the peak that getrusage tells may be that of the process which started this one
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

open_from_bytes(Path(sys.argv[1]).read_bytes(), "warm")
before = peak()
try:
    outcome = list(open_from_bytes(Path(sys.argv[2]).read_bytes(), "a").pixels.shape)
except StudioError as error:
    outcome = type(error).__name__
print(json.dumps([outcome, (peak() - before) // 1024]))
"""


def _in_a_process(tmp_path, data: bytes) -> tuple[object, int]:
    """What becomes of ``data`` in a process of its own, and by how many MB that grows it."""
    (tmp_path / "warm").write_bytes(small("PNG"))
    (tmp_path / "file").write_bytes(data)
    command = [sys.executable, "-c", MEMORY, str(tmp_path / "warm"), str(tmp_path / "file")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    outcome, megabytes = json.loads(done.stdout)
    return outcome, megabytes


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no such measure")
@pytest.mark.parametrize("form", [*FORMATS, "GIF", "BMP"])
def test_a_bomb_takes_no_memory(tmp_path, form):
    outcome, megabytes = _in_a_process(tmp_path, claiming(form, 16_000, 16_000))
    assert outcome == "PictureTooLarge"
    assert megabytes < 20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no such measure")
def test_bombs_beside_the_picture_take_no_memory(tmp_path):
    data = small("PNG")
    bomb = zlib.compress(bytes(300_000_000), 9)
    chunks = [(b"zTXt", b"a\0\0" + bomb), (b"iCCP", b"a\0\0" + bomb), (b"iTXt", b"a\0\1\0\0\0" + bomb)]
    hidden = data[:33] + b"".join(image_png.chunk(*chunk) for chunk in chunks) + data[33:]
    outcome, megabytes = _in_a_process(tmp_path, hidden)
    assert outcome == [48, 64, 4]
    assert megabytes < 60


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no such measure")
@pytest.mark.parametrize("deep", [False, True])
def test_a_picture_takes_a_known_multiple_of_its_memory(tmp_path, deep):
    width, height = MAX_SIDE, MAX_SIDE // 4
    row = b"\0" + bytes(width * (8 if deep else 4))
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 16 if deep else 8, 6, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", packed), (b"IEND", b"")]
    data = image_png.SIGNATURE + b"".join(image_png.chunk(*chunk) for chunk in chunks)
    outcome, megabytes = _in_a_process(tmp_path, data)
    assert outcome == [height, width, 4]
    pixels = width * height * 4 >> 20  # MB
    assert megabytes < pixels * (3 if deep else 2) + 60
