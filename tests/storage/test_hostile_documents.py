"""OpenRaster and Photoshop files that are out to do harm: refused with a reason, in little memory and time."""

import io
import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from benchmarks.fuzzing import KINDS, mutation, try_one
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.errors import (
    BrokenPicture,
    DamagedPicture,
    FileNotReadable,
    FileTooLarge,
    OutOfMemory,
    PictureCutShort,
    PictureTooLarge,
    StudioError,
    UnknownFileKind,
    UnreadableVariant,
)
from kandinsky_studio.storage import image_png, psd_reading
from kandinsky_studio.storage.documents import read_document
from kandinsky_studio.storage.openraster_reading import read_openraster
from kandinsky_studio.storage.openraster_writing import write_openraster
from kandinsky_studio.storage.psd_reading import read_psd
from tests.storage.documents import everything
from tests.storage.photoshop import RAW, RLE, ZIP, Sheet, built, mask_data
from tests.storage.test_openraster_foreign import png, read, written
from tests.storage.test_psd_foreign import planes

LAYER = '<layer src="data/a.png"/>'
LINUX = sys.platform.startswith("linux")


def bomb_png(width: int, height: int, colours: int = 6, bits: int = 8) -> bytes:
    """A small file with so many pixels, all of them transparent."""
    row = b"\0" + bytes(width * {0: 1, 6: 4}[colours] * bits // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", packed), (b"IEND", b"")]
    return image_png.SIGNATURE + b"".join(image_png.chunk(*chunk) for chunk in chunks)


def claiming(width: int, height: int) -> bytes:
    """A PNG file that says it has this size."""
    data = bytearray(png(8, 6))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


# ---------------------------------------------------------------------- OpenRaster


@pytest.mark.parametrize(
    "head", ['w="0" h="48"', 'w="64"', 'w="a" h="b"', 'w="-5" h="5"', f'w="{"9" * 5000}" h="1"', ""]
)
def test_sizes_that_are_none(folder, head):
    with pytest.raises(DamagedPicture):
        read(folder, LAYER, head=head)


@pytest.mark.parametrize("size", [(8193, 1), (1, 8193), (10**9, 10**9)])
def test_a_canvas_that_is_too_large(folder, size):
    with pytest.raises(PictureTooLarge) as caught:
        read(folder, LAYER, head=f'w="{size[0]}" h="{size[1]}"')
    assert caught.value.values["width"] == size[0]


@pytest.mark.parametrize(
    ("size", "error"),
    [((0, 6), DamagedPicture), ((2**31 - 1, 2**31 - 1), PictureTooLarge), ((40_000, 1), PictureTooLarge),
     ((20_000, 20_000), PictureTooLarge), ((800, 600), DamagedPicture)],
)  # fmt: skip
def test_a_layer_that_says_it_is_larger_than_it_is(folder, size, error):
    with pytest.raises(error):
        read(folder, LAYER, {"data/a.png": claiming(*size)})


@pytest.mark.parametrize("place", ['x="1e9"', 'y="-99999999"', 'x="inf"'])
def test_layers_that_lie_absurdly_far_away(folder, place):
    with pytest.raises(DamagedPicture):
        read(folder, f'<layer src="data/a.png" {place}/>')


def test_too_many_layers_and_too_deep_groups(folder):
    with pytest.raises(DamagedPicture):
        read(folder, LAYER * 2001)
    with pytest.raises(DamagedPicture):
        read(folder, "<stack>" * 70 + LAYER + "</stack>" * 70)
    assert len(read(folder, "<stack>" * 60 + LAYER + "</stack>" * 60).state.layers) == 1
    with pytest.raises(DamagedPicture):
        read(folder, "<x>" * 200_000 + "</x>" * 200_000 + "<stack>" * 70 + "</stack>" * 70)


ENTITIES = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "cp037"])
@pytest.mark.parametrize("declaration", [ENTITIES, OUTSIDE, ENTITIES.lower().replace("entity", "ENTITY")])
def test_entities_in_any_encoding(folder, declaration, encoding):
    path = folder / "a.ora"
    declared = f'<?xml version="1.0" encoding="{encoding.removesuffix("-le")}"?>'
    body = f'{declaration}<image w="64" h="48"><stack name="&b;">{LAYER}</stack></image>'
    text = declared.encode() + body.encode(encoding) if encoding == "cp037" else (declared + body).encode(encoding)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("stack.xml", text)
        archive.writestr("data/a.png", png(8, 6))
    with pytest.raises(DamagedPicture):
        read_openraster(path)


