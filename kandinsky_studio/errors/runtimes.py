"""What goes wrong with runtime packs, which carry PyTorch beside the program."""

from kandinsky_studio.errors.base import QT_TRANSLATE_NOOP, StudioError


class PackError(StudioError):
    """Base of everything that keeps a pack from being installed or used."""

    message = QT_TRANSLATE_NOOP("errors", "The runtime pack can't be used.")
    hint = QT_TRANSLATE_NOOP("errors", "Install it again, or use the one that comes with the program.")


class PackNotFound(PackError):
    """Values: ``name``."""

    message = QT_TRANSLATE_NOOP("errors", "There is no runtime pack called “{name}” on this computer.")
    hint = QT_TRANSLATE_NOOP("errors", "Look at the list of runtime packs, or install it from a file.")


class BrokenPack(PackError):
    """A file of an installed pack is missing or has another size. Values: ``name``, ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "The runtime pack “{name}” is damaged: {file} is missing or not whole.")
    hint = QT_TRANSLATE_NOOP("errors", "Install the pack again; until then the one of the program is used.")


class PackForAnotherSystem(PackError):
    """Values: ``name``, ``platform``, ``here``."""

    message = QT_TRANSLATE_NOOP("errors", "The runtime pack “{name}” is for {platform}, and this is {here}.")
    hint = QT_TRANSLATE_NOOP("errors", "Get the pack for {here}; until then the one of the program is used.")


class PackForAnotherVersion(PackError):
    """Values: ``name``, ``has``, ``wants`` (what the pack is built of, and what this program is built for)."""

    message = QT_TRANSLATE_NOOP(
        "errors", "The runtime pack “{name}” does not go with this version of the program: it has {has}, not {wants}."
    )
    hint = QT_TRANSLATE_NOOP(
        "errors", "Get the pack that was published with this version; until then the one of the program is used."
    )


class NotAPack(PackError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} is not a runtime pack that can be installed.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose the .zip file of a pack, or the first of its parts, .zip.001.")


class PackCutShort(PackError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} is not whole, or one of its parts is missing.")
    hint = QT_TRANSLATE_NOOP("errors", "Put all parts into one folder, and get those again whose size differs.")


class PackDamaged(PackError):
    """Values: ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "What the pack holds as {file} is not what it should be.")
    hint = QT_TRANSLATE_NOOP("errors", "Get the file of the pack again; nothing of it was installed.")


class NoRoomForPack(PackError):
    """Values: ``folder``, ``needed``, ``free`` (texts with units)."""

    message = QT_TRANSLATE_NOOP("errors", "{folder} has {free} left, and the runtime pack needs {needed}.")
    hint = QT_TRANSLATE_NOOP("errors", "Make room on this disk, then install it again; nothing was changed.")


class PackLiesTooDeep(PackError):
    """Values: ``name``, ``folder``, ``longest`` (characters)."""

    message = QT_TRANSLATE_NOOP(
        "errors",
        "{folder} lies too deep for the runtime pack “{name}”: Windows opens no file whose path is longer than "
        "{longest} characters.",
    )
    hint = QT_TRANSLATE_NOOP(
        "errors", "Have Windows allow long paths, or use the portable program in a folder near the top of a disk."
    )


class PackCheckFailed(PackError):
    """Values: ``name``, ``reason``."""

    message = QT_TRANSLATE_NOOP("errors", "The runtime pack “{name}” does not work on this computer: {reason}.")
    hint = QT_TRANSLATE_NOOP("errors", "The program goes on with what it used before; the pack can be removed.")


class PackInUse(PackError):
    """Values: ``name``."""

    message = QT_TRANSLATE_NOOP("errors", "The runtime pack “{name}” is in use.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose another one, start the program again, and then change this one.")


class PackBelongsToProgram(PackError):
    """Values: ``name``."""

    message = QT_TRANSLATE_NOOP("errors", "The runtime pack “{name}” came with the program.")
    hint = QT_TRANSLATE_NOOP("errors", "It goes when the program is uninstalled, and it can't be replaced.")


class NoPacksOffered(PackError):
    message = QT_TRANSLATE_NOOP("errors", "This build lists no runtime packs to download.")
    hint = QT_TRANSLATE_NOOP("errors", "Install one from a file.")


class RuntimeOfEnvironment(PackError):
    """The program runs from its source."""

    message = QT_TRANSLATE_NOOP(
        "errors", "The program runs from its source here and uses the PyTorch installed for it."
    )
    hint = QT_TRANSLATE_NOOP("errors", "Install the build of PyTorch you want into the same Python environment.")


class NoRuntime(PackError):
    message = QT_TRANSLATE_NOOP("errors", "PyTorch is missing, which every picture is made with.")
    hint = QT_TRANSLATE_NOOP("errors", "Install Kandinsky Studio again, or install a runtime pack from a file.")
