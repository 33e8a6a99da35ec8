"""With weights that are here nothing is ever asked of another computer: no download, no telemetry, no look for updates."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kandinsky_studio.ui.panels import PANELS

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).with_name("offline_program.py")


def run(folder, *before):
    command = [*before, sys.executable, str(PROGRAM), str(folder)]
    temporary = folder / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "PYTHONUTF8": "1", "TMPDIR": str(temporary)}
    environment.pop("TORCHINDUCTOR_CACHE_DIR", None)  # this process has imported the engine
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert list(temporary.iterdir()) == [], "left among the temporary files"
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert done.returncode == 0, done.stderr
    return lines


def assert_everything_worked(lines):
    commands = {line["command"]: line["code"] for line in lines if "command" in line}
    assert commands == dict.fromkeys(commands, 0)
    assert len(commands) == 9
    [window] = [line for line in lines if "window" in line]
    assert window == {"window": 1, "panels": len(PANELS)}


def test_no_feature_reaches_for_the_network(tmp_path):
    """Where that is allowed, the network is taken away as well, for whatever does not ask through Python."""
    away = ["unshare", "--net"]
    allowed = (
        shutil.which("unshare") and subprocess.run([*away, "true"], capture_output=True, check=False).returncode == 0
    )
    lines = run(tmp_path, *(away if allowed else []))
    assert lines[-1] == {"attempts": []}
    assert_everything_worked(lines)


def test_the_watch_sees_an_attempt(tmp_path):
    """The test above can fail: what fetches models, and what is below it, is seen by the same watch."""
    program = (
        f"import sys; sys.path.insert(0, {str(PROGRAM.parent)!r})\n"
        "import offline_program\n"
        "from kandinsky_studio.storage.models.hub import Hub, Interrupted\n"
        "hub = Hub('http://127.0.0.1:9')\n"
        "try:\n"
        "    hub.manifest('a/b')\n"
        "except Interrupted:\n"
        "    print(len(offline_program.ATTEMPTS))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert int(done.stdout) >= 1, done.stderr
