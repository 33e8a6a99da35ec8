"""Every error a user can meet: what happened in one sentence, what to do in another.

    StudioError
    ├── InvalidRequest
    │   ├── EmptyPrompt
    │   ├── PromptTooLong
    │   ├── SizeOutOfRange
    │   ├── ValueOutOfRange
    │   ├── UnknownModel
    │   ├── UnknownScheduler
    │   ├── UnsupportedTask
    │   ├── MissingInput
    │   ├── UnknownValue
    │   ├── WrongSize
    │   ├── WeightsCancelOut
    │   ├── UnusableArray
    │   ├── ArrayNotKept
    │   ├── OtherEncoder
    │   └── IdeaOfAnotherModel
    ├── ModelNotFound
    │   └── BuiltinModelMissing
    ├── BrokenModel
    ├── OutOfMemory
    ├── EngineFailed
    ├── FolderNotWritable
    ├── DiskFull
    ├── BrokenPicture
    │   ├── DamagedPicture
    │   │   └── PictureCutShort
    │   ├── PictureTooLarge
    │   ├── FileTooLarge
    │   └── UnreadableVariant
    ├── UnknownFileKind
    ├── NoPictureHere
    │   └── OnlyAnAddress
    ├── FileNotReadable
    ├── FileMissing
    ├── SizeTooLarge
    ├── LayerLocked
    ├── NoLayer
    ├── NoPixels
    ├── NoMask
    ├── NothingToMove
    ├── NoRequestInPicture
    ├── BrokenKeymap
    ├── NewerFile
    ├── TrashRefused
    ├── GoneFromTrash
    ├── AlreadyRunning
    └── TrainingGateMissed

``Cancelled`` stands apart: the user asked for it, so it is shown to nobody.

A class holds its two sentences as templates, so that the window can translate them; the values travel
with the exception. To add an error: one class here, its two sentences in ``resources/i18n``.
"""


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:
    """Mark ``text`` for Qt Linguist without importing Qt; returns it unchanged."""
    return text


class StudioError(Exception):
    """Base of all errors that are shown to the user.

    ``message`` and ``hint`` are templates for :meth:`str.format`; ``values`` fills both. ``str(error)`` gives the
    English message, ``error.remedy`` the English hint.
    """

    message = QT_TRANSLATE_NOOP("errors", "Something went wrong.")
    hint = QT_TRANSLATE_NOOP("errors", "Try again; if it happens again, copy the details and report it.")

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.message.format(**values))

    @property
    def remedy(self) -> str:
        """The English sentence that says what to do."""
        return self.hint.format(**self.values)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.values)


def _rebuild(cls: type[StudioError], values: dict[str, object]) -> StudioError:
    return cls(**values)


class Cancelled(Exception):
    """The user cancelled the job."""


class InvalidRequest(StudioError):
    """The request can't be carried out as it stands; nothing was started."""


class EmptyPrompt(InvalidRequest):
    message = QT_TRANSLATE_NOOP("errors", "There is no prompt yet.")
    hint = QT_TRANSLATE_NOOP("errors", "Describe the picture in a few words, then generate.")


class PromptTooLong(InvalidRequest):
    """Values: ``length``, ``limit`` (characters)."""

    message = QT_TRANSLATE_NOOP("errors", "The prompt has {length} characters; {limit} is the most it can have.")
    hint = QT_TRANSLATE_NOOP("errors", "Shorten it: the models read about 60 words.")


class SizeOutOfRange(InvalidRequest):
    """Values: ``width``, ``height``, ``minimum``, ``maximum`` (pixels)."""

    message = QT_TRANSLATE_NOOP("errors", "A picture of {width} × {height} pixels can't be made.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose a width and a height from {minimum} to {maximum} pixels.")


class ValueOutOfRange(InvalidRequest):
    """Values: ``name``, ``value``, ``minimum``, ``maximum``."""

    message = QT_TRANSLATE_NOOP("errors", "{name} can't be {value}.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose a value from {minimum} to {maximum}.")


