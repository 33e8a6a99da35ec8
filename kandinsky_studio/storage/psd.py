"""Photoshop's files: what reading and writing share. After Adobe's “Photoshop File Formats Specification” (2019).

A file is a head, a table of colours, resources, the layers from the lowest to the highest, and the merged picture.
Numbers are big-endian. PSB, of large documents, is the same with longer lengths.
"""

from __future__ import annotations

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.layers import Label

SIGNATURE = b"8BPS"
PSD, PSB = 1, 2  # the versions of the format
SUFFIXES = (".psd", ".psb")
MAX_PSD = 2 * 2**30  # bytes; what is larger has to be PSB

RESOLUTION, ICC_PROFILE, VERSION_INFO, TRANSPARENT_INDEX = 1005, 1039, 1057, 1047  # resources
NAME, DIVIDER, PROTECTED, COLOUR_LABEL = b"luni", b"lsct", b"lspf", b"lclr"  # blocks of a layer
OPEN_FOLDER, CLOSED_FOLDER, LOWER_END = 1, 2, 3  # what a divider is
LOCK_TRANSPARENCY, LOCK_PIXELS, LOCK_ALL = 1, 2, 1 << 31
ALPHA, MASK, WHOLE_MASK = -1, -2, -3  # channels of a layer; the last is the mask with vectors in it
PASS_THROUGH = b"pass"

MODE_KEYS: dict[BlendMode, bytes] = {
    BlendMode.NORMAL: b"norm",
    BlendMode.DARKEN: b"dark",
    BlendMode.MULTIPLY: b"mul ",
    BlendMode.COLOR_BURN: b"idiv",
    BlendMode.LINEAR_BURN: b"lbrn",
    BlendMode.DARKER_COLOR: b"dkCl",
    BlendMode.LIGHTEN: b"lite",
    BlendMode.SCREEN: b"scrn",
    BlendMode.COLOR_DODGE: b"div ",
    BlendMode.ADD: b"lddg",
    BlendMode.LIGHTER_COLOR: b"lgCl",
    BlendMode.OVERLAY: b"over",
    BlendMode.SOFT_LIGHT: b"sLit",
    BlendMode.HARD_LIGHT: b"hLit",
    BlendMode.VIVID_LIGHT: b"vLit",
    BlendMode.LINEAR_LIGHT: b"lLit",
    BlendMode.PIN_LIGHT: b"pLit",
    BlendMode.HARD_MIX: b"hMix",
    BlendMode.DIFFERENCE: b"diff",
    BlendMode.EXCLUSION: b"smud",
    BlendMode.SUBTRACT: b"fsub",
    BlendMode.DIVIDE: b"fdiv",
    BlendMode.HUE: b"hue ",
    BlendMode.SATURATION: b"sat ",
    BlendMode.COLOR: b"colr",
    BlendMode.LUMINOSITY: b"lum ",
}
"""Those of our modes that Photoshop has; the others cut layers out by one another."""

MODES = {key: mode for mode, key in MODE_KEYS.items()}

LABELS = (
    Label.NONE,
    Label.RED,
    Label.ORANGE,
    Label.YELLOW,
    Label.GREEN,
    Label.BLUE,
    Label.VIOLET,
    Label.GREY,
    Label.GREEN,  # seafoam
    Label.BLUE,  # indigo
    Label.RED,  # magenta
    Label.RED,  # fuchsia
)
"""By Photoshop's numbers."""
