"""Every picture that was made: PNG files in folders by month, and an index beside them.

A picture is written first and its row after it, so whatever happens in between, the picture is there and the next
start finds it. Methods may be called from any thread.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kandinsky_studio.engine.request import Embedding, GenerationRequest, GenerationResult
from kandinsky_studio.errors import BrokenPicture, NewerFile, NoRequestInPicture
from kandinsky_studio.storage.durable import PARTIAL_SUFFIX, cause_of
from kandinsky_studio.storage.index import DamagedIndex, Index
from kandinsky_studio.storage.pictures import (
    Record,
    embedding_bytes,
    embedding_from_bytes,
    is_whole_png,
    read_record,
    save_png,
)

INDEX_NAME = "library.sqlite3"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS_CHECKED = 2  # newest folders that are compared with the index at every start
_STALE_PARTIAL = 3600.0  # seconds after which a file that is being written is no longer being written
_ADOPTED_AT_ONCE = 500  # pictures per transaction; a longer one would keep a new picture waiting
_SLUG_LENGTH = 40
_MONTH = re.compile(r"\d{4}-\d{2}")

_COLUMNS = "id, path, created, request, width, height, starred"
_INSERT_ENTRY = f"""
INSERT INTO entries (path, created, width, height, prompt, negative_prompt, request) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (path) DO UPDATE SET
    created = excluded.created, width = excluded.width, height = excluded.height, prompt = excluded.prompt,
    negative_prompt = excluded.negative_prompt, request = excluded.request, forgotten = 0
