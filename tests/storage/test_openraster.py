"""Our own OpenRaster files: everything comes back, and saving never destroys."""

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.surface import Depth, Surface
from kandinsky_studio.errors import Cancelled, DiskFull, FolderNotWritable
from kandinsky_studio.storage import openraster as names
from kandinsky_studio.storage.document_notes import DocumentNote
from kandinsky_studio.storage.durable import previous_path
from kandinsky_studio.storage.openraster_reading import read_openraster
from kandinsky_studio.storage.openraster_writing import write_openraster
from kandinsky_studio.storage.reading import Reading
from tests.storage.documents import assert_same, everything, group, noise, picture, render, soft
from tests.storage.test_openraster_foreign import png


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "a.ora"


CANVAS = Rect(0, 0, 64, 48)


def flat(*layers: Layer, canvas: Rect = CANVAS) -> State:
    return State(canvas, layers)


def test_everything_comes_back(path):
    state = everything()
    for layer in (None, *state.walk()):
        write_openraster(path, state, layer.id if layer else None)
        read = read_openraster(path)
        active = read.state.find(read.active_id) if read.active_id is not None else None
        assert (active.name if active else None) == (layer.name if layer else None)
    assert read.notes == ()
    assert_same(read.state, state)


def test_it_comes_back_however_often_it_is_saved(path):
    state = everything()
    for _ in range(3):
        write_openraster(path, state)
        first = path.read_bytes()
        state = read_openraster(path).state
    write_openraster(path, state)
    assert path.read_bytes() == first  # the canvas is at (0, 0) from the second time on


