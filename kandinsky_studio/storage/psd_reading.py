"""Photoshop's files to documents: PSD and PSB, in all colour modes and depths but multichannel.

psd-tools takes the file apart; nothing beyond the file is ever opened, and nothing in it is ever carried out.
"""

from __future__ import annotations

import errno
import os
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Label, Layer, State
from kandinsky_studio.document.surface import Depth, Surface, from_rgba, to_image
from kandinsky_studio.errors import (
    DamagedPicture,
    FileNotReadable,
    FileTooLarge,
    OutOfMemory,
    PictureCutShort,
    PictureTooLarge,
    StudioError,
    UnknownFileKind,
    UnreadableVariant,
)
from kandinsky_studio.storage import psd as names
from kandinsky_studio.storage.colour import Conversion
from kandinsky_studio.storage.document_notes import DocumentNote
from kandinsky_studio.storage.image_files import MAX_FILE, MAX_SIDE
from kandinsky_studio.storage.openraster import MAX_LAYERS, MAX_PICTURE, MAX_REACH
from kandinsky_studio.storage.psd_channels import INDEXED, PILLOW_MODES, Colours, Plane, levels, unpacked
from kandinsky_studio.storage.psd_clipping import Part, clipped
from kandinsky_studio.storage.psd_fills import blends_by_lightness, has_effects, is_left_out, solid_colour

if TYPE_CHECKING:
    from psd_tools.psd import PSD
    from psd_tools.psd.layer_and_mask import ChannelDataList, LayerRecord

_HEAD = struct.Struct(">4sH6xHIIHH")
_MAX_DEPTH = 64  # groups in groups
_MAX_PLACE = 10**6
_MAX_OBJECTS = 1_000_000  # numbers and texts in what psd-tools takes apart


@dataclass(frozen=True)
class ReadPsd:
    """The document in a file of Photoshop's, and what of the file is not in it."""

    state: State
    notes: tuple[DocumentNote, ...] = ()
    profile_ignored: bool = False


def read_psd(path: Path) -> ReadPsd:
    """The document at ``path``.

    Raises ``FileNotReadable``, ``UnknownFileKind`` (it is no such file), ``FileTooLarge``, ``PictureTooLarge``,
    ``UnreadableVariant``, ``DamagedPicture``, ``PictureCutShort`` or ``OutOfMemory``, and nothing else whatever the
    bytes are.
    """
    try:
        with path.open("rb") as file:
            return _Reader(file, path.name).read()
    except StudioError:
        raise
    except MemoryError as error:
        raise OutOfMemory(device="cpu") from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise FileNotReadable(file=path.name) from error
        raise DamagedPicture(file=path.name) from error


