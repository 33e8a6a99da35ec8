"""The document: a state, the steps that led to it, and the only way to change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from kandinsky_studio.document.compositing import compose
from kandinsky_studio.document.geometry import NOTHING, TILE, Key, Rect
from kandinsky_studio.document.history import History, Step, Tiles
from kandinsky_studio.document.layers import Kind, Layer, State, new_surface
from kandinsky_studio.document.surface import Depth, Surface, Tile, new_image
from kandinsky_studio.errors import LayerLocked, SizeTooLarge

MAXIMUM = 8192  # pixels along a side


@dataclass(frozen=True)
class Change:
    """What watchers are told. ``rect`` is where pixels changed, None for anywhere; ``state`` tells whether layers,
    their properties, the canvas or the selection changed; ``step`` is set when a step was finished, undone or redone,
    and ``action`` says which: ``"done"``, ``"undone"``, ``"redone"`` or ``""`` for work in progress.
    ``mask`` tells that pixels of a mask or depth layer changed, which are not part of the picture.
    """

    rect: Rect | None = NOTHING
    state: bool = False
    step: Step | None = None
    action: str = ""
    mask: bool = False


Watcher = Callable[[Change], None]


class Document:
    """What is edited. Belongs to one thread. ``path`` is the file it was read from or saved to, if any."""

    def __init__(self, state: State, history: History | None = None, path: Path | None = None) -> None:
        self.state = state
        self.history = history or History()
        self.path = path
        self.source: Path | None = None  # a picture it was made from, which is no file of its own
        self.title = ""  # what it is called as long as it has no file and was made from none
        self.active_id: int | None = state.layers[-1].id if state.layers else None
        self._next_id = max((layer.id for layer in state.walk()), default=0) + 1
        self._watchers: list[Watcher] = []
        self._edit: Edit | None = None

    @classmethod
    def new(cls, width: int, height: int, name: str = "Layer 1", background: QImage | None = None) -> Document:
        """With one layer, empty or with ``background`` on it. Raises ``SizeTooLarge``."""
        check_size(width, height)
        pixels = Surface.from_image(background) if background is not None else Surface(Depth.RGBA)
        return cls(State(Rect(0, 0, width, height), (Layer(1, Kind.PIXELS, name, pixels),)))

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call ``watcher`` at every change; returns what ends it."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def tell(self, change: Change) -> None:
        for watcher in tuple(self._watchers):
            watcher(change)

    @property
    def active(self) -> Layer | None:
        """The layer that tools work on."""
        return self.state.find(self.active_id) if self.active_id is not None else None

    def activate(self, id: int | None) -> None:
        """Choose the layer that tools work on. Not a step."""
        if id != self.active_id:
            self.active_id = id
            self.tell(Change(state=True))

    def new_id(self) -> int:
        """A number that no layer of this document has or had."""
        self._next_id += 1
        return self._next_id - 1

    def reserve_ids(self) -> None:
        """Take the numbers of layers that came some other way than by :meth:`new_id`."""
        self._next_id = max(self._next_id, max((layer.id for layer in self.state.walk()), default=0) + 1)

    def new_layer(self, kind: Kind, name: str, pixels: Surface | None = None) -> Layer:
        """A layer that is in no state yet; without ``pixels`` an empty one."""
        if pixels is None and kind is not Kind.GROUP:
            pixels = new_surface(kind)
        return Layer(self.new_id(), kind, name, pixels)

    def edit(self, name: str, merge: str = "") -> Edit:
        """Begin a step; to be used with ``with``, or ended by ``commit`` or ``cancel``. One at a time."""
        assert self._edit is None, "an edit is still open"
        self._edit = Edit(self, name, merge)
        return self._edit

    @property
    def editing(self) -> bool:
        """Whether a step is open: a stroke is being drawn."""
        return self._edit is not None

    def change(self, name: str, state: State, merge: str = "", damage: Rect | None = None) -> None:
        """A step that only replaces the state; ``damage`` is where the picture changes by that, None for anywhere."""
        with self.edit(name, merge) as edit:
            edit.set(state, damage)

    def undo(self) -> bool:
        """Take the last step back. False if there is none, or one is open."""
        return self._step_over(self.history.done, self.history.undone, back=True)

    def redo(self) -> bool:
        """Do again what was taken back last."""
        return self._step_over(self.history.undone, self.history.done, back=False)

    def go_to(self, number: int) -> None:
        """Undo or redo until ``number`` steps are done."""
        while len(self.history.done) > number and self.undo():
            pass
        while len(self.history.done) < number and self.redo():
            pass

    def snapshot(self) -> State:
        """The state for another thread to read, even while a step is open: that copies what it paints on next."""
        state = self.state.snapshot()
        if self._edit is not None:
            for surface, copy in zip(self.state.surfaces(), state.surfaces(), strict=True):
                self._edit.leave(surface, copy)
        return state

    def render(self, rect: Rect | None = None, only: tuple[Layer, ...] | None = None) -> QImage:
        """The picture at ``rect`` (the canvas if not given), premultiplied; of ``only`` some layers if given."""
        rect = rect or self.state.canvas
        image = new_image(rect.width, rect.height, Depth.RGBA)
        painter = QPainter(image)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        for key in rect.tiles():
            place = Rect.of_tile(key)
            part = place.intersected(rect)
            tile = compose(self.state.layers if only is None else only, key)
            painter.drawImage(part.moved(-rect.x, -rect.y).to_qt(), tile, part.moved(-place.x, -place.y).to_qt())
        painter.end()
        return image

    def _step_over(self, source: list[Step], target: list[Step], back: bool) -> bool:
        if self._edit is not None or not source:
            return False
        step = source.pop()
        target.append(step)
        step.merge = ""
        step.apply(back)
        self.state = step.before if back else step.after
        self.history.stepped(step, back, self.state)
        self._keep_active(step.after if back else step.before)
        self.tell(
            Change(
                step.damage,
                step.before is not step.after,
                step,
                "undone" if back else "redone",
                any(surface.depth is Depth.MASK for surface in step.tiles),
            )
        )
        return True

    def _keep_active(self, before: State) -> None:
        """The active layer may be gone; the one that came, or that lies where it lay, takes its place."""
        if self.active_id is not None and self.state.find(self.active_id) is not None:
            return
        known = {layer.id for layer in before.walk()}
        new = [layer.id for layer in self.state.walk() if layer.id not in known]
        if new:
            self.active_id = new[-1]
            return
        number = 0
        if self.active_id is not None and before.find(self.active_id) is not None:
            number = before.place(self.active_id)[1]
        layers = self.state.layers
        self.active_id = layers[max(min(number, len(layers)) - 1, 0)].id if layers else None

    def _finish(self, step: Step | None) -> None:
        self._edit = None
        if step is not None:
            self.history.add(step, self.state)
            self._keep_active(step.before)
            self.tell(
                Change(
                    NOTHING if step.before is step.after else step.damage,
                    step.before is not step.after,
                    step,
                    "done",
                    any(surface.depth is Depth.MASK for surface in step.tiles),
                )
            )


class Edit:
    """A step in the making. What it paints is seen at once; ``cancel`` or an exception takes it all back."""

    def __init__(self, document: Document, name: str, merge: str) -> None:
        self._document = document
        self._name = name
        self._merge = merge
        self._before = document.state
        self._tiles: dict[Surface, dict[Key, Tile | None]] = {}
        self._own: dict[int, Tile] = {}  # tiles made in this step: only these are painted on
        self._damage: Rect = NOTHING
        self._everywhere = False
        self._open = True
        self.made = False  # whether it became a step

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._open:
            if kind is None:
                self.commit()
            else:
                self.cancel()

    @property
    def state(self) -> State:
        return self._document.state

    def set(self, state: State, damage: Rect | None = None) -> None:
        """Replace the state; ``damage`` is where the picture changes by that, None for anywhere."""
        self._document.state = state
        if damage is None:
            self._everywhere = True
        else:
            self._damage = self._damage.united(damage)
        self._document.tell(Change(damage, state=True))

    def before(self, surface: Surface, key: Key) -> QImage | None:
        """The tile as it was when the step began; None if there was none."""
        known = self._tiles.get(surface, {})
        tile = known[key] if key in known else surface.tiles.get(key)
        return tile.image if tile else None

    def tile(self, surface: Surface, key: Key) -> QImage:
        """The tile to paint on, for the length of this step. Say where with :meth:`touched` afterwards."""
        tile = surface.tiles.get(key)
        if tile is None or id(tile) not in self._own:
            self._tiles.setdefault(surface, {}).setdefault(key, tile)
            tile = tile.copy() if tile else Tile(new_image(TILE, TILE, surface.depth, surface.default))
            surface.tiles[key] = self._own[id(tile)] = tile
        return tile.image

    def leave(self, surface: Surface, copy: Surface) -> None:
        """Give ``copy``, which shares the tiles of ``surface``, tiles of its own for those that are painted on."""
        for key in self._tiles.get(surface, ()):
            tile = copy.tiles.get(key)
            if tile is not None and id(tile) in self._own:
                copy.tiles[key] = tile.copy()

    def put(self, surface: Surface, key: Key, tile: Tile | None) -> None:
        """Put a whole tile in place of what is there; the same tile may be put at many places."""
        known = self._tiles.setdefault(surface, {})
        known.setdefault(key, surface.tiles.get(key))
        _set(surface, key, tile)

    @contextmanager
    def painters(self, surface: Surface, rect: Rect) -> Iterator[Iterator[tuple[QPainter, Rect]]]:
        """For each tile at ``rect`` a painter whose coordinates are the document's, clipped to ``rect``."""

        def each() -> Iterator[tuple[QPainter, Rect]]:
            for key in rect.tiles():
                place = Rect.of_tile(key)
                painter = QPainter(self.tile(surface, key))
                painter.translate(-place.x, -place.y)
                painter.setClipRect(QRectF(rect.to_qt()))
                try:
                    yield painter, place.intersected(rect)
                finally:
                    painter.end()

        yield each()
        self.touched(surface, rect)

    def write(self, surface: Surface, rect: Rect, image: QImage) -> None:
        """Put ``image`` (of the surface's format) at ``rect`` in place of what is there."""
        with self.painters(surface, rect) as painters:
            for painter, part in painters:
                painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
                painter.drawImage(part.to_qt(), image, part.moved(-rect.x, -rect.y).to_qt())

    def replace(self, surface: Surface, other: Surface) -> None:
        """Make the pixels those of ``other``, whose tiles are shared from now on."""
        rect = surface.bounds.united(other.bounds)
        for key in surface.tiles.keys() | other.tiles.keys():
            if surface.tiles.get(key) is not other.tiles.get(key):
                self.put(surface, key, other.tiles.get(key))
        self.touched(surface, rect, versions=False)

    def touched(self, surface: Surface, rect: Rect, versions: bool = True) -> None:
        """Tell everybody that the pixels at ``rect`` were painted on."""
        if versions:
            for key in rect.tiles():
                tile = surface.tiles.get(key)
                if tile is not None and id(tile) in self._own:
                    tile.touched()
        self._damage = self._damage.united(rect)
        self._document.tell(Change(rect, mask=self._is_unseen(surface)))

    def _is_unseen(self, surface: Surface) -> bool:
        """Whether it is a mask beside the picture; what hides parts of a layer is a part of the picture."""
        if surface.depth is not Depth.MASK:
            return False
        return all(layer.mask is not surface for layer in self._document.state.walk())

    def commit(self) -> bool:
        """Finish the step. False if no pixel and no state is another than before: then there is no step."""
        assert self._open
        self._open = False
        changed: Tiles = {}
        for surface, tiles in self._tiles.items():
            for key, before in tiles.items():
                after = surface.tiles.get(key)
                if after is not None and after is not before:
                    if after.is_all(surface.default):
                        after = None
                    elif before is not None and after.image == before.image:
                        after = before
                    _set(surface, key, after)
                if after is not before:
                    changed.setdefault(surface, {})[key] = (before, after)
        state = self._document.state
        if not changed and state is self._before:
            self._document._finish(None)
            return False
        damage = None if self._everywhere else self._damage
        self._document._finish(Step(self._name, self._before, state, changed, damage, self._merge))
        self.made = True
        return True

    def cancel(self) -> None:
        """Take everything back."""
        assert self._open
        self._open = False
        for surface, tiles in self._tiles.items():
            for key, tile in tiles.items():
                _set(surface, key, tile)
                self._damage = self._damage.united(Rect.of_tile(key))  # some may not have been told yet
        masked = any(surface.depth is Depth.MASK and not self._is_unseen(surface) for surface in self._tiles)
        state = masked or self._document.state is not self._before
        self._document.state = self._before
        self._document._finish(None)
        self._document.tell(
            Change(
                None if self._everywhere else self._damage,
                state,
                mask=any(surface.depth is Depth.MASK for surface in self._tiles),
            )
        )


def _set(surface: Surface, key: Key, tile: Tile | None) -> None:
    if tile is None:
        surface.tiles.pop(key, None)
    else:
        surface.tiles[key] = tile


def check_size(width: int, height: int) -> None:
    """Raises ``SizeTooLarge`` for a picture that no document may have."""
    if not (1 <= width <= MAXIMUM and 1 <= height <= MAXIMUM):
        raise SizeTooLarge(width=width, height=height, maximum=MAXIMUM)


def check_editable(state: State, layer: Layer) -> None:
    """Raises ``LayerLocked`` if the layer or a group around it is locked or hidden."""
    for id in (layer.id, *state.parents(layer.id)):
        around = state.layer(id)
        if around.locked or not around.visible:
            raise LayerLocked(layer=around.name)
