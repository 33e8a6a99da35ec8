"""OpenRaster files: https://www.openraster.org, baseline 0.0.6, and what we add inside.

Other programs see the same picture: what only we know lies under ``kandinsky-studio/`` in the archive, and an inpaint
mask or a depth map is no layer to them. A layer with a mask is stored as it looks, with the pixels behind the mask
beside it; the mask of a group is to others a layer that cuts out (``svg:dst-in``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.layers import Kind, Label, Layer

MIMETYPE = b"image/openraster"
VERSION = "0.0.6"
OWN_VERSION = 1  # of what is under OURS
OURS = "kandinsky-studio/document.json"
STACK = "stack.xml"
MERGED = "mergedimage.png"
THUMBNAIL = "Thumbnails/thumbnail.png"
THUMBNAIL_SIDE = 256
MAX_LAYERS = 2_000
MAX_PICTURE = 2**28  # pixels of one file of the archive
MAX_GROW = 1000  # pixels that an inpaint mask may grow, and its feather
MAX_REACH = 2**15  # pixels along a side of it, and from the corner of the canvas to its own
PIECE = 4096  # pixels that a piece of what is larger has along each side at most

# Krita's names for what OpenRaster has none for; Krita reads and writes them in its OpenRaster files.
MODE_NAMES: dict[BlendMode, str] = {
    **{mode: mode.value for mode in BlendMode},
    BlendMode.EXCLUSION: "krita:exclusion",
    BlendMode.LINEAR_BURN: "krita:linear_burn",
    BlendMode.LINEAR_LIGHT: "krita:linear light",
    BlendMode.VIVID_LIGHT: "krita:vivid_light",
    BlendMode.PIN_LIGHT: "krita:pin_light",
    BlendMode.HARD_MIX: "krita:hard_mix_photoshop",
    BlendMode.DARKER_COLOR: "krita:darker color",
    BlendMode.LIGHTER_COLOR: "krita:lighter color",
    BlendMode.SUBTRACT: "krita:subtract",
    BlendMode.DIVIDE: "krita:divide",
}
MODES: dict[str, BlendMode] = {
    **{mode.value: mode for mode in BlendMode},
    **{name: mode for mode, name in MODE_NAMES.items()},
    "svg:add": BlendMode.ADD,
    "krita:normal": BlendMode.NORMAL,
    "krita:linear_dodge": BlendMode.ADD,
    "krita:add": BlendMode.ADD,
    "krita:hue": BlendMode.HUE,
    "krita:saturation": BlendMode.SATURATION,
    "krita:color": BlendMode.COLOR,
    "krita:luminize": BlendMode.LUMINOSITY,
    "krita:soft_light_svg": BlendMode.SOFT_LIGHT,
    "krita:erase": BlendMode.DESTINATION_OUT,
    "krita:hard mix": BlendMode.HARD_MIX,
    "krita:soft_light": BlendMode.SOFT_LIGHT,
}
NEAR = {"krita:hard mix", "krita:soft_light"}
"""Those of ``MODES`` whose picture is not quite the same."""


@dataclass
class Extra:
    """What we know of an element of the stack beyond OpenRaster, by the element's number in the order of the file.

    ``role`` is ``"layer"``, or ``"mask"`` for the layer that is a group's mask to others. ``name`` is given where XML
    can't hold it. Files are named relative to the archive; ``…_at`` is the place of their corner on the canvas. A name
    that ends with a slash is a folder of several pictures, for pixels that lie far apart: ``300_-20.png`` has its
    corner 300 pixels to the right of that place and 20 above it.
    """

    role: str = "layer"
    name: str = ""
    alpha_locked: bool = False
    label: str = Label.NONE.value
    isolated: bool = True
    mask_enabled: bool = True
    mask_default: int = 255
    mask: str = ""
    mask_at: tuple[int, int] = (0, 0)
    pixels: str = ""
    pixels_at: tuple[int, int] = (0, 0)
    origin: str = ""


@dataclass
class Beside:
    """An inpaint mask or a depth map: a layer that is not in the stack. ``parent`` is the number of a group's element,
    or -1; ``number`` counts from the lowest, among everything that the group holds."""

    kind: str
    name: str
    file: str
    at: tuple[int, int]
    parent: int = -1
    number: int = 0
    visible: bool = True
    opacity: float = 1.0
    locked: bool = False
    label: str = Label.NONE.value
    grow: int = 0
    feather: float = 0.0
    inverted: bool = False
    default: int = 0


@dataclass
class Ours:
    """The content of ``kandinsky-studio/document.json``. ``active`` is the number of an element, or -1 - n for
    ``beside[n]``."""

    elements: dict[int, Extra] = field(default_factory=dict)
    beside: list[Beside] = field(default_factory=list)
    active: int | None = None
    selection: str = ""
    selection_at: tuple[int, int] = (0, 0)
    selection_default: int = 0
    resolution: float = 0.0
    extras: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> bytes:
        content = {
            "version": OWN_VERSION,
            "elements": {str(number): vars(extra) for number, extra in self.elements.items()},
            "beside": [vars(layer) for layer in self.beside],
            "active": self.active,
            "selection": self.selection,
            "selection_at": self.selection_at,
            "selection_default": self.selection_default,
            "resolution": self.resolution,
            "extras": self.extras,
        }
        return json.dumps(content, indent=1).encode()  # in ASCII, which also holds halves of characters

    @classmethod
    def from_json(cls, data: str | bytes) -> Ours | None:
        """None if it is not what this version writes: the picture is in the stack anyway."""
        try:
            content = json.loads(data)
            if content["version"] != OWN_VERSION or len(content["elements"]) + len(content["beside"]) > 2 * MAX_LAYERS:
                return None
            return cls(
                {int(number): _typed(Extra, values) for number, values in content["elements"].items()},
                [_typed(Beside, values) for values in content["beside"]],
                None if content["active"] is None else int(content["active"]),
                str(content["selection"]),
                _pair(content["selection_at"]),
                int(content["selection_default"]) & 255,
                min(max(float(content["resolution"]), 0.0), 1e5),
                {str(key): str(value) for key, value in content["extras"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            return None


def is_newer(data: str | bytes) -> bool:
    """Whether a newer program wrote it than this is."""
    try:
        version = json.loads(data)["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return type(version) is int and version > OWN_VERSION


def _typed(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """An object of a dataclass whose fields are of the types that their defaults have."""
    made = kind(**values)
    for name, wanted in kind.__annotations__.items():
        value = getattr(made, name)
        if wanted == "tuple[int, int]":
            setattr(made, name, _pair(value))
        elif wanted == "float":
            if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e6:
                raise TypeError(name)
        elif type(value).__name__ != wanted or (wanted == "int" and abs(value) > 10**6):
            raise TypeError(name)
    return made


def _pair(value: Any) -> tuple[int, int]:
    x, y = value
    if type(x) is not int or type(y) is not int or max(abs(x), abs(y)) > 10**6:
        raise TypeError
    return x, y


def extra_of(layer: Layer) -> Extra:
    """What OpenRaster can't say of a layer, but for its files."""
    return Extra(
        alpha_locked=layer.alpha_locked,
        label=layer.label.value,
        isolated=layer.isolated,
        mask_enabled=layer.mask_enabled,
        mask_default=layer.mask.default if layer.mask else 255,
        origin=layer.origin,
    )


def kind_of(name: str) -> Kind | None:
    """The kind of a layer beside the stack."""
    return {kind.value: kind for kind in (Kind.INPAINT, Kind.DEPTH)}.get(name)


def label_of(name: str) -> Label:
    return next((label for label in Label if label.value == name), Label.NONE)
