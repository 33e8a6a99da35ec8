"""Proves a Debian package: put into a clean Debian, used as a person uses it, removed, and nothing of it is left.

python packaging/try_deb.py PACKAGE.deb [--suite bookworm] [--mirror ADDRESS] [--pictures FOLDER]

Needs root, debootstrap, Xvfb and the packages of a Debian; once installed, the program runs without a network. Prints
what was done with seconds and sizes, leaves pictures of the window in the folder, and ends with 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from clean_root import BOOKKEEPING, HOME, LOCALES, CleanRoot, Entry, compare, end
from contents import NAME, ROOT
from debian import PROGRAM_FOLDER
from linux_tree import COMPONENT, SIZES
from PIL import Image
from try_program import SEEDS, evict
from virtual_screen import VirtualScreen

from kandinsky_studio.selftest import PROMPT, shows_red_on_blue
from kandinsky_studio.storage.pictures import read_pixels

BUILD = ROOT / "build"
OURS = re.compile(r"(\.config|\.local/share|\.local/state|\.cache)/KandinskyStudio(/.*)?")
"""Where in the user's home the program may write."""

_DESKTOP = re.compile(
    r"\.(cache|config|local)|\.local/(share|state)|\.cache/(fontconfig|mesa_shader_cache\w*|qtshadercache[-\w]*)(/.*)?"
)
_WINDOW = 60.0  # seconds after which a start has failed
_CLOSING = 180.0  # on a busy computer the import of PyTorch, which has begun, ends late


@dataclass
class Trial:
    """What was done, how long each took and what it said; ``faults`` are sentences."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time what is inside; it appends to the list what is worth saying."""
        said: list[str] = []
        started = time.perf_counter()
        yield said
        self.tell(name, time.perf_counter() - started, ", ".join(said))

    def tell(self, name: str, seconds: float, said: str = "") -> None:
        self.rows.append((name, f"{seconds:.2f}", said))
        sys.stderr.write(f"{seconds:8.2f} s  {name}  {said}\n")

    def expect(self, right: object, fault: str) -> None:
        if not right:
            self.faults.append(fault)
            sys.stderr.write(f"   WRONG: {fault}\n")

    def table(self) -> str:
        lines = [("step", "seconds", "what it said"), ("---", "---", "---"), *self.rows]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def prove(package: Path, root: CleanRoot, pictures: Path, trial: Trial) -> None:
    """Install, use and remove ``package`` in ``root``, which is as it was made."""
    before = root.entries()
    _install(package, root, trial)
    _look_at_menu(root, trial)
    for locale in LOCALES:
        language = locale[:2]
        picture = pictures / f"window-{language}.png"
        with VirtualScreen() as screen:
            _open_window(root, screen, {"LANG": f"{locale}.UTF-8"}, picture, trial, cold=language == "en")
    _self_test(root, trial)
    _draw(root, trial)
    _remove(root, trial, before)


def _install(package: Path, root: CleanRoot, trial: Trial) -> None:
    inside = f"/srv/{package.name}"
    place = root.folder / inside.lstrip("/")
    shutil.copy2(package, place)
    install = ("apt-get", "install", "--yes", "--no-install-recommends")
    with trial.step("apt fetches what it depends on") as said:
        root.run(*install, "--download-only", inside, network=True)
        archives = list((root.folder / "var/cache/apt/archives").glob("*.deb"))
        said.append(f"{len(archives)} packages, {_megabytes(sum(map(_size, archives)))}")
    with trial.step("apt installs the package and what it depends on"):
        root.run(*install, inside)
    with trial.step("dpkg installs the package alone, again") as said:
        root.run("dpkg", "--install", inside)
        said.append(f"{_megabytes(_size(package))} become {_megabytes(_size(root.folder / PROGRAM_FOLDER))}")
    place.unlink()
    verified = root.run("dpkg", "--verify", NAME, check=False)
    trial.expect(not verified.strip(), f"dpkg --verify says: {verified}")


def _look_at_menu(root: CleanRoot, trial: Trial) -> None:
    share = root.folder / "usr/share"
    entry = share / "applications" / f"{NAME}.desktop"
    trial.expect(
        root.run("sh", "-c", f"command -v {NAME}").strip() == f"/usr/bin/{NAME}", "the command is not in /usr/bin"
    )
    trial.expect("Exec=kandinsky-studio %F\n" in entry.read_text(encoding="utf-8"), "the menu entry does not start it")
    for size in SIZES:
        icon = share / f"icons/hicolor/{size}x{size}/apps/{NAME}.png"
        trial.expect(icon.is_file(), f"there is no icon of {size} pixels")
    metainfo = share / "metainfo" / f"{COMPONENT}.metainfo.xml"
    for command in (["desktop-file-validate", entry], ["appstreamcli", "validate", "--no-net", metainfo]):
        if shutil.which(str(command[0])) is None:
            raise SystemExit(f"{command[0]} is not installed.")
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        trial.expect(done.returncode == 0, f"{command[0]} says: {done.stdout}{done.stderr}")


