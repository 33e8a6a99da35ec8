"""What the user should know about a document of another program that was opened."""

from __future__ import annotations

from enum import StrEnum


class DocumentNote(StrEnum):
    """Something of a file that is not in the document, or not as it was."""

    layers_left_out = "layers_left_out"  # they hold no pixels: adjustments, fills, vectors without a picture of them
    modes_replaced = "modes_replaced"  # blend modes that we don't have became the normal one
    effects_left_out = "effects_left_out"  # shadows, glows, outlines … of layers
    layers_merged = "layers_merged"  # the only way to keep the picture right
    merged_picture = "merged_picture"  # there are no layers that can be read: one with the picture
    extras_ignored = "extras_ignored"  # what we put in an OpenRaster file is damaged
    newer_version = "newer_version"  # or was put there by a newer program
    sixteen_bits = "sixteen_bits"  # per sample or more: documents have eight