RETURNING {_COLUMNS}
"""
_INSERT_RECORD = "INSERT OR REPLACE INTO records (id, record, image_embeds) VALUES (?, ?, ?)"

_Row = tuple[int, str, int, str, int, int, int]


@dataclass(frozen=True)
class Entry:
    """One picture of the library. ``path`` is absolute, ``created`` an aware local time, sizes in pixels.

    The pictures that went into ``request`` are absent; the file at ``path`` holds them.
    """

    id: int
    path: Path
    created: datetime
    request: GenerationRequest
    width: int
    height: int
    starred: bool


class Library:
    """The library in ``folder``, which is made if it isn't there.

    Opening it compares the newest folders with the index; a damaged index is set aside and made again from the
    pictures, which takes about a second for every few thousand. Raises ``FolderNotWritable``, ``DiskFull``, or
    ``NewerFile`` if a newer program keeps the index.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._index = Index(self.folder / INDEX_NAME, self._refill)
        # An index without a row beside folders of pictures is a new one: the old one was deleted.
        incomplete = self._is_empty()
        folders = self._folders()
        newest = [name for name in folders if _MONTH.fullmatch(name)][-_MONTHS_CHECKED:]
        self._compare(folders if incomplete else newest)

    def close(self) -> None:
        """Let go of the index file."""
        self._index.close()

    def add(self, result: GenerationResult) -> Entry:
        """Keep ``result``. When this returns, neither a kill nor a power cut loses it.

        Raises ``DiskFull`` or ``FolderNotWritable``; if only the index could not be written, the picture is on disk
        all the same and enters the library at the next start.
        """
        created = datetime.now(UTC)
        path = self._new_path(created, result.request)
        record = save_png(path, result, created)
        height, width = result.image.shape[:2]
        return self._adopt([(path, record, (width, height))])[0]

    def entries(self, words: str = "", before_id: int | None = None, limit: int = 200) -> list[Entry]:
        """At most ``limit`` entries, the newest first, that come after the entry ``before_id`` in this order.

        With ``words``, only entries whose prompt or negative prompt has all of them, in any order, the beginning of
        a word being enough.
        """
        conditions = ["forgotten = 0"]
        values: list[object] = []
        if search := _search(words):
            conditions.append("id IN (SELECT rowid FROM words WHERE words MATCH ?)")
            values.append(search)
        elif words.strip():
            return []
        if before_id is not None:
            conditions.append("(created, id) < (SELECT created, id FROM entries WHERE id = ?)")
            values.append(before_id)
        query = (
            f"SELECT {_COLUMNS} FROM entries WHERE {' AND '.join(conditions)} ORDER BY created DESC, id DESC LIMIT ?"
        )
        return self._index.run(lambda connection: self._read(connection.execute(query, (*values, limit))))

    def count(self) -> int:
        """How many pictures the library has."""
        return self._index.run(
            lambda connection: int(connection.execute("SELECT count(*) FROM entries WHERE forgotten = 0").fetchone()[0])
        )

    def get(self, id: int) -> Entry | None:
        """The entry ``id``, or None if the library has none of that number."""
        query = f"SELECT {_COLUMNS} FROM entries WHERE id = ? AND forgotten = 0"
        return next(iter(self._index.run(lambda connection: self._read(connection.execute(query, (id,))))), None)

    def record(self, id: int) -> Record | None:
        """Everything that is known about how the picture ``id`` was made, without its embedding."""
        text = self._one("SELECT record FROM records WHERE id = ?", id)
        return None if text is None else Record.from_json(json.loads(str(text)))

    def image_embeds(self, id: int) -> Embedding | None:
        """The CLIP embedding of the picture ``id``, float32 (dimensions,), exact to float16."""
        content = self._one("SELECT image_embeds FROM records WHERE id = ?", id)
        return embedding_from_bytes(content) if isinstance(content, bytes) else None

    def forget(self, id: int) -> None:
        """Take the picture ``id`` out of the library; the file stays where it is, for the caller to move to the trash."""
        self._index.run(lambda connection: connection.execute("UPDATE entries SET forgotten = 1 WHERE id = ?", (id,)))

    def readopt(self, path: Path) -> Entry:
        """Take the picture at ``path``, which came back from the trash, into the library again, with its star.

        Raises ``BrokenPicture``, ``NoRequestInPicture`` or ``NewerFile``; ``ValueError`` if it is outside ``folder``.
        """
        path = path.absolute()
        self._relative(path)
        if not is_whole_png(path):
            raise BrokenPicture(file=path.name)
        return self._adopt([(path, *read_record(path))])[0]

    def star(self, id: int, starred: bool) -> None:
        """Mark the picture ``id``, or take its mark away."""
        self._index.run(
            lambda connection: connection.execute("UPDATE entries SET starred = ? WHERE id = ?", (starred, id))
        )

    def synchronise(self) -> int:
        """Make the index say what is in the folders; returns how many entries came or went.

        Pictures without a row get one, rows without a picture go, leavings of interrupted writes are deleted.
        """
        for partial in self.folder.glob(f"*/*{PARTIAL_SUFFIX}"):
            _delete_if_stale(partial)
        changed = self._compare(self._folders())
        return changed + self._drop_rows_of_missing_folders()

    def _is_empty(self) -> bool:
        return (
            self._index.run(lambda connection: connection.execute("SELECT 1 FROM entries LIMIT 1").fetchone()) is None
        )

    def _one(self, query: str, id: int) -> object:
        row = self._index.run(lambda connection: connection.execute(query, (id,)).fetchone())
        return None if row is None else row[0]

    def _new_path(self, created: datetime, request: GenerationRequest) -> Path:
        local = created.astimezone()
        name = "-".join(filter(None, (f"{local:%Y%m%d-%H%M%S}", _slug(request.prompt), secrets.token_hex(4))))
        return self.folder / f"{local:%Y-%m}" / f"{name}.png"

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _folders(self) -> list[str]:
        """The folders of the library, oldest first."""
        try:
            with os.scandir(self.folder) as found:
                return sorted(item.name for item in found if item.is_dir() and not item.name.startswith("."))
        except OSError as error:  # the drive was pulled out
            raise cause_of(error, self.folder) from error

    def _compare(self, folders: Iterable[str]) -> int:
        """Make the index say what is in these folders; returns how many entries came or went."""
        changed = 0
        for folder in folders:
            known = self._known(folder)
            present = {self._relative(path) for path in (self.folder / folder).glob("*.png")}
            shown = {path for path, forgotten in known.items() if not forgotten}
            changed += self._adopt_files(present - shown) + self._drop(known.keys() - present)
        return changed

    def _known(self, folder: str) -> dict[str, bool]:
        # A range instead of LIKE: the index on ``path`` serves it. "0" follows "/".
        query = "SELECT path, forgotten FROM entries WHERE path >= ? AND path < ?"
        rows = self._index.run(lambda connection: connection.execute(query, (f"{folder}/", f"{folder}0")).fetchall())
        return {path: bool(forgotten) for path, forgotten in rows}

    def _drop_rows_of_missing_folders(self) -> int:
        folders = set(self._folders())
        rows = self._index.run(lambda connection: connection.execute("SELECT path FROM entries").fetchall())
        return self._drop({path for (path,) in rows if path.partition("/")[0] not in folders})

    def _drop(self, paths: Iterable[str]) -> int:
        rows = [(path,) for path in paths]
        return self._index.run(
            lambda connection: (
                connection.executemany("DELETE FROM entries WHERE path = ?", rows).rowcount if rows else 0
            )
        )

    def _refill(self, starred: set[str]) -> None:
        for folder in self._folders():
            self._adopt_files(self._relative(path) for path in (self.folder / folder).glob("*.png"))
        stars = [(path,) for path in starred]
        self._index.run(
            lambda connection: connection.executemany("UPDATE entries SET starred = 1 WHERE path = ?", stars)
        )

    def _adopt_files(self, paths: Iterable[str]) -> int:
        """Take the pictures at these relative paths in; files that are no pictures of ours stay what they are."""
        adopted = refused = 0
        batch: list[tuple[Path, Record, tuple[int, int]]] = []
        for path in sorted(paths):
            file = self.folder / path
            try:
                if not is_whole_png(file):
                    raise BrokenPicture(file=file.name)
                batch.append((file, *read_record(file)))
            except (BrokenPicture, NoRequestInPicture, NewerFile):
                refused += 1
                continue
            if len(batch) == _ADOPTED_AT_ONCE:
                adopted += len(self._adopt(batch))
                batch = []
        if refused:  # names of pictures have words of the prompt: they do not belong in the log
            logging.getLogger(__name__).warning("%d files in the library are no pictures of ours", refused)
        return adopted + len(self._adopt(batch) if batch else [])

    def _adopt(self, pictures: list[tuple[Path, Record, tuple[int, int]]]) -> list[Entry]:
        """Give each picture a row, or refresh the one it has."""

        def write(connection: sqlite3.Connection) -> list[Entry]:
            entries: list[Entry] = []
            for path, record, size in pictures:
                entries += self._read(
                    connection.execute(_INSERT_ENTRY, (self._relative(path), *_columns(record, size)))
                )
                embedding = None if record.image_embeds is None else embedding_bytes(record.image_embeds)
                text = json.dumps(record.to_json(with_embedding=False, with_pixels=False))
                connection.execute(_INSERT_RECORD, (entries[-1].id, text, embedding))
            return entries

        return self._index.run(write)

    def _read(self, rows: Iterable[_Row]) -> list[Entry]:
        return list(self._read_each(rows))

    def _read_each(self, rows: Iterable[_Row]) -> Iterator[Entry]:
        try:
            for id, path, created, request, width, height, starred in rows:
                yield Entry(
                    id=id,
                    path=self.folder / path,
                    created=(_EPOCH + timedelta(microseconds=created)).astimezone(),
                    request=GenerationRequest.from_json(json.loads(request), path),
                    width=width,
                    height=height,
                    starred=bool(starred),
                )
        except (ValueError, TypeError, OverflowError) as error:
            raise DamagedIndex from error


