"""Files of Photoshop and of those who write like it, put together by hand after Adobe's specification."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageCms

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Label
from kandinsky_studio.errors import UnreadableVariant
from kandinsky_studio.storage import psd as names
from kandinsky_studio.storage.document_notes import DocumentNote
from kandinsky_studio.storage.documents import read_document
from kandinsky_studio.storage.image_files import Note
from kandinsky_studio.storage.psd_reading import ReadPsd, read_psd
from tests.storage.documents import render, soft
from tests.storage.photoshop import PREDICTED, RAW, RLE, ZIP, Sheet, built, mask_data, unicode
from tests.storage.test_psd import difference

SIZE = (40, 30)


def planes(
    seed: int = 1, width: int = 40, height: int = 30, depth: int = 8, alpha: bool = True
) -> dict[int, np.ndarray]:
    """Red, green, blue and alpha, by the numbers of their channels."""
    made = {number: soft(seed + number, width, height) for number in range(3)}
    if alpha:
        made = {-1: np.maximum(soft(seed + 9, width, height), 60), **made}
    return {number: deep(plane, depth) for number, plane in made.items()}


def deep(plane: np.ndarray, depth: int) -> np.ndarray:
    if depth == 16:
        return plane.astype(np.uint16) * 257
    return plane.astype(np.float32) / 255 if depth == 32 else plane


def rgba(made: dict[int, np.ndarray]) -> np.ndarray:
    alpha = made.get(-1, np.full_like(made[0], 255))
    return np.dstack([made[0], made[1], made[2], alpha]).astype(np.uint8)


def opened(folder: Path, *arguments: object, **values: object) -> ReadPsd:
    path = folder / "a.psd"
    path.write_bytes(built(*SIZE, *arguments, **values))  # type: ignore[arg-type]
    return read_psd(path)


def over(under: np.ndarray, top: np.ndarray, blend=lambda cb, cs: cs) -> np.ndarray:
    """Straight RGBA, 0 … 1, by the formula of the W3C."""
    ab, at = under[..., 3:], top[..., 3:]
    alpha = at + ab * (1 - at)
    mixed = (1 - ab) * top[..., :3] + ab * blend(under[..., :3], top[..., :3])
    colour = at * mixed + (1 - at) * ab * under[..., :3]
    return np.concatenate([colour / np.maximum(alpha, 1e-9), alpha], -1)


@pytest.mark.parametrize("packing", [RAW, RLE, ZIP, PREDICTED])
@pytest.mark.parametrize("depth", [8, 16, 32])
@pytest.mark.parametrize("version", [1, 2])
def test_every_packing_and_depth(folder, packing, depth, version):
    sheet = Sheet(planes(depth=depth), 3, -4, "Layer")
    read = opened(folder, [sheet], depth=depth, packing=packing, version=version, in_block=depth > 8)
    [layer] = read.state.layers
    assert layer.pixels is not None
    assert layer.pixels.content == Rect(3, -4, 40, 30)
    assert read.notes == ((DocumentNote.sixteen_bits,) if depth > 8 else ())
    wanted = rgba(planes())
    if depth == 32:  # in linear light
        linear = wanted[..., :3] / 255
        encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        wanted[..., :3] = np.rint(encoded * 255)
    seen = render(read.state.changed(canvas=layer.pixels.content))
    assert difference(seen, wanted) <= 1.1


def test_what_a_layer_has_beside_pixels(folder):
    blocks = [
        (b"luni", unicode("Тень 🎨"[:4])),
        (b"lspf", struct.pack(">I", 1 << 31)),
        (b"lclr", struct.pack(">H6x", 3)),
        (b"iOpa", b"\x80\0\0\0"),
        (b"XXXX", b"unknown"),
    ]
    sheet = Sheet(planes(), name="Ten", mode=b"mul ", opacity=128, flags=8 | 2, blocks=blocks)
    resolution = struct.pack(">IHHIHH", 300 << 16, 1, 1, 300 << 16, 1, 1)
    read = opened(folder, [sheet], resources=[(1005, resolution), (4321, b"unknown")])
    [layer] = read.state.layers
    assert (layer.name, layer.mode, layer.visible) == ("Тень", BlendMode.MULTIPLY, False)
    assert (layer.locked, layer.alpha_locked, layer.label) == (True, False, Label.YELLOW)
    assert layer.opacity == pytest.approx(128 / 255 * 128 / 255)
    assert read.state.resolution == 300
    assert read.notes == ()


@pytest.mark.parametrize(("key", "mode"), names.MODES.items())
def test_every_mode(folder, key, mode):
    assert opened(folder, [Sheet(planes(), mode=key)]).state.layers[0].mode is mode


def test_a_mode_that_is_not_here(folder):
    read = opened(folder, [Sheet(planes(), mode=b"diss")])
    assert read.state.layers[0].mode is BlendMode.NORMAL
    assert read.notes == (DocumentNote.modes_replaced,)


@pytest.mark.parametrize("kind", [1, 2])
def test_groups(folder, kind):
    sheets = [
        Sheet(planes(), name="ground"),
        Sheet(divider=3),
        Sheet(planes(2), name="low"),
        Sheet(divider=3),
        Sheet(planes(3), name="deep"),
        Sheet(divider=kind, name="inner", mode=b"pass"),
        Sheet(divider=kind, name="outer", mode=b"scrn", opacity=51),
    ]
    ground, outer = opened(folder, sheets).state.layers
    assert (ground.name, outer.name, outer.kind, outer.isolated) == ("ground", "outer", Kind.GROUP, True)
    assert (outer.mode, outer.opacity) == (BlendMode.SCREEN, 0.2)
    low, inner = outer.children
    assert (low.name, inner.name, inner.isolated, inner.mode) == ("low", "inner", False, BlendMode.NORMAL)
    assert [layer.name for layer in inner.children] == ["deep"]


def test_a_group_that_is_not_ended_keeps_its_layers(folder):
    read = opened(folder, [Sheet(divider=3), Sheet(planes(), name="a")])
    assert [layer.name for layer in read.state.layers] == ["a"]


@pytest.mark.parametrize("default", [0, 255])
@pytest.mark.parametrize("disabled", [False, True])
def test_masks(folder, default, disabled):
    mask = soft(7, 20, 10)
    data = mask_data(Rect(5, 6, 20, 10), default, 2 * disabled)
    read = opened(folder, [Sheet(planes(), mask=data, masks={-2: mask})])
    [layer] = read.state.layers
    assert layer.mask is not None
    assert (layer.mask.default, layer.mask_enabled) == (default, not disabled)
    whole = np.full((30, 40), default, np.uint8)
    whole[6:16, 5:25] = mask
    assert np.array_equal(layer.mask.array(Rect(0, 0, 40, 30)), whole)
    wanted = rgba(planes()).astype(float)
    wanted[..., 3] *= 1 if disabled else whole / 255
    assert difference(render(read.state), wanted) <= 1.1


def test_the_mask_with_vectors_in_it_is_the_one_that_is_used(folder):
    small, whole = soft(7, 20, 10), soft(8, 30, 20)
    more = struct.pack(">BB4i", 0, 255, 1, 2, 21, 32)
    data = mask_data(Rect(5, 6, 20, 10), 0, 0, more)
    [layer] = opened(folder, [Sheet(planes(), mask=data, masks={-2: small, -3: whole})]).state.layers
    assert layer.mask is not None
    assert layer.mask.default == 255
    assert np.array_equal(layer.mask.array(Rect(2, 1, 30, 20)), whole)


def test_the_density_of_a_mask(folder):
    data = mask_data(Rect(0, 0, 40, 30), 0, 16, struct.pack(">BB", 1, 128))
    [layer] = opened(folder, [Sheet(planes(), mask=data, masks={-2: np.zeros((30, 40), np.uint8)})]).state.layers
    assert layer.mask is not None
    assert abs(layer.mask.pixel(1, 1)[0] - 127) <= 1
    assert layer.mask.default == layer.mask.pixel(1, 1)[0]


CLIPPED = {
    b"norm": lambda cb, cs: cs,
    b"mul ": lambda cb, cs: cb * cs,
    b"scrn": lambda cb, cs: cb + cs - cb * cs,
    b"diff": lambda cb, cs: np.abs(cb - cs),
}


@pytest.mark.parametrize("key", CLIPPED)
@pytest.mark.parametrize("base_mode", [b"norm", b"mul "])
def test_clipped_layers(folder, key, base_mode):
    """What is clipped mixes with the colour of its base, as opaque as that is, before the base mixes with the rest."""
    sheets = [
        Sheet(planes(1), name="ground"),
        Sheet(planes(20), name="base", mode=base_mode, opacity=200),
        Sheet(planes(30), name="clipped", mode=key, opacity=180, clips=True),
    ]
    read = opened(folder, sheets)
    assert read.notes == ()
    ground, base, top = (rgba(planes(seed)) / 255 for seed in (1, 20, 30))
    top[..., 3] *= 180 / 255
    colour = (1 - top[..., 3:]) * base[..., :3] + top[..., 3:] * CLIPPED[key](base[..., :3], top[..., :3])
    together = np.dstack([colour, base[..., 3] * 200 / 255])
    wanted = over(ground, together, CLIPPED[base_mode]) * 255
    assert difference(render(read.state), wanted) <= 3


def test_a_hidden_base_hides_what_is_clipped_to_it(folder):
    read = opened(folder, [Sheet(planes(1), flags=8 | 2), Sheet(planes(2), clips=True)])
    assert not render(read.state).any()


def test_layers_clipped_to_a_group(folder):
    sheets = [Sheet(divider=3), Sheet(planes(1)), Sheet(divider=1), Sheet(planes(2), mode=b"mul ", clips=True)]
    read = opened(folder, sheets)
    assert read.notes == (DocumentNote.layers_merged,)
    assert np.array_equal(render(read.state)[..., 3], np.maximum(soft(10, 40, 30), 60))


def test_a_layer_clipped_to_nothing(folder):
    read = opened(folder, [Sheet(planes(1), clips=True)])
    assert difference(render(read.state), rgba(planes(1))) <= 1


def descriptor(*items: bytes) -> bytes:
    """Of the class ``null``, without a name."""
    head = struct.pack(">I", 0) + struct.pack(">I", 0) + b"null" + struct.pack(">I", len(items))
    return head + b"".join(items)


def colour_block(red: float, green: float, blue: float) -> bytes:
    numbers = ((b"Rd  ", red), (b"Grn ", green), (b"Bl  ", blue))
    levels = [struct.pack(">I", 0) + key + b"doub" + struct.pack(">d", value) for key, value in numbers]
    return struct.pack(">I", 16) + descriptor(struct.pack(">I", 0) + b"Clr Objc" + descriptor(*levels))


def test_a_fill_of_one_colour_is_drawn(folder):
    sheet = Sheet(blocks=[(b"SoCo", colour_block(10, 200, 30.4))], opacity=255)
    read = opened(folder, [Sheet(planes()), sheet])
    assert read.notes == ()
    assert (render(read.state) == (10, 200, 30, 255)).all()


@pytest.mark.parametrize(
    "blocks",
    [
        [(b"levl", bytes(632))],
        [(b"nvrt", b"")],
        [(b"TySh", b"whatever")],
        [(b"SoLd", b"whatever")],
        [(b"vmsk", bytes(8) + bytes(26)), (b"SoCo", colour_block(1, 2, 3))],
        [(b"SoCo", b"broken")],
    ],
)
def test_layers_without_pixels_are_left_out_and_told(folder, blocks):
    read = opened(folder, [Sheet(planes(), name="a"), Sheet(blocks=blocks, name="b")])
    assert read.notes == (DocumentNote.layers_left_out,)
    assert [layer.name for layer in read.state.layers] == ["a"]


def test_texts_and_smart_objects_with_pixels_are_those_pixels(folder):
    sheets = [Sheet(planes(), blocks=[(key, b"whatever")]) for key in (b"TySh", b"SoLd")]
    read = opened(folder, sheets)
    assert read.notes == ()
    assert len(read.state.layers) == 2


@pytest.mark.parametrize(("enabled", "notes"), [(True, (DocumentNote.effects_left_out,)), (False, ())])
def test_effects_are_left_out_and_told(folder, enabled, notes):
    switch = struct.pack(">I", 14) + b"masterFXSwitch" + b"bool" + b"\1"
    shadow = struct.pack(">I", 0) + b"DrShObjc" + descriptor(struct.pack(">I", 0) + b"enabbool" + bytes([enabled]))
    block = struct.pack(">II", 0, 16) + descriptor(switch, shadow)
    assert opened(folder, [Sheet(planes(), blocks=[(b"lfx2", block)])]).notes == notes


def test_what_is_clipped_to_a_layer_that_is_left_out_is_clipped_to_no_other(folder):
    shape = Sheet(blocks=[(b"vmsk", bytes(34))], name="shape")
    sheets = [Sheet(planes(1), name="ground"), shape, Sheet(planes(2), name="clipped", clips=True)]
    read = opened(folder, sheets)
    assert read.notes == (DocumentNote.layers_left_out,)
    assert difference(render(read.state), rgba(planes(1))) <= 1
    assert "clipped" in [layer.name for layer in read.state.walk()]
    sheets[1] = Sheet(blocks=[(b"levl", bytes(632))], clips=True)  # one that is clipped itself changes nothing
    clipped = render(opened(folder, sheets).state)
    assert np.array_equal(clipped[..., 3], rgba(planes(1))[..., 3])
    assert difference(clipped, rgba(planes(1))) > 50


def test_layers_that_are_hidden_where_it_is_dark_are_told(folder):
    whole = struct.pack(">4H", 0, 65535, 0, 65535) * 5
    assert opened(folder, [Sheet(planes(), ranges=whole)]).notes == ()
    part = struct.pack(">4H", 0x2040, 65535, 0, 65535) + whole[8:]
    assert opened(folder, [Sheet(planes(), ranges=part)]).notes == (DocumentNote.effects_left_out,)


@pytest.mark.parametrize(("opacity", "notes"), [(255, ()), (100, (DocumentNote.modes_replaced,))])
def test_a_faint_group_that_lets_through_is_told(folder, opacity, notes):
    sheets = [Sheet(divider=3), Sheet(planes(), mode=b"mul "), Sheet(divider=1, mode=b"pass", opacity=opacity)]
    assert opened(folder, sheets).notes == notes


# ---------------------------------------------------------------------- colours


def profile(name: str) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


def one(values: tuple[int, ...], depth: int = 8) -> dict[int, np.ndarray]:
    return {number: deep(np.full((30, 40), value, np.uint8), depth) for number, value in enumerate(values)}


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(
    ("mode", "values", "wanted"),
    [
        (1, (100,), (100, 100, 100)),
        (8, (100,), (100, 100, 100)),
        (3, (10, 100, 200), (10, 100, 200)),
        (4, (255, 255, 255, 255), (255, 255, 255)),
        (4, (0, 255, 255, 255), (0, 255, 255)),
        (4, (255, 255, 255, 0), (0, 0, 0)),
        (9, (255, 128, 128), (255, 255, 255)),
        (9, (0, 128, 128), (0, 0, 0)),
        (9, (138, 209, 198), (254, 0, 0)),
    ],
)
def test_colour_modes(folder, mode, values, wanted, depth):
    made = one(values, depth)
    read = opened(folder, [Sheet(made)], merged=list(made.values()), mode=mode, depth=depth, in_block=depth > 8)
    assert np.abs(render(read.state)[5, 5].astype(int) - (*wanted, 255)).max() <= 3


def test_a_profile_is_used(folder):
    swapped = profile("sRGB").replace(b"rXYZ", b"tmp!").replace(b"gXYZ", b"rXYZ").replace(b"tmp!", b"gXYZ")
    read = opened(folder, [Sheet(one((255, 0, 0)))], resources=[(1039, swapped)])
    assert not read.profile_ignored
    assert render(read.state)[0, 0, 1] > 240
    assert render(opened(folder, [Sheet(one((255, 0, 0)))], resources=[(1039, profile("sRGB"))]).state)[0, 0, 0] == 255


def test_a_broken_profile_is_told(folder):
    opened(folder, [Sheet(planes())], resources=[(1039, b"nonsense" * 30)])
    assert read_document(folder / "a.psd").notes == (Note.profile_ignored,)


def test_a_file_without_layers_is_its_picture(folder):
    made = [soft(number, 40, 30) for number in range(3)]
    for packing in (RAW, RLE, ZIP, PREDICTED):
        read = opened(folder, merged=made, packing=packing)
        assert read.notes == (DocumentNote.merged_picture,)
        assert read.state.layers[0].name == "a"
        assert np.array_equal(render(read.state)[..., :3], np.dstack(made))


def test_more_channels_of_a_file_without_layers_are_no_transparency(folder):
    made = [soft(number, 40, 30) for number in range(5)]
    assert (render(opened(folder, merged=made).state)[..., 3] == 255).all()


def test_a_palette(folder):
    table = np.random.default_rng(1).integers(0, 256, (3, 256), dtype=np.uint8)
    indices = soft(1, 40, 30)
    index = int(indices[0, 0])
    read = opened(folder, merged=[indices], mode=2, table=table.tobytes(), resources=[(1047, struct.pack(">H", index))])
    picture = render(read.state)
    seen = indices != index
    assert np.array_equal(picture[seen][..., :3], table.T[indices][seen])
    assert np.array_equal(picture[..., 3] == 0, ~seen)


def test_a_bitmap(folder):
    bits = np.random.default_rng(1).integers(0, 2, (30, 40), dtype=np.uint8)
    read = opened(folder, merged=[np.packbits(bits, axis=1)], mode=0, depth=1)
    assert np.array_equal(render(read.state)[..., 0] == 0, bits == 1)


def test_multichannel_files_are_refused(folder):
    with pytest.raises(UnreadableVariant):
        opened(folder, mode=7)
