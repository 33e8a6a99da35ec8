"""The real window with somebody who paints in it until the process is killed, and tells of all that is finished.

``python -m benchmarks.scripted_painter SEED FILE ENGINE``: FILE is what is saved to; ENGINE is ``real`` or ``none``.
Each line on the standard output is a word, the nanoseconds of the monotonic clock, and what belongs to it:

    at WHAT                     something begins: stroke, undo, layers, fill, save, generation
    opened JOURNAL DIGEST       a document is open; JOURNAL is the name of its folder
    done JOURNAL DIGEST         a step is finished, undone or redone; said before the journal hears of it
    closing JOURNAL             a document is let go of
    save, saved FILE DIGEST     a file is begun, and there
    picture FILE                a picture is in the library
    recovered                   what was open before is open again
    message TEXT                what the window tells the user
"""

from __future__ import annotations

import hashlib
import math
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from weakref import WeakKeyDictionary

from kandinsky_studio.errors import BuiltinModelMissing

if TYPE_CHECKING:
    from kandinsky_studio.app.sheet import Sheet
    from kandinsky_studio.document.document import Change
    from kandinsky_studio.document.layers import Layer, State
    from kandinsky_studio.document.surface import Surface, Tile
    from kandinsky_studio.ui.main_window import MainWindow

SIZE = 900, 700  # of the first document
LARGEST = 3  # documents that are open at a time
LAYERS = 5
PAUSE = 2  # milliseconds between two events


class Digest:
    """What a document is, in a few letters: equal for a state, for what its file has, and for what its journal has."""

    def __init__(self) -> None:
        self._tiles: WeakKeyDictionary[Tile, bytes] = WeakKeyDictionary()

    def __call__(self, state: State) -> str:
        parts = [repr(tuple(state.canvas)), *map(self._layer, state.layers), self._surface(state.selection)]
        return hashlib.blake2b("\n".join(parts).encode(), digest_size=9).hexdigest()

    def _layer(self, layer: Layer) -> str:
        said = (layer.kind.value, layer.name, layer.visible, f"{layer.opacity:.6g}", layer.mode.value)
        return repr((said, self._surface(layer.pixels), self._surface(layer.mask), [*map(self._layer, layer.children)]))

    def _surface(self, surface: Surface | None) -> str:
        if surface is None:
            return "none"
        tiles = {key: self._tile(tile) for key, tile in surface.tiles.items() if not tile.is_all(surface.default)}
        return repr(sorted(tiles.items()))

    def _tile(self, tile: Tile) -> bytes:
        from kandinsky_studio.document.surface import readable

        known = self._tiles.get(tile)
        if known is None:
            known = self._tiles[tile] = hashlib.blake2b(readable(tile.image).tobytes(), digest_size=9).digest()
        return known


def say(word: str, *more: object) -> None:
    """One write, so that a kill leaves a whole line or none."""
    os.write(1, (" ".join([word, str(time.monotonic_ns()), *map(str, more)]) + "\n").encode())