def _open_window(
    root: CleanRoot, screen: VirtualScreen, environment: dict[str, str], picture: Path, trial: Trial, *, cold: bool
) -> None:
    """Start it as the menu does, wait for the window, photograph it, and ask it to close as the end of a session does."""
    if cold:
        evict(root.folder / PROGRAM_FOLDER)
    process = root.start(
        NAME,
        as_user=True,
        display=screen.display,
        environment=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        seconds = screen.wait_for_window(process, _WINDOW)
        pixels = screen.wait_until_still()
        Image.fromarray(pixels).save(picture)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=_CLOSING)
    except (TimeoutError, ChildProcessError, subprocess.TimeoutExpired) as error:
        end(process)
        said = process.stdout.read() if process.stdout else ""
        trial.expect(False, f"the window, {environment['LANG']}: {error}\n{said}")
        return
    kind = "nothing of it in memory" if cold else "again"
    trial.tell(f"first picture of the window, {environment['LANG']}", seconds, kind)
    trial.expect(process.returncode == 0, f"the window ended with exit code {process.returncode}")
    trial.expect(not said.strip(), f"the window wrote: {said}")


def _self_test(root: CleanRoot, trial: Trial) -> None:
    with trial.step("kandinsky-studio self-test") as said:
        output = root.run(NAME, "self-test", as_user=True, check=False)
        said.append(output.splitlines()[-1] if output else "nothing")
    trial.expect(said[0] == "everything works", f"the self-test says:\n{output}")
    # Whoever starts it as root could write into its folder; what would be written there would be left behind.
    home = root.folder / "srv/home"
    home.mkdir()
    root.run(NAME, "self-test", environment={"HOME": "/srv/home"}, check=False)
    shutil.rmtree(home)


def _draw(root: CleanRoot, trial: Trial) -> None:
    picture = root.folder / HOME / "picture.png"
    with trial.step(f"kandinsky-studio generate “{PROMPT}”") as said:
        output = root.run(NAME, "generate", PROMPT, "-o", picture.name, *SEEDS, as_user=True, check=False)
        right = picture.exists() and shows_red_on_blue(read_pixels(picture))
        said.append("red on blue" if right else "something else")
    trial.expect(right, f"the picture is not there or does not show what was asked for:\n{output}")
    picture.unlink(missing_ok=True)


def _remove(root: CleanRoot, trial: Trial, before: dict[str, Entry]) -> None:
    with trial.step("apt purges the package"):
        root.run("apt-get", "purge", "--yes", NAME)
    after = root.entries()
    left = [path for path in after if re.search(r"kandinsky", path, re.IGNORECASE) and not path.startswith(f"{HOME}/")]
    left = [path for path in left if not path.startswith("var/lib/dpkg/")]  # it is looked at below
    with trial.step("apt removes what it depended on"):
        root.run("apt-get", "autoremove", "--yes", "--purge")
    after = root.entries()
    home = re.compile(rf"{HOME}(/.*)?")
    found = compare(before, after, [BOOKKEEPING, home])
    left += [path for path in after if path.startswith("var/lib/dpkg/") and NAME in path]
    trial.expect(not left, f"left behind: {left}")
    trial.expect(not found.added, f"new: {found.added}")
    trial.expect(not found.removed, f"gone: {found.removed}")
    trial.expect(not found.changed, f"other than before: {found.changed}")
    kept = [path.removeprefix(f"{HOME}/") for path in after.keys() - before.keys() if path.startswith(f"{HOME}/")]
    strange = [path for path in kept if not OURS.fullmatch(path) and not _DESKTOP.fullmatch(path)]
    trial.expect(any(map(OURS.fullmatch, kept)), "the user's own data are gone")
    trial.expect(not strange, f"in the user's home, where the program does not belong: {strange}")
    trial.tell("left of it, but for the user's own data", 0.0, f"{len({*left, *found.added})} files")


def _size(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.lstat().st_size for file in path.rglob("*") if file.is_symlink() or file.is_file())


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("package", type=Path)
    parser.add_argument("--suite", default="bookworm", help="the version of Debian, by its name")
    parser.add_argument(
        "--mirror", metavar="ADDRESS", help="where its packages are; if not given, where this system's or Debian's are"
    )
    parser.add_argument("--pictures", type=Path, default=BUILD / "tried", metavar="FOLDER", help="where pictures go")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("A system of its own can only be made by root.")
    arguments.pictures.mkdir(parents=True, exist_ok=True)
    BUILD.mkdir(exist_ok=True)
    trial = Trial()
    with tempfile.TemporaryDirectory(prefix="clean-root-", dir=BUILD) as folder:
        root = CleanRoot(Path(folder))
        root.folder.chmod(0o755)
        with trial.step(f"a clean {arguments.suite}"):
            root.make(arguments.suite, arguments.mirror, BUILD / "clean-roots" / f"{arguments.suite}.tar.zst")
        prove(arguments.package, root, arguments.pictures, trial)
    sys.stdout.write(trial.table())
    raise SystemExit("\n".join(["", "Wrong:", *trial.faults]) if trial.faults else 0)


if __name__ == "__main__":
    main()
