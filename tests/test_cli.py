"""The command line does what it says, ends with the right code and imports nothing it does not need."""

import argparse
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kandinsky_studio import __version__, asking, cli, log, options, paths
from kandinsky_studio.engine import engine as engine_module
from kandinsky_studio.engine.arrays import FILLS
from kandinsky_studio.engine.models import MODELS
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Progress, Stage
from kandinsky_studio.engine.validation import check
from kandinsky_studio.errors import OutOfMemory
from kandinsky_studio.reporting import Report
from kandinsky_studio.storage.library import Library
from kandinsky_studio.storage.pictures import FORMATS, read_pixels, read_request, save_png

PROMPT = "a red circle on a blue background"


class DrawnEngine:
    """Stands in for the engine: draws noise that the request decides, as the engine's pictures are decided by it."""

    def __init__(self, device=None):
        self.device = device or "cpu"

    def generate(self, request, *, on_progress, on_result):
        for number, picture in enumerate(request.pictures()):
            on_progress(Progress(Stage.decoder, 1, 2, number, request.num_images_per_prompt, 0.5, 1.5))
            key = [request.num_inference_steps, len(request.prompt), picture.seed, picture.prior_seed]
            noise = np.random.default_rng(key).integers(0, 256, (request.height, request.width, 3), dtype=np.uint8)
            on_result(GenerationResult(noise, picture, np.zeros(8, np.float32), {"decoder": 0.5}, str(self.device)))


@pytest.fixture(autouse=True)
def closed_log():
    yield
    log.stop()


@pytest.fixture
def drawn(monkeypatch):
    monkeypatch.setattr(engine_module, "Engine", DrawnEngine)


def _run(*arguments: str, **kwargs) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kandinsky_studio", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **kwargs)


COMMANDS = ("generate", "remix", "inpaint", "outpaint", "mix", "depth", "embed", "explain", "train")


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], *([command, "--help"] for command in COMMANDS)])
def test_answers_that_need_nothing_heavy(arguments):
    heavy = {"torch", "PySide6", "diffusers", "transformers", "numpy", "PIL"}
    script = (
        "import sys\nfrom kandinsky_studio.cli import main\n"
        f"code = main({arguments!r})\nprint(code, sorted({heavy!r} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("0 []\n")
    assert (__version__ if arguments == ["--version"] else "usage: kandinsky-studio") in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nonsense"], 2, "invalid choice"),
        (["generate"], 2, "There is no prompt yet. Describe"),
        (["generate", "  "], 2, "There is no prompt yet."),
        (["generate", "x" * 5000], 2, "5000 characters"),
        (["generate", PROMPT, "--width", "7"], 2, "7 × 128 pixels"),
        (["generate", PROMPT, "--width", "wide"], 2, "invalid int value"),
        (["generate", PROMPT, "--num-inference-steps", "0"], 2, "--num-inference-steps can't be 0. Choose"),
        (["generate", PROMPT, "--guidance-scale", "nan"], 2, "--guidance-scale can't be nan"),
        (["generate", PROMPT, "--seed", "-1"], 2, "seed can't be -1"),
        (["generate", PROMPT, "--model", "nobody"], 2, "no model called “nobody”"),
        (["generate", PROMPT, "--scheduler", "nobody"], 2, "no scheduler called “nobody”. Choose one of dpmpp_2m"),
        (["generate", PROMPT, "-o", "circle.gif"], 2, "must end in .png"),
        (["generate", PROMPT, "-o", "circle"], 2, "must end in .png"),
        (["generate", PROMPT, "-o", "/proc/none/circle.png"], 1, "Nothing can be written to /proc/none. Choose"),
        (["generate", "--from", "none.png"], 2, "none.png was not found"),
        (["generate", "--from", "foreign.png"], 2, "foreign.png does not say how it was made. Choose"),
    ],
)
def test_mistakes_are_told_in_a_sentence(arguments, code, said, tmp_path, monkeypatch, capsys, drawn):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("foreign.png")
    assert cli.main(arguments) == code
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_without_a_file_pictures_go_to_the_library(capsys, drawn):
    assert cli.main(["generate", PROMPT, "--num-images-per-prompt", "2"]) == 0
    told = [Path(line) for line in capsys.readouterr().out.splitlines()]
    library = Library(paths.library())
    entries = library.entries()
    library.close()
    assert [entry.path for entry in reversed(entries)] == told
    assert all(entry.request.prompt == PROMPT for entry in entries)
    assert entries[0].request.seed == (entries[1].request.seed + 1) % 2**32


