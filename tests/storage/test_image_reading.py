"""A picture file of another program looks the same in the studio, however its bytes lie."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, TiffImagePlugin

from kandinsky_studio.errors import UnreadableVariant
from kandinsky_studio.storage import image_png
from kandinsky_studio.storage.image_files import Note, open_from_bytes, read_image

RNG = np.random.default_rng(3)
WIDTH, HEIGHT = 13, 7


def file(image: Image.Image, form: str, **values: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **values)
    return buffer.getvalue()


def noise(*shape: int, most: int = 256) -> np.ndarray:
    return RNG.integers(0, most, shape, dtype=np.uint16 if most > 256 else np.uint8)


def png(samples: np.ndarray, kind: int, *chunks: tuple[bytes, bytes], interlaced: bool = False) -> bytes:
    """A PNG file of these samples (height, width, channels), written without any library of pictures."""
    height, width, _ = samples.shape
    big = samples.astype(">u2" if samples.dtype == np.uint16 else np.uint8)
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [big[y::down, x::across] for x, y, across, down in passes] if interlaced else [big]
    rows = b"".join(b"\0" + row.tobytes() for part in parts if part.size for row in part)
    head = struct.pack(">IIBBBBB", width, height, 8 * samples.itemsize, kind, 0, 0, interlaced)
    pieces = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return image_png.SIGNATURE + b"".join(image_png.chunk(*piece) for piece in pieces)


def tiff(samples: np.ndarray, tags: dict[int, object], planar: bool = False) -> bytes:
    """An uncompressed TIFF file of these samples (height, width, channels)."""
    height, width, channels = samples.shape
    planes = [samples[..., channel].tobytes() for channel in range(channels)] if planar else [samples.tobytes()]
    order = b"MM" if samples.dtype.byteorder == ">" else b"II"
    head = order + (b"\0*\0\0\0\x08" if order == b"MM" else b"*\0\x08\0\0\0")
    directory = TiffImagePlugin.ImageFileDirectory_v2(head)
    types = {258: 3, 259: 3, 262: 3, 274: 3, 277: 3, 284: 3, 338: 3, 339: 3, 34675: 7}
    starts = [sum(map(len, planes[:number])) for number in range(len(planes))]
    values = {256: width, 257: height, 258: (8 * samples.itemsize,) * channels, 259: 1, 262: 2, 277: channels}
    values |= {273: tuple(starts), 278: height, 279: tuple(map(len, planes)), 284: 2 if planar else 1}
    for tag, value in sorted((values | tags).items()):
        directory.tagtype[tag] = types.get(tag, 4)
        directory[tag] = value
    return head + directory.tobytes(8) + b"".join(planes)


def rounded(words: np.ndarray) -> np.ndarray:
    return np.rint(words / 257).astype(np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_a_picture_stands_upright(form, orientation):
    upright = np.zeros((24, 40, 3), np.uint8)
    upright[:12, :20] = (255, 0, 0)
    upright[:12, 20:] = (0, 255, 0)
    upright[12:, :20] = (0, 0, 255)
    lying = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    values = {"tiffinfo": {274: orientation}} if form == "TIFF" else {"exif": exif}
    read = open_from_bytes(file(Image.fromarray(np.ascontiguousarray(lying)), form, **values), "a")
    assert read.pixels.shape == (24, 40, 4)
    for x, y in ((5, 5), (35, 5), (5, 20), (35, 20)):
        assert np.abs(read.pixels[y, x, :3].astype(int) - upright[y, x]).max() < 12


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("kind", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
@pytest.mark.parametrize("most", [256, 65536])
def test_png_of_any_kind(kind, channels, most, interlaced):
    samples = noise(HEIGHT, WIDTH, channels, most=most)
    read = open_from_bytes(png(samples, kind, interlaced=interlaced), "a")
    levels = rounded(samples) if most > 256 else samples
    assert np.array_equal(read.pixels[..., :3], np.repeat(levels[..., :1], 3, -1) if channels < 3 else levels[..., :3])
    assert np.array_equal(read.pixels[..., 3], levels[..., -1] if kind >= 4 else np.full((HEIGHT, WIDTH), 255))
    assert (read.bits, read.had_alpha) == (16 if most > 256 else 8, kind >= 4)
    assert (read.format, read.icc_applied, read.notes) == ("PNG", False, ())


@pytest.mark.parametrize("most", [256, 65536])
@pytest.mark.parametrize("channels", [1, 3])
def test_png_with_a_colour_for_nothing(most, channels):
    samples = noise(HEIGHT, WIDTH, channels, most=most)
    samples[2, 3] = most - 3  # near it in all 16 bits, the same in eight
    samples[4, 5] = most - 2
    key = struct.pack(f">{channels}H", *[most - 2] * channels)
    read = open_from_bytes(png(samples, 0 if channels == 1 else 2, (b"tRNS", key)), "a")
    assert read.had_alpha
    assert [tuple(place) for place in np.argwhere(read.pixels[..., 3] == 0)] == [(4, 5)]


@pytest.mark.parametrize("form", ["PNG", "GIF", "TIFF", "BMP"])
def test_a_palette(form):
    colours = noise(6, 3)
    indices = np.arange(WIDTH * HEIGHT, dtype=np.uint8).reshape(HEIGHT, WIDTH) % 6
    image = Image.fromarray(indices, "L").copy()
    image.putpalette(colours.tobytes())
    read = open_from_bytes(file(image, form), "a")
    assert np.array_equal(read.pixels[..., :3], colours[indices])
    assert (read.pixels[..., 3] == 255).all()


def test_a_palette_with_transparency():
    indices = np.arange(WIDTH * HEIGHT, dtype=np.uint8).reshape(HEIGHT, WIDTH) % 3
    image = Image.fromarray(indices, "L").copy()
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    read = open_from_bytes(file(image, "PNG", transparency=bytes([0, 128, 255])), "a")
    assert read.had_alpha
    assert np.array_equal(read.pixels[..., 3], np.array([0, 128, 255])[indices])
    assert read.pixels[0, 1].tolist() == [40, 50, 60, 128]


@pytest.mark.parametrize("form", ["PNG", "TIFF", "GIF", "BMP"])
def test_black_and_white(form):
    bits = noise(HEIGHT, WIDTH, most=2) * np.uint8(255)
    read = open_from_bytes(file(Image.fromarray(bits).convert("1"), form), "a")
    assert np.array_equal(read.pixels[..., 0], bits)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_tiff_of_eight_bits(mode, compression):
    samples = noise(HEIGHT, WIDTH, len(mode))
    read = open_from_bytes(file(Image.fromarray(samples.squeeze()), "TIFF", compression=compression), "a")
    levels = np.repeat(samples[..., :1], 3, -1) if mode[0] == "L" else samples[..., :3]
    assert np.array_equal(read.pixels[..., :3], levels)
    assert read.had_alpha == mode.endswith("A")
    if read.had_alpha:
        assert np.array_equal(read.pixels[..., 3], samples[..., -1])


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tiff_of_sixteen_bits(channels, planar, big_endian):
    samples = noise(HEIGHT, WIDTH, channels, most=65536)
    tags = {262: 2 if channels > 1 else 1} | ({338: (2,)} if channels == 4 else {})
    read = open_from_bytes(tiff(samples.astype(">u2") if big_endian else samples, tags, planar), "a")
    levels = rounded(samples)
    assert np.array_equal(read.pixels[..., :3], np.repeat(levels, 3, -1) if channels == 1 else levels[..., :3])
    if channels == 4:
        assert np.array_equal(read.pixels[..., 3], levels[..., 3])
    assert read.bits == 16


@pytest.mark.parametrize("compression", [5, 8, 32773])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_compressed_tiff_of_sixteen_bits(channels, compression):
    import cv2

    samples = noise(HEIGHT, WIDTH, channels, most=65536)
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    done, data = cv2.imencode(".tiff", samples[..., order], [cv2.IMWRITE_TIFF_COMPRESSION, compression])
    assert done
    read = open_from_bytes(data.tobytes(), "a")
    levels = rounded(samples)
    assert np.array_equal(read.pixels[..., :3], np.repeat(levels, 3, -1) if channels == 1 else levels[..., :3])


def test_tiff_that_begins_with_white():
    samples = noise(HEIGHT, WIDTH, 1, most=65536)
    assert np.array_equal(open_from_bytes(tiff(samples, {262: 0}), "a").pixels[..., 1], 255 - rounded(samples)[..., 0])


@pytest.mark.parametrize("deep", [False, True])
def test_tiff_with_alpha_multiplied_in(deep):
    straight = np.array([[[200, 100, 0, 51], [255, 255, 255, 255], [9, 9, 9, 0]]], np.float64)
    scale = 257 if deep else 1
    multiplied = straight.copy() * scale
    multiplied[..., :3] = np.rint(multiplied[..., :3] * straight[..., 3:] / 255)
    read = open_from_bytes(tiff(multiplied.astype(np.uint16 if deep else np.uint8), {338: (1,)}), "a")
    assert read.pixels[0, :2].tolist() == straight[0, :2].tolist()
    assert read.pixels[0, 2, 3] == 0


def test_tiff_of_32_bits():
    samples = np.array([[[0], [0x80000000], [0xFFFFFFFF]]], np.uint32)
    read = open_from_bytes(tiff(samples, {262: 1}), "a")
    assert read.pixels[0, :, 0].tolist() == [0, 128, 255]
    assert read.bits == 32


@pytest.mark.parametrize("channels", [1, 3])
def test_floating_tiff_is_cut_to_what_can_be_shown(channels):
    row = np.array([-1, 0, 0.25, 0.5, 1, 7, np.inf, -np.inf, np.nan], np.float32)
    samples = np.repeat(row[None, :, None], channels, -1)
    read = open_from_bytes(tiff(samples, {262: 2 if channels == 3 else 1, 339: (3,) * channels}), "a")
    assert read.pixels[0, :, 1].tolist() == [0, 0, 64, 128, 255, 255, 255, 0, 0]
    assert read.bits == 32


@pytest.mark.parametrize(("dtype", "planar"), [(np.float32, False), (np.uint16, True)])
def test_other_ways_to_lie_in_a_tiff_file_have_their_channels_in_order_and_stand_upright(dtype, planar):
    most = 1 if dtype == np.float32 else 65535
    samples = np.zeros((2, 3, 3), dtype)
    samples[..., 0], samples[..., 2] = most, most * 0.5
    samples[0, 0] = (0, most, 0)
    formats = {339: ((3 if dtype == np.float32 else 1),) * 3}
    upright = open_from_bytes(tiff(samples, formats, planar), "a").pixels
    assert upright.shape == (2, 3, 4)
    assert upright[0, 0].tolist() == [0, 255, 0, 255]
    assert upright[1, 1].tolist() == [255, 0, 128 if dtype == np.float32 else 127, 255]
    turned = open_from_bytes(tiff(samples, formats | {274: 3}, planar), "a").pixels
    assert np.array_equal(turned, upright[::-1, ::-1])
    lying = open_from_bytes(tiff(samples, formats | {274: 6}, planar), "a").pixels
    assert np.array_equal(lying, np.rot90(upright, -1))


def test_what_nobody_reads_is_said_to_be_that():
    planes = tiff(np.ones((2, 3, 3), np.float32), {339: (3, 3, 3)}, planar=True)
    grey_with_alpha = tiff(noise(2, 3, 2, most=65536), {262: 1, 338: (2,)})
    for data in (planes, grey_with_alpha):
        with pytest.raises(UnreadableVariant):
            open_from_bytes(data, "a.tif")


def test_lab_tiff():
    # TIFF keeps a and b as signed bytes.
    colours = np.array([[[255, 0, 0], [0, 0, 0], [138, 81, 70], [128, 0, 0]]], np.uint8)
    read = open_from_bytes(tiff(colours, {262: 8}), "a").pixels[0, :, :3].astype(int)
    assert np.abs(read[:2] - [[255, 255, 255], [0, 0, 0]]).max() <= 1
    assert np.abs(read[2] - [255, 0, 0]).max() <= 6, "L 54.1, a 81, b 70 is the red of sRGB"
    assert np.abs(read[3] - 119.6).max() <= 1


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_the_first_of_several_is_opened(form):
    first, second = (Image.new("RGB", (24, 24), colour) for colour in ("red", "blue"))
    read = open_from_bytes(file(first, form, save_all=True, append_images=[second]), "a")
    assert read.notes == (Note.first_of_several,)
    assert np.abs(read.pixels[5, 5].astype(int) - [255, 0, 0, 255]).max() < 8


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF"])
def test_resolution(form):
    read = open_from_bytes(file(Image.new("RGB", (9, 9)), form, dpi=(300, 150)), "a")
    assert read.resolution_dpi == pytest.approx((300, 150), abs=0.1)


@pytest.mark.parametrize("dpi", [(0, 0), (1e9, 1e9)])
def test_a_resolution_without_sense_is_none(dpi):
    assert open_from_bytes(file(Image.new("RGB", (9, 9)), "TIFF", dpi=dpi), "a").resolution_dpi is None


def test_texts_and_private_chunks_do_not_matter():
    samples = noise(HEIGHT, WIDTH, 3)
    megabytes = zlib.compress(bytes(100_000_000))
    chunks = [(b"zTXt", b"a\0\0" + megabytes), (b"iTXt", b"a\0\1\0\0\0" + megabytes), (b"ksIn", bytes(9_000_000))]
    assert np.array_equal(open_from_bytes(png(samples, 2, *chunks), "a").pixels[..., :3], samples)


def test_the_kind_is_in_the_bytes_and_not_in_the_name(tmp_path):
    (tmp_path / "a.png").write_bytes(file(Image.new("RGB", (9, 9), (0, 99, 0)), "BMP"))
    assert read_image(tmp_path / "a.png").format == "BMP"


def test_progressive_and_grey_jpeg():
    grey = Image.linear_gradient("L")
    for values in ({}, {"progressive": True}):
        read = open_from_bytes(file(grey, "JPEG", quality=95, **values), "a")
        assert np.abs(read.pixels[..., 1].astype(int) - np.asarray(grey)).max() <= 4


def test_a_picture_of_ours_in_png(tmp_path, make_result):
    from kandinsky_studio.storage.pictures import save_png

    result = make_result()
    save_png(tmp_path / "a.png", result)
    read = read_image(tmp_path / "a.png")
    assert np.array_equal(read.pixels[..., :3], result.image)
    assert not read.had_alpha


def test_cmyk_jpeg_is_read_with_the_ink_the_right_way_round():
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[:, :8] = (0, 255, 255, 0)
    data = file(Image.fromarray(inks, "CMYK"), "JPEG", quality=100)
    assert b"Adobe" in data, "so its inks are stored upside down"
    read = open_from_bytes(data, "a").pixels
    assert np.abs(read[4, 2, :3].astype(int) - [255, 0, 0]).max() <= 4
    assert read[4, 12, :3].min() >= 252
