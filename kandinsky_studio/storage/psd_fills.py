"""What layers of Photoshop's files are beside pixels: fills of one colour are drawn, the rest is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psd_tools.psd.layer_and_mask import LayerRecord

_VECTORS = {b"vmsk", b"vsms"}
_EFFECTS = {b"lfx2", b"lmfx", b"lfxs"}
_OTHERS = {  # adjustments, fills, smart objects and texts: they change or draw something without pixels of their own
    *(b"brit", b"levl", b"curv", b"expA", b"vibA", b"hue2", b"hue ", b"blnc", b"blwh", b"phfl", b"mixr", b"clrL"),
    *(b"nvrt", b"post", b"thrs", b"grdm", b"selc", b"SoCo", b"GdFl", b"PtFl", b"CgEd"),
    *(b"SoLd", b"SoLE", b"plLd", b"PlLd", b"TySh", b"tySh", *_VECTORS),
}


def is_left_out(record: LayerRecord) -> bool:
    """Whether a layer without pixels draws or changes something all the same."""
    return bool(_keys(record) & _OTHERS)


def solid_colour(record: LayerRecord) -> tuple[int, int, int] | None:
    """Red, green and blue of a layer that is one colour everywhere; None for others."""
    keys = _keys(record)
    if b"SoCo" not in keys or keys & _VECTORS:
        return None
    colour = _get(_data(record, b"SoCo"), b"Clr ")
    levels = [_value(_get(colour, name)) for name in (b"Rd  ", b"Grn ", b"Bl  ")]
    if not all(isinstance(level, int | float) and 0 <= level <= 255 for level in levels):
        return None
    red, green, blue = (round(level) for level in levels)
    return red, green, blue


def has_effects(record: LayerRecord) -> bool:
    """Whether shadows, glows, outlines or the like are switched on."""
    for key in _keys(record) & _EFFECTS:
        data = _data(record, key)
        if _value(_get(data, b"masterFXSwitch")) is False:
            continue
        values = data.values() if hasattr(data, "values") else ()
        for value in values:
            for one in value if hasattr(value, "append") else (value,):
                if _value(_get(one, b"enab")):
                    return True
    return False


def blends_by_lightness(record: LayerRecord) -> bool:
    """Whether the layer is hidden where it, or what is below it, is light or dark."""
    ranges = record.blending_ranges
    several = (ranges.composite_ranges or (), *(ranges.channel_ranges or ()))
    return any(tuple(one) != (0, 0xFFFF) for pair in several for one in pair)


def _keys(record: LayerRecord) -> set[bytes]:
    return {bytes(key) for key in record.tagged_blocks or ()}


def _data(record: LayerRecord, key: bytes) -> Any:
    for name in record.tagged_blocks:
        if bytes(name) == key:
            return record.tagged_blocks.get_data(name)
    return None


def _get(descriptor: Any, key: bytes) -> Any:
    try:
        return descriptor.get(key) if hasattr(descriptor, "get") else None
    except (KeyError, TypeError, ValueError):
        return None


def _value(element: Any) -> Any:
    return getattr(element, "value", element)
