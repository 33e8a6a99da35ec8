"""Flat picture files, in and out: PNG, JPEG, WebP, TIFF and AVIF; GIF and BMP in.

What the rest of the program needs of it is here; how files are read and written is in the modules that this one names.
The record of a picture of ours is read by ``storage.pictures``.
"""

from kandinsky_studio.storage.image_reading import (
    MAX_FILE,
    MAX_SIDE,
    Note,
    ReadImage,
    open_from_bytes,
    read_image,
)
from kandinsky_studio.storage.image_writing import (
    ImageFormat,
    ImageOptions,
    flattened,
    format_for,
    formats,
    write_image,
)

__all__ = [
    "MAX_FILE",
    "MAX_SIDE",
    "ImageFormat",
    "ImageOptions",
    "Note",
    "ReadImage",
    "flattened",
    "format_for",
    "formats",
    "open_from_bytes",
    "read_image",
    "write_image",
]
