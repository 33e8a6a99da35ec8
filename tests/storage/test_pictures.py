"""A picture file brings back its pixels and its request, and a bad file brings an error that says so."""

import json
import pickle
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from kandinsky_studio import __version__
from kandinsky_studio.errors import BrokenPicture, NewerFile, NoRequestInPicture
from kandinsky_studio.storage import pictures
from kandinsky_studio.storage.pictures import export, is_whole_png, read_pixels, read_record, read_request, save_png

PROMPTS = [
    "a red circle",
    "красный круг на синем фоне, ёж",
    "猫 🐈 “quoted”, a: b\nsecond line",
    "half a surrogate \udc41 and a \0 zero",
    "ю" * 4000,
]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_png_brings_back_pixels_and_request(tmp_path, make_result, prompt):
    result = make_result(prompt, negative_prompt=prompt[::-1], seed=2**32 - 1, guidance_scale=0.1, vary_idea=False)
    save_png(tmp_path / "a.png", result)
    assert np.array_equal(read_pixels(tmp_path / "a.png"), result.image)
    assert read_request(tmp_path / "a.png") == result.request


def test_png_brings_back_the_whole_record(tmp_path, make_result):
    result = make_result()
    created = datetime(2026, 1, 31, 23, 59, 59, 123456, tzinfo=UTC)
    save_png(tmp_path / "a.png", result, created)
    record, size = read_record(tmp_path / "a.png")
    assert size == (24, 16)
    assert record.created == created
    assert dict(record.timings) == dict(result.timings)
    assert (record.device, record.dtype, record.weights, record.version) == ("cpu", "float32", "c0ffee", __version__)
    assert np.array_equal(record.image_embeds, result.image_embeds.astype(np.float16).astype(np.float32))


def test_parameters_are_what_other_programs_read(tmp_path, make_result):
    result = make_result("круг", negative_prompt="blurry", seed=5, prior_seed=6, model="/models/my, own: model")
    save_png(tmp_path / "a.png", result)
    with Image.open(tmp_path / "a.png") as image:
        lines = image.info["parameters"].split("\n")
    assert lines[:2] == ["круг", "Negative prompt: blurry"]
    assert lines[2].startswith("Steps: 20, Sampler: DPM++ 2M, CFG scale: 2.0, Seed: 5, Size: 24x16, Model: ")
    assert 'Model: "/models/my, own: model"' in lines[2]
    assert "Prior seed: 6" in lines[2]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG", ".webp"])
@pytest.mark.parametrize("prompt", PROMPTS[:3])
def test_export_keeps_the_request(tmp_path, make_result, suffix, prompt):
    result = make_result(prompt)
    save_png(tmp_path / "a.png", result)
    export(tmp_path / "a.png", tmp_path / f"b{suffix}", 90)
    assert read_request(tmp_path / f"b{suffix}") == result.request
    assert read_pixels(tmp_path / f"b{suffix}").shape == (16, 24, 3)


def test_export_to_png_keeps_every_pixel(tmp_path, make_result):
    result = make_result()
    save_png(tmp_path / "a.png", result)
    export(tmp_path / "a.png", tmp_path / "b.png")
    assert np.array_equal(read_pixels(tmp_path / "b.png"), result.image)


def test_quality_decides_the_size_of_the_file(tmp_path, make_result):
    save_png(tmp_path / "a.png", make_result(width=256, height=256))
    for suffix in (".jpg", ".webp"):
        sizes = []
        for quality in (20, 95):
            export(tmp_path / "a.png", tmp_path / f"b{suffix}", quality)
            sizes.append((tmp_path / f"b{suffix}").stat().st_size)
        assert sizes[0] < sizes[1] * 0.6


def test_exported_jpeg_tells_other_programs_the_prompt(tmp_path, make_result):
    save_png(tmp_path / "a.png", make_result("красный круг"))
    export(tmp_path / "a.png", tmp_path / "b.jpg")
    with Image.open(tmp_path / "b.jpg") as image:
        comment = image.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
    assert comment.startswith(b"UNICODE\0")
    assert comment[8:].decode("utf-16-be").startswith("красный круг\nSteps: 20")


@pytest.mark.parametrize("prompt", ["ю" * 4000, "🐈" * 4000])
def test_jpeg_of_the_longest_prompts_can_be_exported(tmp_path, make_result, prompt):
    result = make_result(prompt, negative_prompt=prompt)
    save_png(tmp_path / "a.png", result)
    export(tmp_path / "a.png", tmp_path / "b.jpg")
    assert read_request(tmp_path / "b.jpg") == result.request


