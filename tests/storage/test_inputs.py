"""Pictures that a request was made from: a PNG file keeps them, everything smaller knows them by their digests."""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from kandinsky_studio.engine.embeddings import SavedEmbedding, Slot
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import Task
from kandinsky_studio.engine.validation import check
from kandinsky_studio.errors import ArrayNotKept, BrokenPicture, NoRequestInPicture
from kandinsky_studio.storage import pictures, preferences
from kandinsky_studio.storage.pictures import export, read_array, read_pixels, read_record, read_request, save, save_png
from kandinsky_studio.storage.preferences import Preferences


def _noise(height: int, width: int, *channels: int) -> Raster:
    return Raster(np.random.default_rng(height).integers(0, 256, (height, width, *channels), dtype=np.uint8))


@pytest.fixture
def made(make_result):
    """A result that was made from pictures: an image, a mask, and slots with two more and a saved idea."""
    image = _noise(96, 128, 3)
    return make_result(
        "a star",
        task=Task.inpaint,
        width=128,
        height=96,
        image=image,
        mask=_noise(96, 128),
        slots=(
            Slot(image=_noise(50, 40, 3)),
            Slot(image=image, weight=0.5, negative=True),
            Slot(embedding=SavedEmbedding(np.arange(64, dtype=np.float32), "encoder")),
        ),
    )


def _check_absent(request, result) -> None:
    assert request == result.request
    assert not any(raster.present for raster in request.rasters())
    with pytest.raises(ArrayNotKept):
        check(request, spec_of("builtin"))


def test_png_keeps_the_inputs(tmp_path, made):
    save_png(tmp_path / "a.png", made)
    request = read_request(tmp_path / "a.png")
    assert request == made.request
    for read, given in zip(request.rasters(), made.request.rasters(), strict=True):
        assert np.array_equal(read.pixels, given.pixels)
    check(request, spec_of("builtin"))
    assert np.array_equal(read_pixels(tmp_path / "a.png"), made.image)
    export(tmp_path / "a.png", tmp_path / "b.png")
    assert all(raster.present for raster in read_request(tmp_path / "b.png").rasters())


def test_png_keeps_the_same_input_once_and_its_text_short(tmp_path, made):
    save_png(tmp_path / "a.png", made)
    with Image.open(tmp_path / "a.png") as image:
        kept = [content[:32] for kind, content in image.private_chunks if kind == b"ksIn"]
        assert len(kept) == len(set(kept)) == 3
        assert len(image.info[pictures.RECORD_KEY]) < 4000


def test_the_same_result_gives_the_same_file(tmp_path, made):
    created = _record_of(made, tmp_path).created
    for name in ("b.png", "c.png"):
        save_png(tmp_path / name, made, created)
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "c.png").read_bytes()


def _record_of(result, folder: Path):
    save_png(folder / "a.png", result)
    return read_record(folder / "a.png")[0]


def test_a_record_alone_leaves_the_inputs_where_they_are(tmp_path, made):
    _check_absent(_record_of(made, tmp_path).request, made)


def test_inputs_too_large_for_any_text_can_be_kept_and_read_by_others(qapp, tmp_path, make_result):
    from PySide6.QtGui import QImage

    large = Raster(np.random.default_rng(1).integers(0, 256, (4000, 6000, 3), dtype=np.uint8))
    save_png(tmp_path / "a.png", make_result(task=Task.image2image, image=large))
    assert (tmp_path / "a.png").stat().st_size > 70_000_000  # Pillow opens no file with 64 MiB of texts
    assert np.array_equal(read_request(tmp_path / "a.png").image.pixels, large.pixels)
    read_record(tmp_path / "a.png")
    assert QImage(str(tmp_path / "a.png")).width() == 24


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_exif_has_no_room_for_inputs(tmp_path, made, suffix):
    save(tmp_path / f"a{suffix}", made)
    _check_absent(read_request(tmp_path / f"a{suffix}"), made)
    assert read_pixels(tmp_path / f"a{suffix}").shape == made.image.shape


def test_the_index_of_the_library_stays_small(library, made):
    entry = library.add(made)
    _check_absent(entry.request, made)
    _check_absent(library.record(entry.id).request, made)
    rows = library._index.run(
        lambda connection: connection.execute("SELECT request, record FROM entries JOIN records USING (id)").fetchall()
    )
    assert all(len(text) < 4000 for row in rows for text in row)
    assert all(raster.present for raster in read_request(entry.path).rasters())


def test_a_new_index_knows_the_inputs_by_their_digests(library, made):
    entry = library.add(made)
    library.forget(entry.id)
    _check_absent(library.readopt(entry.path).request, made)


def test_preferences_stay_small(tmp_path, made):
    file = tmp_path / "preferences.json"
    preferences.save(Preferences(last_request=made.request), file)
    assert file.stat().st_size < 6000
    _check_absent(preferences.load(file).last_request, made)


def _with_input(path: Path, made, content: bytes) -> Path:
    """A picture whose record names the inputs of ``made``, and whose image is ``content``."""
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt(pictures.RECORD_KEY, json.dumps(pictures.Record.of(made).to_json(with_pixels=False)))
    texts.add(b"ksIn", bytes.fromhex(made.request.image.digest) + content)
    Image.new("RGB", (8, 8)).save(path, pnginfo=texts)
    return path