def test_every_premultiplied_pixel_comes_back(path):
    alpha, colour = np.meshgrid(np.arange(256), np.arange(256))
    colour = np.minimum(colour, alpha)
    pixels = np.stack([colour, alpha - colour, colour // 2, alpha], -1).astype(np.uint8)
    write_openraster(path, flat(Layer(1, Kind.PIXELS, "a", Surface.from_array(pixels))))
    read = read_openraster(path).state.layers[0].pixels
    assert read is not None
    assert np.array_equal(read.array(Rect(0, 0, 256, 256)), pixels)


@pytest.mark.parametrize("mode", BlendMode)
def test_every_mode_comes_back(path, mode):
    state = flat(picture(1, 64, 48), picture(2, 50, 48, mode=mode), group(3, picture(4, 30, 30), mode=mode))
    write_openraster(path, state)
    assert_same(read_openraster(path).state, state)


@pytest.mark.parametrize(
    "state",
    [
        flat(),
        flat(group(1)),
        flat(group(1, group(2, group(3)), isolated=False)),
        flat(Layer(1, Kind.PIXELS, "", Surface(Depth.RGBA))),
        flat(Layer(1, Kind.INPAINT, "m", Surface(Depth.MASK, 255))),
        flat(Layer(1, Kind.DEPTH, "d", Surface.from_array(soft(1, 64, 48)))),
        flat(picture(1, 1, 1), canvas=Rect(-5000, 7000, 1, 1)),
        flat(picture(1, 300, 300, -150, -150), canvas=Rect(0, 0, 1, 1)),
        flat(picture(1, 10, 10, mask=Surface(Depth.MASK))),
        flat(picture(1, 10, 10, mask=Surface(Depth.MASK, 255))),
        flat(group(1, picture(2, 9, 9), mask=Surface(Depth.MASK), isolated=False)),
    ],
)
def test_odd_documents_come_back(path, state):
    write_openraster(path, state)
    assert_same(read_openraster(path).state, state)


def test_no_selection_and_an_inverted_one(path):
    state = replace(flat(), selection=Surface(Depth.MASK))
    write_openraster(path, state)
    assert read_openraster(path).state.selection is None
    state = replace(flat(), selection=Surface.from_array(soft(1, 20, 20), default=255))
    write_openraster(path, state)
    assert_same(read_openraster(path).state, state)


@pytest.mark.parametrize("mask", [None, Surface.from_array(soft(1, 40, 40), 3, 4)])
def test_pixels_far_apart_and_far_away_come_back(path, mask):
    far = Surface.from_array(noise(1, 30, 20), -60_000, 50_000)
    for number, (x, y) in enumerate([(0, 0), (90_000, -3), (4090, 4090)]):
        far.fill_from(Rect(x, y, 30, 20), Surface.from_array(noise(number, 30, 20)).read(Rect(0, 0, 30, 20)))
    inpaint = Surface.from_array(soft(2, 30, 30), 200_000, 0)
    layers = (
        Layer(1, Kind.PIXELS, "far", far, mask=mask),
        Layer(2, Kind.INPAINT, "far", inpaint),
        picture(3, 20, 20, 100_000, 100_000),
        group(4, picture(5, 9, 9), mask=Surface.from_array(soft(3, 9, 9), -99_999, 2, 255)),
    )
    state = State(Rect(11, 12, 64, 48), layers)
    write_openraster(path, state)
    assert path.stat().st_size < 1_000_000
    assert_same(read_openraster(path).state, state)
    with zipfile.ZipFile(path) as archive:
        pictures = [name for name in archive.namelist() if name.startswith("data/")]
        assert max(Image.open(archive.open(name)).width for name in pictures) <= 64


@settings(max_examples=30, deadline=None)
@given(name=st.text(st.characters(), max_size=30), extra=st.text(st.characters(), max_size=30))
def test_any_name_comes_back(tmp_path_factory, name, extra):
    path = tmp_path_factory.mktemp("names") / "a.ora"
    state = replace(flat(picture(1, 9, 9, name=name), group(2, name=name)), extras={name: extra})
    write_openraster(path, state)
    assert_same(read_openraster(path).state, state)


# ---------------------------------------------------------------------- what other programs see


def over(under: np.ndarray, top: np.ndarray) -> np.ndarray:
    """Straight RGBA, 0 … 1, blended normally."""
    alpha = top[..., 3:] + under[..., 3:] * (1 - top[..., 3:])
    colour = top[..., :3] * top[..., 3:] + under[..., :3] * under[..., 3:] * (1 - top[..., 3:])
    return np.concatenate([colour / np.maximum(alpha, 1e-9), alpha], -1)


def composed(archive: zipfile.ZipFile, stack: ET.Element, under: np.ndarray) -> np.ndarray:
    """What a reader of the standard who knows nothing of ours makes of a stack, in floating numbers."""
    height, width = under.shape[:2]
    for element in reversed(stack):
        if element.get("visibility") == "hidden":
            continue
        opacity, mode = float(element.get("opacity", "1")), element.get("composite-op", "svg:src-over")
        layer = np.zeros((height, width, 4))
        if element.tag == "stack":
            if element.get("isolation") != "isolate" and opacity == 1 and mode == "svg:src-over":
                under = composed(archive, element, under)
                continue
            layer = composed(archive, element, layer)
        else:
            pixels = np.asarray(Image.open(archive.open(element.get("src", ""))).convert("RGBA")) / 255
            x, y = int(element.get("x", "0")), int(element.get("y", "0"))
            rows, columns = slice(max(y, 0), max(y + len(pixels), 0)), slice(max(x, 0), max(x + pixels.shape[1], 0))
            target = layer[rows, columns]
            target[:] = pixels[max(-y, 0) :, max(-x, 0) :][: target.shape[0], : target.shape[1]]
        layer[..., 3] *= opacity
        if mode == "svg:dst-in":
            under = under.copy()
            under[..., 3] *= layer[..., 3]
        else:
            assert mode == "svg:src-over"
            under = over(under, layer)
    return under


def normal(state: State) -> State:
    """With the normal mode everywhere."""
    for layer in tuple(state.walk()):
        state = state.with_layer(layer.id, mode=BlendMode.NORMAL)
    return state


def test_others_see_the_same_picture(path):
    state = normal(everything())
    write_openraster(path, state)
    with zipfile.ZipFile(path) as archive:
        root = ET.fromstring(archive.read("stack.xml"))
        nothing = np.zeros((state.canvas.height, state.canvas.width, 4))
        theirs = composed(archive, root.find("stack"), nothing)
        merged = np.asarray(Image.open(archive.open("mergedimage.png")).convert("RGBA")) / 255
    ours = render(state) / 255
    assert np.array_equal(merged, ours)
    premultiplied = [picture[..., :3] * picture[..., 3:] for picture in (ours, theirs)]
    assert np.abs(premultiplied[0] - premultiplied[1]).max() < 4 / 255
    assert np.abs(ours[..., 3] - theirs[..., 3]).max() < 4 / 255


def test_the_archive_is_what_the_standard_says(path):
    write_openraster(path, replace(everything(), canvas=Rect(0, 0, 600, 100)))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type, first.header_offset) == ("mimetype", zipfile.ZIP_STORED, 0)
        assert archive.read("mimetype") == b"image/openraster"
        assert path.read_bytes()[30:54] == b"mimetypeimage/openraster"
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o644}
        root = ET.fromstring(archive.read("stack.xml"))
        assert (root.tag, root.get("w"), root.get("h"), root.get("xres"), root.get("yres")) == (
            "image", "600", "100", "300", "300",
        )  # fmt: skip
        assert [child.tag for child in root] == ["stack"]
        assert Image.open(archive.open("Thumbnails/thumbnail.png")).width == 256
        assert Image.open(archive.open("mergedimage.png")).size == (600, 100)
        names_there = archive.namelist()
        assert len(names_there) == len(set(names_there))
        for layer in root.iter("layer"):
            with Image.open(archive.open(layer.get("src", ""))) as image:
                assert image.mode == "RGBA"
        # What is no part of the picture is no layer to others.
        assert not [layer for layer in root.iter("layer") if layer.get("name") in ("Anew", "Near")]


