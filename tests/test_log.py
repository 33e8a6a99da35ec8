"""The log is a file of its own size, in its own place, and never what keeps the program from starting."""

import logging

import pytest

from kandinsky_studio import __version__, log, paths


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