class UnknownModel(InvalidRequest):
    """Values: ``model``, ``known``."""

    message = QT_TRANSLATE_NOOP("errors", "There is no model called “{model}”.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose one of {known}, or give the folder that holds a model.")


class UnknownScheduler(InvalidRequest):
    """Values: ``scheduler``, ``known``."""

    message = QT_TRANSLATE_NOOP("errors", "There is no scheduler called “{scheduler}”.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose one of {known}.")


class UnsupportedTask(InvalidRequest):
    """Values: ``model``, ``task``, ``instead`` (the models that can)."""

    message = QT_TRANSLATE_NOOP("errors", "{model} can't do “{task}”.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose one of these for it: {instead}.")


class MissingInput(InvalidRequest):
    """Values: ``task``, ``name``."""

    message = QT_TRANSLATE_NOOP("errors", "For “{task}”, “{name}” is needed.")
    hint = QT_TRANSLATE_NOOP("errors", "Give it, or choose another way to make the picture.")


class UnknownValue(InvalidRequest):
    """Values: ``name``, ``value``, ``known``."""

    message = QT_TRANSLATE_NOOP("errors", "{name} can't be “{value}”.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose one of {known}.")


class WrongSize(InvalidRequest):
    """Values: ``name``, ``width``, ``height``, ``needed_width``, ``needed_height`` (pixels)."""

    message = QT_TRANSLATE_NOOP(
        "errors", "The size of “{name}” is {width} × {height} pixels instead of {needed_width} × {needed_height}."
    )
    hint = QT_TRANSLATE_NOOP("errors", "Scale it, cut it, or change the size of the picture.")


class WeightsCancelOut(InvalidRequest):
    message = QT_TRANSLATE_NOOP("errors", "The weights of the mix leave nothing of it.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose weights whose sum is not zero, and none below zero in a spherical mix.")


class UnusableArray(InvalidRequest, ValueError, TypeError):
    """An array that is no picture, mask or depth map. Values: ``reason``."""

    message = QT_TRANSLATE_NOOP("errors", "This can't be used as a picture: {reason}.")
    hint = QT_TRANSLATE_NOOP("errors", "Give a picture of bytes with three channels, or a mask with one.")


class ArrayNotKept(InvalidRequest):
    """A request that was read without its pictures."""

    message = QT_TRANSLATE_NOOP("errors", "The file does not hold the pictures that this one was made from.")
    hint = QT_TRANSLATE_NOOP("errors", "Repeat it from the PNG file, which holds them, or give them again.")


class OtherEncoder(InvalidRequest):
    """Values: ``model``, ``length``, ``needed`` (numbers in an embedding)."""

    message = QT_TRANSLATE_NOOP("errors", "A saved idea has {length} numbers; {model} needs {needed}.")
    hint = QT_TRANSLATE_NOOP("errors", "Use an idea that was saved with this model.")


class IdeaOfAnotherModel(InvalidRequest):
    """A saved idea whose image encoder is known, and another than the model's. Values: ``model``."""

    message = QT_TRANSLATE_NOOP(
        "errors", "A saved idea comes from a model that sees pictures differently than {model}."
    )
    hint = QT_TRANSLATE_NOOP("errors", "Use an idea that was saved with this model.")


class ModelNotFound(StudioError):
    """Values: ``model``, ``place``."""

    message = QT_TRANSLATE_NOOP("errors", "The files of {model} are not on this computer (looked in {place}).")
    hint = QT_TRANSLATE_NOOP("errors", "Choose the folder that holds them, or use the built-in model.")


class BuiltinModelMissing(ModelNotFound):
    """Values: ``place``."""

    message = QT_TRANSLATE_NOOP("errors", "The built-in model is missing (looked in {place}).")
    hint = QT_TRANSLATE_NOOP("errors", "It belongs to the program: install Kandinsky Studio again.")