class _Reader:
    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        self._notes: set[DocumentNote] = set()
        self._ids = 0
        import psutil  # which a start of the program has no use for

        self._room = psutil.virtual_memory().available * 2 // 3

    def read(self) -> ReadPsd:
        self._check_head()
        psd = self._parsed()
        resources = {int(key): resource.data for key, resource in psd.image_resources.items()}
        icc = resources.get(names.ICC_PROFILE)
        conversion = Conversion(PILLOW_MODES[self._mode], icc if isinstance(icc, bytes) else None)
        self._colours = self._meaning(psd, conversion, resources)
        if self._depth > 8:
            self._notes.add(DocumentNote.sixteen_bits)
        layers = self._layers(psd)
        if not any(layer.kind is Kind.PIXELS for parent in layers for layer in parent.walk()):
            layers = (self._merged(psd),)
        state = State(self._canvas, layers, resolution=_resolution(resources.get(names.RESOLUTION)))
        ignored = isinstance(icc, bytes) and not conversion.icc_applied
        return ReadPsd(state, tuple(sorted(self._notes)), ignored)

    def _check_head(self) -> None:
        length = self._file.seek(0, os.SEEK_END)
        self._file.seek(0)
        head = self._file.read(_HEAD.size)
        if head[:4] != names.SIGNATURE:
            raise UnknownFileKind(file=self._name, known="PSD")
        if length > MAX_FILE:
            raise FileTooLarge(file=self._name, size=length >> 20, limit=MAX_FILE >> 20)
        if len(head) < _HEAD.size:
            raise PictureCutShort(file=self._name)
        _, self._version, self._channels, height, width, self._depth, self._mode = _HEAD.unpack(head)
        if height < 1 or width < 1 or self._version not in (names.PSD, names.PSB) or not 0 < self._channels <= 56:
            raise DamagedPicture(file=self._name)
        if max(width, height) > MAX_SIDE:
            raise PictureTooLarge(file=self._name, width=width, height=height, limit=MAX_SIDE)
        if self._mode not in PILLOW_MODES or self._depth not in (1, 8, 16, 32):
            raise UnreadableVariant(file=self._name, format="PSD")
        self._check_sections(length)
        self._canvas = Rect(0, 0, width, height)
        self._take(self._canvas)

    def _check_sections(self, length: int) -> None:
        """Whether the file is as long as its three sections before the picture say they are."""
        for form in (">I", ">I", ">Q" if self._version == names.PSB else ">I"):
            said = self._file.read(struct.calcsize(form))
            if len(said) < struct.calcsize(form) or self._file.tell() + struct.unpack(form, said)[0] > length:
                raise PictureCutShort(file=self._name)
            self._file.seek(struct.unpack(form, said)[0], os.SEEK_CUR)

    def _parsed(self) -> PSD:
        from psd_tools.psd import PSD
        from psd_tools.psd.parse_limits import ParseLimits

        length = self._file.seek(0, os.SEEK_END)
        self._file.seek(0)
        # What lies in blocks is read again when the blocks are taken apart, once for each level of them.
        limits = ParseLimits(max_total_bytes=8 * length + 2**20, max_objects=_MAX_OBJECTS, max_nesting_depth=32)
        return PSD.read(self._file, parse_limits=limits)

    def _meaning(self, psd: PSD, conversion: Conversion, resources: dict[int, Any]) -> Colours:
        palette = None
        if self._mode == INDEXED:
            table = np.frombuffer(psd.color_mode_data.value, np.uint8)
            if len(table) < 768 or self._depth != 8:
                raise DamagedPicture(file=self._name)
            palette = np.ascontiguousarray(table[:768].reshape(3, 256).T)
        index = getattr(resources.get(names.TRANSPARENT_INDEX), "value", -1)
        transparent = index if isinstance(index, int) else -1
        return Colours(self._mode, self._depth, self._version, conversion, palette, transparent)

    # ------------------------------------------------------------------ layers

    def _layers(self, psd: PSD) -> tuple[Layer, ...]:
        pairs = list(psd._iter_layers())
        if len(pairs) > 2 * MAX_LAYERS:
            raise DamagedPicture(file=self._name)
        stack: list[list[Part]] = [[]]
        gone = False  # whether the last layer that others can be clipped to was left out
        for record, channels in pairs:
            divider = _divider(record)
            if divider == names.LOWER_END:
                stack.append([])
                if len(stack) > _MAX_DEPTH:
                    raise DamagedPicture(file=self._name)
            elif divider in (names.OPEN_FOLDER, names.CLOSED_FOLDER):
                if len(stack) == 1:
                    raise DamagedPicture(file=self._name)
                children = self._together(stack.pop())
                stack[-1].append(self._group(record, channels, children))
            else:
                part = self._pixels(record, channels)
                if part is not None and part.clips and gone:
                    # Upon nothing they are hidden, but not lost; clipped to another layer they would be wrong.
                    stack[-1].append(
                        Part(replace(part.layer, id=self._new_id(), pixels=Surface(Depth.RGBA), mask=None), False)
                    )
                if part is not None:
                    stack[-1].append(part)
                    gone = False
                gone |= part is None and not record.clipping
                continue
            gone = False
        while len(stack) > 1:  # a group that was not ended
            inside = stack.pop()
            stack[-1].extend(inside)
        return self._together(stack[0])

    def _together(self, parts: list[Part]) -> tuple[Layer, ...]:
        layers, merged = clipped(parts, self._new_id)
        if merged:
            self._notes.add(DocumentNote.layers_merged)
        return layers

    def _new_id(self) -> int:
        self._ids += 1
        if self._ids > 2 * MAX_LAYERS:
            raise DamagedPicture(file=self._name)
        return self._ids

    def _group(self, record: LayerRecord, channels: ChannelDataList, children: tuple[Layer, ...]) -> Part:
        setting = _block(record, names.DIVIDER)
        key = bytes(getattr(setting, "blend_mode", None) or record.blend_mode)
        through = names.PASS_THROUGH in (key, bytes(record.blend_mode))
        layer = self._common(record, Kind.GROUP, names.MODE_KEYS[BlendMode.NORMAL] if through else key)
        layer = self._with_mask(layer, record, channels)
        cut = layer.opacity < 1 or (layer.mask is not None and layer.mask_enabled)
        if through and cut and any(child.mode is not BlendMode.NORMAL for child in children):
            self._notes.add(DocumentNote.modes_replaced)  # here, such a group does not mix with what is below it
        return Part(replace(layer, children=children, isolated=not through), bool(record.clipping))

    def _pixels(self, record: LayerRecord, channels: ChannelDataList) -> Part | None:
        area = Rect(record.left, record.top, record.right - record.left, record.bottom - record.top)
        layer = self._common(record, Kind.PIXELS, bytes(record.blend_mode))
        if has_effects(record) or blends_by_lightness(record):
            self._notes.add(DocumentNote.effects_left_out)
        surface = Surface(Depth.RGBA)
        if area.is_empty:
            colour = solid_colour(record)
            if colour is not None:
                flat = np.full((self._canvas.height, self._canvas.width, 4), (*colour, 255), np.uint8)
                self._take(self._canvas)
                surface = Surface.from_image(from_rgba(flat))
            elif is_left_out(record):
                self._notes.add(DocumentNote.layers_left_out)
                return None
        else:
            self._check(area)
            surface = Surface.from_image(from_rgba(self._decoded(record, channels, area)), area.x, area.y)
        layer = self._with_mask(replace(layer, pixels=surface), record, channels)
        return Part(layer, bool(record.clipping))

    def _common(self, record: LayerRecord, kind: Kind, key: bytes) -> Layer:
        if key not in names.MODES:
            self._notes.add(DocumentNote.modes_replaced)
        fill = _block(record, b"iOpa")
        fill_opacity = int(fill) & 255 if isinstance(fill, int) else getattr(fill, "value", 255)
        opacity = record.opacity / 255 * (fill_opacity / 255 if isinstance(fill_opacity, int) else 1.0)
        locks = _number(_block(record, names.PROTECTED))
        label = _number(_block(record, names.COLOUR_LABEL))
        name = _block(record, names.NAME)
        return Layer(
            self._new_id(),
            kind,
            str(getattr(name, "value", name or record.name)).rstrip("\0"),
            visible=bool(record.flags.visible),
            opacity=min(max(opacity, 0.0), 1.0),
            mode=names.MODES.get(key, BlendMode.NORMAL),
            locked=bool(locks & (names.LOCK_ALL | names.LOCK_PIXELS)),
            alpha_locked=bool(locks & names.LOCK_TRANSPARENCY) or bool(record.flags.transparency_protected),
            label=names.LABELS[label] if 0 <= label < len(names.LABELS) else Label.NONE,
        )

    def _with_mask(self, layer: Layer, record: LayerRecord, channels: ChannelDataList) -> Layer:
        data = record.mask_data
        if data is None:
            return layer
        ids = [int(channel.id) for channel in record.channel_info]
        whole = names.WHOLE_MASK in ids and data.real_top is not None
        number = names.WHOLE_MASK if whole else names.MASK
        if number not in ids:
            return layer
        if whole:
            area = Rect(data.real_left or 0, data.real_top or 0, data.real_width, data.real_height)
            default = data.real_background_color or 0
        else:
            area = Rect(data.left, data.top, data.right - data.left, data.bottom - data.top)
            default = data.background_color
        surface = Surface(Depth.MASK, 255 if default else 0)
        if not area.is_empty:
            self._check(area, 1)
            plane = levels(self._plane(channels, ids.index(number), area))
            surface = Surface.from_image(to_image(plane), area.x, area.y, Depth.MASK, surface.default)
        density = getattr(data.parameters, "user_mask_density", None)
        if isinstance(density, int) and density < 255:
            surface = surface.mapped(
                lambda values: (255 - (255 - values.astype(np.uint16)) * density // 255).astype(np.uint8)
            )
        if getattr(data.parameters, "user_mask_feather", None):
            self._notes.add(DocumentNote.effects_left_out)
        return replace(layer, mask=surface, mask_enabled=not data.flags.mask_disabled)

    # ------------------------------------------------------------------ pixels

    def _decoded(self, record: LayerRecord, channels: ChannelDataList, area: Rect) -> Any:
        planes: dict[int, Plane] = {}
        for number, channel in enumerate(record.channel_info):
            key = int(channel.id)
            if key >= names.ALPHA and key < self._colours.count and channels[number].data:
                planes[key] = self._plane(channels, number, area)
        return self._colours.to_rgba(planes, planes.pop(names.ALPHA, None), (area.height, area.width))

    def _plane(self, channels: ChannelDataList, number: int, area: Rect) -> Plane:
        channel = channels[number]
        return unpacked(channel.data, int(channel.compression), area.width, area.height, self._depth, self._version)

    def _merged(self, psd: PSD) -> Layer:
        """A layer with the picture that lies at the end of the file."""
        self._notes.add(DocumentNote.merged_picture)
        width, height = self._canvas.width, self._canvas.height
        image, count = psd.image_data, self._channels
        if not image.data:
            raise PictureCutShort(file=self._name)
        whole = unpacked(image.data, int(image.compression), width, height * count, self._depth, self._version)
        planes = {number: whole[number * height : (number + 1) * height] for number in range(count)}
        info = psd._get_layer_info()
        has_alpha = count > self._colours.count and info is not None and info.layer_count < 0
        alpha = planes.get(self._colours.count) if has_alpha else None
        pixels = self._colours.to_rgba(planes, alpha, (height, width))
        if alpha is not None:
            _take_white_away(pixels)
        return Layer(self._new_id(), Kind.PIXELS, Path(self._name).stem, Surface.from_image(from_rgba(pixels)))

    def _check(self, area: Rect, size: int = 4) -> None:
        if max(abs(area.x), abs(area.y)) > _MAX_PLACE:
            raise DamagedPicture(file=self._name)
        if max(area.width, area.height) > MAX_REACH or area.area > MAX_PICTURE:
            raise PictureTooLarge(file=self._name, width=area.width, height=area.height, limit=MAX_SIDE)
        self._take(area, size)

    def _take(self, area: Rect, size: int = 4) -> None:
        """Count the memory that this area takes, which is much more while it is decoded."""
        self._room -= size * area.area
        if self._room < area.area * (4 * self._depth // 8 + 12):
            raise OutOfMemory(device="cpu")


def _block(record: LayerRecord, key: bytes) -> Any:
    """What is in a block of a layer; None if there is none."""
    blocks = record.tagged_blocks
    for name in blocks if blocks is not None else ():
        if bytes(name) == key or (key == names.DIVIDER and bytes(name) == b"lsdk"):
            return blocks.get_data(name)
    return None


def _divider(record: LayerRecord) -> int:
    return int(getattr(_block(record, names.DIVIDER), "kind", 0))


def _number(value: Any) -> int:
    value = getattr(value, "value", value)
    return int(value) if isinstance(value, int) else 0


def _resolution(data: Any) -> float:
    dots = getattr(data, "horizontal", 0)
    value = dots / 65536 if isinstance(dots, int) else 0.0
    return value if 1 <= value <= 100_000 else 72.0


def _take_white_away(pixels: Any) -> None:
    """Behind what is not opaque, Photoshop puts white."""
    alpha = np.maximum(pixels[..., 3:].astype(np.float32), 1)
    colour = 255 - (255 - pixels[..., :3].astype(np.float32)) * 255 / alpha
    pixels[..., :3] = np.rint(np.clip(colour, 0, 255)).astype(np.uint8)
