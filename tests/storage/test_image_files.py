"""What is written comes back: to the last bit where nothing need be lost, close by elsewhere, and whole or not at all."""

import errno
import io
import os
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from kandinsky_studio.errors import (
    DiskFull,
    FileNotReadable,
    FolderNotWritable,
    PictureTooLarge,
    UnknownFileKind,
    UnusableArray,
)
from kandinsky_studio.storage.durable import previous_path
from kandinsky_studio.storage.image_files import (
    MAX_SIDE,
    ImageOptions,
    flattened,
    format_for,
    formats,
    read_image,
    write_image,
)

WRITABLE = [suffix for form in formats() if form.writable for suffix in form.suffixes]
LOSSLESS = [
    (".png", ImageOptions()),
    (".png", ImageOptions(bits=16)),
    (".png", ImageOptions(compression=0, embed_srgb=False)),
    (".tif", ImageOptions()),
    (".tiff", ImageOptions(bits=16, compression=9)),
    (".webp", ImageOptions(lossless=True)),
]


def noise(height: int = 37, width: int = 53) -> np.ndarray:
    """RGBA with every alpha, and colours where nothing is seen."""
    pixels = np.random.default_rng(5).integers(0, 256, (height, width, 4), dtype=np.uint8)
    pixels[: height // 2, : width // 2, 3] = 0
    return pixels


def soft(height: int = 96, width: int = 128) -> np.ndarray:
    """An opaque picture that formats which lose something keep well."""
    y, x = np.mgrid[:height, :width]
    colours = [127 + 120 * np.sin(x / 31), 127 + 120 * np.cos(y / 23), 127 + 120 * np.sin((x + y) / 41)]
    return np.stack([*colours, np.full_like(x, 255)], -1).astype(np.uint8)


@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize(("suffix", "options"), LOSSLESS)
def test_lossless_is_exact_where_nothing_is_seen_too(tmp_path, suffix, options, opaque):
    pixels = noise()
    if opaque:
        pixels[..., 3] = 255
    write_image(tmp_path / f"a{suffix}", pixels, options)
    read = read_image(tmp_path / f"a{suffix}")
    assert np.array_equal(read.pixels, pixels)
    assert read.had_alpha != opaque
    assert read.bits == (options.bits if suffix != ".webp" else 8)


@pytest.mark.parametrize(("suffix", "name"), [(".png", "PNG"), (".tif", "TIFF")])
def test_sixteen_bits_are_what_another_reader_sees(tmp_path, suffix, name):
    pixels = noise(1200, 400)  # several strips
    write_image(tmp_path / f"a{suffix}", pixels, ImageOptions(bits=16, resolution=300))
    seen = cv2.imread(str(tmp_path / f"a{suffix}"), cv2.IMREAD_UNCHANGED)
    assert seen.dtype == np.uint16
    assert np.array_equal(seen[..., [2, 1, 0, 3]], pixels.astype(np.uint16) * 257)
    with Image.open(tmp_path / f"a{suffix}") as image:
        image.load()
        assert (image.format, image.size) == (name, (400, 1200))


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_lossy_is_close_and_quality_decides_how_close(tmp_path, suffix):
    pixels, sizes, errors = soft(), [], []
    for quality in (30, 95):
        write_image(tmp_path / f"a{suffix}", pixels, ImageOptions(quality=quality), keep_previous=False)
        sizes.append((tmp_path / f"a{suffix}").stat().st_size)
        errors.append(np.abs(read_image(tmp_path / f"a{suffix}").pixels.astype(int) - pixels).mean())
    assert sizes[0] < sizes[1]
    assert errors[1] < errors[0] < 8
    assert errors[1] < 1.5


@pytest.mark.parametrize("suffix", [".webp", ".avif"])
def test_lossy_with_alpha(tmp_path, suffix):
    pixels = soft()
    pixels[..., 3] = np.linspace(0, 255, pixels.shape[1]).astype(np.uint8)
    write_image(tmp_path / f"a{suffix}", pixels)
    read = read_image(tmp_path / f"a{suffix}")
    assert read.had_alpha
    assert np.abs(read.pixels[..., 3].astype(int) - pixels[..., 3]).max() <= 3


def test_jpeg_is_laid_on_a_colour(tmp_path):
    pixels = np.zeros((32, 48, 4), np.uint8)
    pixels[:, :16] = (255, 0, 0, 255)
    pixels[:, 16:32] = (255, 0, 0, 128)
    write_image(tmp_path / "a.jpg", pixels, ImageOptions(background=(0, 0, 255)))
    read = read_image(tmp_path / "a.jpg").pixels.astype(int)
    for x, expected in ((8, (255, 0, 0)), (24, (128, 0, 127)), (40, (0, 0, 255))):
        assert np.abs(read[16, x, :3] - expected).max() <= 6


def test_flattening_rounds_to_the_nearest():
    colour, alpha, ground = np.meshgrid(np.arange(0, 256, 5), np.arange(256), np.arange(0, 256, 51), indexing="ij")
    exact = (colour * alpha + ground * (255 - alpha)) / 255
    for level in np.arange(0, 256, 51):
        chosen = ground == level
        pixels = np.stack([colour[chosen]] * 3 + [alpha[chosen]], -1).astype(np.uint8)[None]
        laid = flattened(pixels, (level,) * 3)[0, :, 1]
        assert np.abs(laid - exact[chosen]).max() <= 0.5


@pytest.mark.parametrize("suffix", [form.suffixes[0] for form in formats() if form.writable])
@pytest.mark.parametrize("resolution", [72, 299.72, 1200])
def test_the_resolution_comes_back(tmp_path, suffix, resolution):
    write_image(tmp_path / f"a{suffix}", soft(), ImageOptions(resolution=resolution))
    # JPEG knows whole numbers only, PNG whole numbers to the metre.
    assert read_image(tmp_path / f"a{suffix}").resolution_dpi == pytest.approx((resolution,) * 2, abs=0.5)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tif", ".avif"])
@pytest.mark.parametrize("embed", [True, False])
def test_the_profile_is_srgb(tmp_path, suffix, embed):
    write_image(tmp_path / f"a{suffix}", soft(), ImageOptions(embed_srgb=embed))
    with Image.open(tmp_path / f"a{suffix}") as image:
        icc = image.info.get("icc_profile")
    assert (icc is not None) == embed == read_image(tmp_path / f"a{suffix}").icc_applied
    if icc:
        assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(icc)))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("embed", [True, False])
