"""Run by ``test_offline``: everything the program does with weights that are here, with every way out watched.

Writes a line of JSON for each attempt to reach another computer, and for each thing that was done.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

ATTEMPTS: list[str] = []


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """Python tells of every socket that is opened to somewhere; those within the computer have paths for addresses."""
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg", "urllib.Request"):
        ATTEMPTS.append(f"{event} {arguments[-1]!r}")
        raise OSError("the network is not to be used")
    if event in ("socket.connect", "socket.bind"):
        address = arguments[1]
        probe = event == "socket.bind" and address in (
            ("::1", 0),
            ("127.0.0.1", 0),
        )  # urllib3 looks whether it knows IPv6
        if not isinstance(address, str | bytes) and not probe:
            ATTEMPTS.append(f"{event} {address!r}")
            raise OSError("the network is not to be used")


sys.addaudithook(watch)
os.environ["QT_QPA_PLATFORM"] = "offscreen"


def told(**values: object) -> None:
    sys.stderr.write(json.dumps(values) + "\n")


def commands(folder: Path) -> None:
    """Every command around pictures, the built-in model's training left out."""
    import numpy as np
    from PIL import Image

    from kandinsky_studio import cli

    os.chdir(folder)
    mask = np.zeros((128, 128), np.uint8)
    mask[32:96, 32:96] = 255
    Image.fromarray(mask).save("mask.png")
    Image.fromarray(mask).save("hint.png")
    circle = "a red circle on a blue background"
    for arguments in (
        ["generate", circle, "-o", "circle.png"],
        ["remix", "circle.png", "a green star on a blue background", "-o", "remix.png"],
        ["inpaint", "circle.png", "mask.png", "a yellow star on a blue background", "-o", "inpaint.png"],
        ["outpaint", "circle.png", "a blue background", "--left", "64", "-o", "outpaint.png"],
        ["mix", "circle.png:0.6", "a green star on a white background:0.4", "-o", "mix.png"],
        ["depth", "hint.png", circle, "-o", "depth.png"],
        ["embed", "circle.png", "a red circle"],
        ["explain", circle],
        ["models"],
        ["models", "verify"],
        ["models", "download", "kandinsky-2.2", "--dry-run"],
    ):
        told(command=arguments[0], code=cli.main(arguments))


def window() -> None:
    """The window is opened, makes a picture, shows every panel and dialog there is, and is closed."""
    from PySide6.QtCore import QElapsedTimer
    from PySide6.QtWidgets import QApplication

    from kandinsky_studio.app.studio import Studio
    from kandinsky_studio.ui.main_window import MainWindow
    from kandinsky_studio.ui.theme import Theme

    application = QApplication(["offline"])
    studio = Studio()
    theme = Theme(application)
    shown = MainWindow(theme)
    shown.furnish(studio)
    shown.show()
    made: list[object] = []
    studio.gallery.added.connect(made.append)
    clock = QElapsedTimer()
    clock.start()
    studio.start()
    studio.settings.set(prompt="a red circle on a blue background")
    studio.generation.generate()
    while not made and clock.elapsed() < 60_000:
        application.processEvents()
    for dock in shown.docks:
        shown.areas.show_dock(dock)
        application.processEvents()
    studio.deliveries.stock.look()
    studio.deliveries.stock.flush()
    told(window=len(made), panels=len(shown.docks))
    shown.close()
    theme.close()


if __name__ == "__main__":
    commands(Path(sys.argv[1]))
    window()
    told(attempts=ATTEMPTS)