def test_a_group_that_lets_through_and_has_a_mask_is_isolated_to_others(path):
    cut = group(2, picture(3, 9, 9), isolated=False, mask=Surface.from_array(soft(1, 40, 40)))
    write_openraster(path, flat(picture(1, 64, 48), cut))
    with zipfile.ZipFile(path) as archive:
        stack = ET.fromstring(archive.read("stack.xml")).find("stack/stack")
    assert stack is not None
    assert stack.get("isolation") == "isolate"
    assert stack[0].get("composite-op") == "svg:dst-in"
    assert read_openraster(path).state.layers[1].isolated is False


# ---------------------------------------------------------------------- what is only ours, and unusable


def rewritten(path: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        files = {info.filename: archive.read(info) for info in archive.infolist()}
    files[name] = content
    with zipfile.ZipFile(path, "w") as archive:
        for key, value in files.items():
            archive.writestr(key, value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"version": 2}', b"\xff", b"[" * 100_000, b'{"version": 1, "elements": 3}']
)
def test_what_we_added_is_ignored_where_it_is_unusable_and_that_is_said(path, content):
    state = flat(picture(1, 64, 48), Layer(2, Kind.INPAINT, "m", Surface.from_array(soft(1, 64, 48))))
    write_openraster(path, state)
    rewritten(path, names.OURS, content)
    read = read_openraster(path)
    newer = content == b'{"version": 2}'
    assert read.notes == (DocumentNote.newer_version if newer else DocumentNote.extras_ignored,)
    assert [layer.kind for layer in read.state.layers] == [Kind.PIXELS]
    assert np.array_equal(render(read.state), render(state))


def test_who_waits_sees_the_small_picture_and_how_much_is_read(path):
    state = everything()
    write_openraster(path, state)
    pictures, shares = [], []
    read = read_openraster(path, Reading(pictures.append, shares.append))
    assert_same(read.state, state)
    assert len(pictures) == 1
    assert max(pictures[0].width(), pictures[0].height()) <= names.THUMBNAIL_SIDE
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.parametrize("content", [b"", b"no picture", png(9, 9)[:45], png(9, 9)[:16] + b"\x7f" * 8 + png(9, 9)[24:]])
def test_a_small_picture_that_is_none_is_missed_by_nobody(path, content):
    state = everything()
    write_openraster(path, state)
    rewritten(path, names.THUMBNAIL, content)
    pictures: list[object] = []
    assert_same(read_openraster(path, Reading(pictures.append)).state, state)
    assert pictures == []


def test_a_document_that_nobody_waits_for_is_not_read(path):
    write_openraster(path, everything())
    reading = Reading()
    reading.cancel()
    with pytest.raises(Cancelled):
        read_openraster(path, reading)


