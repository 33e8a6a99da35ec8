"""A raster is what is in it: equal, hashed, written and read by content, and refused when it is not what it says."""

import base64
import copy
import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from kandinsky_studio.engine.raster import MAX_PIXELS, Raster, as_mask


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def png(image: Image.Image, **options: object) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return base64.b64encode(buffer.getvalue()).decode()


SHAPES = [(5, 7, 3), (5, 7), (1, 1), (1, 1, 3), (300, 2, 3), (2, 300)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_holds_what_it_was_given(shape):
    pixels = noise(*shape)
    raster = Raster(pixels)
    assert np.array_equal(raster.pixels, pixels)
    assert (raster.height, raster.width) == shape[:2]
    assert raster.channels == (3 if len(shape) == 3 else 1)
    assert raster.present


def test_what_happens_to_the_array_later_does_not_matter():
    pixels = noise(4, 6, 3)
    raster, before = Raster(pixels), pixels.copy()
    pixels[:] = 0
    assert np.array_equal(raster.pixels, before)


def test_cannot_be_changed():
    raster = Raster(noise(4, 6))
    with pytest.raises(ValueError, match="read-only"):
        raster.pixels[0, 0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        raster.pixels.setflags(write=True)
    with pytest.raises(AttributeError):
        raster.width = 3  # type: ignore[misc]


def test_any_memory_order_is_the_same_picture():
    pixels = noise(6, 8, 3)
    views = [np.asfortranarray(pixels), pixels[::-1].copy()[::-1], np.dstack([pixels, pixels])[:, :, :3]]
    for view in views:
        raster = Raster(view)
        assert raster.pixels.flags.c_contiguous
        assert raster == Raster(pixels)


def test_equal_by_content():
    pixels = noise(4, 6, 3)
    one, same, other = Raster(pixels), Raster(pixels.copy()), Raster(pixels ^ 1)
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one.digest != other.digest
    assert len({one, same, other}) == 2
    assert one != "raster"


def test_the_same_bytes_in_another_shape_are_another_raster():
    flat = np.zeros(36, np.uint8)
    shapes = [(6, 6), (4, 9), (9, 4), (4, 3, 3), (3, 4, 3), (1, 36), (12, 1, 3)]
    assert len({Raster(flat.reshape(shape)).digest for shape in shapes}) == len(shapes)


def test_the_digest_stays_what_it_is():
    # It is kept in files, so it must not change with the program.
    raster = Raster(np.arange(12, dtype=np.uint8).reshape(2, 2, 3))
    assert raster.digest == "0e935aa10cfaac869dedbff32f99c4b3e00e97d3c77f43172b078c88dd5b2698"


def test_a_copy_is_the_raster_itself():
    raster = Raster(noise(4, 6))
    assert copy.copy(raster) is raster
    assert copy.deepcopy({"mask": raster})["mask"] is raster


@pytest.mark.parametrize(
    "pixels",
    [noise(4, 6).astype(np.float32), noise(4, 6) > 9, [[1, 2]], None, b"abc"],
    ids=lambda pixels: type(pixels).__name__,
)
def test_another_dtype_is_refused(pixels):
    with pytest.raises(TypeError):
        Raster(pixels)
    with pytest.raises(TypeError):
        Raster.of(pixels)


@pytest.mark.parametrize("shape", [(), (5,), (5, 7, 1), (5, 7, 2), (5, 7, 5), (1, 5, 7, 3), (0, 7), (7, 0, 3)], ids=str)
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"a raster|it has"):
        Raster.of(np.zeros(shape, np.uint8))


def test_too_large_is_refused_before_it_is_copied():
    huge = np.broadcast_to(np.uint8(0), (MAX_PIXELS + 1, 1))
    with pytest.raises(ValueError, match="pixels"):
        Raster(huge)


def test_alpha_is_laid_over_white():
    pixels = noise(16, 16, 4)
    pixels[0, 0] = (10, 20, 30, 0)
    pixels[0, 1] = (10, 20, 30, 255)
    pixels[0, 2] = (0, 100, 255, 51)
    made = Raster.of(pixels).pixels
    assert made[0, :3].tolist() == [[255, 255, 255], [10, 20, 30], [204, 224, 255]]
    alpha = pixels[:, :, 3:] / 255
    assert np.abs(made - (pixels[:, :, :3] * alpha + 255 * (1 - alpha))).max() <= 0.5


def test_of_a_raster_is_that_raster():
    raster = Raster(noise(4, 6))
    assert Raster.of(raster) is raster


def test_grey_becomes_a_picture():
    pixels = noise(4, 6)
    picture = Raster(pixels).as_picture()
    assert picture.channels == 3
    assert (picture.pixels == pixels[:, :, None]).all()
    assert picture.as_picture() is picture


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_json_brings_it_back_exactly(shape):
    raster = Raster(noise(*shape))
    back = Raster.from_json(json.loads(json.dumps(raster.to_json())))
    assert back == raster
    assert np.array_equal(back.pixels, raster.pixels)


def test_without_its_pixels_it_is_still_the_same_raster():
    raster = Raster(noise(4, 6, 3))
    values = raster.to_json(with_pixels=False)
    assert values == {"sha256": raster.digest, "width": 6, "height": 4, "channels": 3}
    absent = Raster.from_json(values)
    assert not absent.present
    assert (absent.width, absent.height, absent.channels, absent.digest) == (6, 4, 3, raster.digest)
    assert absent == raster
    assert hash(absent) == hash(raster)
    assert absent.to_json() == values
    for wanted in (lambda: absent.pixels, Raster.from_json({**values, "channels": 1}).as_picture):
        with pytest.raises(LookupError):
            wanted()


def test_shown_shortly():
    raster = Raster(noise(4, 6, 3))
    assert repr(raster) == f"<Raster 6×4×3 {raster.digest[:8]}>"
    assert "absent" in repr(Raster.from_json(raster.to_json(with_pixels=False)))


GOOD = Raster(noise(4, 6, 3)).to_json()
GREY = Raster(noise(4, 6)).to_json()


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": None},
        {"sha256": "abc"},
        {"sha256": "0" * 64},
        {"sha256": GOOD["sha256"].upper()},
        {"sha256": GOOD["sha256"] + "\n"},
        {"width": 4, "height": 6},
        {"width": 0},
        {"width": -6, "height": -4},
        {"width": 6.0},
        {"width": True},
        {"width": None},
        {"width": "6"},
        {"width": 10**100},
        {"channels": 1},
        {"channels": 4},
        {"channels": 2},
        {"channels": [3]},
        {"png": None},
        {"png": b"abc"},
        {"png": ""},
        {"png": "@@@@"},
        {"png": "ж"},
        {"png": base64.b64encode(b"no picture").decode()},
        {"png": GREY["png"]},
        {"png": GOOD["png"][:60]},
        {"png": base64.b64encode(base64.b64decode(GOOD["png"])[:-30]).decode()},
        {"png": Raster(noise(4, 6, 3, seed=1)).to_json()["png"]},
        {"png": png(Image.fromarray(noise(4, 6, 3)).convert("RGBA"))},
        {"png": png(Image.fromarray(noise(4, 6, 3)).convert("P"))},
        {"png": png(Image.new("I;16", (6, 4)))},
    ],
    ids=lambda change: str(change)[:40],
)
def test_rubbish_is_refused(change):
    with pytest.raises((ValueError, TypeError)):
        Raster.from_json({**GOOD, **change})


