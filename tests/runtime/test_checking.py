"""A pack is tried in a process of its own, and that process may end in any way."""

from __future__ import annotations

import json
import os
import sys
import time

import pytest

from kandinsky_studio.errors import Cancelled, PackCheckFailed
from kandinsky_studio.runtime import checking
from kandinsky_studio.runtime.attaching import VARIABLE
from kandinsky_studio.runtime.checking import check


def started(code):
    return [sys.executable, "-c", f"import json, os, sys, time\n{code}"]


def test_what_it_said_is_told():
    said = "print('noise'); print(json.dumps({'event': 'checked', 'said': 'on «карта»'}))"
    assert check("cu130", program=started(said)) == "on «карта»"


def test_it_is_started_with_the_pack_to_try():
    told = f"print(json.dumps({{'event': 'checked', 'said': str([os.environ['{VARIABLE}'], *sys.argv[1:]])}}))"
    assert check("cu130", program=started(told)) == "['cu130', 'runtime', 'check', 'cu130', '--json']"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (f"print({json.dumps(json.dumps({'event': 'error', 'reason': 'no card'}))}); sys.exit(1)", "no card"),
        (f"print({json.dumps(json.dumps({'event': 'error', 'message': 'It broke.'}))})", "computer: It broke."),
        ("sys.exit(3)", "it ended with code 0x3"),
        ("print('{]')", "it ended with code 0x0"),
        ("print('[1]'); print('null')", "it ended with code 0x0"),
        ("raise SystemExit", "it ended with code 0x0"),
    ],
)
def test_why_it_does_not_work(code, words):
    with pytest.raises(PackCheckFailed) as failed:
        check("cu130", program=started(code))
    assert words in str(failed.value)


@pytest.mark.skipif(os.name == "nt", reason="there are no signals")
def test_one_that_takes_its_process_down():
    with pytest.raises(PackCheckFailed, match="signal 11"):
        check("cu130", program=started("os.kill(os.getpid(), 11)"))


def test_one_that_never_ends(monkeypatch):
    monkeypatch.setattr(checking, "PATIENCE", 0.3)
    with pytest.raises(PackCheckFailed, match="did not answer"):
        check("cu130", program=started("time.sleep(60)"))


def test_nobody_has_to_wait_for_it():
    start = time.monotonic()

    def unwanted():
        if time.monotonic() - start > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        check("cu130", unwanted, program=started("time.sleep(60)"))
    assert time.monotonic() - start < 20


def test_from_source_the_program_is_started_as_a_module():
    assert checking.command() == [sys.executable, "-m", "kandinsky_studio"]


def test_a_built_program_starts_itself(program):
    assert checking.command() == [sys.executable]


def test_on_windows_it_starts_the_one_that_has_an_output(program):
    console = program / "kandinsky-studio-cli.exe"
    console.write_bytes(b"")
    assert checking.command() == [str(console)]
