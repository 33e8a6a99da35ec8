"""Whose everything in the frozen program is, and that nothing goes out without its licence."""

import json
import sys
from importlib.metadata import Distribution
from pathlib import Path

import checking
import notices
import pytest

from kandinsky_studio import paths
from kandinsky_studio.errors import BrokenCatalogue
from kandinsky_studio.storage import notices as licences
from kandinsky_studio.storage.notices import Notice

MIT = "Permission is hereby granted, free of charge, to anybody who reads this test."


def install(site, name, version="1.0", files=(), licence="MIT", text=MIT, extra=""):
    """Put a distribution into the folder ``site``, as pip does."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    written = {f"{info}/METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{extra}"}
    if licence:
        written[f"{info}/METADATA"] += f"License-Expression: {licence}\nLicense-File: LICENSE\n"
    if text:
        written[f"{info}/licenses/LICENSE"] = text
    for path in files:
        written[path] = f"# {path}"
    written[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*written, f"{info}/RECORD"])
    for path, content in written.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(content, encoding="utf-8")


class Machine:
    """What builds, and what it built: a folder of installed distributions, and a program made of some of them."""

    def __init__(self, folder):
        self.site, self.program = folder / "site", folder / "kandinsky-studio"
        self.modules = ["kandinsky_studio", "kandinsky_studio.cli", "json", "pyimod01_archive"]
        for place in ("kandinsky-studio", "LICENSE.txt", "_internal/base_library.zip", "_internal/resources/a.svg"):
            self.put(place)

    def put(self, place):
        (self.program / place).parent.mkdir(parents=True, exist_ok=True)
        (self.program / place).write_bytes(b"")

    def collect(self):
        return notices.collect(self.program, NoSystem(), [str(self.site)])

    def names(self):
        return [notice.name for notice in self.collect()]


class NoSystem(notices.SystemPackages):
    """Knows one package."""

    def notice(self, library):
        return Notice("libffi8", "3.4", "MIT", texts=(("copyright", MIT),)) if library == "libffi.so.8" else None


@pytest.fixture
def machine(tmp_path, monkeypatch):
    made = Machine(tmp_path)
    monkeypatch.setattr(checking, "modules_in", lambda _: iter(made.modules))
    monkeypatch.setattr(
        notices,
        "pyinstaller",
        lambda: Notice("PyInstaller", "6", "GPL-2.0-or-later WITH exception", texts=(("COPYING", MIT),)),
    )
    install(made.site, "painter", files=("painter/__init__.py", "painter/brush.py", "painter/_fast.abi3.so"))
    install(made.site, "unused", files=("unused.py",))
    return made


def test_only_what_was_collected_is_named(machine):
    assert machine.names() == ["PyInstaller", "Python"]
    machine.put("_internal/painter/_fast.abi3.so")
    assert machine.names() == ["painter", "PyInstaller", "Python"]


def test_a_module_in_the_archive_is_enough(machine):
    machine.modules.append("painter.brush")
    (notice,) = [one for one in machine.collect() if one.name == "painter"]
    assert notice == Notice("painter", "1.0", "MIT", texts=(("LICENSE", MIT),))


@pytest.mark.parametrize("place", ["_internal/libmystery.so.1", "_internal/stray/file.dat", "readme.txt"])
def test_a_file_of_nobody_ends_the_build(machine, place):
    machine.put(place)
    with pytest.raises(notices.Untraced, match=place):
        machine.collect()


def test_a_module_of_nobody_ends_the_build(machine):
    machine.modules.append("mystery.module")
    with pytest.raises(notices.Untraced, match=r"module mystery\.module"):
        machine.collect()


def test_a_distribution_without_a_text_ends_the_build(machine):
    install(machine.site, "secretive", files=("secretive.py",), text="")
    machine.modules.append("secretive")
    with pytest.raises(notices.Untraced, match=r"no text of their licence: secretive\."):
        machine.collect()


@pytest.mark.parametrize("licence", ["GPL-3.0-or-later", "AGPL-3.0-only", "GNU Affero General Public License v3"])
def test_what_may_not_be_handed_on_ends_the_build(machine, licence):
    install(machine.site, "viral", files=("viral.py",), licence=licence)
    machine.modules.append("viral")
    with pytest.raises(notices.Untraced, match="viral"):
        machine.collect()


@pytest.mark.parametrize(
    "licence",
    ["LGPL-2.1-or-later", "LGPL-3.0-only OR GPL-2.0-only", "GPL-3.0 WITH GCC-exception-3.1", "MIT", "GPL-2.0 OR MIT"],
)
def test_what_may_be_handed_on(licence):
    assert notices.shippable(licence)


def test_system_libraries_and_links(machine):
    machine.put("_internal/libffi.so.8")
    machine.put("_internal/painter/_fast.abi3.so")
    (machine.program / "_internal" / "_fast.so").symlink_to("painter/_fast.abi3.so")
    assert machine.names() == ["libffi8", "painter", "PyInstaller", "Python"]


def test_files_of_windows(machine):
    for name in ("python311.dll", "python3.dll", "_ssl.pyd", "libcrypto-3.dll", "VCRUNTIME140_1.dll"):
        machine.put(f"_internal/{name}")
    assert machine.names() == [notices.MICROSOFT, "PyInstaller", "Python"]


def test_a_pack_is_read_by_its_own_records(machine):
    library = machine.program / "runtime" / "cpu" / "lib"
    install(library, "torch", "2.13.0+cpu", files=("torch/__init__.py", "torch/lib/libtorch.so"))
    install(machine.site, "torch", "9.9", files=("torch/__init__.py",))
    (torch,) = [one for one in machine.collect() if one.name == "torch"]
    assert (torch.version, torch.part) == ("2.13.0+cpu", "cpu")
    (library / "torch" / "__pycache__").mkdir()
    (library / "torch" / "__pycache__" / "__init__.cpython-311.pyc").write_bytes(b"")
    assert "torch" in machine.names()
    (library / "torch" / "extra.bin").write_bytes(b"")
    with pytest.raises(notices.Untraced, match=r"cpu: torch/extra\.bin"):
        machine.collect()


def test_qt_is_told_of_as_its_licence_asks(machine):
    install(machine.site, "PySide6_Essentials", "6.11.3", files=("PySide6/QtCore.abi3.so",), licence="", text="")
    machine.put("_internal/PySide6/QtCore.abi3.so")
    (qt,) = [one for one in machine.collect() if one.name == "PySide6_Essentials"]
    assert qt.licence == "LGPL-3.0-only"
    texts = [text for _, text in qt.texts]
    assert "GNU LESSER GENERAL PUBLIC LICENSE\n                       Version 3" in texts[0]
    assert "GNU GENERAL PUBLIC LICENSE\n                       Version 3" in texts[1]
    for told in ("FREETYPE LICENSES", "HarfBuzz is licensed", "UNICODE LICENSE", "libjpeg-turbo", "XSVG"):
        assert told in texts[2]
    for told in ("shared libraries", "replace", "PySide6/Qt/lib", "6.11.3", "https://download.qt.io"):
        assert told in qt.note


def test_the_files_that_are_written(machine, capsys, monkeypatch):
    install(machine.site, "second", files=("second.py",))
    machine.modules += ["painter", "second"]
    found = machine.collect()
    notices.write(machine.program, found)
    assert licences.parse((machine.program / licences.FILE_NAME).read_bytes()) == tuple(found)
    text = (machine.program / "THIRD-PARTY-NOTICES.txt").read_text(encoding="utf-8")
    assert "painter 1.0\n    licence: MIT\n" in text
    assert text.count(MIT) == 1  # however many have it
    machine.put("_internal/later.bin")
    monkeypatch.setattr(notices, "SystemPackages", NoSystem)
    before = text
    assert notices.main(["--program", str(machine.program)]) == 1
    assert "later.bin" in capsys.readouterr().err
    assert (machine.program / "THIRD-PARTY-NOTICES.txt").read_text(encoding="utf-8") == before


def test_a_packaged_program_shows_what_was_written(machine, monkeypatch):
    machine.modules.append("painter")
    notices.write(machine.program, machine.collect())
    monkeypatch.setattr(paths, "program", lambda: machine.program)
    found, built = licences.shown()
    assert built
    assert [notice.name for notice in found] == ["painter", "PyInstaller", "Python"]
    install(paths.runtimes() / "cu130" / "lib", "nvidia-cublas", "13.0", licence="LicenseRef-NVIDIA-Proprietary")
    (later,) = set(licences.shown()[0]) - set(found)
    assert (later.name, later.part, later.texts) == ("nvidia-cublas", "cu130", (("LICENSE", MIT),))


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"format": 2}', b'{"format": 1, "notices": [{}], "texts": []}']
)
def test_a_broken_file_is_refused(content):
    with pytest.raises(ValueError, match=r".*"):
        licences.parse(content)


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("Format: x\n\nFiles: *\nCopyright: 1\nLicense: Zlib\n\nFiles: debian/*\nLicense: GPL-2+\n", "Zlib"),
        ("Files: doc/*\nLicense: GFDL\n\nFiles: *\nLicense: GPL-3+\n", "GPL-3+"),
        ("Files: *\nLicense: GPL-2+\n\nFiles: libthing/*\n libthing/man/*\nCopyright: 1\nLicense: BSD\n", "BSD"),
        ("This package was debianised by hand.\nLicense: GPL\n", "see the text"),
    ],
)
def test_of_a_package_the_licence_of_its_files_counts(text, licence):
    assert notices._of_files(text, "libthing1") == licence


def test_a_packaged_program_without_its_notices_says_so(machine, monkeypatch):
    monkeypatch.setattr(paths, "program", lambda: machine.program)
    with pytest.raises(BrokenCatalogue, match=licences.FILE_NAME):
        licences.shown()
    (machine.program / licences.FILE_NAME).write_text("{}")
    with pytest.raises(BrokenCatalogue, match="no notices"):
        licences.shown()


@pytest.mark.skipif(not Path("/var/lib/dpkg/status").exists(), reason="no system of packages")
def test_a_library_of_the_system_is_traced_to_its_package():
    """Any that is there: the loader of programs always is."""
    name = next(file.name for file in Path("/lib").glob("*-linux-gnu*/libc.so.6"))
    notice = notices.SystemPackages().notice(name)
    assert notice is not None
    assert notice.name == "libc6"
    assert notice.version
    assert "GNU" in notice.texts[0][1]
    assert notices.SystemPackages().notice("libmystery.so.1") is None


# ---------------------------------------------------------------------- what distributions say of themselves


def test_everything_the_program_needs_here_has_a_text():
    bare = [notice.name for notice in licences.gathered() if not notice.texts]
    assert not bare
    assert {"numpy", "PySide6_Essentials", "Python", "torch", "transformers"} <= {
        one.name for one in licences.gathered()
    }


def test_needs_are_followed_without_extras_and_without_tests(tmp_path, monkeypatch):
    install(tmp_path, "studio", extra='Requires-Dist: one[more]\nRequires-Dist: only-tests; extra == "test"\n')
    install(tmp_path, "one", extra='Requires-Dist: studio\nRequires-Dist: two; extra == "more"\nRequires-Dist: gone\n')
    install(tmp_path, "two", extra="Requires-Dist: three; python_version < '3'\n")
    for name in ("three", "only-tests"):
        install(tmp_path, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [one.metadata["Name"] for one in licences.needed("studio")] == ["one", "two"]


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: MIT\nLicense: other\n", "MIT"),
        ("License: BSD\n", "BSD"),
        (f"License: {'x' * 90}\nClassifier: License :: OSI Approved :: MIT License\n", "MIT License"),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: ISC License\n", "ISC License"),
        ("", "see the text"),
    ],
)
def test_the_licence_that_is_declared(tmp_path, metadata, licence):
    install(tmp_path, "one", licence="", extra=metadata)
    (folder,) = tmp_path.glob("*.dist-info")
    assert licences.of_distribution(Distribution.at(folder)).licence == licence


def test_what_is_compiled_in_is_listed(tmp_path):
    bill = {
        "components": [
            {"name": "serde", "version": "1.0", "licenses": [{"expression": "MIT OR Apache-2.0"}]},
            {"name": "avif", "version": "2.0", "licenses": [{"license": {"id": "BSD-2-Clause"}}]},
            {"name": "bare"},
        ]
    }
    install(tmp_path, "one", files=("one-1.0.dist-info/sboms/one.json",))
    (tmp_path / "one-1.0.dist-info/sboms/one.json").write_text(json.dumps(bill))
    texts = dict(licences.of_distribution(Distribution.at(tmp_path / "one-1.0.dist-info")).texts)
    assert texts["Components that are compiled in"] == "avif 2.0 BSD-2-Clause\nbare\nserde 1.0 MIT OR Apache-2.0"


def test_every_remark_says_why():
    remarks = json.loads((paths.resources() / "licences" / "remarks.json").read_text(encoding="utf-8"))
    assert len(remarks) <= 6
    for name, remark in remarks.items():
        assert remark["why"].endswith("."), name
        assert name == licences.canonical(name)
        for file in remark.get("texts", ()):
            assert len(licences.shipped_text(file)) > 5000
    assert licences.python().texts
    assert licences.python().version == sys.version.split()[0]