def test_values_of_other_types_make_what_we_added_unusable(path):
    write_openraster(path, everything())
    with zipfile.ZipFile(path) as archive:
        ours = json.loads(archive.read(names.OURS))
    for change in (
        {"active": "x"},
        {"selection_at": [1]},
        {"selection_at": [1.5, 2]},
        {"elements": {"0": {"alpha_locked": 1}}},
        {"elements": {"0": {"mask_default": 10**9}}},
        {"elements": {"0": {"unknown": 1}}},
        {"beside": [{"kind": "inpaint"}]},
        {"resolution": "a"},
        {"extras": []},
    ):
        assert names.Ours.from_json(json.dumps({**ours, **change}).encode()) is None, change


# ---------------------------------------------------------------------- saving never destroys


def test_the_previous_version_is_kept(path):
    first, second = flat(picture(1, 64, 48)), flat(picture(2, 64, 48))
    write_openraster(path, first)
    write_openraster(path, second)
    assert sorted(file.name for file in path.parent.iterdir()) == ["a.ora", "a~.ora"]
    assert_same(read_openraster(path).state, second)
    assert_same(read_openraster(previous_path(path)).state, first)


@pytest.mark.parametrize("number", range(1, 9))
def test_a_failure_in_the_middle_leaves_the_old_file_whole(path, monkeypatch, number):
    old = flat(picture(1, 64, 48))
    write_openraster(path, old)
    before = path.read_bytes()
    write = zipfile.ZipFile.writestr
    calls = iter(range(1, 100))

    def fail(self, *arguments, **values):
        if next(calls) == number:
            raise OSError(28, "No space left on device")
        write(self, *arguments, **values)

    monkeypatch.setattr(zipfile.ZipFile, "writestr", fail)
    with pytest.raises(DiskFull):
        write_openraster(path, everything())
    assert [file.name for file in path.parent.iterdir()] == ["a.ora"]
    assert path.read_bytes() == before


def test_a_full_disk_leaves_both_versions_whole(small_disk):
    path = small_disk / "a.ora"
    for seed in (1, 2):
        write_openraster(path, flat(picture(seed, 64, 48)))
    before = {file.name: file.read_bytes() for file in small_disk.iterdir()}
    with pytest.raises(DiskFull):
        write_openraster(path, flat(picture(3, 500, 500)))
    assert {file.name: file.read_bytes() for file in small_disk.iterdir()} == before


def test_a_folder_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FolderNotWritable):
        write_openraster(tmp_path / "file" / "a.ora", flat())


KILLED = """
import os, signal, sys, zipfile
from pathlib import Path
from kandinsky_studio.storage.openraster_writing import write_openraster
from kandinsky_studio.storage.reading import Reading
from tests.storage.documents import everything
state, last, count = everything(), int(sys.argv[2]), 0
write = zipfile.ZipFile.writestr
flush = os.fsync
def dying(function):
    def call(*arguments, **values):
        global count
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **values)
    return call
zipfile.ZipFile.writestr = dying(write)
os.fsync = dying(flush)
os.link = dying(os.link)
Path.replace = dying(Path.replace)
write_openraster(Path(sys.argv[1]), state)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_a_kill_at_any_moment_leaves_a_whole_file(path):
    old, new = flat(picture(1, 64, 48)), everything()
    write_openraster(path, new)
    with zipfile.ZipFile(path) as archive:
        files = len(archive.namelist())
    write_openraster(path, old)
    # Two flushes, a link and two renamings come after the files.
    for last in (1, files // 2, *range(files, files + 7)):
        command = [sys.executable, "-c", KILLED, str(path), str(last)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, check=False, cwd=Path(__file__).parents[2], env=environment)
        assert done.returncode in (0, -signal.SIGKILL)
        there = read_openraster(path).state
        assert_same(there, new if len(there.layers) > 1 else old)
    assert done.returncode == 0  # so that every moment was tried
    assert len(there.layers) > 1


def test_a_png_of_the_picture_decodes_with_any_library(path):
    write_openraster(path, everything())
    with zipfile.ZipFile(path) as archive:
        data = archive.read("mergedimage.png")
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(decoded[..., [2, 1, 0, 3]], np.asarray(Image.open(io.BytesIO(data))))