@pytest.mark.parametrize("values", [None, [], "raster", 3, {}, {"sha256": "0" * 64}], ids=str)
def test_what_is_no_raster_is_refused(values):
    with pytest.raises((ValueError, TypeError)):
        Raster.from_json(values)


def test_a_jpeg_is_no_png():
    buffer = io.BytesIO()
    Image.fromarray(noise(4, 6, 3)).save(buffer, "JPEG")
    with pytest.raises(ValueError, match="PNG"):
        Raster.from_json({**GOOD, "png": base64.b64encode(buffer.getvalue()).decode()})


def bomb(width: int, height: int) -> str:
    """A PNG file of this size with hardly anything in it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + head + body).decode()


@pytest.mark.parametrize(
    ("stated", "made"),
    [((6, 4), (30_000, 30_000)), ((30_000, 30_000), (30_000, 30_000)), ((6, 4), (2**31 - 1, 2**31 - 1))],
    ids=str,
)
def test_a_bomb_is_refused_before_it_is_opened(stated, made, monkeypatch):
    def opened(*arguments: object, **options: object) -> None:
        raise AssertionError("Pillow has seen it")

    monkeypatch.setattr(Image, "open", opened)
    with pytest.raises(ValueError, match=r"."):
        Raster.from_json({**GOOD, "width": stated[0], "height": stated[1], "png": bomb(*made)})


def test_a_text_that_unpacks_to_gigabytes_is_refused():
    texts = PngImagePlugin.PngInfo()
    texts.add_text("comment", "a" * 50_000_000, zip=True)
    with pytest.raises(ValueError, match="PNG"):
        Raster.from_json({**GOOD, "png": png(Image.fromarray(noise(4, 6, 3)), pnginfo=texts)})


def test_masks_of_every_kind():
    painted = noise(8, 9) > 128
    full = Raster(painted.astype(np.uint8) * 255)
    assert as_mask(painted) == full
    assert as_mask(full.pixels) == full
    assert as_mask(full) is full
    assert as_mask(full.as_picture()) == full
    for kind in (np.float16, np.float32, np.float64):
        assert as_mask(painted.astype(kind)) == full


def test_soft_masks_stay_soft():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(as_mask(levels).pixels, levels)
    assert np.array_equal(as_mask(levels / 255).pixels, levels)
    assert np.array_equal(as_mask((levels / 255).astype(np.float32)).pixels, levels)
    assert np.array_equal(as_mask(np.dstack([levels] * 3)).pixels, levels)


def test_the_luminance_is_pillows():
    pixels = noise(32, 32, 3)
    assert np.array_equal(as_mask(pixels).pixels, np.asarray(Image.fromarray(pixels).convert("L")))


def test_alpha_counts_where_there_is_any():
    pixels = noise(8, 9, 4)
    assert np.array_equal(as_mask(pixels).pixels, pixels[:, :, 3])
    pixels[:, :, 3] = 255
    assert as_mask(pixels) == as_mask(pixels[:, :, :3])


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (np.full((4, 6), np.nan), ValueError),
        (np.full((4, 6), np.inf), ValueError),
        (np.full((4, 6), 255.0), ValueError),
        (np.full((4, 6), -0.1), ValueError),
        (np.zeros((4, 6, 2), np.uint8), ValueError),
        (np.zeros(4, bool), ValueError),
        (np.zeros((0, 4), bool), ValueError),
        (np.zeros((4, 6), np.int64), TypeError),
        (np.zeros((4, 6), complex), TypeError),
        ([[0.5]], TypeError),
    ],
    ids=lambda value: str(getattr(value, "dtype", value))[:20],
)
def test_what_is_no_mask_is_refused(values, error):
    with pytest.raises(error):
        as_mask(values)
