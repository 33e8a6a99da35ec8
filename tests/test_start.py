"""start.py sets up once, goes on after an interruption, and says what is missing."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


class Machine:
    """Stands in for every program that start.py calls: keeps the calls, and makes what they would make."""

    def __init__(self, start):
        self.start = start
        self.calls = []
        self.failing = ()
        self.lacking = []
        self.killed = False

    def call(self, command, **_):
        words = [str(word) for word in command]
        self.calls.append(words)
        if any(word in words for word in self.failing):
            return 1
        if words[1:3] == ["-m", "venv"]:
            self.start.PYTHON.parent.mkdir(parents=True, exist_ok=True)
            self.start.PYTHON.touch()
            self.start.UNFINISHED.unlink(missing_ok=True)
        if "--editable" in words and self.killed:
            raise KeyboardInterrupt
        if "install" in words and words[0] == "apt-get":
            self.lacking = []
        return 0

    def run(self, command, **_):
        words = [str(word) for word in command]
        output = ""
        if "import sys, pip" in words[-1]:
            output = " ".join(map(str, sys.version_info[:2]))
        elif "PySide6" in words[-1]:
            output = "/qt"
        elif words[0] == "ldd":
            output = "libc.so.6 => /lib/libc.so.6\n" + "".join(f"\t{name} => not found\n" for name in self.lacking)
        return subprocess.CompletedProcess(words, 0, output, "")

    def made(self, *words):
        return [call for call in self.calls if all(word in call for word in words)]


@pytest.fixture
def start(tmp_path, monkeypatch):
    specification = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "kandinsky-studio.json")
    monkeypatch.setattr(module, "UNFINISHED", tmp_path / ".venv" / "unfinished")
    monkeypatch.setattr(module, "SCREENLESS_FOLDER", tmp_path / "kandinsky-pictures")
    monkeypatch.setattr(module, "is_root", lambda: False)
    monkeypatch.setattr(module, "start", lambda arguments: ("started", arguments))
    monkeypatch.setattr(module, "FONT_FOLDERS", (str(tmp_path / "fonts"),))
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "a.ttf").touch()
    (tmp_path / "pyproject.toml").write_text("[project]")
    (tmp_path / "constraints.txt").write_text("a==1")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return module


@pytest.fixture
def machine(start, monkeypatch):
    machine = Machine(start)
    monkeypatch.setattr(subprocess, "call", machine.call)
    monkeypatch.setattr(subprocess, "run", machine.run)
    monkeypatch.setattr(start.shutil, "which", lambda name: f"/usr/bin/{name}" if name in ("ldd", "apt-get") else None)
    return machine


def test_the_first_start_sets_up_and_the_second_does_not(start, machine):
    assert start.main(["generate", "a"]) == ("started", ["generate", "a"])
    assert len(machine.made("venv")) == 1
    (install,) = machine.made("--editable")
    assert install[install.index("--constraint") + 1] == str(start.ROOT / "constraints.txt")
    assert install[-1] == str(start.ROOT)
    machine.calls.clear()
    assert start.main(["models"]) == ("started", ["models"])
    assert machine.calls == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_another_project_file_brings_the_environment_up_to_date(start, machine, name):
    start.main(["models"])
    (start.ROOT / name).write_text("other")
    machine.calls.clear()
    start.main(["models"])
    assert len(machine.made("--editable")) == 1
    assert machine.made("venv") == []


def test_a_kill_while_installing_begins_anew(start, machine):
    machine.killed = True
    with pytest.raises(KeyboardInterrupt):
        start.main(["models"])
    assert start.UNFINISHED.exists()
    machine.killed = False
    machine.calls.clear()
    assert start.main(["models"]) == ("started", ["models"])
    (venv,) = machine.made("venv")
    assert "--clear" in venv
    assert len(machine.made("--editable")) == 1
    assert not start.UNFINISHED.exists()


def test_a_failure_is_said_and_tried_again(start, machine, capsys):
    machine.failing = ("--editable",)
    assert start.main(["models"]) == 1
    assert "did not work" in capsys.readouterr().out
    machine.failing = ()
    assert start.main(["models"]) == ("started", ["models"])


def test_a_damaged_stamp_is_no_stamp(start, machine):
    start.main(["models"])
    start.STAMP.write_text("{")
    machine.calls.clear()
    start.main(["models"])
    assert len(machine.made("--editable")) == 1
    assert json.loads(start.STAMP.read_text())["extras"] == []


def test_the_tests_add_their_tools_and_keep_them(start, machine):
    start.main(["models"])
    assert start.main(["test", "-k", "library"]) == 0
    assert machine.made("--editable")[-1][-1] == f"{start.ROOT}[test]"
    assert [call[2] for call in machine.calls[-4:]] == ["ruff", "ruff", "mypy", "pytest"]
    assert machine.calls[-1][3:] == ["-k", "library"]
    assert start.main(["test"]) == 0
    assert machine.calls[-1][3:] == ["--numprocesses=2", "--dist=loadfile"]
    (start.ROOT / "constraints.txt").write_text("a==2")
    start.main(["models"])
    assert machine.made("--editable")[-1][-1] == f"{start.ROOT}[test]"


@pytest.mark.parametrize("tool", ["check", "--check", "mypy", "pytest"])
def test_one_failing_tool_fails_the_gate_and_stops_none(start, machine, tool, capsys):
    machine.failing = (tool,)
    assert start.main(["test"]) == 1
    assert len(machine.calls) >= 6
    assert "Not passed: " in capsys.readouterr().out


@pytest.mark.parametrize("version", [(3, 10, 9), (3, 14, 0)])
def test_another_python_is_named(start, machine, monkeypatch, capsys, version):
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr(start.shutil, "which", lambda name: name if name == "python3.12" else None)
    assert start.main([]) == 1
    said = capsys.readouterr().out
    assert "needs Python 3.11, 3.12 or 3.13" in said
    assert "python3.12 start.py" in said
    assert machine.calls == []


def test_debians_missing_venv_is_named(start, machine, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert start.main(["models"]) == 1
    package = f"python3.{sys.version_info[1]}-venv"
    assert f"sudo apt-get install {package}" in capsys.readouterr().out
    monkeypatch.setattr(start, "is_root", lambda: True)
    assert start.main(["models"]) == ("started", ["models"])
    assert machine.made("apt-get", "install", package)


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Qt brings all it needs elsewhere")


@linux
def test_missing_libraries_are_named_with_their_line(start, machine, capsys):
    machine.lacking = ["libxcb-cursor.so.0", "libEGL.so.1", "libnever-heard-of.so.7"]
    assert start.main([]) == 1
    line = "sudo apt-get install libegl1 libnever-heard-of.so.7 libxcb-cursor0"
    assert line in capsys.readouterr().out
    assert start.main(["generate", "a"]) == ("started", ["generate", "a"])
    assert start.main(["test"]) == 1
    assert line in capsys.readouterr().out


@linux
def test_missing_fonts_are_missed(start, machine, capsys):
    (start.ROOT / "fonts" / "a.ttf").unlink()
    assert start.main([]) == 1
    assert "fonts-dejavu-core" in capsys.readouterr().out


@linux
def test_root_gets_the_libraries_installed(start, machine, monkeypatch):
    machine.lacking = ["libxcb-cursor.so.0"]
    monkeypatch.setattr(start, "is_root", lambda: True)
    assert start.main([]) == ("started", [])
    (install,) = machine.made("apt-get", "install")
    assert install[-1] == "libxcb-cursor0"


@linux
def test_fedora_has_other_names(start, machine, monkeypatch, capsys):
    machine.lacking = ["libxcb-cursor.so.0", "libEGL.so.1"]
    monkeypatch.setattr(start.shutil, "which", lambda name: name if name in ("ldd", "dnf") else None)
    assert start.main([]) == 1
    assert "sudo dnf install libglvnd-egl xcb-util-cursor" in capsys.readouterr().out


@linux
@pytest.mark.parametrize("platform", ["", "offscreen"])
def test_without_a_display_there_are_two_pictures(start, machine, monkeypatch, capsys, platform):
    monkeypatch.delenv("DISPLAY")
    monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    assert start.main([]) == 0
    generate, screenshot = machine.calls[-2:]
    picture, window = (str(start.ROOT / "kandinsky-pictures" / name) for name in ("picture.png", "window.png"))
    assert generate[3:] == ["generate", "a red circle on a blue background", *start.SCREENLESS_SEEDS, "-o", picture]
    assert screenshot[3:] == ["screenshot", window, "--picture", picture]
    said = capsys.readouterr().out
    assert "There is no display" in said
    assert picture in said
    assert window in said


@linux
def test_without_display_and_libraries_there_is_one_picture(start, machine, monkeypatch, capsys):
    monkeypatch.delenv("DISPLAY")
    machine.lacking = ["libEGL.so.1"]
    assert start.main([]) == 1
    assert machine.calls[-1][3] == "generate"
    said = capsys.readouterr().out
    assert "sudo apt-get install libegl1" in said
    assert str(start.ROOT / "kandinsky-pictures" / "picture.png") in said


@linux
def test_a_picture_that_fails_is_not_announced(start, machine, monkeypatch, capsys):
    monkeypatch.delenv("DISPLAY")
    machine.failing = ("generate",)
    assert start.main([]) == 1
    assert "picture.png" not in capsys.readouterr().out


@linux
def test_wayland_is_a_display(start, machine, monkeypatch):
    monkeypatch.delenv("DISPLAY")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert start.main([]) == ("started", [])


@linux
def test_the_libraries_of_this_qt_are_known(start):
    import PySide6

    place = Path(PySide6.__path__[0])
    files = [place / name for name in start.QT_FILES]
    assert all(file.exists() for file in files)
    listed = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True, check=True).stdout
    outside = {
        line.split()[0]
        for line in listed.splitlines()
        if " => /" in line and str(place.parent) not in line.split(" => ")[1]
    }
    qt = {name for name in outside if name.startswith(("libxcb", "libX", "libxkb", "libEGL", "libGL", "libfont"))}
    indirect = {"libXau.so.6", "libXdmcp.so.6", "libGLdispatch.so.0"}  # which those of the list bring along
    assert len(qt) > 10
    assert qt - indirect <= start.LIBRARIES.keys()


def test_two_starts_wait_for_each_other(tmp_path):
    script = (
        "import importlib.util, sys, time\n"
        f"s = importlib.util.spec_from_file_location('start', {str(ROOT / 'start.py')!r})\n"
        "m = importlib.util.module_from_spec(s); s.loader.exec_module(m)\n"
        "with m.only_one():\n"
        "    print('in', flush=True); time.sleep(0.3); print('out', flush=True)\n"
    )
    output = tmp_path / "output"
    environment = {**os.environ, "TMPDIR": str(tmp_path), "TEMP": str(tmp_path)}
    with output.open("a") as file:
        both = [subprocess.Popen([sys.executable, "-c", script], stdout=file, env=environment) for _ in range(2)]
        assert [process.wait(timeout=30) for process in both] == [0, 0]
    assert output.read_text().split() == ["in", "out"] * 2
