"""Sets everything up and starts Kandinsky Studio, or runs its tests; needs nothing but Python.

python3 start.py              opens the window; where there is no display, makes a picture and one of the window
python3 start.py COMMAND …    runs a command of the program, such as: generate "a red circle" -o circle.png
python3 start.py test …       checks the code and runs the tests; what follows goes to pytest

The first start installs what is needed into the folder .venv; later ones only look whether it is still right.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "kandinsky-studio.json"  # what is installed, written when it is complete
UNFINISHED = VENV / "unfinished"  # is there while something is being installed
OLDEST, NEWEST = (3, 11), (3, 13)
SCREENLESS_FOLDER = Path("kandinsky-pictures")
SCREENLESS_PROMPT = "a red circle on a blue background"
SCREENLESS_SEEDS = ("--prior-seed", "1", "--seed", "1")  # the first picture is the same for everyone

# What the window is made of; "ldd" tells which libraries of the system these lack.
QT_FILES = (
    "QtWidgets.abi3.so",
    "QtNetwork.abi3.so",
    "QtSvg.abi3.so",
    "Qt/plugins/platforms/libqxcb.so",
    "Qt/plugins/platforms/libqoffscreen.so",
)

# Libraries that Qt takes from the system: the package of Debian and Ubuntu, and that of Fedora.
LIBRARIES = {
    "libEGL.so.1": ("libegl1", "libglvnd-egl"),
    "libGL.so.1": ("libgl1", "libglvnd-glx"),
    "libGLX.so.0": ("libgl1", "libglvnd-glx"),
    "libOpenGL.so.0": ("libopengl0", "libglvnd-opengl"),
    "libX11.so.6": ("libx11-6", "libX11"),
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libfreetype.so.6": ("libfreetype6", "freetype"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libgssapi_krb5.so.2": ("libgssapi-krb5-2", "krb5-libs"),
    "libxcb.so.1": ("libxcb1", "libxcb"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-glx.so.0": ("libxcb-glx0", "libxcb"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb"),
    "libxcb-render.so.0": ("libxcb-render0", "libxcb"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb"),
    "libxcb-shm.so.0": ("libxcb-shm0", "libxcb"),
    "libxcb-sync.so.1": ("libxcb-sync1", "libxcb"),
    "libxcb-util.so.1": ("libxcb-util1", "xcb-util"),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
    "libz.so.1": ("zlib1g", "zlib-ng-compat"),
    "libzstd.so.1": ("libzstd1", "libzstd"),
}
FONTS = ("fonts-dejavu-core", "dejavu-sans-fonts")
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def main(arguments: list[str]) -> int:
    """Do what the first line of this file's text says; returns the exit code."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        return wrong_python()
    testing = arguments[:1] == ["test"]
    with only_one():
        ready = install(["test"] if testing else [])
        missing = missing_libraries() if ready and sys.platform.startswith("linux") else []
    if not ready:
        return 1
    if testing:
        return advise(missing) if missing else run_tests(arguments[1:])
    windowed = not arguments or arguments[0] in ("screenshot", "self-test")
    if missing and windowed and advise(missing) and has_display():
        return 1
    if not arguments and not has_display():
        return without_display(bool(missing))
    return start(arguments)


def wrong_python() -> int:
    """Say which Python is needed and, if it is here under another name, how to call it."""
    say(f"Kandinsky Studio needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}.")
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    for name in names:
        if shutil.which(name):
            say(f"There is one on this computer: {name} start.py {' '.join(sys.argv[1:])}".rstrip())
            break
    return 1


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Wait while another start sets the same folder up."""
    place = hashlib.sha256(f"{ROOT}{os.environ.get('USER', '')}".encode()).hexdigest()[:16]
    with open(Path(tempfile.gettempdir()) / f"kandinsky-studio-{place}.lock", "a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            while True:
                with contextlib.suppress(OSError):  # it gives up after ten seconds
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install(extras: list[str]) -> bool:
    """Bring ``.venv`` to what pyproject.toml and constraints.txt say, if it is not; False if that failed."""
    basis = wanted_basis()
    installed = read_stamp()
    if installed.get("basis") == basis and set(extras) <= set(installed.get("extras", [])) and PYTHON.exists():
        return True
    say("Setting up Kandinsky Studio in .venv. This takes some minutes, once.")
    extras = sorted({*extras, *installed.get("extras", [])})
    if not make_environment():
        return False
    STAMP.unlink(missing_ok=True)
    UNFINISHED.touch()
    target = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
    code = subprocess.call([*pip, "--constraint", str(ROOT / "constraints.txt"), "--editable", target])
    UNFINISHED.unlink(missing_ok=True)  # pip takes back what it could not finish; only a kill leaves halves
    if code:
        say("Setting up did not work; pip's last lines say why. The same command, started again, goes on.")
        return False
    STAMP.write_text(json.dumps({"basis": basis, "extras": extras}), encoding="utf-8")
    say("Kandinsky Studio is set up.")
    return True


def wanted_basis() -> str:
    """What an installation depends on; another value makes it out of date."""
    digest = hashlib.sha256(sys.version.encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def read_stamp() -> dict[str, Any]:
    """What is installed, or nothing if that is not known."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def make_environment() -> bool:
    """Make ``.venv`` unless it is there, whole, and of this Python; False if it can't be made."""
    if not UNFINISHED.exists() and PYTHON.exists():
        version = "import sys, pip; print(*sys.version_info[:2])"
        done = subprocess.run([str(PYTHON), "-c", version], capture_output=True, text=True, check=False)
        if done.stdout.split() == [str(number) for number in sys.version_info[:2]]:
            return True
    try:
        import ensurepip  # noqa: F401  # Debian keeps both in a package of their own
        import venv  # noqa: F401
    except ImportError:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if not install_packages([package]):
            say(f"This Python can't make environments. Install what it lacks, then start again: {line_for([package])}")
            return False
    return subprocess.call([sys.executable, "-m", "venv", "--clear", str(VENV)]) == 0


