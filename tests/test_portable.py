"""A program on a memory stick takes its settings, library and models along, wherever the stick turns up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kandinsky_studio import paths
from kandinsky_studio.paths import HOME_VARIABLE, PORTABLE

PLACES = (paths.config, paths.data, paths.cache, paths.state)


@pytest.fixture(autouse=True)
def fresh():
    paths._takes_files.cache_clear()
    yield
    paths._takes_files.cache_clear()


@pytest.fixture
def freeze(tmp_path, monkeypatch):
    """Be the program frozen in a folder, without ``KANDINSKY_STUDIO_HOME``; returns that folder."""
    monkeypatch.delenv(HOME_VARIABLE)
    for name in ("APPIMAGE", "APPDIR"):
        monkeypatch.delenv(name, raising=False)

    def at(folder):
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(sys, "frozen", True, raising=False)
        monkeypatch.setattr(sys, "executable", str(folder / "kandinsky-studio"))
        return folder

    return at


def test_a_folder_beside_the_program_makes_it_portable(freeze, tmp_path):
    program = freeze(tmp_path / "Флешка № 1" / "Kandinsky Studio")
    assert paths.portable() is None
    assert not any(place().is_relative_to(program) for place in PLACES)
    (program / PORTABLE).mkdir()
    assert paths.portable() == paths.home() == program / PORTABLE
    assert [place() for place in PLACES] == [program / PORTABLE / name for name in ("config", "data", "cache", "state")]
    assert paths.library().is_relative_to(program)
    assert paths.runtimes().is_relative_to(program)
    assert paths.portable_refused() is None
    assert list((program / PORTABLE).iterdir()) == [], "nothing is left of trying"


def test_the_variable_still_wins(freeze, tmp_path, monkeypatch):
    program = freeze(tmp_path / "program")
    (program / PORTABLE).mkdir()
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "elsewhere"))
    assert paths.data() == tmp_path / "elsewhere" / "data"
    assert paths.portable() is paths.portable_refused() is None


def test_a_file_of_that_name_is_nothing(freeze, tmp_path):
    program = freeze(tmp_path / "program")
    (program / PORTABLE).write_text("")
    assert paths.portable() is paths.portable_refused() is None


def test_from_source_only_the_variable_counts(tmp_path, monkeypatch):
    monkeypatch.delenv(HOME_VARIABLE)
    beside = tmp_path / "python"
    (beside / PORTABLE).mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", str(beside / "python3"))
    assert paths.program() is paths.portable() is paths.home() is None


def test_a_folder_that_takes_nothing_is_told_and_not_used(freeze, tmp_path, monkeypatch):
    program = freeze(tmp_path / "program")
    (program / PORTABLE).mkdir()
    real = Path.touch

    def touch(path, *arguments, **values):
        if path.parent == program / PORTABLE:
            raise PermissionError(13, "Permission denied")
        real(path, *arguments, **values)

    monkeypatch.setattr(Path, "touch", touch)
    assert paths.portable() is None
    assert paths.portable_refused() == program / PORTABLE
    assert not paths.data().is_relative_to(program)


def test_an_appimage_is_portable_beside_its_file(freeze, tmp_path, monkeypatch):
    mounted = tmp_path / ".mount_Kandin"
    freeze(mounted / "usr" / "lib" / "kandinsky-studio")
    stick = tmp_path / "stick"
    (stick / PORTABLE).mkdir(parents=True)
    monkeypatch.setenv("APPIMAGE", str(stick / "Kandinsky_Studio.AppImage"))
    monkeypatch.setenv("APPDIR", str(mounted))
    assert paths.portable() == stick / PORTABLE
    monkeypatch.setenv("APPDIR", str(tmp_path / ".mount_Another"))
    assert paths.portable() is None, "the variables are of the program that started this one"


# ---------------------------------------------------------------------- models on the stick


@pytest.mark.parametrize("inside", ["portable/weights", "Модели", "../models beside the program"])
def test_models_are_found_again_at_another_place(freeze, tmp_path, inside):
    first = freeze(tmp_path / "E" / "Kandinsky Studio")
    (first / PORTABLE).mkdir()
    folder = (first / inside).resolve()
    folder.mkdir(parents=True)
    paths.keep_models_in(folder)
    assert paths.models() == folder
    shutil.move(tmp_path / "E", tmp_path / "media")
    second = freeze(tmp_path / "media" / "Kandinsky Studio")
    assert paths.models() == (second / inside).resolve()
    assert paths.models().is_dir()


def test_models_on_another_disk_stay_there(freeze, tmp_path, monkeypatch):
    program = freeze(tmp_path / "stick")
    (program / PORTABLE).mkdir()
    monkeypatch.setattr(paths, "_on_one_disk", lambda a, b: False)
    paths.keep_models_in(tmp_path / "large disk")
    assert paths.models() == tmp_path / "large disk"
    assert (paths.config() / "models-folder").read_text() == f"{tmp_path / 'large disk'}\n"


def test_models_of_a_program_that_is_not_portable_have_a_whole_path(tmp_path, monkeypatch):
    monkeypatch.delenv(HOME_VARIABLE)
    monkeypatch.setattr(paths, "config", lambda: tmp_path / "config")
    paths.keep_models_in(tmp_path / "models")
    assert (tmp_path / "config" / "models-folder").read_text() == f"{tmp_path / 'models'}\n"
    assert paths.models() == tmp_path / "models"


@pytest.mark.parametrize("content", ["", "\n", "\0", "models", "../../.."])
def test_a_damaged_file_leaves_the_ordinary_place_or_one_below_the_same_disk(tmp_path, monkeypatch, content):
    monkeypatch.delenv(HOME_VARIABLE)
    monkeypatch.setattr(paths, "config", lambda: tmp_path / "config")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "models-folder").write_text(content)
    assert paths.models() == paths.data() / "models"


# ---------------------------------------------------------------------- what is typed


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("/tmp/a.png", "/tmp/a.png"),
        ("/tmp/x/../a.png", "/tmp/a.png"),
        ("file:///tmp/%D0%BA%D0%BE%D1%82%20100%25.ora", "/tmp/кот 100%.ora"),
        ("FILE:///tmp/a.png", "/tmp/a.png"),
        ("file://localhost/tmp/a.png", "/tmp/a.png"),
        ("/tmp/100%25.png", "/tmp/100%25.png"),
        ("/tmp/a#b?c.png", "/tmp/a#b?c.png"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="paths of Windows have letters")
def test_paths_and_addresses_of_files(typed, path):
    assert paths.of_argument(typed) == Path(path)


def test_what_is_typed_counts_from_the_folder_one_is_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert paths.of_argument("Мой кот.png") == tmp_path / "Мой кот.png"


# ---------------------------------------------------------------------- told


def test_the_window_says_that_the_folder_takes_nothing(home, tmp_path):
    """As a program of its own, which thinks that it is frozen."""
    program = tmp_path / "program"
    (program / PORTABLE).mkdir(parents=True)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from kandinsky_studio import paths\n"
        "from kandinsky_studio.app.messages import Messages\n"
        f"paths.portable_refused = lambda: Path({str(program / PORTABLE)!r})\n"
        "Messages.error = lambda self, error, *rest, **more: print(type(error).__name__, error, flush=True)\n"
        "from kandinsky_studio.app.studio import Studio\n"
        "Studio.start = lambda self: None\n"
        "from kandinsky_studio.ui.main import run\n"
        "sys.exit(run(['kandinsky-studio']))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert line.startswith(f"PortableNotWritable Nothing can be written to {program / PORTABLE}")
