"""What surrounds the frozen program on Linux, tried with a stand-in for it; test_linux_packages.py tries the real one."""

import configparser
import datetime
import gzip
import hashlib
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QImage

from kandinsky_studio import __version__, cli

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="packages for Linux are made on Linux")

TYPES = {
    "image/openraster",
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/tiff",
    "image/avif",
    "image/vnd.adobe.photoshop",
}
HOSTILE = """Мои "программы" $HOME `x` \\ и 'so'"""


@pytest.fixture
def base(tmp_path):
    """A folder that looks like the frozen program; what it starts says what it was started with."""
    folder = tmp_path / "base"
    (folder / "_internal").mkdir(parents=True)
    (folder / "_internal" / "data.txt").write_text("data", encoding="utf-8")
    (folder / "_internal" / "data.txt").chmod(0o600)
    (folder / "THIRD-PARTY-NOTICES.txt").write_text("notices", encoding="utf-8")
    program = folder / "kandinsky-studio"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    return folder


@pytest.fixture
def share(tmp_path):
    from linux_tree import write_share

    write_share(tmp_path / "share")
    return tmp_path / "share"


def entry(file: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, delimiters="=", strict=True)
    parser.optionxform = str
    parser.read(file, encoding="utf-8")
    return parser["Desktop Entry"]


def test_the_menu_entry_is_complete_in_both_languages(share):
    fields = entry(share / "applications" / "kandinsky-studio.desktop")
    assert fields["Exec"] == "kandinsky-studio %F"
    assert set(fields["MimeType"].strip(";").split(";")) == TYPES
    for name in ("GenericName", "Comment", "Keywords"):
        assert re.search("[а-я]", fields[f"{name}[ru]"])
        assert not re.search("[а-я]", fields[name])
    window = Path(cli.__file__).with_name("ui") / "main.py"
    # Docks put a window beside the entry whose name it says.
    assert f'setDesktopFileName("{fields["StartupWMClass"]}")' in window.read_text(encoding="utf-8")


def test_the_description_names_this_version_and_what_the_menu_entry_names(share):
    (file,) = (share / "metainfo").iterdir()
    root = ElementTree.parse(file).getroot()
    assert file.name == f"{root.findtext('id')}.metainfo.xml"
    assert root.findtext("launchable") == "kandinsky-studio.desktop"
    assert {one.text for one in root.iter("mediatype")} == TYPES
    assert root.find("releases/release").get("version") == __version__
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    for tag in ("summary", "p", "li"):
        texts = [one.get(language) for one in root.iter(tag)]
        assert texts.count("ru") == texts.count(None) > 0