def missing_libraries() -> list[str]:
    """The packages with libraries and fonts that Qt lacks here, after those that can be installed were."""
    missing = needed_packages()
    if missing and install_packages(missing):
        missing = needed_packages()
    return missing


def needed_packages() -> list[str]:
    """The packages of this system that have what Qt lacks."""
    find = "import pathlib, PySide6; print(pathlib.Path(PySide6.__path__[0]))"
    place = subprocess.run([str(PYTHON), "-c", find], capture_output=True, text=True, check=False).stdout.strip()
    column = 1 if shutil.which("dnf") else 0
    packages: list[str] = []
    if place and shutil.which("ldd"):
        files = [str(Path(place) / name) for name in QT_FILES]
        listed = subprocess.run(["ldd", *files], capture_output=True, text=True, check=False).stdout
        names = {line.split()[0] for line in listed.splitlines() if line.rstrip().endswith("not found")}
        packages = [LIBRARIES[name][column] if name in LIBRARIES else name for name in names]
    if not any(any(Path(folder).expanduser().rglob("*.[tTo][tT][fFcC]")) for folder in FONT_FOLDERS):
        packages.append(FONTS[column])
    return sorted(set(packages))


def install_packages(packages: list[str]) -> bool:
    """Install packages of the system, where that needs no password; False if they could not be."""
    if not is_root() or not shutil.which("apt-get"):
        return False
    say(f"Installing {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    subprocess.call([*quiet, "update"], env=environment)
    command = [*quiet, "install", "--yes", "--no-install-recommends", *packages]
    return subprocess.call(command, env=environment, stdout=subprocess.DEVNULL) == 0


def is_root() -> bool:
    """Whether packages can be installed without asking for a password."""
    if sys.platform == "win32":
        return False
    else:
        return os.geteuid() == 0


def line_for(packages: list[str]) -> str:
    """The command that installs ``packages`` here."""
    if shutil.which("dnf"):
        return f"sudo dnf install {' '.join(packages)}"
    if shutil.which("apt-get"):
        return f"sudo apt-get install {' '.join(packages)}"
    return f"your system's package manager, for what Debian calls {' '.join(packages)}"


def advise(missing: list[str]) -> int:
    """Say how to install what the window lacks; returns the exit code of a failure."""
    say(f"The window needs some libraries of the system. Install them, then start again: {line_for(missing)}")
    return 1


def has_display() -> bool:
    """Whether a window can be shown."""
    if not sys.platform.startswith("linux"):
        return True
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if platform:
        return not platform.startswith(("offscreen", "minimal"))
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def without_display(lacking: bool) -> int:
    """Make a picture, and a picture of the window showing it; returns the exit code."""
    say(f"There is no display for the window. Making “{SCREENLESS_PROMPT}” without it.")
    SCREENLESS_FOLDER.mkdir(exist_ok=True)
    picture, window = SCREENLESS_FOLDER.resolve() / "picture.png", SCREENLESS_FOLDER.resolve() / "window.png"
    commands = [["generate", SCREENLESS_PROMPT, *SCREENLESS_SEEDS, "-o", str(picture)]]
    if not lacking:
        commands.append(["screenshot", str(window), "--picture", str(picture)])
    for command in commands:
        code = subprocess.call([str(PYTHON), "-m", "kandinsky_studio", *command], stdout=subprocess.DEVNULL)
        if code:
            return code
    say(f"The picture:            {picture}")
    if lacking:
        return 1
    say(f"The window showing it:  {window}")
    return 0


def start(arguments: list[str]) -> int:
    """Start the program; returns its exit code."""
    command = [str(PYTHON), "-m", "kandinsky_studio", *arguments]
    if sys.platform == "win32":
        return subprocess.call(command)
    else:
        os.execv(command[0], command)


def run_tests(arguments: list[str]) -> int:
    """Check the code, then run the tests; returns 0 if all is well."""
    commands = {
        "ruff check": ["ruff", "check", "."],
        "ruff format": ["ruff", "format", "--check", "."],
        "mypy": ["mypy"],
        "pytest": ["pytest", *in_parallel(arguments), *arguments],
    }
    failed = []
    for name, command in commands.items():
        say(name)
        if subprocess.call([str(PYTHON), "-m", *command], cwd=ROOT):
            failed.append(name)
    if failed:
        say(f"Not passed: {', '.join(failed)}")
    return 1 if failed else 0


def in_parallel(arguments: list[str]) -> list[str]:
    """What makes pytest use two processes; one for some files only, where the debugger and the output are wanted."""
    return [] if arguments else ["--numprocesses=2", "--dist=loadfile"]


def say(sentence: str) -> None:
    """Print a line at once, in what letters the terminal has."""
    encoding = sys.stdout.encoding or "ascii"
    print(sentence.encode(encoding, "replace").decode(encoding), flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