class ScriptedPainter:
    """Paints in ``window`` by events of the mouse and by the window's own commands, one after the other."""

    def __init__(self, window: MainWindow, seed: int, file: Path, generates: bool) -> None:
        from PySide6.QtCore import QTimer

        self._window = window
        self._studio = window.studio
        self._editor = window.studio.editor
        self._chance = random.Random(seed)
        self._file = file
        self._generates = generates
        self._digest = Digest()
        self._acts = self._script()
        self._editor.opened.connect(self._opened)
        self._studio.gallery.added.connect(lambda item: say("picture", item.path))
        self._studio.messages.shown.connect(lambda message: say("message", message.text))
        self._timer = QTimer(window)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(lambda: next(self._acts))

    def begin(self) -> None:
        """The window is painted and its services are started: what was open comes back first."""
        self._editor._lane.run(lambda: None, lambda _: self._look(), lambda _: None)

    def _look(self) -> None:
        # Behind the look for journals, each of which was put into the lane by now; the second time behind them.
        self._editor._lane.run(lambda: None, lambda _: self._recovered(), lambda _: None)

    def _recovered(self) -> None:
        say("recovered")
        self._timer.start()

    def _opened(self, sheet: Sheet) -> None:
        assert sheet.journal is not None
        name, document = sheet.journal.folder.name, sheet.document
        say("opened", name, self._digest(document.state))

        def changed(change: Change) -> None:
            if change.action:
                say("done", name, self._digest(document.state))

        document._watchers.insert(0, changed)  # before the journal, which may write a step in no time

    # ------------------------------------------------------------------ what is done

    def _script(self) -> Iterator[None]:
        acts: list[tuple[Callable[[], Iterator[None]], int]] = [
            (self._stroke, 12),
            (self._undo, 5),
            (self._layers, 4),
            (self._fill, 2),
            (self._save, 3),
            (self._documents, 1),
        ]
        if self._generates:
            acts.append((self._generate, 2))
        kinds, weights = zip(*acts, strict=True)
        while True:
            if self._editor.sheet is None:
                self._editor.new(*SIZE)
                yield
            elif not self._window.bench.shows_document:
                self._window.bench.tabs.setCurrentIndex(1)
                yield
            yield from self._chance.choices(kinds, weights)[0]()
            yield

    def _stroke(self) -> Iterator[None]:
        from PySide6.QtCore import QEvent, QPointF, Qt
        from PySide6.QtGui import QColor, QMouseEvent
        from PySide6.QtWidgets import QApplication

        chance, view = self._chance, self._window.bench.page.view
        self._editor.take(chance.choice(["brush", "brush", "brush", "eraser"]))
        self._editor.set_option("size", chance.choice([3.0, 12.0, 40.0, 150.0]))
        self._editor.set_colours(QColor(*(chance.randrange(256) for _ in range(3))))
        say("at", "stroke")
        x, y = chance.uniform(0, view.width()), chance.uniform(0, view.height())
        step, turn = chance.uniform(3, 40), chance.uniform(0, 7)
        none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
        count = chance.randrange(2, 25)
        for number in range(count):
            kind, button, held = QEvent.Type.MouseMove, none, left
            if number == 0:
                kind, button = QEvent.Type.MouseButtonPress, left
            elif number == count - 1:
                kind, button, held = QEvent.Type.MouseButtonRelease, left, none
            place = QPointF(x, y)
            event = QMouseEvent(kind, place, view.mapToGlobal(place), button, held, Qt.KeyboardModifier.NoModifier)
            QApplication.sendEvent(view, event)
            turn += chance.uniform(-0.5, 0.5)
            x, y = x + step * math.cos(turn), y + step * math.sin(turn)
            yield

    def _undo(self) -> Iterator[None]:
        say("at", "undo")
        for _ in range(self._chance.randrange(1, 7)):
            self._command(self._chance.choice(["edit.undo", "edit.undo", "edit.redo"]))
            yield

    def _layers(self) -> Iterator[None]:
        from kandinsky_studio.document import layer_operations

        say("at", "layers")
        document = self._editor.document
        assert document is not None
        many = len(list(document.state.walk())) >= LAYERS
        what = self._chance.choice(["delete"] if many else ["new", "duplicate", "opacity", "raise", "mask"])
        if what == "opacity" and document.active is not None:
            for _ in range(5):  # as a slider that is dragged: one step in the end
                value = self._chance.randrange(20, 101) / 100
                layer_operations.set_property(document, document.active.id, "opacity", value, dragging=True)
                yield
        elif what == "mask":
            if document.active is not None and document.active.mask is None and document.active.in_picture:
                layer_operations.add_mask(document, document.active.id)
        else:
            self._command(f"layer.{what}")
        yield

    def _fill(self) -> Iterator[None]:
        """All tiles become others: the longest record of a journal."""
        import numpy as np

        from kandinsky_studio.document.surface import Depth, Surface

        say("at", "fill")
        document = self._editor.document
        assert document is not None
        layer = document.active
        if layer is not None and layer.pixels is not None and layer.pixels.depth is Depth.RGBA:
            canvas = document.state.canvas
            noise = np.random.default_rng(self._chance.randrange(99)).integers(
                0, 256, (canvas.height, canvas.width, 4), np.uint8
            )
            noise[..., 3] = 255
            with document.edit("Fill") as edit:
                edit.replace(layer.pixels, Surface.from_array(noise, canvas.x, canvas.y))
        yield

    def _save(self) -> Iterator[None]:
        """To the one file; only the first document, for two can't have the same. Painting goes on meanwhile."""
        sheet = next((sheet for sheet in self._editor.sheets if sheet.path is not None), self._editor.sheets[0])
        self._editor.show(sheet)
        self._editor.finish_tool()
        digest = self._digest(sheet.document.state)
        say("at", "save")
        say("save", self._file, digest)
        self._editor.save(sheet, self._file, lambda: say("saved", self._file, digest))
        yield

    def _documents(self) -> Iterator[None]:
        """Another document; or one less: its journal goes, with what is in it."""
        chance, sheets = self._chance, self._editor.sheets
        say("at", "documents")
        if len(sheets) >= LARGEST:
            sheet = chance.choice(sheets)
            assert sheet.journal is not None
            say("closing", sheet.journal.folder.name)
            self._editor.close_sheet(sheet)
        elif chance.random() < 0.5:
            self._editor.new(chance.randrange(200, 1200), chance.randrange(200, 1200))
        else:
            self._editor.show(chance.choice(sheets))
        yield

    def _generate(self) -> Iterator[None]:
        if self._studio.generation.waiting < 2:
            say("at", "generation")
            self._studio.settings.set(prompt="a red circle on a blue background", num_inference_steps=6)
            self._studio.generation.generate()
        yield

    def _command(self, id: str) -> None:
        self._window.actions_.commands.action(id).trigger()


def _no_engine() -> NoReturn:
    """In place of importing torch; nothing is generated."""
    raise BuiltinModelMissing


def main() -> int:
    seed, file, engine = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    from kandinsky_studio.ui import main as program
    from kandinsky_studio.ui.main_window import MainWindow

    start = MainWindow._start
    painters: list[ScriptedPainter] = []

    def started(window: MainWindow) -> None:
        if not painters:
            painters.append(ScriptedPainter(window, seed, file, engine == "real"))
            window.studio.start()
            painters[0].begin()
        start(window)

    MainWindow._start = started  # type: ignore[method-assign,assignment]
    if engine != "real":
        from kandinsky_studio.app.models import Models
        from kandinsky_studio.app.studio import Studio

        Models.installed = lambda self, model: False  # type: ignore[method-assign]
        setattr(program, "Studio", lambda: Studio(_no_engine))  # noqa: B010  mypy knows a class by this name
    return program.run(["kandinsky-studio"])


if __name__ == "__main__":
    sys.exit(main())
