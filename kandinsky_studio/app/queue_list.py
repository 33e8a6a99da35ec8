"""The jobs as a list for the window: the one that runs, those that wait, those that failed, those that are done."""

from __future__ import annotations

import dataclasses
import enum
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage

from kandinsky_studio.engine.request import GenerationRequest, Progress
from kandinsky_studio.engine.tier import Tier
from kandinsky_studio.errors import StudioError

ROW_ROLE = Qt.ItemDataRole.UserRole
JOBS = "application/x-kandinsky-studio-jobs"
"""The ids of jobs that are being dragged."""

_ROOT = QModelIndex()


class Standing(enum.IntEnum):
    """How it stands with a job. The list is in this order."""

    running = 0
    waiting = 1
    failed = 2
    done = 3


@dataclass(eq=False)
class Row:
    """A job in the list. ``request`` is all of it, ``made`` of its pictures are there, ``kept`` in the gallery.

    ``name`` is that of its file, ``picture`` a small one to know it by, ``took`` the seconds of one that is done.
    """

    id: int
    request: GenerationRequest
    tier: Tier
    name: str
    standing: Standing = Standing.waiting
    made: int = 0
    kept: int = 0
    progress: Progress | None = None
    error: StudioError | None = None
    picture: QImage | None = None
    began: float = 0.0
    took: float = 0.0


class QueueList(QAbstractListModel):
    """Rows by their standing, within it in the order they were put. ``words`` makes what screen readers say of one."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self.words: Callable[[Row], str] = lambda row: row.request.prompt

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def of(self, *standings: Standing) -> list[Row]:
        """The rows of jobs that stand so, in their order."""
        return [row for row in self._rows if row.standing in standings]

    def find(self, id: int) -> Row | None:
        """The row of a job."""
        return next((row for row in self._rows if row.id == id), None)

    def row(self, index: QModelIndex | QPersistentModelIndex) -> Row | None:
        """The row at ``index``."""
        return self._rows[index.row()] if index.isValid() and index.row() < len(self._rows) else None

    def index_of(self, id: int) -> QModelIndex:
        """Where a job is in the list."""
        found = (number for number, row in enumerate(self._rows) if row.id == id)
        return self.index(next(found, -1))

    # ------------------------------------------------------------------ changing

    def insert(self, row: Row, first: bool = False) -> None:
        """Put ``row`` behind those that stand as it does, or before them."""
        at = sum(other.standing < row.standing + (not first) for other in self._rows)
        self.beginInsertRows(_ROOT, at, at)
        self._rows.insert(at, row)
        self.endInsertRows()

    def remove(self, row: Row) -> None:
        """Take ``row`` out."""
        at = self._rows.index(row)
        self.beginRemoveRows(_ROOT, at, at)
        del self._rows[at]
        self.endRemoveRows()

    def stand(self, row: Row, standing: Standing) -> None:
        """Let ``row`` stand otherwise, and go to where those are that do: the newest of what is over comes first."""
        row.standing = standing
        others = [other for other in self._rows if other is not row]
        self._move(row, sum(other.standing < standing for other in others))
        self.tell(row)

    def put_in_order(self, ids: Sequence[int]) -> None:
        """Let the waiting rows be in the order of ``ids``, which names all of them."""
        first = len(self.of(Standing.running))
        for number, id in enumerate(ids):
            row = self.find(id)
            if row is not None and row.standing is Standing.waiting:
                self._move(row, first + number)

    def tell(self, row: Row) -> None:
        """Say that something of ``row`` is different."""
        index = self.index(self._rows.index(row))
        self.dataChanged.emit(index, index)

    def _move(self, row: Row, to: int) -> None:
        """So that ``row`` is number ``to``."""
        at = self._rows.index(row)
        if at == to:
            return
        self.beginMoveRows(_ROOT, at, at, _ROOT, to + (to > at))
        self._rows.insert(to, self._rows.pop(at))
        self.endMoveRows()

    # ------------------------------------------------------------------ for the view

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.row(index)
        if row is None:
            return None
        if role == ROW_ROLE:
            return row
        return self.words(row) if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole) else None

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        row = self.row(index)
        if row is None:
            return Qt.ItemFlag.ItemIsDropEnabled
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsDragEnabled if row.standing is Standing.waiting else flags

    def supportedDropActions(self) -> Qt.DropAction:  # noqa: N802
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:  # noqa: N802
        return [JOBS]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:  # noqa: N802
        rows = [row for index in sorted(indexes, key=lambda index: index.row()) if (row := self.row(index))]
        data = QMimeData()
        data.setData(JOBS, " ".join(str(row.id) for row in rows).encode("ascii"))
        return data


def left_of(request: GenerationRequest, made: int) -> GenerationRequest:
    """What makes the pictures of ``request`` but for the first ``made``, each as it would have been."""
    if not 0 < made < request.num_images_per_prompt:
        return request
    next_one = next(itertools.islice(request.pictures(), made, None))
    turned = made % len(request.wordings) if request.wordings else 0
    return dataclasses.replace(
        request,
        prior_seed=next_one.prior_seed,
        seed=next_one.seed,
        num_images_per_prompt=request.num_images_per_prompt - made,
        wordings=request.wordings[turned:] + request.wordings[:turned],
    )
