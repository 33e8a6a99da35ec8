"""A second start finds the first one, gives it its files, and says why if it can't."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QLockFile
from PySide6.QtNetwork import QLocalSocket

from kandinsky_studio import paths
from kandinsky_studio.app import instance
from kandinsky_studio.app.instance import Call, SingleInstance, this_computer
from kandinsky_studio.errors import NotAnswering, RunningElsewhere, StudioError


@pytest.fixture
def make_instance(qapp):
    made = []

    def make(patience=5.0):
        made.append(SingleInstance(patience=patience))
        return made[-1]

    yield make
    for one in made:
        one.release()


ANOTHER = """
import pathlib, sys
from PySide6.QtCore import QCoreApplication
from kandinsky_studio.app import instance
from kandinsky_studio.errors import StudioError
application = QCoreApplication([])
patience, version, token, *files = sys.argv[1:]
one = instance.SingleInstance(patience=float(patience))
instance.VERSION = int(version)
try:
    one.claim(instance.Call(tuple(map(pathlib.Path, files)), token))
    print("first")
except StudioError as error:
    print(type(error).__name__)
"""


@pytest.fixture
def start_again(home):
    """Another start, as a process of its own; what it came to is on its output."""
    begun = []

    def start(*files, token="", patience=10.0, version=1):
        command = [sys.executable, "-c", ANOTHER, str(patience), str(version), token, *map(os.fspath, files)]
        begun.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def outcome(process, qtbot):
    """What a start came to, while ours goes on."""
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=15_000)
    return process.stdout.read().strip()


def claimed(one):
    """What came of claiming to be the running program here."""
    try:
        one.claim()
    except StudioError as error:
        return type(error).__name__
    return "first"


def held_by(computer, number=999_999_999):
    paths.state().mkdir(parents=True)
    file = paths.state() / "instance.lock"
    file.write_text(f"{number}\nkandinsky-studio\n{computer}\n\n\n")
    return file


FILES = (Path("/home/me/Мои картины/кот & dog 100%.ora"), Path("/tmp/a\udcff.png"), Path("/tmp/“quoted”\n.psd"))


def test_the_second_start_gives_its_files_to_the_first_one(qtbot, make_instance, start_again):
    first = make_instance()
    first.claim()
    with qtbot.waitSignal(first.called, timeout=10_000) as called:
        second = start_again(*FILES, token="token-7")
    assert called.args == [Call(FILES, "token-7")]
    assert outcome(second, qtbot) == "FilesHandedOver"


def test_several_starts_at_once_are_all_heard(qtbot, make_instance, start_again):
    """As when several pictures are opened in a file manager."""
    first = make_instance()
    first.claim()
    heard = []
    first.called.connect(lambda call: heard.extend(call.files))
    wanted = {Path(f"/tmp/{number}.png") for number in range(4)}
    begun = [start_again(file) for file in wanted]
    assert {outcome(process, qtbot) for process in begun} == {"FilesHandedOver"}
    assert set(heard) == wanted
    assert len(heard) == 4


def test_after_the_first_one_is_gone_the_next_is_first(qtbot, make_instance):
    first, second = make_instance(), make_instance()
    assert claimed(first) == "first"
    first.release()
    assert claimed(second) == "first"


def test_who_waits_for_a_program_that_closes_becomes_the_first(qtbot, make_instance, start_again):
    """It does not answer any more; without that patience nothing would come of a click."""
    first = make_instance()
    first.claim()
    second = start_again()
    time.sleep(1.0)  # its event loop does not run meanwhile
    assert second.poll() is None
    first.release()
    assert outcome(second, qtbot) == "first"


def test_a_program_that_hangs_is_told(qtbot, make_instance):
    make_instance().claim()
    with pytest.raises(NotAnswering) as told:
        make_instance(patience=0.5).claim()
    assert told.value.values["seconds"] == 0


def test_another_home_is_another_program(qtbot, make_instance, monkeypatch, tmp_path):
    assert claimed(make_instance()) == "first"
    monkeypatch.setenv("KANDINSKY_STUDIO_HOME", str(tmp_path / "portable"))
    assert claimed(make_instance()) == "first"


def test_a_lock_left_by_a_kill_does_not_keep_anybody_out(qtbot, make_instance):
    held_by(this_computer())
    assert claimed(make_instance()) == "first"


def test_a_lock_calls_this_computer_as_we_do(tmp_path):
    lock = QLockFile(os.fspath(tmp_path / "lock"))
    assert lock.tryLock(0)
    _, computer, _ = lock.getLockInfo()
    lock.unlock()
    assert computer == this_computer()


def test_a_stick_that_was_pulled_out_of_another_computer_starts_here(qtbot, make_instance):
    held_by("the-other-one")
    assert claimed(make_instance()) == "first"


def test_a_home_on_a_network_may_be_in_use_elsewhere(qtbot, make_instance, monkeypatch, tmp_path):
    monkeypatch.delenv("KANDINSKY_STUDIO_HOME")
    monkeypatch.setattr(paths, "state", lambda: tmp_path / "state")
    file = held_by("the-other-one")
    with pytest.raises(RunningElsewhere) as told:
        make_instance().claim()
    assert told.value.values == {"computer": "the-other-one", "file": file}
    assert file.exists()


def test_where_no_lock_can_be_written_the_program_starts_all_the_same(qtbot, make_instance, home):
    home.mkdir(parents=True)
    (home / "state").write_text("in the way")
    assert claimed(make_instance()) == "first"


# ---------------------------------------------------------------------- what the first one listens to


def knock(content, qtbot):
    """Say ``content`` to the program that runs; what it answers until it hangs up."""
    line = QLocalSocket()
    line.connectToServer(instance._server_name())
    assert line.waitForConnected(2000)
    line.write(content)
    heard = b""

    def hung_up():
        nonlocal heard
        heard += line.readAll().data()
        return heard.endswith(b"\n") or line.state() is QLocalSocket.LocalSocketState.UnconnectedState

    qtbot.waitUntil(hung_up, timeout=8000)
    return heard


def message(values, version=1):
    content = values if isinstance(values, bytes) else json.dumps(values).encode()
    return f"kandinsky-studio {version} {len(content)}\n".encode() + content


RUBBISH = {
    "words": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a line without end": b"x" * 100_000,
    "no length": b"kandinsky-studio 1\n{}",
    "a negative length": b"kandinsky-studio 1 -5\n{}",
    "far too long": f"kandinsky-studio 1 {instance.LONGEST_CALL + 1}\n".encode(),
    "more than said": message({"files": [], "token": ""}) + b"more",
    "no JSON": message(b"{"),
    "deep JSON": message(b"[" * 100_000),
    "a list": message([]),
    "files that are none": message({"files": [5], "token": ""}),
    "one file as a word": message({"files": "/tmp/a.png", "token": ""}),
    "a file without a folder": message({"files": ["a.png"], "token": ""}),
    "a NUL in a name": message({"files": ["/tmp/a\0.png"], "token": ""}),
    "no token": message({"files": []}),
    "a token that is none": message({"files": [], "token": 3}),
}


@pytest.mark.parametrize("said", RUBBISH.values(), ids=RUBBISH.keys())
def test_rubbish_is_hung_up_on(qtbot, make_instance, said):
    first = make_instance()
    first.claim()
    called = []
    first.called.connect(called.append)
    assert knock(said, qtbot) == b""
    assert called == []


def test_who_says_nothing_is_hung_up_on(qtbot, make_instance, monkeypatch):
    monkeypatch.setattr(instance, "_SILENCE", 200)
    first = make_instance()
    first.claim()
    assert knock(b"kandinsky-studio 1 40\n{", qtbot) == b""


def test_a_start_of_another_version_gets_the_window_and_is_told(qtbot, make_instance):
    first = make_instance()
    first.claim()
    with qtbot.waitSignal(first.called, timeout=5000) as called:
        assert knock(message({"documents": []}, version=2), qtbot) == b"kandinsky-studio 1 another\n"
    assert called.args == [Call()]


def test_a_first_one_of_another_version_is_told_of(qtbot, make_instance, start_again):
    make_instance().claim()
    assert outcome(start_again("/tmp/a.png", version=2), qtbot) == "AnotherVersionRunning"


@pytest.mark.skipif(os.name == "nt", reason="pipes of Windows have other permissions")
def test_nobody_else_can_call(qtbot, make_instance):
    first = make_instance()
    first.claim()
    path = Path(first._server.fullServerName())
    assert path.stat().st_mode & 0o077 == 0
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(os.fspath(path))  # but we can


def test_a_program_killed_while_it_is_called_leaves_nobody_waiting(qtbot, make_instance, home):
    """Whoever called it then is the first one."""
    code = ANOTHER.replace('print("first")', 'print("first", flush=True); __import__("time").sleep(60)')
    first = subprocess.Popen([sys.executable, "-c", code, "1", "1", ""], stdout=subprocess.PIPE, text=True)
    try:
        assert first.stdout.readline() == "first\n"
        threading.Timer(0.5, first.kill).start()
        begun = time.monotonic()
        make_instance(patience=20.0).claim()
        assert time.monotonic() - begun < 10
    finally:
        first.kill()
        first.communicate()
