"""Layers are read the fast way where their files are as we pack them, and come out the same as from other decoders."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fuzzing import mutation, right_crcs
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import Depth, Pixels, Surface
from kandinsky_studio.errors import StudioError
from kandinsky_studio.storage import png_rows
from kandinsky_studio.storage.image_png import SIGNATURE, chunk
from kandinsky_studio.storage.openraster_pictures import fill
from kandinsky_studio.storage.openraster_writing import write_openraster
from kandinsky_studio.storage.png_rows import GREY, RGBA, Unusual
from tests.storage.documents import everything, soft

NONE, SUB, UP, AVERAGE, PAETH = range(5)


def straight(seed: int, width: int, height: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)


def filtered(pixels: Pixels, filters: list[int]) -> bytes:
    """The rows as PNG has them; row n by filter n of ``filters``, which are none, sub or up."""
    lines = pixels.reshape(len(pixels), -1)
    step = pixels[0, 0].size
    rows = []
    for number, line in enumerate(lines):
        how = filters[number % len(filters)]
        before = np.zeros_like(line)
        if how == SUB:
            before[step:] = line[:-step]
        elif how == UP and number:
            before = lines[number - 1]
        rows.append(bytes([how]) + (line - before).tobytes())
    return b"".join(rows)


def png(
    pixels: Pixels,
    filters: list[int],
    pack: Callable[[bytes], bytes] = zlib.compress,
    piece: int = 1 << 30,
    beside: bytes = b"",
    interlaced: int = 0,
) -> bytes:
    kind = RGBA if pixels.ndim == 3 else GREY
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, kind, 0, 0, interlaced)
    packed = pack(filtered(pixels, filters))
    parts = [chunk(b"IDAT", packed[at : at + piece]) for at in range(0, len(packed), piece)]
    return b"".join([SIGNATURE, chunk(b"IHDR", head), beside, *parts, chunk(b"IEND", b"")])


def read(data: bytes, like: Pixels, heights: list[int] | None = None) -> Pixels:
    height, width = like.shape[:2]
    kind = RGBA if like.ndim == 3 else GREY
    return np.concatenate([band.copy() for band in png_rows.bands(data, kind, width, height, heights or [height])])


@pytest.mark.parametrize("filters", [[NONE], [UP], [UP, NONE, UP, UP]])
@pytest.mark.parametrize("piece", [1, 7, 1 << 30])
def test_rows_come_back(filters, piece):
    for pixels in (straight(1, 13, 21), soft(2, 13, 21), straight(3, 1, 21), soft(4, 13, 1)[:, :1]):
        data = png(pixels, filters, piece=piece)
        assert np.array_equal(read(data, pixels), pixels)
        heights = [1, len(pixels) - 1] if len(pixels) > 1 else [1]
        assert np.array_equal(read(data, pixels, heights), pixels)


def test_a_band_may_be_higher_than_the_one_before(folder):
    pixels = straight(1, 5, 40)
    assert np.array_equal(read(png(pixels, [UP]), pixels, [3, 20, 1, 16]), pixels)


def test_a_picture_of_megabytes_comes_back_whether_it_packs_well_or_not():
    for pixels in (straight(1, 700, 900), np.full((900, 700, 4), 9, np.uint8)):
        assert np.array_equal(read(png(pixels, [UP], piece=8192), pixels, [256, 256, 256, 132]), pixels)


def test_what_we_write_is_read_the_fast_way(folder):
    write_openraster(folder / "a.ora", everything())
    with zipfile.ZipFile(folder / "a.ora") as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")]
        assert len(names) > 5
        for name in names:
            data = archive.read(name)
            theirs = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
            theirs = theirs if theirs.ndim == 2 else cv2.cvtColor(theirs, cv2.COLOR_BGRA2RGBA)
            assert np.array_equal(read(data, theirs), theirs)


@pytest.mark.parametrize(
    "beside", [b"", chunk(b"pHYs", bytes(9)), chunk(b"tEXt", b"a\0b") + chunk(b"gAMA", struct.pack(">I", 45455))]
)
def test_what_says_nothing_of_pixels_changes_nothing(beside):
    pixels = straight(1, 9, 9)
    assert np.array_equal(read(png(pixels, [UP], beside=beside), pixels), pixels)


def cut(data: bytes) -> bytes:
    return data[:-5]


def wrong_sum(data: bytes) -> bytes:
    """The checksum of the pixels is not theirs, that of the chunk is right."""
    return right_crcs(data[:-17] + bytes([data[-17] ^ 1]) + data[-16:])


def wrong_crc(data: bytes) -> bytes:
    return data[:-13] + bytes([data[-13] ^ 1]) + data[-12:]


def more(packed: Callable[[bytes], bytes]) -> bytes:
    return png(straight(1, 9, 9), [UP], packed)


ODD: dict[str, bytes] = {
    "another filter": png(straight(1, 9, 9), [UP, UP, SUB]),
    "interlaced": png(straight(1, 9, 9), [UP], interlaced=1),
    "a profile": png(straight(1, 9, 9), [UP], beside=chunk(b"iCCP", b"a\0\0" + zlib.compress(b"b"))),
    "frames": png(straight(1, 9, 9), [UP], beside=chunk(b"acTL", bytes(8))),
    "a chunk that nobody knows": png(straight(1, 9, 9), [UP], beside=chunk(b"ABCD", b"")),
    "two heads": png(straight(1, 9, 9), [UP], beside=chunk(b"IHDR", bytes(13))),
    "cut": cut(png(straight(1, 9, 9), [UP])),
    "nothing": b"",
    "no end": png(straight(1, 9, 9), [UP])[:-12],
    "no pixels": SIGNATURE + png(straight(1, 9, 9), [UP])[8:33] + chunk(b"IEND", b""),
    "the checksum of the pixels": wrong_sum(png(straight(1, 9, 9), [UP])),
    "the checksum of a chunk": wrong_crc(png(straight(1, 9, 9), [UP])),
    "one row too few": more(lambda rows: zlib.compress(rows[:-37])),
    "one byte too many": more(lambda rows: zlib.compress(rows + b"\0")),
    "something after the pixels": more(lambda rows: zlib.compress(rows) + b"\0"),
    "pixels that do not end": more(lambda rows: zlib.compress(rows)[:-4]),
    "no pixels at all": more(lambda rows: b""),
    "another packing": more(lambda rows: rows),
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD.keys())
def test_the_rest_is_left_to_others(data):
    with pytest.raises(Unusual):
        read(data, straight(1, 9, 9))


def test_another_size_or_kind_than_was_said_is_left_to_others():
    data = png(straight(1, 9, 9), [UP])
    for like in (straight(1, 8, 9), straight(1, 9, 10), soft(1, 9, 9)):
        with pytest.raises(Unusual):
            read(data, like)


# ---------------------------------------------------------------------- the same as from a decoder of whole files


@pytest.fixture
def slowly(monkeypatch) -> Iterator[Callable[[Surface, Rect, bytes], None]]:
    """Fills a surface without the fast way."""

    def refuse(*arguments: object) -> Iterator[Pixels]:
        raise Unusual

    def slow(surface: Surface, rect: Rect, data: bytes) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(png_rows, "bands", refuse)
            fill(surface, rect, data, "a")

    return slow


def assert_equal(one: Surface, other: Surface) -> None:
    assert one.tiles.keys() == other.tiles.keys()
    for key, tile in one.tiles.items():
        assert tile.read() == other.tiles[key].read()


def test_every_colour_and_alpha_is_multiplied_the_same_way(slowly):
    alpha, colour = np.meshgrid(np.arange(256), np.arange(256))
    data = png(np.stack([colour, 255 - colour, colour ^ 85, alpha], -1).astype(np.uint8), [UP])
    fast, slow = Surface(Depth.RGBA), Surface(Depth.RGBA)
    fill(fast, Rect(0, 0, 256, 256), data, "a")
    slowly(slow, Rect(0, 0, 256, 256), data)
    assert len(fast.tiles) == 1
    assert_equal(fast, slow)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    size=st.tuples(st.integers(1, 600), st.integers(1, 600)),
    place=st.tuples(st.integers(-600, 600), st.integers(-600, 600)),
    grey=st.booleans(),
    default=st.sampled_from([0, 255]),
    empty=st.booleans(),
)
def test_tiles_are_the_same_wherever_a_picture_lies(seed, size, place, grey, default, empty):
    pixels = soft(seed, *size) if grey else straight(seed, *size)
    if empty:
        pixels[: size[1] // 2] = 0
    fast, slow = (Surface(Depth.MASK if grey else Depth.RGBA, default if grey else 0) for _ in range(2))
    rect = Rect(*place, *size)
    fill(fast, rect, png(pixels, [UP]), "a")
    fill(slow, rect, png(pixels, [SUB]), "a")
    assert_equal(fast, slow)


def outcome(work: Callable[[Surface], None]) -> dict[tuple[int, int], bytes] | str:
    surface = Surface(Depth.RGBA)
    try:
        work(surface)
    except (StudioError, cv2.error) as error:
        return type(error).__name__
    return {key: tile.read() for key, tile in surface.tiles.items()}


def test_damaged_files_are_judged_the_same_way(slowly):
    seeds = [
        png(straight(1, 30, 20), [UP]),
        png(straight(2, 30, 20), [UP, SUB], beside=chunk(b"tEXt", b"a\0b")),
        png(straight(3, 30, 20), [NONE], piece=50),
    ]
    rect, seen = Rect(0, 0, 30, 20), set()
    for number in range(600):
        data = mutation(seeds, number, right_crcs)
        if len(data) < 26 or data[16:24] != struct.pack(">II", 30, 20):
            continue  # whoever reads the archive has looked at the size
        fast = outcome(lambda surface, data=data: fill(surface, rect, data, "a"))
        slow = outcome(lambda surface, data=data: slowly(surface, rect, data))
        assert fast == slow, number
        seen.add(fast if isinstance(fast, str) else "opened")
    assert {"opened", "DamagedPicture"} <= seen
