"""What goes wrong while weights are on their way to this computer. What was fetched is kept whatever happens."""

from kandinsky_studio.errors.base import QT_TRANSLATE_NOOP, StudioError


class DeliveryError(StudioError):
    """Base of everything that keeps weights from coming."""

    message = QT_TRANSLATE_NOOP("errors", "The files did not come.")
    hint = QT_TRANSLATE_NOOP("errors", "Go on later: what was fetched is kept.")


class NoConnection(DeliveryError):
    """Values: ``host``."""

    message = QT_TRANSLATE_NOOP("errors", "{host} can't be reached.")
    hint = QT_TRANSLATE_NOOP(
        "errors", "See whether this computer is online, or name a mirror, a proxy or a folder in the preferences."
    )


class ConnectionLost(DeliveryError):
    """Values: ``host``."""

    message = QT_TRANSLATE_NOOP("errors", "The connection to {host} broke off again and again.")
    hint = QT_TRANSLATE_NOOP("errors", "Go on later: what was fetched is kept, to the byte.")


class LoginPage(DeliveryError):
    """A network that wants a login first answers for everybody. Values: ``host``."""

    message = QT_TRANSLATE_NOOP("errors", "{host} answered with a web page instead of the file.")
    hint = QT_TRANSLATE_NOOP("errors", "Open a browser and log in to this network, then go on.")


class NotAHub(DeliveryError):
    """Values: ``host``."""

    message = QT_TRANSLATE_NOOP("errors", "{host} doesn't answer as a place for models does.")
    hint = QT_TRANSLATE_NOOP("errors", "Look at the address of the mirror in the preferences.")


class ProxyRefused(DeliveryError):
    """Values: ``host``."""

    message = QT_TRANSLATE_NOOP("errors", "The proxy on the way to {host} wants a name and a password.")
    hint = QT_TRANSLATE_NOOP("errors", "Write them into the address of the proxy in the preferences.")


class AccessDenied(DeliveryError):
    """Values: ``repository``."""

    message = QT_TRANSLATE_NOOP("errors", "{repository} is not given to everybody.")
    hint = QT_TRANSLATE_NOOP(
        "errors", "Agree to its licence on its page in a browser, and give your token in the preferences."
    )


class TokenRefused(DeliveryError):
    """Values: ``host``."""

    message = QT_TRANSLATE_NOOP("errors", "{host} does not know this token, or there is no such model there.")
    hint = QT_TRANSLATE_NOOP("errors", "Take the token out of the preferences, or write it there again.")


class NotThere(DeliveryError):
    """Values: ``file``, ``host``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} is not at {host}, or not any more.")
    hint = QT_TRANSLATE_NOOP("errors", "Choose another mirror, or get the files from somebody and import them.")


class TooManyRequests(DeliveryError):
    """Values: ``host``, ``seconds``."""

    message = QT_TRANSLATE_NOOP("errors", "{host} gives no more files for now.")
    hint = QT_TRANSLATE_NOOP("errors", "Go on in {seconds} s or later; what was fetched is kept.")


class HubFailed(DeliveryError):
    """Values: ``host``, ``status``."""

    message = QT_TRANSLATE_NOOP("errors", "{host} has a problem of its own (answer {status}).")
    hint = QT_TRANSLATE_NOOP("errors", "Go on later: what was fetched is kept.")


class WrongFile(DeliveryError):
    """Values: ``file``, ``host``."""

    message = QT_TRANSLATE_NOOP("errors", "What {host} sends as {file} is not that file.")
    hint = QT_TRANSLATE_NOOP("errors", "Nothing of it was kept. Try again later, or choose another mirror.")


class NotEnoughRoom(DeliveryError):
    """Values: ``folder``, ``needed``, ``free`` (texts with units)."""

    message = QT_TRANSLATE_NOOP("errors", "{folder} has {free} left, and {needed} more are needed.")
    hint = QT_TRANSLATE_NOOP("errors", "Make room there, or move the models to another disk.")


class DiskTooSimple(DeliveryError):
    """Values: ``folder``, ``file``."""

    message = QT_TRANSLATE_NOOP("errors", "The disk of {folder} can't hold files as large as {file}.")
    hint = QT_TRANSLATE_NOOP("errors", "Move the models to a disk that is not formatted as FAT32.")


class NetworkOff(DeliveryError):
    """The user said that nothing may be fetched."""

    message = QT_TRANSLATE_NOOP("errors", "The program is not allowed to use the network.")
    hint = QT_TRANSLATE_NOOP("errors", "Allow it in the preferences, or import the files from a folder.")


class KeyStoreFailed(StudioError):
    """Values: ``reason``."""

    message = QT_TRANSLATE_NOOP("errors", "The key store of this computer did not keep or give the token: {reason}.")
    hint = QT_TRANSLATE_NOOP(
        "errors", "Unlock it and try again; until then the token lasts as long as the program runs."
    )


class BrokenCatalogue(StudioError):
    """Values: ``file``, ``reason``."""

    message = QT_TRANSLATE_NOOP("errors", "{file} can't be used: {reason}.")
    hint = QT_TRANSLATE_NOOP("errors", "It belongs to the program: install Kandinsky Studio again.")


class BrokenManifest(StudioError):
    """Values: ``folder``."""

    message = QT_TRANSLATE_NOOP("errors", "The list of files in {folder} is damaged.")
    hint = QT_TRANSLATE_NOOP("errors", "Fetch this model again: files that are whole are not fetched twice.")