@pytest.mark.parametrize(
    "text", ["", "<", "<image/>", '<image w="9" h="9"/>', '<image w="9" h="9"><stack></image>', "\0" * 100, "x" * 100]
)
def test_texts_that_are_no_stack(folder, text):
    path = folder / "a.ora"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("stack.xml", text)
    with pytest.raises(DamagedPicture):
        read_openraster(path)


NAMES = [
    "../../x.png",
    "/etc/x.png",
    "C:\\x.png",
    "data/../../x.png",
    "data\\..\\x.png",
    "\\\\server\\x.png",
    "con.png",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_climb_out_are_only_names(tmp_path, folder, name):
    before = sorted(tmp_path.rglob("*"))
    path = written(folder / "a.ora", f'<layer src="{name}"/>', {name: png(8, 6)})
    assert len(read_openraster(path).state.layers) == 1
    path.unlink()
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(DamagedPicture):  # nor is anything beside the archive read
        read(folder, '<layer src="/etc/passwd"/>')


def test_names_that_are_there_twice_and_links(folder):
    path = folder / "a.ora"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("stack.xml", f'<image w="64" h="48"><stack>{LAYER}</stack></image>')
        archive.writestr("data/a.png", png(8, 6))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("data/a.png", png(8, 6, (0, 255, 0, 255)))
        link = zipfile.ZipInfo("data/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert len(read_openraster(path).state.layers) == 1
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("stack.xml", '<image w="64" h="48"><stack><layer src="data/link.png"/></stack></image>')
    assert read_openraster(path).notes  # the link is no picture


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_nobody_uses(folder, packing):
    path = folder / "a.ora"
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("stack.xml", f'<image w="64" h="48"><stack>{LAYER}</stack></image>')
    with pytest.raises(UnreadableVariant):
        read_openraster(path)


def patched(path: Path, offset: int, value: int, central: int, size: str = "<H") -> None:
    """Write ``value`` into the head of the last file of the archive, and into the list of files."""
    data = bytearray(path.read_bytes())
    struct.pack_into(size, data, data.rindex(b"PK\3\4") + offset, value)
    struct.pack_into(size, data, data.rindex(b"PK\1\2") + central, value)
    path.write_bytes(data)


@pytest.mark.parametrize(("flag", "error"), [(1, UnreadableVariant), (0x40, UnreadableVariant), (0x20, DamagedPicture)])
def test_passwords_and_patches(folder, flag, error):
    path = written(folder / "a.ora", LAYER, {"data/a.png": png(8, 6)})
    patched(path, 6, flag, 8)
    with pytest.raises(error):
        read_openraster(path)


@pytest.mark.parametrize(
    ("offset", "central", "size", "value"),
    [(14, 16, "<I", 12345), (18, 20, "<I", 5), (22, 24, "<I", 5), (22, 24, "<I", 2**31), (26, 28, "<H", 9999)],
)
def test_wrong_checksums_and_lengths(folder, offset, central, size, value):
    path = written(folder / "a.ora", LAYER, {"data/a.png": png(8, 6)})
    patched(path, offset, value, central, size)
    with pytest.raises(DamagedPicture):
        read_openraster(path)


def test_files_that_lie_over_one_another(folder):
    """One bomb, and a list that has it again and again."""
    path = written(
        folder / "a.ora", "".join(f'<layer src="{n:03}"/>' for n in range(90)), {"000": bomb_png(8192, 8192)}
    )
    data = bytearray(path.read_bytes())
    start, end = data.rindex(b"PK\1\2"), data.rindex(b"PK\5\6")
    entry, tail = bytes(data[start:end]), bytearray(data[end:])
    more = b"".join(entry.replace(b"000", f"{number:03}".encode()) for number in range(1, 90))
    count = struct.unpack_from("<H", tail, 8)[0] + 89
    struct.pack_into("<HHI", tail, 8, count, count, struct.unpack_from("<I", tail, 12)[0] + len(more))
    path.write_bytes(bytes(data[:end]) + more + bytes(tail))
    with pytest.raises((DamagedPicture, OutOfMemory)):
        read_openraster(path)


def test_an_endless_list_of_files(folder):
    path = folder / "a.ora"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(10_050):
            archive.writestr(f"{number}", b"")
    with pytest.raises(DamagedPicture):
        read_openraster(path)


def test_cut_archives(folder):
    path = folder / "a.ora"
    write_openraster(path, everything())
    data = path.read_bytes()
    for length in (4, 30, 100, len(data) // 2, len(data) - 5):
        path.write_bytes(data[:length])
        with pytest.raises(PictureCutShort):
            read_openraster(path)


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\3\4", b"PK\5\6" + bytes(18), b"8BP", b"hello", bytes(100)])
def test_what_is_neither(folder, data):
    (folder / "a").write_bytes(data)
    with pytest.raises((UnknownFileKind, BrokenPicture)):
        read_document(folder / "a")
    with pytest.raises((UnknownFileKind, BrokenPicture)):
        read_openraster(folder / "a")
    with pytest.raises(UnknownFileKind):
        read_psd(folder / "a")


def test_other_archives_are_no_openraster(folder):
    with zipfile.ZipFile(folder / "a.docx", "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    with pytest.raises(UnknownFileKind):
        read_document(folder / "a.docx")


def test_folders_and_files_that_are_not_there(folder):
    for reader in (read_openraster, read_psd, read_document):
        for path in (folder, folder / "none"):
            with pytest.raises(FileNotReadable):
                reader(path)


# ---------------------------------------------------------------------- Photoshop


def opened(folder: Path, data: bytes) -> object:
    (folder / "a.psd").write_bytes(data)
    return read_psd(folder / "a.psd")


def whole() -> bytes:
    mask = mask_data(Rect(5, 6, 20, 10), 0)
    sheets = [Sheet(planes(), name="a"), Sheet(divider=3), Sheet(planes(2), mask=mask), Sheet(divider=1)]
    sheets[2].masks = {-2: np.zeros((10, 20), np.uint8)}
    return built(40, 30, sheets, packing=RLE)


def head(**changes: int) -> bytes:
    data = bytearray(whole())
    places = {"version": (4, ">H"), "channels": (12, ">H"), "height": (14, ">I"), "width": (18, ">I")}
    places |= {"depth": (22, ">H"), "mode": (24, ">H")}
    for name, value in changes.items():
        struct.pack_into(places[name][1], data, places[name][0], value)
    return bytes(data)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"width": 0}, DamagedPicture),
        ({"version": 3}, DamagedPicture),
        ({"channels": 0}, DamagedPicture),
        ({"channels": 57}, DamagedPicture),
        ({"width": 8193}, PictureTooLarge),
        ({"height": 2**31}, PictureTooLarge),
        ({"depth": 24}, UnreadableVariant),
        ({"mode": 7}, UnreadableVariant),
        ({"mode": 99}, UnreadableVariant),
        ({"mode": 2}, DamagedPicture),
    ],
)
def test_heads_of_photoshop_files(folder, changes, error):
    with pytest.raises(error):
        opened(folder, head(**changes))


