"""The SQLite file beside the pictures: its tables, a connection per thread, and what happens when it is damaged.

Everything in it can be read again from the picture files, except which pictures are starred. Before a newer program
changes it, a copy is kept for the program before: ``library-2.sqlite3`` is what version 2 of the tables left.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from kandinsky_studio.errors import DiskFull, FolderNotWritable, NewerFile, StudioError
from kandinsky_studio.storage.durable import PARTIAL_SUFFIX, cause_of, flush, make_folder, set_aside

Answer = TypeVar("Answer")

APPLICATION_ID = 0x4B53_4C42  # "KSLB": tells our file from any other SQLite file
SCHEMA_VERSION = 2
"""Rises with every change to the tables, and with ``REQUEST_VERSION``: an older program can't read newer rows."""

_BUSY_TIMEOUT = 10.0  # seconds that a writer waits for another one, which may be another process
_BUSY_PAUSE = 0.01  # seconds
_LITTLE_ROOM = 1 << 20  # bytes; with less than that on the disk, a failed write means that it is full
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

# ``created`` is in microseconds since 1970 (UTC), ``path`` relative to the library with "/". A forgotten row stays
# until its file is gone for good: the picture may come back from the trash, with its star.
_SCHEMA = f"""
CREATE TABLE entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    prompt TEXT NOT NULL,
    negative_prompt TEXT NOT NULL,
    request TEXT NOT NULL,
    starred INTEGER NOT NULL DEFAULT 0,
    forgotten INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX entries_by_age ON entries (created, id) WHERE forgotten = 0;
CREATE TABLE records (
    id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
    record TEXT NOT NULL,
    image_embeds BLOB
);
CREATE VIRTUAL TABLE words USING fts5 (
    prompt, negative_prompt, content='entries', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
);
CREATE TRIGGER entries_inserted AFTER INSERT ON entries BEGIN
    INSERT INTO words (rowid, prompt, negative_prompt) VALUES (new.id, new.prompt, new.negative_prompt);
END;
CREATE TRIGGER entries_deleted AFTER DELETE ON entries BEGIN
    INSERT INTO words (words, rowid, prompt, negative_prompt)
    VALUES ('delete', old.id, old.prompt, old.negative_prompt);
END;
CREATE TRIGGER entries_changed AFTER UPDATE OF prompt, negative_prompt ON entries BEGIN
    INSERT INTO words (words, rowid, prompt, negative_prompt)
    VALUES ('delete', old.id, old.prompt, old.negative_prompt);
    INSERT INTO words (rowid, prompt, negative_prompt) VALUES (new.id, new.prompt, new.negative_prompt);
END;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""


class DamagedIndex(Exception):
    """The index holds what this program never wrote."""


class Index:
    """The index file at ``path``, for any number of threads, each with its own connection.

    ``refill`` is called with nothing to lose after a damaged file was set aside and an empty one put in its place;
    it gets the stars that could be read from the old file, as relative paths.
    """

    def __init__(self, path: Path, refill: Callable[[set[str]], None]) -> None:
        self._path = path
        self._refill = refill
        self._gate = threading.Condition()
        self._users = 0
        self._generation = 0
        self._repairer: int | None = None
        self._connections: list[sqlite3.Connection] = []
        self._own = threading.local()

    def run(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """``work`` with this thread's connection, in one transaction that is rolled back if it raises.

        A damaged file is replaced and ``work`` done once more. Raises ``NewerFile``, ``DiskFull`` or
        ``FolderNotWritable``.
        """
        generation = self._generation
        with suppress(DamagedIndex):
            return self._attempt(work)
        # Not before the error is forgotten: what it was met in holds the file open, which Windows does not rename then.
        if self._repairer == threading.get_ident():  # a new file is damaged too: the disk is not to be trusted
            raise FolderNotWritable(folder=self._path.parent)
        self._repair(generation)
        try:
            return self._attempt(work)
        except DamagedIndex as error:
            raise FolderNotWritable(folder=self._path.parent) from error

    def close(self) -> None:
        """Close every connection. The index may be used again afterwards."""
        with self._gate:
            self._gate.wait_for(lambda: self._users == 0)
            self._close_all()

    def _attempt(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        with self._in_use(), self._meaning_of_errors():
            connection = self._connection()
            with connection:
                return work(connection)

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        me = threading.get_ident()
        with self._gate:
            self._gate.wait_for(lambda: self._repairer in (None, me))
            self._users += 1
        try:
            yield
        finally:
            with self._gate:
                self._users -= 1
                self._gate.notify_all()

    @contextmanager
    def _meaning_of_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            # A missing table or column is damage as well: with our application id, nobody else makes the tables.
            if code in _DAMAGE or (code == sqlite3.SQLITE_ERROR and "no such" in str(error)):
                raise DamagedIndex from error
            raise self._cause(code) from error

    def _cause(self, code: int) -> StudioError:
        folder = self._path.parent
        try:
            full = code == sqlite3.SQLITE_FULL or shutil.disk_usage(folder).free < _LITTLE_ROOM
        except OSError:
            full = False
        return DiskFull(folder=folder) if full else FolderNotWritable(folder=folder)

    def _connection(self) -> sqlite3.Connection:
        generation, connection = getattr(self._own, "current", (-1, None))
        if connection is None or generation != self._generation:
            connection = self._open()
            self._own.current = (self._generation, connection)
        return connection

    def _open(self) -> sqlite3.Connection:
        try:
            make_folder(self._path.parent)
        except OSError as error:
            raise cause_of(error, self._path.parent) from error
        connection = sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT, check_same_thread=False)
        try:
            self._prepare_when_free(connection)
        except BaseException:
            connection.close()
            raise
        with self._gate:
            self._connections.append(connection)
        return connection

    def _prepare_when_free(self, connection: sqlite3.Connection) -> None:
        deadline = time.monotonic() + _BUSY_TIMEOUT
        while True:
            try:
                return self._prepare(connection)
            except sqlite3.OperationalError as error:
                # SQLite's own timeout does not cover the change to WAL, nor the moment when another process leaves.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                connection.rollback()
                time.sleep(_BUSY_PAUSE)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        # A row must not be lost with the power when its picture is not: one flush per picture costs nothing here.
        connection.execute("PRAGMA synchronous = FULL")
        if self._is_new(connection):
            connection.execute("PRAGMA journal_mode = WAL")
            # Two processes may come here at once: the second one waits for the lock and finds the tables.
            connection.execute("BEGIN IMMEDIATE")
            if self._is_new(connection):
                for statement in _statements(_SCHEMA):
                    connection.execute(statement)
            connection.commit()
        if _pragma(connection, "application_id") != APPLICATION_ID:
            raise DamagedIndex
        version = _pragma(connection, "user_version")
        if version > SCHEMA_VERSION:
            raise NewerFile(file=self._path.name)
        if version < SCHEMA_VERSION:
            self._upgrade(connection)

    def _upgrade(self, connection: sqlite3.Connection) -> None:
        """Make the index one of this version: older programs can't read rows that come now."""
        connection.execute("BEGIN IMMEDIATE")  # another process may be about to do the same
        version = _pragma(connection, "user_version")
        if version < SCHEMA_VERSION:
            self._keep_copy(version)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.commit()

    def _keep_copy(self, version: int) -> None:
        """Put the index as it is beside itself, named by the version of its tables, in place of an older such copy.

        The connection that is about to write can't be copied from; another one sees what was there before.
        """
        partial = self._path.with_name(f".{secrets.token_hex(8)}{PARTIAL_SUFFIX}")
        try:
            with closing(sqlite3.connect(self._path)) as before, closing(sqlite3.connect(partial)) as copy:
                before.backup(copy)
            flush(partial)
            partial.replace(previous_index(self._path, version))
        except OSError as error:
            raise cause_of(error, self._path.parent) from error
        finally:
            partial.unlink(missing_ok=True)

    @staticmethod
    def _is_new(connection: sqlite3.Connection) -> bool:
        return _pragma(connection, "schema_version") == 0

    def _repair(self, generation: int) -> None:
        with self._gate:
            self._gate.wait_for(lambda: self._repairer is None)
            if generation != self._generation:  # another thread has done it meanwhile
                return
            self._repairer = threading.get_ident()
            self._gate.wait_for(lambda: self._users == 0)
        try:
            self._close_all()
            starred = _starred(self._path)
            self._put_away()
            self._refill(starred)
        finally:
            with self._gate:
                self._repairer = None
                self._gate.notify_all()

    def _put_away(self) -> None:
        try:
            aside = set_aside(self._path)
            log = Path(f"{self._path}-wal")
            if log.exists():  # it belongs to the old file; SQLite would throw it away beside a new one
                log.rename(f"{aside}-wal")
            Path(f"{self._path}-shm").unlink(missing_ok=True)
        except OSError as error:
            raise cause_of(error, self._path.parent) from error
        logging.getLogger(__name__).warning("the index was damaged and is set aside")

    def _close_all(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._generation += 1


def previous_index(path: Path, version: int) -> Path:
    """Where the copy of the index at ``path`` is that a program with this ``version`` of the tables can read."""
    return path.with_name(f"{path.stem}-{version}{path.suffix}")


def _statements(script: str) -> Iterator[str]:
    # executescript() would commit the transaction that keeps other processes out.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _starred(path: Path) -> set[str]:
    """The paths of starred pictures, as many as a damaged index still tells."""
    starred: set[str] = set()
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return starred
    try:
        for (name,) in connection.execute("SELECT path FROM entries WHERE starred = 1"):
            starred.add(str(name))
    except sqlite3.Error:
        pass
    finally:
        connection.close()
    return starred