def test_export_refuses_other_formats(tmp_path, make_result):
    save_png(tmp_path / "a.png", make_result())
    with pytest.raises(ValueError, match="gif"):
        export(tmp_path / "a.png", tmp_path / "b.gif")
    assert not (tmp_path / "b.gif").exists()


def test_saving_replaces_what_was_there(folder, make_result):
    save_png(folder / "a.png", make_result("first"))
    save_png(folder / "a.png", make_result("second"))
    assert read_request(folder / "a.png").prompt == "second"
    assert [path.name for path in folder.iterdir()] == ["a.png"]


def test_a_picture_of_another_program_says_nothing(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(NoRequestInPicture):
        read_request(tmp_path / "a.png")
    assert read_pixels(tmp_path / "a.png").shape == (8, 8, 3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "[" * 100_000,
        '{"created": "2026-01-01T00:00:00+00:00"}',
        '{"created": "yesterday", "request": {"version": 1, "prompt": "a"}}',
        '{"created": "2026-01-01T00:00:00", "request": {"version": 1, "prompt": "a"}}',
        '{"created": "2026-01-01T00:00:00+00:00", "request": {"version": 1, "prompt": 5}}',
        '{"created": "2026-01-01T00:00:00+00:00", "request": {"version": 1, "prompt": "a"}, "timings": {"a": []}}',
        '{"created": "2026-01-01T00:00:00+00:00", "request": {"version": 1, "prompt": "a"}, "image_embeds": "_"}',
        '{"created": "2026-01-01T00:00:00+00:00", "request": {"version": 1, "task": "dance", "prompt": "a"}}',
    ],
)
def test_a_garbled_record_is_no_request(tmp_path, text):
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt(pictures.RECORD_KEY, text)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=texts)
    with pytest.raises(NoRequestInPicture):
        read_request(tmp_path / "a.png")


def test_a_record_of_a_newer_program_is_called_that(tmp_path):
    record = {"created": "2026-01-01T00:00:00+00:00", "request": {"version": 99, "prompt": "a"}}
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt(pictures.RECORD_KEY, json.dumps(record))
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=texts)
    with pytest.raises(NewerFile, match=r"a\.png"):
        read_request(tmp_path / "a.png")
    export(tmp_path / "a.png", tmp_path / "b.jpg")
    assert read_pixels(tmp_path / "b.jpg").shape == (8, 8, 3)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _bomb(side: int) -> bytes:
    """A PNG file of a few bytes that claims to be ``side`` pixels square."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"\0")) + _chunk(b"IEND", b"")


class _Trap:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was opened",))


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n\x1a\n", b"<html>", b"GIF89a" + b"\0" * 64, _bomb(9000), _bomb(60_000), pickle.dumps(_Trap())],
    ids=["empty", "head only", "html", "gif", "bomb", "huge bomb", "pickle"],
)
@pytest.mark.parametrize("read", [read_pixels, read_request])
def test_what_is_no_picture_is_refused(tmp_path, content, read):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(BrokenPicture, match=r"a\.png"):
        read(tmp_path / "a.png")


@pytest.mark.parametrize("read", [read_pixels, read_request])
def test_a_missing_file_and_a_folder_are_no_pictures(tmp_path, read):
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(BrokenPicture):
            read(path)


def test_a_picture_that_was_cut_short_is_never_half_shown(tmp_path, make_result):
    save_png(tmp_path / "a.png", make_result())
    content = (tmp_path / "a.png").read_bytes()
    cut = tmp_path / "cut.png"
    for length in range(0, len(content) - 12, 97):  # the last chunk says only that the file ends
        cut.write_bytes(content[:length])
        assert not is_whole_png(cut)
        with pytest.raises(BrokenPicture):
            read_pixels(cut)
    assert is_whole_png(tmp_path / "a.png")


def test_check_writable_leaves_nothing(tmp_path):
    pictures.check_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_suffixes_are_what_export_takes(tmp_path, make_result):
    save_png(tmp_path / "a.png", make_result())
    for suffix, form in pictures.FORMATS.items():
        export(tmp_path / "a.png", Path(tmp_path / f"b{suffix}"))
        with Image.open(tmp_path / f"b{suffix}") as image:
            assert image.format == form
