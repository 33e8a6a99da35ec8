"""Only one program at a time changes a folder."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kandinsky_studio.errors import Cancelled, FolderNotWritable
from kandinsky_studio.storage.alone import alone, if_alone

HOLDING = """
import sys
from pathlib import Path
from kandinsky_studio.storage.alone import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def another(tmp_path):
    """Another program that holds the lock."""
    command = [sys.executable, "-c", HOLDING, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_who_waits_goes_on_when_the_other_program_is_killed(tmp_path, another):
    tries = []

    def check():
        tries.append(None)
        if len(tries) == 2:
            another.kill()

    with alone(tmp_path / "lock", check):
        assert len(tries) >= 2


def test_who_does_not_want_to_wait_any_more_leaves(tmp_path, another):
    def check():
        raise Cancelled

    with pytest.raises(Cancelled), alone(tmp_path / "lock", check):
        raise AssertionError("never held")


def test_who_only_wants_it_if_it_is_free_is_told(tmp_path, another):
    with if_alone(tmp_path / "lock") as held:
        assert not held
    another.kill()
    another.wait()
    with if_alone(tmp_path / "lock") as held:
        assert held
        with if_alone(tmp_path / "lock") as twice:
            assert not twice


def test_a_place_that_can_not_be_written_to_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderNotWritable), alone(tmp_path / "file" / "lock"):
        raise AssertionError("never held")
