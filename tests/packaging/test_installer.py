"""The installer for Windows, run under Wine with a stand-in for the program: done with --packages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nsis
import pytest

USER = "Художник Ы"
KEY = r"HKCU\Software\KandinskyStudio"
ARP = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\KandinskyStudio"
CLASSES = r"HKCU\Software\Classes"
PROGID = "KandinskyStudio.OpenRaster"
FAILED, RUNNING, OLD_WINDOWS, NO_SPACE, BAD_FOLDER = 2, 3, 4, 5, 6

WINE = shutil.which("wine64") or shutil.which("wine64-stable") or shutil.which("wine")
if WINE is None and Path("/usr/lib/wine/wine64").exists():
    WINE = "/usr/lib/wine/wine64"

# Not into a pipe: what Wine leaves running in the background would hold it open.
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

pytestmark = [
    pytest.mark.packages,
    pytest.mark.slow,
    pytest.mark.skipif(WINE is None or shutil.which("makensis") is None, reason="wine64 or makensis is not installed"),
]


@dataclass
class Windows:
    """A Windows of the test's own, under Wine: its drive C, and what runs on it."""

    prefix: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def local(self) -> Path:
        """%LOCALAPPDATA%."""
        return self.prefix / "drive_c" / "users" / USER / "AppData" / "Local"

    @property
    def program(self) -> Path:
        """Where the installer puts the program if nobody says otherwise."""
        return self.local / "Programs" / "Kandinsky Studio"

    @property
    def kept(self) -> Path:
        """Where the program keeps what the user makes and fetches."""
        return self.local / "KandinskyStudio"

    def run(self, *words: str | Path, timeout: float = 120) -> int:
        """Run a program of Windows and wait for it; returns its exit code."""
        *most, last = map(str, words)
        # A folder at the end is not to be quoted; told apart, its words are put together again with the spaces.
        command = [str(WINE), *most, *(last.split(" ") if last.startswith(("/D=", "_?=")) else [last])]
        return subprocess.run(command, env=self.environment, timeout=timeout, check=False, **QUIET).returncode

    def start(self, program: Path) -> subprocess.Popen[bytes]:
        """Start the stand-in and wait until it runs."""
        process = subprocess.Popen([str(WINE), str(program)], env=self.environment, **QUIET)
        until = time.monotonic() + 30
        while not (program.parent / "instance.lock").exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        return process

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "WINEPREFIX": str(self.prefix),
            "HOME": str(self.prefix.parent),  # where Wine has the desktop
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe=",
            "USER": USER,
            "LC_ALL": "C.UTF-8",
        }
        return os.environ | own | self.variables

    def registry(self, key: str, value: str | None = None) -> str | None:
        """What a value says, the default one's if none is named; a number in hexadecimal digits. None if there is none."""
        told = self.prefix / "drive_c" / "told.reg"  # “reg query” writes letters of the local code page only
        told.unlink(missing_ok=True)
        if self.run("reg", "export", key, self.path(told), "/y"):
            return None
        own = told.read_text(encoding="utf-16").replace("\\\n  ", "").split("\n\n")[1]  # what is below comes later
        told.unlink()
        name = "@" if value is None else f'"{re.escape(value)}"'
        found = re.search(rf'^{name}=(?:"(.*)"|dword:([0-9a-f]+))$', own, re.MULTILINE)
        return found and (found[2] or re.sub(r"\\(.)", r"\1", found[1]))

    def knows(self, key: str) -> bool:
        return self.run("reg", "query", key) == 0

    def set(self, key: str, text: str) -> None:
        assert self.run("reg", "add", key, "/ve", "/d", text, "/f") == 0

    def uninstall(self, *switches: str, folder: Path | None = None) -> int:
        """Remove the program and wait for it; what is left over then is the uninstaller."""
        folder = folder or self.program
        code = self.run(folder / "uninstall.exe", "/S", *switches, f"_?={self.path(folder)}")
        if code == 0:
            assert [path.name for path in folder.iterdir()] == ["uninstall.exe"]
            shutil.rmtree(folder)
        return code

    def links(self) -> list[Path]:
        """The shortcuts to the program, wherever they are."""
        return list(self.prefix.parent.rglob("Kandinsky Studio.lnk"))

    def path(self, place: Path) -> str:
        """How Windows calls a file on its drive C."""
        return "C:\\" + str(place.relative_to(self.prefix / "drive_c")).replace("/", "\\")


