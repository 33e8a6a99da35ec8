"""The log is a file of its own size, in its own place, and never what keeps the program from starting."""

import errno
import logging
import sqlite3

import pytest

from kandinsky_studio import __version__, log, paths
from kandinsky_studio.errors import DiskFull, FileMissing


@pytest.fixture(autouse=True)
def closed_log():
    yield
    log.stop()


def test_what_is_logged_is_in_the_file():
    log.start()
    logging.getLogger("kandinsky_studio.somewhere").info("круг \udc41")
    logging.getLogger("another.program").warning("not ours")
    text = log.file().read_text(encoding="utf-8")
    assert log.file().parent == paths.state()
    assert __version__ in text
    assert "INFO kandinsky_studio.somewhere: круг \\udc41" in text
    assert "not ours" not in text


def test_starting_twice_writes_once():
    log.start()
    log.start()
    logging.getLogger("kandinsky_studio").warning("only once")
    assert log.file().read_text(encoding="utf-8").count("only once") == 1


def test_the_file_never_grows_without_end(monkeypatch):
    monkeypatch.setattr(log, "_SIZE", 1000)
    log.start()
    for number in range(200):
        logging.getLogger("kandinsky_studio").info("line %d", number)
    files = list(paths.state().glob(f"{log.FILE_NAME}*"))
    assert len(files) == 4
    assert all(file.stat().st_size <= 1000 for file in files)
    assert "line 199" in log.file().read_text(encoding="utf-8")


def test_no_place_for_a_log_stops_nothing(home):
    home.write_text("in the way")
    log.start()
    logging.getLogger("kandinsky_studio").error("nobody hears it")
    assert home.read_text() == "in the way"


SECRETS = ("axolotl", "Zenobia", "/home", "C:\\")
PATH = "/home/Zenobia/an axolotl.png"


def _raised(error, cause=None):
    with pytest.raises(type(error)) as caught:
        raise error from cause
    return caught.value


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError(f"no room for “an axolotl” in {PATH}"), "ValueError"),
        (KeyError("an axolotl"), "KeyError"),
        (OSError(errno.ENOSPC, "No space left for an axolotl", PATH), "OSError: [Errno 28] ENOSPC"),
        (FileNotFoundError(errno.ENOENT, "No such file", PATH, None, PATH), "FileNotFoundError: [Errno 2] ENOENT"),
        (OSError(f"cannot identify image file {PATH}"), "OSError"),
        (OSError("an axolotl", PATH), "OSError"),
        (UnicodeDecodeError("utf-8", b"an axolotl", 0, 1, PATH), "UnicodeDecodeError"),
        (ModuleNotFoundError("", name="isal.zlib"), "ModuleNotFoundError: No module named 'isal.zlib'"),
        (ModuleNotFoundError(PATH, name=PATH), "ModuleNotFoundError"),
        (sqlite3.OperationalError(f"no such column: axolotl in {PATH}"), "sqlite3.OperationalError"),
        (DiskFull(folder=PATH), "DiskFull"),
        (FileMissing(file=PATH), "FileMissing"),
        (ExceptionGroup("an axolotl", [ValueError(PATH)]), "ExceptionGroup"),
    ],
)
def test_of_an_error_the_log_has_class_and_place(error, told):
    log.start()
    caught = _raised(error, cause=ValueError(PATH))
    caught.add_note(f"while painting an axolotl into {PATH}")
    logging.getLogger("kandinsky_studio.somewhere").error("unforeseen", exc_info=caught)
    text = log.file().read_text(encoding="utf-8")
    assert text.endswith(f'unforeseen\nValueError\nand then\n  File "{log.ELSEWHERE}", line 61, in _raised\n{told}\n')
    assert not [secret for secret in SECRETS if secret in text]


def test_a_databases_error_has_its_name():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE words (word UNIQUE)")
    connection.execute("INSERT INTO words VALUES ('axolotl')")
    with pytest.raises(sqlite3.IntegrityError) as caught:
        connection.execute("INSERT INTO words VALUES ('axolotl')")
    connection.close()
    assert log.outline(caught.value).endswith("\nsqlite3.IntegrityError: SQLITE_CONSTRAINT_UNIQUE")


def test_what_another_log_wrote_of_an_error_is_not_taken_over():
    log.start()
    logger = logging.getLogger("kandinsky_studio.somewhere")
    record = logger.makeRecord(logger.name, logging.ERROR, "", 0, "unforeseen", (), None)
    error = _raised(ValueError("an axolotl"))
    record.exc_info = (ValueError, error, error.__traceback__)
    assert "axolotl" in logging.Formatter().format(record)
    logger.handle(record)
    assert "axolotl" in record.exc_text
    assert "axolotl" not in log.file().read_text(encoding="utf-8")


def test_a_long_way_down_is_told_from_its_end():
    def deeper(levels):
        if not levels:
            raise RecursionError("an axolotl")
        deeper(levels - 1)

    with pytest.raises(RecursionError) as caught:
        deeper(300)
    lines = log.outline(caught.value).splitlines()
    assert len(lines) == 52
    assert lines[0] == "  … 252 more"
    assert lines[-1] == "RecursionError"


def test_errors_that_led_to_one_another_end():
    first, second = ValueError("an axolotl"), KeyError("an axolotl")
    first.__context__, second.__context__ = second, first
    assert log.outline(first) == "KeyError\nand then\nValueError"


def test_a_file_that_another_start_has_open_grows_on(monkeypatch, capsys):
    def refuse(*_: object) -> None:  # as Windows does
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(log, "_SIZE", 1000)
    log.start()
    older = log.file().with_name(f"{log.FILE_NAME}.1")
    older.write_text("older")
    with monkeypatch.context() as windows:
        windows.setattr(log.os, "rename", refuse)
        for number in range(50):
            logging.getLogger("kandinsky_studio").warning("line %d of many", number)
    text = log.file().read_text(encoding="utf-8")
    assert all(f"line {number} of many" in text for number in range(50))
    assert older.read_text() == "older"
    assert capsys.readouterr().err == ""
    logging.getLogger("kandinsky_studio").warning("the last line")
    assert log.file().stat().st_size < 1000
    assert "line 49 of many" in older.read_text(encoding="utf-8")
