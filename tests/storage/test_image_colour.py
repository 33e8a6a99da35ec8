"""Colours come out as the profile in the file means them; what is expected is computed here, from the definitions."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from kandinsky_studio.storage.colour import rounded, srgb_profile
from kandinsky_studio.storage.image_files import Note, open_from_bytes
from tests.storage import profiles
from tests.storage.test_image_reading import tiff

GRID = np.stack(np.meshgrid(*[np.linspace(0, 255, 9).astype(np.uint8)] * 3, indexing="ij"), -1).reshape(27, 27, 3)


def file(pixels: np.ndarray, form: str, icc: bytes | None, mode: str | None = None, **values: object) -> bytes:
    buffer = io.BytesIO()
    image = Image.frombytes(mode, pixels.shape[1::-1], pixels.tobytes()) if mode else Image.fromarray(pixels)
    image.save(buffer, form, icc_profile=icc, **values)
    return buffer.getvalue()


def lab(levels: np.ndarray) -> np.ndarray:
    """sRGB 0…255 as L, a and b."""
    ratio = (profiles.decode(levels) @ profiles.matrix(profiles.SRGB_PRIMARIES).T) / profiles.D50
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def shown(linear: np.ndarray, primaries) -> np.ndarray:
    """What linear light of these primaries looks like in sRGB, 0…255."""
    to_srgb = np.linalg.inv(profiles.matrix(profiles.SRGB_PRIMARIES)) @ profiles.matrix(primaries)
    return profiles.encode(linear @ to_srgb.T)


def test_sixteen_bits_are_rounded_to_the_nearest():
    every = np.arange(65536, dtype=np.uint16)
    assert np.array_equal(rounded(every), np.rint(every / 257))


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP", "AVIF", "JPEG"])
def test_a_wide_gamut(form):
    icc = profiles.rgb_profile(profiles.P3_PRIMARIES, profiles.SRGB_CURVE)
    colours = np.repeat(np.repeat(GRID[10:14, 10:14], 16, 0), 16, 1)  # blocks, for formats that lose something
    values = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}.get(form, {})
    if form == "JPEG":
        values = {"quality": 100, "subsampling": 0}
    read = open_from_bytes(file(colours, form, icc, **values), "a")
    assert read.icc_applied
    assert read.notes == ()
    expected = np.rint(shown(profiles.decode(colours), profiles.P3_PRIMARIES)).astype(np.uint8)
    distance = np.linalg.norm(lab(read.pixels[..., :3]) - lab(expected), axis=-1)
    assert distance.max() < (1.5 if form in ("PNG", "TIFF", "WEBP") else 4)
    assert np.linalg.norm(lab(read.pixels[..., :3]) - lab(colours), axis=-1).max() > 5, "it makes a difference"


def test_a_gradient_of_a_wide_gamut_keeps_its_alpha():
    icc = profiles.rgb_profile(profiles.P3_PRIMARIES, profiles.SRGB_CURVE)
    alpha = np.arange(27 * 27, dtype=np.uint16).reshape(27, 27, 1).astype(np.uint8)
    read = open_from_bytes(file(np.concatenate([GRID, alpha], -1), "PNG", icc), "a")
    assert np.array_equal(read.pixels[..., 3:], alpha)
    expected = shown(profiles.decode(GRID), profiles.P3_PRIMARIES)
    assert np.abs(read.pixels[..., :3] - expected).max() <= 2, "where nothing is seen, too"


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("name", ["LittleCMS", "ours", "table"], ids=lambda name: f"as {name} writes it")
def test_srgb_stays_as_it_is(form, name):
    icc = {
        "LittleCMS": lambda: ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        "ours": srgb_profile,
        "table": lambda: profiles.rgb_profile(
            profiles.SRGB_PRIMARIES, profiles.table_curve(profiles.decode(np.linspace(0, 255, 1024)))
        ),
    }[name]()
    read = open_from_bytes(file(GRID, form, icc, **({"lossless": True} if form == "WEBP" else {})), "a")
    assert np.array_equal(read.pixels[..., :3], GRID)
    assert read.icc_applied


@pytest.mark.parametrize(
    ("curve", "decode"),
    [
        ("gamma 1", lambda x: x),
        ("gamma 1.8", lambda x: x ** (461 / 256)),
        ("identity", lambda x: x),
        ("table", lambda x: x**2),
        ("parametric 0", lambda x: x**2.2),
        ("parametric 1", lambda x: np.where(x >= 0.1, (1.1 * np.maximum(x, 0.1) - 0.1) ** 2, 0)),
        ("parametric 2", lambda x: np.where(x >= 0.1, (np.maximum(x, 0.1) - 0.1) ** 2, 0) + 0.1),
        ("parametric 3", lambda x: profiles.decode(x * 255)),
        ("parametric 4", lambda x: np.where(x >= 0.1, x**2 + 0.05, 0.6 * x)),
    ],
)
def test_sixteen_bits_of_a_profile_keep_their_darks(curve, decode):
    made = {
        "gamma 1": profiles.gamma_curve(1),
        "gamma 1.8": profiles.gamma_curve(461 / 256),
        "identity": profiles.table_curve([]),
        "table": profiles.table_curve(np.linspace(0, 1, 4096) ** 2),
        "parametric 0": profiles.parametric_curve(0, 2.2),
        "parametric 1": profiles.parametric_curve(1, 2, 1.1, -0.1),
        "parametric 2": profiles.parametric_curve(2, 2, 1, -0.1, 0.1),
        "parametric 3": profiles.SRGB_CURVE,
        "parametric 4": profiles.parametric_curve(4, 2, 1, 0, 0.6, 0.1, 0.05, 0),
    }[curve]
    icc = profiles.rgb_profile(profiles.P3_PRIMARIES, made)
    ramp = np.arange(0, 65536, 37, dtype=np.uint16)
    words = np.stack([ramp, ramp, ramp // 2], -1)[None]
    read = open_from_bytes(tiff(words, {34675: icc}), "a")
    assert read.icc_applied
    expected = shown(np.clip(decode(words / 65535), 0, 1), profiles.P3_PRIMARIES)
    assert np.abs(read.pixels[..., :3] - expected).max() <= 0.75


@pytest.mark.parametrize("gamma", [1, 1.8])
def test_eight_and_sixteen_bits_of_a_profile_agree(gamma):
    icc = profiles.rgb_profile(profiles.P3_PRIMARIES, profiles.gamma_curve(gamma))
    shallow = open_from_bytes(tiff(GRID, {34675: icc}), "a").pixels
    deep = open_from_bytes(tiff(GRID.astype(np.uint16) * 257, {34675: icc}), "a").pixels
    assert np.abs(shallow.astype(int) - deep).max() <= 2


@pytest.mark.parametrize("deep", [False, True])
def test_grey_with_a_profile(deep):
    ramp = np.arange(256, dtype=np.uint8)[None, :, None]
    samples = ramp.astype(np.uint16) * 257 if deep else ramp
    read = open_from_bytes(tiff(samples, {262: 1, 34675: profiles.grey_profile(profiles.gamma_curve(1))}), "a")
    assert read.icc_applied
    assert np.abs(read.pixels[0, :, 1] - profiles.encode(np.arange(256) / 255)).max() <= (0.51 if deep else 1.5)
    assert (read.pixels[..., 0] == read.pixels[..., 2]).all()


@pytest.mark.parametrize("deep", [False, True])
def test_grey_with_a_profile_of_colour(deep):
    ramp = np.arange(256, dtype=np.uint8)[None, :, None]
    samples = ramp.astype(np.uint16) * 257 if deep else ramp
    icc = profiles.rgb_profile(profiles.P3_PRIMARIES, profiles.gamma_curve(1))
    read = open_from_bytes(tiff(samples, {262: 1, 34675: icc}), "a")
    assert read.icc_applied
    assert np.abs(read.pixels[0, :, 1] - profiles.encode(np.arange(256) / 255)).max() <= 2


def test_grey_with_a_colour_for_nothing_keeps_its_profile():
    grey = np.full((4, 4), 128, np.uint8)
    grey[0, 0] = 7
    read = open_from_bytes(file(grey, "PNG", profiles.grey_profile(profiles.gamma_curve(1)), transparency=7), "a")
    assert read.icc_applied
    assert read.pixels[0, 0, 3] == 0
    assert abs(int(read.pixels[1, 1, 0]) - 188) <= 1
    assert read.pixels[1, 1, 3] == 255


INKS = {
    (c, m, y, k): (5 + 9 * (1 - c) * (1 - m) * (1 - y) if k else 95 - 30 * c - 35 * m - 5 * y, *hue)
    for c in (0, 1)
    for m in (0, 1)
    for y in (0, 1)
    for k in (0, 1)
    for hue in [(0, 0) if k or c == m == y else (-30 * c + 60 * m - 4 * y, -40 * c - 5 * m + 60 * y)]
}


@pytest.mark.parametrize(("form", "deep"), [("JPEG", False), ("TIFF", False), ("TIFF", True)])
@pytest.mark.parametrize("ink", [(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 1, 1, 0), (1, 0, 1, 0)])
def test_printing_inks_with_a_profile(form, deep, ink):
    patch = np.full((16, 16, 4), np.array(ink) * 255, np.uint8)
    icc = profiles.cmyk_profile(INKS)
    if form == "TIFF":
        data = tiff(patch.astype(np.uint16) * 257 if deep else patch, {262: 5, 34675: icc})
    else:
        data = file(patch, form, icc, "CMYK", quality=100)
        assert b"Adobe" in data, "so its inks are stored upside down"
    read = open_from_bytes(data, "a")
    assert read.icc_applied
    measured = lab(read.pixels[8, 8, :3].astype(float))
    expected = np.array(INKS[ink])
    # Black point compensation and the white of the paper move lightness by a little; the hue stays.
    white = 95
    assert abs(measured[0] - expected[0] * 100 / white) < 6
    assert np.linalg.norm(measured[1:] - expected[1:]) < 8 + 0.08 * np.linalg.norm(expected[1:])


def test_black_ink_is_black_with_a_profile():
    patch = np.full((4, 4, 4), (255, 255, 255, 255), np.uint8)
    read = open_from_bytes(tiff(patch, {262: 5, 34675: profiles.cmyk_profile(INKS)}), "a")
    assert read.pixels[0, 0, :3].max() <= 20


@pytest.mark.parametrize("deep", [False, True])
def test_printing_inks_without_a_profile(deep):
    inks = np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 255, 255, 0], [0, 0, 0, 255], [0, 0, 0, 128]]], np.uint8)
    read = open_from_bytes(tiff(inks.astype(np.uint16) * 257 if deep else inks, {262: 5}), "a")
    assert not read.icc_applied
    assert read.notes == ()
    expected = [[255, 255, 255], [0, 255, 255], [255, 0, 0], [0, 0, 0], [127, 127, 127]]
    assert np.abs(read.pixels[0, :, :3].astype(int) - expected).max() <= 1


@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF"])
def test_a_broken_profile_is_ignored_and_told(form):
    good = profiles.rgb_profile(profiles.P3_PRIMARIES, profiles.SRGB_CURVE)
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    for broken in (
        b"nonsense" * 40,
        good[:150],
        bytes(len(good)),
        profiles.cmyk_profile(INKS),
        good[:12] + b"link" + good[16:],
    ):
        read = open_from_bytes(file(flat, form, broken), "a")
        assert not read.icc_applied
        assert read.notes == (Note.profile_ignored,)
        assert np.abs(read.pixels[8, 8, :3].astype(int) - [200, 100, 50]).max() <= 5


def test_a_broken_profile_of_sixteen_bits():
    good = profiles.rgb_profile(profiles.P3_PRIMARIES, profiles.table_curve(np.linspace(0, 1, 64)))
    words = np.full((2, 2, 3), 30000, np.uint16)
    for place in range(0, len(good), 3):
        broken = bytearray(good)
        broken[place : place + 4] = b"\xff\xff\xff\xff"
        assert open_from_bytes(tiff(words, {34675: bytes(broken)}), "a").pixels.shape == (2, 2, 4)


def test_a_profile_larger_than_a_text_may_be():
    good = profiles.rgb_profile(profiles.P3_PRIMARIES, profiles.SRGB_CURVE)
    large = good + np.random.default_rng(0).bytes(3_000_000)
    large = len(large).to_bytes(4, "big") + large[4:]
    assert open_from_bytes(file(GRID, "PNG", large), "a").icc_applied
    assert open_from_bytes(file(GRID, "PNG", bytes(40_000_000)), "a").notes == (Note.profile_ignored,)
