"""What goes into the frozen program, and the check of what was collected."""

import ast
import io
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import build
import checking
import contents
import freezing
import looks
import program
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

from kandinsky_studio import __version__

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"


def imported_by_the_program():
    """The names of all modules that a statement anywhere in the program imports."""
    for path in (ROOT / "kandinsky_studio").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (name.name for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module


def test_the_specification_is_python():
    code = compile((PACKAGING / "kandinsky-studio.spec").read_text(encoding="utf-8"), "kandinsky-studio.spec", "exec")
    assert {"Analysis", "PYZ", "EXE", "COLLECT"} <= {
        *code.co_names,
        *(n for c in code.co_consts for n in getattr(c, "co_names", ())),
    }


def test_nothing_that_the_program_imports_stays_out():
    imported = {name for name in imported_by_the_program() if name.partition(".")[0] not in contents.IN_THE_PACK}
    assert {"kandinsky_studio.cli", "cv2", "diffusers.models.attention_processor"} <= imported
    unwanted = contents.excluded()
    assert [name for name in sorted(imported) if contents.is_below(name, unwanted)] == []


def test_hidden_imports_are_the_whole_program_and_standard_library():
    hidden = set(contents.hidden_imports())
    assert {f"kandinsky_studio.{name}" for name in ("cli", "ui.main", "engine.models.kandinsky_2_0")} <= hidden
    assert {"timeit", "unittest.mock", "xml.etree.ElementTree", "concurrent.futures.thread", "sqlite3"} <= hidden
    assert {
        "diffusers.pipelines.kandinsky2_2.pipeline_kandinsky2_2",
        "transformers.models.clip.modeling_clip",
    } <= hidden


def test_hidden_imports_leave_out_torch_terminals_and_foreign_models():
    tops = {name.partition(".")[0] for name in contents.hidden_imports()}
    assert not tops & {"torch", "sympy", "tkinter", "readline", "curses", "test", "idlelib", "distutils"}
    unwanted = contents.excluded()
    assert {"diffusers.pipelines.flux", "transformers.models.llama", "diffusers.pipelines.auto_pipeline"} <= unwanted
    assert "transformers.models.clip" not in unwanted


def test_resources_are_all_that_the_program_reads():
    there = {path.relative_to(ROOT).as_posix(): folder for path, folder in contents.resources()}
    assert there["resources/icons/kandinsky-studio.svg"] == "resources/icons"
    assert there["resources/builtin/vocabulary.json"] == "resources/builtin"
    assert not any(path.startswith("resources/screenshots") for path in there)


@pytest.mark.parametrize(
    "place",
    [
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/platforms/libqoffscreen.so",
        "PySide6/Qt/plugins/platforms/libqwayland.so",
        "PySide6/plugins/platforms/qwindows.dll",
        "PySide6/Qt/translations/qtbase_ru.qm",
        "PySide6/Qt/lib/libQt6OpenGL.so.6",
        "opencv_python_headless.libs/libdrm-b0291a67.so.2.4.0",
        "numpy.libs/libgfortran-040039e1.so.5.0.0",
        "libxcb-cursor.so.0",
        "libssl.so.3",
        "cv2/cv2.abi3.so",
        "numpy-2.4.6.dist-info/METADATA",
    ],
)
def test_kept(place):
    assert contents.wanted(place, linux=True)


@pytest.mark.parametrize(
    "place",
    [
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "PySide6/Qt/plugins/platforms/libqeglfs.so",
        "PySide6/plugins/platforms/qminimal.dll",
        "PySide6/Qt/translations/qtbase_de.qm",
        "PySide6/Qt/translations/qt_help_ru.qm",
        "PySide6/Qt/lib/libQt6Qml.so.6",
        "libQt6Quick.so.6",
        "torch-2.13.0.dist-info/METADATA",
        "kandinsky_studio-0.1.0.dist-info/direct_url.json",
        "libstdc++.so.6",
        "libX11.so.6",
        "libfontconfig.so.1",
        "libglib-2.0.so.0",
        "libgssapi_krb5.so.2",
        "libz.so.1",
        "libgtk-3.so.0",
        "libpangocairo-1.0.so.0",
        "libgdk_pixbuf-2.0.so.0",
        "libcudart.so",
    ],
)
def test_left_out(place):
    assert not contents.wanted(place, linux=True)


def test_nothing_of_windows_comes_from_the_system():
    assert contents.wanted("libz.so.1", linux=False)
    assert not contents.wanted("PySide6/opengl32sw.dll", linux=False)


@pytest.mark.parametrize("path", sorted((PACKAGING / "collected").glob("*.txt")), ids=lambda path: path.stem)
def test_an_expectation_is_sorted_and_has_the_program_and_nothing_forbidden(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines == sorted(set(lines))
    assert all(line.startswith(("file ", "module ")) for line in lines)
    assert {"module diffusers", "module PySide6", "module psd_tools", "module httpx2"} <= set(lines)
    for line in lines:
        kind, _, place = line.partition(" ")
        if kind == "file":
            assert not checking._FORBIDDEN.search(place.removeprefix("_internal/")), line
        else:
            assert not contents.is_below(place, contents.EXCLUDED), line


def test_there_is_an_expectation_for_linux_and_it_is_of_others_only():
    lines = checking.expectation("linux").read_text(encoding="utf-8").splitlines()
    assert {"file kandinsky-studio", "file _internal/cv2/cv2.so", "file _internal/python3/lib-dynload/_ssl.so"} <= set(
        lines
    )
    assert not [line for line in lines if "kandinsky_studio." in line or "/resources/" in line]


def test_differences_are_told_in_both_directions():
    difference = checking.compare(["file a", "file b"], ["file b", "file libcuda.so"])
    assert difference == checking.Difference(("file libcuda.so",), ("file a",))
    assert difference
    assert not checking.compare(["file a"], ["file a"])


@pytest.mark.parametrize(
    ("place", "plain"),
    [
        ("_internal/numpy-2.4.6.dist-info/METADATA", "_internal/numpy-*.dist-info/METADATA"),
        ("_internal/cv2/cv2.abi3.so", "_internal/cv2/cv2.so"),
        (
            "_internal/python3.11/lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so",
            "_internal/python3/lib-dynload/_ssl.so",
        ),
        ("_internal/x.libs/libaom-a0d22147.so.3.14.1", "_internal/x.libs/libaom-*.so.3"),
        ("_internal/numpy/core.cp311-win_amd64.pyd", "_internal/numpy/core.pyd"),
        ("_internal/python311.dll", "_internal/python3.dll"),
        ("_internal/libssl.so.3", "_internal/libssl.so.3"),
    ],
)
def test_versions_are_left_out_of_the_list(place, plain):
    assert checking._plain(place) == plain


def a_program(folder, **files):
    """A folder that looks like a frozen program with these files in it."""
    for place, content in {"kandinsky-studio": b"\x7fELF", **files}.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_a_clean_program_leaks_nothing(tmp_path):
    clean = {
        "_internal/libssl.so.3": b"",
        "_internal/resources/icons/a.svg": b"<svg/>",
        "runtime/cpu/lib/torch/a.py": b"",
    }
    assert checking.leaks(a_program(tmp_path, **clean)) == []


@pytest.mark.parametrize(
    "place",
    [
        "_internal/libcudart.so.12",
        "_internal/libcuda.so.1",
        "_internal/x.libs/libgtk-3.so.0",
        "_internal/libreadline.so.8",
        "_internal/libstdc++.so.6",
        "_internal/torch/__init__.py",
        "_internal/resources/__pycache__/a.pyc",
        "_internal/PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "notes.txt.orig",
    ],
)
def test_what_does_not_belong_is_found(tmp_path, place):
    assert checking.leaks(a_program(tmp_path, **{place: b""})) == [f"{place} does not belong in the program"]


def test_paths_of_the_builder_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(checking.getpass, "getuser", lambda: "wassily")
    [ours] = checking.leaks(a_program(tmp_path / "a", **{"_internal/a.so": b"\0" + str(ROOT).encode() + b"/x\0"}))
    assert ours == f"_internal/a.so has {ROOT} in it"
    [home] = checking.leaks(a_program(tmp_path / "b", **{"_internal/a.so": b"\0/home/wassily/notes\0"}))
    assert home == "_internal/a.so has /home/wassily/ in it"


@pytest.mark.skipif(os.name == "nt", reason="links want a permission there")
def test_a_link_to_nothing_is_found(tmp_path):
    folder = a_program(tmp_path, **{"_internal/a.so": b""})
    (folder / "_internal" / "b.so").symlink_to("nothing.so")
    assert checking.leaks(folder) == ["_internal/b.so leads to nothing"]


def test_what_is_missing_or_changed_of_our_own_is_found(tmp_path, monkeypatch):
    folder = a_program(tmp_path, **{"_internal/resources/icons/left.svg": b""})
    there = {*contents.modules_of("kandinsky_studio")} - {"kandinsky_studio.log"}
    monkeypatch.setattr(checking, "modules_in", lambda executable: iter(there))
    sources = [(path, place) for path, place in contents.resources() if path.suffix == ".qss"]
    monkeypatch.setattr(checking, "resources", lambda: sources)
    style = folder / "_internal" / "resources" / "theme" / "studio.qss"
    style.parent.mkdir()
    style.write_bytes(sources[0][0].read_bytes())
    wrong = ["the module kandinsky_studio.log is missing", "_internal/resources/icons/left.svg is not in the sources"]
    assert checking.incomplete(folder) == wrong
    style.write_bytes(b"QWidget { }")
    changed = "_internal/resources/theme/studio.qss is not what is in the sources"
    assert checking.incomplete(folder) == [wrong[0], changed, wrong[1]]


def test_sources_beside_their_modules_are_listed_once():
    assert checking._is_source_of("_internal/transformers/utils/__init__.py", {"transformers.utils"})
    assert not checking._is_source_of("_internal/cv2/config.py", {"cv2.gapi"})


def test_the_program_starts():
    done = subprocess.run(
        [sys.executable, PACKAGING / "program.py", "--version"], capture_output=True, text=True, check=True
    )
    assert __version__ in done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there the frozen program changes it")
def test_what_we_start_looks_for_libraries_where_it_did_before(monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/program/_internal:/opt/lib")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/opt/lib")
    program._give_back_the_environment()
    assert os.environ["LD_LIBRARY_PATH"] == "/opt/lib"
    assert "LD_LIBRARY_PATH_ORIG" not in os.environ
    program._give_back_the_environment()  # from source it is the user's own
    assert os.environ["LD_LIBRARY_PATH"] == "/opt/lib"
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    program._give_back_the_environment()
    assert "LD_LIBRARY_PATH" not in os.environ


def test_qt_is_told_of_its_plugins_only_where_it_would_miss_them(monkeypatch):
    monkeypatch.setenv("QT_PLUGIN_PATH", "")
    monkeypatch.delenv("QT_PLUGIN_PATH")
    for folder in (None, "/opt/Мои программы/_internal"):
        monkeypatch.setattr(sys, "_MEIPASS", folder, raising=False)
        program._show_qt_its_plugins()
        assert "QT_PLUGIN_PATH" not in os.environ
    monkeypatch.setattr(sys, "_MEIPASS", "/opt/circles, squares/_internal", raising=False)
    program._show_qt_its_plugins()
    plugins = Path(os.environ["QT_PLUGIN_PATH"])
    assert plugins.name == "plugins"
    assert plugins.is_relative_to("/opt/circles, squares/_internal/PySide6")


def test_writing_without_a_console_goes_nowhere(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    program._have_streams()
    assert sys.stdout.write("круг") == sys.stderr.write("круг") == 4
    sys.stdout.close()
    sys.stderr.close()


def test_the_icon_has_every_size(tmp_path, qapp):
    with Image.open(looks.icon(tmp_path)) as icon:
        assert icon.info["sizes"] == {(size, size) for size in looks.SIZES}
    for size in (16, 256):
        with Image.open(io.BytesIO(looks.drawn(size))) as picture:
            assert picture.size == (size, size)
            assert len(picture.convert("RGB").getcolors(size * size)) > 8
            assert picture.getchannel("A").getextrema() == (0, 255)


def test_the_version_resource_names_the_version(tmp_path):
    def told(*values, **named):
        return values, named

    names = (
        "VSVersionInfo",
        "FixedFileInfo",
        "StringFileInfo",
        "StringTable",
        "StringStruct",
        "VarFileInfo",
        "VarStruct",
    )
    text = looks.version(tmp_path).read_text(encoding="utf-8")
    _, info = eval(text, dict.fromkeys(names, told))
    _, fixed = info["ffi"]
    assert ".".join(map(str, fixed["filevers"][:3])) == __version__
    assert len(fixed["filevers"]) == 4
    assert __version__ in text


def test_every_step_has_its_program():
    for first, *_ in build.STEPS.values():
        assert (PACKAGING / first).is_file()
    for steps in build.ALL.values():
        assert set(steps) <= set(build.STEPS)


def test_an_environment_is_made_once_for_the_same_versions(tmp_path, monkeypatch):
    made, installed = [], []
    monkeypatch.setattr(freezing, "ENVIRONMENT", tmp_path)
    monkeypatch.setattr(freezing.venv, "create", lambda folder, **_: made.append(folder))
    monkeypatch.setattr(freezing, "_run", lambda command, **_: installed.append(command))
    python = freezing.environment()
    assert python.is_relative_to(tmp_path)
    fetched, own, checked = installed
    assert "--require-hashes" in fetched
    assert str(freezing.LOCKS[sys.platform]) in fetched
    assert {"--no-index", "--no-deps", "--no-build-isolation", str(ROOT)} <= set(own)
    assert checked[-1] == "check"
    assert freezing.environment() == python
    assert made == [tmp_path]
    monkeypatch.setattr(freezing, "_basis", lambda: "other versions")
    freezing.environment()
    assert made == [tmp_path, tmp_path]


def _locked(file):
    """The version of each package that a lock names, and how many files of it may come."""
    text = re.sub(r"^#.*\n", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = re.findall(r"^(\S+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", text, re.MULTILINE)
    assert sum(len(f"{name}=={version}{hashes}\n") for name, version, hashes in found) == len(text), (
        "nothing else is in it"
    )
    return {name: (version, hashes.count("--hash")) for name, version, hashes in found}


@pytest.mark.parametrize("system", freezing.LOCKS)
def test_a_release_is_built_of_the_tested_versions(system):
    """``torch`` is the build without CUDA: for Linux, one file that is named as such."""
    locked = _locked(freezing.LOCKS[system])
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    tested = dict(line.split("==") for line in lines if not line.startswith("#"))
    tested = {canonicalize_name(name): version for name, version in tested.items()}
    for name, (version, files) in locked.items():
        assert files
        if name != "setuptools":  # of no import of ours; each environment brings its own
            assert tested[name] == version.removesuffix("+cpu"), name
    assert system != "linux" or locked["torch"] == (f"{tested['torch']}+cpu", 1)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extra = project["project"]["optional-dependencies"]["package"]
    asked = [*project["project"]["dependencies"], *extra, *project["build-system"]["requires"]]
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)][0], prereleases=True)


def test_packs_outlive_a_new_base(tmp_path, monkeypatch):
    place = a_program(tmp_path / "dist" / "kandinsky-studio", **{"old": b"", "runtime/cpu/pack.json": b"{}"})
    monkeypatch.setattr(freezing, "PROGRAM", place)
    freezing._put_in_place(a_program(tmp_path / "work", new=b""))
    assert {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()} == {
        "kandinsky-studio",
        "new",
        "runtime/cpu/pack.json",
    }


@pytest.mark.packages
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="there is a list of what is collected for Linux only")
def test_the_base_is_built_as_listed_and_works_wherever_it_lies(tmp_path):
    """Builds the base and its pack anew, then starts it as someone would: all of it is in try_program.py."""
    for step in ("base", "pack"):
        assert subprocess.call([sys.executable, PACKAGING / "build.py", step]) == 0
    python = freezing.environment()
    picture = tmp_path / "window.png"
    words = [PACKAGING / "try_program.py", "--rounds", "1", "--screenshot", picture]
    assert subprocess.call([python, *words]) == 0
    with Image.open(picture) as window:
        assert len(window.convert("RGB").getcolors(window.width * window.height)) > 64