def test_the_library_is_refused_before_the_work(home, capsys, monkeypatch):
    def too_late(*_: object) -> None:
        pytest.fail("the engine was asked although nothing can be kept")

    monkeypatch.setattr(engine_module, "Engine", too_late)
    home.write_text("in the way")
    assert cli.main(["generate", PROMPT]) == 1
    assert "Nothing can be written" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_is_written_where_it_was_asked_for(tmp_path, capsys, drawn, suffix):
    file = tmp_path / "new" / f"круг{suffix}"
    assert cli.main(["generate", "круг", "-o", str(file), "--seed", "7", "--prior-seed", "8"]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{file}\n"
    assert "--prior-seed 8 --seed 7" in captured.err
    assert (read_request(file).prompt, read_request(file).seed) == ("круг", 7)
    assert list(file.parent.iterdir()) == [file]
    assert not paths.library().exists()


def test_several_files_are_numbered(tmp_path, capsys, drawn):
    assert cli.main(["generate", PROMPT, "-o", str(tmp_path / "a.png"), "--num-images-per-prompt", "10"]) == 0
    assert sorted(path.name for path in tmp_path.glob("*.png")) == [f"a-{number:02}.png" for number in range(1, 11)]
    assert len(capsys.readouterr().out.splitlines()) == 10


def test_a_picture_is_repeated_bit_for_bit_unless_something_is_changed(tmp_path, drawn):
    first, again, other = (tmp_path / name for name in ("a.png", "b.png", "c.png"))
    assert cli.main(["generate", PROMPT, "-o", str(first), "--negative-prompt", "text", "--width", "192"]) == 0
    assert cli.main(["generate", "--from", str(first), "-o", str(again)]) == 0
    assert read_request(again) == read_request(first)
    assert np.array_equal(read_pixels(again), read_pixels(first))
    assert cli.main(["generate", "--from", str(first), "-o", str(other), "--num-inference-steps", "5"]) == 0
    assert read_request(other).num_inference_steps == 5
    assert read_request(other).seed == read_request(first).seed
    assert not np.array_equal(read_pixels(other), read_pixels(first))


def test_one_of_several_is_repeated_alone(tmp_path, drawn):
    arguments = ["generate", PROMPT, "-o", str(tmp_path / "a.png"), "--num-images-per-prompt", "3"]
    assert cli.main(arguments) == 0
    assert cli.main(["generate", "--from", str(tmp_path / "a-2.png"), "-o", str(tmp_path / "b.png")]) == 0
    assert np.array_equal(read_pixels(tmp_path / "b.png"), read_pixels(tmp_path / "a-2.png"))


def test_every_value_of_a_request_can_be_given():
    given = {
        "negative_prompt": "text",
        "width": 192,
        "height": 64,
        "num_inference_steps": 7,
        "guidance_scale": 3.5,
        "prior_num_inference_steps": 9,
        "prior_guidance_scale": 2.5,
        "scheduler": "ddpm",
        "prior_seed": 11,
        "seed": 12,
        "num_images_per_prompt": 2,
        "model": "builtin",
    }
    flags = [text for name, value in given.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    [request] = asking.asked_for(cli._parsed(["generate", PROMPT, *flags]))
    assert request == GenerationRequest(PROMPT, **given)


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.key)
def test_what_is_not_given_is_the_models_own_and_can_be_done(spec):
    arguments = cli._parsed(["generate", PROMPT, "--model", spec.key])
    [request] = asking.asked_for(arguments)
    check(request, spec)
    assert (request.width, request.num_inference_steps) == (spec.native_size, spec.num_inference_steps.default)
    assert asking.asked_for(arguments)[0].seed != request.seed


def test_the_folder_of_a_model_is_kept_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "mine").mkdir(parents=True)
    save_png(tmp_path / "a.png", GenerationResult(np.zeros((8, 8, 3), np.uint8), GenerationRequest("a"), np.zeros(8)))
    arguments = cli._parsed(["generate", "--from", "a.png", "--model", "models/mine"])
    assert asking.asked_for(arguments)[0].model == str(tmp_path / "models" / "mine")