@pytest.fixture(scope="module")
def fresh_windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    windows = Windows(tmp_path_factory.mktemp("wine") / "prefix")
    windows.prefix.mkdir()
    subprocess.run(["wineserver", "--persistent"], env=windows.environment, check=True, **QUIET)  # one for all programs
    assert windows.run("wineboot", "--init", timeout=300) == 0
    assert windows.run("winecfg", "/v", "win10") == 0
    assert windows.local.is_dir(), "the user's name did not reach Wine"
    yield windows
    subprocess.run(["wineserver", "-k"], env=windows.environment, check=False, capture_output=True)


@pytest.fixture
def windows(fresh_windows: Windows) -> Iterator[Windows]:
    """As after the first start of a computer; whatever a test leaves is gone after it."""
    yield fresh_windows
    for folder in (fresh_windows.program, fresh_windows.kept, fresh_windows.prefix / "drive_c" / "elsewhere"):
        shutil.rmtree(folder, ignore_errors=True)
    for link in fresh_windows.links():
        link.unlink()
    for key in (KEY, ARP, rf"{CLASSES}\.ora", rf"{CLASSES}\{PROGID}", r"HKLM\Software\Classes\.ora"):
        fresh_windows.run("reg", "delete", key, "/f")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Two versions of the program: the folder and the installer of each."""
    place = tmp_path_factory.mktemp("made")
    outcome = {}
    for version in ("1.2.3", "1.10.0"):
        folder = place / version
        standin(folder / "kandinsky-studio.exe", version)
        shutil.copy(folder / "kandinsky-studio.exe", folder / "kandinsky-studio-cli.exe")
        for name in ("common.txt", f"Только в {version}/файл.txt", f"only {version}.dll", "resources/deep/er/leaf.bin"):
            path = folder / "_internal" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"{name} of {version}".encode() * 1000)
        outcome[version] = (folder, nsis.make_installer(folder, place / "packages", version=version))
    return outcome


def standin(output: Path, version: str) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    script = Path(__file__).with_name("standin.nsi")
    defines = [f"-DTARGET={nsis.TARGET}", f"-DOUTPUT={output}", f"-DVERSION={version}"]
    subprocess.run(["makensis", "-V1", *defines, str(script)], check=True)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


OWN = {"installed-files.txt", "uninstall.exe"}


def test_installing_without_questions(windows, made):
    folder, setup = made["1.2.3"]
    assert windows.run(setup, "/S") == 0
    there = content(windows.program)
    assert {name: there[name] for name in set(there) - OWN} == content(folder)
    assert set(there) >= OWN
    assert windows.registry(KEY, "Folder") == windows.path(windows.program)
    assert windows.registry(KEY, "Version") == "1.2.3"
    assert windows.registry(ARP, "DisplayName") == "Kandinsky Studio"
    assert windows.registry(ARP, "DisplayVersion") == "1.2.3"
    remover = f'"{windows.path(windows.program)}\\uninstall.exe"'
    assert windows.registry(ARP, "UninstallString") == remover
    assert windows.registry(ARP, "QuietUninstallString") == f"{remover} /S"
    size = sum(map(len, content(folder).values())) / 1024
    assert size <= int(windows.registry(ARP, "EstimatedSize"), 16) < size + 1
    assert [path.parent.name for path in windows.links()] == ["Programs"]  # in the Start menu, and not on the desktop


def test_removing_leaves_no_trace_but_what_the_user_made(windows, made):
    before = content(windows.prefix / "drive_c")
    assert windows.run(made["1.2.3"][1], "/S", "/DESKTOP=1", "/ORA=1") == 0
    assert len(windows.links()) == 2
    keep(windows)
    own = windows.program / "_internal" / "resources" / "mine.txt"
    own.write_text("of the user", encoding="utf-8")
    code = windows.run(windows.program / "uninstall.exe", "/S", f"_?={windows.path(windows.program)}")
    assert code == 0
    assert set(content(windows.program)) == {"uninstall.exe", "_internal/resources/mine.txt"}
    assert set(content(windows.kept)) == KEPT
    for key in (KEY, ARP, rf"{CLASSES}\{PROGID}", rf"{CLASSES}\.ora", rf"{CLASSES}\Applications\kandinsky-studio.exe"):
        assert not windows.knows(key), key
    assert windows.registry(r"HKCU\Software\RegisteredApplications", "Kandinsky Studio") is None
    shutil.rmtree(windows.program)
    shutil.rmtree(windows.kept)
    after = content(windows.prefix / "drive_c")
    assert set(after) == set(before)


def test_the_uninstaller_of_the_system_waits_for_nobody(windows, made):
    """Without “_?=” it works from a copy of itself and leaves nothing at all."""
    assert windows.run(made["1.2.3"][1], "/S") == 0
    assert windows.run(windows.program / "uninstall.exe", "/S") == 0
    until = time.monotonic() + 30
    while windows.program.exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not windows.program.exists()


KEPT = {
    "preferences.json",
    "library/2026-11/картинка.png",
    "journals/1/strokes",
    "models/some/model.safetensors",
    "runtimes/cu130/lib/torch.dll",
}


def keep(windows: Windows) -> None:
    """Have there what a user makes and fetches."""
    for name in KEPT:
        path = windows.kept / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


@pytest.mark.parametrize(
    ("switches", "left"),
    [
        ((), KEPT),
        (("/DELETEMODELS",), {name for name in KEPT if not name.startswith(("models", "runtimes"))}),
        (("/DELETELIBRARY",), {name for name in KEPT if name.startswith(("models", "runtimes"))}),
        (("/DELETEMODELS", "/DELETELIBRARY"), None),
    ],
)
def test_only_what_is_asked_for_is_deleted_along(windows, made, switches, left):
    assert windows.run(made["1.2.3"][1], "/S") == 0
    keep(windows)
    assert windows.uninstall(*switches) == 0
    assert (set(content(windows.kept)) if windows.kept.exists() else None) == left


def test_a_folder_that_was_chosen_for_models_stays(windows, made):
    assert windows.run(made["1.2.3"][1], "/S") == 0
    keep(windows)
    chosen = windows.prefix / "drive_c" / "elsewhere" / "Модели"
    chosen.mkdir(parents=True)
    (chosen / "model.safetensors").touch()
    (windows.kept / "models-folder").write_text(f"{windows.path(chosen)}\n", encoding="utf-8")
    assert windows.uninstall("/DELETEMODELS", "/DELETELIBRARY") == 0
    assert (chosen / "model.safetensors").exists()
    assert not windows.kept.exists()


def test_an_update_takes_the_place_of_the_version_before(windows, made):
    assert windows.run(made["1.2.3"][1], "/S", "/DESKTOP=1", "/ORA=0") == 0
    keep(windows)
    mine = windows.program / "_internal" / "mine.txt"
    mine.write_text("of the user", encoding="utf-8")
    portable = windows.program / "portable" / "library"
    portable.mkdir(parents=True)
    folder, setup = made["1.10.0"]
    assert windows.run(setup, "/S") == 0
    there = content(windows.program)
    assert set(there) == set(content(folder)) | OWN | {"_internal/mine.txt"}
    assert {name: there[name] for name in content(folder)} == content(folder)
    assert not list(windows.program.rglob("Только в 1.2.3"))
    assert portable.is_dir()
    assert set(content(windows.kept)) == KEPT
    assert windows.registry(ARP, "DisplayVersion") == "1.10.0"
    # What was chosen the first time is still chosen.
    assert len(windows.links()) == 2
    assert not windows.knows(rf"{CLASSES}\{PROGID}")


def test_the_version_before_can_be_put_back(windows, made):
    assert windows.run(made["1.10.0"][1], "/S") == 0
    folder, setup = made["1.2.3"]
    assert windows.run(setup, "/S") == 0
    assert set(content(windows.program)) == set(content(folder)) | OWN
    assert windows.registry(KEY, "Version") == "1.2.3"


def test_another_folder_is_moved_to(windows, made):
    assert windows.run(made["1.2.3"][1], "/S") == 0
    other = windows.prefix / "drive_c" / "elsewhere" / "Моя программа"
    assert windows.run(made["1.10.0"][1], "/S", f"/D={windows.path(other)}") == 0
    assert not windows.program.exists()
    assert set(content(other)) == set(content(made["1.10.0"][0])) | OWN
    assert windows.registry(KEY, "Folder") == windows.path(other)
    assert windows.uninstall(folder=other) == 0


def test_an_installation_that_was_cut_off_can_be_mended_and_removed(windows, made):
    folder, setup = made["1.2.3"]
    assert windows.run(setup, "/S") == 0
    (windows.program / "_internal" / "common.txt").unlink()
    (windows.program / "kandinsky-studio.exe").write_bytes(b"half")
    assert windows.run(setup, "/S") == 0
    there = content(windows.program)
    assert {name: there[name] for name in set(there) - OWN} == content(folder)
    (windows.program / "installed-files.txt").unlink()
    assert windows.uninstall() == 0


def test_a_list_that_leads_outside_removes_nothing_there(windows, made):
    assert windows.run(made["1.2.3"][1], "/S") == 0
    victim = windows.local / "Programs" / "victim.txt"
    victim.touch()
    lines = "F ..\\victim.txt\r\nF C:\\windows\\win.ini\r\nD ..\r\nF \r\nD \r\nF _internal\\common.txt\r\n"
    (windows.program / "installed-files.txt").write_bytes(b"\xff\xfe" + lines.encode("utf-16-le"))
    assert windows.run(made["1.10.0"][1], "/S") == 0
    assert victim.exists()
    assert (windows.prefix / "drive_c" / "windows" / "win.ini").exists()
    victim.unlink()


@pytest.mark.parametrize("name", ["kandinsky-studio.exe", "kandinsky-studio-cli.exe"])
def test_nothing_is_touched_while_the_program_is_open(windows, made, name):
    assert windows.run(made["1.2.3"][1], "/S") == 0
    process = windows.start(windows.program / name)
    before = content(windows.program)
    assert windows.run(made["1.10.0"][1], "/S") == RUNNING
    assert windows.uninstall() == RUNNING
    assert content(windows.program) == before
    assert windows.registry(ARP, "DisplayVersion") == "1.2.3"
    (windows.program / "stop").touch()
    assert process.wait(30) == 0
    assert windows.run(made["1.10.0"][1], "/S") == 0


def test_nothing_is_deleted_while_another_copy_of_the_program_uses_it(windows, made):
    """One that was not installed, say: it keeps its things in the same folder, and holds a file there while it runs."""
    folder, setup = made["1.2.3"]
    assert windows.run(setup, "/S") == 0
    keep(windows)
    other = windows.kept / "other.exe"
    shutil.copy(folder / "kandinsky-studio.exe", other)
    process = windows.start(other)
    assert windows.uninstall("/DELETELIBRARY") == RUNNING
    assert set(content(windows.kept)) == KEPT | {"other.exe", "instance.lock"}
    assert (windows.program / "kandinsky-studio.exe").exists()
    assert windows.uninstall() == 0
    (windows.kept / "stop").touch()
    assert process.wait(30) == 0


def test_ora_files_are_opened_if_nothing_else_opens_them(windows, made):
    assert windows.run(made["1.2.3"][1], "/S") == 0
    assert windows.registry(rf"{CLASSES}\.ora") == PROGID
    command = f'"{windows.path(windows.program)}\\kandinsky-studio.exe" "%1"'
    assert windows.registry(rf"{CLASSES}\{PROGID}\shell\open\command") == command
    assert windows.registry(rf"{KEY}\Capabilities\FileAssociations", ".ora") == PROGID
    assert windows.registry(r"HKCU\Software\RegisteredApplications", "Kandinsky Studio") is not None
    assert windows.uninstall() == 0
    assert not windows.knows(rf"{CLASSES}\.ora")


def test_another_programs_ora_files_stay_its_own(windows, made):
    windows.set(rf"{CLASSES}\.ora", "Krita.Document")
    windows.set(rf"{CLASSES}\.ora\ShellNew", "kept")
    assert windows.run(made["1.2.3"][1], "/S") == 0
    assert not windows.knows(rf"{CLASSES}\{PROGID}")  # offered, but not chosen unless somebody does
    assert windows.run(made["1.2.3"][1], "/S", "/ORA=1") == 0
    assert windows.knows(rf"{CLASSES}\{PROGID}")
    assert windows.registry(rf"{CLASSES}\.ora") == "Krita.Document"
    assert windows.run(made["1.2.3"][1], "/S", "/ORA=0") == 0
    assert not windows.knows(rf"{CLASSES}\{PROGID}")
    assert windows.uninstall() == 0
    assert windows.registry(rf"{CLASSES}\.ora") == "Krita.Document"
    assert windows.registry(rf"{CLASSES}\.ora\ShellNew") == "kept"


def test_a_program_that_took_the_ora_files_over_keeps_them(windows, made):
    assert windows.run(made["1.2.3"][1], "/S") == 0
    windows.set(rf"{CLASSES}\.ora", "Krita.Document")
    assert windows.uninstall() == 0
    assert windows.registry(rf"{CLASSES}\.ora") == "Krita.Document"


def test_a_second_copy_takes_nothing_of_the_first_along(windows, made):
    assert windows.run(made["1.2.3"][1], "/S") == 0
    copy = windows.prefix / "drive_c" / "elsewhere" / "copy"
    shutil.copytree(windows.program, copy)
    assert windows.uninstall(folder=copy) == 0
    assert windows.registry(ARP, "DisplayVersion") == "1.2.3"
    assert windows.links()
    assert windows.registry(rf"{CLASSES}\.ora") == PROGID


def test_a_folder_with_too_long_a_name_is_refused(windows, made):
    deep = windows.prefix / "drive_c" / "elsewhere" / ("д" * 120) / ("л" * 100)
    assert windows.run(made["1.2.3"][1], "/S", f"/D={windows.path(deep)}") == BAD_FOLDER
    assert not deep.exists()
    assert not windows.knows(KEY)


def test_a_place_that_cannot_be_written_to_is_refused(windows, made):
    assert windows.run(made["1.2.3"][1], "/S") == 0
    before = content(windows.program)
    blocked = windows.prefix / "drive_c" / "elsewhere"
    blocked.symlink_to("/proc")
    try:
        assert windows.run(made["1.10.0"][1], "/S", f"/D={windows.path(blocked)}") == BAD_FOLDER
    finally:
        blocked.unlink()
    assert content(windows.program) == before


def test_a_full_disk_is_noticed_before_anything_is_changed(windows, made, tmp_path):
    folder, setup = made["1.2.3"]
    assert windows.run(setup, "/S") == 0
    before = content(windows.program)
    full = nsis.make_installer(folder, tmp_path, version="1.2.4", defines=["PRETEND_FREE_MB=49"])
    assert windows.run(full, "/S") == NO_SPACE
    assert content(windows.program) == before
    assert windows.registry(KEY, "Version") == "1.2.3"


def test_an_old_windows_is_refused(windows, made):
    assert windows.run("winecfg", "/v", "win7") == 0
    try:
        assert windows.run(made["1.2.3"][1], "/S") == OLD_WINDOWS
        assert not windows.program.exists()
    finally:
        assert windows.run("winecfg", "/v", "win10") == 0


def test_a_damaged_installer_does_nothing(windows, made, tmp_path):
    setup = made["1.2.3"][1]
    damaged = bytearray(setup.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "damaged.exe").write_bytes(damaged)
    assert windows.run(tmp_path / "damaged.exe", "/S") == FAILED
    assert not windows.program.exists()


def test_a_signed_uninstaller_is_the_one_that_is_installed(windows, made, tmp_path):
    if not (signer := shutil.which("osslsigncode")) or not shutil.which("openssl"):
        pytest.skip("osslsigncode or openssl is not installed")
    folder = made["1.2.3"][0]
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=A test of signing",
    ]
    usage = ["-addext", "extendedKeyUsage=codeSigning"]
    subprocess.run([*request, *usage, "-keyout", key, "-out", certificate], check=True, capture_output=True)

    def signed(file: Path) -> Path:
        outcome = file.with_suffix(".signed.exe")
        words = ["sign", "-certs", certificate, "-key", key, "-h", "sha256", "-in", file, "-out", outcome]
        subprocess.run([signer, *words], check=True, capture_output=True)
        verified = subprocess.run(
            [signer, "verify", "-CAfile", certificate, outcome], check=False, capture_output=True, text=True
        )
        assert "Signature verification: ok" in verified.stdout
        return outcome

    uninstaller = signed(nsis.make_uninstaller(folder, tmp_path, version="1.2.3"))
    setup = signed(nsis.make_installer(folder, tmp_path, version="1.2.3", uninstaller=uninstaller))
    assert windows.run(setup, "/S") == 0
    assert (windows.program / "uninstall.exe").read_bytes() == uninstaller.read_bytes()
    assert windows.uninstall() == 0


def test_the_name_for_the_taskbar_is_written_as_windows_reads_it(windows):
    program, told = windows.local / "name.exe", windows.local / "told.txt"
    scripts = Path(nsis.__file__).parent / "windows"
    given = {"TARGET": nsis.TARGET, "OUTPUT": program, "SCRIPTS": scripts, "TOLD": windows.path(told)}
    script = Path(__file__).with_name("shortcut.nsi")
    subprocess.run(
        ["makensis", "-V1", *(f"-D{name}={value}" for name, value in given.items()), str(script)], check=True
    )
    assert windows.run(program) == 0
    assert told.read_text() == "0 31 KandinskyStudio.KandinskyStudio"  # no error, a text, the name
