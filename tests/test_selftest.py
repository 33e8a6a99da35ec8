"""The self-test tells right from wrong, both in the picture and in what it prints."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from kandinsky_studio import cli, log, paths, selftest
from kandinsky_studio.engine import engine as engine_module
from kandinsky_studio.engine.request import GenerationResult
from kandinsky_studio.errors import FolderNotWritable

RED, BLUE, GREEN = (200, 30, 40), (20, 40, 190), (30, 170, 60)


@pytest.fixture(autouse=True)
def closed_log():
    yield
    log.stop()


def _drawn(background, shape, centre=(64, 64), radius=30):
    image = Image.new("RGB", (128, 128), background)
    x, y = centre
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=shape)
    noise = np.random.default_rng(3).normal(0, 12, (128, 128, 3))
    return np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "picture", [_drawn(BLUE, RED), _drawn(BLUE, RED, (40, 85), 20), _drawn(BLUE, RED, (64, 64), 14)]
)
def test_a_red_circle_on_blue_is_right(picture):
    assert selftest.shows_red_on_blue(picture)


@pytest.mark.parametrize(
    "picture",
    [
        _drawn(RED, BLUE),
        _drawn(BLUE, GREEN),
        _drawn(GREEN, RED),
        _drawn(BLUE, BLUE),
        _drawn((128, 128, 128), RED),
        np.random.default_rng(1).integers(0, 256, (128, 128, 3), dtype=np.uint8),
        np.zeros((128, 128, 3), np.uint8),
    ],
    ids=["exchanged", "green circle", "green ground", "no circle", "grey ground", "noise", "black"],
)
def test_anything_else_is_wrong(picture):
    assert not selftest.shows_red_on_blue(picture)


def _engine(pictures):
    class Engine:
        def __init__(self, device=None):
            self.device = device

        def generate(self, request):
            image = pictures[min(request.seed, len(pictures) - 1)]
            return [GenerationResult(image, request, np.zeros(4, np.float32), {"decoder": 1.0}, self.device or "cpu")]

    return Engine


def test_one_bad_picture_is_forgiven_but_not_three(monkeypatch):
    monkeypatch.setattr(engine_module, "Engine", _engine([_drawn(GREEN, RED), _drawn(BLUE, RED)]))
    assert "attempt 2" in selftest.check_picture(None)
    monkeypatch.setattr(engine_module, "Engine", _engine([_drawn(GREEN, RED)]))
    with pytest.raises(selftest.NotRight, match="3 attempts"):
        selftest.check_picture(None)


def test_folders(home):
    selftest.check_folders()
    assert paths.library().is_dir()
    assert not list(home.rglob("*.writable"))


def test_a_folder_that_can_not_be_written_is_found(home):
    home.write_text("in the way")
    with pytest.raises(FolderNotWritable):
        selftest.check_folders()


def test_missing_resources_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "resources", lambda: tmp_path)
    with pytest.raises(selftest.NotRight, match=r"icons.*i18n.*builtin"):
        selftest.check_resources()


def test_an_empty_window_is_found(monkeypatch):
    from kandinsky_studio.ui import main

    monkeypatch.setattr(main, "picture_of_window", lambda path, picture: Image.new("RGB", (900, 600)).save(path))
    with pytest.raises(selftest.NotRight, match="1 colours"):
        selftest.check_window()


def _say(text):
    return lambda *_: text


def _fail(error):
    def check(*_):
        raise error

    return check


def test_the_table_and_the_exit_code(monkeypatch, capsys):
    for name in ("imports", "folders", "resources", "window", "picture"):
        monkeypatch.setattr(selftest, f"check_{name}", _say(f"{name} are fine"))
    assert cli.main(["self-test"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "everything works"
    assert [line.split()[:2] for line in lines[1:-1]] == [
        [name, "ok"] for name in ("imports", "folders", "resources", "window", "picture")
    ]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (selftest.NotRight("one colour"), "one colour"),
        (FolderNotWritable(folder="/x"), "Nothing can be written to /x. Choose another folder"),
        (ImportError("no Qt here"), "ImportError: no Qt here"),
    ],
)
def test_one_failure_does_not_hide_the_others(monkeypatch, capsys, error, said):
    for name in ("imports", "folders", "resources", "picture"):
        monkeypatch.setattr(selftest, f"check_{name}", _say("fine"))
    monkeypatch.setattr(selftest, "check_window", _fail(error))
    assert cli.main(["self-test"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "failed: window"
    assert lines[4].startswith("window")
    assert "FAILED" in lines[4]
    assert said in lines[4]
    assert lines[5].startswith("picture    ok")
