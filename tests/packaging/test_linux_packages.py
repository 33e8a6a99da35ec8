"""The packages for Linux as they are handed out: made of the frozen program, taken apart, started, installed, removed."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.packages, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
BASE = ROOT / "build" / "dist" / "kandinsky-studio"


def run(*words: object, **options: object) -> str:
    """Run a program to its end; returns what it wrote to its output, and fails with all it wrote."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def need(*programs: str) -> None:
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.fixture
def base():
    if not all((BASE / name).exists() for name in ("kandinsky-studio", "runtime/cpu", "THIRD-PARTY-NOTICES.txt")):
        pytest.skip("there is no frozen program; packaging/build.py makes it: base, pack, notices")
    return BASE


@pytest.fixture
def stand_in(tmp_path):
    folder = tmp_path / "base"
    folder.mkdir()
    program = folder / "kandinsky-studio"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    (folder / "THIRD-PARTY-NOTICES.txt").touch()
    return folder


def test_menu_entry_and_description_are_valid(tmp_path):
    from linux_tree import COMPONENT, write_share

    need("desktop-file-validate", "appstreamcli", "man")
    write_share(tmp_path)
    run("desktop-file-validate", tmp_path / "applications" / "kandinsky-studio.desktop")
    run("appstreamcli", "validate", "--no-net", tmp_path / "metainfo" / f"{COMPONENT}.metainfo.xml")
    warned = ["man", "--warnings", "-l", str(tmp_path / "man" / "man1" / "kandinsky-studio.1.gz")]
    assert subprocess.run(warned, capture_output=True, text=True, check=True).stderr == ""


def test_the_same_program_makes_the_same_packages(stand_in, tmp_path, monkeypatch):
    from debian import make_deb
    from linux_tree import make_squashfs, make_tar

    need("dpkg-deb", "zstd", "mksquashfs")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")  # somebody may commit meanwhile
    made = []
    for again in ("first", "second"):
        os.utime(stand_in / "kandinsky-studio", (2e9, 2e9 + len(made)))  # built at another time
        folder = tmp_path / again
        packages = [make(stand_in, folder) for make in (make_deb, make_tar, make_squashfs)]
        made.append([package.read_bytes() for package in packages])
    assert made[0] == made[1]


@pytest.fixture
def reachable():
    """A folder that other users reach, too; pytest's own are for one."""
    with tempfile.TemporaryDirectory(dir=BASE.parent) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_the_archive_works_in_any_folder(base, tmp_path, reachable):
    need("zstd", "Xvfb", "objdump")
    packages = tmp_path / "packages"
    archive = run(
        sys.executable, PACKAGING / "linux_tree.py", "tar", "--compression", "fast", "--packages", packages
    ).strip()
    folder = reachable / "Мои программы"
    folder.mkdir()
    run("tar", "--zstd", "-xf", archive, "-C", folder)
    (program,) = folder.iterdir()
    said = run(sys.executable, PACKAGING / "try_program.py", program, "--rounds", "1")
    assert "everything works" in said


def test_the_image_works(base, tmp_path):
    from virtual_screen import VirtualScreen

    need("mksquashfs", "unsquashfs", "Xvfb", "objdump")
    image = run(sys.executable, PACKAGING / "linux_tree.py", "squashfs", "--packages", tmp_path / "packages").strip()
    place = tmp_path / "image"
    run("unsquashfs", "-quiet", "-no-progress", "-dest", place, image)
    environment = os.environ | {"KANDINSKY_STUDIO_HOME": str(tmp_path / "home"), "QT_QPA_PLATFORM": "xcb"}
    assert "everything works" in run(place / "AppRun", "self-test", env=environment)
    with VirtualScreen() as screen:
        process = subprocess.Popen([place / "AppRun"], env=environment | {"DISPLAY": screen.display})
        try:
            screen.wait_for_window(process, 60)
            screen.wait_until_still()
            process.terminate()
            assert process.wait(180) == 0  # on a busy computer the import of PyTorch ends late
        finally:
            process.kill()


def test_the_debian_package_comes_works_and_goes_without_a_trace(base, tmp_path):
    need("dpkg-deb", "debootstrap", "unshare", "Xvfb", "objdump", "desktop-file-validate", "appstreamcli")
    if os.geteuid() != 0:
        pytest.skip("only root can make a system of its own")
    words = ["--compression", "fast", "--packages", tmp_path / "packages"]
    package = run(sys.executable, PACKAGING / "debian.py", *words).strip()
    said = run(sys.executable, PACKAGING / "try_deb.py", package, "--pictures", tmp_path)
    assert "red on blue" in said
    assert (tmp_path / "window-ru.png").stat().st_size > 10_000
