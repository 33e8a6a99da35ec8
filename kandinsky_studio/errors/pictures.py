"""Pictures that can't be opened, or are none."""

from kandinsky_studio.errors.base import QT_TRANSLATE_NOOP, StudioError


class BrokenPicture(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} is not a picture that can be opened.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose another file.")


class DamagedPicture(BrokenPicture):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} is damaged.")
    hint = QT_TRANSLATE_NOOP("errors", "Copy or download it again, or choose another file.")


class PictureCutShort(DamagedPicture):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} ends before the picture does.")
    hint = QT_TRANSLATE_NOOP("errors", "It was not copied or downloaded to its end: do that again.")


class PictureTooLarge(BrokenPicture):
    """Values: ``file``, ``width``, ``height``, ``limit`` (pixels)."""

    message = QT_TRANSLATE_NOOP("errors", "{file} is a picture of {width} × {height} pixels.")
    hint = QT_TRANSLATE_NOOP("errors", "The most is {limit} × {limit}: make it smaller with another program.")


class FileTooLarge(BrokenPicture):
    """Values: ``file``, ``size``, ``limit`` (megabytes)."""

    message = QT_TRANSLATE_NOOP("errors", "{file} has {size} MB.")
    hint = QT_TRANSLATE_NOOP("errors", "Files of up to {limit} MB can be opened: choose a smaller one.")


class UnreadableVariant(BrokenPicture):
    """A file of a known format, in a variant of it that we don't read. Values: ``file``, ``format``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} is a kind of {format} file that can't be read.")
    hint = QT_TRANSLATE_NOOP("errors", "Save it as PNG with the program that made it, and open that.")


class UnknownFileKind(StudioError):
    """Values: ``file``, ``known`` (names of formats)."""

    message = QT_TRANSLATE_NOOP("errors", "{file} is of a kind that this program doesn't know.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose one of these: {known}.")


class NoPictureHere(StudioError):
    """What was dropped or pasted holds no picture."""

    message = QT_TRANSLATE_NOOP("errors", "There is no picture in what was dropped or pasted.")
    hint = QT_TRANSLATE_NOOP("errors", "Copy a picture, or drag the file of one here.")


class OnlyAnAddress(NoPictureHere):
    """What was dropped or pasted is the address of something on the internet."""

    message = QT_TRANSLATE_NOOP("errors", "This is only the address of a picture on the internet.")
    hint = QT_TRANSLATE_NOOP(
        "errors", "Save the picture in the browser and drag the file here; the program itself uses no network."
    )


class NoRequestInPicture(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} does not say how it was made.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose a PNG file that Kandinsky Studio wrote.")