def test_every_cut_is_refused_or_loses_nothing(folder):
    data = whole()
    layers = data.rindex(b"8BIM")  # from there on it is pixels, and the picture that is not needed
    for length in [*range(0, layers, 31), *range(layers, len(data) - 3000, 97)]:
        with pytest.raises((PictureCutShort, DamagedPicture, UnknownFileKind)):
            opened(folder, data[:length])


@pytest.mark.parametrize("edges", [(0, 0, 2**31 - 1, 2**31 - 1), (-(2**31), 0, 30, 40), (0, 0, 30_000, 30_000)])
def test_absurd_rectangles(folder, edges):
    data = bytearray(whole())
    at = data.index(struct.pack(">4iH", 0, 0, 30, 40, 4))
    struct.pack_into(">4i", data, at, *edges)
    with pytest.raises((PictureTooLarge, DamagedPicture, OutOfMemory)):
        opened(folder, bytes(data))
    at = data.index(struct.pack(">4iB", 6, 5, 16, 25, 0))
    struct.pack_into(">4i", data, at, *edges)
    with pytest.raises((PictureTooLarge, DamagedPicture, OutOfMemory)):
        opened(folder, bytes(data))


def test_too_many_layers_and_too_deep_groups_of_photoshop(folder):
    with pytest.raises(DamagedPicture):
        opened(folder, built(9, 9, [Sheet()] * 4100))
    with pytest.raises(DamagedPicture):
        opened(folder, built(9, 9, [Sheet(divider=3)] * 70 + [Sheet(divider=1)] * 70))
    with pytest.raises(DamagedPicture):
        opened(folder, built(9, 9, [Sheet(divider=1)]))