def test_png_says_that_it_is_srgb(tmp_path, bits, embed):
    write_image(tmp_path / "a.png", soft(), ImageOptions(embed_srgb=embed, bits=bits))
    with Image.open(tmp_path / "a.png") as image:
        assert isinstance(image, PngImagePlugin.PngImageFile)
        assert ("srgb" in image.info) == embed


@pytest.mark.parametrize("suffix", WRITABLE)
def test_the_same_picture_gives_the_same_bytes(tmp_path, suffix):
    for name in ("a", "b"):
        write_image(tmp_path / f"{name}{suffix}", soft())
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_formats_are_what_can_be_read_and_written(tmp_path):
    pixels = soft(16, 16)
    for form in formats():
        for suffix in form.suffixes:
            path = tmp_path / f"a{suffix.upper()}"
            assert format_for(path) is form
            if form.writable:
                write_image(path, pixels)
                assert read_image(path).format == form.name
            else:
                with pytest.raises(UnknownFileKind):
                    write_image(path, pixels)
                Image.fromarray(pixels[..., :3]).save(path, form.name)
                assert read_image(path).format == form.name
    assert format_for(tmp_path / "a.psd") is None


@pytest.mark.parametrize("name", ["a", "a.psd", "a.png.exe", "png"])
def test_a_suffix_that_names_no_format(folder, name):
    with pytest.raises(UnknownFileKind) as caught:
        write_image(folder / name, soft())
    assert "PNG, JPEG, WebP, TIFF, AVIF" in caught.value.remedy
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.float32),
        np.zeros((0, 4, 4), np.uint8),
    ],
)
def test_what_is_no_picture_is_not_written(folder, pixels):
    with pytest.raises(UnusableArray):
        write_image(folder / "a.png", pixels)
    assert not list(folder.iterdir())


def test_a_picture_larger_than_a_document_is_not_written(folder):
    with pytest.raises(PictureTooLarge) as caught:
        write_image(folder / "a.png", np.zeros((1, MAX_SIDE + 1, 4), np.uint8))
    assert f"{MAX_SIDE + 1} × 1" in str(caught.value)


@pytest.mark.parametrize(
    "values", [{"quality": 0}, {"quality": 101}, {"compression": 10}, {"bits": 12}, {"resolution": 0.0}]
)
def test_options_that_can_not_be(values):
    with pytest.raises(ValueError, match="can't be"):
        ImageOptions(**values)


@pytest.mark.parametrize("suffix", WRITABLE)
def test_the_previous_version_is_kept(folder, suffix):
    path = folder / f"a{suffix}"
    assert write_image(path, soft()) is None
    first = path.read_bytes()
    assert write_image(path, soft()[::-1]) == previous_path(path)
    assert previous_path(path).read_bytes() == first != path.read_bytes()
    second = path.read_bytes()
    assert write_image(path, soft(), keep_previous=False) is None
    assert previous_path(path).read_bytes() == first != second


@pytest.mark.parametrize("keep_previous", [True, False])
@pytest.mark.parametrize(("code", "meaning"), [(errno.ENOSPC, DiskFull), (errno.EROFS, FolderNotWritable)])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_whole(folder, monkeypatch, code, meaning, call, keep_previous):
    write_image(folder / "a.png", soft())
    before = (folder / "a.png").read_bytes()

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as broken:
        broken.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[call], fail)
        with pytest.raises(meaning):
            write_image(folder / "a.png", noise(), keep_previous=keep_previous)
    assert [(file.name, file.read_bytes()) for file in folder.iterdir()] == [("a.png", before)]


def test_a_folder_that_vanished(folder):
    path = folder / "stick" / "a.png"
    for keep_previous in (True, False):
        with pytest.raises(FolderNotWritable):
            write_image(path, soft(), keep_previous=keep_previous)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", ["none.png", "", "folder", "zero\0.png", "n" * 300 + ".png"])
def test_what_can_not_be_read(folder, name):
    (folder / "folder").mkdir()
    with pytest.raises(FileNotReadable):
        read_image(folder / name)


def test_pixels_that_are_not_contiguous(tmp_path):
    pixels = noise(40, 60)[::-2, ::3]
    for suffix, options in LOSSLESS:
        write_image(tmp_path / f"a{suffix}", pixels, options)
        assert np.array_equal(read_image(tmp_path / f"a{suffix}").pixels, pixels)


def test_tiff_of_ours_has_its_tags_in_order(tmp_path):
    write_image(tmp_path / "a.tif", noise(), ImageOptions(resolution=300))
    data = (tmp_path / "a.tif").read_bytes()
    [count] = struct.unpack_from("<H", data, 8)
    tags = [struct.unpack_from("<H", data, 10 + 12 * number)[0] for number in range(count)]
    assert tags == sorted(tags)
    with Image.open(tmp_path / "a.tif") as image:
        assert image.info["compression"] == "tiff_adobe_deflate"
