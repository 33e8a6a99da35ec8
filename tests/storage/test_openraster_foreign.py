"""OpenRaster files of other programs, put together by hand after the standard."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from benchmarks.fuzzing import right_crcs
from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.errors import DamagedPicture
from kandinsky_studio.storage.document_notes import DocumentNote
from kandinsky_studio.storage.image_files import ImageOptions
from kandinsky_studio.storage.image_writing import encoded
from kandinsky_studio.storage.openraster_reading import OpenRaster, read_openraster
from tests.storage.documents import render

RED, GREEN = (255, 0, 0, 255), (0, 255, 0, 255)


def png(width: int, height: int, colour: object = RED, mode: str = "RGBA", **values: object) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (width, height), colour).save(buffer, "PNG", **values)
    return buffer.getvalue()


def written(path: Path, stack: str, files: Mapping[str, bytes], head: str = 'w="64" h="48"') -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr(
            "stack.xml", f"<?xml version='1.0' encoding='UTF-8'?>\n<image {head}><stack>{stack}</stack></image>"
        )
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def read(folder: Path, stack: str, files: Mapping[str, bytes] | None = None, head: str = 'w="64" h="48"') -> OpenRaster:
    return read_openraster(written(folder / "a.ora", stack, files or {"data/a.png": png(8, 6)}, head))


def test_the_least_that_a_file_can_have(folder):
    opened = read(folder, '<layer src="data/a.png"/>')
    [layer] = opened.state.layers
    assert opened.state.canvas == Rect(0, 0, 64, 48)
    assert opened.state.resolution == 72
    assert opened.notes == ()
    assert opened.active_id is None
    assert (layer.name, layer.visible, layer.opacity, layer.mode) == ("", True, 1.0, BlendMode.NORMAL)
    assert (layer.locked, layer.mask) == (False, None)
    assert layer.pixels is not None
    assert layer.pixels.content == Rect(0, 0, 8, 6)
    assert tuple(render(opened.state)[0, 0]) == RED


def test_every_attribute(folder):
    attributes = (
        'name="Тень" src="data/a.png" x="-3" y="+4" opacity="0.25" visibility="hidden" '
        'composite-op="svg:multiply" edit-locked="true" selected="true" unknown="1"'
    )
    opened = read(folder, f"<layer {attributes}/>", head='w="64" h="48" xres="300" yres="300" version="0.0.5"')
    [layer] = opened.state.layers
    assert (layer.name, layer.visible, layer.opacity, layer.mode) == ("Тень", False, 0.25, BlendMode.MULTIPLY)
    assert layer.locked
    assert layer.pixels is not None
    assert layer.pixels.content == Rect(-3, 4, 8, 6)
    assert opened.state.resolution == 300
    assert opened.active_id == layer.id


@pytest.mark.parametrize(
    ("attribute", "name", "value"),
    [
        ('opacity="2"', "opacity", 1.0),
        ('opacity="-1"', "opacity", 0.0),
        ('opacity="nan"', "opacity", 1.0),
        ('opacity="much"', "opacity", 1.0),
        ('opacity=""', "opacity", 1.0),
        ('visibility="perhaps"', "visible", True),
        ('edit-locked="1"', "locked", False),
        ('x="a" y=""', "visible", True),
        ('x="2.6" y="1e1"', "visible", True),
    ],
)
def test_attributes_of_no_meaning(folder, attribute, name, value):
    [layer] = read(folder, f'<layer src="data/a.png" {attribute}/>').state.layers
    assert getattr(layer, name) == value


def test_the_first_in_the_file_is_the_highest(folder):
    files = {"data/a.png": png(8, 6), "data/b.png": png(64, 48, GREEN)}
    opened = read(folder, '<layer src="data/a.png" name="a"/><layer src="data/b.png" name="b"/>', files)
    assert [layer.name for layer in opened.state.layers] == ["b", "a"]
    picture = render(opened.state)
    assert (tuple(picture[0, 0]), tuple(picture[40, 40])) == (RED, GREEN)


def test_stacks_in_stacks(folder):
    inner = '<stack name="in" isolation="isolate"><layer src="data/a.png" name="a"/></stack>'
    stack = (
        f'<stack name="out" opacity="0.5"><layer src="data/a.png" name="top"/>{inner}</stack><filter/><text>x</text>'
    )
    state = read(folder, stack).state
    [out] = state.layers
    assert (out.kind, out.name, out.opacity, out.isolated) == (Kind.GROUP, "out", 0.5, False)
    assert [layer.name for layer in out.children] == ["in", "top"]
    assert out.children[0].isolated
    assert [layer.name for layer in out.children[0].children] == ["a"]


@pytest.mark.parametrize(
    ("isolation", "below"), [('isolation="isolate"', 0), ('isolation="auto"', 255), ("", 255), ('isolation="?"', 255)]
)
def test_isolation(folder, isolation, below):
    """A layer that multiplies sees what is below its group only where the group is not isolated."""
    files = {"a.png": png(64, 48, RED), "b.png": png(64, 48, GREEN)}
    group = f'<stack {isolation}><layer src="b.png" composite-op="svg:multiply"/></stack>'
    picture = render(read(folder, f'{group}<layer src="a.png"/>', files).state)
    assert tuple(picture[0, 0]) == ((0, 0, 0, 255) if below else GREEN)


@pytest.mark.parametrize("attribute", ['opacity="0.99999"', 'composite-op="svg:screen"'])
def test_a_group_with_opacity_or_a_mode_is_isolated_whatever_it_says(folder, attribute):
    files = {"a.png": png(64, 48, RED), "b.png": png(64, 48, GREEN)}
    group = f'<stack isolation="auto" {attribute}><layer src="b.png" composite-op="svg:multiply"/></stack>'
    picture = render(read(folder, f'{group}<layer src="a.png"/>', files).state)
    assert picture[0, 0, 1] >= 254


def test_a_mode_that_nobody_knows_is_told(folder):
    opened = read(folder, '<layer src="data/a.png" composite-op="other:glow"/>')
    assert opened.state.layers[0].mode is BlendMode.NORMAL
    assert opened.notes == (DocumentNote.modes_replaced,)
    assert read(folder, '<layer src="data/a.png" composite-op="svg:add"/>').notes == ()


@pytest.mark.parametrize("layer", ["<layer/>", '<layer src="data/a.svg"/>', '<layer src="data/empty"/>'])
def test_a_layer_that_is_no_png_is_left_out_and_told(folder, layer):
    files = {"data/a.svg": b"<svg/>", "data/empty": b"", "data/a.png": png(8, 6)}
    opened = read(folder, f'{layer}<layer src="data/a.png"/>', files)
    assert opened.notes == (DocumentNote.layers_left_out,)
    assert len(opened.state.layers) == 2
    assert tuple(render(opened.state)[0, 0]) == RED


def test_a_layer_whose_file_is_missing_makes_the_file_damaged(folder):
    with pytest.raises(DamagedPicture):
        read(folder, '<layer src="data/gone.png"/>')


def ramp() -> np.ndarray:
    y, x = np.mgrid[:48, :64]
    return np.stack([x * 4, y * 5, (x + y) * 2, 255 - y], -1).astype(np.uint8)


@pytest.mark.parametrize("bits", [8, 16])
def test_every_depth_with_alpha(folder, bits):
    data = encoded(ramp(), "PNG", ImageOptions(bits=bits))
    state = read(folder, '<layer src="a.png"/>', {"a.png": data}).state
    assert np.abs(render(state).astype(int) - ramp()).max() <= 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "I;16"])
def test_other_kinds_of_png(folder, mode):
    if mode == "I;16":
        image = Image.fromarray(ramp()[..., 0].astype(np.uint16) * 257)
    else:
        image = Image.fromarray(ramp()).convert("RGB").convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    state = read(folder, '<layer src="a.png"/>', {"a.png": buffer.getvalue()}).state
    if mode == "I;16":
        image = Image.fromarray(ramp()[..., 0])
    assert np.abs(render(state).astype(int) - np.asarray(image.convert("RGBA"))).max() <= 1


def test_a_palette_with_transparency(folder):
    image = Image.fromarray(ramp()).convert("RGB").quantize(8)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=3)
    state = read(folder, '<layer src="a.png"/>', {"a.png": buffer.getvalue()}).state
    assert np.array_equal(render(state)[..., 3] == 0, np.asarray(image) == 3)


def test_a_profile_is_used(folder):
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    swapped = profile.replace(b"rXYZ", b"tmp!").replace(b"gXYZ", b"rXYZ").replace(b"tmp!", b"gXYZ")
    for later in (False, True):  # it may come after much else
        data = png(64, 48, RED, icc_profile=bytes(swapped))
        if later:
            filler = b"teXt" + bytes(9000)
            data = right_crcs(data[:33] + (9000).to_bytes(4, "big") + filler + bytes(4) + data[33:])
        state = read(folder, '<layer src="a.png"/>', {"a.png": data}).state
        assert render(state)[0, 0, 1] > 240
        assert render(state)[0, 0, 0] < 20


def test_a_profile_of_srgb_changes_nothing(folder):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    buffer = io.BytesIO()
    Image.fromarray(ramp()).save(buffer, "PNG", icc_profile=profile)
    state = read(folder, '<layer src="a.png"/>', {"a.png": buffer.getvalue()}).state
    assert np.abs(render(state).astype(int) - ramp()).max() <= 1


def test_the_archive_may_be_packed_and_have_folders(folder):
    path = folder / "a.ora"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("data/", b"")
        archive.writestr(
            "stack.xml", b'\xef\xbb\xbf<image w="64" h="48"><stack><layer src="data/a.png"/></stack></image>'
        )
        archive.writestr("data/a.png", png(8, 6))
    assert tuple(render(read_openraster(path).state)[0, 0]) == RED


def test_a_stack_that_is_empty(folder):
    assert read(folder, "").state.layers == ()