@pytest.mark.parametrize("count", [2**15 - 1, -(2**15)])
def test_more_layers_are_said_than_there_are(folder, count):
    data = bytearray(whole())
    at = data.index(struct.pack(">4iH", 0, 0, 30, 40, 4)) - 2
    struct.pack_into(">h", data, at, count)
    with pytest.raises(DamagedPicture):
        opened(folder, bytes(data))


@pytest.mark.parametrize("packing", [RAW, RLE, ZIP])
def test_channels_that_are_too_short(folder, packing):
    small = built(40, 30, [Sheet(planes())], packing=packing)
    data = bytearray(small)
    at = data.index(struct.pack(">4iH", 0, 0, 30, 40, 4))
    struct.pack_into(">4i", data, at, 0, 0, 3000, 4000)
    with pytest.raises(StudioError) as caught:
        opened(folder, bytes(data))
    assert isinstance(caught.value, BrokenPicture)


def test_long_photoshop_files_are_refused_by_their_length(folder, monkeypatch):
    monkeypatch.setattr(psd_reading, "MAX_FILE", 1000)
    with pytest.raises(FileTooLarge):
        opened(folder, whole())


def test_blocks_in_blocks(folder):
    descriptor = b""
    for _ in range(2000):
        descriptor = struct.pack(">I", 0) + b"\0\0\0\0null" + struct.pack(">II", 1, 0) + b"aaaaObjc" + descriptor
    sheet = Sheet(planes(), blocks=[(b"lfx2", struct.pack(">II", 0, 16) + descriptor)])
    with pytest.raises(DamagedPicture):
        opened(folder, built(40, 30, [sheet]))


# ---------------------------------------------------------------------- memory, time, and damage of all kinds


LIMITED = """
import json, resource, sys
from pathlib import Path
from kandinsky_studio.errors import StudioError
from kandinsky_studio.storage.documents import read_document
def peak():  # of this process; what getrusage says begins with the peak of the process that started it
    return next(int(line.split()[1]) for line in Path("/proc/self/status").open() if line.startswith("VmHWM"))
for warm in sys.argv[2:]:
    read_document(Path(warm))
resource.setrlimit(resource.RLIMIT_AS, (1_300_000_000, 1_300_000_000))
before = peak()
try:
    outcome = str(len(read_document(Path(sys.argv[1])).state.layers))
except StudioError as error:
    outcome = type(error).__name__
grown = (peak() - before) // 1024
print(json.dumps([outcome, grown]))
"""