def test_icons_of_all_sizes(share):
    from linux_tree import SIZES

    for size in SIZES:
        image = QImage(str(share / "icons" / "hicolor" / f"{size}x{size}" / "apps" / "kandinsky-studio.png"))
        assert (image.width(), image.height()) == (size, size)
        assert image.pixelColor(0, 0).alpha() == 0
        assert image.pixelColor(size // 2, size // 2).alpha() == 255
    assert (share / "icons/hicolor/scalable/apps/kandinsky-studio.svg").stat().st_size


def test_the_manual_page_names_every_command(share, capsys):
    page = gzip.decompress((share / "man" / "man1" / "kandinsky-studio.1.gz").read_bytes()).decode()
    named = {name.replace("\\-", "-") for name in re.findall(r"^\.TP\n\.B ([a-z][a-z\\-]+)$", page, re.MULTILINE)}
    cli.main(["--help"])
    assert named == set(re.findall(r"^    ([a-z][a-z-]+)(?:  |$)", capsys.readouterr().out, re.MULTILINE))


def test_the_package_holds_the_program_and_says_so(base, tmp_path):
    import debian

    root = tmp_path / "root"
    debian.stage(base, root, "amd64")
    program = root / "usr/bin/kandinsky-studio"
    assert not os.path.isabs(program.readlink())
    assert program.samefile(root / "usr/lib/kandinsky-studio/kandinsky-studio")
    for path in root.rglob("*"):
        if not path.is_symlink():
            wanted = 0o755 if path.is_dir() or path.name == "kandinsky-studio" else 0o644
            assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    fields = dict(re.findall(r"^([\w-]+): (.*)", (root / "DEBIAN/control").read_text(encoding="utf-8"), re.MULTILINE))
    assert fields["Version"] == debian.package_version()
    assert fields["Architecture"] == "amd64"
    assert {"libgl1", "libegl1", "libfontconfig1"} < set(fields["Depends"].split(", "))
    assert 40 < int(fields["Installed-Size"]) < 400
    sums = dict(
        reversed(line.split("  ", 1)) for line in (root / "DEBIAN/md5sums").read_text(encoding="utf-8").splitlines()
    )
    files = [path for path in (root / "usr").rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(sums) == len(files)
    for path in files:
        told = sums[path.relative_to(root).as_posix()]
        assert told == hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    log = gzip.decompress((root / "usr/share/doc/kandinsky-studio/changelog.gz").read_bytes()).decode()
    assert log.startswith(f"kandinsky-studio ({fields['Version']}) ")
    assert max(len(line) for line in log.splitlines() if not line.startswith(" -- ")) <= 80
    assert "@" not in (root / "usr/share/doc/kandinsky-studio/copyright").read_text(encoding="utf-8")


def test_nothing_is_packaged_without_a_program_and_the_licences_of_others(base, tmp_path):
    from linux_tree import lay

    (base / "THIRD-PARTY-NOTICES.txt").unlink()
    with pytest.raises(SystemExit, match=r"build\.py notices"):
        lay(base, tmp_path / "place")
    with pytest.raises(SystemExit, match=r"build\.py base"):
        lay(tmp_path, tmp_path / "place")


@pytest.mark.parametrize(
    ("ours", "theirs"), [("0.1.0", "0.1.0"), ("1.0rc1", "1.0~rc1"), ("1.0.dev3", "1.0~dev3"), ("2.0b2", "2.0~b2")]
)
def test_versions_as_dpkg_compares_them(ours, theirs):
    from debian import package_version

    assert package_version(ours) == theirs


def test_the_changelog_is_read_with_what_is_not_released_yet():
    from changes import releases

    text = "# C\n\n## [Unreleased]\n\n### Added\n\n- **One**: `a`\n  and [b](c).\n- Two.\n\n## [0.9.0] - 2025-01-02\n\n- Old.\n"
    new, old = releases(text, version="1.0.0", seconds=86400)
    assert (new.version, new.day, new.notes) == ("1.0.0", datetime.date(1970, 1, 2), ("One: a and b.", "Two."))
    assert (old.version, old.day, old.notes) == ("0.9.0", datetime.date(2025, 1, 2), ("Old.",))
    assert [one.version for one in releases(text, version="0.9.0")] == ["0.9.0"]


DUMPED = """
/p/plugin.so:     file format elf64-x86-64

Dynamic Section:
  NEEDED               libxcb.so.1
  NEEDED               libcarried.so.3
  NEEDED               libc.so.6

Version References:
  required from libcarried.so.3:
    0x09691a75 0x00 02 GLIBC_9.99
  required from libc.so.6:
    0x09691974 0x00 04 GLIBC_2.3.4
    0x069691b4 0x00 03 GLIBC_2.34
/p/other.so:     file format elf64-x86-64
Dynamic Section:
  NEEDED               libstdc++.so.6
Version References:
  required from libstdc++.so.6:
    0x02297f89 0x00 02 GLIBCXX_3.4.29
"""


def test_what_is_needed_of_the_system_is_read_from_the_files():
    from linux_needs import Needs, debian, glibc, read

    needs = Needs()
    read(iter(DUMPED.splitlines()), {"libcarried.so.3"}, needs)
    assert needs.libraries["libxcb.so.1"] == Path("/p/plugin.so")
    assert "libcarried.so.3" not in needs.libraries
    assert glibc(needs) == "2.34"
    assert debian(needs) == ["libc6 (>= 2.34)", "libegl1", "libfontconfig1", "libgl1", "libstdc++6 (>= 11)", "libxcb1"]
    needs.libraries["libleaked.so.1"] = Path("/p/plugin.so")
    with pytest.raises(SystemExit, match=r"libleaked\.so\.1, which /p/plugin\.so needs"):
        debian(needs)


def started_by(line: str) -> str:
    """The program that a menu starts for the value of ``Exec``, read as the Desktop Entry Specification says."""
    text = re.sub(r"\\(.)", r"\1", line)
    quoted = re.fullmatch(r'(?:env )?"((?:[^"\\`$]|\\["\\`$])*)" %F', text)
    return re.sub(r"\\(.)", r"\1", quoted[1]).replace("%%", "%")


@pytest.mark.parametrize("name", [HOSTILE, f"100% {HOSTILE}"])
def test_the_archive_puts_itself_into_the_menu_and_out_again(base, tmp_path, share, name):
    folder = tmp_path / name
    base.rename(folder)
    share.rename(folder / "share")
    script = Path(__file__).parents[2] / "packaging" / "linux" / "install-desktop-entry"
    (folder / script.name).write_bytes(script.read_bytes())
    data = tmp_path / "their data"
    environment = os.environ | {"XDG_DATA_HOME": str(data)}
    run = ["/bin/sh", str(folder / script.name)]
    other = data / "icons/hicolor/64x64/apps/other.png"
    other.parent.mkdir(parents=True)
    other.touch()
    for _ in range(2):
        subprocess.run(run, check=True, env=environment, capture_output=True)
    fields = entry(data / "applications" / "kandinsky-studio.desktop")
    assert started_by(fields["Exec"]) == str(folder / "kandinsky-studio")
    assert fields["Exec"].startswith("env ") == ("%" in name)
    assert fields["TryExec"].replace("\\\\", "\\") == str(folder / "kandinsky-studio")
    assert len(list((data / "icons").rglob("kandinsky-studio.*"))) == 9
    subprocess.run([*run, "--remove"], check=True, env=environment, capture_output=True)
    assert [path for path in data.rglob("*") if path.is_file() and path.name != "mimeinfo.cache"] == [other]


def test_the_image_starts_the_program_in_it(base, tmp_path):
    from linux_tree import make_appdir

    place = make_appdir(base, tmp_path / "packages")
    started = subprocess.run(
        [place / "AppRun", "a b", "c"], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert started == [str(place / "usr/lib/kandinsky-studio/kandinsky-studio"), "a b", "c"]
    icon = entry(place / "kandinsky-studio.desktop")["Icon"]
    assert (place / f"{icon}.png").samefile(place / ".DirIcon")
