"""The self-test tells right from wrong, both in the picture and in what it prints."""

import importlib.util
import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from kandinsky_studio import cli, errors, log, paths, selftest
from kandinsky_studio.engine import engine as engine_module
from kandinsky_studio.engine.request import GenerationResult
from kandinsky_studio.errors import FolderNotWritable
from kandinsky_studio.runtime import Attached

CHECKS = ("imports", "runtime", "folders", "resources", "translations", "icons", "window", "graphics", "picture")
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


@pytest.fixture
def all_fine(monkeypatch):
    for name in CHECKS:
        monkeypatch.setattr(selftest, f"check_{name}", _say(f"{name} are fine"))


def test_the_table_and_the_exit_code(all_fine, capsys):
    assert cli.main(["self-test"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "everything works"
    assert [line.split()[:2] for line in lines[1:-1]] == [[name, "ok"] for name in CHECKS]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (selftest.NotRight("one colour"), "one colour"),
        (FolderNotWritable(folder="/x"), "Nothing can be written to /x. Choose another folder"),
        (ImportError("no Qt here\nat all"), "ImportError: no Qt here at all"),
    ],
)
def test_one_failure_does_not_hide_the_others(all_fine, monkeypatch, capsys, error, said):
    monkeypatch.setattr(selftest, "check_window", _fail(error))
    assert cli.main(["self-test"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "failed: window"
    place = CHECKS.index("window") + 1
    assert lines[place].split()[:2] == ["window", "FAILED"]
    assert said in lines[place]
    assert lines[place + 1].split()[:2] == ["graphics", "ok"]


def test_machines_get_a_line_for_each_check(all_fine, monkeypatch, capsys):
    monkeypatch.setattr(selftest, "check_icons", _fail(selftest.NotRight("a blank one")))
    assert cli.main(["self-test", "--json"]) == 1
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["self-test", *["check"] * len(CHECKS), "done"]
    assert {event["name"]: event["ok"] for event in events[1:-1]} == {name: name != "icons" for name in CHECKS}
    assert events[-1] == {"event": "done", "ok": False, "failed": ["icons"]}


def test_a_report_names_no_folder(all_fine, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(selftest, "check_folders", _say(f"library in {paths.library()}"))
    file = tmp_path / "report.txt"
    assert cli.main(["self-test", "--report", str(file)]) == 0
    assert str(paths.library()) in capsys.readouterr().out
    told = file.read_text(encoding="utf-8")
    assert "library in (library)\n" in told
    assert str(tmp_path) not in told


def test_a_program_without_an_output_writes_its_report(all_fine, monkeypatch, tmp_path):
    """The window's program on Windows has none."""
    monkeypatch.setattr("sys.stdout", None)
    assert selftest.run(file=tmp_path / "report.txt") == 0
    assert (tmp_path / "report.txt").read_text(encoding="utf-8").endswith("everything works\n")


def test_without_torch_that_is_said_and_the_rest_is_looked_at(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find(name))
    for check in (selftest.check_runtime, selftest.check_graphics, lambda: selftest.check_picture(None)):
        with pytest.raises(selftest.NotRight, match="torch is not there"):
            check()
    assert selftest.check_resources()


def test_a_pack_that_was_refused_is_told(monkeypatch):
    refused = Attached(None, errors.NoRuntime())
    monkeypatch.setattr(selftest, "attached", lambda: refused)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(selftest.NotRight) as caught:
        selftest.check_runtime()
    assert str(errors.NoRuntime()) in str(caught.value)


def test_graphics_says_none_plainly(monkeypatch):
    monkeypatch.setattr("kandinsky_studio.engine.memory._keys", lambda: ["cpu"])
    assert selftest.check_graphics().startswith("none; pictures are made on the processor")


def test_every_language_and_every_icon(qapp):
    assert "Русский: “О программе" in selftest.check_translations()
    assert "others" in selftest.check_icons()


def test_a_translation_that_does_not_load_is_found(qapp, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "resources", lambda: tmp_path)
    with pytest.raises(selftest.NotRight, match="Русский"):
        selftest.check_translations()


def test_an_empty_icon_is_found(qapp, tmp_path, monkeypatch):
    drawn = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0H9V9H0z" fill="#abc"/></svg>'
    (tmp_path / "icons").mkdir()
    (tmp_path / "icons" / "kandinsky-studio.svg").write_text(drawn)
    (tmp_path / "icons" / "brush.svg").write_text(drawn)
    (tmp_path / "icons" / "hollow.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>')
    monkeypatch.setattr(paths, "resources", lambda: tmp_path)
    with pytest.raises(selftest.NotRight, match=r"empty: hollow$"):
        selftest.check_icons()
    (tmp_path / "icons" / "hollow.svg").replace(tmp_path / "icons" / "kandinsky-studio.svg")
    with pytest.raises(selftest.NotRight, match="icon of the program"):
        selftest.check_icons()