def limited(folder: Path, path: Path) -> tuple[str, int]:
    """What becomes of a file in a process with little memory, and by how many MB that grows it."""
    warm = [written(folder / "warm.ora", LAYER, {"data/a.png": png(8, 6)}), folder / "warm.psd"]
    warm[1].write_bytes(whole())
    command = [sys.executable, "-c", LIMITED, str(path), *map(str, warm)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    outcome, megabytes = json.loads(done.stdout)
    return outcome, megabytes


def texts_of_bombs(folder: Path) -> Path:
    path = folder / "a.ora"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("stack.xml", "<image>" + " " * 300_000_000)
    return path


def zeros_beside(folder: Path) -> Path:
    path = written(folder / "b.ora", LAYER, {"data/a.png": png(8, 6)[:33]})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("stack.xml", f'<image w="64" h="48"><stack>{LAYER}</stack></image>')
        archive.writestr("data/a.png", png(8, 6) + bytes(300_000_000))
    return path


def many_elements(folder: Path) -> Path:
    path = folder / "c.ora"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("stack.xml", '<image w="9" h="9"><stack>' + "<a/>" * 1_900_000 + "</stack></image>")
    return path


def many_extras(folder: Path) -> Path:
    path = folder / "d.ora"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("stack.xml", f'<image w="64" h="48"><stack>{LAYER}</stack></image>')
        archive.writestr("data/a.png", png(8, 6))
        elements = ",".join(f'"{number}":{{}}' for number in range(600_000))
        archive.writestr("kandinsky-studio/document.json", '{"version":1,"elements":{' + elements + '},"beside":[]}')
    return path


def layers_of_nothing(folder: Path) -> Path:
    return written(folder / "e.ora", LAYER * 500, {"data/a.png": bomb_png(16_384, 16_384, 0)})


def photoshop_of_nothing(folder: Path) -> Path:
    path = folder / "f.psd"
    data = bytearray(built(40, 30, [Sheet(planes(), name="a")] * 3, packing=ZIP))
    at = -1
    edges = struct.pack(">4iH", 0, 0, 30, 40, 4)
    while (at := data.find(edges, at + 1)) >= 0:
        struct.pack_into(">4i", data, at, 0, 0, 16_000, 16_000)
    path.write_bytes(data)
    return path


def long_list(folder: Path) -> Path:
    path = folder / "g.ora"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(65_000):
            archive.writestr(f"{number}" * 60, b"")
    path.write_bytes(buffer.getvalue())
    return path


def endless_chunk(folder: Path) -> Path:
    data = bytearray(png(8, 6))
    data[33:33] = (2**31 - 100).to_bytes(4, "big") + b"teXt" + bytes(20)
    again = data[: data.index(b"IDAT") - 4]  # also behind what can be seen at once
    later = png(8, 6).replace(b"\0\0\0\0IEND", (2**31 - 100).to_bytes(4, "big") + b"teXt" + bytes(20))
    files = {"data/a.png": bytes(data), "data/b.png": bytes(again), "data/c.png": later}
    return written(folder / "h.ora", "".join(f'<layer src="{name}"/>' for name in reversed(files)), files)


BOMBS = [
    endless_chunk,
    texts_of_bombs,
    zeros_beside,
    many_elements,
    many_extras,
    layers_of_nothing,
    photoshop_of_nothing,
    long_list,
]


@pytest.mark.skipif(not LINUX, reason="there is no such measure")
@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_take_little_memory(folder, bomb):
    outcome, megabytes = limited(folder, bomb(folder))
    assert outcome in ("DamagedPicture", "PictureTooLarge", "OutOfMemory", "0", "1")
    assert megabytes < 350


@pytest.mark.parametrize("kind", ["ora", "psd"])
def test_damaged_documents_are_opened_or_refused(kind, tmp_path, monkeypatch):
    seeds = KINDS[kind].seeds()
    monkeypatch.chdir(tmp_path)
    outcomes = [try_one(KINDS[kind], mutation(seeds, number, KINDS[kind].repair)) for number in range(250)]
    assert not [outcome for outcome in outcomes if outcome[0] == "escaped"]
    assert {outcome[0] for outcome in outcomes} == {"opened", "refused"}
    assert not [path for path in tmp_path.iterdir() if path.name not in ("home", "xdg")]
