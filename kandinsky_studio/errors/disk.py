"""Files and folders."""

from kandinsky_studio.errors.base import QT_TRANSLATE_NOOP, StudioError


class FolderNotWritable(StudioError):
    """Values: ``folder``."""

    message = QT_TRANSLATE_NOOP("errors", "Nothing can be written to {folder}.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose another folder, or allow writing to this one.")


class DiskFull(StudioError):
    """Values: ``folder``."""

    message = QT_TRANSLATE_NOOP("errors", "The disk that holds {folder} is full.")
    hint = QT_TRANSLATE_NOOP("errors", "Make room on it, then save the picture again; it is still in the window.")


class TooLargeForPsd(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} would have more than the 2 GB that a PSD file can have.")
    hint = QT_TRANSLATE_NOOP("errors", "Give it a name that ends with .psb, or save it as OpenRaster.")


class FileNotReadable(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} can't be read.")
    hint = QT_TRANSLATE_NOOP("errors", "See whether it is still there, and whether you may read it.")


class NoVideo(StudioError):
    message = QT_TRANSLATE_NOOP("errors", "No video can be written on this computer.")
    hint = QT_TRANSLATE_NOOP("errors", "Write a WebP or the single frames; both hold every colour.")


class FileMissing(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} was not found.")
    hint = QT_TRANSLATE_NOOP("errors", "Look at its name and its folder.")


class BrokenKeymap(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} is not a keymap that can be read.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose a file that was exported here; your keys are as they were.")


class NewerFile(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} was written by a newer version of Kandinsky Studio.")
    hint = QT_TRANSLATE_NOOP("errors", "Update the program to open it.")


class NewerPreferences(NewerFile):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP(
        "errors",
        "Your preferences were written by a newer version of Kandinsky Studio, so changes to them are not kept.",
    )
    hint = QT_TRANSLATE_NOOP(
        "errors", "Update the program, or close it and put one of the copies beside {file} in its place."
    )


class TrashRefused(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} can't be moved to the trash.")
    hint = QT_TRANSLATE_NOOP("errors", "It stays in the gallery; open its folder to delete it for good.")


class GoneFromTrash(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} can't be fetched back from the trash.")
    hint = QT_TRANSLATE_NOOP(
        "errors", "Look for it in the trash; put back into its folder, it is in the gallery again."
    )


class NameTaken(StudioError):
    """A folder, or a document that is open, has the name. Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} can't be saved under this name: a folder or an open document has it.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose another name.")


class NotKept(StudioError):
    """What is painted can't be written beside the document. Values: ``folder``."""

    message = QT_TRANSLATE_NOOP(
        "errors", "What you paint from now on is lost if the program ends: {folder} takes nothing."
    )
    hint = QT_TRANSLATE_NOOP("errors", "Save your documents, and make room on this disk; then it is kept again.")


class NotRecovered(StudioError):
    """Values: ``document``, ``folder``."""

    message = QT_TRANSLATE_NOOP("errors", "{document} was open when the program ended and can't be brought back.")
    hint = QT_TRANSLATE_NOOP("errors", "What is left of it lies in {folder}. If the document has a file, open that.")


class QueueNotKept(StudioError):
    """Jobs that wait can't be written. Values: ``folder``."""

    message = QT_TRANSLATE_NOOP(
        "errors", "What waits in the queue is lost if the program ends: {folder} takes nothing."
    )
    hint = QT_TRANSLATE_NOOP("errors", "Make room on this disk; what is put into the queue from then on is kept.")


class BrokenJob(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "A job of the queue can't be read; it was put aside as {file}.")
    hint = QT_TRANSLATE_NOOP("errors", "The others are there. Ask for this picture again.")