class BrokenModel(StudioError):
    """Values: ``model``, ``reason``."""

    message = QT_TRANSLATE_NOOP("errors", "{model} can't be opened: {reason}.")
    hint = QT_TRANSLATE_NOOP("errors", "Put its files there again, or use the built-in model.")


class OutOfMemory(StudioError):
    """Values: ``device``."""

    message = QT_TRANSLATE_NOOP("errors", "There is not enough memory on {device} for this picture.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose a smaller size, or close other programs.")


class EngineFailed(StudioError):
    """An error nobody foresaw inside the engine. Values: ``reason``."""

    message = QT_TRANSLATE_NOOP("errors", "The picture could not be made: {reason}.")
    hint = QT_TRANSLATE_NOOP("errors", "Try again; if it happens again, copy the details and report it.")


class FolderNotWritable(StudioError):
    """Values: ``folder``."""

    message = QT_TRANSLATE_NOOP("errors", "Nothing can be written to {folder}.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose another folder, or allow writing to this one.")


class DiskFull(StudioError):
    """Values: ``folder``."""

    message = QT_TRANSLATE_NOOP("errors", "The disk that holds {folder} is full.")
    hint = QT_TRANSLATE_NOOP("errors", "Make room on it, then save the picture again; it is still in the window.")


class BrokenPicture(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} is not a picture that can be opened.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose another file.")


class SizeTooLarge(StudioError):
    """Values: ``width``, ``height``, ``maximum``."""

    message = QT_TRANSLATE_NOOP("errors", "{width} × {height} pixels are not a size that a document can have.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose a width and a height from 1 to {maximum}.")


class LayerLocked(StudioError):
    """Values: ``layer``."""

    message = QT_TRANSLATE_NOOP("errors", "{layer} is locked or hidden.")
    hint = QT_TRANSLATE_NOOP("errors", "Unlock it and show it in the list of layers, or choose another layer.")


class NoLayer(StudioError):
    message = QT_TRANSLATE_NOOP("errors", "There is no layer to work on.")
    hint = QT_TRANSLATE_NOOP("errors", "Add a layer, or choose one in the list of layers.")


class NoPixels(StudioError):
    """Values: ``layer``."""

    message = QT_TRANSLATE_NOOP("errors", "{layer} is a group and has no pixels of its own.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose one of the layers in it.")


class NoMask(StudioError):
    """Values: ``layer``."""

    message = QT_TRANSLATE_NOOP("errors", "{layer} has no mask.")
    hint = QT_TRANSLATE_NOOP("errors", "Give it one in the list of layers, or choose another layer.")


class NothingToMove(StudioError):
    """An empty layer, or a selection of nothing of it. Values: ``layer``."""

    message = QT_TRANSLATE_NOOP("errors", "There is nothing on {layer} that could be moved here.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose another layer, or select something of this one.")


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


class FileNotReadable(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} can't be read.")
    hint = QT_TRANSLATE_NOOP("errors", "See whether it is still there, and whether you may read it.")


class FileMissing(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} was not found.")
    hint = QT_TRANSLATE_NOOP("errors", "Look at its name and its folder.")


class NoRequestInPicture(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} does not say how it was made.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose a PNG file that Kandinsky Studio wrote.")


class BrokenKeymap(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} is not a keymap that can be read.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose a file that was exported here; your keys are as they were.")


class NewerFile(StudioError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} was written by a newer version of Kandinsky Studio.")
    hint = QT_TRANSLATE_NOOP("errors", "Update the program to open it.")


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


class AlreadyRunning(StudioError):
    message = QT_TRANSLATE_NOOP("errors", "Kandinsky Studio is already running.")
    hint = QT_TRANSLATE_NOOP("errors", "Its window was brought to the front.")


class TrainingGateMissed(StudioError):
    """Values: ``stage``, ``measured``, ``needed``."""

    message = QT_TRANSLATE_NOOP("errors", "The stage “{stage}” reached {measured}; it needs {needed}.")
    hint = QT_TRANSLATE_NOOP("errors", "Give it more steps and start the command again; it goes on where it stopped.")