def _columns(record: Record, size: tuple[int, int]) -> tuple[object, ...]:
    request = record.request
    created = (record.created - _EPOCH) // timedelta(microseconds=1)
    text = json.dumps(request.to_json(with_pixels=False))
    return (created, *size, _searchable(request.prompt), _searchable(request.negative_prompt), text)


def _searchable(text: str) -> str:
    """``text`` as it is searched: without half surrogates and NUL, and with ё as е, since people write either."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return plain.translate({0: " ", ord("ё"): "е", ord("Ё"): "Е"})


def _search(words: str) -> str:
    """``words`` as a full-text query: each quoted, so that no sign in it means anything, and each a beginning."""
    found = (word.replace('"', '""') for word in _searchable(words).split())
    return " ".join(f'"{word}"*' for word in found if any(sign.isalnum() for sign in word))


def _slug(prompt: str) -> str:
    """The first words of ``prompt`` as part of a file name that every system takes."""
    return re.sub(r"[\W_]+", "-", _searchable(prompt)[: 4 * _SLUG_LENGTH])[:_SLUG_LENGTH].strip("-").lower()


def _delete_if_stale(partial: Path) -> None:
    try:
        if time.time() - partial.stat().st_mtime > _STALE_PARTIAL:
            partial.unlink()
    except OSError:
        logging.getLogger(__name__).warning("an unfinished picture can't be deleted")
