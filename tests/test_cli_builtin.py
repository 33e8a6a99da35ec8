"""The command line with the built-in model, in processes of their own, as a user has it."""

import subprocess
import sys

import numpy as np
import pytest

from kandinsky_studio.selftest import shows_red_on_blue
from kandinsky_studio.storage.pictures import read_pixels, read_request

pytestmark = pytest.mark.slow


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kandinsky_studio", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_picture_is_repeated_bit_for_bit_by_another_process(tmp_path):
    first, again = tmp_path / "a.png", tmp_path / "b.png"
    done = _run("generate", "красный круг на синем фоне", "--num-images-per-prompt", "2", "-o", str(first))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(tmp_path / "a-1.png"), str(tmp_path / "a-2.png")]
    assert _run("generate", "--from", str(tmp_path / "a-2.png"), "-o", str(again)).returncode == 0
    assert np.array_equal(read_pixels(again), read_pixels(tmp_path / "a-2.png"))
    assert read_request(again) == read_request(tmp_path / "a-2.png")
    assert not np.array_equal(read_pixels(again), read_pixels(tmp_path / "a-1.png"))


def test_most_red_circles_on_blue_are_some(tmp_path):
    prompt = "a red circle on a blue background"
    done = _run("generate", prompt, "--seed", "1", "--num-images-per-prompt", "6", "-o", str(tmp_path / "a.png"))
    assert done.returncode == 0, done.stderr
    assert sum(shows_red_on_blue(read_pixels(file)) for file in tmp_path.glob("*.png")) >= 4


def test_the_self_test_passes():
    done = _run("self-test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("everything works\n")