def test_json_tells_progress_and_results(tmp_path, capsys, drawn):
    assert cli.main(["generate", PROMPT, "-o", str(tmp_path / "a.png"), "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["progress", "result"]
    assert events[0]["fraction"] == 0.5
    assert events[0]["stage"] == "decoder"
    assert events[1]["file"] == str(tmp_path / "a.png")
    assert GenerationRequest.from_json(events[1]["request"]) == read_request(tmp_path / "a.png")


def test_progress_tells_the_time_left(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    report = Report()
    report.progress(Progress(Stage.loading, 1, 3, 0, 1, 0.1))
    report.progress(Progress(Stage.decoder, 4, 20, 1, 3, 0.45, 150.0))
    report.end()
    written = capsys.readouterr().err
    assert " 10%  loading the model" in written
    assert " 45%  picture 2 of 3, drawing, 2 min left" in written
    assert re.search(r"\r +\r$", written)


def test_a_failure_of_the_engine_ends_with_one(monkeypatch, tmp_path, capsys):
    class Full(DrawnEngine):
        def generate(self, request, **_):
            raise OutOfMemory(device="cpu")

    monkeypatch.setattr(engine_module, "Engine", Full)
    assert cli.main(["generate", PROMPT, "-o", str(tmp_path / "a.png")]) == 1
    assert "not enough memory on cpu for this picture. Choose a smaller size" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()


def test_what_nobody_foresaw_goes_to_the_log(monkeypatch, tmp_path, capsys):
    class Odd(DrawnEngine):
        def generate(self, request, **_):
            raise ZeroDivisionError(f"odd: {request.prompt} in {Path.home()}")

    monkeypatch.setattr(engine_module, "Engine", Odd)
    assert cli.main(["generate", "a secret prompt", "-o", str(tmp_path / "a.png")]) == 1
    captured = capsys.readouterr()
    assert str(log.file()) in captured.err
    assert "Traceback" not in captured.err
    written = log.file().read_text(encoding="utf-8")
    assert "in generate\nZeroDivisionError\n" in written
    assert "secret" not in written
    assert str(Path.home()) not in written


def test_what_fails_in_the_self_test_is_logged_without_its_words(monkeypatch, capsys):
    def odd(device):
        raise OSError(errno.ENOENT, "No such file", str(Path.home() / "a secret.png"))

    monkeypatch.setattr("kandinsky_studio.selftest.check_picture", odd)
    assert cli.main(["self-test"]) == 1
    written = log.file().read_text(encoding="utf-8")
    assert "self-test: picture" in written
    assert "FileNotFoundError: [Errno 2] ENOENT\n" in written
    assert "secret" not in written
    assert str(Path.home()) not in written


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl+C to the whole console")
def test_an_interrupt_ends_with_130_and_keeps_what_is_finished(tmp_path):
    script = (
        "import signal, sys, time\n"
        # Whoever runs the tests in the background of a shell has it ignored, and children inherit that.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_cli import DrawnEngine\n"
        "from kandinsky_studio import cli\n"
        "from kandinsky_studio.engine import engine\n"
        "class Slow(DrawnEngine):\n"
        "    def generate(self, request, **callbacks):\n"
        "        super().generate(request, **callbacks)\n"
        "        time.sleep(60)\n"
        "engine.Engine = Slow\n"
        "sys.exit(cli.main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", script, "generate", PROMPT, "-o", str(tmp_path / "a.png")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == f"{tmp_path / 'a.png'}\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.endswith("kandinsky-studio: Interrupted.\n")
    assert read_request(tmp_path / "a.png").prompt == PROMPT


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_without_a_display_the_window_says_so():
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    done = _run(env={name: value for name, value in os.environ.items() if name not in hidden})
    assert done.returncode == 1
    assert "There is no display" in done.stderr


def test_models_are_listed_with_their_places(capsys):
    assert cli.main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [spec.key for spec in MODELS]
    assert "not here; looked in" in lines[1]


def test_a_terminal_that_lacks_letters_does_not_end_the_program(tmp_path, make_png):
    done = _run("generate", "--from", str(make_png(tmp_path / "круг.png")), "--width", "1", env=_ascii_terminal())
    assert done.returncode == 2
    assert "? 128 pixels" in done.stderr


@pytest.fixture
def make_png():
    def make(path: Path) -> Path:
        request = GenerationRequest(PROMPT)
        save_png(path, GenerationResult(np.zeros((128, 128, 3), np.uint8), request, np.zeros(8, np.float32)))
        return path

    return make


def _ascii_terminal() -> dict[str, str]:
    return {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}


def test_the_parser_knows_the_lists_of_the_rooms_below():
    for suffix in FORMATS:
        assert options.picture_file(f"a{suffix}").suffix == suffix
    with pytest.raises(argparse.ArgumentTypeError):
        options.picture_file("a.bmp")
    assert tuple(FORMATS) == options.SUFFIXES
    assert options.FILLS == FILLS
