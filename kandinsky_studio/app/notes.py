"""What is said of files that were opened or written, when they are not quite what they could be."""

from __future__ import annotations

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.storage.document_notes import DocumentNote
from kandinsky_studio.storage.image_files import Note

NOTES: dict[Note | DocumentNote, str] = {
    Note.profile_ignored: QT_TRANSLATE_NOOP(
        "documents", "The colour profile in {file} can't be read; its colours are taken as sRGB."
    ),
    Note.first_of_several: QT_TRANSLATE_NOOP("documents", "{file} has several pictures; this is the first."),
    DocumentNote.layers_left_out: QT_TRANSLATE_NOOP(
        "documents", "Layers of {file} that hold no pixels, such as adjustments and vectors, are left out."
    ),
    DocumentNote.modes_replaced: QT_TRANSLATE_NOOP(
        "documents", "{file} has blend modes that don't exist here; these layers may look different."
    ),
    DocumentNote.effects_left_out: QT_TRANSLATE_NOOP(
        "documents", "Effects of layers of {file}, such as shadows, are left out."
    ),
    DocumentNote.layers_merged: QT_TRANSLATE_NOOP(
        "documents", "Some layers of {file} became one, so that the picture stays the same."
    ),
    DocumentNote.merged_picture: QT_TRANSLATE_NOOP(
        "documents", "{file} has no layers that can be read; this is its picture."
    ),
    DocumentNote.extras_ignored: QT_TRANSLATE_NOOP(
        "documents", "The picture of {file} is whole; masks and selections in it can't be read."
    ),
    DocumentNote.newer_version: QT_TRANSLATE_NOOP(
        "documents",
        "{file} was written by a newer version of Kandinsky Studio. Its picture is whole; its masks and selections "
        "are not shown, and it is saved under another name.",
    ),
    DocumentNote.sixteen_bits: QT_TRANSLATE_NOOP(
        "documents", "{file} has more than eight bits a colour; here it has eight."
    ),
}
"""In the context ``documents``."""
