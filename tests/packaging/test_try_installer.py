"""The trial of an installer notices what is wrong; what it tries is a Windows of a few lines."""

import shutil
import subprocess
from pathlib import Path

import pytest
import try_installer


class Windows:
    """Does what the commands of the trial should do, but for one thing."""

    def __init__(self, work, monkeypatch, fault=None):
        self.folder = work / try_installer.FOLDER / "Kandinsky Studio"
        self.kept = work / "AppData" / "KandinskyStudio"
        self.fault, self.known, self.open, self.pid, self.returncode = fault, False, False, 7, 0
        monkeypatch.setenv("LOCALAPPDATA", str(work / "AppData"))
        monkeypatch.setattr(try_installer, "PATIENCE", 0.2)
        monkeypatch.setattr(try_installer, "_ended", self.run)
        monkeypatch.setattr(try_installer, "_known", lambda: self.known)
        monkeypatch.setattr(try_installer, "_windows_of", lambda _: [1] if self.open else [])
        monkeypatch.setattr(try_installer, "_close_window", lambda _: setattr(self, "open", False))
        monkeypatch.setattr(subprocess, "Popen", self.start)

    def run(self, command):
        if isinstance(command, list):
            if "generate" in command:
                Path(command[-1]).write_bytes(b"GIF" if self.fault == "picture" else b"\x89PNG")
            return 1 if self.fault == command[1] else 0
        if "uninstall.exe" in command.split("/S")[0]:
            assert command.endswith(f"_?={self.folder}")
            for path in self.folder.iterdir():
                if path.name != "uninstall.exe" and not (self.fault == "left over" and path.name.endswith("-cli.exe")):
                    path.unlink()
            self.known = self.fault == "registry"
            if self.fault == "library":
                shutil.rmtree(self.kept)
            return 0
        assert command.endswith(f"/D={self.folder}")
        if self.open and self.fault != "open":
            return try_installer.RUNNING
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("kandinsky-studio.exe", "kandinsky-studio-cli.exe", "uninstall.exe"):
            (self.folder / name).touch()
        self.known = True
        return 0

    def start(self, _):
        self.open = self.fault != "window"
        self.kept.mkdir(parents=True)
        return self

    def poll(self):
        return None if self.open or self.fault == "window" else 0

    def wait(self, _):
        return 0

    def kill(self):
        self.open = False


def test_all_is_well(tmp_path, monkeypatch):
    windows = Windows(tmp_path, monkeypatch)
    took = try_installer.try_out(tmp_path / "setup.exe", tmp_path)
    assert list(took) == ["install", "self-test", "picture", "window", "update", "remove"]
    assert windows.kept.is_dir()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("self-test", "exit code of the self-test is 1, not 0"),
        ("picture", "no PNG file"),
        ("window", "No window after"),
        ("open", "while the window is open is 0, not 3"),
        ("left over", r"Left over in the program's folder: \['kandinsky-studio-cli\.exe', 'uninstall\.exe'\]"),
        ("registry", "still in Windows' list"),
        ("library", "took what the user had made along"),
    ],
)
def test_a_fault_is_noticed(tmp_path, monkeypatch, fault, said):
    Windows(tmp_path, monkeypatch, fault)
    with pytest.raises(try_installer.Wrong, match=said):
        try_installer.try_out(tmp_path / "setup.exe", tmp_path)