def _png(pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", _png(np.zeros((96, 128, 3), np.uint8)), _bomb(128, 96), _bomb(60_000, 60_000)],
    ids=["empty", "nonsense", "another picture", "cut short", "bomb"],
)
def test_inputs_that_are_not_what_the_record_says_are_refused(tmp_path, made, content):
    file = _with_input(tmp_path / "a.png", made, content)
    with pytest.raises(NoRequestInPicture):
        read_request(file)
    assert read_record(file)[0].request == made.request


@pytest.mark.parametrize("content", [b"", b"short", b"\0" * 40])
def test_inputs_of_nothing_are_passed_over(tmp_path, make_result, content):
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt(pictures.RECORD_KEY, json.dumps(pictures.Record.of(make_result()).to_json()))
    texts.add(b"ksIn", content)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=texts)
    assert read_request(tmp_path / "a.png").image is None


# ---------------------------------------------------------------- reading pictures with the channels they have


def _levels() -> np.ndarray:
    return np.arange(0, 240, 5, dtype=np.uint8).reshape(6, 8)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_read_array_keeps_channels(tmp_path, mode):
    image = Image.fromarray(_levels()).convert(mode)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.fromarray(_levels()[::-1].copy()))
    image.save(tmp_path / "a.png")
    read = read_array(tmp_path / "a.png")
    assert read.dtype == np.uint8
    assert read.shape == {"L": (6, 8), "RGB": (6, 8, 3), "RGBA": (6, 8, 4), "LA": (6, 8, 4)}[mode]
    assert np.array_equal(read if mode == "L" else read[:, :, 0], _levels())
    if read.shape[2:] == (4,):
        assert np.array_equal(read[:, :, 3], _levels()[::-1])


def test_read_array_of_black_and_white_and_palettes(tmp_path):
    Image.fromarray(_levels() > 100).save(tmp_path / "a.png")
    assert np.array_equal(read_array(tmp_path / "a.png"), (_levels() > 100) * np.uint8(255))
    palette = Image.fromarray(_levels()).convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE)
    palette.save(tmp_path / "b.png")
    assert np.array_equal(read_array(tmp_path / "b.png")[:, :, 0], _levels())
    palette.save(tmp_path / "c.png", transparency=3)
    assert read_array(tmp_path / "c.png").shape == (6, 8, 4)
    assert (read_array(tmp_path / "c.png")[:, :, 3] == 0).sum() == 1


def test_read_array_of_sixteen_bits_keeps_the_range(tmp_path):
    deep = (_levels().astype(np.uint16) * 257)[:, ::-1].copy()
    Image.fromarray(deep).save(tmp_path / "a.png")
    assert np.array_equal(read_array(tmp_path / "a.png"), _levels()[:, ::-1])


def test_read_array_turns_what_a_camera_held_on_its_side(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(np.repeat(_levels(), 8, axis=0)).save(tmp_path / "a.jpg", exif=exif)
    assert read_array(tmp_path / "a.jpg").shape == (8, 48)


def test_read_array_reads_jpeg_and_webp(tmp_path):
    image = Image.fromarray(_levels()).convert("RGB")
    image.save(tmp_path / "a.webp", lossless=True)
    assert np.array_equal(read_array(tmp_path / "a.webp")[:, :, 0], _levels())
    image.convert("CMYK").save(tmp_path / "a.jpg")
    assert read_array(tmp_path / "a.jpg").shape == (6, 8, 3)


@pytest.mark.parametrize("content", [b"", b"GIF89a" + b"\0" * 64, _bomb(9000, 9000), _bomb(60_000, 60_000)])
def test_read_array_refuses_what_is_no_picture(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    for path in (tmp_path / "a.png", tmp_path / "none.png", tmp_path):
        with pytest.raises(BrokenPicture):
            read_array(path)


def test_read_array_refuses_a_picture_that_was_cut_short(tmp_path):
    Image.fromarray(_noise(40, 40, 3).pixels).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:-300])
    with pytest.raises(BrokenPicture):
        read_array(tmp_path / "a.png")


# ---------------------------------------------------------------- what other programs read


def _last_line(request) -> str:
    return pictures.parameters_text(request, "here").splitlines()[-1]


def test_parameters_name_the_task_and_its_values(made, make_result):
    line = _last_line(made.request)
    assert ", Task: inpaint, Denoising strength: 1.0, Mask blur: 8, " in line
    assert 'Mix: "picture: 1, not picture: 0.5, saved idea: 1"' in line
    plain = _last_line(make_result().request)
    assert all(name not in plain for name in ("Task", "Denoising", "Mix", "Prior strength"))
    grown = make_result(task=Task.outpaint, image=_noise(8, 8, 3), margin_left=5, margin_bottom=6).request
    assert "Outpaint: left 5 bottom 6" in _last_line(grown)
    mixed = make_result("", task=Task.mix, slots=(Slot(prompt="a star", weight=0.25),), prior_strength=0.3).request
    assert pictures.parameters_text(mixed, "here").startswith("Steps: ")
    assert 'Task: mix, Mix: "a star: 0.25", Prior strength: 0.3' in _last_line(mixed)
    assert "Task: depth, Hint scale: 0.5" in _last_line(
        make_result(task=Task.depth, hint=_noise(8, 8), controlnet_conditioning_scale=0.5).request
    )
