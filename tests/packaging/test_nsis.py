"""What is made for Windows users: the list of files, the texts, the installer, the portable archive."""

import os
import re
import shutil
import zipfile
from pathlib import Path

import nsis
import pytest

WINDOWS = Path(nsis.__file__).parent / "windows"
on_linux = pytest.mark.skipif(os.name == "nt", reason="there can be no such names on Windows")
needs_makensis = pytest.mark.skipif(shutil.which("makensis") is None, reason="makensis is not installed")


@pytest.fixture
def program(tmp_path):
    """A folder that looks like the frozen program."""
    root = tmp_path / "program"
    files = {
        "kandinsky-studio.exe": b"MZ program",
        "kandinsky-studio-cli.exe": b"MZ command line",
        "_internal/base_library.zip": b"\0\r\n\x1a",
        "_internal/resources/Слова/красный круг.txt": "круг".encode(),
        "_internal/a$b.txt": b"dollar",
        "runtime/cpu/pack.json": b"{}",
        "runtime/cpu/lib/torch/__init__.py": b"",
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def test_the_list_names_every_file_and_the_folders_deepest_first(program):
    told = nsis.listing(nsis.collect(program))
    assert told.startswith(b"\xff\xfe")
    lines = told[2:].decode("utf-16-le").split("\r\n")
    assert lines.pop() == ""
    files = [line[2:] for line in lines if line.startswith("F ")]
    folders = [line[2:] for line in lines if line.startswith("D ")]
    assert len(files) + len(folders) == len(lines)
    there = {path.relative_to(program).as_posix().replace("/", "\\") for path in program.rglob("*") if path.is_file()}
    assert set(files) == there
    assert len(files) == len(there)
    for index, folder in enumerate(folders):
        assert not any(later.startswith(f"{folder}\\") for later in folders[index:])
    assert "_internal\\resources\\Слова" in folders


def test_every_file_is_extracted_into_its_folder(program):
    folder, placed = None, {}
    for line in nsis.extraction(nsis.collect(program)).splitlines():
        word, argument = re.fullmatch(r'(SetOutPath|File) "(.+)"', line).groups()
        if word == "SetOutPath":
            folder = argument
        else:
            placed[argument] = folder
    assert set(placed) == {str(path) for path in program.rglob("*") if path.is_file()}
    assert placed[str(program / "kandinsky-studio.exe")] == "$INSTDIR"
    assert (
        placed[str(program / "_internal/resources/Слова/красный круг.txt")] == "$INSTDIR\\_internal\\resources\\Слова"
    )


def test_a_dollar_in_the_name_of_a_folder_is_no_variable(program):
    (program / "_internal" / "$TEMP").mkdir()
    (program / "_internal" / "$TEMP" / "file").touch()
    assert 'SetOutPath "$INSTDIR\\_internal\\$$TEMP"' in nsis.extraction(nsis.collect(program))


@on_linux
@pytest.mark.parametrize(
    "name",
    ["con.txt", "Aux", "a:b", "a?", "ends.", "ends ", "tab\t", "lpt1", "back\\slash", "a[1].txt", 'q".txt', "x" * 200],
)
def test_names_that_windows_does_not_take_are_refused(program, name):
    (program / "_internal" / name).touch()
    with pytest.raises(nsis.BadPayload, match=re.escape(name[:40])):
        nsis.collect(program)


@on_linux
def test_names_that_are_one_on_windows_are_refused(program):
    (program / "_internal" / "base_library.ZIP").touch()
    with pytest.raises(nsis.BadPayload, match=r"base_library\.ZIP"):
        nsis.collect(program)


@on_linux
def test_links_are_refused(program):
    (program / "_internal" / "link").symlink_to("base_library.zip")
    with pytest.raises(nsis.BadPayload, match="_internal/link"):
        nsis.collect(program)


def test_a_folder_without_the_program_is_refused(program, capsys):
    (program / "kandinsky-studio.exe").unlink()
    assert nsis.main(["--payload", str(program)]) == 1
    assert "kandinsky-studio.exe is missing" in capsys.readouterr().err
    assert nsis.main(["--payload", str(program / "nowhere")]) == 1
    assert "Build it first" in capsys.readouterr().err


def test_the_portable_archive_has_the_program_and_its_empty_folder(program, tmp_path):
    archive = nsis.make_zip(program, tmp_path / "packages", version="1.2.3")
    assert archive.name == "kandinsky-studio-1.2.3-windows-x86_64-portable.zip"
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        opened.extractall(tmp_path / "unpacked")
    assert {name.partition("/")[0] for name in names} == {"Kandinsky Studio"}
    unpacked = tmp_path / "unpacked" / "Kandinsky Studio"
    assert (unpacked / "portable").is_dir()
    assert not any((unpacked / "portable").iterdir())
    (unpacked / "portable").rmdir()
    assert _content(unpacked) == _content(program)


def _content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _texts(language):
    text = (WINDOWS / f"texts-{language[:2].lower()}.nsh").read_text(encoding="utf-8")
    return dict(re.findall(rf'^LangString (\w+) \$\{{LANG_{language}\}} "(.+)"$', text, re.MULTILINE))


def test_both_languages_say_everything():
    english, russian = _texts("ENGLISH"), _texts("RUSSIAN")
    assert len(english) >= 30
    assert list(english) == list(russian)
    script = "".join(path.read_text(encoding="utf-8") for path in WINDOWS.glob("*.ns[ih]"))
    for name, text in english.items():
        assert f"$({name})" in script, f"{name} is never said"
        variables = set(re.findall(r"\$\w+|\$\{\w+\}", text))
        assert variables == set(re.findall(r"\$\w+|\$\{\w+\}", russian[name])), name
        assert '$\\"' not in text + russian[name], "typographic quotes, please"
    for name, text in russian.items():
        assert name in ("PART_PROGRAM", "DECIMAL") or re.search("[а-яё]", text, re.IGNORECASE), name
    assert set(re.findall(r"\$\(([A-Z_]+)\)", script)) <= set(english)


@needs_makensis
@pytest.mark.parametrize("target", ["amd64-unicode", "x86-unicode"])
def test_the_script_compiles_for_both_processors(program, tmp_path, monkeypatch, target):
    if os.name == "nt" and target != nsis.TARGET:
        pytest.skip("not with the NSIS that there is for Windows")
    monkeypatch.setattr(nsis, "TARGET", target)
    content = nsis.make_installer(program, tmp_path).read_bytes()
    header = int.from_bytes(content[0x3C:0x40], "little")
    machine = int.from_bytes(content[header + 4 : header + 6], "little")
    assert machine == {"amd64-unicode": 0x8664, "x86-unicode": 0x14C}[target]


@needs_makensis
def test_the_script_compiles_without_a_warning(program, tmp_path):
    packages = tmp_path / "packages"
    setup = nsis.make_installer(program, packages, version="1.2.3")
    assert setup.name == "kandinsky-studio-1.2.3-windows-x86_64-setup.exe"
    content = setup.read_bytes()
    assert content.startswith(b"MZ")
    assert "1.2.3".encode("utf-16-le") in content
    uninstaller = nsis.make_uninstaller(program, packages, version="1.2.3")
    assert sorted(path.name for path in packages.iterdir()) == [setup.name, uninstaller.name]
    marked = tmp_path / "marked.exe"
    marked.write_bytes(uninstaller.read_bytes() + b"signature")
    again = nsis.make_installer(program, packages, version="1.2.3", uninstaller=marked)
    assert again.stat().st_size != len(content)


def test_shortcuts_carry_the_name_that_the_program_gives_itself():
    from kandinsky_studio.ui.desktop import APPLICATION_ID

    script = (WINDOWS / "shortcut.nsh").read_text(encoding="utf-8")
    assert f'!define APPLICATION_ID "{APPLICATION_ID}"' in script
    # Windows takes no spaces and at most 128 characters; the script writes into 64.
    assert re.fullmatch(r"[\w.]{1,63}", APPLICATION_ID)
