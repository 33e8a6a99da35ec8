"""The command line with the built-in model, in processes of their own, as a user has it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kandinsky_studio import cli, log
from kandinsky_studio.selftest import shows_red_on_blue
from kandinsky_studio.storage.pictures import read_pixels, read_request

pytestmark = pytest.mark.slow


SEEDS = ("--prior-seed", "1", "--seed", "1")


def _run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kandinsky_studio", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


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


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder with a picture, a mask of its middle, and a depth map with something near at the right."""
    folder = tmp_path_factory.mktemp("inputs")
    done = _run("generate", "a red circle on a blue background", *SEEDS, "-o", str(folder / "circle.png"))
    assert done.returncode == 0, done.stderr
    mask = np.zeros((128, 128), np.uint8)
    mask[32:112, 32:112] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    hint = np.full((128, 128), 40, np.uint8)
    hint[40:90, 70:120] = 220
    Image.fromarray(hint).save(folder / "hint.png")
    return folder


@pytest.fixture
def run_here(inputs, monkeypatch, capsys):
    """Run a command in the folder of the inputs, in this process; returns what it told."""
    monkeypatch.chdir(inputs)

    def run(*arguments: str) -> str:
        code = cli.main(arguments)
        told = capsys.readouterr()
        assert code == 0, told.err
        return told.out

    yield run
    log.stop()


TASKS = {
    "remix": ["circle.png", "a green star on a blue background", "--strength", "0.7"],
    "inpaint": ["circle.png", "mask.png", "a yellow star on a blue background"],
    "outpaint": ["circle.png", "--to", "192x160"],
    "mix": ["circle.png:0.6", "a green star on a white background:0.4", "--minus", "a black square"],
    "depth": ["hint.png", "a red square on a yellow background"],
}


@pytest.mark.parametrize("command", TASKS)
def test_every_task_is_repeated_bit_for_bit_by_another_engine(run_here, tmp_path, command):
    first, again = tmp_path / "first.png", tmp_path / "again.png"
    run_here(command, *TASKS[command], *SEEDS, "-o", str(first))
    run_here("generate", "--from", str(first), "-o", str(again))
    assert read_request(again) == read_request(first)
    assert np.array_equal(read_pixels(again), read_pixels(first))


@pytest.mark.parametrize("command", ["inpaint", "mix"])
def test_pictures_made_from_pictures_are_repeated_bit_for_bit_by_another_process(inputs, tmp_path, command):
    first, again = tmp_path / "first.png", tmp_path / "again.png"
    done = _run(command, *TASKS[command], *SEEDS, "-o", str(first), cwd=inputs)
    assert done.returncode == 0, done.stderr
    done = _run(command, "--from", str(first), "-o", str(again))
    assert done.returncode == 0, done.stderr
    assert np.array_equal(read_pixels(again), read_pixels(first))


def test_outside_of_the_mask_and_of_the_margins_nothing_changes(inputs, run_here, tmp_path):
    before = read_pixels(inputs / "circle.png")
    run_here("inpaint", *TASKS["inpaint"], "--feather", "0", "-o", str(tmp_path / "a.png"))
    after, mask = read_pixels(tmp_path / "a.png"), np.asarray(Image.open(inputs / "mask.png")) > 0
    assert np.array_equal(after[~mask], before[~mask])
    assert not np.array_equal(after[mask], before[mask])
    run_here("outpaint", *TASKS["outpaint"], "-o", str(tmp_path / "b.png"))
    assert np.array_equal(read_pixels(tmp_path / "b.png")[16:-16, 32:-32], before)


def test_what_is_near_in_a_depth_map_is_where_the_thing_is(run_here, tmp_path):
    run_here("depth", *TASKS["depth"], *SEEDS, "-o", str(tmp_path / "a.png"))
    picture = read_pixels(tmp_path / "a.png").astype(int)
    assert picture[45:85, 75:115, 1].mean() < 90  # red
    assert picture[:, :60, 1].mean() > 150  # yellow


def test_an_idea_is_kept_compared_and_mixed(run_here, tmp_path):
    idea = tmp_path / "idea.safetensors"
    words = ["a red circle on a blue background", "a green star on a white background"]
    told = run_here("embed", "circle.png", *words, "-o", str(idea), "--json")
    [alike] = [event["similarities"] for event in map(json.loads, told.splitlines()) if "similarities" in event]
    assert alike[0][1] > alike[0][2] + 0.2
    run_here("mix", str(idea), *SEEDS, "-o", str(tmp_path / "a.png"))
    assert shows_red_on_blue(read_pixels(tmp_path / "a.png"))


def test_the_words_that_say_what_is_to_be_seen_are_worth_most(run_here):
    told = run_here("explain", "a red circle on a blue background", "--json", *SEEDS).splitlines()
    *progress, words = (event.get("words") for event in map(json.loads, told))
    assert set(progress) == {None}
    change = {word["word"]: word["ablation"] for word in words}
    assert min(change["red"], change["circle"], change["blue"]) > change["on"]
    assert sum(word["attention"] for word in words) == pytest.approx(1)
